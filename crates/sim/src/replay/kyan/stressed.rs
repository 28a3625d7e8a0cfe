//! A Kyan venue under stress: what its market does while its index is late, and partners who leave.
//!
//! Makers and bidders see the market; the venue, its marks and its triggers see the index it was
//! told. A bidder weighs an order of the engine by what it is worth at the market's price: the
//! venue's mark, and the delta of what is traded times the distance from the index to the market.

use plimsoll_engine::venues::kyan::{Command as Do, InstrumentId, Kyan};
use plimsoll_units::{AccountId, Amount, Price, Timestamp};

use super::KyanDesk;
use super::tally::greeks;
use crate::replay::plan::{Plan, Plans};

/// A price, and when somebody last took notice of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noticed {
    pub(super) price: Price<8>,
    pub(super) at: Timestamp,
}

impl Noticed {
    pub(super) const NOTHING: Self = Self {
        price: Price::ZERO,
        at: Timestamp::EPOCH,
    };
}

/// How bidders see what an event is about, beside what the venue says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// What the instrument is worth beyond the venue's mark, 8 decimals.
    pub(super) beyond: i128,
    /// How many times as much they want while books are wide, millionths.
    pub(super) spread: i128,
}

impl KyanDesk {
    /// From the index that the venue was told to the market's price, 8 decimals.
    pub(super) fn gap(&self) -> i128 {
        self.market.price.raw() - self.index.raw()
    }

    /// What an instrument is worth at the market's price beyond what it is worth at the index, to
    /// first order. Floats, as bidders decide; nothing where the two are the same.
    pub(super) fn beyond(&self, instrument: InstrumentId, now: Timestamp) -> i128 {
        let gap = self.gap();
        if gap == 0 {
            return 0;
        }
        let marks = Self::marks(&self.supplies, self.surface.as_ref(), self.index, now);
        let delta = greeks(instrument, &marks).map_or(0.0, |(delta, _)| delta);
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
        let shift = libm::round(delta * gap as f64) as i128;
        shift
    }

    fn partner(&self, at: usize) -> AccountId {
        AccountId(u32::try_from(self.supplies.first_partner() + at).unwrap_or(u32::MAX))
    }

    /// The partners' first quotes; whoever is away at the start offers on returning.
    pub(super) fn open_partners(&mut self, plans: &mut Plans, start: Timestamp) -> Vec<Do> {
        let partners = &self.supplies.parameters.partners;
        self.withheld = partners
            .iter()
            .map(|partner| partner.capacity.on_grid::<6>())
            .collect();
        let all = 0..partners.len();
        for away in self.book.conditions.partners_away() {
            if away.from > start {
                plans.add(away.from, self.book.desk(), Plan::PartnersLeave);
            }
            if let Some(back) = away.end() {
                for partner in all.clone() {
                    plans.add(back, self.book.desk(), Plan::Renew(partner));
                }
            }
        }
        if !self.book.conditions.partners_present(start) {
            return Vec::new();
        }
        all.filter_map(|at| self.quote_again(at)).collect()
    }

    /// Partners take their quotes back, and remember what was left of them.
    pub(super) fn partners_leave(&mut self, state: &Kyan) -> Vec<Do> {
        let mut commands = Vec::new();
        for at in 0..self.withheld.len() {
            let account = self.partner(at);
            let Some((_, quote)) = state.quotes().find(|(partner, _)| *partner == account) else {
                continue;
            };
            self.withheld[at] = quote.left;
            commands.push(self.quote(at, 0));
        }
        commands
    }

    /// A partner offers again what it took back.
    pub(super) fn quote_again(&mut self, at: usize) -> Option<Do> {
        let left = std::mem::take(self.withheld.get_mut(at)?);
        (left > 0).then(|| self.quote(at, left))
    }

    fn quote(&self, at: usize, capacity: i128) -> Do {
        let partners = &self.supplies.parameters.partners;
        Do::Quote {
            account: self.partner(at),
            offset_e6: partners.get(at).map_or(0, |p| p.offset.millionths()),
            capacity: Amount::from_raw(capacity),
            expires: Timestamp::MAX,
        }
    }
}

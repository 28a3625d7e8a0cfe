//! What the events of a Kuma venue add up to: where positions went, at which price against index.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::Event;
use plimsoll_engine::backstop::deleverage::{Policy, Receipt};
use plimsoll_engine::liquidation::StageKind;
use plimsoll_engine::margin::cross::ONE;
use plimsoll_engine::venues::kuma::waterfall::{Amounts, ServiceEvent};
use plimsoll_engine::venues::kuma::{Event as Happened, OrderSide};
use plimsoll_units::{AccountId, CaseId, MarketId, Rounding, Side, Timestamp, mul_div};

use super::PIPS;
use super::setup::INSURANCE_FUND;
use crate::results::Amount;
use crate::waterfall::{Fill, Hop, PolicyTotal, Waterfall};

/// What the fund did on the books within one command, by market: which side it took from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closing {
    pub(super) market: MarketId,
    /// The side of the book that was taken from.
    pub(super) from: OrderSide,
    /// Worth at index, in pips.
    pub(super) index: i128,
}

/// The tally of one venue.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) waterfall: Waterfall,
    /// Cases whose positions the fund took over.
    acquired: BTreeSet<CaseId>,
    /// Book closings of the command under way.
    closings: Vec<Closing>,
    /// Offers left out, by partner and reason.
    skipped: BTreeMap<(AccountId, &'static str), u64>,
}

/// A part of a position on its way.
#[derive(Debug, Clone, Copy)]
struct Part {
    case: CaseId,
    market: MarketId,
    side: Side,
    to: AccountId,
    amounts: Amounts,
}

impl Tally {
    pub(super) fn new(with_partners: bool) -> Self {
        Self {
            waterfall: Waterfall {
                with_partners,
                ..Waterfall::default()
            },
            ..Self::default()
        }
    }

    /// What the fund did on the books since this was asked last.
    pub(super) fn take_closings(&mut self) -> Vec<Closing> {
        std::mem::take(&mut self.closings)
    }

    /// How often a partner's offers were left out, by reason.
    pub(super) fn skipped(&self, partner: AccountId) -> Vec<(String, u64)> {
        let of = self.skipped.iter().filter(|((who, _), _)| *who == partner);
        of.map(|((_, why), times)| ((*why).to_owned(), *times))
            .collect()
    }

    /// Takes one event.
    pub(super) fn take(&mut self, event: &Event, now: Timestamp) {
        let Event::Kuma(Happened::Service(event)) = event else {
            return;
        };
        match event {
            ServiceEvent::Hop {
                case,
                market,
                side,
                stage,
                done,
                ..
            } => {
                let part = Part {
                    case: *case,
                    market: *market,
                    side: *side,
                    to: INSURANCE_FUND,
                    amounts: *done,
                };
                self.hop(*stage, &part, now);
            }
            ServiceEvent::HandedOff {
                case,
                market,
                side,
                partner,
                amounts,
                ..
            } => {
                let part = Part {
                    case: *case,
                    market: *market,
                    side: *side,
                    to: *partner,
                    amounts: *amounts,
                };
                self.push(Hop::Partner, &part, now);
            }
            ServiceEvent::PartnerSkipped { skipped, .. } => {
                let times = self.skipped.entry((skipped.partner, skipped.why.text()));
                *times.or_default() += 1;
            }
            ServiceEvent::Deleveraged(receipt) => self.receipt(receipt, now),
            ServiceEvent::PoliciesCompared {
                used,
                asked,
                needed,
                price,
                accounts,
                ..
            } => self.compared(*used, *asked, *needed, (*price, *accounts)),
            _ => {}
        }
    }

    /// What a stage did with a position. Hand-offs and deleveragings are told one by one beside it.
    fn hop(&mut self, stage: StageKind, part: &Part, now: Timestamp) {
        if part.amounts.base == 0 {
            return;
        }
        match stage {
            StageKind::Acquire => {
                self.acquired.insert(part.case);
                self.push(Hop::Acquired, part, now);
            }
            StageKind::Reduce => self.push(Hop::Reduced, part, now),
            StageKind::CloseOnBook => {
                self.push(Hop::Book, part, now);
                self.closed_on_book(part);
            }
            _ => {}
        }
    }

    fn closed_on_book(&mut self, part: &Part) {
        let market = part.market;
        let from = match part.side {
            Side::Long => OrderSide::Buy,
            Side::Short => OrderSide::Sell,
        };
        let index = i128::from(part.amounts.index_quote);
        let same = |c: &&mut Closing| c.market == market && c.from == from;
        match self.closings.iter_mut().find(same) {
            Some(closing) => closing.index = closing.index.saturating_add(index),
            None => self.closings.push(Closing {
                market,
                from,
                index,
            }),
        }
    }

    fn receipt(&mut self, receipt: &Receipt, now: Timestamp) {
        let whole = |quantity: i128| u64::try_from(quantity).unwrap_or(u64::MAX);
        let part = Part {
            case: receipt.case,
            market: receipt.market,
            // The counterparty is on the other side of what it takes.
            side: receipt.side.opposite(),
            to: receipt.account,
            amounts: Amounts {
                base: whole(receipt.quantity),
                quote: whole(receipt.quote),
                index_quote: whole(receipt.index_quote),
            },
        };
        let hop = if self.acquired.contains(&receipt.case) {
            Hop::Closure
        } else {
            Hop::Deleveraged
        };
        self.push(hop, &part, now);
        let quintile = usize::from(receipt.quintile).min(5);
        self.waterfall.quintiles[quintile] += 1;
    }

    /// What each policy takes on one occasion.
    fn compared(
        &mut self,
        used: Policy,
        asked: u64,
        needed: u64,
        (price, accounts): (u64, [u32; 3]),
    ) {
        let worth = |base: u64| Amount::new(index_worth(base, price), PIPS);
        let policies = [Policy::Queue, Policy::ProRata, Policy::Minimal];
        let totals = &mut self.waterfall.policies;
        totals.resize_with(policies.len(), PolicyTotal::default);
        for ((total, policy), accounts) in totals.iter_mut().zip(policies).zip(accounts) {
            let takes = match policy {
                Policy::Queue | Policy::ProRata => asked,
                Policy::Minimal => needed.min(asked),
            };
            total.policy = policy.name().to_owned();
            total.used = policy == used;
            total.needed = total.needed.plus(worth(needed));
            total.taken = total.taken.plus(worth(takes));
            total.accounts += u64::from(accounts);
        }
    }

    fn push(&mut self, hop: Hop, part: &Part, now: Timestamp) {
        let Amounts {
            base,
            quote,
            index_quote,
        } = part.amounts;
        let (quote, index) = (i128::from(quote), i128::from(index_quote));
        let long = part.side == Side::Long;
        // Whoever gives a long away wants more for it; whoever gives a short away, to pay less.
        let gained = if long { quote - index } else { index - quote };
        let pips = |raw| Amount::new(raw, PIPS);
        self.waterfall.push(Fill {
            at: now.millis(),
            case: Some(part.case.0),
            hop,
            market: part.market.index(),
            long,
            to: part.to.0,
            base: pips(base.into()),
            quote: pips(quote),
            index: pips(index),
            against_index: pips(gained),
        });
    }
}

/// Base at a price, both in pips, as quote in pips; what does not fit is the most that does.
fn index_worth(base: u64, price: u64) -> i128 {
    mul_div(base.into(), price.into(), ONE.into(), Rounding::Down).unwrap_or(i128::MAX)
}

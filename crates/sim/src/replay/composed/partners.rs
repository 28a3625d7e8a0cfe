//! Partners of a composed venue: their standing offers, and their bids in auctions.
//!
//! A partner keeps one offer standing per market and side, for the notional of the scenario, at
//! its discount to the mark; when nine tenths of one are used up it posts the next some seconds
//! later. It bids in an auction once the incentive is at least its discount, as much as one of its
//! orders is for. Whoever is away (a stress) takes offers back, and bids on returning.

use std::collections::BTreeMap;

use plimsoll_engine::Body;
use plimsoll_engine::backstop::partners::{Limits, Offer, OfferId, Terms};
use plimsoll_engine::venues::composed::{Command as Do, accounts};
use plimsoll_units::{AccountId, CaseId, MarketId, Side};

use crate::replay::pips::PIP;
use crate::scenario::{Decimal, Partner};

/// An offer is as good as used up when less than this part of it is left.
const LEAST_PART: i128 = 10;

/// One partner.
#[derive(Debug)]
struct Desk {
    account: AccountId,
    terms: Partner,
    /// Where positions are isolated it has an account per market, with its part of everything.
    only: Option<MarketId>,
    /// What it has taken over so far in auctions, pips of quote: they count against its capacity.
    won: i128,
    /// What stands, by market and side: which offer, of how much, and how much is left.
    standing: BTreeMap<(MarketId, Side), (OfferId, i128, i128)>,
    posted: u64,
}

/// The partners of a venue.
#[derive(Debug)]
pub(super) struct Partners {
    desks: Vec<Desk>,
    /// Quantities are in whole steps of their market, pips of base.
    steps: Vec<u64>,
}

impl Partners {
    /// The account of a venue's partner; participants' accounts begin with theirs.
    pub(super) fn account(at: usize) -> AccountId {
        let first = accounts::FIRST.index();
        AccountId(u32::try_from(first.saturating_add(at)).unwrap_or(u32::MAX))
    }

    /// How many accounts the partners have.
    pub(super) fn accounts(partners: usize, markets: usize, isolated: bool) -> usize {
        let each = if isolated { markets } else { 1 };
        partners.saturating_mul(each)
    }

    /// Partners of a venue with these quantity steps; where margin is isolated, with an account
    /// per market.
    pub(super) fn new(partners: &[Partner], steps: &[u64], isolated: bool) -> Self {
        let parts = if isolated { steps.len() } else { 1 };
        let mut desks = Vec::new();
        for terms in partners {
            for part in 0..parts {
                let mut terms = terms.clone();
                let share = u64::try_from(parts).unwrap_or(1);
                terms.split(share);
                desks.push(Desk {
                    account: Self::account(desks.len()),
                    terms,
                    only: isolated.then(|| MarketId(u16::try_from(part).unwrap_or(u16::MAX))),
                    won: 0,
                    standing: BTreeMap::new(),
                    posted: 0,
                });
            }
        }
        Self {
            desks,
            steps: steps.to_vec(),
        }
    }

    /// Whether a partner deals in a market at all.
    pub(super) fn serves(&self, at: usize, market: MarketId) -> bool {
        let desk = self.desks.get(at);
        desk.is_some_and(|desk| desk.only.is_none_or(|only| only == market))
    }

    /// A partner's bid was taken: so much, pips of quote at the mark.
    pub(super) fn won(&mut self, account: AccountId, notional: i128) {
        if let Some(desk) = self.desks.iter_mut().find(|desk| desk.account == account) {
            desk.won = desk.won.saturating_add(notional);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.desks.len()
    }

    /// The partner behind an account.
    pub(super) fn at(&self, account: AccountId) -> Option<usize> {
        self.desks.iter().position(|desk| desk.account == account)
    }

    /// What a partner is like.
    pub(super) fn terms(&self, at: usize) -> Option<&Partner> {
        self.desks.get(at).map(|desk| &desk.terms)
    }

    /// Money and registration of everybody; without `registered` they only have money to bid with.
    pub(super) fn founders(&self, registered: bool) -> Vec<Body> {
        let mut bodies = Vec::new();
        for desk in &self.desks {
            let terms = &desk.terms;
            bodies.push(Body::Composed(Do::Deposit {
                account: desk.account,
                amount: terms.capital.on_grid::<8>(),
            }));
            if registered {
                bodies.push(Body::Composed(Do::Partner {
                    account: desk.account,
                    limits: Limits {
                        capacity: terms.capacity.map(Decimal::on_grid::<8>),
                        window_cap: terms.window_cap.map(Decimal::on_grid::<8>),
                        window: terms.window.0,
                        cooldown: terms.cooldown.0,
                    },
                }));
            }
        }
        bodies
    }

    /// What a partner took of its standing offers; whether it should post anew.
    pub(super) fn took(&mut self, at: usize, market: MarketId, size: i64) -> bool {
        // Who takes a long over buys.
        let side = if size > 0 { Side::Long } else { Side::Short };
        let Some(desk) = self.desks.get_mut(at) else {
            return false;
        };
        let Some((_, quantity, left)) = desk.standing.get_mut(&(market, side)) else {
            return false;
        };
        let before = *left;
        *left = left.saturating_sub(size.unsigned_abs().into()).max(0);
        let least = *quantity / LEAST_PART;
        before >= least && *left < least
    }

    /// Posts an offer for every market and side where none stands that is enough, at these marks
    /// (pips; zero where there is none yet).
    pub(super) fn renew(&mut self, at: usize, marks: &[u64]) -> Vec<Body> {
        let steps = &self.steps;
        let Some(desk) = self.desks.get_mut(at) else {
            return Vec::new();
        };
        let mut bodies = Vec::new();
        for (market, mark) in (0u16..).map(MarketId).zip(marks) {
            if *mark == 0 || desk.only.is_some_and(|only| only != market) {
                continue;
            }
            for side in [Side::Long, Side::Short] {
                let step = steps.get(market.index()).copied().unwrap_or(1);
                bodies.extend(desk.post((market, side), *mark, step));
            }
        }
        bodies
    }

    /// Takes every offer back.
    pub(super) fn leave(&mut self) -> Vec<Body> {
        let mut bodies = Vec::new();
        for desk in &mut self.desks {
            for (offer, _, left) in std::mem::take(&mut desk.standing).into_values() {
                if left > 0 {
                    bodies.push(Body::Composed(Do::CancelOffer {
                        partner: desk.account,
                        offer,
                    }));
                }
            }
        }
        bodies
    }

    /// A partner's bid for a case's positions in a market, if an incentive (millionths) is enough.
    pub(super) fn bid(
        &self,
        at: usize,
        (case, market): (CaseId, MarketId),
        incentive_ppm: i128,
        mark: u64,
    ) -> Option<Body> {
        let desk = self.desks.get(at)?;
        let wants = i128::from(desk.terms.offset.millionths());
        let step = self.steps.get(market.index()).copied().unwrap_or(1);
        let quantity = desk.quantity(mark, step);
        let most = desk
            .terms
            .capacity
            .unwrap_or(desk.terms.capital)
            .on_grid::<8>();
        if incentive_ppm < wants || quantity == 0 || desk.won >= most {
            return None;
        }
        Some(Body::Composed(Do::Bid {
            account: desk.account,
            case,
            market,
            quantity: u64::try_from(quantity).unwrap_or(u64::MAX),
        }))
    }
}

impl Desk {
    /// What one of its orders is for, in whole steps.
    fn quantity(&self, mark: u64, step: u64) -> i128 {
        let (order, step) = (self.terms.order.on_grid::<8>(), i128::from(step.max(1)));
        let units = order.saturating_mul(PIP).checked_div(mark.into());
        units.unwrap_or(0) / step * step
    }

    fn post(&mut self, (market, side): (MarketId, Side), mark: u64, step: u64) -> Vec<Body> {
        let quantity = self.quantity(mark, step);
        if quantity <= 0 {
            return Vec::new();
        }
        let old = self.standing.get(&(market, side)).copied();
        if old.is_some_and(|(_, of, left)| left > 0 && left >= of / LEAST_PART) {
            return Vec::new();
        }
        self.posted += 1;
        let id = name(self.account, self.posted);
        self.standing
            .insert((market, side), (id, quantity, quantity));
        let cancel = old.filter(|(_, _, left)| *left > 0).map(|(offer, _, _)| {
            Body::Composed(Do::CancelOffer {
                partner: self.account,
                offer,
            })
        });
        let new = Body::Composed(Do::Offer(Offer {
            id,
            partner: self.account,
            market,
            side,
            terms: Terms::Offset {
                discount_bps: i32::try_from(self.terms.offset.on_grid::<4>()).unwrap_or(0),
            },
            quantity,
            filled: 0,
            nonce: self.posted.into(),
            expires: None,
        }));
        cancel.into_iter().chain([new]).collect()
    }
}

/// An offer's name: whose it is, and its number.
fn name(account: AccountId, number: u64) -> OfferId {
    let mut bytes = [0u8; 32];
    bytes[..4].copy_from_slice(&account.0.to_be_bytes());
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    OfferId(bytes)
}

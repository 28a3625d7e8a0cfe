//! Who takes the engine's orders: hedgers, bidders, bidders for portfolios.
//!
//! They are ordinary accounts with ordinary orders. A bidder sees an order of the engine when it
//! comes into the book, and decides: is it of a step it works for, near enough to the money, worth
//! its incentive, and does it have an appetite at all? Appetite follows the chain in force: where a
//! share of the real options of that expiry has nobody on the side that is needed, the bidder stays
//! away with that probability, and wants more when it does not. After its delay it sends an order
//! at the engine's limit, for what it may still take this hour. An order that is priced again is
//! seen again.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::Engine;
use plimsoll_engine::auction::portfolio::Marks;
use plimsoll_engine::book::{Side, TimeInForce};
use plimsoll_engine::venues::kyan::{Command as Do, Event, InstrumentId, Kyan, PhaseName};
use plimsoll_units::{AccountId, Amount, Duration, Price, Timestamp};

use super::stressed::View;
use super::tally::{money, notional};
use super::{Supplies, order};
use crate::episodes::Taker;
use crate::random::Random;
use crate::replay::plan::Plan;
use crate::scenario::{Bidder, Step};
use crate::stress::{Conditions, ONE_PPM};

/// How often a bidder looks at a portfolio in auction.
pub(super) const LOOK_AGAIN: Duration = Duration(30_000);
/// The least notional anybody bids for in a portfolio: 100.
const LEAST_BID: i128 = 100_000_000;
/// An hour.
const HOUR: i64 = 3_600_000;

/// What a bidder sees when it acts.
pub(super) struct Look<'a> {
    pub(super) state: &'a Kyan,
    pub(super) engine: &'a Engine,
    pub(super) now: Timestamp,
    pub(super) index: Price<8>,
    /// From that index to the market's price, 8 decimals.
    pub(super) gap: i128,
}

#[derive(Debug, Clone, Copy, Default)]
struct Done {
    hour: i64,
    this_hour: i128,
    fills: u64,
    notional: i128,
    gained: i128,
}

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Bidders {
    appetite: Random,
    done: Vec<Done>,
    /// Fair value of the order that was placed last, by account and instrument.
    placed: Option<(AccountId, InstrumentId, i128)>,
    /// Bidders whose bid for a portfolio was refused.
    gave_up: BTreeSet<(AccountId, AccountId)>,
    /// Who is filled by whom: the takers of the last trade.
    traded: BTreeMap<AccountId, AccountId>,
    conditions: Conditions,
}

impl Bidders {
    pub(super) fn new(supplies: &Supplies, appetite: Random, conditions: Conditions) -> Self {
        Self {
            conditions,
            appetite,
            done: vec![Done::default(); supplies.before_people()],
            placed: None,
            gave_up: BTreeSet::new(),
            traded: BTreeMap::new(),
        }
    }

    /// What bidders plan when they see an event; `absent` tells the millionths of real options of
    /// an expiry without a bid and without an ask.
    pub(super) fn see(
        &mut self,
        supplies: &Supplies,
        event: &Event,
        (index, view): (Price<8>, View),
        absent: impl Fn(Option<Timestamp>) -> (u32, u32),
    ) -> Vec<(Duration, Plan)> {
        match event {
            Event::Ordered {
                account,
                instrument,
                mark,
                ..
            } => {
                self.placed = Some((*account, *instrument, *mark));
                Vec::new()
            }
            Event::Rests {
                order,
                account,
                instrument,
                side,
                price,
                stage: Some(stage),
                ..
            } => {
                let fair = self
                    .placed
                    .filter(|p| (p.0, p.1) == (*account, *instrument));
                let fair = fair.map_or((*price).into(), |p| p.2);
                // Below the market's own price is what a bidder gains on top, above it what it loses.
                let beyond = match side {
                    Side::Sell => view.beyond,
                    Side::Buy => -view.beyond,
                };
                let offered = (i128::from(*price) - fair).abs().saturating_add(beyond);
                let offered = offered.saturating_mul(1_000_000);
                let offered = offered / index.raw().max(1);
                let terms = supplies.terms(*instrument);
                let (no_bid, no_ask) = absent(terms.map(|terms| terms.expiry));
                // The engine buys from whoever offers.
                let nobody = if *side == Side::Buy { no_ask } else { no_bid };
                let strike = terms.map(|terms| terms.strike.raw());
                let bidders = supplies.parameters.bidders.iter().enumerate();
                let mut plans = Vec::new();
                for (by, bidder) in bidders {
                    let works = bidder.steps.iter().any(|step| step.stage() == *stage);
                    if !works || is_far(bidder, strike, index) {
                        continue;
                    }
                    let wanted = wanted(bidder, nobody).saturating_mul(view.spread) / ONE_PPM;
                    if wanted > offered || self.appetite.chance(nobody) {
                        continue;
                    }
                    let (account, order) = (*account, *order);
                    plans.push((bidder.delay.0, Plan::Take { by, account, order }));
                }
                plans
            }
            Event::Phase {
                account,
                to: PhaseName::Auction,
                ..
            } if supplies.by_portfolio() => {
                let bidders = supplies.parameters.bidders.iter().enumerate();
                bidders
                    .filter(|(_, bidder)| bidder.steps.contains(&Step::PortfolioAuction))
                    .map(|(by, bidder)| {
                        let account = *account;
                        (bidder.delay.0, Plan::Bid { by, account })
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// What of its hour a bidder has left, money.
    fn left(&mut self, supplies: &Supplies, by: usize, now: Timestamp) -> i128 {
        let bidder = &supplies.parameters.bidders[by];
        let done = &mut self.done[supplies.first_bidder() + by];
        let hour = now.millis() / HOUR;
        if done.hour != hour {
            (done.hour, done.this_hour) = (hour, 0);
        }
        bidder.per_hour.on_grid::<6>() - done.this_hour
    }

    /// A bidder takes an order, if it still stands.
    pub(super) fn take(
        &mut self,
        supplies: &Supplies,
        look: &Look<'_>,
        (by, account, number): (usize, AccountId, u64),
    ) -> Option<Do> {
        let episode = look.state.account(account).ok()?.episode()?;
        let working = *episode.working(number)?;
        let pair = look.state.pair(super::PAIR).ok()?;
        let lot = pair.steps(working.instrument).ok()?.lot;
        let left = self.left(supplies, by, look.now);
        let most = left.saturating_mul(100_000_000) / look.index.raw().max(1);
        let most = i64::try_from(most.max(0)).unwrap_or(i64::MAX);
        let depth = self.conditions.depth_factor(look.now);
        let there = i128::from(working.quantity).saturating_mul(depth) / ONE_PPM;
        let there = i64::try_from(there).unwrap_or(working.quantity);
        let quantity = there.min(most) / lot * lot;
        if quantity == 0 {
            return None;
        }
        let side = match working.side {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        };
        let bidder = supplies.bidder(by);
        let (at, ioc) = ((quantity, working.limit), TimeInForce::Ioc);
        Some(order(bidder, working.instrument, side, at, ioc))
    }

    /// A bidder looks at a portfolio in auction: its bid, and whether it will look again.
    pub(super) fn bid(
        &mut self,
        supplies: &Supplies,
        look: &Look<'_>,
        (by, account): (usize, AccountId),
    ) -> (Option<Do>, bool) {
        let me = supplies.bidder(by);
        if self.gave_up.contains(&(me, account)) {
            return (None, false);
        }
        let found = look.state.account(account).ok();
        let Some(episode) = found.and_then(|account| account.episode()) else {
            return (None, false);
        };
        let Some(auction) = &episode.portfolio else {
            return (None, episode.phase == PhaseName::Auction);
        };
        let numbers = look.state.numbers(look.engine.ledger(), account);
        let (Ok(numbers), Some(found)) = (numbers, found) else {
            return (None, true);
        };
        let marks = Marks {
            value: numbers.equity,
            margin: numbers.equity.saturating_sub(numbers.maintenance),
        };
        let sizes = found
            .positions()
            .iter()
            .map(|held| held.quantity.saturating_abs());
        let on: i128 = sizes.map(|size| notional(look.index, size)).sum();
        let (Ok(price), Ok(share)) = (
            auction.price(marks, look.now),
            auction.max_share(marks, look.now),
        ) else {
            return (None, true);
        };
        let bidder = &supplies.parameters.bidders[by];
        let (no_bid, no_ask) = supplies.absent_now(look.now);
        let nobody = no_bid.max(no_ask);
        // At the market's price, to first order, where the index is late.
        let beyond = look.gap.saturating_mul(numbers.delta.into()) / 100_000_000;
        let worth = numbers.equity.saturating_sub(auction.reserved());
        let worth = worth.saturating_add(beyond);
        let gain = worth.saturating_sub(price);
        let wanted = on.saturating_mul(wanted(bidder, nobody)) / 1_000_000;
        if on == 0 || gain < wanted || self.appetite.chance(nobody) {
            return (None, true);
        }
        let left = self.left(supplies, by, look.now).max(0);
        // Up to the next share on the grid: the auction gives no more than restores the account.
        let mut share_e9 = (share.raw() / 1_000_000_000 + 1).min(1_000_000_000);
        share_e9 = share_e9.min(left.saturating_mul(1_000_000_000) / on);
        // What rounding has left of a portfolio is nobody's business.
        let is_dust = on.saturating_mul(share_e9) / 1_000_000_000 < LEAST_BID;
        let Some(share_e9) = u64::try_from(share_e9).ok().filter(|_| !is_dust) else {
            return (None, true);
        };
        // A hundredth more than it looks like now, against the price of the next moment.
        let paid = price.saturating_mul(share_e9.into()) / 1_000_000_000;
        let most = paid
            .saturating_add(paid.abs() / 100)
            .saturating_add(1_000_000);
        let bid = Do::Bid {
            bidder: me,
            account,
            share_e9,
            most: Amount::from_raw(most),
        };
        (Some(bid), true)
    }

    pub(super) fn gave_up(&mut self, bidder: AccountId, account: AccountId) {
        self.gave_up.insert((bidder, account));
    }

    /// Who earned what.
    pub(super) fn earned(&mut self, event: &Event, index: Price<8>) {
        match event {
            Event::Traded { maker, taker, .. } => {
                self.traded.clear();
                self.traded.insert(*maker, *taker);
                self.traded.insert(*taker, *maker);
            }
            Event::Filled {
                account,
                quantity,
                incentive,
                ..
            } => {
                let other = self.traded.get(account).copied();
                self.credit(other, notional(index, *quantity), *incentive);
            }
            Event::HandedOff {
                partner,
                quantity,
                price,
                mark,
                ..
            } => {
                let size = quantity.saturating_abs();
                let gap = (mark - i128::from(*price)).abs();
                let gained = gap.saturating_mul(size.into()) / 100_000_000;
                self.credit(Some(*partner), notional(index, size), gained);
            }
            _ => {}
        }
    }

    /// A bid for a share of a portfolio was taken: what it was on, and gained.
    pub(super) fn credit(&mut self, who: Option<AccountId>, on: i128, gained: i128) {
        let place = who.and_then(|who| self.done.get_mut(who.index()));
        let Some(done) = place else { return };
        done.fills += 1;
        done.notional = done.notional.saturating_add(on);
        done.this_hour = done.this_hour.saturating_add(on);
        done.gained = done.gained.saturating_add(gained);
    }

    /// Everybody who was on the other side, by name.
    pub(super) fn takers(&self, supplies: &Supplies) -> Vec<Taker> {
        let parameters = &supplies.parameters;
        let makers = (1..=parameters.makers.count).map(|at| format!("maker {at}"));
        let bidders = parameters.bidders.iter().map(|b| b.name.clone());
        let partners = parameters.partners.iter().map(|p| p.name.clone());
        let names = makers.chain(bidders).chain(partners);
        names
            .zip(&self.done)
            .map(|(name, done)| Taker {
                name,
                fills: done.fills,
                notional: money(done.notional),
                gained: money(done.gained),
            })
            .collect()
    }
}

/// What a bidder wants, millionths of the index, where `nobody` of a million real options has
/// anybody on the side that is needed.
fn wanted(bidder: &Bidder, nobody: u32) -> i128 {
    let caution = bidder.caution.on_grid::<6>().saturating_mul(nobody.into()) / 1_000_000;
    let times = 1_000_000i128.saturating_add(caution);
    bidder.incentive.on_grid::<6>().saturating_mul(times) / 1_000_000
}

fn is_far(bidder: &Bidder, strike: Option<i128>, index: Price<8>) -> bool {
    let Some(strike) = strike else { return false };
    let away = (strike - index.raw()).abs().saturating_mul(1_000_000);
    away > index.raw().saturating_mul(bidder.reach.millionths().into())
}

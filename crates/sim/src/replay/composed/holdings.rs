//! What a composed venue's participants hold, as its events tell it, and what that comes to in
//! measures.
//!
//! Within one command marks do not change after the new ones are in force, so what an account's
//! positions fetch beside the mark, and the fees it pays, are all that its equity changes by: they
//! are summed here while the command's events pass, and [`Holdings::settle`] gives them to the
//! meter with the equity that the engine says is left.
//!
//! Units: pips of base, price and quote.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::Event;
use plimsoll_engine::ledger::{HolderKind, Movement, Reason};
use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::venues::composed::{Event as Happened, Fill, Taker, accounts};
use plimsoll_units::{AccountId, CaseId, Timestamp};

use crate::compare::{Bearer, Breach, Meter, Payee, Stake, Taken, least_notional};
use crate::replay::pips::{E10, PIP};

/// What a liquidation did to one account within a command.
#[derive(Debug, Clone, Copy, Default)]
struct Change {
    /// Notional given up, at the mark.
    notional: i128,
    /// What it got beyond the mark, less what it paid: below zero where it lost.
    gain: i128,
}

/// What everybody holds.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    /// Signed sizes by market, by account.
    positions: Vec<Vec<(u16, i64)>>,
    marks: Vec<u64>,
    /// Whose each open case is.
    cases: BTreeMap<CaseId, AccountId>,
    /// Who has one: an account has at most one.
    in_case: BTreeSet<AccountId>,
    changes: BTreeMap<AccountId, Change>,
    /// Long and short added, by market, of traders.
    interest: Vec<i128>,
    /// Who takes positions over.
    acquirer: Option<Bearer>,
}

/// Equity and requirement of an account, as the engine says.
pub(super) type Health = (i128, i128);

impl Holdings {
    pub(super) fn new(markets: usize, acquirer: Option<Bearer>) -> Self {
        Self {
            marks: vec![0; markets],
            interest: vec![0; markets],
            acquirer,
            ..Self::default()
        }
    }

    /// A trade that was accepted.
    pub(super) fn filled(&mut self, fill: &Fill, is_trader: impl Fn(AccountId) -> bool) {
        let size = i64::try_from(fill.quantity).unwrap_or(i64::MAX);
        let market = fill.market.0;
        self.change(fill.buyer, market, size, is_trader(fill.buyer));
        self.change(
            fill.seller,
            market,
            size.saturating_neg(),
            is_trader(fill.seller),
        );
    }

    /// Signed sizes of an account.
    pub(super) fn of(&self, account: AccountId) -> &[(u16, i64)] {
        self.positions
            .get(account.index())
            .map_or(&[], Vec::as_slice)
    }

    /// Signed size of an account in a market.
    pub(super) fn size(&self, account: AccountId, market: u16) -> i64 {
        let own = self.of(account).iter();
        own.filter(|(held, _)| *held == market)
            .map(|(_, size)| *size)
            .sum()
    }

    /// What accounts with an open case lack.
    pub(super) fn lacking(&self, health: impl Fn(AccountId) -> Option<Health>) -> i128 {
        let equity = |account: &AccountId| health(*account).map_or(0, |(equity, _)| equity);
        let each = self.cases.values().map(equity);
        each.fold(0, |sum, equity| {
            sum.saturating_add(equity.min(0).saturating_neg())
        })
    }

    /// Notional at the mark of traders' positions, long and short added.
    pub(super) fn open_interest(&self) -> i128 {
        let each = self.interest.iter().zip(&self.marks);
        each.fold(0, |sum, (units, mark)| {
            sum.saturating_add(worth(*units, *mark))
        })
    }

    /// Notional of an account at the marks.
    pub(super) fn notional(&self, account: AccountId) -> i128 {
        let of = self.of(account).iter();
        of.fold(0, |sum, (market, size)| {
            let mark = self.mark(*market);
            sum.saturating_add(worth(size.unsigned_abs().into(), mark))
        })
    }

    pub(super) fn mark(&self, market: u16) -> u64 {
        self.marks.get(usize::from(market)).copied().unwrap_or(0)
    }

    /// Takes one event; `trader` is the number of an account's trader.
    pub(super) fn notice(
        &mut self,
        event: &Event,
        now: Timestamp,
        trader: impl Fn(AccountId) -> Option<u32>,
        meter: &mut Meter,
    ) {
        match event {
            Event::Composed(event) => self.happened(event, now, trader, meter),
            Event::Case(CaseEvent::Opened(case)) => {
                self.cases.insert(case.id, case.target.account);
                self.in_case.insert(case.target.account);
                let account = case.target.account;
                let (equity, needs) = (case.trigger.equity, case.trigger.requirement);
                self.breach(account, (equity, needs), now, trader(account), meter);
            }
            Event::Case(CaseEvent::Closed { case, .. }) => {
                if let Some(account) = self.cases.remove(case) {
                    self.in_case.remove(&account);
                    if !self.changes.contains_key(&account) {
                        meter.resolved(key(account), now);
                    }
                }
            }
            Event::Money(movement) => self.money(movement, meter),
            _ => {}
        }
    }

    /// Gives the meter what the command came to; `health` is what the engine says of an account
    /// now.
    pub(super) fn settle(
        &mut self,
        now: Timestamp,
        meter: &mut Meter,
        health: impl Fn(AccountId) -> Option<Health>,
    ) {
        for (account, change) in std::mem::take(&mut self.changes) {
            let (after, needs) = health(account).unwrap_or((0, 0));
            let before = after.saturating_sub(change.gain);
            if meter.is_open(key(account)) {
                // The requirement before was that of what is left and of what was given up.
                let left = self.notional(account);
                let whole = left.saturating_add(change.notional);
                let needed = match needs {
                    0 => change.notional,
                    _ => {
                        let before_needs = needs.saturating_mul(whole) / left.max(1);
                        least_notional(whole, before, before_needs)
                    }
                };
                meter.took(
                    key(account),
                    Taken {
                        notional: change.notional,
                        needed,
                        before,
                        after,
                    },
                );
            }
            if self.of(account).is_empty() || !self.in_case.contains(&account) {
                meter.resolved(key(account), now);
            }
        }
    }

    fn happened(
        &mut self,
        event: &Happened,
        now: Timestamp,
        trader: impl Fn(AccountId) -> Option<u32>,
        meter: &mut Meter,
    ) {
        match event {
            Happened::Marked { market, price } => {
                if let Some(mark) = self.marks.get_mut(market.index()) {
                    *mark = *price;
                }
            }
            Happened::Warned {
                account,
                equity,
                requirement,
            } => self.breach(
                *account,
                (*equity, *requirement),
                now,
                trader(*account),
                meter,
            ),
            Happened::Relieved { account } => meter.resolved(key(*account), now),
            Happened::Moved {
                market,
                from,
                to,
                taker,
                size,
                quote,
                mark,
                ..
            } => {
                let value = worth(size.unsigned_abs().into(), *mark);
                // Who gives a long up sells it; who gives a short up pays.
                let gain = if *size > 0 {
                    quote.saturating_sub(value)
                } else {
                    value.saturating_sub(*quote)
                };
                self.change(
                    *from,
                    market.0,
                    size.saturating_neg(),
                    trader(*from).is_some(),
                );
                self.change(*to, market.0, *size, trader(*to).is_some());
                if trader(*from).is_some() {
                    let change = self.changes.entry(*from).or_default();
                    change.notional = change.notional.saturating_add(value);
                    change.gain = change.gain.saturating_add(gain);
                }
                let backstops = trader(*from).is_none();
                if *taker == Taker::Counterparty && backstops {
                    // What it had taken over goes on to others, at what it paid.
                    meter.passed_on(gain);
                }
                self.taken(*taker, (value, gain), (backstops, trader(*to)), meter);
            }
            Happened::Unpaid { amount, .. } => meter.lost(Bearer::Nobody, *amount),
            Happened::Auctioned { .. } | Happened::Socialised { .. } => {}
        }
    }

    /// What it means that somebody took a position of this worth, and gave this much beyond it;
    /// whether it was a backstop's, and who took it.
    fn taken(
        &self,
        taker: Taker,
        (value, gain): (i128, i128),
        (backstops, to): (bool, Option<u32>),
        meter: &mut Meter,
    ) {
        let discount = gain.saturating_neg();
        match taker {
            Taker::Partner => meter.paid(Payee::Partners, discount),
            Taker::Bidder => meter.paid(Payee::Bidders, discount),
            Taker::Book => meter.on_book(value, discount),
            Taker::Counterparty => {
                if let Some(trader) = to {
                    meter.deleveraged(trader, value, gain);
                }
                if gain > 0 && !backstops {
                    meter.lost(Bearer::Deleveraged, gain);
                }
            }
            // Whoever takes a bankrupt account over gives more than it is worth.
            Taker::Acquirer | Taker::Reduced if gain > 0 => {
                if let Some(bearer) = self.acquirer {
                    meter.lost(bearer, gain);
                }
            }
            Taker::Vault if gain > 0 => meter.lost(Bearer::Vault, gain),
            Taker::Acquirer | Taker::Reduced | Taker::Vault => {}
        }
    }

    /// Money of liquidations: fees, rewards, and who pays for the bankrupt.
    fn money(&mut self, movement: &Movement, meter: &mut Meter) {
        let account = |holder: &plimsoll_engine::ledger::Holder| {
            let is_margin = holder.kind == HolderKind::Margin;
            let number = u32::try_from(holder.number).ok().map(AccountId);
            number.filter(|_| is_margin)
        };
        let (from, to) = (account(&movement.from), account(&movement.to));
        let amount = movement.amount;
        let payee = match movement.reason {
            Reason::LiquidationFee => Some(Payee::InsuranceFund),
            Reason::LiquidationReward => Some(Payee::Keepers),
            _ => None,
        };
        if let Some(payee) = payee {
            meter.paid(payee, amount);
            self.gained(from, amount.saturating_neg());
            return;
        }
        match movement.reason {
            Reason::Confiscation => self.gained(from, amount.saturating_neg()),
            Reason::InsurancePayout => self.debt_paid(Bearer::InsuranceFund, to, amount, meter),
            Reason::ShortfallResolved => self.debt_paid(Bearer::Vault, to, amount, meter),
            Reason::LossSocialised => self.debt_paid(Bearer::Socialised, to, amount, meter),
            _ => {}
        }
    }

    /// Somebody pays what an account owes.
    fn debt_paid(
        &mut self,
        bearer: Bearer,
        account: Option<AccountId>,
        amount: i128,
        meter: &mut Meter,
    ) {
        meter.lost(bearer, amount);
        self.gained(account, amount);
    }

    fn gained(&mut self, account: Option<AccountId>, amount: i128) {
        let Some(account) = account.filter(|account| *account >= accounts::FIRST) else {
            return;
        };
        let change = self.changes.entry(account).or_default();
        change.gain = change.gain.saturating_add(amount);
    }

    fn breach(
        &self,
        account: AccountId,
        (equity, requirement): Health,
        at: Timestamp,
        trader: Option<u32>,
        meter: &mut Meter,
    ) {
        let Some(trader) = trader else { return };
        let stake = |(market, size): &(u16, i64)| {
            let mark = self.mark(*market);
            let worth = worth(size.unsigned_abs().into(), mark);
            Stake {
                market: usize::from(*market),
                notional: if *size < 0 { -worth } else { worth },
                mark: i128::from(mark).saturating_mul(E10),
            }
        };
        let breach = Breach {
            trader,
            at,
            equity,
            requirement,
            scales: true,
            stakes: self.of(account).iter().map(stake).collect(),
        };
        meter.breach(key(account), breach);
    }

    fn change(&mut self, account: AccountId, market: u16, by: i64, is_trader: bool) {
        let at = account.index();
        if self.positions.len() <= at {
            self.positions.resize_with(at + 1, Vec::new);
        }
        let Some(own) = self.positions.get_mut(at) else {
            return;
        };
        let found = own.iter_mut().find(|(held, _)| *held == market);
        let (before, after) = match found {
            Some((_, size)) => {
                let before = *size;
                *size = size.saturating_add(by);
                (before, *size)
            }
            None => {
                own.push((market, by));
                (0, by)
            }
        };
        own.retain(|(_, size)| *size != 0);
        if is_trader && let Some(interest) = self.interest.get_mut(usize::from(market)) {
            let grown = i128::from(after.unsigned_abs()) - i128::from(before.unsigned_abs());
            *interest = interest.saturating_add(grown);
        }
    }
}

/// The number a breach of an account is known by.
fn key(account: AccountId) -> u64 {
    u64::from(account.0)
}

/// Units at a mark, cut off.
fn worth(units: i128, mark: u64) -> i128 {
    units.saturating_mul(mark.into()) / PIP
}

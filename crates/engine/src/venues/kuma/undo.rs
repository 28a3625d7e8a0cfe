//! Taking a command, or one piece of it, back.
//!
//! The ledger and the events are rolled back by the transaction, wallets and positions by their
//! own notes; everything else the venue keeps is noted here before it changes. Every change of
//! the venue's state goes through a setter of this file or of [`super::wallets`].

use std::collections::BTreeMap;

use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::market::Quotation;
use super::order::{Address, Hash};
use super::people::{Exit, Fill, Invalidation};
use super::waterfall::Note;
use super::{Kuma, Market, Settings};
use crate::ledger::Slot;
use crate::margin::cross::Limits;
use crate::{Savepoint, Tx};

/// Something as it was before.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// There was a market less, and those behind it in rank order were one before.
    Market,
    Quotation(MarketId, Quotation),
    Limits(MarketId, Box<Limits>),
    Funding {
        market: MarketId,
        periods: usize,
        funded_ms: u64,
    },
    Unmatched(MarketId, i128),
    Address(AccountId, Address),
    Key((AccountId, Address), Option<u64>),
    Invalidation(AccountId, Option<Invalidation>),
    Exit(AccountId, Option<Exit>),
    OwnLimits((AccountId, MarketId), Option<Box<Limits>>),
    Leverage((AccountId, MarketId), Option<u64>),
    Pending(AccountId, Option<Slot>),
    Fill(Hash, Option<Fill>),
    Used(Hash),
    Settings(Box<Settings>),
    ExitFundSince(Option<Timestamp>),
    Service(Box<Note>),
    Orders(Box<super::orders::Note>),
}

/// A point to return to, within its own command.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    changes: usize,
    wallets: usize,
    savepoint: Savepoint,
}

impl Kuma {
    /// A point to return to.
    pub(super) fn mark(&self, tx: &Tx<'_>) -> Mark {
        Mark {
            changes: self.changes.len(),
            wallets: self.wallets.mark(),
            savepoint: tx.savepoint(),
        }
    }

    /// Takes back everything since `mark`: money, events, wallets, and the rest.
    pub(super) fn back_to(&mut self, tx: &mut Tx<'_>, mark: &Mark) {
        self.restore(mark.changes, mark.wallets);
        tx.rollback(mark.savepoint);
    }

    /// Makes everything final.
    pub(super) fn commit(&mut self) {
        self.changes.clear();
        self.wallets.commit();
        self.orders.commit();
    }

    /// Takes the whole command back; the engine takes back money and events.
    pub(super) fn abandon(&mut self) {
        self.restore(0, 0);
        self.forget_seized();
        self.commit();
    }

    fn restore(&mut self, changes: usize, wallets: usize) {
        self.wallets.back_to(wallets);
        while self.changes.len() > changes {
            if let Some(change) = self.changes.pop() {
                self.take_back(change);
            }
        }
    }

    fn take_back(&mut self, change: Change) {
        let people = &mut self.people;
        match change {
            Change::Market => self.pop_market(),
            Change::Quotation(id, old) => self.with_market(id, |market| market.now = old),
            Change::Limits(id, old) => self.with_market(id, |market| market.limits = *old),
            Change::Funding {
                market,
                periods,
                funded_ms,
            } => self.with_market(market, |market| {
                market.multipliers.truncate(periods);
                market.funded_ms = funded_ms;
            }),
            Change::Unmatched(id, old) => self.with_market(id, |market| market.unmatched = old),
            Change::Address(account, address) => {
                people.addresses.remove(&account);
                people.accounts.remove(&address);
            }
            Change::Key(key, old) => {
                swap(&mut people.keys, key, old);
            }
            Change::Invalidation(account, old) => {
                swap(&mut people.invalidations, account, old);
            }
            Change::Exit(account, old) => {
                swap(&mut people.exits, account, old);
            }
            Change::OwnLimits(key, old) => {
                swap(&mut people.limits, key, old.map(|limits| *limits));
            }
            Change::Leverage(key, old) => {
                swap(&mut people.leverage, key, old);
            }
            Change::Pending(account, old) => {
                swap(&mut people.pending, account, old);
            }
            Change::Fill(hash, old) => {
                swap(&mut people.fills, hash, old);
            }
            Change::Used(hash) => {
                people.used.remove(&hash);
            }
            Change::Settings(old) => self.settings = *old,
            Change::ExitFundSince(old) => self.exit_fund_since = old,
            Change::Service(note) => self.waterfall.take_back(*note),
            Change::Orders(note) => self.orders.take_back(*note),
        }
    }

    fn with_market(&mut self, id: MarketId, change: impl FnOnce(&mut Market)) {
        if let Some(market) = self.markets.get_mut(id.index()) {
            change(market);
        }
    }

    /// Lists a market after the others. Those at its rank or behind it move up by one, which
    /// leaves every wallet's list in order.
    pub(super) fn push_market(&mut self, new: Market) {
        let rank = new.rank;
        for market in self.markets.iter_mut().filter(|m| m.rank >= rank) {
            market.rank = market.rank.saturating_add(1);
        }
        self.markets.push(new);
        self.follow_markets();
        self.changes.push(Change::Market);
    }

    fn pop_market(&mut self) {
        let Some(gone) = self.markets.pop() else {
            return;
        };
        for market in self.markets.iter_mut().filter(|m| m.rank > gone.rank) {
            market.rank = market.rank.saturating_sub(1);
        }
        self.follow_markets();
    }

    /// Wallets and orders know as many markets as there are, by the same ranks.
    fn follow_markets(&mut self) {
        let ranks = self.markets.iter().map(|market| market.rank).collect();
        self.wallets.set_ranks(ranks);
        self.orders.set_markets(self.markets.len());
    }

    pub(super) fn set_quotation(&mut self, id: MarketId, new: Quotation) {
        if let Some(market) = self.markets.get_mut(id.index()) {
            self.changes.push(Change::Quotation(id, market.now));
            market.now = new;
        }
    }

    pub(super) fn set_market_limits(&mut self, id: MarketId, new: Limits) {
        if let Some(market) = self.markets.get_mut(id.index()) {
            let old = Box::new(market.limits);
            self.changes.push(Change::Limits(id, old));
            market.limits = new;
        }
    }

    /// Appends `missed` periods of nothing and one with `multiplier`, the last of which ended at
    /// `funded_ms`.
    pub(super) fn append_funding(
        &mut self,
        id: MarketId,
        missed: usize,
        multiplier: i64,
        funded_ms: u64,
    ) {
        if let Some(market) = self.markets.get_mut(id.index()) {
            self.changes.push(Change::Funding {
                market: id,
                periods: market.multipliers.len(),
                funded_ms: market.funded_ms,
            });
            let zeros = std::iter::repeat_n(0, missed);
            market.multipliers.extend(zeros);
            market.multipliers.push(multiplier);
            market.funded_ms = funded_ms;
        }
    }

    pub(super) fn set_unmatched(&mut self, id: MarketId, new: i128) {
        if let Some(market) = self.markets.get_mut(id.index()) {
            self.changes.push(Change::Unmatched(id, market.unmatched));
            market.unmatched = new;
        }
    }

    pub(super) fn set_address(&mut self, account: AccountId, address: Address) {
        self.people.addresses.insert(account, address);
        self.people.accounts.insert(address, account);
        self.changes.push(Change::Address(account, address));
    }

    pub(super) fn set_key(&mut self, key: (AccountId, Address), issued_ms: u64) {
        let old = swap(&mut self.people.keys, key, Some(issued_ms));
        self.changes.push(Change::Key(key, old));
    }

    pub(super) fn set_invalidation(&mut self, account: AccountId, new: Invalidation) {
        let old = swap(&mut self.people.invalidations, account, Some(new));
        self.changes.push(Change::Invalidation(account, old));
    }

    pub(super) fn set_exit(&mut self, account: AccountId, new: Option<Exit>) {
        let old = swap(&mut self.people.exits, account, new);
        self.changes.push(Change::Exit(account, old));
    }

    pub(super) fn set_own_limits(&mut self, key: (AccountId, MarketId), new: Option<Limits>) {
        let old = swap(&mut self.people.limits, key, new);
        self.changes.push(Change::OwnLimits(key, old.map(Box::new)));
    }

    pub(super) fn set_leverage_of(&mut self, key: (AccountId, MarketId), new: Option<u64>) {
        let old = swap(&mut self.people.leverage, key, new);
        self.changes.push(Change::Leverage(key, old));
    }

    pub(super) fn set_pending(&mut self, account: AccountId, new: Option<Slot>) {
        let old = swap(&mut self.people.pending, account, new);
        self.changes.push(Change::Pending(account, old));
    }

    pub(super) fn set_fill(&mut self, hash: Hash, new: Fill) {
        let old = swap(&mut self.people.fills, hash, Some(new));
        self.changes.push(Change::Fill(hash, old));
    }

    /// Says that a message is used up; `false` when it was already.
    pub(super) fn use_up(&mut self, hash: Hash) -> bool {
        let fresh = self.people.used.insert(hash);
        if fresh {
            self.changes.push(Change::Used(hash));
        }
        fresh
    }

    pub(super) fn set_settings(&mut self, new: Settings) {
        self.changes.push(Change::Settings(Box::new(self.settings)));
        self.settings = new;
    }

    pub(super) fn set_exit_fund_since(&mut self, new: Option<Timestamp>) {
        if self.exit_fund_since != new {
            let old = self.exit_fund_since;
            self.changes.push(Change::ExitFundSince(old));
            self.exit_fund_since = new;
        }
    }
}

fn swap<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, new: Option<V>) -> Option<V> {
    match new {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

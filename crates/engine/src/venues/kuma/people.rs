//! What only some wallets have: an address, keys, own limits, a pending deposit, an exit; and the
//! orders and messages that were used up.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::order::{Address, Hash};
use crate::ledger::Slot;
use crate::margin::cross::Limits;

/// A wallet that has exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Exit {
    /// From when on the exit is final.
    pub effective: Timestamp,
    /// Its deleveraging has begun at the bankruptcy price, and goes on at it.
    pub at_bankruptcy: bool,
}

/// A wallet's last nonce invalidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Invalidation {
    /// Orders up to this time are void, in milliseconds.
    pub until_ms: u64,
    /// From when on.
    pub effective: Timestamp,
    /// What counts until then: the invalidation before; zero without.
    pub before_ms: u64,
}

/// How much of an order is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Fill {
    /// Base, in pips.
    pub filled: u64,
    /// Whether that is all of it.
    pub complete: bool,
}

/// See the module documentation.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct People {
    pub(super) addresses: BTreeMap<AccountId, Address>,
    pub(super) accounts: BTreeMap<Address, AccountId>,
    pub(super) keys: BTreeMap<(AccountId, Address), u64>,
    pub(super) invalidations: BTreeMap<AccountId, Invalidation>,
    pub(super) exits: BTreeMap<AccountId, Exit>,
    pub(super) limits: BTreeMap<(AccountId, MarketId), Limits>,
    pub(super) leverage: BTreeMap<(AccountId, MarketId), u64>,
    pub(super) pending: BTreeMap<AccountId, Slot>,
    pub(super) fills: BTreeMap<Hash, Fill>,
    pub(super) used: BTreeSet<Hash>,
}

impl People {
    /// The address of a wallet, once it is registered.
    #[must_use]
    pub fn address(&self, account: AccountId) -> Option<Address> {
        self.addresses.get(&account).copied()
    }

    /// The wallet of an address.
    #[must_use]
    pub fn account(&self, address: Address) -> Option<AccountId> {
        self.accounts.get(&address).copied()
    }

    /// When a wallet authorised a key, in milliseconds.
    #[must_use]
    pub fn key(&self, account: AccountId, key: Address) -> Option<u64> {
        self.keys.get(&(account, key)).copied()
    }

    /// A wallet's exit.
    #[must_use]
    pub fn exit(&self, account: AccountId) -> Option<Exit> {
        self.exits.get(&account).copied()
    }

    /// Whether a wallet's exit is final.
    #[must_use]
    pub fn exit_is_final(&self, account: AccountId, now: Timestamp) -> bool {
        self.exit(account).is_some_and(|exit| exit.effective <= now)
    }

    /// A wallet's own limits in a market.
    #[must_use]
    pub fn limits(&self, account: AccountId, market: MarketId) -> Option<&Limits> {
        // Few wallets have any, and every position asks.
        if self.limits.is_empty() {
            return None;
        }
        self.limits.get(&(account, market))
    }

    /// The initial margin fraction a wallet has chosen for its own orders in a market.
    #[must_use]
    pub fn leverage(&self, account: AccountId, market: MarketId) -> Option<u64> {
        self.leverage.get(&(account, market)).copied()
    }

    /// How much of an order is filled.
    #[must_use]
    pub fn fill(&self, order: &Hash) -> Option<Fill> {
        self.fills.get(order).copied()
    }

    /// The time up to which a wallet's orders are void, in milliseconds; zero for never.
    #[must_use]
    pub fn invalidated_ms(&self, account: AccountId, now: Timestamp) -> u64 {
        match self.invalidations.get(&account) {
            Some(last) if last.effective <= now => last.until_ms,
            Some(last) => last.before_ms,
            None => 0,
        }
    }
}

//! One product: its parameters, its prices, everybody's position, its accounts.
//!
//! A product is changed through a working copy ([`super::draft`]) that is put back whole or not
//! at all; this file holds the state and the ways to look at it.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, AssetId, MarketId, Timestamp};

use super::account::{Account, Settled};
use super::accumulate::{Terms, Value};
use super::case::{OpenCase, Phase};
use super::config::{ProductParams, Protocol};
use super::flywheel::{Global, Settlement};
use super::numbers::{Money, PerUnit, Ratio18};
use super::params::PendingFees;
use super::refusal::Refusal;
use super::stamps::Stamps;
use super::watching::Watched;
use crate::ledger::{Holder, HolderKind, Ledger, Slot};
use crate::oracle::{History, OracleError, Version};
use crate::{Rejection, Tx};

/// Versions are forgotten once there are more than this.
const VERSIONS_MAX: usize = 16;

/// Where a product's own money is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Purses {
    /// Accrued, not settled yet; may be on either side of zero.
    pub(super) clearing: Slot,
    /// Minus the losses nobody has covered.
    pub(super) shortfall: Slot,
    /// The owner's fees.
    pub(super) fees: Slot,
}

/// A reward that waits for its liquidation to settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Owed {
    /// To whom.
    pub(super) to: AccountId,
    /// Where the liquidator's collateral in this product is kept.
    pub(super) purse: Slot,
    /// How much at most.
    pub(super) amount: Money,
}

/// One product.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct Product {
    pub(super) market: MarketId,
    pub(super) params: ProductParams,
    pub(super) pending_fees: PendingFees,
    pub(super) closed: bool,
    pub(super) history: History,
    pub(super) global: Global,
    pub(super) stamps: Stamps,
    pub(super) purses: Purses,
    pub(super) accounts: Vec<Account>,
    pub(super) index: BTreeMap<AccountId, u32>,
    pub(super) cases: BTreeMap<u32, OpenCase>,
    pub(super) owed: BTreeMap<u32, Owed>,
    #[borsh(skip)]
    pub(super) watched: Watched,
}

impl Product {
    pub(super) fn new(
        market: MarketId,
        params: ProductParams,
        asset: AssetId,
        tx: &mut Tx<'_>,
    ) -> Result<Self, Rejection> {
        let mut purse =
            |kind: HolderKind| tx.open(Holder::of_market(kind, tx.venue, market), asset);
        let purses = Purses {
            clearing: purse(HolderKind::Clearing)?,
            shortfall: purse(HolderKind::Shortfall)?,
            fees: purse(HolderKind::MarketFees)?,
        };
        Ok(Self {
            market,
            params,
            pending_fees: PendingFees::default(),
            closed: false,
            history: History::default(),
            global: Global::default(),
            stamps: Stamps::default(),
            purses,
            accounts: Vec::new(),
            index: BTreeMap::new(),
            cases: BTreeMap::new(),
            owed: BTreeMap::new(),
            watched: Watched::default(),
        })
    }

    /// Its id.
    #[must_use]
    pub fn market(&self) -> MarketId {
        self.market
    }

    /// Its parameters in force.
    #[must_use]
    pub fn params(&self) -> &ProductParams {
        &self.params
    }

    /// Fees on trades that wait for pending positions to settle.
    #[must_use]
    pub fn pending_fees(&self) -> &PendingFees {
        &self.pending_fees
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The newest version, with the product's payoff as its price; version 0 at price 0 before
    /// the first.
    #[must_use]
    pub fn oracle(&self) -> Version {
        self.history.latest()
    }

    /// The state at the version it was last settled at.
    #[must_use]
    pub fn global(&self) -> &Global {
        &self.global
    }

    /// An account, as it was last settled.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.slot(self.find(id)?)
    }

    /// The accounts, in the order of their ids.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.index.values().filter_map(|&slot| self.slot(slot))
    }

    /// The slot of an account.
    pub(super) fn find(&self, id: AccountId) -> Option<u32> {
        self.index.get(&id).copied()
    }

    pub(super) fn slot(&self, slot: u32) -> Option<&Account> {
        self.accounts.get(usize::try_from(slot).ok()?)
    }

    /// Losses that nobody has covered.
    #[must_use]
    pub fn shortfall(&self, ledger: &Ledger) -> Money {
        Money::from_raw(ledger.balance(self.purses.shortfall).saturating_neg())
    }

    /// Fees of the product's owner, not claimed yet.
    #[must_use]
    pub fn fees(&self, ledger: &Ledger) -> Money {
        Money::from_raw(ledger.balance(self.purses.fees))
    }

    /// An account's collateral, as it was last settled; zero for an account it does not have.
    #[must_use]
    pub fn collateral(&self, ledger: &Ledger, id: AccountId) -> Money {
        let purse = self.account(id).map(|a| a.purse);
        Money::from_raw(purse.map_or(0, |p| ledger.balance(p)))
    }

    /// The share of funding that is a fee: the product's, at least the protocol's minimum.
    pub(super) fn funding_fee(&self, protocol: &Protocol) -> Ratio18 {
        self.params.funding_fee.max(protocol.min_funding_fee)
    }

    /// The product settled at the newest version, computed and not taken.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn preview(&self, protocol: &Protocol) -> Result<Settlement, Rejection> {
        self.preview_at(protocol, self.history.latest())
    }

    /// As [`Self::preview`], had the newest version been `newest`.
    pub(super) fn preview_at(
        &self,
        protocol: &Protocol,
        newest: Version,
    ) -> Result<Settlement, Rejection> {
        let terms = Terms {
            params: &self.params,
            funding_fee: self.funding_fee(protocol),
            closed: self.closed,
        };
        self.global
            .settled(self.market, &self.history, &terms, newest)
    }

    /// An account settled to where `settlement` leads, computed and not taken.
    pub(super) fn settled_account(
        &self,
        account: &Account,
        balance: Money,
        settlement: &Settlement,
    ) -> Result<Settled, Rejection> {
        let through = self.through(account, settlement)?;
        Ok(account.settled(balance, settlement.to.number, &settlement.value, &through)?)
    }

    /// The accumulators of the version that settles what the account has pending.
    fn through(&self, account: &Account, settlement: &Settlement) -> Result<Value, Rejection> {
        let Some(version) = account.stops_at(settlement.to.number) else {
            return Ok(settlement.value);
        };
        let kept = settlement
            .value_at(version)
            .or_else(|| self.stamps.at(version));
        let market = self.market;
        Ok(kept.ok_or(OracleError::UnknownVersion { market, version })?)
    }

    /// Takes a new oracle version; returns the product's payoff at its price.
    ///
    /// Version numbers are consecutive on chain. Where one is skipped here, the version right
    /// after the last, the only one that anybody may have to settle at, counts as published
    /// together with the new one.
    pub(super) fn publish(
        &mut self,
        number: u64,
        time: Timestamp,
        price: PerUnit,
    ) -> Result<PerUnit, Rejection> {
        let price = self.params.payoff.at(price)?;
        let last = self.history.latest();
        let version = Version {
            number,
            time,
            price: price.raw(),
        };
        let following = last.number.saturating_add(1);
        if number > following && last.number != 0 && time >= last.time {
            self.history.push(
                self.market,
                Version {
                    number: following,
                    ..version
                },
            )?;
        }
        self.history.push(self.market, version)?;
        self.forget_versions();
        Ok(price)
    }

    /// Keeps the versions that a settlement may still need (the last settled one, the one after
    /// it, the newest) and a few more, so that a product nobody touches does not grow.
    fn forget_versions(&mut self) {
        let settled = self.global.latest_version;
        self.history.forget_before(settled);
        if self.history.len() <= VERSIONS_MAX {
            return;
        }
        let newest = self.history.latest().number;
        let mut kept = History::default();
        for number in [settled, settled.saturating_add(1), newest] {
            if let Ok(version) = self.history.at(self.market, number)
                && version.number > kept.latest().number
            {
                // Newer than the last, as just asked, and times grow with numbers.
                let pushed = kept.push(self.market, version);
                assert!(pushed.is_ok(), "{pushed:?}");
            }
        }
        self.history = kept;
    }

    /// Sets everybody's trips anew, from the state.
    pub(super) fn arm_all(&mut self, protocol: &Protocol, ledger: &Ledger) {
        let settlement = self.preview(protocol);
        let slots = u32::try_from(self.accounts.len()).unwrap_or(u32::MAX);
        for slot in 0..slots {
            let Some(account) = self.slot(slot).copied() else {
                return;
            };
            let is_due = |open: &OpenCase| matches!(open.phase, Phase::Due(_));
            if self.cases.get(&slot).is_some_and(is_due) {
                self.watched.disarm(slot);
                continue;
            }
            let balance = Money::from_raw(ledger.balance(account.purse));
            let settled = settlement
                .as_ref()
                .ok()
                .and_then(|s| self.settled_account(&account, balance, s).ok());
            match settled {
                Some(settled) => self.watched.arm(slot, &settled),
                None => self.watched.arm_always(slot),
            }
        }
    }

    /// The slot that the next new account gets.
    pub(super) fn next_slot(&self) -> Result<u32, Refusal> {
        u32::try_from(self.accounts.len())
            .ok()
            .filter(|slot| *slot < Watched::SLOTS_MAX)
            .ok_or(Refusal::TooManyAccounts)
    }
}

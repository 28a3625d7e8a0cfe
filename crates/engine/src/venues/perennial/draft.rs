//! The working copy a command is carried out on.
//!
//! A [`Draft`] is a copy of what one command can change in a product, a [`Desk`] that and one
//! account. Money moves through the transaction, which takes it back on a refusal; the copy is
//! put back by [`Product::accept`] when the whole command has succeeded. So a refusal at any
//! point leaves the product as it was, without undoing anything.

use plimsoll_units::AccountId;

use super::account::Account;
use super::config::{Flags, ProductParams, Protocol};
use super::event::Event;
use super::flywheel::{Global, Settlement, Stamp};
use super::numbers::{Money, PerUnit, Ratio18, Size, abs, mul, take};
use super::params::Parameters;
use super::position::Role;
use super::product::{Owed, Product};
use crate::ledger::{Holder, HolderKind, Reason, Slot};
use crate::margin::versioned::requirement;
use crate::oracle::Version;
use crate::{Rejection, Tx};

/// What a command sees of the venue around the product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    pub(super) protocol: Protocol,
    pub(super) flags: Flags,
    pub(super) asset: plimsoll_units::AssetId,
    /// The world outside.
    pub(super) outside: Slot,
    /// The protocol's fees.
    pub(super) protocol_fees: Slot,
}

/// A working copy of a product's own state.
#[derive(Debug)]
pub(super) struct Draft<'p> {
    pub(super) product: &'p Product,
    pub(super) around: Around,
    pub(super) parameters: Parameters,
    pub(super) global: Global,
    stamped: Option<Stamp>,
}

/// A working copy of a product and one of its accounts.
#[derive(Debug)]
pub(super) struct Desk<'p> {
    pub(super) draft: Draft<'p>,
    pub(super) account: Account,
    pub(super) slot: u32,
    /// A reward to pay when the account's pending close settles.
    owed: Option<Owed>,
    /// Who was paid such a reward.
    credited: Option<AccountId>,
}

/// What a draft became, free of the product it was copied from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    parameters: Parameters,
    global: Global,
    stamped: Option<Stamp>,
    account: Option<ChangedAccount>,
}

#[derive(Debug, Clone, Copy)]
struct ChangedAccount {
    slot: u32,
    account: Account,
    owed: Option<Owed>,
    credited: Option<AccountId>,
}

/// Slots whose accounts a change has touched.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Accepted {
    /// The account it was about.
    pub(super) slot: Option<u32>,
    /// A liquidator whose collateral was credited.
    pub(super) credited: Option<u32>,
}

impl<'p> Draft<'p> {
    pub(super) fn new(product: &'p Product, around: &Around) -> Self {
        Self {
            product,
            around: *around,
            parameters: Parameters {
                params: product.params,
                pending: product.pending_fees,
                closed: product.closed,
            },
            global: product.global,
            stamped: None,
        }
    }

    pub(super) fn params(&self) -> &ProductParams {
        &self.parameters.params
    }

    /// The newest version: what "current price" means.
    pub(super) fn newest(&self) -> Version {
        self.product.history.latest()
    }

    /// Settles the product to the newest version and books its fees.
    ///
    /// Refused with the contract's panic when the fees are more than the money there is: the
    /// product is then stuck until somebody brings money.
    pub(super) fn settle(&mut self, tx: &mut Tx<'_>) -> Result<Settlement, Rejection> {
        let settlement = self.product.preview(&self.around.protocol)?;
        if !settlement.moved || self.global.latest_version == settlement.to.number {
            return Ok(settlement);
        }
        self.global.take(&settlement);
        self.stamped = Some(settlement.through);
        let changed = self.parameters.pending.apply(&mut self.parameters.params);
        self.book_fees(tx, settlement.fee)?;
        let product = self.product.market;
        for param in changed.into_iter().flatten() {
            tx.emit(Event::ParamChanged { product, param });
        }
        Ok(settlement)
    }

    /// The protocol's share is truncated, in favour of the product's owner.
    fn book_fees(&mut self, tx: &mut Tx<'_>, fee: i128) -> Result<(), Rejection> {
        let protocol_fee = mul(fee, self.around.protocol.protocol_fee.raw())?;
        let product_fee = take(fee, protocol_fee)?;
        self.global.total = Money::from_raw(take(self.global.total.raw(), fee)?);
        let purses = self.product.purses;
        let to_protocol = self.around.protocol_fees;
        tx.pay(
            purses.clearing,
            to_protocol,
            protocol_fee,
            Reason::ProtocolShare,
        )?;
        tx.pay(
            purses.clearing,
            purses.fees,
            product_fee,
            Reason::MarketShare,
        )?;
        tx.emit(Event::ProductSettled {
            product: self.product.market,
            version: self.global.latest_version,
            protocol_fee: Money::from_raw(protocol_fee),
            product_fee: Money::from_raw(product_fee),
        });
        Ok(())
    }

    /// Money comes in from outside.
    pub(super) fn bring_in(&mut self, amount: Money) -> Result<(), Rejection> {
        self.global.total = self.global.total.add(amount)?;
        Ok(())
    }

    /// Money leaves to the outside: refused with the contract's panic when there is less.
    pub(super) fn let_out(&mut self, amount: Money) -> Result<(), Rejection> {
        self.global.total = Money::from_raw(take(self.global.total.raw(), amount.raw())?);
        Ok(())
    }

    pub(super) fn into_change(self) -> Change {
        Change {
            parameters: self.parameters,
            global: self.global,
            stamped: self.stamped,
            account: None,
        }
    }
}

impl<'p> Desk<'p> {
    /// A working copy for `id`, with a new account if the product has none for it.
    pub(super) fn new(
        product: &'p Product,
        around: &Around,
        id: AccountId,
        tx: &mut Tx<'_>,
    ) -> Result<Self, Rejection> {
        if let Some(desk) = product
            .find(id)
            .and_then(|slot| Self::at(product, around, slot))
        {
            return Ok(desk);
        }
        let slot = product.next_slot()?;
        let purse = tx.open(
            Holder::collateral(tx.venue, product.market, id),
            around.asset,
        )?;
        Ok(Self {
            draft: Draft::new(product, around),
            account: Account::new(id, purse),
            slot,
            owed: None,
            credited: None,
        })
    }

    /// A working copy for the account at `slot`, if there is one.
    pub(super) fn at(product: &'p Product, around: &Around, slot: u32) -> Option<Self> {
        Some(Self {
            draft: Draft::new(product, around),
            account: *product.slot(slot)?,
            slot,
            owed: product.owed.get(&slot).copied(),
            credited: None,
        })
    }

    /// The account's collateral now.
    pub(super) fn balance(&self, tx: &Tx<'_>) -> Money {
        Money::from_raw(tx.balance(self.account.purse))
    }

    /// Settles the product, then the account, to the newest version; lifts the lock when what it
    /// waited for has settled, and pays the reward that waited with it.
    pub(super) fn settle(&mut self, tx: &mut Tx<'_>) -> Result<(), Rejection> {
        let settlement = self.draft.settle(tx)?;
        let balance = self.balance(tx);
        let settled = self
            .draft
            .product
            .settled_account(&self.account, balance, &settlement)?;
        let Some(amount) = settled.amount else {
            return Ok(());
        };
        self.account = settled.account;
        self.book(tx, amount, Reason::Settlement)?;
        if settled.pre_settled
            && let Some(owed) = self.owed.take()
        {
            self.pay_owed(tx, owed)?;
        }
        Ok(())
    }

    /// Settles a signed amount to the account. A loss beyond its balance becomes the product's
    /// shortfall: a balance is never below zero, and later gains are not netted against it.
    pub(super) fn book(
        &self,
        tx: &mut Tx<'_>,
        amount: Money,
        reason: Reason,
    ) -> Result<(), Rejection> {
        let (purse, purses) = (self.account.purse, self.draft.product.purses);
        let mut new_shortfall = Money::ZERO;
        if amount.is_negative() {
            let loss = amount.neg()?;
            let covered = loss.min(self.balance(tx));
            new_shortfall = loss.sub(covered)?;
            tx.pay(purse, purses.clearing, covered.raw(), reason)?;
            let uncovered = Reason::ShortfallIncurred;
            tx.pay(
                purses.shortfall,
                purses.clearing,
                new_shortfall.raw(),
                uncovered,
            )?;
        } else {
            tx.pay(purses.clearing, purse, amount.raw(), reason)?;
        }
        tx.emit(Event::AccountSettled {
            product: self.draft.product.market,
            account: self.account.id,
            amount,
            new_shortfall,
        });
        Ok(())
    }

    /// The fee on trading `amount`, debited at once; nothing is booked for a fee of zero. Both
    /// products truncate, in favour of the account.
    pub(super) fn book_trade_fee(
        &self,
        tx: &mut Tx<'_>,
        role: Role,
        amount: Size,
    ) -> Result<(), Rejection> {
        let fee = self.trade_fee(role, amount)?;
        if fee.is_zero() {
            return Ok(());
        }
        self.book(tx, fee.neg()?, Reason::PositionFee)
    }

    /// `amount * |price| * fee` at the newest version, which the product is settled at.
    pub(super) fn trade_fee(&self, role: Role, amount: Size) -> Result<Money, Rejection> {
        let price = abs(self.draft.newest().price)?;
        let fee = self.draft.params().trade_fee(role);
        Ok(Money::from_raw(mul(mul(amount.raw(), price)?, fee.raw())?))
    }

    /// What the settled position needs: pending changes count for nothing.
    pub(super) fn maintenance(&self) -> Result<Money, Rejection> {
        self.needed(self.account.size, self.draft.params().maintenance)
    }

    /// What `size` needs at the newest price.
    pub(super) fn needed(&self, size: Size, ratio: Ratio18) -> Result<Money, Rejection> {
        let price = PerUnit::from_raw(self.draft.newest().price);
        Ok(requirement(size, price, ratio)?)
    }

    /// Adds to what is pending, the account's and the product's.
    pub(super) fn ask(&mut self, role: Role, open: Size, close: Size) -> Result<(), Rejection> {
        if self.account.is_flat() && !open.is_zero() {
            self.account.role = role;
            self.account.entry = self.draft.global.value.of(role);
        }
        let version = self.draft.global.latest_version;
        self.account.open = self.account.open.add(open)?;
        self.account.close = self.account.close.add(close)?;
        self.account.pre_version = version;
        let pre = &mut self.draft.global.pre;
        pre.oracle_version = version;
        *pre.open.of_mut(role) = pre.open.of(role).add(open)?;
        *pre.close.of_mut(role) = pre.close.of(role).add(close)?;
        Ok(())
    }

    /// Pays a reward that waited: what is left for it, into the liquidator's own collateral.
    fn pay_owed(&mut self, tx: &mut Tx<'_>, owed: Owed) -> Result<(), Rejection> {
        self.credited = Some(owed.to);
        let reward = owed.amount.min(self.balance(tx));
        let reason = Reason::LiquidationReward;
        tx.pay(self.account.purse, owed.purse, reward.raw(), reason)?;
        tx.emit(Event::RewardPaid {
            product: self.draft.product.market,
            account: self.account.id,
            liquidator: owed.to,
            reward,
        });
        Ok(())
    }

    pub(super) fn into_change(self) -> Change {
        let Self {
            draft,
            account,
            slot,
            owed,
            credited,
        } = self;
        let account = Some(ChangedAccount {
            slot,
            account,
            owed,
            credited,
        });
        Change {
            account,
            ..draft.into_change()
        }
    }
}

impl Change {
    /// Notes a reward to be paid when the account's pending close settles.
    pub(super) fn owe(&mut self, owed: Owed) {
        if let Some(changed) = &mut self.account {
            changed.owed = Some(owed);
        }
    }
}

impl Product {
    /// Puts a working copy back.
    pub(super) fn accept(&mut self, change: Change) -> Accepted {
        self.params = change.parameters.params;
        self.pending_fees = change.parameters.pending;
        self.closed = change.parameters.closed;
        self.global = change.global;
        if let Some(stamp) = change.stamped {
            self.stamps.stamp(stamp.version, stamp.value);
        }
        let Some(changed) = change.account else {
            return Accepted::default();
        };
        let slot = changed.slot;
        match changed.owed {
            Some(owed) => self.owed.insert(slot, owed),
            None => self.owed.remove(&slot),
        };
        self.put(slot, changed.account);
        let credited = changed.credited.and_then(|id| self.index.get(&id).copied());
        Accepted {
            slot: Some(slot),
            credited,
        }
    }

    fn put(&mut self, slot: u32, account: Account) {
        let before = self.slot(slot).map_or(0, |a| a.pre_version);
        if before != account.pre_version {
            // The new wait is counted before the old one ends: a stamp both need stays.
            if account.pre_version != 0 {
                self.stamps.await_after(account.pre_version);
            }
            if before != 0 {
                self.stamps.release(before);
            }
        }
        match usize::try_from(slot)
            .ok()
            .and_then(|at| self.accounts.get_mut(at))
        {
            Some(place) => *place = account,
            None => {
                self.index.insert(account.id, slot);
                self.accounts.push(account);
            }
        }
    }

    /// The purse of an account, opened empty if there is none, so that it can be paid. To be
    /// called when nothing can fail any more but this.
    pub(super) fn ensure_account(
        &mut self,
        around: &Around,
        id: AccountId,
        tx: &mut Tx<'_>,
    ) -> Result<Slot, Rejection> {
        if let Some(account) = self.account(id) {
            return Ok(account.purse);
        }
        let slot = self.next_slot()?;
        let purse = tx.open(Holder::collateral(tx.venue, self.market, id), around.asset)?;
        self.put(slot, Account::new(id, purse));
        Ok(purse)
    }
}

/// The venue-wide holders.
pub(super) fn venue_purses(
    asset: plimsoll_units::AssetId,
    tx: &mut Tx<'_>,
) -> Result<(Slot, Slot), Rejection> {
    let outside = tx.open(Holder::of_venue(HolderKind::Outside, tx.venue), asset)?;
    let fees = tx.open(Holder::of_venue(HolderKind::ProtocolFees, tx.venue), asset)?;
    Ok((outside, fees))
}

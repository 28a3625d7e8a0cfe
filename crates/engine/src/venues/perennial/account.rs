//! One account in one product: its position, what is pending, its lock, and its settlement.
//!
//! Source: `AccountPosition`, `AccountAccumulator`, `Product._settleAccount`. An account is a
//! maker or a taker, never both, so one side with three sizes says everything the contract's two
//! do. Its collateral is its balance in the ledger.
//!
//! Invariants: nothing is closed that is not open (`close <= size + open`); what is pending was
//! asked for at `latest_version`; `entry` is the side's accumulator at `latest_version`.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, ArithmeticError};

use super::accumulate::Value;
use super::numbers::{Money, PerUnit, Size, add, mul};
use super::position::{Position, PrePosition, Role};
use super::refusal::Refusal;
use crate::ledger::Slot;
use crate::margin::versioned::Exposure;

/// One account in one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// Size that counts since the last settlement.
    pub(super) size: Size,
    /// Size to open.
    pub(super) open: Size,
    /// Size to close.
    pub(super) close: Size,
    /// The side's accumulator at `latest_version`.
    pub(super) entry: PerUnit,
    /// The version it was last settled at.
    pub(super) latest_version: u64,
    /// The version at which the pending sizes were asked for; 0 for none.
    pub(super) pre_version: u64,
    /// Whose it is.
    pub(super) id: AccountId,
    /// Where its collateral is kept.
    pub(super) purse: Slot,
    /// Its side.
    pub(super) role: Role,
    /// Locked by a liquidation until the pending sizes settle.
    pub(super) locked: bool,
}

/// An account as it would be, settled at the newest version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    /// The account.
    pub(super) account: Account,
    /// What its collateral hangs on from here: its size, and the balance and accumulator of the
    /// last version at which the size changed. The balance is not floored at zero, because
    /// losses before and after that version are settled in one sum.
    pub(super) exposure: Exposure,
    /// The one amount to settle, signed; `None` where it is at the newest version already.
    pub(super) amount: Option<Money>,
    /// Whether what was pending has settled, and with it the lock.
    pub(super) pre_settled: bool,
}

impl Settled {
    /// The collateral after settlement.
    pub(super) fn collateral(&self, balance: Money) -> Result<Money, ArithmeticError> {
        let moved = balance.add(self.amount.unwrap_or_default())?;
        Ok(moved.max(Money::ZERO))
    }
}

impl Account {
    pub(super) fn new(id: AccountId, purse: Slot) -> Self {
        Self {
            size: Size::ZERO,
            open: Size::ZERO,
            close: Size::ZERO,
            entry: PerUnit::ZERO,
            latest_version: 0,
            pre_version: 0,
            id,
            purse,
            role: Role::Maker,
            locked: false,
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn id(&self) -> AccountId {
        self.id
    }

    /// Its side; meaningful unless it is flat.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether it has neither a position nor anything pending.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.size.is_zero() && self.open.is_zero() && self.close.is_zero()
    }

    /// The position that counts, by side.
    #[must_use]
    pub fn position(&self) -> Position {
        Position::one_sided(self.role, self.size)
    }

    /// What is pending, by side.
    #[must_use]
    pub fn pre(&self) -> PrePosition {
        PrePosition {
            oracle_version: self.pre_version,
            open: Position::one_sided(self.role, self.open),
            close: Position::one_sided(self.role, self.close),
        }
    }

    /// Whether it is locked by a liquidation. The lock is lifted by the settlement of what is
    /// pending, whenever that is carried out.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// The version it was last settled at.
    #[must_use]
    pub fn latest_version(&self) -> u64 {
        self.latest_version
    }

    /// The size once what is pending has settled.
    pub(super) fn next_size(&self) -> Result<Size, ArithmeticError> {
        self.size.add(self.open)?.sub(self.close)
    }

    /// The version whose accumulators its settlement at `to` needs besides those of `to`.
    pub(super) fn stops_at(&self, to: u64) -> Option<u64> {
        let through = self.pre_version.saturating_add(1);
        (self.pre_version != 0 && through < to).then_some(through)
    }

    /// The account settled at version `to`, whose accumulators are `value`; `through` are those
    /// of the version named by [`Self::stops_at`].
    ///
    /// Both products truncate toward zero, separately: a gain is rounded against the account, a
    /// loss in its favour, by less than one raw unit each.
    pub(super) fn settled(
        &self,
        balance: Money,
        to: u64,
        value: &Value,
        through: &Value,
    ) -> Result<Settled, Refusal> {
        let exposure = Exposure {
            size: self.size,
            collateral: balance,
            entry: self.entry,
        };
        let mut settled = Settled {
            account: *self,
            exposure,
            amount: None,
            pre_settled: false,
        };
        if self.latest_version == to {
            return Ok(settled);
        }
        let mut amount = 0;
        if self.pre_version != 0 && to > self.pre_version {
            let stop = through.of(self.role);
            amount = self.gained(self.entry, stop)?;
            settled.pre_settled = true;
            let account = &mut settled.account;
            account.size = self.next_size()?;
            (account.open, account.close) = (Size::ZERO, Size::ZERO);
            (account.pre_version, account.locked) = (0, false);
            settled.exposure = Exposure {
                size: account.size,
                collateral: Money::from_raw(add(balance.raw(), amount)?),
                entry: stop,
            };
        }
        let account = &mut settled.account;
        let last = account.gained(settled.exposure.entry, value.of(self.role))?;
        settled.amount = Some(Money::from_raw(add(amount, last)?));
        account.latest_version = to;
        account.entry = value.of(self.role);
        Ok(settled)
    }

    fn gained(&self, from: PerUnit, to: PerUnit) -> Result<i128, ArithmeticError> {
        mul(self.size.raw(), to.sub(from)?.raw())
    }
}

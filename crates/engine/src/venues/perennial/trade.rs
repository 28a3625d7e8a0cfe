//! Opening and closing positions.
//!
//! Source: `Product.openMakeFor` and its three siblings. Everything asked for counts from the next
//! oracle version on; the fee is debited at once. The order of refusals is that of the contract's
//! modifiers: what is looked at before the trade outside in, what is looked at after it inside
//! out.

use plimsoll_units::AccountId;

use super::draft::Desk;
use super::event::Event;
use super::numbers::{Money, Ratio18, Size};
use super::position::{Position, Role};
use super::refusal::Refusal;
use crate::{Rejection, Tx};

/// Which way a position is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Open,
    Close,
}

/// A trade that is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trade {
    pub(super) account: AccountId,
    pub(super) role: Role,
    pub(super) change: Change,
    pub(super) amount: Size,
}

impl Trade {
    /// Carries the trade out on `desk`, the account's working copy.
    pub(super) fn carry_out(&self, desk: &mut Desk<'_>, tx: &mut Tx<'_>) -> Result<(), Rejection> {
        desk.settle(tx)?;
        let bootstrapping = desk.draft.global.latest_version == 0;
        if self.change == Change::Open && self.role == Role::Maker && bootstrapping {
            return Err(Refusal::OracleBootstrapping.into());
        }
        if desk.account.locked {
            return Err(Refusal::InLiquidation.into());
        }
        match self.change {
            Change::Open => self.open(desk, tx)?,
            Change::Close => self.close(desk, tx)?,
        }
        tx.emit(self.event(desk));
        Ok(())
    }

    fn open(&self, desk: &mut Desk<'_>, tx: &mut Tx<'_>) -> Result<(), Rejection> {
        desk.book_trade_fee(tx, self.role, self.amount)?;
        let double_sided = self.is_other_side(desk);
        let next = if double_sided {
            // The contract has added it to the other side by now, and asks for the larger one.
            desk.account.next_size()?.max(self.amount)
        } else {
            desk.ask(self.role, self.amount, Size::ZERO)?;
            desk.account.next_size()?
        };
        let needed = desk.needed(next, desk.draft.params().entry_ratio())?;
        if needed > desk.balance(tx) {
            return Err(Refusal::InsufficientCollateral.into());
        }
        if double_sided {
            return Err(Refusal::DoubleSided.into());
        }
        match self.role {
            Role::Maker => maker_limit(desk),
            Role::Taker => liquidity(desk),
        }
    }

    fn close(&self, desk: &mut Desk<'_>, tx: &mut Tx<'_>) -> Result<(), Rejection> {
        desk.book_trade_fee(tx, self.role, self.amount)?;
        let open = if self.is_other_side(desk) {
            Size::ZERO
        } else {
            desk.account.next_size()?
        };
        if self.amount > open {
            return Err(Refusal::OverClosed.into());
        }
        desk.ask(self.role, Size::ZERO, self.amount)?;
        match self.role {
            Role::Maker => liquidity(desk),
            Role::Taker => Ok(()),
        }
    }

    /// Whether the account already has something on the other side than the one asked for.
    fn is_other_side(&self, desk: &Desk<'_>) -> bool {
        !self.amount.is_zero() && !desk.account.is_flat() && desk.account.role != self.role
    }

    fn event(&self, desk: &Desk<'_>) -> Event {
        let product = desk.draft.product.market;
        let version = desk.draft.global.latest_version;
        let Self {
            account,
            role,
            amount,
            ..
        } = *self;
        match self.change {
            Change::Open => Event::Opened {
                product,
                account,
                role,
                amount,
                version,
            },
            Change::Close => Event::Closed {
                product,
                account,
                role,
                amount,
                version,
            },
        }
    }
}

fn next(desk: &Desk<'_>) -> Result<Position, Refusal> {
    desk.draft.global.pre.next(&desk.draft.global.position)
}

fn maker_limit(desk: &Desk<'_>) -> Result<(), Rejection> {
    if next(desk)?.maker > desk.draft.params().maker_limit {
        return Err(Refusal::MakerOverLimit.into());
    }
    Ok(())
}

/// Takers may not outnumber makers from the next version on, unless the product is closed.
fn liquidity(desk: &Desk<'_>) -> Result<(), Rejection> {
    if desk.draft.parameters.closed {
        return Ok(());
    }
    let socialization = next(desk)?.socialization()?;
    if socialization < Ratio18::ONE {
        return Err(Refusal::InsufficientLiquidity { socialization }.into());
    }
    Ok(())
}

/// Moves money out of an account, to its owner.
///
/// Source: `Collateral.withdrawFrom`. The rest must carry the position that counts and the one
/// that will, and be zero or reach the minimum.
pub(super) fn withdraw(
    desk: &mut Desk<'_>,
    tx: &mut Tx<'_>,
    amount: Option<Money>,
) -> Result<Money, Rejection> {
    desk.settle(tx)?;
    let balance = desk.balance(tx);
    let amount = amount.unwrap_or(balance);
    if amount > balance {
        return Err(Refusal::UNDERFLOW.into());
    }
    desk.draft.let_out(amount)?;
    let outside = desk.draft.around.outside;
    tx.pay(
        desk.account.purse,
        outside,
        amount.raw(),
        crate::ledger::Reason::Withdrawal,
    )?;
    let ratio = desk.draft.params().entry_ratio();
    let larger = desk.account.size.max(desk.account.next_size()?);
    if desk.needed(larger, ratio)? > desk.balance(tx) {
        return Err(Refusal::CollateralInsufficient.into());
    }
    check_minimum(desk, tx)?;
    Ok(amount)
}

/// Moves money into an account. Nothing is settled.
///
/// Source: `Collateral.depositTo`.
pub(super) fn deposit(
    desk: &mut Desk<'_>,
    tx: &mut Tx<'_>,
    amount: Money,
) -> Result<(), Rejection> {
    desk.draft.bring_in(amount)?;
    let outside = desk.draft.around.outside;
    tx.pay(
        outside,
        desk.account.purse,
        amount.raw(),
        crate::ledger::Reason::Deposit,
    )?;
    check_minimum(desk, tx)
}

fn check_minimum(desk: &Desk<'_>, tx: &Tx<'_>) -> Result<(), Rejection> {
    let balance = desk.balance(tx);
    if !balance.is_zero() && balance < desk.draft.around.protocol.min_collateral {
        return Err(Refusal::UnderLimit.into());
    }
    Ok(())
}

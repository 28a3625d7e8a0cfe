//! The account as a stage sees it: nothing but what a liquidation needs.
//!
//! A venue implements [`Subject`] for its kind of account; a stage is written against the trait
//! and so works for every venue whose account can answer. Amounts are raw integers on the
//! venue's own grid.

use crate::Rejection;
use crate::ledger::Reason;
use crate::tx::Tx;

/// Equity against requirement. Which comparison makes an account liquidatable (strict or not)
/// is the venue's rule; see its trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// What the account has.
    pub equity: i128,
    /// What it needs.
    pub requirement: i128,
}

/// Who receives money in a liquidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Payee {
    /// Whoever registered the liquidation first.
    FirstCaller,
    /// Whoever carries it out.
    Resolver,
    /// The venue's bearer of losses: vault, insurance fund.
    Backstop,
}

/// How much of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portion {
    /// All of it.
    All,
    /// Just enough for the account to meet its requirement again.
    ToRequirement,
}

/// How a position is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// Removed; its result stays with the backstop, whose the collateral already is.
    Forfeit,
    /// Closed at the oracle price in force; the result is settled at once.
    AtOracle(Portion),
    /// Queued; settles at the next oracle version.
    NextVersion(Portion),
}

/// What a close did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Size closed or queued to close, raw.
    pub size: i128,
    /// Loss that the collateral did not cover, raw; zero when not known before settlement.
    pub shortfall: i128,
}

/// How borrowed liquidity is repaid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repayment {
    /// The liquidator brings it and gets collateral for it.
    WithLp,
    /// The collateral itself is turned into it.
    FromCollateral,
    /// Together with the debts of other loans.
    InBatch,
}

/// An account under liquidation.
pub trait Subject {
    /// Equity and requirement now.
    ///
    /// # Errors
    /// When a number does not fit.
    fn health(&self, tx: &Tx<'_>) -> Result<Health, Rejection>;

    /// Collateral now.
    fn collateral(&self, tx: &Tx<'_>) -> i128;

    /// Takes `amount` of the collateral and gives it to `payee`.
    ///
    /// # Errors
    /// When the collateral does not suffice, or the venue's own books do not, or this kind of
    /// account has no single collateral to take from.
    fn seize(
        &mut self,
        _tx: &mut Tx<'_>,
        _payee: Payee,
        _amount: i128,
        _reason: Reason,
    ) -> Result<(), Rejection> {
        Err(Rejection::NoSuchStage("seizure of a single collateral"))
    }

    /// Closes the position.
    ///
    /// # Errors
    /// When the venue's rules refuse, or this kind of account cannot be closed this way.
    fn close(&mut self, _tx: &mut Tx<'_>, _how: Close) -> Result<Closed, Rejection> {
        Err(Rejection::NoSuchStage("close at a price"))
    }

    /// Repays debt against collateral; returns how much.
    ///
    /// # Errors
    /// When the venue's rules refuse, or this kind of account owes nothing that can be repaid.
    fn repay(&mut self, _tx: &mut Tx<'_>, _how: Repayment) -> Result<i128, Rejection> {
        Err(Rejection::NoSuchStage("repay"))
    }

    /// Writes down the debt that the collateral does not cover; returns how much.
    ///
    /// # Errors
    /// When the venue's own books refuse, or this kind of account has no debt.
    fn write_down(&mut self, _tx: &mut Tx<'_>) -> Result<i128, Rejection> {
        Err(Rejection::NoSuchStage("write-down"))
    }
}

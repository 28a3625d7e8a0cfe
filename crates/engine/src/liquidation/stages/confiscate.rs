//! Confiscate: the whole collateral is taken; first caller and resolver get their shares, the
//! backstop the rest and the position's result.
//!
//! Source: TsunamiX V2, "If liquidated the trader will lose all of the collateral in their
//! position"; shares after the public contracts (`LiquidateVault.liquidatePosition`).

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Rounding, mul_div};

use crate::Rejection;
use crate::ledger::{LedgerError, Reason};
use crate::liquidation::{Close, Payee, StageKind, Step, Subject};
use crate::tx::Tx;

/// The scale of bounty shares: 100,000 is all.
pub const SHARE_ONE: i128 = 100_000;

/// The shares of a confiscated collateral, in 1/100,000. What they leave is the backstop's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Confiscate {
    /// Share of whoever registered the liquidation first.
    pub first_caller_e5: u32,
    /// Share of whoever carries it out.
    pub resolver_e5: u32,
}

/// How one collateral is shared out, raw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// To the first caller.
    pub first_caller: i128,
    /// To the resolver.
    pub resolver: i128,
    /// To the backstop.
    pub backstop: i128,
}

impl Confiscate {
    /// Shares `collateral` out. Both bounties round down, in favour of the backstop, which gets
    /// the remainder: the three are never negative and always sum to `collateral`.
    ///
    /// # Errors
    /// [`Rejection::SharesOverOne`], however little there is to share;
    /// [`LedgerError::Negative`] when there is less than nothing.
    pub fn split(&self, collateral: i128) -> Result<Split, Rejection> {
        let shares = i128::from(self.first_caller_e5).saturating_add(self.resolver_e5.into());
        if shares > SHARE_ONE {
            return Err(Rejection::SharesOverOne {
                first_caller_e5: self.first_caller_e5,
                resolver_e5: self.resolver_e5,
            });
        }
        if collateral < 0 {
            return Err(LedgerError::Negative(collateral).into());
        }
        let share = |e5: u32| mul_div(collateral, e5.into(), SHARE_ONE, Rounding::Down);
        let (first_caller, resolver) = (share(self.first_caller_e5)?, share(self.resolver_e5)?);
        let backstop = collateral
            .checked_sub(first_caller)
            .and_then(|left| left.checked_sub(resolver))
            .ok_or(plimsoll_units::ArithmeticError::Overflow)?;
        Ok(Split {
            first_caller,
            resolver,
            backstop,
        })
    }

    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let collateral = subject.collateral(tx);
        let split = self.split(collateral)?;
        // The loss is measured while the collateral is still the position's.
        let health = subject.health(tx)?;
        subject.seize(
            tx,
            Payee::FirstCaller,
            split.first_caller,
            Reason::FirstCallerBounty,
        )?;
        subject.seize(tx, Payee::Resolver, split.resolver, Reason::ResolverBounty)?;
        subject.seize(tx, Payee::Backstop, split.backstop, Reason::Confiscation)?;
        subject.close(tx, Close::Forfeit)?;
        let shortfall = health
            .equity
            .checked_neg()
            .map_or(i128::MAX, |loss| loss.max(0));
        Ok(Step::Next {
            stage: StageKind::Confiscate,
            amount: collateral,
            shortfall,
        })
    }
}

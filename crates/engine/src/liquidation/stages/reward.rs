//! Reward: the liquidator gets a share of the requirement, out of the collateral.
//!
//! Source: Perennial V1, "a liquidation reward equal to the maintenance requirement of the
//! account times the liquidationFee" (`Collateral.liquidate`, which adds the cap by the collateral
//! and the floor under the requirement).

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Fixed, Rounding};

use crate::Rejection;
use crate::ledger::Reason;
use crate::liquidation::{Case, Payee, StageKind, Step, Subject};
use crate::tx::Tx;

/// Which collateral caps the reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum RewardCap {
    /// What the account had when the case was opened, before any fee of the liquidation.
    AtTrigger,
    /// What it has now, after the stages before this one.
    Now,
}

/// Reward the liquidator. Amounts have 18 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reward {
    /// Share of the requirement, 1e18 = all.
    pub fee: Fixed<18>,
    /// The requirement counts as at least this much.
    pub minimum_requirement: i128,
    /// Which collateral caps the reward.
    pub cap: RewardCap,
}

impl Reward {
    /// `min(collateral, max(requirement, minimum) * fee)`, rounded down in favour of the account,
    /// and never negative: an account below zero pays no reward, and receives none.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn amount(&self, requirement: i128, collateral: i128) -> Result<i128, Rejection> {
        let base = Fixed::<18>::from_raw(requirement.max(self.minimum_requirement));
        let uncapped = base.mul(self.fee, Rounding::Down)?;
        Ok(uncapped.raw().min(collateral).max(0))
    }

    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        case: &Case,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let collateral = match self.cap {
            RewardCap::AtTrigger => case.trigger.collateral,
            RewardCap::Now => subject.collateral(tx),
        };
        let amount = self.amount(case.trigger.requirement, collateral)?;
        subject.seize(tx, Payee::Resolver, amount, Reason::LiquidationReward)?;
        Ok(Step::Next {
            stage: StageKind::Reward,
            amount,
            shortfall: 0,
        })
    }
}

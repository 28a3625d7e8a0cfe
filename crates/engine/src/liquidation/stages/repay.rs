//! Repay: borrowed liquidity is paid back against the collateral.
//!
//! Source: GammaSwap V1, "liquidateWithLP", "liquidate" and "batchLiquidations".

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Rejection;
use crate::liquidation::{Repayment, StageKind, Step, Subject};
use crate::tx::Tx;

/// Repay debt against collateral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Repay {
    /// With what.
    pub how: Repayment,
}

impl Repay {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let amount = subject.repay(tx, self.how)?;
        Ok(Step::Next {
            stage: StageKind::Repay,
            amount,
            shortfall: 0,
        })
    }
}

//! Write-down: the debt that the collateral does not cover is given up; the lenders bear it.
//!
//! Source: GammaSwap V1, "the rest of the debt is written down and passed as a loss to LPs".

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Rejection;
use crate::liquidation::{StageKind, Step, Subject};
use crate::tx::Tx;

/// Write down the debt that the collateral does not cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WriteDown;

impl WriteDown {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let amount = subject.write_down(tx)?;
        Ok(Step::Next {
            stage: StageKind::WriteDown,
            amount,
            shortfall: amount,
        })
    }
}

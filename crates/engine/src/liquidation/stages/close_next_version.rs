//! Close at the next version: the position is queued to close, and the account is locked until
//! the oracle version after this one settles.
//!
//! Source: Perennial V1, "a liquidation must sit in a pending state until the next oracle update"
//! (`Product.closeAll`).

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Rejection;
use crate::liquidation::{Close, Portion, StageKind, Step, Subject};
use crate::tx::Tx;

/// Queue a close at the next oracle version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CloseNextVersion {
    /// How much of the position.
    pub portion: Portion,
}

impl CloseNextVersion {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let closed = subject.close(tx, Close::NextVersion(self.portion))?;
        let (amount, shortfall) = (closed.size, closed.shortfall);
        Ok(Step::Next {
            stage: StageKind::CloseNextVersion,
            amount,
            shortfall,
        })
    }
}

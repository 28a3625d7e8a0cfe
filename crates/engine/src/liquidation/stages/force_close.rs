//! Force-close: the position is closed at the oracle price in force and settled at once, by the
//! venue's own rule for a close.
//!
//! Source: TsunamiX V2, "In the event that one's profit exceeds 1% of TVL, then the position will
//! be forced closed".

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Rejection;
use crate::liquidation::{Close, Portion, StageKind, Step, Subject};
use crate::tx::Tx;

/// Close at the oracle price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ForceClose;

impl ForceClose {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let closed = subject.close(tx, Close::AtOracle(Portion::All))?;
        let (amount, shortfall) = (closed.size, closed.shortfall);
        Ok(Step::Next {
            stage: StageKind::ForceClose,
            amount,
            shortfall,
        })
    }
}

//! Socialise: what an account owes beyond everything else is shared by the accounts in profit.
//!
//! Source: Kyan, "losses are socialised" when the insurance fund is exhausted; in proportion to
//! profit, and never more than it.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Rejection;
use crate::liquidation::{StageKind, Step, Subject};
use crate::tx::Tx;

/// Share a loss among accounts in profit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Socialise {
    /// Only the accounts with positions in the markets of the case, or everybody's.
    pub same_market: bool,
}

impl Socialise {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let amount = subject.socialise(tx, self.same_market)?;
        if amount == 0 {
            return Ok(Step::Nothing);
        }
        // The loss was counted where it arose; here it only finds its bearers.
        Ok(Step::Next {
            stage: StageKind::Socialise,
            amount,
            shortfall: 0,
        })
    }
}

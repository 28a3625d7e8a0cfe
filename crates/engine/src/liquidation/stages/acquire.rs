//! Acquire: the backstop takes over all positions of the account and what is left of its money.
//!
//! Source: Kuma, "the insurance fund (IF) acquires" the positions of a liquidated wallet, at the
//! price that leaves it with nothing (`liquidateWalletInMaintenance`).
//!
//! A backstop that cannot carry the positions (its own margin, the size it may hold, its caps on
//! losses) takes nothing, and the account is left to the next stage.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Rejection;
use crate::liquidation::{Acquired, StageKind, Step, Subject};
use crate::tx::Tx;

/// Take the account over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Acquire;

impl Acquire {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        Ok(match subject.acquire(tx)? {
            Acquired::NotDue | Acquired::Unable => Step::Nothing,
            Acquired::Taken { amount, shortfall } => Step::Next {
                stage: StageKind::Acquire,
                amount,
                shortfall,
            },
        })
    }
}

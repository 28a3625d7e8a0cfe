//! Hand-off: what the backstop acquired goes to liquidation partners, at terms agreed beforehand.
//!
//! Source: Kuma, Liquidation Partner Program, "attempts to hand off any positions acquired by the
//! IF at predetermined pricing terms to the LP as a first resort".

use borsh::{BorshDeserialize, BorshSerialize};

use super::Total;
use crate::Rejection;
use crate::liquidation::{StageKind, Step, Subject};
use crate::tx::Tx;

/// Hand acquired positions to partners, as much as they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HandOff;

impl HandOff {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let mut total = Total::default();
        for lot in subject.inventory(tx)? {
            total.add(subject.hand_off(tx, lot.market, lot.quantity)?)?;
        }
        Ok(total.step(StageKind::HandOff))
    }
}

//! Deleverage: what nobody took is reduced against accounts on the other side of its market.
//!
//! Source: Kuma, `deleverageInMaintenanceAcquisition` (an account the backstop could not take
//! over, at its bankruptcy price) and `deleverageInsuranceFundClosure` (what the backstop holds
//! and cannot trade away, at its entry price). Who is chosen is the policy's, see
//! [`crate::backstop::deleverage`]: under `minimal` no more is reduced than the deficit needs,
//! under the others everything that is due.

use borsh::{BorshDeserialize, BorshSerialize};

use super::Total;
use crate::Rejection;
use crate::backstop::deleverage::Policy;
use crate::liquidation::{Lot, StageKind, Step, Subject, Whose};
use crate::tx::Tx;

/// Reduce against counterparties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Deleverage {
    /// Whose positions.
    pub whose: Whose,
    /// How counterparties are chosen, and how much is reduced.
    pub policy: Policy,
}

impl Deleverage {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        let lots = match self.whose {
            Whose::Account => subject.positions(tx)?,
            Whose::Backstop => subject.inventory(tx)?,
        };
        if lots.is_empty() {
            return Ok(Step::Nothing);
        }
        let mut total = Total::default();
        for lot in &lots {
            let quantity = self.quantity(tx, subject, lot)?;
            if quantity > 0 {
                let cut = subject.deleverage(tx, self.whose, lot.market, quantity, self.policy)?;
                total.add(cut)?;
            }
        }
        Ok(total.step(StageKind::Deleverage))
    }

    fn quantity<S: Subject>(self, tx: &Tx<'_>, subject: &S, lot: &Lot) -> Result<i128, Rejection> {
        match self.policy {
            Policy::Queue | Policy::ProRata => Ok(lot.due),
            Policy::Minimal => Ok(subject.needed(tx, self.whose, lot.market)?.min(lot.due)),
        }
    }
}

//! The procedure: stages in order, until the account is restored or they are exhausted.

use super::{Case, CaseEvent, Stage, Step, Subject};
use crate::Rejection;
use crate::tx::Tx;

/// How far a walk came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walked {
    /// Every stage did its work, or the account was restored before the last.
    Done {
        /// Loss that the collateral did not cover, raw.
        shortfall: i128,
    },
    /// A stage waits for something that has not happened yet (an oracle version, a bidder).
    Waiting,
}

/// Walks a case through `stages`, starting with the first.
///
/// # Errors
/// The first stage's rejection. The caller rolls back to where the case began.
pub fn walk<S: Subject>(
    tx: &mut Tx<'_>,
    case: &Case,
    stages: &[Stage],
    subject: &mut S,
) -> Result<Walked, Rejection> {
    let mut shortfall = 0i128;
    for stage in stages {
        let step = stage.take(tx, case, subject)?;
        match step {
            Step::Next {
                stage,
                amount,
                shortfall: more,
            } => {
                shortfall = shortfall
                    .checked_add(more)
                    .ok_or(plimsoll_units::ArithmeticError::Overflow)?;
                tx.emit(CaseEvent::Stage {
                    case: case.id,
                    stage,
                    amount,
                });
            }
            Step::Restored => break,
            Step::Waiting { stage, amount } => {
                tx.emit(CaseEvent::Stage {
                    case: case.id,
                    stage,
                    amount,
                });
                return Ok(Walked::Waiting);
            }
        }
    }
    Ok(Walked::Done { shortfall })
}

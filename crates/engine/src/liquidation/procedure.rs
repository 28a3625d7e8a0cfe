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
    follow(tx, case, stages, |stage, tx| stage.take(tx, case, subject))
}

/// The walk itself, whatever a stage is: `take` does one stage's work.
fn follow<T>(
    tx: &mut Tx<'_>,
    case: &Case,
    stages: &[T],
    mut take: impl FnMut(&T, &mut Tx<'_>) -> Result<Step, Rejection>,
) -> Result<Walked, Rejection> {
    let mut total = 0i128;
    for stage in stages {
        let (stage, amount, waits) = match take(stage, tx)? {
            Step::Next {
                stage,
                amount,
                shortfall,
            } => {
                total = total
                    .checked_add(shortfall)
                    .ok_or(plimsoll_units::ArithmeticError::Overflow)?;
                (stage, amount, false)
            }
            Step::Restored => break,
            Step::Nothing => continue,
            Step::Later => return Ok(Walked::Waiting),
            Step::Waiting { stage, amount } => (stage, amount, true),
        };
        tx.emit(CaseEvent::Stage {
            case: case.id,
            stage,
            amount,
        });
        if waits {
            return Ok(Walked::Waiting);
        }
    }
    Ok(Walked::Done { shortfall: total })
}

#[cfg(test)]
mod tests;

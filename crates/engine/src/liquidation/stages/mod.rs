//! The stages: one file and one type each, usable by any venue whose account can answer.

mod close_next_version;
mod confiscate;
mod force_close;
mod repay;
mod reward;
mod write_down;

pub use close_next_version::CloseNextVersion;
pub use confiscate::{Confiscate, SHARE_ONE, Split};
pub use force_close::ForceClose;
pub use repay::Repay;
pub use reward::{Reward, RewardCap};
pub use write_down::WriteDown;

use super::{Case, StageKind, Subject};
use crate::Rejection;
use crate::tx::Tx;

/// One stage of a procedure, with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Take all collateral and share it out.
    Confiscate(Confiscate),
    /// Close at the oracle price.
    ForceClose(ForceClose),
    /// Queue a close at the next oracle version.
    CloseNextVersion(CloseNextVersion),
    /// Reward the liquidator.
    Reward(Reward),
    /// Repay debt against collateral.
    Repay(Repay),
    /// Write down the debt that the collateral does not cover.
    WriteDown(WriteDown),
}

/// What taking a stage led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Done; go on with the next stage.
    Next {
        /// What was done.
        stage: StageKind,
        /// How much was moved or closed, raw.
        amount: i128,
        /// Loss that the collateral did not cover, raw.
        shortfall: i128,
    },
    /// The account meets its requirement again; the remaining stages are not needed.
    Restored,
    /// Done what can be done now; the rest waits.
    Waiting {
        /// What was done.
        stage: StageKind,
        /// How much was moved or closed, raw.
        amount: i128,
    },
}

impl Stage {
    /// Does the stage's work on `subject`.
    ///
    /// # Errors
    /// When the venue's rules or books refuse; nothing of the stage may be kept then.
    pub fn take<S: Subject>(
        &self,
        tx: &mut Tx<'_>,
        case: &Case,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        match self {
            Self::Confiscate(stage) => stage.take(tx, subject),
            Self::ForceClose(stage) => stage.take(tx, subject),
            Self::CloseNextVersion(stage) => stage.take(tx, subject),
            Self::Reward(stage) => stage.take(tx, case, subject),
            Self::Repay(stage) => stage.take(tx, subject),
            Self::WriteDown(stage) => stage.take(tx, subject),
        }
    }
}

#[cfg(test)]
mod tests;

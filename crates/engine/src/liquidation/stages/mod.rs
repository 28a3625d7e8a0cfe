//! The stages: one file and one type each, usable by any venue whose account can answer.

mod acquire;
mod auction;
mod close_next_version;
mod close_on_book;
mod confiscate;
mod deleverage;
mod force_close;
mod hand_off;
mod hedge;
mod reduce;
mod repay;
mod reward;
mod socialise;
mod write_down;

pub use acquire::Acquire;
pub use auction::Auction;
pub use close_next_version::CloseNextVersion;
pub use close_on_book::{CloseOnBook, SLICE_ONE, Slicing};
pub use confiscate::{Confiscate, SHARE_ONE, Split};
pub use deleverage::Deleverage;
pub use force_close::ForceClose;
pub use hand_off::HandOff;
pub use hedge::Hedge;
pub use reduce::Reduce;
pub use repay::Repay;
pub use reward::{Reward, RewardCap};
pub use socialise::Socialise;
pub use write_down::WriteDown;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::ArithmeticError;

use super::{Case, Disposed, StageKind, Subject};
use crate::Rejection;
use crate::tx::Tx;

/// One stage of a procedure, with its parameters. Part of configurations: new ones at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
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
    /// The backstop takes the account's positions over.
    Acquire(Acquire),
    /// Hand acquired positions to partners.
    HandOff(HandOff),
    /// Trade acquired positions away on the order book.
    CloseOnBook(CloseOnBook),
    /// Reduce against counterparties.
    Deleverage(Deleverage),
    /// Reduce just enough.
    Reduce(Reduce),
    /// Trade the account's own positions on the book, just enough.
    Hedge(Hedge),
    /// Offer positions to bidders.
    Auction(Auction),
    /// Share a loss among accounts in profit.
    Socialise(Socialise),
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
    /// There was nothing for it to do; go on with the next stage.
    Nothing,
    /// Nothing can be done yet; it all waits.
    Later,
}

/// What a stage got rid of over several positions.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    amount: i128,
    shortfall: i128,
}

impl Total {
    fn add(&mut self, disposed: Disposed) -> Result<(), ArithmeticError> {
        let add = |a: i128, b: i128| a.checked_add(b).ok_or(ArithmeticError::Overflow);
        self.amount = add(self.amount, disposed.notional)?;
        self.shortfall = add(self.shortfall, disposed.shortfall)?;
        Ok(())
    }

    /// Reported when there was something to do.
    fn step(self, stage: StageKind) -> Step {
        let (amount, shortfall) = (self.amount, self.shortfall);
        if amount == 0 && shortfall == 0 {
            return Step::Nothing;
        }
        Step::Next {
            stage,
            amount,
            shortfall,
        }
    }

    /// As [`Total::step`], and what is left waits.
    fn wait(self, stage: StageKind) -> Step {
        match self.amount {
            0 => Step::Later,
            amount => Step::Waiting { stage, amount },
        }
    }
}

impl Stage {
    /// What kind of stage it is.
    #[must_use]
    pub const fn kind(&self) -> StageKind {
        match self {
            Self::Confiscate(_) => StageKind::Confiscate,
            Self::ForceClose(_) => StageKind::ForceClose,
            Self::CloseNextVersion(_) => StageKind::CloseNextVersion,
            Self::Reward(_) => StageKind::Reward,
            Self::Repay(_) => StageKind::Repay,
            Self::WriteDown(_) => StageKind::WriteDown,
            Self::Acquire(_) => StageKind::Acquire,
            Self::HandOff(_) => StageKind::HandOff,
            Self::CloseOnBook(_) => StageKind::CloseOnBook,
            Self::Deleverage(_) => StageKind::Deleverage,
            Self::Reduce(_) => StageKind::Reduce,
            Self::Hedge(_) => StageKind::Hedge,
            Self::Auction(_) => StageKind::Auction,
            Self::Socialise(_) => StageKind::Socialise,
        }
    }

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
            Self::Acquire(stage) => stage.take(tx, subject),
            Self::HandOff(stage) => stage.take(tx, subject),
            Self::CloseOnBook(stage) => stage.take(tx, case, subject),
            Self::Deleverage(stage) => stage.take(tx, subject),
            Self::Reduce(stage) => stage.take(tx, subject),
            Self::Hedge(stage) => stage.take(tx, subject),
            Self::Auction(stage) => stage.take(tx, subject),
            Self::Socialise(stage) => stage.take(tx, subject),
        }
    }
}

#[cfg(test)]
mod tests;

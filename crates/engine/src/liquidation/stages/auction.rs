//! Auction: positions are offered at an incentive that climbs until somebody takes them.
//!
//! Source: Kyan, step 3 (an incentive above fair value that climbs with time), for positions of
//! any account: the account's own, or what the backstop took over from it. The stage only offers;
//! bids arrive as commands, and each that is taken is told by itself.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Rejection;
use crate::auction::Ladder;
use crate::liquidation::{Offered, Step, Subject};
use crate::tx::Tx;

/// Offer positions to bidders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Auction {
    /// How the incentive climbs. When it is exhausted, the next stage takes over.
    pub ladder: Ladder,
    /// No more is sold than restores the account, while it has equity left.
    pub just_enough: bool,
}

impl Auction {
    pub(super) fn take<S: Subject>(
        self,
        tx: &mut Tx<'_>,
        subject: &mut S,
    ) -> Result<Step, Rejection> {
        if subject.inventory(tx)?.is_empty() {
            return Ok(Step::Nothing);
        }
        Ok(match subject.auction(tx, &self.ladder, self.just_enough)? {
            Offered::Standing => Step::Later,
            Offered::Over => Step::Nothing,
        })
    }
}

//! Auction: positions are offered at an incentive that climbs until somebody takes them.
//!
//! Source: Kyan, step 3 (an incentive above fair value that climbs with time), for positions of
//! any account: the account's own, or what the backstop took over from it.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::auction::Ladder;

/// Offer positions to bidders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Auction {
    /// How the incentive climbs. When it is exhausted, the next stage takes over.
    pub ladder: Ladder,
    /// No more is sold than restores the account, while it has equity left.
    pub just_enough: bool,
}

//! Hedge: the account's own positions are traded on the order book, just enough to restore it.
//!
//! Source: Kyan, step 1: "close perps" for accounts of perpetuals, "hedge" for others. For linear
//! positions the two are one: what lowers the requirement most for what it trades goes first, and
//! no more than the account needs.

use borsh::{BorshDeserialize, BorshSerialize};

/// Trade the account's own positions on the book, just enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hedge {
    /// How far from the mark orders may fill at most, in basis points.
    pub collar_bps: Option<u32>,
    /// How far above its requirement the account is brought, in 1/100,000 of the requirement: a
    /// cushion, so that the next small move does not bring it back.
    pub cushion_e5: u32,
}

//! Socialise: what an account owes beyond everything else is shared by the accounts in profit.
//!
//! Source: Kyan, "losses are socialised" when the insurance fund is exhausted; in proportion to
//! profit, and never more than it.

use borsh::{BorshDeserialize, BorshSerialize};

/// Share a loss among accounts in profit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Socialise {
    /// Only the accounts with positions in the markets of the case, or everybody's.
    pub same_market: bool,
}

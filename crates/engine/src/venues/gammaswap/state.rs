//! The whole state of a pair and its pool as a chain shows it: to start a venue from, and to read.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::AccountId;

use super::Storage;

/// One wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Wallet {
    /// Whose.
    pub account: AccountId,
    /// Reserve tokens.
    pub tokens: [u128; 2],
    /// LP tokens.
    pub lp: u128,
    /// Shares of the pool.
    pub shares: u128,
}

/// One loan, without what only this engine knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LoanState {
    /// Who borrowed.
    pub owner: AccountId,
    /// Its own threshold; zero for the pool's.
    pub threshold_bps: u16,
    /// Debt when last touched, in invariant units.
    pub liquidity: u128,
    /// Principal, in invariant units.
    pub init_liquidity: u128,
    /// Principal, in LP tokens.
    pub lp_tokens: u128,
    /// The fee index when last touched.
    pub rate_index: u128,
    /// Its collateral.
    pub held: [u128; 2],
}

/// Everything.
///
/// A starting state need not list everybody: collateral beyond the listed loans' belongs to
/// loans that are not listed, LP tokens and shares beyond the listed wallets' to the world
/// outside. Loans get the ids 1, 2, and so on.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct State {
    /// The block it is the state of.
    pub block: u64,
    /// The pool's books.
    pub storage: Storage,
    /// The pair's reserves now.
    pub reserves: [u128; 2],
    /// The pair's LP supply now.
    pub supply: u128,
    /// Reserve tokens the pool's address holds, tracked or not.
    pub pool_tokens: [u128; 2],
    /// LP tokens the pool's address holds, tracked or not.
    pub pool_lp: u128,
    /// The wallets, by account.
    pub wallets: Vec<Wallet>,
    /// The loans, in the order of their ids.
    pub loans: Vec<LoanState>,
}

//! Pool histories: how a constant-product pool stood, day by day.
//!
//! A state is what a chain shows of a pair: both reserves and the LP supply, exactly, in raw
//! units. [`load`] reads the states of a file; [`bundled`] has a few dozen published states of
//! the USDC/WETH pool of Uniswap V2 over the year 2021. Neither repairs anything: a day that is
//! missing, doubled, out of order or not a state is refused with file, line and value.
//!
//! Between two recorded states a [`PoolPath`] has states that nobody recorded, so that a day is
//! not one jump: reserves and supply on a straight line of their logarithms, and for the bundle,
//! whose states are days apart, a random bridge of the price on top. [`PoolState`]s say which
//! they are, and so does the [`PoolRecord`] of the report. How a venue's pair is brought from one
//! state to the next is the replay's business.
//!
//! Invariants: times rise strictly, reserves and supply are above zero and below the largest a
//! pair can record; recorded states are exact as written, cut at the token's decimals; the same
//! input and seed give the same path on every machine.

mod bundled;
mod error;
mod path;
mod read;
mod record;

use plimsoll_units::Timestamp;

pub use bundled::bundled;
pub use error::{PoolError, PoolProblem};
pub use path::{Between, PoolPath, timeline};
pub use read::{MAX_STATES, load, read_states};
pub use record::PoolRecord;

/// One of a pair's tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its symbol.
    pub symbol: String,
    /// Its decimals.
    pub decimals: u8,
}

impl Token {
    /// The tokens of the bundled history.
    #[must_use]
    pub fn usdc_weth() -> [Self; 2] {
        [("USDC", 6), ("WETH", 18)].map(|(symbol, decimals)| Self {
            symbol: symbol.to_owned(),
            decimals,
        })
    }
}

/// A pair at a moment, in raw units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolState {
    /// When.
    pub time: Timestamp,
    /// Its reserves.
    pub reserves: [u128; 2],
    /// Its LP supply.
    pub supply: u128,
    /// Whether it was recorded; else it is a step between two that were.
    pub recorded: bool,
}

/// Decimals of LP tokens.
pub const LP_DECIMALS: u8 = 18;

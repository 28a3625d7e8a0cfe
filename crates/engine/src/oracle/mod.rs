//! Prices by version.
//!
//! A price counts once, under a version that is strictly newer than the last; an operator may
//! ask that it be fresh and that it not jump. Prices are raw integers on the venue's own grid.
//! [`Feed`] keeps the newest price only; [`History`] keeps the versions that are still needed,
//! for venues that settle at a version in the past.

mod feed;
mod history;

pub use feed::{Feed, Guards};
pub use history::{History, Version};

use plimsoll_units::{MarketId, Timestamp};

/// Why a price was refused, or is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OracleError {
    /// Not strictly newer than the last one.
    #[error("version {given} of {market} is not newer than version {current}")]
    NotNewer {
        /// The market.
        market: MarketId,
        /// The version in force.
        current: u64,
        /// The version offered.
        given: u64,
    },
    /// Newer by its number, but from before the last one.
    #[error("version {version} of {market} is from {given}, before the last one, from {last}")]
    Backdated {
        /// The market.
        market: MarketId,
        /// The version offered.
        version: u64,
        /// The time of the version in force.
        last: Timestamp,
        /// The time offered.
        given: Timestamp,
    },
    /// A price that is zero or negative where the venue needs a positive one.
    #[error("the price {price} (raw) of {market} is not positive")]
    NotPositive {
        /// The market.
        market: MarketId,
        /// The price offered, raw.
        price: i128,
    },
    /// Too far from the last price.
    #[error(
        "the price {price} (raw) of {market} is more than {max_ppm} ppm away from the last, {last}"
    )]
    Deviation {
        /// The market.
        market: MarketId,
        /// The last price, raw.
        last: i128,
        /// The price offered, raw.
        price: i128,
        /// The bound, in parts per million of the last price.
        max_ppm: u32,
    },
    /// The newest price is too old to act on.
    #[error("the price of {market} is from {published}, too old at {now}")]
    Stale {
        /// The market.
        market: MarketId,
        /// When it was published.
        published: Timestamp,
        /// The time of the command.
        now: Timestamp,
    },
    /// Published later than the command that carries it.
    #[error("the price of {market} is from {published}, after the command's own time {now}")]
    FromTheFuture {
        /// The market.
        market: MarketId,
        /// When it says it was published.
        published: Timestamp,
        /// The time of the command.
        now: Timestamp,
    },
    /// No price has arrived yet.
    #[error("{0} has no price yet")]
    Missing(MarketId),
    /// A version that was never published, or is no longer kept.
    #[error("version {version} of {market} is not known")]
    UnknownVersion {
        /// The market.
        market: MarketId,
        /// The version asked for.
        version: u64,
    },
}

#[cfg(test)]
mod tests;

//! Auctions: positions offered at fair value with an incentive that rises until somebody takes
//! them, and shares of a whole portfolio offered at a price that falls.
//!
//! Both are arithmetic on raw integers and a [`Clock`] that is driven by commands; they know no
//! venue, no account and no order book. A venue asks for the price of the moment, posts it, and
//! tells what was filled.
//!
//! * [`Ladder`]: one instrument, limit price = mark plus (buying) or minus (selling) an incentive
//!   that climbs a level every interval up to a cap (Kyan's page, step 3);
//! * [`settlement`]: what a fill of such an order costs the account, and who pays when the account
//!   cannot (fee, bankruptcy, the fund's takeover);
//! * [`portfolio`]: bids for a share of everything an account has, as Derive's `DutchAuction` does.
//!
//! Invariants: the incentive of a level never depends on how often the price was re-marked; a
//! frozen clock does not climb; the account never pays a fee it does not have.

mod clock;
mod ladder;
pub mod portfolio;
pub mod settlement;

pub use clock::Clock;
pub use ladder::{LEVELS_MAX, Ladder, limit_price, must_repeg};

use plimsoll_units::{ArithmeticError, Duration, Rate, Timestamp};

/// Why an auction has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuctionError {
    /// A ladder climbs in steps of time.
    #[error("the interval of the auction is {0}; it must be positive")]
    Interval(Duration),
    /// More levels than a ladder may have.
    #[error("the auction has {0} levels; at most {limit} are allowed", limit = LEVELS_MAX)]
    Levels(u32),
    /// A rate outside its range.
    #[error("{what} is {rate}; it must be from 0 to {most}")]
    Rate {
        /// Which one.
        what: &'static str,
        /// As configured.
        rate: Rate<6>,
        /// The largest allowed.
        most: Rate<6>,
    },
    /// A price grid without a step.
    #[error("the price grid has a step of {0} (raw); it must be positive")]
    Tick(i128),
    /// An incentive is a share of a price, and prices are positive.
    #[error("the {what} is {raw} (raw); it must not be negative")]
    Negative {
        /// Which number.
        what: &'static str,
        /// Its value.
        raw: i128,
    },
    /// A share of a portfolio is above zero and at most one.
    #[error("the share bid for is {0}; it must be above 0 and at most 1")]
    Share(Rate<18>),
    /// The account is not under its maintenance requirement.
    #[error("the account's margin is {0} (raw); only an account below zero is auctioned")]
    NotUnder(i128),
    /// A bid for an auction that is over, or has to change its branch first.
    #[error("the auction takes no bids: {0}")]
    NoBids(&'static str),
    /// The price moved past what the bidder allows.
    #[error("the bidder allows {allowed} (raw), the auction asks for {asked} (raw)")]
    Limit {
        /// What the bidder pays at most; negative when the bidder is paid.
        allowed: i128,
        /// What the auction asks for.
        asked: i128,
    },
    /// Clocks run forward.
    #[error("the auction's clock was last set at {last}, {given} is before that")]
    TimeWentBack {
        /// When the clock was started or frozen.
        last: Timestamp,
        /// The time given.
        given: Timestamp,
    },
    /// A number does not fit.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

#[cfg(test)]
mod tests;

//! Exact numbers for liquidation engines.
//!
//! Money is never a float here. Every value is an `i128` integer with its number of decimals in
//! the type ([`Fixed`]), and what it measures in the type too ([`Price`], [`Quantity`],
//! [`Amount`], [`Notional`], [`Rate`]): a quantity cannot be passed where a notional is meant,
//! which is the very slip in the worked example of one venue's page.
//!
//! Invariants:
//! * Every multiplication and division that can lose something takes a [`Rounding`]; there are no
//!   `*` and `/` operators on these types.
//! * Every operation is checked: what does not fit is an [`ArithmeticError`], never a wrap, never
//!   a panic.
//! * Products are formed in 256 or 512 bits before they are divided, so the result is that of the
//!   exact rational number, rounded once.
//! * Parsing and printing decimal text is exact and round-trips; text with more decimals than the
//!   type holds is refused, not rounded.
//!
//! A position's worth, and what the types keep from being said:
//!
//! ```
//! use plimsoll_units::{Notional, Price, Quantity, Rounding};
//!
//! fn fee_base(notional: Notional<6>) -> Notional<6> {
//!     notional
//! }
//! let (size, price) = (Quantity::<8>::from_int(2)?, Price::<8>::from_int(50_000)?);
//! let worth: Notional<6> = size.at(price, Rounding::Down)?;
//! assert_eq!(fee_base(worth).to_string(), "100000");
//! # Ok::<(), plimsoll_units::ArithmeticError>(())
//! ```
//!
//! A quantity is not a notional, even with the same decimals:
//!
//! ```compile_fail,E0308
//! use plimsoll_units::{Notional, Quantity};
//!
//! fn fee_base(notional: Notional<6>) -> Notional<6> {
//!     notional
//! }
//! let size = Quantity::<6>::ONE;
//! fee_base(size);
//! ```
//!
//! Numbers with different decimals do not mix, and a float does not become a price:
//!
//! ```compile_fail,E0308
//! use plimsoll_units::Notional;
//!
//! let worth: Notional<18> = Notional::<6>::ONE;
//! ```
//!
//! ```compile_fail,E0308
//! use plimsoll_units::Price;
//!
//! let price = Price::<8>::from(50_000.0);
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::float_arithmetic,
        clippy::expect_used,
        clippy::panic,
        clippy::unwrap_used
    )
)]
// Checked arithmetic returns a `Result`, which the operator traits cannot.
#![allow(clippy::should_implement_trait)]

mod fixed;
mod ids;
mod kinds;
mod ratio;
mod rounding;
mod text;
mod time;
mod wide;

pub use fixed::Fixed;
pub use ids::{AccountId, AssetId, CaseId, MarketId, PositionId, Side, VenueId};
pub use kinds::{Amount, Notional, Price, Quantity, Rate};
pub use ratio::Ratio;
pub use rounding::{Rounding, mul_div, round_quotient};
pub use text::{NumberTextError, format_scaled, parse_scaled};
pub use time::{Duration, Timestamp};
pub use wide::Wide;

/// Why an exact computation has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArithmeticError {
    /// The exact result does not fit the type.
    #[error("the result does not fit in 128 bits")]
    Overflow,
    /// Something was divided by zero.
    #[error("division by zero")]
    DivisionByZero,
}

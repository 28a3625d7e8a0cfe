//! Options: prices, greeks, surfaces, and the arrays of profit and loss that margin is summed from.
//!
//! This is the only room with floats, because the transcendental functions of an option's price
//! have no exact value to begin with. Three rules keep the engine deterministic all the same:
//!
//! * Every `exp`, `ln`, `pow` and `erfc` is `libm`'s, written in Rust, the same on every machine;
//!   what is left are `+ - * /` and square roots, which IEEE 754 rounds one way. Nothing is fused:
//!   Rust contracts no multiply-add by itself, and this room asks for none.
//! * Numbers come in as scaled integers and leave as scaled integers, rounded in [`door`], whose
//!   conversions refuse what is not a number or does not fit.
//! * What is summed is summed in integers ([`RiskArrays`]), so the order of an account's legs
//!   cannot change its margin.
//!
//! Bottom up: [`normal`] (the distribution), [`black`] (Black-76 and Black-Scholes with greeks),
//! [`svi`] and [`surface`] (implied volatility by strike and expiry), [`shock`] (volatility shocks
//! by tenor), [`grid`] (scenario sets), [`risk`] (unit profit and loss per scenario, and sums).
//! Units in here: money in quote units, time in years of 365 days, volatility and rates as
//! fractions a year.
#![allow(clippy::float_arithmetic)]

pub mod black;
pub mod door;
pub mod fit;
pub mod grid;
pub mod implied;
pub mod normal;
pub mod pmrm;
pub mod quoted;
pub mod risk;
pub mod shock;
pub mod surface;
pub mod svi;

pub use black::{Black76, BlackScholes, Greeks, OptionKind};
pub use grid::{Grid, Scenario, VolMove};
pub use risk::{Contract, Forward, Leg, Market, Pnl, RiskArrays, Unit, Vol, Worst};
pub use shock::VolShock;
pub use surface::{Slice, Smile, Surface};
pub use svi::{Arbitrage, RawSvi};

use std::fmt;

use plimsoll_units::{ArithmeticError, Timestamp};

/// Why something could not be priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PricingError {
    /// An input is not a number, or outside what is priced.
    #[error("{what} is {given}, but must be {must}")]
    Input {
        /// Which input.
        what: &'static str,
        /// Its value.
        given: Given,
        /// What it must be.
        must: &'static str,
    },
    /// A result does not fit the integers that leave this room.
    #[error("{what} of {given} does not fit {decimals} decimals in 64 bits")]
    DoesNotFit {
        /// Which result.
        what: &'static str,
        /// Its value.
        given: Given,
        /// Decimals it was to be rounded to.
        decimals: u32,
    },
    /// A scenario set is empty, too large, or has a scenario that cannot be priced.
    #[error("scenario {scenario}: {why}")]
    Grid {
        /// Its place in the set.
        scenario: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// A leg names an instrument that has no array.
    #[error("instrument {instrument} is not among the {known} that are priced")]
    UnknownInstrument {
        /// The instrument.
        instrument: u32,
        /// How many there are.
        known: usize,
    },
    /// A surface can be arbitraged.
    #[error("the smile that expires {expiry}: {why}")]
    Arbitrage {
        /// The expiry, the later one of two.
        expiry: Timestamp,
        /// What is wrong, and where.
        why: Arbitrage,
    },
    /// No smooth curve can be fitted to so few quotes.
    #[error("{given} quotes are too few for a curve of five parameters")]
    TooFewQuotes {
        /// How many there are.
        given: usize,
    },
    /// An option names an expiry that has no feeds.
    #[error("expiry {expiry} is not among the {known} that have feeds")]
    UnknownExpiry {
        /// The expiry, by place.
        expiry: usize,
        /// How many there are.
        known: usize,
    },
    /// A sum of profits and losses does not fit 128 bits.
    #[error("a portfolio's profit and loss does not fit in 128 bits")]
    Overflow,
    /// A product or quotient of money has no result.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

/// A float in an error, compared by its bits, so that errors can be compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Given(u64);

impl Given {
    /// Keeps `value`.
    #[must_use]
    pub fn of(value: f64) -> Self {
        Self(value.to_bits())
    }

    /// The value.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value(), f)
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value(), f)
    }
}

/// `value` when it is within `range`; NaN never is.
fn within(
    what: &'static str,
    value: f64,
    range: std::ops::RangeInclusive<f64>,
    must: &'static str,
) -> Result<f64, PricingError> {
    if range.contains(&value) {
        return Ok(value);
    }
    let given = Given::of(value);
    Err(PricingError::Input { what, given, must })
}

#[cfg(test)]
mod tests;

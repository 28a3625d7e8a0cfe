//! The door between integers and floats: how numbers come into this room, and how money leaves it.
//!
//! Coming in, a scaled integer becomes the nearest float of its value (exactly the float that its
//! decimal text would parse to, as long as the integer has no more than 53 bits and at most 22
//! decimals). Leaving, a float is multiplied by a power of ten and rounded in a named direction;
//! a result that is not finite or does not fit is refused, never saturated.

use plimsoll_units::Rounding;

use super::{Given, PricingError};

/// Decimals of money that leaves this room: prices, and profit and loss per unit.
pub const MONEY_DECIMALS: u32 = 8;

/// Decimals of delta, the one greek that margin rules use. Twelve, because it is multiplied with
/// the price of the underlying before it is compared with money.
pub const DELTA_DECIMALS: u32 = 12;

/// Milliseconds in the year that options are priced by: 365 days.
pub const YEAR_MILLIS: i64 = 365 * 86_400_000;

/// 2^63: the first float that does not fit in 64 bits with a sign.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// The value of `raw` with `decimals` decimals.
///
/// Nearest float of the integer, then nearest float of the quotient: one rounding when the integer
/// has at most 53 bits.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn enter(raw: i128, decimals: u32) -> f64 {
    raw as f64 / power_of_ten(decimals)
}

/// Years from a number of milliseconds.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn years(millis: i64) -> f64 {
    millis as f64 / YEAR_MILLIS as f64
}

/// `value` as an integer with `decimals` decimals, rounded as named. `what` is for the error.
///
/// The product with the power of ten is itself a float: below 2^53 units it is within half a unit
/// in the last place of exact, so a value within 1e-16 (relative) of a tie may fall on either side
/// of it, on every machine the same side.
///
/// # Errors
/// [`PricingError::DoesNotFit`] when the value is not finite or does not fit in 64 bits.
#[allow(clippy::cast_possible_truncation)]
pub fn leave(
    what: &'static str,
    value: f64,
    decimals: u32,
    rounding: Rounding,
) -> Result<i64, PricingError> {
    let scaled = value * power_of_ten(decimals);
    let rounded = match rounding {
        Rounding::Floor => libm::floor(scaled),
        Rounding::Ceil => libm::ceil(scaled),
        Rounding::Down => libm::trunc(scaled),
        Rounding::Up if scaled < 0.0 => libm::floor(scaled),
        Rounding::Up => libm::ceil(scaled),
        Rounding::HalfEven => libm::rint(scaled),
    };
    // Written so that NaN is refused too.
    if rounded > -LIMIT && rounded < LIMIT {
        return Ok(rounded as i64);
    }
    let given = Given::of(value);
    Err(PricingError::DoesNotFit {
        what,
        given,
        decimals,
    })
}

/// `10^decimals`, exact up to 22. More decimals than that do not occur in the types of `units`.
fn power_of_ten(decimals: u32) -> f64 {
    (0..decimals).fold(1.0, |power, _| power * 10.0)
}

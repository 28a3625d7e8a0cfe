//! Whether numbers of a scenario can be used, with messages that name the key and the value.
//!
//! The engine counts on grids (a fee in hundred-thousandths, money in millionths). A number
//! between two steps of a grid is refused here: rounding it silently would run another scenario
//! than the one that was written.

use super::Decimal;

const ONE: Decimal = Decimal::from_raw(10i128.pow(18));

/// The most a scenario may say of any money or quantity, in whole units: a trillion, far above
/// any venue, and far below where products of two numbers stop fitting.
pub(crate) const MONEY_MAX: i128 = 10i128.pow(12);

/// Refuses what is not above zero.
pub(super) fn positive(name: &str, value: Decimal) -> Result<(), String> {
    if value > Decimal::default() {
        return Ok(());
    }
    Err(format!("{name} {value} is not positive"))
}

/// Refuses what is below zero.
pub(super) fn not_negative(name: &str, value: Decimal) -> Result<(), String> {
    if value >= Decimal::default() {
        return Ok(());
    }
    Err(format!("{name} {value} is negative"))
}

/// Refuses what is not in 0..=1.
pub(super) fn fraction(name: &str, value: Decimal) -> Result<(), String> {
    if value >= Decimal::default() && value <= ONE {
        return Ok(());
    }
    Err(format!("{name} {value} is not in 0..=1"))
}

/// Refuses what has more than `decimals` decimals.
pub(super) fn grid(name: &str, value: Decimal, decimals: u32) -> Result<(), String> {
    let step = 10i128.pow(18u32.saturating_sub(decimals));
    if value.raw() % step == 0 {
        return Ok(());
    }
    Err(match decimals {
        0 => format!("{name} {value} is not a whole number"),
        _ => format!("{name} {value} has more than {decimals} decimals"),
    })
}

/// Refuses what is above `most`.
pub(super) fn at_most(name: &str, value: Decimal, most: Decimal) -> Result<(), String> {
    if value <= most {
        return Ok(());
    }
    Err(format!("{name} {value} is above {most}"))
}

/// Refuses what is no amount of money, positive and counted in millionths.
pub(super) fn money(name: &str, value: Decimal) -> Result<(), String> {
    positive(name, value)?;
    grid(name, value, 6)?;
    at_most(name, value, Decimal::from_raw(MONEY_MAX * 10i128.pow(18)))
}

/// Refuses what is no share that chance can decide on: 0 to 1 in millionths.
pub(super) fn chance(name: &str, value: Decimal) -> Result<(), String> {
    fraction(name, value)?;
    grid(name, value, 6)
}

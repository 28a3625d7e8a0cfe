//! The venue's numbers: 18 decimals everywhere, products and quotients truncated toward zero as
//! the contract's `UFixed18` and `Fixed18` do (root v0.2.0), unsigned results that would fall
//! below zero refused as the contract's `Panic(0x11)`.

use plimsoll_units::{Amount, ArithmeticError, Price, Quantity, Rate, Rounding, mul_div};

use super::refusal::Refusal;

/// Money, 18 decimals.
pub type Money = Amount<18>;
/// A price or an accumulator: money per unit of position, 18 decimals.
pub type PerUnit = Price<18>;
/// Size of a position, 18 decimals.
pub type Size = Quantity<18>;
/// A fraction, 18 decimals.
pub type Ratio18 = Rate<18>;

/// One, raw.
pub(super) const ONE: i128 = Money::ONE.raw();

/// `a * b`, raw, truncated toward zero.
pub(super) fn mul(a: i128, b: i128) -> Result<i128, ArithmeticError> {
    mul_div(a, b, ONE, Rounding::Down)
}

/// `a / b`, raw, truncated toward zero.
pub(super) fn div(a: i128, b: i128) -> Result<i128, ArithmeticError> {
    mul_div(a, ONE, b, Rounding::Down)
}

/// `a + b`, raw.
pub(super) fn add(a: i128, b: i128) -> Result<i128, ArithmeticError> {
    a.checked_add(b).ok_or(ArithmeticError::Overflow)
}

/// `a - b`, raw and signed.
pub(super) fn sub(a: i128, b: i128) -> Result<i128, ArithmeticError> {
    a.checked_sub(b).ok_or(ArithmeticError::Overflow)
}

/// `-a`.
pub(super) fn neg(a: i128) -> Result<i128, ArithmeticError> {
    a.checked_neg().ok_or(ArithmeticError::Overflow)
}

/// `|a|`.
pub(super) fn abs(a: i128) -> Result<i128, ArithmeticError> {
    a.checked_abs().ok_or(ArithmeticError::Overflow)
}

/// `a - b` of unsigned numbers: below zero is the contract's `Panic(0x11)`.
pub(super) fn take(a: i128, b: i128) -> Result<i128, Refusal> {
    let left = sub(a, b)?;
    if left < 0 {
        return Err(Refusal::UNDERFLOW);
    }
    Ok(left)
}

//! Named rounding: the one place where a remainder is dropped.
//!
//! Directions are those of the number line, plus the two that look at the magnitude:
//! `Down` is toward zero (what Solidity's `/` does), `Up` is away from zero.

use ruint::aliases::U256;

use crate::ArithmeticError;

/// Which neighbour a result takes when it falls between two representable numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// Toward zero (truncation).
    Down,
    /// Toward minus infinity.
    Floor,
    /// Toward plus infinity.
    Ceil,
    /// Away from zero.
    Up,
    /// To the nearest; a tie goes to the even neighbour. It favours nobody: for marks and unit
    /// profits that both sides of a position share, and for display; never for a payment.
    HalfEven,
}

/// Rounds `(-1)^negative * (quotient + remainder / divisor)` to an integer magnitude.
///
/// `half` is how twice the remainder compares with the divisor; it is looked at for
/// [`Rounding::HalfEven`] alone. Returns whether the magnitude must be raised by one.
pub(crate) fn raises(
    rounding: Rounding,
    negative: bool,
    inexact: bool,
    odd: bool,
    half: std::cmp::Ordering,
) -> bool {
    inexact
        && match rounding {
            Rounding::Down => false,
            Rounding::Up => true,
            Rounding::Floor => negative,
            Rounding::Ceil => !negative,
            Rounding::HalfEven => half.is_gt() || (half.is_eq() && odd),
        }
}

/// `a * b / c`, formed exactly in 256 bits and rounded once.
///
/// # Errors
/// [`ArithmeticError::DivisionByZero`] when `c` is zero, [`ArithmeticError::Overflow`] when the
/// rounded result does not fit an `i128`.
pub fn mul_div(a: i128, b: i128, c: i128, rounding: Rounding) -> Result<i128, ArithmeticError> {
    if c == 0 {
        return Err(ArithmeticError::DivisionByZero);
    }
    let negative = (a < 0) ^ (b < 0) ^ (c < 0);
    let (ua, ub, uc) = (a.unsigned_abs(), b.unsigned_abs(), c.unsigned_abs());
    let Some(product) = ua.checked_mul(ub) else {
        return mul_div_wide(ua, ub, uc, negative, rounding);
    };
    // 64-bit division is several times cheaper than 128-bit; most prices and sizes fit it.
    let (quotient, remainder) = match (u64::try_from(product), u64::try_from(uc)) {
        (Ok(p), Ok(d)) => match (p.checked_div(d), p.checked_rem(d)) {
            (Some(q), Some(r)) => (u128::from(q), u128::from(r)),
            _ => return Err(ArithmeticError::DivisionByZero),
        },
        _ => match (product.checked_div(uc), product.checked_rem(uc)) {
            (Some(q), Some(r)) => (q, r),
            _ => return Err(ArithmeticError::DivisionByZero),
        },
    };
    round_quotient(quotient, remainder, uc, negative, rounding)
}

fn mul_div_wide(
    a: u128,
    b: u128,
    c: u128,
    negative: bool,
    rounding: Rounding,
) -> Result<i128, ArithmeticError> {
    // Two 128-bit factors always fit 256 bits, so this multiplication cannot overflow.
    let product = U256::from(a).widening_mul::<256, 4, 512, 8>(U256::from(b));
    let product = product.wrapping_to::<U256>();
    let (quotient, remainder) = product.div_rem(U256::from(c));
    let quotient = u128::try_from(quotient).map_err(|_| ArithmeticError::Overflow)?;
    let remainder = u128::try_from(remainder).map_err(|_| ArithmeticError::Overflow)?;
    round_quotient(quotient, remainder, c, negative, rounding)
}

/// Applies `rounding` to the magnitude `quotient + remainder / divisor` and gives it its sign.
///
/// # Errors
/// [`ArithmeticError::Overflow`] when the signed result does not fit an `i128`.
pub fn round_quotient(
    quotient: u128,
    remainder: u128,
    divisor: u128,
    negative: bool,
    rounding: Rounding,
) -> Result<i128, ArithmeticError> {
    let half = remainder.cmp(&divisor.saturating_sub(remainder));
    let raise = raises(rounding, negative, remainder != 0, quotient & 1 == 1, half);
    let magnitude = if raise {
        quotient.checked_add(1).ok_or(ArithmeticError::Overflow)?
    } else {
        quotient
    };
    signed(magnitude, negative)
}

/// `±magnitude` as an `i128`.
pub(crate) fn signed(magnitude: u128, negative: bool) -> Result<i128, ArithmeticError> {
    let value = if negative {
        0i128.checked_sub_unsigned(magnitude)
    } else {
        0i128.checked_add_unsigned(magnitude)
    };
    value.ok_or(ArithmeticError::Overflow)
}

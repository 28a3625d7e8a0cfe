//! What the results must be, computed with `num-bigint` and `num-integer`, and the inputs at
//! which implementations go wrong.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use plimsoll_units::{ArithmeticError, Rounding, Wide};
use proptest::prelude::*;

/// Every direction.
pub(crate) const ROUNDINGS: [Rounding; 5] = [
    Rounding::Down,
    Rounding::Floor,
    Rounding::Ceil,
    Rounding::Up,
    Rounding::HalfEven,
];

/// `numerator / denominator` on the integers, by the definition of the direction.
pub(crate) fn round(numerator: &BigInt, denominator: &BigInt, rounding: Rounding) -> BigInt {
    let floor = numerator.div_floor(denominator);
    let ceil = -((-numerator).div_floor(denominator));
    let toward_zero = if floor.is_negative() { &ceil } else { &floor };
    let away_from_zero = if floor.is_negative() { &floor } else { &ceil };
    let rounded = match rounding {
        Rounding::Floor => &floor,
        Rounding::Ceil => &ceil,
        Rounding::Down => toward_zero,
        Rounding::Up => away_from_zero,
        Rounding::HalfEven => {
            let below = (numerator - &floor * denominator).abs();
            let above = (&ceil * denominator - numerator).abs();
            match below.cmp(&above) {
                std::cmp::Ordering::Less => &floor,
                std::cmp::Ordering::Greater => &ceil,
                std::cmp::Ordering::Equal if floor.is_even() => &floor,
                std::cmp::Ordering::Equal => &ceil,
            }
        }
    };
    rounded.clone()
}

/// `numerator / denominator` as an `i128`, or the error it must be refused with.
pub(crate) fn quotient(
    numerator: &BigInt,
    denominator: &BigInt,
    rounding: Rounding,
) -> Result<i128, ArithmeticError> {
    if denominator.is_zero() {
        return Err(ArithmeticError::DivisionByZero);
    }
    to_i128(&round(numerator, denominator, rounding))
}

pub(crate) fn to_i128(value: &BigInt) -> Result<i128, ArithmeticError> {
    value.to_i128().ok_or(ArithmeticError::Overflow)
}

pub(crate) fn ten_to(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

/// Whether a `Wide` can hold the value.
pub(crate) fn fits_512(value: &BigInt) -> bool {
    value.bits() <= 512
}

pub(crate) fn wide(value: &BigInt) -> Wide {
    Wide::parse(&value.to_string()).unwrap()
}

/// An `i128` of any magnitude: uniform ones alone would nearly all be beyond 2^120, and never an
/// extreme, a power of ten, a tie or a neighbour of one of them.
pub(crate) fn any_i128() -> impl Strategy<Value = i128> {
    let any_size = (any::<i128>(), 0u32..128).prop_map(|(value, shift)| value >> shift);
    let near_power_of_two = (0u32..127, -2i128..=2).prop_map(|(bit, by)| (1i128 << bit) + by);
    let near_power_of_ten = (0u32..=38, -2i128..=2).prop_map(|(p, by)| 10i128.pow(p) + by);
    let extreme = (0i128..3, any::<bool>()).prop_map(|(by, top)| match top {
        true => i128::MAX - by,
        false => i128::MIN + by,
    });
    prop_oneof![
        6 => any_size,
        2 => near_power_of_two,
        2 => (near_power_of_ten, any::<bool>()).prop_map(|(v, flip)| if flip { -v } else { v }),
        2 => -12i128..=12,
        1 => extreme,
    ]
}

/// A value of up to 512 bits, of any size.
pub(crate) fn any_512() -> impl Strategy<Value = BigInt> {
    let any_size = (
        prop::collection::vec(any::<u8>(), 64),
        0u32..512,
        any::<bool>(),
    )
        .prop_map(|(bytes, shift, negative)| {
            let magnitude = BigInt::from_bytes_be(num_bigint::Sign::Plus, &bytes) >> shift;
            if negative { -magnitude } else { magnitude }
        });
    let extreme = (0u32..3, any::<bool>()).prop_map(|(by, negative)| {
        let magnitude: BigInt = (BigInt::from(1) << 512u32) - 1 - by;
        if negative { -magnitude } else { magnitude }
    });
    let factor = || any_i128().prop_map(BigInt::from);
    prop_oneof![
        4 => any_size,
        1 => extreme,
        3 => factor(),
        2 => (factor(), factor()).prop_map(|(a, b)| a * b),
        2 => (factor(), factor(), factor()).prop_map(|(a, b, c)| a * b * c),
    ]
}

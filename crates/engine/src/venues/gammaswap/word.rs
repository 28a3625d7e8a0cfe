//! Integers as the contracts compute with them: 256-bit words, checked, truncating division.
//!
//! The contracts are compiled with checked arithmetic, so an overflow, an underflow or a division
//! by zero reverts the call with a panic code; here each is a [`Refusal::Panic`] with that code.
//! A quotient is always rounded down unless a function says `up`; who gains by it is said where
//! it is used. Values are raw units.

use ruint::aliases::{U256, U512};

use super::Refusal;

/// `1.0` of every index and rate: 18 decimals.
pub const ONE: u128 = 1_000_000_000_000_000_000;
/// All basis points.
pub const BPS: u128 = 10_000;

/// The pair's two tokens.
pub(super) const BOTH: [usize; 2] = [0, 1];

/// The largest value of a contract's `uint96`.
pub(super) const MAX_U96: u128 = (1 << 96) - 1;
/// The largest value of a contract's `uint80`.
pub(super) const MAX_U80: u128 = (1 << 80) - 1;
/// The largest value of a contract's `uint64`.
pub(super) const MAX_U64: u128 = (1 << 64) - 1;

/// Solidity's panic code of a failed `assert`.
pub(super) const PANIC_ASSERT: u8 = 0x01;
/// Solidity's panic code of an overflow or underflow.
pub(super) const PANIC_OVERFLOW: u8 = 0x11;
/// Solidity's panic code of a division by zero.
pub(super) const PANIC_DIVISION: u8 = 0x12;

/// A word, or the revert it leads to.
pub(super) type Word = Result<U256, Refusal>;

/// A number as a word.
pub(super) fn w(value: u128) -> U256 {
    U256::from(value)
}

/// `a + b`.
pub(super) fn add(a: U256, b: U256) -> Word {
    a.checked_add(b).ok_or(Refusal::Panic(PANIC_OVERFLOW))
}

/// `a - b`.
pub(super) fn sub(a: U256, b: U256) -> Word {
    a.checked_sub(b).ok_or(Refusal::Panic(PANIC_OVERFLOW))
}

/// `a * b`.
pub(super) fn mul(a: U256, b: U256) -> Word {
    a.checked_mul(b).ok_or(Refusal::Panic(PANIC_OVERFLOW))
}

/// `a / b`, rounded down.
pub(super) fn div(a: U256, b: U256) -> Word {
    a.checked_div(b).ok_or(Refusal::Panic(PANIC_DIVISION))
}

/// `a * b / c`, rounded down; the product must fit a word, as in the contracts.
pub(super) fn mul_div(a: u128, b: u128, c: u128) -> Word {
    div(product(a, b), w(c))
}

/// `a * b`, which always fits.
pub(super) fn product(a: u128, b: u128) -> U256 {
    w(a).wrapping_mul(w(b))
}

/// The low 128 bits: a conversion `uint128(x)` of the contracts, which does not check.
pub(super) fn low(value: U256) -> u128 {
    value.wrapping_to::<u128>()
}

/// The value in 128 bits. The contracts keep amounts of LP tokens and shares in 256; no pair can
/// issue that many, so more is refused here.
pub(super) fn fit(value: U256) -> Result<u128, Refusal> {
    u128::try_from(value).map_err(|_| Refusal::TooLarge)
}

/// `a - b` of two amounts.
pub(super) fn less(a: u128, b: u128) -> Result<u128, Refusal> {
    a.checked_sub(b).ok_or(Refusal::Panic(PANIC_OVERFLOW))
}

/// `a + b` of two amounts.
pub(super) fn plus(a: u128, b: u128) -> Result<u128, Refusal> {
    a.checked_add(b).ok_or(Refusal::Panic(PANIC_OVERFLOW))
}

/// The value in 256 bits, if it fits.
pub(super) fn narrow(value: U512) -> Option<U256> {
    (value.bit_len() <= 256).then(|| value.wrapping_to())
}

/// The integer square root of a 256-bit word, rounded down.
#[must_use]
pub fn isqrt(x: U256) -> u128 {
    let bits = x.bit_len();
    if bits <= 128 {
        return low(x).isqrt();
    }
    // The top 127 or 128 bits give the root to 63 bits; Newton from above doubles that each step.
    let shift = bits.saturating_sub(127).next_multiple_of(2).min(128);
    let top = low(x.wrapping_shr(shift)).isqrt().wrapping_add(1);
    let mut root = w(top).wrapping_shl(shift >> 1);
    loop {
        let next = x
            .checked_div(root)
            .unwrap_or_default()
            .wrapping_add(root)
            .wrapping_shr(1);
        if next >= root {
            return low(root.min(w(u128::MAX)));
        }
        root = next;
    }
}

/// The integer square root of a 512-bit number, rounded down.
pub(super) fn isqrt_wide(x: U512) -> U256 {
    let bits = x.bit_len();
    if bits <= 128 {
        return w(x.wrapping_to::<u128>().isqrt());
    }
    let shift = bits.saturating_sub(127).next_multiple_of(2);
    let top = x.wrapping_shr(shift).wrapping_to::<u128>().isqrt();
    let mut root = U512::from(top)
        .wrapping_add(U512::from(1))
        .wrapping_shl(shift >> 1);
    loop {
        let next = x
            .checked_div(root)
            .unwrap_or_default()
            .wrapping_add(root)
            .wrapping_shr(1);
        if next >= root {
            return narrow(root).unwrap_or(U256::MAX);
        }
        root = next;
    }
}

/// The invariant of two amounts: the root of their product, rounded down.
#[must_use]
pub fn invariant(amounts: [u128; 2]) -> u128 {
    isqrt(product(amounts[0], amounts[1]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(x: U256) {
        let root = isqrt(x);
        let square = w(root).widening_mul::<256, 4, 512, 8>(w(root));
        let next = w(root).wrapping_add(w(1));
        let above = next.widening_mul::<256, 4, 512, 8>(next);
        assert!(square <= U512::from(x), "{root} is above the root of {x}");
        assert!(above > U512::from(x), "{root} is below the root of {x}");
        assert_eq!(isqrt_wide(U512::from(x)), w(root), "both roots of {x}");
    }

    #[test]
    fn roots_at_the_edges_of_the_word() {
        let one = w(1);
        for bit in 0..256usize {
            let power = one.wrapping_shl(bit);
            for x in [power, power.wrapping_sub(one), power.wrapping_add(one)] {
                check(x);
            }
        }
        for x in [U256::MAX, product(u128::MAX, u128::MAX), w(0), w(1), w(2)] {
            check(x);
        }
        assert_eq!(invariant([u128::MAX, u128::MAX]), u128::MAX);
    }

    #[test]
    fn roots_at_the_edges_of_the_double_word() {
        for bit in 1..512usize {
            let power = U512::from(1).wrapping_shl(bit);
            for x in [power.wrapping_sub(U512::from(1)), power] {
                let root = isqrt_wide(x);
                let square = root.widening_mul::<256, 4, 512, 8>(root);
                assert!(square <= x);
                assert!(x.wrapping_sub(square) <= U512::from(root).wrapping_shl(1));
            }
        }
    }

    proptest! {
        #[test]
        fn a_root_is_the_largest_integer_whose_square_fits(a: u128, b: u128, c: u128) {
            check(product(a, b));
            check(w(c).wrapping_mul(w(c)));
            check(w(c).wrapping_mul(w(c)).wrapping_sub(w(1)));
        }
    }

    #[test]
    fn a_panic_has_the_code_of_the_contracts() {
        let cases = [
            (sub(w(1), w(2)), PANIC_OVERFLOW),
            (add(U256::MAX, w(1)), PANIC_OVERFLOW),
            (mul(U256::MAX, w(2)), PANIC_OVERFLOW),
            (div(w(1), w(0)), PANIC_DIVISION),
        ];
        for (result, code) in cases {
            assert_eq!(result, Err(Refusal::Panic(code)));
        }
        assert_eq!(fit(w(u128::MAX)), Ok(u128::MAX));
        assert_eq!(fit(w(u128::MAX).wrapping_add(w(1))), Err(Refusal::TooLarge));
        assert_eq!(low(w(u128::MAX).wrapping_add(w(8))), 7);
    }
}

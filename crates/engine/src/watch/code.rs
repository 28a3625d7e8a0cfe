//! Levels as 64-bit codes that keep their order.
//!
//! A driver's level is an `i128`, a trip keeps only a `u64`: a sign, a binary exponent and a
//! mantissa, as a float has them but computed on integers alone. Levels below `2^57` in magnitude
//! have a code of their own; above that, neighbours closer than one part in `2^56` share one.
//!
//! The one property everything rests on: `encode` never decreases. So when a driver's level is at
//! or beyond a trip's level, its code is at or beyond the trip's code, and comparing codes with
//! "at or beyond" misses nothing, upwards or downwards. Two levels that share a code can only make
//! a trip pass early, by less than one part in `2^56`.
//!
//! No level has the code `0` or `u64::MAX`: the ladder uses them for "before all" and "never".

/// Magnitudes below `2^MANTISSA_BITS` are coded exactly. 57 is the most that leaves the codes of
/// all of `i128` inside 64 bits.
const MANTISSA_BITS: u32 = 57;
const SIGN: u64 = 1 << 63;

/// The code of `level`; never decreases as `level` grows.
#[inline]
#[must_use]
// `sign` is 0 or -1 and `mantissa` is below 2^57, so both casts keep the value; `shift` is at most
// 70, so `shift << 56` and the sum stay below 2^63.
#[allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub(super) const fn encode(level: i128) -> u64 {
    let sign = level >> 127;
    // `!level` for a negative level: -1, -2, ... become 0, 1, ..., so that the extremes mirror.
    let magnitude = (level ^ sign) as u128;
    let shift = (128 - MANTISSA_BITS).saturating_sub(magnitude.leading_zeros());
    let mantissa = (magnitude >> shift) as u64;
    let code = ((shift as u64) << (MANTISSA_BITS - 1)) + mantissa;
    (code | SIGN) ^ (sign as u64)
}

/// The smallest level with this code.
#[must_use]
pub(super) const fn smallest(code: u64) -> i128 {
    if code & SIGN == 0 {
        !last_magnitude(!code & !SIGN)
    } else {
        first_magnitude(code & !SIGN)
    }
}

/// The largest level with this code.
#[must_use]
pub(super) const fn largest(code: u64) -> i128 {
    if code & SIGN == 0 {
        !first_magnitude(!code & !SIGN)
    } else {
        last_magnitude(code & !SIGN)
    }
}

/// How far the mantissa was shifted in the code of a magnitude, and the mantissa.
// The code holds a shift of at most 70 above the mantissa's low 56 bits (see `encode`), so nothing
// here can overflow.
#[allow(clippy::arithmetic_side_effects)]
const fn parts(code: u64) -> (u64, u64) {
    let shift = (code >> (MANTISSA_BITS - 1)).saturating_sub(1);
    (shift, code - (shift << (MANTISSA_BITS - 1)))
}

// A 57-bit mantissa shifted by at most 70 stays below 2^127.
#[allow(clippy::arithmetic_side_effects)]
const fn first_magnitude(code: u64) -> i128 {
    let (shift, mantissa) = parts(code);
    (mantissa as i128) << shift
}

#[allow(clippy::arithmetic_side_effects)]
const fn last_magnitude(code: u64) -> i128 {
    let (shift, _) = parts(code);
    first_magnitude(code) + ((1 << shift) - 1)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All magnitudes alike: uniform `i128`s alone would nearly always be beyond 2^120.
    pub(in crate::watch) fn any_level() -> impl Strategy<Value = i128> {
        let scaled = (any::<i128>(), 0u32..128).prop_map(|(value, shift)| value >> shift);
        let near_powers = (0u32..127, -3i128..=3, any::<bool>()).prop_map(|(bit, by, flip)| {
            let level = (1i128 << bit) + by;
            if flip { !level } else { level }
        });
        let extremes = prop_oneof![
            (0i128..4).prop_map(|by| i128::MAX - by),
            (0i128..4).prop_map(|by| i128::MIN + by),
        ];
        prop_oneof![4 => scaled, 4 => near_powers, 1 => extremes]
    }

    #[test]
    fn the_order_survives_at_every_power_of_two() {
        let mut levels = vec![i128::MIN, i128::MAX];
        for bit in 0..127 {
            for by in -2..=2 {
                levels.push((1i128 << bit) + by);
                levels.push(-(1i128 << bit) + by);
            }
        }
        levels.sort_unstable();
        assert!(levels.windows(2).all(|w| encode(w[0]) <= encode(w[1])));
    }

    #[test]
    fn no_level_takes_the_codes_kept_for_before_all_and_never() {
        assert!(encode(i128::MIN) > 0);
        assert!(encode(i128::MAX) < u64::MAX);
    }

    #[test]
    fn levels_below_two_to_the_57_have_a_code_of_their_own() {
        let limit = 1i128 << MANTISSA_BITS;
        for level in [-limit, -limit + 1, -2, -1, 0, 1, limit - 2, limit - 1] {
            assert_eq!(
                (smallest(encode(level)), largest(encode(level))),
                (level, level)
            );
        }
        assert_eq!(encode(limit), encode(limit + 1));
        assert_eq!(encode(-limit - 1), encode(-limit - 2));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn a_larger_level_never_has_a_smaller_code(a in any_level(), b in any_level()) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(encode(low) <= encode(high));
        }

        #[test]
        fn neighbouring_levels_keep_their_order(a in any_level()) {
            prop_assert!(encode(a) <= encode(a.saturating_add(1)));
        }

        #[test]
        fn a_code_spans_a_gapless_range_of_levels(a in any_level()) {
            let code = encode(a);
            let (low, high) = (smallest(code), largest(code));
            prop_assert!(low <= a && a <= high);
            prop_assert_eq!(encode(low), code);
            prop_assert_eq!(encode(high), code);
            prop_assert!(low == i128::MIN || encode(low - 1) < code);
            prop_assert!(high == i128::MAX || encode(high + 1) > code);
        }

        #[test]
        fn levels_that_share_a_code_differ_by_less_than_one_part_in_two_to_the_56(a in any_level()) {
            let code = encode(a);
            let width = largest(code).abs_diff(smallest(code));
            prop_assert!(width <= a.unsigned_abs() >> 56);
        }
    }
}

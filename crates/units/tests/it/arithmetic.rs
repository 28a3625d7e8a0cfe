//! `mul_div`, `round_quotient` and `Fixed` against the reference, for every rounding.

use num_bigint::BigInt;
use plimsoll_units::{ArithmeticError, Fixed, Rounding, mul_div, round_quotient};
use proptest::prelude::*;

use crate::reference::{ROUNDINGS, any_i128, quotient, ten_to, to_i128};

fn check_mul_div(a: i128, b: i128, c: i128) {
    for rounding in ROUNDINGS {
        let expected = quotient(&(BigInt::from(a) * b), &c.into(), rounding);
        let actual = mul_div(a, b, c, rounding);
        assert_eq!(actual, expected, "{a} * {b} / {c} {rounding:?}");
    }
}

/// Everything that `Fixed<D>` computes from two numbers.
fn check_fixed<const D: u32>(a: i128, b: i128) {
    let (x, y) = (Fixed::<D>::from_raw(a), Fixed::<D>::from_raw(b));
    let (big_a, big_b, one) = (BigInt::from(a), BigInt::from(b), ten_to(D));
    let raw = |result: Result<Fixed<D>, ArithmeticError>| result.map(Fixed::raw);
    for rounding in ROUNDINGS {
        let product = quotient(&(&big_a * &big_b), &one, rounding);
        assert_eq!(
            raw(x.mul(y, rounding)),
            product,
            "{a} * {b}, {D} decimals, {rounding:?}"
        );
        let divided = quotient(&(&big_a * &one), &big_b, rounding);
        assert_eq!(
            raw(x.div(y, rounding)),
            divided,
            "{a} / {b}, {D} decimals, {rounding:?}"
        );
    }
    assert_eq!(raw(x.add(y)), to_i128(&(&big_a + &big_b)));
    assert_eq!(raw(x.sub(y)), to_i128(&(&big_a - &big_b)));
    assert_eq!(raw(x.neg()), to_i128(&-&big_a));
    assert_eq!(raw(x.abs()), to_i128(&BigInt::from(a.unsigned_abs())));
    assert_eq!(raw(Fixed::from_int(a)), to_i128(&(&big_a * &one)));
    assert_eq!(
        (x.is_zero(), x.is_negative(), x.is_positive()),
        (a == 0, a < 0, a > 0)
    );
    assert_eq!(x.cmp(&y), a.cmp(&b));
}

fn check_rescale<const D: u32, const E: u32>(raw: i128) {
    for rounding in ROUNDINGS {
        let expected = quotient(&(BigInt::from(raw) * ten_to(E)), &ten_to(D), rounding);
        let actual = Fixed::<D>::from_raw(raw)
            .rescale::<E>(rounding)
            .map(Fixed::raw);
        assert_eq!(
            actual, expected,
            "{raw} from {D} to {E} decimals, {rounding:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn mul_div_is_the_exact_quotient_rounded_once(a in any_i128(), b in any_i128(), c in any_i128()) {
        check_mul_div(a, b, c);
    }

    #[test]
    fn mul_div_by_one_of_its_factors_is_the_other(a in any_i128(), b in any_i128()) {
        for rounding in ROUNDINGS {
            let expected = if b == 0 { Err(ArithmeticError::DivisionByZero) } else { Ok(a) };
            prop_assert_eq!(mul_div(a, b, b, rounding), expected);
        }
    }

    #[test]
    fn mul_div_breaks_ties_to_the_even_neighbour(a in any_i128(), c in any::<i32>()) {
        // a * c / 2c: every odd `a` is a tie.
        let c = i128::from(c);
        if c != 0 {
            check_mul_div(a, c, 2 * c);
        }
    }

    #[test]
    fn fixed_is_exact_at_every_number_of_decimals(a in any_i128(), b in any_i128()) {
        check_fixed::<0>(a, b);
        check_fixed::<6>(a, b);
        check_fixed::<8>(a, b);
        check_fixed::<18>(a, b);
        check_fixed::<38>(a, b);
    }

    #[test]
    fn mul_ratio_forms_the_product_before_it_divides(
        raw in any_i128(),
        numerator in any_i128(),
        denominator in any_i128(),
    ) {
        for rounding in ROUNDINGS {
            let product = BigInt::from(raw) * numerator;
            let expected = quotient(&product, &denominator.into(), rounding);
            let actual = Fixed::<8>::from_raw(raw).mul_ratio(numerator, denominator, rounding);
            prop_assert_eq!(actual.map(Fixed::raw), expected);
        }
    }

    #[test]
    fn rescale_is_exact_upwards_and_rounds_downwards(raw in any_i128()) {
        check_rescale::<6, 18>(raw);
        check_rescale::<18, 6>(raw);
        check_rescale::<0, 38>(raw);
        check_rescale::<38, 0>(raw);
        check_rescale::<8, 8>(raw);
    }

    #[test]
    fn round_quotient_takes_the_parts_of_a_division(
        a in any::<u128>(),
        divisor in 1u128..,
        shift in 0u32..128,
        negative in any::<bool>(),
    ) {
        let divisor = (divisor >> shift).max(1);
        let magnitude = BigInt::from(a);
        let signed = if negative { -magnitude } else { magnitude };
        for rounding in ROUNDINGS {
            let expected = quotient(&signed, &divisor.into(), rounding);
            let actual = round_quotient(a / divisor, a % divisor, divisor, negative, rounding);
            prop_assert_eq!(actual, expected);
        }
    }
}

#[test]
fn extremes_meet_every_rounding() {
    let extremes = [
        i128::MIN,
        i128::MIN + 1,
        -2,
        -1,
        0,
        1,
        2,
        i128::MAX - 1,
        i128::MAX,
    ];
    for a in extremes {
        for b in extremes {
            for c in extremes {
                check_mul_div(a, b, c);
            }
            check_fixed::<0>(a, b);
            check_fixed::<18>(a, b);
            check_fixed::<38>(a, b);
        }
    }
}

#[test]
fn each_direction_by_hand() {
    // seven halves and its kin: what each name means, without a library
    let cases = [
        // a / 2:    Down Floor Ceil Up HalfEven
        (7, [3, 3, 4, 4, 4]),
        (-7, [-3, -4, -3, -4, -4]),
        (5, [2, 2, 3, 3, 2]),
        (-5, [-2, -3, -2, -3, -2]),
        (6, [3, 3, 3, 3, 3]),
        (-1, [0, -1, 0, -1, 0]),
        (1, [0, 0, 1, 1, 0]),
    ];
    for (a, expected) in cases {
        let actual = ROUNDINGS.map(|rounding| mul_div(a, 1, 2, rounding).unwrap());
        assert_eq!(actual, expected, "{a} / 2");
        let flipped = ROUNDINGS.map(|rounding| mul_div(-a, 1, -2, rounding).unwrap());
        assert_eq!(flipped, expected, "{} / -2", -a);
    }
}

#[test]
fn rounding_up_past_the_largest_number_is_an_overflow_not_a_wrap() {
    let (max, min) = (i128::MAX, i128::MIN);
    // MAX * 3 / 3 is MAX; (MAX * 2 + 1) / 2 would be MAX + 1/2.
    assert_eq!(mul_div(max, 3, 3, Rounding::Up), Ok(max));
    assert_eq!(
        mul_div(min, -1, 1, Rounding::Down),
        Err(ArithmeticError::Overflow)
    );
    assert_eq!(
        mul_div(min, 1, -1, Rounding::Down),
        Err(ArithmeticError::Overflow)
    );
    assert_eq!(mul_div(min, 1, 1, Rounding::Up), Ok(min));
    let just_above_max = |r| round_quotient(max.unsigned_abs(), 1, 3, false, r);
    assert_eq!(just_above_max(Rounding::Down), Ok(max));
    assert_eq!(just_above_max(Rounding::Up), Err(ArithmeticError::Overflow));
    let just_below_min = |r| round_quotient(min.unsigned_abs(), 1, 3, true, r);
    assert_eq!(just_below_min(Rounding::Ceil), Ok(min));
    assert_eq!(
        just_below_min(Rounding::Floor),
        Err(ArithmeticError::Overflow)
    );
    let top = |r| round_quotient(u128::MAX, 1, 3, true, r);
    assert_eq!(top(Rounding::Up), Err(ArithmeticError::Overflow));
}

//! `Wide` against the reference: exact up to 512 bits, an error beyond.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};
use plimsoll_units::{ArithmeticError, NumberTextError, Wide};
use proptest::prelude::*;

use crate::reference::{ROUNDINGS, any_512, any_i128, fits_512, round, to_i128, wide};

/// The exact value, or an overflow when it needs more than 512 bits.
fn check(actual: Result<Wide, ArithmeticError>, exact: &BigInt) {
    match actual {
        Ok(actual) => {
            assert!(
                fits_512(exact),
                "{exact} does not fit but came out as {actual}"
            );
            assert_eq!(actual.to_string(), exact.to_string());
            assert_eq!(actual.is_negative(), exact.is_negative());
            assert_eq!(actual.is_zero(), exact.is_zero());
            assert_eq!(actual, wide(exact), "one value, one representation");
        }
        Err(error) => {
            assert_eq!(error, ArithmeticError::Overflow);
            assert!(!fits_512(exact), "{exact} fits but was refused");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn sums_products_and_signs_are_exact(a in any_512(), b in any_512()) {
        let (x, y) = (wide(&a), wide(&b));
        check(x.add(y), &(&a + &b));
        check(x.sub(y), &(&a - &b));
        check(x.mul(y), &(&a * &b));
        check(Ok(x.negate()), &-&a);
        check(Ok(x.abs()), &a.abs());
        check(Ok(x.gcd(y)), &a.gcd(&b));
        prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        prop_assert_eq!(x.to_i128(), to_i128(&a));
    }

    #[test]
    fn opposite_numbers_cancel_to_a_zero_without_sign(a in any_512()) {
        let x = wide(&a);
        prop_assert_eq!(x.sub(x), Ok(Wide::ZERO));
        prop_assert_eq!(x.mul(Wide::ZERO), Ok(Wide::ZERO));
        prop_assert_eq!(x.negate().negate(), x);
    }

    #[test]
    fn division_rounds_as_named(a in any_512(), b in any_512()) {
        for rounding in ROUNDINGS {
            if b.is_zero() {
                let refused = wide(&a).div(wide(&b), rounding);
                prop_assert_eq!(refused, Err(ArithmeticError::DivisionByZero));
            } else {
                check(wide(&a).div(wide(&b), rounding), &round(&a, &b, rounding));
            }
        }
    }

    #[test]
    fn ties_go_to_the_even_neighbour(a in any_512(), b in any_i128()) {
        let double = BigInt::from(b) * 2;
        let product = &a * b;
        if b != 0 && fits_512(&product) {
            for rounding in ROUNDINGS {
                let expected = round(&product, &double, rounding);
                check(wide(&product).div(wide(&double), rounding), &expected);
            }
        }
    }

    #[test]
    fn four_money_sized_factors_always_fit(factors in prop::collection::vec(any_i128(), 0..=4)) {
        let exact: BigInt = factors.iter().copied().map(BigInt::from).product();
        prop_assert!(Wide::product(&factors).is_ok());
        check(Wide::product(&factors), &exact);
    }

    #[test]
    fn an_i128_comes_back_as_it_went_in(value in any_i128()) {
        prop_assert_eq!(Wide::from(value).to_i128(), Ok(value));
        prop_assert_eq!(Wide::from(value).to_string(), value.to_string());
    }
}

#[test]
fn a_fifth_factor_overflows_instead_of_wrapping() {
    let refused = Wide::product(&[i128::MIN; 5]);
    assert_eq!(refused, Err(ArithmeticError::Overflow));
}

#[test]
fn texts_that_are_not_integers_of_512_bits_are_refused() {
    let max: BigInt = (BigInt::from(1) << 512u32) - 1;
    check(Ok(Wide::parse(&max.to_string()).unwrap()), &max);
    let too_large = (max + 1u32).to_string();
    assert_eq!(
        Wide::parse(&too_large),
        Err(NumberTextError::TooLarge(too_large.clone()))
    );
    for text in [
        "", "-", "+1", "--1", "1.0", "1e5", " 1", "1_000", "0x10", "NaN", "\u{661}",
    ] {
        assert_eq!(
            Wide::parse(text),
            Err(NumberTextError::NotANumber(text.to_owned()))
        );
    }
    for (text, value) in [("-0", 0), ("007", 7), ("-12", -12)] {
        assert_eq!(Wide::parse(text), Ok(Wide::from(value)));
    }
}

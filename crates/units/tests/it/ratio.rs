//! `Ratio` against `num-rational`.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use plimsoll_units::{ArithmeticError, Ratio, Rounding, Wide};
use proptest::prelude::*;

use crate::reference::{ROUNDINGS, any_512, any_i128, fits_512, round, ten_to, to_i128, wide};

fn ratio(numerator: i128, denominator: i128) -> Ratio {
    Ratio::new(numerator.into(), denominator.into()).unwrap()
}

/// Both forms of one fraction; `None` when the denominator is zero.
fn both(numerator: &BigInt, denominator: &BigInt) -> Option<(Ratio, BigRational)> {
    let ratio = Ratio::new(wide(numerator), wide(denominator));
    if denominator.is_zero() {
        assert_eq!(ratio, Err(ArithmeticError::DivisionByZero));
        return None;
    }
    let exact = BigRational::new(numerator.clone(), denominator.clone());
    Some((ratio.unwrap(), exact))
}

/// Decimal text of `scaled / 10^decimals`, put together digit by digit from the right.
fn decimal_text(scaled: &BigInt, decimals: u32) -> String {
    let mut digits: Vec<char> = scaled.abs().to_string().chars().rev().collect();
    while digits.len() <= decimals as usize {
        digits.push('0');
    }
    let mut text: String = digits.iter().rev().collect();
    text.insert(text.len() - decimals as usize, '.');
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if scaled.is_negative() {
        format!("-{text}")
    } else {
        text.to_owned()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn lowest_terms_with_the_sign_above(n in any_512(), d in any_512()) {
        if let Some((ratio, exact)) = both(&n, &d) {
            prop_assert_eq!(ratio.numerator().to_string(), exact.numer().to_string());
            prop_assert_eq!(ratio.denominator().to_string(), exact.denom().to_string());
            prop_assert_eq!(ratio.to_string(), format!("{}/{}", exact.numer(), exact.denom()));
        }
    }

    #[test]
    fn onto_a_grid_and_into_text(n in any_512(), d in any_512(), decimals in 0u32..40) {
        let Some((ratio, exact)) = both(&n, &d) else { return Ok(()) };
        let scaled = exact.numer() * ten_to(decimals);
        for rounding in ROUNDINGS {
            let (grid, text) = (ratio.to_grid(decimals, rounding), ratio.to_text(decimals, rounding));
            if fits_512(&scaled) {
                let rounded = round(&scaled, exact.denom(), rounding);
                prop_assert_eq!(grid, to_i128(&rounded));
                prop_assert_eq!(text, Ok(decimal_text(&rounded, decimals)));
            } else {
                prop_assert_eq!(grid, Err(ArithmeticError::Overflow));
                prop_assert_eq!(text, Err(ArithmeticError::Overflow));
            }
        }
    }

    #[test]
    fn comparison_is_exact_or_refused(
        (n, d) in (any_512(), any_512()),
        (m, e) in (any_512(), any_512()),
    ) {
        let (Some((left, x)), Some((right, y))) = (both(&n, &d), both(&m, &e)) else {
            return Ok(());
        };
        let fits = fits_512(&(x.numer() * y.denom())) && fits_512(&(y.numer() * x.denom()));
        let expected = if fits { Ok(x.cmp(&y)) } else { Err(ArithmeticError::Overflow) };
        prop_assert_eq!(left.compare(&right), expected);
    }

    #[test]
    fn money_sized_fractions_always_compare(a in any_i128(), b in any_i128(), c in any_i128()) {
        // Neighbours: a/b and (a ± 1)/b differ by less than any grid shows.
        if b != 0 && c != 0 {
            let (x, y) = (ratio(a, b), ratio(a.saturating_add(1), c));
            let exact = BigRational::new(a.into(), b.into())
                .cmp(&BigRational::new(a.saturating_add(1).into(), c.into()));
            prop_assert_eq!(x.compare(&y), Ok(exact));
        }
    }
}

#[test]
fn shown_as_an_operator_expects() {
    let cases = [
        (ratio(1, 3), 4, Rounding::Down, "0.3333"),
        (ratio(-1, 3), 4, Rounding::Down, "-0.3333"),
        (ratio(-1, 3), 4, Rounding::Floor, "-0.3334"),
        (ratio(2, 3), 0, Rounding::Up, "1"),
        (ratio(-1, 3), 0, Rounding::Down, "0"),
        (ratio(1, -1000), 2, Rounding::Ceil, "0"),
        (ratio(1, -1000), 2, Rounding::Up, "-0.01"),
        (ratio(10, 4), 8, Rounding::Down, "2.5"),
        (ratio(100, 1), 3, Rounding::Down, "100"),
        (ratio(0, -7), 3, Rounding::Up, "0"),
    ];
    for (ratio, decimals, rounding, text) in cases {
        let shown = ratio.to_text(decimals, rounding);
        assert_eq!(shown.as_deref(), Ok(text), "{ratio} {rounding:?}");
    }
    assert_eq!(ratio(-6, -4), ratio(3, 2));
    assert_eq!(ratio(0, -7), ratio(0, 1));
    assert_eq!(ratio(0, 5).numerator(), Wide::ZERO);
}

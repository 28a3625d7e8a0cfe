//! One table per function; numbers derived by hand or from the contracts' own tests, and laws
//! against a naive reference on wide integers.

use expect_test::expect;
use plimsoll_units::{Rounding, Wide};
use proptest::prelude::*;

use super::*;

const I64_MAX: u64 = i64::MAX.unsigned_abs();

/// Shows a result in a few words.
fn shown<T: ToString, E: std::fmt::Display>(result: Result<T, E>) -> String {
    result.map_or_else(|why| why.to_string(), |value| value.to_string())
}

#[test]
fn division_truncates_toward_zero() {
    let cases = [
        (-1, 2, 1, "-2"),
        (-7, 1, 2, "-3"),
        (7, 1, 2, "3"),
        (
            -1_337_042_069,
            229_055_512_341,
            100_000_000,
            "-3062568561362",
        ),
        (1, 1, 100_000_000, "0"),
        (-1, 1, 100_000_000, "0"),
        (-99_999_999, 1, 100_000_000, "0"),
        (i64::MIN, 1, 1, "-9223372036854775808"),
        (i64::MIN, -1, 1, "Pip quantity overflows int64"),
        (i64::MAX, i64::MAX, 1, "Pip quantity overflows int64"),
        (i64::MIN, i64::MAX, 1, "Pip quantity underflows int64"),
        (1, 1, 0, "panic 0x12"),
    ];
    for (a, b, c, expected) in cases {
        assert_eq!(shown(mul_frac_signed(a, b, c)), expected, "{a} * {b} / {c}");
    }
}

#[test]
fn unsigned_division_rounds_down_and_names_what_does_not_fit() {
    let cases = [
        (7, 1, 2, "3"),
        (u64::MAX, u64::MAX, u64::MAX, "18446744073709551615"),
        (u64::MAX, 2, 1, "Pip quantity overflows uint64"),
        (u64::MAX, u64::MAX, 1, "Pip quantity overflows uint64"),
        (0, 5, 0, "panic 0x12"),
    ];
    for (a, b, c, expected) in cases {
        assert_eq!(shown(mul_frac(a, b, c)), expected, "{a} * {b} / {c}");
    }
}

#[test]
fn up_and_nearest() {
    let up = [
        (0, 5, 0),
        (1, 5, 1),
        (5, 5, 1),
        (6, 5, 2),
        (u64::MAX, 1, u64::MAX),
    ];
    for (a, b, expected) in up {
        assert_eq!(divide_round_up(a, b), Ok(expected), "{a} / {b} up");
    }
    // Half of an odd divisor is itself rounded up.
    let nearest = [
        (2, 5, 0),
        (3, 5, 1),
        (4, 8, 1),
        (3, 8, 0),
        (12, 8, 2),
        (0, 8, 0),
    ];
    for (a, b, expected) in nearest {
        assert_eq!(
            divide_round_nearest(a, b),
            Ok(expected),
            "{a} / {b} nearest"
        );
    }
    assert_eq!(divide_round_nearest(1, 0), Err(PipError::DIVISION));
}

fn limits() -> Limits {
    Limits {
        initial_margin_fraction: 5_000_000,
        maintenance_margin_fraction: 3_000_000,
        incremental_initial_margin_fraction: 1_000_000,
        baseline_position_size: 500_000_000,
        incremental_position_size: 200_000_000,
        maximum_position_size: 282_000_000_000,
        minimum_position_size: 10_000_000,
    }
}

#[test]
fn the_initial_fraction_grows_with_each_begun_increment_of_size() {
    let cases = [
        (0, 5_000_000),
        (500_000_000, 5_000_000),
        (500_000_001, 6_000_000),
        (700_000_000, 6_000_000),
        (700_000_001, 7_000_000),
        // Size 10, baseline 5, step 2: three steps, 0.08.
        (1_000_000_000, 8_000_000),
    ];
    for (size, expected) in cases {
        for signed in [size, -size] {
            assert_eq!(
                initial_fraction(&limits(), signed),
                Ok(expected),
                "{signed}"
            );
        }
    }
    let steep = Limits {
        incremental_position_size: 1,
        incremental_initial_margin_fraction: u64::MAX,
        ..limits()
    };
    assert_eq!(
        initial_fraction(&steep, i64::MIN),
        Err(PipError::ARITHMETIC)
    );
}

#[test]
fn a_requirement_is_rounded_down_twice() {
    // 0.33333333 at 0.00000004: 1.33 pips of quote, then 3 % of one.
    let cases = [
        ((33_333_333, 4, 3_000_000), 0),
        ((1_000_000_000, 213_398_058_253, 3_000_000), 64_019_417_475),
        ((-1_000_000_000, 213_398_058_253, 3_000_000), 64_019_417_475),
        ((3, 100_000_000, 50_000_000), 1),
    ];
    for ((size, price, fraction), expected) in cases {
        assert_eq!(requirement(size, price, fraction), Ok(expected));
    }
}

/// A wallet: its quote and its positions as (size, price, maintenance fraction).
type Account<'a> = (i64, &'a [(i64, u64, u64)]);

fn totals((quote, positions): Account<'_>) -> Result<Totals, PipError> {
    let start = Totals::of_quote(quote);
    positions
        .iter()
        .try_fold(start, |totals, &(size, price, fraction)| {
            totals.with(size, price, fraction)
        })
}

#[test]
fn an_account_is_liquidatable_strictly_below_its_requirement() {
    let short = |price| (-1_000_000_000, price, 3_000_000);
    let cases: [(&str, Account<'_>, bool); 7] = [
        ("nothing", (0, &[]), false),
        ("met", (2_198_000_000_000, &[short(213_398_058_252)]), false),
        (
            "a tick on",
            (2_198_000_000_000, &[short(213_398_058_253)]),
            true,
        ),
        ("equal", (100, &[(-1, 100_000_000, 9_900_000_000)]), false),
        // Half a pip each: truncated one by one they are lost, together they are one.
        (
            "precise, not truncated",
            (
                899_999,
                &[(150_000_000, 1, 0), (150_000_000, 1, 60_000_000_000_000)],
            ),
            false,
        ),
        ("debt alone", (-1, &[]), true),
        ("debt below a pip", (0, &[(-1, 99_999_999, 0)]), false),
    ];
    for (name, account, expected) in cases {
        let due = totals(account).and_then(|totals| totals.is_liquidatable());
        assert_eq!(due, Ok(expected), "{name}");
    }
}

#[test]
fn sums_beyond_their_types_are_refused() {
    let huge = (i64::MIN, I64_MAX, 0);
    assert_eq!(totals((0, &[huge, huge, huge])), Err(PipError::ARITHMETIC));
    assert_eq!(
        totals((0, &[(i64::MIN, I64_MAX, u64::MAX)])),
        Err(PipError::ARITHMETIC)
    );
    let far = totals((0, &[(i64::MIN, I64_MAX, 0)]));
    assert_eq!(
        shown(far.and_then(|far| far.value_pips())),
        "SafeCast: value doesn't fit in 64 bits"
    );
    assert_eq!(
        totals((0, &[(1, u64::MAX, 0)])),
        Err(PipError::OverflowsInt64)
    );
}

#[test]
fn the_three_prices() {
    let alone = |quote, size, price| {
        let totals = totals((quote, &[(size, price, 3_000_000)]))?;
        bankruptcy_quote(price, 3_000_000, size, &totals)
    };
    let table = [
        (
            "short 10 at 2150",
            alone(2_198_000_000_000, -1_000_000_000, 215_000_000_000),
        ),
        (
            "long 10 at 1850",
            alone(-1_804_000_000_000, 1_000_000_000, 185_000_000_000),
        ),
        (
            "short, nothing left",
            alone(2_198_000_000_000, -1_000_000_000, 219_800_000_000),
        ),
        (
            "short under water",
            alone(2_198_000_000_000, -1_000_000_000, 250_000_000_000),
        ),
        (
            "entry for a short in profit",
            exit_quote(-2_000_000_000_000, 190_000_000_000, -1_000_000_000),
        ),
        (
            "index for a short in loss",
            exit_quote(-2_000_000_000_000, 215_000_000_000, -1_000_000_000),
        ),
        (
            "index for a long in loss",
            exit_quote(2_000_000_000_000, 185_000_000_000, 1_000_000_000),
        ),
        (
            "entry for a long in profit",
            exit_quote(2_000_000_000_000, 215_000_000_000, 1_000_000_000),
        ),
        ("index", index_quote(-333_333_333, 201_111_000_000)),
    ];
    let shown = table.map(|(name, quote)| format!("{name}: {}", shown(quote)));
    expect![[r#"
        short 10 at 2150: 2198000000000
        long 10 at 1850: 1804000000000
        short, nothing left: 2198000000000
        short under water: 2198000000000
        entry for a short in profit: 2000000000000
        index for a short in loss: 2150000000000
        index for a long in loss: 1850000000000
        entry for a long in profit: 2000000000000
        index: 670369999329"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn the_account_value_is_split_by_requirement() {
    // -190 over 100 short at 1 with 1 % and 100 short at 1 with 0.5 %: the first would have to
    // receive quote, which is coerced to nothing. The second pays 36.666..., truncated.
    let (first, second) = (
        (-10_000_000_000, 100_000_000, 1_000_000),
        (-10_000_000_000, 100_000_000, 500_000),
    );
    let totals = totals((1_000_000_000, &[first, second])).unwrap();
    assert_eq!(totals.value_pips(), Ok(-19_000_000_000));
    let quote = |(size, price, fraction)| bankruptcy_quote(price, fraction, size, &totals);
    assert_eq!(quote(first), Ok(0));
    assert_eq!(quote(second), Ok(3_666_666_666));
}

#[test]
fn bankruptcy_quotes_at_the_edges() {
    let at = |size, price, value, requirement| {
        let totals = Totals { value, requirement };
        shown(bankruptcy_quote(price, 3_000_000, size, &totals))
    };
    let three = 30_000_000_000_000_000_000_000;
    let edge = 1_000_000_000_000_000;
    let table = [
        at(10_000_000_000, 200_000_000_000, 300_000_000_000_000, 0),
        at(i64::MAX, I64_MAX, edge, three),
        at(i64::MIN, I64_MAX, edge, three),
        at(1, 1, 0, u128::MAX),
        at(i64::MIN, I64_MAX, i128::MIN, 1),
    ];
    expect![[r#"
        0
        Pip quantity overflows int64
        Pip quantity underflows int64
        0
        0"#]]
    .assert_eq(&table.join("\n"));
}

#[test]
fn quotes_may_be_a_pip_off() {
    let cases = [
        (0, 0, true),
        (0, 1, true),
        (0, 2, false),
        (5, 4, true),
        (5, 6, true),
        (5, 3, false),
    ];
    for (expected, supplied, near) in cases {
        assert_eq!(
            within_a_pip(expected, supplied),
            near,
            "{expected} {supplied}"
        );
    }
    assert!(within_a_pip(u64::MAX, u64::MAX));
}

fn check_move(from: (i64, i64), way: Way, base: u64, quote: u64, expected: &str) {
    let lot = Lot {
        size: from.0,
        cost_basis: from.1,
    };
    let shown = match lot.moved(way, base, quote, 1_000) {
        Ok(Changed { lot, reduced }) => format!("{} {} {reduced}", lot.size, lot.cost_basis),
        Err(why) => why.to_string(),
    };
    assert_eq!(shown, expected, "{from:?} {way:?} {base} for {quote}");
}

#[test]
fn cost_basis_follows_the_position() {
    use Way::{In, Out};
    check_move((0, 0), In, 10, 25, "10 25 false");
    check_move((0, 0), Out, 10, 25, "-10 -25 false");
    check_move((10, 25), In, 5, 9, "15 34 false");
    check_move((-10, -25), Out, 5, 9, "-15 -34 false");
    // A third of 25 is 8, toward zero on both sides.
    check_move((3, 25), Out, 1, 9, "2 17 true");
    check_move((-3, -25), In, 1, 9, "-2 -17 true");
    check_move((10, 25), Out, 10, 9, "0 0 true");
    check_move((0, 0), In, 0, 9, "0 0 false");
    // Past zero: the share of the quote that is left on the other side. A smaller position on
    // the other side counts as reduced.
    check_move((-10, -25), In, 15, 31, "5 10 true");
    check_move((10, 25), Out, 15, 31, "-5 -10 true");
    check_move((10, 25), Out, 25, 31, "-15 -18 false");
}

#[test]
fn above_the_maximum_a_position_may_only_shrink() {
    use Way::{In, Out};
    check_move((1_000, 5), In, 1, 1, "Max position size exceeded");
    check_move((999, 5), In, 1, 1, "1000 6 false");
    check_move((2_000, 10), Out, 1, 1, "1999 10 true");
    check_move((2_000, 10), Out, 4_000, 1, "Max position size exceeded");
    check_move((2_000, 10), Out, 3_999, 1, "-1999 0 true");
    check_move((i64::MAX, 1), In, 1, 1, "panic 0x11");
    check_move((0, 0), In, u64::MAX, 1, "Pip quantity overflows int64");
}

#[test]
fn toward_zero_and_not_past_it() {
    use Way::{In, Out};
    let cases = [
        (0, In, 1, "Position must be non-zero"),
        (-5, In, 0, "Position must move toward zero"),
        (-5, In, 5, "ok"),
        (-5, In, 6, "Position must move toward zero"),
        (-5, Out, 1, "Position must move toward zero"),
        (5, Out, 5, "ok"),
        (5, Out, 6, "Position must move toward zero"),
        (5, In, 1, "Position must move toward zero"),
    ];
    for (size, way, base, expected) in cases {
        let lot = Lot {
            size,
            cost_basis: size,
        };
        let result = lot.check_toward_zero(way, base).map(|()| "ok");
        assert_eq!(shown(result), expected, "{size} {way:?} {base}");
    }
}

#[test]
fn funding_is_rounded_period_by_period() {
    let multiplier = funding_multiplier(2_767_879_000_000, 2_250_000);
    assert_eq!(multiplier, Ok(-62_277_277_500));
    assert_eq!(
        funding_payment(-102_883_000, &[-62_277_277_500]),
        Ok(64_072_731_410)
    );
    // Three halves of a pip are three times nothing.
    assert_eq!(
        funding_payment(1, &[50_000_000, 50_000_000, 50_000_000]),
        Ok(0)
    );
    assert_eq!(funding_payment(-1, &[150_000_000]), Ok(-1));
    assert_eq!(
        funding_payment(i64::MAX, &[i64::MAX]),
        Err(PipError::OverflowsInt64)
    );
    assert_eq!(funding_multiplier(1, i64::MIN), Err(PipError::ARITHMETIC));
}

#[test]
fn the_price_at_which_a_position_takes_its_account_down() {
    let none = Totals::of_quote(2_198_000_000_000);
    let short = liquidation_price(&none, -1_000_000_000, 3_000_000);
    assert_eq!(short, Ok(Some(213_398_058_253)));
    let owed = Totals::of_quote(-1_804_000_000_000);
    let long = liquidation_price(&owed, 1_000_000_000, 3_000_000);
    assert_eq!(long, Ok(Some(185_979_381_443)));
    let rich = Totals::of_quote(1);
    assert_eq!(liquidation_price(&rich, 1_000_000_000, 3_000_000), Ok(None));
    assert_eq!(liquidation_price(&rich, 0, 3_000_000), Ok(None));
    assert_eq!(liquidation_price(&owed, 5, 100_000_000), Ok(None));
}

/// Sizes, prices and balances as they occur.
fn sizes() -> impl Strategy<Value = i64> {
    (1i64..5_000_000_000_000).prop_flat_map(|size| prop_oneof![Just(size), Just(-size)])
}

fn accounts() -> impl Strategy<Value = (i64, Vec<(i64, u64, u64)>)> {
    let position = (sizes(), 1u64..20_000_000_000_000, 300_000u64..20_000_000);
    let positions = proptest::collection::vec(position, 1..6);
    (-1_000_000_000_000_000i64..1_000_000_000_000_000, positions)
}

/// The bankruptcy quote straight from the formula, on rationals: one floor, one truncation.
fn naive_bankruptcy(price: u64, fraction: u64, size: i64, totals: &Totals) -> i128 {
    let worth = Wide::product(&[size.into(), price.into()]).unwrap();
    let ratio = Wide::product(&[fraction.into(), totals.value]).unwrap();
    let requirement = Wide::from(i128::try_from(totals.requirement).unwrap());
    let exact = worth.abs().mul(ratio).unwrap();
    let penalty = exact.div(requirement, Rounding::Down).unwrap();
    let quote = worth.sub(penalty).unwrap();
    let quote = quote.div(Wide::from(100_000_000), Rounding::Down).unwrap();
    let quote = quote.to_i128().unwrap();
    if (size < 0) == (quote < 0) {
        quote.abs()
    } else {
        0
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn bankruptcy_quotes_are_the_formula((quote, positions) in accounts()) {
        let totals = totals((quote, &positions)).unwrap();
        for &(size, price, fraction) in &positions {
            let expected = naive_bankruptcy(price, fraction, size, &totals);
            match bankruptcy_quote(price, fraction, size, &totals) {
                Ok(quote) => prop_assert_eq!(i128::from(quote), expected),
                Err(_) => prop_assert!(expected > i64::MAX.into()),
            }
        }
    }

    /// Closing everything at bankruptcy leaves a pip or so per position, unless one was coerced.
    #[test]
    fn bankruptcy_quotes_leave_nothing((quote, positions) in accounts()) {
        let totals = totals((quote, &positions)).unwrap();
        let mut left = i128::from(quote);
        for &(size, price, fraction) in &positions {
            let Ok(paid) = bankruptcy_quote(price, fraction, size, &totals) else { return Ok(()) };
            if paid == 0 { return Ok(()) }
            left += if size < 0 { -i128::from(paid) } else { i128::from(paid) };
        }
        prop_assert!(left.unsigned_abs() <= 2 * positions.len() as u128, "{left}");
    }

    /// The truncated value differs from the precise one by less than a pip per position.
    #[test]
    fn the_two_values_are_close((quote, positions) in accounts()) {
        let precise = totals((quote, &positions)).unwrap().value_pips().unwrap();
        let mut truncated = quote;
        for &(size, price, _) in &positions {
            let Ok(worth) = value(size, price) else { return Ok(()) };
            truncated += worth;
        }
        prop_assert!(precise.abs_diff(truncated) <= positions.len() as u64);
    }

    /// The derived price is the first at which the rule says so, or a few ticks before.
    #[test]
    fn the_derived_price_is_where_the_rule_turns(
        quote in 1_000_000i64..1_000_000_000_000,
        size in 100_000_000i64..10_000_000_000,
        fraction in 300_000u64..20_000_000,
        short in any::<bool>(),
    ) {
        let size = if short { -size } else { size };
        let others = Totals::of_quote(if short { quote } else { -quote });
        let Some(price) = liquidation_price(&others, size, fraction).unwrap() else {
            return Ok(());
        };
        let due = |price: u64| {
            let totals = others.with(size, price, fraction).unwrap();
            totals.is_liquidatable().unwrap()
        };
        let (safe, sure) = if short {
            (price - 1, price + 2)
        } else {
            (price + 1, price.saturating_sub(2))
        };
        prop_assert!(!due(safe), "{safe}");
        if sure > 0 { prop_assert!(due(sure), "{sure}"); }
    }

    /// In any series of moves the cost basis keeps the side of the size.
    #[test]
    fn cost_has_the_sign_of_the_size(
        moves in proptest::collection::vec((any::<bool>(), 1u64..1_000, 0u64..100_000), 1..40)
    ) {
        let mut lot = Lot::EMPTY;
        for (inward, base, quote) in moves {
            let way = if inward { Way::In } else { Way::Out };
            let changed = lot.moved(way, base, quote, u64::MAX).unwrap();
            prop_assert_eq!(changed.reduced, changed.lot.size.abs() < lot.size.abs());
            lot = changed.lot;
            prop_assert!(lot.cost_basis == 0 || (lot.cost_basis < 0) == (lot.size < 0));
        }
    }
}

//! Decimal text in and out: exact both ways, and refused when it is not exactly a number.

use num_bigint::BigInt;
use plimsoll_units::{Fixed, NumberTextError, parse_scaled};
use proptest::prelude::*;

use crate::reference::{any_i128, ten_to, to_i128};

enum Refused {
    NotANumber,
    TooManyDecimals,
    TooLarge,
}

fn check_refused(text: &str, refused: &Refused) {
    let given = text.to_owned();
    let expected = match refused {
        Refused::NotANumber => NumberTextError::NotANumber(given),
        Refused::TooManyDecimals => NumberTextError::TooManyDecimals {
            text: given,
            decimals: 8,
        },
        Refused::TooLarge => NumberTextError::TooLarge(given),
    };
    assert_eq!(text.parse::<Fixed<8>>(), Err(expected));
}

#[test]
fn what_is_not_exactly_a_number_is_refused() {
    for text in [
        "",
        "-",
        "+",
        ".",
        "-.",
        "1.",
        "-1.",
        ".5",
        "-.5",
        "1..2",
        "1.2.3",
        "--1",
        "+-1",
        "1-",
        "1.-5",
        "1.+5",
        "NaN",
        "nan",
        "inf",
        "-inf",
        "infinity",
        "1e5",
        "1E5",
        "1e-5",
        "1.5e0",
        "1,000",
        "1,5",
        "1_000",
        " 1",
        "1 ",
        "1 000",
        "\t1",
        "1\n",
        "\u{a0}1",
        "0x10",
        "1f",
        "one",
        "\u{661}\u{662}",
        "\u{ff11}",
        "1.\u{ff15}",
        "\u{2212}1",
        "-\u{661}",
        "$1",
        "1%",
        "1\0",
        "\u{feff}1",
        "null",
    ] {
        check_refused(text, &Refused::NotANumber);
    }
}

#[test]
fn more_decimals_than_the_type_holds_are_refused_not_rounded() {
    for text in [
        "0.123456789",
        "1.000000001",
        "-0.000000001",
        "0.1234567800000001",
    ] {
        check_refused(text, &Refused::TooManyDecimals);
    }
}

#[test]
fn what_does_not_fit_is_refused_not_wrapped() {
    for text in [
        "1701411834604692317316873037158.84105728", // MAX + 1 unit
        "-1701411834604692317316873037158.84105729", // MIN - 1 unit
        "1701411834604692317316873037159",
        "10000000000000000000000000000000",
        "340282366920938463463374607431768211456",
        "99999999999999999999999999999999999999999999999999999999999999999999999999",
    ] {
        check_refused(text, &Refused::TooLarge);
    }
}

#[test]
fn plain_decimals_are_read_to_the_last_unit() {
    let cases = [
        ("0", 0),
        ("-0", 0),
        ("+0.0", 0),
        ("1", 100_000_000),
        ("+1", 100_000_000),
        ("-1", -100_000_000),
        ("00012.50", 1_250_000_000),
        ("0.00000001", 1),
        ("-0.00000001", -1),
        // Trailing zeros are no decimals.
        (
            "1.500000000000000000000000000000000000000000000",
            150_000_000,
        ),
        ("1701411834604692317316873037158.84105727", i128::MAX),
        ("-1701411834604692317316873037158.84105728", i128::MIN),
    ];
    for (text, raw) in cases {
        assert_eq!(text.parse(), Ok(Fixed::<8>::from_raw(raw)), "{text}");
    }
}

#[test]
fn refusals_show_the_text_as_it_was_given() {
    let cases = [
        (
            "1e5\n",
            r#""1e5\n" is not a plain decimal number (digits, optional sign and point)"#,
        ),
        ("0.123", r#""0.123" has more than 2 decimals"#),
        (
            "1000000000000000000000000000000000000000",
            r#""1000000000000000000000000000000000000000" is too large"#,
        ),
    ];
    for (text, message) in cases {
        assert_eq!(text.parse::<Fixed<2>>().unwrap_err().to_string(), message);
    }
}

#[test]
fn printing_drops_trailing_zeros_and_keeps_the_sign() {
    let cases = [
        (0, "0"),
        (1, "0.00000001"),
        (-1, "-0.00000001"),
        (10, "0.0000001"),
        (100_000_000, "1"),
        (-100_000_000, "-1"),
        (1_250_000_000, "12.5"),
        (i128::MAX, "1701411834604692317316873037158.84105727"),
        (i128::MIN, "-1701411834604692317316873037158.84105728"),
    ];
    for (raw, text) in cases {
        let value = Fixed::<8>::from_raw(raw);
        assert_eq!(
            (value.to_string(), format!("{value:?}")),
            (text.to_owned(), text.to_owned())
        );
    }
}

#[test]
fn a_width_pads_and_a_precision_never_cuts_digits_off() {
    let value: Fixed<8> = "-123.456".parse().unwrap();
    let cases = [
        (format!("[{value:12}]"), "[    -123.456]"),
        (format!("[{value:<12}]"), "[-123.456    ]"),
        (format!("[{value:*^12}]"), "[**-123.456**]"),
        (format!("[{value:3}]"), "[-123.456]"),
        (format!("[{value:.2}]"), "[-123.456]"),
        (format!("[{value:10.2}]"), "[  -123.456]"),
    ];
    for (shown, expected) in cases {
        assert_eq!(shown, expected);
    }
}

fn check_round_trip<const D: u32>(raw: i128) {
    let value = Fixed::<D>::from_raw(raw);
    let text = value.to_string();
    assert_eq!(text.parse(), Ok(value), "{text}, {D} decimals");
    assert!(
        !text.contains('.') || !text.ends_with(['0', '.']),
        "{text} is not the shortest"
    );
}

/// The raw integer of a plain decimal text, if it has at most `decimals` significant decimals.
fn reference_parse(negative: bool, whole: &str, fraction: &str, decimals: u32) -> Option<BigInt> {
    let digits: BigInt = format!("{whole}{fraction}").parse().unwrap();
    let given = u32::try_from(fraction.len()).unwrap();
    let scaled = digits * ten_to(decimals);
    let unit = ten_to(given);
    let exact = &scaled % &unit == BigInt::ZERO;
    let raw = scaled / unit;
    exact.then(|| if negative { -raw } else { raw })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_number_prints_to_a_text_that_reads_back(raw in any_i128()) {
        check_round_trip::<0>(raw);
        check_round_trip::<6>(raw);
        check_round_trip::<18>(raw);
        check_round_trip::<38>(raw);
    }

    #[test]
    fn plain_decimals_are_exact_or_refused(
        negative in any::<bool>(),
        whole in "[0-9]{1,42}|0|1",
        fraction in "|[0-9]{1,8}|[0-9]{1,12}0{0,12}",
        decimals in 0u32..=38,
    ) {
        let sign = if negative { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        let text = format!("{sign}{whole}{point}{fraction}");
        let expected = match reference_parse(negative, &whole, &fraction, decimals) {
            None => Err(NumberTextError::TooManyDecimals { text: text.clone(), decimals }),
            Some(raw) => to_i128(&raw).map_err(|_| NumberTextError::TooLarge(text.clone())),
        };
        prop_assert_eq!(parse_scaled(&text, decimals), expected);
    }

    #[test]
    fn no_text_panics_and_only_digits_sign_and_point_are_read(text in "\\PC{0,12}|[-+.0-9eE,_ ]{0,8}") {
        let plain = text.strip_prefix(['-', '+']).unwrap_or(&text);
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, "0"));
        let digits = |s: &str| !s.is_empty() && s.chars().all(|c: char| c.is_ascii_digit());
        let is_number = digits(whole) && digits(fraction);
        let refused = matches!(text.parse::<Fixed<18>>(), Err(NumberTextError::NotANumber(_)));
        prop_assert_eq!(refused, !is_number, "{:?}", text);
    }
}

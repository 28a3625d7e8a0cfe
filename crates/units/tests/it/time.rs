//! Timestamps as dates, and differences of times.

use plimsoll_units::{ArithmeticError, Duration, Timestamp};
use proptest::prelude::*;

#[test]
fn known_dates() {
    let cases = [
        (0, "1970-01-01 00:00:00.000"),
        (-1, "1969-12-31 23:59:59.999"),
        (951_782_400_000, "2000-02-29 00:00:00.000"),
        (951_868_800_000, "2000-03-01 00:00:00.000"),
        (1_709_164_800_000, "2024-02-29 00:00:00.000"),
        (1_735_689_599_999, "2024-12-31 23:59:59.999"),
        (1_740_787_200_000, "2025-03-01 00:00:00.000"),
        (1_760_131_200_000, "2025-10-10 21:20:00.000"),
        (4_107_456_000_000, "2100-02-28 00:00:00.000"),
        (4_107_542_400_000, "2100-03-01 00:00:00.000"),
        (-2_203_977_600_000, "1900-02-28 00:00:00.000"),
        (-2_203_891_200_000, "1900-03-01 00:00:00.000"),
        (-11_676_096_000_000, "1600-01-01 00:00:00.000"),
        (-62_135_596_800_000, "0001-01-01 00:00:00.000"),
        (-62_167_219_200_000, "0000-01-01 00:00:00.000"),
        (i64::MAX, "292278994-08-17 07:12:55.807"),
        (i64::MIN, "-292275055-05-16 16:47:04.192"),
    ];
    for (millis, text) in cases {
        let time = Timestamp(millis);
        assert_eq!(
            (time.to_string(), format!("{time:?}")),
            (text.to_owned(), text.to_owned())
        );
    }
}

/// The date of a day number by walking the calendar from 1970, year by year.
fn walked_date(mut days: i64) -> (i64, i64, i64) {
    let leap = |y: i64| y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let length = |y: i64| if leap(y) { 366 } else { 365 };
    let mut year = 1970;
    while days < 0 {
        year -= 1;
        days += length(year);
    }
    while days >= length(year) {
        days -= length(year);
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in months {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[test]
fn every_day_of_eight_centuries_is_the_calendar_s() {
    for days in -146_097..146_097 {
        let (year, month, day) = walked_date(days);
        let expected = format!("{year:04}-{month:02}-{day:02} 00:00:00.000");
        assert_eq!(Timestamp(days * 86_400_000).to_string(), expected);
    }
}

proptest! {
    #[test]
    fn differences_are_checked(a in any::<i64>(), b in any::<i64>(), shift in 0u32..64) {
        let (a, b) = (a >> shift, b >> shift);
        let expected = a.checked_sub(b).map(Duration).ok_or(ArithmeticError::Overflow);
        prop_assert_eq!(Timestamp(a).since(Timestamp(b)), expected);
        prop_assert_eq!(Timestamp(a).saturating_add(Duration(b)), Timestamp(a.saturating_add(b)));
    }

    #[test]
    fn seconds_are_checked(seconds in any::<i64>(), shift in 0u32..64) {
        let seconds = seconds >> shift;
        let expected = seconds.checked_mul(1000).map(Timestamp).ok_or(ArithmeticError::Overflow);
        prop_assert_eq!(Timestamp::from_seconds(seconds), expected);
    }
}

//! Prices at the exact edges of their guards, and histories with gaps.

use expect_test::{Expect, expect};
use plimsoll_units::Duration;
use proptest::prelude::*;

use super::*;

const MARKET: MarketId = MarketId(3);
const NOW: Timestamp = Timestamp(1_000_000);

fn feed(version: u64, published: i64, price: i128) -> Feed {
    Feed {
        version,
        published: Timestamp(published),
        price,
    }
}

fn deviation(max_ppm: u32) -> Guards {
    Guards {
        max_deviation_ppm: Some(max_ppm),
        ..Guards::default()
    }
}

fn age(ms: i64) -> Guards {
    Guards {
        max_age: Some(Duration(ms)),
        ..Guards::default()
    }
}

#[test]
fn a_price_that_is_replayed_zero_or_from_the_future_is_refused() {
    let last = feed(7, 5_000, 100);
    let check = |next: Feed, expected: Expect| {
        let result = last.updated(MARKET, next, NOW, &Guards::default());
        let shown = match result {
            Ok(taken) => {
                assert_eq!(taken, next);
                "taken".to_owned()
            }
            Err(why) => why.to_string(),
        };
        expected.assert_eq(&shown);
    };
    check(feed(8, 6_000, 101), expect!["taken"]);
    // Versions may skip, and one may be published before the last one was.
    check(feed(u64::MAX, 4_999, 1), expect!["taken"]);
    check(feed(8, NOW.0, i128::MAX), expect!["taken"]);
    check(
        feed(7, 6_000, 101),
        expect!["version 7 of market-3 is not newer than version 7"],
    );
    check(
        feed(6, 6_000, 101),
        expect!["version 6 of market-3 is not newer than version 7"],
    );
    check(
        feed(0, 6_000, 101),
        expect!["version 0 of market-3 is not newer than version 7"],
    );
    check(
        feed(8, 6_000, 0),
        expect!["the price 0 (raw) of market-3 is not positive"],
    );
    check(
        feed(8, 6_000, -1),
        expect!["the price -1 (raw) of market-3 is not positive"],
    );
    check(
        feed(8, 6_000, i128::MIN),
        expect![
            "the price -170141183460469231731687303715884105728 (raw) of market-3 is not positive"
        ],
    );
    check(
        feed(8, NOW.0 + 1, 101),
        expect![
            "the price of market-3 is from 1970-01-01 00:16:40.001, after the command's own time 1970-01-01 00:16:40.000"
        ],
    );
}

#[test]
fn deviation_is_refused_one_unit_beyond_the_bound_and_not_at_it() {
    let check = |last: i128, max_ppm: u32, next: i128, taken: bool| {
        let before = feed(1, 0, last);
        let result = before.updated(MARKET, feed(2, 0, next), NOW, &deviation(max_ppm));
        let refused = OracleError::Deviation {
            market: MARKET,
            last,
            price: next,
            max_ppm,
        };
        let expected = if taken {
            Ok(feed(2, 0, next))
        } else {
            Err(refused)
        };
        assert_eq!(result, expected, "{last} -> {next} within {max_ppm} ppm");
    };
    // 5 % of 2,000,000 is 100,000, both ways.
    check(2_000_000, 50_000, 2_100_000, true);
    check(2_000_000, 50_000, 2_100_001, false);
    check(2_000_000, 50_000, 1_900_000, true);
    check(2_000_000, 50_000, 1_899_999, false);
    // Where the bound is not a whole unit, it is not rounded up: 5 % of 30 is 1.5.
    check(30, 50_000, 31, true);
    check(30, 50_000, 32, false);
    check(30, 50_000, 28, false);
    // No deviation at all is a guard too; a whole one lets the price double or all but vanish.
    check(30, 0, 30, true);
    check(30, 0, 31, false);
    check(30, 1_000_000, 60, true);
    check(30, 1_000_000, 61, false);
    check(30, 1_000_000, 1, true);
    // Nothing overflows on the way.
    check(i128::MAX, u32::MAX, 1, true);
    check(i128::MAX, 1, i128::MAX - 1, true);
    check(1, u32::MAX, 4_295, true);
    check(1, u32::MAX, 4_296, false);
    check(1, 1, i128::MAX, false);
}

#[test]
fn the_first_price_has_nothing_to_deviate_from() {
    let first = feed(1, 0, i128::MAX);
    let taken = Feed::default().updated(MARKET, first, NOW, &deviation(0));
    assert_eq!(taken, Ok(first));
}

#[test]
fn a_price_is_stale_one_millisecond_after_its_age_and_not_at_it() {
    let check = |published: i64, guards: Guards, fresh: bool| {
        let result = feed(1, published, 42).current(MARKET, NOW, &guards);
        let stale = OracleError::Stale {
            market: MARKET,
            published: Timestamp(published),
            now: NOW,
        };
        let expected = if fresh { Ok(42) } else { Err(stale) };
        assert_eq!(result, expected, "from {published}, {guards:?}");
    };
    check(NOW.0 - 500, age(500), true);
    check(NOW.0 - 501, age(500), false);
    check(NOW.0, age(0), true);
    check(NOW.0 - 1, age(0), false);
    check(i64::MIN, Guards::default(), true);
    // At the ends of time the sum saturates, to the side of refusing.
    check(i64::MIN, age(i64::MAX), false);
    check(NOW.0, age(i64::MAX), true);
    check(NOW.0, age(-1), false);
    check(i64::MIN, age(-1), false);
}

#[test]
fn before_the_first_price_there_is_none() {
    let none = Feed::default().current(MARKET, NOW, &Guards::default());
    assert_eq!(none, Err(OracleError::Missing(MARKET)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The guard is the exact rational one: `|next - last| / last <= ppm / 1e6`.
    #[test]
    fn deviation_is_that_of_exact_fractions(
        last in 1..u64::MAX, next in 1..u64::MAX, near in -3..3i128, ppm in 0..3_000_000u32,
    ) {
        let last = i128::from(last);
        let bound = last * i128::from(ppm) / 1_000_000;
        for next in [i128::from(next), last + bound + near, last - bound + near] {
            let result = feed(1, 0, last).updated(MARKET, feed(2, 0, next), NOW, &deviation(ppm));
            let within = (next - last).abs() * 1_000_000 <= last * i128::from(ppm);
            prop_assert_eq!(result.is_ok(), within && next > 0);
        }
    }
}

fn version(number: u64, time: i64, price: i128) -> Version {
    Version {
        number,
        time: Timestamp(time),
        price,
    }
}

fn history(numbers: &[u64]) -> History {
    let mut history = History::default();
    for &number in numbers {
        let (time, price) = (number as i64 * 10, number.into());
        history.push(MARKET, version(number, time, price)).unwrap();
    }
    history
}

#[test]
fn a_version_out_of_order_is_refused_and_not_kept() {
    let check = |next: Version, expected: Expect| {
        let mut history = history(&[2, 5]);
        let before = history.clone();
        expected.assert_eq(&history.push(MARKET, next).unwrap_err().to_string());
        assert_eq!(history, before);
    };
    check(
        version(5, 60, 1),
        expect!["version 5 of market-3 is not newer than version 5"],
    );
    check(
        version(4, 60, 1),
        expect!["version 4 of market-3 is not newer than version 5"],
    );
    check(
        version(6, 49, 1),
        expect![
            "version 6 of market-3 is from 1970-01-01 00:00:00.049, before the last one, from 1970-01-01 00:00:00.050"
        ],
    );
}

#[test]
fn two_versions_may_share_a_time_and_prices_any_sign() {
    let mut history = history(&[5]);
    for next in [
        version(6, 50, -1),
        version(7, 50, 0),
        version(9, 51, i128::MIN),
    ] {
        assert_eq!(history.push(MARKET, next), Ok(()));
        assert_eq!(
            (history.latest(), history.at(MARKET, next.number)),
            (next, Ok(next))
        );
    }
}

#[test]
fn the_first_version_is_not_zero_and_may_be_from_any_time() {
    let mut history = History::default();
    assert_eq!(
        (history.latest(), history.len(), history.is_empty()),
        (Version::default(), 0, true)
    );
    let zero = history.push(MARKET, version(0, 0, 1));
    expect!["version 0 of market-3 is not newer than version 0"]
        .assert_eq(&zero.unwrap_err().to_string());
    assert_eq!(history.push(MARKET, version(1, -1, 1)), Ok(()));
}

#[test]
fn versions_in_a_gap_forgotten_or_to_come_are_unknown() {
    let mut history = history(&[2, 5, 6, 9]);
    history.forget_before(5);
    let known: Vec<u64> = (0..12).filter(|&n| history.at(MARKET, n).is_ok()).collect();
    assert_eq!((known, history.len()), (vec![5, 6, 9], 3));
    for number in [0, 2, 4, 7, 10, u64::MAX] {
        let unknown = OracleError::UnknownVersion {
            market: MARKET,
            version: number,
        };
        assert_eq!(history.at(MARKET, number), Err(unknown));
    }
}

#[test]
fn forgetting_keeps_the_version_named_and_always_the_newest() {
    let check = |before: u64, kept: &[u64]| {
        let mut forgetful = history(&[2, 5, 6, 9]);
        forgetful.forget_before(before);
        assert_eq!(forgetful, history(kept), "before {before}");
        // Whatever was forgotten, nothing old can be published anew.
        assert!(forgetful.push(MARKET, version(9, 1_000, 1)).is_err());
    };
    check(0, &[2, 5, 6, 9]);
    check(2, &[2, 5, 6, 9]);
    check(3, &[5, 6, 9]);
    check(9, &[9]);
    check(10, &[9]);
    check(u64::MAX, &[9]);
    History::default().forget_before(u64::MAX);
}

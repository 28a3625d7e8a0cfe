//! Funding rates: the bundled ones, files, and when they are due.

use std::path::Path;

use plimsoll_sim::funding::{Funding, period_ends};
use plimsoll_units::Timestamp;

const MIDNIGHT: i64 = 1_760_140_800_000; // 2025-10-11 00:00 UTC
const HOURS_8: i64 = 28_800_000;

fn symbols() -> Vec<String> {
    ["BTCUSDT", "SOLUSDT", "DOGEUSDT", "ETHUSDT"]
        .map(str::to_owned)
        .to_vec()
}

#[test]
fn the_bundled_rates_are_those_of_the_files() {
    let bundled = Funding::bundled(&symbols()).unwrap();
    // Solana after the crash: shorts paid longs 0.3 %.
    assert_eq!(bundled.rate(1, Timestamp(MIDNIGHT)), Some(-302_761));
    assert_eq!(bundled.rate(1, Timestamp(MIDNIGHT + 3_600_000)), None);
    assert_eq!(bundled.rate(4, Timestamp(MIDNIGHT)), None);
    let directory = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/funding"
    ));
    if !directory.is_dir() {
        eprintln!("skipped: {} is not there", directory.display());
        return;
    }
    let read = Funding::read(directory, &symbols()).unwrap();
    for market in 0..4 {
        for period in -6..=5 {
            let at = Timestamp(MIDNIGHT + period * HOURS_8);
            assert!(bundled.rate(market, at).is_some());
            assert_eq!(bundled.rate(market, at), read.rate(market, at));
        }
    }
}

#[test]
fn periods_end_at_their_hours() {
    let ends = |from: i64, to: i64| -> Vec<i64> {
        period_ends(Timestamp(MIDNIGHT + from), Timestamp(MIDNIGHT + to))
            .map(|at| at.millis() - MIDNIGHT)
            .collect()
    };
    assert_eq!(ends(-1, 0), [0]);
    assert_eq!(ends(0, HOURS_8), [HOURS_8]);
    assert_eq!(ends(0, HOURS_8 - 1), [0i64; 0]);
    assert_eq!(ends(-HOURS_8 - 1, HOURS_8), [-HOURS_8, 0, HOURS_8]);
}

#[test]
fn files_without_rates_are_refused_with_the_reason() {
    let btc = ["BTCUSDT".to_owned()];
    for (name, text, why) in [
        (
            "binance_BTCUSDT_4h.csv",
            "",
            "has none of *_BTCUSDT_8h_*.csv",
        ),
        (
            "binance_BTCUSDT_8h.csv",
            "",
            "there is no column \"timestamp_ms\"",
        ),
        (
            "binance_BTCUSDT_8h.csv",
            "timestamp_ms,funding_rate\n",
            "0 usable rows are too few",
        ),
        (
            "binance_BTCUSDT_8h.csv",
            "timestamp_ms,funding_rate\nnow,0\n",
            "line 2: timestamp_ms \"now\"",
        ),
        (
            "binance_BTCUSDT_8h.csv",
            "timestamp_ms,funding_rate\n1,a\n",
            "line 2: funding_rate \"a\"",
        ),
        (
            "binance_BTCUSDT_8h.csv",
            "timestamp_ms,funding_rate\n1,0.2\n",
            "more than 10 %",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(name), text).unwrap();
        let refused = Funding::read(directory.path(), &btc)
            .unwrap_err()
            .to_string();
        assert!(refused.contains(why), "{refused}");
    }
}

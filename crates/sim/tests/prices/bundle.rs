//! The crash that comes with the program.

use expect_test::expect;
use plimsoll_sim::prices::{
    BUNDLED_SEED, BUNDLED_STEP, BUNDLES, MarketPrice, PriceRequest, Provenance, Timeline, Window,
    bundled,
};
use plimsoll_units::Timestamp;
use proptest::prelude::*;

const COINS: [&str; 4] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT"];

fn requests(symbols: &[&str]) -> Vec<PriceRequest> {
    symbols
        .iter()
        .map(|symbol| PriceRequest::new(symbol, &["spot"]))
        .collect()
}

fn crash(seed: u64) -> Timeline {
    bundled(BUNDLES[0], &requests(&COINS), Window::ALL, seed).unwrap()
}

/// Every time and price, hashed.
fn hash(timeline: &Timeline) -> String {
    let mut hasher = blake3::Hasher::new();
    for tick in &timeline.ticks {
        hasher.update(&tick.time.millis().to_le_bytes());
        for (market, price) in &tick.prices {
            hasher.update(&(*market as u64).to_le_bytes());
            hasher.update(&price.raw().to_le_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// What must hold for every seed.
fn check_laws(timeline: &Timeline) {
    let Provenance::Bundled { markets, step, .. } = &timeline.provenance else {
        panic!("{:?}", timeline.provenance);
    };
    let step = step.millis();
    for pair in timeline.ticks.windows(2) {
        assert_eq!(pair[1].time.millis() - pair[0].time.millis(), step);
    }
    for (market, record) in markets.iter().enumerate() {
        let low = record
            .anchors
            .iter()
            .map(|anchor| anchor.price)
            .min()
            .unwrap();
        let high = record
            .anchors
            .iter()
            .map(|anchor| anchor.price)
            .max()
            .unwrap();
        assert!(low.is_positive());
        for tick in &timeline.ticks {
            let (index, price) = tick.prices[market];
            assert_eq!(index, market);
            assert!(price >= low && price <= high, "{} {price}", tick.time);
        }
        for anchor in &record.anchors {
            let at = (anchor.time.millis() - timeline.ticks[0].time.millis()) / step;
            let price = timeline.ticks[at as usize].prices[market].1;
            assert_eq!(price, anchor.price, "{} at {}", record.symbol, anchor.time);
        }
    }
}

#[test]
fn the_default_crash_is_the_same_bytes_on_every_machine() {
    let timeline = crash(BUNDLED_SEED);
    check_laws(&timeline);
    let price = |symbol: usize, time: i64| -> MarketPrice {
        let tick = timeline
            .ticks
            .iter()
            .find(|tick| tick.time.millis() == time)
            .unwrap();
        tick.prices[symbol].1
    };
    // 21:21:15 UTC, the bottom; a quarter of an hour before; noon of the next day.
    let at = [1_760_131_275_000, 1_760_130_375_000, 1_760_184_000_000];
    let mut printed = format!("{} ticks, {}\n", timeline.ticks.len(), hash(&timeline));
    for (index, coin) in COINS.iter().enumerate() {
        let prices = at.map(|time| price(index, time).to_string());
        printed.push_str(&format!("{coin} {}\n", prices.join(" ")));
    }
    expect![[r#"
        11516 ticks, 2917f4f780b4398cbc20415409b5c660a2ae2cb329f6033486fa39838db486af
        BTCUSDT 102000 115112.69 113052.68
        ETHUSDT 3435 3798.27 3857.11
        SOLUSDT 176.02 187.51 185.63
        DOGEUSDT 0.095 0.20896 0.18638
    "#]]
    .assert_eq(&printed);
}

/// The market, time between two prices and number of prices of a bundle.
fn check_bundle(name: &str, symbol: &str, step: i64, ticks: usize) -> Timeline {
    let timeline = bundled(name, &requests(&[symbol]), Window::ALL, 3).unwrap();
    check_laws(&timeline);
    let Provenance::Bundled { step: has, .. } = &timeline.provenance else {
        panic!("{:?}", timeline.provenance);
    };
    assert_eq!(
        (has.millis(), timeline.ticks.len()),
        (step, ticks),
        "{name}"
    );
    timeline
}

#[test]
fn every_other_crash_passes_its_anchors_on_a_grid_of_its_own() {
    let calm = BUNDLED_STEP.millis();
    check_bundle(BUNDLES[1], "BTCUSDT", calm, 27_696);
    check_bundle(BUNDLES[2], "ETHUSDT", calm, 8_636);
    check_bundle(BUNDLES[3], "YFIUSD", calm, 7_201);
    check_bundle(BUNDLES[4], "JELLYUSD", calm, 1_201);
    let shape = check_bundle(BUNDLES[5], "PERPS", 1_000, 3_301);
    let told = shape.provenance.to_string();
    assert!(!told.contains("published prices"), "{told}");
    assert!(told.contains("are no prices of a market"), "{told}");
}

#[test]
fn another_seed_is_another_path_and_a_coin_does_not_depend_on_the_others() {
    assert_ne!(hash(&crash(1)), hash(&crash(2)));
    let all = crash(5);
    let alone = bundled(BUNDLES[0], &requests(&["solusdt"]), Window::ALL, 5).unwrap();
    let pairs = all.ticks.iter().zip(&alone.ticks);
    assert!(pairs.clone().count() > 10_000);
    for (all, alone) in pairs {
        assert_eq!(all.prices[2].1, alone.prices[0].1);
    }
}

#[test]
fn coins_move_together() {
    // Steps of the same sign, on the second day, where no coin is near the edge of its range.
    let timeline = crash(BUNDLED_SEED);
    let rises = |pair: &[plimsoll_sim::prices::Tick], market: usize| {
        pair[1].prices[market].1 > pair[0].prices[market].1
    };
    let same = timeline.ticks[7_000..9_000]
        .windows(2)
        .filter(|pair| rises(pair, 0) == rises(pair, 1))
        .count();
    // A correlation of 0.64 agrees in about 72 of 100 steps; none agrees in 50.
    assert!((1_350..1_550).contains(&same), "{same} of 1999");
}

#[test]
fn the_report_says_what_is_real_and_what_is_simulated() {
    let window = Window {
        from: Timestamp(1_760_131_200_000),
        to: Timestamp(1_760_131_260_000),
    };
    let timeline = bundled(BUNDLES[0], &requests(&["DOGEUSDT"]), window, 7).unwrap();
    assert_eq!(timeline.ticks.len(), 4);
    expect![[r#"
        Prices: partly simulated. The anchors listed below are real, published prices. The path between them is not market data: it is a random bridge with seed 7, one price every 15s, which passes through every anchor and never leaves the range of a market's anchors.
        DOGEUSDT: 16 anchors from Binance spot 5-minute klines, public archive data.binance.vision (spot/daily/klines), 10 and 11 October 2025
          2025-10-10 00:00:00.000 0.2485 (open of the bar at 2025-10-10 00:00:00.000)
          2025-10-10 08:07:30.000 0.24666 (low of the bar at 2025-10-10 08:05:00.000)
          2025-10-10 13:37:30.000 0.25403 (high of the bar at 2025-10-10 13:35:00.000)
          2025-10-10 20:45:00.000 0.23373 (open of the bar at 2025-10-10 20:45:00.000)
          2025-10-10 21:02:30.000 0.21586 (low of the bar at 2025-10-10 21:00:00.000)
          2025-10-10 21:16:15.000 0.20201 (high of the bar at 2025-10-10 21:15:00.000)
          2025-10-10 21:17:30.000 0.11 (low of the bar at 2025-10-10 21:15:00.000)
          2025-10-10 21:21:15.000 0.095 (low of the bar at 2025-10-10 21:20:00.000)
          2025-10-10 21:22:30.000 0.18595 (high of the bar at 2025-10-10 21:20:00.000)
          2025-10-10 21:26:15.000 0.13914 (low of the bar at 2025-10-10 21:25:00.000)
          2025-10-10 21:52:30.000 0.2 (high of the bar at 2025-10-10 21:50:00.000)
          2025-10-10 22:07:30.000 0.16923 (low of the bar at 2025-10-10 22:05:00.000)
          2025-10-10 23:42:30.000 0.2 (high of the bar at 2025-10-10 23:40:00.000)
          2025-10-11 02:51:15.000 0.20048 (high of the bar at 2025-10-11 02:50:00.000)
          2025-10-11 21:07:30.000 0.17816 (low of the bar at 2025-10-11 21:05:00.000)
          2025-10-11 23:58:45.000 0.18527 (close of the bar at 2025-10-11 23:55:00.000)
    "#]].assert_eq(&timeline.provenance.to_string());
    let refused = bundled(BUNDLES[0], &requests(&["XRPUSDT"]), Window::ALL, 7).unwrap_err();
    expect![
        "no prices for XRPUSDT in the bundled crash; there are: BTCUSDT, ETHUSDT, SOLUSDT, DOGEUSDT"
    ]
    .assert_eq(&refused.to_string());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_seed_hits_the_anchors_and_stays_in_their_range(seed: u64) {
        check_laws(&crash(seed));
    }
}

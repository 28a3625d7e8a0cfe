//! The loader against real klines, where a copy of them lies beside the repository.

use std::path::PathBuf;

use expect_test::expect;
use plimsoll_sim::prices::{
    BUNDLED_SEED, BUNDLES, PriceRequest, Provenance, Timeline, Window, bundled, load,
};

const COINS: [&str; 4] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT"];

/// The data directory, or `None` with a printed reason.
fn data(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/prices"
    ));
    let path = path.join(name);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: no real klines at {}", path.display());
    None
}

fn requests(prefer: &[&str]) -> Vec<PriceRequest> {
    COINS
        .iter()
        .map(|coin| PriceRequest::new(coin, prefer))
        .collect()
}

/// The lowest and highest price of a market and when they were first reached.
fn extremes(timeline: &Timeline, market: usize) -> String {
    let prices = || {
        timeline.ticks.iter().filter_map(move |tick| {
            let found = tick.prices.iter().find(|(index, _)| *index == market);
            found.map(|(_, price)| (*price, tick.time))
        })
    };
    let (low, low_at) = prices().min().unwrap();
    let (high, high_at) = prices()
        .max_by_key(|(price, time)| (*price, std::cmp::Reverse(*time)))
        .unwrap();
    format!(
        "{} low {low} at {low_at}, high {high} at {high_at}",
        timeline.markets[market]
    )
}

#[test]
fn the_october_crash_has_its_published_lows() {
    let Some(path) = data("oct_2025-10-10") else {
        return;
    };
    let mut printed = String::new();
    for prefer in [["spot", "5m"], ["perp", "5m"]] {
        let timeline = load(&path, &requests(&prefer), Window::ALL).unwrap();
        assert_eq!(timeline.ticks.len(), 1_152 * 4);
        assert!(timeline.ticks.iter().all(|tick| tick.prices.len() == 4));
        printed.push_str(&format!("{prefer:?}\n"));
        for market in 0..COINS.len() {
            printed.push_str(&format!("{}\n", extremes(&timeline, market)));
        }
    }
    expect![[r#"
        ["spot", "5m"]
        BTCUSDT low 102000 at 2025-10-10 21:21:15.000, high 123762.94 at 2025-10-09 12:42:30.000
        ETHUSDT low 3435 at 2025-10-10 21:21:15.000, high 4531.52 at 2025-10-09 00:21:15.000
        SOLUSDT low 168.79 at 2025-10-10 21:27:30.000, high 229.69 at 2025-10-09 00:21:15.000
        DOGEUSDT low 0.095 at 2025-10-10 21:21:15.000, high 0.25593 at 2025-10-09 00:01:15.000
        ["perp", "5m"]
        BTCUSDT low 101516.5 at 2025-10-10 21:21:15.000, high 123740.1 at 2025-10-09 12:42:30.000
        ETHUSDT low 3400 at 2025-10-10 21:21:15.000, high 4529.15 at 2025-10-09 00:21:15.000
        SOLUSDT low 141.28 at 2025-10-10 21:21:15.000, high 229.61 at 2025-10-09 00:21:15.000
        DOGEUSDT low 0.08385 at 2025-10-10 21:21:15.000, high 0.25587 at 2025-10-09 00:01:15.000
    "#]]
    .assert_eq(&printed);
}

#[test]
fn the_bundled_anchors_are_prices_of_the_real_bars() {
    check_anchors("oct_2025-10-10", BUNDLES[0], &requests(&["spot", "5m"]));
    let ether = [PriceRequest::new("ETHUSDT", &["spot", "5m"])];
    check_anchors("covid_2020-03", BUNDLES[2], &ether);
}

fn check_anchors(directory: &str, bundle: &str, requests: &[PriceRequest]) {
    let Some(path) = data(directory) else {
        return;
    };
    let real = load(&path, requests, Window::ALL).unwrap();
    let bundle = bundled(bundle, requests, Window::ALL, BUNDLED_SEED).unwrap();
    let Provenance::Bundled { markets, .. } = &bundle.provenance else {
        panic!("{:?}", bundle.provenance);
    };
    for (market, record) in markets.iter().enumerate() {
        assert!((12..=24).contains(&record.anchors.len()));
        for anchor in &record.anchors {
            let tick = real
                .ticks
                .iter()
                .find(|tick| tick.time == anchor.time)
                .unwrap();
            assert_eq!(
                tick.prices[market].1, anchor.price,
                "{} {}",
                record.symbol, anchor.time
            );
            let within = anchor.time.millis() - anchor.bar.millis();
            let named = match within {
                0 => anchor.field == "open",
                75_000 | 150_000 => anchor.field == "low" || anchor.field == "high",
                225_000 => anchor.field == "close",
                _ => false,
            };
            assert!(named, "{anchor:?}");
        }
    }
}

#[test]
fn every_kline_file_of_the_collection_is_sound() {
    let Some(path) = data("") else { return };
    let mut files = 0;
    for directory in std::fs::read_dir(&path).unwrap() {
        let directory = directory.unwrap().path();
        if !directory.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&directory).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            // Two files of the collection are not klines.
            if name.starts_with("multi_venue") || name.starts_with("luna_oracle") {
                continue;
            }
            let symbol = name.split('_').find(|token| token.contains("USD")).unwrap();
            let request = PriceRequest::new(symbol, &["mark"]);
            let timeline = load(&file, &[request], Window::ALL).unwrap();
            assert!(timeline.ticks.len() >= 4 * 96, "{}", file.display());
            files += 1;
        }
    }
    assert!(files >= 40, "{files}");
}

//! Timelines at their edges: people who come too late, one tick, a market that opens later; and
//! positions whose liquidation can be worked out by hand.

use std::path::Path;

use plimsoll_engine::Body;
use plimsoll_engine::venues::perennial::Command as Do;
use plimsoll_engine::venues::tsunamix;
use plimsoll_sim::scenario::{Scenario, When};
use plimsoll_units::Timestamp;

use super::{Ran, count, only, run};

/// 10 October 2025, 00:00.
const START: i64 = 1_760_054_400_000;
const FIVE_MINUTES: i64 = 300_000;

/// Writes five-minute bars that open and close at these prices, from bar `from` on.
fn bars(directory: &Path, symbol: &str, from: i64, prices: &[f64]) {
    let mut text = "timestamp_ms,open,high,low,close,volume\n".to_owned();
    for (at, price) in prices.iter().enumerate() {
        let time = START + (from + at as i64) * FIVE_MINUTES;
        text.push_str(&format!("{time},{price},{price},{price},{price},1\n"));
    }
    std::fs::write(directory.join(format!("{symbol}_spot_5m.csv")), text).unwrap();
}

/// A scenario over the bars of a directory, with the people of a CSV file.
fn scenario(directory: &Path, symbols: &[&str], venue: &str, people: &str) -> Scenario {
    std::fs::write(
        directory.join("people.csv"),
        format!("market,side,collateral,leverage,arrives\n{people}"),
    )
    .unwrap();
    let markets: String = symbols
        .iter()
        .map(|s| format!("[[markets]]\nsymbol = \"{s}\"\n"))
        .collect();
    let text = format!(
        "name = \"by hand\"\nseed = 1\n[prices]\nsource = \".\"\n{markets}\n\
         [[venues]]\nname = \"v\"\nexecution = \"engine\"\n{venue}\n\
         [venues.population]\nfile = \"people.csv\"\n"
    );
    let path = directory.join("scenario.toml");
    std::fs::write(&path, text).unwrap();
    Scenario::load(&path).unwrap()
}

/// No fees but the closing fee of the rule itself, so that a price can be worked out by hand.
const TSUNAMIX: &str = "preset = \"tsunamix\"\n\
    tsunamix = { trading_fee = 0, borrowing_per_hour = 0, funding_max_per_hour = 0 }\n\
    liquidity = [{ deposit = 10000000 }]\n";
const PERENNIAL: &str = "preset = \"perennial\"\n\
    perennial = { taker_fee = 0, funding_fee = 0, min_rate = 0, max_rate = 0, target_rate = 0 }\n\
    makers = { per_product = 3 }\n";

/// One percent down every five minutes.
fn sliding(bars: usize) -> Vec<f64> {
    (0..bars).map(|at| 1000.0 - 10.0 * at as f64).collect()
}

fn first_row_time(ran: &Ran) -> i64 {
    (ran.venue().liquidations[0].executed - START) / FIVE_MINUTES
}

#[test]
fn a_long_is_liquidated_at_the_bar_that_arithmetic_says() {
    let directory = tempfile::tempdir().unwrap();
    bars(directory.path(), "ETHUSDT", 0, &sliding(60));
    for (leverage, tsunamix_bar, perennial_bar) in [
        // TsunamiX: lost when leverage x fall >= 0.99. Perennial: when
        // 1 - leverage x fall < 0.05 x leverage x (1 - fall).
        (2, 50, 48),
        (5, 20, 16),
        (10, 10, 6),
    ] {
        let people = format!("ETHUSDT,long,1000,{leverage},2025-10-10T00:00:00Z\n");
        let at = directory.path();
        let ran = run(&scenario(at, &["ETHUSDT"], TSUNAMIX, &people));
        assert_eq!(count(ran.venue(), "Liquidated"), 1);
        assert_eq!(first_row_time(&ran), tsunamix_bar, "tsunamix x{leverage}");
        let ran = run(&scenario(at, &["ETHUSDT"], PERENNIAL, &people));
        assert_eq!(count(ran.venue(), "Liquidated"), 1);
        assert_eq!(first_row_time(&ran), perennial_bar, "perennial x{leverage}");
    }
}

#[test]
fn nobody_is_liquidated_while_prices_stand_still_or_move_their_way() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let people = "ETHUSDT,short,1000,5,2025-10-10T00:00:00Z\n";
    for prices in [vec![1000.0; 30], sliding(30)] {
        bars(at, "ETHUSDT", 0, &prices);
        for venue in [TSUNAMIX, PERENNIAL] {
            // The profit limit of one trade is far away: the vault is large.
            let ran = run(&scenario(at, &["ETHUSDT"], venue, people));
            assert_eq!(count(ran.venue(), "Cases opened"), 0);
            assert!(ran.results.commands > 100);
        }
    }
}

#[test]
fn people_who_arrive_after_the_last_price_never_do() {
    for venue in ["tsunamix, engine", "perennial, engine"] {
        let mut scenario = only(venue);
        let late = Timestamp(START + 30 * 86_400_000);
        scenario.venues[0].population.arrive_from = Some(When(late));
        let ran = run(&scenario);
        assert_eq!(count(ran.venue(), "Traders"), 300);
        assert_eq!(opened(&ran), 0);
        assert_eq!(count(ran.venue(), "Cases opened"), 0);
        assert!(ran.venue().refusals.is_empty());
    }
}

/// Takers' attempts to open a position.
fn opened(ran: &Ran) -> usize {
    let opens = |body: &Body| {
        matches!(
            body,
            Body::TsunamiX(tsunamix::Command::Open { .. })
                | Body::Perennial(Do::Open {
                    role: plimsoll_engine::venues::perennial::Role::Taker,
                    ..
                })
        )
    };
    ran.commands.iter().filter(|c| opens(&c.body)).count()
}

#[test]
fn one_tick_is_a_replay() {
    let mut scenario = super::small();
    scenario.prices.to = Some(When(Timestamp(
        scenario.prices.from.unwrap().0.millis() + 1,
    )));
    let ran = run(&scenario);
    assert_eq!(ran.results.window.0, ran.results.window.1);
    for venue in &ran.results.venues {
        assert_eq!(count(venue, "Cases opened"), 0);
    }
}

#[test]
fn a_market_that_opens_later_has_its_makers_and_traders_then() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    bars(at, "ETHUSDT", 0, &sliding(40));
    bars(at, "SOLUSDT", 10, &sliding(30));
    let people = "SOLUSDT,long,1000,10,2025-10-10T00:00:00Z\n\
                  ETHUSDT,long,1000,10,2025-10-10T00:00:00Z\n";
    let opens = START + 10 * FIVE_MINUTES;
    for venue in [TSUNAMIX, PERENNIAL] {
        let ran = run(&scenario(at, &["ETHUSDT", "SOLUSDT"], venue, people));
        assert!(
            ran.venue().refusals.is_empty(),
            "{:?}",
            ran.venue().refusals
        );
        assert_eq!(opened(&ran), 2);
        assert_eq!(count(ran.venue(), "Liquidated"), 2);
        let rows = &ran.venue().liquidations;
        let waited = |market: usize, since: i64| {
            let row = rows.iter().find(|l| l.market == market).unwrap();
            (row.executed - since) / FIVE_MINUTES
        };
        // The same slide from the market's own first price.
        assert_eq!(waited(1, opens), waited(0, START));
        for command in &ran.commands {
            if let Body::Perennial(Do::Open { product, .. }) = &command.body {
                let late = product.index() >= 2;
                assert!(!late || command.time.millis() >= opens, "{command:?}");
            }
        }
    }
}

#[test]
fn the_largest_numbers_a_scenario_may_say_are_refused_by_the_venue_not_fatal() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let people = "ETHUSDT,long,1000000000000,10000,2025-10-10T00:00:00Z\n\
                  ETHUSDT,short,1000000000000,10000,2025-10-10T00:00:00Z\n\
                  ETHUSDT,long,0.000001,0.01,2025-10-10T00:00:00Z\n";
    for price in [0.000_000_01, 1_000.0, 100_000_000_000.0] {
        bars(at, "ETHUSDT", 0, &[price; 5]);
        for venue in [TSUNAMIX, PERENNIAL] {
            let mut scenario = scenario(at, &["ETHUSDT"], venue, people);
            for provider in &mut scenario.venues[0].liquidity {
                provider.deposit = "1000000000000".parse().unwrap();
            }
            let ran = run(&scenario);
            assert_eq!(count(ran.venue(), "Cases opened"), 0, "{price}");
        }
    }
}

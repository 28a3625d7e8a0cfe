//! How long an index update takes with many accounts: not a law, a figure. Run it with
//! `cargo test --release -p plimsoll-engine --test kyan -- --ignored --nocapture speed`.

use std::time::{Duration as StdDuration, Instant};

use plimsoll_engine::venues::kyan::{Command, Held, InstrumentId, Opening};
use plimsoll_engine::{Body, Command as Envelope};
use plimsoll_units::{Amount, Duration, Price, Timestamp};

use crate::world::{DAY, PAIR, Quote, START, VENUE, World, call, config, put};

/// Strikes of calls and puts in ten expiries: with the perpetual 1,001 instruments.
fn quotes() -> Vec<Quote> {
    let strikes = (0..50).map(|at| 60_000 + at * 2_000);
    let days = [2, 5, 9, 16, 23, 30, 58, 86, 149, 240];
    strikes
        .flat_map(|strike| days.into_iter().map(move |days| (strike, days)))
        .flat_map(|(strike, days)| [call(strike, days, 60), put(strike, days, 60)])
        .collect()
}

#[test]
#[ignore = "a measurement"]
fn an_index_update_over_ten_thousand_accounts_of_twenty_legs() {
    let (few, many) = (update(2), update(10_002));
    println!("an update of 1,001 instruments: {few:?} with 2 accounts, {many:?} with 10,002");
    println!("an account of 20 legs: {:?}", (many - few) / 10_000);
}

/// The middle one of twenty updates.
fn update(accounts: u32) -> StdDuration {
    const LEGS: u32 = 20;
    let quotes = quotes();
    let mut config = config();
    config.pairs[0].trust.index_age = Duration(DAY);
    config.start.options = quotes.iter().map(|q| (PAIR, World::terms(q))).collect();
    // Pairs of accounts, one the other side of the other, each rich.
    config.start.accounts = (0..accounts)
        .map(|number| {
            let sign = if number % 2 == 0 { 1 } else { -1 };
            let first = number / 2 * 37;
            let mut places: Vec<u32> = (0..LEGS).map(|leg| (first + leg * 53) % 1_001).collect();
            places.sort_unstable();
            places.dedup();
            let held = places.into_iter().map(|place| Held {
                instrument: InstrumentId(place),
                quantity: sign * (100_000 + i64::from(place) * 1_000),
                cost: 0,
            });
            Opening {
                owner: number,
                pair: PAIR,
                cash: Amount::from_raw(10_000_000_000_000),
                positions: held.collect(),
            }
        })
        .collect();
    let mut world = World::new(config);
    world.quotes = quotes;
    world.index = 100_000.0;
    world.surface();
    world.price("100000");
    let mut took = Vec::new();
    for update in 1..=21i64 {
        let at = Timestamp(START.millis() + update * 100);
        let price = Price::from_raw(10_000_000_000_000 + i128::from(update) * 1_000_000_000);
        let command = Envelope {
            time: at,
            venue: VENUE,
            body: Body::Kyan(Command::Index(plimsoll_engine::venues::kyan::IndexUpdate {
                pair: PAIR,
                at,
                index: price,
                perpetual: price,
            })),
        };
        let start = Instant::now();
        let _ = world.engine.apply(&command);
        took.push(start.elapsed());
    }
    assert_eq!(world.venue().in_liquidation().count(), 0);
    took.sort_unstable();
    took[took.len() / 2]
}

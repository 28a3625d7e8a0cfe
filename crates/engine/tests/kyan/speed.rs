//! How long an index update takes with many accounts: not a law, a figure. Run it with
//! `cargo test --release -p plimsoll-engine --test kyan -- --ignored --nocapture --test-threads 1 speed`.

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

#[test]
#[ignore = "a measurement"]
fn a_crash_that_flags_thousands_at_once() {
    let mut world = many(10_002, 400_000_000_000);
    let held = world.venue().in_liquidation().count();
    let start = Instant::now();
    let events = index(&mut world, 1, 8_400_000_000_000).expect("a price");
    let took = start.elapsed();
    let opened = world.venue().in_liquidation().count() - held;
    println!(
        "an index 16 % lower: {opened} of 10,002 accounts of 20 legs flagged, decomposed or hedged \
         and their first orders placed in {took:?}, {events} events: {:.0} cases a second",
        opened as f64 / took.as_secs_f64()
    );
    assert!(opened > 100, "a crash that flags nobody measures nothing");
}

/// The middle one of twenty updates.
fn update(accounts: u32) -> StdDuration {
    let mut world = many(accounts, 10_000_000_000_000);
    let mut took = Vec::new();
    for update in 1..=21i64 {
        let start = Instant::now();
        let _ = index(
            &mut world,
            update,
            10_000_000_000_000 + i128::from(update) * 1_000_000_000,
        );
        took.push(start.elapsed());
    }
    assert_eq!(world.venue().in_liquidation().count(), 0);
    took.sort_unstable();
    took[took.len() / 2]
}

/// The index moves to `price`, 8 decimals; how many events that had.
fn index(world: &mut World, update: i64, price: i128) -> Result<usize, plimsoll_engine::Rejection> {
    let at = Timestamp(START.millis() + update * 100);
    let price = Price::from_raw(price);
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
    world.engine.apply(&command).map(<[_]>::len)
}

/// A venue with so many accounts of twenty legs, each with so much cash.
fn many(accounts: u32, cash: i128) -> World {
    const LEGS: u32 = 20;
    let quotes = quotes();
    let mut config = config();
    config.pairs[0].trust.index_age = Duration(DAY);
    config.start.options = quotes.iter().map(|q| (PAIR, World::terms(q))).collect();
    // Pairs of accounts, one the other side of the other.
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
                cash: Amount::from_raw(cash),
                positions: held.collect(),
            }
        })
        .collect();
    let mut world = World::new(config);
    world.quotes = quotes;
    world.index = 100_000.0;
    world.surface();
    world.price("100000");
    world
}

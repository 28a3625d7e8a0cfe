//! Kuma replays: what a small one comes to, that it comes to it again, and what always holds.

use std::collections::BTreeMap;

use expect_test::expect;
use plimsoll_engine::{Command, Config, Engine};
use plimsoll_sim::replay::{CommandSink, Replay, SinkError};
use plimsoll_sim::report;
use plimsoll_sim::results::{Results, VenueResults};
use plimsoll_sim::scenario::Scenario;
use plimsoll_sim::waterfall::{Hop, Waterfall};

/// Commands between two audits of the engine during a replay.
const AUDIT_EVERY: usize = 2_000;

/// Two hours of the crash, a hundred wallets a venue: with partners, without, and with options.
const SMALL: &str = include_str!("../data/kuma-two-hours.toml");

fn small() -> Scenario {
    Scenario::parse("(test)", SMALL).unwrap()
}

/// Keeps the commands, audits the engine now and then.
#[derive(Debug, Default)]
struct Recorded(Vec<Command>);

impl CommandSink for Recorded {
    fn record(&mut self, command: &Command) -> Result<(), SinkError> {
        self.0.push(command.clone());
        Ok(())
    }

    fn applied(&mut self, engine: &Engine) -> Result<(), SinkError> {
        if self.0.len().is_multiple_of(AUDIT_EVERY) {
            engine.audit().map_err(|e| SinkError(e.to_string()))?;
        }
        Ok(())
    }

    fn finish(&mut self, engine: &Engine) -> Result<(), SinkError> {
        engine.audit().map_err(|e| SinkError(e.to_string()))
    }
}

struct Ran {
    config: Config,
    commands: Vec<Command>,
    results: Results,
}

fn run(scenario: &Scenario) -> Ran {
    let replay = Replay::prepare(scenario.clone()).unwrap();
    let config = replay.config().clone();
    let mut sink = Recorded::default();
    let results = replay.run(&mut sink, &mut |_, _| {}).unwrap();
    let ran = Ran {
        config,
        commands: sink.0,
        results,
    };
    for (venue, written) in ran.results.venues.iter().zip(&scenario.venues) {
        positions_that_left_the_fund_had_come_to_it(venue);
        partners_get_what_they_signed(venue, written);
    }
    ran
}

fn waterfall(venue: &VenueResults) -> &Waterfall {
    venue.waterfall.as_ref().unwrap()
}

/// By market and side: what the fund took over is what it passed on and what it still has. Longs
/// and shorts that met within the fund cancel out.
fn positions_that_left_the_fund_had_come_to_it(venue: &VenueResults) {
    let mut net: BTreeMap<usize, i128> = BTreeMap::new();
    for fill in &waterfall(venue).fills {
        let signed = if fill.long {
            fill.base.raw
        } else {
            -fill.base.raw
        };
        let sum = net.entry(fill.market).or_default();
        match fill.hop {
            Hop::Acquired | Hop::Reduced => *sum += signed,
            Hop::Partner | Hop::Book | Hop::Closure => *sum -= signed,
            Hop::Deleveraged => {}
        }
    }
    let left = waterfall(venue).inventory.raw != 0;
    let holds = net.values().any(|sum| *sum != 0);
    assert_eq!(left, holds, "{}: {net:?}", venue.name);
}

/// No partner takes a position at a worse price than its offset: the fund gives up at most that
/// much against index, and a pip of rounding.
fn partners_get_what_they_signed(venue: &VenueResults, written: &plimsoll_sim::scenario::Venue) {
    let most = |to: u32| {
        let at = waterfall(venue)
            .partners
            .iter()
            .position(|p| p.account == to);
        written.partners[at.unwrap()].offset.raw()
    };
    let fills = waterfall(venue).fills.iter();
    for fill in fills.filter(|fill| fill.hop == Hop::Partner) {
        let given = -fill.against_index.raw * 10i128.pow(18);
        let signed = most(fill.to) * fill.index.raw;
        // A tick of the price grid, a millionth, and two pips.
        let slack = 2 * 10i128.pow(18) + fill.index.raw * 10i128.pow(13);
        assert!((given - signed).abs() <= slack, "{fill:?}");
    }
}

#[test]
fn the_small_crash_comes_to_this() {
    let ran = run(&small());
    let mut shown = String::new();
    for venue in &ran.results.venues {
        shown.push_str(&format!("{}\n", venue.name));
        for figure in &venue.figures {
            shown.push_str(&format!("  {}: {}\n", figure.label, figure.value));
        }
        for refused in &venue.refusals {
            shown.push_str(&format!(
                "  {} x {}: {}\n",
                refused.times, refused.name, refused.first
            ));
        }
        for partner in &waterfall(venue).partners {
            shown.push_str(&format!(
                "  {}: {} lots, {} USD at index, signed {}, left out {:?}\n",
                partner.name,
                partner.taken.fills,
                partner.taken.index,
                partner.signed,
                partner.skipped
            ));
        }
    }
    for venue in &ran.results.venues {
        let waterfall = waterfall(venue);
        shown.push_str(&format!(
            "{}: quintiles {:?}\n",
            venue.name, waterfall.quintiles
        ));
        for policy in &waterfall.policies {
            shown.push_str(&format!(
                "  {}{}: needed {}, takes {} from {}\n",
                policy.policy,
                if policy.used { " (in force)" } else { "" },
                policy.needed,
                policy.taken,
                policy.accounts
            ));
        }
    }
    for sentence in report::compared(&ran.results) {
        shown.push_str(&format!("{sentence}\n"));
    }
    shown.push_str(&format!(
        "{} commands, {} events\nstate {}\n",
        ran.results.commands, ran.results.events, ran.results.state_hash
    ));
    expect![[r#"
        with
          Traders: 100
          Cases opened: 24
          Liquidated: 24
          Recovered: 0
          Still open at the end: 0
          Notional liquidated: 2,212,007 USD
          Loss beyond collateral: 5,844 USD
          Time to liquidation, median: 0 s
          Time to liquidation, 99 %: 0 s
          Liquidations that could not be carried out: 0
          Acquired by the insurance fund: 2,212,007 USD
          Acquired by the insurance fund: price against index: -233.9 bps
          Handed to partners: 1,644,951 USD
          Handed to partners: price against index: -126.18 bps
          Closed on the books: 147,874 USD
          Closed on the books: price against index: -218.28 bps
          Deleveraged against the fund: 419,181 USD
          Deleveraged against the fund: price against index: -296.4 bps
          Deleveraged against wallets: 0 USD
          Deleveraged against wallets: price against index: –
          Counterparties deleveraged: 7
          Middle of the book moved by the fund, mean: 0 bps
          Middle of the book moved by the fund, most: 0 bps
          Given up on the books: 3,227 USD
          Insurance fund at the start: 100,000 USD
          Insurance fund at its lowest: 100,000 USD
          Insurance fund at the end: 115,330 USD
          tight: 21 lots, 301412.0588677 USD at index, signed 10, left out [("in its cooldown", 9), ("margin would not suffice", 3)]
          wide: 17 lots, 1343539.20604168 USD at index, signed 6, left out []
        without
          Traders: 100
          Cases opened: 23
          Liquidated: 23
          Recovered: 0
          Still open at the end: 0
          Notional liquidated: 2,003,990 USD
          Loss beyond collateral: 6,129 USD
          Time to liquidation, median: 0 s
          Time to liquidation, 99 %: 0 s
          Liquidations that could not be carried out: 0
          Acquired by the insurance fund: 2,003,990 USD
          Acquired by the insurance fund: price against index: -225.73 bps
          Handed to partners: 0 USD
          Handed to partners: price against index: –
          Closed on the books: 932,287 USD
          Closed on the books: price against index: -195.18 bps
          Deleveraged against the fund: 1,071,702 USD
          Deleveraged against the fund: price against index: -246.72 bps
          Deleveraged against wallets: 0 USD
          Deleveraged against wallets: price against index: –
          Counterparties deleveraged: 27
          Middle of the book moved by the fund, mean: 12.678 bps
          Middle of the book moved by the fund, most: 49.5 bps
          Given up on the books: 18,196 USD
          Insurance fund at the start: 100,000 USD
          Insurance fund at its lowest: 100,000 USD
          Insurance fund at the end: 100,599 USD
        plus
          Traders: 100
          Cases opened: 66
          Liquidated: 24
          Recovered: 42
          Still open at the end: 0
          Notional liquidated: 720,538 USD
          Loss beyond collateral: 35,617 USD
          Time to liquidation, median: 0 s
          Time to liquidation, 99 %: 15 s
          Liquidations that could not be carried out: 2
          Not carried out: neither the backstop nor counterparties can take it: 2
          Reduced, wallet restored: 1,561,395 USD
          Reduced, wallet restored: price against index: -150 bps
          Acquired by the insurance fund: 40,293 USD
          Acquired by the insurance fund: price against index: 262.99 bps
          Handed to partners: 400,801 USD
          Handed to partners: price against index: -20 bps
          Closed on the books: 717,361 USD
          Closed on the books: price against index: -35.61 bps
          Deleveraged against the fund: 25,898 USD
          Deleveraged against the fund: price against index: 6805.74 bps
          Deleveraged against wallets: 792,633 USD
          Deleveraged against wallets: price against index: 1502.15 bps
          Counterparties deleveraged: 56
          Middle of the book moved by the fund, mean: 14.515 bps
          Middle of the book moved by the fund, most: 74.501 bps
          Given up on the books: 2,554 USD
          Insurance fund at the start: 100,000 USD
          Insurance fund at its lowest: -78,680 USD
          Insurance fund at the end: 85,382 USD
          tight: 18 lots, 400801.67324714 USD at index, signed 11, left out [("capacity used up", 39), ("in its cooldown", 5)]
        with: quintiles [0, 0, 0, 0, 2, 5]
          queue (in force): needed 0, takes 419181.9112782 from 7
          pro-rata: needed 0, takes 419181.9112782 from 21
          minimal: needed 0, takes 0 from 0
        without: quintiles [0, 0, 0, 0, 5, 22]
          queue (in force): needed 0, takes 1071702.52138369 from 27
          pro-rata: needed 0, takes 1071702.52138369 from 218
          minimal: needed 0, takes 0 from 0
        plus: quintiles [0, 0, 0, 0, 0, 56]
          queue: needed 818531.59470227, takes 818531.59470227 from 103
          pro-rata: needed 818531.59470227, takes 818531.59470227 from 1177
          minimal (in force): needed 818531.59470227, takes 818531.59470227 from 56
        The same wallets went through the same prices on “with” and on “without”.
        Less impact on liquidity: yes. The fund closed 148 k USD on the books with partners and 932 k USD without, in one closing against 24 closings. All closings together moved the middles of the books by 0.0 bps, against 177.5: by 0.0 each on average and 0.0 at worst, against 12.7 and 49.5. They took all there was once, against 10 times.
        Less to manipulate: yes. What the fund gave up against index on the books is what somebody could earn who provokes liquidations and waits there: 3,228 USD with partners (-218.3 bps of what it closed), 18.2 k USD without (-195.2 bps).
        The price of it: partners took 1.64 M USD at -126.2 bps against index, which is 20.8 k USD given up to them. The fund made 15.3 k USD with partners and 599 USD without; counterparties were deleveraged 7 times, against 27 times.
        81057 commands, 149473 events
        state 04c25c24975f5e5d3418fc8d196723b6113b5ae36dc2fe0d918a5adaa51f7678
    "#]].assert_eq(&shown);
}

#[test]
fn the_commands_alone_give_the_same_state() {
    let ran = run(&small());
    let mut engine = Engine::new(&ran.config).unwrap();
    for command in &ran.commands {
        let _ = engine.apply(command);
    }
    assert_eq!(engine.state_hash().to_string(), ran.results.state_hash);
    assert_eq!(engine.accepted(), ran.results.commands);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let bytes = |scenario: &Scenario| {
        let ran = run(scenario);
        let mut csv = Vec::new();
        report::csv(&ran.results, &mut csv).unwrap();
        report::waterfall_csv(&ran.results, &mut csv).unwrap();
        (report::html(&ran.results), csv, ran.results.state_hash)
    };
    let mut scenario = small();
    scenario.venues.truncate(1);
    let first = bytes(&scenario);
    assert!(first == bytes(&scenario));
    scenario.seed += 1;
    let other = bytes(&scenario);
    assert!(first.0 != other.0 && first.1 != other.1 && first.2 != other.2);
}

#[test]
fn venues_with_the_same_population_have_the_same_wallets() {
    let replay = Replay::prepare(small()).unwrap();
    let people = plimsoll_sim::replay::people_of(&replay);
    assert_eq!(people[0], people[1]);
    assert_eq!(people[0], people[2]);
    assert_eq!(people[0].len(), 100);
}

#[test]
fn without_partners_nothing_is_handed_off() {
    let ran = run(&small());
    let without = waterfall(&ran.results.venues[1]);
    assert_eq!(without.hop(Hop::Partner).fills, 0);
    assert!(!without.with_partners && without.partners.is_empty());
    assert!(without.hop(Hop::Book).fills > 0);
    assert!(waterfall(&ran.results.venues[0]).hop(Hop::Partner).fills > 0);
}

#[test]
fn wallets_from_a_file_open_what_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("people.csv");
    let rows = "market,side,collateral,leverage,arrives\n\
                ETHUSDT,long,1000,10,2025-10-10T20:31:00Z\n\
                DOGEUSDT,short,500,2,2025-10-10T20:32:00Z\n";
    std::fs::write(&file, rows).unwrap();
    let mut scenario = small();
    scenario.venues.truncate(1);
    scenario.venues[0].population.file = Some(file);
    scenario.venues[0].population.like = None;
    let ran = run(&scenario);
    assert_eq!(
        ran.results.venues[0].liquidations.len(),
        1,
        "the long is liquidated"
    );
}

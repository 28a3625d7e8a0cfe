//! Kyan replays: what a small one comes to, that it comes to it again, and what always holds.

use expect_test::expect;
use plimsoll_engine::{Command, Engine};
use plimsoll_sim::episodes::Episodes;
use plimsoll_sim::replay::{CommandSink, Replay, SinkError};
use plimsoll_sim::report;
use plimsoll_sim::results::{Results, VenueResults};
use plimsoll_sim::scenario::Scenario;

/// Commands between two audits of the engine during a replay.
const AUDIT_EVERY: usize = 500;

/// The worst hours, two dozen thinly covered books: the page's auction, and Derive's with a partner.
const SMALL: &str = include_str!("../data/kyan-two-hours.toml");

/// Counts commands, audits the engine now and then.
#[derive(Debug, Default)]
struct Auditing {
    seen: usize,
}

impl CommandSink for Auditing {
    fn record(&mut self, _: &Command) -> Result<(), SinkError> {
        self.seen += 1;
        Ok(())
    }

    fn applied(&mut self, engine: &Engine) -> Result<(), SinkError> {
        if self.seen.is_multiple_of(AUDIT_EVERY) {
            engine.audit().map_err(|why| SinkError(why.to_string()))?;
        }
        Ok(())
    }

    fn finish(&mut self, engine: &Engine) -> Result<(), SinkError> {
        engine.audit().map_err(|why| SinkError(why.to_string()))
    }
}

fn run(text: &str) -> Results {
    let scenario = Scenario::parse("(test)", text).unwrap();
    let replay = Replay::prepare(scenario).unwrap();
    replay
        .run(&mut Auditing::default(), &mut |_, _| {})
        .unwrap()
}

fn episodes(venue: &VenueResults) -> &Episodes {
    venue.episodes.as_deref().unwrap()
}

fn told(venue: &VenueResults) -> String {
    let of = episodes(venue);
    let mut text = format!("{}\n", venue.name);
    for e in &of.ended {
        let line = format!(
            "  {} {}: {}, lacked {}\n",
            e.step, e.how, e.cases, e.shortfall
        );
        text.push_str(&line);
    }
    for s in &of.steps {
        let line = format!(
            "  {}: {} orders, {} fills, notional {}, incentive {}, fee {}\n",
            s.step, s.orders, s.fills, s.notional, s.incentive, s.fee
        );
        text.push_str(&line);
    }
    let a = &of.auctions;
    text.push_str(&format!(
        "  auctions: {} offered, {} taken, {} in part, {} not\n",
        a.offered, a.taken, a.partly, a.untaken
    ));
    for taker in of.takers.iter().filter(|taker| taker.fills > 0) {
        text.push_str(&format!("  {}: {} fills\n", taker.name, taker.fills));
    }
    text
}

#[test]
fn the_worst_hours_come_to_this() {
    let results = run(SMALL);
    let text: String = results.venues.iter().map(told).collect();
    expect![[r#"
        page
          auction bankrupt: 5, lacked 0
          auction released: 21, lacked 0
          hedge released: 1, lacked 0
          auction: 261 orders, 35 fills, notional 1480631.98431, incentive 5351.672161, fee 1038.415319
          decompose: 9 orders, 0 fills, notional 0, incentive 0, fee 0
          hedge: 10 orders, 3 fills, notional 91192.8108, incentive 91.3458, fee 36.440586
          auctions: 48 offered, 5 taken, 21 in part, 22 not
          maker 1: 7 fills
          maker 2: 6 fills
          maker 3: 7 fills
          desk: 18 fills
        derive
          auction released: 21, lacked 0
          hedge released: 3, lacked 0
          partner released: 3, lacked 0
          hedge: 18 orders, 5 fills, notional 152142.718, incentive 141.778, fee 60.800376
          partner: 0 orders, 3 fills, notional 299967.5608, incentive 900.683985, fee 0
          portfolio-auction: 0 orders, 34 fills, notional 948678.426563, incentive 6236.37492, fee 0
          auctions: 21 offered, 21 taken, 0 in part, 0 not
          maker 1: 2 fills
          maker 2: 2 fills
          maker 3: 1 fills
          desk: 34 fills
          p: 3 fills
    "#]].assert_eq(&text);
    // The same again, byte for byte.
    let again = run(SMALL);
    assert_eq!(results.state_hash, again.state_hash);
    assert_eq!(report::html(&results), report::html(&again));
    let other = run(&SMALL.replacen("seed = 11", "seed = 12", 1));
    assert_ne!(results.state_hash, other.state_hash);
    check_laws(&results);
    check_report(&results);
}

/// What holds whatever happens.
fn check_laws(results: &Results) {
    for venue in &results.venues {
        let of = episodes(venue);
        for action in &of.actions {
            assert!(action.fee.raw >= 0, "{action:?}");
            let (before, after) = (&action.before, &action.after);
            assert!(after.initial.raw >= after.maintenance.raw, "{action:?}");
            assert!(before.initial.raw >= before.maintenance.raw, "{action:?}");
        }
        let rows = &venue.liquidations;
        assert!(rows.iter().all(|row| row.equity.raw < row.requirement.raw));
        let released = of.ended.iter().filter(|e| e.how == "released");
        assert!(released.clone().all(|e| e.shortfall.raw == 0));
        let auctions = &of.auctions;
        let parts = auctions.taken + auctions.partly + auctions.untaken;
        assert_eq!(auctions.offered, parts);
        assert!(of.drawdown.values.iter().all(|below| *below >= 0.0));
        // Refusals of the desk's own making: a bidder may be refused, the oracle may not.
        for refused in &venue.refusals {
            assert!(
                ["Bid", "InitialMargin", "Blocked"].contains(&refused.name.as_str()),
                "{refused:?}"
            );
        }
    }
}

fn check_report(results: &Results) {
    let page = report::html(results);
    for words in [
        "Liquidations step by step",
        "Where accounts ended",
        "What each step cost",
        "How the quotes became surfaces",
        "it moves with the index",
        "leg by leg",
    ] {
        assert!(page.contains(words), "the page does not say {words:?}");
    }
    let mut csv = Vec::new();
    report::steps_csv(results, &mut csv).unwrap();
    let rows = String::from_utf8(csv).unwrap().lines().count();
    let actions: usize = results
        .venues
        .iter()
        .map(|v| episodes(v).actions.len())
        .sum();
    assert_eq!(rows, actions + 1);
}

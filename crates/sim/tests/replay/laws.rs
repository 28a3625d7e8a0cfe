//! What holds for every replay.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::{Engine, Event};
use plimsoll_sim::results::{Amount, VenueResults};
use proptest::prelude::*;

use super::{Ran, count, only, run};

/// Checks the laws; called for every replay of these tests.
pub(crate) fn check(ran: &Ran) {
    same_state_from_the_commands_alone(ran);
    for (at, venue) in ran.results.venues.iter().enumerate() {
        every_case_has_one_end(venue);
        money_of_the_rows_is_the_money_that_moved(venue);
        times_are_in_order(ran, venue);
        series_fit(ran, venue);
        if ran.is_engine(at) {
            the_engine_does_not_wait(venue);
        }
    }
}

/// The recorded commands are all there is to a replay.
fn same_state_from_the_commands_alone(ran: &Ran) {
    let mut engine = Engine::new(&ran.config).unwrap();
    let mut events = 0;
    let mut open = BTreeMap::new();
    let mut blocked = BTreeSet::new();
    for command in &ran.commands {
        let Ok(happened) = engine.apply(command) else {
            continue;
        };
        events += happened.len() as u64;
        for event in happened {
            match event {
                Event::Case(CaseEvent::Opened(case)) => drop(open.insert(case.id, *case)),
                Event::Case(CaseEvent::Closed { case, .. }) => drop(open.remove(case)),
                Event::Case(CaseEvent::Blocked { case, .. }) => drop(blocked.insert(*case)),
                _ => {}
            }
        }
    }
    for case in open.into_values() {
        let engine = ran.is_engine(case.target.venue.index());
        assert!(
            !engine || blocked.contains(&case.id),
            "the engine left a case alone: {case:?}"
        );
    }
    assert_eq!(engine.state_hash().to_string(), ran.results.state_hash);
    assert_eq!(engine.accepted(), ran.results.commands);
    assert_eq!(events, ran.results.events);
    let refused: u64 = ran
        .results
        .venues
        .iter()
        .flat_map(|v| &v.refusals)
        .map(|r| r.times)
        .sum();
    assert_eq!(
        engine.accepted() + refused,
        ran.commands.len() as u64,
        "a command is accepted or tallied as refused"
    );
}

fn every_case_has_one_end(venue: &VenueResults) {
    let rows = venue.liquidations.len() as u64;
    assert_eq!(count(venue, "Liquidated"), rows);
    let ended = rows + count(venue, "Recovered") + count(venue, "Still open at the end");
    assert_eq!(count(venue, "Cases opened"), ended);
    let mut cases: Vec<u64> = venue.liquidations.iter().map(|l| l.case).collect();
    cases.sort_unstable();
    cases.dedup();
    assert_eq!(cases.len() as u64, rows, "a case is liquidated once");
}

fn flowed(venue: &VenueResults, reasons: &[&str]) -> i128 {
    let of = |f: &&plimsoll_sim::results::Flow| reasons.contains(&f.reason.as_str());
    venue.flows.iter().filter(of).map(|f| f.amount.raw).sum()
}

fn money_of_the_rows_is_the_money_that_moved(venue: &VenueResults) {
    let rows = |of: fn(&plimsoll_sim::results::Liquidation) -> Amount| -> i128 {
        venue.liquidations.iter().map(|l| of(l).raw).sum()
    };
    let lost = flowed(venue, &["loss beyond the balance"]);
    if venue.preset != "tsunamix" {
        let of_cases = rows(|l| l.shortfall);
        assert_eq!(of_cases, lost, "{}: losses have a case", venue.name);
    }
    let rewards = [
        "first caller's bounty",
        "resolver's bounty",
        "liquidation reward",
    ];
    assert_eq!(
        rows(|l| l.reward),
        flowed(venue, &rewards),
        "{}: rewards of the rows are those that were paid; flows: {:#?}",
        venue.name,
        venue.flows
    );
}

fn times_are_in_order(ran: &Ran, venue: &VenueResults) {
    let (first, last) = ran.results.window;
    for row in &venue.liquidations {
        assert!(row.triggered <= row.executed, "{row:?}");
        assert!(first <= row.triggered && row.executed <= last, "{row:?}");
        assert!(row.notional.raw > 0, "{row:?}");
    }
}

fn series_fit(ran: &Ran, venue: &VenueResults) {
    let total: f64 = venue.liquidations_over_time.values.iter().sum();
    assert_eq!(total as usize, venue.liquidations.len());
    for line in venue
        .at_risk
        .iter()
        .chain(&venue.backstop)
        .chain([&venue.liquidations_over_time])
    {
        assert_eq!(line.times.len(), line.values.len(), "{}", line.label);
        assert!(
            line.times.windows(2).all(|w| w[0] < w[1]),
            "{}: times rise",
            line.label
        );
        let (first, last) = ran.results.window;
        assert!(line.times.iter().all(|t| (first..=last).contains(t)));
        assert!(
            line.values.iter().all(|v| v.is_finite() && *v >= 0.0),
            "{}: {:?}",
            line.label,
            line.values
        );
    }
}

fn the_engine_does_not_wait(venue: &VenueResults) {
    let blocked = count(venue, "Liquidations that could not be carried out");
    assert_eq!(count(venue, "Not worth a liquidator's cost"), 0);
    for row in &venue.liquidations {
        if blocked == 0 {
            assert_eq!(row.triggered, row.executed, "{row:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Few people, any seed, any venue: the laws hold, and the engine is sound on the way.
    #[test]
    fn any_seed_keeps_the_laws(seed in 0..=i64::MAX as u64, venue in 0usize..6, accounts in 1u32..60) {
        let name = [
            "tsunamix, keepers",
            "tsunamix, engine",
            "perennial, keepers",
            "perennial, engine",
            "perennial-plus, engine",
            "perennial-plus, keepers",
        ][venue];
        let mut scenario = only(name);
        scenario.seed = seed;
        for venue in &mut scenario.venues {
            venue.scale_to(accounts);
        }
        run(&scenario);
    }
}

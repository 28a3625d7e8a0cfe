//! The lessons of history: at a small size the design that failed shows the loss and the mended
//! ones less of it. How much is not asserted, only which way; the shape of 10 October 2025 is held
//! against its recorded numbers.

mod october;

use plimsoll_sim::compare::{Comparison, Measures, compare};
use plimsoll_sim::design;
use plimsoll_sim::lessons::{DESIGNS, SCENARIOS};
use plimsoll_sim::scenario::Scenario;

/// A lesson with so many traders.
fn lesson(name: &str, traders: u32) -> Scenario {
    let mut scenario = Scenario::bundled_as(name).unwrap().unwrap();
    scenario.scale_people(traders);
    scenario
}

fn run(scenario: &Scenario) -> Comparison {
    let comparison = compare(scenario, Some(1), &|_| ()).unwrap();
    assert!(comparison.failed.is_empty(), "{:?}", comparison.failed);
    comparison
}

fn measures<'a>(comparison: &'a Comparison, design: &str) -> &'a Measures {
    let found = comparison.outcomes.iter().find(|o| o.design == design);
    let found = found.unwrap_or_else(|| panic!("{design} is not compared"));
    &found.measures
}

/// How long the slowest hundredth took, ms; for ever where some were never resolved.
fn slowest(measures: &Measures) -> i128 {
    measures.speed.p99.unwrap_or(i64::MAX).into()
}

/// What the backstop was down at worst.
fn drawdown(measures: &Measures) -> i128 {
    measures
        .fund
        .as_ref()
        .map_or(0, |fund| fund.start - fund.low)
}

/// The lesson, with the failing design against each of the mended ones by a loss.
fn check(name: &str, traders: u32, failing: &str, mended: &[&str], loss: fn(&Measures) -> i128) {
    let mut scenario = lesson(name, traders);
    let known = |of: &str| scenario.designs.iter().any(|design| design == of);
    assert!(
        known(failing) && mended.iter().all(|of| known(of)),
        "{name}"
    );
    scenario.designs = [&[failing], mended]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let comparison = run(&scenario);
    let worst = loss(measures(&comparison, failing));
    assert!(worst > 0, "{name}: {failing} loses nothing");
    for design in mended {
        let better = loss(measures(&comparison, design));
        assert!(
            better < worst,
            "{name}: {design} loses {better}, {failing} {worst}"
        );
    }
}

#[test]
fn an_auction_without_bidders_is_no_outlet() {
    check(
        "march-2020",
        40,
        "auction-alone",
        &["auction-with-reserve", "classic"],
        slowest,
    );
}

#[test]
fn a_vault_that_inherits_without_limit_is_what_a_thin_market_is_pumped_against() {
    check(
        "thin-market",
        60,
        "vault-inherits",
        &["vault-capped", "vault-last", "interest-by-depth"],
        drawdown,
    );
}

#[test]
fn open_interest_beyond_the_fund_is_paid_by_the_fund() {
    check(
        "open-interest",
        100,
        "book-and-fund",
        &["fund-sized", "classic"],
        drawdown,
    );
}

#[test]
fn every_lesson_tells_itself_and_finds_its_designs() {
    for (name, text) in SCENARIOS {
        let scenario = Scenario::bundled_as(name).unwrap().unwrap();
        assert!(!scenario.description.is_empty(), "{name}");
        assert!(scenario.lesson.is_some_and(|l| l.len() > 200), "{name}");
        assert!(text.contains("# Sources"), "{name}");
        for of in &scenario.designs {
            design::named(of).unwrap();
        }
    }
    for (name, _) in DESIGNS {
        assert_eq!(design::named(name).unwrap().name, name);
    }
}

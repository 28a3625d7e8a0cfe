//! One crash, several designs: what `plimsoll compare` stands on.

mod bad;
mod golden;
mod people;
mod runs;
mod sweeps;

use plimsoll_sim::compare::{Comparison, compare};
use plimsoll_sim::scenario::{BUNDLED_COMPARISON, Scenario};

/// The bundled comparison with few traders, through the worst of the crash.
pub(crate) fn small(traders: u32, designs: &[&str]) -> Scenario {
    let mut scenario = Scenario::parse("small", BUNDLED_COMPARISON).unwrap();
    scenario.scale_people(traders);
    scenario.designs = designs.iter().map(|name| (*name).to_owned()).collect();
    scenario.prices.from = Some(when("2025-10-10T20:30:00Z"));
    scenario.prices.to = Some(when("2025-10-10T21:45:00Z"));
    let people = scenario.people.as_mut().unwrap();
    people.arrive_over = toml::Value::from("10m").try_into().unwrap();
    scenario
}

pub(crate) fn when(text: &str) -> plimsoll_sim::scenario::When {
    toml::Value::from(text).try_into().unwrap()
}

pub(crate) fn ran(scenario: &Scenario, threads: usize) -> Comparison {
    let compared = compare(scenario, Some(threads), &|_| {}).unwrap();
    assert_eq!(compared.failed, []);
    compared
}

pub(crate) const FIVE: [&str; 5] = ["tsunamix", "perennial", "gammaswap", "kuma", "kyan"];

//! Runs a comparison: every design its own replay of one venue, side by side.
//!
//! A design is a venue (see [`Design`]) in a scenario of its own with the comparison's prices,
//! people and street. Replays share nothing, so they run on as many threads as there are, and the
//! outcome is the same on one: outcomes are in the order in which the scenario names the designs.
//! One that cannot run does not stop the others.

use std::path::Path;

use plimsoll_units::Timestamp;
use rayon::prelude::*;

use super::{Comparison, Failed, Outcome};
use crate::crowd::Wallet;
use crate::design::{self, Design};
use crate::people::{self, Totals};
use crate::replay::Replay;
use crate::results::{Amount, Flow, Results, VenueResults};
use crate::scenario::{Scenario, Venue};
use crate::stress;

/// How far a design's replay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Which design, by its place in the scenario.
    pub design: usize,
    /// How many of its ticks are done.
    pub done: usize,
    /// How many there are.
    pub total: usize,
}

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The scenario compares nothing.
    #[error("the scenario {0:?} has no `designs`: run it with `plimsoll replay`")]
    NoDesigns(String),
    /// The people cannot be drawn.
    #[error("the people cannot be drawn: {0}")]
    People(String),
    /// Not one of the designs could be run.
    #[error("no design could be run:\n{0}")]
    AllFailed(String),
    /// There are no threads to run on.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Runs every design of a scenario through the same crash, so many at a time (one per core where
/// left out: the results do not depend on it). `progress` is told from any thread. Paths of design
/// files are taken as they are.
///
/// # Errors
/// [`CompareError`]; a design that fails alone is in [`Comparison::failed`].
pub fn compare(
    scenario: &Scenario,
    threads: Option<usize>,
    progress: &(dyn Fn(Step) + Sync),
) -> Result<Comparison, CompareError> {
    if scenario.designs.is_empty() {
        return Err(CompareError::NoDesigns(scenario.name.clone()));
    }
    let failed = |why: &dyn std::error::Error| CompareError::People(why.to_string());
    let wallets = people::wallets(scenario, Timestamp::EPOCH).map_err(|why| failed(&why))?;
    let totals = Totals::of(scenario, &wallets);
    let run = |(at, name): (usize, &String)| {
        let told = |done, total| {
            let design = at;
            progress(Step {
                design,
                done,
                total,
            });
        };
        one(scenario, name, &totals, told).map_err(|why| Failed {
            design: name.clone(),
            why,
        })
    };
    let all = || scenario.designs.par_iter().enumerate().map(run).collect();
    let ran: Vec<Result<Ran, Failed>> = match threads {
        None => all(),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?
            .install(all),
    };
    together(scenario, &wallets, ran)
}

/// What became of each of some designs, by name; or which could not run and why.
pub(crate) fn results(
    scenario: &Scenario,
    designs: &[Design],
) -> Result<Vec<(String, Results)>, String> {
    let totals = people::totals(scenario).map_err(|why| why.to_string())?;
    let run = |design: &Design| {
        let ran = replay(scenario, design, &totals, |_, _| {});
        let (_, results) = ran.map_err(|why| format!("{}: {why}", design.name))?;
        Ok((design.name.clone(), results))
    };
    designs.par_iter().map(run).collect()
}

/// One design, run.
struct Ran {
    outcome: Outcome,
    design: Design,
    venue: Venue,
    results: Results,
}

fn one(
    scenario: &Scenario,
    name: &str,
    totals: &Totals,
    told: impl FnMut(usize, usize),
) -> Result<Ran, String> {
    let design = design::load(name, Path::new("")).map_err(|why| why.to_string())?;
    let (venue, results) = replay(scenario, &design, totals, told)?;
    let outcome = outcome(&design, &results)?;
    Ok(Ran {
        outcome,
        design,
        venue,
        results,
    })
}

/// A design's part of a comparison as a scenario of its own, with one venue: what `plimsoll replay`
/// runs, records and explains. `name` is a bundled design or the path of one.
///
/// # Errors
/// Why the design cannot be read, or cannot run here.
pub fn alone(scenario: &Scenario, name: &str) -> Result<Scenario, String> {
    let design = design::load(name, Path::new("")).map_err(|why| why.to_string())?;
    let totals = people::totals(scenario).map_err(|why| why.to_string())?;
    of_its_own(scenario, &design, &totals)
}

fn of_its_own(scenario: &Scenario, design: &Design, totals: &Totals) -> Result<Scenario, String> {
    let words = |why: &dyn std::error::Error| why.to_string();
    let venue = design.venue(scenario, totals).map_err(|why| words(&why))?;
    let alone = Scenario {
        designs: Vec::new(),
        venues: vec![venue],
        ..scenario.clone()
    };
    alone.check(&design.name).map_err(|why| words(&why))?;
    Ok(alone)
}

/// A design as a venue of its own, and what became of it.
fn replay(
    scenario: &Scenario,
    design: &Design,
    totals: &Totals,
    mut told: impl FnMut(usize, usize),
) -> Result<(Venue, Results), String> {
    let words = |why: &dyn std::error::Error| why.to_string();
    let alone = of_its_own(scenario, design, totals)?;
    let venue = alone.venues.first().cloned();
    let venue = venue.ok_or_else(|| "it comes to no venue".to_owned())?;
    let replay = Replay::prepare(alone).map_err(|why| words(&why))?;
    let results = replay.run(&mut (), &mut told).map_err(|why| words(&why))?;
    Ok((venue, results))
}

fn outcome(design: &Design, results: &Results) -> Result<Outcome, String> {
    let Some(venue) = results.venues.first() else {
        return Err("its replay has no venue".to_owned());
    };
    let stages = design.stages.iter();
    Ok(Outcome {
        design: design.name.clone(),
        title: design.title.clone(),
        about: design.about.clone(),
        procedure: stages.map(|stage| stage.stage.name().to_owned()).collect(),
        toml: design.to_toml(),
        page: design.page.map(|page| page.title().to_owned()),
        measures: venue.measures.clone(),
        flows: flows(venue),
        conservation: results.conservation.clone(),
        state_hash: results.state_hash.clone(),
        commands: results.commands,
        events: results.events,
    })
}

/// Money in the venue's dollars that moved inside of it, in micro-dollars: not what people brought
/// and took home.
fn flows(venue: &VenueResults) -> Vec<Flow> {
    let inside = |flow: &&Flow| {
        let ends = [flow.from.as_str(), flow.to.as_str()];
        flow.asset == venue.asset && !ends.contains(&"outside") && flow.from != flow.to
    };
    let flows = venue.flows.iter().filter(inside);
    flows
        .map(|flow| Flow {
            amount: Amount::new(flow.amount.micro(), 6),
            ..flow.clone()
        })
        .collect()
}

fn together(
    scenario: &Scenario,
    wallets: &[Wallet],
    ran: Vec<Result<Ran, Failed>>,
) -> Result<Comparison, CompareError> {
    let (ran, failed): (Vec<_>, Vec<_>) = ran.into_iter().partition(Result::is_ok);
    let failed: Vec<Failed> = failed.into_iter().filter_map(Result::err).collect();
    let ran: Vec<Ran> = ran.into_iter().filter_map(Result::ok).collect();
    let Some(first) = ran.first() else {
        let each: Vec<String> = failed.iter().map(|f| f.why.clone()).collect();
        return Err(CompareError::AllFailed(each.join("\n")));
    };
    let mut provenance: Vec<String> = Vec::new();
    for line in ran.iter().flat_map(|one| &one.results.provenance) {
        if !provenance.contains(line) {
            provenance.push(line.clone());
        }
    }
    let stressed = Scenario {
        venues: ran.iter().map(|one| one.venue.clone()).collect(),
        ..scenario.clone()
    };
    let designs: Vec<&Design> = ran.iter().map(|one| &one.design).collect();
    Ok(Comparison {
        name: scenario.name.clone(),
        description: scenario.description.clone(),
        seed: scenario.seed,
        scenario: scenario.to_toml(),
        provenance,
        window: first.results.window,
        markets: first.results.markets.clone(),
        prices: first.results.prices.clone(),
        stresses: stress::described(&stressed),
        matching: super::matching::lines(scenario, wallets, &designs),
        failed,
        lesson: scenario.lesson.clone(),
        outcomes: ran.into_iter().map(|one| one.outcome).collect(),
    })
}

//! Replays through their outer door: a scenario in, results and recorded commands out.
//!
//! [`run`] is the one boundary: it records every command as a journal would, audits the engine on
//! the way, and checks the laws that hold for every replay, whatever the scenario.

mod agents;
mod golden;
mod hours;
mod laws;
mod same_bytes;

use std::path::PathBuf;

use plimsoll_engine::{Command, Config, Engine};
use plimsoll_sim::replay::{CommandSink, Replay, SinkError};
use plimsoll_sim::results::{Results, VenueResults};
use plimsoll_sim::scenario::{ExecutionMode, Scenario};

/// Commands between two audits of the engine during a replay.
const AUDIT_EVERY: usize = 500;

/// Keeps the commands, audits the engine now and then.
#[derive(Debug, Default)]
struct Recorded {
    commands: Vec<Command>,
    finished: bool,
}

impl CommandSink for Recorded {
    fn record(&mut self, command: &Command) -> Result<(), SinkError> {
        assert!(!self.finished, "a command after the end");
        self.commands.push(command.clone());
        Ok(())
    }

    fn applied(&mut self, engine: &Engine) -> Result<(), SinkError> {
        if self.commands.len().is_multiple_of(AUDIT_EVERY) {
            engine.audit().map_err(|e| SinkError(e.to_string()))?;
        }
        Ok(())
    }

    fn finish(&mut self, engine: &Engine) -> Result<(), SinkError> {
        self.finished = true;
        engine.audit().map_err(|e| SinkError(e.to_string()))
    }
}

/// What a replay came to.
struct Ran {
    scenario: Scenario,
    config: Config,
    results: Results,
    commands: Vec<Command>,
}

fn data(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", name]
        .iter()
        .collect()
}

fn small() -> Scenario {
    Scenario::load(&data("crash.toml")).unwrap()
}

/// The small scenario with one of its venues only.
fn only(venue: &str) -> Scenario {
    let mut scenario = small();
    scenario.venues.retain(|v| v.name == venue);
    assert_eq!(scenario.venues.len(), 1, "no venue {venue:?}");
    scenario
}

/// Runs a scenario and checks what holds for all of them.
fn run(scenario: &Scenario) -> Ran {
    scenario.check("test").unwrap();
    let replay = Replay::prepare(scenario.clone()).unwrap();
    let config = replay.config().clone();
    let mut sink = Recorded::default();
    let mut ticks = Vec::new();
    let results = replay
        .run(&mut sink, &mut |done, total| ticks.push((done, total)))
        .unwrap();
    assert!(sink.finished);
    let total = ticks.len();
    let counted: Vec<_> = (1..=total).map(|done| (done, total)).collect();
    assert_eq!(ticks, counted, "progress counts every tick once");
    let ran = Ran {
        scenario: scenario.clone(),
        config,
        results,
        commands: sink.commands,
    };
    laws::check(&ran);
    ran
}

impl Ran {
    /// The only venue's results.
    fn venue(&self) -> &VenueResults {
        assert_eq!(self.results.venues.len(), 1);
        &self.results.venues[0]
    }

    fn is_engine(&self, venue: usize) -> bool {
        self.scenario.venues[venue].execution == ExecutionMode::Engine
    }
}

/// A headline figure as it is printed.
fn figure<'r>(venue: &'r VenueResults, label: &str) -> &'r str {
    let found = venue.figures.iter().find(|f| f.label == label);
    &found.unwrap_or_else(|| panic!("no figure {label:?}")).value
}

/// A headline count.
fn count(venue: &VenueResults, label: &str) -> u64 {
    figure(venue, label).replace(',', "").parse().unwrap()
}

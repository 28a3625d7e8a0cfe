//! One crash, several designs: the same prices, people, books and liquidators through each.
//!
//! A [`Comparison`] is what `plimsoll compare` found out: one [`Outcome`] per design, in the
//! order in which the scenario names them, each with its [`Measures`]. The definitions of the
//! measures live in one place, [`Meter`]; a venue's desk only reports facts to it, so that two
//! designs can never be measured differently.
//!
//! Units: money is in micro-dollars (6 decimals) here, whatever a venue keeps; times in ms.

mod csv;
mod matching;
mod measures;
mod meter;
pub mod page;
mod run;
mod text;

pub use csv::csv;
pub(crate) use csv::ending;
pub use measures::{
    Better, Book, Definition, Deleveraged, Fund, Measures, Recovered, Share, Speed, Unit,
    definitions,
};
pub use meter::{Bearer, Breach, HOUR, Meter, Path, Payee, Stake, Taken, least_notional};
pub(crate) use run::results;
pub use run::{CompareError, Step, alone, compare};
pub use text::text;

use serde::Serialize;

use crate::results::Line;

/// What became of the same crash under each design.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The scenario's name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// The scenario exactly as it ran, every default written out, as TOML.
    pub scenario: String,
    /// Where the prices come from, one line each.
    pub provenance: Vec<String>,
    /// First and last time, ms since the epoch.
    pub window: (i64, i64),
    /// Market symbols, in market order.
    pub markets: Vec<String>,
    /// The price path of each market, in market order.
    pub prices: Vec<Line>,
    /// What was done to prices and people beside the crash itself, in words; none in a plain run.
    pub stresses: Vec<Stressed>,
    /// How the same people are expressed on each kind of venue, one line each.
    pub matching: Vec<String>,
    /// One per design, in the scenario's order.
    pub outcomes: Vec<Outcome>,
    /// Designs that could not be run, with the reason; none when all went well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Failed>,
    /// What the scenario teaches, where it is a named lesson.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lesson: Option<String>,
}

/// A design that could not be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// Its name, as it was chosen with.
    pub design: String,
    /// Why.
    pub why: String,
}

/// A stress, as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stressed {
    /// In a sentence.
    pub text: String,
    /// When it began, ms since the epoch; the whole run where left out.
    pub from: Option<i64>,
    /// When it ended.
    pub to: Option<i64>,
}

/// What became of it under one design.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The design's name, as it is chosen with.
    pub design: String,
    /// Its title.
    pub title: String,
    /// What it is, in a sentence or two.
    pub about: String,
    /// The procedure in words, in order: `acquire (insurance fund)`, `hand-off (partners)`, ...
    pub procedure: Vec<String>,
    /// The design as TOML, as it ran.
    pub toml: String,
    /// Whose page its rules can be read beside, where it is one of the five venues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The measures.
    pub measures: Measures,
    /// Where the lost collateral went: who lost, through which reason, to whom, micro-dollars.
    pub flows: Vec<crate::results::Flow>,
    /// The invariants that were checked after the run, in a sentence.
    pub conservation: String,
    /// blake3 of the final state.
    pub state_hash: String,
    /// Commands the engine accepted.
    pub commands: u64,
    /// Events it emitted.
    pub events: u64,
}

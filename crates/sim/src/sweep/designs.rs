//! Designs of a comparison whose parameters are swept: `designs.NAME.PATH` sets `PATH` in the
//! design called `NAME` (in quotes where the name has a dot), `designs.*.PATH` in every one.
//!
//! A design is read once, when the sweep is planned; at every point its table is changed and read
//! again, so that what does not fit together is refused before the first run.

use toml::{Table, Value};

use super::path;
use crate::design::{self, Design};
use crate::replay::{Replay, ReplayError};
use crate::scenario::Scenario;

/// The designs of a comparison as their files have them, in the scenario's order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Designs(Vec<(String, Table)>);

impl Designs {
    /// Reads the designs that a scenario names; none where it compares nothing.
    pub(super) fn read(scenario: &Scenario) -> Result<Self, String> {
        let one = |name: &String| {
            let design = design::load(name, std::path::Path::new("")).map_err(|e| e.to_string())?;
            let table = design
                .to_toml()
                .parse()
                .map_err(|e| format!("{name}: {e}"))?;
            Ok((design.name, table))
        };
        scenario
            .designs
            .iter()
            .map(one)
            .collect::<Result<_, String>>()
            .map(Self)
    }

    /// Whether a path is of a design and not of the scenario.
    pub(super) fn has(path: &str) -> bool {
        path.starts_with("designs.")
    }

    /// Sets a parameter.
    pub(super) fn set(&mut self, path: &str, text: &str) -> Result<(), String> {
        let steps = path::steps(path)?;
        let [_, name, rest @ ..] = steps.as_slice() else {
            return Err("write designs.NAME.PATH".to_owned());
        };
        if rest.is_empty() {
            return Err("write designs.NAME.PATH".to_owned());
        }
        let mut found = false;
        for (own, table) in &mut self.0 {
            if name != "*" && name != own {
                continue;
            }
            found = true;
            let Some(Value::Table(design)) = table.get_mut("design") else {
                return Err(format!("the design {own:?} has no [design]"));
            };
            path::set_steps(design, rest, text)?;
        }
        if found {
            return Ok(());
        }
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        Err(format!(
            "there is no design {name:?}; designs are {}",
            names.join(", ")
        ))
    }

    /// The designs, or what is wrong with one of them.
    pub(super) fn designs(&self) -> Result<Vec<Design>, String> {
        let one = |(name, table): &(String, Table)| {
            let text = toml::to_string(table).map_err(|e| e.to_string())?;
            design::parse(name, &text).map_err(|error| match error {
                // Lines of a table that nobody has written say nothing.
                design::DesignError::Wrong { findings, .. } => findings
                    .iter()
                    .map(|finding| finding.message.trim_end().to_owned())
                    .collect::<Vec<_>>()
                    .join("; "),
                other => other.to_string(),
            })
        };
        self.0.iter().map(one).collect()
    }

    /// The designs as text: the same for the same, and for no other.
    pub(super) fn text(&self) -> String {
        let each = self.0.iter();
        let each = each.map(|(_, table)| toml::to_string(table).unwrap_or_default());
        each.collect()
    }

    /// Builds the engine of every design for the people of a scenario.
    pub(super) fn build(&self, scenario: &Scenario) -> Result<(), BuildError> {
        let totals = crate::people::totals(scenario).map_err(Box::new)?;
        for design in self.designs().map_err(BuildError::Design)? {
            let venue = design.venue(scenario, &totals);
            let venue = venue.map_err(|e| BuildError::Design(e.to_string()))?;
            let alone = Scenario {
                designs: Vec::new(),
                venues: vec![venue],
                ..scenario.clone()
            };
            let checked = alone.check(&design.name);
            checked.map_err(|e| BuildError::Design(e.to_string()))?;
            Replay::prepare(alone).map_err(Box::new)?;
        }
        Ok(())
    }
}

/// Why a point cannot run.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    /// A design that cannot be.
    #[error("{0}")]
    Design(String),
    /// A replay that cannot be prepared.
    #[error(transparent)]
    Replay(#[from] Box<ReplayError>),
}

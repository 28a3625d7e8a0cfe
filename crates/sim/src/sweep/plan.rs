//! What a sweep will run: every combination of its parameters, with every seed, through every
//! window of prices.
//!
//! Runs are numbered from 0: all seeds of the first window of the first point, then the next
//! window, then the next point; the last parameter changes fastest. All points are checked, and
//! their engines built once for a population of one, before the first run: a value that its
//! parameter cannot have is refused at the beginning and not after an hour.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::design::Design;
use crate::replay::{Replay, ReplayError};
use crate::scenario::{Options, Scenario, ScenarioError};

use super::designs::{BuildError, Designs};
use super::windows::{self, Window};
use super::{Axis, POINTS_MAX, RUNS_MAX, SweepError, path};

/// A sweep, ready to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scenario that is varied, every default written out.
    pub(super) base: toml::Table,
    /// The designs it compares, where it does.
    designs: Designs,
    /// Its name.
    pub name: String,
    /// What is varied.
    pub axes: Vec<Axis>,
    /// The seeds, in order.
    pub seeds: Vec<u64>,
    /// The windows of prices; none where the scenario's own prices are used.
    pub windows: Vec<Window>,
    /// Windows that cannot be used, with the reason.
    pub left_out: Vec<(String, String)>,
    /// blake3 of price files beside windows that the plan names.
    pub(super) sources: Vec<String>,
}

/// One run of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<'a> {
    /// Its number, from 0.
    pub number: u64,
    /// Which combination of parameters, from 0.
    pub point: usize,
    /// The value of each parameter.
    pub values: Vec<&'a str>,
    /// Its seed.
    pub seed: u64,
    /// Its prices, where they are not the scenario's own.
    pub window: Option<&'a Window>,
}

impl Plan {
    /// Plans a sweep of `base`: `seeds` seeds from the scenario's own upwards, through the windows
    /// in a directory if there is one.
    ///
    /// # Errors
    /// [`SweepError`] names the parameter and the value that cannot be used.
    pub fn new(
        base: &Scenario,
        axes: Vec<Axis>,
        seeds: u32,
        windows: Option<&Path>,
    ) -> Result<Self, SweepError> {
        let mut plan = Self {
            base: table(base)?,
            designs: Designs::read(base).map_err(SweepError::Designs)?,
            name: base.name.clone(),
            axes,
            seeds: seeds_from(base.seed, seeds)?,
            windows: windows.map_or(Ok(Vec::new()), windows::list)?,
            left_out: Vec::new(),
            sources: Vec::new(),
        };
        plan.refuse_conflicts(windows.is_some())?;
        plan.refuse_too_many()?;
        for point in 0..plan.points() {
            plan.point_scenario(point)?;
            plan.point_designs(point)?;
        }
        if let Some(directory) = windows {
            plan.leave_out_windows(directory)?;
        }
        plan.build_engines()?;
        plan.sources = plan.source_digests(base)?;
        Ok(plan)
    }

    /// How many combinations of parameters there are.
    #[must_use]
    pub fn points(&self) -> usize {
        self.axes.iter().map(|axis| axis.values.len()).product()
    }

    /// How many runs each of them gets.
    #[must_use]
    pub fn runs_per_point(&self) -> usize {
        self.seeds.len() * self.windows.len().max(1)
    }

    /// How many runs there are.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.points() * self.runs_per_point()
    }

    /// The run of a number; numbers beyond the last begin again.
    #[must_use]
    pub fn run(&self, number: u64) -> Run<'_> {
        let at = usize::try_from(number).unwrap_or(usize::MAX) % self.runs();
        let (rest, seed) = (at / self.seeds.len(), at % self.seeds.len());
        let windows = self.windows.len().max(1);
        let point = rest / windows;
        Run {
            number,
            point,
            values: self.values(point),
            seed: self.seeds[seed],
            window: self.windows.get(rest % windows),
        }
    }

    /// Which of the windows a run goes through.
    pub(super) fn window_index(&self, number: u64) -> Option<usize> {
        let windows = self.windows.len();
        let at = usize::try_from(number).ok()? / self.seeds.len();
        (windows > 0).then(|| at % windows)
    }

    /// The value of each parameter at a point.
    #[must_use]
    pub fn values(&self, point: usize) -> Vec<&str> {
        let mut rest = point;
        let mut values: Vec<&str> = Vec::with_capacity(self.axes.len());
        for axis in self.axes.iter().rev() {
            values.push(axis.values[rest % axis.values.len()].as_str());
            rest /= axis.values.len();
        }
        values.reverse();
        values
    }

    /// What a run is, for a message: `a = 1, b = 2, seed 7, window oct`.
    #[must_use]
    pub fn settings(&self, run: &Run<'_>) -> String {
        let mut told = self.point_text(run.point);
        told.push(format!("seed {}", run.seed));
        if let Some(window) = run.window {
            told.push(format!("window {}", window.name));
        }
        told.join(", ")
    }

    /// `a = 1` for each parameter.
    #[must_use]
    pub fn point_text(&self, point: usize) -> Vec<String> {
        let values = self.values(point);
        let pairs = self.axes.iter().zip(values);
        pairs
            .map(|(axis, value)| format!("{} = {value}", axis.path))
            .collect()
    }

    /// The scenario of a run.
    ///
    /// # Errors
    /// None that [`Plan::new`] has not met already.
    pub fn scenario(&self, run: &Run<'_>) -> Result<Scenario, SweepError> {
        let mut scenario = self.point_scenario(run.point)?;
        if self.axes.iter().all(|axis| axis.path != "seed") {
            scenario.seed = run.seed;
        }
        if let Some(window) = run.window {
            windows::apply(&mut scenario, window);
        }
        Ok(scenario)
    }

    /// The plan as text: the same for the same sweep, and for no other.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, String); 4] {
        let axes = self.axes.iter().map(|axis| {
            let values = axis.values.iter().map(|v| format!("{v:?}"));
            format!("{}={}", axis.path, values.collect::<Vec<_>>().join(","))
        });
        let windows = self.windows.iter();
        let windows = windows.map(|w| format!("{} {}", w.name, w.digest));
        let base = toml::to_string(&self.base).unwrap_or_default();
        let base = format!("{base}\n{}{}", self.sources.join("\n"), self.designs.text());
        [
            ("another scenario", base),
            ("other parameters", axes.collect::<Vec<_>>().join("\n")),
            ("other seeds", format!("{:?}", self.seeds)),
            (
                "other price windows",
                windows.collect::<Vec<_>>().join("\n"),
            ),
        ]
    }

    fn refuse_conflicts(&self, windows: bool) -> Result<(), SweepError> {
        let refuse = |axis: &Axis, why: &str| {
            Err(SweepError::Parameter {
                text: axis.path.clone(),
                why: why.to_owned(),
            })
        };
        for (at, axis) in self.axes.iter().enumerate() {
            if self.axes[..at].iter().any(|other| other.path == axis.path) {
                return refuse(axis, "it is given twice");
            }
            if axis.path == "seed" && self.seeds.len() > 1 {
                return refuse(axis, "use either this or several seeds");
            }
            let dated = ["prices.source", "prices.from", "prices.to"];
            if windows && dated.contains(&axis.path.as_str()) {
                return refuse(axis, "use either this or price windows");
            }
        }
        Ok(())
    }

    fn refuse_too_many(&self) -> Result<(), SweepError> {
        let points = self
            .axes
            .iter()
            .try_fold(1usize, |points, axis| points.checked_mul(axis.values.len()));
        let too_many = |what, limit, count: Option<usize>| SweepError::TooMany {
            count: count.map_or_else(|| "too many to count".to_owned(), |c| c.to_string()),
            what,
            limit,
        };
        let Some(points) = points.filter(|points| *points <= POINTS_MAX) else {
            return Err(too_many("combinations of parameters", POINTS_MAX, points));
        };
        let runs = points.checked_mul(self.runs_per_point());
        match runs {
            Some(runs) if runs <= RUNS_MAX => Ok(()),
            _ => Err(too_many("runs", RUNS_MAX, runs)),
        }
    }

    /// The scenario of a point, or which value it cannot have: the first that makes the scenario
    /// unusable when the parameters are set one after the other.
    fn point_scenario(&self, point: usize) -> Result<Scenario, SweepError> {
        let values = self.values(point);
        let of_scenario = |(axis, _): &(&Axis, &&str)| !Designs::has(&axis.path);
        let mut table = self.base.clone();
        for (axis, value) in self.axes.iter().zip(&values).filter(of_scenario) {
            path::set(&mut table, &axis.path, value).map_err(|why| refused(axis, value, why))?;
        }
        let failed = match read(&table) {
            Ok(scenario) => return Ok(scenario),
            Err(why) => why,
        };
        let mut table = self.base.clone();
        for (axis, value) in self.axes.iter().zip(&values).filter(of_scenario) {
            path::set(&mut table, &axis.path, value).map_err(|why| refused(axis, value, why))?;
            if let Err(why) = read(&table) {
                return Err(refused(axis, value, why));
            }
        }
        Err(SweepError::Parameter {
            text: self.point_text(point).join(", "),
            why: failed,
        })
    }

    /// The designs of a point, or which value they cannot have.
    fn point_designs(&self, point: usize) -> Result<Designs, SweepError> {
        let values = self.values(point);
        let mut designs = self.designs.clone();
        for (axis, value) in self.axes.iter().zip(&values) {
            if !Designs::has(&axis.path) {
                continue;
            }
            let set = designs.set(&axis.path, value);
            set.and_then(|()| designs.designs().map(drop))
                .map_err(|why| refused(axis, value, why))?;
        }
        Ok(designs)
    }

    /// The designs that a run compares; none where its scenario has venues.
    pub(super) fn designs(&self, run: &Run<'_>) -> Result<Vec<Design>, SweepError> {
        let designs = self.point_designs(run.point)?.designs();
        designs.map_err(SweepError::Designs)
    }

    /// Puts windows aside that the first point cannot run through.
    fn leave_out_windows(&mut self, directory: &Path) -> Result<(), SweepError> {
        let mut kept = Vec::new();
        for window in std::mem::take(&mut self.windows) {
            let mut scenario = alone(self.point_scenario(0)?);
            windows::apply(&mut scenario, &window);
            match Replay::prepare(scenario) {
                Ok(_) => kept.push(window),
                Err(why) => self.left_out.push((window.name, why.to_string())),
            }
        }
        self.windows = kept;
        if !self.windows.is_empty() {
            return Ok(());
        }
        let each = self.left_out.iter();
        let each: Vec<String> = each.map(|(name, why)| format!("{name}: {why}")).collect();
        Err(SweepError::Windows {
            directory: directory.to_owned(),
            why: match each.is_empty() {
                true => "there is no directory and no price file".to_owned(),
                false => each.join("; "),
            },
        })
    }

    /// Builds every point's engine: the engine's own bounds on parameters are met before the
    /// first run.
    fn build_engines(&self) -> Result<(), SweepError> {
        let failures: Vec<Option<SweepError>> = (0..self.points())
            .into_par_iter()
            .map(|point| self.build_engine(point).err())
            .collect();
        failures.into_iter().flatten().next().map_or(Ok(()), Err)
    }

    fn build_engine(&self, point: usize) -> Result<(), SweepError> {
        let number = point.saturating_mul(self.runs_per_point()) as u64;
        let run = self.run(number);
        let scenario = alone(self.scenario(&run)?);
        let built = match scenario.designs.is_empty() {
            true => Replay::prepare(scenario)
                .map(drop)
                .map_err(|why| BuildError::from(Box::new(why))),
            false => self.point_designs(point)?.build(&scenario),
        };
        built.map_err(|source| {
            let Some((axis, value)) = self.axes.first().zip(run.values.first()) else {
                return match source {
                    BuildError::Replay(source) => self.failed(&run, *source),
                    BuildError::Design(why) => SweepError::Designs(why),
                };
            };
            match self.axes.len() {
                1 => refused(axis, value, source.to_string()),
                _ => SweepError::Parameter {
                    text: self.point_text(point).join(", "),
                    why: source.to_string(),
                },
            }
        })
    }

    /// A run's error.
    pub(super) fn failed(&self, run: &Run<'_>, source: ReplayError) -> SweepError {
        SweepError::Run {
            run: run.number,
            settings: self.settings(run),
            source: Box::new(source),
        }
    }

    /// Digests of every file that the scenario itself, or a swept source of prices, names.
    fn source_digests(&self, base: &Scenario) -> Result<Vec<String>, SweepError> {
        let mut files: Vec<PathBuf> = Vec::new();
        let swept = self.axes.iter().find(|axis| axis.path == "prices.source");
        match swept {
            Some(axis) => files.extend(axis.values.iter().map(PathBuf::from)),
            // Windows have digests of their own.
            None if !self.windows.is_empty() => {}
            None => files.push(PathBuf::from(&base.prices.source)),
        }
        files.extend(base.options.as_ref().and_then(Options::path));
        files.extend(
            base.people
                .as_ref()
                .and_then(|people| people.like_files.clone()),
        );
        for venue in &base.venues {
            files.extend(venue.population.file.clone());
            files.extend(venue.population.like_files.clone());
            files.extend(venue.kuma.as_ref().map(|kuma| kuma.funding.clone()));
            files.extend(venue.book.iter().flat_map(|book| book.files.clone()));
        }
        // What is bundled is no file.
        let bundled = |path: &PathBuf| path.to_string_lossy().starts_with("bundled");
        let files = files.iter().filter(|path| !bundled(path));
        files.map(|path| windows::digest(path)).collect()
    }
}

fn refused(axis: &Axis, value: &str, why: String) -> SweepError {
    SweepError::Value {
        parameter: axis.path.clone(),
        value: value.to_owned(),
        why,
    }
}

/// The scenario with one trader a venue: enough to see whether it can run.
fn alone(mut scenario: Scenario) -> Scenario {
    for venue in &mut scenario.venues {
        if venue.population.file.is_none() {
            venue.population.accounts = venue.population.accounts.min(1);
        }
    }
    if let Some(people) = &mut scenario.people {
        people.traders = people.traders.min(1);
    }
    scenario
}

fn seeds_from(first: u64, count: u32) -> Result<Vec<u64>, SweepError> {
    if count == 0 {
        return Err(SweepError::Seeds("no seeds, no runs".to_owned()));
    }
    if count as usize > RUNS_MAX {
        return Err(SweepError::TooMany {
            count: count.to_string(),
            what: "seeds",
            limit: RUNS_MAX,
        });
    }
    let Some(end) = first.checked_add(count.into()) else {
        return Err(SweepError::Seeds(format!(
            "{count} seeds from {first} on do not fit"
        )));
    };
    Ok((first..end).collect())
}

fn table(base: &Scenario) -> Result<toml::Table, SweepError> {
    base.to_toml().parse().map_err(|e: toml::de::Error| {
        SweepError::Seeds(format!("the scenario cannot be written: {}", e.message()))
    })
}

/// The scenario of a table, or what is wrong with it in one sentence.
fn read(table: &toml::Table) -> Result<Scenario, String> {
    let text = toml::to_string(table).map_err(|e| e.to_string())?;
    Scenario::parse("with the swept values", &text).map_err(|error| match error {
        ScenarioError::Syntax { source, .. } => source.message().to_owned(),
        ScenarioError::Nonsense { why, .. } => why,
        error @ ScenarioError::Read { .. } => error.to_string(),
    })
}

//! Sweeps: one scenario many times, with parameters, seeds and price windows that differ.
//!
//! A [`Plan`] is a scenario, the [`Axis`]es to vary (every combination is a *point*), how many
//! seeds and which price windows; every point runs once per seed and window. [`run()`] carries the
//! runs out in parallel and writes each to a [`Store`] as it ends, so that a sweep that was
//! stopped goes on where it was. What a run comes to is measured per venue ([`VenueRow`]), and the
//! losses of a point's runs are a [`Losses`]: quantiles, expected shortfall, and the fund that
//! would have covered a share of the runs.
//!
//! A scenario with `designs` is compared in every run: its rows are the designs instead of venues,
//! with the measures of the comparison, and `designs.NAME.PATH` varies a design's parameter.
//!
//! Invariants: rows are in the order of the plan, whatever order they were finished in, so one
//! core and many give the same bytes; nothing here knows a venue, only what
//! [`Results`](crate::results::Results) says of every venue; money is exact, with 18 decimals; no
//! quantile is named that the number of runs cannot support.

mod axis;
mod chart;
mod designs;
mod error;
mod losses;
mod measure;
mod page;
mod parquet;
mod path;
mod plan;
mod run;
mod store;
mod summary;
mod table;
mod windows;

pub use axis::Axis;
pub use error::SweepError;
pub use losses::{Losses, PerMille, QUANTILES, TooFewRuns};
pub use measure::{RunRow, VenueRow};
pub use page::html;
pub use plan::{Plan, Run};
pub use run::run;
pub use store::Store;
pub use summary::{PointLosses, point_losses, summary, text};
pub use table::{Cell, Kind, Table, rows};
pub use windows::Window;

/// The most runs of a sweep.
pub const RUNS_MAX: usize = 200_000;

/// The most combinations of parameters.
pub const POINTS_MAX: usize = 10_000;

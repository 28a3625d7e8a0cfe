//! What a replay is read in: the report for people, the CSV for spreadsheets, the table for the
//! terminal.
//!
//! The report is one HTML file that opens from a disk without a network: its styles, its little
//! script and its drawings are inside, and a content policy in its head forbids it to fetch
//! anything. Drawings are SVG made here rather than by a chart library in the browser, so they
//! print sharply, follow the reader's light or dark scheme, and are complete without the script,
//! which only adds zooming, reading values under the pointer, and sorting.
//!
//! Invariants:
//! - the same [`Results`](crate::results::Results) give the same bytes; nothing reads a clock;
//! - whatever comes from a scenario file passes through `escape` on its way into the page;
//! - the page stays small: marks are gathered per span of time and market, lines are thinned
//!   without losing their extremes, and only the largest cases are listed;
//! - floats are for places on paper only. A figure that is printed as a sum is summed exactly.

pub(crate) mod axis;
mod cases;
pub(crate) mod chart;
mod csv;
mod episodes;
pub(crate) mod escape;
mod figures;
mod flows;
pub(crate) mod number;
mod page;
mod risk;
pub(crate) mod sample;
pub(crate) mod sankey;
mod story;
mod summary;
mod timeline;
mod waterfall;

#[cfg(test)]
mod fixture;
#[cfg(test)]
pub(crate) mod tests;

pub use csv::{COLUMNS, STEPS_COLUMNS, WATERFALL_COLUMNS, csv, steps_csv, waterfall_csv};
pub use episodes::side_by_side;
pub use page::html;
pub use summary::{stresses, summary};
pub use waterfall::compared;

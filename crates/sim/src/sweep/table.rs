//! A sweep as a table: one row per run and venue, ready for CSV and Parquet.
//!
//! Money is in whole units of the venue's asset (the column `asset`), exact: decimal text in CSV,
//! `DECIMAL(38, 18)` in Parquet. Times are milliseconds. A parameter's column is called by its path
//! and is a number in Parquet where all its values are.

use std::io::Write;

use crate::compare::{Definition, Unit, definitions, ending};
use crate::scenario::Decimal;

use super::{Plan, RunRow, SweepError, VenueRow, parquet};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A whole number.
    Count,
    /// An exact decimal.
    Money,
    /// A float, for what is only known as one.
    Real,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A whole number.
    Count(i64),
    /// An exact decimal.
    Money(Decimal),
    /// A float.
    Real(f64),
    /// Nothing: the venue has no such thing, or too few runs stand behind it.
    None,
}

/// Columns with their names, and rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Name and kind of each column.
    pub columns: Vec<(String, Kind)>,
    /// The rows; each has a cell per column.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Writes it as CSV. Texts that a spreadsheet would take for a formula get an apostrophe in
    /// front.
    ///
    /// # Errors
    /// What the writer reports.
    pub fn csv(&self, out: impl Write) -> std::io::Result<()> {
        let mut writer = ::csv::Writer::from_writer(out);
        writer.write_record(self.columns.iter().map(|(name, _)| name))?;
        for row in &self.rows {
            writer.write_record(row.iter().map(text))?;
        }
        writer.flush()
    }

    /// Writes it as Parquet.
    ///
    /// # Errors
    /// What the writer reports.
    pub fn parquet(&self, out: impl Write + Send) -> Result<(), SweepError> {
        parquet::write(self, out)
    }
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Money(money) => money.to_string(),
        Cell::Real(real) => real.to_string(),
        Cell::None => String::new(),
    }
}

pub(super) fn count(value: u64) -> Cell {
    Cell::Count(i64::try_from(value).unwrap_or(i64::MAX))
}

/// The columns of the parameters.
pub(super) fn axis_columns(plan: &Plan) -> Vec<(String, Kind)> {
    let column = |axis: &super::Axis| {
        let kind = axis.numbers().map_or(Kind::Text, |_| Kind::Money);
        (axis.path.clone(), kind)
    };
    plan.axes.iter().map(column).collect()
}

/// The parameters' values at a point.
pub(super) fn axis_cells(plan: &Plan, point: usize) -> Vec<Cell> {
    let values = plan.values(point);
    let cell = |(axis, value): (&super::Axis, &str)| match axis.numbers() {
        Some(_) => value.parse().map_or(Cell::None, Cell::Money),
        None => Cell::Text(value.to_owned()),
    };
    plan.axes.iter().zip(values).map(cell).collect()
}

/// Every run and venue of a sweep.
#[must_use]
pub fn rows(plan: &Plan, runs: &[RunRow]) -> Table {
    let mut columns: Vec<(String, Kind)> = vec![
        ("run".to_owned(), Kind::Count),
        ("seed".to_owned(), Kind::Text),
        ("window".to_owned(), Kind::Text),
    ];
    // A swept seed is the seed.
    let axes = axis_columns(plan).into_iter();
    columns.extend(axes.filter(|(path, _)| path != "seed"));
    columns.extend(MEASURES.map(|(name, kind)| (name.to_owned(), kind)));
    let compared = runs.iter().flat_map(|row| &row.venues);
    let compared = compared.map(|venue| venue.measures.is_some()).next() == Some(true);
    if compared {
        columns.extend(definitions().iter().map(|definition| {
            let kind = match definition.unit {
                Unit::Count | Unit::Millis => Kind::Count,
                _ => Kind::Money,
            };
            (
                format!("{}{}", definition.key, ending(definition.unit)),
                kind,
            )
        }));
    }
    columns.extend(RUN_MEASURES.map(|(name, kind)| (name.to_owned(), kind)));
    let rows = runs.iter().flat_map(|row| {
        let run = plan.run(row.run);
        let swept = plan.axes.iter().position(|axis| axis.path == "seed");
        let seed = swept.map_or_else(|| run.seed.to_string(), |at| run.values[at].to_owned());
        let mut first = vec![
            count(row.run),
            Cell::Text(seed),
            Cell::Text(run.window.map_or_else(String::new, |w| w.name.clone())),
        ];
        let mut axes = axis_cells(plan, run.point);
        if let Some(at) = swept {
            axes.remove(at);
        }
        first.extend(axes);
        row.venues.iter().map(move |venue| {
            let mut cells = first.clone();
            cells.extend(measures(venue));
            if let Some(measures) = &venue.measures {
                cells.extend(definitions().iter().zip(measures).map(compared_cell));
            }
            cells.extend([
                count(row.commands),
                count(row.events),
                Cell::Text(row.state_hash.clone()),
            ]);
            cells
        })
    });
    Table {
        rows: rows.collect(),
        columns,
    }
}

/// A measure of a comparison: money and shares with their decimals.
fn compared_cell((definition, value): (&Definition, &Option<i128>)) -> Cell {
    let Some(value) = *value else {
        return Cell::None;
    };
    let up = |decimals: u32| {
        let raw = value.checked_mul(10i128.pow(18 - decimals));
        raw.map_or(Cell::None, |raw| Cell::Money(Decimal::from_raw(raw)))
    };
    match definition.unit {
        Unit::Count | Unit::Millis => i64::try_from(value).map_or(Cell::None, Cell::Count),
        Unit::Dollars | Unit::Millionths => up(6),
        Unit::E2Bps => up(2),
    }
}

/// The columns of a venue's measures; money is in the venue's asset.
const MEASURES: [(&str, Kind); 21] = [
    ("venue", Kind::Text),
    ("preset", Kind::Text),
    ("asset", Kind::Text),
    ("liquidations_count", Kind::Count),
    ("accounts_liquidated_count", Kind::Count),
    ("notional_in_asset", Kind::Money),
    ("collateral_in_asset", Kind::Money),
    ("shortfall_in_asset", Kind::Money),
    ("rewards_in_asset", Kind::Money),
    ("delay_p50_ms", Kind::Count),
    ("delay_p99_ms", Kind::Count),
    ("delay_max_ms", Kind::Count),
    ("refusals_count", Kind::Count),
    ("fund_start_in_asset", Kind::Money),
    ("fund_lowest_in_asset", Kind::Money),
    ("fund_end_in_asset", Kind::Money),
    ("deleveraged_in_asset", Kind::Money),
    ("deleveraged_gave_up_in_asset", Kind::Money),
    ("backstop", Kind::Text),
    ("backstop_lowest_in_asset_approximate", Kind::Real),
    ("loss_in_asset", Kind::Money),
];

/// The columns of the whole run, the same for each of its venues.
const RUN_MEASURES: [(&str, Kind); 3] = [
    ("run_commands_count", Kind::Count),
    ("run_events_count", Kind::Count),
    ("run_state_hash_blake3", Kind::Text),
];

fn measures(venue: &VenueRow) -> [Cell; 21] {
    let money = |value: Option<Decimal>| value.map_or(Cell::None, Cell::Money);
    let ms = |value: Option<i64>| value.map_or(Cell::None, Cell::Count);
    [
        Cell::Text(venue.venue.clone()),
        Cell::Text(venue.preset.clone()),
        Cell::Text(venue.asset.clone()),
        count(venue.liquidations),
        count(venue.accounts),
        Cell::Money(venue.notional),
        Cell::Money(venue.collateral),
        Cell::Money(venue.shortfall),
        Cell::Money(venue.rewards),
        ms(venue.delay_p50),
        ms(venue.delay_p99),
        ms(venue.delay_max),
        count(venue.refusals),
        money(venue.fund_start),
        money(venue.fund_lowest),
        money(venue.fund_end),
        money(venue.deleveraged),
        money(venue.given_up),
        Cell::Text(venue.backstop.clone()),
        venue.backstop_lowest.map_or(Cell::None, Cell::Real),
        Cell::Money(venue.loss),
    ]
}

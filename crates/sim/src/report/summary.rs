//! The table at the end of a replay in the terminal.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::figures;
use crate::results::Results;

/// The headline figures: one row each, the venues side by side.
#[must_use]
pub fn summary(results: &Results) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    let venues = results.venues.iter();
    let heads = venues.map(|venue| right(&printable(&venue.name)));
    table.set_header(std::iter::once(Cell::new("")).chain(heads));
    for row in figures::rows(results) {
        let values = row
            .values
            .iter()
            .map(|v| right(&printable(v.unwrap_or("–"))));
        table.add_row(std::iter::once(Cell::new(printable(row.label))).chain(values));
    }
    table
}

/// The stresses of the run, a line each, for the terminal.
pub fn stresses(results: &Results) -> impl Iterator<Item = String> + '_ {
    let told = results.stresses.iter();
    told.map(|stress| format!("stress      {}", printable(&stress.text)))
}

fn right(text: &str) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// Without control characters: a name from a scenario file must not steer the terminal.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

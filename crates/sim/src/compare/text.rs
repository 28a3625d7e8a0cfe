//! A comparison for a terminal: measures as rows, designs as columns, in blocks of as many designs
//! as fit.

use comfy_table::{CellAlignment, presets};

use super::{Better, Comparison, Definition, Measures, Outcome, definitions};

/// The widest the table may be, characters.
const WIDTH: usize = 100;
/// Borders and padding of a column.
const FRAME: usize = 3;

/// The measures of every design; the best of a row is marked where one way is better.
#[must_use]
pub fn text(comparison: &Comparison) -> String {
    let rows: Vec<Row> = definitions()
        .iter()
        .filter_map(|definition| Row::of(definition, &comparison.outcomes))
        .collect();
    let label = rows.iter().map(|row| row.label.chars().count()).max();
    let mut lines: Vec<String> = Vec::new();
    for columns in blocks(comparison, &rows, label.unwrap_or(0) + FRAME + 1) {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        let names = columns
            .clone()
            .map(|at| comparison.outcomes[at].design.clone());
        table.set_header(std::iter::once(String::new()).chain(names));
        for row in &rows {
            let cells = columns.clone().map(|at| row.cells[at].clone());
            table.add_row(std::iter::once(row.label.to_owned()).chain(cells));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        lines.push(table.to_string());
    }
    lines.push("* the best of the designs, where one way is better".to_owned());
    for failed in &comparison.failed {
        lines.push(format!("{} could not run: {}", failed.design, failed.why));
    }
    lines.join("\n")
}

/// A measure of every design.
struct Row {
    label: &'static str,
    cells: Vec<String>,
}

impl Row {
    /// Nothing where no design has it.
    fn of(definition: &'static Definition, outcomes: &[Outcome]) -> Option<Self> {
        let read = |outcome: &Outcome| (definition.read)(&outcome.measures);
        let values: Vec<Option<i128>> = outcomes.iter().map(read).collect();
        let known = || values.iter().flatten().copied();
        known().next()?;
        let best = match definition.better {
            Better::Lower => known().min(),
            Better::Higher => known().max(),
            Better::Neither => None,
        };
        // Where all are alike, nobody is best.
        let best = best.filter(|best| known().any(|value| value != *best));
        let cell = |(outcome, value): (&Outcome, &Option<i128>)| {
            let mark = if best.is_some() && *value == best {
                "*"
            } else {
                ""
            };
            let measures: &Measures = &outcome.measures;
            format!("{}{mark}", definition.value(measures))
        };
        Some(Self {
            label: definition.label,
            cells: outcomes.iter().zip(&values).map(cell).collect(),
        })
    }
}

/// Which designs stand in which table.
fn blocks(comparison: &Comparison, rows: &[Row], first: usize) -> Vec<std::ops::Range<usize>> {
    let width = |at: usize| {
        let name = comparison.outcomes[at].design.chars().count();
        let widest = rows.iter().map(|row| row.cells[at].chars().count()).max();
        name.max(widest.unwrap_or(0)) + FRAME
    };
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut used = WIDTH;
    for at in 0..comparison.outcomes.len() {
        let own = width(at);
        match found.last_mut() {
            Some(block) if used + own <= WIDTH => {
                block.end = at + 1;
                used += own;
            }
            _ => {
                found.push(at..at + 1);
                used = first + own;
            }
        }
    }
    found
}

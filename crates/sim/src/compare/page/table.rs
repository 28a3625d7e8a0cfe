//! The table of measures: designs as rows to be sorted; turned round for paper, where it would
//! not fit otherwise; and the definitions.

use std::fmt::Write as _;

use super::columns::{COLUMNS, Cell, Column, OWN};
use crate::compare::{Comparison, Measures, definitions};
use crate::report::escape;

/// The section's content.
pub(super) fn html(comparison: &Comparison) -> String {
    let all: Vec<&Measures> = comparison.outcomes.iter().map(|o| &o.measures).collect();
    let columns: Vec<(&Column, Vec<Option<Cell>>)> = COLUMNS
        .iter()
        .map(|column| (column, column.cells(&all)))
        .collect();
    format!(
        "<p class=\"note\">Marked: the best of the column, where designs differ; by the share below a number where there is one, as kinds of venue hold differing parts of the people. A dash: the design has no such thing, or it never came to it. \
         Money is in dollars; every digit is under the pointer. Press a heading to sort by it.</p>\
         <div class=\"scroll measures\" role=\"region\" aria-label=\"Measures by design\" tabindex=\"0\">{}</div>{}{}",
        wide(comparison, &columns),
        turned(comparison, &columns),
        meanings(),
    )
}

type Filled<'c> = (&'c Column, Vec<Option<Cell>>);

fn wide(comparison: &Comparison, columns: &[Filled<'_>]) -> String {
    let mut groups = String::new();
    let mut heads =
        "<th scope=\"col\" class=\"name\"><button type=\"button\">Design</button></th>".to_owned();
    for (first, group) in grouped(columns) {
        let _ = write!(
            groups,
            "<th scope=\"colgroup\" class=\"first\" colspan=\"{}\">{first}</th>",
            group.len()
        );
        for (at, (column, _)) in group.iter().enumerate() {
            let edge = if at == 0 { " first" } else { "" };
            let side = if column.is_words() { "w" } else { "n" };
            let _ = write!(
                heads,
                "<th scope=\"col\" class=\"{side}{edge}\"><button type=\"button\" title=\"{}\">{}</button></th>",
                escape::text(&column.text()),
                column.title
            );
        }
    }
    let mut rows = String::new();
    for (at, outcome) in comparison.outcomes.iter().enumerate() {
        let mut cells = String::new();
        for (_, group) in grouped(columns) {
            for (place, column) in group.iter().enumerate() {
                cells.push_str(&cell(column, at, place == 0));
            }
        }
        let _ = write!(
            rows,
            "<tr><th scope=\"row\" class=\"name\" title=\"{}\">{}{}</th>{cells}</tr>",
            escape::text(&outcome.title),
            super::sample(at),
            escape::text(&outcome.design),
        );
    }
    format!(
        "<table class=\"sortable\"><thead><tr class=\"groups\"><td class=\"name\"></td>{groups}</tr><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )
}

/// Columns of the same group together.
fn grouped<'c>(columns: &'c [Filled<'c>]) -> Vec<(&'static str, &'c [Filled<'c>])> {
    let same = |a: &Filled<'_>, b: &Filled<'_>| a.0.group == b.0.group;
    let groups = columns.chunk_by(same);
    groups
        .filter_map(|group| Some((group.first()?.0.group, group)))
        .collect()
}

fn cell((column, cells): &Filled<'_>, at: usize, first: bool) -> String {
    let edge = if first { " first" } else { "" };
    let side = if column.is_words() { "w" } else { "n" };
    let Some(cell) = cells.get(at).and_then(Option::as_ref) else {
        return format!(
            "<td class=\"{side} none{edge}\" data-v=\"\" title=\"does not apply\"><span aria-label=\"does not apply\">–</span></td>"
        );
    };
    let best = column
        .ends(cells)
        .is_some_and(|(best, _)| best == cell.rank);
    let (mark, said) = match best {
        true => (" best", "<span class=\"hidden\"> (best)</span>"),
        false => ("", ""),
    };
    let beside = match cell.beside.is_empty() {
        true => String::new(),
        false => format!("<small>{}</small>", escape::text(&cell.beside)),
    };
    let sort = match column.is_words() {
        true => String::new(),
        false => format!(" data-v=\"{}\"", cell.rank),
    };
    format!(
        "<td class=\"{side}{mark}{edge}\"{sort}{} title=\"{}\"><span>{}</span>{said}{beside}</td>",
        bar(column, cells, cell),
        escape::text(&cell.exact),
        escape::text(&cell.shown),
    )
}

/// How long the bar under a number is, where its column has one.
fn bar(column: &Column, cells: &[Option<Cell>], cell: &Cell) -> String {
    let most = cells.iter().flatten().map(|c| c.rank).max().unwrap_or(0);
    if column.is_words() || most <= 0 || cell.rank <= 0 {
        return String::new();
    }
    let share = super::figure::millionths(cell.rank, most).unwrap_or(0) / 10_000;
    format!(" style=\"--scale:{}.{:02}\"", share / 100, share % 100)
}

/// Measures as rows and designs as columns.
fn turned(comparison: &Comparison, columns: &[Filled<'_>]) -> String {
    let heads: String = comparison
        .outcomes
        .iter()
        .map(|o| {
            format!(
                "<th scope=\"col\" class=\"n\">{}</th>",
                escape::text(&o.design)
            )
        })
        .collect();
    let mut rows = String::new();
    for (name, group) in grouped(columns) {
        let _ = write!(
            rows,
            "<tr class=\"part\"><th colspan=\"{}\" scope=\"colgroup\">{name}</th></tr>",
            comparison.outcomes.len() + 1
        );
        for filled in group {
            let cells: String = (0..comparison.outcomes.len())
                .map(|at| cell(filled, at, false))
                .collect();
            let _ = write!(
                rows,
                "<tr><th scope=\"row\">{}</th>{cells}</tr>",
                filled.0.title
            );
        }
    }
    format!(
        "<table class=\"plain turned\"><thead><tr><th scope=\"col\">Measure</th>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )
}

/// What every measure is, those included that stand beside others in the table.
fn meanings() -> String {
    let words: String = OWN
        .iter()
        .chain(definitions())
        .map(|one| {
            format!(
                "<dt id=\"measure-{}\">{}</dt><dd>{}</dd>",
                one.key,
                escape::text(one.label),
                escape::text(one.text)
            )
        })
        .collect();
    format!(
        "<details class=\"words\"><summary>How each measure is defined</summary><dl>{words}</dl></details>"
    )
}

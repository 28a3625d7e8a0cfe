//! The headline figures with the venues side by side.

use super::escape;
use crate::results::{Figure, Results};

/// A row of figures: what it is, how it is defined, and each venue's value if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// What it is.
    pub(super) label: &'a str,
    /// Definitions in use: one, or one per venue where they differ.
    pub(super) definitions: Vec<String>,
    /// In venue order.
    pub(super) values: Vec<Option<&'a str>>,
}

/// All figures, in the order of the first venue that has them.
pub(super) fn rows(results: &Results) -> Vec<Row<'_>> {
    let mut labels: Vec<&str> = Vec::new();
    for venue in &results.venues {
        let mut place = 0;
        for figure in &venue.figures {
            match labels.iter().position(|label| *label == figure.label) {
                Some(at) => place = at + 1,
                None => {
                    labels.insert(place.min(labels.len()), &figure.label);
                    place += 1;
                }
            }
        }
    }
    labels
        .into_iter()
        .map(|label| row(results, label))
        .collect()
}

fn row<'a>(results: &'a Results, label: &'a str) -> Row<'a> {
    let found: Vec<Option<&Figure>> = results
        .venues
        .iter()
        .map(|venue| venue.figures.iter().find(|figure| figure.label == label))
        .collect();
    Row {
        label,
        definitions: definitions(results, &found),
        values: found.iter().map(|f| f.map(|f| f.value.as_str())).collect(),
    }
}

fn definitions(results: &Results, found: &[Option<&Figure>]) -> Vec<String> {
    let mut texts: Vec<&str> = found
        .iter()
        .flatten()
        .map(|f| f.definition.as_str())
        .collect();
    texts.dedup();
    if texts.len() <= 1 {
        return texts.into_iter().map(str::to_owned).collect();
    }
    let named = results.venues.iter().zip(found);
    named
        .filter_map(|(venue, figure)| Some((venue, (*figure)?)))
        .map(|(venue, figure)| format!("On {}: {}", venue.name, figure.definition))
        .collect()
}

/// The table of the first screen, with the definitions under it.
pub(super) fn html(results: &Results) -> String {
    let rows = rows(results);
    if rows.is_empty() {
        return "<p class=\"note\">No figures were recorded.</p>".to_owned();
    }
    let heads: String = results
        .venues
        .iter()
        .map(|venue| {
            format!(
                "<th scope=\"col\" class=\"n\">{}</th>",
                escape::text(&venue.name)
            )
        })
        .collect();
    let body: String = rows.iter().map(row_html).collect();
    let defined: String = rows
        .iter()
        .filter(|row| !row.definitions.is_empty())
        .map(|row| {
            format!(
                "<dt>{}</dt><dd>{}</dd>",
                escape::text(row.label),
                escape::text(&row.definitions.join(" "))
            )
        })
        .collect();
    format!(
        "<div class=\"scroll\"><table class=\"figures\"><thead><tr><th scope=\"col\"><span class=\"hidden\">Figure</span></th>{heads}</tr></thead>\
         <tbody>{body}</tbody></table></div>\
         <details class=\"words\"><summary>How each figure is defined</summary><dl>{defined}</dl></details>"
    )
}

fn row_html(row: &Row<'_>) -> String {
    let label = escape::text(row.label);
    let head = if row.definitions.is_empty() {
        label
    } else {
        let title = escape::text(&row.definitions.join(" "));
        format!("<abbr title=\"{title}\">{label}</abbr>")
    };
    let cells: String = row
        .values
        .iter()
        .map(|value| match value {
            Some(value) => format!("<td class=\"n\">{}</td>", escape::text(value)),
            None => {
                "<td class=\"n none\"><abbr title=\"This venue has no such figure\">–</abbr></td>"
                    .to_owned()
            }
        })
        .collect();
    format!("<tr><th scope=\"row\">{head}</th>{cells}</tr>")
}

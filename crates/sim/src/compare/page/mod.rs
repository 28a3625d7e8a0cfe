//! The page of a comparison: one HTML file that opens from a disk without a network.
//!
//! Built from the parts of a replay's [`report`](crate::report), in its manner: drawings are SVG
//! made here, complete without the script, which adds zooming, values under the pointer and
//! sorting. Words are worked out from the numbers of the table beside them.
//!
//! Invariants: the same [`Comparison`] gives the same bytes; whatever comes from a file of a user
//! passes through `escape`; floats are for places on paper only, figures are worked out in
//! integers.

mod columns;
mod designs;
mod figure;
mod money;
mod panels;
mod picture;
mod table;
mod verdict;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use super::{Comparison, Outcome};
use crate::report::axis::{TimeAxis, between};
use crate::report::{escape, number};
use crate::results::time_text;
use picture::{Picture, VIEWS, View};

const STYLE: &str = include_str!("../../../assets/report/report.css");
const OWN_STYLE: &str = include_str!("../../../assets/compare/compare.css");
const SCRIPT: &str = include_str!("../../../assets/report/report.js");
const OWN_SCRIPT: &str = include_str!("../../../assets/compare/compare.js");
/// Designs have so many styles of line; more of them begin again.
const STYLES: usize = 16;

/// The page as one self-contained HTML file. The same comparison gives the same bytes.
#[must_use]
pub fn render(comparison: &Comparison) -> String {
    let picture = Picture::of(comparison);
    let name = escape::text(&comparison.name);
    let sections = sections(comparison, &picture);
    let contents: String = sections
        .iter()
        .map(|(id, title, _)| format!("<li><a href=\"#{id}\">{title}</a></li>"))
        .collect();
    let body: String = sections
        .iter()
        .map(|(id, title, content)| {
            format!(
                "<section id=\"{id}\" aria-labelledby=\"h-{id}\"><h2 id=\"h-{id}\">{title}</h2>{content}</section>\n"
            )
        })
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{name} – designs compared</title>\n<style>{STYLE}{OWN_STYLE}</style></head>\n\
         <body{}>\n{}<nav aria-label=\"Contents\"><ol>{contents}</ol></nav>\n<main>{body}</main>\n\
         <footer><p>{name}. All times are UTC. Money is computed exactly; charts and rounded figures are for reading only.</p></footer>\
         <script>{OWN_SCRIPT}</script><script>{SCRIPT}</script></body></html>\n",
        picture.attributes(),
        header(comparison),
    )
}

/// Anchor, heading, content.
type Section = (&'static str, &'static str, String);

fn sections(comparison: &Comparison, picture: &Picture) -> Vec<Section> {
    let answer = format!(
        "{}{}{}{}{}",
        verdict::paragraph(comparison),
        failed(comparison),
        lesson(comparison),
        stresses(comparison),
        verdict::standings(comparison)
    );
    vec![
        ("answer", "In short", answer),
        (
            "picture",
            "The crash, and what each design made of it",
            picture.html(comparison),
        ),
        ("measures", "Measures", table::html(comparison)),
        (
            "panels",
            "One design at a time",
            panels::html(comparison, picture),
        ),
        (
            "money",
            "Where the lost money went",
            money::html(comparison),
        ),
        ("designs", "The designs", designs::html(comparison)),
        ("people", "The same people", people(comparison)),
        ("repeat", "Check and repeat", repeat(comparison)),
    ]
}

/// The class of a design's lines.
fn style(design: usize) -> String {
    format!("d{}", design % STYLES)
}

/// The id of a design's line in the large picture.
fn line_id(view: View, design: usize) -> String {
    let at = VIEWS.iter().position(|v| *v == view).unwrap_or(0);
    format!("l{at}-{design}")
}

/// A piece of a design's line, to stand beside its name.
fn sample(design: usize) -> String {
    format!(
        "<svg class=\"sample\" viewBox=\"0 0 30 8\" aria-hidden=\"true\"><path class=\"line {}\" d=\"M0 4H30\"/></svg>",
        style(design)
    )
}

fn header(comparison: &Comparison) -> String {
    let time = TimeAxis::new(comparison.window);
    let provenance = comparison.provenance.first().map_or("", String::as_str);
    let traders = comparison.outcomes.iter().map(|o| o.measures.traders).max();
    format!(
        "<header><p class=\"brand\"><svg viewBox=\"-12 -12 24 24\" aria-hidden=\"true\"><circle r=\"8\"/><path d=\"M-12 0H12\"/></svg>Plimsoll comparison of designs</p>\
         <h1>{}</h1><p class=\"lead\">{}</p>\
         <dl class=\"facts\"><div><dt>Prices</dt><dd>{} <a href=\"#sources\">Every source</a></dd></div>\
         <div><dt>Period (UTC)</dt><dd>{}</dd></div>\
         <div><dt>Traders</dt><dd>{}, drawn once for all designs</dd></div>\
         <div><dt>Designs</dt><dd>{}</dd></div></dl></header>\n",
        escape::text(&comparison.name),
        escape::text(&comparison.description),
        escape::text(provenance),
        between(time.start, time.end),
        number::count(traders.unwrap_or(0)),
        comparison.outcomes.len(),
    )
}

/// Designs that are missing, and why.
fn failed(comparison: &Comparison) -> String {
    comparison
        .failed
        .iter()
        .map(|failed| {
            format!(
                "<p class=\"failed\"><b>{}</b> could not be run: {}</p>",
                escape::text(&failed.design),
                escape::text(&failed.why)
            )
        })
        .collect()
}

fn lesson(comparison: &Comparison) -> String {
    comparison.lesson.as_ref().map_or_else(String::new, |text| {
        format!(
            "<aside class=\"lesson\"><h3>The lesson</h3><p>{}</p></aside>",
            escape::text(text)
        )
    })
}

fn stresses(comparison: &Comparison) -> String {
    if comparison.stresses.is_empty() {
        return String::new();
    }
    // Each says itself when it is; its number is the one in the charts.
    let items: String = comparison
        .stresses
        .iter()
        .map(|stress| format!("<li>{}</li>", escape::text(&stress.text)))
        .collect();
    format!(
        "<div class=\"stresses\"><h3>Done to it beside the crash itself</h3><ol>{items}</ol></div>"
    )
}

fn people(comparison: &Comparison) -> String {
    let lines: String = comparison
        .matching
        .iter()
        .map(|line| format!("<li>{}</li>", escape::text(line)))
        .collect();
    let lines = match lines.is_empty() {
        true => String::new(),
        false => format!("<ul class=\"matching\">{lines}</ul>"),
    };
    format!(
        "<p class=\"note\">Every design gets the same traders with the same exposure, leverage, entry and collateral, the same prices, books and liquidators. \
         Kinds of venue keep accounts of different kinds; this is how the same people are expressed on each.</p>{lines}"
    )
}

fn repeat(comparison: &Comparison) -> String {
    let sources: String = comparison
        .provenance
        .iter()
        .map(|line| format!("{}\n", escape::text(line)))
        .collect();
    let rows: String = comparison.outcomes.iter().enumerate().map(proof).collect();
    format!(
        "<p>Save the scenario below as a file and run <code>plimsoll compare SCENARIO.toml</code> on the same prices: the same seed gives the same state hashes \
         and this same page, byte for byte, on one core or many.</p>\
         <dl class=\"facts\"><div><dt>Seed</dt><dd><code>{}</code></dd></div>\
         <div><dt>First and last moment (UTC)</dt><dd>{} – {}</dd></div></dl>\
         <div class=\"scroll\" role=\"region\" aria-label=\"State hashes and conservation\" tabindex=\"0\"><table class=\"plain proof\"><thead><tr><th scope=\"col\">Design</th><th scope=\"col\" class=\"n\">Commands</th><th scope=\"col\" class=\"n\">Events</th>\
         <th scope=\"col\">Conservation</th><th scope=\"col\">State hash (blake3)</th></tr></thead><tbody>{rows}</tbody></table></div>\
         <details id=\"sources\" open><summary>Where the prices come from</summary><pre>{sources}</pre></details>\
         <details><summary>The scenario, every default written out</summary><pre>{}</pre></details>",
        comparison.seed,
        time_text(comparison.window.0),
        time_text(comparison.window.1),
        escape::text(&comparison.scenario),
    )
}

fn proof((at, outcome): (usize, &Outcome)) -> String {
    format!(
        "<tr><th scope=\"row\">{}{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td><code class=\"hash\">{}</code></td></tr>",
        sample(at),
        escape::text(&outcome.design),
        number::count(outcome.commands),
        number::count(outcome.events),
        escape::text(&outcome.conservation),
        escape::text(&outcome.state_hash),
    )
}

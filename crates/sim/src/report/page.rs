//! The page: its sections in reading order, the answer first.

use super::axis::{TimeAxis, moment};
use super::{
    cases, episodes, escape, figures, flows, number, risk, sample, story, timeline, waterfall,
};
use crate::results::{Results, VenueResults, time_text};

const STYLE: &str = include_str!("../../assets/report/report.css");
const SCRIPT: &str = include_str!("../../assets/report/report.js");
/// The shapes of the marks, so that sides are told apart without colour.
const SYMBOLS: &str = "<svg class=\"hidden\" aria-hidden=\"true\"><defs>\
    <path id=\"long\" d=\"M-6-4.5H6L0 6Z\"/><path id=\"short\" d=\"M-6 4.5H6L0-6Z\"/>\
    <circle id=\"maker\" r=\"5\"/></defs></svg>";

/// The report as one self-contained HTML file. The same results give the same bytes.
#[must_use]
pub fn html(results: &Results) -> String {
    let time = TimeAxis::new(results.window);
    let name = escape::text(&results.name);
    let sections = sections(results, time);
    let contents: String = sections
        .iter()
        .map(|(id, title, _)| format!("<li><a href=\"#{id}\">{title}</a></li>"))
        .collect();
    let section = |(id, title, content): &Section| {
        format!(
            "<section id=\"{id}\" aria-labelledby=\"h-{id}\"><h2 id=\"h-{id}\">{title}</h2>{content}</section>\n"
        )
    };
    let joined = |part: &[Section]| -> String { part.iter().map(section).collect() };
    let (answer, rest) = sections.split_at(1);
    let (charts, rest) = rest.split_at(CHARTS);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{name} – liquidation report</title>\n<style>{STYLE}</style></head>\n\
         <body data-start=\"{}\" data-end=\"{}\"{}>\n{SYMBOLS}{}\
         <nav aria-label=\"Contents\"><ol>{contents}</ol></nav>\n<main>{}<div class=\"charts\">{}{}</div>\n{}</main>\n{}\
         <script>{SCRIPT}</script></body></html>\n",
        time.start,
        time.end,
        focus(results, time),
        header(results, time),
        joined(answer),
        toolbar(results, time),
        joined(charts),
        joined(rest),
        footer(results),
    )
}

/// How many sections after the first have a time axis and follow the choice of time.
const CHARTS: usize = 4;

/// Anchor, heading, content.
type Section = (&'static str, &'static str, String);

fn sections(results: &Results, time: TimeAxis) -> Vec<Section> {
    let note = super::chart::paragraph;
    let first = format!(
        "{}{}{}{}",
        story::html(results, time),
        waterfall::verdict(results),
        episodes::verdict(results),
        figures::html(results)
    );
    let prices = format!(
        "{}{}{}",
        note(
            "Each mark gathers the liquidations of one side on one venue over a few minutes; its area is their notional, and it sits at their average trigger price."
        ),
        timeline::legend(results),
        timeline::prices(results, time)
    );
    let flows = format!(
        "{}{}",
        note(
            "Payments over the whole run, gathered by kind of holder: who paid on the left, who was paid on the right."
        ),
        flows::html(results)
    );
    let mut sections = vec![
        ("answer", "In short", first),
        ("prices", "Prices and liquidations", prices),
        (
            "pace",
            "Liquidations over time",
            timeline::liquidations(results, time),
        ),
        ("risk", "Collateral at risk", risk::at_risk(results, time)),
        ("backstop", "Backstop", risk::backstop(results, time)),
        ("flows", "Who paid whom", flows),
        ("cases", "Largest cases", cases::html(results)),
        ("refusals", "Refusals", refusals(results)),
        ("parameters", "Parameters", parameters(results)),
        ("repeat", "Check and repeat", repeat(results)),
    ];
    if waterfall::is_any(results) {
        let section = (
            "waterfall",
            "Where acquired positions went",
            waterfall::html(results),
        );
        sections.insert(1 + CHARTS, section);
    }
    if episodes::is_any(results) {
        let section = (
            "steps",
            "Liquidations step by step",
            episodes::html(results, time),
        );
        // Its charts follow the choice of time only where they stand among the others.
        sections.insert(1 + CHARTS, section);
    }
    sections
}

fn header(results: &Results, time: TimeAxis) -> String {
    // The first line says whether the path is real; every source is listed at the end.
    let provenance = results.provenance.first().map_or("", String::as_str);
    let provenance = escape::text(provenance);
    format!(
        "<header><p class=\"brand\"><svg viewBox=\"-12 -12 24 24\" aria-hidden=\"true\"><circle r=\"8\"/><path d=\"M-12 0H12\"/></svg>Plimsoll liquidation report</p>\
         <h1>{}</h1><p class=\"lead\">{}</p>\
         <dl class=\"facts\"><div><dt>Prices</dt><dd>{provenance} <a href=\"#sources\">Every source</a></dd></div>\
         <div><dt>Period</dt><dd>{} to {} UTC</dd></div>\
         <div><dt>Markets</dt><dd>{}</dd></div>{}\
         <div><dt>Conservation</dt><dd>{}</dd></div></dl></header>\n",
        escape::text(&results.name),
        escape::text(&results.description),
        with_year(time.start, time),
        with_year(time.end, time),
        escape::text(&results.markets.join(", ")),
        stresses(results),
        escape::text(&results.conservation),
    )
}

/// What was done beside the crash itself, one paragraph each; nothing in a plain run.
fn stresses(results: &Results) -> String {
    if results.stresses.is_empty() {
        return String::new();
    }
    let told = results.stresses.iter();
    let told: Vec<String> = told.map(|stress| escape::text(&stress.text)).collect();
    format!("<div><dt>Stresses</dt><dd>{}</dd></div>", told.join("<br>"))
}

/// A moment, with its year where the window is in two.
fn with_year(at: i64, time: TimeAxis) -> String {
    let text = time_text(at);
    let year = |text: &str| text.split('-').next().map(str::to_owned);
    if year(&time_text(time.start)) == year(&time_text(time.end)) {
        return moment(at);
    }
    text.strip_suffix(":00").unwrap_or(&text).to_owned()
}

/// The part of the window where most happened, for the script.
fn focus(results: &Results, time: TimeAxis) -> String {
    busy(results, time).map_or_else(String::new, |(start, end)| {
        format!(" data-from=\"{start}\" data-to=\"{end}\"")
    })
}

fn busy(results: &Results, time: TimeAxis) -> Option<(i64, i64)> {
    let all = results.venues.iter().flat_map(|venue| &venue.liquidations);
    sample::focus(time, all.map(|case| case.executed))
}

/// The choice of the time shown; without the script it stays away.
fn toolbar(results: &Results, time: TimeAxis) -> String {
    let busy = busy(results, time).map_or_else(String::new, |_| {
        "<button type=\"button\" data-zoom=\"busy\" aria-pressed=\"false\">Busiest part</button>".to_owned()
    });
    format!(
        "<div class=\"toolbar\" role=\"group\" aria-label=\"Time shown in all charts\"><button type=\"button\" data-zoom=\"all\" aria-pressed=\"true\">Whole period</button>{busy}\
         <output aria-live=\"polite\"></output><span class=\"hint\">Drag across a chart to look closer</span></div>\n"
    )
}

fn refusals(results: &Results) -> String {
    let lists = results.venues.iter().map(|venue| {
        let name = escape::text(&venue.name);
        if venue.refusals.is_empty() {
            return format!("<div><h4>{name}</h4><p class=\"note\">Nothing was refused.</p></div>");
        }
        let rows: String = venue
            .refusals
            .iter()
            .map(|refused| {
                format!(
                    "<tr><td class=\"n\">{}</td><th scope=\"row\"><code>{}</code></th><td>{}</td></tr>",
                    number::count(refused.times),
                    escape::text(&refused.name),
                    escape::text(&refused.first),
                )
            })
            .collect();
        format!(
            "<div><h4>{name}</h4><div class=\"scroll\"><table class=\"plain\"><thead><tr><th scope=\"col\" class=\"n\">Times</th>\
             <th scope=\"col\">Refusal</th><th scope=\"col\">The first one</th></tr></thead><tbody>{rows}</tbody></table></div></div>"
        )
    });
    let lists: String = lists.collect();
    let note = super::chart::paragraph(
        "Commands of traders, liquidators and providers that the venue's rules turned down. A refusal changes nothing.",
    );
    format!("{note}<div class=\"grid-2\">{lists}</div>")
}

fn parameters(results: &Results) -> String {
    let lists: String = results.venues.iter().map(parameter_table).collect();
    format!(
        "<div class=\"grid-2\">{lists}</div><details><summary>The scenario, every default written out</summary><pre>{}</pre></details>",
        escape::text(&results.scenario)
    )
}

fn parameter_table(venue: &VenueResults) -> String {
    let rows: String = venue
        .parameters
        .iter()
        .map(|(name, value)| {
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td></tr>",
                escape::text(name),
                escape::text(value)
            )
        })
        .collect();
    format!(
        "<div><h4>{}<small>preset {}</small></h4><table class=\"plain\"><tbody>{rows}</tbody></table></div>",
        escape::text(&venue.name),
        escape::text(&venue.preset)
    )
}

fn repeat(results: &Results) -> String {
    let sources: String = results
        .provenance
        .iter()
        .map(|line| format!("{}\n", escape::text(line)))
        .collect();
    format!(
        "<p>Save the scenario above as a file and run <code>plimsoll replay SCENARIO.toml</code> on the same prices: the same seed gives the same state hash \
         and this same report, byte for byte. <code>plimsoll verify JOURNAL</code> applies every recorded command again and checks the chain, the hashes and the money.</p>\
         <dl class=\"facts\"><div><dt>Seed</dt><dd><code>{}</code></dd></div>\
         <div><dt>State hash (blake3)</dt><dd><code class=\"hash\">{}</code></dd></div>\
         <div><dt>Commands accepted</dt><dd>{}</dd></div><div><dt>Events</dt><dd>{}</dd></div>\
         <div><dt>First and last moment (UTC)</dt><dd>{} – {}</dd></div></dl>\
         <details id=\"sources\" open><summary>Where the prices come from</summary><pre>{sources}</pre></details>",
        results.seed,
        escape::text(&results.state_hash),
        number::count(results.commands),
        number::count(results.events),
        time_text(results.window.0),
        time_text(results.window.1),
    )
}

fn footer(results: &Results) -> String {
    format!(
        "<footer><p>{}. All times are UTC. Money is computed exactly; charts and rounded figures are for reading only.</p></footer>\n",
        escape::text(&results.name)
    )
}

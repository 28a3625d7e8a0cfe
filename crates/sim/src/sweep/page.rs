//! The page of a sweep: how large a fund covers which share of the runs, and how the loss moves
//! with the parameters. One HTML file that opens from a disk without a network.

use std::fmt::Write as _;

use crate::report::{escape, number};
use crate::results::Amount;

use super::chart::{Across, LINES_MAX, Series, figure};
use super::losses::supported;
use super::summary::PointLosses;
use super::{Axis, Losses, PerMille, Plan, QUANTILES, RunRow};

const STYLE: &str = include_str!("../../assets/report/report.css");
/// Lines are told apart by dashes, too.
const LINES: &str = "
.sample { width: 1.9em; height: .6em; flex: none; overflow: visible; }
.line { stroke-width: 1.8; }
.s0 { stroke: var(--venue0); } .s1 { stroke: var(--venue1); stroke-dasharray: 7 3; }
.s2 { stroke: var(--venue2); stroke-dasharray: 2 2; } .s3 { stroke: var(--venue3); stroke-dasharray: 9 3 2 3; }
.s4 { stroke: var(--holder4); stroke-dasharray: 4 4; } .s5 { stroke: var(--holder5); stroke-dasharray: 12 4; }
td.n[title] { cursor: help; }
.rule { stroke: var(--soft); stroke-dasharray: 3 3; opacity: .8; }
.rule-label { font-size: .76rem; fill: var(--ink); paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; font-variant-numeric: tabular-nums; }
";

/// The most points or rows that are listed on the page; the tables beside it have all.
const LISTED_MAX: usize = 200;
/// Places along a line.
const PLACES: usize = 240;

/// The page. The same plan and runs give the same bytes.
#[must_use]
pub fn html(plan: &Plan, runs: &[RunRow], points: &[PointLosses]) -> String {
    let name = escape::text(&plan.name);
    let venues: Vec<Vec<&PointLosses>> = by_venue(points);
    let charts: String = venues.iter().map(|venue| charts(plan, venue)).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{name} – sweep</title>\n<style>{STYLE}{LINES}</style></head>\n<body>{}<main>\
         <section id=\"answer\"><h2>How large a fund?</h2>{}</section>\n{charts}\
         <section><h2>Loss by parameters</h2>{}</section>\n{}\
         <section><h2>How this is computed</h2>{}</section></main>\n\
         <footer><p>{name}. Money is exact in the tables beside this page; charts and rounded figures are for reading only.</p></footer></body></html>\n",
        header(plan),
        answers(plan, &venues),
        table(plan, points),
        windows(plan, runs),
        method(plan),
    )
}

fn by_venue(points: &[PointLosses]) -> Vec<Vec<&PointLosses>> {
    let count = points.iter().map(|p| p.venue + 1).max().unwrap_or(0);
    (0..count)
        .map(|venue| points.iter().filter(|p| p.venue == venue).collect())
        .collect()
}

/// An amount with 18 decimals, for a reader.
fn money(raw: i128) -> String {
    number::money(Amount::new(raw, 18))
}

fn approximate(raw: i128) -> f64 {
    Amount::new(raw, 18).approximate()
}

/// A point in few words: `delay = 2s`, with whole paths where their last steps are alike.
fn point_name(plan: &Plan, point: usize) -> String {
    if plan.axes.is_empty() {
        return "as it is".to_owned();
    }
    let alike = |axis: &Axis| {
        let like = |other: &&Axis| other.last_step() == axis.last_step();
        plan.axes.iter().filter(like).count() > 1
    };
    let pairs = plan.axes.iter().zip(plan.values(point));
    let told: Vec<String> = pairs
        .map(|(axis, value)| match alike(axis) {
            true => format!("{} = {value}", axis.path),
            false => format!("{} = {value}", axis.last_step()),
        })
        .collect();
    told.join(", ")
}

fn header(plan: &Plan) -> String {
    let axes: Vec<String> = plan
        .axes
        .iter()
        .map(|axis| {
            let values = match axis.values.as_slice() {
                [first, .., last] if axis.values.len() > 8 => {
                    format!("{first} to {last}, {} values", axis.values.len())
                }
                values => values.join(", "),
            };
            format!(
                "<code>{}</code> {}",
                escape::text(&axis.path),
                escape::text(&values)
            )
        })
        .collect();
    let seeds = match plan.seeds.as_slice() {
        [first, .., last] => format!("{first} to {last}"),
        [one] => one.to_string(),
        [] => String::new(),
    };
    let windows = match plan.windows.is_empty() {
        true => "the scenario's own".to_owned(),
        false => {
            let names: Vec<&str> = plan.windows.iter().map(|w| w.name.as_str()).collect();
            escape::text(&names.join(", "))
        }
    };
    let left_out: String = plan
        .left_out
        .iter()
        .map(|(name, why)| {
            format!(
                "<dd>left out: {}: {}</dd>",
                escape::text(name),
                escape::text(why)
            )
        })
        .collect();
    format!(
        "<header><p class=\"brand\"><svg viewBox=\"-12 -12 24 24\" aria-hidden=\"true\"><circle r=\"8\"/><path d=\"M-12 0H12\"/></svg>Plimsoll sweep</p>\
         <h1>{}</h1><p class=\"lead\">{} runs: {} of parameters, {} a combination.</p>\
         <dl class=\"facts\"><div><dt>Parameters</dt><dd>{}</dd></div><div><dt>Seeds</dt><dd>{seeds}</dd></div>\
         <div><dt>Prices</dt><dd>{windows}</dd>{left_out}</div></dl></header>\n",
        escape::text(&plan.name),
        number::count(plan.runs() as u64),
        counted(plan.points(), "combination"),
        counted(plan.runs_per_point(), "run"),
        match axes.is_empty() {
            true => "none is varied".to_owned(),
            false => axes.join("<br>"),
        },
    )
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", number::count(count as u64))
}

/// A card per venue: the fund for the highest share that the runs support, per combination.
fn answers(plan: &Plan, venues: &[Vec<&PointLosses>]) -> String {
    let card = |(at, points): (usize, &Vec<&PointLosses>)| {
        let Some(first) = points.first() else {
            return String::new();
        };
        let asset = escape::text(&first.asset);
        let lines: String = chosen(points)
            .iter()
            .map(|point| {
                format!(
                    "<p><b>{}</b>: {}</p>",
                    escape::text(&point_name(plan, point.point)),
                    answer(&point.losses, &asset)
                )
            })
            .collect();
        format!(
            "<div class=\"card venue{}\"><h3>{}</h3>{lines}</div>",
            at % 4,
            escape::text(&first.name)
        )
    };
    let cards: String = venues.iter().enumerate().map(card).collect();
    let more = match plan.points() > LINES_MAX {
        true => {
            "<p class=\"note\">Six combinations are shown here; the table below has the others.</p>"
        }
        false => "",
    };
    format!("<div class=\"cards\">{cards}</div>{more}")
}

fn answer(losses: &Losses, asset: &str) -> String {
    let largest = losses.largest().map(money).unwrap_or_default();
    let best = QUANTILES
        .iter()
        .rev()
        .find_map(|share| Some((share, losses.quantile(*share).ok()?)));
    let runs = losses.runs();
    match best {
        Some((share, loss)) if *share == PerMille(999) => format!(
            "a fund of <b>{} {asset}</b> would have covered {} of {} runs; the largest loss is {largest}.",
            money(loss),
            share.text(),
            number::count(runs as u64)
        ),
        Some((share, loss)) => format!(
            "a fund of <b>{} {asset}</b> would have covered {} of {runs} runs. For 99.9 % at least 1,000 runs are needed; {runs} support at most {}. The largest loss is {largest}.",
            money(loss),
            share.text(),
            supported(runs)
        ),
        None => format!(
            "{} in one run. A quantile needs two runs or more, the one of 99.9 % at least 1,000.",
            format_args!("<b>{largest} {asset}</b> lost")
        ),
    }
}

/// At most as many as a drawing has lines, spread evenly, the first and the last among them.
fn chosen<'p>(points: &[&'p PointLosses]) -> Vec<&'p PointLosses> {
    if points.len() <= LINES_MAX {
        return points.to_vec();
    }
    let last = points.len() - 1;
    (0..LINES_MAX)
        .map(|at| points[at * last / (LINES_MAX - 1)])
        .collect()
}

fn charts(plan: &Plan, points: &[&PointLosses]) -> String {
    let Some(first) = points.first() else {
        return String::new();
    };
    let drawn = chosen(points);
    let mut figures = format!(
        "{}{}",
        by_share(plan, &drawn, &first.asset),
        by_fund(plan, &drawn, &first.asset)
    );
    for axis in 0..plan.axes.len() {
        figures.push_str(&by_value(plan, axis, points));
    }
    format!(
        "<section><h2>{}</h2><div class=\"grid-2\">{figures}</div></section>\n",
        escape::text(&first.name)
    )
}

/// The loss against the share of runs, the tail drawn out: each tenth of what is left beyond gets
/// the same room.
fn by_share(plan: &Plan, points: &[&PointLosses], asset: &str) -> String {
    let place = |beyond: f64| -libm::log10(beyond);
    let runs = points.iter().map(|p| p.losses.runs()).max().unwrap_or(1);
    #[allow(clippy::cast_precision_loss)]
    let end = place(0.5 / runs.max(1) as f64);
    let ticks = [
        (1.0, "0 %"),
        (0.5, "50 %"),
        (0.1, "90 %"),
        (0.01, "99 %"),
        (0.001, "99.9 %"),
    ];
    let ticks = ticks.map(|(beyond, label)| (place(beyond), label.to_owned()));
    let ticks = ticks
        .into_iter()
        .filter(|(at, _)| *at <= end + 1e-9)
        .collect();
    let series = points.iter().map(|point| {
        let losses = point.losses.sorted();
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let at = |step: usize| {
            let x = end * step as f64 / PLACES as f64;
            let beyond = libm::pow(10.0, -x) * losses.len() as f64;
            let rank = losses.len().saturating_sub(1 + beyond.floor() as usize);
            losses.get(rank).map(|loss| (x, approximate(*loss)))
        };
        Series {
            name: point_name(plan, point.point),
            points: (0..=PLACES).filter_map(at).collect(),
        }
    });
    figure(
        (
            "Loss by share of runs",
            asset,
            "The loss that this share of the runs stayed within; each tenth of what lies beyond gets the same room, and the last step is the largest loss.",
        ),
        &Across::labelled(0.0, end, ticks),
        &series.collect::<Vec<_>>(),
    )
}

/// The funds that cover the shares of the runs which there are enough of, and the largest loss.
fn covered(losses: &Losses) -> Vec<(f64, String)> {
    let known = QUANTILES.into_iter().filter(|share| share.0 >= 900);
    let known = known.filter_map(|share| Some((losses.quantile(share).ok()?, share.text())));
    let largest = losses.largest().map(|loss| (loss, "every run".to_owned()));
    let mut rules: Vec<(i128, String)> = known.chain(largest).collect();
    rules.retain(|(loss, _)| *loss > 0);
    let named = rules.into_iter();
    named
        .map(|(loss, of)| {
            (
                approximate(loss),
                format!("{of}: {}", number::compact(approximate(loss))),
            )
        })
        .collect()
}

/// What a fund of a size would have left, on average.
fn by_fund(plan: &Plan, points: &[&PointLosses], asset: &str) -> String {
    let largest = points.iter().filter_map(|p| p.losses.largest()).max();
    let largest = largest.unwrap_or_default().max(0);
    let across = Across::numbers([0.0, approximate(largest)].into_iter());
    // With one combination there is room to say which share of the runs each size covers.
    let rules = match points {
        [one] => covered(&one.losses),
        _ => Vec::new(),
    };
    let across = across.with_rules(rules);
    let series = points.iter().map(|point| {
        let at = |step: usize| {
            let fund = largest / PLACES as i128 * step as i128;
            let left = point.losses.left_by(fund)?;
            Some((approximate(fund), approximate(left)))
        };
        Series {
            name: point_name(plan, point.point),
            points: (0..=PLACES).filter_map(at).collect(),
        }
    });
    figure(
        (
            "How much insurance",
            asset,
            "From left to right the size of a fund, upwards the mean over the runs of what it would not have covered, had nothing else changed. Upright lines, with one combination: the fund that covers this share of the runs.",
        ),
        &across,
        &series.collect::<Vec<_>>(),
    )
}

/// The loss against a parameter's value, where it is a number; the other parameters at their
/// first values.
fn by_value(plan: &Plan, axis: usize, points: &[&PointLosses]) -> String {
    let Some(values) = plan.axes[axis].places().filter(|v| v.len() > 1) else {
        return String::new();
    };
    let stride: usize = plan.axes[axis + 1..]
        .iter()
        .map(|a| a.values.len())
        .product();
    let at = |i: usize| points.get(i * stride).map(|point| (values[i], *point));
    let mut along: Vec<(f64, &PointLosses)> = (0..values.len()).filter_map(at).collect();
    along.sort_by(|a, b| a.0.total_cmp(&b.0));
    let line = |name: String, loss: &dyn Fn(&Losses) -> Option<i128>| Series {
        name,
        points: along
            .iter()
            .filter_map(|(x, point)| Some((*x, approximate(loss(&point.losses)?))))
            .collect(),
    };
    let mut series = vec![line("mean".to_owned(), &|losses| losses.mean())];
    for share in QUANTILES {
        series.push(line(share.text(), &|losses| losses.quantile(share).ok()));
    }
    series.push(line("largest".to_owned(), &|losses| losses.largest()));
    series.retain(|series| !series.points.is_empty());
    let others = plan.axes.len() - 1;
    let note = match others {
        0 => "Quantiles of the loss over the runs of each value.".to_owned(),
        _ => {
            let firsts = plan.axes.iter().enumerate().filter(|(i, _)| *i != axis);
            let firsts: Vec<String> = firsts
                .filter_map(|(_, a)| Some(format!("{} = {}", a.path, a.values.first()?)))
                .collect();
            format!(
                "Quantiles of the loss over the runs of each value, with {}.",
                firsts.join(", ")
            )
        }
    };
    let asset = points.first().map_or("", |point| point.asset.as_str());
    let across = Across::numbers(along.iter().map(|(x, _)| *x));
    let seconds = match plan.axes[axis].numbers() {
        Some(_) => "",
        None => ", seconds",
    };
    let title = format!("Loss against {}{seconds}", plan.axes[axis].path);
    figure((&title, asset, &note), &across, &series)
}

fn table(plan: &Plan, points: &[PointLosses]) -> String {
    let mut head: String = plan
        .axes
        .iter()
        .map(|axis| format!("<th scope=\"col\">{}</th>", escape::text(&axis.path)))
        .collect();
    head.push_str("<th scope=\"col\">Venue</th>");
    let numbers = ["Runs", "With a loss", "Mean"]
        .map(str::to_owned)
        .into_iter();
    let numbers = numbers
        .chain(QUANTILES.map(PerMille::text))
        .chain(["ES 99 %", "Largest"].map(str::to_owned));
    for title in numbers {
        let _ = write!(head, "<th scope=\"col\" class=\"n\">{title}</th>");
    }
    let cell = |text: &str| format!("<td class=\"n\">{text}</td>");
    let known = |loss: Result<i128, super::TooFewRuns>| match loss {
        Ok(loss) => cell(&money(loss)),
        Err(why) => format!(
            "<td class=\"n\" title=\"{}\">–</td>",
            escape::text(&why.to_string())
        ),
    };
    let rows: String = points
        .iter()
        .take(LISTED_MAX)
        .map(|point| {
            let losses = &point.losses;
            let values: String = plan
                .values(point.point)
                .iter()
                .map(|value| format!("<td>{}</td>", escape::text(value)))
                .collect();
            format!(
                "<tr>{values}<th scope=\"row\">{} <small>{}</small></th>{}{}{}{}{}{}</tr>",
                escape::text(&point.name),
                escape::text(&point.asset),
                cell(&number::count(losses.runs() as u64)),
                cell(&number::count(losses.with_loss() as u64)),
                cell(&losses.mean().map(money).unwrap_or_default()),
                QUANTILES
                    .map(|share| known(losses.quantile(share)))
                    .concat(),
                known(losses.expected_shortfall(PerMille(990))),
                cell(&losses.largest().map(money).unwrap_or_default()),
            )
        })
        .collect();
    let more = match points.len() > LISTED_MAX {
        true => format!("<p class=\"note\">The first {LISTED_MAX} rows; summary.csv has all.</p>"),
        false => String::new(),
    };
    format!(
        "<div class=\"scroll\"><table class=\"plain wide\"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}"
    )
}

/// The windows with their losses, over all combinations and seeds.
fn windows(plan: &Plan, runs: &[RunRow]) -> String {
    if plan.windows.is_empty() {
        return String::new();
    }
    let venues = runs.first().map_or(0, |row| row.venues.len());
    let mut losses = vec![Vec::new(); plan.windows.len() * venues];
    for row in runs {
        let Some(window) = plan.window_index(row.run) else {
            continue;
        };
        for (at, venue) in row.venues.iter().enumerate() {
            losses[window * venues + at].push(venue.loss.raw());
        }
    }
    let names: Vec<_> = runs
        .first()
        .map_or(&[][..], |row| &row.venues)
        .iter()
        .collect();
    let mut rows = String::new();
    for (at, losses) in losses.into_iter().map(Losses::new).enumerate() {
        let (window, venue) = (&plan.windows[at / venues], names[at % venues]);
        let _ = write!(
            rows,
            "<tr><th scope=\"row\">{}</th><td>{} <small>{}</small></td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escape::text(&window.name),
            escape::text(&venue.venue),
            escape::text(&venue.asset),
            number::count(losses.runs() as u64),
            number::count(losses.with_loss() as u64),
            losses.mean().map(money).unwrap_or_default(),
            losses.largest().map(money).unwrap_or_default(),
        );
    }
    format!(
        "<section><h2>Loss by price window</h2><div class=\"scroll\"><table class=\"plain\"><thead><tr><th scope=\"col\">Window</th><th scope=\"col\">Venue</th><th scope=\"col\" class=\"n\">Runs</th><th scope=\"col\" class=\"n\">With a loss</th><th scope=\"col\" class=\"n\">Mean</th><th scope=\"col\" class=\"n\">Largest</th></tr></thead><tbody>{rows}</tbody></table></div></section>\n"
    )
}

fn method(plan: &Plan) -> String {
    let paragraphs = [
        "The loss of a run is what a venue's backstop, and whoever stands behind it, lost: where a fund acquires positions, the larger of its farthest fall below what it began with and of what it and the counterparties that were deleveraged had lost together at the end; elsewhere the sum of what liquidations lost beyond the collateral.",
        "The fund that covers a share of the runs is the quantile of their losses: the smallest loss that at least that share of the runs stayed at or below (nearest rank, nothing is made up between two runs). It assumes that a fund of another size would have changed nothing else; where the venue has a fund as a parameter, sweep that to see what it does change.",
        "A quantile is named only when some run lies beyond it: 90 % from 10 runs, 99 % from 100, 99.9 % from 1,000. ES is the expected shortfall: the mean loss of the worst runs beyond the share.",
    ];
    let text: String = paragraphs
        .map(|paragraph| format!("<p class=\"note\">{paragraph}</p>"))
        .concat();
    let pooled = match plan.windows.is_empty() {
        true => "",
        false => {
            "<p class=\"note\">Runs of different price windows are pooled, each window with the same weight. The windows were chosen because something happened in them: the quantiles are those of such days, not of all days.</p>"
        }
    };
    format!("{text}{pooled}")
}

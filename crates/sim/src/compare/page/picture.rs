//! The one picture: prices, and below them on the same time axis a line per design.
//!
//! Which of four things the lines show is chosen with radio buttons, which need no script. The
//! picture opens on the part of the time where most happened, because a crash is minutes in a
//! window of days; the whole time is one press away, and the small drawing above it always shows
//! where one is.

use std::fmt::Write as _;

use super::{figure, line_id, sample as line_sample, style};
use crate::compare::{Comparison, Outcome};
use crate::report::axis::{TimeAxis, ValueAxis, between};
use crate::report::chart::{Chart, End};
use crate::report::{escape, number, sample};
use crate::results::{Amount, Line};

/// Points of one line within the part shown first.
const POINTS: usize = 420;
/// Up to so many markets have a label of their own.
const LABELLED: usize = 5;
/// Up to so many markets are drawn: the emphasised one and those that fell farthest after it.
const MARKETS: usize = 12;

/// What the lines show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Liquidated,
    BadDebt,
    Backstop,
    Equity,
}

/// The views in their order on the page.
pub(super) const VIEWS: [View; 4] = [
    View::Liquidated,
    View::BadDebt,
    View::Backstop,
    View::Equity,
];

impl View {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Liquidated => "Traders liquidated so far",
            Self::BadDebt => "Bad debt so far",
            Self::Backstop => "Backstop left",
            Self::Equity => "Traders’ equity left",
        }
    }

    pub(super) fn short(self) -> &'static str {
        match self {
            Self::Liquidated => "Liquidated",
            Self::BadDebt => "Bad debt",
            Self::Backstop => "Backstop",
            Self::Equity => "Equity",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Liquidated => "% of traders",
            Self::BadDebt | Self::Equity => "% of what traders put in",
            Self::Backstop => "% of what it began with",
        }
    }

    fn note(self) -> &'static str {
        match self {
            Self::Liquidated => "Traders liquidated at least once, in part or whole.",
            Self::BadDebt => "Losses beyond what bankrupt traders had, whoever bore them.",
            Self::Backstop => {
                "The fund, vault or pool that stands behind the traders, positions it took over counted at the mark."
            }
            Self::Equity => "What all traders have, with what they took out, of what they put in.",
        }
    }

    /// The line of a design, as it is drawn.
    fn line(self, outcome: &Outcome) -> Line {
        let measures = &outcome.measures;
        #[allow(clippy::cast_precision_loss)]
        let (line, scale) = match self {
            Self::Liquidated => (
                &measures.liquidated_over_time,
                100.0 / measures.traders.max(1) as f64,
            ),
            Self::BadDebt => (&measures.bad_debt_over_time, share_of(measures.deposits)),
            Self::Backstop => (
                &measures.backstop_over_time,
                share_of(measures.fund.as_ref().map_or(0, |fund| fund.start)),
            ),
            Self::Equity => (&measures.equity_over_time, 100.0),
        };
        if scale <= 0.0 || measures.traders == 0 {
            return Line::default();
        }
        let mut line = line.clone();
        for value in &mut line.values {
            *value *= scale;
        }
        line
    }
}

/// By what dollars are multiplied to be per cent of an amount; 0 where there is none of it.
fn share_of(micro: i128) -> f64 {
    match micro {
        ..=0 => 0.0,
        _ => 100.0 / Amount::new(micro, 6).approximate(),
    }
}

/// How a value is written; `#` is the number. All are shares, as kinds of venue hold differing
/// parts of the people and differ in what stands behind them.
pub(super) const PATTERN: &str = "#\u{a0}%";

/// A value in three figures.
pub(super) fn value(value: f64) -> String {
    PATTERN.replace('#', &number::compact(three_figures(value)))
}

/// A value cut to three figures, so that labels stay short.
fn three_figures(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let places = 2.0 - libm::floor(libm::log10(value.abs()));
    let unit = libm::pow(10.0, places);
    if unit.is_finite() && unit > 0.0 {
        (value * unit).round() / unit
    } else {
        value
    }
}

/// One view's lines and their common scale.
#[derive(Debug)]
struct Lines {
    /// By design; empty where it has no such thing.
    points: Vec<Vec<(i64, f64)>>,
    axis: ValueAxis,
}

/// Everything that is drawn over time.
#[derive(Debug)]
pub(super) struct Picture {
    time: TimeAxis,
    /// The part that is shown first.
    pub(super) shown: TimeAxis,
    views: Vec<Lines>,
}

impl Picture {
    pub(super) fn of(comparison: &Comparison) -> Self {
        let time = TimeAxis::new(comparison.window);
        let shown = busy(comparison, time).unwrap_or(time);
        let views = VIEWS.map(|view| {
            let lines = comparison.outcomes.iter().map(|outcome| view.line(outcome));
            let points: Vec<_> = lines
                .map(|line| sample::steps(&line, shown, POINTS))
                .collect();
            let values = points.iter().flatten().map(|(_, value)| *value);
            let axis = match view {
                View::Liquidated | View::BadDebt => {
                    ValueAxis::from_zero(values.fold(0.0, f64::max))
                }
                View::Backstop | View::Equity => ValueAxis::around(values),
            };
            Lines { points, axis }
        });
        Self {
            time,
            shown,
            views: views.into(),
        }
    }

    fn lines(&self, view: View) -> &Lines {
        let at = VIEWS.iter().position(|v| *v == view).unwrap_or(0);
        &self.views[at]
    }

    pub(super) fn axis(&self, view: View) -> ValueAxis {
        self.lines(view).axis
    }

    pub(super) fn designs(&self) -> usize {
        self.views.first().map_or(0, |lines| lines.points.len())
    }

    /// The last value of a design's line, where it has one.
    pub(super) fn last(&self, view: View, design: usize) -> Option<f64> {
        let points = self.lines(view).points.get(design)?;
        points.last().map(|(_, value)| *value)
    }

    /// The part shown first, in the units of a stretched drawing: left edge and width.
    pub(super) fn part(&self) -> (f64, f64) {
        let (left, right) = (
            self.time.fraction(self.shown.start),
            self.time.fraction(self.shown.end),
        );
        (left * 1e3, (right - left) * 1e3)
    }

    /// Start and end of the window and of the part shown first, for the script.
    pub(super) fn attributes(&self) -> String {
        let (time, shown) = (self.time, self.shown);
        let busy = match shown == time {
            true => String::new(),
            false => format!(
                " data-from=\"{}\" data-to=\"{}\" data-open=\"busy\"",
                shown.start, shown.end
            ),
        };
        format!(
            " data-start=\"{}\" data-end=\"{}\"{busy}",
            time.start, time.end
        )
    }

    /// The section's content.
    pub(super) fn html(&self, comparison: &Comparison) -> String {
        let mut radios = String::new();
        let mut labels = String::new();
        let mut charts = String::new();
        for (at, view) in VIEWS.into_iter().enumerate() {
            let checked = if at == 0 { " checked" } else { "" };
            let _ = write!(
                radios,
                "<input type=\"radio\" class=\"hidden\" name=\"view\" id=\"v{at}\"{checked}>"
            );
            let _ = write!(labels, "<label for=\"v{at}\">{}</label>", view.title());
            let _ = write!(
                charts,
                "<div class=\"view view{at}\">{}</div>",
                self.chart(comparison, view)
            );
        }
        format!(
            "{}{}<fieldset class=\"views\"><legend class=\"hidden\">What the lines show</legend>{radios}\
             {}{}<div class=\"tabs\">{labels}</div>{charts}</fieldset>",
            self.overview(comparison),
            self.toolbar(),
            self.prices(comparison),
            legend(comparison),
        )
    }

    /// The whole path of the emphasised market, with the part shown below marked on it.
    fn overview(&self, comparison: &Comparison) -> String {
        let Some((index, line)) = deepest(comparison).filter(|_| self.shown != self.time) else {
            return String::new();
        };
        let points = sample::extremes(&indexed(line), POINTS);
        let axis = ValueAxis::around(points.iter().map(|(_, v)| *v));
        let mut path = String::new();
        for (at, (time, value)) in points.iter().enumerate() {
            let command = if at == 0 { 'M' } else { 'L' };
            let (x, y) = (self.time.fraction(*time) * 1e3, axis.fraction(*value) * 1e2);
            let _ = write!(path, "{command}{x:.1} {y:.1}");
        }
        let (left, width) = self.part();
        let name = market(comparison, index);
        format!(
            "<figure class=\"overview\"><figcaption>{name}, whole period, {}; the part below is marked</figcaption>\
             <svg viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect class=\"part\" x=\"{left:.2}\" y=\"0\" width=\"{width:.2}\" height=\"100\"/><path class=\"line price\" d=\"{path}\"/></svg></figure>",
            between(self.time.start, self.time.end),
            name = escape::text(name),
        )
    }

    fn toolbar(&self) -> String {
        let busy = match self.shown == self.time {
            true => "",
            false => {
                "<button type=\"button\" data-zoom=\"busy\" aria-pressed=\"false\">Busiest part</button>"
            }
        };
        format!(
            "<div class=\"toolbar\" role=\"group\" aria-label=\"Time shown in all charts\">{busy}\
             <button type=\"button\" data-zoom=\"all\" aria-pressed=\"true\">Whole period</button>\
             <output aria-live=\"polite\"></output><span class=\"hint\">Drag across a chart to look closer</span></div>\n"
        )
    }

    fn blank<'a>(&self, title: &'a str, axis: ValueAxis, unit: &'a str) -> Chart<'a> {
        let mut chart = Chart::new(title, self.time, axis, unit);
        chart.shown = self.shown;
        chart
    }

    fn shade(&self, chart: &mut Chart<'_>, comparison: &Comparison) {
        for (at, stress) in comparison.stresses.iter().enumerate() {
            if let Some(from) = stress.from {
                chart.shade(from, stress.to.unwrap_or(self.time.end));
                chart.tag(from, &(at + 1).to_string(), &stress.text);
            }
        }
    }

    /// Prices, each as a share of its first.
    fn prices(&self, comparison: &Comparison) -> String {
        let mut lines: Vec<(usize, Line)> = comparison
            .prices
            .iter()
            .map(indexed)
            .enumerate()
            .filter(|(_, line)| !line.values.is_empty())
            .collect();
        lines.sort_by(|a, b| lowest(&a.1).total_cmp(&lowest(&b.1)));
        let left_out = lines.len().saturating_sub(MARKETS);
        lines.truncate(MARKETS);
        let drawn: Vec<(usize, Vec<(i64, f64)>)> = lines
            .iter()
            .map(|(at, line)| (*at, within(line, self.shown)))
            .collect();
        let axis = ValueAxis::around(drawn.iter().flat_map(|(_, p)| p).map(|(_, v)| *v));
        let mut chart = self.blank("Prices", axis, "first price = 100");
        chart.low = true;
        self.shade(&mut chart, comparison);
        chart.spoken = lines.first().map_or_else(String::new, |(at, line)| {
            format!(
                "{} fell farthest, to {:.1} of 100 at its lowest",
                market(comparison, *at),
                lowest(line)
            )
        });
        let labels = if drawn.len() <= LABELLED {
            drawn.len()
        } else {
            1
        };
        for (place, (at, points)) in drawn.iter().enumerate().rev() {
            let class = if place == 0 { "price" } else { "price other" };
            chart.line(class, points);
            chart.reading_of(class, market(comparison, *at), points, "#");
            let end = last_until(points, self.shown.end);
            if let (true, Some(value)) = (place < labels, end) {
                chart.ends.push(End {
                    class: class.to_owned(),
                    name: market(comparison, *at).to_owned(),
                    value,
                    text: number::compact(three_figures(value)),
                });
            }
        }
        if left_out > 0 {
            chart.note = format!("{left_out} more markets, which fell less, are left out.");
        }
        chart.html()
    }

    fn chart(&self, comparison: &Comparison, view: View) -> String {
        let lines = self.lines(view);
        let mut chart = self.blank(view.title(), lines.axis, view.unit());
        view.note().clone_into(&mut chart.note);
        if !lines.axis.starts_at_zero() {
            chart.note.push_str(" The scale does not begin at zero.");
        }
        self.shade(&mut chart, comparison);
        let mut spoken = Vec::new();
        let mut without = Vec::new();
        for (at, (outcome, points)) in comparison.outcomes.iter().zip(&lines.points).enumerate() {
            let Some(end) = last_until(points, self.shown.end) else {
                without.push(outcome.design.clone());
                continue;
            };
            let class = style(at);
            chart.steps(&class, &line_id(view, at), points);
            chart.reading_of(&class, &outcome.design, points, PATTERN);
            spoken.push(format!(
                "{} {}",
                outcome.design,
                value(points.last().map_or(end, |p| p.1))
            ));
            chart.ends.push(End {
                class,
                name: outcome.design.clone(),
                value: end,
                text: value(end),
            });
        }
        chart.spoken = format!("At the end: {}", spoken.join(", "));
        if !without.is_empty() {
            let _ = write!(
                chart.note,
                " Does not apply to {}.",
                figure::listed(&without)
            );
        }
        chart.html()
    }
}

/// The designs' names beside samples of their lines, and what is shaded.
fn legend(comparison: &Comparison) -> String {
    let designs: String = comparison
        .outcomes
        .iter()
        .enumerate()
        .map(|(at, outcome)| {
            format!(
                "<li class=\"{}\" title=\"{}\">{}{}</li>",
                style(at),
                escape::text(&outcome.title),
                line_sample(at),
                escape::text(&outcome.design)
            )
        })
        .collect();
    format!("<ul class=\"legend designs\">{designs}</ul>")
}

fn market(comparison: &Comparison, at: usize) -> &str {
    let name = comparison.markets.get(at);
    name.map_or_else(|| comparison.prices[at].label.as_str(), String::as_str)
}

/// The market that fell farthest, by its lowest price of its first.
fn deepest(comparison: &Comparison) -> Option<(usize, &Line)> {
    let lines = comparison.prices.iter().enumerate();
    let lines = lines.filter(|(_, line)| !line.values.is_empty());
    lines.min_by(|a, b| lowest(&indexed(a.1)).total_cmp(&lowest(&indexed(b.1))))
}

/// A price line with its first price as 100; empty where that is no price.
fn indexed(line: &Line) -> Line {
    let first = line.values.first().copied().unwrap_or(0.0);
    if !first.is_finite() || first <= 0.0 {
        return Line::default();
    }
    Line {
        values: line.values.iter().map(|v| v / first * 100.0).collect(),
        ..line.clone()
    }
}

fn lowest(line: &Line) -> f64 {
    line.values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// A price line with most of its points within a part of the time.
fn within(line: &Line, focus: TimeAxis) -> Vec<(i64, f64)> {
    sample::steps(line, focus, POINTS)
}

/// A line's value at a time: its last one until then.
fn last_until(points: &[(i64, f64)], time: i64) -> Option<f64> {
    let found = points.iter().rev().find(|(at, _)| *at <= time);
    found.or(points.first()).map(|(_, value)| *value)
}

/// The part of the time where most was liquidated, over all designs: each design counts a hundred
/// times at most, once for every hundredth of its liquidations.
fn busy(comparison: &Comparison, time: TimeAxis) -> Option<TimeAxis> {
    let mut times = Vec::new();
    for outcome in &comparison.outcomes {
        let line = &outcome.measures.liquidated_over_time;
        let most = line.values.last().copied().filter(|v| *v > 0.0);
        let Some(most) = most else { continue };
        let mut told = 0u32;
        for (at, value) in line.times.iter().zip(&line.values) {
            while told < 100 && f64::from(told + 1) / 100.0 * most <= *value {
                told += 1;
                times.push(*at);
            }
        }
    }
    let (start, end) = sample::focus(time, times.into_iter())?;
    Some(TimeAxis::new((start, end)))
}

//! One drawing of a sweep's page: lines over a numeric axis, as SVG that stretches with the page.
//!
//! The same layout as the charts of a replay's report, whose styles it uses; lines are told apart
//! by dashes as well as by colour. Floats are places on paper.

use std::fmt::Write as _;

use crate::report::axis::ValueAxis;
use crate::report::{escape, number};

/// The most lines of one drawing.
pub(super) const LINES_MAX: usize = 6;

/// A line: its name and points from left to right.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// The horizontal axis.
#[derive(Debug, Clone)]
pub(super) struct Across {
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
    /// Places set apart by an upright line, with what they are.
    rules: Vec<(f64, String)>,
}

impl Across {
    /// An axis with labels of its own.
    pub(super) fn labelled(low: f64, high: f64, ticks: Vec<(f64, String)>) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self {
            low,
            high,
            ticks,
            rules: Vec::new(),
        }
    }

    /// An axis of numbers.
    pub(super) fn numbers(values: impl Iterator<Item = f64>) -> Self {
        let axis = ValueAxis::around(values);
        let (ticks, step) = axis.ticks();
        let largest = axis.high.abs().max(axis.low.abs());
        let label = |value: f64| (value, number::tick(value, step, largest));
        Self::labelled(axis.low, axis.high, ticks.into_iter().map(label).collect())
    }

    /// The same axis with places set apart.
    pub(super) fn with_rules(mut self, rules: Vec<(f64, String)>) -> Self {
        self.rules = rules;
        self
    }

    /// The upright lines and their labels, every second one lower so that neighbours can be read.
    fn rules(&self) -> String {
        let mut drawn = String::new();
        for (at, (place, label)) in self.rules.iter().enumerate() {
            let x = self.fraction(*place) * 100.0;
            let (anchor, shift) = if x > 80.0 { ("end", -5) } else { ("start", 5) };
            let _ = write!(
                drawn,
                "<line class=\"rule\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"0\" y2=\"100%\"/>\
                 <text class=\"rule-label\" x=\"{x:.2}%\" y=\"{}\" dx=\"{shift}\" text-anchor=\"{anchor}\">{}</text>",
                14 + 16 * at,
                escape::text(label)
            );
        }
        drawn
    }

    fn fraction(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The drawing as a figure.
pub(super) fn figure(
    (title, unit, note): (&str, &str, &str),
    across: &Across,
    series: &[Series],
) -> String {
    let highest = series.iter().flat_map(|s| &s.points).map(|(_, y)| *y);
    let value = ValueAxis::from_zero(highest.fold(0.0, f64::max));
    let (ticks, step) = value.ticks();
    let (mut grid, mut left) = (String::new(), String::new());
    for tick in ticks {
        let y = value.fraction(tick) * 100.0;
        let _ = write!(
            grid,
            "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{y:.2}%\" y2=\"{y:.2}%\"/>"
        );
        let label = number::tick(tick, step, value.high);
        let _ = write!(left, "<span style=\"top:{y:.2}%\">{label}</span>");
    }
    let below: String = across
        .ticks
        .iter()
        .map(|(at, label)| {
            let x = across.fraction(*at) * 100.0;
            format!(
                "<span style=\"left:{x:.2}%\">{}</span>",
                escape::text(label)
            )
        })
        .collect();
    let (mut paths, mut legend) = (String::new(), String::new());
    for (at, series) in series.iter().enumerate() {
        let mut path = String::new();
        for (x, y) in &series.points {
            let command = if path.is_empty() { 'M' } else { 'L' };
            let (x, y) = (across.fraction(*x) * 1e3, value.fraction(*y) * 1e3);
            let _ = write!(path, "{command}{x:.1} {y:.1}");
        }
        let name = escape::text(&series.name);
        let _ = write!(
            paths,
            "<path class=\"line s{at}\" d=\"{path}\"><title>{name}</title></path>"
        );
        let _ = write!(
            legend,
            "<li><svg class=\"sample\" viewBox=\"0 0 28 6\" aria-hidden=\"true\"><path class=\"line s{at}\" d=\"M0 3H28\"/></svg>{name}</li>"
        );
    }
    format!(
        "<figure class=\"chart\"><figcaption><h4>{title}<small>{unit}</small></h4>\
         <p class=\"note\">{note}</p><ul class=\"legend\">{legend}</ul></figcaption>\
         <div class=\"plot\"><div class=\"values\" aria-hidden=\"true\">{left}</div>\
         <div class=\"paper\"><div class=\"times\" aria-hidden=\"true\">{below}</div>\
         <svg role=\"img\" aria-label=\"{title}. {note}\">{grid}\
         <svg class=\"box\" viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\">{paths}</svg>\
         {rules}</svg></div></div></figure>\n",
        title = escape::text(title),
        unit = escape::text(unit),
        note = escape::text(note),
        rules = across.rules(),
    )
}

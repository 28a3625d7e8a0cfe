//! One drawing: an SVG that stretches with the page, its axes and its legend.
//!
//! Lines and areas live in a box of 1000 by 1000 that is stretched without keeping its shape
//! (strokes keep their width), so a drawing fits a phone and a sheet of paper alike. Marks and
//! labels are placed by per cent and never stretched. The script zooms by changing the box.

use super::axis::{TimeAxis, ValueAxis};
use super::{escape, number};

/// Side of the stretched box.
const BOX: f64 = 1000.0;

/// A drawing in the making.
#[derive(Debug)]
pub(super) struct Chart<'a> {
    /// Heading.
    pub(super) title: &'a str,
    /// What it says, for those who cannot see it.
    pub(super) spoken: String,
    /// A remark under the heading.
    pub(super) note: String,
    /// Class of the symbol, and what it stands for.
    pub(super) legend: Vec<(String, String)>,
    /// Times.
    pub(super) time: TimeAxis,
    /// Values.
    pub(super) value: ValueAxis,
    /// Unit of the values.
    pub(super) unit: &'a str,
    /// Whether it is a low one, of several in a column.
    pub(super) low: bool,
    geometry: String,
    marks: String,
    readings: Vec<Reading>,
}

/// What the script shows under the pointer: a name, and values by time.
#[derive(Debug)]
struct Reading {
    name: String,
    points: Vec<(i64, f64)>,
    /// Length of time a value stands for; 0 when it is a value at a moment.
    span: i64,
}

impl<'a> Chart<'a> {
    /// An empty drawing.
    pub(super) fn new(title: &'a str, time: TimeAxis, value: ValueAxis, unit: &'a str) -> Self {
        Self {
            title,
            spoken: String::new(),
            note: String::new(),
            legend: Vec::new(),
            time,
            value,
            unit,
            low: false,
            geometry: String::new(),
            marks: String::new(),
            readings: Vec::new(),
        }
    }

    /// Names a series for the reading under the pointer.
    pub(super) fn reading(&mut self, name: &str, points: Vec<(i64, f64)>, span: i64) {
        self.readings.push(Reading {
            name: name.to_owned(),
            points,
            span,
        });
    }

    /// A line through points.
    pub(super) fn line(&mut self, class: &str, points: &[(i64, f64)]) {
        let Some(path) = self.path(points) else {
            return;
        };
        self.geometry
            .push_str(&format!("<path class=\"line {class}\" d=\"{path}\"/>"));
    }

    /// The area between a line and the one below it, given from left to right.
    pub(super) fn area(&mut self, class: &str, upper: &[(i64, f64)], lower: &[(i64, f64)]) {
        let Some(path) = self.path(upper) else {
            return;
        };
        let back: String = lower.iter().rev().map(|p| self.point('L', *p)).collect();
        self.geometry.push_str(&format!(
            "<path class=\"area {class}\" d=\"{path}{back}Z\"/>"
        ));
    }

    /// Bars that stand on `from` and reach `to`, all of one class in one path.
    pub(super) fn bars(&mut self, class: &str, bars: &[Bar]) {
        let mut path = String::new();
        for bar in bars.iter().filter(|bar| bar.to > bar.from) {
            let (left, right) = (self.x(bar.time), self.x(bar.time.saturating_add(bar.span)));
            let (top, bottom) = (self.y(bar.to), self.y(bar.from));
            let width = (right - left) * 0.9;
            path.push_str(&format!(
                "M{} {}h{}v{}h-{}z",
                short(left),
                short(top),
                short(width),
                short(bottom - top),
                short(width)
            ));
        }
        if !path.is_empty() {
            self.geometry
                .push_str(&format!("<path class=\"area {class}\" d=\"{path}\"/>"));
        }
    }

    /// A mark at a time and value: one of the page's symbols, at a size, with its hover text.
    pub(super) fn mark(&mut self, mark: &Mark<'_>) {
        let x = mark.at.clamp(0.0, 1.0);
        let y = self.value.fraction(mark.value);
        self.marks.push_str(&format!(
            "<svg class=\"mark {}\" x=\"{:.2}%\" y=\"{:.2}%\" data-x=\"{x:.4}\" data-span=\"{:.4}\"><title>{}</title><use href=\"#{}\" transform=\"scale({})\"/></svg>",
            mark.class,
            x * 100.0,
            y * 100.0,
            mark.span,
            escape::text(&mark.text),
            mark.symbol,
            short(mark.size),
        ));
    }

    fn path(&self, points: &[(i64, f64)]) -> Option<String> {
        let ((first, rest), start) = (points.split_first()?, points.len());
        let mut path = String::with_capacity(start * 12);
        path.push_str(&self.point('M', *first));
        for point in rest {
            path.push_str(&self.point('L', *point));
        }
        Some(path)
    }

    fn point(&self, command: char, (time, value): (i64, f64)) -> String {
        format!("{command}{} {}", short(self.x(time)), short(self.y(value)))
    }

    fn x(&self, time: i64) -> f64 {
        self.time.fraction(time) * BOX
    }

    fn y(&self, value: f64) -> f64 {
        self.value.fraction(value) * BOX
    }

    /// The finished figure.
    pub(super) fn html(&self) -> String {
        let title = escape::text(self.title);
        let (values, step) = self.value.ticks();
        let largest = self.value.high.abs().max(self.value.low.abs());
        let mut grid = String::new();
        let mut left = String::new();
        for value in values {
            let y = self.value.fraction(value) * 100.0;
            grid.push_str(&format!(
                "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{y:.2}%\" y2=\"{y:.2}%\"/>"
            ));
            let label = number::tick(value, step, largest);
            left.push_str(&format!("<span style=\"top:{y:.2}%\">{label}</span>"));
        }
        let below: String = self
            .time
            .ticks()
            .iter()
            .map(|(time, label)| {
                let x = self.time.fraction(*time) * 100.0;
                format!("<span style=\"left:{x:.2}%\">{label}</span>")
            })
            .collect();
        let height = if self.low { " low" } else { "" };
        format!(
            "<figure class=\"chart\"><figcaption><h4>{title}<small>{unit}</small></h4>{note}{legend}</figcaption>\
             <div class=\"plot{height}\"><div class=\"values\" aria-hidden=\"true\">{left}</div>\
             <div class=\"paper\"><div class=\"times\" aria-hidden=\"true\">{below}</div>\
             <svg role=\"img\" aria-label=\"{title}. {spoken}\">{grid}\
             <svg class=\"box\" viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\">{geometry}</svg>\
             {marks}</svg></div></div>{readings}</figure>\n",
            unit = escape::text(self.unit),
            note = paragraph(&self.note),
            legend = legend(&self.legend),
            spoken = escape::text(&self.spoken),
            geometry = self.geometry,
            marks = self.marks,
            readings = self.readings_json(),
        )
    }

    /// Series for the script; times are ms from the start of the window.
    fn readings_json(&self) -> String {
        if self.readings.is_empty() {
            return String::new();
        }
        let series: Vec<String> = self
            .readings
            .iter()
            .map(|reading| {
                let times = reading
                    .points
                    .iter()
                    .map(|(t, _)| t.saturating_sub(self.time.start));
                let times: Vec<String> = times.map(|t| t.to_string()).collect();
                let values = reading.points.iter().map(|(_, v)| json_number(*v));
                let values: Vec<String> = values.collect();
                format!(
                    "{{\"name\":{},\"span\":{},\"t\":[{}],\"v\":[{}]}}",
                    escape::json(&reading.name),
                    reading.span,
                    times.join(","),
                    values.join(",")
                )
            })
            .collect();
        format!(
            "<script type=\"application/json\">[{}]</script>",
            series.join(",")
        )
    }
}

/// One bar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bar {
    /// Where it begins, ms since the epoch.
    pub(super) time: i64,
    /// How long it is, ms.
    pub(super) span: i64,
    /// Value it stands on.
    pub(super) from: f64,
    /// Value it reaches.
    pub(super) to: f64,
}

/// One mark.
#[derive(Debug)]
pub(super) struct Mark<'a> {
    /// Class: whose it is.
    pub(super) class: &'a str,
    /// Symbol: which kind it is.
    pub(super) symbol: &'a str,
    /// Place in the window: 0 at the start, 1 at the end.
    pub(super) at: f64,
    /// Length of time it gathers, as a fraction of the window.
    pub(super) span: f64,
    /// Value it sits at.
    pub(super) value: f64,
    /// Size relative to the symbol's own.
    pub(super) size: f64,
    /// Hover text.
    pub(super) text: String,
}

/// A paragraph, or nothing.
pub(super) fn paragraph(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("<p class=\"note\">{}</p>", escape::text(text))
}

/// A legend: symbols beside names, so that colour is never the only sign.
pub(super) fn legend(entries: &[(String, String)]) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let items: String = entries
        .iter()
        .map(|(symbol, name)| format!("<li>{symbol}{}</li>", escape::text(name)))
        .collect();
    format!("<ul class=\"legend\">{items}</ul>")
}

/// A coloured square of the legend.
pub(super) fn swatch(class: &str) -> String {
    format!("<i class=\"swatch {class}\"></i>")
}

/// A coordinate with one decimal at most.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A number as JSON has it: nothing that is not finite, seven figures.
fn json_number(value: f64) -> String {
    if !value.is_finite() {
        return "null".to_owned();
    }
    let places = match value.abs() {
        m if m >= 10_000.0 => 1,
        m if m >= 1.0 => 4,
        _ => 7,
    };
    let text = format!("{value:.places$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

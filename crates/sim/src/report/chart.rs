//! One drawing: an SVG that stretches with the page, its axes and its legend.
//!
//! Lines and areas live in a box of 1000 by 1000 that is stretched without keeping its shape
//! (strokes keep their width), so a drawing fits a phone and a sheet of paper alike. Marks and
//! labels are placed by per cent and never stretched. The script zooms by changing the box; a
//! drawing may open on a part of its time ([`Chart::shown`]), with the script or without.

use super::axis::{TimeAxis, ValueAxis};
use super::{escape, number};

/// Side of the stretched box.
const BOX: f64 = 1000.0;

/// A drawing in the making.
#[derive(Debug)]
pub(crate) struct Chart<'a> {
    /// Heading.
    pub(crate) title: &'a str,
    /// What it says, for those who cannot see it.
    pub(crate) spoken: String,
    /// A remark under the heading.
    pub(crate) note: String,
    /// Class of the symbol, and what it stands for.
    pub(crate) legend: Vec<(String, String)>,
    /// Times.
    pub(crate) time: TimeAxis,
    /// Values.
    pub(crate) value: ValueAxis,
    /// Unit of the values.
    pub(crate) unit: &'a str,
    /// Whether it is a low one, of several in a column.
    pub(crate) low: bool,
    /// The part of the time that is shown first.
    pub(crate) shown: TimeAxis,
    /// Labels beside the right edge, at the heights at which lines end.
    pub(crate) ends: Vec<End>,
    geometry: String,
    marks: String,
    readings: Vec<Reading>,
}

/// What the script shows under the pointer: a name, and values by time.
#[derive(Debug)]
struct Reading {
    name: String,
    /// Class of its line, where it has one of its own, and how its values are written: `#` is
    /// the number.
    class: String,
    pattern: String,
    points: Vec<(i64, f64)>,
    /// Length of time a value stands for; 0 when it is a value at a moment.
    span: i64,
}

impl<'a> Chart<'a> {
    /// An empty drawing.
    pub(crate) fn new(title: &'a str, time: TimeAxis, value: ValueAxis, unit: &'a str) -> Self {
        Self {
            title,
            spoken: String::new(),
            note: String::new(),
            legend: Vec::new(),
            time,
            value,
            unit,
            low: false,
            shown: time,
            ends: Vec::new(),
            geometry: String::new(),
            marks: String::new(),
            readings: Vec::new(),
        }
    }

    /// Names a series for the reading under the pointer.
    pub(crate) fn reading(&mut self, name: &str, points: Vec<(i64, f64)>, span: i64) {
        self.readings.push(Reading {
            name: name.to_owned(),
            class: String::new(),
            pattern: String::new(),
            points,
            span,
        });
    }

    /// Names a line of a class for the reading; `pattern` writes its values, `#` the number.
    pub(crate) fn reading_of(
        &mut self,
        class: &str,
        name: &str,
        points: Points<'_>,
        pattern: &str,
    ) {
        self.readings.push(Reading {
            name: name.to_owned(),
            class: class.to_owned(),
            pattern: pattern.to_owned(),
            points: points.to_vec(),
            span: 0,
        });
    }

    /// A line whose values hold until the next one, with an id by which it can be drawn again.
    pub(crate) fn steps(&mut self, class: &str, id: &str, points: Points<'_>) {
        let Some((first, rest)) = points.split_first() else {
            return;
        };
        let mut path = self.point('M', *first);
        for (time, value) in rest {
            path.push_str(&format!(
                "H{}V{}",
                self.across(*time),
                short(self.y(*value))
            ));
        }
        self.geometry.push_str(&format!(
            "<defs><path id=\"{id}\" class=\"shape\" d=\"{path}\"/></defs><use class=\"line {class}\" href=\"#{id}\"/>"
        ));
    }

    /// A stretch of time set apart, over the whole height.
    pub(crate) fn shade(&mut self, from: i64, to: i64) {
        let (left, right) = (self.x(from), self.x(to));
        self.geometry.push_str(&format!(
            "<rect class=\"shade\" x=\"{left:.2}\" y=\"0\" width=\"{:.2}\" height=\"1000\"/>",
            (right - left).max(0.3)
        ));
    }

    /// A line through points.
    pub(crate) fn line(&mut self, class: &str, points: &[(i64, f64)]) {
        let Some(path) = self.path(points) else {
            return;
        };
        self.geometry
            .push_str(&format!("<path class=\"line {class}\" d=\"{path}\"/>"));
    }

    /// The area between a line and the one below it, given from left to right.
    pub(crate) fn area(&mut self, class: &str, upper: &[(i64, f64)], lower: &[(i64, f64)]) {
        let Some(path) = self.path(upper) else {
            return;
        };
        let back: String = lower.iter().rev().map(|p| self.point('L', *p)).collect();
        self.geometry.push_str(&format!(
            "<path class=\"area {class}\" d=\"{path}{back}Z\"/>"
        ));
    }

    /// Bars that stand on `from` and reach `to`, all of one class in one path.
    pub(crate) fn bars(&mut self, class: &str, bars: &[Bar]) {
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
    pub(crate) fn mark(&mut self, mark: &Mark<'_>) {
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

    /// A short label at the top of a moment, with its hover text.
    pub(crate) fn tag(&mut self, time: i64, label: &str, text: &str) {
        let x = self.time.fraction(time);
        let (from, to) = (
            self.time.fraction(self.shown.start),
            self.time.fraction(self.shown.end),
        );
        let at = (x - from) / (to - from);
        let hidden = if (0.0..=1.0).contains(&at) {
            ""
        } else {
            " style=\"display:none\""
        };
        self.marks.push_str(&format!(
            "<svg class=\"mark tag\" x=\"{:.2}%\" y=\"0\" data-x=\"{x:.5}\" data-span=\"0\"{hidden}><title>{}</title><circle cx=\"9\" cy=\"9\" r=\"8\"/><text x=\"9\" y=\"12.5\">{}</text></svg>",
            at * 100.0,
            escape::text(text),
            escape::text(label),
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
        format!("{command}{} {}", self.across(time), short(self.y(value)))
    }

    /// A place in time; finer where the drawing opens on a small part of it.
    fn across(&self, time: i64) -> String {
        if self.shown == self.time {
            return short(self.x(time));
        }
        format!("{:.2}", self.x(time))
    }

    fn x(&self, time: i64) -> f64 {
        self.time.fraction(time) * BOX
    }

    fn y(&self, value: f64) -> f64 {
        self.value.fraction(value) * BOX
    }

    /// The finished figure.
    pub(crate) fn html(&self) -> String {
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
            .shown
            .ticks()
            .iter()
            .map(|(time, label)| {
                let x = self.shown.fraction(*time) * 100.0;
                format!("<span style=\"left:{x:.2}%\">{label}</span>")
            })
            .collect();
        let height = if self.low { " low" } else { "" };
        let (from, to) = (self.x(self.shown.start), self.x(self.shown.end));
        format!(
            "<figure class=\"chart\"><figcaption><h4>{title}<small>{unit}</small></h4>{note}{legend}</figcaption>\
             <div class=\"plot{height}\"><div class=\"values\" aria-hidden=\"true\">{left}</div>\
             <div class=\"paper\"><div class=\"times\" aria-hidden=\"true\">{below}</div>\
             <svg role=\"img\" aria-label=\"{title}. {spoken}\">{grid}\
             <svg class=\"box\" viewBox=\"{from} 0 {width} 1000\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\">{geometry}</svg>\
             {marks}</svg></div>{ends}</div>{readings}</figure>\n",
            unit = escape::text(self.unit),
            note = paragraph(&self.note),
            legend = legend(&self.legend),
            spoken = escape::text(&self.spoken),
            geometry = self.geometry,
            marks = self.marks,
            from = rounded(from),
            width = rounded(to - from),
            ends = self.ends_html(),
            readings = self.readings_json(),
        )
    }

    /// The labels at the right edge, moved apart where they would cover one another, each with a
    /// thin line to where it belongs.
    fn ends_html(&self) -> String {
        if self.ends.is_empty() {
            return String::new();
        }
        let at: Vec<f64> = self
            .ends
            .iter()
            .map(|end| self.value.fraction(end.value) * 100.0)
            .collect();
        let gap = if self.low { END_GAPS.1 } else { END_GAPS.0 };
        let (mut leaders, mut labels) = (String::new(), String::new());
        for ((end, from), to) in self.ends.iter().zip(&at).zip(apart(&at, gap)) {
            let class = &end.class;
            leaders.push_str(&format!(
                "<path class=\"line {class}\" d=\"M0 {from:.1}L100 {to:.1}\"/>"
            ));
            labels.push_str(&format!(
                "<span class=\"{class}\" style=\"top:{to:.1}%\"><i>{}</i> <b>{}</b></span>",
                escape::text(&end.name),
                escape::text(&end.text)
            ));
        }
        format!(
            "<div class=\"ends\" aria-hidden=\"true\" data-gap=\"{gap}\" data-low=\"{}\" data-high=\"{}\"><svg viewBox=\"0 0 100 100\" preserveAspectRatio=\"none\">{leaders}</svg>{labels}</div>",
            json_number(self.value.low),
            json_number(self.value.high)
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
                let look = match reading.class.is_empty() {
                    true => String::new(),
                    false => format!(
                        "\"class\":{},\"pattern\":{},",
                        escape::json(&reading.class),
                        escape::json(&reading.pattern)
                    ),
                };
                format!(
                    "{{\"name\":{},{look}\"span\":{},\"t\":[{}],\"v\":[{}]}}",
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

/// Points of a line: time in ms since the epoch, value.
pub(crate) type Points<'a> = &'a [(i64, f64)];

/// Labels at the right edge are at least so far apart, per cent of the height of a drawing, and
/// of a low one.
const END_GAPS: (f64, f64) = (5.6, 11.5);

/// A label beside the right edge.
#[derive(Debug)]
pub(crate) struct End {
    /// Class of its line.
    pub(crate) class: String,
    /// The line's name.
    pub(crate) name: String,
    /// Its last value.
    pub(crate) value: f64,
    /// That value in words.
    pub(crate) text: String,
}

/// Places at least `gap` apart, each as near as can be to the one asked for, within 0 to 100
/// while they fit; in the order given. The order from top to bottom is kept.
fn apart(asked: &[f64], gap: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..asked.len()).collect();
    order.sort_by(|a, b| asked[*a].total_cmp(&asked[*b]).then(a.cmp(b)));
    let mut places = asked.to_vec();
    let mut least = f64::NEG_INFINITY;
    for at in &order {
        places[*at] = places[*at].max(least);
        least = places[*at] + gap;
    }
    let mut most = 100.0;
    for at in order.iter().rev() {
        places[*at] = places[*at].min(most);
        most = places[*at] - gap;
    }
    places
}

/// One bar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar {
    /// Where it begins, ms since the epoch.
    pub(crate) time: i64,
    /// How long it is, ms.
    pub(crate) span: i64,
    /// Value it stands on.
    pub(crate) from: f64,
    /// Value it reaches.
    pub(crate) to: f64,
}

/// One mark.
#[derive(Debug)]
pub(crate) struct Mark<'a> {
    /// Class: whose it is.
    pub(crate) class: &'a str,
    /// Symbol: which kind it is.
    pub(crate) symbol: &'a str,
    /// Place in the window: 0 at the start, 1 at the end.
    pub(crate) at: f64,
    /// Length of time it gathers, as a fraction of the window.
    pub(crate) span: f64,
    /// Value it sits at.
    pub(crate) value: f64,
    /// Size relative to the symbol's own.
    pub(crate) size: f64,
    /// Hover text.
    pub(crate) text: String,
}

/// A paragraph, or nothing.
pub(crate) fn paragraph(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("<p class=\"note\">{}</p>", escape::text(text))
}

/// A legend: symbols beside names, so that colour is never the only sign.
pub(crate) fn legend(entries: &[(String, String)]) -> String {
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
pub(crate) fn swatch(class: &str) -> String {
    format!("<i class=\"swatch {class}\"></i>")
}

/// A coordinate with three decimals at most.
fn rounded(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
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

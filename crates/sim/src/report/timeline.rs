//! Prices with the liquidations on them, and liquidations over time.

use std::collections::BTreeMap;

use super::axis::{TimeAxis, ValueAxis, between, moment};
use super::chart::{Bar, Chart, Mark, swatch};
use super::{number, sample};
use crate::results::{Exposure, Liquidation, Results, VenueResults};

/// Points of a price line at most.
const PRICE_POINTS: usize = 900;
/// Marks on all price charts together at most.
const MARKS: usize = 1_600;
/// Bars of one chart at most.
const BARS: i64 = 300;
/// The exposures in the order they are drawn: symbol, words for one and for the action.
pub(super) const EXPOSURES: [(Exposure, &str, &str); 3] = [
    (Exposure::Long, "long", "longs"),
    (Exposure::Short, "short", "shorts"),
    (Exposure::Maker, "maker", "makers"),
];

/// Liquidations gathered over a span of time on one market, one venue and one side.
#[derive(Debug, Default, Clone, Copy)]
struct Gathered {
    count: u64,
    notional: f64,
    /// Where the mark sits.
    centre: Centre,
}

/// The middle of the liquidations of one fine span of time, each by its notional.
#[derive(Debug, Default, Clone, Copy)]
struct Centre {
    notional: f64,
    /// Sum of price times notional.
    price: f64,
    /// Sum of place in the window, 0 to 1, times notional.
    time: f64,
}

impl Gathered {
    /// Joins another fine span: the mark sits where the larger one does. The middle of both would
    /// lie off the price's path when the price has moved between them.
    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.notional += other.notional;
        if other.centre.notional > self.centre.notional {
            self.centre = other.centre;
        }
    }
}

/// Market, start and length of the span, venue, side.
type Place = (usize, i64, i64, usize, Exposure);

/// One chart per market.
pub(super) fn prices(results: &Results, time: TimeAxis) -> String {
    let marks = gather(results, time);
    let largest = marks.values().map(|g| g.notional).fold(0.0, f64::max);
    let charts: String = (0..results.prices.len())
        .map(|market| price(results, time, market, (&marks, largest)))
        .collect();
    format!("<div class=\"grid-2\">{charts}</div>")
}

/// Liquidations gathered over the finest readable spans of time. Where that makes too many marks
/// to draw, the larger ones stay as they are, in the crash where detail matters, and the smaller
/// ones are gathered again over ever longer spans.
fn gather(results: &Results, time: TimeAxis) -> BTreeMap<Place, Gathered> {
    let mut parts = 600;
    let mut small = gather_by(results, time, time.span(parts));
    let mut marks = BTreeMap::new();
    let mut by_size: Vec<(f64, Place)> = small.iter().map(|(p, g)| (g.notional, *p)).collect();
    if by_size.len() > MARKS {
        by_size.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, place) in by_size.into_iter().take(MARKS / 2) {
            marks.extend(small.remove_entry(&place));
        }
    }
    while marks.len() + small.len() > MARKS && parts > 4 {
        parts /= 2;
        small = coarser(&small, time.span(parts));
    }
    marks.extend(small);
    marks
}

fn gather_by(results: &Results, time: TimeAxis, span: i64) -> BTreeMap<Place, Gathered> {
    let mut marks: BTreeMap<Place, Gathered> = BTreeMap::new();
    for (venue, found) in results.venues.iter().enumerate() {
        for case in &found.liquidations {
            let begin = sample::begin(case.executed, span);
            let place = (case.market, begin, span, venue, case.side);
            let notional = case.notional.approximate().abs();
            let mark = marks.entry(place).or_default();
            mark.count += 1;
            mark.notional += notional;
            mark.centre.notional += notional;
            mark.centre.price += notional * case.price.approximate();
            mark.centre.time += notional * time.fraction(case.executed);
        }
    }
    marks
}

fn coarser(marks: &BTreeMap<Place, Gathered>, span: i64) -> BTreeMap<Place, Gathered> {
    let mut merged: BTreeMap<Place, Gathered> = BTreeMap::new();
    for ((market, begin, _, venue, side), mark) in marks {
        let place = (*market, sample::begin(*begin, span), span, *venue, *side);
        merged.entry(place).or_default().join(*mark);
    }
    merged
}

fn price(
    results: &Results,
    time: TimeAxis,
    market: usize,
    (marks, largest): (&BTreeMap<Place, Gathered>, f64),
) -> String {
    let line = &results.prices[market];
    let name = results.markets.get(market).unwrap_or(&line.label);
    let here = || {
        let first = |market| (market, i64::MIN, 0, 0, Exposure::Long);
        marks.range(first(market)..first(market + 1))
    };
    let mean =
        |mark: &Gathered| (mark.notional > 0.0).then(|| mark.centre.price / mark.centre.notional);
    let values = line.values.iter().copied();
    let value = ValueAxis::around(values.chain(here().filter_map(|(_, mark)| mean(mark))));
    let mut chart = Chart::new(name, time, value, "");
    let points = sample::extremes(line, PRICE_POINTS);
    chart.spoken = spoken(&points, here().map(|(_, m)| m.count).sum());
    chart.line("price", &points);
    chart.reading("price", points, 0);
    let mut drawn: Vec<_> = here().collect();
    // Large ones first, so that small ones stay visible on top of them.
    drawn.sort_by(|a, b| b.1.notional.total_cmp(&a.1.notional).then(a.0.cmp(b.0)));
    for ((_, begin, span, venue, side), mark) in drawn {
        let Some(at) = mean(mark) else { continue };
        let found = &results.venues[*venue];
        let (symbol, words) = words(*side);
        let share = if largest > 0.0 {
            mark.notional / largest
        } else {
            0.0
        };
        chart.mark(&Mark {
            class: venue_class(*venue),
            symbol,
            at: mark.centre.time / mark.centre.notional,
            span: time.fraction(time.start.saturating_add(*span)),
            value: at,
            size: (share.sqrt() * 2.2).max(0.22),
            text: format!(
                "{}: {} {words}, {} {}, {}",
                found.name,
                number::count(mark.count),
                number::compact(mark.notional),
                found.asset,
                between(*begin, begin.saturating_add(*span)),
            ),
        });
    }
    chart.html()
}

/// The legend of all price charts.
pub(super) fn legend(results: &Results) -> String {
    let sides = EXPOSURES
        .iter()
        .map(|(_, symbol, words)| (symbol_html(symbol, "ink"), format!("{words} liquidated")));
    let venues = results.venues.iter().enumerate().map(|(i, venue)| {
        let symbols = symbol_html("maker", venue_class(i));
        (symbols, venue.name.clone())
    });
    super::chart::legend(&sides.chain(venues).collect::<Vec<_>>())
}

fn symbol_html(symbol: &str, class: &str) -> String {
    format!(
        "<svg class=\"sign {class}\" viewBox=\"-8 -8 16 16\" aria-hidden=\"true\"><use href=\"#{symbol}\"/></svg>"
    )
}

/// The class of a venue's marks; beyond four they repeat.
pub(super) fn venue_class(venue: usize) -> &'static str {
    ["venue0", "venue1", "venue2", "venue3"][venue % 4]
}

fn words(side: Exposure) -> (&'static str, &'static str) {
    let found = EXPOSURES.iter().find(|(s, _, _)| *s == side);
    found.map_or(("maker", "makers"), |(_, symbol, words)| (symbol, words))
}

fn spoken(points: &[(i64, f64)], liquidations: u64) -> String {
    let by_value = |a: &&(i64, f64), b: &&(i64, f64)| a.1.total_cmp(&b.1);
    let ends = (points.first(), points.last());
    let extremes = (
        points.iter().min_by(by_value),
        points.iter().max_by(by_value),
    );
    let ((Some(first), Some(last)), (Some(low), Some(high))) = (ends, extremes) else {
        return "No prices.".to_owned();
    };
    format!(
        "From {} to {}; lowest {} at {}, highest {} at {}; {} liquidations.",
        number::compact(first.1),
        number::compact(last.1),
        number::compact(low.1),
        moment(low.0),
        number::compact(high.1),
        moment(high.0),
        number::count(liquidations),
    )
}

/// One chart per venue: liquidations per span of time, stacked by side.
pub(super) fn liquidations(results: &Results, time: TimeAxis) -> String {
    let span = time.span(BARS);
    let per_venue: Vec<_> = results.venues.iter().map(|v| by_side(v, span)).collect();
    let highest: Vec<f64> = per_venue.iter().map(tallest).collect();
    let shared = super::risk::shared_top(&highest);
    let charts: String = results
        .venues
        .iter()
        .zip(&per_venue)
        .zip(&highest)
        .map(|((venue, spans), own)| {
            let value = ValueAxis::from_zero(shared.unwrap_or(*own));
            bars(venue, time, span, (spans, value))
        })
        .collect();
    let note = super::chart::paragraph(super::risk::scale_note(shared, results));
    format!("{note}<div class=\"grid-2\">{charts}</div>")
}

/// Counts by side of each span that has any.
type Spans = BTreeMap<i64, [u32; 3]>;

fn by_side(venue: &VenueResults, span: i64) -> Spans {
    let mut spans = Spans::new();
    for case in &venue.liquidations {
        let sides = spans.entry(sample::begin(case.executed, span)).or_default();
        let side = EXPOSURES.iter().position(|(s, _, _)| *s == case.side);
        if let Some(count) = side.and_then(|i| sides.get_mut(i)) {
            *count += 1;
        }
    }
    spans
}

fn tallest(spans: &Spans) -> f64 {
    let totals = spans.values().map(|sides| sides.iter().sum::<u32>());
    // Room for a few, so that the axis has whole numbers.
    totals.max().map_or(0.0, f64::from).max(4.0)
}

fn bars(
    venue: &VenueResults,
    time: TimeAxis,
    span: i64,
    (spans, value): (&Spans, ValueAxis),
) -> String {
    let unit = format!("liquidations per {}", length(span));
    let mut chart = Chart::new(&venue.name, time, value, &unit);
    let busiest = spans
        .iter()
        .max_by_key(|(t, s)| (s.iter().sum::<u32>(), -**t));
    chart.spoken = busiest.map_or_else(
        || "No liquidations.".to_owned(),
        |(begin, sides)| {
            format!(
                "{} in all; most, {}, from {}.",
                number::count(venue.liquidations.len() as u64),
                number::count(sides.iter().sum::<u32>().into()),
                between(*begin, begin.saturating_add(span)),
            )
        },
    );
    chart.note.clone_from(&chart.spoken);
    for (i, (side, symbol, words)) in EXPOSURES.iter().enumerate() {
        if !venue.liquidations.iter().any(|case| case.side == *side) {
            continue;
        }
        let (bars, points): (Vec<Bar>, Vec<(i64, f64)>) = spans
            .iter()
            .map(|(time, sides)| {
                let below: u32 = sides[..i].iter().sum();
                let (from, to) = (f64::from(below), f64::from(below + sides[i]));
                let (time, span) = (*time, span);
                (
                    Bar {
                        time,
                        span,
                        from,
                        to,
                    },
                    (time, f64::from(sides[i])),
                )
            })
            .unzip();
        chart.bars(symbol, &bars);
        chart.reading(words, points, span);
        chart
            .legend
            .push((swatch(symbol), format!("{words} liquidated")));
    }
    chart.html()
}

/// `5 minutes`.
pub(super) fn length(span: i64) -> String {
    let units = [
        (86_400_000, "day"),
        (3_600_000, "hour"),
        (60_000, "minute"),
        (1_000, "second"),
    ];
    let unit = units
        .into_iter()
        .find(|(ms, _)| span >= *ms && span % ms == 0);
    match unit {
        Some((ms, name)) if span == ms => name.to_owned(),
        Some((ms, name)) => format!("{} {name}s", span / ms),
        None => format!("{span} ms"),
    }
}

/// When a case was carried out, for counting.
pub(super) fn executed(cases: &[Liquidation]) -> impl Iterator<Item = i64> {
    cases.iter().map(|case| case.executed)
}

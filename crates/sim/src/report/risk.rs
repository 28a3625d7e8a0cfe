//! Collateral at risk by distance to liquidation, and the backstop that stands behind it.

use super::axis::{TimeAxis, ValueAxis, moment};
use super::chart::{Chart, swatch};
use super::{number, sample};
use crate::results::{Results, VenueResults};

/// Times of a stack, and points of a line, at most.
const POINTS: usize = 600;
/// Colours of bands, from the nearest to liquidation on.
const BANDS: usize = 6;

/// One stacked chart per venue.
pub(super) fn at_risk(results: &Results, time: TimeAxis) -> String {
    let stacks: Vec<_> = results
        .venues
        .iter()
        .map(|venue| sample::stack(&venue.at_risk, POINTS))
        .collect();
    let highest: Vec<f64> = stacks.iter().map(sample::Stack::highest).collect();
    // Amounts of different assets share no scale.
    let one_asset = results.venues.windows(2).all(|w| w[0].asset == w[1].asset);
    let shared = shared_top(&highest).filter(|_| one_asset);
    let charts: String = results
        .venues
        .iter()
        .zip(&stacks)
        .zip(&highest)
        .map(|((venue, stack), own)| {
            let value = ValueAxis::from_zero(shared.unwrap_or(*own));
            let closest = closest(venue, time, stack);
            let stacked = stacked(venue, time, stack, value);
            format!("<div class=\"column\">{stacked}{closest}</div>")
        })
        .collect();
    let lending = results
        .venues
        .iter()
        .any(|venue| venue.preset.starts_with("gammaswap"));
    let crossed = results.venues.iter().any(|venue| venue.waterfall.is_some());
    let portfolios = results.venues.iter().any(|venue| venue.episodes.is_some());
    let words = match (lending, crossed, portfolios) {
        (true, ..) => LENT,
        (_, true, _) => CROSSED,
        (.., true) => PORTFOLIOS,
        _ => AT_RISK,
    };
    let note = format!("{words} {}", scale_note(shared, results));
    let note = super::chart::paragraph(note.trim_end());
    format!("{note}<div class=\"grid-2\">{charts}</div>")
}

/// A loan's debt and collateral are in the same unit: no price moves it towards liquidation.
const LENT: &str = "Collateral of open loans, by how far the debt would have to grow before the \
    loan could be liquidated. Below it the nearest band by itself, on its own scale.";

/// A wallet has positions in many markets: their prices are taken to move together.
const CROSSED: &str = "What open wallets are worth, by how far all prices would have to move \
    together, up or down, before the wallet could be liquidated. Below it the nearest band by \
    itself, on its own scale.";

/// A portfolio has no single price at which it is liquidated.
const PORTFOLIOS: &str = "Equity of open accounts, by how much of it the maintenance margin takes: \
    at 100 % an account is liquidated. Below it the nearest band by itself, on its own scale.";

const AT_RISK: &str = "Collateral of open positions, by how far the price would have to move \
    before the position could be liquidated. Below it the nearest band by itself, on its own scale.";

/// The band nearest to liquidation alone: stacked under the others it is often too thin to read.
fn closest(venue: &VenueResults, time: TimeAxis, stack: &sample::Stack) -> String {
    let (Some(line), Some(row), true) = (
        venue.at_risk.first(),
        stack.rows.first(),
        venue.at_risk.len() > 1,
    ) else {
        return String::new();
    };
    let highest = row.iter().copied().fold(0.0, f64::max);
    let title = format!("Only “{}”", line.label);
    let mut chart = Chart::new(&title, time, ValueAxis::from_zero(highest), &venue.asset);
    chart.low = true;
    chart.spoken = nearest(venue, stack);
    let points: Vec<(i64, f64)> = stack
        .times
        .iter()
        .copied()
        .zip(row.iter().copied())
        .collect();
    let ground: Vec<(i64, f64)> = stack.times.iter().map(|t| (*t, 0.0)).collect();
    chart.area("band0", &points, &ground);
    chart.reading(&line.label, points, 0);
    chart.html()
}

/// Says whether the charts of the venues can be compared by eye.
pub(super) fn scale_note(shared: Option<f64>, results: &Results) -> &'static str {
    match (results.venues.len() > 1, shared) {
        (false, _) => "",
        (true, Some(_)) => "All venues on the same scale.",
        (true, None) => "Each venue on its own scale.",
    }
}

/// The top of a scale that all can be read on: none when one of them would be squeezed flat.
pub(super) fn shared_top(highest: &[f64]) -> Option<f64> {
    let top = highest.iter().copied().fold(0.0, f64::max);
    let readable = highest.iter().all(|h| *h * 8.0 >= top);
    readable.then_some(top)
}

fn stacked(
    venue: &VenueResults,
    time: TimeAxis,
    stack: &sample::Stack,
    value: ValueAxis,
) -> String {
    let mut chart = Chart::new(&venue.name, time, value, &venue.asset);
    chart.spoken = nearest(venue, stack);
    chart.note.clone_from(&chart.spoken);
    let points = |totals: &[f64]| -> Vec<(i64, f64)> {
        stack
            .times
            .iter()
            .copied()
            .zip(totals.iter().copied())
            .collect()
    };
    let mut below = vec![0.0; stack.times.len()];
    for (band, (line, row)) in venue.at_risk.iter().zip(&stack.rows).enumerate() {
        let above: Vec<f64> = below.iter().zip(row).map(|(b, v)| b + v).collect();
        let class = format!("band{}", shade(band, venue.at_risk.len()));
        chart.area(&class, &points(&above), &points(&below));
        chart.reading(&line.label, points(row), 0);
        chart.legend.push((swatch(&class), line.label.clone()));
        below = above;
    }
    chart.html()
}

/// Spreads however many bands there are over the shades there are.
fn shade(band: usize, bands: usize) -> usize {
    if bands <= BANDS {
        // Few bands take the alarming end and the calm end.
        return band * (BANDS - 1) / bands.saturating_sub(1).max(1);
    }
    band.min(BANDS - 1)
}

/// When most collateral stood nearest to liquidation.
fn nearest(venue: &VenueResults, stack: &sample::Stack) -> String {
    let (Some(line), Some(row)) = (venue.at_risk.first(), stack.rows.first()) else {
        return "Not recorded.".to_owned();
    };
    let by_value = |a: &usize, b: &usize| row[*a].total_cmp(&row[*b]).then(b.cmp(a));
    match (0..row.len()).max_by(by_value) {
        Some(at) if row[at] > 0.0 => format!(
            "Most in the band “{}”: {} {} at {}, of {} in all.",
            line.label,
            number::compact(row[at]),
            venue.asset,
            moment(stack.times[at]),
            number::compact(stack.total(at)),
        ),
        _ => format!("Nothing was ever in the band “{}”.", line.label),
    }
}

/// A column of low charts per venue, one per line, each with its own scale.
pub(super) fn backstop(results: &Results, time: TimeAxis) -> String {
    let columns: String = results
        .venues
        .iter()
        .map(|venue| {
            let name = super::escape::text(&venue.name);
            let charts: String = venue
                .backstop
                .iter()
                .map(|l| level(venue, l, time))
                .collect();
            let charts = if charts.is_empty() {
                "<p class=\"note\">Not recorded.</p>".to_owned()
            } else {
                charts
            };
            format!("<div class=\"column\"><h4 class=\"of\">{name}</h4>{charts}</div>")
        })
        .collect();
    format!("<div class=\"grid-2\">{columns}</div>")
}

fn level(venue: &VenueResults, line: &crate::results::Line, time: TimeAxis) -> String {
    let points = sample::extremes(line, POINTS);
    let value = ValueAxis::around(points.iter().map(|(_, v)| *v));
    let unit = line.unit.as_ref().unwrap_or(&venue.asset);
    let mut chart = Chart::new(&line.label, time, value, unit);
    chart.low = true;
    chart.spoken = match (points.first(), points.last()) {
        (Some(first), Some(last)) => format!(
            "From {} to {}.",
            number::compact(first.1),
            number::compact(last.1)
        ),
        _ => "Not recorded.".to_owned(),
    };
    chart.note.clone_from(&chart.spoken);
    if !value.starts_at_zero() && !points.is_empty() {
        chart.note.push_str(" The scale does not begin at zero.");
    }
    if value.starts_at_zero() {
        let ground: Vec<_> = points.iter().map(|(t, _)| (*t, 0.0)).collect();
        chart.area("level", &points, &ground);
    }
    chart.line("level", &points);
    chart.reading(&line.label, points, 0);
    chart.html()
}

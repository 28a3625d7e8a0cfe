//! Thinning: a year of ticks has to fit on a screen, and its lowest price has to stay in sight.

use std::collections::BTreeMap;

use super::axis::TimeAxis;
use crate::results::Line;

/// Points of a line, at most about `most`, with the first, lowest, highest and last of every
/// stretch kept. Values that are not finite are left out.
pub(crate) fn extremes(line: &Line, most: usize) -> Vec<(i64, f64)> {
    let pairs = line.times.iter().copied().zip(line.values.iter().copied());
    let points: Vec<_> = pairs.filter(|(_, v)| v.is_finite()).collect();
    if points.len() <= most {
        return points;
    }
    let stretch = points.len().div_ceil((most / 4).max(1));
    let mut kept = Vec::with_capacity(most + 4);
    for (number, chunk) in points.chunks(stretch).enumerate() {
        let offset = number * stretch;
        let by_value = |a: &usize, b: &usize| chunk[*a].1.total_cmp(&chunk[*b].1);
        let lowest = (0..chunk.len()).min_by(by_value).unwrap_or(0);
        let highest = (0..chunk.len()).max_by(by_value).unwrap_or(0);
        let mut picks = [0, lowest, highest, chunk.len() - 1].map(|i| i + offset);
        picks.sort_unstable();
        for (i, pick) in picks.into_iter().enumerate() {
            if i == 0 || pick != picks[i - 1] {
                kept.push(points[pick]);
            }
        }
    }
    kept
}

/// Like [`extremes`], with most of the points within `focus` and values that only repeat the one
/// before left out: what is drawn as steps loses nothing by that.
pub(crate) fn steps(line: &Line, focus: TimeAxis, most: usize) -> Vec<(i64, f64)> {
    let mut parts = [Line::default(), Line::default(), Line::default()];
    let mut last = None;
    let pairs = line.times.iter().copied().zip(line.values.iter().copied());
    let length = line.times.len().min(line.values.len());
    for (at, (time, value)) in pairs.enumerate().filter(|(_, (_, v))| v.is_finite()) {
        if last == Some(value) && at + 1 < length {
            continue;
        }
        last = Some(value);
        let part = usize::from(time >= focus.start) + usize::from(time > focus.end);
        parts[part].times.push(time);
        parts[part].values.push(value);
    }
    let [before, within, after] = parts;
    [
        extremes(&before, most / 4),
        extremes(&within, most),
        extremes(&after, most / 4),
    ]
    .concat()
}

/// Several lines at the same times, to stack.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Stack {
    /// Times, ms since the epoch, rising.
    pub(crate) times: Vec<i64>,
    /// One row per line, as many values as there are times; finite and not negative.
    pub(crate) rows: Vec<Vec<f64>>,
}

impl Stack {
    /// The largest total.
    pub(crate) fn highest(&self) -> f64 {
        let totals = (0..self.times.len()).map(|i| self.total(i));
        totals.fold(0.0, f64::max)
    }

    /// The total at one time.
    pub(crate) fn total(&self, at: usize) -> f64 {
        self.rows.iter().filter_map(|row| row.get(at)).sum()
    }
}

/// Lines brought to common times (a value holds until the next one) and thinned to `most`: of
/// each stretch of times the one with most in the first line is kept, as the first line is the
/// one to watch.
pub(crate) fn stack(lines: &[Line], most: usize) -> Stack {
    let mut times: Vec<i64> = lines.iter().flat_map(|l| l.times.iter().copied()).collect();
    times.sort_unstable();
    times.dedup();
    let full: Vec<Vec<f64>> = lines.iter().map(|line| held(line, &times)).collect();
    let stretch = times.len().div_ceil(most.max(1)).max(1);
    let picks: Vec<usize> = (0..times.len())
        .step_by(stretch)
        .filter_map(|from| {
            let to = (from + stretch).min(times.len());
            let first = full.first()?;
            (from..to).max_by(|a, b| first[*a].total_cmp(&first[*b]).then(b.cmp(a)))
        })
        .collect();
    Stack {
        times: picks.iter().map(|i| times[*i]).collect(),
        rows: full
            .iter()
            .map(|row| picks.iter().map(|i| row[*i]).collect())
            .collect(),
    }
}

/// The line's value at each of `times`: its last one so far, 0 before its first.
fn held(line: &Line, times: &[i64]) -> Vec<f64> {
    let mut points = line.times.iter().zip(&line.values).peekable();
    let mut value = 0.0;
    let mut row = Vec::with_capacity(times.len());
    for time in times {
        while let Some((_, v)) = points.next_if(|(t, _)| *t <= time) {
            value = if v.is_finite() { v.max(0.0) } else { 0.0 };
        }
        row.push(value);
    }
    row
}

/// Counts per span of time: only spans that hold something, by the time they begin.
pub(crate) fn per_span(times: impl Iterator<Item = i64>, span: i64) -> BTreeMap<i64, usize> {
    let mut counts = BTreeMap::new();
    for time in times {
        *counts.entry(begin(time, span)).or_insert(0) += 1;
    }
    counts
}

/// The start of the span that holds `time`.
pub(crate) fn begin(time: i64, span: i64) -> i64 {
    time.div_euclid(span).saturating_mul(span)
}

/// The shortest run of spans that holds at least `share` hundredths of everything counted:
/// its start, its end and how many it holds. The earliest of equals.
pub(crate) fn busiest(
    counts: &BTreeMap<i64, usize>,
    span: i64,
    share: usize,
) -> Option<(i64, i64, usize)> {
    let spans: Vec<(i64, usize)> = counts.iter().map(|(t, n)| (*t, *n)).collect();
    let all: usize = counts.values().sum();
    let enough = (all * share).div_ceil(100).max(1);
    let mut best: Option<(i64, i64, usize)> = None;
    let (mut first, mut held) = (0, 0);
    for (end, count) in &spans {
        held += count;
        while held - spans[first].1 >= enough {
            held -= spans[first].1;
            first += 1;
        }
        let (start, end) = (spans[first].0, end.saturating_add(span));
        let shorter = best.is_none_or(|(s, e, _)| end - start < e - s);
        if held >= enough && shorter {
            best = Some((start, end, held));
        }
    }
    best
}

/// The stretch of the window worth a closer look: four fifths of all liquidations, with room
/// around, when that is much less than the whole.
pub(crate) fn focus(axis: TimeAxis, times: impl Iterator<Item = i64>) -> Option<(i64, i64)> {
    let span = axis.span(600);
    let (start, end, _) = busiest(&per_span(times, span), span, 80)?;
    let room = (end - start).max(axis.length() / 60);
    let (start, end) = (
        start.saturating_sub(room).max(axis.start),
        end.saturating_add(room).min(axis.end),
    );
    (end > start && (end - start) <= axis.length() / 10 * 6).then_some((start, end))
}

//! The bars of one market, from all its files, in one unbroken row.
//!
//! Files are put in the order of their first bars; no bar is moved, dropped or filled in. The
//! interval is the distance of the first two bars; every later bar must follow the one before by
//! exactly that, across files as within one, and a name that says another interval (`5m`) refuses
//! the series, which is how a hole between the very first two bars is found.

use plimsoll_units::{Duration, Timestamp};

use super::error::{LineProblem, PriceError};
use super::kline::{Bar, MAX_BARS, MarketPrice, interval_named};
use super::provenance::{FileRecord, MarketRecord};
use super::source::{Part, ReadPart, read_part};

/// Gapless bars of one market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The bars, each one interval after the one before.
    pub bars: Vec<Bar>,
    /// How long a bar lasts: a multiple of 4 ms, so that its ticks fall on whole milliseconds.
    pub interval: Duration,
    /// Where the bars come from.
    pub record: MarketRecord,
}

impl Series {
    /// The four prices of every bar with their times, see [`bar_ticks`].
    pub fn ticks(&self) -> impl Iterator<Item = (Timestamp, MarketPrice)> {
        self.bars
            .iter()
            .flat_map(|bar| bar_ticks(bar, self.interval))
    }
}

/// A bar as the prices a venue would have seen: open, the extreme nearer to the open, the farther
/// extreme, close, at 0, 1/4, 1/2 and 3/4 of `interval` after the bar opens. When both extremes are
/// equally near, the low comes first.
#[must_use]
pub fn bar_ticks(bar: &Bar, interval: Duration) -> [(Timestamp, MarketPrice); 4] {
    let rise = bar.high.raw().abs_diff(bar.open.raw());
    let fall = bar.open.raw().abs_diff(bar.low.raw());
    let (nearer, farther) = if fall <= rise {
        (bar.low, bar.high)
    } else {
        (bar.high, bar.low)
    };
    let quarter = interval.millis() / 4;
    let at = |quarters: i64| bar.open_time.saturating_add(Duration(quarters * quarter));
    [
        (at(0), bar.open),
        (at(1), nearer),
        (at(2), farther),
        (at(3), bar.close),
    ]
}

/// Reads the parts of one market and joins them.
pub(super) fn read_series(symbol: &str, parts: &[&Part]) -> Result<Series, PriceError> {
    let mut read = Vec::with_capacity(parts.len());
    let mut count = 0;
    for part in parts {
        let one = read_part(part)?;
        count += one.text.bars.len();
        if count > MAX_BARS {
            return Err(PriceError::TooMuch {
                what: part.series.clone(),
                limit: MAX_BARS as u64,
                unit: "bars",
            });
        }
        read.push((*part, one));
    }
    read.sort_by_key(|(_, one)| one.text.bars.first().map(|bar| bar.open_time));
    let interval = check_sequence(&read)?;
    let files = read.iter().map(|(part, one)| FileRecord {
        name: part.file.clone(),
        bytes: one.bytes,
        blake3: one.hash.to_hex().to_string(),
        bars: one.text.bars.len() as u64,
    });
    let files = files.collect();
    let bars: Vec<Bar> = read
        .into_iter()
        .flat_map(|(_, one)| one.text.bars)
        .collect();
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else {
        return Err(PriceError::Empty(symbol.to_owned()));
    };
    let record = MarketRecord {
        symbol: symbol.to_owned(),
        files,
        bars: bars.len() as u64,
        interval,
        first: first.open_time,
        last: last.open_time,
    };
    Ok(Series {
        bars,
        interval,
        record,
    })
}

/// Where a bar stands: its part and its line there.
struct Place<'a> {
    part: &'a Part,
    line: u64,
    time: Timestamp,
}

impl Place<'_> {
    fn refuse(&self, problem: LineProblem) -> PriceError {
        PriceError::Line {
            file: self.part.shown.clone(),
            line: self.line,
            problem: Box::new(problem),
        }
    }

    /// Short when the reader already knows the file.
    fn seen_from(&self, other: &Place<'_>) -> String {
        if self.part.shown == other.part.shown {
            format!("line {}", self.line)
        } else {
            format!("{}, line {}", self.part.shown, self.line)
        }
    }
}

/// The interval of the series, every bar checked against it.
fn check_sequence(read: &[(&Part, ReadPart)]) -> Result<Duration, PriceError> {
    let mut places = read.iter().flat_map(|(part, one)| {
        let lines = one.text.first_line..;
        lines.zip(&one.text.bars).map(|(line, bar)| Place {
            part,
            line,
            time: bar.open_time,
        })
    });
    let Some(mut before) = places.next() else {
        return Err(PriceError::Empty(String::new()));
    };
    let mut interval = None;
    for place in places {
        let found = place.time.millis() - before.time.millis();
        match interval {
            Some(interval) => check_step(&before, &place, interval)?,
            None => interval = Some(first_step(&before, &place, found)?),
        }
        before = place;
    }
    interval
        .map(Duration)
        .ok_or_else(|| PriceError::OneBar(before.part.shown.clone()))
}

/// The interval by the first two bars, if it can be one.
fn first_step(before: &Place<'_>, place: &Place<'_>, found: i64) -> Result<i64, PriceError> {
    check_order(before, place)?;
    if found < 1_000 || found % 4 != 0 {
        return Err(place.refuse(LineProblem::Interval(found)));
    }
    let named: Vec<&String> = place
        .part
        .tokens
        .iter()
        .filter(|token| interval_named(token).is_some())
        .collect();
    let agrees = |token: &&String| interval_named(token) == Some(found);
    match named.first() {
        Some(named_first) if !named.iter().any(agrees) => {
            Err(place.refuse(LineProblem::NamedInterval {
                named: (*named_first).clone(),
                found_ms: found,
            }))
        }
        _ => Ok(found),
    }
}

fn check_step(before: &Place<'_>, place: &Place<'_>, interval: i64) -> Result<(), PriceError> {
    check_order(before, place)?;
    let found = place.time.millis() - before.time.millis();
    if found < interval {
        return Err(place.refuse(LineProblem::OffGrid {
            time: place.time,
            found_ms: found,
            interval_ms: interval,
        }));
    }
    if found > interval {
        return Err(place.refuse(LineProblem::Gap {
            time: place.time,
            expected: before.time.saturating_add(Duration(interval)),
            interval_ms: interval,
            at: before.seen_from(place),
        }));
    }
    Ok(())
}

fn check_order(before: &Place<'_>, place: &Place<'_>) -> Result<(), PriceError> {
    if place.time == before.time {
        return Err(place.refuse(LineProblem::Duplicate {
            time: place.time,
            first: before.seen_from(place),
        }));
    }
    if place.time < before.time {
        return Err(place.refuse(LineProblem::Disorder {
            time: place.time,
            previous: before.time,
            at: before.seen_from(place),
        }));
    }
    Ok(())
}

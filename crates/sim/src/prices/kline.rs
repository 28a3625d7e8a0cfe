//! One CSV text of klines becomes bars, line by line.
//!
//! Two forms are read: six columns under the header `timestamp_ms,open,high,low,close,volume`, and
//! the exchange's public archive with twelve columns, without a header (spot) or under one that
//! begins with `open_time` (futures). The archive's times are in milliseconds up to 2024 and in
//! microseconds since; the first bar decides for the file and a mix is refused.
//!
//! Lines are split by hand and not by a CSV reader: klines never quote, and a reader that skips
//! blank lines or lets a field span lines would report the wrong line. Prices are exact decimals;
//! volume and the other counts are only required to be numbers. The order of bars is not looked at
//! here, see `series`.

use std::io::{BufRead, Read};

use plimsoll_units::{Price, Timestamp};

use super::error::{LineProblem, PriceError};

/// A price as the feeds give it: up to 18 decimals, exact.
pub type MarketPrice = Price<18>;

/// Bars one market may have: 3.8 years of minutes.
pub const MAX_BARS: usize = 2_000_000;
/// No line of a kline file comes near this.
const MAX_LINE_BYTES: u64 = 1_024;

const PLAIN_HEADER: &str = "timestamp_ms,open,high,low,close,volume";
const ARCHIVE_HEADER_START: &str = "open_time,open,high,low,close,volume,";
const PLAIN_COLUMNS: usize = 6;
const ARCHIVE_COLUMNS: usize = 12;

/// One kline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// When the bar opens.
    pub open_time: Timestamp,
    /// First price.
    pub open: MarketPrice,
    /// Highest price; at least every other.
    pub high: MarketPrice,
    /// Lowest price; above zero.
    pub low: MarketPrice,
    /// Last price.
    pub close: MarketPrice,
}

/// The bars of one CSV text in the order of its lines. Every line from `first_line` on is a bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarText {
    /// The bars.
    pub bars: Vec<Bar>,
    /// The line of the first bar, counted from 1.
    pub first_line: u64,
}

/// Reads one CSV text. `file` is how messages call it.
///
/// # Errors
/// [`PriceError`] with the file and the line of the first thing that is wrong.
pub fn read_bars(file: &str, text: impl BufRead) -> Result<BarText, PriceError> {
    read_at_most(MAX_BARS, file, text)
}

fn read_at_most(limit: usize, file: &str, mut text: impl BufRead) -> Result<BarText, PriceError> {
    let mut form: Option<Form> = None;
    let mut bars = Vec::new();
    let mut first_line = 1;
    let mut buffer = Vec::new();
    for line in 1.. {
        let at_line = |problem| PriceError::Line {
            file: file.to_owned(),
            line,
            problem: Box::new(problem),
        };
        buffer.clear();
        let length = text
            .by_ref()
            .take(MAX_LINE_BYTES + 1)
            .read_until(b'\n', &mut buffer)
            .map_err(|error| PriceError::Unpacking {
                file: file.to_owned(),
                line,
                detail: error.to_string(),
            })?;
        if length == 0 {
            break;
        }
        let row = row_of(&buffer, line).map_err(at_line)?;
        let known = match form {
            Some(known) => known,
            None => match Form::of(row).map_err(at_line)? {
                First::Header(known) => {
                    form = Some(known);
                    first_line = 2;
                    continue;
                }
                First::Bar(known) => *form.insert(known),
            },
        };
        if bars.len() == limit {
            return Err(PriceError::TooMuch {
                what: file.to_owned(),
                limit: limit as u64,
                unit: "bars",
            });
        }
        let (bar, known) = known.bar(row).map_err(at_line)?;
        form = Some(known);
        bars.push(bar);
    }
    if bars.is_empty() {
        return Err(PriceError::Empty(file.to_owned()));
    }
    Ok(BarText { bars, first_line })
}

/// The text of a line without its end, and without the mark some editors put before the first.
fn row_of(bytes: &[u8], line: u64) -> Result<&str, LineProblem> {
    if bytes.len() as u64 > MAX_LINE_BYTES {
        return Err(LineProblem::TooLong(MAX_LINE_BYTES));
    }
    let row = std::str::from_utf8(bytes).map_err(|_| LineProblem::NotText)?;
    let row = row.strip_suffix('\n').unwrap_or(row);
    let row = row.strip_suffix('\r').unwrap_or(row);
    if line == 1 {
        return Ok(row.strip_prefix('\u{feff}').unwrap_or(row));
    }
    Ok(row)
}

/// Unit of the times of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Milliseconds,
    Microseconds,
}

impl Unit {
    /// By magnitude: from 1973 to 5138 the two do not overlap, and neither do seconds or
    /// nanoseconds of any year a market existed.
    fn of(time: i64) -> Option<Self> {
        match time {
            100_000_000_000..100_000_000_000_000 => Some(Self::Milliseconds),
            100_000_000_000_000..100_000_000_000_000_000 => Some(Self::Microseconds),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
        }
    }
}

/// What the lines of a file look like.
#[derive(Debug, Clone, Copy)]
struct Form {
    columns: usize,
    /// Known from the header, or from the first bar on.
    unit: Option<Unit>,
}

enum First {
    Header(Form),
    Bar(Form),
}

impl Form {
    fn of(row: &str) -> Result<First, LineProblem> {
        if row == PLAIN_HEADER {
            return Ok(First::Header(Self {
                columns: PLAIN_COLUMNS,
                unit: Some(Unit::Milliseconds),
            }));
        }
        let archive = Self {
            columns: ARCHIVE_COLUMNS,
            unit: None,
        };
        if row.starts_with(ARCHIVE_HEADER_START) {
            archive.split(row)?;
            return Ok(First::Header(archive));
        }
        // Without a header only the archive form exists; a line that does not even begin like a
        // number is a header we do not know.
        if row.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') {
            return Ok(First::Bar(archive));
        }
        Err(LineProblem::UnknownHeader(row.to_owned()))
    }

    fn split(self, row: &str) -> Result<Vec<&str>, LineProblem> {
        let fields: Vec<&str> = row.split(',').collect();
        if fields.len() != self.columns {
            return Err(LineProblem::Columns {
                expected: self.columns,
                found: fields.len(),
                text: row.to_owned(),
            });
        }
        Ok(fields)
    }

    /// The bar of a line, and the form with its unit of time known.
    fn bar(self, row: &str) -> Result<(Bar, Self), LineProblem> {
        let fields = self.split(row)?;
        let (open_time, unit) = self.time(self.time_column(), fields[0])?;
        let form = Self {
            unit: Some(unit),
            ..self
        };
        let bar = Bar {
            open_time,
            open: price("open", fields[1])?,
            high: price("high", fields[2])?,
            low: price("low", fields[3])?,
            close: price("close", fields[4])?,
        };
        check_ohlc(&bar)?;
        count("volume", fields[5])?;
        if self.columns == ARCHIVE_COLUMNS {
            form.check_archive_columns(&fields)?;
        }
        Ok((bar, form))
    }

    const fn time_column(self) -> &'static str {
        if self.columns == PLAIN_COLUMNS {
            "timestamp_ms"
        } else {
            "open_time"
        }
    }

    fn time(self, column: &'static str, value: &str) -> Result<(Timestamp, Unit), LineProblem> {
        let (number, unit) = self.raw_time(column, value)?;
        let millis = match unit {
            Unit::Milliseconds => number,
            Unit::Microseconds if number % 1_000 == 0 => number / 1_000,
            Unit::Microseconds => {
                return Err(LineProblem::SubMillisecond {
                    column,
                    value: value.to_owned(),
                });
            }
        };
        Ok((Timestamp(millis), unit))
    }

    fn raw_time(self, column: &'static str, value: &str) -> Result<(i64, Unit), LineProblem> {
        let not_a_time = || LineProblem::Time {
            column,
            value: value.to_owned(),
        };
        let number: i64 = value.parse().map_err(|_| not_a_time())?;
        let unit = Unit::of(number).ok_or_else(not_a_time)?;
        match self.unit {
            Some(known) if known != unit => Err(LineProblem::MixedUnits {
                column,
                value: value.to_owned(),
                unit: known.name(),
            }),
            _ => Ok((number, unit)),
        }
    }

    fn check_archive_columns(self, fields: &[&str]) -> Result<(), LineProblem> {
        let (open, _) = self.raw_time("open_time", fields[0])?;
        let (close, _) = self.raw_time("close_time", fields[6])?;
        if close < open {
            return Err(LineProblem::ClosesBeforeOpening {
                open: fields[0].to_owned(),
                close: fields[6].to_owned(),
            });
        }
        let counts = [
            "quote_volume",
            "count",
            "taker_buy_volume",
            "taker_buy_quote_volume",
        ];
        // The twelfth column is called `ignore`, and is.
        for (column, value) in counts.into_iter().zip(&fields[7..11]) {
            count(column, value)?;
        }
        Ok(())
    }
}

fn price(column: &'static str, value: &str) -> Result<MarketPrice, LineProblem> {
    let price: MarketPrice = value
        .parse()
        .map_err(|reason| LineProblem::Price { column, reason })?;
    if !price.is_positive() {
        return Err(LineProblem::NotPositive {
            column,
            value: value.to_owned(),
        });
    }
    Ok(price)
}

/// Volumes are not used, but a file whose volumes are not numbers is not what it seems. Exponents
/// are allowed here: some mirrors write volumes with them.
fn count(column: &'static str, value: &str) -> Result<(), LineProblem> {
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(()),
        _ => Err(LineProblem::NotACount {
            column,
            value: value.to_owned(),
        }),
    }
}

fn check_ohlc(bar: &Bar) -> Result<(), LineProblem> {
    let contradiction = |column, value: MarketPrice, side, bound_column, bound: MarketPrice| {
        Err(LineProblem::Ohlc {
            column,
            value: value.to_string(),
            side,
            bound_column,
            bound: bound.to_string(),
        })
    };
    if bar.high < bar.low {
        return contradiction("high", bar.high, "below", "low", bar.low);
    }
    for (column, value) in [("open", bar.open), ("close", bar.close)] {
        if value > bar.high {
            return contradiction(column, value, "above", "high", bar.high);
        }
        if value < bar.low {
            return contradiction(column, value, "below", "low", bar.low);
        }
    }
    Ok(())
}

/// An interval as file names write it: `30s`, `5m`, `1h`, `1d`; else in milliseconds.
#[must_use]
pub fn interval_text(millis: i64) -> String {
    for (unit, length) in INTERVAL_UNITS {
        if millis >= length && millis % length == 0 {
            return format!("{}{unit}", millis / length);
        }
    }
    format!("{millis} ms")
}

/// The interval a name like `5m` says, in milliseconds.
pub(super) fn interval_named(text: &str) -> Option<i64> {
    let (unit, length) = INTERVAL_UNITS
        .into_iter()
        .find(|(unit, _)| text.ends_with(*unit))?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(length)
}

const INTERVAL_UNITS: [(char, i64); 4] = [
    ('d', 86_400_000),
    ('h', 3_600_000),
    ('m', 60_000),
    ('s', 1_000),
];

#[cfg(test)]
mod tests {
    use super::{PLAIN_HEADER, read_at_most};

    #[test]
    fn a_file_is_given_up_at_the_bar_beyond_the_limit() {
        let text = format!("{PLAIN_HEADER}\n{}", "1760054400000,1,1,1,1,1\n".repeat(3));
        let read = read_at_most(3, "f", text.as_bytes()).unwrap();
        assert_eq!(read.bars.len(), 3);
        let refused = read_at_most(2, "f", text.as_bytes()).unwrap_err();
        assert_eq!(refused.to_string(), "f: more than 2 bars");
    }
}

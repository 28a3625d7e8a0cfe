//! Every way a price source can be refused. A message names the file, and where there is one the
//! line and the offending value, so that a user can open the file and look.

use plimsoll_units::{NumberTextError, Timestamp};

use super::kline::interval_text;

/// Why a price source was refused.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// A file or directory could not be read.
    #[error("{path}: {source}")]
    Io {
        /// The path as given.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A single file that is none of `.csv`, `.csv.gz`, `.zip`.
    #[error("{0}: prices are read from .csv, .csv.gz and .zip files, or a directory of them")]
    UnknownKind(String),
    /// A zip that is damaged, encrypted, or packed in an unknown way.
    #[error("{file}: not a readable zip: {detail}")]
    BadZip {
        /// The file.
        file: String,
        /// What the decoder said.
        detail: String,
    },
    /// Damage found while the text was being unpacked.
    #[error("{file}, line {line}: cannot be unpacked from here on: {detail}")]
    Unpacking {
        /// The file, with the member of a zip.
        file: String,
        /// The line that was being read.
        line: u64,
        /// What the decoder said.
        detail: String,
    },
    /// A directory without price files, or a zip without `.csv` members.
    #[error("{0}: no price files (.csv, .csv.gz, .zip) in it")]
    NoFiles(String),
    /// A file without a single bar.
    #[error("{0}: no bars in it")]
    Empty(String),
    /// More than a reader is willing to hold.
    #[error("{what}: more than {limit} {unit}")]
    TooMuch {
        /// The file or directory.
        what: String,
        /// The limit.
        limit: u64,
        /// What is counted.
        unit: &'static str,
    },
    /// A line that is not a bar, or not the bar that should follow.
    #[error("{file}, line {line}: {problem}")]
    Line {
        /// The file, with the member of a zip.
        file: String,
        /// Counted from 1, the header included.
        line: u64,
        /// What is wrong with it; boxed to keep every `Result` here small.
        problem: Box<LineProblem>,
    },
    /// A series of one bar: nothing says how long the bar lasts.
    #[error("{0}: only one bar, so its length cannot be inferred")]
    OneBar(String),
    /// Nothing was asked for.
    #[error("no market was asked for")]
    NoMarkets,
    /// No file carries the symbol.
    #[error("no prices for {symbol} in {place}; there are: {}", listed(.candidates))]
    NoSuchMarket {
        /// The symbol asked for.
        symbol: String,
        /// Where it was looked for.
        place: String,
        /// What is there instead.
        candidates: Vec<String>,
    },
    /// Several series carry the symbol and the preferences do not decide.
    #[error("several price series for {symbol}, and `prefer` does not decide: {}", listed(.candidates))]
    Ambiguous {
        /// The symbol asked for.
        symbol: String,
        /// The series that rank the same.
        candidates: Vec<String>,
    },
    /// A window without a single price of a market.
    #[error("no prices of {symbol} from {from} up to {to}; its prices run from {first} to {last}")]
    EmptyWindow {
        /// The market.
        symbol: String,
        /// Start of the window.
        from: Timestamp,
        /// End of the window, itself outside.
        to: Timestamp,
        /// The first price of the series.
        first: Timestamp,
        /// The last price of the series.
        last: Timestamp,
    },
    /// The anchors of the bundled crash are not usable.
    #[error("bundled anchors: {0}")]
    Anchors(String),
}

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// Not UTF-8.
    #[error("not text (invalid UTF-8)")]
    NotText,
    /// Longer than any bar.
    #[error("longer than {0} bytes, which no bar is")]
    TooLong(u64),
    /// The first line is neither a bar nor a known header.
    #[error(
        "{0:?} is neither a bar nor a known header (`timestamp_ms,open,high,low,close,volume`, or \
         the 12 columns of the public archive that begin with `open_time`)"
    )]
    UnknownHeader(String),
    /// Too few or too many columns.
    #[error("expected {expected} columns, found {found}: {text:?}")]
    Columns {
        /// What the form of the file has.
        expected: usize,
        /// What the line has.
        found: usize,
        /// The line.
        text: String,
    },
    /// Not a time in milliseconds or microseconds.
    #[error("{column} {value:?} is not a time in milliseconds or microseconds since 1970")]
    Time {
        /// The column.
        column: &'static str,
        /// The value as given.
        value: String,
    },
    /// One file, two units of time.
    #[error("{column} {value} is not in {unit} as the rest of the file is")]
    MixedUnits {
        /// The column.
        column: &'static str,
        /// The value as given.
        value: String,
        /// The unit of the file.
        unit: &'static str,
    },
    /// A bar that opens between two milliseconds.
    #[error("{column} {value} microseconds is not a whole millisecond")]
    SubMillisecond {
        /// The column.
        column: &'static str,
        /// The value as given.
        value: String,
    },
    /// The archive form says the bar closes before it opens.
    #[error("close_time {close} is before open_time {open}")]
    ClosesBeforeOpening {
        /// The value as given.
        open: String,
        /// The value as given.
        close: String,
    },
    /// A price that is not a plain decimal number of at most 18 decimals.
    #[error("{column}: {reason}")]
    Price {
        /// The column.
        column: &'static str,
        /// Why not; has the value.
        reason: NumberTextError,
    },
    /// Zero or negative.
    #[error("{column} {value:?} is not above zero")]
    NotPositive {
        /// The column.
        column: &'static str,
        /// The value as given.
        value: String,
    },
    /// Volume, turnover or count that is not a finite number, or is negative.
    #[error("{column} {value:?} is not a number of at least zero")]
    NotACount {
        /// The column.
        column: &'static str,
        /// The value as given.
        value: String,
    },
    /// Open, high, low and close contradict each other.
    #[error("{column} {value} is {side} the {bound_column} {bound}")]
    Ohlc {
        /// The column.
        column: &'static str,
        /// The value as given.
        value: String,
        /// `above` or `below`.
        side: &'static str,
        /// The column it contradicts.
        bound_column: &'static str,
        /// Its value as given.
        bound: String,
    },
    /// The bar before has the same time.
    #[error("a second bar at {time} (the first: {first})")]
    Duplicate {
        /// When both open.
        time: Timestamp,
        /// File and line of the first.
        first: String,
    },
    /// Earlier than the bar before.
    #[error("the bar at {time} comes after the bar at {previous} ({at})")]
    Disorder {
        /// When this bar opens.
        time: Timestamp,
        /// When the one before opens.
        previous: Timestamp,
        /// File and line of the one before.
        at: String,
    },
    /// Later than one interval after the bar before.
    #[error(
        "gap: the bar at {time} should be at {expected} ({} after the bar at {at})",
        interval_text(*.interval_ms)
    )]
    Gap {
        /// When this bar opens.
        time: Timestamp,
        /// When it should open.
        expected: Timestamp,
        /// The interval of the series.
        interval_ms: i64,
        /// File and line of the bar before.
        at: String,
    },
    /// Sooner than one interval after the bar before.
    #[error(
        "the bar at {time} is only {} after the bar before, but the first two bars are {} apart \
         (a gap between those two?)",
        interval_text(*.found_ms), interval_text(*.interval_ms)
    )]
    OffGrid {
        /// When this bar opens.
        time: Timestamp,
        /// Time since the bar before.
        found_ms: i64,
        /// The interval inferred from the first two bars.
        interval_ms: i64,
    },
    /// The interval cannot be cut into the four ticks of a bar.
    #[error("bars {0} ms apart; a bar lasts at least a second and a whole multiple of 4 ms")]
    Interval(i64),
    /// The name of the file says another interval.
    #[error(
        "the file's name says {named}, but its first two bars are {} apart",
        interval_text(*.found_ms)
    )]
    NamedInterval {
        /// The part of the name.
        named: String,
        /// What the bars say.
        found_ms: i64,
    },
}

/// At most twenty names, for a message.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    if text.is_empty() {
        text.push_str("none");
    }
    text
}

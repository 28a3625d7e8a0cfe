//! Every way a pool history can be refused.

use plimsoll_units::Timestamp;

/// Why a pool history was refused.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The file could not be read.
    #[error("{path}: {source}")]
    Io {
        /// The path as given.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A line that is not a state, or not the state that should follow.
    #[error("{file}, line {line}: {problem}")]
    Line {
        /// The file.
        file: String,
        /// Counted from 1, the header included.
        line: u64,
        /// What is wrong with it.
        problem: PoolProblem,
    },
    /// Fewer than two states: nothing happens between them.
    #[error("{0}: a pool history needs at least two states")]
    TooFew(String),
    /// A window without two states.
    #[error(
        "fewer than two states from {from} up to {to}; the history runs from {first} to {last}"
    )]
    EmptyWindow {
        /// Start of the window.
        from: Timestamp,
        /// End of the window, itself outside.
        to: Timestamp,
        /// The first state.
        first: Timestamp,
        /// The last state.
        last: Timestamp,
    },
    /// The tokens are not those of the bundle.
    #[error("the bundled history is of {bundled}, the scenario's [pool] is of {asked}")]
    OtherTokens {
        /// What the bundle has.
        bundled: String,
        /// What was asked for.
        asked: String,
    },
    /// The states of the bundle are not usable.
    #[error("bundled pool states: {0}")]
    Bundle(String),
}

/// What is wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolProblem {
    /// Not UTF-8.
    #[error("not text (invalid UTF-8)")]
    NotText,
    /// Longer than any state.
    #[error("longer than {0} bytes, which no state is")]
    TooLong(u64),
    /// The first line is not the header.
    #[error("{found:?} is not the header, which begins with `{expected}`")]
    Header {
        /// What is there.
        found: String,
        /// How it begins.
        expected: &'static str,
    },
    /// Too many or too few columns.
    #[error("{found} columns, the header has {expected}")]
    Columns {
        /// How many.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// A time that is none.
    #[error("{0:?} is not a time in milliseconds since 1970")]
    Time(String),
    /// A number that is none.
    #[error("{column} {text:?} is not an amount: {why}")]
    Amount {
        /// Which column.
        column: &'static str,
        /// What is there.
        text: String,
        /// Why not.
        why: &'static str,
    },
    /// A pool without reserves or supply is none.
    #[error("{column} is zero (from {text:?}): a pool without it has no price")]
    Zero {
        /// Which column.
        column: &'static str,
        /// What is there.
        text: String,
    },
    /// The time of the line before.
    #[error("{0} is there twice")]
    Twice(Timestamp),
    /// Before the line before.
    #[error("{time} comes after {before}")]
    Disorder {
        /// The line's time.
        time: Timestamp,
        /// The time of the line before.
        before: Timestamp,
    },
    /// Not one interval after the line before.
    #[error("after {before} comes {time}, states are {interval_ms} ms apart")]
    Gap {
        /// The line's time.
        time: Timestamp,
        /// The time of the line before.
        before: Timestamp,
        /// The interval of the first two lines.
        interval_ms: i64,
    },
    /// More than a reader is willing to hold.
    #[error("more than {0} states")]
    TooMany(usize),
}

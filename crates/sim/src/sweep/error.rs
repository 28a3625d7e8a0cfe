//! Why a sweep cannot be made, or stopped. Every message names the parameter, the value or the
//! file it is about.

use std::path::PathBuf;

use crate::replay::ReplayError;

/// Why a sweep cannot be made, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A parameter that is not written as one, or has no usable values.
    #[error("parameter {text:?}: {why}")]
    Parameter {
        /// As it was written.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// A value that its parameter cannot have in this scenario.
    #[error("{parameter} = {value}: {why}")]
    Value {
        /// The parameter's path.
        parameter: String,
        /// The value.
        value: String,
        /// Why not.
        why: String,
    },
    /// More than a sweep is willing to do.
    #[error("{count} {what} are more than {limit}")]
    TooMany {
        /// How many.
        count: String,
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A design that cannot be compared.
    #[error("{0}")]
    Designs(String),
    /// The seeds do not fit.
    #[error("{0}")]
    Seeds(String),
    /// No price window can be used.
    #[error("none of the windows in {directory} can be used: {why}")]
    Windows {
        /// Where they are.
        directory: PathBuf,
        /// Each with its reason.
        why: String,
    },
    /// A run that cannot be made.
    #[error("run {run} ({settings}): {source}")]
    Run {
        /// Its number.
        run: u64,
        /// Its parameters, seed and window.
        settings: String,
        /// Why.
        source: Box<ReplayError>,
    },
    /// A run of which a design cannot be compared.
    #[error("run {run} ({settings}): {why}")]
    Compared {
        /// Its number.
        run: u64,
        /// Its parameters, seed and window.
        settings: String,
        /// Which design, and why.
        why: String,
    },
    /// An amount of a run that does not fit a table's 38 digits.
    #[error("venue {venue:?}: {what} {amount} does not fit 20 digits before the point")]
    Amount {
        /// The venue's name.
        venue: String,
        /// Which amount.
        what: &'static str,
        /// The amount.
        amount: String,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The directory holds another sweep.
    #[error(
        "{directory} holds a sweep with {what}: choose another --out, or remove it to begin again"
    )]
    OtherPlan {
        /// The directory.
        directory: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// Another process works in the directory.
    #[error("{0} is being written by another sweep")]
    Busy(PathBuf),
    /// A finished row that cannot be read.
    #[error("{path}, line {line}: {why}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, counting from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {why}")]
    Threads {
        /// How many.
        threads: usize,
        /// Why.
        why: String,
    },
    /// The Parquet writer refused.
    #[error("cannot write Parquet: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
}

impl SweepError {
    /// A file's error.
    pub(super) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

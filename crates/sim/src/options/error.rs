//! What can be wrong with a chain of options.

use std::path::PathBuf;

use plimsoll_units::Timestamp;

/// Why a chain cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// A file cannot be read, or is not CSV.
    #[error("{path}: {why}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The header is not the one of a chain.
    #[error("{path}: {why}; the header is {header}")]
    Header {
        /// Which file.
        path: PathBuf,
        /// A column that is missing, unknown or there twice.
        why: String,
        /// What the header says.
        header: String,
    },
    /// A row that makes no sense.
    #[error("{path}, line {line}: {why}")]
    Row {
        /// Which file.
        path: PathBuf,
        /// Counting from 1 with the header.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A directory without chains, or a file without options of the coin.
    #[error("{path} has no options of {coin}")]
    Nothing {
        /// Where.
        path: PathBuf,
        /// Of what.
        coin: String,
    },
    /// Two snapshots of one moment.
    #[error("{path}: another file has a snapshot of {at} too")]
    Twice {
        /// The later file.
        path: PathBuf,
        /// The moment.
        at: Timestamp,
    },
    /// Quotes of which no surface can be made.
    #[error("the chain of {at} makes no surface: {why}")]
    Surface {
        /// The snapshot.
        at: Timestamp,
        /// Why.
        why: String,
    },
    /// The bundled table is broken; a test reads it.
    #[error("the bundled options cannot be used: {0}")]
    Bundle(String),
    /// The table does not cover what a scenario asks for.
    #[error("{0}")]
    Coverage(String),
}

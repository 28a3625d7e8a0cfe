//! What the database says when something is wrong, in the journal's words.

use std::io;
use std::path::Path;

use super::panics;
use crate::envelope::Head;
use crate::error::JournalError;
use crate::salvage::{End, Salvage};

/// What redb said, sorted by what it means here.
#[derive(Debug)]
pub(super) enum Failure {
    InUse,
    NoTable,
    Io(io::Error),
    Structure(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InUse => f.write_str("in use by another process"),
            Self::NoTable => f.write_str("one of its tables is missing"),
            Self::Io(error) => error.fmt(f),
            Self::Structure(detail) => f.write_str(detail),
        }
    }
}

impl Failure {
    pub(super) fn about(self, path: &Path, operation: &'static str) -> JournalError {
        match self {
            Self::InUse => JournalError::InUse {
                path: path.to_owned(),
            },
            Self::Io(source) => io_error(operation, path, source),
            Self::NoTable | Self::Structure(_) => damaged(path, self.to_string()),
        }
    }
}

impl From<redb::Error> for Failure {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::InUse,
            redb::Error::TableDoesNotExist(_) => Self::NoTable,
            redb::Error::Io(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData
                ) =>
            {
                Self::Io(error)
            }
            other => Self::Structure(other.to_string()),
        }
    }
}

/// Runs a call into redb and turns a panic into a failure.
pub(super) fn contain<T>(call: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, Failure> {
    panics::catch(call)
        .map_err(|panic| Failure::Structure(format!("the database gave up on it: {panic}")))?
        .map_err(Failure::from)
}

/// A journal whose structure is damaged, with how far its records can still be followed.
pub(super) fn damaged(path: &Path, detail: String) -> JournalError {
    let whole = Salvage::scan(path)
        .and_then(|mut salvage| salvage.follow(Head::genesis(), |_| Ok::<(), io::Error>(())));
    let (whole, detail) = match whole {
        Ok((head, End::Damaged(why))) => (head.sequence, format!("{detail}; {why}")),
        Ok((head, End::NotFound | End::Ambiguous)) => (head.sequence, detail),
        Err(error) => (0, format!("{detail}; {error}")),
    };
    let path = path.to_owned();
    JournalError::Damaged {
        path,
        detail,
        whole,
    }
}

/// Something that does not look like a journal; a damaged one, after all, when records are in it.
pub(super) fn foreign(path: &Path, found: String) -> JournalError {
    match Salvage::scan(path) {
        Ok(salvage) if !salvage.is_empty() => damaged(path, found),
        _ => JournalError::Foreign {
            path: path.to_owned(),
            found,
        },
    }
}

pub(super) fn io_error(operation: &'static str, path: &Path, source: io::Error) -> JournalError {
    JournalError::Io {
        operation,
        path: path.to_owned(),
        source,
    }
}

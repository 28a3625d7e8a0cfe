//! What can go wrong, and what to do then. Every error about a record names it by sequence, with
//! the field, what was expected and what was found.

use std::fmt;
use std::path::PathBuf;

use plimsoll_units::Timestamp;

/// What the caller should do about a [`JournalError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The request was bad; nothing changed; refuse it and go on.
    Refuse,
    /// Writing failed; stop the process and reopen the journal: what is durable is what it holds
    /// then.
    Halt,
    /// The journal is damaged; keep the file as it is, read no further, and recover only when an
    /// operator asks. `verify` exits with 1.
    Corrupt,
    /// This is not a journal that this build can read here and now. `verify` exits with 2.
    Unusable,
}

/// A part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The record as the storage holds it.
    Storage,
    /// The four bytes a record begins with.
    Magic,
    /// The record's length.
    Length,
    /// The CRC-32 at its end.
    Checksum,
    /// Its number.
    Sequence,
    /// The hash of the record before it.
    PreviousHash,
    /// Its time.
    Time,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Storage => "storage",
            Self::Magic => "magic",
            Self::Length => "length",
            Self::Checksum => "checksum",
            Self::Sequence => "sequence",
            Self::PreviousHash => "previous hash",
            Self::Time => "time",
        })
    }
}

/// The first thing found wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence}: {field}: expected {expected}, found {found}")]
pub struct Corruption {
    /// The record, by its place in the journal.
    pub sequence: u64,
    /// The part of it.
    pub field: Field,
    /// What the part must be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl Corruption {
    /// Names what is wrong.
    #[must_use]
    pub const fn new(sequence: u64, field: Field, expected: String, found: String) -> Self {
        Self {
            sequence,
            field,
            expected,
            found,
        }
    }

    /// Record `sequence` is not there, although later ones or the log's own count say it must be.
    #[must_use]
    pub fn missing(sequence: u64) -> Self {
        let (expected, found) = (format!("record {sequence}"), "no such record".to_owned());
        Self::new(sequence, Field::Storage, expected, found)
    }
}

/// Why the journal refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The payload is larger than the bounds allow. Refuse the command; nothing changed.
    #[error("record {sequence}: payload of {found} bytes, at most {limit} are allowed")]
    PayloadTooLarge {
        /// The sequence it would have had.
        sequence: u64,
        /// Its size in bytes.
        found: usize,
        /// The largest allowed, in bytes.
        limit: usize,
    },
    /// The time is before the last record's. Refuse the command; nothing changed.
    #[error("record {sequence}: time {} ms is before the last record's {} ms", found.0, previous.0)]
    TimeWentBack {
        /// The sequence it would have had.
        sequence: u64,
        /// The last record's time.
        previous: Timestamp,
        /// The time given.
        found: Timestamp,
    },
    /// A batch given to a log does not begin where the log ends. Our own bug; nothing changed.
    #[error("the batch begins with record {found}, the log expects record {expected}")]
    OutOfOrder {
        /// The sequence that must come next.
        expected: u64,
        /// The batch's first.
        found: u64,
    },
    /// A snapshot of a record that is not durable yet, or not there. Nothing changed.
    #[error("snapshot at record {sequence}, but the journal is durable to record {durable}")]
    SnapshotAhead {
        /// The snapshot's sequence.
        sequence: u64,
        /// The last durable record.
        durable: u64,
    },
    /// The snapshot is larger than a log stores. Nothing changed.
    #[error("snapshot of {found} bytes, at most {limit} are allowed")]
    SnapshotTooLarge {
        /// Its size in bytes.
        found: usize,
        /// The largest allowed, in bytes.
        limit: usize,
    },
    /// The log was opened for reading only. Open it as a journal to write; nothing changed.
    #[error("the log is open for reading only")]
    ReadOnly,
    /// The log was closed. Reopen it; nothing changed.
    #[error("the log is closed")]
    Closed,
    /// A write failed: some, all or none of these records may be durable. Stop and reopen.
    #[error("writing records {first} to {last} failed: {cause}")]
    Write {
        /// The first record of the batch.
        first: u64,
        /// The last record of the batch.
        last: u64,
        /// What the storage said.
        cause: String,
    },
    /// An earlier write failed, so nothing more is accepted. Stop and reopen.
    #[error("the journal stopped after record {durable}: {cause}")]
    Poisoned {
        /// The last record known to be durable.
        durable: u64,
        /// The first failure.
        cause: String,
    },
    /// A record is damaged, missing, or not where it belongs. Do not append; keep the file;
    /// recover the records before it only when the operator asks.
    #[error(transparent)]
    Corrupt(#[from] Corruption),
    /// A snapshot is damaged. Use an earlier one, or replay from the first record.
    #[error("snapshot at record {sequence}: {field}: expected {expected}, found {found}")]
    CorruptSnapshot {
        /// The snapshot, by the sequence it is stored under.
        sequence: u64,
        /// The part of it.
        field: &'static str,
        /// What the part must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The file is a journal, but its structure is damaged. Keep it; recover only when the
    /// operator asks.
    #[error("{} is damaged: {detail}; {}", path.display(), whole_text(*whole))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
        /// The last record of the unbroken chain that can still be found in the file.
        whole: u64,
    },
    /// A record was written in a format this build does not know. Use the build that wrote it, or
    /// a newer one.
    #[error("record {sequence}: format version {found}, this build reads up to {newest}")]
    UnknownVersion {
        /// The record.
        sequence: u64,
        /// Its version.
        found: u16,
        /// The newest this build knows.
        newest: u16,
    },
    /// The file's layout has a version this build does not know. Use the build that wrote it, or
    /// a newer one.
    #[error("{}: journal file version {found}, this build reads up to {newest}", path.display())]
    UnknownFileVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u16,
        /// The newest this build knows.
        newest: u16,
    },
    /// The file is something else. Give the right path; it was not touched.
    #[error("{} is not a Plimsoll journal: {found}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        found: String,
    },
    /// Another process holds the journal open. Stop that one first.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused. The cause says what to mend.
    #[error("cannot {operation} {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl JournalError {
    /// What the caller should do.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        match self {
            Self::PayloadTooLarge { .. }
            | Self::TimeWentBack { .. }
            | Self::OutOfOrder { .. }
            | Self::SnapshotAhead { .. }
            | Self::SnapshotTooLarge { .. }
            | Self::ReadOnly
            | Self::Closed => Policy::Refuse,
            Self::Write { .. } | Self::Poisoned { .. } => Policy::Halt,
            Self::Corrupt(_) | Self::CorruptSnapshot { .. } | Self::Damaged { .. } => {
                Policy::Corrupt
            }
            Self::UnknownVersion { .. }
            | Self::UnknownFileVersion { .. }
            | Self::Foreign { .. }
            | Self::InUse { .. }
            | Self::Io { .. } => Policy::Unusable,
        }
    }
}

fn whole_text(whole: u64) -> String {
    let next = whole.saturating_add(1);
    match whole {
        0 => "no whole record 1 is in it".to_owned(),
        1 => "record 1 is whole, no whole record 2 is in it".to_owned(),
        _ => format!("records 1 to {whole} are whole, no whole record {next} is in it"),
    }
}

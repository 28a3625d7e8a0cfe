//! The journal: an append-only log of commands, from which the state of an engine is replayed.
//!
//! Commands are recorded before they are applied, in one order, each chained to the one before by
//! its hash; the state is a pure function of them. This crate knows bytes, numbers, times and
//! hashes. What the bytes mean is the codec's business.
//!
//! * [`envelope`]: the bytes of a record, the hash chain.
//! * [`Log`]: what a storage must do; [`RedbLog`] (a file), [`MemoryLog`], [`FaultyLog`] (fails
//!   when told to), and [`suite`], the conformance suite they all pass.
//! * [`Journal`]: the writer: numbers, chains, group commit, snapshots.
//! * [`Reader`], [`verify`]: every record checked as it is read, in bounded memory.
//! * [`commands`]: the codec of engine commands, and rebuilding an engine from its records.
//! * [`recover_file`]: keeps the valid prefix of a damaged file, only when asked, beside the
//!   original.
//!
//! Invariants:
//! * What [`Journal::commit`] has returned is on the disk, and is there after a `kill -9`.
//! * A file opened for checking is never changed, not even after an unclean shutdown; a file that
//!   does not check is never opened for writing.
//! * Damage anywhere in a file is an error that names a record, or leaves every record as it was;
//!   never a panic and never a shorter journal that looks whole.
//! * After the first failed write nothing more is accepted.
//! * Old journals open forever: layouts have version numbers, and an unknown one is refused by
//!   number.

mod batch;
pub mod commands;
pub mod envelope;
mod error;
mod faulty;
mod files;
mod journal;
mod log;
mod memory;
mod reader;
mod recover;
mod redb_log;
mod salvage;
mod snapshot;
pub mod suite;

pub use batch::{Batch, Bounds};
pub use envelope::{Hash, Head, Record};
pub use error::{Corruption, Field, JournalError, Policy};
pub use faulty::{Fault, FaultyLog};
pub use journal::Journal;
pub use log::Log;
pub use memory::MemoryLog;
pub use reader::{Reader, head_at, verify, verify_after};
pub use recover::{Recovered, recover_file, recover_into};
pub use redb_log::RedbLog;
pub use snapshot::{MAX_SNAPSHOT_BYTES, SNAPSHOT_VERSION, Snapshot};

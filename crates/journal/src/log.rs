//! The contract of a storage: append batches durably, read them back, keep snapshots.
//!
//! A log stores bytes by number and knows nothing of chains and checksums; [`Reader`](crate::Reader)
//! checks those, the same way for every backend. What a backend must do is written as a program in
//! [`suite`](crate::suite).

use std::fmt;

use crate::batch::{Batch, Bounds};
use crate::error::JournalError;
use crate::snapshot::Snapshot;

/// An append-only store of numbered records, and of snapshots.
///
/// Records are numbered 1, 2, 3, ... without gaps. After the first failed write a log accepts
/// nothing more ([`JournalError::Poisoned`]): what the storage did with the failed batch is unknown
/// until it is opened again.
pub trait Log: fmt::Debug + Send {
    /// The last record's number; 0 when there is none.
    fn last(&self) -> u64;

    /// Stores `batch` and returns when it is durable: all of it with one flush. An empty batch
    /// does nothing.
    ///
    /// # Errors
    /// [`JournalError::OutOfOrder`] when the batch does not begin after the last record;
    /// [`JournalError::Write`] when it cannot be made durable; [`JournalError::Poisoned`] ever
    /// after; [`JournalError::ReadOnly`], [`JournalError::Closed`].
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError>;

    /// Fills `into` with the records from number `from` on, as many as `bounds` admit and at least
    /// one; none when `from` is beyond the last.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] naming record `from` when it is missing or cannot be read,
    /// [`JournalError::Closed`].
    fn read(&self, from: u64, bounds: &Bounds, into: &mut Batch) -> Result<(), JournalError>;

    /// Stores a snapshot durably; one at the same sequence is replaced.
    ///
    /// # Errors
    /// [`JournalError::SnapshotAhead`] beyond the last record, [`JournalError::SnapshotTooLarge`];
    /// [`JournalError::Write`], [`JournalError::Poisoned`], [`JournalError::ReadOnly`],
    /// [`JournalError::Closed`].
    fn store_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), JournalError>;

    /// The latest snapshot at or before record `sequence`.
    ///
    /// # Errors
    /// [`JournalError::CorruptSnapshot`] naming the snapshot: ask for the one before it.
    fn snapshot_at_or_before(&self, sequence: u64) -> Result<Option<Snapshot>, JournalError>;

    /// Forgets the snapshots before record `sequence`; the records stay.
    ///
    /// # Errors
    /// As [`Log::store_snapshot`].
    fn drop_snapshots_before(&mut self, sequence: u64) -> Result<(), JournalError>;

    /// Checks the storage's own structure, beyond the records. Called by
    /// [`verify`](crate::verify) after the records, so that damage to a record is reported as such.
    ///
    /// # Errors
    /// [`JournalError::Damaged`].
    fn check_storage(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Makes a log that was opened for checking ready for appends. Until then a log must not
    /// change anything it has stored.
    ///
    /// # Errors
    /// [`JournalError::InUse`] when another process has the log open, [`JournalError::Damaged`]
    /// when it is not what was checked.
    fn begin_writing(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Releases the storage. Everything appended is durable before, so nothing is lost without it.
    /// Everything but closing again is refused afterwards.
    ///
    /// # Errors
    /// When the storage cannot be released in good order.
    fn close(&mut self) -> Result<(), JournalError>;
}

impl<L: Log + ?Sized> Log for Box<L> {
    fn last(&self) -> u64 {
        (**self).last()
    }

    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        (**self).append(batch)
    }

    fn read(&self, from: u64, bounds: &Bounds, into: &mut Batch) -> Result<(), JournalError> {
        (**self).read(from, bounds, into)
    }

    fn store_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), JournalError> {
        (**self).store_snapshot(snapshot)
    }

    fn snapshot_at_or_before(&self, sequence: u64) -> Result<Option<Snapshot>, JournalError> {
        (**self).snapshot_at_or_before(sequence)
    }

    fn drop_snapshots_before(&mut self, sequence: u64) -> Result<(), JournalError> {
        (**self).drop_snapshots_before(sequence)
    }

    fn check_storage(&mut self) -> Result<(), JournalError> {
        (**self).check_storage()
    }

    fn begin_writing(&mut self) -> Result<(), JournalError> {
        (**self).begin_writing()
    }

    fn close(&mut self) -> Result<(), JournalError> {
        (**self).close()
    }
}

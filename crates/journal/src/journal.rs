//! The writer: numbers records, chains them, and makes them durable a batch at a time.
//!
//! A record is **accepted** when [`Journal::append`] returns its sequence and **durable** when
//! [`Journal::commit`] returns a sequence at or after it. Acknowledge a command to the outside only
//! when it is durable. A full batch is committed by the append that would overflow it: the caller
//! waits, and nothing is dropped. A journal that is dropped forgets what was accepted and not yet
//! committed.
//!
//! After the first failed write the journal stops for good: what the disk kept of the batch is
//! known only by opening it again.

use plimsoll_units::{Timestamp, VenueId};

use crate::batch::{Batch, Bounds};
use crate::envelope::{Content, Hash, Head, OVERHEAD_BYTES, Record, encode};
use crate::error::JournalError;
use crate::log::Log;
use crate::reader::{Reader, head_at, verify_after};
use crate::snapshot::Snapshot;

/// A journal open for writing.
#[derive(Debug)]
pub struct Journal<L> {
    log: L,
    bounds: Bounds,
    /// The last accepted record.
    head: Head,
    /// The last durable record.
    durable: u64,
    /// Accepted and not yet durable.
    pending: Batch,
    /// The first failed write.
    failure: Option<String>,
}

impl<L: Log> Journal<L> {
    /// Opens a log, new or not: checks every record and the storage, then makes it ready for
    /// appends.
    ///
    /// # Errors
    /// The first thing found wrong; the log is then untouched.
    pub fn open(log: L, bounds: Bounds) -> Result<Self, JournalError> {
        Self::open_with(log, bounds, |_| Ok::<(), JournalError>(()))
    }

    /// [`Journal::open`], giving every record to `visit` on the way: check and replay in one pass.
    ///
    /// # Errors
    /// The first thing found wrong, or what `visit` returns; the log is then untouched.
    pub fn open_with<E: From<JournalError>>(
        log: L,
        bounds: Bounds,
        visit: impl FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        Self::open_after(log, bounds, Head::genesis(), visit)
    }

    /// [`Journal::open_with`] for the records after `snapshot` only. The snapshot must be of this
    /// journal: its record hash is compared with the record's.
    ///
    /// # Errors
    /// [`JournalError::CorruptSnapshot`] when it is of another history, and as
    /// [`Journal::open_with`].
    pub fn open_after_snapshot<E: From<JournalError>>(
        log: L,
        bounds: Bounds,
        snapshot: &Snapshot,
        visit: impl FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let head = head_at(&log, snapshot.sequence)?;
        if head.hash != snapshot.record_hash {
            return Err(JournalError::CorruptSnapshot {
                sequence: snapshot.sequence,
                field: "record hash",
                expected: head.hash.to_string(),
                found: snapshot.record_hash.to_string(),
            }
            .into());
        }
        Self::open_after(log, bounds, head, visit)
    }

    fn open_after<E: From<JournalError>>(
        mut log: L,
        bounds: Bounds,
        head: Head,
        visit: impl FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let head = verify_after(&mut log, head, visit)?;
        log.begin_writing()?;
        Ok(Self {
            log,
            bounds,
            head,
            durable: head.sequence,
            pending: Batch::starting_at(head.next()),
            failure: None,
        })
    }

    /// Accepts a record and returns its sequence. When the batch is full it is committed first.
    ///
    /// # Errors
    /// [`JournalError::PayloadTooLarge`] and [`JournalError::TimeWentBack`]: refused, nothing
    /// changed. [`JournalError::Write`] when the full batch cannot be committed and
    /// [`JournalError::Poisoned`] ever after: stop; this record is not accepted.
    pub fn append(
        &mut self,
        kind: u16,
        time: Timestamp,
        venue: VenueId,
        payload: &[u8],
    ) -> Result<u64, JournalError> {
        self.check_healthy()?;
        let limit = self.bounds.largest_payload();
        if payload.len() > limit {
            return Err(JournalError::PayloadTooLarge {
                sequence: self.head.next(),
                found: payload.len(),
                limit,
            });
        }
        if time < self.head.time {
            return Err(JournalError::TimeWentBack {
                sequence: self.head.next(),
                previous: self.head.time,
                found: time,
            });
        }
        let bytes = OVERHEAD_BYTES + payload.len();
        if !self.bounds.admits(&self.pending, bytes) {
            self.commit()?;
        }
        let content = Content {
            kind,
            time,
            venue,
            payload,
        };
        let head = self.head;
        self.head = self.pending.push_with(|into| encode(&head, &content, into));
        Ok(self.head.sequence)
    }

    /// Makes every accepted record durable, with one flush, and returns the last one's sequence.
    ///
    /// # Errors
    /// [`JournalError::Write`], and [`JournalError::Poisoned`] ever after: stop and reopen.
    pub fn commit(&mut self) -> Result<u64, JournalError> {
        self.check_healthy()?;
        if self.pending.is_empty() {
            return Ok(self.durable);
        }
        if let Err(error) = self.log.append(&self.pending) {
            self.failure = Some(error.to_string());
            return Err(error);
        }
        self.durable = self.pending.last();
        self.pending.restart(self.durable.saturating_add(1));
        Ok(self.durable)
    }

    /// The last durable record; 0 when there is none.
    #[must_use]
    pub const fn durable(&self) -> u64 {
        self.durable
    }

    /// The last accepted record: its sequence, hash and time.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// How many records are accepted and not yet durable.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Reads the durable records from `sequence` on.
    ///
    /// # Errors
    /// As [`Reader::from`].
    pub fn reader(&self, sequence: u64) -> Result<Reader<'_>, JournalError> {
        Reader::from(&self.log, sequence)
    }

    /// Commits, then stores `state` as the snapshot after the last record; returns that record's
    /// sequence.
    ///
    /// # Errors
    /// As [`Journal::commit`]; [`JournalError::SnapshotTooLarge`], which changes nothing.
    pub fn store_snapshot(
        &mut self,
        state_hash: Hash,
        state: Vec<u8>,
    ) -> Result<u64, JournalError> {
        self.commit()?;
        let snapshot = Snapshot {
            sequence: self.head.sequence,
            record_hash: self.head.hash,
            state_hash,
            state,
        };
        self.write(|log| log.store_snapshot(&snapshot))?;
        Ok(snapshot.sequence)
    }

    /// The latest snapshot at or before record `sequence`.
    ///
    /// # Errors
    /// As [`Log::snapshot_at_or_before`].
    pub fn snapshot_at_or_before(&self, sequence: u64) -> Result<Option<Snapshot>, JournalError> {
        self.log.snapshot_at_or_before(sequence)
    }

    /// Forgets the snapshots before record `sequence`; the records stay.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub fn drop_snapshots_before(&mut self, sequence: u64) -> Result<(), JournalError> {
        self.check_healthy()?;
        self.write(|log| log.drop_snapshots_before(sequence))
    }

    /// Commits, closes the storage, and gives the closed log back.
    ///
    /// # Errors
    /// As [`Journal::commit`] and [`Log::close`].
    pub fn close(mut self) -> Result<L, JournalError> {
        self.commit()?;
        self.log.close()?;
        Ok(self.log)
    }

    /// Gives up the log without committing or closing: what a crash leaves.
    #[must_use]
    pub fn into_log(self) -> L {
        self.log
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut L) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let result = write(&mut self.log);
        if let Err(error) = &result
            && error.policy() == crate::Policy::Halt
        {
            self.failure = Some(error.to_string());
        }
        result
    }

    fn check_healthy(&self) -> Result<(), JournalError> {
        match &self.failure {
            None => Ok(()),
            Some(cause) => Err(JournalError::Poisoned {
                durable: self.durable,
                cause: cause.clone(),
            }),
        }
    }
}

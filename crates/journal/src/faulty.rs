//! A log that fails when told to, in front of a real one: what a full disk, a crash in the middle
//! of a write, or an answer lost on the way back look like to the journal above.

use crate::batch::{Batch, Bounds};
use crate::error::JournalError;
use crate::log::Log;
use crate::snapshot::Snapshot;

/// What goes wrong with a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written.
    Refused,
    /// Only the first records of the batch are written.
    Torn {
        /// How many.
        kept: usize,
    },
    /// All is written and durable, but the answer is an error.
    AnswerLost,
}

/// Fails one write, chosen beforehand, and everything after it until
/// [`FaultyLog::into_inner`] "restarts the machine".
#[derive(Debug)]
pub struct FaultyLog<L> {
    inner: L,
    /// Writes (batches and snapshots) that still succeed.
    good_writes: u64,
    fault: Fault,
    failed: bool,
}

impl<L: Log> FaultyLog<L> {
    /// A log on which `good_writes` writes succeed and the next one suffers `fault`.
    pub const fn new(inner: L, good_writes: u64, fault: Fault) -> Self {
        Self {
            inner,
            good_writes,
            fault,
            failed: false,
        }
    }

    /// A log on which nothing fails.
    pub const fn healthy(inner: L) -> Self {
        Self::new(inner, u64::MAX, Fault::Refused)
    }

    /// What the storage holds after the crash.
    pub fn into_inner(self) -> L {
        self.inner
    }

    /// Whether the next write is the one that fails.
    fn fails_now(&mut self) -> Result<bool, JournalError> {
        if self.failed {
            return Err(JournalError::Poisoned {
                durable: self.inner.last(),
                cause: format!("injected fault: {:?}", self.fault),
            });
        }
        match self.good_writes.checked_sub(1) {
            Some(left) => self.good_writes = left,
            None => self.failed = true,
        }
        Ok(self.failed)
    }

    fn failure(&self, first: u64, last: u64) -> JournalError {
        JournalError::Write {
            first,
            last,
            cause: format!("injected fault: {:?}", self.fault),
        }
    }
}

impl<L: Log> Log for FaultyLog<L> {
    fn last(&self) -> u64 {
        self.inner.last()
    }

    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        if !self.fails_now()? {
            return self.inner.append(batch);
        }
        match self.fault {
            Fault::Refused => {}
            Fault::AnswerLost => self.inner.append(batch)?,
            Fault::Torn { kept } => {
                let mut torn = Batch::starting_at(batch.first());
                for (_, record) in batch.iter().take(kept) {
                    torn.push(record);
                }
                self.inner.append(&torn)?;
            }
        }
        Err(self.failure(batch.first(), batch.last()))
    }

    fn read(&self, from: u64, bounds: &Bounds, into: &mut Batch) -> Result<(), JournalError> {
        self.inner.read(from, bounds, into)
    }

    fn store_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), JournalError> {
        if !self.fails_now()? {
            return self.inner.store_snapshot(snapshot);
        }
        if self.fault == Fault::AnswerLost {
            self.inner.store_snapshot(snapshot)?;
        }
        Err(self.failure(snapshot.sequence, snapshot.sequence))
    }

    fn snapshot_at_or_before(&self, sequence: u64) -> Result<Option<Snapshot>, JournalError> {
        self.inner.snapshot_at_or_before(sequence)
    }

    fn drop_snapshots_before(&mut self, sequence: u64) -> Result<(), JournalError> {
        if !self.fails_now()? {
            return self.inner.drop_snapshots_before(sequence);
        }
        Err(self.failure(sequence, sequence))
    }

    fn check_storage(&mut self) -> Result<(), JournalError> {
        self.inner.check_storage()
    }

    fn begin_writing(&mut self) -> Result<(), JournalError> {
        self.inner.begin_writing()
    }

    fn close(&mut self) -> Result<(), JournalError> {
        self.inner.close()
    }
}

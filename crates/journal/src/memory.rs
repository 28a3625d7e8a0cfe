//! A log in memory: for tests, for replays whose journal nobody keeps, and as the yardstick of
//! what the chain costs without a disk.

use std::collections::BTreeMap;

use crate::batch::{Batch, Bounds};
use crate::envelope::{HEADER_BYTES, MAGIC, announced_bytes};
use crate::error::{Corruption, Field, JournalError};
use crate::log::Log;
use crate::snapshot::Snapshot;

/// A log in memory. Durable only as long as the process.
#[derive(Debug, Clone)]
pub struct MemoryLog {
    records: Batch,
    /// Encoded, so that they are checked when they are read like any other.
    snapshots: BTreeMap<u64, Vec<u8>>,
    closed: bool,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self {
            records: Batch::starting_at(1),
            snapshots: BTreeMap::new(),
            closed: false,
        }
    }
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All records, one after the other: a form to copy, send and keep.
    #[must_use]
    pub fn stream(&self) -> &[u8] {
        self.records.bytes()
    }

    /// The log of which [`MemoryLog::stream`] gave these bytes. Only the records' boundaries are
    /// read here; [`verify`](crate::verify) checks the rest.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] naming the first record whose end is not in the bytes.
    pub fn from_stream(mut stream: &[u8]) -> Result<Self, JournalError> {
        let mut records = Batch::starting_at(1);
        while !stream.is_empty() {
            let sequence = records.next();
            let length = record_length(sequence, stream)?;
            let (record, rest) = stream.split_at(length);
            records.push(record);
            stream = rest;
        }
        Ok(Self {
            records,
            ..Self::default()
        })
    }

    /// Opens the log again after [`Log::close`].
    #[must_use]
    pub fn reopen(mut self) -> Self {
        self.closed = false;
        self
    }

    fn check_open(&self) -> Result<(), JournalError> {
        if self.closed {
            return Err(JournalError::Closed);
        }
        Ok(())
    }
}

fn record_length(sequence: u64, stream: &[u8]) -> Result<usize, JournalError> {
    let corrupt = |field, expected, found| Corruption::new(sequence, field, expected, found);
    if stream.len() < HEADER_BYTES {
        let expected = format!("at least {HEADER_BYTES} bytes");
        let found = stream.len().to_string();
        return Err(corrupt(Field::Length, expected, found).into());
    }
    if stream[..MAGIC.len()] != MAGIC {
        let (expected, found) = (MAGIC.escape_ascii(), stream[..MAGIC.len()].escape_ascii());
        return Err(corrupt(Field::Magic, expected.to_string(), found.to_string()).into());
    }
    let announced = announced_bytes(stream);
    match usize::try_from(announced) {
        Ok(length) if length <= stream.len() => Ok(length),
        _ => {
            let found = format!("{} bytes to the end", stream.len());
            Err(corrupt(Field::Length, format!("{announced} bytes"), found).into())
        }
    }
}

impl Log for MemoryLog {
    fn last(&self) -> u64 {
        self.records.last()
    }

    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        self.check_open()?;
        if batch.is_empty() {
            return Ok(());
        }
        if batch.first() != self.records.next() {
            return Err(JournalError::OutOfOrder {
                expected: self.records.next(),
                found: batch.first(),
            });
        }
        self.records.extend(batch);
        Ok(())
    }

    fn read(&self, from: u64, bounds: &Bounds, into: &mut Batch) -> Result<(), JournalError> {
        self.check_open()?;
        into.restart(from);
        if from == 0 {
            return Err(Corruption::missing(0).into());
        }
        let skip = usize::try_from(from - 1).unwrap_or(usize::MAX);
        for index in skip..self.records.len() {
            let Some(record) = self.records.get(index) else {
                break;
            };
            if !bounds.admits(into, record.len()) {
                break;
            }
            into.push(record);
        }
        Ok(())
    }

    fn store_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), JournalError> {
        self.check_open()?;
        if snapshot.sequence > self.last() {
            return Err(JournalError::SnapshotAhead {
                sequence: snapshot.sequence,
                durable: self.last(),
            });
        }
        self.snapshots.insert(snapshot.sequence, snapshot.encode()?);
        Ok(())
    }

    fn snapshot_at_or_before(&self, sequence: u64) -> Result<Option<Snapshot>, JournalError> {
        self.check_open()?;
        let found = self.snapshots.range(..=sequence).next_back();
        found
            .map(|(at, bytes)| Snapshot::decode(*at, bytes))
            .transpose()
    }

    fn drop_snapshots_before(&mut self, sequence: u64) -> Result<(), JournalError> {
        self.check_open()?;
        self.snapshots = self.snapshots.split_off(&sequence);
        Ok(())
    }

    fn close(&mut self) -> Result<(), JournalError> {
        self.closed = true;
        Ok(())
    }
}

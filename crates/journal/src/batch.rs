//! A run of consecutive records in one buffer: what is written with one flush, and what is read at
//! a time.

use crate::envelope::MAX_PAYLOAD_BYTES;

/// Bounds on what is held in memory: nothing here grows without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Records in a batch.
    pub records: usize,
    /// Bytes in a batch, envelopes included. One record may exceed it; it then goes alone.
    pub bytes: usize,
    /// Bytes in one payload; at most [`MAX_PAYLOAD_BYTES`].
    pub payload_bytes: usize,
}

impl Default for Bounds {
    /// 65,536 records, 8 MiB, 1 MiB a payload.
    fn default() -> Self {
        Self {
            records: 65_536,
            bytes: 8 << 20,
            payload_bytes: 1 << 20,
        }
    }
}

impl Bounds {
    /// The largest payload that both these bounds and the format allow.
    #[must_use]
    pub fn largest_payload(&self) -> usize {
        self.payload_bytes.min(MAX_PAYLOAD_BYTES)
    }

    /// Whether `batch` may take another record of `bytes`. An empty batch takes any.
    #[must_use]
    pub fn admits(&self, batch: &Batch, bytes: usize) -> bool {
        batch.is_empty()
            || (batch.len() < self.records && batch.bytes.len().saturating_add(bytes) <= self.bytes)
    }
}

/// Consecutive records, as bytes, in one buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    first: u64,
    bytes: Vec<u8>,
    /// Where each record ends in `bytes`.
    ends: Vec<usize>,
}

impl Batch {
    /// An empty batch whose first record will be number `first`.
    #[must_use]
    pub const fn starting_at(first: u64) -> Self {
        Self {
            first,
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Forgets the records, keeps the memory, and starts again at `first`.
    pub fn restart(&mut self, first: u64) {
        self.first = first;
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds a record.
    pub fn push(&mut self, record: &[u8]) {
        self.push_with(|bytes| bytes.extend_from_slice(record));
    }

    /// Adds the record that `write` appends to the buffer.
    pub(crate) fn push_with<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let out = write(&mut self.bytes);
        self.ends.push(self.bytes.len());
        out
    }

    /// Adds the records of `other`, which begins where this one ends.
    pub(crate) fn extend(&mut self, other: &Self) {
        debug_assert_eq!(other.first, self.next());
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.ends.extend(other.ends.iter().map(|end| start + end));
    }

    /// How many records.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The first record's number (that of the record to come, when there is none).
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The number after the last record's.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.first.saturating_add(self.ends.len() as u64)
    }

    /// The last record's number; `first - 1` when there is none.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.next().saturating_sub(1)
    }

    /// All records, one after the other.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The record at place `index`, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start..end)
    }

    /// The records with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        (self.first..).zip((0..self.len()).filter_map(|index| self.get(index)))
    }
}

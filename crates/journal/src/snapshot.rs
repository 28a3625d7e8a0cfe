//! A snapshot: the bytes of a state as it was after one record, so that a restart need not replay
//! from the first.
//!
//! All integers are little-endian.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 4 | magic, `PLMS` |
//! | 4 | 2 | format version, `u16`: 1 |
//! | 6 | 8 | sequence, `u64`: the last record applied |
//! | 14 | 32 | record hash of that record (the genesis hash at sequence 0) |
//! | 46 | 32 | state hash, the engine's |
//! | 78 | 8 | length n of the state, `u64` |
//! | 86 | n | the state |
//! | 86 + n | 32 | BLAKE3 of the bytes 0 to 86 + n |

use crate::envelope::Hash;
use crate::error::JournalError;

/// The newest snapshot layout this build writes and reads.
pub const SNAPSHOT_VERSION: u16 = 1;
/// The largest state a log stores, in bytes.
pub const MAX_SNAPSHOT_BYTES: usize = 1 << 30;

const MAGIC: [u8; 4] = *b"PLMS";
const HEADER_BYTES: usize = 86;
const HASH_BYTES: usize = 32;

/// A state as it was after a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record applied; 0 for the state before the first.
    pub sequence: u64,
    /// That record's hash: which history this is a state of.
    pub record_hash: Hash,
    /// The engine's hash of the state, to compare after restoring.
    pub state_hash: Hash,
    /// The state.
    pub state: Vec<u8>,
}

impl Snapshot {
    /// The bytes that are stored.
    ///
    /// # Errors
    /// [`JournalError::SnapshotTooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>, JournalError> {
        if self.state.len() > MAX_SNAPSHOT_BYTES {
            return Err(JournalError::SnapshotTooLarge {
                found: self.state.len(),
                limit: MAX_SNAPSHOT_BYTES,
            });
        }
        let mut out = Vec::with_capacity(HEADER_BYTES + self.state.len() + HASH_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.record_hash.0);
        out.extend_from_slice(&self.state_hash.0);
        out.extend_from_slice(&(self.state.len() as u64).to_le_bytes());
        out.extend_from_slice(&self.state);
        let hash = Hash::of(&out);
        out.extend_from_slice(&hash.0);
        Ok(out)
    }

    /// Reads the snapshot stored under `sequence`.
    ///
    /// # Errors
    /// [`JournalError::CorruptSnapshot`], naming the snapshot and the field.
    pub fn decode(sequence: u64, bytes: &[u8]) -> Result<Self, JournalError> {
        let corrupt = |field, expected: String, found: String| JournalError::CorruptSnapshot {
            sequence,
            field,
            expected,
            found,
        };
        let Some((covered, stored)) = bytes.split_last_chunk::<HASH_BYTES>() else {
            let expected = format!("at least {} bytes", HEADER_BYTES + HASH_BYTES);
            return Err(corrupt("length", expected, bytes.len().to_string()));
        };
        let mut fields = Fields(covered);
        let (Some(magic), Some(version)) = (fields.take::<4>(), fields.take::<2>()) else {
            let expected = format!("at least {} bytes", HEADER_BYTES + HASH_BYTES);
            return Err(corrupt("length", expected, bytes.len().to_string()));
        };
        if magic != MAGIC {
            let (expected, found) = (MAGIC.escape_ascii(), magic.escape_ascii());
            return Err(corrupt("magic", expected.to_string(), found.to_string()));
        }
        let version = u16::from_le_bytes(version);
        if version != SNAPSHOT_VERSION {
            let expected = SNAPSHOT_VERSION.to_string();
            return Err(corrupt("version", expected, version.to_string()));
        }
        let hash = Hash::of(covered);
        if hash != Hash(*stored) {
            return Err(corrupt("hash", hash.to_string(), Hash(*stored).to_string()));
        }
        let (Some(written), Some(record_hash), Some(state_hash), Some(length)) = (
            fields.take::<8>().map(u64::from_le_bytes),
            fields.take::<32>(),
            fields.take::<32>(),
            fields.take::<8>().map(u64::from_le_bytes),
        ) else {
            let expected = format!("at least {} bytes", HEADER_BYTES + HASH_BYTES);
            return Err(corrupt("length", expected, bytes.len().to_string()));
        };
        if written != sequence {
            let (expected, found) = (sequence.to_string(), written.to_string());
            return Err(corrupt("sequence", expected, found));
        }
        let state = fields.0;
        if length != state.len() as u64 {
            let found = state.len().to_string();
            return Err(corrupt("state length", length.to_string(), found));
        }
        Ok(Self {
            sequence,
            record_hash: Hash(record_hash),
            state_hash: Hash(state_hash),
            state: state.to_vec(),
        })
    }
}

/// What is left to read.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }
}

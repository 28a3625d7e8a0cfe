//! The envelope: the bytes of one record. What is inside the payload is the codec's business; the
//! `kind` number says how to read it.
//!
//! All integers are little-endian. Times are milliseconds since 1970 (UTC).
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 4 | magic, `PLMJ` |
//! | 4 | 2 | format version, `u16`: 1 |
//! | 6 | 2 | kind, `u16`: what the payload is; a number is never given a second meaning |
//! | 8 | 8 | sequence, `u64`: 1, 2, 3, ... without gaps |
//! | 16 | 8 | time, `i64` ms: never before the previous record's |
//! | 24 | 2 | venue, `u16` |
//! | 26 | 32 | previous hash: the record hash of the record before |
//! | 58 | 4 | payload length n, `u32` |
//! | 62 | n | payload |
//! | 62 + n | 4 | CRC-32 (IEEE) of the bytes 0 to 62 + n |
//!
//! The **record hash** is BLAKE3 over the same bytes 0 to 62 + n. It is not stored in its own
//! record: the next record carries it as its previous hash, and the head of the chain is what a
//! snapshot and a report quote. The checksum is left out of the hash because it is computed from
//! the hashed bytes and so adds nothing. The first record's previous hash is the **genesis hash**,
//! BLAKE3 of the ASCII text `plimsoll journal genesis v1`; there is no other header to hash: what
//! a run was configured with is itself a record.
//!
//! The checksum finds accidents, in the last record too. The chain finds edits that repair the
//! checksum, in every record that has a successor; for the last one, compare the head with a copy
//! kept elsewhere.
//!
//! Invariant: this layout never changes. A later one gets a later version number, and this one is
//! still read; `tests/format.rs` keeps its bytes. Every version begins with the magic and its
//! number and ends with the checksum of all before, so that a newer record is told from a damaged
//! one.

use std::fmt;

use plimsoll_units::{Timestamp, VenueId};

use crate::error::{Corruption, Field, JournalError};

/// The newest envelope layout this build writes and reads.
pub const FORMAT_VERSION: u16 = 1;
/// The four bytes every record begins with.
pub const MAGIC: [u8; 4] = *b"PLMJ";
/// Bytes before the payload.
pub const HEADER_BYTES: usize = 62;
/// Bytes of a record besides its payload.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + CHECKSUM_BYTES;
/// The largest payload the format holds.
pub const MAX_PAYLOAD_BYTES: usize = 16 << 20;

const CHECKSUM_BYTES: usize = 4;
const GENESIS_TEXT: &[u8] = b"plimsoll journal genesis v1";

const VERSION_AT: usize = 4;
const KIND_AT: usize = 6;
const SEQUENCE_AT: usize = 8;
const TIME_AT: usize = 16;
const VENUE_AT: usize = 24;
const PREVIOUS_AT: usize = 26;
const LENGTH_AT: usize = 58;

/// A BLAKE3 hash: of a record, or of a state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first record of every journal carries as its previous hash.
    #[must_use]
    pub fn genesis() -> Self {
        Self::of(GENESIS_TEXT)
    }

    /// BLAKE3 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for Hash {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The end of a chain: what the next record must follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last record's sequence; 0 when there is none yet.
    pub sequence: u64,
    /// The last record's hash; the genesis hash when there is none yet.
    pub hash: Hash,
    /// The last record's time; the beginning of time when there is none yet.
    pub time: Timestamp,
}

impl Head {
    /// The head of an empty journal.
    #[must_use]
    pub fn genesis() -> Self {
        Self {
            sequence: 0,
            hash: Hash::genesis(),
            time: Timestamp(i64::MIN),
        }
    }

    /// The sequence of the record that follows. At a million records a second `u64` lasts half a
    /// million years, so the last number is never reached.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.sequence.saturating_add(1)
    }
}

/// One record, read and found whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// 1, 2, 3, ...
    pub sequence: u64,
    /// What the payload is.
    pub kind: u16,
    /// When the command was given.
    pub time: Timestamp,
    /// The venue it is for.
    pub venue: VenueId,
    /// The hash of the record before.
    pub previous: Hash,
    /// This record's hash.
    pub hash: Hash,
    /// The command's bytes.
    pub payload: &'a [u8],
}

impl Record<'_> {
    /// The head of a chain that ends with this record.
    #[must_use]
    pub const fn head(&self) -> Head {
        Head {
            sequence: self.sequence,
            hash: self.hash,
            time: self.time,
        }
    }
}

/// What the writer of a record decides; sequence and previous hash come from the chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) kind: u16,
    pub(crate) time: Timestamp,
    pub(crate) venue: VenueId,
    pub(crate) payload: &'a [u8],
}

/// Writes the record that follows `head` at the end of `into`; returns the new head. The caller
/// has checked the payload's length and the time.
pub(crate) fn encode(head: &Head, content: &Content<'_>, into: &mut Vec<u8>) -> Head {
    debug_assert!(content.payload.len() <= MAX_PAYLOAD_BYTES);
    let start = into.len();
    let sequence = head.next();
    let length = u32::try_from(content.payload.len()).unwrap_or(u32::MAX);
    into.reserve(OVERHEAD_BYTES + content.payload.len());
    into.extend_from_slice(&MAGIC);
    into.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    into.extend_from_slice(&content.kind.to_le_bytes());
    into.extend_from_slice(&sequence.to_le_bytes());
    into.extend_from_slice(&content.time.0.to_le_bytes());
    into.extend_from_slice(&content.venue.0.to_le_bytes());
    into.extend_from_slice(&head.hash.0);
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(content.payload);
    let hash = Hash::of(&into[start..]);
    let checksum = crc32fast::hash(&into[start..]);
    into.extend_from_slice(&checksum.to_le_bytes());
    Head {
        sequence,
        hash,
        time: content.time,
    }
}

/// Reads the record stored as number `sequence` by itself: everything but its place in the chain.
///
/// # Errors
/// [`JournalError::UnknownVersion`] or [`JournalError::Corrupt`], naming the record and the field.
pub fn decode(sequence: u64, bytes: &[u8]) -> Result<Record<'_>, JournalError> {
    let corrupt = |field, expected: String, found: String| {
        JournalError::Corrupt(Corruption::new(sequence, field, expected, found))
    };
    if bytes.len() < OVERHEAD_BYTES {
        let expected = format!("at least {OVERHEAD_BYTES} bytes");
        return Err(corrupt(Field::Length, expected, bytes.len().to_string()));
    }
    let magic: [u8; 4] = array(bytes, 0);
    if magic != MAGIC {
        let (expected, found) = (MAGIC.escape_ascii(), magic.escape_ascii());
        return Err(corrupt(
            Field::Magic,
            expected.to_string(),
            found.to_string(),
        ));
    }
    let version = u16::from_le_bytes(array(bytes, VERSION_AT));
    let announced = announced_bytes(bytes);
    if version == FORMAT_VERSION && announced != bytes.len() as u64 {
        let expected = format!("{announced} bytes by the payload length");
        return Err(corrupt(Field::Length, expected, bytes.len().to_string()));
    }
    let (covered, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
    let stored = u32::from_le_bytes(array(checksum, 0));
    let computed = crc32fast::hash(covered);
    if stored != computed {
        let (expected, found) = (format!("{computed:08x}"), format!("{stored:08x}"));
        return Err(corrupt(Field::Checksum, expected, found));
    }
    if version != FORMAT_VERSION {
        return Err(JournalError::UnknownVersion {
            sequence,
            found: version,
            newest: FORMAT_VERSION,
        });
    }
    let written = u64::from_le_bytes(array(bytes, SEQUENCE_AT));
    if written != sequence {
        let (expected, found) = (sequence.to_string(), written.to_string());
        return Err(corrupt(Field::Sequence, expected, found));
    }
    Ok(Record {
        sequence,
        kind: u16::from_le_bytes(array(bytes, KIND_AT)),
        time: Timestamp(i64::from_le_bytes(array(bytes, TIME_AT))),
        venue: VenueId(u16::from_le_bytes(array(bytes, VENUE_AT))),
        previous: Hash(array(bytes, PREVIOUS_AT)),
        hash: Hash::of(covered),
        payload: &covered[HEADER_BYTES..],
    })
}

/// Whether `record` may follow `head`: the next sequence is what it was read as, so what remains
/// is the chain and the clock.
pub(crate) fn check_follows(head: &Head, record: &Record<'_>) -> Result<(), JournalError> {
    let sequence = record.sequence;
    if record.previous != head.hash {
        let (expected, found) = (head.hash.to_string(), record.previous.to_string());
        return Err(Corruption::new(sequence, Field::PreviousHash, expected, found).into());
    }
    if record.time < head.time {
        let expected = format!("not before {} ms", head.time.0);
        let found = format!("{} ms", record.time.0);
        return Err(Corruption::new(sequence, Field::Time, expected, found).into());
    }
    Ok(())
}

/// The whole length that a header (at least [`HEADER_BYTES`] of it) announces for its record.
pub(crate) fn announced_bytes(header: &[u8]) -> u64 {
    let payload = u32::from_le_bytes(array(header, LENGTH_AT));
    u64::from(payload).saturating_add(OVERHEAD_BYTES as u64)
}

/// The sequence a header (at least [`HEADER_BYTES`] of it) claims, checked or not.
pub(crate) fn claimed_sequence(header: &[u8]) -> u64 {
    u64::from_le_bytes(array(header, SEQUENCE_AT))
}

/// The previous hash a header (at least [`HEADER_BYTES`] of it) claims, checked or not.
pub(crate) fn claimed_previous(header: &[u8]) -> Hash {
    Hash(array(header, PREVIOUS_AT))
}

/// `N` bytes from `at`; every caller has checked that they are there.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

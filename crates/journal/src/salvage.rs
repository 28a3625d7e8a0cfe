//! Finding records in a file whose structure cannot be trusted: every place that begins like a
//! record is read as one, those whose checksum holds are kept, and the chain is followed from a
//! given head through them. The chain is what makes this safe: a stale copy or a foreign record
//! does not carry the right previous hash.
//!
//! Only the index of what was found is held in memory (under 100 bytes a record).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::envelope::{
    HEADER_BYTES, Head, MAGIC, MAX_PAYLOAD_BYTES, OVERHEAD_BYTES, announced_bytes,
    claimed_previous, claimed_sequence, decode,
};

const CHUNK_BYTES: usize = 1 << 20;
/// Damaged candidates remembered, to say what is wrong with the record that is missing.
const MAX_DAMAGED: usize = 1024;

/// A record found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    offset: u64,
    bytes: usize,
    head: Head,
    previous: crate::Hash,
}

/// A place that begins like a record and does not check.
#[derive(Debug)]
struct Damaged {
    sequence: u64,
    previous: crate::Hash,
    why: String,
}

/// All that looks like records in a file.
#[derive(Debug)]
pub(crate) struct Salvage {
    file: File,
    found: BTreeMap<u64, Vec<Found>>,
    damaged: Vec<Damaged>,
}

/// Why the chain ends where it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// No record follows.
    NotFound,
    /// The record that follows is there and damaged, so.
    Damaged(String),
    /// Two different records could follow: a batch that was never acknowledged has left traces.
    Ambiguous,
}

impl Salvage {
    /// Looks through the whole file.
    pub(crate) fn scan(path: &Path) -> io::Result<Self> {
        let mut salvage = Self {
            file: File::open(path)?,
            found: BTreeMap::new(),
            damaged: Vec::new(),
        };
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut offset = 0_u64;
        loop {
            salvage.file.seek(SeekFrom::Start(offset))?;
            let filled = read_up_to(&mut salvage.file, &mut chunk)?;
            for at in places(&chunk[..filled]) {
                salvage.look_at(offset + at as u64)?;
            }
            if filled < CHUNK_BYTES {
                return Ok(salvage);
            }
            // A magic may lie across the border.
            offset += (CHUNK_BYTES - (MAGIC.len() - 1)) as u64;
        }
    }

    /// Whether anything in the file is a whole record.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The highest sequence of any whole record in the file, chained or not.
    pub(crate) fn highest(&self) -> u64 {
        self.found.keys().next_back().copied().unwrap_or(0)
    }

    /// Follows the chain from `head` as far as it goes, giving each record's bytes to `visit`.
    pub(crate) fn follow<E: From<io::Error>>(
        &mut self,
        mut head: Head,
        mut visit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(Head, End), E> {
        let mut bytes = Vec::new();
        loop {
            let next = match self.successor(&head) {
                Ok(next) => next,
                Err(end) => return Ok((head, end)),
            };
            self.read_at(next.offset, next.bytes, &mut bytes)?;
            visit(&bytes)?;
            head = next.head;
        }
    }

    fn successor(&self, head: &Head) -> Result<Found, End> {
        let follows = |found: &&Found| found.previous == head.hash && found.head.time >= head.time;
        let mut candidates = self
            .found
            .get(&head.next())
            .into_iter()
            .flatten()
            .filter(follows);
        match (candidates.next(), candidates.next()) {
            (Some(only), None) => Ok(*only),
            (Some(_), Some(_)) => Err(End::Ambiguous),
            (None, _) => Err(self
                .damaged
                .iter()
                .find(|damaged| damaged.sequence == head.next() && damaged.previous == head.hash)
                .map_or(End::NotFound, |damaged| End::Damaged(damaged.why.clone()))),
        }
    }

    /// Reads the place as a record and files what it is.
    fn look_at(&mut self, offset: u64) -> io::Result<()> {
        let mut bytes = Vec::new();
        self.read_at(offset, HEADER_BYTES, &mut bytes)?;
        if bytes.len() < HEADER_BYTES {
            return Ok(());
        }
        let (sequence, previous) = (claimed_sequence(&bytes), claimed_previous(&bytes));
        let length = usize::try_from(announced_bytes(&bytes)).unwrap_or(usize::MAX);
        if length > MAX_PAYLOAD_BYTES + OVERHEAD_BYTES {
            let why = format!("its payload length makes it {length} bytes long");
            self.note_damaged(sequence, previous, why);
            return Ok(());
        }
        self.read_at(offset, length, &mut bytes)?;
        let found = match decode(sequence, &bytes) {
            Ok(record) => Found {
                offset,
                bytes: length,
                head: record.head(),
                previous: record.previous,
            },
            Err(error) => {
                self.note_damaged(sequence, previous, error.to_string());
                return Ok(());
            }
        };
        let same = self.found.entry(sequence).or_default();
        if !same.iter().any(|other| other.head == found.head) {
            same.push(found);
        }
        Ok(())
    }

    fn note_damaged(&mut self, sequence: u64, previous: crate::Hash, why: String) {
        if self.damaged.len() < MAX_DAMAGED {
            self.damaged.push(Damaged {
                sequence,
                previous,
                why,
            });
        }
    }

    /// Fills `into` with up to `bytes` bytes from `offset`; fewer at the end of the file.
    fn read_at(&mut self, offset: u64, bytes: usize, into: &mut Vec<u8>) -> io::Result<()> {
        into.resize(bytes, 0);
        self.file.seek(SeekFrom::Start(offset))?;
        let filled = read_up_to(&mut self.file, into)?;
        into.truncate(filled);
        Ok(())
    }
}

/// Where in `chunk` a record may begin.
fn places(chunk: &[u8]) -> impl Iterator<Item = usize> {
    chunk
        .windows(MAGIC.len())
        .enumerate()
        .filter(|(_, window)| *window == MAGIC)
        .map(|(at, _)| at)
}

fn read_up_to(file: &mut File, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

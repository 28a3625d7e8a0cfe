//! What can be told from a file before redb opens it: whether it is one of redb's at all, and
//! whether the switch between its two commit slots can be believed.
//!
//! redb keeps the last two commits in two slots and one byte of flags that says which is in force
//! (its `docs/design.md`; the layout is fixed in version 3 of its format). That byte has no
//! checksum: one flipped bit would quietly bring back the commit before. All our commits are
//! two-phase, which pins down what the byte may say.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// How every redb file begins.
const REDB_MAGIC: [u8; 9] = *b"redb\x1a\x0a\xa9\x0d\x0a";
const HEADER_BYTES: usize = 320;
/// The byte of flags.
pub(super) const FLAGS_AT: u64 = 9;
/// Which slot is in force.
pub(super) const SLOT_FLAG: u8 = 1;
const UNCLEAN_FLAG: u8 = 2;
const TWO_PHASE_FLAG: u8 = 4;
const SLOTS_AT: [usize; 2] = [64, 192];
/// The commit's number, inside its slot.
const TRANSACTION_AT: usize = 104;

/// What a file looks like from its first bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Looks {
    /// Like a journal; redb can say more.
    Plausible {
        /// The slot that is not in force holds the newer commit. That is a commit of which the
        /// last step is missing, or a flipped flag: it is worth trying.
        newer_slot: bool,
    },
    /// Like a redb file whose header is damaged.
    Damaged(String),
    /// Like something else.
    Foreign(String),
}

pub(super) fn look(path: &Path) -> io::Result<Looks> {
    if std::fs::metadata(path)?.is_dir() {
        return Ok(Looks::Foreign("it is a directory".to_owned()));
    }
    let mut header = Vec::new();
    File::open(path)?
        .take(HEADER_BYTES as u64)
        .read_to_end(&mut header)?;
    Ok(look_at(&header))
}

fn look_at(header: &[u8]) -> Looks {
    if header.is_empty() {
        return Looks::Foreign("it is empty".to_owned());
    }
    if !header.starts_with(&REDB_MAGIC) {
        let first = &header[..header.len().min(REDB_MAGIC.len())];
        return Looks::Foreign(format!("it begins with {}", first.escape_ascii()));
    }
    let (Some(flags), Some(slots)) = (header.get(FLAGS_AT as usize), transactions(header)) else {
        return Looks::Damaged(format!("it ends after {} bytes", header.len()));
    };
    if flags & !(SLOT_FLAG | UNCLEAN_FLAG | TWO_PHASE_FLAG) != 0 || flags & TWO_PHASE_FLAG == 0 {
        return Looks::Damaged(format!("its header's flags are {flags:#04x}"));
    }
    let in_force = usize::from(flags & SLOT_FLAG);
    Looks::Plausible {
        newer_slot: slots[1 - in_force] > slots[in_force],
    }
}

fn transactions(header: &[u8]) -> Option<[u64; 2]> {
    let at = |slot: usize| {
        let bytes = header.get(slot + TRANSACTION_AT..)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*bytes))
    };
    Some([at(SLOTS_AT[0])?, at(SLOTS_AT[1])?])
}

/// Completes the last step of a commit: makes the header name it.
pub(super) fn name_other_slot(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut flags = [0];
    file.seek(SeekFrom::Start(FLAGS_AT))?;
    file.read_exact(&mut flags)?;
    file.seek(SeekFrom::Start(FLAGS_AT))?;
    file.write_all(&[flags[0] ^ SLOT_FLAG])?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(flags: u8, transactions: [u64; 2]) -> Vec<u8> {
        let mut out = vec![0; HEADER_BYTES];
        out[..9].copy_from_slice(&REDB_MAGIC);
        out[9] = flags;
        for (slot, number) in SLOTS_AT.into_iter().zip(transactions) {
            out[slot + TRANSACTION_AT..][..8].copy_from_slice(&number.to_le_bytes());
        }
        out
    }

    #[test]
    fn the_flags_and_the_commit_numbers_must_agree() {
        let plausible = |newer_slot| Looks::Plausible { newer_slot };
        let damaged = |text: &str| Looks::Damaged(text.to_owned());
        for (flags, transactions, expected) in [
            (0b100, [7, 6], plausible(false)),
            (0b101, [6, 7], plausible(false)),
            (0b110, [7, 6], plausible(false)),
            (0b110, [6, 7], plausible(true)),
            (0b101, [7, 6], plausible(true)),
            (0b100, [0, 0], plausible(false)),
            (0b001, [6, 7], damaged("its header's flags are 0x01")),
            (0b1100, [7, 6], damaged("its header's flags are 0x0c")),
        ] {
            assert_eq!(look_at(&header(flags, transactions)), expected);
        }
    }
}

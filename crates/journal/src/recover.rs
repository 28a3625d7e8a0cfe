//! Keeping the valid prefix of a damaged journal. Only when an operator asks, and never in place:
//! the prefix goes into a new file, and the damaged one is kept beside it.

use std::io;
use std::path::{Path, PathBuf};

use crate::batch::{Batch, Bounds};
use crate::envelope::{Head, OVERHEAD_BYTES, Record};
use crate::error::{JournalError, Policy};
use crate::files::{beside, remove_if_there, sync_directory};
use crate::log::Log;
use crate::reader::{Reader, head_at, verify};
use crate::redb_log::RedbLog;
use crate::salvage::Salvage;

/// What recovery did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The last record of the valid prefix; all up to it are kept.
    pub kept: u64,
    /// How many records after it are lost, as far as they have left traces.
    pub dropped: u64,
    /// The latest snapshot that was kept.
    pub snapshot: Option<u64>,
    /// What was wrong; `None` when nothing was, and then nothing was changed.
    pub damage: Option<String>,
    /// Where the damaged file is now.
    pub original: Option<PathBuf>,
}

/// Recovers a journal file: finds the longest prefix of whole, chained records, also where the
/// database around them is beyond reading, and puts it in place of the file, which is kept as
/// `NAME.damaged`. A file that verifies is left as it is.
///
/// Records that were written and never acknowledged may be among those kept, as after any crash.
///
/// # Errors
/// When the file is not a journal, is in use, is of an unknown version, or the new file cannot be
/// written; the damaged file is then where it was.
pub fn recover_file(path: impl AsRef<Path>) -> Result<Recovered, JournalError> {
    let path = path.as_ref();
    let (source, damage) = match open_and_verify(path) {
        (Some(log), Ok(head)) => {
            return Ok(Recovered {
                kept: head.sequence,
                dropped: 0,
                snapshot: log.snapshot_at_or_before(u64::MAX)?.map(|s| s.sequence),
                damage: None,
                original: None,
            });
        }
        (source, Err(damage)) if damage.policy() == Policy::Corrupt => (source, damage),
        (_, Err(error)) => return Err(error),
        (None, Ok(_)) => return Err(JournalError::Closed),
    };
    let failed = |source| failed(path, source);
    let fresh_path = beside(path, "recovering");
    remove_if_there(&fresh_path).map_err(failed)?;
    let mut fresh = RedbLog::create(&fresh_path)?;

    let mut head = Head::genesis();
    let mut seen = 0;
    if let Some(source) = &source {
        (head, _) = recover_into(source, &mut fresh)?;
        seen = plausible_last(path, source).map_err(failed)?;
    }
    let mut salvage = Salvage::scan(path).map_err(failed)?;
    seen = seen.max(salvage.highest());
    head = extend(path, &mut salvage, head, &mut fresh)?;
    let snapshot = match &source {
        Some(source) => copy_snapshot(source, head, &mut fresh)?,
        None => None,
    };
    fresh.close()?;
    drop(source);

    let original = free_name(path).map_err(failed)?;
    std::fs::rename(path, &original).map_err(failed)?;
    std::fs::rename(&fresh_path, path).map_err(failed)?;
    sync_directory(path).map_err(failed)?;
    Ok(Recovered {
        kept: head.sequence,
        dropped: seen.saturating_sub(head.sequence),
        snapshot,
        damage: Some(damage.to_string()),
        original: Some(original),
    })
}

/// Copies the valid prefix of `source` to `target`, an empty log ready for appends. Returns the
/// head of what was copied and what stopped it.
///
/// # Errors
/// When `target` cannot take it, or `source` is of an unknown version.
pub fn recover_into(
    source: &dyn Log,
    target: &mut dyn Log,
) -> Result<(Head, Option<JournalError>), JournalError> {
    let mut reader = Reader::new(source);
    let mut copy = Copy::to(target, Head::genesis());
    let end = loop {
        match reader.next_record() {
            Ok(Some(_)) => copy.push(reader.bytes())?,
            Ok(None) => break None,
            Err(error) if error.policy() == Policy::Corrupt => break Some(error),
            Err(error) => return Err(error),
        }
    };
    copy.flush()?;
    Ok((reader.head(), end))
}

/// Appends to a log in batches.
struct Copy<'l> {
    target: &'l mut dyn Log,
    batch: Batch,
    bounds: Bounds,
}

impl<'l> Copy<'l> {
    fn to(target: &'l mut dyn Log, head: Head) -> Self {
        Self {
            target,
            batch: Batch::starting_at(head.next()),
            bounds: Bounds::default(),
        }
    }

    fn push(&mut self, record: &[u8]) -> Result<(), JournalError> {
        if !self.bounds.admits(&self.batch, record.len()) {
            self.flush()?;
        }
        self.batch.push(record);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        self.target.append(&self.batch)?;
        self.batch.restart(self.batch.next());
        Ok(())
    }
}

/// Why following the chain stopped short.
enum Followed {
    Source(io::Error),
    Target(JournalError),
}

impl From<io::Error> for Followed {
    fn from(error: io::Error) -> Self {
        Self::Source(error)
    }
}

/// Follows the chain beyond `head` through whatever is left in the file.
fn extend(
    path: &Path,
    salvage: &mut Salvage,
    head: Head,
    target: &mut dyn Log,
) -> Result<Head, JournalError> {
    let mut copy = Copy::to(target, head);
    let followed = salvage.follow(head, |record| copy.push(record).map_err(Followed::Target));
    match followed {
        Ok((head, _)) => copy.flush().map(|()| head),
        Err(Followed::Target(error)) => Err(error),
        Err(Followed::Source(source)) => Err(failed(path, source)),
    }
}

/// The latest snapshot that is whole and of the kept history.
fn copy_snapshot(
    source: &dyn Log,
    head: Head,
    target: &mut dyn Log,
) -> Result<Option<u64>, JournalError> {
    let mut before = head.sequence;
    loop {
        match source.snapshot_at_or_before(before) {
            Ok(None) => return Ok(None),
            Ok(Some(snapshot))
                if head_at(target, snapshot.sequence)?.hash == snapshot.record_hash =>
            {
                target.store_snapshot(&snapshot)?;
                return Ok(Some(snapshot.sequence));
            }
            Ok(Some(snapshot)) => before = snapshot.sequence,
            Err(JournalError::CorruptSnapshot { sequence, .. }) => before = sequence,
            Err(error) => return Err(error),
        }
        match before.checked_sub(1) {
            Some(earlier) => before = earlier,
            None => return Ok(None),
        }
    }
}

/// Opens the file for checking and checks it. The log is there when it could be opened.
fn open_and_verify(path: &Path) -> (Option<RedbLog>, Result<Head, JournalError>) {
    match RedbLog::open(path) {
        Ok(mut log) => {
            let verified = verify(&mut log, |_: &Record<'_>| Ok::<(), JournalError>(()));
            (Some(log), verified)
        }
        Err(error) => (None, Err(error)),
    }
}

/// The last record by the log's own count, unless damage made that a number no file of this size
/// can hold.
fn plausible_last(path: &Path, log: &RedbLog) -> io::Result<u64> {
    let most = std::fs::metadata(path)?.len() / OVERHEAD_BYTES as u64;
    Ok(if log.last() <= most { log.last() } else { 0 })
}

/// A name for the damaged file that nothing has yet.
fn free_name(path: &Path) -> io::Result<PathBuf> {
    let mut name = beside(path, "damaged");
    let mut number = 2;
    while name.try_exists()? {
        name = beside(path, &format!("damaged-{number}"));
        number += 1;
    }
    Ok(name)
}

fn failed(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io {
        operation: "recover",
        path: path.to_owned(),
        source,
    }
}

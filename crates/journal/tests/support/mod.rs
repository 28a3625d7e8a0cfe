//! What the tests share: a small journal with known contents.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::{Path, PathBuf};

use plimsoll_journal::{Bounds, Hash, Journal, JournalError, Log, MemoryLog, RedbLog, verify};
use plimsoll_units::{Timestamp, VenueId};

/// The payload of record `sequence`: tells its number, and varies in length.
pub(crate) fn payload(sequence: u64) -> Vec<u8> {
    let mut out = format!("payload of record {sequence} ").into_bytes();
    out.resize(out.len() + (sequence * 13 % 150) as usize, b'.');
    out
}

/// Opens `log` and appends records up to `last`, committing every `batch`.
pub(crate) fn fill<L: Log>(log: L, last: u64, batch: u64) -> Journal<L> {
    let mut journal = Journal::open(log, Bounds::default()).unwrap();
    for sequence in journal.durable() + 1..=last {
        let time = Timestamp(1_760_000_000_000 + sequence as i64);
        let kind = (sequence % 5) as u16;
        journal
            .append(kind, time, VenueId(2), &payload(sequence))
            .unwrap();
        if sequence % batch == 0 {
            journal.commit().unwrap();
        }
    }
    journal.commit().unwrap();
    journal
}

/// A journal file of `last` records with a snapshot in the middle, closed in good order.
pub(crate) fn closed_file(directory: &Path, last: u64) -> PathBuf {
    let path = directory.join("a.journal");
    let mut journal = fill(RedbLog::create(&path).unwrap(), last / 2, 10);
    journal
        .store_snapshot(Hash::of(b"state"), vec![7; 900])
        .unwrap();
    let journal = fill(journal.into_log(), last, 10);
    drop(journal.close().unwrap());
    path
}

/// The same as a process that was killed leaves it: its bytes while it is still being written.
pub(crate) fn killed_file(directory: &Path, last: u64) -> PathBuf {
    let path = directory.join("live.journal");
    let journal = fill(RedbLog::create(&path).unwrap(), last, 10);
    let copy = directory.join("killed.journal");
    std::fs::copy(&path, &copy).unwrap();
    drop(journal);
    copy
}

pub(crate) fn memory(last: u64) -> MemoryLog {
    fill(MemoryLog::new(), last, 10).close().unwrap().reopen()
}

/// Checks all of `log`: the first error, or how many records there are. Every record that is read
/// must be the right one.
pub(crate) fn check(log: &mut dyn Log) -> Result<u64, JournalError> {
    verify(log, |record| {
        assert_eq!(record.payload, payload(record.sequence));
        Ok::<(), JournalError>(())
    })
    .map(|head| head.sequence)
}

pub(crate) fn check_file(path: &Path) -> Result<u64, JournalError> {
    check(&mut RedbLog::open(path)?)
}

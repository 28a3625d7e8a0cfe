//! The conformance suite: what every [`Log`] must do, as a program. Whoever writes a backend runs
//! it from a test:
//!
//! ```
//! use plimsoll_journal::{MemoryLog, suite};
//!
//! struct Memory;
//! impl suite::Harness for Memory {
//!     type Log = MemoryLog;
//!     fn fresh(&mut self) -> MemoryLog {
//!         MemoryLog::new()
//!     }
//!     fn reopen(&mut self, log: MemoryLog) -> MemoryLog {
//!         log.reopen()
//!     }
//! }
//! suite::run(&mut Memory);
//! ```
//!
//! A broken promise is a panic that says which.

use plimsoll_units::{Timestamp, VenueId};

use crate::batch::{Batch, Bounds};
use crate::envelope::{Hash, Record};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::log::Log;
use crate::reader::verify;
use crate::snapshot::Snapshot;

/// How the suite gets its logs.
pub trait Harness {
    /// The backend.
    type Log: Log;
    /// A new, empty log, ready for appends, independent of all others.
    fn fresh(&mut self) -> Self::Log;
    /// The same log opened again as after a restart, ready for appends. `log` may be closed or
    /// not.
    fn reopen(&mut self, log: Self::Log) -> Self::Log;
}

/// Runs every check.
///
/// # Panics
/// When the backend breaks a promise.
pub fn run<H: Harness>(harness: &mut H) {
    for check in [
        an_empty_log_reads_as_empty::<H>,
        what_was_appended_is_read_back::<H>,
        reading_respects_the_bounds::<H>,
        a_batch_out_of_order_is_refused::<H>,
        appends_survive_closing_and_reopening::<H>,
        appends_survive_without_closing::<H>,
        a_closed_log_refuses_everything::<H>,
        snapshots_are_found_at_or_before::<H>,
        snapshots_survive_reopening::<H>,
        a_snapshot_beyond_the_end_is_refused::<H>,
        a_journal_works_on_it::<H>,
    ] {
        check(harness);
    }
}

/// Record `sequence` of the suite: its length and bytes vary with the number.
fn record(sequence: u64) -> Vec<u8> {
    let length = usize::try_from(sequence * 37 % 301).expect("below 301");
    let mut out = sequence.to_le_bytes().to_vec();
    out.resize(8 + length, sequence.to_le_bytes()[0]);
    out
}

fn batch(first: u64, count: u64) -> Batch {
    let mut batch = Batch::starting_at(first);
    (first..first + count).for_each(|sequence| batch.push(&record(sequence)));
    batch
}

/// A log of records 1 to `last`, appended in batches of growing size.
fn filled<H: Harness>(harness: &mut H, last: u64) -> H::Log {
    let mut log = harness.fresh();
    let (mut next, mut size) = (1, 1);
    while next <= last {
        let count = size.min(last - next + 1);
        log.append(&batch(next, count)).expect("append");
        (next, size) = (next + count, size + 3);
    }
    log
}

/// All records from `from` on must be the suite's, up to `last`.
fn check_contents(log: &dyn Log, from: u64, last: u64) {
    assert_eq!(log.last(), last, "the last record");
    let (mut next, mut into) = (from, Batch::default());
    loop {
        log.read(next, &Bounds::default(), &mut into).expect("read");
        if into.is_empty() {
            break;
        }
        for (sequence, bytes) in into.iter() {
            assert_eq!(sequence, next, "records are consecutive");
            assert_eq!(bytes, record(sequence), "record {sequence}");
            next += 1;
        }
    }
    assert_eq!(
        next,
        last.max(from - 1) + 1,
        "reading ends after the last record"
    );
}

fn an_empty_log_reads_as_empty<H: Harness>(harness: &mut H) {
    let mut log = harness.fresh();
    check_contents(&log, 1, 0);
    assert_eq!(log.snapshot_at_or_before(u64::MAX).expect("snapshot"), None);
    log.append(&Batch::starting_at(1)).expect("an empty batch");
    check_contents(&log, 1, 0);
    let log = harness.reopen(log);
    check_contents(&log, 1, 0);
}

fn what_was_appended_is_read_back<H: Harness>(harness: &mut H) {
    let log = filled(harness, 200);
    for from in [1, 2, 100, 199, 200, 201, 5000] {
        check_contents_from(&log, from, 200);
    }
}

fn check_contents_from(log: &dyn Log, from: u64, last: u64) {
    if from <= last {
        return check_contents(log, from, last);
    }
    let mut into = batch(1, 3);
    log.read(from, &Bounds::default(), &mut into).expect("read");
    assert!(into.is_empty(), "nothing is read beyond the last record");
}

fn reading_respects_the_bounds<H: Harness>(harness: &mut H) {
    let log = filled(harness, 50);
    for (records, bytes) in [
        (1, usize::MAX),
        (7, usize::MAX),
        (50, 1),
        (50, 700),
        (3, 900),
    ] {
        let bounds = Bounds {
            records,
            bytes,
            payload_bytes: usize::MAX,
        };
        let (mut next, mut into) = (1, Batch::default());
        while next <= 50 {
            log.read(next, &bounds, &mut into).expect("read");
            assert!(!into.is_empty(), "at least one record is read");
            assert!(into.len() <= records, "at most {records} records");
            assert!(
                into.len() == 1 || into.bytes().len() <= bytes,
                "at most {bytes} bytes, or one record"
            );
            next = into.next();
        }
    }
}

fn a_batch_out_of_order_is_refused<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 10);
    for first in [1, 10, 12] {
        let refused = log.append(&batch(first, 2));
        assert!(
            matches!(refused, Err(JournalError::OutOfOrder { expected: 11, found }) if found == first),
            "a batch from record {first}: {refused:?}"
        );
    }
    check_contents(&log, 1, 10);
    log.append(&batch(11, 2))
        .expect("the right batch is taken after a refusal");
    check_contents(&log, 1, 12);
}

fn appends_survive_closing_and_reopening<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 40);
    log.close().expect("close");
    let mut log = harness.reopen(log);
    check_contents(&log, 1, 40);
    log.append(&batch(41, 5)).expect("append");
    log.close().expect("close");
    let log = harness.reopen(log);
    check_contents(&log, 1, 45);
}

fn appends_survive_without_closing<H: Harness>(harness: &mut H) {
    let log = filled(harness, 40);
    let log = harness.reopen(log);
    check_contents(&log, 1, 40);
}

fn a_closed_log_refuses_everything<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 4);
    log.close().expect("close");
    log.close().expect("closing again");
    let mut into = Batch::default();
    for refused in [
        log.append(&batch(5, 1)),
        log.read(1, &Bounds::default(), &mut into),
        log.store_snapshot(&snapshot(1, 10)),
        log.drop_snapshots_before(1),
        log.snapshot_at_or_before(1).map(drop),
    ] {
        assert!(matches!(refused, Err(JournalError::Closed)), "{refused:?}");
    }
}

fn snapshot(sequence: u64, bytes: usize) -> Snapshot {
    Snapshot {
        sequence,
        record_hash: Hash::of(&sequence.to_le_bytes()),
        state_hash: Hash::of(b"state"),
        state: vec![sequence.to_le_bytes()[0]; bytes],
    }
}

fn check_snapshots(log: &dyn Log, stored: &[Snapshot]) {
    for sequence in [0, 1, 2, 4, 5, 6, 9, 10, u64::MAX] {
        let expected = stored
            .iter()
            .rfind(|snapshot| snapshot.sequence <= sequence);
        let found = log.snapshot_at_or_before(sequence).expect("snapshot");
        assert_eq!(
            found.as_ref(),
            expected,
            "the snapshot at or before {sequence}"
        );
    }
}

fn snapshots_are_found_at_or_before<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 10);
    let stored = [
        snapshot(0, 0),
        snapshot(2, 100),
        snapshot(5, 100_000),
        snapshot(10, 1),
    ];
    for snapshot in stored.iter().rev() {
        log.store_snapshot(snapshot).expect("store");
    }
    check_snapshots(&log, &stored);

    let replaced = [
        stored[0].clone(),
        snapshot(2, 7),
        stored[2].clone(),
        stored[3].clone(),
    ];
    log.store_snapshot(&replaced[1]).expect("replace");
    check_snapshots(&log, &replaced);

    log.drop_snapshots_before(5).expect("drop");
    check_snapshots(&log, &replaced[2..]);
    check_contents(&log, 1, 10);
}

fn snapshots_survive_reopening<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 10);
    let stored = [snapshot(5, 100_000), snapshot(9, 3)];
    for snapshot in &stored {
        log.store_snapshot(snapshot).expect("store");
    }
    log.close().expect("close");
    let log = harness.reopen(log);
    check_snapshots(&log, &stored);
}

fn a_snapshot_beyond_the_end_is_refused<H: Harness>(harness: &mut H) {
    let mut log = filled(harness, 10);
    let refused = log.store_snapshot(&snapshot(11, 5));
    assert!(
        matches!(
            refused,
            Err(JournalError::SnapshotAhead {
                sequence: 11,
                durable: 10
            })
        ),
        "{refused:?}"
    );
    log.append(&batch(11, 1))
        .expect("append after a refused snapshot");
    assert_eq!(log.snapshot_at_or_before(u64::MAX).expect("snapshot"), None);
}

fn a_journal_works_on_it<H: Harness>(harness: &mut H) {
    let mut log = harness.fresh();
    for round in 0..3_u64 {
        let mut journal = Journal::open(log, Bounds::default()).expect("open");
        assert_eq!(
            journal.durable(),
            round * 20,
            "everything committed is there"
        );
        for number in 1..=20 {
            let (kind, time) = (7, Timestamp(1000 + i64::try_from(round).expect("small")));
            let payload = record(round * 20 + number);
            let sequence = journal
                .append(kind, time, VenueId(3), &payload)
                .expect("append");
            assert_eq!(sequence, round * 20 + number, "sequences count up");
        }
        assert_eq!(journal.commit().expect("commit"), round * 20 + 20);
        log = harness.reopen(journal.into_log());
    }
    let mut count = 0;
    let head = verify(&mut log, |record: &Record<'_>| {
        count += 1;
        assert_eq!(record.payload, self::record(record.sequence), "the payload");
        Ok::<(), JournalError>(())
    });
    assert_eq!((head.expect("verify").sequence, count), (60, 60));
}

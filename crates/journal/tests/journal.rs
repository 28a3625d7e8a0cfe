//! The writer: what it accepts, when it commits, and that it stops for good at the first failed
//! write without losing anything acknowledged.

mod support;

use expect_test::{Expect, expect};
use plimsoll_journal::{
    Bounds, Fault, FaultyLog, Hash, Journal, JournalError, Log, MemoryLog, Policy, RedbLog,
};
use plimsoll_units::{Timestamp, VenueId};
use proptest::prelude::*;
use support::{check, check_file, closed_file, fill, memory, payload};

fn append<L: Log>(journal: &mut Journal<L>, sequence: u64) -> Result<u64, JournalError> {
    journal.append(1, Timestamp(1), VenueId(1), &payload(sequence))
}

/// Appends records 1 to 60, committing every 4, over a log that fails after `good_writes`, and
/// restarts. What was acknowledged must be there; no more than was accepted may be.
fn check_fault<L: Log>(inner: L, good_writes: u64, fault: Fault, restart: impl Fn(L) -> L) {
    let log = FaultyLog::new(inner, good_writes, fault);
    let mut journal = Journal::open(log, Bounds::default()).unwrap();
    let mut acknowledged = 0;
    let mut accepted = 0;
    let mut failure = None;
    for sequence in 1..=60 {
        let result = append(&mut journal, sequence).and_then(|sequence| {
            accepted = sequence;
            if sequence % 4 == 0 {
                acknowledged = journal.commit()?;
            }
            Ok(())
        });
        if let Err(error) = result {
            failure = Some(error);
            break;
        }
    }
    let failure = failure.expect("the planned fault happens");
    assert!(matches!(failure, JournalError::Write { .. }), "{failure}");
    assert_eq!(failure.policy(), Policy::Halt);
    for refused in [
        append(&mut journal, 1),
        journal.commit(),
        journal.store_snapshot(Hash::of(b""), Vec::new()),
    ] {
        let refused = refused.unwrap_err();
        assert!(
            matches!(refused, JournalError::Poisoned { durable, .. } if durable == acknowledged),
            "{refused}"
        );
    }
    let mut log = restart(journal.into_log().into_inner());
    let found = check(&mut log).unwrap();
    assert!(
        (acknowledged..=accepted).contains(&found),
        "{fault:?} after {good_writes} writes: acknowledged {acknowledged}, found {found}"
    );
    let expected = match fault {
        Fault::Refused => acknowledged,
        Fault::Torn { kept } => acknowledged + kept as u64,
        Fault::AnswerLost => accepted,
    };
    assert_eq!(found, expected, "{fault:?}");
    assert_eq!(
        fill(log, 80, 10).durable(),
        80,
        "after a restart it goes on"
    );
}

#[test]
fn a_failed_write_stops_the_journal_and_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = 0;
    for fault in [
        Fault::Refused,
        Fault::AnswerLost,
        Fault::Torn { kept: 0 },
        Fault::Torn { kept: 1 },
        Fault::Torn { kept: 3 },
    ] {
        for good_writes in [0, 1, 5] {
            check_fault(MemoryLog::new(), good_writes, fault, MemoryLog::reopen);
            files += 1;
            let path = directory.path().join(files.to_string());
            let log = RedbLog::create(&path).unwrap();
            check_fault(log, good_writes, fault, |log| {
                drop(log);
                RedbLog::open(&path).unwrap()
            });
        }
    }
}

#[test]
fn a_failed_snapshot_stops_the_journal_and_keeps_the_records() {
    let log = FaultyLog::new(MemoryLog::new(), 1, Fault::Refused);
    let mut journal = Journal::open(log, Bounds::default()).unwrap();
    append(&mut journal, 1).unwrap();
    let error = journal
        .store_snapshot(Hash::of(b"state"), vec![1])
        .unwrap_err();
    assert_eq!(error.policy(), Policy::Halt);
    assert!(matches!(
        append(&mut journal, 2),
        Err(JournalError::Poisoned { durable: 1, .. })
    ));
    let mut log = journal.into_log().into_inner();
    assert_eq!(check(&mut log).unwrap(), 1);
    assert_eq!(log.snapshot_at_or_before(1).unwrap(), None);
}

fn check_refused(result: Result<u64, JournalError>, expect: &Expect) {
    let error = result.unwrap_err();
    assert_eq!(error.policy(), Policy::Refuse);
    expect.assert_eq(&error.to_string());
}

#[test]
fn a_refused_record_changes_nothing() {
    let bounds = Bounds {
        payload_bytes: 100,
        ..Bounds::default()
    };
    let mut journal = Journal::open(MemoryLog::new(), bounds).unwrap();
    let mut give = |time, bytes: usize| {
        let before = journal.head();
        let result = journal.append(1, Timestamp(time), VenueId(1), &vec![0; bytes]);
        if result.is_err() {
            assert_eq!(journal.head(), before);
        }
        result
    };
    assert_eq!(give(-5, 100).unwrap(), 1);
    let expect = expect!["record 2: payload of 101 bytes, at most 100 are allowed"];
    check_refused(give(0, 101), &expect);
    let expect = expect!["record 2: time -6 ms is before the last record's -5 ms"];
    check_refused(give(-6, 1), &expect);
    assert_eq!(
        give(-5, 0).unwrap(),
        2,
        "the same time again is no step back"
    );
    assert_eq!(journal.commit().unwrap(), 2);

    let unbounded = Bounds {
        payload_bytes: usize::MAX,
        ..bounds
    };
    let mut journal = Journal::open(MemoryLog::new(), unbounded).unwrap();
    let result = journal.append(1, Timestamp(0), VenueId(1), &vec![0; (16 << 20) + 1]);
    let expect = expect!["record 1: payload of 16777217 bytes, at most 16777216 are allowed"];
    check_refused(result, &expect);
}

#[test]
fn a_full_batch_is_committed_and_nothing_is_dropped() {
    for (records, bytes, durable_after_ten) in [
        (3, usize::MAX, 9),
        (10, usize::MAX, 0),
        (usize::MAX, 0, 9),
        (usize::MAX, 66 * 4, 8),
    ] {
        let bounds = Bounds {
            records,
            bytes,
            payload_bytes: 10,
        };
        let mut journal = Journal::open(MemoryLog::new(), bounds).unwrap();
        for sequence in 1..=10 {
            assert_eq!(
                journal.append(1, Timestamp(0), VenueId(1), b"").unwrap(),
                sequence
            );
        }
        assert_eq!(journal.durable(), durable_after_ten, "{bounds:?}");
        assert_eq!(journal.pending() as u64, 10 - durable_after_ten);
        assert_eq!(journal.commit().unwrap(), 10);
        assert_eq!((journal.durable(), journal.pending()), (10, 0));
        assert_eq!(journal.commit().unwrap(), 10, "committing nothing");
    }
}

#[test]
fn a_reader_starts_anywhere_and_ends_at_the_last_record() {
    let journal = fill(memory(25), 25, 10);
    for from in [0, 1, 2, 13, 25] {
        let mut reader = journal.reader(from).unwrap();
        let mut expected = from.max(1);
        while let Some(record) = reader.next_record().unwrap() {
            assert_eq!(
                (record.sequence, record.payload),
                (expected, &payload(expected)[..])
            );
            expected += 1;
        }
        assert_eq!(expected, 26);
        assert_eq!(reader.head(), journal.head());
    }
    for beyond in [26, 27, u64::MAX] {
        let mut reader = journal.reader(beyond).unwrap();
        assert_eq!(reader.next_record().unwrap(), None);
    }
}

#[test]
fn opening_after_a_snapshot_reads_only_what_follows_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = closed_file(directory.path(), 50);
    let open = || RedbLog::open(&path).unwrap();
    let mut snapshot = open().snapshot_at_or_before(u64::MAX).unwrap().unwrap();
    assert_eq!(snapshot.sequence, 25);
    let mut seen = Vec::new();
    let replay = |record: &plimsoll_journal::Record<'_>| {
        seen.push(record.sequence);
        Ok::<(), JournalError>(())
    };
    let journal =
        Journal::open_after_snapshot(open(), Bounds::default(), &snapshot, replay).unwrap();
    assert_eq!(seen, (26..=50).collect::<Vec<_>>());
    drop(fill(journal.into_log(), 60, 10));
    assert_eq!(check_file(&path).unwrap(), 60);

    snapshot.record_hash = Hash::of(b"another history");
    let refused = Journal::open_after_snapshot(open(), Bounds::default(), &snapshot, |_| {
        Ok::<(), JournalError>(())
    });
    let error = refused.unwrap_err();
    assert_eq!(error.policy(), Policy::Corrupt);
    assert!(
        error
            .to_string()
            .starts_with("snapshot at record 25: record hash: "),
        "{error}"
    );
}

#[test]
fn a_visitor_that_fails_leaves_the_log_closed_to_writing() {
    let directory = tempfile::tempdir().unwrap();
    let path = closed_file(directory.path(), 20);
    let before = std::fs::read(&path).unwrap();
    let opened =
        Journal::open_with(
            RedbLog::open(&path).unwrap(),
            Bounds::default(),
            |record| match record.sequence {
                15 => Err(JournalError::Closed),
                _ => Ok(()),
            },
        );
    assert!(matches!(opened, Err(JournalError::Closed)));
    assert!(std::fs::read(&path).unwrap() == before);
}

/// One step of a random history.
#[derive(Debug, Clone)]
enum Step {
    Append(u16, u16, u16, Vec<u8>),
    Commit,
    Snapshot(Vec<u8>),
    /// Close in good order and open again.
    Reopen,
    /// Stop without committing and open again.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let payload = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..200),
        1 => prop::collection::vec(any::<u8>(), 3000..6000),
    ];
    prop_oneof![
        20 => (any::<u16>(), any::<u16>(), any::<u16>(), payload)
            .prop_map(|(kind, delay, venue, payload)| Step::Append(kind, delay, venue, payload)),
        3 => Just(Step::Commit),
        1 => prop::collection::vec(any::<u8>(), 0..5000).prop_map(Step::Snapshot),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
    ]
}

type Expected = (u16, i64, u16, Vec<u8>);

/// Plays `steps` on a journal and on a plain vector; they must agree at every restart and at the
/// end.
fn check_history<L: Log>(steps: &[Step], mut log: L, restart: impl Fn(L) -> L) {
    let bounds = Bounds {
        records: 7,
        bytes: 9000,
        payload_bytes: 6000,
    };
    let mut model: Vec<Expected> = Vec::new();
    let mut snapshot: Option<(u64, Vec<u8>)> = None;
    let mut time = -70_000;
    let mut played = 0;
    loop {
        let mut found: Vec<Expected> = Vec::new();
        let mut journal = Journal::open_with(log, bounds, |record| {
            let payload = record.payload.to_vec();
            found.push((record.kind, record.time.0, record.venue.0, payload));
            Ok::<(), JournalError>(())
        })
        .unwrap();
        assert_eq!(found, model);
        let latest = journal.snapshot_at_or_before(u64::MAX).unwrap();
        assert_eq!(latest.map(|s| (s.sequence, s.state)), snapshot);
        if played == steps.len() {
            return;
        }
        let mut crashed = false;
        for step in &steps[played..] {
            played += 1;
            match step {
                Step::Append(kind, delay, venue, payload) => {
                    time += i64::from(*delay);
                    let at = Timestamp(time);
                    journal.append(*kind, at, VenueId(*venue), payload).unwrap();
                    model.push((*kind, time, *venue, payload.clone()));
                }
                Step::Commit => assert_eq!(journal.commit().unwrap(), model.len() as u64),
                Step::Snapshot(state) => {
                    let at = journal
                        .store_snapshot(Hash::of(state), state.clone())
                        .unwrap();
                    snapshot = Some((at, state.clone()));
                }
                Step::Reopen => break,
                Step::Crash => {
                    crashed = true;
                    break;
                }
            }
        }
        if crashed {
            model.truncate(journal.durable() as usize);
            log = restart(journal.into_log());
        } else {
            log = restart(journal.close().unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn memory_reads_back_what_was_committed(steps in prop::collection::vec(step(), 0..80)) {
        check_history(&steps, MemoryLog::new(), MemoryLog::reopen);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn redb_reads_back_what_was_committed(steps in prop::collection::vec(step(), 0..60)) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.journal");
        check_history(&steps, RedbLog::create(&path).unwrap(), |log| {
            drop(log);
            RedbLog::open(&path).unwrap()
        });
    }
}

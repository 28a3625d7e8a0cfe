//! Damage of every kind is an error that says where, or leaves every record as it was; never a
//! panic, never a shorter journal that looks whole. And looking does not touch.

mod support;

use std::path::Path;

use expect_test::{Expect, expect};
use plimsoll_journal::{
    Batch, Bounds, Field, Journal, JournalError, Log, MemoryLog, Policy, RedbLog,
};
use redb::{Database, ReadableDatabase, TableDefinition};
use support::{check, check_file, closed_file, fill, killed_file, memory};

const RECORDS: TableDefinition<u64, &[u8]> = TableDefinition::new("records");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

/// After damage to its file a journal of `last` records is refused as damaged or foreign, or reads
/// as before.
fn check_refused_or_whole(path: &Path, last: u64, what: &str) -> bool {
    match check_file(path) {
        Ok(found) => {
            assert_eq!(found, last, "{what}: shorter and looks whole");
            false
        }
        Err(error) => {
            let policy = error.policy();
            let as_expected = policy == Policy::Corrupt
                || matches!(error, JournalError::Foreign { .. })
                || matches!(error, JournalError::UnknownFileVersion { .. });
            assert!(as_expected, "{what}: {error}");
            true
        }
    }
}

/// Flips each of `masks` at places of the file in turn: at every byte of the header, which are few
/// and decide everything, and at every `step`-th byte of the pages that were ever written.
fn flip_every(path: &Path, last: u64, step: usize, masks: &[u8]) -> usize {
    let original = std::fs::read(path).unwrap();
    let written = |at: &usize| {
        let page = at / 4096 * 4096;
        original[page..original.len().min(page + 4096)]
            .iter()
            .any(|byte| *byte != 0)
    };
    let mut damaged = original.clone();
    let mut refused = 0;
    for at in (0..320).chain((320..original.len()).step_by(step).filter(written)) {
        for mask in masks {
            damaged[at] ^= mask;
            std::fs::write(path, &damaged).unwrap();
            let what = format!("byte {at} ^ {mask:#04x}");
            refused += usize::from(check_refused_or_whole(path, last, &what));
            let after = std::fs::read(path).unwrap();
            assert!(after == damaged, "{what}: the file was changed");
            damaged[at] = original[at];
        }
    }
    std::fs::write(path, &original).unwrap();
    assert_eq!(check_file(path).unwrap(), last);
    refused
}

#[test]
fn a_flipped_bit_in_a_closed_file_is_found_or_harmless() {
    let directory = tempfile::tempdir().unwrap();
    let path = closed_file(directory.path(), 60);
    let refused = flip_every(&path, 60, 113, &[1, 0xff]);
    assert!(refused > 500, "only {refused} of the flips were found");
}

#[test]
fn a_flipped_bit_in_a_killed_file_is_found_or_harmless() {
    let directory = tempfile::tempdir().unwrap();
    let path = killed_file(directory.path(), 60);
    let refused = flip_every(&path, 60, 311, &[0x40, 0xff]);
    assert!(refused > 100, "only {refused} of the flips were found");
}

#[test]
fn a_flipped_bit_in_a_stream_names_the_record_or_its_successor() {
    let original = memory(40);
    let mut ends = Vec::new();
    let mut batch = Batch::default();
    original.read(1, &Bounds::default(), &mut batch).unwrap();
    for (_, record) in batch.iter() {
        ends.push(ends.last().unwrap_or(&0) + record.len());
    }
    let stream = original.stream();
    for at in 0..stream.len() {
        let hit = ends.iter().position(|end| at < *end).unwrap() as u64 + 1;
        for bit in 0..8 {
            let mut damaged = stream.to_vec();
            damaged[at] ^= 1 << bit;
            let named = match MemoryLog::from_stream(&damaged).and_then(|mut log| check(&mut log)) {
                Err(JournalError::Corrupt(corruption)) => corruption.sequence,
                other => panic!("byte {at}, bit {bit}: {other:?}"),
            };
            // A longer length eats into the next record, whose beginning is then missing: found
            // while splitting the stream, before any checksum.
            assert!(
                named == hit || named == hit + 1,
                "byte {at}, bit {bit} is in record {hit}, the error names {named}"
            );
        }
    }
}

#[test]
fn a_truncated_stream_names_the_record_that_is_cut() {
    let log = memory(12);
    let mut whole = Vec::new();
    for cut in 0..log.stream().len() {
        match MemoryLog::from_stream(&log.stream()[..cut]) {
            Ok(mut shorter) => whole.push(check(&mut shorter).unwrap()),
            Err(JournalError::Corrupt(corruption)) => {
                assert_eq!(corruption.field, Field::Length);
                assert_eq!(corruption.sequence, whole.last().unwrap() + 1);
            }
            Err(other) => panic!("{other}"),
        }
    }
    // A cut between two records is a shorter journal: only the head kept elsewhere tells.
    assert_eq!(whole, (0..12).collect::<Vec<_>>());
}

/// The keys are not part of the records: with the last one made smaller, the table's last record
/// is an early one, and every record up to that one is fine. The storage's own check finds it.
#[test]
fn a_damaged_key_cannot_make_the_journal_look_shorter() {
    let directory = tempfile::tempdir().unwrap();
    let path = closed_file(directory.path(), 60);
    let mut bytes = std::fs::read(&path).unwrap();
    let keys = [59_u64.to_le_bytes(), 60_u64.to_le_bytes()].concat();
    let places: Vec<_> = bytes.windows(16).enumerate().collect();
    let places: Vec<_> = places
        .iter()
        .filter(|(_, w)| *w == keys)
        .map(|(at, _)| *at)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + 8] = 3;
    }
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(RedbLog::open(&path).unwrap().last(), 3);
    check_message(
        &check_file(&path).unwrap_err(),
        directory.path(),
        &expect![
            "DIR/a.journal is damaged: DB corrupted: Primary is corrupted despite 2-phase commit; records 1 to 60 are whole, no whole record 61 is in it"
        ],
    );
}

#[test]
fn a_truncated_or_extended_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for path in [
        closed_file(directory.path(), 60),
        killed_file(directory.path(), 60),
    ] {
        let original = std::fs::read(&path).unwrap();
        let length = original.len();
        let lengths = (0..length)
            .step_by(length / 97)
            .chain([1, 8, 9, 10, 63, 319, 320, 4095, 4096, 4097, 8192])
            .chain([length - 1, length - 4096, length - 4097]);
        for cut in lengths {
            std::fs::write(&path, &original[..cut]).unwrap();
            let refused = check_refused_or_whole(&path, 60, &format!("cut at {cut}"));
            let needed = cut + 4096 < length && !path.ends_with("killed.journal");
            assert!(refused || !needed, "cut at {cut} of {length} was not found");
            assert_eq!(std::fs::read(&path).unwrap(), &original[..cut]);
        }
        for extra in [1, 4096, 100_000] {
            let mut longer = original.clone();
            longer.resize(length + extra, 0);
            std::fs::write(&path, &longer).unwrap();
            check_refused_or_whole(&path, 60, &format!("{extra} more bytes"));
        }
        std::fs::remove_file(&path).unwrap();
    }
}

fn check_message(error: &JournalError, directory: &Path, expect: &Expect) {
    let text = error.to_string();
    expect.assert_eq(&text.replace(&directory.display().to_string(), "DIR"));
}

#[test]
fn foreign_files_are_named_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("png"), b"\x89PNG\r\n\x1a\n and so on").unwrap();
    std::fs::write(path("empty"), b"").unwrap();
    std::fs::write(path("csv"), b"time,open,high,low,close\n1,2,3,4,5\n").unwrap();
    std::fs::write(path("short"), b"redb").unwrap();
    std::fs::create_dir(path("directory")).unwrap();
    let other = Database::create(path("other")).unwrap();
    let transaction = other.begin_write().unwrap();
    const T: TableDefinition<u64, u64> = TableDefinition::new("theirs");
    transaction.open_table(T).unwrap().insert(1, 2).unwrap();
    transaction.commit().unwrap();
    drop(other);
    for (name, expected) in [
        (
            "png",
            expect![[r#"DIR/png is not a Plimsoll journal: it begins with \x89PNG\r\n\x1a\n "#]],
        ),
        (
            "empty",
            expect!["DIR/empty is not a Plimsoll journal: it is empty"],
        ),
        (
            "csv",
            expect!["DIR/csv is not a Plimsoll journal: it begins with time,open"],
        ),
        (
            "short",
            expect!["DIR/short is not a Plimsoll journal: it begins with redb"],
        ),
        (
            "directory",
            expect!["DIR/directory is not a Plimsoll journal: it is a directory"],
        ),
        (
            "other",
            expect!["DIR/other is not a Plimsoll journal: it is a database of another application"],
        ),
    ] {
        let before = std::fs::read(path(name)).ok();
        let error = RedbLog::open(path(name)).unwrap_err();
        check_message(&error, directory.path(), &expected);
        assert_eq!(error.policy(), Policy::Unusable);
        assert_eq!(std::fs::read(path(name)).ok(), before);
        let again = RedbLog::create(path(name)).unwrap_err();
        assert!(matches!(again, JournalError::Io { .. }), "{again}");
        assert_eq!(std::fs::read(path(name)).ok(), before);
    }
    let missing = RedbLog::open(path("missing")).unwrap_err();
    check_message(
        &missing,
        directory.path(),
        &expect!["cannot open DIR/missing: No such file or directory (os error 2)"],
    );
    assert!(!path("missing").exists());
}

/// Changes the tables behind the journal's back, as redb itself would.
fn tamper(path: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(path).unwrap();
    let mut transaction = database.begin_write().unwrap();
    transaction.set_two_phase_commit(true);
    change(&transaction);
    transaction.commit().unwrap();
}

fn record(path: &Path, sequence: u64) -> Vec<u8> {
    let database = Database::open(path).unwrap();
    let table = database.begin_read().unwrap().open_table(RECORDS).unwrap();
    table.get(sequence).unwrap().unwrap().value().to_vec()
}

type RecordsTable<'t> = redb::Table<'t, u64, &'static [u8]>;

/// Changes the records of a good journal and compares what is then said about it. The file is not
/// touched by either way of opening it.
fn check_tampered(expect: &Expect, change: impl FnOnce(&mut RecordsTable<'_>, &[Vec<u8>])) {
    let directory = tempfile::tempdir().unwrap();
    let path = closed_file(directory.path(), 30);
    let records: Vec<_> = (1..=30).map(|sequence| record(&path, sequence)).collect();
    tamper(&path, |transaction| {
        change(&mut transaction.open_table(RECORDS).unwrap(), &records);
    });
    let before = std::fs::read(&path).unwrap();
    let error = check_file(&path).unwrap_err();
    check_message(&error, directory.path(), expect);
    assert_eq!(error.policy(), Policy::Corrupt);
    let opened = Journal::open(RedbLog::open(&path).unwrap(), Bounds::default());
    assert_eq!(opened.unwrap_err().to_string(), error.to_string());
    assert!(
        std::fs::read(&path).unwrap() == before,
        "a refused journal was written to"
    );
}

fn put(table: &mut RecordsTable<'_>, sequence: u64, record: &[u8]) {
    table.insert(sequence, record).unwrap();
}

#[test]
fn a_missing_record_is_named() {
    let expect = expect!["record 12: storage: expected record 12, found no such record"];
    check_tampered(&expect, |table, _| drop(table.remove(12).unwrap()));
    let expect = expect!["record 1: storage: expected record 1, found no such record"];
    check_tampered(&expect, |table, _| drop(table.remove(1).unwrap()));
}

#[test]
fn a_record_in_the_wrong_place_is_named() {
    let expect = expect!["record 13: sequence: expected 13, found 12"];
    check_tampered(&expect, |table, records| put(table, 13, &records[11]));
    let expect = expect!["record 20: sequence: expected 20, found 21"];
    check_tampered(&expect, |table, records| {
        put(table, 20, &records[20]);
        put(table, 21, &records[19]);
    });
    let expect = expect!["record 31: storage: expected record 31, found no such record"];
    check_tampered(&expect, |table, records| put(table, 900, &records[29]));
}

#[test]
fn an_edit_that_mends_the_checksum_breaks_the_chain_at_the_next_record() {
    let expect = expect![
        "record 9: previous hash: expected 5ae018396b72c19625797037214b6d467f3045200b994362e193ea52556f1d3d, found 6f26dd66d4e93044c1df16dea6f8cd99618c0fb70f9d39599068d6c912a7289d"
    ];
    check_tampered(&expect, |table, records| {
        put(table, 8, &edited(&records[7], 6, 200));
    });
}

#[test]
fn a_time_before_the_last_is_named() {
    let expect =
        expect!["record 30: time: expected not before 1760000000029 ms, found 660488372254 ms"];
    check_tampered(&expect, |table, records| {
        put(table, 30, &edited(&records[29], 21, 0));
    });
}

#[test]
fn a_record_of_the_wrong_length_is_named() {
    let expect = expect!["record 5: length: expected 151 bytes by the payload length, found 148"];
    check_tampered(&expect, |table, records| {
        put(table, 5, &records[4][..records[4].len() - 3]);
    });
    let expect = expect!["record 6: length: expected at least 66 bytes, found 5"];
    check_tampered(&expect, |table, _| put(table, 6, b"short"));
}

#[test]
fn a_flipped_bit_behind_good_pages_is_named() {
    for (at, expect) in [
        (
            70,
            expect!["record 7: checksum: expected 19ed5a6a, found 11368fa1"],
        ),
        (0, expect!["record 7: magic: expected PLMJ, found QLMJ"]),
    ] {
        check_tampered(&expect, |table, records| {
            let mut flipped = records[6].clone();
            flipped[at] ^= 1;
            put(table, 7, &flipped);
        });
    }
}

/// The record with one byte changed and its checksum mended.
fn edited(record: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut out = record[..record.len() - 4].to_vec();
    out[at] = byte;
    let checksum = crc32fast::hash(&out);
    out.extend_from_slice(&checksum.to_le_bytes());
    out
}

#[test]
fn versions_of_the_future_are_refused_by_number() {
    let directory = tempfile::tempdir().unwrap();
    let path = closed_file(directory.path(), 30);
    let newer = edited(&record(&path, 7), 4, 9);
    tamper(&path, |transaction| {
        let mut table = transaction.open_table(RECORDS).unwrap();
        table.insert(7, &newer[..]).unwrap();
    });
    let error = check_file(&path).unwrap_err();
    check_message(
        &error,
        directory.path(),
        &expect!["record 7: format version 9, this build reads up to 1"],
    );
    assert_eq!(error.policy(), Policy::Unusable);
    tamper(&path, |transaction| {
        let mut table = transaction.open_table(META).unwrap();
        table.insert("layout", &300_u16.to_le_bytes()[..]).unwrap();
    });
    let error = RedbLog::open(&path).unwrap_err();
    check_message(
        &error,
        directory.path(),
        &expect!["DIR/a.journal: journal file version 300, this build reads up to 1"],
    );
    assert_eq!(error.policy(), Policy::Unusable);
}

#[test]
fn checking_never_changes_the_file() {
    let directory = tempfile::tempdir().unwrap();
    for path in [
        closed_file(directory.path(), 100),
        killed_file(directory.path(), 100),
    ] {
        let before = std::fs::read(&path).unwrap();
        assert_eq!(check_file(&path).unwrap(), 100);
        let mut log = RedbLog::open(&path).unwrap();
        let refused = log.append(&Batch::starting_at(101));
        assert!(
            matches!(refused, Err(JournalError::ReadOnly)),
            "{refused:?}"
        );
        drop(log);
        assert!(
            std::fs::read(&path).unwrap() == before,
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_journal_in_use_is_said_to_be_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.journal");
    let journal = fill(RedbLog::create(&path).unwrap(), 10, 10);
    let error = RedbLog::open(&path).unwrap_err();
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
    drop(journal);
    // Two may check at the same time; while one does, nobody writes.
    let mut first = RedbLog::open(&path).unwrap();
    let mut second = RedbLog::open(&path).unwrap();
    assert_eq!(
        (check(&mut first).unwrap(), check(&mut second).unwrap()),
        (10, 10)
    );
    let error = first.begin_writing().unwrap_err();
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
    drop(second);
    assert_eq!(fill(RedbLog::open(&path).unwrap(), 20, 10).durable(), 20);
}

/// The one bit without a checksum that decides which of two good commits counts.
#[test]
fn the_slot_flag_of_a_killed_file_cannot_hide_the_last_batch() {
    let directory = tempfile::tempdir().unwrap();
    let path = killed_file(directory.path(), 60);
    let original = std::fs::read(&path).unwrap();
    let mut flipped = original.clone();
    flipped[9] ^= 1;
    std::fs::write(&path, &flipped).unwrap();
    assert_eq!(check_file(&path).unwrap(), 60);
    assert_eq!(fill(RedbLog::open(&path).unwrap(), 75, 10).durable(), 75);
    assert_eq!(check_file(&path).unwrap(), 75);
}

//! The bytes on disk, kept: what was written once is read forever. None of these expectations may
//! ever change; a new layout gets a new version number and new tests beside these.

mod support;

use std::io::Read;

use expect_test::expect;
use plimsoll_journal::{Bounds, Hash, Journal, MemoryLog, RedbLog, Snapshot, envelope};
use plimsoll_units::{Timestamp, VenueId};
use support::check_file;

fn hex(bytes: &[u8]) -> String {
    let line = |line: &[u8]| {
        line.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    bytes.chunks(32).map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_envelope_of_version_1() {
    let mut journal = Journal::open(MemoryLog::new(), Bounds::default()).unwrap();
    let time = Timestamp(1_760_131_200_000);
    journal
        .append(0x0102, time, VenueId(0x0304), b"the first")
        .unwrap();
    journal.append(7, time, VenueId(0), b"").unwrap();
    let log = journal.close().unwrap();
    expect![[r#"
        504c4d4a01000201010000000000000000b4fecf9901000004034d7b07cba065
        ad658d60037752c32ec47a3317d3868add546fce7707351e4c8f090000007468
        652066697273740c800bfc504c4d4a01000700020000000000000000b4fecf99
        01000000006018d7ba09b470d3af258f7bef2f4af195a07954a1855a5b97cc72
        5d91fa503700000000644154d9"#]]
    .assert_eq(&hex(log.stream()));

    let first = envelope::decode(1, &log.stream()[..75]).unwrap();
    expect![[r#"
        Record {
            sequence: 1,
            kind: 258,
            time: 2025-10-10 21:20:00.000,
            venue: venue-772,
            previous: 4d7b07cba065ad658d60037752c32ec47a3317d3868add546fce7707351e4c8f,
            hash: 6018d7ba09b470d3af258f7bef2f4af195a07954a1855a5b97cc725d91fa5037,
            payload: [
                116,
                104,
                101,
                32,
                102,
                105,
                114,
                115,
                116,
            ],
        }"#]]
    .assert_eq(&format!("{first:#?}"));
    let second = envelope::decode(2, &log.stream()[75..]).unwrap();
    assert_eq!(second.previous, first.hash);
}

#[test]
fn the_genesis_hash() {
    expect!["4d7b07cba065ad658d60037752c32ec47a3317d3868add546fce7707351e4c8f"]
        .assert_eq(&Hash::genesis().to_string());
    assert_eq!(Hash::genesis(), Hash::of(b"plimsoll journal genesis v1"));
}

#[test]
fn the_snapshot_of_version_1() {
    let snapshot = Snapshot {
        sequence: 0x0102_0304,
        record_hash: Hash([0xaa; 32]),
        state_hash: Hash([0xbb; 32]),
        state: b"state".to_vec(),
    };
    let bytes = snapshot.encode().unwrap();
    expect![[r#"
        504c4d5301000403020100000000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        aaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
        bbbbbbbbbbbbbbbbbbbbbbbbbbbb0500000000000000737461746566859bfebe
        09e19a0bd2aeebbcb18e3bfb85aa2e7211b73585ceaae81be4089f"#]]
    .assert_eq(&hex(&bytes));
    assert_eq!(Snapshot::decode(0x0102_0304, &bytes).unwrap(), snapshot);
}

#[test]
fn every_flipped_bit_of_a_snapshot_is_found() {
    let snapshot = Snapshot {
        sequence: 9,
        record_hash: Hash([0xaa; 32]),
        state_hash: Hash([0xbb; 32]),
        state: b"state".to_vec(),
    };
    let bytes = snapshot.encode().unwrap();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let error = Snapshot::decode(9, &damaged).unwrap_err().to_string();
            assert!(error.starts_with("snapshot at record 9: "), "{error}");
        }
        assert!(Snapshot::decode(9, &bytes[..at]).is_err(), "cut at {at}");
    }
    assert!(
        Snapshot::decode(8, &bytes).is_err(),
        "stored under another sequence"
    );
}

/// A whole file of layout 1 as the first release wrote it: 60 records in batches of 10, with a
/// snapshot at record 30.
#[test]
fn a_file_of_layout_1_opens() {
    let packed = include_bytes!("golden/layout-1.journal.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..])
        .read_to_end(&mut bytes)
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.journal");
    std::fs::write(&path, bytes).unwrap();

    assert_eq!(check_file(&path).unwrap(), 60);
    let journal = Journal::open(RedbLog::open(&path).unwrap(), Bounds::default()).unwrap();
    expect!["5639191d80cc5203b171786038b251bc18870ef1edb82f28776bea7cf9abe48f"]
        .assert_eq(&journal.head().hash.to_string());
    let snapshot = journal.snapshot_at_or_before(60).unwrap().unwrap();
    assert_eq!((snapshot.sequence, snapshot.state), (30, vec![7; 900]));
}

//! Recovery keeps the longest valid prefix, beside the damaged file, and only when asked.

mod support;

use std::path::Path;

use plimsoll_journal::{
    Fault, FaultyLog, JournalError, Log, MemoryLog, Policy, Recovered, RedbLog, recover_file,
    recover_into,
};
use support::{check, check_file, closed_file, fill, killed_file, memory};

/// Recovers and checks what every recovery must do; the report.
fn check_recovery(path: &Path) -> Recovered {
    let damaged = std::fs::read(path).unwrap();
    let recovered = recover_file(path).unwrap();
    assert_eq!(check_file(path).unwrap(), recovered.kept);
    let original = recovered
        .original
        .as_ref()
        .expect("the damaged file is kept");
    assert!(std::fs::read(original).unwrap() == damaged);
    assert!(recovered.damage.is_some());
    recovered
}

#[test]
fn an_intact_file_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    for (path, snapshot) in [
        (closed_file(directory.path(), 40), Some(20)),
        (killed_file(directory.path(), 40), None),
    ] {
        let before = std::fs::read(&path).unwrap();
        let expected = Recovered {
            kept: 40,
            dropped: 0,
            snapshot,
            damage: None,
            original: None,
        };
        assert_eq!(recover_file(&path).unwrap(), expected);
        assert!(std::fs::read(&path).unwrap() == before);
    }
}

/// Wherever the byte is: what the error called whole is kept, and the rest is counted.
#[test]
fn after_a_flipped_byte_everything_before_the_named_record_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let mut recoveries = 0;
    for path in [
        closed_file(directory.path(), 60),
        killed_file(directory.path(), 60),
    ] {
        let original = std::fs::read(&path).unwrap();
        let places = (0..original.len())
            .step_by(1009)
            .filter(|at| original[*at] != 0);
        for at in places.chain([0, 9, 12, 70, 200]) {
            let mut damaged = original.clone();
            damaged[at] ^= 0xff;
            std::fs::write(&path, &damaged).unwrap();
            let whole = match check_file(&path) {
                Ok(_) => continue,
                Err(JournalError::Corrupt(corruption)) => corruption.sequence - 1,
                Err(JournalError::Damaged { whole, .. }) => whole,
                Err(error) => panic!("byte {at}: {error}"),
            };
            let recovered = check_recovery(&path);
            assert!(
                recovered.kept >= whole,
                "byte {at}: {recovered:?}, {whole} were whole"
            );
            // The last record leaves no trace when what it begins with is hit.
            let seen = recovered.kept + recovered.dropped;
            let expected = if recovered.kept == 59 {
                59..=60
            } else {
                60..=60
            };
            assert!(expected.contains(&seen), "byte {at}: {recovered:?}");
            std::fs::remove_file(recovered.original.unwrap()).unwrap();
            recoveries += 1;
        }
    }
    assert!(
        recoveries > 20,
        "only {recoveries} of the flips needed recovery"
    );
}

#[test]
fn a_file_without_its_header_or_its_end_keeps_what_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let path = closed_file(directory.path(), 60);
    let original = std::fs::read(&path).unwrap();
    let mut headless = original.clone();
    headless[..4096].fill(0);
    std::fs::write(&path, &headless).unwrap();
    assert_eq!(check_recovery(&path).kept, 60);

    let mut kept = 0;
    for cut in (4096..original.len()).step_by(40_960) {
        std::fs::write(&path, &original[..cut]).unwrap();
        match RedbLog::open(&path) {
            Err(JournalError::Damaged { .. }) => {}
            other => panic!("cut at {cut}: {other:?}"),
        }
        let recovered = check_recovery(&path);
        assert!(recovered.kept >= kept, "a longer file keeps no less");
        kept = recovered.kept;
    }
}

#[test]
fn a_recovered_journal_goes_on_with_its_snapshot() {
    let directory = tempfile::tempdir().unwrap();
    let path = closed_file(directory.path(), 60);
    let original = std::fs::read(&path).unwrap();
    // Every copy of record 45's payload, wherever commits have left one.
    let text = b"payload of record 45 ";
    let places = original.windows(text.len()).enumerate();
    let places: Vec<_> = places
        .filter(|(_, w)| w == text)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    let mut damaged = original;
    for at in places {
        damaged[at] ^= 0x20;
    }
    std::fs::write(&path, &damaged).unwrap();
    let error = check_file(&path).unwrap_err().to_string();
    assert!(
        error.starts_with("record 45: checksum: expected "),
        "{error}"
    );

    let recovered = check_recovery(&path);
    assert_eq!((recovered.kept, recovered.dropped), (44, 16));
    assert_eq!(recovered.snapshot, Some(30));
    assert_eq!(recovered.damage.unwrap(), error);

    let journal = fill(RedbLog::open(&path).unwrap(), 70, 10);
    assert_eq!(
        journal.snapshot_at_or_before(70).unwrap().unwrap().sequence,
        30
    );
    drop(journal);
    assert_eq!(check_file(&path).unwrap(), 70);
}

#[test]
fn damaged_files_are_kept_under_names_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let names: Vec<_> = (0..3)
        .map(|_| {
            let path = closed_file(directory.path(), 30);
            let mut damaged = std::fs::read(&path).unwrap();
            damaged[0] = b'X';
            std::fs::write(&path, &damaged).unwrap();
            let original = check_recovery(&path).original.unwrap();
            std::fs::remove_file(&path).unwrap();
            original.file_name().unwrap().to_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(
        names,
        [
            "a.journal.damaged",
            "a.journal.damaged-2",
            "a.journal.damaged-3"
        ]
    );
}

/// Two different records 11 could follow record 10: a batch that was never acknowledged, and the
/// one written after the crash. Guessing could drop what was acknowledged.
#[test]
fn recovery_stops_where_two_histories_part() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("parted.journal");
    let common = memory(10);
    let ours = fill(common.clone(), 20, 10).close().unwrap();
    let mut other = plimsoll_journal::Journal::open(common.clone(), Default::default()).unwrap();
    other
        .append(
            1,
            plimsoll_units::Timestamp(i64::MAX),
            plimsoll_units::VenueId(1),
            b"other",
        )
        .unwrap();
    let other = other.close().unwrap();
    let fork = &other.stream()[common.stream().len()..];
    std::fs::write(&path, [ours.stream(), fork].concat()).unwrap();
    let recovered = check_recovery(&path);
    assert_eq!((recovered.kept, recovered.dropped), (10, 10));

    // Without the fork a bare stream is recovered whole.
    std::fs::write(&path, ours.stream()).unwrap();
    assert_eq!(check_recovery(&path).kept, 20);
}

#[test]
fn what_is_not_a_damaged_journal_is_not_recovered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "some notes").unwrap();
    let error = recover_file(&path).unwrap_err();
    assert!(matches!(error, JournalError::Foreign { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"some notes");

    let live = directory.path().join("live.journal");
    let journal = fill(RedbLog::create(&live).unwrap(), 10, 10);
    let error = recover_file(&live).unwrap_err();
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
    drop(journal);

    let error = recover_file(directory.path().join("missing")).unwrap_err();
    assert_eq!(error.policy(), Policy::Unusable);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn any_log_can_be_recovered_into_another() {
    let stream = memory(20).stream().to_vec();
    let mut damaged = stream.clone();
    let at = stream
        .windows(12)
        .position(|window| window == b"of record 13")
        .unwrap();
    damaged[at] = b'X';
    let source = MemoryLog::from_stream(&damaged).unwrap();
    let mut target = MemoryLog::new();
    let (head, end) = recover_into(&source, &mut target).unwrap();
    assert_eq!(head.sequence, 12);
    assert!(matches!(end, Some(JournalError::Corrupt(corruption)) if corruption.sequence == 13));
    assert_eq!(check(&mut target).unwrap(), 12);

    let mut full = FaultyLog::new(MemoryLog::new(), 0, Fault::Refused);
    let error = recover_into(&source, &mut full).unwrap_err();
    assert_eq!(error.policy(), Policy::Halt);
    assert_eq!(full.last(), 0);
}

//! `plimsoll verify`: exit codes 0 fine, 1 corrupt, 2 unusable; the file is never changed unasked.

use std::process::Stdio;

use expect_test::expect;

use super::{fixture, journal_copy, middle_of_a_record, plimsoll, program};

/// Verifies bytes under a name of their own and gives the exit code; they must stay as they are.
fn code_of(bytes: &[u8]) -> i32 {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.journal");
    std::fs::write(&path, bytes).unwrap();
    let ran = plimsoll(directory.path(), &["verify", "a.journal"]);
    assert!(
        std::fs::read(&path).unwrap() == bytes,
        "the file was changed"
    );
    assert_eq!(
        std::fs::read_dir(directory.path()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
    ran.code
}

#[test]
fn a_whole_journal_is_fine() {
    let ran = plimsoll(fixture().directory.path(), &["verify", "small.journal"]);
    assert_eq!(ran.code, 0);
    // Hashes and counts follow the state and are checked elsewhere; the words are kept here.
    let words: String = ran
        .stdout
        .lines()
        .map(|line| {
            let word = |w: &str| {
                let is_hash = w.len() == 64 && w.bytes().all(|b| b.is_ascii_hexdigit());
                let is_count = !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit());
                if is_hash || is_count {
                    "#".to_owned()
                } else {
                    w.to_owned()
                }
            };
            line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n"
        })
        .collect();
    expect![[r#"
        fine: small.journal
          records      # in an unbroken chain, the last is #
          commands     # accepted, # refused
          state        #
          checkpoints  # recorded hashes met again
          conservation every asset sums to zero, every venue's totals agree with the ledger
    "#]]
    .assert_eq(&words);
}

#[test]
fn a_flipped_byte_is_corrupt_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let copy = journal_copy(directory.path());
    let mut bytes = std::fs::read(&copy).unwrap();
    let at = middle_of_a_record(&bytes);
    bytes[at] ^= 0x10;
    std::fs::write(&copy, &bytes).unwrap();
    let ran = plimsoll(directory.path(), &["verify", "copy.journal"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.starts_with("corrupt: copy.journal\n  "));
    assert!(ran.stdout.contains("record "), "{}", ran.stdout);
    assert!(ran.stdout.contains("--recover"), "{}", ran.stdout);
    assert!(
        std::fs::read(&copy).unwrap() == bytes,
        "checking changed it"
    );

    let json = plimsoll(directory.path(), &["verify", "copy.journal", "--json"]);
    assert_eq!(json.code, 1);
    let verdict: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(verdict["verdict"], "corrupt");
    assert!(verdict["why"].as_str().unwrap().contains("record "));
}

#[test]
fn bytes_flipped_anywhere_are_found_or_of_no_account() {
    let bytes = std::fs::read(fixture().path("small.journal")).unwrap();
    let mut corrupt = 0;
    for part in 0..16 {
        let mut flipped = bytes.clone();
        let at = bytes.len() / 16 * part + 61;
        flipped[at] ^= 1;
        corrupt += usize::from(code_of(&flipped) != 0);
    }
    assert!(corrupt >= 8, "only {corrupt} of 16 were found");
}

#[test]
fn cut_files_are_never_fine() {
    let bytes = std::fs::read(fixture().path("small.journal")).unwrap();
    for keep in [1, 100, 4_096, bytes.len() / 2, bytes.len() - 1] {
        assert_ne!(code_of(&bytes[..keep]), 0, "cut to {keep}");
    }
}

#[test]
fn recovering_keeps_the_valid_prefix_and_the_damaged_file() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let copy = journal_copy(at);
    let mut bytes = std::fs::read(&copy).unwrap();
    let middle = middle_of_a_record(&bytes);
    bytes[middle] ^= 0x10;
    std::fs::write(&copy, &bytes).unwrap();

    let ran = plimsoll(at, &["verify", "--recover", "copy.journal"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.starts_with("recovered: "), "{}", ran.stderr);
    let damaged = std::fs::read(at.join("copy.journal.damaged")).unwrap();
    assert!(damaged == bytes, "the damaged file is put aside as it was");
    let records = |directory, name| -> u64 {
        let json = plimsoll(directory, &["verify", "--json", name]);
        assert_eq!(json.code, 0);
        let verdict: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        verdict["records"].as_u64().unwrap()
    };
    let (kept, all) = (
        records(at, "copy.journal"),
        records(fixture().directory.path(), "small.journal"),
    );
    assert!(0 < kept && kept < all, "{kept} of {all}");

    let again = plimsoll(at, &["verify", "--recover", "copy.journal"]);
    assert_eq!(again.code, 0);
    assert_eq!(again.stderr, "nothing to recover: the journal is whole\n");
}

#[test]
fn what_is_no_journal_is_unusable_and_untouched() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("text"), "name,side\nnot a journal\n").unwrap();
    std::fs::write(at.join("empty"), "").unwrap();
    std::fs::write(at.join("zeros"), vec![0u8; 100_000]).unwrap();
    let mut shown = String::new();
    for name in ["text", "empty", "zeros", "missing", "."] {
        for recover in [&["verify", name][..], &["verify", "--recover", name]] {
            let before = std::fs::read(at.join(name)).ok();
            let ran = plimsoll(at, recover);
            assert_eq!(ran.code, 2, "{recover:?}");
            shown.push_str(&ran.shown(at));
            assert_eq!(std::fs::read(at.join(name)).ok(), before);
        }
        let json = plimsoll(at, &["verify", "--json", name]);
        let verdict: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(verdict["verdict"], "unusable");
    }
    assert_eq!(std::fs::read_dir(at).unwrap().count(), 3);
    expect![[r#"
        unusable: text
          text is not a Plimsoll journal: it begins with name,side
        [2]
        unusable: text
          text is not a Plimsoll journal: it begins with name,side
        [2]
        unusable: empty
          empty is not a Plimsoll journal: it is empty
        [2]
        unusable: empty
          empty is not a Plimsoll journal: it is empty
        [2]
        unusable: zeros
          zeros is not a Plimsoll journal: it begins with \x00\x00\x00\x00\x00\x00\x00\x00\x00
        [2]
        unusable: zeros
          zeros is not a Plimsoll journal: it begins with \x00\x00\x00\x00\x00\x00\x00\x00\x00
        [2]
        unusable: missing
          cannot open missing: No such file or directory (os error 2)
        [2]
        unusable: missing
          cannot open missing: No such file or directory (os error 2)
        [2]
        unusable: .
          . is not a Plimsoll journal: it is a directory
        [2]
        unusable: .
          . is not a Plimsoll journal: it is a directory
        [2]
    "#]]
    .assert_eq(&shown);
}

#[test]
fn the_answer_survives_a_reader_who_leaves() {
    let directory = tempfile::tempdir().unwrap();
    let copy = journal_copy(directory.path());
    let mut bytes = std::fs::read(&copy).unwrap();
    let at = middle_of_a_record(&bytes);
    bytes[at] ^= 0x10;
    std::fs::write(&copy, &bytes).unwrap();
    for (arguments, code) in [
        (["verify", "copy.journal"], 1),
        (["replay", "--show-scenario"], 0),
    ] {
        let mut child = program(directory.path(), &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(output.stderr.is_empty(), "{:?}", output.stderr);
    }
}

//! `plimsoll explain`: the list, a case of each venue and way of execution, and what is no case.

use expect_test::expect;
use serde_json::Value;

use super::{fixture, plimsoll};

fn explain(arguments: &[&str]) -> super::Ran {
    let all = [&["explain", "small.journal"], arguments].concat();
    plimsoll(fixture().directory.path(), &all)
}

#[test]
fn a_case_of_each_venue_is_told_with_the_numbers_of_the_csv() {
    let rows = fixture().rows();
    for (venue, rule) in [
        ("t-keepers", "TsunamiX"),
        ("t-engine", "TsunamiX"),
        ("p-keepers", "Perennial"),
        ("p-engine", "Perennial"),
        ("plus-keepers", "Perennial"),
        ("plus-engine", "Perennial"),
    ] {
        let of_venue: Vec<_> = rows.iter().filter(|row| row[0] == venue).collect();
        assert!(of_venue.len() > 5, "{venue} has {} cases", of_venue.len());
        for row in [of_venue[0], of_venue[of_venue.len() / 2]] {
            let (case, account) = (row[3].as_str(), row[5].as_str());
            let (collateral, reward) = (row[15].as_str(), row[18].as_str());
            let ran = explain(&[case]);
            let story = &ran.stdout;
            assert_eq!(ran.code, 0, "{venue} {case}: {}", ran.stderr);
            for part in [
                "The rule",
                rule,
                "The inputs",
                "The arithmetic",
                "Who was paid",
                "What would have prevented it",
                "The record",
                "opened: record ",
                "carried out: record ",
                "liquidated",
            ] {
                assert!(
                    story.contains(part),
                    "{venue} {case} lacks {part:?}:\n{story}"
                );
            }
            assert!(story.contains(&format!("account-{account}")), "{story}");
            assert!(
                story.contains(collateral),
                "{venue} {case}: {collateral}\n{story}"
            );
            if reward != "0" && !venue.starts_with('t') {
                assert!(story.contains(reward), "{venue} {case}: {reward}\n{story}");
            }
            as_json(case, story);
        }
    }
}

/// The same story for scripts.
fn as_json(case: &str, story: &str) {
    let ran = explain(&[case, "--json"]);
    assert_eq!(ran.code, 0);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["case"].to_string(), case);
    assert!(story.starts_with(told["headline"].as_str().unwrap()));
    let lines = told["lines"].as_array().unwrap();
    for line in lines {
        let value = line["value"].as_str().unwrap();
        assert!(story.contains(value), "{value:?} is not in the story");
    }
    let opened = told["opened_by_record"].as_u64().unwrap();
    let closed = told["closed_by_record"].as_u64().unwrap();
    let carried = told["carried_out_by_record"].as_u64().unwrap();
    assert!(opened <= carried && carried <= closed);
}

#[test]
fn the_list_has_the_largest_first() {
    let ran = explain(&[]);
    assert_eq!(ran.code, 0);
    let first = ran.stdout.lines().next().unwrap();
    assert!(first.ends_with("the 20 largest by notional:"), "{first}");
    assert_eq!(ran.stdout.lines().count(), 22);

    let json = explain(&["--json"]);
    let rows: Value = serde_json::from_str(&json.stdout).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 20);
    let notional: Vec<f64> = rows
        .iter()
        .map(|row| row["notional"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(notional.is_sorted_by(|a, b| a >= b), "{notional:?}");
    for row in rows {
        let case = row["case"].to_string();
        assert!(ran.stdout.contains(&format!("  case {case} ")), "{case}");
    }
}

#[test]
fn a_case_that_was_never_carried_out_is_told_in_units() {
    let rows = fixture().rows();
    let done: Vec<&str> = rows.iter().map(|row| row[3].as_str()).collect();
    let last = done
        .iter()
        .map(|c| c.parse::<u64>().unwrap())
        .max()
        .unwrap();
    let open = (1..=last)
        .map(|case| case.to_string())
        .find(|case| !done.contains(&case.as_str()))
        .expect("a case that recovered or stayed open");
    let ran = explain(&[&open]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("carried out: never"), "{}", ran.stdout);
    let in_units = ran.stdout.contains(" DSU") || ran.stdout.contains(" TUSD");
    assert!(in_units && !ran.stdout.contains("raw"), "{}", ran.stdout);
}

#[test]
fn what_is_no_case_or_no_journal() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::copy(fixture().path("small.journal"), at.join("a.journal")).unwrap();
    std::fs::write(at.join("text"), "hello\n").unwrap();
    let mut shown = String::new();
    for arguments in [
        &["explain", "a.journal", "999999"][..],
        &["explain", "a.journal", "0"],
        &["explain", "text"],
        &["explain", "text", "1"],
        &["explain", "missing", "1"],
    ] {
        let ran = plimsoll(at, arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        shown.push_str(&ran.shown(at));
    }
    expect![[r#"
        error: a.journal: the journal has no case-999999; without a number, its largest cases are listed
        [2]
        error: a.journal: the journal has no case-0; without a number, its largest cases are listed
        [2]
        error: text is not a Plimsoll journal: it begins with hello\n
        [2]
        error: text is not a Plimsoll journal: it begins with hello\n
        [2]
        error: cannot open missing: No such file or directory (os error 2)
        [2]
    "#]].assert_eq(&shown);
    assert_eq!(plimsoll(at, &["explain", "a.journal", "-1"]).code, 2);
    assert_eq!(plimsoll(at, &["explain", "a.journal", "one"]).code, 2);
}

#[test]
fn a_damaged_journal_is_not_explained() {
    let directory = tempfile::tempdir().unwrap();
    let copy = super::journal_copy(directory.path());
    let mut bytes = std::fs::read(&copy).unwrap();
    let at = super::middle_of_a_record(&bytes);
    bytes[at] ^= 0x10;
    std::fs::write(&copy, &bytes).unwrap();
    let ran = plimsoll(directory.path(), &["explain", "copy.journal"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.starts_with("error: copy.journal: record "),
        "{}",
        ran.stderr
    );
}

//! `plimsoll replay`.

use expect_test::expect;

use super::{data, fixture, plimsoll};

fn state_of(printed: &str) -> &str {
    let line = printed.lines().find(|l| l.starts_with("state hash"));
    line.unwrap().split_whitespace().last().unwrap()
}

#[test]
fn a_replay_leaves_a_report_a_csv_and_a_journal() {
    let fixture = fixture();
    let report = std::fs::read_to_string(fixture.path("out/report.html")).unwrap();
    assert!(report.starts_with("<!DOCTYPE html>") || report.starts_with("<!doctype html>"));
    for venue in ["t-keepers", "t-engine", "p-keepers", "p-engine"] {
        assert!(report.contains(venue) && fixture.printed.contains(venue));
    }
    let liquidated: usize = fixture
        .printed
        .lines()
        .find(|l| l.contains("│ Liquidated "))
        .unwrap()
        .split(['│', '┆'])
        .filter_map(|cell| cell.trim().parse::<usize>().ok())
        .sum();
    assert!(liquidated > 100);
    assert_eq!(fixture.rows().len(), liquidated);
    let verdict = plimsoll(fixture.directory.path(), &["verify", "small.journal"]);
    assert_eq!(verdict.code, 0);
    assert!(verdict.stdout.contains(state_of(&fixture.printed)));
}

#[test]
fn again_and_as_json_it_is_the_same() {
    let fixture = fixture();
    let directory = tempfile::tempdir().unwrap();
    let scenario = data("small.toml");
    let scenario = scenario.to_str().unwrap();
    let ran = plimsoll(
        directory.path(),
        &["replay", scenario, "--json", "--out", "deep/er"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    let results: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(results["state_hash"], state_of(&fixture.printed));
    for name in ["report.html", "liquidations.csv"] {
        let here = std::fs::read(directory.path().join("deep/er").join(name)).unwrap();
        let there = std::fs::read(fixture.path("out").join(name)).unwrap();
        assert!(here == there, "{name} differs");
    }
    let mut here: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(here.pop().unwrap().unwrap().file_name(), "deep");
    assert!(here.is_empty(), "nothing else is left behind");
}

#[test]
fn options_change_the_scenario() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let scenario = data("small.toml");
    let shown = plimsoll(
        at,
        &[
            "replay",
            scenario.to_str().unwrap(),
            "--accounts",
            "7",
            "--seed",
            "99",
            "--show-scenario",
        ],
    );
    assert_eq!(shown.code, 0);
    assert!(shown.stdout.contains("seed = 99"));
    assert_eq!(shown.stdout.matches("accounts = 7\n").count(), 6);
    assert!(
        shown.stdout.contains("deposit = \"350000\""),
        "{}",
        shown.stdout
    );

    // What is shown is a scenario, and the one that would have run.
    std::fs::write(at.join("shown.toml"), &shown.stdout).unwrap();
    let from_shown = plimsoll(at, &["replay", "shown.toml"]);
    let direct = plimsoll(
        at,
        &[
            "replay",
            scenario.to_str().unwrap(),
            "--accounts",
            "7",
            "--seed",
            "99",
        ],
    );
    assert_eq!(from_shown.code, 0, "{}", from_shown.stderr);
    assert_eq!(state_of(&from_shown.stdout), state_of(&direct.stdout));
    assert_ne!(state_of(&from_shown.stdout), state_of(&fixture().printed));
}

#[test]
fn the_bundled_crash_needs_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let ran = plimsoll(directory.path(), &["replay", "--accounts", "15"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for name in ["report.html", "liquidations.csv"] {
        assert!(directory.path().join("out").join(name).exists());
    }
    let shown = plimsoll(directory.path(), &["replay", "--show-scenario"]);
    assert!(shown.stdout.contains("source = \"bundled\""));
}

#[test]
fn real_bars_take_the_place_of_the_bundled_ones() {
    let Some(bars) = super::shared("data/prices/oct_2025-10-10") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let bars = bars.to_str().unwrap();
    let ran = plimsoll(
        directory.path(),
        &["replay", "--prices", bars, "--accounts", "15", "--json"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let results: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let first = results["provenance"][0].as_str().unwrap();
    assert!(!first.contains("simulated"), "{first}");
}

#[test]
fn what_cannot_run_says_why_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("bad.toml"), "name = 3\n").unwrap();
    std::fs::write(at.join("file"), "in the way").unwrap();
    let text = std::fs::read_to_string(data("small.toml")).unwrap();
    let people = text.replacen("accounts = 60,", "file = \"people.csv\",", 1);
    std::fs::write(at.join("people.toml"), people).unwrap();
    std::fs::write(at.join("people.csv"), "market,side\n").unwrap();
    let small = data("small.toml");
    let small = small.to_str().unwrap();
    let cases: [&[&str]; 12] = [
        &["replay", "missing.toml"],
        &["replay", "."],
        &["replay", "bad.toml"],
        &["replay", "--prices", "missing"],
        &["replay", "--prices", "file"],
        &["replay", "--accounts", "0"],
        &["replay", "--accounts", "20000000"],
        &["replay", "people.toml"],
        &["replay", "people.toml", "--accounts", "5"],
        &["replay", small, "--out", "file"],
        &["replay", small, "--out", "file/out"],
        &["replay", small, "--journal", "no/such/directory/a.journal"],
    ];
    let mut shown = String::new();
    for case in cases {
        let ran = plimsoll(at, case);
        assert_eq!(ran.code, 2, "{case:?}");
        shown.push_str(&ran.shown(at));
    }
    expect![[r#"
        error: cannot read the scenario missing.toml: No such file or directory (os error 2)
        [2]
        error: cannot read the scenario .: Is a directory (os error 21)
        [2]
        error: the scenario bad.toml is not valid:
        TOML parse error at line 1, column 8
          |
        1 | name = 3
          |        ^
        invalid type: integer `3`, expected a string

        [2]
        error: there is no file or directory missing
        [2]
        error: file: prices are read from .csv, .csv.gz and .zip files, or a directory of them
        [2]
        error: the scenario with the options of the command line cannot run: venue "TsunamiX V2": the population is empty: set `accounts` or `file`
        [2]
        error: the scenario with the options of the command line cannot run: venue "TsunamiX V2": accounts 20000000 is above 10000000
        [2]
        error: people.csv, line 1: the header must be market,side,collateral,leverage,arrives, not market,side
        [2]
        error: --accounts cannot change venue "t-keepers": its traders are those of people.csv
        [2]
        error: cannot make file: File exists (os error 17)
        [2]
        error: cannot make file/out: Not a directory (os error 20)
        [2]
        error: cannot create no/such/directory/a.journal: No such file or directory (os error 2)
        [2]
    "#]].assert_eq(&shown);
}

#[test]
fn a_journal_that_exists_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let small = data("small.toml");
    for content in ["", "not a journal"] {
        std::fs::write(at.join("a.journal"), content).unwrap();
        let ran = plimsoll(
            at,
            &["replay", small.to_str().unwrap(), "--journal", "a.journal"],
        );
        assert_eq!(ran.code, 2);
        assert!(
            ran.stderr.contains("a.journal exists already"),
            "{}",
            ran.stderr
        );
        let left = std::fs::read_to_string(at.join("a.journal")).unwrap();
        assert_eq!(left, content);
    }
}

#[test]
fn what_cannot_start_leaves_no_journal_behind() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("file"), "in the way").unwrap();
    let text = std::fs::read_to_string(data("small.toml")).unwrap();
    let refused = text.replacen(
        "preset = \"tsunamix\"",
        "preset = \"tsunamix\"\ntsunamix = { threshold = \"0.5\" }",
        1,
    );
    std::fs::write(at.join("refused.toml"), refused).unwrap();
    let small = data("small.toml");
    for case in [
        [
            "replay",
            "refused.toml",
            "--out",
            "out",
            "--journal",
            "a.journal",
        ],
        [
            "replay",
            small.to_str().unwrap(),
            "--out",
            "file",
            "--journal",
            "a.journal",
        ],
    ] {
        let ran = plimsoll(at, &case);
        assert_eq!(ran.code, 2, "{case:?}");
        assert!(!at.join("a.journal").exists(), "{case:?}: {}", ran.stderr);
    }
}

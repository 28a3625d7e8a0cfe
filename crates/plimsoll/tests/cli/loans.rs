//! Loans of liquidity from the command line: replayed, recorded, verified, explained.

use super::plimsoll;

/// Two months of the bundled year with few people, in a file of its own.
fn small(directory: &std::path::Path) -> String {
    let shown = plimsoll(
        directory,
        &[
            "replay",
            "gammaswap-2021",
            "--accounts",
            "60",
            "--show-scenario",
        ],
    );
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let text = shown
        .stdout
        .replace(
            "from = \"2021-01-01T00:00:00Z\"",
            "from = \"2021-04-10T00:00:00Z\"",
        )
        .replace(
            "to = \"2022-01-02T00:00:00Z\"",
            "to = \"2021-06-10T00:00:00Z\"",
        )
        .replace("arrive_over = \"8000h\"", "arrive_over = \"500h\"")
        .replace("arrive_over = \"PT8000H\"", "arrive_over = \"500h\"");
    assert_ne!(text, shown.stdout);
    std::fs::write(directory.join("loans.toml"), &text).unwrap();
    text
}

#[test]
fn a_recorded_replay_of_loans_is_verified_and_every_case_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    small(at);
    let ran = plimsoll(at, &["replay", "loans.toml", "--journal", "loans.journal"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let verdict = plimsoll(at, &["verify", "loans.journal"]);
    assert_eq!(verdict.code, 0, "{}", verdict.stdout);
    let listed = plimsoll(at, &["explain", "loans.journal"]);
    assert_eq!(listed.code, 0);
    assert!(
        listed.stdout.contains("liquidity notional"),
        "{}",
        listed.stdout
    );
    let rows = std::fs::read_to_string(at.join("out/liquidations.csv")).unwrap();
    let cases: Vec<&str> = rows
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').nth(3))
        .collect();
    assert!(cases.len() >= 8, "{} liquidations", cases.len());
    let mut forms = [0; 3];
    for case in cases {
        let told = plimsoll(at, &["explain", "loans.journal", case]);
        assert_eq!(told.code, 0, "case {case}: {}", told.stderr);
        for chapter in ["The rule", "The arithmetic", "Who was paid", "prevented"] {
            assert!(told.stdout.contains(chapter), "case {case}: no {chapter}");
        }
        for (form, name) in ["liquidateWithLP", "batchLiquidations", "; liquidate "]
            .iter()
            .enumerate()
        {
            forms[form] += usize::from(told.stdout.contains(name));
        }
    }
    assert!(forms[0] > 0 && forms[1] > 0, "{forms:?}");
}

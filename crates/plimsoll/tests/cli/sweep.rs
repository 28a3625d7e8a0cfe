//! `plimsoll sweep`: what it prints and leaves, going on, and how wrong parameters are told.

use std::path::Path;

use expect_test::{Expect, expect};

use super::{Ran, plimsoll, shared};

/// Half an hour of the crash, one venue, few people.
const TINY: &str = r#"
name = "tiny"
seed = 7
prices = { from = "2025-10-10T21:00:00Z", to = "2025-10-10T21:30:00Z" }
markets = [{ symbol = "DOGEUSDT" }]

[[venues]]
name = "V"
preset = "tsunamix"
liquidity = [{ deposit = 1000000 }]
liquidators = [{ name = "slow", delay = "60s" }]
population = { accounts = 40, collateral_max = 5000, arrive_over = "5m" }
"#;

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("tiny.toml"), TINY).unwrap();
    directory
}

fn sweep(directory: &Path, more: &[&str]) -> Ran {
    let arguments: Vec<&str> = ["sweep", "tiny.toml"].iter().chain(more).copied().collect();
    plimsoll(directory, &arguments)
}

/// Without how long it took.
fn timeless(ran: &Ran, directory: &Path) -> String {
    let shown = ran.shown(directory);
    let lines = shown
        .lines()
        .map(|line| match line.split_once(" new, in ") {
            Some((before, _)) => format!("{before} new"),
            None => line.to_owned(),
        });
    lines.map(|line| line + "\n").collect()
}

const VARY: [&str; 3] = [
    "--vary",
    "venues.V.tsunamix.threshold=0.90..0.98 step 0.04",
    "--seeds=2",
];

#[test]
fn a_sweep_prints_its_quantiles_and_leaves_tables_and_a_page() {
    let directory = directory();
    let ran = sweep(directory.path(), &VARY);
    expect![[r#"
        ┌─────────────────────────────┬──────────┬──────┬─────────────┬───────────┬───────────┬──────┬──────┬────────┬───────────┐
        │ venues.V.tsunamix.threshold ┆ venue    ┆ runs ┆ with a loss ┆ mean loss ┆ 50 %      ┆ 90 % ┆ 99 % ┆ 99.9 % ┆ largest   │
        ╞═════════════════════════════╪══════════╪══════╪═════════════╪═══════════╪═══════════╪══════╪══════╪════════╪═══════════╡
        │ 0.9                         ┆ V (TUSD) ┆ 2    ┆ 2           ┆ 79,839.56 ┆ 79,193.83 ┆ –    ┆ –    ┆ –      ┆ 80,485.29 │
        │ 0.94                        ┆ V (TUSD) ┆ 2    ┆ 2           ┆ 79,928.74 ┆ 79,230.28 ┆ –    ┆ –    ┆ –      ┆ 80,627.20 │
        │ 0.98                        ┆ V (TUSD) ┆ 2    ┆ 2           ┆ 79,979.12 ┆ 79,323.47 ┆ –    ┆ –    ┆ –      ┆ 80,634.77 │
        └─────────────────────────────┴──────────┴──────┴─────────────┴───────────┴───────────┴──────┴──────┴────────┴───────────┘
        – 90 % needs 10 runs; 2 support at most 50 %
        runs     6 of 6 new
        page     out/sweep/sweep.html
        tables   out/sweep/runs.csv, out/sweep/summary.csv, and the same as .parquet
        [0]
    "#]].assert_eq(&timeless(&ran, directory.path()));
    let mut files: Vec<String> = std::fs::read_dir(directory.path().join("out/sweep"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let expected = [
        "plan.json",
        "runs.csv",
        "runs.jsonl",
        "runs.parquet",
        "summary.csv",
        "summary.parquet",
        "sweep.html",
    ];
    assert_eq!(files, expected);
}

#[test]
fn the_number_of_threads_changes_no_byte_and_a_second_call_runs_nothing() {
    let directory = directory();
    let read =
        |out: &str, name: &str| std::fs::read(directory.path().join(out).join(name)).unwrap();
    for (threads, out) in [("1", "one"), ("3", "three")] {
        let more = [&VARY[..], &["--threads", threads, "--out", out]].concat();
        assert_eq!(sweep(directory.path(), &more).code, 0);
    }
    for name in [
        "runs.csv",
        "runs.parquet",
        "summary.csv",
        "summary.parquet",
        "sweep.html",
    ] {
        assert!(read("one", name) == read("three", name), "{name}");
    }
    let again = sweep(directory.path(), &[&VARY[..], &["--out", "one"]].concat());
    assert!(
        again.stderr.contains("going on: 6 of 6 runs are there"),
        "{}",
        again.stderr
    );
    assert!(again.stdout.contains("0 of 6 new"), "{}", again.stdout);
    let other = sweep(directory.path(), &["--seeds=3", "--out", "one"]);
    assert_eq!(other.code, 2);
    assert!(
        other
            .stderr
            .contains("one holds a sweep with other parameters"),
        "{}",
        other.stderr
    );
}

#[test]
fn json_has_every_column_with_exact_amounts_as_text() {
    let directory = directory();
    let ran = sweep(directory.path(), &["--json", "--seeds=2"]);
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["runs"], 2);
    let row = &told["summary"][0];
    assert_eq!(row["venue"], "V");
    assert!(row["loss_p50_in_asset"].is_string());
    assert!(row["loss_p99_in_asset"].is_null());
}

fn check_refused(more: &[&str], expected: &Expect) {
    let directory = directory();
    expected.assert_eq(&sweep(directory.path(), more).shown(directory.path()));
    assert!(
        !directory.path().join("out").exists(),
        "nothing is written before it is checked"
    );
}

#[test]
fn wrong_parameters_are_told_with_the_value_and_what_is_allowed() {
    check_refused(
        &["--vary", "threshold"],
        &expect![[r#"
        error: parameter "threshold": write PATH=a,b,c or PATH=FROM..TO step STEP
        [2]
    "#]],
    );
    check_refused(
        &["--vary", "venues.V.tsunamix.threshold=0.9..1.2 step 0.1"],
        &expect![[r#"
        error: venues.V.tsunamix.threshold = 1.1: the engine refuses the parameters of venue "V": threshold (ppm) is 1100000; it must be between 800000 and 1000000
        [2]
    "#]],
    );
    check_refused(
        &["--vary", "venues.W.tsunamix.threshold=0.9,1"],
        &expect![[r#"
        error: venues.W.tsunamix.threshold = 0.9: venues has no entry "W"; it has "V"
        [2]
    "#]],
    );
    check_refused(
        &["--vary", "venues.V.tsunamix.treshold=0.9,1"],
        &expect![[r#"
        error: venues.V.tsunamix.treshold = 0.9: unknown field `treshold`, expected one of `rule`, `threshold`, `max_leverage`, `trading_fee`, `vault_fee_share`, `borrowing_per_hour`, `funding_max_per_hour`, `slippage_factor`, `first_caller_bounty`, `resolver_bounty`, `max_profit`, `open_interest_per_tvl`, `open_interest_by_weight`, `open_interest_trend`, `min_collateral`
        [2]
    "#]],
    );
    check_refused(
        &["--windows", "nowhere"],
        &expect![[r#"
        error: there is no directory nowhere
        [2]
    "#]],
    );
    check_refused(
        &["--seeds", "0"],
        &expect![[r#"
        error: no seeds, no runs
        [2]
    "#]],
    );
}

/// Every crash that is recorded for DOGE, one after the other.
#[test]
fn real_windows_run_and_those_without_the_market_are_named() {
    let Some(prices) = shared("data/prices") else {
        return;
    };
    let directory = directory();
    let ran = sweep(
        directory.path(),
        &["--windows", prices.to_str().unwrap(), "--json"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("left out: window dec_2021-12-04:"),
        "{}",
        ran.stderr
    );
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(told["runs"].as_u64().unwrap() >= 5);
}

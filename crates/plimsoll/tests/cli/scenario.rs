//! `plimsoll scenario`: beginnings that are fine, and every mistake with its line and column.

use expect_test::{Expect, expect};

use super::plimsoll;

const PRESETS: [&str; 9] = [
    "tsunamix",
    "perennial",
    "perennial-plus",
    "gammaswap",
    "gammaswap-v1.2",
    "kuma",
    "kuma-plus",
    "kyan",
    "kyan-derive",
];

#[test]
fn every_beginning_passes_the_check_and_runs() {
    let directory = tempfile::tempdir().unwrap();
    for preset in PRESETS {
        let file = format!("{preset}.toml");
        let ran = plimsoll(
            directory.path(),
            &["scenario", "new", "--venue", preset, "--out", &file],
        );
        assert_eq!(ran.code, 0, "{preset}: {}", ran.stderr);
        let ran = plimsoll(directory.path(), &["scenario", "check", &file]);
        assert_eq!(
            (ran.code, ran.stdout),
            (0, format!("{file}: fine\n")),
            "{preset}"
        );
    }
    // Several venues in one scenario; it is a replay's as it stands.
    let ran = plimsoll(
        directory.path(),
        &[
            "scenario",
            "new",
            "--venue",
            "perennial",
            "--venue",
            "tsunamix",
        ],
    );
    let small = ran.stdout.replace("accounts = 500", "accounts = 20");
    assert!(small.contains('#'));
    std::fs::write(directory.path().join("two.toml"), small).unwrap();
    let ran = plimsoll(directory.path(), &["replay", "two.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn what_does_not_go_together_is_not_begun() {
    let directory = tempfile::tempdir().unwrap();
    let check = |arguments: &[&str], why: &str| {
        let all = [&["scenario", "new"], arguments].concat();
        let ran = plimsoll(directory.path(), &all);
        assert_eq!(ran.code, 2);
        assert!(ran.stdout.is_empty());
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    };
    check(
        &["--venue", "gmx"],
        "there is no preset \"gmx\"; there are tsunamix, perennial",
    );
    check(
        &["--venue", "kuma", "--venue", "gammaswap"],
        "need a scenario each",
    );
    check(
        &["--venue", "kuma", "--venue", "kuma"],
        "kuma is asked for twice",
    );
    std::fs::write(directory.path().join("there.toml"), "mine").unwrap();
    check(&["--out", "there.toml"], "there.toml exists already");
    let kept = std::fs::read_to_string(directory.path().join("there.toml")).unwrap();
    assert_eq!(kept, "mine");
}

/// A scenario that is fine; each mistake is one line of it changed.
const FINE: &str = r#"name = "small"
seed = 7

[prices]
from = "2025-10-10T21:00:00Z"
to = "2025-10-10T21:30:00Z"

[[markets]]
symbol = "DOGEUSDT"

[[venues]]
name = "T"
preset = "tsunamix"
liquidity = [{ deposit = 1000000 }]
liquidators = [{ name = "fast", delay = "2s" }]

[venues.tsunamix]
threshold = "0.99"

[venues.population]
accounts = 20
long_share = "0.6"

[[venues]]
name = "P"
preset = "perennial"
execution = "engine"

[venues.makers]
per_product = 2

[venues.population]
accounts = 20
long_share = "0.6"
"#;

/// What is told of the file with some lines changed.
fn check(changes: &[(&str, &str)], expected: &Expect) {
    let directory = tempfile::tempdir().unwrap();
    let mut text = FINE.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from:?}");
        text = text.replacen(from, to, 1);
    }
    std::fs::write(directory.path().join("s.toml"), text).unwrap();
    let ran = plimsoll(directory.path(), &["scenario", "check", "s.toml"]);
    assert_eq!(ran.code, i32::from(!changes.is_empty()));
    expected.assert_eq(&ran.shown(directory.path()));
}

#[test]
fn a_fine_one_is_fine() {
    check(
        &[],
        &expect![[r#"
        s.toml: fine
        [0]
    "#]],
    );
}

#[test]
fn unknown_keys_and_wrong_kinds_are_all_told_at_once() {
    check(
        &[
            ("seed = 7", "sead = 7\nseed = \"seven\""),
            ("delay = \"2s\"", "delay = \"2 parsecs\""),
            ("threshold = ", "treshold = "),
            ("per_product = 2", "per_product = -2"),
            ("execution = \"engine\"", "execution = \"robots\""),
        ],
        &expect![[r#"
            s.toml:2:1: unknown field `sead`, expected one of `name`, `description`, `seed`, `prices`, `pool`, `options`, `markets`, `venues`, `designs`, `people`, `street`, `stress`, `lesson`
            s.toml:3:8: invalid type: string "seven", expected u64
            s.toml:16:41: "2 parsecs" is not a span of time such as "2s" or "8h": failed to parse input in the "friendly" duration format: expected to find unit designator suffix (e.g., `years` or `secs`) after parsing integer
            s.toml:19:1: unknown field `treshold`, expected one of `rule`, `threshold`, `max_leverage`, `trading_fee`, `vault_fee_share`, `borrowing_per_hour`, `funding_max_per_hour`, `slippage_factor`, `first_caller_bounty`, `resolver_bounty`, `max_profit`, `open_interest_per_tvl`, `open_interest_by_weight`, `open_interest_trend`, `min_collateral`
            s.toml:28:13: unknown variant `robots`, expected `keepers` or `engine`
            s.toml:31:15: invalid value: integer `-2`, expected u32
            6 mistakes
            [1]
        "#]],
    );
}

#[test]
fn text_that_is_no_toml() {
    check(
        &[("[[markets]]", "[[markets]")],
        &expect![[r#"
        s.toml:8:11: unclosed array table, expected `]`
        1 mistake
        [1]
    "#]],
    );
}

#[test]
fn values_out_of_bounds_are_told_in_the_venue_they_are_in() {
    check(
        &[
            ("per_product = 2", "per_product = 0"),
            ("threshold = \"0.99\"", "threshold = \"-0.99\""),
        ],
        &expect![[r#"
            s.toml:18:1: venue "T": threshold -0.99 is negative
            s.toml:30:1: venue "P": makers.per_product 0 is not in 1..=100000
            2 mistakes
            [1]
        "#]],
    );
    // The same key in both venues: the place is that of the venue.
    check(
        &[(
            "[[venues]]\nname = \"P\"",
            "[[venues]]\nname = \"P\"\ntop_ups = { share = 2, every = \"5m\", within = \"0.1\", adds = 1 }",
        )],
        &expect![[r#"
            s.toml:26:13: venue "P": top_ups.share 2 is not in 0..=1
            1 mistake
            [1]
        "#]],
    );
}

#[test]
fn what_does_not_go_together_is_told_at_its_place() {
    check(
        &[("[venues.makers]\nper_product = 2", "")],
        &expect![[r#"
        s.toml:25:1: venue "P": takers need a counterparty: add [venues.makers]
        1 mistake
        [1]
    "#]],
    );
    check(
        &[(
            "name = \"P\"",
            "name = \"P\"\nkuma = { insurance_fund = 5 }",
        )],
        &expect![[r#"
            s.toml:26:1: venue "P": `kuma`, `book` and `partners` do not belong to this venue
            1 mistake
            [1]
        "#]],
    );
    check(
        &[("name = \"P\"", "name = \"T\"")],
        &expect![[r#"
            s.toml:25:1: two venues are called "T"
            1 mistake
            [1]
        "#]],
    );
}

#[test]
fn what_only_the_engine_or_the_prices_know_is_told_too() {
    check(
        &[("threshold = \"0.99\"", "threshold = \"0.5\"")],
        &expect![[r#"
        s.toml:18:1: the engine refuses the parameters of venue "T": threshold (ppm) is 500000; it must be between 800000 and 1000000
        1 mistake
        [1]
    "#]],
    );
    check(
        &[("symbol = \"DOGEUSDT\"", "symbol = \"NOUSDT\"")],
        &expect![[r#"
            s.toml:9:1: no prices for NOUSDT in the bundled crash; there are: BTCUSDT, ETHUSDT, SOLUSDT, DOGEUSDT
            1 mistake
            [1]
        "#]],
    );
    check(
        &[("[prices]", "[prices]\nsource = \"nowhere\"")],
        &expect![[r#"
            s.toml:5:1: nowhere: No such file or directory (os error 2)
            1 mistake
            [1]
        "#]],
    );
}

#[test]
fn json_has_line_and_column_and_a_missing_file_is_code_2() {
    let directory = tempfile::tempdir().unwrap();
    let text = FINE.replace("seed = 7", "seed = 7\nwind = 3");
    std::fs::write(directory.path().join("s.toml"), text).unwrap();
    let ran = plimsoll(directory.path(), &["scenario", "check", "s.toml", "--json"]);
    assert_eq!(ran.code, 1);
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["fine"], false);
    assert_eq!(told["findings"][0]["line"], 3);
    assert_eq!(told["findings"][0]["column"], 1);
    let ran = plimsoll(directory.path(), &["scenario", "check", "nowhere.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nowhere.toml"));
    let ran = plimsoll(directory.path(), &["scenario", "check", "october-2025"]);
    assert!(
        ran.stderr.contains("is a bundled scenario"),
        "{}",
        ran.stderr
    );
}

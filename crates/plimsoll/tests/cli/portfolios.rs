//! Option portfolios from the command line: replayed, recorded, verified, explained.

use super::plimsoll;

/// The last hours before the low, two dozen thinly covered books, both kinds of auction.
const SMALL: &str = r#"name = "before the low"
seed = 11
markets = [{ symbol = "BTCUSDT" }]

[prices]
source = "bundled:crash-2026-02"
from = "2026-02-05T23:00:00Z"
to = "2026-02-06T00:30:00Z"

[options]
expiries = 2
strikes = 5

[[venues]]
name = "page"
preset = "kyan"
execution = "engine"
population = { accounts = 24 }

[venues.kyan]
people = { cover = [{ times = "1.02", weight = 1 }, { times = "1.2", weight = 1 }] }
index_moves = "0.01"
bidders = [{ name = "desk", steps = ["hedge", "decompose", "auction"], delay = "8s", incentive = "0.001", per_hour = "2000000", capital = "20000000" }]

[[venues]]
name = "derive"
preset = "kyan-derive"
execution = "engine"
population = { accounts = 24 }

[venues.kyan]
people = { cover = [{ times = "1.02", weight = 1 }, { times = "1.2", weight = 1 }] }
index_moves = "0.01"
bidders = [{ name = "desk", steps = ["hedge", "decompose", "portfolio-auction"], delay = "8s", incentive = "0.001", per_hour = "2000000", capital = "20000000" }]
"#;

#[test]
fn a_recorded_replay_of_portfolios_is_verified_and_every_case_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("kyan.toml"), SMALL).unwrap();
    let ran = plimsoll(at, &["replay", "kyan.toml", "--journal", "kyan.journal"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let verdict = plimsoll(at, &["verify", "kyan.journal"]);
    assert_eq!(verdict.code, 0, "{}", verdict.stdout);
    let rows = std::fs::read_to_string(at.join("out/steps.csv")).unwrap();
    let mut cases: Vec<&str> = rows
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').nth(4))
        .collect();
    cases.dedup();
    assert!(cases.len() >= 4, "{} cases", cases.len());
    for case in cases.iter().step_by((cases.len() / 4).max(1)) {
        let told = plimsoll(at, &["explain", "kyan.journal", case]);
        assert_eq!(told.code, 0, "case {case}: {}", told.stderr);
        for words in [
            "The rule",
            "maintenance margin",
            "FLAGGED",
            "prevented",
            "->",
        ] {
            assert!(
                told.stdout.contains(words),
                "case {case}: no {words} in {}",
                told.stdout
            );
        }
    }
    let listed = plimsoll(at, &["explain", "kyan.journal"]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    assert!(listed.stdout.contains("USDC notional"), "{}", listed.stdout);
}

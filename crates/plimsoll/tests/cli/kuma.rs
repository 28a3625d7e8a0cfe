//! Cross-margin wallets from the command line: replayed, recorded, verified, explained.

use std::path::Path;

use super::plimsoll;

/// The worst hour, a few dozen wallets, with partners and without.
const SMALL: &str = r#"name = "the worst hour"
seed = 7
markets = [{ symbol = "ETHUSDT" }, { symbol = "DOGEUSDT" }]

[prices]
source = "bundled"
from = "2025-10-10T20:50:00Z"
to = "2025-10-10T21:30:00Z"

[[venues]]
name = "with"
preset = "kuma"
execution = "engine"
book = { requote = "0.01" }
population = { accounts = 40, like = "2025-10-10", collateral_max = "50000", arrive_over = "5m" }
partners = [{ name = "one", capital = "100000", offset = "0.005", order = "20000", capacity = "200000" }]

[[venues]]
name = "without"
preset = "kuma"
execution = "engine"
kuma = { waterfall = ["book", "deleverage"] }
book = { requote = "0.01" }
population = { accounts = 40, like = "2025-10-10", collateral_max = "50000", arrive_over = "5m" }
"#;

#[test]
fn a_recorded_replay_of_wallets_is_verified_and_every_case_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    std::fs::write(at.join("kuma.toml"), SMALL).unwrap();
    let ran = plimsoll(at, &["replay", "kuma.toml", "--journal", "kuma.journal"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("Less impact on liquidity:"),
        "{}",
        ran.stdout
    );
    let verdict = plimsoll(at, &["verify", "kuma.journal"]);
    assert_eq!(verdict.code, 0, "{}", verdict.stdout);
    let rows = std::fs::read_to_string(at.join("out/liquidations.csv")).unwrap();
    let cases: Vec<&str> = rows
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').nth(3))
        .collect();
    assert!(cases.len() >= 6, "{} liquidations", cases.len());
    let hops = std::fs::read_to_string(at.join("out/waterfall.csv")).unwrap();
    for hop in ["acquired", "partner", "book"] {
        assert!(hops.contains(&format!(",{hop},")), "no {hop}");
    }
    for case in cases.iter().step_by(cases.len() / 4) {
        let told = plimsoll(at, &["explain", "kuma.journal", case]);
        assert_eq!(told.code, 0, "case {case}: {}", told.stderr);
        for chapter in ["The rule", "The arithmetic", "Who was paid", "prevented"] {
            assert!(told.stdout.contains(chapter), "case {case}: no {chapter}");
        }
    }
    ranks_are_seen(at, cases[0]);
}

/// Everybody finds its place, before a case and at the end; wrong questions are refused.
fn ranks_are_seen(at: &Path, case: &str) {
    let ranks = |arguments: &[&str]| {
        let all = [&["ranks", "kuma.journal"], arguments].concat();
        plimsoll(at, &all)
    };
    let all = ranks(&["--before-case", case, "--top", "0", "--json"]);
    assert_eq!(all.code, 0, "{}", all.stderr);
    let queues: serde_json::Value = serde_json::from_str(&all.stdout).unwrap();
    let queues = queues.as_array().unwrap();
    assert!(queues.len() >= 4, "{} sides of markets", queues.len());
    for queue in queues {
        let listed = queue["listed"].as_array().unwrap();
        assert_eq!(u64::try_from(listed.len()).ok(), queue["wallets"].as_u64());
        let fifths: Vec<u64> = listed
            .iter()
            .map(|place| place["quintile"].as_u64().unwrap())
            .collect();
        assert_eq!(fifths[0], 5, "who is first is in the first fifth");
        assert!(fifths.is_sorted_by(|a, b| a >= b), "{fifths:?}");
    }
    let account = queues[0]["listed"][0]["account"].to_string();
    let own = ranks(&["--before-case", case, "--account", &account]);
    assert!(own.stdout.contains("first in line first"), "{}", own.stdout);
    for (arguments, why) in [
        (
            ["--before-case", "99999999"],
            "the journal has no case-99999999",
        ),
        (
            ["--market", "NONE"],
            "there is no market \"NONE\"; there are DOGE, ETH",
        ),
        (
            ["--policy", "luck"],
            "is not one of queue, pro-rata, minimal",
        ),
    ] {
        let refused = ranks(&arguments);
        assert_eq!(refused.code, 2, "{}", refused.stdout);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
}

#[test]
fn data_beside_prices_must_be_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let refused = plimsoll(
        directory.path(),
        &["replay", "kuma-2025-10", "--data", "nowhere"],
    );
    assert_ne!(refused.code, 0);
    assert!(
        refused.stderr.contains("there is no directory nowhere"),
        "{}",
        refused.stderr
    );
}

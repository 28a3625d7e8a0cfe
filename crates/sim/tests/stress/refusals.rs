//! What makes no sense of a stress is refused with the value, and with its number.

use plimsoll_sim::replay::Replay;
use plimsoll_sim::scenario::{BUNDLED, Scenario};

/// What is said of the second of two stresses, with this text, in the bundled scenario.
fn why(stress: &str) -> String {
    let text = format!("{BUNDLED}\n[[stress]]\nkind = \"scale\"\nby = 2\n\n[[stress]]\n{stress}\n");
    let scenario = match Scenario::parse("test", &text) {
        Ok(scenario) => scenario,
        Err(refused) => return refused.to_string(),
    };
    let mut few = scenario;
    for venue in &mut few.venues {
        venue.scale_to(1);
    }
    match Replay::prepare(few) {
        Ok(_) => "can run".to_owned(),
        Err(refused) => refused.to_string(),
    }
}

#[test]
fn bounds() {
    const AT: &str = "at = \"2025-10-10T21:00:00Z\"";
    let told = |stress: &str, expected: &str| {
        let found = why(&stress.replace("AT", AT));
        assert!(found.contains(expected), "{stress}\n{found}");
    };
    let late = "is after the last price, of 2025-10-11 23:58:45.000";
    for (stress, expected) in [
        ("kind = \"scale\"\nby = \"1.5\"", "can run"),
        ("kind = \"scale\"\nby = 0", "stress 2: by 0 is not positive"),
        (
            "kind = \"scale\"\nby = -1",
            "stress 2: by -1 is not positive",
        ),
        (
            "kind = \"scale\"\nby = \"10.1\"",
            "stress 2: by 10.1 is above 10",
        ),
        (
            "kind = \"scale\"\nby = 2\nmarkets = [\"NOPE\"]",
            "stress 2: there is no market \"NOPE\"",
        ),
        (
            "kind = \"scale\"\nby = 2\nat = \"2025-10-10T21:00:00Z\"",
            "unknown field `at`",
        ),
        ("kind = \"scale\"", "missing field `by`"),
        ("kind = \"shake\"", "unknown variant `shake`"),
        ("by = 2", "missing field `kind`"),
        (
            "kind = \"correlate\"\nwith = \"BTCUSDT\"\nby = \"-1\"",
            "can run",
        ),
        (
            "kind = \"correlate\"\nwith = \"BTCUSDT\"\nby = \"1.01\"",
            "stress 2: by 1.01 is not in -1..=1",
        ),
        (
            "kind = \"correlate\"\nwith = \"XAU\"\nby = 1",
            "stress 2: there is no market \"XAU\"",
        ),
        ("kind = \"gap\"\nAT\nby = \"-0.99\"", "can run"),
        (
            "kind = \"gap\"\nAT\nby = -1",
            "stress 2: by -1 leaves no price: it must be above -1",
        ),
        ("kind = \"gap\"\nAT\nby = 11", "stress 2: by 11 is above 10"),
        (
            "kind = \"gap\"\nat = \"2025-10-12T21:00:00Z\"\nby = 1",
            late,
        ),
        (
            "kind = \"gap\"\nat = \"2025-10-10T00:00:00Z\"\nby = 1",
            "is not after the first price",
        ),
        (
            "kind = \"freeze-oracle\"\nAT\nfor = \"10m\"\nmarkets = [\"BTCUSDT\", \"NOPE\"]",
            "stress 2: there is no market \"NOPE\"",
        ),
        (
            "kind = \"freeze-oracle\"\nAT\nfor = \"0s\"",
            "stress 2: `for` 0s is no time at all",
        ),
        ("kind = \"freeze-oracle\"\nAT", "missing field `for`"),
        (
            "kind = \"freeze-oracle\"\nat = \"2024-10-10T00:00:00Z\"\nfor = \"1h\"",
            "stress 2: it ends at 2024-10-10 01:00:00.000, before",
        ),
        ("kind = \"delay-prices\"\nby = \"30s\"", "can run"),
        (
            "kind = \"delay-prices\"\nby = \"0s\"",
            "stress 2: by 0s delays nothing",
        ),
        (
            "kind = \"delay-prices\"\nby = \"1s\"\nfor = \"1h\"",
            "stress 2: `for` needs `at`",
        ),
        ("kind = \"partners-leave\"\nAT", "can run"),
        (
            "kind = \"partners-leave\"\nAT\nfor = \"0s\"",
            "stress 2: `for` 0s is no time at all",
        ),
        (
            "kind = \"liquidators-away\"\nat = \"2025-10-13T00:00:00Z\"",
            late,
        ),
        (
            "kind = \"liquidity-leaves\"\nAT\nshare = 0",
            "stress 2: share 0 is not positive",
        ),
        (
            "kind = \"liquidity-leaves\"\nAT\nshare = \"1.5\"",
            "stress 2: share 1.5 is not in 0..=1",
        ),
        (
            "kind = \"widen-books\"\nAT\ndepth = \"1.2\"\nspread = 2",
            "stress 2: depth 1.2 is not in 0..=1",
        ),
        (
            "kind = \"widen-books\"\nAT\ndepth = \"0.0000001\"\nspread = 2",
            "stress 2: depth 0.0000001 has more than 6 decimals",
        ),
        (
            "kind = \"widen-books\"\nAT\ndepth = 1\nspread = 0",
            "stress 2: spread 0 is not positive",
        ),
        (
            "kind = \"widen-books\"\nAT\ndepth = 1\nspread = 1001",
            "stress 2: spread 1001 is above 1000",
        ),
    ] {
        told(stress, expected);
    }
}

#[test]
fn a_stress_belongs_to_the_prices_that_the_scenario_asks_for() {
    let asked = BUNDLED.replace(
        "[prices]\n",
        "[prices]\nfrom = \"2025-10-10T20:00:00Z\"\nto = \"2025-10-10T22:00:00Z\"\n",
    );
    for (at, length, expected) in [
        ("2025-10-10T21:00:00Z", "1h", None),
        ("2025-10-10T19:00:00Z", "61m", None),
        (
            "2025-10-10T22:00:00Z",
            "1h",
            Some("stress 1: `at` 2025-10-10 22:00:00.000 is not before the end of the prices"),
        ),
        (
            "2025-10-10T19:00:00Z",
            "1h",
            Some("stress 1: it ends at 2025-10-10 20:00:00.000, before the prices begin"),
        ),
    ] {
        let stress = format!("kind = \"partners-leave\"\nat = \"{at}\"\nfor = \"{length}\"");
        let read = Scenario::parse("test", &format!("{asked}\n[[stress]]\n{stress}\n"));
        let found = read.err().map(|refused| refused.to_string());
        match (found, expected) {
            (None, None) => {}
            (Some(found), Some(expected)) => assert!(found.contains(expected), "{found}"),
            other => panic!("{at} for {length}: {other:?}"),
        }
    }
}

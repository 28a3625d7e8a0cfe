//! What cannot be compared, and what is said about it.

use plimsoll_sim::compare::compare;
use plimsoll_sim::scenario::{BUNDLED_COMPARISON, Scenario};

use crate::small;

#[test]
fn one_design_that_fails_does_not_stop_the_others() {
    let scenario = small(
        5,
        &["kuma", "no-such-design", "tsunamix", "missing/file.toml"],
    );
    let compared = compare(&scenario, Some(2), &|_| {}).unwrap();
    let ran: Vec<&str> = compared
        .outcomes
        .iter()
        .map(|o| o.design.as_str())
        .collect();
    assert_eq!(ran, ["kuma", "tsunamix"]);
    let failed: Vec<&str> = compared.failed.iter().map(|f| f.design.as_str()).collect();
    assert_eq!(failed, ["no-such-design", "missing/file.toml"]);
    assert!(
        compared.failed[0].why.contains("no-such-design"),
        "{:?}",
        compared.failed
    );
    assert!(
        compared.failed[1].why.contains("missing/file.toml"),
        "{:?}",
        compared.failed
    );
}

#[test]
fn nothing_to_compare_is_an_error_with_the_reason() {
    let failing = small(5, &["no-such-design"]);
    let why = compare(&failing, None, &|_| {}).unwrap_err().to_string();
    assert!(why.contains("no-such-design"), "{why}");
    let why = compare(&Scenario::bundled().unwrap(), None, &|_| {}).unwrap_err();
    assert!(why.to_string().contains("plimsoll replay"), "{why}");
}

/// Replaces a piece of the bundled comparison, and reads it.
fn refused(from: &str, to: &str) -> String {
    assert!(BUNDLED_COMPARISON.contains(from), "{from}");
    let text = BUNDLED_COMPARISON.replacen(from, to, 1);
    Scenario::parse("bad.toml", &text).unwrap_err().to_string()
}

#[test]
fn bad_comparisons_are_refused_with_key_and_value() {
    for (from, to, why) in [
        ("traders = 10000", "traders = 0", "people: there is nobody"),
        ("traders = 10000", "traders = 20000000", "20000000 is above"),
        ("traders = 10000", "traders = -1", "traders = -1"),
        ("traders = 10000", "tradres = 10000", "tradres"),
        (
            "leverage_max = \"4.8\"",
            "leverage_max = 0",
            "people: leverage_max 0 is below 1",
        ),
        ("leverage_max = \"4.8\"", "leverage_max = \"1e3\"", "1e3"),
        (
            "collateral_min = \"100\"",
            "collateral_min = 19",
            "collateral_min 19 is below 20",
        ),
        (
            "collateral_max = \"250000\"",
            "collateral_max = 99",
            "collateral_max 99 is below",
        ),
        (
            "option_share = \"0.3\"",
            "option_share = 2",
            "people: option_share 2 is not in 0..=1",
        ),
        (
            "like = \"2025-10-10\"",
            "like = \"2025-10-11\"",
            "2025-10-11",
        ),
        (
            "like = \"2025-10-10\"",
            "like = \"2025-10-10\"\nlong_share = 1",
            "go without `like`",
        ),
        (
            "symbol = \"BTCUSDT\", weight",
            "symbol = \"BTC\", weight",
            "BTC is not one of",
        ),
        (
            "backstop = \"0.02\"",
            "backstop = 0",
            "street: backstop 0 is not positive",
        ),
        (
            "least = \"0.03\"",
            "least = 3",
            "street: least 3 is not in 0..=1",
        ),
        ("sees = \"0.9\"", "sees = 9", "liquidators \"fast\": sees 9"),
        (
            "name = \"wide and large\"",
            "name = \"tight and small\"",
            "two partners are called",
        ),
        (
            "    \"kuma\",\n",
            "    \"kuma\",\n    \"kuma\",\n",
            "\"kuma\" is named twice",
        ),
        ("[street]\ndepth", "[pool]\n[street]\ndepth", "pool"),
    ] {
        let told = refused(from, to);
        assert!(told.contains(why), "{to}: {told}");
        assert!(told.contains("bad.toml"), "{told}");
    }
    let without = |part: &str, end: &str| {
        let start = BUNDLED_COMPARISON.find(part).unwrap();
        let stop = BUNDLED_COMPARISON
            .find(end)
            .unwrap_or(BUNDLED_COMPARISON.len());
        let text = format!(
            "{}{}",
            &BUNDLED_COMPARISON[..start],
            &BUNDLED_COMPARISON[stop..]
        );
        Scenario::parse("bad.toml", &text).unwrap_err().to_string()
    };
    assert!(without("[people]", "[street]").contains("needs [people] and [street]"));
    assert!(without("[street]", "no such end").contains("needs [people] and [street]"));
}

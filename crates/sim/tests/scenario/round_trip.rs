//! What is written back is what was read, whatever was left out, and however it was typed.

use expect_test::expect;
use plimsoll_sim::scenario::{BUNDLED, Decimal, ExecutionMode, Preset, Scenario};
use proptest::prelude::*;

use super::{GOOD, with};

fn check(text: &str) {
    let read = Scenario::parse("first", text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let written = read.to_toml();
    let again = Scenario::parse("again", &written).unwrap_or_else(|e| panic!("{e}\n{written}"));
    assert_eq!(again, read);
    assert_eq!(again.to_toml(), written, "writing twice is writing once");
}

#[test]
fn a_scenario_written_and_read_again_is_the_same() {
    check(BUNDLED);
    check(GOOD);
    // Keys that the others leave out.
    check(&with(
        "source = \"bundled\"",
        "source = \"prices\"\nprefer = []\nfrom = 2025-10-10T02:00:00+02:00\nto = \"2025-10-10T01:00:00.250Z\"",
    ));
    check(&with(
        "deposit = \"1000000\"",
        "deposit = \"0.000001\"\nat = \"1969-12-31T23:59:59Z\"\nwithdraws_at = \"2025-10-10T21:30:00Z\"",
    ));
    check(&with("accounts = 20", "file = \"people.csv\""));
    check(&with(
        "threshold = \"0.99\"",
        "rule = \"deployed\"\nslippage_factor = 100000",
    ));
    check(&with(
        "maintenance = \"0.05\"",
        "partial_liquidation = false\nmaker_limit = 1e9",
    ));
    check(&with("seed = 7", "seed = 9223372036854775807"));
}

#[test]
fn the_bundled_scenario_is_what_the_readme_says() {
    let bundled = Scenario::bundled().unwrap();
    assert_eq!(bundled.prices.source, "bundled");
    assert_eq!(bundled.markets.len(), 4);
    let presets: Vec<Preset> = bundled.venues.iter().map(|v| v.preset).collect();
    assert_eq!(presets, [Preset::Tsunamix, Preset::Perennial]);
    for venue in &bundled.venues {
        assert_eq!(venue.population.accounts, 20_000);
        assert_eq!(venue.execution, ExecutionMode::Keepers);
    }
}

#[test]
fn defaults_are_written_out() {
    let text = Scenario::parse("good", GOOD).unwrap().to_toml();
    expect![[r#"
        name = "small"
        description = ""
        seed = 7

        [prices]
        source = "bundled"
        prefer = [
            "spot",
            "5m",
        ]

        [[markets]]
        symbol = "BTCUSDT"

        [[markets]]
        symbol = "ETHUSDT"

        [[venues]]
        name = "Tsunami"
        preset = "tsunamix"
        execution = "keepers"

        [venues.tsunamix]
        rule = "documented"
        threshold = "0.99"
        max_leverage = "20"
        trading_fee = "0.001"
        vault_fee_share = "0.5"
        borrowing_per_hour = "0.0001"
        funding_max_per_hour = "0.01"
        slippage_factor = 0
        first_caller_bounty = "0.02"
        resolver_bounty = "0.08"
        max_profit = "0.01"
        open_interest_per_tvl = "1"
        open_interest_by_weight = "0.2"
        open_interest_trend = "0.5"
        min_collateral = "5"

        [venues.population]
        accounts = 20
        markets = []
        collateral_median = "1000"
        collateral_spread = "1.2"
        collateral_min = "50"
        collateral_max = "1000000"
        long_share = "0.6"
        arrive_over = "12h"

        [[venues.population.leverage]]
        times = "2"
        weight = 20

        [[venues.population.leverage]]
        times = "3"
        weight = 20

        [[venues.population.leverage]]
        times = "5"
        weight = 25

        [[venues.population.leverage]]
        times = "10"
        weight = 25

        [[venues.population.leverage]]
        times = "20"
        weight = 10

        [[venues.liquidators]]
        name = "fast"
        delay = "2s"
        cost = "0"
        sees = "1"
        retries = 3

        [[venues.liquidity]]
        deposit = "1000000"

        [[venues]]
        name = "Perennial"
        preset = "perennial-plus"
        execution = "engine"
        liquidators = []
        liquidity = []

        [venues.perennial]
        maintenance = "0.05"
        margin = "0.06"
        liquidation_fee = "0.05"
        min_collateral = "10"
        protocol_fee = "0"
        funding_fee = "0.1"
        maker_fee = "0"
        taker_fee = "0.001"
        position_fee = "0.5"
        maker_limit = "1000000000"
        min_rate = "0.04"
        max_rate = "1"
        target_rate = "0.12"
        target_utilization = "0.8"

        [venues.population]
        accounts = 20
        markets = []
        collateral_median = "1000"
        collateral_spread = "1.2"
        collateral_min = "50"
        collateral_max = "1000000"
        long_share = "0.6"
        arrive_over = "12h"

        [[venues.population.leverage]]
        times = "2"
        weight = 20

        [[venues.population.leverage]]
        times = "3"
        weight = 20

        [[venues.population.leverage]]
        times = "5"
        weight = 25

        [[venues.population.leverage]]
        times = "10"
        weight = 25

        [[venues.population.leverage]]
        times = "20"
        weight = 10

        [venues.makers]
        per_product = 2
        cover = "1.5"
        leverage = "2"

        [venues.top_ups]
        share = "0.1"
        every = "5m"
        within = "0.03"
        adds = "0.5"
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_seed_that_toml_cannot_say_is_refused_when_it_comes_another_way() {
    let mut scenario = Scenario::parse("good", GOOD).unwrap();
    for seed in [0, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        scenario.seed = seed;
        match scenario.check("good") {
            Ok(()) => check(&scenario.to_toml()),
            Err(error) => assert!(
                error.to_string().contains(&seed.to_string()),
                "{error} does not name {seed}"
            ),
        }
    }
}

#[test]
fn numbers_are_what_was_typed_with_and_without_quotes() {
    for (typed, raw) in [
        ("\"0.05\"", 50_000_000_000_000_000),
        ("0.05", 50_000_000_000_000_000),
        ("5e-2", 50_000_000_000_000_000),
        ("\"+0.05\"", 50_000_000_000_000_000),
        ("0", 0),
        ("-0.0", 0),
        ("1", 1_000_000_000_000_000_000),
        ("0.1", 100_000_000_000_000_000),
        ("0.3", 300_000_000_000_000_000),
        ("1e-18", 1),
    ] {
        let text = with("maintenance = \"0.05\"", &format!("maintenance = {typed}"));
        let scenario = Scenario::parse(typed, &text).unwrap_or_else(|e| panic!("{e}"));
        let parameters = scenario.venues[1].perennial.as_ref().unwrap();
        assert_eq!(parameters.maintenance, Decimal::from_raw(raw), "{typed}");
    }
}

#[test]
fn liquidity_scales_with_the_accounts_and_stays_money() {
    let mut scenario = Scenario::parse("good", GOOD).unwrap();
    for (accounts, deposit) in [
        (20, "1000000"),
        (40, "2000000"),
        (3, "150000"),
        (7, "350000"),
        (9_999_999, "499999950000"),
        (1, "50000"),
    ] {
        scenario.venues[0].scale_to(accounts);
        scenario.check("scaled").unwrap();
        assert_eq!(scenario.venues[0].liquidity[0].deposit.to_string(), deposit);
        scenario = Scenario::parse("good", GOOD).unwrap();
    }
    scenario.venues[0].scale_to(3);
    scenario.venues[0].scale_to(7);
    assert_eq!(
        scenario.venues[0].liquidity[0].deposit.to_string(),
        "350000"
    );
    // An odd proportion has no exact share in millionths.
    let mut odd = Scenario::parse("odd", &with("accounts = 20", "accounts = 3")).unwrap();
    odd.venues[0].scale_to(1);
    odd.check("scaled").unwrap();
    assert_eq!(
        odd.venues[0].liquidity[0].deposit.to_string(),
        "333333.333333"
    );
}

#[test]
fn files_are_found_beside_the_scenario() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("scenario.toml");
    let text = with("source = \"bundled\"", "source = \"bars\"")
        .replacen("accounts = 20", "file = \"people.csv\"", 1)
        .replacen("accounts = 20", "file = \"/elsewhere/people.csv\"", 1);
    std::fs::write(&path, text).unwrap();
    let scenario = Scenario::load(&path).unwrap();
    let beside = |name: &str| directory.path().join(name);
    assert_eq!(scenario.prices.source, beside("bars").display().to_string());
    let file = |at: usize| scenario.venues[at].population.file.clone().unwrap();
    assert_eq!(file(0), beside("people.csv"));
    assert_eq!(file(1), std::path::Path::new("/elsewhere/people.csv"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever decimals a scenario has, it comes back the same or is refused.
    #[test]
    fn any_decimal_comes_back(raw in any::<i128>(), shift in 0u32..120, key in 0usize..6) {
        let decimal = Decimal::from_raw(raw >> shift);
        let line = [
            ("maintenance = \"0.05\"", "maintenance"),
            ("maintenance = \"0.05\"", "maker_limit"),
            ("threshold = \"0.99\"", "borrowing_per_hour"),
            ("deposit = \"1000000\"", "deposit"),
            ("long_share = \"0.6\"", "collateral_max"),
            ("adds = \"0.5\"", "adds"),
        ][key];
        let text = with(line.0, &format!("{} = \"{decimal}\"", line.1));
        if Scenario::parse("any", &text).is_ok() {
            check(&text);
        }
    }

    /// No text makes the reader panic: every line of the good scenario cut, doubled or broken.
    #[test]
    fn broken_text_is_refused_not_fatal(
        at in any::<prop::sample::Index>(),
        junk in "[\\[\\]{}=\",.0-9a-z\n\u{0} é-]{0,6}",
        remove in 0usize..12,
    ) {
        let from = at.index(GOOD.len());
        let to = (from + remove).min(GOOD.len());
        let text = format!("{}{junk}{}", &GOOD[..from], &GOOD[to..]);
        if let Ok(scenario) = Scenario::parse("broken", &text) {
            check(&scenario.to_toml());
        }
    }
}

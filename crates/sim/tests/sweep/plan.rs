//! What can be varied, and how a wrong value is told.

use expect_test::{Expect, expect};
use plimsoll_sim::scenario::Scenario;
use plimsoll_sim::sweep::Plan;

use super::plan;

/// The scenarios of a plan with one seed.
fn scenarios(vary: &[&str]) -> Vec<Scenario> {
    let plan = plan(vary, 1).unwrap();
    let runs = 0..plan.runs() as u64;
    runs.map(|number| plan.scenario(&plan.run(number)).unwrap())
        .collect()
}

#[test]
fn entries_are_named_by_place_name_or_preset() {
    for path in [
        "venues.1.perennial.maintenance",
        "venues.\"P one\".perennial.maintenance",
        "venues.P one.perennial.maintenance",
        "venues.perennial.perennial.maintenance",
    ] {
        let scenarios = scenarios(&[&format!("{path}=0.03,0.07")]);
        let values: Vec<String> = scenarios
            .iter()
            .map(|s| {
                s.venues[1]
                    .perennial
                    .as_ref()
                    .unwrap()
                    .maintenance
                    .to_string()
            })
            .collect();
        assert_eq!(values, ["0.03", "0.07"], "{path}");
    }
}

#[test]
fn a_star_means_all_entries() {
    let scenarios = scenarios(&["venues.*.population.accounts=10,20"]);
    for (scenario, accounts) in scenarios.iter().zip([10, 20]) {
        assert!(
            scenario
                .venues
                .iter()
                .all(|v| v.population.accounts == accounts)
        );
    }
}

#[test]
fn deep_entries_and_other_kinds_of_values() {
    let delays = scenarios(&["venues.P one.liquidators.slow.delay=1s,1m"]);
    let told = delays
        .iter()
        .map(|s| s.venues[1].liquidators[1].delay.millis());
    assert_eq!(told.collect::<Vec<_>>(), [1_000, 60_000]);
    let modes = scenarios(&["venues.perennial.execution=engine,keepers"]);
    assert_ne!(modes[0].venues[1].execution, modes[1].venues[1].execution);
    let flags = scenarios(&["venues.1.perennial.partial_liquidation=true,false"]);
    let flag = |s: &Scenario| s.venues[1].perennial.as_ref().unwrap().partial_liquidation;
    assert_eq!(
        (flag(&flags[0]), flag(&flags[1])),
        (Some(true), Some(false))
    );
    let times = scenarios(&["prices.from=2025-10-10T20:00:00Z,2025-10-10T20:30:00Z"]);
    assert!(times[0].prices.from < times[1].prices.from);
    let seeds = scenarios(&["seed=1,5"]);
    assert_eq!((seeds[0].seed, seeds[1].seed), (1, 5));
}

#[test]
fn a_grid_changes_its_last_parameter_fastest_and_seeds_within_a_point() {
    let plan = plan(
        &[
            "venues.0.tsunamix.threshold=0.9,0.95",
            "prices.prefer.0=spot,perp",
        ],
        3,
    );
    let plan = plan.unwrap();
    assert_eq!((plan.points(), plan.runs()), (4, 12));
    let told: Vec<String> = [0, 2, 3, 11]
        .iter()
        .map(|number| plan.settings(&plan.run(*number)))
        .collect();
    assert_eq!(
        told,
        [
            "venues.0.tsunamix.threshold = 0.9, prices.prefer.0 = spot, seed 7",
            "venues.0.tsunamix.threshold = 0.9, prices.prefer.0 = spot, seed 9",
            "venues.0.tsunamix.threshold = 0.9, prices.prefer.0 = perp, seed 7",
            "venues.0.tsunamix.threshold = 0.95, prices.prefer.0 = perp, seed 9",
        ]
    );
}

fn check_refused(vary: &[&str], seeds: u32, expected: &Expect) {
    let why = plan(vary, seeds).unwrap_err();
    expected.assert_eq(&why.to_string());
}

#[test]
fn a_value_that_cannot_be_is_refused_before_the_first_run() {
    check_refused(
        &["venues.0.tsunamix.treshold=0.9"],
        1,
        &expect![
            "venues.0.tsunamix.treshold = 0.9: unknown field `treshold`, expected one of `rule`, `threshold`, `max_leverage`, `trading_fee`, `vault_fee_share`, `borrowing_per_hour`, `funding_max_per_hour`, `slippage_factor`, `first_caller_bounty`, `resolver_bounty`, `max_profit`, `open_interest_per_tvl`, `open_interest_by_weight`, `open_interest_trend`, `min_collateral`"
        ],
    );
    check_refused(
        &["venues.P one.makers.per_product=2,0"],
        1,
        &expect![[
            r#"venues.P one.makers.per_product = 0: venue "P one": makers.per_product 0 is not in 1..=100000"#
        ]],
    );
    check_refused(
        &["venues.0.population.accounts=many"],
        1,
        &expect![[
            r#"venues.0.population.accounts = many: invalid type: string "many", expected u32"#
        ]],
    );
    check_refused(
        &["seed=1,2", "venues.0.perennial.maintenance=0.05"],
        1,
        &expect![[
            r#"venues.0.perennial.maintenance = 0.05: venue "T": `perennial` and `makers` do not belong to a tsunamix venue"#
        ]],
    );
    // The engine's own bounds.
    check_refused(
        &["venues.0.tsunamix.threshold=0.9,1.5"],
        1,
        &expect![[
            r#"venues.0.tsunamix.threshold = 1.5: the engine refuses the parameters of venue "T": threshold (ppm) is 1500000; it must be between 800000 and 1000000"#
        ]],
    );
    check_refused(
        &["markets.0.symbol=DOGEUSDT,PEPEUSDT"],
        1,
        &expect![
            "markets.0.symbol = PEPEUSDT: no prices for PEPEUSDT in the bundled crash; there are: BTCUSDT, ETHUSDT, SOLUSDT, DOGEUSDT"
        ],
    );
}

#[test]
fn a_path_that_leads_nowhere_says_what_there_is() {
    for (path, expected) in [
        (
            "venues.2.name",
            expect!["venues.2.name = 1: venues has 2 entries, counted from 0: there is no 2"],
        ),
        (
            "venues.Q.name",
            expect![[r#"venues.Q.name = 1: venues has no entry "Q"; it has "T", "P one""#]],
        ),
        (
            "venues.1.liquidators.medium.delay",
            expect![[
                r#"venues.1.liquidators.medium.delay = 1: liquidators has no entry "medium"; it has "fast", "slow""#
            ]],
        ),
        (
            "seed.high",
            expect![[r#"seed.high = 1: seed is a value and has no "high""#]],
        ),
        (
            "venues..name",
            expect!["venues..name = 1: a step of the path is empty"],
        ),
        (
            "venues.\"P one.name",
            expect![[r#"venues."P one.name = 1: a quote in the path is not closed"#]],
        ),
    ] {
        check_refused(&[&format!("{path}=1,2")], 1, &expected);
    }
}

#[test]
fn what_contradicts_itself_or_is_too_much_is_refused() {
    check_refused(
        &["seed=1,2", "seed=3,4"],
        1,
        &expect![[r#"parameter "seed": it is given twice"#]],
    );
    check_refused(
        &["seed=1,2"],
        2,
        &expect![[r#"parameter "seed": use either this or several seeds"#]],
    );
    check_refused(&[], 0, &expect!["no seeds, no runs"]);
    check_refused(
        &[],
        2_000_000,
        &expect!["2000000 seeds are more than 200000"],
    );
    check_refused(
        &[
            "seed=1..200 step 1",
            "venues.0.population.accounts=1..200 step 1",
        ],
        1,
        &expect!["40000 combinations of parameters are more than 10000"],
    );
}

#[test]
fn windows_put_the_scenarios_dates_aside_and_those_without_its_markets_are_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let bars = |name: &str, symbol: &str| {
        let folder = directory.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let mut text = "timestamp_ms,open,high,low,close,volume\n".to_owned();
        for bar in 0..12i64 {
            let at = 1_600_000_000_000 + bar * 300_000;
            text.push_str(&format!("{at},1,1.01,0.9,0.95,10\n"));
        }
        let file = folder.join(format!("binance_spot_{symbol}_5m.csv"));
        std::fs::write(file, text).unwrap();
    };
    bars("calm", "DOGEUSDT");
    bars("other", "BTCUSDT");
    std::fs::write(directory.path().join("_meta.json"), "{}").unwrap();
    let plan = Plan::new(&super::tiny(), Vec::new(), 2, Some(directory.path())).unwrap();
    assert_eq!(plan.windows.len(), 1);
    assert_eq!(plan.left_out.len(), 1);
    assert_eq!(plan.left_out[0].0, "other");
    assert_eq!(plan.runs(), 2);
    let scenario = plan.scenario(&plan.run(1)).unwrap();
    assert_eq!(scenario.prices.from, None);
    assert!(scenario.prices.source.ends_with("calm"));

    let empty = tempfile::tempdir().unwrap();
    let why = Plan::new(&super::tiny(), Vec::new(), 1, Some(empty.path())).unwrap_err();
    assert!(
        why.to_string()
            .contains("there is no directory and no price file")
    );
}

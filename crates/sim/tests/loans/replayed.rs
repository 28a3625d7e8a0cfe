//! Replays of liquidity loans: kept figures, the same bytes from the same seed, laws.

use std::path::Path;

use expect_test::expect;
use plimsoll_sim::replay::{Replay, ReplayError};
use plimsoll_sim::results::{Results, VenueResults};
use plimsoll_sim::scenario::{BUNDLED_LOANS, BUNDLES, Decimal, Scenario};

/// A daily pool history that lies beside the project, not in it.
const REAL: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/data/pools/uniswap_v2_USDC_WETH_daily_2020-05_2022-05.csv"
);

/// The bundled scenario with fewer people, over the fall of May 2021.
fn small() -> Scenario {
    let mut scenario = Scenario::parse("(bundled loans)", BUNDLED_LOANS).unwrap();
    let when = |text: &str| serde_json::from_value(serde_json::json!(text)).unwrap();
    scenario.prices.from = Some(when("2021-03-01T00:00:00Z"));
    scenario.prices.to = Some(when("2021-06-15T00:00:00Z"));
    for venue in &mut scenario.venues {
        venue.scale_to(150);
        venue.population.arrive_over = serde_json::from_value(serde_json::json!("1200h")).unwrap();
    }
    scenario
}

fn run(scenario: Scenario) -> Results {
    let replay = Replay::prepare(scenario).unwrap();
    // The end of a replay audits every venue and the ledger.
    replay.run(&mut (), &mut |_, _| ()).unwrap()
}

fn figure<'r>(venue: &'r VenueResults, label: &str) -> &'r str {
    let figure = venue.figures.iter().find(|f| f.label == label);
    &figure.unwrap_or_else(|| panic!("no figure {label}")).value
}

#[test]
fn a_small_replay_is_kept() {
    let results = run(small());
    let mut table = String::new();
    for (a, b) in results.venues[0]
        .figures
        .iter()
        .zip(&results.venues[1].figures)
    {
        assert_eq!(a.label, b.label);
        table.push_str(&format!("{:<32}{:>20}{:>20}\n", a.label, a.value, b.value));
    }
    table.push_str(&format!(
        "{} commands, {} events\n{}\n",
        results.commands, results.events, results.state_hash
    ));
    expect![[r#"
        Borrowers                                        147                 150
        Cases opened                                      68                  76
        Liquidated                                        62                  66
        Recovered                                          0                   0
        Still open at the end                              6                  10
        Debt at trigger                       6,025,421 USDC      4,213,672 USDC
        Collateral at trigger                 6,058,528 USDC      4,243,021 USDC
        Written down                                  0 USDC            323 USDC
        Time to liquidation, median                     60 s              3660 s
        Liquidators' gain                       126,092 USDC         11,209 USDC
        Liquidators' costs                        3,804 USDC          3,072 USDC
        Liquidators' profit                     122,288 USDC          8,137 USDC
        Transactions sent                                 51                  38
        Of them batches                      8 with 19 loans    16 with 44 loans
        Saved by batching                           286 USDC            444 USDC
        Utilisation, highest                         99.54 %             80.96 %
        Borrow rate, highest                         75.00 %              9.62 %
        A lender's share at the end                 1.181736            1.179927
        The same without write-downs                1.181736            1.180024
        An LP token held instead                    1.149485            1.149485
        Traded on the pair               13,752,015,465 USDC 13,784,249,110 USDC
        Steps of the pair by swaps            2,400 of 2,400      2,400 of 2,400
        25339 commands, 70537 events
        bcdb5918d8dc44bd943a8c03b206f1ff7b1c8ca4e6787a986b16a51f26ab276c
    "#]]
    .assert_eq(&table);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let json = |scenario| serde_json::to_string(&run(scenario)).unwrap();
    let (first, again) = (json(small()), json(small()));
    assert!(first == again, "two runs of one seed differ");
    let mut other = small();
    other.seed += 1;
    assert!(first != json(other), "another seed changed nothing");
}

#[test]
fn rows_and_figures_of_a_replay_agree() {
    let results = run(small());
    assert_eq!(results.venues.len(), 2);
    for venue in &results.venues {
        let name = &venue.name;
        let liquidated: u64 = figure(venue, "Liquidated")
            .replace(',', "")
            .parse()
            .unwrap();
        assert_eq!(venue.liquidations.len() as u64, liquidated, "{name}");
        assert!(liquidated > 10, "{name}: only {liquidated}");
        for row in &venue.liquidations {
            let case = row.case;
            // The rule: debt above the threshold share of the collateral.
            assert!(row.requirement.raw > row.equity.raw, "{name} case {case}");
            assert!(row.equity.raw < row.collateral.raw, "{name} case {case}");
            assert!(row.triggered <= row.executed, "{name} case {case}");
            assert!(row.shortfall.raw <= row.notional.raw, "{name} case {case}");
        }
        let steps = figure(venue, "Steps of the pair by swaps");
        let (by_swaps, all) = steps.split_once(" of ").unwrap();
        assert_eq!(by_swaps, all, "{name}: a step was forced");
        // A lender who is paid interest has at least what the LP token alone would have become.
        let share: f64 = figure(venue, "The same without write-downs")
            .parse()
            .unwrap();
        let token: f64 = figure(venue, "An LP token held instead").parse().unwrap();
        assert!(share >= token, "{name}: {share} below {token}");
    }
}

#[test]
fn batching_pays_where_single_calls_do_not() {
    let profit = |batches: bool| {
        let mut scenario = small();
        scenario.venues.remove(0);
        for venue in &mut scenario.venues {
            venue.liquidators.truncate(1);
            let liquidators = &mut venue.liquidators[0];
            liquidators.cost = Decimal::from_raw(150 * 10i128.pow(18));
            if let Some(loans) = &mut liquidators.loans {
                loans.batches = batches;
            }
        }
        let results = run(scenario);
        results.venues[0].liquidations.len()
    };
    let (one_by_one, batched) = (profit(false), profit(true));
    assert!(
        batched > one_by_one,
        "{batched} loans taken in batches, {one_by_one} one by one"
    );
}

#[test]
fn lending_and_perpetual_venues_do_not_mix() {
    let refuse = |text: String| match Scenario::parse("(test)", &text) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    };
    let without = |from: &str, to: &str| {
        let begin = BUNDLED_LOANS.find(from).unwrap();
        let end = begin + BUNDLED_LOANS[begin..].find(to).unwrap();
        format!("{}{}", &BUNDLED_LOANS[..begin], &BUNDLED_LOANS[end..])
    };
    let replaced = |from: &str, to: &str| {
        assert!(BUNDLED_LOANS.contains(from), "{from}");
        BUNDLED_LOANS.replacen(from, to, 1)
    };
    let told = [
        without("[pool]", "[[markets]]"),
        replaced("symbol = \"WETH\"", "symbol = \"USDC\""),
        replaced("quote = \"USDC\"", "quote = \"DAI\""),
        replaced("steps_per_day = 24", "steps_per_day = 0"),
        replaced("preset = \"gammaswap\"", "preset = \"tsunamix\""),
        replaced(
            "loans = { capital = \"400000\"",
            "loans = { capital = \"0\"",
        ),
        replaced(
            "loans = { capital = \"400000\", cost_per_loan = \"12\" }",
            "",
        ),
        replaced("tilt = \"0.10\"", "tilt = \"1.5\""),
    ]
    .map(refuse)
    .join("\n");
    expect![[r#"
        the scenario (test) cannot run: venue "GammaSwap": a GammaSwap venue needs a [pool]
        the scenario (test) cannot run: the market of a pool is its token that is not the quote: WETH, not USDC
        the scenario (test) cannot run: pool.quote "DAI" is not of the pool
        the scenario (test) cannot run: pool.steps_per_day 0 is not in 1..=1440
        the scenario (test) cannot run: venue "GammaSwap": only GammaSwap venues go with a [pool]
        the scenario (test) cannot run: venue "GammaSwap": liquidators "batching": capital 0 is not positive
        the scenario (test) cannot run: venue "GammaSwap": liquidators "batching" need `loans = { capital = ... }` to pay debts with
        the scenario (test) cannot run: venue "GammaSwap": borrowers.tilt 1.5 is not in 0..=1"#]].assert_eq(&told);
}

#[test]
fn every_bundled_scenario_is_found_by_its_name() {
    for (name, _) in BUNDLES {
        let found = Scenario::bundled_as(name).unwrap();
        assert!(found.is_some(), "{name}");
    }
    assert!(Scenario::bundled_as("october-1929").unwrap().is_none());
}

#[test]
fn another_pair_is_not_in_the_bundle() {
    let mut scenario = small();
    let pool = scenario.pool.as_mut().unwrap();
    pool.tokens[1].symbol = "WBTC".to_owned();
    scenario.markets[0].symbol = "WBTC".to_owned();
    match Replay::prepare(scenario) {
        Err(ReplayError::Pool(refused)) => expect![
            "the bundled history is of USDC with 6 decimals and WETH with 18, the scenario's [pool] is of USDC with 6 decimals and WBTC with 18"
        ]
        .assert_eq(&refused.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_real_history_is_walked_by_swaps_alone_and_trades_what_was_traded() {
    if !Path::new(REAL).exists() {
        println!("skipped: {REAL} is not there");
        return;
    }
    let mut scenario = small();
    scenario.prices.source = REAL.to_owned();
    let results = run(scenario);
    assert!(results.provenance[0].starts_with("Pool states: real, 106 recorded"));
    // What the exchange itself counted on the days from 1 March to 13 June 2021.
    let counted = counted_volume();
    for venue in &results.venues {
        let steps = figure(venue, "Steps of the pair by swaps");
        assert_eq!(steps, "2,520 of 2,520", "{}", venue.name);
        let traded = figure(venue, "Traded on the pair");
        let traded: f64 = traded
            .replace([',', ' '], "")
            .replace("USDC", "")
            .parse()
            .unwrap();
        let share = traded / counted;
        assert!((0.8..1.2).contains(&share), "{}: {share} of it", venue.name);
    }
}

/// The volume that the history itself gives for the days between the first state and the last.
fn counted_volume() -> f64 {
    let text = std::fs::read_to_string(REAL).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = header
        .iter()
        .position(|c| *c == "daily_volume_usd")
        .unwrap();
    let days = 1_614_556_800_000..1_623_628_800_000i64;
    lines
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|fields| days.contains(&fields[0].parse().unwrap()))
        .map(|fields| fields[column].parse::<f64>().unwrap())
        .sum()
}

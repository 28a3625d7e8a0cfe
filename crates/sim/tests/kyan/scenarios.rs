//! Kyan venues in scenarios: what is refused, by hazard, and what is written out again.

use expect_test::expect;
use plimsoll_sim::replay::Replay;
use plimsoll_sim::scenario::{BUNDLED_KYAN, Scenario};

const SMALL: &str = r#"name = "small"
seed = 1
markets = [{ symbol = "BTCUSDT" }]

[prices]
source = "bundled:crash-2026-02"

[[venues]]
name = "kyan"
preset = "kyan"
execution = "engine"
population = { accounts = 5 }
"#;

fn check(hazard: &str, from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from} is not in the scenario");
    let text = SMALL.replacen(from, to, 1);
    match Scenario::parse("(test)", &text) {
        Err(why) => {
            let why = why.to_string();
            let last = why.lines().last().unwrap_or_default();
            format!("{hazard}: {last}\n")
        }
        Ok(_) => panic!("{hazard} is taken"),
    }
}

#[test]
fn what_cannot_run_is_refused_with_its_key() {
    const PEOPLE: &str = "population = { accounts = 5 }";
    let kyan = |key: &str| format!("{PEOPLE}\nkyan = {{ {key} }}");
    let bidder = |key: &str| {
        format!(
            "{PEOPLE}\n[[venues.kyan.bidders]]\nname = \"b\"\n{key}\ndelay = \"1s\"\nper_hour = \"1\"\ncapital = \"1\""
        )
    };
    let cases = [
        (
            "two auctions",
            kyan("procedure = [\"auction\", \"portfolio-auction\"]"),
        ),
        ("no auction", kyan("procedure = [\"hedge\"]")),
        (
            "a step twice",
            kyan("procedure = [\"hedge\", \"hedge\", \"auction\"]"),
        ),
        ("no scenarios to speak of", kyan("price_range = \"0\"")),
        (
            "maintenance above initial",
            kyan("initial_factor = \"0.9\""),
        ),
        (
            "an incentive beyond the price",
            kyan("hedge_incentive = \"1.5\""),
        ),
        ("a clock that never ends", kyan("hedge_timeout = \"0s\"")),
        ("a clock that ticks all the time", kyan("clock = \"1ms\"")),
        ("a fund below zero", kyan("fund = \"-1\"")),
        (
            "a ladder beyond the price",
            kyan(
                "options_ladder = { every = \"60s\", levels = 20, first = \"0.5\", step = \"0.1\" }",
            ),
        ),
        (
            "nobody's kind of book",
            kyan(
                "people = { covered_calls = 0, strangles = 0, verticals = 0, condors = 0, synthetics = 0, naked = 0, perpetuals = 0, mixed = 0 }",
            ),
        ),
        (
            "a cover below the margin",
            kyan("people = { cover = [{ times = \"0.9\", weight = 1 }] }"),
        ),
        ("no makers", kyan("makers = { count = 0 }")),
        (
            "partners without their step",
            kyan(
                "partners = [{ name = \"p\", offset = \"0.01\", capacity = \"1\", capital = \"1\" }]",
            ),
        ),
        (
            "a bidder for nothing",
            bidder("steps = []\nincentive = \"0.001\""),
        ),
        (
            "a bidder in the partners' place",
            bidder("steps = [\"partner\"]\nincentive = \"0.001\""),
        ),
        (
            "a bidder that wants all",
            bidder("steps = [\"hedge\"]\nincentive = \"2\""),
        ),
        (
            "people of another kind",
            "population = { accounts = 5, long_share = \"0.1\" }".to_owned(),
        ),
        ("an unknown key", kyan("price_rnage = \"0.1\"")),
    ];
    let mut told: String = cases
        .iter()
        .map(|(hazard, to)| check(hazard, PEOPLE, to))
        .collect();
    told += &check(
        "keepers",
        "execution = \"engine\"",
        "execution = \"keepers\"",
    );
    told += &check(
        "two markets",
        "markets = [{ symbol = \"BTCUSDT\" }]",
        "markets = [{ symbol = \"BTCUSDT\" }, { symbol = \"ETHUSDT\" }]",
    );
    told += &check(
        "no expiries",
        "[[venues]]",
        "[options]\nexpiries = 0\n[[venues]]",
    );
    told += &check(
        "another's parameters",
        "[[venues]]\nname = \"kyan\"\npreset = \"kyan\"",
        "[[venues]]\nname = \"kyan\"\npreset = \"kuma\"\nkyan = {}",
    );
    expect![[r#"
        two auctions: the scenario (test) cannot run: venue "kyan": kyan.procedure needs one of "auction" and "portfolio-auction"
        no auction: the scenario (test) cannot run: venue "kyan": kyan.procedure needs one of "auction" and "portfolio-auction"
        a step twice: the scenario (test) cannot run: venue "kyan": kyan.procedure names a step twice
        no scenarios to speak of: the scenario (test) cannot run: venue "kyan": kyan.price_range 0 is not in 0.01..=0.9
        maintenance above initial: the scenario (test) cannot run: venue "kyan": kyan.initial_factor 0.9 is not in 1..=10
        an incentive beyond the price: the scenario (test) cannot run: venue "kyan": kyan.hedge_incentive 1.5 is not in 0..=1
        a clock that never ends: the scenario (test) cannot run: venue "kyan": kyan.hedge_timeout 0 ms is below 1 ms
        a clock that ticks all the time: the scenario (test) cannot run: venue "kyan": kyan.clock 1 ms is below 1000 ms
        a fund below zero: the scenario (test) cannot run: venue "kyan": kyan.fund -1 is negative
        a ladder beyond the price: the scenario (test) cannot run: venue "kyan": kyan.options_ladder: the last incentive is 2.5; it must be from 0 to 1
        nobody's kind of book: the scenario (test) cannot run: venue "kyan": kyan.people: no kind of book has a weight
        a cover below the margin: the scenario (test) cannot run: venue "kyan": kyan.people.cover 0.9 is not in 1..=1000
        no makers: the scenario (test) cannot run: venue "kyan": kyan.makers.count is zero: nobody takes the other side
        partners without their step: the scenario (test) cannot run: venue "kyan": there are partners, but the procedure has no "partner"
        a bidder for nothing: the scenario (test) cannot run: venue "kyan": bidder "b": steps is empty
        a bidder in the partners' place: the scenario (test) cannot run: venue "kyan": bidder "b": partners have their own list
        a bidder that wants all: the scenario (test) cannot run: venue "kyan": bidder "b": incentive 2 is not in 0..=1
        people of another kind: the scenario (test) cannot run: venue "kyan": a kyan venue's people are books of options: of `population` it takes `accounts` alone, the rest is in `kyan.people`
        an unknown key: unknown field `price_rnage`, expected one of `procedure`, `pairing`, `fund`, `price_range`, `vol_up`, `vol_down`, `delta_rate`, `delta_free`, `roll_rate`, `initial_factor`, `band`, `hedge_incentive`, `hedge_timeout`, `decompose_incentive`, `decompose_timeout`, `options_ladder`, `perpetuals_ladder`, `perp_only_stops`, `auction_buffer`, `index_every`, `index_moves`, `basis`, `clock`, `index_age`, `surface_age`, `guards`, `people`, `makers`, `bidders`, `partners`
        keepers: the scenario (test) cannot run: venue "kyan": a kyan venue liquidates by its own engine: set execution = "engine" and leave out `liquidators`; who takes its orders are `kyan.bidders`
        two markets: the scenario (test) cannot run: venue "kyan": a kyan venue goes with exactly one [[markets]] entry, its index
        no expiries: the scenario (test) cannot run: options.expiries 0 is not in 1..=12
        another's parameters: the scenario (test) cannot run: venue "kyan": `kyan` does not belong to this venue
    "#]].assert_eq(&told);
}

#[test]
fn options_that_do_not_fit_the_prices_are_refused() {
    let prepare = |from: &str, to: &str| {
        let scenario = Scenario::parse("(test)", &SMALL.replacen(from, to, 1)).unwrap();
        Replay::prepare(scenario).unwrap_err().to_string()
    };
    let told = [
        prepare("crash-2026-02", "crash-1929"),
        prepare("[[venues]]", "[options]\ncoin = \"ETH\"\n[[venues]]"),
        prepare(
            "[[venues]]",
            "[options]\nsource = \"nowhere.csv\"\n[[venues]]",
        ),
        prepare(":crash-2026-02", ""),
    ];
    expect![[r#"
        bundled anchors: there is no bundle "crash-1929"; there are crash-2025-10-10, crash-2026-02, crash-2020-03, yfi-2023-11, jelly-2025-03, shape-2025-10-10
        the bundled options are of BTC, not of ETH
        nowhere.csv: No such file or directory (os error 2)
        prices begin at 2025-10-10 00:00:00.000, but the first options are of 2026-02-03 04:29:35.033: set prices.from to that or later"#]].assert_eq(&told.join("\n"));
}

#[test]
fn the_bundled_scenario_is_read_and_written_and_read_again() {
    let scenario = Scenario::parse("(bundled)", BUNDLED_KYAN).unwrap();
    let again = Scenario::parse("(written)", &scenario.to_toml()).unwrap();
    assert_eq!(scenario, again);
}

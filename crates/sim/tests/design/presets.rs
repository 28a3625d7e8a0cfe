//! The files that come with the program: each is the very machine of its page.

use plimsoll_sim::design::{self, Design, Machine};
use plimsoll_sim::people::Totals;
use plimsoll_sim::scenario::{
    Decimal, Defence, Deleveraging, GammaswapParameters, KumaParameters, KyanParameters,
    PerennialParameters, Preset, Scenario, Slices, Span, Step, TsunamixParameters, Venue,
};
use plimsoll_units::Duration;

/// A comparison of two markets.
pub(crate) fn scenario() -> Scenario {
    let text = r#"
        name = "s"
        seed = 1
        designs = ["kuma"]
        [prices]
        [[markets]]
        symbol = "BTCUSDT"
        [[markets]]
        symbol = "ETHUSDT"
        [people]
        traders = 100
        leverage_max = 5
        arrive_over = "1h"
        [street]
        depth = "0.02"
        halves_at = "0.03"
        least = "0.04"
        backstop = "0.05"
        [[street.liquidators]]
        name = "fast"
        delay = "2s"
        [[street.partners]]
        name = "wide"
        capital = "5000000"
        offset = "0.01"
        order = "1000000"
        window_cap = "4000000"
        window = "10m"
    "#;
    Scenario::parse("test", text).unwrap()
}

/// A million of deposits; 3 long and 1 short in the first market, 1 and 1 in the second.
pub(crate) fn people() -> Totals {
    let million = 1_000_000_000_000;
    Totals {
        deposits: million,
        notional: vec![[3 * million, million], [million, million]],
    }
}

pub(crate) fn venue(design: &Design) -> Venue {
    design.venue(&scenario(), &people()).unwrap()
}

fn named(name: &str) -> Design {
    design::named(name).unwrap_or_else(|e| panic!("{e}"))
}

fn millionths(count: i128) -> Decimal {
    Decimal::from_raw(count * 10i128.pow(12))
}

#[test]
fn every_file_is_read_and_its_venue_fits_the_scenario() {
    for name in design::presets() {
        let design = named(name);
        assert_eq!(design.name, name);
        assert!(!design.about.is_empty(), "{name}");
        let venue = venue(&design);
        assert_eq!(venue.preset, design.rules);
        let mut scenario = scenario();
        scenario.designs = Vec::new();
        scenario.venues = vec![venue];
        scenario.check(name).unwrap();
        // And as a scenario is written, it is read.
        let again = Scenario::parse(name, &scenario.to_toml()).unwrap();
        assert_eq!(again, scenario, "{name}");
    }
}

#[test]
fn written_out_a_design_reads_back_as_it_was() {
    for name in design::presets() {
        let design = named(name);
        let text = design.to_toml();
        assert_eq!(design::parse(name, &text).unwrap(), design, "{text}");
    }
}

#[test]
fn the_five_venues_and_their_variants_have_their_page() {
    for name in design::presets() {
        let design = named(name);
        let own = Machine::of(design.rules) == Machine::Composed;
        assert_eq!(design.page.is_none(), own, "{name}");
    }
}

#[test]
fn tsunamix_is_the_preset() {
    let own = venue(&named("tsunamix"));
    assert_eq!(own.tsunamix, Some(TsunamixParameters::default()));
    // Four cells of the largest, and the backstop on top.
    assert_eq!(own.liquidity[0].deposit, millionths(12_050_000_000_000));
}

#[test]
fn perennial_is_the_preset() {
    let off = PerennialParameters {
        close_fee_before_reward: Some(false),
        reward_at_settlement: Some(false),
        partial_liquidation: Some(false),
        ..PerennialParameters::default()
    };
    assert_eq!(venue(&named("perennial")).perennial, Some(off));
    let on = PerennialParameters {
        close_fee_before_reward: Some(true),
        margin_above_maintenance: Some(true),
        reward_at_settlement: Some(true),
        partial_liquidation: Some(true),
        ..PerennialParameters::default()
    };
    let plus = venue(&named("perennial-plus"));
    assert_eq!(plus.perennial, Some(on));
    // Positions of 9 million, half of it and the backstop behind them.
    assert_eq!(
        plus.makers.unwrap().leverage.cut::<3>(),
        millionths(1_978_000)
    );
}

#[test]
fn gammaswap_is_the_preset() {
    for name in ["gammaswap", "gammaswap-v1.2"] {
        let own = venue(&named(name));
        let said = GammaswapParameters {
            threshold: Some(millionths(995_000)),
            liquidation_fee: Some(millionths(2_500)),
            ..GammaswapParameters::default()
        };
        assert_eq!(own.gammaswap, Some(said), "{name}");
        assert!(own.liquidators[0].loans.unwrap().batches);
        // One and a half times what is borrowed of ETH, and the backstop.
        assert_eq!(own.liquidity[0].deposit, millionths(3_050_000_000_000));
    }
}

#[test]
fn kuma_is_the_preset() {
    let fund = millionths(50_000_000_000);
    let page = KumaParameters {
        insurance_fund: fund,
        partial: Some(false),
        ..KumaParameters::default()
    };
    let own = venue(&named("kuma"));
    assert_eq!(own.kuma, Some(page));
    assert_eq!(own.partners.len(), 1);
    assert_eq!(own.book.unwrap().halves_at, millionths(30_000));
    // What `kuma-plus` has on by itself is written out, and deleveraging is the least.
    let plus = KumaParameters {
        insurance_fund: fund,
        partial: Some(true),
        deleveraging: Deleveraging::Minimal,
        collar: Some(millionths(20_000)),
        slices: Some(Slices {
            fraction: millionths(250_000),
            interval: Span(Duration(30_000)),
            deep: millionths(100_000),
        }),
        defence: Some(Defence {
            per_account: Some(fund.scaled(1, 50)),
            per_window: Some(fund.scaled(1, 2)),
            window: Span(Duration::HOUR),
            gate: Some(Span(Duration::HOUR)),
        }),
        ..KumaParameters::default()
    };
    assert_eq!(venue(&named("kuma-plus")).kuma, Some(plus));
}

#[test]
fn kyan_is_the_preset() {
    for (name, last) in [
        ("kyan", Step::Auction),
        ("kyan-derive", Step::PortfolioAuction),
    ] {
        let own = venue(&named(name)).kyan.unwrap();
        let steps = vec![Step::Hedge, Step::Decompose, last];
        assert_eq!(own.bidders[0].steps, steps);
        assert_eq!(own.bidders[0].per_hour, millionths(24_000_000_000_000));
        let page = KyanParameters {
            procedure: Some(steps),
            fund: millionths(50_000_000_000),
            bidders: own.bidders.clone(),
            ..KyanParameters::default()
        };
        assert_eq!(own, page, "{name}");
    }
}

/// What a file says is what runs: a number changed in it is a parameter changed, and nothing else.
#[track_caller]
fn changed(name: &str, from: &str, to: &str, told: &[&str]) {
    let text = design::text(name).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{name}: {from}");
    let before = venue(&named(name));
    let after = design::parse(name, &text.replace(from, to)).unwrap_or_else(|e| panic!("{e}"));
    let mut after = venue(&after);
    // Of a composed venue the engine's configuration is what counts.
    after.design.clone_from(&before.design);
    let lines = |venue: &Venue| -> Vec<String> {
        toml::to_string(venue)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    };
    let (old, new) = (lines(&before), lines(&after));
    let new: Vec<&String> = new.iter().filter(|line| !old.contains(line)).collect();
    assert_eq!(new, told, "{name}: {to}");
}

#[test]
fn a_number_changed_in_the_file_is_a_parameter_changed() {
    for (name, from, to, told) in [
        (
            "tsunamix",
            "threshold = \"0.99\"",
            "threshold = \"0.9\"",
            &["threshold = \"0.9\""][..],
        ),
        (
            "tsunamix",
            "resolver = \"0.08\"",
            "resolver = \"0.05\"",
            &["resolver_bounty = \"0.05\""],
        ),
        (
            "tsunamix",
            "profit = \"0.01\"",
            "profit = \"0.02\"",
            &["max_profit = \"0.02\""],
        ),
        (
            "tsunamix",
            "over_backstop = \"1\"",
            "over_backstop = \"2\"",
            &["open_interest_per_tvl = \"2\"", "deposit = \"6050000\""],
        ),
        (
            "perennial",
            "fee = \"0.05\"",
            "fee = \"0.2\"",
            &["liquidation_fee = \"0.2\""],
        ),
        (
            "perennial",
            "portion = \"all\"",
            "portion = \"to-requirement\"",
            &["partial_liquidation = true"],
        ),
        (
            "perennial",
            "maintenance = \"0.05\"",
            "maintenance = \"0.04\"",
            &["maintenance = \"0.04\""],
        ),
        (
            "gammaswap",
            "threshold = \"0.995\"",
            "threshold = \"0.98\"",
            &["threshold = \"0.98\""],
        ),
        (
            "gammaswap",
            "\"in-batch\"",
            "\"with-lp\"",
            &["batches = false"],
        ),
        (
            "kuma",
            "initial = \"0.05\"",
            "initial = \"0.1\"",
            &["initial_margin = \"0.1\""],
        ),
        (
            "kuma-plus",
            "deep = \"0.1\"",
            "deep = \"0.2\"",
            &["deep = \"0.2\""],
        ),
        (
            "kuma-plus",
            "per_account = \"0.02\"",
            "per_account = \"0.1\"",
            &["per_account = \"5000\""],
        ),
        (
            "kyan",
            "band = \"10000\"",
            "band = \"500\"",
            &["band = \"500\""],
        ),
        (
            "kyan",
            "every = \"10s\"",
            "every = \"7s\"",
            &["every = \"7s\""],
        ),
        (
            "kyan-derive",
            "buffer = \"0.15\"",
            "buffer = \"0.2\"",
            &["auction_buffer = \"0.2\""],
        ),
        (
            "kyan",
            "vol_up = \"0.5\"",
            "vol_up = \"0.7\"",
            &["vol_up = \"0.7\""],
        ),
    ] {
        changed(name, from, to, told);
    }
}

#[test]
fn the_stages_of_the_file_are_the_machines() {
    let without_partners = |text: &str| text.replace("[[design.stages]]\nstage = \"hand-off\"", "");
    let text = without_partners(design::text("kuma").unwrap());
    let own = venue(&design::parse("kuma", &text).unwrap());
    let told = toml::to_string(&own).unwrap();
    assert!(
        told.contains("waterfall = [\"book\", \"deleverage\"]"),
        "{told}"
    );
    assert!(own.partners.is_empty());

    let text = design::text("kyan").unwrap();
    let text = text.replacen("stage = \"decompose\"", "stage = \"hand-off\"", 1);
    let text: String = text
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("pairing") && !line.starts_with("timeout = \"1m\""))
        .collect();
    let text = text.replace(
        "stage = \"hand-off\"\n# \"If nested vertical spreads exist, group by closest strikes\"\n# [ours]\nincentive = \"0.001\"\n",
        "stage = \"hand-off\"\n",
    );
    let own = venue(&design::parse("kyan", &text).unwrap());
    let kyan = own.kyan.unwrap();
    assert_eq!(
        kyan.procedure,
        Some(vec![Step::Hedge, Step::Partner, Step::Auction])
    );
    assert_eq!(kyan.partners.len(), 1);
}

#[test]
fn what_the_design_does_not_name_is_a_parameter_of_the_machine() {
    let text = format!(
        "{}\n[design.parameters]\ntrading_fee = \"0.002\"\n",
        design::text("tsunamix").unwrap()
    );
    let own = venue(&design::parse("t", &text).unwrap());
    assert_eq!(own.tsunamix.unwrap().trading_fee, millionths(2_000));
}

#[test]
fn the_backstop_is_a_share_of_what_the_traders_deposit() {
    let text = format!(
        "{}\n[design.backstops]\nsize = \"0.1\"\n",
        design::text("kuma").unwrap()
    );
    let own = venue(&design::parse("k", &text).unwrap());
    assert_eq!(
        own.kuma.unwrap().insurance_fund,
        millionths(100_000_000_000)
    );
    for (name, fund, vault) in [
        ("plimsoll", 50_000_000_000, 0),
        ("vault-inherits", 0, 50_000_000_000),
        ("auction-only", 0, 0),
    ] {
        let street = scenario().street.unwrap();
        let backing = named(name).backing(&street, &people());
        assert_eq!((backing.fund, backing.vault), (fund, vault), "{name}");
    }
}

#[test]
fn a_scenario_without_people_has_no_venue_for_a_design() {
    let mut scenario = scenario();
    scenario.people = None;
    let why = named("kuma").venue(&scenario, &people()).unwrap_err();
    assert_eq!(
        why.to_string(),
        "the design \"kuma\" cannot run here: a comparison needs [people] and [street]"
    );
}

#[test]
fn designs_are_found_by_name_and_by_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mine.toml");
    let text = design::text("kuma")
        .unwrap()
        .replace("name = \"kuma\"", "name = \"mine\"");
    std::fs::write(&path, text).unwrap();
    assert_eq!(
        design::load("mine.toml", directory.path()).unwrap().name,
        "mine"
    );
    assert_eq!(
        design::load("kuma", directory.path()).unwrap().rules,
        Preset::Kuma
    );
    let why = design::load("kumo", directory.path())
        .unwrap_err()
        .to_string();
    assert!(
        why.starts_with("there is no design \"kumo\", and no such file"),
        "{why}"
    );
    let why = design::load("./kumo.toml", directory.path())
        .unwrap_err()
        .to_string();
    assert!(why.starts_with("cannot read the design"), "{why}");
}

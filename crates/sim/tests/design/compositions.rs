//! Random compositions: read or refused, never a panic; what is read, the engine takes.

use plimsoll_sim::design::{self, Design, DesignError, StageName};
use plimsoll_units::AssetId;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::presets::{people, scenario};

/// A share as text, now and then out of every bound.
fn share() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0u32..=100).prop_map(|percent| format!("{}.{:02}", percent / 100, percent % 100)),
        1 => Just("-0.5".to_owned()),
        1 => Just("123456789".to_owned()),
        1 => Just("0.123456789".to_owned()),
    ]
}

fn span() -> impl Strategy<Value = String> {
    (0u32..100).prop_map(|seconds| format!("{seconds}s"))
}

fn line(key: &'static str, value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    option::of(value)
        .prop_map(move |value| value.map_or(String::new(), |value| format!("{key} = {value:?}\n")))
}

fn one_of(key: &'static str, values: &'static [&'static str]) -> impl Strategy<Value = String> {
    line(
        key,
        proptest::sample::select(values).prop_map(str::to_owned),
    )
}

fn stage() -> impl Strategy<Value = String> {
    let names = StageName::ALL.map(StageName::name);
    let name = proptest::sample::select(names.to_vec());
    let own = (
        line("collar", share()),
        line("cushion", share()),
        line("first", share()),
        line("discount", share()),
        one_of("whose", &["account", "backstop"]),
        one_of("policy", &["queue", "pro-rata", "minimal"]),
    );
    (name, own, any::<bool>()).prop_map(|(name, (a, b, c, d, e, f), fitting)| {
        let keys = match name {
            "hedge" => a + &b,
            "close-on-book" => a,
            "auction" => c,
            "reduce" => d,
            "deleverage" => e + &f,
            _ if fitting => String::new(),
            _ => a,
        };
        format!("[[design.stages]]\nstage = {name:?}\n{keys}\n")
    })
}

fn sections() -> impl Strategy<Value = String> {
    let margin = (
        proptest::sample::select(&["isolated", "versioned", "cross", "portfolio"][..]),
        line("initial", share()),
        line("maintenance", share()),
        line("price_range", share()),
    );
    let rest = (
        one_of("scope", &["none", "deposits-only", "all"]),
        line("grace", span()),
        line("urgent", share()),
        line("penalty", share()),
        option::of(line("per_account", share())),
        option::of(line("inventory", share())),
        line("over_backstop", share()),
    );
    (margin, rest).prop_map(
        |(
            (model, initial, maintenance, range),
            (scope, grace, urgent, penalty, fund, vault, over),
        )| {
            let fund = fund.map_or(String::new(), |own| {
                format!("[design.backstops.fund]\n{own}")
            });
            let vault = vault.map_or(String::new(), |own| {
                format!("[design.backstops.vault]\n{own}")
            });
            format!(
                "[design.margin]\nmodel = {model:?}\n{initial}{maintenance}{range}\
                 [design.trigger]\n{grace}{urgent}[design.lock]\n{scope}\
                 [design.backstops]\n{penalty}{fund}{vault}[design.limits]\n{over}"
            )
        },
    )
}

/// What is read is taken by the engine, is a venue of a scenario that makes sense, and reads back.
fn runs(design: &Design) {
    let markets = [
        ("BTCUSDT".to_owned(), 6_000_000_000_000),
        ("ETHUSDT".to_owned(), 1),
    ];
    design
        .engine(AssetId(0), &markets, 5_000_000_000_000)
        .unwrap();
    let mut scenario = scenario();
    let venue = design.venue(&scenario, &people()).unwrap();
    scenario.designs.clear();
    scenario.venues.push(venue);
    scenario.check("composed").unwrap();
    assert_eq!(&design::parse("again", &design.to_toml()).unwrap(), design);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_composition_is_refused_with_a_place_or_runs(
        stages in vec(stage(), 0..5),
        sections in sections(),
    ) {
        let text = format!("[design]\nname = \"x\"\nrules = \"composed\"\n{}{}", sections, stages.concat());
        match design::parse("x", &text) {
            Ok(design) => runs(&design),
            Err(DesignError::Wrong { findings, .. }) => {
                let lines = text.lines().count();
                prop_assert!(findings.iter().all(|f| (1..=lines).contains(&f.line)), "{findings:?}\n{text}");
            }
            Err(why) => prop_assert!(false, "{why}"),
        }
    }

    #[test]
    fn any_text_is_refused_or_read(text in ".{0,200}") {
        let _ = design::parse("x", &text);
    }
}

/// So that the law above is about something: what fits is read.
#[test]
fn every_stage_of_positions_fits_somewhere() {
    for (stage, rest) in [
        ("acquire", ""),
        ("hand-off", ""),
        ("close-on-book", ""),
        ("hedge", ""),
        ("auction", ""),
        ("deleverage", ""),
        ("reduce", ""),
        ("reward", ""),
        ("socialise", ""),
        ("confiscate", "[design.backstops.vault]"),
        ("force-close", "[design.backstops.vault]"),
        ("close-next-version", "[design.backstops.vault]"),
    ] {
        let models: &[&str] = match stage {
            "close-next-version" => &["versioned"],
            _ => &["isolated", "cross", "portfolio"],
        };
        for model in models {
            let text = format!(
                "[design]\nname = \"x\"\nrules = \"composed\"\nprocedure = [{stage:?}]\n\
                 [design.margin]\nmodel = {model:?}\n{rest}\n"
            );
            let design = design::parse("x", &text).unwrap_or_else(|e| panic!("{e}"));
            runs(&design);
        }
    }
}

//! Kuma scenarios as text: what is read back as it was written, and bad ones with their messages.

use expect_test::{Expect, expect};
use plimsoll_sim::scenario::Scenario;

pub(crate) const GOOD: &str = r#"name = "small"
seed = 7
markets = [{ symbol = "BTCUSDT" }, { symbol = "ETHUSDT" }]

[prices]
source = "bundled"

[[venues]]
name = "Kuma"
preset = "kuma"
execution = "engine"

[venues.kuma]
insurance_fund = "100000"

[venues.book]
count = 2

[venues.population]
accounts = 20
like = "2025-10-10"

[[venues.partners]]
name = "tight"
capital = "50000"
offset = "0.001"
order = "10000"
capacity = "500000"

[[venues.partners]]
name = "wide"
capital = "500000"
offset = "0.01"
order = "100000"
"#;

fn check(table: &[(&str, &str)], expected: &Expect) {
    let mut shown = String::new();
    for (from, to) in table {
        assert!(GOOD.contains(from), "{from:?} is not in the good scenario");
        let text = GOOD.replacen(from, to, 1);
        match Scenario::parse("(test)", &text) {
            Ok(_) => shown.push_str("accepted\n"),
            Err(e) => shown.push_str(&format!("{}\n", e.to_string().trim_end())),
        }
    }
    expected.assert_eq(&shown);
}

#[test]
fn the_good_one_is_read_and_written_whole() {
    let scenario = Scenario::parse("(test)", GOOD).unwrap();
    let text = scenario.to_toml();
    assert_eq!(Scenario::parse("(written)", &text).unwrap(), scenario);
    assert!(text.contains("fund_margin = \"0.05\""), "{text}");
    assert!(text.contains("halves_at = \"0.02\""), "{text}");
}

#[test]
fn numbers_of_the_venue_are_bounded() {
    check(
        &[
            ("insurance_fund = \"100000\"", "insurance_fund = \"0\""),
            ("insurance_fund = \"100000\"", "initial_margin = \"0.004\""),
            ("insurance_fund = \"100000\"", "initial_margin = \"1.2\""),
            (
                "insurance_fund = \"100000\"",
                "maintenance_margin = \"0.0000000015\"",
            ),
            ("insurance_fund = \"100000\"", "incremental_margin = \"0\""),
            ("insurance_fund = \"100000\"", "baseline = \"-1\""),
            ("insurance_fund = \"100000\"", "maximum = \"9000000000000\""),
            ("insurance_fund = \"100000\"", "taker_fee = \"0.06\""),
            ("insurance_fund = \"100000\"", "maker_fee = \"-0.001\""),
            ("insurance_fund = \"100000\"", "price_limit = \"0\""),
            ("insurance_fund = \"100000\"", "waterfall = []"),
            (
                "insurance_fund = \"100000\"",
                "waterfall = [\"book\", \"book\"]",
            ),
            ("insurance_fund = \"100000\"", "waterfall = [\"book\"]"),
            ("insurance_fund = \"100000\"", "collar = \"1.5\""),
            (
                "insurance_fund = \"100000\"",
                "slices = { fraction = \"0\", interval = \"1s\" }",
            ),
            (
                "insurance_fund = \"100000\"",
                "slices = { fraction = \"0.2\", interval = \"1ms\" }",
            ),
            (
                "insurance_fund = \"100000\"",
                "defence = { per_account = \"0\" }",
            ),
            (
                "insurance_fund = \"100000\"",
                "defence = { per_account = \"5\", window = \"0s\" }",
            ),
        ],
        &expect![[r#"
            the scenario (test) cannot run: venue "Kuma": insurance_fund 0 is not positive
            the scenario (test) cannot run: venue "Kuma": initial_margin 0.004 is below the venue's least, 0.005
            the scenario (test) cannot run: venue "Kuma": initial_margin 1.2 is not in 0..=1
            the scenario (test) cannot run: venue "Kuma": maintenance_margin 0.0000000015 has more than 8 decimals
            the scenario (test) cannot run: venue "Kuma": incremental_margin 0 is below the venue's least, 0.001
            the scenario (test) cannot run: venue "Kuma": baseline -1 is not positive
            the scenario (test) cannot run: venue "Kuma": maximum 9000000000000 is above 1000000000000
            the scenario (test) cannot run: venue "Kuma": taker_fee 0.06 is above 0.05
            the scenario (test) cannot run: venue "Kuma": maker_fee -0.001 is a larger rebate than the taker_fee 0.0004 pays
            the scenario (test) cannot run: venue "Kuma": price_limit 0 is not positive
            the scenario (test) cannot run: venue "Kuma": the waterfall has no hop
            the scenario (test) cannot run: venue "Kuma": the waterfall has "book" twice
            the scenario (test) cannot run: venue "Kuma": there are partners, but the waterfall has no "partners"
            the scenario (test) cannot run: venue "Kuma": collar 1.5 is not in 0..=1
            the scenario (test) cannot run: venue "Kuma": slices.fraction 0 is not positive
            the scenario (test) cannot run: venue "Kuma": slices.interval is below a second
            the scenario (test) cannot run: venue "Kuma": defence.per_account 0 is not positive
            the scenario (test) cannot run: venue "Kuma": defence.window is below a second
        "#]],
    );
}

#[test]
fn partners_makers_and_people_are_bounded() {
    check(
        &[
            ("offset = \"0.001\"", "offset = \"0.00001\""),
            ("offset = \"0.001\"", "offset = \"0.6\""),
            ("offset = \"0.001\"", "offset = \"-0.6\""),
            ("order = \"10000\"", "order = \"0\""),
            ("capital = \"50000\"", "capital = \"-5\""),
            ("capacity = \"500000\"", "capacity = \"0\""),
            (
                "capacity = \"500000\"",
                "window_cap = \"1\"\nwindow = \"1ms\"",
            ),
            ("name = \"wide\"", "name = \"tight\""),
            ("count = 2", "count = 0"),
            ("count = 2", "depth = \"0\""),
            ("count = 2", "least = \"2\""),
            ("count = 2", "halves_at = \"0.0000001\""),
            ("count = 2", "over = \"0s\""),
            ("like = \"2025-10-10\"", "like = \"2020-03-12\""),
            ("like = \"2025-10-10\"", "like_files = \"positions\""),
        ],
        &expect![[r#"
            the scenario (test) cannot run: venue "Kuma": partner "tight": offset 0.00001 has more than 4 decimals
            the scenario (test) cannot run: venue "Kuma": partner "tight": offset 0.6 is above 0.5
            the scenario (test) cannot run: venue "Kuma": partner "tight": offset -0.6 is below -0.5
            the scenario (test) cannot run: venue "Kuma": partner "tight": order 0 is not positive
            the scenario (test) cannot run: venue "Kuma": partner "tight": capital -5 is not positive
            the scenario (test) cannot run: venue "Kuma": partner "tight": capacity 0 is not positive
            the scenario (test) cannot run: venue "Kuma": partner "tight": window is below a second
            the scenario (test) cannot run: venue "Kuma": two partners are called "tight"
            the scenario (test) cannot run: venue "Kuma": book.count 0 is not in 1..=100
            the scenario (test) cannot run: venue "Kuma": book.depth 0 is not positive
            the scenario (test) cannot run: venue "Kuma": book.least 2 is not in 0..=1
            the scenario (test) cannot run: venue "Kuma": book.halves_at 0.0000001 has more than 6 decimals
            the scenario (test) cannot run: venue "Kuma": book.over is below a second
            the scenario (test) is not valid:
            TOML parse error at line 21, column 8
               |
            21 | like = "2020-03-12"
               |        ^^^^^^^^^^^^
            unknown variant `2020-03-12`, expected `2025-10-10`
            the scenario (test) cannot run: venue "Kuma": like_files without `like`
        "#]],
    );
}

#[test]
fn what_belongs_to_other_venues_is_refused() {
    check(
        &[
            ("execution = \"engine\"\n", ""),
            (
                "[venues.kuma]",
                "[venues.makers]\nper_product = 1\n[venues.kuma]",
            ),
            ("[venues.kuma]", "[venues.tsunamix]\n[venues.kuma]"),
            (
                "preset = \"kuma\"",
                "preset = \"perennial\"\nmakers = { per_product = 1 }",
            ),
            (
                "[venues.kuma]",
                "[[venues.liquidators]]\nname = \"a\"\ndelay = \"1s\"\n[venues.kuma]",
            ),
            ("seed = 7\n", "seed = 7\npool = {}\n"),
        ],
        &expect![[r#"
            the scenario (test) cannot run: venue "Kuma": a kuma venue liquidates by its own service: set execution = "engine" and leave out `liquidators`
            the scenario (test) cannot run: venue "Kuma": `tsunamix`, `perennial`, `gammaswap`, `borrowers`, `makers` and `liquidity` do not belong to a kuma venue
            the scenario (test) cannot run: venue "Kuma": `tsunamix`, `perennial`, `gammaswap`, `borrowers`, `makers` and `liquidity` do not belong to a kuma venue
            the scenario (test) cannot run: venue "Kuma": `kuma`, `book` and `partners` do not belong to this venue
            the scenario (test) cannot run: venue "Kuma": a kuma venue liquidates by its own service: set execution = "engine" and leave out `liquidators`
            the scenario (test) cannot run: a [pool] goes with exactly one [[markets]] entry
        "#]],
    );
}

#[test]
fn more_traders_bring_a_larger_fund_and_larger_partners() {
    let mut scenario = Scenario::parse("(test)", GOOD).unwrap();
    let venue = &mut scenario.venues[0];
    venue.scale_to(50);
    let fund = venue.kuma.as_ref().unwrap().insurance_fund.to_string();
    assert_eq!(fund, "250000");
    let partner = &venue.partners[0];
    assert_eq!(partner.capital.to_string(), "125000");
    assert_eq!(partner.order.to_string(), "25000");
    assert_eq!(partner.capacity.unwrap().to_string(), "1250000");
    scenario.check("(test)").unwrap();
}

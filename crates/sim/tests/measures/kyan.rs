//! Kyan: steps, the fund, accounts in profit, bidders.

use std::sync::LazyLock;

use plimsoll_sim::results::{Results, VenueResults};

use super::{accounts, dollars, figure, flows, fund, near, parse, part, run};

/// The worst hours, two dozen thinly covered books: the page's auction, and Derive's with a
/// partner.
const SMALL: &str = include_str!("../data/kyan-two-hours.toml");

static RAN: LazyLock<Results> = LazyLock::new(|| run(parse(SMALL)));
/// The same with nobody who bids, a fund of hardly anything, and a fall of a third at once.
static ALONE: LazyLock<Results> = LazyLock::new(|| {
    let gap = r#"seed = 11
stress = [{ kind = "gap", at = "2026-02-05T20:00:00Z", by = "-0.33" }]"#;
    let mut scenario = parse(&SMALL.replacen("seed = 11", gap, 1));
    for venue in &mut scenario.venues {
        let parameters = venue.kyan.as_mut().unwrap();
        parameters.bidders.clear();
        parameters.partners.clear();
        parameters.fund = serde_json::from_value(serde_json::json!("500")).unwrap();
    }
    run(scenario)
});

fn all() -> impl Iterator<Item = &'static VenueResults> {
    RAN.venues.iter().chain(&ALONE.venues)
}

#[test]
fn incentives_and_fees_are_what_the_report_and_the_ledger_say() {
    for venue in all() {
        let m = &venue.measures;
        let bidders = part(&m.incentives, "bidders") + part(&m.incentives, "liquidation partners");
        let told = figure(venue, "Paid above fair value");
        assert!(
            dollars(told).contains(&bidders),
            "{}: {bidders} {told}",
            venue.name
        );
        // The fund is paid fees, and for taking over what nobody took.
        let fees = flows(venue, &["liquidation fee"]);
        let taken_over: i128 = venue
            .flows
            .iter()
            .filter(|flow| flow.to == "insurance fund")
            .filter(|flow| flow.reason == "position acquired in a liquidation")
            .map(|flow| flow.amount.raw)
            .sum();
        let fund = part(&m.incentives, "insurance fund (fees)");
        assert_eq!(fund, fees + taken_over, "{}", venue.name);
    }
}

#[test]
fn what_accounts_lacked_is_borne_by_the_fund_accounts_in_profit_and_nobody_together() {
    for venue in all() {
        let m = &venue.measures;
        let lacked = figure(venue, "Loss beyond equity");
        let open = part(&m.bad_debt, "nobody: claims unpaid");
        let socialised = figure(venue, "Socialised");
        let uncovered = figure(venue, "Uncovered");
        assert!(
            dollars(socialised).contains(&part(&m.bad_debt, "accounts in profit (socialised)")),
            "{}",
            venue.name
        );
        assert!(open >= uncovered * 1_000_000, "{}", venue.name);
        let still = open - uncovered * 1_000_000;
        let told = m.bad_debt_total() - still;
        assert!(
            near(told, lacked * 1_000_000, 2_000_000),
            "{}: {told} {lacked}",
            venue.name
        );
    }
    let alone = || ALONE.venues.iter().map(|venue| &venue.measures);
    assert!(
        alone().any(|m| m.bad_debt_total() > 0),
        "nobody is bankrupt, the test says nothing"
    );
    assert!(alone().any(|m| part(&m.bad_debt, "accounts in profit (socialised)") > 0));
}

#[test]
fn traders_are_the_people_and_makers_and_bidders_are_not() {
    for venue in all() {
        let m = &venue.measures;
        assert_eq!(m.traders, 24, "{}", venue.name);
        assert!(m.liquidated >= accounts(venue, 0).min(1), "{}", venue.name);
        assert!(i128::from(m.speed.breaches) <= figure(venue, "Cases opened"));
        assert!(i128::from(m.speed.unresolved) <= figure(venue, "Still open at the end"));
    }
}

#[test]
fn the_fund_begins_with_what_the_scenario_gives_it_and_ends_with_what_the_ledger_says() {
    for (ran, begins) in [(&RAN, 20_000), (&ALONE, 500)] {
        for venue in &ran.venues {
            assert_eq!(fund(venue).start, begins * 1_000_000, "{}", venue.name);
            let last = |label: &str| {
                let line = venue
                    .backstop
                    .iter()
                    .find(|line| line.label.contains(label));
                *line.unwrap().values.last().unwrap()
            };
            let ends = last("reserve") + last("own positions");
            assert!(
                (ends - fund(venue).end as f64 / 1e6).abs() < 0.01,
                "{}",
                venue.name
            );
        }
    }
}

#[test]
fn equity_lost_to_liquidation_is_what_others_were_paid() {
    for venue in &RAN.venues {
        let m = &venue.measures;
        // Nobody was bankrupt, so every incentive and fee came out of somebody's equity.
        assert_eq!(m.bad_debt_total(), 0);
        assert!(near(
            m.over_liquidation,
            m.incentives_total(),
            m.incentives_total() / 1_000
        ));
    }
}

//! GammaSwap: loans, lenders, liquidators.

use std::sync::LazyLock;

use plimsoll_sim::results::Results;
use plimsoll_sim::scenario::{BUNDLED_LOANS, Scenario};

use super::{accounts, dollars, figure, fund, near, part, shortfalls};

/// The bundled scenario with fewer people, over the fall of May 2021.
static RAN: LazyLock<Results> = LazyLock::new(|| {
    let mut scenario = Scenario::parse("(bundled loans)", BUNDLED_LOANS).unwrap();
    let when = |text: &str| serde_json::from_value(serde_json::json!(text)).unwrap();
    scenario.prices.from = Some(when("2021-03-01T00:00:00Z"));
    scenario.prices.to = Some(when("2021-06-15T00:00:00Z"));
    for venue in &mut scenario.venues {
        venue.scale_to(150);
        venue.population.arrive_over = serde_json::from_value(serde_json::json!("1200h")).unwrap();
    }
    super::run(scenario)
});

#[test]
fn what_liquidators_gain_is_the_incentive_and_borrowers_pay_it() {
    for venue in &RAN.venues {
        let m = &venue.measures;
        let gained = figure(venue, "Liquidators' gain");
        assert!(
            dollars(gained).contains(&m.incentives_total()),
            "{}",
            venue.name
        );
        assert_eq!(m.incentives[0].who, "keepers");
        // What loans lose, and lenders write down, is what liquidators gain; a liquidator's own
        // trading moves the pair a little, and a loan worth less than its debt has nothing to lose.
        let written_down = part(&m.bad_debt, "lenders of liquidity");
        let lost = m.over_liquidation + written_down;
        assert!(
            near(lost, m.incentives_total(), lost / 50 + written_down),
            "{}: {lost}",
            venue.name
        );
    }
}

#[test]
fn what_is_written_down_is_borne_by_lenders() {
    for venue in &RAN.venues {
        let m = &venue.measures;
        let written_down = part(&m.bad_debt, "lenders of liquidity");
        // The report values it at the price when the rule was met, an hour before.
        let told = shortfalls(venue);
        assert!(
            near(written_down, told, told / 8),
            "{}: {written_down} {told}",
            venue.name
        );
        // Lenders who leave take theirs with them; beyond that only write-downs are missing.
        assert!(fund(venue).sufficient >= written_down, "{}", venue.name);
        assert!(
            fund(venue).low <= fund(venue).start - written_down,
            "{}",
            venue.name
        );
    }
    assert!(part(&RAN.venues[1].measures.bad_debt, "lenders of liquidity") > 0);
}

#[test]
fn a_loan_is_a_breach_and_no_price_would_have_restored_it() {
    for venue in &RAN.venues {
        let m = &venue.measures;
        assert_eq!(i128::from(m.speed.breaches), figure(venue, "Cases opened"));
        assert_eq!(
            i128::from(m.speed.unresolved),
            figure(venue, "Still open at the end")
        );
        assert_eq!(m.liquidated, accounts(venue, 0));
        assert_eq!(i128::from(m.traders), figure(venue, "Borrowers"));
        assert_eq!(m.recovered.followed, 0);
        assert_eq!((m.book, m.deleveraged.traders), (None, 0));
        // Half a basis point or so of the collateral would have been enough.
        assert!(
            m.needed_notional < m.liquidated_notional / 10,
            "{}",
            venue.name
        );
    }
}

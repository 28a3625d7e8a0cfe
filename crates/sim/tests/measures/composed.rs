//! Composed designs: the same crash by hand-off, auction, fund, book and counterparties.

use std::sync::LazyLock;

use plimsoll_sim::design;
use plimsoll_sim::people;
use plimsoll_sim::results::{Results, VenueResults};
use plimsoll_sim::scenario::{BUNDLED_COMPARISON, Scenario};

use super::{flows, fund, near, parse, part, run};

/// Every kind of procedure that is bundled, and a fund and a vault too small for the crash.
const DESIGNS: [&str; 5] = [
    "plimsoll",
    "classic",
    "portfolio-partners",
    "vault-inherits",
    "auction-only",
];

/// An hour and a quarter of the crash, four hundred traders, every design on a venue of its own.
fn scenario(backstop: &str) -> Scenario {
    let text = BUNDLED_COMPARISON
        .replace("2025-10-10T12:00:00Z", "2025-10-10T20:30:00Z")
        .replace("2025-10-11T06:00:00Z", "2025-10-10T21:45:00Z")
        .replace("arrive_over = \"8h\"", "arrive_over = \"10m\"")
        .replace("backstop = \"0.02\"", &format!("backstop = \"{backstop}\""));
    assert!(text.contains(&format!("backstop = \"{backstop}\"")));
    let mut scenario = parse(&text);
    scenario.scale_people(400);
    let totals = people::totals(&scenario).unwrap();
    scenario.designs.clear();
    let venue = |name: &&str| {
        design::named(name)
            .unwrap()
            .venue(&scenario, &totals)
            .unwrap()
    };
    scenario.venues = DESIGNS.iter().map(venue).collect();
    scenario
}

static RAN: LazyLock<Results> = LazyLock::new(|| run(scenario("0.02")));
static POOR: LazyLock<Results> = LazyLock::new(|| run(scenario("0.0002")));

fn all() -> impl Iterator<Item = &'static VenueResults> {
    RAN.venues.iter().chain(&POOR.venues)
}

/// A unit for each of so many amounts that were rounded on their way.
const ROUNDED: i128 = 1_000;

#[test]
fn debts_that_were_paid_are_bad_debt_of_who_paid_them() {
    for venue in all() {
        let m = &venue.measures;
        let socialised = flows(venue, &["socialised loss"]);
        let shared = part(&m.bad_debt, "accounts in profit (socialised)");
        assert!(near(shared, socialised, ROUNDED), "{}", venue.name);
        // What the fund and the vault pay in money is part of what they bear: the rest is what
        // they gave beyond the mark for the positions they took over.
        let paid = flows(venue, &["insurance fund's payment", "shortfall resolved"]);
        let borne =
            part(&m.bad_debt, "insurance fund") + part(&m.bad_debt, "vault's liquidity providers");
        assert!(paid <= borne + ROUNDED, "{}: {paid} of {borne}", venue.name);
    }
}

#[test]
fn a_backstop_begins_with_what_it_was_endowed_with_and_too_little_is_seen() {
    for (rich, poor) in RAN.venues.iter().zip(&POOR.venues) {
        if rich.name == "auction-only" {
            assert!(rich.measures.fund.is_none());
            continue;
        }
        let (own, less) = (fund(rich), fund(poor));
        assert!(near(own.start, less.start * 100, 100), "{}", rich.name);
    }
    // A hundredth of the money is too little for whoever takes everything over.
    let short = POOR.venues.iter().filter_map(|v| v.measures.fund.as_ref());
    assert!(short.filter(|own| own.sufficient > own.start).count() >= 2);
}

#[test]
fn liquidation_fees_go_to_the_fund_and_are_paid_by_nobody_else() {
    for venue in all() {
        let m = &venue.measures;
        let fees = flows(venue, &["liquidation fee"]);
        let counted = part(&m.incentives, "insurance fund (fees)");
        assert!(near(counted, fees, ROUNDED), "{}", venue.name);
        assert!(m.over_liquidation + ROUNDED >= fees, "{}", venue.name);
    }
}

#[test]
fn who_is_never_offered_anything_is_never_paid() {
    for venue in all() {
        let m = &venue.measures;
        let partners = part(&m.incentives, "liquidation partners");
        let bidders = part(&m.incentives, "bidders");
        match venue.name.as_str() {
            "classic" | "vault-inherits" => assert_eq!((partners, bidders), (0, 0)),
            "auction-only" => assert!(partners == 0 && m.book.is_none() && bidders > 0),
            _ => assert!(partners > 0 && m.book.is_some(), "{}", venue.name),
        }
    }
}

#[test]
fn nobody_is_deleveraged_but_where_the_design_says_so() {
    for venue in all() {
        let m = &venue.measures;
        let closed = m.deleveraged.notional;
        match venue.name.as_str() {
            "vault-inherits" | "auction-only" => assert_eq!(closed, 0),
            "classic" => assert!(closed > 0),
            _ => {}
        }
    }
}

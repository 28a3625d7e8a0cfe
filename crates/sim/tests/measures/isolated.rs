//! TsunamiX and Perennial: the small crash of the replay tests.

use std::sync::LazyLock;

use plimsoll_sim::results::{Exposure, Results, VenueResults};

use super::{accounts, flows, fund, near, parse, part, run, shortfalls};

static RAN: LazyLock<Results> = LazyLock::new(|| run(parse(include_str!("../data/crash.toml"))));

fn venue(name: &str) -> &'static VenueResults {
    RAN.venues.iter().find(|v| v.name == name).unwrap()
}

const DOLLAR: i128 = 1_000_000;

#[test]
fn a_vault_bears_what_liquidated_positions_owed_and_pays_the_bounties() {
    for name in ["tsunamix, keepers", "tsunamix, engine"] {
        let venue = venue(name);
        let m = &venue.measures;
        assert_eq!(m.bad_debt_total(), shortfalls(venue), "{name}");
        assert!(m.bad_debt_total() > 0, "{name}");
        assert_eq!(m.bad_debt_of_others, 0, "{name}");
        let bounties = flows(venue, &["first caller's bounty", "resolver's bounty"]);
        assert_eq!(m.incentives_total(), bounties, "{name}");
        assert_eq!(m.incentives.len(), 1);
        let put_in: i128 = flows(venue, &["liquidity added"]);
        assert_eq!(fund(venue).start, put_in, "{name}");
    }
    let bounties = |name| &venue(name).measures.incentives[0].who;
    assert_eq!(bounties("tsunamix, keepers"), "keepers");
    assert_eq!(bounties("tsunamix, engine"), "dispatcher");
}

#[test]
fn confiscated_equity_is_lost_with_the_whole_position() {
    let venue = venue("tsunamix, engine");
    let m = &venue.measures;
    // The engine comes at once: numbers are those of the trigger, and what was left is lost.
    let rows = || venue.liquidations.iter();
    let left: i128 = rows().map(|l| l.equity.raw.max(0)).sum();
    assert_eq!(m.over_liquidation, left);
    assert_eq!(m.liquidated_notional, rows().map(|l| l.notional.raw).sum());
    assert_eq!(m.speed.breaches, venue.liquidations.len() as u64);
    assert_eq!((m.speed.median, m.speed.unresolved), (Some(0), 0));
    assert_eq!(m.liquidated, accounts(venue, 0));
}

#[test]
fn closes_at_the_profit_cap_are_deleveraging_and_cost_what_is_above_it() {
    let venue = venue("tsunamix, keepers");
    let m = &venue.measures;
    let forced = venue
        .liquidations
        .iter()
        .filter(|l| l.rule.contains("profit went above"));
    let (mut count, mut notional) = (0, 0);
    for row in forced {
        count += 1;
        notional += row.notional.raw;
    }
    assert!(count > 0, "nobody was forced out, the test says nothing");
    assert_eq!(m.deleveraged.traders, count);
    // The price may have moved since the rule was met, by the keeper's delay.
    assert!(near(m.deleveraged.notional, notional, notional / 50));
    assert!(m.deleveraged.cost > 0);
}

/// What came in is somebody's at the end: traders', the vault's, the keepers', the protocol's, or
/// was taken out. Fees that are owed and not paid are nobody's in the measures.
#[test]
fn a_vaults_money_is_conserved_in_its_measures() {
    for name in ["tsunamix, keepers", "tsunamix, engine"] {
        let venue = venue(name);
        let m = &venue.measures;
        let share = *m.equity_over_time.values.last().unwrap();
        let traders = (m.deposits as f64 * share) as i128;
        let protocol: i128 = venue
            .flows
            .iter()
            .filter(|flow| flow.to == "protocol fees")
            .map(|flow| flow.amount.raw)
            .sum();
        let came = m.deposits + fund(venue).start;
        let lacking = part(&m.bad_debt, "nobody: claims unpaid");
        let left = traders
            + fund(venue).end
            + m.incentives_total()
            + protocol
            + flows(venue, &["liquidity removed"])
            - lacking;
        assert!(
            near(came, left, came / 2_000),
            "{name}: {came} came, {left} is there"
        );
    }
}

#[test]
fn a_products_shortfall_is_borne_by_nobody_and_rewards_are_what_the_ledger_paid() {
    for name in [
        "perennial, keepers",
        "perennial, engine",
        "perennial-plus, engine",
        "perennial-plus, keepers",
    ] {
        let venue = venue(name);
        let m = &venue.measures;
        let booked = flows(venue, &["loss beyond the balance"]);
        assert!(booked > 0, "{name}");
        assert_eq!(m.bad_debt_of_others, m.bad_debt_total(), "{name}");
        // Beyond it only what unresolved accounts lack still.
        let lacking = m.bad_debt_total() - booked;
        if m.speed.unresolved == 0 {
            assert!(near(lacking, 0, 1), "{name}: {lacking}");
        } else {
            assert!(lacking >= 0, "{name}: {lacking}");
        }
        let rewards = flows(venue, &["liquidation reward"]);
        assert_eq!(m.incentives_total(), rewards, "{name}");
        assert!(
            m.over_liquidation >= rewards,
            "{name}: fees come on top of rewards"
        );
        let traders = venue
            .liquidations
            .iter()
            .filter(|l| l.side != Exposure::Maker);
        let traders: std::collections::BTreeSet<u32> = traders.map(|l| l.account).collect();
        assert!(m.liquidated >= traders.len() as u64, "{name}");
        assert!(
            m.liquidated <= traders.len() as u64 + m.speed.unresolved,
            "{name}"
        );
    }
}

/// Collateral only goes round within the products: takers and makers have it, or it left as fees
/// and rewards; what is missing is the shortfall.
#[test]
fn a_products_money_is_conserved_in_its_measures() {
    for name in ["perennial, engine", "perennial-plus, engine"] {
        let venue = venue(name);
        let m = &venue.measures;
        let share = *m.equity_over_time.values.last().unwrap();
        let takers = (m.deposits as f64 * share) as i128;
        let fees = flows(
            venue,
            &["protocol's share of fees", "market owner's share of fees"],
        );
        let came = m.deposits + fund(venue).start;
        let there = takers + fund(venue).end + m.incentives_total() + fees;
        let missing = m.bad_debt_total();
        assert!(
            near(came, there - missing, came / 2_000),
            "{name}: {came} came, {there} is claimed, {missing} of it is not there"
        );
        assert!(missing > 10 * DOLLAR);
    }
}

#[test]
fn a_close_waits_for_the_next_version() {
    let m = &venue("perennial, engine").measures;
    // Prices come every 15 seconds; a breach is over at the version after the one that caused it.
    assert_eq!(m.speed.median, Some(15_000));
    assert!(m.speed.p99 >= Some(15_000));
}

//! Kuma: the fund, partners, the book, counterparties.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use plimsoll_sim::results::{Results, VenueResults};
use plimsoll_sim::waterfall::{Hop, Waterfall};

use super::{accounts, fund, micro, near, parse, part, run, shortfalls};

/// Two hours of the crash, a hundred wallets a venue: with partners, without, with options, and
/// with a fund that is too small.
const SMALL: &str = concat!(
    include_str!("../data/kuma-two-hours.toml"),
    r#"
[[venues]]
name = "poor"
preset = "kuma"
execution = "engine"
kuma = { insurance_fund = "2000" }
population = { accounts = 100, like = "2025-10-10", collateral_max = "100000", arrive_over = "20m" }
"#
);

static RAN: LazyLock<Results> = LazyLock::new(|| run(parse(SMALL)));

/// A unit for each of so many amounts that were rounded on their way.
const ROUNDED: i128 = 1_000;

fn waterfall(venue: &VenueResults) -> &Waterfall {
    venue.waterfall.as_ref().unwrap()
}

/// Notional at index and gain of who gave it away, over hops.
fn hops(venue: &VenueResults, hops: &[Hop]) -> (i128, i128) {
    let totals = hops.iter().map(|hop| waterfall(venue).hop(*hop));
    totals.fold((0, 0), |(index, gained), total| {
        (
            index + micro(total.index),
            gained + micro(total.against_index),
        )
    })
}

#[test]
fn what_wallets_owed_is_borne_by_the_fund_and_the_counterparties_together() {
    for venue in &RAN.venues {
        let m = &venue.measures;
        let owed = shortfalls(venue);
        // Those still blocked at the end owe it still.
        let owed = owed + part(&m.bad_debt, "nobody: claims unpaid");
        if venue.preset == "kuma" {
            assert!(owed > 0, "{}", venue.name);
            assert!(
                near(m.bad_debt_total(), owed, ROUNDED),
                "{}: {} by bearer, {owed} by case",
                venue.name,
                m.bad_debt_total()
            );
        }
        assert!(m.bad_debt_total() >= owed - ROUNDED, "{}", venue.name);
    }
    let poor = &RAN.venues[3];
    assert!(part(&poor.measures.bad_debt, "deleveraged counterparties") > 0);
}

/// The first trader's account: the venue's own three, the makers and the partners come before.
fn first_trader(venue: usize) -> u32 {
    let scenario = parse(SMALL);
    let venue = &scenario.venues[venue];
    3 + venue.book.clone().unwrap_or_default().count + u32::try_from(venue.partners.len()).unwrap()
}

#[test]
fn what_is_taken_of_wallets_is_what_the_waterfall_took_of_them() {
    for (at, venue) in RAN.venues.iter().enumerate() {
        let m = &venue.measures;
        assert_eq!(
            m.liquidated,
            accounts(venue, first_trader(at)),
            "{}",
            venue.name
        );
        if venue.preset != "kuma" {
            // Partial liquidations have cases that are no rows.
            continue;
        }
        let traders = venue.liquidations.iter();
        let traders: BTreeSet<u64> = traders
            .filter(|l| l.account >= first_trader(at))
            .map(|l| l.case)
            .collect();
        assert_eq!(m.speed.breaches, traders.len() as u64, "{}", venue.name);
        let fills = waterfall(venue).fills.iter();
        let fills = fills.filter(|fill| matches!(fill.hop, Hop::Acquired | Hop::Deleveraged));
        let fills = fills.filter(|fill| fill.case.is_some_and(|case| traders.contains(&case)));
        let (mut taken, mut gained) = (0, 0);
        for fill in fills {
            taken += micro(fill.index);
            gained += micro(fill.against_index);
        }
        assert!(
            near(m.liquidated_notional, taken, ROUNDED),
            "{}",
            venue.name
        );
        // What wallets that had something gave up is more by what those who owed were spared.
        assert!(m.over_liquidation >= -gained - ROUNDED, "{}", venue.name);
        assert!(
            m.over_liquidation <= -gained + shortfalls(venue) + ROUNDED,
            "{}",
            venue.name
        );
    }
}

#[test]
fn partners_the_book_and_counterparties_are_told_as_the_waterfall_tells_them() {
    for venue in &RAN.venues {
        let m = &venue.measures;
        let (_, partners) = hops(venue, &[Hop::Partner]);
        assert!(
            near(m.incentives_total(), -partners, ROUNDED),
            "{}",
            venue.name
        );
        let (closed, gained) = hops(venue, &[Hop::Book]);
        let book = m.book.unwrap();
        assert!(near(book.notional, closed, ROUNDED), "{}", venue.name);
        assert_eq!(gained <= 0, book.mean_e2_bps >= 0, "{}", venue.name);
        assert!(book.worst_e2_bps >= book.mean_e2_bps, "{}", venue.name);
        // Makers are deleveraged too and are no traders.
        let (deleveraged, _) = hops(venue, &[Hop::Closure, Hop::Deleveraged]);
        assert!(
            m.deleveraged.notional <= deleveraged + ROUNDED,
            "{}",
            venue.name
        );
        assert!(m.deleveraged.traders > 0, "{}", venue.name);
        if venue.preset == "kuma" {
            // The fund gained what counterparties gave up, and the other way round.
            let (_, gained) = hops(venue, &[Hop::Closure]);
            assert!(near(m.passed_on, gained, ROUNDED), "{}", venue.name);
        }
    }
}

#[test]
fn the_fund_begins_and_ends_as_the_waterfall_says() {
    for venue in &RAN.venues {
        let told = waterfall(venue);
        assert_eq!(fund(venue).start, micro(told.fund_start), "{}", venue.name);
        assert_eq!(fund(venue).end, micro(told.fund_end), "{}", venue.name);
        // The report samples it, the meter looks whenever something happens.
        assert!(fund(venue).low <= micro(told.fund_lowest), "{}", venue.name);
    }
}

#[test]
fn a_fund_that_can_carry_everybody_bears_all_bad_debt_itself() {
    let poor = &RAN.venues[3];
    assert!(poor.measures.bad_debt_of_others > 0);
    let mut scenario = parse(SMALL);
    scenario.venues.drain(..3);
    let parameters = scenario.venues[0].kuma.as_mut().unwrap();
    // What would have sufficed, and the margin for what it holds meanwhile.
    parameters.insurance_fund = serde_json::from_value(serde_json::json!("3000000")).unwrap();
    let rich = run(scenario);
    let m = &rich.venues[0].measures;
    assert_eq!(m.bad_debt_of_others, 0);
    assert!(near(
        m.bad_debt_total(),
        poor.measures.bad_debt_total(),
        ROUNDED
    ));
}

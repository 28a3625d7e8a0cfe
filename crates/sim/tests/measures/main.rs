//! What desks report to the meter, against what the ledger, the cases and the report of the same
//! run say in other words. Nothing is counted twice, nothing is missing.

mod composed;
mod isolated;
mod kuma;
mod kyan;
mod loans;

use std::collections::BTreeSet;

use plimsoll_sim::compare::{Fund, Measures};
use plimsoll_sim::replay::Replay;
use plimsoll_sim::results::{Amount, Results, VenueResults};
use plimsoll_sim::scenario::Scenario;

fn parse(text: &str) -> Scenario {
    Scenario::parse("test", text).unwrap()
}

fn run(scenario: Scenario) -> Results {
    let replay = Replay::prepare(scenario).unwrap();
    let results = replay.run(&mut (), &mut |_, _| ()).unwrap();
    for venue in &results.venues {
        always(venue);
    }
    results
}

fn micro(amount: Amount) -> i128 {
    let power = |by: u32| 10i128.pow(by);
    match amount.decimals {
        ..=6 => amount.raw * power(6 - amount.decimals),
        more => amount.raw / power(more - 6),
    }
}

/// Micro-dollars of all flows for one of these reasons.
fn flows(venue: &VenueResults, reasons: &[&str]) -> i128 {
    let of = venue.flows.iter();
    let of = of.filter(|flow| reasons.contains(&flow.reason.as_str()));
    of.map(|flow| micro(flow.amount)).sum()
}

/// A headline figure in micro-dollars, whole dollars as it is printed.
fn figure(venue: &VenueResults, label: &str) -> i128 {
    let found = venue.figures.iter().find(|f| f.label == label);
    let value = &found.unwrap_or_else(|| panic!("no figure {label}")).value;
    let number = value.split(' ').next().unwrap().replace(',', "");
    number.parse::<i128>().unwrap()
}

fn dollars(figure: i128) -> std::ops::Range<i128> {
    figure * 1_000_000..(figure + 1) * 1_000_000
}

fn near(a: i128, b: i128, within: i128) -> bool {
    (a - b).abs() <= within
}

fn fund(venue: &VenueResults) -> &Fund {
    venue.measures.fund.as_ref().unwrap()
}

fn shortfalls(venue: &VenueResults) -> i128 {
    venue.liquidations.iter().map(|l| micro(l.shortfall)).sum()
}

/// What somebody's part of an amount is; zero for who has none.
fn part(shares: &[plimsoll_sim::compare::Share], who: &str) -> i128 {
    let found = shares.iter().find(|share| share.who == who);
    found.map_or(0, |share| share.amount)
}

/// What holds on every venue.
fn always(venue: &VenueResults) {
    let m: &Measures = &venue.measures;
    let name = &venue.name;
    assert!(
        m.traders > 0 && m.deposits > 0 && m.open_interest > 0,
        "{name}"
    );
    assert!(
        m.liquidated > 0,
        "{name}: nobody was liquidated, the test says nothing"
    );
    assert!(m.liquidated <= m.traders, "{name}");
    assert!(m.liquidated <= m.speed.breaches, "{name}");
    assert!(m.excess_notional <= m.liquidated_notional, "{name}");
    // What was taken and not beyond need was needed, but for what is cut off.
    let useful = m.liquidated_notional - m.excess_notional;
    assert!(useful <= m.needed_notional + 2, "{name}");
    assert!(m.over_liquidation <= m.deposits, "{name}");
    assert!(m.recovered.would_have <= m.recovered.followed, "{name}");
    assert!(m.speed.median <= m.speed.p99.or(Some(i64::MAX)), "{name}");
    assert!(
        m.bad_debt.iter().all(|share| share.amount > 0),
        "{name}: {:?}",
        m.bad_debt
    );
    let own = m.bad_debt_total() - m.bad_debt_of_others;
    assert!((0..=m.bad_debt_total()).contains(&own), "{name}");
    if let Some(fund) = &m.fund {
        assert_eq!(m.backstop_start, fund.start, "{name}");
        assert!(fund.low <= fund.end && fund.sufficient >= 0, "{name}");
        // Each bearer's part is cut off on its own.
        let cut = i128::try_from(m.bad_debt.len()).unwrap();
        assert!(near(part(&m.bad_debt, &fund.name), own, cut), "{name}");
        let last = *m.backstop_over_time.values.last().unwrap();
        assert!((last - fund.end as f64 / 1e6).abs() < 1e-3, "{name}");
    }
    for line in [
        &m.liquidated_over_time,
        &m.bad_debt_over_time,
        &m.backstop_over_time,
        &m.equity_over_time,
    ] {
        assert_eq!(line.times.len(), line.values.len(), "{name}");
        // Whoever has no backstop has no line of it.
        let drawn = line.times.len() > 200 || (line.times.is_empty() && m.fund.is_none());
        assert!(drawn, "{name}");
    }
    assert_eq!(
        m.liquidated_over_time.values.last(),
        Some(&(m.liquidated as f64))
    );
    let equity = &m.equity_over_time.values;
    assert!(
        equity.iter().all(|share| (0.0..2.0).contains(share)),
        "{name}: {equity:?}"
    );
}

/// Accounts with a liquidation, those with numbers below `first` left out.
fn accounts(venue: &VenueResults, first: u32) -> u64 {
    let of = venue.liquidations.iter().map(|l| l.account);
    let found: BTreeSet<u32> = of.filter(|account| *account >= first).collect();
    found.len() as u64
}

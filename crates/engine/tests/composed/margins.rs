//! Margin models, by hand: what an account has and must have.

use expect_test::{Expect, expect};
use plimsoll_engine::venues::composed::Margin;

use crate::world::*;

/// Trades in hundredths, then marks; prints equity, requirement and initial requirement.
fn check(margin: Margin, trades: &[(u16, i64)], marks: [u64; 2], expected: &Expect) {
    let mut world = World::ready(watched(margin), 1);
    for (market, hundredths) in trades {
        let market = plimsoll_units::MarketId(*market);
        world.trade(ANN, market, *hundredths).unwrap();
    }
    world.prices(&[(BTC, marks[0]), (ETH, marks[1])]);
    let venue = world.venue();
    let health = venue.health(world.engine.ledger(), ANN).unwrap();
    assert_eq!((health.equity, health.requirement), naive(&world, ANN));
    let shown = format!(
        "equity {} requirement {} initial {}\n",
        health.equity,
        health.requirement,
        venue.initial(ANN).unwrap()
    );
    expected.assert_eq(&shown);
}

#[test]
fn isolated_margin_is_the_positions_own() {
    // 20 at 100, now at 90: 1000 - 200, of 1800 5 %.
    check(
        Margin::Isolated,
        &[(0, 2_000)],
        [90, 10],
        &expect![[r#"
            equity 80000000000 requirement 9000000000 initial 18000000000
        "#]],
    );
}

#[test]
fn cross_margin_is_the_sum_over_markets_and_never_nets() {
    // +20 BTC and -100 ETH: 5 % of 1800 and 10 % of 1100.
    check(
        Margin::Cross,
        &[(0, 2_000), (1, -10_000)],
        [90, 11],
        &expect![[r#"
            equity 70000000000 requirement 20000000000 initial 40000000000
        "#]],
    );
}

#[test]
fn portfolio_margin_is_the_worst_scenario() {
    // +20 BTC at 100: all down by 25 %, of which 140 % is initial.
    check(
        Margin::Portfolio(scenarios(2)),
        &[(0, 2_000)],
        [100, 10],
        &expect![[r#"
            equity 100000000000 requirement 50000000000 initial 70000000000
        "#]],
    );
}

#[test]
fn portfolio_margin_nets_what_scenarios_move_together() {
    // +20 BTC and -100 ETH: 2000 and 1000. Down 25/30 loses 500 - 300; BTC -15, ETH +5 loses 350.
    check(
        Margin::Portfolio(scenarios(2)),
        &[(0, 2_000), (1, -10_000)],
        [100, 10],
        &expect![[r#"
            equity 100000000000 requirement 35000000000 initial 49000000000
        "#]],
    );
}

#[test]
fn portfolio_margin_is_at_least_a_share_of_gross_notional() {
    let mut all = scenarios(2);
    all.moves_e5.truncate(2);
    all.least_e5 = 20_000;
    // +20 BTC and -75 ETH lose the same in both scenarios that are left: 300 - 150; 20 % of 2750.
    check(
        Margin::Portfolio(all),
        &[(0, 2_000), (1, -7_500)],
        [100, 10],
        &expect![[r#"
            equity 100000000000 requirement 55000000000 initial 77000000000
        "#]],
    );
}

#[test]
fn rounding_is_against_the_account_and_once() {
    // 0.00000003 BTC at 33.33333333: worth 99.99999999 pips, 5 % of it 4.99.
    let mut world = World::ready(watched(Margin::Cross), 1);
    let mut order = fill(ANN, BTC, 1, 3_333_333_333);
    if let plimsoll_engine::venues::composed::Command::Fill(fill) = &mut order {
        fill.quantity = 3;
    }
    world.run(order).unwrap();
    let prices = vec![(BTC, 3_333_333_333)];
    let prices = plimsoll_engine::venues::composed::Command::Prices(prices);
    world.run(prices).unwrap();
    let health = world.venue().health(world.engine.ledger(), ANN).unwrap();
    // 100 pips paid, rounded up; worth 99.99, equity rounded down.
    assert_eq!(health.equity, 1_000 * ONE - 1);
    assert_eq!(health.requirement, 5);
    assert_eq!((health.equity, health.requirement), naive(&world, ANN));
}

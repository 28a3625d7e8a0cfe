//! Trades: exact, zero-sum, within margin and limits.

use expect_test::{Expect, expect};
use plimsoll_engine::venues::composed::{Command, Config, Fill, Margin};
use plimsoll_units::{AccountId, MarketId};

use crate::world::*;

fn refused(world: &mut World, command: Command, expected: &Expect) {
    expected.assert_eq(&format!("{}\n", world.refused(command)));
}

fn order(buyer: AccountId, seller: AccountId, quantity: u64, price: u64) -> Command {
    let market = BTC;
    Command::Fill(Fill {
        market,
        buyer,
        seller,
        quantity,
        price,
    })
}

#[test]
fn what_a_trade_asks_before_it_moves_anything() {
    let mut config = watched(Margin::Isolated);
    config.markets[0].step = 1_000;
    let mut world = World::ready(config, 2);
    world.trade(ANN, ETH, 100).unwrap();
    let far = MarketId(9);
    let one = u64::try_from(ONE).unwrap();
    for (command, expected) in [
        (
            order(ANN, ANN, one, one),
            expect![[r#"
            account-4 already has its one position, in market-1: margin is isolated
        "#]],
        ),
        (
            order(BOB, BOB, one, one),
            expect![[r#"
            account-5 is on both sides
        "#]],
        ),
        (
            order(ANN, STREET, one, one),
            expect![[r#"
            account-4 already has its one position, in market-1: margin is isolated
        "#]],
        ),
        (
            order(FUND, BOB, one, one),
            expect![[r#"
            account-1 is the venue's own account
        "#]],
        ),
        (
            order(BOB, KEEPER, one, one),
            expect![[r#"
            account-3 is the venue's own account
        "#]],
        ),
        (
            order(BOB, AccountId(77), one, one),
            expect![[r#"
            there is no account-77
        "#]],
        ),
        (
            order(BOB, STREET, 0, one),
            expect![[r#"
            quantity 0 is not in 1..=9223372036854775807
        "#]],
        ),
        (
            order(BOB, STREET, one + 1, one),
            expect![[r#"
            the quantity 100000001 is not a multiple of the step 1000
        "#]],
        ),
        (
            order(BOB, STREET, one, 0),
            expect![[r#"
            price 0 is not in 1..=1000000000000000
        "#]],
        ),
        (
            order(BOB, STREET, one, u64::MAX),
            expect![[r#"
            price 18446744073709551615 is not in 1..=1000000000000000
        "#]],
        ),
        (
            fill(BOB, far, 1, one),
            expect![[r#"
            there is no market-9
        "#]],
        ),
        (
            Command::Prices(vec![(BTC, one), (BTC, one)]),
            expect![[r#"
            market-0 has two prices at once
        "#]],
        ),
        (
            Command::Prices(vec![(BTC, one), (ETH, 0)]),
            expect![[r#"
            price 0 is not in 1..=1000000000000000
        "#]],
        ),
        (
            Command::Prices(vec![(far, one)]),
            expect![[r#"
            there is no market-9
        "#]],
        ),
    ] {
        refused(&mut world, command, &expected);
    }
}

#[test]
fn no_trade_before_the_first_price() {
    let mut world = World::new(watched(Margin::Cross));
    world.deposit(ANN, 10);
    refused(
        &mut world,
        fill(ANN, BTC, 1, 1),
        &expect![[r#"
        market-0 has no mark yet
    "#]],
    );
}

#[test]
fn who_increases_must_be_left_with_initial_margin() {
    let mut world = World::ready(watched(Margin::Cross), 1);
    let mark = world.venue().mark(BTC).unwrap();
    // 1000 carry 100 BTC at 100 with 10 %, and not a hundredth more.
    refused(
        &mut world,
        fill(ANN, BTC, 10_001, mark),
        &expect![[r#"
        account-4 has -10000000 of margin to spare, not 0
    "#]],
    );
    world.trade(ANN, BTC, 10_000).unwrap();
    // Nor at a price that costs a pip each.
    refused(
        &mut world,
        fill(ANN, BTC, 1, mark),
        &expect![[r#"
        account-4 has -10000000 of margin to spare, not 0
    "#]],
    );
    // A flip is an increase, however small what is left.
    world.prices(&[(BTC, 95)]);
    let mark = world.venue().mark(BTC).unwrap();
    refused(
        &mut world,
        fill(ANN, BTC, -10_000 - 9_900, mark),
        &expect![[r#"
        account-4 has -44050000000 of margin to spare, not 0
    "#]],
    );
}

#[test]
fn who_reduces_may_not_give_away_what_they_owe() {
    let mut world = World::ready(watched(Margin::Cross), 1);
    world.trade(ANN, BTC, 10_000).unwrap();
    world.prices(&[(BTC, 92)]);
    // Left with 200, under the requirement of 460: closing near the mark helps,
    world.trade(ANN, BTC, -1_000).unwrap();
    // down to the requirement of what goes (5 %), but no further.
    world.run(fill(ANN, BTC, -1_000, 8_740_000_000)).unwrap();
    refused(
        &mut world,
        fill(ANN, BTC, -1_000, 8_739_999_999),
        &expect![[r#"
        account-4 has -53600000010 of margin to spare, not 0
    "#]],
    );
}

#[test]
fn quote_and_sizes_sum_to_zero_and_the_seller_gets_the_pip() {
    let mut world = World::ready(watched(Margin::Cross), 2);
    let before = [world.balance(ANN), world.balance(BOB)];
    world.run(order(ANN, BOB, 3, 3_333_333_333)).unwrap();
    assert_eq!(world.balance(ANN), before[0] - 100);
    assert_eq!(world.balance(BOB), before[1] + 100);
    let holdings = world.venue().holdings();
    assert_eq!((holdings.size(ANN, BTC), holdings.size(BOB, BTC)), (3, -3));
    assert_eq!(holdings.open(BTC), 3);
    let entry = |account| holdings.position(account, BTC).unwrap().entry;
    assert_eq!((entry(ANN), entry(BOB)), (100, -100));
}

#[test]
fn entries_follow_what_is_held() {
    let mut world = World::ready(watched(Margin::Cross), 1);
    let mut shown = String::new();
    for (hundredths, price) in [(100, 100), (100, 110), (-50, 120), (-250, 90), (100, 100)] {
        world.prices(&[(BTC, price)]);
        world.trade(ANN, BTC, hundredths).unwrap();
        let position = world.venue().holdings().position(ANN, BTC);
        let (size, entry) = position.map_or((0, 0), |p| (p.size, p.entry));
        shown += &format!("{hundredths} at {price}: {size} for {entry}\n");
    }
    expect![[r#"
        100 at 100: 100000000 for 10000000000
        100 at 110: 200000000 for 21000000000
        -50 at 120: 150000000 for 15750000000
        -250 at 90: -100000000 for -9000000000
        100 at 100: 0 for 0
    "#]]
    .assert_eq(&shown);
}

fn limited(change: impl FnOnce(&mut Config)) -> World {
    let mut config = watched(Margin::Cross);
    change(&mut config);
    World::ready(config, 2)
}

#[test]
fn limits_stop_what_raises_them_and_nothing_else() {
    let mut world = limited(|c| c.limits.open_interest = vec![3_000 * ONE, 1]);
    let mark = world.venue().mark(BTC).unwrap();
    world.trade(ANN, BTC, 3_000).unwrap();
    refused(
        &mut world,
        fill(BOB, BTC, 1, mark),
        &expect![[r#"
        the market's open interest would be 300100000000, above 300000000000
    "#]],
    );
    // From hand to hand, and out again, at any mark.
    world.prices(&[(BTC, 120)]);
    let mark = world.venue().mark(BTC).unwrap();
    world.run(order(BOB, ANN, 1_000_000_000, mark)).unwrap();
    world.trade(ANN, BTC, -100).unwrap();

    let mut world = limited(|c| c.limits.position = 500 * ONE);
    world.trade(ANN, BTC, -500).unwrap();
    refused(
        &mut world,
        fill(ANN, BTC, -1, mark),
        &expect![[r#"
        the position would be 50100000000, above 50000000000
    "#]],
    );
    world.trade(ANN, BTC, 400).unwrap();
}

#[test]
fn open_interest_follows_the_backstops() {
    let mut world = limited(|c| c.limits.over_backstop_e5 = 500_000);
    let mark = world.venue().mark(BTC).unwrap();
    refused(
        &mut world,
        fill(ANN, BTC, 1, mark),
        &expect![[r#"
        open interest over the backstops would be 100000000, above 0
    "#]],
    );
    world.deposit(FUND, 60);
    let account = BOB;
    let amount = 40 * ONE;
    world
        .run(Command::AddLiquidity { account, amount })
        .unwrap();
    world.trade(ANN, BTC, 500).unwrap();
    let mark = world.venue().mark(ETH).unwrap();
    refused(
        &mut world,
        fill(ANN, ETH, 1, mark),
        &expect![[r#"
        open interest over the backstops would be 50010000000, above 50000000000
    "#]],
    );
}

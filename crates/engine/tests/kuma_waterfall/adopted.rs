//! What the dispatcher makes the fund take over by a command goes the same way as everything the
//! fund takes over.

use expect_test::{Expect, expect};
use plimsoll_engine::venues::kuma::OrderSide::Buy;
use plimsoll_engine::venues::kuma::{Command, Service, WalletLiquidation};

use crate::world::*;

const USD: i64 = ONE;

#[track_caller]
fn check(world: &mut World, command: Command, expected: &Expect) {
    let quotes = world.quotes();
    let events = world.ok(command);
    assert_eq!(world.quotes(), quotes);
    let mut shown = told(&events).join("\n");
    for (name, account) in [("IF", IF), ("T1", T1), ("T2", T2), ("T3", T3)] {
        shown += &format!("\n{name}: {}", world.show(account));
    }
    expected.assert_eq(&(shown + "\n"));
}

/// A partner bids for 10 ETH at 1990.
fn with_a_partner() -> World {
    let mut world = page();
    register(&mut world, T3);
    world.ok(post(side_channel(T3, 1, Buy, 10 * ONE, 1_990 * USD)));
    world
}

fn exit(quote: i64) -> Command {
    Command::LiquidateExit(WalletLiquidation {
        account: T2,
        to: IF,
        quotes: vec![quote.unsigned_abs()],
    })
}

#[test]
fn an_exited_wallets_positions_are_handed_off_and_it_keeps_what_is_left() {
    let mut world = with_a_partner();
    world.ok(Command::ExitWallet(T2));
    check(
        &mut world,
        exit(20_000 * USD),
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 2000000000000 (index 2000000000000); because the wallet has exited
        case-1 closed: Liquidated { shortfall: 0 }
          account-5 takes by 1: 1000000000 for 1990000000000 (index 2000000000000)
        case-1 hand-off of a long: 1000000000 asked, 1000000000 for 1990000000000 (index 2000000000000); because partners are the first resort
        case-1 disposed: -10000000000
        IF: 190000000000
        T1: 2198000000000, ETH -1000000000 for -2000000000000
        T2: 196000000000
        T3: -1490000000000, ETH 1000000000 for 1990000000000
    "#]],
    );
}

#[test]
fn an_exited_wallet_worth_less_than_nothing_is_taken_with_its_debt() {
    let mut world = page();
    world.ok(Command::ExitWallet(T2));
    // At 1803 the service itself takes it over, exited or not.
    world.now += 10_000;
    check(
        &mut world,
        index(ETH, (1_803 * USD).unsigned_abs(), START + 10_000),
        &expect![[r#"
            case-1 of account-4 opened
            case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1803000000000); because the wallet is below its maintenance requirement
            case-1 close-on-book of a long: 1000000000 asked, 0 for 0 (index 0); because no partner has an offer on that side
              account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers 1000000000
            case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1803000000000); because the book did not take all of it within the price
            case-1 disposed: 0
            case-1 closed: Liquidated { shortfall: 1000000000 }
            IF: 200000000000
            T1: 394000000000
            T2: 0
            T3: 500000000000
        "#]],
    );
}

#[test]
fn dust_goes_the_same_way() {
    let mut config = served(Service::kuma());
    // T4 holds 0.05 of T1's 10, below the minimum of 0.1.
    config.wallets[T2.index()] = wallet(-17_840 * ONE, &[(ETH, 995_000_000, 19_900 * ONE)]);
    config.wallets[T4.index()] = wallet(50 * ONE, &[(ETH, 5_000_000, 100 * ONE)]);
    let mut world = World::of(config);
    register(&mut world, T3);
    world.ok(post(side_channel(T3, 1, Buy, 10 * ONE, 1_990 * USD)));
    let dust = Command::LiquidateBelowMinimum {
        account: T4,
        market: ETH,
        quote: (100 * USD).unsigned_abs(),
    };
    check(
        &mut world,
        dust,
        &expect![[r#"
        case-1 of account-6 opened
        case-1 acquire of a long: 5000000 asked, 5000000 for 10000000000 (index 10000000000); because the position is below the minimum
        case-1 closed: Liquidated { shortfall: 0 }
          account-5 takes by 1: 5000000 for 9950000000 (index 10000000000)
        case-1 hand-off of a long: 5000000 asked, 5000000 for 9950000000 (index 10000000000); because partners are the first resort
        case-1 disposed: -50000000
        IF: 199950000000
        T1: 2198000000000, ETH -1000000000 for -2000000000000
        T2: -1784000000000, ETH 995000000 for 1990000000000
        T3: 490050000000, ETH 5000000 for 9950000000
    "#]],
    );
}

#[test]
fn what_is_refused_is_not_booked() {
    let mut world = with_a_partner();
    assert_eq!(world.told(exit(20_000 * USD)), "Wallet not exited");
    world.ok(Command::ExitWallet(T2));
    let told = world.told(exit(20_000 * USD + 2));
    assert_eq!(told, "Invalid quote quantity");
    assert_eq!(world.venue().waterfall().holdings().len(), 0);
    // What was noted for the refused command is not booked with the next.
    world.now += 1_000;
    let events = world.ok(index(ETH, (1_999 * USD).unsigned_abs(), START + 1_000));
    assert!(crate::world::told(&events).is_empty());
}

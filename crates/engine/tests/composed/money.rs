//! Money in and out, the vault's shares, and who may take what.

use expect_test::{Expect, expect};
use plimsoll_engine::venues::composed::{Command, Margin};
use plimsoll_units::AccountId;

use crate::world::*;

fn check(world: &mut World, command: Command, expected: &Expect) {
    expected.assert_eq(&format!("{}\n", world.refused(command)));
}

fn withdraw(account: AccountId, whole: i128) -> Command {
    let amount = whole * ONE;
    Command::Withdraw { account, amount }
}

fn add(account: AccountId, whole: i128) -> Command {
    let amount = whole * ONE;
    Command::AddLiquidity { account, amount }
}

fn remove(account: AccountId, shares: i128) -> Command {
    Command::RemoveLiquidity { account, shares }
}

#[test]
fn accounts_are_opened_in_order_so_that_a_number_costs_nothing() {
    let mut world = World::ready(watched(Margin::Cross), 1);
    let deposit = |account, amount| Command::Deposit { account, amount };
    for (command, expected) in [
        (
            deposit(AccountId(6), 1),
            expect![[r#"
            account-6 cannot be opened before account-5
        "#]],
        ),
        (
            deposit(AccountId(u32::MAX), 1),
            expect![[r#"
            account-4294967295 cannot be opened before account-5
        "#]],
        ),
        (
            deposit(BOB, 0),
            expect![[r#"
            deposit 0 is not in 1..=100000000000000000000000000
        "#]],
        ),
        (
            deposit(BOB, i128::MAX),
            expect![[r#"
            deposit 170141183460469231731687303715884105727 is not in 1..=100000000000000000000000000
        "#]],
        ),
        (
            deposit(VAULT, 1),
            expect![[r#"
            account-2 is the venue's own account
        "#]],
        ),
        (
            withdraw(BOB, 1),
            expect![[r#"
            there is no account-5
        "#]],
        ),
        (
            withdraw(ANN, 1_001),
            expect![[r#"
            account-4 has 100000000000 of margin to spare, not 100100000000
        "#]],
        ),
        (
            withdraw(FUND, 1),
            expect![[r#"
            account-1 has 0 of margin to spare, not 100000000
        "#]],
        ),
    ] {
        check(&mut world, command, &expected);
    }
}

#[test]
fn unrealised_profit_may_leave_but_not_the_initial_margin() {
    let mut world = World::ready(watched(Margin::Cross), 1);
    world.trade(ANN, BTC, 5_000).unwrap();
    world.prices(&[(BTC, 120)]);
    // 1000 and a profit of 1000; 10 % of 6000 stays.
    check(
        &mut world,
        withdraw(ANN, 1_401),
        &expect![[r#"
        account-4 has 140000000000 of margin to spare, not 140100000000
    "#]],
    );
    world.run(withdraw(ANN, 1_400)).unwrap();
    assert_eq!(world.equity(ANN), 600 * ONE);
    assert_eq!(world.balance(ANN), (1_000 - 5_000 - 1_400) * ONE);
}

#[test]
fn providers_share_the_vaults_equity_and_rounding_stays_with_it() {
    let mut world = World::ready(watched(Margin::Cross), 2);
    world.run(add(ANN, 300)).unwrap();
    assert_eq!(world.venue().shares_of(ANN), 300 * ONE);
    // What comes in by the way is everybody's who is there.
    let gift = Command::AddLiquidity {
        account: BOB,
        amount: 100 * ONE + 1,
    };
    world.run(gift).unwrap();
    assert_eq!(world.venue().shares_of(BOB), 100 * ONE + 1);
    assert_eq!(world.venue().vault().supply, 400 * ONE + 1);
    check(
        &mut world,
        remove(BOB, 0),
        &expect![[r#"
        shares 0 is not in 1..=10000000001
    "#]],
    );
    check(
        &mut world,
        remove(BOB, 100 * ONE + 2),
        &expect![[r#"
        shares 10000000002 is not in 1..=10000000001
    "#]],
    );
    check(
        &mut world,
        add(ANN, 701),
        &expect![[r#"
        account-4 has 70000000000 of margin to spare, not 70100000000
    "#]],
    );
    world.run(remove(BOB, 100 * ONE + 1)).unwrap();
    assert_eq!(world.balance(BOB), 1_000 * ONE);
    assert_eq!(world.venue().vault().put_in, 300 * ONE);
}

#[test]
fn a_venue_without_a_vault_has_no_providers() {
    let mut config = watched(Margin::Cross);
    config.backstops.vault = None;
    config.procedure = vec![plimsoll_engine::liquidation::Stage::Acquire(
        plimsoll_engine::liquidation::stages::Acquire,
    )];
    let mut world = World::ready(config, 1);
    check(
        &mut world,
        add(ANN, 1),
        &expect![[r#"
        this venue has no vault
    "#]],
    );
}

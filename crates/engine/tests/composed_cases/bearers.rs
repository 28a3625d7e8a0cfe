//! Who has what is lost in the end: the vault as counterparty, the fund, those who share, nobody.
//! A is long 10 at 100 with 100 of its own.

use expect_test::{Expect, expect};
use plimsoll_engine::backstop::fund::FundPolicy;
use plimsoll_engine::liquidation::stages::{
    CloseNextVersion, Confiscate, ForceClose, Reward, RewardCap, Socialise,
};
use plimsoll_engine::liquidation::{Portion, Stage};
use plimsoll_engine::venues::composed::{Command, Lock, Margin};
use plimsoll_units::{Fixed, MarketId};

use crate::world::*;

const SOCIALISE: Stage = Stage::Socialise(Socialise { same_market: true });

#[test]
fn a_confiscated_collateral_is_shared_out_and_the_vault_has_the_position() {
    let stage = Stage::Confiscate(Confiscate {
        first_caller_e5: 2_000,
        resolver_e5: 8_000,
    });
    let with_vault = |price: u64, expected: &Expect| {
        let mut config = design(Margin::Isolated, &[stage]);
        config.backstops.fund = None;
        let mut world = World::of(config);
        world.ok(prices(&[10_000]));
        world.trader(A, 100, 10, 100);
        world.ok(deposit(B, pips(1_000)));
        world.ok(Command::AddLiquidity {
            account: B,
            amount: pips(500),
        });
        check(&mut world, vec![prices(&[price])], expected);
    };
    with_vault(
        9_400,
        &expect![[r#"
        case-1 of A: 40 of 47
          A pays keeper 2: first caller's bounty
          A pays keeper 8: resolver's bounty
          A pays vault 90: confiscated collateral
          A gives vault 10 of market-0 at 94 for 940: Vault
          vault pays A 60: settlement of accrued profit and loss
        case-1 confiscate: 100
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    with_vault(
        8_900,
        &expect![[r#"
        case-1 of A: -10 of 44.5
          A pays keeper 2: first caller's bounty
          A pays keeper 8: resolver's bounty
          A pays vault 90: confiscated collateral
          A gives vault 10 of market-0 at 89 for 890: Vault
          vault pays A 100: settlement of accrued profit and loss
        case-1 confiscate: 100
          vault pays A 10: shortfall resolved
        case-1 closed: Liquidated { shortfall: 1000000000 }
    "#]],
    );
}

#[test]
fn a_debt_is_paid_by_the_fund_then_the_vault_and_the_rest_by_nobody() {
    let force = [Stage::ForceClose(ForceClose)];
    let mut world = world(&force, 20, |c| c.backstops.penalty_e5 = 1_000);
    world.ok(deposit(B, pips(1_000)));
    world.ok(Command::AddLiquidity {
        account: B,
        amount: pips(30),
    });
    // 10 x 15 lost of 100: 50 are owed.
    check(
        &mut world,
        vec![prices(&[8_500])],
        &expect![[r#"
        case-1 of A: -50 of 42.5
          A gives vault 10 of market-0 at 85 for 850: Vault
        case-1 force-close: 850
          fund pays A 20: insurance fund's payment
          vault pays A 30: shortfall resolved
        case-1 closed: Liquidated { shortfall: 5000000000 }
    "#]],
    );
    assert_eq!((world.equity(FUND), world.equity(VAULT)), (0, 0));
    world.trader(C, 100, 10, 85);
    check(
        &mut world,
        vec![prices(&[7_000])],
        &expect![[r#"
        case-2 of C: -50 of 35
          C gives vault 10 of market-0 at 70 for 700: Vault
        case-2 force-close: 700
          50 of C is unpaid
        case-2 closed: Liquidated { shortfall: 5000000000 }
    "#]],
    );
}

#[test]
fn the_funds_cap_on_an_account_leaves_the_rest_to_the_vault() {
    let force = [Stage::ForceClose(ForceClose)];
    let mut world = world(&force, 1_000, |c| {
        c.backstops.fund.as_mut().unwrap().policy = FundPolicy {
            account_cap: Some(pips(15)),
            ..FundPolicy::default()
        };
    });
    world.ok(deposit(B, pips(1_000)));
    world.ok(Command::AddLiquidity {
        account: B,
        amount: pips(500),
    });
    check(
        &mut world,
        vec![prices(&[8_500])],
        &expect![[r#"
        case-1 of A: -50 of 42.5
          A gives vault 10 of market-0 at 85 for 850: Vault
        case-1 force-close: 850
          fund pays A 15: insurance fund's payment
          vault pays A 35: shortfall resolved
        case-1 closed: Liquidated { shortfall: 5000000000 }
    "#]],
    );
}

#[test]
fn a_loss_that_is_left_is_shared_by_those_in_profit() {
    let stages = [BOOK, SOCIALISE];
    let mut world = world(&stages, 10, |c| c.backstops.vault = None);
    world.trader(B, 1_000, -6, 100);
    world.trader(C, 1_000, -2, 100);
    world.trader(D, 1_000, 1, 100);
    world.ok(bids(&[(8_500, 100)]));
    check(
        &mut world,
        vec![prices(&[8_500])],
        &expect![[r#"
        case-1 of A: -50 of 42.5
          A gives street 10 of market-0 at 85 for 850: Book
        case-1 close-on-book: 850
          fund pays A 10: insurance fund's payment
        case-1 socialise: 40
        case-1 closed: Liquidated { shortfall: 5000000000 }
          B pays A 30: socialised loss
          B shares 30
          C pays A 10: socialised loss
          C shares 10
    "#]],
    );
}

#[test]
fn a_version_settles_what_the_last_one_queued_and_the_reward_is_paid_once() {
    let stages = [
        Stage::Reward(Reward {
            fee: "0.1".parse::<Fixed<18>>().unwrap(),
            minimum_requirement: 0,
            cap: RewardCap::AtTrigger,
        }),
        Stage::CloseNextVersion(CloseNextVersion {
            portion: Portion::All,
        }),
    ];
    let mut config = design(Margin::Versioned, &stages);
    config.backstops.penalty_e5 = 100;
    let mut world = World::of(config);
    world.ok(prices(&[10_000]));
    world.trader(A, 100, 10, 100);
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-1 of A: 40 of 47
          A pays keeper 4.7: liquidation reward
        case-1 reward: 4.7
        case-1 close-next-version: 940
    "#]],
    );
    world.later(60_000);
    // Prices of other markets, time and money of its own settle nothing.
    let other = Command::Prices(vec![(MarketId(1), 5_000 * ONE)]);
    check(&mut world, vec![other, Command::Tick], &expect![[r#""#]]);
    expect![[r#"
        account-4 is locked while it is liquidated
    "#]]
    .assert_eq(&world.refused(deposit(A, 1)));
    check(
        &mut world,
        vec![prices(&[9_600])],
        &expect![[r#"
          A gives vault 10 of market-0 at 96 for 960: Vault
          A pays fund 0.96: liquidation fee
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
}

#[test]
fn an_account_that_is_sound_again_has_no_case() {
    let mut world = world(&[BOOK], 0, |c| c.lock = Lock::DepositsOnly);
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-1 of A: 40 of 47
        case-1 blocked: neither the backstop nor counterparties can take it
    "#]],
    );
    check(
        &mut world,
        vec![deposit(A, pips(100))],
        &expect![[r#"
        case-1 closed: Recovered
    "#]],
    );
    check(
        &mut world,
        vec![prices(&[8_400])],
        &expect![[r#"
        case-2 of A: 40 of 42
        case-2 blocked: neither the backstop nor counterparties can take it
    "#]],
    );
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-2 closed: Recovered
    "#]],
    );
}

#[test]
fn what_the_fund_holds_on_both_sides_meets_within_it() {
    let mut world = world(&[ACQUIRE, BOOK], 1_000, |_| {});
    world.trader(B, 100, -10, 100);
    let first = prices(&[9_400]);
    check(
        &mut world,
        vec![first],
        &expect![[r#"
        case-1 of A: 40 of 47
          A gives fund 10 of market-0 at 90 for 900: Acquirer
        case-1 acquire: 940
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    check(
        &mut world,
        vec![prices(&[11_000])],
        &expect![[r#"
        case-2 of B: 0 of 55
          B gives fund -10 of market-0 at 110 for 1100: Acquirer
        case-2 acquire: 1100
        case-2 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    assert_eq!(world.venue().holdings().size(FUND, M0), 0);
}

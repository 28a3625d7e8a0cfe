//! What the page lacks: the fund's defences, partial liquidation, no more deleveraging than needed.

use expect_test::{Expect, expect};
use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::backstop::fund::{FundPolicy, Gate, Gated, Pots, WindowCap};
use plimsoll_engine::liquidation::stages::{Acquire, Deleverage, Reduce};
use plimsoll_engine::liquidation::{Stage, Whose};
use plimsoll_engine::venues::kuma::{Command, Config, Service, ServiceCommand};
use plimsoll_units::{Duration, Side};

use crate::world::*;

const USD: i64 = ONE;

/// The ETH index goes to `price`; what the service did.
fn check(world: &mut World, price: i64, expected: &Expect) {
    world.now += 10_000;
    let events = world.ok(index(ETH, price.unsigned_abs(), world.now));
    expected.assert_eq(&(told(&events).join("\n") + "\n"));
}

fn with_fund(fund: FundPolicy) -> World {
    let mut service = Service::kuma();
    service.fund = fund;
    World::of(served(service))
}

#[test]
fn past_a_cap_on_one_accounts_loss_the_next_stage_takes_over() {
    let fund = FundPolicy {
        account_cap: Some(i128::from(100 * USD)),
        ..FundPolicy::default()
    };
    // At 1800 the wallet owes 40, within the cap; at 1790 it owes 140.
    check(
        &mut with_fund(fund),
        1_800 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1800000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 0 for 0 (index 0); because no partner has an offer on that side
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers 4000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1800000000000); because the book did not take all of it within the price
        case-1 disposed: 0
        case-1 closed: Liquidated { shortfall: 4000000000 }
    "#]],
    );
    check(
        &mut with_fund(fund),
        1_790 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 fund unable: beyond the fund's cap on one account's loss
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers 14000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1790000000000); because beyond the fund's cap on one account's loss
        case-1 closed: Liquidated { shortfall: 14000000000 }
    "#]],
    );
}

#[test]
fn past_a_cap_on_a_windows_losses_the_next_stage_takes_over() {
    let fund = FundPolicy {
        window_cap: Some(WindowCap {
            amount: i128::from(139 * USD),
            length: Duration::HOUR,
        }),
        ..FundPolicy::default()
    };
    check(
        &mut with_fund(fund),
        1_790 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 fund unable: beyond the fund's cap on losses within its window
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers 14000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1790000000000); because beyond the fund's cap on losses within its window
        case-1 closed: Liquidated { shortfall: 14000000000 }
    "#]],
    );
}

#[test]
fn a_market_bears_its_own_losses_when_pots_are_apart() {
    let fund = FundPolicy {
        pots: Pots::PerMarket,
        ..FundPolicy::default()
    };
    let mut world = with_fund(fund);
    check(
        &mut world,
        1_790 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 fund unable: beyond what the market's own pot holds
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers 14000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1790000000000); because beyond what the market's own pot holds
        case-1 closed: Liquidated { shortfall: 14000000000 }
    "#]],
    );
    let mut world = with_fund(fund);
    world.ok(service(ServiceCommand::AssignPot {
        market: ETH,
        amount: 141 * USD,
    }));
    check(
        &mut world,
        1_790 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1790000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 0 for 0 (index 0); because no partner has an offer on that side
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers 14000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1790000000000); because the book did not take all of it within the price
        case-1 disposed: 0
        case-1 closed: Liquidated { shortfall: 14000000000 }
    "#]],
    );
    let refused = world.told(service(ServiceCommand::AssignPot {
        market: ETH,
        amount: -500 * USD,
    }));
    expect![
        "the pot of market-0 holds 14100000000 (raw), less than the 50000000000 to be taken out"
    ]
    .assert_eq(&refused);
}

#[test]
fn withdrawals_are_shut_for_a_while_after_a_deficit() {
    let fund = FundPolicy {
        gate: Some(Gate {
            length: Duration(60_000),
            whom: Gated::Everybody,
        }),
        ..FundPolicy::default()
    };
    let mut world = with_fund(fund);
    let withdraw = Command::Withdraw {
        account: T3,
        gross: 100,
        gas_fee: 0,
        maximum_gas_fee: 0,
        signed: None,
    };
    assert_eq!(world.told(withdraw.clone()), "ok");
    check(
        &mut world,
        1_790 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1790000000000); because the wallet is below its maintenance requirement
        gate shut until 2026-01-01 00:01:10.000
        case-1 close-on-book of a long: 1000000000 asked, 0 for 0 (index 0); because no partner has an offer on that side
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers 14000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1790000000000); because the book did not take all of it within the price
        case-1 disposed: 0
        case-1 closed: Liquidated { shortfall: 14000000000 }
    "#]],
    );
    let shut = world.told(withdraw.clone());
    expect!["withdrawals are shut until 2026-01-01 00:01:10.000, because the insurance fund bore a deficit"].assert_eq(&shut);
    world.now += 60_000;
    assert_eq!(world.told(withdraw), "ok");
}

/// Partial liquidation, then the fund.
fn reducing(discount_e5: u32) -> Config {
    let mut service = Service::kuma();
    service.procedure.insert(0, Stage::Reduce(Reduce));
    service.reduction_discount_e5 = discount_e5;
    // Nothing takes what the fund has: it can be seen.
    service.procedure.truncate(2);
    served(service)
}

#[test]
fn a_wallet_gives_up_no_more_than_brings_it_back_above_its_initial_requirement() {
    let mut world = World::of(reducing(50_000));
    check(
        &mut world,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 reduce of a long: 718146719 asked, 718146719 for 1308642858697 (index 1328571430150); because less than everything brings the wallet back
        case-1 closed: Recovered
    "#]],
    );
    let venue = world.venue();
    let value = venue.value_truncated(world.engine.ledger(), T2).unwrap();
    let initial = venue.initial_requirement(T2).unwrap();
    expect!["26071428547 of 26071428492; -495357141303, ETH 281853281 for 563706562000"]
        .assert_eq(&format!("{value} of {initial}; {}", world.show(T2)));
    // One step less would not have done.
    assert!(value - i64::try_from(initial).unwrap() < 200);
}

#[test]
fn a_wallet_that_cannot_be_brought_back_is_taken_whole() {
    let mut world = World::of(reducing(50_000));
    check(
        &mut world,
        1_800 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1800000000000); because the wallet is below its maintenance requirement
        case-1 closed: Liquidated { shortfall: 4000000000 }
    "#]],
    );
}

/// A fund that can carry a part of the wallet alone.
fn poor_fund(policy: Policy) -> World {
    let mut service = Service::kuma();
    service.procedure = vec![
        Stage::Acquire(Acquire),
        Stage::Deleverage(Deleverage {
            whose: Whose::Account,
            policy,
        }),
        Stage::Acquire(Acquire),
    ];
    let mut config = served(service);
    config.wallets[IF.index()].quote = 300 * ONE;
    World::of(config)
}

#[test]
fn minimal_deleverages_no_more_than_lets_the_fund_take_the_rest() {
    check(
        &mut poor_fund(Policy::Minimal),
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 fund unable: the fund would not meet its margin requirement
          account-3 is deleveraged, 1 of 1, fifth 5: 354838710 for 640129032840, covers -16322580660
        case-1 deleverage of a long: 354838710 asked, 354838710 for 640129032840 (index 656451613500); because the fund would not meet its margin requirement
        case-1 acquire of a long: 645161290 asked, 645161290 for 1163870967160 (index 1193548386500); because the wallet is below its maintenance requirement
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    check(
        &mut poor_fund(Policy::Queue),
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 fund unable: the fund would not meet its margin requirement
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers -46000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the fund would not meet its margin requirement
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
}

#[test]
fn what_the_fund_need_not_give_up_it_keeps() {
    let mut service = Service::kuma();
    service.procedure.pop();
    service.procedure.push(Stage::Deleverage(Deleverage {
        whose: Whose::Backstop,
        policy: Policy::Minimal,
    }));
    let mut world = World::of(served(service));
    check(
        &mut world,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 0 for 0 (index 0); because no partner has an offer on that side
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    let held = |world: &World| {
        let pieces = world.venue().waterfall().holdings().values();
        pieces.map(|h| h.pieces[0].left()).sum::<u64>()
    };
    assert_eq!(held(&world), 10 * ONE.unsigned_abs());
    // The market moves against the fund until it must.
    check(
        &mut world,
        1_640 * USD,
        &expect![[r#"
              account-3 is deleveraged, 1 of 1, fifth 5: 186991870 for 337333333480, covers 30666666680
            case-1 deleverage of a long: 186991870 asked, 186991870 for 337333333480 (index 306666666800); because the book did not take all of it within the price
        "#]],
    );
    check(
        &mut world,
        1_630 * USD,
        &expect![[r#"
              account-3 is deleveraged, 1 of 1, fifth 5: 30229266 for 54533595864, covers 5259892284
            case-1 deleverage of a long: 30229266 asked, 30229266 for 54533595864 (index 49273703580); because the book did not take all of it within the price
        "#]],
    );
}

#[test]
fn what_every_policy_would_take_is_told_when_asked() {
    for whose in [Whose::Account, Whose::Backstop] {
        let mut service = Service::kuma();
        service.compare_policies = true;
        let mut config = served(service);
        if whose == Whose::Account {
            config.wallets[IF.index()].quote = 300 * ONE;
        }
        let mut world = World::of(config);
        world.now += 10_000;
        let events = world.ok(index(ETH, 185_000_000_000, world.now));
        let told = told(&events);
        let compared = told
            .iter()
            .find(|line| line.starts_with("PoliciesCompared"));
        let expected = match whose {
            Whose::Account => expect![
                "PoliciesCompared { case: case-1, market: market-0, side: Long, used: Queue, asked: 1000000000, needed: 354838710, price: 185000000000, accounts: [1, 1, 1] }"
            ],
            Whose::Backstop => expect![
                "PoliciesCompared { case: case-1, market: market-0, side: Long, used: Queue, asked: 1000000000, needed: 0, price: 185000000000, accounts: [1, 1, 0] }"
            ],
        };
        expected.assert_eq(compared.unwrap());
    }
}

#[test]
fn the_ranking_can_be_seen_before_the_event() {
    let mut config = served(Service::kuma());
    // T3 is short too, at twice the leverage; T4 hedges a short with a long in BTC.
    config.wallets[T2.index()].positions[0].size = 16 * ONE;
    config.wallets[T2.index()].positions[0].cost_basis = 32_000 * ONE;
    config.wallets[T2.index()].quote = -28_000 * ONE;
    config.wallets[T3.index()] = wallet(9_000 * ONE, &[(ETH, -4 * ONE, -8_400 * ONE)]);
    config.wallets[T4.index()] = wallet(
        5_000 * ONE,
        &[(ETH, -2 * ONE, -4_200 * ONE), (BTC, ONE / 20, 1_500 * ONE)],
    );
    let world = World::of(config);
    let show = |policy: Policy| {
        let ledger = world.engine.ledger();
        let ranks = world
            .venue()
            .deleveraging_ranks(ledger, ETH, Side::Short, policy);
        let one = |r: &plimsoll_engine::venues::kuma::waterfall::Rank| {
            let score = r.score;
            format!(
                "{} {}/{} fifth {}: {} x {} = {}, {} of which {} hedged\n",
                r.account,
                r.rank,
                r.of,
                r.quintile,
                score.profit_ratio,
                score.leverage,
                score.product,
                r.size,
                r.hedged
            )
        };
        ranks.iter().map(one).collect::<String>()
    };
    expect![[r#"
        account-5 1/3 fifth 5: 4761904 x 800000000 = 38095232, 400000000 of which 0 hedged
        account-6 2/3 fifth 4: 4761904 x 220000000 = 10476188, 200000000 of which 75000000 hedged
        account-3 3/3 fifth 2: 0 x 1010101010 = 0, 1000000000 of which 0 hedged
    "#]]
    .assert_eq(&show(Policy::Queue));
    expect![[r#"
        account-3 1/3 fifth 5: 0 x 1010101010 = 0, 1000000000 of which 0 hedged
        account-5 2/3 fifth 4: 4761904 x 800000000 = 38095232, 400000000 of which 0 hedged
        account-6 3/3 fifth 2: 4761904 x 220000000 = 10476188, 200000000 of which 75000000 hedged
    "#]]
    .assert_eq(&show(Policy::Minimal));
}

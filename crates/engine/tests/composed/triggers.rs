//! When a case is opened: confirmations, grace, urgency; what is told meanwhile; locks.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use plimsoll_engine::Event;
use plimsoll_engine::liquidation::stages::CloseNextVersion;
use plimsoll_engine::liquidation::{CaseEvent, Outcome, Portion, Stage};
use plimsoll_engine::venues::composed::{self, Command, Config, Lock, Margin};
use plimsoll_units::Duration;

use crate::world::*;

/// Ann holds 100 BTC bought at 100 with 1,000: under at 94, bankrupt below 90.
fn ann(change: impl FnOnce(&mut Config)) -> World {
    let mut config = design(Margin::Cross);
    change(&mut config);
    let mut world = World::ready(config, 2);
    let account = BOB;
    let amount = 900 * ONE;
    world
        .run(Command::AddLiquidity { account, amount })
        .unwrap();
    world.deposit(FUND, 500);
    world.trade(ANN, BTC, 10_000).unwrap();
    world
}

/// What was told of Ann by the last command.
fn told(world: &World) -> String {
    let mut text = String::new();
    for event in &world.events {
        match event {
            Event::Composed(composed::Event::Warned {
                equity,
                requirement,
                ..
            }) => {
                let (equity, requirement) = (equity / ONE, requirement / ONE);
                write!(text, " warned {equity} < {requirement}").unwrap();
            }
            Event::Composed(composed::Event::Relieved { .. }) => text += " relieved",
            Event::Case(CaseEvent::Opened(case)) => {
                let trigger = case.trigger;
                let (equity, requirement) = (trigger.equity / ONE, trigger.requirement / ONE);
                write!(text, " opened {equity} < {requirement}").unwrap();
            }
            Event::Case(CaseEvent::Closed { outcome, .. }) => {
                text += match outcome {
                    Outcome::Liquidated { .. } => " liquidated",
                    Outcome::Recovered => " recovered",
                };
            }
            _ => {}
        }
    }
    text
}

/// Prices of BTC (0 is a tick) a second apart, and what each brought about.
fn check(change: impl FnOnce(&mut Config), prices: &[u64], expected: &Expect) {
    let mut world = ann(change);
    let mut shown = String::new();
    for price in prices {
        world.pass(1_000);
        if *price == 0 {
            world.run(Command::Tick).unwrap();
            writeln!(shown, "tick:{}", told(&world)).unwrap();
        } else {
            world.prices(&[(BTC, *price)]);
            writeln!(shown, "{price}:{}", told(&world)).unwrap();
        }
    }
    expected.assert_eq(&shown);
}

#[test]
fn a_case_is_opened_with_the_price_that_brings_the_account_under() {
    check(
        |_| {},
        &[95, 94],
        &expect![[r#"
        95:
        94: opened 400 < 470 liquidated
    "#]],
    );
}

#[test]
fn one_bad_print_liquidates_nobody_who_asks_for_confirmation() {
    check(
        |c| c.trigger.confirmations = 2,
        &[80, 100, 94, 0, 93],
        &expect![[r#"
        80: warned -1000 < 400
        100: relieved
        94: warned 400 < 470
        tick:
        93: opened 300 < 465 liquidated
    "#]],
    );
}

#[test]
fn a_price_of_another_market_confirms_nothing() {
    let mut world = ann(|c| c.trigger.confirmations = 2);
    world.prices(&[(BTC, 94)]);
    assert_eq!(told(&world), " warned 400 < 470");
    world.prices(&[(ETH, 11)]);
    assert_eq!(told(&world), "");
    world.prices(&[(BTC, 94)]);
    assert_eq!(told(&world), " opened 400 < 470 liquidated");
}

#[test]
fn grace_ends_with_a_tick_and_begins_anew_after_a_relief() {
    check(
        |c| c.trigger.grace = Duration(3_000),
        &[94, 0, 96, 94, 0, 0, 0],
        &expect![[r#"
        94: warned 400 < 470
        tick:
        96: relieved
        94: warned 400 < 470
        tick:
        tick:
        tick: opened 400 < 470 liquidated
    "#]],
    );
}

#[test]
fn urgency_ends_grace_but_not_confirmation() {
    let urgent = |c: &mut Config| {
        c.trigger.grace = Duration(60_000);
        c.trigger.urgent_e5 = 50_000;
    };
    // Half of the requirement of 460 is 230; of 465, 232.5.
    check(
        urgent,
        &[94, 93, 92],
        &expect![[r#"
        94: warned 400 < 470
        93:
        92: opened 200 < 460 liquidated
    "#]],
    );
    let twice = |c: &mut Config| {
        urgent(c);
        c.trigger.confirmations = 2;
    };
    check(
        twice,
        &[91, 91],
        &expect![[r#"
        91: warned 100 < 455
        91: opened 100 < 455 liquidated
    "#]],
    );
}

#[test]
fn collateral_added_in_time_is_what_grace_is_for() {
    let mut world = ann(|c| c.trigger.grace = Duration(60_000));
    world.prices(&[(BTC, 94)]);
    assert_eq!(told(&world), " warned 400 < 470");
    world.deposit(ANN, 70);
    assert_eq!(told(&world), " relieved");
    world.pass(100_000);
    world.run(Command::Tick).unwrap();
    assert_eq!(told(&world), "");
}

/// Versioned margin: a case waits for the next price, and meanwhile the lock holds.
fn queued(lock: Lock) -> World {
    let portion = Portion::All;
    let mut world = ann(|c| {
        c.margin = Margin::Versioned;
        c.lock = lock;
        c.procedure = vec![Stage::CloseNextVersion(CloseNextVersion { portion })];
    });
    world.prices(&[(BTC, 94)]);
    assert_eq!(told(&world), " opened 400 < 470");
    world
}

#[test]
fn a_queued_liquidation_settles_at_the_next_price_whatever_it_is() {
    let mut world = queued(Lock::All);
    assert_eq!(world.venue().holdings().size(ANN, BTC), 10_000_000_000);
    world.run(Command::Tick).unwrap();
    world.prices(&[(ETH, 11)]);
    assert_eq!(world.venue().holdings().size(ANN, BTC), 10_000_000_000);
    // Sound again by then, but it was queued.
    world.prices(&[(BTC, 98)]);
    assert_eq!(told(&world), " liquidated");
    assert_eq!(world.venue().holdings().size(ANN, BTC), 0);
    assert_eq!(world.venue().holdings().size(VAULT, BTC), 10_000_000_000);
    assert_eq!(world.balance(ANN), 800 * ONE);
}

#[test]
fn a_lock_holds_as_far_as_it_says() {
    let one = ONE;
    let deposit = Command::Deposit {
        account: ANN,
        amount: one,
    };
    let withdraw = Command::Withdraw {
        account: ANN,
        amount: one,
    };
    let provide = Command::AddLiquidity {
        account: ANN,
        amount: one,
    };
    let close = fill(ANN, BTC, -1, 9_400_000_000);
    let mut world = queued(Lock::DepositsOnly);
    for command in [withdraw.clone(), provide.clone(), close.clone()] {
        let refusal = world.refused(command);
        assert_eq!(
            refusal.to_string(),
            "account-4 is locked while it is liquidated"
        );
    }
    world.run(deposit.clone()).unwrap();
    let mut world = queued(Lock::All);
    for command in [deposit.clone(), withdraw, provide, close.clone()] {
        assert_eq!(world.refused(command).name(), "Locked");
    }
    // Nobody else is, and with the case the lock ends.
    let account = BOB;
    world
        .run(Command::Deposit {
            account,
            amount: one,
        })
        .unwrap();
    world.prices(&[(BTC, 98)]);
    world.run(deposit).unwrap();
}

#[test]
fn the_same_design_restored_goes_on_with_warnings_and_queues() {
    let mut world = ann(|c| {
        c.trigger.confirmations = 3;
        c.trigger.grace = Duration(2_000);
    });
    for price in [94, 93] {
        world.pass(1_000);
        world.prices(&[(BTC, price)]);
    }
    let bytes = world.engine.snapshot().unwrap();
    let engine = plimsoll_engine::Engine::restore(&bytes).unwrap();
    let mut twin = World {
        engine,
        now: world.now,
        events: Vec::new(),
    };
    for world in [&mut world, &mut twin] {
        world.pass(1_000);
        world.prices(&[(BTC, 93)]);
        assert_eq!(told(world), " opened 300 < 465 liquidated");
    }
    assert_eq!(world.engine.state_hash(), twin.engine.state_hash());
}

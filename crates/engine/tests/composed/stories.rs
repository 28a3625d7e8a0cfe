//! Liquidations told as stories: the rule, the numbers, who took what, who was paid.

use expect_test::{Expect, expect};
use plimsoll_engine::liquidation::stages::{Acquire, CloseOnBook, ForceClose, Socialise};
use plimsoll_engine::liquidation::{Case, CaseEvent, Stage};
use plimsoll_engine::venues::composed::{Command, Config, Level, Margin, concerns};
use plimsoll_engine::{Engine, Event};
use plimsoll_units::{Duration, Timestamp};

use crate::world::*;

/// Runs commands a second apart and tells the first case that they open.
fn check(mut world: World, commands: Vec<Command>, expected: &Expect) {
    let mut told: Option<(Engine, Case, Command)> = None;
    let mut steps: Vec<(Timestamp, Event)> = Vec::new();
    for command in commands {
        world.pass(1_000);
        let before = world.engine.clone();
        world.run(command.clone()).unwrap();
        for event in world.events.clone() {
            if let Event::Case(CaseEvent::Opened(case)) = &event
                && told.is_none()
            {
                told = Some((before.clone(), *case, command.clone()));
            }
            if let Some((_, case, _)) = &told
                && concerns(&event, case)
            {
                steps.push((Timestamp(world.now), event));
            }
        }
    }
    let (engine, case, opening) = told.expect("a case");
    let then = World {
        engine,
        now: 0,
        events: Vec::new(),
    };
    let story = then
        .venue()
        .tell(then.engine.ledger(), &case, &opening, &steps);
    expected.assert_eq(&story.unwrap().to_string());
}

fn price(whole: u64) -> Command {
    Command::Prices(vec![(BTC, whole * 100_000_000)])
}

fn ann(margin: Margin, change: impl FnOnce(&mut Config)) -> World {
    let mut config = design(margin);
    change(&mut config);
    let mut world = World::ready(config, 2);
    world.deposit(FUND, 100);
    world
}

#[test]
fn a_cross_account_that_the_fund_took_over_and_sold() {
    let mut world = ann(Margin::Cross, |c| {
        c.trigger.confirmations = 2;
        c.procedure = vec![
            Stage::Acquire(Acquire),
            Stage::CloseOnBook(CloseOnBook {
                collar_bps: None,
                slices: None,
            }),
        ];
    });
    world.trade(ANN, BTC, 10_000).unwrap();
    let bids = vec![Level {
        price: 9_250_000_000,
        quantity: 20_000_000_000,
    }];
    let asks = Vec::new();
    let quotes = Command::Quotes {
        market: BTC,
        bids,
        asks,
    };
    check(
        world,
        vec![quotes, price(94), price(93)],
        &expect![[r#"
        account-4 in market-0 of venue-0: account value went below maintenance requirement at 2025-10-09 08:53:23.000, mark 93; it was liquidated.

        The rule
          the design: cross margin: one balance behind all positions, requirements add up
          a case is opened when: equity below the requirement, strictly, at 2 prices in a row
          locked meanwhile: nothing beyond what margin asks
          stages, in order: acquire, close-on-book

        The inputs
          under since: 2025-10-09 08:53:22.000
          prices that found it under, before this: 1
          balance: -9000
          holds in market-0: 100 for 10000, mark 93

        The arithmetic
          worth in market-0 = 100 x 93 = 9300  (rounded down)
          equity = balance + what the positions are worth = 300  (rounded down)
          requirement = 100 x 93 x 0.05 = 465  (rounded up)
          equity below the requirement = 300 < 465 = the rule is met
          2025-10-09 08:53:23.000 taken over by the insurance fund: 100 of market-0 from account-4 to the insurance fund: at 90, which is 300 less than at the mark of 93
          2025-10-09 08:53:23.000 stage `acquire`: 9300 in all
          2025-10-09 08:53:23.000 traded on the book: 100 of market-0 from the insurance fund to the street: at 92.5, which is 50 less than at the mark of 93
          2025-10-09 08:53:23.000 stage `close-on-book`: 9300 in all

        Who was paid
          the insurance fund, against the mark by what it took: 300
          the street, against the mark by what it took: 50

        What would have prevented it
          a deposit before that moment of at least: 165
          or a mark of market-0 at or above: 94.73684211
    "#]],
    );
}

#[test]
fn a_bankrupt_portfolio_whose_loss_is_borne_by_fund_and_winners() {
    let mut world = ann(Margin::Portfolio(scenarios(2)), |c| {
        c.procedure = vec![
            Stage::ForceClose(ForceClose),
            Stage::Socialise(Socialise { same_market: true }),
        ];
        c.trigger.grace = Duration(3_600_000);
        c.trigger.urgent_e5 = 50_000;
    });
    let (account, amount) = (BOB, 200 * ONE);
    world
        .run(Command::AddLiquidity { account, amount })
        .unwrap();
    world.trade(ANN, BTC, -2_500).unwrap();
    world.trade(ANN, ETH, 1_000).unwrap();
    world.trade(BOB, BTC, 200).unwrap();
    check(
        world,
        vec![price(155)],
        &expect![[r#"
        account-4 in market-0 of venue-0: account value went below maintenance requirement at 2025-10-09 08:53:21.000, mark 155; it was liquidated, with a loss of 375 beyond what it had.

        The rule
          the design: portfolio margin: the largest loss over the design's scenarios, and at least a share of gross notional
          a case is opened when: equity below the requirement, strictly, for 3600000 ms; without waiting at 50 % of the requirement or less
          locked meanwhile: nothing beyond what margin asks
          stages, in order: force-close, socialise

        The inputs
          balance: 3400
          holds in market-0: -25 for -2500, mark 155
          holds in market-1: 10 for 100, mark 10

        The arithmetic
          worth in market-0 = -25 x 155 = -3875  (rounded down)
          worth in market-1 = 10 x 10 = 100  (rounded down)
          equity = balance + what the positions are worth = -375  (rounded down)
          requirement = loss in scenario 4: market-0 by 25 %, market-1 by 30 % = 938.75  (rounded up)
          equity below the requirement = -375 < 938.75 = the rule is met
          2025-10-09 08:53:21.000 closed against the vault: -25 of market-0 from account-4 to the vault: at 155, which is what it is worth at the mark of 155
          2025-10-09 08:53:21.000 closed against the vault: 10 of market-1 from account-4 to the vault: at 10, which is what it is worth at the mark of 10
          2025-10-09 08:53:21.000 stage `force-close`: 3975 in all
          2025-10-09 08:53:21.000 stage `socialise`: 75 in all

        Who was paid
          account-5 to account-4, socialised loss: 6
          the insurance fund to account-4, insurance fund's payment: 100
          the street to account-4, socialised loss: 69
          the vault to account-4, shortfall resolved: 200
          the vault, against the mark by what it took: 0

        What would have prevented it
          a deposit before that moment of at least: 1313.75
          or: a trigger that asks for two prices in a row, had this one been a bad print
    "#]],
    );
}

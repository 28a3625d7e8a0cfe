//! A liquidation told to whom it concerned.

use expect_test::{Expect, expect};
use plimsoll_engine::Event;
use plimsoll_engine::venues::kuma::OrderSide::Buy;
use plimsoll_engine::venues::kuma::{Command, Event as Kuma, ServiceEvent, WalletLiquidation};
use plimsoll_units::Timestamp;

use crate::world::*;

const USD: i64 = ONE;

fn check(world: &World, command: &Command, later: &[ServiceEvent], expected: &Expect) {
    let at = (Timestamp(START + 10_000), command);
    let story = world
        .venue()
        .explain(world.engine.ledger(), VENUE, T2, at, later);
    let told = match story {
        Ok(story) => story.to_string(),
        Err(why) => format!("{why}\n"),
    };
    expected.assert_eq(&told);
}

#[test]
fn a_case_is_told_hop_by_hop() {
    let mut world = page();
    register(&mut world, T3);
    register(&mut world, T4);
    world.ok(post(side_channel(T3, 1, Buy, 4 * ONE, 1_840 * USD)));
    world.ok(post(side_channel(T4, 2, Buy, 400 * ONE, 1_000 * USD)));
    world.ok(service(
        plimsoll_engine::venues::kuma::ServiceCommand::SetPartnerLimits {
            account: T4,
            limits: plimsoll_engine::backstop::partners::Limits {
                capacity: Some(0),
                ..Default::default()
            },
        },
    ));
    let fall = index(ETH, 185_000_000_000, START + 10_000);
    check(
        &world,
        &fall,
        &[],
        &expect![[r#"
        account-4 was liquidated on 2026-01-01 00:00:10.000: its account was worth 460 and its positions required 555.

        The rule
          Kuma, liquidateWalletInMaintenance: a wallet is liquidated when its account value < its maintenance requirement, strictly; both over all of its markets, at index prices
          procedure: acquire, deleverage, hand-off, close-on-book, deleverage

        The inputs
          quote balance: -18040
          ETH: long 10, entry price 2000, index price 1850, maintenance fraction 0.03

        The arithmetic
          account value = quote balance + funding + sum of size x index price = 460  (rounded toward zero)
          maintenance requirement = sum of |size| x index price x maintenance fraction = 555  (rounded toward zero)
          decision = 460 < 555 = liquidatable
          bankruptcy price in ETH = 1850 x (1 - 0.03 x account value / requirement) = 1804  (rounded toward zero)

        Who was paid
          acquire of a long in ETH, because the wallet is below its maintenance requirement: 10 at 1804, 18040 in all (18500 at index) of 10
            partner account-5: 4 at 1840, 7360 in all (7400 at index)
            partner account-6 left out: capacity used up
          hand-off of a long in ETH, because partners are the first resort: 4 at 1840, 7360 in all (7400 at index) of 10
          close-on-book of a long in ETH, because the partners did not take all of it: none of 6
            account-3 deleveraged, 1 of 1 by queue: 6 for 10824 (11100 at index), profit ratio 0.075 x leverage 5.31609195, fifth 5
          deleverage of a long in ETH, because the book did not take all of it within the price: 6 at 1804, 10824 in all (11100 at index) of 6
          the fund's result over all of it: 144

        What would have prevented it
          a deposit: at least 95
          or a larger one: 465 to be above the initial requirement
          an index price of ETH: above 1859.79381443, and it was 1850
    "#]],
    );
}

#[test]
fn what_became_of_it_later_is_told_too() {
    let later = [ServiceEvent::Disposed {
        case: plimsoll_units::CaseId(1),
        result: -i128::from(12 * USD),
    }];
    let fall = index(ETH, 180_000_000_000, START + 10_000);
    check(
        &page(),
        &fall,
        &later,
        &expect![[r#"
        account-4 was liquidated on 2026-01-01 00:00:10.000: its account was worth -40 and its positions required 540.

        The rule
          Kuma, liquidateWalletInMaintenance: a wallet is liquidated when its account value < its maintenance requirement, strictly; both over all of its markets, at index prices
          procedure: acquire, deleverage, hand-off, close-on-book, deleverage

        The inputs
          quote balance: -18040
          ETH: long 10, entry price 2000, index price 1800, maintenance fraction 0.03

        The arithmetic
          account value = quote balance + funding + sum of size x index price = -40  (rounded toward zero)
          maintenance requirement = sum of |size| x index price x maintenance fraction = 540  (rounded toward zero)
          decision = -40 < 540 = liquidatable
          bankruptcy price in ETH = 1800 x (1 - 0.03 x account value / requirement) = 1804  (rounded toward zero)

        Who was paid
          acquire of a long in ETH, because the wallet is below its maintenance requirement: 10 at 1804, 18040 in all (18000 at index) of 10
          close-on-book of a long in ETH, because no partner has an offer on that side: none of 10
            account-3 deleveraged, 1 of 1 by queue: 10 for 18040 (18000 at index), profit ratio 0.1 x leverage 4.52261306, fifth 5
          deleverage of a long in ETH, because the book did not take all of it within the price: 10 at 1804, 18040 in all (18000 at index) of 10
          the fund's result over all of it: 0
          owed beyond what the wallet had: 40
          the fund's result over all of it: -12

        What would have prevented it
          a deposit: at least 580
          or a larger one: 940 to be above the initial requirement
          an index price of ETH: above 1859.79381443, and it was 1800
    "#]],
    );
}

#[test]
fn a_wallet_that_is_not_liquidated_has_no_story() {
    let fall = index(ETH, 190_000_000_000, START + 10_000);
    check(
        &page(),
        &fall,
        &[],
        &expect![[r#"
        Maintenance margin requirement met
    "#]],
    );
}

#[test]
fn a_keepers_liquidation_is_told_by_its_payments() {
    let world = World::at(185_000_000_000);
    let command = Command::LiquidateInMaintenance(WalletLiquidation {
        account: T2,
        to: IF,
        quotes: vec![1_804_000_000_000],
    });
    check(
        &world,
        &command,
        &[],
        &expect![[r#"
        account-4 was liquidated on 2026-01-01 00:00:10.000: its account was worth 460 and its positions required 555.

        The rule
          Kuma, liquidateWalletInMaintenance: a wallet is liquidated when its account value < its maintenance requirement, strictly; both over all of its markets, at index prices
          consequence: the insurance fund takes all positions at their bankruptcy prices

        The inputs
          quote balance: -18040
          ETH: long 10, entry price 2000, index price 1850, maintenance fraction 0.03

        The arithmetic
          account value = quote balance + funding + sum of size x index price = 460  (rounded toward zero)
          maintenance requirement = sum of |size| x index price x maintenance fraction = 555  (rounded toward zero)
          decision = 460 < 555 = liquidatable
          bankruptcy price in ETH = 1850 x (1 - 0.03 x account value / requirement) = 1804  (rounded toward zero)

        Who was paid
          the margin balance of account-1 (venue-0) -> the margin balance of account-4 (venue-0), position acquired in a liquidation: 18040

        What would have prevented it
          a deposit: at least 95
          or a larger one: 465 to be above the initial requirement
          an index price of ETH: above 1859.79381443, and it was 1850
    "#]],
    );
}

#[test]
fn telling_changes_nothing() {
    let mut world = page();
    let fall = index(ETH, 185_000_000_000, START + 10_000);
    let at = (Timestamp(START + 10_000), &fall);
    let before = world.engine.state_hash();
    let ledger = world.engine.ledger();
    world.venue().explain(ledger, VENUE, T2, at, &[]).unwrap();
    assert_eq!(world.engine.state_hash(), before);
    world.now = START + 10_000;
    let events = world.ok(fall);
    let opened = |e: &Event| matches!(e, Event::Kuma(Kuma::Service(_)));
    assert!(events.iter().any(opened));
}

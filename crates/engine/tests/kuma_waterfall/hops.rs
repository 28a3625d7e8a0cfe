//! The waterfall of the page: acquire, hand off, close on the book, deleverage.

use expect_test::{Expect, expect};
use plimsoll_engine::venues::kuma::OrderSide::{Buy, Sell};
use plimsoll_engine::venues::kuma::Service;

use crate::world::*;

/// The ETH index falls (or rises) to `price`; what the service did, and what the wallets are.
fn check(mut world: World, price: i64, expected: &Expect) {
    world.now = START + 10_000;
    let events = world.ok(index(ETH, price.unsigned_abs(), START + 10_000));
    let mut shown = told(&events).join("\n");
    for (name, account) in [("IF", IF), ("T1", T1), ("T2", T2), ("T3", T3), ("T4", T4)] {
        shown += &format!("\n{name}: {}", world.show(account));
    }
    expected.assert_eq(&(shown + "\n"));
}

const USD: i64 = ONE;

#[test]
fn partners_are_the_first_resort_and_pay_what_they_signed() {
    let mut world = page();
    register(&mut world, T3);
    world.ok(post(side_channel(T3, 1, Buy, 10 * ONE, 1_840 * USD)));
    check(
        world,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
          account-5 takes by 1: 1000000000 for 1840000000000 (index 1850000000000)
        case-1 hand-off of a long: 1000000000 asked, 1000000000 for 1840000000000 (index 1850000000000); because partners are the first resort
        case-1 disposed: 36000000000
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 236000000000
        T1: 2198000000000, ETH -1000000000 for -2000000000000
        T2: 0
        T3: -1340000000000, ETH 1000000000 for 1840000000000
        T4: 500000000000
    "#]],
    );
}

#[test]
fn what_partners_leave_and_no_book_takes_is_deleveraged_at_the_funds_entry_price() {
    let mut world = page();
    register(&mut world, T3);
    world.ok(post(side_channel(T3, 1, Buy, 4 * ONE, 1_840 * USD)));
    check(
        world,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
          account-5 takes by 1: 400000000 for 736000000000 (index 740000000000)
        case-1 hand-off of a long: 1000000000 asked, 400000000 for 736000000000 (index 740000000000); because partners are the first resort
        case-1 close-on-book of a long: 600000000 asked, 0 for 0 (index 0); because the partners did not take all of it
          account-3 is deleveraged, 1 of 1, fifth 5: 600000000 for 1082400000000, covers -27600000000
        case-1 deleverage of a long: 600000000 asked, 600000000 for 1082400000000 (index 1110000000000); because the book did not take all of it within the price
        case-1 disposed: 14400000000
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 214400000000
        T1: 1115600000000, ETH -400000000 for -800000000000
        T2: 0
        T3: -236000000000, ETH 400000000 for 736000000000
        T4: 500000000000
    "#]],
    );
}

#[test]
fn without_partners_the_next_hop_says_so() {
    check(
        page(),
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 0 for 0 (index 0); because no partner has an offer on that side
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers -46000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the book did not take all of it within the price
        case-1 disposed: 0
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 200000000000
        T1: 394000000000
        T2: 0
        T3: 500000000000
        T4: 500000000000
    "#]],
    );
}

#[test]
fn a_wallet_the_fund_cannot_carry_is_deleveraged_itself() {
    let mut config = served(Service::kuma());
    config.wallets[IF.index()].quote = 100 * ONE;
    check(
        World::of(config),
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 fund unable: the fund would not meet its margin requirement
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers -46000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the fund would not meet its margin requirement
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 10000000000
        T1: 394000000000
        T2: 0
        T3: 500000000000
        T4: 500000000000
    "#]],
    );
}

#[test]
fn a_short_goes_to_partners_that_sell() {
    let mut world = page();
    register(&mut world, T4);
    world.ok(post(side_channel(T4, 1, Sell, 10 * ONE, 2_150 * USD)));
    // T1 is short: 21980 - 10 P < 0.3 P above 2133.98.
    check(
        world,
        2_140 * USD,
        &expect![[r#"
        case-1 of account-3 opened
        case-1 acquire of a short: 1000000000 asked, 1000000000 for 2198000000000 (index 2140000000000); because the wallet is below its maintenance requirement
          account-6 takes by 1: 1000000000 for 2150000000000 (index 2140000000000)
        case-1 hand-off of a short: 1000000000 asked, 1000000000 for 2150000000000 (index 2140000000000); because partners are the first resort
        case-1 disposed: 48000000000
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 248000000000
        T1: 0
        T2: -1804000000000, ETH 1000000000 for 2000000000000
        T3: 500000000000
        T4: 2650000000000, ETH -1000000000 for -2150000000000
    "#]],
    );
}

#[test]
fn two_partners_share_a_lot_best_price_first() {
    let mut world = page();
    register(&mut world, T3);
    register(&mut world, T4);
    world.ok(post(side_channel(T3, 1, Buy, 6 * ONE, 1_840 * USD)));
    world.ok(post(side_channel(T4, 2, Buy, 2 * ONE, 1_840 * USD)));
    world.ok(post(side_channel(T4, 3, Buy, 900 * ONE, 1_839 * USD)));
    check(
        world,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
          account-5 takes by 1: 600000000 for 1104000000000 (index 1110000000000)
          account-6 takes by 2: 200000000 for 368000000000 (index 370000000000)
          account-6 takes by 3: 200000000 for 367800000000 (index 370000000000)
        case-1 hand-off of a long: 1000000000 asked, 1000000000 for 1839800000000 (index 1850000000000); because partners are the first resort
        case-1 disposed: 35800000000
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 235800000000
        T1: 2198000000000, ETH -1000000000 for -2000000000000
        T2: 0
        T3: -604000000000, ETH 600000000 for 1104000000000
        T4: -235800000000, ETH 400000000 for 735800000000
    "#]],
    );
}

#[test]
fn a_partner_without_margin_is_left_out_and_the_others_take_its_part() {
    let mut config = served(Service::kuma());
    config.wallets[T4.index()].quote = 50 * ONE;
    let mut world = World::of(config);
    register(&mut world, T3);
    register(&mut world, T4);
    world.ok(post(side_channel(T3, 1, Buy, 10 * ONE, 1_840 * USD)));
    world.ok(post(side_channel(T4, 2, Buy, 10 * ONE, 1_840 * USD)));
    check(
        world,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
          account-5 takes by 1: 1000000000 for 1840000000000 (index 1850000000000)
          account-6 is left out by 2: margin would not suffice
        case-1 hand-off of a long: 1000000000 asked, 1000000000 for 1840000000000 (index 1850000000000); because partners are the first resort
        case-1 disposed: 36000000000
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 236000000000
        T1: 2198000000000, ETH -1000000000 for -2000000000000
        T2: 0
        T3: -1340000000000, ETH 1000000000 for 1840000000000
        T4: 5000000000
    "#]],
    );
}

#[test]
fn what_the_fund_held_on_the_other_side_is_netted() {
    let mut config = served(Service::kuma());
    // Nothing takes what the fund has.
    config.service.procedure.truncate(1);
    // T4 is short 4 with little behind it, T3 has the other side.
    config.wallets[T4.index()] = wallet(8_400 * ONE, &[(ETH, -4 * ONE, -8_000 * ONE)]);
    config.wallets[T3.index()] = wallet(20_000 * ONE, &[(ETH, 4 * ONE, 8_000 * ONE)]);
    let mut world = World::of(config);
    world.now = START + 5_000;
    let events = world.ok(index(ETH, 2_050 * USD.unsigned_abs(), START + 5_000));
    expect![[r#"
        case-1 of account-6 opened
        case-1 acquire of a short: 400000000 asked, 400000000 for 840000000000 (index 820000000000); because the wallet is below its maintenance requirement
        case-1 closed: Liquidated { shortfall: 0 }
    "#]].assert_eq(&(told(&events).join("\n") + "\n"));
    check(
        world,
        1_850 * USD,
        &expect![[r#"
            case-2 of account-4 opened
            case-2 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
            case-1 netted: 400000000 of a short
            case-2 netted: 400000000 of a long
            case-2 closed: Liquidated { shortfall: 0 }
            IF: -764000000000, ETH 600000000 for 1082400000000
            T1: 2198000000000, ETH -1000000000 for -2000000000000
            T2: 0
            T3: 2000000000000, ETH 400000000 for 800000000000
            T4: 0
        "#]],
    );
}

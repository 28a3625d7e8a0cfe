//! Placing, trading, cancelling.

use expect_test::{Expect, expect};
use plimsoll_engine::margin::cross::bankruptcy_quote;
use plimsoll_engine::venues::kuma::{Command, WalletLiquidation};

use crate::desk::{run, run_on, world};
use crate::kuma_support::{FEE, IF, ONE, T1, T3};

#[track_caller]
fn check(lines: &str, expected: &Expect) {
    expected.assert_eq(&run(lines));
}

#[test]
fn a_trade_pays_quote_and_fees_and_moves_both_positions() {
    let mut world = world();
    let before = world.quotes();
    let said = run_on(
        &mut world,
        "T3 sell 2 @ 2000
         T1 buy 1 @ 2001
         book",
    );
    expect![[r#"
        T3 sell 2 @ 2000 -> #1
        T1 buy 1 @ 2001 -> #2
            #2 takes 1 from #1 at 2000
        book
          sell 2000: 1 of T3 (#1)
    "#]]
    .assert_eq(&said);
    // The maker receives 0.005 % of 2000, the taker pays 0.04 % of it, the fee wallet the rest.
    let (rebate, fee) = (ONE / 10, ONE * 8 / 10);
    assert_eq!(world.quote(T3), 7_000 * ONE + rebate);
    assert_eq!(world.quote(T1), 19_980 * ONE - fee);
    assert_eq!(world.quote(FEE), 60 * ONE + fee - rebate);
    assert_eq!(world.quotes(), before);
    assert_eq!(
        world.show(T1),
        "1997920000000, ETH -900000000 for -1800000000000"
    );
}

#[test]
fn post_only_that_would_trade_is_refused_whole() {
    check(
        "T1 sell 1 @ 2000
         T3 buy 5 @ 2000 gtx
         T3 buy 5 @ 1999.99 gtx
         T3 buy 5 gtx
         book",
        &expect![[r#"
            T1 sell 1 @ 2000 -> #1
            T3 buy 5 @ 2000 gtx -> refused: a post-only order at 200000000000 would trade with the best price, 200000000000
            T3 buy 5 @ 1999.99 gtx -> #2
            T3 buy 5 gtx -> refused: gtx order must be limit maker
            book
              buy 1999.99: 5 of T3 (#2)
              sell 2000: 1 of T1 (#1)
        "#]],
    );
}

#[test]
fn fill_or_kill_partly_available_moves_nothing() {
    check(
        "T1 sell 1 @ 2000
         T3 buy 2 @ 2000 fok cn
         T3 buy 2 fok dc
         T3 buy 1 fok cn
         book",
        &expect![[r#"
            T1 sell 1 @ 2000 -> #1
            T3 buy 2 @ 2000 fok cn -> refused: all of 200000000 is not to be had within the price: 100000000 is
            T3 buy 2 fok dc -> refused: a fill-or-kill order must cancel the newest on a self-trade
            T3 buy 1 fok cn -> #2
                #2 takes 1 from #1 at 2000
            book
        "#]],
    );
}

#[test]
fn fill_or_kill_whose_second_maker_has_no_margin_moves_nothing() {
    check(
        "T2 sell 1 @ 2000
         T4 sell 1 @ 2000
         T3 buy 2 @ 2000 fok cn
         book",
        &expect![[r#"
            T2 sell 1 @ 2000 -> #1
            T4 sell 1 @ 2000 -> #2
            T3 buy 2 @ 2000 fok cn -> refused: all of 200000000 is not to be had within the price: 100000000 is
            book
              sell 2000: 1 of T2 (#1), 1 of T4 (#2)
        "#]],
    );
}

#[test]
fn self_trades_follow_the_takers_policy() {
    for policy in ["dc", "co", "cn", "cb"] {
        let lines = format!(
            "T3 sell 2 @ 2000
             T1 sell 1 @ 2000
             T3 buy 1 @ 2000 {policy}
             book"
        );
        let expected = match policy {
            "dc" => expect![[r#"
                T3 sell 2 @ 2000 -> #1
                T1 sell 1 @ 2000 -> #2
                T3 buy 1 @ 2000 dc -> #3
                    #1 loses 1, 1 left
                    #3 cancelled, 1 left: SelfTrade
                book
                  sell 2000: 1 of T3 (#1), 1 of T1 (#2)
            "#]],
            "co" => expect![[r#"
                T3 sell 2 @ 2000 -> #1
                T1 sell 1 @ 2000 -> #2
                T3 buy 1 @ 2000 co -> #3
                    #1 cancelled, 2 left: SelfTrade
                    #3 takes 1 from #2 at 2000
                book
            "#]],
            "cn" => expect![[r#"
                T3 sell 2 @ 2000 -> #1
                T1 sell 1 @ 2000 -> #2
                T3 buy 1 @ 2000 cn -> #3
                    #3 cancelled, 1 left: SelfTrade
                book
                  sell 2000: 2 of T3 (#1), 1 of T1 (#2)
            "#]],
            _ => expect![[r#"
                T3 sell 2 @ 2000 -> #1
                T1 sell 1 @ 2000 -> #2
                T3 buy 1 @ 2000 cb -> #3
                    #1 cancelled, 2 left: SelfTrade
                    #3 cancelled, 1 left: SelfTrade
                book
                  sell 2000: 1 of T1 (#2)
            "#]],
        };
        check(&lines, &expected);
    }
}

#[test]
fn wallets_of_one_group_do_not_trade_with_each_other() {
    check(
        "T3 sell 2 @ 2000 group 9
         T1 buy 2 @ 2000 cn group 9
         T1 buy 2 @ 2000 cn
         book",
        &expect![[r#"
            T3 sell 2 @ 2000 group 9 -> #1
            T1 buy 2 @ 2000 cn group 9 -> #2
                #2 cancelled, 2 left: SelfTrade
            T1 buy 2 @ 2000 cn -> #3
                #3 takes 2 from #1 at 2000
            book
        "#]],
    );
}

#[test]
fn a_maker_without_margin_is_cancelled_with_the_reason_and_the_taker_goes_on() {
    check(
        "T4 sell 1 @ 1999
         T1 sell 1 @ 2000
         T3 buy 1 @ 2000
         book",
        &expect![[r#"
            T4 sell 1 @ 1999 -> #1
            T1 sell 1 @ 2000 -> #2
            T3 buy 1 @ 2000 -> #3
                #1 cancelled, 1 left: Margin
                #3 takes 1 from #2 at 2000
            book
        "#]],
    );
}

#[test]
fn a_taker_without_margin_is_refused_or_stops_where_it_is() {
    // T2 is worth 1960: at 5 % of 2000 that holds 19.6 ETH, of either side.
    check(
        "T4 buy 1 @ 2000
         T1 sell 1 @ 2000
         T4 buy 1 @ 2000
         T3 buy 15 @ 2000
         T3 buy 30 @ 1999
         T2 sell 40 @ 1999
         T2 sell 40 @ 1999
         book",
        &expect![[r#"
            T4 buy 1 @ 2000 -> #1
            T1 sell 1 @ 2000 -> #2
                #1 cancelled, 1 left: Margin
            T4 buy 1 @ 2000 -> refused: Initial margin requirement not met
            T3 buy 15 @ 2000 -> #3
                #3 takes 1 from #2 at 2000
            T3 buy 30 @ 1999 -> #4
            T2 sell 40 @ 1999 -> #5
                #5 takes 14 from #3 at 2000
                #5 cancelled, 26 left: Margin
            T2 sell 40 @ 1999 -> refused: Initial margin requirement not met
            book
              buy 1999: 30 of T3 (#4)
        "#]],
    );
}

#[test]
fn reduce_only_does_not_flip_and_is_clamped_where_it_stands() {
    check(
        "T3 buy 20 @ 1990
         T2 sell 15 @ 2010 ro
         T2 sell 4 @ 2005 ro
         book
         T2 cancel 2
         T2 sell 4 @ 2005 ro
         T2 sell 15 ro
         T2 buy 1 @ 1980 ro
         T3 sell 1 @ 2001 ro
         book",
        &expect![[r#"
            T3 buy 20 @ 1990 -> #1
            T2 sell 15 @ 2010 ro -> #2
                #2 cancelled, 5 left: ReduceOnly
            T2 sell 4 @ 2005 ro -> #3
            book
              buy 1990: 20 of T3 (#1)
              sell 2005: 4 of T2 (#3)
              sell 2010: 10 of T2 (#2)
            T2 cancel 2
                #2 cancelled, 10 left: ByOwner
            T2 sell 4 @ 2005 ro -> #4
            T2 sell 15 ro -> #5
                #5 takes 10 from #1 at 1990
                #5 cancelled, 5 left: ReduceOnly
            T2 buy 1 @ 1980 ro -> refused: a reduce-only order has nothing to reduce at that price
            T3 sell 1 @ 2001 ro -> #6
            book
              buy 1990: 10 of T3 (#1)
              sell 2001: 1 of T3 (#6)
              sell 2005: 4 of T2 (#3), 4 of T2 (#4)
        "#]],
    );
}

#[test]
fn a_reduce_only_maker_whose_position_has_gone_is_cancelled() {
    check(
        "T2 sell 6 @ 2010 ro
         T1 buy 6 @ 2000
         T2 sell 6 @ 2000
         T1 sell 1 @ 2011
         T3 buy 6 @ 2011
         book",
        &expect![[r#"
            T2 sell 6 @ 2010 ro -> #1
            T1 buy 6 @ 2000 -> #2
            T2 sell 6 @ 2000 -> #3
                #3 takes 6 from #2 at 2000
            T1 sell 1 @ 2011 -> #4
            T3 buy 6 @ 2011 -> #5
                #5 takes 4 from #1 at 2010
                #1 cancelled, 2 left: ReduceOnly
                #5 takes 1 from #4 at 2011
            book
              buy 2011: 1 of T3 (#5)
        "#]],
    );
}

#[test]
fn execution_price_limits_are_fractions_of_the_index() {
    // 5 % for market orders, 10 % for limit orders: 2100 and 2200.
    check(
        "T1 sell 1 @ 2100
         T1 sell 1 @ 2100.01
         T1 sell 1 @ 2200.01
         T3 buy 2
         T3 buy 2 @ 2300
         index 2001
         T3 buy 1 @ 2300
         book",
        &expect![[r#"
            T1 sell 1 @ 2100 -> #1
            T1 sell 1 @ 2100.01 -> #2
            T1 sell 1 @ 2200.01 -> #3
            T3 buy 2 -> #4
                #4 takes 1 from #1 at 2100
                #4 cancelled, 1 left: Unfilled
            T3 buy 2 @ 2300 -> #5
                #5 takes 1 from #2 at 2100.01
                #5 cancelled, 1 left: Bound
            index 2001
            T3 buy 1 @ 2300 -> #6
                #6 takes 1 from #3 at 2200.01
            book
        "#]],
    );
}

#[test]
fn orders_off_the_grid_or_too_small_are_refused() {
    check(
        "T3 buy 1 @ 2000.001
         T3 buy 1.001 @ 2000
         T3 buy 0.09 @ 2000
         T2 sell 0.09 @ 2000 ro
         T3 buy 0 @ 2000
         T3 buy 0.1 @ 2000
         book",
        &expect![[r#"
            T3 buy 1 @ 2000.001 -> refused: a price of 200000100000 pips is not a multiple of the tick, 1000000
            T3 buy 1.001 @ 2000 -> refused: a quantity of 100100000 pips is not a multiple of the step, 1000000
            T3 buy 0.09 @ 2000 -> refused: a quantity of 9000000 pips is below the market's least position, 10000000
            T2 sell 0.09 @ 2000 ro -> #1
            T3 buy 0 @ 2000 -> refused: Base quantity must be greater than zero
            T3 buy 0.1 @ 2000 -> #2
                #2 takes 0.09 from #1 at 2000
            book
              buy 2000: 0.01 of T3 (#2)
        "#]],
    );
}

#[test]
fn only_the_owner_cancels_and_only_once() {
    check(
        "T3 buy 1 @ 2000
         T3 buy 1 @ 1999
         T1 cancel 1
         T3 cancel 1
         T3 cancel 1
         T3 cancel 7
         T3 cancel all
         T3 cancel all
         book",
        &expect![[r#"
            T3 buy 1 @ 2000 -> #1
            T3 buy 1 @ 1999 -> #2
            T1 cancel 1 -> refused: order 1 does not belong to account-3
            T3 cancel 1
                #1 cancelled, 1 left: ByOwner
            T3 cancel 1 -> refused: there is no order 1
            T3 cancel 7 -> refused: there is no order 7
            T3 cancel all
                #2 cancelled, 1 left: ByOwner
            T3 cancel all
            book
        "#]],
    );
}

#[test]
fn a_replacement_keeps_its_place_only_for_less() {
    check(
        "T3 buy 5 @ 1990
         T1 buy 5 @ 1990
         replace 1 T3 buy 4 @ 1990
         book
         replace 1 T3 buy 5 @ 1990
         book
         T2 sell 1 @ 2000
         replace 2 T1 buy 5 @ 2000 gtx
         replace 2 T3 buy 5 @ 2000
         replace 2 T1 buy 5 @ 2000
         book",
        &expect![[r#"
            T3 buy 5 @ 1990 -> #1
            T1 buy 5 @ 1990 -> #2
            replace 1 T3 buy 4 @ 1990 -> #1
            book
              buy 1990: 4 of T3 (#1), 5 of T1 (#2)
            replace 1 T3 buy 5 @ 1990 -> #1
            book
              buy 1990: 5 of T1 (#2), 5 of T3 (#1)
            T2 sell 1 @ 2000 -> #3
            replace 2 T1 buy 5 @ 2000 gtx -> refused: a post-only order at 200000000000 would trade with the best price, 200000000000
            replace 2 T3 buy 5 @ 2000 -> refused: order 2 does not belong to account-5
            replace 2 T1 buy 5 @ 2000 -> #2
                #2 takes 1 from #3 at 2000
            book
              buy 2000: 4 of T1 (#2)
              buy 1990: 5 of T3 (#1)
        "#]],
    );
}

#[test]
fn nobody_trades_in_an_inactive_market_or_for_the_funds() {
    check(
        "EF buy 1 @ 2000
         IF sell 1 @ 2000
         T3 buy 1 @ 2000
         T3 buy 1 @ 1990 stop 2100 index
         off
         T1 sell 1 @ 2000
         T3 cancel 1",
        &expect![[r#"
            EF buy 1 @ 2000 -> refused: EF cannot trade
            IF sell 1 @ 2000 -> refused: IF order must be reduce only and signed by DK
            T3 buy 1 @ 2000 -> #1
            T3 buy 1 @ 1990 stop 2100 index -> #2
            off
                #1 cancelled, 1 left: MarketInactive
                #2 cancelled, 1 left: MarketInactive
            T1 sell 1 @ 2000 -> refused: No active market found
            T3 cancel 1 -> refused: there is no order 1
        "#]],
    );
}

#[test]
fn a_liquidated_wallet_loses_its_orders() {
    let mut world = world();
    let said = run_on(
        &mut world,
        "T1 buy 1 @ 1900
         T1 buy 10 stop 2500 index ro
         T3 buy 1 @ 1900
         index 2150
         book",
    );
    expect![[r#"
        T1 buy 1 @ 1900 -> #1
        T1 buy 10 stop 2500 index ro -> #2
        T3 buy 1 @ 1900 -> #3
        index 2150
        book
          buy 1900: 1 of T1 (#1), 1 of T3 (#3)
          #2 waits
    "#]]
    .assert_eq(&said);
    let totals = world.venue().totals(world.engine.ledger(), T1).unwrap();
    let quote = bankruptcy_quote(215_000_000_000, 3_000_000, -10 * ONE, &totals).unwrap();
    let result = world.apply(Command::LiquidateInMaintenance(WalletLiquidation {
        account: T1,
        to: IF,
        quotes: vec![quote],
    }));
    let said = format!("the fund takes over{}", crate::desk::tell(&result));
    expect![[r#"
        the fund takes over
            T1 is liquidated
            #1 cancelled, 1 left: Liquidated
            #2 cancelled, 10 left: Liquidated"#]]
    .assert_eq(&said);
    expect![[r#"
        book
          buy 1900: 1 of T3 (#3)
    "#]]
    .assert_eq(&run_on(&mut world, "book"));
}

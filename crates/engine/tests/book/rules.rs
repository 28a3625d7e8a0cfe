//! Each rule of the book, named by what goes wrong without it.

use expect_test::expect;
use plimsoll_engine::book::Limits;

use crate::script::{check, check_with};

#[test]
fn a_better_price_first_then_the_older_order() {
    check(
        "1 ann sell 5 @ 101
         2 bob sell 5 @ 100
         3 cyd sell 5 @ 100
         4 dan buy 12 @ 105
         book",
        &expect![[r#"
            1 ann sell 5 @ 101: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 cyd sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            4 dan buy 12 @ 105: 12 filled, 0 rest, 0 cancelled (filled)
                #2 gives 5 at 100
                #2 is gone with 0 left: filled
                #3 gives 5 at 100
                #3 is gone with 0 left: filled
                #1 gives 2 at 101
              sell 101: 3 = 3 of #1
        "#]],
    );
}

#[test]
fn a_sale_walks_the_bids_downwards() {
    check(
        "1 ann buy 5 @ 99
         2 bob buy 5 @ 100
         3 cyd sell 7
         4 cyd sell 9 @ 99
         book",
        &expect![[r#"
            1 ann buy 5 @ 99: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 cyd sell 7: 7 filled, 0 rest, 0 cancelled (filled)
                #2 gives 5 at 100
                #2 is gone with 0 left: filled
                #1 gives 2 at 99
            4 cyd sell 9 @ 99: 3 filled, 6 rest, 0 cancelled (rests)
                #1 gives 3 at 99
                #1 is gone with 0 left: filled
              sell 99: 6 = 6 of #4
        "#]],
    );
}

#[test]
fn post_only_that_would_trade_in_any_part_is_refused_whole() {
    check(
        "1 ann sell 1 @ 100
         2 bob buy 50 @ 100 gtx
         3 bob buy 50 @ 99 gtx
         4 ann buy 5 @ 100 gtx
         5 bob buy 5 gtx
         6 cyd sell 5 @ 99 gtx
         book",
        &expect![[r#"
            1 ann sell 1 @ 100: 0 filled, 1 rest, 0 cancelled (rests)
            2 bob buy 50 @ 100 gtx: refused: a post-only order at 100 would trade with the best price, 100
            3 bob buy 50 @ 99 gtx: 0 filled, 50 rest, 0 cancelled (rests)
            4 ann buy 5 @ 100 gtx: refused: a post-only order at 100 would trade with the best price, 100
            5 bob buy 5 gtx: refused: a market order cannot be post-only
            6 cyd sell 5 @ 99 gtx: refused: a post-only order at 99 would trade with the best price, 99
              buy 99: 50 = 50 of #3
              sell 100: 1 = 1 of #1
        "#]],
    );
}

#[test]
fn immediate_or_cancel_never_rests() {
    check(
        "1 ann sell 5 @ 100
         2 ann sell 5 @ 102
         3 bob buy 20 @ 101 ioc
         4 bob buy 20 @ 101 ioc
         5 bob buy 2
         6 bob sell 2
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 ann sell 5 @ 102: 0 filled, 5 rest, 0 cancelled (rests)
            3 bob buy 20 @ 101 ioc: 5 filled, 0 rest, 15 cancelled (nothing left to trade with)
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
            4 bob buy 20 @ 101 ioc: 0 filled, 0 rest, 20 cancelled (nothing left to trade with)
            5 bob buy 2: 2 filled, 0 rest, 0 cancelled (filled)
                #2 gives 2 at 102
            6 bob sell 2: 0 filled, 0 rest, 2 cancelled (nothing left to trade with)
              sell 102: 3 = 3 of #2
        "#]],
    );
}

#[test]
fn fill_or_kill_partly_available_trades_nothing() {
    check(
        "1 ann sell 5 @ 100
         2 ann sell 5 @ 101
         3 bob buy 11 @ 101 fok cn
         4 bob buy 6 @ 100 fok cn
         5 bob buy 6 fok cn bound 100
         6 bob buy 10 @ 101 fok dc
         7 bob buy 10 @ 101 fok cn
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 ann sell 5 @ 101: 0 filled, 5 rest, 0 cancelled (rests)
            3 bob buy 11 @ 101 fok cn: refused: all of 11 is not to be had within the price: 10 is
            4 bob buy 6 @ 100 fok cn: refused: all of 6 is not to be had within the price: 5 is
            5 bob buy 6 fok cn bound 100: refused: all of 6 is not to be had within the price: 5 is
            6 bob buy 10 @ 101 fok dc: refused: a fill-or-kill order must cancel the newest on a self-trade
            7 bob buy 10 @ 101 fok cn: 10 filled, 0 rest, 0 cancelled (filled)
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
                #2 gives 5 at 101
                #2 is gone with 0 left: filled
        "#]],
    );
}

#[test]
fn fill_or_kill_does_not_count_what_stands_behind_an_own_order() {
    check(
        "1 ann sell 5 @ 100
         2 bob sell 1 @ 100
         3 ann sell 5 @ 100
         4 bob buy 6 @ 100 fok cn
         5 bob buy 5 @ 100 fok cn
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 1 @ 100: 0 filled, 1 rest, 0 cancelled (rests)
            3 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            4 bob buy 6 @ 100 fok cn: refused: all of 6 is not to be had within the price: 5 is
            5 bob buy 5 @ 100 fok cn: 5 filled, 0 rest, 0 cancelled (filled)
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
              sell 100: 6 = 1 of #2, 5 of #3
        "#]],
    );
}

#[test]
fn fill_or_kill_that_the_desk_cuts_short_is_undone_whole() {
    check(
        "1 ann sell 5 @ 100
         2 bob sell 5 @ 100
         3 cyd sell 2 @ 101
         maker bob has 0
         4 dan buy 8 @ 101 fok cn
         book
         4 dan buy 7 @ 101 fok cn
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 cyd sell 2 @ 101: 0 filled, 2 rest, 0 cancelled (rests)
            4 dan buy 8 @ 101 fok cn: refused: all of 8 is not to be had within the price: 7 is
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
                #2 cannot trade
                #2 is gone with 5 left: refused
                #3 gives 2 at 101
                #3 is gone with 0 left: filled
              sell 100: 10 = 5 of #1, 5 of #2
              sell 101: 2 = 2 of #3
            4 dan buy 7 @ 101 fok cn: 7 filled, 0 rest, 0 cancelled (filled)
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
                #2 cannot trade
                #2 is gone with 5 left: refused
                #3 gives 2 at 101
                #3 is gone with 0 left: filled
        "#]],
    );
}

#[test]
fn decrement_and_cancel_takes_the_smaller_off_the_larger() {
    check(
        "1 ann sell 5 @ 100
         2 ann buy 3 @ 100 dc
         book
         3 ann buy 6 @ 100 dc
         book
         4 ann sell 4 @ 100 dc
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 ann buy 3 @ 100 dc: 0 filled, 0 rest, 3 cancelled (cut by a self-trade)
                #1 loses 3 to self-trade, 2 left
              sell 100: 2 = 2 of #1
            3 ann buy 6 @ 100 dc: 0 filled, 4 rest, 2 cancelled (rests)
                #1 is gone with 2 left: self-trade
              buy 100: 4 = 4 of #3
            4 ann sell 4 @ 100 dc: 0 filled, 0 rest, 4 cancelled (cut by a self-trade)
                #3 is gone with 4 left: self-trade
        "#]],
    );
}

#[test]
fn decrement_and_cancel_of_equals_cancels_both() {
    check(
        "1 ann sell 5 @ 100
         2 bob sell 5 @ 100
         3 ann buy 5 @ 100 dc
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 ann buy 5 @ 100 dc: 0 filled, 0 rest, 5 cancelled (cut by a self-trade)
                #1 is gone with 5 left: self-trade
              sell 100: 5 = 5 of #2
        "#]],
    );
}

#[test]
fn cancel_oldest_goes_on_behind_the_cancelled() {
    check(
        "1 ann sell 5 @ 100
         2 bob sell 5 @ 100
         3 ann buy 7 @ 100 co
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 ann buy 7 @ 100 co: 5 filled, 2 rest, 0 cancelled (rests)
                #1 is gone with 5 left: self-trade
                #2 gives 5 at 100
                #2 is gone with 0 left: filled
              buy 100: 2 = 2 of #3
        "#]],
    );
}

#[test]
fn cancel_newest_keeps_what_it_traded_before_meeting_itself() {
    check(
        "1 bob sell 5 @ 100
         2 ann sell 5 @ 100
         3 ann buy 9 @ 100 cn
         book",
        &expect![[r#"
            1 bob sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 ann buy 9 @ 100 cn: 5 filled, 0 rest, 4 cancelled (cut by a self-trade)
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
              sell 100: 5 = 5 of #2
        "#]],
    );
}

#[test]
fn cancel_both_leaves_neither() {
    check(
        "1 bob sell 5 @ 100
         2 ann sell 5 @ 100
         3 ann buy 9 @ 100 cb
         book",
        &expect![[r#"
            1 bob sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 ann buy 9 @ 100 cb: 5 filled, 0 rest, 4 cancelled (cut by a self-trade)
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
                #2 is gone with 5 left: self-trade
        "#]],
    );
}

#[test]
fn the_takers_policy_rules_not_the_makers() {
    check(
        "1 ann sell 5 @ 100 cn
         2 ann buy 5 @ 100 co
         book",
        &expect![[r#"
            1 ann sell 5 @ 100 cn: 0 filled, 5 rest, 0 cancelled (rests)
            2 ann buy 5 @ 100 co: 0 filled, 5 rest, 0 cancelled (rests)
                #1 is gone with 5 left: self-trade
              buy 100: 5 = 5 of #2
        "#]],
    );
}

#[test]
fn accounts_of_one_group_do_not_trade_with_each_other() {
    check(
        "1 ann/7 sell 5 @ 100
         2 bob/7 buy 5 @ 100 cn
         3 cyd/8 buy 1 @ 100 cn
         4 dan buy 1 @ 100 cn
         book",
        &expect![[r#"
            1 ann/7 sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob/7 buy 5 @ 100 cn: 0 filled, 0 rest, 5 cancelled (cut by a self-trade)
            3 cyd/8 buy 1 @ 100 cn: 1 filled, 0 rest, 0 cancelled (filled)
                #1 gives 1 at 100
            4 dan buy 1 @ 100 cn: 1 filled, 0 rest, 0 cancelled (filled)
                #1 gives 1 at 100
              sell 100: 3 = 3 of #1
        "#]],
    );
}

#[test]
fn an_execution_bound_stops_a_market_order() {
    check(
        "1 ann sell 5 @ 100
         2 ann sell 5 @ 103
         3 bob buy 9 bound 102
         4 cyd buy 5 @ 99
         5 cyd buy 5 @ 97
         6 bob sell 9 bound 98
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 ann sell 5 @ 103: 0 filled, 5 rest, 0 cancelled (rests)
            3 bob buy 9 bound 102: 5 filled, 0 rest, 4 cancelled (nothing left to trade with)
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
            4 cyd buy 5 @ 99: 0 filled, 5 rest, 0 cancelled (rests)
            5 cyd buy 5 @ 97: 0 filled, 5 rest, 0 cancelled (rests)
            6 bob sell 9 bound 98: 5 filled, 0 rest, 4 cancelled (nothing left to trade with)
                #4 gives 5 at 99
                #4 is gone with 0 left: filled
              buy 97: 5 = 5 of #5
              sell 103: 5 = 5 of #2
        "#]],
    );
}

#[test]
fn a_limit_beyond_the_bound_does_not_rest_across_the_book() {
    check(
        "1 ann sell 5 @ 100
         2 ann sell 5 @ 103
         3 bob buy 9 @ 104 bound 102
         4 bob buy 9 @ 102 bound 102
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 ann sell 5 @ 103: 0 filled, 5 rest, 0 cancelled (rests)
            3 bob buy 9 @ 104 bound 102: 5 filled, 0 rest, 4 cancelled (the next price is beyond its bound)
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
            4 bob buy 9 @ 102 bound 102: 0 filled, 9 rest, 0 cancelled (rests)
              buy 102: 9 = 9 of #4
              sell 103: 5 = 5 of #2
        "#]],
    );
}

#[test]
fn a_maker_without_margin_is_cancelled_and_the_taker_goes_on() {
    check(
        "1 ann sell 5 @ 100
         2 bob sell 5 @ 100
         maker ann has 0
         3 cyd buy 7 @ 100
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 cyd buy 7 @ 100: 5 filled, 2 rest, 0 cancelled (rests)
                #1 cannot trade
                #1 is gone with 5 left: refused
                #2 gives 5 at 100
                #2 is gone with 0 left: filled
              buy 100: 2 = 2 of #3
        "#]],
    );
}

#[test]
fn a_maker_that_can_trade_a_part_trades_it_and_is_cancelled() {
    check(
        "1 ann sell 5 @ 100 ro
         2 bob sell 5 @ 100
         maker ann has 2
         3 cyd buy 7 @ 100
         book",
        &expect![[r#"
            1 ann sell 5 @ 100 ro: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 cyd buy 7 @ 100: 7 filled, 0 rest, 0 cancelled (filled)
                #1 gives 2 at 100
                #1 cannot trade
                #1 is gone with 3 left: refused
                #2 gives 5 at 100
                #2 is gone with 0 left: filled
        "#]],
    );
}

#[test]
fn a_taker_without_margin_stops_where_it_is_and_does_not_rest() {
    check(
        "1 ann sell 5 @ 100
         2 bob sell 5 @ 100
         taker has 7
         3 cyd buy 9 @ 100
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 cyd buy 9 @ 100: 7 filled, 0 rest, 2 cancelled (stopped by the desk)
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
                #2 gives 2 at 100
                the taker cannot trade with #2
              sell 100: 3 = 3 of #2
        "#]],
    );
}

#[test]
fn a_failing_desk_leaves_the_book_as_it_was() {
    check(
        "1 ann sell 5 @ 100
         2 bob sell 5 @ 100
         3 cyd sell 5 @ 101
         fail at 2
         4 dan buy 12 @ 101
         book
         replace 3 cyd sell 4 @ 102
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 cyd sell 5 @ 101: 0 filled, 5 rest, 0 cancelled (rests)
            4 dan buy 12 @ 101: the desk failed
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
                #2 gives 5 at 100
                #2 is gone with 0 left: filled
              sell 100: 10 = 5 of #1, 5 of #2
              sell 101: 5 = 5 of #3
            replace 3 cyd sell 4 @ 102: 0 filled, 4 rest, 0 cancelled (rests)
              sell 100: 10 = 5 of #1, 5 of #2
              sell 102: 4 = 4 of #3
        "#]],
    );
}

#[test]
fn replacing_keeps_the_place_only_for_less_of_the_same() {
    check(
        "1 ann buy 5 @ 100
         2 bob buy 5 @ 100
         replace 1 ann buy 4 @ 100
         book
         replace 1 ann buy 5 @ 100
         book
         replace 2 bob buy 5 @ 101
         replace 2 bob buy 5 @ 100
         book",
        &expect![[r#"
            1 ann buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            replace 1 ann buy 4 @ 100: 0 filled, 4 rest, 0 cancelled (rests)
              buy 100: 9 = 4 of #1, 5 of #2
            replace 1 ann buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
              buy 100: 10 = 5 of #2, 5 of #1
            replace 2 bob buy 5 @ 101: 0 filled, 5 rest, 0 cancelled (rests)
            replace 2 bob buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
              buy 100: 10 = 5 of #1, 5 of #2
        "#]],
    );
}

#[test]
fn a_refused_replacement_leaves_the_old_order_in_its_place() {
    check(
        "1 ann buy 5 @ 100
         2 bob buy 5 @ 100
         3 cyd sell 5 @ 102
         replace 1 ann buy 9 @ 102 gtx
         replace 1 ann buy 9 @ 102 fok cn
         replace 1 ann sell 5 @ 100
         replace 1 bob buy 5 @ 100
         replace 9 bob buy 5 @ 100
         replace 1 ann buy 0 @ 100
         book
         replace 1 ann buy 6 @ 102
         book",
        &expect![[r#"
            1 ann buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            3 cyd sell 5 @ 102: 0 filled, 5 rest, 0 cancelled (rests)
            replace 1 ann buy 9 @ 102 gtx: refused: a post-only order at 102 would trade with the best price, 102
            replace 1 ann buy 9 @ 102 fok cn: refused: all of 9 is not to be had within the price: 5 is
            replace 1 ann sell 5 @ 100: refused: order-1 belongs to another owner or side
            replace 1 bob buy 5 @ 100: refused: order-1 belongs to another owner or side
            replace 9 bob buy 5 @ 100: refused: order-9 does not stand in the book
            replace 1 ann buy 0 @ 100: refused: an order needs a quantity
              buy 100: 10 = 5 of #1, 5 of #2
              sell 102: 5 = 5 of #3
            replace 1 ann buy 6 @ 102: 5 filled, 1 rest, 0 cancelled (rests)
                #3 gives 5 at 102
                #3 is gone with 0 left: filled
              buy 102: 1 = 1 of #1
              buy 100: 5 = 5 of #2
        "#]],
    );
}

#[test]
fn reducing_keeps_the_place_and_all_of_it_cancels() {
    check(
        "1 ann buy 5 @ 100
         2 bob buy 5 @ 100
         reduce 1 by 2
         reduce 1 by 0
         book
         reduce 1 by 3
         reduce 2 by 99
         reduce 2 by 1
         book",
        &expect![[r#"
            1 ann buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            reduce 1 by 2: 3 left
            reduce 1 by 0: refused: an order needs a quantity
              buy 100: 8 = 3 of #1, 5 of #2
            reduce 1 by 3: 0 left
            reduce 2 by 99: 0 left
            reduce 2 by 1: refused: order-2 does not stand in the book
        "#]],
    );
}

#[test]
fn cancelling_takes_out_of_the_middle_and_only_once() {
    check(
        "1 ann buy 5 @ 100
         2 bob buy 6 @ 100
         3 cyd buy 7 @ 100
         cancel 2
         cancel 2
         book
         cancel 1
         cancel 3
         4 dan buy 1 @ 100
         book",
        &expect![[r#"
            1 ann buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob buy 6 @ 100: 0 filled, 6 rest, 0 cancelled (rests)
            3 cyd buy 7 @ 100: 0 filled, 7 rest, 0 cancelled (rests)
            cancel 2: cancelled 6 of #2
            cancel 2: refused: order-2 does not stand in the book
              buy 100: 12 = 5 of #1, 7 of #3
            cancel 1: cancelled 5 of #1
            cancel 3: cancelled 7 of #3
            4 dan buy 1 @ 100: 0 filled, 1 rest, 0 cancelled (rests)
              buy 100: 1 = 1 of #4
        "#]],
    );
}

#[test]
fn all_of_one_owner_and_nobody_elses() {
    check(
        "3 ann buy 5 @ 100
         1 ann sell 5 @ 102
         4 bob buy 5 @ 100
         2 ann buy 5 @ 99
         cancel-all ann
         cancel-all ann
         book",
        &expect![[r#"
            3 ann buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            1 ann sell 5 @ 102: 0 filled, 5 rest, 0 cancelled (rests)
            4 bob buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 ann buy 5 @ 99: 0 filled, 5 rest, 0 cancelled (rests)
            cancel-all ann: cancelled 5 of #1, 5 of #2, 5 of #3
            cancel-all ann: cancelled nothing
              buy 100: 5 = 5 of #4
        "#]],
    );
}

#[test]
fn orders_that_are_not_orders() {
    check(
        "1 ann buy 0 @ 100
         1 ann buy 5 @ 0
         1 ann buy 5 @ 100
         1 bob sell 5 @ 200
         2 ann buy 5
         book",
        &expect![[r#"
            1 ann buy 0 @ 100: refused: an order needs a quantity
            1 ann buy 5 @ 0: refused: a limit order needs a price
            1 ann buy 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            1 bob sell 5 @ 200: refused: order-1 stands already
            2 ann buy 5: 0 filled, 0 rest, 5 cancelled (nothing left to trade with)
              buy 100: 5 = 5 of #1
        "#]],
    );
}

#[test]
fn a_full_book_refuses_what_would_rest_but_not_what_trades() {
    let limits = Limits {
        orders: 3,
        orders_per_owner: 2,
    };
    check_with(
        limits,
        "1 ann sell 5 @ 100
         2 ann sell 5 @ 101
         3 ann sell 5 @ 102
         4 bob sell 5 @ 102
         5 cyd sell 5 @ 103
         6 cyd buy 5 @ 99
         7 cyd buy 3 @ 100
         8 cyd buy 3 @ 100
         9 dan buy 9 @ 101
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 ann sell 5 @ 101: 0 filled, 5 rest, 0 cancelled (rests)
            3 ann sell 5 @ 102: refused: account 0 has 2 orders in this book, as many as it may
            4 bob sell 5 @ 102: 0 filled, 5 rest, 0 cancelled (rests)
            5 cyd sell 5 @ 103: refused: the book is full: it holds 3 orders
            6 cyd buy 5 @ 99: refused: the book is full: it holds 3 orders
            7 cyd buy 3 @ 100: 3 filled, 0 rest, 0 cancelled (filled)
                #1 gives 3 at 100
            8 cyd buy 3 @ 100: 2 filled, 1 rest, 0 cancelled (rests)
                #1 gives 2 at 100
                #1 is gone with 0 left: filled
            9 dan buy 9 @ 101: 5 filled, 4 rest, 0 cancelled (rests)
                #2 gives 5 at 101
                #2 is gone with 0 left: filled
              buy 101: 4 = 4 of #9
              buy 100: 1 = 1 of #8
              sell 102: 5 = 5 of #4
        "#]],
    );
}

#[test]
fn what_is_left_of_a_taker_without_room_is_cancelled_not_its_trades() {
    let limits = Limits {
        orders: 9,
        orders_per_owner: 1,
    };
    check_with(
        limits,
        "1 ann sell 5 @ 103
         2 bob sell 2 @ 100
         3 ann buy 5 @ 100
         book",
        &expect![[r#"
            1 ann sell 5 @ 103: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 2 @ 100: 0 filled, 2 rest, 0 cancelled (rests)
            3 ann buy 5 @ 100: 2 filled, 0 rest, 3 cancelled (no room for the rest)
                #2 gives 2 at 100
                #2 is gone with 0 left: filled
              sell 103: 5 = 5 of #1
        "#]],
    );
}

#[test]
fn quantities_of_a_side_that_would_not_fit_are_refused() {
    check(
        "1 ann sell 18446744073709551615 @ 100
         2 bob sell 1 @ 18446744073709551615
         3 bob buy 18446744073709551615 @ 18446744073709551615
         4 bob buy 18446744073709551615 @ 18446744073709551615
         book",
        &expect![[r#"
            1 ann sell 18446744073709551615 @ 100: 0 filled, 18446744073709551615 rest, 0 cancelled (rests)
            2 bob sell 1 @ 18446744073709551615: refused: the quantities of one side would not fit in 64 bits
            3 bob buy 18446744073709551615 @ 18446744073709551615: 18446744073709551615 filled, 0 rest, 0 cancelled (filled)
                #1 gives 18446744073709551615 at 100
                #1 is gone with 0 left: filled
            4 bob buy 18446744073709551615 @ 18446744073709551615: 0 filled, 18446744073709551615 rest, 0 cancelled (rests)
              buy 18446744073709551615: 18446744073709551615 = 18446744073709551615 of #4
        "#]],
    );
}

#[test]
fn rolled_back_over_trades_levels_that_vanished_and_slots_used_again() {
    check(
        "1 ann sell 5 @ 100
         2 bob sell 5 @ 101
         3 cyd buy 5 @ 99
         mark
         4 dan buy 7 @ 101
         5 dan sell 9 @ 99
         mark
         6 eve buy 2 @ 98
         cancel-all bob
         7 eve sell 1 @ 100
         replace 6 eve buy 20 @ 100
         book
         rollback
         book
         8 eve buy 3 @ 97
         rollback
         book",
        &expect![[r#"
            1 ann sell 5 @ 100: 0 filled, 5 rest, 0 cancelled (rests)
            2 bob sell 5 @ 101: 0 filled, 5 rest, 0 cancelled (rests)
            3 cyd buy 5 @ 99: 0 filled, 5 rest, 0 cancelled (rests)
            4 dan buy 7 @ 101: 7 filled, 0 rest, 0 cancelled (filled)
                #1 gives 5 at 100
                #1 is gone with 0 left: filled
                #2 gives 2 at 101
            5 dan sell 9 @ 99: 5 filled, 4 rest, 0 cancelled (rests)
                #3 gives 5 at 99
                #3 is gone with 0 left: filled
            6 eve buy 2 @ 98: 0 filled, 2 rest, 0 cancelled (rests)
            cancel-all bob: cancelled 3 of #2
            7 eve sell 1 @ 100: 0 filled, 1 rest, 0 cancelled (rests)
            replace 6 eve buy 20 @ 100: 4 filled, 15 rest, 1 cancelled (rests)
                #5 gives 4 at 99
                #5 is gone with 0 left: filled
                #7 is gone with 1 left: self-trade
              buy 100: 15 = 15 of #6
            rollback: as it was
              sell 99: 4 = 4 of #5
              sell 101: 3 = 3 of #2
            8 eve buy 3 @ 97: 0 filled, 3 rest, 0 cancelled (rests)
            rollback: as it was
              buy 99: 5 = 5 of #3
              sell 100: 5 = 5 of #1
              sell 101: 5 = 5 of #2
        "#]],
    );
}

//! Orders that wait for a price or for another order.

use expect_test::{Expect, expect};

use crate::desk::run;

#[track_caller]
fn check(lines: &str, expected: &Expect) {
    expected.assert_eq(&run(lines));
}

#[test]
fn a_stop_fires_once_by_the_index() {
    check(
        "T3 buy 20 @ 1890
         T2 sell 10 stop 1950 index ro
         index 1960
         index 1950
         index 1940
         book",
        &expect![[r#"
            T3 buy 20 @ 1890 -> #1
            T2 sell 10 stop 1950 index ro -> #2
            index 1960
            index 1950
                #2 fires at 1950
                #2 takes 10 from #1 at 1890
            index 1940
            book
              buy 1890: 10 of T3 (#1)
        "#]],
    );
}

#[test]
fn a_stop_whose_trigger_is_met_already_fires_at_once() {
    check(
        "T3 buy 20 @ 1990
         T2 sell 10 stop 2000 index ro
         book",
        &expect![[r#"
            T3 buy 20 @ 1990 -> #1
            T2 sell 10 stop 2000 index ro -> #2
                #2 fires at 2000
                #2 takes 10 from #1 at 1990
            book
              buy 1990: 10 of T3 (#1)
        "#]],
    );
}

#[test]
fn a_stop_limit_rests_at_its_limit_and_a_take_profit_fires_the_other_way() {
    check(
        "T2 sell 5 @ 1945 stop 1950 index
         T2 sell 5 @ 2060 take 2050 index
         index 1950
         index 2050
         book",
        &expect![[r#"
            T2 sell 5 @ 1945 stop 1950 index -> #1
            T2 sell 5 @ 2060 take 2050 index -> #2
            index 1950
                #1 fires at 1950
            index 2050
                #2 fires at 2050
            book
              sell 1945: 5 of T2 (#1)
              sell 2060: 5 of T2 (#2)
        "#]],
    );
}

#[test]
fn the_last_trade_fires_and_a_fired_order_fires_the_next() {
    check(
        "T3 buy 1 @ 1990
         T3 buy 1 @ 1980
         T3 buy 9 @ 1970
         T2 sell 1 stop 1990 last ro
         T2 sell 1 stop 1980 last ro
         T1 sell 1 @ 1990
         book",
        &expect![[r#"
            T3 buy 1 @ 1990 -> #1
            T3 buy 1 @ 1980 -> #2
            T3 buy 9 @ 1970 -> #3
            T2 sell 1 stop 1990 last ro -> #4
            T2 sell 1 stop 1980 last ro -> #5
            T1 sell 1 @ 1990 -> #6
                #6 takes 1 from #1 at 1990
                #4 fires at 1990
                #4 takes 1 from #2 at 1980
                #5 fires at 1980
                #5 takes 1 from #3 at 1970
            book
              buy 1970: 8 of T3 (#3)
        "#]],
    );
}

#[test]
fn a_trailing_stop_follows_the_index_up_and_fires_on_the_way_back() {
    check(
        "T3 buy 20 @ 1990
         T2 sell 10 trail 0.01 from 2000 index ro
         index 2050
         index 2030
         index 2029.5
         T2 sell 10 trail 0.06 from 2000 index ro
         T2 sell 10 trail 0.0005 from 2000 index ro",
        &expect![[r#"
            T3 buy 20 @ 1990 -> #1
            T2 sell 10 trail 0.01 from 2000 index ro -> #2
            index 2050
            index 2030
            index 2029.5
                #2 fires at 2029.5
                #2 takes 10 from #1 at 1990
            T2 sell 10 trail 0.06 from 2000 index ro -> refused: a callback rate of 6000000 pips is not between 100000 and 5000000
            T2 sell 10 trail 0.0005 from 2000 index ro -> refused: a callback rate of 50000 pips is not between 100000 and 5000000
        "#]],
    );
}

#[test]
fn a_fired_order_that_cannot_trade_is_cancelled_with_the_reason_and_the_price_stands() {
    check(
        "T1 sell 1 @ 2050
         T4 buy 1 stop 2050 index
         T3 sell 1 stop 1900 index ro
         index 2050
         index 1900
         book",
        &expect![[r#"
            T1 sell 1 @ 2050 -> #1
            T4 buy 1 stop 2050 index -> #2
            T3 sell 1 stop 1900 index ro -> #3
            index 2050
                #2 fires at 2050
                #2 cancelled, 1 left: Margin
            index 1900
                #3 fires at 1900
                #3 cancelled, 1 left: ReduceOnly
            book
              sell 2050: 1 of T1 (#1)
        "#]],
    );
}

#[test]
fn a_stop_waits_for_another_order_to_fill() {
    check(
        "T3 buy 2 @ 1990
         T3 sell 2 stop 1980 index ro after 1
         T1 buy 20 @ 1900
         index 1975
         T2 sell 1 @ 1990
         index 1970
         T2 sell 1 @ 1990
         book",
        &expect![[r#"
            T3 buy 2 @ 1990 -> #1
            T3 sell 2 stop 1980 index ro after 1 -> #2
            T1 buy 20 @ 1900 -> #3
            index 1975
            T2 sell 1 @ 1990 -> #4
                #4 takes 1 from #1 at 1990
            index 1970
            T2 sell 1 @ 1990 -> #5
                #5 takes 1 from #1 at 1990
                #2 fires at 1970
                #2 takes 2 from #3 at 1900
            book
              buy 1900: 18 of T1 (#3)
        "#]],
    );
}

#[test]
fn cancelling_an_order_cancels_the_stops_that_wait_for_it() {
    check(
        "T3 buy 2 @ 1990
         T3 sell 2 stop 1980 index ro after 1
         T3 sell 2 take 2080 index ro after 2
         T1 sell 2 stop 1980 index after 1
         T3 sell 2 @ 2100 after 1
         T3 sell 2 stop 1980 index ro after 9
         T3 cancel 1
         book",
        &expect![[r#"
            T3 buy 2 @ 1990 -> #1
            T3 sell 2 stop 1980 index ro after 1 -> #2
            T3 sell 2 take 2080 index ro after 2 -> #3
            T1 sell 2 stop 1980 index after 1 -> refused: there is no order 1 of this wallet in this market to wait for
            T3 sell 2 @ 2100 after 1 -> refused: only a conditional order can wait for another order
            T3 sell 2 stop 1980 index ro after 9 -> refused: there is no order 9 of this wallet in this market to wait for
            T3 cancel 1
                #1 cancelled, 2 left: ByOwner
                #2 cancelled, 2 left: Parent
                #3 cancelled, 2 left: Parent
            book
        "#]],
    );
}

#[test]
fn stops_that_are_none_are_refused() {
    check(
        "T3 sell 1 stop 0 index
         T3 sell 1 stop 1900
         T3 sell 1 @ 2000 index
         T3 sell 1 from 2000 index",
        &expect![[r#"
            T3 sell 1 stop 0 index -> refused: Missing trigger price
            T3 sell 1 stop 1900 -> refused: Invalid trigger type
            T3 sell 1 @ 2000 index -> refused: Invalid trigger type
            T3 sell 1 from 2000 index -> refused: Invalid trigger price
        "#]],
    );
}

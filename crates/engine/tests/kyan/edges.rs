//! The edges of the waterfall, told event by event: what the specification lists under "edge cases
//! to test", and what a history found.

use expect_test::{Expect, expect};
use plimsoll_engine::book::{Side, TimeInForce};
use plimsoll_engine::venues::kyan::{Command, Config, InstrumentId, Stage};
use plimsoll_units::{AccountId, Amount, Duration, Price, Rate, Timestamp};

use crate::world::{DAY, PAIR, START, World, call, config, put};

const PERPETUAL: InstrumentId = InstrumentId::PERPETUAL;

fn check(world: &World, expected: &Expect) {
    expected.assert_eq(&world.told);
}

/// A fund with a million.
fn rich_fund() -> Config {
    let mut config = config();
    config.start.fund = Amount::from_raw(1_000_000_000_000);
    config.pairs[0].trust.jump = Rate::from_raw(900_000);
    config.pairs[0].trust.index_age = Duration(2 * DAY);
    config.pairs[0].trust.surface_age = Duration(2 * DAY);
    config
}

fn quiet(mut world: World) -> World {
    world.told.clear();
    world
}

#[test]
fn equity_of_exactly_the_maintenance_margin_is_not_under() {
    // Two perpetuals at 100,000: 16 % of 200,000, and 1 % of what is above 100,000.
    let mut world = World::holding(config(), &[], "2", "33000");
    assert!(world.told.is_empty(), "{}", world.told);
    world.now = Timestamp(world.now.millis() + 1);
    world.price("99999.99999999");
    assert!(world.told.contains("ACTIVE -> FLAGGED"), "{}", world.told);
}

#[test]
fn two_accounts_hedging_in_opposite_directions_meet_in_the_book() {
    let quotes = [call(110_000, 14, 60), put(90_000, 14, 60)];
    let books = [
        vec![0, -5_000_000, 0],
        vec![0, 0, 0],
        vec![0, 0, -5_000_000],
    ];
    let mut world = quiet(World::crowd(
        config(),
        &quotes,
        &books,
        &[1_010, 1_000, 1_010],
    ));
    world.now = Timestamp(world.now.millis() + 1_000);
    world.quotes.iter_mut().for_each(|quote| quote.vol = 66);
    world.surface();
    check(
        &world,
        &expect![[r#"
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E 77260.66 MM 78362.36 IM 94034.84 D -1.252801
        account-1 FLAGGED -> HEDGING: E 77260.66 MM 78362.36 IM 94034.84 D -1.252801
        account-1 hedge buy 1.252 of instrument-0 at 100100 (level 0), then E 77085.33 MM 58077.56 IM 69693.08 D -0.000801
        case-2 opened
        account-3 ACTIVE -> FLAGGED: E 64967.70 MM 65479.89 IM 78575.87 D 0.9475
        account-3 FLAGGED -> HEDGING: E 64967.70 MM 65479.89 IM 78575.87 D 0.9475
        account-3 hedge sell 0.947 of instrument-0 at 99900 (level 0), then E 64835.15 MM 50479.41 IM 60575.30 D 0.0005
        account-1 buy 0.947 of instrument-0 at 100100: incentive 94.70 fee 37.91; E 77128.04 MM 62957.56 IM 75549.08 D -0.305801
        account-3 sell 0.947 of instrument-0 at 100100: incentive -94.70 fee 37.91; E 65024.48 MM 50479.41 IM 60575.30 D 0.0005
        case-1 hedge did 94700.00
        order 1 of account-1 in instrument-0 gone with 0.305 left: NotNeeded
        account-1 HEDGING -> RELEASED: E 77128.04 MM 62957.56 IM 75549.08 D -0.305801
        case-1 closed Recovered
        case-2 hedge did 94700.00
        account-3 HEDGING -> RELEASED: E 65024.48 MM 50479.41 IM 60575.30 D 0.0005
        case-2 closed Recovered
    "#]],
    );
}

#[test]
fn under_again_after_a_release_is_another_case() {
    let book = [(call(110_000, 14, 60), "-5")];
    let mut world = quiet(World::holding(config(), &book, "0", "74000"));
    world.deposit(1, "30000");
    for price in ["112000", "98000", "112000"] {
        world.price_later(1_000, price);
    }
    check(
        &world,
        &expect![[r#"
            order 1 of account-1 in instrument-0 gone with 1.129 left: NotNeeded
            account-1 HEDGING -> CURED: E 104000.00 MM 78297.41 IM 93956.90 D -1.129619
            case-1 closed Recovered
            case-2 opened
            account-1 ACTIVE -> FLAGGED: E 79948.61 MM 91188.45 IM 109426.14 D -2.919912
            account-1 FLAGGED -> HEDGING: E 79948.61 MM 91188.45 IM 109426.14 D -2.919912
            account-1 hedge buy 2.919 of instrument-0 at 112112 (level 0), then E 79490.78 MM 44271.56 IM 53125.87 D -0.000912
            order 2 of account-1 in instrument-0 gone with 2.919 left: NotNeeded
            account-1 HEDGING -> RELEASED: E 106013.02 MM 76312.21 IM 91574.66 D -0.888371
            case-2 closed Recovered
            case-3 opened
            account-1 ACTIVE -> FLAGGED: E 79948.63 MM 91188.45 IM 109426.14 D -2.919913
            account-1 FLAGGED -> HEDGING: E 79948.63 MM 91188.45 IM 109426.14 D -2.919913
            account-1 hedge buy 2.919 of instrument-0 at 112112 (level 0), then E 79490.80 MM 44271.56 IM 53125.87 D -0.000913
        "#]],
    );
}

#[test]
fn a_deposit_between_two_fills_pulls_the_rest() {
    let book = [(call(110_000, 14, 60), "-5")];
    let mut world = quiet(World::holding(config(), &book, "0", "74000"));
    world
        .place(0, PERPETUAL, Side::Sell, "0.3", Some("100100"))
        .expect("a seller");
    world.deposit(1, "100000");
    let refused = world.place(0, PERPETUAL, Side::Sell, "0.3", Some("100100"));
    assert!(refused.is_ok(), "it rests: nobody wants it any more");
    check(
        &world,
        &expect![[r#"
        account-1 buy 0.3 of instrument-0 at 100100: incentive 30.00 fee 12.01; E 73957.98 MM 73367.79 IM 88041.35 D -0.829619
        case-1 hedge did 30000.00
        order 1 of account-1 in instrument-0 gone with 0.829 left: NotNeeded
        account-1 HEDGING -> CURED: E 173957.98 MM 73367.79 IM 88041.35 D -0.829619
        case-1 closed Recovered
    "#]],
    );
}

#[test]
fn a_deposit_while_prices_are_stale_cures_when_they_are_back() {
    let mut config = config();
    config.pairs[0].trust.index_age = Duration(20_000);
    let book = [(call(110_000, 14, 60), "-5")];
    let mut world = quiet(World::holding(config, &book, "0", "74000"));
    world.now = Timestamp(world.now.millis() + 30_000);
    // Nobody has said that time passed: the price is stale all the same.
    world.deposit(1, "10000");
    world.price_later(1_000, "100000");
    check(
        &world,
        &expect![[r#"
        Trust { pair: market-0, good: false, why: "its index is from 2026-02-03 00:00:00.000, older than 20000 ms" }
        order 1 of account-1 in instrument-0 gone with 1.129 left: Frozen
        Guarded { case: case-1, account: account-1, guard: Frozen, why: "its index is from 2026-02-03 00:00:00.000, older than 20000 ms" }
        Trust { pair: market-0, good: true, why: "its market data is fresh" }
        account-1 HEDGING -> CURED: E 84000.22 MM 78297.40 IM 93956.89 D -1.129602
        case-1 closed Recovered
    "#]],
    );
}

#[test]
fn a_gap_below_zero_goes_to_the_fund_with_synthetics_and_all_and_the_fund_unwinds_them() {
    let book = [
        (call(100_000, 30, 60), "2"),
        (put(100_000, 30, 60), "-2"),
        (call(110_000, 14, 58), "-3"),
    ];
    let mut world = World::holding(rich_fund(), &book, "-1", "70000");
    world.told.clear();
    world.price_later(1_000, "170000");
    let put = world.instrument(&put(100_000, 30, 60));
    let calls = [call(100_000, 30, 60), call(110_000, 14, 58)].map(|q| world.instrument(&q));
    // The short put first, in two parts; the long call is offered as far as that is bought.
    for (size, instrument, side, price) in [
        ("1.5", put, Side::Sell, "2000"),
        ("2", calls[0], Side::Buy, "67000"),
        ("3", calls[1], Side::Sell, "63000"),
        ("0.5", put, Side::Sell, "2000"),
        ("2", calls[0], Side::Buy, "67000"),
        ("3", PERPETUAL, Side::Sell, "170500"),
    ] {
        world.later(1_000);
        let mut order = World::order(0, instrument, side, size, Some(price));
        order.time_in_force = TimeInForce::Ioc;
        world.expect(Command::Place(order));
    }
    check(
        &world,
        &expect![[r#"
            case-1 opened
            account-1 ACTIVE -> FLAGGED: E -35996.23 MM 56816.81 IM 68180.17 D -1.999849
            account-1 FLAGGED -> BANKRUPT: E -35996.23 MM 56816.81 IM 68180.17 D -1.999849
            Bankruptcy { case: case-1, account: account-1, deficit: 35996220917, positions: [(InstrumentId(0), -1000000), (InstrumentId(1), 2000000), (InstrumentId(2), -2000000), (InstrumentId(3), -3000000)] }
            TakenOver { case: case-1, account: account-1, to_fund: 0, loss: 35996220917, to_owner: 0 }
            case-1 takeover did 1360000.00
            account-1 BANKRUPT -> CLOSED: E 0.00 MM 0.00 IM 0.00 D 0
            case-1 closed Liquidated { shortfall: 35996220917 }
            the fund offers to buy 2 of instrument-2 at 3577
            the fund offers to buy 3 of instrument-3 at 63571
            account-0 sell 1.5 of instrument-2 from the fund at 3577
            the fund offers to buy 0.5 of instrument-0 at 172720
            the fund offers to sell 1.5 of instrument-1 at 66436
            account-0 buy 1.5 of instrument-1 from the fund at 66436
            order 6 of account-0 in instrument-1 gone with 0.5 left: NotResting
            account-0 sell 3 of instrument-3 from the fund at 63571
            account-0 sell 0.5 of instrument-2 from the fund at 3577
            order 4 of the fund in instrument-0 gone with 0.5 left: Repegged
            the fund offers to buy 1 of instrument-0 at 172720
            the fund offers to sell 0.5 of instrument-1 at 66436
            account-0 buy 0.5 of instrument-1 from the fund at 66436
            order 11 of account-0 in instrument-1 gone with 1.5 left: NotResting
            account-0 sell 1 of instrument-0 from the fund at 172720
            order 12 of account-0 in instrument-0 gone with 2 left: NotResting
        "#]],
    );
    let fund = world.venue().pairs()[0].fund();
    assert!(fund.positions().is_empty(), "{:?}", fund.positions());
    let worth = world.venue().fund_worth(world.engine.ledger(), PAIR);
    assert_eq!(worth, Ok(0), "its result went to the reserve");
}

#[test]
fn an_empty_fund_and_nobody_in_profit_leave_a_shortfall_that_is_booked() {
    let mut config = rich_fund();
    config.start.fund = Amount::from_raw(1_000_000_000);
    // The other side is short what cost nothing: its open profit is below zero.
    let book = [(call(100_000, 30, 60), "5")];
    let mut world = World::holding(config, &book, "0", "9000");
    world.told.clear();
    world.price_later(1_000, "60000");
    check(
        &world,
        &expect![[r#"
            account-1 HEDGING -> BANKRUPT: E -25241.47 MM 28.23 IM 33.88 D 0.009827
            order 1 of account-1 in instrument-0 gone with 2.671 left: NotNeeded
            Bankruptcy { case: case-1, account: account-1, deficit: 25241466238, positions: [(InstrumentId(1), 5000000)] }
            Uncovered { case: case-1, amount: 24241466238 }
            TakenOver { case: case-1, account: account-1, to_fund: 0, loss: 25241466238, to_owner: 0 }
            case-1 takeover did 300000.00
            account-1 BANKRUPT -> CLOSED: E 0.00 MM 0.00 IM 0.00 D 0
            case-1 closed Liquidated { shortfall: 25241466238 }
            the fund offers to sell 5 of instrument-1 at 1
        "#]],
    );
}

#[test]
fn a_box_has_nothing_to_hedge_and_nothing_to_auction() {
    let book = [
        (call(90_000, 14, 60), "-5"),
        (put(90_000, 14, 60), "5"),
        (call(110_000, 14, 60), "5"),
        (put(110_000, 14, 60), "-5"),
    ];
    let world = World::holding(rich_fund(), &book, "0", "-1");
    check(
        &world,
        &expect![[r#"
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E -1.00 MM 0.00 IM 0.00 D 0
        account-1 FLAGGED -> BANKRUPT: E -1.00 MM 0.00 IM 0.00 D 0
        Bankruptcy { case: case-1, account: account-1, deficit: 1000002, positions: [(InstrumentId(1), -5000000), (InstrumentId(2), 5000000), (InstrumentId(3), 5000000), (InstrumentId(4), -5000000)] }
        TakenOver { case: case-1, account: account-1, to_fund: 0, loss: 1000002, to_owner: 0 }
        case-1 takeover did 2000000.00
        account-1 BANKRUPT -> CLOSED: E 0.00 MM 0.00 IM 0.00 D 0
        case-1 closed Liquidated { shortfall: 1000002 }
        the fund offers to buy 5 of instrument-1 at 13226
        the fund offers to buy 5 of instrument-4 at 13552
    "#]],
    );
}

#[test]
fn a_calendar_is_never_paired() {
    let mut config = rich_fund();
    config.procedure = vec![Stage::Decompose, Stage::Auction];
    let book = [(call(100_000, 7, 60), "-5"), (call(100_000, 30, 60), "5")];
    let world = World::holding(config, &book, "0", "3000");
    check(
        &world,
        &expect![[r#"
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E 3000.00 MM 15295.34 IM 18354.41 D 0.088501
        account-1 FLAGGED -> DECOMPOSING: E 3000.00 MM 15295.34 IM 18354.41 D 0.088501
        account-1 is peripheral -5 of instrument-1 81052.62; peripheral 5 of instrument-2 33534.32
        Guarded { case: case-1, account: account-1, guard: CloseMustHelp, why: "closing it would not lower maintenance margin minus equity" }
        Guarded { case: case-1, account: account-1, guard: CloseMustHelp, why: "closing it would not lower maintenance margin minus equity" }
        account-1 DECOMPOSING -> AUCTION: E 3000.00 MM 15295.34 IM 18354.41 D 0.088501
        account-1 auction buy 5 of instrument-1 at 3414 (level 0), then E 2099.48 MM 33534.32 IM 40241.18 D 2.671349
        account-1 auction sell 5 of instrument-2 at 6753 (level 0), then E 2095.29 MM 81052.62 IM 97263.14 D -2.582847
    "#]],
    );
}

#[test]
fn a_debt_against_long_options_is_paid_by_selling_them() {
    let book = [(call(100_000, 30, 60), "5"), (put(90_000, 30, 60), "10")];
    let mut world = World::holding(rich_fund(), &book, "0", "9000");
    let put = world.instrument(&put(90_000, 30, 60));
    world.later(1_000);
    world
        .place(0, put, Side::Buy, "10", Some("2600"))
        .expect("a buyer");
    check(
        &world,
        &expect![[r#"
            case-1 opened
            account-1 ACTIVE -> FLAGGED: E 9000.00 MM 21202.21 IM 25442.65 D 0.247077
            Guarded { case: case-1, account: account-1, guard: HedgeMustLower, why: "maintenance margin would go from 21202.21316755 to 21202.21316755" }
            account-1 FLAGGED -> DECOMPOSING: E 9000.00 MM 21202.21 IM 25442.65 D 0.247077
            account-1 is peripheral 5 of instrument-1 33534.32; peripheral 10 of instrument-2 27120.18
            Guarded { case: case-1, account: account-1, guard: CloseMustHelp, why: "closing it would not lower maintenance margin minus equity" }
            Guarded { case: case-1, account: account-1, guard: CloseMustHelp, why: "closing it would not lower maintenance margin minus equity" }
            account-1 DECOMPOSING -> AUCTION: E 9000.00 MM 21202.21 IM 25442.65 D 0.247077
            account-1 auction sell 5 of instrument-1 at 6753 (level 0), then E 8095.29 MM 27120.18 IM 32544.22 D -2.424272
            account-1 auction sell 10 of instrument-2 at 2591 (level 0), then E 7194.31 MM 33534.32 IM 40241.18 D 2.671349
            account-1 sell 10 of instrument-2 at 2591: incentive 1005.68 fee 800.00; E 7194.31 MM 33534.32 IM 40241.18 D 2.671349
        "#]],
    );
}

#[test]
fn what_a_vertical_leaves_over_is_a_peripheral() {
    let book = [(call(110_000, 14, 58), "-5"), (call(120_000, 14, 60), "2")];
    let mut config = rich_fund();
    config.procedure = vec![Stage::Decompose, Stage::Auction];
    let world = World::holding(config, &book, "0", "30000");
    check(
        &world,
        &expect![[r#"
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E 30000.00 MM 47487.84 IM 56985.41 D -0.949659
        account-1 FLAGGED -> DECOMPOSING: E 30000.00 MM 47487.84 IM 56985.41 D -0.949659
        account-1 is peripheral -3 of instrument-1 46911.85; vertical -2 of instrument-1 and 2 of instrument-2 8345.47
        account-1 decompose buy 3 of instrument-1 at 1435 (level 0), then E 29459.46 MM 8345.47 IM 10014.56 D -0.298571
    "#]],
    );
}

#[test]
fn an_expiry_in_the_middle_of_a_case_stops_it_until_it_is_settled() {
    let book = [(call(101_000, 1, 60), "-3"), (call(110_000, 14, 60), "-5")];
    let mut world = World::holding(rich_fund(), &book, "0", "120000");
    world.told.clear();
    world.now = Timestamp(START.millis() + DAY - 5_000);
    world.price("104000");
    world.later(4_000);
    world.later(1_000);
    let calls = world.instrument(&call(110_000, 14, 60));
    let refused = world.place(0, calls, Side::Sell, "1", Some("4000"));
    expect!["market-0 has no complete market data: its options of 2026-02-04 00:00:00.000 have expired and are not settled yet"]
        .assert_eq(&refused.expect_err("nothing trades").to_string());
    // A late settlement: prices come in, nothing happens on them.
    world.price_later(60_000, "90000");
    world.price_later(60_000, "104000");
    world.expect(Command::Expire {
        pair: PAIR,
        expiry: Timestamp(START.millis() + DAY),
        price: Price::from_raw(10_400_000_000_000),
    });
    world.later(9_000);
    check(
        &world,
        &expect![[r#"
            order 1 of account-1 in instrument-0 gone with 2.274 left: TimedOut
            account-1 HEDGING -> DECOMPOSING: E 108666.26 MM 138732.29 IM 166478.74 D -4.652155
            account-1 is peripheral -5 of instrument-2 82572.47; peripheral -3 of instrument-1 55159.81
            account-1 decompose buy 5 of instrument-2 at 2516 (level 0), then E 107725.58 MM 55159.81 IM 66191.78 D -3
            Trust { pair: market-0, good: false, why: "its options of 2026-02-04 00:00:00.000 have expired and are not settled yet" }
            order 2 of account-1 in instrument-2 gone with 5 left: Frozen
            Guarded { case: case-1, account: account-1, guard: Settlement, why: "its options of 2026-02-04 00:00:00.000 have expired and are not settled yet" }
            Expired { pair: market-0, expiry: 2026-02-04 00:00:00.000, price: Price(104000) }
            Trust { pair: market-0, good: true, why: "its market data is fresh" }
            account-1 DECOMPOSING -> RELEASED: E 108667.45 MM 82572.45 IM 99086.94 D -1.652099
            case-1 closed Recovered
        "#]],
    );
}

#[test]
fn a_debt_that_an_expiry_leaves_behind_is_the_funds() {
    let book = [(call(101_000, 1, 60), "-3")];
    let mut world = World::holding(rich_fund(), &book, "0", "60000");
    world.told.clear();
    world.now = Timestamp(START.millis() + DAY);
    world.expect(Command::Expire {
        pair: PAIR,
        expiry: Timestamp(START.millis() + DAY),
        price: Price::from_raw(13_000_000_000_000),
    });
    check(
        &world,
        &expect![[r#"
        Expired { pair: market-0, expiry: 2026-02-04 00:00:00.000, price: Price(130000) }
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E -24534.68 MM 0.00 IM 0.00 D 0
        account-1 FLAGGED -> BANKRUPT: E -24534.68 MM 0.00 IM 0.00 D 0
        Bankruptcy { case: case-1, account: account-1, deficit: 24534670720, positions: [] }
        TakenOver { case: case-1, account: account-1, to_fund: 0, loss: 24534670720, to_owner: 0 }
        case-1 takeover did 0.00
        account-1 BANKRUPT -> CLOSED: E 0.00 MM 0.00 IM 0.00 D 0
        case-1 closed Liquidated { shortfall: 24534670720 }
    "#]],
    );
    let cash = world.venue().cash(world.engine.ledger(), AccountId(1));
    assert_eq!(cash, Ok(0));
}

#[test]
fn a_flag_cancels_the_accounts_own_orders_first_and_nobody_elses() {
    let quotes = [call(110_000, 14, 60)];
    // Accounts 1 and 2 have one owner.
    let books = [vec![0, -5_000_000], vec![1_000_000, 0]];
    let mut world = World::crowd(config(), &quotes, &books, &[1_010, 3_000]);
    let calls = world.instrument(&quotes[0]);
    for (account, side, price) in [
        (1, Side::Buy, "1000"),
        (2, Side::Buy, "900"),
        (2, Side::Sell, "9000"),
    ] {
        world
            .place(account, calls, side, "0.1", Some(price))
            .expect("it rests");
    }
    world
        .place(2, PERPETUAL, Side::Sell, "0.1", Some("100200"))
        .expect("it rests");
    world.told.clear();
    world.price_later(1_000, "100600");
    check(
        &world,
        &expect![[r#"
        case-1 opened
        order 1 of account-1 in instrument-1 gone with 0.1 left: Flagged
        account-1 ACTIVE -> FLAGGED: E 78379.36 MM 78936.19 IM 94723.43 D -1.207585
        account-1 FLAGGED -> HEDGING: E 78379.36 MM 78936.19 IM 94723.43 D -1.207585
        account-1 hedge buy 1.207 of instrument-0 at 100701 (level 0), then E 78208.83 MM 59293.49 IM 71152.19 D -0.000585
        order 4 of account-2 in instrument-0 gone with 0.1 left: SelfTrade
    "#]],
    );
    let theirs = world.venue().accounts()[2].clone();
    assert_eq!(theirs.owner, world.venue().accounts()[1].owner);
    assert_eq!(
        world.venue().pairs()[0]
            .book(calls)
            .expect("a book")
            .orders_of(2)
            .len(),
        2
    );
}

#[test]
fn a_partner_that_is_flagged_quotes_no_more_and_a_quote_that_ended_is_not_taken() {
    let mut config = rich_fund();
    config.procedure = vec![Stage::HandOff, Stage::Auction];
    let quotes = [call(110_000, 14, 60)];
    let books = [
        vec![0, -5_000_000],
        vec![0, -5_000_000],
        vec![0, 0],
        vec![0, -5_000_000],
    ];
    let mut world = World::crowd(config, &quotes, &books, &[1_300, 1_010, 1_000, 1_010]);
    world.deposit(3, "1000000");
    for (account, ends) in [(2, DAY), (3, 2_000), (4, DAY)] {
        world.expect(Command::Quote {
            account: AccountId(account),
            offset_e6: 500,
            capacity: Amount::from_raw(100_000_000_000_000),
            expires: Timestamp(world.now.millis() + ends),
        });
    }
    world.told.clear();
    world.price_later(2_000, "101500");
    check(
        &world,
        &expect![[r#"
        case-1 opened
        account-2 ACTIVE -> FLAGGED: E 77238.33 MM 79897.67 IM 95877.20 D -1.328883
        account-2 FLAGGED -> HANDING_OFF: E 77238.33 MM 79897.67 IM 95877.20 D -1.328883
        account-2 HANDING_OFF -> AUCTION: E 77238.33 MM 79897.67 IM 95877.20 D -1.328883
        account-2 auction buy 5 of instrument-1 at 1922 (level 0), then E 76320.64 MM 0.00 IM 0.00 D 0
        case-2 opened
        account-4 ACTIVE -> FLAGGED: E 77238.33 MM 79897.67 IM 95877.20 D -1.328883
        account-4 FLAGGED -> HANDING_OFF: E 77238.33 MM 79897.67 IM 95877.20 D -1.328883
        account-4 HANDING_OFF -> AUCTION: E 77238.33 MM 79897.67 IM 95877.20 D -1.328883
        account-4 auction buy 5 of instrument-1 at 1922 (level 0), then E 76320.64 MM 0.00 IM 0.00 D 0
    "#]],
    );
    assert_eq!(
        world
            .venue()
            .quotes()
            .map(|(who, _)| who.0)
            .collect::<Vec<_>>(),
        [3]
    );
}

#[test]
fn what_is_worth_less_than_nothing_is_auctioned_for_a_payment_of_the_fund() {
    let mut config = rich_fund();
    config.procedure = vec![Stage::Hedge, Stage::PortfolioAuction];
    let book = [(call(110_000, 14, 58), "-3")];
    let mut world = World::holding(config, &book, "0", "70000");
    world.open(2, 2);
    world.deposit(2, "1000000");
    world.told.clear();
    world.price_later(1_000, "150000");
    world.later(1_200_000);
    world.expect(Command::Bid {
        bidder: AccountId(2),
        account: AccountId(1),
        share_e9: 400_000_000,
        most: Amount::ZERO,
    });
    // Nobody wants the rest, twice as long as the payment rises.
    for _ in 0..7 {
        world.later(1_000_000);
    }
    check(
        &world,
        &expect![[r#"
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E -46037.47 MM 75609.65 IM 90731.59 D -2.992026
        account-1 FLAGGED -> AUCTION: E -46037.47 MM 75609.65 IM 90731.59 D -2.992026
        PortfolioOffered { case: case-1, account: account-1, insolvent: true, fee: 0 }
        Bid { case: case-1, account: account-1, bidder: account-2, share: 400000000000000000, paid: -28496273170, numbers: Numbers { equity: -27622477805, maintenance: 44965795855, initial: 53958955026, delta: -1795216, index: 15000000000000 } }
        case-1 auction did 180000.00
        account-1 AUCTION -> BANKRUPT: E -27622.48 MM 44965.79 IM 53958.95 D -1.795216
        Bankruptcy { case: case-1, account: account-1, deficit: 27622477805, positions: [(InstrumentId(1), -1800000)] }
        TakenOver { case: case-1, account: account-1, to_fund: 0, loss: 27622477805, to_owner: 0 }
        case-1 takeover did 270000.00
        account-1 BANKRUPT -> CLOSED: E 0.00 MM 0.00 IM 0.00 D 0
        case-1 closed Liquidated { shortfall: 27622477805 }
        the fund offers to buy 1.8 of instrument-1 at 43164
    "#]],
    );
    assert!(world.venue().accounts()[1].positions().is_empty());
}

/// One case through hedge, decomposition, auction, takeover and unwinding.
fn through_everything(restarts: bool) -> World {
    let mut config = rich_fund();
    config.pairs[0].hedge.timeout = Duration(5_000);
    config.pairs[0].decompose.timeout = Duration(5_000);
    let book = [
        (call(110_000, 14, 58), "-4"),
        (call(120_000, 14, 60), "4"),
        (put(90_000, 14, 66), "-3"),
        (call(100_000, 30, 60), "2"),
        (put(100_000, 30, 60), "-2"),
        (call(130_000, 7, 70), "-1"),
    ];
    let mut world = World::holding(config, &book, "0", "36500");
    world.restarts = restarts;
    for at in 0..40i64 {
        world.later(1_000);
        if at == 1 {
            world
                .place(0, PERPETUAL, Side::Buy, "1", Some("99900"))
                .expect("a buyer");
        }
        if at == 8 {
            let puts = world.instrument(&put(90_000, 14, 66));
            world
                .place(0, puts, Side::Sell, "0.1", Some("1534"))
                .expect("a seller");
        }
        if at % 7 == 0 {
            world.price_later(10, &format!("{}", 100_000 + at * 10));
        }
    }
    for _ in 0..25 {
        world.later(60_000);
    }
    let far = [("1", Side::Buy), ("1", Side::Sell)];
    for instrument in 0..7 {
        for (size, side) in far {
            let price = if side == Side::Buy { "150000" } else { "1" };
            let tick = if instrument == 0 && side == Side::Sell {
                "50000"
            } else {
                price
            };
            let _ = world.place(0, InstrumentId(instrument), side, size, Some(tick));
            world.later(1_000);
        }
    }
    world
}

#[test]
fn an_engine_restored_before_every_command_tells_the_same_story() {
    let (once, again) = (through_everything(false), through_everything(true));
    assert_eq!(once.told, again.told);
    assert_eq!(once.engine.state_hash(), again.engine.state_hash());
    for phase in [
        "-> HEDGING",
        "-> DECOMPOSING",
        "-> AUCTION",
        "-> BANKRUPT",
        "-> CLOSED",
        "the fund offers",
    ] {
        assert!(
            once.told.contains(phase),
            "{phase} is not in\n{}",
            once.told
        );
    }
}

/// Listing options in another order numbers them otherwise; nothing else changes.
#[test]
fn the_order_in_which_legs_are_listed_changes_nothing() {
    let book = [
        (call(110_000, 14, 58), "-4"),
        (call(120_000, 14, 60), "4"),
        (put(90_000, 14, 66), "-3"),
        (call(100_000, 30, 60), "2"),
        (put(100_000, 30, 60), "-2"),
        (call(130_000, 7, 70), "-1"),
    ];
    let orders = [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 0, 5, 1, 4, 2]];
    let tell = |order: [usize; 6]| {
        let book = order.map(|at| book[at]);
        let mut world = World::holding(rich_fund(), &book, "0", "36500");
        let puts = world.instrument(&put(90_000, 14, 66));
        world.later(2_000);
        world
            .place(0, PERPETUAL, Side::Buy, "1.967", Some("99900"))
            .expect("a buyer");
        world.later(2_000);
        world
            .place(0, puts, Side::Sell, "0.2", Some("1534"))
            .expect("a seller");
        for _ in 0..8 {
            world.later(60_000);
        }
        let mut told = world.told.clone();
        for (quote, _) in &book {
            let name = format!("instrument-{} ", world.instrument(quote).0);
            told = told.replace(&name, &format!("{}{} ", quote.right.letter(), quote.strike));
            let id = format!("InstrumentId({})", world.instrument(quote).0);
            told = told.replace(&id, &format!("{}{}", quote.right.letter(), quote.strike));
        }
        // Orders of one auction are placed by instrument number: their own numbers differ.
        let mut lines: Vec<String> = told
            .lines()
            .map(|line| match line.split_once(" of account-1 in ") {
                Some((_, rest)) => rest.to_owned(),
                None => line.to_owned(),
            })
            .collect();
        lines.sort();
        lines
    };
    let first = tell(orders[0]);
    assert!(first.len() > 40, "{first:#?}");
    for order in &orders[1..] {
        assert_eq!(tell(*order), first);
    }
}

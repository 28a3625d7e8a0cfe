//! Liquidations told event by event.

use expect_test::{Expect, expect};
use plimsoll_engine::book::Side;
use plimsoll_engine::margin::portfolio::guards::Band;
use plimsoll_engine::venues::kyan::{Command, Config, InstrumentId, Stage};
use plimsoll_units::{AccountId, Amount, Duration, Fixed, Rate, Timestamp};

use crate::world::{World, call, config, put};

fn check(world: &World, expected: &Expect) {
    expected.assert_eq(&world.told);
}

/// The book of the issue's end-to-end example: a vertical, two naked shorts and a synthetic.
fn mixed_book(config: Config, equity: &str) -> World {
    let book = [
        (call(110_000, 14, 58), "-4"),
        (call(120_000, 14, 60), "4"),
        (put(90_000, 14, 66), "-3"),
        (call(100_000, 30, 60), "2"),
        (put(100_000, 30, 60), "-2"),
        (call(130_000, 7, 70), "-1"),
    ];
    World::holding(config, &book, "0", equity)
}

#[test]
fn hedge_then_close_the_largest_component_until_initial_margin_is_met() {
    let mut config = config();
    config.guards.do_not_over_close = false;
    config.pairs[0].hedge.band = Band::Quantity(Fixed::from_raw(100_000));
    let mut world = mixed_book(config, "36500");
    world.later(2_000);
    world
        .place(0, InstrumentId::PERPETUAL, Side::Buy, "1", Some("99900"))
        .expect("a buyer");
    world.later(3_000);
    world
        .place(
            0,
            InstrumentId::PERPETUAL,
            Side::Buy,
            "0.967",
            Some("99900"),
        )
        .expect("a buyer");
    let puts = world.instrument(&put(90_000, 14, 66));
    for (wait, size) in [(4_000, "0.3"), (5_000, "0.2"), (7_000, "0.3")] {
        world.later(wait);
        world
            .place(0, puts, Side::Sell, size, Some("1534"))
            .expect("a seller");
    }
    check(
        &world,
        &expect![[r#"
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E 36500.00 MM 70972.44 IM 85166.93 D 1.967428
        account-1 FLAGGED -> HEDGING: E 36500.00 MM 70972.44 IM 85166.93 D 1.967428
        account-1 hedge sell 1.967 of instrument-0 at 99900 (level 0), then E 36224.69 MM 38847.73 IM 46617.28 D 0.000428
        account-1 sell 1 of instrument-0 at 99900: incentive 100.00 fee 39.96; E 36360.04 MM 54165.01 IM 64998.01 D 0.967428
        account-1 sell 0.967 of instrument-0 at 99900: incentive 96.70 fee 38.64; E 36224.69 MM 38847.73 IM 46617.28 D 0.000428
        Guarded { case: case-1, account: account-1, guard: Dust, why: "a delta of 0.000428065256 is below one lot" }
        case-1 hedge did 196700.00
        account-1 HEDGING -> DECOMPOSING: E 36224.69 MM 38847.73 IM 46617.28 D 0.000428
        account-1 is peripheral -3 of instrument-3 39287.93; vertical -4 of instrument-1 and 4 of instrument-2 16690.94; peripheral -1 of instrument-6 15039.63; synthetic -2 of instrument-5 and 2 of instrument-4 0.00
        account-1 decompose buy 3 of instrument-3 at 1534 (level 0), then E 35682.97 MM 17316.50 IM 20779.80 D -0.568072
        Guarded { case: case-1, account: account-1, guard: Dust, why: "a delta of 0.000428065256 is below one lot" }
        account-1 buy 0.3 of instrument-3 at 1534: incentive 30.17 fee 24.00; E 36170.52 MM 34918.94 IM 41902.72 D -0.056422
        account-1 buy 0.2 of instrument-3 at 1534: incentive 20.11 fee 16.00; E 36134.41 MM 32299.74 IM 38759.69 D -0.094322
        account-1 buy 0.3 of instrument-3 at 1534: incentive 30.17 fee 24.00; E 36080.23 MM 28370.95 IM 34045.14 D -0.151172
        case-1 decompose did 80000.00
        order 4 of account-1 in instrument-3 gone with 2.2 left: NotNeeded
        account-1 DECOMPOSING -> RELEASED: E 36080.23 MM 28370.95 IM 34045.14 D -0.151172
        case-1 closed Recovered
    "#]],
    );
}

#[test]
fn a_perpetual_only_account_is_closed_whole_even_when_a_fill_restores_it() {
    let mut world = World::holding(config(), &[], "2", "31000");
    for size in ["0.2", "1.8"] {
        world.later(500);
        world
            .place(0, InstrumentId::PERPETUAL, Side::Buy, size, Some("99900"))
            .expect("a buyer");
    }
    check(
        &world,
        &expect![[r#"
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E 31000.00 MM 33000.00 IM 39600.00 D 2
        account-1 FLAGGED -> PERP_CLOSE: E 31000.00 MM 33000.00 IM 39600.00 D 2
        account-1 hedge sell 2 of instrument-0 at 99900 (level 0), then E 30720.08 MM 0.00 IM 0.00 D 0
        account-1 sell 0.2 of instrument-0 at 99900: incentive 20.00 fee 7.99; E 30972.00 MM 29600.00 IM 35520.00 D 1.8
        account-1 sell 1.8 of instrument-0 at 99900: incentive 180.00 fee 71.92; E 30720.08 MM 0.00 IM 0.00 D 0
        case-1 force-close did 200000.00
        account-1 PERP_CLOSE -> RELEASED: E 30720.08 MM 0.00 IM 0.00 D 0
        case-1 closed Recovered
    "#]],
    );
}

#[test]
fn a_perpetual_order_follows_spot_and_nobody_takes_it_until_the_fund_does() {
    let mut world = World::holding(config(), &[], "2", "31000");
    world.later(1_000);
    world.price("100001");
    world.later(100);
    world.price("99900");
    world.later(30_000);
    world.later(310_000);
    check(
        &world,
        &expect![[r#"
            case-1 opened
            account-1 ACTIVE -> FLAGGED: E 31000.00 MM 33000.00 IM 39600.00 D 2
            account-1 FLAGGED -> PERP_CLOSE: E 31000.00 MM 33000.00 IM 39600.00 D 2
            account-1 hedge sell 2 of instrument-0 at 99900 (level 0), then E 30720.08 MM 0.00 IM 0.00 D 0
            order 1 of account-1 in instrument-0 gone with 2 left: Repegged
            account-1 hedge sell 2 of instrument-0 at 99900.5 (level 0), then E 30721.07 MM 0.00 IM 0.00 D 0
            order 2 of account-1 in instrument-0 gone with 2 left: Repegged
            account-1 hedge sell 2 of instrument-0 at 99800 (level 0), then E 30520.16 MM 0.00 IM 0.00 D 0
            order 3 of account-1 in instrument-0 gone with 2 left: TimedOut
            account-1 PERP_CLOSE -> AUCTION: E 30800.00 MM 32966.00 IM 39559.20 D 2
            account-1 auction sell 2 of instrument-0 at 99800 (level 0), then E 30520.16 MM 0.00 IM 0.00 D 0
            order 4 of account-1 in instrument-0 gone with 2 left: TimedOut
            account-1 AUCTION -> BANKRUPT: E 30800.00 MM 32966.00 IM 39559.20 D 2
            Bankruptcy { case: case-1, account: account-1, deficit: 0, positions: [(InstrumentId(0), 2000000)] }
            TakenOver { case: case-1, account: account-1, to_fund: 3196800000, loss: 0, to_owner: 27603200000 }
            case-1 takeover did 199800.00
            account-1 BANKRUPT -> CLOSED: E 27603.20 MM 0.00 IM 0.00 D 0
            case-1 closed Liquidated { shortfall: 0 }
            the fund offers to sell 2 of instrument-0 at 98301.5
        "#]],
    );
}

#[test]
fn an_auction_climbs_until_the_account_cannot_pay_and_the_fund_pays_the_rest() {
    let mut config = config();
    config.start.fund = Amount::from_raw(1_000_000_000);
    config.procedure = vec![Stage::Auction];
    let book = [(call(130_000, 7, 70), "-1")];
    let mut world = World::holding(config, &book, "0", "350");
    let calls = world.instrument(&call(130_000, 7, 70));
    world.later(60_000);
    world.later(59_999);
    world.later(1);
    // Level 3 costs more than the account has.
    world.later(60_000);
    world
        .place(0, calls, Side::Sell, "1", Some("412"))
        .expect("a seller");
    check(
        &world,
        &expect![[r#"
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E 350.00 MM 15039.63 IM 18047.55 D -0.00393
        account-1 FLAGGED -> AUCTION: E 350.00 MM 15039.63 IM 18047.55 D -0.00393
        account-1 auction buy 1 of instrument-1 at 112 (level 0), then E 235.45 MM 0.00 IM 0.00 D 0
        Level { case: case-1, account: account-1, instrument: InstrumentId(1), level: 1 }
        order 1 of account-1 in instrument-1 gone with 1 left: Repegged
        account-1 auction buy 1 of instrument-1 at 212 (level 1), then E 122.95 MM 0.00 IM 0.00 D 0
        Level { case: case-1, account: account-1, instrument: InstrumentId(1), level: 2 }
        order 2 of account-1 in instrument-1 gone with 1 left: Repegged
        account-1 auction buy 1 of instrument-1 at 312 (level 2), then E 10.45 MM 0.00 IM 0.00 D 0
        Level { case: case-1, account: account-1, instrument: InstrumentId(1), level: 3 }
        order 3 of account-1 in instrument-1 gone with 1 left: Repegged
        account-1 auction buy 1 of instrument-1 at 412 (level 3), then E -50.55 MM 0.00 IM 0.00 D 0
        account-1 buy 1 of instrument-1 at 412: incentive 400.54 fee 0.00; E -50.55 MM 0.00 IM 0.00 D 0
        case-1 auction did 100000.00
        account-1 AUCTION -> BANKRUPT: E -50.55 MM 0.00 IM 0.00 D 0
        Bankruptcy { case: case-1, account: account-1, deficit: 50540002, positions: [] }
        TakenOver { case: case-1, account: account-1, to_fund: 0, loss: 50540002, to_owner: 0 }
        case-1 takeover did 0.00
        account-1 BANKRUPT -> CLOSED: E 0.00 MM 0.00 IM 0.00 D 0
        case-1 closed Liquidated { shortfall: 50540002 }
    "#]],
    );
    // It paid 50.540002: what the incentive was above the equity.
    let fund = world.venue().fund_cash(world.engine.ledger());
    assert_eq!(fund, 1_000_000_000 - 50_540_002);
}

#[test]
fn nobody_bids_and_the_fund_takes_the_position_at_the_last_level() {
    let mut config = config();
    config.start.fund = Amount::from_raw(1_000_000_000);
    config.procedure = vec![Stage::Auction];
    let book = [(call(130_000, 7, 70), "-1")];
    config.pairs[0].trust.index_age = Duration(10_000_000);
    let mut world = World::holding(config, &book, "0", "3000");
    world.told.clear();
    world.later(1_259_999);
    assert!(
        world
            .venue()
            .account(AccountId(1))
            .expect("there")
            .episode()
            .is_some()
    );
    world.later(1);
    check(
        &world,
        &expect![[r#"
            Level { case: case-1, account: account-1, instrument: InstrumentId(1), level: 20 }
            order 1 of account-1 in instrument-1 gone with 1 left: Repegged
            account-1 auction buy 1 of instrument-1 at 2112 (level 20), then E 819.45 MM 0.00 IM 0.00 D 0
            order 2 of account-1 in instrument-1 gone with 1 left: TimedOut
            account-1 AUCTION -> BANKRUPT: E 3000.00 MM 15039.63 IM 18047.55 D -0.00393
            Bankruptcy { case: case-1, account: account-1, deficit: 0, positions: [(InstrumentId(1), -1000000)] }
            TakenOver { case: case-1, account: account-1, to_fund: 2100000000, loss: 0, to_owner: 900000000 }
            case-1 takeover did 100000.00
            account-1 BANKRUPT -> CLOSED: E 900.00 MM 0.00 IM 0.00 D 0
            case-1 closed Liquidated { shortfall: 0 }
            the fund offers to buy 1 of instrument-1 at 2112
        "#]],
    );
}

#[test]
fn a_fund_without_money_makes_accounts_in_profit_pay() {
    let mut config = config();
    config.procedure = vec![Stage::Auction];
    config.pairs[0].trust.jump = Rate::from_raw(900_000);
    let book = [(call(130_000, 7, 70), "-10")];
    let mut world = World::holding(config, &book, "0", "200000");
    world.told.clear();
    world.later(1_000);
    world.price("155000");
    check(
        &world,
        &expect![[r#"
            case-1 opened
            account-1 ACTIVE -> FLAGGED: E -51777.84 MM 263126.82 IM 315752.19 D -9.687625
            account-1 FLAGGED -> BANKRUPT: E -51777.84 MM 263126.82 IM 315752.19 D -9.687625
            Bankruptcy { case: case-1, account: account-1, deficit: 51777836029, positions: [(InstrumentId(1), -10000000)] }
            Socialised { case: case-1, account: account-0, amount: 51777836029, profit: 251892435999 }
            TakenOver { case: case-1, account: account-1, to_fund: 0, loss: 51777836029, to_owner: 0 }
            case-1 takeover did 1550000.00
            account-1 BANKRUPT -> CLOSED: E 0.00 MM 0.00 IM 0.00 D 0
            case-1 closed Liquidated { shortfall: 51777836029 }
            the fund offers to buy 10 of instrument-1 at 28445
        "#]],
    );
}

#[test]
fn a_deposit_cures_and_then_only_less_risk_is_allowed() {
    let book = [(call(110_000, 14, 60), "-5")];
    let mut world = World::holding(config(), &book, "0", "74000");
    world.told.clear();
    let refused = world.place(1, InstrumentId::PERPETUAL, Side::Buy, "1", Some("100000"));
    let text = refused.expect_err("blocked").to_string();
    expect![
        "account-1 is being liquidated (HEDGING); it can do nothing but deposit, not place_limit"
    ]
    .assert_eq(&text);
    world.deposit(1, "10000");
    let calls = world.instrument(&call(110_000, 14, 60));
    let refused = world.place(1, calls, Side::Sell, "0.01", Some("1500"));
    assert!(
        refused.is_ok(),
        "an order that only rests is not checked yet"
    );
    world
        .place(0, calls, Side::Buy, "0.01", Some("1500"))
        .expect("accepted");
    check(
        &world,
        &expect![[r#"
        order 1 of account-1 in instrument-0 gone with 1.129 left: NotNeeded
        account-1 HEDGING -> CURED: E 84000.00 MM 78297.41 IM 93956.90 D -1.129619
        case-1 closed Recovered
        order 2 of account-1 in instrument-1 gone with 0.01 left: Margin
    "#]],
    );
}

#[test]
fn stale_data_stops_clocks_and_pulls_orders() {
    let mut config = config();
    config.pairs[0].trust.index_age = Duration(20_000);
    let book = [(call(110_000, 14, 60), "-5")];
    let mut world = World::holding(config, &book, "0", "74000");
    world.told.clear();
    world.later(10_000);
    // The price is too old from 20 s on, which is noticed at 40 s: the clock of step 1 shows 20 s.
    world.later(30_000);
    world.later(1_000_000);
    world.price("100000");
    world.later(9_999);
    world.later(1);
    check(
        &world,
        &expect![[r#"
        Trust { pair: market-0, good: false, why: "its index is from 2026-02-03 00:00:00.000, older than 20000 ms" }
        order 1 of account-1 in instrument-0 gone with 1.129 left: Frozen
        Guarded { case: case-1, account: account-1, guard: Frozen, why: "its index is from 2026-02-03 00:00:00.000, older than 20000 ms" }
        Trust { pair: market-0, good: true, why: "its market data is fresh" }
        account-1 hedge buy 1.129 of instrument-0 at 100100 (level 0), then E 73849.48 MM 60104.04 IM 72124.85 D -0.000057
        order 2 of account-1 in instrument-0 gone with 1.129 left: TimedOut
        account-1 HEDGING -> DECOMPOSING: E 74007.59 MM 78297.09 IM 93956.51 D -1.129057
        account-1 is peripheral -5 of instrument-1 78297.09
        account-1 decompose buy 5 of instrument-1 at 1550 (level 0), then E 73106.25 MM 0.00 IM 0.00 D 0
    "#]],
    );
}

#[test]
fn a_jump_waits_for_a_second_price() {
    let book = [(call(110_000, 14, 60), "-5")];
    let mut world = World::holding(config(), &book, "0", "100000");
    world.told.clear();
    world.later(1_000);
    world.price("130000");
    world.later(1_000);
    world.price("100100");
    world.later(1_000);
    world.price("130000");
    world.later(1_000);
    world.price("129000");
    check(
        &world,
        &expect![[r#"
        Trust { pair: market-0, good: false, why: "its index jumped, and no second price has confirmed it" }
        Trust { pair: market-0, good: true, why: "its market data is fresh" }
        Trust { pair: market-0, good: false, why: "its index jumped, and no second price has confirmed it" }
        Trust { pair: market-0, good: true, why: "its market data is fresh" }
        case-1 opened
        account-1 ACTIVE -> FLAGGED: E 9433.78 MM 108109.08 IM 129730.90 D -4.607092
        account-1 FLAGGED -> HEDGING: E 9433.78 MM 108109.08 IM 129730.90 D -4.607092
        account-1 hedge buy 4.607 of instrument-0 at 129129 (level 0), then E 8601.52 MM 70660.20 IM 84792.24 D -0.000092
    "#]],
    );
}

#[test]
fn a_partner_named_in_the_procedure_comes_before_the_auction() {
    let mut config = config();
    config.procedure = vec![Stage::HandOff, Stage::Auction];
    let book = [(call(130_000, 7, 70), "-1"), (put(90_000, 14, 66), "-1")];
    let mut world = World::holding(config, &book, "0", "20000");
    world.open(2, 2);
    world.deposit(2, "100000");
    world.told.clear();
    let expires = Timestamp(world.now.millis() + 86_400_000);
    world.expect(Command::Quote {
        account: AccountId(2),
        offset_e6: 500,
        capacity: Amount::from_raw(150_000_000_000),
        expires,
    });
    world.price_later(1_000, "119000");
    check(
        &world,
        &expect![[r#"
            Quoted { account: account-2, offset_e6: 500, capacity: Amount(150000), expires: 2026-02-04 00:00:00.000 }
        "#]],
    );
}

#[test]
fn shares_of_a_portfolio_are_sold_at_a_falling_price() {
    let mut config = config();
    config.start.fund = Amount::from_raw(100_000_000_000);
    config.procedure = vec![Stage::PortfolioAuction];
    let book = [(call(130_000, 7, 70), "-10"), (put(90_000, 14, 66), "-2")];
    let mut world = World::holding(config, &book, "0", "60000");
    world.open(2, 2);
    world.deposit(2, "1000000");
    world.later(60_000);
    world.expect(Command::Bid {
        bidder: AccountId(2),
        account: AccountId(1),
        share_e9: 100_000_000,
        most: Amount::from_raw(10_000_000_000),
    });
    world.later(60_000);
    world.expect(Command::Bid {
        bidder: AccountId(2),
        account: AccountId(1),
        share_e9: 1_000_000_000,
        most: Amount::from_raw(60_000_000_000),
    });
    check(
        &world,
        &expect![[r#"
            case-1 opened
            account-1 ACTIVE -> FLAGGED: E 60000.00 MM 150304.59 IM 180365.51 D 0.339698
            account-1 FLAGGED -> AUCTION: E 60000.00 MM 150304.59 IM 180365.51 D 0.339698
            PortfolioOffered { case: case-1, account: account-1, insolvent: false, fee: 3917272714 }
            Opened { account: account-2, owner: 2, pair: market-0 }
            Bid { case: case-1, account: account-1, bidder: account-2, share: 100000000000000000, paid: 5234387881, numbers: Numbers { equity: 55708842439, maintenance: 135274134244, initial: 162328961092, delta: 305728, index: 10000000000000 } }
            Bid { case: case-1, account: account-1, bidder: account-2, share: 659732021647768334, paid: 30524646119, numbers: Numbers { equity: 52933875137, maintenance: 46029444090, initial: 55235332908, delta: 104029, index: 10000000000000 } }
            case-1 auction did 832510.70
            account-1 AUCTION -> RELEASED: E 52933.87 MM 46029.44 IM 55235.33 D 0.104029
            case-1 closed Recovered
        "#]],
    );
}

//! Auctions: clocks and ladders by their tables, money by its laws.

use plimsoll_units::{Duration, Rate, Side, Timestamp};
use proptest::prelude::*;

use super::settlement::{Decimals, FeeRule, Fill, shortfall, take_over};
use super::*;

mod portfolio;

const FINE: Decimals = Decimals {
    price: 8,
    quantity: 6,
    money: 6,
};

fn rate(ppm: i128) -> Rate<6> {
    Rate::from_raw(ppm)
}

/// Prices with two decimals.
fn price(cents: i128) -> i128 {
    cents * 1_000_000
}

/// KY-21, to the millisecond.
#[test]
fn the_incentive_climbs_every_interval_up_to_the_cap() {
    let (options, perps) = (Ladder::OPTIONS, Ladder::PERPS);
    for (millis, levels, exhausted) in [
        (0, (0, 0), (false, false)),
        (9_999, (0, 0), (false, false)),
        (10_000, (0, 1), (false, false)),
        (59_999, (0, 5), (false, false)),
        (60_000, (1, 6), (false, false)),
        (309_999, (5, 30), (false, false)),
        (310_000, (5, 30), (false, true)),
        (1_259_999, (20, 30), (false, true)),
        (1_260_000, (20, 30), (true, true)),
        (i64::MAX, (20, 30), (true, true)),
    ] {
        let at = Duration(millis);
        assert_eq!((options.level(at), perps.level(at)), levels, "{at}");
        let over = (options.is_exhausted(at), perps.is_exhausted(at));
        assert_eq!(over, exhausted, "{at}");
    }
    assert_eq!(options.incentive(20), Ok(rate(21_000)));
    assert_eq!(
        options.incentive(21),
        Ok(rate(21_000)),
        "no more than the cap"
    );
    assert_eq!(perps.incentive(30), Ok(rate(16_000)));
    assert_eq!(options.next_change(Duration(0)), Some(Duration(60_000)));
    assert_eq!(
        options.next_change(Duration(60_000)),
        Some(Duration(120_000))
    );
    let last = Duration(1_200_000);
    assert_eq!(options.next_change(last), Some(options.length()));
    assert_eq!(options.next_change(options.length()), None);
}

#[test]
fn a_ladder_that_is_none_is_refused() {
    let minute = Duration(60_000);
    let refused = |ladder: Result<Ladder, AuctionError>| ladder.expect_err("bad").to_string();
    for (ladder, words) in [
        (
            Ladder::new(Duration(0), 1, rate(1), rate(1)),
            "the interval of the auction is 0 ms; it must be positive",
        ),
        (
            Ladder::new(minute, 10_001, rate(1), rate(1)),
            "the auction has 10001 levels; at most 10000 are allowed",
        ),
        (
            Ladder::new(minute, 1, rate(-1), rate(1)),
            "the first incentive is -0.000001; it must be from 0 to 1",
        ),
        (
            Ladder::new(minute, 2, rate(500_000), rate(250_001)),
            "the last incentive is 1.000002; it must be from 0 to 1",
        ),
        (
            Ladder::new(minute, 3, Rate::ONE, rate(i128::MAX)),
            "the result does not fit in 128 bits",
        ),
    ] {
        assert_eq!(refused(ladder), words);
    }
    let good = Ladder::new(minute, 20, rate(1_000), rate(1_000));
    assert_eq!(good, Ok(Ladder::OPTIONS));
}

/// A clock that stands still does not count, however often it is stopped and started.
#[test]
fn a_frozen_clock_does_not_climb() {
    let at = |millis| Timestamp(millis);
    let mut clock = Clock::start(at(1_000));
    assert_eq!(clock.elapsed(at(4_000)), Ok(Duration(3_000)));
    clock.freeze(at(4_000)).expect("frozen");
    clock.freeze(at(5_000)).expect("still frozen, since 4 s");
    assert_eq!(clock.elapsed(at(60_000)), Ok(Duration(3_000)));
    assert_eq!(clock.shows_at(Duration(9_000)), None);
    clock.thaw(at(60_000)).expect("running");
    clock.thaw(at(60_500)).expect("still running");
    assert_eq!(clock.elapsed(at(61_000)), Ok(Duration(4_000)));
    assert_eq!(clock.shows_at(Duration(10_000)), Some(at(67_000)));
    let before = clock;
    let back = AuctionError::TimeWentBack {
        last: at(1_000),
        given: at(999),
    };
    assert_eq!(clock.elapsed(at(999)), Err(back));
    assert_eq!(clock.freeze(at(999)), Err(back));
    assert_eq!(clock, before);
    clock.freeze(at(70_000)).expect("frozen");
    assert!(clock.thaw(at(69_999)).is_err() && clock.is_frozen());
}

/// KY-15 and KY-22: up for a purchase, down for a sale, and a sale never under one tick.
#[test]
fn limit_prices_are_rounded_to_the_taker() {
    let perp = |side, spot| limit_price(side, price(spot), price(spot), rate(1_000), price(50));
    for (spot, buy, sell) in [
        (10_000_000, 10_010_000, 9_990_000),
        (10_004_900, 10_014_950, 9_994_850),
        (9_990_000, 10_000_000, 9_980_000),
        (10_100_030, 10_110_150, 10_089_900),
        (9_876_543, 9_886_450, 9_866_650),
    ] {
        assert_eq!(perp(Side::Long, spot), Ok(price(buy)), "{spot}");
        assert_eq!(perp(Side::Short, spot), Ok(price(sell)), "{spot}");
    }
    let option = |side, mark| {
        limit_price(
            side,
            price(mark),
            price(10_000_000),
            rate(1_000),
            price(100),
        )
    };
    for (mark, buy, sell) in [
        (143_342, 153_400, 133_300),
        (10_000, 20_000, 100),
        (10_100, 20_100, 100),
        (10_199, 20_200, 100),
        (10_200, 20_200, 200),
        (30, 10_100, 100),
        (0, 10_000, 100),
    ] {
        assert_eq!(option(Side::Long, mark), Ok(price(buy)), "{mark}");
        assert_eq!(option(Side::Short, mark), Ok(price(sell)), "{mark}");
    }
    let refused = |mark, index, ppm, tick| {
        limit_price(Side::Long, mark, index, rate(ppm), tick)
            .expect_err("bad")
            .to_string()
    };
    assert_eq!(
        refused(1, 1, 1, 0),
        "the price grid has a step of 0 (raw); it must be positive"
    );
    assert_eq!(
        refused(-1, 1, 1, 1),
        "the mark price is -1 (raw); it must not be negative"
    );
    assert_eq!(
        refused(1, 1, -1, 1),
        "the incentive is -1 (raw); it must not be negative"
    );
    assert_eq!(
        refused(i128::MAX, i128::MAX, 1_000_000, 1),
        "the result does not fit in 128 bits"
    );
}

#[test]
fn a_peg_is_left_at_its_threshold_exactly() {
    let moved = |to| must_repeg(price(10_000_000), price(to), rate(500));
    for (to, again) in [
        (10_000_000, false),
        (10_004_999, false),
        (10_005_000, true),
        (9_995_001, false),
        (9_995_000, true),
    ] {
        assert_eq!(moved(to), Ok(again), "{to}");
    }
}

/// KY-23: the fee is what is left, at most, and the fund pays what is missing.
#[test]
fn the_fund_never_pays_a_fee_to_itself() {
    let mark = 1_145_999_704;
    let settled = |level: u32, equity: i128| {
        let rate = Ladder::OPTIONS.incentive(level).expect("a rate");
        let index = price(10_000_000);
        let limit = limit_price(Side::Long, mark, index, rate, price(100)).expect("a price");
        let fill = Fill {
            side: Side::Long,
            quantity: 1_000_000,
            price: limit,
            mark,
            index,
        };
        let settled = fill.settle(equity, FeeRule::KYAN_OPTION, FINE);
        let settled = settled.expect("a fill");
        (
            settled.incentive,
            settled.nominal_fee,
            settled.fee,
            settled.equity,
            settled.shortfall,
        )
    };
    for (level, equity, expected) in [
        (
            0,
            350_000_000,
            (100_540_003, 14_000_000, 14_000_000, 235_459_997, 0),
        ),
        (
            2,
            350_000_000,
            (300_540_003, 39_000_000, 39_000_000, 10_459_997, 0),
        ),
        (
            3,
            350_000_000,
            (400_540_003, 51_500_000, 0, -50_540_003, 50_540_003),
        ),
        (0, 100_540_003, (100_540_003, 14_000_000, 0, 0, 0)),
        (0, 104_540_003, (100_540_003, 14_000_000, 4_000_000, 0, 0)),
        (
            0,
            -5,
            (100_540_003, 14_000_000, 0, -100_540_008, 100_540_008),
        ),
    ] {
        assert_eq!(
            settled(level, equity),
            expected,
            "level {level}, equity {equity}"
        );
    }
}

/// The smaller of a share of the index and a share of the premium.
#[test]
fn option_fees_are_capped_by_the_premium() {
    let fee = |premium, rule| {
        let fill = Fill {
            side: Side::Short,
            quantity: 2_500_000,
            price: price(premium),
            mark: price(premium),
            index: price(10_000_000),
        };
        fill.nominal_fee(rule, FINE).expect("a fee")
    };
    // 12.5 % of 640 is 80, which is 8 basis points of the index.
    assert_eq!(fee(63_992, FeeRule::KYAN_OPTION), 199_975_000);
    assert_eq!(fee(64_000, FeeRule::KYAN_OPTION), 200_000_000);
    assert_eq!(fee(64_008, FeeRule::KYAN_OPTION), 200_000_000);
    assert_eq!(fee(10_000_000, FeeRule::KYAN_PERP), 100_000_000);
    // Up, for the fund: 2.5 x 0.01 x 400 ppm is 10 millionths; of one cent more, 12.5.
    assert_eq!(fee(1, FeeRule::OfNotional(rate(500))), 13);
}

#[test]
fn a_takeover_shares_out_the_equity() {
    for (equity, incentive, expected) in [
        (500, 200, (200, 0, 300)),
        (200, 200, (200, 0, 0)),
        (150, 200, (150, 0, 0)),
        (0, 200, (0, 0, 0)),
        (-70, 200, (0, 70, 0)),
        (500, -3, (0, 0, 500)),
    ] {
        let taken = take_over(equity, incentive).expect("a takeover");
        let got = (taken.to_fund, taken.loss, taken.to_owner);
        assert_eq!(got, expected, "{equity} {incentive}");
    }
    assert!(take_over(i128::MIN, 1).is_err() && shortfall(i128::MIN).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What the account loses is what the counterparty, the fund and nobody else gain; the fee
    /// never takes the account below zero; parts never cost less than the whole.
    #[test]
    fn a_fill_conserves_money(
        equity in -1_000_000_000i128..5_000_000_000,
        quantity in 1i128..50_000_000,
        mark in 0i128..500_000_000_000,
        above in 0i128..50_000_000_000,
        buys in any::<bool>(),
    ) {
        let side = if buys { Side::Long } else { Side::Short };
        let price = if buys { mark + above } else { (mark - above).max(1) };
        let fill = Fill { side, quantity, price, mark, index: 10_000_000_000_000 };
        let settled = fill.settle(equity, FeeRule::KYAN_OPTION, FINE).expect("a fill");
        prop_assert_eq!(equity - settled.incentive - settled.fee, settled.equity);
        prop_assert!(settled.fee >= 0 && settled.fee <= settled.nominal_fee);
        prop_assert!(settled.fee == 0 || settled.equity >= 0);
        prop_assert!(settled.fee == settled.nominal_fee || settled.equity <= 0);
        prop_assert_eq!(settled.shortfall, (-settled.equity).max(0));
        let half = Fill { quantity: quantity / 2, ..fill };
        let rest = Fill { quantity: quantity - quantity / 2, ..fill };
        let parts = half.incentive(FINE).expect("money") + rest.incentive(FINE).expect("money");
        prop_assert!((0..=1).contains(&(parts - settled.incentive)));
        let taken = take_over(settled.equity, above).expect("a takeover");
        prop_assert_eq!(taken.to_fund + taken.to_owner - taken.loss, settled.equity);
    }

    /// A later level never offers less, and a price never offers less than its level says.
    #[test]
    fn levels_never_offer_less(
        mark in 0i128..500_000_000_000,
        tick in 1i128..200_000_000,
        early in 0i64..1_400_000,
        later in 0i64..1_400_000,
    ) {
        let (ladder, index) = (Ladder::OPTIONS, 10_000_000_000_000i128);
        let (early, later) = (early.min(later), early.max(later));
        let offer = |at| {
            let rate = ladder.incentive(ladder.level(Duration(at))).expect("a rate");
            let limit = |side| limit_price(side, mark, index, rate, tick).expect("a price");
            (limit(Side::Long), limit(Side::Short), index * rate.raw() / 1_000_000)
        };
        let (buy, sell, incentive) = offer(early);
        prop_assert!(buy % tick == 0 && sell % tick == 0 && sell >= tick);
        prop_assert!(buy >= mark + incentive && buy < mark + incentive + tick);
        prop_assert!(sell <= (mark - incentive).max(tick));
        let (then_buy, then_sell, _) = offer(later);
        prop_assert!(then_buy >= buy && then_sell <= sell);
    }
}

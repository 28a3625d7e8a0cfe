//! Fees, funding and entry prices: worked numbers, and roundings by whom they favour.

use proptest::prelude::*;

use super::*;

fn text(ratio: &Ratio) -> String {
    ratio.to_text(30, Rounding::HalfEven).unwrap()
}

#[test]
fn trading_and_borrowing_fees_of_the_worked_examples() {
    let size: Notional<6> = "5000".parse().unwrap();
    let fee = |discount_e5, tier_e5| TradingFee {
        rate_e5: 100,
        discount_e5,
        tier_e5,
    };
    assert_eq!(text(&fee(0, 100_000).exact(size).unwrap()), "5");
    assert_eq!(fee(0, 100_000).on(size).unwrap().to_string(), "5");
    // 20 % discount, and a tier that pays 85 % of what is left.
    assert_eq!(text(&fee(20_000, 85_000).exact(size).unwrap()), "3.4");
    assert_eq!(fee(20_000, 85_000).on(size).unwrap().to_string(), "3.4");
    assert_eq!(fee(100_001, 0).on(size), Err(ArithmeticError::Overflow));
    // 50 hours at 0.01 % per hour.
    let held = Duration(180_000_000);
    assert_eq!(text(&borrowing_fee_exact(size, 100, held).unwrap()), "25");
    let grown = borrowing_index(7, 100, held) - 7;
    assert_eq!(borrowing_fee(size, grown.into()).unwrap().to_string(), "25");
}

#[test]
fn velocity_of_the_worked_example_halves_with_doubled_limits() {
    let demand = |limit: i128| Demand::<0> {
        long: Notional::from_raw(600),
        short: Notional::from_raw(200),
        max_long: Notional::from_raw(limit),
        max_short: Notional::from_raw(limit),
    };
    let params = FundingParams::default();
    assert_eq!(params.temp_max_rate_e15(), 10_000_000_000);
    assert_eq!(demand(2_000).skew_e5(), 10_000);
    assert_eq!(params.velocity(10_000, 0), 52_083_333);
    assert_eq!(demand(1_000).skew_e5(), 20_000);
    assert_eq!(params.velocity(20_000, 0), 93_750_000);
    // Truncation is toward zero on both sides.
    let unbiased = FundingParams {
        long_bias_e5: 0,
        ..params
    };
    assert_eq!(unbiased.velocity(1, 0), 4_166);
    assert_eq!(unbiased.velocity(-1, 0), -4_166);
    assert_eq!(demand(0).skew_e5(), 0, "no limits, no skew");
    assert_eq!(
        FundingParams {
            velocity_factor: 0,
            ..params
        }
        .velocity(1, 0),
        0
    );
}

#[test]
fn funding_moves_by_its_velocity_is_clamped_and_averages() {
    let start = Funding {
        rate_e15: 1_000,
        index_e15: 500,
        at: Timestamp(0),
    };
    let after = |hours: i64, velocity, max| start.at(Timestamp(hours * 3_600_000), velocity, max);
    assert_eq!(after(0, 100, 5_000), start);
    // Rate 1,000 -> 1,200 over two hours, 1,100 on average.
    let two = after(2, 100, 5_000);
    assert_eq!((two.rate_e15, two.index_e15), (1_200, 500 + 2_200));
    let clamped = after(2, 100, 1_050);
    assert_eq!((clamped.rate_e15, clamped.index_e15), (1_050, 500 + 2_050));
    let falling = after(2, -10_000, 3_000);
    assert_eq!((falling.rate_e15, falling.index_e15), (-3_000, 500 - 2_000));
    // A limit that fell below the rate pulls it in at once.
    assert_eq!(after(1, 0, 10).rate_e15, 10);
}

#[test]
fn time_and_numbers_without_bounds_saturate_and_never_panic() {
    let funding = Funding {
        rate_e15: i64::MAX,
        index_e15: i64::MAX,
        at: Timestamp(i64::MIN),
    };
    let end = funding.at(Timestamp::MAX, i128::MAX, i64::MAX);
    assert_eq!((end.rate_e15, end.index_e15), (i64::MAX, i64::MAX));
    let down = Funding {
        rate_e15: 0,
        index_e15: 0,
        at: Timestamp(0),
    };
    let down = down.at(Timestamp::MAX, i128::MIN, i64::MAX);
    assert_eq!((down.rate_e15, down.index_e15), (-i64::MAX, i64::MIN));
    assert_eq!(
        borrowing_index(i64::MAX, u32::MAX, Duration(i64::MAX)),
        i64::MAX
    );
    let params = FundingParams {
        volatility_factor: u32::MAX,
        temp_max_factor: u32::MAX,
        long_bias_e5: u32::MAX,
        velocity_factor: 1,
        max_rate_e15: i64::MAX,
    };
    assert_eq!(params.velocity(i128::MAX, i64::MIN), i128::MAX);
    assert_eq!(params.max_rate(), i64::MAX);
}

#[test]
fn slippage_is_floored_and_the_price_is_worse() {
    let slippage = slippage_e5::<0>(
        1_000,
        Notional::from_raw(1_000_000),
        Notional::from_raw(5_000),
        Amount::from_raw(2_000_000),
    );
    assert_eq!(slippage, Ok(501));
    let price: Price<2> = "100.01".parse().unwrap();
    assert_eq!(slipped(price, true, 501).unwrap().to_string(), "100.52");
    assert_eq!(slipped(price, false, 501).unwrap().to_string(), "99.5");
    assert_eq!(slipped(price, true, 0).unwrap(), price);
    let empty = slippage_e5::<0>(1, Notional::ZERO, Notional::from_raw(1), Amount::ZERO);
    assert_eq!(empty, Err(ArithmeticError::DivisionByZero));
}

#[test]
fn a_grown_position_conserves_its_quantity_or_takes_the_deployed_mean() {
    let growth = Growth::<0, 6> {
        size: Notional::from_raw(5_000),
        entry: "100".parse().unwrap(),
        added: Notional::from_raw(5_000),
        price: "200".parse().unwrap(),
    };
    let deployed = growth.entry_exact(EntryRule::Deployed).unwrap();
    assert_eq!(deployed.to_string(), "150/1");
    let conserving = growth.entry_exact(EntryRule::Conserving).unwrap();
    assert_eq!(conserving.to_string(), "400/3");
    let pnl = |entry: &Ratio| {
        let size = Notional::<0>::from_raw(10_000);
        text(&pnl_from_exact_entry(Side::Long, size, entry, growth.price).unwrap())
    };
    assert_eq!(pnl(&deployed), "3333.333333333333333333333333333333");
    assert_eq!(pnl(&conserving), "5000", "as before the increase");
    let entry = |rule, side| growth.entry(rule, side).unwrap().to_string();
    assert_eq!(entry(EntryRule::Conserving, Side::Long), "133.333334");
    assert_eq!(entry(EntryRule::Conserving, Side::Short), "133.333333");
    assert_eq!(entry(EntryRule::Deployed, Side::Long), "150");
}

proptest! {
    /// What the fee watch rests on: within the next hour the index moves by no more than the
    /// largest of the rates at both ends of it, per hour.
    #[test]
    fn an_index_never_outruns_the_rates_at_the_ends_of_the_hour(
        rate in -20_000i64..20_000, velocity in -100_000i128..100_000, max in 0i64..10_000,
        elapsed in 0i64..=3_600_000,
    ) {
        let start = Funding { rate_e15: rate, index_e15: 0, at: Timestamp(0) };
        let end = start.at(Timestamp(elapsed), velocity, max);
        let hour = start.at(Timestamp(3_600_000), velocity, max);
        let (low, high) = (rate.min(hour.rate_e15), rate.max(hour.rate_e15));
        let bound = |r: i64| i128::from(r) * i128::from(elapsed);
        let moved = i128::from(end.index_e15) * HOUR_MS;
        // A rate above its maximum is pulled in at once, so the end of a shorter stretch may
        // already be at the maximum; it is never beyond both ends.
        prop_assert!(moved <= bound(high).max(0) + HOUR_MS);
        prop_assert!(moved >= bound(low).min(0) - HOUR_MS);
    }

    #[test]
    fn a_conserving_entry_keeps_the_profit_and_its_rounding_never_favours_the_trader(
        size in 1i128..1 << 50, entry in 1i128..1 << 50, added in 1i128..1 << 50,
        price in 1i128..1 << 50, short in any::<bool>(),
    ) {
        let side = if short { Side::Short } else { Side::Long };
        let growth = Growth::<6, 18> {
            size: Notional::from_raw(size),
            entry: Price::from_raw(entry),
            added: Notional::from_raw(added),
            price: Price::from_raw(price),
        };
        let exact = growth.entry_exact(EntryRule::Conserving).unwrap();
        let before = crate::margin::isolated::Exposure::new(side, growth.size, growth.entry).unwrap();
        let total = growth.size.add(growth.added).unwrap();
        let after = pnl_from_exact_entry::<6, 18>(side, total, &exact, growth.price).unwrap();
        prop_assert_eq!(before.pnl(growth.price).unwrap(), after);
        let grid = growth.entry(EntryRule::Conserving, side).unwrap();
        let rounded = crate::margin::isolated::Exposure::new(side, total, grid).unwrap();
        prop_assert!(rounded.pnl(growth.price).unwrap().compare(&after).unwrap().is_le());
    }
}

//! The profit limit: worked numbers at its edges, and its laws.

use plimsoll_units::{Notional, Side};
use proptest::prelude::*;

use super::*;

type A = Amount<0>;

#[test]
fn settlements_of_the_worked_examples() {
    // tvl, pct, profit, fee, realised -> cap left, forced, credited, payout, excess, tvl after
    let check = |inputs: [i128; 4], pct, expected: (i128, bool, i128, i128, i128, i128)| {
        let [tvl, profit, fee, realised] = inputs.map(A::from_raw);
        let got = settle(tvl, pct, A::from_raw(1_000), profit, realised, fee).unwrap();
        let raw = (
            got.cap.raw(),
            got.forced,
            got.credited.raw(),
            got.payout.raw(),
            got.excess.raw(),
            got.tvl_after.raw(),
        );
        assert_eq!(raw, expected, "{inputs:?} at {pct}");
    };
    let m = 1_000_000;
    check(
        [m, 10_000, 5, 0],
        1_000,
        (10_000, false, 10_000, 10_995, 0, 990_000),
    );
    check(
        [m, 10_001, 5, 0],
        1_000,
        (10_000, true, 10_000, 10_995, 1, 990_000),
    );
    check(
        [m, 30_000, 5, 0],
        10_000,
        (100_000, false, 30_000, 30_995, 0, 970_000),
    );
    check(
        [m, 8_000, 5, 0],
        500,
        (5_000, true, 5_000, 5_995, 3_000, 995_000),
    );
    check([99, 1, 0, 0], 1_000, (0, true, 0, 1_000, 1, 99));
    check(
        [m, 1_500, 5, 9_000],
        1_000,
        (1_000, true, 1_000, 1_995, 500, 999_000),
    );
    // An empty vault forces out any profit and credits none; a loss is charged in full.
    check([0, 1, 0, 0], 1_000, (0, true, 0, 1_000, 1, 0));
    check([0, 0, 0, 0], 1_000, (0, false, 0, 1_000, 0, 0));
    check(
        [m, -400, 5, 0],
        1_000,
        (10_000, false, -400, 595, 0, 1_000_400),
    );
    // The limit fell below what was realised: forced out, nothing credited, nothing clawed back.
    check([m, 0, 0, 12_000], 1_000, (0, true, 0, 1_000, 0, m));
    check(
        [m, -1_999, 0, 12_000],
        1_000,
        (0, true, -1_999, -999, 0, 1_001_999),
    );
    check(
        [m, -2_000, 0, 12_000],
        1_000,
        (0, false, -2_000, -1_000, 0, 1_002_000),
    );
    // A loss realised before does not widen the limit.
    check(
        [m, 10_001, 0, -500],
        1_000,
        (10_000, true, 10_000, 11_000, 1, 990_000),
    );
}

#[test]
fn a_cascade_reads_the_vault_again_each_time() {
    let profits = [40_000, 25_000, 9_950, 9_000].map(A::from_raw);
    let steps =
        settle_in_order(A::from_raw(1_000_000), 1_000, A::from_raw(1_000), &profits).unwrap();
    let raw: Vec<_> = steps
        .iter()
        .map(|s| {
            (
                s.cap.raw(),
                s.forced,
                s.credited.raw(),
                s.excess.raw(),
                s.tvl_after.raw(),
            )
        })
        .collect();
    assert_eq!(
        raw,
        [
            (10_000, true, 10_000, 30_000, 990_000),
            (9_900, true, 9_900, 15_100, 980_100),
            (9_801, true, 9_801, 149, 970_299),
            // Not forced when its turn comes: it stays open and moves nothing.
            (9_702, false, 9_000, 0, 970_299),
        ]
    );
}

#[test]
fn limit_prices_of_the_worked_examples() {
    let check = |side, size: i128, expected: &str| {
        let entry = "2000".parse().unwrap();
        let exposure: Exposure<0, 18> =
            Exposure::new(side, Notional::from_raw(size), entry).unwrap();
        let price = limit_price(&exposure, A::from_raw(10_000), A::from_raw(30)).unwrap();
        assert_eq!(price.to_text(30, Rounding::HalfEven).unwrap(), expected);
    };
    check(Side::Long, 5_000, "6012");
    check(Side::Short, 50_000, "1598.8");
    // A short cannot win more than its size: no positive price forces it out.
    check(Side::Short, 5_000, "-2012");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_credited_stays_within_the_limit_and_the_books_balance(
        tvl in 0i128..1 << 80, pct in 1u32..=100_000, collateral in 0i128..1 << 60,
        open in -(1i128 << 80)..1 << 80, realised in -(1i128 << 80)..1 << 80, fee in 0i128..1 << 50,
    ) {
        let [t, c, o, r, f] = [tvl, collateral, open, realised, fee].map(A::from_raw);
        let got = settle(t, pct, c, o, r, f).unwrap();
        let limit = cap(t, pct).unwrap().raw();
        prop_assert!(got.credited.raw() <= limit && limit <= tvl);
        prop_assert!(got.credited.raw() + realised.max(0) <= limit.max(realised.max(0)) || open < 0);
        prop_assert_eq!(got.payout.raw() + got.excess.raw() + fee, collateral + open);
        prop_assert!(got.excess.raw() >= 0);
        // tvl_after >= tvl * (1 - pct)
        prop_assert!((got.tvl_after.raw()) * PCT_ONE >= tvl * (PCT_ONE - i128::from(pct)));
        if !got.forced && realised >= 0 {
            prop_assert_eq!(got.excess.raw(), 0, "an open position never has an excess");
        }
        prop_assert_eq!(got.forced, realised.max(0) + open > limit);
    }
}

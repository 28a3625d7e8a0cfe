//! Prices and greeks.

use expect_test::expect;
use proptest::prelude::*;

use super::super::{Black76, BlackScholes, OptionKind, PricingError};

const CALL: OptionKind = OptionKind::Call;
const PUT: OptionKind = OptionKind::Put;
const FAR_CALL: f64 = 3.765_755_167_492_444e-7;
const FURTHER_CALL: f64 = 7.792_683_562_730_246e-32;
const FAR_PUT: f64 = 9.555_353_575_124_035e-5;
const FURTHER_PUT: f64 = 7.860_911_321_665_311e-57;

/// An option on the spot without rates.
fn plain(kind: OptionKind, strike: f64, days: f64, vol: f64) -> BlackScholes {
    BlackScholes::new(kind, 100_000.0, strike, vol, days / 365.0, (0.0, 0.0)).expect("an option")
}

/// The reference marks and deltas of the venue's vectors (KY-01), computed by scipy.
#[test]
fn reference_marks_and_deltas() {
    for (kind, strike, days, vol, price, delta) in [
        (CALL, 100_000.0, 30.0, 0.60, 6_853.940_718, 0.534_269_704),
        (PUT, 100_000.0, 30.0, 0.60, 6_853.940_718, -0.465_730_296),
        (CALL, 110_000.0, 14.0, 0.58, 1_334.823_095, 0.217_029_244),
        (PUT, 90_000.0, 14.0, 0.66, 1_433.424_961, -0.189_500_12),
        (CALL, 130_000.0, 7.0, 0.70, 11.459_997, 0.003_930_231),
    ] {
        let greeks = plain(kind, strike, days, vol).greeks();
        assert!(
            (greeks.price - price).abs() < 1e-6,
            "{kind:?} {strike}: {greeks:?}"
        );
        assert!(
            (greeks.delta - delta).abs() < 1e-9,
            "{kind:?} {strike}: {greeks:?}"
        );
    }
}

fn refusal(input: [f64; 5]) -> String {
    let [forward, strike, vol, years, rate] = input;
    match Black76::new(CALL, forward, strike, vol, years, rate) {
        Ok(option) => format!("{:?}", option.price()),
        Err(error @ PricingError::Input { .. }) => error.to_string(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn bad_inputs_are_refused_with_their_value() {
    let good = [100.0, 100.0, 0.5, 0.25, 0.0];
    let mut seen = refusal(good) + "\n";
    for (place, bad) in [
        (0, f64::NAN),
        (0, 0.0),
        (1, -5.0),
        (1, f64::INFINITY),
        (2, -0.01),
        (2, 100.5),
        (3, -1.0),
        (3, f64::NAN),
        (4, 1.5),
    ] {
        let mut input = good;
        input[place] = bad;
        seen += &(refusal(input) + "\n");
    }
    expect![[r#"
        9.94764496602258
        the forward is NaN, but must be a number from 1e-12 to 1e12
        the forward is 0, but must be a number from 1e-12 to 1e12
        the strike is -5, but must be a number from 1e-12 to 1e12
        the strike is inf, but must be a number from 1e-12 to 1e12
        the volatility is -0.01, but must be a number from 0 to 100
        the volatility is 100.5, but must be a number from 0 to 100
        the time to expiry is -1, but must be a number of years from 0 to 100
        the time to expiry is NaN, but must be a number of years from 0 to 100
        the rate is 1.5, but must be a number from -1 to 1
    "#]]
    .assert_eq(&seen);
}

/// `price` and `delta` where nothing is uncertain: expired, or without volatility.
#[test]
fn nothing_uncertain_is_worth_its_intrinsic_value() {
    for (kind, forward, price, delta) in [
        (CALL, 110.0, 10.0, 1.0),
        (CALL, 100.0, 0.0, 0.5),
        (CALL, 90.0, 0.0, 0.0),
        (PUT, 110.0, 0.0, 0.0),
        (PUT, 100.0, 0.0, -0.5),
        (PUT, 90.0, 10.0, -1.0),
    ] {
        for (vol, years) in [(0.7, 0.0), (0.0, 0.5), (0.0, 0.0)] {
            let option = Black76::new(kind, forward, 100.0, vol, years, 0.0).expect("an option");
            let greeks = option.greeks();
            let case = format!("{kind:?} at {forward}, vol {vol}, {years} years: {greeks:?}");
            assert_eq!(greeks.price, price, "{case}");
            assert_eq!(option.price(), price, "{case}");
            assert_eq!(greeks.delta, delta, "{case}");
            assert_eq!((greeks.gamma, greeks.theta), (0.0, 0.0), "{case}");
            assert!(greeks.vega >= 0.0 && greeks.rho.is_finite(), "{case}");
        }
    }
}

/// Far out of the money a price is a difference of two tails. The values are exact to all digits
/// shown: mpmath, 60 digits.
#[test]
fn far_tails_keep_their_digits() {
    for (kind, strike, vol, years, expected) in [
        (CALL, 300_000.0, 0.6, 30.0 / 365.0, FAR_CALL),
        (CALL, 140_000.0, 0.2, 7.0 / 365.0, FURTHER_CALL),
        (PUT, 40_000.0, 0.6, 30.0 / 365.0, FAR_PUT),
        (PUT, 80_000.0, 0.1, 7.0 / 365.0, FURTHER_PUT),
    ] {
        let option = Black76::new(kind, 100_000.0, strike, vol, years, 0.0).expect("an option");
        let off = (option.price() / expected - 1.0).abs();
        assert!(off < 1e-10, "{kind:?} {strike}: off by {off:e}");
    }
}

#[test]
fn absurd_but_possible_inputs_stay_finite() {
    let extremes = [1e-12, 1.0, 1e12];
    for forward in extremes {
        for strike in extremes {
            for vol in [0.0, 1e-9, 100.0] {
                for years in [0.0, 1e-9, 100.0] {
                    for kind in [CALL, PUT] {
                        let option = Black76::new(kind, forward, strike, vol, years, 0.0);
                        let greeks = option.expect("within range").greeks();
                        let all = [
                            greeks.price,
                            greeks.delta,
                            greeks.gamma,
                            greeks.vega,
                            greeks.theta,
                            greeks.rho,
                        ];
                        let case = format!("{kind:?} {forward} {strike} {vol} {years}: {all:?}");
                        assert!(all.iter().all(|g| g.is_finite()), "{case}");
                        let most = if kind == CALL { forward } else { strike };
                        assert!((0.0..=most).contains(&greeks.price), "{case}");
                    }
                }
            }
        }
    }
}

fn any_kind() -> impl Strategy<Value = OptionKind> {
    prop_oneof![Just(CALL), Just(PUT)]
}

/// Forward 1000, a strike around it, and markets as they are.
fn any_option() -> impl Strategy<Value = (OptionKind, f64, f64, f64)> {
    (any_kind(), 300.0..3_000.0, 0.05..3.0, 0.002..2.0)
}

fn value(kind: OptionKind, forward: f64, strike: f64, vol: f64, years: f64) -> f64 {
    Black76::new(kind, forward, strike, vol, years, 0.0)
        .expect("an option")
        .price()
}

/// A central difference.
fn slope(at: f64, step: f64, of: impl Fn(f64) -> f64) -> f64 {
    (of(at + step) - of(at - step)) / (2.0 * step)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn put_call_parity((_, strike, vol, years) in any_option()) {
        let call = value(CALL, 1_000.0, strike, vol, years);
        let put = value(PUT, 1_000.0, strike, vol, years);
        prop_assert!((call - put - (1_000.0 - strike)).abs() < 1e-9, "{call} {put}");
    }

    /// In the strike: monotone, and a butterfly costs no less than nothing.
    #[test]
    fn prices_are_monotone_and_convex_in_the_strike((kind, strike, vol, years) in any_option()) {
        let [low, middle, high] = [strike * 0.98, strike, strike * 1.02]
            .map(|strike| value(kind, 1_000.0, strike, vol, years));
        match kind {
            CALL => prop_assert!(low >= middle && middle >= high),
            PUT => prop_assert!(low <= middle && middle <= high),
        }
        prop_assert!(low + high >= 2.0 * middle - 1e-9);
    }

    #[test]
    fn prices_grow_with_volatility_and_time((kind, strike, vol, years) in any_option()) {
        let price = value(kind, 1_000.0, strike, vol, years);
        // Deep in the money the growth is less than the last digit.
        let least = price - 1e-9;
        prop_assert!(value(kind, 1_000.0, strike, vol * 1.01, years) >= least);
        prop_assert!(value(kind, 1_000.0, strike, vol, years * 1.01) >= least);
    }

    #[test]
    fn greeks_are_the_slopes_of_the_price(
        (kind, strike, vol, years) in any_option(),
        rate in -0.2..0.2,
        yield_rate in -0.2..0.2,
    ) {
        let at = |spot: f64, vol: f64, years: f64, rate: f64| {
            BlackScholes::new(kind, spot, strike, vol, years, (rate, yield_rate))
                .expect("an option")
        };
        let (spot, base) = (1_000.0, at(1_000.0, vol, years, rate).greeks());
        let close = |what: &str, greek: f64, slope: f64, scale: f64| {
            let apart = (greek - slope).abs();
            prop_assert!(apart < 1e-5 * scale.max(slope.abs()), "{what}: {greek} {slope}");
            Ok(())
        };
        close("delta", base.delta, slope(spot, 1e-3, |s| at(s, vol, years, rate).price()), 1.0)?;
        let gamma = slope(spot, 1e-2, |s| at(s, vol, years, rate).greeks().delta);
        close("gamma", base.gamma, gamma, 1e-2)?;
        close("vega", base.vega, slope(vol, 1e-5, |v| at(spot, v, years, rate).price()), 100.0)?;
        let theta = -slope(years, 1e-6, |t| at(spot, vol, t, rate).price());
        close("theta", base.theta, theta, 100.0)?;
        close("rho", base.rho, slope(rate, 1e-5, |r| at(spot, vol, years, r).price()), 100.0)?;
    }

    /// On a forward that is held, delta and rho are other slopes.
    #[test]
    fn forward_greeks_hold_the_forward((kind, strike, vol, years) in any_option(), rate in -0.2..0.2) {
        let at = |forward: f64, years: f64, rate: f64| {
            Black76::new(kind, forward, strike, vol, years, rate).expect("an option")
        };
        let base = at(1_000.0, years, rate).greeks();
        let delta = slope(1_000.0, 1e-3, |f| at(f, years, rate).price());
        let rho = slope(rate, 1e-5, |r| at(1_000.0, years, r).price());
        let theta = -slope(years, 1e-6, |t| at(1_000.0, t, rate).price());
        prop_assert!((base.delta - delta).abs() < 1e-5);
        prop_assert!((base.rho - rho).abs() < 1e-5 * rho.abs().max(100.0));
        prop_assert!((base.theta - theta).abs() < 1e-5 * theta.abs().max(100.0));
    }
}

//! Implied volatility: back from prices, and beside `implied-vol`, which computes with the
//! platform's functions.

use expect_test::expect;
use implied_vol::{DefaultSpecialFn, ImpliedBlackVolatility};
use proptest::prelude::*;

use super::super::{Black76, OptionKind, implied};

fn price(kind: OptionKind, strike: f64, vol: f64, years: f64) -> f64 {
    Black76::new(kind, 1_000.0, strike, vol, years, 0.0)
        .expect("an option")
        .price()
}

fn peer(call: bool, price: f64, strike: f64, years: f64) -> Option<f64> {
    ImpliedBlackVolatility::builder()
        .option_price(price)
        .forward(1_000.0)
        .strike(strike)
        .expiry(years)
        .is_call(call)
        .build()?
        .calculate::<DefaultSpecialFn>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Out of the money, where a price has all its digits, they agree to nearly all of them.
    #[test]
    fn agrees_with_the_peer(strike in 200.0..5_000.0, vol in 0.02..4.0, years in 0.003..2.0) {
        let call = strike > 1_000.0;
        let kind = if call { OptionKind::Call } else { OptionKind::Put };
        let price = price(kind, strike, vol, years);
        prop_assume!(price > 1e-250);
        let ours = implied::vol(kind, price, 1_000.0, strike, years).expect("a volatility");
        let theirs = peer(call, price, strike, years).expect("a volatility");
        prop_assert!((ours / theirs - 1.0).abs() < 1e-10, "{ours} {theirs} from {vol}");
        prop_assert!((ours / vol - 1.0).abs() < 1e-9, "{ours} from {vol}");
    }
}

#[test]
fn prices_that_no_volatility_gives_are_refused() {
    let mut seen = String::new();
    for (kind, price, strike, years) in [
        (OptionKind::Call, 50.0, 1_000.0, 0.25),
        (OptionKind::Call, 0.0, 1_000.0, 0.25),
        (OptionKind::Call, 99.0, 900.0, 0.25),
        (OptionKind::Put, 1_000.0, 1_000.0, 0.25),
        (OptionKind::Put, f64::NAN, 1_000.0, 0.25),
        (OptionKind::Put, 50.0, -1.0, 0.25),
        (OptionKind::Put, 50.0, 1_000.0, 0.0),
        (OptionKind::Call, 999.0, 1_000.0, 1e-6),
    ] {
        let said = match implied::vol(kind, price, 1_000.0, strike, years) {
            Ok(vol) => format!("{vol:.9}"),
            Err(error) => error.to_string(),
        };
        seen.push_str(&format!("{kind:?} {strike} at {price}: {said}\n"));
    }
    expect![[r#"
        Call 1000 at 50: 0.250827112
        Call 1000 at 0: the option's time value is 0, but must be above zero and below both forward and strike
        Call 900 at 99: the option's time value is -1, but must be above zero and below both forward and strike
        Put 1000 at 1000: the option's time value is 1000, but must be above zero and below both forward and strike
        Put 1000 at NaN: the option's time value is NaN, but must be above zero and below both forward and strike
        Put -1 at 50: the strike is -1, but must be a price above zero
        Put 1000 at 50: the time to expiry is 0, but must be above zero
        Call 1000 at 999: the implied volatility is 6581.053462983726, but must be at most 100
    "#]].assert_eq(&seen);
}

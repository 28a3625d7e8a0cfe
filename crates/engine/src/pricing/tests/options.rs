//! Prices and greeks.

use expect_test::expect;

use super::super::{Black76, BlackScholes, OptionKind, PricingError};

const CALL: OptionKind = OptionKind::Call;
const PUT: OptionKind = OptionKind::Put;

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

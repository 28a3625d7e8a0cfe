//! Risk arrays and their sums.

use plimsoll_units::{Price, Timestamp};

use super::super::risk::Market;
use super::super::{Contract, Grid, Leg, OptionKind, RiskArrays, Unit, Vol, VolShock};

const NOW: i64 = 1_770_000_000_000;

fn price(units: i128) -> Price<8> {
    Price::from_int(units).expect("a price")
}

/// An option by days to expiry and volatility in hundredths.
fn option(kind: OptionKind, strike: i128, hours: i64, vol_percent: i128) -> Unit {
    let expiry = Timestamp(NOW + hours * 3_600_000);
    Unit {
        contract: Contract::Option {
            kind,
            strike: price(strike),
            expiry,
        },
        vol: Vol::from_raw(vol_percent * 10_i128.pow(13)),
        forward: None,
    }
}

fn market() -> Market {
    Market {
        index: price(100_000),
        now: Timestamp(NOW),
        rate: Vol::ZERO,
    }
}

fn krm(units: &[Unit]) -> RiskArrays {
    RiskArrays::new(&Grid::krm_43(), &VolShock::KRM, &market(), units).expect("arrays")
}

/// Quantities in hundredths of a contract.
fn legs(quantities: &[i64]) -> Vec<Leg> {
    let leg = |(at, quantity): (usize, &i64)| Leg {
        instrument: at as u32,
        quantity: *quantity,
    };
    quantities.iter().enumerate().map(leg).collect()
}

/// KY-04: a short straddle in all 43 scenarios.
#[test]
fn short_straddle_in_every_scenario() {
    let expected = [
        -3254.8101,
        -4845.7813,
        -9299.2331,
        -341.3354,
        -2566.4278,
        -7894.9318,
        1843.4892,
        -963.3228,
        -7014.9851,
        3127.4486,
        -101.3735,
        -6661.5707,
        3421.4278,
        0.0,
        -6822.3281,
        2735.286,
        -635.0886,
        -7473.0176,
        1164.6505,
        -1947.5332,
        -8580.5451,
        -1140.9822,
        -3855.1477,
        -10105.9698,
        -4014.0374,
        -6264.8693,
        -12007.2297,
        -12550.1085,
        -12550.1311,
        -9305.6389,
        -9784.1167,
        -11655.0542,
        -12113.0681,
        -13806.7876,
        -13819.5893,
        -14903.3695,
        -14903.3852,
        -15259.3699,
        -15259.37,
        -15451.6847,
        -15451.6847,
        -15561.3478,
        -15561.3478,
    ];
    let units = [
        option(OptionKind::Call, 100_000, 720, 60),
        option(OptionKind::Put, 100_000, 720, 60),
    ];
    let arrays = krm(&units);
    let pnl = arrays.pnl(&legs(&[-100, -100])).expect("a sum");
    assert_eq!(pnl.0.len(), 43);
    for (scenario, (ours, theirs)) in pnl.0.iter().zip(expected).enumerate() {
        let ours = *ours as f64 / 1e10;
        assert!((ours - theirs).abs() < 1e-4, "{scenario}: {ours} {theirs}");
    }
    assert_eq!(
        pnl.worst(),
        arrays.worst(&legs(&[-100, -100])).expect("a sum")
    );
}

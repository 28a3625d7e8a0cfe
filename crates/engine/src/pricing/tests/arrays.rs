//! Risk arrays and their sums.

use expect_test::expect;
use plimsoll_units::{Price, Timestamp};
use proptest::prelude::*;

use super::super::risk::Vol;
use super::super::{
    Black76, Contract, Forward, Grid, Leg, Market, OptionKind, PricingError, RiskArrays, Scenario,
    Unit, VolShock,
};

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

const PERP: Unit = Unit {
    contract: Contract::Perp,
    vol: Vol::ZERO,
    forward: None,
};

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

/// KY-06: two short calls against half a put, twelve hours before expiry.
#[test]
fn hours_before_expiry() {
    let units = [
        option(OptionKind::Call, 101_000, 12, 70),
        option(OptionKind::Put, 101_000, 12, 70),
    ];
    let (arrays, legs) = (krm(&units), legs(&[-200, 50]));
    let value = arrays.value(&legs).expect("a value") as f64 / 1e10;
    let delta = arrays.net_delta(&legs).expect("a delta") as f64 / 1e14;
    let worst = arrays.worst(&legs).expect("a worst scenario");
    assert!((value - -421.599_632).abs() < 1e-6, "{value}");
    assert!((delta - -1.032_918).abs() < 1e-6, "{delta}");
    assert!(
        (worst.loss as f64 / 1e10 - 31_922.508_812).abs() < 1e-4,
        "{worst:?}"
    );
    assert_eq!(worst.scenario, 41);
}

/// KY-08: a long call and a short put are a forward, and a short perpetual cancels it.
#[test]
fn synthetic_is_linear_and_its_hedge_cancels_it() {
    let units = [
        option(OptionKind::Call, 100_000, 720, 60),
        option(OptionKind::Put, 100_000, 720, 60),
        PERP,
    ];
    let arrays = krm(&units);
    let naked = arrays.worst(&legs(&[100, -100, 0])).expect("a sum");
    assert_eq!(naked.scenario, 0);
    assert!(
        (naked.loss as f64 / 1e10 - 16_000.0).abs() < 1e-6,
        "{naked:?}"
    );
    let hedged = arrays.worst(&legs(&[100, -100, -100])).expect("a sum");
    // Three roundings to the eighth decimal.
    assert!(hedged.loss <= 3 * 100, "{hedged:?}");
}

/// A perpetual's array is exact, and of equal losses the first scenario is the worst one.
#[test]
fn perpetual_loses_what_the_index_moves() {
    let arrays = krm(&[PERP]);
    let row = arrays.row(0).expect("a row");
    assert_eq!(row[0], -1_600_000_000_000);
    assert_eq!(row[13], 0);
    assert_eq!(row[27], -1_584_000_000_000, "66 % at a weight of 0.24");
    assert_eq!(arrays.delta(0), Ok(1_000_000_000_000));
    assert_eq!(arrays.mark(0), Ok(10_000_000_000_000));
    assert_eq!(arrays.worst(&legs(&[100])).expect("a sum").scenario, 0);
    assert_eq!(arrays.worst(&legs(&[-100])).expect("a sum").scenario, 24);
    let flat = arrays.worst(&legs(&[0])).expect("a sum");
    assert_eq!((flat.loss, flat.scenario), (0, 0));
}

/// The reference that a scenario set is meant to be: each leg priced anew in each scenario.
fn naive(grid: &Grid, units: &[Unit], quantities: &[i64]) -> Vec<f64> {
    let price = |unit: &Unit, factor: f64, multiplier: Option<super::super::VolMove>| {
        let Contract::Option {
            kind,
            strike,
            expiry,
        } = unit.contract
        else {
            return 100_000.0 * factor;
        };
        let tenor = expiry.millis() - NOW;
        let vol = unit.vol.raw() as f64 / 1e15;
        let vol = vol * multiplier.map_or(1.0, |m| VolShock::KRM.multiplier(m, tenor));
        let (strike, years) = (strike.raw() as f64 / 1e8, tenor as f64 / 31_536_000_000.0);
        let option = Black76::new(kind, 100_000.0 * factor, strike, vol, years, 0.0);
        option.expect("an option").price()
    };
    let scenario = |scenario: &super::super::Scenario| {
        let unit_profit = |unit: &Unit| {
            let shocked = price(unit, scenario.spot_factor(), Some(scenario.vol));
            scenario.weight() * (shocked - price(unit, 1.0, None))
        };
        units
            .iter()
            .zip(quantities)
            .map(|(unit, quantity)| *quantity as f64 / 100.0 * unit_profit(unit))
            .sum()
    };
    grid.scenarios().iter().map(scenario).collect()
}

fn any_unit() -> impl Strategy<Value = Unit> {
    let option = (any::<bool>(), 50i128..200, 1i64..9_000, 20i128..200).prop_map(
        |(call, strike, hours, vol)| {
            let kind = if call {
                OptionKind::Call
            } else {
                OptionKind::Put
            };
            option(kind, strike * 1_000, hours, vol)
        },
    );
    prop_oneof![9 => option, 1 => Just(PERP)]
}

fn any_book() -> impl Strategy<Value = (Vec<Unit>, Vec<i64>)> {
    proptest::collection::vec((any_unit(), -10_000i64..10_000), 1..12)
        .prop_map(|book| book.into_iter().unzip())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn sums_of_arrays_are_repricings((units, quantities) in any_book()) {
        let grid = Grid::krm_43();
        let pnl = krm(&units).pnl(&legs(&quantities)).expect("a sum");
        for (ours, theirs) in pnl.0.iter().zip(naive(&grid, &units, &quantities)) {
            let ours = *ours as f64 / 1e10;
            prop_assert!((ours - theirs).abs() < 1e-5, "{ours} {theirs}");
        }
    }

    /// Not close: equal, to the last digit, in 64 bits and in 128.
    #[test]
    fn the_order_of_legs_changes_nothing(
        (units, quantities) in any_book(),
        turn in 0usize..12,
        scale in prop_oneof![Just(1i64), Just(1_000_000_000)],
    ) {
        let arrays = krm(&units);
        let scaled: Vec<i64> = quantities.iter().map(|q| q * scale).collect();
        let straight = legs(&scaled);
        let mut turned = straight.clone();
        turned.reverse();
        let places = turned.len();
        turned.rotate_left(turn % places);
        let pnl = arrays.pnl(&straight).expect("a sum");
        prop_assert_eq!(&arrays.pnl(&turned).expect("a sum"), &pnl);
        prop_assert_eq!(arrays.worst(&turned).expect("a sum"), pnl.worst());
        prop_assert_eq!(arrays.value(&turned), arrays.value(&straight));
        prop_assert_eq!(arrays.net_delta(&turned), arrays.net_delta(&straight));
        // Scaled up, the 128-bit sums are the 64-bit ones, scaled.
        let once = arrays.pnl(&legs(&quantities)).expect("a sum");
        let times: Vec<i128> = once.0.iter().map(|p| p * i128::from(scale)).collect();
        prop_assert_eq!(times, pnl.0);
    }
}

/// Just inside the proof of 64 bits, just outside, and the largest quantities there are.
#[test]
fn huge_quantities_are_summed_in_128_bits() {
    let arrays = krm(&[PERP]);
    let peak = 1_600_000_000_000i64;
    for quantity in [i64::MAX / peak, i64::MAX / peak + 1, i64::MAX, i64::MIN] {
        let pnl = arrays.pnl(&legs(&[quantity])).expect("a sum");
        let expected = i128::from(quantity) * -i128::from(peak);
        assert_eq!(pnl.0[0], expected, "{quantity}");
        assert_eq!(arrays.worst(&legs(&[quantity])), Ok(pnl.worst()));
    }
}

#[test]
fn bad_units_and_grids_are_refused() {
    let mut seen = String::new();
    let mut note = |what: &str, result: Result<RiskArrays, PricingError>| {
        let said = result.map_or_else(|e| e.to_string(), |a| format!("{} arrays", a.len()));
        seen.push_str(&format!("{what}: {said}\n"));
    };
    let call = option(OptionKind::Call, 100_000, 24, 60);
    let (grid, shock) = (Grid::krm_43(), VolShock::KRM);
    let arrays = |market: Market, unit: Unit| RiskArrays::new(&grid, &shock, &market, &[unit]);
    note("good", arrays(market(), call));
    let mut expired = market();
    expired.now = Timestamp(NOW + 86_400_001);
    note("expired", arrays(expired, call));
    note(
        "no index",
        arrays(
            Market {
                index: Price::ZERO,
                ..market()
            },
            call,
        ),
    );
    note(
        "no strike",
        arrays(market(), option(OptionKind::Call, 0, 24, 60)),
    );
    note(
        "absurd vol",
        arrays(market(), option(OptionKind::Call, 100_000, 24, 20_000)),
    );
    let negative = Vol::from_raw(-1);
    note(
        "negative vol",
        arrays(
            market(),
            Unit {
                vol: negative,
                ..call
            },
        ),
    );
    let forward = Some(Forward {
        moving: Price::from_raw(-1),
        fixed: Price::ZERO,
    });
    note(
        "negative forward",
        arrays(market(), Unit { forward, ..call }),
    );
    let index = price(900_000_000_000);
    note("huge index", arrays(Market { index, ..market() }, PERP));
    let steep = VolShock {
        up_e6: 10_000_001,
        ..VolShock::KRM
    };
    note(
        "steep shock",
        RiskArrays::new(&grid, &steep, &market(), &[call]),
    );
    let floor = VolShock {
        floor_millis: 0,
        ..VolShock::KRM
    };
    note(
        "no floor",
        RiskArrays::new(&grid, &floor, &market(), &[call]),
    );
    let mut scenario = grid.scenarios()[0];
    let mut refused = |what: &str, scenarios: Vec<Scenario>| {
        let error = Grid::new(scenarios).expect_err("refused");
        seen.push_str(&format!("{what}: {error}\n"));
    };
    refused("empty", Vec::new());
    refused("many", vec![scenario; 65]);
    scenario.spot_e6 = -1_000_000;
    refused("to zero", vec![grid.scenarios()[0], scenario]);
    scenario = Scenario {
        spot_e6: 0,
        weight_e6: 0,
        ..scenario
    };
    refused("weightless", vec![scenario]);
    let arrays = krm(&[PERP]);
    for error in [
        arrays
            .pnl(&[Leg {
                instrument: 1,
                quantity: 1,
            }])
            .map(|_| ()),
        arrays
            .worst(&[Leg {
                instrument: u32::MAX,
                quantity: 0,
            }])
            .map(|_| ()),
        arrays.delta(7).map(|_| ()),
    ] {
        seen.push_str(&format!("{}\n", error.expect_err("unknown")));
    }
    expect![[r#"
        good: 1 arrays
        expired: the time to expiry is -0.000000000031709791983764586, but must be not in the past
        no index: the index is 0, but must be a price above zero
        no strike: the strike is 0, but must be a number from 1e-12 to 1e12
        absurd vol: the volatility is 200, but must be a number from 0 to 100
        negative vol: the volatility is -0.000000000000001, but must be a number from 0 to 100
        negative forward: the forward's moving part is -0.000000000000000001, but must be not negative
        huge index: a perpetual's profit of -144000000000 does not fit 8 decimals in 64 bits
        steep shock: the volatility shock up is 10.000001, but must be at most 10
        no floor: the floor of the tenor in days is 0, but must be above 0 and at most 400
        empty: scenario 0: a set needs at least one scenario
        many: scenario 64: a set has at most 64 scenarios
        to zero: scenario 1: the spot must stay above zero and within a hundredfold
        weightless: scenario 0: the weight must be above zero and at most ten
        instrument 1 is not among the 1 that are priced
        instrument 4294967295 is not among the 1 that are priced
        instrument 7 is not among the 1 that are priced
    "#]].assert_eq(&seen);
}

/// The shipped sets are the published ones: sizes, ends, and the order in which ties are broken.
#[test]
fn shipped_scenario_sets() {
    let show = |grid: &Grid, at: usize| {
        let s = grid.scenarios()[at];
        format!("{} {:?} {}", s.spot_e6, s.vol, s.weight_e6)
    };
    let mut seen = String::new();
    for (name, grid) in [
        ("KRM-43", Grid::krm_43()),
        ("PMRM", Grid::pmrm()),
        ("PMRM's tests", Grid::pmrm_test()),
        ("PMRM_2 without skew", Grid::pmrm_2()),
    ] {
        // A shipped set passes its own checks.
        assert_eq!(Grid::new(grid.scenarios().to_vec()).as_ref(), Ok(&grid));
        let last = grid.len() - 1;
        let ends = [0, 1, last].map(|at| show(&grid, at)).join(", ");
        seen.push_str(&format!("{name}: {} scenarios: {ends}\n", grid.len()));
    }
    expect![[r#"
        KRM-43: 43 scenarios: -160000 Down 1000000, -160000 None 1000000, 5000000 Up 32000
        PMRM: 23 scenarios: 200000 Up 1000000, 150000 Up 1000000, -200000 Up 1000000
        PMRM's tests: 21 scenarios: 150000 Up 1000000, 150000 None 1000000, -150000 Down 1000000
        PMRM_2 without skew: 31 scenarios: 180000 Up 1000000, 135000 Up 1000000, 5000000 Up 27720
    "#]]
    .assert_eq(&seen);
}

/// The same integers on every machine: a change of these is a change of every venue's margins, and
/// a difference between two machines is a bug of this room.
#[test]
fn arrays_are_the_same_on_every_machine() {
    let units: Vec<Unit> = (0..60)
        .map(|at| {
            let kind = [OptionKind::Call, OptionKind::Put][at as usize % 2];
            option(
                kind,
                40_000 + 3_000 * i128::from(at),
                5 + 97 * at,
                31 + i128::from(at),
            )
        })
        .collect();
    let arrays = krm(&units);
    let mut hash = blake3::Hasher::new();
    for instrument in 0..60 {
        for cell in arrays.row(instrument).expect("a row") {
            hash.update(&cell.to_le_bytes());
        }
        for quote in [
            arrays.mark(instrument),
            arrays.delta(instrument),
            arrays.vega(instrument),
        ] {
            hash.update(&quote.expect("a quote").to_le_bytes());
        }
    }
    expect!["d391cdb343cff7cf2a0de4973706699609eb5836b4272f83c0ce3a56e13c37e8"]
        .assert_eq(&hash.finalize().to_hex());
}

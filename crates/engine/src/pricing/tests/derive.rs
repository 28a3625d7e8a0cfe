//! Derive's model against the numbers of its published integration tests
//! (`liquidationTests.json` of derivexyz/v2-core).

use plimsoll_units::{Amount, Price, Rate, Timestamp};

use super::super::pmrm::{Expiry, Feeds, Holdings, Listed, Margins, Parameters, Pmrm};
use super::super::{Forward, Leg, OptionKind};

const ONE: i128 = 1_000_000_000_000_000_000;

/// One option on a spot of 1500, `seconds` before its expiry, with vol and forward raw.
fn model(seconds: i64, vol: i128, forward: i128) -> Pmrm {
    let feeds = Feeds {
        now: Timestamp(0),
        spot: Price::from_raw(1_500 * ONE),
        perp: Price::from_raw(1_505 * ONE),
        stable: Price::ONE,
        confidence: Rate::ONE,
    };
    let expiry = Expiry {
        at: Timestamp(seconds * 1_000),
        forward: Forward {
            moving: Price::from_raw(forward),
            fixed: Price::ZERO,
        },
        rate: Rate::from_raw(40_000_000_000_000),
        confidence: Rate::ONE,
    };
    let listed = |kind, strike| Listed {
        kind,
        strike: Price::from_int(strike).expect("a strike"),
        expiry: 0,
        vol: Rate::from_raw(vol / 1_000),
    };
    let options = [
        listed(OptionKind::Call, 1_500),
        listed(OptionKind::Put, 1_500),
        listed(OptionKind::Call, 1_600),
    ];
    Pmrm::new(Parameters::defaults(), feeds, &[expiry], &options).expect("a model")
}

const TEST_1: (i64, i128, i128) = (
    500_400,
    1_047_884_494_084_986_240,
    1_500_833_279_310_993_817_600,
);
const CASH: i128 = 198_677_915_369_834_676_224;

fn leg(instrument: u32, quantity: i64) -> Leg {
    Leg {
        instrument,
        quantity,
    }
}

/// Quantities with 15 decimals.
fn held(options: &[Leg], cash: i128) -> Holdings<'_> {
    Holdings {
        options,
        perp: 0,
        base: 0,
        decimals: 15,
        cash: Amount::from_raw(cash),
        perp_value: Amount::ZERO,
    }
}

fn check(margins: &Margins, mark_to_market: f64, maintenance: f64) {
    let ours = margins.mark_to_market.raw() as f64 / 1e18;
    assert!(
        (ours - mark_to_market).abs() < 1e-10,
        "{ours} {mark_to_market}"
    );
    let ours = margins.maintenance.raw() as f64 / 1e18;
    assert!((ours - maintenance).abs() < 1e-10, "{ours} {maintenance}");
}

/// Test1: before the auction, and after 55.79 % of it were taken for 65.23.
#[test]
fn published_short_call() {
    let (seconds, vol, forward) = TEST_1;
    let model = model(seconds, vol, forward);
    let before = [leg(0, -1_000_000_000_000_000)];
    let margins = model.margins(&held(&before, CASH)).expect("margins");
    check(&margins, 119.306_330_180_774_72, -103.090_619_490_529_65);
    assert!(margins.initial < margins.maintenance);

    let taken = 557_941_285_425_569i64;
    let after = [leg(0, taken - 1_000_000_000_000_000)];
    let left = 1.0 - 0.557_941_285_425_569_4;
    let cash = (CASH as f64 / 1e18 * left + 65.234_608_676_059_47) * 1e18;
    let margins = model.margins(&held(&after, cash as i128)).expect("margins");
    check(&margins, 117.975_011_636_365_35, 19.662_501_939_394_22);
}

/// Test2: 5 % taken for 5.846.
#[test]
fn published_partial_bid() {
    let (seconds, vol, forward) = TEST_1;
    let after = [leg(0, -950_000_000_000_000)];
    let cash = CASH * 95 / 100 + 5_846_010_178_857_961_472;
    let margins = model(seconds, vol, forward)
        .margins(&held(&after, cash))
        .expect("margins");
    check(&margins, 119.187_023_850_593_94, -92.090_078_337_145_21);
}

/// Test3: thirty seconds later.
#[test]
fn published_a_little_later() {
    let before = [leg(0, -1_000_000_000_000_000)];
    let model = model(
        500_370,
        1_047_884_508_458_193_792,
        1_500_833_229_340_328_329_216,
    );
    let margins = model.margins(&held(&before, CASH)).expect("margins");
    check(&margins, 119.308_718_797_352_44, -103.087_867_828_868_84);
}

/// A short call is covered by a long put at the same strike, not by a call at another.
#[test]
fn naked_shorts_are_counted_by_strike() {
    let (seconds, vol, forward) = TEST_1;
    let model = model(seconds, vol, forward);
    let one = 1_000_000_000_000_000;
    let span = |options: &[Leg]| {
        let margins = model.margins(&held(options, 0)).expect("margins");
        (margins.maintenance.raw() - margins.mark_to_market.raw()) as f64 / 1e18
    };
    // A synthetic forward: what the perpetual would lose, and no charge for the short leg.
    let synthetic = span(&[leg(0, -one), leg(1, one)]);
    let moved = -1_500.833_279_310_993_8 * 0.15;
    assert!((synthetic - moved).abs() < 1e-9, "{synthetic} {moved}");
    // With a call at another strike the short one is naked: 1 % of the spot.
    let spread = span(&[leg(0, -one), leg(2, one)]);
    let covered = span(&[leg(0, -one), leg(1, one), leg(2, one), leg(1, -one)]);
    assert!(spread < -15.0 && spread == covered, "{spread} {covered}");
    // The order of legs changes nothing.
    let spread = [leg(0, -one), leg(2, one), leg(1, -2 * one)];
    let mut turned = spread;
    turned.rotate_left(1);
    assert_eq!(
        model.margins(&held(&spread, 0)),
        model.margins(&held(&turned, 0))
    );
    let unknown = [leg(3, one)];
    assert!(model.margins(&held(&unknown, 0)).is_err());
}

/// Cash alone needs no margin; perpetuals and base move against each other.
#[test]
fn linear_positions() {
    let (seconds, vol, forward) = TEST_1;
    let model = model(seconds, vol, forward);
    let flat = model.margins(&held(&[], 7 * ONE)).expect("margins");
    assert_eq!(flat.mark_to_market, Amount::from_raw(7 * ONE));
    assert_eq!(
        (flat.maintenance, flat.initial),
        (flat.mark_to_market, flat.mark_to_market)
    );
    let long = Holdings {
        perp: 2_000_000_000_000_000,
        ..held(&[], 0)
    };
    let margins = model.margins(&long).expect("margins");
    // 15 % of two perpetuals at 1505, and 2 % of two spots.
    assert_eq!(
        margins.maintenance,
        Amount::from_raw(-(451_500 + 60_000) * ONE / 1_000)
    );
    assert_eq!(margins.initial.raw(), margins.maintenance.raw() * 13 / 10);
    assert_eq!(margins.worst, Some(18));
}

/// The last of the published tests, one second in: six options of four expiries, and base held.
#[test]
fn published_book_of_four_expiries() {
    let raw = |raw: i128| Price::from_raw(raw);
    let expiry = |seconds: i64, forward: i128, rate_percent: i128| Expiry {
        at: Timestamp(seconds * 1_000),
        forward: Forward {
            moving: raw(forward),
            fixed: Price::ZERO,
        },
        rate: Rate::from_raw(rate_percent * 10_i128.pow(13)),
        confidence: Rate::ONE,
    };
    let expiries = [
        expiry(1_191_599, 1_511_998_277_143_696_769_024, 5),
        expiry(500_399, 1_510_838_832_829_607_444_480, 4),
        expiry(7_757_999, 1_523_057_472_435_638_239_232, 7),
        expiry(2_487_599, 1_514_174_633_999_096_872_960, 6),
    ];
    let listed = |expiry, strike, kind, vol: i128| Listed {
        kind,
        strike: Price::from_int(strike).expect("a strike"),
        expiry,
        vol: Rate::from_raw(vol / 1_000),
    };
    let (call, put) = (OptionKind::Call, OptionKind::Put);
    let options = [
        listed(0, 1_600, call, 1_077_307_287_018_514_688),
        listed(1, 1_200, put, 1_143_578_187_182_830_720),
        listed(2, 1_900, call, 1_171_703_284_439_064_064),
        listed(1, 1_150, put, 1_173_072_277_125_157_120),
        listed(3, 1_550, call, 1_059_335_143_046_964_608),
        listed(0, 1_000, call, 1_266_806_217_053_655_296),
    ];
    let feeds = Feeds {
        now: Timestamp(0),
        spot: raw(1_510 * ONE),
        perp: raw(1_505 * ONE),
        stable: Price::ONE,
        confidence: Rate::ONE,
    };
    let model = Pmrm::new(Parameters::defaults(), feeds, &expiries, &options).expect("a model");
    let tenths = [-10, -210, -30, 70, -20, -16];
    let legs: Vec<Leg> = (0..)
        .zip(tenths)
        .map(|(at, tenths)| leg(at, tenths * 100_000_000_000_000))
        .collect();
    let book = Holdings {
        base: 5_000_000_000_000_000,
        ..held(&legs, -4_215_694_116_972_322_095_104)
    };
    let margins = model.margins(&book).expect("margins");
    check(&margins, 1_320.588_088_479_097_6, -1_361.157_908_172_672_3);
}

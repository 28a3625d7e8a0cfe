//! Raw SVI, surfaces, fits and volatility shocks.

use expect_test::expect;
use plimsoll_units::Timestamp;
use proptest::prelude::*;

use super::super::surface::Points;
use super::super::{PricingError, RawSvi, Slice, Smile, Surface, VolMove, VolShock, fit};

const DAY: i64 = 86_400_000;
const NOW: Timestamp = Timestamp(1_770_000_000_000);

fn in_days(days: i64) -> Timestamp {
    Timestamp(NOW.0 + days * DAY)
}

fn svi(parameters: [f64; 5]) -> RawSvi {
    RawSvi::new(parameters).expect("a slice")
}

const SMILE: [f64; 5] = [0.004, 0.06, -0.25, 0.01, 0.12];

/// KY-02.
#[test]
fn raw_svi_reference_volatilities() {
    let slice = svi(SMILE);
    for (strike, vol) in [
        (70_000.0, 0.630_259_661),
        (90_000.0, 0.437_302_898),
        (100_000.0, 0.372_015_197),
        (110_000.0, 0.374_937_754),
        (140_000.0, 0.492_950_015f64),
    ] {
        let k = libm::log(strike / 100_000.0);
        let ours = slice.vol(k, 30.0 / 365.0).expect("a volatility");
        assert!((ours - vol).abs() < 1e-9, "{strike}: {ours} {vol}");
    }
}

/// KY-03.
#[test]
fn reference_volatility_shocks() {
    for (days, up, down) in [
        (0.25, 2.387_095_557, 0.306_452_221),
        (1.0, 2.387_095_557, 0.306_452_221),
        (7.0, 1.773_707_789, 0.613_146_106),
        (14.0, 1.628_446_005, 0.685_776_997),
        (29.999, 1.500_005, 0.749_997_5),
        (30.0, 1.5, 0.75),
        (90.0, 1.433_455_224, 0.783_272_388),
        (365.0, 1.361_324_737, 0.819_337_632f64),
    ] {
        let tenor = (days * DAY as f64) as i64;
        let ours = [VolMove::Up, VolMove::Down].map(|m| VolShock::KRM.multiplier(m, tenor));
        assert!((ours[0] - up).abs() < 1e-9, "{days}: {ours:?}");
        assert!((ours[1] - down).abs() < 1e-9, "{days}: {ours:?}");
    }
    // Shocked far enough down volatility is gone, not negative; up has a least.
    let deep = VolShock {
        down_e6: 5_000_000,
        least_up_e6: 400_000,
        ..VolShock::KRM
    };
    let vols = deep.vols(0.1, DAY);
    assert_eq!((vols[0], vols[1], vols[2]), (0.0, 0.1, 0.4));
}

#[test]
fn bad_parameters_are_refused() {
    let mut seen = String::new();
    for (place, bad) in [
        (0, f64::NAN),
        (0, -1.0),
        (1, -0.01),
        (1, f64::INFINITY),
        (2, 1.0),
        (2, -1.5),
        (3, f64::NEG_INFINITY),
        (4, 0.0),
        (4, -0.1),
    ] {
        let mut parameters = SMILE;
        parameters[place] = bad;
        let error = RawSvi::new(parameters).expect_err("refused");
        seen.push_str(&format!("{error}\n"));
    }
    expect![[r#"
        SVI's a is NaN, but must be a number from -100 to 100
        SVI's least variance is -0.9930286299768266, but must be zero or more
        SVI's b is -0.01, but must be a number from 0 to 100
        SVI's b is inf, but must be a number from 0 to 100
        SVI's rho is 1, but must be above -1 and below 1
        SVI's rho is -1.5, but must be above -1 and below 1
        SVI's m is -inf, but must be a number from -10 to 10
        SVI's sigma is 0, but must be from 1e-9 to 100
        SVI's sigma is -0.1, but must be from 1e-9 to 100
    "#]]
    .assert_eq(&seen);
}

fn slice(days: i64, smile: Smile) -> Slice {
    Slice {
        expiry: in_days(days),
        forward: 100_000.0,
        smile,
    }
}

fn points(quotes: &[(f64, f64)], days: i64) -> Smile {
    Smile::Points(Points::new(quotes, days as f64 / 365.0).expect("points"))
}

#[test]
fn arbitrage_is_refused_with_what_and_where() {
    let good = || Smile::Svi(svi(SMILE));
    let flat = |variance: f64| Smile::Svi(svi([variance, 0.0, 0.0, 0.0, 0.1]));
    let mut seen = String::new();
    let mut check = |what: &str, slices: Vec<Slice>| {
        let said = match Surface::new(NOW, slices) {
            Ok(surface) => format!("{} slices", surface.slices().len()),
            Err(error) => error.to_string(),
        };
        seen.push_str(&format!("{what}: {said}\n"));
    };
    check("good", vec![slice(30, good()), slice(60, flat(0.2))]);
    // The example of Axel Vogt, famous for a density that is negative around 0.8.
    let vogt = [-0.0410, 0.1331, 0.3060, 0.3586, 0.4153];
    check("butterfly", vec![slice(365, Smile::Svi(svi(vogt)))]);
    check(
        "wing",
        vec![slice(30, Smile::Svi(svi([0.1, 1.5, 0.5, 0.0, 0.1])))],
    );
    check(
        "calendar",
        vec![slice(30, flat(0.04)), slice(60, flat(0.03))],
    );
    check("crossed", vec![slice(30, good()), slice(60, flat(0.013))]);
    let spike = [
        (-0.1, 0.5),
        (-0.05, 0.5),
        (0.0, 0.9),
        (0.05, 0.5),
        (0.1, 0.5),
    ];
    check("spike", vec![slice(30, points(&spike, 30))]);
    check("twice", vec![slice(30, good()), slice(30, good())]);
    check("expired", vec![slice(0, good())]);
    check("none", Vec::new());
    let nowhere = Slice {
        forward: f64::NAN,
        ..slice(30, good())
    };
    check("no forward", vec![nowhere]);
    expect![[r#"
        good: 2 slices
        butterfly: the smile that expires 2027-02-02 02:40:00.000: negative density -0.001846924785315271 at log-moneyness 0.6484865875776111: butterflies pay
        wing: the smile that expires 2026-03-04 02:40:00.000: a wing's slope is 2.25: at most 2 is free of arbitrage
        calendar: the smile that expires 2026-04-03 02:40:00.000: total variance falls from 0.04 to 0.03 at log-moneyness -0.55: calendars pay
        crossed: the smile that expires 2026-04-03 02:40:00.000: total variance falls from 0.045530759868636625 to 0.013 at log-moneyness -0.5332672113320717: calendars pay
        spike: the smile that expires 2026-03-04 02:40:00.000: negative density -0.042079095973841955 at log-moneyness 0: butterflies pay
        twice: an expiry is 0.0821917808219178, but must be later than the surface and the expiry before it
        expired: an expiry is 0, but must be later than the surface and the expiry before it
        none: the number of expiries is 0, but must be 1 to 256
        no forward: a forward is NaN, but must be a price above zero
    "#]].assert_eq(&seen);
}

#[test]
fn between_expiries_total_variance_is_linear_in_time() {
    let far = [0.02, 0.08, -0.2, 0.0, 0.2];
    let slices = vec![
        slice(30, Smile::Svi(svi(SMILE))),
        Slice {
            forward: 102_000.0,
            ..slice(90, Smile::Svi(svi(far)))
        },
    ];
    let surface = Surface::new(NOW, slices).expect("a surface");
    for k in [-0.5, -0.1, 0.0, 0.2] {
        let at = |days: i64| surface.vol_at(k, in_days(days)).expect("a volatility");
        let variance = |days: i64| at(days) * at(days) * days as f64;
        assert!((at(30) - svi(SMILE).vol(k, 30.0 / 365.0).expect("a vol")).abs() < 1e-15);
        assert!((variance(60) - (variance(30) + variance(90)) / 2.0).abs() < 1e-12);
        assert!(variance(30) <= variance(31) && variance(31) <= variance(90));
        // Before the first expiry: its volatility.
        assert!((at(3) - at(30)).abs() < 1e-15);
    }
    let forward = surface.forward(in_days(60)).expect("a forward");
    assert!(
        (forward - (100_000.0f64 * 102_000.0).sqrt()).abs() < 1e-6,
        "{forward}"
    );
    let strike = 100_000.0 * libm::exp(0.2);
    let by_strike = surface.vol(strike, in_days(30)).expect("a volatility");
    let by_moneyness = surface.vol_at(0.2, in_days(30)).expect("a volatility");
    assert!((by_strike - by_moneyness).abs() < 1e-12);
    for (k, expiry) in [(0.0, in_days(91)), (0.0, NOW), (f64::NAN, in_days(30))] {
        assert!(surface.vol_at(k, expiry).is_err(), "{k} {expiry}");
    }
    assert!(surface.vol(0.0, in_days(30)).is_err());
}

#[test]
fn quoted_points_are_kept_and_joined() {
    let quotes = [(-0.2, 0.7), (0.0, 0.6), (0.1, 0.62)];
    let surface = Surface::new(NOW, vec![slice(30, points(&quotes, 30))]).expect("a surface");
    let at = |k| surface.vol_at(k, in_days(30)).expect("a volatility");
    for (k, vol) in quotes {
        assert!((at(k) - vol).abs() < 1e-15);
    }
    assert!((at(-0.1) - ((0.49 + 0.36) / 2.0f64).sqrt()).abs() < 1e-12);
    assert_eq!((at(-3.0), at(3.0)), (at(-0.2), at(0.1)));
    for bad in [
        &[][..],
        &[(0.0, 0.5), (0.0, 0.6)],
        &[(0.0, f64::NAN)],
        &[(f64::NAN, 0.5)],
        &[(0.0, 0.0)],
    ] {
        assert!(Points::new(bad, 0.1).is_err(), "{bad:?}");
    }
}

fn quotes_of(slice: &RawSvi, years: f64) -> Vec<(f64, f64)> {
    (-12..=12)
        .map(|step| f64::from(step) * 0.05)
        .map(|k| (k, slice.vol(k, years).expect("a volatility")))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A curve of the family is found again, as volatilities.
    #[test]
    fn fits_find_the_curve_that_made_the_quotes(
        a in 0.001..0.05,
        b in 0.01..0.2,
        rho in -0.8..0.8,
        m in -0.1..0.1,
        sigma in 0.05..0.4,
    ) {
        let (slice, years) = (svi([a, b, rho, m, sigma]), 30.0 / 365.0);
        let fit = fit::svi(&quotes_of(&slice, years), years).expect("a fit");
        prop_assert!(fit.rms_vol < 2e-3, "{fit:?}");
    }
}

#[test]
fn a_smile_that_no_curve_fits_stays_points() {
    let years = 30.0 / 365.0;
    let quotes = quotes_of(&svi(SMILE), years);
    assert!(matches!(
        fit::smile(&quotes, years, 0.01),
        Ok(Smile::Svi(_))
    ));
    let jagged: Vec<(f64, f64)> = quotes
        .iter()
        .enumerate()
        .map(|(at, (k, vol))| (*k, vol + 0.1 * f64::from((at % 2) as u8)))
        .collect();
    assert!(matches!(
        fit::smile(&jagged, years, 0.01),
        Ok(Smile::Points(_))
    ));
    assert_eq!(
        fit::svi(&quotes[..5], years).expect_err("too few"),
        PricingError::TooFewQuotes { given: 5 }
    );
    assert!(matches!(
        fit::smile(&quotes[..5], years, 0.01),
        Ok(Smile::Points(_))
    ));
    assert!(fit::smile(&[], years, 0.01).is_err());
    assert!(fit::smile(&quotes, f64::NAN, 0.01).is_err());
    assert!(fit::smile(&quotes, years, f64::NAN).is_err());
}

/// What real chains do: a later expiry quoted below an earlier one, and a quote out of line.
#[test]
fn a_market_that_contradicts_itself_is_put_in_order() {
    let chain = |days: i64, quotes: Vec<(f64, f64)>| fit::Chain {
        expiry: in_days(days),
        forward: 100_000.0,
        quotes,
    };
    let near = quotes_of(&svi(SMILE), 30.0 / 365.0);
    let far: Vec<(f64, f64)> = near.iter().map(|(k, vol)| (*k, vol * 0.6)).collect();
    let spike = vec![(-0.2, 0.6), (-0.1, 0.6), (0.0, 0.9), (0.1, 0.6), (0.2, 0.6)];
    let chains = [chain(30, near), chain(60, far), chain(300, spike)];
    let (surface, treated) = fit::surface(NOW, &chains, 0.02).expect("a surface");
    let shown: Vec<(bool, usize, bool)> = treated
        .iter()
        .map(|t| (t.curve, t.left_out, t.raised))
        .collect();
    assert_eq!(
        shown,
        [(true, 0, false), (false, 0, true), (false, 1, false)]
    );
    // Nowhere below the earlier expiry; where the quotes were above it, the quotes.
    for k in [-0.5, -0.3, 0.0, 0.3, 0.5] {
        let at = |days| surface.vol_at(k, in_days(days)).expect("a volatility");
        let variance = |days: i64| at(days) * at(days) * days as f64;
        assert!(variance(60) >= variance(30) * 0.999, "{k}");
    }
    let middle = surface.vol_at(0.0, in_days(300)).expect("a volatility");
    assert!((middle - 0.6).abs() < 1e-9, "{middle}");
    assert!(fit::surface(NOW, &[], 0.02).is_err());
    let twice = [chains[0].clone(), chains[0].clone()];
    assert!(fit::surface(NOW, &twice, 0.02).is_err());
}

//! The isolated rule: worked numbers at its edges, and equality of its fast and wide forms.

use proptest::prelude::*;

use super::*;

type P = Price<18>;

fn position(side: Side, size: &str, entry: &str, collateral: &str, fees: &str) -> Isolated<6, 18> {
    Isolated {
        exposure: Exposure::new(side, size.parse().unwrap(), entry.parse().unwrap()).unwrap(),
        collateral: collateral.parse().unwrap(),
        fees: fees.parse().unwrap(),
    }
}

#[test]
fn liquidation_prices_of_the_page_and_the_documentation() {
    let check = |side, inputs: [&str; 5], delta: &str, price: Option<&str>| {
        let [size, entry, collateral, fees, threshold] = inputs;
        let position = position(side, size, entry, collateral, fees);
        let threshold = threshold.parse().unwrap();
        let given = format!("{side} {inputs:?}");
        assert_eq!(
            position.delta(threshold).unwrap().to_string(),
            delta,
            "{given}"
        );
        let exact = position.liquidation_price(threshold).unwrap();
        assert_eq!(exact.map(|p| p.to_string()).as_deref(), price, "{given}");
    };
    let (long, short) = (Side::Long, Side::Short);
    let bonk = "0.000021585175";
    // The page feeds a quantity into the place of the notional; both readings are pinned.
    check(
        long,
        ["231640466", bonk, "1000", "30", "0.99"],
        "480/115820233",
        Some("99999585478471/4632809320000000000"),
    );
    check(
        long,
        ["5000", bonk, "1000", "30", "0.99"],
        "24/125",
        Some("87204107/5000000000000"),
    );
    check(
        long,
        ["10000", "28000", "1000", "30", "0.99"],
        "12/125",
        Some("25312/1"),
    );
    check(
        short,
        ["10000", "28000", "1000", "30", "0.99"],
        "12/125",
        Some("30688/1"),
    );
    check(
        long,
        ["20000", "100", "1000", "0", "0.99"],
        "99/2000",
        Some("1901/20"),
    );
    check(
        long,
        ["5000", "2000", "1000", "990", "0.99"],
        "0/1",
        Some("2000/1"),
    );
    check(
        long,
        ["5000", "2000", "1000", "1100", "0.99"],
        "-11/500",
        Some("2044/1"),
    );
    check(
        short,
        ["5000", "2000", "1000", "1100", "0.99"],
        "-11/500",
        Some("1956/1"),
    );
    check(
        short,
        ["50000", "1.25", "1000", "12.5", "0.997"],
        "1969/100000",
        Some("101969/80000"),
    );
    check(
        long,
        ["5000", "2000", "1000", "30", "0.8"],
        "77/500",
        Some("1692/1"),
    );
    // Delta of one: only a price of zero would do it, so there is none. A short still has one.
    check(long, ["990", "2000", "1000", "0", "0.99"], "1/1", None);
    check(long, ["500", "2000", "1000", "0", "0.99"], "99/50", None);
    check(
        short,
        ["500", "2000", "1000", "0", "0.99"],
        "99/50",
        Some("5960/1"),
    );
    // A short whose fees are more than size and threshold together: gone at every price.
    check(
        short,
        ["500", "2000", "100", "800", "0.99"],
        "-701/500",
        Some("-804/1"),
    );
}

#[test]
fn the_decision_at_and_beside_the_liquidation_price() {
    let check = |inputs: [&str; 4], price: &str, inclusive: bool, strict: bool| {
        let [size, entry, collateral, fees] = inputs;
        let position = position(Side::Long, size, entry, collateral, fees);
        let (price, threshold) = (price.parse().unwrap(), "0.99".parse().unwrap());
        let decide = |boundary| {
            position
                .is_liquidatable(price, threshold, boundary)
                .unwrap()
        };
        let given = format!("{inputs:?} at {price}");
        assert_eq!(decide(Boundary::Inclusive), inclusive, "inclusive, {given}");
        assert_eq!(decide(Boundary::Strict), strict, "strict, {given}");
    };
    let vela = ["10000", "28000", "1000", "30"];
    check(vela, "25312", true, false);
    check(vela, "25312.01", false, false);
    check(vela, "25311.999999999999999999", true, true);
    // The printed price of the page is rounded up: a long is not liquidatable there yet.
    let bonk = ["231640466", "0.000021585175", "1000", "30"];
    check(bonk, "0.000021585086", false, false);
    check(bonk, "0.000021585085", true, true);
    check(
        ["5000", "0.000021585175", "1000", "30"],
        "0.000021585086",
        false,
        false,
    );
    // In profit, but the fees are larger.
    let fees = ["5000", "2000", "1000", "1100"];
    check(fees, "2040", true, true);
    check(fees, "2044", true, false);
    check(fees, "2044.1", false, false);
}

#[test]
fn a_displayed_price_is_nearest_but_the_trigger_is_away_from_the_entry() {
    let threshold = "0.99".parse().unwrap();
    let tick: P = "0.000000000001".parse().unwrap();
    let shown = |p: &Isolated<6, 18>| p.display_price(threshold, 12).unwrap().unwrap();
    let trigger = |p: &Isolated<6, 18>, boundary| {
        p.trigger_price(threshold, boundary, tick)
            .unwrap()
            .unwrap()
            .to_string()
    };
    let long = position(Side::Long, "231640466", "0.000021585175", "1000", "30");
    assert_eq!(shown(&long), "0.000021585086");
    assert_eq!(trigger(&long, Boundary::Inclusive), "0.000021585085");
    assert_eq!(trigger(&long, Boundary::Strict), "0.000021585085");
    let short = position(Side::Short, "231640466", "0.000021585175", "1000", "30");
    assert_eq!(shown(&short), "0.000021585264");
    assert_eq!(trigger(&short, Boundary::Inclusive), "0.000021585265");
    // On the grid exactly: strict needs one step more.
    let exact = position(Side::Long, "10000", "28000", "1000", "30");
    assert_eq!(trigger(&exact, Boundary::Inclusive), "25312");
    assert_eq!(trigger(&exact, Boundary::Strict), "25311.999999999999");
    // Less than one step above zero: no price of the grid triggers.
    let cent: P = "0.01".parse().unwrap();
    let tiny = position(Side::Long, "994", "1", "1000", "0");
    assert!(tiny.liquidation_price(threshold).unwrap().is_some());
    assert_eq!(
        tiny.trigger_price(threshold, Boundary::Inclusive, cent)
            .unwrap(),
        None
    );
}

#[test]
fn a_position_without_size_entry_or_grid_is_an_error() {
    let new = |size: i128, entry: i128| {
        Exposure::<6, 18>::new(Side::Long, Notional::from_raw(size), Price::from_raw(entry))
    };
    assert_eq!(new(0, 1), Err(IsolatedError::Size(0)));
    assert_eq!(new(-1, 1), Err(IsolatedError::Size(-1)));
    assert_eq!(new(1, 0), Err(IsolatedError::Entry(0)));
    let p = position(Side::Long, "1", "1", "1", "0");
    let zero_tick = p.trigger_price("0.99".parse().unwrap(), Boundary::Inclusive, Price::ZERO);
    assert_eq!(zero_tick, Err(IsolatedError::Tick(0)));
}

#[test]
fn profit_and_loss_are_exact_and_truncate_toward_zero() {
    let check = |side, size: &str, entry: &str, price: &str, exact: &str, truncated: &str| {
        let exposure: Exposure<6, 18> =
            Exposure::new(side, size.parse().unwrap(), entry.parse().unwrap()).unwrap();
        let price = price.parse().unwrap();
        assert_eq!(
            exposure
                .pnl(price)
                .unwrap()
                .to_text(30, Rounding::HalfEven)
                .unwrap(),
            exact
        );
        assert_eq!(
            exposure.pnl_truncated(price).unwrap().to_string(),
            truncated
        );
    };
    let loss = "-959.996428571428571428571428571429";
    check(
        Side::Long,
        "10000",
        "28000",
        "25312.01",
        loss,
        "-959.996428",
    );
    check(
        Side::Short,
        "10000",
        "28000",
        "25312.01",
        &loss[1..],
        "959.996428",
    );
    check(Side::Long, "5000", "2000", "2044.1", "110.25", "110.25");
}

/// The contract's integers, on its own 1e30 grid.
fn deployed(side: Side, numbers: [&str; 6], threshold_ppm: u32) -> DeployedCheck {
    let [size, entry, collateral, funding_fee, borrow_fee, price] =
        numbers.map(|n| Wide::parse(n).unwrap());
    DeployedCheck {
        side,
        size,
        entry,
        collateral,
        funding_fee,
        borrow_fee,
        price,
        threshold_ppm,
    }
}

#[test]
fn the_deployed_integers_decide_at_the_grid_unit() {
    let zeros = |digits: &str, count: usize| format!("{digits}{}", "0".repeat(count));
    let size = zeros("1", 34);
    let (entry, collateral) = (zeros("28", 33), zeros("1", 33));
    let borrow = zeros("3", 31);
    let check = |funding: &str, price: &str, expected| {
        let numbers = [&*size, &entry, &collateral, funding, &borrow, price];
        assert_eq!(
            deployed(Side::Long, numbers, 990_000).is_liquidatable(),
            Ok(expected)
        );
    };
    let boundary = zeros("25312", 30);
    check("0", &boundary, true);
    check("0", &format!("{}1", zeros("25312", 29)), false);
    // A funding credit of 50 rescues the position.
    check(&format!("-{}", zeros("5", 31)), &boundary, false);
    // No collateral at all: a net of zero is not below zero.
    let flat = deployed(Side::Long, [&size, &entry, "0", "0", "0", &entry], 990_000);
    assert_eq!(flat.is_liquidatable(), Ok(false));
    let sizeless = deployed(Side::Long, ["0", &entry, "0", "0", "0", &entry], 990_000);
    assert_eq!(sizeless.is_liquidatable(), Err(IsolatedError::Size(0)));
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Long), Just(Side::Short)]
}

/// Money-like and extreme numbers alike.
fn magnitude(max_bits: u32) -> impl Strategy<Value = i128> {
    (any::<i128>(), 1..max_bits).prop_map(|(value, bits)| value >> (127 - bits))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_fast_comparison_equals_the_wide_one(
        a in any::<i128>(), b in any::<i128>(), c in any::<i128>(), d in any::<i128>(),
        shift in 0u32..128,
    ) {
        let (a, c) = (a >> shift.min(127), c >> shift.min(127));
        let wide = Wide::product(&[a, b]).unwrap().cmp(&Wide::product(&[c, d]).unwrap());
        prop_assert_eq!(compare_products((a, b), (c, d)), wide);
        prop_assert_eq!(compare_products((a, b), (b, a)), Ordering::Equal);
    }

    /// The decision without a division is that of the textbook formula in exact fractions.
    #[test]
    fn the_decision_is_that_of_the_exact_formula(
        side in side(), size in 1i128..1 << 90, entry in 1i128..1 << 90, price in 0i128..1 << 90,
        collateral in magnitude(90), fees in magnitude(90), ppm in 800_000i128..=1_000_000,
    ) {
        let position = Isolated::<6, 18> {
            exposure: Exposure::new(side, Notional::from_raw(size), Price::from_raw(entry)).unwrap(),
            collateral: Amount::from_raw(collateral),
            fees: Amount::from_raw(fees),
        };
        let (price, threshold) = (Price::from_raw(price), Rate::from_raw(ppm));
        // fees >= threshold * collateral + pnl
        let pnl = position.exposure.pnl(price).unwrap();
        let one = Wide::from(Amount::<6>::ONE.raw() * TARGET_SCALE);
        let kept = Wide::product(&[collateral, ppm]).unwrap();
        let fees = Wide::product(&[fees, TARGET_SCALE]).unwrap();
        let room = Ratio::new(fees.sub(kept).unwrap(), one).unwrap();
        let ordering = pnl.compare(&room).unwrap();
        let decide = |b| position.is_liquidatable(price, threshold, b).unwrap();
        prop_assert_eq!(decide(Boundary::Inclusive), ordering.is_le());
        prop_assert_eq!(decide(Boundary::Strict), ordering.is_lt());
    }

    /// Liquidatable on the grid means at or beyond the trigger price, on every grid.
    #[test]
    fn the_trigger_price_is_the_first_liquidatable_one(
        side in side(), size in 1i128..1 << 40, entry in 1i128..1 << 40,
        collateral in 0i128..1 << 40, fees in -(1i128 << 30)..1 << 40, tick in 1i128..1 << 20,
        strict in any::<bool>(),
    ) {
        let position = Isolated::<6, 18> {
            exposure: Exposure::new(side, Notional::from_raw(size), Price::from_raw(entry)).unwrap(),
            collateral: Amount::from_raw(collateral),
            fees: Amount::from_raw(fees),
        };
        let threshold = "0.99".parse().unwrap();
        let boundary = if strict { Boundary::Strict } else { Boundary::Inclusive };
        let at = |steps: i128| {
            let price = Price::from_raw(steps * tick);
            position.is_liquidatable(price, threshold, boundary).unwrap()
        };
        let trigger = position.trigger_price(threshold, boundary, Price::from_raw(tick)).unwrap();
        match trigger.map(|p| p.raw() / tick) {
            Some(step) => {
                prop_assert!(at(step), "not liquidatable at its trigger");
                let safer = step + side.sign();
                prop_assert!(safer < 1 || !at(safer), "liquidatable before its trigger");
            }
            None => prop_assert!(!at(1), "liquidatable without a trigger"),
        }
    }

    /// Grid prices for a target never overstate the profit one way, nor understate it the other.
    #[test]
    fn grid_prices_bracket_the_target(
        side in side(), size in 1i128..1 << 60, entry in 1i128..1 << 70, target in magnitude(85),
    ) {
        let exposure: Exposure<6, 18> =
            Exposure::new(side, Notional::from_raw(size), Price::from_raw(entry)).unwrap();
        let losing = Price::from_raw(exposure.losing_price(target).unwrap());
        let winning = Price::from_raw(exposure.winning_price(target).unwrap());
        let compare = |p: Price<18>| exposure.compare_pnl(p, target).unwrap();
        prop_assert!(compare(losing).is_le());
        prop_assert!(compare(winning).is_ge());
        let better = Price::from_raw(losing.raw() + side.sign());
        prop_assert!(compare(better).is_gt(), "a nearer price would do");
    }
}

//! The smallest order that restores health, against a scan of every lot.

use plimsoll_units::{Price, Rate, Side};
use proptest::prelude::*;

use super::super::order::{self, Order};
use super::super::{Money, Portfolio, Valuation};
use super::{PERP, World, books, chain, leg, portfolio, usd};
use crate::auction::settlement::FeeRule;
use crate::pricing::OptionKind;

/// Every lot, one after the other.
fn scan(
    of: &Valuation<'_>,
    book: &Portfolio,
    equity: Money,
    order: &Order,
    factor: Rate<6>,
) -> Option<i64> {
    (0..=order.most / order.lot)
        .map(|lots| lots * order.lot)
        .find(|size| {
            let after = order::after_fill(of, book, equity, order, *size);
            let (_, risk, equity) = after.expect("a fill");
            !risk.exceeds(factor, equity).expect("a comparison")
        })
}

fn price(cents: i128) -> Price<8> {
    Price::from_raw(cents * 1_000_000)
}

/// KY-13 and KY-14: 5 short calls, hedged at 10 basis points; the first lots that restore the
/// initial and the maintenance margin.
#[test]
fn the_first_lot_that_restores() {
    let world = World::new(&[(OptionKind::Call, 110, 56, 60)]);
    let of = world.valuation();
    let book = portfolio(&[(1, -500)]);
    let hedge = order::hedge(&of, &book, 1_000)
        .expect("a hedge")
        .expect("delta");
    assert_eq!((hedge.side, hedge.quantity), (Side::Long, 1_129_000));
    let order = Order {
        instrument: PERP,
        side: hedge.side,
        price: price(10_010_000),
        mark: None,
        lot: 1_000,
        most: hedge.quantity,
        fee: FeeRule::KYAN_PERP,
    };
    let equity = usd(74_000);
    for (factor, size) in [
        (of.model().im_factor, Some(1_039_000)),
        (of.model().mm_factor, Some(263_000)),
        (Rate::from_raw(1_500_000), None),
    ] {
        let found = order::smallest(&of, &book, equity, &order, factor).expect("a search");
        assert_eq!(found, size);
        assert_eq!(scan(&of, &book, equity, &order, factor), size);
    }
}

/// More can need more: the requirement rises again behind its lowest point, so an order that is
/// too large does not restore what a smaller one does.
#[test]
fn the_requirement_rises_again_behind_its_lowest_point() {
    let world = World::new(&[(OptionKind::Call, 110, 56, 60)]);
    let of = world.valuation();
    let book = portfolio(&[(1, -500)]);
    let margin = |size| {
        let after = book.after(PERP, size).expect("a fill");
        let risk = of.risk(after.legs()).expect("a risk");
        risk.maintenance(of.model()).expect("a margin")
    };
    // KY-16.
    assert!(margin(2_500_000) < margin(2_450_000) && margin(2_500_000) < margin(2_550_000));
    let order = Order {
        instrument: PERP,
        side: Side::Long,
        price: price(10_000_000),
        mark: None,
        lot: 1_000,
        most: 9_000_000,
        fee: FeeRule::OfNotional(Rate::ZERO),
    };
    let equity = margin(2_495_000);
    let found = order::smallest(&of, &book, equity, &order, Rate::ONE).expect("a search");
    assert_eq!(found, Some(2_495_000));
    let equity = margin(2_500_000).sub(usd(200)).expect("money");
    let none = order::smallest(&of, &book, equity, &order, Rate::ONE).expect("a search");
    assert_eq!(none, scan(&of, &book, equity, &order, Rate::ONE));
}

/// When the fee has eaten the equity, only a portfolio without any requirement is healthy.
#[test]
fn without_equity_only_flat_is_healthy() {
    let world = World::new(&[]);
    let of = world.valuation();
    let book = portfolio(&[(PERP, -100)]);
    let order = |most| Order {
        instrument: PERP,
        side: Side::Long,
        price: price(10_000_100),
        mark: None,
        lot: 10_000,
        most,
        fee: FeeRule::OfNotional(Rate::from_raw(100_000)),
    };
    let find = |equity, most| {
        let order = order(most);
        let factor = of.model().im_factor;
        let found = order::smallest(&of, &book, equity, &order, factor).expect("a search");
        assert_eq!(found, scan(&of, &book, equity, &order, factor), "{equity}");
        found
    };
    // The incentive is 1 a coin, the fee 10,000: it takes what is left.
    assert_eq!(find(usd(50), 1_000_000), Some(1_000_000));
    assert_eq!(find(usd(50), 990_000), None);
    assert_eq!(find(usd(1), 1_000_000), Some(1_000_000));
    assert_eq!(find(Money::from_raw(1), 1_000_000), None);
    assert_eq!(find(usd(-1), 1_000_000), None);
    assert_eq!(find(usd(19_200), 1_000_000), Some(0));
    assert_eq!(find(usd(19_199), 0), None);
}

/// A perpetual's fair value is its own mark, not the index.
#[test]
fn fair_value_may_be_told() {
    let world = World::new(&[]);
    let of = world.valuation();
    let book = portfolio(&[(PERP, 200)]);
    let order = Order {
        instrument: PERP,
        side: Side::Short,
        price: price(9_990_000),
        mark: Some(price(9_995_000)),
        lot: 1_000,
        most: 2_000_000,
        fee: FeeRule::OfNotional(Rate::ZERO),
    };
    let after = order::after_fill(&of, &book, usd(40_000), &order, 1_000_000);
    assert_eq!(after.expect("a fill").2, usd(39_950));
    let order = Order {
        mark: None,
        ..order
    };
    let after = order::after_fill(&of, &book, usd(40_000), &order, 1_000_000);
    assert_eq!(after.expect("a fill").2, usd(39_900));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Two binary searches find what a scan of every lot finds.
    #[test]
    fn the_search_is_the_scan(
        book in books(),
        instrument in 0u32..31,
        long in any::<bool>(),
        equity in -1_000i128..60_000,
        worse in -200i128..400,
        initial in any::<bool>(),
        rate in 0i128..20_000,
    ) {
        let world = World::new(&chain());
        let of = world.valuation();
        let book = portfolio(&book);
        let side = if long { Side::Long } else { Side::Short };
        let mark = i128::from(of.arrays().mark(instrument).expect("a mark"));
        let price = (mark + side.sign() * worse * 100_000_000).max(1);
        let order = Order {
            instrument,
            side,
            price: Price::from_raw(price),
            mark: None,
            lot: 20_000,
            most: 6_000_000,
            fee: FeeRule::OfIndex {
                rate: Rate::from_raw(rate),
                premium_cap: Rate::from_raw(125_000),
            },
        };
        let factor = if initial { of.model().im_factor } else { of.model().mm_factor };
        let found = order::smallest(&of, &book, usd(equity), &order, factor);
        prop_assert_eq!(found.expect("a search"), scan(&of, &book, usd(equity), &order, factor));
    }

    /// The naive re-netting and the running sums agree on every account along an order.
    #[test]
    fn fills_in_parts_come_to_the_same(book in books(), first in 0i64..300, second in 0i64..300) {
        let world = World::new(&chain());
        let of = world.valuation();
        let book = portfolio(&book);
        let order = Order {
            instrument: 7,
            side: Side::Long,
            price: price(300_000),
            mark: None,
            lot: 10_000,
            most: 6_000_000,
            fee: FeeRule::KYAN_OPTION,
        };
        let fill = |book: &Portfolio, equity, hundredths: i64| {
            let quantity = leg(7, hundredths).quantity;
            order::after_fill(&of, book, equity, &order, quantity).expect("a fill")
        };
        let equity = usd(5_000_000);
        let (half, _, left) = fill(&book, equity, first);
        let (parts, parts_risk, parts_equity) = fill(&half, left, second);
        let (whole, whole_risk, whole_equity) = fill(&book, equity, first + second);
        prop_assert_eq!(parts, whole);
        prop_assert_eq!(parts_risk, whole_risk);
        // Each fee is rounded up once.
        let apart = whole_equity.sub(parts_equity).expect("money").raw();
        prop_assert!((0..=1).contains(&apart), "{}", apart);
    }
}

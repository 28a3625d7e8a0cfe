//! The fund closes on the book: at once, within a collar, in slices over time.

use expect_test::{Expect, expect};
use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::backstop::fund::FundPolicy;
use plimsoll_engine::liquidation::stages::{CloseOnBook, Deleverage, Slicing};
use plimsoll_engine::liquidation::{Stage, Whose};
use plimsoll_engine::venues::kuma::OrderSide::{Buy, Sell};
use plimsoll_engine::venues::kuma::waterfall::FundOrders;
use plimsoll_engine::venues::kuma::{
    Command, NewOrder, OrderType, Service, ServiceCommand, SignedOrder, TimeInForce,
};
use plimsoll_units::{AccountId, Duration};

use crate::world::*;

const USD: i64 = ONE;

/// A bid in ETH that stands in the book.
fn bid(world: &mut World, account: AccountId, name: u8, quantity: i64, price: i64) {
    let (quantity, price) = (quantity.unsigned_abs(), price.unsigned_abs());
    let mut signed = order(account, Buy, quantity, price);
    signed.hash = hash(name);
    signed.order.nonce = uuid(START - 1_000 + i64::from(name));
    world.ok(Command::PlaceOrder {
        order: Box::new(NewOrder::Signed(Box::new(signed))),
        group: None,
    });
}

fn check(world: &mut World, wait: i64, price: i64, expected: &Expect) {
    world.now += wait;
    let events = world.ok(index(ETH, price.unsigned_abs(), world.now));
    let fund = world.show(IF);
    expected.assert_eq(&format!("{}\nIF: {fund}\n", told(&events).join("\n")));
}

#[test]
fn on_the_page_the_fund_takes_what_the_book_gives() {
    let mut world = page();
    bid(&mut world, T3, 1, 5 * ONE, 1_845 * USD);
    bid(&mut world, T4, 2, 5 * ONE, 1_500 * USD);
    check(
        &mut world,
        10_000,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 1000000000 for 1672500000000 (index 1850000000000); because no partner has an offer on that side
        case-1 disposed: -131500000000
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 68500000000
    "#]],
    );
}

#[test]
fn fees_are_the_funds() {
    let mut config = served(Service::kuma());
    config.markets[0].listing.taker_fee = 50_000;
    let mut world = World::of(config);
    bid(&mut world, T3, 1, 10 * ONE, 1_845 * USD);
    check(
        &mut world,
        10_000,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 1000000000 for 1844077500000 (index 1850000000000); because no partner has an offer on that side
        case-1 disposed: 40077500000
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 240077500000
    "#]],
    );
}

/// An order of the fund's for the book, signed by its key.
fn fund_order(name: u8, quantity: i64, price: i64) -> SignedOrder {
    let (quantity, price) = (quantity.unsigned_abs(), price.unsigned_abs());
    let mut signed = order(IF, Sell, quantity, price);
    signed.hash = hash(name);
    signed.order.nonce = uuid(START - 1_000 + i64::from(name));
    signed.order.order_type = if price == 0 {
        OrderType::Market
    } else {
        OrderType::Limit
    };
    signed.order.time_in_force = TimeInForce::Ioc;
    signed.order.is_reduce_only = true;
    signed.order.delegated_public_key = address(99);
    signed.signer = address(99);
    signed
}

fn post_fund_order(signed: SignedOrder) -> Command {
    service(ServiceCommand::PostFundOrder(Box::new(signed)))
}

/// A venue where the fund's key must have signed, with bids for 5 at 1845 and 5 at 1840.
fn signed_only() -> World {
    let mut own = Service::kuma();
    own.fund_orders = FundOrders::Required;
    let mut world = World::of(served(own));
    world.ok(Command::AuthoriseKey {
        account: IF,
        key: address(99),
        nonce: uuid(START - 5_000),
        signer: address(1),
    });
    bid(&mut world, T3, 1, 5 * ONE, 1_845 * USD);
    bid(&mut world, T4, 2, 5 * ONE, 1_840 * USD);
    world
}

#[test]
fn with_orders_required_the_book_sees_what_the_fund_has_signed_and_no_more() {
    // Nothing signed: the book is passed by.
    check(
        &mut signed_only(),
        10_000,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 0 for 0 (index 0); because no partner has an offer on that side
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers -46000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the book did not take all of it within the price
        case-1 disposed: 0
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 200000000000
    "#]],
    );
    // Three at the market, then one, then nine, at no less than 1842.
    let mut world = signed_only();
    world.ok(post_fund_order(fund_order(53, 9 * ONE, 1_842 * USD)));
    world.ok(post_fund_order(fund_order(51, 3 * ONE, 0)));
    world.ok(post_fund_order(fund_order(52, ONE, 1_842 * USD)));
    check(
        &mut world,
        10_000,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 500000000 for 922500000000 (index 925000000000); because no partner has an offer on that side
          account-3 is deleveraged, 1 of 1, fifth 5: 500000000 for 902000000000, covers -23000000000
        case-1 deleverage of a long: 500000000 asked, 500000000 for 902000000000 (index 925000000000); because the book did not take all of it within the price
        case-1 disposed: 20500000000
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 220500000000
    "#]],
    );
    let filled = [51, 52, 53].map(|name| {
        let fill = world.venue().people().fill(&hash(name));
        fill.map_or(0, |fill| fill.filled / ONE.unsigned_abs())
    });
    assert_eq!(filled, [3, 1, 1]);
    let again = world.told(post_fund_order(fund_order(52, ONE, 1_842 * USD)));
    assert_eq!(again, "Order double filled");
    // A nonce that is void signs nothing.
    let mut world = signed_only();
    world.ok(post_fund_order(fund_order(51, 10 * ONE, 0)));
    world.ok(Command::InvalidateNonce {
        account: IF,
        nonce: uuid(START),
    });
    check(
        &mut world,
        10_000,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 0 for 0 (index 0); because no partner has an offer on that side
          account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers -46000000000
        case-1 deleverage of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the book did not take all of it within the price
        case-1 disposed: 0
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 200000000000
    "#]],
    );
}

#[test]
fn an_order_of_the_fund_for_the_book_that_could_stand_there_is_refused() {
    let mut world = signed_only();
    let mut refused = |change: fn(&mut SignedOrder), expected: &str| {
        let mut signed = fund_order(51, ONE, 1_842 * USD);
        change(&mut signed);
        let told = world.told(post_fund_order(signed));
        assert_eq!(
            told,
            format!("an order of the fund for the book {expected}")
        );
    };
    refused(
        |s| s.order.time_in_force = TimeInForce::Gtc,
        "must fill at once or be cancelled (ioc)",
    );
    refused(
        |s| s.order.order_type = OrderType::StopLossLimit,
        "must be a market or a limit order",
    );
    refused(
        |s| s.order.order_type = OrderType::Market,
        "has a price if it has a limit, and only then",
    );
    refused(|s| s.order.trigger_price = 1, "must not wait for anything");
    refused(|s| s.order.quantity = 0, "needs a quantity");
}

fn with(close: CloseOnBook, fund: FundPolicy, policy: Policy) -> World {
    let mut service = Service::kuma();
    service.procedure.truncate(3);
    service.procedure.push(Stage::CloseOnBook(close));
    service.procedure.push(Stage::Deleverage(Deleverage {
        whose: Whose::Backstop,
        policy,
    }));
    service.fund = fund;
    World::of(served(service))
}

#[test]
fn a_collar_and_the_price_of_acquisition_bound_the_funds_orders() {
    let close = CloseOnBook {
        collar_bps: Some(100),
        slices: None,
    };
    let collared = || with(close, FundPolicy::default(), Policy::Queue);
    // 1 % below 1850 is 1831.5: the second bid is beyond it, above the 1804 acquired at.
    let mut world = collared();
    bid(&mut world, T3, 1, 5 * ONE, 1_832 * USD);
    bid(&mut world, T4, 2, 5 * ONE, 1_831 * USD);
    check(
        &mut world,
        10_000,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 500000000 for 916000000000 (index 925000000000); because no partner has an offer on that side
          account-3 is deleveraged, 1 of 1, fifth 5: 500000000 for 902000000000, covers -23000000000
        case-1 deleverage of a long: 500000000 asked, 500000000 for 902000000000 (index 925000000000); because the book did not take all of it within the price
        case-1 disposed: 14000000000
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 214000000000
    "#]],
    );
    // At 1805 the collar is below the price of acquisition, 1804.
    let mut world = collared();
    bid(&mut world, T3, 1, 5 * ONE, 1_804 * USD);
    bid(&mut world, T4, 2, 5 * ONE, 1_803 * USD);
    check(
        &mut world,
        10_000,
        1_805 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1805000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 500000000 for 902000000000 (index 902500000000); because no partner has an offer on that side
          account-3 is deleveraged, 1 of 1, fifth 5: 500000000 for 902000000000, covers -500000000
        case-1 deleverage of a long: 500000000 asked, 500000000 for 902000000000 (index 902500000000); because the book did not take all of it within the price
        case-1 disposed: 0
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 200000000000
    "#]],
    );
}

#[test]
fn a_cap_on_losses_bounds_the_funds_orders() {
    let close = CloseOnBook {
        collar_bps: None,
        slices: None,
    };
    let fund = FundPolicy {
        account_cap: Some(i128::from(100 * USD)),
        ..FundPolicy::default()
    };
    // Ten may lose 100 against the index: no bid below 1840.
    let mut world = with(close, fund, Policy::Queue);
    bid(&mut world, T3, 1, 5 * ONE, 1_840 * USD);
    bid(&mut world, T4, 2, 5 * ONE, 1_839 * USD);
    check(
        &mut world,
        10_000,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 500000000 for 920000000000 (index 925000000000); because no partner has an offer on that side
          account-3 is deleveraged, 1 of 1, fifth 5: 500000000 for 902000000000, covers -23000000000
        case-1 deleverage of a long: 500000000 asked, 500000000 for 902000000000 (index 925000000000); because the book did not take all of it within the price
        case-1 disposed: 18000000000
        case-1 closed: Liquidated { shortfall: 0 }
        IF: 218000000000
    "#]],
    );
}

#[test]
fn slices_spread_a_disposal_over_time() {
    let close = CloseOnBook {
        collar_bps: Some(200),
        slices: Some(Slicing {
            fraction_e5: 40_000,
            interval: Duration(30_000),
            deep_e5: 10_000,
        }),
    };
    let mut world = with(close, FundPolicy::default(), Policy::Minimal);
    bid(&mut world, T3, 1, 20 * ONE, 1_845 * USD);
    check(
        &mut world,
        10_000,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1850000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 400000000 asked, 400000000 for 738000000000 (index 740000000000); because no partner has an offer on that side
        case-1 closed: Liquidated { shortfall: 0 }
        IF: -866000000000, ETH 600000000 for 1082400000000
    "#]],
    );
    check(
        &mut world,
        29_000,
        1_850 * USD,
        &expect![[r#"

        IF: -866000000000, ETH 600000000 for 1082400000000
    "#]],
    );
    check(
        &mut world,
        1_000,
        1_850 * USD,
        &expect![[r#"
        case-1 close-on-book of a long: 400000000 asked, 400000000 for 738000000000 (index 740000000000); because no partner has an offer on that side
        IF: -128000000000, ETH 200000000 for 360800000000
    "#]],
    );
    check(
        &mut world,
        30_000,
        1_850 * USD,
        &expect![[r#"
        case-1 close-on-book of a long: 200000000 asked, 200000000 for 369000000000 (index 370000000000); because no partner has an offer on that side
        case-1 disposed: 41000000000
        IF: 241000000000
    "#]],
    );
    // Deep under water nothing waits; the price of acquisition still bounds the order.
    let mut world = with(close, FundPolicy::default(), Policy::Minimal);
    bid(&mut world, T3, 1, 20 * ONE, 1_810 * USD);
    check(
        &mut world,
        10_000,
        1_801 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 acquire of a long: 1000000000 asked, 1000000000 for 1804000000000 (index 1801000000000); because the wallet is below its maintenance requirement
        case-1 close-on-book of a long: 1000000000 asked, 1000000000 for 1810000000000 (index 1801000000000); because no partner has an offer on that side
        case-1 disposed: 6000000000
        case-1 closed: Liquidated { shortfall: 3000000000 }
        IF: 206000000000
    "#]],
    );
}

#[test]
fn the_preset_plus_reduces_first_and_disposes_in_quarters() {
    let mut world = World::of(served(Service::kuma_plus()));
    bid(&mut world, T3, 1, 20 * ONE, 1_845 * USD);
    check(
        &mut world,
        10_000,
        1_850 * USD,
        &expect![[r#"
        case-1 of account-4 opened
        case-1 reduce of a long: 718146719 asked, 718146719 for 1308642858697 (index 1328571430150); because less than everything brings the wallet back
        case-1 close-on-book of a long: 179536680 asked, 179536680 for 331245174600 (index 332142858000); because no partner has an offer on that side
        case-1 closed: Recovered
        IF: -777397684097, ETH 538610039 for 981482143568
    "#]],
    );
    check(
        &mut world,
        30_000,
        1_850 * USD,
        &expect![[r#"
        case-1 close-on-book of a long: 179536680 asked, 179536680 for 331245174600 (index 332142858000); because no partner has an offer on that side
        IF: -446152509497, ETH 359073359 for 654321428438
    "#]],
    );
    check(
        &mut world,
        30_000,
        1_850 * USD,
        &expect![[r#"
        case-1 close-on-book of a long: 179536680 asked, 179536680 for 331245174600 (index 332142858000); because no partner has an offer on that side
        IF: -114907334897, ETH 179536679 for 327160713308
    "#]],
    );
    check(
        &mut world,
        30_000,
        1_850 * USD,
        &expect![[r#"
        case-1 close-on-book of a long: 179536679 asked, 179536679 for 331245172755 (index 332142856150); because no partner has an offer on that side
        case-1 disposed: 16337837858
        IF: 216337837858
    "#]],
    );
}

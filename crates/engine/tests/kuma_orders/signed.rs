//! Orders that carry a signature: bound by it, fill by fill.

use expect_test::expect;
use plimsoll_engine::venues::kuma::{
    Address, Command, KEY_EXPIRY_MS, NewOrder, OrderSide, OrderType, SignedOrder, TimeInForce,
    TriggerType,
};

use crate::desk::{pips, run_on, tell, world};
use crate::kuma_support::{ONE, START, T1, World, order, uuid};

fn place(world: &mut World, order: &SignedOrder) -> String {
    world.now += 1_000;
    let command = Command::PlaceOrder {
        order: Box::new(NewOrder::Signed(Box::new(order.clone()))),
        group: None,
    };
    tell(&world.apply(command))
}

fn one() -> u64 {
    ONE.unsigned_abs()
}

fn sell(quantity: u64) -> SignedOrder {
    order(T1, OrderSide::Sell, quantity * one(), pips("2000"))
}

#[test]
fn a_signed_order_trades_at_its_terms_and_its_fills_are_counted() {
    let mut world = world();
    let order = sell(3);
    assert_eq!(place(&mut world, &order), " -> #1");
    let said = run_on(&mut world, "T3 buy 2 @ 2001\nbook");
    expect![[r#"
        T3 buy 2 @ 2001 -> #2
            #2 takes 2 from #1 at 2000
        book
          sell 2000: 1 of T1 (#1)
    "#]]
    .assert_eq(&said);
    let fill = world.venue().people().fill(&order.hash).expect("counted");
    assert_eq!((fill.filled, fill.complete), (2 * one(), false));
}

#[test]
fn an_order_placed_twice_never_fills_more_than_was_signed() {
    let mut world = world();
    let order = sell(3);
    place(&mut world, &order);
    place(&mut world, &order);
    let said = run_on(&mut world, "T3 buy 5 @ 2000\nbook");
    expect![[r#"
        T3 buy 5 @ 2000 -> #3
            #3 takes 3 from #1 at 2000
            #2 cancelled, 3 left: Void
        book
          buy 2000: 2 of T3 (#3)
    "#]]
    .assert_eq(&said);
    assert_eq!(
        place(&mut world, &order),
        " -> refused: Order double filled"
    );
}

/// The order, changed, is refused for this reason.
#[track_caller]
fn check_refused(change: impl FnOnce(&mut SignedOrder), reason: &str) {
    let mut order = sell(1);
    change(&mut order);
    let said = place(&mut world(), &order);
    assert_eq!(said, format!(" -> refused: {reason}"));
}

#[test]
fn forged_expired_and_misplaced_orders_are_refused() {
    check_refused(
        |o| o.signer = Address([7; 20]),
        "Invalid wallet signature for sell order",
    );
    check_refused(
        |o| o.signer = Address::ZERO,
        "Invalid wallet signature for sell order",
    );
    check_refused(|o| o.order.nonce = 5, "Must be v1 UUID");
    check_refused(
        |o| o.order.market_symbol = "DOGE-USD".to_owned(),
        "No active market found",
    );
    check_refused(
        |o| o.order.wallet = Address([9; 20]),
        "no account is registered for the wallet 0x0909090909090909090909090909090909090909",
    );
    check_refused(|o| o.order.limit_price = 0, "Invalid limit price");
    check_refused(
        |o| o.order.order_type = OrderType::Market,
        "Invalid limit price",
    );
    check_refused(|o| o.order.trigger_price = 5, "Invalid trigger price");
    check_refused(
        |o| o.order.is_liquidation_acquisition_only = true,
        "a liquidation acquisition order never goes on the order book",
    );
    check_refused(
        |o| o.order.time_in_force = TimeInForce::Fok,
        "a fill-or-kill order must cancel the newest on a self-trade",
    );
    check_refused(
        |o| o.order.conditional_order_id = u128::MAX,
        "only a conditional order can wait for another order",
    );
}

#[test]
fn a_standing_order_whose_nonce_was_invalidated_is_cancelled_when_it_is_met() {
    let mut world = world();
    place(&mut world, &sell(3));
    world.ok(Command::InvalidateNonce {
        account: T1,
        nonce: uuid(START),
    });
    let said = run_on(&mut world, "T2 sell 1 @ 2000\nT3 buy 2 @ 2000\nbook");
    expect![[r#"
        T2 sell 1 @ 2000 -> #2
        T3 buy 2 @ 2000 -> #3
            #1 cancelled, 3 left: Void
            #3 takes 1 from #2 at 2000
        book
          buy 2000: 1 of T3 (#3)
    "#]]
    .assert_eq(&said);
}

#[test]
fn a_stop_whose_nonce_was_invalidated_while_it_waited_does_not_trade() {
    let mut world = world();
    let mut stop = order(T1, OrderSide::Buy, 3 * one(), 0);
    stop.order.order_type = OrderType::StopLossMarket;
    stop.order.trigger_price = pips("2100");
    stop.order.trigger_type = TriggerType::Index;
    assert_eq!(place(&mut world, &stop), " -> #1");
    world.ok(Command::InvalidateNonce {
        account: T1,
        nonce: uuid(START),
    });
    let said = run_on(&mut world, "T3 sell 3 @ 2090\nindex 2100\nbook");
    expect![[r#"
        T3 sell 3 @ 2090 -> #2
        index 2100
            #1 fires at 2100
            #1 cancelled, 3 left: Void
        book
          sell 2090: 3 of T3 (#2)
    "#]]
    .assert_eq(&said);
}

#[test]
fn a_delegated_key_signs_until_it_expires() {
    let mut world = world();
    let key = Address([0xdd; 20]);
    let mut order = sell(1);
    order.order.delegated_public_key = key;
    order.signer = key;
    assert_eq!(
        place(&mut world, &order),
        " -> refused: Invalid wallet signature for sell order"
    );
    world.ok(Command::AuthoriseKey {
        account: T1,
        key,
        nonce: uuid(START - 5_000),
        signer: crate::kuma_support::address(3),
    });
    assert_eq!(place(&mut world, &order), " -> #1");
    // The key lives 35 days from its authorisation; an order made later is refused.
    let expires = START - 5_000 + i64::try_from(KEY_EXPIRY_MS).unwrap();
    for (made, told) in [
        (expires - 1, " -> #2"),
        (expires, " -> refused: Sell order delegated key expired"),
        (
            START - 5_000,
            " -> refused: Sell order predates delegated key",
        ),
    ] {
        order.order.nonce = uuid(made);
        order.hash[0] += 1;
        assert_eq!(place(&mut world, &order), told);
    }
}

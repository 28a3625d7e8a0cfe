//! The partners' desk: who may post what, how it is adjusted, and what is refused.

use expect_test::{Expect, expect};
use plimsoll_engine::backstop::partners::Limits;
use plimsoll_engine::venues::kuma::OrderSide::{Buy, Sell};
use plimsoll_engine::venues::kuma::waterfall::FundOrders;
use plimsoll_engine::venues::kuma::{
    Address, Command, OrderType, SelfTradePrevention, Service, ServiceCommand, SignedOrder,
    TimeInForce, TriggerType,
};
use plimsoll_units::{Duration, Timestamp};

use crate::world::*;

const USD: i64 = ONE;

fn partner() -> World {
    let mut world = page();
    register(&mut world, T3);
    world
}

fn good() -> SignedOrder {
    side_channel(T3, 1, Buy, 10 * ONE, 1_840 * USD)
}

#[test]
fn wallets_that_are_not_whitelisted_are_refused_by_the_venues_own_name() {
    let mut world = page();
    assert_eq!(world.told(post(good())), "UNAUTHORIZED_LPP_WALLET");
    let quoted = quote(T3, 1, Buy, ONE, 0);
    let posted = service(ServiceCommand::PostQuote(Box::new(quoted)));
    assert_eq!(world.told(posted), "UNAUTHORIZED_LPP_WALLET");
    let funds = service(ServiceCommand::RegisterPartner {
        account: IF,
        limits: Limits::default(),
    });
    assert_eq!(world.told(funds), "UNAUTHORIZED_LPP_WALLET");
    let gone = service(ServiceCommand::RemovePartner(T3));
    assert_eq!(world.told(gone), "UNAUTHORIZED_LPP_WALLET");
}

#[test]
fn an_order_of_another_shape_is_refused() {
    let check = |change: fn(&mut SignedOrder), expected: &str| {
        let mut signed = good();
        change(&mut signed);
        let says = format!("a liquidation acquisition order {expected}");
        assert_eq!(partner().told(post(signed)), says);
    };
    check(
        |s| s.order.is_liquidation_acquisition_only = false,
        "must be flagged as one",
    );
    check(
        |s| s.order.order_type = OrderType::StopLossLimit,
        "must be a market or a limit order",
    );
    check(
        |s| s.order.time_in_force = TimeInForce::Gtc,
        "with a limit must be post-only (gtx)",
    );
    check(
        |s| {
            s.order.order_type = OrderType::Market;
            s.order.time_in_force = TimeInForce::Gtc;
        },
        "at the market has no price",
    );
    check(
        |s| {
            s.order.order_type = OrderType::Market;
            s.order.limit_price = 0;
        },
        "at the market must stand (gtc)",
    );
    check(|s| s.order.limit_price = 0, "with a limit needs a price");
    check(|s| s.order.is_reduce_only = true, "must not be reduce-only");
    check(
        |s| s.order.self_trade_prevention = SelfTradePrevention::CancelBoth,
        "must decrease and cancel on a self-trade (dc)",
    );
    check(|s| s.order.trigger_price = 1, "must not have a trigger");
    check(
        |s| s.order.trigger_type = TriggerType::Last,
        "must not have a trigger",
    );
    check(
        |s| s.order.callback_rate = 1,
        "must not have a callback rate",
    );
    check(
        |s| s.order.conditional_order_id = 1,
        "must not wait for another order",
    );
    check(|s| s.order.quantity = 0, "needs a quantity");
}

#[test]
fn forged_replayed_and_void_signatures_are_refused() {
    let check = |change: fn(&mut SignedOrder), expected: &str| {
        let mut signed = good();
        change(&mut signed);
        assert_eq!(partner().told(post(signed)), expected);
    };
    let forged = "Invalid wallet signature for buy order";
    check(|s| s.signer = address(9), forged);
    check(|s| s.signer = Address::ZERO, forged);
    check(|s| s.order.delegated_public_key = address(9), forged);
    check(
        |s| s.order.market_symbol = "DOGE-USD".to_owned(),
        "the order is for a market that is not listed",
    );
    check(
        |s| s.order.wallet = address(77),
        &format!("no account is registered for the wallet {}", address(77)),
    );
    // Voided.
    let mut world = partner();
    world.ok(Command::InvalidateNonce {
        account: T3,
        nonce: uuid(START - 10),
    });
    let told = world.told(post(good()));
    assert_eq!(told, "Buy order nonce timestamp invalidated");
    // The same twice, and again once it is used up.
    let mut world = partner();
    let small = side_channel(T3, 1, Buy, ONE, 1_840 * USD);
    world.ok(post(small.clone()));
    let name = format!("0x{}", "01".repeat(32));
    let told = world.told(post(small.clone()));
    assert_eq!(told, format!("offer {name} is already standing"));
    world.now = START + 10_000;
    world.ok(index(ETH, 185_000_000_000, START + 10_000));
    assert_eq!(world.told(post(small)), "Order double filled");
}

#[test]
fn an_order_voided_after_it_was_posted_is_left_out() {
    let mut world = partner();
    world.ok(post(good()));
    world.ok(Command::InvalidateNonce {
        account: T3,
        nonce: uuid(START - 10),
    });
    world.now = START + 10_000;
    let events = world.ok(index(ETH, 185_000_000_000, START + 10_000));
    let told = told(&events);
    let left_out = "  account-5 is left out by 1: refused by the venue's rules".to_owned();
    assert!(told.contains(&left_out), "{told:?}");
}

#[test]
fn offers_are_replaced_and_cancelled_at_any_time() {
    let mut world = partner();
    let mut log = Vec::new();
    let mut say = |command: Command| match world.apply(command) {
        Ok(events) => log.extend(told(&events)),
        Err(why) => log.push(format!("refused: {why}")),
    };
    say(post(good()));
    let better = side_channel(T3, 2, Buy, 5 * ONE, 1_845 * USD);
    say(service(ServiceCommand::ReplaceWithOrder {
        old: hash(1),
        new: Box::new(better.clone()),
    }));
    say(service(ServiceCommand::ReplaceWithOrder {
        old: hash(1),
        new: Box::new(better),
    }));
    say(service(ServiceCommand::ReplaceWithQuote {
        old: hash(2),
        new: Box::new(quote(T3, 3, Sell, 7 * ONE, -25)),
    }));
    say(service(ServiceCommand::CancelOffer {
        account: T4,
        offer: hash(3),
    }));
    say(post(side_channel(T3, 4, Sell, 5 * ONE, 1_900 * USD)));
    say(service(ServiceCommand::CancelOffer {
        account: T3,
        offer: hash(3),
    }));
    say(service(ServiceCommand::CancelOffers {
        account: T3,
        market: Some(BTC),
    }));
    say(service(ServiceCommand::RemovePartner(T3)));
    expect![[r#"
        account-5 offers 1 at 184000000000: 1000000000
        account-5 takes 1 off: 1000000000 left
        account-5 offers 2 at 184500000000: 500000000
        refused: account-5 has no standing offer 0x0101010101010101010101010101010101010101010101010101010101010101
        account-5 takes 2 off: 500000000 left
        account-5 offers 3 at 25 bps off: 700000000
        refused: account-6 has no standing offer 0x0303030303030303030303030303030303030303030303030303030303030303
        account-5 offers 4 at 190000000000: 500000000
        account-5 takes 3 off: 700000000 left
        account-5 takes 4 off: 500000000 left
        PartnerRemoved(account-5)
    "#]]
    .assert_eq(&(log.join("\n") + "\n"));
}

/// The ETH index falls to 1850; what the service says about partners.
fn fall(world: &mut World, expected: &Expect) {
    world.now = START + 10_000;
    let events = world.ok(index(ETH, 185_000_000_000, START + 10_000));
    let told = told(&events);
    let of_partners = told.iter().filter(|line| line.starts_with("  account"));
    let lines: Vec<_> = of_partners.map(|line| line.trim_start()).collect();
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn a_quote_hands_off_at_the_index_less_its_discount_until_it_is_used_up() {
    let mut world = partner();
    let quoted = quote(T3, 1, Buy, 4 * ONE, -100);
    let posted = service(ServiceCommand::PostQuote(Box::new(quoted.clone())));
    world.ok(posted.clone());
    fall(
        &mut world,
        &expect![[r#"
              account-5 takes by 1: 400000000 for 732600000000 (index 740000000000)
              account-3 is deleveraged, 1 of 1, fifth 5: 600000000 for 1082400000000, covers -27600000000
        "#]],
    );
    assert_eq!(world.told(posted), "Order double filled");
    let mut forged = quoted;
    forged.hash = hash(9);
    forged.signer = address(9);
    let forged = service(ServiceCommand::PostQuote(Box::new(forged)));
    assert_eq!(world.told(forged), "Invalid wallet signature for quote");
}

#[test]
fn an_expired_quote_is_left_out() {
    let mut world = partner();
    let mut quoted = quote(T3, 1, Buy, 4 * ONE, 0);
    quoted.quote.expires = Timestamp(START + 10_000);
    world.ok(service(ServiceCommand::PostQuote(Box::new(quoted))));
    fall(
        &mut world,
        &expect![[r#"
              account-5 is left out by 1: expired
              account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers -46000000000
        "#]],
    );
}

#[test]
fn a_partners_own_limits_hold() {
    let check = |limits: Limits, expected: &Expect| {
        let mut world = page();
        register_with(&mut world, T3, limits);
        world.ok(post(good()));
        fall(&mut world, expected);
    };
    let capacity = Limits {
        capacity: Some(i128::from(3_680 * USD)),
        ..Limits::default()
    };
    check(
        capacity,
        &expect![[r#"
              account-5 takes by 1: 200000000 for 368000000000 (index 370000000000)
              account-3 is deleveraged, 1 of 1, fifth 5: 800000000 for 1443200000000, covers -36800000000
        "#]],
    );
    let window = Limits {
        window_cap: Some(i128::from(1_840 * USD)),
        window: Duration::HOUR,
        ..Limits::default()
    };
    check(
        window,
        &expect![[r#"
              account-5 takes by 1: 100000000 for 184000000000 (index 185000000000)
              account-3 is deleveraged, 1 of 1, fifth 5: 900000000 for 1623600000000, covers -41400000000
        "#]],
    );
    let nothing = Limits {
        capacity: Some(0),
        ..Limits::default()
    };
    check(
        nothing,
        &expect![[r#"
              account-5 is left out by 1: capacity used up
              account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers -46000000000
        "#]],
    );
}

#[test]
fn with_orders_required_the_fund_must_have_signed_too() {
    let mut own = Service::kuma();
    own.fund_orders = FundOrders::Required;
    let world = || {
        let mut world = World::of(served(own.clone()));
        register(&mut world, T3);
        world.ok(post(good()));
        world
    };
    // Nothing of the fund's stands.
    fall(
        &mut world(),
        &expect![[r#"
              account-5 is left out by 1: refused by the venue's rules
              account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers -46000000000
        "#]],
    );
    let fund_order = || {
        let mut signed = side_channel(IF, 50, Sell, 6 * ONE, 1_830 * USD);
        signed.order.time_in_force = TimeInForce::Gtc;
        signed.order.is_reduce_only = true;
        signed.order.delegated_public_key = address(99);
        signed.signer = address(99);
        signed
    };
    let posted = |signed: SignedOrder| service(ServiceCommand::PostFundOrder(Box::new(signed)));
    let mut with = world();
    let told = with.told(posted(fund_order()));
    assert_eq!(told, "Invalid wallet signature for sell order");
    with.ok(Command::AuthoriseKey {
        account: IF,
        key: address(99),
        nonce: uuid(START - 5_000),
        signer: address(1),
    });
    let mut not_reducing = fund_order();
    not_reducing.order.is_reduce_only = false;
    let told = with.told(posted(not_reducing));
    assert_eq!(told, "IF order must be reduce only and signed by DK");
    with.ok(posted(fund_order()));
    // The fund's order is for 6, so the lot of 10 has no counterpart; one of 10 has.
    fall(
        &mut with,
        &expect![[r#"
              account-5 is left out by 1: refused by the venue's rules
              account-3 is deleveraged, 1 of 1, fifth 5: 1000000000 for 1804000000000, covers -46000000000
        "#]],
    );
    let mut with = world();
    with.ok(Command::AuthoriseKey {
        account: IF,
        key: address(99),
        nonce: uuid(START - 5_000),
        signer: address(1),
    });
    let mut large = fund_order();
    large.order.quantity = 10 * ONE.unsigned_abs();
    with.ok(posted(large));
    fall(
        &mut with,
        &expect![[r#"
              account-5 takes by 1: 1000000000 for 1840000000000 (index 1850000000000)
        "#]],
    );
}

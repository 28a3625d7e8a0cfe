//! From a client's text and signature to the engine's state: what is forged, replayed, expired,
//! mis-scaled or out of place is refused with its reason, wherever on that way it is found, and
//! not a byte of the state changes.

#[path = "../../engine/tests/kuma_support/mod.rs"]
mod kuma_support;

use kuma_support::{ETH, IF, ONE, START, T1, T2, T3, T4, World, config, index};
use plimsoll_engine::Event;
use plimsoll_engine::backstop::partners::{Limits, Skip};
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::kuma::waterfall::FundOrders;
use plimsoll_engine::venues::kuma::{
    self, Command, KEY_EXPIRY_MS, OrderSide, OrderType, Service, ServiceCommand, ServiceEvent,
    SignedTrade, TimeInForce, Trade,
};
use plimsoll_evm::{
    Address, DelegatedKeyAuthorization, Domain, Hash, SignatureBytes, Signed, Signer, WireOrder,
    Withdrawal, authenticate, digest, nonce_at, order_digest, pips_from_text, recheck, recover,
};
use plimsoll_units::AccountId;

const NOW_MS: u64 = START.unsigned_abs();

fn domain() -> Domain {
    Domain::kuma(Address([7; 20]))
}

/// What is changed in an order.
type Alter = fn(&mut WireOrder);

/// The key of a wallet.
fn key_of(account: AccountId) -> Signer {
    Signer::for_simulation(7, &account.to_string())
}

/// A key that some wallet may let sign for it.
fn delegate() -> Signer {
    Signer::for_simulation(7, "delegate")
}

fn nonce(before_now_ms: u64, clock: u64) -> u128 {
    nonce_at(NOW_MS - before_now_ms, clock).unwrap()
}

/// T3's standing offer to buy 10 ETH at 1840, as a client writes it.
fn offer() -> WireOrder {
    WireOrder {
        nonce: nonce(1_000, 1),
        wallet: key_of(T3).address(),
        market_symbol: "ETH-USD".to_owned(),
        order_type: 1,
        order_side: 0,
        quantity: "10.00000000".to_owned(),
        limit_price: "1840.00000000".to_owned(),
        trigger_price: "0.00000000".to_owned(),
        trigger_type: 0,
        callback_rate: "0.00000000".to_owned(),
        conditional_order_id: 0,
        is_reduce_only: false,
        time_in_force: 1,
        self_trade_prevention: 0,
        is_liquidation_acquisition_only: true,
        delegated_public_key: Address::ZERO,
        client_order_id: "desk-1".to_owned(),
    }
}

fn signature(order: &WireOrder, signer: &Signer, domain: &Domain) -> SignatureBytes {
    signer.sign(&order_digest(&order.read().unwrap(), domain))
}

/// What stands at the door: text is read, the signature is looked at, the engine decides.
fn post(world: &mut World, order: &WireOrder, signature: &[u8]) -> Result<Vec<Event>, String> {
    let read = order.read().map_err(|why| why.to_string())?;
    let signed = authenticate(read, signature, &domain()).map_err(|why| why.to_string())?;
    let command = ServiceCommand::PostOrder(Box::new(signed));
    apply(world, Command::Service(Box::new(command)))
}

/// A refused command leaves every byte as it was: [`World::apply`] compares them.
fn apply(world: &mut World, command: Command) -> Result<Vec<Event>, String> {
    world.apply(command).map_err(|why| why.to_string())
}

/// A venue whose wallets sign with their keys, T3 and T4 being partners.
fn world_of(service: Service) -> World {
    let mut config = config();
    for (account, wallet) in (0u32..).map(AccountId).zip(&mut config.wallets) {
        wallet.address = Some(key_of(account).address());
    }
    config.wallets[T4.index()].quote = 5_000 * ONE;
    config.execution = Execution::Engine { keeper: IF };
    config.service = service;
    let mut world = World::of(config);
    for account in [T3, T4] {
        let limits = Limits::default();
        let command = ServiceCommand::RegisterPartner { account, limits };
        world.ok(Command::Service(Box::new(command)));
    }
    world
}

fn world() -> World {
    world_of(Service::kuma())
}

/// A key asks to sign for a wallet, by an authorisation that `signer` has signed.
fn authorise(
    world: &mut World,
    account: AccountId,
    signer: &Signer,
    made: u128,
) -> Result<Vec<Event>, String> {
    let key = delegate().address();
    let message = DelegatedKeyAuthorization {
        nonce: made,
        delegated_key: key,
    };
    let signed = Signed::sign(message, signer, &domain()).unwrap();
    let signer = recover(&signed.hash, &signed.signature).unwrap();
    let nonce = made;
    apply(
        world,
        Command::AuthoriseKey {
            account,
            key,
            nonce,
            signer,
        },
    )
}

/// What becomes of an order with a signature: the reason of the refusal, or that it stands.
#[track_caller]
fn check(world: &mut World, order: &WireOrder, signature: &[u8], expected: &str) {
    let before = world.engine.state_hash();
    let told = match post(world, order, signature) {
        Ok(_) => "stands".to_owned(),
        Err(why) => why,
    };
    assert_eq!(told, expected);
    let same = before == world.engine.state_hash();
    assert_eq!(same, told != "stands", "{told}");
}

#[test]
fn a_partners_order_stands_as_it_was_signed() {
    let order = offer();
    let mut world = world();
    let good = signature(&order, &key_of(T3), &domain());
    check(&mut world, &order, &good, "stands");
    let offers = world.venue().waterfall().partners().offers();
    assert_eq!(offers.len(), 1);
}

#[test]
fn forged_orders_are_refused() {
    const FORGED: &str = "Invalid wallet signature for buy order";
    let order = offer();
    let good = signature(&order, &key_of(T3), &domain());
    // Somebody else's signature: another partner's, and a key nobody has authorised.
    for other in [key_of(T4), delegate()] {
        let theirs = signature(&order, &other, &domain());
        check(&mut world(), &order, &theirs, FORGED);
    }
    // Signed for another deployment.
    for elsewhere in [
        Domain {
            version: "1.0.0-sandbox".to_owned(),
            ..domain()
        },
        Domain {
            chain_id: 64_002,
            ..domain()
        },
        Domain::kuma(Address([8; 20])),
    ] {
        let theirs = signature(&order, &key_of(T3), &elsewhere);
        check(&mut world(), &order, &theirs, FORGED);
    }
    // Altered after it was signed; 1000 for 10 is the same number two decimals on.
    let altered: [Alter; 5] = [
        |o| o.quantity = "1000.00000000".to_owned(),
        |o| o.limit_price = "184000.00000000".to_owned(),
        |o| o.market_symbol = "BTC-USD".to_owned(),
        |o| o.client_order_id = "desk-2".to_owned(),
        |o| o.nonce = nonce(500, 1),
    ];
    for alter in altered {
        let mut order = order.clone();
        alter(&mut order);
        check(&mut world(), &order, &good, FORGED);
    }
    let mut selling = order.clone();
    selling.order_side = 1;
    let told = "Invalid wallet signature for sell order";
    check(&mut world(), &selling, &good, told);
    let mut of_another = order.clone();
    of_another.wallet = key_of(T4).address();
    check(&mut world(), &of_another, &good, FORGED);
}

#[test]
fn malformed_signatures_are_refused_at_the_door() {
    let order = offer();
    let good = signature(&order, &key_of(T3), &domain());
    let refused = |signature: &[u8]| {
        let mut world = world();
        let before = world.engine.state_hash();
        let why = post(&mut world, &order, signature).unwrap_err();
        assert_eq!(before, world.engine.state_hash());
        why
    };
    let high = refused(&high_s(&good));
    assert!(
        high.starts_with("signature: s = 0x")
            && high.ends_with(" is in the upper half, which is malleable"),
        "{high}"
    );
    expect_test::expect![[r#"
        signature: 64 bytes, not 65 (r, s, v)
        signature: v is 0, not 27 or 28
    "#]]
    .assert_eq(&format!(
        "{}\n{}\n",
        refused(&good[..64]),
        refused(&[&good[..64], &[0]].concat())
    ));
}

/// The other signature of the same message that anybody can make of one: n - s, the other v.
fn high_s(signature: &SignatureBytes) -> SignatureBytes {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36,
        0x41, 0x41,
    ];
    let mut other = *signature;
    let mut borrow = 0i16;
    for at in (0..32).rev() {
        let digit = i16::from(ORDER[at]) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(digit < 0);
        other[32 + at] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    other[64] = 27 + 28 - signature[64];
    other
}

#[test]
fn numbers_that_are_not_scaled_as_signed_are_refused() {
    let good = signature(&offer(), &key_of(T3), &domain());
    let misscaled: [(Alter, &str); 4] = [
        (
            |o| o.quantity = "10.000000".to_owned(),
            r#"quantity: "10.000000" is not a decimal number with exactly 8 decimals"#,
        ),
        (
            |o| o.quantity = "1000000000".to_owned(),
            r#"quantity: "1000000000" is not a decimal number with exactly 8 decimals"#,
        ),
        (
            |o| o.limit_price = "1,840.00000000".to_owned(),
            r#"limitPrice: "1,840.00000000" is not a decimal number with exactly 8 decimals"#,
        ),
        (
            |o| o.quantity = "184467440737.09551616".to_owned(),
            r#"quantity: "184467440737.09551616" is more than 184467440737.09551615"#,
        ),
    ];
    for (alter, expected) in misscaled {
        let mut order = offer();
        alter(&mut order);
        check(&mut world(), &order, &good, expected);
    }
}

#[test]
fn a_delegated_key_signs_once_it_is_authorised_and_until_it_expires() {
    let mut order = offer();
    order.delegated_public_key = delegate().address();
    let by_key = |order: &WireOrder| signature(order, &delegate(), &domain());
    let mut world = world();
    let told = "Invalid wallet signature for buy order";
    check(&mut world, &order, &by_key(&order), told);
    // An authorisation that another has signed is none.
    let made = nonce(5_000, 1);
    let forged = authorise(&mut world, T3, &key_of(T4), made).unwrap_err();
    assert_eq!(forged, "Invalid wallet signature");
    authorise(&mut world, T3, &key_of(T3), made).unwrap();
    check(&mut world, &order, &by_key(&order), "stands");
    let at = |time_ms: u64| WireOrder {
        nonce: nonce_at(time_ms, 2).unwrap(),
        ..order.clone()
    };
    let issued = NOW_MS - 5_000;
    for (made, expected) in [
        (issued, "Buy order predates delegated key"),
        (issued + KEY_EXPIRY_MS - 1, "stands"),
        (issued + KEY_EXPIRY_MS, "Buy order delegated key expired"),
    ] {
        let order = at(made);
        check(&mut world, &order, &by_key(&order), expected);
    }
    // The wallet's own signature is not the key's.
    let order = at(issued + 1);
    let own = signature(&order, &key_of(T3), &domain());
    check(&mut world, &order, &own, told);
    world.ok(Command::InvalidateNonce {
        account: T3,
        nonce: nonce(4_000, 1),
    });
    let told = "Buy order delegated key invalidated";
    check(
        &mut world,
        &order_after(&order),
        &by_key(&order_after(&order)),
        told,
    );
}

/// The same order made a moment before now.
fn order_after(order: &WireOrder) -> WireOrder {
    WireOrder {
        nonce: nonce(100, 3),
        ..order.clone()
    }
}

/// The index falls to 1850: T2's long of 10 is liquidated.
fn fall(world: &mut World) -> Vec<ServiceEvent> {
    world.now = START + 10_000;
    let events = world.ok(index(ETH, 185_000_000_000, world.now));
    let of_service = |event| match event {
        Event::Kuma(kuma::Event::Service(event)) => Some(event),
        _ => None,
    };
    events.into_iter().filter_map(of_service).collect()
}

fn handed_off(events: &[ServiceEvent]) -> Vec<(AccountId, u64, u64, u64)> {
    let lot = |event: &ServiceEvent| match event {
        ServiceEvent::HandedOff {
            partner, amounts, ..
        } => Some((*partner, amounts.base, amounts.quote, amounts.index_quote)),
        _ => None,
    };
    events.iter().filter_map(lot).collect()
}

#[test]
fn an_order_that_was_used_up_cannot_be_posted_again() {
    let order = offer();
    let good = signature(&order, &key_of(T3), &domain());
    let mut world = world();
    check(&mut world, &order, &good, "stands");
    let hash = order_digest(&order.read().unwrap(), &domain());
    let short = plimsoll_engine::backstop::partners::OfferId(hash);
    check(
        &mut world,
        &order,
        &good,
        &format!("offer {short} is already standing"),
    );
    // It takes all of the 10 at 1840, against an index of 1850, in the partner's own event.
    let taken = handed_off(&fall(&mut world));
    assert_eq!(
        taken,
        [(T3, 1_000_000_000, 1_840_000_000_000, 1_850_000_000_000)]
    );
    check(&mut world, &order, &good, "Order double filled");
}

#[test]
fn a_partner_whose_margin_does_not_carry_it_is_left_out_with_the_reason() {
    let mut large = offer();
    large.limit_price = "1849.00000000".to_owned();
    let mut world = world();
    let good = signature(&large, &key_of(T3), &domain());
    check(&mut world, &large, &good, "stands");
    // T3 takes all but 50 of its money out.
    world.ok(Command::Withdraw {
        account: T3,
        gross: 4_950 * ONE.unsigned_abs(),
        gas_fee: 0,
        maximum_gas_fee: 0,
        signed: None,
    });
    let events = fall(&mut world);
    assert!(handed_off(&events).is_empty());
    let skipped = events.iter().find_map(|event| match event {
        ServiceEvent::PartnerSkipped { skipped, .. } => Some((skipped.partner, skipped.why)),
        _ => None,
    });
    assert_eq!(skipped, Some((T3, Skip::Margin)));
    assert_eq!(world.show(T3), (50 * ONE).to_string());
}

/// T1 and T3 trade 1 ETH at 2000 with these orders.
fn trade(world: &mut World, buy: &WireOrder, sell: &WireOrder) -> Result<Vec<Event>, String> {
    let signed = |order: &WireOrder| {
        let account = [T1, T2, T3, T4]
            .into_iter()
            .find(|account| key_of(*account).address() == order.wallet);
        let good = signature(order, &key_of(account.unwrap()), &domain());
        authenticate(order.read().unwrap(), &good, &domain()).unwrap()
    };
    let trade = Trade {
        market: ETH,
        base: pips_from_text("base", "1.00000000").unwrap(),
        quote: pips_from_text("quote", "2000.00000000").unwrap(),
        maker_side: OrderSide::Sell,
        maker_fee: 0,
        taker_fee: 0,
    };
    let (buy, sell) = (signed(buy), signed(sell));
    apply(
        world,
        Command::ExecuteTrade(Box::new(SignedTrade { buy, sell, trade })),
    )
}

#[test]
fn orders_that_do_not_go_together_are_refused() {
    let order = |account: AccountId, side: OrderSide, clock: u64| WireOrder {
        nonce: nonce(1_000, clock),
        wallet: key_of(account).address(),
        order_side: side.number(),
        limit_price: "2000.00000000".to_owned(),
        quantity: "1.00000000".to_owned(),
        time_in_force: TimeInForce::Gtc.number(),
        is_liquidation_acquisition_only: false,
        ..offer()
    };
    let buy = || order(T3, OrderSide::Buy, 1);
    let sell = || order(T1, OrderSide::Sell, 2);
    let check = |change: fn(&mut WireOrder, &mut WireOrder), expected: &str| {
        let (mut buy, mut sell) = (buy(), sell());
        change(&mut buy, &mut sell);
        let mut world = world();
        let before = world.engine.state_hash();
        assert_eq!(trade(&mut world, &buy, &sell).unwrap_err(), expected);
        assert_eq!(before, world.engine.state_hash());
    };
    // The buyer takes, and must not when it is post-only.
    check(
        |buy, _| buy.time_in_force = TimeInForce::Gtx.number(),
        "gtx order must be limit maker",
    );
    check(
        |_, sell| sell.wallet = key_of(T3).address(),
        "Self-trading not allowed",
    );
    check(
        |buy, _| buy.limit_price = "1999.99999999".to_owned(),
        "Order limit price exceeded",
    );
    check(
        |_, sell| sell.market_symbol = "BTC-USD".to_owned(),
        "Invalid wallet signature for sell order",
    );
    check(
        |buy, sell| std::mem::swap(&mut buy.order_side, &mut sell.order_side),
        "Order arguments do not match sides",
    );
    check(
        |_, sell| sell.is_liquidation_acquisition_only = true,
        "Both orders must be liquidation acquisition",
    );
    check(
        |buy, sell| {
            buy.is_liquidation_acquisition_only = true;
            sell.is_liquidation_acquisition_only = true;
        },
        "One order wallet must be IF",
    );
    let mut world = world();
    trade(&mut world, &buy(), &sell()).unwrap();
    let again = trade(&mut world, &buy(), &sell()).unwrap_err();
    assert_eq!(again, "Order double filled");
}

#[test]
fn a_hand_off_is_settled_from_the_signatures_of_both_sides() {
    let mut service = Service::kuma();
    service.fund_orders = FundOrders::Required;
    let mut world = world_of(service);
    authorise(&mut world, IF, &key_of(IF), nonce(5_000, 1)).unwrap();
    let order = offer();
    let good = signature(&order, &key_of(T3), &domain());
    check(&mut world, &order, &good, "stands");
    let mut own = offer();
    own.wallet = key_of(IF).address();
    own.order_side = OrderSide::Sell.number();
    own.limit_price = "1804.00000000".to_owned();
    own.time_in_force = TimeInForce::Gtc.number();
    own.is_reduce_only = true;
    own.delegated_public_key = delegate().address();
    let read = own.read().unwrap();
    assert_eq!(read.order_type, OrderType::Limit);
    let mut posted = |signer: &Signer| {
        let signature = signature(&own, signer, &domain());
        let signed = authenticate(own.read().unwrap(), &signature, &domain()).unwrap();
        recheck(&signed, &domain()).unwrap();
        let command = ServiceCommand::PostFundOrder(Box::new(signed));
        apply(&mut world, Command::Service(Box::new(command)))
    };
    let forged = posted(&key_of(IF)).unwrap_err();
    assert_eq!(forged, "Invalid wallet signature for sell order");
    posted(&delegate()).unwrap();
    let taken = handed_off(&fall(&mut world));
    assert_eq!(
        taken,
        [(T3, 1_000_000_000, 1_840_000_000_000, 1_850_000_000_000)]
    );
    for order in [&order, &own] {
        let hash: Hash = order_digest(&order.read().unwrap(), &domain());
        let fill = world.venue().people().fill(&hash).unwrap();
        assert!(fill.complete);
    }
}

#[test]
fn a_withdrawal_is_its_owners_and_happens_once() {
    let message = Withdrawal {
        nonce: nonce(1_000, 1),
        wallet: key_of(T3).address(),
        quantity: 10 * ONE.unsigned_abs(),
        maximum_gas_fee: 0,
        bridge_adapter: Address::ZERO,
        bridge_adapter_payload: Vec::new(),
    };
    let withdraw = |signer: &Signer| {
        let hash = digest(&message, &domain());
        let signer = recover(&hash, &signer.sign(&hash)).unwrap();
        Command::Withdraw {
            account: T3,
            gross: message.quantity,
            gas_fee: 0,
            maximum_gas_fee: message.maximum_gas_fee,
            signed: Some(kuma::Signed { hash, signer }),
        }
    };
    let mut world = world();
    let forged = apply(&mut world, withdraw(&key_of(T4))).unwrap_err();
    assert_eq!(forged, "Invalid wallet signature");
    // A delegated key trades; it never withdraws.
    authorise(&mut world, T3, &key_of(T3), nonce(5_000, 1)).unwrap();
    let by_key = apply(&mut world, withdraw(&delegate())).unwrap_err();
    assert_eq!(by_key, "Invalid wallet signature");
    apply(&mut world, withdraw(&key_of(T3))).unwrap();
    let again = apply(&mut world, withdraw(&key_of(T3))).unwrap_err();
    assert_eq!(again, "Duplicate withdrawal");
}

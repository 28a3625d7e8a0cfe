//! Signed text that means nothing, or could be written twice, is refused with the field and the
//! value; whatever is altered in a signed order, its signer is lost.

use plimsoll_engine::venues::kuma::waterfall::OffsetQuote;
use plimsoll_engine::venues::kuma::{
    Address, Order, OrderSide, OrderType, SelfTradePrevention, SignedOrder, TimeInForce,
    TriggerType,
};
use plimsoll_evm::{
    Domain, FieldError, Signed, Signer, WireOrder, address_from_text, authenticate, from_hex,
    nonce_at, nonce_time_ms, order_digest, pips_from_text, pips_to_text, recover, sign,
};
use plimsoll_units::Timestamp;
use proptest::prelude::*;

const TIME_MS: u64 = 1_760_000_000_000;

fn domain() -> Domain {
    Domain::kuma(Address([7; 20]))
}

#[test]
fn a_number_has_one_text() {
    for text in [
        "",
        ".",
        "1",
        "1.",
        ".00000000",
        "1.0000000",
        "1.000000000",
        "01.00000000",
        "00.00000001",
        "-1.00000000",
        "+1.00000000",
        "1,000.00000000",
        "1.00000000 ",
        "1e3.00000000",
        "1.0000000a",
        "\u{661}.00000000",
        "1.0.0000000",
    ] {
        let refused = pips_from_text("quantity", text).unwrap_err();
        assert!(
            matches!(refused, FieldError::NotPips { .. }),
            "{text:?}: {refused}"
        );
        assert!(refused.to_string().starts_with("quantity: "));
    }
    for text in ["184467440737.09551616", "999999999999999999999999.00000000"] {
        let refused = pips_from_text("price", text).unwrap_err();
        assert!(
            matches!(refused, FieldError::TooManyPips { .. }),
            "{text:?}: {refused}"
        );
    }
    for (text, pips) in [
        ("0.00000000", 0),
        ("0.00000001", 1),
        ("12.34567890", 1_234_567_890),
        ("184467440737.09551615", u64::MAX),
    ] {
        assert_eq!(pips_from_text("n", text), Ok(pips));
    }
    // However long it is, what is shown of it is short.
    let long = "9".repeat(100_000);
    assert!(pips_from_text("n", &long).unwrap_err().to_string().len() < 200);
}

#[test]
fn a_nonce_says_when_it_was_made() {
    for time in [0, 1, TIME_MS, 1_721_923_007_079] {
        let nonce = nonce_at(time, 42).unwrap();
        assert_eq!(nonce_time_ms("nonce", nonce), Ok(time));
    }
    assert_ne!(nonce_at(TIME_MS, 1), nonce_at(TIME_MS, 2));
    assert_eq!(nonce_at(u64::MAX, 0), None);
    let version_one = 1 << 76;
    for (nonce, why) in [
        (
            0,
            "nonce: 0x00000000000000000000000000000000 is not a version 1 UUID",
        ),
        (
            4 << 76,
            "nonce: 0x00000000000040000000000000000000 is not a version 1 UUID",
        ),
        (
            version_one,
            "nonce: 0x00000000000010000000000000000000 was made before 1970",
        ),
        (
            u128::MAX,
            "nonce: 0xffffffffffffffffffffffffffffffff is not a version 1 UUID",
        ),
    ] {
        assert_eq!(nonce_time_ms("nonce", nonce).unwrap_err().to_string(), why);
    }
}

#[test]
fn a_mistyped_account_is_found() {
    let read = |text: &str| address_from_text("wallet", text);
    let right = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    let account = read(right).unwrap();
    assert_eq!(read(&right.to_lowercase()), Ok(account));
    assert_eq!(
        read("0x70997970C51812DC3A010C7D01B50E0D17DC79C8"),
        Ok(account)
    );
    let mut shown = String::new();
    for text in [
        "0x70997970C51812dc3A010C7d01b50e0d17dc79c8",
        "70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C",
        "0x70997970C51812dc3A010C7d01b50e0d17dc79Cg",
        "0x\u{e9}0997970C51812dc3A010C7d01b50e0d17dc79C",
    ] {
        shown.push_str(&format!("{}\n", read(text).unwrap_err()));
    }
    expect_test::expect![[r#"
        wallet: "0x70997970C51812dc3A010C7d01b50e0d17dc79c8" is mistyped, its checksum would be that of "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
        wallet: "70997970C51812dc3A010C7d01b50e0d17dc79C8" is not 0x and 40 hexadecimal digits
        wallet: "0x70997970C51812dc3A010C7d01b50e0d17dc79C" is not 0x and 40 hexadecimal digits
        wallet: "0x70997970C51812dc3A010C7d01b50e0d17dc79Cg" is not 0x and 40 hexadecimal digits
        wallet: "0xé0997970C51812dc3A010C7d01b50e0d17dc79C" is not 0x and 40 hexadecimal digits
    "#]]
    .assert_eq(&shown);
}

fn wire() -> WireOrder {
    WireOrder {
        nonce: nonce_at(TIME_MS, 1).unwrap(),
        wallet: Address([1; 20]),
        market_symbol: "ETH-USD".to_owned(),
        order_type: 1,
        order_side: 0,
        quantity: "1.00000000".to_owned(),
        limit_price: "2000.00000000".to_owned(),
        trigger_price: "0.00000000".to_owned(),
        trigger_type: 0,
        callback_rate: "0.00000000".to_owned(),
        conditional_order_id: 0,
        is_reduce_only: false,
        time_in_force: 0,
        self_trade_prevention: 0,
        is_liquidation_acquisition_only: false,
        delegated_public_key: Address::ZERO,
        client_order_id: String::new(),
    }
}

#[test]
fn an_order_is_refused_by_the_field_that_means_nothing() {
    let mut shown = String::new();
    let mut check = |alter: fn(&mut WireOrder)| {
        let mut order = wire();
        assert!(order.read().is_ok());
        alter(&mut order);
        shown.push_str(&format!("{}\n", order.read().unwrap_err()));
    };
    check(|o| o.nonce = 1 << 100);
    check(|o| o.order_type = 7);
    check(|o| o.order_side = 2);
    check(|o| o.quantity = "1.0".to_owned());
    check(|o| o.limit_price = "2,000.00000000".to_owned());
    check(|o| o.trigger_price = String::new());
    check(|o| o.trigger_type = 3);
    check(|o| o.callback_rate = "0.00000000000".to_owned());
    check(|o| o.time_in_force = 255);
    check(|o| o.self_trade_prevention = 4);
    check(|o| o.market_symbol = "E".repeat(257));
    check(|o| o.client_order_id = "E".repeat(1000));
    expect_test::expect![[r#"
        nonce: 0x00000010000000000000000000000000 is not a version 1 UUID
        orderType: 7 stands for nothing, the highest is 6
        orderSide: 2 stands for nothing, the highest is 1
        quantity: "1.0" is not a decimal number with exactly 8 decimals
        limitPrice: "2,000.00000000" is not a decimal number with exactly 8 decimals
        triggerPrice: "" is not a decimal number with exactly 8 decimals
        triggerType: 3 stands for nothing, the highest is 2
        callbackRate: "0.00000000000" is not a decimal number with exactly 8 decimals
        timeInForce: 255 stands for nothing, the highest is 3
        selfTradePrevention: 4 stands for nothing, the highest is 3
        marketSymbol: 257 bytes are more than 256
        clientOrderId: 1000 bytes are more than 256
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_signature_has_one_form() {
    let order = wire().read().unwrap();
    let signer = Signer::for_simulation(9, "partner");
    let good = sign(order.clone(), &signer, &domain()).unwrap().signature;
    let mut shown = String::new();
    let mut check = |signature: &[u8]| {
        let why = authenticate(order.clone(), signature, &domain()).unwrap_err();
        shown.push_str(&format!("{why}\n"));
    };
    check(&[]);
    check(&good[..64]);
    check(&[&good[..], &[0]].concat());
    check(&[0; 65]);
    for v in [0, 1, 26, 29, 255] {
        let mut bytes = good;
        bytes[64] = v;
        check(&bytes);
    }
    check(&high_s(&good));
    let order_of_curve = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let order_of_curve = from_hex::<32>("n", order_of_curve).unwrap();
    for from in [0, 32] {
        for value in [[0; 32], order_of_curve, [0xff; 32]] {
            let mut bytes = good;
            bytes[from..from + 32].copy_from_slice(&value);
            check(&bytes);
        }
    }
    // Five is no abscissa of the curve.
    let mut five = [0; 32];
    five[31] = 5;
    let mut bytes = good;
    bytes[..32].copy_from_slice(&five);
    check(&bytes);
    expect_test::expect![[r#"
        signature: 0 bytes, not 65 (r, s, v)
        signature: 64 bytes, not 65 (r, s, v)
        signature: 66 bytes, not 65 (r, s, v)
        signature: v is 0, not 27 or 28
        signature: v is 0, not 27 or 28
        signature: v is 1, not 27 or 28
        signature: v is 26, not 27 or 28
        signature: v is 29, not 27 or 28
        signature: v is 255, not 27 or 28
        signature: s = 0xe64cbc9b5530faec9e97db9f445864621320636982917fe00da0ec7bec19d8e1 is in the upper half, which is malleable
        signature: r = 0x0000000000000000000000000000000000000000000000000000000000000000 is zero or not below the order of the curve
        signature: r = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141 is zero or not below the order of the curve
        signature: r = 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff is zero or not below the order of the curve
        signature: s = 0x0000000000000000000000000000000000000000000000000000000000000000 is zero or not below the order of the curve
        signature: s = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141 is zero or not below the order of the curve
        signature: s = 0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff is zero or not below the order of the curve
        signature: r = 0x0000000000000000000000000000000000000000000000000000000000000005 leads to no public key
    "#]]
    .assert_eq(&shown);
}

/// The other form of the same signature: n - s, and the other parity.
fn high_s(signature: &[u8; 65]) -> [u8; 65] {
    let n = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let n = from_hex::<32>("n", n).unwrap();
    let mut bytes = *signature;
    let mut borrow = 0i16;
    for at in (0..32).rev() {
        let digit = i16::from(n[at]) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(digit < 0);
        bytes[32 + at] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    bytes[64] = 27 + 28 - signature[64];
    bytes
}

prop_compose! {
    fn orders()(
        times in (0u64..4_000_000_000_000, any::<u64>(), any::<u128>()),
        accounts in (any::<[u8; 20]>(), any::<[u8; 20]>()),
        texts in ("[A-Z0-9]{1,8}-USD", ".{0,20}"),
        numbers in any::<[u64; 4]>(),
        choices in (0u8..7, 0u8..2, 0u8..4, 0u8..4, 0u8..3),
        flags in any::<(bool, bool)>(),
    ) -> Order {
        Order {
            nonce: nonce_at(times.0, times.1).unwrap(),
            wallet: Address(accounts.0),
            market_symbol: texts.0,
            order_type: OrderType::from_number(choices.0).unwrap(),
            side: OrderSide::from_number(choices.1).unwrap(),
            quantity: numbers[0],
            limit_price: numbers[1],
            trigger_price: numbers[2],
            trigger_type: TriggerType::from_number(choices.4).unwrap(),
            callback_rate: numbers[3],
            conditional_order_id: times.2,
            is_reduce_only: flags.0,
            time_in_force: TimeInForce::from_number(choices.2).unwrap(),
            self_trade_prevention: SelfTradePrevention::from_number(choices.3).unwrap(),
            is_liquidation_acquisition_only: flags.1,
            delegated_public_key: Address(accounts.1),
            client_order_id: texts.1,
        }
    }
}

/// Alters one field by one bit; which is up to chance. `None` where that is no order any more.
fn flip(order: &Order, field: u8, bit: u32) -> Option<Order> {
    let mut o = order.clone();
    let byte = |bytes: &mut [u8; 20]| bytes[bit as usize % 20] ^= 1 << (bit % 8);
    let one = 1u64 << (bit % 64);
    let small = 1u8 << (bit % 3);
    let letter = |text: &mut String| {
        let mut bytes = std::mem::take(text).into_bytes();
        let at = bit as usize % bytes.len().max(1);
        *bytes.get_mut(at)? ^= 1;
        *text = String::from_utf8(bytes).ok()?;
        Some(())
    };
    match field {
        0 => o.nonce ^= 1 << (bit % 128),
        1 => byte(&mut o.wallet.0),
        2 => letter(&mut o.market_symbol)?,
        3 => o.order_type = OrderType::from_number(o.order_type.number() ^ small)?,
        4 => o.side = o.side.opposite(),
        5 => o.quantity ^= one,
        6 => o.limit_price ^= one,
        7 => o.trigger_price ^= one,
        8 => o.trigger_type = TriggerType::from_number(o.trigger_type.number() ^ small)?,
        9 => o.callback_rate ^= one,
        10 => o.conditional_order_id ^= 1 << (bit % 128),
        11 => o.is_reduce_only = !o.is_reduce_only,
        12 => o.time_in_force = TimeInForce::from_number(o.time_in_force.number() ^ small)?,
        13 => {
            let number = o.self_trade_prevention.number() ^ small;
            o.self_trade_prevention = SelfTradePrevention::from_number(number)?;
        }
        14 => o.is_liquidation_acquisition_only = !o.is_liquidation_acquisition_only,
        15 => byte(&mut o.delegated_public_key.0),
        _ => letter(&mut o.client_order_id)?,
    }
    Some(o)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn who_signed_an_order_is_found_again(order in orders(), seed in any::<u64>()) {
        let signer = Signer::for_simulation(seed, "maker");
        let signed = sign(order.clone(), &signer, &domain()).unwrap();
        prop_assert_eq!(signed.signer, signer.address());
        let authenticated = authenticate(order, &signed.signature, &domain()).unwrap();
        prop_assert_eq!(authenticated, signed);
    }

    #[test]
    fn an_altered_order_has_another_signer_or_none(
        order in orders(),
        field in 0u8..17,
        bit in any::<u32>(),
    ) {
        let signer = Signer::for_simulation(1, "maker");
        let signed = sign(order.clone(), &signer, &domain()).unwrap();
        let Some(altered) = flip(&order, field, bit) else { return Ok(()) };
        prop_assert_ne!(order_digest(&altered, &domain()), signed.hash);
        let found = authenticate(altered, &signed.signature, &domain());
        prop_assert!(!is_by(&found, &signer));
    }

    #[test]
    fn an_altered_signature_has_another_signer_or_none(order in orders(), bit in 0usize..520) {
        let signer = Signer::for_simulation(2, "maker");
        let signed = sign(order.clone(), &signer, &domain()).unwrap();
        let mut signature = signed.signature;
        signature[bit / 8] ^= 1 << (bit % 8);
        let found = authenticate(order.clone(), &signature, &domain());
        prop_assert!(!is_by(&found, &signer));
        // Nor is its malleable twin taken.
        prop_assert!(authenticate(order, &high_s(&signed.signature), &domain()).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_crash_the_recovery(
        digest in any::<[u8; 32]>(),
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        v in 27u8..29,
    ) {
        let _ = recover(&digest, &bytes);
        let mut sized = bytes;
        sized.resize(64, 0x11);
        sized.push(v);
        let _ = recover(&digest, &sized);
    }

    #[test]
    fn numbers_survive_their_text(pips in any::<u64>(), noise in ".{0,24}") {
        prop_assert_eq!(pips_from_text("n", &pips_to_text(pips)), Ok(pips));
        if let Ok(read) = pips_from_text("n", &noise) {
            prop_assert_eq!(pips_to_text(read), noise);
        }
    }
}

fn is_by(found: &Result<SignedOrder, plimsoll_evm::SignatureError>, signer: &Signer) -> bool {
    found
        .as_ref()
        .is_ok_and(|signed| signed.signer == signer.address())
}

/// An offset quote is our own kind of message; no order's signature can be taken for one.
#[test]
fn an_offset_quote_is_signed_like_an_order_and_is_none() {
    let signer = Signer::for_simulation(3, "partner");
    let quote = OffsetQuote {
        nonce: nonce_at(TIME_MS, 4).unwrap(),
        wallet: signer.address(),
        market_symbol: "ETH-USD".to_owned(),
        side: OrderSide::Buy,
        max_offset_bps: 150,
        capacity: 100_00000000,
        expires: Timestamp(1_760_003_600_000),
        delegated_public_key: Address::ZERO,
    };
    let signed = Signed::sign(quote, &signer, &domain()).unwrap();
    assert_eq!(signed.recheck(&domain()), Ok(()));
    for alter in [
        (|q: &mut OffsetQuote| q.max_offset_bps += 1) as fn(&mut OffsetQuote),
        |q| q.capacity += 1,
        |q| q.max_offset_bps = -150,
        |q| q.expires.0 += 1,
        |q| q.side = q.side.opposite(),
        |q| q.market_symbol.push('T'),
        |q| q.delegated_public_key.0[0] ^= 1,
    ] {
        let mut altered = signed.clone();
        alter(&mut altered.message);
        assert!(altered.recheck(&domain()).is_err());
        let again = Signed::authenticate(altered.message, &signed.signature, &domain()).unwrap();
        assert_ne!(again.signer, signer.address());
    }
}

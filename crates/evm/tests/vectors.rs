//! What is signed, against facts from elsewhere: a small table that is always here, and the whole
//! of the recorded vectors where they are.

use plimsoll_engine::venues::kuma::waterfall::OffsetQuote;
use plimsoll_engine::venues::kuma::{Address, Order, OrderSide, SignedOrder};
use plimsoll_evm::{
    DelegatedKeyAuthorization, Domain, IndexPrice, MarginFractionOverride, Signed, Signer,
    Transfer, Typed, WireOrder, Withdrawal, address_from_text, address_to_text, authenticate,
    digest, from_hex, keccak256, nonce_time_ms, order_digest, pips_from_text, pips_to_text,
    recheck, recover, sign, struct_hash, symbol_rank, to_hex,
};
use plimsoll_units::Timestamp;
use serde_json::Value;

fn address(text: &str) -> Address {
    address_from_text("address", text).unwrap()
}

fn domain() -> Domain {
    Domain::kuma(address("0x5FbDB2315678afecb367f032d93F642f64180aa3"))
}

/// Three of the well-known keys of local test chains.
const KEYS: [(&str, &str); 3] = [
    (
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    ),
    (
        "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    ),
    (
        "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    ),
];

fn signer(key: usize) -> Signer {
    Signer::from_secret(&from_hex("secret", KEYS[key].0).unwrap()).unwrap()
}

#[test]
fn keys_have_the_accounts_everybody_knows() {
    for (key, (_, account)) in KEYS.iter().enumerate() {
        assert_eq!(signer(key).address(), address(account));
        assert_eq!(address_to_text(address(account)), *account);
    }
    assert!(Signer::from_secret(&[0; 32]).is_none());
    assert!(Signer::from_secret(&[0xff; 32]).is_none());
}

fn partner_order() -> WireOrder {
    WireOrder {
        nonce: 169_051_718_922_304_468_874_363_421_732_390_543_175,
        wallet: address(KEYS[0].1),
        market_symbol: "ETH-USD".to_owned(),
        order_type: 1,
        order_side: 1,
        quantity: "100.00000000".to_owned(),
        limit_price: "2170.00000000".to_owned(),
        trigger_price: "0.00000000".to_owned(),
        trigger_type: 0,
        callback_rate: "0.00000000".to_owned(),
        conditional_order_id: 0,
        is_reduce_only: false,
        time_in_force: 1,
        self_trade_prevention: 0,
        is_liquidation_acquisition_only: true,
        delegated_public_key: Address::ZERO,
        client_order_id: String::new(),
    }
}

/// The venue's own numbers: type hash, domain, digest and a signature made by another library.
#[test]
fn an_order_has_the_hash_and_the_signature_other_libraries_give_it() {
    let order = partner_order().read().unwrap();
    let check = |actual: &[u8], expected: &str| assert_eq!(to_hex(actual), expected);
    check(
        &keccak256(Order::TYPE.as_bytes()),
        "0x8b752ab52672e4daae0c72771a9cce783f4f38f3276743e0f0e1cfb49284208d",
    );
    check(
        &domain().separator(),
        "0xa15208f405e04a40c5795c034e829516005edc756253471efe071e73041bf737",
    );
    check(
        &struct_hash(&order),
        "0x37a06735f1d1d381fb64108d8028a19a142fd3cff797efa5b273fd088e4c3b5b",
    );
    check(
        &order_digest(&order, &domain()),
        "0x441429b7d5baa6d1ebad3e412054b5df8e5a2e48ece493d80a7db93263b1af72",
    );
    let signed = sign(order, &signer(0), &domain()).unwrap();
    check(
        &signed.signature,
        "0x9b57f5dc85d19e77f6f1e0ec5ba9a3709cff7fe93fc20ffbfbbea936ff2a9e5413d75436e7c88b07beb3\
         291ef6425bc1045ad11c075fa1d5fed4f7b8397800011c",
    );
    assert_eq!(signed.signer, address(KEYS[0].1));
    assert_eq!(
        nonce_time_ms("nonce", signed.order.nonce),
        Ok(1_721_923_007_079)
    );
}

#[test]
fn a_wallet_lets_another_key_sign_with_the_venues_words() {
    let authorization = DelegatedKeyAuthorization {
        nonce: 169_051_713_851_702_067_961_445_815_745_577_721_671,
        delegated_key: address(KEYS[2].1),
    };
    assert_eq!(
        to_hex(&digest(&authorization, &domain())),
        "0x8795022a4574acd15013c45c2635ee09b79e5ceb9588bca2ead3da33a8df6b6d"
    );
    let signed = Signed::sign(authorization, &signer(1), &domain()).unwrap();
    assert_eq!(signed.recheck(&domain()), Ok(()));
    assert_eq!(signed.signer, address(KEYS[1].1));
}

/// Digests and the head of each signature by the first key, as another library (eth-account) makes
/// them of the same values.
#[test]
fn every_other_message_has_the_digest_another_library_gives_it() {
    fn check<T: Typed>(message: T, hash: &str, signature: &str) {
        let signed = Signed::sign(message, &signer(0), &domain()).unwrap();
        assert_eq!(to_hex(&signed.hash), hash);
        assert_eq!(to_hex(&signed.signature[..8]), signature);
    }
    let nonce = partner_order().nonce;
    let [wallet, key] = [KEYS[0].1, KEYS[2].1].map(address);
    let index = IndexPrice {
        base_symbol: "ETH".to_owned(),
        timestamp_ms: 1_760_000_000_000,
        price: 215_012_345_678,
    };
    check(
        index,
        "0x3c0f91d75687a3ebf12c15a4f0fc9afee7a81a66b64f2f11a416df0d3757b0df",
        "0x1eebefb2bfbf46c9",
    );
    let leverage = MarginFractionOverride {
        nonce,
        wallet,
        market_symbol: "ETH-USD".to_owned(),
        fraction: Some(25_000_000),
        delegated_key: Address::ZERO,
    };
    let none = MarginFractionOverride {
        fraction: None,
        delegated_key: key,
        ..leverage.clone()
    };
    check(
        leverage,
        "0x733c73e327e40986f79537a2f797d1a68845873ae2fe0a1e5c4dfd627ec3144e",
        "0x267678731b1aa2de",
    );
    check(
        none,
        "0x43eea451c9985a8e9ea60c62e0749e2dcf3a0b166edc9ef294bf96fe66daa2ae",
        "0xb8a4193e55d89746",
    );
    let withdrawal = Withdrawal {
        nonce,
        wallet,
        quantity: 1_234_567_890,
        maximum_gas_fee: 10_000_000,
        bridge_adapter: key,
        bridge_adapter_payload: vec![1, 2, 3],
    };
    check(
        withdrawal,
        "0x169429723c35efcee469ddbb64e5d5706e7abfcf5b7d75b3c00d8e99cd78127d",
        "0xd525b43586a93bcf",
    );
    let transfer = Transfer {
        nonce,
        source: wallet,
        destination: key,
        quantity: 1_234_567_890,
    };
    check(
        transfer,
        "0x74bff1725bcb7664b41df473591493d9c7db70c4a70f0eeb94f39e9672c1a0c9",
        "0x2af7b8e8ed76ed6f",
    );
    let quote = OffsetQuote {
        nonce,
        wallet,
        market_symbol: "ETH-USD".to_owned(),
        side: OrderSide::Sell,
        max_offset_bps: -150,
        capacity: 10_000_000_000,
        expires: Timestamp(1_760_003_600_000),
        delegated_public_key: key,
    };
    check(
        quote,
        "0x332f92afc37de72b9636244a7fdbf19ec88c83b300655421319c14ac9ddc4db6",
        "0x7b35c7caaa3ba453",
    );
    // An order whose every field is something, beyond what other numbers could hold.
    let order = WireOrder {
        market_symbol: "1000PEPE-USD".to_owned(),
        order_type: 5,
        order_side: 0,
        quantity: "0.00000001".to_owned(),
        limit_price: "184467440737.09551615".to_owned(),
        trigger_price: "1.00000000".to_owned(),
        trigger_type: 2,
        callback_rate: "0.05000000".to_owned(),
        conditional_order_id: u128::MAX,
        is_reduce_only: true,
        time_in_force: 3,
        self_trade_prevention: 2,
        delegated_public_key: key,
        client_order_id: "gr\u{fc}\u{df}e-1".to_owned(),
        ..partner_order()
    };
    check(
        order.read().unwrap(),
        "0x896ff8d08aeb8ea4031b8f9400a6c4466bcc305fa1c12c67da1e455620a0e63b",
        "0xbfffd504f41cf4ec",
    );
}

/// SHA3-256 differs from what Ethereum calls Keccak in its padding alone.
#[test]
fn the_hash_is_keccak_and_not_sha3() {
    for (text, hash) in [
        (
            "",
            "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
        ),
        (
            "ETH",
            "0xaaaebeba3810b1e6b70781f14b2d72c1cb89c0b2b320c43bb67ff79f562f5ff4",
        ),
    ] {
        assert_eq!(to_hex(&keccak256(text.as_bytes())), hash);
    }
}

#[test]
fn markets_are_ranked_by_the_hash_of_their_base() {
    let mut symbols = [
        "BTC", "ETH", "SOL", "DOGE", "XRP", "1000PEPE", "SUI", "BERA",
    ];
    symbols.sort_by_key(|symbol| symbol_rank(symbol));
    let order = [
        "SOL", "BERA", "SUI", "DOGE", "ETH", "XRP", "1000PEPE", "BTC",
    ];
    assert_eq!(symbols, order);
}

/// A file of recorded vectors, or nothing where there is none.
fn shared() -> Option<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/kuma.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: there is no {path}");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} of {value}"))
}

fn number(value: &Value, name: &str) -> u8 {
    value[name]
        .as_u64()
        .and_then(|n| n.try_into().ok())
        .unwrap()
}

fn recorded_order(value: &Value) -> Order {
    let wire = WireOrder {
        nonce: text(value, "nonce").parse().unwrap(),
        wallet: address(text(value, "wallet")),
        market_symbol: text(value, "marketSymbol").to_owned(),
        order_type: number(value, "orderType"),
        order_side: number(value, "orderSide"),
        quantity: text(value, "quantity").to_owned(),
        limit_price: text(value, "limitPrice").to_owned(),
        trigger_price: text(value, "triggerPrice").to_owned(),
        trigger_type: number(value, "triggerType"),
        callback_rate: text(value, "callbackRate").to_owned(),
        conditional_order_id: text(value, "conditionalOrderId").parse().unwrap(),
        is_reduce_only: value["isReduceOnly"].as_bool().unwrap(),
        time_in_force: number(value, "timeInForce"),
        self_trade_prevention: number(value, "selfTradePrevention"),
        is_liquidation_acquisition_only: value["isLiquidationAcquisitionOnly"].as_bool().unwrap(),
        delegated_public_key: address(text(value, "delegatedPublicKey")),
        client_order_id: text(value, "clientOrderId").to_owned(),
    };
    wire.read().unwrap()
}

fn recorded_domain(value: &Value) -> Domain {
    Domain {
        name: text(value, "name").to_owned(),
        version: text(value, "version").to_owned(),
        chain_id: value["chainId"].as_u64().unwrap(),
        verifying_contract: address(text(value, "verifyingContract")),
    }
}

fn check_recorded<T: Typed>(message: T, vector: &Value) {
    let domain = recorded_domain(&vector["domain"]);
    assert_eq!(T::TYPE, text(vector, "encodeType"));
    let hash = |name: &str| from_hex::<32>("hash", text(vector, name)).unwrap();
    assert_eq!(keccak256(T::TYPE.as_bytes()), hash("typeHash"));
    assert_eq!(domain.separator(), hash("domainSeparator"));
    assert_eq!(struct_hash(&message), hash("structHash"));
    assert_eq!(digest(&message, &domain), hash("digest"));
    let signature = from_hex::<65>("signature", text(vector, "signature")).unwrap();
    let signer = address(text(vector, "signer"));
    assert_eq!(recover(&hash("digest"), &signature), Ok(signer));
    let signed = Signed::authenticate(message, &signature, &domain).unwrap();
    assert_eq!(signed.signer, signer);
}

#[test]
fn every_recorded_signature_is_by_who_signed() {
    let Some(document) = shared() else { return };
    let vectors = document["eip712"].as_array().unwrap();
    for vector in vectors {
        let value = &vector["value"];
        if vector["types"].get("Order").is_some() {
            let order = recorded_order(value);
            let millis = nonce_time_ms("nonce", order.nonce).unwrap().to_string();
            assert_eq!(millis, text(vector, "nonceTimestampMs"));
            check_recorded(order, vector);
        } else {
            let authorization = DelegatedKeyAuthorization {
                nonce: text(value, "nonce").parse().unwrap(),
                delegated_key: address(text(value, "delegatedPublicKey")),
            };
            check_recorded(authorization, vector);
        }
    }
    assert!(vectors.len() >= 3);
}

#[test]
fn recorded_symbols_and_numbers_come_out_the_same() {
    let Some(document) = shared() else { return };
    let symbols = document["symbolOrder"].as_array().unwrap();
    for symbol in symbols {
        let rank = symbol_rank(text(symbol, "symbol"));
        assert_eq!(to_hex(&rank), text(symbol, "keccak256"));
    }
    assert!(symbols.is_sorted_by_key(|symbol| text(symbol, "keccak256")));
    for number in document["decimalStrings"].as_array().unwrap() {
        let pips: u64 = text(number, "pips").parse().unwrap();
        assert_eq!(pips_to_text(pips), text(number, "string"));
        assert_eq!(pips_from_text("n", text(number, "string")), Ok(pips));
    }
}

/// An auditor's question: does what a record says of an order follow from the order?
#[test]
fn a_record_that_was_altered_is_found() {
    let order = partner_order().read().unwrap();
    let signed = sign(order, &signer(0), &domain()).unwrap();
    assert_eq!(recheck(&signed, &domain()), Ok(()));
    let mut shown = String::new();
    let mut check = |what: &str, alter: fn(&mut SignedOrder)| {
        let mut altered = signed.clone();
        alter(&mut altered);
        let why = recheck(&altered, &domain()).unwrap_err();
        shown.push_str(&format!("{what}: {why}\n"));
    };
    check("price", |s| s.order.limit_price += 1);
    check("hash", |s| s.hash[0] ^= 1);
    check("signer", |s| s.signer.0[0] ^= 1);
    check("nonce", |s| s.order.nonce = 5);
    check("v", |s| s.signature[64] = 27);
    expect_test::expect![[r#"
        price: hash: 0x441429b7d5baa6d1ebad3e412054b5df8e5a2e48ece493d80a7db93263b1af72 is stated, the fields give 0x53d066f60df2f15326a031c16e667057bfe196f3a57bd2c6bb44be58a2b32ed1
        hash: hash: 0x451429b7d5baa6d1ebad3e412054b5df8e5a2e48ece493d80a7db93263b1af72 is stated, the fields give 0x441429b7d5baa6d1ebad3e412054b5df8e5a2e48ece493d80a7db93263b1af72
        signer: signer: 0xf29fd6e51aad88f6f4ce6ab8827279cfffb92266 is stated, the signature is by 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266
        nonce: nonce: 0x00000000000000000000000000000005 is not a version 1 UUID
        v: signer: 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266 is stated, the signature is by 0xddbca74afb9ad7d7b48a0983319bf7abfe801b5d
    "#]]
    .assert_eq(&shown);
    // Another exchange, another digest.
    let other = Domain::kuma(address(KEYS[1].1));
    assert!(recheck(&signed, &other).is_err());
    let elsewhere = authenticate(signed.order.clone(), &signed.signature, &other).unwrap();
    assert_ne!(elsewhere.signer, signed.signer);
}

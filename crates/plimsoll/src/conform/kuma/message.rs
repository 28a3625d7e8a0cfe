//! Signed messages: type, domain, hashes and digest as recorded, and the signer that follows from
//! the signature, with the hashing and recovery that orders go through.

use plimsoll_engine::venues::kuma::{Address, Order};
use plimsoll_evm::{
    DELEGATION_MESSAGE, DelegatedKeyAuthorization, Domain, FieldError, IndexPrice,
    MarginFractionOverride, QUOTE_SYMBOL, Signed, Transfer, Typed, WireOrder, Withdrawal,
    address_from_text, address_to_text, digest, keccak256, nonce_time_ms, pips_from_text,
    struct_hash, to_hex,
};
use serde_json::Value;

use super::super::compare::{Mismatch, expect};
use super::Check;
use super::fields::{Fields, list};

/// One signed message.
pub(super) fn check(vector: &Value) -> Check {
    let vector = Fields::new(vector)?;
    vector.provenance(&["id", "label", "source", "title"]);
    let (name, encoded) = encode_type(&vector.fields("types")?)?;
    let value = vector.fields("value")?;
    match name {
        "Order" => compare(&vector, &encoded, order(&value)?)?,
        "DelegatedKeyAuthorization" => compare(&vector, &encoded, authorization(&value)?)?,
        "IndexPrice" => compare(&vector, &encoded, index_price(&value)?)?,
        "InitialMarginFractionOverrideSettings" => compare(&vector, &encoded, leverage(&value)?)?,
        "Withdrawal" => compare(&vector, &encoded, withdrawal(&value)?)?,
        "Transfer" => compare(&vector, &encoded, transfer(&value)?)?,
        other => {
            return Err(Mismatch::unusable(format!(
                "there is no signed message called {other:?}"
            )));
        }
    }
    if vector.get("nonceTimestampMs").is_some() {
        let nonce = value.parse("nonce")?;
        let millis = refuse(nonce_time_ms("nonce", nonce))?;
        expect("nonceTimestampMs", vector.text("nonceTimestampMs")?, millis)?;
    }
    value.all_answered().map_err(|m| m.within("value"))?;
    vector.all_answered()
}

fn refuse<T>(read: Result<T, FieldError>) -> Result<T, Mismatch> {
    read.map_err(|why| Mismatch::refused("value", why))
}

/// The message's name, and its type as the vector's list of fields writes it.
fn encode_type<'v>(types: &Fields<'v>) -> Result<(&'v str, String), Mismatch> {
    types.provenance(&["EIP712Domain"]);
    let mut names = types.names().filter(|name| *name != "EIP712Domain");
    let (Some(name), None) = (names.next(), names.next()) else {
        return Err(Mismatch::unusable(
            "there is not exactly one type of message",
        ));
    };
    let fields = list(name, types.value(name)?)?.iter().map(|field| {
        let field = Fields::new(field)?;
        let text = format!("{} {}", field.text("type")?, field.text("name")?);
        field.all_answered()?;
        Ok(text)
    });
    let fields = fields.collect::<Result<Vec<_>, Mismatch>>()?;
    Ok((name, format!("{name}({})", fields.join(","))))
}

/// Everything that follows from a message, its domain and its signature.
fn compare<T: Typed>(vector: &Fields<'_>, encoded: &str, message: T) -> Check {
    let domain = domain(&vector.fields("domain")?).map_err(|m| m.within("domain"))?;
    expect("types", encoded, T::TYPE)?;
    let known = [
        ("encodeType", T::TYPE.to_owned()),
        ("typeHash", to_hex(&keccak256(T::TYPE.as_bytes()))),
        ("domainSeparator", to_hex(&domain.separator())),
        ("structHash", to_hex(&struct_hash(&message))),
        ("digest", to_hex(&digest(&message, &domain))),
    ];
    for (name, actual) in known {
        if vector.get(name).is_some() {
            expect(name, vector.text(name)?, actual)?;
        }
    }
    let text = vector.text("signature")?;
    let signature = bytes("signature", &text)?;
    let signed = Signed::authenticate(message, &signature, &domain)
        .map_err(|why| Mismatch::refused("signature", why))?;
    let signer = address(vector, "signer")?;
    let [expected, actual] = [signer, signed.signer].map(address_to_text);
    expect("signer", expected, actual)
}

fn domain(of: &Fields<'_>) -> Result<Domain, Mismatch> {
    let domain = Domain {
        name: of.text("name")?,
        version: of.text("version")?,
        chain_id: of.parse("chainId")?,
        verifying_contract: address(of, "verifyingContract")?,
    };
    of.all_answered()?;
    Ok(domain)
}

fn address(of: &Fields<'_>, name: &'static str) -> Result<Address, Mismatch> {
    refuse(address_from_text(name, &of.text(name)?))
}

fn pips(of: &Fields<'_>, name: &'static str) -> Result<u64, Mismatch> {
    refuse(pips_from_text(name, &of.text(name)?))
}

/// Bytes of any length: `0x` and two digits each.
fn bytes(name: &str, text: &str) -> Result<Vec<u8>, Mismatch> {
    let wrong = || Mismatch::unusable(format!("{name}: {text:?} is not 0x and pairs of digits"));
    let digits = text.strip_prefix("0x").ok_or_else(wrong)?.as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let [high, low] = <[u8; 2]>::try_from(pair).ok()?;
        let digit = |d: u8| char::from(d).to_digit(16);
        u8::try_from(digit(high)? << 4 | digit(low)?).ok()
    });
    pairs.collect::<Option<_>>().ok_or_else(wrong)
}

/// A field that the message does not leave open.
fn fixed(of: &Fields<'_>, name: &str, meant: &str) -> Check {
    expect(name, of.text(name)?, meant)
}

fn order(of: &Fields<'_>) -> Result<Order, Mismatch> {
    let wire = WireOrder {
        nonce: of.parse("nonce")?,
        wallet: address(of, "wallet")?,
        market_symbol: of.text("marketSymbol")?,
        order_type: of.parse("orderType")?,
        order_side: of.parse("orderSide")?,
        quantity: of.text("quantity")?,
        limit_price: of.text("limitPrice")?,
        trigger_price: of.text("triggerPrice")?,
        trigger_type: of.parse("triggerType")?,
        callback_rate: of.text("callbackRate")?,
        conditional_order_id: of.parse("conditionalOrderId")?,
        is_reduce_only: of.parse("isReduceOnly")?,
        time_in_force: of.parse("timeInForce")?,
        self_trade_prevention: of.parse("selfTradePrevention")?,
        is_liquidation_acquisition_only: of.parse("isLiquidationAcquisitionOnly")?,
        delegated_public_key: address(of, "delegatedPublicKey")?,
        client_order_id: of.text("clientOrderId")?,
    };
    refuse(wire.read())
}

fn authorization(of: &Fields<'_>) -> Result<DelegatedKeyAuthorization, Mismatch> {
    fixed(of, "message", DELEGATION_MESSAGE)?;
    Ok(DelegatedKeyAuthorization {
        nonce: of.parse("nonce")?,
        delegated_key: address(of, "delegatedPublicKey")?,
    })
}

fn index_price(of: &Fields<'_>) -> Result<IndexPrice, Mismatch> {
    fixed(of, "quoteAssetSymbol", QUOTE_SYMBOL)?;
    Ok(IndexPrice {
        base_symbol: of.text("baseAssetSymbol")?,
        timestamp_ms: of.parse("timestampInMs")?,
        price: pips(of, "price")?,
    })
}

fn leverage(of: &Fields<'_>) -> Result<MarginFractionOverride, Mismatch> {
    let fraction = match of.text("initialMarginFractionOverride")?.as_str() {
        "" => None,
        _ => Some(pips(of, "initialMarginFractionOverride")?),
    };
    Ok(MarginFractionOverride {
        nonce: of.parse("nonce")?,
        wallet: address(of, "wallet")?,
        market_symbol: of.text("marketSymbol")?,
        fraction,
        delegated_key: address(of, "delegatedPublicKey")?,
    })
}

fn withdrawal(of: &Fields<'_>) -> Result<Withdrawal, Mismatch> {
    let payload = of.text("bridgeAdapterPayload")?;
    Ok(Withdrawal {
        nonce: of.parse("nonce")?,
        wallet: address(of, "wallet")?,
        quantity: pips(of, "quantity")?,
        maximum_gas_fee: pips(of, "maximumGasFee")?,
        bridge_adapter: address(of, "bridgeAdapter")?,
        bridge_adapter_payload: bytes("bridgeAdapterPayload", &payload)?,
    })
}

fn transfer(of: &Fields<'_>) -> Result<Transfer, Mismatch> {
    Ok(Transfer {
        nonce: of.parse("nonce")?,
        source: address(of, "sourceWallet")?,
        destination: address(of, "destinationWallet")?,
        quantity: pips(of, "quantity")?,
    })
}

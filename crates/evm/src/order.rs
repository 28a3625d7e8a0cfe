//! Kuma's orders: as they are signed, as they come in, and what the engine is told about one.
//!
//! The numbers of an order are signed as text with exactly eight decimals and its choices by
//! number, so an order that came in as text ([`WireOrder`]) is read strictly: what would be signed
//! again from the engine's [`Order`] is byte for byte what was read.

use plimsoll_engine::venues::kuma::{
    Order, OrderSide, OrderType, SelfTradePrevention, SignedOrder, TimeInForce, TriggerType,
};

use crate::messages::within;
use crate::nonce::nonce_time_ms;
use crate::typed::{Signed, Typed, Words};
use crate::{Address, Domain, FieldError, Hash, SignatureError, Signer, digest};
use crate::{pips_from_text, pips_to_text};

impl Typed for Order {
    const TYPE: &'static str = "Order(uint128 nonce,address wallet,string marketSymbol,\
         uint8 orderType,uint8 orderSide,string quantity,string limitPrice,string triggerPrice,\
         uint8 triggerType,string callbackRate,uint128 conditionalOrderId,bool isReduceOnly,\
         uint8 timeInForce,uint8 selfTradePrevention,bool isLiquidationAcquisitionOnly,\
         address delegatedPublicKey,string clientOrderId)";

    fn fields(&self, words: Words) -> Words {
        words
            .number(self.nonce)
            .address(self.wallet)
            .text(&self.market_symbol)
            .number(self.order_type.number().into())
            .number(self.side.number().into())
            .text(&pips_to_text(self.quantity))
            .text(&pips_to_text(self.limit_price))
            .text(&pips_to_text(self.trigger_price))
            .number(self.trigger_type.number().into())
            .text(&pips_to_text(self.callback_rate))
            .number(self.conditional_order_id)
            .number(self.is_reduce_only.into())
            .number(self.time_in_force.number().into())
            .number(self.self_trade_prevention.number().into())
            .number(self.is_liquidation_acquisition_only.into())
            .address(self.delegated_public_key)
            .text(&self.client_order_id)
    }

    fn check(&self) -> Result<(), FieldError> {
        nonce_time_ms("nonce", self.nonce)?;
        within("marketSymbol", self.market_symbol.len())?;
        within("clientOrderId", self.client_order_id.len())
    }
}

/// The 32 bytes that are signed for an order.
#[must_use]
pub fn order_digest(order: &Order, domain: &Domain) -> Hash {
    digest(order, domain)
}

/// An order and its signature as they came in, with whose signature it is. Whether that account
/// may sign for the order's wallet is for the engine to judge.
///
/// # Errors
/// [`SignatureError`] for a nonce that is not a version 1 UUID, for texts that are too long and
/// for a malformed signature. A forged one is no error here: it names another signer.
pub fn authenticate(
    order: Order,
    signature: &[u8],
    domain: &Domain,
) -> Result<SignedOrder, SignatureError> {
    Signed::authenticate(order, signature, domain).map(Into::into)
}

/// Signs an order.
///
/// # Errors
/// [`SignatureError::Field`] for an order that would be refused.
pub fn sign(order: Order, signer: &Signer, domain: &Domain) -> Result<SignedOrder, SignatureError> {
    Signed::sign(order, signer, domain).map(Into::into)
}

/// For auditors: whether digest and signer of a recorded order still follow from its fields and
/// its signature.
///
/// # Errors
/// [`SignatureError`] with what does not follow.
pub fn recheck(signed: &SignedOrder, domain: &Domain) -> Result<(), SignatureError> {
    let signed = Signed {
        message: signed.order.clone(),
        hash: signed.hash,
        signer: signed.signer,
        signature: signed.signature,
    };
    signed.recheck(domain)
}

impl From<Signed<Order>> for SignedOrder {
    fn from(signed: Signed<Order>) -> Self {
        Self {
            order: signed.message,
            hash: signed.hash,
            signer: signed.signer,
            signature: signed.signature,
        }
    }
}

/// An order as a client writes it: numbers as text, choices by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireOrder {
    /// Version 1 UUID.
    pub nonce: u128,
    /// The wallet.
    pub wallet: Address,
    /// The market, `ETH-USD`.
    pub market_symbol: String,
    /// Kind of order, by number.
    pub order_type: u8,
    /// Side, by number.
    pub order_side: u8,
    /// Base, with eight decimals.
    pub quantity: String,
    /// Worst price, with eight decimals.
    pub limit_price: String,
    /// Price of the trigger, with eight decimals.
    pub trigger_price: String,
    /// Which price triggers, by number.
    pub trigger_type: u8,
    /// Distance of a trailing stop, with eight decimals.
    pub callback_rate: String,
    /// The order that must fill first.
    pub conditional_order_id: u128,
    /// Whether it may only reduce a position.
    pub is_reduce_only: bool,
    /// How long it lives, by number.
    pub time_in_force: u8,
    /// What happens when it meets its own wallet's order, by number.
    pub self_trade_prevention: u8,
    /// Whether it is a side-channel order.
    pub is_liquidation_acquisition_only: bool,
    /// The delegated key that signs, or zero.
    pub delegated_public_key: Address,
    /// The client's own name for it.
    pub client_order_id: String,
}

/// A choice by its number.
fn choice<T>(
    field: &'static str,
    value: u8,
    from_number: fn(u8) -> Option<T>,
) -> Result<T, FieldError> {
    from_number(value).ok_or_else(|| FieldError::UnknownNumber {
        field,
        value,
        highest: (0..=u8::MAX)
            .take_while(|n| from_number(*n).is_some())
            .last()
            .unwrap_or_default(),
    })
}

impl WireOrder {
    /// The order that is meant.
    ///
    /// # Errors
    /// [`FieldError`] with the first field that means nothing.
    pub fn read(&self) -> Result<Order, FieldError> {
        let order = Order {
            nonce: self.nonce,
            wallet: self.wallet,
            market_symbol: self.market_symbol.clone(),
            order_type: choice("orderType", self.order_type, OrderType::from_number)?,
            side: choice("orderSide", self.order_side, OrderSide::from_number)?,
            quantity: pips_from_text("quantity", &self.quantity)?,
            limit_price: pips_from_text("limitPrice", &self.limit_price)?,
            trigger_price: pips_from_text("triggerPrice", &self.trigger_price)?,
            trigger_type: choice("triggerType", self.trigger_type, TriggerType::from_number)?,
            callback_rate: pips_from_text("callbackRate", &self.callback_rate)?,
            conditional_order_id: self.conditional_order_id,
            is_reduce_only: self.is_reduce_only,
            time_in_force: choice("timeInForce", self.time_in_force, TimeInForce::from_number)?,
            self_trade_prevention: choice(
                "selfTradePrevention",
                self.self_trade_prevention,
                SelfTradePrevention::from_number,
            )?,
            is_liquidation_acquisition_only: self.is_liquidation_acquisition_only,
            delegated_public_key: self.delegated_public_key,
            client_order_id: self.client_order_id.clone(),
        };
        order.check()?;
        Ok(order)
    }
}

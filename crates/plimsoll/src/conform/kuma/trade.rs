//! Trades between two signed orders.
//!
//! The orders are made and signed here with keys of our own, and go through the same recovery as
//! orders from outside. In a hand-off the insurance fund's order is a reduce-only market order
//! signed by its delegated key, and the partner's a side-channel limit order that was there
//! first, except where the arguments say otherwise: each is named after whose order it is about,
//! `ifTif`, `lpFlag`. Quantities and prices with a point count whole units.

use plimsoll_engine::margin::cross::{ONE, mul_frac};
use plimsoll_engine::venues::kuma::{
    Address, Command as Do, Order, OrderSide, OrderType, SelfTradePrevention, SignedOrder,
    SignedTrade, TimeInForce, Trade, TriggerType,
};
use plimsoll_evm::{Signer, authenticate, sign};

use super::super::compare::Mismatch;
use super::Check;
use super::fields::Fields;
use super::world::{World, delegated_signer, signer};

/// One side's order, before it is signed.
pub(super) struct Leg {
    pub(super) wallet: String,
    side: OrderSide,
    delegated: bool,
    order_type: OrderType,
    time_in_force: TimeInForce,
    self_trade_prevention: SelfTradePrevention,
    quantity: u64,
    limit_price: u64,
    trigger_price: u64,
    trigger_type: TriggerType,
    callback_rate: u64,
    reduce_only: bool,
    acquisition_only: bool,
}

/// What an order is where the arguments do not say.
struct Usual {
    who: &'static str,
    side: OrderSide,
    delegated: bool,
    reduce_only: bool,
    quantity: u64,
    time_in_force: TimeInForce,
}

/// A trade and the orders it is between.
pub(super) struct Terms {
    symbol: Option<String>,
    legs: [Leg; 2],
    base: u64,
    quote: u64,
    maker_side: OrderSide,
    maker_fee: i64,
    taker_fee: u64,
}

impl Terms {
    /// `trade`: two wallets' limit orders at one price; the seller's was there first. The insurance
    /// fund's is the kind it may place.
    pub(super) fn plain(args: &Fields<'_>) -> Result<Self, Mismatch> {
        let (base, price): (u64, u64) = (args.pips("base")?, args.pips("price")?);
        let at_price = mul_frac(base, price, ONE).map_err(|why| Mismatch::refused("args", why))?;
        let leg = |wallet: &str, side| -> Result<Leg, Mismatch> {
            let wallet = args.text(wallet)?;
            let fund = wallet == "IF";
            Ok(Leg {
                wallet,
                side,
                delegated: fund,
                order_type: OrderType::Limit,
                time_in_force: TimeInForce::Gtc,
                self_trade_prevention: SelfTradePrevention::DecreaseAndCancel,
                quantity: base,
                limit_price: price,
                trigger_price: 0,
                trigger_type: TriggerType::None,
                callback_rate: 0,
                reduce_only: fund,
                acquisition_only: false,
            })
        };
        Ok(Self {
            symbol: symbol(args)?,
            legs: [
                leg("buyer", OrderSide::Buy)?,
                leg("seller", OrderSide::Sell)?,
            ],
            base,
            quote: args.pips_or("quote", at_price)?,
            maker_side: OrderSide::Sell,
            maker_fee: fee(args, "maker", 0)?,
            taker_fee: fee(args, "taker", 0)?,
        })
    }

    /// `executeTrade` of the insurance fund with somebody else.
    pub(super) fn hand_off(args: &Fields<'_>) -> Result<Self, Mismatch> {
        let base = args.pips("qty")?;
        let fund = leg(
            args,
            &Usual {
                who: "if",
                side: OrderSide::Buy,
                delegated: true,
                reduce_only: true,
                quantity: base,
                time_in_force: TimeInForce::Gtc,
            },
        )?;
        let partner = leg(
            args,
            &Usual {
                who: "lp",
                side: fund.side.opposite(),
                delegated: false,
                reduce_only: false,
                quantity: base,
                time_in_force: TimeInForce::Gtx,
            },
        )?;
        let partner_makes = args.parse_or("lpMaker", !args.parse_or("ifMaker", false)?)?;
        let maker = if partner_makes { &partner } else { &fund };
        Ok(Self {
            symbol: symbol(args)?,
            base,
            quote: args.pips("quote")?,
            maker_side: maker.side,
            maker_fee: fee(args, "maker", 0)?,
            taker_fee: fee(args, "taker", 0)?,
            legs: if fund.side == OrderSide::Buy {
                [fund, partner]
            } else {
                [partner, fund]
            },
        })
    }

    pub(super) fn wallets(&self) -> Vec<&str> {
        self.legs.iter().map(|leg| leg.wallet.as_str()).collect()
    }

    pub(super) fn buyer(&self) -> &Leg {
        &self.legs[0]
    }

    pub(super) fn seller(&self) -> &Leg {
        &self.legs[1]
    }

    /// Makes known who will sign.
    pub(super) fn prepare(&self, world: &mut World) -> Check {
        self.legs
            .iter()
            .try_for_each(|leg| world.let_sign(&leg.wallet))
    }

    /// The trade, its orders signed.
    pub(super) fn command(&self, world: &mut World) -> Result<Do, Mismatch> {
        let symbol = match &self.symbol {
            Some(symbol) => symbol.clone(),
            None => world.market_of(&self.wallets())?.to_owned(),
        };
        Ok(Do::ExecuteTrade(Box::new(SignedTrade {
            buy: self.buyer().signed(world, &symbol)?,
            sell: self.seller().signed(world, &symbol)?,
            trade: Trade {
                market: world.market(&symbol)?,
                base: self.base,
                quote: self.quote,
                maker_side: self.maker_side,
                maker_fee: self.maker_fee,
                taker_fee: self.taker_fee,
            },
        })))
    }
}

/// A fee, by its short name or the contracts'.
fn fee<T: TryFrom<i128>>(args: &Fields<'_>, whose: &str, default: T) -> Result<T, Mismatch> {
    let short = args.pips_or(&format!("{whose}Fee"), default)?;
    args.pips_or(&format!("{whose}FeeQuantity"), short)
}

fn symbol(args: &Fields<'_>) -> Result<Option<String>, Mismatch> {
    args.get("symbol").map(|_| args.text("symbol")).transpose()
}

/// One order of a hand-off.
fn leg(args: &Fields<'_>, usual: &Usual) -> Result<Leg, Mismatch> {
    let named = |what: &str| format!("{}{what}", usual.who);
    let choice = |what: &str| {
        args.get(&named(what))
            .map(|_| args.text(&named(what)))
            .transpose()
    };
    let wallet = match choice("")? {
        Some(wallet) => wallet,
        None => choice("Wallet")?.unwrap_or_else(|| usual.who.to_ascii_uppercase()),
    };
    let limit_price = args.pips_or(&named("Price"), 0)?;
    let order_type = match choice("Type")? {
        Some(text) => named_choice(&text, &ORDER_TYPES)?,
        None if limit_price > 0 => OrderType::Limit,
        None => OrderType::Market,
    };
    Ok(Leg {
        wallet,
        side: match choice("Side")? {
            Some(text) => named_choice(&text, &SIDES)?,
            None => usual.side,
        },
        delegated: args.parse_or(&named("DK"), usual.delegated)?,
        order_type,
        time_in_force: match choice("Tif")? {
            Some(text) => named_choice(&text, &TIMES_IN_FORCE)?,
            None => usual.time_in_force,
        },
        self_trade_prevention: match choice("Stp")? {
            Some(text) => named_choice(&text, &PREVENTIONS)?,
            None => SelfTradePrevention::DecreaseAndCancel,
        },
        quantity: args.pips_or(&named("Qty"), usual.quantity)?,
        limit_price,
        trigger_price: args.pips_or(&named("TriggerPrice"), 0)?,
        trigger_type: match choice("TriggerType")? {
            Some(text) => named_choice(&text, &TRIGGERS)?,
            None => TriggerType::None,
        },
        callback_rate: args.pips_or(&named("CallbackRate"), 0)?,
        reduce_only: args.parse_or(&named("ReduceOnly"), usual.reduce_only)?,
        acquisition_only: args.parse_or(&named("Flag"), true)?,
    })
}

const ORDER_TYPES: [(&str, OrderType); 7] = [
    ("market", OrderType::Market),
    ("limit", OrderType::Limit),
    ("stopLossMarket", OrderType::StopLossMarket),
    ("stopLossLimit", OrderType::StopLossLimit),
    ("takeProfitMarket", OrderType::TakeProfitMarket),
    ("takeProfitLimit", OrderType::TakeProfitLimit),
    ("trailingStop", OrderType::TrailingStop),
];
const SIDES: [(&str, OrderSide); 2] = [("buy", OrderSide::Buy), ("sell", OrderSide::Sell)];
const TIMES_IN_FORCE: [(&str, TimeInForce); 4] = [
    ("gtc", TimeInForce::Gtc),
    ("gtx", TimeInForce::Gtx),
    ("ioc", TimeInForce::Ioc),
    ("fok", TimeInForce::Fok),
];
const PREVENTIONS: [(&str, SelfTradePrevention); 4] = [
    ("dc", SelfTradePrevention::DecreaseAndCancel),
    ("co", SelfTradePrevention::CancelOldest),
    ("cn", SelfTradePrevention::CancelNewest),
    ("cb", SelfTradePrevention::CancelBoth),
];
const TRIGGERS: [(&str, TriggerType); 3] = [
    ("none", TriggerType::None),
    ("last", TriggerType::Last),
    ("index", TriggerType::Index),
];

/// A choice by its name, in any case.
fn named_choice<T: Copy>(text: &str, known: &[(&str, T)]) -> Result<T, Mismatch> {
    let found = known
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Mismatch::unusable(format!("{text:?} is none of {}", names.join(", ")))
    })
}

impl Leg {
    /// The order as it comes in: its fields and a signature.
    fn signed(&self, world: &mut World, symbol: &str) -> Result<SignedOrder, Mismatch> {
        let own = signer(&self.wallet);
        let key = self.delegated.then(|| delegated_signer(&self.wallet));
        let order = Order {
            nonce: world.nonce()?,
            wallet: own.address(),
            market_symbol: format!("{symbol}-USD"),
            order_type: self.order_type,
            side: self.side,
            quantity: self.quantity,
            limit_price: self.limit_price,
            trigger_price: self.trigger_price,
            trigger_type: self.trigger_type,
            callback_rate: self.callback_rate,
            conditional_order_id: 0,
            is_reduce_only: self.reduce_only,
            time_in_force: self.time_in_force,
            self_trade_prevention: self.self_trade_prevention,
            is_liquidation_acquisition_only: self.acquisition_only,
            delegated_public_key: key.as_ref().map_or(Address::ZERO, Signer::address),
            client_order_id: String::new(),
        };
        let signature = sign(order.clone(), key.as_ref().unwrap_or(&own), &world.domain)
            .map_err(|why| Mismatch::refused("signing an order", why))?
            .signature;
        authenticate(order, &signature, &world.domain)
            .map_err(|why| Mismatch::refused("an order's signature", why))
    }
}

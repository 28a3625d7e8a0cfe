//! What an order says, and what is wrong with it by itself.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId, Rounding, mul_div};

use super::book_side;
use crate::Rejection;
use crate::book::conditional::{Conditional, NotWaiting, Source, Trigger};
use crate::book::{self, OrderId, Owner, SelfTrade, Side};
use crate::margin::cross::ONE;
use crate::venues::kuma::refusal::require;
use crate::venues::kuma::{
    Kuma, Market, Order, OrderSide, OrderType, Refusal, Revert, SelfTradePrevention, SignedOrder,
    TimeInForce, TriggerType,
};

/// A trailing stop's callback rate is at least 0.1 %, in pips.
const CALLBACK_LEAST: u64 = 100_000;
/// And at most 5 %.
const CALLBACK_MOST: u64 = 5_000_000;

/// What an order says. Zero where a field does not apply, as in the signed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// Which kind.
    pub order_type: OrderType,
    /// Which side.
    pub side: OrderSide,
    /// Base, in pips.
    pub quantity: u64,
    /// The worst price it accepts, in pips.
    pub limit_price: u64,
    /// The price at which a conditional order fires; a trailing stop begins to follow.
    pub trigger_price: u64,
    /// Which price that is. A trailing stop without one follows the last trade's.
    pub trigger_type: TriggerType,
    /// How far a trailing stop lets the price come back, a fraction in pips.
    pub callback_rate: u64,
    /// The order that must fill before a conditional order counts; cancelling it cancels this.
    pub after: u64,
    /// Whether the position may only move toward zero.
    pub reduce_only: bool,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// When it meets an order of its own wallet or group.
    pub self_trade_prevention: SelfTradePrevention,
}

/// An order to be placed.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum NewOrder {
    /// The venue itself vouches for it.
    Vouched {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// What it says.
        terms: Terms,
    },
    /// Its wallet, or a delegated key, has signed it.
    Signed(Box<SignedOrder>),
}

/// Why an order is refused, beside the contracts' reasons. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// A partner's order for the fund's positions.
    #[error("a liquidation acquisition order never goes on the order book")]
    SideChannel,
    /// A price off the market's grid.
    #[error("a price of {price} pips is not a multiple of the tick, {tick}")]
    OffTick {
        /// The price.
        price: u64,
        /// The market's tick.
        tick: u64,
    },
    /// A quantity off the market's grid.
    #[error("a quantity of {quantity} pips is not a multiple of the step, {step}")]
    OffStep {
        /// The quantity.
        quantity: u64,
        /// The market's step.
        step: u64,
    },
    /// Too small to be a position.
    #[error("a quantity of {quantity} pips is below the market's least position, {least}")]
    TooSmall {
        /// The quantity.
        quantity: u64,
        /// The least.
        least: u64,
    },
    /// A callback rate out of its bounds.
    #[error("a callback rate of {0} pips is not between 100000 and 5000000")]
    CallbackRate(u64),
    /// Nothing to reduce at that price, beside what the wallet has standing already.
    #[error("a reduce-only order has nothing to reduce at that price")]
    NothingToReduce,
    /// Only stops and take-profits wait for another order.
    #[error("only a conditional order can wait for another order")]
    CannotWait,
    /// The order waited for does not stand in that market, or is another wallet's.
    #[error("there is no order {0} of this wallet in this market to wait for")]
    UnknownParent(u64),
    /// No such order stands or waits.
    #[error("there is no order {0}")]
    UnknownOrder(u64),
    /// Only the wallet that placed an order can cancel or replace it.
    #[error("order {order} does not belong to {account}")]
    NotOwner {
        /// The order.
        order: u64,
        /// Who asked.
        account: AccountId,
    },
    /// Refused by the book.
    #[error(transparent)]
    Book(#[from] book::Refusal),
    /// Refused as an order that waits.
    #[error(transparent)]
    Waiting(#[from] NotWaiting),
}

impl OrderRefusal {
    /// The name it is tallied under.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SideChannel => "SideChannel",
            Self::OffTick { .. } => "OffTick",
            Self::OffStep { .. } => "OffStep",
            Self::TooSmall { .. } => "TooSmall",
            Self::CallbackRate(_) => "CallbackRate",
            Self::NothingToReduce => "NothingToReduce",
            Self::CannotWait => "CannotWait",
            Self::UnknownParent(_) => "UnknownParent",
            Self::UnknownOrder(_) => "UnknownOrder",
            Self::NotOwner { .. } => "NotOwner",
            Self::Book(_) => "Book",
            Self::Waiting(_) => "Waiting",
        }
    }
}

impl From<OrderRefusal> for Rejection {
    fn from(refusal: OrderRefusal) -> Self {
        Self::Kuma(Refusal::Order(refusal))
    }
}

impl From<&Order> for Terms {
    fn from(order: &Order) -> Self {
        Self {
            order_type: order.order_type,
            side: order.side,
            quantity: order.quantity,
            limit_price: order.limit_price,
            trigger_price: order.trigger_price,
            trigger_type: order.trigger_type,
            callback_rate: order.callback_rate,
            // Orders are numbered far below 2^64: a name beyond is nobody's.
            after: u64::try_from(order.conditional_order_id).unwrap_or(u64::MAX),
            reduce_only: order.is_reduce_only,
            time_in_force: order.time_in_force,
            self_trade_prevention: order.self_trade_prevention,
        }
    }
}

impl Terms {
    /// Whether it waits for a price.
    #[must_use]
    pub const fn is_conditional(&self) -> bool {
        self.order_type.needs_trigger() || matches!(self.order_type, OrderType::TrailingStop)
    }

    /// The contracts' rules for the fields, and the market's grid.
    pub(super) fn check(&self, market: &Market, least: u64) -> Result<(), Rejection> {
        let limited = self.order_type.is_limit();
        require(limited == (self.limit_price > 0), Revert::InvalidLimitPrice)?;
        let post_only = self.time_in_force == TimeInForce::Gtx;
        require(limited || !post_only, Revert::GtxMustBeLimitMaker)?;
        self.check_trigger()?;
        let (tick, step) = (market.listing.tick, market.listing.step);
        for price in [self.limit_price, self.trigger_price] {
            if price.checked_rem(tick) != Some(0) {
                return Err(OrderRefusal::OffTick { price, tick }.into());
            }
        }
        let quantity = self.quantity;
        if quantity.checked_rem(step) != Some(0) {
            return Err(OrderRefusal::OffStep { quantity, step }.into());
        }
        require(quantity > 0, Revert::BaseQuantityZero)?;
        if quantity < least && !self.reduce_only {
            return Err(OrderRefusal::TooSmall { quantity, least }.into());
        }
        Ok(())
    }

    fn check_trigger(&self) -> Result<(), Rejection> {
        let trailing = self.order_type == OrderType::TrailingStop;
        let triggered = self.trigger_price > 0;
        if self.order_type.needs_trigger() {
            require(triggered, Revert::MissingTriggerPrice)?;
        } else if !trailing {
            require(!triggered, Revert::InvalidTriggerPrice)?;
        }
        require(
            trailing == (self.callback_rate > 0),
            Revert::InvalidCallbackRate,
        )?;
        let typed = self.trigger_type != TriggerType::None;
        require(typed == triggered, Revert::InvalidTriggerType)?;
        if trailing && !(CALLBACK_LEAST..=CALLBACK_MOST).contains(&self.callback_rate) {
            return Err(OrderRefusal::CallbackRate(self.callback_rate).into());
        }
        if self.after > 0 && !self.is_conditional() {
            return Err(OrderRefusal::CannotWait.into());
        }
        Ok(())
    }

    /// As the book knows it, without an execution bound.
    pub(super) fn as_book_order(&self, id: OrderId, owner: Owner) -> book::Order {
        book::Order {
            id,
            owner,
            side: book_side(self.side),
            limit: (self.limit_price > 0).then_some(self.limit_price),
            bound: None,
            quantity: self.quantity,
            time_in_force: match self.time_in_force {
                TimeInForce::Gtc => book::TimeInForce::Gtc,
                TimeInForce::Gtx => book::TimeInForce::Gtx,
                TimeInForce::Ioc => book::TimeInForce::Ioc,
                TimeInForce::Fok => book::TimeInForce::Fok,
            },
            self_trade: match self.self_trade_prevention {
                SelfTradePrevention::DecreaseAndCancel => SelfTrade::DecrementAndCancel,
                SelfTradePrevention::CancelOldest => SelfTrade::CancelOldest,
                SelfTradePrevention::CancelNewest => SelfTrade::CancelNewest,
                SelfTradePrevention::CancelBoth => SelfTrade::CancelBoth,
            },
            reduce_only: self.reduce_only,
        }
    }

    /// As an order that waits.
    pub(super) fn as_waiting(&self, order: book::Order) -> Conditional {
        let price = self.trigger_price;
        let trigger = match self.order_type {
            OrderType::TrailingStop => Trigger::Trailing {
                callback: self.callback_rate,
                activation: (price > 0).then_some(price),
                extreme: None,
            },
            OrderType::TakeProfitMarket | OrderType::TakeProfitLimit => Trigger::TakeProfit(price),
            _ => Trigger::StopLoss(price),
        };
        let source = match self.trigger_type {
            TriggerType::Index => Source::Index,
            TriggerType::Last | TriggerType::None => Source::Last,
        };
        Conditional {
            order,
            source,
            trigger,
            after: (self.after > 0).then_some(OrderId(self.after)),
        }
    }
}

impl Kuma {
    /// The worst price an order trades at now: within the market's fraction of the index, rounded
    /// toward it. None where the market sets no limit.
    pub(super) fn execution_bound(
        &self,
        market: MarketId,
        (side, limited): (Side, bool),
    ) -> Result<Option<u64>, Refusal> {
        let there = self.market(market)?;
        let fraction = if limited {
            there.listing.limit_price_limit
        } else {
            there.listing.market_price_limit
        };
        let (share, rounding) = match side {
            Side::Buy => (ONE.checked_add(fraction), Rounding::Floor),
            Side::Sell => (ONE.checked_sub(fraction), Rounding::Ceil),
        };
        let Some(share) = share else {
            return Ok(None);
        };
        let index = there.index_price().into();
        let bound = mul_div(index, share.into(), ONE.into(), rounding);
        Ok(bound.ok().and_then(|bound| u64::try_from(bound).ok()))
    }
}

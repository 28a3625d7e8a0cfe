//! The makers' orders as commands: the venue vouches for them, as it does for its own market
//! makers' connections.

use plimsoll_engine::Body;
use plimsoll_engine::venues::kuma::{
    Command as Do, NewOrder, OrderType, SelfTradePrevention, Terms, TimeInForce, TriggerType,
};
use plimsoll_units::{AccountId, MarketId};

use super::makers::Rung;

/// Takes all of a maker's orders in a market off.
pub(super) fn cancel_all(account: AccountId, market: MarketId) -> Body {
    Body::Kuma(Do::CancelOrders {
        account,
        market: Some(market),
    })
}

/// A maker's order that stands or is refused, and never takes.
pub(super) fn rest(account: AccountId, market: MarketId, rung: &Rung) -> Body {
    let terms = Terms {
        order_type: OrderType::Limit,
        side: rung.side,
        quantity: rung.quantity,
        limit_price: rung.price,
        trigger_price: 0,
        trigger_type: TriggerType::None,
        callback_rate: 0,
        after: 0,
        reduce_only: false,
        time_in_force: TimeInForce::Gtx,
        self_trade_prevention: SelfTradePrevention::DecreaseAndCancel,
    };
    let order = NewOrder::Vouched {
        account,
        market,
        terms,
    };
    Body::Kuma(Do::PlaceOrder {
        order: Box::new(order),
        group: None,
    })
}

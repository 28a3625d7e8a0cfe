//! The crates our book is measured beside, each used as its own documentation does.
//!
//! * `lobster`: integers, one thread, no owners. It does the same work.
//! * `limitbook`: decimals, gives its orders their numbers itself. A maker that is filled in part
//!   keeps its whole quantity, so it does the same work only while nothing is filled in part.
//! * `orderbook-rs`: made for many threads; reads the clock and makes a UUID for each trade. It
//!   does the same work, in one thread here.

use limitbook::{OrderBook as LimitbookBook, OrderSide};
use lobster::{OrderBook as LobsterBook, OrderEvent, OrderType};
use orderbook_rs::DefaultOrderBook;
use orderbook_rs::prelude::{Id, TimeInForce};
use plimsoll_engine::book::Side;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::book::{Op, Runner, Tally};

/// `lobster`.
#[derive(Debug, Default)]
pub struct Lobster(LobsterBook);

impl Runner for Lobster {
    type Op = OrderType;

    fn prepare(op: Op, number: u64) -> OrderType {
        let side = |side| match side {
            Side::Buy => lobster::Side::Bid,
            Side::Sell => lobster::Side::Ask,
        };
        match op {
            Op::Limit {
                side: way,
                price,
                quantity,
            } => OrderType::Limit {
                id: number.into(),
                side: side(way),
                qty: quantity,
                price,
            },
            Op::Market {
                side: way,
                quantity,
            } => OrderType::Market {
                id: number.into(),
                side: side(way),
                qty: quantity,
            },
            Op::Cancel(number) => OrderType::Cancel { id: number.into() },
        }
    }

    fn act(&mut self, op: &OrderType, tally: &mut Tally) {
        match self.0.execute(*op) {
            OrderEvent::PartiallyFilled { fills, .. } | OrderEvent::Filled { fills, .. } => {
                for fill in fills {
                    tally.fill(fill.qty, fill.price);
                }
            }
            // It says so whether or not it found the order.
            OrderEvent::Canceled { .. } => tally.cancelled += 1,
            OrderEvent::Unfilled { .. } | OrderEvent::Placed { .. } => {}
        }
    }
}

/// `limitbook`.
pub struct Limitbook {
    book: LimitbookBook,
    /// Its numbers of the placed orders.
    numbers: Vec<u64>,
}

impl std::fmt::Debug for Limitbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limitbook").finish_non_exhaustive()
    }
}

impl Default for Limitbook {
    fn default() -> Self {
        Self {
            book: LimitbookBook::new(Decimal::ONE).expect("a tick of one"),
            numbers: Vec::new(),
        }
    }
}

/// An operation in decimals.
#[derive(Debug, Clone, Copy)]
pub enum DecimalOp {
    /// A limit order.
    Limit(OrderSide, Decimal, Decimal),
    /// A market order.
    Market(OrderSide, Decimal),
    /// The place of the order among those placed.
    Cancel(usize),
}

impl Limitbook {
    fn count(fills: &[limitbook::Fill], tally: &mut Tally) {
        for fill in fills {
            let quantity = fill.quantity.to_u64().unwrap_or(0);
            tally.fill(quantity, fill.price.to_u64().unwrap_or(0));
        }
    }
}

impl Runner for Limitbook {
    type Op = DecimalOp;

    fn prepare(op: Op, _: u64) -> DecimalOp {
        let side = |side| match side {
            Side::Buy => OrderSide::Buy,
            Side::Sell => OrderSide::Sell,
        };
        match op {
            Op::Limit {
                side: way,
                price,
                quantity,
            } => DecimalOp::Limit(side(way), price.into(), quantity.into()),
            Op::Market {
                side: way,
                quantity,
            } => DecimalOp::Market(side(way), quantity.into()),
            Op::Cancel(number) => DecimalOp::Cancel(usize::try_from(number).unwrap_or(usize::MAX)),
        }
    }

    fn act(&mut self, op: &DecimalOp, tally: &mut Tally) {
        match *op {
            DecimalOp::Limit(side, price, quantity) => {
                let placed = self.book.add_limit_order(side, price, quantity);
                let (number, fills) = placed.expect("a stream's orders are orders");
                self.numbers.push(number);
                Self::count(&fills, tally);
            }
            DecimalOp::Market(side, quantity) => {
                self.numbers.push(u64::MAX);
                // It refuses what it cannot fill whole.
                let fills = self.book.execute_market_order(side, quantity);
                Self::count(&fills.unwrap_or_default(), tally);
            }
            DecimalOp::Cancel(at) => {
                let cancelled = self.book.cancel_limit_order(self.numbers[at]);
                tally.cancelled += u64::from(cancelled.is_ok());
            }
        }
    }
}

/// `orderbook-rs`.
pub struct OrderbookRs(DefaultOrderBook);

impl std::fmt::Debug for OrderbookRs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrderbookRs").finish_non_exhaustive()
    }
}

impl Default for OrderbookRs {
    fn default() -> Self {
        Self(DefaultOrderBook::new("BENCH"))
    }
}

/// An operation with its names for orders.
#[derive(Debug, Clone, Copy)]
pub enum NamedOp {
    /// A limit order.
    Limit(Id, orderbook_rs::prelude::Side, u128, u64),
    /// A market order.
    Market(Id, orderbook_rs::prelude::Side, u64),
    /// A cancel.
    Cancel(Id),
}

impl Runner for OrderbookRs {
    type Op = NamedOp;

    fn prepare(op: Op, number: u64) -> NamedOp {
        let side = |side| match side {
            Side::Buy => orderbook_rs::prelude::Side::Buy,
            Side::Sell => orderbook_rs::prelude::Side::Sell,
        };
        match op {
            Op::Limit {
                side: way,
                price,
                quantity,
            } => NamedOp::Limit(Id::from_u64(number), side(way), price.into(), quantity),
            Op::Market {
                side: way,
                quantity,
            } => NamedOp::Market(Id::from_u64(number), side(way), quantity),
            Op::Cancel(number) => NamedOp::Cancel(Id::from_u64(number)),
        }
    }

    fn act(&mut self, op: &NamedOp, tally: &mut Tally) {
        let matched = match *op {
            NamedOp::Limit(id, side, price, quantity) => {
                let good = TimeInForce::Gtc;
                let placed = self
                    .0
                    .add_limit_order_with_result(id, price, quantity, side, good, None);
                let (_, trade) = placed.expect("a stream's orders are orders");
                trade.map(|trade| trade.match_result)
            }
            // It refuses when there is nothing to trade with.
            NamedOp::Market(id, side, quantity) => {
                self.0.match_market_order(id, quantity, side).ok()
            }
            NamedOp::Cancel(id) => {
                let cancelled = self.0.cancel_order(id);
                tally.cancelled += u64::from(cancelled.is_ok_and(|order| order.is_some()));
                None
            }
        };
        for trade in matched.iter().flat_map(|matched| matched.trades().as_vec()) {
            let price = u64::try_from(trade.price().as_u128()).unwrap_or(0);
            tally.fill(trade.quantity().as_u64(), price);
        }
    }
}

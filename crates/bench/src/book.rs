//! One stream of orders through one book: 55 % limit orders, 35 % cancels, 10 % market orders,
//! all within 100 ticks of a price that wanders.
//!
//! The stream is made beforehand by running our own book, so that each cancel names an order that
//! stands: a cancel that finds nothing costs nothing. Limit orders hold 1 to 100 lots, market
//! orders 1 to 200, so that as many orders come as go and the book stays as deep as it starts.
//! Buyers and sellers are different accounts: nobody meets himself, because the peers do not know
//! owners. What every book did is counted and compared.

use std::time::{Duration, Instant};

use plimsoll_engine::book::naive::NaiveBook;
use plimsoll_engine::book::{
    Book, Decision, Desk, Gone, Limits, Order, OrderId, Owner, SelfTrade, Side, Standing,
    TimeInForce,
};

use crate::chance::Chance;

/// The band a stream's limit orders are in, on each side of the wandering price.
const TICKS: u32 = 100;
const START: i64 = 100_000;
const ACCOUNTS: u32 = 1_000;
const LIMITS: Limits = Limits {
    orders: 10_000_000,
    orders_per_owner: 1_000_000,
};

/// One order of a stream. Orders are numbered by their place among those placed, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A limit order that is good till cancelled.
    Limit {
        /// Which way.
        side: Side,
        /// In ticks.
        price: u64,
        /// In lots.
        quantity: u64,
    },
    /// A market order.
    Market {
        /// Which way.
        side: Side,
        /// In lots.
        quantity: u64,
    },
    /// Cancels the limit order of this number, which stands.
    Cancel(u64),
}

/// How the quantities of a stream are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lots {
    /// Limit orders of 1 to 100, market orders of 1 to 200.
    Many,
    /// Limit orders of 1, market orders of 2: no order is ever filled in part.
    One,
}

/// A stream: what stands at first, and what is measured.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Placed before the clock starts.
    pub first: Vec<Op>,
    /// Measured.
    pub ops: Vec<Op>,
}

/// What a book did with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Trades.
    pub fills: u64,
    /// Lots traded.
    pub volume: u64,
    /// Their price in ticks times lots.
    pub notional: u64,
    /// Cancels that found their order.
    pub cancelled: u64,
}

impl Tally {
    /// Counts a trade.
    pub const fn fill(&mut self, quantity: u64, price: u64) {
        self.fills += 1;
        self.volume += quantity;
        self.notional += quantity * price;
    }
}

/// A book that a stream can run through.
pub trait Runner {
    /// Its orders, as it wants to have them: made before the clock starts.
    type Op;

    /// An operation as this book wants it; `number` is that of a placed order.
    fn prepare(op: Op, number: u64) -> Self::Op;

    /// Does it, and counts what it did.
    fn act(&mut self, op: &Self::Op, tally: &mut Tally);
}

/// Runs a stream; the time of its measured part, and what was done in it.
pub fn run<R: Runner>(mut book: R, stream: &Stream) -> (Duration, Tally) {
    let mut number = 0;
    let mut prepared = |ops: &[Op]| -> Vec<R::Op> {
        let numbered = ops.iter().map(|&op| {
            let prepared = R::prepare(op, number);
            number += u64::from(!matches!(op, Op::Cancel(_)));
            prepared
        });
        numbered.collect()
    };
    let (first, ops) = (prepared(&stream.first), prepared(&stream.ops));
    for op in &first {
        book.act(op, &mut Tally::default());
    }
    let mut tally = Tally::default();
    let start = Instant::now();
    for op in &ops {
        book.act(op, &mut tally);
    }
    let time = start.elapsed();
    drop(std::hint::black_box(book));
    (time, tally)
}

impl Stream {
    /// A stream of `ops` operations on a book of about `standing` orders.
    #[must_use]
    pub fn new(standing: usize, ops: usize, lots: Lots, seed: u64) -> Self {
        let mut maker = Maker {
            chance: Chance::new(seed),
            lots,
            middle: START,
            book: Ours::default(),
            live: Vec::new(),
            number: 0,
        };
        let first = (0..standing).map(|_| maker.limit()).collect();
        let ops = (0..ops).map(|_| maker.any()).collect();
        Self { first, ops }
    }
}

/// Makes a stream by following it.
struct Maker {
    chance: Chance,
    lots: Lots,
    middle: i64,
    book: Ours,
    live: Vec<u64>,
    number: u64,
}

impl Maker {
    fn any(&mut self) -> Op {
        if self.chance.below(50) == 0 {
            self.middle += self.chance.between(-1, 1);
        }
        match self.chance.below(100) {
            0..55 => self.limit(),
            55..90 => self.cancel().unwrap_or_else(|| self.limit()),
            _ => self.market(),
        }
    }

    fn side(&mut self) -> Side {
        if self.chance.below(2) == 0 {
            Side::Buy
        } else {
            Side::Sell
        }
    }

    fn lots(&mut self, many: u32, one: u64) -> u64 {
        match self.lots {
            Lots::Many => u64::from(self.chance.below(many)) + 1,
            Lots::One => one,
        }
    }

    fn limit(&mut self) -> Op {
        let side = self.side();
        let away = i64::from(self.chance.below(TICKS));
        let price = match side {
            Side::Buy => self.middle - away,
            Side::Sell => self.middle + 1 + away,
        };
        let quantity = self.lots(100, 1);
        let price = price.unsigned_abs();
        self.live.push(self.number);
        self.follow(Op::Limit {
            side,
            price,
            quantity,
        })
    }

    fn market(&mut self) -> Op {
        let side = self.side();
        let quantity = self.lots(200, 2);
        self.follow(Op::Market { side, quantity })
    }

    /// Cancels one of those that stand, if one does.
    fn cancel(&mut self) -> Option<Op> {
        while !self.live.is_empty() {
            let most = u32::try_from(self.live.len()).unwrap_or(u32::MAX);
            let at = self.chance.below(most) as usize;
            let number = self.live.swap_remove(at);
            if self.book.book.get(OrderId(number)).is_some() {
                return Some(self.follow(Op::Cancel(number)));
            }
        }
        None
    }

    fn follow(&mut self, op: Op) -> Op {
        let prepared = Ours::prepare(op, self.number);
        self.number += u64::from(!matches!(op, Op::Cancel(_)));
        self.book.act(&prepared, &mut Tally::default());
        op
    }
}

/// A desk that accepts every fill and counts it.
struct Counter<'t>(&'t mut Tally);

impl Desk for Counter<'_> {
    type Error = std::convert::Infallible;

    fn fill(&mut self, maker: &Standing, quantity: u64) -> Result<Decision, Self::Error> {
        self.0.fill(quantity, maker.price);
        Ok(Decision::Accept(quantity))
    }

    fn gone(&mut self, _: &Standing, _: Gone) -> Result<(), Self::Error> {
        Ok(())
    }

    fn decremented(&mut self, _: &Standing, _: u64) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// An operation on our books.
#[derive(Debug, Clone, Copy)]
pub enum OurOp {
    /// A limit or market order.
    Place(Order),
    /// The name of the order to cancel.
    Cancel(OrderId),
}

fn ours(op: Op, number: u64) -> OurOp {
    let (side, limit, quantity) = match op {
        Op::Cancel(number) => return OurOp::Cancel(OrderId(number)),
        Op::Limit {
            side,
            price,
            quantity,
        } => (side, Some(price), quantity),
        Op::Market { side, quantity } => (side, None, quantity),
    };
    // Even accounts buy, odd ones sell.
    let account = (number as u32).wrapping_mul(2_654_435_761) % ACCOUNTS;
    OurOp::Place(Order {
        id: OrderId(number),
        owner: Owner::alone(account * 2 + side as u32),
        side,
        limit,
        bound: None,
        quantity,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTrade::DecrementAndCancel,
        reduce_only: false,
    })
}

/// Our book, as a venue uses it: every operation is one command and is committed.
#[derive(Debug, Clone)]
pub struct Ours {
    book: Book,
}

impl Default for Ours {
    fn default() -> Self {
        Self {
            book: Book::new(LIMITS),
        }
    }
}

impl Runner for Ours {
    type Op = OurOp;

    fn prepare(op: Op, number: u64) -> OurOp {
        ours(op, number)
    }

    fn act(&mut self, op: &OurOp, tally: &mut Tally) {
        match op {
            OurOp::Place(order) => {
                let placed = self.book.place(order, &mut Counter(tally));
                debug_assert!(placed.is_ok(), "{placed:?}");
            }
            OurOp::Cancel(id) => tally.cancelled += u64::from(self.book.cancel(*id).is_ok()),
        }
        self.book.commit();
    }
}

/// The reference book.
#[derive(Debug, Clone)]
pub struct Naive(NaiveBook);

impl Default for Naive {
    fn default() -> Self {
        Self(NaiveBook::new(LIMITS))
    }
}

impl Runner for Naive {
    type Op = OurOp;

    fn prepare(op: Op, number: u64) -> OurOp {
        ours(op, number)
    }

    fn act(&mut self, op: &OurOp, tally: &mut Tally) {
        match op {
            OurOp::Place(order) => {
                let placed = self.0.place(order, &mut Counter(tally));
                debug_assert!(placed.is_ok(), "{placed:?}");
            }
            OurOp::Cancel(id) => tally.cancelled += u64::from(self.0.cancel(*id).is_ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book_peers::{Limitbook, Lobster, OrderbookRs};

    #[test]
    fn a_stream_is_what_it_says_and_every_cancel_finds_its_order() {
        let stream = Stream::new(1_000, 20_000, Lots::Many, 1);
        let share = |wanted: fn(&Op) -> bool| {
            stream.ops.iter().filter(|op| wanted(op)).count() * 100 / stream.ops.len()
        };
        assert!((54..=56).contains(&share(|op| matches!(op, Op::Limit { .. }))));
        assert!((34..=36).contains(&share(|op| matches!(op, Op::Cancel(_)))));
        let (_, tally) = run(Ours::default(), &stream);
        let cancels = stream.ops.iter().filter(|op| matches!(op, Op::Cancel(_)));
        assert_eq!(tally.cancelled, cancels.count() as u64);
        assert!(tally.fills > 2_000, "{tally:?}");
    }

    /// Peers that do the same work say so; limitbook does while no order is filled in part.
    #[test]
    fn the_peers_do_the_same_work() {
        let stream = Stream::new(500, 5_000, Lots::Many, 2);
        let (_, ours) = run(Ours::default(), &stream);
        assert_eq!(run(Naive::default(), &stream).1, ours);
        assert_eq!(run(Lobster::default(), &stream).1, ours);
        assert_eq!(run(OrderbookRs::default(), &stream).1, ours);
        let whole = Stream::new(500, 5_000, Lots::One, 2);
        let (_, ours) = run(Ours::default(), &whole);
        assert!(ours.fills > 500, "{ours:?}");
        assert_eq!(run(Limitbook::default(), &whole).1, ours);
    }

    /// Why limitbook is measured on whole fills alone: a maker filled in part keeps its quantity.
    #[test]
    fn limitbook_gives_more_than_an_order_holds() {
        let sell = Op::Limit {
            side: Side::Sell,
            price: 100,
            quantity: 10,
        };
        let buy = Op::Limit {
            side: Side::Buy,
            price: 100,
            quantity: 6,
        };
        let stream = Stream {
            first: Vec::new(),
            ops: vec![sell, buy, buy, buy],
        };
        assert_eq!(run(Ours::default(), &stream).1.volume, 10);
        assert_eq!(run(Limitbook::default(), &stream).1.volume, 18);
    }
}

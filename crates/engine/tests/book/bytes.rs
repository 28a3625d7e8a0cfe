//! The same orders are the same bytes; what no book wrote is refused.

use plimsoll_engine::book::{
    Book, Limits, Order, OrderId, Owner, SelfTrade, Side, Standing, TimeInForce,
};

use crate::world::{AnyBook, Recorder};

const LIMITS: Limits = Limits {
    orders: 4,
    orders_per_owner: 2,
};

fn standing(id: u64, owner: u32, side: Side, price: u64) -> Standing {
    Standing {
        id: OrderId(id),
        owner: Owner::alone(owner),
        side,
        price,
        quantity: 5,
        reduce_only: false,
    }
}

fn book(orders: &[Standing]) -> Book {
    let mut book = Book::new(LIMITS);
    for order in orders {
        let order = Order {
            id: order.id,
            owner: order.owner,
            side: order.side,
            limit: Some(order.price),
            bound: None,
            quantity: order.quantity,
            time_in_force: TimeInForce::Gtx,
            self_trade: SelfTrade::CancelNewest,
            reduce_only: false,
        };
        book.place(&order, &mut Recorder::default()).expect("rests");
    }
    book
}

#[test]
fn the_same_orders_by_another_history_are_the_same_bytes() {
    let orders = [
        standing(1, 1, Side::Buy, 99),
        standing(2, 2, Side::Sell, 101),
        standing(3, 2, Side::Sell, 100),
    ];
    let mut other = book(&[
        standing(9, 9, Side::Buy, 99),
        standing(8, 8, Side::Sell, 100),
    ]);
    other.cancel_all(9);
    other.cancel_all(8);
    for order in [orders[2], orders[1], orders[0]] {
        other = {
            let mut all: Vec<Standing> = other.line(Side::Buy);
            all.extend(other.line(Side::Sell));
            all.push(order);
            book(&all)
        };
    }
    assert_eq!(other.bytes(), book(&orders).bytes());
}

#[test]
fn a_book_read_back_is_the_same_book_and_goes_on_alike() {
    let written = book(&[
        standing(1, 1, Side::Buy, 99),
        standing(2, 2, Side::Buy, 99),
        standing(3, 2, Side::Sell, 101),
    ]);
    let mut read: Book = borsh::from_slice(&written.bytes()).expect("reads");
    read.audit().expect("sound");
    assert_eq!(read.bytes(), written.bytes());
    assert_eq!((read.len(), read.count_of(2), read.mark()), (3, 2, 0));
    let mut written = written;
    assert_eq!(read.cancel_all(2), written.cancel_all(2));
    assert_eq!(read.bytes(), written.bytes());
}

/// Bytes of these orders under these limits are refused, for this reason.
#[track_caller]
fn check_refused(limits: Limits, buys: &[Standing], sells: &[Standing], reason: &str) {
    let bytes = borsh::to_vec(&(limits, buys, sells)).expect("written");
    let error = borsh::from_slice::<Book>(&bytes).expect_err(reason);
    assert_eq!(error.to_string(), format!("not a book: {reason}"));
}

#[test]
fn bytes_that_no_book_wrote_are_refused() {
    let buy = |id, owner, price| standing(id, owner, Side::Buy, price);
    let sell = |id, owner, price| standing(id, owner, Side::Sell, price);
    let none = |order: Standing| Standing {
        quantity: 0,
        ..order
    };
    let wrong = [
        (vec![sell(1, 1, 99)], vec![], "order-1 is on the wrong side"),
        (
            vec![],
            vec![none(sell(1, 1, 9))],
            "order-1 has no quantity or no price",
        ),
        (
            vec![buy(1, 1, 0)],
            vec![],
            "order-1 has no quantity or no price",
        ),
        (
            vec![buy(1, 1, 98), buy(2, 2, 99)],
            vec![],
            "order-2 comes after a worse price",
        ),
        (
            vec![],
            vec![sell(1, 1, 99), sell(2, 2, 98)],
            "order-2 comes after a worse price",
        ),
        (
            vec![buy(1, 1, 98)],
            vec![sell(1, 1, 99)],
            "order-1: order-1 stands already",
        ),
        (
            vec![buy(1, 1, 99)],
            vec![sell(2, 2, 99)],
            "99 bid, 99 asked",
        ),
        (
            vec![buy(1, 1, 9), buy(2, 1, 9), buy(3, 1, 9)],
            vec![],
            "order-3: account 1 has 2 orders in this book, as many as it may",
        ),
        (
            (1..6).map(|at| buy(at, at as u32, 9)).collect(),
            vec![],
            "order-5: the book is full: it holds 4 orders",
        ),
    ];
    for (buys, sells, reason) in wrong {
        check_refused(LIMITS, &buys, &sells, reason);
    }
}

#[test]
fn cut_short_bytes_are_refused_not_read_in_part() {
    let bytes = book(&[standing(1, 1, Side::Buy, 99)]).bytes();
    for len in 0..bytes.len() {
        assert!(borsh::from_slice::<Book>(&bytes[..len]).is_err(), "{len}");
    }
}

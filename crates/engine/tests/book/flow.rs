//! Random flow of every kind of order through both books: the same fills, refusals, depth and
//! bytes, and after going back, the bytes of before.

use plimsoll_engine::book::naive::NaiveBook;
use plimsoll_engine::book::{Book, Limits, Order, OrderId, Owner, SelfTrade, Side, TimeInForce};
use proptest::prelude::*;

use crate::world::{AnyBook, Recorder};

/// How many names the flow's orders have.
const IDS: u64 = 60;

#[derive(Debug, Clone)]
enum Act {
    Place(Order),
    Replace(Order),
    Cancel(u64),
    Reduce(u64, u64),
    CancelAll(u32),
    Mark,
    Rollback,
    Commit,
    /// What the desk does from now on: makers' and takers' room, and where it fails.
    Desk(Option<(u32, u64)>, Option<u64>, Option<usize>),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    prop_oneof![
        5 => Just(TimeInForce::Gtc),
        2 => Just(TimeInForce::Gtx),
        1 => Just(TimeInForce::Ioc),
        2 => Just(TimeInForce::Fok),
    ]
}

fn self_trade() -> impl Strategy<Value = SelfTrade> {
    prop_oneof![
        1 => Just(SelfTrade::DecrementAndCancel),
        1 => Just(SelfTrade::CancelOldest),
        2 => Just(SelfTrade::CancelNewest),
        1 => Just(SelfTrade::CancelBoth),
    ]
}

fn order(ids: u64) -> impl Strategy<Value = Order> {
    let price = 0u64..24;
    let who = (0u32..6, prop::option::weighted(0.3, 0u32..2));
    let what = (side(), prop::option::weighted(0.85, price.clone()));
    let quantity = prop_oneof![20 => 0u64..30, 1 => Just(u64::MAX)];
    let how = (time_in_force(), self_trade(), any::<bool>());
    let bound = prop::option::weighted(0.2, price);
    (0..ids, who, what, quantity, bound, how).prop_map(
        |(id, (owner, group), (side, limit), quantity, bound, how)| Order {
            id: OrderId(id),
            owner: Owner { id: owner, group },
            side,
            limit,
            bound,
            quantity,
            time_in_force: how.0,
            self_trade: how.1,
            reduce_only: how.2,
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    let ids = IDS;
    let maker = prop::option::of((0u32..6, 0u64..20));
    let desk = (
        maker,
        prop::option::weighted(0.2, 0u64..40),
        prop::option::weighted(0.1, 0usize..4),
    );
    prop_oneof![
        12 => order(ids).prop_map(Act::Place),
        3 => order(ids).prop_map(Act::Replace),
        4 => (0..ids).prop_map(Act::Cancel),
        2 => (0..ids, 0u64..20).prop_map(|(id, by)| Act::Reduce(id, by)),
        1 => (0u32..6).prop_map(Act::CancelAll),
        2 => Just(Act::Mark),
        2 => Just(Act::Rollback),
        1 => Just(Act::Commit),
        1 => desk.prop_map(|(m, t, f)| Act::Desk(m, t, f)),
    ]
}

struct Both {
    ours: Book,
    naive: NaiveBook,
    marks: Vec<(usize, usize, Vec<u8>)>,
    desk: Recorder,
}

impl Both {
    fn act(&mut self, act: &Act) {
        let (mut one, mut other) = (self.desk.clone(), self.desk.clone());
        match act {
            Act::Place(order) => {
                assert_eq!(
                    AnyBook::available(&self.ours, order),
                    AnyBook::available(&self.naive, order)
                );
                let before = self.ours.bytes();
                let ours = self.ours.place(order, &mut one);
                assert_eq!(ours, self.naive.place(order, &mut other));
                if ours.is_err() {
                    assert_eq!(self.ours.bytes(), before, "a refusal changed the book");
                }
            }
            Act::Replace(order) => {
                let before = self.ours.bytes();
                let ours = self.ours.replace(order, &mut one);
                assert_eq!(ours, self.naive.replace(order, &mut other));
                if ours.is_err() {
                    assert_eq!(self.ours.bytes(), before, "a refusal changed the book");
                }
            }
            Act::Cancel(id) => {
                let id = OrderId(*id);
                assert_eq!(self.ours.cancel(id), self.naive.cancel(id));
            }
            Act::Reduce(id, by) => {
                let id = OrderId(*id);
                assert_eq!(self.ours.reduce(id, *by), self.naive.reduce(id, *by));
            }
            Act::CancelAll(owner) => {
                assert_eq!(self.ours.cancel_all(*owner), self.naive.cancel_all(*owner));
            }
            Act::Mark => {
                let marks = (self.ours.mark(), self.naive.mark(), self.ours.bytes());
                self.marks.push(marks);
            }
            Act::Rollback => {
                if let Some((ours, naive, bytes)) = self.marks.pop() {
                    self.ours.rollback(ours);
                    self.naive.rollback(naive);
                    assert_eq!(self.ours.bytes(), bytes, "not what was marked");
                }
            }
            Act::Commit => {
                self.ours.commit();
                self.naive.commit();
                self.marks.clear();
            }
            Act::Desk(maker, taker, fail_at) => {
                self.desk.makers = maker.iter().copied().collect();
                self.desk.taker = *taker;
                self.desk.fail_at = *fail_at;
            }
        }
        assert_eq!(one.heard, other.heard, "the desks heard different things");
    }

    fn compare(&self) {
        self.ours.audit().expect("sound");
        assert_eq!(self.ours.bytes(), self.naive.bytes());
        for id in (0..IDS).map(OrderId) {
            assert_eq!(self.ours.standing(id), self.naive.standing(id));
        }
        for side in [Side::Buy, Side::Sell] {
            assert_eq!(self.ours.levels(side), self.naive.levels(side));
            for (quantity, worst) in [(7, None), (40, Some(12)), (u64::MAX, None)] {
                let ours = AnyBook::walk(&self.ours, side, quantity, worst);
                assert_eq!(ours, AnyBook::walk(&self.naive, side, quantity, worst));
            }
            for owner in 0..6 {
                let own = AnyBook::orders_of(&self.ours, owner);
                assert_eq!(own, AnyBook::orders_of(&self.naive, owner));
                assert_eq!(own.len(), self.ours.count_of(owner) as usize);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn both_books_say_and_hold_the_same(
        acts in prop::collection::vec(act(), 1..120),
        orders in prop_oneof![Just(8u32), Just(1_000)],
        orders_per_owner in prop_oneof![Just(3u32), Just(1_000)],
    ) {
        let limits = Limits { orders, orders_per_owner };
        let mut both = Both {
            ours: Book::new(limits),
            naive: NaiveBook::new(limits),
            marks: Vec::new(),
            desk: Recorder::default(),
        };
        for act in &acts {
            both.act(act);
            both.compare();
        }
        let bytes = both.ours.bytes();
        let read: Book = borsh::from_slice(&bytes).expect("what a book wrote is read");
        read.audit().expect("sound");
        prop_assert_eq!(read.bytes(), bytes);
        // Everything back, in one go.
        if let Some((ours, _, bytes)) = both.marks.first() {
            both.ours.rollback(*ours);
            prop_assert_eq!(&both.ours.bytes(), bytes);
            both.ours.audit().expect("sound");
        }
    }

    /// What trades is what the walk said would, and it cost that, when nobody refuses.
    #[test]
    fn a_walk_foretells_the_trade(
        makers in prop::collection::vec((order(200), 1u64..30), 1..40),
        quantity in 1u64..200,
        worst in prop::option::of(1u64..24),
        side in side(),
    ) {
        let limits = Limits { orders: 1_000, orders_per_owner: 1_000 };
        let mut book = Book::new(limits);
        for (at, (mut order, quantity)) in (0u64..).zip(makers) {
            order.id = OrderId(at);
            order.quantity = quantity;
            let _ = Book::place(&mut book, &order, &mut Recorder::default());
        }
        let walk = Book::walk(&book, side, quantity, worst);
        let taker = Order {
            id: OrderId(9_999),
            owner: Owner::alone(99),
            side,
            limit: None,
            bound: worst,
            quantity,
            time_in_force: TimeInForce::Ioc,
            self_trade: SelfTrade::CancelNewest,
            reduce_only: false,
        };
        prop_assert_eq!(Book::available(&book, &taker), walk.quantity);
        let mut desk = Recorder::default();
        let placed = Book::place(&mut book, &taker, &mut desk).expect("a market order");
        prop_assert_eq!(placed.filled, walk.quantity);
        let paid: u128 = desk.heard.iter().map(|heard| match heard {
            crate::world::Heard::Fill(_, quantity, price) => {
                u128::from(*quantity) * u128::from(*price)
            }
            _ => 0,
        }).sum();
        prop_assert_eq!(paid, walk.notional);
    }
}

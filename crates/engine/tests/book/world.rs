//! Both books behind one trait, and a desk that records and can be told to refuse.

use std::collections::BTreeMap;

use borsh::BorshSerialize;
use plimsoll_engine::book::naive::NaiveBook;
use plimsoll_engine::book::{
    Book, Decision, Desk, Gone, Level, Limits, NotPlaced, Order, OrderId, Placed, Refusal, Side,
    Standing, Walk,
};

/// What both books can do.
pub(crate) trait AnyBook: BorshSerialize + Clone {
    fn empty(limits: Limits) -> Self;
    fn place(&mut self, order: &Order, desk: &mut Recorder) -> Result<Placed, NotPlaced<Failed>>;
    fn replace(&mut self, order: &Order, desk: &mut Recorder) -> Result<Placed, NotPlaced<Failed>>;
    fn cancel(&mut self, id: OrderId) -> Result<Standing, Refusal>;
    fn reduce(&mut self, id: OrderId, by: u64) -> Result<u64, Refusal>;
    fn cancel_all(&mut self, owner: u32) -> Vec<Standing>;
    fn orders_of(&self, owner: u32) -> Vec<Standing>;
    fn standing(&self, id: OrderId) -> Option<Standing>;
    fn levels(&self, side: Side) -> Vec<Level>;
    fn line(&self, side: Side) -> Vec<Standing>;
    fn available(&self, order: &Order) -> u64;
    fn walk(&self, side: Side, quantity: u64, worst: Option<u64>) -> Walk;
    fn mark(&mut self) -> usize;
    fn rollback(&mut self, mark: usize);
    fn commit(&mut self);
    fn audit(&self) -> Result<(), String>;

    fn bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("a book in memory is written")
    }
}

macro_rules! any_book {
    ($book:ty, $($own:tt)*) => {
        impl AnyBook for $book {
            fn empty(limits: Limits) -> Self {
                Self::new(limits)
            }
            fn place(
                &mut self,
                order: &Order,
                desk: &mut Recorder,
            ) -> Result<Placed, NotPlaced<Failed>> {
                self.place(order, desk)
            }
            fn replace(
                &mut self,
                order: &Order,
                desk: &mut Recorder,
            ) -> Result<Placed, NotPlaced<Failed>> {
                self.replace(order, desk)
            }
            fn cancel(&mut self, id: OrderId) -> Result<Standing, Refusal> {
                self.cancel(id)
            }
            fn reduce(&mut self, id: OrderId, by: u64) -> Result<u64, Refusal> {
                self.reduce(id, by)
            }
            fn cancel_all(&mut self, owner: u32) -> Vec<Standing> {
                self.cancel_all(owner)
            }
            fn orders_of(&self, owner: u32) -> Vec<Standing> {
                self.orders_of(owner)
            }
            fn standing(&self, id: OrderId) -> Option<Standing> {
                self.get(id).copied()
            }
            fn available(&self, order: &Order) -> u64 {
                self.available(order)
            }
            fn walk(&self, side: Side, quantity: u64, worst: Option<u64>) -> Walk {
                self.walk(side, quantity, worst)
            }
            fn rollback(&mut self, mark: usize) {
                self.rollback(mark);
            }
            fn commit(&mut self) {
                self.commit();
            }
            $($own)*
        }
    };
}

any_book! { Book,
    fn levels(&self, side: Side) -> Vec<Level> {
        self.depth(side).collect()
    }
    fn line(&self, side: Side) -> Vec<Standing> {
        self.orders(side).copied().collect()
    }
    fn mark(&mut self) -> usize {
        Book::mark(self)
    }
    fn audit(&self) -> Result<(), String> {
        Book::audit(self)
    }
}
any_book! { NaiveBook,
    fn levels(&self, side: Side) -> Vec<Level> {
        self.depth(side)
    }
    fn line(&self, side: Side) -> Vec<Standing> {
        self.orders(side).to_vec()
    }
    fn mark(&mut self) -> usize {
        NaiveBook::mark(self)
    }
    fn audit(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The failure a recorder can be told to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failed;

/// What a desk heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    Fill(OrderId, u64, u64),
    CannotTrade(OrderId),
    Stopped(OrderId),
    Gone(OrderId, u64, Gone),
    Decremented(OrderId, u64, u64),
}

/// A desk that writes down what it hears, and refuses as it was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder {
    pub(crate) heard: Vec<Heard>,
    /// How much each owner may still trade as a maker; no limit for those not named.
    pub(crate) makers: BTreeMap<u32, u64>,
    /// How much takers may still trade together.
    pub(crate) taker: Option<u64>,
    /// Fails at this fill.
    pub(crate) fail_at: Option<usize>,
    fills: usize,
}

impl Desk for Recorder {
    type Error = Failed;

    fn fill(&mut self, maker: &Standing, quantity: u64) -> Result<Decision, Failed> {
        if self.fail_at == Some(self.fills) {
            return Err(Failed);
        }
        self.fills += 1;
        let room = self.makers.get(&maker.owner.id).copied();
        if room == Some(0) {
            self.heard.push(Heard::CannotTrade(maker.id));
            return Ok(Decision::CancelMaker);
        }
        let taker = self.taker.unwrap_or(u64::MAX);
        let quantity = quantity.min(room.unwrap_or(u64::MAX)).min(taker);
        if quantity == 0 {
            self.heard.push(Heard::Stopped(maker.id));
            return Ok(Decision::StopTaker);
        }
        if let Some(room) = self.makers.get_mut(&maker.owner.id) {
            *room -= quantity;
        }
        self.taker = self.taker.map(|room| room - quantity);
        self.heard
            .push(Heard::Fill(maker.id, quantity, maker.price));
        Ok(Decision::Accept(quantity))
    }

    fn gone(&mut self, maker: &Standing, why: Gone) -> Result<(), Failed> {
        self.heard.push(Heard::Gone(maker.id, maker.quantity, why));
        Ok(())
    }

    fn decremented(&mut self, maker: &Standing, by: u64) -> Result<(), Failed> {
        self.heard
            .push(Heard::Decremented(maker.id, by, maker.quantity));
        Ok(())
    }
}

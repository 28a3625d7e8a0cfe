//! The order book of each market: orders are placed, wait, trade, and are cancelled.
//!
//! On the venue this is the off-chain engine in front of the contracts. Here each fill is settled
//! as the contracts would settle it: funding first, then positions, quote, fees, and both wallets'
//! margin. A maker whose fill the contracts would refuse is cancelled with the reason, a taker
//! stops; nothing is ever half-applied. An order that carries a signature is bound by it: limit
//! price, side, quantity, nonce and key are looked at again at every fill, and fills are counted
//! by its digest.
//!
//! * `terms`: what an order says and what is wrong with it; `place`: the commands;
//! * `fill`: one fill; `fire`: orders that wait for a price or for another order.
//!
//! Source: the venue's documentation and SDK (order types, times in force, self-trade prevention,
//! price limits). **[ours]**, where those are silent: an order's least quantity is the market's
//! least position, except to reduce; fees round down; an order rests without margin being set
//! aside, and is checked when it trades; a wallet's own leverage setting counts for its orders
//! alone; a wallet that is liquidated loses its orders; a waiting order whose trigger is met
//! already fires at once.
//!
//! Units: pips. A fill's quote is `floor(base x price)`, which both limits of the contracts accept.

mod fill;
mod fire;
mod place;
mod terms;

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId};

use super::undo::Change;
use super::{Kuma, OrderSide, Refusal, SignedOrder};
use crate::book::conditional::{Conditional, Conditionals};
use crate::book::{Book, Limits, OrderId, Side, Standing};

pub use fill::OnBook;
pub use terms::{NewOrder, OrderRefusal, Terms};

/// Orders standing in one book: of everybody, and of one wallet.
pub const BOOK_LIMITS: Limits = Limits {
    orders: 1_000_000,
    orders_per_owner: 10_000,
};
/// Orders waiting in one market: of everybody, and of one wallet.
pub const WAITING_LIMITS: Limits = Limits {
    orders: 100_000,
    orders_per_owner: 1_000,
};

/// What is known of an order beside what the book knows.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ticket {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// What was signed; none if the venue vouches for the order.
    pub signed: Option<Box<SignedOrder>>,
}

/// One market's orders.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
struct Here {
    /// Away only while an order is being placed.
    book: Option<Book>,
    waiting: Conditionals,
    last: Option<u64>,
}

/// All orders of a venue.
#[derive(Debug, Clone, Default, BorshSerialize, BorshDeserialize)]
pub struct Orders {
    placed: u64,
    markets: Vec<Here>,
    tickets: BTreeMap<OrderId, Ticket>,
    /// How many tickets a wallet has: derived.
    #[borsh(skip)]
    counts: BTreeMap<AccountId, u32>,
    #[borsh(skip)]
    touched: Vec<MarketId>,
}

/// Something of the orders as it was before.
#[derive(Debug, Clone)]
pub(in crate::venues::kuma) enum Note {
    Placed(u64),
    Ticket(OrderId, Option<Box<Ticket>>),
    Market {
        market: MarketId,
        book: usize,
        waiting: usize,
        last: Option<u64>,
    },
}

impl Orders {
    pub(in crate::venues::kuma) fn new(markets: usize) -> Self {
        let mut new = Self::default();
        new.set_markets(markets);
        new
    }

    /// As many markets as there are: one more has an empty book, one less had one.
    pub(in crate::venues::kuma) fn set_markets(&mut self, markets: usize) {
        self.markets.resize_with(markets, || Here {
            book: Some(Book::new(BOOK_LIMITS)),
            waiting: Conditionals::new(WAITING_LIMITS),
            last: None,
        });
    }

    /// The book of a market.
    #[must_use]
    pub fn book(&self, market: MarketId) -> Option<&Book> {
        self.markets.get(market.index())?.book.as_ref()
    }

    /// The orders that wait in a market.
    #[must_use]
    pub fn waiting(&self, market: MarketId) -> Option<&Conditionals> {
        Some(&self.markets.get(market.index())?.waiting)
    }

    /// The last price traded at in a market.
    #[must_use]
    pub fn last(&self, market: MarketId) -> Option<u64> {
        self.markets.get(market.index())?.last
    }

    /// An order that stands or waits.
    #[must_use]
    pub fn ticket(&self, id: OrderId) -> Option<&Ticket> {
        self.tickets.get(&id)
    }

    /// How many orders of a wallet stand or wait.
    #[must_use]
    pub fn count_of(&self, account: AccountId) -> u32 {
        self.counts.get(&account).copied().unwrap_or(0)
    }

    fn here(&mut self, market: MarketId) -> Option<&mut Here> {
        self.markets.get_mut(market.index())
    }

    fn swap_ticket(&mut self, id: OrderId, new: Option<Ticket>) -> Option<Ticket> {
        if let Some(new) = &new {
            let count = self.counts.entry(new.account).or_default();
            *count = count.saturating_add(1);
        }
        let old = match new {
            Some(new) => self.tickets.insert(id, new),
            None => self.tickets.remove(&id),
        };
        if let Some(old) = &old {
            let left = self.count_of(old.account).saturating_sub(1);
            if left == 0 {
                self.counts.remove(&old.account);
            } else {
                self.counts.insert(old.account, left);
            }
        }
        old
    }

    /// Takes a change back.
    pub(in crate::venues::kuma) fn take_back(&mut self, note: Note) {
        match note {
            Note::Placed(placed) => self.placed = placed,
            Note::Ticket(id, old) => {
                self.swap_ticket(id, old.map(|ticket| *ticket));
            }
            Note::Market {
                market,
                book,
                waiting,
                last,
            } => {
                if let Some(here) = self.here(market) {
                    if let Some(there) = &mut here.book {
                        there.rollback(book);
                    }
                    here.waiting.rollback(waiting);
                    here.last = last;
                }
            }
        }
    }

    /// Makes everything final.
    pub(in crate::venues::kuma) fn commit(&mut self) {
        while let Some(market) = self.touched.pop() {
            if let Some(here) = self.here(market) {
                if let Some(book) = &mut here.book {
                    book.commit();
                }
                here.waiting.commit();
            }
        }
    }

    /// Builds what is derived anew.
    pub(in crate::venues::kuma) fn rebuild(&mut self) {
        self.counts.clear();
        let accounts: Vec<AccountId> = self.tickets.values().map(|t| t.account).collect();
        for account in accounts {
            let count = self.counts.entry(account).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Every ticket has its order, every order its ticket, and the books are sound.
    fn audit(&self) -> Result<(), String> {
        let mut found = 0usize;
        for (market, here) in (0u16..).map(MarketId).zip(&self.markets) {
            let book = here.book.as_ref();
            let book = book.ok_or_else(|| format!("the book of {market} is away"))?;
            book.audit()?;
            let standing = [Side::Buy, Side::Sell]
                .into_iter()
                .flat_map(|side| book.orders(side));
            let waiting = here.waiting.iter().map(|waiting| &waiting.order);
            let waiting = waiting.map(|order| (order.id, order.owner.id));
            let all = standing.map(|order| (order.id, order.owner.id));
            for (id, owner) in all.chain(waiting) {
                let ticket = self.tickets.get(&id);
                if ticket.is_none_or(|t| t.account.0 != owner || t.market != market) {
                    return Err(format!("{id} in {market} has the ticket {ticket:?}"));
                }
                found = found.saturating_add(1);
            }
        }
        let tickets = self.tickets.len();
        if found != tickets {
            return Err(format!("{tickets} tickets for {found} orders"));
        }
        if let Some((id, _)) = self.tickets.last_key_value()
            && id.0 > self.placed
        {
            return Err(format!("{id} was never placed"));
        }
        Ok(())
    }
}

impl Kuma {
    /// All orders.
    #[must_use]
    pub const fn orders(&self) -> &Orders {
        &self.orders
    }

    pub(super) fn audit_orders(&self) -> Result<(), String> {
        self.orders.audit()
    }

    fn note_order(&mut self, note: Note) {
        self.changes.push(Change::Orders(Box::new(note)));
    }

    fn set_ticket(&mut self, id: OrderId, new: Option<Ticket>) -> Option<Ticket> {
        let old = self.orders.swap_ticket(id, new);
        self.note_order(Note::Ticket(id, old.clone().map(Box::new)));
        old
    }

    /// Notes where a market's orders are, before they change.
    fn touch(&mut self, market: MarketId) -> Result<&mut Here, Refusal> {
        self.market(market)?;
        let here = self.orders.here(market).ok_or(Refusal::Full)?;
        let note = Note::Market {
            market,
            book: here.book.as_ref().map_or(0, Book::mark),
            waiting: here.waiting.mark(),
            last: here.last,
        };
        self.note_order(note);
        self.orders.touched.push(market);
        self.orders.here(market).ok_or(Refusal::Full)
    }

    fn next_order(&mut self) -> Result<OrderId, Refusal> {
        let before = self.orders.placed;
        let id = before.checked_add(1).ok_or(Refusal::Full)?;
        self.note_order(Note::Placed(before));
        self.orders.placed = id;
        Ok(OrderId(id))
    }

    /// The wallet's orders of a market: standing and waiting.
    #[must_use]
    pub fn orders_of(
        &self,
        account: AccountId,
        market: MarketId,
    ) -> (Vec<Standing>, Vec<Conditional>) {
        let book = self.orders.book(market);
        let standing = book.map_or(Vec::new(), |book| book.orders_of(account.0));
        let waiting = self.orders.waiting(market).into_iter();
        let waiting = waiting.flat_map(Conditionals::iter);
        let own = waiting.filter(|waiting| waiting.order.owner.id == account.0);
        (standing, own.copied().collect())
    }
}

const fn book_side(side: OrderSide) -> Side {
    match side {
        OrderSide::Buy => Side::Buy,
        OrderSide::Sell => Side::Sell,
    }
}

const fn order_side(side: Side) -> OrderSide {
    match side {
        Side::Buy => OrderSide::Buy,
        Side::Sell => OrderSide::Sell,
    }
}

//! What the fund took over in a case, and what became of it.
//!
//! Invariant, audited after every command that asks for it: each piece ever acquired is handed
//! off, closed on the book, deleveraged, netted or still held; and what is held in a market is on
//! one side and no more than the fund's position there.
//!
//! Units: base and quote in pips.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding, Side, Timestamp, mul_div};

use super::event::{Amounts, Why};
use crate::liquidation::Case;

/// How a part of a piece went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    HandedOff,
    Closed,
    Deleveraged,
    Netted,
}

/// A position the fund acquired, whole or in parts, for one case in one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Piece {
    /// Where.
    pub market: MarketId,
    /// Which way.
    pub side: Side,
    /// How much there was.
    pub acquired: u64,
    /// How much partners took.
    pub handed_off: u64,
    /// How much was closed on the book.
    pub closed: u64,
    /// How much counterparties took.
    pub deleveraged: u64,
    /// How much met the other side within the fund.
    pub netted: u64,
    /// How much of what is left should be gone by now.
    pub due: u64,
    /// Why it goes on to the next hop.
    pub why: Why,
    /// What the fund paid for what is left, or received.
    pub cost: u64,
    /// What is left was worth that at the index price when it was acquired.
    pub marked: u64,
    /// What the fund received, or paid, for all that has gone.
    pub received: u64,
}

/// What the fund holds for one case.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Holding {
    /// The case.
    pub case: Case,
    /// The pieces, in the order they were acquired; what is left in a market is of one side.
    pub pieces: Vec<Piece>,
    /// When the last slice was due.
    pub sliced_at: Option<Timestamp>,
    /// When the service looks at it again.
    pub next_at: Timestamp,
    /// What the fund won, or lost, on the case so far.
    pub result: i128,
}

/// What has become of everything the fund acquired in a market, ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tally {
    /// Which way what is held now is, if anything is.
    pub side: Side,
    /// Acquired.
    pub acquired: u128,
    /// To partners.
    pub handed_off: u128,
    /// On the book.
    pub closed: u128,
    /// To counterparties.
    pub deleveraged: u128,
    /// Within the fund.
    pub netted: u128,
}

/// What a disposal brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Result {
    /// Against what the fund paid.
    pub(super) against_cost: i128,
    /// Against what it was worth when it was acquired.
    pub(super) against_mark: i128,
}

impl Piece {
    /// How much is left.
    #[must_use]
    pub fn left(&self) -> u64 {
        let gone = [self.handed_off, self.closed, self.deleveraged, self.netted];
        gone.into_iter().fold(self.acquired, u64::saturating_sub)
    }

    /// More of the same was acquired.
    pub(super) fn grow(&mut self, more: &Amounts) -> std::result::Result<(), ArithmeticError> {
        self.acquired = plus(self.acquired, more.base)?;
        self.due = plus(self.due, more.base)?;
        self.cost = plus(self.cost, more.quote)?;
        self.marked = plus(self.marked, more.index_quote)?;
        Ok(())
    }

    /// `base` of it went, for `quote`. Its cost goes in proportion, rounded down; the last part
    /// takes what is left of it.
    pub(super) fn take(
        &mut self,
        way: Way,
        base: u64,
        quote: u64,
    ) -> std::result::Result<Result, ArithmeticError> {
        let left = self.left();
        let base = base.min(left);
        let share = |of: u64| -> std::result::Result<u64, ArithmeticError> {
            let share = mul_div(of.into(), base.into(), left.max(1).into(), Rounding::Floor)?;
            u64::try_from(share).map_err(|_| ArithmeticError::Overflow)
        };
        let (cost, marked) = (share(self.cost)?, share(self.marked)?);
        let gone = match way {
            Way::HandedOff => &mut self.handed_off,
            Way::Closed => &mut self.closed,
            Way::Deleveraged => &mut self.deleveraged,
            Way::Netted => &mut self.netted,
        };
        *gone = plus(*gone, base)?;
        self.received = plus(self.received, quote)?;
        self.due = self.due.saturating_sub(base);
        self.cost = self.cost.saturating_sub(cost);
        self.marked = self.marked.saturating_sub(marked);
        let won = |basis: u64| {
            let more = i128::from(quote).saturating_sub(basis.into());
            more.saturating_mul(self.side.sign())
        };
        Ok(Result {
            against_cost: won(cost),
            against_mark: won(marked),
        })
    }
}

impl Holding {
    pub(super) fn new(case: &Case) -> Self {
        Self {
            case: *case,
            pieces: Vec::new(),
            sliced_at: None,
            next_at: case.trigger.at,
            result: 0,
        }
    }

    /// Whose wallet it was.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.case.target.account
    }

    /// What it holds in a market; where nothing is left there, what there was.
    #[must_use]
    pub fn piece(&self, market: MarketId) -> Option<&Piece> {
        let here = self.pieces.iter().filter(|piece| piece.market == market);
        here.max_by_key(|piece| piece.left() > 0)
    }

    pub(super) fn piece_mut(&mut self, market: MarketId) -> Option<&mut Piece> {
        let here = self
            .pieces
            .iter_mut()
            .filter(|piece| piece.market == market);
        here.max_by_key(|piece| piece.left() > 0)
    }

    pub(super) fn piece_on(&mut self, market: MarketId, side: Side) -> Option<&mut Piece> {
        let mut all = self.pieces.iter_mut();
        all.find(|piece| piece.market == market && piece.side == side)
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.pieces.iter().all(|piece| piece.left() == 0)
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            side: Side::Long,
            acquired: 0,
            handed_off: 0,
            closed: 0,
            deleveraged: 0,
            netted: 0,
        }
    }
}

impl Tally {
    pub(super) fn add(&mut self, way: Way, base: u64) {
        let part = match way {
            Way::HandedOff => &mut self.handed_off,
            Way::Closed => &mut self.closed,
            Way::Deleveraged => &mut self.deleveraged,
            Way::Netted => &mut self.netted,
        };
        // 2^64 pieces of 2^64 fit.
        *part = part.saturating_add(base.into());
    }

    pub(super) fn acquire(&mut self, base: u64) {
        self.acquired = self.acquired.saturating_add(base.into());
    }

    /// What is still held, by the difference.
    #[must_use]
    pub fn held(&self) -> u128 {
        let gone = [self.handed_off, self.closed, self.deleveraged, self.netted];
        gone.into_iter().fold(self.acquired, u128::saturating_sub)
    }
}

fn plus(a: u64, b: u64) -> std::result::Result<u64, ArithmeticError> {
    a.checked_add(b).ok_or(ArithmeticError::Overflow)
}

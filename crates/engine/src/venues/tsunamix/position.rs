//! Positions, small: everything but the collateral, which is in the ledger alone.
//!
//! Money of one position is kept in 64 bits (9.2e12 whole units); a command that would need more
//! is refused. A place is used again after a close, under a new generation, so that an id never
//! means two positions.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{
    AccountId, Amount, ArithmeticError, MarketId, Notional, PositionId, Price, Side,
};

use super::Refusal;
use super::fees::{borrowing_fee, funding_fee};
use super::market::Indices;
use crate::ledger::Slot;
use crate::margin::isolated::{Exposure, IsolatedError};
use crate::tight;

/// One position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Position {
    entry: Price<18>,
    size: i64,
    realised: i64,
    funding_owed: i64,
    borrowing_owed: i64,
    funding_index: i64,
    borrow_index: i64,
    /// Whose it is.
    pub owner: AccountId,
    /// Where its collateral is kept.
    pub collateral: Slot,
    /// Where it is exposed.
    pub market: MarketId,
    /// Which way.
    pub side: Side,
}

/// What holding a position has cost and not been paid yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holding {
    /// Funding; negative is a credit.
    pub funding: Amount<6>,
    /// Borrowing.
    pub borrowing: Amount<6>,
}

impl Holding {
    /// Both.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn total(&self) -> Result<Amount<6>, ArithmeticError> {
        self.funding.add(self.borrowing)
    }
}

/// The parts of a holding cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accrual {
    pub(super) funding_stored: Amount<6>,
    /// Growth of the index, signed by the side.
    pub(super) funding_grown: i128,
    pub(super) borrowing_stored: Amount<6>,
    pub(super) borrowing_grown: i128,
}

/// What a position is made of when it is opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewPosition {
    pub(super) owner: AccountId,
    pub(super) market: MarketId,
    pub(super) side: Side,
    pub(super) size: Notional<6>,
    pub(super) entry: Price<18>,
    pub(super) collateral: Slot,
}

pub(super) fn narrow(raw: i128) -> Result<i64, Refusal> {
    i64::try_from(raw).map_err(|_| Refusal::TooLarge(raw))
}

impl Position {
    pub(super) fn new(new: &NewPosition, indices: &Indices) -> Result<Self, Refusal> {
        Exposure::new(new.side, new.size, new.entry)?;
        Ok(Self {
            entry: new.entry,
            size: narrow(new.size.raw())?,
            realised: 0,
            funding_owed: 0,
            borrowing_owed: 0,
            funding_index: indices.funding.index_e15,
            borrow_index: *indices.borrowed.of(new.side),
            owner: new.owner,
            collateral: new.collateral,
            market: new.market,
            side: new.side,
        })
    }

    /// Notional at entry.
    #[must_use]
    pub fn size(&self) -> Notional<6> {
        Notional::from_raw(self.size.into())
    }

    /// Average entry price.
    #[must_use]
    pub const fn entry(&self) -> Price<18> {
        self.entry
    }

    /// Profit and loss credited by partial closes so far.
    #[must_use]
    pub fn realised(&self) -> Amount<6> {
        Amount::from_raw(self.realised.into())
    }

    /// What it is exposed to.
    ///
    /// # Errors
    /// Never for a position that was opened: both numbers are positive.
    pub fn exposure(&self) -> Result<Exposure<6, 18>, IsolatedError> {
        Exposure::new(self.side, self.size(), self.entry)
    }

    /// How the holding cost is made up, for a story: what is stored, and the indices since then.
    pub(super) fn accrual(&self, indices: &Indices) -> Accrual {
        let index = |now: i64, from: i64| i128::from(now).saturating_sub(from.into());
        let funding = index(indices.funding.index_e15, self.funding_index);
        let borrowed = index(*indices.borrowed.of(self.side), self.borrow_index);
        Accrual {
            funding_stored: Amount::from_raw(self.funding_owed.into()),
            funding_grown: funding.saturating_mul(self.side.sign()),
            borrowing_stored: Amount::from_raw(self.borrowing_owed.into()),
            borrowing_grown: borrowed,
        }
    }

    /// What holding it has cost up to `indices` and not been paid. Both toward zero.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn holding(&self, indices: &Indices) -> Result<Holding, ArithmeticError> {
        self.holding_of(self.size(), self.funding_owed, self.borrowing_owed, indices)
    }

    fn holding_of(
        &self,
        size: Notional<6>,
        funding_owed: i64,
        borrowing_owed: i64,
        indices: &Indices,
    ) -> Result<Holding, ArithmeticError> {
        let grown = |index: i64, from: i64| i128::from(index).saturating_sub(from.into());
        let funding = grown(indices.funding.index_e15, self.funding_index);
        let borrowed = grown(*indices.borrowed.of(self.side), self.borrow_index);
        let funding = funding_fee(self.side, size, funding)?;
        let borrowing = borrowing_fee(size, borrowed)?;
        Ok(Holding {
            funding: funding.add(Amount::from_raw(funding_owed.into()))?,
            borrowing: borrowing.add(Amount::from_raw(borrowing_owed.into()))?,
        })
    }

    /// The position with `added` more size at average `entry`: what holding has cost so far is
    /// stored, and the indices start again.
    pub(super) fn grown(
        &self,
        added: Notional<6>,
        entry: Price<18>,
        indices: &Indices,
    ) -> Result<Self, Refusal> {
        let size = self.size().add(added).map_err(IsolatedError::from)?;
        let owed = self.holding(indices).map_err(IsolatedError::from)?;
        Exposure::new(self.side, size, entry)?;
        Ok(Self {
            entry,
            size: narrow(size.raw())?,
            funding_owed: narrow(owed.funding.raw())?,
            borrowing_owed: narrow(owed.borrowing.raw())?,
            funding_index: indices.funding.index_e15,
            borrow_index: *indices.borrowed.of(self.side),
            ..*self
        })
    }

    /// The position without `taken` of its size, and what holding that part has cost. The stored
    /// costs are split in proportion, toward zero; part and rest always sum to the whole.
    pub(super) fn shrunk(
        &self,
        taken: Notional<6>,
        indices: &Indices,
    ) -> Result<(Self, Holding), Refusal> {
        let arithmetic = IsolatedError::from;
        let size = self.size().sub(taken).map_err(arithmetic)?;
        let keep = |owed: i64| {
            let kept = Amount::<6>::from_raw(owed.into()).mul_ratio(
                size.raw(),
                self.size.into(),
                plimsoll_units::Rounding::Down,
            );
            kept.map_err(arithmetic)
        };
        let rest = Self {
            size: narrow(size.raw())?,
            funding_owed: narrow(keep(self.funding_owed)?.raw())?,
            borrowing_owed: narrow(keep(self.borrowing_owed)?.raw())?,
            ..*self
        };
        let whole = self.holding(indices).map_err(arithmetic)?;
        let left = rest.holding(indices).map_err(arithmetic)?;
        let part = Holding {
            funding: whole.funding.sub(left.funding).map_err(arithmetic)?,
            borrowing: whole.borrowing.sub(left.borrowing).map_err(arithmetic)?,
        };
        Ok((rest, part))
    }

    /// The position after `credited` more was realised on it.
    pub(super) fn realising(&self, credited: Amount<6>) -> Result<Self, Refusal> {
        let realised = self.realised().add(credited).map_err(IsolatedError::from)?;
        Ok(Self {
            realised: narrow(realised.raw())?,
            ..*self
        })
    }
}

/// All positions of a venue, by place.
#[derive(Debug, Clone, Default, BorshSerialize, BorshDeserialize)]
pub struct Positions {
    places: Vec<Option<Position>>,
    generations: Vec<u32>,
    free: Vec<u32>,
    open: u32,
}

impl Positions {
    /// How many are open.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.open
    }

    /// Whether none is open.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.open == 0
    }

    /// The open position of an id.
    #[must_use]
    pub fn get(&self, id: PositionId) -> Option<&Position> {
        let at = usize::try_from(id.slot()).ok()?;
        self.generations
            .get(at)
            .filter(|g| **g == id.generation())?;
        self.places.get(at)?.as_ref()
    }

    /// The open position at a place, with its id.
    #[must_use]
    #[inline]
    pub fn at(&self, slot: u32) -> Option<(PositionId, &Position)> {
        let at = usize::try_from(slot).ok()?;
        let position = self.places.get(at)?.as_ref()?;
        let generation = self.generations.get(at).copied()?;
        Some((PositionId::new(slot, generation), position))
    }

    /// All open positions, by place.
    pub fn iter(&self) -> impl Iterator<Item = (PositionId, &Position)> {
        (0u32..)
            .zip(self.places.iter().zip(&self.generations))
            .filter_map(|(slot, (place, generation))| {
                let position = place.as_ref()?;
                Some((PositionId::new(slot, *generation), position))
            })
    }

    /// The id the next position will have.
    pub(super) fn next_id(&self) -> Result<PositionId, Refusal> {
        if let Some(slot) = self.free.last() {
            let at = usize::try_from(*slot).map_err(|_| Refusal::Full)?;
            let generation = self.generations.get(at).copied().ok_or(Refusal::Full)?;
            return Ok(PositionId::new(*slot, generation));
        }
        let slot = u32::try_from(self.places.len()).map_err(|_| Refusal::Full)?;
        if slot >= super::watching::SLOTS_MAX {
            return Err(Refusal::Full);
        }
        Ok(PositionId::new(slot, 0))
    }

    /// Puts a position at the place of [`Positions::next_id`].
    pub(super) fn insert(&mut self, position: Position) {
        match self.free.pop() {
            Some(slot) => self.replace(slot, Some(position)),
            None => {
                tight::push(&mut self.places, Some(position));
                tight::push(&mut self.generations, 0);
            }
        }
        self.open = self.open.saturating_add(1);
    }

    /// Changes the position at a place.
    pub(super) fn set(&mut self, slot: u32, position: Position) {
        self.replace(slot, Some(position));
    }

    /// Takes the position away; its place is free for another generation. A place that was used
    /// 2^32 times is not used again.
    pub(super) fn remove(&mut self, slot: u32) {
        self.replace(slot, None);
        self.open = self.open.saturating_sub(1);
        let at = usize::try_from(slot).unwrap_or(usize::MAX);
        if let Some(generation) = self.generations.get_mut(at)
            && let Some(next) = generation.checked_add(1)
        {
            *generation = next;
            self.free.push(slot);
        }
    }

    fn replace(&mut self, slot: u32, position: Option<Position>) {
        let at = usize::try_from(slot).unwrap_or(usize::MAX);
        if let Some(place) = self.places.get_mut(at) {
            *place = position;
        }
    }

    /// Bytes held on the heap.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let place = self
            .places
            .capacity()
            .saturating_mul(size_of::<Option<Position>>());
        let words = self
            .generations
            .capacity()
            .saturating_add(self.free.capacity());
        place.saturating_add(words.saturating_mul(size_of::<u32>()))
    }
}

//! What is traded on a pair: one perpetual and its options.
//!
//! An option is European, on one base unit a contract, cash-settled at its expiry. Instruments
//! are numbered by listing, the perpetual is number 0; a number is never used again, so an expired
//! option stays in the list, marked as settled.
//!
//! Units: strikes and prices in quote units with 8 decimals, sizes in base units with 6.
//! Source: docs.kyan.blue, "1 contract = 1 base unit, European, cash-settled 08:00 UTC".

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, Price, Rounding, Timestamp, mul_div};

use super::Refusal;

/// One, as a price.
const PRICE_ONE: i128 = Price::<8>::ONE.raw();

/// An instrument of a pair; 0 is its perpetual.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// The perpetual of every pair.
    pub const PERPETUAL: Self = Self(0);

    /// As an index into the pair's list.
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// Whether this is the perpetual.
    #[must_use]
    pub const fn is_perpetual(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instrument-{}", self.0)
    }
}

/// Call or put. Discriminants are part of journals: never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Right {
    /// The right to buy.
    Call = 0,
    /// The right to sell.
    Put = 1,
}

impl Right {
    /// `C` or `P`.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Call => 'C',
            Self::Put => 'P',
        }
    }
}

/// The terms of an option.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct OptionTerms {
    /// When it expires.
    pub expiry: Timestamp,
    /// Its strike, above zero.
    pub strike: Price<8>,
    /// Call or put.
    pub right: Right,
}

impl OptionTerms {
    /// What one contract is worth at expiry when the index stands at `index`: never negative.
    #[must_use]
    pub fn payoff(&self, index: Price<8>) -> Price<8> {
        let above = index.raw().saturating_sub(self.strike.raw());
        let inside = match self.right {
            Right::Call => above,
            Right::Put => above.saturating_neg(),
        };
        Price::from_raw(inside.max(0))
    }
}

impl fmt::Display for OptionTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.expiry.to_string();
        let day = day.split_once(' ').map_or(day.as_str(), |(day, _)| day);
        write!(f, "{}-{}-{day}", self.right.letter(), self.strike)
    }
}

/// An option that was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Listed {
    /// Its terms.
    pub terms: OptionTerms,
    /// The index it was settled at, once it has expired.
    pub settled: Option<Price<8>>,
}

/// What `quantity` base units (6 decimals) are worth at `price` (8 decimals), as money with 6.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub(super) fn value(
    price: i128,
    quantity: i64,
    rounding: Rounding,
) -> Result<i128, ArithmeticError> {
    mul_div(price, quantity.into(), PRICE_ONE, rounding)
}

/// A tick (8 decimals) and a lot (6 decimals): the grids of an instrument's prices and sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Steps {
    /// Prices are multiples of this.
    pub tick: i64,
    /// Sizes are multiples of this.
    pub lot: i64,
}

impl Steps {
    /// Whether `price` and `quantity` are above zero and on the grid.
    ///
    /// # Errors
    /// [`Refusal::OffTick`], [`Refusal::OffLot`].
    pub fn check(&self, price: i64, quantity: i64) -> Result<(), Refusal> {
        if price <= 0 || price.checked_rem(self.tick) != Some(0) {
            return Err(Refusal::OffTick {
                given: price,
                tick: self.tick,
            });
        }
        self.check_quantity(quantity)
    }

    /// Whether `quantity` is above zero and on the grid.
    ///
    /// # Errors
    /// [`Refusal::OffLot`].
    pub fn check_quantity(&self, quantity: i64) -> Result<(), Refusal> {
        if quantity <= 0 || quantity.checked_rem(self.lot) != Some(0) {
            return Err(Refusal::OffLot {
                given: quantity,
                lot: self.lot,
            });
        }
        Ok(())
    }
}

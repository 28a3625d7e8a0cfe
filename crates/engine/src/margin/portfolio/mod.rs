//! Portfolio margin: options and a perpetual against one collateral, by scenarios and charges.
//!
//! The requirement of a set of legs is
//!
//! ```text
//! base = matrix + delta charge + roll charge
//! matrix       = max(0, worst loss over the scenario grid)
//! delta charge = rate * max(0, |delta| * index - free)
//! roll charge  = rate * index * sum over strikes expiring within the window of
//!                max(0, -(calls + puts)) * (1 - tenor / window)
//! MM = base * mm_factor,  IM = base * im_factor
//! ```
//!
//! and the account is liquidatable when `MM > equity`, strictly. All of it is sums over the
//! market's `RiskArrays`: the margin of the portfolio, of a component, of what would be after an
//! order is never a pricing. Sums are of integers, so the order of legs changes nothing, and
//! decisions are taken on exact numbers without dividing; only numbers to be shown are rounded.
//!
//! * [`Valuation`]: one pair at one update; [`Risk`]: the parts of a requirement;
//! * [`order`]: the hedge, and the smallest order that restores health;
//! * [`decompose`]: synthetics, vertical spreads and peripherals, ranked;
//! * [`guards`]: when the engine leaves a step out.
//!
//! Units: quantities raw with 6 decimals, prices with 8, [`Money`] with 14 (their product).
//! Source: Kyan's page; the charges of the reference model are a proposal (docs say which).

pub mod decompose;
pub mod guards;
mod model;
pub mod order;
mod risk;
pub mod transport;

pub use model::Model;
pub use risk::{Risk, Valuation};

use std::cmp::Ordering;

use plimsoll_units::{Amount, ArithmeticError, Rounding, Wide};

use crate::pricing::{Leg, PricingError};

/// Decimals of a quantity.
pub const QUANTITY_DECIMALS: u32 = 6;
/// One contract, or one base unit of the perpetual.
pub const CONTRACT: i64 = 1_000_000;
/// Most legs of one portfolio; sums, decompositions and searches are bounded by it.
pub const LEGS_MAX: usize = 512;

/// Quote money, fine enough for a price times a quantity without rounding.
pub type Money = Amount<14>;

/// Why a margin has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MarginError {
    /// The arrays do not answer.
    #[error(transparent)]
    Pricing(#[from] PricingError),
    /// The arrays and the contracts are not of the same market.
    #[error("{contracts} contracts are described, but {arrays} are priced")]
    Mismatched {
        /// Contracts.
        contracts: usize,
        /// Arrays.
        arrays: usize,
    },
    /// Arrays of another fineness than these sums are made of.
    #[error("the arrays have {0} decimals of money; these margins are summed from 8")]
    Decimals(u32),
    /// A model that is none.
    #[error("{what} is {raw} (raw); it must be {must}")]
    Model {
        /// Which parameter.
        what: &'static str,
        /// Its value.
        raw: i128,
        /// What it must be.
        must: &'static str,
    },
    /// Too many legs.
    #[error("a portfolio of {0} legs; at most {LEGS_MAX} are allowed")]
    Legs(usize),
    /// A lot without a size.
    #[error("the lot is {0} (raw); it must be positive")]
    Lot(i64),
    /// The market has no perpetual to hedge with.
    #[error("there is no perpetual to hedge with")]
    NoPerpetual,
    /// An order's price has to be settled before its size.
    #[error(transparent)]
    Auction(#[from] crate::auction::AuctionError),
    /// A number does not fit.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

/// What an account holds, netted: at most one leg an instrument, by instrument, none empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Portfolio {
    legs: Vec<Leg>,
}

impl Portfolio {
    /// Nets `legs`, whatever their order.
    ///
    /// # Errors
    /// [`MarginError::Legs`], [`MarginError::Arithmetic`].
    pub fn new(legs: &[Leg]) -> Result<Self, MarginError> {
        let mut sorted = legs.to_vec();
        sorted.sort_by_key(|leg| leg.instrument);
        let mut netted: Vec<Leg> = Vec::with_capacity(sorted.len());
        for leg in sorted {
            match netted.last_mut().filter(|l| l.instrument == leg.instrument) {
                Some(last) => last.quantity = sum(last.quantity, leg.quantity)?,
                None => netted.push(leg),
            }
        }
        netted.retain(|leg| leg.quantity != 0);
        if netted.len() > LEGS_MAX {
            return Err(MarginError::Legs(netted.len()));
        }
        Ok(Self { legs: netted })
    }

    /// Its legs, by instrument.
    #[must_use]
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// How much of an instrument it holds.
    #[must_use]
    pub fn quantity(&self, instrument: u32) -> i64 {
        let at = self
            .legs
            .binary_search_by_key(&instrument, |leg| leg.instrument);
        at.ok()
            .and_then(|at| self.legs.get(at))
            .map_or(0, |leg| leg.quantity)
    }

    /// The portfolio after `traded` of an instrument (negative when sold).
    ///
    /// # Errors
    /// [`MarginError::Legs`], [`MarginError::Arithmetic`].
    pub fn after(&self, instrument: u32, traded: i64) -> Result<Self, MarginError> {
        let mut legs = self.legs.clone();
        legs.push(Leg {
            instrument,
            quantity: traded,
        });
        Self::new(&legs)
    }
}

fn sum(a: i64, b: i64) -> Result<i64, ArithmeticError> {
    a.checked_add(b).ok_or(ArithmeticError::Overflow)
}

/// Equity: collateral, plus what the legs are worth, minus what they cost. `collateral` is net of
/// funding and fees that accrued, `cost` is the sum of quantity times average entry price.
///
/// # Errors
/// [`MarginError::Arithmetic`].
pub fn equity(collateral: Money, worth: Money, cost: Money) -> Result<Money, MarginError> {
    Ok(collateral.add(worth)?.sub(cost)?)
}

/// What an account may do, by its margins. Sources: the page ("when the Maintenance Margin exceeds
/// their equity value"); help.kyan.blue ("IMr >= 100%: only risk-reducing actions").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The maintenance margin is above the equity, strictly: nothing but deposit.
    Liquidatable,
    /// The initial margin is not below the equity: only what reduces risk.
    ReduceOnly,
    /// Anything.
    Free,
}

impl Standing {
    /// From how maintenance and initial margin each compare with the equity.
    #[must_use]
    pub const fn of(maintenance: Ordering, initial: Ordering) -> Self {
        match (maintenance, initial) {
            (Ordering::Greater, _) => Self::Liquidatable,
            (_, Ordering::Less) => Self::Free,
            (_, Ordering::Equal | Ordering::Greater) => Self::ReduceOnly,
        }
    }
}

/// A requirement as a share of the equity, for people: `None` is infinite (no equity, and
/// something required or a debt). Nearest with 9 decimals.
///
/// # Errors
/// [`MarginError::Arithmetic`].
pub fn ratio(
    requirement: Money,
    equity: Money,
) -> Result<Option<plimsoll_units::Rate<9>>, MarginError> {
    if !equity.is_positive() {
        let nothing = requirement.is_zero() && equity.is_zero();
        return Ok(nothing.then_some(plimsoll_units::Rate::ZERO));
    }
    let scaled = Wide::product(&[requirement.raw(), 1_000_000_000])?;
    let ratio = scaled.div(Wide::from(equity.raw()), Rounding::HalfEven)?;
    Ok(Some(plimsoll_units::Rate::from_raw(ratio.to_i128()?)))
}

#[cfg(test)]
mod tests;

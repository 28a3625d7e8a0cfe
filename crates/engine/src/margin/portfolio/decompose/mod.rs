//! Decomposition: a portfolio's options as synthetics, vertical spreads and peripherals, ranked.
//!
//! Kyan's page: "Synthetics are a combination of a call and a put that are at the same
//! strike/expiration: one long, the other short"; "Vertical spreads (e.g., long one call, short
//! another)"; "Peripheral option exposures are positions that do not have any strong relationship
//! with the other options"; "each exposure is ranked by its margin requirement in isolation.
//! Positions that have the largest margin requirement are executed first." Its developer diagrams
//! add: nested verticals are grouped by closest strikes, synthetics come last whatever their
//! requirement, and a pair is closed as two orders, the short leg first.
//!
//! Two ways to pair legs, by [`Pairing`]: `rule`, the literal one, and `exact`, the pairing
//! with the least total margin (it also measures the first in tests).
//!
//! Invariants: components add up to the portfolio's options exactly; the two legs of a pair have
//! opposite signs and equal sizes; the result does not depend on the order of legs.
//! Units: quantities raw with 6 decimals.

mod exact;
mod rule;

use std::cmp::Ordering;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Price, Rounding, Timestamp};

use super::{MarginError, Money, Portfolio, Risk, Valuation};
use crate::pricing::{Contract, Leg, OptionKind};

/// How legs are paired.
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
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Pairing {
    /// Synthetics first, then verticals by closest strikes, as Kyan describes it.
    #[default]
    KyanRule = 0,
    /// The pairing with the least sum of isolated margins.
    MinMargin = 1,
}

/// What a component is. The order is that of a ranking's ties.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Kind {
    /// One leg alone.
    Peripheral = 0,
    /// Same expiry and kind of option, two strikes, opposite signs.
    Vertical = 1,
    /// Call and put of one strike and expiry, opposite signs; hedged with the perpetual.
    Synthetic = 2,
}

/// A netted option leg with its terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionLeg {
    /// Which instrument.
    pub instrument: u32,
    /// When it expires.
    pub expiry: Timestamp,
    /// Its strike.
    pub strike: Price<8>,
    /// Call or put.
    pub kind: OptionKind,
    /// How much; negative is short.
    pub quantity: i64,
}

/// A component of a portfolio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What it is.
    pub kind: Kind,
    /// When it expires.
    pub expiry: Timestamp,
    /// Its lower strike, or its only one.
    pub strike: Price<8>,
    /// Its legs in the order in which they are closed: the short one first.
    pub legs: Vec<OptionLeg>,
    /// How much of the perpetual makes it neutral; zero but for synthetics.
    pub hedge: i64,
    /// Its requirement in isolation: own legs, and the hedge.
    pub risk: Risk,
    /// Its maintenance margin in isolation.
    pub margin: Money,
}

/// A step of the ranking's margins: what lies within one is a tie. Marks are rounded at 10^-8, so
/// what is zero on paper (a hedged synthetic) is dust in the sums.
const RANK_STEP: i128 = 100_000_000_000;

impl Component {
    /// Size of the component: the magnitude of its legs' quantities.
    #[must_use]
    pub fn size(&self) -> i64 {
        let quantity = self.legs.first().map_or(0, |leg| leg.quantity);
        i64::try_from(quantity.unsigned_abs()).unwrap_or(i64::MAX)
    }

    /// The legs and the hedge, as they are summed.
    ///
    /// # Errors
    /// [`MarginError::NoPerpetual`].
    pub fn holdings(&self, of: &Valuation<'_>) -> Result<Vec<Leg>, MarginError> {
        let legs: Vec<Leg> = self.legs.iter().map(OptionLeg::leg).collect();
        with_hedge(of, legs, self.hedge)
    }

    /// Its requirement without the hedge.
    ///
    /// # Errors
    /// [`MarginError`] of the sums.
    pub fn unhedged(&self, of: &Valuation<'_>) -> Result<Risk, MarginError> {
        let legs: Vec<Leg> = self.legs.iter().map(OptionLeg::leg).collect();
        of.risk(&legs)
    }

    /// Synthetics last; then the largest margin; then the earlier expiry, a peripheral before a
    /// vertical, the lower strike, and at last calls before puts and the number of the instrument.
    fn rank(&self, other: &Self) -> Ordering {
        let last = |c: &Self| c.kind == Kind::Synthetic;
        let step = |c: &Self| c.margin.raw().div_euclid(RANK_STEP);
        let first = |c: &Self| c.legs.first().map(|leg| leg.instrument);
        last(self)
            .cmp(&last(other))
            .then(step(other).cmp(&step(self)))
            .then(self.expiry.cmp(&other.expiry))
            .then(self.kind.cmp(&other.kind))
            .then(self.strike.cmp(&other.strike))
            .then(kind_order(self).cmp(&kind_order(other)))
            .then(first(self).cmp(&first(other)))
    }
}

fn kind_order(component: &Component) -> Option<u8> {
    component.legs.first().map(|leg| match leg.kind {
        OptionKind::Call => 0,
        OptionKind::Put => 1,
    })
}

impl OptionLeg {
    /// As it is summed.
    #[must_use]
    pub const fn leg(&self) -> Leg {
        Leg {
            instrument: self.instrument,
            quantity: self.quantity,
        }
    }

    /// The same leg with another size.
    const fn sized(self, quantity: i64) -> Self {
        Self { quantity, ..self }
    }
}

/// A pair or a single leg before it is measured: the long and the short leg, each by its place
/// among the portfolio's legs, and the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    legs: (usize, Option<usize>),
    kind: Kind,
    /// Positive for a pair, signed for a peripheral.
    quantity: i64,
}

/// The components of a portfolio's options, the first to be closed first. The perpetual is in none
/// of them.
///
/// # Errors
/// [`MarginError`] of the sums; [`MarginError::NoPerpetual`] when a synthetic has nothing to be
/// hedged with.
pub fn decompose(
    of: &Valuation<'_>,
    portfolio: &Portfolio,
    pairing: Pairing,
) -> Result<Vec<Component>, MarginError> {
    let legs = option_legs(of, portfolio)?;
    let parts = match pairing {
        Pairing::KyanRule => rule::parts(&legs)?,
        Pairing::MinMargin => exact::parts(of, &legs)?,
    };
    let mut components = Vec::with_capacity(parts.len());
    for part in parts {
        components.extend(measure(of, &legs, part)?);
    }
    components.sort_by(Component::rank);
    Ok(components)
}

/// The sum of the components' isolated maintenance margins.
///
/// # Errors
/// [`MarginError::Arithmetic`].
pub fn total_margin(components: &[Component]) -> Result<Money, MarginError> {
    let total = components
        .iter()
        .try_fold(Money::ZERO, |sum, c| sum.add(c.margin))?;
    Ok(total)
}

/// The options of a portfolio by expiry, strike, kind and instrument.
fn option_legs(of: &Valuation<'_>, portfolio: &Portfolio) -> Result<Vec<OptionLeg>, MarginError> {
    let mut legs = Vec::with_capacity(portfolio.legs().len());
    for leg in portfolio.legs() {
        if let Contract::Option {
            kind,
            strike,
            expiry,
        } = of.contract(leg.instrument)?
        {
            legs.push(OptionLeg {
                instrument: leg.instrument,
                expiry,
                strike,
                kind,
                quantity: leg.quantity,
            });
        }
    }
    let put = |leg: &OptionLeg| leg.kind == OptionKind::Put;
    legs.sort_by_key(|leg| (leg.expiry, leg.strike, put(leg), leg.instrument));
    Ok(legs)
}

/// Measures a part; `None` for one that names no leg.
fn measure(
    of: &Valuation<'_>,
    legs: &[OptionLeg],
    part: Part,
) -> Result<Option<Component>, MarginError> {
    let Some(first) = legs.get(part.legs.0) else {
        return Ok(None);
    };
    let negative = negated(part.quantity)?;
    let (legs, hedge) = match part.legs.1.and_then(|short| legs.get(short)) {
        None => (vec![first.sized(part.quantity)], 0),
        Some(short) => {
            let pair = vec![short.sized(negative), first.sized(part.quantity)];
            (pair, hedge_of(part.kind, first.kind, part.quantity)?)
        }
    };
    let strike = legs.iter().map(|leg| leg.strike).min();
    let sums: Vec<Leg> = legs.iter().map(OptionLeg::leg).collect();
    let risk = of.risk(&with_hedge(of, sums, hedge)?)?;
    Ok(Some(Component {
        kind: part.kind,
        expiry: first.expiry,
        strike: strike.unwrap_or(first.strike),
        legs,
        hedge,
        margin: risk.maintenance(of.model())?,
        risk,
    }))
}

/// A synthetic is long the underlying when its long leg is the call; the perpetual goes the other
/// way.
fn hedge_of(kind: Kind, long: OptionKind, quantity: i64) -> Result<i64, MarginError> {
    match (kind, long) {
        (Kind::Synthetic, OptionKind::Call) => negated(quantity),
        (Kind::Synthetic, OptionKind::Put) => Ok(quantity),
        (Kind::Vertical | Kind::Peripheral, _) => Ok(0),
    }
}

fn negated(quantity: i64) -> Result<i64, MarginError> {
    let negative = quantity.checked_neg();
    Ok(negative.ok_or(plimsoll_units::ArithmeticError::Overflow)?)
}

fn with_hedge(of: &Valuation<'_>, mut legs: Vec<Leg>, hedge: i64) -> Result<Vec<Leg>, MarginError> {
    if hedge != 0 {
        legs.push(Leg {
            instrument: of.perpetual()?,
            quantity: hedge,
        });
    }
    Ok(legs)
}

/// The isolated margin of a would-be part of one contract, times one million, exactly: what the
/// exact pairing minimises.
fn unit_cost(of: &Valuation<'_>, legs: &[OptionLeg], part: Part) -> Result<i128, MarginError> {
    match measure(of, legs, part)? {
        None => Ok(0),
        Some(component) => {
            let cost = component.risk.base_e6()?;
            let factor = of.model().mm_factor.raw();
            let one = super::risk::RATE_ONE;
            Ok(plimsoll_units::mul_div(
                cost,
                factor,
                one,
                Rounding::HalfEven,
            )?)
        }
    }
}

#[cfg(test)]
mod tests;

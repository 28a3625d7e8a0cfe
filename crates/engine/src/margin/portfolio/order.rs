//! Orders of the liquidation engine: the hedge, and the smallest order that restores health.
//!
//! As a function of one order's size x the requirement is a largest of lines, so it is convex and
//! piecewise linear: it falls to its lowest point and rises again (closing more can need more). The
//! equity falls with x by the incentive and the fee, and the fee stops where nothing is left. On
//! each stretch where the equity is one line, `requirement - equity` is convex, so the first lot at
//! which it is not above zero is found exactly by two binary searches: for the lowest point, and
//! for the crossing before it. No rounding is involved: the sums are exact integers, the break
//! points are met wherever they lie.
//!
//! Fees of real fills are rounded per fill (against the account, under 10^-6 each); a venue that
//! is one such unit short after the fill asks again.

use plimsoll_units::{ArithmeticError, Fixed, Price, Rate, Side, mul_div};

use super::risk::RATE_ONE;
use super::{MarginError, Money, Portfolio, Risk, Valuation};
use crate::auction::settlement::FeeRule;
use crate::pricing::{Contract, Leg, Pnl};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// A hedge: so much of the perpetual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hedge {
    /// The perpetual.
    pub instrument: u32,
    /// What the account does; long buys.
    pub side: Side,
    /// How much, a multiple of the lot.
    pub quantity: i64,
}

/// A quantity with the sign of a side.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn signed(side: Side, quantity: i64) -> Result<i64, ArithmeticError> {
    match side {
        Side::Long => Ok(quantity),
        Side::Short => quantity.checked_neg().ok_or(OVERFLOW),
    }
}

/// The order that takes the portfolio's delta to zero without crossing it: the whole lots in its
/// magnitude, on the other side. `None` when delta is under a lot (G1, G3).
///
/// It may open or enlarge a position: a hedge is not reduce-only.
///
/// # Errors
/// [`MarginError::Lot`], [`MarginError::NoPerpetual`], [`MarginError::Pricing`].
pub fn hedge(
    of: &Valuation<'_>,
    portfolio: &Portfolio,
    lot: i64,
) -> Result<Option<Hedge>, MarginError> {
    let delta = of.arrays().net_delta(portfolio.legs())?;
    hedge_of(of.perpetual()?, Fixed::from_raw(delta), lot)
}

fn hedge_of(instrument: u32, delta: Fixed<18>, lot: i64) -> Result<Option<Hedge>, MarginError> {
    if lot <= 0 {
        return Err(MarginError::Lot(lot));
    }
    let lot_e18 = i128::from(lot).checked_mul(1_000_000_000_000);
    let lots = delta.abs()?.raw().checked_div(lot_e18.ok_or(OVERFLOW)?);
    let quantity = lots.and_then(|l| l.checked_mul(lot.into()));
    let quantity = i64::try_from(quantity.ok_or(OVERFLOW)?).map_err(|_| OVERFLOW)?;
    let side = if delta.is_negative() {
        Side::Long
    } else {
        Side::Short
    };
    Ok((quantity > 0).then_some(Hedge {
        instrument,
        side,
        quantity,
    }))
}

/// An order whose size is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Of which instrument.
    pub instrument: u32,
    /// What the account does; long buys.
    pub side: Side,
    /// Its limit price, at which it is assumed to fill.
    pub price: Price<8>,
    /// Fair value, at which the position is valued; `None` is the mark in the arrays.
    pub mark: Option<Price<8>>,
    /// Size step.
    pub lot: i64,
    /// Largest size; rounded down to whole lots.
    pub most: i64,
    /// Its liquidation fee.
    pub fee: FeeRule,
}

/// The requirement and the equity as functions of an order's size in lots.
#[derive(Debug, Clone)]
struct Line {
    /// Profit by scenario now, and what one lot adds.
    pnl: Vec<(i128, i128)>,
    exposure: (i128, i128),
    /// Roll charge of the other strikes, and of the order's own: charge a unit, net, and per lot.
    roll_other: i128,
    roll_unit: i128,
    net: (i128, i128),
    /// Money with 20 decimals: equity, and what one lot costs in incentive and fee.
    equity: i128,
    incentive: i128,
    fee: i128,
    /// Largest size in lots.
    most: i64,
}

impl Order {
    /// What one unit costs more than it is worth to the account that buys it; the negative of what
    /// one that sells it loses. 8 decimals.
    fn worse(&self, of: &Valuation<'_>) -> Result<i128, MarginError> {
        let mark = match self.mark {
            Some(mark) => mark.raw(),
            None => i128::from(of.arrays().mark(self.instrument)?),
        };
        Ok(self.price.raw().checked_sub(mark).ok_or(OVERFLOW)?)
    }
}

impl Line {
    fn new(
        of: &Valuation<'_>,
        portfolio: &Portfolio,
        equity: Money,
        order: &Order,
    ) -> Result<Self, MarginError> {
        if order.lot <= 0 {
            return Err(MarginError::Lot(order.lot));
        }
        let lot = i128::from(signed(order.side, order.lot)?);
        let per_lot = |unit: i128| unit.checked_mul(lot).ok_or(OVERFLOW);
        let Pnl(now) = of.arrays().pnl(portfolio.legs())?;
        let row = of.arrays().row(order.instrument)?;
        let mut pnl = Vec::with_capacity(now.len());
        for (now, unit) in now.into_iter().zip(row) {
            pnl.push((now, per_lot(i128::from(*unit))?));
        }
        let contract = of.contract(order.instrument)?;
        let (roll_unit, net) = match contract {
            Contract::Perp => (0, 0),
            Contract::Option { expiry, .. } => (
                of.roll_unit(expiry)?,
                of.net_at(portfolio.legs(), contract)?,
            ),
        };
        let roll = of.risk(portfolio.legs())?.roll.raw();
        let own = short(net)?.checked_mul(roll_unit).ok_or(OVERFLOW)?;
        let worse = order.worse(of)?;
        let (rate, base) = order.fee.basis(order.price.raw(), of.index().raw())?;
        let fee = rate.raw().checked_mul(base).ok_or(OVERFLOW)?;
        let lot_size = i128::from(order.lot);
        Ok(Self {
            pnl,
            exposure: (
                of.exposure(portfolio.legs())?.raw(),
                per_lot(of.unit_exposure(order.instrument)?)?,
            ),
            roll_other: roll.checked_sub(own).ok_or(OVERFLOW)?,
            roll_unit,
            net: (net, lot),
            equity: equity.raw().checked_mul(RATE_ONE).ok_or(OVERFLOW)?,
            incentive: per_lot(worse)?.checked_mul(RATE_ONE).ok_or(OVERFLOW)?,
            fee: fee.checked_mul(lot_size).ok_or(OVERFLOW)?,
            most: order.most.max(0).checked_div(order.lot).unwrap_or(0),
        })
    }

    /// `now + x * step`.
    fn at((now, step): (i128, i128), lots: i64) -> Result<i128, ArithmeticError> {
        step.checked_mul(lots.into())
            .and_then(|moved| now.checked_add(moved))
            .ok_or(OVERFLOW)
    }

    /// Base requirement times one million (20 decimals) with `lots` filled: the same sum as
    /// [`Risk::base_e6`].
    fn base_e6(&self, of: &Valuation<'_>, lots: i64) -> Result<i128, ArithmeticError> {
        let mut matrix = 0i128;
        for cell in &self.pnl {
            let loss = Self::at(*cell, lots)?.checked_neg().ok_or(OVERFLOW)?;
            matrix = matrix.max(loss);
        }
        let exposure = Self::at(self.exposure, lots)?;
        let over = of.over_free(Money::from_raw(exposure))?;
        let own = short(Self::at(self.net, lots)?)?.checked_mul(self.roll_unit);
        let roll = own.and_then(|own| own.checked_add(self.roll_other));
        let whole = roll.and_then(|roll| matrix.checked_add(roll));
        let whole = whole
            .and_then(|w| w.checked_mul(RATE_ONE))
            .ok_or(OVERFLOW)?;
        whole.checked_add(of.delta_charge_e6(over)?).ok_or(OVERFLOW)
    }

    /// Equity, 20 decimals, while incentive and fee are paid in full.
    fn equity_in_full(&self, lots: i64) -> Result<i128, ArithmeticError> {
        let cost = self.incentive.checked_add(self.fee).ok_or(OVERFLOW)?;
        Self::at((self.equity, cost.checked_neg().ok_or(OVERFLOW)?), lots)
    }

    /// The last lot at which `cost` a lot leaves the equity at or above zero.
    fn last_paid(&self, cost: i128) -> Result<i64, ArithmeticError> {
        if cost <= 0 {
            return Ok(self.most);
        }
        let lots = self.equity.checked_div(cost).ok_or(OVERFLOW)?;
        Ok(i64::try_from(lots).unwrap_or(i64::MAX).min(self.most))
    }
}

fn short(net: i128) -> Result<i128, ArithmeticError> {
    net.min(0).checked_neg().ok_or(OVERFLOW)
}

/// The smallest size at which `factor` times the requirement is within the equity, if the order
/// fills at its limit price: a multiple of the lot, zero when it is already. `None` when no size
/// up to the largest does it.
///
/// # Errors
/// [`MarginError::Lot`], [`MarginError::Pricing`], [`MarginError::Arithmetic`].
pub fn smallest(
    of: &Valuation<'_>,
    portfolio: &Portfolio,
    equity: Money,
    order: &Order,
    factor: Rate<6>,
) -> Result<Option<i64>, MarginError> {
    let line = Line::new(of, portfolio, equity, order)?;
    if equity.is_negative() {
        return Ok(None);
    }
    let in_full = line.last_paid(line.incentive.checked_add(line.fee).ok_or(OVERFLOW)?)?;
    let found = first_not_above_zero(0, in_full, |lots| {
        let needed = line.base_e6(of, lots)?.checked_mul(factor.raw());
        let has = line.equity_in_full(lots)?.checked_mul(RATE_ONE);
        let gap = needed.zip(has).and_then(|(n, h)| n.checked_sub(h));
        gap.ok_or(OVERFLOW)
    })?;
    // Beyond that the fee takes what is left, the equity is zero, and only no requirement will do.
    let paid = line.last_paid(line.incentive)?;
    let found = match (found, in_full.checked_add(1)) {
        (None, Some(next)) if next <= paid => {
            first_not_above_zero(next, paid, |lots| line.base_e6(of, lots))?
        }
        (found, _) => found,
    };
    let size = found.map(|lots| lots.checked_mul(order.lot).ok_or(OVERFLOW));
    Ok(size.transpose()?)
}

/// The first whole number from `from` to `to` at which the convex `gap` is not above zero.
fn first_not_above_zero(
    from: i64,
    to: i64,
    gap: impl Fn(i64) -> Result<i128, ArithmeticError>,
) -> Result<Option<i64>, ArithmeticError> {
    if from > to {
        return Ok(None);
    }
    // The lowest point: the first from which the next is no lower.
    let lowest = first_that(from, to, |at| {
        let next = at.checked_add(1).ok_or(OVERFLOW)?;
        Ok(gap(next)? >= gap(at)?)
    })?;
    if gap(lowest)? > 0 {
        return Ok(None);
    }
    first_that(from, lowest, |at| Ok(gap(at)? <= 0)).map(Some)
}

/// The first of `from..to` that `holds`, which once true stays true; `to` when none does.
fn first_that(
    from: i64,
    to: i64,
    holds: impl Fn(i64) -> Result<bool, ArithmeticError>,
) -> Result<i64, ArithmeticError> {
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle)? {
            high = middle;
        } else {
            low = middle.checked_add(1).ok_or(OVERFLOW)?;
        }
    }
    Ok(low)
}

/// What an account would be after a fill at the order's price: its portfolio, its risk and its
/// equity (incentive and fee paid, the fee no more than is left; both rounded up at 14 decimals).
///
/// # Errors
/// [`MarginError`] as its parts.
pub fn after_fill(
    of: &Valuation<'_>,
    portfolio: &Portfolio,
    equity: Money,
    order: &Order,
    quantity: i64,
) -> Result<(Portfolio, Risk, Money), MarginError> {
    let after = portfolio.after(order.instrument, signed(order.side, quantity)?)?;
    let risk = of.risk(after.legs())?;
    let paid = order
        .worse(of)?
        .checked_mul(signed(order.side, quantity)?.into());
    let left = equity.sub(Money::from_raw(paid.ok_or(OVERFLOW)?))?;
    let (rate, base) = order.fee.basis(order.price.raw(), of.index().raw())?;
    let whole = base.checked_mul(quantity.into()).ok_or(OVERFLOW)?;
    let nominal = mul_div(whole, rate.raw(), RATE_ONE, plimsoll_units::Rounding::Ceil)?;
    let fee = nominal.min(left.raw().max(0));
    Ok((after, risk, left.sub(Money::from_raw(fee))?))
}

/// The portfolio and its risk with a hedge in full.
///
/// # Errors
/// [`MarginError`] as its parts.
pub fn hedged(
    of: &Valuation<'_>,
    portfolio: &Portfolio,
    hedge: Hedge,
) -> Result<(Portfolio, Risk), MarginError> {
    let traded: Leg = Leg {
        instrument: hedge.instrument,
        quantity: signed(hedge.side, hedge.quantity)?,
    };
    let after = portfolio.after(traded.instrument, traded.quantity)?;
    let risk = of.risk(after.legs())?;
    Ok((after, risk))
}

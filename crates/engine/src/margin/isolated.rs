//! Isolated margin: one position against its own collateral, and the price at which it is gone.
//!
//! A position is a *notional* at entry, never a quantity: the worked example of the TsunamiX
//! page feeds a quantity into this place and is off by a factor of 46,000. With `s` = +1 for a
//! long and -1 for a short,
//!
//! ```text
//! pnl          = s * size * (P - entry) / entry
//! liquidatable   fees >= threshold * collateral + pnl          (or strictly greater, by flag)
//! delta        = (threshold * collateral - fees) / size
//! liq price    = entry * (1 - s * delta)
//! ```
//!
//! Decisions divide nothing: `pnl` is compared with a target as
//! `1e6 * s * size * (P - E)  <=>  target * E`, where a *target* is money times `1e6` (so that a
//! threshold in parts per million is exact). Both sides are exact in 128, 256 or 512 bits.
//!
//! Invariants: for a positive size and entry `pnl` is strictly monotone in the price, so each
//! target has exactly one price, and "liquidatable at P" equals "P is at or beyond the trigger
//! price" on every grid.
//! Units: `D` decimals of money, `P` decimals of price; targets are money raw units times `1e6`.

use std::cmp::Ordering;

use plimsoll_units::{
    Amount, ArithmeticError, Notional, Price, Rate, Ratio, Rounding, Side, Wide, mul_div,
};
use ruint::aliases::U256;

/// One in parts per million; what money is multiplied by in a target.
pub const TARGET_SCALE: i128 = 1_000_000;

/// Whether reaching a bound exactly counts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, borsh::BorshSerialize, borsh::BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Boundary {
    /// `>=`: equality liquidates. What the deployed TsunamiX contract does.
    #[default]
    Inclusive = 0,
    /// `>`: equality does not liquidate. What Vela's documentation prints.
    Strict = 1,
}

/// Why a position has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IsolatedError {
    /// A position without size has no liquidation price.
    #[error("the size of the position is {0} (raw); it must be positive")]
    Size(i128),
    /// A position without an entry price has no profit or loss.
    #[error("the entry price of the position is {0} (raw); it must be positive")]
    Entry(i128),
    /// A grid without a step.
    #[error("the price grid has a step of {0} (raw); it must be positive")]
    Tick(i128),
    /// The exact computation does not fit.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

/// What a position is exposed to: a side, a notional and the price it was taken at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure<const D: u32, const P: u32> {
    side: Side,
    size: Notional<D>,
    entry: Price<P>,
}

impl<const D: u32, const P: u32> Exposure<D, P> {
    /// An exposure; both numbers must be positive.
    ///
    /// # Errors
    /// [`IsolatedError::Size`], [`IsolatedError::Entry`].
    pub fn new(side: Side, size: Notional<D>, entry: Price<P>) -> Result<Self, IsolatedError> {
        if !size.is_positive() {
            return Err(IsolatedError::Size(size.raw()));
        }
        if !entry.is_positive() {
            return Err(IsolatedError::Entry(entry.raw()));
        }
        Ok(Self { side, size, entry })
    }

    /// Which way.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Quote value at entry.
    #[must_use]
    pub const fn size(&self) -> Notional<D> {
        self.size
    }

    /// Average entry price.
    #[must_use]
    pub const fn entry(&self) -> Price<P> {
        self.entry
    }

    /// Profit (positive) or loss at `price`, exactly, in whole units of money.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`].
    pub fn pnl(&self, price: Price<P>) -> Result<Ratio, IsolatedError> {
        let gain = self.gain(price)?;
        let numerator = Wide::product(&[gain, self.size.raw()])?;
        let denominator = Wide::product(&[self.entry.raw(), Amount::<D>::ONE.raw()])?;
        Ok(Ratio::new(numerator, denominator)?)
    }

    /// Profit or loss at `price` on the money grid, toward zero as the contract does: a profit
    /// is rounded against the trader, a loss in the trader's favour, by less than one raw unit.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`].
    pub fn pnl_truncated(&self, price: Price<P>) -> Result<Amount<D>, IsolatedError> {
        let gain = self.gain(price)?;
        let pnl = mul_div(self.size.raw(), gain, self.entry.raw(), Rounding::Down)?;
        Ok(Amount::from_raw(pnl))
    }

    /// How the exact profit at `price` compares with `target` (money raw units times `1e6`).
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`] beyond 512 bits, which four 128-bit factors never reach.
    pub fn compare_pnl(&self, price: Price<P>, target: i128) -> Result<Ordering, IsolatedError> {
        let (gain, entry) = (self.gain(price)?, self.entry.raw());
        match self.size.raw().checked_mul(TARGET_SCALE) {
            Some(size) => Ok(compare_products((size, gain), (target, entry))),
            None => {
                let left = Wide::product(&[TARGET_SCALE, self.size.raw(), gain])?;
                Ok(left.cmp(&Wide::product(&[target, entry])?))
            }
        }
    }

    /// The price at which the profit is exactly `target`; zero or below when no price is.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`].
    pub fn price_at(&self, target: Wide) -> Result<Ratio, IsolatedError> {
        let size = Wide::product(&[TARGET_SCALE, self.size.raw()])?;
        let moved = target.mul(self.side.sign().into())?;
        let numerator = size.add(moved)?.mul(self.entry.raw().into())?;
        let denominator = size.mul(Price::<P>::ONE.raw().into())?;
        Ok(Ratio::new(numerator, denominator)?)
    }

    /// The price nearest to the entry's losing side at which the profit is at most `target`: for
    /// a long the highest such grid price, for a short the lowest. Raw; may be zero or negative.
    ///
    /// Rounded away from the profit, so a position at a price on the safe side of it is safe.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`].
    pub fn losing_price(&self, target: i128) -> Result<i128, IsolatedError> {
        self.price_on_grid(target, Rounding::Floor)
    }

    /// The price nearest to the entry's winning side at which the profit is at least `target`:
    /// for a long the lowest such grid price, for a short the highest. Raw; may be negative.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`].
    pub fn winning_price(&self, target: i128) -> Result<i128, IsolatedError> {
        self.price_on_grid(target, Rounding::Ceil)
    }

    /// `E + s * round(target * E / (1e6 * size))`; floor never overstates the profit.
    fn price_on_grid(&self, target: i128, rounding: Rounding) -> Result<i128, IsolatedError> {
        let (entry, sign) = (self.entry.raw(), self.side.sign());
        let moved = match self.size.raw().checked_mul(TARGET_SCALE) {
            Some(size) => mul_div(target, entry, size, rounding)?,
            None => {
                let size = Wide::product(&[TARGET_SCALE, self.size.raw()])?;
                let moved = Wide::product(&[target, entry])?.div(size, rounding)?;
                moved.to_i128()?
            }
        };
        let signed = moved.checked_mul(sign).ok_or(ArithmeticError::Overflow)?;
        Ok(entry.checked_add(signed).ok_or(ArithmeticError::Overflow)?)
    }

    /// `s * (P - E)`, raw: the gain per `E` of notional.
    fn gain(&self, price: Price<P>) -> Result<i128, ArithmeticError> {
        match self.side {
            Side::Long => price.sub(self.entry),
            Side::Short => self.entry.sub(price),
        }
        .map(Price::raw)
    }
}

/// An exposure with its collateral and the fees it owes (closing, funding and borrowing; a
/// funding credit makes them smaller, even negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isolated<const D: u32, const P: u32> {
    /// What it is exposed to.
    pub exposure: Exposure<D, P>,
    /// Money behind it.
    pub collateral: Amount<D>,
    /// Accrued fees, signed.
    pub fees: Amount<D>,
}

impl<const D: u32, const P: u32> Isolated<D, P> {
    /// Whether the position is to be liquidated at `price`: `fees >= threshold * collateral +
    /// pnl`, decided exactly.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`].
    pub fn is_liquidatable(
        &self,
        price: Price<P>,
        threshold: Rate<6>,
        boundary: Boundary,
    ) -> Result<bool, IsolatedError> {
        let ordering = match self.target(threshold) {
            Ok(target) => self.exposure.compare_pnl(price, target)?,
            // Money beyond 128 bits times a million: decide in 512 bits.
            Err(_) => {
                let size = self.exposure.size.raw();
                let gain = self.exposure.gain(price)?;
                let left = Wide::product(&[TARGET_SCALE, size, gain])?;
                let right = self
                    .target_wide(threshold)?
                    .mul(self.exposure.entry.raw().into())?;
                left.cmp(&right)
            }
        };
        Ok(match boundary {
            Boundary::Inclusive => ordering.is_le(),
            Boundary::Strict => ordering.is_lt(),
        })
    }

    /// The profit at and under which the position is gone, as a target: `1e6 * fees -
    /// threshold_ppm * collateral`.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn target(&self, threshold: Rate<6>) -> Result<i128, ArithmeticError> {
        let fees = self.fees.raw().checked_mul(TARGET_SCALE);
        let kept = self.collateral.raw().checked_mul(threshold.raw());
        fees.zip(kept)
            .and_then(|(f, k)| f.checked_sub(k))
            .ok_or(ArithmeticError::Overflow)
    }

    /// `deltaLiqPercent` as a fraction: how far, relative to the entry, the price may move
    /// against the position. Negative when the fees alone have eaten the threshold.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`].
    pub fn delta(&self, threshold: Rate<6>) -> Result<Ratio, IsolatedError> {
        let size = Wide::product(&[TARGET_SCALE, self.exposure.size.raw()])?;
        Ok(Ratio::new(self.target_wide(threshold)?.negate(), size)?)
    }

    /// The exact liquidation price, `entry * (1 - s * delta)`. `None` for a long whose delta is
    /// one or more: no positive price takes all of its collateral. A short whose delta is minus
    /// one or less has a price at or below zero: it is liquidatable at every price.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`].
    pub fn liquidation_price(&self, threshold: Rate<6>) -> Result<Option<Ratio>, IsolatedError> {
        let price = self.exposure.price_at(self.target_wide(threshold)?)?;
        let positive = !price.numerator().is_zero() && !price.numerator().is_negative();
        Ok((positive || self.exposure.side == Side::Short).then_some(price))
    }

    /// The liquidation price to show, to the nearest step of `decimals` decimals (ties to even).
    /// Not the trigger: a displayed price may lie on the safe side of the exact one.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`].
    pub fn display_price(
        &self,
        threshold: Rate<6>,
        decimals: u32,
    ) -> Result<Option<String>, IsolatedError> {
        let price = self.liquidation_price(threshold)?;
        Ok(price
            .map(|p| p.to_text(decimals, Rounding::HalfEven))
            .transpose()?)
    }

    /// The first grid price, coming from the safe side, at which the position is liquidatable:
    /// the exact price rounded down for a long and up for a short, so that rounding liquidates
    /// nobody early. `tick` is the grid's step. `None` when no positive grid price does it.
    ///
    /// # Errors
    /// [`IsolatedError::Tick`], [`IsolatedError::Arithmetic`].
    pub fn trigger_price(
        &self,
        threshold: Rate<6>,
        boundary: Boundary,
        tick: Price<P>,
    ) -> Result<Option<Price<P>>, IsolatedError> {
        if !tick.is_positive() {
            return Err(IsolatedError::Tick(tick.raw()));
        }
        let exact = self.exposure.price_at(self.target_wide(threshold)?)?;
        let steps = exact.numerator().mul(Price::<P>::ONE.raw().into())?;
        let step = exact.denominator().mul(tick.raw().into())?;
        let (near, far, outward) = match self.exposure.side {
            Side::Long => (Rounding::Floor, Rounding::Ceil, -1),
            Side::Short => (Rounding::Ceil, Rounding::Floor, 1),
        };
        let steps = match boundary {
            Boundary::Inclusive => steps.div(step, near)?,
            Boundary::Strict => steps.div(step, far)?.add(Wide::from(outward))?,
        };
        let first = steps.to_i128()?;
        let first = match self.exposure.side {
            Side::Long if first <= 0 => return Ok(None),
            Side::Long => first,
            Side::Short => first.max(1),
        };
        let raw = first
            .checked_mul(tick.raw())
            .ok_or(ArithmeticError::Overflow)?;
        Ok(Some(Price::from_raw(raw)))
    }

    fn target_wide(&self, threshold: Rate<6>) -> Result<Wide, ArithmeticError> {
        let fees = Wide::product(&[self.fees.raw(), TARGET_SCALE])?;
        fees.sub(Wide::product(&[self.collateral.raw(), threshold.raw()])?)
    }
}

/// The check of the deployed contract, on integers of any grid up to 512 bits (its own grid is
/// `1e30`). The closing fee is not in it, the threshold is floored, and equality liquidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeployedCheck {
    /// Which way.
    pub side: Side,
    /// Notional at entry.
    pub size: Wide,
    /// Average entry price.
    pub entry: Wide,
    /// Money behind it.
    pub collateral: Wide,
    /// Accrued funding, signed; negative is a credit.
    pub funding_fee: Wide,
    /// Accrued borrowing fee.
    pub borrow_fee: Wide,
    /// The oracle price.
    pub price: Wide,
    /// Parts per million of the collateral that may be lost.
    pub threshold_ppm: u32,
}

impl DeployedCheck {
    /// `net = trunc(pnl) - funding - borrowing`; liquidatable when `net < 0` and
    /// `-net >= floor(collateral * threshold)`. Both floors favour the vault or the trader by
    /// less than one unit of the grid.
    ///
    /// # Errors
    /// [`IsolatedError`] for a size or an entry that is not positive (reported as zero when
    /// beyond 128 bits), or numbers beyond 512 bits.
    pub fn is_liquidatable(&self) -> Result<bool, IsolatedError> {
        let positive = |w: &Wide| !w.is_zero() && !w.is_negative();
        if !positive(&self.size) {
            return Err(IsolatedError::Size(self.size.to_i128().unwrap_or(0)));
        }
        if !positive(&self.entry) {
            return Err(IsolatedError::Entry(self.entry.to_i128().unwrap_or(0)));
        }
        let gain = self.price.sub(self.entry)?.mul(self.side.sign().into())?;
        let pnl = self.size.mul(gain)?.div(self.entry, Rounding::Down)?;
        let net = pnl.sub(self.funding_fee)?.sub(self.borrow_fee)?;
        let allowed = self.collateral.mul(i128::from(self.threshold_ppm).into())?;
        let allowed = allowed.div(TARGET_SCALE.into(), Rounding::Floor)?;
        Ok(net.is_negative() && net.negate() >= allowed)
    }
}

/// Compares `a * b` with `c * d` exactly: in 128 bits when they fit, else in 256.
#[must_use]
pub fn compare_products((a, b): (i128, i128), (c, d): (i128, i128)) -> Ordering {
    if let (Some(left), Some(right)) = (a.checked_mul(b), c.checked_mul(d)) {
        return left.cmp(&right);
    }
    let sign = |x: i128, y: i128| match (x.signum(), y.signum()) {
        (0, _) | (_, 0) => 0,
        (x, y) if x == y => 1,
        _ => -1,
    };
    let (left, right) = (sign(a, b), sign(c, d));
    // Two 128-bit magnitudes always fit 256 bits, so nothing wraps.
    let magnitude =
        |x: i128, y: i128| U256::from(x.unsigned_abs()).wrapping_mul(U256::from(y.unsigned_abs()));
    match left.cmp(&right) {
        Ordering::Equal if left > 0 => magnitude(a, b).cmp(&magnitude(c, d)),
        Ordering::Equal => magnitude(c, d).cmp(&magnitude(a, b)),
        unequal => unequal,
    }
}

#[cfg(test)]
mod tests;

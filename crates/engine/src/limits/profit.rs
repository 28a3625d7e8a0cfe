//! The profit limit: how much one trade may win from the vault.
//!
//! ```text
//! cap       = floor(TVL * pct / 1e5)
//! profit    = realised + open            open = pnl - funding - borrowing, closing fee excluded
//! forced    when profit > cap            (strict: profit = cap stays open)
//! credited  = min(open, cap - realised)
//! payout    = collateral + credited - closing fee;  the excess stays in the vault
//! ```
//!
//! Cap first, then pay; a voluntary or partial close is cut by the same `min`. `TVL` is the
//! vault's own money, read before the close.
//!
//! Two corners the rule leaves open are decided for the vault: a loss realised by an earlier
//! partial close does not widen the limit (`realised` counts as zero when negative), and where
//! the limit has fallen below what was realised already, nothing is clawed back (`cap - realised`
//! counts as zero when negative, though the position is still forced out). So `credited <= cap
//! <= TVL` and `TVL - credited >= TVL * (1 - pct)` hold without exception.
//!
//! Units: money raw units (`D` decimals); `pct` in 1/100,000, 1,000 is 1 %.

use plimsoll_units::{Amount, ArithmeticError, Ratio, Rounding, Wide, mul_div};

use crate::margin::isolated::{Exposure, IsolatedError, TARGET_SCALE};

/// All, in the unit of a profit limit.
pub const PCT_ONE: i128 = 100_000;
/// 1 %, the limit of a market without one of its own.
pub const DEFAULT_PCT_E5: u32 = 1_000;

/// `floor(tvl * pct)`: the most one trade may win. Down, in favour of the vault.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn cap<const D: u32>(tvl: Amount<D>, pct_e5: u32) -> Result<Amount<D>, ArithmeticError> {
    mul_div(tvl.raw(), pct_e5.into(), PCT_ONE, Rounding::Floor).map(Amount::from_raw)
}

/// What the limit leaves for the open part of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance<const D: u32> {
    /// The limit of the whole trade.
    pub cap: Amount<D>,
    /// What is left of it after earlier partial closes; never negative.
    pub left: Amount<D>,
    /// Whether earlier partial closes alone are above the limit.
    overdrawn: bool,
    /// Profit realised before, losses as zero.
    realised: Amount<D>,
}

impl<const D: u32> Allowance<D> {
    /// The allowance of a position that has realised `realised` so far, under a limit of `cap`.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn new(cap: Amount<D>, realised: Amount<D>) -> Result<Self, ArithmeticError> {
        let realised = realised.max(Amount::ZERO);
        let left = cap.sub(realised)?;
        let overdrawn = left.is_negative();
        Ok(Self {
            cap,
            left: left.max(Amount::ZERO),
            overdrawn,
            realised,
        })
    }

    /// Whether a position with `open` profit (net of funding and borrowing) is forced out:
    /// `realised + open > cap`.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn forces(&self, open: Amount<D>) -> Result<bool, ArithmeticError> {
        if self.overdrawn {
            return Ok(self.realised.add(open)? > self.cap);
        }
        Ok(open > self.left)
    }

    /// The largest open profit that stays open: `cap - realised`, negative when overdrawn.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn tolerated(&self) -> Result<Amount<D>, ArithmeticError> {
        self.cap.sub(self.realised)
    }

    /// How much of `open` is credited; a loss is charged in full.
    #[must_use]
    pub fn credited(&self, open: Amount<D>) -> Amount<D> {
        open.min(self.left)
    }
}

/// The settlement of one close under the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement<const D: u32> {
    /// The limit, less what was realised before.
    pub cap: Amount<D>,
    /// Whether the limit forces the position out.
    pub forced: bool,
    /// Profit or loss that counts.
    pub credited: Amount<D>,
    /// What the trader gets: collateral and result, less the closing fee. May be negative when
    /// the loss and the fee exceed the collateral; the venue then refuses or liquidates.
    pub payout: Amount<D>,
    /// Profit above the limit, which stays in the vault.
    pub excess: Amount<D>,
    /// The vault's own money after the close, closing fee not counted.
    pub tvl_after: Amount<D>,
}

/// Settles a close of `open` profit on `collateral`.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn settle<const D: u32>(
    tvl: Amount<D>,
    pct_e5: u32,
    collateral: Amount<D>,
    open: Amount<D>,
    realised: Amount<D>,
    closing_fee: Amount<D>,
) -> Result<Settlement<D>, ArithmeticError> {
    let allowance = Allowance::new(cap(tvl, pct_e5)?, realised)?;
    let credited = allowance.credited(open);
    Ok(Settlement {
        cap: allowance.left,
        forced: allowance.forces(open)?,
        credited,
        payout: collateral.add(credited)?.sub(closing_fee)?,
        excess: open.sub(credited)?,
        tvl_after: tvl.sub(credited)?,
    })
}

/// Settles several profits in the order given, reading the TVL again each time. One that is not
/// forced when its turn comes stays open and moves no money: its settlement is what a close would
/// bring, its `tvl_after` the unchanged TVL.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn settle_in_order<const D: u32>(
    mut tvl: Amount<D>,
    pct_e5: u32,
    collateral: Amount<D>,
    profits: &[Amount<D>],
) -> Result<Vec<Settlement<D>>, ArithmeticError> {
    let mut steps = Vec::with_capacity(profits.len());
    for profit in profits {
        let mut step = settle(tvl, pct_e5, collateral, *profit, Amount::ZERO, Amount::ZERO)?;
        if !step.forced {
            step.tvl_after = tvl;
        }
        tvl = step.tvl_after;
        steps.push(step);
    }
    Ok(steps)
}

/// The price strictly beyond which the limit forces the position out: `entry * (1 + s * (cap +
/// fees) / size)`, exact. Zero or below for a short that no positive price forces out.
///
/// # Errors
/// [`IsolatedError::Arithmetic`].
pub fn limit_price<const D: u32, const P: u32>(
    exposure: &Exposure<D, P>,
    cap: Amount<D>,
    holding_fees: Amount<D>,
) -> Result<Ratio, IsolatedError> {
    let target = Wide::from(cap.raw()).add(holding_fees.raw().into())?;
    exposure.price_at(target.mul(TARGET_SCALE.into())?)
}

#[cfg(test)]
mod tests;

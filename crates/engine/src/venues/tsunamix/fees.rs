//! The fees of TsunamiX V2, and the entry price of a position that grew.
//!
//! ```text
//! trading    size * rate / 1e5 * (1 - discount) * tier           on open, increase, decrease, close
//! borrowing  size * hours * rate / 1e6                           per market and side
//! funding    size * (index - entry index), negative for shorts   index from a velocity model
//! slippage   factor * (2 * total open interest + size) / (2 * vault money)
//! ```
//!
//! Every fee is rounded toward zero, as the contract does: in the trader's favour by less than
//! one raw unit (for a funding credit, in the vault's). The entry price of a grown position is
//! rounded against the trader.
//!
//! Indices only ever accumulate and saturate instead of overflowing, which takes a century at the
//! highest rate allowed; so accruing can never fail, and a view of an index never disagrees with
//! its accrual.
//! Units: ratios on 1e5, borrowing rates on 1e6 per hour, funding rates and index on 1e15.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{
    Amount, ArithmeticError, Duration, Notional, Price, Ratio, Rounding, Side, Timestamp, Wide,
    mul_div,
};

/// All, on the 1e5 grid of trading fees, discounts and skew.
pub const E5: i128 = 100_000;
/// All, on the 1e6 grid of borrowing rates.
pub const E6: i128 = 1_000_000;
/// All, on the 1e15 grid of funding.
pub const E15: i128 = 1_000_000_000_000_000;
/// Milliseconds in an hour, the time unit of all rates.
pub const HOUR_MS: i128 = 3_600_000;
/// What a borrowing index must grow by for a fee of the whole size.
pub const BORROW_ONE: i128 = 3_600_000_000_000;

/// The rate of a trading fee, with what the account is spared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradingFee {
    /// Fee per size; 100 is 10 basis points.
    pub rate_e5: u32,
    /// Discount of the account; 0 is none.
    pub discount_e5: u32,
    /// What the account's tier pays of it; 100,000 is all.
    pub tier_e5: u32,
}

impl TradingFee {
    /// A fee without discount.
    #[must_use]
    pub const fn plain(rate_e5: u32) -> Self {
        Self {
            rate_e5,
            discount_e5: 0,
            tier_e5: 100_000,
        }
    }

    /// The exact fee on `size`, in whole units of money.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`], also for a discount above the whole.
    pub fn exact<const D: u32>(&self, size: Notional<D>) -> Result<Ratio, ArithmeticError> {
        let (numerator, denominator) = self.fraction(size)?;
        Ratio::new(numerator, denominator.mul(Amount::<D>::ONE.raw().into())?)
    }

    /// The fee on `size`, toward zero.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`], also for a discount above the whole.
    pub fn on<const D: u32>(&self, size: Notional<D>) -> Result<Amount<D>, ArithmeticError> {
        if self.discount_e5 == 0 && i128::from(self.tier_e5) == E5 {
            let fee = mul_div(size.raw(), self.rate_e5.into(), E5, Rounding::Down)?;
            return Ok(Amount::from_raw(fee));
        }
        let (numerator, denominator) = self.fraction(size)?;
        Ok(Amount::from_raw(
            numerator.div(denominator, Rounding::Down)?.to_i128()?,
        ))
    }

    fn fraction<const D: u32>(&self, size: Notional<D>) -> Result<(Wide, Wide), ArithmeticError> {
        let paid = E5
            .checked_sub(self.discount_e5.into())
            .filter(|paid| *paid >= 0);
        let paid = paid.ok_or(ArithmeticError::Overflow)?;
        let rates = Wide::product(&[self.rate_e5.into(), paid, self.tier_e5.into()])?;
        Ok((rates.mul(size.raw().into())?, Wide::product(&[E5, E5, E5])?))
    }
}

/// The exact borrowing fee on `size` held for `held`, in whole units of money.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn borrowing_fee_exact<const D: u32>(
    size: Notional<D>,
    rate_e6_per_hour: u32,
    held: Duration,
) -> Result<Ratio, ArithmeticError> {
    let index = Wide::product(&[held.millis().into(), rate_e6_per_hour.into()])?;
    let numerator = index.mul(size.raw().into())?;
    Ratio::new(
        numerator,
        Wide::product(&[BORROW_ONE, Amount::<D>::ONE.raw()])?,
    )
}

/// The borrowing index after `held` more at `rate`: it grows by `rate_e6 * milliseconds`, exactly.
#[must_use]
pub fn borrowing_index(index: i64, rate_e6_per_hour: u32, held: Duration) -> i64 {
    index.saturating_add(held.millis().saturating_mul(rate_e6_per_hour.into()))
}

/// The borrowing fee on `size` over a growth of the index, toward zero.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn borrowing_fee<const D: u32>(
    size: Notional<D>,
    grown: i128,
) -> Result<Amount<D>, ArithmeticError> {
    mul_div(size.raw(), grown, BORROW_ONE, Rounding::Down).map(Amount::from_raw)
}

/// The funding a position owes (negative: receives) over a growth of the index, toward zero.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn funding_fee<const D: u32>(
    side: Side,
    size: Notional<D>,
    grown: i128,
) -> Result<Amount<D>, ArithmeticError> {
    let owed = grown
        .checked_mul(side.sign())
        .ok_or(ArithmeticError::Overflow)?;
    mul_div(size.raw(), owed, E15, Rounding::Down).map(Amount::from_raw)
}

/// How a market's funding rate moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FundingParams {
    /// With `temp_max_factor`, the largest rate the market's volatility allows.
    pub volatility_factor: u32,
    /// See `volatility_factor`.
    pub temp_max_factor: u32,
    /// Added to the skew: longs pay this much even in balance.
    pub long_bias_e5: u32,
    /// Slowness of the rate; zero switches funding off.
    pub velocity_factor: u32,
    /// The largest rate of the venue, 1e15 per hour.
    pub max_rate_e15: i64,
}

impl Default for FundingParams {
    /// The factors of the contract's own tests; at most 1 % per hour.
    fn default() -> Self {
        Self {
            volatility_factor: 1_000,
            temp_max_factor: 100,
            long_bias_e5: 2_500,
            velocity_factor: 2_400_000,
            max_rate_e15: 10_000_000_000_000,
        }
    }
}

/// Open interest of both sides and what they may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand<const D: u32> {
    /// Open interest of the longs.
    pub long: Notional<D>,
    /// Open interest of the shorts.
    pub short: Notional<D>,
    /// Limit of the longs.
    pub max_long: Notional<D>,
    /// Limit of the shorts.
    pub max_short: Notional<D>,
}

impl<const D: u32> Demand<D> {
    /// `trunc(1e5 * (long - short) / (max_long + max_short))`; zero when nothing may be open.
    /// The limits are in the denominator: accrue funding before they change.
    #[must_use]
    pub fn skew_e5(&self) -> i128 {
        let limit = self.max_long.raw().saturating_add(self.max_short.raw());
        if limit <= 0 {
            return 0;
        }
        let skew = self.long.raw().saturating_sub(self.short.raw());
        let saturated = if skew < 0 { i128::MIN } else { i128::MAX };
        mul_div(E5, skew, limit, Rounding::Down).unwrap_or(saturated)
    }
}

impl FundingParams {
    /// `tempMaxFactor * volatilityFactor * 1e5`, on 1e15 per hour.
    #[must_use]
    pub fn temp_max_rate_e15(&self) -> i128 {
        i128::from(self.temp_max_factor)
            .saturating_mul(self.volatility_factor.into())
            .saturating_mul(E5)
    }

    /// The bound of the rate either way.
    #[must_use]
    pub fn max_rate(&self) -> i64 {
        i64::try_from(self.temp_max_rate_e15())
            .unwrap_or(i64::MAX)
            .min(self.max_rate_e15)
            .max(0)
    }

    /// `trunc((tempMax * (skew + longBias) - lastRate * 1e5) / velocityFactor)`: change of the
    /// rate per hour. Saturates; the rate is clamped far below that.
    #[must_use]
    pub fn velocity(&self, skew_e5: i128, last_rate_e15: i64) -> i128 {
        let pull = self
            .temp_max_rate_e15()
            .saturating_mul(skew_e5.saturating_add(self.long_bias_e5.into()));
        let drag = i128::from(last_rate_e15).saturating_mul(E5);
        pull.saturating_sub(drag)
            .checked_div(self.velocity_factor.into())
            .unwrap_or(0)
    }
}

/// A market's funding: its rate and index when it was last accrued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Funding {
    /// Rate at that time, 1e15 per hour; longs pay when positive.
    pub rate_e15: i64,
    /// Sum of all rates paid, 1e15.
    pub index_e15: i64,
    /// That time.
    pub at: Timestamp,
}

impl Funding {
    /// The funding as it stands at `now`, if `velocity` and `max_rate` held since the last time:
    /// the rate moves by the velocity and is clamped, the index grows by the average of the old
    /// and the new rate. Each step is rounded toward zero, as in the contract.
    #[must_use]
    pub fn at(&self, now: Timestamp, velocity: i128, max_rate: i64) -> Self {
        let elapsed = i128::from(now.millis().saturating_sub(self.at.millis()));
        if elapsed <= 0 {
            return *self;
        }
        let moved = velocity.saturating_mul(elapsed).wrapping_div(HOUR_MS);
        let (low, high) = (i128::from(max_rate.saturating_neg()), i128::from(max_rate));
        let rate = i128::from(self.rate_e15)
            .saturating_add(moved)
            .clamp(low, high);
        let average = i128::from(self.rate_e15)
            .saturating_add(rate)
            .wrapping_div(2);
        let grown = average.saturating_mul(elapsed).wrapping_div(HOUR_MS);
        let index = i128::from(self.index_e15).saturating_add(grown);
        Self {
            rate_e15: saturate(rate),
            index_e15: saturate(index),
            at: now,
        }
    }
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// `floor(factor * (2 * total + size) / (2 * vault))` on 1e5: how much worse than the oracle price
/// a trade is executed. Floor, in the trader's favour.
///
/// # Errors
/// [`ArithmeticError::DivisionByZero`] for an empty vault, [`ArithmeticError::Overflow`].
pub fn slippage_e5<const D: u32>(
    factor: u32,
    total_open: Notional<D>,
    size: Notional<D>,
    vault: Amount<D>,
) -> Result<i128, ArithmeticError> {
    let doubled = total_open.add(total_open)?.add(size)?;
    mul_div(
        doubled.raw(),
        factor.into(),
        vault.add(vault)?.raw(),
        Rounding::Floor,
    )
}

/// The execution price with slippage: worse by `slippage_e5` for whoever buys or sells, and
/// rounded against them too.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn slipped<const P: u32>(
    price: Price<P>,
    buys: bool,
    slippage_e5: i128,
) -> Result<Price<P>, ArithmeticError> {
    if slippage_e5 == 0 {
        return Ok(price);
    }
    let (factor, rounding) = if buys {
        (E5.checked_add(slippage_e5), Rounding::Ceil)
    } else {
        (E5.checked_sub(slippage_e5), Rounding::Floor)
    };
    price.mul_ratio(factor.ok_or(ArithmeticError::Overflow)?, E5, rounding)
}

/// How the entry price of a grown position is formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum EntryRule {
    /// Total notional over total quantity: the profit stays what it was.
    #[default]
    Conserving = 0,
    /// The arithmetic mean weighted by notional, as deployed: the profit jumps.
    Deployed = 1,
}

/// A position's size and average entry before it grows, and what is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth<const D: u32, const P: u32> {
    /// Size before.
    pub size: Notional<D>,
    /// Entry before.
    pub entry: Price<P>,
    /// Size added.
    pub added: Notional<D>,
    /// Price it is added at.
    pub price: Price<P>,
}

impl<const D: u32, const P: u32> Growth<D, P> {
    /// The exact entry price of the whole, in whole units of price.
    ///
    /// # Errors
    /// [`ArithmeticError`]: no size, or numbers beyond 512 bits.
    pub fn entry_exact(&self, rule: EntryRule) -> Result<Ratio, ArithmeticError> {
        let (size, entry) = (self.size.raw(), self.entry.raw());
        let (added, price) = (self.added.raw(), self.price.raw());
        let total = Wide::from(size).add(added.into())?;
        let one = Wide::from(Price::<P>::ONE.raw());
        match rule {
            EntryRule::Conserving => {
                let quantity =
                    Wide::product(&[size, price])?.add(Wide::product(&[added, entry])?)?;
                Ratio::new(
                    total.mul(Wide::product(&[entry, price])?)?,
                    quantity.mul(one)?,
                )
            }
            EntryRule::Deployed => {
                let value = Wide::product(&[size, entry])?.add(Wide::product(&[added, price])?)?;
                Ratio::new(value, total.mul(one)?)
            }
        }
    }

    /// The entry price on the grid: against the trader (up for a long, down for a short) when it
    /// conserves, toward zero as deployed.
    ///
    /// # Errors
    /// [`ArithmeticError`]: no size, or a price that does not fit.
    pub fn entry(&self, rule: EntryRule, side: Side) -> Result<Price<P>, ArithmeticError> {
        let rounding = match (rule, side) {
            (EntryRule::Deployed, _) => Rounding::Down,
            (EntryRule::Conserving, Side::Long) => Rounding::Ceil,
            (EntryRule::Conserving, Side::Short) => Rounding::Floor,
        };
        Ok(Price::from_raw(
            self.entry_exact(rule)?.to_grid(P, rounding)?,
        ))
    }
}

/// Profit or loss of a whole position at `price`, for an entry that lies on no grid, in whole
/// units of money.
///
/// # Errors
/// [`ArithmeticError`]: a zero entry, or numbers beyond 512 bits.
pub fn pnl_from_exact_entry<const D: u32, const P: u32>(
    side: Side,
    size: Notional<D>,
    entry: &Ratio,
    price: Price<P>,
) -> Result<Ratio, ArithmeticError> {
    // size * (p / ONE - n / d) / (n / d) = size * (p * d - n * ONE) / (n * ONE)
    let scaled_entry = entry.numerator().mul(Price::<P>::ONE.raw().into())?;
    let gain = entry
        .denominator()
        .mul(price.raw().into())?
        .sub(scaled_entry)?;
    let numerator = gain.mul(size.raw().into())?.mul(side.sign().into())?;
    Ratio::new(numerator, scaled_entry.mul(Amount::<D>::ONE.raw().into())?)
}

#[cfg(test)]
mod tests;

//! Cross margin: one quote balance behind positions in many markets.
//!
//! The arithmetic of Kuma's contracts, exactly (`Math.sol`, `IndexPriceMargin.sol`,
//! `MarketHelper.sol`, `LiquidationValidations.sol`, `BalanceTracking.sol`, `Funding.sol`); no
//! state here. An account is sound while what it is worth at index prices is at least the sum of
//! its positions' maintenance requirements.
//!
//! Units: a **pip** is 1e-8 of anything (base, quote, price, fraction). A size times a price is
//! in double pips (1e-16), times a fraction in triple pips (1e-24). Sizes and balances are `i64`,
//! prices, quotes and fractions `u64`, as on chain; what leaves those types is refused with the
//! contract's own text. Sums of double and triple pips are 128-bit here and 256-bit there: an
//! account beyond 3e14 USD of notional is refused instead of being computed.
//!
//! There are two account values. [`Totals`] is precise and decides liquidations; the sums of
//! [`value`] and [`requirement`] are rounded position by position and decide everything else.
//! They differ by up to a pip per position, and a wallet can stand between them.

mod lot;
mod pips;

pub use lot::{Changed, Lot, LotError, Way};
pub use pips::{
    ONE, PipError, add, divide_round_nearest, divide_round_up, mul_frac, mul_frac_signed, signed,
    sub, to_int64,
};

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Rounding, Wide, mul_div};

/// `size * price`, rounded toward zero: what a position adds to the truncated account value.
///
/// # Errors
/// [`PipError`] when it does not fit.
pub fn value(size: i64, price: u64) -> Result<i64, PipError> {
    mul_frac_signed(size, to_int64(price)?, ONE.cast_signed())
}

/// `|size| * price`, rounded down: the quote of a size at a price.
///
/// # Errors
/// [`PipError::OverflowsUint64`].
pub fn index_quote(size: i64, price: u64) -> Result<u64, PipError> {
    mul_frac(size.unsigned_abs(), price, ONE)
}

/// A position's truncated requirement: its quote at index, rounded down, times the fraction,
/// rounded down again. Both favour the account.
///
/// # Errors
/// [`PipError::OverflowsUint64`].
pub fn requirement(size: i64, price: u64, fraction: u64) -> Result<u64, PipError> {
    mul_frac(index_quote(size, price)?, fraction, ONE)
}

/// The seven fields of a market that may be replaced, all at once, for one account. Fractions and
/// sizes in pips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Limits {
    /// Initial margin up to the baseline size.
    pub initial_margin_fraction: u64,
    /// Maintenance margin, at every size.
    pub maintenance_margin_fraction: u64,
    /// What each increment of size adds to the initial margin fraction.
    pub incremental_initial_margin_fraction: u64,
    /// The size up to which nothing is added.
    pub baseline_position_size: u64,
    /// One increment of size.
    pub incremental_position_size: u64,
    /// The largest position.
    pub maximum_position_size: u64,
    /// Positions below this may be liquidated as dust.
    pub minimum_position_size: u64,
}

/// The initial margin fraction of a position: the whole of it takes the fraction of its size,
/// which grows by an increment for each begun increment of size above the baseline.
///
/// # Errors
/// [`PipError`] when it does not fit.
pub fn initial_fraction(limits: &Limits, size: i64) -> Result<u64, PipError> {
    let Some(above) = size
        .unsigned_abs()
        .checked_sub(limits.baseline_position_size)
        .filter(|above| *above > 0)
    else {
        return Ok(limits.initial_margin_fraction);
    };
    let increments = divide_round_up(above, limits.incremental_position_size)?;
    increments
        .checked_mul(limits.incremental_initial_margin_fraction)
        .and_then(|more| more.checked_add(limits.initial_margin_fraction))
        .ok_or(PipError::ARITHMETIC)
}

/// An account's precise value and maintenance requirement. Nothing is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Quote balance and positions at index prices, in double pips.
    pub value: i128,
    /// Maintenance requirement, in triple pips.
    pub requirement: u128,
}

impl Totals {
    /// An account with a quote balance and no positions.
    #[must_use]
    pub fn of_quote(quote: i64) -> Self {
        Self {
            // 2^63 times 1e8 is far within 128 bits.
            value: i128::from(quote).saturating_mul(ONE.into()),
            requirement: 0,
        }
    }

    /// The account with one more position.
    ///
    /// # Errors
    /// [`PipError`] when the sum leaves 128 bits.
    pub fn with(self, size: i64, price: u64, maintenance: u64) -> Result<Self, PipError> {
        let worth = i128::from(size).checked_mul(to_int64(price)?.into());
        let needs = u128::from(size.unsigned_abs())
            .checked_mul(price.into())
            .and_then(|notional| notional.checked_mul(maintenance.into()));
        let value = worth.and_then(|worth| self.value.checked_add(worth));
        let requirement = needs.and_then(|needs| self.requirement.checked_add(needs));
        match (value, requirement) {
            (Some(value), Some(requirement)) => Ok(Self { value, requirement }),
            _ => Err(PipError::ARITHMETIC),
        }
    }

    /// The value in pips, rounded toward zero.
    ///
    /// # Errors
    /// [`PipError`] when it does not fit.
    pub fn value_pips(&self) -> Result<i64, PipError> {
        let pips = mul_div(self.value, 1, ONE.into(), Rounding::Down)?;
        i64::try_from(pips).map_err(|_| PipError::DoesNotFit)
    }

    /// The requirement in pips, rounded down twice, in favour of the account.
    ///
    /// # Errors
    /// [`PipError`] when it does not fit.
    pub fn requirement_pips(&self) -> Result<i64, PipError> {
        // Two floors by 1e8 are one floor by 1e16.
        let one = u128::from(ONE).saturating_mul(ONE.into());
        let pips = self.requirement.checked_div(one).unwrap_or(0);
        to_int64(u64::try_from(pips).map_err(|_| PipError::DoesNotFit)?)
    }

    /// Whether the account may be liquidated: its value is below its requirement, strictly.
    ///
    /// # Errors
    /// [`PipError`] when one of them does not fit.
    pub fn is_liquidatable(&self) -> Result<bool, PipError> {
        Ok(self.value_pips()? < self.requirement_pips()?)
    }
}

/// The quote that closes `size` (all or a part of a position) at the account's bankruptcy price:
/// the account value is split over the positions in proportion to their requirements, so that
/// closing all of them leaves nothing.
///
/// The penalty is rounded down once on the full-width product, the quote toward zero. A result
/// that would pay the wrong way (a short that receives quote, a long that pays) is zero.
///
/// # Errors
/// [`PipError`] when it does not fit.
pub fn bankruptcy_quote(
    price: u64,
    maintenance: u64,
    size: i64,
    totals: &Totals,
) -> Result<u64, PipError> {
    if totals.requirement == 0 {
        return Ok(0);
    }
    let worth = Wide::product(&[size.into(), to_int64(price)?.into()])?;
    let requirement = unsigned_wide(totals.requirement)?;
    let penalty = worth
        .abs()
        .mul(i128::from(maintenance).into())?
        .mul(Wide::from(totals.value).abs())?
        .div(requirement, Rounding::Floor)?;
    let signed_worth = if totals.value < 0 {
        worth.add(penalty)?
    } else {
        worth.sub(penalty)?
    };
    let quote = signed_worth.div(i128::from(ONE).into(), Rounding::Down)?;
    let pays_the_wrong_way = !quote.is_zero() && quote.is_negative() != (size < 0);
    if pays_the_wrong_way {
        return Ok(0);
    }
    let Ok(pips) = quote.to_i128() else {
        return Err(if quote.is_negative() {
            PipError::UnderflowsInt64
        } else {
            PipError::OverflowsInt64
        });
    };
    Ok(signed(pips)?.unsigned_abs())
}

/// An unsigned 128-bit number, whose upper half a signed one would lose.
fn unsigned_wide(value: u128) -> Result<Wide, PipError> {
    let half = i128::try_from(value.wrapping_shr(1)).map_err(|_| PipError::ARITHMETIC)?;
    let odd = i128::from(value & 1 == 1);
    Ok(Wide::from(half).mul(2.into())?.add(odd.into())?)
}

/// The quote that closes a position of an account that leaves: the worse, for it, of index and
/// entry price. Rounded down.
///
/// # Errors
/// [`PipError::OverflowsUint64`].
pub fn exit_quote(cost_basis: i64, price: u64, size: i64) -> Result<u64, PipError> {
    let (index, entry) = (index_quote(size, price)?, cost_basis.unsigned_abs());
    Ok(if size < 0 {
        index.max(entry)
    } else {
        index.min(entry)
    })
}

/// The quote of `base` at a position's own entry price, rounded down.
///
/// # Errors
/// [`PipError::DIVISION`] without a position, [`PipError::OverflowsUint64`].
pub fn entry_quote(position: Lot, base: u64) -> Result<u64, PipError> {
    let (cost, size) = (position.cost_basis, position.size);
    mul_frac(cost.unsigned_abs(), base, size.unsigned_abs())
}

/// Whether a supplied quote is within a pip of the expected one.
#[must_use]
pub fn within_a_pip(expected: u64, supplied: u64) -> bool {
    expected.abs_diff(supplied) <= 1
}

/// What a period's funding pays per unit of size: minus rate times price, rounded toward zero.
/// A positive rate makes longs pay.
///
/// # Errors
/// [`PipError`] when it does not fit.
pub fn funding_multiplier(price: u64, rate: i64) -> Result<i64, PipError> {
    let rate = rate.checked_neg().ok_or(PipError::ARITHMETIC)?;
    mul_frac_signed(to_int64(price)?, rate, ONE.cast_signed())
}

/// What a position receives for the periods it has not been paid for, each rounded toward zero.
///
/// # Errors
/// [`PipError`] when it does not fit.
pub fn funding_payment(size: i64, multipliers: &[i64]) -> Result<i64, PipError> {
    multipliers.iter().try_fold(0i64, |sum, &multiplier| {
        add(sum, mul_frac_signed(size, multiplier, ONE.cast_signed())?)
    })
}

/// The index price at which an account becomes liquidatable through one of its positions, all
/// others standing still; `None` when no price does.
///
/// `others` is the account without the position. The first tick on the losing side of the real
/// solution: up for a short, down for a long. The rule itself truncates value and requirement to
/// whole pips, and so can say so a few ticks later when the size is far below one.
///
/// # Errors
/// [`PipError`] when it does not fit.
pub fn liquidation_price(
    others: &Totals,
    size: i64,
    maintenance: u64,
) -> Result<Option<u64>, PipError> {
    let long = size > 0;
    let slack = Wide::from(others.value)
        .mul(i128::from(ONE).into())?
        .sub(unsigned_wide(others.requirement)?)?;
    let factor = if long {
        i128::from(ONE).checked_sub(maintenance.into())
    } else {
        i128::from(ONE).checked_add(maintenance.into())
    };
    let factor = factor.ok_or(PipError::ARITHMETIC)?;
    if size == 0 || factor <= 0 {
        return Ok(None);
    }
    let divisor = Wide::product(&[size.unsigned_abs().into(), factor])?;
    let (distance, step) = if long {
        (slack.negate().div(divisor, Rounding::Ceil)?, -1)
    } else {
        (slack.div(divisor, Rounding::Floor)?, 1)
    };
    let tick = distance.add(Wide::from(step))?;
    Ok(tick
        .to_i128()
        .ok()
        .and_then(|tick| u64::try_from(tick).ok())
        .filter(|tick| *tick > 0))
}

#[cfg(test)]
mod tests;

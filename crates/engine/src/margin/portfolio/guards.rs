//! Guards: when the liquidation engine leaves a step out.
//!
//! They are engineering, not the page's words: each can be switched off by the venue, which asks
//! or does not ask. G1 (nothing to hedge under a lot) and G3 (never past delta neutral) are in
//! [`super::order::hedge`] itself; G5 (no more than needed) is [`super::order::smallest`]; the
//! frozen clock of G8 is [`crate::auction::Clock`]. Decisions are exact.

use plimsoll_units::{Amount, ArithmeticError, Fixed, Price, Rate, Wide};

use super::{MarginError, Money, Portfolio, Risk, Valuation};
use crate::pricing::Contract;

/// How much directional exposure is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub enum Band {
    /// In quote money at the index price.
    Value(Amount<6>),
    /// In base units.
    Quantity(Fixed<6>),
}

impl Band {
    /// Whether `delta` is outside the band, strictly.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] beyond 512 bits.
    pub fn is_exceeded(&self, delta: Fixed<18>, index: Price<8>) -> Result<bool, ArithmeticError> {
        let delta = delta.abs()?.raw();
        match *self {
            Self::Quantity(band) => {
                Ok(Wide::from(delta) > Wide::product(&[band.raw(), TEN_TO_12])?)
            }
            // 18 + 8 decimals on the left, 6 + 20 on the right.
            Self::Value(band) => {
                let exposure = Wide::product(&[delta, index.raw()])?;
                Ok(exposure > Wide::product(&[band.raw(), TEN_TO_12, 100_000_000])?)
            }
        }
    }
}

const TEN_TO_12: i128 = 1_000_000_000_000;

/// Whether there is nothing but the perpetual (or nothing at all): then its whole position is
/// liquidated instead of hedged.
///
/// # Errors
/// [`MarginError::Pricing`] for an instrument that is not priced.
pub fn is_perp_only(of: &Valuation<'_>, portfolio: &Portfolio) -> Result<bool, MarginError> {
    for leg in portfolio.legs() {
        if of.contract(leg.instrument)? != Contract::Perp {
            return Ok(false);
        }
    }
    Ok(true)
}

/// G2: whether a hedge lowers the maintenance requirement (Deribit's fallback has the same
/// condition: "if this would also reduce the maintenance margin").
///
/// # Errors
/// [`MarginError::Arithmetic`].
pub fn lowers_requirement(before: &Risk, after: &Risk) -> Result<bool, MarginError> {
    Ok(after.base_e6()? < before.base_e6()?)
}

/// G4: whether closing something brings the account nearer to health: whether MM minus equity
/// becomes smaller.
///
/// # Errors
/// [`MarginError::Arithmetic`].
pub fn reduces_gap(
    factor: Rate<6>,
    before: (&Risk, Money),
    after: (&Risk, Money),
) -> Result<bool, MarginError> {
    let gap = |(risk, equity): (&Risk, Money)| -> Result<Wide, ArithmeticError> {
        let needed = Wide::product(&[risk.base_e6()?, factor.raw()])?;
        needed.sub(Wide::product(&[
            equity.raw(),
            Rate::<6>::ONE.raw(),
            Rate::<6>::ONE.raw(),
        ])?)
    };
    Ok(gap(after)? < gap(before)?)
}

/// G6: the part of an order that is shown at once.
#[must_use]
pub fn child(quantity: i64, most: Option<i64>) -> i64 {
    most.map_or(quantity, |most| quantity.min(most.max(0)))
}

/// G9: the conditions for the delta step, read as any of them: nothing but a perpetual, delta
/// outside the band, or a hedge that would restore the initial margin.
#[must_use]
pub const fn wants_hedge(perp_only: bool, outside_band: bool, restores: bool) -> bool {
    perp_only || outside_band || restores
}

//! A position's size and cost basis, and how they change (`BalanceTracking.sol`).

use borsh::{BorshDeserialize, BorshSerialize};

use super::pips::{PipError, add, mul_frac_signed, to_int64};

/// A position: its signed size and what it cost, signed like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Lot {
    /// Below zero for a short.
    pub size: i64,
    /// Quote paid for it, signed like the size.
    pub cost_basis: i64,
}

/// Which way base moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Base is received.
    In,
    /// Base is given.
    Out,
}

impl Way {
    /// The way that takes a position of this size toward zero.
    #[must_use]
    pub const fn closing(size: i64) -> Self {
        if size < 0 { Self::In } else { Self::Out }
    }

    /// The other way.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::In => Self::Out,
            Self::Out => Self::In,
        }
    }

    fn of(self, magnitude: i64) -> Result<i64, PipError> {
        match self {
            Self::In => Ok(magnitude),
            Self::Out => magnitude.checked_neg().ok_or(PipError::ARITHMETIC),
        }
    }
}

/// A position after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// What it is now.
    pub lot: Lot,
    /// Whether it is smaller than before, on whichever side.
    pub reduced: bool,
}

/// Why a position cannot change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LotError {
    /// It would be above the maximum, and not smaller than before.
    #[error("Max position size exceeded")]
    AboveMaximum,
    /// There is none.
    #[error("Position must be non-zero")]
    NoPosition,
    /// It would not move toward zero, or past it.
    #[error("Position must move toward zero")]
    NotTowardZero,
    /// A number does not fit.
    #[error(transparent)]
    Pips(#[from] PipError),
}

impl Lot {
    /// Nothing.
    pub const EMPTY: Self = Self {
        size: 0,
        cost_basis: 0,
    };

    /// The size after `base` moves.
    ///
    /// # Errors
    /// [`PipError`] when it does not fit.
    pub fn size_after(self, way: Way, base: u64) -> Result<i64, PipError> {
        add(self.size, way.of(to_int64(base)?)?)
    }

    /// Refuses a change that does not move the size toward zero, or moves it past zero.
    ///
    /// # Errors
    /// [`LotError`] as its variants say.
    pub fn check_toward_zero(self, way: Way, base: u64) -> Result<(), LotError> {
        let after = self.size_after(way, base)?;
        if self.size == 0 {
            return Err(LotError::NoPosition);
        }
        let toward = if self.size < 0 {
            after > self.size && after <= 0
        } else {
            after < self.size && after >= 0
        };
        if toward {
            Ok(())
        } else {
            Err(LotError::NotTowardZero)
        }
    }

    /// The position after `base` moved for `quote`.
    ///
    /// Increasing adds the quote to the cost; reducing takes the share of the cost that the base
    /// is of the size, rounded toward zero; a flip costs the share of the quote that is left on
    /// the new side, rounded toward zero.
    ///
    /// # Errors
    /// [`LotError::AboveMaximum`], [`LotError::Pips`].
    pub fn moved(self, way: Way, base: u64, quote: u64, maximum: u64) -> Result<Changed, LotError> {
        let size = self.size_after(way, base)?;
        let reduced = size.unsigned_abs() < self.size.unsigned_abs();
        if size == 0 {
            let lot = Self::EMPTY;
            return Ok(Changed { lot, reduced });
        }
        if size.unsigned_abs() > maximum && !reduced {
            return Err(LotError::AboveMaximum);
        }
        let (base, quote) = (to_int64(base)?, to_int64(quote)?);
        let grows = match way {
            Way::In => self.size >= 0,
            Way::Out => self.size <= 0,
        };
        let cost_basis = if grows {
            add(self.cost_basis, way.of(quote)?)?
        } else if (size < 0) != (self.size < 0) {
            mul_frac_signed(quote, size, base)?
        } else {
            let share = mul_frac_signed(self.cost_basis, base, self.size)?;
            add(self.cost_basis, way.of(share)?)?
        };
        let lot = Self { size, cost_basis };
        Ok(Changed { lot, reduced })
    }
}

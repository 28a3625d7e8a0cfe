//! Exact fractions, for answers that no fixed grid can hold.
//!
//! A liquidation price is `entry * (1 - delta)`: a rational number. The engine decides without
//! dividing; a [`Ratio`] is what is shown, and what is rounded onto a market's grid in a named
//! direction.

use std::cmp::Ordering;

use crate::{ArithmeticError, Rounding, Wide, format_scaled};

/// `numerator / denominator`; the denominator is positive and the fraction is in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: Wide,
    denominator: Wide,
}

impl Ratio {
    /// The fraction in lowest terms.
    ///
    /// # Errors
    /// [`ArithmeticError::DivisionByZero`] when the denominator is zero.
    pub fn new(numerator: Wide, denominator: Wide) -> Result<Self, ArithmeticError> {
        if denominator.is_zero() {
            return Err(ArithmeticError::DivisionByZero);
        }
        let sign = if denominator.is_negative() {
            numerator.negate()
        } else {
            numerator
        };
        let divisor = numerator.gcd(denominator);
        Ok(Self {
            numerator: sign.div(divisor, Rounding::Down)?,
            denominator: denominator.abs().div(divisor, Rounding::Down)?,
        })
    }

    /// The numerator, in lowest terms; carries the sign.
    #[must_use]
    pub fn numerator(&self) -> Wide {
        self.numerator
    }

    /// The denominator, in lowest terms; positive.
    #[must_use]
    pub fn denominator(&self) -> Wide {
        self.denominator
    }

    /// The value on a grid of `decimals` decimals, rounded as named; raw units.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] when the rounded value does not fit an `i128`.
    pub fn to_grid(&self, decimals: u32, rounding: Rounding) -> Result<i128, ArithmeticError> {
        self.scaled(decimals, rounding)?.to_i128()
    }

    /// Decimal text with at most `decimals` decimals, rounded as named, trailing zeros dropped.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] when the scaled value exceeds 512 bits.
    pub fn to_text(&self, decimals: u32, rounding: Rounding) -> Result<String, ArithmeticError> {
        let scaled = self.scaled(decimals, rounding)?;
        let digits = scaled.abs().to_string();
        Ok(format_scaled(scaled.is_negative(), &digits, decimals))
    }

    /// Compares two fractions exactly, by cross multiplication.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] when the products exceed 512 bits.
    pub fn compare(&self, other: &Self) -> Result<Ordering, ArithmeticError> {
        let left = self.numerator.mul(other.denominator)?;
        let right = other.numerator.mul(self.denominator)?;
        Ok(left.cmp(&right))
    }

    fn scaled(&self, decimals: u32, rounding: Rounding) -> Result<Wide, ArithmeticError> {
        let mut numerator = self.numerator;
        for _ in 0..decimals {
            numerator = numerator.mul(Wide::from(10))?;
        }
        numerator.div(self.denominator, rounding)
    }
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

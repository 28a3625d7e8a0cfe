//! Fixed-point numbers: an `i128` whose number of decimals is part of the type.

use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::text::{NumberTextError, format_scaled, parse_scaled};
use crate::{ArithmeticError, Rounding, mul_div};

/// A number with `D` decimals: the integer behind it is `value * 10^D` ("raw units").
///
/// There is no conversion from a float and no `*` or `/`; see [`Fixed::mul`], [`Fixed::div`] and
/// [`Fixed::mul_ratio`], which name their rounding.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Fixed<const D: u32>(i128);

impl<const D: u32> Fixed<D> {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// One whole unit, `10^D` raw.
    pub const ONE: Self = Self(10i128.pow(D));
    /// The largest value.
    pub const MAX: Self = Self(i128::MAX);
    /// The smallest value.
    pub const MIN: Self = Self(i128::MIN);
    /// Decimals of the type.
    pub const DECIMALS: u32 = D;

    /// The number whose raw integer is `raw`.
    #[must_use]
    pub const fn from_raw(raw: i128) -> Self {
        Self(raw)
    }

    /// The raw integer, `value * 10^D`.
    #[must_use]
    pub const fn raw(self) -> i128 {
        self.0
    }

    /// A whole number of units.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] when it does not fit.
    pub fn from_int(units: i128) -> Result<Self, ArithmeticError> {
        units
            .checked_mul(Self::ONE.0)
            .map(Self)
            .ok_or(ArithmeticError::Overflow)
    }

    /// `self + other`.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn add(self, other: Self) -> Result<Self, ArithmeticError> {
        self.0
            .checked_add(other.0)
            .map(Self)
            .ok_or(ArithmeticError::Overflow)
    }

    /// `self - other`.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn sub(self, other: Self) -> Result<Self, ArithmeticError> {
        self.0
            .checked_sub(other.0)
            .map(Self)
            .ok_or(ArithmeticError::Overflow)
    }

    /// `-self`.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] for the smallest value alone.
    pub fn neg(self) -> Result<Self, ArithmeticError> {
        self.0
            .checked_neg()
            .map(Self)
            .ok_or(ArithmeticError::Overflow)
    }

    /// The magnitude.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] for the smallest value alone.
    pub fn abs(self) -> Result<Self, ArithmeticError> {
        self.0
            .checked_abs()
            .map(Self)
            .ok_or(ArithmeticError::Overflow)
    }

    /// `self * factor`, both with `D` decimals, rounded as named.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn mul(self, factor: Self, rounding: Rounding) -> Result<Self, ArithmeticError> {
        mul_div(self.0, factor.0, Self::ONE.0, rounding).map(Self)
    }

    /// `self / divisor`, both with `D` decimals, rounded as named.
    ///
    /// # Errors
    /// [`ArithmeticError::DivisionByZero`], [`ArithmeticError::Overflow`].
    pub fn div(self, divisor: Self, rounding: Rounding) -> Result<Self, ArithmeticError> {
        mul_div(self.0, Self::ONE.0, divisor.0, rounding).map(Self)
    }

    /// `self * numerator / denominator`, formed exactly and rounded once.
    ///
    /// # Errors
    /// [`ArithmeticError::DivisionByZero`], [`ArithmeticError::Overflow`].
    pub fn mul_ratio(
        self,
        numerator: i128,
        denominator: i128,
        rounding: Rounding,
    ) -> Result<Self, ArithmeticError> {
        mul_div(self.0, numerator, denominator, rounding).map(Self)
    }

    /// The same number with `E` decimals. Exact when `E >= D`, else rounded as named.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn rescale<const E: u32>(self, rounding: Rounding) -> Result<Fixed<E>, ArithmeticError> {
        mul_div(self.0, Fixed::<E>::ONE.0, Self::ONE.0, rounding).map(Fixed)
    }

    /// Whether the number is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether the number is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether the number is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl<const D: u32> FromStr for Fixed<D> {
    type Err = NumberTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_scaled(text, D).map(Self)
    }
}

impl<const D: u32> fmt::Display for Fixed<D> {
    /// All decimals, whatever precision is asked for: `{:.2}` would have to round, and nothing is
    /// rounded without saying which way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        f.pad_integral(self.0 >= 0, "", &format_scaled(false, &digits, D))
    }
}

impl<const D: u32> fmt::Debug for Fixed<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

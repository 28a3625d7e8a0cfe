//! Signed 512-bit integers for predicates that must not divide.
//!
//! `thr * C * E <= ...` needs the product of three or four money-sized factors. A [`Wide`] holds
//! any product of up to four `i128`s exactly, so a decision can be taken on integers alone.

use std::cmp::Ordering;

use ruint::aliases::U512;

use crate::rounding::{raises, signed};
use crate::{ArithmeticError, Rounding};

/// A sign and a 512-bit magnitude. Zero is never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wide {
    negative: bool,
    magnitude: U512,
}

impl Wide {
    /// Zero.
    pub const ZERO: Self = Self {
        negative: false,
        magnitude: U512::ZERO,
    };

    /// `±magnitude`.
    #[must_use]
    pub fn new(negative: bool, magnitude: U512) -> Self {
        Self {
            negative: negative && !magnitude.is_zero(),
            magnitude,
        }
    }

    /// The product of all factors, exactly.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] beyond 512 bits; four `i128` factors always fit.
    pub fn product(factors: &[i128]) -> Result<Self, ArithmeticError> {
        factors
            .iter()
            .try_fold(Self::from(1), |acc, &f| acc.mul(f.into()))
    }

    /// Reads a signed decimal integer of up to 512 bits (a chain's `uint256` or `int256`).
    ///
    /// # Errors
    /// [`crate::NumberTextError`] when the text is not an integer or does not fit.
    pub fn parse(text: &str) -> Result<Self, crate::NumberTextError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(crate::NumberTextError::NotANumber(text.to_owned()));
        }
        let magnitude = U512::from_str_radix(digits, 10)
            .map_err(|_| crate::NumberTextError::TooLarge(text.to_owned()))?;
        Ok(Self::new(negative, magnitude))
    }

    /// Whether the value is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether the value is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.magnitude.is_zero()
    }

    /// The magnitude.
    #[must_use]
    pub fn abs(&self) -> Self {
        Self::new(false, self.magnitude)
    }

    /// `-self`.
    #[must_use]
    pub fn negate(&self) -> Self {
        Self::new(!self.negative, self.magnitude)
    }

    /// `self + other`.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] beyond 512 bits.
    pub fn add(self, other: Self) -> Result<Self, ArithmeticError> {
        if self.negative == other.negative {
            let sum = self.magnitude.checked_add(other.magnitude);
            return Ok(Self::new(
                self.negative,
                sum.ok_or(ArithmeticError::Overflow)?,
            ));
        }
        Ok(if self.magnitude >= other.magnitude {
            Self::new(self.negative, self.magnitude.wrapping_sub(other.magnitude))
        } else {
            Self::new(other.negative, other.magnitude.wrapping_sub(self.magnitude))
        })
    }

    /// `self - other`.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] beyond 512 bits.
    pub fn sub(self, other: Self) -> Result<Self, ArithmeticError> {
        self.add(other.negate())
    }

    /// `self * other`.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] beyond 512 bits.
    pub fn mul(self, other: Self) -> Result<Self, ArithmeticError> {
        let product = self.magnitude.checked_mul(other.magnitude);
        Ok(Self::new(
            self.negative != other.negative,
            product.ok_or(ArithmeticError::Overflow)?,
        ))
    }

    /// `self / divisor`, rounded as named.
    ///
    /// # Errors
    /// [`ArithmeticError::DivisionByZero`] when the divisor is zero.
    pub fn div(self, divisor: Self, rounding: Rounding) -> Result<Self, ArithmeticError> {
        if divisor.is_zero() {
            return Err(ArithmeticError::DivisionByZero);
        }
        let (quotient, remainder) = self.magnitude.div_rem(divisor.magnitude);
        let negative = self.negative != divisor.negative;
        let half = remainder.cmp(&divisor.magnitude.wrapping_sub(remainder));
        let raise = raises(
            rounding,
            negative,
            !remainder.is_zero(),
            quotient.bit(0),
            half,
        );
        let magnitude = if raise {
            quotient
                .checked_add(U512::from(1))
                .ok_or(ArithmeticError::Overflow)?
        } else {
            quotient
        };
        Ok(Self::new(negative, magnitude))
    }

    /// Greatest common divisor of the magnitudes.
    #[must_use]
    pub fn gcd(self, other: Self) -> Self {
        let (mut a, mut b) = (self.magnitude, other.magnitude);
        while !b.is_zero() {
            (a, b) = (b, a.reduce_mod(b));
        }
        Self::new(false, a)
    }

    /// The value as an `i128`.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] when it does not fit.
    pub fn to_i128(self) -> Result<i128, ArithmeticError> {
        let magnitude = u128::try_from(self.magnitude).map_err(|_| ArithmeticError::Overflow)?;
        signed(magnitude, self.negative)
    }
}

impl From<i128> for Wide {
    fn from(value: i128) -> Self {
        Self::new(value < 0, U512::from(value.unsigned_abs()))
    }
}

impl Ord for Wide {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
        }
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Display for Wide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        write!(f, "{}", self.magnitude)
    }
}

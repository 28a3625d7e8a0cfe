//! What a number measures, in the type.
//!
//! [`Price`] is quote per base; [`Quantity`] is base; [`Amount`] is quote money; [`Notional`] is
//! quote value of a position (a quantity at a price), kept apart from both the money that was
//! paid for it and the quantity; [`Rate`] is a fraction. Conversions between them go through
//! named functions only.

use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{ArithmeticError, Fixed, NumberTextError, Rounding, mul_div};

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default,
            BorshSerialize, BorshDeserialize,
        )]
        pub struct $name<const D: u32>(Fixed<D>);

        impl<const D: u32> $name<D> {
            /// Zero.
            pub const ZERO: Self = Self(Fixed::ZERO);
            /// One whole unit.
            pub const ONE: Self = Self(Fixed::ONE);
            /// The largest value.
            pub const MAX: Self = Self(Fixed::MAX);
            /// Decimals of the type.
            pub const DECIMALS: u32 = D;

            /// The value whose raw integer (value times `10^D`) is `raw`.
            #[must_use]
            pub const fn from_raw(raw: i128) -> Self {
                Self(Fixed::from_raw(raw))
            }

            /// The raw integer, value times `10^D`.
            #[must_use]
            pub const fn raw(self) -> i128 {
                self.0.raw()
            }

            /// The bare number, its kind forgotten.
            #[must_use]
            pub const fn fixed(self) -> Fixed<D> {
                self.0
            }

            /// Gives a bare number its kind.
            #[must_use]
            pub const fn of(value: Fixed<D>) -> Self {
                Self(value)
            }

            /// A whole number of units.
            ///
            /// # Errors
            /// [`ArithmeticError::Overflow`].
            pub fn from_int(units: i128) -> Result<Self, ArithmeticError> {
                Fixed::from_int(units).map(Self)
            }

            /// `self + other`.
            ///
            /// # Errors
            /// [`ArithmeticError::Overflow`].
            pub fn add(self, other: Self) -> Result<Self, ArithmeticError> {
                self.0.add(other.0).map(Self)
            }

            /// `self - other`.
            ///
            /// # Errors
            /// [`ArithmeticError::Overflow`].
            pub fn sub(self, other: Self) -> Result<Self, ArithmeticError> {
                self.0.sub(other.0).map(Self)
            }

            /// `-self`.
            ///
            /// # Errors
            /// [`ArithmeticError::Overflow`].
            pub fn neg(self) -> Result<Self, ArithmeticError> {
                self.0.neg().map(Self)
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
                self.0.mul_ratio(numerator, denominator, rounding).map(Self)
            }

            /// Whether the value is zero.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0.is_zero()
            }

            /// Whether the value is below zero.
            #[must_use]
            pub const fn is_negative(self) -> bool {
                self.0.is_negative()
            }

            /// Whether the value is above zero.
            #[must_use]
            pub const fn is_positive(self) -> bool {
                self.0.is_positive()
            }
        }

        impl<const D: u32> FromStr for $name<D> {
            type Err = NumberTextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl<const D: u32> fmt::Display for $name<D> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl<const D: u32> fmt::Debug for $name<D> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

kind!(
    /// Quote units per base unit.
    Price
);
kind!(
    /// Base units: coins, contracts.
    Quantity
);
kind!(
    /// Quote money: collateral, fees, profit and loss.
    Amount
);
kind!(
    /// Quote value of a position: quantity times a price.
    Notional
);
kind!(
    /// A dimensionless fraction: 0.01 is one percent.
    Rate
);

impl<const D: u32> Quantity<D> {
    /// The notional of this quantity at `price`, rounded as named.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn at<const P: u32, const N: u32>(
        self,
        price: Price<P>,
        rounding: Rounding,
    ) -> Result<Notional<N>, ArithmeticError> {
        let exact = crate::Wide::product(&[self.raw(), price.raw(), Fixed::<N>::ONE.raw()])?;
        let scale = crate::Wide::product(&[Fixed::<D>::ONE.raw(), Fixed::<P>::ONE.raw()])?;
        Ok(Notional::from_raw(exact.div(scale, rounding)?.to_i128()?))
    }
}

impl<const D: u32> Notional<D> {
    /// The quantity that is worth this notional at `price`, rounded as named.
    ///
    /// # Errors
    /// [`ArithmeticError::DivisionByZero`] for a zero price, [`ArithmeticError::Overflow`].
    pub fn quantity_at<const P: u32, const Q: u32>(
        self,
        price: Price<P>,
        rounding: Rounding,
    ) -> Result<Quantity<Q>, ArithmeticError> {
        let scale = [self.raw(), Fixed::<P>::ONE.raw(), Fixed::<Q>::ONE.raw()];
        let exact = crate::Wide::product(&scale)?;
        let divisor = crate::Wide::product(&[price.raw(), Fixed::<D>::ONE.raw()])?;
        Ok(Quantity::from_raw(exact.div(divisor, rounding)?.to_i128()?))
    }

    /// This notional times a rate, as money, rounded as named.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn times<const R: u32>(
        self,
        rate: Rate<R>,
        rounding: Rounding,
    ) -> Result<Amount<D>, ArithmeticError> {
        mul_div(self.raw(), rate.raw(), Fixed::<R>::ONE.raw(), rounding).map(Amount::from_raw)
    }
}

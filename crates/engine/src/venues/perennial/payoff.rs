//! What a product pays per unit, as a function of its oracle's price.
//!
//! The oracle's price goes through a curve and then, for a short product, is negated: everything
//! else in the venue sees only the result. Zero and negative results are meaningful.
//! Source: `UPayoffProvider`, `PayoffDefinition`; the curves are those of the venue's products
//! and tests.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::ArithmeticError;

use super::numbers::{ONE, PerUnit, div, mul, neg};

/// A product's payoff. Discriminants are part of journals: never reused.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    BorshSerialize,
    BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Payoff {
    /// `p`.
    #[default]
    Long = 0,
    /// `-p`.
    Short = 1,
    /// `p * p`.
    Square = 2,
    /// `-(p * p)`.
    ShortSquare = 3,
    /// `p * p / 1000`, the venue's own example product.
    Millisquare = 4,
    /// `1 / p`; zero where the price is zero.
    Inverse = 5,
    /// `-(1 / p)`; zero where the price is zero.
    ShortInverse = 6,
}

impl Payoff {
    /// Every payoff, in number order.
    pub const ALL: [Self; 7] = [
        Self::Long,
        Self::Short,
        Self::Square,
        Self::ShortSquare,
        Self::Millisquare,
        Self::Inverse,
        Self::ShortInverse,
    ];

    /// Its name, as in scenarios and vectors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
            Self::Square => "square",
            Self::ShortSquare => "short-square",
            Self::Millisquare => "millisquare",
            Self::Inverse => "inverse",
            Self::ShortInverse => "short-inverse",
        }
    }

    /// The payoff of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// What the product pays at the oracle's `price`; each product and quotient truncated toward
    /// zero.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn at(self, price: PerUnit) -> Result<PerUnit, ArithmeticError> {
        let p = price.raw();
        let raw = match self {
            Self::Long => p,
            Self::Short => neg(p)?,
            Self::Square => mul(p, p)?,
            Self::ShortSquare => neg(mul(p, p)?)?,
            Self::Millisquare => div(mul(p, p)?, THOUSAND)?,
            Self::Inverse => inverse(p)?,
            Self::ShortInverse => neg(inverse(p)?)?,
        };
        Ok(PerUnit::from_raw(raw))
    }
}

const THOUSAND: i128 = 1_000 * ONE;

fn inverse(price: i128) -> Result<i128, ArithmeticError> {
    if price == 0 { Ok(0) } else { div(ONE, price) }
}

#[cfg(test)]
mod tests {
    use super::Payoff;

    #[track_caller]
    fn check(name: &str, price: &str, expected: &str) {
        let payoff = Payoff::named(name).unwrap();
        assert_eq!(
            payoff.at(price.parse().unwrap()).unwrap().to_string(),
            expected
        );
    }

    #[test]
    fn payoffs_at_positive_zero_and_negative_prices() {
        check("long", "-3.5", "-3.5");
        check("short", "-3.5", "3.5");
        check("square", "-30", "900");
        check("short-square", "30", "-900");
        check("millisquare", "30", "0.9");
        check("millisquare", "0.000000001", "0");
        check("inverse", "0.004", "250");
        check("inverse", "3", "0.333333333333333333");
        check("inverse", "-3", "-0.333333333333333333");
        check("inverse", "0", "0");
        check("short-inverse", "0", "0");
        check("short-inverse", "4", "-0.25");
    }

    #[test]
    fn every_name_leads_back_to_its_payoff() {
        for payoff in Payoff::ALL {
            assert_eq!(Payoff::named(payoff.name()), Some(payoff));
        }
        assert_eq!(Payoff::named("sideways"), None);
    }
}

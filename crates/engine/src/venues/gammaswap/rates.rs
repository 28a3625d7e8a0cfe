//! The borrow rate by utilisation: both models, and what else generation B derives from them.
//!
//! Rates and utilisations are 1e18 = 100 %; the rate is per year. All divisions round down, in
//! favour of the borrower.
//! Source: `rates/LogDerivativeRateModel.sol`, `rates/LinearKinkedRateModel.sol` of the public
//! contracts.

use borsh::{BorshDeserialize, BorshSerialize};
use ruint::aliases::U256;

use super::word::{ONE, Word, add, div, fit, mul, product, sub, w};
use super::{Generation, Refusal};

/// How the borrow rate follows utilisation. Discriminants are part of journals: never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum RateModel {
    /// `min(base + factor * u^2 / (1 - u^2), max)`.
    LogDerivative {
        /// The rate near zero utilisation.
        base: u128,
        /// How steeply it grows.
        factor: u128,
        /// The most it can be.
        max_apy: u128,
    } = 0,
    /// Two straight lines that meet at the optimal utilisation.
    LinearKinked {
        /// The rate near zero utilisation.
        base: u128,
        /// Where the lines meet.
        optimal: u128,
        /// What the first line adds up to there.
        slope_1: u128,
        /// What the second line adds from there to full utilisation.
        slope_2: u128,
    } = 1,
}

/// The rate in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Lent of all liquidity, 1e18 = all.
    pub utilisation: u128,
    /// Per year, 1e18 = 100 %.
    pub rate: u128,
    /// How much leverage on the pair's fees is charged at most, in thousandths (B).
    pub leverage_e3: u128,
    /// What the pair's fees are multiplied by, 1e18 = 1 (B).
    pub spread: u128,
}

/// Lent of all liquidity, 1e18 = all, rounded down; zero when there is none.
///
/// # Errors
/// [`Refusal::Panic`] when a number does not fit.
pub fn utilisation(lp_invariant: U256, borrowed: U256) -> Result<u128, Refusal> {
    let total = add(lp_invariant, borrowed)?;
    if total.is_zero() {
        return Ok(0);
    }
    fit(div(mul(borrowed, w(ONE))?, total)?)
}

impl RateModel {
    /// The rate at the utilisation of `borrowed` beside `lp_invariant`.
    ///
    /// # Errors
    /// [`Refusal::Panic`] when a number does not fit.
    pub fn at(
        &self,
        generation: Generation,
        lp_invariant: u128,
        borrowed: u128,
    ) -> Result<Rate, Refusal> {
        let utilisation = utilisation(w(lp_invariant), w(borrowed))?;
        let rate = if utilisation == 0 {
            0
        } else {
            fit(self.rate(w(utilisation))?)?
        };
        let spread = match (self, generation) {
            (Self::LinearKinked { .. }, Generation::B) if utilisation > 0 => {
                fit(add(w(ONE), product(10, rate))?)?
            }
            _ => ONE,
        };
        Ok(Rate {
            utilisation,
            rate,
            leverage_e3: self.leverage_e3()?,
            spread,
        })
    }

    fn rate(&self, u: U256) -> Word {
        match *self {
            Self::LogDerivative {
                base,
                factor,
                max_apy,
            } => {
                let square = mul(u, u)?;
                // One more than the exact difference, so that full utilisation has a rate.
                let rest = add(sub(product(ONE, ONE), square)?, w(1))?;
                let variable = div(mul(w(factor), square)?, rest)?;
                Ok(add(w(base), variable)?.min(w(max_apy)))
            }
            Self::LinearKinked {
                base,
                optimal,
                slope_1,
                slope_2,
            } => {
                if u <= w(optimal) {
                    return add(w(base), div(mul(u, w(slope_1))?, w(optimal))?);
                }
                let beyond = sub(u, w(optimal))?;
                let second = div(mul(beyond, w(slope_2))?, sub(w(ONE), w(optimal))?)?;
                add(add(w(base), w(slope_1))?, second)
            }
        }
    }

    fn leverage_e3(&self) -> Result<u128, Refusal> {
        match *self {
            Self::LogDerivative { .. } => Ok(5000),
            Self::LinearKinked { optimal, .. } => {
                let leverage = div(product(ONE, 1000), sub(w(ONE), w(optimal))?)?;
                fit(leverage.min(w(100_000)))
            }
        }
    }

    /// Checks the bounds the contracts check.
    ///
    /// # Errors
    /// [`Refusal::BadConfig`].
    pub fn check(&self) -> Result<(), Refusal> {
        // The contracts keep them in 64 to 80 bits.
        let fits = |values: &[u128]| values.iter().all(|v| *v <= super::word::MAX_U80);
        match *self {
            Self::LogDerivative {
                base,
                factor,
                max_apy,
            } if !fits(&[base, factor, max_apy]) => {
                Err(Refusal::BadConfig("a rate is beyond 80 bits"))
            }
            Self::LinearKinked {
                base,
                slope_1,
                slope_2,
                ..
            } if !fits(&[base, slope_1, slope_2]) => {
                Err(Refusal::BadConfig("a rate is beyond 80 bits"))
            }
            Self::LinearKinked { optimal, .. } if optimal == 0 || optimal >= ONE => {
                Err(Refusal::BadConfig("optimal must be between 0 and 1e18"))
            }
            Self::LinearKinked {
                slope_1, slope_2, ..
            } if slope_2 < slope_1 => Err(Refusal::BadConfig("slope_2 must not be below slope_1")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::venues::gammaswap::Params;

    #[track_caller]
    fn check(params: &Params, expected: &Expect) {
        let mut table = String::new();
        for borrowed in [0u128, 1, 25, 50, 80, 81, 90, 99, 100] {
            let rate = params
                .rate
                .at(params.generation, (100 - borrowed) * ONE, borrowed * ONE)
                .unwrap();
            table.push_str(&format!(
                "{borrowed:>3}%  rate {:>18}  leverage {:>5}  spread {}\n",
                rate.rate, rate.leverage_e3, rate.spread
            ));
        }
        expected.assert_eq(&table);
    }

    #[test]
    fn the_rate_of_the_page() {
        check(
            &Params::page(),
            &expect![[r#"
              0%  rate                  0  leverage  5000  spread 1000000000000000000
              1%  rate  10004000400040004  leverage  5000  spread 1000000000000000000
             25%  rate  12666666666666666  leverage  5000  spread 1000000000000000000
             50%  rate  23333333333333333  leverage  5000  spread 1000000000000000000
             80%  rate  81111111111111111  leverage  5000  spread 1000000000000000000
             81%  rate  86312881651642919  leverage  5000  spread 1000000000000000000
             90%  rate 180526315789473684  leverage  5000  spread 1000000000000000000
             99%  rate 750000000000000000  leverage  5000  spread 1000000000000000000
            100%  rate 750000000000000000  leverage  5000  spread 1000000000000000000
        "#]],
        );
    }

    #[test]
    fn the_rate_of_v1_2() {
        check(
            &Params::v1_2(),
            &expect![[r#"
              0%  rate                  0  leverage  5000  spread 1000000000000000000
              1%  rate  10625000000000000  leverage  5000  spread 1106250000000000000
             25%  rate  25625000000000000  leverage  5000  spread 1256250000000000000
             50%  rate  41250000000000000  leverage  5000  spread 1412500000000000000
             80%  rate  60000000000000000  leverage  5000  spread 1600000000000000000
             81%  rate  97500000000000000  leverage  5000  spread 1975000000000000000
             90%  rate 435000000000000000  leverage  5000  spread 5350000000000000000
             99%  rate 772500000000000000  leverage  5000  spread 8725000000000000000
            100%  rate 810000000000000000  leverage  5000  spread 9100000000000000000
        "#]],
        );
    }

    #[test]
    fn an_empty_pool_has_no_utilisation() {
        assert_eq!(utilisation(w(0), w(0)), Ok(0));
        assert_eq!(utilisation(w(0), w(7)), Ok(ONE));
        assert_eq!(utilisation(w(u128::MAX), w(u128::MAX)), Ok(ONE / 2));
    }
}

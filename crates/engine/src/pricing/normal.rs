//! The standard normal distribution, accurate to a few units in the last place in both tails.
//!
//! `N(x) = erfc(-x / sqrt 2) / 2`. Far out on the left the relative error grows like `x^2` times
//! the rounding of the argument, about 2e-13 at `x = -38`, where `N` is about to underflow.

use std::f64::consts::FRAC_1_SQRT_2;

/// `1 / sqrt(2 pi)`.
const INV_SQRT_2_PI: f64 = 0.398_942_280_401_432_7;

/// The probability below `x`.
#[must_use]
pub fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// The density at `x`.
#[must_use]
pub fn pdf(x: f64) -> f64 {
    INV_SQRT_2_PI * libm::exp(-0.5 * x * x)
}

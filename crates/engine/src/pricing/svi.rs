//! Raw SVI: total implied variance of one expiry as a function of log-moneyness.
//!
//! `w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))`, with `k = ln(strike / forward)` and
//! volatility `sqrt(w / T)` (J. Gatheral, "A parsimonious arbitrage-free implied volatility
//! parameterization", 2004). This is how the venue's price provider publishes its surfaces.
//!
//! A slice is free of butterfly arbitrage when the density that its prices imply is nowhere
//! negative: `g(k) = (1 - k w' / 2w)^2 - w'^2 / 4 (1/w + 1/4) + w'' / 2 >= 0`, and its wings do not
//! rise faster than `2|k|` (J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces",
//! 2014). Between two expiries there is no calendar arbitrage when the later total variance is
//! nowhere below the earlier one.

use super::{Given, PricingError, within};

/// Points on either side of its bend at which a slice is examined for arbitrage.
const SAMPLES: i32 = 200;
/// How far out, in log-moneyness, the examination reaches: strikes a hundredfold from the forward.
const REACH: f64 = 4.605_170_185_988_092;
/// A density that is negative by less than this is rounding.
const ROUNDING: f64 = 1e-9;

/// How prices contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Arbitrage {
    /// A butterfly of options around a strike costs less than nothing.
    #[error("negative density {density} at log-moneyness {log_strike}: butterflies pay")]
    Butterfly {
        /// Where: logarithm of strike over forward.
        log_strike: Given,
        /// Gatheral's function of the density; between quotes, the butterfly's price as a share
        /// of the forward.
        density: Given,
    },
    /// A wing rises so fast that far strikes are worth more than near ones.
    #[error("a wing's slope is {slope}: at most 2 is free of arbitrage")]
    Wing {
        /// The slope of total variance.
        slope: Given,
    },
    /// A later expiry has less total variance than an earlier one.
    #[error(
        "total variance falls from {earlier} to {later} at log-moneyness {log_strike}: calendars pay"
    )]
    Calendar {
        /// Where: logarithm of strike over forward.
        log_strike: Given,
        /// Total variance at the earlier expiry.
        earlier: Given,
        /// Total variance at the later expiry.
        later: Given,
    },
}

/// A checked slice: total variance is nowhere negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawSvi {
    a: f64,
    b: f64,
    rho: f64,
    m: f64,
    sigma: f64,
}

impl RawSvi {
    /// A slice.
    ///
    /// # Errors
    /// [`PricingError::Input`] names the parameter: `b` below zero, `rho` not between -1 and 1,
    /// `sigma` not above zero, or `a` so low that the smallest variance is negative.
    pub fn new([a, b, rho, m, sigma]: [f64; 5]) -> Result<Self, PricingError> {
        let slice = Self {
            a: within("SVI's a", a, -100.0..=100.0, "a number from -100 to 100")?,
            b: within("SVI's b", b, 0.0..=100.0, "a number from 0 to 100")?,
            rho: within(
                "SVI's rho",
                rho,
                OPEN_LEAST..=OPEN_MOST,
                "above -1 and below 1",
            )?,
            m: within("SVI's m", m, -10.0..=10.0, "a number from -10 to 10")?,
            sigma: within("SVI's sigma", sigma, 1e-9..=100.0, "from 1e-9 to 100")?,
        };
        let least = slice.least_variance();
        within(
            "SVI's least variance",
            least,
            0.0..=f64::MAX,
            "zero or more",
        )?;
        Ok(slice)
    }

    /// The parameters `a`, `b`, `rho`, `m` and `sigma`.
    #[must_use]
    pub fn parameters(&self) -> [f64; 5] {
        [self.a, self.b, self.rho, self.m, self.sigma]
    }

    /// The smallest total variance, at any strike.
    #[must_use]
    pub fn least_variance(&self) -> f64 {
        self.a + self.b * self.sigma * (1.0 - self.rho * self.rho).sqrt()
    }

    /// Total variance at log-moneyness `k`.
    #[must_use]
    pub fn total_variance(&self, k: f64) -> f64 {
        let x = k - self.m;
        let root = (x * x + self.sigma * self.sigma).sqrt();
        // A hair below zero can only be rounding.
        (self.a + self.b * (self.rho * x + root)).max(0.0)
    }

    /// Volatility at log-moneyness `k`, `years` before expiry.
    ///
    /// # Errors
    /// [`PricingError::Input`] for a time that is not above zero, or a moneyness that is not a
    /// number, or so far out that the volatility is none.
    pub fn vol(&self, k: f64, years: f64) -> Result<f64, PricingError> {
        vol_of(self.total_variance(k), years)
    }

    /// Gatheral's function, which has the sign of the density; infinite where variance is zero.
    #[must_use]
    pub fn density(&self, k: f64) -> f64 {
        let x = k - self.m;
        let root = (x * x + self.sigma * self.sigma).sqrt();
        let w = self.total_variance(k);
        let slope = self.b * (self.rho + x / root);
        let bend = self.b * self.sigma * self.sigma / (root * root * root);
        let first = 1.0 - k * slope / (2.0 * w);
        first * first - slope * slope / 4.0 * (1.0 / w + 0.25) + bend / 2.0
    }

    /// Whether the slice implies a density at all: no butterfly of options has a negative price.
    ///
    /// Examined at 401 strikes out to a hundredfold either way, closest where the slice bends, and
    /// by the slopes of the wings.
    ///
    /// # Errors
    /// [`Arbitrage::Butterfly`] with the log-moneyness where the density is negative, or
    /// [`Arbitrage::Wing`] with the slope.
    pub fn check_butterfly(&self) -> Result<(), Arbitrage> {
        for slope in [self.b * (1.0 - self.rho), self.b * (1.0 + self.rho)] {
            if slope > 2.0 {
                let slope = Given::of(slope);
                return Err(Arbitrage::Wing { slope });
            }
        }
        for k in self.samples() {
            let density = self.density(k);
            // Not a number where variance and slope are both zero: nothing moves there.
            if density < -ROUNDING {
                let (log_strike, density) = (Given::of(k), Given::of(density));
                return Err(Arbitrage::Butterfly {
                    log_strike,
                    density,
                });
            }
        }
        Ok(())
    }

    /// Log-moneynesses to examine, closest around the slice's bend, on the scale of its width.
    fn samples(&self) -> impl Iterator<Item = f64> + use<> {
        let (m, sigma) = (self.m, self.sigma);
        let outermost = libm::asinh((REACH + m.abs()) / sigma);
        (-SAMPLES..=SAMPLES).map(move |step| {
            m + sigma * libm::sinh(outermost * f64::from(step) / f64::from(SAMPLES))
        })
    }
}

/// The largest float below one, and its negative: `rho` is strictly between -1 and 1.
const OPEN_MOST: f64 = 1.0 - f64::EPSILON / 2.0;
const OPEN_LEAST: f64 = -OPEN_MOST;

/// The volatility whose total variance over `years` is `variance`.
pub(super) fn vol_of(variance: f64, years: f64) -> Result<f64, PricingError> {
    let years = within("the time to expiry", years, 1e-9..=100.0, "above zero")?;
    let vol = (variance / years).sqrt();
    within("the surface's volatility", vol, 0.0..=100.0, "at most 100")
}

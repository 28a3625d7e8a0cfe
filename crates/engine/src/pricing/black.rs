//! European options: Black's formula on a forward, and its two users.
//!
//! [`Black76`] prices on a forward that is held fixed (its delta, gamma and rho are with respect to
//! the forward and at a fixed forward); [`BlackScholes`] prices on a spot whose forward grows with
//! the rate less the yield. A put is priced by its own formula, not by parity with the call: the
//! difference of two large numbers would leave nothing of a small price.
//!
//! Edges: no time left or no volatility gives the intrinsic value. There the curve has a corner at
//! the strike, and right on it delta is half a unit and gamma and theta are reported as zero.
//!
//! Invariants: a price is never negative and never more than the discounted forward (call) or
//! strike (put); every result is finite. Greeks are derivatives: delta and gamma per unit of the
//! underlying, vega per 1.0 of volatility, theta per year of calendar time passing, rho per 1.0 of
//! the rate.

use super::{PricingError, normal, within};

/// Call or put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptionKind {
    /// The right to buy.
    Call,
    /// The right to sell.
    Put,
}

impl OptionKind {
    /// 1 for a call, -1 for a put.
    fn sign(self) -> f64 {
        match self {
            Self::Call => 1.0,
            Self::Put => -1.0,
        }
    }
}

/// Smallest and largest spot, forward and strike that are priced.
pub const PRICES: std::ops::RangeInclusive<f64> = 1e-12..=1e12;
/// Volatilities that are priced: up to 10,000 % a year.
pub const VOLATILITIES: std::ops::RangeInclusive<f64> = 0.0..=100.0;
/// Times to expiry that are priced, in years; zero is an option at its expiry.
pub const YEARS: std::ops::RangeInclusive<f64> = 0.0..=100.0;
/// Rates that are discounted with.
pub const RATES: std::ops::RangeInclusive<f64> = -1.0..=1.0;

const PRICE_RULE: &str = "a number from 1e-12 to 1e12";
const VOL_RULE: &str = "a number from 0 to 100";
const YEARS_RULE: &str = "a number of years from 0 to 100";
const RATE_RULE: &str = "a number from -1 to 1";

/// A price and its derivatives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Greeks {
    /// The price of one contract.
    pub price: f64,
    /// Per unit of the underlying.
    pub delta: f64,
    /// Change of delta per unit of the underlying.
    pub gamma: f64,
    /// Per 1.0 of volatility.
    pub vega: f64,
    /// Per year passing.
    pub theta: f64,
    /// Per 1.0 of the rate.
    pub rho: f64,
}

/// An option on a forward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Black76 {
    kind: OptionKind,
    forward: f64,
    strike: f64,
    vol: f64,
    years: f64,
    rate: f64,
}

impl Black76 {
    /// An option on `forward`; the price is discounted at `rate` from expiry to now.
    ///
    /// # Errors
    /// [`PricingError::Input`] names the first input outside [`PRICES`], [`VOLATILITIES`],
    /// [`YEARS`] or [`RATES`], or not a number.
    pub fn new(
        kind: OptionKind,
        forward: f64,
        strike: f64,
        vol: f64,
        years: f64,
        rate: f64,
    ) -> Result<Self, PricingError> {
        Ok(Self {
            kind,
            forward: within("the forward", forward, PRICES, PRICE_RULE)?,
            strike: within("the strike", strike, PRICES, PRICE_RULE)?,
            vol: within("the volatility", vol, VOLATILITIES, VOL_RULE)?,
            years: within("the time to expiry", years, YEARS, YEARS_RULE)?,
            rate: within("the rate", rate, RATES, RATE_RULE)?,
        })
    }

    /// The price.
    #[must_use]
    pub fn price(&self) -> f64 {
        let value = undiscounted(self.kind, self.forward, self.strike, self.deviation());
        self.discount() * value
    }

    /// The price and its derivatives at a fixed forward.
    #[must_use]
    pub fn greeks(&self) -> Greeks {
        let (discount, parts) = (self.discount(), self.parts());
        let price = discount * parts.value;
        // The price falls with time by what its volatility earns, and grows by its discount.
        let theta = self.rate * price - discount * parts.decay;
        Greeks {
            price,
            delta: discount * parts.delta,
            gamma: discount * parts.gamma,
            vega: discount * parts.vega,
            theta,
            rho: -self.years * price,
        }
    }

    fn discount(&self) -> f64 {
        libm::exp(-self.rate * self.years)
    }

    /// Standard deviation of the logarithm of the price at expiry.
    fn deviation(&self) -> f64 {
        self.vol * self.years.sqrt()
    }

    fn parts(&self) -> Parts {
        let (deviation, sign) = (self.deviation(), self.kind.sign());
        let value = undiscounted(self.kind, self.forward, self.strike, deviation);
        if deviation <= 0.0 {
            return self.corner(value);
        }
        let (d1, _) = d1_d2(log_ratio(self.forward, self.strike), deviation);
        let density = normal::pdf(d1);
        let vega = self.forward * density * self.years.sqrt();
        Parts {
            value,
            delta: sign * normal::cdf(sign * d1),
            gamma: density / (self.forward * deviation),
            vega,
            decay: vega * self.vol / (2.0 * self.years),
        }
    }

    /// Derivatives where nothing is uncertain any more.
    fn corner(&self, value: f64) -> Parts {
        let sign = self.kind.sign();
        let at_the_strike = self.forward == self.strike;
        let in_the_money = sign * (self.forward - self.strike) > 0.0;
        let delta = match (at_the_strike, in_the_money) {
            (true, _) => sign * 0.5,
            (false, true) => sign,
            (false, false) => 0.0,
        };
        let vega = if at_the_strike {
            self.forward * normal::pdf(0.0) * self.years.sqrt()
        } else {
            0.0
        };
        Parts {
            value,
            delta,
            gamma: 0.0,
            vega,
            decay: 0.0,
        }
    }
}

/// Undiscounted value and derivatives with respect to the forward.
struct Parts {
    value: f64,
    delta: f64,
    gamma: f64,
    vega: f64,
    /// What is lost per year passing.
    decay: f64,
}

/// An option on a spot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlackScholes {
    on_forward: Black76,
    spot: f64,
    rate: f64,
    yield_rate: f64,
}

impl BlackScholes {
    /// An option on `spot`, which pays `yield_rate` a year to its holder.
    ///
    /// # Errors
    /// As [`Black76::new`], for the spot, the yield and the forward they give too.
    pub fn new(
        kind: OptionKind,
        spot: f64,
        strike: f64,
        vol: f64,
        years: f64,
        (rate, yield_rate): (f64, f64),
    ) -> Result<Self, PricingError> {
        let spot = within("the spot", spot, PRICES, PRICE_RULE)?;
        let yield_rate = within("the yield", yield_rate, RATES, RATE_RULE)?;
        let carried = within("the time to expiry", years, YEARS, YEARS_RULE)?;
        let rate = within("the rate", rate, RATES, RATE_RULE)?;
        let forward = spot * libm::exp((rate - yield_rate) * carried);
        Ok(Self {
            on_forward: Black76::new(kind, forward, strike, vol, years, rate)?,
            spot,
            rate,
            yield_rate,
        })
    }

    /// The price.
    #[must_use]
    pub fn price(&self) -> f64 {
        self.on_forward.price()
    }

    /// The price and its derivatives; the forward moves with spot, time and rate.
    #[must_use]
    pub fn greeks(&self) -> Greeks {
        let option = &self.on_forward;
        let fixed = option.greeks();
        let carry = option.forward / self.spot;
        // As time passes at a given spot the forward falls at the rate of carry.
        let drift = (self.rate - self.yield_rate) * option.forward * fixed.delta;
        Greeks {
            price: fixed.price,
            delta: fixed.delta * carry,
            gamma: fixed.gamma * carry * carry,
            vega: fixed.vega,
            theta: fixed.theta - drift,
            rho: fixed.rho + option.years * option.forward * fixed.delta,
        }
    }
}

/// Black's formula without discounting: `max(F N(d1) - K N(d2), 0)` for a call, and
/// `max(K N(-d2) - F N(-d1), 0)` for a put; the intrinsic value when `deviation` is zero.
///
/// Inputs are those of a checked option, or of a scenario of one: positive, finite.
pub(super) fn undiscounted(kind: OptionKind, forward: f64, strike: f64, deviation: f64) -> f64 {
    undiscounted_at(kind, forward, strike, log_ratio(forward, strike), deviation)
}

/// The same, with the logarithm of forward over strike known already.
pub(super) fn undiscounted_at(
    kind: OptionKind,
    forward: f64,
    strike: f64,
    log_moneyness: f64,
    deviation: f64,
) -> f64 {
    if deviation <= 0.0 {
        return (kind.sign() * (forward - strike)).max(0.0);
    }
    let (d1, d2) = d1_d2(log_moneyness, deviation);
    let value = match kind {
        OptionKind::Call => forward * normal::cdf(d1) - strike * normal::cdf(d2),
        OptionKind::Put => strike * normal::cdf(-d2) - forward * normal::cdf(-d1),
    };
    // The difference may round to a hair under zero far out.
    value.max(0.0)
}

fn d1_d2(log_moneyness: f64, deviation: f64) -> (f64, f64) {
    let center = log_moneyness / deviation;
    let half = 0.5 * deviation;
    (center + half, center - half)
}

/// `ln(forward / strike)`. Near one the quotient would lose what the logarithm is about, so there
/// the difference is taken first, which is exact when the two are within a factor of two.
pub(super) fn log_ratio(forward: f64, strike: f64) -> f64 {
    let excess = (forward - strike) / strike;
    if (-0.25..=0.25).contains(&excess) {
        libm::log1p(excess)
    } else {
        libm::log(forward / strike)
    }
}

//! Implied volatility: the volatility at which Black's formula gives a price.
//!
//! A bracketed search on this room's own formula: Newton steps while they stay inside the bracket,
//! halvings when not, a bounded number of them. It is here, and not a crate's, because the crate
//! that does this best (`implied-vol`, after P. Jaeckel's "Let's be rational") computes with the
//! platform's `exp` and `ln`: its results may differ in the last digit between machines. It is
//! what this search is tested against.

use super::black::{PRICES, YEARS, log_ratio, undiscounted, undiscounted_at};
use super::{Given, OptionKind, PricingError, normal, within};

/// Volatilities beyond this are not looked for.
const MOST: f64 = 100.0;
/// Steps: halving alone reaches the last bit in fewer.
const STEPS: usize = 200;

/// The volatility of an option on a forward that is worth `price`, discounting left out.
///
/// Always found on the side of the forward where the option is out of the money, from the time
/// value alone: deep in the money the price is nearly all intrinsic and its digits say little.
///
/// # Errors
/// [`PricingError::Input`]: an input is not a number or out of range, no time is left, or the price
/// is not between the intrinsic value and its upper bound, so that no volatility gives it.
pub fn vol(
    kind: OptionKind,
    price: f64,
    forward: f64,
    strike: f64,
    years: f64,
) -> Result<f64, PricingError> {
    let forward = within("the forward", forward, PRICES, "a price above zero")?;
    let strike = within("the strike", strike, PRICES, "a price above zero")?;
    let years = within(
        "the time to expiry",
        years,
        1e-9..=*YEARS.end(),
        "above zero",
    )?;
    let intrinsic = undiscounted(kind, forward, strike, 0.0);
    let time_value = price - intrinsic;
    // What an option out of the money can be worth at most.
    let most = forward.min(strike);
    if !(time_value > 0.0 && time_value < most) {
        return Err(PricingError::Input {
            what: "the option's time value",
            given: Given::of(time_value),
            must: "above zero and below both forward and strike",
        });
    }
    let kind = if forward < strike {
        OptionKind::Call
    } else {
        OptionKind::Put
    };
    let deviation = deviation(kind, time_value, forward, strike);
    within(
        "the implied volatility",
        deviation / years.sqrt(),
        0.0..=MOST,
        "at most 100",
    )
}

/// The standard deviation at which an option out of the money is worth `target`.
fn deviation(kind: OptionKind, target: f64, forward: f64, strike: f64) -> f64 {
    let k = log_ratio(forward, strike);
    let (mut low, mut high) = (0.0, 60.0);
    // Where vega is largest: from there Newton's steps come from the right side.
    let mut at = (2.0 * k.abs()).sqrt().max(1e-3);
    for _ in 0..STEPS {
        let price = undiscounted_at(kind, forward, strike, k, at);
        if price < target {
            low = at;
        } else {
            high = at;
        }
        let vega = forward * normal::pdf(k / at + 0.5 * at);
        // While they are far apart, on the prices' logarithms: far out in the tail a price falls
        // by orders of magnitude, and straight steps would be many.
        let ratio = target / price;
        let step = if price > 0.0 && !(0.5..=2.0).contains(&ratio) {
            libm::log(ratio) * price / vega
        } else {
            (target - price) / vega
        };
        let next = at + step;
        let next = if next > low && next < high {
            next
        } else {
            low + (high - low) * 0.5
        };
        if next == at || next == low && high - low <= f64::EPSILON * high {
            break;
        }
        at = next;
    }
    at
}

//! A volatility surface: smiles at several expiries, and what is between them.
//!
//! A smile is raw SVI or, where no such curve fits, the quoted points themselves. Between two
//! expiries total variance is linear in time at the same log-moneyness, which keeps a surface
//! without calendar arbitrage free of it; the forward grows at a constant rate. Before the first
//! expiry volatility is the first smile's; beyond the last there is nothing to go by, and an
//! expiry there is refused. Between quoted points total variance is linear in log-moneyness, and
//! volatility is flat beyond the outermost.
//!
//! A surface that can be arbitraged is refused with what is wrong, at which expiry and strike:
//! negative density (butterflies), or a later total variance below an earlier one (calendars).
//! Quotes are rounded, to a ten-thousandth of the underlying where most options are traded, so a
//! butterfly of quoted points or a calendar must pay more than that to count; curves have no such
//! excuse between their strikes. The calendar test covers strikes within five standard deviations
//! of the earlier expiry: beyond them its options are worth less than a millionth of the forward.

use plimsoll_units::Timestamp;

use super::svi::{Arbitrage, RawSvi, vol_of};
use super::{Given, OptionKind, PricingError, black, door, within};

/// Expiries a surface may have.
pub const MAX_SLICES: usize = 256;
/// Points a smile may have.
pub const MAX_POINTS: usize = 1_024;
/// Standard deviations of the earlier expiry that the calendar test covers.
const CALENDAR_REACH: f64 = 5.0;
/// Points of the calendar test on either side of the forward.
const CALENDAR_SAMPLES: i32 = 100;
/// What an arbitrage of quotes must pay more than, as a share of the forward.
const TICK: f64 = 1e-4;

/// Volatility by strike at one expiry.
#[derive(Debug, Clone, PartialEq)]
pub enum Smile {
    /// A curve.
    Svi(RawSvi),
    /// Quotes, lowest strike first.
    Points(Points),
}

/// Quoted points of a smile: log-moneyness and total variance, strictly ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct Points(Vec<(f64, f64)>);

impl Points {
    /// From log-moneynesses and volatilities, in ascending order of strike.
    ///
    /// # Errors
    /// [`PricingError::Input`] when there is none, or too many, or they do not ascend, or a
    /// volatility is not above zero.
    pub fn new(quotes: &[(f64, f64)], years: f64) -> Result<Self, PricingError> {
        let years = within("the time to expiry", years, 1e-9..=100.0, "above zero")?;
        at_most(
            "the number of quotes",
            quotes.len(),
            MAX_POINTS,
            "1 to 1024",
        )?;
        let mut points = Vec::with_capacity(quotes.len());
        let mut last = -20.0;
        for (k, vol) in quotes {
            let vol = within(
                "a quoted volatility",
                *vol,
                1e-6..=100.0,
                "above zero, to 100",
            )?;
            let k = within("a quoted log-moneyness", *k, -20.0..=20.0, "from -20 to 20")?;
            if k <= last {
                let (what, given, must) = ("a quoted log-moneyness", Given::of(k), "ascending");
                return Err(PricingError::Input { what, given, must });
            }
            last = k;
            points.push((k, vol * vol * years));
        }
        Ok(Self(points))
    }

    /// The points: log-moneyness and total variance.
    #[must_use]
    pub fn points(&self) -> &[(f64, f64)] {
        &self.0
    }

    fn total_variance(&self, k: f64) -> f64 {
        let above = self.0.partition_point(|(at, _)| *at < k);
        let right = self.0.get(above);
        let left = above.checked_sub(1).and_then(|at| self.0.get(at));
        match (left, right) {
            (Some((left, low)), Some((right, high))) => {
                low + (high - low) * ((k - left) / (right - left))
            }
            (Some((_, w)), None) | (None, Some((_, w))) => *w,
            (None, None) => 0.0,
        }
    }

    /// Whether the calls' prices at the points are convex in the strike.
    fn check_butterfly(&self) -> Result<(), Arbitrage> {
        match self.worst_butterfly() {
            Some((_, k, pays)) if pays > TICK => Err(Arbitrage::Butterfly {
                log_strike: Given::of(k),
                density: Given::of(-pays),
            }),
            _ => Ok(()),
        }
    }

    /// The butterfly that pays most, as a share of the forward: place and log-moneyness of its
    /// middle. None with fewer than three points.
    fn worst_butterfly(&self) -> Option<(usize, f64, f64)> {
        // On a forward of one: strike, and the call's price.
        let call = |(k, w): &(f64, f64)| {
            let strike = libm::exp(*k);
            let price = black::undiscounted(OptionKind::Call, 1.0, strike, w.sqrt());
            (strike, price)
        };
        let calls: Vec<(f64, f64)> = self.0.iter().map(call).collect();
        let mut worst: Option<(usize, f64, f64)> = None;
        for (at, (three, (k, _))) in calls.windows(3).zip(self.0.iter().skip(1)).enumerate() {
            let [(low, first), (middle, second), (high, third)] = three else {
                continue;
            };
            let share = (middle - low) / (high - low);
            let pays = second - (first + (third - first) * share);
            if worst.is_none_or(|(_, _, most)| pays > most) {
                worst = Some((at.saturating_add(1), *k, pays));
            }
        }
        worst
    }

    /// The higher of two smiles' total variances, as points out to where the test of calendars
    /// reaches.
    pub(super) fn higher_of(near: &Smile, far: &Smile) -> Self {
        let higher = |k: f64| (k, near.total_variance(k).max(far.total_variance(k)));
        let wider = if near.total_variance(0.0) > far.total_variance(0.0) {
            near
        } else {
            far
        };
        Self(calendar_samples(wider).map(higher).collect())
    }

    /// Leaves out quotes that contradict their neighbours, the worst first, until no butterfly of
    /// the others pays. Returns how many were left out.
    pub(super) fn leave_out_arbitrage(&mut self) -> usize {
        let before = self.0.len();
        while let Some((at, _, pays)) = self.worst_butterfly() {
            if pays <= TICK {
                break;
            }
            self.0.remove(at);
        }
        before.saturating_sub(self.0.len())
    }
}

impl Smile {
    /// Total variance at log-moneyness `k`.
    #[must_use]
    pub fn total_variance(&self, k: f64) -> f64 {
        match self {
            Self::Svi(svi) => svi.total_variance(k),
            Self::Points(points) => points.total_variance(k),
        }
    }
}

/// The smile of one expiry.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// When its options expire.
    pub expiry: Timestamp,
    /// Their forward.
    pub forward: f64,
    /// Their volatility.
    pub smile: Smile,
}

/// Smiles at several expiries, as of one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    as_of: Timestamp,
    slices: Vec<Slice>,
}

impl Surface {
    /// A surface of slices, earliest expiry first.
    ///
    /// # Errors
    /// [`PricingError`]: no slice, too many, expiries that do not ascend or have passed, a forward
    /// out of range, or [`PricingError::Arbitrage`], which names the expiry.
    pub fn new(as_of: Timestamp, slices: Vec<Slice>) -> Result<Self, PricingError> {
        at_most(
            "the number of expiries",
            slices.len(),
            MAX_SLICES,
            "1 to 256",
        )?;
        let mut last = as_of;
        for slice in &slices {
            if slice.expiry <= last {
                let (what, given) = ("an expiry", Given::of(years(as_of, slice.expiry)));
                let must = "later than the surface and the expiry before it";
                return Err(PricingError::Input { what, given, must });
            }
            last = slice.expiry;
            within(
                "a forward",
                slice.forward,
                black::PRICES,
                "a price above zero",
            )?;
            check_butterfly(&slice.smile).map_err(|why| refused(slice.expiry, why))?;
        }
        for pair in slices.windows(2) {
            if let [near, far] = pair {
                check_calendar(&near.smile, &far.smile).map_err(|why| refused(far.expiry, why))?;
            }
        }
        Ok(Self { as_of, slices })
    }

    /// When it was quoted.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The slices, earliest expiry first.
    #[must_use]
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The forward at `expiry`: the rate of growth is constant between two slices, and between
    /// now and the first is that between the first two.
    ///
    /// # Errors
    /// [`PricingError::Input`] for an expiry that has passed or is beyond the last slice.
    pub fn forward(&self, expiry: Timestamp) -> Result<f64, PricingError> {
        Ok(match self.around(expiry)? {
            Around::Before(first) => first.forward,
            Around::Between(near, far, share) => {
                let growth = black::log_ratio(far.forward, near.forward);
                near.forward * libm::exp(growth * share)
            }
        })
    }

    /// Volatility at a log-moneyness to the forward of `expiry`.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn vol_at(&self, k: f64, expiry: Timestamp) -> Result<f64, PricingError> {
        within("the log-moneyness", k, -20.0..=20.0, "from -20 to 20")?;
        match self.around(expiry)? {
            Around::Before(first) => vol_of(
                first.smile.total_variance(k),
                years(self.as_of, first.expiry),
            ),
            Around::Between(near, far, share) => {
                let (low, high) = (near.smile.total_variance(k), far.smile.total_variance(k));
                vol_of(low + (high - low) * share, years(self.as_of, expiry))
            }
        }
    }

    /// Volatility of a strike.
    ///
    /// # Errors
    /// As [`Self::forward`], and for a strike out of range.
    pub fn vol(&self, strike: f64, expiry: Timestamp) -> Result<f64, PricingError> {
        let strike = within("the strike", strike, black::PRICES, "a price above zero")?;
        self.vol_at(black::log_ratio(strike, self.forward(expiry)?), expiry)
    }

    fn around(&self, expiry: Timestamp) -> Result<Around<'_>, PricingError> {
        let refuse = || PricingError::Input {
            what: "the years to the expiry",
            given: Given::of(years(self.as_of, expiry)),
            must: "after the surface's time and not beyond its last expiry",
        };
        if expiry <= self.as_of {
            return Err(refuse());
        }
        let at = self.slices.partition_point(|slice| slice.expiry < expiry);
        let far = self.slices.get(at).ok_or_else(refuse)?;
        let Some(near) = at.checked_sub(1).and_then(|at| self.slices.get(at)) else {
            return Ok(Around::Before(far));
        };
        let share = years(near.expiry, expiry) / years(near.expiry, far.expiry);
        Ok(Around::Between(near, far, share))
    }
}

/// Where an expiry is among the slices.
enum Around<'a> {
    Before(&'a Slice),
    /// After the first and at or before the second, by so much of the time between them.
    Between(&'a Slice, &'a Slice, f64),
}

/// Refuses none, and more than `most`.
#[allow(clippy::cast_precision_loss)]
fn at_most(
    what: &'static str,
    count: usize,
    most: usize,
    must: &'static str,
) -> Result<(), PricingError> {
    within(what, count as f64, 1.0..=most as f64, must).map(|_| ())
}

fn years(from: Timestamp, to: Timestamp) -> f64 {
    door::years(to.millis().saturating_sub(from.millis()))
}

fn refused(expiry: Timestamp, why: Arbitrage) -> PricingError {
    PricingError::Arbitrage { expiry, why }
}

fn check_butterfly(smile: &Smile) -> Result<(), Arbitrage> {
    match smile {
        Smile::Svi(svi) => svi.check_butterfly(),
        Smile::Points(points) => points.check_butterfly(),
    }
}

/// Whether the later smile's total variance is nowhere below the earlier one's, but for what
/// rounding explains.
pub(super) fn check_calendar(near: &Smile, far: &Smile) -> Result<(), Arbitrage> {
    for k in calendar_samples(near) {
        let (earlier, later) = (near.total_variance(k), far.total_variance(k));
        if later >= earlier {
            continue;
        }
        // The option out of the money, on a forward of one.
        let kind = if k < 0.0 {
            OptionKind::Put
        } else {
            OptionKind::Call
        };
        let price = |w: f64| black::undiscounted(kind, 1.0, libm::exp(k), w.sqrt());
        if price(earlier) - price(later) > TICK {
            return Err(Arbitrage::Calendar {
                log_strike: Given::of(k),
                earlier: Given::of(earlier),
                later: Given::of(later),
            });
        }
    }
    Ok(())
}

fn calendar_samples(near: &Smile) -> impl Iterator<Item = f64> + use<> {
    let reach = CALENDAR_REACH * near.total_variance(0.0).sqrt();
    (-CALENDAR_SAMPLES..=CALENDAR_SAMPLES)
        .map(move |step| reach * f64::from(step) / f64::from(CALENDAR_SAMPLES))
}

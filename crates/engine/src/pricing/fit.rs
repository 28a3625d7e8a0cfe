//! Fitting raw SVI to the quotes of one expiry.
//!
//! For a given place `m` and width `sigma` of the bend, total variance is linear in three numbers:
//! `w = a + d y + c sqrt(y^2 + 1)` with `y = (k - m) / sigma`, `c = b sigma`, `d = rho b sigma`. So
//! the best three are a small least-squares problem with bounds (`|d| <= c`, `|d| <= 2 sigma - c`,
//! no negative variance), solved by trying which bounds hold, and only two parameters are
//! searched (the "quasi-explicit" calibration of S. De Marco and C. Martini, Zeliade 2009). The
//! search is a grid that is refined around its best point a fixed number of times: no start value,
//! no tolerance, the same steps on every machine.
//!
//! Quotes are weighted by the density of their moneyness, as their vega is, so that far wings
//! bend the curve little. What comes out may fit badly or can be arbitraged; [`smile`] then keeps
//! the quotes themselves instead. [`surface`] puts the expiries of a market together.

use plimsoll_units::Timestamp;

use super::surface::{Points, Slice, Smile, Surface, check_calendar};
use super::svi::RawSvi;
use super::{PricingError, door, normal, within};

/// Quotes below which five parameters are not fitted.
const FEWEST: usize = 6;
/// Points per side of the search grid, and how often it is refined.
const STEPS: i32 = 6;
const ROUNDS: usize = 14;
/// Each refinement's size relative to the one before.
const SHRINK: f64 = 0.5;
/// A quote counts at least this share of one at the money.
const LEAST_WEIGHT: f64 = 0.02;

/// A quote: log-moneyness and volatility.
pub type Quote = (f64, f64);

/// A fitted curve and how well it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// The curve.
    pub svi: RawSvi,
    /// Weighted root of the mean squared difference of volatilities.
    pub rms_vol: f64,
}

/// A quote in the least-squares problem.
struct Target {
    k: f64,
    variance: f64,
    weight: f64,
}

/// A curve of three linear parameters, and its squared error.
#[derive(Clone, Copy)]
struct Linear {
    a: f64,
    d: f64,
    c: f64,
    error: f64,
}

/// The raw SVI curve closest to the quotes, given in ascending order of moneyness, among those
/// free of butterfly arbitrage: the closest of all where that is, else the closest without a
/// negative level, which in practice is.
///
/// # Errors
/// [`PricingError::TooFewQuotes`]; [`PricingError::Input`] for quotes that [`Points::new`] refuses.
pub fn svi(quotes: &[Quote], years: f64) -> Result<Fit, PricingError> {
    let closest = closest(quotes, years, Level::Any)?;
    if closest.svi.check_butterfly().is_ok() {
        return Ok(closest);
    }
    self::closest(quotes, years, Level::NotNegative)
}

/// What SVI's `a` may be.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    /// Below zero too, as long as no variance is.
    Any,
    /// Zero or more.
    NotNegative,
}

fn closest(quotes: &[Quote], years: f64, level: Level) -> Result<Fit, PricingError> {
    let points = Points::new(quotes, years)?;
    if quotes.len() < FEWEST {
        let given = quotes.len();
        return Err(PricingError::TooFewQuotes { given });
    }
    let targets: Vec<Target> = points
        .points()
        .iter()
        .map(|(k, variance)| Target {
            k: *k,
            variance: *variance,
            weight: weight(*k, *variance),
        })
        .collect();
    let ((m, log_sigma), best) = search(&targets, level);
    let sigma = libm::exp(log_sigma);
    let (b, rho) = (
        best.c / sigma,
        if best.c > 0.0 { best.d / best.c } else { 0.0 },
    );
    // On the bound |d| = c the wing is flat; just inside it is a curve of the family.
    let rho = rho.clamp(-0.999_999, 0.999_999);
    let svi = RawSvi::new([best.a, b, rho, m, sigma])?;
    let rms_vol = rms(&svi, quotes, &targets, years)?;
    Ok(Fit { svi, rms_vol })
}

/// The smile of an expiry: the fitted curve when it is free of butterfly arbitrage and within
/// `tolerance` of the quotes' volatilities (weighted root mean square), else the quotes.
///
/// # Errors
/// [`PricingError::Input`] for quotes that [`Points::new`] refuses.
pub fn smile(quotes: &[Quote], years: f64, tolerance: f64) -> Result<Smile, PricingError> {
    within(
        "the tolerance of the fit",
        tolerance,
        0.0..=100.0,
        "0 to 100",
    )?;
    let points = Points::new(quotes, years)?;
    Ok(match svi(quotes, years) {
        Ok(fit) if fit.rms_vol <= tolerance && fit.svi.check_butterfly().is_ok() => {
            Smile::Svi(fit.svi)
        }
        _ => Smile::Points(points),
    })
}

/// The quotes of one expiry.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// When it expires.
    pub expiry: Timestamp,
    /// Its forward.
    pub forward: f64,
    /// Log-moneynesses and volatilities, in ascending order of strike.
    pub quotes: Vec<Quote>,
}

/// What became of an expiry's quotes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Treatment {
    /// The expiry.
    pub expiry: Timestamp,
    /// Whether a curve was fitted; else the quotes were kept.
    pub curve: bool,
    /// Quotes left out because they contradicted their neighbours.
    pub left_out: usize,
    /// Whether it was raised where the expiry before had more total variance, and kept as points.
    pub raised: bool,
}

/// A surface from the quotes of a market, which no market keeps quite free of arbitrage: smiles
/// as by [`smile`], quotes left out where butterflies of them pay, and where a calendar pays the
/// higher of both expiries' total variance: the higher of two convex functions of the strike is
/// convex, so no butterfly comes of it. What was done to which expiry comes with it.
///
/// # Errors
/// [`PricingError`]: quotes that [`Points::new`] refuses, or what [`Surface::new`] still refuses.
pub fn surface(
    as_of: Timestamp,
    chains: &[Chain],
    tolerance: f64,
) -> Result<(Surface, Vec<Treatment>), PricingError> {
    let mut slices: Vec<Slice> = Vec::with_capacity(chains.len());
    let mut treatments = Vec::with_capacity(chains.len());
    for chain in chains {
        let millis = chain.expiry.millis().saturating_sub(as_of.millis());
        let mut smile = smile(&chain.quotes, door::years(millis), tolerance)?;
        let left_out = match &mut smile {
            Smile::Svi(_) => 0,
            Smile::Points(points) => points.leave_out_arbitrage(),
        };
        let before = slices.last().map(|slice| &slice.smile);
        let crossed = before.filter(|before| check_calendar(before, &smile).is_err());
        if let Some(before) = crossed {
            smile = Smile::Points(Points::higher_of(before, &smile));
        }
        treatments.push(Treatment {
            expiry: chain.expiry,
            curve: matches!(smile, Smile::Svi(_)),
            left_out,
            raised: crossed.is_some(),
        });
        slices.push(Slice {
            expiry: chain.expiry,
            forward: chain.forward,
            smile,
        });
    }
    Ok((Surface::new(as_of, slices)?, treatments))
}

fn weight(k: f64, variance: f64) -> f64 {
    let d1 = -k / variance.sqrt() + 0.5 * variance.sqrt();
    (normal::pdf(d1) / normal::pdf(0.0)).max(LEAST_WEIGHT)
}

fn rms(
    svi: &RawSvi,
    quotes: &[Quote],
    targets: &[Target],
    years: f64,
) -> Result<f64, PricingError> {
    let (mut squares, mut weights) = (0.0, 0.0);
    for ((k, vol), target) in quotes.iter().zip(targets) {
        let apart = svi.vol(*k, years)? - vol;
        squares += target.weight * apart * apart;
        weights += target.weight;
    }
    Ok((squares / weights).sqrt())
}

/// The best place and (logarithm of the) width of the bend, on a grid refined around its best.
fn search(targets: &[Target], level: Level) -> ((f64, f64), Linear) {
    let (first, last) = (targets.first(), targets.last());
    let low = first.map_or(0.0, |t| t.k);
    let high = last.map_or(0.0, |t| t.k);
    let span = (high - low).max(1e-3);
    let mut center = ((low + high) * 0.5, libm::log(span * 0.1));
    // The bend may lie a little outside the quotes, and be from a thousandth to ten times as wide.
    let mut half = (span * 0.75, libm::log(100.0));
    let mut best = fit_at(targets, center, level);
    for _ in 0..ROUNDS {
        let around = center;
        for step_m in -STEPS..=STEPS {
            for step_s in -STEPS..=STEPS {
                let at = (
                    around.0 + half.0 * f64::from(step_m) / f64::from(STEPS),
                    around.1 + half.1 * f64::from(step_s) / f64::from(STEPS),
                );
                let fit = fit_at(targets, at, level);
                if fit.error < best.error {
                    (best, center) = (fit, at);
                }
            }
        }
        half = (half.0 * SHRINK, half.1 * SHRINK);
    }
    (center, best)
}

/// The sums of the normal equations of `w ~ a + d y + c z`.
#[derive(Default)]
struct Sums {
    one: f64,
    y: f64,
    z: f64,
    yy: f64,
    yz: f64,
    zz: f64,
    w: f64,
    wy: f64,
    wz: f64,
    ww: f64,
}

fn fit_at(targets: &[Target], (m, log_sigma): (f64, f64), level: Level) -> Linear {
    let sigma = libm::exp(log_sigma);
    let mut sums = Sums::default();
    for Target {
        k,
        variance: w,
        weight,
    } in targets
    {
        let y = (k - m) / sigma;
        let z = (y * y + 1.0).sqrt();
        sums.one += weight;
        sums.y += weight * y;
        sums.z += weight * z;
        sums.yy += weight * y * y;
        sums.yz += weight * y * z;
        sums.zz += weight * z * z;
        sums.w += weight * w;
        sums.wy += weight * w * y;
        sums.wz += weight * w * z;
        sums.ww += weight * w * w;
    }
    sums.best(sigma, level)
}

impl Sums {
    /// The least squares within the bounds: the best of the solutions with each set of bounds
    /// taken as equalities, among those that keep all.
    ///
    /// With the bend's `c` and slope `d`, the bounds form a square with corners `(0, 0)`,
    /// `(sigma, +-sigma)` and `(2 sigma, 0)` in `(c, d)`: wings are no steeper than two. The least variance of the curve is
    /// `a + sqrt(c^2 - d^2)`; where it would be negative, the best curve with `a = 0` stands in.
    fn best(&self, sigma: f64, level: Level) -> Linear {
        let flat = self.measured(self.w / self.one, 0.0, 0.0);
        let mut best = flat;
        let mut offer = |candidate: Option<[f64; 3]>| {
            let Some([a, d, c]) = candidate else { return };
            let slack = 1e-12 * sigma;
            let inside = d.abs() <= c + slack && d.abs() <= 2.0 * sigma - c + slack;
            let root = match level {
                Level::Any => (c * c - d * d).max(0.0).sqrt(),
                Level::NotNegative => 0.0,
            };
            if !inside || a < -root * (1.0 - 1e-9) - 1e-15 {
                return;
            }
            // Where the root is zero, `a` is a rounding below it at most.
            let a = if root > 0.0 { a } else { a.max(0.0) };
            let fit = self.measured(a, d, c);
            if fit.error < best.error {
                best = fit;
            }
        };
        offer(self.free());
        offer(self.without_a());
        for sign in [-1.0, 1.0] {
            // On the edges d = sign c and d = sign (2 sigma - c): c is the only slope left.
            for (at_zero, per_c) in [(0.0, sign), (sign * 2.0 * sigma, -sign)] {
                offer(self.on_edge(at_zero, per_c, true));
                offer(self.on_edge(at_zero, per_c, false));
            }
            offer(Some(self.corner(sign * sigma, sigma)));
        }
        offer(Some(self.corner(0.0, 2.0 * sigma)));
        best
    }

    /// No bound holds.
    fn free(&self) -> Option<[f64; 3]> {
        solve_3(
            [
                [self.one, self.y, self.z],
                [self.y, self.yy, self.yz],
                [self.z, self.yz, self.zz],
            ],
            [self.w, self.wy, self.wz],
        )
    }

    /// `a = 0`.
    fn without_a(&self) -> Option<[f64; 3]> {
        let (d, c) = solve_2([[self.yy, self.yz], [self.yz, self.zz]], [self.wy, self.wz])?;
        Some([0.0, d, c])
    }

    /// `d = at_zero + per_c c`, with `a` free or zero.
    fn on_edge(&self, at_zero: f64, per_c: f64, a_free: bool) -> Option<[f64; 3]> {
        // The regressor of c, and what is left to explain.
        let x = self.z + per_c * self.y;
        let xx = self.zz + 2.0 * per_c * self.yz + per_c * per_c * self.yy;
        let left = self.w - at_zero * self.y;
        let left_x = self.wz + per_c * self.wy - at_zero * (self.yz + per_c * self.yy);
        let (a, c) = if a_free {
            solve_2([[self.one, x], [x, xx]], [left, left_x])?
        } else {
            (0.0, left_x / xx)
        };
        Some([a, at_zero + per_c * c, c])
    }

    /// `d` and `c` given, `a` the best.
    fn corner(&self, d: f64, c: f64) -> [f64; 3] {
        let a = (self.w - d * self.y - c * self.z) / self.one;
        [a.max(0.0), d, c]
    }

    fn measured(&self, a: f64, d: f64, c: f64) -> Linear {
        let explained = a * self.w + d * self.wy + c * self.wz;
        let square = a * a * self.one
            + d * d * self.yy
            + c * c * self.zz
            + 2.0 * (a * d * self.y + a * c * self.z + d * c * self.yz);
        let error = self.ww - 2.0 * explained + square;
        Linear { a, d, c, error }
    }
}

fn solve_2([[p, q], [r, s]]: [[f64; 2]; 2], [u, v]: [f64; 2]) -> Option<(f64, f64)> {
    let determinant = p * s - q * r;
    let solvable = determinant.abs() > 1e-14 * (p * s).abs();
    solvable.then(|| ((u * s - q * v) / determinant, (p * v - u * r) / determinant))
}

/// By elimination of the first unknown; the matrix is symmetric with a positive corner.
fn solve_3(rows: [[f64; 3]; 3], right: [f64; 3]) -> Option<[f64; 3]> {
    let [[p, q, r], second, third] = rows;
    let [u, v, w] = right;
    let (by_second, by_third) = (second[0] / p, third[0] / p);
    let left = [
        [second[1] - by_second * q, second[2] - by_second * r],
        [third[1] - by_third * q, third[2] - by_third * r],
    ];
    let (d, c) = solve_2(left, [v - by_second * u, w - by_third * u])?;
    Some([(u - q * d - r * c) / p, d, c])
}

//! Fitting raw SVI to the quotes of one expiry.
//!
//! For a given place `m` and width `sigma` of the bend, total variance is linear in three numbers:
//! `w = a + d y + c sqrt(y^2 + 1)` with `y = (k - m) / sigma`, `c = b sigma`, `d = rho b sigma`. So
//! the best three are a small least-squares problem with linear bounds (`a >= 0`, `|d| <= c`,
//! `|d| <= 4 sigma - c`), solved exactly by trying which bounds hold, and only two parameters are
//! searched (the "quasi-explicit" calibration of S. De Marco and C. Martini, Zeliade 2009). The
//! search is a grid that is refined around its best point a fixed number of times: no start value,
//! no tolerance, the same steps on every machine.
//!
//! Quotes are weighted by the density of their moneyness, as their vega is, so that far wings
//! bend the curve little. What comes out may fit badly or can be arbitraged; [`smile`] then keeps
//! the quotes themselves instead.

use super::surface::{Points, Smile};
use super::svi::RawSvi;
use super::{PricingError, normal, within};

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

/// The raw SVI curve closest to the quotes, given in ascending order of moneyness.
///
/// # Errors
/// [`PricingError::TooFewQuotes`]; [`PricingError::Input`] for quotes that [`Points::new`] refuses.
pub fn svi(quotes: &[Quote], years: f64) -> Result<Fit, PricingError> {
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
    let ((m, log_sigma), best) = search(&targets);
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
fn search(targets: &[Target]) -> ((f64, f64), Linear) {
    let (first, last) = (targets.first(), targets.last());
    let low = first.map_or(0.0, |t| t.k);
    let high = last.map_or(0.0, |t| t.k);
    let span = (high - low).max(1e-3);
    let mut center = ((low + high) * 0.5, libm::log(span * 0.1));
    // The bend may lie a little outside the quotes, and be from a thousandth to ten times as wide.
    let mut half = (span * 0.75, libm::log(100.0));
    let mut best = fit_at(targets, center);
    for _ in 0..ROUNDS {
        let around = center;
        for step_m in -STEPS..=STEPS {
            for step_s in -STEPS..=STEPS {
                let at = (
                    around.0 + half.0 * f64::from(step_m) / f64::from(STEPS),
                    around.1 + half.1 * f64::from(step_s) / f64::from(STEPS),
                );
                let fit = fit_at(targets, at);
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

fn fit_at(targets: &[Target], (m, log_sigma): (f64, f64)) -> Linear {
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
    sums.best(sigma)
}

impl Sums {
    /// The least squares within the bounds. The problem is convex, so its solution is the best of
    /// the solutions with each set of bounds taken as equalities, among those that keep all.
    ///
    /// With the bend's `c` and slope `d`, the bounds form a square with corners `(0, 0)`,
    /// `(2 sigma, +-2 sigma)` and `(4 sigma, 0)` in `(c, d)`, times the half line `a >= 0`.
    fn best(&self, sigma: f64) -> Linear {
        let flat = self.measured(self.w / self.one, 0.0, 0.0);
        let mut best = flat;
        let mut offer = |candidate: Option<[f64; 3]>| {
            let Some([a, d, c]) = candidate else { return };
            let slack = 1e-12 * sigma;
            let inside = a >= -1e-15 && d.abs() <= c + slack && d.abs() <= 4.0 * sigma - c + slack;
            if !inside {
                return;
            }
            let fit = self.measured(a.max(0.0), d, c);
            if fit.error < best.error {
                best = fit;
            }
        };
        offer(self.free());
        offer(self.without_a());
        for sign in [-1.0, 1.0] {
            // On the edges d = sign c and d = sign (4 sigma - c): c is the only slope left.
            for (at_zero, per_c) in [(0.0, sign), (sign * 4.0 * sigma, -sign)] {
                offer(self.on_edge(at_zero, per_c, true));
                offer(self.on_edge(at_zero, per_c, false));
            }
            offer(Some(self.corner(sign * 2.0 * sigma, 2.0 * sigma)));
        }
        offer(Some(self.corner(0.0, 4.0 * sigma)));
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

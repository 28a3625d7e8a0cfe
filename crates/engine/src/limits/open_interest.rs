//! Open-interest limits that follow demand, and never exceed the liquidity behind them.
//!
//! One *cell* is one market and side. Per epoch the budget `B = floor(kappa * TVL)` is shared out
//! by a forecast of demand, part of it by fixed weights; what a cell already has open is never
//! taken away, and what is handed out beyond that is at most the headroom `H = B - S`:
//!
//! ```text
//! S >= B:  L_i = oi_i                                          (reduce only)
//! e_i    = floor(max(0, (1 + beta) * d_i - beta * p_i))        forecast from two epochs
//! T_i    = B * (lambda * w_i / W + (1 - lambda) * e_i / E)     (E = 0: B * w_i / W)
//! T_i   <= cap_i * B, the excess water-filled over the cells below their caps
//! want_i = max(0, T_i - oi_i)
//! L_i    = oi_i + floor(want_i * min(1, H / sum want))
//! ```
//!
//! Water-filling keeps the proportions: the budget left by capped cells goes to the others in the
//! ratio of their own targets (of their weights, when those are all zero), until none is above
//! its cap. Targets are exact fractions with one common denominator; only `e_i` and `L_i` are
//! rounded, both down, in favour of the vault.
//!
//! Invariants (property tests): `sum L <= max(B, S)`; `L_i >= oi_i`; `L_i <= max(oi_i, T_i)`;
//! without caps and with `S < B` less than one unit per cell stays unallocated; raising `d_i`
//! alone never lowers `L_i` (without caps); permuting cells permutes limits.
//! Units: money raw units (`D` decimals); shares in basis points, 10,000 is all.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Amount, ArithmeticError, Notional, Ratio, Rounding, Wide, mul_div};

/// All, in basis points.
pub const BPS_ONE: i128 = 10_000;

/// How the budget is formed and shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sharing {
    /// Open interest allowed per unit of vault money (kappa).
    pub kappa_bps: u32,
    /// Part of the budget that is shared out by weight (lambda).
    pub lambda_bps: u32,
    /// How far the trend between the two epochs is carried on (beta).
    pub beta_bps: u32,
}

impl Default for Sharing {
    /// 100 %, 20 %, 0.5.
    fn default() -> Self {
        Self {
            kappa_bps: 10_000,
            lambda_bps: 2_000,
            beta_bps: 5_000,
        }
    }
}

/// What the rule looks at for one market and side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<const D: u32> {
    /// Open interest now: the sum of entry notionals.
    pub open: Notional<D>,
    /// Time-weighted average of this epoch (`d`).
    pub demand: Notional<D>,
    /// Time-weighted average of the epoch before (`p`).
    pub previous: Notional<D>,
    /// Base weight.
    pub weight: u32,
    /// The most of the budget this cell's target may be, if capped.
    pub cap_bps: Option<u32>,
}

/// The outcome of one rebalancing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits<const D: u32> {
    /// `B`.
    pub budget: Notional<D>,
    /// `S`.
    pub open: Notional<D>,
    /// `max(0, B - S)`.
    pub headroom: Notional<D>,
    /// `L_i`, in the order of the cells.
    pub limits: Vec<Notional<D>>,
    /// `T_i`, exact, in raw units; `None` in a state where nothing may be opened.
    pub targets: Option<Vec<Ratio>>,
}

impl<const D: u32> Limits<D> {
    /// Whether nothing may be opened: the open interest is at or above the budget.
    #[must_use]
    pub fn reduce_only(&self) -> bool {
        self.targets.is_none()
    }
}

/// Why limits cannot be computed, or an increase is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenInterestError {
    /// No cell has a weight, so the weighted part of the budget has no owner.
    #[error("the weights of the {0} cells sum to zero")]
    NoWeight(usize),
    /// A share above the whole.
    #[error("lambda is {0} bps; it cannot exceed 10000")]
    Lambda(u32),
    /// The exact computation does not fit.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

/// Why an increase is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// The cell would be above its own limit.
    #[error("open interest {open} + {increase} would exceed the limit {limit} (raw)")]
    CellLimit {
        /// The cell's open interest, raw.
        open: i128,
        /// The increase, raw.
        increase: i128,
        /// The cell's limit, raw.
        limit: i128,
    },
    /// All cells together would be above what the vault backs now.
    #[error(
        "total open interest {open} + {increase} would exceed {backing}, which the vault backs (raw)"
    )]
    Backing {
        /// Total open interest, raw.
        open: i128,
        /// The increase, raw.
        increase: i128,
        /// `floor(kappa * TVL)`, raw.
        backing: i128,
    },
}

impl Sharing {
    /// `floor(kappa * tvl)`: the open interest a vault of `tvl` backs. Down, in favour of the
    /// vault.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn backing<const D: u32>(&self, tvl: Amount<D>) -> Result<Notional<D>, ArithmeticError> {
        mul_div(tvl.raw(), self.kappa_bps.into(), BPS_ONE, Rounding::Floor).map(Notional::from_raw)
    }

    /// `floor(max(0, (1 + beta) * d - beta * p))`.
    fn forecast<const D: u32>(&self, cell: &Cell<D>) -> Result<Wide, ArithmeticError> {
        let beta = Wide::from(i128::from(self.beta_bps));
        let ahead = beta.add(BPS_ONE.into())?.mul(cell.demand.raw().into())?;
        let trend = ahead.sub(beta.mul(cell.previous.raw().into())?)?;
        if trend.is_negative() {
            return Ok(Wide::ZERO);
        }
        trend.div(BPS_ONE.into(), Rounding::Floor)
    }

    /// Each cell's part of the budget before caps, over a common denominator that the caller need
    /// not know: `lambda * w_i * E + (1 - lambda) * e_i * W`, or `w_i` when `E = 0`.
    fn shares<const D: u32>(&self, cells: &[Cell<D>]) -> Result<Vec<Wide>, OpenInterestError> {
        let weighted = i128::from(self.lambda_bps);
        let demanded = BPS_ONE.checked_sub(weighted).filter(|d| *d >= 0);
        let demanded = demanded.ok_or(OpenInterestError::Lambda(self.lambda_bps))?;
        let weight = sum(cells.iter().map(|c| Wide::from(i128::from(c.weight))))?;
        if weight.is_zero() {
            return Err(OpenInterestError::NoWeight(cells.len()));
        }
        let forecasts = cells
            .iter()
            .map(|c| self.forecast(c))
            .collect::<Result<Vec<_>, _>>()?;
        let demand = sum(forecasts.iter().copied())?;
        let mut shares = Vec::with_capacity(cells.len());
        for (cell, forecast) in cells.iter().zip(forecasts) {
            let own = Wide::from(i128::from(cell.weight));
            shares.push(if demand.is_zero() {
                own
            } else {
                let base = own.mul(demand)?.mul(weighted.into())?;
                base.add(forecast.mul(weight)?.mul(demanded.into())?)?
            });
        }
        Ok(shares)
    }

    /// The limits of every cell for the coming epoch.
    ///
    /// # Errors
    /// [`OpenInterestError`]: no weights, lambda above one, or numbers beyond 512 bits.
    pub fn rebalance<const D: u32>(
        &self,
        tvl: Amount<D>,
        cells: &[Cell<D>],
    ) -> Result<Limits<D>, OpenInterestError> {
        let budget = self.backing(tvl)?;
        let open = cells
            .iter()
            .try_fold(Notional::ZERO, |s: Notional<D>, c| s.add(c.open))?;
        let headroom = budget.sub(open)?;
        if !headroom.is_positive() {
            let limits = cells.iter().map(|c| c.open).collect();
            return Ok(Limits {
                budget,
                open,
                headroom: Notional::ZERO,
                limits,
                targets: None,
            });
        }
        let targets = self.targets(budget, cells)?;
        let limits = targets.hand_out(headroom, cells)?;
        let targets = Some(targets.ratios()?);
        Ok(Limits {
            budget,
            open,
            headroom,
            limits,
            targets,
        })
    }

    fn targets<const D: u32>(
        &self,
        budget: Notional<D>,
        cells: &[Cell<D>],
    ) -> Result<Targets, OpenInterestError> {
        let mut filling = Filling::new(budget.raw(), self.shares(cells)?, cells)?;
        // Each round fixes at least one cell at its cap, so there are at most as many as cells.
        for _ in 0..=cells.len() {
            if filling.round()? {
                break;
            }
        }
        Ok(filling.finish()?)
    }
}

/// Whether `increase` more in one cell is admitted: `oi + x <= L` and `S + x <= floor(kappa *
/// TVL)`, both inclusive. A decrease, a close and a liquidation are never asked.
///
/// # Errors
/// `Ok(Err(_))` when it is refused, `Err(_)` when a number does not fit.
pub fn admit<const D: u32>(
    cell_open: Notional<D>,
    cell_limit: Notional<D>,
    total_open: Notional<D>,
    backing: Notional<D>,
    increase: Notional<D>,
) -> Result<Result<(), NotAdmitted>, ArithmeticError> {
    if cell_open.add(increase)? > cell_limit {
        return Ok(Err(NotAdmitted::CellLimit {
            open: cell_open.raw(),
            increase: increase.raw(),
            limit: cell_limit.raw(),
        }));
    }
    if total_open.add(increase)? > backing {
        return Ok(Err(NotAdmitted::Backing {
            open: total_open.raw(),
            increase: increase.raw(),
            backing: backing.raw(),
        }));
    }
    Ok(Ok(()))
}

/// Targets over one denominator, in raw units.
struct Targets {
    numerators: Vec<Wide>,
    denominator: Wide,
}

impl Targets {
    fn ratios(&self) -> Result<Vec<Ratio>, ArithmeticError> {
        self.numerators
            .iter()
            .map(|n| Ratio::new(*n, self.denominator))
            .collect()
    }

    /// `L_i = oi_i + floor(want_i * min(1, H / sum want))`.
    fn hand_out<const D: u32>(
        &self,
        headroom: Notional<D>,
        cells: &[Cell<D>],
    ) -> Result<Vec<Notional<D>>, ArithmeticError> {
        let mut wants = Vec::with_capacity(cells.len());
        for (target, cell) in self.numerators.iter().zip(cells) {
            let want = target.sub(self.denominator.mul(cell.open.raw().into())?)?;
            wants.push(if want.is_negative() { Wide::ZERO } else { want });
        }
        let wanted = sum(wants.iter().copied())?;
        let all_fit = wanted <= self.denominator.mul(headroom.raw().into())?;
        let mut limits = Vec::with_capacity(cells.len());
        for (want, cell) in wants.into_iter().zip(cells) {
            let more = if all_fit {
                want.div(self.denominator, Rounding::Floor)?
            } else {
                want.mul(headroom.raw().into())?
                    .div(wanted, Rounding::Floor)?
            };
            limits.push(cell.open.add(Notional::from_raw(more.to_i128()?))?);
        }
        Ok(limits)
    }
}

/// Water-filling under way: which cells stand at their caps and what is left for the others.
/// The money left is kept in units of `1 / 10,000` so that a cap is exact.
struct Filling {
    shares: Vec<Wide>,
    weights: Vec<Wide>,
    caps: Vec<Option<Wide>>,
    capped: Vec<bool>,
    left: Wide,
}

impl Filling {
    fn new<const D: u32>(
        budget: i128,
        shares: Vec<Wide>,
        cells: &[Cell<D>],
    ) -> Result<Self, ArithmeticError> {
        let cap = |c: &Cell<D>| {
            let bps = c.cap_bps.filter(|bps| i128::from(*bps) < BPS_ONE);
            bps.map(|bps| Wide::product(&[budget, bps.into()]))
                .transpose()
        };
        Ok(Self {
            shares,
            weights: cells.iter().map(|c| i128::from(c.weight).into()).collect(),
            caps: cells.iter().map(cap).collect::<Result<_, _>>()?,
            capped: vec![false; cells.len()],
            left: Wide::product(&[budget, BPS_ONE])?,
        })
    }

    /// What the uncapped cells share by: their own shares, or their weights when those are zero.
    fn basis(&self) -> Result<(&[Wide], Wide), ArithmeticError> {
        let open = |of: &[Wide]| {
            sum(of
                .iter()
                .zip(&self.capped)
                .filter(|(_, capped)| !**capped)
                .map(|(s, _)| *s))
        };
        let by_share = open(&self.shares)?;
        if !by_share.is_zero() {
            return Ok((&self.shares, by_share));
        }
        Ok((&self.weights, open(&self.weights)?))
    }

    /// Fixes every cell that stands above its cap; `true` when there is none.
    fn round(&mut self) -> Result<bool, ArithmeticError> {
        let (basis, total) = self.basis()?;
        let mut over = Vec::new();
        for (at, (share, cap)) in basis.iter().zip(&self.caps).enumerate() {
            let capped = self.capped.get(at).copied().unwrap_or(true);
            if let Some(cap) = cap
                && !capped
                && self.left.mul(*share)? > cap.mul(total)?
            {
                over.push((at, *cap));
            }
        }
        for (at, cap) in &over {
            self.left = self.left.sub(*cap)?;
            if let Some(capped) = self.capped.get_mut(*at) {
                *capped = true;
            }
        }
        Ok(over.is_empty())
    }

    fn finish(&self) -> Result<Targets, ArithmeticError> {
        let (basis, total) = self.basis()?;
        // Everybody is capped, or nobody left has a weight: the rest belongs to no cell.
        let total = if total.is_zero() {
            Wide::from(1)
        } else {
            total
        };
        let mut numerators = Vec::with_capacity(basis.len());
        for ((share, cap), capped) in basis.iter().zip(&self.caps).zip(&self.capped) {
            numerators.push(match cap {
                Some(cap) if *capped => cap.mul(total)?,
                _ => self.left.mul(*share)?,
            });
        }
        Ok(Targets {
            numerators,
            denominator: total.mul(BPS_ONE.into())?,
        })
    }
}

fn sum(values: impl Iterator<Item = Wide>) -> Result<Wide, ArithmeticError> {
    let mut total = Wide::ZERO;
    for value in values {
        total = total.add(value)?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests;

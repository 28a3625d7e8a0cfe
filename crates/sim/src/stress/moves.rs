//! What is done to the moves of prices, one market at a time.
//!
//! Prices are raw units of 1e-18 here, always positive, on a market's own grid: the largest power of
//! ten that all of its prices are multiples of. Logarithms and exponentials are `libm`'s and the
//! rest is IEEE arithmetic in a fixed order, so that the same path gives the same bits on every
//! machine. What comes out is rounded to the nearest step of the grid, is at least one step, and at
//! most a trillion whole units. Rounding favours nobody: no money is involved yet.

use plimsoll_units::{Rounding, Timestamp, mul_div};

use crate::scenario::MONEY_MAX;

/// One, with 18 decimals.
const ONE: i128 = 1_000_000_000_000_000_000;
/// The highest price, raw.
const MOST: i128 = MONEY_MAX * ONE;
/// A market of which less than this part of its moves (squared) is its own follows the leader
/// already: there is nothing left to turn against it.
const NOTHING_OWN: f64 = 1e-9;

/// The prices of one market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moves {
    /// Strictly rising.
    pub(super) times: Vec<Timestamp>,
    /// One for each time, raw.
    pub(super) prices: Vec<i128>,
    /// The step that prices are multiples of, raw.
    grid: i128,
}

impl Moves {
    pub(super) fn new(times: Vec<Timestamp>, prices: Vec<i128>) -> Self {
        let grid = grid(&prices);
        Self {
            times,
            prices,
            grid,
        }
    }

    /// Every logarithmic move from the first price, `by` times as large:
    /// `p' = p0 * exp(by * ln(p / p0))`.
    #[allow(clippy::float_cmp)]
    pub(super) fn scale(&mut self, by: f64) {
        // Said exactly, as logarithms would only say nearly.
        if by == 1.0 {
            return;
        }
        let logs = self.logs();
        self.set(logs.into_iter().map(|log| by * log));
    }

    /// Mixes the moves with those of `leader`, so that their correlation `c` becomes
    /// `c' = c + by * (1 - c)`, or `c + by * (1 + c)` where `by` is below zero, and the size of the
    /// moves stays what it is. With `x` the logarithm of a price over the market's first, `l` the
    /// same of the leader at the same times, `v` the root mean square of the moves from price to
    /// price:
    ///
    /// `x' = B * x + A * l`, `B = sqrt((1 - c'^2) / (1 - c^2))`, `A = (v_x / v_l) * (c' - c * B)`.
    ///
    /// So 0 changes nothing; 1 is the leader's path times the market's own beta, -1 its mirror
    /// image. A market, or a leader, that never moves is left as it is.
    pub(super) fn correlate(&mut self, leader: &Self, by: f64) {
        let leads = leader.logs_at(&self.times);
        let logs = self.logs();
        let (mut own, mut led, mut both) = (0.0, 0.0, 0.0);
        for (x, l) in logs.windows(2).zip(leads.windows(2)) {
            let (x, l) = (x[1] - x[0], l[1] - l[0]);
            own += x * x;
            led += l * l;
            both += x * l;
        }
        if own <= 0.0 || led <= 0.0 || by == 0.0 {
            return;
        }
        let is = (both / libm::sqrt(own * led)).clamp(-1.0, 1.0);
        let room = if by > 0.0 { 1.0 - is } else { 1.0 + is };
        let wanted = (is + by * room).clamp(-1.0, 1.0);
        let apart = 1.0 - is * is;
        let keeps = if apart < NOTHING_OWN {
            0.0
        } else {
            libm::sqrt((1.0 - wanted * wanted) / apart)
        };
        let follows = libm::sqrt(own / led) * (wanted - is * keeps);
        let mixed = logs.iter().zip(&leads);
        self.set(mixed.map(|(x, l)| keeps * x + follows * l));
    }

    /// From the first price at or after `at`, every price `1 + by` times what it was, `by` raw with
    /// 18 decimals: exact, cut to the grid.
    pub(super) fn gap(&mut self, at: Timestamp, by: i128) {
        let times = ONE.saturating_add(by);
        let from = self.times.partition_point(|time| *time < at);
        for price in self.prices.iter_mut().skip(from) {
            let jumped = mul_div(*price, times, ONE, Rounding::Down).unwrap_or(MOST);
            let steps = (jumped.min(MOST) / self.grid).max(1);
            *price = steps.saturating_mul(self.grid);
        }
    }

    /// Logarithms of the prices over the first.
    fn logs(&self) -> Vec<f64> {
        let first = self.prices.first().map_or(1.0, |price| float(*price));
        let over = |price: &i128| libm::log(float(*price) / first);
        self.prices.iter().map(over).collect()
    }

    /// The same at other times, over the price in force at the first of them: the newest at or
    /// before a time, the first price before there is one.
    fn logs_at(&self, times: &[Timestamp]) -> Vec<f64> {
        let logs = self.logs();
        let mut at = 0;
        let mut found: Vec<f64> = Vec::with_capacity(times.len());
        for time in times {
            while self.times.get(at + 1).is_some_and(|next| next <= time) {
                at += 1;
            }
            found.push(logs.get(at).copied().unwrap_or(0.0));
        }
        let first = found.first().copied().unwrap_or(0.0);
        found.iter_mut().for_each(|log| *log -= first);
        found
    }

    /// Prices by their logarithms over the first, which stays.
    fn set(&mut self, logs: impl Iterator<Item = f64>) {
        let Some(first) = self.prices.first().copied() else {
            return;
        };
        let steps = float(first) / float(self.grid);
        for (price, log) in self.prices.iter_mut().zip(logs).skip(1) {
            let rounded = libm::round(steps * libm::exp(log)).clamp(1.0, float(MOST / self.grid));
            #[allow(clippy::cast_possible_truncation)]
            let rounded = rounded as i128;
            *price = rounded.saturating_mul(self.grid);
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn float(raw: i128) -> f64 {
    raw as f64
}

/// The largest power of ten, up to a whole unit, that all prices are multiples of.
fn grid(prices: &[i128]) -> i128 {
    let mut grid = ONE;
    for price in prices {
        while price % grid != 0 {
            grid /= 10;
        }
    }
    grid
}

#[cfg(test)]
mod tests;

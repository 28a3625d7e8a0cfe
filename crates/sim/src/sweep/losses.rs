//! The losses of many runs: quantiles, expected shortfall, and the fund that covers a share of
//! them.
//!
//! The quantile of a share is the smallest loss that at least that share of the runs stayed at or
//! below (nearest rank; no loss is made up between two runs). So a fund as large as the quantile
//! would have covered that share of the runs, had nothing else changed. A quantile says something
//! only where some run lies beyond it: `n` runs support the shares up to `1 - 1/n`. The expected
//! shortfall of a share is the mean of the losses of the worst others, `n - floor(n * share)` of
//! them. Losses are raw, on any one grid.

use plimsoll_units::{Rounding, mul_div};

/// A share in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PerMille(pub u16);

/// The shares that sweeps tell.
pub const QUANTILES: [PerMille; 4] = [PerMille(500), PerMille(900), PerMille(990), PerMille(999)];

impl PerMille {
    /// As a column is called: `p50`, `p99_9`.
    #[must_use]
    pub fn name(self) -> String {
        match self.0 % 10 {
            0 => format!("p{}", self.0 / 10),
            tenth => format!("p{}_{tenth}", self.0 / 10),
        }
    }

    /// For a reader: `99.9 %`.
    #[must_use]
    pub fn text(self) -> String {
        match self.0 % 10 {
            0 => format!("{} %", self.0 / 10),
            tenth => format!("{}.{tenth} %", self.0 / 10),
        }
    }

    /// How many runs it takes for one to lie beyond this share.
    #[must_use]
    pub fn needs(self) -> usize {
        1_000usize.div_ceil(1_000usize.saturating_sub(self.0.into()).max(1))
    }
}

/// A share that the runs cannot support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} needs {} runs; {runs} support at most {}", share.text(), share.needs(), supported(*runs))]
pub struct TooFewRuns {
    /// The share that was asked for.
    pub share: PerMille,
    /// How many runs there are.
    pub runs: usize,
}

/// The highest share that a number of runs supports, for a reader; rounded down to hundredths of
/// a per cent.
#[must_use]
pub(super) fn supported(runs: usize) -> String {
    if runs == 0 {
        return "nothing".to_owned();
    }
    let hundredths = 10_000 - 10_000usize.div_ceil(runs);
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} %")
}

/// The losses of the runs of one point and venue, smallest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Losses(Vec<i128>);

impl Losses {
    /// The losses, in any order.
    #[must_use]
    pub fn new(mut losses: Vec<i128>) -> Self {
        losses.sort_unstable();
        Self(losses)
    }

    /// Smallest first.
    #[must_use]
    pub fn sorted(&self) -> &[i128] {
        &self.0
    }

    /// How many runs there are.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.0.len()
    }

    /// How many runs lost anything.
    #[must_use]
    pub fn with_loss(&self) -> usize {
        self.0.len() - self.0.partition_point(|loss| *loss <= 0)
    }

    /// The largest loss.
    #[must_use]
    pub fn largest(&self) -> Option<i128> {
        self.0.last().copied()
    }

    /// The mean loss, rounded half to even.
    #[must_use]
    pub fn mean(&self) -> Option<i128> {
        mean(&self.0)
    }

    /// The smallest loss that at least `share` of the runs stayed at or below.
    ///
    /// # Errors
    /// [`TooFewRuns`] where no run would lie beyond it.
    pub fn quantile(&self, share: PerMille) -> Result<i128, TooFewRuns> {
        self.support(share)?;
        let rank = (self.runs() * usize::from(share.0)).div_ceil(1_000).max(1);
        // Supported, so there are runs.
        Ok(self.0.get(rank - 1).copied().unwrap_or_default())
    }

    /// The mean loss of the runs beyond `share`, rounded half to even.
    ///
    /// # Errors
    /// [`TooFewRuns`] where there is none.
    pub fn expected_shortfall(&self, share: PerMille) -> Result<i128, TooFewRuns> {
        self.support(share)?;
        let within = self.runs() * usize::from(share.0) / 1_000;
        Ok(mean(&self.0[within..]).unwrap_or(i128::MAX))
    }

    /// How many runs a fund of this size would have covered.
    #[must_use]
    pub fn covered_by(&self, fund: i128) -> usize {
        self.0.partition_point(|loss| *loss <= fund)
    }

    /// The mean over all runs of what a fund of this size would have left, rounded half to even.
    #[must_use]
    pub fn left_by(&self, fund: i128) -> Option<i128> {
        let left = self.0.iter().map(|loss| loss.saturating_sub(fund).max(0));
        mean(&left.collect::<Vec<_>>())
    }

    fn support(&self, share: PerMille) -> Result<(), TooFewRuns> {
        if self.runs() >= share.needs() {
            return Ok(());
        }
        Err(TooFewRuns {
            share,
            runs: self.runs(),
        })
    }
}

/// The mean, rounded half to even; `None` of nothing, or of more than fits.
fn mean(losses: &[i128]) -> Option<i128> {
    let sum = losses
        .iter()
        .try_fold(0i128, |sum, l| sum.checked_add(*l))?;
    let count = i128::try_from(losses.len()).ok().filter(|c| *c > 0)?;
    mul_div(sum, 1, count, Rounding::HalfEven).ok()
}

//! A distribution as a few of its quantiles.

use serde::{Deserialize, Serialize};

/// Quantiles of a positive quantity: rising shares in millionths, each with its value. The first
/// share is 0 and the last a million.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantiles(pub Vec<(u32, f64)>);

/// A whole, in millionths.
const WHOLE: u32 = 1_000_000;

impl Quantiles {
    /// The quantiles of a sample at the given shares, each the value that this share of the
    /// sample is below; `None` of an empty sample.
    #[must_use]
    pub fn of(mut sample: Vec<f64>, shares: &[u32]) -> Option<Self> {
        sample.sort_by(f64::total_cmp);
        let last = sample.len().checked_sub(1)?;
        let value = |share: u32| {
            let at = (sample.len() as u64 * u64::from(share) / u64::from(WHOLE)) as usize;
            (share, three_digits(sample[at.min(last)]))
        };
        Some(Self(shares.iter().copied().map(value).collect()))
    }

    /// Whether the table can be drawn from; `name` is for the message.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, name: &str) -> Result<(), String> {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else {
            return Err(format!("{name} has no quantiles"));
        };
        if first.0 != 0 || last.0 != WHOLE {
            return Err(format!("{name} does not run from 0 to {WHOLE}"));
        }
        if self
            .0
            .iter()
            .any(|(_, value)| !value.is_finite() || *value <= 0.0)
        {
            return Err(format!("{name} has a value that is not positive"));
        }
        let rising = |w: &[(u32, f64)]| w[0].0 < w[1].0 && w[0].1 <= w[1].1;
        if !self.0.windows(2).all(rising) {
            return Err(format!("{name} does not rise"));
        }
        Ok(())
    }

    /// The value that `ppm` of a million are below: between two quantiles the logarithm runs
    /// straight.
    #[must_use]
    pub fn at(&self, ppm: u32) -> f64 {
        let above = self.0.partition_point(|(share, _)| *share <= ppm);
        match (
            above.checked_sub(1).and_then(|b| self.0.get(b)),
            self.0.get(above),
        ) {
            (Some(&(from, low)), Some(&(to, high))) => {
                let part = f64::from(ppm - from) / f64::from(to - from);
                libm::exp(libm::log(low) + part * (libm::log(high) - libm::log(low)))
            }
            (Some((_, only)), None) | (None, Some((_, only))) => *only,
            (None, None) => 0.0,
        }
    }
}

/// With three significant digits: more would say more than a sample knows.
fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::Quantiles;

    #[test]
    fn a_sample_comes_back_at_its_quantiles() {
        let sample: Vec<f64> = (1..=1_000).map(f64::from).collect();
        let table = Quantiles::of(sample, &[0, 250_000, 500_000, 1_000_000]).unwrap();
        assert_eq!(
            table.0,
            [
                (0, 1.0),
                (250_000, 251.0),
                (500_000, 501.0),
                (1_000_000, 1_000.0)
            ]
        );
        table.check("sample").unwrap();
        assert_eq!(table.at(0), 1.0);
        assert!((table.at(250_000) - 251.0).abs() < 1e-9);
        // Halfway between two quantiles is their geometric mean.
        assert!((table.at(375_000) - (251.0f64 * 501.0).sqrt()).abs() < 1e-9);
        assert_eq!(table.at(1_000_000), 1_000.0);
        assert_eq!(table.at(u32::MAX), 1_000.0);
    }

    #[test]
    fn tables_that_cannot_be_drawn_from_are_refused() {
        for (table, why) in [
            (vec![], "t has no quantiles"),
            (vec![(0, 1.0)], "t does not run from 0 to 1000000"),
            (
                vec![(0, 0.0), (1_000_000, 1.0)],
                "t has a value that is not positive",
            ),
            (
                vec![(0, 1.0), (1_000_000, f64::NAN)],
                "t has a value that is not positive",
            ),
            (vec![(0, 2.0), (1_000_000, 1.0)], "t does not rise"),
        ] {
            assert_eq!(Quantiles(table).check("t").unwrap_err(), why);
        }
    }
}

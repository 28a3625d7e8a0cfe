//! Volatility shocks by tenor: short options' volatility moves more than long ones'.
//!
//! `up = 1 + u m`, `down = max(0, 1 - d m)`, with `m = (30 days / max(T, floor))^p` and `p` one
//! power up to 30 days and another beyond. The parameters are integers, so that they can be part
//! of a venue's recorded configuration. Shape and defaults: Deribit and Paradex publish the powers
//! 0.30 and 0.13; Derive uses the same curve in its PMRM (`_addVolShocks`).
//!
//! At exactly 30 days the multiplier is 1 whatever the power, so which side the day belongs to
//! does not matter.

use super::grid::VolMove;
use super::{Given, PricingError, door};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
/// The tenor at which the multiplier is one.
const PIVOT: i64 = 30 * DAY;
/// Largest shock and power: a factor of a hundred would be a typing error.
const LARGEST_E6: u32 = 10_000_000;
/// Largest floor of the tenor: 400 days, as Derive bounds it.
const LARGEST_FLOOR: i64 = 400 * DAY;

/// How far volatility moves up and down. Fractions in parts per million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub struct VolShock {
    /// Relative move up at 30 days.
    pub up_e6: u32,
    /// Relative move down at 30 days.
    pub down_e6: u32,
    /// Power of the tenor up to 30 days.
    pub short_power_e6: u32,
    /// Power of the tenor beyond 30 days.
    pub long_power_e6: u32,
    /// Tenors below this many milliseconds are shocked like it.
    pub floor_millis: i64,
    /// Volatility in the up scenarios is at least this much.
    pub least_up_e6: u32,
}

impl VolShock {
    /// The shocks of the reference model KRM-43: up 50 %, down 25 %, powers 0.30 and 0.13, floor
    /// of one day.
    pub const KRM: Self = Self {
        up_e6: 500_000,
        down_e6: 250_000,
        short_power_e6: 300_000,
        long_power_e6: 130_000,
        floor_millis: DAY,
        least_up_e6: 0,
    };

    /// Whether the parameters can be used at all.
    ///
    /// # Errors
    /// [`PricingError::Input`] names the first that cannot.
    pub fn validate(&self) -> Result<(), PricingError> {
        let shares = [
            ("the volatility shock up", self.up_e6),
            ("the volatility shock down", self.down_e6),
            ("the short tenors' power", self.short_power_e6),
            ("the long tenors' power", self.long_power_e6),
            ("the least volatility when shocked up", self.least_up_e6),
        ];
        for (what, given) in shares {
            if given > LARGEST_E6 {
                let (given, must) = (share(given), "at most 10");
                let given = Given::of(given);
                return Err(PricingError::Input { what, given, must });
            }
        }
        if !(1..=LARGEST_FLOOR).contains(&self.floor_millis) {
            return Err(PricingError::Input {
                what: "the floor of the tenor in days",
                given: Given::of(days(self.floor_millis)),
                must: "above 0 and at most 400",
            });
        }
        Ok(())
    }

    /// What volatility is multiplied with at `tenor` milliseconds before expiry, in the order
    /// down, none, up.
    #[must_use]
    pub fn multipliers(&self, tenor: i64) -> [f64; 3] {
        let ratio = days(PIVOT) / days(tenor.max(self.floor_millis));
        let power = if tenor <= PIVOT {
            self.short_power_e6
        } else {
            self.long_power_e6
        };
        let tenor = libm::pow(ratio, share(power));
        let down = 1.0 - share(self.down_e6) * tenor;
        [down.max(0.0), 1.0, 1.0 + share(self.up_e6) * tenor]
    }

    /// The shocked volatilities of an option with volatility `vol`, in the order down, none, up.
    #[must_use]
    pub fn vols(&self, vol: f64, tenor: i64) -> [f64; 3] {
        let [down, none, up] = self.multipliers(tenor).map(|m| vol * m);
        [down, none, up.max(share(self.least_up_e6))]
    }

    /// The multiplier of one move.
    #[must_use]
    pub fn multiplier(&self, vol_move: VolMove, tenor: i64) -> f64 {
        self.multipliers(tenor)[vol_move.index()]
    }
}

/// A share in parts per million.
fn share(e6: u32) -> f64 {
    door::enter(e6.into(), 6)
}

#[allow(clippy::cast_precision_loss)]
fn days(millis: i64) -> f64 {
    millis as f64 / DAY as f64
}

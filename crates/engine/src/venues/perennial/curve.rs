//! The funding rate as a function of utilization: two straight pieces with a jump in slope.
//!
//! Source: root `JumpRateUtilizationCurve`, `CurveMath.linearInterpolation`. Rates are per year
//! and may be negative (makers pay); utilization is takers over makers, not dampened by
//! socialization.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::ArithmeticError;

use super::numbers::{ONE, Ratio18, Size, add, div, mul, sub};
use super::refusal::Refusal;

/// The rate by utilization. All numbers have 18 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Curve {
    /// Yearly rate at no utilization.
    pub min_rate: Ratio18,
    /// Yearly rate at full utilization and beyond.
    pub max_rate: Ratio18,
    /// Yearly rate at the target.
    pub target_rate: Ratio18,
    /// The target utilization, between 0 and 1.
    pub target_utilization: Ratio18,
}

impl Curve {
    /// Refuses a target that is not between 0 and 1.
    ///
    /// # Errors
    /// [`Refusal::InvalidTargetUtilization`].
    pub fn check(&self) -> Result<(), Refusal> {
        if self.target_utilization.is_negative() || self.target_utilization > Ratio18::ONE {
            return Err(Refusal::InvalidTargetUtilization(self.target_utilization));
        }
        Ok(())
    }

    /// The yearly rate at `taker / maker`; both must be positive. Every step is truncated toward
    /// zero.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn rate(&self, taker: Size, maker: Size) -> Result<Ratio18, ArithmeticError> {
        // The truncated quotient reaches one exactly when takers reach makers; asking first keeps
        // a quotient that would not fit from being formed.
        if taker >= maker {
            return Ok(self.max_rate);
        }
        let utilization = div(taker.raw(), maker.raw())?;
        let target = self.target_utilization.raw();
        let raw = if utilization < target {
            interpolate((0, self.min_rate), (target, self.target_rate), utilization)?
        } else {
            interpolate(
                (target, self.target_rate),
                (ONE, self.max_rate),
                utilization,
            )?
        };
        Ok(Ratio18::from_raw(raw))
    }
}

/// `y0 + (y1 - y0) * ((x - x0) / (x1 - x0))`.
fn interpolate(
    (x0, y0): (i128, Ratio18),
    (x1, y1): (i128, Ratio18),
    x: i128,
) -> Result<i128, ArithmeticError> {
    let share = div(sub(x, x0)?, sub(x1, x0)?)?;
    add(y0.raw(), mul(sub(y1.raw(), y0.raw())?, share)?)
}

#[cfg(test)]
mod tests {
    use super::Curve;

    #[track_caller]
    fn check(curve: &Curve, taker: &str, maker: &str, expected: &str) {
        let rate = curve
            .rate(taker.parse().unwrap(), maker.parse().unwrap())
            .unwrap();
        assert_eq!(rate.to_string(), expected);
    }

    fn curve(min: &str, target: &str, max: &str, at: &str) -> Curve {
        Curve {
            min_rate: min.parse().unwrap(),
            target_rate: target.parse().unwrap(),
            max_rate: max.parse().unwrap(),
            target_utilization: at.parse().unwrap(),
        }
    }

    #[test]
    fn the_pieces_meet_at_the_target_and_stop_at_full_utilization() {
        let jump = curve("0.02", "0.2", "1.5", "0.8");
        check(&jump, "0.000000000000000001", "1000000", "0.02");
        check(&jump, "40", "100", "0.11");
        check(&jump, "80", "100", "0.2");
        check(&jump, "90", "100", "0.85");
        check(&jump, "99", "100", "1.435");
        check(&jump, "100", "100", "1.5");
        check(&jump, "5000", "100", "1.5");
        // A utilization that 128 bits could not hold.
        check(&jump, "1000000000", "0.000000000000000001", "1.5");
    }

    #[test]
    fn a_target_at_either_end_leaves_one_piece() {
        check(&curve("0.1", "0.3", "0.9", "1"), "50", "100", "0.2");
        check(&curve("0.1", "0.3", "0.9", "0"), "50", "100", "0.6");
    }

    #[test]
    fn negative_rates_truncate_toward_zero() {
        check(
            &curve("-0.1", "0", "0.1", "0.3"),
            "10",
            "100",
            "-0.066666666666666667",
        );
    }

    #[test]
    fn a_target_beyond_one_is_refused() {
        assert!(
            curve("0", "0", "0", "1.000000000000000001")
                .check()
                .is_err()
        );
        assert!(curve("0", "0", "0", "-0.1").check().is_err());
        assert!(curve("0", "0", "0", "1").check().is_ok());
    }
}

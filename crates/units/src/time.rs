//! Time as a number that arrives with a command. Nothing here reads a clock.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::ArithmeticError;

/// Milliseconds since 1970-01-01 00:00 UTC.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize,
)]
pub struct Duration(pub i64);

impl Timestamp {
    /// 1970-01-01 00:00 UTC.
    pub const EPOCH: Self = Self(0);
    /// The end of time.
    pub const MAX: Self = Self(i64::MAX);

    /// A number of whole seconds since the epoch.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn from_seconds(seconds: i64) -> Result<Self, ArithmeticError> {
        seconds
            .checked_mul(1000)
            .map(Self)
            .ok_or(ArithmeticError::Overflow)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The time from `earlier` to this one; negative when `earlier` is later.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn since(self, earlier: Self) -> Result<Duration, ArithmeticError> {
        self.0
            .checked_sub(earlier.0)
            .map(Duration)
            .ok_or(ArithmeticError::Overflow)
    }

    /// This time plus `duration`, or the end of time when that is beyond it.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }
}

impl Duration {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// One hour.
    pub const HOUR: Self = Self(3_600_000);

    /// Milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    /// `2025-10-10 21:20:00.000` (UTC), by the civil-from-days rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, in_day) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil_from_days(days);
        let (seconds, millis) = (in_day.div_euclid(1000), in_day.rem_euclid(1000));
        let (minutes, second) = (seconds.div_euclid(60), seconds.rem_euclid(60));
        let (hour, minute) = (minutes.div_euclid(60), minutes.rem_euclid(60));
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{millis:03}"
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The Gregorian date of a day number (days since 1970-01-01), after H. Hinnant's
/// `civil_from_days`. Days beyond the i64 range of milliseconds cannot occur, so the arithmetic
/// stays far from overflow; it is written with wrapping operations to say so.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days.wrapping_add(719_468);
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe
        .wrapping_sub(doe.wrapping_div(1_460))
        .wrapping_add(doe.wrapping_div(36_524))
        .wrapping_sub(doe.wrapping_div(146_096)))
    .wrapping_div(365);
    let doy = doe.wrapping_sub(
        yoe.wrapping_mul(365)
            .wrapping_add(yoe.wrapping_div(4))
            .wrapping_sub(yoe.wrapping_div(100)),
    );
    let mp = doy.wrapping_mul(5).wrapping_add(2).wrapping_div(153);
    let day = doy
        .wrapping_sub(mp.wrapping_mul(153).wrapping_add(2).wrapping_div(5))
        .wrapping_add(1);
    let month = if mp < 10 {
        mp.wrapping_add(3)
    } else {
        mp.wrapping_sub(9)
    };
    let year = era
        .wrapping_mul(400)
        .wrapping_add(yoe)
        .wrapping_add(i64::from(month <= 2));
    (year, month, day)
}

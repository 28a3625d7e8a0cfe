//! The clock of an auction: when it started, and how long it stood still since.
//!
//! It is not reset by a new mark price or a partial fill, and it stands still while prices are not
//! to be trusted (Kyan's guard G8): an auction that nobody can price must not grow dearer.
//!
//! Units: milliseconds. The clock never reads the time; it is told.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Duration, Timestamp};

use super::AuctionError;

/// Time that counts for an auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Clock {
    started: Timestamp,
    stood: Duration,
    frozen: Option<Timestamp>,
}

impl Clock {
    /// A running clock that shows zero at `now`.
    #[must_use]
    pub const fn start(now: Timestamp) -> Self {
        Self {
            started: now,
            stood: Duration::ZERO,
            frozen: None,
        }
    }

    /// When it was started.
    #[must_use]
    pub const fn started(&self) -> Timestamp {
        self.started
    }

    /// Whether it stands still.
    #[must_use]
    pub const fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Time that counted up to `now`.
    ///
    /// # Errors
    /// [`AuctionError::TimeWentBack`] for a time before the start or the freeze.
    pub fn elapsed(&self, now: Timestamp) -> Result<Duration, AuctionError> {
        let last = self.frozen.unwrap_or(self.started);
        if now < last {
            return Err(AuctionError::TimeWentBack { last, given: now });
        }
        let until = self.frozen.unwrap_or(now);
        let total = until.since(self.started)?.millis();
        let counted = total.saturating_sub(self.stood.millis()).max(0);
        Ok(Duration(counted))
    }

    /// Stops the clock; one that stands still already stays as it is.
    ///
    /// # Errors
    /// [`AuctionError::TimeWentBack`].
    pub fn freeze(&mut self, now: Timestamp) -> Result<(), AuctionError> {
        self.elapsed(now)?;
        self.frozen = Some(self.frozen.unwrap_or(now));
        Ok(())
    }

    /// Lets the clock run again; one that runs stays as it is.
    ///
    /// # Errors
    /// [`AuctionError::TimeWentBack`].
    pub fn thaw(&mut self, now: Timestamp) -> Result<(), AuctionError> {
        self.elapsed(now)?;
        if let Some(since) = self.frozen.take() {
            let stood = now.since(since)?.millis();
            self.stood = Duration(self.stood.millis().saturating_add(stood));
        }
        Ok(())
    }

    /// When a running clock will show `elapsed`; `None` while it stands still.
    #[must_use]
    pub fn shows_at(&self, elapsed: Duration) -> Option<Timestamp> {
        let at = self.started.saturating_add(self.stood);
        self.frozen.is_none().then(|| at.saturating_add(elapsed))
    }
}

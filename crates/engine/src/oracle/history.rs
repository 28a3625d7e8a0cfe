//! Prices by consecutive version, for venues that settle at a version in the past.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{MarketId, Timestamp};

use super::OracleError;

/// One published price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Version {
    /// Its number; strictly increasing, gaps allowed.
    pub number: u64,
    /// Its time.
    pub time: Timestamp,
    /// Its price, raw; may be zero or negative where the venue allows it.
    pub price: i128,
}

/// The versions still needed, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct History {
    versions: Vec<Version>,
}

impl History {
    /// Adds the newest version.
    ///
    /// # Errors
    /// [`OracleError::NotNewer`] when its number does not follow the last; the time may be the
    /// same but not earlier.
    pub fn push(&mut self, market: MarketId, version: Version) -> Result<(), OracleError> {
        let last = self.latest();
        if version.number <= last.number || version.time < last.time {
            let (current, given) = (last.number, version.number);
            return Err(OracleError::NotNewer {
                market,
                current,
                given,
            });
        }
        self.versions.push(version);
        Ok(())
    }

    /// The newest version; number 0, price 0 before the first.
    #[must_use]
    pub fn latest(&self) -> Version {
        self.versions.last().copied().unwrap_or_default()
    }

    /// The version of a number.
    ///
    /// # Errors
    /// [`OracleError::UnknownVersion`].
    pub fn at(&self, market: MarketId, number: u64) -> Result<Version, OracleError> {
        self.versions
            .binary_search_by_key(&number, |v| v.number)
            .ok()
            .and_then(|at| self.versions.get(at))
            .copied()
            .ok_or(OracleError::UnknownVersion {
                market,
                version: number,
            })
    }

    /// Forgets the versions before `number`, which nobody will ask for again.
    pub fn forget_before(&mut self, number: u64) {
        let keep_from = self.versions.partition_point(|v| v.number < number);
        self.versions.drain(..keep_from);
    }

    /// How many versions are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.versions.len()
    }

    /// Whether no version was ever published.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }
}

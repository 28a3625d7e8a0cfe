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
    /// Adds the newest version. Its number is above the last one's, and above zero; its time may
    /// be the same but not earlier.
    ///
    /// # Errors
    /// [`OracleError::NotNewer`], [`OracleError::Backdated`].
    pub fn push(&mut self, market: MarketId, version: Version) -> Result<(), OracleError> {
        let last = self.versions.last();
        let current = last.map_or(0, |last| last.number);
        if version.number <= current {
            let given = version.number;
            return Err(OracleError::NotNewer {
                market,
                current,
                given,
            });
        }
        if let Some(last) = last.filter(|last| version.time < last.time) {
            return Err(OracleError::Backdated {
                market,
                version: version.number,
                last: last.time,
                given: version.time,
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

    /// Forgets the versions before `number`, which nobody will ask for again. The newest is always
    /// kept: without it an old version could be published anew. Costs the number of versions kept.
    pub fn forget_before(&mut self, number: u64) {
        let newest = self.versions.len().saturating_sub(1);
        let before = self.versions.partition_point(|v| v.number < number);
        self.versions.drain(..before.min(newest));
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

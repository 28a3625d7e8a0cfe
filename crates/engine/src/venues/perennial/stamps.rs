//! The accumulators of versions somebody still has to pass through.
//!
//! An account that asked for a change at version `v` settles it at `v + 1`, however late it is
//! touched, with the accumulators of that version. A stamp is kept while at least one account
//! still needs it; the contract keeps them all.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use super::accumulate::Value;

/// How many accounts pass through a version, and its accumulators once the product was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
struct Awaited {
    accounts: u32,
    value: Option<Value>,
}

/// Stamps by the version at which the change was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub(super) struct Stamps {
    by_asked: BTreeMap<u64, Awaited>,
}

impl Stamps {
    /// One more account asked for a change at version `asked`.
    pub(super) fn await_after(&mut self, asked: u64) {
        let awaited = self.by_asked.entry(asked).or_default();
        // At most 2^32 accounts, each waiting once.
        awaited.accounts = awaited.accounts.saturating_add(1);
    }

    /// One account that asked at version `asked` has settled.
    pub(super) fn release(&mut self, asked: u64) {
        let Some(awaited) = self.by_asked.get_mut(&asked) else {
            return;
        };
        awaited.accounts = awaited.accounts.saturating_sub(1);
        if awaited.accounts == 0 {
            self.by_asked.remove(&asked);
        }
    }

    /// The product has settled through `version`.
    pub(super) fn stamp(&mut self, version: u64, value: Value) {
        let asked = version.checked_sub(1);
        if let Some(awaited) = asked.and_then(|a| self.by_asked.get_mut(&a)) {
            awaited.value = Some(value);
        }
    }

    /// The accumulators of `version`, if the product was there and somebody still needs them.
    pub(super) fn at(&self, version: u64) -> Option<Value> {
        self.by_asked.get(&version.checked_sub(1)?)?.value
    }

    /// Versions kept, with how many accounts wait for each.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.by_asked
            .iter()
            .map(|(&asked, awaited)| (asked, awaited.accounts))
    }
}

//! Which accounts of a product to examine when a version arrives.
//!
//! Each account waits on at most two trips:
//! * its side's composite, `G = V - |P| * maintenance ratio` at the newest version, falling to
//!   the account's level (see [`crate::margin::versioned`], which proves that no account is under
//!   water above it). `V` is the accumulator as it would be if the product were settled now;
//! * the first version after the one at which it asked for a change: from there on another size
//!   counts, and a lock is lifted. An account that is locked waits for that alone.
//!
//! `G` moves only with a version, the maintenance ratio, or the least funding fee (which changes
//! accruals not settled yet); other parameters change after the product was settled and so leave
//! `V` where it is. While a product is closed nobody is liquidatable and its composites stand
//! still; reopening moves them to where they are.
//!
//! A level depends on the account and on accumulators already stamped or implied by what is
//! pending; the least funding fee can change the latter, so a change of it arms everybody anew.

use super::account::Settled;
use super::accumulate::Value;
use super::config::ProductParams;
use super::numbers::PerUnit;
use super::position::Role;
use crate::margin::versioned::composite;
use crate::oracle::Version;
use crate::watch::{Direction, DriverId, Trip, Watch};

/// The makers' composite, the takers', the version: in the order the drivers are added.
const MAKERS: DriverId = DriverId(0);
const TAKERS: DriverId = DriverId(1);
const VERSION: DriverId = DriverId(2);

/// Trips an account can have.
const LANES: usize = 2;

/// A product's watch. Derived from the state, not part of it.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    watch: Watch,
}

impl Default for Watched {
    fn default() -> Self {
        let mut watch = Watch::new(LANES);
        for direction in [Direction::Below, Direction::Below, Direction::Above] {
            // A new watch has room for three drivers; were it refused, every account armed on
            // the missing one would be reported as never armed by the audit.
            let added = watch.add_driver(direction);
            assert!(added.is_ok(), "a new watch takes three drivers");
        }
        Self { watch }
    }
}

impl Watched {
    /// The most accounts a product can have.
    pub(super) const SLOTS_MAX: u32 = 1 << 27;

    /// Sets the trips of an account that is not due, given as it would be at the newest version.
    pub(super) fn arm(&mut self, slot: u32, settled: &Settled) {
        let account = &settled.account;
        let level = match (account.locked, settled.exposure.level()) {
            (false, Some(level)) => Some(Trip {
                driver: side(account.role),
                level,
            }),
            _ => None,
        };
        let version = (account.pre_version != 0).then(|| Trip {
            driver: VERSION,
            level: i128::from(account.pre_version).saturating_add(1),
        });
        match (level, version) {
            (Some(level), Some(version)) => self.set(slot, &[level, version]),
            (Some(trip), None) | (None, Some(trip)) => self.set(slot, &[trip]),
            (None, None) => self.disarm(slot),
        }
    }

    /// Examine this account at every version: it cannot be computed now.
    pub(super) fn arm_always(&mut self, slot: u32) {
        self.set(
            slot,
            &[Trip {
                driver: VERSION,
                level: i128::MIN,
            }],
        );
    }

    pub(super) fn disarm(&mut self, slot: u32) {
        self.watch.disarm(slot);
    }

    fn set(&mut self, slot: u32, trips: &[Trip]) {
        // The drivers exist, the trips fit the lanes, and accounts are refused beyond SLOTS_MAX.
        let armed = self.watch.arm(slot, trips);
        assert!(armed.is_ok(), "{armed:?}");
    }

    /// Moves the version on; adds the slots it reached.
    pub(super) fn advance_version(&mut self, version: u64, popped: &mut Vec<u32>) {
        let moved = self.watch.advance(VERSION, version.into(), popped);
        assert!(moved.is_ok(), "{moved:?}");
    }

    /// Moves both composites; adds the slots they reached.
    pub(super) fn advance_prices(
        &mut self,
        value: &Value,
        newest: &Version,
        params: &ProductParams,
        popped: &mut Vec<u32>,
    ) {
        for role in Role::ALL {
            let price = PerUnit::from_raw(newest.price);
            let level = composite(value.of(role), price, params.maintenance);
            let moved = self.watch.advance(side(role), level, popped);
            assert!(moved.is_ok(), "{moved:?}");
        }
    }

    pub(super) fn sort_unique(&mut self, popped: &mut Vec<u32>) {
        self.watch.sort_unique(popped);
    }

    /// The watch, to read its counters.
    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }
}

const fn side(role: Role) -> DriverId {
    match role {
        Role::Maker => MAKERS,
        Role::Taker => TAKERS,
    }
}

//! The watch as one would write it first: a list of trips with their exact levels, looked through
//! on every update. The reference for the differential tests.

use super::code::encode;
use super::{Direction, DriverId, Trip};

/// All trips as (slot, trip), in no order.
#[derive(Debug, Default)]
pub(super) struct NaiveWatch {
    directions: Vec<Direction>,
    trips: Vec<(u32, Trip)>,
}

/// What an update pops, as slots in ascending order, one for each trip.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Popped {
    /// The driver is at or beyond the trip's level.
    pub(super) exactly: Vec<u32>,
    /// It is not, but is so near that both have one code.
    pub(super) early: Vec<u32>,
}

impl NaiveWatch {
    pub(super) fn add_driver(&mut self, direction: Direction) {
        self.directions.push(direction);
    }

    pub(super) fn arm(&mut self, slot: u32, trips: &[Trip]) {
        self.disarm(slot);
        self.trips.extend(trips.iter().map(|&trip| (slot, trip)));
    }

    pub(super) fn disarm(&mut self, slot: u32) {
        self.trips.retain(|&(s, _)| s != slot);
    }

    pub(super) fn armed(&self, slot: u32) -> usize {
        self.trips.iter().filter(|&&(s, _)| s == slot).count()
    }

    pub(super) fn trips(&self) -> usize {
        self.trips.len()
    }

    pub(super) fn advance(&mut self, driver: DriverId, level: i128) -> Popped {
        let direction = self.directions[driver.0 as usize];
        let mut popped = Popped {
            exactly: Vec::new(),
            early: Vec::new(),
        };
        self.trips.retain(|&(slot, trip)| {
            if trip.driver != driver {
                return true;
            }
            let passed = match direction {
                Direction::Above => level >= trip.level,
                Direction::Below => level <= trip.level,
            };
            if passed {
                popped.exactly.push(slot);
            } else if encode(level) == encode(trip.level) {
                popped.early.push(slot);
            } else {
                return true;
            }
            false
        });
        popped.exactly.sort_unstable();
        popped.early.sort_unstable();
        popped
    }

    /// The nearest exact level of the driver.
    pub(super) fn next(&self, driver: DriverId) -> Option<i128> {
        let levels = self
            .trips
            .iter()
            .filter(|(_, t)| t.driver == driver)
            .map(|(_, t)| t.level);
        match self.directions[driver.0 as usize] {
            Direction::Above => levels.min(),
            Direction::Below => levels.max(),
        }
    }
}

//! The watch: finds the accounts to examine without looking at the others.
//!
//! An account's health depends on a few *drivers* (a market's price going up, the same price going
//! down, a funding index, the clock). Whoever examines an account leaves *trips* behind: "examine
//! me again when this driver reaches that level". When a driver moves, the trips it reached are
//! popped and their accounts named; every other account is safe as long as its trips were set
//! soundly. The cost of an update follows the trips it reaches, not the accounts held: an update
//! that reaches none is one comparison.
//!
//! What holds:
//! * A trip is popped by the first [`Watch::advance`] of its driver that is at or beyond the
//!   trip's level, never later. It may be popped early, by less than one part in `2^56` of the
//!   level (not at all below `2^57`): a trip keeps a 64-bit code of its level (see `code`). The
//!   account is then examined for nothing.
//! * The watch knows no current level. A trip armed at a level its driver has passed already
//!   waits for the driver's next `advance`, whatever that brings; arming never pops, so popping
//!   and arming again cannot run in a circle inside one update.
//! * The order in which slots are popped depends on the history of arming, which a restored
//!   snapshot does not have; [`Watch::sort_unique`] gives the order that depends on the set alone.
//! * A refused call changes nothing.
//!
//! Levels are raw integers in whatever unit the caller's driver has; a slot is the caller's dense
//! number of an account or position.

mod code;
mod ladder;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

use code::encode;
use ladder::{Ladder, NEVER};

/// Trips in one leaf of the ladder. Smaller leaves are looked through faster when an update pops a
/// trip or two, larger ones take fewer bytes and splits; between 64 and 256 this gives up little
/// of either.
const LEAF: usize = 128;

// With every handle armed and every driver in use, the ladder can still number its leaves.
const _: () = assert!(
    Ladder::<LEAF>::leaves_most(Watch::HANDLES_MAX, Watch::DRIVERS_MAX as usize)
        <= Ladder::<LEAF>::LEAVES_MAX
);

/// Which way a driver passes its trips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// A trip passes when the driver is at or above its level.
    Above,
    /// A trip passes when the driver is at or below its level.
    Below,
}

impl Direction {
    /// What turns a level's code into one that grows along the direction.
    const fn mask(self) -> u64 {
        match self {
            Self::Above => 0,
            Self::Below => u64::MAX,
        }
    }
}

/// A driver of one watch, numbered from 0 in the order of [`Watch::add_driver`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DriverId(pub u32);

/// "Examine me when this driver reaches this level."
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trip {
    /// The driver to wait for.
    pub driver: DriverId,
    /// The level at which the trip passes, in the driver's raw units.
    pub level: i128,
}

/// Why a call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// More trips for one slot than the watch was made for.
    #[error("{given} trips for slot {slot}; this watch keeps at most {lanes} a slot")]
    TooManyTrips {
        /// The slot they were meant for.
        slot: u32,
        /// How many were given.
        given: usize,
        /// How many a slot may have.
        lanes: usize,
    },
    /// A driver that was never added.
    #[error("driver {0} does not exist")]
    UnknownDriver(u32),
    /// A slot beyond the table's limit ([`Watch::HANDLES_MAX`]).
    #[error("slot {0} is beyond the watch's table")]
    SlotTooLarge(u32),
    /// As many drivers as the watch can number ([`Watch::DRIVERS_MAX`]).
    #[error("the watch has {0} drivers and can have no more")]
    TooManyDrivers(u32),
}

/// Counters since the watch was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WatchStats {
    /// Trips given to [`Watch::arm`].
    pub armed: u64,
    /// Trips popped by [`Watch::advance`].
    pub popped: u64,
    /// Updates that were beyond their driver's gate, with or without a trip to pop.
    pub updates_past_gate: u64,
}

/// Trips by driver, for slots with a fixed number of lanes; see the module's text.
#[derive(Clone)]
pub struct Watch {
    ladder: Ladder<LEAF>,
    masks: Vec<u64>,
    lanes: usize,
    stats: WatchStats,
    /// One bit a slot, all clear between calls.
    marks: Vec<u64>,
}

impl Watch {
    /// The most drivers a watch can have.
    pub const DRIVERS_MAX: u32 = 1 << 20;
    /// The most lanes of all slots together: a slot is accepted while
    /// `(slot + 1) * lanes <= HANDLES_MAX`. The table takes 4 bytes for each.
    pub const HANDLES_MAX: usize = 1 << 28;

    /// A watch without drivers, for up to `lanes` trips a slot.
    #[must_use]
    pub fn new(lanes: usize) -> Self {
        Self {
            ladder: Ladder::new(),
            masks: Vec::new(),
            lanes,
            stats: WatchStats::default(),
            marks: Vec::new(),
        }
    }

    /// Adds a driver.
    ///
    /// # Errors
    /// [`WatchError::TooManyDrivers`].
    pub fn add_driver(&mut self, direction: Direction) -> Result<DriverId, WatchError> {
        let full = WatchError::TooManyDrivers(Self::DRIVERS_MAX);
        let id = u32::try_from(self.ladder.drivers()).map_err(|_| full)?;
        if id >= Self::DRIVERS_MAX {
            return Err(full);
        }
        self.ladder.add_driver();
        self.masks.push(direction.mask());
        Ok(DriverId(id))
    }

    /// Replaces all trips of the slot.
    ///
    /// Keeping a driver in the same place of `trips` from call to call makes an unchanged trip
    /// cost next to nothing.
    ///
    /// # Errors
    /// [`WatchError::TooManyTrips`], [`WatchError::UnknownDriver`], [`WatchError::SlotTooLarge`];
    /// the slot keeps the trips it had.
    pub fn arm(&mut self, slot: u32, trips: &[Trip]) -> Result<(), WatchError> {
        if trips.len() > self.lanes {
            return Err(WatchError::TooManyTrips {
                slot,
                given: trips.len(),
                lanes: self.lanes,
            });
        }
        for trip in trips {
            self.mask(trip.driver)?;
        }
        let lanes = self.handles(slot)?;
        if !trips.is_empty() {
            self.ladder.grow(lanes.end);
        }
        let (used, unused) = (lanes.clone().zip(trips), lanes.skip(trips.len()));
        for handle in unused {
            self.ladder.remove(handle);
        }
        for (handle, trip) in used {
            let code = encode(trip.level) ^ self.mask(trip.driver)?;
            let handle = u32::try_from(handle).map_err(|_| WatchError::SlotTooLarge(slot))?;
            self.ladder.set(handle, trip.driver.0, code);
            self.stats.armed = self.stats.armed.saturating_add(1);
        }
        Ok(())
    }

    /// Takes all trips of the slot away; a slot without trips stays one.
    pub fn disarm(&mut self, slot: u32) {
        let Ok(lanes) = self.handles(slot) else {
            return;
        };
        for handle in lanes {
            self.ladder.remove(handle);
        }
    }

    /// Brings what [`Watch::arm`] and [`Watch::disarm`] of these slots look at near the processor.
    /// Changes nothing, and need not be called.
    ///
    /// With a million slots each of those looks is a miss of the cache, and inside `arm` one waits
    /// for the other. Here the reads of many slots are under way at the same time. Worth it for
    /// some dozens of slots at once.
    pub fn fetch(&self, slots: impl Iterator<Item = u32> + Clone) {
        let handles = slots.flat_map(|slot| self.handles(slot).unwrap_or(0..0));
        let places = handles
            .clone()
            .fold(0, |sum, h| sum ^ self.ladder.read_place(h));
        let trips = handles.fold(0, |sum, h| sum ^ self.ladder.read(h));
        // What is read must look used, or it is not read.
        std::hint::black_box(places ^ trips);
    }

    /// How many trips the slot has now.
    #[must_use]
    pub fn armed(&self, slot: u32) -> usize {
        let lanes = self.handles(slot).unwrap_or(0..0);
        lanes.filter(|&h| self.ladder.is_armed(h)).count()
    }

    /// Moves a driver to `level`: pops every trip it is at or beyond and appends its slot, once
    /// for each trip. Returns how many were appended.
    ///
    /// # Errors
    /// [`WatchError::UnknownDriver`].
    #[inline]
    pub fn advance(
        &mut self,
        driver: DriverId,
        level: i128,
        popped: &mut Vec<u32>,
    ) -> Result<usize, WatchError> {
        let code = encode(level) ^ self.mask(driver)?;
        if code < self.gate(driver)? {
            return Ok(0);
        }
        Ok(self.pop(driver, code, popped))
    }

    /// Whether an `advance` of the driver to `level` might pop anything. `false` is certain.
    ///
    /// # Errors
    /// [`WatchError::UnknownDriver`].
    #[inline]
    pub fn reaches(&self, driver: DriverId, level: i128) -> Result<bool, WatchError> {
        Ok(encode(level) ^ self.mask(driver)? >= self.gate(driver)?)
    }

    /// The first level, along the driver's direction, at which a trip might pass: before it none
    /// does. `None` when the driver has no trips.
    ///
    /// # Errors
    /// [`WatchError::UnknownDriver`].
    pub fn next(&self, driver: DriverId) -> Result<Option<i128>, WatchError> {
        let (gate, mask) = (self.gate(driver)?, self.mask(driver)?);
        if gate == NEVER {
            return Ok(None);
        }
        Ok(Some(match mask {
            0 => code::smallest(gate),
            _ => code::largest(gate ^ mask),
        }))
    }

    /// Sorts popped slots and drops repetitions: the order no longer depends on how the trips came
    /// to be armed, and accounts are then examined in the order they lie in memory.
    pub fn sort_unique(&mut self, popped: &mut Vec<u32>) {
        let Some(&last) = popped.iter().max() else {
            return;
        };
        // Marking walks over one bit for each slot up to the last, sorting costs some 10 ns for
        // each one popped.
        if last as usize / 512 < popped.len() {
            self.sort_unique_by_marks(popped, last);
        } else {
            popped.sort_unstable();
            popped.dedup();
        }
    }

    /// Counters since the watch was made.
    #[must_use]
    pub fn stats(&self) -> WatchStats {
        self.stats
    }

    /// Trips held now.
    #[must_use]
    pub fn trips(&self) -> u64 {
        self.ladder.armed()
    }

    /// Bytes held on the heap.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let words = self.masks.capacity().saturating_add(self.marks.capacity());
        self.ladder
            .memory_bytes()
            .saturating_add(words.saturating_mul(size_of::<u64>()))
    }

    #[cold]
    fn pop(&mut self, driver: DriverId, code: u64, popped: &mut Vec<u32>) -> usize {
        let before = popped.len();
        self.ladder.pop(driver.0 as usize, code, popped);
        let new = popped.get_mut(before..).unwrap_or_default();
        if let Ok(lanes @ 2..) = u32::try_from(self.lanes) {
            for handle in &mut *new {
                *handle = handle.checked_div(lanes).unwrap_or_default();
            }
        }
        self.stats.updates_past_gate = self.stats.updates_past_gate.saturating_add(1);
        self.stats.popped = self.stats.popped.saturating_add(new.len() as u64);
        new.len()
    }

    fn sort_unique_by_marks(&mut self, popped: &mut Vec<u32>, last: u32) {
        let words = (last as usize / 64).saturating_add(1);
        if self.marks.len() < words {
            self.marks.resize(words, 0);
        }
        for &slot in popped.iter() {
            self.marks[slot as usize / 64] |= 1 << (slot % 64);
        }
        popped.clear();
        for (word, first) in self.marks[..words].iter_mut().zip((0..=last).step_by(64)) {
            while *word != 0 {
                popped.push(first | word.trailing_zeros());
                *word &= word.wrapping_sub(1);
            }
        }
    }

    fn mask(&self, driver: DriverId) -> Result<u64, WatchError> {
        let mask = self.masks.get(driver.0 as usize).copied();
        mask.ok_or(WatchError::UnknownDriver(driver.0))
    }

    fn gate(&self, driver: DriverId) -> Result<u64, WatchError> {
        let gate = self.ladder.gate(driver.0 as usize);
        gate.ok_or(WatchError::UnknownDriver(driver.0))
    }

    /// The handles of the slot's lanes.
    fn handles(&self, slot: u32) -> Result<std::ops::Range<usize>, WatchError> {
        let first = (slot as usize).checked_mul(self.lanes);
        let end = first.and_then(|f| f.checked_add(self.lanes));
        match (first, end) {
            (Some(first), Some(end)) if end <= Self::HANDLES_MAX => Ok(first..end),
            _ => Err(WatchError::SlotTooLarge(slot)),
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("drivers", &self.ladder.drivers())
            .field("lanes", &self.lanes)
            .field("trips", &self.trips())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

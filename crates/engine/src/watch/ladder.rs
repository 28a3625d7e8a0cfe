//! The ladder: for each driver its trips, by code, in unsorted leaves that are sorted among
//! themselves.
//!
//! A price update pops everything at or below a code, so nothing needs the order *inside* a leaf:
//! a leaf that lies wholly below the code is emptied without one comparison, and only the nearest
//! leaf that straddles it is looked through. That makes a pop several times cheaper than a heap's
//! (which pays `log n` moves for each), and leaves the heap's other virtues: a trip is added by a
//! binary search over the leaves' bounds and a write, and removed through a 4-byte place kept for each
//! handle.
//!
//! With a million accounts nearly every look at a trip waits for the memory, so looks are what is
//! saved: a removed trip leaves a vacancy that the next one added to its leaf takes, and no other
//! trip is moved for it.
//!
//! Invariants:
//! * `bounds` of a driver never increases along the vector: the nearest leaf is the last one, its
//!   bound is 0. A leaf at position `i` holds codes from `bounds[i]` to `bounds[i - 1]`, both
//!   included (equal codes may spread over several leaves).
//! * No leaf in a driver's list is empty; leaves in no list are in `free`.
//! * Of a leaf's first `used` entries, `live` are trips and the others are linked from `vacant`.
//! * `places[handle]` is where the handle's trip lies, or `NOWHERE`; a handle has one trip at most.
//! * `gates[driver]` is at or below every code of the driver: an update below the gate pops
//!   nothing. Removing a trip may leave the gate too low; the next update that reaches it looks
//!   through the nearest leaf once and lifts it.
//! * Of two neighbours in a driver's list one at least holds more than `SPARSE` trips; only the
//!   two nearest may both be sparse. See below.
//!
//! Why there are few leaves. Call a leaf sparse when it holds `SPARSE` trips or fewer. A leaf that
//! shrinks to `SPARSE` one by one is merged with a neighbour unless both hold so many that they
//! are not sparse; what it is merged into holds more than `SPARSE` then. A split leaves two halves,
//! or a new leaf beside a full one. A sparse leaf that empties has neighbours that are not sparse,
//! so they may become neighbours of each other. That leaves a pop: it empties leaves from the
//! nearest end and thins the one it stops in without merging, which can make the two nearest
//! sparse. The nearest leaf has another one nearer than itself only after it was full and split,
//! so it is no longer sparse when that comes. Hence a driver with `t` trips has at most
//! `2 * t / (SPARSE + 1) + 2` leaves; [`Ladder::leaves_most`] adds that up.

// Index arithmetic only: leaf numbers stay below 2^32 / CAP (see `LEAVES_MAX`), positions in a
// leaf at or below CAP, positions in a list below the number of leaves. No money is computed here.
#![allow(clippy::arithmetic_side_effects)]

use crate::tight;

/// The place of a handle without a trip.
const NOWHERE: u32 = u32::MAX;
/// The gate of a driver without trips: no level has this code.
pub(super) const NEVER: u64 = u64::MAX;

/// A trip in a leaf, or a vacancy: then the handle is `NOWHERE` and the code is the index of the
/// next vacancy. Packed to 12 bytes, so that one miss of the cache mostly fetches all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C, packed(4))]
struct Entry {
    code: u64,
    handle: u32,
}

/// The end of a leaf's vacancies.
const NO_VACANCY: u16 = u16::MAX;

/// Whose a leaf is and what is in it; kept apart from the trips, in memory that stays hot.
#[derive(Debug, Clone, Copy)]
struct Head {
    driver: u32,
    used: u16,
    live: u16,
    vacant: u16,
}

impl Head {
    const fn empty(driver: u32) -> Self {
        Self {
            driver,
            used: 0,
            live: 0,
            vacant: NO_VACANCY,
        }
    }
}

/// A driver's leaves, farthest first: leaf numbers and the least code each may hold.
#[derive(Debug, Clone, Default)]
struct List {
    bounds: Vec<u64>,
    leaves: Vec<u32>,
}

impl List {
    /// The position of the leaf that takes a new trip with this code.
    fn position(&self, code: u64) -> usize {
        self.bounds.partition_point(|&bound| bound > code)
    }

    fn remove(&mut self, position: usize) {
        self.bounds.remove(position);
        self.leaves.remove(position);
        self.open_nearest();
    }

    fn insert(&mut self, position: usize, bound: u64, leaf: u32) {
        self.bounds.insert(position, bound);
        self.leaves.insert(position, leaf);
    }

    /// The nearest leaf takes every code below it.
    fn open_nearest(&mut self) {
        if let Some(bound) = self.bounds.last_mut() {
            *bound = 0;
        }
    }
}

/// Trips of many drivers, each named by a handle; see the module's text. `CAP` is a power of two.
#[derive(Clone)]
pub(super) struct Ladder<const CAP: usize> {
    gates: Vec<u64>,
    lists: Vec<List>,
    heads: Vec<Head>,
    // Boxed, so that growth neither copies leaves nor holds twice the memory it uses.
    #[allow(clippy::vec_box)]
    leaves: Vec<Box<[Entry; CAP]>>,
    free: Vec<u32>,
    places: Vec<u32>,
    armed: u64,
}

impl<const CAP: usize> Ladder<CAP> {
    const INDEX_BITS: u32 = CAP.trailing_zeros();
    const INDEX_MASK: u32 = (1 << Self::INDEX_BITS) - 1;
    /// How many leaves there can be: a leaf's number fits beside an index in a place, and no place
    /// is `NOWHERE`.
    pub(super) const LEAVES_MAX: usize = (u32::MAX >> Self::INDEX_BITS) as usize;
    /// A leaf that shrinks to this many trips is put together with a neighbour if they fit well.
    const SPARSE: usize = CAP / 4;
    const MERGED_MAX: usize = CAP / 4 * 3;

    pub(super) fn new() -> Self {
        Self {
            gates: Vec::new(),
            lists: Vec::new(),
            heads: Vec::new(),
            leaves: Vec::new(),
            free: Vec::new(),
            places: Vec::new(),
            armed: 0,
        }
    }

    /// How many leaves there are at most with so many handles and drivers, whatever is done to
    /// them; see the module's text. A free leaf is taken before a new one is made, so those that
    /// were ever made are no more than those listed at one time.
    pub(super) const fn leaves_most(handles: usize, drivers: usize) -> usize {
        2 * handles / (Self::SPARSE + 1) + 2 * drivers
    }

    /// Adds a driver without trips; drivers are numbered in the order they are added.
    pub(super) fn add_driver(&mut self) {
        self.gates.push(NEVER);
        self.lists.push(List::default());
    }

    pub(super) fn drivers(&self) -> usize {
        self.gates.len()
    }

    /// A code at or below every trip of the driver, [`NEVER`] when it has none; `None` for an
    /// unknown driver.
    #[inline]
    pub(super) fn gate(&self, driver: usize) -> Option<u64> {
        self.gates.get(driver).copied()
    }

    /// Trips held now.
    pub(super) fn armed(&self) -> u64 {
        self.armed
    }

    /// Lets handles below `handles` be used. The caller keeps [`Ladder::leaves_most`] of its limits
    /// within [`Ladder::LEAVES_MAX`].
    pub(super) fn grow(&mut self, handles: usize) {
        tight::extend_to(&mut self.places, handles, NOWHERE);
    }

    /// Whether the handle has a trip.
    pub(super) fn is_armed(&self, handle: usize) -> bool {
        self.places.get(handle).is_some_and(|&p| p != NOWHERE)
    }

    /// Bytes held on the heap.
    pub(super) fn memory_bytes(&self) -> usize {
        let lists: usize = self
            .lists
            .iter()
            .map(|list| bytes_of(&list.bounds) + bytes_of(&list.leaves))
            .sum();
        lists
            + self.leaves.len() * size_of::<[Entry; CAP]>()
            + bytes_of(&self.leaves)
            + bytes_of(&self.heads)
            + bytes_of(&self.free)
            + bytes_of(&self.places)
            + bytes_of(&self.gates)
            + bytes_of(&self.lists)
    }

    /// Gives the handle a trip, in place of the one it has. The driver and the handle exist.
    pub(super) fn set(&mut self, handle: u32, driver: u32, code: u64) {
        let place = self.places[handle as usize];
        if place != NOWHERE {
            let (number, index) = Self::leaf_and_index(place);
            if self.heads[number].driver == driver && self.leaves[number][index].code == code {
                return;
            }
            self.remove(handle as usize);
        }
        self.insert(handle, driver, code);
    }

    /// Takes the handle's trip away, if it has one.
    pub(super) fn remove(&mut self, handle: usize) {
        let Some(place) = self.places.get_mut(handle) else {
            return;
        };
        let place = std::mem::replace(place, NOWHERE);
        if place == NOWHERE {
            return;
        }
        let (number, index) = Self::leaf_and_index(place);
        let code = self.leaves[number][index].code;
        self.take_out(number, index);
        self.armed -= 1;
        let left = self.len(number);
        if left == 0 {
            self.unlist(number, code);
        } else if left == Self::SPARSE {
            self.merge(number, code);
        }
    }

    /// Removes every trip of the driver with a code at or below `code` and appends its handle.
    pub(super) fn pop(&mut self, driver: usize, code: u64, popped: &mut Vec<u32>) {
        let before = popped.len();
        let mut nearest = NEVER;
        while let Some(&number) = self.lists[driver].leaves.last() {
            let bounds = &self.lists[driver].bounds;
            let upper = bounds.len().checked_sub(2).map_or(NEVER, |i| bounds[i]);
            if upper <= code {
                self.pop_all(number as usize, popped);
            } else {
                nearest = self.pop_some(number as usize, code, popped);
            }
            if self.len(number as usize) > 0 {
                break;
            }
            self.drop_nearest(driver, number);
        }
        self.armed -= (popped.len() - before) as u64;
        self.gates[driver] = nearest;
    }

    /// Reads what [`Ladder::set`] and [`Ladder::remove`] of the handle will look at, and mixes it
    /// into a number.
    pub(super) fn read(&self, handle: usize) -> u64 {
        match self.places.get(handle) {
            Some(&place) if place != NOWHERE => {
                let (number, index) = Self::leaf_and_index(place);
                self.leaves[number][index].code
            }
            _ => 0,
        }
    }

    /// Reads the place of the handle alone.
    pub(super) fn read_place(&self, handle: usize) -> u64 {
        self.places.get(handle).map_or(0, |&place| place.into())
    }

    fn pop_all(&mut self, number: usize, popped: &mut Vec<u32>) {
        let used = usize::from(self.heads[number].used);
        for entry in &self.leaves[number][..used] {
            if entry.handle != NOWHERE {
                popped.push(entry.handle);
                self.places[entry.handle as usize] = NOWHERE;
            }
        }
        self.heads[number].live = 0;
    }

    /// Returns the least code that stays, [`NEVER`] when none does.
    fn pop_some(&mut self, number: usize, code: u64, popped: &mut Vec<u32>) -> u64 {
        let mut nearest = NEVER;
        for index in 0..usize::from(self.heads[number].used) {
            let entry = self.leaves[number][index];
            if entry.handle == NOWHERE {
                continue;
            }
            if entry.code > code {
                nearest = nearest.min(entry.code);
                continue;
            }
            popped.push(entry.handle);
            self.places[entry.handle as usize] = NOWHERE;
            self.take_out(number, index);
        }
        nearest
    }

    fn drop_nearest(&mut self, driver: usize, number: u32) {
        let list = &mut self.lists[driver];
        list.bounds.pop();
        list.leaves.pop();
        list.open_nearest();
        self.free.push(number);
    }

    fn insert(&mut self, handle: u32, driver: u32, code: u64) {
        let list = &self.lists[driver as usize];
        let mut number = match list.leaves.is_empty() {
            true => self.add_leaf(driver, 0, 0),
            false => list.leaves[list.position(code)] as usize,
        };
        if self.len(number) == CAP {
            number = self.split(driver, code);
        }
        self.push(number, Entry { code, handle });
        self.armed += 1;
        let gate = &mut self.gates[driver as usize];
        *gate = code.min(*gate);
    }

    // Leaves have at most 2^16 - 1 entries, and an index that was stored is below that.
    #[allow(clippy::cast_possible_truncation)]
    fn push(&mut self, number: usize, entry: Entry) {
        let (head, leaf) = (&mut self.heads[number], &mut self.leaves[number]);
        let index = if head.vacant == NO_VACANCY {
            head.used += 1;
            usize::from(head.used - 1)
        } else {
            let index = usize::from(head.vacant);
            head.vacant = leaf[index].code as u16;
            index
        };
        head.live += 1;
        leaf[index] = entry;
        self.places[entry.handle as usize] = Self::place(number, index);
    }

    /// Leaves a vacancy at `index`; the place of the trip that was there is the caller's to set.
    // An index is below CAP, see `push`.
    #[allow(clippy::cast_possible_truncation)]
    fn take_out(&mut self, number: usize, index: usize) {
        let head = &mut self.heads[number];
        self.leaves[number][index] = Entry {
            code: head.vacant.into(),
            handle: NOWHERE,
        };
        head.vacant = index as u16;
        head.live -= 1;
    }

    /// Makes room in the full leaf that takes `code`; returns the leaf that takes it now.
    fn split(&mut self, driver: u32, code: u64) -> usize {
        let list = &self.lists[driver as usize];
        let position = list.position(code);
        let number = list.leaves[position] as usize;
        let bound = list.bounds[position];
        // Trips that arrive in order (a clock, an index that only grows) would leave half-empty
        // leaves behind them; give them a leaf of their own instead.
        if position == 0 && self.entries(number).all(|e| e.code <= code) {
            return self.add_leaf(driver, 0, code);
        }
        let mut entries = *self.leaves[number];
        let (_, &mut Entry { code: middle, .. }, _) = entries.select_nth_unstable(CAP / 2);
        let nearer = self.add_leaf(driver, position + 1, bound);
        self.lists[driver as usize].bounds[position] = middle;
        let (near, far) = entries.split_at(CAP / 2);
        self.heads[number] = Head::empty(driver);
        for &entry in far {
            self.push(number, entry);
        }
        for &entry in near {
            self.push(nearer, entry);
        }
        if code >= middle { number } else { nearer }
    }

    /// Lists an empty leaf at `position` of the driver's list.
    // Leaf numbers fit 32 bits, see `LEAVES_MAX`.
    #[allow(clippy::cast_possible_truncation)]
    fn add_leaf(&mut self, driver: u32, position: usize, bound: u64) -> usize {
        let head = Head::empty(driver);
        let number = match self.free.pop() {
            Some(number) => {
                self.heads[number as usize] = head;
                number
            }
            None => {
                let made = self.leaves.len();
                assert!(made < Self::LEAVES_MAX, "{made} leaves, against the proof");
                let empty = Entry { code: 0, handle: 0 };
                self.leaves.push(Box::new([empty; CAP]));
                self.heads.push(head);
                (self.leaves.len() - 1) as u32
            }
        };
        self.lists[driver as usize].insert(position, bound, number);
        number as usize
    }

    /// Takes an empty leaf, whose last trip had this code, from its driver's list.
    fn unlist(&mut self, number: usize, code: u64) {
        let position = self.find(number, code);
        let driver = self.heads[number].driver as usize;
        let list = &mut self.lists[driver];
        self.free.push(list.leaves[position]);
        list.remove(position);
        if list.leaves.is_empty() {
            self.gates[driver] = NEVER;
        }
    }

    /// Moves a sparse leaf's trips to a neighbour that stays well below full, so that memory
    /// follows the trips held when they are taken away one by one. `code` is one it last held.
    fn merge(&mut self, number: usize, code: u64) {
        let position = self.find(number, code);
        let driver = self.heads[number].driver as usize;
        let list = &self.lists[driver];
        let fits = |&i: &usize| {
            let other = list.leaves.get(i).map(|&n| self.len(n as usize));
            other.is_some_and(|len| len + Self::SPARSE <= Self::MERGED_MAX)
        };
        let (farther, nearer) = (position.wrapping_sub(1), position + 1);
        let Some(other) = [nearer, farther].into_iter().find(fits) else {
            return;
        };
        let target = list.leaves[other] as usize;
        for index in 0..usize::from(self.heads[number].used) {
            let entry = self.leaves[number][index];
            if entry.handle != NOWHERE {
                self.push(target, entry);
            }
        }
        let list = &mut self.lists[driver];
        if other == farther {
            list.bounds[farther] = list.bounds[position];
        }
        self.free.push(list.leaves[position]);
        list.remove(position);
    }

    /// Where in its driver's list a leaf is that holds, or last held, this code.
    fn find(&self, number: usize, code: u64) -> usize {
        let list = &self.lists[self.heads[number].driver as usize];
        let mut position = list.position(code);
        // Equal codes can spread over several leaves.
        while list.leaves[position] as usize != number {
            position += 1;
        }
        position
    }

    fn len(&self, number: usize) -> usize {
        self.heads[number].live.into()
    }

    fn entries(&self, number: usize) -> impl Iterator<Item = &Entry> {
        let used = usize::from(self.heads[number].used);
        self.leaves[number][..used]
            .iter()
            .filter(|e| e.handle != NOWHERE)
    }

    // A place fits 32 bits and is never `NOWHERE`, see `LEAVES_MAX`.
    #[allow(clippy::cast_possible_truncation)]
    fn place(number: usize, index: usize) -> u32 {
        (number as u32) << Self::INDEX_BITS | index as u32
    }

    fn leaf_and_index(place: u32) -> (usize, usize) {
        let index = place & Self::INDEX_MASK;
        ((place >> Self::INDEX_BITS) as usize, index as usize)
    }
}

fn bytes_of<T>(vec: &Vec<T>) -> usize {
    vec.capacity() * size_of::<T>()
}

#[cfg(test)]
mod tests;

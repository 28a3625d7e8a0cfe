//! Which wallets to examine when.
//!
//! A healthy wallet leaves one trip for each of its positions, on the position's slot: how far the
//! line of its market and side may move against it (see [`shares`], which also proves that nobody
//! becomes liquidatable before one of its trips has passed). A publication moves the lines of its
//! market; the slots it reached name the wallets to examine.
//!
//! Besides those, a command's sweep examines
//! * every wallet whose money or positions it changed, as its own events tell;
//! * whoever has an open case, when anything was published;
//! * `always`, when anything was published: wallets with a maintenance fraction of their own, with
//!   next to no slack, or with numbers that do not fit. They are few, or not for long.
//!
//! The insurance and the exit fund are never liquidated and never examined.
//!
//! Nothing here is state: it is built anew from a snapshot and changes no result. A trip on a slot
//! that was freed stays until it passes or the slot is used again; whoever holds the slot then is
//! looked at once for nothing.

mod cases;
mod drivers;
mod examine;
mod shares;
mod sweep;

pub use cases::OpenCase;

use std::collections::BTreeSet;

use plimsoll_units::MarketId;

use super::Market;
use crate::watch::{Direction, DriverId, Watch, WatchStats};
use drivers::Drivers;
use shares::{PERIODS, Room};

/// Counters since the watch was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WatchCounters {
    /// The watch's own.
    pub trips: WatchStats,
    /// Wallets examined.
    pub examined: u64,
    /// Of them, liquidatable.
    pub due: u64,
}

/// What a venue knows about whom to examine.
#[derive(Debug, Clone)]
pub(super) struct Watching {
    watch: Watch,
    markets: Vec<Drivers>,
    /// Slots that were reached.
    popped: Vec<u32>,
    /// Wallets to examine before the command ends.
    pending: Vec<u32>,
    /// Wallets to examine whenever anything is published.
    always: BTreeSet<u32>,
    /// Wallets other than the funds that have, or had, limits of their own.
    own: BTreeSet<u32>,
    examined: u64,
    due: u64,
    room: examine::Table,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            watch: Watch::new(1),
            markets: Vec::new(),
            popped: Vec::new(),
            pending: Vec::new(),
            always: BTreeSet::new(),
            own: BTreeSet::new(),
            examined: 0,
            due: 0,
            room: examine::Table::default(),
        }
    }
}

impl Watching {
    /// Adds the drivers of markets that have none yet.
    fn add_markets(&mut self, markets: &[Market]) {
        for market in markets.iter().skip(self.markets.len()) {
            let (long, short) = (Direction::Below, Direction::Above);
            let (long, short) = (self.driver(long), self.driver(short));
            self.markets.push(Drivers::new(long, short, market));
        }
    }

    fn driver(&mut self, direction: Direction) -> DriverId {
        let added = self.watch.add_driver(direction);
        // A venue has no more markets than fit a byte; were it refused, the first arming on the
        // missing driver would be refused too, and its wallet examined with every publication.
        assert!(added.is_ok(), "two drivers for each of 256 markets");
        added.unwrap_or(DriverId(u32::MAX))
    }

    /// Moves a market's lines to where its price, funding and fraction are now. Returns whether
    /// all of its positions are to be named, because the reserve of some may be used up.
    fn publish(&mut self, id: MarketId, market: &Market) -> bool {
        let Some(drivers) = self.markets.get_mut(id.index()) else {
            return false;
        };
        if drivers.is_quiet(market) {
            return false;
        }
        let had = drivers.lines.is_some();
        drivers.draw(market);
        if let Some(lines) = drivers.lines {
            for (driver, level) in [(drivers.long, lines.long), (drivers.short, lines.short)] {
                let known = self.watch.advance(driver, level, &mut self.popped);
                assert!(known.is_ok(), "a driver of ours is unknown: {known:?}");
            }
            let next = |driver| self.watch.next(driver).ok().flatten();
            drivers.note_gates(next(drivers.long), next(drivers.short));
        }
        let lost = had && drivers.lines.is_none();
        let all = lost || drivers.rounded >= PERIODS;
        if all {
            drivers.rounded = 0;
        }
        all
    }

    /// Draws the lines of markets whose publication was quiet: for an examination.
    fn draw_all(&mut self, markets: &[Market]) {
        for (drivers, market) in self.markets.iter_mut().zip(markets) {
            drivers.draw(market);
        }
    }

    /// Leaves a trip for a position with this much room.
    fn arm(&mut self, slot: u32, market: MarketId, size: i64, room: Room) -> bool {
        let Some(drivers) = self.markets.get_mut(market.index()) else {
            return false;
        };
        let Some(trip) = drivers.trip(size, room) else {
            return false;
        };
        self.watch.arm(slot, &[trip]).is_ok()
    }

    fn counters(&self) -> WatchCounters {
        WatchCounters {
            trips: self.watch.stats(),
            examined: self.examined,
            due: self.due,
        }
    }

    fn memory_bytes(&self) -> usize {
        let lists = [&self.popped, &self.pending];
        let lists = lists.iter().map(|list| list.capacity());
        let sums = self.markets.iter().map(|d| d.sums.capacity());
        let markets = self.markets.capacity();
        self.watch
            .memory_bytes()
            .saturating_add(lists.fold(0, usize::saturating_add).saturating_mul(4))
            .saturating_add(sums.fold(0, usize::saturating_add).saturating_mul(16))
            .saturating_add(markets.saturating_mul(size_of::<Drivers>()))
    }
}

//! Which accounts to examine when.
//!
//! A sound account leaves one trip for each of its positions, on the position's slot: at its
//! market's mark, moved against the position by the account's room (see [`super::health`], which
//! says why nobody comes under while none of their trips has passed). A long waits below, a short
//! above; a price that moves in a position's favour reaches nothing. A trip beyond every price
//! there can be is not set.
//!
//! Besides those, a command's sweep looks at whoever it touched, and with prices at the warned and
//! at the *near*: accounts without any room. Within two pips of its requirement an account can come
//! under by rounding alone, whichever way a price moves. They are few, and not for long. Nothing here is state: it is built anew from a snapshot and changes no result. A trip
//! on a slot that was freed stays until it passes or the slot is used again; whoever has the slot
//! then is looked at once for nothing.

use std::collections::BTreeSet;

use plimsoll_units::{AccountId, MarketId, Rounding, mul_div};

use super::check::PRICE_MAX;
use super::health::ROOM_ONE;
use super::{Composed, accounts};
use crate::Rejection;
use crate::ledger::Ledger;
use crate::watch::{Direction, DriverId, Trip, Watch, WatchStats};

/// A market's drivers: its mark going down, and going up.
#[derive(Debug, Clone, Copy)]
struct Drivers {
    long: DriverId,
    short: DriverId,
}

/// Counters since the watch was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WatchCounters {
    /// The watch's own.
    pub trips: WatchStats,
    /// Accounts looked at.
    pub examined: u64,
    /// Of them, under their requirement.
    pub due: u64,
}

/// What the venue knows about whom to examine.
#[derive(Debug, Clone)]
pub(super) struct Watching {
    watch: Watch,
    drivers: Vec<Drivers>,
    popped: Vec<u32>,
    pub(super) near: BTreeSet<AccountId>,
    pub(super) examined: u64,
    pub(super) due: u64,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            watch: Watch::new(1),
            drivers: Vec::new(),
            popped: Vec::new(),
            near: BTreeSet::new(),
            examined: 0,
            due: 0,
        }
    }
}

impl Watching {
    pub(super) fn new(markets: usize) -> Result<Self, Rejection> {
        let mut new = Self::default();
        for _ in 0..markets {
            let long = new.watch.add_driver(Direction::Below)?;
            let short = new.watch.add_driver(Direction::Above)?;
            new.drivers.push(Drivers { long, short });
        }
        Ok(new)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let popped = self.popped.capacity().saturating_mul(size_of::<u32>());
        self.watch.memory_bytes().saturating_add(popped)
    }
}

impl Composed {
    /// Moves a market's drivers to its new mark and notes whom they reached.
    pub(super) fn advance(&mut self, market: MarketId, mark: u64) -> Result<(), Rejection> {
        let watching = &mut self.watching;
        let Some(drivers) = watching.drivers.get(market.index()).copied() else {
            return Ok(());
        };
        for driver in [drivers.long, drivers.short] {
            watching
                .watch
                .advance(driver, mark.into(), &mut watching.popped)?;
        }
        let owners = watching.popped.drain(..);
        self.reached
            .extend(owners.filter_map(|slot| self.holdings.owner(slot)));
        Ok(())
    }

    /// Leaves a sound account's trips.
    pub(super) fn arm(&mut self, account: AccountId, room: Option<i128>) {
        let positions = self.holdings.positions(account);
        if room == Some(0) && !positions.is_empty() {
            self.watching.near.insert(account);
        } else {
            self.watching.near.remove(&account);
        }
        for position in positions {
            let slot = position.slot();
            let mark = self.marks.get(position.market.index()).copied();
            let drivers = self.watching.drivers.get(position.market.index());
            let (Some(mark), Some(drivers)) = (mark, drivers) else {
                continue;
            };
            let long = position.size > 0;
            let driver = if long { drivers.long } else { drivers.short };
            let trip = level(mark, room, long).map(|level| Trip { driver, level });
            // One trip, a driver of ours: only a slot beyond the watch's table could be refused.
            let armed = self.watching.watch.arm(slot, trip.as_slice());
            assert!(armed.is_ok(), "a trip that cannot be left: {armed:?}");
        }
    }

    /// Arms accounts anew after a refused command took their positions, trips or marks back.
    pub(super) fn arm_again(&mut self, ledger: &Ledger) {
        let mut accounts = std::mem::take(&mut self.touched);
        accounts.append(&mut self.reached);
        accounts.sort_unstable();
        accounts.dedup();
        for account in accounts {
            self.arm_as_it_is(ledger, account);
        }
    }

    /// Arms everybody anew.
    pub(super) fn arm_everybody(&mut self, ledger: &Ledger) -> Result<(), Rejection> {
        self.watching = Watching::new(self.config.markets.len())?;
        for at in 0..self.holdings.count() {
            let account = u32::try_from(at).unwrap_or(u32::MAX);
            self.arm_as_it_is(ledger, AccountId(account));
        }
        Ok(())
    }

    /// An account with a case or a warning is looked at anyway: trips at the marks do no harm.
    fn arm_as_it_is(&mut self, ledger: &Ledger, account: AccountId) {
        if accounts::is_own(account) {
            return;
        }
        // Numbers that do not fit leave no room: it is looked at with the next price against it.
        let room = self.examined(ledger, account).map(|e| e.room);
        self.arm(account, room.unwrap_or(Some(0)));
    }

    /// Counters of the watch.
    #[must_use]
    pub fn watch_counters(&self) -> WatchCounters {
        WatchCounters {
            trips: self.watching.watch.stats(),
            examined: self.watching.examined,
            due: self.watching.due,
        }
    }
}

/// Where a position's trip is: the mark moved against it by the room, rounded toward the mark.
fn level(mark: u64, room: Option<i128>, long: bool) -> Option<i128> {
    let mark = i128::from(mark);
    // A move that does not fit is beyond every price.
    let by = mul_div(mark, room?, ROOM_ONE, Rounding::Floor).unwrap_or(i128::MAX);
    let level = if long {
        mark.saturating_sub(by)
    } else {
        mark.saturating_add(by)
    };
    (1..=i128::from(PRICE_MAX))
        .contains(&level)
        .then_some(level)
}

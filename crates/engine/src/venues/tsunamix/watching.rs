//! Which positions to examine when: drivers and trips.
//!
//! Its drivers are the market's price both ways, the cost index of its market and side both ways
//! (funding and borrowing in one number, see [`Indices::cost`]), and the vault's money downwards;
//! `trips` divides a position's slack among them. Positions far from the profit limit lean on
//! *floors* instead of trips: a vault of 1/4 of its money and a cost index lower by the whole
//! notional. Should a floor ever break, everybody who may lean on it is examined.
//!
//! Prices and the vault's money are pushed to the watch when they change. Cost indices change
//! with time alone, so each market keeps the earliest time at which one of its trips could be
//! reached, from the rates at both ends of the coming hour; comparing the clock with the least of
//! those times is all that a command pays.
//!
//! Nothing here is state: it is rebuilt from a snapshot, writes no index down, and changes no
//! result; it only knows whom to leave alone. Roundings are all outward: early, never late.

use plimsoll_units::{MarketId, PositionId, Price, Rounding, Side, Timestamp, mul_div};

use super::Refusal;
use super::config::Sides;
use super::health::{Circumstances, Judged};
use super::market::{COST_ONE, Indices, Market};
use super::trips::{Arming, LANES, Trips};
use crate::watch::{Direction, DriverId, Watch, WatchError, WatchStats};

/// Positions the watch's table has room for.
pub(super) const SLOTS_MAX: u32 = 53_000_000;
const HOUR: i64 = 3_600_000;
const HOUR_WIDE: i128 = 3_600_000;

/// The cost drivers of one side of a market.
#[derive(Debug, Clone, Copy)]
pub(super) struct CostDrivers {
    pub(super) up: DriverId,
    pub(super) down: DriverId,
    /// Who leans on this floor is safe while the index is not below it.
    pub(super) floor: i128,
}

/// The drivers of one market.
#[derive(Debug, Clone)]
pub(super) struct Drivers {
    pub(super) price_up: DriverId,
    pub(super) price_down: DriverId,
    pub(super) cost: Sides<CostDrivers>,
    /// Before this time no cost trip of the market can be reached.
    next_check: i64,
    /// Open interest, limits or trips changed: `next_check` is to be computed anew.
    stale: bool,
    view: Option<(Timestamp, Indices)>,
}

/// What a venue knows about whom to examine.
#[derive(Debug, Clone)]
pub(super) struct Watching {
    watch: Watch,
    vault: Option<DriverId>,
    markets: Vec<Drivers>,
    tvl_floor: i128,
    tvl_seen: i128,
    next_check: i64,
    any_stale: bool,
    /// Places to examine before the command ends.
    pub(super) pending: Vec<u32>,
    /// Places that could not be given trips: examined with every command.
    always: Vec<u32>,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            watch: Watch::new(LANES),
            vault: None,
            markets: Vec::new(),
            tvl_floor: 0,
            tvl_seen: 0,
            next_check: i64::MAX,
            any_stale: false,
            pending: Vec::new(),
            always: Vec::new(),
        }
    }
}

impl Watching {
    /// Adds the drivers of a market.
    pub(super) fn add_market(&mut self, market: &Market, now: Timestamp) -> Result<(), Refusal> {
        let full = |_: WatchError| Refusal::Full;
        if self.vault.is_none() {
            self.vault = Some(self.watch.add_driver(Direction::Below).map_err(full)?);
        }
        let indices = market.indices(now);
        let mut cost = |side| {
            Ok::<_, Refusal>(CostDrivers {
                up: self.watch.add_driver(Direction::Above).map_err(full)?,
                down: self.watch.add_driver(Direction::Below).map_err(full)?,
                floor: indices.cost(side).saturating_sub(COST_ONE),
            })
        };
        let cost = Sides {
            long: cost(Side::Long)?,
            short: cost(Side::Short)?,
        };
        let drivers = Drivers {
            price_up: self.watch.add_driver(Direction::Above).map_err(full)?,
            price_down: self.watch.add_driver(Direction::Below).map_err(full)?,
            cost,
            next_check: i64::MAX,
            stale: true,
            view: None,
        };
        self.markets.push(drivers);
        self.any_stale = true;
        Ok(())
    }

    /// A market has a new price.
    #[inline]
    pub(super) fn price(&mut self, market: MarketId, price: Price<18>) {
        if let Some(drivers) = self.markets.get(market.index()) {
            for driver in [drivers.price_up, drivers.price_down] {
                advance(&mut self.watch, driver, price.raw(), &mut self.pending);
            }
        }
    }

    /// The vault's money may have changed. `true` when the floor broke: everything that may lean
    /// on it is to be examined.
    pub(super) fn vault(&mut self, tvl: i128) -> bool {
        if tvl == self.tvl_seen {
            return false;
        }
        self.tvl_seen = tvl;
        if let Some(driver) = self.vault {
            advance(&mut self.watch, driver, tvl, &mut self.pending);
        }
        let broken = tvl < self.tvl_floor;
        let floor = tvl.max(0).wrapping_shr(2);
        // Raising a floor is free: who leans on a lower one leans on this one too.
        if broken || floor > self.tvl_floor {
            self.tvl_floor = floor;
        }
        broken
    }

    /// Open interest, limits or rates of a market changed.
    pub(super) fn market_changed(&mut self, market: MarketId) {
        if let Some(drivers) = self.markets.get_mut(market.index()) {
            drivers.stale = true;
            self.any_stale = true;
        }
    }

    /// As [`Watching::market_changed`], for all.
    pub(super) fn all_changed(&mut self) {
        self.markets.iter_mut().for_each(|d| d.stale = true);
        self.any_stale = true;
    }

    /// Examines the cost indices whose trips may have been reached by `now`. Returns the markets
    /// and sides whose floor broke.
    #[inline]
    pub(super) fn time(&mut self, now: Timestamp, markets: &[Market]) -> Vec<(MarketId, Side)> {
        if now.millis() < self.next_check {
            return Vec::new();
        }
        self.check_costs(now, markets)
    }

    fn check_costs(&mut self, now: Timestamp, markets: &[Market]) -> Vec<(MarketId, Side)> {
        let mut broken = Vec::new();
        for (id, (drivers, market)) in (0u16..).zip(self.markets.iter_mut().zip(markets)) {
            if now.millis() < drivers.next_check {
                continue;
            }
            let indices = view(drivers, market, now);
            for side in [Side::Long, Side::Short] {
                let level = indices.cost(side);
                let cost = drivers.cost.of_mut(side);
                for driver in [cost.up, cost.down] {
                    advance(&mut self.watch, driver, level, &mut self.pending);
                }
                let floor = level.saturating_sub(COST_ONE);
                if level < cost.floor {
                    broken.push((MarketId(id), side));
                    cost.floor = floor;
                }
                cost.floor = cost.floor.max(floor);
            }
            drivers.stale = true;
            self.any_stale = true;
        }
        broken
    }

    /// Computes anew when the cost indices must be looked at next, where that may have changed.
    #[inline]
    pub(super) fn plan(&mut self, now: Timestamp, markets: &[Market]) {
        if !self.any_stale {
            return;
        }
        for (drivers, market) in self.markets.iter_mut().zip(markets) {
            if drivers.stale {
                drivers.next_check = next_check(&self.watch, drivers, market, now);
                drivers.stale = false;
            }
        }
        let times = self.markets.iter().map(|d| d.next_check);
        self.next_check = times.min().unwrap_or(i64::MAX);
        self.any_stale = false;
    }

    /// The indices of a market at `now`, computed once per command.
    #[inline]
    pub(super) fn indices(&mut self, id: MarketId, market: &Market, now: Timestamp) -> Indices {
        match self.markets.get_mut(id.index()) {
            Some(drivers) => view(drivers, market, now),
            None => market.indices(now),
        }
    }

    /// Leaves trips behind for a position that was found healthy.
    pub(super) fn arm(
        &mut self,
        id: PositionId,
        market: MarketId,
        judged: &Judged,
        at: &Circumstances<'_>,
    ) {
        let slot = id.slot();
        let side = judged.exposure.side();
        let planned = self.nearest_costs(market, side);
        let trips = self.trips(market, judged, at);
        let armed = trips.map(|t| self.watch.arm(slot, t.as_slice()));
        if !matches!(armed, Some(Ok(()))) {
            self.watch.disarm(slot);
            self.always(slot);
        }
        // A plan made for nearer trips is early for these, and holds.
        if self.nearest_costs(market, side) != planned {
            self.market_changed(market);
        }
    }

    /// The nearest cost trips either way.
    fn nearest_costs(&self, market: MarketId, side: Side) -> [Option<i128>; 2] {
        let costs = self.markets.get(market.index()).map(|d| d.cost.of(side));
        let next = |driver| self.watch.next(driver).ok().flatten();
        costs.map_or([None; 2], |c| [next(c.up), next(c.down)])
    }

    #[inline]
    fn trips(&self, market: MarketId, judged: &Judged, at: &Circumstances<'_>) -> Option<Trips> {
        Arming {
            drivers: self.markets.get(market.index())?,
            vault: self.vault?,
            tvl_floor: self.tvl_floor,
            judged,
            at,
        }
        .trips()
    }

    /// A position that is gone, or waits for a keeper.
    pub(super) fn disarm(&mut self, id: PositionId) {
        self.watch.disarm(id.slot());
    }

    /// A place to be examined with every command.
    pub(super) fn always(&mut self, slot: u32) {
        self.always.push(slot);
    }

    /// Puts the places examined with every command on the list.
    pub(super) fn recall(&mut self) {
        self.pending.append(&mut self.always);
    }

    /// Forgets the indices computed for this moment: the command was taken back.
    pub(super) fn forget(&mut self) {
        self.pending.clear();
        self.markets.iter_mut().for_each(|d| d.view = None);
    }

    /// Orders the list and drops repetitions; the order depends on the set alone.
    pub(super) fn take_pending(&mut self) -> Vec<u32> {
        let mut pending = std::mem::take(&mut self.pending);
        self.watch.sort_unique(&mut pending);
        pending
    }

    /// Brings what examining these places looks at near the processor.
    pub(super) fn fetch(&self, slots: impl Iterator<Item = u32> + Clone) {
        self.watch.fetch(slots);
    }

    pub(super) fn stats(&self) -> WatchStats {
        self.watch.stats()
    }

    pub(super) fn trips_held(&self) -> u64 {
        self.watch.trips()
    }

    pub(super) fn trips_of(&self, id: PositionId) -> usize {
        self.watch.armed(id.slot())
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let scratch = self
            .pending
            .capacity()
            .saturating_add(self.always.capacity());
        let markets = self.markets.capacity().saturating_mul(size_of::<Drivers>());
        self.watch
            .memory_bytes()
            .saturating_add(scratch.saturating_mul(size_of::<u32>()))
            .saturating_add(markets)
    }
}

fn advance(watch: &mut Watch, driver: DriverId, level: i128, pending: &mut Vec<u32>) {
    let known = watch.advance(driver, level, pending);
    assert!(known.is_ok(), "a driver of ours is unknown: {known:?}");
}

fn view(drivers: &mut Drivers, market: &Market, now: Timestamp) -> Indices {
    match drivers.view {
        Some((at, indices)) if at == now => indices,
        _ => {
            let indices = market.indices(now);
            drivers.view = Some((now, indices));
            indices
        }
    }
}

/// The earliest time at which a cost trip, or the floor, of the market can be reached, at most an
/// hour ahead: within it the index moves no faster than the rates at its two ends.
fn next_check(watch: &Watch, drivers: &Drivers, market: &Market, now: Timestamp) -> i64 {
    let here = market.indices(now);
    let ahead = market.indices(Timestamp(now.millis().saturating_add(HOUR)));
    let rates = [
        market.funding.rate_e15,
        here.funding.rate_e15,
        ahead.funding.rate_e15,
    ];
    let mut earliest = now.millis().saturating_add(HOUR);
    for side in [Side::Long, Side::Short] {
        let funding = rates.map(|r| i128::from(r).saturating_mul(side.sign()).saturating_mul(9));
        let borrow = i128::from(*market.params.borrow_rate_e6.of(side));
        // Rate times milliseconds of an hour, on the grid of costs.
        let borrow = borrow.saturating_mul(2_500).saturating_mul(HOUR_WIDE);
        let highest = funding
            .into_iter()
            .max()
            .unwrap_or(0)
            .saturating_add(borrow);
        let lowest = funding
            .into_iter()
            .min()
            .unwrap_or(0)
            .saturating_add(borrow);
        let costs = drivers.cost.of(side);
        let cost = here.cost(side);
        // The truncations of a view, since the last accrual and over the coming hour.
        let accrued = now
            .millis()
            .saturating_sub(market.funding.at.millis())
            .max(0);
        let margin = i128::from(accrued)
            .div_euclid(HOUR_WIDE)
            .saturating_add(4)
            .saturating_mul(9);
        let up = watch.next(costs.up).ok().flatten();
        let down = watch
            .next(costs.down)
            .ok()
            .flatten()
            .map_or(costs.floor, |l| l.max(costs.floor));
        let distances = [
            (up.map(|level| level.saturating_sub(cost)), highest),
            (Some(cost.saturating_sub(down)), lowest.saturating_neg()),
        ];
        for (distance, rate) in distances {
            if let Some(distance) = distance {
                let left = distance.saturating_sub(margin).max(0);
                let after = match rate {
                    1.. => mul_div(left, HOUR_WIDE, rate, Rounding::Floor).unwrap_or(HOUR_WIDE),
                    // It moves away, or not at all; only a rounding could bring it there.
                    _ if left > 0 => HOUR_WIDE,
                    _ => 0,
                };
                let after = i64::try_from(after).unwrap_or(HOUR).min(HOUR);
                earliest = earliest.min(now.millis().saturating_add(after));
            }
        }
    }
    earliest
}

#[cfg(test)]
mod tests;

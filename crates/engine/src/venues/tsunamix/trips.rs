//! The trips a healthy position leaves behind.
//!
//! A position is safe while (see `health`)
//!
//! ```text
//! (1) pnl(P) > closing fee + h - threshold * collateral      h = holding cost, grows with `cost`
//! (2) trunc(pnl(P)) <= cap(TVL) - realised + h
//! ```
//!
//! Slack of (1) is divided between a worse price and a higher cost: 15/16 and 1/16. Room of (2) is
//! divided between a better price, less money in the vault (1/4) and a lower cost (1/16); but when
//! it is so large that the position is safe down to the floors of vault and cost until the price
//! has moved by half an entry, one price trip there suffices, and a short that cannot win as much
//! as the limit needs none.
//!
//! All roundings are outward: a trip may pass early, never late.

use plimsoll_units::{Amount, Rounding, Side, mul_div};

use super::PRICE_MAX;
use super::health::{Circumstances, Judged, forcing_pnl, profit_pct};
use super::market::{COST_ONE, Market};
use super::watching::{CostDrivers, Drivers};
use crate::limits::profit::{PCT_ONE, cap};
use crate::margin::isolated::TARGET_SCALE;
use crate::watch::{DriverId, Trip};

/// Trips a position may have: price and cost for (1); price, cost and vault for (2).
pub(super) const LANES: usize = 5;
/// Roundings of a holding cost between two views differ by less than this many raw units.
const COST_ROUNDING: i128 = 4;

/// The trips of one position, under construction.
pub(super) struct Trips {
    trips: [Trip; LANES],
    len: usize,
}

impl Trips {
    fn new() -> Self {
        let none = Trip {
            driver: DriverId(0),
            level: 0,
        };
        Self {
            trips: [none; LANES],
            len: 0,
        }
    }

    fn push(&mut self, driver: DriverId, level: i128) {
        if let Some(place) = self.trips.get_mut(self.len) {
            *place = Trip { driver, level };
            self.len = self.len.saturating_add(1);
        }
    }

    pub(super) fn as_slice(&self) -> &[Trip] {
        self.trips.get(..self.len).unwrap_or_default()
    }
}

/// What trips are computed from.
pub(super) struct Arming<'a> {
    pub(super) drivers: &'a Drivers,
    pub(super) vault: DriverId,
    /// Where positions that lean on it stop being safe.
    pub(super) tvl_floor: i128,
    pub(super) judged: &'a Judged,
    pub(super) at: &'a Circumstances<'a>,
}

/// The moment of arming: the truncated profit, the cost index, and whether it can move.
#[derive(Clone, Copy)]
struct Here {
    pnl: i128,
    cost: i128,
    moves: bool,
}

/// Whether the cost of holding can change at all.
fn costs_move(market: &Market, side: Side) -> bool {
    let funding = &market.params.funding;
    *market.params.borrow_rate_e6.of(side) != 0
        || market.funding.rate_e15 != 0
        || (funding.velocity_factor != 0 && funding.max_rate() != 0)
}

/// How far the cost index moves while holding `size` changes by at least `money`: down, so early.
fn cost_distance(money: i128, size: i128) -> i128 {
    let sure = money.saturating_sub(COST_ROUNDING).max(0);
    mul_div(sure, COST_ONE, size, Rounding::Floor).unwrap_or(i128::MAX)
}

impl Arming<'_> {
    /// The trips of a position that was found healthy. `None` when a number does not fit.
    #[inline]
    pub(super) fn trips(&self) -> Option<Trips> {
        let side = self.judged.exposure.side();
        let pnl = self.judged.exposure.pnl_truncated(self.at.price).ok()?;
        let here = Here {
            pnl: pnl.raw(),
            cost: self.at.indices.cost(side),
            moves: costs_move(self.at.market, side),
        };
        let mut trips = Trips::new();
        self.losing_trips(&mut trips, here)?;
        self.winning_trips(&mut trips, here)?;
        Some(trips)
    }

    fn side(&self) -> Side {
        self.judged.exposure.side()
    }

    fn size(&self) -> i128 {
        self.judged.exposure.size().raw()
    }

    fn costs(&self) -> &CostDrivers {
        self.drivers.cost.of(self.side())
    }

    /// Trips for liquidation: a price at which the profit is down to the target and a sixteenth
    /// of the slack, and a cost index at which that sixteenth is used up.
    fn losing_trips(&self, trips: &mut Trips, here: Here) -> Option<()> {
        let (judged, drivers) = (self.judged, self.drivers);
        // A truncated loss is nearer to zero than the exact one: take one unit off.
        let floor = judged.target.div_euclid(TARGET_SCALE).checked_add(1)?;
        let slack = here.pnl.checked_sub(1)?.checked_sub(floor)?.max(0);
        let dearer = if here.moves {
            slack.wrapping_shr(4).max(slack.min(8))
        } else {
            0
        };
        let target = judged
            .target
            .checked_add(dearer.checked_mul(TARGET_SCALE)?)?;
        let level = judged.exposure.losing_price(target).ok()?;
        match self.side() {
            Side::Long if level > 0 => trips.push(drivers.price_down, level),
            Side::Short if level <= PRICE_MAX.raw() => trips.push(drivers.price_up, level),
            // Beyond every price the venue accepts.
            _ => {}
        }
        if here.moves {
            let distance = cost_distance(dearer, self.size());
            trips.push(self.costs().up, here.cost.saturating_add(distance));
        }
        Some(())
    }

    /// Trips for the profit limit.
    fn winning_trips(&self, trips: &mut Trips, here: Here) -> Option<()> {
        let (judged, size) = (self.judged, self.size());
        let room = judged.tolerated.checked_sub(here.pnl)?;
        let lost = self.lost_down_to_floors(here)?;
        // A short never wins more than its size, whatever the price.
        if self.side() == Side::Short && judged.tolerated.checked_sub(lost)? >= size {
            return Some(());
        }
        let half = size.wrapping_shr(1);
        // The truncated profit may stand one unit below the exact one.
        if room.checked_sub(lost)? > half.checked_add(1)? {
            self.half_way_trip(trips);
            return Some(());
        }
        let poorer = room.wrapping_shr(2);
        let cheaper = if here.moves { room.wrapping_shr(4) } else { 0 };
        let tolerated = judged.tolerated.checked_sub(poorer)?.checked_sub(cheaper)?;
        self.winning_price_trip(trips, tolerated);
        if here.moves {
            let distance = cost_distance(cheaper, size);
            trips.push(self.costs().down, here.cost.saturating_sub(distance));
        }
        // cap(tvl) >= cap - poorer while tvl is at or above this; the trip lies just below.
        let pct = profit_pct(self.at.rules, self.at.market);
        let cap_left = judged.allowance.cap.raw().checked_sub(poorer)?;
        let needed = mul_div(cap_left, PCT_ONE, pct.into(), Rounding::Ceil).ok()?;
        trips.push(self.vault, needed.checked_sub(1)?);
        Some(())
    }

    /// How much of the room for profit is lost when the vault and the cost index fall to their
    /// floors: at most.
    fn lost_down_to_floors(&self, here: Here) -> Option<i128> {
        let pct = profit_pct(self.at.rules, self.at.market);
        let floor_cap = cap(Amount::<6>::from_raw(self.tvl_floor), pct).ok()?;
        let narrowed = self
            .judged
            .allowance
            .cap
            .raw()
            .checked_sub(floor_cap.raw())?;
        let above_floor = here.cost.checked_sub(self.costs().floor)?;
        let fall = if above_floor <= COST_ONE {
            self.size()
        } else {
            mul_div(self.size(), above_floor, COST_ONE, Rounding::Ceil).ok()?
        };
        narrowed
            .max(0)
            .checked_add(fall)?
            .checked_add(COST_ROUNDING)
    }

    /// A price at which the profit has grown by half of the size at most: half an entry price
    /// further, or up to an eighth of it nearer. On a grid of eighths, so that the trip mostly
    /// stays where it is when the position is examined for something else.
    fn half_way_trip(&self, trips: &mut Trips) {
        let entry = self.judged.exposure.entry().raw();
        let (step, grid) = (entry.wrapping_shr(1), entry.wrapping_shr(3).max(1));
        let price = self.at.price.raw();
        let level = match self.side() {
            Side::Long => price.saturating_add(step).div_euclid(grid),
            // The next grid price at or above it.
            Side::Short => price
                .saturating_sub(step)
                .saturating_sub(1)
                .div_euclid(grid)
                .saturating_add(1),
        };
        self.better_price(trips, level.saturating_mul(grid));
    }

    /// A price at which the truncated profit may be above `tolerated`.
    fn winning_price_trip(&self, trips: &mut Trips, tolerated: i128) {
        let target = forcing_pnl(tolerated).checked_mul(TARGET_SCALE);
        // A level that does not fit 128 bits is beyond every price the venue accepts.
        let level = target.and_then(|t| self.judged.exposure.winning_price(t).ok());
        if let Some(level) = level {
            self.better_price(trips, level);
        }
    }

    fn better_price(&self, trips: &mut Trips, level: i128) {
        match self.side() {
            Side::Long if level <= PRICE_MAX.raw() => trips.push(self.drivers.price_up, level),
            Side::Short if level > 0 => trips.push(self.drivers.price_down, level),
            // Beyond every price the venue accepts.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;

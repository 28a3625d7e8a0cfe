//! When venues are told of prices that the market already has.
//!
//! Only the time at which a price arrives changes, never the price; so it does not matter whether
//! prices are stressed before or after. A market's first price is always told at once: a venue
//! lists a market with its price. A price that a newer one has overtaken is never told, and neither
//! is one that would arrive after the market's last.

use std::collections::BTreeMap;

use plimsoll_units::{Duration, Timestamp};

use super::conditions::Stretch;
use crate::prices::{MarketPrice, Tick};

/// When the prices of one market arrive: in the order in which the market had them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrivals {
    /// When each arrives; `None` where it never does.
    pub(super) at: Vec<Option<Timestamp>>,
}

impl Arrivals {
    /// Everything at once.
    pub(super) fn new(times: &[Timestamp]) -> Self {
        Self {
            at: times.iter().map(|time| Some(*time)).collect(),
        }
    }

    /// What would arrive during `frozen` does not; its newest arrives when the time is over.
    pub(super) fn freeze(&mut self, frozen: Stretch) {
        let mut newest = None;
        for (place, at) in self.at.iter_mut().enumerate().skip(1) {
            if at.is_some_and(|at| frozen.contains(at)) {
                *at = None;
                newest = Some(place);
            }
        }
        if let (Some(newest), Some(end)) = (newest, frozen.end()) {
            self.at[newest] = Some(end);
        }
    }

    /// What would arrive during `when` arrives so much later.
    pub(super) fn delay(&mut self, when: Stretch, by: Duration) {
        for at in self.at.iter_mut().skip(1).flatten() {
            if when.contains(*at) {
                *at = at.saturating_add(by);
            }
        }
    }

    /// Which price arrives at which time: those that were not overtaken, in the order of time.
    fn in_order(&self) -> Vec<(Timestamp, usize)> {
        let told = self.at.iter().enumerate();
        let mut told: Vec<(Timestamp, usize)> = told
            .filter_map(|(place, at)| at.map(|at| (at, place)))
            .collect();
        // The newest of a moment first: the others of it are overtaken.
        told.sort_unstable_by_key(|(at, place)| (*at, std::cmp::Reverse(*place)));
        let mut newest = None;
        told.retain(|(_, place)| {
            let is_newer = newest.is_none_or(|newest| *place > newest);
            if is_newer {
                newest = Some(*place);
            }
            is_newer
        });
        told
    }
}

/// Tells venues of every market's prices when they arrive; `arrivals` has one entry per market.
/// Where there is no tick at such a time, one without prices is put in.
pub(super) fn tell(ticks: Vec<Tick>, arrivals: &[Arrivals]) -> Vec<Tick> {
    let Some(last) = ticks.last().map(|tick| tick.time) else {
        return ticks;
    };
    let mut prices: Vec<Vec<MarketPrice>> = vec![Vec::new(); arrivals.len()];
    for (market, price) in ticks.iter().flat_map(|tick| &tick.prices) {
        if let Some(own) = prices.get_mut(*market) {
            own.push(*price);
        }
    }
    let mut told: BTreeMap<Timestamp, Vec<(usize, MarketPrice)>> = BTreeMap::new();
    for (market, (arrivals, prices)) in arrivals.iter().zip(&prices).enumerate() {
        for (at, place) in arrivals.in_order() {
            if let Some(price) = prices.get(place).filter(|_| at <= last) {
                told.entry(at).or_default().push((market, *price));
            }
        }
    }
    let mut merged = Vec::with_capacity(ticks.len());
    for mut tick in ticks {
        while let Some(entry) = told.first_entry().filter(|entry| *entry.key() < tick.time) {
            let (time, late) = entry.remove_entry();
            merged.push(Tick {
                time,
                prices: Vec::new(),
                told: Some(late),
            });
        }
        tick.told = Some(told.remove(&tick.time).unwrap_or_default());
        merged.push(tick);
    }
    merged
}

#[cfg(test)]
mod tests;

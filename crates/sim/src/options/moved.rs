//! Options of one crash for the prices of another: an assumption, for windows without chains.
//!
//! A comparison's window may have no option chains. Then the volatilities of the chains that are
//! there are moved to it: in time by whole days (so that expiries stay at their hour), such that
//! the lowest index of the chains meets the lowest price of the window; and in price, each surface
//! to the price of the window at its new time. Volatilities by moneyness, forwards over spot, how
//! many options had no quote, and open interest by moneyness stay as they were recorded.

use plimsoll_engine::pricing::quoted::QuotedSmile;
use plimsoll_units::{Price, Rounding, Timestamp, mul_div};

use super::{Interest, Market, Snapshot};

/// A day in ms.
const DAY: i64 = 86_400_000;
/// Strikes of moved options are whole multiples of this: one unit.
const STRIKE_STEP: i128 = 100_000_000;

/// The market moved to `prices`, which are in time order; as it is where there are none, or where
/// it has chains at the first of them already.
#[must_use]
pub fn moved(market: Market, prices: &[(Timestamp, Price<8>)]) -> Market {
    let (Some(first), Some(last)) = (prices.first(), prices.last()) else {
        return market;
    };
    let covers = |at: Timestamp| market.snapshots.first().is_some_and(|s| s.at <= at);
    let ends = market.snapshots.last().map_or(Timestamp::EPOCH, |s| s.at);
    if covers(first.0) && ends.millis() >= first.0.millis() - DAY {
        return market;
    }
    let low = prices.iter().min_by_key(|(at, price)| (*price, *at));
    let by_index = |s: &&Snapshot| (s.quoted.index, s.at);
    let (Some((low, _)), Some(lowest)) = (low, market.snapshots.iter().min_by_key(by_index)) else {
        return market;
    };
    let apart = low.millis() - lowest.at.millis();
    let mut days = (apart + DAY / 2).div_euclid(DAY);
    // Some snapshot must be there when prices begin.
    while market.snapshots[0].at.millis() + days * DAY > first.0.millis() {
        days -= 1;
    }
    let by = days * DAY;
    let mut provenance = market.provenance;
    provenance.push(format!(
        "An assumption: these options are moved by {days} days and to the window's prices, their \
         lowest index to its lowest price; volatilities by moneyness, and who was left without \
         quotes, are the recorded ones."
    ));
    let snapshots = market.snapshots.into_iter().map(|mut snapshot| {
        let at = Timestamp(snapshot.at.millis() + by);
        let after = prices.partition_point(|(time, _)| *time <= at);
        let index = prices[after.saturating_sub(1)].1;
        shift(&mut snapshot, (at, by), index);
        snapshot
    });
    let mut snapshots: Vec<Snapshot> = snapshots.collect();
    snapshots.retain(|snapshot| snapshot.at <= last.0);
    Market {
        provenance,
        snapshots,
    }
}

fn shift(snapshot: &mut Snapshot, (at, by): (Timestamp, i64), index: Price<8>) {
    let before = snapshot.quoted.index;
    let later = |time: Timestamp| Timestamp(time.millis() + by);
    let strike = |price: Price<8>| {
        let scaled = mul_div(price.raw(), index.raw(), before.raw(), Rounding::HalfEven);
        Price::from_raw(scaled.unwrap_or_else(|_| price.raw()))
    };
    snapshot.at = at;
    snapshot.quoted.at = at;
    snapshot.quoted.index = index;
    for slice in &mut snapshot.quoted.slices {
        slice.expiry = later(slice.expiry);
        if let QuotedSmile::Points(points) = &mut slice.smile {
            for (point, _) in points {
                *point = strike(*point);
            }
        }
    }
    for note in &mut snapshot.smiles {
        note.expiry = later(note.expiry);
    }
    let whole = |price: Price<8>| {
        let steps = (price.raw() + STRIKE_STEP / 2) / STRIKE_STEP;
        Price::from_raw(steps.max(1) * STRIKE_STEP)
    };
    let mut interest: Vec<Interest> = Vec::with_capacity(snapshot.interest.len());
    for open in &snapshot.interest {
        let moved = Interest {
            expiry: later(open.expiry),
            strike: whole(strike(open.strike)),
            ..*open
        };
        // Two strikes of a cheap coin may become one.
        match interest.last_mut() {
            Some(last) if (last.expiry, last.strike) == (moved.expiry, moved.strike) => {
                last.calls += moved.calls;
                last.puts += moved.puts;
            }
            _ => interest.push(moved),
        }
    }
    snapshot.interest = interest;
}

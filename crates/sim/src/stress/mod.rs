//! Stresses: what a scenario does to its prices, to what venues are told of them, and to people.
//!
//! Stresses of prices change a [`Timeline`] once, before a replay begins ([`apply`]): what the
//! market does (`moves`), and when venues are told of it (`told`). Stresses of people are asked for
//! by desks while it runs (`Conditions`). All of them are told in words ([`described`]), with the
//! venues that they do not touch.

mod conditions;
mod moves;
mod told;
mod words;

pub(crate) use conditions::{Conditions, ONE_PPM};
pub(crate) use words::changed;
pub use words::{described, unaffected};

use plimsoll_units::Timestamp;

use crate::prices::{MarketPrice, Provenance, Timeline};
use crate::scenario::{Scenario, Stress};
use conditions::Stretch;
use moves::Moves;
use told::Arrivals;

/// Applies the stresses of prices to a timeline, in the order in which they are written.
///
/// A pool's market is its reserves: they move with the price, their product stays, and nothing can
/// be told of it late.
///
/// # Errors
/// A stress that lies outside the prices, in a sentence that begins with its number.
pub fn apply(mut timeline: Timeline, scenario: &Scenario) -> Result<Timeline, String> {
    for (number, stress) in (1..).zip(&scenario.stress) {
        inside(stress, &timeline).map_err(|why| format!("stress {number}: {why}"))?;
    }
    let moved = |stress: &&Stress| {
        matches!(
            stress,
            Stress::Scale { .. } | Stress::Correlate { .. } | Stress::Gap { .. }
        )
    };
    let moves: Vec<&Stress> = scenario.stress.iter().filter(moved).collect();
    if !moves.is_empty() {
        move_prices(&mut timeline, &moves);
    }
    if scenario.stress.iter().any(is_told_late) && scenario.pool.is_none() {
        tell_late(&mut timeline, &scenario.stress);
    }
    Ok(timeline)
}

const fn is_told_late(stress: &Stress) -> bool {
    matches!(
        stress,
        Stress::FreezeOracle { .. } | Stress::DelayPrices { .. }
    )
}

/// When a stress begins and ends; the whole run where it does not say.
fn stretch(stress: &Stress) -> Option<Stretch> {
    Some(match stress {
        Stress::Scale { .. } | Stress::Correlate { .. } => return None,
        Stress::Gap { at, .. } | Stress::LiquidityLeaves { at, .. } => Stretch::new(*at, None),
        Stress::FreezeOracle { at, r#for, .. } => Stretch::new(*at, Some(*r#for)),
        Stress::DelayPrices { at, r#for, .. } => match at {
            Some(at) => Stretch::new(*at, *r#for),
            None => return None,
        },
        Stress::PartnersLeave { at, r#for }
        | Stress::LiquidatorsAway { at, r#for }
        | Stress::WidenBooks { at, r#for, .. } => Stretch::new(*at, *r#for),
    })
}

/// Refuses a stress of which the prices would never see anything.
fn inside(stress: &Stress, timeline: &Timeline) -> Result<(), String> {
    let (Some(first), Some(last)) = (timeline.ticks.first(), timeline.ticks.last()) else {
        return Ok(());
    };
    let Some(stretch) = stretch(stress) else {
        return Ok(());
    };
    let (first, last) = (first.time, last.time);
    if stretch.from > last {
        let at = stretch.from;
        return Err(format!("`at` {at} is after the last price, of {last}"));
    }
    if stretch.to <= first {
        let to = stretch.to;
        return Err(format!(
            "it ends at {to}, before the first price, of {first}"
        ));
    }
    if matches!(stress, Stress::Gap { .. }) && stretch.from <= first {
        let at = stretch.from;
        return Err(format!(
            "`at` {at} is not after the first price, of {first}"
        ));
    }
    Ok(())
}

/// Which markets a stress is about: all where it names none.
fn concerned(named: &[String], market: &str) -> bool {
    named.is_empty() || named.iter().any(|name| name == market)
}

fn move_prices(timeline: &mut Timeline, stresses: &[&Stress]) {
    let mut all = moves(timeline);
    for stress in stresses {
        let own = all.iter_mut().zip(&timeline.markets);
        match stress {
            Stress::Scale { by, markets } => {
                let own = own.filter(|(_, market)| concerned(markets, market));
                own.for_each(|(moves, _)| moves.scale(by.approximate()));
            }
            Stress::Gap { at, by, markets } => {
                let own = own.filter(|(_, market)| concerned(markets, market));
                own.for_each(|(moves, _)| moves.gap(at.0, by.raw()));
            }
            Stress::Correlate { with, by } => {
                let Some(leads) = timeline.markets.iter().position(|m| m == with) else {
                    continue;
                };
                let leader = all[leads].clone();
                let others = all.iter_mut().enumerate();
                let others = others.filter(|(market, _)| *market != leads);
                others.for_each(|(_, moves)| moves.correlate(&leader, by.approximate()));
            }
            _ => {}
        }
    }
    if let Provenance::Pool(path) = &mut timeline.provenance {
        let moved = all.first().map_or(&[][..], |moves| &moves.prices);
        path.follow(moved);
        let symbol = timeline.markets.first().map_or("", String::as_str);
        *timeline = crate::pools::timeline(symbol, path);
        return;
    }
    let mut next: Vec<_> = all.iter().map(|moves| moves.prices.iter()).collect();
    for (market, price) in timeline.ticks.iter_mut().flat_map(|tick| &mut tick.prices) {
        if let Some(moved) = next.get_mut(*market).and_then(Iterator::next) {
            *price = MarketPrice::from_raw(*moved);
        }
    }
}

/// The prices market by market.
fn moves(timeline: &Timeline) -> Vec<Moves> {
    let mut all: Vec<(Vec<Timestamp>, Vec<i128>)> =
        vec![Default::default(); timeline.markets.len()];
    for tick in &timeline.ticks {
        for (market, price) in &tick.prices {
            if let Some((times, prices)) = all.get_mut(*market) {
                times.push(tick.time);
                prices.push(price.raw());
            }
        }
    }
    let all = all.into_iter();
    all.map(|(times, prices)| Moves::new(times, prices))
        .collect()
}

fn tell_late(timeline: &mut Timeline, stresses: &[Stress]) {
    let mut arrivals: Vec<Arrivals> = moves(timeline)
        .iter()
        .map(|moves| Arrivals::new(&moves.times))
        .collect();
    for stress in stresses {
        let own = arrivals.iter_mut().zip(&timeline.markets);
        match stress {
            Stress::FreezeOracle { at, r#for, markets } => {
                let frozen = Stretch::new(*at, Some(*r#for));
                let own = own.filter(|(_, market)| concerned(markets, market));
                own.for_each(|(arrivals, _)| arrivals.freeze(frozen));
            }
            Stress::DelayPrices { by, at, r#for } => {
                let from = at.map_or(Timestamp(i64::MIN), |at| at.0);
                let to = r#for.map_or(Timestamp::MAX, |span| from.saturating_add(span.0));
                own.for_each(|(arrivals, _)| arrivals.delay(Stretch { from, to }, by.0));
            }
            _ => {}
        }
    }
    let ticks = std::mem::take(&mut timeline.ticks);
    timeline.ticks = told::tell(ticks, &arrivals);
}

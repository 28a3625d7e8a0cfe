//! The two price paths: calm, and the crash. Integers only, one update a second.

use plimsoll_engine::Command;

use crate::chance::Chance;
use crate::world::{BASIS_POINT, World};

const SECOND: i64 = 1_000;

/// Seconds of the crash.
pub const CRASH_UPDATES: usize = 600;
/// How deep it is.
const CRASH_BP: i64 = 1_500;

/// Prices that move by a basis point a second (56 % a year) and are pulled back within a minute,
/// so that they stay within some 20 basis points.
#[must_use]
pub fn calm(world: &World, updates: usize, seed: u64) -> Vec<Command> {
    let mut chance = Chance::new(seed);
    world.path(updates, SECOND, |_, offset| {
        offset - offset / 60 + chance.bell(BASIS_POINT)
    })
}

/// Every market falls by 15 % in `updates` seconds, with noise of five basis points and a rebound
/// every minute.
#[must_use]
pub fn crash(world: &World, updates: usize, seed: u64) -> Vec<Command> {
    let mut chance = Chance::new(seed);
    let fall = CRASH_BP * BASIS_POINT;
    let total = i64::try_from(updates).expect("a path is short");
    let mut calls = 0;
    let markets = world.venue().markets().len();
    world.path(updates, SECOND, |_, _| {
        let second = 1 + i64::try_from(calls / markets).expect("a path is short");
        calls += 1;
        // Within each minute: down for 50 seconds a little too far, back up for 10.
        let into = second % 60;
        let bounce = if into < 50 { into } else { (60 - into) * 5 };
        let last = second == total;
        let noise = if last {
            0
        } else {
            chance.bell(5 * BASIS_POINT) - bounce * BASIS_POINT
        };
        // From the base: what the calm did before is below the noise.
        -fall * second / total + noise
    })
}

/// An update every ten minutes, prices standing still: whom fees alone reach.
#[must_use]
pub fn fees_alone(world: &World, updates: usize) -> Vec<Command> {
    world.path(updates, 600 * SECOND, |_, offset| offset)
}

/// One update: the first market falls by `bp` basis points at once.
#[must_use]
pub fn gap(world: &World, bp: i64) -> Command {
    let mut commands = gaps(world, 1, bp);
    commands.remove(0)
}

/// One update for each of the first markets: it falls by `bp` basis points at once.
#[must_use]
pub fn gaps(world: &World, markets: usize, bp: i64) -> Vec<Command> {
    let (mut calls, of) = (0, world.venue().markets().len());
    world.path(markets, SECOND, |market, offset| {
        let turn = calls / of;
        calls += 1;
        let falls = market == turn;
        offset - i64::from(falls) * bp * BASIS_POINT
    })
}

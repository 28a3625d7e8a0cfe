//! The measured runs of the watch and of the gap.
//!
//! Each run works on a copy of the world's engine, times the calls of `Engine::apply` and nothing
//! else, and checks afterwards what must hold.

use std::time::{Duration, Instant};

use plimsoll_engine::{Command, Engine};

use crate::scan::{LeanScan, Scan};
use crate::world::{World, venue_of};

/// What a path cost.
#[derive(Debug, Clone, Copy)]
pub struct Walk {
    /// Price updates, each of all markets.
    pub updates: u32,
    /// Sum of the times of their `apply`.
    pub total: Duration,
    /// The middle one of those that reached nobody.
    pub quiet: Duration,
    /// How many reached nobody.
    pub quiet_updates: u32,
    /// Accounts the watch named. One that two drivers named in one update is counted twice.
    pub examined: u64,
    /// Positions liquidated.
    pub liquidated: u32,
}

impl Walk {
    /// Mean time of an update.
    #[must_use]
    pub fn per_update(&self) -> Duration {
        self.total / self.updates
    }

    /// Time per account examined, everything included; zero when none was.
    #[must_use]
    pub fn per_examined(&self) -> Duration {
        let nanos = self.total.as_nanos().checked_div(self.examined.into());
        Duration::from_nanos(u64::try_from(nanos.unwrap_or(0)).unwrap_or(u64::MAX))
    }
}

/// What the scans cost that were made beside a path.
#[derive(Debug, Clone, Copy)]
pub struct Scanned {
    /// How many updates were also scanned.
    pub scans: u32,
    /// Mean time of the exact scan.
    pub exact: Duration,
    /// Mean time of comparing stored prices alone.
    pub lean: Duration,
    /// Positions that were looked at, in all scans.
    pub looked_at: u64,
}

fn apply(engine: &mut Engine, command: &Command) -> Duration {
    let start = Instant::now();
    engine.apply(command).expect("a path is accepted");
    start.elapsed()
}

/// Applies a path without looking at the clock in between.
///
/// # Panics
/// When the engine refuses a command.
pub fn apply_all(engine: &mut Engine, path: &[Command]) -> Duration {
    let start = Instant::now();
    for command in path {
        engine.apply(command).expect("a path is accepted");
    }
    start.elapsed()
}

/// Walks a path twice: for the total without clocks in between, and update by update.
///
/// # Panics
/// When the engine refuses a command, its books do not balance at the end, or the scan finds a
/// position that the watch has left over.
#[must_use]
pub fn walk(world: &World, path: &[Command]) -> Walk {
    let mut engine = world.engine.clone();
    let mut quiet = Vec::with_capacity(path.len());
    for command in path {
        let before = venue_of(&engine).watch_stats().popped;
        let time = apply(&mut engine, command);
        if venue_of(&engine).watch_stats().popped == before {
            quiet.push(time);
        }
    }
    quiet.sort_unstable();
    let mut engine = world.engine.clone();
    let total = apply_all(&mut engine, path);
    check(&engine);
    let (before, after) = (world.venue(), venue_of(&engine));
    Walk {
        updates: u32::try_from(path.len()).expect("a path is short"),
        total,
        quiet: quiet.get(quiet.len() / 2).copied().unwrap_or_default(),
        quiet_updates: u32::try_from(quiet.len()).expect("a path is short"),
        examined: after.watch_stats().popped - before.watch_stats().popped,
        liquidated: before.positions().len() - after.positions().len(),
    }
}

/// Walks a path and scans the very states it leads through, every `every` updates.
///
/// # Panics
/// As [`walk`].
#[must_use]
pub fn scan_beside(world: &World, path: &[Command], every: usize) -> Scanned {
    let mut engine = world.engine.clone();
    let (mut exact, mut lean) = (Duration::ZERO, Duration::ZERO);
    let (mut scans, mut looked_at) = (0, 0);
    for part in path.chunks(every) {
        apply_all(&mut engine, part);
        let mut scan = Scan::of(&engine);
        let stored = LeanScan::of(&engine);
        let start = Instant::now();
        scan.update(&engine);
        let due = std::hint::black_box(scan.count_due());
        exact += start.elapsed();
        assert_eq!(due, 0, "the watch has left positions over");
        let start = Instant::now();
        std::hint::black_box(stored.count_due(&engine));
        lean += start.elapsed();
        scans += 1;
        looked_at += scan.len() as u64;
    }
    Scanned {
        scans,
        exact: exact / scans,
        lean: lean / scans,
        looked_at,
    }
}

/// What one update with a gap cost.
#[derive(Debug, Clone, Copy)]
pub struct Cascade {
    /// Time of its `apply`.
    pub total: Duration,
    /// Positions liquidated.
    pub liquidated: u32,
    /// Events it gave, movements of money among them.
    pub events: usize,
}

/// Applies one update to a copy of the world's engine.
///
/// # Panics
/// As [`walk`].
#[must_use]
pub fn cascade(world: &World, gap: &Command) -> Cascade {
    let mut engine = world.engine.clone();
    let start = Instant::now();
    let events = engine.apply(gap).expect("a gap is accepted").len();
    let total = start.elapsed();
    check(&engine);
    let after = venue_of(&engine).positions().len();
    Cascade {
        total,
        liquidated: world.venue().positions().len() - after,
        events,
    }
}

/// Applies updates with a gap each, one after the other, and returns the last: what the earlier
/// ones needed of memory is there by then.
///
/// # Panics
/// As [`walk`].
#[must_use]
pub fn cascade_again(world: &World, gaps: &[Command]) -> Cascade {
    let mut world = world.clone();
    let (last, earlier) = gaps.split_last().expect("at least one gap");
    world.follow(earlier);
    let before = world.venue().positions().len();
    let start = Instant::now();
    let events = world.engine.apply(last).expect("a gap is accepted").len();
    let total = start.elapsed();
    check(&world.engine);
    Cascade {
        total,
        liquidated: before - world.venue().positions().len(),
        events,
    }
}

/// Bytes of engine memory per open position: watch, ledger, positions, accounts, markets.
#[must_use]
pub fn bytes_per_account(world: &World) -> usize {
    let venue = world.venue();
    let bytes = venue.memory_bytes() + world.engine.ledger().memory_bytes();
    bytes.div_ceil(venue.positions().len() as usize)
}

fn check(engine: &Engine) {
    engine.audit().expect("the books balance");
    assert_eq!(
        Scan::of(engine).count_due(),
        0,
        "the watch has left positions over"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path;
    use crate::world::Plan;

    #[test]
    fn the_paths_do_what_they_say() {
        let world = World::build(&Plan::many_markets(5_000));
        let calm = walk(&world, &path::calm(&world, 60, 1));
        assert!(calm.liquidated < 10, "{calm:?}");
        let crash = path::crash(&world, 60, 2);
        let walked = walk(&world, &crash);
        assert!((1_000..3_000).contains(&walked.liquidated), "{walked:?}");
        assert!(walked.examined > walked.liquidated.into(), "{walked:?}");
        assert_eq!(scan_beside(&world, &crash, 20).scans, 3);
    }

    #[test]
    fn a_gap_of_a_tenth_liquidates_four_in_ten() {
        let world = World::build(&Plan::one_market(5_000));
        let first = cascade(&world, &path::gap(&world, 1_000));
        assert!((1_900..2_200).contains(&first.liquidated), "{first:?}");
        let world = World::build(&Plan::alike_markets(2, 5_000));
        let again = cascade_again(&world, &path::gaps(&world, 2, 1_000));
        assert!((1_800..2_300).contains(&again.liquidated), "{again:?}");
    }
}

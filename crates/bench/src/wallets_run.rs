//! The measured runs of wallets.
//!
//! Each run works on a copy of the world's engine and times `Engine::apply` of price updates and
//! nothing else. Liquidations are the dispatcher's commands, sent after each update to the cases it
//! opened, and timed by themselves. Afterwards what must hold is checked.

use std::time::{Duration, Instant};

use plimsoll_engine::venues::kuma::WatchCounters;
use plimsoll_engine::{Command, Engine};

use crate::wallets::{Wallets, dispatch, venue_of};
use crate::wallets_scan::WalletScan;

/// What a path cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct WalletWalk {
    /// Price updates, each of all markets.
    pub updates: u32,
    /// Sum of the times of their `apply`.
    pub total: Duration,
    /// The middle one of those that reached nobody; zero when each reached somebody.
    pub quiet: Duration,
    /// How many reached nobody.
    pub quiet_updates: u32,
    /// Trips that were popped.
    pub popped: u64,
    /// Wallets that were examined.
    pub examined: u64,
    /// Wallets that were liquidated.
    pub liquidated: u32,
    /// Sum of the times of the liquidations' commands.
    pub liquidating: Duration,
}

impl WalletWalk {
    /// Mean time of an update.
    #[must_use]
    pub fn per_update(&self) -> Duration {
        self.total / self.updates
    }

    /// Time per wallet examined, everything an update does included; zero when none was.
    #[must_use]
    pub fn per_examined(&self) -> Duration {
        let nanos = self.total.as_nanos().checked_div(self.examined.into());
        Duration::from_nanos(u64::try_from(nanos.unwrap_or(0)).unwrap_or(u64::MAX))
    }
}

fn apply(engine: &mut Engine, command: &Command) -> Duration {
    let start = Instant::now();
    engine.apply(command).expect("a path is accepted");
    start.elapsed()
}

/// Walks a path, and has whoever is due liquidated after each update.
///
/// # Panics
/// When the engine refuses a command, its books do not balance at the end, or the scan finds a
/// wallet that the watch has left over.
#[must_use]
pub fn walk(world: &Wallets, path: &[Command]) -> WalletWalk {
    let mut engine = world.engine.clone();
    let mut walk = WalletWalk {
        updates: u32::try_from(path.len()).expect("a path is short"),
        ..WalletWalk::default()
    };
    let mut quiet = Vec::with_capacity(path.len());
    for command in path {
        let before = counters(&engine);
        let time = apply(&mut engine, command);
        let after = counters(&engine);
        walk.total += time;
        walk.examined += after.examined - before.examined;
        walk.popped += after.trips.popped - before.trips.popped;
        if after.examined == before.examined {
            quiet.push(time);
        }
        for command in dispatch(&engine, command.time) {
            walk.liquidating += apply(&mut engine, &command);
            walk.liquidated += 1;
        }
    }
    quiet.sort_unstable();
    walk.quiet = quiet.get(quiet.len() / 2).copied().unwrap_or_default();
    walk.quiet_updates = u32::try_from(quiet.len()).expect("a path is short");
    let scan = WalletScan::of(&engine);
    assert_eq!(scan.count_due(), 0, "the watch has left wallets over");
    walk
}

fn counters(engine: &Engine) -> WatchCounters {
    venue_of(engine).watch_counters()
}

/// Walks a path and scans the very states it leads through, every `every` updates. Returns the
/// mean time of a scan.
///
/// # Panics
/// As [`walk`].
#[must_use]
pub fn scan_beside(world: &Wallets, path: &[Command], every: usize) -> Duration {
    let mut world = world.clone();
    let (mut total, mut scans) = (Duration::ZERO, 0);
    for part in path.chunks(every) {
        world.follow(part);
        let mut scan = WalletScan::of(&world.engine);
        let start = Instant::now();
        scan.update(&world.engine);
        let due = std::hint::black_box(scan.count_due());
        total += start.elapsed();
        scans += 1;
        assert_eq!(due, 0, "the watch has left wallets over");
    }
    total / scans
}

/// Bytes of engine memory per wallet: the watch's, and with it the venue's and the ledger's.
#[must_use]
pub fn bytes_per_wallet(world: &Wallets) -> (usize, usize) {
    let venue = world.venue();
    let wallets = venue.wallets();
    let watch = venue.watch_bytes();
    let all = watch + wallets.memory_bytes() + world.engine.ledger().memory_bytes();
    (
        watch.div_ceil(wallets.count()),
        all.div_ceil(wallets.count()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_do_what_they_say() {
        let mut world = Wallets::build(5_000);
        let settle = world.calm(60, 1);
        world.follow(&settle);
        let calm = walk(&world, &world.calm(60, 2));
        assert!(calm.liquidated < 10, "{calm:?}");
        assert!(calm.quiet_updates > 20, "{calm:?}");
        let crash = world.crash(60, 3);
        let walked = walk(&world, &crash);
        assert!((500..3_000).contains(&walked.liquidated), "{walked:?}");
        assert!(walked.examined > walked.liquidated.into(), "{walked:?}");
        assert!(scan_beside(&world, &crash, 20) > Duration::ZERO);
        let (watch, all) = bytes_per_wallet(&world);
        assert!(watch < 100 && all < 400, "{watch} and {all} bytes");
    }
}

//! The rows of cross-margin wallets in the table.
//!
//! Ten million wallets take some ten gigabytes while they are made: `--wallets-10m` asks for them,
//! for the calm path alone.

use plimsoll_bench::path::CRASH_UPDATES;
use plimsoll_bench::wallets::Wallets;
use plimsoll_bench::wallets_run::{self, WalletWalk, bytes_per_wallet, scan_beside};
use plimsoll_engine::Command;

use crate::{CALM_UPDATES, Rows, SCAN_EVERY, count, middle, ratio, scan, time};

/// How many wallets are measured when ten million are asked for.
const MANY: u32 = 10_000_000;

/// All rows: two sizes in calm and crash, and the third in calm when it is asked for.
pub(super) fn wallets(rows: &mut Rows, sizes: [u32; 2], repeats: usize) {
    for size in sizes {
        let world = settled(rows, size);
        calm(rows, &world, repeats);
        crash(rows, &world, repeats);
    }
    if std::env::args().any(|argument| argument == "--wallets-10m") {
        let world = settled(rows, MANY);
        calm(rows, &world, 1);
    }
}

fn settled(rows: &mut Rows, size: u32) -> Wallets {
    eprintln!("wallets: {size} in 64 markets");
    let mut world = Wallets::build(size);
    let settle = world.calm(CALM_UPDATES, 1);
    world.follow(&settle);
    let heading = format!("{} cross-margin wallets, 64 markets", count(size.into()));
    rows.heading(&heading);
    let (watch, all) = bytes_per_wallet(&world);
    let label = format!("memory per wallet: watch, ledger, venue (watch {watch} B)");
    rows.row(&label, format!("{all} B"), "", "", "");
    world
}

fn calm(rows: &mut Rows, world: &Wallets, repeats: usize) {
    let path = world.calm(CALM_UPDATES, 2);
    let scanned = scan_beside(world, &path, CALM_UPDATES / 2);
    let walked = |path: &[Command]| {
        middle(
            repeats,
            || wallets_run::walk(world, path),
            |w: &WalletWalk| w.total,
        )
    };
    let still = walked(&world.still(CALM_UPDATES));
    let label = format!(
        "still: update that reaches nobody ({}/{})",
        still.quiet_updates, still.updates
    );
    let aim = if world.venue().wallets().count() > 5_000_000 {
        "< 2 us"
    } else {
        "< 1 us"
    };
    let beside = scan(scanned);
    let times = ratio(scanned, still.quiet);
    rows.row(&label, time(still.quiet), aim, &beside, &times);
    let walk = walked(&path);
    let per = walk.per_update();
    let label = format!(
        "calm: mean update ({:.1} examined, {}/{} reach nobody)",
        walk.examined as f64 / f64::from(walk.updates),
        walk.quiet_updates,
        walk.updates
    );
    rows.row(&label, time(per), "", &beside, &ratio(scanned, per));
}

fn crash(rows: &mut Rows, world: &Wallets, repeats: usize) {
    let path = world.crash(CRASH_UPDATES, 3);
    let scanned = scan_beside(world, &path, SCAN_EVERY * 3);
    let walk = middle(
        repeats,
        || wallets_run::walk(world, &path),
        |w: &WalletWalk| w.total,
    );
    let scans = scanned * walk.updates;
    let label = format!(
        "crash: 600 updates, {} found due",
        count(walk.liquidated.into())
    );
    rows.row(
        &label,
        time(walk.total),
        "1/20 of scanning",
        &scan(scans),
        &ratio(scans, walk.total),
    );
    let label = format!(
        "crash: per wallet examined ({}, {:.1} for one due)",
        count(walk.examined),
        walk.examined as f64 / f64::from(walk.liquidated.max(1))
    );
    let each = scanned / u32::try_from(world.venue().wallets().count()).unwrap_or(u32::MAX);
    let beside = format!("{} a wallet, scanning", time(each));
    rows.row(&label, time(walk.per_examined()), "", &beside, "");
    let each = walk.liquidating / walk.liquidated.max(1);
    rows.row("crash: a liquidation's command", time(each), "", "", "");
}

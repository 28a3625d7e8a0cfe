//! 10 October 2025: what was counted on the day, and what the shape comes to.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use plimsoll_sim::design;
use plimsoll_sim::people;
use plimsoll_sim::replay::Replay;
use plimsoll_sim::scenario::Scenario;
use plimsoll_sim::waterfall::Hop;

/// Counted on the day between 21:15 and 21:27 UTC.
const ACCOUNTS: u32 = 437_723;
const LIQUIDATIONS: u64 = 63_637;
const DELEVERAGINGS: u64 = 34_983;
const DELEVERAGED: u64 = 19_337;
/// Of either, in the worst second.
const PEAK: u64 = 11_279;
/// 21:16:04.
const PEAK_AT: i64 = 1_760_130_964_000;

/// What a run came to.
#[derive(Debug, Default)]
struct Counts {
    liquidations: u64,
    deleveragings: u64,
    deleveraged: u64,
    /// Each in its worst second, and when that was.
    worst: [(u64, i64); 2],
    first_deleveraging: i64,
}

/// The shape through the Kuma machine, with so many accounts.
fn count(traders: u32) -> Counts {
    let mut scenario = Scenario::bundled_as("october-10").unwrap().unwrap();
    scenario.scale_people(traders);
    let totals = people::totals(&scenario).unwrap();
    let kuma = design::named("kuma").unwrap();
    scenario.venues = vec![kuma.venue(&scenario, &totals).unwrap()];
    scenario.designs.clear();
    let replay = Replay::prepare(scenario).unwrap();
    let results = replay.run(&mut (), &mut |_, _| ()).unwrap();
    let venue = &results.venues[0];
    let waterfall = venue.waterfall.as_ref().unwrap();
    let closures = || {
        let of = waterfall.fills.iter();
        of.filter(|fill| matches!(fill.hop, Hop::Closure | Hop::Deleveraged))
    };
    let in_all: u64 = [Hop::Closure, Hop::Deleveraged]
        .iter()
        .filter_map(|hop| waterfall.hops.get(hop))
        .map(|total| total.fills)
        .sum();
    assert_eq!(in_all, closures().count() as u64, "fills were left out");
    Counts {
        liquidations: venue.liquidations.len() as u64,
        deleveragings: in_all,
        deleveraged: closures().map(|f| f.to).collect::<BTreeSet<_>>().len() as u64,
        worst: [
            worst(venue.liquidations.iter().map(|l| l.executed)),
            worst(closures().map(|fill| fill.at)),
        ],
        first_deleveraging: closures().map(|fill| fill.at).min().unwrap_or(0),
    }
}

fn worst(times: impl Iterator<Item = i64>) -> (u64, i64) {
    let mut seconds: BTreeMap<i64, u64> = BTreeMap::new();
    for at in times {
        *seconds.entry(at / 1_000 * 1_000).or_default() += 1;
    }
    let most = seconds.into_iter().map(|(at, count)| (count, at)).max();
    most.unwrap_or((0, 0))
}

/// Each count with its target for so many accounts, and the most it may differ, in thousandths.
fn check(traders: u32, within: [u64; 5]) {
    let counts = count(traders);
    let rows = [
        ("liquidations", LIQUIDATIONS, counts.liquidations),
        ("deleveragings", DELEVERAGINGS, counts.deleveragings),
        ("accounts deleveraged", DELEVERAGED, counts.deleveraged),
        ("liquidations in the worst second", PEAK, counts.worst[0].0),
        ("deleveragings in the worst second", PEAK, counts.worst[1].0),
    ];
    let mut beyond = Vec::new();
    for ((what, of_all, measured), within) in rows.into_iter().zip(within) {
        let target = of_all * u64::from(traders) / u64::from(ACCOUNTS);
        let off = measured.abs_diff(target) * 1_000 / target;
        println!("{what:<36} {target:>7} {measured:>7} {off:>4} thousandths");
        if off > within {
            beyond.push(what);
        }
    }
    assert!(beyond.is_empty(), "too far off: {beyond:?}");
    assert_eq!(counts.worst.map(|(_, at)| at), [PEAK_AT; 2]);
    assert_eq!(counts.first_deleveraging, PEAK_AT);
}

/// A fiftieth of the accounts: few large ones decide how far the books reach.
#[test]
fn a_fiftieth_of_the_day_has_its_shape() {
    check(ACCOUNTS / 50, [50, 300, 600, 100, 300]);
}

/// `cargo test --release -p plimsoll-sim --test lessons -- --ignored --nocapture whole_day`
#[test]
#[ignore = "437,723 accounts: some seconds in release, minutes otherwise"]
fn the_whole_day_has_its_counts() {
    check(ACCOUNTS, [5, 20, 200, 10, 20]);
}

//! Snapshots: restored they go on as if nothing had been; damaged they are refused or at least
//! harmless.

use expect_test::expect;
use plimsoll_engine::{Engine, Event, RestoreError};
use proptest::prelude::*;

use crate::bytes::life;
use crate::world::{ACCOUNTS, EVERYTHING, Step, VENUES, World, step};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Events, refusals and hashes after a restart are those without one.
    #[test]
    fn a_restored_engine_goes_on_as_if_nothing_had_been(
        steps in prop::collection::vec(step(), 0..160), at in any::<prop::sample::Index>(),
    ) {
        let mut world = World::funded();
        let (first, rest) = steps.split_at(at.index(steps.len() + 1));
        for step in first {
            let command = world.command(step);
            let _ = world.apply(&command);
        }
        let snapshot = world.engine.snapshot().unwrap();
        let mut restored = Engine::restore(&snapshot).unwrap();
        prop_assert_eq!(restored.state_hash(), world.engine.state_hash());
        prop_assert_eq!(&restored.snapshot().unwrap(), &snapshot);
        prop_assert_eq!(restored.now(), world.engine.now());
        prop_assert_eq!(restored.accepted(), world.engine.accepted());
        for step in rest {
            let command = world.command(step);
            let again = restored.apply(&command).map(<[Event]>::to_vec);
            prop_assert_eq!(again, world.apply(&command), "{:?}", &command);
            prop_assert_eq!(restored.state_hash(), world.engine.state_hash());
        }
    }
}

#[test]
fn every_truncation_and_extension_is_refused() {
    let whole = life().engine.snapshot().unwrap();
    for length in 0..whole.len() {
        let error = Engine::restore(&whole[..length]).map(|_| ()).unwrap_err();
        assert!(
            matches!(error, RestoreError::Malformed(_)),
            "{length}: {error}"
        );
    }
    for more in [0, 1, 0xff] {
        let longer = [&whole[..], &[more]].concat();
        let error = Engine::restore(&longer).map(|_| ()).unwrap_err();
        assert!(matches!(error, RestoreError::Malformed(_)), "{error}");
    }
    expect!["not a snapshot of this engine: Unexpected length of input"]
        .assert_eq(&Engine::restore(&[]).map(|_| ()).unwrap_err().to_string());
    assert!(Engine::restore(&whole).is_ok());
}

/// Restores damaged bytes. A state that is sound all the same must be the one the bytes say, and
/// must not fall over when it is used. Says whether it was sound.
fn check_harmless(damaged: &[u8], alive: &World) -> bool {
    let Ok(mut engine) = Engine::restore(damaged) else {
        return false;
    };
    assert_eq!(
        engine.snapshot().unwrap(),
        damaged,
        "another state than the bytes say"
    );
    assert_eq!(engine.audit(), Ok(()));
    let mut world = alive.clone();
    world.now = world.now.max(engine.now());
    for venue in 0..VENUES {
        for act in EVERYTHING {
            let command = world.command(&Step {
                venue,
                ms: 0,
                stray: 0,
                act,
            });
            let before = engine.state_hash();
            if engine.apply(&command).is_err() {
                assert_eq!(engine.state_hash(), before, "{command:?}");
            }
        }
    }
    true
}

/// One bit in every ninth byte; the stride meets every bit of the byte in turn.
#[test]
fn a_flipped_bit_is_refused_or_harmless() {
    let alive = life();
    let whole = alive.engine.snapshot().unwrap();
    let (mut refused, mut sound) = (0, 0);
    for at in (0..whole.len()).step_by(9) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        if check_harmless(&damaged, &alive) {
            sound += 1;
        } else {
            refused += 1;
        }
    }
    assert!(
        refused > 100 && sound > 100,
        "{refused} refused, {sound} sound"
    );
}

/// A length of four billion, wherever one may stand: refused for want of bytes, not by running
/// out of memory.
#[test]
fn a_forged_length_does_not_allocate() {
    let whole = life().engine.snapshot().unwrap();
    let before = peak_kib();
    for at in 0..whole.len() - 4 {
        let mut damaged = whole.clone();
        damaged[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        let _ = Engine::restore(&damaged);
    }
    match (before, peak_kib()) {
        (Some(before), Some(after)) => {
            assert!(
                after - before < 1 << 20,
                "{before} KiB before, {after} KiB after"
            );
        }
        _ => println!("skipped the measurement: no /proc/self/status here"),
    }
}

/// The most address space this process ever had.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmPeak:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn bytes_that_decode_to_the_same_state_in_another_way_are_refused() {
    // Two keys of a map in the wrong order decode; the state they give is written otherwise.
    let whole = life().engine.snapshot().unwrap();
    let error = Engine::restore(&swapped_map_keys(&whole))
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, RestoreError::NotCanonical), "{error}");
}

/// Swaps the first two entries of a product's index of accounts: `0 -> 0, 1 -> 1` and so on.
fn swapped_map_keys(whole: &[u8]) -> Vec<u8> {
    let entry = |n: u32| [n.to_le_bytes(), n.to_le_bytes()].concat();
    let in_order: Vec<u8> = (0..ACCOUNTS).flat_map(entry).collect();
    let mut found = whole.windows(in_order.len());
    let at = found.position(|bytes| bytes == in_order).unwrap();
    let mut swapped = whole.to_vec();
    swapped[at..at + 16].copy_from_slice(&[entry(1), entry(0)].concat());
    swapped
}

//! The ladder's invariants, with leaves so small that a few trips split and merge them.

use proptest::prelude::*;

use super::*;

const DRIVERS: u32 = 2;
const HANDLES: u32 = 48;

/// The ladder beside one optional (driver, code) for each handle.
struct Checked<const CAP: usize> {
    ladder: Ladder<CAP>,
    expected: Vec<Option<(u32, u64)>>,
}

impl<const CAP: usize> Checked<CAP> {
    fn new() -> Self {
        let mut ladder = Ladder::new();
        for _ in 0..DRIVERS {
            ladder.add_driver();
        }
        ladder.grow(HANDLES as usize);
        Self {
            ladder,
            expected: vec![None; HANDLES as usize],
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Set(handle, driver, code) => {
                self.ladder.set(handle, driver, code);
                self.expected[handle as usize] = Some((driver, code));
            }
            Step::Remove(handle) => {
                self.ladder.remove(handle as usize);
                self.expected[handle as usize] = None;
            }
            Step::Pop(driver, code) => self.pop(driver, code),
        }
        self.check();
    }

    fn pop(&mut self, driver: u32, code: u64) {
        let mut popped = Vec::new();
        self.ladder.pop(driver as usize, code, &mut popped);
        popped.sort_unstable();
        let mut expected = Vec::new();
        let mut nearest = NEVER;
        for (trip, handle) in self.expected.iter_mut().zip(0u32..) {
            match *trip {
                Some((d, c)) if d == driver && c <= code => {
                    expected.push(handle);
                    *trip = None;
                }
                Some((d, c)) if d == driver => nearest = nearest.min(c),
                _ => {}
            }
        }
        assert_eq!(popped, expected);
        let gate = self.ladder.gate(driver as usize);
        assert_eq!(gate, Some(nearest), "the gate is exact after a pop");
    }

    /// The invariants at the top of the module.
    fn check(&self) {
        let ladder = &self.ladder;
        let mut found = vec![None; HANDLES as usize];
        let mut listed = vec![false; ladder.leaves.len()];
        for (list, driver) in ladder.lists.iter().zip(0u32..) {
            assert_eq!(list.bounds.len(), list.leaves.len());
            assert!(list.bounds.is_sorted_by(|a, b| a >= b), "{:?}", list.bounds);
            assert!(list.bounds.last().is_none_or(|&b| b == 0));
            let mut upper = NEVER;
            for (&bound, &number) in list.bounds.iter().zip(&list.leaves) {
                let number = number as usize;
                assert_eq!(ladder.heads[number].driver, driver);
                assert!(
                    !std::mem::replace(&mut listed[number], true),
                    "listed twice"
                );
                let head = ladder.heads[number];
                let used = &ladder.leaves[number][..head.used.into()];
                assert!(head.live > 0);
                assert_eq!(ladder.entries(number).count(), usize::from(head.live));
                assert_eq!(vacancies(head, used), used.len() - usize::from(head.live));
                for (entry, index) in used.iter().zip(0..) {
                    if entry.handle == NOWHERE {
                        continue;
                    }
                    let (code, handle) = (entry.code, entry.handle as usize);
                    assert!((bound..=upper).contains(&code));
                    assert!(ladder.gates[driver as usize] <= code);
                    assert_eq!(ladder.places[handle], Ladder::<CAP>::place(number, index));
                    assert_eq!(found[handle].replace((driver, code)), None, "held twice");
                }
                upper = bound;
            }
            assert!(!list.leaves.is_empty() || ladder.gates[driver as usize] == NEVER);
            few_leaves(ladder, list);
        }
        for &number in &ladder.free {
            let twice = std::mem::replace(&mut listed[number as usize], true);
            assert!(!twice, "free and listed, or free twice");
        }
        assert!(listed.iter().all(|&l| l), "a leaf is lost");
        assert_eq!(found, self.expected);
        for (handle, trip) in found.iter().enumerate() {
            assert_eq!(ladder.is_armed(handle), trip.is_some());
        }
        assert_eq!(ladder.armed(), found.iter().flatten().count() as u64);
    }
}

/// Of neighbours one at least is not sparse, the two nearest aside; so leaves are few.
fn few_leaves<const CAP: usize>(ladder: &Ladder<CAP>, list: &List) {
    let sparse = |&number: &u32| ladder.len(number as usize) <= Ladder::<CAP>::SPARSE;
    let farther = list.leaves.split_last().map_or(&[][..], |(_, rest)| rest);
    for pair in farther.windows(2) {
        assert!(!pair.iter().all(sparse), "{pair:?} of {:?}", list.leaves);
    }
    let trips = list.leaves.iter().map(|&n| ladder.len(n as usize)).sum();
    assert!(list.leaves.len() <= Ladder::<CAP>::leaves_most(trips, 1));
}

/// How many vacancies are linked from the head; each is one and none comes twice.
fn vacancies(head: Head, used: &[Entry]) -> usize {
    let mut next = head.vacant;
    let mut count = 0;
    while next != NO_VACANCY {
        let entry = used[usize::from(next)];
        assert_eq!({ entry.handle }, NOWHERE, "a trip among the vacancies");
        next = u16::try_from(entry.code).unwrap();
        count += 1;
        assert!(count <= used.len(), "vacancies in a circle");
    }
    count
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Set(u32, u32, u64),
    Remove(u32),
    Pop(u32, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let code = || prop_oneof![3 => 1u64..12, 3 => 1u64..1000, 1 => Just(NEVER - 1)];
    let handle = || 0..HANDLES;
    prop_oneof![
        12 => (handle(), 0..DRIVERS, code()).prop_map(|(h, d, c)| Step::Set(h, d, c)),
        6 => handle().prop_map(Step::Remove),
        1 => (0..DRIVERS, code()).prop_map(|(d, c)| Step::Pop(d, c)),
    ]
}

fn check<const CAP: usize>(steps: &[Step]) {
    let mut checked = Checked::<CAP>::new();
    for &step in steps {
        checked.take(step);
    }
    for driver in 0..DRIVERS {
        checked.pop(driver, NEVER - 1);
    }
    checked.check();
    assert_eq!(checked.ladder.armed(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn invariants_hold_after_every_step(steps in prop::collection::vec(step(), 1..300)) {
        check::<4>(&steps);
        check::<8>(&steps);
    }
}

#[test]
fn leaves_merge_when_trips_are_removed_one_by_one() {
    let mut checked = Checked::<4>::new();
    for handle in 0..HANDLES {
        checked.take(Step::Set(handle, 0, u64::from(handle * 7 % HANDLES) + 1));
    }
    for handle in (0..HANDLES).filter(|h| h % 6 != 0) {
        checked.take(Step::Remove(handle));
    }
    let leaves = checked.ladder.lists[0].leaves.len();
    assert!(leaves <= 5, "8 trips are spread over {leaves} leaves of 4");
}

/// As many leaves for the trips as one can make: every second leaf down to one trip while its
/// neighbours are too full to take it in, then the others to just above sparse. The handles that
/// come free do the same with the next driver, again and again.
#[test]
fn an_adversary_cannot_make_more_leaves_than_the_bound() {
    const CAP: usize = 128;
    const HANDLES: u32 = 60_000;
    const DRIVERS: u32 = 12;
    let mut ladder = Ladder::<CAP>::new();
    ladder.grow(HANDLES as usize);
    let mut free: Vec<u32> = (0..HANDLES).collect();
    for driver in 0..DRIVERS {
        ladder.add_driver();
        for (code, handle) in (1u64..).zip(std::mem::take(&mut free)) {
            ladder.set(
                handle,
                driver,
                code.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1 | 1,
            );
        }
        let leaves = ladder.lists[driver as usize].leaves.clone();
        for (turn, keep) in [(0, 1), (1, Ladder::<CAP>::SPARSE + 1)] {
            for &number in leaves.iter().skip(turn).step_by(2) {
                let held: Vec<u32> = ladder.entries(number as usize).map(|e| e.handle).collect();
                for &handle in held.get(keep..).unwrap_or_default() {
                    ladder.remove(handle as usize);
                    free.push(handle);
                }
            }
        }
        few_leaves(&ladder, &ladder.lists[driver as usize]);
    }
    let listed: usize = ladder.lists.iter().map(|list| list.leaves.len()).sum();
    let armed = HANDLES as usize - free.len();
    assert!(
        listed > armed / (CAP / 4),
        "{listed} leaves for {armed} trips: no adversary"
    );
    assert!(listed <= Ladder::<CAP>::leaves_most(armed, DRIVERS as usize));
    assert!(ladder.leaves.len() <= Ladder::<CAP>::leaves_most(HANDLES as usize, DRIVERS as usize));
}

//! The watch against its naive reference, over random histories and at the hazards by name.

use proptest::prelude::*;

use super::code::tests::any_level;
use super::naive::NaiveWatch;
use super::*;

const LANES: usize = 3;
const DIRECTIONS: [Direction; 3] = [Direction::Above, Direction::Below, Direction::Above];

#[derive(Debug, Clone)]
enum Step {
    Arm(u32, Vec<Trip>),
    ArmRun(u32, Vec<Trip>, u32),
    Disarm(u32),
    DisarmRun(u32, u32),
    Advance(DriverId, i128),
}

/// Both watches, moved together and compared after every step.
struct Pair {
    fast: Watch,
    naive: NaiveWatch,
    popped: u64,
}

impl Pair {
    fn new() -> Self {
        let mut pair = Self {
            fast: Watch::new(LANES),
            naive: NaiveWatch::default(),
            popped: 0,
        };
        for direction in DIRECTIONS {
            pair.fast.add_driver(direction).unwrap();
            pair.naive.add_driver(direction);
        }
        pair
    }

    fn arm(&mut self, slot: u32, trips: &[Trip]) {
        self.fast.arm(slot, trips).unwrap();
        self.naive.arm(slot, trips);
        assert_eq!(self.fast.armed(slot), self.naive.armed(slot));
    }

    fn disarm(&mut self, slot: u32) {
        self.fast.disarm(slot);
        self.naive.disarm(slot);
    }

    fn advance(&mut self, driver: DriverId, level: i128) {
        let next = self.fast.next(driver).unwrap();
        let reaches = self.fast.reaches(driver, level).unwrap();
        let mut popped = vec![u32::MAX];
        let count = self.fast.advance(driver, level, &mut popped).unwrap();
        assert_eq!(popped.remove(0), u32::MAX, "what the vector held stays");
        assert_eq!(count, popped.len());
        self.popped += count as u64;

        let expected = self.naive.advance(driver, level);
        let mut all = [expected.exactly.as_slice(), &expected.early].concat();
        all.sort_unstable();
        popped.sort_unstable();
        assert_eq!(popped, all);
        assert!(reaches || count == 0, "popped below the gate");
        let before_next = match (DIRECTIONS[driver.0 as usize], next) {
            (_, None) => true,
            (Direction::Above, Some(next)) => level < next,
            (Direction::Below, Some(next)) => level > next,
        };
        assert!(!before_next || count == 0, "popped before `next`");
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Arm(slot, trips) => self.arm(*slot, trips),
            Step::ArmRun(first, trips, count) => {
                for (slot, by) in (*first..first + count).zip(0..) {
                    let moved = |t: &Trip| Trip {
                        level: t.level.saturating_add(by),
                        ..*t
                    };
                    self.arm(slot, &trips.iter().map(moved).collect::<Vec<_>>());
                }
            }
            Step::Disarm(slot) => self.disarm(*slot),
            Step::DisarmRun(first, count) => {
                for slot in *first..first + count {
                    self.disarm(slot);
                }
            }
            Step::Advance(driver, level) => self.advance(*driver, *level),
        }
        assert_eq!(self.fast.trips(), self.naive.trips() as u64);
        for driver in (0..3).map(DriverId) {
            let (next, exact) = (self.fast.next(driver).unwrap(), self.naive.next(driver));
            let sound = match (DIRECTIONS[driver.0 as usize], next, exact) {
                (_, None, None) => true,
                (Direction::Above, Some(next), Some(exact)) => next <= exact,
                (Direction::Below, Some(next), Some(exact)) => next >= exact,
                _ => false,
            };
            assert!(
                sound,
                "next of {driver:?} is {next:?}, nearest trip {exact:?}"
            );
        }
        assert_eq!(self.fast.stats().popped, self.popped);
    }
}

/// Levels that often meet: small integers, and clusters inside one code beyond 2^57.
fn meeting_level() -> impl Strategy<Value = i128> {
    prop_oneof![
        6 => -20i128..20,
        3 => (-400i128..400).prop_map(|l| l * 7),
        1 => (0i128..300).prop_map(|by| (1 << 63) + by),
        1 => (0i128..300).prop_map(|by| -(1 << 63) - by),
        1 => any_level(),
    ]
}

fn trips() -> impl Strategy<Value = Vec<Trip>> {
    let trip = (0u32..3, meeting_level()).prop_map(|(driver, level)| Trip {
        driver: DriverId(driver),
        level,
    });
    prop::collection::vec(trip, 0..=LANES)
}

fn step() -> impl Strategy<Value = Step> {
    let slot = 0u32..60;
    prop_oneof![
        6 => (slot.clone(), trips()).prop_map(|(slot, trips)| Step::Arm(slot, trips)),
        2 => (slot.clone(), trips(), 100u32..400).prop_map(|(s, t, n)| Step::ArmRun(s, t, n)),
        2 => slot.clone().prop_map(Step::Disarm),
        1 => (slot, 50u32..400).prop_map(|(s, n)| Step::DisarmRun(s, n)),
        6 => (0u32..3, meeting_level()).prop_map(|(d, level)| Step::Advance(DriverId(d), level)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_histories_pop_what_the_naive_watch_pops(steps in prop::collection::vec(step(), 1..60)) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.take(step);
        }
        for (driver, end) in [(0, i128::MAX), (1, i128::MIN), (2, i128::MAX)] {
            pair.advance(DriverId(driver), end);
        }
        prop_assert_eq!(pair.fast.trips(), 0);
    }

    #[test]
    fn a_trip_passes_at_its_level_and_not_a_code_before_it(level in any_level()) {
        for direction in [Direction::Above, Direction::Below] {
            let mut watch = Watch::new(1);
            let driver = watch.add_driver(direction).unwrap();
            watch.arm(0, &[Trip { driver, level }]).unwrap();
            let next = watch.next(driver).unwrap().unwrap();
            let mut popped = Vec::new();
            let before = match direction {
                Direction::Above => next.checked_sub(1),
                Direction::Below => next.checked_add(1),
            };
            if let Some(before) = before {
                prop_assert_eq!(watch.advance(driver, before, &mut popped), Ok(0));
            }
            prop_assert_eq!(watch.advance(driver, level, &mut popped), Ok(1));
            prop_assert_eq!(watch.next(driver), Ok(None));
        }
    }

    #[test]
    fn sort_unique_is_sort_and_dedup(
        slots in prop_oneof![
            prop::collection::vec(0u32..200, 0..300),
            prop::collection::vec(0u32..100_000, 0..300),
        ],
    ) {
        let mut watch = Watch::new(1);
        let mut expected = slots.clone();
        expected.sort_unstable();
        expected.dedup();
        for _ in 0..2 {
            let mut popped = slots.clone();
            watch.sort_unique(&mut popped);
            prop_assert_eq!(&popped, &expected);
        }
    }
}

fn watch(lanes: usize) -> (Watch, DriverId) {
    let mut watch = Watch::new(lanes);
    let driver = watch.add_driver(Direction::Below).unwrap();
    (watch, driver)
}

fn pops(watch: &mut Watch, driver: DriverId, level: i128) -> Vec<u32> {
    let mut popped = Vec::new();
    watch.advance(driver, level, &mut popped).unwrap();
    popped.sort_unstable();
    popped
}

#[test]
fn refused_calls_change_nothing() {
    let (mut watch, driver) = watch(2);
    let good = Trip { driver, level: 10 };
    watch.arm(7, &[good, good]).unwrap();
    let (trips, stats) = (watch.trips(), watch.stats());
    let beyond = u32::try_from(Watch::HANDLES_MAX / 2).unwrap();
    let cases = [
        (
            watch.arm(7, &[good; 3]),
            WatchError::TooManyTrips {
                slot: 7,
                given: 3,
                lanes: 2,
            },
        ),
        (
            watch.arm(
                7,
                &[
                    good,
                    Trip {
                        driver: DriverId(1),
                        level: 0,
                    },
                ],
            ),
            WatchError::UnknownDriver(1),
        ),
        (watch.arm(beyond, &[good]), WatchError::SlotTooLarge(beyond)),
        (watch.arm(u32::MAX, &[]), WatchError::SlotTooLarge(u32::MAX)),
        (
            watch.advance(DriverId(1), 0, &mut Vec::new()).map(|_| ()),
            WatchError::UnknownDriver(1),
        ),
        (
            watch.next(DriverId(u32::MAX)).map(|_| ()),
            WatchError::UnknownDriver(u32::MAX),
        ),
        (
            watch.reaches(DriverId(1), 0).map(|_| ()),
            WatchError::UnknownDriver(1),
        ),
    ];
    for (outcome, error) in cases {
        assert_eq!(outcome, Err(error));
    }
    watch.disarm(u32::MAX);
    watch.disarm(8);
    assert_eq!((watch.trips(), watch.stats()), (trips, stats));
    assert_eq!(pops(&mut watch, driver, 10), [7, 7]);
}

#[test]
fn slots_reach_to_the_limit_of_the_table() {
    // Wide lanes put a small slot at the table's end; nothing of it is allocated by asking.
    let (mut watch, driver) = watch(Watch::HANDLES_MAX);
    assert_eq!(watch.armed(0), 0);
    let trip = Trip { driver, level: 1 };
    assert_eq!(watch.arm(1, &[trip]), Err(WatchError::SlotTooLarge(1)));
    // Three times beyond 2^24 handles, where numbers once ended.
    let (mut watch, driver) = self::watch(3);
    let slot = (1 << 24) + 5;
    watch.arm(slot, &[Trip { driver, level: 1 }; 3]).unwrap();
    assert_eq!(pops(&mut watch, driver, 1), [slot; 3]);
}

#[test]
fn drivers_are_limited() {
    let mut watch = Watch::new(1);
    for _ in 0..Watch::DRIVERS_MAX {
        watch.add_driver(Direction::Above).unwrap();
    }
    let refused = watch.add_driver(Direction::Above);
    assert_eq!(refused, Err(WatchError::TooManyDrivers(Watch::DRIVERS_MAX)));
}

#[test]
fn arming_again_replaces_every_trip_of_the_slot() {
    let (mut watch, driver) = watch(3);
    let at = |level| Trip { driver, level };
    watch.arm(0, &[at(5), at(6), at(7)]).unwrap();
    watch.arm(0, &[at(5)]).unwrap();
    assert_eq!(watch.trips(), 1);
    watch.arm(0, &[at(3), at(2)]).unwrap();
    assert_eq!(pops(&mut watch, driver, 4), [0u32; 0]);
    assert_eq!(pops(&mut watch, driver, 3), [0]);
    assert_eq!(
        watch.armed(0),
        1,
        "the other trip stays until its slot is armed or disarmed"
    );
    watch.arm(0, &[]).unwrap();
    assert_eq!(watch.trips(), 0);
}

#[test]
fn a_trip_armed_at_a_level_already_passed_pops_once_at_the_next_update() {
    let (mut watch, driver) = watch(1);
    watch.arm(0, &[Trip { driver, level: 100 }]).unwrap();
    for _ in 0..3 {
        assert_eq!(pops(&mut watch, driver, 90), [0]);
        watch.arm(0, &[Trip { driver, level: 95 }]).unwrap();
    }
    assert_eq!(
        pops(&mut watch, driver, 96),
        [],
        "the driver went back before it was asked"
    );
}

#[test]
fn an_update_that_reaches_nothing_leaves_the_gate_alone_even_after_the_nearest_was_disarmed() {
    let (mut watch, driver) = watch(1);
    for slot in 0..1000 {
        watch
            .arm(
                slot,
                &[Trip {
                    driver,
                    level: -i128::from(slot),
                }],
            )
            .unwrap();
    }
    watch.disarm(0);
    assert_eq!(
        pops(&mut watch, driver, 0),
        [],
        "one look through the nearest leaf"
    );
    assert_eq!(watch.next(driver), Ok(Some(-1)), "which lifts the gate");
    pops(&mut watch, driver, 0);
    assert_eq!(watch.stats().updates_past_gate, 1);
}

#[test]
fn one_level_for_everyone_spreads_over_leaves_and_comes_back_whole() {
    let (mut watch, driver) = watch(1);
    for slot in 0..2000 {
        watch.arm(slot, &[Trip { driver, level: 5 }]).unwrap();
    }
    for slot in (0..2000).step_by(2) {
        watch.disarm(slot);
    }
    watch.arm(0, &[Trip { driver, level: 4 }]).unwrap();
    watch.arm(2, &[Trip { driver, level: 6 }]).unwrap();
    let odd: Vec<u32> = (1..2000).step_by(2).collect();
    assert_eq!(pops(&mut watch, driver, 6), [2]);
    assert_eq!(pops(&mut watch, driver, 5), odd);
    assert_eq!(pops(&mut watch, driver, 4), [0]);
}

/// Levels as a market has them, in an order that says nothing.
fn scattered(slot: u32) -> i128 {
    i128::from(slot.wrapping_mul(2_654_435_761))
}

#[test]
fn memory_stays_below_24_bytes_a_trip_and_follows_removals() {
    let (mut watch, driver) = watch(1);
    let count = 100_000;
    for slot in 0..count {
        watch
            .arm(
                slot,
                &[Trip {
                    driver,
                    level: scattered(slot),
                }],
            )
            .unwrap();
    }
    let full = watch.memory_bytes();
    assert!(full < 24 * count as usize, "{full} bytes");
    // Nine in ten leave one by one; their room is enough for a whole second population.
    for slot in (0..count).filter(|slot| slot % 10 != 0) {
        watch.disarm(slot);
    }
    for slot in count..count + count / 2 {
        watch
            .arm(
                slot,
                &[Trip {
                    driver,
                    level: scattered(slot),
                }],
            )
            .unwrap();
    }
    let table = 4 * 2 * count as usize;
    assert!(
        watch.memory_bytes() < full + table,
        "{} bytes",
        watch.memory_bytes()
    );
}

#[test]
fn trips_that_arrive_in_order_fill_their_leaves() {
    for direction in [Direction::Above, Direction::Below] {
        let mut watch = Watch::new(1);
        let driver = watch.add_driver(direction).unwrap();
        let count = 50_000u32;
        for slot in 0..count {
            let level = match direction {
                Direction::Above => i128::from(slot),
                Direction::Below => -i128::from(slot),
            };
            watch.arm(slot, &[Trip { driver, level }]).unwrap();
        }
        let bytes = watch.memory_bytes();
        assert!(bytes < 20 * count as usize, "{bytes} bytes");
    }
}

//! What venues are told when an oracle stands still or is late, tick by tick.

use super::*;

fn price(at: i64) -> MarketPrice {
    MarketPrice::from_raw(i128::from(at) + 1)
}

/// A market with a price at each of these times, which says when it was.
fn ticks(times: &[i64]) -> Vec<Tick> {
    let tick = |at: &i64| Tick::new(Timestamp(*at), vec![(0, price(*at))]);
    times.iter().map(tick).collect()
}

fn stretch(from: i64, to: i64) -> Stretch {
    Stretch {
        from: Timestamp(from),
        to: if to < 0 {
            Timestamp::MAX
        } else {
            Timestamp(to)
        },
    }
}

/// When which price is told: arrival and the time at which the market had it.
fn check(times: &[i64], stress: impl Fn(&mut Arrivals), expected: &[(i64, i64)]) {
    let before = ticks(times);
    let moments: Vec<Timestamp> = before.iter().map(|tick| tick.time).collect();
    let mut arrivals = Arrivals::new(&moments);
    stress(&mut arrivals);
    let after = tell(before.clone(), &[arrivals]);
    let told: Vec<(i64, i64)> = after
        .iter()
        .flat_map(|tick| tick.told().iter().map(|told| (tick.time, told)))
        .map(|(time, (_, price))| (time.0, i64::try_from(price.raw()).unwrap() - 1))
        .collect();
    assert_eq!(told, expected);
    // The market itself is as it was, and time goes on.
    let truth: Vec<Tick> = after
        .iter()
        .filter(|tick| !tick.prices.is_empty())
        .map(|tick| Tick::new(tick.time, tick.prices.clone()))
        .collect();
    assert_eq!(truth, before);
    assert!(after.windows(2).all(|pair| pair[0].time < pair[1].time));
}

const TIMES: [i64; 6] = [0, 10, 20, 30, 40, 50];

#[test]
fn without_a_stress_everything_is_told_at_once() {
    let all: Vec<(i64, i64)> = TIMES.iter().map(|at| (*at, *at)).collect();
    check(&TIMES, |_| {}, &all);
}

#[test]
fn a_frozen_oracle_tells_the_newest_price_when_the_time_is_over() {
    let frozen = |from, to| move |arrivals: &mut Arrivals| arrivals.freeze(stretch(from, to));
    check(
        &TIMES,
        frozen(10, 35),
        &[(0, 0), (35, 30), (40, 40), (50, 50)],
    );
    // A price of that very moment is newer.
    check(&TIMES, frozen(10, 40), &[(0, 0), (40, 40), (50, 50)]);
    // What a market is listed with is told, whatever happens.
    check(
        &TIMES,
        frozen(0, 20),
        &[(0, 0), (20, 20), (30, 30), (40, 40), (50, 50)],
    );
    check(&TIMES, frozen(15, -1), &[(0, 0), (10, 10)]);
    // It is over after the last price: nobody learns of it any more.
    check(&TIMES, frozen(15, 60), &[(0, 0), (10, 10)]);
}

#[test]
fn a_late_price_arrives_at_its_own_moment_unless_a_newer_one_was_faster() {
    let late = |from, to, by| {
        move |arrivals: &mut Arrivals| arrivals.delay(stretch(from, to), Duration(by))
    };
    check(
        &TIMES,
        late(0, -1, 7),
        &[(0, 0), (17, 10), (27, 20), (37, 30), (47, 40)],
    );
    // The price of 30 comes on time, before that of 20.
    check(
        &TIMES,
        late(10, 30, 15),
        &[(0, 0), (25, 10), (30, 30), (40, 40), (50, 50)],
    );
    // Two of one moment: the newest.
    check(
        &TIMES,
        late(10, 20, 10),
        &[(0, 0), (20, 20), (30, 30), (40, 40), (50, 50)],
    );
}

#[test]
fn stresses_follow_each_other() {
    // Late by 7, and then nothing from 20 to 40: what would have come at 37 comes at 40.
    let both = |arrivals: &mut Arrivals| {
        arrivals.delay(stretch(0, -1), Duration(7));
        arrivals.freeze(stretch(20, 40));
    };
    check(&TIMES, both, &[(0, 0), (17, 10), (40, 30), (47, 40)]);
}

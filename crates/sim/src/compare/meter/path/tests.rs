//! Following accounts: small stories, and the fast way against looking at every price.

use plimsoll_units::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::compare::{Meter, Taken};
use crate::prices::{MarketPrice, Provenance, Tick, Timeline};

fn breach() -> Breach {
    Breach {
        trader: 1,
        at: Timestamp(0),
        equity: 40,
        requirement: 50,
        scales: true,
        stakes: Vec::new(),
    }
}

const MINUTE: i64 = 60_000;
/// One, with 18 decimals.
const ONE: i128 = 1_000_000_000_000_000_000;

/// A timeline with a price of every market each minute; zero where a market has none then.
fn timeline(prices: &[Vec<i128>]) -> Timeline {
    let ticks = (0i64..).zip(prices).map(|(minute, prices)| {
        let each = prices.iter().enumerate().filter(|(_, price)| **price > 0);
        let each = each.map(|(market, price)| (market, MarketPrice::from_raw(price * ONE)));
        Tick::new(Timestamp(minute * MINUTE), each.collect())
    });
    Timeline {
        markets: vec![String::new(); prices.first().map_or(0, Vec::len)],
        ticks: ticks.collect(),
        provenance: Provenance::Files {
            source: String::new(),
            markets: Vec::new(),
        },
    }
}

/// One market's path: the breach at minute 0 and price 100, then the prices given, the last one
/// held until the hour is over.
fn hour(prices: &[i128], minutes: usize) -> Path {
    let mut all = vec![100];
    all.extend(prices);
    all.resize(minutes + 1, *all.last().unwrap());
    let rows: Vec<Vec<i128>> = all.into_iter().map(|price| vec![price]).collect();
    Path::new(&timeline(&rows))
}

/// What it is about, the breach, prices minute by minute, minutes in all, and the answer.
type Story<'a> = (&'a str, Breach, &'a [i128], usize, Option<bool>);

fn long(notional: i128) -> Stake {
    Stake {
        market: 0,
        notional,
        mark: 100 * ONE,
    }
}

#[test]
fn an_account_recovers_when_the_market_alone_restores_it_within_the_hour_and_not_through_ruin() {
    // A position of 1,000 with 40 of equity where 50 are asked for.
    let long = |scales| Breach {
        equity: 40,
        requirement: 50,
        scales,
        stakes: vec![long(1_000)],
        ..breach()
    };
    let short = Breach {
        stakes: vec![Stake {
            notional: -1_000,
            ..long(true).stakes[0]
        }],
        ..long(true)
    };
    let cases: [Story<'_>; 12] = [
        // 102: equity 60, requirement 51.
        ("it rises enough", long(true), &[102], 60, Some(true)),
        // 101: equity 50, requirement 50.5.
        (
            "the requirement rises with it",
            long(true),
            &[101],
            60,
            Some(false),
        ),
        ("one that does not", long(false), &[101], 60, Some(true)),
        ("it falls", long(true), &[97], 60, Some(false)),
        // 96: nothing left, and that is not yet below nothing.
        (
            "down to nothing and back",
            long(true),
            &[96, 102],
            60,
            Some(true),
        ),
        ("ruined on the way", long(true), &[95, 102], 60, Some(false)),
        (
            "too late",
            long(true),
            &[&[100; 60][..], &[102]].concat(),
            61,
            Some(false),
        ),
        (
            "at the last moment",
            long(true),
            &[&[100; 59][..], &[102]].concat(),
            60,
            Some(true),
        ),
        ("prices end before", long(true), &[99], 59, None),
        (
            "prices end, but it was known",
            long(true),
            &[102],
            30,
            Some(true),
        ),
        (
            "a short wants the price to fall",
            short.clone(),
            &[98],
            60,
            Some(true),
        ),
        (
            "a short is ruined by a rise",
            short,
            &[105, 90],
            60,
            Some(false),
        ),
    ];
    for (story, breach, prices, minutes, expected) in cases {
        let path = hour(prices, minutes);
        assert_eq!(path.would_restore(&breach), expected, "{story}");
    }
}

#[test]
fn a_stale_mark_is_set_right_by_the_next_true_price() {
    // The venue was told 100 while the market was at 110 all the time.
    let path = Path::new(&timeline(&vec![vec![110]; 62]));
    let breach = Breach {
        equity: 40,
        requirement: 50,
        stakes: vec![long(1_000)],
        ..breach()
    };
    assert_eq!(path.would_restore(&breach), Some(true));
}

#[test]
fn only_liquidated_accounts_are_followed_and_only_those_that_prices_move() {
    let path = hour(&[102], 60);
    let taken = Taken::default();
    let mut meter = Meter::new(2, None);
    let moves = Breach {
        equity: 40,
        requirement: 50,
        stakes: vec![long(1_000)],
        ..breach()
    };
    meter.breach(1, moves.clone());
    meter.took(1, taken);
    // Not liquidated.
    meter.breach(2, moves);
    // Its equity does not follow prices.
    meter.breach(3, breach());
    meter.took(3, taken);
    let found = meter.measures(&path).recovered;
    assert_eq!((found.followed, found.would_have), (1, 1));
}

/// What [`Path::would_restore`] says, by looking at every price in exact integers. An error where
/// something is exactly on a border, which doubles need not hit.
fn naive(rows: &[Vec<i128>], breach: &Breach) -> Result<Option<bool>, ()> {
    let notional: i128 = breach.stakes.iter().map(|s| s.notional.abs()).sum();
    let mut last = vec![0; rows[0].len()];
    for (minute, row) in (0i64..).zip(rows) {
        for (last, price) in last.iter_mut().zip(row) {
            if *price > 0 {
                *last = *price;
            }
        }
        if minute == 0 || minute * MINUTE > HOUR {
            continue;
        }
        // All times the product of the marks, which is a power of a hundred.
        let (mut equity, mut held) = (breach.equity * 100, 0);
        for stake in &breach.stakes {
            equity += stake.notional * (last[stake.market] - 100);
            held += stake.notional.abs() * last[stake.market];
        }
        if equity * notional == breach.requirement * held || equity == 0 {
            return Err(());
        }
        if equity * notional > breach.requirement * held {
            return Ok(Some(true));
        }
        if equity < 0 {
            return Ok(Some(false));
        }
    }
    Ok((rows.len() > 60).then_some(false))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn passing_over_stretches_answers_as_looking_at_every_price(
        steps in prop::collection::vec((-3i128..=3, -3i128..=3, any::<bool>()), 1..130),
        stakes in prop::collection::vec((0usize..2, -1_000i128..1_000), 1..3),
        equity in 0i128..80,
        missing in 1i128..60,
    ) {
        let mut rows = vec![vec![100, 100]];
        let mut now = [100, 100];
        for (a, b, both) in steps {
            now = [(now[0] + a).max(1), (now[1] + b).max(1)];
            rows.push(vec![now[0], if both { now[1] } else { 0 }]);
        }
        let held = |(market, notional)| Stake { market, notional, mark: 100 * ONE };
        let breach = Breach {
            equity,
            requirement: equity + missing,
            scales: true,
            stakes: stakes.into_iter().map(held).filter(|s| s.notional != 0).collect(),
            ..breach()
        };
        prop_assume!(!breach.stakes.is_empty());
        let expected = naive(&rows, &breach);
        prop_assume!(expected.is_ok());
        let found = Path::new(&timeline(&rows)).would_restore(&breach);
        prop_assert_eq!(Ok(found), expected);
    }
}

//! Each trip against the exact rules: while none has passed, and both floors hold, nobody is due,
//! at the very last level before each trip as anywhere else.

use plimsoll_units::{AccountId, MarketId, Notional, Price, Timestamp, VenueId};
use proptest::prelude::*;

use super::*;
use crate::ledger::{Asset, Holder, HolderKind, Ledger};
use crate::margin::isolated::Boundary;
use crate::venues::tsunamix::config::{Check, MarketParams, Rules, Sides};
use crate::venues::tsunamix::fees::Funding;
use crate::venues::tsunamix::market::Indices;
use crate::venues::tsunamix::position::{NewPosition, Position};
use crate::venues::tsunamix::watching::Watching;
use crate::watch::Direction;

/// Numbers of one position and its surroundings.
#[derive(Debug, Clone)]
struct Case {
    long: bool,
    size: i64,
    collateral_ppm: i128,
    entry: i128,
    price_ppm: i128,
    tvl: i128,
    pct: u32,
    threshold_ppm: i128,
    fee_e5: u32,
    check: Check,
    realised: i64,
    paid: i64,
    moves: bool,
    /// Where between its neighbouring trips each driver goes: 0 and 1,000 are the last levels.
    to: [u32; 3],
    borrowed: i64,
}

fn case() -> impl Strategy<Value = Case> {
    let check = prop_oneof![
        Just(Check::Documented(Boundary::Inclusive)),
        Just(Check::Documented(Boundary::Strict)),
        Just(Check::Deployed),
    ];
    let to = || prop_oneof![3 => Just(0u32), 3 => Just(1_000u32), 2 => 0u32..=1_000];
    let size = prop_oneof![1i64..200, 1i64..2_000_000_000, 1i64..2_000_000_000_000];
    let tvl = prop_oneof![
        0i128..1_000,
        0i128..10_000_000_000,
        0i128..20_000_000_000_000
    ];
    let entry = prop_oneof![1i128..1 << 20, 1i128..1 << 60, 1i128..1 << 80];
    let price = prop_oneof![3 => 900_000i128..1_100_000, 1 => 1i128..4_000_000];
    let first = (
        any::<bool>(),
        size,
        10_000i128..=1_000_000,
        entry,
        price,
        tvl,
    );
    let second = (1u32..=100_000, 800_000i128..=1_000_000, 0u32..2_000, check);
    let third = (
        -1_000_000i64..1_000_000_000,
        -20_000_000_000_000i64..20_000_000_000_000,
    );
    let last = (any::<bool>(), to(), to(), to(), 0i64..1 << 40);
    (first, second, third, last).prop_map(|(a, b, c, d)| Case {
        long: a.0,
        size: a.1,
        collateral_ppm: a.2,
        entry: a.3,
        price_ppm: a.4,
        tvl: a.5,
        pct: b.0,
        threshold_ppm: b.1,
        fee_e5: b.2,
        check: b.3,
        realised: c.0,
        paid: c.1,
        moves: d.0,
        to: [d.1, d.2, d.3],
        borrowed: d.4,
    })
}

/// A point between two levels, both allowed.
fn between(low: i128, high: i128, at: u32) -> i128 {
    low + (high - low) / 1_000 * i128::from(at) + (high - low) % 1_000 * i128::from(at) / 1_000
}

fn collateral_slot() -> crate::ledger::Slot {
    let asset = Asset {
        symbol: "TUSD".into(),
        decimals: 6,
    };
    let mut ledger = Ledger::new(vec![asset]);
    let holder = Holder::of_venue(HolderKind::Vault, VenueId(0));
    ledger.open(holder, plimsoll_units::AssetId(0)).unwrap()
}

/// The levels a driver may take before a trip on either side.
#[derive(Debug, Clone, Copy)]
struct Range {
    low: i128,
    high: i128,
}

impl Range {
    fn narrow(&mut self, direction: Direction, level: i128) {
        match direction {
            Direction::Above => self.high = self.high.min(level - 1),
            Direction::Below => self.low = self.low.max(level + 1),
        }
    }
}

fn indices_of(funding: i128, borrowed: i64) -> Indices {
    Indices {
        funding: Funding {
            rate_e15: 0,
            index_e15: i64::try_from(funding).unwrap(),
            at: Timestamp(0),
        },
        borrowed: Sides::both(borrowed),
    }
}

fn run(case: &Case) -> Result<(), TestCaseError> {
    let mut params = MarketParams::new("M", Price::from_raw(1));
    params.threshold = plimsoll_units::Rate::from_raw(case.threshold_ppm);
    params.trading_fee_e5 = case.fee_e5;
    params.borrow_rate_e6 = Sides::both(u32::from(case.moves));
    params.funding.velocity_factor = 0;
    let rules = Rules {
        check: case.check,
        profit_pct_e5: case.pct,
        ..Rules::default()
    };
    let market = Market::new(params, Timestamp(0));
    let mut watching = Watching::default();
    watching.add_market(&market, Timestamp(0)).unwrap();
    watching.vault(case.tvl);
    let side = if case.long { Side::Long } else { Side::Short };
    let new = NewPosition {
        owner: AccountId(0),
        market: MarketId(0),
        side,
        size: Notional::from_raw(case.size.into()),
        entry: Price::from_raw(case.entry),
        collateral: collateral_slot(),
    };
    let position = Position::new(&new, &indices_of(0, 0)).unwrap();
    let position = position
        .realising(Amount::from_raw(case.realised.into()))
        .unwrap();
    let collateral = i128::from(case.size) * case.collateral_ppm / 1_000_000;
    // What holding has cost so far: funding of up to 2 % of the size either way.
    let sign = side.sign();
    let funded = i128::from(case.paid) * sign * i128::from(case.moves);
    let here = indices_of(funded, 0);
    let price = Price::from_raw((case.entry * case.price_ppm / 1_000_000).max(1));
    let at = Circumstances {
        rules: &rules,
        market: &market,
        indices: &here,
        price,
        tvl: Amount::from_raw(case.tvl),
    };
    let judged = Judged::new(&position, collateral, &at).unwrap();
    if judged.verdict.is_some() {
        return Ok(());
    }
    let (drivers, floor) = watching.parts();
    let arming = Arming {
        drivers: &drivers,
        vault: watching.vault_driver(),
        tvl_floor: floor,
        judged: &judged,
        at: &at,
    };
    let trips = arming.trips().unwrap();
    let costs = drivers.cost.of(side);
    let cost = here.cost(side);
    let far = 4 * COST_ONE;
    let mut prices = Range {
        low: 1,
        high: PRICE_MAX.raw(),
    };
    let mut cost_range = Range {
        low: costs.floor,
        high: cost + far,
    };
    let mut tvls = Range {
        low: floor,
        high: case.tvl.saturating_mul(4) + 10,
    };
    for trip in trips.as_slice() {
        match trip.driver {
            d if d == drivers.price_up => prices.narrow(Direction::Above, trip.level),
            d if d == drivers.price_down => prices.narrow(Direction::Below, trip.level),
            d if d == costs.up => cost_range.narrow(Direction::Above, trip.level),
            d if d == costs.down => cost_range.narrow(Direction::Below, trip.level),
            _ => tvls.narrow(Direction::Below, trip.level),
        }
    }
    if prices.low > prices.high || tvls.low > tvls.high || cost_range.low > cost_range.high {
        // A trip has passed already: the position is examined with the next update, whatever
        // that brings.
        return Ok(());
    }
    let price = Price::from_raw(between(prices.low, prices.high, case.to[0]));
    let tvl = between(tvls.low, tvls.high, case.to[2]);
    let moved = if case.moves {
        let to = between(cost_range.low, cost_range.high, case.to[1]);
        // Part of the way by borrowing, the rest by funding; never outside the range.
        let borrowed = case.borrowed % 1_000_000_000;
        let way = to - i128::from(borrowed) * 2_500;
        let (down, up) = (way.div_euclid(9), -(-way).div_euclid(9));
        let there = |funding: i128| indices_of(funding * sign, borrowed);
        let within = |i: &Indices| (cost_range.low..=cost_range.high).contains(&i.cost(side));
        [there(down), there(up)]
            .into_iter()
            .find(within)
            .unwrap_or(here)
    } else {
        here
    };
    let later = Circumstances {
        indices: &moved,
        price,
        tvl: Amount::from_raw(tvl),
        ..at
    };
    let judged = Judged::new(&position, collateral, &later).unwrap();
    prop_assert_eq!(
        judged.verdict,
        None,
        "at {:?}, vault {}, {:?}",
        price,
        tvl,
        moved
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn before_its_trips_nobody_is_due(case in case()) {
        run(&case)?;
    }
}

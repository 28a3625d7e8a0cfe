//! One wallet, its trips, and the exact rule, over random prices, funding and fractions.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
struct Leg {
    size: i64,
    price: u64,
    mmf: u64,
    funding: i128,
}

impl Leg {
    fn lines(&self) -> Lines {
        Lines::new(self.price, self.mmf, self.funding).unwrap()
    }

    fn line(&self) -> i128 {
        let lines = self.lines();
        if self.size > 0 {
            lines.long
        } else {
            lines.short
        }
    }

    fn requirement(&self) -> i128 {
        i128::from(self.size.unsigned_abs()) * i128::from(self.price) * i128::from(self.mmf)
    }
}

#[derive(Debug, Clone)]
struct Wallet {
    quote: i128,
    legs: Vec<Leg>,
}

impl Wallet {
    fn value(&self) -> i128 {
        let positions = self.legs.iter();
        let positions: i128 = positions
            .map(|l| i128::from(l.size) * i128::from(l.price))
            .sum();
        self.quote * ONE + positions
    }

    fn requirement(&self) -> i128 {
        self.legs.iter().map(Leg::requirement).sum()
    }

    /// The rule of the specification, with nothing simplified.
    fn liquidatable(&self) -> bool {
        let required = (self.requirement() / ONE) / ONE;
        self.value() / ONE < required
    }

    fn slack(&self) -> i128 {
        self.value() * ONE - self.requirement()
    }

    fn trips(&self) -> Vec<i128> {
        let Some(room) = Room::new(self.slack(), self.requirement(), self.legs.len()) else {
            return Vec::new();
        };
        let level = |l: &Leg| match l.size > 0 {
            true => room.below(&l.lines()),
            false => room.above(&l.lines()),
        };
        self.legs.iter().map(level).collect()
    }

    fn passed(&self, trips: &[i128]) -> bool {
        let passed = |(leg, &level): (&Leg, &i128)| match leg.size > 0 {
            true => leg.line() <= level,
            false => leg.line() >= level,
        };
        self.legs.iter().zip(trips).any(passed)
    }

    fn publish(&mut self, leg: usize, rate: i64) {
        let leg = leg % self.legs.len();
        let leg = &mut self.legs[leg];
        let multiplier = i128::from(leg.price) * -i128::from(rate) / ONE;
        leg.funding += multiplier;
        self.quote += i128::from(leg.size) * multiplier / ONE;
    }
}

#[derive(Debug, Clone, Copy)]
enum Move {
    /// The price of a leg by so many parts in a million.
    Price(usize, i64),
    Funding(usize, i64),
    Fraction(usize, u64),
}

fn leg() -> impl Strategy<Value = Leg> {
    let size = prop_oneof![1i64..1_000, 1_000i64..10_000_000_000];
    let price = prop_oneof![1u64..2_000, 2_000u64..10_000_000_000_000];
    (size, any::<bool>(), price, 300_000u64..10_000_000).prop_map(|(size, long, price, mmf)| Leg {
        size: if long { size } else { -size },
        price,
        mmf,
        funding: 0,
    })
}

/// A wallet whose slack is anything from nothing to twice its requirement.
fn wallet() -> impl Strategy<Value = Wallet> {
    let excess = prop_oneof![-3i128..10_000, 0i128..200_000_000];
    (prop::collection::vec(leg(), 1..=4), excess).prop_map(|(legs, excess)| {
        let mut wallet = Wallet { quote: 0, legs };
        let needed = wallet.requirement() / TRIPLE - wallet.value() / ONE;
        let requirement = wallet.requirement() / TRIPLE;
        wallet.quote = needed + excess.min(requirement * excess / ONE + excess % 10_000);
        wallet
    })
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let leg = 0usize..4;
    let one = prop_oneof![
        4 => (leg.clone(), -30_000i64..30_000).prop_map(|(l, ppm)| Move::Price(l, ppm)),
        3 => (leg.clone(), -200_000i64..200_000).prop_map(|(l, rate)| Move::Funding(l, rate)),
        1 => (leg, 300_000u64..10_000_000).prop_map(|(l, mmf)| Move::Fraction(l, mmf)),
    ];
    prop::collection::vec(one, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nobody_is_liquidatable_before_one_of_its_trips_has_passed(
        (mut wallet, moves) in (wallet(), moves()),
    ) {
        prop_assume!(!wallet.liquidatable());
        let trips = wallet.trips();
        for step in moves {
            let legs = wallet.legs.len();
            match step {
                Move::Price(l, ppm) => {
                    let price = &mut wallet.legs[l % legs].price;
                    let moved = i128::from(*price) * i128::from(1_000_000 + ppm) / 1_000_000;
                    *price = u64::try_from((moved + i128::from(ppm.signum())).max(1)).unwrap();
                }
                Move::Funding(l, rate) => wallet.publish(l, rate),
                Move::Fraction(l, mmf) => wallet.legs[l % legs].mmf = mmf,
            }
            if trips.is_empty() || wallet.passed(&trips) {
                return Ok(());
            }
            prop_assert!(!wallet.liquidatable(), "{wallet:?} with trips at {trips:?}");
        }
    }

    #[test]
    fn slack_says_no_less_than_the_rule_and_is_within_two_pips_of_it(wallet in wallet()) {
        let slack = wallet.slack();
        prop_assert!(!(wallet.liquidatable() && slack >= 0), "{slack}");
        prop_assert!(wallet.liquidatable() || slack > -2 * TRIPLE, "{slack}");
    }
}

/// A single position uses up its whole slack: its trip lies within a few parts in `2^40` and its
/// reserve of the first price at which it is liquidatable.
#[test]
fn the_trip_of_a_single_position_is_its_liquidation_price() {
    for (size, quote) in [
        (1_000_000_000i64, -1_900_000_000_000i64),
        (-1_000_000_000, 2_300_000_000_000),
    ] {
        let leg = Leg {
            size,
            price: 200_000_000_000,
            mmf: 3_000_000,
            funding: 0,
        };
        let mut wallet = Wallet {
            quote: quote.into(),
            legs: vec![leg],
        };
        let trips = wallet.trips();
        let step = if size > 0 {
            u64::wrapping_sub
        } else {
            u64::wrapping_add
        };
        let mut price = 200_000_000_000;
        let mut stride = 1_000_000_000;
        // The first tick at which the trip passes, by ever finer strides.
        while stride > 0 {
            let next = step(price, stride);
            wallet.legs[0].price = next;
            if wallet.passed(&trips) {
                stride /= 10;
            } else {
                price = next;
            }
        }
        wallet.legs[0].price = price;
        assert!(!wallet.liquidatable(), "no later than the rule");
        wallet.legs[0].price = step(price, 200);
        assert!(wallet.liquidatable(), "nor long before it: {price}");
    }
}

/// Funding of nearly a pip a period, of which the position is paid nothing, while the price falls
/// by as much: the line stands still and the slack shrinks all the same.
#[test]
fn funding_that_is_rounded_away_is_kept_in_reserve_or_leaves_no_trip() {
    for spare in [2, 500, 999, 1_000, 1_500] {
        let leg = Leg {
            size: 99_999_999,
            price: 200_000,
            mmf: 3_000_000,
            funding: 0,
        };
        let mut wallet = Wallet {
            quote: 0,
            legs: vec![leg],
        };
        wallet.quote = -wallet.slack().div_euclid(TRIPLE) + spare;
        let trips = wallet.trips();
        assert_eq!(trips.is_empty(), spare < 1_000, "{spare} pips of slack");
        let before = wallet.slack();
        for _ in 0..PERIODS {
            // A rate of -1 / 200,000 of the price: a multiplier of one pip.
            let rate = -(ONE / i128::from(wallet.legs[0].price) + 1);
            wallet.publish(0, i64::try_from(rate).unwrap());
            wallet.legs[0].price -= 1;
            assert!(trips.is_empty() || !wallet.passed(&trips));
            assert!(
                trips.is_empty() || !wallet.liquidatable(),
                "{spare} pips of slack"
            );
        }
        assert_eq!(wallet.legs[0].funding, PERIODS.into());
        assert!(before - wallet.slack() > 900 * TRIPLE, "the slack shrinks");
    }
}

#[test]
fn numbers_that_do_not_fit_give_no_line_and_no_room() {
    assert_eq!(Lines::new(u64::MAX, u64::MAX, 0), None);
    assert_eq!(Lines::new(1, 300_000, i128::MAX), None);
    assert!(Room::new(i128::MIN, 1, 1).is_none());
    assert!(Room::new(0, 1, 1).is_none(), "less than the reserve");
    assert!(Room::new(RESERVE, i128::MAX, 1).is_some());
    let room = Room::new(i128::MAX, 1, 1).unwrap();
    let far = Lines {
        long: 0,
        short: 0,
        margin: i128::MAX,
    };
    assert!(room.below(&far) < -(1 << 120), "{room:?}");
    assert!(room.above(&far) > 1 << 120, "{room:?}");
}

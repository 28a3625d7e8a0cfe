//! Portfolio margin: a market to test on, and the sums against their definitions.

use plimsoll_units::{Amount, Fixed, Price, Rate, Side, Timestamp};
use proptest::prelude::*;

use super::guards::{self, Band};
use super::*;
use crate::pricing::risk::Market;
use crate::pricing::{Contract, Grid, OptionKind, RiskArrays, Unit, VolShock};

mod orders;

/// The perpetual of every test market.
pub(super) const PERP: u32 = 0;
const DAY: i64 = 86_400_000;

/// An index of 100,000 with a perpetual and options.
pub(super) struct World {
    model: Model,
    contracts: Vec<Contract>,
    arrays: RiskArrays,
    index: Price<8>,
}

impl World {
    /// Options as (kind, strike in thousands, days to expiry times four, volatility in percent).
    pub(super) fn new(options: &[(OptionKind, i64, i64, i64)]) -> Self {
        Self::with_model(Model::KRM, options)
    }

    pub(super) fn with_model(model: Model, options: &[(OptionKind, i64, i64, i64)]) -> Self {
        let index = Price::from_int(100_000).expect("a price");
        let mut units = vec![Unit {
            contract: Contract::Perp,
            vol: Rate::ZERO,
            forward: None,
        }];
        for (kind, strike, quarters, vol) in options {
            units.push(Unit {
                contract: Contract::Option {
                    kind: *kind,
                    strike: Price::from_int(i128::from(*strike) * 1_000).expect("a strike"),
                    expiry: Timestamp(quarters * DAY / 4),
                },
                vol: Rate::from_raw(i128::from(*vol) * 10_000_000_000_000),
                forward: None,
            });
        }
        let market = Market {
            index,
            now: Timestamp::EPOCH,
            rate: Rate::ZERO,
        };
        Self {
            model,
            contracts: units.iter().map(|unit| unit.contract).collect(),
            arrays: RiskArrays::new(&Grid::krm_43(), &VolShock::KRM, &market, &units)
                .expect("arrays"),
            index,
        }
    }

    pub(super) fn valuation(&self) -> Valuation<'_> {
        let now = Timestamp::EPOCH;
        Valuation::new(&self.model, &self.arrays, &self.contracts, self.index, now)
            .expect("a valuation")
    }
}

/// Calls and puts at a few strikes and three expiries, one within the last day.
pub(super) fn chain() -> Vec<(OptionKind, i64, i64, i64)> {
    let mut options = Vec::new();
    for quarters in [2, 56, 120] {
        for strike in [85i64, 95, 100, 104, 115] {
            for kind in [OptionKind::Call, OptionKind::Put] {
                options.push((kind, strike, quarters, 60 + (strike - 100).abs() / 2));
            }
        }
    }
    options
}

pub(super) fn leg(instrument: u32, hundredths: i64) -> Leg {
    Leg {
        instrument,
        quantity: hundredths * CONTRACT / 100,
    }
}

pub(super) fn usd(whole: i128) -> Money {
    Money::from_int(whole).expect("money")
}

/// Books of up to seven legs on the chain, in hundredths of contracts.
pub(super) fn books() -> impl Strategy<Value = Vec<(u32, i64)>> {
    proptest::collection::vec((0u32..31, -500i64..500), 1..8)
}

fn portfolio(book: &[(u32, i64)]) -> Portfolio {
    let legs: Vec<Leg> = book.iter().map(|(i, q)| leg(*i, *q)).collect();
    Portfolio::new(&legs).expect("a portfolio")
}

/// KY-07's table: equality is healthy, a debt without any requirement is not.
#[test]
fn the_trigger_is_strict() {
    let world = World::new(&[]);
    let of = world.valuation();
    // One perpetual: a matrix of 16,000 and no charge.
    let risk = of.risk(&[leg(PERP, 100)]).expect("a risk");
    assert_eq!(risk.maintenance(of.model()).expect("a margin"), usd(16_000));
    let least = Money::from_raw(1);
    for (equity, liquidated) in [
        (usd(16_000), false),
        (usd(16_000).sub(least).expect("money"), true),
        (usd(16_001), false),
        (usd(-1), true),
    ] {
        assert_eq!(
            of.is_liquidatable(&risk, equity),
            Ok(liquidated),
            "{equity}"
        );
    }
    let nothing = of.risk(&[]).expect("a risk");
    assert_eq!(of.is_liquidatable(&nothing, Money::ZERO), Ok(false));
    assert_eq!(of.is_liquidatable(&nothing, Money::from_raw(-1)), Ok(true));
    // Released at an initial margin of exactly the equity.
    assert_eq!(of.is_released(&risk, usd(19_200)), Ok(true));
    let under = usd(19_200).sub(least).expect("money");
    assert_eq!(of.is_released(&risk, under), Ok(false));
}

/// KY-25's boundaries: at the maintenance margin exactly nothing is liquidated, at the initial
/// margin exactly only risk may be reduced.
#[test]
fn what_an_account_may_do_at_its_margins() {
    let world = World::new(&[]);
    let of = world.valuation();
    let risk = of.risk(&[leg(PERP, 100)]).expect("a risk");
    let least = Money::from_raw(1);
    let (maintenance, initial) = (usd(16_000), usd(19_200));
    for (equity, expected) in [
        (
            maintenance.sub(least).expect("money"),
            Standing::Liquidatable,
        ),
        (maintenance, Standing::ReduceOnly),
        (initial.sub(least).expect("money"), Standing::ReduceOnly),
        (initial, Standing::ReduceOnly),
        (initial.add(least).expect("money"), Standing::Free),
    ] {
        assert_eq!(of.standing(&risk, equity), Ok(expected), "{equity}");
    }
}

#[test]
fn ratios_without_equity_are_infinite() {
    let ratio = |requirement, equity| ratio(usd(requirement), usd(equity)).expect("a ratio");
    assert_eq!(ratio(1, 0), None);
    assert_eq!(ratio(1, -5), None);
    assert_eq!(ratio(0, -1), None);
    assert_eq!(ratio(0, 0), Some(Rate::ZERO));
    assert_eq!(ratio(0, 10), Some(Rate::ZERO));
    assert_eq!(ratio(120, 100), Some(Rate::from_raw(1_200_000_000)));
}

/// The charges: exposure beyond the free part, and net shorts in the last day.
#[test]
fn charges_by_their_definition() {
    let world = World::new(&[
        (OptionKind::Call, 101, 2, 70),
        (OptionKind::Put, 101, 2, 70),
        (OptionKind::Call, 101, 4, 70),
    ]);
    let of = world.valuation();
    let roll = |legs: &[Leg]| of.risk(legs).expect("a risk").roll;
    // KY-06: half a day left, 1.5 net short, 1 % of the index.
    assert_eq!(roll(&[leg(1, -200), leg(2, 50)]), usd(750));
    assert_eq!(roll(&[leg(1, -200), leg(2, 200)]), usd(0));
    assert_eq!(roll(&[leg(1, 200), leg(2, -100)]), usd(0));
    assert_eq!(
        roll(&[leg(3, -200)]),
        usd(0),
        "a whole day is outside the window"
    );
    let delta = |hundredths| {
        let risk = of.risk(&[leg(PERP, hundredths)]).expect("a risk");
        risk.delta_charge().expect("a charge")
    };
    assert_eq!(delta(100), usd(0));
    assert_eq!(delta(-200), usd(1_000));
    assert_eq!(delta(350), usd(2_500));
}

#[test]
fn a_model_that_is_none_is_refused() {
    let good = Model::KRM;
    let zero = Rate::ZERO;
    for (bad, words) in [
        (
            Model {
                im_factor: Rate::from_raw(999_999),
                ..good
            },
            "the initial factor is 999999 (raw); it must be at least the maintenance factor",
        ),
        (
            Model {
                mm_factor: zero,
                ..good
            },
            "the maintenance factor is 0 (raw); it must be above zero",
        ),
        (
            Model {
                delta_free: Amount::from_raw(-1),
                ..good
            },
            "the free delta is -1 (raw); it must be zero or more",
        ),
        (
            Model {
                roll_window: plimsoll_units::Duration(-1),
                ..good
            },
            "the roll window is -1 (raw); it must be zero or more",
        ),
    ] {
        let refused = bad.validate().expect_err("bad");
        assert_eq!(refused.to_string(), words);
    }
    assert_eq!(good.validate(), Ok(()));
}

#[test]
fn what_does_not_fit_is_refused_not_wrapped() {
    let world = World::new(&chain());
    let of = world.valuation();
    let most = Leg {
        instrument: PERP,
        quantity: i64::MAX,
    };
    let twice = [most, most];
    assert!(Portfolio::new(&twice).is_err());
    let stranger = Leg {
        instrument: 99,
        quantity: 1,
    };
    assert!(of.risk(&[stranger]).is_err());
    // 9e12 coins: the sums fit, their comparison with money is made in 512 bits.
    let risk = of.risk(&[most]).expect("a risk");
    assert_eq!(of.is_liquidatable(&risk, usd(1_000_000)), Ok(true));
    let lot = order::hedge(&of, &Portfolio::default(), 0);
    assert_eq!(lot, Err(MarginError::Lot(0)));
    let legs: Vec<Leg> = (0..513).map(|i| leg(i, 1)).collect();
    assert_eq!(Portfolio::new(&legs), Err(MarginError::Legs(513)));
}

#[test]
fn nobody_hedges_without_a_perpetual() {
    let world = World::new(&[(OptionKind::Call, 100, 120, 60)]);
    let mut contracts = world.contracts.clone();
    contracts[0] = contracts[1];
    let now = Timestamp::EPOCH;
    let of = Valuation::new(&world.model, &world.arrays, &contracts, world.index, now);
    let of = of.expect("a valuation");
    let book = portfolio(&[(1, 100)]);
    assert_eq!(
        order::hedge(&of, &book, 1_000),
        Err(MarginError::NoPerpetual)
    );
    let short = Valuation::new(
        &world.model,
        &world.arrays,
        &contracts[1..],
        world.index,
        now,
    );
    assert_eq!(
        short.err(),
        Some(MarginError::Mismatched {
            contracts: 1,
            arrays: 2
        })
    );
}

#[test]
fn the_band_is_strict_in_either_unit() {
    let index = Price::from_int(100_000).expect("a price");
    let delta = |e18: i128| Fixed::<18>::from_raw(e18);
    let tenth = 100_000_000_000_000_000i128;
    for band in [
        Band::Value(Amount::from_int(10_000).expect("money")),
        Band::Quantity(Fixed::from_raw(100_000)),
    ] {
        for (given, outside) in [
            (tenth, false),
            (tenth + 1, true),
            (-tenth, false),
            (-tenth - 1, true),
            (0, false),
        ] {
            let is = band.is_exceeded(delta(given), index);
            assert_eq!(is, Ok(outside), "{band:?} {given}");
        }
    }
}

#[test]
fn guards_are_plain_decisions() {
    let world = World::new(&chain());
    let of = world.valuation();
    let perps = portfolio(&[(PERP, 100)]);
    let mixed = portfolio(&[(PERP, 100), (5, 1)]);
    assert_eq!(guards::is_perp_only(&of, &perps), Ok(true));
    assert_eq!(guards::is_perp_only(&of, &Portfolio::default()), Ok(true));
    assert_eq!(guards::is_perp_only(&of, &mixed), Ok(false));
    assert_eq!(guards::child(100, None), 100);
    assert_eq!(guards::child(100, Some(30)), 30);
    assert_eq!(guards::child(100, Some(-1)), 0);
    for (given, wants) in [
        ((false, false, false), false),
        ((true, false, false), true),
        ((false, true, false), true),
        ((false, false, true), true),
    ] {
        let (perp_only, outside, restores) = given;
        assert_eq!(guards::wants_hedge(perp_only, outside, restores), wants);
    }
    let before = of.risk(perps.legs()).expect("a risk");
    let half = of.risk(&[leg(PERP, 50)]).expect("a risk");
    assert_eq!(guards::lowers_requirement(&before, &half), Ok(true));
    assert_eq!(guards::lowers_requirement(&before, &before), Ok(false));
    // Closing half frees 8,000 of margin: worth it up to a cost of 8,000.
    for (cost, worth_it) in [(7_999, true), (8_000, false), (8_001, false)] {
        let then = (&half, usd(20_000 - cost));
        let is = guards::reduces_gap(Rate::ONE, (&before, usd(20_000)), then);
        assert_eq!(is, Ok(worth_it), "{cost}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Nothing depends on the order of legs, or on how they were bought.
    #[test]
    fn the_order_of_legs_changes_nothing(book in books(), turn in 0usize..8) {
        let world = World::new(&chain());
        let of = world.valuation();
        let legs: Vec<Leg> = book.iter().map(|(i, q)| leg(*i, *q)).collect();
        let mut turned = legs.clone();
        turned.rotate_left(turn % legs.len());
        turned.reverse();
        let whole = of.risk(&legs).expect("a risk");
        prop_assert_eq!(&of.risk(&turned).expect("a risk"), &whole);
        let netted = Portfolio::new(&turned).expect("a portfolio");
        prop_assert_eq!(&of.risk(netted.legs()).expect("a risk"), &whole);
        prop_assert_eq!(Portfolio::new(&legs).expect("a portfolio"), netted);
    }

    /// Subadditive: together nothing needs more than apart, and k times a book has k times the
    /// matrix and the roll charge.
    #[test]
    fn together_never_needs_more_than_apart(one in books(), other in books(), times in 1i64..5) {
        let world = World::new(&chain());
        let of = world.valuation();
        let base = |book: &[(u32, i64)]| {
            let risk = of.risk(portfolio(book).legs()).expect("a risk");
            (risk.base_e6().expect("a sum"), risk.matrix.add(risk.roll).expect("a sum"))
        };
        let both: Vec<(u32, i64)> = one.iter().chain(&other).copied().collect();
        // The delta charge is free up to a limit for each part, so it is left out.
        let apart = base(&one).1.add(base(&other).1).expect("a sum");
        prop_assert!(base(&both).1 <= apart);
        let scaled: Vec<(u32, i64)> = one.iter().map(|(i, q)| (*i, q * times)).collect();
        prop_assert_eq!(base(&scaled).1.raw(), base(&one).1.raw() * i128::from(times));
        prop_assert!(base(&scaled).0 >= base(&one).0 * i128::from(times));
    }

    /// A hedge is whole lots, against delta, and never crosses it; without lots delta is gone.
    #[test]
    fn a_hedge_never_crosses_zero_delta(book in books(), lot in 1i64..50_000) {
        let world = World::new(&chain());
        let of = world.valuation();
        let book = portfolio(&book);
        let before = of.risk(book.legs()).expect("a risk");
        let neutral = of.neutral_risk(book.legs()).expect("a risk");
        prop_assert_eq!(neutral.delta, Fixed::ZERO);
        let size = i128::from(lot) * 1_000_000_000_000;
        let Some(hedge) = order::hedge(&of, &book, lot).expect("a hedge") else {
            prop_assert!(before.delta.raw().abs() < size);
            return Ok(());
        };
        prop_assert_eq!(hedge.quantity % lot, 0);
        let (_, after) = order::hedged(&of, &book, hedge).expect("a fill");
        prop_assert_eq!(hedge.side == Side::Long, before.delta.is_negative());
        prop_assert!(after.delta.raw().abs() < size);
        prop_assert!(after.delta.raw().signum() != -before.delta.raw().signum());
    }
}

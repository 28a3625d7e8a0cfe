//! Decomposition: the vectors' books, the laws, and the rule against a plain search.

use proptest::prelude::*;

use super::super::tests::{PERP, World, books, chain, leg, usd};
use super::super::{CONTRACT, Money, Portfolio};
use super::{Component, Kind, OptionLeg, Pairing, decompose, option_legs, rule, total_margin};
use crate::pricing::{Leg, OptionKind};

use OptionKind::{Call, Put};

fn portfolio(book: &[(u32, i64)]) -> Portfolio {
    let legs: Vec<Leg> = book.iter().map(|(i, q)| leg(*i, *q)).collect();
    Portfolio::new(&legs).expect("a portfolio")
}

/// One line a component: its kind, its legs as (kind, strike in thousands, size), its hedge.
fn told(components: &[Component]) -> Vec<String> {
    let leg = |leg: &OptionLeg| {
        let kind = if leg.kind == Call { 'C' } else { 'P' };
        let strike = leg.strike.raw() / 100_000_000_000;
        format!("{kind}{strike} {:+}", leg.quantity / CONTRACT)
    };
    let one = |part: &Component| {
        let legs: Vec<String> = part.legs.iter().map(leg).collect();
        let hedge = part.hedge / CONTRACT;
        format!("{:?} {} hedge {hedge}", part.kind, legs.join(", "))
    };
    components.iter().map(one).collect()
}

/// KY-09: synthetics, then the closest verticals, then what is left, ranked.
#[test]
fn the_rule_of_the_page() {
    let world = World::new(&[
        (Call, 95, 120, 62),
        (Call, 100, 120, 60),
        (Call, 105, 120, 59),
        (Call, 115, 120, 58),
        (Put, 95, 120, 62),
        (Put, 100, 120, 60),
        (Put, 90, 120, 65),
    ]);
    let of = world.valuation();
    let book = portfolio(&[
        (1, 300),
        (2, -500),
        (3, 400),
        (4, -200),
        (5, -200),
        (6, 200),
        (7, 100),
    ]);
    let found = decompose(&of, &book, Pairing::KyanRule).expect("components");
    assert_eq!(
        told(&found),
        [
            "Vertical C115 -2, C105 +2 hedge 0",
            "Vertical C100 -2, C105 +2 hedge 0",
            "Peripheral P90 +1 hedge 0",
            "Vertical C100 -1, C95 +1 hedge 0",
            "Synthetic P95 -2, C95 +2 hedge -2",
            "Synthetic C100 -2, P100 +2 hedge 2",
        ]
    );
    // A hedged synthetic needs nothing, an unhedged one as much as the coin: 2 x 16,000 + 1,000.
    let synthetic = &found[4];
    assert!(synthetic.margin < Money::from_raw(10_000_000));
    let unhedged = synthetic.unhedged(&of).expect("a risk");
    let unhedged = unhedged.maintenance(of.model()).expect("a margin");
    let off = unhedged.sub(usd(33_000)).expect("money").raw().abs();
    assert!(off < 100_000_000, "{unhedged}");
}

/// Books that have names.
#[test]
fn books_with_names() {
    let world = World::new(&[
        (Call, 100, 56, 60),
        (Put, 100, 56, 60),
        (Call, 110, 56, 60),
        (Put, 90, 56, 60),
        (Call, 100, 120, 60),
        (Call, 110, 120, 60),
        (Put, 110, 56, 60),
    ]);
    let of = world.valuation();
    let check = |name: &str, book: &[(u32, i64)], expected: &[&str]| {
        let found = decompose(&of, &portfolio(book), Pairing::KyanRule).expect("components");
        assert_eq!(told(&found), expected, "{name}");
    };
    check("nothing", &[], &[]);
    check("a perpetual alone", &[(PERP, 500)], &[]);
    check(
        "a short straddle has no opposite signs",
        &[(1, -100), (2, -100)],
        &["Peripheral C100 -1 hedge 0", "Peripheral P100 -1 hedge 0"],
    );
    check(
        "a box is two synthetics whose hedges cancel",
        &[(1, 100), (2, -100), (3, -100), (7, 100)],
        &[
            "Synthetic P100 -1, C100 +1 hedge -1",
            "Synthetic C110 -1, P110 +1 hedge 1",
        ],
    );
    check(
        "expiries are never paired",
        &[(1, -100), (5, 100)],
        &["Peripheral C100 -1 hedge 0", "Peripheral C100 +1 hedge 0"],
    );
    check(
        "unequal sizes leave a peripheral",
        &[(1, -500), (3, 200)],
        &[
            "Peripheral C100 -3 hedge 0",
            "Vertical C100 -2, C110 +2 hedge 0",
        ],
    );
    check(
        "a covered call is its short leg: the perpetual is in no component",
        &[(PERP, 100), (3, -100)],
        &["Peripheral C110 -1 hedge 0"],
    );
}

/// KY-10: what is closest is not what needs least.
#[test]
fn the_least_margin_is_another_pairing() {
    let world = World::new(&[
        (Call, 100, 120, 60),
        (Call, 104, 120, 59),
        (Call, 103, 120, 59),
        (Call, 108, 120, 58),
    ]);
    let of = world.valuation();
    let book = portfolio(&[(1, 100), (2, 100), (3, -100), (4, -100)]);
    let rule = decompose(&of, &book, Pairing::KyanRule).expect("components");
    let least = decompose(&of, &book, Pairing::MinMargin).expect("components");
    assert_eq!(
        told(&rule),
        [
            "Vertical C108 -1, C100 +1 hedge 0",
            "Vertical C103 -1, C104 +1 hedge 0",
        ]
    );
    assert_eq!(
        told(&least),
        [
            "Vertical C108 -1, C104 +1 hedge 0",
            "Vertical C103 -1, C100 +1 hedge 0",
        ]
    );
    let total = |found: &[Component]| total_margin(found).expect("a sum").raw() / 10i128.pow(12);
    assert_eq!((total(&rule), total(&least)), (326_661, 251_219));
}

/// KY-28's kind: taking a synthetic first can cost a spread its cover.
#[test]
fn a_synthetic_first_can_cost_a_spread() {
    let world = World::new(&[(Call, 100, 56, 60), (Put, 100, 56, 60), (Call, 101, 56, 60)]);
    let of = world.valuation();
    let book = portfolio(&[(1, 100), (2, -100), (3, -100)]);
    let rule = decompose(&of, &book, Pairing::KyanRule).expect("components");
    assert_eq!(
        told(&rule),
        [
            "Peripheral C101 -1 hedge 0",
            "Synthetic P100 -1, C100 +1 hedge -1",
        ]
    );
    let least = decompose(&of, &book, Pairing::MinMargin).expect("components");
    let (rule, least) = (total_margin(&rule), total_margin(&least));
    assert!(least.expect("a sum") < rule.expect("a sum"));
}

/// The rule as it is said: look at all pairs, take the closest, again.
fn plain_rule(legs: &[OptionLeg]) -> Vec<(usize, usize, i64)> {
    let mut left: Vec<i64> = legs.iter().map(|leg| leg.quantity).collect();
    let mut taken = Vec::new();
    let opposite = |left: &[i64], a: usize, b: usize| left[a].signum() * left[b].signum() < 0;
    let mut take = |left: &mut Vec<i64>, a: usize, b: usize| {
        let size = left[a].abs().min(left[b].abs());
        left[a] -= size * left[a].signum();
        left[b] -= size * left[b].signum();
        taken.push((a, b, size));
    };
    for a in 0..legs.len() {
        for b in a + 1..legs.len() {
            let same = (legs[a].expiry, legs[a].strike) == (legs[b].expiry, legs[b].strike);
            if same && legs[a].kind != legs[b].kind && opposite(&left, a, b) {
                take(&mut left, a, b);
            }
        }
    }
    loop {
        let mut closest = None;
        for a in 0..legs.len() {
            for b in a + 1..legs.len() {
                let line = (legs[a].expiry, legs[a].kind) == (legs[b].expiry, legs[b].kind);
                if line && opposite(&left, a, b) {
                    let apart = legs[b].strike.raw() - legs[a].strike.raw();
                    let this = (apart, legs[a].strike, a, b);
                    closest = Some(closest.map_or(this, |c: (i128, _, _, _)| c.min(this)));
                }
            }
        }
        let Some((_, _, a, b)) = closest else {
            break;
        };
        take(&mut left, a, b);
    }
    for (at, quantity) in left.into_iter().enumerate() {
        if quantity != 0 {
            taken.push((at, at, quantity.abs()));
        }
    }
    taken.sort_unstable();
    taken
}

/// The least total margin of one-contract legs, by trying every pairing.
fn least_by_trying(world: &World, legs: &[Leg]) -> Money {
    let of = world.valuation();
    let Some((first, rest)) = legs.split_first() else {
        return Money::ZERO;
    };
    let alone = |leg: &Leg| {
        let risk = of.risk(&[*leg]).expect("a risk");
        risk.maintenance(of.model()).expect("a margin")
    };
    let mut least = alone(first)
        .add(least_by_trying(world, rest))
        .expect("money");
    for (at, other) in rest.iter().enumerate() {
        let pair = Portfolio::new(&[*first, *other]).expect("a portfolio");
        let found = decompose(&of, &pair, Pairing::KyanRule).expect("components");
        let [together] = found.as_slice() else {
            continue;
        };
        let mut others = rest.to_vec();
        others.remove(at);
        let total = together.margin.add(least_by_trying(world, &others));
        least = least.min(total.expect("money"));
    }
    least
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What the components are made of is what the portfolio is made of.
    #[test]
    fn nothing_is_lost_and_nothing_is_added(book in books()) {
        let world = World::new(&chain());
        let of = world.valuation();
        let book = portfolio(&book);
        for pairing in [Pairing::KyanRule, Pairing::MinMargin] {
            let found = decompose(&of, &book, pairing).expect("components");
            let mut legs: Vec<Leg> = Vec::new();
            for part in &found {
                match (part.kind, part.legs.as_slice()) {
                    (Kind::Peripheral, [one]) => prop_assert_ne!(one.quantity, 0),
                    (Kind::Vertical | Kind::Synthetic, [short, long]) => {
                        prop_assert!(short.quantity < 0, "the short leg comes first");
                        prop_assert_eq!(short.quantity, -long.quantity);
                        prop_assert_eq!(short.expiry, long.expiry);
                        let same = (short.kind == long.kind, short.strike == long.strike);
                        let synthetic = part.kind == Kind::Synthetic;
                        prop_assert_eq!(same, (!synthetic, synthetic));
                    }
                    _ => prop_assert!(false, "{:?}", part),
                }
                prop_assert_eq!(part.hedge != 0, part.kind == Kind::Synthetic);
                legs.extend(part.legs.iter().map(OptionLeg::leg));
            }
            legs.push(Leg { instrument: PERP, quantity: book.quantity(PERP) });
            prop_assert_eq!(&Portfolio::new(&legs).expect("a portfolio"), &book);
            // Ranked: synthetics behind all others.
            let synthetics: Vec<bool> = found.iter().map(|p| p.kind == Kind::Synthetic).collect();
            prop_assert!(synthetics.is_sorted());
        }
    }

    /// Legs in another order, and twice as many of each, come to the same parts.
    #[test]
    fn order_and_scale_change_nothing(book in books(), times in 2i64..4) {
        let world = World::new(&chain());
        let of = world.valuation();
        let mut turned = book.clone();
        turned.reverse();
        let scaled: Vec<(u32, i64)> = book.iter().map(|(i, q)| (*i, q * times)).collect();
        for pairing in [Pairing::KyanRule, Pairing::MinMargin] {
            let found = decompose(&of, &portfolio(&book), pairing).expect("components");
            let again = decompose(&of, &portfolio(&turned), pairing).expect("components");
            prop_assert_eq!(&found, &again);
            let larger = decompose(&of, &portfolio(&scaled), pairing).expect("components");
            prop_assert_eq!(found.len(), larger.len());
            let size = |parts: &[Component]| parts.iter().map(Component::size).sum::<i64>();
            prop_assert_eq!(size(&found) * times, size(&larger));
            let matrix = |parts: &[Component]| -> i128 {
                parts.iter().map(|p| p.risk.matrix.raw()).sum()
            };
            prop_assert_eq!(matrix(&found) * i128::from(times), matrix(&larger));
        }
    }

    /// The linked list and the heap take what a look at all pairs takes.
    #[test]
    fn neighbours_are_enough(book in books()) {
        let world = World::new(&chain());
        let legs = option_legs(&world.valuation(), &portfolio(&book)).expect("legs");
        let mut fast: Vec<(usize, usize, i64)> = rule::parts(&legs)
            .expect("parts")
            .into_iter()
            .map(|part| {
                let (a, b) = (part.legs.0, part.legs.1.unwrap_or(part.legs.0));
                (a.min(b), a.max(b), part.quantity.abs())
            })
            .collect();
        fast.sort_unstable();
        prop_assert_eq!(fast, plain_rule(&legs));
    }

    /// Legs of one contract each: no pairing needs less than the exact one, and the rule never
    /// needs less either.
    #[test]
    fn no_pairing_needs_less(book in proptest::collection::btree_map(11u32..21, any::<bool>(), 1..6)) {
        let world = World::new(&chain());
        let of = world.valuation();
        let signed: Vec<(u32, i64)> = book
            .iter()
            .map(|(i, long)| (*i, if *long { 100 } else { -100 }))
            .collect();
        let book = portfolio(&signed);
        let total = |pairing| {
            let found = decompose(&of, &book, pairing).expect("components");
            total_margin(&found).expect("a sum")
        };
        let exact = total(Pairing::MinMargin);
        prop_assert_eq!(exact, least_by_trying(&world, book.legs()));
        prop_assert!(exact <= total(Pairing::KyanRule));
    }
}

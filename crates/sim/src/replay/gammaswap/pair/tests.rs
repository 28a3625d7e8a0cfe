//! Every state that a pair's own trades can reach is reached exactly.

use plimsoll_engine::venues::gammaswap::{cpmm, invariant};
use proptest::prelude::*;

use super::*;

const FEE: Fee = (997, 1000);

/// Does what the actions say, by the pair's own rules, and nothing else.
fn carry_out(mut pair: Pair, actions: &[Action]) -> Pair {
    for action in actions {
        match *action {
            Action::Deposit { purse, amount, .. } => match purse {
                Purse::Token0 => pair.tokens[0] += amount,
                Purse::Token1 => pair.tokens[1] += amount,
                Purse::Lp => pair.lp += amount,
                Purse::Shares => panic!("the crowd lends nothing"),
            },
            Action::AddLiquidity { desired, .. } => {
                let amounts = cpmm::balanced(desired, pair.reserves).unwrap();
                let (lp, _) = cpmm::minted(amounts, pair.reserves, pair.supply).unwrap();
                for token in [0, 1] {
                    pair.tokens[token] = pair.tokens[token].checked_sub(amounts[token]).unwrap();
                    pair.reserves[token] += amounts[token];
                }
                pair.supply += lp;
                pair.lp += lp;
            }
            Action::RemoveLiquidity { lp, .. } => {
                let out = cpmm::burned(lp, pair.reserves, pair.supply).unwrap();
                for token in [0, 1] {
                    pair.tokens[token] += out[token];
                    pair.reserves[token] -= out[token];
                }
                pair.supply -= lp;
                pair.lp = pair.lp.checked_sub(lp).unwrap();
            }
            Action::Swap {
                sell,
                amount,
                minimum,
                ..
            } => {
                let (own, other) = (usize::from(sell), usize::from(sell) ^ 1);
                let r = pair.reserves;
                let out = cpmm::bought_for(amount, r[own], r[other], FEE).unwrap();
                assert!(out >= minimum && out > 0);
                pair.tokens[own] = pair.tokens[own].checked_sub(amount).unwrap();
                pair.tokens[other] += out;
                pair.reserves[own] += amount;
                pair.reserves[other] -= out;
            }
            Action::MovePair { reserves, supply } => {
                pair.reserves = reserves;
                pair.supply = supply;
            }
            ref other => panic!("the crowd does not {other:?}"),
        }
    }
    pair
}

fn pair(reserves: [u128; 2], supply: u128) -> Pair {
    Pair {
        reserves,
        supply,
        tokens: [0, 0],
        lp: 0,
    }
}

/// The real pair of 18 May 2021 and of the day after.
const FALL: [([u128; 2], u128); 2] = [
    (
        [151_293_936_904_551, 44_673_502_373_989_900_000_000],
        1_646_652_077_703_704_400,
    ),
    (
        [108_045_054_515_599, 43_967_930_257_387_290_000_000],
        1_368_270_117_457_667_700,
    ),
];

#[test]
fn a_day_of_the_fall_of_may_2021_is_taken_by_swaps_alone() {
    let [from, to] = FALL;
    let mut now = pair(from.0, from.1);
    let begin = now;
    let (actions, taken) = step(&mut now, to, FEE);
    assert_eq!(taken, Taken::BySwaps);
    assert_eq!((now.reserves, now.supply), to);
    assert_eq!(carry_out(begin, &actions), now, "what was foretold");
}

#[test]
fn a_product_that_falls_is_no_trade() {
    let mut now = pair(FALL[1].0, FALL[1].1);
    let to = (FALL[1].0.map(|r| r - r / 1000), FALL[1].1);
    let (actions, taken) = step(&mut now, to, FEE);
    assert_eq!(taken, Taken::ByForce);
    assert_eq!((now.reserves, now.supply), to);
    assert_eq!(
        actions,
        [Action::MovePair {
            reserves: to.0,
            supply: to.1
        }]
    );
}

#[test]
fn nothing_to_do_is_nothing() {
    let mut now = pair(FALL[0].0, FALL[0].1);
    let (actions, taken) = step(&mut now, FALL[0], FEE);
    assert_eq!((actions, taken), (vec![], Taken::BySwaps));
}

proptest! {
    #[test]
    fn what_trades_can_reach_is_reached_exactly(
        quote in 1_000_000_000_000u128..1_000_000_000_000_000,
        base in 1_000_000_000_000_000_000_000u128..1_000_000_000_000_000_000_000_000,
        // Price and supply move by up to a fifth, the product per LP token grows by up to 2 %,
        // and by more than the price's own fees.
        price in -200_000i64..200_000,
        supply in -200_000i64..200_000,
        growth in 400u64..20_000,
        swapped in any::<bool>(),
    ) {
        let float = |x: u128| x as f64;
        let (price, supply) = (1.0 + price as f64 / 1e6, 1.0 + supply as f64 / 1e6);
        let growth = 1.0 + growth as f64 / 1e6;
        let mut from = [quote, base];
        let mut to = [
            (float(quote) * price.sqrt() * growth * supply) as u128,
            (float(base) / price.sqrt() * growth * supply) as u128,
        ];
        if swapped {
            from.reverse();
            to.reverse();
        }
        let shares = invariant(from) / 2;
        let target = (to, (float(shares) * supply) as u128);
        let begin = pair(from, shares);
        let mut now = begin;
        let (actions, taken) = step(&mut now, target, FEE);
        prop_assert_eq!(taken, Taken::BySwaps);
        prop_assert_eq!((now.reserves, now.supply), target);
        prop_assert_eq!(carry_out(begin, &actions), now);
    }
}

//! What each stage pays, at the edges of its rounding.

mod disposal;
mod offers;

use plimsoll_units::{ArithmeticError, Fixed};
use proptest::prelude::*;

use super::*;
use crate::ledger::LedgerError;

fn shares(first_caller_e5: u32, resolver_e5: u32) -> Confiscate {
    Confiscate {
        first_caller_e5,
        resolver_e5,
    }
}

#[test]
fn bounties_round_down_and_the_backstop_gets_the_rest() {
    let check = |of: Confiscate, collateral: i128, expected: [i128; 3]| {
        let Split {
            first_caller,
            resolver,
            backstop,
        } = of.split(collateral).unwrap();
        let given = format!("{collateral} by {of:?}");
        assert_eq!([first_caller, resolver, backstop], expected, "{given}");
    };
    let page = shares(2_000, 8_000);
    check(page, 0, [0, 0, 0]);
    // 2 % becomes a unit at 50, 8 % at 13 (12.5).
    check(page, 12, [0, 0, 12]);
    check(page, 13, [0, 1, 12]);
    check(page, 49, [0, 3, 46]);
    check(page, 50, [1, 4, 45]);
    check(page, 100_000_000, [2_000_000, 8_000_000, 90_000_000]);
    check(page, 100_000_049, [2_000_000, 8_000_003, 90_000_046]);
    // A share of nothing, of everything, and of everything between two who both round down.
    check(shares(0, 0), 7, [0, 0, 7]);
    check(shares(100_000, 0), 7, [7, 0, 0]);
    check(shares(0, 100_000), 7, [0, 7, 0]);
    check(shares(50_000, 50_000), 7, [3, 3, 1]);
    check(shares(1, 99_999), 99_999, [0, 99_998, 1]);
    check(shares(1, 99_999), 100_000, [1, 99_999, 0]);
    // 256 bits in between: nothing overflows.
    let half = i128::MAX / 2;
    check(shares(50_000, 50_000), i128::MAX, [half, half, 1]);
}

#[test]
fn shares_above_the_whole_are_refused_however_little_there_is() {
    let check = |of: Confiscate| {
        let refused = Rejection::SharesOverOne {
            first_caller_e5: of.first_caller_e5,
            resolver_e5: of.resolver_e5,
        };
        for collateral in [0, 1, 100_000, i128::MAX] {
            assert_eq!(of.split(collateral), Err(refused.clone()), "{collateral}");
        }
    };
    check(shares(100_000, 1));
    check(shares(50_000, 50_001));
    check(shares(100_001, 0));
    check(shares(u32::MAX, u32::MAX));
}

#[test]
fn less_than_nothing_cannot_be_shared_out() {
    for collateral in [-1, i128::MIN] {
        let refused = LedgerError::Negative(collateral).into();
        assert_eq!(shares(2_000, 8_000).split(collateral), Err(refused));
    }
}

fn reward(fee: &str, minimum_requirement: i128) -> Reward {
    Reward {
        fee: fee.parse().unwrap(),
        minimum_requirement,
        cap: RewardCap::Now,
    }
}

#[test]
fn the_reward_is_capped_by_collateral_floored_by_the_minimum_and_truncated() {
    let check = |of: Reward, requirement: i128, collateral: i128, expected: i128| {
        let given = format!("{of:?}, requirement {requirement}, collateral {collateral}");
        assert_eq!(of.amount(requirement, collateral), Ok(expected), "{given}");
    };
    let fifth = reward("0.2", 0);
    check(fifth, 1_000, 10_000, 200);
    // Truncated, in favour of the account.
    check(fifth, 1_004, 10_000, 200);
    check(fifth, 1_005, 10_000, 201);
    check(fifth, 4, 10_000, 0);
    // The cap, one unit below and at it.
    check(fifth, 1_000, 199, 199);
    check(fifth, 1_000, 200, 200);
    check(fifth, 1_000, 201, 200);
    check(fifth, 1_000, 0, 0);
    // The minimum counts where the requirement is below it.
    check(reward("0.2", 500), 499, 10_000, 100);
    check(reward("0.2", 500), 505, 10_000, 101);
    check(reward("0.2", 500), 0, 99, 99);
    // The smallest fee there is; all of it; none.
    check(reward("0.000000000000000001", 0), 10i128.pow(18) - 1, 9, 0);
    check(reward("0.000000000000000001", 0), 10i128.pow(18), 9, 1);
    check(reward("1", 0), i128::MAX, i128::MAX, i128::MAX);
    check(reward("0", 500), 1_000, 10_000, 0);
}

#[test]
fn an_account_below_zero_pays_no_reward_and_receives_none() {
    for collateral in [-1, i128::MIN] {
        assert_eq!(reward("0.2", 500).amount(1_000, collateral), Ok(0));
    }
    assert_eq!(reward("0.2", -50).amount(-10, 10_000), Ok(0));
}

#[test]
fn a_reward_beyond_128_bits_is_a_refusal() {
    let overflow = Err(ArithmeticError::Overflow.into());
    assert_eq!(reward("1.1", 0).amount(i128::MAX, i128::MAX), overflow);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_collateral_is_shared_out_whole(
        collateral in prop_oneof![0..=i128::MAX, 0..1_000_000i128],
        first in 0..=100_000u32,
        second in 0..=100_000u32,
    ) {
        let of = shares(first.min(second), first.abs_diff(second));
        let Split { first_caller, resolver, backstop } = of.split(collateral).unwrap();
        prop_assert_eq!(first_caller + resolver + backstop, collateral);
        prop_assert!(first_caller >= 0 && resolver >= 0 && backstop >= 0);
        // Neither bounty is a unit or more away from its exact share.
        for (got, e5) in [(first_caller, of.first_caller_e5), (resolver, of.resolver_e5)] {
            let exact = plimsoll_units::Wide::product(&[collateral, e5.into()]).unwrap();
            let scaled = plimsoll_units::Wide::product(&[got, SHARE_ONE]).unwrap();
            let rest = exact.sub(scaled).unwrap().to_i128().unwrap();
            prop_assert!((0..SHARE_ONE).contains(&rest));
        }
    }

    /// For numbers small enough, plain integers say the same.
    #[test]
    fn the_reward_is_that_of_plain_integers(
        requirement in 0..1_000_000_000i128,
        minimum in 0..1_000_000_000i128,
        collateral in 0..1_000_000_000i128,
        fee in 0..=10i128.pow(18),
    ) {
        let of = Reward {
            fee: Fixed::from_raw(fee),
            minimum_requirement: minimum,
            cap: RewardCap::AtTrigger,
        };
        let plain = (requirement.max(minimum) * fee / 10i128.pow(18)).min(collateral);
        prop_assert_eq!(of.amount(requirement, collateral), Ok(plain));
    }
}

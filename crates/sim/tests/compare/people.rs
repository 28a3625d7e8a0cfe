//! The same people in every form: deposits and notional are equal, whatever the account.

use plimsoll_sim::people::{Totals, positions, wallets};
use plimsoll_sim::scenario::Scenario;
use plimsoll_units::{Side, Timestamp};
use proptest::prelude::*;

use crate::{FIVE, small};

fn people(seed: u64, traders: u32, most: &str, like: bool) -> Scenario {
    let mut scenario = small(traders, &FIVE);
    scenario.seed = seed;
    let people = scenario.people.as_mut().unwrap();
    people.leverage_max = most.parse().unwrap();
    if !like {
        people.like = None;
    }
    scenario
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_trader_s_positions_come_to_the_wallet(
        seed: u64,
        most in 100u32..5_000,
        like: bool,
    ) {
        let most_text = format!("{}.{:02}", most / 100, most % 100);
        let scenario = people(seed, 50, &most_text, like);
        let wallets = wallets(&scenario, Timestamp(7)).unwrap();
        prop_assert_eq!(wallets.len(), 50);
        let positions = positions(&wallets);
        for (number, wallet) in (0u32..).zip(&wallets) {
            let own: Vec<_> = positions.iter().filter(|p| p.trader == number).collect();
            prop_assert!((1..=4).contains(&own.len()));
            prop_assert_eq!(own.len(), wallet.wishes.len());
            let collateral: i128 = own.iter().map(|p| p.person.collateral).sum();
            prop_assert_eq!(collateral, wallet.deposit);
            // A raw unit of collateral may be the neighbour's: its leverage goes with it.
            let most_e2 = i128::from(wallet.leverage_e2());
            prop_assert!(wallet.leverage_e2() <= most.max(4));
            for (position, wish) in own.iter().zip(&wallet.wishes) {
                let person = &position.person;
                prop_assert_eq!(
                    (person.market, person.side, person.arrives),
                    (wish.market, wish.side, wallet.arrives)
                );
                prop_assert!(person.collateral >= 20_000_000);
                let isolated = person.collateral * i128::from(person.leverage_e2) / 100;
                let cross = wallet.deposit * i128::from(wish.leverage_e2) / 100;
                let apart = (isolated - cross).abs();
                prop_assert!(apart <= 4 * most_e2 / 100 + 1, "{} and {}", isolated, cross);
            }
        }
        let totals = Totals::of(&scenario, &wallets);
        let notional = |side| -> i128 {
            let of = positions.iter().filter(|p| p.person.side == side);
            of.map(|p| p.person.collateral * i128::from(p.person.leverage_e2) / 100).sum()
        };
        for (at, side) in [Side::Long, Side::Short].into_iter().enumerate() {
            let own: i128 = totals.notional.iter().map(|sides| sides[at]).sum();
            let apart = (notional(side) - own).abs();
            prop_assert!(apart <= 200 * (i128::from(most) / 100 + 1), "{}", apart);
        }
    }
}

#[test]
fn people_are_the_seed_s_and_nothing_else_s() {
    let one = wallets(&people(7, 20, "4.8", true), Timestamp(0)).unwrap();
    let mut other = people(7, 20, "4.8", true);
    other.designs = vec!["kuma".to_owned()];
    other.street.as_mut().unwrap().partners.clear();
    assert_eq!(one, wallets(&other, Timestamp(0)).unwrap());
    assert_ne!(
        one,
        wallets(&people(8, 20, "4.8", true), Timestamp(0)).unwrap()
    );
}

#[test]
fn lower_bounds_of_leverage_keep_everything_else() {
    let free = wallets(&people(7, 200, "50", true), Timestamp(0)).unwrap();
    let bound = wallets(&people(7, 200, "3", true), Timestamp(0)).unwrap();
    let mut lowered = 0;
    for (free, bound) in free.iter().zip(&bound) {
        assert_eq!((free.arrives, free.deposit), (bound.arrives, bound.deposit));
        assert!(bound.leverage_e2() <= free.leverage_e2().min(303));
        lowered += usize::from(bound.leverage_e2() < free.leverage_e2());
    }
    assert!(lowered > 20, "{lowered}");
}

//! Positions and what they cost, change by change.

use plimsoll_units::MarketId;
use proptest::prelude::*;

use super::{Account, InstrumentId};
use crate::ledger::{Asset, Holder, Ledger};

fn account() -> Account {
    let asset = Asset {
        symbol: "USDC".to_owned(),
        decimals: 6,
    };
    let holder = Holder::margin(plimsoll_units::VenueId(0), plimsoll_units::AccountId(0));
    let slot = Ledger::new(vec![asset]).open(holder, plimsoll_units::AssetId(0));
    Account::new(0, MarketId(0), slot.expect("an asset to open"))
}

fn check(changes: &[(i64, i128)], expected: Option<(i64, i128)>) {
    let mut account = account();
    for &(quantity, paid) in changes {
        let changed = account.change(InstrumentId(3), quantity, paid);
        assert_eq!(changed, Ok(()));
    }
    let held = account.positions().first().map(|h| (h.quantity, h.cost));
    assert_eq!(held, expected, "{changes:?}");
}

#[test]
fn costs_follow_a_position_up_down_and_through_zero() {
    check(&[], None);
    check(&[(0, 0)], None);
    check(&[(10, 1000)], Some((10, 1000)));
    check(&[(10, 1000), (5, 600)], Some((15, 1600)));
    check(&[(10, 1000), (-4, -500)], Some((6, 600)));
    check(&[(10, 1000), (-10, -900)], None);
    check(&[(-10, -1000), (4, 500)], Some((-6, -600)));
    // 3 of 10 that cost 1001: 300.3 leave, 300 rounded toward zero.
    check(&[(10, 1001), (-3, -1)], Some((7, 701)));
    // Through zero: 10 bought back of 16 bought at 1600 leave 6 at 600.
    check(&[(-10, -1000), (16, 1600)], Some((6, 600)));
    check(&[(10, 1000), (-16, -1600)], Some((-6, -600)));
}

#[test]
fn a_size_beyond_64_bits_changes_nothing() {
    let mut account = account();
    account
        .change(InstrumentId(0), i64::MAX, 1)
        .expect("the largest size fits");
    let before = account.clone();
    assert!(account.change(InstrumentId(0), 1, 1).is_err());
    assert_eq!(account, before);
}

#[test]
fn an_account_of_perpetuals_alone_is_told_from_others() {
    let mut account = account();
    assert!(!account.is_perpetual_only());
    account
        .change(InstrumentId::PERPETUAL, 5, 1)
        .expect("a change");
    assert!(account.is_perpetual_only());
    account.change(InstrumentId(1), -5, 1).expect("a change");
    assert!(!account.is_perpetual_only());
}

proptest! {
    #[test]
    fn positions_stay_sorted_and_never_zero(
        changes in prop::collection::vec((0u32..6, -5i64..=5), 0..60),
    ) {
        let mut account = account();
        let mut naive = [0i64; 6];
        for (instrument, quantity) in changes {
            prop_assert!(account.change(InstrumentId(instrument), quantity, quantity.into()).is_ok());
            naive[instrument as usize] += quantity;
        }
        let held: Vec<(u32, i64)> = account
            .positions()
            .iter()
            .map(|h| (h.instrument.0, h.quantity))
            .collect();
        let expected: Vec<(u32, i64)> = (0u32..)
            .zip(naive)
            .filter(|(_, quantity)| *quantity != 0)
            .collect();
        prop_assert_eq!(held, expected);
        // Everything was traded at a price of one.
        prop_assert!(account.positions().iter().all(|h| h.cost == i128::from(h.quantity)));
    }
}

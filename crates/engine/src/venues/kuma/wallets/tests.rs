//! The packed lists against a map, and every change taken back to the byte.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::ledger::{Asset, Holder, Ledger};

const MARKETS: u16 = 5;

/// Wallets whose markets' ranks run against their numbers.
fn wallets(count: u32) -> Wallets {
    let mut ledger = Ledger::new(vec![Asset {
        symbol: "USD".to_owned(),
        decimals: 8,
    }]);
    let ranks = (0..MARKETS).rev().map(|rank| u8::try_from(rank).unwrap());
    let mut wallets = Wallets::new(ranks.collect());
    for account in 0..count {
        let holder = Holder::margin(plimsoll_units::VenueId(0), AccountId(account));
        let slot = ledger.open(holder, plimsoll_units::AssetId(0)).unwrap();
        wallets.open(slot).unwrap();
    }
    wallets.commit();
    wallets
}

/// What is in the lists, and that they are in rank order and sound.
fn listed(wallets: &Wallets) -> BTreeMap<(u32, u16), (i64, u32)> {
    wallets.audit().unwrap();
    let mut all = BTreeMap::new();
    for account in 0..u32::try_from(wallets.count()).unwrap() {
        for (slot, p) in wallets.of(AccountId(account)) {
            assert_eq!(wallets.position(slot), Some(p));
            all.insert((account, p.market().0), (p.size(), p.periods()));
        }
    }
    all
}

#[test]
fn a_wallet_of_ten_million_takes_what_was_promised() {
    // 10 million wallets of 2.5 positions each: their place in the books, themselves, their
    // positions and the index of holders, without the room vectors keep.
    let (place, index) = (32, size_of::<u32>());
    let wallet = place + size_of::<Wallet>() + 5 * (size_of::<Position>() + index) / 2;
    assert!(10_000_000 * wallet < 1_500_000_000, "{wallet}");
}

#[test]
fn periods_and_markets_share_a_word() {
    let mut wallets = wallets(1);
    let lot = Lot {
        size: 1,
        cost_basis: 2,
    };
    let set = |wallets: &mut Wallets, market, periods| {
        wallets.set(AccountId(0), MarketId(market), lot, periods)
    };
    set(&mut wallets, 4, (1 << 24) - 1).unwrap();
    let (_, p) = wallets.find(AccountId(0), MarketId(4)).unwrap();
    assert_eq!((p.market(), p.periods()), (MarketId(4), (1 << 24) - 1));
    assert_eq!(set(&mut wallets, 3, 1 << 24), Err(Refusal::Full));
    assert_eq!(set(&mut wallets, 256, 0), Err(Refusal::Full));
    let nobody = wallets.set(AccountId(9), MarketId(0), lot, 0);
    assert_eq!(nobody, Err(Refusal::UnknownAccount(AccountId(9))));
}

#[derive(Debug, Clone)]
enum Act {
    Set(u32, u16, i64),
    Paid(u32, u32),
    Mark,
    Back,
    Commit,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => (0u32..4, 0..MARKETS, -2i64..3).prop_map(|(a, m, s)| Act::Set(a, m, s)),
        2 => (0u32..12, 1u32..9).prop_map(|(s, p)| Act::Paid(s, p)),
        2 => Just(Act::Mark),
        2 => Just(Act::Back),
        1 => Just(Act::Commit),
    ];
    proptest::collection::vec(act, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn lists_are_a_map_and_changes_are_taken_back_to_the_byte(acts in acts()) {
        let mut wallets = wallets(4);
        let mut model = BTreeMap::new();
        let mut marks = Vec::new();
        for act in acts {
            match act {
                Act::Set(account, market, size) => {
                    let lot = Lot { size, cost_basis: size };
                    wallets.set(AccountId(account), MarketId(market), lot, 7).unwrap();
                    let key = (account, market);
                    if size == 0 {
                        model.remove(&key);
                    } else {
                        model.entry(key).or_insert((size, 7)).0 = size;
                    }
                }
                Act::Paid(slot, periods) => {
                    wallets.set_periods(slot, periods).unwrap();
                    if let Some(p) = wallets.position(slot) {
                        model.insert((p.owner().0, p.market().0), (p.size(), periods));
                    }
                }
                Act::Mark => {
                    let bytes = borsh::to_vec(&wallets).unwrap();
                    marks.push((wallets.mark(), bytes, model.clone()));
                }
                Act::Back => {
                    if let Some((mark, bytes, then)) = marks.pop() {
                        wallets.back_to(mark);
                        prop_assert_eq!(borsh::to_vec(&wallets).unwrap(), bytes);
                        model = then;
                    }
                }
                Act::Commit => {
                    wallets.commit();
                    marks.clear();
                }
            }
            prop_assert_eq!(listed(&wallets), model.clone());
        }
        // The holders of each market, found anew, are those that were kept.
        let sorted = |wallets: &Wallets, market| {
            let mut slots = wallets.holders(MarketId(market)).to_vec();
            slots.sort_unstable();
            slots
        };
        let mut again: Wallets = borsh::from_slice(&borsh::to_vec(&wallets).unwrap()).unwrap();
        again.rebuild().unwrap();
        for market in 0..MARKETS {
            prop_assert_eq!(sorted(&again, market), sorted(&wallets, market));
        }
    }
}

#[test]
fn lists_that_run_in_a_circle_are_refused_not_walked() {
    let mut wallets = wallets(1);
    let lot = Lot {
        size: 1,
        cost_basis: 1,
    };
    for market in 0..2 {
        wallets.set(AccountId(0), MarketId(market), lot, 0).unwrap();
    }
    for damage in [
        |w: &mut Wallets| w.positions[0].next = 1,
        |w: &mut Wallets| w.positions[0].next = 0,
        |w: &mut Wallets| w.positions[0].tag = 200,
        |w: &mut Wallets| w.positions[1].owner = AccountId(5),
        |w: &mut Wallets| w.wallets[0].first = NONE,
        |w: &mut Wallets| w.free.push(1),
    ] {
        let mut damaged = wallets.clone();
        damage(&mut damaged);
        assert!(damaged.rebuild().is_err());
    }
    wallets.rebuild().unwrap();
}

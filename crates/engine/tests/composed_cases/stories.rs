//! One small story per stage. A is long 10 at 100 with 100 of its own: under its requirement
//! below 94.74, bankrupt below 90.

use expect_test::expect;
use plimsoll_engine::auction::Ladder;
use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::backstop::partners::{Limits, Offer, OfferId, Terms};
use plimsoll_engine::liquidation::stages::{
    Auction, CloseOnBook, Deleverage, HandOff, Hedge, Reduce, Slicing,
};
use plimsoll_engine::liquidation::{Stage, Whose};
use plimsoll_engine::venues::composed::{Acquirer, Command, Lock, Margin, Scenarios};
use plimsoll_units::{AccountId, CaseId, Duration, Rate, Side};

use crate::world::*;

const HAND_OFF: Stage = Stage::HandOff(HandOff);

const fn deleverage(whose: Whose, policy: Policy) -> Stage {
    Stage::Deleverage(Deleverage { whose, policy })
}

fn partner(world: &mut World, account: AccountId, discount_bps: i32, whole: u64) {
    world.ok(deposit(account, pips(10_000)));
    world.ok(Command::Partner {
        account,
        limits: Limits::default(),
    });
    world.ok(Command::Offer(Offer {
        id: OfferId([u8::try_from(account.0).unwrap(); 32]),
        partner: account,
        market: M0,
        side: Side::Long,
        terms: Terms::Offset { discount_bps },
        quantity: i128::from(whole * ONE),
        filled: 0,
        nonce: 1,
        expires: None,
    }));
}

#[test]
fn a_position_closed_on_the_book_leaves_its_owner_the_rest_less_the_penalty() {
    let mut world = world(&[BOOK], 0, |c| c.backstops.penalty_e5 = 500);
    world.ok(bids(&[(9_390, 6), (9_300, 20)]));
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-1 of A: 40 of 47
          A gives street 10 of market-0 at 93.54 for 935.4: Book
          A pays fund 4.7: liquidation fee
        case-1 close-on-book: 940
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    assert_eq!(world.venue().cases().open(), 0);
}

#[test]
fn a_collar_and_slices_hold_the_disposal_back() {
    let slices = Slicing {
        fraction_e5: 50_000,
        interval: Duration(10_000),
        deep_e5: 0,
    };
    let stage = Stage::CloseOnBook(CloseOnBook {
        collar_bps: Some(50),
        slices: Some(slices),
    });
    let mut world = world(&[stage], 0, |_| {});
    world.ok(bids(&[(9_390, 1), (9_300, 20)]));
    // Within half a per cent there is one; the rest of the slice has no other stage.
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-1 of A: 40 of 47
          A gives street 1 of market-0 at 93.9 for 93.9: Book
        case-1 close-on-book: 94
        case-1 blocked: neither the backstop nor counterparties can take it
    "#]],
    );
    world.later(5_000);
    world.ok(bids(&[(9_390, 100)]));
    check(&mut world, vec![Command::Tick], &expect![[r#""#]]);
    world.later(5_000);
    check(
        &mut world,
        vec![Command::Tick],
        &expect![[r#"
          A gives street 5 of market-0 at 93.9 for 469.5: Book
        case-1 close-on-book: 470
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
}

#[test]
fn the_fund_acquires_and_hands_off_and_trades_and_deleverages_the_rest() {
    let stages = [
        ACQUIRE,
        HAND_OFF,
        BOOK,
        deleverage(Whose::Backstop, Policy::Queue),
    ];
    let mut world = world(&stages, 1_000, |_| {});
    partner(&mut world, B, 20, 3);
    world.trader(C, 1_000, -5, 100);
    world.ok(bids(&[(9_380, 4)]));
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-1 of A: 40 of 47
          A gives fund 10 of market-0 at 90 for 900: Acquirer
        case-1 acquire: 940
          fund gives B 3 of market-0 at 93.812 for 281.436: Partner
        case-1 hand-off: 282
          fund gives street 4 of market-0 at 93.8 for 375.2: Book
        case-1 close-on-book: 376
          fund gives C 3 of market-0 at 90 for 270: Counterparty
        case-1 deleverage: 282
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    assert_eq!(world.venue().cases().files().count(), 0);
}

#[test]
fn what_the_fund_cannot_cover_is_deleveraged_at_the_bankruptcy_price() {
    let stages = [ACQUIRE, deleverage(Whose::Account, Policy::Minimal)];
    let mut world = world(&stages, 20, |c| {
        c.backstops.fund.as_mut().unwrap().cover_e5 = 10_000;
    });
    world.trader(B, 1_000, -6, 100);
    // 20 and what is left of A's 40 must be a tenth of what is left of its 940: 37 % of it.
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-1 of A: 40 of 47
          A gives B 6 of market-0 at 90 for 540: Counterparty
          A gives street 0.297 of market-0 at 90 for 26.73: Counterparty
        case-1 deleverage: 591.918
        case-1 blocked: neither the backstop nor counterparties can take it
    "#]],
    );
    world.later(1_000);
    check(
        &mut world,
        vec![Command::Tick],
        &expect![[r#"
          A gives fund 3.703 of market-0 at 90 for 333.27: Acquirer
        case-1 acquire: 348.082
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
}

#[test]
fn the_vault_takes_over_within_its_inventory_and_until_it_has_lost_enough() {
    let mut world = world(&[ACQUIRE], 0, |c| {
        c.backstops.acquirer = Acquirer::Vault;
        let vault = c.backstops.vault.as_mut().unwrap();
        (vault.inventory_e5, vault.stop_loss_e5) = (200_000, 10_000);
    });
    world.trader(B, 100, 10, 100);
    world.ok(deposit(C, pips(1_000)));
    world.ok(Command::AddLiquidity {
        account: C,
        amount: pips(500),
    });
    // The first fits into twice its equity, the second does not.
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-1 of A: 40 of 47
        case-2 of B: 40 of 47
          A gives vault 10 of market-0 at 90 for 900: Acquirer
        case-1 acquire: 940
        case-1 closed: Liquidated { shortfall: 0 }
        case-2 blocked: neither the backstop nor counterparties can take it
    "#]],
    );
    // A tenth of what was put in is lost: it has stopped, and would have room for nothing.
    check(&mut world, vec![prices(&[8_300])], &expect![[r#""#]]);
}

#[test]
fn a_part_given_up_at_a_discount_restores_initial_margin() {
    let mut world = world(&[Stage::Reduce(Reduce)], 1_000, |_| {});
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-1 of A: 40 of 47
          A gives fund 6.383 of market-0 at 93.06 for 594.00198: Reduced
        case-1 reduce: 600.002
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    // An account that has too little for that is left alone by the stage.
    let mut world = self::world(&[Stage::Reduce(Reduce)], 1_000, |_| {});
    check(
        &mut world,
        vec![prices(&[9_000])],
        &expect![[r#"
        case-1 of A: 0 of 45
        case-1 blocked: neither the backstop nor counterparties can take it
    "#]],
    );
}

#[test]
fn a_hedge_trades_no_more_than_the_cushion_asks_for() {
    let stage = Stage::Hedge(Hedge {
        collar_bps: None,
        cushion_e5: 10_000,
    });
    let mut world = world(&[stage, ACQUIRE], 0, |_| {});
    world.ok(bids(&[(9_395, 1), (9_380, 20)]));
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-1 of A: 40 of 47
          A gives street 2.264 of market-0 at 93.86625442 for 212.5132: Book
          A gives street 0.058 of market-0 at 93.8 for 5.4404: Book
          A gives street 0.002 of market-0 at 93.8 for 0.1876: Book
        case-1 hedge: 218.456
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
}

#[test]
fn a_hedge_of_a_portfolio_leaves_the_offsetting_leg() {
    let scenarios = Scenarios {
        moves_e5: vec![vec![-10_000, -10_000], vec![10_000, 10_000]],
        least_e5: 1_000,
        initial_e5: 150_000,
    };
    let stage = Stage::Hedge(Hedge {
        collar_bps: None,
        cushion_e5: 0,
    });
    let mut config = design(Margin::Portfolio(scenarios), &[stage]);
    config.lock = Lock::DepositsOnly;
    let mut world = World::of(config);
    world.ok(prices(&[10_000, 5_000]));
    // Long 1,000 in one and short 500 in the other: 500 net.
    world.ok(deposit(A, pips(90)));
    world.trade(A, M1, -10, 50);
    world.trade(A, M0, 10, 100);
    world.ok(bids(&[(9_540, 100)]));
    check(
        &mut world,
        vec![prices(&[9_550, 5_000])],
        &expect![[r#"
        case-1 of A: 45 of 45.5
          A gives street 0.053 of market-0 at 95.4 for 5.0562: Book
        case-1 hedge: 5.0615
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
}

#[test]
fn an_auction_climbs_until_somebody_bids_and_sells_just_enough() {
    let ladder = Ladder::new(
        Duration(10_000),
        3,
        Rate::from_raw(1_000),
        Rate::from_raw(1_000),
    );
    let stages = [
        Stage::Auction(Auction {
            ladder: ladder.unwrap(),
            just_enough: true,
        }),
        ACQUIRE,
    ];
    let mut world = world(&stages, 100, |_| {});
    world.ok(deposit(B, pips(1_000)));
    let bid = |case: u64, whole: u64| Command::Bid {
        account: B,
        case: CaseId(case),
        market: M0,
        quantity: whole * ONE,
    };
    expect![[r#"
        there is no open case-1
    "#]]
    .assert_eq(&world.refused(bid(1, 1)));
    check(
        &mut world,
        vec![prices(&[9_400])],
        &expect![[r#"
        case-1 of A: 40 of 47
        case-1 is auctioned at level 0
    "#]],
    );
    world.later(10_000);
    check(
        &mut world,
        vec![Command::Tick],
        &expect![[r#"
        case-1 is auctioned at level 1
    "#]],
    );
    expect![[r#"
        case-1 auctions nothing in market-1
    "#]]
    .assert_eq(&world.refused(Command::Bid {
        account: B,
        case: CaseId(1),
        market: M1,
        quantity: ONE,
    }));
    check(
        &mut world,
        vec![bid(1, 9)],
        &expect![[r#"
          A gives B 1.552 of market-0 at 93.812 for 145.596224: Bidder
        case-1 auction: 145.888
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    world.later(10_000);
    check(
        &mut world,
        vec![prices(&[9_200])],
        &expect![[r#"
        case-2 of A: 22.812224 of 38.8608
        case-2 is auctioned at level 0
    "#]],
    );
    // Nobody came: the next stage takes over, and the fund offers what it took.
    world.later(40_000);
    check(
        &mut world,
        vec![Command::Tick],
        &expect![[r#"
        case-2 is auctioned at level 3
          A gives fund 8.448 of market-0 at 89.29968939 for 754.403776: Acquirer
        case-2 acquire: 777.216
        case-2 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    check(&mut world, vec![Command::Tick], &expect![[r#""#]]);
    world.later(20_000);
    check(
        &mut world,
        vec![Command::Tick, bid(2, 9)],
        &expect![[r#"
            case-2 is auctioned at level 0
              fund gives B 8.448 of market-0 at 91.908 for 776.438784: Bidder
            case-2 auction: 777.216
        "#]],
    );
}

#[test]
fn counterparties_bear_a_bankrupt_accounts_loss_in_their_ranks() {
    let stages = [deleverage(Whose::Account, Policy::Queue)];
    let mut world = world(&stages, 0, |c| c.backstops.counterparties_max = 2);
    world.trader(B, 100, -4, 100);
    world.trader(C, 1_000, -7, 100);
    check(
        &mut world,
        vec![prices(&[8_900])],
        &expect![[r#"
        case-1 of A: -10 of 44.5
          A gives B 4 of market-0 at 90 for 360: Counterparty
          A gives C 6 of market-0 at 90 for 540: Counterparty
        case-1 deleverage: 890
        case-1 closed: Liquidated { shortfall: 1000000000 }
    "#]],
    );
}

#[test]
fn nobody_on_the_other_side_is_a_case_that_waits() {
    let stages = [deleverage(Whose::Account, Policy::Queue)];
    let mut world = world(&stages, 0, |c| c.lock = Lock::DepositsOnly);
    // B is on the other side, but lost elsewhere; the street is on A's own side.
    world.ok(deposit(B, pips(200)));
    world.trade(B, M0, -10, 100);
    world.trade(B, M1, 20, 50);
    check(
        &mut world,
        vec![prices(&[9_400, 3_800])],
        &expect![[r#"
        case-1 of A: 40 of 47
        case-2 of B: 20 of 85
        case-1 blocked: neither the backstop nor counterparties can take it
          B gives street 20 of market-1 at 37.55294118 for 751.05882352: Counterparty
        case-2 deleverage: 760
        case-2 blocked: neither the backstop nor counterparties can take it
    "#]],
    );
    check(
        &mut world,
        vec![deposit(B, pips(100))],
        &expect![[r#"
        case-2 closed: Liquidated { shortfall: 0 }
    "#]],
    );
    world.later(1_000);
    check(
        &mut world,
        vec![Command::Tick],
        &expect![[r#"
          A gives B 10 of market-0 at 90 for 900: Counterparty
        case-1 deleverage: 940
        case-1 closed: Liquidated { shortfall: 0 }
    "#]],
    );
}

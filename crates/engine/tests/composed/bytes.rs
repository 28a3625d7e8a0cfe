//! The canonical encoding, pinned: journals and snapshots of yesterday are read tomorrow. New
//! kinds get new numbers at the end; nothing here is updated for convenience.

use std::fmt::Write as _;

use borsh::BorshDeserialize;
use expect_test::expect;
use plimsoll_engine::auction::Ladder;
use plimsoll_engine::backstop::partners::{Limits, Offer, OfferId, Terms};
use plimsoll_engine::liquidation::Stage;
use plimsoll_engine::liquidation::stages::{Auction, Hedge, Socialise};
use plimsoll_engine::venues::VenueConfig;
use plimsoll_engine::venues::composed::{
    Acquirer, Command, Event, Fill, Level, Lock, Margin, Taker,
};
use plimsoll_engine::{Body, Command as Full};
use plimsoll_units::{AccountId, CaseId, Duration, MarketId, Side, Timestamp, VenueId};

use crate::world::*;

fn hex(value: &impl borsh::BorshSerialize) -> String {
    let bytes = borsh::to_vec(value).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn lines<T: borsh::BorshSerialize + BorshDeserialize + PartialEq + std::fmt::Debug>(
    all: &[T],
) -> String {
    let mut shown = String::new();
    for one in all {
        let bytes = borsh::to_vec(one).unwrap();
        assert_eq!(&borsh::from_slice::<T>(&bytes).unwrap(), one);
        writeln!(shown, "{}", hex(one)).unwrap();
    }
    shown
}

/// Every number that is a kind, by its name.
fn numbers<T: BorshDeserialize + std::fmt::Debug>() -> String {
    let kinds = (0..=255u8).filter_map(|n| Some((n, borsh::from_slice::<T>(&[n]).ok()?)));
    kinds.map(|(n, kind)| format!("{n} {kind:?}\n")).collect()
}

#[test]
fn a_composed_command_in_bytes() {
    let command = Full {
        time: Timestamp(7),
        venue: VenueId(0x0102),
        body: Body::Composed(Command::Tick),
    };
    assert_eq!(hex(&command), "07000000000000000201050b");
}

#[test]
fn every_command_in_bytes() {
    let (account, market, case) = (AccountId(1), MarketId(2), CaseId(3));
    let (amount, quantity, price) = (4, 5, 6);
    let level = Level { price, quantity };
    let partner = account;
    let commands = [
        Command::Deposit { account, amount },
        Command::Withdraw { account, amount },
        Command::Prices(vec![(market, price)]),
        Command::Quotes {
            market,
            bids: vec![level],
            asks: Vec::new(),
        },
        Command::Fill(Fill {
            market,
            buyer: account,
            seller: AccountId(7),
            quantity,
            price,
        }),
        Command::Partner {
            account,
            limits: Limits {
                capacity: Some(8),
                window_cap: None,
                window: Duration(9),
                cooldown: Duration(10),
            },
        },
        Command::Offer(Offer {
            id: OfferId([11; 32]),
            partner,
            market,
            side: Side::Short,
            quantity: 12,
            terms: Terms::Limit { price: 13 },
            filled: 0,
            nonce: 14,
            expires: Some(Timestamp(15)),
        }),
        Command::CancelOffer {
            partner,
            offer: OfferId([11; 32]),
        },
        Command::Bid {
            account,
            case,
            market,
            quantity,
        },
        Command::AddLiquidity { account, amount },
        Command::RemoveLiquidity {
            account,
            shares: 15,
        },
        Command::Tick,
    ];
    expect![[r#"
        000100000004000000000000000000000000000000
        010100000004000000000000000000000000000000
        020100000002000600000000000000
        030200010000000600000000000000050000000000000000000000
        040200010000000700000005000000000000000600000000000000
        050100000001080000000000000000000000000000000009000000000000000a00000000000000
        060b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b01000000020001000d0000000000000000000000000000000c000000000000000000000000000000000000000000000000000000000000000e000000000000000000000000000000010f00000000000000
        07010000000b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b
        0801000000030000000000000002000500000000000000
        090100000004000000000000000000000000000000
        0a010000000f000000000000000000000000000000
        0b
    "#]].assert_eq(&lines(&commands));
}

#[test]
fn every_event_in_bytes() {
    let (account, market, case) = (AccountId(1), MarketId(2), CaseId(3));
    let amount = 4;
    let events = [
        Event::Marked { market, price: 5 },
        Event::Moved {
            case,
            market,
            from: account,
            to: AccountId(6),
            taker: Taker::Bidder,
            size: -7,
            price: 8,
            quote: 9,
            mark: 10,
        },
        Event::Auctioned { case, level: 11 },
        Event::Socialised {
            case,
            account,
            amount,
        },
        Event::Unpaid {
            case,
            account,
            amount,
        },
        Event::Warned {
            account,
            equity: 12,
            requirement: 13,
        },
        Event::Relieved { account },
    ];
    expect![[r#"
        0002000500000000000000
        0103000000000000000200010000000600000004f9ffffffffffffff0800000000000000090000000000000000000000000000000a00000000000000
        0203000000000000000b000000
        0303000000000000000100000004000000000000000000000000000000
        0403000000000000000100000004000000000000000000000000000000
        05010000000c0000000000000000000000000000000d000000000000000000000000000000
        0601000000
    "#]].assert_eq(&lines(&events));
}

#[test]
fn a_design_in_bytes() {
    let mut config = design(Margin::Portfolio(scenarios(2)));
    config.procedure = vec![
        Stage::Hedge(Hedge {
            collar_bps: Some(200),
            cushion_e5: 10_000,
        }),
        Stage::Auction(Auction {
            ladder: Ladder::PERPS,
            just_enough: true,
        }),
        Stage::Socialise(Socialise { same_market: true }),
    ];
    config.limits.open_interest = vec![1, 2];
    let config = VenueConfig::Composed(Box::new(config));
    expect![[r#"
        0500000200000001000000000000008096980000000000404b4c00000000000100000000000000002d3101000000008096980000000000030600000002000000983a0000204e00000200000068c5ffffe0b1ffff02000000983a000078ecffff0200000068c5ffff8813000002000000a86100003075000002000000589effffd08affffe8030000e02202000000000000000000000000000000030000000b01c8000000102700000c10270000000000001e000000e8030000000000000000000000000000f4010000000000000000000000000000010d0101000000000000000050c30000010000000000000000102700000000000000640000000200000001000000000000000000000000000000020000000000000000000000000000000000000000000000000000000000000000000000e803000000000000
    "#]].assert_eq(&lines(&[config]));
}

#[test]
fn numbers_are_never_reused() {
    let shown =
        numbers::<Taker>() + "---\n" + &numbers::<Lock>() + "---\n" + &numbers::<Acquirer>();
    expect![[r#"
        0 Acquirer
        1 Reduced
        2 Partner
        3 Book
        4 Bidder
        5 Counterparty
        6 Vault
        ---
        0 None
        1 DepositsOnly
        2 All
        ---
        0 Fund
        1 Vault
    "#]]
    .assert_eq(&shown);
}

//! The canonical encoding, pinned: journals and snapshots of yesterday are read tomorrow.
//!
//! When one of these fails, an old journal no longer opens or no longer leads to the recorded
//! state. New kinds get new numbers at the end; nothing here is updated for convenience.

use std::fmt::Write as _;

use borsh::BorshDeserialize;
use expect_test::{Expect, expect};
use plimsoll_engine::ledger::{HolderKind, Reason};
use plimsoll_engine::liquidation::{BlockedReason, CaseEvent, Rule, StageKind};
use plimsoll_engine::venues::{gammaswap, kuma, kyan, perennial, tsunamix};
use plimsoll_engine::{Body, Command, Config, Engine, Event};
use plimsoll_units::{
    AccountId, Amount, MarketId, Notional, PositionId, Price, Side, Timestamp, VenueId,
};

use crate::world::{Act, START, Step, VENUES, World, config};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_command(body: Body, expected: &Expect) {
    let command = Command {
        time: START,
        venue: VenueId(0x0102),
        body,
    };
    let bytes = borsh::to_vec(&command).unwrap();
    // Time, venue and body each on their own line.
    let (time, rest) = bytes.split_at(8);
    let (venue, body) = rest.split_at(2);
    expected.assert_eq(&format!("{}\n{}\n{}\n", hex(time), hex(venue), hex(body)));
    assert_eq!(borsh::from_slice::<Command>(&bytes).unwrap(), command);
}

#[test]
fn a_tsunamix_command_in_bytes() {
    let open = tsunamix::Command::Open {
        account: AccountId(7),
        market: MarketId(3),
        side: Side::Short,
        collateral: "250".parse().unwrap(),
        size: Notional::from_raw(1_250_000_000),
        acceptable: Some(Price::from_raw(5)),
    };
    check_command(
        Body::TsunamiX(open),
        &expect![[r#"
            00d46acb99010000
            0201
            00050700000003000180b2e60e000000000000000000000000807c814a0000000000000000000000000105000000000000000000000000000000
        "#]],
    );
}

#[test]
fn a_perennial_command_in_bytes() {
    let take = perennial::Command::Open {
        product: MarketId(3),
        account: AccountId(7),
        by: AccountId(8),
        role: perennial::Role::Taker,
        amount: "1.5".parse().unwrap(),
    };
    check_command(
        Body::Perennial(take),
        &expect![[r#"
            00d46acb99010000
            0201
            010303000700000008000000010000167b0d12d1140000000000000000
        "#]],
    );
}

#[test]
fn a_gammaswap_command_in_bytes() {
    let liquidate = gammaswap::Command {
        block: 0x0a0b,
        action: gammaswap::Action::Liquidate {
            account: AccountId(7),
            loan: PositionId(9),
            deltas: vec![-1, 2],
            fees: vec![30],
            sent: gammaswap::Sent {
                tokens: [1, 2],
                lp: 3,
            },
        },
    };
    check_command(
        Body::GammaSwap(liquidate),
        &expect![[r#"
            00d46acb99010000
            0201
            020b0a0000000000001407000000090000000000000002000000ffffffffffffffffffffffffffffffff02000000000000000000000000000000010000001e00010000000000000000000000000000000200000000000000000000000000000003000000000000000000000000000000
        "#]],
    );
}

#[test]
fn a_kuma_command_in_bytes() {
    use kuma::{Address, Order, OrderSide, OrderType, SelfTradePrevention, TimeInForce};
    let signed = |side, key| kuma::SignedOrder {
        order: Order {
            nonce: 7,
            wallet: Address([1; 20]),
            market_symbol: "ETH-USD".to_owned(),
            order_type: OrderType::Limit,
            side,
            quantity: 100,
            limit_price: 200,
            trigger_price: 300,
            trigger_type: kuma::TriggerType::Index,
            callback_rate: 400,
            conditional_order_id: 8,
            is_reduce_only: true,
            time_in_force: TimeInForce::Gtx,
            self_trade_prevention: SelfTradePrevention::CancelBoth,
            is_liquidation_acquisition_only: true,
            delegated_public_key: key,
            client_order_id: "mine".to_owned(),
        },
        hash: [2; 32],
        signer: Address([3; 20]),
        signature: [4; 65],
    };
    let trade = kuma::Trade {
        market: MarketId(5),
        base: 10,
        quote: 20,
        maker_side: OrderSide::Sell,
        maker_fee: -1,
        taker_fee: 2,
    };
    let execute = kuma::Command::ExecuteTrade(Box::new(kuma::SignedTrade {
        buy: signed(OrderSide::Buy, Address::ZERO),
        sell: signed(OrderSide::Sell, Address([9; 20])),
        trade,
    }));
    check_command(
        Body::Kuma(execute),
        &expect![[r#"
        00d46acb99010000
        0201
        0307070000000000000000000000000000000101010101010101010101010101010101010101070000004554482d55534401006400000000000000c8000000000000002c0100000000000002900100000000000008000000000000000000000000000000010103010000000000000000000000000000000000000000040000006d696e65020202020202020202020202020202020202020202020202020202020202020203030303030303030303030303030303030303030404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404070000000000000000000000000000000101010101010101010101010101010101010101070000004554482d55534401016400000000000000c8000000000000002c0100000000000002900100000000000008000000000000000000000000000000010103010909090909090909090909090909090909090909040000006d696e6502020202020202020202020202020202020202020202020202020202020202020303030303030303030303030303030303030303040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040404040405000a00000000000000140000000000000001ffffffffffffffff0200000000000000
    "#]],
    );
}

/// The number of each of the contracts' functions, whatever its arguments.
#[test]
fn numbers_of_kuma_commands_are_never_reused() {
    use kuma::Command as Do;
    let (account, market) = (AccountId(1), MarketId(2));
    let listed = kuma::MarketParams {
        symbol: "SOL".to_owned(),
        rank: 1,
        limits: kuma::Limits {
            initial_margin_fraction: 2,
            maintenance_margin_fraction: 3,
            incremental_initial_margin_fraction: 4,
            baseline_position_size: 5,
            incremental_position_size: 6,
            maximum_position_size: 7,
            minimum_position_size: 8,
        },
        listing: kuma::Listing::default(),
        active: false,
        index_price: 9,
        index_time: Timestamp(10),
        price_at_deactivation: 0,
    };
    let deleverage = kuma::Deleverage {
        market,
        account,
        counterparty: AccountId(3),
        base: 4,
        quote: 5,
    };
    let wallet = kuma::WalletLiquidation {
        account,
        to: AccountId(3),
        quotes: vec![4],
    };
    let commands = [
        (0, Do::Deposit { account, tokens: 1 }),
        (
            1,
            Do::ApplyDeposit {
                account,
                quantity: 1,
            },
        ),
        (4, Do::PublishIndexPrices(Vec::new())),
        (5, Do::PublishFunding { market, rate: -1 }),
        (6, Do::ApplyFunding { account, market }),
        (9, Do::LiquidateInMaintenance(wallet.clone())),
        (10, Do::LiquidateDuringSystemRecovery(wallet.clone())),
        (11, Do::LiquidateExit(wallet)),
        (
            12,
            Do::LiquidateBelowMinimum {
                account,
                market,
                quote: 1,
            },
        ),
        (
            13,
            Do::LiquidateInDeactivatedMarket {
                account,
                market,
                quote: 1,
                fee: 2,
            },
        ),
        (14, Do::DeleverageInMaintenance(deleverage)),
        (15, Do::DeleverageInsuranceFund(deleverage)),
        (16, Do::DeleverageExit(deleverage)),
        (17, Do::DeleverageExitFund(deleverage)),
        (18, Do::ExitWallet(account)),
        (19, Do::ClearExit(account)),
        (
            20,
            Do::WithdrawExit {
                account,
                oracle: Vec::new(),
            },
        ),
        (
            21,
            Do::WithdrawExitAdmin {
                account,
                oracle: Vec::new(),
            },
        ),
        (22, Do::ActivateMarket(market)),
        (23, Do::DeactivateMarket(market)),
        (25, Do::UnsetLimits { market, account }),
        (
            26,
            Do::SetLeverage {
                account,
                market,
                fraction: None,
            },
        ),
        (29, Do::InvalidateNonce { account, nonce: 1 }),
        (30, Do::SetBelowMinimumTolerance(1)),
        (31, Do::SetPropagation(1)),
        (32, Do::SetKeyExpiry(1)),
        (33, Do::AddMarket(Box::new(listed))),
        (34, Do::SetIndexGuards(kuma::IndexGuards::default())),
    ];
    for (number, command) in commands {
        let bytes = borsh::to_vec(&command).unwrap();
        assert_eq!(bytes[0], number, "{command:?}");
        assert_eq!(borsh::from_slice::<Do>(&bytes).unwrap(), command);
    }
}

/// Every command of Kyan's language, with its number first.
#[test]
fn kyan_commands_in_bytes() {
    use kyan::{Command as Do, IndexUpdate, InstrumentId, OptionTerms, OrderRequest, Right};
    use plimsoll_engine::book::{SelfTrade, Side, TimeInForce};
    use plimsoll_engine::pricing::quoted::{Quoted, QuotedSlice, QuotedSmile};
    let (pair, account) = (MarketId(1), AccountId(2));
    let (amount, at) = (Amount::from_raw(3), Timestamp(4));
    let instrument = InstrumentId(5);
    let price = Price::from_raw(6);
    let slice = |smile| QuotedSlice {
        expiry: at,
        forward_e9: 7,
        smile,
    };
    let svi = QuotedSmile::Svi {
        a_e12: 8,
        b_e12: 9,
        rho_e12: -10,
        m_e12: -11,
        sigma_e12: 12,
    };
    let quoted = Quoted {
        at,
        index: price,
        slices: vec![slice(svi), slice(QuotedSmile::Points(vec![(price, 13)]))],
    };
    let terms = OptionTerms {
        expiry: at,
        strike: price,
        right: Right::Put,
    };
    let order = OrderRequest {
        account,
        instrument,
        side: Side::Sell,
        price: Some(14),
        quantity: 15,
        time_in_force: TimeInForce::Gtx,
        reduce_only: true,
        self_trade: SelfTrade::CancelBoth,
    };
    let update = IndexUpdate {
        pair,
        at,
        index: price,
        perpetual: Price::from_raw(16),
    };
    let to = AccountId(17);
    let commands = [
        Do::Tick,
        Do::List {
            pair,
            options: vec![terms],
        },
        Do::Index(update),
        Do::Surface { pair, quoted },
        Do::Open {
            account,
            owner: 18,
            pair,
        },
        Do::Deposit { account, amount },
        Do::Withdraw { account, amount },
        Do::Transfer {
            from: account,
            to,
            amount,
        },
        Do::Place(order),
        Do::Cancel {
            account,
            instrument,
            order: 19,
        },
        Do::CancelAll { account },
        Do::Funding { pair },
        Do::Expire {
            pair,
            expiry: at,
            price,
        },
        Do::FundDeposit { amount },
        Do::Bid {
            bidder: to,
            account,
            share_e9: 20,
            most: amount,
        },
        Do::Quote {
            account,
            offset_e6: 21,
            capacity: amount,
            expires: at,
        },
    ];
    let mut shown = String::new();
    for (number, command) in (0u8..).zip(commands) {
        let bytes = borsh::to_vec(&command).unwrap();
        assert_eq!(bytes[0], number, "{command:?}");
        assert_eq!(borsh::from_slice::<Do>(&bytes).unwrap(), command);
        writeln!(shown, "{}", hex(&bytes)).unwrap();
    }
    expect![[r#"
        00
        0101000100000004000000000000000600000000000000000000000000000001
        02010004000000000000000600000000000000000000000000000010000000000000000000000000000000
        03010004000000000000000600000000000000000000000000000002000000040000000000000007000000000000000008000000000000000900000000000000f6fffffffffffffff5ffffffffffffff0c00000000000000040000000000000007000000000000000101000000060000000000000000000000000000000d00000000000000
        0402000000120000000100
        050200000003000000000000000000000000000000
        060200000003000000000000000000000000000000
        07020000001100000003000000000000000000000000000000
        08020000000500000001010e000000000000000f00000000000000010103
        0902000000050000001300000000000000
        0a02000000
        0b0100
        0c0100040000000000000006000000000000000000000000000000
        0d03000000000000000000000000000000
        0e1100000002000000140000000000000003000000000000000000000000000000
        0f0200000015000000030000000000000000000000000000000400000000000000
    "#]].assert_eq(&shown);
}

#[test]
fn a_kyan_command_in_bytes() {
    let cancel = kyan::Command::CancelAll {
        account: AccountId(7),
    };
    check_command(
        Body::Kyan(cancel),
        &expect![[r#"
        00d46acb99010000
        0201
        040a07000000
    "#]],
    );
}

/// Numbers that Kyan's events and configurations are stored by.
#[test]
fn numbers_of_kyan_kinds_are_never_reused() {
    let shown = numbers::<kyan::PhaseName>()
        + "---\n"
        + &numbers::<kyan::Stage>()
        + "---\n"
        + &numbers::<kyan::Gone>()
        + "---\n"
        + &numbers::<kyan::Guard>();
    expect![[r#"
        0 Active
        1 Flagged
        2 Hedging
        3 PerpClose
        4 Decomposing
        5 Auction
        6 Bankrupt
        7 Closed
        8 Released
        9 Cured
        10 HandingOff
        ---
        0 Hedge
        1 Decompose
        2 Auction
        3 PortfolioAuction
        4 HandOff
        5 Unwind
        ---
        0 ByOwner
        1 Flagged
        2 SelfTrade
        3 Margin
        4 ReduceOnly
        5 NotResting
        6 Repegged
        7 NotNeeded
        8 TimedOut
        9 Frozen
        10 Expired
        ---
        1 Dust
        2 HedgeMustLower
        3 NeverOverHedge
        4 CloseMustHelp
        5 DoNotOverClose
        6 ChildOrders
        7 Settlement
        8 Frozen
        9 DeltaConditions
    "#]]
    .assert_eq(&shown);
}

#[test]
fn numbers_of_kuma_kinds_are_never_reused() {
    let shown = numbers::<kuma::OrderGone>() + "---\n" + &numbers::<kuma::waterfall::Why>();
    expect![[r#"
        0 ByOwner
        1 SelfTrade
        2 Margin
        3 PositionLimit
        4 ReduceOnly
        5 Unfilled
        6 Bound
        7 NoRoom
        8 Void
        9 Parent
        10 Liquidated
        11 Refused
        12 MarketInactive
        ---
        0 UnderMaintenance
        1 Acquired
        2 NoPartner
        3 PartnersInsufficient
        4 BookInsufficient
        5 FundMargin
        6 FundSize
        7 FundAccountCap
        8 FundWindowCap
        9 FundPot
        10 Restorable
        11 WalletExited
        12 BelowMinimum
    "#]]
    .assert_eq(&shown);
}

/// Every number that decodes, with its name.
fn numbers<T: BorshDeserialize + std::fmt::Debug>() -> String {
    (0..=u8::MAX)
        .filter_map(|number| Some((number, borsh::from_slice::<T>(&[number]).ok()?)))
        .map(|(number, name)| format!("{number} {name:?}\n"))
        .collect()
}

#[test]
fn numbers_of_kinds_are_never_reused() {
    expect![[r#"
        0 Closed
        1 Outside
        2 Issuer
        3 Wallet
        4 Position
        5 Collateral
        6 Vault
        7 Clearing
        8 Shortfall
        9 ProtocolFees
        10 MarketFees
        11 Dust
        12 PendingReward
        13 Pair
        14 Locked
        15 Margin
        16 InsuranceFund
    "#]]
    .assert_eq(&numbers::<HolderKind>());
    expect![[r#"
        0 Deposit
        1 Withdrawal
        2 CollateralAdded
        3 CollateralReturned
        4 TradingFee
        5 BorrowingFee
        6 Funding
        7 Profit
        8 Loss
        9 Confiscation
        10 FirstCallerBounty
        11 ResolverBounty
        12 LiquidationReward
        13 Settlement
        14 PositionFee
        15 ProtocolShare
        16 MarketShare
        17 ShortfallIncurred
        18 ShortfallResolved
        19 LiquidityAdded
        20 LiquidityRemoved
        21 SharesIssued
        22 SharesBurned
        23 RoundingDust
        24 Swap
        25 SentAhead
        26 ExcessReturned
        27 LoanRepaid
        28 Trade
        29 Acquisition
        30 DustSweep
        31 HandOff
        32 Deleveraging
        33 LiquidationFee
        34 InsurancePayout
        35 LossSocialised
        36 Premium
        37 AuctionPayment
        38 Expiry
        39 Transfer
    "#]]
    .assert_eq(&numbers::<Reason>());
    expect![[r#"
        0 FeesOverThreshold
        1 ProfitOverLimit
        2 MaintenanceOverCollateral
        3 DebtOverCollateral
        4 ValueUnderMaintenance
        5 MaintenanceOverEquity
        6 WalletExited
        7 PositionBelowMinimum
    "#]]
    .assert_eq(&numbers::<Rule>());
    expect![[r#"
        0 Confiscate
        1 ForceClose
        2 CloseNextVersion
        3 Reward
        4 Repay
        5 WriteDown
        6 Acquire
        7 HandOff
        8 CloseOnBook
        9 Deleverage
        10 Reduce
        11 Hedge
        12 Decompose
        13 Auction
        14 PortfolioAuction
        15 Takeover
        16 Socialise
    "#]]
    .assert_eq(&numbers::<StageKind>());
    expect![[r#"
        0 Panic
        1 MarketClosed
        2 NoPrice
        3 Arithmetic
        4 NoLiquidity
        5 NoCounterparty
        6 Suspended
    "#]]
    .assert_eq(&numbers::<BlockedReason>());
}

#[test]
fn every_reason_is_listed_and_has_its_own_words() {
    let listed: String = Reason::ALL
        .iter()
        .map(|&reason| format!("{} {reason:?}\n", reason as u8))
        .collect();
    assert_eq!(listed, numbers::<Reason>());
    let mut words: Vec<_> = Reason::ALL.iter().map(|reason| reason.text()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Reason::ALL.len());
}

/// A journal begins with the configuration.
#[test]
fn the_configuration_of_every_venue_is_pinned() {
    let config = config();
    let mut shown = format!(
        "assets {}\n",
        blake3::hash(&borsh::to_vec(&config.assets).unwrap())
    );
    for venue in &config.venues {
        let bytes = borsh::to_vec(venue).unwrap();
        writeln!(shown, "{} bytes, {}", bytes.len(), blake3::hash(&bytes)).unwrap();
    }
    expect![[r#"
        assets 3ebf29ff1430b2cec33b5f032980fcaf185ad849504267d9a4c45aaf87327989
        255 bytes, 0fe704dedd259619866b4c6c70377b6c1fc8973f33c4450d253746cc3a8f6881
        402 bytes, ea74ceefd0061f123234bd86e16e479cfd858d22dc8b897be094ce874e8520a8
        132 bytes, ebc827e729b75976bfc8cfdf43ae571a091fed9a9b01e23c2675205b6b778246
        259 bytes, cef3043fd95003beefc3f0d39b24a50c832658fb944aa5842a2508b0537ee71d
        438 bytes, 3dbc6e01ff0d965c80490eafae793ca9b6eec97002642775c07efcaaa483b466
        152 bytes, cda687f8cdbae2d31f4a0ed485c0db9a1b9bc821bdbc12c8fca29af752d259dc
    "#]]
    .assert_eq(&shown);
    let bytes = borsh::to_vec(&config).unwrap();
    assert_eq!(borsh::from_slice::<Config>(&bytes).unwrap(), config);
}

/// A short life of all venues: trades, a fall, liquidations by keepers and by the engine.
pub(crate) fn life() -> World {
    told_life().0
}

fn told_life() -> (World, Vec<Event>) {
    let (mut world, mut told) = (World::funded(), Vec::new());
    let acts = [
        Act::Open(2, 0, true, 60),
        Act::Open(3, 1, true, 50),
        Act::Price(0, 2),
        Act::Price(1, -1),
        Act::Collateral(1, 200),
        Act::Price(0, -25),
        Act::Price(1, -28),
        Act::Register(3, 0),
        Act::Liquidate(4, 0, 0),
        Act::Liquidate(4, 0, 2),
        Act::Price(0, -30),
        Act::Withdraw(4, 0, 100),
        Act::Rebalance,
    ];
    for act in acts {
        for venue in 0..VENUES {
            let command = world.command(&Step {
                venue,
                ms: 600_000,
                stray: 0,
                act,
            });
            // What a venue refuses is no part of its state.
            told.extend(world.apply(&command).unwrap_or_default());
        }
    }
    (world, told)
}

#[test]
fn the_state_after_a_known_life_is_pinned() {
    let (world, told) = told_life();
    let count = |of: fn(&CaseEvent) -> bool| {
        let cases = told.iter().filter(|event| match event {
            Event::Case(case) => of(case),
            _ => false,
        });
        cases.count()
    };
    let shown = format!(
        "{} commands, {} events, {} cases opened, {} closed\n{} bytes, {}\n",
        world.engine.accepted(),
        told.len(),
        count(|case| matches!(case, CaseEvent::Opened(_))),
        count(|case| matches!(case, CaseEvent::Closed { .. })),
        world.engine.snapshot().unwrap().len(),
        world.engine.state_hash()
    );
    expect![[r#"
        147 commands, 189 events, 4 cases opened, 4 closed
        12281 bytes, f0be60e820846306ded394815b411287a2eb2405aba52359137882488a3248a7
    "#]]
    .assert_eq(&shown);
    assert_eq!(world.engine.now(), Timestamp(START.0 + 78 * 600_000));
}

#[test]
fn the_hash_is_that_of_the_snapshot() {
    let engine = life().engine;
    let hash = blake3::hash(&engine.snapshot().unwrap());
    assert_eq!(engine.state_hash().0, *hash.as_bytes());
    assert_eq!(engine.state_hash().to_string(), hash.to_string());
}

#[test]
fn an_engine_at_the_beginning_is_pinned() {
    let engine = Engine::new(&Config::default()).unwrap();
    // now = i64::MIN, accepted 0, next case 1; no assets, holders, free slots; no venues.
    expect!["000000000000008000000000000000000100000000000000000000000000000000000000000000000000000000000000"].assert_eq(&hex(&engine.snapshot().unwrap()));
}

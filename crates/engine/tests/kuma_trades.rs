//! Signed trades, check by check in the contract's order, and what they leave behind.

mod kuma_support;

use kuma_support::*;
use plimsoll_engine::venues::kuma::{
    Address, Command, OrderSide, OrderType, SignedOrder, SignedTrade, TimeInForce, Trade,
    TriggerType,
};
use plimsoll_units::AccountId;

/// One ETH at 2000, T3 selling to T4, and what is changed about it.
struct Case {
    buy: SignedOrder,
    sell: SignedOrder,
    trade: Trade,
}

/// What is spoilt in one.
type Spoil = fn(&mut Case);

impl Case {
    fn command(self) -> Command {
        let Self { buy, sell, trade } = self;
        Command::ExecuteTrade(Box::new(SignedTrade { buy, sell, trade }))
    }
}

fn between(buyer: AccountId, seller: AccountId) -> Case {
    Case {
        buy: order(buyer, OrderSide::Buy, 100_000_000, 200_000_000_000),
        sell: order(seller, OrderSide::Sell, 100_000_000, 200_000_000_000),
        trade: terms(ETH, 100_000_000, 200_000_000_000),
    }
}

fn world() -> World {
    let mut config = config();
    config.wallets[6].quote = 5_000 * ONE;
    World::of(config)
}

#[track_caller]
fn check(told: &str, spoil: impl FnOnce(&mut Case)) {
    let mut case = between(T3, T4);
    spoil(&mut case);
    assert_eq!(world().told(case.command()), told);
}

#[test]
fn a_sound_trade_moves_base_quote_and_fees() {
    let mut world = world();
    let before = world.quotes();
    let mut case = between(T3, T4);
    case.trade.maker_fee = -1_000_000_000;
    case.trade.taker_fee = 3_000_000_000;
    world.ok(case.command());
    assert_eq!(
        world.show(T3),
        "297000000000, ETH 100000000 for 200000000000"
    );
    assert_eq!(
        world.show(T4),
        "701000000000, ETH -100000000 for -200000000000"
    );
    assert_eq!(world.show(FEE), "8000000000");
    assert_eq!(world.quotes(), before);
}

#[test]
fn quantities_prices_and_fees() {
    check("ok", |_| {});
    check("Base quantity must be greater than zero", |c| {
        c.trade.base = 0;
    });
    check("Quote quantity must be greater than zero", |c| {
        c.trade.quote = 0;
    });
    check("No active market found", |c| {
        c.trade.market = plimsoll_units::MarketId(5);
    });
    check("Order limit price exceeded", |c| c.trade.quote += 1);
    check("Order limit price exceeded", |c| c.trade.quote -= 1);
    check("Invalid limit price", |c| c.buy.order.limit_price = 0);
    check("Invalid limit price", |c| {
        c.sell.order.order_type = OrderType::Market;
    });
    check("ok", |c| {
        c.sell.order.order_type = OrderType::Market;
        c.sell.order.limit_price = 0;
    });
    check("Excessive maker rebate", |c| c.trade.maker_fee = -1);
    check("Excessive maker fee", |c| {
        c.trade.maker_fee = 10_000_002_000;
    });
    check("Excessive taker fee", |c| {
        c.trade.taker_fee = 10_000_002_000;
    });
    check("ok", |c| c.trade.taker_fee = 10_000_000_000);
}

#[test]
fn time_in_force_and_triggers() {
    let gtx = "gtx order must be limit maker";
    check("ok", |c| c.sell.order.time_in_force = TimeInForce::Gtx);
    check(gtx, |c| c.buy.order.time_in_force = TimeInForce::Gtx);
    check(gtx, |c| {
        c.sell.order.time_in_force = TimeInForce::Gtx;
        c.sell.order.order_type = OrderType::Market;
        c.sell.order.limit_price = 0;
    });
    check("ioc order must be taker", |c| {
        c.sell.order.time_in_force = TimeInForce::Ioc;
    });
    check("fok order must be taker", |c| {
        c.sell.order.time_in_force = TimeInForce::Fok;
    });
    check("ok", |c| c.buy.order.time_in_force = TimeInForce::Fok);
    check("Missing trigger price", |c| {
        c.buy.order.order_type = OrderType::StopLossLimit;
    });
    check("Invalid trigger price", |c| c.buy.order.trigger_price = 1);
    check("Invalid trigger type", |c| {
        c.buy.order.trigger_type = TriggerType::Last;
    });
    check("Invalid callback rate", |c| c.buy.order.callback_rate = 1);
    check("Invalid callback rate", |c| {
        c.buy.order.order_type = OrderType::TrailingStop;
        c.buy.order.limit_price = 0;
    });
    check("ok", |c| {
        c.buy.order.order_type = OrderType::TakeProfitLimit;
        c.buy.order.trigger_price = 5;
        c.buy.order.trigger_type = TriggerType::Index;
    });
}

#[test]
fn signatures_and_nonces() {
    let buy = "Invalid wallet signature for buy order";
    check(buy, |c| c.buy.signer = address(9));
    check(buy, |c| c.buy.signer = Address::ZERO);
    check("Invalid wallet signature for sell order", |c| {
        c.sell.signer = address(5);
    });
    check(buy, |c| c.buy.order.market_symbol = "BTC-USD".to_owned());
    check("Must be v1 UUID", |c| c.buy.order.nonce = 4 << 76);
    check("Order arguments do not match sides", |c| {
        c.buy.order.side = OrderSide::Sell;
    });
    // A key nobody authorised.
    check(buy, |c| {
        c.buy.order.delegated_public_key = address(77);
        c.buy.signer = address(77);
    });
    check("Self-trading not allowed", |c| {
        c.buy.order.wallet = c.sell.order.wallet;
    });
    check(
        "no account is registered for the wallet 0xa0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a063",
        |c| {
            c.buy.order.wallet = address(99);
        },
    );
}

#[test]
fn a_delegated_key_signs_while_it_is_valid() {
    let authorise = |nonce, signer| Command::AuthoriseKey {
        account: T3,
        key: address(77),
        nonce,
        signer,
    };
    let traded = |made: i64| {
        let mut world = world();
        assert_eq!(
            world.told(authorise(uuid(START), address(9))),
            "Invalid wallet signature"
        );
        assert_eq!(world.told(authorise(7, address(5))), "Must be v1 UUID");
        world.ok(authorise(uuid(START), address(5)));
        let mut case = between(T3, T4);
        case.buy.order.delegated_public_key = address(77);
        case.buy.signer = address(77);
        case.buy.order.nonce = uuid(made);
        world.told(case.command())
    };
    let month = 35 * 24 * 60 * 60 * 1000;
    assert_eq!(traded(START), "Buy order predates delegated key");
    assert_eq!(traded(START + 1), "ok");
    assert_eq!(traded(START + month - 1), "ok");
    assert_eq!(traded(START + month), "Buy order delegated key expired");
}

#[test]
fn invalidated_orders_are_void_once_that_is_final() {
    let mut config = config();
    config.wallets[6].quote = 5_000 * ONE;
    config.propagation_ms = 1_000;
    let mut world = World::of(config);
    let void = |millis| Command::InvalidateNonce {
        account: T3,
        nonce: uuid(millis),
    };
    let tomorrow = START + 24 * 60 * 60 * 1000;
    assert_eq!(world.told(void(tomorrow)), "Nonce timestamp too high");
    world.ok(void(START));
    assert_eq!(world.told(void(START)), "Nonce timestamp invalidated");
    assert_eq!(
        world.told(void(START + 1)),
        "Last invalidation not finalized"
    );
    let mut part = between(T3, T4);
    part.trade = terms(ETH, 1_000_000, 2_000_000_000);
    world.ok(part.command());
    world.now += 1_000;
    let told = world.told(between(T3, T4).command());
    assert_eq!(told, "Buy order nonce timestamp invalidated");
    // Before the next one is final, the last one counts.
    world.ok(void(START + 500));
    let mut later = between(T3, T4);
    later.buy.order.nonce = uuid(START + 400);
    later.buy.hash = [1; 32];
    later.trade = terms(ETH, 1_000_000, 2_000_000_000);
    assert_eq!(world.told(later.command()), "ok");
}

#[test]
fn an_order_never_fills_more_than_its_quantity() {
    let mut world = world();
    let part = |base: u64| {
        let mut case = between(T3, T4);
        case.sell.hash[0] = u8::try_from(base % 251).unwrap();
        case.trade = terms(ETH, base, base * 2_000);
        case.command()
    };
    world.ok(part(60_000_000));
    assert_eq!(world.told(part(40_000_001)), "Order overfilled");
    world.ok(part(40_000_000));
    assert_eq!(world.told(part(1)), "Order double filled");
    let fill = world.venue().people().fill(&[5; 32]).unwrap();
    assert!(fill.complete && fill.filled == 100_000_000);
}

#[test]
fn the_exit_fund_never_trades_and_the_insurance_fund_only_to_reduce() {
    let told = |buyer, seller| world().told(between(buyer, seller).command());
    assert_eq!(told(EF, T3), "EF cannot trade");
    let rule = "IF order must be reduce only and signed by DK";
    assert_eq!(told(T3, IF), rule);
    for (buyer, told) in [(IF, rule), (EF, "EF cannot trade")] {
        let trade = terms(ETH, 1, 2_000);
        let command = Command::Trade {
            buyer,
            seller: T3,
            trade,
        };
        assert_eq!(world().told(command), told);
    }
}

/// The fund is short 10, and buys back from a partner T3.
fn hand_off(spoil: impl FnOnce(&mut Case)) -> (World, String) {
    let mut config = config();
    let short = wallet(23_980 * ONE, &[(ETH, -10 * ONE, -21_980 * ONE)]);
    config.wallets[1].quote = short.quote;
    config.wallets[1].positions = short.positions;
    config.wallets[3] = wallet(0, &[]);
    let mut world = World::of(config);
    world.ok(index(ETH, 215_000_000_000, START + 1));
    world.ok(Command::AuthoriseKey {
        account: IF,
        key: address(88),
        nonce: uuid(START - 2_000),
        signer: address(1),
    });
    let mut case = Case {
        buy: order(IF, OrderSide::Buy, 1_000_000_000, 0),
        sell: order(T3, OrderSide::Sell, 10_000_000_000, 217_000_000_000),
        trade: terms(ETH, 1_000_000_000, 2_170_000_000_000),
    };
    case.buy.order.order_type = OrderType::Market;
    case.buy.order.is_reduce_only = true;
    case.buy.order.is_liquidation_acquisition_only = true;
    case.buy.order.delegated_public_key = address(88);
    case.buy.signer = address(88);
    case.sell.order.is_liquidation_acquisition_only = true;
    case.sell.order.time_in_force = TimeInForce::Gtx;
    spoil(&mut case);
    let told = world.told(case.command());
    (world, told)
}

#[test]
fn a_hand_off_needs_both_orders_flagged_and_the_fund_reducing() {
    let (world, told) = hand_off(|_| {});
    assert_eq!(told, "ok");
    assert_eq!(world.show(IF), "228000000000");
    assert_eq!(
        world.show(T3),
        "2670000000000, ETH -1000000000 for -2170000000000"
    );
    let both = "Both orders must be liquidation acquisition";
    let cases: [(&str, Spoil); 8] = [
        (both, |c| {
            c.sell.order.is_liquidation_acquisition_only = false;
        }),
        (both, |c| {
            c.buy.order.is_liquidation_acquisition_only = false;
        }),
        ("IF order must be reduce only and signed by DK", |c| {
            c.buy.order.is_reduce_only = false;
        }),
        ("IF order must be reduce only and signed by DK", |c| {
            c.buy.order.delegated_public_key = Address::ZERO;
            c.buy.signer = address(1);
        }),
        ("gtx order must be limit maker", |c| {
            c.trade.maker_side = OrderSide::Buy;
        }),
        ("Position must move toward zero", |c| {
            c.buy.order.quantity += 1;
            c.trade.base += 1;
            c.trade.quote += 2_171;
        }),
        ("Order limit price exceeded", |c| c.trade.quote -= 1),
        ("ok", |c| c.trade.quote += 1),
    ];
    for (told, spoil) in cases {
        assert_eq!(hand_off(spoil).1, told);
    }
    let mut case = between(T3, T4);
    case.buy.order.is_liquidation_acquisition_only = true;
    case.sell.order.is_liquidation_acquisition_only = true;
    assert_eq!(world_told(case), "One order wallet must be IF");
}

fn world_told(case: Case) -> String {
    world().told(case.command())
}

#[test]
fn who_increases_must_meet_initial_margin_and_who_reduces_maintenance() {
    // At 2100 T1 has 980 against 630 and 1050: it may reduce, not increase.
    let mut config = config();
    config.wallets[5].quote = 100_000 * ONE;
    let told = |buyer, seller, base: u64| {
        let mut world = World::of(config.clone());
        world.ok(index(ETH, 210_000_000_000, START + 1));
        let trade = terms(ETH, base, base * 2_100);
        world.told(Command::Trade {
            buyer,
            seller,
            trade,
        })
    };
    assert_eq!(told(T3, T1, 1), "Initial margin requirement not met");
    assert_eq!(told(T1, T3, 1), "ok");
    // Past zero to a smaller short of the other side is a reduction, too.
    assert_eq!(told(T1, T3, 1_900_000_000), "ok");
    assert_eq!(
        told(T1, T3, 2_000_000_001),
        "Initial margin requirement not met"
    );
    // At 2134 it is below maintenance and may not even reduce.
    let mut world = World::of(config.clone());
    world.ok(index(ETH, 213_400_000_000, START + 1));
    let trade = terms(ETH, 1, 2_134);
    let command = Command::Trade {
        buyer: T1,
        seller: T3,
        trade,
    };
    assert_eq!(
        world.told(command),
        "Maintenance margin requirement not met"
    );
}

#[test]
fn a_final_exit_ends_trading() {
    let mut world = world();
    world.ok(Command::ExitWallet(T3));
    let told = world.told(between(T3, T4).command());
    assert_eq!(told, "Buy wallet exit finalized");
    let told = world.told(between(T4, T3).command());
    assert_eq!(told, "Sell wallet exit finalized");
}

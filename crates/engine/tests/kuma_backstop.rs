//! Liquidations and deleveragings, boundary by boundary: who may be taken by whom, at which
//! quote, and what is asked of who takes over.

mod kuma_support;

use kuma_support::*;
use plimsoll_engine::venues::kuma::{
    Command, Config, Deleverage, Limits, OraclePrice, Override, WalletLiquidation,
};
use plimsoll_units::{AccountId, MarketId, Timestamp};

fn taking(account: AccountId, to: AccountId, quotes: &[u64]) -> WalletLiquidation {
    WalletLiquidation {
        account,
        to,
        quotes: quotes.to_vec(),
    }
}

fn adl(account: AccountId, counterparty: AccountId, base: u64, quote: u64) -> Deleverage {
    Deleverage {
        market: ETH,
        account,
        counterparty,
        base,
        quote,
    }
}

/// What a liquidation of T1 (short 10 from 2000, quote 21980) comes to at an index price.
#[track_caller]
fn check_maintenance(price: u64, account: AccountId, to: AccountId, quotes: &[u64], told: &str) {
    let mut world = World::at(price);
    let command = Command::LiquidateInMaintenance(taking(account, to, quotes));
    assert_eq!(world.told(command), told, "{price} {quotes:?}");
}

const BANKRUPT: u64 = 2_198_000_000_000;

#[test]
fn only_a_wallet_below_maintenance_is_taken_and_only_at_its_bankruptcy_price() {
    let (safe, due) = (213_398_058_252, 213_398_058_253);
    let invalid = "Invalid quote quantity";
    check_maintenance(
        safe,
        T1,
        IF,
        &[BANKRUPT],
        "Maintenance margin requirement met",
    );
    check_maintenance(due, T1, IF, &[BANKRUPT], "ok");
    check_maintenance(due, T1, IF, &[BANKRUPT - 1], "ok");
    check_maintenance(due, T1, IF, &[BANKRUPT + 1], "ok");
    check_maintenance(due, T1, IF, &[BANKRUPT - 2], invalid);
    check_maintenance(due, T1, IF, &[BANKRUPT + 2], invalid);
    check_maintenance(due, T1, IF, &[], "panic 0x32");
    check_maintenance(due, T1, IF, &[BANKRUPT, 7], "ok");
    check_maintenance(due, T1, EF, &[BANKRUPT], "Must liquidate to IF");
    check_maintenance(due, T1, T2, &[BANKRUPT], "Must liquidate to IF");
    check_maintenance(due, IF, IF, &[], "Cannot liquidate IF");
    check_maintenance(due, EF, IF, &[], "Cannot liquidate EF");
    check_maintenance(due, T3, IF, &[], "Maintenance margin requirement met");
    check_maintenance(due, AccountId(99), IF, &[], "account-99 does not exist");
}

#[test]
fn a_liquidated_wallet_is_exactly_empty_and_the_fund_has_its_equity() {
    let mut world = World::at(215_000_000_000);
    let before = world.quotes();
    world.ok(Command::LiquidateInMaintenance(taking(
        T1,
        IF,
        &[BANKRUPT + 1],
    )));
    assert_eq!(world.show(T1), "0");
    // 2000 and 21980.00000001, less the pip the wallet then owed.
    assert_eq!(
        world.show(IF),
        "2398000000000, ETH -1000000000 for -2198000000001"
    );
    assert_eq!(world.quotes(), before);
}

#[test]
fn the_fund_must_be_able_to_hold_what_it_takes() {
    let poor = |quote| {
        let mut config = config();
        config.wallets[1].quote = quote;
        config
    };
    // At 2150 the fund gains 480 and needs 5 % of 21500.
    let cases = [
        (
            poor(594_99999999),
            None,
            "Initial margin requirement not met",
        ),
        (poor(595 * ONE), None, "ok"),
        (config(), Some(10 * ONE - 1), "Max position size exceeded"),
        (config(), Some(10 * ONE), "ok"),
    ];
    for (mut config, maximum, told) in cases {
        let maximum_position_size = maximum.map(i64::unsigned_abs);
        config
            .overrides
            .extend(maximum_position_size.map(|maximum| Override {
                account: IF,
                market: ETH,
                limits: Limits {
                    maximum_position_size: maximum,
                    ..limits()
                },
            }));
        let mut world = World::of(config);
        world.ok(index(ETH, 215_000_000_000, START + 1));
        let command = Command::LiquidateInMaintenance(taking(T1, IF, &[BANKRUPT]));
        assert_eq!(world.told(command), told, "{maximum:?}");
    }
}

/// One wallet short in both markets, the ranks in either order.
fn both_markets(ranks: [u8; 2]) -> World {
    let mut config = config();
    for (market, rank) in config.markets.iter_mut().zip(ranks) {
        market.rank = rank;
    }
    config.wallets[3] = wallet(
        21_980 * ONE,
        &[
            (ETH, -10 * ONE, -20_000 * ONE),
            (BTC, -ONE / 10, -3_000 * ONE),
        ],
    );
    config.wallets[4]
        .positions
        .push(plimsoll_engine::venues::kuma::SeedPosition {
            market: BTC,
            size: ONE / 10,
            cost_basis: 3_000 * ONE,
        });
    config.wallets[1].quote = 20_000 * ONE;
    World::of(config)
}

#[test]
fn quotes_come_in_the_order_of_the_markets_ranks() {
    // The account is worth -1020 against a requirement of 690: 600 of it for ETH, 90 for BTC.
    let (eth, btc) = (1_911_304_347_826, 286_695_652_173);
    for (ranks, quotes) in [([0, 1], [eth, btc]), ([1, 0], [btc, eth])] {
        let [first, second] = quotes;
        let mut world = both_markets(ranks);
        let swapped = Command::LiquidateInMaintenance(taking(T1, IF, &[second, first]));
        assert_eq!(world.told(swapped), "Invalid quote quantity");
        let short = Command::LiquidateInMaintenance(taking(T1, IF, &[first]));
        assert_eq!(world.told(short), "panic 0x32");
        world.ok(Command::LiquidateInMaintenance(taking(T1, IF, &quotes)));
        assert_eq!(world.show(T1), "0");
    }
}

#[test]
fn every_market_of_a_liquidated_wallet_is_active() {
    let mut world = both_markets([0, 1]);
    world.ok(Command::DeactivateMarket(BTC));
    let command = Command::LiquidateInMaintenance(taking(T1, IF, &[1_911_304_347_826, 0]));
    assert_eq!(
        world.told(command),
        "Cannot liquidate position in inactive market"
    );
}

/// The exit fund holds T2's ten: the venue is in recovery.
fn recovery(price: u64) -> World {
    let mut config = config();
    config.wallets[0] = wallet(-20_000 * ONE, &[(ETH, 10 * ONE, 20_000 * ONE)]);
    config.wallets[4] = wallet(19_600 * ONE / 10, &[]);
    let mut world = World::of(config);
    world.ok(index(ETH, price, START + 1));
    world
}

#[test]
fn in_recovery_the_exit_fund_takes_wallets_and_nothing_else_goes_on() {
    let mut world = recovery(215_000_000_000);
    let closed = "Exit Fund has open positions";
    let what = taking(T1, IF, &[BANKRUPT]);
    let refused = [
        Command::LiquidateInMaintenance(what.clone()),
        Command::LiquidateExit(what.clone()),
        Command::DeleverageInMaintenance(adl(T1, T2, 1, 1)),
        Command::DeleverageInsuranceFund(adl(IF, T2, 1, 1)),
        Command::DeactivateMarket(ETH),
        Command::PublishFunding {
            market: ETH,
            rate: 0,
        },
        Command::Trade {
            buyer: T1,
            seller: T2,
            trade: terms(ETH, 1, 1),
        },
        Command::LiquidateBelowMinimum {
            account: T1,
            market: ETH,
            quote: 1,
        },
        Command::LiquidateInDeactivatedMarket {
            account: T1,
            market: ETH,
            quote: 1,
            fee: 0,
        },
    ];
    for command in refused {
        assert_eq!(world.told(command.clone()), closed, "{command:?}");
    }
    let to_fund = Command::LiquidateDuringSystemRecovery(what);
    assert_eq!(world.told(to_fund), "Must liquidate to EF");
    let what = taking(T1, EF, &[BANKRUPT]);
    world.ok(Command::LiquidateDuringSystemRecovery(what.clone()));
    assert_eq!(
        (world.show(T1), world.show(EF)),
        ("0".to_owned(), "198000000000".to_owned())
    );
    // The positions met: the venue is out of recovery, but the fund's clock runs on.
    let again = Command::LiquidateDuringSystemRecovery(what);
    assert_eq!(world.told(again), "Exit Fund has no positions");
    assert!(world.venue().exit_fund_since().is_some());
}

#[test]
fn the_exit_fund_closes_at_index_until_it_is_under_water() {
    // 10 long from 2000, quote -20000: worth 1500 at 2150, -1500 at 1850.
    let cases = [
        (215_000_000_000, 2_150_000_000_000, "ok"),
        (215_000_000_000, 2_150_000_000_002, "Invalid quote quantity"),
        (185_000_000_000, 2_000_000_000_000, "ok"),
        (185_000_000_000, 1_850_000_000_000, "Invalid quote quantity"),
    ];
    for (price, quote, told) in cases {
        let mut world = recovery(price);
        let command = Command::DeleverageExitFund(adl(EF, T1, 1_000_000_000, quote));
        let shown = world.told(command);
        // At 2150 the counterparty is under its maintenance margin only before the close.
        assert_eq!(shown, told, "{price} {quote}");
    }
    let mut world = recovery(200_000_000_000);
    let other = Command::DeleverageExitFund(adl(T1, T2, 1, 1));
    assert_eq!(world.told(other), "Liquidating wallet must be EF");
}

#[test]
fn deleveraging_moves_both_toward_zero_at_the_bankruptcy_price() {
    let part = 732_666_665_934;
    let cases = [
        (adl(T1, T2, 333_333_333, part), "ok"),
        (adl(T1, T2, 333_333_333, part + 2), "Invalid quote quantity"),
        (adl(T1, T2, 0, 0), "Position must move toward zero"),
        (
            adl(T1, T2, 1_000_000_001, 2_198_000_002_198),
            "Position must move toward zero",
        ),
        (adl(T1, T3, 333_333_333, part), "Position must be non-zero"),
        (adl(T1, T1, 1, 1), "Cannot liquidate wallet against itself"),
        (adl(T1, IF, 1, 1), "Cannot deleverage IF"),
        (adl(T1, EF, 1, 1), "Cannot deleverage EF"),
        (adl(IF, T1, 1, 1), "Cannot liquidate IF"),
        (adl(EF, T1, 1, 1), "Cannot liquidate EF"),
        (adl(T3, T2, 1, 1), "No open position in market"),
        (adl(T2, T1, 1, 1), "Maintenance margin requirement met"),
    ];
    for (what, told) in cases {
        let mut world = World::at(215_000_000_000);
        assert_eq!(
            world.told(Command::DeleverageInMaintenance(what)),
            told,
            "{what:?}"
        );
    }
}

#[test]
fn a_wallet_is_deleveraged_to_its_end_at_one_price() {
    let mut world = World::at(215_000_000_000);
    let before = world.quotes();
    for (base, quote) in [
        (333_333_333, 732_666_665_934),
        (666_666_667, 1_465_333_334_066),
    ] {
        world.ok(Command::DeleverageInMaintenance(adl(T1, T2, base, quote)));
    }
    assert_eq!((world.show(T1), world.quotes()), ("0".to_owned(), before));
}

#[test]
fn a_counterparty_must_stay_above_its_own_maintenance() {
    let mut config = config();
    config.wallets[4].quote = -20_900 * ONE;
    let mut world = World::of(config);
    world.ok(index(ETH, 215_000_000_000, START + 1));
    // It is worth 600 against 645, and selling a tenth 48 above index does not lift it enough.
    let command = |base, quote| Command::DeleverageInMaintenance(adl(T1, T2, base, quote));
    let refused = world.told(command(1_000_000, 2_198_000_000));
    assert_eq!(refused, "Maintenance margin requirement not met");
    assert_eq!(world.told(command(100_000_000, 219_800_000_000)), "ok");
}

/// The insurance fund has taken T1.
fn taken() -> World {
    let mut world = World::at(215_000_000_000);
    world.ok(Command::LiquidateInMaintenance(taking(T1, IF, &[BANKRUPT])));
    world
}

#[test]
fn the_insurance_fund_closes_at_its_entry_price() {
    let cases = [
        (adl(IF, T2, 333_333_333, 732_666_665_934), "ok"),
        (
            adl(IF, T2, 333_333_333, 732_666_665_936),
            "Invalid quote quantity",
        ),
        (adl(IF, T2, 1_000_000_000, BANKRUPT), "ok"),
        (
            adl(IF, T3, 1_000_000_000, BANKRUPT),
            "Position must be non-zero",
        ),
        (adl(IF, IF, 1, 1), "Cannot liquidate wallet against itself"),
        (adl(T2, T1, 1, 1), "Liquidating wallet must be IF"),
    ];
    for (what, told) in cases {
        let mut world = taken();
        assert_eq!(
            world.told(Command::DeleverageInsuranceFund(what)),
            told,
            "{what:?}"
        );
    }
    let mut world = taken();
    world.ok(Command::DeactivateMarket(ETH));
    let command = Command::DeleverageInsuranceFund(adl(IF, T2, 1, 2_198));
    assert_eq!(world.told(command), "No active market found");
}

fn exited(price: u64) -> World {
    let mut world = World::at(price);
    world.ok(Command::ExitWallet(T1));
    world
}

#[test]
fn an_exited_wallet_is_taken_at_the_worse_of_index_and_entry() {
    let take = |quote| Command::LiquidateExit(taking(T1, IF, &[quote]));
    assert_eq!(World::new().told(take(1)), "Wallet not exited");
    let cases = [
        // In profit: at entry, and the wallet keeps 1980.
        (190_000_000_000, 2_000_000_000_000, "198000000000"),
        // In loss: at index, and it keeps 480.
        (215_000_000_000, 2_150_000_000_000, "48000000000"),
        // Worth nothing at that: at bankruptcy, and nothing is left.
        (219_800_000_000, BANKRUPT, "0"),
        (230_000_000_000, BANKRUPT + 1, "0"),
    ];
    for (price, quote, left) in cases {
        let mut config = config();
        config.wallets[1].quote = 100_000 * ONE;
        let mut world = World::of(config);
        world.ok(index(ETH, price, START + 1));
        world.ok(Command::ExitWallet(T1));
        assert_eq!(world.told(take(quote + 2)), "Invalid quote quantity");
        world.ok(take(quote));
        assert_eq!(world.show(T1), left, "{price}");
    }
}

#[test]
fn an_exit_deleveraged_at_bankruptcy_once_stays_there() {
    let exit = |base, quote| Command::DeleverageExit(adl(T1, T2, base, quote));
    let not = Command::DeleverageExit(adl(T2, T1, 1, 1));
    assert_eq!(exited(200_000_000_000).told(not), "Wallet not exited");
    let mut world = exited(190_000_000_000);
    world.ok(exit(100_000_000, 200_000_000_000));
    world.ok(index(ETH, 230_000_000_000, START + 2));
    // Nine are left, and 19980 to close them with.
    world.ok(exit(100_000_000, 222_000_000_000));
    assert!(world.venue().people().exit(T1).unwrap().at_bankruptcy);
    // Back in profit, and yet: all it is worth goes by the bankruptcy price.
    world.ok(index(ETH, 190_000_000_000, START + 3));
    assert_eq!(
        world.told(exit(100_000_000, 200_000_000_000)),
        "Invalid quote quantity"
    );
    assert_eq!(world.told(exit(100_000_000, 222_000_000_000)), "ok");
}

#[test]
fn dust_is_taken_at_index_within_the_tolerance() {
    let take = |quote| Command::LiquidateBelowMinimum {
        account: T1,
        market: ETH,
        quote,
    };
    assert_eq!(World::new().told(take(1)), "Position size above minimum");
    // T1's own minimum makes ten dust.
    let dust = |tolerance, price| {
        let mut config = config();
        config.below_minimum_tolerance = tolerance;
        config.overrides = vec![Override {
            account: T1,
            market: ETH,
            limits: Limits {
                minimum_position_size: 1_000_000_001,
                ..limits()
            },
        }];
        config.wallets[1].quote = 10_000 * ONE;
        config.markets[0].index_price = price;
        World::of(config)
    };
    let exact = 2_000_000_000_000;
    let cases = [
        (0, 200_000_000_000, exact, "ok"),
        (0, 200_000_000_000, exact + 1, "Invalid quote quantity"),
        (100_000, 200_000_000_000, exact + 2_000_000_000, "ok"),
        (100_000, 200_000_000_000, exact - 2_000_000_000, "ok"),
        (
            100_000,
            200_000_000_000,
            exact + 2_000_000_001,
            "Invalid quote quantity",
        ),
        // Worth 1000 pips: not compared, unless the quote itself is not small.
        (0, 100, 7_213, "ok"),
        (0, 100, 10_000, "Invalid quote quantity"),
    ];
    for (tolerance, price, quote, told) in cases {
        assert_eq!(
            dust(tolerance, price).told(take(quote)),
            told,
            "{tolerance} {price} {quote}"
        );
    }
    for (account, told) in [
        (EF, "Cannot liquidate EF"),
        (IF, "Cannot liquidate IF"),
        (T3, "Open position not found for market"),
    ] {
        let command = Command::LiquidateBelowMinimum {
            account,
            market: ETH,
            quote: 0,
        };
        assert_eq!(World::new().told(command), told);
    }
}

#[test]
fn a_deactivated_market_is_emptied_one_side_at_a_time() {
    let mut world = World::at(210_000_000_000);
    let close = |account, quote, fee| Command::LiquidateInDeactivatedMarket {
        account,
        market: ETH,
        quote,
        fee,
    };
    let exact = 2_100_000_000_000;
    assert_eq!(world.told(close(T2, exact, 0)), "No inactive market found");
    world.ok(Command::DeactivateMarket(ETH));
    assert_eq!(
        world.told(close(T3, exact, 0)),
        "Open position not found for market"
    );
    assert_eq!(
        world.told(close(T2, exact + 2, 0)),
        "Invalid quote quantity"
    );
    assert_eq!(
        world.told(close(T2, exact, 105_000_021_000)),
        "Excessive fee"
    );
    let before = world.quotes();
    world.ok(close(T2, exact, 20 * 100_000_000));
    assert_eq!(world.show(T2), "294000000000");
    assert_eq!(world.quotes() - before, exact.into());
    // The other side brings the money back, and a pip with it.
    world.ok(close(T1, exact + 1, 0));
    assert_eq!(world.quotes() - before, -1);
    assert_eq!(
        world.told(index(ETH, 1, START + 9)),
        "Active market not found"
    );
    world.ok(Command::ActivateMarket(ETH));
    assert_eq!(
        world.told(Command::ActivateMarket(ETH)),
        "No inactive market found"
    );
}

#[test]
fn a_wallet_leaves_by_itself_at_oracle_prices() {
    let leave = |price| Command::WithdrawExit {
        account: T2,
        oracle: vec![OraclePrice { market: ETH, price }],
    };
    let cases = [
        // 10 long from 2000 with a quote of -18040.
        (200_000_000_000, "ok", -196_000_000_000),
        (215_000_000_000, "ok", -196_000_000_000),
        (190_000_000_000, "ok", -96_000_000_000),
        (180_400_000_000, "ok", 0),
        (170_000_000_000, "ok", 0),
    ];
    for (price, told, change) in cases {
        let mut config = config();
        config.propagation_ms = 60_000;
        let mut world = World::of(config);
        assert_eq!(world.told(leave(price)), "Wallet exit not finalized");
        world.ok(Command::ExitWallet(T2));
        assert_eq!(world.told(leave(price)), "Wallet exit not finalized");
        world.now += 60_000;
        let before = world.quotes();
        assert_eq!(world.told(leave(price)), told, "{price}");
        assert_eq!(
            (world.show(T2), world.quotes() - before),
            ("0".to_owned(), change)
        );
        world.ok(Command::ClearExit(T2));
    }
}

#[test]
fn exits_begin_and_end_once() {
    let mut world = World::new();
    for (account, told) in [(EF, "Cannot exit EF"), (IF, "Cannot exit IF"), (T1, "ok")] {
        assert_eq!(world.told(Command::ExitWallet(account)), told);
    }
    assert_eq!(world.told(Command::ExitWallet(T1)), "Wallet already exited");
    assert_eq!(
        world.told(Command::ClearExit(T1)),
        "Must withdraw exit before clearing"
    );
    assert_eq!(
        world.told(Command::ClearExit(T3)),
        "Wallet exit not finalized"
    );
    let admin = |account| Command::WithdrawExitAdmin {
        account,
        oracle: Vec::new(),
    };
    assert_eq!(world.told(admin(T1)), "Exit Fund has no positions");
    let mut world = recovery(200_000_000_000);
    assert_eq!(world.told(admin(T1)), "Wallet not exited");
    world.ok(Command::ExitWallet(T1));
    world.ok(admin(T1));
    assert_eq!(world.show(T1), "0");
    // The exit fund's own quote is paid out an hour after its first position.
    let own = Command::WithdrawExit {
        account: EF,
        oracle: Vec::new(),
    };
    assert_eq!(world.show(EF), "0");
    world.now += 1;
    assert_eq!(world.told(own), "ok");
}

#[test]
fn states_no_venue_can_begin_with_are_refused() {
    type Spoil = fn(&mut Config);
    let cases: [(&str, Spoil); 9] = [
        ("rank is 0, which is out of bounds", |c| {
            c.markets[1].rank = 0;
        }),
        ("rank is 7, which is out of bounds", |c| {
            c.markets[1].rank = 7;
        }),
        ("Maintenance margin fraction below min", |c| {
            c.markets[0].limits.maintenance_margin_fraction = 299_999;
        }),
        ("Incremental position size cannot be zero", |c| {
            c.markets[0].limits.incremental_position_size = 0;
        }),
        ("index_price is 0, which is out of bounds", |c| {
            c.markets[0].index_price = 0;
        }),
        (
            "the venue's own wallets is 1, which is out of bounds",
            |c| {
                c.exit_fund = c.insurance_fund;
            },
        ),
        ("size is 0, which is out of bounds", |c| {
            c.wallets[3].positions[0].size = 0;
        }),
        ("Market not found", |c| {
            c.wallets[3].positions[0].market = MarketId(9);
        }),
        ("account-77 does not exist", |c| {
            c.overrides.push(Override {
                account: AccountId(77),
                market: ETH,
                limits: limits(),
            });
        }),
    ];
    for (told, spoil) in cases {
        let mut config = config();
        spoil(&mut config);
        let result = World::try_of(config).map(|_| ());
        assert_eq!(result.map_err(|why| why.to_string()), Err(told.to_owned()));
    }
    let mut seeded = config();
    seeded.wallets[3].exit = Some(Timestamp(START));
    assert!(World::of(seeded).venue().people().exit(T1).is_some());
}

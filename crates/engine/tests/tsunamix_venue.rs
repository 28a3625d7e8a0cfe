//! The TsunamiX venue, command by command: money movements as printed logs, edge cases by name.

mod tsunamix_support;

use expect_test::{Expect, expect};
use plimsoll_engine::liquidation::Rule;
use plimsoll_engine::margin::isolated::Boundary;
use plimsoll_engine::oracle::Guards;
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::tsunamix::{Check, Command as Do, MarketParams, Rules, Sides};
use plimsoll_units::{
    AccountId, Amount, Duration, MarketId, Notional, PositionId, Quantity, Side, Timestamp,
};
use tsunamix_support::{HOUR, World, price, quiet_market, size, tell, usd};

fn check(events: &[plimsoll_engine::Event], expected: &Expect) {
    expected.assert_eq(&tell(events));
}

/// No fees, no bounties, a profit limit that is out of the way.
fn plain() -> (Rules, Vec<MarketParams>) {
    let mut market = quiet_market("BTC");
    market.trading_fee_e5 = 0;
    let rules = Rules {
        profit_pct_e5: 100_000,
        ..Rules::default()
    };
    (rules, vec![market])
}

fn world(rules: Rules, markets: Vec<MarketParams>) -> World {
    let mut world = World::funded(rules, markets);
    world.price(0, "28000");
    world
}

fn plain_world() -> World {
    let (rules, markets) = plain();
    world(rules, markets)
}

fn keepers(rules: Rules, markets: Vec<MarketParams>) -> World {
    let mut world = World::with(Execution::Keepers, rules, markets);
    world.price(0, "28000");
    world
}

fn liquidate(keeper: u32, position: PositionId) -> Do {
    Do::Liquidate {
        keeper: AccountId(keeper),
        position,
    }
}

fn register(keeper: u32, position: PositionId) -> Do {
    Do::Register {
        keeper: AccountId(keeper),
        position,
    }
}

fn decrease(account: u32, position: PositionId, by: &str) -> Do {
    Do::Decrease {
        account: AccountId(account),
        position,
        size: size(by),
        acceptable: None,
    }
}

fn increase(account: u32, position: PositionId, collateral: &str, by: &str) -> Do {
    Do::Increase {
        account: AccountId(account),
        position,
        collateral: usd(collateral),
        size: size(by),
        acceptable: None,
    }
}

fn remove_liquidity(account: u32, shares: &str) -> Do {
    Do::RemoveLiquidity {
        account: AccountId(account),
        shares: shares.parse::<Quantity<6>>().unwrap(),
    }
}

#[test]
fn a_trade_from_open_to_close_books_every_part_under_its_reason() {
    let mut market = MarketParams::new("BTC", price("0.01"));
    market.funding.velocity_factor = 0;
    let mut world = world(Rules::default(), vec![market]);
    let events = world.ok(World::opening(2, Side::Long, "1000", "10000"));
    check(
        &events,
        &expect![[r#"
            the wallet of account-2 (venue-0) -> the collateral of position-0 (venue-0): 1000 (collateral added)
            the wallet of account-2 (venue-0) -> the vault (venue-0): 5 (trading fee)
            the wallet of account-2 (venue-0) -> the protocol's fees (venue-0): 5 (trading fee)
            Opened { position: position-0, account: account-2, market: market-0, side: Long, size: Notional(10000), entry: Price(28000) }
        "#]],
    );
    world.wait(50);
    world.price(0, "28280");
    let events = world.ok(World::close(2, PositionId(0)));
    check(
        &events,
        &expect![[r#"
            the collateral of position-0 (venue-0) -> the vault (venue-0): 50 (borrowing fee)
            the vault (venue-0) -> the collateral of position-0 (venue-0): 100 (profit)
            the collateral of position-0 (venue-0) -> the vault (venue-0): 5 (trading fee)
            the collateral of position-0 (venue-0) -> the protocol's fees (venue-0): 5 (trading fee)
            the collateral of position-0 (venue-0) -> the wallet of account-2 (venue-0): 1040 (collateral returned)
            position-0 closed 10000 at 28280: pnl 100, funding 0, borrowing 50, credited 50, excess 0, fee 10, payout 1040
        "#]],
    );
    assert_eq!(
        (world.wallet(2), world.tvl()),
        ("100030".into(), "999960".into())
    );
}

#[test]
fn the_price_update_that_makes_it_liquidatable_liquidates() {
    let mut market = quiet_market("BTC");
    market.trading_fee_e5 = 300;
    let mut world = world(Rules::tsunamix(), vec![market]);
    let id = world.open(2, Side::Long, "1000", "10000");
    let view = world.view(id);
    assert_eq!(view.liquidation_price.unwrap().to_string(), "25312/1");
    assert_eq!(view.trigger_price, Some(price("25312")));
    let safe = world.price(0, "25312.01");
    assert_eq!(tell(&safe), "");
    let events = world.price(0, "25312");
    check(
        &events,
        &expect![[r#"
            case-1 opened: fees reached threshold x collateral + profit and loss, equity 10, requirement 10
            the collateral of position-0 (venue-0) -> the wallet of account-0 (venue-0): 20 (first caller's bounty)
            the collateral of position-0 (venue-0) -> the wallet of account-0 (venue-0): 80 (resolver's bounty)
            the collateral of position-0 (venue-0) -> the vault (venue-0): 900 (confiscated collateral)
            case-1: confiscate 1000
            case-1 closed: Liquidated { shortfall: 0 }
        "#]],
    );
    assert!(!world.exists(id));
    assert_eq!(world.venue().total_open(), Notional::ZERO);
}

#[test]
fn a_gap_beyond_the_collateral_is_recorded_as_shortfall() {
    let mut world = plain_world();
    world.open(2, Side::Short, "1000", "10000");
    let events = world.price(0, "33600");
    check(
        &events,
        &expect![[r#"
            case-1 opened: fees reached threshold x collateral + profit and loss, equity -1000, requirement 10
            the collateral of position-0 (venue-0) -> the vault (venue-0): 1000 (confiscated collateral)
            case-1: confiscate 1000
            case-1 closed: Liquidated { shortfall: 1000000000 }
        "#]],
    );
}

#[test]
fn first_caller_and_resolver_share_the_bounty() {
    let (_, markets) = plain();
    let mut world = keepers(Rules::tsunamix(), markets);
    world.deposit(3, "1");
    let id = world.open(2, Side::Long, "999.999999", "10000");
    assert_eq!(
        world.refused(register(3, id)),
        "position-0 is not liquidatable"
    );
    assert_eq!(
        world.refused(liquidate(3, id)),
        "position-0 is not liquidatable"
    );
    let opened = world.price(0, "25200");
    assert_eq!(world.venue().open_cases().count(), 1);
    assert!(tell(&opened).starts_with("case-1 opened: fees reached"));
    world.ok(register(3, id));
    assert_eq!(
        world.refused(register(0, id)),
        "position-0 was registered by account-3 before"
    );
    let events = world.ok(liquidate(0, id));
    check(
        &events,
        &expect![[r#"
            the collateral of position-0 (venue-0) -> the wallet of account-3 (venue-0): 19.999999 (first caller's bounty)
            the collateral of position-0 (venue-0) -> the wallet of account-0 (venue-0): 79.999999 (resolver's bounty)
            the collateral of position-0 (venue-0) -> the vault (venue-0): 900.000001 (confiscated collateral)
            case-1: confiscate 999.999999
            case-1 closed: Liquidated { shortfall: 1 }
        "#]],
    );
    assert_eq!(world.venue().registered(id), None);
    assert_eq!(world.refused(liquidate(0, id)), "position-0 does not exist");
}

#[test]
fn an_owner_cannot_close_what_is_liquidatable_but_can_rescue_it() {
    let (rules, markets) = plain();
    let mut world = keepers(rules, markets);
    world.deposit(3, "1");
    let id = world.open(2, Side::Long, "1000", "10000");
    world.price(0, "25200");
    world.ok(register(3, id));
    let refusal = "position-0 is liquidatable; its owner can no longer close it";
    assert_eq!(world.refused(World::close(2, id)), refusal);
    assert_eq!(world.refused(decrease(2, id, "100")), refusal);
    let events = world.ok(Do::AddCollateral {
        account: AccountId(2),
        position: id,
        amount: usd("100"),
    });
    check(
        &events,
        &expect![[r#"
            the wallet of account-2 (venue-0) -> the collateral of position-0 (venue-0): 100 (collateral added)
            case-1 closed: Recovered
        "#]],
    );
    assert_eq!(
        world.venue().registered(id),
        None,
        "a registration does not outlive the danger"
    );
    // The same by the market.
    world.price(0, "20000");
    assert_eq!(world.venue().open_cases().count(), 1);
    let events = world.price(0, "28000");
    assert_eq!(tell(&events), "case-2 closed: Recovered\n");
    assert_eq!(
        world.refused(liquidate(3, id)),
        "position-0 is not liquidatable"
    );
}

#[test]
fn fees_alone_liquidate_with_time_even_in_profit() {
    let mut market = quiet_market("BTC");
    market.trading_fee_e5 = 0;
    market.borrow_rate_e6 = Sides::both(1_000);
    let mut world = world(Rules::default(), vec![market]);
    let id = world.open(2, Side::Long, "1000", "10000");
    world.price(0, "28028");
    assert_eq!(world.view(id).pnl, usd("10"));
    // 10 an hour; 1,000 - 1 % of it + 10 are used up after 100 hours.
    world.now += 100 * HOUR - 1;
    world.ok(Do::Tick);
    assert!(world.exists(id));
    world.now += 1;
    let events = world.ok(Do::Tick);
    check(
        &events,
        &expect![[r#"
            case-1 opened: fees reached threshold x collateral + profit and loss, equity 10, requirement 10
            the collateral of position-0 (venue-0) -> the vault (venue-0): 1000 (confiscated collateral)
            case-1: confiscate 1000
            case-1 closed: Liquidated { shortfall: 0 }
        "#]],
    );
}

#[test]
fn the_boundary_of_each_check() {
    let survives = |rule: Check, fee_e5: u32, to: &str| {
        let mut market = quiet_market("BTC");
        market.trading_fee_e5 = fee_e5;
        let rules = Rules {
            check: rule,
            ..Rules::default()
        };
        let mut world = world(rules, vec![market]);
        let id = world.open(2, Side::Long, "1000", "10000");
        world.price(0, to);
        world.exists(id)
    };
    let (inclusive, strict) = (
        Check::Documented(Boundary::Inclusive),
        Check::Documented(Boundary::Strict),
    );
    // With a closing fee of 30 the boundary is 25,312; without it, 25,228.
    assert!(!survives(inclusive, 300, "25312"));
    assert!(survives(inclusive, 300, "25312.01"));
    assert!(survives(strict, 300, "25312"));
    assert!(!survives(strict, 300, "25311.99"));
    // The deployed check leaves the closing fee out and truncates the loss.
    assert!(survives(Check::Deployed, 300, "25312"));
    assert!(!survives(Check::Deployed, 300, "25228"));
    assert!(survives(Check::Deployed, 300, "25228.000000000000000001"));
}

#[test]
fn where_both_rules_are_met_liquidation_wins() {
    let mut market = quiet_market("BTC");
    market.profit_pct_e5 = Some(1);
    let mut world = world(Rules::default(), vec![market.clone()]);
    let id = world.open(2, Side::Long, "1000", "10000");
    // A profit of 5 is under the limit of 10. Then an absurd closing fee: 100 % of the size.
    world.price(0, "28014");
    market.trading_fee_e5 = 100_000;
    world.ok(Do::SetMarket {
        market: MarketId(0),
        params: market,
    });
    assert!(!world.exists(id));

    let mut market = quiet_market("BTC");
    market.profit_pct_e5 = Some(1);
    market.trading_fee_e5 = 9_800;
    market.threshold = "1".parse().unwrap();
    let mut world = keepers(Rules::default(), vec![market.clone()]);
    let id = world.open(2, Side::Long, "1000", "10000");
    market.trading_fee_e5 = 20_000;
    world.price(0, "28280");
    assert_eq!(world.verdict(id), Some(Rule::ProfitOverLimit));
    world.ok(Do::SetMarket {
        market: MarketId(0),
        params: market,
    });
    assert_eq!(world.verdict(id), Some(Rule::FeesOverThreshold));
    let rules: Vec<_> = world.venue().open_cases().map(|c| c.trigger.rule).collect();
    assert_eq!(rules, [Rule::FeesOverThreshold]);
}

#[test]
fn profit_at_the_limit_stays_and_above_it_is_forced_out_with_the_excess_kept() {
    let (mut rules, markets) = plain();
    rules.profit_pct_e5 = 1_000;
    let mut world = world(rules, markets);
    let id = world.open(2, Side::Long, "10000", "100000");
    assert_eq!(world.view(id).profit_limit_price.to_string(), "30800/1");
    assert_eq!(tell(&world.price(0, "30800")), "");
    let events = world.price(0, "30828");
    check(
        &events,
        &expect![[r#"
            case-1 opened: profit went above the limit of one trade, equity 10100, requirement 10000
            the vault (venue-0) -> the collateral of position-0 (venue-0): 10000 (profit)
            the collateral of position-0 (venue-0) -> the wallet of account-2 (venue-0): 20000 (collateral returned)
            position-0 closed 100000 at 30828: pnl 10100, funding 0, borrowing 0, credited 10000, excess 100, fee 0, payout 20000
            case-1: force-close 100000
            case-1 closed: Liquidated { shortfall: 0 }
        "#]],
    );
    assert_eq!(
        (world.wallet(2), world.tvl()),
        ("110000".into(), "990000".into())
    );
}

#[test]
fn forced_closes_go_by_excess_then_id_and_read_the_vault_again() {
    let (mut rules, markets) = plain();
    rules.profit_pct_e5 = 1_000;
    rules.sharing.kappa_bps = 20_000;
    let mut world = world(rules, markets);
    // At +10 %: profits of 9,950 (not above 10,000 at first), 25,000 and twice 12,000.
    for notional in ["99500", "250000", "120000", "120000"] {
        world.open(2, Side::Long, "20000", notional);
    }
    let events = world.price(0, "30800");
    let closes: Vec<_> = tell(&events)
        .lines()
        .filter_map(|l| {
            l.split_once(" closed ")
                .filter(|(w, _)| w.starts_with("position"))
        })
        .map(|(who, what)| {
            let credited = what.split("credited ").nth(1).unwrap();
            format!("{who}: {}", credited.split(',').next().unwrap())
        })
        .collect();
    assert_eq!(
        closes,
        [
            "position-1: 10000",
            "position-2: 9900",
            "position-3: 9801",
            "position-0: 9702.99"
        ]
    );
    assert_eq!(world.tvl(), "960596.01");
}

#[test]
fn partial_closes_count_towards_the_limit_of_the_whole_trade() {
    let (mut rules, markets) = plain();
    rules.profit_pct_e5 = 1_000;
    let mut world = keepers(rules, markets);
    let id = world.open(2, Side::Long, "10000", "100000");
    world.price(0, "30520");
    // 9,000 of profit; half of it realised.
    let events = world.ok(decrease(2, id, "50000"));
    check(
        &events,
        &expect![[r#"
            the vault (venue-0) -> the collateral of position-0 (venue-0): 4500 (profit)
            the collateral of position-0 (venue-0) -> the wallet of account-2 (venue-0): 9500 (collateral returned)
            position-0 closed 50000 at 30520: pnl 4500, funding 0, borrowing 0, credited 4500, excess 0, fee 0, payout 9500
        "#]],
    );
    assert_eq!(world.view(id).realised, usd("4500"));
    // The vault is down to 995,500: the limit is 9,955, and 5,455 are left of it.
    world.price(0, "31080");
    let events = world.ok(World::close(2, id));
    check(
        &events,
        &expect![[r#"
            the vault (venue-0) -> the collateral of position-0 (venue-0): 5455 (profit)
            the collateral of position-0 (venue-0) -> the wallet of account-2 (venue-0): 10455 (collateral returned)
            position-0 closed 50000 at 31080: pnl 5500, funding 0, borrowing 0, credited 5455, excess 45, fee 0, payout 10455
            case-1 closed: Recovered
        "#]],
    );
}

#[test]
fn a_vault_without_money_forces_out_any_profit_and_credits_none() {
    let (rules, markets) = plain();
    let mut world = world(rules, markets);
    let winner = world.open(2, Side::Long, "100000", "400000");
    world.deposit(3, "200");
    let other = world.open(3, Side::Long, "100", "100");
    // 250 % of profit on 400,000 is the whole vault, exactly at the limit; one cent more is not.
    let events = world.price(0, "98000.01");
    let log = tell(&events);
    assert!(!world.exists(winner) && !world.exists(other), "{log}");
    assert_eq!(world.tvl(), "0");
    assert!(log.contains("position-1 closed 100 at 98000.01: pnl 250.000035, funding 0, borrowing 0, credited 0, excess 250.000035"), "{log}");
    assert_eq!(world.wallet(3), "200");
}

#[test]
fn a_smaller_vault_or_a_lower_limit_forces_out_profits_that_were_legal() {
    let (mut rules, markets) = plain();
    rules.profit_pct_e5 = 1_000;
    let mut world = world(rules, markets);
    let id = world.open(2, Side::Long, "10000", "100000");
    world.price(0, "30520");
    // 9,000 of profit: a vault of 900,000 tolerates it, one unit less does not.
    world.ok(remove_liquidity(1, "100000"));
    assert!(world.exists(id));
    let events = world.ok(remove_liquidity(1, "0.0001"));
    assert!(tell(&events).contains("case-1 opened: profit went above the limit"));
    assert!(!world.exists(id));

    let (mut rules, markets) = plain();
    rules.profit_pct_e5 = 1_000;
    let mut world = self::world(rules, markets);
    let id = world.open(2, Side::Short, "10000", "100000");
    world.price(0, "25760");
    rules.profit_pct_e5 = 500;
    let events = world.ok(Do::SetRules(rules));
    assert!(tell(&events).contains("credited 5000, excess 3000"));
    assert!(!world.exists(id));
}

#[test]
fn liquidations_come_before_forced_closes_and_feed_the_vault_first() {
    let (mut rules, markets) = plain();
    rules.profit_pct_e5 = 1_000;
    let mut world = world(rules, markets);
    let forced = world.open(2, Side::Long, "10000", "100001");
    world.deposit(3, "20000");
    world.open(3, Side::Short, "20000", "200000");
    // +10 %: a profit of 10,000.1 against a limit of 10,000 - which the confiscated 20,000 raise.
    let events = world.price(0, "30800");
    assert!(tell(&events).contains("confiscate 20000"));
    assert!(
        world.exists(forced),
        "the limit is 10,200 by the time it is its turn"
    );
}

#[test]
fn refusals_by_name() {
    let mut world = world(
        Rules::default(),
        vec![quiet_market("BTC"), quiet_market("ETH")],
    );
    let id = world.open(2, Side::Long, "1000", "10000");
    let open =
        |collateral: &str, notional: &str| World::opening(2, Side::Long, collateral, notional);
    let collateral = |amount: &str| Do::AddCollateral {
        account: AccountId(2),
        position: id,
        amount: usd(amount),
    };
    let remove = |amount: &str| Do::RemoveCollateral {
        account: AccountId(2),
        position: id,
        amount: usd(amount),
    };
    let update = |world: &mut World, market: u16, to: &str| {
        let update = world.price_update(market, price(to));
        vec![update]
    };
    let acceptable = |side, worst: &str| Do::Open {
        account: AccountId(2),
        market: MarketId(0),
        side,
        collateral: usd("100"),
        size: size("1000"),
        acceptable: Some(price(worst)),
    };
    let mut cases = vec![
        (
            Do::Deposit {
                account: AccountId(9),
                amount: usd("1"),
            },
            "account-9 cannot be opened: the next account is account-3",
        ),
        (
            Do::Deposit {
                account: AccountId(2),
                amount: usd("0"),
            },
            "0 (raw) is not a positive amount",
        ),
        (
            Do::Deposit {
                account: AccountId(2),
                amount: usd("-1"),
            },
            "-1000000 (raw) is not a positive amount",
        ),
        (
            Do::Deposit {
                account: AccountId(2),
                amount: Amount::from_raw(1 << 63),
            },
            "9223372036854775808 (raw) is more than one position can hold",
        ),
        (
            Do::Withdraw {
                account: AccountId(9),
                amount: usd("1"),
            },
            "account-9 does not exist",
        ),
        (
            Do::Withdraw {
                account: AccountId(2),
                amount: usd("1000000"),
            },
            "the wallet of account-2 (venue-0) holds 98990000000 raw units, 1000000000000 are needed",
        ),
        (
            open("4.999999", "10"),
            "a collateral of 4.999999 is below the least, 5",
        ),
        (
            open("1000", "999.999999"),
            "a collateral of 1000 is more than the size 999.999999",
        ),
        (
            open("1000", "20000.000001"),
            "a size of 20000.000001 on a collateral of 1000 is more than 20x",
        ),
        (open("1000", "0"), "0 (raw) is not a positive amount"),
        (
            open("50000", "490000.000001"),
            "open interest 10000000000 + 490000000001 would exceed the limit 250000000000 (raw)",
        ),
        (
            World::opening(9, Side::Long, "1000", "10000"),
            "account-9 does not exist",
        ),
        (
            Do::Open {
                account: AccountId(2),
                market: MarketId(7),
                side: Side::Long,
                collateral: usd("10"),
                size: size("10"),
                acceptable: None,
            },
            "market-7 does not exist",
        ),
        (
            Do::Open {
                account: AccountId(2),
                market: MarketId(1),
                side: Side::Long,
                collateral: usd("10"),
                size: size("10"),
                acceptable: None,
            },
            "market-1 has no price yet",
        ),
        (
            acceptable(Side::Long, "27999.99"),
            "the execution price 28000 is worse than 27999.99",
        ),
        (
            acceptable(Side::Short, "28000.01"),
            "the execution price 28000 is worse than 28000.01",
        ),
        (
            World::close(1, id),
            "position-0 does not belong to account-1",
        ),
        (World::close(2, PositionId(7)), "position-7 does not exist"),
        (
            decrease(2, id, "10000"),
            "a decrease of 10000 leaves nothing of 10000",
        ),
        (decrease(2, id, "0"), "0 (raw) is not a positive amount"),
        (
            increase(2, id, "-1", "10"),
            "-1000000 (raw) is not a positive amount",
        ),
        (
            increase(2, id, "0", "10000.000001"),
            "a size of 20000.000001 on a collateral of 1000 is more than 20x",
        ),
        (
            collateral("9000.000001"),
            "a collateral of 10000.000001 is more than the size 10000",
        ),
        (
            remove("500.000001"),
            "a size of 10000 on a collateral of 499.999999 is more than 20x",
        ),
        (remove("0"), "0 (raw) is not a positive amount"),
        (
            Do::ForceClose {
                keeper: AccountId(0),
                position: id,
            },
            "the profit of position-0 is within the limit",
        ),
        (
            Do::ForceClose {
                keeper: AccountId(9),
                position: id,
            },
            "account-9 does not exist",
        ),
        (
            remove_liquidity(2, "1"),
            "1000000 shares (raw) are more than the 1000000000000 in circulation",
        ),
        (
            remove_liquidity(1, "990005.000001"),
            "open interest of 10000 needs more than the 9995.049974 the vault would back",
        ),
        (remove_liquidity(1, "0"), "0 (raw) is not a positive amount"),
        (
            Do::SetLimit {
                market: MarketId(0),
                side: Side::Long,
                limit: size("-1"),
            },
            "-1000000 (raw) is not a positive amount",
        ),
    ];
    for (command, expected) in cases.drain(..) {
        let given = format!("{command:?}");
        assert_eq!(world.refused(command), expected, "{given}");
    }
    let stale = update(&mut world, 0, "29000");
    world.ok(Do::Prices(stale.clone()));
    assert_eq!(
        world.refused(Do::Prices(stale)),
        "version 2 of market-0 is not newer than version 2"
    );
    let mut pair = update(&mut world, 1, "1");
    pair.extend(update(&mut world, 0, "1"));
    assert_eq!(
        world.refused(Do::Prices(pair)),
        "market-0 is out of order: prices come by market number, each market once"
    );
    let zero = update(&mut world, 0, "0");
    assert_eq!(
        world.refused(Do::Prices(zero)),
        "the price 0 (raw) of market-0 is not positive"
    );
    let absurd = update(&mut world, 0, "1000000000000.000000000000000001");
    assert_eq!(
        world.refused(Do::Prices(absurd)),
        "the price 1000000000000.000000000000000001 of market-0 is above 1000000000000"
    );
    world.now -= 1;
    assert!(
        world
            .refused(Do::Tick)
            .starts_with("the command is from 2025-10-09 23:59:59.999")
    );
}

#[test]
fn a_position_that_would_be_liquidatable_at_once_is_not_opened() {
    let mut market = quiet_market("FX");
    market.max_leverage = 1_000;
    market.trading_fee_e5 = 100;
    let mut world = world(Rules::default(), vec![market]);
    // Closing fee of 990 = threshold of 1,000.
    assert_eq!(
        world.refused(World::opening(2, Side::Long, "100", "99000")),
        "position-0 would be liquidatable at once"
    );
    let id = world.open(2, Side::Long, "100", "98000");
    assert_eq!(
        world.refused(Do::RemoveCollateral {
            account: AccountId(2),
            position: id,
            amount: usd("1.02")
        }),
        "position-0 would be liquidatable at once"
    );
    assert_eq!(
        world.refused(increase(2, id, "0", "1000")),
        "position-0 would be liquidatable at once"
    );
}

#[test]
fn parameters_out_of_bounds_are_refused_by_name() {
    let mut world = plain_world();
    let rules = |change: fn(&mut Rules)| {
        let mut rules = Rules::default();
        change(&mut rules);
        Do::SetRules(rules)
    };
    let market = |change: fn(&mut MarketParams)| {
        let mut params = quiet_market("BTC");
        change(&mut params);
        Do::SetMarket {
            market: MarketId(0),
            params,
        }
    };
    let cases = [
        (
            rules(|r| r.profit_pct_e5 = 0),
            "profit_pct_e5 is 0; it must be between 1 and 100000",
        ),
        (
            rules(|r| r.profit_pct_e5 = 100_001),
            "profit_pct_e5 is 100001; it must be between 1 and 100000",
        ),
        (
            rules(|r| r.bounty.resolver_e5 = 100_001),
            "sum of the bounties is 100001; it must be between 0 and 100000",
        ),
        (
            rules(|r| r.sharing.lambda_bps = 10_001),
            "lambda_bps is 10001; it must be between 0 and 10000",
        ),
        (
            rules(|r| r.epoch = Duration(0)),
            "epoch (ms) is 0; it must be between 60000 and 31622400000",
        ),
        (
            market(|m| m.threshold = "0.799999".parse().unwrap()),
            "threshold (ppm) is 799999; it must be between 800000 and 1000000",
        ),
        (
            market(|m| m.threshold = "1.000001".parse().unwrap()),
            "threshold (ppm) is 1000001; it must be between 800000 and 1000000",
        ),
        (
            market(|m| m.max_leverage = 0),
            "max_leverage is 0; it must be between 1 and 1000000",
        ),
        (
            market(|m| m.tick = price("0")),
            "tick is 0; it must be between 1 and 1000000000000000000000000000000",
        ),
        (
            market(|m| m.weights = Sides::both(0)),
            "sum of the weights is 0; it must be between 1 and 170141183460469231731687303715884105727",
        ),
    ];
    for (command, expected) in cases {
        assert_eq!(world.refused(command), expected);
    }
}

#[test]
fn shares_follow_the_vault_and_withdrawals_leave_what_backs_the_open_interest() {
    let mut world = plain_world();
    let id = world.open(2, Side::Long, "10000", "100000");
    world.price(0, "25200");
    assert!(!world.exists(id));
    // The vault won 10,000: a share is worth 1.01, and a deposit buys fewer.
    world.deposit(3, "1000");
    world.ok(Do::AddLiquidity {
        account: AccountId(3),
        amount: usd("1000"),
    });
    let ledger = world.engine.ledger();
    let shares = world.venue().shares(ledger, AccountId(3)).unwrap();
    assert_eq!(shares.to_string(), "990.099009");
    world.ok(remove_liquidity(3, "990.099009"));
    // 990.099009 shares are worth 999.9999..., rounded down in favour of those who stay.
    assert_eq!(
        (world.wallet(3), world.tvl()),
        ("999.999999".into(), "1010000.000001".into())
    );
    world.price(0, "28000");
    world.open(2, Side::Short, "10000", "100000");
    // 900,990.0990108... shares are worth what is not needed.
    let too_much = remove_liquidity(1, "900990.099011");
    assert!(
        world
            .refused(too_much)
            .starts_with("open interest of 100000 needs more than")
    );
    world.ok(remove_liquidity(1, "900990.09901"));
}

#[test]
fn limits_follow_demand_epoch_by_epoch() {
    let mut world = world(
        Rules::default(),
        vec![quiet_market("BTC"), quiet_market("ETH")],
    );
    let limits = |world: &World| -> Vec<String> {
        let cells = world.venue().markets().iter();
        let cells = cells.flat_map(|m| [m.cells.long, m.cells.short]);
        cells.map(|c| c.limit.to_string()).collect()
    };
    // The first money in the vault opens it, by weight alone.
    assert_eq!(limits(&world), ["250000", "250000", "250000", "250000"]);
    // Half of an epoch with 100,000 long: demand is 50,000.
    world.wait(4);
    let id = world.open(2, Side::Long, "10000", "100000");
    world.wait(4);
    world.ok(Do::Tick);
    // e = 1.5 * 50,000; T = {850,000, 50,000, 50,000, 50,000} of a vault of 1,000,050.
    assert_eq!(
        limits(&world),
        ["850042.5", "50002.5", "50002.5", "50002.5"]
    );
    assert_eq!(world.venue().epoch().1, Timestamp(world.now + 8 * HOUR));
    // Closed at once: the next epoch has no demand, and the trend is down.
    world.ok(World::close(2, id));
    world.wait(8);
    world.ok(Do::Tick);
    assert_eq!(limits(&world)[0], limits(&world)[1], "back to the weights");
}

#[test]
fn many_epochs_at_once_end_like_one_by_one() {
    let run = |step: i64, wait: i64| {
        let mut world = world(
            Rules::default(),
            vec![quiet_market("BTC"), quiet_market("ETH")],
        );
        world.wait(3);
        world.open(2, Side::Long, "10000", "100000");
        world.wait(2);
        world.open(2, Side::Short, "1000", "7777");
        for _ in 0..wait / step {
            world.now += step * HOUR;
            world.ok(Do::Tick);
        }
        let cells = world.venue().markets().iter();
        let cells = cells.flat_map(|m| [m.cells.long, m.cells.short]);
        let cells: Vec<_> = cells.map(|c| (c.limit, c.previous)).collect();
        (cells, world.venue().epoch())
    };
    for wait in [8, 16, 24, 32, 48, 80, 8_000] {
        assert_eq!(run(8, wait), run(wait, wait), "{wait} hours");
    }
}

#[test]
fn a_lower_limit_or_a_poorer_vault_closes_nothing_but_refuses_increases() {
    let (mut rules, markets) = plain();
    rules.sharing.kappa_bps = 1_000;
    let mut world = world(rules, markets);
    let id = world.open(2, Side::Long, "10000", "40000");
    let limit = |limit: &str| Do::SetLimit {
        market: MarketId(0),
        side: Side::Long,
        limit: size(limit),
    };
    world.ok(limit("30000"));
    assert!(world.exists(id));
    assert_eq!(
        world.refused(increase(2, id, "0", "1")),
        "open interest 40000000000 + 1000000 would exceed the limit 30000000000 (raw)"
    );
    world.ok(limit("1000000"));
    assert_eq!(
        world.refused(increase(2, id, "0", "60000.000001")),
        "total open interest 40000000000 + 60000000001 would exceed 100000000000, which the vault backs (raw)"
    );
    world.ok(decrease(2, id, "1"));
    // The vault falls under what the open interest needs: reduce only.
    rules.sharing.kappa_bps = 300;
    world.ok(Do::SetRules(rules));
    world.ok(Do::Rebalance);
    assert_eq!(world.venue().markets()[0].cells.long.limit, size("39999"));
    assert!(
        world
            .refused(increase(2, id, "0", "0.000001"))
            .contains("would exceed the limit")
    );
    world.ok(World::close(2, id));
}

#[test]
fn funding_accrues_before_limits_change() {
    let owed = |when: Option<i64>| {
        let mut market = MarketParams::new("BTC", price("0.01"));
        market.funding.volatility_factor = 100_000;
        let mut world = world(Rules::default(), vec![market]);
        let id = world.open(2, Side::Long, "10000", "100000");
        for hour in 1..=7 {
            world.wait(1);
            if when == Some(hour) {
                let halved = size("100000");
                let market = MarketId(0);
                world.ok(Do::SetLimit {
                    market,
                    side: Side::Long,
                    limit: halved,
                });
                world.ok(Do::SetLimit {
                    market,
                    side: Side::Short,
                    limit: halved,
                });
            }
        }
        world.view(id).holding.funding
    };
    // Changed at the very end, a limit cannot change what was owed; changed early, it does.
    assert_eq!(owed(Some(7)), owed(None));
    assert!(owed(Some(1)) > owed(None), "a lower limit doubles the skew");
}

#[test]
fn funding_starts_with_the_first_trade() {
    let mut market = MarketParams::new("BTC", price("0.01"));
    market.funding.volatility_factor = 100_000;
    let mut world = world(Rules::default(), vec![market]);
    // A year of a long bias and nobody there: no rate has built up.
    world.wait(8_760);
    world.price(0, "28000");
    let id = world.open(2, Side::Long, "10000", "100000");
    assert_eq!(world.venue().markets()[0].funding.rate_e15, 0);
    world.wait(1);
    assert!(world.view(id).holding.funding > Amount::ZERO);
}

#[test]
fn funding_is_paid_by_one_side_and_credited_to_the_other() {
    let mut market = MarketParams::new("BTC", price("0.01"));
    market.funding.volatility_factor = 100_000;
    market.borrow_rate_e6 = Sides::both(0);
    let mut world = world(Rules::default(), vec![market]);
    let long = world.open(2, Side::Long, "10000", "100000");
    let short = world.open(2, Side::Short, "10000", "100000");
    world.wait(7);
    let (paid, received) = (
        world.view(long).holding.funding,
        world.view(short).holding.funding,
    );
    assert!(
        paid > Amount::ZERO && received == paid.neg().unwrap(),
        "{paid} {received}"
    );
    // An increase stores what was owed and changes nothing about it.
    world.ok(increase(2, long, "1000", "777.777777"));
    assert_eq!(world.view(long).holding.funding, paid);
    // A decrease takes its part along, to the unit.
    let log = tell(&world.ok(decrease(2, long, "33333.333333")));
    let part: Amount<6> = log
        .split("funding ")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(world.view(long).holding.funding.add(part).unwrap(), paid);
}

#[test]
fn an_increase_keeps_the_profit_or_makes_it_jump_as_deployed() {
    use plimsoll_engine::venues::tsunamix::fees::EntryRule;
    let after = |entry| {
        let (mut rules, markets) = plain();
        rules.entry = entry;
        let mut world = world(rules, markets);
        let id = world.open(2, Side::Long, "5000", "5000");
        world.price(0, "56000");
        world.ok(increase(2, id, "0", "5000"));
        (
            world.view(id).pnl.to_string(),
            world.view(id).entry.to_string(),
        )
    };
    assert_eq!(
        after(EntryRule::Conserving),
        ("4999.999999".into(), "37333.333333333333333334".into())
    );
    assert_eq!(
        after(EntryRule::Deployed),
        ("3333.333333".into(), "42000".into())
    );
}

#[test]
fn slippage_worsens_both_ends_and_is_bounded_by_the_acceptable_price() {
    let (rules, mut markets) = plain();
    markets[0].slippage_factor = 1_000;
    let mut world = world(rules, markets);
    // 1,000 * (2 * 0 + 100,000) / (2 * 1,000,000) = 50 of 100,000.
    let id = world.open(2, Side::Long, "10000", "100000");
    assert_eq!(world.view(id).entry, price("28014"));
    let too_good = Do::Close {
        account: AccountId(2),
        position: id,
        acceptable: Some(price("28000")),
    };
    // 1,000 * (2 * 100,000 + 100,000) / 2,000,000 = 150.
    assert_eq!(
        world.refused(too_good),
        "the execution price 27958 is worse than 28000"
    );
    let log = tell(&world.ok(World::close(2, id)));
    assert!(
        log.contains("position-0 closed 100000 at 27958: pnl -199.900049,"),
        "{log}"
    );
}

#[test]
fn a_stale_price_blocks_the_engine_until_the_next_one() {
    let mut market = quiet_market("BTC");
    market.trading_fee_e5 = 0;
    market.borrow_rate_e6 = Sides::both(10_000);
    let rules = Rules {
        guards: Guards {
            max_age: Some(Duration(HOUR)),
            max_deviation_ppm: None,
        },
        ..Rules::default()
    };
    let mut world = world(rules, vec![market]);
    let id = world.open(2, Side::Long, "1000", "10000");
    world.wait(10);
    let events = world.ok(Do::Tick);
    check(
        &events,
        &expect![[r#"
            Rebalanced { budget: Notional(1000000), open: Notional(10000), limits: [Sides { long: Notional(900000), short: Notional(100000) }] }
            case-1 opened: fees reached threshold x collateral + profit and loss, equity 0, requirement 10
            Blocked { case: case-1, reason: NoPrice }
        "#]],
    );
    assert_eq!(world.venue().open_cases().count(), 1);
    assert!(world.refused(World::close(2, id)).contains("too old"));
    let events = world.price(0, "28000");
    check(
        &events,
        &expect![[r#"
            the collateral of position-0 (venue-0) -> the vault (venue-0): 1000 (confiscated collateral)
            case-1: confiscate 1000
            case-1 closed: Liquidated { shortfall: 0 }
        "#]],
    );
}

#[test]
fn a_refused_command_does_not_roll_the_epoch() {
    let mut world = plain_world();
    world.wait(9);
    let (began, _) = world.venue().epoch();
    world.refused(World::close(2, PositionId(0)));
    assert_eq!(world.venue().epoch().0, began);
    world.ok(Do::Tick);
    assert!(world.venue().epoch().0 > began);
}

#[test]
fn a_place_is_used_again_under_another_id() {
    let mut world = plain_world();
    let first = world.open(2, Side::Long, "1000", "10000");
    world.ok(World::close(2, first));
    let second = world.open(2, Side::Short, "1000", "10000");
    assert_eq!((first.slot(), second.slot()), (0, 0));
    assert_eq!(second.generation(), 1);
    assert_eq!(
        world.refused(World::close(2, first)),
        "position-0 does not exist"
    );
    assert!(world.exists(second));
}

#[test]
fn markets_can_be_listed_and_traded_later() {
    let mut world = plain_world();
    world.ok(Do::AddMarket(quiet_market("ETH")));
    world.ok(Do::Rebalance);
    assert_eq!(world.venue().markets()[1].cells.long.limit, size("250000"));
}

#[test]
fn memory_of_a_position_stays_under_256_bytes_with_its_ledger_account_and_trips() {
    let (mut rules, mut markets) = plain();
    rules.profit_pct_e5 = 1_000;
    markets[0] = MarketParams::new("BTC", price("0.01"));
    let mut world = world(rules, markets);
    let before = world.venue().memory_bytes() + world.engine.ledger().memory_bytes();
    // Just under a power of two of ledger accounts, so that no table has just doubled.
    let many = 8_000;
    for at in 0..many {
        let side = if at % 2 == 0 { Side::Long } else { Side::Short };
        let account = 3 + at;
        if at % 100 == 0 {
            // Entries differ, as they do in life.
            world.price(0, &format!("{}", 28_000 + at % 900));
        }
        let commands = [
            Do::Deposit {
                account: AccountId(account),
                amount: usd("11"),
            },
            World::opening(account, side, "10", &format!("{}", 20 + at * 7_919 % 150)),
        ];
        for command in commands {
            // Without the audit after every command, which looks at everybody.
            let command = plimsoll_engine::Command {
                time: Timestamp(world.now),
                venue: tsunamix_support::VENUE,
                body: plimsoll_engine::Body::TsunamiX(command),
            };
            world.engine.apply(&command).unwrap();
        }
    }
    let after = world.venue().memory_bytes() + world.engine.ledger().memory_bytes();
    let each = (after - before) / many as usize;
    // One account with its wallet, and one position with its collateral and trips.
    assert!(each < 256, "{each} bytes for an account with a position");
}

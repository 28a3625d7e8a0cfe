//! What traces of the contracts do not cover: our two modes, cases, parameters and refusals
//! outside the vectors, and the flags of `perennial-plus`. Scenarios are lines of commands; what
//! came of each line is printed below it.

mod perennial_support;

use expect_test::{Expect, expect};
use perennial_support::{Bench, LIQ, by_engine, id, plain, venue, with_flags};
use plimsoll_engine::venues::perennial::{
    Command as Op, Config as VenueParams, Curve, Flags, Money, Phase, ProductParams, Refusal, Role,
    Size,
};
use plimsoll_engine::{Engine, Rejection};
use plimsoll_units::{MarketId, Rounding, mul_div};

const PRODUCT: MarketId = MarketId(0);

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check(venue: VenueParams, script: &str, expected: Expect) {
    expected.assert_eq(&Bench::new(venue).record(script));
}

fn fees() -> ProductParams {
    ProductParams {
        maker_fee: "0.01".parse().unwrap(),
        taker_fee: "0.02".parse().unwrap(),
        ..plain()
    }
}

// ---- keepers and engine -------------------------------------------------------------------

#[test]
fn a_case_is_opened_by_the_version_and_closed_when_the_price_comes_back() {
    check(
        venue(vec![plain()]),
        "oracle 300
         deposit alice 10000
         make alice 100
         oracle 300
         oracle 334
         oracle 333
         oracle 334
         deposit alice 20",
        expect![[r#"
            oracle 300
            deposit alice 10000
              10000: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            make alice 100
            oracle 300
            oracle 334
              case-1 opened for alice
            oracle 333
              case-1 closed: Recovered
            oracle 334
              case-2 opened for alice
            deposit alice 20
              20: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
              case-2 closed: Recovered
        "#]],
    );
}

#[test]
fn a_keeper_liquidates_and_the_case_ends_with_the_version_that_lifts_the_lock() {
    check(
        venue(vec![plain()]),
        "oracle 100
         deposit alice 3100
         deposit bob 100000
         make bob 100
         oracle 100
         take alice 100
         oracle 100
         oracle 95
         liquidate alice by liq
         liquidate alice by carol
         oracle 60
         settle alice",
        expect![[r#"
            oracle 100
            deposit alice 3100
              3100: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            deposit bob 100000
              100000: the outside world (venue-0) -> the collateral of account-1 in market-0 (venue-0) (deposit)
            make bob 100
            oracle 100
            take alice 100
            oracle 100
            oracle 95
              case-1 opened for alice
            liquidate alice by liq
              500: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              case-1 close-next-version 100
              570: the collateral of account-0 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-1 reward 570
              alice liquidated, reward 570
            liquidate alice by carol
              refused: CollateralAccountLiquidatingError: account-0 is being liquidated already
            oracle 60
              case-1 closed: Liquidated { shortfall: 1470000000000000000000 }
            settle alice
              2030: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              1470: the shortfall of market-0 (venue-0) -> the clearing of market-0 (venue-0) (loss beyond the balance)
        "#]],
    );
}

#[test]
fn the_engine_liquidates_in_the_order_of_accounts_and_settles_after_the_lock() {
    check(
        by_engine(venue(vec![plain()])),
        "oracle 100
         deposit carol 3100
         deposit bob 100000
         deposit alice 3050
         make bob 300
         oracle 100
         take carol 100
         take alice 100
         oracle 100
         oracle 97
         oracle 60",
        expect![[r#"
            oracle 100
            deposit carol 3100
              3100: the outside world (venue-0) -> the collateral of account-2 in market-0 (venue-0) (deposit)
            deposit bob 100000
              100000: the outside world (venue-0) -> the collateral of account-1 in market-0 (venue-0) (deposit)
            deposit alice 3050
              3050: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            make bob 300
            oracle 100
            take carol 100
            take alice 100
            oracle 100
            oracle 97
              case-1 opened for alice
              300: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              case-1 close-next-version 100
              582: the collateral of account-0 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-1 reward 582
              alice liquidated, reward 582
              case-2 opened for carol
              300: the collateral of account-2 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              case-2 close-next-version 100
              582: the collateral of account-2 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-2 reward 582
              carol liquidated, reward 582
            oracle 60
              2168: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              1532: the shortfall of market-0 (venue-0) -> the clearing of market-0 (venue-0) (loss beyond the balance)
              case-1 closed: Liquidated { shortfall: 1532000000000000000000 }
              2218: the collateral of account-2 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              1482: the shortfall of market-0 (venue-0) -> the clearing of market-0 (venue-0) (loss beyond the balance)
              case-2 closed: Liquidated { shortfall: 1482000000000000000000 }
        "#]],
    );
}

#[test]
fn a_liquidation_the_contract_cannot_pay_is_blocked_and_tried_again() {
    // Fee and reward exceed the collateral; the reason is reported once. A smaller reward makes
    // the liquidation payable.
    let params = ProductParams {
        maker_fee: "0.05".parse().unwrap(),
        ..plain()
    };
    let mut venue = by_engine(venue(vec![params]));
    venue.protocol.liquidation_fee = "1".parse().unwrap();
    check(
        venue,
        "oracle 300
         deposit alice 11500
         make alice 100
         oracle 300
         oracle 500
         oracle 501
         set liquidationFee 0.2",
        expect![[r#"
            oracle 300
            deposit alice 11500
              11500: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            make alice 100
              1500: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (position fee)
            oracle 300
            oracle 500
              case-1 opened for alice
              case-1 blocked: Panic
            oracle 501
            set liquidationFee 0.2
              1500: the clearing of market-0 (venue-0) -> the fees of market-0 (venue-0) (market owner's share of fees)
              2505: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (position fee)
              case-1 close-next-version 100
              3006: the collateral of account-0 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-1 reward 3006
              alice liquidated, reward 3006
        "#]],
    );
}

#[test]
fn a_closing_fee_that_makes_an_account_liquidatable_liquidates_it_in_the_same_command() {
    check(
        by_engine(venue(vec![fees()])),
        "oracle 100
         deposit alice 3210
         deposit bob 100000
         make bob 200
         oracle 100
         take alice 100
         oracle 100
         untake alice 20",
        expect![[r#"
            oracle 100
            deposit alice 3210
              3210: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            deposit bob 100000
              100000: the outside world (venue-0) -> the collateral of account-1 in market-0 (venue-0) (deposit)
            make bob 200
              200: the collateral of account-1 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (position fee)
            oracle 100
            take alice 100
              200: the clearing of market-0 (venue-0) -> the fees of market-0 (venue-0) (market owner's share of fees)
              200: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (position fee)
            oracle 100
            untake alice 20
              40: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (position fee)
              case-1 opened for alice
              160: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (position fee)
              case-1 close-next-version 80
              600: the collateral of account-0 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-1 reward 600
              alice liquidated, reward 600
        "#]],
    );
}

#[test]
fn a_closed_product_liquidates_nobody_until_it_is_reopened() {
    check(
        by_engine(venue(vec![plain()])),
        "oracle 300
         deposit alice 10000
         make alice 100
         oracle 300
         set closed true
         oracle 500
         liquidate alice by liq
         set closed false",
        expect![[r#"
            oracle 300
            deposit alice 10000
              10000: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            make alice 100
            oracle 300
            set closed true
            oracle 500
            liquidate alice by liq
              refused: ProductClosedError: the product is closed
            set closed false
              case-1 opened for alice
              case-1 close-next-version 100
              3000: the collateral of account-0 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-1 reward 3000
              alice liquidated, reward 3000
        "#]],
    );
}

#[test]
fn an_open_case_waits_while_its_product_is_closed() {
    check(
        venue(vec![plain()]),
        "oracle 300
         deposit alice 10000
         make alice 100
         oracle 300
         oracle 500
         set closed true
         oracle 300
         oracle 500
         set closed false",
        expect![[r#"
            oracle 300
            deposit alice 10000
              10000: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            make alice 100
            oracle 300
            oracle 500
              case-1 opened for alice
            set closed true
              case-1 blocked: MarketClosed
            oracle 300
              case-1 closed: Recovered
            oracle 500
            set closed false
              case-2 opened for alice
        "#]],
    );
}

#[test]
fn a_paused_protocol_liquidates_nobody_and_resumes_with_whoever_is_due() {
    check(
        by_engine(venue(vec![plain()])),
        "oracle 300
         deposit alice 10000
         make alice 100
         oracle 300
         set paused true
         oracle 500
         settle
         set maintenance 0.2
         set paused false",
        expect![[r#"
            oracle 300
            deposit alice 10000
              10000: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            make alice 100
            oracle 300
            set paused true
            oracle 500
              case-1 opened for alice
            settle
              refused: PausedError: the protocol is paused
            set maintenance 0.2
              refused: PausedError: the protocol is paused
            set paused false
              case-1 close-next-version 100
              3000: the collateral of account-0 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-1 reward 3000
              alice liquidated, reward 3000
        "#]],
    );
}

#[test]
fn a_higher_maintenance_ratio_liquidates_at_once() {
    check(
        by_engine(venue(vec![plain()])),
        "oracle 300
         deposit alice 10000
         make alice 100
         oracle 300
         set maintenance 0.34",
        expect![[r#"
            oracle 300
            deposit alice 10000
              10000: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            make alice 100
            oracle 300
            set maintenance 0.34
              case-1 opened for alice
              case-1 close-next-version 100
              2040: the collateral of account-0 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-1 reward 2040
              alice liquidated, reward 2040
        "#]],
    );
}

/// The funding fee of a stretch that is not settled yet changes with the protocol's minimum, and
/// with it what an account that has not settled its opening will get.
#[test]
fn a_higher_least_funding_fee_moves_the_levels_of_accounts_not_settled_yet() {
    let params = ProductParams {
        curve: Curve {
            min_rate: "876".parse().unwrap(),
            target_rate: "876".parse().unwrap(),
            max_rate: "876".parse().unwrap(),
            target_utilization: "1".parse().unwrap(),
        },
        ..plain()
    };
    check(
        venue(vec![params]),
        // Takers pay a tenth of their notional an hour: 4 to each of bob's 100. He asks to close
        // half, and is not settled at version 4 when the fee takes all of that; at 131 he is due
        // only because of it.
        "oracle 100
         deposit alice 100000
         deposit bob 3100
         make bob 100
         oracle 100
         take alice 40
         oracle 100
         unmake bob 50
         oracle 100
         set minFundingFee 1
         oracle 131
         liquidate bob by liq",
        expect![[r#"
            oracle 100
            deposit alice 100000
              100000: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            deposit bob 3100
              3100: the outside world (venue-0) -> the collateral of account-1 in market-0 (venue-0) (deposit)
            make bob 100
            oracle 100
            take alice 40
            oracle 100
            unmake bob 50
            oracle 100
            set minFundingFee 1
            oracle 131
              case-1 opened for bob
            liquidate bob by liq
              799.9999999999776: the clearing of market-0 (venue-0) -> the fees of market-0 (venue-0) (market owner's share of fees)
              1240: the collateral of account-1 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              case-1 close-next-version 50
              393: the collateral of account-1 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-1 reward 393
              bob liquidated, reward 393
        "#]],
    );
}

// ---- parameters and refusals --------------------------------------------------------------

#[test]
fn fees_on_trades_wait_while_positions_are_pending() {
    let mut bench = Bench::new(venue(vec![fees()]));
    let maker_fee = |bench: &Bench| {
        let product = bench.venue().product(PRODUCT).unwrap();
        let waiting = product.pending_fees().maker_fee.map(|fee| fee.to_string());
        (product.params().maker_fee.to_string(), waiting)
    };
    bench.run(
        "oracle 100
         deposit alice 10000
         make alice 10
         set makerFee 0.03",
    );
    assert_eq!(
        maker_fee(&bench),
        ("0.01".to_owned(), Some("0.03".to_owned()))
    );
    bench.run("oracle 100\nsettle");
    assert_eq!(maker_fee(&bench), ("0.03".to_owned(), None));
    bench.run("set makerFee 0.04");
    assert_eq!(maker_fee(&bench), ("0.04".to_owned(), None));
}

#[track_caller]
fn refused(bench: &mut Bench, line: &str, expected: &str) {
    match bench.line(line) {
        Err(Rejection::Perennial(refusal)) => assert_eq!(refusal.name(), expected, "{line}"),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn parameters_out_of_their_bounds_are_refused_by_name() {
    let mut bench = Bench::new(venue(vec![plain()]));
    for (line, name) in [
        (
            "set makerFee 1.000000000000000001",
            "ParamProviderInvalidMakerFee",
        ),
        ("set takerFee 2", "ParamProviderInvalidTakerFee"),
        ("set positionFee 2", "ParamProviderInvalidPositionFee"),
        ("set fundingFee 2", "ParamProviderInvalidFundingFee"),
        ("set protocolFee 2", "ControllerInvalidProtocolFeeError"),
        ("set minFundingFee 2", "ControllerInvalidMinFundingFeeError"),
        (
            "set liquidationFee 2",
            "ControllerInvalidLiquidationFeeError",
        ),
        ("set maintenance -0.1", "Negative"),
        ("set minCollateral -1", "Negative"),
        ("set margin 0.4", "MarginWithoutFlag"),
        ("deposit alice -1", "Negative"),
        ("make alice -1", "Negative"),
        ("7: deposit alice 1", "NotProductError"),
        ("make alice 1", "ProductOracleBootstrappingError"),
        ("take alice 1", "ProductInsufficientLiquidityError"),
        ("withdraw alice 1", "Panic"),
        ("resolve liq 1", "Panic"),
    ] {
        refused(&mut bench, line, name);
    }
}

#[test]
fn a_pause_is_seen_before_a_closed_product_and_that_before_a_stranger() {
    let mut bench = Bench::new(venue(vec![plain()]));
    bench.run("oracle 100\ndeposit alice 1000");
    let by_stranger = Op::Open {
        product: PRODUCT,
        account: id("alice"),
        by: id("bob"),
        role: Role::Maker,
        amount: Size::ONE,
    };
    let name = |bench: &mut Bench| match bench.apply(by_stranger) {
        Err(Rejection::Perennial(refusal)) => refusal.name(),
        other => panic!("{other:?}"),
    };
    assert_eq!(name(&mut bench), "NotAccountOrMultiInvokerError");
    bench.run("set closed true");
    assert_eq!(name(&mut bench), "ProductClosedError");
    bench.run("set paused true");
    assert_eq!(name(&mut bench), "PausedError");
}

#[test]
fn the_multi_invoker_may_act_for_everybody() {
    let invoker = VenueParams {
        multi_invoker: Some(LIQ),
        ..venue(vec![plain()])
    };
    let mut bench = Bench::new(invoker);
    bench.run("oracle 100\ndeposit alice 1000");
    let (product, account, by) = (PRODUCT, id("alice"), LIQ);
    bench
        .apply(Op::Withdraw {
            product,
            account,
            by,
            amount: None,
        })
        .unwrap();
    assert_eq!(
        (bench.wallet("alice"), bench.wallet("liq")),
        ("0".to_owned(), "0".to_owned())
    );
}

#[test]
fn a_version_must_be_newer_and_not_from_the_future() {
    let mut bench = Bench::new(venue(vec![plain()]));
    bench.run("oracle 100");
    let price = "100".parse().unwrap();
    let time = bench.engine.now();
    let again = Op::OracleVersion {
        product: PRODUCT,
        version: 1,
        time,
        price,
    };
    assert!(matches!(bench.apply(again), Err(Rejection::Oracle(_))));
    let time = time.saturating_add(plimsoll_units::Duration(1));
    let early = Op::OracleVersion {
        product: PRODUCT,
        version: 2,
        time,
        price,
    };
    assert!(matches!(bench.apply(early), Err(Rejection::Oracle(_))));
}

#[test]
fn a_skipped_version_settles_what_is_pending_at_the_price_that_came_instead() {
    let mut bench = Bench::new(venue(vec![plain()]));
    bench.run("oracle 100\ndeposit alice 10000\ndeposit bob 10000\nmake bob 10");
    let skipped = bench.oracle(PRODUCT, "200", 5);
    bench.apply(skipped).unwrap();
    bench.run("take alice 10\nsettle bob");
    let view = |bench: &Bench, who| {
        let product = bench.venue().product(PRODUCT).unwrap();
        product
            .account_view(bench.engine.ledger(), id(who))
            .unwrap()
    };
    assert_eq!(view(&bench, "bob").position.maker.to_string(), "10");
    assert_eq!(view(&bench, "bob").latest_version, 6);
    bench.run("oracle 210\nsettle alice\noracle 220\nsettle alice");
    assert_eq!(bench.collateral("alice"), "10100");
}

/// A product nobody touches keeps the versions it may have to settle through, and no others.
#[test]
fn a_product_nobody_touches_does_not_grow_and_settles_all_the_same() {
    let mut bench = Bench::new(venue(vec![plain()]));
    bench.run(
        "oracle 100
         deposit alice 10000
         deposit bob 10000
         make bob 10
         oracle 100
         take alice 10",
    );
    let versions = |bench: &mut Bench, count: u32| {
        for price in 0..count {
            bench.run(&format!("oracle {}", 101 + price % 7));
        }
        bench.engine.snapshot().unwrap().len()
    };
    // A version takes 32 bytes; between 3 and 17 are kept.
    let short = versions(&mut bench, 40);
    assert!(versions(&mut bench, 400).abs_diff(short) <= 14 * 32);
    // Alice's opening settles at the first of them, at 101.
    bench.run("oracle 103\nsettle alice\nsettle bob");
    assert_eq!(bench.collateral("alice"), "10020");
    assert_eq!(bench.collateral("bob"), "9980");
}

#[test]
fn collected_fees_can_be_claimed_once() {
    let params = ProductParams {
        position_fee: "0.5".parse().unwrap(),
        ..fees()
    };
    let mut venue = venue(vec![params]);
    venue.protocol.protocol_fee = "0.25".parse().unwrap();
    let mut bench = Bench::new(venue);
    bench.run("oracle 100\ndeposit bob 10000\nmake bob 10\noracle 100\nsettle");
    // 10 of fee; nobody takes, so all of it leaves: a quarter to the protocol.
    for (fees, expected) in [
        (plimsoll_engine::venues::perennial::FeePot::Protocol, "2.5"),
        (
            plimsoll_engine::venues::perennial::FeePot::Product(PRODUCT),
            "10",
        ),
        (
            plimsoll_engine::venues::perennial::FeePot::Product(PRODUCT),
            "10",
        ),
    ] {
        bench.apply(Op::ClaimFees { fees, to: LIQ }).unwrap();
        bench.engine.audit().unwrap();
        assert_eq!(bench.wallet("liq"), expected);
    }
}

#[test]
fn products_do_not_touch_each_other() {
    let mut bench = Bench::new(by_engine(venue(vec![plain(), plain()])));
    bench.run(
        "0: oracle 300
         1: oracle 300
         0: deposit alice 10000
         1: deposit alice 10000
         0: make alice 100
         1: make alice 100
         0: oracle 300
         1: oracle 300
         1: oracle 500",
    );
    let locked = |bench: &Bench, product| {
        let product = bench.venue().product(MarketId(product)).unwrap();
        product.account(id("alice")).unwrap().is_locked()
    };
    assert!(!locked(&bench, 0));
    assert!(locked(&bench, 1));
    assert_eq!(bench.collateral("alice"), "10000");
}

// ---- perennial-plus -----------------------------------------------------------------------

fn only(set: impl FnOnce(&mut Flags)) -> Flags {
    let mut flags = Flags::default();
    set(&mut flags);
    flags
}

/// Where the deployed contract panics because fee and reward exceed the collateral, the reward is
/// what the fee leaves.
#[test]
fn close_fee_before_reward_always_pays() {
    let params = ProductParams {
        maker_fee: "0.05".parse().unwrap(),
        ..plain()
    };
    let script = "oracle 300
         deposit alice 11500
         make alice 100
         oracle 300
         oracle 500
         liquidate alice by liq";
    for (flag, expected) in [(false, Err("Panic")), (true, Ok(()))] {
        let mut venue = with_flags(vec![params], only(|f| f.close_fee_before_reward = flag));
        venue.protocol.liquidation_fee = "1".parse().unwrap();
        let mut bench = Bench::new(venue);
        let (setup, last) = script.rsplit_once('\n').unwrap();
        bench.run(setup);
        let result = bench.line(last.trim());
        match (result, expected) {
            (Ok(_), Ok(())) => {}
            (Err(Rejection::Perennial(refusal)), Err(name)) => assert_eq!(refusal.name(), name),
            (result, _) => panic!("flag {flag}: {result:?}"),
        }
        if flag {
            // 11,500 less 1,500 to open, less 2,500 to close; the rest is the reward.
            assert_eq!(bench.wallet("liq"), "7500");
            assert_eq!(bench.collateral("alice"), "0");
        }
    }
}

#[test]
fn a_margin_above_maintenance_is_asked_of_openings_and_withdrawals_only() {
    let flags = only(|f| f.margin_above_maintenance = true);
    let params = ProductParams {
        margin: Some("0.4".parse().unwrap()),
        ..plain()
    };
    let mut bench = Bench::new(with_flags(vec![params], flags));
    bench.run("oracle 100\ndeposit alice 4000");
    refused(
        &mut bench,
        "make alice 100.000000000000000001",
        "ProductInsufficientCollateralError",
    );
    bench.run("make alice 100\noracle 100");
    refused(
        &mut bench,
        "withdraw alice 0.000000000000000001",
        "CollateralInsufficientCollateralError",
    );
    bench.run("oracle 133");
    refused(
        &mut bench,
        "liquidate alice by liq",
        "CollateralCantLiquidate",
    );
    bench.run("oracle 134\nliquidate alice by liq");
}

#[test]
fn a_margin_must_be_above_the_maintenance_and_go_with_the_flag() {
    let flags = only(|f| f.margin_above_maintenance = true);
    let margin = |margin: Option<&str>, flags| {
        let margin = margin.map(|m| m.parse().unwrap());
        let venue = with_flags(vec![ProductParams { margin, ..plain() }], flags);
        let assets = vec![plimsoll_engine::ledger::Asset {
            symbol: "DSU".to_owned(),
            decimals: 18,
        }];
        let venues = vec![plimsoll_engine::venues::VenueConfig::Perennial(venue)];
        match Engine::new(&plimsoll_engine::Config { assets, venues }) {
            Ok(_) => None,
            Err(Rejection::Perennial(refusal)) => Some(refusal),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(margin(Some("0.31"), flags), None);
    assert!(matches!(
        margin(Some("0.3"), flags),
        Some(Refusal::MarginNotAboveMaintenance { .. })
    ));
    assert_eq!(margin(None, flags), Some(Refusal::MarginWithoutFlag));
    assert_eq!(
        margin(Some("0.31"), Flags::default()),
        Some(Refusal::MarginWithoutFlag)
    );
}

#[test]
fn a_reward_at_settlement_is_paid_out_of_what_is_left_then() {
    check(
        with_flags(vec![plain()], only(|f| f.reward_at_settlement = true)),
        "oracle 100
         deposit alice 3100
         deposit bob 100000
         make bob 100
         oracle 100
         take alice 100
         oracle 100
         oracle 95
         liquidate alice by liq
         oracle 74
         settle alice
         settle alice",
        expect![[r#"
            oracle 100
            deposit alice 3100
              3100: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            deposit bob 100000
              100000: the outside world (venue-0) -> the collateral of account-1 in market-0 (venue-0) (deposit)
            make bob 100
            oracle 100
            take alice 100
            oracle 100
            oracle 95
              case-1 opened for alice
            liquidate alice by liq
              500: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              case-1 close-next-version 100
              alice liquidated, reward 570
            oracle 74
              case-1 closed: Liquidated { shortfall: 0 }
            settle alice
              2100: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              500: the collateral of account-0 in market-0 (venue-0) -> the collateral of account-5 in market-0 (venue-0) (liquidation reward)
              reward 500 paid to liq
            settle alice
        "#]],
    );
}

#[test]
fn a_partial_liquidation_closes_just_enough_and_respects_the_lock() {
    check(
        with_flags(vec![fees()], only(|f| f.partial_liquidation = true)),
        "oracle 100
         deposit alice 3300
         deposit bob 100000
         make bob 200
         oracle 100
         take alice 100
         oracle 100
         oracle 98
         liquidate alice by liq
         untake alice 1
         oracle 98
         liquidate alice by liq
         settle alice
         oracle 80
         liquidate alice by liq",
        expect![[r#"
            oracle 100
            deposit alice 3300
              3300: the outside world (venue-0) -> the collateral of account-0 in market-0 (venue-0) (deposit)
            deposit bob 100000
              100000: the outside world (venue-0) -> the collateral of account-1 in market-0 (venue-0) (deposit)
            make bob 200
              200: the collateral of account-1 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (position fee)
            oracle 100
            take alice 100
              200: the clearing of market-0 (venue-0) -> the fees of market-0 (venue-0) (market owner's share of fees)
              200: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (position fee)
            oracle 100
            oracle 98
              case-1 opened for alice
            liquidate alice by liq
              200: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              3.636363636363636363: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (position fee)
              case-1 close-next-version 1.855287569573283859
              10.90909090909090909: the collateral of account-0 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-1 reward 10.90909090909090909
              alice liquidated, reward 10.90909090909090909
            untake alice 1
              refused: ProductInLiquidationError: the account is locked by a liquidation
            oracle 98
              case-1 closed: Liquidated { shortfall: 0 }
            liquidate alice by liq
              refused: CollateralCantLiquidate: maintenance 2885.454545454545454545 <= collateral 2885.454545454545454547
            settle alice
            oracle 80
              case-2 opened for alice
            liquidate alice by liq
              1766.604823747680890538: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (settlement of accrued profit and loss)
              112.420306965761511216: the collateral of account-0 in market-0 (venue-0) -> the clearing of market-0 (venue-0) (position fee)
              case-2 close-next-version 70.26269185360094451
              337.260920897284533648: the collateral of account-0 in market-0 (venue-0) -> the outside world (venue-0) (liquidation reward)
              case-2 reward 337.260920897284533648
              alice liquidated, reward 337.260920897284533648
        "#]],
    );
}

#[test]
fn an_account_whose_own_close_restores_it_is_not_partially_liquidated() {
    let flags = only(|f| f.partial_liquidation = true);
    let mut bench = Bench::new(with_flags(vec![plain()], flags));
    bench.run("oracle 300\ndeposit alice 10000\nmake alice 100\noracle 300\nunmake alice 20");
    // 100 would need 12,000, the 80 that will be left need 9,600.
    bench.run("set maintenance 0.4");
    refused(
        &mut bench,
        "liquidate alice by liq",
        "CollateralCantLiquidate",
    );
    bench.run("set maintenance 0.42\nliquidate alice by liq");
}

/// The size closed restores the account, and one raw unit less does not: against the definition,
/// written out here on raw integers.
#[test]
fn a_partial_liquidation_is_exact_at_its_break_point() {
    const ONE: i128 = 1_000_000_000_000_000_000;
    let mul = |a: i128, b: i128| mul_div(a, b, ONE, Rounding::Down).unwrap();
    let ratio = |text: &str| text.parse::<Money>().unwrap().raw();
    for (price, fee, liquidation_fee, least, margin) in [
        ("97.3", "0", "0", "0", None),
        ("97.3", "0.0123", "0.2", "0", None),
        (
            "95.000000000000000007",
            "0.0123",
            "0.2",
            "0",
            Some("0.4095"),
        ),
        ("96", "0.001", "0.9", "300", Some("0.4000000000000001")),
        ("71", "0.02", "1", "0", None),
    ] {
        let flags = Flags {
            margin_above_maintenance: margin.is_some(),
            close_fee_before_reward: true,
            partial_liquidation: true,
            reward_at_settlement: false,
        };
        let params = ProductParams {
            margin: margin.map(|m| m.parse().unwrap()),
            ..plain()
        };
        let mut venue = with_flags(vec![params], flags);
        venue.protocol.liquidation_fee = liquidation_fee.parse().unwrap();
        venue.protocol.min_collateral = least.parse().unwrap();
        let mut bench = Bench::new(venue);
        bench.run(&format!(
            "oracle 100
             deposit alice 4100
             deposit bob 100000
             make bob 200
             oracle 100
             take alice 100
             oracle 100
             set maintenance 0.3999999999999999
             set takerFee {fee}
             oracle {price}
             settle alice"
        ));
        let collateral = ratio(&bench.collateral("alice"));
        bench.run("liquidate alice by liq");
        let product = bench.venue().product(PRODUCT).unwrap();
        let closed = product
            .account(id("alice"))
            .unwrap()
            .pre()
            .close
            .taker
            .raw();
        let (price, fee) = (ratio(price), ratio(fee));
        let maintenance = product.params().maintenance.raw();
        let entry = margin.map_or(maintenance, ratio);
        let restores = |q: i128| {
            let after_fee = (collateral - mul(mul(q, price), fee)).max(0);
            let base = mul(mul(q, price), maintenance).max(ratio(least));
            let reward = mul(base, ratio(liquidation_fee)).min(after_fee);
            mul(mul(100 * ONE - q, price), entry) <= after_fee - reward
        };
        assert!(restores(closed), "{closed} is not enough at {price}");
        assert!(!restores(closed - 1), "{closed} is too much at {price}");
        assert!(closed > 0 && closed <= 100 * ONE);
    }
}

#[test]
fn every_due_case_of_the_engine_is_gone_or_has_a_reason() {
    let mut bench = Bench::new(by_engine(venue(vec![plain()])));
    bench.run("oracle 300\ndeposit alice 10000\nmake alice 100\noracle 300\noracle 500");
    let product = bench.venue().product(PRODUCT).unwrap();
    let phases: Vec<_> = product.cases().map(|(_, open)| open.phase).collect();
    assert_eq!(phases, [Phase::Locked(Money::ZERO)]);
}

//! A liquidation told as a story, from the state just before it.

mod gammaswap_support;

use expect_test::{Expect, expect};
use gammaswap_support::{
    BORROWER, Bench, KEEPER, LIQUIDATOR, LP, VENUE, due, liquidate, loan, three_due, with_lp,
};
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::gammaswap::{Action, Command, Params, Sent};
use plimsoll_units::{PositionId, Timestamp};

#[track_caller]
fn check_story(params: Params, act: impl Fn(&Bench, PositionId) -> Action, expected: &Expect) {
    let (bench, id) = due(params);
    let command = Command {
        block: bench.block + 10,
        action: act(&bench, id),
    };
    let story = bench
        .venue()
        .explain(bench.engine.ledger(), VENUE, id, Timestamp(1), &command)
        .unwrap();
    expected.assert_eq(&story.to_string());
}

#[test]
fn a_liquidation_told_as_a_story() {
    let more = |bench: &Bench, id| with_lp(bench, id, 12_000);
    check_story(
        Params::page(),
        more,
        &expect![[r#"
        Loan 1 of account-50 on venue-0: in block 1101010 it owed 1005.054096605654 against a collateral of 1010.101010083778; liquidateWithLP by account-30.

        The rule
          GammaSwap V1, How Liquidations Work: liquidity debt > liquidity collateral x threshold, strictly; both in the units of the pair's invariant, so no price enters
          write-down: what the collateral cannot pay after the fee is written down first

        The inputs
          collateral, token 0: 22.586545227270603462 WETH
          collateral, token 1: 45173.090453 USDC
          debt when last touched: 1000
          fee index when last touched: 1
          fee index in the block before: 1.005054050534896706
          fee index now: 1.005054096605654848
          threshold: 99.5 %
          liquidator's fee: 0.25 %
          blocks charged: 10
          borrow rate per year: 0.010325579374121257
          utilisation: 0.089854148732066538

        The arithmetic
          debt = 1000 x 1.005054096605654848 / 1 = 1005.054096605654  (rounded toward zero)
          collateral = root of 22.586545227270603462 WETH x 45173.090453 USDC = 1010.101010083778  (rounded toward zero)
          most it covers = 1010.101010083778 x 99.5 % = 1005.050505033359  (rounded toward zero)
          the rule = 1005.054096605654 > 1005.050505033359 = met
          payable = 1010.101010083778 x (1 - 0.25 %) = 1007.575757558568  (rounded toward zero)
          written down = max(0, 1005.054096605654 - 1007.575757558568) = 0
          penalty for all of it = 1010.101010083778 - 1005.054096605654 = 5.046913478124
          paid = in LP tokens = 1005.054096605654  (rounded toward zero)
          collateral to the liquidator, token 0 = collateral x 1005.054096605654 / 1005.054096605654 = 22.586545227270603462 WETH  (rounded toward zero)
          collateral to the liquidator, token 1 = collateral x 1005.054096605654 / 1005.054096605654 = 45173.090453 USDC  (rounded toward zero)

        Who was paid
          sent ahead of a call: 0.001206064860641722 UNI-V2 from the wallet of account-30 (venue-0) to the vault (venue-0)
          protocol's share of fees: 0.00000000010255099 GS-LP from the share issuer (venue-0) to the protocol's fees (venue-0)
          excess returned: 0.000201010764036194 UNI-V2 from the vault (venue-0) to the wallet of account-30 (venue-0)
          confiscated collateral: 22.586545227270603462 WETH from the collateral of position-1 (venue-0) to the wallet of account-30 (venue-0)
          confiscated collateral: 45173.090453 USDC from the collateral of position-1 (venue-0) to the wallet of account-30 (venue-0)

        What would have prevented it
          a repayment: of at least 0.003591572295, in this block
          collateral: worth 1010.104619704175 in all, 0.003609620397 more
          a fee index that: stayed below 1.00505050503336
    "#]],
    );
    check_story(
        Params::v1_2(),
        |bench, id| liquidate(bench.venue().params(), id),
        &expect![[r#"
        Loan 1 of account-50 on venue-0: in block 701010 it owed 1005.061263712839 against a collateral of 1010.101010083778; liquidate by account-30.

        The rule
          GammaSwap V1, How Liquidations Work: liquidity debt > liquidity collateral x threshold, strictly; both in the units of the pair's invariant, so no price enters
          write-down: what was not deposited of the debt is written down after payment

        The inputs
          collateral, token 0: 22.586545227270603462 WETH
          collateral, token 1: 45173.090453 USDC
          debt when last touched: 1000.2
          fee index when last touched: 1
          fee index in the block before: 1.004860221992697594
          fee index now: 1.004860291654508322
          threshold: 99.5 %
          liquidator's fee: 0.25 %
          blocks charged: 10
          borrow rate per year: 0.015615920624519034
          utilisation: 0.089854729992304553

        The arithmetic
          debt = 1000.2 x 1.004860291654508322 / 1 = 1005.061263712839  (rounded toward zero)
          collateral = root of 22.586545227270603462 WETH x 45173.090453 USDC = 1010.101010083778  (rounded toward zero)
          most it covers = 1010.101010083778 x 99.5 % = 1005.050505033359  (rounded toward zero)
          the rule = 1005.061263712839 > 1005.050505033359 = met
          collateral counted = root of the product, before any trade = 1010.101010083778
          fee = payable debt x fee = 2.512653159282  (rounded toward zero)
          paid = in LP tokens = 1005.061263712839  (rounded toward zero)
          written down = debt - paid = 0
          collateral to the liquidator, token 0 = none: the fee is paid in LP tokens = 0 WETH  (rounded toward zero)
          collateral to the liquidator, token 1 = none: the fee is paid in LP tokens = 0 USDC  (rounded toward zero)
          fee in LP tokens = minted x fee / (paid + fee) = 0.000002512653159281 UNI-V2

        Who was paid
          protocol's share of fees: 0.000000000013929448 GS-LP from the share issuer (venue-0) to the protocol's fees (venue-0)
          loan repaid: 22.530037704815009004 WETH from the collateral of position-1 (venue-0) to the pair's reserves (venue-0)
          loan repaid: 45060.07541 USDC from the collateral of position-1 (venue-0) to the pair's reserves (venue-0)
          shares issued: 0.001007573916871994 UNI-V2 from the share issuer (venue-0) to the vault (venue-0)
          liquidation reward: 0.000002512653159281 UNI-V2 from the vault (venue-0) to the wallet of account-30 (venue-0)

        What would have prevented it
          a repayment: of at least 0.01075867948, in this block
          collateral: worth 1010.111822826974 in all, 0.010812743196 more
          a fee index that: stayed below 1.004849535126334734
    "#]],
    );
}

#[test]
fn a_batch_and_the_engines_own_liquidation_have_stories_too() {
    let bench = three_due(Params::page());
    let command = Command {
        block: bench.block,
        action: Action::BatchLiquidations {
            account: LIQUIDATOR,
            loans: [1, 2, 3].map(loan).to_vec(),
            sent: Sent::lp(4 * LP),
        },
    };
    let venue = bench.venue();
    let tell = |id| {
        venue.explain(
            bench.engine.ledger(),
            VENUE,
            loan(id),
            Timestamp(1),
            &command,
        )
    };
    expect![[r#"
        Loan 1 of account-50 on venue-0: in block 1681000 it owed 1007.665644330049 against a collateral of 1006.036217288595; batchLiquidations by account-30.

        The rule
          GammaSwap V1, How Liquidations Work: liquidity debt > liquidity collateral x threshold, strictly; both in the units of the pair's invariant, so no price enters
          write-down: what the collateral cannot pay after the fee is written down first

        The inputs
          collateral, token 0: 22.495653697180983327 WETH
          collateral, token 1: 44991.307393 USDC
          debt when last touched: 1000
          fee index when last touched: 1
          fee index in the block before: 1.007665644330049051
          fee index now: 1.007665644330049051
          threshold: 99.5 %
          liquidator's fee: 0.25 %

        The arithmetic
          debt = 1000 x 1.007665644330049051 / 1 = 1007.665644330049  (rounded toward zero)
          collateral = root of 22.495653697180983327 WETH x 44991.307393 USDC = 1006.036217288595  (rounded toward zero)
          most it covers = 1006.036217288595 x 99.5 % = 1001.006036202152  (rounded toward zero)
          the rule = 1007.665644330049 > 1001.006036202152 = met
          the batch's collateral = sum of its loans = 3018.311114401958
          the batch's debt = sum of its loans = 3010.080686462188
          payable = 3018.311114401958 x (1 - 0.25 %) = 3010.765336615953  (rounded toward zero)
          written down = max(0, 3010.080686462188 - 3010.765336615953) = 0
          penalty for all of it = 3018.311114401958 - 3010.080686462188 = 8.23042793977
          paid = in LP tokens = 3010.080686462188  (rounded toward zero)
          collateral to the liquidator, token 0 = collateral x 3010.080686462188 / 3010.080686462188 = 67.491488290918514679 WETH  (rounded toward zero)
          collateral to the liquidator, token 1 = collateral x 3010.080686462188 / 3010.080686462188 = 134982.97658 USDC  (rounded toward zero)

        Who was paid
          sent ahead of a call: 0.004 UNI-V2 from the wallet of account-30 (venue-0) to the vault (venue-0)
          excess returned: 0.000989919313538198 UNI-V2 from the vault (venue-0) to the wallet of account-30 (venue-0)
          confiscated collateral: 22.495653697180983327 WETH from the collateral of position-1 (venue-0) to the wallet of account-30 (venue-0)
          confiscated collateral: 44991.307393 USDC from the collateral of position-1 (venue-0) to the wallet of account-30 (venue-0)
          confiscated collateral: 22.495653697180983327 WETH from the collateral of position-2 (venue-0) to the wallet of account-30 (venue-0)
          confiscated collateral: 44991.307394 USDC from the collateral of position-2 (venue-0) to the wallet of account-30 (venue-0)
          confiscated collateral: 22.500180896556548025 WETH from the collateral of position-3 (venue-0) to the wallet of account-30 (venue-0)
          confiscated collateral: 45000.361793 USDC from the collateral of position-3 (venue-0) to the wallet of account-30 (venue-0)

        What would have prevented it
          a repayment: of at least 6.659608127897, in this block
          collateral: worth 1012.729290783969 in all, 6.693073495374 more
          a fee index that: stayed below 1.001006036202153
    "#]].assert_eq(&tell(1).unwrap().to_string());
    assert!(
        tell(4).is_err(),
        "a healthy loan has no story of this batch"
    );

    let mut bench = Bench::market(Params::page(), Execution::Engine { keeper: KEEPER });
    let id = bench.open(BORROWER, LP, 9_900);
    bench.open(BORROWER, LP, 5_000);
    for tries in 0.. {
        assert!(tries < 1_000, "the loan never became due");
        let command = Command {
            block: bench.block + 50_000,
            action: Action::UpdatePool,
        };
        let ledger = bench.engine.ledger();
        if let Ok(story) = bench
            .venue()
            .explain(ledger, VENUE, id, Timestamp(1), &command)
        {
            assert!(
                story.to_string().contains("liquidate by account-40"),
                "{story}"
            );
            break;
        }
        bench.wait(50_000);
    }
}

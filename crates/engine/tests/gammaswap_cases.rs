//! Cases from trigger to close, in both generations and both ways of execution, as a reader of
//! the events and of the story sees them.

mod gammaswap_support;

use expect_test::{Expect, expect};
use gammaswap_support::{
    BORROWER, Bench, KEEPER, LIQUIDATOR, LP, USDC, WETH, due, liquidate, loan, three_due, with_lp,
};
use plimsoll_engine::Event;
use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::gammaswap::plan::CostModel;
use plimsoll_engine::venues::gammaswap::{Action, Event as Happened, Params, Sent};
use plimsoll_units::PositionId;

/// What a reader of a log wants of the events: no money, which the story tells.
fn told(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let line = match event {
            Event::Money(_) => continue,
            Event::Case(CaseEvent::Opened(case)) => format!(
                "{} opened: {}: {} > {}",
                case.id, case.trigger.rule, case.trigger.requirement, case.trigger.equity
            ),
            Event::Case(CaseEvent::Stage {
                case,
                stage,
                amount,
            }) => {
                format!("{case}: {} {amount}", stage.name())
            }
            Event::Case(CaseEvent::Closed { case, outcome, .. }) => format!("{case}: {outcome:?}"),
            Event::Case(CaseEvent::Blocked { case, reason }) => format!("{case}: {reason:?}"),
            Event::GammaSwap(Happened::Liquidated(done)) => format!(
                "{}: paid {}, wrote down {}, received {:?}",
                done.form.name(),
                done.liquidity,
                done.write_down,
                done.refund
            ),
            Event::GammaSwap(Happened::Accrued { blocks, .. }) => {
                format!("{blocks} blocks charged")
            }
            Event::GammaSwap(other) => format!("{other:?}"),
            other => format!("{other:?}"),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[track_caller]
fn check(params: Params, act: impl Fn(&Bench, PositionId) -> Vec<Action>, expected: &Expect) {
    let (mut bench, id) = due(params);
    let mut text = String::new();
    for action in act(&bench, id) {
        text.push_str(&told(&bench.must(action)));
    }
    expected.assert_eq(&text);
    bench.engine.audit().unwrap();
}

#[test]
fn a_case_of_the_page_paid_in_two_parts() {
    let halves = |bench: &Bench, id| {
        // The second payment is more than the rest: the excess comes back.
        vec![with_lp(bench, id, 5_000), with_lp(bench, id, 7_000)]
    };
    check(
        Params::page(),
        halves,
        &expect![[r#"
        case-1: write-down 0
        case-1: repay 502527025267447
        liquidateWithLP: paid 502527025267447, wrote down 0, received [11293272613635279258, 22586545226]
        case-1: write-down 0
        case-1: repay 502527025267449
        liquidateWithLP: paid 502527025267449, wrote down 0, received [11293272613635324204, 22586545227]
        case-1: Liquidated { shortfall: 0 }
    "#]],
    );
}

#[test]
fn a_case_of_the_page_out_of_the_collateral() {
    check(
        Params::page(),
        |bench, id| vec![liquidate(bench.venue().params(), id)],
        &expect![[r#"
            case-1: write-down 0
            case-1: repay 1005054050534896
            liquidate: paid 1005054050534896, wrote down 0, received [110606077497669307, 221212154]
            case-1: Liquidated { shortfall: 0 }
        "#]],
    );
}

#[test]
fn a_case_of_v1_2_with_lp_tokens_and_out_of_the_collateral() {
    check(
        Params::v1_2(),
        |bench, id| vec![with_lp(bench, id, 10_000)],
        &expect![[r#"
            case-1: repay 1005061194037096
            case-1: write-down 0
            liquidateWithLP: paid 1005061194037096, wrote down 0, received [22530036143310222150, 45060072285]
            case-1: Liquidated { shortfall: 0 }
        "#]],
    );
    check(
        Params::v1_2(),
        |bench, id| vec![liquidate(bench.venue().params(), id)],
        &expect![[r#"
            case-1: repay 1005061194037096
            case-1: write-down 0
            liquidate: paid 1005061194037096, wrote down 0, received [0, 0]
            case-1: Liquidated { shortfall: 0 }
        "#]],
    );
}

#[test]
fn a_batch_of_the_page_nets_its_loans_and_the_later_one_does_not() {
    for (params, expected) in [
        (
            Params::page(),
            expect![[r#"
            batchLiquidations: paid 3010080686462188, wrote down 0, received [67491488290918514679, 134982976580]
            case-1: write-down 0
            case-1: repay 1007665644330049
            case-1: Liquidated { shortfall: 0 }
            case-2: write-down 0
            case-2: repay 1001207521066069
            case-2: Liquidated { shortfall: 0 }
            case-3: write-down 0
            case-3: repay 1001207521066070
            case-3: Liquidated { shortfall: 0 }
        "#]],
        ),
        (
            Params::v1_2(),
            expect![[r#"
            batchLiquidations: paid 3006181847299469, wrote down 5552865006174, received [67388998354060205229, 134777996705]
            case-1: repay 1003521126745374
            case-1: write-down 5552865006174
            case-1: Liquidated { shortfall: 5552865006174 }
            case-2: repay 1001330360277047
            case-2: write-down 0
            case-2: Liquidated { shortfall: 0 }
            case-3: repay 1001330360277048
            case-3: write-down 0
            case-3: Liquidated { shortfall: 0 }
        "#]],
        ),
    ] {
        let mut bench = three_due(params);
        let model = CostModel {
            per_transaction: 0,
            per_loan: 0,
            capital_lp: bench.wallet(LIQUIDATOR).lp,
        };
        let ledger = bench.engine.ledger();
        let (terms, candidates) = bench.venue().candidates(ledger, bench.block).unwrap();
        assert_eq!(candidates.len(), 3);
        let lp = candidates.iter().map(|c| c.debt).sum::<u128>() * terms.supply / terms.invariant;
        let plan = bench.venue().plan(ledger, bench.block, &model).unwrap();
        assert!(plan.exact && plan.gain > 0);
        let events = bench.must(Action::BatchLiquidations {
            account: LIQUIDATOR,
            // A loan given twice counts once, a healthy one and an unknown one not at all.
            loans: [1, 2, 3, 2, 4, 99].map(loan).to_vec(),
            sent: Sent::lp(lp + 5),
        });
        expected.assert_eq(&told(&events));
        assert_eq!(bench.venue().due().count(), 0);
    }
}

#[test]
fn what_a_plan_promises_is_what_the_batch_pays() {
    for params in [Params::page(), Params::v1_2()] {
        let mut bench = three_due(params);
        let model = CostModel {
            per_transaction: 1,
            per_loan: 1,
            capital_lp: bench.wallet(LIQUIDATOR).lp,
        };
        let plan = bench
            .venue()
            .plan(bench.engine.ledger(), bench.block, &model)
            .unwrap();
        let events = bench.must(Action::BatchLiquidations {
            account: LIQUIDATOR,
            loans: plan.loans(),
            sent: Sent::lp(plan.lp),
        });
        let done = events.iter().find_map(|event| match event {
            Event::GammaSwap(Happened::Liquidated(done)) => Some(*done),
            _ => None,
        });
        let done = done.unwrap();
        assert_eq!(done.liquidity, plan.payable);
        assert_eq!(done.form.name(), "batchLiquidations");
    }
}

/// The engine as its own keeper, with LP tokens, and without.
fn kept(params: Params, lp: bool) -> String {
    let keeper = KEEPER;
    let mut bench = Bench::market(params, Execution::Engine { keeper });
    if lp {
        bench.fund(KEEPER.0, [100 * WETH, 200_000 * USDC]);
        bench.must(Action::AddLiquidity {
            account: KEEPER,
            desired: [100 * WETH, 200_000 * USDC],
        });
    }
    let id = bench.open(BORROWER, LP, 9_900);
    bench.open(BORROWER, LP, 5_000);
    let mut text = String::new();
    for _ in 0..200 {
        let events = bench.wait(50_000);
        if events.iter().any(|event| matches!(event, Event::Case(_))) {
            text = told(&events);
            break;
        }
    }
    assert_eq!(bench.venue().loan(id).unwrap().liquidity, 0, "{text}");
    bench.engine.audit().unwrap();
    text
}

#[test]
fn the_engine_liquidates_in_the_update_that_makes_a_loan_due() {
    expect![[r#"
        50000 blocks charged
        case-1 opened: debt went above threshold x collateral: 1005053682144600 > 1005050505033359
        case-1: write-down 0
        case-1: repay 1005053682144600
        liquidateWithLP: paid 1005053682144600, wrote down 0, received [22586545227270603534, 45173090453]
        case-1: Liquidated { shortfall: 0 }
    "#]].assert_eq(&kept(Params::page(), true));
    // Without LP tokens, out of the collateral.
    expect![[r#"
        50000 blocks charged
        case-1 opened: debt went above threshold x collateral: 1005053682144606 > 1005050505033359
        case-1: write-down 0
        case-1: repay 1005053682144606
        liquidate: paid 1005053682144606, wrote down 0, received [110614315778721945, 221228631]
        case-1: Liquidated { shortfall: 0 }
    "#]]
    .assert_eq(&kept(Params::page(), false));
    expect![[r#"
        50000 blocks charged
        case-1 opened: debt went above threshold x collateral: 1005060521898466 > 1005050505033359
        case-1: repay 1005060521898466
        case-1: write-down 0
        liquidateWithLP: paid 1005060521898466, wrote down 0, received [22530021076259873312, 45060042150]
        case-1: Liquidated { shortfall: 0 }
    "#]].assert_eq(&kept(Params::v1_2(), true));
    expect![[r#"
        50000 blocks charged
        case-1 opened: debt went above threshold x collateral: 1005060521898466 > 1005050505033359
        case-1: repay 1005060521898466
        case-1: write-down 0
        liquidate: paid 1005060521898466, wrote down 0, received [0, 0]
        case-1: Liquidated { shortfall: 0 }
    "#]]
    .assert_eq(&kept(Params::v1_2(), false));
}

#[test]
fn a_liquidation_that_panics_in_the_contract_stays_open_and_is_tried_again() {
    let mut bench = Bench::market(Params::page(), Execution::Engine { keeper: LIQUIDATOR });
    // Of a single loan charged many times, the pool's debt rounds below the loan's own, and the
    // page's contract subtracts it checked.
    bench.open(BORROWER, LP, 9_900);
    let mut text = String::new();
    for _ in 0..400 {
        let events = bench.wait(10_000);
        if events.iter().any(|event| matches!(event, Event::Case(_))) {
            text.push_str(&told(&events));
            break;
        }
    }
    assert_eq!(bench.venue().due().count(), 1);
    // Tried again in the next block, and not told again.
    text.push_str(&told(&bench.wait(1)));
    // With a second loan there is debt enough to subtract from.
    bench.open(BORROWER, LP, 5_000);
    text.push_str(&told(&bench.wait(1)));
    expect![[r#"
        10000 blocks charged
        case-1 opened: debt went above threshold x collateral: 1005069589871389 > 1005050505033359
        case-1: Panic
        1 blocks charged
        1 blocks charged
        case-1: write-down 0
        case-1: repay 1005069598975861
        liquidateWithLP: paid 1005069598975861, wrote down 0, received [22586545227270603462, 45173090453]
        case-1: Liquidated { shortfall: 0 }
    "#]].assert_eq(&text);
    assert_eq!(bench.venue().due().count(), 0);
    bench.engine.audit().unwrap();
}

#[test]
fn a_borrower_can_save_a_loan_that_is_due() {
    for params in [Params::page(), Params::v1_2()] {
        let (mut bench, id) = due(params);
        let held = bench.venue().loan(id).unwrap().held;
        let events = bench.must(Action::IncreaseCollateral {
            account: BORROWER,
            loan: id,
            amounts: held.map(|t| t / 100),
        });
        let closed = events.iter().any(|event| {
            matches!(event, Event::Case(CaseEvent::Closed { outcome, .. })
                if *outcome == plimsoll_engine::liquidation::Outcome::Recovered)
        });
        assert!(closed, "{}", told(&events));
        assert_eq!(bench.venue().due().count(), 0);
    }
}

#[test]
fn a_stricter_threshold_of_its_own_is_reached_first() {
    let mut bench = Bench::market(Params::page(), Execution::Keepers);
    let mut open = |threshold_bps| {
        let state = bench.state();
        let own = state.reserves.map(|r| LP * r / state.supply / 8);
        bench.must(Action::Open {
            account: BORROWER,
            threshold_bps,
            amounts: own,
            lp: LP,
        });
    };
    open(Some(9_000));
    open(None);
    bench.wait_until_due(loan(1));
    assert_eq!(bench.venue().due().collect::<Vec<_>>(), [loan(1)]);
    // The page's penalty then is all that is left: ten percent.
    let events = {
        let action = with_lp(&bench, loan(1), 10_000);
        bench.must(action)
    };
    expect![[r#"
        case-1: write-down 0
        case-1: repay 1012546551442032
        liquidateWithLP: paid 1012546551442032, wrote down 0, received [25155764746872634606, 50311529492]
        case-1: Liquidated { shortfall: 0 }
    "#]].assert_eq(&told(&events));
}

#[test]
fn an_index_update_looks_at_the_loans_whose_threshold_it_passed() {
    let mut bench = Bench::market(Params::page(), Execution::Keepers);
    for step in 0..200u128 {
        bench.open(BORROWER, LP / 100, 9_900 - step * 20);
    }
    let before = bench.venue().watch_stats();
    for _ in 0..40 {
        bench.wait(200_000);
    }
    let due = bench.venue().due().count() as u64;
    let stats = bench.venue().watch_stats();
    assert!(due > 0 && due < 200, "{due} of 200 loans are due");
    assert_eq!(stats.popped - before.popped, due, "loans looked at");
    // An update that reaches nobody looks at nobody.
    bench.wait(1);
    assert_eq!(bench.venue().watch_stats().popped, stats.popped);
}

#[test]
fn the_pair_moves_as_recorded_and_charges_borrowers_its_growth() {
    let mut bench = Bench::market(Params::page(), Execution::Keepers);
    let id = bench.open(BORROWER, LP, 5_000);
    bench.wait(10_000);
    let (before, state) = (bench.venue().debt(id).unwrap(), bench.state());
    // The recorded pair grew by a hundredth of a percent, and its providers by a tenth.
    let grown = |x: u128| x / 10_000 * 11_001;
    let supply = state.supply / 10_000 * 11_000;
    bench.block += 10_000;
    bench.must(Action::MovePair {
        reserves: state.reserves.map(grown),
        supply,
    });
    bench.must(Action::UpdatePool);
    let after = bench.venue().debt(id).unwrap();
    let growth = (after - before) * 1_000_000 / before;
    assert!(
        (90..=300).contains(&growth),
        "the debt grew by {growth} millionths"
    );
    assert_eq!(bench.state().supply, supply);
    // What is outside can be bought back, not what others hold.
    let refused = bench.act(Action::MovePair {
        reserves: state.reserves,
        supply: 1_000,
    });
    assert!(refused.is_err());
    bench.engine.audit().unwrap();
}

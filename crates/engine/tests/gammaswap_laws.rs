//! What must hold in every history of a GammaSwap venue, whatever anybody does.

mod gammaswap_support;

use gammaswap_support::{BORROWER, Bench, KEEPER, LENDER, LIQUIDATOR, TRADER, loan};
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::gammaswap::{
    Action, Event as Happened, Generation, Params, Purse, Sent, State,
};
use plimsoll_engine::{Engine, Event};
use plimsoll_units::{AccountId, Rounding, mul_div};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// One step of a history, in small numbers that are turned into amounts by what there is.
#[derive(Debug, Clone)]
enum Step {
    Wait {
        blocks: u64,
        accrue: bool,
    },
    Swap {
        sell: u8,
        bps: u128,
    },
    AddLiquidity {
        bps: u128,
    },
    RemoveLiquidity {
        bps: u128,
    },
    Lend {
        bps: u128,
    },
    Unlend {
        bps: u128,
    },
    Open {
        who: u32,
        bps: u128,
        ltv: u128,
        own: Option<u16>,
    },
    Add {
        loan: u64,
        bps: u128,
    },
    Take {
        loan: u64,
        bps: u128,
    },
    BorrowMore {
        loan: u64,
        bps: u128,
    },
    Repay {
        loan: u64,
        bps: u128,
        lp: bool,
    },
    Rebalance {
        loan: u64,
        token: usize,
        bps: i128,
    },
    Send {
        bps: u128,
    },
    WithLp {
        loan: u64,
        bps: u128,
    },
    FromCollateral {
        loan: u64,
        token: usize,
        bps: i128,
    },
    Batch {
        first: u64,
        count: u64,
        bps: u128,
    },
}

fn a_step() -> impl Strategy<Value = Step> {
    let loan = 1u64..9;
    prop_oneof![
        6 => (1u64..4_000_000, any::<bool>()).prop_map(|(blocks, accrue)| Step::Wait { blocks, accrue }),
        3 => (0u8..2, 1u128..3_000).prop_map(|(sell, bps)| Step::Swap { sell, bps }),
        1 => (1u128..3_000).prop_map(|bps| Step::AddLiquidity { bps }),
        1 => (1u128..3_000).prop_map(|bps| Step::RemoveLiquidity { bps }),
        1 => (1u128..3_000).prop_map(|bps| Step::Lend { bps }),
        1 => (1u128..9_000).prop_map(|bps| Step::Unlend { bps }),
        5 => (0u32..4, 1u128..2_500, 8_000u128..9_960, prop::option::of(9_000u16..10_001))
            .prop_map(|(who, bps, ltv, own)| Step::Open { who, bps, ltv, own }),
        1 => (loan.clone(), 1u128..500).prop_map(|(loan, bps)| Step::Add { loan, bps }),
        1 => (loan.clone(), 1u128..500).prop_map(|(loan, bps)| Step::Take { loan, bps }),
        1 => (loan.clone(), 1u128..500).prop_map(|(loan, bps)| Step::BorrowMore { loan, bps }),
        1 => (loan.clone(), 1u128..12_000, any::<bool>())
            .prop_map(|(loan, bps, lp)| Step::Repay { loan, bps, lp }),
        2 => (loan.clone(), 0usize..2, -3_000i128..3_000)
            .prop_map(|(loan, token, bps)| Step::Rebalance { loan, token, bps }),
        1 => (1u128..100).prop_map(|bps| Step::Send { bps }),
        3 => (loan.clone(), 0u128..11_000).prop_map(|(loan, bps)| Step::WithLp { loan, bps }),
        3 => (loan.clone(), 0usize..2, -2_000i128..2_000)
            .prop_map(|(loan, token, bps)| Step::FromCollateral { loan, token, bps }),
        3 => (loan, 0u64..5, 9_990u128..11_000)
            .prop_map(|(first, count, bps)| Step::Batch { first, count, bps }),
    ]
}

fn part(whole: u128, bps: u128) -> u128 {
    whole / 10_000 * bps
}

fn signed(whole: u128, bps: i128) -> i128 {
    i128::try_from(whole / 10_000).unwrap() * bps
}

/// The debt of a loan by the formula alone.
fn debt(state: &State, at: u64) -> u128 {
    let Some(loan) = usize::try_from(at)
        .ok()
        .and_then(|at| state.loans.get(at.checked_sub(1)?))
    else {
        return 0;
    };
    if loan.rate_index == 0 {
        return 0;
    }
    let [l, i, r] = [loan.liquidity, state.storage.acc_fee_index, loan.rate_index]
        .map(|x| i128::try_from(x).unwrap());
    u128::try_from(mul_div(l, i, r, Rounding::Down).unwrap()).unwrap()
}

fn actions(bench: &Bench, step: &Step) -> Action {
    let state = bench.state();
    let wallet = |account| bench.wallet(account);
    let held = |at: u64| match state.loans.get(usize::try_from(at).unwrap() - 1) {
        Some(loan) => loan.held,
        None => [0, 0],
    };
    let deltas = |at: u64, token: usize, bps: i128| {
        let mut deltas = vec![0, 0];
        deltas[token] = signed(held(at)[token], bps);
        deltas
    };
    let lp_for = |debt: u128, bps: u128| {
        let s = &state.storage;
        let lp = debt * (s.last_cfmm_total_supply / 1_000) / (s.last_cfmm_invariant / 1_000).max(1);
        Sent::lp(part(lp, bps))
    };
    let owner = |at: u64| match state.loans.get(usize::try_from(at).unwrap() - 1) {
        Some(loan) => loan.owner,
        None => BORROWER,
    };
    match *step {
        Step::Wait { accrue: true, .. } => Action::UpdatePool,
        Step::Wait { .. } => Action::Deposit {
            account: TRADER,
            purse: Purse::Token0,
            amount: 1,
        },
        Step::Swap { sell, bps } => Action::Swap {
            account: TRADER,
            sell,
            amount: part(wallet(TRADER).tokens[usize::from(sell)], bps),
            minimum: 0,
        },
        Step::AddLiquidity { bps } => Action::AddLiquidity {
            account: TRADER,
            desired: wallet(TRADER).tokens.map(|t| part(t, bps)),
        },
        Step::RemoveLiquidity { bps } => Action::RemoveLiquidity {
            account: LENDER,
            lp: part(wallet(LENDER).lp, bps),
        },
        Step::Lend { bps } => Action::PoolDeposit {
            account: LENDER,
            lp: part(wallet(LENDER).lp, bps),
        },
        Step::Unlend { bps } => Action::PoolWithdraw {
            account: LENDER,
            shares: part(wallet(LENDER).shares, bps),
        },
        Step::Open { who, bps, ltv, own } => {
            let lp = part(state.storage.lp_token_balance, bps);
            let share = |reserve: u128| {
                let borrowed = lp / 1_000_000 * reserve / (state.supply / 1_000_000).max(1);
                borrowed / ltv * (10_000 - ltv)
            };
            Action::Open {
                account: AccountId(BORROWER.0 + who),
                threshold_bps: own,
                amounts: [share(state.reserves[0]), share(state.reserves[1])],
                lp,
            }
        }
        Step::Add { loan: at, bps } => Action::IncreaseCollateral {
            account: owner(at),
            loan: loan(at),
            amounts: held(at).map(|t| part(t, bps)),
        },
        Step::Take { loan: at, bps } => Action::DecreaseCollateral {
            account: owner(at),
            loan: loan(at),
            amounts: held(at).map(|t| part(t, bps)),
        },
        Step::BorrowMore { loan: at, bps } => Action::Borrow {
            account: owner(at),
            loan: loan(at),
            lp: part(state.storage.lp_token_balance, bps),
        },
        Step::Repay {
            loan: at,
            bps,
            lp: false,
        } => Action::Repay {
            account: owner(at),
            loan: loan(at),
            liquidity: part(debt(&state, at), bps),
        },
        Step::Repay {
            loan: at,
            bps,
            lp: true,
        } => Action::RepayWithLp {
            account: owner(at),
            loan: loan(at),
            liquidity: part(debt(&state, at), bps),
            // Borrowers have no LP tokens; what was sent by others counts.
            lp: 0,
        },
        Step::Rebalance {
            loan: at,
            token,
            bps,
        } => Action::Rebalance {
            account: owner(at),
            loan: loan(at),
            deltas: deltas(at, token, bps),
        },
        Step::Send { bps } => Action::Send {
            account: LIQUIDATOR,
            sent: Sent {
                tokens: wallet(LIQUIDATOR).tokens.map(|t| part(t, bps) / 100),
                lp: part(wallet(LIQUIDATOR).lp, bps) / 100,
            },
        },
        Step::WithLp { loan: at, bps } => Action::LiquidateWithLp {
            account: LIQUIDATOR,
            loan: loan(at),
            sent: lp_for(debt(&state, at), bps),
        },
        Step::FromCollateral {
            loan: at,
            token,
            bps,
        } => Action::Liquidate {
            account: LIQUIDATOR,
            loan: loan(at),
            deltas: match bench.venue().params().generation {
                // A small trade is none: the collateral may do as it is.
                Generation::A if bps.abs() > 500 => deltas(at, token, bps),
                Generation::A => vec![],
                Generation::B => vec![],
            },
            fees: vec![],
            sent: Sent::default(),
        },
        Step::Batch { first, count, bps } => Action::BatchLiquidations {
            account: LIQUIDATOR,
            loans: (first..first + count)
                .chain([first])
                .take(count as usize)
                .map(loan)
                .collect(),
            sent: {
                let all = (first..first + count).map(|at| debt(&state, at)).sum();
                lp_for(all, bps)
            },
        },
    }
}

/// Whether a loan is liquidatable, by the page's sentence on plain integers.
fn due_by_the_page(bench: &Bench, state: &State, at: u64) -> bool {
    let held = state.loans[usize::try_from(at).unwrap() - 1];
    let threshold = match held.threshold_bps {
        0 => bench.venue().params().ltv_bps,
        own => own,
    };
    let collateral = plimsoll_engine::venues::gammaswap::invariant(held.held);
    debt(state, at) * 10_000 > collateral * u128::from(threshold)
}

fn check_watch(bench: &Bench, state: &State) -> Result<(), TestCaseError> {
    let open: Vec<u64> = bench.venue().due().map(|id| id.0).collect();
    let due: Vec<u64> = (1..=state.loans.len() as u64)
        .filter(|at| due_by_the_page(bench, state, *at))
        .collect();
    prop_assert_eq!(open, due, "open cases against a scan of all loans");
    Ok(())
}

/// Invariant units of all shares against their number, before and after: the value of a share may
/// fall by what was written down, and by rounding.
fn check_share_value(before: &State, after: &State, events: &[Event]) -> Result<(), TestCaseError> {
    let lost: u128 = events
        .iter()
        .map(|event| match event {
            Event::GammaSwap(Happened::Liquidated(done)) => done.write_down,
            _ => 0,
        })
        .sum();
    let (old, new) = (&before.storage, &after.storage);
    if old.share_supply == 0 || new.share_supply == 0 {
        return Ok(());
    }
    let value =
        |s: &plimsoll_engine::venues::gammaswap::Storage| s.lp_invariant + s.borrowed_invariant;
    // The pair's growth is an index of 18 decimals rounded down, so a debt can lose that much of
    // itself; conversions lose single units.
    let grain = value(old) / 100_000_000_000_000_000 + 10;
    let wide = ruint::aliases::U256::from::<u128>;
    let kept = (wide(value(new)) + wide(lost) + wide(grain)) * wide(old.share_supply);
    prop_assert!(
        kept >= wide(value(old)) * wide(new.share_supply),
        "a share lost value without a write-down: {} of {} became {} of {}, {} written down",
        value(old),
        old.share_supply,
        value(new),
        new.share_supply,
        lost
    );
    Ok(())
}

fn run(
    params: Params,
    execution: Execution,
    steps: &[Step],
    mut each: impl FnMut(&Bench, &State, &State, &[Event]) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut bench = Bench::market(params, execution);
    let mut before = bench.state();
    for step in steps {
        if let Step::Wait { blocks, .. } = step {
            bench.block += blocks;
        }
        let action = actions(&bench, step);
        let hash = bench.engine.state_hash();
        match bench.act(action) {
            Ok(events) => {
                let after = bench.state();
                bench
                    .engine
                    .audit()
                    .map_err(|e| TestCaseError::fail(format!("{step:?}: {e}")))?;
                each(&bench, &before, &after, &events)?;
                before = after;
            }
            Err(why) => {
                prop_assert_eq!(bench.engine.state_hash(), hash, "{:?}: {}", step, why);
            }
        }
    }
    Ok(())
}

fn without_protocol_fee(mut params: Params) -> Params {
    params.protocol_fee_e5 = 0;
    params
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn cases_are_open_for_the_liquidatable_loans_and_no_others(
        steps in prop::collection::vec(a_step(), 1..60), late: bool,
    ) {
        let params = if late { Params::v1_2() } else { Params::page() };
        run(params, Execution::Keepers, &steps, |bench, _, after, _| check_watch(bench, after))?;
    }

    #[test]
    fn a_share_loses_value_by_a_recorded_write_down_alone(
        steps in prop::collection::vec(a_step(), 1..60), late: bool,
    ) {
        let params = if late { Params::v1_2() } else { Params::page() };
        let params = without_protocol_fee(params);
        run(params, Execution::Keepers, &steps, |_, before, after, events| {
            check_share_value(before, after, events)
        })?;
    }

    #[test]
    fn an_engine_that_keeps_for_itself_leaves_open_only_what_it_could_not_do(
        steps in prop::collection::vec(a_step(), 1..60), late: bool, rich: bool,
    ) {
        let params = if late { Params::v1_2() } else { Params::page() };
        let keeper = if rich { LIQUIDATOR } else { KEEPER };
        let execution = Execution::Engine { keeper };
        run(params, execution, &steps, |bench, _, after, _| check_watch(bench, after))?;
    }

    #[test]
    fn a_restored_engine_goes_on_as_if_nothing_had_happened(
        steps in prop::collection::vec(a_step(), 10..40), at in 0usize..10, late: bool,
    ) {
        let params = if late { Params::v1_2() } else { Params::page() };
        let mut first = Bench::market(params, Execution::Keepers);
        let mut second = None;
        for (number, step) in steps.iter().enumerate() {
            if number == at {
                let bytes = first.engine.snapshot().unwrap();
                let engine = Engine::restore(&bytes).unwrap();
                prop_assert_eq!(engine.state_hash(), first.engine.state_hash());
                second = Some(Bench { engine, block: first.block });
            }
            if let Step::Wait { blocks, .. } = step {
                first.block += blocks;
            }
            let action = actions(&first, step);
            let events = first.act(action.clone());
            if let Some(second) = &mut second {
                second.block = first.block;
                prop_assert_eq!(second.act(action), events);
                prop_assert_eq!(second.engine.state_hash(), first.engine.state_hash());
            }
        }
    }

    /// Generation A: what a batch of one loan does is what `liquidateWithLP` does when it is paid
    /// in full; and the penalty is the page's formula.
    #[test]
    fn a_batch_of_one_equals_the_single_call_in_full(
        lp in 1_000_000_000u128..1_000_000_000_000_000, ltv in 9_000u128..9_950,
        extra in 0u128..1_000_000, over in 0u64..40,
    ) {
        let mut bench = Bench::market(Params::page(), Execution::Keepers);
        let id = bench.open(BORROWER, lp, ltv);
        // With a single loan the pool's debt can round below the loan's, and its checked
        // subtraction panics, as the contract's does.
        bench.open(BORROWER, 1_000_000_000, 5_000);
        bench.wait_until_due(id);
        bench.wait(over * 100_000 + 1);
        let quote = bench.venue().quote(bench.engine.ledger(), id, bench.block).unwrap();
        prop_assert!(quote.liquidatable);
        let fee = (quote.collateral * 25).div_ceil(10_000);
        let left = quote.collateral.saturating_sub(quote.debt);
        prop_assert_eq!(quote.penalty, fee.max(left), "the page's penalty");
        let sent = Sent::lp(quote.lp + extra);
        let mut other = Bench { engine: bench.engine.clone(), block: bench.block };
        bench.must(Action::LiquidateWithLp { account: LIQUIDATOR, loan: id, sent });
        other.must(Action::BatchLiquidations { account: LIQUIDATOR, loans: vec![id], sent });
        prop_assert_eq!(bench.state(), other.state());
    }

    /// The fees a trader pays stay in the pair: the invariant per LP token never falls.
    #[test]
    fn no_trade_takes_from_the_liquidity_providers(
        steps in prop::collection::vec(a_step(), 1..60), late: bool,
    ) {
        let params = if late { Params::v1_2() } else { Params::page() };
        run(params, Execution::Keepers, &steps, |_, before, after, _| {
            let wide = ruint::aliases::U256::from::<u128>;
            let square = |s: &State| wide(s.reserves[0]) * wide(s.reserves[1]);
            let supply = |s: &State| ruint::aliases::U512::from(wide(s.supply) * wide(s.supply));
            let grew = ruint::aliases::U512::from(square(after)) * supply(before);
            prop_assert!(grew >= ruint::aliases::U512::from(square(before)) * supply(after));
            Ok(())
        })?;
    }
}

#[test]
fn the_histories_reach_every_kind_of_liquidation() {
    // A law over histories that never liquidate would prove nothing.
    let mut seen = std::collections::BTreeMap::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let histories = prop::collection::vec(a_step(), 60);
    for params in [Params::page(), Params::v1_2()] {
        for _ in 0..60 {
            let steps = histories.new_tree(&mut runner).unwrap().current();
            let generation = params.generation;
            run(
                params.clone(),
                Execution::Keepers,
                &steps,
                |_, _, _, events| {
                    for event in events {
                        if let Event::GammaSwap(Happened::Liquidated(done)) = event {
                            let kind = format!("{generation:?} {:?}", done.form);
                            *seen.entry(kind).or_insert(0) += 1;
                            if done.write_down > 0 {
                                *seen
                                    .entry(format!("{generation:?} write-down"))
                                    .or_insert(0) += 1;
                            }
                        }
                    }
                    Ok(())
                },
            )
            .unwrap();
        }
    }
    println!("{seen:?}");
    for generation in ["A", "B"] {
        for kind in ["WithLp", "FromCollateral", "Batch", "write-down"] {
            let kind = format!("{generation} {kind}");
            assert!(
                seen.contains_key(&kind),
                "no {kind} in any history: {seen:?}"
            );
        }
    }
}

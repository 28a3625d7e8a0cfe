//! Bad input is refused by the contract's own name, or by ours where the contract has none, and
//! changes nothing.

mod gammaswap_support;

use gammaswap_support::{
    BORROWER, Bench, LENDER, LIQUIDATOR, LP, ONE, TRADER, USDC, WETH, check_refused, due, genesis,
    loan,
};
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::gammaswap::{Action, Generation, Params, Sent, State};

fn with_lp(id: u64, lp: u128) -> Action {
    Action::LiquidateWithLp {
        account: LIQUIDATOR,
        loan: loan(id),
        sent: Sent::lp(lp),
    }
}

fn liquidate(id: u64, deltas: &[i128]) -> Action {
    Action::Liquidate {
        account: LIQUIDATOR,
        loan: loan(id),
        deltas: deltas.to_vec(),
        fees: vec![],
        sent: Sent::default(),
    }
}

fn batch(ids: &[u64], lp: u128) -> Action {
    Action::BatchLiquidations {
        account: LIQUIDATOR,
        loans: ids.iter().copied().map(loan).collect(),
        sent: Sent::lp(lp),
    }
}

#[test]
fn liquidations_of_generation_a_by_name() {
    let bench = due(Params::page()).0;
    let cases = [
        (with_lp(2, LP), "HasMargin"),
        (with_lp(0, LP), "LoanDoesNotExist"),
        (with_lp(3, LP), "LoanDoesNotExist"),
        (with_lp(u64::MAX, LP), "LoanDoesNotExist"),
        (with_lp(1, 0), "NoLiquidityProvided"),
        (with_lp(1, u128::MAX), "Arithmetic"),
        (with_lp(1, i128::MAX.unsigned_abs()), "Ledger"),
        (liquidate(2, &[]), "HasMargin"),
        (liquidate(9, &[]), "LoanDoesNotExist"),
        (liquidate(1, &[1]), "InvalidDeltasLength"),
        (liquidate(1, &[1, 2, 3]), "InvalidDeltasLength"),
        (liquidate(1, &[5, 5]), "BadDelta"),
        (liquidate(1, &[i128::MIN, i128::MAX]), "BadDelta"),
        (liquidate(1, &[i128::MAX, 0]), "Panic(0x11)"),
        (liquidate(1, &[0, i128::MIN]), "NotEnoughBalance"),
        (
            liquidate(1, &[-(20 * WETH as i128), 0]),
            "NotEnoughCollateral",
        ),
        (liquidate(1, &[]), "NotFullLiquidation"),
        (batch(&[], LP), "InvalidTokenIdsLength"),
        (batch(&[2], LP), "NoLiquidityDebt"),
        (batch(&[0, 7, u64::MAX], LP), "NoLiquidityDebt"),
        (batch(&[1], LP / 2), "NotFullLiquidation"),
        (batch(&[1], 0), "NoLiquidityProvided"),
    ];
    for (action, expected) in cases {
        check_refused(&bench, action, expected);
    }
}

#[test]
fn liquidations_of_generation_b_by_name() {
    let bench = due(Params::v1_2()).0;
    let cases = [
        (with_lp(2, LP), "HasMargin"),
        (with_lp(3, LP), "LoanDoesNotExist"),
        (with_lp(1, 0), "InsufficientDeposit"),
        (with_lp(1, LP / 2), "InsufficientDeposit"),
        (liquidate(2, &[]), "HasMargin"),
        (liquidate(1, &[0, 0]), "NotInGeneration"),
        (batch(&[], LP), "InvalidTokenIdsLength"),
        (batch(&[2, 2, 9], LP), "NoLiquidityDebt"),
        (batch(&[1], LP / 2), "InsufficientDeposit"),
    ];
    for (action, expected) in cases {
        check_refused(&bench, action, expected);
    }
}

#[test]
fn an_id_given_twice_in_a_batch_counts_once() {
    for params in [Params::page(), Params::v1_2()] {
        let mut once = due(params).0;
        let mut twice = Bench {
            engine: once.engine.clone(),
            block: once.block,
        };
        once.must(batch(&[1], 2 * LP));
        twice.must(batch(&[1, 1, 2, 1], 2 * LP));
        assert_eq!(once.state(), twice.state());
    }
}

#[test]
fn a_loan_with_one_sided_collateral_reverts_as_the_contracts_do() {
    for held in [[500 * ONE, 0], [0, 500 * ONE], [0, 0]] {
        let a = Bench::new(Params::page(), Execution::Keepers, Some(genesis(held)));
        // Worth nothing: everything is written down, and the payment divides by the debt left.
        check_refused(&a, with_lp(1, 0), "NoLiquidityProvided");
        check_refused(&a, with_lp(1, ONE), "Panic(0x12)");
        check_refused(&a, batch(&[1], ONE), "Panic(0x12)");
        check_refused(&a, liquidate(1, &[]), "NotEnoughCollateral");
        let b = Bench::new(Params::v1_2(), Execution::Keepers, Some(genesis(held)));
        let single = if held == [0, 0] {
            "Panic(0x12)"
        } else {
            "ZeroTokensHeld"
        };
        check_refused(&b, with_lp(1, 2_000 * ONE), single);
        check_refused(&b, liquidate(1, &[]), single);
        // In a batch it is worth half the value of its token, without any trade.
        let batched = if held == [0, 0] {
            "Panic(0x12)"
        } else {
            "accepted"
        };
        check_refused(&b, batch(&[1], 2_000 * ONE), batched);
    }
}

#[test]
fn an_empty_pair_and_an_empty_pool_refuse_by_name() {
    for params in [Params::page(), Params::v1_2()] {
        let mut bench = Bench::new(params, Execution::Keepers, None);
        bench.block = 5;
        for account in [LENDER, TRADER, BORROWER, LIQUIDATOR] {
            bench.fund(account.0, [WETH, 2_000 * USDC]);
        }
        let account = TRADER;
        let swap = |amount| Action::Swap {
            account,
            sell: 0,
            amount,
            minimum: 0,
        };
        let cases = [
            (swap(5), "UniswapV2: INSUFFICIENT_LIQUIDITY"),
            (swap(0), "UniswapV2: INSUFFICIENT_INPUT_AMOUNT"),
            (Action::RemoveLiquidity { account, lp: 5 }, "Panic(0x12)"),
            (
                Action::AddLiquidity {
                    account,
                    desired: [0, 0],
                },
                "Panic(0x11)",
            ),
            (
                Action::AddLiquidity {
                    account,
                    desired: [1_000, 1_000],
                },
                "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED",
            ),
            (Action::PoolDeposit { account, lp: 0 }, "ZeroShares"),
            (Action::PoolWithdraw { account, shares: 0 }, "ZeroAssets"),
            (Action::PoolWithdraw { account, shares: 1 }, "Ledger"),
            (
                Action::Open {
                    account,
                    threshold_bps: None,
                    amounts: [5, 5],
                    lp: 0,
                },
                "ExcessiveBorrowing",
            ),
            (Action::UpdatePool, "accepted"),
        ];
        for (action, expected) in cases {
            check_refused(&bench, action, expected);
        }
    }
}

#[test]
fn a_pool_whose_pair_was_emptied_refuses_by_name() {
    // Everybody outside left, and took all but dust of the reserves with them.
    for params in [Params::page(), Params::v1_2()] {
        let state = State {
            reserves: [0, 0],
            ..genesis([500 * ONE, 500 * ONE])
        };
        let bench = Bench::new(params.clone(), Execution::Keepers, Some(state));
        let b = params.generation == Generation::B;
        // An LP token is worth nothing then. The page's call takes it, writes down, and gives
        // nothing for it; the later one wants the whole debt.
        let with_nothing = if b { "InsufficientDeposit" } else { "accepted" };
        check_refused(&bench, with_lp(1, ONE), with_nothing);
        let trade = if b { "NotInGeneration" } else { "ZeroReserves" };
        check_refused(&bench, liquidate(1, &[5, 0]), trade);
        check_refused(&bench, liquidate(1, &[]), "Panic(0x12)");
    }
}

#[test]
fn amounts_of_a_pair_at_its_limits_are_computed_or_refused_never_wrapped() {
    // Reserves at the largest a pair can record, and a supply that no pair would issue.
    let huge = (1u128 << 112) - 1;
    for params in [Params::page(), Params::v1_2()] {
        let mut state = genesis([huge / 8, huge / 8]);
        state.reserves = [huge, huge];
        state.supply = 1 << 126;
        state.pool_tokens = [huge, huge];
        state.storage.token_balance = [huge, huge];
        state.storage.last_cfmm_total_supply = 1 << 126;
        state.storage.last_cfmm_invariant = huge;
        state.storage.borrowed_invariant = u128::MAX;
        state.storage.lp_invariant = u128::MAX;
        state.loans[0].liquidity = u128::MAX;
        state.storage.lp_token_balance = 1 << 100;
        state.pool_lp = 1 << 100;
        let bench = Bench::new(params, Execution::Keepers, Some(state));
        let actions = [
            with_lp(1, 1 << 70),
            liquidate(1, &[]),
            batch(&[1], 1 << 70),
            Action::UpdatePool,
            Action::Repay {
                account: BORROWER,
                loan: loan(1),
                liquidity: u128::MAX,
            },
        ];
        for action in actions {
            let mut copy = Bench {
                engine: bench.engine.clone(),
                block: bench.block + 1_000_000,
            };
            let hash = copy.engine.state_hash();
            if copy.act(action).is_err() {
                assert_eq!(copy.engine.state_hash(), hash);
            }
            copy.engine.audit().unwrap();
        }
    }
}

//! Recorded calls of the real contracts: the state before goes in, the call is made, and the
//! whole state after it, what it returned, and what it reported must be the same.

mod gammaswap_support;

use gammaswap_support::{Bench, loan};
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::gammaswap::{
    Action, Event as Happened, Generation, Liquidation, LoanState, Params, RateModel, Sent, State,
    Storage, Wallet,
};
use plimsoll_engine::{Event, Rejection};
use plimsoll_units::AccountId;
use serde_json::Value;

const LIQUIDATOR: AccountId = AccountId(1);
const BORROWER: AccountId = AccountId(2);
const VECTORS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/vectors/gammaswap.json"
);

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key}"))
}

fn number(value: &Value, key: &str) -> u128 {
    text(value, key)
        .parse()
        .unwrap_or_else(|e| panic!("{key}: {e}"))
}

fn both(value: &Value, key: &str) -> [u128; 2] {
    [
        number(value, &format!("{key}0")),
        number(value, &format!("{key}1")),
    ]
}

fn small<T: TryFrom<u128>>(value: &Value, key: &str) -> T {
    T::try_from(number(value, key)).unwrap_or_else(|_| panic!("{key} is too large"))
}

fn params(generation: Generation, constants: &Value, pre: &Value) -> Params {
    let of = |key| number(constants, key);
    let threshold: u16 = small(pre, "ltvThreshold");
    let (rate, ltv_bps, decimals) = match generation {
        Generation::A => (
            RateModel::LogDerivative {
                base: of("baseRate"),
                factor: of("factor"),
                max_apy: of("maxApy"),
            },
            threshold,
            [18, 18],
        ),
        Generation::B => (
            RateModel::LinearKinked {
                base: of("baseRate"),
                optimal: of("optimalUtilRate"),
                slope_1: of("slope1"),
                slope_2: of("slope2"),
            },
            10_000 - 10 * threshold,
            [small(pre, "decimals0"), small(pre, "decimals1")],
        ),
    };
    Params {
        generation,
        ltv_bps,
        borrow_ltv_bps: ltv_bps,
        liquidation_fee_bps: small(pre, "liquidationFee"),
        origination_fee_bps: 0,
        min_borrow: pre
            .get("minBorrow")
            .map_or(1000, |_| number(pre, "minBorrow")),
        rate,
        max_total_apy: of("maxTotalApy"),
        blocks_per_year: small(constants, "blocksPerYear"),
        trading_fee: (
            small(constants, "tradingFee1"),
            small(constants, "tradingFee2"),
        ),
        decimals,
        ..match generation {
            Generation::A => Params::page(),
            Generation::B => Params::v1_2(),
        }
    }
}

fn state(of: &Value) -> State {
    let loans = of["loans"].as_array().expect("loans");
    State {
        block: small(of, "block"),
        storage: Storage {
            last_block: small(of, "LAST_BLOCK_NUMBER"),
            borrowed_invariant: number(of, "BORROWED_INVARIANT"),
            lp_invariant: number(of, "LP_INVARIANT"),
            lp_token_balance: number(of, "LP_TOKEN_BALANCE"),
            lp_token_borrowed: number(of, "LP_TOKEN_BORROWED"),
            lp_token_borrowed_plus_interest: number(of, "LP_TOKEN_BORROWED_PLUS_INTEREST"),
            acc_fee_index: number(of, "accFeeIndex"),
            last_cfmm_fee_index: number(of, "lastCFMMFeeIndex"),
            last_cfmm_invariant: number(of, "lastCFMMInvariant"),
            last_cfmm_total_supply: number(of, "lastCFMMTotalSupply"),
            cfmm_reserves: both(of, "CFMM_RESERVES"),
            token_balance: both(of, "TOKEN_BALANCE"),
            ema_util_rate: of
                .get("emaUtilRate")
                .map_or(0, |_| small(of, "emaUtilRate")),
            share_supply: number(of, "gsTotalSupply"),
        },
        reserves: both(of, "liveReserve"),
        supply: number(of, "liveTotalSupply"),
        pool_tokens: both(of, "poolTok"),
        pool_lp: number(of, "poolLP"),
        wallets: vec![Wallet {
            account: LIQUIDATOR,
            tokens: both(of, "liqTok"),
            lp: number(of, "liqLP"),
            shares: 0,
        }],
        loans: loans
            .iter()
            .map(|loan| LoanState {
                owner: BORROWER,
                threshold_bps: 0,
                liquidity: number(loan, "liquidity"),
                init_liquidity: number(loan, "initLiquidity"),
                lp_tokens: number(loan, "lpTokens"),
                rate_index: number(loan, "rateIndex"),
                held: both(loan, "tokensHeld"),
            })
            .collect(),
    }
}

fn action(vector: &Value, loans: usize) -> Action {
    let list = |key: &str| vector[key].as_array().cloned().unwrap_or_default();
    let parsed = |v: &Value| v.as_str().expect("text").parse::<i128>().expect("a number");
    let (account, sent) = (LIQUIDATOR, Sent::default());
    match text(vector, "function") {
        "liquidateWithLP" => Action::LiquidateWithLp {
            account,
            loan: loan(1),
            sent,
        },
        "liquidate" => Action::Liquidate {
            account,
            loan: loan(1),
            deltas: list("deltas").iter().map(parsed).collect(),
            fees: list("transfer_fees_bps")
                .iter()
                .map(|v| u16::try_from(parsed(v)).expect("a fee"))
                .collect(),
            sent,
        },
        "batchLiquidations" => Action::BatchLiquidations {
            account,
            loans: (1..=loans as u64).map(loan).collect(),
            sent,
        },
        other => panic!("unknown function {other}"),
    }
}

/// What the call returned and reported, beside the state.
fn check_report(id: &str, vector: &Value, done: &Liquidation) {
    let out = &vector["summary_out"];
    let (returned, event) = (&out["returned"], &out["event"]);
    let mut checks = vec![
        (
            "event.collateral",
            number(event, "collateral"),
            done.collateral,
        ),
        (
            "event.liquidity",
            number(event, "liquidity"),
            done.liquidity,
        ),
        (
            "event.writeDownAmt",
            number(event, "writeDownAmt"),
            done.write_down,
        ),
        (
            "liquidity_paid",
            number(out, "liquidity_paid"),
            done.liquidity,
        ),
        (
            "liquidity_written_down",
            number(out, "liquidity_written_down"),
            done.write_down,
        ),
    ];
    if event.get("fee").is_some() {
        checks.push(("event.fee", number(event, "fee"), done.fee));
    }
    for (key, ours) in [
        ("loanLiquidity", done.loan_liquidity),
        ("totalLoanLiquidity", done.loan_liquidity),
        ("totalCollateral", done.collateral),
        ("refund0", done.refund[0]),
        ("refund1", done.refund[1]),
        ("refundLP", done.refund_lp),
    ] {
        if returned.get(key).is_some() {
            checks.push((key, number(returned, key), ours));
        }
    }
    for (what, theirs, ours) in checks {
        assert_eq!(ours, theirs, "{id}: {what}");
    }
}

fn check(vector: &Value, constants: [&Value; 2]) {
    let id = text(vector, "id");
    let (generation, constants) = match text(vector, "generation") {
        "A" => (Generation::A, constants[0]),
        _ => (Generation::B, constants[1]),
    };
    let pre = state(&vector["pre"]);
    let params = params(generation, constants, &vector["pre"]);
    let mut bench = Bench::new(params, Execution::Keepers, Some(pre.clone()));
    assert_eq!(bench.state(), pre, "{id}: the state before");
    bench.engine.audit().unwrap();
    let hash = bench.engine.state_hash();
    let result = bench.act(action(vector, pre.loans.len()));
    match (text(vector, "result"), result) {
        ("ok", Ok(events)) => {
            let done = events.iter().find_map(|event| match event {
                Event::GammaSwap(Happened::Liquidated(done)) => Some(*done),
                _ => None,
            });
            check_report(id, vector, &done.expect("a liquidation"));
        }
        ("ok", Err(rejection)) => panic!("{id}: refused: {rejection}"),
        (_, Err(Rejection::GammaSwap(refusal))) => {
            assert_eq!(refusal.name(), text(vector, "revert"), "{id}: {refusal}");
            assert_eq!(
                bench.engine.state_hash(),
                hash,
                "{id}: a refusal changed something"
            );
        }
        (_, other) => panic!("{id}: should revert with {}: {other:?}", vector["revert"]),
    }
    assert_eq!(
        bench.state(),
        state(&vector["post"]),
        "{id}: the state after"
    );
    bench.engine.audit().unwrap();
}

#[test]
fn every_recorded_call_ends_as_the_contracts_ended_it() {
    let Ok(file) = std::fs::read_to_string(VECTORS) else {
        println!("skipped: {VECTORS} is not there");
        return;
    };
    let file: Value = serde_json::from_str(&file).expect("JSON");
    let header = &file["header"];
    let constants = [&header["constants_A"], &header["constants_B"]];
    let vectors = file["vectors"].as_array().expect("vectors");
    assert!(!vectors.is_empty());
    for vector in vectors {
        check(vector, constants);
    }
    println!("{} recorded calls agree", vectors.len());
}

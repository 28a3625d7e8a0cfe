//! Bad commands of borrowers, lenders and traders, bad blocks, bad parameters and bad starting
//! states: refused by name, nothing changed.

mod gammaswap_support;

use gammaswap_support::{
    ASSETS, BORROWER, Bench, KEEPER, LENDER, LP, ONE, TRADER, check_refused, config, due, genesis,
    loan, name,
};
use plimsoll_engine::venues::gammaswap::{
    Action, Command, Config, Params, Purse, RateModel, Refusal, Sent, State,
};
use plimsoll_engine::venues::{Execution, VenueConfig};
use plimsoll_engine::{Body, Engine, Rejection};
use plimsoll_units::{AccountId, AssetId, Timestamp};

#[test]
fn commands_of_borrowers_lenders_and_traders_by_name() {
    for params in [Params::page(), Params::v1_2()] {
        let bench = due(params).0;
        let (account, other) = (BORROWER, TRADER);
        let held = bench.venue().loan(loan(2)).unwrap().held;
        let id = loan(2);
        let max = u128::MAX;
        let cases = [
            (
                Action::Borrow {
                    account: other,
                    loan: id,
                    lp: 5,
                },
                "Forbidden",
            ),
            (
                Action::Borrow {
                    account,
                    loan: loan(7),
                    lp: 5,
                },
                "LoanDoesNotExist",
            ),
            (
                Action::Borrow {
                    account,
                    loan: id,
                    lp: max,
                },
                "ExcessiveBorrowing",
            ),
            (
                Action::Open {
                    account,
                    threshold_bps: None,
                    amounts: [1, 1],
                    lp: LP,
                },
                "Margin",
            ),
            (
                Action::Repay {
                    account,
                    loan: id,
                    liquidity: 0,
                },
                "ZeroRepayLiquidity",
            ),
            (
                Action::Repay {
                    account: other,
                    loan: id,
                    liquidity: 1,
                },
                "Forbidden",
            ),
            (
                Action::RepayWithLp {
                    account,
                    loan: id,
                    liquidity: 5,
                    lp: 0,
                },
                "NotEnoughLPDeposit",
            ),
            (
                Action::RepayWithLp {
                    account,
                    loan: id,
                    liquidity: 5,
                    lp: max,
                },
                "Arithmetic",
            ),
            (
                Action::IncreaseCollateral {
                    account: other,
                    loan: id,
                    amounts: [1, 1],
                },
                "Forbidden",
            ),
            (
                Action::IncreaseCollateral {
                    account,
                    loan: id,
                    amounts: [max, 0],
                },
                "Arithmetic",
            ),
            (
                Action::DecreaseCollateral {
                    account,
                    loan: id,
                    amounts: held,
                },
                "Margin",
            ),
            (
                Action::DecreaseCollateral {
                    account: other,
                    loan: id,
                    amounts: [1, 1],
                },
                "Forbidden",
            ),
            (
                Action::Rebalance {
                    account,
                    loan: id,
                    deltas: vec![],
                },
                "InvalidDeltasLength",
            ),
            (
                Action::Rebalance {
                    account,
                    loan: id,
                    deltas: vec![1, 1],
                },
                "BadDelta",
            ),
            (
                Action::Rebalance {
                    account: other,
                    loan: id,
                    deltas: vec![1, 0],
                },
                "Forbidden",
            ),
            (
                Action::CreateLoan {
                    account,
                    threshold_bps: Some(0),
                },
                "ThresholdAbovePool",
            ),
            (
                Action::CreateLoan {
                    account,
                    threshold_bps: Some(9_951),
                },
                "ThresholdAbovePool",
            ),
            (
                Action::CreateLoan {
                    account,
                    threshold_bps: Some(9_950),
                },
                "accepted",
            ),
            (
                Action::Open {
                    account,
                    threshold_bps: None,
                    amounts: [9, 9],
                    lp: 9,
                },
                "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED",
            ),
            (
                Action::PoolDeposit {
                    account: LENDER,
                    lp: max,
                },
                "Arithmetic",
            ),
            (
                Action::PoolWithdraw {
                    account: TRADER,
                    shares: 1,
                },
                "Ledger",
            ),
            (
                Action::Swap {
                    account,
                    sell: 2,
                    amount: 1,
                    minimum: 0,
                },
                "NoSuchToken",
            ),
            (
                Action::Swap {
                    account,
                    sell: 0,
                    amount: 5,
                    minimum: max,
                },
                "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT",
            ),
            (
                Action::Swap {
                    account,
                    sell: 1,
                    amount: max,
                    minimum: 0,
                },
                "Arithmetic",
            ),
            (
                Action::Deposit {
                    account,
                    purse: Purse::Token0,
                    amount: max,
                },
                "Arithmetic",
            ),
            (
                Action::Deposit {
                    account,
                    purse: Purse::Lp,
                    amount: 1,
                },
                "OutsideHoldsLess",
            ),
            (
                Action::Withdraw {
                    account,
                    purse: Purse::Token0,
                    amount: max,
                },
                "Arithmetic",
            ),
            (
                Action::Withdraw {
                    account: KEEPER,
                    purse: Purse::Token0,
                    amount: 1,
                },
                "Ledger",
            ),
            (
                Action::Send {
                    account: KEEPER,
                    sent: Sent::lp(1),
                },
                "Ledger",
            ),
            (
                Action::SendToPair {
                    account: KEEPER,
                    tokens: [1, 0],
                },
                "Ledger",
            ),
            (
                Action::MovePair {
                    reserves: [max, max],
                    supply: 0,
                },
                "Arithmetic",
            ),
            (
                Action::MovePair {
                    reserves: [1 << 113, 1 << 113],
                    supply: 1 << 113,
                },
                "UniswapV2: OVERFLOW",
            ),
        ];
        for (action, expected) in cases {
            check_refused(&bench, action, expected);
        }
    }
}

#[test]
fn a_lender_cannot_take_what_is_lent() {
    let mut bench = Bench::market(Params::page(), Execution::Keepers);
    for _ in 0..4 {
        bench.open(BORROWER, 5 * LP, 5_000);
    }
    let account = LENDER;
    let shares = bench.wallet(LENDER).shares;
    check_refused(
        &bench,
        Action::PoolWithdraw { account, shares },
        "ExcessiveWithdrawal",
    );
    let mut bench = Bench::market(Params::v1_2(), Execution::Keepers);
    for _ in 0..4 {
        bench.open(BORROWER, 5 * LP, 5_000);
    }
    let s = bench.state().storage;
    let at_hand = s.lp_token_balance - s.lp_token_balance / 1_000;
    let shares = at_hand / 1_000 * s.share_supply / (s.assets_lp() / 1_000);
    check_refused(
        &bench,
        Action::PoolWithdraw { account, shares },
        "MaxUtilizationRate",
    );
}

#[test]
fn blocks_come_in_order_and_fit_the_contracts() {
    for (params, last) in [
        (Params::page(), (1u64 << 48) - 1),
        (Params::v1_2(), (1 << 40) - 1),
    ] {
        let mut bench = due(params).0;
        let now = bench.block;
        for (block, expected) in [
            (now - 1, "BlockWentBack"),
            (last + 1, "BlockTooLarge"),
            (u64::MAX, "BlockTooLarge"),
        ] {
            let command = plimsoll_engine::Command {
                time: Timestamp(i64::MAX),
                venue: gammaswap_support::VENUE,
                body: Body::GammaSwap(Command {
                    block,
                    action: Action::UpdatePool,
                }),
            };
            let refused = bench.engine.apply(&command).map(<[_]>::to_vec);
            assert_eq!(name(refused), expected);
        }
        // The last block there can be: interest of ages, an index truncated to its type.
        bench.block = last;
        let hash = bench.engine.state_hash();
        match bench.act(Action::UpdatePool) {
            Ok(_) => assert!(bench.state().storage.last_block == last),
            Err(_) => assert_eq!(bench.engine.state_hash(), hash),
        }
        bench.engine.audit().unwrap();
    }
}

#[test]
fn parameters_and_starting_states_out_of_bounds_are_refused() {
    let base = Config::gammaswap(ASSETS);
    type Change = fn(&mut Config);
    let cases: [(&str, Change); 14] = [
        ("no threshold", |c| c.params.ltv_bps = 0),
        ("a threshold above all", |c| c.params.ltv_bps = 10_001),
        ("borrowing beyond the threshold", |c| {
            c.params.borrow_ltv_bps = 9_951;
        }),
        ("a fee above all", |c| c.params.liquidation_fee_bps = 10_001),
        ("no fee divisor", |c| c.params.fee_divisor = 0),
        ("another smallest loan in A", |c| {
            c.params.min_borrow = 5_000;
        }),
        ("a year without blocks", |c| c.params.blocks_per_year = 0),
        ("no cap", |c| c.params.max_total_apy = 0),
        ("an average above all", |c| c.params.ema_multiplier = 101),
        ("a trade that gives more than all", |c| {
            c.params.trading_fee = (1_001, 1_000);
        }),
        ("a trade that gives nothing", |c| {
            c.params.trading_fee = (0, 1_000);
        }),
        ("decimals beyond words", |c| c.params.decimals = [18, 37]),
        ("an asset twice", |c| c.assets.lp = AssetId(0)),
        ("too many loans", |c| c.max_loans = u32::MAX),
    ];
    for (what, change) in cases {
        let mut venue = base.clone();
        change(&mut venue);
        let mut engine = config(Params::page(), Execution::Keepers, None);
        engine.venues = vec![VenueConfig::GammaSwap(Box::new(venue))];
        let refused = Engine::new(&engine).map(|_| ());
        assert!(
            matches!(refused, Err(Rejection::GammaSwap(Refusal::BadConfig(_)))),
            "{what}: {refused:?}"
        );
    }
    let kinked = |optimal| RateModel::LinearKinked {
        base: 0,
        optimal,
        slope_1: 1,
        slope_2: 2,
    };
    for rate in [kinked(0), kinked(ONE)] {
        assert!(rate.check().is_err());
    }
    type Spoil = fn(&mut State);
    let states: [(&str, Spoil); 6] = [
        ("more LP tokens than issued", |s| s.pool_lp = 20_000 * ONE),
        ("loans that hold more than is tracked", |s| {
            s.storage.token_balance = [0, 0];
        }),
        ("a pool that tracks more than it has", |s| {
            s.pool_tokens = [0, 0];
        }),
        ("a block before the last accrual", |s| s.block = 9),
        ("an index beyond its type", |s| {
            s.storage.acc_fee_index = 1 << 96;
        }),
        ("a loan's index beyond its type", |s| {
            s.loans[0].rate_index = 1 << 96;
        }),
    ];
    for (what, change) in states {
        let mut state = genesis([500 * ONE, 500 * ONE]);
        change(&mut state);
        let refused = Engine::new(&config(Params::page(), Execution::Keepers, Some(state)));
        assert!(
            matches!(refused, Err(Rejection::GammaSwap(Refusal::BadGenesis(_)))),
            "{what}: {:?}",
            refused.map(|_| ())
        );
    }
    let mut state = genesis([500 * ONE, 500 * ONE]);
    state.loans[0].threshold_bps = 9_951;
    let refused = Engine::new(&config(Params::page(), Execution::Keepers, Some(state)));
    assert!(matches!(
        refused,
        Err(Rejection::GammaSwap(Refusal::ThresholdAbovePool { .. }))
    ));
}

#[test]
fn a_venue_takes_as_many_loans_as_it_was_told() {
    let mut engine = config(Params::page(), Execution::Keepers, None);
    if let Some(VenueConfig::GammaSwap(venue)) = engine.venues.first_mut() {
        venue.max_loans = 1;
    }
    let mut bench = Bench {
        engine: Engine::new(&engine).unwrap(),
        block: 0,
    };
    let create = Action::CreateLoan {
        account: AccountId(1),
        threshold_bps: None,
    };
    bench.must(create.clone());
    assert_eq!(name(bench.act(create)), "TooManyLoans");
}

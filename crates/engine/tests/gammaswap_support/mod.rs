//! What the GammaSwap tests share: an engine with one venue, and short commands.
#![allow(dead_code, unreachable_pub)]

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::gammaswap::{
    Action, Assets, Command, Config, GammaSwap, Generation, LoanState, Params, Purse, Sent, State,
    Storage, Wallet,
};
use plimsoll_engine::venues::{Execution, Venue, VenueConfig};
use plimsoll_engine::{Body, Config as EngineConfig, Engine, Event, Rejection};
use plimsoll_units::{AccountId, AssetId, PositionId, Timestamp, VenueId};

pub const VENUE: VenueId = VenueId(0);
pub const ONE: u128 = 1_000_000_000_000_000_000;
pub const ASSETS: Assets = Assets {
    tokens: [AssetId(0), AssetId(1)],
    lp: AssetId(2),
    shares: AssetId(3),
};

/// One engine with one GammaSwap venue.
pub struct Bench {
    pub engine: Engine,
    pub block: u64,
}

pub fn loan(number: u64) -> PositionId {
    PositionId(number)
}

pub fn config(params: Params, execution: Execution, genesis: Option<State>) -> EngineConfig {
    let asset = |symbol: &str, decimals| Asset {
        symbol: symbol.to_owned(),
        decimals,
    };
    EngineConfig {
        assets: vec![
            asset("WETH", 18),
            asset("USDC", 6),
            asset("UNI-V2", 18),
            asset("GS-LP", 18),
        ],
        venues: vec![VenueConfig::GammaSwap(Box::new(Config {
            params,
            execution,
            genesis,
            ..Config::gammaswap(ASSETS)
        }))],
    }
}

impl Bench {
    pub fn new(params: Params, execution: Execution, genesis: Option<State>) -> Self {
        let block = genesis.as_ref().map_or(0, |state| state.block);
        let engine = Engine::new(&config(params, execution, genesis)).unwrap();
        Self { engine, block }
    }

    pub fn venue(&self) -> &GammaSwap {
        match self.engine.venue(VENUE) {
            Some(Venue::GammaSwap(venue)) => venue,
            _ => panic!("the venue is a GammaSwap"),
        }
    }

    pub fn state(&self) -> State {
        self.venue().state(self.engine.ledger())
    }

    /// Applies an action in the current block.
    pub fn act(&mut self, action: Action) -> Result<Vec<Event>, Rejection> {
        let command = plimsoll_engine::Command {
            time: Timestamp(i64::try_from(self.block).unwrap_or(i64::MAX)),
            venue: VENUE,
            body: Body::GammaSwap(Command {
                block: self.block,
                action,
            }),
        };
        self.engine.apply(&command).map(<[Event]>::to_vec)
    }

    /// Applies an action that must be accepted.
    #[track_caller]
    pub fn must(&mut self, action: Action) -> Vec<Event> {
        let told = format!("{action:?}");
        match self.act(action) {
            Ok(events) => events,
            Err(rejection) => panic!("{told}: {rejection}"),
        }
    }

    #[track_caller]
    pub fn fund(&mut self, account: u32, tokens: [u128; 2]) {
        for (purse, amount) in [(Purse::Token0, tokens[0]), (Purse::Token1, tokens[1])] {
            self.must(Action::Deposit {
                account: AccountId(account),
                purse,
                amount,
            });
        }
    }
}

pub const LENDER: AccountId = AccountId(10);
pub const TRADER: AccountId = AccountId(20);
pub const LIQUIDATOR: AccountId = AccountId(30);
pub const KEEPER: AccountId = AccountId(40);
/// Borrowers are accounts 50, 51, 52, 53.
pub const BORROWER: AccountId = AccountId(50);

/// One whole first token (18 decimals) and one whole second (6 decimals).
pub const WETH: u128 = ONE;
pub const USDC: u128 = 1_000_000;

impl Bench {
    /// A pair of 1,000 WETH and 2,000,000 USDC whose LP tokens are the lender's, who put half of
    /// them into the pool; everybody else has reserve tokens, the liquidator LP tokens as well.
    #[track_caller]
    pub fn market(params: Params, execution: Execution) -> Self {
        let mut bench = Self::new(params, execution, None);
        bench.block = 1_000;
        for account in [10, 20, 30, 50, 51, 52, 53] {
            bench.fund(account, [2_000 * WETH, 4_000_000 * USDC]);
        }
        bench.must(Action::AddLiquidity {
            account: LENDER,
            desired: [1_000 * WETH, 2_000_000 * USDC],
        });
        let lp = bench.wallet(LENDER).lp;
        bench.must(Action::PoolDeposit {
            account: LENDER,
            lp: lp / 2,
        });
        bench.must(Action::AddLiquidity {
            account: LIQUIDATOR,
            desired: [1_000 * WETH, 2_000_000 * USDC],
        });
        bench
    }

    pub fn wallet(&self, account: AccountId) -> Wallet {
        self.venue().wallet_state(self.engine.ledger(), account)
    }

    /// Opens a loan of `lp` LP tokens with collateral in the pair's proportion: as much of it as
    /// leaves the debt at `ltv_bps` of all collateral.
    #[track_caller]
    pub fn open(&mut self, borrower: AccountId, lp: u128, ltv_bps: u128) -> PositionId {
        let state = self.state();
        // What is borrowed becomes collateral itself; the own part makes up the rest.
        let own = |reserve: u128| {
            let borrowed = lp * reserve / state.supply;
            borrowed * (10_000 - ltv_bps) / ltv_bps
        };
        let amounts = [own(state.reserves[0]), own(state.reserves[1])];
        self.must(Action::Open {
            account: borrower,
            threshold_bps: None,
            amounts,
            lp,
        });
        loan(self.state().loans.len() as u64)
    }

    /// Lets `blocks` blocks pass and the pool charge for them.
    #[track_caller]
    pub fn wait(&mut self, blocks: u64) -> Vec<Event> {
        self.block += blocks;
        self.must(Action::UpdatePool)
    }

    /// Lets blocks pass until a loan is liquidatable.
    #[track_caller]
    pub fn wait_until_due(&mut self, id: PositionId) {
        for _ in 0..10_000 {
            if self.venue().due().any(|due| due == id) {
                return;
            }
            self.wait(20_000);
        }
        panic!("loan {} never became liquidatable", id.0);
    }
}

#[track_caller]
pub fn name(result: Result<Vec<Event>, Rejection>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(Rejection::GammaSwap(refusal)) => {
            // A refusal says what was wrong, not only its name.
            assert!(!refusal.to_string().is_empty());
            refusal.name().to_owned()
        }
        Err(Rejection::Ledger(_)) => "Ledger".to_owned(),
        Err(Rejection::Arithmetic(_)) => "Arithmetic".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}

/// Tries an action on a copy: what it is refused by, with nothing changed.
#[track_caller]
pub fn check_refused(bench: &Bench, action: Action, expected: &str) {
    let mut copy = Bench {
        engine: bench.engine.clone(),
        block: bench.block,
    };
    let told = format!("{action:?}");
    let (hash, state) = (copy.engine.state_hash(), copy.state());
    assert_eq!(name(copy.act(action)), expected, "{told}");
    if expected != "accepted" {
        assert_eq!(copy.engine.state_hash(), hash, "{told} changed something");
        assert_eq!(copy.state(), state, "{told} changed something");
    }
    copy.engine.audit().unwrap();
}

/// A pair of 18 decimals with one loan whose collateral is given, its debt 1000 whole units, and
/// another debt beside it.
pub fn genesis(held: [u128; 2]) -> State {
    let reserves = [10_000 * ONE, 10_000 * ONE];
    State {
        block: 10,
        storage: Storage {
            last_block: 10,
            borrowed_invariant: 3_000 * ONE,
            lp_invariant: 5_000 * ONE,
            lp_token_balance: 5_000 * ONE,
            lp_token_borrowed: 3_000 * ONE,
            lp_token_borrowed_plus_interest: 3_000 * ONE,
            last_cfmm_invariant: 10_000 * ONE,
            last_cfmm_total_supply: 10_000 * ONE,
            cfmm_reserves: reserves,
            token_balance: [held[0] + 5_000 * ONE, held[1] + 5_000 * ONE],
            share_supply: 8_000 * ONE,
            ..Storage::new(10)
        },
        reserves,
        supply: 10_000 * ONE,
        pool_tokens: [held[0] + 5_000 * ONE, held[1] + 5_000 * ONE],
        pool_lp: 5_000 * ONE,
        wallets: vec![Wallet {
            account: LIQUIDATOR,
            tokens: [0, 0],
            lp: 4_000 * ONE,
            shares: 0,
        }],
        loans: vec![LoanState {
            owner: BORROWER,
            threshold_bps: 0,
            liquidity: 1_000 * ONE,
            init_liquidity: 1_000 * ONE,
            lp_tokens: 1_000 * ONE,
            rate_index: ONE,
            held,
        }],
    }
}

/// LP tokens of a loan that suits the market of the tests.
pub const LP: u128 = 1_000_000_000_000_000;

/// A market where loan 1 is just due and loan 2 far from it.
pub fn due(params: Params) -> (Bench, PositionId) {
    let mut bench = Bench::market(params, Execution::Keepers);
    let id = bench.open(BORROWER, LP, 9_900);
    bench.open(BORROWER, LP, 5_000);
    bench.wait_until_due(id);
    (bench, id)
}

pub fn with_lp(bench: &Bench, id: PositionId, bps: u128) -> Action {
    let quote = bench
        .venue()
        .quote(bench.engine.ledger(), id, bench.block)
        .unwrap();
    Action::LiquidateWithLp {
        account: LIQUIDATOR,
        loan: id,
        sent: Sent::lp(quote.lp * bps / 10_000),
    }
}

/// Out of the collateral. On a pair with a token of six decimals the page's call falls short by
/// rounding, unless its fees gross the payment up; what is too much comes back.
pub fn liquidate(params: &Params, id: PositionId) -> Action {
    Action::Liquidate {
        account: LIQUIDATOR,
        loan: id,
        deltas: vec![],
        fees: match params.generation {
            Generation::A => vec![1, 1],
            Generation::B => vec![],
        },
        sent: Sent::default(),
    }
}

/// Three loans, the first of them far under water, all due.
pub fn three_due(params: Params) -> Bench {
    let mut bench = Bench::market(params, Execution::Keepers);
    let first = bench.open(BORROWER, LP, 9_940);
    bench.wait_until_due(first);
    bench.wait(1_200_000);
    for ltv in [9_940, 9_938] {
        bench.open(BORROWER, LP, ltv);
    }
    bench.open(BORROWER, LP, 5_000);
    bench.wait_until_due(loan(3));
    bench
}

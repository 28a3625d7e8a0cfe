//! Loans of liquidity: `cargo bench -p plimsoll-bench --bench liquidity`. Accruing interest and
//! finding who is due beside a pass over all loans; single and batch liquidations.
//!
//! Everything is a GammaSwap pool of the page's generation whose loans' debts lie evenly between
//! half of their collateral and the threshold. An hour of interest reaches a few of a million; a
//! growth of the pair by one percent reaches some two hundredths of them. Throughput is in loans.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use plimsoll_bench::chance::Chance;
use plimsoll_bench::quick;
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::margin::liquidity::covers;
use plimsoll_engine::venues::gammaswap::{
    Action, Assets, Command as Do, Config as VenueParams, GammaSwap, LoanId, LoanState, ONE, Sent,
    State, Storage, Wallet, invariant,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine};
use plimsoll_units::{AccountId, AssetId, Timestamp, VenueId};

const VENUE: VenueId = VenueId(0);
const LIQUIDATOR: AccountId = AccountId(1);
const START: u64 = 17_000_000;
const BLOCKS_AN_HOUR: u64 = 257;
/// Updates of one measured run.
const HOURS: u64 = 24;
/// Loans in a batch.
const BATCH: usize = 100;
/// One token of a loan's collateral, about.
const COLLATERAL: u128 = ONE;

/// A pool full of loans.
struct Pool {
    engine: Engine,
    reserves: [u128; 2],
    supply: u128,
}

fn command(block: u64, action: Action) -> Command {
    Command {
        time: Timestamp(i64::try_from(block * 13_300).unwrap_or(i64::MAX)),
        venue: VENUE,
        body: Body::GammaSwap(Do { block, action }),
    }
}

impl Pool {
    fn new(loans: u32) -> Self {
        let mut chance = Chance::new(11);
        let loan = |_| {
            let held = [0, 1].map(|_| COLLATERAL + u128::from(chance.below(1 << 20)) * (ONE >> 24));
            let whole = invariant(held);
            // From half of the collateral to just under the threshold, in millionths.
            let share = 500_000 + chance.below(495_000);
            let liquidity = whole / 1_000_000 * u128::from(share);
            LoanState {
                owner: AccountId(2),
                threshold_bps: 0,
                liquidity,
                init_liquidity: liquidity,
                lp_tokens: liquidity,
                rate_index: ONE,
                held,
            }
        };
        let loans: Vec<LoanState> = (0..loans).map(loan).collect();
        let owed: u128 = loans.iter().map(|loan| loan.liquidity).sum();
        let token = |at: usize| loans.iter().map(|loan| loan.held[at]).sum::<u128>();
        let token_balance = [token(0), token(1)];
        // A pair four times as large as what is lent, one LP token per unit of liquidity.
        let supply = owed * 4;
        let reserves = [supply; 2];
        let state = State {
            block: START,
            storage: Storage {
                borrowed_invariant: owed,
                lp_invariant: owed,
                lp_token_balance: owed,
                lp_token_borrowed: owed,
                lp_token_borrowed_plus_interest: owed,
                last_cfmm_invariant: supply,
                last_cfmm_total_supply: supply,
                cfmm_reserves: reserves,
                token_balance,
                share_supply: owed * 2,
                ..Storage::new(START)
            },
            reserves,
            supply,
            pool_tokens: token_balance,
            pool_lp: owed,
            wallets: vec![Wallet {
                account: LIQUIDATOR,
                lp: owed,
                ..Wallet::default()
            }],
            loans,
        };
        let asset = |symbol: &str| Asset {
            symbol: symbol.to_owned(),
            decimals: 18,
        };
        let assets = Assets {
            tokens: [AssetId(0), AssetId(1)],
            lp: AssetId(2),
            shares: AssetId(3),
        };
        let engine = Engine::new(&Config {
            assets: ["A", "B", "LP", "GS-LP"].map(asset).to_vec(),
            venues: vec![VenueConfig::GammaSwap(Box::new(VenueParams {
                genesis: Some(state),
                ..VenueParams::gammaswap(assets)
            }))],
        });
        Self {
            engine: engine.expect("a sound state"),
            reserves,
            supply,
        }
    }

    /// Commands that let a number of hours pass.
    fn hours() -> Vec<Command> {
        let hour = |hour| command(START + hour * BLOCKS_AN_HOUR, Action::UpdatePool);
        (1..=HOURS).map(hour).collect()
    }

    /// The same pool after the pair grew by one percent, and who is due.
    fn fallen(&self) -> (Engine, Vec<LoanId>) {
        let mut engine = self.engine.clone();
        let reserves = self.reserves.map(|reserve| reserve / 100 * 101);
        let supply = self.supply;
        // So many blocks that the growth is not capped.
        let block = START + 10 * BLOCKS_AN_HOUR;
        for action in [Action::MovePair { reserves, supply }, Action::UpdatePool] {
            engine.apply(&command(block, action)).expect("accepted");
        }
        let due: Vec<LoanId> = venue(&engine).due().collect();
        assert_eq!(due.len(), pass(venue(&engine)), "the watch and the pass");
        (engine, due)
    }
}

fn venue(engine: &Engine) -> &GammaSwap {
    match engine.venue(VENUE) {
        Some(Venue::GammaSwap(venue)) => venue,
        _ => unreachable!("the venue is a GammaSwap"),
    }
}

/// The naive pass: every loan's debt against its collateral, as the contract computes them.
fn pass(venue: &GammaSwap) -> usize {
    let threshold = venue.params().ltv_bps;
    venue
        .loans()
        .filter(|(id, loan)| {
            let debt = venue.debt(*id).unwrap_or(0);
            !covers(invariant(loan.held), debt, threshold)
        })
        .count()
}

/// Applies commands one after the other and says how long that took.
fn apply(engine: &mut Engine, commands: &[Command]) -> Duration {
    let start = Instant::now();
    for command in commands {
        black_box(engine.apply(command).expect("accepted"));
    }
    start.elapsed()
}

fn accrual(criterion: &mut Criterion) {
    let loans = if quick() { 2_000 } else { 1_000_000 };
    let pool = Pool::new(loans);
    let hours = Pool::hours();
    let mut passed = pool.engine.clone();
    let _ = apply(&mut passed, &hours);
    let due = venue(&passed).due().count();
    assert_eq!(due, pass(venue(&passed)), "the watch and the pass");
    println!("liquidity: {due} of {loans} loans are due after {HOURS} hours");

    let mut group = criterion.benchmark_group("liquidity/accrue and check");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(u64::from(loans) * HOURS));
    group.bench_function(BenchmarkId::new("watch, 24 updates", loans), |bencher| {
        bencher.iter_custom(|iterations| {
            let each = |_| apply(&mut pool.engine.clone(), &hours);
            (0..iterations).map(each).sum::<Duration>()
        });
    });
    group.throughput(Throughput::Elements(loans.into()));
    group.bench_function(BenchmarkId::new("naive pass, once", loans), |bencher| {
        bencher.iter(|| black_box(pass(venue(&passed))));
    });
    group.finish();
}

fn liquidations(criterion: &mut Criterion) {
    let loans = if quick() { 2_000 } else { 100_000 };
    let pool = Pool::new(loans);
    let (engine, due) = pool.fallen();
    let block = venue(&engine).block();
    println!("liquidity: {} of {loans} loans are due at once", due.len());
    // More than any debt here; what is too much comes back.
    let lp = 2 * COLLATERAL;
    let single = |loan: &LoanId| Action::LiquidateWithLp {
        account: LIQUIDATOR,
        loan: *loan,
        sent: Sent::lp(lp),
    };
    let batch = |loans: &[LoanId]| Action::BatchLiquidations {
        account: LIQUIDATOR,
        loans: loans.to_vec(),
        sent: Sent::lp(lp * loans.len() as u128),
    };
    let singles: Vec<Command> = due.iter().map(|l| command(block, single(l))).collect();
    let batches: Vec<Command> = due
        .chunks(BATCH)
        .map(|loans| command(block, batch(loans)))
        .collect();
    let mut group = criterion.benchmark_group("liquidity/liquidations");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(due.len() as u64));
    for (name, commands) in [("single", &singles), ("in batches of 100", &batches)] {
        let mut after = engine.clone();
        let _ = apply(&mut after, commands);
        assert_eq!(venue(&after).due().count(), 0, "{name}: some are left");
        after.audit().expect("the books balance");
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let each = |_| apply(&mut engine.clone(), commands);
                (0..iterations).map(each).sum::<Duration>()
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = plimsoll_bench::criterion_config!();
    targets = accrual, liquidations
}
criterion_main!(benches);

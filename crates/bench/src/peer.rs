//! The same positions and the same gap through `percolator-engine`, the nearest published peer.
//!
//! One of its engines holds 4,096 accounts of one market, so the book is dealt to as many engines
//! as it needs. Each position is traded against a liquidity provider of its engine, because there
//! every long has a short; collateral, sizes and sides are those of the world's positions. Its
//! margins are set so that a gap of 10 % liquidates the same positions, within a few.
//!
//! Where the comparison is unequal is said in docs/BENCHMARKS.md.

use percolator::{LiquidationPolicy, MAX_ACCOUNTS, RiskEngine, RiskParams, U128};
use plimsoll_units::Side;

use crate::world::{USD, World};

/// 1,000 in money of 6 decimals.
const PRICE: u64 = 1_000_000_000;
/// Base units (6 decimals) for one raw unit of money at that price, inverted.
const RAW_PER_BASE: i128 = 1_000;
/// Liquidity providers of an engine.
const PROVIDERS: u16 = 8;
/// Percolator takes a bare maintenance margin; ours takes 99 % of the collateral less a closing
/// fee of 0.1 % of the size. At 90 % of the entry both end a position at about 10.2 % of it.
const MAINTENANCE_BPS: u64 = 22;
const INITIAL_BPS: u64 = 350;
/// Its engine is one array by value: a stack of 2 MiB is not enough to make one.
const STACK_BYTES: usize = 64 << 20;

/// A book dealt to percolator's engines.
#[derive(Debug, Clone)]
pub struct Peer {
    engines: Vec<Box<RiskEngine>>,
    /// Positions in each engine; their accounts follow the providers'.
    positions: Vec<u16>,
}

/// What came of going over all accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Accounts looked at.
    pub looked_at: usize,
    /// Of them, liquidated (or under the margin).
    pub due: usize,
}

impl Peer {
    /// Deals the world's positions out.
    ///
    /// # Panics
    /// When percolator refuses a deposit or a trade.
    #[must_use]
    pub fn of(world: &World) -> Self {
        std::thread::scope(|scope| {
            let deal = std::thread::Builder::new().stack_size(STACK_BYTES);
            let dealt = deal.spawn_scoped(scope, || Self::deal(world));
            dealt
                .expect("a thread can be had")
                .join()
                .expect("percolator takes the book")
        })
    }

    fn deal(world: &World) -> Self {
        let (mut engines, mut positions) = (Vec::new(), Vec::new());
        let ledger = world.engine.ledger();
        let book: Vec<(Side, i128, u128)> = world
            .venue()
            .positions()
            .iter()
            .map(|(_, p)| {
                (
                    p.side,
                    p.size().raw(),
                    ledger.balance(p.collateral).unsigned_abs(),
                )
            })
            .collect();
        for part in book.chunks(MAX_ACCOUNTS - usize::from(PROVIDERS)) {
            let mut engine = Box::new(RiskEngine::new_with_market(params(), 0, PRICE));
            for provider in 0..PROVIDERS {
                let plenty = 1_000_000_000 * USD.unsigned_abs();
                engine
                    .deposit(provider, plenty, PRICE, 0)
                    .expect("a provider's deposit");
            }
            let mut account = PROVIDERS;
            for &(side, size, collateral) in part {
                engine
                    .deposit(account, collateral, PRICE, 0)
                    .expect("a deposit");
                let provider = account % PROVIDERS;
                let (long, short) = match side {
                    Side::Long => (account, provider),
                    Side::Short => (provider, account),
                };
                let quantity = size / RAW_PER_BASE;
                engine
                    .execute_trade_not_atomic(long, short, PRICE, 0, quantity, PRICE, 0)
                    .expect("a trade");
                account += 1;
            }
            engines.push(engine);
            positions.push(account - PROVIDERS);
        }
        Self { engines, positions }
    }

    /// `is_above_maintenance_margin` for every position, as the accounts stand: nothing is settled
    /// to a new price first.
    #[must_use]
    pub fn check_margins(&self) -> Outcome {
        let mut outcome = Outcome::default();
        for (engine, positions) in self.engines.iter().zip(&self.positions) {
            for at in usize::from(PROVIDERS)..usize::from(PROVIDERS + positions) {
                let account = &engine.accounts[at];
                let above = engine.is_above_maintenance_margin(account, at, PRICE);
                outcome.due += usize::from(!above);
                outcome.looked_at += 1;
            }
        }
        outcome
    }

    /// `liquidate_at_oracle` for every position at a price lower by `bp` basis points: settles the
    /// account to the price, checks it, and closes it when it is under its margin.
    ///
    /// # Panics
    /// When percolator fails.
    pub fn liquidate_all(&mut self, bp: u64) -> Outcome {
        let price = PRICE - PRICE / 10_000 * bp;
        let mut outcome = Outcome::default();
        for (engine, positions) in self.engines.iter_mut().zip(&self.positions) {
            for account in PROVIDERS..PROVIDERS + positions {
                let policy = LiquidationPolicy::FullClose;
                let closed = engine.liquidate_at_oracle_not_atomic(account, 1, price, policy, 0);
                outcome.due += usize::from(closed.expect("percolator liquidates"));
                outcome.looked_at += 1;
            }
        }
        outcome
    }
}

fn params() -> RiskParams {
    RiskParams {
        warmup_period_slots: 0,
        maintenance_margin_bps: MAINTENANCE_BPS,
        initial_margin_bps: INITIAL_BPS,
        trading_fee_bps: 0,
        max_accounts: MAX_ACCOUNTS as u64,
        new_account_fee: U128::ZERO,
        maintenance_fee_per_slot: U128::ZERO,
        max_crank_staleness_slots: u64::MAX,
        liquidation_fee_bps: 0,
        liquidation_fee_cap: U128::ZERO,
        min_liquidation_abs: U128::ZERO,
        min_initial_deposit: U128::new(1_000),
        min_nonzero_mm_req: 1,
        min_nonzero_im_req: 2,
        insurance_floor: U128::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path;
    use crate::world::Plan;

    #[test]
    fn a_gap_liquidates_nearly_the_same_positions_in_both_engines() {
        let mut world = World::build(&Plan::one_market(6_000));
        let mut peer = Peer::of(&world);
        assert_eq!(
            peer.check_margins(),
            Outcome {
                looked_at: 6_000,
                due: 0
            }
        );
        let before = world.venue().positions().len();
        let gap = path::gap(&world, 1_000);
        world.follow(&[gap]);
        let ours = before - world.venue().positions().len();
        let theirs = peer.liquidate_all(1_000);
        assert_eq!(theirs.looked_at, 6_000);
        assert!(
            ours > 2_000 && theirs.due.abs_diff(ours as usize) < 60,
            "{ours} {theirs:?}"
        );
    }
}

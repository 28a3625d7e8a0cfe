//! Lenders who take LP tokens out again: what the pool has not lent, and the rest later.

use plimsoll_engine::Engine;
use plimsoll_engine::venues::gammaswap::Action;
use plimsoll_units::{Duration, Rounding, Timestamp};

use super::{GammaswapDesk, part, signed};
use crate::replay::leaving::Reduction;
use crate::replay::plan::{Plan, Plans};

/// A day.
const DAY: Duration = Duration(86_400_000);

impl GammaswapDesk {
    /// A lender takes out what the pool has, and comes back for the rest a day later.
    pub(super) fn withdraw(
        &self,
        engine: &Engine,
        at: usize,
        (plans, now): (&mut Plans, Timestamp),
    ) -> Vec<Action> {
        if self.shares(engine, at) == 0 {
            return Vec::new();
        }
        plans.add(
            now.saturating_add(DAY),
            self.book.desk(),
            Plan::Withdraw(at),
        );
        self.take_out(engine, at, 0)
    }

    /// Every lender decides to keep a part of their shares.
    pub(super) fn lenders_leave(
        &mut self,
        engine: &Engine,
        at: usize,
        (plans, now): (&mut Plans, Timestamp),
    ) {
        let decide = |by: usize| {
            let held = signed(self.shares(engine, by));
            let keeps = self.book.keeps(at, held);
            (held > 0).then_some(Reduction {
                by,
                keeps,
                money: 0,
            })
        };
        let all = 0..self.book.liquidity.len();
        let new: Vec<Reduction> = all.filter_map(decide).collect();
        let when = (plans, now);
        self.book.begin_leaving(&mut self.leaving, new, when);
    }

    /// One of them takes out what the pool has.
    pub(super) fn reduce(
        &self,
        engine: &Engine,
        at: usize,
        (plans, now): (&mut Plans, Timestamp),
    ) -> Vec<Action> {
        let Some(reduction) = self.leaving.get(at) else {
            return Vec::new();
        };
        let keeps = reduction.keeps.unsigned_abs();
        if self.shares(engine, reduction.by) <= keeps {
            return Vec::new();
        }
        self.book.reduce_again(at, plans, now);
        self.take_out(engine, reduction.by, keeps)
    }

    fn shares(&self, engine: &Engine, provider: usize) -> u128 {
        let account = self.book.provider(provider);
        let wallet = self
            .state(engine)
            .map(|venue| venue.wallet_state(engine.ledger(), account));
        wallet.map_or(0, |wallet| wallet.shares)
    }

    /// A lender's shares beyond what they keep, as far as the pool has not lent them.
    fn take_out(&self, engine: &Engine, provider: usize, keeps: u128) -> Vec<Action> {
        let Some(venue) = self.state(engine) else {
            return Vec::new();
        };
        let account = self.book.provider(provider);
        let wanted = self.shares(engine, provider).saturating_sub(keeps);
        let storage = venue.storage();
        let most = part(
            storage.lp_token_balance,
            storage.share_supply,
            storage.assets_lp(),
            Rounding::Down,
        );
        let shares = wanted.min(most.unwrap_or(0));
        if shares == 0 {
            return Vec::new();
        }
        vec![Action::PoolWithdraw { account, shares }]
    }
}

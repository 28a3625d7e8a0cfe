//! Providers of the vault who leave under a stress: the vault lets go of what its open interest
//! does not need.

use plimsoll_engine::venues::tsunamix::{self, Command as Do};
use plimsoll_engine::{Body, Engine};
use plimsoll_units::{AccountId, Quantity, Rounding, Timestamp, mul_div};

use super::TsunamixDesk;
use crate::replay::leaving::Reduction;
use crate::replay::plan::Plans;

/// One, in hundredths of a per cent.
const BPS: i128 = 10_000;

impl TsunamixDesk {
    /// Everybody who has shares of the vault decides to keep a part of them.
    pub(super) fn providers_leave(
        &mut self,
        at: usize,
        engine: &Engine,
        (plans, now): (&mut Plans, Timestamp),
    ) {
        let all = 0..self.book.liquidity.len();
        let new: Vec<Reduction> = all
            .map(|by| (by, self.shares(engine, self.book.provider(by))))
            .filter(|(_, held)| *held > 0)
            .map(|(by, held)| Reduction {
                by,
                keeps: self.book.keeps(at, held),
                money: 0,
            })
            .collect();
        let when = (plans, now);
        self.book.begin_leaving(&mut self.leaving, new, when);
    }

    /// One of them takes out what the vault does not need.
    pub(super) fn reduce(
        &self,
        at: usize,
        engine: &Engine,
        (plans, now): (&mut Plans, Timestamp),
    ) -> Vec<Body> {
        let (Some(reduction), Some(venue), Some(rules)) =
            (self.leaving.get(at), self.state(engine), self.rules_of())
        else {
            return Vec::new();
        };
        let account = self.book.provider(reduction.by);
        let wanted = self.shares(engine, account) - reduction.keeps;
        if wanted <= 0 {
            return Vec::new();
        }
        self.book.reduce_again(at, plans, now);
        let kappa = rules.rules.sharing.kappa_bps;
        let shares = wanted.min(free(venue, engine, kappa.into()).unwrap_or(0));
        if shares <= 0 {
            return Vec::new();
        }
        let shares = Quantity::from_raw(shares);
        vec![Body::TsunamiX(Do::RemoveLiquidity { account, shares })]
    }

    fn shares(&self, engine: &Engine, account: AccountId) -> i128 {
        let shares = self
            .state(engine)
            .and_then(|venue| venue.shares(engine.ledger(), account));
        shares.map_or(0, Quantity::raw)
    }
}

/// Shares that can be burned while what is left of the vault backs all open interest.
fn free(venue: &tsunamix::TsunamiX, engine: &Engine, kappa: i128) -> Option<i128> {
    let ledger = engine.ledger();
    let money = venue.tvl(ledger).raw();
    let needed = mul_div(venue.total_open().raw(), BPS, kappa, Rounding::Up).ok()?;
    let spare = money.checked_sub(needed)?;
    let supply = venue.share_supply(ledger).raw();
    mul_div(spare, supply, money, Rounding::Down).ok()
}

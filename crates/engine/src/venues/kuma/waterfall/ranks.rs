//! Who would be deleveraged first: seen before the event, and taken from in it.
//!
//! A wallet's score in a market is its unrealised profit there over its cost, times the notional
//! of all its positions over its account value, from stored balances at index prices. What
//! offsets its other positions is its *hedged* part: as much of it as the others' net notional
//! goes the other way, markets counted one for one.
//!
//! A ranking is made once per command and market side, when it is first needed; whoever's
//! position there has changed since is ranked anew.

use plimsoll_units::{AccountId, MarketId, Rounding, Side, mul_div};

use super::ServiceEvent;
use super::deleverage::Hunt;
use crate::backstop::deleverage::{Candidate, Policy, Ranking, Score, Stake};
use crate::event::Event as Any;
use crate::ledger::Ledger;
use crate::liquidation::{Case, Whose};
use crate::margin::cross;
use crate::venues::kuma::{Event, Kuma};
use crate::{Rejection, Tx};

/// A wallet's place in the ranking of a market side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    /// Whose.
    pub account: AccountId,
    /// Its place, from 1.
    pub rank: u32,
    /// Of how many.
    pub of: u32,
    /// Its fifth: 5 for those who come first.
    pub quintile: u8,
    /// What its place comes from.
    pub score: Score,
    /// How much it holds, in pips.
    pub size: u64,
    /// How much of that offsets its other positions, in pips.
    pub hedged: u64,
}

impl Kuma {
    /// Everybody on one side of a market, in the order in which a policy would deleverage them.
    /// Wallets without account value, and the venue's own funds, are not in it.
    #[must_use]
    pub fn deleveraging_ranks(
        &self,
        ledger: &Ledger,
        market: MarketId,
        side: Side,
        policy: Policy,
    ) -> Vec<Rank> {
        let mut ranking = self.make_ranking(ledger, market, side, policy);
        let of_cut = |cut: crate::backstop::deleverage::Cut| Rank {
            account: cut.from.account,
            rank: cut.rank,
            of: cut.of,
            quintile: cut.quintile,
            score: cut.from.score,
            size: super::subject::pips(cut.from.size),
            hedged: super::subject::pips(cut.from.hedged),
        };
        ranking.ranks().into_iter().map(of_cut).collect()
    }

    fn make_ranking(
        &self,
        ledger: &Ledger,
        market: MarketId,
        side: Side,
        policy: Policy,
    ) -> Ranking {
        let holders = self.holders(market, side);
        let candidates = holders.filter_map(|(_, position)| {
            let account = position.owner();
            self.candidate(ledger, account, market, side)
        });
        Ranking::new(policy, candidates.collect())
    }

    /// A wallet as a counterparty in a market, if it can be one.
    pub(super) fn candidate(
        &self,
        ledger: &Ledger,
        account: AccountId,
        market: MarketId,
        side: Side,
    ) -> Option<Candidate> {
        if self.is_fund(account) {
            return None;
        }
        // A wallet whose numbers do not fit is no counterparty.
        let candidate = self.stake(ledger, account, market).ok().flatten()?;
        let (long, candidate) = candidate;
        (long == (side == Side::Long)).then_some(candidate)
    }

    /// The candidate, and whether its position is long.
    fn stake(
        &self,
        ledger: &Ledger,
        account: AccountId,
        market: MarketId,
    ) -> Result<Option<(bool, Candidate)>, Rejection> {
        let mut equity = i128::from(self.quote(ledger, account)?);
        let (mut exposure, mut others) = (0i128, 0i128);
        let mut own = None;
        for (_, position) in self.wallets.of(account) {
            let price = self.market(position.market())?.index_price();
            let value = i128::from(cross::value(position.size(), price)?);
            equity = equity.saturating_add(value);
            exposure = exposure.saturating_add(value.saturating_abs());
            if position.market() == market {
                own = Some((position.lot(), value, price));
            } else {
                others = others.saturating_add(value);
            }
        }
        let Some((lot, value, price)) = own else {
            return Ok(None);
        };
        let side = i128::from(lot.size.signum());
        let (worth, cost) = (
            value.saturating_abs(),
            i128::from(lot.cost_basis).saturating_abs(),
        );
        let stake = Stake {
            profit: worth.saturating_sub(cost).saturating_mul(side),
            cost,
            exposure,
            equity,
        };
        let Some(score) = Score::of(&stake)? else {
            return Ok(None);
        };
        let size = i128::from(lot.size.unsigned_abs());
        // Down: a fraction of a pip offsets nothing.
        let offset = others
            .saturating_mul(side)
            .saturating_neg()
            .max(0)
            .min(worth);
        let hedged = mul_div(
            offset,
            cross::ONE.into(),
            price.max(1).into(),
            Rounding::Floor,
        )?;
        let candidate = Candidate {
            account,
            size,
            hedged: hedged.min(size),
            score,
        };
        Ok(Some((lot.size > 0, candidate)))
    }

    /// Tells what each policy would take of `asked`.
    pub(super) fn compare_policies(
        &self,
        tx: &mut Tx<'_>,
        case: &Case,
        hunt: &Hunt,
        (side, asked): (Side, u64),
    ) -> Result<(), Rejection> {
        let market = hunt.market;
        let needed = match hunt.whose {
            Whose::Account => self.needed_of_wallet(tx, case.target.account, market)?,
            Whose::Backstop => self.needed_of_fund(tx, case, market)?,
        };
        let needed = needed.min(asked.into());
        let step = self.market(market)?.listing.step.into();
        let mut accounts = [0; 3];
        for (policy, count) in Policy::ALL.into_iter().zip(&mut accounts) {
            let quantity = match policy {
                Policy::Minimal => needed,
                Policy::Queue | Policy::ProRata => asked.into(),
            };
            let mut ranking = self.make_ranking(tx.ledger(), market, side.opposite(), policy);
            let plan = ranking.plan(quantity, step)?;
            *count = u32::try_from(plan.len()).unwrap_or(u32::MAX);
        }
        Self::tell(
            tx,
            ServiceEvent::PoliciesCompared {
                case: case.id,
                market,
                side,
                used: hunt.policy,
                asked,
                needed: super::subject::pips(needed),
                price: self.market(market)?.index_price(),
                accounts,
            },
        );
        Ok(())
    }

    /// Takes the ranking of a market side out, made or brought up to date.
    pub(super) fn ranking(
        &mut self,
        tx: &Tx<'_>,
        market: MarketId,
        side: Side,
        policy: Policy,
    ) -> Ranking {
        self.follow_events(tx);
        match self.waterfall.rankings.remove(&(market, side)) {
            Some(ranking) if ranking.policy() == policy => ranking,
            _ => self.make_ranking(tx.ledger(), market, side, policy),
        }
    }

    /// Ranks those anew whose positions the command has changed since the last look.
    fn follow_events(&mut self, tx: &Tx<'_>) {
        let mut rankings = std::mem::take(&mut self.waterfall.rankings);
        if !rankings.is_empty() {
            let seen = self.waterfall.ranked_events;
            for event in tx.events.get(seen..).unwrap_or_default() {
                let Any::Kuma(Event::Position {
                    account, market, ..
                }) = event
                else {
                    continue;
                };
                for ((there, side), ranking) in &mut rankings {
                    if there == market {
                        let now = self.candidate(tx.ledger(), *account, *market, *side);
                        ranking.update(*account, now);
                    }
                }
            }
        }
        self.waterfall.rankings = rankings;
        self.waterfall.ranked_events = tx.events.len();
    }
}

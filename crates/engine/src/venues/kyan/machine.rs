//! The state machine: what becomes of an account, looked at from the top every time.
//!
//! ```text
//! ACTIVE --MM > E--> FLAGGED --> HEDGING | PERP_CLOSE --> DECOMPOSING --> AUCTION --> BANKRUPT
//! any of them --IM <= E--> RELEASED      any of them --deposit, MM <= E--> CURED
//! any of them --E < 0--> BANKRUPT --> CLOSED (a portfolio auction goes on as insolvent first)
//! ```
//!
//! After every command the accounts that it touched are looked at; after new market data and
//! whenever time passes also those in liquidation, and after new market data everybody of the
//! pair who is not certainly healthy (`screen`). A look decides from the numbers of the moment
//! which stage the account is in, and which orders should stand for it; what is filled at once
//! leads to another look. Clocks are driven by commands: nothing here knows the time.
//!
//! Bounded: an account is looked at a bounded number of times a command, and each stage has a
//! clock that ends it, so an episode ends after at most the sum of its components' clocks and the
//! auction's length.

use plimsoll_units::{AccountId, Rounding};

use super::account::Account;
use super::config::Stage;
use super::episode::Episode;
use super::event::{Gone, Guard, PhaseName};
use super::health::Health;
use super::{Event, InstrumentId, Kyan, Numbers};
use crate::liquidation::{
    BlockedReason, Case, CaseEvent, Outcome, Rule, StageKind, Target, Trigger,
};
use crate::margin::portfolio::Standing;
use crate::{Rejection, Tx};

/// The most looks at one account in one command: each look that changes something fills an order
/// or leaves a phase.
const LOOKS_MAX: u32 = 4_096;

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Something changed: look again.
    Again,
    /// Nothing more to do now.
    Done,
}

impl Kyan {
    /// Looks at every account that may have something to do, until none has.
    pub(super) fn sweep(&mut self, tx: &mut Tx<'_>) {
        self.look_at_dirty(tx);
        self.unwind_all(tx);
    }

    pub(super) fn look_at_dirty(&mut self, tx: &mut Tx<'_>) {
        let mut looks = LOOKS_MAX;
        while let Some(id) = self.dirty.pop_first() {
            let (savepoint, mark) = (tx.savepoint(), self.mark());
            match self.look(tx, id) {
                Ok(Look::Again) if looks > 0 => {
                    looks = looks.saturating_sub(1);
                    self.dirty.insert(id);
                }
                Ok(_) => {}
                Err(rejection) => {
                    tx.rollback(savepoint);
                    self.rollback(mark);
                    self.blocked(tx, id, &rejection);
                }
            }
            self.keep_open(id);
        }
    }

    fn keep_open(&mut self, id: AccountId) {
        let account = self.accounts.get(id.index());
        if account.is_some_and(|account| account.episode.is_some()) {
            self.open.insert(id);
        } else {
            self.open.remove(&id);
        }
    }

    fn blocked(&self, tx: &mut Tx<'_>, id: AccountId, rejection: &Rejection) {
        let account = self.accounts.get(id.index());
        let episode = account.and_then(Account::episode);
        let Some(case) = episode.map(|episode| episode.case.id) else {
            return;
        };
        let reason = match rejection {
            Rejection::Kyan(super::Refusal::NoMarks(..) | super::Refusal::Stale { .. }) => {
                BlockedReason::NoPrice
            }
            _ => BlockedReason::Arithmetic,
        };
        tx.emit(CaseEvent::Blocked { case, reason });
    }

    /// One look at one account.
    fn look(&mut self, tx: &mut Tx<'_>, id: AccountId) -> Result<Look, Rejection> {
        let account = self.account(id)?;
        let pair = account.pair;
        if self.pair(pair)?.is_frozen() || self.pair(pair)?.priced.is_none() {
            return self.stand_still(tx, id);
        }
        let marked = self.marked(pair)?;
        let health = self.health_after(tx, account, None)?;
        let Some(episode) = account.episode() else {
            // With no position left a debt alone is under: the fund pays it.
            let standing = marked.of.standing(&health.risk, health.equity)?;
            if standing == Standing::Liquidatable {
                self.flag(tx, id, &health)?;
                return Ok(Look::Again);
            }
            if account.cured && standing == Standing::Free {
                self.account_mut(id)?.cured = false;
            }
            return Ok(Look::Done);
        };
        let (ends_flat, paid_in) = (account.positions.is_empty(), episode.paid_in);
        let closes_all =
            episode.phase == PhaseName::PerpClose && !marked.pair.params.hedge.perp_only_stops;
        // An auction of shares has a branch of its own for what is worth less than nothing.
        let shares = !ends_flat && self.procedure.contains(&Stage::PortfolioAuction);
        if health.equity.is_negative() && !shares {
            self.bankrupt(tx, id)?;
            return Ok(Look::Done);
        }
        if ends_flat || (!closes_all && marked.is_released(&health)?) {
            self.end(tx, id, PhaseName::Released, Outcome::Recovered)?;
            return Ok(Look::Done);
        }
        if paid_in && !marked.is_under(&health)? {
            self.cured(tx, id, &health)?;
            return Ok(Look::Done);
        }
        self.thaw(tx, id)?;
        self.treat(tx, id, &health)
    }

    /// Clocks stand still and orders are pulled while market data cannot be trusted (G8).
    fn stand_still(&mut self, tx: &mut Tx<'_>, id: AccountId) -> Result<Look, Rejection> {
        let Some(episode) = self.account(id)?.episode() else {
            return Ok(Look::Done);
        };
        if !episode.clock.is_frozen() {
            let pair = self.account(id)?.pair;
            let since = self.pair(pair)?.frozen_since.unwrap_or(tx.now);
            self.remove_engine_orders(tx, id, Gone::Frozen)?;
            let (guard, why) = match self.pair(pair)?.distrust(tx.now) {
                Some((_, why)) if self.pair(pair)?.unsettled(tx.now).is_some() => {
                    (Guard::Settlement, why)
                }
                Some((_, why)) => (Guard::Frozen, why),
                None => (Guard::Frozen, "nothing is priced yet".to_owned()),
            };
            self.guarded(tx, id, guard, InstrumentId::PERPETUAL, why)?;
            if let Some(episode) = &mut self.account_mut(id)?.episode {
                for clock in episode.clocks() {
                    clock.freeze(since.max(clock.started()))?;
                }
            }
        }
        Ok(Look::Done)
    }

    fn thaw(&mut self, tx: &Tx<'_>, id: AccountId) -> Result<(), Rejection> {
        let frozen = self.account(id)?.episode();
        if frozen.is_none_or(|episode| !episode.clock.is_frozen()) {
            return Ok(());
        }
        let now = tx.now;
        if let Some(episode) = &mut self.account_mut(id)?.episode {
            // The deposit was judged before: it was not enough.
            episode.paid_in = false;
            for clock in episode.clocks() {
                clock.thaw(now)?;
            }
        }
        Ok(())
    }

    /// The account is flagged: blocked, its own orders cancelled, its numbers kept.
    fn flag(&mut self, tx: &mut Tx<'_>, id: AccountId, health: &Health) -> Result<(), Rejection> {
        let account = self.account(id)?;
        let marked = self.marked(account.pair)?;
        let numbers = marked.numbers(health)?;
        let notional = self.notional(account)?;
        let case = Case {
            id: tx.next_case(),
            target: Target {
                venue: tx.venue,
                market: account.pair,
                account: id,
                position: None,
            },
            trigger: Trigger {
                rule: Rule::MaintenanceOverEquity,
                at: tx.now,
                price: numbers.index,
                version: 0,
                equity: numbers.equity,
                requirement: numbers.maintenance,
                collateral: tx.balance(account.cash),
                notional,
            },
        };
        tx.emit(CaseEvent::Opened(case));
        self.remove_all(tx, id, Gone::Flagged)?;
        // Its quotes as a partner stand no longer, as its orders.
        self.drop_quotes(|account, _| account == id);
        let now = tx.now;
        let account = self.account_mut(id)?;
        account.episodes = account.episodes.saturating_add(1);
        account.cured = false;
        account.episode = Some(Box::new(Episode::new(case, now)));
        tx.emit(Event::Phase {
            case: case.id,
            account: id,
            from: PhaseName::Active,
            to: PhaseName::Flagged,
            numbers,
        });
        self.open.insert(id);
        Ok(())
    }

    /// What an account's positions are on: the sizes at the index, rounded up.
    fn notional(&self, account: &Account) -> Result<i128, Rejection> {
        let index = self
            .pair(account.pair)?
            .index()
            .map_or(0, |i| i.index.raw());
        let mut total = 0i128;
        for held in &account.positions {
            let size = held.quantity.checked_abs().unwrap_or(i64::MAX);
            let part = super::instrument::value(index, size, Rounding::Up)?;
            total = total.saturating_add(part);
        }
        Ok(total)
    }

    /// The stages in the venue's order; the first that has something to do keeps the account.
    fn treat(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        health: &Health,
    ) -> Result<Look, Rejection> {
        let insolvent = health.equity.is_negative();
        for stage in self.procedure.clone() {
            if insolvent && stage != Stage::PortfolioAuction {
                continue;
            }
            let taken = match stage {
                Stage::Hedge => self.hedge_stage(tx, id, health)?,
                Stage::Decompose => self.decompose_stage(tx, id, health)?,
                Stage::Auction => self.auction_stage(tx, id, health)?,
                Stage::PortfolioAuction => self.portfolio_stage(tx, id, health)?,
                Stage::HandOff => self.hand_off_stage(tx, id, health)?,
                Stage::Unwind => None,
            };
            if let Some(look) = taken {
                return Ok(look);
            }
        }
        self.bankrupt(tx, id)?;
        Ok(Look::Done)
    }

    /// Enters a phase, if the account is not in it.
    pub(super) fn enter(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        to: PhaseName,
        health: &Health,
    ) -> Result<(), Rejection> {
        let account = self.account(id)?;
        let Some(episode) = account.episode() else {
            return Ok(());
        };
        let (case, from) = (episode.case.id, episode.phase);
        if from == to {
            return Ok(());
        }
        let numbers = self.marked(account.pair)?.numbers(health)?;
        self.leave(tx, id)?;
        let now = tx.now;
        if let Some(episode) = &mut self.account_mut(id)?.episode {
            episode.phase = to;
            episode.clock = crate::auction::Clock::start(now);
            episode.guarded.clear();
        }
        tx.emit(Event::Phase {
            case,
            account: id,
            from,
            to,
            numbers,
        });
        Ok(())
    }

    /// Tells what the phase that ends has done.
    fn leave(&mut self, tx: &mut Tx<'_>, id: AccountId) -> Result<(), Rejection> {
        let Some(episode) = self.account(id)?.episode() else {
            return Ok(());
        };
        let (case, amount) = (episode.case.id, episode.done);
        if let (Some(stage), true) = (stage_of(episode.phase), amount > 0) {
            tx.emit(CaseEvent::Stage {
                case,
                stage,
                amount,
            });
            if let Some(episode) = &mut self.account_mut(id)?.episode {
                episode.done = 0;
            }
        }
        Ok(())
    }

    /// The episode is over.
    pub(super) fn end(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        to: PhaseName,
        outcome: Outcome,
    ) -> Result<(), Rejection> {
        self.leave(tx, id)?;
        self.remove_all(tx, id, Gone::NotNeeded)?;
        let account = self.account(id)?;
        let Some(episode) = account.episode() else {
            return Ok(());
        };
        let (case, from) = (episode.case, episode.phase);
        let numbers = self.numbers_or_zero(tx, account);
        tx.emit(Event::Phase {
            case: case.id,
            account: id,
            from,
            to,
            numbers,
        });
        tx.emit(CaseEvent::Closed {
            case: case.id,
            target: case.target,
            outcome,
        });
        self.account_mut(id)?.episode = None;
        Ok(())
    }

    fn numbers_or_zero(&self, tx: &Tx<'_>, account: &Account) -> Numbers {
        let health = self.health_after(tx, account, None);
        let numbers = health.and_then(|health| self.marked(account.pair)?.numbers(&health));
        numbers.unwrap_or_default()
    }

    /// A deposit ends the liquidation when the maintenance margin is met again, if the account is
    /// not bankrupt. Until its initial margin is met too it may only reduce risk.
    pub(super) fn cure(&mut self, tx: &mut Tx<'_>, id: AccountId) -> Result<(), Rejection> {
        let account = self.account(id)?;
        let pair = self.pair(account.pair)?;
        if account.episode.is_none() {
            return Ok(());
        }
        let distrusted = self.guards.freeze && pair.distrust(tx.now).is_some();
        if distrusted || pair.priced.is_none() {
            if let Some(episode) = &mut self.account_mut(id)?.episode {
                episode.paid_in = true;
            }
            return Ok(());
        }
        let marked = self.marked(account.pair)?;
        let health = self.health_after(tx, account, None)?;
        if health.equity.is_negative() || marked.is_under(&health)? {
            return Ok(());
        }
        self.cured(tx, id, &health)
    }

    fn cured(&mut self, tx: &mut Tx<'_>, id: AccountId, health: &Health) -> Result<(), Rejection> {
        let marked = self.marked(self.account(id)?.pair)?;
        let standing = marked.of.standing(&health.risk, health.equity)?;
        self.end(tx, id, PhaseName::Cured, Outcome::Recovered)?;
        self.account_mut(id)?.cured = standing != Standing::Free;
        Ok(())
    }

    /// Reports a guard, once a phase and instrument.
    pub(super) fn guarded(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        guard: Guard,
        instrument: InstrumentId,
        why: String,
    ) -> Result<(), Rejection> {
        let Some(episode) = self.account(id)?.episode() else {
            return Ok(());
        };
        if episode.guarded.contains(&(guard, instrument)) {
            return Ok(());
        }
        let case = episode.case.id;
        if let Some(episode) = &mut self.account_mut(id)?.episode {
            episode.guarded.push((guard, instrument));
        }
        tx.emit(Event::Guarded {
            case,
            account: id,
            guard,
            why,
        });
        Ok(())
    }
}

const fn stage_of(phase: PhaseName) -> Option<StageKind> {
    match phase {
        PhaseName::Hedging => Some(StageKind::Hedge),
        PhaseName::PerpClose => Some(StageKind::ForceClose),
        PhaseName::Decomposing => Some(StageKind::Decompose),
        PhaseName::Auction => Some(StageKind::Auction),
        PhaseName::HandingOff => Some(StageKind::HandOff),
        PhaseName::Bankrupt => Some(StageKind::Takeover),
        _ => None,
    }
}

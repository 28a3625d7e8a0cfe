//! Carrying liquidations out: by keepers, or by the engine in their place.
//!
//! A keeper may *register* a liquidatable position and so be its first caller; whoever carries the
//! liquidation out gets the resolver's bounty, and the first caller's too when nobody registered.
//! A liquidation is the procedure `confiscate`; a position above the profit limit walks
//! `force-close`, without a bounty.
//! A registration is void when the position is found healthy again.

use plimsoll_units::{AccountId, ArithmeticError, MarketId, PositionId};

use super::position::Position;
use super::settle::Part;
use super::{Event, Refusal, TsunamiX};
use crate::ledger::{Reason, Slot};
use crate::liquidation::stages::{Confiscate, ForceClose};
use crate::liquidation::{
    BlockedReason, Case, CaseEvent, Close, Closed, Health, Outcome, Payee, Portion, Rule, Stage,
    Subject, Target, Trigger, Walked, walk,
};
use crate::oracle::OracleError;
use crate::{Rejection, Tx};

/// A position under liquidation, as a stage sees it.
struct UnderLiquidation<'a> {
    venue: &'a mut TsunamiX,
    id: PositionId,
    position: Position,
    health: Health,
    first_caller: Slot,
    resolver: Slot,
}

impl Subject for UnderLiquidation<'_> {
    fn health(&self, _tx: &Tx<'_>) -> Result<Health, Rejection> {
        Ok(self.health)
    }

    fn collateral(&self, tx: &Tx<'_>) -> i128 {
        tx.balance(self.position.collateral)
    }

    fn seize(
        &mut self,
        tx: &mut Tx<'_>,
        payee: Payee,
        amount: i128,
        reason: Reason,
    ) -> Result<(), Rejection> {
        let to = match payee {
            Payee::FirstCaller => self.first_caller,
            Payee::Resolver => self.resolver,
            Payee::Backstop => self.venue.house.vault,
        };
        tx.pay(self.position.collateral, to, amount, reason)?;
        Ok(())
    }

    fn close(&mut self, tx: &mut Tx<'_>, how: Close) -> Result<Closed, Rejection> {
        let size = self.position.size();
        match how {
            Close::Forfeit => self.venue.remove(tx, self.id, &self.position)?,
            // An isolated position is closed whole; there is no requirement to get back to.
            Close::AtOracle(Portion::All | Portion::ToRequirement)
            | Close::NextVersion(Portion::All | Portion::ToRequirement) => {
                let price = self.venue.oracle_price(tx, self.position.market)?;
                let part = Part {
                    id: self.id,
                    size,
                    price,
                    forced: true,
                };
                self.venue.settle(tx, &part)?;
            }
        }
        Ok(Closed {
            size: size.raw(),
            shortfall: 0,
        })
    }
}

impl TsunamiX {
    /// A keeper claims the first caller's bounty.
    pub(super) fn register(
        &mut self,
        tx: &mut Tx<'_>,
        keeper: AccountId,
        id: PositionId,
    ) -> Result<(), Rejection> {
        self.wallet_of(keeper)?;
        let position = self.position(id)?;
        self.require(tx, id, &position, Rule::FeesOverThreshold)?;
        if let Some(first) = self.registered.get(&id) {
            return Err(Refusal::AlreadyRegistered {
                position: id,
                keeper: *first,
            }
            .into());
        }
        self.registered.insert(id, keeper);
        self.watching.pending.push(id.slot());
        tx.emit(Event::Registered {
            position: id,
            keeper,
        });
        Ok(())
    }

    pub(super) fn liquidate_by_keeper(
        &mut self,
        tx: &mut Tx<'_>,
        keeper: AccountId,
        id: PositionId,
    ) -> Result<(), Rejection> {
        self.wallet_of(keeper)?;
        let (case, now) = self.due_case(tx, id, Rule::FeesOverThreshold)?;
        self.liquidate(tx, &case, &now, keeper)
    }

    pub(super) fn force_close_by_keeper(
        &mut self,
        tx: &mut Tx<'_>,
        keeper: AccountId,
        id: PositionId,
    ) -> Result<(), Rejection> {
        self.wallet_of(keeper)?;
        let (case, now) = self.due_case(tx, id, Rule::ProfitOverLimit)?;
        self.force_close(tx, &case, &now)
    }

    /// The open case of a position that is due under `rule` at this moment, and the numbers of
    /// this moment.
    ///
    /// Every due position has a case, unless the clock of this very command made it due: then the
    /// case is opened here.
    fn due_case(
        &mut self,
        tx: &mut Tx<'_>,
        id: PositionId,
        rule: Rule,
    ) -> Result<(Case, Trigger), Rejection> {
        let position = self.position(id)?;
        let trigger = self.require(tx, id, &position, rule)?;
        let key = (position.market, id);
        if let Some(case) = self.cases.get(&key)
            && case.trigger.rule == rule
        {
            return Ok((*case, trigger));
        }
        if let Some(other) = self.cases.get(&key) {
            tx.emit(CaseEvent::Closed {
                case: other.id,
                target: other.target,
                outcome: Outcome::Recovered,
            });
        }
        let target = Target {
            venue: tx.venue,
            market: position.market,
            account: position.owner,
            position: Some(id),
        };
        let case = Case {
            id: tx.next_case(),
            target,
            trigger,
        };
        tx.emit(CaseEvent::Opened(case));
        Ok((case, trigger))
    }

    /// Refuses unless the position meets `rule` at the price in force; else the numbers.
    fn require(
        &self,
        tx: &Tx<'_>,
        id: PositionId,
        position: &Position,
        rule: Rule,
    ) -> Result<Trigger, Rejection> {
        let price = self.oracle_price(tx, position.market)?;
        let collateral = tx.balance(position.collateral);
        let judged = self.judge(tx, position, collateral, price)?;
        if judged.verdict != Some(rule) {
            return Err(match rule {
                Rule::ProfitOverLimit => Refusal::ProfitWithinLimit(id),
                _ => Refusal::NotLiquidatable(id),
            }
            .into());
        }
        let indices = self.indices_of(position.market, tx);
        let at = super::health::Circumstances {
            rules: &self.rules,
            market: self.market(position.market)?,
            indices: &indices,
            price,
            tvl: self.vault_money(tx),
        };
        Ok(judged.trigger(rule, tx.now, &at).map_err(Refusal::from)?)
    }

    /// As [`TsunamiX::liquidate`], for the sweep: why it could not be done, in one word.
    pub(super) fn try_liquidate(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        now: &Trigger,
        keeper: AccountId,
    ) -> Result<(), BlockedReason> {
        let fresh = self.oracle_price(tx, case.target.market);
        fresh.map_err(|r| blocked_reason(&r))?;
        let done = self.liquidate(tx, case, now, keeper);
        done.map_err(|r| blocked_reason(&r))
    }

    /// As [`TsunamiX::force_close`], for the sweep.
    pub(super) fn try_force_close(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        now: &Trigger,
    ) -> Result<(), BlockedReason> {
        let done = self.force_close(tx, case, now);
        done.map_err(|r| blocked_reason(&r))
    }

    /// The trader loses all collateral; the position's result is the vault's.
    fn liquidate(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        now: &Trigger,
        keeper: AccountId,
    ) -> Result<(), Rejection> {
        let bounty = self.rules.bounty;
        let stages = [Stage::Confiscate(Confiscate {
            first_caller_e5: bounty.first_caller_e5,
            resolver_e5: bounty.resolver_e5,
        })];
        self.walk_case(tx, (case, now), &stages, Some(keeper))
    }

    /// The position is closed at the oracle price, and credited up to the limit.
    fn force_close(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        now: &Trigger,
    ) -> Result<(), Rejection> {
        self.walk_case(tx, (case, now), &[Stage::ForceClose(ForceClose)], None)
    }

    fn walk_case(
        &mut self,
        tx: &mut Tx<'_>,
        (case, now): (&Case, &Trigger),
        stages: &[Stage],
        keeper: Option<AccountId>,
    ) -> Result<(), Rejection> {
        let id = case.target.position.ok_or(ArithmeticError::Overflow)?;
        let position = self.position(id)?;
        let wallet = |keeper| self.wallet_of(keeper);
        let resolver = keeper.map(wallet).transpose()?.unwrap_or(self.house.vault);
        let first_caller = match self.registered.get(&id) {
            Some(first) => wallet(*first)?,
            None => resolver,
        };
        let health = Health {
            equity: now.equity,
            requirement: now.requirement,
        };
        let mut subject = UnderLiquidation {
            venue: self,
            id,
            position,
            health,
            first_caller,
            resolver,
        };
        let walked = walk(tx, case, stages, &mut subject)?;
        let shortfall = match walked {
            Walked::Done { shortfall } => shortfall,
            Walked::Waiting => 0,
        };
        tx.emit(CaseEvent::Closed {
            case: case.id,
            target: case.target,
            outcome: Outcome::Liquidated { shortfall },
        });
        if !self.cases.is_empty() {
            self.cases.remove(&(case.target.market, id));
        }
        Ok(())
    }

    /// The owner closed a position that was in an open case (its profit above the limit).
    pub(super) fn withdrawn_case(&mut self, tx: &mut Tx<'_>, market: MarketId, id: PositionId) {
        if let Some(case) = self.cases.remove(&(market, id)) {
            tx.emit(CaseEvent::Closed {
                case: case.id,
                target: case.target,
                outcome: Outcome::Recovered,
            });
        }
    }
}

fn blocked_reason(rejection: &Rejection) -> BlockedReason {
    match rejection {
        Rejection::Oracle(OracleError::Missing(_) | OracleError::Stale { .. }) => {
            BlockedReason::NoPrice
        }
        _ => BlockedReason::Arithmetic,
    }
}

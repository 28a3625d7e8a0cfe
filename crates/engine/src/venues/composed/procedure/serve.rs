//! Whose turn it is, how a case walks the procedure, and how it ends.
//!
//! A walk that fails is taken back whole, and its case says why it is blocked. Nothing that
//! happens in a walk fails a command: the command was accepted before.
//!
//! A case is walked when it is opened, at every price of one of its markets, when its account was
//! touched, and when its retry time has come. At most [`WALKS_MAX`] are walked at once; the others
//! wait in the order of their numbers for the next command.

use plimsoll_units::{AccountId, CaseId, MarketId, Timestamp};

use super::state::{File, Note};
use super::subject::Served;
use crate::liquidation::{
    BlockedReason, Case, CaseEvent, Outcome, Stage, StageKind, Target, Trigger, Walked, walk,
};
use crate::venues::composed::{Composed, Refusal};
use crate::{Rejection, Tx};

/// The most cases walked at once.
pub(super) const WALKS_MAX: usize = 65_536;

impl Composed {
    /// Opens the case of an account; it is walked with the next [`Composed::walk_cases`].
    pub(in crate::venues::composed) fn open_case(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        trigger: Trigger,
    ) -> Result<(), Rejection> {
        let market = self.largest(account)?.unwrap_or_default();
        let target = Target {
            venue: tx.venue,
            market,
            account,
            position: None,
        };
        let collateral = self.collateral_of(tx, account)?;
        let case = Case {
            id: tx.next_case(),
            target,
            trigger: Trigger {
                collateral,
                ..trigger
            },
        };
        tx.emit(CaseEvent::Opened(case));
        self.file_case(case);
        self.cases.moved.push(account);
        Ok(())
    }

    /// An account was touched by a command: its case, if it has one, is looked at.
    pub(in crate::venues::composed) fn revisit(&mut self, account: AccountId) {
        if let Some(case) = self.cases.of(account) {
            self.put_off(case);
        }
    }

    /// Walks the cases whose turn it is.
    pub(in crate::venues::composed) fn walk_cases(
        &mut self,
        tx: &mut Tx<'_>,
        priced: &[MarketId],
    ) -> Result<(), Rejection> {
        self.cases.ranked.clear();
        self.cases.moved.clear();
        self.cases.noted = None;
        self.name_due(tx.now, priced)?;
        let due = self.cases.backlog.iter().take(WALKS_MAX);
        let due: Vec<CaseId> = due.copied().collect();
        for case in due {
            self.carry(tx, case)?;
        }
        self.cases.ranked.clear();
        self.share_losses(tx)
    }

    /// Names the cases that prices and time have made due.
    fn name_due(&mut self, now: Timestamp, priced: &[MarketId]) -> Result<(), Rejection> {
        let late = now >= self.cases.next_look;
        if priced.is_empty() && !late {
            return Ok(());
        }
        let (mut due, mut ripe) = (Vec::new(), Vec::new());
        let mut next = Timestamp::MAX;
        for file in self.cases.files() {
            let concerned = !priced.is_empty() && self.concerns(file, priced);
            if concerned && !file.queued.is_empty() {
                ripe.push(file.case.id);
            }
            if concerned || file.next_at <= now {
                due.push(file.case.id);
            } else {
                next = next.min(file.next_at);
            }
        }
        for case in ripe {
            self.change_file(case, |file| {
                file.ripe = true;
                Ok(())
            })?;
        }
        for case in due {
            self.put_off(case);
        }
        self.set_next_look(next);
        Ok(())
    }

    fn concerns(&self, file: &File, priced: &[MarketId]) -> bool {
        let is_priced = |market: &MarketId| priced.binary_search(market).is_ok();
        let own = self.positions(file.case.target.account);
        file.pieces.iter().any(|piece| is_priced(&piece.market))
            || (file.open && own.iter().any(|p| is_priced(&p.market)))
    }

    fn set_next_look(&mut self, next: Timestamp) {
        let old = std::mem::replace(&mut self.cases.next_look, next);
        if old != next {
            self.note(Note::NextLook(old));
        }
    }

    /// One case's turn.
    fn carry(&mut self, tx: &mut Tx<'_>, id: CaseId) -> Result<(), Rejection> {
        self.taken_up(id);
        let (point, known) = (self.point_of_return(tx), self.cases.moved.len());
        if let Err(rejection) = self.walk_case(tx, id) {
            self.return_to(tx, &point);
            for ranked in self.cases.ranked.values_mut() {
                ranked.forget(known);
            }
            self.block(tx, id, reason_of(&rejection))?;
        }
        self.drop_if_over(id);
        if self.cases.file(id).is_none() {
            return Ok(());
        }
        let next = tx.now.saturating_add(self.config.retry);
        self.set_next_look(self.cases.next_look.min(next));
        self.change_file(id, |file| {
            file.next_at = next;
            Ok(())
        })
    }

    fn walk_case(&mut self, tx: &mut Tx<'_>, id: CaseId) -> Result<(), Rejection> {
        let file = self.file(id)?;
        let (case, open, rewarded) = (file.case, file.open, file.rewarded);
        if !file.queued.is_empty() {
            if !file.ripe {
                return Ok(());
            }
            self.close_queued(tx, &case)?;
            return self.conclude(tx, &case, false);
        }
        let held = !file.pieces.is_empty();
        let under = open && self.is_under(tx.ledger(), case.target.account)?;
        let mut walked = Walked::Done { shortfall: 0 };
        if under || held {
            let stages = self.config.procedure.iter();
            // The liquidator is rewarded once a case.
            let again = |stage: &&Stage| !(rewarded && stage.kind() == StageKind::Reward);
            let stages: Vec<Stage> = stages.filter(again).copied().collect();
            let mut served = Served {
                venue: &mut *self,
                case,
                open,
            };
            walked = walk(tx, &case, &stages, &mut served)?;
        }
        self.conclude(tx, &case, walked == Walked::Waiting)
    }

    /// After a walk: the case is over when the account is sound or has nothing left; else it
    /// waits, or is blocked.
    fn conclude(&mut self, tx: &mut Tx<'_>, case: &Case, waits: bool) -> Result<(), Rejection> {
        let account = case.target.account;
        // What was held of it may be gone, and the file with it.
        if !self.cases.file(case.id).is_some_and(|file| file.open) {
            return Ok(());
        }
        if self.positions(account).is_empty() {
            self.settle_debt(tx, case)?;
        } else if self.is_under(tx.ledger(), account)? {
            let waits = waits || !self.file(case.id)?.queued.is_empty();
            if !waits {
                return self.block(tx, case.id, BlockedReason::NoCounterparty);
            }
            return self.change_file(case.id, |file| {
                file.blocked = None;
                Ok(())
            });
        } else if !self.file(case.id)?.queued.is_empty() {
            return Ok(());
        }
        self.close_case(tx, case)
    }

    fn close_case(&mut self, tx: &mut Tx<'_>, case: &Case) -> Result<(), Rejection> {
        let (touched, shortfall) = self.change_file(case.id, |file| {
            (file.open, file.blocked) = (false, None);
            Ok((file.touched, file.shortfall))
        })?;
        let outcome = if touched {
            Outcome::Liquidated { shortfall }
        } else {
            Outcome::Recovered
        };
        tx.emit(CaseEvent::Closed {
            case: case.id,
            target: case.target,
            outcome,
        });
        self.cases.moved.push(case.target.account);
        self.dismiss(case.target.account);
        Ok(())
    }

    /// Says why nothing more can be done with an open case, once.
    fn block(
        &mut self,
        tx: &mut Tx<'_>,
        id: CaseId,
        reason: BlockedReason,
    ) -> Result<(), Rejection> {
        let before = self.change_file(id, |file| Ok(file.blocked.replace(reason)))?;
        if before != Some(reason) {
            tx.emit(CaseEvent::Blocked { case: id, reason });
        }
        Ok(())
    }

    /// Recounts what holds of cases after every command.
    pub(in crate::venues::composed) fn audit_cases(
        &self,
        ledger: &crate::ledger::Ledger,
    ) -> Result<(), String> {
        self.cases.audit()?;
        for file in self.cases.files().filter(|file| file.open) {
            let (id, account) = (file.case.id, file.case.target.account);
            let under = self.is_under(ledger, account);
            let under = under.map_err(|why| why.to_string())?;
            let waits = !file.queued.is_empty() || self.cases.backlog.contains(&id);
            if !under && !waits {
                return Err(format!("{id} is open, but {account} is sound"));
            }
        }
        if self.acquirer() != Some(super::super::accounts::FUND) {
            return Ok(());
        }
        for market in self.market_ids() {
            let held = self.cases.held_in(market);
            let held = held.fold(0i64, |sum, (_, size)| sum.saturating_add(size));
            let size = self.holdings.size(super::super::accounts::FUND, market);
            if held != size {
                return Err(format!(
                    "the fund has {size} of {market}, but {held} for its cases"
                ));
            }
        }
        Ok(())
    }
}

fn reason_of(rejection: &Rejection) -> BlockedReason {
    match rejection {
        Rejection::Composed(Refusal::NoMark(_)) => BlockedReason::NoPrice,
        Rejection::Arithmetic(_) => BlockedReason::Arithmetic,
        _ => BlockedReason::Panic,
    }
}

//! A case walks the procedure; what the fund still holds walks it again, later.
//!
//! A walk that fails is taken back whole, and its case says why it is blocked. Nothing here fails
//! a command: the command was accepted before.

use std::collections::BTreeSet;

use plimsoll_units::{CaseId, Timestamp};

use super::event::{ServiceEvent, Why};
use super::subject::Served;
use crate::liquidation::{BlockedReason, Case, CaseEvent, walk};
use crate::venues::Execution;
use crate::venues::kuma::{Kuma, Refusal, Revert};
use crate::{Rejection, Tx};

impl Kuma {
    /// Whether the service carries liquidations out, and not keepers.
    pub(in crate::venues::kuma) const fn serves(&self) -> bool {
        matches!(self.execution, Execution::Engine { .. })
    }

    /// Before a command's wallets are examined: what the fund holds is brought in line with what
    /// it has, and what is due of it is disposed of.
    pub(in crate::venues::kuma) fn begin_service(&mut self, tx: &mut Tx<'_>) {
        if !self.serves() {
            return;
        }
        self.forget_ranks();
        self.adopt(tx);
        self.align(tx);
        if tx.now < self.waterfall.next_look {
            return;
        }
        let due = self.waterfall.holdings.values();
        let due = due.filter(|holding| holding.next_at <= tx.now);
        let due: Vec<Case> = due.map(|holding| holding.case).collect();
        for case in due {
            self.carry(tx, &case, true);
        }
        let next = self.waterfall.holdings.values().map(|h| h.next_at).min();
        self.waterfall.next_look = next.unwrap_or(Timestamp::MAX);
    }

    /// After a command's wallets were examined: what stands for nothing any more goes.
    pub(in crate::venues::kuma) fn end_service(&mut self) {
        if !self.serves() {
            return;
        }
        self.forget_ranks();
        let partners = &self.waterfall.partners;
        if self.waterfall.signatures.len() != partners.offers().len() {
            self.waterfall
                .signatures
                .retain(|id, _| partners.offer(*id).is_some());
        }
        if !self.waterfall.blocked.is_empty() {
            let open: BTreeSet<CaseId> = self.cases.values().map(|open| open.case.id).collect();
            self.waterfall.blocked.retain(|id, _| open.contains(id));
        }
    }

    pub(super) fn forget_ranks(&mut self) {
        self.waterfall.rankings.clear();
        self.waterfall.ranked_events = 0;
    }

    /// A wallet below its requirement walks the procedure.
    pub(in crate::venues::kuma) fn serve(&mut self, tx: &mut Tx<'_>, case: &Case) {
        self.carry(tx, case, false);
        let account = case.target.account;
        // What is left of it could not be taken by anybody.
        if self.is_liquidatable(tx.ledger(), account).unwrap_or(false)
            && !self.waterfall.blocked.contains_key(&case.id)
        {
            self.block(tx, case.id, BlockedReason::NoCounterparty);
        }
    }

    fn carry(&mut self, tx: &mut Tx<'_>, case: &Case, inventory_only: bool) {
        let mark = self.mark(tx);
        match self.walk_case(tx, case, inventory_only) {
            Ok(()) => {
                self.waterfall.blocked.remove(&case.id);
            }
            Err(rejection) => {
                self.back_to(tx, &mark);
                self.forget_ranks();
                self.block(tx, case.id, reason_of(&rejection));
            }
        }
        self.look_again(tx.now, case.id);
    }

    fn walk_case(
        &mut self,
        tx: &mut Tx<'_>,
        case: &Case,
        inventory_only: bool,
    ) -> Result<(), Rejection> {
        let stages = std::mem::take(&mut self.waterfall.service.procedure);
        self.waterfall.again = inventory_only && self.was_walked(case);
        let mut served = Served {
            venue: &mut *self,
            case: *case,
            inventory_only,
            why: Why::UnderMaintenance,
        };
        let walked = walk(tx, case, &stages, &mut served);
        self.waterfall.service.procedure = stages;
        walked?;
        let held = self.waterfall.holdings.get(&case.id);
        if let Some(holding) = held.filter(|holding| holding.is_over()) {
            let event = ServiceEvent::Disposed {
                case: case.id,
                result: holding.result,
            };
            self.drop_holding(case.id);
            Self::tell(tx, event);
        }
        Ok(())
    }

    /// Whether what is held for a case was disposed of, or tried to be, before.
    fn was_walked(&self, case: &Case) -> bool {
        let held = self.waterfall.holdings.get(&case.id);
        held.is_some_and(|holding| holding.next_at > case.trigger.at)
    }

    /// When what is held for a case is looked at again.
    fn look_again(&mut self, now: Timestamp, case: CaseId) {
        let next = now.saturating_add(self.waterfall.service.retry);
        if let Some(holding) = self.waterfall.holdings.get_mut(&case) {
            holding.next_at = next;
            self.waterfall.next_look = self.waterfall.next_look.min(next);
        }
    }

    fn block(&mut self, tx: &mut Tx<'_>, case: CaseId, reason: BlockedReason) {
        let before = self.waterfall.blocked.insert(case, reason);
        if before != Some(reason) {
            tx.emit(CaseEvent::Blocked { case, reason });
        }
    }

    /// Where the fund's position changed without the service, pieces are netted down to it.
    fn align(&mut self, tx: &mut Tx<'_>) {
        let fund = self.funds.insurance_fund;
        let mut wrong = Vec::new();
        for (market, tally) in &self.waterfall.tallies {
            let (held, size) = (tally.held(), self.lot(fund, *market).size);
            let within = held <= u128::from(size.unsigned_abs());
            if held > 0 && !(within && super::take::side_of(size) == tally.side) {
                wrong.push(*market);
            }
        }
        for market in wrong {
            let mark = self.mark(tx);
            if self.reconcile(tx, market).is_err() {
                self.back_to(tx, &mark);
            }
        }
        self.drop_what_is_over(tx);
    }

    fn drop_what_is_over(&mut self, tx: &mut Tx<'_>) {
        let over = self.waterfall.holdings.values().filter(|h| h.is_over());
        let over: Vec<(CaseId, i128)> = over.map(|h| (h.case.id, h.result)).collect();
        for (case, result) in over {
            self.drop_holding(case);
            Self::tell(tx, ServiceEvent::Disposed { case, result });
        }
    }
}

fn reason_of(rejection: &Rejection) -> BlockedReason {
    match rejection {
        Rejection::Kuma(Refusal::Revert(Revert::CannotLiquidateInInactiveMarket)) => {
            BlockedReason::MarketClosed
        }
        Rejection::Kuma(Refusal::Revert(Revert::ExitFundHasOpenPositions)) => {
            BlockedReason::Suspended
        }
        _ => BlockedReason::Arithmetic,
    }
}

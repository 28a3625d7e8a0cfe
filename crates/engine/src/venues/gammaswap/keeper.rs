//! The keeper: who has become liquidatable, their cases, and, where the engine is its own
//! keeper, their liquidation.
//!
//! Every loan with a debt has one trip: the smallest fee index at which it is liquidatable, which
//! is exact. A command that charges interest pops the loans whose trip the index reached, and the
//! loans it touched itself; nobody else is looked at. A loan with an open case has no trip.

use plimsoll_units::AccountId;

use super::books::target;
use super::liquidate::{Single, told};
use super::undo::Change;
use super::word::{ONE, fit, mul_div, w};
use super::{Form, GammaSwap, Generation, Loan, LoanId, Refusal, Sent, invariant};
use super::{rebalance, venue};
use crate::liquidation::{BlockedReason, Case, CaseEvent, Outcome, Rule, Trigger};
use crate::margin::liquidity;
use crate::venues::Execution;
use crate::watch::{Direction, DriverId, Trip, Watch, WatchStats};
use crate::{Rejection, Tx};

/// Open cases the engine tries again at most in one command.
const RETRIES: usize = 64;

/// A case that is open.
#[derive(Debug, Clone, Copy, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub(super) struct OpenCase {
    /// The case.
    pub(super) case: Case,
    /// Why the engine's last try failed.
    blocked: Option<BlockedReason>,
    /// What was written down so far.
    lost: u128,
}

/// The trips of all loans on the fee index.
#[derive(Debug, Clone)]
pub(super) struct Trips {
    watch: Watch,
    /// Whether trips were popped that a rejected command will need again.
    stale: bool,
    popped: Vec<u32>,
}

const FEE_INDEX: DriverId = DriverId(0);

impl Default for Trips {
    fn default() -> Self {
        let mut watch = Watch::new(1);
        // The first driver of an empty watch is always taken, and gets number 0.
        let added = watch.add_driver(Direction::Above);
        assert_eq!(added, Ok(FEE_INDEX));
        Self {
            watch,
            stale: false,
            popped: Vec::new(),
        }
    }
}

impl Trips {
    /// Counters of the watch.
    pub(super) fn stats(&self) -> WatchStats {
        self.watch.stats()
    }
}

impl GammaSwap {
    /// Whether a loan is liquidatable at the pool's fee index as it is stored.
    pub(super) fn is_due(&self, loan: &Loan) -> Result<bool, Refusal> {
        let debt = loan.debt_at(w(self.storage.acc_fee_index))?;
        let collateral = invariant(loan.held);
        Ok(!liquidity::covers(collateral, debt, self.threshold(loan)))
    }

    /// The fee index at which a loan becomes liquidatable, if any does.
    pub(super) fn due_index(&self, loan: &Loan) -> Option<i128> {
        let limit = liquidity::limit(invariant(loan.held), self.threshold(loan));
        liquidity::index_reaching(limit, loan.liquidity, loan.rate_index)
    }

    /// The open case of a loan, or a new one with these numbers.
    pub(super) fn ensure_case(
        &mut self,
        tx: &mut Tx<'_>,
        id: LoanId,
        collateral: u128,
        debt: u128,
    ) -> Result<Case, Rejection> {
        if let Some(open) = self.cases.get(&id) {
            return Ok(open.case);
        }
        let loan = *self.loan(id)?;
        let limit = liquidity::limit(collateral, self.threshold(&loan));
        let case = Case {
            id: tx.next_case(),
            target: target(tx.venue, loan.owner, id),
            trigger: Trigger {
                rule: Rule::DebtOverCollateral,
                at: tx.now,
                price: told(self.price()),
                version: self.block,
                equity: told(limit),
                requirement: told(debt),
                collateral: told(collateral),
                notional: told(debt),
            },
        };
        self.set_case(
            id,
            Some(OpenCase {
                case,
                blocked: None,
                lost: 0,
            }),
        );
        tx.emit(CaseEvent::Opened(case));
        Ok(case)
    }

    /// The second token per first, 1e18 = 1, as the pair's reserves have it.
    pub(super) fn price(&self) -> u128 {
        let [r0, r1] = self.pair;
        mul_div(r1, ONE, r0).and_then(fit).unwrap_or(0)
    }

    /// Adds to what was written down in a loan's case.
    pub(super) fn add_loss(&mut self, id: LoanId, loss: u128) -> Result<(), Refusal> {
        if let (Some(open), 1..) = (self.cases.get(&id).copied(), loss) {
            let lost = super::word::plus(open.lost, loss)?;
            self.set_case(id, Some(OpenCase { lost, ..open }));
        }
        Ok(())
    }

    /// What was written down in a loan's case.
    pub(super) fn loss_of(&self, id: LoanId) -> u128 {
        self.cases.get(&id).map_or(0, |open| open.lost)
    }

    /// Ends a loan's case, if one is open.
    pub(super) fn close_case(&mut self, tx: &mut Tx<'_>, id: LoanId, outcome: Outcome) {
        if let Some(open) = self.cases.get(&id).copied() {
            self.set_case(id, None);
            tx.emit(CaseEvent::Closed {
                case: open.case.id,
                target: open.case.target,
                outcome,
            });
        }
    }

    /// Looks at every loan this command may have made liquidatable, or healthy again.
    pub(super) fn finish(&mut self, tx: &mut Tx<'_>, index_before: u128) -> Result<(), Rejection> {
        let mut due = self.touched();
        let index = self.storage.acc_fee_index;
        if index != index_before {
            self.trips.stale = true;
            let mut popped = std::mem::take(&mut self.trips.popped);
            popped.clear();
            let level = i128::try_from(index).unwrap_or(i128::MAX);
            let result = self.trips.watch.advance(FEE_INDEX, level, &mut popped);
            due.append(&mut popped);
            self.trips.popped = popped;
            result?;
        }
        if index < index_before {
            // The index is truncated to its type, and rounds: it can fall. Then a case may close.
            due.extend(self.cases.keys().filter_map(|id| slot_of(*id)));
        }
        if let Execution::Engine { keeper } = self.config.execution
            && index != index_before
        {
            let again = self.cases.keys().take(RETRIES);
            due.extend(again.filter_map(|id| slot_of(*id)));
            self.wallet(tx, keeper)?;
        }
        self.trips.watch.sort_unique(&mut due);
        for slot in due {
            self.examine(tx, id_of(slot))?;
        }
        Ok(())
    }

    /// The loans this command changed.
    fn touched(&self) -> Vec<u32> {
        let changed = self.changes.iter().filter_map(|change| match change {
            Change::Loan(id, _) => slot_of(*id),
            _ => None,
        });
        changed.collect()
    }

    fn examine(&mut self, tx: &mut Tx<'_>, id: LoanId) -> Result<(), Rejection> {
        let loan = *self.loan(id)?;
        if self.is_due(&loan)? {
            let debt = loan.debt_at(w(self.storage.acc_fee_index))?;
            self.ensure_case(tx, id, invariant(loan.held), debt)?;
            if let Execution::Engine { keeper } = self.config.execution {
                self.try_liquidation(tx, id, keeper);
            }
        } else {
            self.close_case(tx, id, Outcome::Recovered);
        }
        self.arm(id)?;
        Ok(())
    }

    /// Sets a loan's trip anew.
    fn arm(&mut self, id: LoanId) -> Result<(), Rejection> {
        let Some(slot) = slot_of(id) else {
            return Ok(());
        };
        let level = match self.get(id) {
            Some(loan) if !self.cases.contains_key(&id) => self.due_index(loan),
            _ => None,
        };
        // If the command is rejected after all, this trip is that of a loan as it never was.
        self.trips.stale = true;
        match level {
            Some(level) => {
                let driver = FEE_INDEX;
                self.trips.watch.arm(slot, &[Trip { driver, level }])?;
            }
            None => self.trips.watch.disarm(slot),
        }
        Ok(())
    }

    /// Forgets that trips were popped: the command was accepted.
    pub(super) fn keep_trips(&mut self) {
        self.trips.stale = false;
    }

    /// Sets all trips anew if a rejected command popped some.
    pub(super) fn restore_trips(&mut self) -> Result<(), Rejection> {
        if self.trips.stale {
            self.rebuild_trips()?;
        }
        Ok(())
    }

    /// Sets all trips anew.
    pub(super) fn rebuild_trips(&mut self) -> Result<(), Rejection> {
        self.trips = Trips::default();
        self.arm_all()?;
        self.trips.stale = false;
        Ok(())
    }

    fn arm_all(&mut self) -> Result<(), Rejection> {
        for at in 0..self.loans.len() {
            let slot = u32::try_from(at).unwrap_or(u32::MAX);
            self.arm(id_of(slot))?;
        }
        Ok(())
    }

    /// Liquidates with the keeper's LP tokens, or else out of the collateral. What fails is taken
    /// back, and the case stays open.
    fn try_liquidation(&mut self, tx: &mut Tx<'_>, id: LoanId, keeper: AccountId) {
        // The gravest reason is told: a panic of the contract before a lack of money.
        let mut reason: Option<BlockedReason> = None;
        for attempt in [
            Self::with_lp,
            Self::out_of_collateral,
            Self::out_of_traded_collateral,
        ] {
            let mark = self.mark(tx);
            match attempt(self, tx, id, keeper) {
                Ok(()) => return,
                Err(rejection) => {
                    self.back_to(tx, &mark);
                    let new = blocked(&rejection);
                    reason = Some(reason.map_or(new, |old| old.min(new)));
                }
            }
        }
        if let (Some(open), Some(reason)) = (self.cases.get(&id).copied(), reason)
            && open.blocked != Some(reason)
        {
            let blocked = Some(reason);
            self.set_case(id, Some(OpenCase { blocked, ..open }));
            tx.emit(CaseEvent::Blocked {
                case: open.case.id,
                reason,
            });
        }
    }

    fn with_lp(&mut self, tx: &mut Tx<'_>, id: LoanId, keeper: AccountId) -> Result<(), Rejection> {
        let loan = *self.loan(id)?;
        let debt = loan.debt_at(w(self.storage.acc_fee_index))?;
        let payable = match self.config.params.generation {
            Generation::A => debt.min(self.payable_a(invariant(loan.held))?),
            Generation::B => self.assess_b(&self.storage, &loan, debt)?.payable,
        };
        let lp = self.storage.invariant_to_lp_up(payable)?;
        let sent = Sent::lp(lp);
        self.liquidate_single(tx, keeper, id, Single::WITH_LP, &sent)
    }

    fn out_of_collateral(
        &mut self,
        tx: &mut Tx<'_>,
        id: LoanId,
        keeper: AccountId,
    ) -> Result<(), Rejection> {
        self.whole(tx, id, keeper, &[])
    }

    /// Generation A's liquidator chooses the trade: the one that makes the most of the collateral.
    fn out_of_traded_collateral(
        &mut self,
        tx: &mut Tx<'_>,
        id: LoanId,
        keeper: AccountId,
    ) -> Result<(), Rejection> {
        let (params, loan) = (&self.config.params, self.loan(id)?);
        let best = rebalance::most_liquidity(params, loan.held, self.pair)?;
        let Some(trade) = best.trade.filter(|_| params.generation == Generation::A) else {
            return Err(Refusal::NotInGeneration.into());
        };
        let bought = i128::try_from(trade.bought).map_err(|_| Refusal::TooLarge)?;
        let deltas = match trade.sell {
            1 => [bought, 0],
            _ => [0, bought],
        };
        self.whole(tx, id, keeper, &deltas)
    }

    fn whole(
        &mut self,
        tx: &mut Tx<'_>,
        id: LoanId,
        keeper: AccountId,
        deltas: &[i128],
    ) -> Result<(), Rejection> {
        // Generation A rounds the payment down; grossed up, a token of few decimals does not leave
        // it short, and what is too much comes back in LP tokens.
        let fees: &[u16] = match self.config.params.generation {
            Generation::A => &[1, 1],
            Generation::B => &[],
        };
        let single = Single {
            form: Form::FromCollateral,
            deltas,
            fees,
        };
        self.liquidate_single(tx, keeper, id, single, &Sent::default())
    }
}

/// A loan's number in the watch.
fn slot_of(id: LoanId) -> Option<u32> {
    u32::try_from(venue::place(id)).ok()
}

/// The loan of a number in the watch.
fn id_of(slot: u32) -> LoanId {
    plimsoll_units::PositionId(u64::from(slot).saturating_add(1))
}

fn blocked(rejection: &Rejection) -> BlockedReason {
    match rejection {
        Rejection::GammaSwap(Refusal::Panic(_)) => BlockedReason::Panic,
        Rejection::Arithmetic(_) | Rejection::GammaSwap(Refusal::TooLarge) => {
            BlockedReason::Arithmetic
        }
        _ => BlockedReason::NoLiquidity,
    }
}

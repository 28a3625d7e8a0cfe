//! What the GammaSwap desk reports to the meter. Money is raw units of the quote token, everything
//! at the pair's price.
//!
//! * A loan's notional is its debt, its equity what its collateral is worth beyond the debt at the
//!   pair's price. The rule itself counts in invariant units, in which prices do not enter: what
//!   would have restored a loan is counted in those, and then valued.
//! * A loan is not followed for an hour: no price restores it, its debt only grows.
//! * Lenders are the backstop. They stand at what they lent, valued when they brought it, less what
//!   was written down, valued then; what prices do to LP tokens is their own affair, and interest is
//!   left out.
//! * What a liquidator receives beyond the debt it pays is its reward, before its costs.

use std::collections::BTreeMap;

use plimsoll_engine::liquidation::{Case, CaseEvent, Outcome, StageKind, Trigger};
use plimsoll_engine::venues::gammaswap::{Action, Command as Do, GammaSwap, LoanId, invariant};
use plimsoll_engine::{Body, Command, Engine, Event};
use plimsoll_units::{AccountId, CaseId, Rounding, Timestamp, mul_div};

use super::GammaswapDesk;
use super::liquidators::signed;
use super::quote::Quote;
use crate::compare::{Bearer, Breach, Meter, Taken, least_notional};

/// See the module documentation.
#[derive(Debug, Default)]
pub(super) struct Facts {
    cases: BTreeMap<CaseId, Open>,
    /// Liquidations of the command under way.
    liquidations: Vec<CaseId>,
    ended: Vec<CaseId>,
    /// Taken out by borrowers.
    returned: i128,
    /// Lent and not taken out again, as it was worth then, and written down.
    lent: i128,
    written_down: i128,
}

/// An open case.
#[derive(Debug, Clone, Copy)]
struct Open {
    loan: LoanId,
    trigger: Trigger,
    /// Debt that was paid, and written down, in invariant units.
    paid: i128,
    written_down: i128,
}

/// The meter of a GammaSwap venue whose quote token has so many decimals.
pub(super) fn meter(decimals: u32) -> Meter {
    Meter::new(decimals, Some(Bearer::Lenders))
}

/// What invariant units are worth, which may be below zero.
fn worth(quote: &Quote, units: i128) -> i128 {
    signed(quote.worth(units.unsigned_abs())) * units.signum()
}

/// Equity and requirement in invariant units, as a share of the debt: what is beyond the debt, and
/// what of it the rule asks for.
fn rule(trigger: &Trigger) -> (i128, i128) {
    // Trigger: equity is threshold x collateral, the requirement is the debt.
    let (collateral, limit, debt) = (trigger.collateral, trigger.equity, trigger.requirement);
    let asked = mul_div(debt, collateral - limit, limit.max(1), Rounding::Up);
    (collateral - debt, asked.unwrap_or(0))
}

impl GammaswapDesk {
    fn held(&self, loan: LoanId) -> [u128; 2] {
        let at = loan
            .0
            .checked_sub(1)
            .and_then(|at| usize::try_from(at).ok());
        let loan = at.and_then(|at| self.loans.get(at));
        loan.map_or([0, 0], |loan| loan.held)
    }

    pub(super) fn report(&mut self, event: &Event) {
        match event {
            Event::Case(CaseEvent::Opened(case)) => self.breached(case),
            Event::Case(CaseEvent::Stage {
                case,
                stage,
                amount,
            }) => {
                if let Some(open) = self.facts.cases.get_mut(case) {
                    match stage {
                        StageKind::Repay => open.paid += amount,
                        StageKind::WriteDown => open.written_down += amount,
                        _ => {}
                    }
                }
            }
            Event::Case(CaseEvent::Closed { case, outcome, .. }) => {
                if let Outcome::Liquidated { .. } = outcome {
                    self.facts.liquidations.push(*case);
                }
                self.facts.ended.push(*case);
            }
            _ => {}
        }
    }

    fn breached(&mut self, case: &Case) {
        let trigger = case.trigger;
        let (Some(loan), Some(trader)) = (
            case.target.position,
            self.book.measured(case.target.account),
        ) else {
            return;
        };
        let value = signed(self.quote.value(self.held(loan)));
        let debt = worth(&self.quote, trigger.requirement);
        let (_, asked) = rule(&trigger);
        let breach = Breach {
            trader,
            at: trigger.at,
            equity: value - debt,
            requirement: worth(&self.quote, asked),
            scales: true,
            stakes: Vec::new(),
        };
        self.book.meter.breach(case.id.0, breach);
        let open = Open {
            loan,
            trigger,
            paid: 0,
            written_down: 0,
        };
        self.facts.cases.insert(case.id, open);
    }

    /// After an accepted command: what was brought and taken out, and what liquidations left.
    pub(super) fn report_done(&mut self, command: &Command, engine: &Engine) {
        for case in std::mem::take(&mut self.facts.liquidations) {
            self.took(case, engine);
        }
        for case in std::mem::take(&mut self.facts.ended) {
            self.facts.cases.remove(&case);
            self.book.meter.resolved(case.0, command.time);
        }
        if let Body::GammaSwap(Do { action, .. }) = &command.body {
            self.acted(action, engine);
        }
    }

    fn acted(&mut self, action: &Action, engine: &Engine) {
        match action {
            Action::Open {
                account, amounts, ..
            }
            | Action::IncreaseCollateral {
                account, amounts, ..
            } => self.brought(*account, *amounts),
            Action::DecreaseCollateral { amounts, .. } => {
                self.facts.returned += signed(self.quote.value(*amounts));
            }
            Action::PoolDeposit { account, lp } if self.is_lender(*account) => {
                let worth = signed(self.quote.lp_worth(*lp));
                self.lent(worth, engine);
            }
            Action::PoolWithdraw { shares, .. } => {
                let left = self.state(engine).map_or(0, |v| v.storage().share_supply);
                let before = signed(left.saturating_add(*shares));
                let gone = mul_div(self.facts.lent, signed(*shares), before, Rounding::Down);
                self.lent(-gone.unwrap_or(0), engine);
            }
            _ => {}
        }
    }

    fn brought(&mut self, account: AccountId, amounts: [u128; 2]) {
        if let Some(trader) = self.book.measured(account) {
            let worth = signed(self.quote.value(amounts));
            self.book.meter.joined(trader, worth);
        }
    }

    fn is_lender(&self, account: AccountId) -> bool {
        (0..self.book.liquidity.len()).any(|at| self.book.provider(at) == account)
    }

    fn lent(&mut self, more: i128, engine: &Engine) {
        self.facts.lent += more;
        self.book.meter.endowed(more);
        self.lenders_stand(engine);
    }

    fn lenders_stand(&mut self, engine: &Engine) {
        let lacks = |venue: &GammaSwap| {
            let of = |id: LoanId| {
                let debt = venue.debt(id).ok()?;
                Some(debt.saturating_sub(invariant(venue.loan(id).ok()?.held)))
            };
            venue.due().filter_map(of).fold(0, u128::saturating_add)
        };
        let lacking = self.state(engine).map_or(0, lacks);
        let lacking = signed(self.quote.worth(lacking));
        self.book.meter.outstanding(lacking);
        let stands = self.facts.lent - self.facts.written_down;
        self.book.meter.stands(stands);
    }

    fn took(&mut self, case: CaseId, engine: &Engine) {
        let (Some(open), Some(venue)) = (self.facts.cases.get(&case).copied(), self.state(engine))
        else {
            return;
        };
        let debt = venue.debt(open.loan).map_or(0, signed);
        let left = venue.loan(open.loan).map_or([0, 0], |loan| loan.held);
        let quote = self.quote;
        let before = open.paid + open.written_down + debt;
        let before = signed(quote.value(self.held(open.loan))) - worth(&quote, before);
        let after = signed(quote.value(left)) - worth(&quote, debt);
        let (equity, asked) = rule(&open.trigger);
        let needed = least_notional(open.trigger.requirement, equity, asked);
        let meter = &mut self.book.meter;
        meter.took(
            case.0,
            Taken {
                notional: worth(&quote, open.paid + open.written_down),
                needed: worth(&quote, needed),
                before,
                after,
            },
        );
        let written_down = worth(&quote, open.written_down);
        meter.lost(Bearer::Lenders, written_down);
        self.facts.written_down += written_down;
        self.lenders_stand(engine);
        let at = open.loan.0.saturating_sub(1);
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        if let Some(loan) = self.loans.get_mut(at) {
            loan.held = left;
        }
    }

    /// The report's clock ticks.
    pub(super) fn report_sample(&mut self, engine: &Engine, at: Timestamp) {
        let Some(venue) = self.state(engine) else {
            return;
        };
        let mut held = [0u128; 2];
        for (_, loan) in venue.loans() {
            for (sum, own) in held.iter_mut().zip(loan.held) {
                *sum = sum.saturating_add(own);
            }
        }
        let debts = signed(self.quote.worth(venue.storage().borrowed_invariant));
        let equity = signed(self.quote.value(held)) - debts + self.facts.returned;
        self.book.meter.open_interest(debts);
        self.lenders_stand(engine);
        self.book.meter.sampled(at, equity);
    }
}

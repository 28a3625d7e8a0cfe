//! Liquidators of loans: what they look at, what they send, what it brings them.
//!
//! A liquidator looks after its delay whenever a step has left loans due. It plans with the
//! venue's own `plan_batch` and its cost model: one loan worth taking is taken by
//! `liquidateWithLP`, several by `batchLiquidations`; whoever does not batch takes them one by
//! one. A loan larger than the LP tokens at hand is repaid out of its own collateral, by
//! `liquidate`. The collateral received becomes LP tokens again before the next look.

use std::collections::BTreeSet;

use plimsoll_engine::Engine;
use plimsoll_engine::liquidation::{CaseEvent, Outcome, StageKind};
use plimsoll_engine::venues::gammaswap::plan::{Candidate, CostModel, Verdict};
use plimsoll_engine::venues::gammaswap::{
    Action, Form, GammaSwap, Generation, Liquidation, LoanId, Sent, cpmm, rebalance,
};
use plimsoll_units::{AccountId, Rounding, mul_div};

use super::quote::Quote;
use super::{GammaswapDesk, part};
use crate::compare::Payee;

/// What one liquidator has spent and gained, in raw quote units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Transactions sent.
    pub(super) transactions: u64,
    /// Of them, batches.
    pub(super) batches: u64,
    /// Loans taken.
    pub(super) loans: u64,
    /// Of them, in batches.
    pub(super) in_batches: u64,
    /// Market value of what was received less that of what was paid.
    pub(super) gain: i128,
    /// Costs of transactions and loans, of refused ones too.
    pub(super) cost: i128,
    /// What batches brought beyond the same loans one by one, as far as those pay.
    pub(super) saved: i128,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.transactions += other.transactions;
        self.batches += other.batches;
        self.loans += other.loans;
        self.in_batches += other.in_batches;
        self.gain = self.gain.saturating_add(other.gain);
        self.cost = self.cost.saturating_add(other.cost);
        self.saved = self.saved.saturating_add(other.saved);
    }
}

/// A liquidation whose money is being told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settling {
    pub(super) gain: i128,
    pub(super) paid: u128,
}

/// A transaction that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sending {
    /// Whose.
    pub(super) by: usize,
    /// How many loans.
    pub(super) loans: u64,
    /// What it costs, in raw quote units.
    pub(super) cost: i128,
    /// What it saves against one transaction per loan, in raw quote units.
    pub(super) saves: i128,
}

/// One look of one liquidator.
#[derive(Debug)]
pub(super) struct Look<'a> {
    pub(super) venue: &'a GammaSwap,
    pub(super) engine: &'a Engine,
    pub(super) block: u64,
    pub(super) account: AccountId,
    /// Which liquidator.
    pub(super) by: usize,
    /// Whether they take several loans in one transaction.
    pub(super) batches: bool,
    /// Loans that could not be repaid out of their collateral before.
    pub(super) hopeless: &'a BTreeSet<LoanId>,
    pub(super) quote: Quote,
    /// What a transaction costs, in raw quote units.
    pub(super) transaction: u128,
    /// What a loan in it costs, in raw quote units.
    pub(super) loan: u128,
}

/// An action, with what it is about when it is a liquidation.
type Message = (Action, Option<Sending>);

impl Look<'_> {
    /// What is sent now.
    pub(super) fn actions(&self) -> Vec<Message> {
        let ledger = self.engine.ledger();
        let wallet = self.venue.wallet_state(ledger, self.account);
        let fee = self.venue.params().trading_fee;
        let again = into_lp(self.account, wallet.tokens, self.venue.reserves(), fee);
        let mut sent: Vec<Message> = again.into_iter().map(|action| (action, None)).collect();
        let model = CostModel {
            per_transaction: self.quote.invariant_of(self.transaction),
            per_loan: self.quote.invariant_of(self.loan),
            capital_lp: wallet.lp,
        };
        if let Ok((_, candidates)) = self.venue.candidates(ledger, self.block) {
            if self.batches {
                self.planned(&candidates, &model, &mut sent);
            } else {
                self.one_by_one(&candidates, &model, &mut sent);
            }
        }
        sent
    }

    /// As `plan_batch` has it: one call for what is worth taking with the capital at hand.
    fn planned(&self, candidates: &[Candidate], model: &CostModel, sent: &mut Vec<Message>) {
        let Ok(plan) = self.venue.plan(self.engine.ledger(), self.block, model) else {
            return;
        };
        let chosen = plan.loans();
        // A little more than the plan says: what is too much comes back.
        let lp = spare(plan.lp).min(model.capital_lp);
        match chosen.as_slice() {
            [] => {}
            [only] => sent.push((self.with_lp(*only, lp), Some(self.sending(1, 0)))),
            several => {
                let alone = alone(candidates, several, model);
                let net = plan.gain.saturating_sub(plan.cost);
                let worth = |units| signed(self.quote.worth(units));
                let saves = worth(net).saturating_sub(worth(alone));
                let action = Action::BatchLiquidations {
                    account: self.account,
                    loans: several.to_vec(),
                    sent: Sent::lp(lp),
                };
                sent.push((action, Some(self.sending(several.len(), saves))));
            }
        }
        // The verdicts are in the order of the candidates.
        for (candidate, (_, verdict)) in candidates.iter().zip(&plan.verdicts) {
            if matches!(verdict, Verdict::NoCapital { .. }) {
                self.out_of_collateral(candidate, model, sent);
            }
        }
    }

    /// One call for every loan that pays for it, the best first, with LP tokens while they last.
    fn one_by_one(&self, candidates: &[Candidate], model: &CostModel, sent: &mut Vec<Message>) {
        let mut best: Vec<&Candidate> = candidates.iter().collect();
        best.sort_by(|a, b| b.penalty.cmp(&a.penalty).then(a.loan.cmp(&b.loan)));
        let mut capital = model.capital_lp;
        for candidate in best {
            let lp = spare(self.quote.lp_of(candidate.payable));
            if candidate.penalty <= both_costs(model) {
                continue;
            }
            match capital.checked_sub(lp) {
                Some(left) => {
                    capital = left;
                    let action = self.with_lp(candidate.loan, lp);
                    sent.push((action, Some(self.sending(1, 0))));
                }
                None => self.out_of_collateral(candidate, model, sent),
            }
        }
    }

    /// Who lacks the LP tokens for a loan that pays for a call of its own has it repaid out of
    /// its collateral, traded to where it covers the most first (generation B does so itself).
    fn out_of_collateral(&self, candidate: &Candidate, model: &CostModel, sent: &mut Vec<Message>) {
        let id = candidate.loan;
        let Ok(held) = self.venue.loan(id).map(|loan| loan.held) else {
            return;
        };
        if candidate.penalty <= both_costs(model) || self.hopeless.contains(&id) {
            return;
        }
        let params = self.venue.params();
        let best = rebalance::most_liquidity(params, held, self.venue.reserves());
        let trade = best.ok().and_then(|best| best.trade);
        let deltas = match trade.filter(|_| params.generation == Generation::A) {
            None => Vec::new(),
            Some(trade) => {
                let bought = i128::try_from(trade.bought).unwrap_or(0);
                match trade.sell {
                    0 => vec![0, bought],
                    _ => vec![bought, 0],
                }
            }
        };
        // A raw unit of a coarse token can be worth more than the contract's cushion: a cent of LP
        // tokens makes up for what rounds away, and comes back.
        let cent = 10u128.pow(self.quote.decimals.saturating_sub(2));
        let lp = match params.generation {
            Generation::A => self.quote.lp_for(cent).min(model.capital_lp),
            Generation::B => 0,
        };
        let action = Action::Liquidate {
            account: self.account,
            loan: id,
            deltas,
            fees: Vec::new(),
            sent: Sent::lp(lp),
        };
        sent.push((action, Some(self.sending(1, 0))));
    }

    fn with_lp(&self, loan: LoanId, lp: u128) -> Action {
        Action::LiquidateWithLp {
            account: self.account,
            loan,
            sent: Sent::lp(lp),
        }
    }

    fn sending(&self, loans: usize, saves: i128) -> Sending {
        let loans = loans as u64;
        let of_loans = signed(self.loan).saturating_mul(loans.into());
        Sending {
            by: self.by,
            loans,
            cost: signed(self.transaction).saturating_add(of_loans),
            saves,
        }
    }
}

/// What one loan in a transaction of its own costs, in invariant units.
fn both_costs(model: &CostModel) -> u128 {
    model.per_transaction.saturating_add(model.per_loan)
}

/// Turns reserve tokens into LP tokens again: half of what there is too much of one is sold for
/// the other, then both are deposited. Nothing where there is too little to bother.
fn into_lp(
    account: AccountId,
    mut tokens: [u128; 2],
    mut reserves: [u128; 2],
    fee: cpmm::Fee,
) -> Vec<Action> {
    let mut actions = Vec::new();
    let balanced = |tokens, reserves| cpmm::balanced(tokens, reserves).unwrap_or([0, 0]);
    let fits = balanced(tokens, reserves);
    for sell in [0, 1] {
        let surplus = tokens[sell].saturating_sub(fits[sell]);
        let amount = surplus / 2;
        let bought = cpmm::bought_for(amount, reserves[sell], reserves[sell ^ 1], fee);
        // A hundredth of the holding or less is not worth the trade.
        let Some(out) = bought
            .ok()
            .filter(|out| *out > 0 && surplus > tokens[sell] / 100)
        else {
            continue;
        };
        actions.push(Action::Swap {
            account,
            sell: u8::from(sell == 1),
            amount,
            minimum: out,
        });
        tokens[sell] -= amount;
        tokens[sell ^ 1] = tokens[sell ^ 1].saturating_add(out);
        reserves[sell] = reserves[sell].saturating_add(amount);
        reserves[sell ^ 1] = reserves[sell ^ 1].saturating_sub(out);
    }
    let desired = tokens;
    // Whatever mints no LP token at all is refused.
    if balanced(desired, reserves)
        .iter()
        .all(|amount| *amount > 1_000)
    {
        actions.push(Action::AddLiquidity { account, desired });
    }
    actions
}

/// What the loans of a batch would bring one by one, those left out that do not pay: invariant
/// units.
fn alone(candidates: &[Candidate], chosen: &[LoanId], model: &CostModel) -> u128 {
    let cost = both_costs(model);
    let chosen: BTreeSet<LoanId> = chosen.iter().copied().collect();
    candidates
        .iter()
        .filter(|c| chosen.contains(&c.loan))
        .map(|c| c.penalty.saturating_sub(cost))
        .fold(0, u128::saturating_add)
}

/// A millionth and a bit more, for what rounds on the way.
fn spare(lp: u128) -> u128 {
    let more = part(lp, 1, 1_000_000, plimsoll_units::Rounding::Up).unwrap_or(0);
    lp.saturating_add(more).saturating_add(1_000)
}

impl GammaswapDesk {
    /// A liquidation was carried out: what it brought, and to whom.
    pub(super) fn liquidated(&mut self, done: &Liquidation) {
        let quote = &self.quote;
        let received = quote
            .value(done.refund)
            .saturating_add(quote.lp_worth(done.refund_lp));
        // Out of the collateral nothing is paid; LP tokens in excess are the liquidator's.
        let gain = match done.form {
            Form::FromCollateral => signed(received.saturating_add(quote.lp_worth(done.excess_lp))),
            Form::WithLp | Form::Batch => {
                signed(received).saturating_sub(signed(quote.worth(done.liquidity)))
            }
        };
        self.written_down = self.written_down.saturating_add(done.write_down);
        self.book.meter.paid(Payee::Keepers, gain);
        self.settling = Some(Settling {
            gain,
            paid: done.liquidity,
        });
        let about = |action: &Action| match (action, done.loan) {
            (
                Action::LiquidateWithLp { account, loan, .. }
                | Action::Liquidate { account, loan, .. },
                Some(single),
            ) => (*account, *loan) == (done.account, single),
            (Action::BatchLiquidations { account, .. }, None) => *account == done.account,
            _ => false,
        };
        let Some(at) = self.under_way.iter().position(|(action, _)| about(action)) else {
            return;
        };
        let (_, sending) = self.under_way.swap_remove(at);
        let batch = done.form == Form::Batch;
        self.tallies[sending.by].add(&Tally {
            transactions: 1,
            batches: u64::from(batch),
            loans: sending.loans,
            in_batches: if batch { sending.loans } else { 0 },
            gain,
            cost: sending.cost,
            saved: sending.saves,
        });
    }

    pub(super) fn told(&mut self, event: &CaseEvent) {
        match event {
            CaseEvent::Opened(_) => self.due += 1,
            CaseEvent::Stage {
                case,
                stage: StageKind::Repay,
                amount,
            } => self.repaid.push((*case, amount.unsigned_abs())),
            CaseEvent::Closed { case, outcome, .. } => {
                self.due -= 1;
                let at = self.repaid.iter().position(|(id, _)| id == case);
                let repaid = at.map_or(0, |at| self.repaid.swap_remove(at).1);
                if let (Outcome::Liquidated { .. }, Some(settling)) = (outcome, self.settling) {
                    let share = mul_div(
                        settling.gain,
                        signed(repaid),
                        signed(settling.paid.max(1)),
                        Rounding::Down,
                    );
                    self.rewards.insert(*case, share.unwrap_or(0));
                }
            }
            _ => {}
        }
    }
}

pub(super) fn signed(value: u128) -> i128 {
    i128::try_from(value).unwrap_or(i128::MAX)
}

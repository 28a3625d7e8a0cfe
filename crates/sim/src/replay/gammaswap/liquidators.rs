//! Liquidators of loans: what they look at, what they send, what it brings them.
//!
//! A liquidator looks after its delay whenever a step has left loans due. It plans with the
//! venue's own `plan_batch` and its cost model: one loan worth taking is taken by
//! `liquidateWithLP`, several by `batchLiquidations`; whoever does not batch takes them one by
//! one. The collateral it receives becomes LP tokens again before its next look.

use std::collections::BTreeSet;

use plimsoll_engine::Engine;
use plimsoll_engine::venues::gammaswap::plan::{Candidate, CostModel};
use plimsoll_engine::venues::gammaswap::{Action, GammaSwap, LoanId, Sent, cpmm};
use plimsoll_units::AccountId;

use super::part;
use crate::scenario::Decimal;

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

/// Prices of one liquidator's cost model in quote tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    pub(super) per_transaction: Decimal,
    pub(super) per_loan: Decimal,
}

/// What a liquidator sends now, with what each transaction is about.
pub(super) fn look(
    (venue, engine, block): (&GammaSwap, &Engine, u64),
    (account, by): (AccountId, usize),
    (costs, batches): (Costs, bool),
    quote: &super::Quote,
) -> Vec<(Action, Option<Sending>)> {
    let ledger = engine.ledger();
    let wallet = venue.wallet_state(ledger, account);
    let again = into_lp(
        account,
        wallet.tokens,
        venue.reserves(),
        venue.params().trading_fee,
    );
    let mut sent: Vec<(Action, Option<Sending>)> =
        again.into_iter().map(|action| (action, None)).collect();
    let (transaction, loan) = (
        quote.raw_of(costs.per_transaction),
        quote.raw_of(costs.per_loan),
    );
    let model = CostModel {
        per_transaction: quote.invariant_of(transaction),
        per_loan: quote.invariant_of(loan),
        capital_lp: wallet.lp,
    };
    let Ok((_, candidates)) = venue.candidates(ledger, block) else {
        return sent;
    };
    if !batches {
        sent.extend(singles(
            &candidates,
            &model,
            (account, by),
            quote,
            (transaction, loan),
        ));
        return sent;
    }
    let Ok(plan) = venue.plan(ledger, block, &model) else {
        return sent;
    };
    let chosen = plan.loans();
    // A little more than the plan says: what is too much comes back.
    let lp = spare(plan.lp).min(wallet.lp);
    let cost = |loans: usize| {
        signed(transaction).saturating_add(signed(loan).saturating_mul(loans as i128))
    };
    match chosen.as_slice() {
        [] => {}
        [only] => {
            let sending = Sending {
                by,
                loans: 1,
                cost: cost(1),
                saves: 0,
            };
            sent.push((with_lp(account, *only, lp), Some(sending)));
        }
        several => {
            let alone = alone(&candidates, several, &model);
            let net = plan.gain.saturating_sub(plan.cost);
            let saves = signed(quote.worth(net)).saturating_sub(signed(quote.worth(alone)));
            let sending = Sending {
                by,
                loans: several.len() as u64,
                cost: cost(several.len()),
                saves,
            };
            let action = Action::BatchLiquidations {
                account,
                loans: several.to_vec(),
                sent: Sent::lp(lp),
            };
            sent.push((action, Some(sending)));
        }
    }
    sent
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

/// One transaction for every loan that pays for it, the best first, while the capital lasts.
fn singles(
    candidates: &[Candidate],
    model: &CostModel,
    (account, by): (AccountId, usize),
    quote: &super::Quote,
    (transaction, loan): (u128, u128),
) -> Vec<(Action, Option<Sending>)> {
    let cost = model.per_transaction.saturating_add(model.per_loan);
    let mut worth_it: Vec<&Candidate> = candidates.iter().filter(|c| c.penalty > cost).collect();
    worth_it.sort_by(|a, b| b.penalty.cmp(&a.penalty).then(a.loan.cmp(&b.loan)));
    let mut capital = model.capital_lp;
    let mut sent = Vec::new();
    for candidate in worth_it {
        let lp = spare(quote.lp_of(candidate.payable));
        let Some(left) = capital.checked_sub(lp) else {
            continue;
        };
        capital = left;
        let sending = Sending {
            by,
            loans: 1,
            cost: signed(transaction).saturating_add(signed(loan)),
            saves: 0,
        };
        sent.push((with_lp(account, candidate.loan, lp), Some(sending)));
    }
    sent
}

fn with_lp(account: AccountId, loan: LoanId, lp: u128) -> Action {
    Action::LiquidateWithLp {
        account,
        loan,
        sent: Sent::lp(lp),
    }
}

/// What the loans of a batch would bring one by one, those left out that do not pay: invariant
/// units.
fn alone(candidates: &[Candidate], chosen: &[LoanId], model: &CostModel) -> u128 {
    let cost = model.per_transaction.saturating_add(model.per_loan);
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

pub(super) fn signed(value: u128) -> i128 {
    i128::try_from(value).unwrap_or(i128::MAX)
}

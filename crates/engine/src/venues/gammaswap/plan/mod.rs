//! Which liquidatable loans are worth taking in one batch.
//!
//! A loan whose penalty does not pay for a transaction of its own can be worth taking together
//! with others. Given what a transaction costs, what each loan in it costs, and the LP tokens at
//! hand, [`plan_batch`] picks the set with the largest gain and says of every loan why it is in
//! or out. All amounts are invariant units, except the capital, which is LP tokens.
//!
//! Generation A settles a batch on its totals:
//!
//! ```text
//! paid = min(sum D, floor(sum C * (1 - f)))     gain = sum C - paid
//! ```
//!
//! A set may be paid for as either of the two, and what it really pays is the smaller, so the
//! best set is the better one of two knapsacks: loans worth their surplus `C - D` that weigh `D`,
//! and loans worth their fee `C * f` that weigh `C * (1 - f)`. Generation B settles each loan for
//! itself: one knapsack of fees that weigh what is payable.
//!
//! The answer is exact whenever [`Plan::exact`] says so: always for up to 17 loans, and for any
//! number when the capital suffices for all of them. Otherwise the search stops after
//! [`NODES`] steps with the best set found, which is never worse than taking the densest loans
//! first.

mod knapsack;

use std::collections::BTreeSet;

use knapsack::{Item, Packed, pack};
use ruint::aliases::U256;

use super::word::{self, BPS, add, div, fit, mul, mul_div, product, sub, w};
use super::{Generation, LoanId, Refusal};

pub use knapsack::NODES;

/// A liquidatable loan. Amounts are invariant units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The loan.
    pub loan: LoanId,
    /// What it owes.
    pub debt: u128,
    /// What its collateral is worth (`C`; in generation B at the pair's price).
    pub collateral: u128,
    /// What would be paid for it alone in a batch.
    pub payable: u128,
    /// What the liquidator would gain by it alone.
    pub penalty: u128,
}

/// What liquidating costs, and what there is to do it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostModel {
    /// Of one transaction, in invariant units.
    pub per_transaction: u128,
    /// Of one loan in it, in invariant units.
    pub per_loan: u128,
    /// LP tokens at hand.
    pub capital_lp: u128,
}

/// How the pool settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The generation of its rules.
    pub generation: Generation,
    /// The liquidator's fee.
    pub fee_bps: u16,
    /// The pair's invariant.
    pub invariant: u128,
    /// The pair's LP supply.
    pub supply: u128,
}

/// Why a loan is in the batch or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// In: it adds `gain` for `cost`.
    In {
        /// What it adds to the batch's gain, rounded down.
        gain: u128,
        /// What it adds to the cost.
        cost: u128,
    },
    /// Out: it owes nothing.
    NoDebt,
    /// Out: it was given before.
    Duplicate,
    /// Out: what it adds does not pay for itself.
    CostsMore {
        /// What it would add.
        gain: u128,
        /// What it costs.
        cost: u128,
    },
    /// Out: it owes more than it is worth, which would come off the other loans' surplus.
    Underwater {
        /// By how much.
        loss: u128,
    },
    /// Out: it would pay, but the capital brings more elsewhere.
    NoCapital {
        /// What would have to be paid for it.
        payable: u128,
    },
    /// Out: all loans worth it together do not pay for the transaction.
    TransactionCostsMore {
        /// What the best batch would gain after the cost of its loans.
        gain: u128,
        /// What the transaction costs.
        cost: u128,
    },
}

/// The batch to send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Every candidate in the order given, with its verdict.
    pub verdicts: Vec<(LoanId, Verdict)>,
    /// What the liquidator gains, before costs.
    pub gain: u128,
    /// What the transaction and its loans cost.
    pub cost: u128,
    /// What is paid, in invariant units.
    pub payable: u128,
    /// LP tokens to send.
    pub lp: u128,
    /// Whether no other set gains more.
    pub exact: bool,
    /// No set's gain, less the cost of its loans, is above this; what the best set comes to when
    /// `exact`. Before the cost of the transaction, and whether or not it pays for that.
    pub net_at_most: u128,
}

impl Plan {
    /// The loans in the batch.
    #[must_use]
    pub fn loans(&self) -> Vec<LoanId> {
        let chosen = self
            .verdicts
            .iter()
            .filter_map(|(loan, verdict)| matches!(verdict, Verdict::In { .. }).then_some(*loan));
        chosen.collect()
    }
}

/// By which rule a set is valued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Book {
    /// Generation A: what the loans are worth beyond what they owe.
    Surplus,
    /// Generation A: the fee, everything else being written down.
    Fee,
    /// Generation B: each loan for itself.
    Each,
}

impl Book {
    /// What a candidate adds, in 1/10,000 of invariant units.
    fn gain(self, terms: &Terms, c: &Candidate) -> Result<U256, Refusal> {
        Ok(match self {
            Self::Surplus => product(c.collateral.saturating_sub(c.debt), BPS),
            Self::Fee => product(c.collateral, terms.fee_bps.into()),
            Self::Each => product(c.penalty, BPS),
        })
    }

    /// What a candidate weighs, in 1/10,000 of invariant units.
    fn weight(self, terms: &Terms, c: &Candidate) -> U256 {
        match self {
            Self::Surplus => product(c.debt, BPS),
            Self::Fee => product(c.collateral, kept(terms)),
            Self::Each => product(c.payable, BPS),
        }
    }
}

/// What is left of collateral after the fee, in basis points.
fn kept(terms: &Terms) -> u128 {
    BPS.saturating_sub(terms.fee_bps.into())
}

/// The best batch out of `candidates`, which are all liquidatable.
///
/// # Errors
/// [`Refusal::TooLarge`] when a total does not fit.
pub fn plan_batch(
    terms: &Terms,
    candidates: &[Candidate],
    model: &CostModel,
) -> Result<Plan, Refusal> {
    let fresh = distinct(candidates);
    let mut best: Option<Draft> = None;
    let books: &[Book] = match terms.generation {
        Generation::A => &[Book::Surplus, Book::Fee],
        Generation::B => &[Book::Each],
    };
    let (mut exact, mut at_most) = (true, 0);
    for book in books {
        let draft = draft(*book, terms, (candidates, &fresh), model)?;
        exact &= draft.exact;
        at_most = draft.at_most.max(draft.net).max(at_most);
        if best.as_ref().is_none_or(|b| draft.net > b.net) {
            best = Some(draft);
        }
    }
    let Some(best) = best else {
        return Ok(Plan::default());
    };
    let plan = verdicts(&best, terms, (candidates, &fresh), model)?;
    Ok(Plan {
        exact,
        net_at_most: if exact { best.net } else { at_most },
        ..plan
    })
}

/// Which candidates count: those with a debt that were not given before.
fn distinct(candidates: &[Candidate]) -> Vec<Option<Verdict>> {
    let mut seen = BTreeSet::new();
    let verdict = |c: &Candidate| {
        if !seen.insert(c.loan) {
            Some(Verdict::Duplicate)
        } else if c.debt == 0 {
            Some(Verdict::NoDebt)
        } else {
            None
        }
    };
    candidates.iter().map(verdict).collect()
}

/// A set of candidates and what it comes to.
struct Draft {
    book: Book,
    chosen: Vec<usize>,
    gain: u128,
    payable: u128,
    /// The gain less the cost of its loans; never below zero.
    net: u128,
    exact: bool,
    at_most: u128,
}

fn draft(
    book: Book,
    terms: &Terms,
    (candidates, fresh): (&[Candidate], &[Option<Verdict>]),
    model: &CostModel,
) -> Result<Draft, Refusal> {
    let cost = product(model.per_loan, BPS);
    let mut items = Vec::new();
    for (at, (candidate, _)) in candidates
        .iter()
        .zip(fresh)
        .enumerate()
        .filter(|(_, (_, out))| out.is_none())
    {
        let gain = book.gain(terms, candidate)?;
        if let Some(value) = gain.checked_sub(cost).filter(|v| !v.is_zero()) {
            let weight = book.weight(terms, candidate);
            items.push(Item { at, value, weight });
        }
    }
    let Packed {
        chosen,
        exact,
        at_most,
    } = pack(items, room(book, terms, model)?)?;
    let (gain, payable) = settle(book, terms, candidates, &chosen)?;
    let cost = mul(w(model.per_loan), U256::from(chosen.len()))?;
    Ok(Draft {
        book,
        net: fit(w(gain).saturating_sub(cost))?,
        // Rounded up, as the fee of a batch is.
        at_most: fit(div(add(at_most, w(BPS.saturating_sub(1)))?, w(BPS))?)?,
        chosen,
        gain,
        payable,
        exact,
    })
}

/// How much a set may weigh, in 1/10,000 of invariant units.
fn room(book: Book, terms: &Terms, model: &CostModel) -> Result<U256, Refusal> {
    let capital = if terms.supply == 0 {
        w(0)
    } else {
        mul_div(model.capital_lp, terms.invariant, terms.supply)?
    };
    match book {
        Book::Surplus | Book::Each => mul(capital, w(BPS)),
        // The total is rounded down before it is paid.
        Book::Fee => sub(mul(add(capital, w(1))?, w(BPS))?, w(1)),
    }
}

/// What a set really gains and pays.
fn settle(
    book: Book,
    terms: &Terms,
    candidates: &[Candidate],
    chosen: &[usize],
) -> Result<(u128, u128), Refusal> {
    let (mut debt, mut collateral, mut payable, mut penalty) = (w(0), w(0), w(0), w(0));
    for candidate in chosen.iter().filter_map(|at| candidates.get(*at)) {
        debt = add(debt, w(candidate.debt))?;
        collateral = add(collateral, w(candidate.collateral))?;
        payable = add(payable, w(candidate.payable))?;
        penalty = add(penalty, w(candidate.penalty))?;
    }
    if book == Book::Each {
        return Ok((fit(penalty)?, fit(payable)?));
    }
    let most = div(mul(collateral, w(kept(terms)))?, w(BPS))?;
    let paid = debt.min(most);
    Ok((fit(sub(collateral, paid)?)?, fit(paid)?))
}

fn verdicts(
    best: &Draft,
    terms: &Terms,
    (candidates, fresh): (&[Candidate], &[Option<Verdict>]),
    model: &CostModel,
) -> Result<Plan, Refusal> {
    let worth_it = best.net > model.per_transaction;
    let chosen: BTreeSet<usize> = best.chosen.iter().copied().collect();
    let mut plan = Plan::default();
    for (at, (candidate, out)) in candidates.iter().zip(fresh).enumerate() {
        let verdict = match out {
            Some(verdict) => *verdict,
            None => judge(
                best,
                terms,
                candidate,
                model,
                (chosen.contains(&at), worth_it),
            )?,
        };
        plan.verdicts.push((candidate.loan, verdict));
    }
    if worth_it {
        let loans = mul(w(model.per_loan), U256::from(best.chosen.len()))?;
        plan.gain = best.gain;
        plan.cost = fit(add(loans, w(model.per_transaction))?)?;
        plan.payable = best.payable;
        plan.lp = lp_for(terms, best.payable)?;
    }
    Ok(plan)
}

fn judge(
    best: &Draft,
    terms: &Terms,
    candidate: &Candidate,
    model: &CostModel,
    (chosen, worth_it): (bool, bool),
) -> Result<Verdict, Refusal> {
    let gain = fit(div(best.book.gain(terms, candidate)?, w(BPS))?)?;
    let cost = model.per_loan;
    Ok(match (chosen, worth_it) {
        (true, true) => Verdict::In { gain, cost },
        (true, false) => Verdict::TransactionCostsMore {
            gain: best.net,
            cost: model.per_transaction,
        },
        (false, _) if best.book == Book::Surplus && candidate.debt > candidate.collateral => {
            Verdict::Underwater {
                loss: word::less(candidate.debt, candidate.collateral)?,
            }
        }
        (false, _) if gain <= cost => Verdict::CostsMore { gain, cost },
        (false, _) => Verdict::NoCapital {
            payable: candidate.payable,
        },
    })
}

/// LP tokens worth at least `payable`, rounded up.
fn lp_for(terms: &Terms, payable: u128) -> Result<u128, Refusal> {
    if terms.invariant == 0 {
        return Ok(0);
    }
    let whole = product(payable, terms.supply);
    let up = add(whole, sub(w(terms.invariant), w(1))?)?;
    fit(div(up, w(terms.invariant))?)
}

#[cfg(test)]
mod tests;

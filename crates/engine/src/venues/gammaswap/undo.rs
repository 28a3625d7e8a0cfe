//! Taking a command, or one piece of it, back.
//!
//! The ledger and the events are rolled back by the transaction; what the venue itself keeps is
//! noted here before it changes.

use plimsoll_units::AccountId;

use super::keeper::OpenCase;
use super::{GammaSwap, Loan, LoanId, Storage};
use crate::{Savepoint, Tx};

/// Something as it was before.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    /// A loan was different.
    Loan(LoanId, Loan),
    /// A loan was not there.
    NoLoan,
    /// A wallet was not there.
    NoWallet(AccountId),
    /// A loan's case was different, or not there.
    Case(LoanId, Option<OpenCase>),
}

/// A point to return to.
#[derive(Debug)]
pub(super) struct Mark {
    storage: Storage,
    pair: [u128; 2],
    block: u64,
    changes: usize,
    savepoint: Savepoint,
}

impl GammaSwap {
    pub(super) fn mark(&self, tx: &Tx<'_>) -> Mark {
        Mark {
            storage: self.storage,
            pair: self.pair,
            block: self.block,
            changes: self.changes.len(),
            savepoint: tx.savepoint(),
        }
    }

    /// Takes back everything since `mark`, newest first.
    pub(super) fn back_to(&mut self, tx: &mut Tx<'_>, mark: &Mark) {
        self.storage = mark.storage;
        self.pair = mark.pair;
        self.block = mark.block;
        while self.changes.len() > mark.changes {
            match self.changes.pop() {
                Some(Change::Loan(id, loan)) => self.place(id, loan),
                Some(Change::NoLoan) => {
                    self.loans.pop();
                }
                Some(Change::NoWallet(account)) => self.books.forget_wallet(account),
                Some(Change::Case(id, Some(case))) => {
                    self.cases.insert(id, case);
                }
                Some(Change::Case(id, None)) => {
                    self.cases.remove(&id);
                }
                None => break,
            }
        }
        tx.rollback(mark.savepoint);
    }

    /// Changes a loan, so that it can be taken back.
    pub(super) fn set_loan(&mut self, id: LoanId, loan: Loan) {
        if let Some(old) = self.get(id) {
            self.changes.push(Change::Loan(id, *old));
            self.place(id, loan);
        }
    }

    /// Changes a loan's case, so that it can be taken back.
    pub(super) fn set_case(&mut self, id: LoanId, case: Option<OpenCase>) {
        let old = match case {
            Some(case) => self.cases.insert(id, case),
            None => self.cases.remove(&id),
        };
        self.changes.push(Change::Case(id, old));
    }

    fn place(&mut self, id: LoanId, loan: Loan) {
        let at = self.loans.get_mut(super::venue::place(id));
        if let Some(at) = at {
            *at = loan;
        }
    }
}

//! The cases of a composed venue.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, CaseId, MarketId};

use super::{Command, Composed};
use crate::ledger::Ledger;
use crate::liquidation::Trigger;
use crate::{Rejection, Tx};

/// Open cases.
#[derive(Debug, Clone, Default, BorshSerialize, BorshDeserialize)]
pub struct Cases {}

/// A change of the cases.
#[derive(Debug, Clone)]
pub(super) enum Note {}

impl Cases {
    pub(super) fn new(_markets: usize) -> Self {
        Self {}
    }
    /// The open case of an account.
    #[must_use]
    pub fn of(&self, _account: AccountId) -> Option<CaseId> {
        None
    }
    pub(super) fn take_back(&mut self, note: Note) {
        match note {}
    }
}

impl Composed {
    pub(super) fn open_case(
        &mut self,
        _tx: &mut Tx<'_>,
        _account: AccountId,
        _trigger: Trigger,
    ) -> Result<(), Rejection> {
        Ok(())
    }
    pub(super) fn walk_cases(
        &mut self,
        _tx: &mut Tx<'_>,
        _priced: &[MarketId],
    ) -> Result<(), Rejection> {
        Ok(())
    }
    pub(super) fn act_on_cases(
        &mut self,
        _tx: &mut Tx<'_>,
        _command: &Command,
    ) -> Result<(), Rejection> {
        Ok(())
    }
    pub(super) fn audit_cases(&self, _ledger: &Ledger) -> Result<(), String> {
        Ok(())
    }
}

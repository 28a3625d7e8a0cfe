//! What a venue works with while it applies one command.
//!
//! Money and events go through a [`Tx`], so that a rejection can take both back. A command that
//! carries many independent pieces (a price update with thousands of liquidations) sets a
//! [`Savepoint`] before each piece, and rolls back that piece alone when it fails.

use plimsoll_units::{AssetId, CaseId, Timestamp, VenueId};

use crate::event::Event;
use crate::ledger::{Holder, Ledger, LedgerError, Reason, Slot};

/// A point to roll money and events back to. Good within its own command alone.
#[derive(Debug, Clone, Copy)]
pub struct Savepoint {
    commits: u64,
    ledger: usize,
    events: usize,
    next_case: u64,
}

/// One command being applied.
#[derive(Debug)]
pub struct Tx<'a> {
    /// The time of the command.
    pub now: Timestamp,
    /// The venue the command is for.
    pub venue: VenueId,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) events: &'a mut Vec<Event>,
    pub(crate) next_case: &'a mut u64,
}

impl<'a> Tx<'a> {
    /// A transaction on bare parts, for tests and for venues used without an [`crate::Engine`].
    pub fn new(
        now: Timestamp,
        venue: VenueId,
        ledger: &'a mut Ledger,
        events: &'a mut Vec<Event>,
        next_case: &'a mut u64,
    ) -> Self {
        Self {
            now,
            venue,
            ledger,
            events,
            next_case,
        }
    }

    /// The books, to read.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.ledger
    }

    /// What the holder at `slot` has, in raw units.
    #[must_use]
    pub fn balance(&self, slot: Slot) -> i128 {
        self.ledger.balance(slot)
    }

    /// Opens a holder's account in one asset.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open(&mut self, holder: Holder, asset: AssetId) -> Result<Slot, LedgerError> {
        self.ledger.open(holder, asset)
    }

    /// Closes an empty holder's account.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn close(&mut self, slot: Slot) -> Result<(), LedgerError> {
        self.ledger.close(slot)
    }

    /// Moves money and reports it as an event. Zero moves and reports nothing.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing is moved then.
    pub fn pay(
        &mut self,
        from: Slot,
        to: Slot,
        amount: i128,
        reason: Reason,
    ) -> Result<(), LedgerError> {
        if let Some(movement) = self.ledger.post(from, to, amount, reason)? {
            self.events.push(Event::Money(movement));
        }
        Ok(())
    }

    /// Moves `amount` from `from` to `to`, or, when it is below zero, its magnitude the other way.
    ///
    /// # Errors
    /// As [`Tx::pay`].
    pub fn pay_net(
        &mut self,
        from: Slot,
        to: Slot,
        amount: i128,
        reason: Reason,
    ) -> Result<(), LedgerError> {
        if amount >= 0 {
            return self.pay(from, to, amount, reason);
        }
        // The one number without a magnitude becomes the largest, which no holder can pay.
        self.pay(to, from, amount.saturating_neg(), reason)
    }

    /// Reports an event.
    pub fn emit(&mut self, event: impl Into<Event>) {
        self.events.push(event.into());
    }

    /// A fresh case number.
    pub fn next_case(&mut self) -> CaseId {
        let id = CaseId(*self.next_case);
        // 2^64 cases cannot be opened; saturating says that nothing else is meant to happen.
        *self.next_case = self.next_case.saturating_add(1);
        id
    }

    /// A point to return to.
    #[must_use]
    pub fn savepoint(&self) -> Savepoint {
        Savepoint {
            commits: self.ledger.commits(),
            ledger: self.ledger.mark(),
            events: self.events.len(),
            next_case: *self.next_case,
        }
    }

    /// Takes back money and events since `savepoint`.
    ///
    /// # Panics
    /// When the savepoint is of another command, or was rolled back beyond: what it stands for is
    /// final then, and a part of it would stay on the books.
    pub fn rollback(&mut self, savepoint: Savepoint) {
        assert_eq!(
            savepoint.commits,
            self.ledger.commits(),
            "a savepoint of another command"
        );
        self.ledger.rollback(savepoint.ledger);
        self.events.truncate(savepoint.events);
        *self.next_case = savepoint.next_case;
    }
}

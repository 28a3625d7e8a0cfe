//! Taking back what a command, or one liquidation within it, did to accounts and books.
//!
//! The ledger and the events are taken back by the transaction; this is the venue's own part.
//! Every change of an account goes through [`Kyan::account_mut`] and every change of a book
//! through [`Kyan::book_mut`], which remember what was there.

use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::account::Account;
use super::instrument::Listed;
use super::pair::Priced;
use super::partners::PartnerQuote;
use super::{FUND, InstrumentId, Kyan, Refusal};
use crate::book::Book;

/// What was there before a change.
#[derive(Debug, Clone)]
pub(super) enum Undo {
    Account(AccountId, Box<Account>),
    Fund(MarketId, Box<Account>),
    Book(MarketId, InstrumentId, usize),
    NextOrder(u64),
    Quote(AccountId, Option<PartnerQuote>),
    Options(MarketId, Box<Listing>),
}

/// What a pair lists, and how it is priced.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    options: Vec<Listed>,
    priced: Option<Priced>,
    priced_at: Timestamp,
}

/// A point to return to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(usize);

impl Kyan {
    pub(super) fn mark(&self) -> Mark {
        Mark(self.undo.len())
    }

    /// Everything since the last commit is final.
    pub(super) fn commit(&mut self) {
        let undo = std::mem::take(&mut self.undo);
        for change in undo {
            if let Undo::Book(pair, instrument, _) = change
                && let Some(book) = self.look_for_book(pair, instrument)
            {
                book.commit();
            }
        }
    }

    /// Takes back everything since `mark`, newest first.
    pub(super) fn rollback(&mut self, mark: Mark) {
        while self.undo.len() > mark.0 {
            match self.undo.pop() {
                Some(Undo::Account(id, account)) => {
                    if let Some(place) = self.accounts.get_mut(id.index()) {
                        *place = *account;
                    }
                }
                Some(Undo::Fund(pair, account)) => {
                    if let Some(pair) = self.pairs.get_mut(pair.index()) {
                        pair.fund = *account;
                    }
                }
                Some(Undo::Book(pair, instrument, mark)) => {
                    if let Some(book) = self.look_for_book(pair, instrument) {
                        book.rollback(mark);
                    }
                }
                Some(Undo::NextOrder(next)) => self.next_order = next,
                Some(Undo::Options(id, listing)) => {
                    if let Some(pair) = self.pairs.get_mut(id.index()) {
                        pair.books.truncate(listing.options.len().saturating_add(1));
                        pair.options = listing.options;
                        pair.priced = listing.priced;
                        pair.priced_at = listing.priced_at;
                        pair.find_next_expiry();
                    }
                }
                Some(Undo::Quote(account, Some(quote))) => {
                    self.partners.insert(account, quote);
                }
                Some(Undo::Quote(account, None)) => {
                    self.partners.remove(&account);
                }
                None => return,
            }
        }
    }

    /// An account, to change.
    pub(super) fn account_mut(&mut self, id: AccountId) -> Result<&mut Account, Refusal> {
        let account = self.accounts.get_mut(id.index());
        let account = account.ok_or(Refusal::UnknownAccount(id))?;
        self.undo.push(Undo::Account(id, Box::new(account.clone())));
        Ok(account)
    }

    /// An account of a pair, the fund's included.
    pub(super) fn side(&self, pair: MarketId, id: AccountId) -> Result<&Account, Refusal> {
        if id == FUND {
            return Ok(&self.pair(pair)?.fund);
        }
        self.account(id)
    }

    /// The same, to change.
    pub(super) fn side_mut(
        &mut self,
        pair: MarketId,
        id: AccountId,
    ) -> Result<&mut Account, Refusal> {
        if id == FUND {
            return self.fund_mut(pair);
        }
        self.account_mut(id)
    }

    /// What the insurance fund holds of a pair, to change.
    pub(super) fn fund_mut(&mut self, pair: MarketId) -> Result<&mut Account, Refusal> {
        let place = self.pairs.get_mut(pair.index());
        let fund = &mut place.ok_or(Refusal::UnknownPair(pair))?.fund;
        self.undo.push(Undo::Fund(pair, Box::new(fund.clone())));
        Ok(fund)
    }

    /// The book of an instrument, to change.
    pub(super) fn book_mut(
        &mut self,
        pair: MarketId,
        instrument: InstrumentId,
    ) -> Result<&mut Book, Refusal> {
        let place = self.pairs.get_mut(pair.index());
        let books = &mut place.ok_or(Refusal::UnknownPair(pair))?.books;
        let book = books.get_mut(instrument.index());
        let book = book.ok_or(Refusal::UnknownInstrument(instrument))?;
        self.undo.push(Undo::Book(pair, instrument, book.mark()));
        Ok(book)
    }

    /// Remembers what a pair lists, before that changes.
    pub(super) fn keep_listing(&mut self, id: MarketId) -> Result<(), Refusal> {
        let pair = self.pairs.get(id.index());
        let pair = pair.ok_or(Refusal::UnknownPair(id))?;
        let listing = Listing {
            options: pair.options.clone(),
            priced: pair.priced.clone(),
            priced_at: pair.priced_at,
        };
        self.undo.push(Undo::Options(id, Box::new(listing)));
        Ok(())
    }

    /// Sets or withdraws a partner's quote.
    pub(super) fn set_quote(&mut self, account: AccountId, quote: Option<PartnerQuote>) {
        let before = match quote {
            Some(quote) => self.partners.insert(account, quote),
            None => self.partners.remove(&account),
        };
        self.undo.push(Undo::Quote(account, before));
    }

    /// A fresh order number.
    pub(super) fn number_order(&mut self) -> u64 {
        self.undo.push(Undo::NextOrder(self.next_order));
        let number = self.next_order;
        // 2^64 orders cannot be placed; saturating says that nothing else is meant to happen.
        self.next_order = number.saturating_add(1);
        number
    }

    pub(super) fn look_for_book(
        &mut self,
        pair: MarketId,
        instrument: InstrumentId,
    ) -> Option<&mut Book> {
        let books = &mut self.pairs.get_mut(pair.index())?.books;
        books.get_mut(instrument.index())
    }
}

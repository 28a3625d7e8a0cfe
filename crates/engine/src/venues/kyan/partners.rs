//! Hand-off to liquidation partners, as a stage that a procedure may name.
//!
//! A partner quotes how far from fair value it trades, in millionths of the index, for any
//! position of its pair, how much notional it takes in all, and until when. What step 3 would
//! offer is offered to the quotes first: best price first, pro rata at the same price
//! ([`allocate`]); a lot that would break a partner's initial margin is left out.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, Amount, ArithmeticError, Rate, Rounding, Timestamp, mul_div};

use super::event::PhaseName;
use super::health::{Health, WhatIf};
use super::machine::Look;
use super::trade::{in_units, signed};
use super::{Event, InstrumentId, Kyan, Refusal};
use crate::auction::limit_price;
use crate::backstop::partners::{Candidate, Fill, OfferId, Request, Skip, allocate};
use crate::book::Side;
use crate::ledger::Reason;
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;
/// The most partners of a venue.
const PARTNERS_MAX: usize = 256;

/// What a partner offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PartnerQuote {
    /// How far from fair value, against the account: millionths of the index.
    pub offset_e6: u32,
    /// Notional it still takes, money.
    pub left: i128,
    /// Until when.
    pub expires: Timestamp,
    /// Order of arrival.
    pub number: u64,
}

impl Kyan {
    /// The partners' quotes.
    pub fn quotes(&self) -> impl Iterator<Item = (AccountId, &PartnerQuote)> {
        self.partners
            .iter()
            .map(|(account, quote)| (*account, quote))
    }

    /// A partner's new quote.
    pub(super) fn quote(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        offset_e6: u32,
        capacity: Amount<6>,
        expires: Timestamp,
    ) -> Result<(), Rejection> {
        if self.account(account)?.episode().is_some() {
            let why = "its account is being liquidated".to_owned();
            return Err(Refusal::Partner(why).into());
        }
        if offset_e6 >= 1_000_000 {
            let why = format!("an offset of {offset_e6} millionths is all of the price");
            return Err(Refusal::Partner(why).into());
        }
        if capacity.is_negative() {
            let why = format!("a capacity of {capacity} is below zero");
            return Err(Refusal::Partner(why).into());
        }
        if expires <= tx.now && !capacity.is_zero() {
            let why = format!("it ends at {expires}, which is not after {}", tx.now);
            return Err(Refusal::Partner(why).into());
        }
        let known = self.partners.contains_key(&account);
        if !known && self.partners.len() >= PARTNERS_MAX {
            self.drop_quotes(|_, quote| quote.expires <= tx.now || quote.left <= 0);
        }
        if !known && self.partners.len() >= PARTNERS_MAX {
            let why = format!("there are {PARTNERS_MAX} partners already");
            return Err(Refusal::Partner(why).into());
        }
        tx.emit(Event::Quoted {
            account,
            offset_e6,
            capacity,
            expires,
        });
        if capacity.is_zero() {
            self.set_quote(account, None);
            return Ok(());
        }
        let quote = PartnerQuote {
            offset_e6,
            left: capacity.raw(),
            expires,
            number: self.number_order(),
        };
        self.set_quote(account, Some(quote));
        Ok(())
    }

    /// Withdraws the quotes that `goes` names.
    pub(super) fn drop_quotes(&mut self, goes: impl Fn(AccountId, &PartnerQuote) -> bool) {
        let gone: Vec<AccountId> = self
            .quotes()
            .filter_map(|(account, quote)| goes(account, quote).then_some(account))
            .collect();
        for account in gone {
            self.set_quote(account, None);
        }
    }

    /// The stage: what step 3 would offer goes to the partners, once an episode.
    pub(super) fn hand_off_stage(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        health: &Health,
    ) -> Result<Option<Look>, Rejection> {
        let account = self.account(id)?;
        let pair = account.pair;
        let done = account.episode().is_none_or(|episode| episode.handed_off);
        if done || self.partners.is_empty() {
            return Ok(None);
        }
        self.enter(tx, id, PhaseName::HandingOff, health)?;
        if let Some(episode) = &mut self.account_mut(id)?.episode {
            episode.handed_off = true;
        }
        self.remove_engine_orders(tx, id, super::event::Gone::NotNeeded)?;
        let offered = self.marked(pair)?.offered(health)?;
        for (instrument, held) in offered {
            self.hand_off(tx, id, instrument, held)?;
        }
        Ok(Some(Look::Again))
    }

    fn hand_off(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        instrument: InstrumentId,
        held: i64,
    ) -> Result<(), Rejection> {
        let pair = self.account(id)?.pair;
        let side = if held > 0 { Side::Sell } else { Side::Buy };
        let request = Request {
            quantity: held.checked_abs().ok_or(OVERFLOW)?.into(),
            // The partner takes the account's own side over.
            side: in_units(side).opposite(),
            step: self.pair(pair)?.steps(instrument)?.lot.into(),
            scale: 100_000_000,
            worst: None,
        };
        let candidates = self.candidates(tx, id, instrument, side)?;
        let allocation = allocate(&request, candidates, |before, lot| {
            let fits = self.fits(tx, id, instrument, side, before, lot);
            if matches!(fits, Ok(true)) {
                Ok(())
            } else {
                Err(Skip::Margin)
            }
        })?;
        for lot in &allocation.fills {
            self.carry_out(tx, id, instrument, side, lot)?;
        }
        Ok(())
    }

    fn candidates(
        &self,
        tx: &Tx<'_>,
        id: AccountId,
        instrument: InstrumentId,
        side: Side,
    ) -> Result<Vec<Candidate>, Rejection> {
        let account = self.account(id)?;
        let marked = self.marked(account.pair)?;
        let (mark, index) = (marked.fair(instrument)?, marked.of.index().raw());
        let tick = marked.pair.steps(instrument)?.tick;
        let mut found = Vec::new();
        for (partner, quote) in self.quotes() {
            let theirs = self.account(partner)?;
            let may = theirs.pair == account.pair
                && theirs.owner != account.owner
                && theirs.episode().is_none()
                && quote.expires > tx.now
                && quote.left > 0;
            if !may {
                continue;
            }
            let offset = Rate::from_raw(quote.offset_e6.into());
            let price = limit_price(in_units(side), mark, index, offset, tick.into());
            let price = price.map_err(crate::margin::portfolio::MarginError::from)?;
            let room = mul_div(quote.left, 100_000_000, index, Rounding::Floor)?;
            found.push(Candidate {
                partner,
                offer: offer_id(partner),
                nonce: quote.number.into(),
                price,
                remaining: room,
                room: None,
            });
        }
        Ok(found)
    }

    /// Whether a lot leaves the partner's initial margin met, after the lots before it, and
    /// whether the account still needs it.
    fn fits(
        &self,
        tx: &Tx<'_>,
        id: AccountId,
        instrument: InstrumentId,
        side: Side,
        before: &[Fill],
        lot: &Fill,
    ) -> Result<bool, Rejection> {
        let same = before.iter().filter(|fill| fill.partner == lot.partner);
        let quantity = same.chain([lot]).try_fold(0i128, |sum, fill| {
            sum.checked_add(fill.quantity).ok_or(OVERFLOW)
        })?;
        let quantity = i64::try_from(quantity).map_err(|_| OVERFLOW)?;
        let price = i64::try_from(lot.price).map_err(|_| OVERFLOW)?;
        let value = super::instrument::value(price.into(), quantity, Rounding::Ceil)?;
        let theirs = signed(side.opposite(), quantity)?;
        let change = WhatIf {
            instrument,
            quantity: theirs,
            cash: if theirs > 0 {
                value.checked_neg().ok_or(OVERFLOW)?
            } else {
                value
            },
        };
        let partner = self.account(lot.partner)?;
        let now = self.health_after(tx, partner, None)?;
        let then = self.health_after(tx, partner, Some(&change))?;
        let pair = self.account(id)?.pair;
        Ok(self.marked(pair)?.may_go(&now, &then).is_ok())
    }

    fn carry_out(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        instrument: InstrumentId,
        side: Side,
        lot: &Fill,
    ) -> Result<(), Rejection> {
        let account = self.account(id)?;
        let pair = account.pair;
        let Some(case) = account.episode().map(|episode| episode.case.id) else {
            return Ok(());
        };
        let health = self.health_after(tx, account, None)?;
        if self.marked(pair)?.is_released(&health)? {
            return Ok(());
        }
        let quantity = i64::try_from(lot.quantity).map_err(|_| OVERFLOW)?;
        let price = i64::try_from(lot.price).map_err(|_| OVERFLOW)?;
        let value = super::instrument::value(price.into(), quantity, Rounding::Ceil)?;
        let marked = self.marked(pair)?;
        let (mark, index) = (marked.fair(instrument)?, marked.of.index().raw());
        let (ours, theirs) = (signed(side, quantity)?, signed(side.opposite(), quantity)?);
        let (mine, partner) = (self.account(id)?.cash, self.account(lot.partner)?.cash);
        let other_way = value.checked_neg().ok_or(OVERFLOW)?;
        let (paid, cost) = match side {
            Side::Buy => (value, other_way),
            Side::Sell => (other_way, value),
        };
        tx.pay_net(mine, partner, paid, Reason::HandOff)?;
        self.account_mut(id)?.change(instrument, ours, paid)?;
        self.account_mut(lot.partner)?
            .change(instrument, theirs, cost)?;
        let notional = super::instrument::value(index, quantity, Rounding::Up)?;
        if let Some(mut quote) = self.partners.get(&lot.partner).copied() {
            quote.left = quote.left.saturating_sub(notional).max(0);
            self.set_quote(lot.partner, Some(quote));
        }
        if let Some(episode) = &mut self.account_mut(id)?.episode {
            episode.done = episode.done.saturating_add(notional);
        }
        tx.emit(Event::HandedOff {
            case,
            account: id,
            partner: lot.partner,
            instrument,
            quantity: ours.checked_neg().ok_or(OVERFLOW)?,
            price,
            mark,
        });
        self.dirty.insert(lot.partner);
        Ok(())
    }
}

fn offer_id(partner: AccountId) -> OfferId {
    let mut id = [0; 32];
    for (to, from) in id.iter_mut().zip(partner.0.to_be_bytes()) {
        *to = from;
    }
    OfferId(id)
}

//! Market data: what is accepted, what it changes, and when it cannot be trusted.
//!
//! New data must be newer than the last and not from the future. A jump of the index beyond the
//! bound is doubted: the pair stands still until a next price confirms it (it is as far from the
//! last trusted one, on the same side) or takes it back. Data that is too old stops trading and
//! liquidations alike (guard G8).

use plimsoll_units::{
    ArithmeticError, Duration, MarketId, Price, Rate, Rounding, Timestamp, Wide, mul_div,
};

use super::pair::Pair;
use super::{Event, IndexUpdate, Kyan, Refusal};
use crate::ledger::Reason;
use crate::pricing::quoted::Quoted;
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;
/// An hour.
const FUNDING_EVERY: i64 = 3_600_000;
/// The highest index that is accepted: 1e9 quote units.
const INDEX_MAX: i128 = 100_000_000_000_000_000;

impl Pair {
    /// What is too old at `now`, with the time it is from and how old it may be.
    fn stale(&self, now: Timestamp) -> Option<(&'static str, Timestamp, i64)> {
        let trust = &self.params.trust;
        let index = self.index.map(|index| index.at);
        // Without open options nothing is priced by the surface.
        let surface = self.surface_at().filter(|_| self.next_expiry.is_some());
        let checks = [
            ("index", index, trust.index_age.millis()),
            ("surface", surface, trust.surface_age.millis()),
        ];
        checks.into_iter().find_map(|(what, at, limit)| {
            let at = at?;
            let age = now.millis().saturating_sub(at.millis());
            (age > limit).then_some((what, at, limit))
        })
    }

    /// The first expiry that has come and is not settled yet (G7): what such an option is worth is
    /// the settlement's to say, so nothing is traded or liquidated on it.
    pub(super) fn unsettled(&self, now: Timestamp) -> Option<Timestamp> {
        self.next_expiry.filter(|at| *at <= now)
    }

    /// Why the data cannot be trusted at `now`, and since when: a price grew too old at its own
    /// moment, whenever that is noticed.
    pub(super) fn distrust(&self, now: Timestamp) -> Option<(Timestamp, String)> {
        if let Some(expiry) = self.unsettled(now) {
            return Some((expiry, unsettled_since(expiry)));
        }
        if let Some(doubted) = self.doubted {
            let why = "its index jumped, and no second price has confirmed it".to_owned();
            return Some((doubted.at.max(self.priced_at), why));
        }
        let (what, at, limit) = self.stale(now)?;
        let since = at.saturating_add(Duration(limit));
        Some((
            since,
            format!("its {what} is from {at}, older than {limit} ms"),
        ))
    }

    /// Whether `next` is further from the last index than the bound allows.
    fn jumps(&self, next: Price<8>) -> Result<bool, ArithmeticError> {
        let Some(last) = self.index else {
            return Ok(false);
        };
        let moved = next.sub(last.index)?.raw().checked_abs().ok_or(OVERFLOW)?;
        let bound = Wide::product(&[last.index.raw(), self.params.trust.jump.raw()])?;
        Ok(Wide::product(&[moved, Rate::<6>::ONE.raw()])? > bound)
    }

    /// Whether a doubted jump is confirmed by `next`: it went the same way, and `next` is beyond
    /// half of it.
    fn confirms(&self, doubted: Price<8>, next: Price<8>) -> bool {
        let Some(last) = self.index else {
            return true;
        };
        let middle = last.index.raw().midpoint(doubted.raw());
        (next.raw() > middle) == (doubted.raw() > last.index.raw())
    }
}

impl Kyan {
    /// Whether a pair's data is good enough to trade on.
    ///
    /// # Errors
    /// [`Refusal::NoMarks`], [`Refusal::Stale`].
    pub(super) fn fresh(&self, id: MarketId, now: Timestamp) -> Result<(), Refusal> {
        let pair = self.pair(id)?;
        pair.priced(id)?;
        if pair.doubted.is_some() {
            let why = "a jump of its index is not confirmed yet".to_owned();
            return Err(Refusal::NoMarks(id, why));
        }
        if let Some(expiry) = pair.unsettled(now) {
            return Err(Refusal::NoMarks(id, unsettled_since(expiry)));
        }
        match pair.stale(now) {
            None => Ok(()),
            Some((what, published, limit_ms)) => Err(Refusal::Stale {
                pair: id,
                what,
                published,
                now,
                limit_ms,
            }),
        }
    }

    /// A new index price.
    pub(super) fn index(&mut self, tx: &mut Tx<'_>, update: &IndexUpdate) -> Result<(), Rejection> {
        let now = tx.now;
        let pair = self.pair(update.pair)?;
        in_range(update.index)?;
        in_range(update.perpetual)?;
        let last = pair.doubted.or(pair.index).map(|index| index.at);
        newer("the index", last, update.at, now)?;
        let doubt = match pair.doubted {
            _ if !self.guards.freeze => false,
            None => pair.jumps(update.index)?,
            Some(doubted) => !pair.confirms(doubted.index, update.index),
        };
        // A doubted price that the next does not confirm is dropped; the next is judged anew.
        let doubt = doubt && pair.jumps(update.index)?;
        if doubt {
            self.change_pair(update.pair)?.doubted = Some(*update);
            return Ok(());
        }
        let priced = pair.price(update, pair.surface.as_ref(), now)?;
        let pair = self.change_pair(update.pair)?;
        pair.doubted = None;
        pair.index = Some(*update);
        pair.priced_at = now;
        pair.priced = priced;
        self.allow_repegs(update.pair)?;
        self.look_at_all(tx, update.pair);
        Ok(())
    }

    /// A new surface.
    pub(super) fn surface(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
        quoted: &Quoted,
    ) -> Result<(), Rejection> {
        let now = tx.now;
        let pair = self.pair(id)?;
        in_range(quoted.index)?;
        newer("the surface", pair.surface_at(), quoted.at, now)?;
        let bad = |why: String| Refusal::BadSurface(why);
        let surface = quoted.check().map_err(|why| bad(why.to_string()))?;
        let priced = match &pair.index {
            Some(index) => pair.price(index, Some(&surface), now)?,
            None => None,
        };
        let pair = self.change_pair(id)?;
        pair.quoted = Some(quoted.clone());
        pair.surface = Some(surface);
        pair.priced_at = now;
        pair.priced = priced;
        self.look_at_all(tx, id);
        Ok(())
    }

    /// Whether each pair can be trusted at this time; a change is told, and stops or starts the
    /// clocks of its liquidations.
    pub(super) fn judge(&mut self, tx: &mut Tx<'_>) {
        if !self.guards.freeze {
            return;
        }
        for (pair, number) in self.pairs.iter_mut().zip(0u16..) {
            let doubt = pair.distrust(tx.now);
            if doubt.is_some() != pair.is_frozen() {
                self.fund_dirty.insert(MarketId(number));
                pair.frozen_since = doubt.as_ref().map(|(since, _)| *since);
                self.dirty.extend(self.open.iter().copied());
                tx.emit(Event::Trust {
                    pair: MarketId(number),
                    good: doubt.is_none(),
                    why: doubt.map_or_else(|| "its market data is fresh".to_owned(), |d| d.1),
                });
            }
        }
    }

    /// The hour's funding: `clamp(0.9 * (perpetual - index) / index)` of the notional at the
    /// index, from longs to shorts when positive. What an account pays is rounded up, what it
    /// receives down; the difference stays in the pair's clearing.
    pub(super) fn funding(&mut self, tx: &mut Tx<'_>, id: MarketId) -> Result<(), Rejection> {
        self.fresh(id, tx.now)?;
        let pair = self.pair(id)?;
        if let Some(last) = pair.funded_at
            && tx.now.since(last)?.millis() < FUNDING_EVERY
        {
            return Err(Refusal::FundingTooEarly {
                pair: id,
                last,
                given: tx.now,
            }
            .into());
        }
        let Some(index) = pair.index else {
            return Ok(());
        };
        let basis = index.perpetual.sub(index.index)?.raw();
        let rate = mul_div(basis, 900_000_000, index.index.raw(), Rounding::Down)?;
        let most = pair.params.funding_most.raw().saturating_mul(1_000);
        let rate = rate.clamp(most.saturating_neg(), most);
        let clearing = pair.clearing;
        let per_unit = mul_div(index.index.raw(), rate, 1_000_000_000, Rounding::Down)?;
        for at in 0..self.accounts.len() {
            let Some(account) = self.accounts.get(at).filter(|a| a.pair == id) else {
                continue;
            };
            let held = account.quantity(super::InstrumentId::PERPETUAL);
            let owes = super::instrument::value(per_unit, held, Rounding::Ceil)?;
            tx.pay_net(account.cash, clearing, owes, Reason::Funding)?;
        }
        let held = self.pair(id)?.fund.quantity(super::InstrumentId::PERPETUAL);
        let owes = super::instrument::value(per_unit, held, Rounding::Ceil)?;
        self.fund_settles(tx, id, owes, Reason::Funding)?;
        let rate_e9 = i64::try_from(rate).map_err(|_| OVERFLOW)?;
        tx.emit(Event::Funded { pair: id, rate_e9 });
        let now = tx.now;
        self.change_pair(id)?.funded_at = Some(now);
        self.look_at_all(tx, id);
        Ok(())
    }

    /// The fund's account pays `owes` to the pair's clearing (below zero: is paid).
    fn fund_settles(
        &self,
        tx: &mut Tx<'_>,
        id: MarketId,
        owes: i128,
        reason: Reason,
    ) -> Result<(), Rejection> {
        let pair = self.pair(id)?;
        Ok(tx.pay_net(pair.fund.cash, pair.clearing, owes, reason)?)
    }

    /// Settles an expiry in cash at `price`. Long positions receive their payoff rounded down,
    /// short ones pay it rounded up; the difference stays in the pair's clearing.
    pub(super) fn expire(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
        expiry: Timestamp,
        price: Price<8>,
    ) -> Result<(), Rejection> {
        if expiry > tx.now {
            return Err(Refusal::NotExpired {
                expiry,
                now: tx.now,
            }
            .into());
        }
        in_range(price)?;
        let pair = self.pair(id)?;
        let (clearing, first) = (pair.clearing, 1u32);
        let mut due = Vec::new();
        for (listed, number) in pair.options.iter().zip(first..) {
            if listed.terms.expiry == expiry && listed.settled.is_none() {
                let payoff = listed.terms.payoff(price);
                due.push((super::InstrumentId(number), payoff));
            }
        }
        if due.is_empty() {
            return Err(Refusal::NothingExpires { pair: id, expiry }.into());
        }
        self.keep_listing(id)?;
        for (instrument, payoff) in due {
            self.clear_book(tx, id, instrument)?;
            for at in 0..self.accounts.len() {
                let Some(account) = self.accounts.get(at).filter(|a| a.pair == id) else {
                    continue;
                };
                let (held, cash) = (account.quantity(instrument), account.cash);
                if held == 0 {
                    continue;
                }
                let worth = super::instrument::value(payoff.raw(), held, Rounding::Floor)?;
                tx.pay_net(clearing, cash, worth, Reason::Expiry)?;
                let gone = held.checked_neg().ok_or(OVERFLOW)?;
                let number = u32::try_from(at).map_err(|_| OVERFLOW)?;
                let number = plimsoll_units::AccountId(number);
                self.account_mut(number)?.change(instrument, gone, 0)?;
                // It may owe money and hold nothing more.
                self.dirty.insert(number);
            }
            let held = self.fund_drops(id, instrument)?;
            let worth = super::instrument::value(payoff.raw(), held, Rounding::Floor)?;
            self.fund_settles(tx, id, worth.saturating_neg(), Reason::Expiry)?;
            let listed = instrument.index().checked_sub(1);
            let options = &mut self.change_pair(id)?.options;
            if let Some(listed) = listed.and_then(|at| options.get_mut(at)) {
                listed.settled = Some(price);
            }
        }
        self.change_pair(id)?.find_next_expiry();
        self.settle_fund(tx, id)?;
        self.reprice(id, tx.now)?;
        tx.emit(Event::Expired {
            pair: id,
            expiry,
            price,
        });
        self.look_at_all(tx, id);
        Ok(())
    }

    /// Prices a pair anew with the data it has: when instruments came or went.
    pub(super) fn reprice(&mut self, id: MarketId, now: Timestamp) -> Result<(), Rejection> {
        let pair = self.pair(id)?;
        let priced = match &pair.index {
            Some(index) => pair.price(index, pair.surface.as_ref(), now)?,
            None => None,
        };
        let pair = self.change_pair(id)?;
        pair.priced = priced;
        pair.priced_at = now;
        Ok(())
    }

    /// A pair, to change what belongs to no account and no book.
    pub(super) fn change_pair(&mut self, id: MarketId) -> Result<&mut Pair, Refusal> {
        let pair = self.pairs.get_mut(id.index());
        pair.ok_or(Refusal::UnknownPair(id))
    }
}

fn unsettled_since(expiry: Timestamp) -> String {
    format!("its options of {expiry} have expired and are not settled yet")
}

fn in_range(price: Price<8>) -> Result<(), Refusal> {
    if (1..=INDEX_MAX).contains(&price.raw()) {
        return Ok(());
    }
    Err(Refusal::BadIndex(price))
}

fn newer(
    what: &'static str,
    last: Option<Timestamp>,
    given: Timestamp,
    now: Timestamp,
) -> Result<(), Refusal> {
    if given > now {
        return Err(Refusal::FromTheFuture { what, given, now });
    }
    match last {
        Some(last) if given <= last => Err(Refusal::NotNewer { what, last, given }),
        _ => Ok(()),
    }
}

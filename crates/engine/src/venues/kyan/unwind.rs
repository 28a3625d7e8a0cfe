//! The fund gets rid of what it took over.
//!
//! Its account of a pair offers its positions in the books at fair value with the last level's
//! incentive of the auctions, which the reserve was paid for (as far as a bankrupt account had it).
//! "Synthetics are unwound using two limit orders" (the page): of every pair of legs the short one
//! is bought first, the long one is sold as far as that is done, and a synthetic's hedge goes with
//! its legs. Orders are priced again with the marks, made smaller as the position is, and pulled
//! while market data cannot be trusted. When nothing is left, what the account came to goes to the
//! reserve ([`super::fund`]).
//!
//! The fund reduces, never opens; it has no margin to meet and pays no fees to itself.

use plimsoll_units::{ArithmeticError, MarketId};

use super::config::Stage;
use super::event::Gone;
use super::trade::Placing;
use super::wanted::Desired;
use super::{FUND, InstrumentId, Kyan};
use crate::book::{Order, OrderId, Owner, SelfTrade, Standing, TimeInForce};
use crate::margin::portfolio::LEGS_MAX;
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;
/// The most rounds of one command: each fills an order of the fund.
const ROUNDS_MAX: u32 = 256;

impl Kyan {
    /// Brings the fund's orders of every pair that was touched to what is wanted. What cannot be
    /// done is left as it was.
    pub(super) fn unwind_all(&mut self, tx: &mut Tx<'_>) {
        let mut rounds = ROUNDS_MAX;
        while let Some(pair) = self.fund_dirty.pop_first() {
            let (savepoint, mark) = (tx.savepoint(), self.mark());
            match self.unwind(tx, pair) {
                Ok(true) if rounds > 0 => {
                    rounds = rounds.saturating_sub(1);
                    self.fund_dirty.insert(pair);
                }
                Ok(_) => {}
                Err(_) => {
                    tx.rollback(savepoint);
                    self.rollback(mark);
                    self.fund_dirty.remove(&pair);
                }
            }
            // A fill may have been of an account that is to be looked at now.
            self.look_at_dirty(tx);
        }
    }

    /// Every pair whose fund holds something, when time or data moved.
    pub(super) fn look_at_funds(&mut self) {
        for (pair, number) in self.pairs.iter().zip(0u16..) {
            if !pair.fund.positions.is_empty() {
                self.fund_dirty.insert(MarketId(number));
            }
        }
    }

    /// One round; true when something was filled.
    fn unwind(&mut self, tx: &mut Tx<'_>, id: MarketId) -> Result<bool, Rejection> {
        let pair = self.pair(id)?;
        if pair.is_frozen() || pair.priced.is_none() {
            self.pull_fund_orders(tx, id, Gone::Frozen)?;
            return Ok(false);
        }
        if pair.fund.positions.is_empty() {
            self.pull_fund_orders(tx, id, Gone::NotNeeded)?;
            self.settle_fund(tx, id)?;
            return Ok(false);
        }
        let wanted = self.fund_wants(tx, id)?;
        for (instrument, order) in self.pair(id)?.fund.orders.clone() {
            let standing = self.standing(id, instrument, order);
            let desired = wanted.iter().find(|d| d.instrument == instrument);
            let (Some(standing), Some(desired)) = (standing, desired) else {
                self.remove_in(tx, id, (FUND, instrument, order), Gone::NotNeeded)?;
                continue;
            };
            self.adjust(tx, id, desired, &standing)?;
        }
        for desired in &wanted {
            let mut stands = self.pair(id)?.fund.orders.iter();
            let stands = stands.any(|(instrument, _)| *instrument == desired.instrument);
            if !stands && self.offer_for_fund(tx, id, desired)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn pull_fund_orders(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
        why: Gone,
    ) -> Result<(), Rejection> {
        for (instrument, order) in self.pair(id)?.fund.orders.clone() {
            self.remove_in(tx, id, (FUND, instrument, order), why)?;
        }
        Ok(())
    }

    fn standing(&self, id: MarketId, instrument: InstrumentId, order: u64) -> Option<Standing> {
        let book = self.pair(id).ok()?.book(instrument)?;
        book.get(OrderId(order)).copied()
    }

    /// The orders that should stand for the fund.
    fn fund_wants(&self, tx: &Tx<'_>, id: MarketId) -> Result<Vec<Desired>, Rejection> {
        let marked = self.marked(id)?;
        let mut fund = marked.pair.fund.clone();
        // As many as one portfolio may have; the rest follows when these are gone.
        fund.positions.truncate(LEGS_MAX);
        let health = marked.health(&fund, tx.balance(fund.cash), None)?;
        let params = &marked.pair.params;
        let mut wanted = Vec::new();
        for (instrument, held) in marked.unwound(&health)? {
            let ladder = if instrument.is_perpetual() {
                params.perpetuals
            } else {
                params.options
            };
            let last = (ladder.incentive(ladder.cap())?, ladder.cap());
            wanted.extend(marked.offer(Stage::Unwind, (instrument, held), last)?);
        }
        Ok(wanted)
    }

    /// A standing order stays when its price is right and it is not too small.
    fn adjust(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
        desired: &Desired,
        standing: &Standing,
    ) -> Result<(), Rejection> {
        let order = (FUND, desired.instrument, standing.id.0);
        let limit = u64::try_from(desired.limit).map_err(|_| OVERFLOW)?;
        let size = u64::try_from(desired.quantity).map_err(|_| OVERFLOW)?;
        let same = (standing.price, standing.side) == (limit, desired.side);
        if !same || size > standing.quantity {
            return self.remove_in(tx, id, order, Gone::Repegged);
        }
        let by = standing.quantity.saturating_sub(size);
        if by > 0 {
            self.reduce_standing(tx, id, order, by)?;
        }
        Ok(())
    }

    /// Places an order; true when some of it was filled at once.
    fn offer_for_fund(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
        desired: &Desired,
    ) -> Result<bool, Rejection> {
        let order = Order {
            id: OrderId(self.next_order),
            owner: Owner {
                id: FUND.0,
                group: None,
            },
            side: desired.side,
            limit: Some(u64::try_from(desired.limit).map_err(|_| OVERFLOW)?),
            bound: None,
            quantity: u64::try_from(desired.quantity).map_err(|_| OVERFLOW)?,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTrade::CancelOldest,
            reduce_only: true,
        };
        let placing = Placing {
            pair: id,
            instrument: desired.instrument,
            account: FUND,
            stage: Some(Stage::Unwind),
            order,
        };
        Ok(self.send(tx, &placing)?.filled > 0)
    }
}

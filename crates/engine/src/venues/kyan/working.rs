//! The engine's orders: what stands is brought to what is wanted.
//!
//! "Limit prices will be adjusted frequently as spot price changes" (the page): an order of steps
//! 1 and 2 is priced again when the index moved by a threshold since it was priced, or moved at
//! all and some time has passed; an order of an auction whenever its price changes. The rest of
//! the size goes on in the new order.

use plimsoll_units::AccountId;

use super::config::Stage;
use super::episode::Working;
use super::event::{Gone, Guard};
use super::machine::Look;
use super::trade::Placing;
use super::wanted::Desired;
use super::{Event, InstrumentId, Kyan};
use crate::auction::must_repeg;
use crate::book::{Order, OrderId, Owner, SelfTrade, TimeInForce};
use crate::margin::portfolio::order;
use crate::{Rejection, Tx};

/// What to do about an order that stands.
enum Keep {
    /// It stays as it is.
    AsItIs,
    /// It stays, with this much less.
    Less(i64),
    /// It goes, and another takes its place.
    Anew,
}

impl Kyan {
    /// An order of an account that the engine placed, to change.
    pub(super) fn working_mut(
        &mut self,
        id: AccountId,
        order: u64,
    ) -> Result<Option<&mut Working>, Rejection> {
        let episode = self.account(id)?.episode();
        if episode.is_none_or(|episode| episode.working(order).is_none()) {
            return Ok(None);
        }
        let episode = self.account_mut(id)?.episode.as_deref_mut();
        let mut orders = episode.into_iter().flat_map(|e| e.orders.iter_mut());
        Ok(orders.find(|working| working.order == order))
    }

    /// Pulls every order the engine placed for an account.
    pub(super) fn remove_engine_orders(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        why: Gone,
    ) -> Result<(), Rejection> {
        let episode = self.account(id)?.episode();
        let orders = episode.map(|episode| episode.orders.clone());
        for working in orders.unwrap_or_default() {
            self.remove(tx, id, working.instrument, working.order, why)?;
        }
        Ok(())
    }

    /// Brings what stands to `orders`. Something filled at once is a reason to look again.
    pub(super) fn reconcile(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        orders: &[Desired],
    ) -> Result<Look, Rejection> {
        let stands = self.account(id)?.episode().map(|e| e.orders.clone());
        let mut missing: Vec<&Desired> = orders.iter().collect();
        for working in stands.unwrap_or_default() {
            let place = missing.iter().position(|d| is_same(d, &working));
            let Some(desired) = place.map(|place| missing.swap_remove(place)) else {
                self.remove(tx, id, working.instrument, working.order, Gone::NotNeeded)?;
                continue;
            };
            match self.keep(tx, id, desired, &working)? {
                Keep::AsItIs => {}
                Keep::Less(by) => self.reduce_working(tx, id, &working, by)?,
                Keep::Anew => {
                    self.remove(tx, id, working.instrument, working.order, Gone::Repegged)?;
                    missing.push(desired);
                }
            }
        }
        missing.sort_by_key(|desired| desired.instrument);
        for desired in missing {
            if self.put(tx, id, desired)? {
                return Ok(Look::Again);
            }
        }
        Ok(Look::Done)
    }

    fn keep(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        desired: &Desired,
        working: &Working,
    ) -> Result<Keep, Rejection> {
        let more = desired.quantity > working.quantity;
        let by = working.quantity.saturating_sub(desired.quantity);
        let as_it_is = if by > 0 { Keep::Less(by) } else { Keep::AsItIs };
        let pair = self.pair(self.account(id)?.pair)?;
        let index = pair.index().map_or(0, |index| index.index.raw());
        if working.stage == Stage::Auction {
            let same = desired.limit == working.limit && desired.level == working.level;
            return Ok(if same && !more { as_it_is } else { Keep::Anew });
        }
        let terms = &pair.params.hedge;
        let waited = tx.now.since(working.placed)? >= terms.repeg_every && index != working.peg;
        let due = waited || must_repeg(working.peg, index, terms.repeg)?;
        if !due || (desired.limit == working.limit && !more) {
            return Ok(as_it_is);
        }
        let episode = self.account(id)?.episode();
        let repegs = episode.map_or(0, |episode| episode.repegs);
        let most = self.guards.child_orders;
        if most > 0 && repegs >= most {
            let why = format!("priced again {repegs} times since the last index price");
            self.guarded(tx, id, Guard::ChildOrders, working.instrument, why)?;
            return Ok(as_it_is);
        }
        if let Some(episode) = &mut self.account_mut(id)?.episode {
            episode.repegs = repegs.saturating_add(1);
        }
        Ok(Keep::Anew)
    }

    /// Takes a part off a standing order, which keeps its place in the line.
    fn reduce_working(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        working: &Working,
        by: i64,
    ) -> Result<(), Rejection> {
        let pair = self.account(id)?.pair;
        let order = (id, working.instrument, working.order);
        self.reduce_standing(tx, pair, order, u64::try_from(by).unwrap_or(0))?;
        if let Some(working) = self.working_mut(id, working.order)? {
            working.quantity = working.quantity.saturating_sub(by);
        }
        Ok(())
    }

    /// Takes a part off a standing order of anybody's.
    pub(super) fn reduce_standing(
        &mut self,
        tx: &mut Tx<'_>,
        pair: plimsoll_units::MarketId,
        (account, instrument, order): (AccountId, InstrumentId, u64),
        by: u64,
    ) -> Result<(), Rejection> {
        let reduced = self.book_mut(pair, instrument)?.reduce(OrderId(order), by);
        reduced.map_err(|refusal| super::Refusal::Book(refusal.to_string()))?;
        let overflow = plimsoll_units::ArithmeticError::Overflow;
        tx.emit(Event::Reduced {
            order,
            account,
            instrument,
            by: i64::try_from(by).map_err(|_| overflow)?,
        });
        Ok(())
    }

    /// Places an order for an account; true when some of it was filled at once.
    fn put(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        desired: &Desired,
    ) -> Result<bool, Rejection> {
        let account = self.account(id)?;
        let (pair, owner) = (account.pair, account.owner);
        let case = account.episode().map(|episode| episode.case.id);
        let marked = self.marked(pair)?;
        let health = self.health_after(tx, account, None)?;
        let fee = self.liquidation_fee(pair, desired.instrument)?;
        let as_order = marked.order(desired, fee)?;
        let after = order::after_fill(
            &marked.of,
            &health.portfolio,
            health.equity,
            &as_order,
            desired.quantity,
        )?;
        let (portfolio, risk, equity) = after;
        let then = marked.numbers(&super::Health {
            portfolio,
            risk,
            equity,
        })?;
        let peg = marked.of.index().raw();
        if let Some(case) = case {
            tx.emit(Event::Ordered {
                case,
                account: id,
                stage: desired.stage,
                instrument: desired.instrument,
                side: desired.side,
                quantity: desired.quantity,
                limit: desired.limit,
                mark: desired.mark,
                level: desired.level,
                then,
            });
        }
        let overflow = plimsoll_units::ArithmeticError::Overflow;
        let order = Order {
            id: OrderId(self.next_order),
            owner: Owner {
                id: id.0,
                group: Some(owner),
            },
            side: desired.side,
            limit: Some(u64::try_from(desired.limit).map_err(|_| overflow)?),
            bound: None,
            quantity: u64::try_from(desired.quantity).map_err(|_| overflow)?,
            time_in_force: TimeInForce::Gtc,
            // An own order in the way is another account's of the same owner: it gives way.
            self_trade: SelfTrade::CancelOldest,
            reduce_only: false,
        };
        let number = order.id.0;
        let placed = self.send(
            tx,
            &Placing {
                pair,
                instrument: desired.instrument,
                account: id,
                stage: Some(desired.stage),
                order,
            },
        )?;
        let rests = i64::try_from(placed.rests).map_err(|_| overflow)?;
        if rests > 0 {
            let now = tx.now;
            if let Some(episode) = &mut self.account_mut(id)?.episode {
                episode.orders.push(Working {
                    order: number,
                    stage: desired.stage,
                    instrument: desired.instrument,
                    side: desired.side,
                    quantity: rests,
                    limit: desired.limit,
                    peg,
                    placed: now,
                    level: desired.level,
                });
            }
        }
        Ok(placed.filled > 0)
    }

    /// A new index price: every order may be priced again as often as the guard allows.
    pub(super) fn allow_repegs(&mut self, pair: plimsoll_units::MarketId) -> Result<(), Rejection> {
        for id in self.open.clone() {
            let account = self.account(id)?;
            let counted = account.episode().is_some_and(|e| e.repegs > 0);
            // Changing an account keeps a copy of it to go back to: not for nothing.
            if account.pair != pair || !counted {
                continue;
            }
            if let Some(episode) = &mut self.account_mut(id)?.episode {
                episode.repegs = 0;
            }
        }
        Ok(())
    }

    /// Pulls every order in an instrument's book, before it is settled (G7).
    pub(super) fn clear_book(
        &mut self,
        tx: &mut Tx<'_>,
        pair: plimsoll_units::MarketId,
        instrument: InstrumentId,
    ) -> Result<(), Rejection> {
        let book = self.pair(pair)?.book(instrument);
        let orders: Vec<(AccountId, u64)> = book
            .into_iter()
            .flat_map(|book| {
                let sides = [crate::book::Side::Buy, crate::book::Side::Sell];
                sides.into_iter().flat_map(|side| book.orders(side))
            })
            .map(|order| (AccountId(order.owner.id), order.id.0))
            .collect();
        for (account, order) in orders {
            self.remove_in(tx, pair, (account, instrument, order), Gone::Expired)?;
        }
        Ok(())
    }
}

fn is_same(desired: &Desired, working: &Working) -> bool {
    (desired.stage, desired.instrument, desired.side)
        == (working.stage, working.instrument, working.side)
}

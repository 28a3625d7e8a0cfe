//! The wallet of a case, and what the fund holds of it, as the stages see them.

use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::deleverage::Hunt;
use super::event::Why;
use super::take::{Taking, side_of};
use crate::backstop::deleverage::Policy;
use crate::liquidation::{Acquired, Case, Disposed, Health, Lot, Reducible, Subject, Whose};
use crate::venues::kuma::Kuma;
use crate::{Rejection, Tx};

/// One case of the service.
#[derive(Debug)]
pub(super) struct Served<'a> {
    pub(super) venue: &'a mut Kuma,
    pub(super) case: Case,
    /// The wallet is not looked at: only what the fund holds of it.
    pub(super) inventory_only: bool,
    /// Why the fund did not take the wallet over.
    pub(super) why: Why,
}

impl Served<'_> {
    fn account(&self) -> AccountId {
        self.case.target.account
    }

    fn step(&self, market: MarketId) -> Result<i128, Rejection> {
        Ok(self.venue.market(market)?.listing.step.into())
    }
}

/// A quantity of the stages in pips. Stages never ask for more than they were told there is.
pub(super) fn pips(quantity: i128) -> u64 {
    u64::try_from(quantity.max(0)).unwrap_or(u64::MAX)
}

impl Subject for Served<'_> {
    fn health(&self, tx: &Tx<'_>) -> Result<Health, Rejection> {
        let totals = self
            .venue
            .totals_with_funding(tx.ledger(), self.account())?;
        Ok(Health {
            equity: totals.value_pips()?.into(),
            requirement: totals.requirement_pips()?.into(),
        })
    }

    fn collateral(&self, tx: &Tx<'_>) -> i128 {
        let slot = self.venue.quote_slot(self.account());
        slot.map_or(0, |slot| tx.balance(slot))
    }

    fn acquire(&mut self, tx: &mut Tx<'_>) -> Result<Acquired, Rejection> {
        if self.inventory_only {
            return Ok(Acquired::NotDue);
        }
        Ok(match self.venue.take_wallet(tx, &self.case)? {
            Taking::NotDue => Acquired::NotDue,
            Taking::Unable(why) => {
                self.why = why;
                Acquired::Unable
            }
            Taking::Taken { amount, shortfall } => Acquired::Taken { amount, shortfall },
        })
    }

    fn positions(&self, tx: &Tx<'_>) -> Result<Vec<Lot>, Rejection> {
        let account = self.account();
        if self.inventory_only || !self.venue.is_liquidatable(tx.ledger(), account)? {
            return Ok(Vec::new());
        }
        let mut lots = Vec::new();
        for (_, position) in self.venue.positions(account) {
            let quantity = i128::from(position.size().unsigned_abs());
            lots.push(Lot {
                market: position.market(),
                side: side_of(position.size()),
                quantity,
                acquired: quantity,
                due: quantity,
                step: self.step(position.market())?,
            });
        }
        Ok(lots)
    }

    fn inventory(&self, _: &Tx<'_>) -> Result<Vec<Lot>, Rejection> {
        let Some(holding) = self.venue.waterfall.holdings.get(&self.case.id) else {
            return Ok(Vec::new());
        };
        let mut lots = Vec::new();
        for piece in holding.pieces.iter().filter(|piece| piece.left() > 0) {
            // What is in an inactive market is closed by the contracts' own function for it.
            if !self.venue.market(piece.market)?.is_active() {
                continue;
            }
            lots.push(Lot {
                market: piece.market,
                side: piece.side,
                quantity: piece.left().into(),
                acquired: piece.acquired.into(),
                due: piece.due.min(piece.left()).into(),
                step: self.step(piece.market)?,
            });
        }
        Ok(lots)
    }

    fn hand_off(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        quantity: i128,
    ) -> Result<Disposed, Rejection> {
        self.venue.hand_off(tx, &self.case, market, pips(quantity))
    }

    fn sliced_at(&self) -> Option<Timestamp> {
        let holding = self.venue.waterfall.holdings.get(&self.case.id);
        holding.and_then(|holding| holding.sliced_at)
    }

    fn schedule(&mut self, tx: &mut Tx<'_>, market: MarketId, due: i128) -> Result<(), Rejection> {
        let now = tx.now;
        self.venue.change_holding(&self.case, |holding| {
            holding.sliced_at = Some(now);
            if let Some(piece) = holding.piece_mut(market) {
                piece.due = pips(due);
            }
            Ok(())
        })
    }

    fn close_on_book(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        quantity: i128,
        collar_bps: Option<u32>,
    ) -> Result<Disposed, Rejection> {
        let base = pips(quantity);
        self.venue
            .close_on_book(tx, &self.case, market, base, collar_bps)
    }

    fn needed(&self, tx: &Tx<'_>, whose: Whose, market: MarketId) -> Result<i128, Rejection> {
        match whose {
            Whose::Account => self.venue.needed_of_wallet(tx, self.account(), market),
            Whose::Backstop => self.venue.needed_of_fund(tx, &self.case, market),
        }
    }

    fn deleverage(
        &mut self,
        tx: &mut Tx<'_>,
        whose: Whose,
        market: MarketId,
        quantity: i128,
        policy: Policy,
    ) -> Result<Disposed, Rejection> {
        let hunt = Hunt {
            whose,
            market,
            base: pips(quantity),
            policy,
            why: self.why,
        };
        self.venue.deleverage_by_policy(tx, &self.case, &hunt)
    }

    fn reducible(&self, tx: &Tx<'_>) -> Result<Vec<Reducible>, Rejection> {
        if self.inventory_only {
            return Ok(Vec::new());
        }
        self.venue.reducible_positions(tx, self.account())
    }

    fn suffices(&self, tx: &Tx<'_>, market: MarketId, quantity: i128) -> Result<bool, Rejection> {
        self.venue
            .suffices(tx, self.account(), market, pips(quantity))
    }

    fn reduce(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        quantity: i128,
    ) -> Result<Disposed, Rejection> {
        self.venue.reduce(tx, &self.case, market, pips(quantity))
    }
}

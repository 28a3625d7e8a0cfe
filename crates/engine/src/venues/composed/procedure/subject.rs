//! The account of a case, and what the acquirer holds of it, as the stages see them.

use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::deleverage::Hunt;
use super::hand_over::{Seller, quantity_of, side_of};
use super::state::Plan;
use crate::auction::Ladder;
use crate::backstop::deleverage::Policy;
use crate::ledger::Reason;
use crate::liquidation::{
    Acquired, Case, Close, Closed, Disposed, Health, Lot, Offered, Payee, Reducible, Subject, Whose,
};
use crate::venues::composed::Composed;
use crate::{Rejection, Tx};

/// One case of the venue.
#[derive(Debug)]
pub(super) struct Served<'a> {
    pub(super) venue: &'a mut Composed,
    pub(super) case: Case,
    /// Whether the account's own positions are concerned, or only what the acquirer holds.
    pub(super) open: bool,
}

impl Served<'_> {
    fn account(&self) -> AccountId {
        self.case.target.account
    }

    /// Whether the account's own positions are to be liquidated.
    fn is_due(&self, tx: &Tx<'_>) -> Result<bool, Rejection> {
        Ok(self.open && self.venue.is_under(tx.ledger(), self.account())?)
    }

    /// Who has what is still to be disposed of in a market: nobody when it is the account's and
    /// the account is sound.
    fn seller(&self, tx: &Tx<'_>, market: MarketId) -> Result<Option<Seller>, Rejection> {
        let seller = self.venue.seller(self.venue.file(self.case.id)?, market);
        match seller {
            Some(seller) if seller.cost.is_none() => Ok(self.is_due(tx)?.then_some(seller)),
            other => Ok(other),
        }
    }

    fn lot(&self, market: MarketId, size: i64) -> Result<Lot, Rejection> {
        let left = size.unsigned_abs();
        let plan = self.venue.file(self.case.id)?.plan(market);
        let (whole, due) = plan.map_or((left, left), |plan| (plan.whole, plan.due.min(left)));
        Ok(Lot {
            market,
            side: side_of(size),
            quantity: left.into(),
            acquired: whole.into(),
            due: due.into(),
            step: self.venue.step(market)?,
        })
    }

    fn own(&self, tx: &Tx<'_>) -> Result<Vec<Lot>, Rejection> {
        if !self.is_due(tx)? {
            return Ok(Vec::new());
        }
        let positions = self.venue.positions(self.account());
        positions
            .iter()
            .map(|p| self.lot(p.market, p.size))
            .collect()
    }
}

impl Subject for Served<'_> {
    fn health(&self, tx: &Tx<'_>) -> Result<Health, Rejection> {
        self.venue.health(tx.ledger(), self.account())
    }

    fn collateral(&self, tx: &Tx<'_>) -> i128 {
        // What does not fit is not there to be taken.
        let collateral = self.venue.collateral_of(tx, self.account());
        collateral.map_or(0, |all| if self.open { all } else { 0 })
    }

    fn seize(
        &mut self,
        tx: &mut Tx<'_>,
        payee: Payee,
        amount: i128,
        reason: Reason,
    ) -> Result<(), Rejection> {
        if !self.open {
            return Ok(());
        }
        let what = (payee, amount);
        self.venue.take_collateral(tx, &self.case, what, reason)
    }

    fn close(&mut self, tx: &mut Tx<'_>, how: Close) -> Result<Closed, Rejection> {
        if !self.open {
            let (size, shortfall) = (0, 0);
            return Ok(Closed { size, shortfall });
        }
        self.venue.close_against_vault(tx, &self.case, how)
    }

    fn acquire(&mut self, tx: &mut Tx<'_>) -> Result<Acquired, Rejection> {
        if !self.open {
            return Ok(Acquired::NotDue);
        }
        self.venue.take_over(tx, &self.case)
    }

    fn positions(&self, tx: &Tx<'_>) -> Result<Vec<Lot>, Rejection> {
        self.own(tx)
    }

    fn inventory(&self, tx: &Tx<'_>) -> Result<Vec<Lot>, Rejection> {
        let pieces = &self.venue.file(self.case.id)?.pieces;
        let lots = pieces
            .iter()
            .map(|piece| self.lot(piece.market, piece.size));
        let mut lots: Vec<Lot> = lots.collect::<Result<_, _>>()?;
        // Where the acquirer holds something, it goes first.
        let own = self.own(tx)?.into_iter();
        let own = own.filter(|lot| pieces.iter().all(|piece| piece.market != lot.market));
        lots.extend(own);
        lots.sort_by_key(|lot| lot.market);
        Ok(lots)
    }

    fn hand_off(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        quantity: i128,
    ) -> Result<Disposed, Rejection> {
        let Some(seller) = self.seller(tx, market)? else {
            return Ok(Disposed::default());
        };
        let what = (seller, quantity_of(quantity));
        self.venue.hand_to_partners(tx, &self.case, market, what)
    }

    fn sliced_at(&self) -> Option<Timestamp> {
        let file = self.venue.file(self.case.id).ok();
        file.and_then(|file| file.sliced_at)
    }

    fn schedule(&mut self, tx: &mut Tx<'_>, market: MarketId, due: i128) -> Result<(), Rejection> {
        let Some(seller) = self.seller(tx, market)? else {
            return Ok(());
        };
        let (now, due) = (tx.now, quantity_of(due));
        self.venue.change_file(self.case.id, |file| {
            file.sliced_at = Some(now);
            match file.plans.iter_mut().find(|plan| plan.market == market) {
                Some(plan) => plan.due = due,
                None => file.plans.push(Plan {
                    market,
                    whole: seller.size.unsigned_abs(),
                    due,
                }),
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
        let Some(seller) = self.seller(tx, market)? else {
            return Ok(Disposed::default());
        };
        let what = (quantity_of(quantity), collar_bps);
        let (venue, case) = (&mut *self.venue, &self.case);
        venue.trade_away(tx, case, market, &seller, what)
    }

    fn needed(&self, tx: &Tx<'_>, whose: Whose, market: MarketId) -> Result<i128, Rejection> {
        let Some(seller) = self.seller(tx, market)? else {
            return Ok(0);
        };
        match whose {
            Whose::Backstop if seller.cost.is_some() => {
                self.venue.needed_of_acquirer(tx, market, &seller)
            }
            _ => self.venue.needed_of_account(tx, &self.case, market),
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
        let Some(seller) = self.seller(tx, market)? else {
            return Ok(Disposed::default());
        };
        if whose == Whose::Account && seller.cost.is_some() {
            // What the acquirer holds there goes first.
            return Ok(Disposed::default());
        }
        let hunt = Hunt {
            market,
            base: quantity_of(quantity).min(seller.size.unsigned_abs()),
            policy,
        };
        self.venue.reduce_against(tx, &self.case, &hunt, &seller)
    }

    fn reducible(&self, tx: &Tx<'_>) -> Result<Vec<Reducible>, Rejection> {
        if !self.is_due(tx)? {
            return Ok(Vec::new());
        }
        self.venue.could_give_up(tx, self.account())
    }

    fn suffices(&self, tx: &Tx<'_>, market: MarketId, quantity: i128) -> Result<bool, Rejection> {
        let base = quantity_of(quantity);
        self.venue.would_suffice(tx, self.account(), market, base)
    }

    fn reduce(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        quantity: i128,
    ) -> Result<Disposed, Rejection> {
        let base = quantity_of(quantity);
        self.venue.give_up(tx, &self.case, market, base)
    }

    fn hedgeable(&self, tx: &Tx<'_>, _: u32) -> Result<Vec<Reducible>, Rejection> {
        if !self.is_due(tx)? {
            return Ok(Vec::new());
        }
        self.venue.helpful(self.account())
    }

    fn hedged(
        &self,
        tx: &Tx<'_>,
        market: MarketId,
        quantity: i128,
        cushion_e5: u32,
    ) -> Result<bool, Rejection> {
        let part = (market, quantity_of(quantity));
        let venue = &self.venue;
        venue.would_be_sound(tx, self.account(), part, (0, cushion_e5))
    }

    fn trade_on_book(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        quantity: i128,
        collar_bps: Option<u32>,
    ) -> Result<Disposed, Rejection> {
        let account = self.account();
        let size = self.venue.holdings().size(account, market);
        if !self.open || size == 0 {
            return Ok(Disposed::default());
        }
        let cost = None;
        let seller = Seller {
            account,
            size,
            cost,
        };
        let what = (quantity_of(quantity), collar_bps);
        let (venue, case) = (&mut *self.venue, &self.case);
        venue.trade_away(tx, case, market, &seller, what)
    }

    fn auction(
        &mut self,
        tx: &mut Tx<'_>,
        ladder: &Ladder,
        just_enough: bool,
    ) -> Result<Offered, Rejection> {
        let case = self.case;
        self.venue.offer_to_bidders(tx, &case, ladder, just_enough)
    }

    fn socialise(&mut self, tx: &mut Tx<'_>, same_market: bool) -> Result<i128, Rejection> {
        if !self.open {
            return Ok(0);
        }
        self.venue.share_debt(tx, &self.case, same_market)
    }
}

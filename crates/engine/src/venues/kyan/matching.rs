//! What an order meets in its book: each fill is allowed or not, and settled, as it happens.

use plimsoll_units::{AccountId, ArithmeticError};

use super::config::Stage;
use super::event::Gone;
use super::trade::{Party, Placing};
use super::{Event, FUND, Kyan};
use crate::book::{Cut, Decision, Desk, End, Gone as LeftBook, Standing};
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// Settles what one placed order meets.
pub(super) struct Matching<'v, 't, 'l> {
    pub(super) venue: &'v mut Kyan,
    pub(super) tx: &'t mut Tx<'l>,
    pub(super) placing: &'t Placing,
}

impl Matching<'_, '_, '_> {
    fn taker(&self) -> Party {
        Party {
            pair: self.placing.pair,
            account: self.placing.account,
            side: self.placing.order.side,
            stage: self.placing.stage,
            is_taker: true,
        }
    }

    fn maker(&self, maker: &Standing) -> Result<Party, Rejection> {
        let account = AccountId(maker.owner.id);
        let pair = self.placing.pair;
        let episode = self.venue.side(pair, account)?.episode();
        let working = episode.and_then(|episode| episode.working(maker.id.0));
        let fund = (account == FUND).then_some(Stage::Unwind);
        Ok(Party {
            pair,
            account,
            side: maker.side,
            stage: working.map(|working| working.stage).or(fund),
            is_taker: false,
        })
    }
}

impl Desk for Matching<'_, '_, '_> {
    type Error = Rejection;

    fn fill(&mut self, standing: &Standing, quantity: u64) -> Result<Decision, Rejection> {
        let (maker, taker) = (self.maker(standing)?, self.taker());
        let instrument = self.placing.instrument;
        let price = i64::try_from(standing.price).map_err(|_| OVERFLOW)?;
        let asked = i64::try_from(quantity).map_err(|_| OVERFLOW)?;
        let venue = &mut *self.venue;
        let reduce = (standing.reduce_only, self.placing.order.reduce_only);
        let made = venue.allowed(self.tx, maker, instrument, price, reduce.0, asked)?;
        if made == 0 {
            return Ok(Decision::CancelMaker);
        }
        let taken = venue.allowed(self.tx, taker, instrument, price, reduce.1, made)?;
        if taken == 0 {
            return Ok(Decision::StopTaker);
        }
        let fill = (price, taken);
        venue.settle(self.tx, self.placing.pair, instrument, (maker, taker), fill)?;
        if maker.account != FUND
            && let Some(working) = venue.working_mut(maker.account, standing.id.0)?
        {
            working.quantity = working.quantity.saturating_sub(taken);
        }
        let accepted = u64::try_from(taken).map_err(|_| OVERFLOW)?;
        Ok(Decision::Accept(accepted))
    }

    fn gone(&mut self, maker: &Standing, why: LeftBook) -> Result<(), Rejection> {
        let account = AccountId(maker.owner.id);
        let stage = self.maker(maker)?.stage;
        self.venue
            .forget_order(self.placing.pair, account, maker.id.0)?;
        // The engine puts another in its place, if it still wants one. Two accounts of one owner
        // whose orders cross give way to each other: the next look comes when time passes.
        if account == FUND {
            self.venue.fund_dirty.insert(self.placing.pair);
        } else if stage.is_some() && self.placing.stage.is_none() {
            self.venue.dirty.insert(account);
        }
        let why = match (why, stage) {
            (LeftBook::Filled, _) => return Ok(()),
            (LeftBook::SelfTrade, _) => Gone::SelfTrade,
            (LeftBook::Refused, Some(_)) => Gone::NotNeeded,
            (LeftBook::Refused, None) if maker.reduce_only => Gone::ReduceOnly,
            (LeftBook::Refused, None) => Gone::Margin,
        };
        self.tx.emit(Event::Gone {
            order: maker.id.0,
            account,
            instrument: self.placing.instrument,
            quantity: i64::try_from(maker.quantity).map_err(|_| OVERFLOW)?,
            why,
        });
        Ok(())
    }

    fn decremented(&mut self, maker: &Standing, by: u64) -> Result<(), Rejection> {
        let by = i64::try_from(by).map_err(|_| OVERFLOW)?;
        let account = AccountId(maker.owner.id);
        if account == FUND {
            self.venue.fund_dirty.insert(self.placing.pair);
        } else if let Some(working) = self.venue.working_mut(account, maker.id.0)? {
            working.quantity = working.quantity.saturating_sub(by);
            self.venue.dirty.insert(account);
        }
        self.tx.emit(Event::Reduced {
            order: maker.id.0,
            account,
            instrument: self.placing.instrument,
            by,
        });
        Ok(())
    }
}

pub(super) const fn why_cut(end: End) -> Gone {
    match end {
        End::Cut(Cut::SelfTrade) => Gone::SelfTrade,
        End::Cut(Cut::Stopped) => Gone::Margin,
        _ => Gone::NotResting,
    }
}

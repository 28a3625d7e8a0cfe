//! Prices: all marks of a command at once. Under versioned margin each is the market's next
//! version, at which what was queued settles.

use plimsoll_units::MarketId;

use super::check::{PRICE_MAX, within};
use super::trigger::Cause;
use super::{Composed, Event, Refusal};
use crate::{Rejection, Tx};

impl Composed {
    /// Sets marks, and notes whom they reached. Everything is checked before anything changes.
    pub(super) fn publish(
        &mut self,
        tx: &mut Tx<'_>,
        prices: &[(MarketId, u64)],
    ) -> Result<Cause, Rejection> {
        let mut priced: Vec<MarketId> = Vec::with_capacity(prices.len().min(self.marks.len()));
        for (market, price) in prices {
            if self.marks.get(market.index()).is_none() {
                return Err(Refusal::UnknownMarket(*market).into());
            }
            within("price", (*price).into(), 1, PRICE_MAX.into())?;
            match priced.binary_search(market) {
                Ok(_) => return Err(Refusal::Twice(*market).into()),
                Err(at) => priced.insert(at, *market),
            }
        }
        for (market, price) in prices {
            self.set_mark(*market, *price);
            tx.emit(Event::Marked {
                market: *market,
                price: *price,
            });
        }
        for (market, price) in prices {
            self.advance(*market, *price)?;
        }
        let tick = false;
        Ok(Cause { priced, tick })
    }
}

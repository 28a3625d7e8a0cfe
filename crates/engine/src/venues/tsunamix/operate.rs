//! What the operator changes: parameters of the venue and of markets.
//!
//! A change of parameters can make positions liquidatable, so everything it may concern is
//! examined before the command ends. Fees accrue under the old parameters first.

use plimsoll_units::MarketId;

use super::config::{MARKETS_MAX, MarketParams, Rules};
use super::market::Market;
use super::{Event, Refusal, TsunamiX};
use crate::{Rejection, Tx};

impl TsunamiX {
    pub(super) fn set_rules(&mut self, tx: &mut Tx<'_>, rules: &Rules) -> Result<(), Rejection> {
        rules.validate()?;
        let epoch_changed = self.rules.epoch != rules.epoch;
        *self.rules = *rules;
        if epoch_changed {
            // The epoch under way ends with the first boundary of the new length.
            let ends = super::epoch::start(tx.now, rules.epoch);
            self.epoch_ends = ends.saturating_add(rules.epoch);
        }
        self.recall_all(|_| true);
        tx.emit(Event::RulesChanged);
        Ok(())
    }

    pub(super) fn set_market(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
        params: &MarketParams,
    ) -> Result<(), Rejection> {
        params.validate()?;
        self.market(id)?;
        self.check_weights(params, Some(id))?;
        if let Some(market) = self.markets.get_mut(id.index()) {
            market.accrue(tx.now);
            market.params = params.clone();
        }
        self.watching.market_changed(id);
        self.recall_all(|p| p.market == id);
        tx.emit(Event::MarketChanged(id));
        Ok(())
    }

    pub(super) fn list_market(
        &mut self,
        tx: &mut Tx<'_>,
        params: &MarketParams,
    ) -> Result<(), Rejection> {
        params.validate()?;
        if self.markets.len() >= MARKETS_MAX {
            return Err(Refusal::TooManyMarkets(self.markets.len().saturating_add(1)).into());
        }
        self.check_weights(params, None)?;
        let id = u16::try_from(self.markets.len()).map_err(|_| Refusal::Full)?;
        let market = Market::new(params.clone(), tx.now);
        self.watching.add_market(&market, tx.now)?;
        self.markets.push(market);
        tx.emit(Event::MarketAdded(MarketId(id)));
        Ok(())
    }

    /// Somebody must have a weight, or the weighted part of the budget has no owner.
    fn check_weights(
        &self,
        params: &MarketParams,
        replaced: Option<MarketId>,
    ) -> Result<(), Refusal> {
        let kept = self.markets.iter().enumerate();
        let kept = kept.filter(|(at, _)| replaced.is_none_or(|id| id.index() != *at));
        let weightless = |p: &MarketParams| p.weights.long == 0 && p.weights.short == 0;
        if weightless(params) && kept.map(|(_, m)| &m.params).all(weightless) {
            return Err(Refusal::Parameter {
                name: "sum of the weights",
                value: 0,
                low: 1,
                high: i128::MAX,
            });
        }
        Ok(())
    }
}

//! Index prices (`MarketAdmin.sol`, the index price adapter) and funding (`Funding.sol`).

use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::config::{DAY_MS, FUNDING_PERIOD_MS, FUNDING_PERIODS_AT_ONCE};
use super::market::Quotation;
use super::refusal::require;
use super::{Event, IndexPrice, Kuma, Refusal, Revert};
use crate::margin::cross::{self, PipError};
use crate::{Rejection, Tx};

/// The most funding periods that can be missed at once: a year of them. Unlike the contract,
/// whose loop ends where the gas does.
const MISSED_MAX: u64 = 365 * 3;

impl Kuma {
    /// New index prices, all or none. Anybody's staleness and jumps are accepted unless a guard
    /// is asked for.
    pub(super) fn publish_index_prices(
        &mut self,
        now: Timestamp,
        prices: &[IndexPrice],
    ) -> Result<(), Rejection> {
        let now_ms = u64::try_from(now.0).unwrap_or(0);
        prices
            .iter()
            .try_for_each(|price| self.publish_index_price(now_ms, price))
    }

    fn publish_index_price(&mut self, now_ms: u64, new: &IndexPrice) -> Result<(), Rejection> {
        require(new.price > 0, Revert::NonPositivePrice)?;
        let time_ms = u64::try_from(new.time.0).unwrap_or(0);
        let tomorrow = now_ms.saturating_add(DAY_MS);
        require(time_ms < tomorrow, Revert::IndexPriceFromTheFuture)?;
        let market = self.markets.get(new.market.index());
        let now = market.map(|market| market.now).filter(|now| now.active);
        let Some(now) = now else {
            return Err(Revert::ActiveMarketNotFound.into());
        };
        require(now.index_ms < time_ms, Revert::OutdatedIndexPrice)?;
        // What no arithmetic could use is not taken.
        cross::to_int64(new.price)?;
        self.guard(now_ms, time_ms, new, now.index_price)?;
        self.set_quotation(
            new.market,
            Quotation {
                index_price: new.price,
                index_ms: time_ms,
                ..now
            },
        );
        Ok(())
    }

    fn guard(&self, now_ms: u64, time_ms: u64, new: &IndexPrice, last: u64) -> Result<(), Refusal> {
        let guards = self.settings.guards;
        let age_ms = now_ms.saturating_sub(time_ms);
        if guards.max_age_ms.is_some_and(|most| age_ms > most) {
            let market = new.market;
            return Err(Refusal::IndexPriceStale { market, age_ms });
        }
        let Some(max_ppm) = guards.max_jump_ppm else {
            return Ok(());
        };
        // Both sides in parts per million of the last price: nothing is rounded.
        let jump = u128::from(new.price.abs_diff(last)).saturating_mul(1_000_000);
        if jump > u128::from(last).saturating_mul(max_ppm.into()) {
            let price = new.price;
            return Err(Refusal::IndexPriceJumps {
                price,
                last,
                max_ppm,
            });
        }
        Ok(())
    }

    /// Publishes the rate of the period that has ended. The index price must be within half a
    /// period of that end; periods that were missed are filled with nothing.
    pub(super) fn publish_funding(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
        rate: i64,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        let market = self.markets.get(id.index()).filter(|m| m.is_active());
        let market = market.ok_or(Revert::NoActiveMarket)?;
        let fraction = market.limits.maintenance_margin_fraction;
        require(rate.unsigned_abs() < fraction, Revert::FundingRateTooHigh)?;
        let (missed, end_ms) = next_period(market.funded_ms, market.now.index_ms)?;
        let multiplier = cross::funding_multiplier(market.index_price(), rate)?;
        let count = usize::try_from(missed).map_err(|_| Refusal::Full)?;
        self.append_funding(id, count, multiplier, end_ms);
        tx.emit(Event::FundingPublished {
            market: id,
            rate,
            multiplier,
            missed: u32::try_from(missed).unwrap_or(u32::MAX),
        });
        Ok(())
    }

    /// Pays a wallet its funding in one market.
    pub(super) fn apply_funding_in(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        market: MarketId,
    ) -> Result<(), Rejection> {
        self.market(market)?;
        let found = self.wallets.find(account, market);
        let (slot, _) = found.ok_or(Revert::NoOpenPosition)?;
        self.apply_funding_at(tx, slot, FUNDING_PERIODS_AT_ONCE)
    }
}

/// How many periods were missed since the last one published, and the end of the one to publish.
fn next_period(funded_ms: u64, index_ms: u64) -> Result<(u64, u64), Rejection> {
    let half = FUNDING_PERIOD_MS.checked_div(2).unwrap_or(0);
    let next = funded_ms
        .checked_add(FUNDING_PERIOD_MS)
        .ok_or(PipError::ARITHMETIC)?;
    if let Some(early) = next.checked_sub(index_ms).filter(|early| *early > 0) {
        require(early < half, Revert::IndexPriceTooEarly)?;
        return Ok((0, next));
    }
    let late = index_ms.saturating_sub(next);
    if late <= half {
        return Ok((0, next));
    }
    let missed = cross::divide_round_nearest(late, FUNDING_PERIOD_MS)?;
    if missed > MISSED_MAX {
        return Err(super::config::parameter("missed funding periods", missed.into()).into());
    }
    let end = missed
        .checked_mul(FUNDING_PERIOD_MS)
        .and_then(|more| next.checked_add(more));
    Ok((missed, end.ok_or(PipError::ARITHMETIC)?))
}

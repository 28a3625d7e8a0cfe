//! Funding scenarios: periods are published one by one, then wallets are paid. Snapshots begin
//! with the periods published and unpaid.

use plimsoll_engine::venues::kuma::{Command as Do, FUNDING_PERIOD_MS, IndexPrice, Market};
use plimsoll_units::{MarketId, Timestamp};
use serde_json::Value;

use super::super::compare::{Mismatch, expect};
use super::Check;
use super::fields::{Fields, pips};
use super::scenario::Outcome;
use super::world::World;

/// What is published, and what must follow from it.
pub(super) struct Published {
    symbol: Option<String>,
    /// Rate and index price of each period; no rate for a period that is missed.
    periods: Vec<(Option<i64>, u64)>,
    multipliers: Option<Vec<i64>>,
    outstanding: Vec<(String, i64)>,
}

impl Published {
    pub(super) fn read(args: &Fields<'_>) -> Result<Self, Mismatch> {
        let rates = args.list("ratesPips")?.iter().map(|rate| {
            let given = !rate.is_null();
            given.then(|| pips("ratesPips", rate)).transpose()
        });
        let rates = rates.collect::<Result<Vec<_>, _>>()?;
        let prices = numbers("indexPricesPips", args.list("indexPricesPips")?)?;
        expect("how many indexPricesPips", rates.len(), prices.len())?;
        let multipliers = args
            .get("multipliersStored")
            .map(|_| numbers("multipliersStored", args.list("multipliersStored")?))
            .transpose()?;
        let outstanding = args.names().filter_map(|name| {
            let wallet = name.strip_prefix("outstanding")?;
            Some(args.pips(name).map(|funding| (wallet.to_owned(), funding)))
        });
        Ok(Self {
            symbol: args
                .get("symbol")
                .map(|_| args.text("symbol"))
                .transpose()?,
            periods: rates.into_iter().zip(prices).collect(),
            multipliers,
            outstanding: outstanding.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn wallets(&self) -> Vec<&str> {
        self.outstanding
            .iter()
            .map(|(name, _)| name.as_str())
            .collect()
    }

    fn market(&self, world: &World) -> Result<MarketId, Mismatch> {
        match &self.symbol {
            Some(symbol) => world.market(symbol),
            None => world.market(world.market_of(&self.wallets())?),
        }
    }

    /// Publishes all periods, but not the last one's rate when that is to be refused. The index
    /// price is then again what the snapshot says.
    pub(super) fn prepare(&self, world: &mut World, expected: &Outcome) -> Check {
        let market = self.market(world)?;
        let given = index_price(world, market)?;
        let refused = *expected != Outcome::Done;
        let last = self.periods.len().saturating_sub(1);
        for (at, (rate, price)) in self.periods.iter().enumerate() {
            world.wait_until(world.now() + FUNDING_PERIOD_MS);
            publish(world, market, *price)?;
            if let Some(rate) = rate.filter(|_| !refused || at < last) {
                world.prepare(Do::PublishFunding { market, rate })?;
            }
        }
        if !refused && index_price(world, market)? != given {
            world.wait_until(world.now() + 1);
            publish(world, market, given)?;
        }
        Ok(())
    }

    /// Pays everybody with a position, or publishes the rate that is to be refused.
    pub(super) fn apply(&self, world: &mut World, expected: &Outcome) -> Result<Outcome, Mismatch> {
        let market = self.market(world)?;
        if *expected != Outcome::Done {
            let rate = self.periods.last().and_then(|(rate, _)| *rate);
            let rate = rate.ok_or_else(|| Mismatch::unusable("the last period has no rate"))?;
            return Ok(Outcome::of(world.act(Do::PublishFunding { market, rate })));
        }
        let accounts: Vec<_> = world.accounts().map(|(_, account)| account).collect();
        for account in accounts {
            if world.venue()?.lot(account, market).size != 0 {
                let outcome = Outcome::of(world.act(Do::ApplyFunding { account, market }));
                if outcome != Outcome::Done {
                    return Ok(outcome);
                }
            }
        }
        Ok(Outcome::Done)
    }

    /// What was published, and what is outstanding because of it.
    pub(super) fn compare(&self, world: &World) -> Check {
        let venue = world.venue()?;
        let market = self.market(world)?;
        if let Some(expected) = &self.multipliers {
            // The contracts store a zero when a market is listed.
            let stored = venue.market(market).map(Market::multipliers);
            let stored = stored.map_err(|why| Mismatch::refused("the market", why))?;
            let stored: Vec<i64> = std::iter::once(0).chain(stored.iter().copied()).collect();
            expect("multipliersStored", shown(expected), shown(&stored))?;
        }
        for (wallet, expected) in &self.outstanding {
            let at = format!("outstanding{wallet}");
            let funding = venue.outstanding_funding(world.account(wallet)?);
            let funding = funding.map_err(|why| Mismatch::refused(&at, why))?;
            expect(&at, expected, funding)?;
        }
        Ok(())
    }
}

fn shown(numbers: &[i64]) -> String {
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    texts.join(" ")
}

fn numbers<T: TryFrom<i128>>(name: &str, list: &[Value]) -> Result<Vec<T>, Mismatch> {
    list.iter().map(|value| pips(name, value)).collect()
}

fn index_price(world: &World, market: MarketId) -> Result<u64, Mismatch> {
    let market = world.venue()?.market(market);
    let market = market.map_err(|why| Mismatch::refused("the market", why))?;
    Ok(market.index_price())
}

fn publish(world: &mut World, market: MarketId, price: u64) -> Check {
    let time = Timestamp(i64::try_from(world.now()).unwrap_or(i64::MAX));
    let price = IndexPrice {
        market,
        price,
        time,
    };
    world.prepare(Do::PublishIndexPrices(vec![price]))
}

//! A TsunamiX venue to read: for reports, keepers and tests. Nothing here changes anything.

use plimsoll_units::{
    AccountId, Amount, MarketId, Notional, PositionId, Price, Quantity, Ratio, Side, Timestamp,
    Wide,
};

use super::health::{Circumstances, Judged, closing_fee};
use super::market::{Indices, Market};
use super::position::{Holding, Position, Positions};
use super::{Refusal, Rules, TsunamiX};
use crate::ledger::Ledger;
use crate::liquidation::{Case, Rule};
use crate::margin::isolated::Isolated;
use crate::watch::WatchStats;

/// A position with everything that follows from the state at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionView {
    /// Its id.
    pub id: PositionId,
    /// Whose.
    pub owner: AccountId,
    /// Where.
    pub market: MarketId,
    /// Which way.
    pub side: Side,
    /// Notional at entry.
    pub size: Notional<6>,
    /// Average entry price.
    pub entry: Price<18>,
    /// Money behind it.
    pub collateral: Amount<6>,
    /// Funding and borrowing owed.
    pub holding: Holding,
    /// Fee of closing it.
    pub closing_fee: Amount<6>,
    /// Result of the price in force, truncated.
    pub pnl: Amount<6>,
    /// Credited by partial closes so far.
    pub realised: Amount<6>,
    /// The exact price at which it is liquidatable, as fees stand; by the documented rule.
    pub liquidation_price: Option<Ratio>,
    /// The first grid price at which it is liquidatable.
    pub trigger_price: Option<Price<18>>,
    /// Strictly beyond this price the profit limit forces it out.
    pub profit_limit_price: Ratio,
    /// Which rule is met now.
    pub verdict: Option<Rule>,
}

impl TsunamiX {
    /// The parameters of the venue.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The asset of collateral and vault.
    #[must_use]
    pub const fn money(&self) -> plimsoll_units::AssetId {
        self.money
    }

    /// The markets, in id order.
    #[must_use]
    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// The open positions.
    #[must_use]
    pub const fn positions(&self) -> &Positions {
        &self.positions
    }

    /// How many accounts there are; they are numbered from 0.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.wallets.len()
    }

    /// The vault's own money.
    #[must_use]
    pub fn tvl(&self, ledger: &Ledger) -> Amount<6> {
        Amount::from_raw(ledger.balance(self.house.vault))
    }

    /// Shares of the vault in circulation.
    #[must_use]
    pub fn share_supply(&self, ledger: &Ledger) -> Quantity<6> {
        Quantity::from_raw(ledger.balance(self.house.issuer).saturating_neg())
    }

    /// Fees that belong to the protocol.
    #[must_use]
    pub fn protocol_fees(&self, ledger: &Ledger) -> Amount<6> {
        Amount::from_raw(ledger.balance(self.house.fees))
    }

    /// An account's free money.
    #[must_use]
    pub fn wallet(&self, ledger: &Ledger, account: AccountId) -> Option<Amount<6>> {
        let wallet = self.wallet_of(account).ok()?;
        Some(Amount::from_raw(ledger.balance(wallet)))
    }

    /// An account's shares of the vault.
    #[must_use]
    pub fn shares(&self, ledger: &Ledger, account: AccountId) -> Option<Quantity<6>> {
        self.wallet_of(account).ok()?;
        let shares = self.providers.get(&account);
        let shares = shares.map_or(0, |slot| ledger.balance(*slot));
        Some(Quantity::from_raw(shares))
    }

    /// Open interest of all markets and sides.
    #[must_use]
    pub const fn total_open(&self) -> Notional<6> {
        self.total_open
    }

    /// When the epoch under way began, and when it ends.
    #[must_use]
    pub const fn epoch(&self) -> (Timestamp, Timestamp) {
        (self.epoch_began, self.epoch_ends)
    }

    /// Open cases, by market and position: with keepers what they are to do, with the engine what
    /// is blocked.
    pub fn open_cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.values()
    }

    /// The first caller of a position's liquidation.
    #[must_use]
    pub fn registered(&self, id: PositionId) -> Option<AccountId> {
        self.registered.get(&id).copied()
    }

    /// Everything about a position at `now`, at the last price.
    ///
    /// # Errors
    /// [`Refusal::UnknownPosition`], or when a number does not fit.
    pub fn view(
        &self,
        ledger: &Ledger,
        id: PositionId,
        now: Timestamp,
    ) -> Result<PositionView, Refusal> {
        let position = self.position(id)?;
        let market = self.market(position.market)?;
        let price = Price::from_raw(market.feed.price);
        let judged = self.judged(ledger, &position, price, now)?;
        let threshold = market.params.threshold;
        let held = Amount::from_raw(judged.held);
        let fee = Amount::from_raw(judged.closing_fee);
        let arithmetic = crate::margin::isolated::IsolatedError::from;
        let isolated = Isolated {
            exposure: judged.exposure,
            collateral: Amount::from_raw(judged.collateral),
            fees: held.add(fee).map_err(arithmetic)?,
        };
        let tolerated = Wide::from(judged.tolerated);
        let scaled = tolerated.mul(crate::margin::isolated::TARGET_SCALE.into());
        let profit_limit = scaled.map_err(arithmetic)?;
        Ok(PositionView {
            id,
            owner: position.owner,
            market: position.market,
            side: position.side,
            size: position.size(),
            entry: position.entry(),
            collateral: isolated.collateral,
            holding: judged.holding,
            closing_fee: closing_fee(market, position.size()).map_err(arithmetic)?,
            pnl: judged.exposure.pnl_truncated(price)?,
            realised: position.realised(),
            liquidation_price: isolated.liquidation_price(threshold)?,
            trigger_price: isolated.trigger_price(
                threshold,
                crate::margin::isolated::Boundary::Inclusive,
                market.params.tick,
            )?,
            profit_limit_price: judged.exposure.price_at(profit_limit)?,
            verdict: judged.verdict,
        })
    }

    /// Which rule a position meets at `now`, by looking at it and nothing else. The watch is not
    /// asked; this is what it is tested against.
    ///
    /// # Errors
    /// [`Refusal::UnknownPosition`], or when a number does not fit.
    pub fn verdict(
        &self,
        ledger: &Ledger,
        id: PositionId,
        now: Timestamp,
    ) -> Result<Option<Rule>, Refusal> {
        let position = self.position(id)?;
        let price = Price::from_raw(self.market(position.market)?.feed.price);
        Ok(self.judged(ledger, &position, price, now)?.verdict)
    }

    pub(super) fn judged(
        &self,
        ledger: &Ledger,
        position: &Position,
        price: Price<18>,
        now: Timestamp,
    ) -> Result<Judged, Refusal> {
        let collateral = ledger.balance(position.collateral);
        self.judged_as(position, collateral, price, (now, self.tvl(ledger)))
    }

    /// Judges a position as if it had this collateral, at this price, time and vault.
    pub(super) fn judged_as(
        &self,
        position: &Position,
        collateral: i128,
        price: Price<18>,
        (now, tvl): (Timestamp, Amount<6>),
    ) -> Result<Judged, Refusal> {
        let market = self.market(position.market)?;
        let indices: Indices = market.indices(now);
        let at = Circumstances {
            rules: &self.rules,
            market,
            indices: &indices,
            price,
            tvl,
        };
        Ok(Judged::new(position, collateral, &at)?)
    }

    /// Counters of the watch.
    #[must_use]
    pub fn watch_stats(&self) -> WatchStats {
        self.watching.stats()
    }

    /// Trips held by all positions, and by one.
    #[must_use]
    pub fn trips(&self, id: Option<PositionId>) -> u64 {
        match id {
            Some(id) => u64::try_from(self.watching.trips_of(id)).unwrap_or(u64::MAX),
            None => self.watching.trips_held(),
        }
    }

    /// Bytes held on the heap, without the ledger's.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let accounts = self
            .wallets
            .capacity()
            .saturating_mul(size_of::<crate::ledger::Slot>());
        let markets = self.markets.capacity().saturating_mul(size_of::<Market>());
        self.positions
            .memory_bytes()
            .saturating_add(self.watching.memory_bytes())
            .saturating_add(accounts)
            .saturating_add(markets)
    }

    /// Recounts what must hold between positions, markets, cases and the ledger.
    ///
    /// # Errors
    /// What does not hold, with the numbers.
    pub fn audit(&self, venue: plimsoll_units::VenueId, ledger: &Ledger) -> Result<(), String> {
        let mut open = vec![super::Sides::both(0i128); self.markets.len()];
        for (id, position) in self.positions.iter() {
            let sides = open.get_mut(position.market.index());
            let sum = sides.ok_or(format!("{id} is in an unknown {}", position.market))?;
            let sum = sum.of_mut(position.side);
            *sum = sum.saturating_add(position.size().raw());
            let holder = crate::ledger::Holder::position(venue, position.market, id);
            if ledger.holder(position.collateral) != Some(holder) {
                return Err(format!("the collateral of {id} is kept for somebody else"));
            }
            if position.size().raw() <= 0 || position.entry().raw() <= 0 {
                return Err(format!("{id} has no size or no entry price"));
            }
        }
        let mut total = 0i128;
        for (at, (market, sums)) in self.markets.iter().zip(&open).enumerate() {
            for side in [Side::Long, Side::Short] {
                let (kept, counted) = (market.cells.of(side).open.raw(), *sums.of(side));
                total = total.saturating_add(counted);
                if kept != counted {
                    return Err(format!(
                        "open interest of the {side}s of market-{at} is kept as {kept} but sums to {counted}"
                    ));
                }
            }
        }
        if total != self.total_open.raw() {
            return Err(format!(
                "total open interest is kept as {} but sums to {total}",
                self.total_open.raw()
            ));
        }
        let orphans = self
            .cases
            .keys()
            .map(|(_, id)| *id)
            .chain(self.registered.keys().copied());
        for id in orphans {
            if self.positions.get(id).is_none() {
                return Err(format!(
                    "{id} is in an open case or registered, but does not exist"
                ));
            }
        }
        Ok(())
    }
}

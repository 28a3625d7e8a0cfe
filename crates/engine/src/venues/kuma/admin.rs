//! Parameters, keys and registrations: commands that move nothing.

use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::config::{DAY_MS, MAX_FEE, MAX_KEY_EXPIRY_MS, MAX_MARKETS, within};
use super::market::Quotation;
use super::order::uuid_millis;
use super::people::Invalidation;
use super::refusal::require;
use super::{
    Address, Event, IndexGuards, Kuma, Limits, Market, MarketParams, Refusal, Revert, Settings,
};
use crate::margin::cross::ONE;
use crate::{Rejection, Tx};

impl Kuma {
    /// `activateMarket`.
    pub(super) fn activate_market(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        let market = self.markets.get(id.index()).filter(|m| !m.is_active());
        let now = market.ok_or(Revert::NoInactiveMarket)?.now;
        self.set_quotation(
            id,
            Quotation {
                active: true,
                price_at_deactivation: 0,
                ..now
            },
        );
        tx.emit(Event::MarketActivated(id));
        Ok(())
    }

    /// `addMarket`: starts inactive, at the price given, as if it had been paid funding up to
    /// that price's period.
    pub(super) fn add_market(
        &mut self,
        tx: &mut Tx<'_>,
        params: &MarketParams,
    ) -> Result<(), Rejection> {
        let count = self.markets.len();
        require(count < MAX_MARKETS, Revert::MaxMarketsReached)?;
        let known = self.markets.iter().any(|m| m.symbol == params.symbol);
        require(!known, Revert::MarketExists)?;
        params.check()?;
        // What the contract sets itself can only be given as it sets it.
        within("active", params.active.into(), 0, 0)?;
        let closed_at = params.price_at_deactivation;
        within("price_at_deactivation", closed_at.into(), 0, 0)?;
        let now = tx.now.0.into();
        within("index_time", params.index_time.0.into(), 0, now)?;
        let rank = params.rank;
        let last = i128::try_from(count).unwrap_or(i128::MAX);
        within("rank", rank.into(), 0, last)?;
        let id = MarketId(u16::try_from(count).map_err(|_| Refusal::Full)?);
        let market = Market::new(id, params.clone(), self.asset, tx)?;
        self.push_market(market);
        tx.emit(Event::MarketAdded { market: id, rank });
        Ok(())
    }

    /// `deactivateMarket`: the price of positions in it stands still from now on. Orders in it
    /// are cancelled: they were meant for a market that trades.
    pub(super) fn deactivate_market(
        &mut self,
        tx: &mut Tx<'_>,
        id: MarketId,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        let market = self.markets.get(id.index()).filter(|m| m.is_active());
        let now = market.ok_or(Revert::NoActiveMarket)?.now;
        self.set_quotation(
            id,
            Quotation {
                active: false,
                price_at_deactivation: now.index_price,
                ..now
            },
        );
        tx.emit(Event::MarketDeactivated(id));
        self.drop_orders_in(tx, id)
    }

    /// `setMarketOverrides`.
    pub(super) fn set_limits(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        account: Option<AccountId>,
        limits: Limits,
    ) -> Result<(), Rejection> {
        let exists = self.market(market).is_ok();
        require(exists, Revert::InvalidMarket)?;
        limits.check()?;
        match account {
            None => self.set_market_limits(market, limits),
            Some(account) => {
                self.quote_slot(account)?;
                self.set_own_limits((account, market), Some(limits));
            }
        }
        tx.emit(Event::LimitsSet {
            market,
            account,
            limits,
        });
        Ok(())
    }

    /// `unsetMarketOverridesForWallet`.
    pub(super) fn unset_limits(
        &mut self,
        tx: &mut Tx<'_>,
        market: MarketId,
        account: AccountId,
    ) -> Result<(), Rejection> {
        let exists = self.market(market).is_ok();
        require(exists, Revert::InvalidMarket)?;
        let own = self.people.limits(account, market).is_some();
        require(own, Revert::NoOverrides)?;
        self.set_own_limits((account, market), None);
        tx.emit(Event::LimitsUnset { market, account });
        Ok(())
    }

    /// A wallet's choice of leverage for its own orders: between the market's initial margin
    /// fraction and one.
    pub(super) fn set_leverage(
        &mut self,
        account: AccountId,
        market: MarketId,
        fraction: Option<u64>,
    ) -> Result<(), Rejection> {
        self.quote_slot(account)?;
        let low = self.limits(account, market)?.initial_margin_fraction;
        if let Some(given) = fraction.filter(|given| *given < low || *given > ONE) {
            return Err(Refusal::LeverageOutOfRange { given, low }.into());
        }
        self.set_leverage_of((account, market), fraction);
        Ok(())
    }

    /// Gives a wallet its address.
    pub(super) fn register(&mut self, account: AccountId, address: Address) -> Result<(), Refusal> {
        self.quote_slot(account)?;
        let taken = self.people.address(account).is_some() || self.account_of(address).is_some();
        if taken || address == Address::ZERO {
            return Err(Refusal::AddressTaken { account, address });
        }
        self.set_address(account, address);
        Ok(())
    }

    pub(super) fn register_wallet(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        address: Address,
    ) -> Result<(), Rejection> {
        self.register(account, address)?;
        tx.emit(Event::WalletRegistered { account, address });
        Ok(())
    }

    /// A wallet lets a key sign its orders. On chain the authorisation comes with every order;
    /// here it is kept, and looked up.
    pub(super) fn authorise_key(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        (key, signer): (Address, Address),
        nonce: u128,
    ) -> Result<(), Rejection> {
        let address = self.people.address(account);
        let address = address.ok_or(Refusal::NotRegistered(account))?;
        let issued_ms = uuid_millis(nonce).ok_or(Revert::NotVersionOneUuid)?;
        let holds = signer == address && key != Address::ZERO;
        require(holds, Revert::InvalidWalletSignature)?;
        self.set_key((account, key), issued_ms);
        tx.emit(Event::KeyAuthorised {
            account,
            key,
            issued_ms,
        });
        Ok(())
    }

    /// `invalidateNonce`.
    pub(super) fn invalidate_nonce(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        nonce: u128,
    ) -> Result<(), Rejection> {
        self.quote_slot(account)?;
        let until_ms = uuid_millis(nonce).ok_or(Revert::NotVersionOneUuid)?;
        let now_ms = u64::try_from(tx.now.0).unwrap_or(0);
        let tomorrow = now_ms.saturating_add(DAY_MS);
        require(until_ms < tomorrow, Revert::NonceTooHigh)?;
        let last = self.people.invalidations.get(&account).copied();
        if let Some(last) = last {
            require(last.until_ms < until_ms, Revert::NonceInvalidated)?;
            let is_final = last.effective <= tx.now;
            require(is_final, Revert::LastInvalidationPending)?;
        }
        let wait = i64::try_from(self.settings.propagation_ms).unwrap_or(i64::MAX);
        let effective = Timestamp(tx.now.0.saturating_add(wait));
        let new = Invalidation {
            until_ms,
            effective,
            before_ms: last.map_or(0, |last| last.until_ms),
        };
        self.set_invalidation(account, new);
        tx.emit(Event::NonceInvalidated {
            account,
            until_ms,
            effective,
        });
        Ok(())
    }

    pub(super) fn set_below_minimum_tolerance(&mut self, value: u64) -> Result<(), Rejection> {
        require(value <= MAX_FEE, Revert::MustBeLessThanMax)?;
        self.set_settings(Settings {
            below_minimum_tolerance: value,
            ..self.settings
        });
        Ok(())
    }

    pub(super) fn set_propagation(&mut self, value: u64) -> Result<(), Rejection> {
        require(value <= DAY_MS, Revert::MustBeLessThanMax)?;
        self.set_settings(Settings {
            propagation_ms: value,
            ..self.settings
        });
        Ok(())
    }

    pub(super) fn set_guards(&mut self, guards: IndexGuards) {
        self.set_settings(Settings {
            guards,
            ..self.settings
        });
    }

    pub(super) fn set_key_expiry(&mut self, value: u64) -> Result<(), Rejection> {
        require(value <= MAX_KEY_EXPIRY_MS, Revert::MustBeLessThanMax)?;
        self.set_settings(Settings {
            key_expiry_ms: value,
            ..self.settings
        });
        Ok(())
    }
}

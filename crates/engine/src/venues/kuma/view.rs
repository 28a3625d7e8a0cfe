//! The venue to read: wallets, markets, account values and requirements.
//!
//! Functions that decide something look at stored balances, as the contracts do; funding is
//! applied first. Views add outstanding funding and pending deposits.

use plimsoll_units::{AccountId, AssetId, MarketId, Side, Timestamp};

use super::{Address, Funds, Kuma, Market, People, Position, Refusal, Settings, Wallets};
use crate::ledger::{Ledger, Slot};
use crate::margin::cross::{self, Limits, Lot, PipError, Totals};
use crate::venues::Execution;

impl Kuma {
    /// The asset of all quote balances.
    #[must_use]
    pub const fn money(&self) -> AssetId {
        self.asset
    }

    /// The venue's own wallets.
    #[must_use]
    pub const fn funds(&self) -> Funds {
        self.funds
    }

    /// What governance tunes.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Who carries liquidations out.
    #[must_use]
    pub const fn execution(&self) -> Execution {
        self.execution
    }

    /// The markets, in id order.
    #[must_use]
    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// One market.
    ///
    /// # Errors
    /// The contract's [`super::Revert::MarketNotFound`].
    pub fn market(&self, id: MarketId) -> Result<&Market, Refusal> {
        self.markets
            .get(id.index())
            .ok_or(Refusal::Revert(super::Revert::MarketNotFound))
    }

    /// Wallets and positions.
    #[must_use]
    pub const fn wallets(&self) -> &Wallets {
        &self.wallets
    }

    /// What only some wallets have.
    #[must_use]
    pub const fn people(&self) -> &People {
        &self.people
    }

    /// Since when the exit fund holds positions; `None` while it holds none and owes nobody.
    #[must_use]
    pub const fn exit_fund_since(&self) -> Option<Timestamp> {
        self.exit_fund_since
    }

    /// The wallet of an address.
    #[must_use]
    pub fn account_of(&self, address: Address) -> Option<AccountId> {
        self.people.account(address)
    }

    /// A wallet's positions with their slots, in rank order.
    pub fn positions(&self, account: AccountId) -> impl Iterator<Item = (u32, &Position)> + '_ {
        self.wallets.of(account)
    }

    /// A wallet's size and cost basis in a market.
    #[must_use]
    pub fn lot(&self, account: AccountId, market: MarketId) -> Lot {
        self.wallets.lot(account, market)
    }

    /// Everybody with a position on one side of a market, in no particular order.
    pub fn holders(
        &self,
        market: MarketId,
        side: Side,
    ) -> impl Iterator<Item = (u32, &Position)> + '_ {
        let slots = self.wallets.holders(market).iter().copied();
        slots
            .filter_map(|slot| Some((slot, self.wallets.position(slot)?)))
            .filter(move |(_, p)| (p.size() > 0) == (side == Side::Long))
    }

    /// Whether a wallet is the exit or the insurance fund.
    #[must_use]
    pub fn is_fund(&self, account: AccountId) -> bool {
        account == self.funds.exit_fund || account == self.funds.insurance_fund
    }

    /// The limits that count for a wallet in a market: its own, or the market's.
    ///
    /// # Errors
    /// When there is no such market.
    pub fn limits(&self, account: AccountId, market: MarketId) -> Result<&Limits, Refusal> {
        match self.people.limits(account, market) {
            Some(own) => Ok(own),
            None => Ok(&self.market(market)?.limits),
        }
    }

    /// Where a wallet's quote balance is kept.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`].
    pub fn quote_slot(&self, account: AccountId) -> Result<Slot, Refusal> {
        let wallet = self.wallets.get(account);
        Ok(wallet.ok_or(Refusal::UnknownAccount(account))?.quote)
    }

    /// A wallet's stored quote balance, without outstanding funding and pending deposits.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`]; [`PipError`] when it does not fit.
    pub fn quote(&self, ledger: &Ledger, account: AccountId) -> Result<i64, Refusal> {
        Ok(cross::signed(ledger.balance(self.quote_slot(account)?))?)
    }

    /// A deposit that waits to be applied, in pips.
    #[must_use]
    pub fn pending_deposit(&self, ledger: &Ledger, account: AccountId) -> i128 {
        let slot = self.people.pending.get(&account);
        slot.map_or(0, |slot| ledger.balance(*slot))
    }

    /// What a wallet would receive if its funding were applied now.
    ///
    /// # Errors
    /// [`PipError`] when it does not fit.
    pub fn outstanding_funding(&self, account: AccountId) -> Result<i64, Refusal> {
        let mut total = 0i64;
        for (_, position) in self.wallets.of(account) {
            let market = self.market(position.market())?;
            let unpaid = market.unpaid(position.periods());
            total = cross::add(total, cross::funding_payment(position.size(), unpaid)?)?;
        }
        Ok(total)
    }

    /// A wallet's precise value and maintenance requirement, from its stored balance.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`]; [`PipError`] when a number does not fit.
    pub fn totals(&self, ledger: &Ledger, account: AccountId) -> Result<Totals, Refusal> {
        let quote = self.quote(ledger, account)?;
        let mut totals = Totals::of_quote(quote);
        for (_, position) in self.wallets.of(account) {
            let id = position.market();
            let price = self.market(id)?.index_price();
            let limits = self.limits(account, id)?;
            let maintenance = limits.maintenance_margin_fraction;
            totals = totals.with(position.size(), price, maintenance)?;
        }
        Ok(totals)
    }

    /// [`Kuma::totals`] as they would be with funding applied: what a liquidation would see.
    ///
    /// # Errors
    /// As [`Kuma::totals`].
    pub fn totals_with_funding(
        &self,
        ledger: &Ledger,
        account: AccountId,
    ) -> Result<Totals, Refusal> {
        let totals = self.totals(ledger, account)?;
        let funding = Totals::of_quote(self.outstanding_funding(account)?);
        let value = totals.value.checked_add(funding.value);
        Ok(Totals {
            value: value.ok_or(PipError::ARITHMETIC)?,
            ..totals
        })
    }

    /// Whether a liquidation of the wallet would be accepted now, funding applied first.
    ///
    /// # Errors
    /// As [`Kuma::totals`].
    pub fn is_liquidatable(&self, ledger: &Ledger, account: AccountId) -> Result<bool, Refusal> {
        Ok(self
            .totals_with_funding(ledger, account)?
            .is_liquidatable()?)
    }

    /// The stored account value, rounded toward zero position by position.
    ///
    /// # Errors
    /// As [`Kuma::totals`].
    pub fn value_truncated(&self, ledger: &Ledger, account: AccountId) -> Result<i64, Refusal> {
        let mut value = self.quote(ledger, account)?;
        for (_, position) in self.wallets.of(account) {
            let price = self.market(position.market())?.index_price();
            value = cross::add(value, cross::value(position.size(), price)?)?;
        }
        Ok(value)
    }

    /// The account value as the contracts' view shows it: truncated, with outstanding funding and
    /// pending deposits.
    ///
    /// # Errors
    /// As [`Kuma::totals`].
    pub fn account_value(&self, ledger: &Ledger, account: AccountId) -> Result<i64, Refusal> {
        let stored = self.value_truncated(ledger, account)?;
        let pending = cross::signed(self.pending_deposit(ledger, account))?;
        let funding = self.outstanding_funding(account)?;
        Ok(cross::add(cross::add(stored, funding)?, pending)?)
    }

    /// The quote balance as the contracts' view shows it: with outstanding funding and pending
    /// deposits.
    ///
    /// # Errors
    /// As [`Kuma::totals`].
    pub fn quote_with_funding(&self, ledger: &Ledger, account: AccountId) -> Result<i64, Refusal> {
        let pending = cross::signed(self.pending_deposit(ledger, account))?;
        let funding = self.outstanding_funding(account)?;
        let stored = self.quote(ledger, account)?;
        Ok(cross::add(cross::add(stored, funding)?, pending)?)
    }

    /// The initial margin requirement the contracts ask for.
    ///
    /// # Errors
    /// [`PipError`] when a number does not fit.
    pub fn initial_requirement(&self, account: AccountId) -> Result<u64, Refusal> {
        self.requirement(account, |limits, size, _| {
            cross::initial_fraction(limits, size)
        })
    }

    /// The initial margin requirement with the leverage the wallet itself has chosen: what the
    /// venue's own order entry asks for.
    ///
    /// # Errors
    /// [`PipError`] when a number does not fit.
    pub fn initial_requirement_with_leverage(&self, account: AccountId) -> Result<u64, Refusal> {
        self.requirement(account, |limits, size, market| {
            let chosen = self.people.leverage(account, market).unwrap_or(0);
            Ok(cross::initial_fraction(limits, size)?.max(chosen))
        })
    }

    /// The maintenance margin requirement, truncated position by position.
    ///
    /// # Errors
    /// [`PipError`] when a number does not fit.
    pub fn maintenance_requirement(&self, account: AccountId) -> Result<u64, Refusal> {
        self.requirement(account, |limits, _, _| {
            Ok(limits.maintenance_margin_fraction)
        })
    }

    fn requirement(
        &self,
        account: AccountId,
        fraction: impl Fn(&Limits, i64, MarketId) -> Result<u64, PipError>,
    ) -> Result<u64, Refusal> {
        let mut total = 0u64;
        for (_, position) in self.wallets.of(account) {
            let (size, id) = (position.size(), position.market());
            let price = self.market(id)?.index_price();
            let fraction = fraction(self.limits(account, id)?, size, id)?;
            let more = cross::requirement(size, price, fraction)?;
            total = total.checked_add(more).ok_or(PipError::ARITHMETIC)?;
        }
        Ok(total)
    }
}

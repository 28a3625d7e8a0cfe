//! The venue at its beginning: markets, its own wallets, and the wallets it is given.

use std::collections::BTreeMap;

use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::config::{parameter, within};
use super::people::Exit;
use super::wallets::Wallets;
use super::watching::Watching;
use super::{Config, Funds, Kuma, Market, People, Refusal, Revert, SeedWallet, Settings};
use crate::ledger::{Holder, HolderKind, Reason};
use crate::margin::cross::Lot;
use crate::{Rejection, Tx};

impl Kuma {
    /// The venue at its beginning.
    ///
    /// # Errors
    /// The refusal of the first parameter or wallet that cannot be.
    pub fn new(config: Config, tx: &mut Tx<'_>) -> Result<Self, Rejection> {
        config.check()?;
        let (asset, venue) = (config.asset, tx.venue);
        let outside = tx.open(Holder::of_venue(HolderKind::Outside, venue), asset)?;
        let dust = tx.open(Holder::of_venue(HolderKind::Dust, venue), asset)?;
        let ranks = config.markets.iter().map(|market| market.rank).collect();
        let count = config.markets.len();
        let mut markets = Vec::with_capacity(count);
        for (at, params) in config.markets.into_iter().enumerate() {
            let id = MarketId(u16::try_from(at).map_err(|_| Refusal::Full)?);
            markets.push(Market::new(id, params, asset, tx)?);
        }
        let mut new = Self {
            asset,
            outside,
            dust,
            funds: Funds {
                exit_fund: config.exit_fund,
                insurance_fund: config.insurance_fund,
                fee_wallet: config.fee_wallet,
            },
            settings: Settings {
                below_minimum_tolerance: config.below_minimum_tolerance,
                propagation_ms: config.propagation_ms,
                key_expiry_ms: config.key_expiry_ms,
                deposits_wait: config.deposits_wait,
                guards: config.guards,
            },
            execution: config.execution,
            markets,
            wallets: Wallets::new(ranks),
            people: People::default(),
            exit_fund_since: None,
            cases: BTreeMap::new(),
            waterfall: super::Waterfall::new(config.service)?,
            orders: super::Orders::new(count),
            changes: Vec::new(),
            watching: Watching::default(),
        };
        for wallet in &config.wallets {
            new.seed(tx, wallet)?;
            // A venue that is refused is dropped whole: nothing has to be taken back.
            new.commit();
        }
        new.open_own(tx)?;
        for own in &config.overrides {
            new.seed_limits(own)?;
        }
        if new.wallets.has_positions(new.funds.exit_fund) {
            new.exit_fund_since = Some(Timestamp::EPOCH);
        }
        new.commit();
        new.watch_again(tx.ledger());
        Ok(new)
    }

    fn seed(&mut self, tx: &mut Tx<'_>, seed: &SeedWallet) -> Result<(), Rejection> {
        let account = self.wallets.next().ok_or(Refusal::Full)?;
        self.ensure_wallet(tx, account)?;
        if let Some(address) = seed.address {
            self.register(account, address)?;
        }
        let slot = self.quote_slot(account)?;
        let (from, to, reason) = if seed.quote < 0 {
            (slot, self.outside, Reason::Withdrawal)
        } else {
            (self.outside, slot, Reason::Deposit)
        };
        tx.pay(from, to, i128::from(seed.quote.unsigned_abs()), reason)?;
        for position in &seed.positions {
            let market = position.market;
            let least = i128::from(i64::MIN).saturating_add(1);
            within("size", position.size.into(), least, i64::MAX.into())?;
            let there = self.market(market)?;
            let periods = there.periods();
            let unmatched = there.unmatched.saturating_add(position.size.into());
            if position.size == 0 || self.wallets.find(account, market).is_some() {
                return Err(parameter("size", position.size.into()).into());
            }
            let lot = Lot {
                size: position.size,
                cost_basis: position.cost_basis,
            };
            self.wallets.set(account, market, lot, periods)?;
            self.set_unmatched(market, unmatched);
        }
        if let Some(effective) = seed.exit {
            let own = self.is_fund(account);
            if own {
                return Err(Revert::CannotExitInsuranceFund.into());
            }
            self.set_exit(
                account,
                Some(Exit {
                    effective,
                    at_bankruptcy: false,
                }),
            );
        }
        Ok(())
    }

    /// Opens the venue's own wallets, and whatever numbers lie before them.
    fn open_own(&mut self, tx: &mut Tx<'_>) -> Result<(), Rejection> {
        let Funds {
            exit_fund,
            insurance_fund,
            fee_wallet,
        } = self.funds;
        let last = exit_fund.max(insurance_fund).max(fee_wallet);
        // Numbers far beyond the wallets given would open millions of empty ones.
        let room = self.wallets.count().saturating_add(3);
        if last.index() >= room {
            return Err(parameter("the venue's own wallets", last.0.into()).into());
        }
        while let Some(next) = self.wallets.next().filter(|next| *next <= last) {
            self.ensure_wallet(tx, next)?;
        }
        Ok(())
    }

    fn seed_limits(&mut self, own: &super::Override) -> Result<(), Rejection> {
        own.limits.check()?;
        self.market(own.market)?;
        if self.wallets.get(own.account).is_none() {
            return Err(Refusal::UnknownAccount(own.account).into());
        }
        self.set_own_limits((own.account, own.market), Some(own.limits));
        Ok(())
    }

    /// Opens the next wallet when that is the number asked for.
    pub(super) fn ensure_wallet(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
    ) -> Result<(), Rejection> {
        if self.wallets.get(account).is_some() {
            return Ok(());
        }
        let next = self.wallets.next().ok_or(Refusal::Full)?;
        if next != account {
            return Err(Refusal::AccountOutOfOrder {
                given: account,
                next,
            }
            .into());
        }
        let slot = tx.open(Holder::margin(tx.venue, account), self.asset)?;
        self.wallets.open(slot)?;
        Ok(())
    }
}

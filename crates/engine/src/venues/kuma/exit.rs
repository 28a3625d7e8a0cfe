//! Leaving without the venue's help: a wallet that has exited hands its positions to the exit
//! fund at oracle prices and takes its money (`Withdrawing.sol`, `OraclePriceMargin.sol`).

use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::config::SMALL_QUOTE;
use super::people::Exit;
use super::refusal::require;
use super::settle::{Handover, pay_slots};
use super::{Event, Kuma, OraclePrice, Revert};
use crate::ledger::Reason;
use crate::margin::cross::{self, PipError, Totals};
use crate::{Rejection, Tx};

/// The oracle's price of a market, or its index price where the oracle has none.
fn oracle_price(oracle: &[OraclePrice], market: MarketId, index: u64) -> u64 {
    let found = oracle.iter().find(|price| price.market == market);
    found.map_or(index, |price| price.price)
}

impl Kuma {
    /// `exitWallet`.
    pub(super) fn exit_wallet(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
    ) -> Result<(), Rejection> {
        let exited = self.people.exit(account).is_some();
        require(!exited, Revert::WalletAlreadyExited)?;
        require(account != self.funds.exit_fund, Revert::CannotExitExitFund)?;
        require(
            account != self.funds.insurance_fund,
            Revert::CannotExitInsuranceFund,
        )?;
        self.quote_slot(account)?;
        let wait = i64::try_from(self.settings.propagation_ms).unwrap_or(i64::MAX);
        let effective = Timestamp(tx.now.0.saturating_add(wait));
        let exit = Exit {
            effective,
            at_bankruptcy: false,
        };
        self.set_exit(account, Some(exit));
        tx.emit(Event::WalletExited { account, effective });
        Ok(())
    }

    /// `clearWalletExit`.
    pub(super) fn clear_exit(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
    ) -> Result<(), Rejection> {
        let is_final = self.people.exit_is_final(account, tx.now);
        require(is_final, Revert::ExitNotFinalized)?;
        let quote = self.quote(tx.ledger(), account)?;
        let empty = quote == 0 && !self.wallets.has_positions(account);
        require(empty, Revert::MustWithdrawBeforeClearing)?;
        self.set_exit(account, None);
        tx.emit(Event::ExitCleared(account));
        Ok(())
    }

    /// `withdrawExit`, by the wallet's owner once the exit is final; the exit fund's owner takes
    /// its quote an hour after its first position.
    pub(super) fn withdraw_exit(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        oracle: &[OraclePrice],
    ) -> Result<(), Rejection> {
        self.apply_funding(tx, account)?;
        let is_exit_fund = account == self.funds.exit_fund;
        if is_exit_fund {
            self.check_exit_fund_delay(tx)?;
        } else {
            let is_final = self.people.exit_is_final(account, tx.now);
            require(is_final, Revert::ExitNotFinalized)?;
            self.close_at_oracle(tx, account, oracle)?;
        }
        self.take_pending(tx, account)?;
        self.pay_exit(tx, account, !is_exit_fund)
    }

    /// `withdrawExitAdmin`: in recovery, without waiting for the exit to be final.
    pub(super) fn withdraw_exit_admin(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        oracle: &[OraclePrice],
    ) -> Result<(), Rejection> {
        self.in_recovery()?;
        let exited = self.people.exit(account).is_some();
        require(exited, Revert::WalletNotExited)?;
        self.apply_funding(tx, account)?;
        self.close_at_oracle(tx, account, oracle)?;
        self.pay_exit(tx, account, true)
    }

    /// The exit fund takes every position over: at exit prices while that leaves the wallet
    /// something, else at its bankruptcy prices; computed, not supplied.
    fn close_at_oracle(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        oracle: &[OraclePrice],
    ) -> Result<(), Rejection> {
        let price_of = |market, index| oracle_price(oracle, market, index);
        let exit_value = self.exit_value(tx, account, price_of)?;
        let totals = self.oracle_totals(tx, account, oracle)?;
        let fund = self.funds.exit_fund;
        while let Some(position) = self.wallets.first(account) {
            let (market, size) = (position.market(), position.size());
            let price = price_of(market, self.market(market)?.index_price());
            let quote = if exit_value > 0 {
                cross::exit_quote(position.cost_basis(), price, size)?
            } else {
                let limits = self.limits(account, market)?;
                let maintenance = limits.maintenance_margin_fraction;
                cross::bankruptcy_quote(price, maintenance, size, &totals)?
            };
            self.hand_over(
                tx,
                &Handover {
                    market,
                    from: account,
                    to: fund,
                    base: size.unsigned_abs(),
                    quote,
                    reason: Reason::Acquisition,
                    toward_zero: false,
                },
            )?;
        }
        Ok(())
    }

    fn oracle_totals(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        oracle: &[OraclePrice],
    ) -> Result<Totals, Rejection> {
        let mut totals = Totals::of_quote(self.quote(tx.ledger(), account)?);
        for (_, position) in self.wallets.of(account) {
            let market = position.market();
            let price = oracle_price(oracle, market, self.market(market)?.index_price());
            let maintenance = self.limits(account, market)?.maintenance_margin_fraction;
            totals = totals.with(position.size(), price, maintenance)?;
        }
        Ok(totals)
    }

    fn take_pending(&mut self, tx: &mut Tx<'_>, account: AccountId) -> Result<(), Rejection> {
        let pending = self.pending_deposit(tx.ledger(), account);
        let pending = u64::try_from(pending).map_err(|_| PipError::ARITHMETIC)?;
        self.apply_deposit(tx, account, pending)
    }

    /// Pays a wallet out. What rounding left just below zero is coerced to zero; as on chain no
    /// wallet bears it, but whoever holds the venue's money for it.
    fn pay_exit(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        coerced: bool,
    ) -> Result<(), Rejection> {
        let left = self.quote(tx.ledger(), account)?;
        let small = left.unsigned_abs() <= SMALL_QUOTE;
        if coerced && left < 0 && small {
            let slots = (self.outside, self.quote_slot(account)?);
            let missing = left.checked_neg().ok_or(PipError::ARITHMETIC)?;
            pay_slots(tx, slots, missing, Reason::RoundingDust)?;
        } else {
            require(left >= 0, Revert::NegativeQuoteAfterExit)?;
            self.pay_out(tx, account, left.unsigned_abs())?;
        }
        let quantity = u64::try_from(left).unwrap_or(0);
        self.wind_exit_fund_clock(tx)?;
        tx.emit(Event::ExitWithdrawn { account, quantity });
        Ok(())
    }
}

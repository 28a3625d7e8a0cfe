//! Liquidations: a wallet's positions go to the insurance fund, or in recovery to the exit fund;
//! single positions that are dust, or whose market is inactive, are closed
//! (`WalletInMaintenanceLiquidation.sol`, `WalletExitLiquidation.sol`,
//! `PositionBelowMinimumLiquidation.sol`, `PositionInDeactivatedMarketLiquidation.sol`).
//!
//! There is no liquidation fee: the whole remaining equity, of either sign, goes to who takes the
//! positions over.

use plimsoll_units::{AccountId, MarketId};

use super::config::SMALL_QUOTE;
use super::money::fee_is_valid;
use super::refusal::require;
use super::settle::{Handover, Level, pay_slots};
use super::{Event, Kuma, Liquidation, Refusal, Revert, WalletLiquidation};
use crate::ledger::Reason;
use crate::liquidation::Rule;
use crate::margin::cross::{self, Lot, ONE, PipError, Totals};
use crate::{Rejection, Tx};

/// Where the quotes of a wallet's positions come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Quotes<'a> {
    /// The caller supplies them, in rank order of the markets; each may be a pip off.
    Given(&'a [u64]),
    /// They are computed.
    Computed,
}

impl Quotes<'_> {
    /// The quote of the position at `index`, whose price says `expected`.
    fn at(self, index: usize, expected: u64) -> Result<u64, Rejection> {
        match self {
            Self::Computed => Ok(expected),
            Self::Given(quotes) => {
                let supplied = quotes.get(index).copied();
                let supplied = supplied.ok_or(PipError::OUT_OF_BOUNDS)?;
                check_quote(expected, supplied)?;
                Ok(supplied)
            }
        }
    }
}

/// Refuses a supplied quote that is more than a pip off.
pub(super) fn check_quote(expected: u64, supplied: u64) -> Result<(), Revert> {
    let near = cross::within_a_pip(expected, supplied);
    require(near, Revert::InvalidQuoteQuantity)
}

/// Which price a wallet's positions are taken at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Price<'a> {
    /// The bankruptcy price of these totals.
    Bankruptcy(&'a Totals),
    /// The worse of index and entry price.
    Exit,
}

impl Kuma {
    /// `liquidateWalletInMaintenance`.
    pub(super) fn liquidate_in_maintenance(
        &mut self,
        tx: &mut Tx<'_>,
        what: &WalletLiquidation,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        self.check_liquidatable_kind(what.account)?;
        let fund = self.funds.insurance_fund;
        require(what.to == fund, Revert::MustLiquidateToInsuranceFund)?;
        self.acquire(tx, what.account, Quotes::Given(&what.quotes))
    }

    /// The insurance fund takes a wallet over that is below its maintenance requirement: all of
    /// its positions at their bankruptcy prices, then what is left of its quote. Whoever calls
    /// looks to recovery and to who the wallet is.
    pub(super) fn acquire(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        quotes: Quotes<'_>,
    ) -> Result<(), Rejection> {
        let fund = self.funds.insurance_fund;
        self.take_over(tx, (account, fund), quotes)?;
        self.check_margin(tx, fund, Level::Initial)?;
        tx.emit(Event::Liquidated {
            account,
            to: fund,
            kind: Liquidation::InMaintenance,
        });
        Ok(())
    }

    /// `liquidateWalletInMaintenanceDuringSystemRecovery`: the exit fund takes the wallet, with
    /// no limit on its size or margin.
    pub(super) fn liquidate_during_recovery(
        &mut self,
        tx: &mut Tx<'_>,
        what: &WalletLiquidation,
    ) -> Result<(), Rejection> {
        self.in_recovery()?;
        let (account, fund) = (what.account, self.funds.exit_fund);
        self.check_liquidatable_kind(account)?;
        require(what.to == fund, Revert::MustLiquidateToExitFund)?;
        self.take_over(tx, (account, fund), Quotes::Given(&what.quotes))?;
        self.wind_exit_fund_clock(tx)?;
        tx.emit(Event::Liquidated {
            account,
            to: fund,
            kind: Liquidation::DuringSystemRecovery,
        });
        Ok(())
    }

    fn check_liquidatable_kind(&self, account: AccountId) -> Result<(), Revert> {
        let funds = self.funds;
        require(account != funds.exit_fund, Revert::CannotLiquidateExitFund)?;
        require(
            account != funds.insurance_fund,
            Revert::CannotLiquidateInsuranceFund,
        )
    }

    /// The totals are fixed once, before the first position goes.
    fn take_over(
        &mut self,
        tx: &mut Tx<'_>,
        (account, to): (AccountId, AccountId),
        quotes: Quotes<'_>,
    ) -> Result<(), Rejection> {
        self.apply_funding(tx, account)?;
        self.apply_funding(tx, to)?;
        let totals = self.totals(tx.ledger(), account)?;
        require(totals.is_liquidatable()?, Revert::MaintenanceMet)?;
        let (price, rule) = (Price::Bankruptcy(&totals), Rule::ValueUnderMaintenance);
        self.take_positions(tx, (account, to), (price, rule), quotes)?;
        self.sweep_all(tx, account, to)
    }

    fn take_positions(
        &mut self,
        tx: &mut Tx<'_>,
        (account, to): (AccountId, AccountId),
        (price, rule): (Price<'_>, Rule),
        quotes: Quotes<'_>,
    ) -> Result<(), Rejection> {
        let mut index = 0usize;
        while let Some(position) = self.wallets.first(account) {
            let market = position.market();
            let active = self.market(market)?.is_active();
            require(active, Revert::CannotLiquidateInInactiveMarket)?;
            let lot = position.lot();
            let expected = self.quote_at(account, market, lot, price)?;
            let quote = quotes.at(index, expected)?;
            if to == self.funds.insurance_fund {
                self.note_seized((account, rule), (market, lot, quote))?;
            }
            self.hand_over(
                tx,
                &Handover {
                    market,
                    from: account,
                    to,
                    base: position.size().unsigned_abs(),
                    quote,
                    reason: Reason::Acquisition,
                    toward_zero: false,
                },
            )?;
            // A wallet has no more positions than there are markets.
            index = index.saturating_add(1);
        }
        Ok(())
    }

    /// Moves what is left of a wallet's quote to who has taken it over.
    fn sweep_all(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        to: AccountId,
    ) -> Result<(), Rejection> {
        let left = self.quote(tx.ledger(), account)?;
        self.note_swept(left);
        self.pay_signed(tx, (account, to), left, Reason::DustSweep)
    }

    /// The quote of a lot of a wallet's at a price; for a part of a position, with the part of
    /// its cost.
    pub(super) fn quote_at(
        &self,
        account: AccountId,
        market: MarketId,
        lot: Lot,
        price: Price<'_>,
    ) -> Result<u64, Refusal> {
        let index = self.market(market)?.index_price();
        Ok(match price {
            Price::Bankruptcy(totals) => {
                let limits = self.limits(account, market)?;
                let maintenance = limits.maintenance_margin_fraction;
                cross::bankruptcy_quote(index, maintenance, lot.size, totals)?
            }
            Price::Exit => cross::exit_quote(lot.cost_basis, index, lot.size)?,
        })
    }

    /// `liquidateWalletExit`: no maintenance condition. A wallet whose value at exit prices is
    /// above zero is taken at those and keeps the rest, any other at its bankruptcy price.
    pub(super) fn liquidate_exit(
        &mut self,
        tx: &mut Tx<'_>,
        what: &WalletLiquidation,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        let (account, fund) = (what.account, self.funds.insurance_fund);
        let exited = self.people.exit(account).is_some();
        require(exited, Revert::WalletNotExited)?;
        require(what.to == fund, Revert::MustLiquidateToInsuranceFund)?;
        self.apply_funding(tx, account)?;
        self.apply_funding(tx, fund)?;
        let exit_value = self.exit_value(tx, account, |_, index| index)?;
        let totals = self.totals(tx.ledger(), account)?;
        let quotes = Quotes::Given(&what.quotes);
        let rule = Rule::WalletExited;
        if exit_value > 0 {
            self.take_positions(tx, (account, fund), (Price::Exit, rule), quotes)?;
        } else {
            let price = Price::Bankruptcy(&totals);
            self.take_positions(tx, (account, fund), (price, rule), quotes)?;
            self.sweep_all(tx, account, fund)?;
        }
        self.check_margin(tx, fund, Level::Initial)?;
        tx.emit(Event::Liquidated {
            account,
            to: fund,
            kind: Liquidation::Exit,
        });
        Ok(())
    }

    /// What a wallet would have left if all its positions were closed at exit prices, with prices
    /// from `price_of`, which is given the market and its index price.
    pub(super) fn exit_value(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        price_of: impl Fn(MarketId, u64) -> u64,
    ) -> Result<i64, Refusal> {
        let mut value = self.quote(tx.ledger(), account)?;
        for (_, position) in self.wallets.of(account) {
            let market = position.market();
            let price = price_of(market, self.market(market)?.index_price());
            let quote = cross::exit_quote(position.cost_basis(), price, position.size())?;
            let quote = cross::to_int64(quote)?;
            value = if position.size() < 0 {
                cross::sub(value, quote)?
            } else {
                cross::add(value, quote)?
            };
        }
        Ok(value)
    }

    /// `liquidatePositionBelowMinimum`: at the index price, within the tolerance governance set.
    pub(super) fn liquidate_below_minimum(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        market: MarketId,
        quote: u64,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        self.check_liquidatable_kind(account)?;
        let fund = self.funds.insurance_fund;
        self.apply_funding(tx, account)?;
        self.apply_funding(tx, fund)?;
        let lot = self.active_position(account, market)?;
        let base = lot.size.unsigned_abs();
        let minimum = self.limits(account, market)?.minimum_position_size;
        require(base < minimum, Revert::PositionAboveMinimum)?;
        let price = self.market(market)?.index_price();
        self.check_dust_quote(cross::index_quote(lot.size, price)?, quote)?;
        let rule = Rule::PositionBelowMinimum;
        self.note_seized((account, rule), (market, lot, quote))?;
        self.hand_over(
            tx,
            &Handover {
                market,
                from: account,
                to: fund,
                base,
                quote,
                reason: Reason::Acquisition,
                toward_zero: false,
            },
        )?;
        self.check_margin(tx, fund, Level::Initial)?;
        tx.emit(Event::LiquidatedBelowMinimum {
            account,
            market,
            base,
            quote,
        });
        Ok(())
    }

    /// Quotes so small that rounding decides them are not compared. The tolerance is rounded
    /// down, in favour of who is liquidated.
    fn check_dust_quote(&self, expected: u64, supplied: u64) -> Result<(), Rejection> {
        if expected < SMALL_QUOTE && supplied < SMALL_QUOTE {
            return Ok(());
        }
        let multiplier = self.settings.below_minimum_tolerance;
        let tolerance = cross::mul_frac(multiplier, expected, ONE)?;
        let near = expected.abs_diff(supplied) <= tolerance;
        require(near, Revert::InvalidQuoteQuantity)?;
        Ok(())
    }

    /// `liquidatePositionInDeactivatedMarket`: closed at the price of the deactivation; nobody
    /// takes the position over, so the market's clearing stands on the other side.
    pub(super) fn liquidate_in_deactivated_market(
        &mut self,
        tx: &mut Tx<'_>,
        (account, id): (AccountId, MarketId),
        (quote, fee): (u64, u64),
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        self.apply_funding(tx, account)?;
        let market = self.markets.get(id.index()).filter(|m| !m.is_active());
        let market = market.ok_or(Revert::NoInactiveMarket)?;
        let (price, clearing) = (market.now.price_at_deactivation, market.clearing);
        let unmatched = market.unmatched;
        let lot = self.lot(account, id);
        require(lot.size != 0, Revert::OpenPositionNotFound)?;
        check_quote(cross::index_quote(lot.size, price)?, quote)?;
        require(fee_is_valid(fee, quote)?, Revert::ExcessiveFee)?;
        self.set_lot(tx, account, id, Lot::EMPTY)?;
        self.set_unmatched(id, unmatched.saturating_sub(lot.size.into()));
        let slot = self.quote_slot(account)?;
        let amount = cross::to_int64(quote)?;
        let parties = if lot.size < 0 {
            (slot, clearing)
        } else {
            (clearing, slot)
        };
        pay_slots(tx, parties, amount, Reason::Settlement)?;
        let fees = self.funds.fee_wallet;
        self.pay(tx, (account, fees), fee, Reason::LiquidationFee)?;
        tx.emit(Event::ClosedInDeactivatedMarket {
            account,
            market: id,
            base: lot.size.unsigned_abs(),
            quote,
            fee,
        });
        Ok(())
    }
}

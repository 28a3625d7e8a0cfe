//! Automatic deleveraging: a position is reduced against a counterparty on the other side, whose
//! own position must shrink (`WalletInMaintenanceAcquisitionDeleveraging.sol`,
//! `WalletExitAcquisitionDeleveraging.sol`, `ClosureDeleveraging.sol`).
//!
//! Nothing says here who the counterparty is or why: the contracts do not. Prices are computed
//! anew at every call.

use super::config::SMALL_QUOTE;
use super::liquidate::{Price, check_quote};
use super::people::Exit;
use super::refusal::require;
use super::settle::{Handover, Level};
use super::{Deleverage, Deleveraging, Event, Kuma, Revert};
use crate::ledger::Reason;
use crate::margin::cross::{self, Lot, PipError, Totals};
use crate::{Rejection, Tx};

/// `base` on the side of a position, with a share of its cost that is rounded toward zero.
fn part(lot: Lot, base: u64) -> Result<Lot, PipError> {
    let base = cross::to_int64(base)?;
    let size = if lot.size < 0 {
        base.checked_neg().ok_or(PipError::ARITHMETIC)?
    } else {
        base
    };
    let whole = cross::to_int64(lot.size.unsigned_abs())?;
    Ok(Lot {
        size,
        cost_basis: cross::mul_frac_signed(lot.cost_basis, size, whole)?,
    })
}

impl Kuma {
    /// `deleverageInMaintenanceAcquisition`.
    pub(super) fn deleverage_in_maintenance(
        &mut self,
        tx: &mut Tx<'_>,
        what: &Deleverage,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        let funds = self.funds;
        self.check_not_itself(what)?;
        let account = what.account;
        require(account != funds.exit_fund, Revert::CannotLiquidateExitFund)?;
        require(
            account != funds.insurance_fund,
            Revert::CannotLiquidateInsuranceFund,
        )?;
        self.check_counterparty(what)?;
        self.fund_both(tx, what)?;
        self.check_has_position(what)?;
        let totals = self.totals(tx.ledger(), account)?;
        require(totals.is_liquidatable()?, Revert::MaintenanceMet)?;
        let lot = self.active_position(account, what.market)?;
        let expected = self.bankruptcy_part(what, lot, &totals)?;
        check_quote(expected, what.quote)?;
        self.deleverage(tx, what, Deleveraging::InMaintenanceAcquisition)
    }

    /// The quote of a part of a wallet's position at the bankruptcy price of these totals.
    pub(super) fn bankruptcy_part(
        &self,
        what: &Deleverage,
        lot: Lot,
        totals: &Totals,
    ) -> Result<u64, Rejection> {
        let part = part(lot, what.base)?;
        let price = Price::Bankruptcy(totals);
        Ok(self.quote_at(what.account, what.market, part, price)?)
    }

    /// `deleverageInsuranceFundClosure`: at the fund's entry price.
    pub(super) fn deleverage_insurance_fund(
        &mut self,
        tx: &mut Tx<'_>,
        what: &Deleverage,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        self.check_not_itself(what)?;
        self.check_counterparty(what)?;
        let fund = self.funds.insurance_fund;
        let is_fund = what.account == fund;
        require(is_fund, Revert::LiquidatingWalletMustBeInsuranceFund)?;
        self.fund_both(tx, what)?;
        let lot = self.active_position(fund, what.market)?;
        check_quote(cross::entry_quote(lot, what.base)?, what.quote)?;
        self.deleverage(tx, what, Deleveraging::InsuranceFundClosure)
    }

    /// `deleverageExitAcquisition`: at exit prices as long as the wallet is worth something at
    /// those; once it was not, at the bankruptcy price to the end.
    pub(super) fn deleverage_exit(
        &mut self,
        tx: &mut Tx<'_>,
        what: &Deleverage,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        let account = what.account;
        let exit = self.people.exit(account);
        let exit = exit.ok_or(Revert::WalletNotExited)?;
        self.check_not_itself(what)?;
        self.check_counterparty(what)?;
        self.fund_both(tx, what)?;
        self.check_has_position(what)?;
        let exit_value = self.exit_value(tx, account, |_, index| index)?;
        let totals = self.totals(tx.ledger(), account)?;
        let at_bankruptcy = exit.at_bankruptcy || exit_value <= 0;
        let remembered = Exit {
            at_bankruptcy,
            ..exit
        };
        self.set_exit(account, Some(remembered));
        let lot = self.active_position(account, what.market)?;
        let expected = if at_bankruptcy {
            self.bankruptcy_part(what, lot, &totals)?
        } else {
            let part = part(lot, what.base)?;
            self.quote_at(account, what.market, part, Price::Exit)?
        };
        check_quote(expected, what.quote)?;
        self.deleverage(tx, what, Deleveraging::ExitAcquisition)
    }

    /// `deleverageExitFundClosure`: at the index price, or at the bankruptcy price once the exit
    /// fund is worth less than nothing; by the markets' own fractions, whatever the fund's.
    pub(super) fn deleverage_exit_fund(
        &mut self,
        tx: &mut Tx<'_>,
        what: &Deleverage,
    ) -> Result<(), Rejection> {
        self.in_recovery()?;
        self.check_not_itself(what)?;
        self.check_counterparty(what)?;
        let fund = self.funds.exit_fund;
        let is_fund = what.account == fund;
        require(is_fund, Revert::LiquidatingWalletMustBeExitFund)?;
        self.fund_both(tx, what)?;
        let lot = self.active_position(fund, what.market)?;
        self.check_exit_fund_quote(tx, what, lot)?;
        self.deleverage(tx, what, Deleveraging::ExitFundClosure)?;
        self.wind_exit_fund_clock(tx)
    }

    fn check_exit_fund_quote(
        &self,
        tx: &Tx<'_>,
        what: &Deleverage,
        lot: Lot,
    ) -> Result<(), Rejection> {
        let market = self.market(what.market)?;
        let (price, limits) = (market.index_price(), &market.limits);
        let totals = self.exit_fund_totals(tx)?;
        let part = part(lot, what.base)?;
        let expected = if totals.value < 0 {
            let maintenance = limits.maintenance_margin_fraction;
            cross::bankruptcy_quote(price, maintenance, part.size, &totals)?
        } else {
            cross::index_quote(part.size, price)?
        };
        let dust = lot.size.unsigned_abs() < limits.minimum_position_size;
        if dust && expected < SMALL_QUOTE && what.quote < SMALL_QUOTE {
            return Ok(());
        }
        check_quote(expected, what.quote)?;
        Ok(())
    }

    /// The exit fund's totals by the markets' own fractions.
    fn exit_fund_totals(&self, tx: &Tx<'_>) -> Result<Totals, Rejection> {
        let fund = self.funds.exit_fund;
        let mut totals = Totals::of_quote(self.quote(tx.ledger(), fund)?);
        for (_, position) in self.wallets.of(fund) {
            let market = self.market(position.market())?;
            let maintenance = market.limits.maintenance_margin_fraction;
            totals = totals.with(position.size(), market.index_price(), maintenance)?;
        }
        Ok(totals)
    }

    /// Both positions move toward zero, and the counterparty still meets its maintenance margin.
    pub(super) fn deleverage(
        &mut self,
        tx: &mut Tx<'_>,
        what: &Deleverage,
        kind: Deleveraging,
    ) -> Result<(), Rejection> {
        let Deleverage {
            market,
            account,
            counterparty,
            base,
            quote,
        } = *what;
        self.hand_over(
            tx,
            &Handover {
                market,
                from: account,
                to: counterparty,
                base,
                quote,
                reason: Reason::Deleveraging,
                toward_zero: true,
            },
        )?;
        self.check_margin(tx, counterparty, Level::Maintenance)?;
        tx.emit(Event::Deleveraged {
            account,
            counterparty,
            market,
            base,
            quote,
            kind,
        });
        Ok(())
    }

    fn check_not_itself(&self, what: &Deleverage) -> Result<(), Revert> {
        require(
            what.account != what.counterparty,
            Revert::CannotLiquidateAgainstItself,
        )
    }

    fn check_counterparty(&self, what: &Deleverage) -> Result<(), Revert> {
        let funds = self.funds;
        require(
            what.counterparty != funds.exit_fund,
            Revert::CannotDeleverageExitFund,
        )?;
        require(
            what.counterparty != funds.insurance_fund,
            Revert::CannotDeleverageInsuranceFund,
        )
    }

    fn check_has_position(&self, what: &Deleverage) -> Result<(), Revert> {
        let found = self.wallets.find(what.account, what.market);
        require(found.is_some(), Revert::NoOpenPosition)
    }

    fn fund_both(&mut self, tx: &mut Tx<'_>, what: &Deleverage) -> Result<(), Rejection> {
        self.apply_funding(tx, what.counterparty)?;
        self.apply_funding(tx, what.account)
    }
}

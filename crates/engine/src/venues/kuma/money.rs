//! Deposits, withdrawals and transfers (`Depositing.sol`, `Withdrawing.sol`, `Transferring.sol`).

use plimsoll_units::AccountId;

use super::config::{EXIT_FUND_DELAY_MS, MAX_FEE, MAX_POSITION};
use super::refusal::require;
use super::settle::{Level, pay_slots};
use super::{Kuma, Refusal, Revert, Signed};
use crate::ledger::{Holder, Reason};
use crate::margin::cross::{self, ONE, PipError};
use crate::{Rejection, Tx};

/// Pips in a unit of the token, which has six decimals.
pub(super) const PIPS_PER_TOKEN_UNIT: u64 = 100;

/// What leaves a wallet, and what of it is the fee.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing {
    pub(super) account: AccountId,
    pub(super) gross: u64,
    pub(super) gas_fee: u64,
    pub(super) signed: Option<Signed>,
}

/// Whether a fee is at most 5 % of the total; the share is rounded down.
pub(super) fn fee_is_valid(fee: u64, total: u64) -> Result<bool, PipError> {
    Ok(cross::mul_frac(fee, ONE, total)? <= MAX_FEE)
}

impl Kuma {
    pub(super) fn deposit(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        tokens: u64,
    ) -> Result<(), Rejection> {
        require(
            account != self.funds.exit_fund,
            Revert::CannotDepositToExitFund,
        )?;
        let exited = self.people.exit(account).is_some();
        require(!exited, Revert::SourceWalletExited)?;
        let quantity = tokens
            .checked_mul(PIPS_PER_TOKEN_UNIT)
            .ok_or(PipError::OverflowsUint64)?;
        require(quantity > 0, Revert::QuantityTooLow)?;
        require(quantity < MAX_POSITION, Revert::QuantityTooLarge)?;
        self.ensure_wallet(tx, account)?;
        let to = if self.settings.deposits_wait {
            self.pending_slot(tx, account)?
        } else {
            self.quote_slot(account)?
        };
        let quantity = cross::to_int64(quantity)?;
        pay_slots(tx, (self.outside, to), quantity, Reason::Deposit)?;
        let pending = cross::signed(self.pending_deposit(tx.ledger(), account));
        pending.map_err(|_| PipError::ARITHMETIC)?;
        Ok(())
    }

    fn pending_slot(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
    ) -> Result<crate::ledger::Slot, Rejection> {
        if let Some(slot) = self.people.pending.get(&account) {
            return Ok(*slot);
        }
        let slot = tx.open(Holder::wallet(tx.venue, account), self.asset)?;
        self.set_pending(account, Some(slot));
        Ok(slot)
    }

    pub(super) fn apply_deposit(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        quantity: u64,
    ) -> Result<(), Rejection> {
        let quote = self.quote_slot(account)?;
        let pending = self.pending_deposit(tx.ledger(), account);
        require(
            i128::from(quantity) <= pending,
            Revert::QuantityExceedsPending,
        )?;
        let Some(slot) = self.people.pending.get(&account).copied() else {
            return Ok(());
        };
        let amount = cross::to_int64(quantity)?;
        pay_slots(tx, (slot, quote), amount, Reason::CollateralAdded)?;
        if tx.balance(slot) == 0 {
            tx.close(slot)?;
            self.set_pending(account, None);
        }
        Ok(())
    }

    pub(super) fn withdraw(
        &mut self,
        tx: &mut Tx<'_>,
        out: &Outgoing,
        maximum_gas_fee: u64,
    ) -> Result<(), Rejection> {
        let account = out.account;
        self.not_in_recovery()?;
        let exited = self.people.exit_is_final(account, tx.now);
        require(!exited, Revert::WalletExited)?;
        self.quote_slot(account)?;
        let is_exit_fund = account == self.funds.exit_fund;
        if is_exit_fund {
            self.check_exit_fund_delay(tx)?;
        }
        let agreed = out.gas_fee <= maximum_gas_fee && maximum_gas_fee <= out.gross;
        require(agreed, Revert::ExcessiveWithdrawalFee)?;
        self.use_signature(account, out.signed, Revert::DuplicateWithdrawal)?;
        self.apply_funding(tx, account)?;
        cross::to_int64(out.gross)?;
        let net = out.gross.checked_sub(out.gas_fee);
        self.pay_out(tx, account, net.ok_or(PipError::ARITHMETIC)?)?;
        self.pay(
            tx,
            (account, self.funds.fee_wallet),
            out.gas_fee,
            Reason::TradingFee,
        )?;
        if is_exit_fund {
            let left = self.quote(tx.ledger(), account)?;
            require(left >= 0, Revert::ExitFundNegative)?;
            return Ok(());
        }
        self.check_margin(tx, account, Level::Initial)
    }

    /// Pays out of a wallet to the world outside, which receives whole units of the token; the
    /// fraction of a unit stays behind as dust.
    pub(super) fn pay_out(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        pips: u64,
    ) -> Result<(), Rejection> {
        let slot = self.quote_slot(account)?;
        let dust = pips.checked_rem(PIPS_PER_TOKEN_UNIT).unwrap_or(0);
        let paid = cross::to_int64(pips.saturating_sub(dust))?;
        pay_slots(tx, (slot, self.outside), paid, Reason::Withdrawal)?;
        let dust = cross::to_int64(dust)?;
        pay_slots(tx, (slot, self.dust), dust, Reason::RoundingDust)
    }

    pub(super) fn transfer(
        &mut self,
        tx: &mut Tx<'_>,
        out: &Outgoing,
        to: AccountId,
    ) -> Result<(), Rejection> {
        let (from, funds) = (out.account, self.funds);
        self.not_in_recovery()?;
        let final_exit = |account| self.people.exit_is_final(account, tx.now);
        require(!final_exit(from), Revert::SourceWalletExited)?;
        require(!final_exit(to), Revert::DestinationWalletExited)?;
        require(from != to, Revert::CannotSelfTransfer)?;
        require(from != funds.exit_fund, Revert::CannotTransferFromExitFund)?;
        require(
            from != funds.insurance_fund,
            Revert::CannotTransferFromInsuranceFund,
        )?;
        require(to != funds.exit_fund, Revert::CannotTransferToExitFund)?;
        let fee_fits = fee_is_valid(out.gas_fee, out.gross)?;
        require(fee_fits, Revert::ExcessiveTransferFee)?;
        self.quote_slot(from)?;
        self.ensure_wallet(tx, to)?;
        self.use_signature(from, out.signed, Revert::DuplicateTransfer)?;
        self.apply_funding(tx, from)?;
        self.apply_funding(tx, to)?;
        let net = out.gross.checked_sub(out.gas_fee);
        let net = net.ok_or(PipError::ARITHMETIC)?;
        self.pay(tx, (from, to), net, Reason::CollateralAdded)?;
        self.pay(
            tx,
            (from, funds.fee_wallet),
            out.gas_fee,
            Reason::TradingFee,
        )?;
        self.check_margin(tx, from, Level::Initial)
    }

    /// The exit fund waits an hour from its first position.
    pub(super) fn check_exit_fund_delay(&self, tx: &Tx<'_>) -> Result<(), Revert> {
        let delay = i64::try_from(EXIT_FUND_DELAY_MS).unwrap_or(i64::MAX);
        let waited = self
            .exit_fund_since
            .is_none_or(|since| since.0.saturating_add(delay) <= tx.now.0);
        require(waited, Revert::ExitFundOpenedTooRecently)
    }

    /// Checks whom a message's signature recovers to, and uses the message up. Without a
    /// signature the venue itself vouches for the message.
    fn use_signature(
        &mut self,
        account: AccountId,
        signed: Option<Signed>,
        duplicate: Revert,
    ) -> Result<(), Rejection> {
        let Some(signed) = signed else {
            return Ok(());
        };
        let address = self.people.address(account);
        let address = address.ok_or(Refusal::NotRegistered(account))?;
        require(signed.signer == address, Revert::InvalidWalletSignature)?;
        let fresh = self.use_up(signed.hash);
        require(fresh, duplicate)?;
        Ok(())
    }
}

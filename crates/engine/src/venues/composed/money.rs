//! Money in and out: deposits, withdrawals, and providers' money in and out of the vault.

use plimsoll_units::{AccountId, Amount, Quantity, Rounding, mul_div};

use super::check::{MONEY_MAX, within};
use super::config::Lock;
use super::health::E5;
use super::{Composed, Refusal, accounts};
use crate::backstop::fund::Gated;
use crate::backstop::vault::Vault;
use crate::ledger::Reason;
use crate::{Rejection, Tx};
use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::ArithmeticError;

/// What an account wants to do, as far as a lock is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Bring money in.
    Deposit,
    /// Trade, bid, or take money out.
    Other,
}

/// The vault's shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct VaultBook {
    /// Shares in circulation.
    pub supply: i128,
    /// What the providers of these shares put in, pips.
    pub put_in: i128,
}

impl Composed {
    /// Refuses what the lock forbids an account in liquidation.
    pub(super) fn check_lock(&self, account: AccountId, wish: Wish) -> Result<(), Refusal> {
        let locked = match (self.config.lock, wish) {
            (Lock::None, _) | (Lock::DepositsOnly, Wish::Deposit) => false,
            (Lock::DepositsOnly | Lock::All, _) => self.cases.of(account).is_some(),
        };
        if locked {
            return Err(Refusal::Locked(account));
        }
        Ok(())
    }

    pub(super) fn deposit(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        amount: i128,
    ) -> Result<(), Rejection> {
        within("deposit", amount, 1, MONEY_MAX)?;
        if account == accounts::VAULT {
            return Err(Refusal::OwnAccount(account).into());
        }
        self.check_lock(account, Wish::Deposit)?;
        self.ensure_account(tx, account)?;
        // What the outside world is owed is everything on the books.
        let held = tx.balance(self.outside).saturating_neg();
        within(
            "money on the books",
            held.saturating_add(amount),
            0,
            MONEY_MAX,
        )?;
        let slot = self.quote_slot(account)?;
        tx.pay(self.outside, slot, amount, Reason::Deposit)?;
        self.touch(account);
        Ok(())
    }

    pub(super) fn withdraw(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        amount: i128,
    ) -> Result<(), Rejection> {
        within("withdrawal", amount, 1, MONEY_MAX)?;
        if account == accounts::VAULT {
            return Err(Refusal::OwnAccount(account).into());
        }
        self.check_lock(account, Wish::Other)?;
        let whom = match account {
            accounts::FUND => Gated::Fund,
            _ => Gated::Everybody,
        };
        self.check_gate(tx, whom)?;
        self.check_spare(tx, account, amount)?;
        let slot = self.quote_slot(account)?;
        tx.pay(slot, self.outside, amount, Reason::Withdrawal)?;
        self.touch(account);
        Ok(())
    }

    /// Refuses withdrawals while the fund's gate is shut for them.
    fn check_gate(&self, tx: &Tx<'_>, whom: Gated) -> Result<(), Refusal> {
        match self.fund.shut_until(tx.now, whom) {
            Some(until) => Err(Refusal::Shut(until)),
            None => Ok(()),
        }
    }

    /// Refuses when an account would be left with less than it must keep: participants their
    /// initial margin, the fund what covers its positions, the others nothing below zero.
    fn check_spare(&self, tx: &Tx<'_>, account: AccountId, needs: i128) -> Result<(), Rejection> {
        let keeps = match (account, &self.config.backstops.fund) {
            (accounts::FUND, Some(terms)) => {
                let notional = self.notional(account)?;
                // Up: the fund keeps rather more.
                mul_div(notional, terms.cover_e5.into(), E5, Rounding::Ceil)?
            }
            _ if accounts::is_own(account) => 0,
            _ => self.initial(account)?,
        };
        let equity = self.equity(tx.ledger(), account)?;
        let has = equity.checked_sub(keeps).ok_or(ArithmeticError::Overflow)?;
        if has < needs {
            return Err(Refusal::Margin {
                account,
                has,
                needs,
            }
            .into());
        }
        Ok(())
    }

    pub(super) fn add_liquidity(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        amount: i128,
    ) -> Result<(), Rejection> {
        within("liquidity", amount, 1, MONEY_MAX)?;
        self.check_provider(account)?;
        self.check_spare(tx, account, amount)?;
        // Down, in favour of the providers already there.
        let shares = self.vault_now(tx)?.shares_for(Amount::from_raw(amount));
        let shares = shares.map_err(Refusal::from)?.raw();
        let add = |a: i128, b: i128| a.checked_add(b).ok_or(ArithmeticError::Overflow);
        let book = VaultBook {
            supply: add(self.vault.supply, shares)?,
            put_in: add(self.vault.put_in, amount)?,
        };
        let then = add(self.shares_of(account), shares)?;
        self.pay(
            tx,
            (account, accounts::VAULT),
            amount,
            Reason::LiquidityAdded,
        )?;
        self.set_shares(account, then);
        self.set_vault(book);
        Ok(())
    }

    pub(super) fn remove_liquidity(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        shares: i128,
    ) -> Result<(), Rejection> {
        self.check_provider(account)?;
        let owned = self.shares_of(account);
        within("shares", shares, 1, owned.max(1))?;
        within("shares owned", owned, shares, i128::MAX)?;
        self.check_gate(tx, Gated::Everybody)?;
        let vault = self.vault_now(tx)?;
        // Down, in favour of the providers who stay.
        let money = vault.money_for(Quantity::from_raw(shares));
        let asked = money.map_err(Refusal::from)?.raw();
        let most = self.most_payable(vault.tvl.raw())?;
        if asked > most {
            return Err(Refusal::Vault { most, asked }.into());
        }
        let sub = |a: i128, b: i128| a.checked_sub(b).ok_or(ArithmeticError::Overflow);
        // Down: what is counted as put in by those who stay is rather more.
        let (put_in, supply) = (self.vault.put_in, self.vault.supply);
        let gone = mul_div(put_in, shares, supply, Rounding::Down)?;
        let book = VaultBook {
            supply: sub(supply, shares)?,
            put_in: sub(put_in, gone)?,
        };
        self.pay(
            tx,
            (accounts::VAULT, account),
            asked,
            Reason::LiquidityRemoved,
        )?;
        self.set_shares(account, sub(owned, shares)?);
        self.set_vault(book);
        Ok(())
    }

    /// What the vault could pay out: its equity beyond the reserve on the notional it holds.
    fn most_payable(&self, equity: i128) -> Result<i128, Rejection> {
        let reserve = self.config.backstops.vault.map_or(0, |v| v.reserve_e5);
        let notional = self.notional(accounts::VAULT)?;
        // Up, in favour of the vault.
        let kept = mul_div(notional, reserve.into(), E5, Rounding::Ceil)?;
        let most = equity.checked_sub(kept).ok_or(ArithmeticError::Overflow)?;
        Ok(most.max(0))
    }

    fn check_provider(&self, account: AccountId) -> Result<(), Refusal> {
        if self.config.backstops.vault.is_none() {
            return Err(Refusal::NoVault);
        }
        if accounts::is_own(account) && account != accounts::STREET {
            return Err(Refusal::OwnAccount(account));
        }
        self.quote_slot(account)?;
        self.check_lock(account, Wish::Other)
    }

    /// The vault as it prices its shares: at its equity, open positions at the mark.
    fn vault_now(&self, tx: &Tx<'_>) -> Result<Vault<8>, Rejection> {
        Ok(Vault {
            tvl: Amount::from_raw(self.equity(tx.ledger(), accounts::VAULT)?),
            supply: Quantity::from_raw(self.vault.supply),
        })
    }
}

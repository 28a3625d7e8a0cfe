//! Lenders: LP tokens become shares of the pool, and back.
//!
//! A share is worth its part of the LP tokens at hand and of those lent with interest. The first
//! deposit locks [`MIN_SHARES`] for ever. Both conversions round down, in favour of the lenders
//! who stay.
//! Source: `strategies/ShortStrategy.sol`.

use plimsoll_units::AccountId;

use super::books::{held, pay};
use super::rates::utilisation;
use super::word::{self, ONE, fit, mul_div, w};
use super::{GammaSwap, Generation, Refusal};
use crate::ledger::Reason;
use crate::{Rejection, Tx};

/// Shares the first deposit locks for ever.
pub(super) const MIN_SHARES: u128 = 1000;
/// The utilisation that borrowing and withdrawing may not exceed (B).
const MAX_UTILISATION: u128 = ONE / 100 * 98;

impl GammaSwap {
    pub(super) fn pool_deposit(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        lp: u128,
    ) -> Result<(), Rejection> {
        let wallet = self.wallet(tx, account)?;
        pay(
            tx,
            wallet[2],
            self.books.pool_lp,
            lp,
            Reason::LiquidityAdded,
        )?;
        let assets = self.untracked_lp(tx);
        let assets = assets.ok_or(Refusal::Panic(word::PANIC_OVERFLOW))?;
        self.accrue(tx)?;
        let (supply, all) = (self.storage.share_supply, self.storage.assets_lp());
        let mut shares = if supply == 0 || all == 0 {
            assets
        } else {
            fit(mul_div(assets, supply, all)?)?
        };
        if shares == 0 {
            return Err(Refusal::ZeroShares(assets).into());
        }
        let issuer = self.books.issuers[1];
        let mut issued = shares;
        if supply == 0 {
            shares = word::less(shares, MIN_SHARES)?;
            issued = shares.checked_add(MIN_SHARES).ok_or(Refusal::TooLarge)?;
            if shares == 0 {
                return Err(Refusal::ZeroAmount.into());
            }
            pay(
                tx,
                issuer,
                self.books.locked[1],
                MIN_SHARES,
                Reason::SharesIssued,
            )?;
        }
        pay(tx, issuer, wallet[3], shares, Reason::SharesIssued)?;
        self.storage.share_supply = word::plus(supply, issued)?;
        self.track_lp(tx)?;
        Ok(())
    }

    pub(super) fn pool_withdraw(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        shares: u128,
    ) -> Result<(), Rejection> {
        let wallet = self.wallet(tx, account)?;
        pay(
            tx,
            wallet[3],
            self.books.issuers[1],
            shares,
            Reason::SharesBurned,
        )?;
        self.accrue(tx)?;
        let supply = self.storage.share_supply;
        let assets = if supply == 0 {
            shares
        } else {
            fit(mul_div(shares, self.storage.assets_lp(), supply)?)?
        };
        if assets == 0 {
            return Err(Refusal::ZeroAssets(shares).into());
        }
        let balance = self.storage.lp_token_balance;
        if assets > balance {
            return Err(Refusal::ExcessiveWithdrawal { assets, balance }.into());
        }
        self.may_take(assets, false)?;
        self.storage.share_supply = word::less(supply, shares)?;
        pay(
            tx,
            self.books.pool_lp,
            wallet[2],
            assets,
            Reason::LiquidityRemoved,
        )?;
        self.track_lp(tx)?;
        Ok(())
    }

    /// Tracks all LP tokens at the pool's address.
    pub(super) fn track_lp(&mut self, tx: &Tx<'_>) -> Result<(), Refusal> {
        let balance = held(tx.ledger(), self.books.pool_lp);
        self.storage.lp_token_balance = balance;
        self.storage.lp_invariant = self.storage.lp_to_invariant(balance)?;
        Ok(())
    }

    /// Generation B: utilisation must stay at or below 98 % when `lp` LP tokens leave the pool,
    /// as a loan or not.
    pub(super) fn may_take(&self, lp: u128, lent: bool) -> Result<(), Refusal> {
        if self.config.params.generation == Generation::A {
            return Ok(());
        }
        let s = &self.storage;
        let needed = s.lp_to_invariant(lp)?;
        let Some(left) = s.lp_invariant.checked_sub(needed) else {
            return Err(Refusal::NotEnoughLpInvariant {
                needed,
                available: s.lp_invariant,
            });
        };
        let lent = if lent { needed } else { 0 };
        let debt = word::add(w(s.borrowed_invariant), w(lent))?;
        let rate = utilisation(w(left), debt)?;
        if rate > MAX_UTILISATION {
            return Err(Refusal::MaxUtilizationRate(rate));
        }
        Ok(())
    }
}

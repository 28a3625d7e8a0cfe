//! The liquidity vault: counterparty of every position, bearer of every loss beyond collateral.
//!
//! Its *TVL* is its own money: no open collateral, no unrealised profit or loss. Liquidity
//! providers hold shares of it. Both directions of the share price round down, in favour of the
//! providers who stay, so no sequence of deposits and withdrawals takes money from them:
//!
//! ```text
//! shares = floor(money * supply / TVL)      money = floor(shares * TVL / supply)
//! ```
//!
//! Without shares in circulation one share is one raw unit; what the vault owns at that moment
//! (fees and losses that came in after the last provider left) then belongs to the first.
//! Units: money raw units (`D` decimals); shares raw units, the same number of decimals.

use plimsoll_units::{Amount, ArithmeticError, Quantity, Rounding, mul_div};

/// Shares of a vault, raw; the same grid as the money.
pub type Shares<const D: u32> = Quantity<D>;

/// The vault at a moment: what it owns and how many shares of it there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vault<const D: u32> {
    /// Its own money.
    pub tvl: Amount<D>,
    /// Shares in circulation.
    pub supply: Shares<D>,
}

/// Why shares cannot be priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Shares are in circulation but the vault owns nothing: a deposit would be given away.
    #[error("the vault owns nothing but {supply} shares (raw) are in circulation")]
    Empty {
        /// Shares in circulation, raw.
        supply: i128,
    },
    /// The amount is too small for one raw unit on the other side.
    #[error("{0} (raw) is worth less than one unit")]
    TooSmall(i128),
    /// More shares than there are.
    #[error("{given} shares (raw) are more than the {supply} in circulation")]
    TooManyShares {
        /// Shares to be redeemed, raw.
        given: i128,
        /// Shares in circulation, raw.
        supply: i128,
    },
    /// The exact computation does not fit.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

impl<const D: u32> Vault<D> {
    /// Shares for a deposit of `money`: down, in favour of the providers already there.
    ///
    /// # Errors
    /// [`VaultError::Empty`], [`VaultError::TooSmall`], [`VaultError::Arithmetic`].
    pub fn shares_for(&self, money: Amount<D>) -> Result<Shares<D>, VaultError> {
        let shares = if self.supply.is_zero() {
            money.raw()
        } else if self.tvl.is_positive() {
            mul_div(
                money.raw(),
                self.supply.raw(),
                self.tvl.raw(),
                Rounding::Floor,
            )?
        } else {
            return Err(VaultError::Empty {
                supply: self.supply.raw(),
            });
        };
        if shares <= 0 {
            return Err(VaultError::TooSmall(money.raw()));
        }
        Ok(Quantity::from_raw(shares))
    }

    /// Money for `shares`: down, in favour of the providers who stay. The last shares take all.
    ///
    /// # Errors
    /// [`VaultError::TooManyShares`], [`VaultError::TooSmall`], [`VaultError::Arithmetic`].
    pub fn money_for(&self, shares: Shares<D>) -> Result<Amount<D>, VaultError> {
        if shares > self.supply {
            let (given, supply) = (shares.raw(), self.supply.raw());
            return Err(VaultError::TooManyShares { given, supply });
        }
        if !shares.is_positive() {
            return Err(VaultError::TooSmall(shares.raw()));
        }
        let money = mul_div(
            shares.raw(),
            self.tvl.raw(),
            self.supply.raw(),
            Rounding::Floor,
        )?;
        if money <= 0 {
            return Err(VaultError::TooSmall(shares.raw()));
        }
        Ok(Amount::from_raw(money))
    }
}

#[cfg(test)]
mod tests;

//! Liquidity providers: the vault's money against shares of it.
//!
//! Both prices round down, in favour of the providers who stay (see [`crate::backstop::vault`]).
//! A withdrawal is possible while the vault that is left backs all open interest.

use plimsoll_units::{AccountId, Amount, Quantity};

use super::{Refusal, TsunamiX, positive};
use crate::backstop::vault::Vault;
use crate::ledger::{Holder, Reason};
use crate::{Rejection, Tx};

impl TsunamiX {
    /// The vault as it is priced: its own money, and the shares the issuer owes.
    pub(super) fn vault(&self, tx: &Tx<'_>) -> Vault<6> {
        let supply = tx.balance(self.house.issuer).saturating_neg();
        Vault {
            tvl: self.vault_money(tx),
            supply: Quantity::from_raw(supply),
        }
    }

    pub(super) fn add_liquidity(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        amount: Amount<6>,
    ) -> Result<(), Rejection> {
        let raw = positive(amount.raw())?;
        let wallet = self.wallet_of(id)?;
        let shares = self.vault(tx).shares_for(amount).map_err(Refusal::from)?;
        let slot = match self.providers.get(&id) {
            Some(slot) => *slot,
            None => tx.open(Holder::wallet(tx.venue, id), self.shares)?,
        };
        tx.pay(wallet, self.house.vault, raw, Reason::LiquidityAdded)?;
        tx.pay(self.house.issuer, slot, shares.raw(), Reason::SharesIssued)?;
        self.providers.insert(id, slot);
        // A venue that never had a limit would be closed until its first epoch ends.
        let no_limit =
            |m: &super::Market| m.cells.long.limit.is_zero() && m.cells.short.limit.is_zero();
        if self.total_open.is_zero() && self.markets.iter().all(no_limit) {
            let now = tx.now;
            self.rebalance(tx, now);
        }
        Ok(())
    }

    pub(super) fn remove_liquidity(
        &mut self,
        tx: &mut Tx<'_>,
        id: AccountId,
        shares: Quantity<6>,
    ) -> Result<(), Rejection> {
        let raw = positive(shares.raw())?;
        let wallet = self.wallet_of(id)?;
        let vault = self.vault(tx);
        let money = vault.money_for(shares).map_err(Refusal::from)?;
        let backing = self.rules.sharing.backing(vault.tvl.sub(money)?)?;
        let open = self.total_open;
        if open > backing {
            return Err(Refusal::LiquidityInUse { open, backing }.into());
        }
        let Some(slot) = self.providers.get(&id).copied() else {
            let supply = vault.supply.raw();
            let too_many = crate::backstop::vault::VaultError::TooManyShares { given: raw, supply };
            return Err(Refusal::Vault(too_many).into());
        };
        tx.pay(slot, self.house.issuer, raw, Reason::SharesBurned)?;
        tx.pay(
            self.house.vault,
            wallet,
            money.raw(),
            Reason::LiquidityRemoved,
        )?;
        Ok(())
    }
}

//! Where every account of a product stands at the newest version, without settling anything.
//!
//! Accounts are settled lazily, so what is stored may be many versions old. Reports and keepers
//! that want to know who is close look here: one preview of the product serves all its accounts.

use plimsoll_units::AccountId;

use super::account::Account;
use super::numbers::{Money, PerUnit, Size};
use super::position::Role;
use super::product::Product;
use super::{Perennial, Settlement};
use crate::Rejection;
use crate::ledger::Ledger;
use crate::margin::versioned::requirement;

/// An account as it would be, settled at the newest version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its side.
    pub role: Role,
    /// Its position.
    pub size: Size,
    /// Its collateral.
    pub collateral: Money,
    /// What the position needs.
    pub maintenance: Money,
}

impl Product {
    /// Everybody's standing under a settlement of this product, in the order of first appearance.
    /// An account whose numbers do not fit, or that needs a version that is not known, is left
    /// out.
    pub fn standings<'a>(
        &'a self,
        ledger: &'a Ledger,
        settlement: &'a Settlement,
    ) -> impl Iterator<Item = (AccountId, Standing)> + 'a {
        let standing = |account: &Account| {
            let standing = self.standing_of(ledger, settlement, account).ok()?;
            Some((account.id, standing))
        };
        self.accounts.iter().filter_map(standing)
    }

    /// One account's standing under a settlement of this product; `None` for an account the
    /// product does not have.
    ///
    /// # Errors
    /// When a number does not fit, or a version it needs is not known.
    pub fn standing(
        &self,
        ledger: &Ledger,
        settlement: &Settlement,
        id: AccountId,
    ) -> Result<Option<Standing>, Rejection> {
        let account = self.account(id);
        account
            .map(|account| self.standing_of(ledger, settlement, account))
            .transpose()
    }

    fn standing_of(
        &self,
        ledger: &Ledger,
        settlement: &Settlement,
        account: &Account,
    ) -> Result<Standing, Rejection> {
        let balance = Money::from_raw(ledger.balance(account.purse));
        let settled = self.settled_account(account, balance, settlement)?;
        let size = settled.account.size;
        let price = PerUnit::from_raw(settlement.to.price);
        Ok(Standing {
            role: settled.account.role,
            size,
            collateral: settled.collateral(balance)?,
            maintenance: requirement(size, price, self.params.maintenance)?,
        })
    }
}

impl Perennial {
    /// The asset of all collateral.
    #[must_use]
    pub fn money(&self) -> plimsoll_units::AssetId {
        self.asset
    }

    /// Who carries liquidations out.
    #[must_use]
    pub fn execution(&self) -> crate::venues::Execution {
        self.execution
    }

    /// The settlement of a product at its newest version, computed and not taken.
    ///
    /// # Errors
    /// [`super::Refusal::NotProduct`], or when a number does not fit.
    pub fn preview(&self, market: plimsoll_units::MarketId) -> Result<Settlement, Rejection> {
        self.product(market)?.preview(&self.protocol)
    }
}

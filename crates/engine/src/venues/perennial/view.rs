//! The state as the contract's views show it, and the invariants that a recount can check.

use plimsoll_units::{AccountId, ArithmeticError, MarketId, VenueId};

use super::account::Account;
use super::case::Phase;
use super::liquidate::due;
use super::numbers::{Money, PerUnit, Size};
use super::position::{Position, PrePosition, Role};
use super::product::Product;
use super::refusal::Refusal;
use super::{Flags, Perennial, Protocol, Wallets};
use crate::ledger::Ledger;
use crate::margin::versioned::{is_under_water, requirement};
use crate::watch::Watch;

/// One account in one product, as it was last settled; requirements are at the newest price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountView {
    /// What it has.
    pub collateral: Money,
    /// What counts.
    pub position: Position,
    /// What is pending.
    pub pre: PrePosition,
    /// Whether it is locked by a liquidation.
    pub liquidating: bool,
    /// What the position that counts needs.
    pub maintenance: Money,
    /// What the position to come needs.
    pub maintenance_next: Money,
    /// The contract's view of the rule: on the state last settled, never while locked.
    pub liquidatable: bool,
    /// The same for the position to come, lock or not.
    pub liquidatable_next: bool,
    /// The version it was last settled at.
    pub latest_version: u64,
}

impl Product {
    /// An account as the contract's views show it; all zero for one the product does not have.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn account_view(
        &self,
        ledger: &Ledger,
        id: AccountId,
    ) -> Result<AccountView, ArithmeticError> {
        let needed = |size: Size| {
            let price = PerUnit::from_raw(self.oracle().price);
            requirement(size, price, self.params.maintenance)
        };
        let collateral = self.collateral(ledger, id);
        let account = self.account(id);
        let maintenance = needed(account.map_or(Size::ZERO, |a| a.size))?;
        let next = account.map_or(Ok(Size::ZERO), Account::next_size)?;
        let maintenance_next = needed(next)?;
        let liquidating = account.is_some_and(Account::is_locked);
        Ok(AccountView {
            collateral,
            position: account.map(Account::position).unwrap_or_default(),
            pre: account.map(Account::pre).unwrap_or_default(),
            liquidating,
            maintenance,
            maintenance_next,
            liquidatable: !liquidating && is_under_water(maintenance, collateral),
            liquidatable_next: is_under_water(maintenance_next, collateral),
            latest_version: account.map_or(0, Account::latest_version),
        })
    }

    /// Whether a liquidation of the account would meet the rule now: its collateral and position
    /// as they would be, settled at the newest version. The reference that the watch is tested
    /// against; `false` where the settlement cannot be computed.
    #[must_use]
    pub fn is_due(
        &self,
        ledger: &Ledger,
        protocol: &Protocol,
        flags: &Flags,
        id: AccountId,
    ) -> bool {
        let judged = || {
            let account = self.account(id)?;
            let settlement = self.preview(protocol).ok()?;
            let balance = self.collateral(ledger, id);
            let settled = self.settled_account(account, balance, &settlement).ok()?;
            let collateral = settled.collateral(balance).ok()?;
            due(
                &settled.account,
                collateral,
                &settlement.to,
                &self.params,
                flags,
            )
            .ok()?
        };
        !self.closed && judged().is_some()
    }

    /// The product's watch, to read its counters.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        self.watched.watch()
    }

    fn audit(&self, ledger: &Ledger, protocol: &Protocol, flags: &Flags) -> Result<(), String> {
        self.audit_money(ledger).map_err(|e| e.to_string())??;
        self.audit_positions().map_err(|e| e.to_string())??;
        self.audit_stamps()?;
        self.audit_cases(ledger, protocol, flags)
    }

    /// The contract's total is what accounts, clearing and shortfall add up to.
    fn audit_money(&self, ledger: &Ledger) -> Result<Result<(), String>, ArithmeticError> {
        let own = [self.purses.clearing, self.purses.shortfall];
        let purses = self.accounts.iter().map(|a| a.purse).chain(own);
        let sum = purses
            .map(|purse| Money::from_raw(ledger.balance(purse)))
            .try_fold(Money::ZERO, Money::add)?;
        let total = self.global.total;
        Ok(if sum == total && !total.is_negative() {
            Ok(())
        } else {
            Err(format!(
                "{}: total is {total}, the books say {sum}",
                self.market
            ))
        })
    }

    /// Everybody's position to come is the product's.
    fn audit_positions(&self) -> Result<Result<(), String>, Refusal> {
        let mut sum = Position::default();
        for account in &self.accounts {
            sum = sum.add(&Position::one_sided(account.role, account.next_size()?))?;
        }
        let next = self.global.pre.next(&self.global.position)?;
        Ok(if sum == next {
            Ok(())
        } else {
            Err(format!(
                "{}: positions to come are {next:?}, accounts have {sum:?}",
                self.market
            ))
        })
    }

    fn audit_stamps(&self) -> Result<(), String> {
        let mut waiting = std::collections::BTreeMap::new();
        for account in self.accounts.iter().filter(|a| a.pre_version != 0) {
            let count = waiting.entry(account.pre_version).or_insert(0u32);
            *count = count.saturating_add(1);
        }
        if waiting.into_iter().eq(self.stamps.waiting()) {
            return Ok(());
        }
        Err(format!(
            "{}: stamps are kept for other accounts than wait for them",
            self.market
        ))
    }

    /// The due cases of an open product are the accounts that the rule names.
    fn audit_cases(
        &self,
        ledger: &Ledger,
        protocol: &Protocol,
        flags: &Flags,
    ) -> Result<(), String> {
        if self.closed || self.preview(protocol).is_err() {
            return Ok(());
        }
        for (&id, slot) in &self.index {
            let is_due = self.is_due(ledger, protocol, flags, id);
            let open = self.cases.get(slot).map(|open| open.phase);
            let has_case = matches!(open, Some(Phase::Due(_)));
            if is_due != has_case {
                let market = self.market;
                return Err(format!(
                    "{market}: {id} due: {is_due}, has a due case: {has_case}"
                ));
            }
        }
        Ok(())
    }
}

impl Perennial {
    /// A product.
    ///
    /// # Errors
    /// [`Refusal::NotProduct`].
    pub fn product(&self, market: MarketId) -> Result<&Product, Refusal> {
        self.products
            .get(market.index())
            .ok_or(Refusal::NotProduct(market))
    }

    /// The products, in the order of their ids.
    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.products.iter()
    }

    /// The protocol's parameters in force.
    #[must_use]
    pub fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    /// The flags.
    #[must_use]
    pub fn flags(&self) -> &Flags {
        &self.flags
    }

    /// Fees of the protocol, not claimed yet.
    #[must_use]
    pub fn protocol_fees(&self, ledger: &Ledger) -> Money {
        Money::from_raw(ledger.balance(self.protocol_fees))
    }

    /// What each participant has received less what it has paid.
    #[must_use]
    pub fn wallets(&self) -> &Wallets {
        &self.wallets
    }

    /// Whether the rule names the account now; see [`Product::is_due`].
    #[must_use]
    pub fn is_due(&self, ledger: &Ledger, market: MarketId, id: AccountId) -> bool {
        self.product(market)
            .is_ok_and(|p| p.is_due(ledger, &self.protocol, &self.flags, id))
    }

    /// Recounts what must hold: money, positions, stamps, cases.
    ///
    /// # Errors
    /// What does not hold, with the numbers.
    pub fn audit(&self, _id: VenueId, ledger: &Ledger) -> Result<(), String> {
        for product in &self.products {
            product.audit(ledger, &self.protocol, &self.flags)?;
        }
        let outside = Money::from_raw(ledger.balance(self.outside));
        match self.wallets.sum() {
            Ok(sum) if sum == outside => Ok(()),
            sum => Err(format!(
                "outside holds {outside}, participants add up to {sum:?}"
            )),
        }
    }
}

impl Role {
    /// The role of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

//! What holds after every command, recounted.

use plimsoll_units::{AccountId, VenueId};

use super::{Composed, accounts};
use crate::ledger::{Holder, Ledger};

impl Composed {
    /// Recounts the venue's invariants: every account has its balance in the ledger; each market's
    /// sizes sum to zero and its open interest is the sum of its longs; quote sums to what came in
    /// less what went out; shares of the vault sum to their supply; and each account that is under
    /// its requirement has an open case or a warning.
    ///
    /// # Errors
    /// What does not hold, with the numbers.
    pub fn audit(&self, id: VenueId, ledger: &Ledger) -> Result<(), String> {
        self.holdings.audit()?;
        let markets = self.config.markets.len();
        if self.marks.len() != markets || self.holdings.markets() != markets {
            return Err(format!("not every one of {markets} markets has a mark"));
        }
        if self
            .holdings
            .next()
            .is_none_or(|next| next < accounts::FIRST)
        {
            return Err("the venue's own accounts are not there".to_owned());
        }
        let mut quote = 0i128;
        for at in 0..self.holdings.count() {
            let account = AccountId(u32::try_from(at).unwrap_or(u32::MAX));
            let slot = self.quote_slot(account).map_err(|why| why.to_string())?;
            if ledger.holder(slot) != Some(Holder::margin(id, account)) {
                return Err(format!("the balance of {account} is not in the books"));
            }
            quote = quote.saturating_add(ledger.balance(slot));
            let under = self.is_under(ledger, account);
            let under = under.map_err(|why| why.to_string())?;
            let known = self.cases.of(account).is_some() || self.warnings.contains_key(&account);
            if under && !known {
                return Err(format!(
                    "{account} is under its requirement, and nobody knows"
                ));
            }
        }
        let outside = ledger.balance(self.outside);
        if quote != outside.saturating_neg() {
            return Err(format!(
                "quote sums to {quote}, but {outside} is owed outside"
            ));
        }
        let shares = self.vault_shares.values().copied();
        let shares = shares.fold(0i128, i128::saturating_add);
        if shares != self.vault.supply {
            let supply = self.vault.supply;
            return Err(format!(
                "shares sum to {shares}, but {supply} are in circulation"
            ));
        }
        for account in self.warnings.keys() {
            if accounts::is_own(*account) || self.cases.of(*account).is_some() {
                return Err(format!("{account} is warned, but not watched"));
            }
        }
        self.audit_cases(ledger)
    }
}

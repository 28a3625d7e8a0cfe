//! What holds after every command, recounted.

use plimsoll_units::{AccountId, VenueId};

use super::Kuma;
use crate::ledger::{Holder, Ledger};

impl Kuma {
    /// Recounts the venue's invariants: every wallet has its balance in the ledger, lists are in
    /// order, each market's sizes add up to what nobody holds the other side of, positions have
    /// not been paid for periods that were not published, and the exit fund's clock runs while it
    /// holds positions.
    ///
    /// # Errors
    /// What does not hold, with the numbers.
    pub fn audit(&self, id: VenueId, ledger: &Ledger) -> Result<(), String> {
        self.wallets.audit()?;
        self.audit_cases(ledger)?;
        self.audit_service()?;
        self.audit_orders()?;
        let ranks = self.markets.iter().map(|market| market.rank);
        if !self.wallets.ranks_are(ranks) {
            return Err("the wallets' ranks are not those of the markets".to_owned());
        }
        let mut sizes = vec![0i128; self.markets.len()];
        for account in (0..self.wallets.count()).filter_map(|at| u32::try_from(at).ok()) {
            let account = AccountId(account);
            let slot = self.quote_slot(account).map_err(|why| why.to_string())?;
            if ledger.holder(slot) != Some(Holder::margin(id, account)) {
                return Err(format!(
                    "the quote balance of {account} is not in the books"
                ));
            }
            for (slot, position) in self.wallets.of(account) {
                let market = position.market();
                let (Some(sum), Ok(there)) = (sizes.get_mut(market.index()), self.market(market))
                else {
                    return Err(format!("slot {slot} is in {market}, which does not exist"));
                };
                if position.periods() > there.periods() {
                    return Err(format!("slot {slot} was paid for periods to come"));
                }
                *sum = sum.saturating_add(position.size().into());
            }
        }
        for (sum, market) in sizes.iter().zip(&self.markets) {
            if *sum != market.unmatched {
                let (symbol, unmatched) = (&market.symbol, market.unmatched);
                return Err(format!(
                    "the sizes in {symbol} add up to {sum}, not to {unmatched}"
                ));
            }
        }
        if self.wallets.has_positions(self.funds.exit_fund) && self.exit_fund_since.is_none() {
            return Err("the exit fund holds positions, but its clock stands still".to_owned());
        }
        if self.people.addresses.len() != self.people.accounts.len() {
            return Err("not every address has one wallet".to_owned());
        }
        Ok(())
    }
}

//! What each participant has paid to the venue and received from it, on balance.
//!
//! The books know the world outside as one holder; this is its breakdown by participant, for
//! reports ("who gained, who lost") and for comparing with traces of the contracts. Below zero
//! for somebody who has paid more than received.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, ArithmeticError};

use super::numbers::Money;

/// Net receipts by participant.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Wallets {
    net: BTreeMap<AccountId, Money>,
}

impl Wallets {
    /// What `id` has received less what it has paid.
    #[must_use]
    pub fn net(&self, id: AccountId) -> Money {
        self.net.get(&id).copied().unwrap_or_default()
    }

    /// Everybody who ever paid or received, in the order of ids.
    pub fn iter(&self) -> impl Iterator<Item = (AccountId, Money)> + '_ {
        self.net.iter().map(|(&id, &net)| (id, net))
    }

    /// All of them added: minus what is on the books.
    pub(super) fn sum(&self) -> Result<Money, ArithmeticError> {
        self.net
            .values()
            .try_fold(Money::ZERO, |sum, net| sum.add(*net))
    }

    pub(super) fn receive(&mut self, id: AccountId, amount: Money) -> Result<(), ArithmeticError> {
        let after = self.net(id).add(amount)?;
        self.net.insert(id, after);
        Ok(())
    }
}

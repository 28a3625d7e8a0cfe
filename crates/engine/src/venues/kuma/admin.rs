//! Parameters, keys and registrations: commands that move nothing.

use plimsoll_units::AccountId;

use super::{Address, Kuma, Refusal};

impl Kuma {
    /// Gives a wallet its address.
    pub(super) fn register(&mut self, account: AccountId, address: Address) -> Result<(), Refusal> {
        if self.wallets.get(account).is_none() {
            return Err(Refusal::UnknownAccount(account));
        }
        let taken = self.people.address(account).is_some() || self.account_of(address).is_some();
        if taken || address == Address::ZERO {
            return Err(Refusal::AddressTaken { account, address });
        }
        self.set_address(account, address);
        Ok(())
    }
}

//! Recounting the books: after the fact, from nothing but what is stored.
//!
//! A snapshot passes through here before it is used, so this looks at the shape of the books as
//! well as at the money: after it, no slot, asset or free place can point outside.

use plimsoll_units::Wide;

use super::{Ledger, Place, Slot};

impl Ledger {
    /// Recounts every asset from its holders.
    ///
    /// # Errors
    /// The first thing that does not hold, with its numbers: an asset that does not sum to zero,
    /// a holder below zero that may not be, a holder of an unknown asset, a closed slot that keeps
    /// something, a list of free slots that are not exactly the closed ones.
    pub fn audit(&self) -> Result<(), String> {
        self.audit_shape()?;
        let mut sums = vec![Wide::ZERO; self.assets.len()];
        for place in self.places.iter().filter(|p| !p.is_closed()) {
            let (balance, holder, asset) = (place.balance, place.holder(), place.asset);
            if balance < 0 && !holder.kind.may_owe() {
                return Err(format!(
                    "{holder} has a negative balance of {balance} raw units"
                ));
            }
            let sum = sums
                .get_mut(asset.index())
                .ok_or_else(|| format!("{holder} holds {asset}, which does not exist"))?;
            *sum = sum.add(balance.into()).map_err(|e| e.to_string())?;
        }
        for (sum, asset) in sums.iter().zip(&self.assets) {
            if !sum.is_zero() {
                return Err(format!(
                    "{} sums to {sum} raw units instead of zero",
                    asset.symbol
                ));
            }
        }
        Ok(())
    }

    fn audit_shape(&self) -> Result<(), String> {
        let mut closed = 0usize;
        for (at, place) in self.places.iter().enumerate() {
            if !place.is_closed() {
                continue;
            }
            if *place != Place::CLOSED {
                let (balance, asset) = (place.balance, place.asset);
                return Err(format!(
                    "closed slot {at} keeps {balance} raw units of {asset}"
                ));
            }
            closed = closed.saturating_add(1);
        }
        self.audit_free(closed)
    }

    /// The free slots are the closed ones, each once: as many, all closed, none twice.
    fn audit_free(&self, closed: usize) -> Result<(), String> {
        let mut free = self.free.clone();
        free.sort_unstable();
        free.dedup();
        let is_closed = |slot: &Slot| {
            let place = self.places.get(slot.index());
            place.is_some_and(Place::is_closed)
        };
        if let Some(slot) = free.iter().find(|slot| !is_closed(slot)) {
            return Err(format!("slot {} is free and not closed", slot.0));
        }
        if free.len() != self.free.len() || free.len() != closed {
            let listed = self.free.len();
            return Err(format!(
                "{listed} slots are listed as free, {closed} are closed"
            ));
        }
        Ok(())
    }
}

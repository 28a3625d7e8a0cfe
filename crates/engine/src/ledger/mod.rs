//! Double-entry money, by holder and asset.
//!
//! Every unit on the books belongs to exactly one [`Holder`]; money only ever *moves*, from one
//! holder to another, with a [`Reason`]. What comes in is owed to [`HolderKind::Outside`], whose
//! balance is minus everything on the books, so that each asset sums to zero at all times.
//!
//! Invariants:
//! * each asset's balances sum to zero after every command ([`Ledger::audit`] recounts);
//! * a holder that stands for somebody's own money never goes below zero;
//! * amounts are raw integers of the asset's smallest unit; a movement is never negative;
//! * a rejected command leaves nothing behind ([`Ledger::rollback`]): not a movement, and not a
//!   byte of the encoding either. A closed slot therefore keeps no trace of who had it.

mod audit;
mod holder;
mod place;
mod reason;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::AssetId;

use crate::tight;

pub use holder::{Holder, HolderKind};
use place::Place;
pub use reason::Reason;

/// An asset the ledger keeps: its name and the decimals of its smallest unit.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Asset {
    /// Field-standard symbol, such as `USDC` or `TLP`.
    pub symbol: String,
    /// Decimals: one whole unit is `10^decimals` raw.
    pub decimals: u32,
}

/// The place a holder's balance is kept at; stable until the holder is closed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Slot(u32);

impl Slot {
    fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// One movement of money, as it is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Movement {
    /// Who has less afterwards.
    pub from: Holder,
    /// Who has more afterwards.
    pub to: Holder,
    /// Which asset.
    pub asset: AssetId,
    /// Raw units; never negative, never zero.
    pub amount: i128,
    /// Why.
    pub reason: Reason,
}

/// Why a movement cannot be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The holder does not have that much.
    #[error("{holder} holds {balance} raw units, {amount} are needed")]
    Insufficient {
        /// Who was to pay.
        holder: Holder,
        /// What it holds.
        balance: i128,
        /// What was to be paid.
        amount: i128,
    },
    /// A movement of a negative amount.
    #[error("a movement cannot be negative ({0})")]
    Negative(i128),
    /// A balance would leave the 128-bit range.
    #[error("the balance of {0} would not fit in 128 bits")]
    Overflow(Holder),
    /// The two holders keep different assets.
    #[error("{from} and {to} hold different assets")]
    AssetMismatch {
        /// The payer.
        from: Holder,
        /// The payee.
        to: Holder,
    },
    /// A holder that still has a balance cannot be closed.
    #[error("{holder} still holds {balance} raw units")]
    NotEmpty {
        /// The holder.
        holder: Holder,
        /// Its balance.
        balance: i128,
    },
    /// No such asset.
    #[error("{0} is not an asset of this ledger")]
    UnknownAsset(AssetId),
    /// [`HolderKind::Closed`] stands for nobody.
    #[error("nobody cannot hold money")]
    Nobody,
    /// No such slot, or a closed one.
    #[error("no holder is kept at slot {0}")]
    UnknownSlot(u32),
    /// 2^32 holders are the most a ledger keeps.
    #[error("the ledger is full")]
    Full,
}

/// What [`Ledger::rollback`] takes back.
#[derive(Debug, Clone, Copy)]
enum Undo {
    Moved {
        from: Slot,
        to: Slot,
        amount: i128,
    },
    Opened {
        slot: Slot,
        reused: bool,
    },
    Closed {
        slot: Slot,
        holder: Holder,
        asset: AssetId,
    },
}

/// The books: balances by holder. See the module documentation.
#[derive(Debug, Clone, Default, BorshSerialize, BorshDeserialize)]
pub struct Ledger {
    assets: Vec<Asset>,
    #[borsh(serialize_with = "place::write", deserialize_with = "place::read")]
    places: Vec<Place>,
    free: Vec<Slot>,
    #[borsh(skip)]
    undo: Vec<Undo>,
    #[borsh(skip)]
    commits: u64,
}

impl Ledger {
    /// Empty books in the given assets; asset `i` has id `i`.
    #[must_use]
    pub fn new(assets: Vec<Asset>) -> Self {
        Self {
            assets,
            ..Self::default()
        }
    }

    /// The asset of an id.
    #[must_use]
    pub fn asset(&self, id: AssetId) -> Option<&Asset> {
        self.assets.get(id.index())
    }

    /// The assets, in id order.
    #[must_use]
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// Opens a holder's account in one asset, with a zero balance. The ledger does not look
    /// whether the holder has one already: the caller keeps the slot.
    ///
    /// # Errors
    /// [`LedgerError::Nobody`], [`LedgerError::UnknownAsset`], [`LedgerError::Full`].
    pub fn open(&mut self, holder: Holder, asset: AssetId) -> Result<Slot, LedgerError> {
        if holder.kind == HolderKind::Closed {
            return Err(LedgerError::Nobody);
        }
        if self.assets.len() <= asset.index() {
            return Err(LedgerError::UnknownAsset(asset));
        }
        if let Some(slot) = self.free.pop() {
            self.occupy(slot, Place::new(holder, asset));
            self.undo.push(Undo::Opened { slot, reused: true });
            return Ok(slot);
        }
        let slot = Slot(u32::try_from(self.places.len()).map_err(|_| LedgerError::Full)?);
        tight::push(&mut self.places, Place::new(holder, asset));
        self.undo.push(Undo::Opened {
            slot,
            reused: false,
        });
        Ok(slot)
    }

    /// Closes an empty holder's account; its slot will be used again.
    ///
    /// # Errors
    /// [`LedgerError::NotEmpty`], [`LedgerError::UnknownSlot`].
    pub fn close(&mut self, slot: Slot) -> Result<(), LedgerError> {
        let place = self.look(slot)?;
        let (balance, holder, asset) = (place.balance, place.holder(), place.asset);
        if balance != 0 {
            return Err(LedgerError::NotEmpty { holder, balance });
        }
        self.occupy(slot, Place::CLOSED);
        self.free.push(slot);
        self.undo.push(Undo::Closed {
            slot,
            holder,
            asset,
        });
        Ok(())
    }

    /// What the holder at `slot` has, in raw units; zero for a slot never opened.
    #[must_use]
    pub fn balance(&self, slot: Slot) -> i128 {
        self.places.get(slot.index()).map_or(0, |p| p.balance)
    }

    /// The holder at `slot`.
    #[must_use]
    pub fn holder(&self, slot: Slot) -> Option<Holder> {
        let place = self.look(slot).ok()?;
        Some(place.holder())
    }

    /// Moves `amount` raw units. A zero amount moves nothing and reports nothing.
    ///
    /// # Errors
    /// [`LedgerError`] as its variants say; nothing is moved then.
    pub fn post(
        &mut self,
        from: Slot,
        to: Slot,
        amount: i128,
        reason: Reason,
    ) -> Result<Option<Movement>, LedgerError> {
        let (source, target) = (self.look(from)?, self.look(to)?);
        let (payer_has, payer, asset) = (source.balance, source.holder(), source.asset);
        let (payee_has, payee, payee_asset) = (target.balance, target.holder(), target.asset);
        if amount < 0 {
            return Err(LedgerError::Negative(amount));
        }
        if asset != payee_asset {
            return Err(LedgerError::AssetMismatch {
                from: payer,
                to: payee,
            });
        }
        let payer_left = payer_has
            .checked_sub(amount)
            .ok_or(LedgerError::Overflow(payer))?;
        if payer_left < 0 && payer_left < payer_has && !payer.kind.may_owe() {
            return Err(LedgerError::Insufficient {
                holder: payer,
                balance: payer_has,
                amount,
            });
        }
        if amount == 0 {
            return Ok(None);
        }
        let movement = Movement {
            from: payer,
            to: payee,
            asset,
            amount,
            reason,
        };
        if from == to {
            return Ok(Some(movement));
        }
        let payee_then = payee_has
            .checked_add(amount)
            .ok_or(LedgerError::Overflow(payee))?;
        self.set(from, payer_left);
        self.set(to, payee_then);
        self.undo.push(Undo::Moved { from, to, amount });
        Ok(Some(movement))
    }

    /// A mark to roll back to: the number of changes since the last commit. It is good until that
    /// many changes are taken back, or the next commit.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.undo.len()
    }

    /// Makes everything since the last commit final. No mark set before is good any more.
    pub fn commit(&mut self) {
        self.undo.clear();
        self.commits = self.commits.wrapping_add(1);
    }

    /// How often [`Ledger::commit`] was called in this process: which command a mark belongs to.
    pub(crate) fn commits(&self) -> u64 {
        self.commits
    }

    /// Takes back everything since `mark`, newest first. Costs the number of changes taken back.
    ///
    /// # Panics
    /// When fewer changes than `mark` are there: then what the mark was set before is already
    /// final or taken back, and going on would leave a part of it on the books.
    pub fn rollback(&mut self, mark: usize) {
        assert!(
            mark <= self.undo.len(),
            "a mark of {mark} changes, but only {} are open",
            self.undo.len()
        );
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Moved { from, to, amount }) => {
                    // These restore values the balances had before, so they cannot overflow.
                    self.set(from, self.balance(from).wrapping_add(amount));
                    self.set(to, self.balance(to).wrapping_sub(amount));
                }
                Some(Undo::Opened { slot, reused }) => self.forget(slot, reused),
                Some(Undo::Closed {
                    slot,
                    holder,
                    asset,
                }) => {
                    self.free.pop();
                    self.occupy(slot, Place::new(holder, asset));
                }
                None => return,
            }
        }
    }

    /// Every open holder with its asset and balance, in slot order.
    pub fn entries(&self) -> impl Iterator<Item = (Holder, AssetId, i128)> + '_ {
        let open = self.places.iter().filter(|p| !p.is_closed());
        open.map(|p| (p.holder(), p.asset, p.balance))
    }

    /// Bytes this ledger has allocated, for capacity planning.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        fn of<T>(vec: &Vec<T>) -> usize {
            vec.capacity().saturating_mul(size_of::<T>())
        }
        [of(&self.places), of(&self.free), of(&self.undo)]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    fn look(&self, slot: Slot) -> Result<&Place, LedgerError> {
        let place = self.places.get(slot.index()).filter(|p| !p.is_closed());
        place.ok_or(LedgerError::UnknownSlot(slot.0))
    }

    fn set(&mut self, slot: Slot, balance: i128) {
        if let Some(place) = self.places.get_mut(slot.index()) {
            place.balance = balance;
        }
    }

    /// Gives a closed slot, or the last one still empty, a holder (or nobody).
    fn occupy(&mut self, slot: Slot, place: Place) {
        if let Some(old) = self.places.get_mut(slot.index()) {
            *old = place;
        }
    }

    fn forget(&mut self, slot: Slot, reused: bool) {
        if reused {
            self.occupy(slot, Place::CLOSED);
            self.free.push(slot);
        } else {
            self.places.pop();
        }
    }
}

#[cfg(test)]
mod tests;

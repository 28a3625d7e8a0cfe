//! Wallets and their positions, packed for ten million wallets.
//!
//! Every position lies in one arena of 32 bytes each and keeps its place there until it is
//! closed: that place is its **slot**, the number the watch knows it by. A wallet is 8 bytes: its
//! quote balance's place in the ledger and its first position. Its positions are a list in the
//! order in which the contract keeps their symbols (ascending keccak256, a rank each market is
//! given), so that supplied quotes are met in that order.
//!
//! Invariants: a slot is in use exactly when its size is not zero; a wallet has at most one
//! position per market; its list is in rank order. Who holds a market is derived ([`Wallets::holders`],
//! in no particular order) and not part of the state.
//!
//! Every change is noted and can be taken back to a mark, to the byte.

mod recount;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId};

use super::refusal::Refusal;
use crate::ledger::Slot;
use crate::margin::cross::Lot;
use crate::tight;

/// No slot.
const NONE: u32 = u32::MAX;
/// Funding periods are counted in 24 bits: fifteen thousand years of them.
const PERIODS_MAX: u32 = (1 << 24) - 1;

/// One wallet's position in one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Position {
    lot: (i64, i64),
    owner: AccountId,
    next: u32,
    tag: u32,
    #[borsh(skip)]
    place: u32,
}

const _: () = assert!(size_of::<Position>() == 32);

impl Position {
    const EMPTY: Self = Self {
        lot: (0, 0),
        owner: AccountId(NONE),
        next: NONE,
        tag: 0,
        place: 0,
    };

    /// Signed size, in pips.
    #[must_use]
    pub const fn size(&self) -> i64 {
        self.lot.0
    }

    /// Signed cost basis, in pips.
    #[must_use]
    pub const fn cost_basis(&self) -> i64 {
        self.lot.1
    }

    /// Size and cost basis.
    #[must_use]
    pub const fn lot(&self) -> Lot {
        Lot {
            size: self.lot.0,
            cost_basis: self.lot.1,
        }
    }

    /// Whose it is.
    #[must_use]
    pub const fn owner(&self) -> AccountId {
        self.owner
    }

    /// Its market.
    #[must_use]
    pub fn market(&self) -> MarketId {
        MarketId(u16::from(self.tag.to_le_bytes()[0]))
    }

    /// How many of the market's funding periods it has been paid for.
    #[must_use]
    pub const fn periods(&self) -> u32 {
        self.tag.wrapping_shr(8)
    }

    fn tagged(market: MarketId, periods: u32) -> Result<u32, Refusal> {
        let market = u8::try_from(market.0).map_err(|_| Refusal::Full)?;
        if periods > PERIODS_MAX {
            return Err(Refusal::Full);
        }
        Ok(periods.wrapping_shl(8) | u32::from(market))
    }
}

/// One wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Wallet {
    /// Where its quote balance is kept.
    pub quote: Slot,
    first: u32,
}

const _: () = assert!(size_of::<Wallet>() == 8);

/// What [`Wallets::back_to`] takes back.
#[derive(Debug, Clone, Copy)]
enum Undo {
    /// A slot held something else.
    Position(u32, Position),
    /// A list began elsewhere.
    First(AccountId, u32),
    /// The arena was shorter.
    Grown,
    /// A slot was free.
    Taken(u32),
    /// A slot was not free.
    Freed,
    /// There was a wallet less.
    Opened,
    /// A position was not among its market's holders.
    Listed(u32),
    /// A position was among its market's holders.
    Unlisted(u32),
}

/// All wallets. See the module documentation.
#[derive(Debug, Clone, Default, BorshSerialize, BorshDeserialize)]
pub struct Wallets {
    wallets: Vec<Wallet>,
    positions: Vec<Position>,
    free: Vec<u32>,
    ranks: Vec<u8>,
    #[borsh(skip)]
    holders: Vec<Vec<u32>>,
    #[borsh(skip)]
    undo: Vec<Undo>,
}

fn at(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

impl Wallets {
    /// No wallets; the markets' ranks, by market number.
    pub(super) fn new(ranks: Vec<u8>) -> Self {
        Self {
            holders: vec![Vec::new(); ranks.len()],
            ranks,
            ..Self::default()
        }
    }

    /// The markets' ranks anew, when one was listed or was not: the others keep their order.
    pub(super) fn set_ranks(&mut self, ranks: Vec<u8>) {
        self.holders.resize(ranks.len(), Vec::new());
        self.ranks = ranks;
    }

    /// How many wallets there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.wallets.len()
    }

    /// How many slots the arena has, free ones included: no slot's number reaches this.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.positions.len()
    }

    /// The number the next wallet gets.
    #[must_use]
    pub fn next(&self) -> Option<AccountId> {
        u32::try_from(self.wallets.len())
            .ok()
            .filter(|id| *id != NONE)
            .map(AccountId)
    }

    /// One wallet.
    #[must_use]
    pub fn get(&self, account: AccountId) -> Option<&Wallet> {
        self.wallets.get(account.index())
    }

    /// The position at a slot; `None` for a free one.
    #[must_use]
    pub fn position(&self, slot: u32) -> Option<&Position> {
        self.positions.get(at(slot)).filter(|p| p.size() != 0)
    }

    /// A wallet's positions with their slots, in rank order.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = (u32, &Position)> + '_ {
        let mut next = self.get(account).map_or(NONE, |wallet| wallet.first);
        std::iter::from_fn(move || {
            let (slot, position) = (next, self.positions.get(at(next))?);
            next = position.next;
            Some((slot, position))
        })
    }

    /// A wallet's first position in rank order.
    pub(super) fn first(&self, account: AccountId) -> Option<Position> {
        self.of(account).next().map(|(_, position)| *position)
    }

    /// The slot after one, in its wallet's list.
    pub(super) fn after(&self, slot: u32) -> Option<u32> {
        let next = self.positions.get(at(slot))?.next;
        (next != NONE).then_some(next)
    }

    /// A wallet's position in a market.
    #[must_use]
    pub fn find(&self, account: AccountId, market: MarketId) -> Option<(u32, &Position)> {
        self.of(account).find(|(_, p)| p.market() == market)
    }

    /// A wallet's size and cost basis in a market; empty without a position.
    #[must_use]
    pub fn lot(&self, account: AccountId, market: MarketId) -> Lot {
        self.find(account, market)
            .map_or(Lot::EMPTY, |(_, p)| p.lot())
    }

    /// Whether a wallet has any position.
    #[must_use]
    pub fn has_positions(&self, account: AccountId) -> bool {
        self.get(account).is_some_and(|wallet| wallet.first != NONE)
    }

    /// The slots of a market's positions, in no particular order: whoever decides by them must
    /// bring an order of its own.
    #[must_use]
    pub fn holders(&self, market: MarketId) -> &[u32] {
        self.holders.get(market.index()).map_or(&[], Vec::as_slice)
    }

    /// Bytes allocated, for capacity planning.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        fn of<T>(vec: &Vec<T>) -> usize {
            vec.capacity().saturating_mul(size_of::<T>())
        }
        let lists = self.holders.iter().map(of);
        [of(&self.wallets), of(&self.positions), of(&self.free)]
            .into_iter()
            .chain(lists)
            .fold(0, usize::saturating_add)
    }

    /// Opens the next wallet.
    pub(super) fn open(&mut self, quote: Slot) -> Result<AccountId, Refusal> {
        let id = self.next().ok_or(Refusal::Full)?;
        tight::push(&mut self.wallets, Wallet { quote, first: NONE });
        self.undo.push(Undo::Opened);
        Ok(id)
    }

    /// Sets a wallet's size and cost basis in a market: opens a position that has been paid for
    /// `periods`, changes the one that is there, or closes it when the size is zero.
    pub(super) fn set(
        &mut self,
        account: AccountId,
        market: MarketId,
        lot: Lot,
        periods: u32,
    ) -> Result<(), Refusal> {
        let found = self.find(account, market).map(|(slot, p)| (slot, *p));
        match found {
            Some((slot, _)) if lot.size == 0 => {
                self.close(account, slot);
                Ok(())
            }
            Some((slot, old)) => {
                let lot = (lot.size, lot.cost_basis);
                self.write(slot, Position { lot, ..old });
                Ok(())
            }
            None if lot.size == 0 => Ok(()),
            None => self.insert(account, market, lot, periods),
        }
    }

    /// Says how many periods a position has been paid for.
    pub(super) fn set_periods(&mut self, slot: u32, periods: u32) -> Result<(), Refusal> {
        let Some(old) = self.position(slot).copied() else {
            return Ok(());
        };
        let tag = Position::tagged(old.market(), periods)?;
        self.write(slot, Position { tag, ..old });
        Ok(())
    }

    fn insert(
        &mut self,
        account: AccountId,
        market: MarketId,
        lot: Lot,
        periods: u32,
    ) -> Result<(), Refusal> {
        if self.get(account).is_none() {
            return Err(Refusal::UnknownAccount(account));
        }
        let tag = Position::tagged(market, periods)?;
        let rank = self.rank(market);
        let before = self
            .of(account)
            .take_while(|(_, p)| self.rank(p.market()) < rank)
            .last()
            .map(|(slot, p)| (slot, *p));
        let next = match before {
            Some((_, p)) => p.next,
            None => self.get(account).map_or(NONE, |wallet| wallet.first),
        };
        let slot = self.take_slot()?;
        let new = Position {
            lot: (lot.size, lot.cost_basis),
            owner: account,
            next,
            tag,
            place: 0,
        };
        self.write(slot, new);
        match before {
            Some((at, p)) => self.write(at, Position { next: slot, ..p }),
            None => self.set_first(account, slot),
        }
        self.list(slot);
        self.undo.push(Undo::Listed(slot));
        Ok(())
    }

    fn close(&mut self, account: AccountId, slot: u32) {
        let Some(next) = self.position(slot).map(|p| p.next) else {
            return;
        };
        let before = self.of(account).find(|(_, p)| p.next == slot);
        match before.map(|(at, p)| (at, *p)) {
            Some((at, p)) => self.write(at, Position { next, ..p }),
            None => self.set_first(account, next),
        }
        self.unlist(slot);
        self.undo.push(Undo::Unlisted(slot));
        self.write(slot, Position::EMPTY);
        self.free.push(slot);
        self.undo.push(Undo::Freed);
    }

    fn take_slot(&mut self) -> Result<u32, Refusal> {
        if let Some(slot) = self.free.pop() {
            self.undo.push(Undo::Taken(slot));
            return Ok(slot);
        }
        let slot = u32::try_from(self.positions.len()).map_err(|_| Refusal::Full)?;
        if slot == NONE {
            return Err(Refusal::Full);
        }
        tight::push(&mut self.positions, Position::EMPTY);
        self.undo.push(Undo::Grown);
        Ok(slot)
    }

    fn rank(&self, market: MarketId) -> u8 {
        self.ranks.get(market.index()).copied().unwrap_or(u8::MAX)
    }

    fn write(&mut self, slot: u32, new: Position) {
        if let Some(old) = self.positions.get_mut(at(slot)) {
            self.undo.push(Undo::Position(slot, *old));
            // Where it is listed is not part of what is written.
            *old = Position {
                place: old.place,
                ..new
            };
        }
    }

    fn set_first(&mut self, account: AccountId, first: u32) {
        if let Some(wallet) = self.wallets.get_mut(account.index()) {
            self.undo.push(Undo::First(account, wallet.first));
            wallet.first = first;
        }
    }

    fn list(&mut self, slot: u32) {
        let Some(position) = self.positions.get_mut(at(slot)) else {
            return;
        };
        if let Some(list) = self.holders.get_mut(position.market().index()) {
            // A market has no more holders than the arena has slots.
            position.place = u32::try_from(list.len()).unwrap_or(NONE);
            tight::push(list, slot);
        }
    }

    fn unlist(&mut self, slot: u32) {
        let Some(position) = self.positions.get(at(slot)).copied() else {
            return;
        };
        let Some(list) = self.holders.get_mut(position.market().index()) else {
            return;
        };
        let place = at(position.place);
        if place < list.len() {
            list.swap_remove(place);
        }
        let moved = list.get(place).copied();
        if let Some(moved) = moved.and_then(|slot| self.positions.get_mut(at(slot))) {
            moved.place = position.place;
        }
    }

    /// A mark to go back to: the number of changes since the last commit.
    pub(super) fn mark(&self) -> usize {
        self.undo.len()
    }

    /// Makes everything final.
    pub(super) fn commit(&mut self) {
        self.undo.clear();
    }

    /// Takes back everything since `mark`, newest first.
    pub(super) fn back_to(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Position(slot, old)) => {
                    if let Some(position) = self.positions.get_mut(at(slot)) {
                        *position = Position {
                            place: position.place,
                            ..old
                        };
                    }
                }
                Some(Undo::First(account, first)) => {
                    if let Some(wallet) = self.wallets.get_mut(account.index()) {
                        wallet.first = first;
                    }
                }
                Some(Undo::Grown) => {
                    self.positions.pop();
                }
                Some(Undo::Taken(slot)) => self.free.push(slot),
                Some(Undo::Freed) => {
                    self.free.pop();
                }
                Some(Undo::Opened) => {
                    self.wallets.pop();
                }
                Some(Undo::Listed(slot)) => self.unlist(slot),
                Some(Undo::Unlisted(slot)) => self.list(slot),
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Accounts and their positions, packed for a million accounts.
//!
//! An account is 32 bytes: where its quote balance is in the ledger, and its positions, 32 bytes
//! each and in market order. Every position has a **slot**, the number the watch knows it by;
//! slots, and who holds a market, are derived: not part of the state, built anew from a snapshot.
//! Whoever decides by the order of [`Holdings::holders`] must bring an order of their own.
//!
//! Invariants: no position has size zero; an account has at most one position per market; `open`
//! is the sum of a market's positive sizes.
//! Units: sizes pips of base, entries pips of quote.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, ArithmeticError, MarketId};

use crate::ledger::Slot;
use crate::tight;

/// Nobody, or nowhere.
const NONE: u32 = u32::MAX;

/// An account's position in one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Position {
    /// What was paid for what is held, pips of quote; signed like the size.
    pub entry: i128,
    /// Signed size, pips of base.
    pub size: i64,
    /// In which market.
    pub market: MarketId,
    #[borsh(skip)]
    slot: u32,
}

const _: () = assert!(size_of::<Position>() == 32);

impl Position {
    /// The number the watch knows it by.
    pub(super) const fn slot(&self) -> u32 {
        self.slot
    }
}

/// One account.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
struct Account {
    quote: Slot,
    positions: Vec<Position>,
}

/// Whose a slot is, and where its market's list of holders has it.
#[derive(Debug, Clone, Copy)]
struct Place {
    owner: AccountId,
    at: u32,
}

/// All accounts. See the module documentation.
#[derive(Debug, Clone, Default, BorshSerialize, BorshDeserialize)]
pub struct Holdings {
    accounts: Vec<Account>,
    open: Vec<i128>,
    #[borsh(skip)]
    places: Vec<Place>,
    #[borsh(skip)]
    free: Vec<u32>,
    #[borsh(skip)]
    holders: Vec<Vec<u32>>,
}

impl Holdings {
    /// No accounts, in this many markets.
    pub(super) fn new(markets: usize) -> Self {
        Self {
            open: vec![0; markets],
            holders: vec![Vec::new(); markets],
            ..Self::default()
        }
    }

    /// How many accounts there are; they are numbered from 0.
    #[must_use]
    pub fn count(&self) -> usize {
        self.accounts.len()
    }

    /// How many markets there are.
    pub(super) fn markets(&self) -> usize {
        self.open.len()
    }

    /// The number the next account gets; none when there are 2^32 - 1.
    pub(super) fn next(&self) -> Option<AccountId> {
        let next = u32::try_from(self.accounts.len()).ok();
        next.filter(|id| *id != NONE).map(AccountId)
    }

    /// Where an account's quote balance is.
    #[must_use]
    pub fn quote(&self, account: AccountId) -> Option<Slot> {
        self.accounts.get(account.index()).map(|a| a.quote)
    }

    /// An account's positions, in market order; none where there is no account.
    #[must_use]
    pub fn positions(&self, account: AccountId) -> &[Position] {
        self.accounts
            .get(account.index())
            .map_or(&[], |a| a.positions.as_slice())
    }

    /// An account's position in a market.
    #[must_use]
    pub fn position(&self, account: AccountId, market: MarketId) -> Option<&Position> {
        let positions = self.positions(account);
        positions.iter().find(|p| p.market == market)
    }

    /// An account's size in a market; zero without a position.
    #[must_use]
    pub fn size(&self, account: AccountId, market: MarketId) -> i64 {
        self.position(account, market).map_or(0, |p| p.size)
    }

    /// Sum of a market's positive sizes, pips of base.
    #[must_use]
    pub fn open(&self, market: MarketId) -> i128 {
        self.open.get(market.index()).copied().unwrap_or(0)
    }

    /// Who holds a position in a market, in no particular order.
    pub fn holders(&self, market: MarketId) -> impl Iterator<Item = AccountId> + '_ {
        let slots = self
            .holders
            .get(market.index())
            .map_or(&[][..], Vec::as_slice);
        slots.iter().filter_map(|slot| self.owner(*slot))
    }

    /// Whose position has this slot; nobody's when it is free.
    pub(super) fn owner(&self, slot: u32) -> Option<AccountId> {
        let place = self.places.get(index(slot))?;
        (place.owner.0 != NONE).then_some(place.owner)
    }

    /// Bytes allocated, for capacity planning.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        fn of<T>(vec: &Vec<T>) -> usize {
            vec.capacity().saturating_mul(size_of::<T>())
        }
        let positions = self.accounts.iter().map(|a| of(&a.positions));
        let lists = self.holders.iter().map(of);
        [of(&self.accounts), of(&self.places), of(&self.free)]
            .into_iter()
            .chain(positions)
            .chain(lists)
            .fold(0, usize::saturating_add)
    }

    /// Opens the next account.
    pub(super) fn open_account(&mut self, quote: Slot) {
        let positions = Vec::new();
        tight::push(&mut self.accounts, Account { quote, positions });
    }

    /// Takes the last account back, which has no positions.
    pub(super) fn close_last_account(&mut self) {
        self.accounts.pop();
    }

    /// Sets what an account holds in a market: size zero is nothing. Returns what it was.
    ///
    /// # Errors
    /// When open interest would not fit; nothing is changed then.
    pub(super) fn set(
        &mut self,
        account: AccountId,
        market: MarketId,
        (size, entry): (i64, i128),
    ) -> Result<(i64, i128), ArithmeticError> {
        let old = self.position(account, market).copied();
        let was = old.map_or((0, 0), |p| (p.size, p.entry));
        let open = self
            .open(market)
            .checked_sub(was.0.max(0).into())
            .and_then(|open| open.checked_add(size.max(0).into()))
            .ok_or(ArithmeticError::Overflow)?;
        if let Some(kept) = self.open.get_mut(market.index()) {
            *kept = open;
        }
        match old {
            Some(old) if size == 0 => self.remove(account, &old),
            Some(_) => self.write(account, market, size, entry),
            None if size == 0 => {}
            None => self.insert(account, market, size, entry),
        }
        Ok(was)
    }

    fn write(&mut self, account: AccountId, market: MarketId, size: i64, entry: i128) {
        let positions = self.accounts.get_mut(account.index());
        let found = positions.and_then(|a| a.positions.iter_mut().find(|p| p.market == market));
        if let Some(position) = found {
            (position.size, position.entry) = (size, entry);
        }
    }

    fn insert(&mut self, account: AccountId, market: MarketId, size: i64, entry: i128) {
        let slot = self.take_slot(account, market);
        let Some(found) = self.accounts.get_mut(account.index()) else {
            return;
        };
        let at = found.positions.partition_point(|p| p.market < market);
        found.positions.reserve_exact(1);
        let new = Position {
            entry,
            size,
            market,
            slot,
        };
        found.positions.insert(at, new);
    }

    fn remove(&mut self, account: AccountId, old: &Position) {
        if let Some(found) = self.accounts.get_mut(account.index()) {
            found.positions.retain(|p| p.market != old.market);
            found.positions.shrink_to_fit();
        }
        self.free_slot(old.slot, old.market);
    }

    fn take_slot(&mut self, owner: AccountId, market: MarketId) -> u32 {
        // A venue has fewer positions than a list can number: each is 32 bytes.
        let slot = self.free.pop().unwrap_or_else(|| {
            let slot = u32::try_from(self.places.len()).unwrap_or(NONE);
            let at = NONE;
            tight::push(&mut self.places, Place { owner, at });
            slot
        });
        if let Some(list) = self.holders.get_mut(market.index()) {
            let at = u32::try_from(list.len()).unwrap_or(NONE);
            tight::push(list, slot);
            if let Some(place) = self.places.get_mut(index(slot)) {
                *place = Place { owner, at };
            }
        }
        slot
    }

    fn free_slot(&mut self, slot: u32, market: MarketId) {
        let Some(place) = self.places.get(index(slot)).copied() else {
            return;
        };
        if let Some(list) = self.holders.get_mut(market.index())
            && index(place.at) < list.len()
        {
            list.swap_remove(index(place.at));
            let moved = list.get(index(place.at)).copied();
            if let Some(moved) = moved.and_then(|slot| self.places.get_mut(index(slot))) {
                moved.at = place.at;
            }
        }
        if let Some(place) = self.places.get_mut(index(slot)) {
            place.owner = AccountId(NONE);
        }
        self.free.push(slot);
    }

    /// Builds what is derived anew.
    pub(super) fn rebuild(&mut self) {
        self.places = Vec::new();
        self.free = Vec::new();
        self.holders = vec![Vec::new(); self.open.len()];
        for at in 0..self.accounts.len() {
            let owner = AccountId(u32::try_from(at).unwrap_or(NONE));
            let count = self.accounts.get(at).map_or(0, |a| a.positions.len());
            for which in 0..count {
                let market = self.accounts.get(at).and_then(|a| a.positions.get(which));
                let Some(market) = market.map(|p| p.market) else {
                    continue;
                };
                let slot = self.take_slot(owner, market);
                let account = self.accounts.get_mut(at);
                if let Some(position) = account.and_then(|a| a.positions.get_mut(which)) {
                    position.slot = slot;
                }
            }
        }
    }

    /// Recounts the module's invariants, and that each market's sizes sum to zero.
    pub(super) fn audit(&self) -> Result<(), String> {
        let mut sums = vec![(0i128, 0i128); self.open.len()];
        for (at, account) in self.accounts.iter().enumerate() {
            let mut last = None;
            for position in &account.positions {
                let market = position.market;
                let Some((sum, long)) = sums.get_mut(market.index()) else {
                    return Err(format!("account-{at} is in {market}, which does not exist"));
                };
                if last.is_some_and(|last| last >= market) {
                    return Err(format!("account-{at}'s positions are not in market order"));
                }
                if position.size == 0 {
                    return Err(format!("account-{at} holds nothing in {market}"));
                }
                let owner = self.owner(position.slot).map(AccountId::index);
                if owner != Some(at) {
                    return Err(format!("slot {} is not account-{at}'s", position.slot));
                }
                *sum = sum.saturating_add(position.size.into());
                *long = long.saturating_add(position.size.max(0).into());
                last = Some(market);
            }
        }
        for (market, ((sum, long), open)) in sums.iter().zip(&self.open).enumerate() {
            if *sum != 0 {
                return Err(format!("the sizes of market-{market} sum to {sum}"));
            }
            if long != open {
                return Err(format!(
                    "open interest of market-{market} is kept as {open} but sums to {long}"
                ));
            }
            let held = self.holders.get(market).map_or(0, Vec::len);
            let counted = self.accounts.iter().flat_map(|a| &a.positions);
            let counted = counted.filter(|p| p.market.index() == market).count();
            if held != counted {
                return Err(format!("market-{market} lists {held} of {counted} holders"));
            }
        }
        Ok(())
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

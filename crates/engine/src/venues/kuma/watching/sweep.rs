//! What every command ends with: examine whom it may have made liquidatable, and only those.
//!
//! Rounds, until nobody is named any more. What the command published moves the lines, whose
//! trips name wallets; its own events name those whose money or positions changed. They are
//! examined by account. Whoever is liquidatable gets a case. Where keepers carry liquidations out
//! the case waits for the dispatcher's command, else the liquidation service is called
//! ([`super::super::waterfall`]), and what it did is noted in the next round; a wallet that is not liquidatable any more has its
//! case closed.
//!
//! Invariant: after every command the open cases are exactly the wallets, other than the two
//! funds, that the rule names. A sweep cannot fail: the command is accepted when it runs.

use std::collections::BTreeSet;

use plimsoll_units::{AccountId, MarketId};

use super::WatchCounters;
use super::Watching;
use crate::Tx;
use crate::event::Event;
use crate::ledger::{HolderKind, Ledger};
use crate::venues::kuma::undo::Change;
use crate::venues::kuma::{self, Kuma};

/// How far into the command's own notes a sweep has looked.
#[derive(Debug, Default)]
struct Seen {
    events: usize,
    changes: usize,
    /// Wallets that a liquidation or deleveraging of this command took from.
    taken: BTreeSet<AccountId>,
}

impl Kuma {
    pub(in crate::venues::kuma) fn sweep(&mut self, tx: &mut Tx<'_>) {
        let mut seen = Seen::default();
        let mut found = Vec::new();
        self.begin_service(tx);
        loop {
            self.note_changes(&mut seen);
            self.note_events(tx, &mut seen);
            if self.watching.pending.is_empty() {
                self.end_service();
                return;
            }
            let mut pending = std::mem::take(&mut self.watching.pending);
            self.watching.watch.sort_unique(&mut pending);
            found.clear();
            self.examine(tx.ledger(), &pending, &mut found);
            pending.clear();
            // The list's memory is kept for the next command.
            self.watching.pending = pending;
            for (account, due) in &found {
                self.settle_case(tx, *account, *due, &seen);
            }
        }
    }

    fn settle_case(&mut self, tx: &mut Tx<'_>, account: AccountId, due: bool, seen: &Seen) {
        if !due {
            self.over(tx, account, seen.taken.contains(&account));
            return;
        }
        match self.ensure_case(tx, account) {
            Ok(case) if self.serves() => self.serve(tx, &case),
            Ok(_) => {}
            // Its numbers were just computed, so they fit.
            Err(_) => {
                self.watching.always.insert(account.0);
            }
        }
    }

    /// Moves the lines of what was published since the last look, and names whom that concerns.
    fn note_changes(&mut self, seen: &mut Seen) {
        let mut published = false;
        let from = std::mem::replace(&mut seen.changes, self.changes.len());
        for at in from..seen.changes {
            match self.changes.get(at) {
                Some(Change::Market) => self.watching.add_markets(&self.markets),
                Some(Change::Quotation(id, _) | Change::Limits(id, _)) => {
                    let id = *id;
                    published = true;
                    self.publish(id);
                }
                Some(Change::Funding { market, .. }) => {
                    let id = *market;
                    published = true;
                    self.publish(id);
                }
                Some(Change::OwnLimits((account, _), _)) => {
                    let account = *account;
                    self.watching.pending.push(account.0);
                    self.note_own(account);
                }
                _ => {}
            }
        }
        let mut popped = std::mem::take(&mut self.watching.popped);
        self.watching.watch.sort_unique(&mut popped);
        let owners = popped
            .iter()
            .filter_map(|slot| self.wallets.position(*slot));
        let owners = owners.map(|position| position.owner().0);
        self.watching.pending.extend(owners);
        popped.clear();
        self.watching.popped = popped;
        if published {
            let always = std::mem::take(&mut self.watching.always);
            self.watching.pending.extend(always);
            let cases = self.cases.keys().map(|account| account.0);
            self.watching.pending.extend(cases);
        }
    }

    fn publish(&mut self, id: MarketId) {
        let Some(market) = self.markets.get(id.index()) else {
            return;
        };
        if self.watching.publish(id, market) {
            let slots = self.wallets.holders(id).iter();
            let owners = slots.filter_map(|slot| self.wallets.position(*slot));
            let owners = owners.map(|position| position.owner().0);
            self.watching.pending.extend(owners);
        }
    }

    /// Names the wallets that the command's events since the last look are about.
    fn note_events(&mut self, tx: &Tx<'_>, seen: &mut Seen) {
        let events = tx.events.get(seen.events..).unwrap_or_default();
        seen.events = tx.events.len();
        let pending = &mut self.watching.pending;
        for event in events {
            match event {
                Event::Money(movement) => {
                    for holder in [movement.from, movement.to] {
                        if holder.kind == HolderKind::Margin && holder.venue == tx.venue {
                            pending.extend(u32::try_from(holder.number));
                        }
                    }
                }
                Event::Kuma(kuma::Event::Position { account, .. }) => pending.push(account.0),
                Event::Kuma(
                    kuma::Event::Liquidated { account, .. }
                    | kuma::Event::Deleveraged { account, .. }
                    | kuma::Event::ExitWithdrawn { account, .. },
                ) => {
                    seen.taken.insert(*account);
                }
                _ => {}
            }
        }
    }

    fn note_own(&mut self, account: AccountId) {
        if !self.is_fund(account) {
            self.watching.own.insert(account.0);
        }
    }

    /// Builds the watch anew: gives every wallet its trips. Whoever is liquidatable without a case
    /// is looked at again by the next command.
    pub(in crate::venues::kuma) fn watch_again(&mut self, ledger: &Ledger) {
        self.watching = Watching::default();
        self.watching.add_markets(&self.markets);
        let own: Vec<AccountId> = self.people.limits.keys().map(|(own, _)| *own).collect();
        own.into_iter().for_each(|account| self.note_own(account));
        let count = u32::try_from(self.wallets.count()).unwrap_or(u32::MAX);
        let mut found = Vec::new();
        // In parts, so that the list of numbers stays small.
        for first in (0..count).step_by(1 << 16) {
            let last = first.saturating_add(1 << 16).min(count);
            let accounts: Vec<u32> = (first..last).collect();
            self.examine(ledger, &accounts, &mut found);
        }
        for (account, due) in found {
            if due != self.cases.contains_key(&account) {
                self.watching.pending.push(account.0);
            }
        }
    }

    /// Counters of the watch.
    #[must_use]
    pub fn watch_counters(&self) -> WatchCounters {
        self.watching.counters()
    }

    /// Bytes allocated by the watch, for capacity planning.
    #[must_use]
    pub fn watch_bytes(&self) -> usize {
        self.watching.memory_bytes()
    }

    /// Trips held now.
    #[must_use]
    pub fn trips_held(&self) -> u64 {
        self.watching.watch.trips()
    }
}

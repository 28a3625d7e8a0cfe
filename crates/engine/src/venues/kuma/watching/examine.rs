//! Looking at wallets: who is below its requirement, and what trips the others leave.
//!
//! Wallets that wait for their prices lie all over the memory, so many are read at the same time
//! before the first is judged. The judgement is one sum: `S` of [`super::shares`], with what
//! funding rounds away taken off in full. A wallet that has its reserve left after that is safe,
//! whatever the roundings; only of the others the exact rule is asked, period by period.

use plimsoll_units::{AccountId, MarketId};

use super::shares::{ONE, Room, TRIPLE, product};
use crate::ledger::Ledger;
use crate::venues::kuma::Kuma;

/// How many wallets are read at the same time.
const TOGETHER: usize = 64;

/// A position, as far as judging it goes.
#[derive(Debug, Clone, Copy)]
struct Leg {
    size: i64,
    slot: u32,
    periods: u32,
    market: MarketId,
}

/// A wallet and where its positions end among the legs.
#[derive(Debug, Clone, Copy)]
struct Row {
    account: AccountId,
    quote: i128,
    end: usize,
}

/// What is read before it is judged; kept for its memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    legs: Vec<Leg>,
}

/// What a look at a wallet found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Safe, with this much room.
    Safe(Room),
    /// Not liquidatable, but to be looked at with every publication.
    Close,
    /// Liquidatable.
    Due,
    /// A number does not fit.
    Unknown,
}

impl Kuma {
    /// Examines wallets, given in ascending order. `found` gets those that are liquidatable
    /// (`true`), and those that are not and have an open case.
    pub(super) fn examine(
        &mut self,
        ledger: &Ledger,
        accounts: &[u32],
        found: &mut Vec<(AccountId, bool)>,
    ) {
        self.watching.draw_all(&self.markets);
        let mut table = std::mem::take(&mut self.watching.room);
        for some in accounts.chunks(TOGETHER) {
            self.gather(ledger, some, &mut table);
            let mut rest = table.legs.as_slice();
            let mut begin = 0;
            for row in &table.rows {
                let (legs, others) = rest.split_at(row.end.saturating_sub(begin));
                (rest, begin) = (others, row.end);
                self.look(ledger, row, legs, found);
            }
        }
        self.watching.room = table;
    }

    fn gather(&self, ledger: &Ledger, accounts: &[u32], table: &mut Table) {
        table.rows.clear();
        table.legs.clear();
        let accounts = accounts.iter().map(|number| AccountId(*number));
        let accounts = accounts.filter(|account| !self.is_fund(*account));
        for account in accounts {
            let Some(wallet) = self.wallets.get(account) else {
                continue;
            };
            table.rows.push(Row {
                account,
                quote: ledger.balance(wallet.quote),
                end: 0,
            });
        }
        for row in &mut table.rows {
            for (slot, position) in self.wallets.of(row.account) {
                table.legs.push(Leg {
                    size: position.size(),
                    slot,
                    periods: position.periods(),
                    market: position.market(),
                });
            }
            row.end = table.legs.len();
        }
        let slots = table.legs.iter().map(|leg| leg.slot);
        self.watching.watch.fetch(slots);
    }

    fn look(
        &mut self,
        ledger: &Ledger,
        row: &Row,
        legs: &[Leg],
        found: &mut Vec<(AccountId, bool)>,
    ) {
        let account = row.account;
        let verdict = self.judge(ledger, row, legs);
        self.watching.examined = self.watching.examined.saturating_add(1);
        let armed = match verdict {
            Verdict::Safe(room) => legs
                .iter()
                .all(|leg| self.watching.arm(leg.slot, leg.market, leg.size, room)),
            _ => false,
        };
        if !armed {
            legs.iter()
                .for_each(|leg| self.watching.watch.disarm(leg.slot));
        }
        // Who has a case is examined with every publication anyway.
        let watched = armed || verdict == Verdict::Due;
        if !watched {
            self.watching.always.insert(account.0);
        } else if !self.watching.always.is_empty() {
            self.watching.always.remove(&account.0);
        }
        match verdict {
            Verdict::Due => {
                self.watching.due = self.watching.due.saturating_add(1);
                found.push((account, true));
            }
            Verdict::Safe(_) | Verdict::Close => {
                if !self.cases.is_empty() && self.cases.contains_key(&account) {
                    found.push((account, false));
                }
            }
            Verdict::Unknown => {}
        }
    }

    fn judge(&self, ledger: &Ledger, row: &Row, legs: &[Leg]) -> Verdict {
        if !self.has_own_fraction(row.account, legs)
            && let Some(room) = self.room(row, legs)
        {
            return Verdict::Safe(room);
        }
        match self.is_liquidatable(ledger, row.account) {
            Ok(true) => Verdict::Due,
            Ok(false) => Verdict::Close,
            Err(_) => Verdict::Unknown,
        }
    }

    /// The room of a wallet that certainly has slack; `None` when that is not certain.
    fn room(&self, row: &Row, legs: &[Leg]) -> Option<Room> {
        let mut slack = row.quote.checked_mul(TRIPLE)?;
        let mut requirement = 0i128;
        for leg in legs {
            let drivers = self.watching.markets.get(leg.market.index())?;
            let lines = drivers.lines?;
            let line = if leg.size > 0 {
                lines.long
            } else {
                lines.short
            };
            let periods = usize::try_from(leg.periods).ok()?;
            let paid = drivers.sums.get(periods)?.checked_mul(ONE)?;
            slack = slack.checked_add(product(leg.size, line.checked_sub(paid)?)?)?;
            // Each unpaid period may bring a pip less than the line says.
            let unpaid = drivers.sums.len().checked_sub(periods)?.checked_sub(1)?;
            if unpaid > 0 {
                let rounded = i128::try_from(unpaid).ok()?.checked_mul(TRIPLE)?;
                slack = slack.checked_sub(rounded)?;
            }
            requirement =
                requirement.checked_add(product(leg.size, lines.margin)?.checked_abs()?)?;
        }
        Room::new(slack, requirement, legs.len())
    }

    /// Whether the wallet has a maintenance fraction of its own in a market it is in.
    fn has_own_fraction(&self, account: AccountId, legs: &[Leg]) -> bool {
        !self.watching.own.is_empty()
            && self.watching.own.contains(&account.0)
            && legs.iter().any(|leg| {
                let own = self.people.limits(account, leg.market);
                let market = self.watching.markets.get(leg.market.index());
                own.is_some_and(|own| {
                    Some(own.maintenance_margin_fraction) != market.map(|m| m.mmf)
                })
            })
    }
}

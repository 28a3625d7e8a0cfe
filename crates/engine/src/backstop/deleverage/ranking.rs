//! The ranking of one side of a market, made once for a burst of deleveragings.
//!
//! Within a burst prices stand still, so only the accounts that were reduced themselves change
//! their place. The ranking is sorted no further than it was walked, and those that changed are
//! kept beside it in order; the next in line is the better of the two. A burst that takes a few
//! hundred of 400,000 accounts sorts a few hundred.
//!
//! A rank is the place in that line when the account's turn comes: 1 for the first of the burst.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_units::{AccountId, ArithmeticError, Rounding, mul_div};

use super::{Candidate, Policy, quintile};

/// How far the ranking is sorted at once, at least.
const CHUNK: usize = 1_024;

/// Sorts ascending to the best first.
pub(super) type Key = (Reverse<(i128, i128)>, AccountId);

pub(super) fn key(policy: Policy, candidate: &Candidate) -> Key {
    let worth = match policy {
        Policy::Queue | Policy::ProRata => (candidate.score.product.into(), 0),
        Policy::Minimal => (candidate.unhedged(), candidate.size),
    };
    (Reverse(worth), candidate.account)
}

/// How much is to be taken from whom, and its place in the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// From whom, as it stands now.
    pub from: Candidate,
    /// How much.
    pub quantity: i128,
    /// Its place, from 1.
    pub rank: u32,
    /// Of how many.
    pub of: u32,
    /// Its fifth.
    pub quintile: u8,
}

/// The accounts of one side of a market in the order of a policy.
#[derive(Debug, Clone)]
pub struct Ranking {
    policy: Policy,
    entries: Vec<Candidate>,
    /// How many entries are in order already: the best ones.
    sorted: usize,
    /// How many entries in front are used up or out of date.
    cursor: usize,
    /// Accounts whose entry does not count any more.
    stale: BTreeSet<AccountId>,
    /// What counts instead, in order.
    moved: BTreeMap<Key, Candidate>,
    moved_key: BTreeMap<AccountId, Key>,
}

impl Ranking {
    /// A ranking of `candidates`, in whatever order; those without size do not count.
    #[must_use]
    pub fn new(policy: Policy, mut candidates: Vec<Candidate>) -> Self {
        candidates.retain(|candidate| candidate.size > 0);
        Self {
            policy,
            entries: candidates,
            sorted: 0,
            cursor: 0,
            stale: BTreeSet::new(),
            moved: BTreeMap::new(),
            moved_key: BTreeMap::new(),
        }
    }

    /// Its policy.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// How many were ranked.
    #[must_use]
    pub fn of(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// An account changed: what it is now, or `None` when it is out (nothing left, or it cannot
    /// be a counterparty in this burst).
    pub fn update(&mut self, account: AccountId, now: Option<Candidate>) {
        if let Some(old) = self.moved_key.remove(&account) {
            self.moved.remove(&old);
        }
        self.stale.insert(account);
        if let Some(now) = now.filter(|candidate| candidate.size > 0) {
            let key = key(self.policy, &now);
            self.moved.insert(key, now);
            self.moved_key.insert(account, key);
        }
    }

    /// Whose turn it is for `quantity`, and how much each gives, under the ranking's policy. The
    /// cuts add up to `quantity` unless there is not that much. Nothing is taken yet: whoever
    /// carries a cut out says so with [`Ranking::update`].
    ///
    /// Under [`Policy::ProRata`] this looks at everybody; else at as many as are needed.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn plan(&mut self, quantity: i128, step: i128) -> Result<Vec<Cut>, ArithmeticError> {
        match self.policy {
            Policy::Queue => Ok(self.in_line(quantity, |candidate| candidate.size)),
            Policy::ProRata => self.pro_rata(quantity, step),
            Policy::Minimal => Ok(self.minimal(quantity)),
        }
    }

    /// The ranks of all, best first: what can be seen before the event. Sorts everything.
    pub fn ranks(&mut self) -> Vec<Cut> {
        self.in_line(i128::MAX, |candidate| candidate.size)
    }

    /// Takes down the line until `quantity` is reached.
    fn in_line(&mut self, quantity: i128, takes: impl Fn(&Candidate) -> i128) -> Vec<Cut> {
        let (mut cuts, mut left) = (Vec::new(), quantity);
        self.walk(|from, rank, of| {
            if left <= 0 {
                return false;
            }
            let taken = takes(from).min(left);
            left = left.saturating_sub(taken);
            if taken > 0 {
                cuts.push(cut(from, taken, rank, of));
            }
            taken > 0
        });
        cuts
    }

    /// Unhedged parts down the line, then hedged ones: the line has the unhedged in front.
    fn minimal(&mut self, quantity: i128) -> Vec<Cut> {
        let mut cuts = self.in_line(quantity, Candidate::unhedged);
        let reached = |cuts: &[Cut]| {
            let sum = |sum: i128, cut: &Cut| sum.saturating_add(cut.quantity);
            cuts.iter().fold(0, sum)
        };
        let mut left = quantity.saturating_sub(reached(&cuts));
        if left <= 0 {
            return cuts;
        }
        for cut in &mut cuts {
            let more = cut.from.size.saturating_sub(cut.quantity).min(left);
            cut.quantity = cut.quantity.saturating_add(more);
            left = left.saturating_sub(more);
        }
        self.walk(|from, rank, of| {
            if left > 0 && from.unhedged() == 0 {
                let taken = from.size.min(left);
                left = left.saturating_sub(taken);
                cuts.push(cut(from, taken, rank, of));
            }
            left > 0
        });
        cuts
    }

    fn pro_rata(&mut self, quantity: i128, step: i128) -> Result<Vec<Cut>, ArithmeticError> {
        let mut cuts = self.ranks();
        let sum = |sum: i128, cut: &Cut| sum.checked_add(cut.from.size);
        let total = cuts.iter().try_fold(0, sum);
        let total = total.ok_or(ArithmeticError::Overflow)?;
        if total <= quantity {
            return Ok(cuts);
        }
        let mut left = quantity;
        for cut in &mut cuts {
            let share = mul_div(quantity, cut.from.size, total, Rounding::Floor)?;
            let steps = mul_div(share, 1, step, Rounding::Floor)?;
            cut.quantity = steps.checked_mul(step).ok_or(ArithmeticError::Overflow)?;
            left = left.saturating_sub(cut.quantity);
        }
        // Steps, and in the end less than a step, down the queue. Each round gives everybody who
        // has something left a step, so there are few.
        while left > 0 {
            for cut in &mut cuts {
                let more = step.min(left);
                let more = more.min(cut.from.size.saturating_sub(cut.quantity));
                cut.quantity = cut.quantity.saturating_add(more);
                left = left.saturating_sub(more);
                if left == 0 {
                    break;
                }
            }
        }
        cuts.retain(|cut| cut.quantity > 0);
        Ok(cuts)
    }

    /// Shows the accounts down the line until `show` has seen enough.
    fn walk(&mut self, mut show: impl FnMut(&Candidate, u32, u32) -> bool) {
        let (of, policy) = (self.of(), self.policy);
        self.drop_stale_front();
        let mut moved = self.moved.iter().peekable();
        let mut at = self.cursor;
        loop {
            // Entries whose account moved or left do not count where they are.
            while at < self.entries.len() {
                if at >= self.sorted {
                    sort_further(&mut self.entries, &mut self.sorted, policy);
                }
                match self.entries.get(at) {
                    Some(entry) if self.stale.contains(&entry.account) => {
                        at = at.saturating_add(1);
                    }
                    _ => break,
                }
            }
            let place = at.saturating_add(1).min(self.entries.len());
            let rank = u32::try_from(place).unwrap_or(u32::MAX).max(1);
            let next = self.entries.get(at);
            let moved_first = match (moved.peek(), next) {
                (Some((moved_key, _)), Some(entry)) => **moved_key < key(policy, entry),
                (Some(_), None) => true,
                (None, _) => false,
            };
            let shown = if moved_first {
                moved.next().map(|(_, candidate)| candidate)
            } else {
                at = at.saturating_add(1);
                next
            };
            match shown {
                Some(candidate) if show(candidate, rank, of.max(rank)) => {}
                _ => return,
            }
        }
    }

    fn drop_stale_front(&mut self) {
        while self.cursor < self.sorted
            && let Some(entry) = self.entries.get(self.cursor)
            && self.stale.contains(&entry.account)
        {
            self.cursor = self.cursor.saturating_add(1);
        }
    }
}

fn cut(from: &Candidate, quantity: i128, rank: u32, of: u32) -> Cut {
    Cut {
        from: *from,
        quantity,
        rank,
        of,
        quintile: quintile(rank, of),
    }
}

/// Brings as many again as are in order already, and a chunk at least, into order.
fn sort_further(entries: &mut [Candidate], sorted: &mut usize, policy: Policy) {
    let Some(rest) = entries.get_mut(*sorted..) else {
        return;
    };
    let more = (*sorted).max(CHUNK).min(rest.len());
    if more < rest.len() {
        rest.select_nth_unstable_by_key(more, |candidate| key(policy, candidate));
    }
    if let Some(chunk) = rest.get_mut(..more) {
        chunk.sort_unstable_by_key(|candidate| key(policy, candidate));
    }
    *sorted = sorted.saturating_add(more);
}

//! The same choices made the long way: sort everybody anew each time, try every division.

use std::collections::BTreeMap;

use plimsoll_units::AccountId;

use super::ranking::key;
use super::{Candidate, Policy};

/// Everybody, kept in no order.
#[derive(Debug, Clone)]
pub(super) struct Naive {
    pub(super) policy: Policy,
    pub(super) all: BTreeMap<AccountId, Candidate>,
}

impl Naive {
    pub(super) fn new(policy: Policy, candidates: &[Candidate]) -> Self {
        let all = candidates.iter().map(|c| (c.account, *c)).collect();
        Self { policy, all }
    }

    pub(super) fn line(&self) -> Vec<Candidate> {
        let mut line: Vec<_> = self.all.values().filter(|c| c.size > 0).copied().collect();
        line.sort_by_key(|candidate| key(self.policy, candidate));
        line
    }

    /// Down the line until the quantity is reached.
    pub(super) fn queue(&self, mut quantity: i128) -> Vec<(AccountId, i128)> {
        let mut cuts = Vec::new();
        for candidate in self.line() {
            let taken = candidate.size.min(quantity);
            if taken > 0 {
                cuts.push((candidate.account, taken));
            }
            quantity -= taken;
        }
        cuts
    }
}

/// What a division takes: hedged parts, then accounts.
pub(super) fn costs(candidates: &[Candidate], taken: &[i128]) -> (i128, usize) {
    let each = candidates.iter().zip(taken);
    let hedged = each.map(|(c, t)| (t - c.unhedged()).max(0)).sum();
    (hedged, taken.iter().filter(|t| **t > 0).count())
}

/// The least any division of `quantity` costs, by trying them all.
pub(super) fn cheapest(candidates: &[Candidate], quantity: i128) -> Option<(i128, usize)> {
    fn go(of: &[Candidate], at: usize, left: i128, taken: &mut Vec<i128>) -> Option<(i128, usize)> {
        if at == of.len() {
            return (left == 0).then(|| costs(of, taken));
        }
        let mut best = None;
        for quantity in 0..=of[at].size.min(left) {
            taken.push(quantity);
            let found = go(of, at + 1, left - quantity, taken);
            taken.pop();
            best = match (best, found) {
                (Some(a), Some(b)) => Some(std::cmp::min(a, b)),
                (a, b) => a.or(b),
            };
        }
        best
    }
    go(candidates, 0, quantity, &mut Vec::new())
}

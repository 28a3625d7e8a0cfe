//! Providers of liquidity who take some of it out because a stress says so.
//!
//! At its moment everybody who provides decides to keep a share of what they have. From then on
//! each takes out what the venue lets them, and comes back for the rest until only that share is
//! left.

use plimsoll_units::{Duration, Rounding, Timestamp, mul_div};

use super::desk::Book;
use super::plan::{Plan, Plans};

/// When somebody who could not take everything out looks again.
pub(crate) const LOOK_AGAIN: Duration = Duration(300_000);

/// Somebody on the way out, raw units of what the venue gives for liquidity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reduction {
    /// Which provider or maker, by the desk's numbers.
    pub(crate) by: usize,
    /// What they want to keep.
    pub(crate) keeps: i128,
    /// What they want to keep of their money, where that is apart from the liquidity.
    pub(crate) money: i128,
}

impl Book {
    /// Plans the moments at which providers decide to leave.
    pub(crate) fn plan_leaving(&self, plans: &mut Plans, start: Timestamp) {
        for (at, leaving) in self.conditions.liquidity_leaving().iter().enumerate() {
            let when = leaving.at.max(start);
            plans.add(when, self.desk(), Plan::LiquidityLeaves(at));
        }
    }

    /// What somebody who has `held` wants to keep by the scenario's decision number `at`; rounded
    /// up, nobody takes more out than the share.
    pub(crate) fn keeps(&self, at: usize, held: i128) -> i128 {
        let leaving = self.conditions.liquidity_leaving().get(at);
        let share = leaving.map_or(0, |leaving| leaving.share_ppm);
        let out = mul_div(held, share.into(), 1_000_000, Rounding::Down);
        held.saturating_sub(out.unwrap_or(0))
    }

    /// Starts reductions: each is looked at once now.
    pub(crate) fn begin_leaving(
        &self,
        reductions: &mut Vec<Reduction>,
        new: impl IntoIterator<Item = Reduction>,
        (plans, now): (&mut Plans, Timestamp),
    ) {
        for reduction in new {
            plans.add(now, self.desk(), Plan::Reduce(reductions.len()));
            reductions.push(reduction);
        }
    }

    /// Looks at a reduction again later.
    pub(crate) fn reduce_again(&self, at: usize, plans: &mut Plans, now: Timestamp) {
        let later = now.saturating_add(LOOK_AGAIN);
        plans.add(later, self.desk(), Plan::Reduce(at));
    }
}

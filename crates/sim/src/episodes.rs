//! Liquidations in steps, summed up: where accounts ended, what each step cost, what the auctions
//! came to, and one case told action by action.
//!
//! Money is exact; lines are for drawing. Nothing here is fed back into an engine.

use serde::Serialize;

use crate::results::{Amount, Line};

/// What liquidations of option portfolios came to on one venue.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Episodes {
    /// Accounts by the step at which they ended, and how.
    pub ended: Vec<Ended>,
    /// What each step did and cost.
    pub steps: Vec<StepTotal>,
    /// What was offered in auctions.
    pub auctions: Auctions,
    /// Guards that changed what the engine would have done, with how often.
    pub guards: Vec<(String, u64)>,
    /// What became of the market's quotes, in words.
    pub surfaces: Vec<String>,
    /// Who took the engine's orders: name, orders taken, notional, incentive earned.
    pub takers: Vec<Taker>,
    /// The insurance fund's reserve below its highest so far.
    pub drawdown: Line,
    /// Delta that liquidations have traded since the start, base units, net.
    pub delta: Line,
    /// Vega that liquidations have traded since the start, money per point of volatility, net.
    pub vega: Line,
    /// Every action of every liquidation, in the order they happened.
    pub actions: Vec<Action>,
    /// The case that is told in full.
    pub told: Option<Told>,
}

/// Accounts that ended at a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// The last step that worked on them.
    pub step: String,
    /// How it ended.
    pub how: String,
    /// How many.
    pub cases: u64,
    /// What they had when they were flagged.
    pub equity: Amount,
    /// What they paid above fair value and in fees.
    pub cost: Amount,
    /// What they lacked in the end.
    pub shortfall: Amount,
}

/// One step over all cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepTotal {
    /// The step.
    pub step: String,
    /// Orders the engine placed or priced again.
    pub orders: u64,
    /// Fills.
    pub fills: u64,
    /// Fair value of what was traded, without signs.
    pub fair: Amount,
    /// Index times size of what was traded.
    pub notional: Amount,
    /// Paid to counterparties above fair value.
    pub incentive: Amount,
    /// Paid to the insurance fund.
    pub fee: Amount,
}

/// What was offered in step 3.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Auctions {
    /// Positions, or portfolios, that were offered.
    pub offered: u64,
    /// Taken whole.
    pub taken: u64,
    /// Taken in part.
    pub partly: u64,
    /// Nobody took any.
    pub untaken: u64,
    /// Fills by the level they happened at, lowest first.
    pub levels: Vec<(u32, u64)>,
}

/// Somebody who took engine orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taker {
    /// The name.
    pub name: String,
    /// Fills, or bids.
    pub fills: u64,
    /// Index times size.
    pub notional: Amount,
    /// What was gained over fair value.
    pub gained: Amount,
}

/// What an account had and needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Margin {
    /// Equity.
    pub equity: Amount,
    /// Maintenance margin.
    pub maintenance: Amount,
    /// Initial margin.
    pub initial: Amount,
    /// Net delta.
    pub delta: Amount,
}

/// One thing a liquidation did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// Case number.
    pub case: u64,
    /// Account number.
    pub account: u32,
    /// When, ms since the epoch.
    pub at: i64,
    /// The step.
    pub step: String,
    /// What, in words.
    pub what: String,
    /// Before it.
    pub before: Margin,
    /// After it.
    pub after: Margin,
    /// Paid above fair value.
    pub incentive: Amount,
    /// Paid to the insurance fund.
    pub fee: Amount,
}

/// A case in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Case number.
    pub case: u64,
    /// Account number.
    pub account: u32,
    /// Who it was and how it ended, in a sentence.
    pub headline: String,
    /// What it held when it was flagged: instrument, and signed size.
    pub legs: Vec<(String, Amount)>,
    /// What happened, in order.
    pub actions: Vec<Action>,
}

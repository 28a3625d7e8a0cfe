//! What agents have planned, in time order; plans of the same moment in the order they were made.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use plimsoll_engine::liquidation::Target;
use plimsoll_units::{AccountId, CaseId, MarketId, Timestamp};

/// Something an agent will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Plan {
    /// Open for business: makers and liquidity providers of the first hour.
    OpenMaker(usize),
    /// A liquidity provider deposits.
    Provide(usize),
    /// A liquidity provider tries to take everything out.
    Withdraw(usize),
    /// A liquidator's transaction arrives.
    Liquidate {
        /// The case.
        case: CaseId,
        /// What it is about.
        target: Target,
        /// Which liquidator.
        by: usize,
        /// How often it was tried before.
        attempt: u32,
    },
    /// A liquidator settles the account whose liquidation is over.
    SettleUp(Target),
    /// Traders look whether to add collateral.
    TopUps,
    /// The pair takes its next step (GammaSwap).
    Step(usize),
    /// A liquidator looks at the loans that are due (GammaSwap).
    Sweep(usize),
    /// Borrowers look whether to trade their collateral (GammaSwap).
    Rebalance,
    /// Somebody comes, and buys from the makers (Kyan).
    Enter(usize),
    /// A borrower repays and leaves (GammaSwap).
    Leave(usize),
    /// The venue looks at its liquidations (Kyan).
    Look,
    /// A bidder takes an order of the engine (Kyan).
    Take {
        /// Which bidder.
        by: usize,
        /// Whose order.
        account: AccountId,
        /// Which.
        order: u64,
    },
    /// A bidder looks at a portfolio in auction (Kyan).
    Bid {
        /// Which bidder.
        by: usize,
        /// Whose portfolio.
        account: AccountId,
    },
    /// A funding period has ended (Kuma).
    PublishFunding,
    /// A partner signs what it wants to stand (Kuma), or quotes again on returning (Kyan).
    Renew(usize),
    /// A bidder looks at what a case auctions in a market (composed).
    BidFor {
        /// Which partner.
        by: usize,
        /// Which case.
        case: CaseId,
        /// Which market.
        market: MarketId,
    },
    /// Partners take back what they offer (Kuma, Kyan).
    PartnersLeave,
    /// Providers of liquidity decide to take some of it out; which of the scenario's decisions.
    LiquidityLeaves(usize),
    /// One of them takes out what the venue lets them; which of the desk's reductions.
    Reduce(usize),
}

/// The plans of every desk.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    heap: BinaryHeap<Reverse<(Timestamp, u64, usize, Plan)>>,
    made: u64,
}

impl Plans {
    pub(crate) fn add(&mut self, at: Timestamp, desk: usize, plan: Plan) {
        self.heap.push(Reverse((at, self.made, desk, plan)));
        self.made += 1;
    }

    pub(crate) fn next_time(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// The next plan and whose it is.
    pub(crate) fn pop(&mut self) -> Option<(usize, Plan)> {
        self.heap
            .pop()
            .map(|Reverse((_, _, desk, plan))| (desk, plan))
    }
}

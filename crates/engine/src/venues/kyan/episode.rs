//! One liquidation of one account, from the moment it is flagged.
//!
//! The engine starts from the top on every look (the venue's own drawing of its engine says so):
//! an episode keeps only what the numbers of the moment do not tell, which is how long things have
//! been tried, and which orders of the engine stand.
//!
//! Units: sizes with 6 decimals, prices with 8.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::Timestamp;

use super::{InstrumentId, PhaseName, Stage};
use crate::auction::Clock;
use crate::auction::portfolio::PortfolioAuction;
use crate::book::Side;
use crate::liquidation::Case;

/// An order that the engine placed for an account and that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Working {
    /// Its name in the book.
    pub order: u64,
    /// The stage it belongs to.
    pub stage: Stage,
    /// What.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// How much is left of it.
    pub quantity: i64,
    /// Its limit, incentive included.
    pub limit: i64,
    /// The index it was priced at.
    pub peg: i128,
    /// When it was priced.
    pub placed: Timestamp,
    /// The auction's level it was priced at.
    pub level: u32,
}

/// The instruments of a component, which name it while its sizes change.
pub type ComponentKey = Vec<InstrumentId>;

/// A liquidation under way.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Episode {
    /// The case that tells of it.
    pub case: Case,
    /// How far it is.
    pub phase: PhaseName,
    /// Time since this phase began; stands still while the pair is frozen.
    pub clock: Clock,
    /// Orders of the engine that stand, by instrument.
    pub orders: Vec<Working>,
    /// Step 1 ran out of time, and nothing was closed since.
    pub hedge_over: bool,
    /// The component being closed, and its clock.
    pub component: Option<(ComponentKey, Clock)>,
    /// Components whose time ran out.
    pub timed_out: Vec<ComponentKey>,
    /// Clocks of the instruments in auction, by instrument.
    pub auctions: Vec<(InstrumentId, Clock)>,
    /// The auction of shares of the portfolio.
    pub portfolio: Option<PortfolioAuction>,
    /// Money came in while the pair stood still: a cure is decided when it goes on.
    pub paid_in: bool,
    /// Whether partners were asked.
    pub handed_off: bool,
    /// How often orders were priced again since the last index update.
    pub repegs: u32,
    /// The ranking that was last reported, so that it is told once.
    pub told: Vec<ComponentKey>,
    /// Guards that were last reported, so that each is told once a phase.
    pub guarded: Vec<(super::Guard, InstrumentId)>,
    /// Notional the stage of this phase has closed so far, money.
    pub done: i128,
}

impl Episode {
    pub(super) const fn new(case: Case, now: Timestamp) -> Self {
        Self {
            case,
            phase: PhaseName::Flagged,
            clock: Clock::start(now),
            orders: Vec::new(),
            hedge_over: false,
            component: None,
            timed_out: Vec::new(),
            auctions: Vec::new(),
            portfolio: None,
            paid_in: false,
            handed_off: false,
            repegs: 0,
            told: Vec::new(),
            guarded: Vec::new(),
            done: 0,
        }
    }

    /// Whether the engine's order of this name is one of this episode's.
    #[must_use]
    pub fn working(&self, order: u64) -> Option<&Working> {
        self.orders.iter().find(|w| w.order == order)
    }

    /// The clock of an instrument's auction.
    #[must_use]
    pub fn auction(&self, instrument: InstrumentId) -> Option<&Clock> {
        let found = self.auctions.iter().find(|(id, _)| *id == instrument);
        found.map(|(_, clock)| clock)
    }

    /// Every clock it has.
    pub(super) fn clocks(&mut self) -> impl Iterator<Item = &mut Clock> {
        let component = self.component.iter_mut().map(|(_, clock)| clock);
        let auctions = self.auctions.iter_mut().map(|(_, clock)| clock);
        let portfolio = self.portfolio.iter_mut().map(PortfolioAuction::clock_mut);
        std::iter::once(&mut self.clock)
            .chain(component)
            .chain(auctions)
            .chain(portfolio)
    }
}

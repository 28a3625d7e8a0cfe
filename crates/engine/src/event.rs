//! What happened: the engine's only output.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::ledger::Movement;
use crate::liquidation::CaseEvent;
use crate::venues::{composed, gammaswap, kuma, kyan, perennial, tsunamix};

/// One thing that happened while a command was applied, in order.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Event {
    /// Money moved.
    Money(Movement),
    /// A liquidation case was opened, made progress, or was closed.
    Case(CaseEvent),
    /// Something particular to TsunamiX V2.
    TsunamiX(tsunamix::Event),
    /// Something particular to Perennial V1.
    Perennial(perennial::Event),
    /// Something particular to GammaSwap V1.
    GammaSwap(gammaswap::Event),
    /// Something particular to Kuma.
    Kuma(kuma::Event),
    /// Something particular to Kyan.
    Kyan(kyan::Event),
    /// Something particular to a venue composed by an operator.
    Composed(composed::Event),
}

impl From<Movement> for Event {
    fn from(movement: Movement) -> Self {
        Self::Money(movement)
    }
}

impl From<CaseEvent> for Event {
    fn from(event: CaseEvent) -> Self {
        Self::Case(event)
    }
}

impl From<tsunamix::Event> for Event {
    fn from(event: tsunamix::Event) -> Self {
        Self::TsunamiX(event)
    }
}

impl From<perennial::Event> for Event {
    fn from(event: perennial::Event) -> Self {
        Self::Perennial(event)
    }
}

impl From<gammaswap::Event> for Event {
    fn from(event: gammaswap::Event) -> Self {
        Self::GammaSwap(event)
    }
}

impl From<kuma::Event> for Event {
    fn from(event: kuma::Event) -> Self {
        Self::Kuma(event)
    }
}

impl From<kyan::Event> for Event {
    fn from(event: kyan::Event) -> Self {
        Self::Kyan(event)
    }
}

impl From<composed::Event> for Event {
    fn from(event: composed::Event) -> Self {
        Self::Composed(event)
    }
}

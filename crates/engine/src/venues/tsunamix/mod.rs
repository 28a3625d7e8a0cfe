//! (being built)
pub mod fees;
use crate::{Rejection, Tx, ledger::Ledger};
use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::VenueId;
/// Config.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Config {}
/// Commands.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Command {
    /// Nothing.
    Nothing,
}
/// Events.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Event {
    /// Nothing.
    Nothing,
}
/// Refusals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing.
    #[error("nothing")]
    Nothing,
}
/// The venue.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct TsunamiX {}
impl TsunamiX {
    /// New.
    pub fn new(_config: Config, _tx: &mut Tx<'_>) -> Result<Self, Rejection> {
        Ok(Self {})
    }
    /// Apply.
    pub fn apply(&mut self, _tx: &mut Tx<'_>, _command: &Command) -> Result<(), Rejection> {
        Ok(())
    }
    /// Rebuild.
    pub fn rebuild(&mut self, _id: VenueId, _ledger: &Ledger) -> Result<(), Rejection> {
        Ok(())
    }
    /// Audit.
    pub fn audit(&self, _id: VenueId, _ledger: &Ledger) -> Result<(), String> {
        Ok(())
    }
}

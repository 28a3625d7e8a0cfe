//! The venues: each one's accounts, commands and procedure, in the order of its own page.
//!
//! A venue is composed of the rooms around it; what is its own is its data. It applies a command
//! to itself and to the ledger through a [`Tx`]: on a rejection it must be as it was
//! before (the ledger and the events are rolled back by the engine).

pub mod composed;
pub mod gammaswap;
pub mod kuma;
pub mod kyan;
pub mod perennial;
pub mod tsunamix;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::VenueId;

use crate::ledger::Ledger;
use crate::{Body, Rejection, Tx};

/// How due liquidations are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Execution {
    /// A case is opened and waits for a keeper's command, as on the venues themselves.
    Keepers,
    /// The command that makes an account liquidatable also liquidates it; this account is the
    /// keeper.
    Engine {
        /// Who receives the keeper's share.
        keeper: plimsoll_units::AccountId,
    },
}

/// A venue's parameters, as it starts.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum VenueConfig {
    /// TsunamiX V2.
    TsunamiX(tsunamix::Config),
    /// Perennial V1.
    Perennial(perennial::Config),
    /// GammaSwap V1.
    GammaSwap(Box<gammaswap::Config>),
    /// Kuma.
    Kuma(Box<kuma::Config>),
    /// Kyan.
    Kyan(Box<kyan::Config>),
    /// Composed by an operator.
    Composed(Box<composed::Config>),
}

impl VenueConfig {
    /// The asset that positions and their collateral are counted in.
    #[must_use]
    pub const fn money(&self) -> plimsoll_units::AssetId {
        match self {
            Self::TsunamiX(config) => config.money,
            Self::Perennial(config) => config.asset,
            Self::GammaSwap(config) => config.assets.lp,
            Self::Kuma(config) => config.asset,
            Self::Kyan(config) => config.money,
            Self::Composed(config) => config.money,
        }
    }
}

/// A venue's state.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub enum Venue {
    /// TsunamiX V2.
    TsunamiX(tsunamix::TsunamiX),
    /// Perennial V1.
    Perennial(perennial::Perennial),
    /// GammaSwap V1.
    GammaSwap(Box<gammaswap::GammaSwap>),
    /// Kuma.
    Kuma(Box<kuma::Kuma>),
    /// Kyan.
    Kyan(Box<kyan::Kyan>),
    /// Composed by an operator.
    Composed(Box<composed::Composed>),
}

impl Venue {
    pub(crate) fn new(config: &VenueConfig, tx: &mut Tx<'_>) -> Result<Self, Rejection> {
        Ok(match config {
            VenueConfig::TsunamiX(config) => {
                Self::TsunamiX(tsunamix::TsunamiX::new(config.clone(), tx)?)
            }
            VenueConfig::Perennial(config) => {
                Self::Perennial(perennial::Perennial::new(config.clone(), tx)?)
            }
            VenueConfig::GammaSwap(config) => {
                let venue = gammaswap::GammaSwap::new((**config).clone(), tx)?;
                Self::GammaSwap(Box::new(venue))
            }
            VenueConfig::Kuma(config) => {
                Self::Kuma(Box::new(kuma::Kuma::new((**config).clone(), tx)?))
            }
            VenueConfig::Kyan(config) => {
                Self::Kyan(Box::new(kyan::Kyan::new((**config).clone(), tx)?))
            }
            VenueConfig::Composed(config) => {
                let venue = composed::Composed::new((**config).clone(), tx)?;
                Self::Composed(Box::new(venue))
            }
        })
    }

    pub(crate) fn apply(&mut self, tx: &mut Tx<'_>, body: &Body) -> Result<(), Rejection> {
        match (self, body) {
            (Self::TsunamiX(venue), Body::TsunamiX(command)) => venue.apply(tx, command),
            (Self::Perennial(venue), Body::Perennial(command)) => venue.apply(tx, command),
            (Self::GammaSwap(venue), Body::GammaSwap(command)) => venue.apply(tx, command),
            (Self::Kuma(venue), Body::Kuma(command)) => venue.apply(tx, command),
            (Self::Kyan(venue), Body::Kyan(command)) => venue.apply(tx, command),
            (Self::Composed(venue), Body::Composed(command)) => venue.apply(tx, command),
            (venue, body) => Err(Rejection::WrongVenue {
                venue: tx.venue,
                given: body.language(),
                actual: venue.language(),
            }),
        }
    }

    /// The name of the venue's command language.
    #[must_use]
    pub const fn language(&self) -> &'static str {
        match self {
            Self::TsunamiX(_) => "tsunamix",
            Self::Perennial(_) => "perennial",
            Self::GammaSwap(_) => "gammaswap",
            Self::Kuma(_) => "kuma",
            Self::Kyan(_) => "kyan",
            Self::Composed(_) => "composed",
        }
    }

    /// The asset that positions and their collateral are counted in.
    #[must_use]
    pub fn money(&self) -> plimsoll_units::AssetId {
        match self {
            Self::TsunamiX(venue) => venue.money(),
            Self::Perennial(venue) => venue.money(),
            Self::GammaSwap(venue) => venue.money(),
            Self::Kuma(venue) => venue.money(),
            Self::Kyan(venue) => venue.money(),
            Self::Composed(venue) => venue.money(),
        }
    }

    /// Builds what is derived from the state and not part of it (the watch) anew.
    pub(crate) fn rebuild(&mut self, id: VenueId, ledger: &Ledger) -> Result<(), Rejection> {
        match self {
            Self::TsunamiX(venue) => venue.rebuild(id, ledger),
            Self::Perennial(venue) => venue.rebuild(id, ledger),
            Self::GammaSwap(venue) => venue.rebuild(id, ledger),
            Self::Kuma(venue) => venue.rebuild(id, ledger),
            Self::Kyan(venue) => venue.rebuild(id, ledger),
            Self::Composed(venue) => venue.rebuild(id, ledger),
        }
    }

    /// Recounts the venue's own invariants against the ledger.
    ///
    /// # Errors
    /// What does not hold, with the numbers.
    pub fn audit(&self, id: VenueId, ledger: &Ledger) -> Result<(), String> {
        match self {
            Self::TsunamiX(venue) => venue.audit(id, ledger),
            Self::Perennial(venue) => venue.audit(id, ledger),
            Self::GammaSwap(venue) => venue.audit(id, ledger),
            Self::Kuma(venue) => venue.audit(id, ledger),
            Self::Kyan(venue) => venue.audit(id, ledger),
            Self::Composed(venue) => venue.audit(id, ledger),
        }
    }
}

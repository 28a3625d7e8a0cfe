//! Why a command was refused. A refused command changes nothing.

use plimsoll_units::{ArithmeticError, Duration, Timestamp, VenueId};

use crate::ledger::LedgerError;
use crate::oracle::OracleError;
use crate::venues::{composed, gammaswap, kuma, kyan, perennial, tsunamix};

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A number does not fit, or something was divided by zero.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
    /// Money could not be moved.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A price was not acceptable, or not there.
    #[error(transparent)]
    Oracle(#[from] OracleError),
    /// Commands must come in time order.
    #[error("the command is from {given}, but the engine is already at {now}")]
    TimeWentBack {
        /// Where the engine is.
        now: Timestamp,
        /// The command's time.
        given: Timestamp,
    },
    /// No venue has this id.
    #[error("{0} does not exist in this engine")]
    UnknownVenue(VenueId),
    /// The command speaks another venue's language.
    #[error("the command is for a {given} venue, but {venue} is a {actual} venue")]
    WrongVenue {
        /// The venue addressed.
        venue: VenueId,
        /// What the command is for.
        given: &'static str,
        /// What the venue is.
        actual: &'static str,
    },
    /// A procedure whose bounties together are more than the collateral they are shares of.
    #[error(
        "bounties of {first_caller_e5} and {resolver_e5} (in 1/100000) exceed the whole collateral"
    )]
    SharesOverOne {
        /// The first caller's share.
        first_caller_e5: u32,
        /// The resolver's share.
        resolver_e5: u32,
    },
    /// A procedure names a stage that this kind of account does not have.
    #[error("this kind of account has no stage {0:?}")]
    NoSuchStage(&'static str),
    /// A disposal in slices that would never end, or go back in time.
    #[error(
        "slices of {fraction_e5} (in 1/100000) every {interval} are not a disposal: a slice is 1 to \
         100000, an interval is not negative"
    )]
    Slicing {
        /// The share of a slice.
        fraction_e5: u32,
        /// The time between slices.
        interval: Duration,
    },
    /// The watch cannot take another trip.
    #[error(transparent)]
    Watch(#[from] crate::watch::WatchError),
    /// Refused by the rules of TsunamiX V2.
    #[error(transparent)]
    TsunamiX(#[from] tsunamix::Refusal),
    /// Refused by the rules of Perennial V1.
    #[error(transparent)]
    Perennial(#[from] perennial::Refusal),
    /// Refused by the rules of GammaSwap V1.
    #[error(transparent)]
    GammaSwap(#[from] gammaswap::Refusal),
    /// Refused by the rules of Kuma.
    #[error(transparent)]
    Kuma(#[from] kuma::Refusal),
    /// Refused by the rules of Kyan.
    #[error(transparent)]
    Kyan(#[from] kyan::Refusal),
    /// Refused by a venue composed by an operator, or a design that does not fit together.
    #[error(transparent)]
    Composed(#[from] composed::Refusal),
    /// A margin that cannot be computed.
    #[error(transparent)]
    Margin(#[from] crate::margin::portfolio::MarginError),
    /// Something that cannot be priced.
    #[error(transparent)]
    Pricing(#[from] crate::pricing::PricingError),
    /// An auction that has no answer.
    #[error(transparent)]
    Auction(#[from] crate::auction::AuctionError),
}

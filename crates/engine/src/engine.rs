//! The engine: venues, one ledger, one order of commands.

use std::io::{BufWriter, Write};

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Timestamp, VenueId};

use crate::event::Event;
use crate::ledger::{Asset, Ledger};
use crate::tx::Tx;
use crate::venues::{Venue, VenueConfig, composed, gammaswap, kuma, kyan, perennial, tsunamix};
use crate::{Rejection, ledger};

const HASH_BUFFER_BYTES: usize = 1 << 16;

/// The engine's parameters, as it starts. Asset `i` gets id `i`, venue `i` gets id `i`.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Config {
    /// The assets of the ledger.
    pub assets: Vec<Asset>,
    /// The venues.
    pub venues: Vec<VenueConfig>,
}

/// One command: when, for which venue, what.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Command {
    /// When. Never earlier than the command before it.
    pub time: Timestamp,
    /// For which venue.
    pub venue: VenueId,
    /// What.
    pub body: Body,
}

/// What a command asks, in the language of its venue.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Body {
    /// For a TsunamiX V2 venue.
    TsunamiX(tsunamix::Command),
    /// For a Perennial V1 venue.
    Perennial(perennial::Command),
    /// For a GammaSwap V1 venue.
    GammaSwap(gammaswap::Command),
    /// For a Kuma venue.
    Kuma(kuma::Command),
    /// For a Kyan venue.
    Kyan(kyan::Command),
    /// For a venue composed by an operator.
    Composed(composed::Command),
}

impl Body {
    /// The name of the command language.
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
}

/// blake3 over the canonical encoding of the whole state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct StateHash(pub [u8; 32]);

impl std::fmt::Display for StateHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for StateHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// An invariant that does not hold: a bug of ours, never of the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The books.
    #[error("the ledger is wrong: {0}")]
    Ledger(String),
    /// A venue's own state.
    #[error("{venue} is wrong: {what}")]
    Venue {
        /// Which venue.
        venue: VenueId,
        /// What does not hold.
        what: String,
    },
}

/// Why a snapshot cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Not the bytes of a snapshot, or of another version of it.
    #[error("not a snapshot of this engine: {0}")]
    Malformed(#[from] std::io::Error),
    /// It decodes, but what is derived from it cannot be built.
    #[error("the snapshot's state is not usable: {0}")]
    Unusable(#[from] Rejection),
    /// It decodes, but its invariants do not hold.
    #[error("the snapshot's state breaks an invariant: {0}")]
    Broken(#[from] AuditError),
    /// It decodes, but the same state is written as other bytes: these are not from a snapshot.
    #[error("the snapshot's bytes are not the canonical ones of its state")]
    NotCanonical,
}

/// The whole state, and the only way to change it. See the crate documentation.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct Engine {
    now: Timestamp,
    accepted: u64,
    next_case: u64,
    ledger: Ledger,
    venues: Vec<Venue>,
    #[borsh(skip)]
    events: Vec<Event>,
}

impl Engine {
    /// An engine at the beginning of time.
    ///
    /// # Errors
    /// When a venue's parameters are out of their bounds.
    pub fn new(config: &Config) -> Result<Self, Rejection> {
        let mut engine = Self {
            now: Timestamp(i64::MIN),
            accepted: 0,
            next_case: 1,
            ledger: Ledger::new(config.assets.clone()),
            venues: Vec::with_capacity(config.venues.len()),
            events: Vec::new(),
        };
        for (at, venue) in config.venues.iter().enumerate() {
            let id =
                VenueId(u16::try_from(at).map_err(|_| Rejection::UnknownVenue(VenueId(u16::MAX)))?);
            let mut tx = Tx {
                now: Timestamp::EPOCH,
                venue: id,
                ledger: &mut engine.ledger,
                events: &mut engine.events,
                next_case: &mut engine.next_case,
            };
            engine.venues.push(Venue::new(venue, &mut tx)?);
        }
        engine.ledger.commit();
        engine.events.clear();
        Ok(engine)
    }

    /// Applies one command: all of it, or nothing.
    ///
    /// The events are those of this command, in order; they live until the next call.
    ///
    /// # Errors
    /// Why the command was refused; the state is then exactly as before.
    pub fn apply(&mut self, command: &Command) -> Result<&[Event], Rejection> {
        self.events.clear();
        let next_case = self.next_case;
        match self.try_apply(command) {
            Ok(()) => {
                self.ledger.commit();
                self.now = command.time;
                // The count of commands accepted in one process cannot reach 2^64.
                self.accepted = self.accepted.saturating_add(1);
                Ok(&self.events)
            }
            Err(rejection) => {
                self.ledger.rollback(0);
                self.ledger.commit();
                self.events.clear();
                self.next_case = next_case;
                Err(rejection)
            }
        }
    }

    fn try_apply(&mut self, command: &Command) -> Result<(), Rejection> {
        if command.time < self.now {
            return Err(Rejection::TimeWentBack {
                now: self.now,
                given: command.time,
            });
        }
        let venue = self
            .venues
            .get_mut(command.venue.index())
            .ok_or(Rejection::UnknownVenue(command.venue))?;
        let mut tx = Tx {
            now: command.time,
            venue: command.venue,
            ledger: &mut self.ledger,
            events: &mut self.events,
            next_case: &mut self.next_case,
        };
        venue.apply(&mut tx, &command.body)
    }

    /// The time of the last accepted command.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// How many commands were accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// The books.
    #[must_use]
    pub fn ledger(&self) -> &ledger::Ledger {
        &self.ledger
    }

    /// A venue's state, to read.
    #[must_use]
    pub fn venue(&self, id: VenueId) -> Option<&Venue> {
        self.venues.get(id.index())
    }

    /// The venues in id order.
    pub fn venues(&self) -> impl Iterator<Item = &Venue> {
        self.venues.iter()
    }

    /// blake3 over the canonical encoding of the state. Two engines that accepted the same
    /// commands have the same hash on every machine; what is derived (the watch) is not in it.
    #[must_use]
    ///
    /// # Panics
    /// When something in the state has more than 2^32 elements, which the encoding cannot say: a
    /// hash of what came before it would prove nothing.
    pub fn state_hash(&self) -> StateHash {
        let mut hasher = blake3::Hasher::new();
        // The encoding comes in small pieces, the hash is fast on large ones.
        let mut buffer = BufWriter::with_capacity(HASH_BUFFER_BYTES, &mut hasher);
        let written = borsh::to_writer(&mut buffer, self).and_then(|()| buffer.flush());
        assert!(written.is_ok(), "the state cannot be hashed: {written:?}");
        drop(buffer);
        StateHash(*hasher.finalize().as_bytes())
    }

    /// The state as bytes, for [`Engine::restore`].
    ///
    /// # Errors
    /// When memory for it cannot be had.
    pub fn snapshot(&self) -> Result<Vec<u8>, std::io::Error> {
        borsh::to_vec(self)
    }

    /// The engine of a snapshot: decoded, what is derived rebuilt, and audited. Its own snapshot
    /// is `bytes` again. A changed byte that leaves a sound state cannot be seen here: whoever
    /// stores a snapshot stores [`Engine::state_hash`] with it.
    ///
    /// # Errors
    /// [`RestoreError`] as its variants say.
    pub fn restore(bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut engine: Self = borsh::from_slice(bytes)?;
        if engine.state_hash().0 != *blake3::hash(bytes).as_bytes() {
            return Err(RestoreError::NotCanonical);
        }
        // Before anything is derived from the books, they must be sound.
        engine.ledger.audit().map_err(AuditError::Ledger)?;
        for (at, venue) in engine.venues.iter_mut().enumerate() {
            let id =
                VenueId(u16::try_from(at).map_err(|_| Rejection::UnknownVenue(VenueId(u16::MAX)))?);
            venue.rebuild(id, &engine.ledger)?;
        }
        engine.audit()?;
        Ok(engine)
    }

    /// Recounts everything that must hold: every asset sums to zero, no holder owes that may not,
    /// and each venue's own invariants. Cost is linear in the state.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn audit(&self) -> Result<(), AuditError> {
        self.ledger.audit().map_err(AuditError::Ledger)?;
        for (at, venue) in self.venues.iter().enumerate() {
            let id = VenueId(u16::try_from(at).unwrap_or(u16::MAX));
            venue
                .audit(id, &self.ledger)
                .map_err(|what| AuditError::Venue { venue: id, what })?;
        }
        Ok(())
    }
}

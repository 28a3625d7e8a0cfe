//! What the records of an engine's journal say, and rebuilding the engine from them.
//!
//! | kind | payload (borsh) |
//! | --- | --- |
//! | 1 | genesis: the engine's `Config`; the first record, and only the first |
//! | 2 | a command in the language of TsunamiX V2 |
//! | 3 | a command in the language of Perennial V1 |
//! | 4 | a command in the language of GammaSwap V1 |
//! | 5 | a command in the language of Kuma |
//! | 6 | a command in the language of Kyan |
//! | 7 | a command of a venue composed by an operator |
//! | 100 | checkpoint: commands accepted so far, and the hash of the state |
//!
//! A kind is never given a second meaning. Time and venue of a command are the envelope's. A
//! command is recorded before it is applied, so refused commands are in the journal too: applied
//! again, they are refused again, and change nothing.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_engine::{AuditError, Body, Command, Config, Engine, Event, Rejection, StateHash};
use plimsoll_units::{Timestamp, VenueId};

use crate::envelope::{Head, Record};
use crate::error::{JournalError, Policy};
use crate::journal::Journal;
use crate::log::Log;
use crate::reader;

/// The kinds of records. Never reused.
pub mod kind {
    /// The engine's parameters.
    pub const GENESIS: u16 = 1;
    /// A TsunamiX command.
    pub const TSUNAMIX: u16 = 2;
    /// A Perennial command.
    pub const PERENNIAL: u16 = 3;
    /// A command of a GammaSwap venue.
    pub const GAMMASWAP: u16 = 4;
    /// A command of a Kuma venue.
    pub const KUMA: u16 = 5;
    /// A command of a Kyan venue.
    pub const KYAN: u16 = 6;
    /// A command of a venue composed by an operator.
    pub const COMPOSED: u16 = 7;
    /// A hash of the state.
    pub const CHECKPOINT: u16 = 100;
}

/// The state at a point of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Checkpoint {
    /// Commands the engine had accepted.
    pub accepted: u64,
    /// The hash of its state.
    pub state: StateHash,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The engine's parameters.
    Genesis(Config),
    /// A command.
    Command(Command),
    /// A hash of the state.
    Checkpoint(Checkpoint),
}

/// Why a journal does not give an engine.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// A record, or the storage.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A kind this build does not know: written by a newer one.
    #[error("record {sequence}: kind {found} is unknown to this build; a newer one wrote it")]
    UnknownKind {
        /// The record.
        sequence: u64,
        /// Its kind.
        found: u16,
    },
    /// A payload that is not what its kind says.
    #[error("record {sequence}: the payload of kind {kind} does not decode: {why}")]
    Payload {
        /// The record.
        sequence: u64,
        /// Its kind.
        kind: u16,
        /// What the decoder says.
        why: std::io::Error,
    },
    /// The first record is not the engine's parameters, or a later one is.
    #[error("record {sequence}: the engine's parameters must be the first record and only that")]
    Genesis {
        /// The record.
        sequence: u64,
    },
    /// There is nothing in the journal.
    #[error("the journal is empty: it does not even say which engine it is for")]
    Empty,
    /// The engine refuses its own parameters.
    #[error("record 1: the engine refuses the parameters: {0}")]
    Parameters(Rejection),
    /// The state is not the one that was recorded.
    #[error(
        "record {sequence}: the state after {accepted} accepted commands hashes to {found}, \
         recorded was {expected} after {expected_accepted}"
    )]
    Diverged {
        /// The checkpoint.
        sequence: u64,
        /// Commands accepted now.
        accepted: u64,
        /// Commands accepted then.
        expected_accepted: u64,
        /// The hash now.
        found: StateHash,
        /// The hash then.
        expected: StateHash,
    },
    /// An invariant does not hold.
    #[error("record {sequence}: after it an invariant does not hold: {source}")]
    Audit {
        /// The record.
        sequence: u64,
        /// Which one.
        source: AuditError,
    },
}

impl RebuildError {
    /// What to do about it.
    #[must_use]
    pub fn policy(&self) -> Policy {
        match self {
            Self::Journal(error) => error.policy(),
            Self::UnknownKind { .. } | Self::Empty => Policy::Unusable,
            Self::Payload { .. }
            | Self::Genesis { .. }
            | Self::Parameters(_)
            | Self::Diverged { .. }
            | Self::Audit { .. } => Policy::Corrupt,
        }
    }
}

/// Writes an engine's records.
#[derive(Debug)]
pub struct Recorder<L> {
    journal: Journal<L>,
    payload: Vec<u8>,
}

impl<L: Log> Recorder<L> {
    /// Begins an empty journal with the engine's parameters.
    ///
    /// # Errors
    /// [`JournalError::OutOfOrder`] for a journal that has records already; else as
    /// [`Journal::append`].
    pub fn begin(journal: Journal<L>, config: &Config) -> Result<Self, JournalError> {
        let expected = journal.head().next();
        if expected != 1 {
            return Err(JournalError::OutOfOrder { expected, found: 1 });
        }
        let mut recorder = Self {
            journal,
            payload: Vec::new(),
        };
        recorder.append(kind::GENESIS, Timestamp::EPOCH, VenueId(0), config)?;
        Ok(recorder)
    }

    /// Goes on with a journal that has its parameters already.
    #[must_use]
    pub fn resume(journal: Journal<L>) -> Self {
        Self {
            journal,
            payload: Vec::new(),
        }
    }

    /// Records a command; durable after the next [`Recorder::commit`]. Returns its sequence.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn command(&mut self, command: &Command) -> Result<u64, JournalError> {
        let (time, venue) = (command.time, command.venue);
        match &command.body {
            Body::TsunamiX(body) => self.append(kind::TSUNAMIX, time, venue, body),
            Body::Perennial(body) => self.append(kind::PERENNIAL, time, venue, body),
            Body::GammaSwap(body) => self.append(kind::GAMMASWAP, time, venue, body),
            Body::Kuma(body) => self.append(kind::KUMA, time, venue, body),
            Body::Kyan(body) => self.append(kind::KYAN, time, venue, body),
            Body::Composed(body) => self.append(kind::COMPOSED, time, venue, body),
        }
    }

    /// Records the hash of the engine's state, at the time of its last command.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn checkpoint(&mut self, engine: &Engine) -> Result<u64, JournalError> {
        let checkpoint = Checkpoint {
            accepted: engine.accepted(),
            state: engine.state_hash(),
        };
        let time = self.journal.head().time;
        self.append(kind::CHECKPOINT, time, VenueId(0), &checkpoint)
    }

    /// Makes everything recorded durable; returns the last sequence.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn commit(&mut self) -> Result<u64, JournalError> {
        self.journal.commit()
    }

    /// The journal.
    pub fn journal(&mut self) -> &mut Journal<L> {
        &mut self.journal
    }

    /// Commits and closes.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn close(self) -> Result<L, JournalError> {
        self.journal.close()
    }

    fn append(
        &mut self,
        kind: u16,
        time: Timestamp,
        venue: VenueId,
        payload: &impl BorshSerialize,
    ) -> Result<u64, JournalError> {
        self.payload.clear();
        // Writing into memory fails only for a collection beyond 2^32 elements, which no command
        // within the bounds of a record holds.
        if borsh::to_writer(&mut self.payload, payload).is_err() {
            return Err(JournalError::PayloadTooLarge {
                sequence: self.journal.head().next(),
                found: usize::MAX,
                limit: crate::envelope::MAX_PAYLOAD_BYTES,
            });
        }
        self.journal.append(kind, time, venue, &self.payload)
    }
}

/// Reads what a record says.
///
/// # Errors
/// [`RebuildError::UnknownKind`], [`RebuildError::Payload`].
pub fn read(record: &Record<'_>) -> Result<Entry, RebuildError> {
    let payload = |why| RebuildError::Payload {
        sequence: record.sequence,
        kind: record.kind,
        why,
    };
    let command = |body| {
        Entry::Command(Command {
            time: record.time,
            venue: record.venue,
            body,
        })
    };
    let bytes = record.payload;
    Ok(match record.kind {
        kind::GENESIS => Entry::Genesis(borsh::from_slice(bytes).map_err(payload)?),
        kind::TSUNAMIX => command(Body::TsunamiX(borsh::from_slice(bytes).map_err(payload)?)),
        kind::PERENNIAL => command(Body::Perennial(borsh::from_slice(bytes).map_err(payload)?)),
        kind::GAMMASWAP => command(Body::GammaSwap(borsh::from_slice(bytes).map_err(payload)?)),
        kind::KUMA => command(Body::Kuma(borsh::from_slice(bytes).map_err(payload)?)),
        kind::KYAN => command(Body::Kyan(borsh::from_slice(bytes).map_err(payload)?)),
        kind::COMPOSED => command(Body::Composed(borsh::from_slice(bytes).map_err(payload)?)),
        kind::CHECKPOINT => Entry::Checkpoint(borsh::from_slice(bytes).map_err(payload)?),
        found => {
            return Err(RebuildError::UnknownKind {
                sequence: record.sequence,
                found,
            });
        }
    })
}

/// An engine rebuilt from its journal, and what was seen on the way.
#[derive(Debug)]
pub struct Rebuilt {
    /// The engine after the last record.
    pub engine: Engine,
    /// The end of the chain.
    pub head: Head,
    /// Commands refused, then as now.
    pub refused: u64,
    /// Checkpoints whose hash was met again.
    pub checkpoints: u64,
}

/// Applies a journal's commands to a fresh engine, one record at a time.
#[derive(Debug, Default)]
pub struct Rebuilder {
    engine: Option<Engine>,
    /// Whether checkpoints are passed over instead of met.
    unchecked: bool,
    refused: u64,
    checkpoints: u64,
    last: u64,
}

impl Rebuilder {
    /// A rebuilder that passes over checkpoints: for reading a journal, not for verifying it.
    #[must_use]
    pub fn unchecked() -> Self {
        Self {
            unchecked: true,
            ..Self::default()
        }
    }

    /// Gives up the engine as it stands.
    #[must_use]
    pub fn into_engine(self) -> Option<Engine> {
        self.engine
    }

    /// The engine so far; `None` before the first record.
    #[must_use]
    pub fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }

    /// Applies one record; `seen` is given each command with what came of it.
    ///
    /// # Errors
    /// [`RebuildError`] as its variants say.
    pub fn apply(
        &mut self,
        record: &Record<'_>,
        seen: impl FnOnce(&Command, Result<&[Event], &Rejection>),
    ) -> Result<(), RebuildError> {
        let sequence = record.sequence;
        self.last = sequence;
        let entry = read(record)?;
        let Some(engine) = &mut self.engine else {
            let Entry::Genesis(config) = entry else {
                return Err(RebuildError::Genesis { sequence });
            };
            self.engine = Some(Engine::new(&config).map_err(RebuildError::Parameters)?);
            return Ok(());
        };
        match entry {
            Entry::Genesis(_) => return Err(RebuildError::Genesis { sequence }),
            Entry::Command(command) => match engine.apply(&command) {
                Ok(events) => seen(&command, Ok(events)),
                Err(rejection) => {
                    self.refused += 1;
                    seen(&command, Err(&rejection));
                }
            },
            Entry::Checkpoint(_) if self.unchecked => {}
            Entry::Checkpoint(checkpoint) => {
                check(engine, &checkpoint, sequence)?;
                self.checkpoints += 1;
            }
        }
        Ok(())
    }

    /// The engine after the last record, audited.
    ///
    /// # Errors
    /// [`RebuildError::Empty`], [`RebuildError::Audit`].
    pub fn finish(self, head: Head) -> Result<Rebuilt, RebuildError> {
        let engine = self.engine.ok_or(RebuildError::Empty)?;
        engine.audit().map_err(|source| RebuildError::Audit {
            sequence: self.last,
            source,
        })?;
        let (refused, checkpoints) = (self.refused, self.checkpoints);
        Ok(Rebuilt {
            engine,
            head,
            refused,
            checkpoints,
        })
    }
}

fn check(engine: &Engine, then: &Checkpoint, sequence: u64) -> Result<(), RebuildError> {
    engine
        .audit()
        .map_err(|source| RebuildError::Audit { sequence, source })?;
    let now = Checkpoint {
        accepted: engine.accepted(),
        state: engine.state_hash(),
    };
    if now == *then {
        return Ok(());
    }
    Err(RebuildError::Diverged {
        sequence,
        accepted: now.accepted,
        expected_accepted: then.accepted,
        found: now.state,
        expected: then.state,
    })
}

/// Reads a whole journal, checks chain, storage, every checkpoint and conservation, and returns
/// the engine it amounts to. `seen` is given each command with what came of it.
///
/// # Errors
/// The first thing that does not hold, with its record.
pub fn rebuild(
    log: &mut dyn Log,
    mut seen: impl FnMut(u64, &Command, Result<&[Event], &Rejection>),
) -> Result<Rebuilt, RebuildError> {
    let mut rebuilder = Rebuilder::default();
    let head = reader::verify(log, |record| {
        rebuilder.apply(record, |command, outcome| {
            seen(record.sequence, command, outcome);
        })
    })?;
    rebuilder.finish(head)
}

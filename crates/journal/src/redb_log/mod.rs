//! A log in one redb file.
//!
//! Three tables: `meta` says that the file is a journal and of which layout, `records` holds the
//! envelopes by sequence, `snapshots` the snapshots by sequence. A batch is one transaction,
//! durable when it returns and in two phases: the commit is on the disk before the header points
//! to it, so a commit in force is never a half-written one, and damage to it is reported instead
//! of being taken for a crash and rolled back.
//!
//! A file is opened for checking through an [`overlay`] that never writes to it. Only
//! [`Log::begin_writing`] opens it for real.
//!
//! redb checks much of what it reads but not all; whatever it panics about on a damaged file is
//! caught here and reported as damage.

mod failure;
mod header;
mod overlay;
mod panics;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use redb::{
    Builder, Database, Durability, ReadableDatabase, ReadableTable, StorageBackend,
    TableDefinition, WriteTransaction,
};

use crate::batch::{Batch, Bounds};
use crate::error::{Corruption, Field, JournalError};
use crate::files::{beside, remove_if_there, sync_directory};
use crate::log::Log;
use crate::snapshot::Snapshot;
use failure::{Failure, contain, damaged, foreign, io_error};
use header::{FLAGS_AT, Looks, SLOT_FLAG, name_other_slot};
use overlay::Overlay;

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const RECORDS: TableDefinition<u64, &[u8]> = TableDefinition::new("records");
const SNAPSHOTS: TableDefinition<u64, &[u8]> = TableDefinition::new("snapshots");

const APPLICATION: &str = "application";
const APPLICATION_NAME: &[u8] = b"plimsoll journal";
const LAYOUT: &str = "layout";
/// The layout of the three tables.
const LAYOUT_VERSION: u16 = 1;

/// redb's page cache. A journal is written once and read in order; more would not help.
const CACHE_BYTES: usize = 64 << 20;

/// A log in a file. See the module's documentation in the source for its layout.
#[derive(Debug)]
pub struct RedbLog {
    path: PathBuf,
    /// `None` once closed.
    database: Option<Database>,
    writing: bool,
    last: u64,
    /// The commit in force is the newer one, which the header does not name; see [`header`].
    other_slot: bool,
    failure: Option<String>,
}

impl RedbLog {
    /// Creates a log and opens it for writing. The file appears under its name only when it is
    /// complete, so an interrupted creation leaves no half journal.
    ///
    /// # Errors
    /// [`JournalError::Io`], of kind `AlreadyExists` when something is there under that name.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref();
        let failed = |source| io_error("create", path, source);
        if path.try_exists().map_err(failed)? {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let unfinished = beside(path, &format!("new-{}", std::process::id()));
        remove_if_there(&unfinished).map_err(failed)?;
        let initialized = contain(|| initialize(&unfinished));
        initialized.map_err(|failure| failure.about(path, "create"))?;
        // A link, because a rename would replace a journal that another process put there since.
        let linked = std::fs::hard_link(&unfinished, path);
        std::fs::remove_file(&unfinished).map_err(failed)?;
        linked.map_err(failed)?;
        sync_directory(path).map_err(failed)?;
        let mut log = Self::open(path)?;
        log.begin_writing()?;
        Ok(log)
    }

    /// Opens a log for checking and reading. The file is not changed until
    /// [`Log::begin_writing`], which [`Journal::open`](crate::Journal::open) calls after its
    /// checks; meanwhile no process can write to it.
    ///
    /// # Errors
    /// [`JournalError::Foreign`], [`JournalError::Damaged`], [`JournalError::UnknownFileVersion`],
    /// [`JournalError::InUse`], [`JournalError::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref();
        let looks = header::look(path).map_err(|source| io_error("open", path, source))?;
        let newer_slot = match looks {
            Looks::Plausible { newer_slot } => newer_slot,
            Looks::Damaged(detail) => return Err(damaged(path, detail)),
            Looks::Foreign(found) => return Err(foreign(path, found)),
        };
        let (database, other_slot) = match newer_slot.then(|| open_other_slot(path)) {
            Some(Ok(database)) => (database, true),
            Some(Err(_)) | None => {
                let database = open_for_checking(path, false);
                (
                    database.map_err(|failure| failure.about(path, "open"))?,
                    false,
                )
            }
        };
        let mut log = Self {
            path: path.to_owned(),
            database: Some(database),
            writing: false,
            last: 0,
            other_slot,
            failure: None,
        };
        log.check_meta()?;
        log.last = log.find_last()?;
        Ok(log)
    }

    /// Opens the log at `path`, or creates it when nothing is there.
    ///
    /// # Errors
    /// As [`RedbLog::open`] and [`RedbLog::create`].
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        match Self::create(path.as_ref()) {
            Err(JournalError::Io { source, .. })
                if source.kind() == io::ErrorKind::AlreadyExists =>
            {
                Self::open(path)
            }
            other => other,
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn database(&self) -> Result<&Database, JournalError> {
        self.database.as_ref().ok_or(JournalError::Closed)
    }

    /// The database, when it takes writes.
    fn writable(&self) -> Result<&Database, JournalError> {
        let database = self.database()?;
        if let Some(cause) = &self.failure {
            return Err(JournalError::Poisoned {
                durable: self.last,
                cause: cause.clone(),
            });
        }
        if !self.writing {
            return Err(JournalError::ReadOnly);
        }
        Ok(database)
    }

    fn check_meta(&self) -> Result<(), JournalError> {
        let database = self.database()?;
        let read = |key: &str| {
            contain(|| {
                let transaction = database.begin_read()?;
                let table = transaction.open_table(META)?;
                Ok(table.get(key)?.map(|value| value.value().to_vec()))
            })
        };
        match read(APPLICATION) {
            Ok(Some(name)) if name == APPLICATION_NAME => {}
            Ok(_) | Err(Failure::NoTable) => {
                let found = "it is a database of another application".to_owned();
                return Err(foreign(&self.path, found));
            }
            Err(failure) => return Err(failure.about(&self.path, "open")),
        }
        let layout = read(LAYOUT).map_err(|failure| failure.about(&self.path, "open"))?;
        match layout.as_deref().map(<[u8; 2]>::try_from) {
            Some(Ok(version)) if u16::from_le_bytes(version) == LAYOUT_VERSION => Ok(()),
            Some(Ok(version)) => Err(JournalError::UnknownFileVersion {
                path: self.path.clone(),
                found: u16::from_le_bytes(version),
                newest: LAYOUT_VERSION,
            }),
            _ => Err(damaged(
                &self.path,
                "its layout version is missing".to_owned(),
            )),
        }
    }

    fn find_last(&self) -> Result<u64, JournalError> {
        let database = self.database()?;
        let last = contain(|| {
            let table = database.begin_read()?.open_table(RECORDS)?;
            Ok(table.last()?.map_or(0, |(key, _)| key.value()))
        });
        last.map_err(|failure| failure.about(&self.path, "open"))
    }

    /// One durable transaction. After a failure the log is poisoned.
    fn write(
        &mut self,
        first: u64,
        last: u64,
        change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), JournalError> {
        let database = self.writable()?;
        let written = contain(|| commit(database, change));
        written.map_err(|failure| {
            let cause = failure.to_string();
            self.failure = Some(cause.clone());
            JournalError::Write { first, last, cause }
        })
    }

    fn release(&mut self) {
        if let Some(database) = self.database.take() {
            // What is left to write when a database is dropped is only a convenience for the next
            // opening; every batch is durable already.
            let _ = contain(|| {
                drop(database);
                Ok(())
            });
        }
    }
}

impl Drop for RedbLog {
    fn drop(&mut self) {
        self.release();
    }
}

impl Log for RedbLog {
    fn last(&self) -> u64 {
        self.last
    }

    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        self.writable()?;
        if batch.is_empty() {
            return Ok(());
        }
        let expected = self.last.saturating_add(1);
        if batch.first() != expected {
            let found = batch.first();
            return Err(JournalError::OutOfOrder { expected, found });
        }
        self.write(batch.first(), batch.last(), |transaction| {
            insert_records(transaction, batch)
        })?;
        self.last = batch.last();
        Ok(())
    }

    fn read(&self, from: u64, bounds: &Bounds, into: &mut Batch) -> Result<(), JournalError> {
        into.restart(from);
        let database = self.database()?;
        let read = contain(|| {
            let table = database.begin_read()?.open_table(RECORDS)?;
            for entry in table.range(from..)? {
                let (key, record) = entry?;
                if key.value() != into.next() || !bounds.admits(into, record.value().len()) {
                    break;
                }
                into.push(record.value());
            }
            Ok(())
        });
        if !into.is_empty() || from > self.last {
            // What could be read comes first; what could not is met by the next call.
            return Ok(());
        }
        Err(match read {
            Ok(()) => Corruption::missing(from).into(),
            Err(failure) => {
                let (expected, found) = ("a readable record".to_owned(), failure.to_string());
                Corruption::new(from, Field::Storage, expected, found).into()
            }
        })
    }

    fn store_snapshot(&mut self, snapshot: &Snapshot) -> Result<(), JournalError> {
        self.writable()?;
        if snapshot.sequence > self.last {
            return Err(JournalError::SnapshotAhead {
                sequence: snapshot.sequence,
                durable: self.last,
            });
        }
        let bytes = snapshot.encode()?;
        self.write(snapshot.sequence, snapshot.sequence, |transaction| {
            let mut table = transaction.open_table(SNAPSHOTS)?;
            table.insert(snapshot.sequence, &bytes[..])?;
            Ok(())
        })
    }

    fn snapshot_at_or_before(&self, sequence: u64) -> Result<Option<Snapshot>, JournalError> {
        let database = self.database()?;
        let found = contain(|| {
            let table = database.begin_read()?.open_table(SNAPSHOTS)?;
            let latest = table.range(..=sequence)?.next_back().transpose()?;
            Ok(latest.map(|(at, bytes)| (at.value(), bytes.value().to_vec())))
        });
        match found {
            Ok(None) => Ok(None),
            Ok(Some((at, bytes))) => Snapshot::decode(at, &bytes).map(Some),
            Err(failure) => Err(JournalError::CorruptSnapshot {
                sequence,
                field: "storage",
                expected: "a readable snapshot".to_owned(),
                found: failure.to_string(),
            }),
        }
    }

    fn drop_snapshots_before(&mut self, sequence: u64) -> Result<(), JournalError> {
        self.write(sequence, sequence, |transaction| {
            let mut table = transaction.open_table(SNAPSHOTS)?;
            table.retain_in(..sequence, |_, _| false)?;
            Ok(())
        })
    }

    fn check_storage(&mut self) -> Result<(), JournalError> {
        if self.writing {
            // redb's check repairs as it goes; that is for an overlay only.
            return Ok(());
        }
        let database = self.database.as_mut().ok_or(JournalError::Closed)?;
        match contain(|| Ok(database.check_integrity()?)) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let detail = "its pages do not match their checksums or its page allocation";
                Err(damaged(&self.path, detail.to_owned()))
            }
            Err(failure) => Err(failure.about(&self.path, "check")),
        }
    }

    fn begin_writing(&mut self) -> Result<(), JournalError> {
        self.database()?;
        if self.writing {
            return Ok(());
        }
        let checked = fingerprint(self)?;
        self.release();
        if self.other_slot {
            name_other_slot(&self.path).map_err(|e| io_error("write to", &self.path, e))?;
        }
        let database = contain(|| {
            let builder = builder();
            Ok(builder.open(&self.path)?)
        });
        self.database = Some(database.map_err(|failure| failure.about(&self.path, "open"))?);
        self.other_slot = false;
        self.last = self.find_last()?;
        if fingerprint(self)? != checked {
            self.release();
            let detail = "another process changed it while it was being opened".to_owned();
            return Err(damaged(&self.path, detail));
        }
        self.writing = true;
        Ok(())
    }

    fn close(&mut self) -> Result<(), JournalError> {
        self.release();
        Ok(())
    }
}

/// The last record, to see that the file opened for writing is the one that was checked.
fn fingerprint(log: &RedbLog) -> Result<Batch, JournalError> {
    let one = Bounds {
        records: 1,
        ..Bounds::default()
    };
    let mut batch = Batch::default();
    if log.last > 0 {
        log.read(log.last, &one, &mut batch)?;
    }
    Ok(batch)
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn initialize(path: &Path) -> Result<(), redb::Error> {
    let database = builder().create(path)?;
    commit(&database, |transaction| {
        let mut meta = transaction.open_table(META)?;
        meta.insert(APPLICATION, APPLICATION_NAME)?;
        meta.insert(LAYOUT, &LAYOUT_VERSION.to_le_bytes()[..])?;
        transaction.open_table(RECORDS)?;
        transaction.open_table(SNAPSHOTS)?;
        Ok(())
    })
}

fn commit(
    database: &Database,
    change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_two_phase_commit(true);
    change(&transaction)?;
    transaction.commit()?;
    Ok(())
}

fn insert_records(transaction: &WriteTransaction, batch: &Batch) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(RECORDS)?;
    for (sequence, record) in batch.iter() {
        table.insert(sequence, record)?;
    }
    Ok(())
}

/// Opens the file through an overlay; with `other_slot`, as if the header named the other commit.
fn open_for_checking(path: &Path, other_slot: bool) -> Result<Database, Failure> {
    contain(|| {
        let overlay = Overlay::new(File::open(path)?)?;
        if other_slot {
            let mut flags = [0];
            overlay.read(FLAGS_AT, &mut flags)?;
            overlay.write(FLAGS_AT, &[flags[0] ^ SLOT_FLAG])?;
        }
        Ok(builder().create_with_backend(overlay)?)
    })
}

/// Opens the file as of the newer commit that its header does not name, if that is whole: the
/// process may have been stopped before all of it was written.
fn open_other_slot(path: &Path) -> Result<Database, Failure> {
    let mut database = open_for_checking(path, true)?;
    if contain(|| Ok(database.check_integrity()?))? {
        return Ok(database);
    }
    Err(Failure::Structure(
        "its newer commit is not whole".to_owned(),
    ))
}

#[cfg(test)]
mod crash_tests;

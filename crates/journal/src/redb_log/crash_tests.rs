//! A crash at every write. The writes that redb makes to the file are recorded; a process killed
//! at any moment leaves the file with some first part of them (the system keeps what it was
//! given), a machine that loses power may besides lose any of those since the last flush. Each
//! such file must open with every record that was acknowledged by then.

use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use plimsoll_units::{Timestamp, VenueId};
use redb::BackendError;

use super::*;
use crate::envelope::{Content, Head, encode};
use crate::reader::verify;

#[derive(Debug, Clone)]
enum Operation {
    Write(u64, Vec<u8>),
    Resize(u64),
    Sync,
}

fn perform(image: &mut Vec<u8>, operation: &Operation) {
    match operation {
        Operation::Write(offset, data) => {
            let start = usize::try_from(*offset).unwrap();
            if image.len() < start + data.len() {
                image.resize(start + data.len(), 0);
            }
            image[start..start + data.len()].copy_from_slice(data);
        }
        Operation::Resize(length) => image.resize(usize::try_from(*length).unwrap(), 0),
        Operation::Sync => {}
    }
}

/// A file in memory that remembers what was done to it.
#[derive(Clone)]
struct Recorder(Arc<Mutex<Recording>>);

struct Recording {
    start: Vec<u8>,
    image: Vec<u8>,
    operations: Vec<Operation>,
    /// After how many operations the log was known to hold how many records.
    acknowledged: Vec<(usize, u64)>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    fn over(start: Vec<u8>) -> Self {
        let image = start.clone();
        Self(Arc::new(Mutex::new(Recording {
            start,
            image,
            operations: Vec::new(),
            acknowledged: Vec::new(),
        })))
    }

    fn record(&self, operation: Operation) {
        let mut recording = self.0.lock().unwrap();
        perform(&mut recording.image, &operation);
        recording.operations.push(operation);
    }

    fn acknowledge(&self, records: u64) {
        let mut recording = self.0.lock().unwrap();
        let operations = recording.operations.len();
        recording.acknowledged.push((operations, records));
    }
}

impl StorageBackend for Recorder {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().image.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.0.lock().unwrap().image[start..start + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.record(Operation::Resize(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.record(Operation::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.record(Operation::Write(offset, data.to_vec()));
        Ok(())
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }
}

/// Appends `batches` of these sizes through the log's own transactions.
fn append(database: &Database, recorder: &Recorder, mut head: Head, batches: &[u64]) -> Head {
    for size in batches {
        let mut batch = Batch::starting_at(head.next());
        for _ in 0..*size {
            let payload = vec![b'.'; usize::try_from(head.sequence * 31 % 400).unwrap()];
            let content = Content {
                kind: 1,
                time: Timestamp(5),
                venue: VenueId(1),
                payload: &payload,
            };
            head = batch.push_with(|into| encode(&head, &content, into));
        }
        commit(database, |transaction| insert_records(transaction, &batch)).unwrap();
        recorder.acknowledge(head.sequence);
    }
    head
}

/// Checks the file after a crash: `least` records are there, and the chain holds. Then opens it
/// for writing, as a restart would, and checks again.
fn check_crash(path: &Path, image: &[u8], least: u64, what: &str) {
    let check = || {
        let mut log = RedbLog::open(path).unwrap_or_else(|error| panic!("{what}: {error}"));
        let head = verify(&mut log, |_| Ok::<(), JournalError>(()));
        let found = head
            .unwrap_or_else(|error| panic!("{what}: {error}"))
            .sequence;
        assert!(
            found >= least,
            "{what}: {least} were acknowledged, {found} are there"
        );
        (log, found)
    };
    std::fs::write(path, image).unwrap();
    let (mut log, found) = check();
    log.begin_writing()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    drop(log);
    let (_, again) = check();
    assert_eq!(
        again, found,
        "{what}: opening for writing changed what is there"
    );
}

/// A crash after every operation of the recording, with what was not flushed kept or, in a few
/// pseudo-random ways, lost.
fn check_every_crash(recorder: &Recorder, already: u64) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("crashed.journal");
    let recording = recorder.0.lock().unwrap();
    let mut flushed = recording.start.clone();
    let mut pending: Vec<&Operation> = Vec::new();
    let mut chance = 1_u64;
    for (done, operation) in recording.operations.iter().enumerate() {
        pending.push(operation);
        let acknowledged = recording.acknowledged.iter().rev();
        let least = acknowledged
            .clone()
            .find(|(operations, _)| *operations <= done + 1)
            .map_or(already, |(_, records)| *records);
        for variant in 0..4 {
            let mut image = flushed.clone();
            for operation in &pending {
                chance = chance
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                // A file's length is changed at once; losing that too would lose the space only.
                let kept = variant == 0 || chance >> 63 == 0;
                if kept || matches!(operation, Operation::Resize(_)) {
                    perform(&mut image, operation);
                }
            }
            let what = format!("crash after operation {done}, variant {variant}");
            check_crash(&path, &image, least, &what);
        }
        if matches!(operation, Operation::Sync) {
            for operation in pending.drain(..) {
                perform(&mut flushed, operation);
            }
        }
    }
}

/// A file as an undisturbed creation leaves it.
fn created() -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.journal");
    initialize(&path).unwrap();
    std::fs::read(path).unwrap()
}

fn open(recorder: &Recorder) -> Database {
    builder().create_with_backend(recorder.clone()).unwrap()
}

#[test]
fn a_crash_while_appending_or_closing_loses_nothing_acknowledged() {
    let recorder = Recorder::over(created());
    let database = open(&recorder);
    append(&database, &recorder, Head::genesis(), &[1, 30, 7, 60]);
    drop(database);
    check_every_crash(&recorder, 0);
}

#[test]
fn a_crash_while_repairing_after_a_crash_loses_nothing_acknowledged() {
    let first = Recorder::over(created());
    let database = open(&first);
    let head = append(&database, &first, Head::genesis(), &[20, 40, 3]);
    let crashed = first.0.lock().unwrap().image.clone();
    drop(database);

    let second = Recorder::over(crashed);
    let database = open(&second);
    append(&database, &second, head, &[5]);
    drop(database);
    check_every_crash(&second, head.sequence);
}

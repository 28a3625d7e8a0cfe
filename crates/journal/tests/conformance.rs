//! Every backend keeps every promise of `Log`.

use plimsoll_journal::{FaultyLog, Log, MemoryLog, RedbLog, suite};
use tempfile::TempDir;

struct Memory;

impl suite::Harness for Memory {
    type Log = MemoryLog;

    fn fresh(&mut self) -> MemoryLog {
        MemoryLog::new()
    }

    fn reopen(&mut self, log: MemoryLog) -> MemoryLog {
        log.reopen()
    }
}

struct Redb {
    directory: TempDir,
    count: u32,
}

impl suite::Harness for Redb {
    type Log = RedbLog;

    fn fresh(&mut self) -> RedbLog {
        self.count += 1;
        let name = format!("{}.journal", self.count);
        RedbLog::create(self.directory.path().join(name)).unwrap()
    }

    fn reopen(&mut self, log: RedbLog) -> RedbLog {
        let path = log.path().to_owned();
        drop(log);
        let mut log = RedbLog::open(path).unwrap();
        log.begin_writing().unwrap();
        log
    }
}

fn redb() -> Redb {
    Redb {
        directory: tempfile::tempdir().unwrap(),
        count: 0,
    }
}

/// A faulty log with no fault planned is as good as what it wraps.
struct Faulty<H>(H);

impl<H: suite::Harness> suite::Harness for Faulty<H> {
    type Log = FaultyLog<H::Log>;

    fn fresh(&mut self) -> Self::Log {
        FaultyLog::healthy(self.0.fresh())
    }

    fn reopen(&mut self, log: Self::Log) -> Self::Log {
        FaultyLog::healthy(self.0.reopen(log.into_inner()))
    }
}

struct Boxed<H>(H);

impl<H: suite::Harness> suite::Harness for Boxed<H>
where
    H::Log: 'static,
{
    type Log = Box<H::Log>;

    fn fresh(&mut self) -> Self::Log {
        Box::new(self.0.fresh())
    }

    fn reopen(&mut self, log: Self::Log) -> Self::Log {
        Box::new(self.0.reopen(*log))
    }
}

#[test]
fn memory_conforms() {
    suite::run(&mut Memory);
}

#[test]
fn redb_conforms() {
    suite::run(&mut redb());
}

#[test]
fn wrapped_logs_conform() {
    suite::run(&mut Faulty(Memory));
    suite::run(&mut Faulty(redb()));
    suite::run(&mut Boxed(Memory));
}

/// The suite must be able to fail: a log that forgets the last record of a batch does not pass.
#[test]
fn a_forgetful_log_does_not_conform() {
    struct Forgetful;

    impl suite::Harness for Forgetful {
        type Log = FaultyLog<MemoryLog>;

        fn fresh(&mut self) -> Self::Log {
            FaultyLog::healthy(MemoryLog::new())
        }

        fn reopen(&mut self, log: Self::Log) -> Self::Log {
            let log = log.into_inner();
            let Some(cut) = log.last().checked_sub(1) else {
                return FaultyLog::healthy(log);
            };
            let mut kept = plimsoll_journal::Batch::default();
            let bounds = plimsoll_journal::Bounds {
                records: cut as usize,
                ..plimsoll_journal::Bounds::default()
            };
            let mut copy = MemoryLog::new();
            if cut > 0 {
                log.reopen().read(1, &bounds, &mut kept).unwrap();
                copy.append(&kept).unwrap();
            }
            FaultyLog::healthy(copy)
        }
    }

    assert!(std::panic::catch_unwind(|| suite::run(&mut Forgetful)).is_err());
}

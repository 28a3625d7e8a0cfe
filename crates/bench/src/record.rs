//! Commands through the journal: recorded, made durable by the batch, applied.
//!
//! The commands are those that fill a venue: deposits and openings, in equal parts.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::tsunamix;
use plimsoll_engine::{Command, Config, Engine};
use plimsoll_journal::commands::Recorder;
use plimsoll_journal::envelope::OVERHEAD_BYTES;
use plimsoll_journal::{Bounds, Journal, Log, MemoryLog, RedbLog};

use plimsoll_units::AccountId;

use crate::world::{Plan, World, venue_of};

/// A journal's worth of commands.
#[derive(Debug)]
pub struct Script {
    /// The engine's parameters.
    pub config: Config,
    /// The commands, none of which is refused.
    pub commands: Vec<Command>,
}

/// What to do with a recorded command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing more: the journal alone.
    Leave,
    /// Apply it, as a venue does.
    Apply,
}

impl Script {
    /// Deposits and openings of about this many commands.
    #[must_use]
    pub fn of(commands: u32) -> Self {
        let (world, kept) = World::build_and_keep(&Plan::many_markets(commands / 2));
        Self {
            config: world.config,
            commands: kept,
        }
    }

    /// Applies the commands without any journal.
    ///
    /// # Panics
    /// When one is refused.
    #[must_use]
    pub fn apply(&self) -> Duration {
        let mut engine = self.engine();
        let start = Instant::now();
        for command in &self.commands {
            engine
                .apply(command)
                .expect("a command of the script is accepted");
        }
        start.elapsed()
    }

    /// Journals the commands in memory, a commit every `batch`.
    ///
    /// # Panics
    /// When the journal fails.
    #[must_use]
    pub fn in_memory(&self, batch: usize, then: Then) -> Duration {
        self.run(MemoryLog::new(), self.commands.len(), batch, then)
    }

    /// Journals the first `count` commands in a file of `directory`, durable after every `batch`.
    ///
    /// # Panics
    /// When the file cannot be made or written.
    #[must_use]
    pub fn durable(&self, directory: &Path, count: usize, batch: usize, then: Then) -> Duration {
        let path = directory.join("plimsoll-bench.journal");
        remove(&path);
        let log = RedbLog::create(&path).expect("a journal can be made here");
        let elapsed = self.run(log, count, batch, then);
        remove(&path);
        elapsed
    }

    /// The floor the disk sets: as many bytes as the records of `count` commands, appended to a
    /// plain file with one flush per `batch`.
    ///
    /// # Panics
    /// When the file cannot be made or written.
    #[must_use]
    pub fn plain_file(&self, directory: &Path, count: usize, batch: usize) -> Duration {
        let path = directory.join("plimsoll-bench.plain");
        let bytes = vec![0x5a; self.record_bytes() * batch];
        let mut file = File::create(&path).expect("a file can be made here");
        let start = Instant::now();
        for _ in 0..count.div_ceil(batch) {
            file.write_all(&bytes).expect("the disk takes it");
            file.sync_data().expect("the disk keeps it");
        }
        let elapsed = start.elapsed();
        remove(&path);
        elapsed
    }

    /// Mean size of a record: envelope and payload.
    ///
    /// # Panics
    /// When a command cannot be encoded.
    #[must_use]
    pub fn record_bytes(&self) -> usize {
        let bytes = |c: &Command| borsh::object_length(&c.body).expect("a command has a length");
        // The body's own tag is in the record's kind instead.
        let sizes = self.commands.iter().map(|c| bytes(c) - 1);
        OVERHEAD_BYTES + sizes.sum::<usize>() / self.commands.len()
    }

    fn engine(&self) -> Engine {
        Engine::new(&self.config).expect("the parameters are within their bounds")
    }

    fn run(&self, log: impl Log, count: usize, batch: usize, then: Then) -> Duration {
        let mut recorder = begin(log, &self.config);
        let mut engine = self.engine();
        let start = Instant::now();
        for (number, command) in (1..).zip(&self.commands[..count]) {
            recorder.command(command).expect("a record");
            if then == Then::Apply {
                engine
                    .apply(command)
                    .expect("a command of the script is accepted");
            }
            if number % batch == 0 {
                recorder.commit().expect("a commit");
            }
        }
        recorder.commit().expect("the last commit");
        start.elapsed()
    }
}

/// Where durable journals are written: `PLIMSOLL_BENCH_DIR`, else beside the program, which is on
/// a disk where a temporary folder might be in memory.
///
/// # Panics
/// When the program does not know where it is.
#[must_use]
pub fn directory() -> PathBuf {
    if let Some(given) = std::env::var_os("PLIMSOLL_BENCH_DIR") {
        return given.into();
    }
    let program = std::env::current_exe().expect("a program knows where it is");
    program
        .parent()
        .expect("a program lies in a folder")
        .to_path_buf()
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
        _ => {}
    }
}

/// A gap that is journalled in memory, committed, and applied.
#[derive(Debug)]
pub struct JournalledGap<'a> {
    world: &'a World,
    gap: Command,
}

impl<'a> JournalledGap<'a> {
    /// The gap of `bp` basis points in a world.
    #[must_use]
    pub fn new(world: &'a World, bp: i64) -> Self {
        let gap = crate::path::gap(world, bp);
        Self { world, gap }
    }

    /// Its time, and how many positions it liquidated.
    ///
    /// # Panics
    /// When the journal fails or the engine refuses.
    #[must_use]
    pub fn run(&self) -> (Duration, u32) {
        let mut engine = self.world.engine.clone();
        let mut recorder = in_memory(&self.world.config);
        let start = Instant::now();
        recorder.command(&self.gap).expect("a record");
        recorder.commit().expect("a commit");
        engine.apply(&self.gap).expect("a gap is accepted");
        let elapsed = start.elapsed();
        let left = venue_of(&engine).positions().len();
        (elapsed, self.world.venue().positions().len() - left)
    }
}

/// Liquidations that wait for keepers: one command each.
#[derive(Debug)]
pub struct Cases {
    world: World,
    commands: Vec<Command>,
}

impl Cases {
    /// A market of positions after a gap, every due one with an open case.
    #[must_use]
    pub fn open(accounts: u32, bp: i64) -> Self {
        let execution = Execution::Keepers;
        let mut world = World::build(&Plan {
            execution,
            ..Plan::one_market(accounts)
        });
        let gap = crate::path::gap(&world, bp);
        world.follow(&[gap]);
        let positions = world
            .venue()
            .open_cases()
            .filter_map(|case| case.target.position);
        let commands = positions.map(|position| {
            let keeper = AccountId(0);
            world.command(tsunamix::Command::Liquidate { keeper, position })
        });
        let commands = commands.collect();
        Self { world, commands }
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether nobody is due.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Journals each in memory and carries it out, a commit every 1,024.
    ///
    /// # Panics
    /// When the journal fails or the engine refuses.
    #[must_use]
    pub fn run(&self) -> Duration {
        let mut engine = self.world.engine.clone();
        let mut recorder = in_memory(&self.world.config);
        let start = Instant::now();
        for batch in self.commands.chunks(1_024) {
            for command in batch {
                recorder.command(command).expect("a record");
                engine
                    .apply(command)
                    .expect("a due liquidation is accepted");
            }
            recorder.commit().expect("a commit");
        }
        let elapsed = start.elapsed();
        assert_eq!(venue_of(&engine).open_cases().count(), 0, "a case is left");
        elapsed
    }
}

fn in_memory(config: &Config) -> Recorder<MemoryLog> {
    begin(MemoryLog::new(), config)
}

fn begin<L: Log>(log: L, config: &Config) -> Recorder<L> {
    let journal = Journal::open(log, Bounds::default()).expect("an empty journal");
    let mut recorder = Recorder::begin(journal, config).expect("the first record");
    recorder.commit().expect("the first commit");
    recorder
}

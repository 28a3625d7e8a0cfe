//! `plimsoll verify`: is this journal whole, and does it amount to the state it says?

use std::path::PathBuf;

use plimsoll_engine::Engine;
use plimsoll_journal::commands::{RebuildError, Rebuilt, rebuild};
use plimsoll_journal::{JournalError, Log, Policy, RedbLog, recover_file};
use serde::Serialize;

use crate::output::say;
use crate::progress;

/// What `--help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  plimsoll verify crash.journal            applies everything again
  plimsoll verify --recover crash.journal  keeps what is whole of a damaged one";

/// Options of `plimsoll verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The journal file.
    journal: PathBuf,
    /// When the journal is damaged, keep its valid prefix: the damaged file is put aside as
    /// NAME.damaged, and a whole journal takes its place.
    #[arg(long)]
    recover: bool,
    /// Print the verdict as JSON.
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Verdict {
    /// `fine`, `corrupt` or `unusable`.
    verdict: &'static str,
    /// Records in the chain.
    records: u64,
    /// Commands the engine accepts.
    accepted: u64,
    /// Commands it refuses, as it did when they were recorded.
    refused: u64,
    /// Recorded hashes of the state that were met again.
    checkpoints: u64,
    /// Hash of the last record.
    chain: String,
    /// Hash of the final state.
    state: String,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Verifies; the exit code is the answer: 0 fine, 1 corrupt, 2 unusable.
pub(crate) fn run(options: &Options) -> u8 {
    let recovered = if options.recover {
        recover(options)
    } else {
        Ok(())
    };
    let checked = recovered
        .map_err(RebuildError::from)
        .and_then(|()| check(options));
    let (verdict, code) = match &checked {
        Ok(rebuilt) => (fine(rebuilt), 0),
        Err(error) if error.policy() == Policy::Corrupt => (failed("corrupt", error), 1),
        Err(error) => (failed("unusable", error), 2),
    };
    if options.json {
        match serde_json::to_string_pretty(&verdict) {
            Ok(text) => say!("{text}"),
            Err(error) => eprintln!("error: {error}"),
        }
    } else {
        print(&verdict, options);
    }
    code
}

fn check(options: &Options) -> Result<Rebuilt, RebuildError> {
    let mut log = RedbLog::open(&options.journal)?;
    let bar = progress::records(log.last());
    let rebuilt = rebuild(&mut log, |sequence, _, _| {
        if sequence.is_multiple_of(4096) {
            bar.set_position(sequence);
        }
    });
    bar.finish_and_clear();
    let rebuilt = rebuilt?;
    check_snapshot(&log, &rebuilt)?;
    Ok(rebuilt)
}

/// The latest snapshot, restored, has the hash it was stored with, and is of this history.
fn check_snapshot(log: &dyn Log, rebuilt: &Rebuilt) -> Result<(), RebuildError> {
    let Some(snapshot) = log.snapshot_at_or_before(rebuilt.head.sequence)? else {
        return Ok(());
    };
    let corrupt = |expected: String, found: String| JournalError::CorruptSnapshot {
        sequence: snapshot.sequence,
        field: "state",
        expected,
        found,
    };
    let recorded = snapshot.state_hash.to_string();
    let engine = Engine::restore(&snapshot.state)
        .map_err(|error| corrupt(recorded.clone(), error.to_string()))?;
    let found = engine.state_hash().to_string();
    if found != recorded {
        return Err(corrupt(recorded, found).into());
    }
    // A snapshot of the last record is of the state that the records amount to.
    let applied = rebuilt.engine.state_hash().to_string();
    if snapshot.sequence == rebuilt.head.sequence && applied != recorded {
        return Err(corrupt(applied, recorded).into());
    }
    Ok(())
}

fn recover(options: &Options) -> Result<(), JournalError> {
    let recovered = recover_file(&options.journal)?;
    match (&recovered.damage, &recovered.original) {
        (Some(damage), Some(original)) => eprintln!(
            "recovered: {damage}\nkept records 1 to {}, lost at least {}; the damaged file is {}",
            recovered.kept,
            recovered.dropped,
            original.display()
        ),
        _ => eprintln!("nothing to recover: the journal is whole"),
    }
    Ok(())
}

fn fine(rebuilt: &Rebuilt) -> Verdict {
    Verdict {
        verdict: "fine",
        records: rebuilt.head.sequence,
        accepted: rebuilt.engine.accepted(),
        refused: rebuilt.refused,
        checkpoints: rebuilt.checkpoints,
        chain: rebuilt.head.hash.to_string(),
        state: rebuilt.engine.state_hash().to_string(),
        why: None,
    }
}

fn failed(verdict: &'static str, error: &RebuildError) -> Verdict {
    Verdict {
        verdict,
        records: 0,
        accepted: 0,
        refused: 0,
        checkpoints: 0,
        chain: String::new(),
        state: String::new(),
        why: Some(error.to_string()),
    }
}

fn print(verdict: &Verdict, options: &Options) {
    if let Some(why) = &verdict.why {
        say!("{}: {}", verdict.verdict, options.journal.display());
        say!("  {why}");
        if verdict.verdict == "corrupt" {
            say!("  `plimsoll verify --recover` keeps the valid prefix and puts this file aside");
        }
        return;
    }
    say!("fine: {}", options.journal.display());
    say!(
        "  records      {} in an unbroken chain, the last is {}",
        verdict.records,
        verdict.chain
    );
    say!(
        "  commands     {} accepted, {} refused",
        verdict.accepted,
        verdict.refused
    );
    say!("  state        {}", verdict.state);
    say!(
        "  checkpoints  {} recorded hashes met again",
        verdict.checkpoints
    );
    say!("  conservation every asset sums to zero, every venue's totals agree with the ledger");
}

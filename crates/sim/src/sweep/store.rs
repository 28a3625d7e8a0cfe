//! The directory of a sweep: its plan, and one line per finished run.
//!
//! `plan.json` says what is being run; `runs.jsonl` has one JSON object per finished run, in the
//! order they finished. A sweep that is started again in the same directory goes on with the runs
//! that are missing; with another plan it is refused, naming what differs. A line that a killed
//! process left half written at the end is cut off. Both files are only written by whoever holds
//! the lock on `runs.jsonl`.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Plan, RunRow, SweepError};

/// Changes when rows of older sweeps cannot be read any more.
const FORMAT: u32 = 1;

/// What `plan.json` has.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    /// Name of the scenario.
    scenario: String,
    parameters: Vec<String>,
    seeds: (u64, u64),
    windows: Vec<String>,
    runs: usize,
    /// blake3 of each part of the plan.
    digests: BTreeMap<String, String>,
}

/// A sweep's directory.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    file: Mutex<File>,
    done: BTreeMap<u64, RunRow>,
}

impl Store {
    /// Opens a directory for a plan: begins one, or goes on with the one that is there.
    ///
    /// # Errors
    /// [`SweepError::OtherPlan`], [`SweepError::Busy`], [`SweepError::Damaged`],
    /// [`SweepError::Io`].
    pub fn open(directory: &Path, plan: &Plan) -> Result<Self, SweepError> {
        std::fs::create_dir_all(directory).map_err(SweepError::io(directory))?;
        let path = directory.join("runs.jsonl");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(SweepError::io(&path))?;
        if file.try_lock().is_err() {
            return Err(SweepError::Busy(directory.to_owned()));
        }
        agree(directory, plan)?;
        let done = finished(&path, &mut file, plan)?;
        Ok(Self {
            path,
            file: Mutex::new(file),
            done,
        })
    }

    /// The runs that were finished when it was opened, by number.
    #[must_use]
    pub fn done(&self) -> &BTreeMap<u64, RunRow> {
        &self.done
    }

    /// Adds a finished run.
    pub(super) fn append(&self, row: &RunRow) -> Result<(), SweepError> {
        let failed = |source| SweepError::Io {
            path: self.path.clone(),
            source,
        };
        let mut line = serde_json::to_vec(row).map_err(|e| failed(e.into()))?;
        line.push(b'\n');
        // A thread that panicked while it wrote has left a line that is cut off later.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).map_err(failed)
    }
}

/// Writes the plan, or compares it with the one that is there.
fn agree(directory: &Path, plan: &Plan) -> Result<(), SweepError> {
    let path = directory.join("plan.json");
    let parts = plan.parts();
    let digest = |text: &String| blake3::hash(text.as_bytes()).to_hex().to_string();
    let ours = Written {
        format: FORMAT,
        scenario: plan.name.clone(),
        parameters: plan
            .axes
            .iter()
            .map(|axis| format!("{} = {}", axis.path, axis.values.join(", ")))
            .collect(),
        seeds: (
            plan.seeds.first().copied().unwrap_or_default(),
            plan.seeds.last().copied().unwrap_or_default(),
        ),
        windows: plan.windows.iter().map(|w| w.name.clone()).collect(),
        runs: plan.runs(),
        digests: parts
            .iter()
            .map(|(what, text)| ((*what).to_owned(), digest(text)))
            .collect(),
    };
    if !path.exists() {
        let mut text =
            serde_json::to_string_pretty(&ours).map_err(|e| SweepError::io(&path)(e.into()))?;
        text.push('\n');
        return std::fs::write(&path, text).map_err(SweepError::io(&path));
    }
    let text = std::fs::read_to_string(&path).map_err(SweepError::io(&path))?;
    let theirs: Written = serde_json::from_str(&text).map_err(|e| SweepError::Damaged {
        path: path.clone(),
        line: e.line(),
        why: e.to_string(),
    })?;
    let differs = |what: &str| theirs.digests.get(what) != ours.digests.get(what);
    let differing = parts.iter().find(|(what, _)| differs(what));
    let what = match differing {
        Some((what, _)) => *what,
        None if theirs.format == FORMAT => return Ok(()),
        None => "another format",
    };
    Err(SweepError::OtherPlan {
        directory: directory.to_owned(),
        what,
    })
}

/// Reads the finished runs and leaves the file ready for the next.
fn finished(
    path: &Path,
    file: &mut File,
    plan: &Plan,
) -> Result<BTreeMap<u64, RunRow>, SweepError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(SweepError::io(path))?;
    let whole = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let mut done = BTreeMap::new();
    for (at, line) in bytes[..whole].split_inclusive(|b| *b == b'\n').enumerate() {
        let damaged = |why: String| SweepError::Damaged {
            path: path.to_owned(),
            line: at + 1,
            why,
        };
        let row: RunRow = serde_json::from_slice(line).map_err(|e| damaged(e.to_string()))?;
        if row.run >= plan.runs() as u64 {
            return Err(damaged(format!(
                "run {} of a sweep of {} runs",
                row.run,
                plan.runs()
            )));
        }
        if let Some(other) = done.insert(row.run, row.clone())
            && other != row
        {
            return Err(damaged(format!(
                "run {} came out differently before",
                row.run
            )));
        }
    }
    file.set_len(whole as u64).map_err(SweepError::io(path))?;
    file.seek(SeekFrom::End(0)).map_err(SweepError::io(path))?;
    Ok(done)
}

//! Price windows: the same scenario through other prices.
//!
//! Every directory of price files in a directory is a window, and so is every price file that lies
//! in it directly; names that begin with `.` or `_` are passed over. A window brings its own time,
//! so whatever the scenario says in dates is put aside: `prices.from` and `prices.to`, when people
//! may arrive, when liquidity comes and when it leaves. A digest of the files' bytes tells whether
//! a sweep that goes on still has the same prices.

use std::path::{Path, PathBuf};

use crate::scenario::Scenario;

use super::SweepError;

/// A window of prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its name: that of the directory or file.
    pub name: String,
    /// Where its prices are.
    pub source: PathBuf,
    /// blake3 of its files.
    pub digest: String,
}

/// The windows in a directory, by name.
pub(super) fn list(directory: &Path) -> Result<Vec<Window>, SweepError> {
    let mut windows = Vec::new();
    for source in entries(directory)? {
        let name = name(&source);
        if !source.is_dir() && !is_price_file(&name) {
            continue;
        }
        windows.push(Window {
            digest: digest(&source)?,
            name,
            source,
        });
    }
    Ok(windows)
}

/// Turns a scenario to a window's prices.
pub(super) fn apply(scenario: &mut Scenario, window: &Window) {
    scenario.prices.source = window.source.display().to_string();
    scenario.prices.from = None;
    scenario.prices.to = None;
    for venue in &mut scenario.venues {
        venue.population.arrive_from = None;
        for provider in &mut venue.liquidity {
            provider.at = None;
            provider.withdraws_at = None;
        }
    }
}

/// blake3 of the names and bytes of a file, or of those in a directory and its subdirectories.
pub(super) fn digest(source: &Path) -> Result<String, SweepError> {
    let mut hasher = blake3::Hasher::new();
    add(&mut hasher, source, 0)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Price files lie in a directory or in its subdirectories, no deeper.
const DEPTH: usize = 2;

fn add(hasher: &mut blake3::Hasher, path: &Path, depth: usize) -> Result<(), SweepError> {
    if path.is_dir() {
        for inner in entries(path)? {
            if depth < DEPTH {
                add(hasher, &inner, depth + 1)?;
            }
        }
        return Ok(());
    }
    let bytes = std::fs::read(path).map_err(SweepError::io(path))?;
    hasher.update(name(path).as_bytes());
    hasher.update(&[0]);
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(&bytes);
    Ok(())
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, SweepError> {
    let failed = |source| SweepError::Io {
        path: directory.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if !name(&path).starts_with(['.', '_']) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn is_price_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    [".csv", ".csv.gz", ".zip"]
        .iter()
        .any(|ending| lower.ends_with(ending))
}

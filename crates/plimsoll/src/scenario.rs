//! `plimsoll scenario`: look for mistakes in a scenario file, or begin a new one.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use plimsoll_sim::scenario::{BUNDLES, Finding, diagnose, starter};
use serde_json::json;

use crate::output::say;

/// What `--help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  plimsoll scenario new > mine.toml                        a venue of TsunamiX, commented
  plimsoll scenario new --venue perennial --venue kuma --out mine.toml
  plimsoll scenario check mine.toml                        every mistake with line and column

Every key is in docs/SCENARIO.md.";

/// Options of `plimsoll scenario`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Look for mistakes: unknown keys, wrong kinds, values out of bounds, what does not go
    /// together.
    ///
    /// Prices are loaded and engines built, nothing is run. Exit code 0: it can run. 1: it cannot,
    /// and each mistake is told with line and column. 2: the file cannot be read.
    Check {
        /// The scenario file.
        file: PathBuf,
        /// Print the verdict as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a commented scenario to begin with.
    New {
        /// A venue of this preset: tsunamix (where left out), perennial, perennial-plus,
        /// gammaswap, gammaswap-v1.2, kuma, kuma-plus, kyan or kyan-derive. Several for several
        /// venues.
        #[arg(
            long,
            value_name = "PRESET",
            default_value = "tsunamix",
            hide_default_value = true
        )]
        venue: Vec<String>,
        /// Write this new file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// True unless the scenario has mistakes.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    match &options.command {
        Command::Check { file, json } => check(file, *json),
        Command::New { venue, out } => new(venue, out.as_deref()),
    }
}

fn check(file: &Path, json: bool) -> anyhow::Result<bool> {
    let name = file.display();
    if !file.exists()
        && BUNDLES
            .iter()
            .any(|(bundled, _)| Path::new(bundled) == file)
    {
        bail!(
            "{name} is a bundled scenario; `plimsoll replay {name} --show-scenario` writes a file"
        );
    }
    verdict(file, &diagnose(file)?, json)
}

/// Tells what was found in a file; true where nothing was.
pub(crate) fn verdict(file: &Path, found: &[Finding], json: bool) -> anyhow::Result<bool> {
    let name = file.display();
    let fine = found.is_empty();
    if json {
        let verdict = json!({ "file": name.to_string(), "fine": fine, "findings": found });
        say!("{}", serde_json::to_string_pretty(&verdict)?);
        return Ok(fine);
    }
    for finding in found {
        let message = finding.message.trim_end().replace('\n', "\n    ");
        say!("{name}:{}:{}: {message}", finding.line, finding.column);
    }
    match found.len() {
        0 => say!("{name}: fine"),
        1 => say!("1 mistake"),
        count => say!("{count} mistakes"),
    }
    Ok(fine)
}

fn new(venues: &[String], out: Option<&Path>) -> anyhow::Result<bool> {
    let names: Vec<&str> = venues.iter().map(String::as_str).collect();
    let text = starter(&names).map_err(anyhow::Error::msg)?;
    let Some(out) = out else {
        crate::output::write(format_args!("{text}"));
        return Ok(true);
    };
    if out.exists() {
        bail!("{} exists already", out.display());
    }
    std::fs::write(out, text).with_context(|| format!("cannot write {}", out.display()))?;
    say!("written to {}", out.display());
    Ok(true)
}

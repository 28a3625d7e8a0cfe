//! `plimsoll conform`: recorded calls of the real contracts, run through the engine.
//!
//! A vector passes when everything it expects is found, to the last unit; the first mismatch of a
//! failing one is shown with its step, what was expected and what came out. A vector that cannot
//! be interpreted (an unknown kind, a missing field) has failed: nothing is skipped.

mod compare;
mod gammaswap;
mod kuma;
mod kyan;
mod perennial;
mod tsunamix;

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

pub(crate) use compare::Mismatch;

use crate::output::say;

/// The venues whose vectors can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// TsunamiX V2: liquidation prices, predicates, settlement, fees, limits.
    Tsunamix,
    /// Perennial V1: traces of the contracts, every field after every step.
    Perennial,
    /// GammaSwap V1: liquidation calls of both generations of the contracts, the whole state.
    Gammaswap,
    /// Kuma: every liquidation and deleveraging call, hand-offs of signed orders, the arithmetic.
    Kuma,
    /// Kyan: margins, hedges, decompositions, auctions, bankruptcies; Derive's published numbers.
    Kyan,
}

/// What `--help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  plimsoll conform tsunamix tsunamix.json
  plimsoll conform perennial perennial.json perennial_random.json.gz";

/// Options of `plimsoll conform`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Whose rules the vectors speak.
    venue: Language,
    /// Vector files, plain JSON or gzipped.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print every vector's verdict as one JSON object a line, and the totals as the last one.
    #[arg(long)]
    json: bool,
}

/// How one vector fared.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    /// File it came from.
    file: String,
    /// Its id or name.
    vector: String,
    /// The first thing that differed.
    #[serde(skip_serializing_if = "Option::is_none")]
    mismatch: Option<Mismatch>,
}

/// Runs the vectors; true when all passed.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let mut passed = 0u64;
    let mut failed = 0u64;
    for file in &options.files {
        for verdict in run_file(options.venue, file) {
            if verdict.mismatch.is_some() {
                failed += 1;
            } else {
                passed += 1;
            }
            report(&verdict, options.json)?;
        }
    }
    if options.json {
        say!(
            "{}",
            serde_json::json!({ "passed": passed, "failed": failed })
        );
    } else {
        say!("{passed} passed, {failed} failed");
    }
    Ok(failed == 0)
}

fn report(verdict: &Verdict, json: bool) -> anyhow::Result<()> {
    if json {
        say!("{}", serde_json::to_string(verdict)?);
        return Ok(());
    }
    if let Some(mismatch) = &verdict.mismatch {
        say!("FAILED {} in {}\n{mismatch}", verdict.vector, verdict.file);
    }
    Ok(())
}

/// How a vector fared, under its name.
type Checked = (String, Result<(), Mismatch>);

/// The verdicts of a file; a file that cannot be read is one failed vector.
fn run_file(venue: Language, file: &Path) -> Vec<Verdict> {
    let checked = read(file).and_then(|document| check(venue, &document));
    let checked = checked.unwrap_or_else(|why| {
        let label = "(the file)".to_owned();
        vec![(label, Err(Mismatch::unusable(why)))]
    });
    let verdict = |(vector, outcome): Checked| Verdict {
        file: file.display().to_string(),
        vector,
        mismatch: outcome.err(),
    };
    checked.into_iter().map(verdict).collect()
}

/// Runs the vectors of a document.
fn check(venue: Language, document: &Value) -> Result<Vec<Checked>, String> {
    let one: &dyn Fn(&Value) -> Result<(), Mismatch> = match venue {
        Language::Tsunamix => &tsunamix::run,
        Language::Perennial => &perennial::run,
        Language::Gammaswap => &|vector| gammaswap::run(vector, document.get("header")),
        Language::Kyan => &|vector| kyan::run(vector, document),
        // Sections instead of one list.
        Language::Kuma => return kuma::run(document),
    };
    let Some(vectors) = document.get("vectors").and_then(Value::as_array) else {
        return Err("there is no list called \"vectors\" in it".to_owned());
    };
    if vectors.is_empty() {
        return Err("its list of vectors is empty".to_owned());
    }
    let labelled = |vector: &Value| {
        let label = vector
            .get("id")
            .or_else(|| vector.get("name"))
            .and_then(Value::as_str)
            .unwrap_or("(without id or name)");
        (label.to_owned(), one(vector))
    };
    Ok(vectors.iter().map(labelled).collect())
}

fn read(file: &Path) -> Result<Value, String> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|mut f| f.read_to_end(&mut bytes))
        .map_err(|e| format!("cannot read it: {e}"))?;
    // Gzip by its magic number, whatever the file is called.
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(bytes.as_slice())
            .read_to_end(&mut plain)
            .map_err(|e| format!("cannot unpack it: {e}"))?;
        bytes = plain;
    }
    serde_json::from_slice(&bytes).map_err(|e| format!("it is not JSON: {e}"))
}

//! Designs as data: how a venue liquidates, in a file.
//!
//! A [`Design`] names the margin model, the trigger, the lock, the procedure (ordered stages with
//! parameters), the backstops and the limits. [`Design::venue`] makes the one venue of a
//! comparison of it: the exact machine of one of the five venues with the design's parameters.
//! The presets are such files, in `assets/designs`, each readable beside its venue's page.
//!
//! Invariants: what the file says is what runs, or the file is refused; what does not fit together
//! is refused when it is read, with the reason, line and column; a preset's file comes to the very
//! parameters of the preset. docs/DESIGNS.md has every key.

mod composed;
mod exact;
mod keys;
mod misfits;
mod places;
mod stage;
mod terms;
mod together;
mod venue;

pub use keys::Machine;
pub use stage::{CapTerms, PortionTerms, RepaymentTerms, StageName, StageTerms, WhoseTerms};
pub use terms::{
    AcquirerTerms, BackstopTerms, Design, FundTerms, LimitTerms, LockTerms, MarginTerms,
    MarketMargin, MarketMove, Model, MoveTerms, Page, Scope, TriggerTerms, VaultTerms,
};

pub use venue::Backing;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::scenario::{Finding, misread};
use places::Places;

/// The largest design file that is read, bytes.
const FILE_MAX: u64 = 1 << 20;

/// The designs that come with the program, by name: the five venues, their variants, our own.
const PRESETS: [(&str, &str); 14] = [
    (
        "tsunamix",
        include_str!("../../assets/designs/tsunamix.toml"),
    ),
    (
        "perennial",
        include_str!("../../assets/designs/perennial.toml"),
    ),
    (
        "gammaswap",
        include_str!("../../assets/designs/gammaswap.toml"),
    ),
    ("kuma", include_str!("../../assets/designs/kuma.toml")),
    ("kyan", include_str!("../../assets/designs/kyan.toml")),
    (
        "perennial-plus",
        include_str!("../../assets/designs/perennial-plus.toml"),
    ),
    (
        "gammaswap-v1.2",
        include_str!("../../assets/designs/gammaswap-v1.2.toml"),
    ),
    (
        "kuma-plus",
        include_str!("../../assets/designs/kuma-plus.toml"),
    ),
    (
        "kyan-derive",
        include_str!("../../assets/designs/kyan-derive.toml"),
    ),
    (
        "plimsoll",
        include_str!("../../assets/designs/plimsoll.toml"),
    ),
    ("classic", include_str!("../../assets/designs/classic.toml")),
    (
        "portfolio-partners",
        include_str!("../../assets/designs/portfolio-partners.toml"),
    ),
    (
        "vault-inherits",
        include_str!("../../assets/designs/vault-inherits.toml"),
    ),
    (
        "auction-only",
        include_str!("../../assets/designs/auction-only.toml"),
    ),
];

/// A commented design to begin with.
pub const STARTER: &str = include_str!("../../assets/starter/design.toml");

/// Why a design cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DesignError {
    /// The file cannot be read.
    #[error("cannot read the design {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Neither a bundled design nor a file.
    #[error("there is no design {name:?}, and no such file; designs are {known}, or a path")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The file has mistakes.
    #[error("{}", told(.file, .findings))]
    Wrong {
        /// File name, or `(bundled) NAME`.
        file: String,
        /// Every mistake, in the order of lines.
        findings: Vec<Finding>,
    },
    /// The design cannot run with this scenario.
    #[error("the design {design:?} cannot run here: {why}")]
    Here {
        /// Its name.
        design: String,
        /// Why.
        why: String,
    },
}

fn told(file: &str, findings: &[Finding]) -> String {
    let mut text = format!("the design {file} cannot run:");
    for finding in findings {
        let message = finding.message.trim_end();
        let _ = write!(
            text,
            "\n{file}:{}:{}: {message}",
            finding.line, finding.column
        );
    }
    text
}

/// A file: one table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    design: Design,
}

/// Every key that some machine has, as `section.key` or `stage.key`, with the machine.
pub fn keys() -> impl Iterator<Item = (&'static str, Machine)> {
    keys::KEYS
        .iter()
        .map(|(path, machine, _)| (*path, *machine))
}

/// The names of the designs that come with the program.
pub fn presets() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The text of a design that comes with the program, those of the lessons included, as its file
/// has it.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    PRESETS
        .iter()
        .chain(&crate::lessons::DESIGNS)
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// A design that comes with the program.
///
/// # Errors
/// [`DesignError::Unknown`].
pub fn named(name: &str) -> Result<Design, DesignError> {
    let Some(text) = text(name) else {
        let known: Vec<&str> = presets().collect();
        return Err(DesignError::Unknown {
            name: name.to_owned(),
            known: known.join(", "),
        });
    };
    parse(&format!("(bundled) {name}"), text)
}

/// A design by its name, or by the path of its file, relative to `base`: what has a slash or ends
/// in `.toml` is a path.
///
/// # Errors
/// [`DesignError`] as its variants say.
pub fn load(name_or_path: &str, base: &Path) -> Result<Design, DesignError> {
    if !is_path(name_or_path) {
        return named(name_or_path);
    }
    let path = base.join(name_or_path);
    parse(&path.display().to_string(), &read(&path)?)
}

/// Whether an entry of a scenario's `designs` is a path and not a name.
#[must_use]
pub fn is_path(name_or_path: &str) -> bool {
    name_or_path.contains(['/', '\\']) || name_or_path.ends_with(".toml")
}

fn read(path: &Path) -> Result<String, DesignError> {
    let failed = |source| DesignError::Read {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > FILE_MAX {
        let why = format!("{size} bytes are more than {FILE_MAX}");
        return Err(failed(std::io::Error::other(why)));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// Reads a design from text; `file` is for messages.
///
/// # Errors
/// [`DesignError::Wrong`] with every mistake.
pub fn parse(file: &str, text: &str) -> Result<Design, DesignError> {
    read_text(text).map_err(|findings| DesignError::Wrong {
        file: file.to_owned(),
        findings,
    })
}

/// Whether a text is a design file and not a scenario: it has a table `design` and no markets.
pub(crate) fn is_design(text: &str) -> bool {
    let Ok(root) = toml::de::DeTable::parse(text) else {
        return false;
    };
    let has = |wanted: &str| root.get_ref().keys().any(|key| key.get_ref() == wanted);
    has("design") && !has("markets")
}

/// Everything wrong with the text of a design file, in the order of its lines.
pub(crate) fn findings(text: &str) -> Vec<Finding> {
    read_text(text).err().unwrap_or_default()
}

/// Everything wrong with a design file, in the order of its lines; nothing where it can run.
///
/// # Errors
/// [`DesignError::Read`].
pub fn diagnose(path: &Path) -> Result<Vec<Finding>, DesignError> {
    Ok(findings(&read(path)?))
}

fn read_text(text: &str) -> Result<Design, Vec<Finding>> {
    let file: File = toml::from_str(text).map_err(|_| misread::<File>(text))?;
    let mut design = file.design;
    let places = Places::of(text);
    let mut found = Vec::new();
    if !design.procedure.is_empty() && !design.stages.is_empty() {
        let why = "use either `procedure` or [[design.stages]]".to_owned();
        found.push(places.finding("procedure", why));
    } else if !design.procedure.is_empty() {
        let names = std::mem::take(&mut design.procedure);
        design.stages = names.into_iter().map(StageTerms::of).collect();
    }
    if design.title.is_empty() {
        design.title.clone_from(&design.name);
    }
    for misfit in misfits::of(&design) {
        // The short form has its stages elsewhere.
        let at = match misfit.at.strip_prefix("stages.") {
            Some(rest) if !places.has("stages") => format!("procedure.{rest}"),
            _ => misfit.at,
        };
        found.push(places.finding(&at, misfit.why));
    }
    if found.is_empty() {
        return Ok(design);
    }
    found.sort_by_key(|finding| (finding.line, finding.column));
    found.dedup();
    Err(found)
}

impl Design {
    /// The first thing that does not fit, in a sentence.
    ///
    /// # Errors
    /// That sentence.
    pub fn check(&self) -> Result<(), String> {
        let first = misfits::of(self).into_iter().next();
        first.map_or(Ok(()), |misfit| Err(misfit.why))
    }

    /// The design as a file, every stage written out.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let file = File {
            design: self.clone(),
        };
        toml::to_string_pretty(&file).unwrap_or_else(|e| format!("# cannot be written: {e}"))
    }
}

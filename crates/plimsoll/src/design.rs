//! `plimsoll design`: the designs there are, one to read, one to begin with, one to check.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use plimsoll_sim::design;
use serde_json::json;

use crate::output::{say, write};

/// What `--help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  plimsoll design list                       every design that comes with the program
  plimsoll design show kuma                  its file, beside the venue's page
  plimsoll design new --out mine.toml        one of your own to begin with, commented
  plimsoll design check mine.toml            every mistake with line and column
  plimsoll compare --designs kuma,mine.toml  the two through the same crash

Every key is in docs/DESIGNS.md.";

/// Options of `plimsoll design`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The designs that come with the program.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a design as it is read.
    Show {
        /// Its name, or the path of its file.
        design: String,
        /// As it runs, every stage written out, without the comments.
        #[arg(long)]
        plain: bool,
    },
    /// Look for mistakes: unknown keys, values out of bounds, what does not fit together.
    ///
    /// Exit code 0: it can run. 1: it cannot, and each mistake is told with line and column. 2: the
    /// file cannot be read.
    Check {
        /// The design file.
        file: PathBuf,
        /// Print the verdict as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a commented design to begin with.
    New {
        /// Begin with the design of this name instead.
        #[arg(long, value_name = "NAME")]
        from: Option<String>,
        /// Write this new file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// True unless the design has mistakes.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    match &options.command {
        Command::List { json } => list(*json),
        Command::Show { design, plain } => show(design, *plain),
        Command::Check { file, json } => {
            let found = design::diagnose(file)?;
            Ok(crate::scenario::verdict(file, &found, *json)?)
        }
        Command::New { from, out } => new(from.as_deref(), out.as_deref()),
    }
}

fn list(json: bool) -> anyhow::Result<bool> {
    let designs: Result<Vec<_>, _> = design::presets().map(design::named).collect();
    let designs = designs?;
    if json {
        let row = |d: &design::Design| json!({ "name": d.name, "title": d.title, "rules": d.rules.name(), "about": d.about });
        let rows: Vec<_> = designs.iter().map(row).collect();
        say!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(true);
    }
    let widest = designs.iter().map(|d| d.name.len()).max().unwrap_or(0);
    for design in &designs {
        let steps: Vec<&str> = design.stages.iter().map(|s| s.stage.name()).collect();
        let (name, title) = (&design.name, &design.title);
        let model = design.margin.model.name();
        say!("{name:widest$}  {title}");
        say!("{:widest$}  {model}: {}", "", steps.join(", "));
    }
    Ok(true)
}

fn show(name: &str, plain: bool) -> anyhow::Result<bool> {
    let design = design::load(name, Path::new(""))?;
    let text = if plain {
        design.to_toml()
    } else if let Some(text) = design::text(name) {
        text.to_owned()
    } else {
        std::fs::read_to_string(name).with_context(|| format!("cannot read {name}"))?
    };
    write(format_args!("{text}"));
    Ok(true)
}

fn new(from: Option<&str>, out: Option<&Path>) -> anyhow::Result<bool> {
    let text = match from {
        None => design::STARTER,
        Some(name) => {
            design::named(name)?;
            design::text(name).unwrap_or_default()
        }
    };
    let Some(out) = out else {
        write(format_args!("{text}"));
        return Ok(true);
    };
    if out.exists() {
        bail!("{} exists already", out.display());
    }
    std::fs::write(out, text).with_context(|| format!("cannot write {}", out.display()))?;
    say!("written to {}", out.display());
    Ok(true)
}

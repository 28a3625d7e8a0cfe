//! `plimsoll compare`: one crash through every design, side by side.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, bail};
use plimsoll_sim::compare::{self, Comparison, Step, definitions};
use plimsoll_sim::scenario::{BUNDLED_COMPARISON, Scenario};

use crate::output::say;
use crate::progress;

/// What `--help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  plimsoll compare                                   the bundled crash, every design, into out/
  plimsoll compare --designs kuma,kuma-plus          two of them
  plimsoll compare --designs kuma,mine.toml          one of your own beside it (docs/DESIGNS.md)
  plimsoll compare --stress scale=1.5                the crash, half as large again
  plimsoll compare --stress freeze=2025-10-10T21:00:00Z,10m
                                                     no oracle for ten minutes of it
  plimsoll compare --prices KLINES --traders 20000   the same people through real bars
  plimsoll compare --define                          what every measure means
  plimsoll compare --show-scenario > mine.toml       a comparison to change, every default in it
  plimsoll compare --show-replay kuma > kuma.toml    one design of it, for plimsoll replay and explain

Prices, people and street are those of the scenario; a design is data (docs/DESIGNS.md). How the same
trader stands on each kind of venue is told in docs/COMPARE.md and under the table.

Exit code 0: every design ran. 1: some could not, and the reason is told. 2: nothing could be compared.";

/// Options of `plimsoll compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A scenario file with `designs`, or a bundled one by name; the bundled crash of 10 October
    /// 2025 where left out.
    scenario: Option<PathBuf>,
    /// The designs to compare, instead of the scenario's: names, or paths of design files.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    designs: Vec<String>,
    /// Real prices instead of the scenario's: a Binance kline file (.csv, .csv.gz, .zip) or a
    /// directory of them.
    #[arg(long, value_name = "PATH")]
    prices: Option<PathBuf>,
    /// Market data beside prices: a directory with accounts in positions/ and chains of options in
    /// options/, or one of these.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How many traders, instead of the scenario's number; what stands ready grows with it.
    #[arg(long, visible_alias = "accounts", value_name = "N")]
    traders: Option<u32>,
    /// Seed of every random choice, instead of the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A stress on top of the scenario's: scale=1.5, correlate=BTCUSDT,0.5, gap=TIME,-0.1,
    /// freeze=TIME,10m, delay=30s, partners=TIME or partners=TIME,1h, liquidators in the same two
    /// ways, liquidity=TIME,0.5, books=TIME,0.1,3 or books=TIME,0.1,3,1h. May be given several
    /// times.
    #[arg(long, value_name = "KIND=VALUES")]
    stress: Vec<String>,
    /// Where compare.html, compare.csv and compare.json go.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// How many designs at a time; one per core where left out. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print the comparison as JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Tell what every measure means, and stop.
    #[arg(long)]
    define: bool,
    /// Print the scenario as it would run, every default written out, and stop.
    #[arg(long)]
    show_scenario: bool,
    /// Print one design's part as a scenario of its own, and stop: `plimsoll replay` runs it,
    /// records it with --journal, and `plimsoll explain` tells its cases.
    #[arg(long, value_name = "DESIGN")]
    show_replay: Option<String>,
}

/// Runs the comparison; true when every design ran.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    if options.define {
        define();
        return Ok(true);
    }
    let scenario = scenario(options)?;
    if options.show_scenario {
        crate::output::write(format_args!("{}", scenario.to_toml()));
        return Ok(true);
    }
    if let Some(design) = &options.show_replay {
        let alone = compare::alone(&scenario, design).map_err(anyhow::Error::msg)?;
        crate::output::write(format_args!("{}", alone.to_toml()));
        return Ok(true);
    }
    // Before the work, not after it.
    std::fs::create_dir_all(&options.out)
        .with_context(|| format!("cannot make {}", options.out.display()))?;
    let started = Instant::now();
    let comparison = drive(&scenario, options)?;
    let took = started.elapsed();
    write(&comparison, &options.out)?;
    let fine = comparison.failed.is_empty();
    if options.json {
        say!("{}", serde_json::to_string_pretty(&comparison)?);
        return Ok(fine);
    }
    show(&comparison);
    let each = |of: fn(&compare::Outcome) -> u64| comparison.outcomes.iter().map(of).sum::<u64>();
    say!(
        "{} designs, {} commands accepted, {} events, in {:.1} s",
        comparison.outcomes.len(),
        each(|outcome| outcome.commands),
        each(|outcome| outcome.events),
        took.as_secs_f64()
    );
    say!("page        {}", options.out.join("compare.html").display());
    say!(
        "tables      {}, {}",
        options.out.join("compare.csv").display(),
        options.out.join("compare.json").display()
    );
    say!("measures    plimsoll compare --define");
    Ok(fine)
}

fn show(comparison: &Comparison) {
    say!("{}", comparison.name);
    for stressed in &comparison.stresses {
        say!("Stress: {}", stressed.text);
    }
    say!("{}", compare::text(comparison));
    say!("The same people:");
    for line in &comparison.matching {
        say!("  {line}");
    }
    if let Some(lesson) = &comparison.lesson {
        say!("Lesson: {lesson}");
    }
}

fn define() {
    for definition in definitions() {
        say!("{}\n    {}", definition.label, definition.text);
    }
}

fn drive(scenario: &Scenario, options: &Options) -> anyhow::Result<Comparison> {
    let bar = progress::ticks();
    let designs = scenario.designs.len();
    let steps = Mutex::new(vec![(0usize, 0usize); designs]);
    let told = |step: Step| {
        // A thread that panicked while it told has told all the same.
        let mut steps = steps
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(own) = steps.get_mut(step.design) {
            *own = (step.done, step.total);
        }
        let done: usize = steps.iter().map(|(done, _)| done).sum();
        bar.set_length((step.total * designs) as u64);
        bar.set_position(done as u64);
    };
    let threads = options.threads.map(usize::from);
    let comparison = compare::compare(scenario, threads, &told);
    bar.finish_and_clear();
    Ok(comparison?)
}

fn scenario(options: &Options) -> anyhow::Result<Scenario> {
    let mut scenario = match &options.scenario {
        None => Scenario::parse("(bundled) compare", BUNDLED_COMPARISON)?,
        Some(path) => crate::replay::named(path)?,
    };
    if scenario.designs.is_empty() && options.designs.is_empty() {
        bail!(
            "the scenario {:?} has no `designs` to compare: run it with `plimsoll replay`, or name \
             some with --designs",
            scenario.name
        );
    }
    if !options.designs.is_empty() {
        // Paths of the command line are relative to where it runs, as they are.
        scenario.designs.clone_from(&options.designs);
    }
    if let Some(prices) = &options.prices {
        if !prices.exists() {
            bail!("there is no file or directory {}", prices.display());
        }
        scenario.prices.source = prices.display().to_string();
    }
    if let Some(data) = &options.data {
        if !data.is_dir() {
            bail!("there is no directory {}", data.display());
        }
        scenario.use_data(data)?;
    }
    if let Some(traders) = options.traders {
        scenario.scale_people(traders);
    }
    if let Some(seed) = options.seed {
        scenario.seed = seed;
    }
    for text in &options.stress {
        scenario.stress.push(crate::stress::read(text)?);
    }
    scenario.check("with the options of the command line")?;
    Ok(scenario)
}

fn write(comparison: &Comparison, out: &Path) -> anyhow::Result<()> {
    let page = out.join("compare.html");
    std::fs::write(&page, compare::page::render(comparison))
        .with_context(|| format!("cannot write {}", page.display()))?;
    let create = |name: &str| {
        let path = out.join(name);
        File::create(&path).with_context(|| format!("cannot write {}", path.display()))
    };
    compare::csv(comparison, BufWriter::new(create("compare.csv")?))?;
    let json = BufWriter::new(create("compare.json")?);
    serde_json::to_writer_pretty(json, comparison)?;
    Ok(())
}

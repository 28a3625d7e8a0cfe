//! `plimsoll replay`: a scenario through the engine, with a summary and a report.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use plimsoll_engine::{Command, Config, Engine};
use plimsoll_journal::commands::Recorder;
use plimsoll_journal::{Bounds, Hash, Journal, JournalError, RedbLog};
use plimsoll_sim::replay::{CommandSink, Replay, SinkError};
use plimsoll_sim::report;
use plimsoll_sim::results::Results;
use plimsoll_sim::scenario::Scenario;

use crate::output::say;
use crate::progress;

/// Commands between two recorded hashes of the state.
const CHECKPOINT_EVERY: u64 = 100_000;

/// What `--help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  plimsoll replay                                    the bundled crash, into out/
  plimsoll replay --prices KLINES --accounts 100000  the same people through real bars
  plimsoll replay gammaswap-2021                     loans of a pool's liquidity through 2021
  plimsoll replay kuma-2025-10                       cross margin, with and without partners
  plimsoll replay kyan-2026-02                       option portfolios, two kinds of auction
  plimsoll replay --show-scenario > mine.toml        a scenario to change, every default in it
  plimsoll replay mine.toml --journal mine.journal   recorded, for explain and verify";

/// Options of `plimsoll replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A scenario file, or a bundled scenario by name: october-2025 (where left out),
    /// gammaswap-2021, kuma-2025-10 or kyan-2026-02.
    scenario: Option<PathBuf>,
    /// Real prices instead of the scenario's: a Binance kline file (.csv, .csv.gz, .zip) or a
    /// directory of them; for loans of liquidity, the history of a pool (.csv).
    #[arg(long, value_name = "PATH")]
    prices: Option<PathBuf>,
    /// Market data beside prices, for the venues that use it: a directory with accounts in
    /// positions/, books in orderbook/, funding rates in funding/, chains of options in options/,
    /// or some of these.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where report.html, liquidations.csv and the like go.
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// Record every command in this new file, for `plimsoll explain` and `plimsoll verify`.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Traders per venue, instead of the scenario's number; liquidity scales with it.
    #[arg(long, value_name = "N")]
    accounts: Option<u32>,
    /// Seed of every random choice, instead of the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print the scenario as it would run, every default written out, and stop.
    #[arg(long)]
    show_scenario: bool,
    /// Print the results as JSON instead of the summary table.
    #[arg(long)]
    json: bool,
}

/// Runs the scenario; true unless something stops it.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let scenario = scenario(options)?;
    if options.show_scenario {
        crate::output::write(format_args!("{}", scenario.to_toml()));
        return Ok(true);
    }
    let started = Instant::now();
    let replay = Replay::prepare(scenario)?;
    // Before the work, not after it.
    std::fs::create_dir_all(&options.out)
        .with_context(|| format!("cannot make {}", options.out.display()))?;
    let results = match &options.journal {
        None => drive(replay, &mut ())?,
        Some(path) => {
            let mut sink = JournalSink::create(path, replay.config())?;
            drive(replay, &mut sink)?
        }
    };
    let took = started.elapsed();
    let report = write(&results, &options.out)?;
    if options.json {
        say!("{}", serde_json::to_string_pretty(&results)?);
        return Ok(true);
    }
    say!("{}", report::summary(&results));
    let compared = report::compared(&results).into_iter();
    for sentence in compared.chain(report::side_by_side(&results)) {
        say!("{sentence}");
    }
    for stress in report::stresses(&results) {
        say!("{stress}");
    }
    say!("state hash  {}", results.state_hash);
    say!(
        "commands    {} accepted, {} events, in {:.1} s",
        results.commands,
        results.events,
        took.as_secs_f64()
    );
    say!("report      {}", report.display());
    say!(
        "details     {}",
        options.out.join("liquidations.csv").display()
    );
    if let Some(journal) = &options.journal {
        say!(
            "journal     {} (plimsoll verify, plimsoll explain)",
            journal.display()
        );
    }
    Ok(true)
}

/// A file, or where there is none, the bundled scenario of that name.
pub(crate) fn named(path: &Path) -> anyhow::Result<Scenario> {
    if !path.exists()
        && let Some(name) = path.to_str()
        && let Some(bundled) = Scenario::bundled_as(name)?
    {
        return Ok(bundled);
    }
    Ok(Scenario::load(path)?)
}

fn scenario(options: &Options) -> anyhow::Result<Scenario> {
    let mut scenario = match &options.scenario {
        None => Scenario::bundled()?,
        Some(path) => named(path)?,
    };
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
    if let Some(accounts) = options.accounts {
        scale(&mut scenario, accounts)?;
    }
    if let Some(seed) = options.seed {
        scenario.seed = seed;
    }
    if !scenario.designs.is_empty() {
        bail!(
            "the scenario {:?} compares designs: run it with `plimsoll compare`",
            scenario.name
        );
    }
    scenario.check("with the options of the command line")?;
    Ok(scenario)
}

/// Gives every venue this many traders, and liquidity in proportion.
pub(crate) fn scale(scenario: &mut Scenario, accounts: u32) -> anyhow::Result<()> {
    scenario.scale_people(accounts);
    for venue in &mut scenario.venues {
        if let Some(file) = &venue.population.file {
            bail!(
                "--accounts cannot change venue {:?}: its traders are those of {}",
                venue.name,
                file.display()
            );
        }
        venue.scale_to(accounts);
    }
    Ok(())
}

fn drive(replay: Replay, sink: &mut dyn CommandSink) -> anyhow::Result<Results> {
    let bar = progress::ticks();
    let results = replay.run(sink, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    Ok(results?)
}

fn write(results: &Results, out: &Path) -> anyhow::Result<PathBuf> {
    let report = out.join("report.html");
    std::fs::write(&report, report::html(results))
        .with_context(|| format!("cannot write {}", report.display()))?;
    write_csv(&out.join("liquidations.csv"), |file| {
        report::csv(results, file)
    })?;
    if results.venues.iter().any(|venue| venue.waterfall.is_some()) {
        write_csv(&out.join("waterfall.csv"), |file| {
            report::waterfall_csv(results, file)
        })?;
    }
    if results.venues.iter().any(|venue| venue.episodes.is_some()) {
        write_csv(&out.join("steps.csv"), |file| {
            report::steps_csv(results, file)
        })?;
    }
    Ok(report)
}

fn write_csv(
    path: &Path,
    rows: impl FnOnce(BufWriter<File>) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let file = File::create(path);
    file.and_then(|file| rows(BufWriter::new(file)))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Records a replay in a file. Batches are made durable as they fill; the last at the end.
#[derive(Debug)]
struct JournalSink {
    recorder: Recorder<RedbLog>,
    since_checkpoint: u64,
}

impl JournalSink {
    fn create(path: &Path, config: &Config) -> anyhow::Result<Self> {
        if path.exists() {
            bail!(
                "{} exists already; a replay begins a new journal",
                path.display()
            );
        }
        let log = RedbLog::create(path)?;
        let journal = Journal::open(log, Bounds::default())?;
        Ok(Self {
            recorder: Recorder::begin(journal, config)?,
            since_checkpoint: 0,
        })
    }
}

fn sink_error(error: impl std::fmt::Display) -> SinkError {
    SinkError(error.to_string())
}

impl CommandSink for JournalSink {
    fn record(&mut self, command: &Command) -> Result<(), SinkError> {
        self.recorder.command(command).map(drop).map_err(sink_error)
    }

    fn applied(&mut self, engine: &Engine) -> Result<(), SinkError> {
        self.since_checkpoint += 1;
        if self.since_checkpoint < CHECKPOINT_EVERY {
            return Ok(());
        }
        self.since_checkpoint = 0;
        self.recorder
            .checkpoint(engine)
            .map(drop)
            .map_err(sink_error)
    }

    fn finish(&mut self, engine: &Engine) -> Result<(), SinkError> {
        self.recorder.checkpoint(engine).map_err(sink_error)?;
        let state = engine.snapshot().map_err(sink_error)?;
        let journal = self.recorder.journal();
        match journal.store_snapshot(Hash(engine.state_hash().0), state) {
            // The records are the truth; a snapshot only saves time, and one that is too large to
            // store saves none.
            Err(JournalError::SnapshotTooLarge { .. }) => journal.commit().map(drop),
            stored => stored.map(drop),
        }
        .map_err(sink_error)
    }
}

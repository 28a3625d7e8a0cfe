//! `plimsoll sweep`: one scenario many times, with parameters, seeds and prices that differ.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use plimsoll_sim::scenario::Scenario;
use plimsoll_sim::sweep::{self, Axis, Cell, Plan, Store, Table};
use serde_json::{Map, Value, json};

use crate::output::say;
use crate::{progress, replay};

/// What `--help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  plimsoll sweep --seeds 100 --accounts 500
      the bundled crash a hundred times: how large a fund covers 99 % of the runs?
  plimsoll sweep --vary 'venues.perennial.perennial.maintenance=0.03..0.10 step 0.01' --seeds 20
      a parameter over a range; entries of a list by place, name or preset
  plimsoll sweep --vary 'venues.*.liquidators.fast.delay=2s,30s,5m' --windows PRICES
      a list of values for all venues, through every directory of price files in PRICES
  plimsoll sweep kuma-2025-10 --vary 'venues.*.kuma.insurance_fund=1000000,3000000,10000000'
      what another fund changes, once for every size
  plimsoll sweep mine.toml --vary 'designs.kuma.margin.maintenance=0.03,0.04' --seeds 100
      a comparison (a scenario with `designs`) many times: a row per design
  plimsoll sweep mine.toml --vary people.leverage_max=2,3,4.8 --vary street.backstop=0.01,0.05
      what all of its designs share

A sweep that was stopped goes on when it is started again with the same --out.";

/// Options of `plimsoll sweep`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A scenario file, or a bundled scenario by name: october-2025 (where left out),
    /// gammaswap-2021, kuma-2025-10 or kyan-2026-02.
    scenario: Option<PathBuf>,
    /// A parameter of the scenario and its values: a list (a,b,c) or a range (FROM..TO step STEP).
    /// Several give every combination.
    #[arg(long, value_name = "PATH=VALUES")]
    vary: Vec<String>,
    /// How many seeds: the scenario's own and those that follow.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u32,
    /// The first seed, instead of the scenario's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Price windows: every directory of price files in this directory, and every price file
    /// directly in it. What the scenario says in dates does not count then.
    #[arg(long, value_name = "DIR")]
    windows: Option<PathBuf>,
    /// Traders per venue, instead of the scenario's number; liquidity scales with it.
    #[arg(long, value_name = "N")]
    accounts: Option<u32>,
    /// Where the results go: runs and summary as CSV and Parquet, sweep.html, and the finished
    /// runs to go on from.
    #[arg(long, value_name = "DIR", default_value = "out/sweep")]
    out: PathBuf,
    /// How many runs at a time; one per core where left out. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the sweep; true unless something stops it.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let scenario = scenario(options)?;
    let axes = options.vary.iter().map(|text| Axis::parse(text));
    let axes = axes.collect::<Result<Vec<_>, _>>()?;
    let plan = Plan::new(&scenario, axes, options.seeds, options.windows.as_deref())?;
    for (name, why) in &plan.left_out {
        eprintln!("left out: window {name}: {why}");
    }
    let store = Store::open(&options.out, &plan)?;
    let before = store.done().len();
    if before > 0 {
        eprintln!("going on: {before} of {} runs are there", plan.runs());
    }
    let started = Instant::now();
    let bar = progress::runs(plan.runs() as u64);
    let threads = options.threads.map(usize::from);
    let runs = sweep::run(&plan, &store, threads, &|done, _| {
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let runs = runs?;
    let took = started.elapsed().as_secs_f64();
    let points = sweep::point_losses(&plan, &runs);
    let summary = sweep::summary(&plan, &points);
    write(&options.out, "runs", &sweep::rows(&plan, &runs))?;
    write(&options.out, "summary", &summary)?;
    let page = options.out.join("sweep.html");
    std::fs::write(&page, sweep::html(&plan, &runs, &points))
        .with_context(|| format!("cannot write {}", page.display()))?;
    if options.json {
        say!(
            "{}",
            serde_json::to_string_pretty(&as_json(&plan, &summary))?
        );
        return Ok(true);
    }
    say!("{}", sweep::text(&plan, &points));
    say!(
        "runs     {} of {} new, in {took:.1} s",
        runs.len() - before,
        runs.len()
    );
    say!("page     {}", page.display());
    say!(
        "tables   {}, {}, and the same as .parquet",
        options.out.join("runs.csv").display(),
        options.out.join("summary.csv").display()
    );
    Ok(true)
}

fn scenario(options: &Options) -> anyhow::Result<Scenario> {
    let mut scenario = match &options.scenario {
        None => Scenario::bundled()?,
        Some(path) => replay::named(path)?,
    };
    if let Some(accounts) = options.accounts {
        replay::scale(&mut scenario, accounts)?;
    }
    if let Some(seed) = options.seed {
        scenario.seed = seed;
    }
    if let Some(windows) = &options.windows
        && !windows.is_dir()
    {
        bail!("there is no directory {}", windows.display());
    }
    scenario.check("with the options of the command line")?;
    Ok(scenario)
}

fn write(out: &Path, name: &str, table: &Table) -> anyhow::Result<()> {
    let create = |ending: &str| {
        let path = out.join(format!("{name}.{ending}"));
        let file = File::create(&path);
        file.with_context(|| format!("cannot write {}", path.display()))
    };
    table.csv(BufWriter::new(create("csv")?))?;
    table.parquet(BufWriter::new(create("parquet")?))?;
    Ok(())
}

/// The summary: exact amounts as text, nothing as null.
fn as_json(plan: &Plan, summary: &Table) -> Value {
    let value = |cell: &Cell| match cell {
        Cell::Text(text) => json!(text),
        Cell::Count(count) => json!(count),
        Cell::Money(money) => json!(money.to_string()),
        Cell::Real(real) => json!(real),
        Cell::None => Value::Null,
    };
    let rows = summary.rows.iter().map(|row| {
        let names = summary.columns.iter().map(|(name, _)| name.clone());
        names.zip(row.iter().map(value)).collect::<Map<_, _>>()
    });
    let left_out = plan.left_out.iter();
    let left_out = left_out.map(|(name, why)| json!({ "window": name, "why": why }));
    json!({
        "scenario": plan.name,
        "runs": plan.runs(),
        "left_out": left_out.collect::<Vec<_>>(),
        "summary": rows.collect::<Vec<_>>(),
    })
}

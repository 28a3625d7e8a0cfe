//! `plimsoll-bench compare` and `plimsoll-bench sweep`: what comparisons and sweeps cost.
//!
//! * `compare [TRADERS]`: the bundled comparison with so many traders (100,000), one design at a
//!   time on one thread: seconds, and comparisons a minute.
//! * `sweep [SEEDS]`: the bundled replay with so many seeds (8), on one thread and on two, and how
//!   many times faster two are. Results are the same, or it stops.

use std::path::{Path, PathBuf};
use std::time::Instant;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use plimsoll_bench::machine;
use plimsoll_sim::compare;
use plimsoll_sim::scenario::{BUNDLED_COMPARISON, Scenario};
use plimsoll_sim::sweep::{self, Plan, Store};

/// Runs `compare` with these arguments.
pub(super) fn compare(arguments: &[String]) {
    let traders = number(arguments, 100_000);
    let mut scenario =
        Scenario::parse("(bundled) compare", BUNDLED_COMPARISON).expect("it is read by a test");
    scenario.scale_people(traders);
    let mut table = table(["design", "seconds", "a minute", "commands", "events"]);
    for design in std::mem::take(&mut scenario.designs) {
        eprintln!("compare: {design}");
        scenario.designs = vec![design.clone()];
        let start = Instant::now();
        let row = match compare::compare(&scenario, Some(1), &|_| ()) {
            Ok(done) => {
                let took = start.elapsed().as_secs_f64();
                let outcome = &done.outcomes[0];
                [
                    design,
                    format!("{took:.1}"),
                    format!("{:.1}", 60.0 / took),
                    outcome.commands.to_string(),
                    outcome.events.to_string(),
                ]
            }
            Err(why) => {
                eprintln!("{design}: {why}");
                [design.as_str(), "failed", "", "", ""].map(str::to_owned)
            }
        };
        table.add_row(row);
    }
    println!("{}, {traders} traders, one thread", machine::processor());
    println!("{table}");
}

/// Runs `sweep` with these arguments.
pub(super) fn sweep(arguments: &[String]) {
    let seeds = number(arguments, 8);
    let scenario = Scenario::bundled().expect("it is read by a test");
    let plan = Plan::new(&scenario, Vec::new(), seeds, None).expect("the bundled scenario sweeps");
    let mut times = Vec::new();
    let mut rows = Vec::new();
    for threads in [1, 2] {
        eprintln!("sweep: {seeds} runs on {threads}");
        let directory = fresh(threads);
        let store = Store::open(&directory, &plan).expect("a new directory takes a plan");
        let start = Instant::now();
        let runs = sweep::run(&plan, &store, Some(threads), &|_, _| ()).expect("it runs");
        times.push(start.elapsed().as_secs_f64());
        rows.push(sweep::rows(&plan, &runs));
        drop(store);
        remove(&directory);
    }
    assert_eq!(rows[0], rows[1], "two threads came to something else");
    println!("{}", machine::processor());
    println!(
        "{seeds} runs of {:?}: {:.1} s on one thread, {:.1} s on two, {:.2} times as fast",
        scenario.name,
        times[0],
        times[1],
        times[0] / times[1]
    );
}

fn fresh(threads: usize) -> PathBuf {
    let name = format!("plimsoll-bench-sweep-{}-{threads}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    remove(&directory);
    directory
}

fn remove(directory: &Path) {
    if directory.exists() {
        std::fs::remove_dir_all(directory).expect("it is ours");
    }
}

fn number(arguments: &[String], otherwise: u32) -> u32 {
    let Some(text) = arguments.first() else {
        return otherwise;
    };
    text.parse().unwrap_or_else(|_| {
        eprintln!("{text:?} is no number");
        std::process::exit(2)
    })
}

fn table(header: [&str; 5]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

//! Every aim of the engine's speed in one table: `cargo run --release -p plimsoll-bench`.
//!
//! `cascade` runs one gap alone, for `scripts/cascade.sh`: see `cascade_command`. `compare` and
//! `sweep` time comparisons and sweeps: see `compare_command`.
//!
//! `--quick` runs a hundredth of everything, to see that it runs. `PLIMSOLL_BENCH_DIR` says where
//! the durable journals are written. What the rows mean: docs/BENCHMARKS.md.

mod book_rows;
mod cascade_command;
mod cascade_rows;
mod compare_command;
mod options_rows;
mod wallets_table;

use std::time::{Duration, Instant};

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use plimsoll_bench::machine::{self, Share};
use plimsoll_bench::path::{self, CRASH_UPDATES};
use plimsoll_bench::peer::Peer;
use plimsoll_bench::record::{self, Script, Then};
use plimsoll_bench::run::{self, Cascade, Walk};
use plimsoll_bench::scan::Scan;
use plimsoll_bench::world::{Plan, World};

/// How large everything is.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    accounts: [u32; 2],
    gap_accounts: u32,
    commands: u32,
    book_ops: usize,
    portfolios: u32,
    repeats: usize,
}

const FULL: Sizes = Sizes {
    accounts: [100_000, 1_000_000],
    gap_accounts: 100_000,
    commands: 400_000,
    book_ops: 1_000_000,
    portfolios: 10_000,
    repeats: 5,
};
const QUICK: Sizes = Sizes {
    accounts: [2_000, 10_000],
    gap_accounts: 2_000,
    commands: 4_000,
    book_ops: 20_000,
    portfolios: 200,
    repeats: 1,
};
const CALM_UPDATES: usize = 600;
const SCAN_EVERY: usize = 20;
const GAP_BP: i64 = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = arguments.split_first() {
        match first.as_str() {
            "cascade" => return cascade_command::main(rest),
            "compare" => return compare_command::compare(rest),
            "sweep" => return compare_command::sweep(rest),
            _ => {}
        }
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let sizes = if quick { QUICK } else { FULL };
    let (share, start) = (Share::now(), Instant::now());
    let mut rows = Rows::default();
    // First, while the process has no memory from earlier runs that a gap's events could take.
    gap(&mut rows, &sizes);
    cascade_rows::cascade(&mut rows, sizes.gap_accounts, sizes.repeats);
    for accounts in sizes.accounts {
        watch(&mut rows, accounts, sizes.repeats.min(3));
    }
    options_rows::options(&mut rows, sizes.portfolios, sizes.repeats);
    book_rows::book(&mut rows, 10_000, sizes.book_ops, sizes.repeats);
    wallets_table::wallets(&mut rows, sizes.accounts, sizes.repeats.min(3));
    journal(&mut rows, &sizes);
    println!("{}", machine::processor());
    println!("{}", rows.table);
    let had = Share::now().percent_since(share);
    let had = had.map_or(String::new(), |p| {
        format!(", of which it had a processor for {p} %")
    });
    println!(
        "The measurement took {:.0} s{had}.",
        start.elapsed().as_secs_f64()
    );
}

fn watch(rows: &mut Rows, accounts: u32, repeats: usize) {
    eprintln!("watch: {accounts} accounts in 64 markets");
    let mut world = World::build(&Plan::many_markets(accounts));
    let settle = path::calm(&world, CALM_UPDATES, 1);
    world.follow(&settle);
    rows.heading(&format!("{} accounts, 64 markets", count(accounts.into())));
    let bytes = run::bytes_per_account(&world);
    rows.row(
        "memory per account: watch, ledger, venue",
        format!("{bytes} B"),
        "< 256 B",
        "",
        "",
    );

    let calm = path::calm(&world, CALM_UPDATES, 2);
    let scanned = run::scan_beside(&world, &calm, CALM_UPDATES / 3);
    let calm = middle(repeats, || run::walk(&world, &calm), |w: &Walk| w.total);
    let per = calm.per_update();
    let reached = format!(
        "calm: update that reaches nobody ({}/{})",
        calm.quiet_updates, calm.updates
    );
    rows.row(
        &reached,
        time(calm.quiet),
        "< 1 us",
        &scan(scanned.exact),
        &ratio(scanned.exact, calm.quiet),
    );
    let mean = format!(
        "calm: mean update ({:.1} examined)",
        calm.examined as f64 / f64::from(calm.updates)
    );
    rows.row(
        &mean,
        time(per),
        "",
        &scan(scanned.exact),
        &ratio(scanned.exact, per),
    );

    let fees = path::fees_alone(&world, 24);
    let fees = middle(repeats, || run::walk(&world, &fees), |w: &Walk| w.total);
    let label = format!(
        "examining, by fees alone ({} examined)",
        count(fees.examined)
    );
    rows.row(&label, time(fees.per_examined()), "< 0.5 us", "", "");

    let crash = path::crash(&world, CRASH_UPDATES, 3);
    let scanned = run::scan_beside(&world, &crash, SCAN_EVERY);
    let crash = middle(repeats, || run::walk(&world, &crash), |w: &Walk| w.total);
    let scans = scanned.exact * crash.updates;
    let lean = scanned.lean * crash.updates;
    let label = format!(
        "crash: 600 updates, {} liquidated",
        count(crash.liquidated.into())
    );
    rows.row(
        &label,
        time(crash.total),
        "1/20 of scanning",
        &scan(scans),
        &ratio(scans, crash.total),
    );
    rows.row(
        "",
        "",
        "",
        &format!("{} comparing stored prices", time(lean)),
        &ratio(lean, crash.total),
    );
    let label = format!(
        "crash: per examined ({}), liquidations included",
        count(crash.examined)
    );
    let each = scanned.exact.as_nanos() * u128::from(scanned.scans) / u128::from(scanned.looked_at);
    let each = Duration::from_nanos(u64::try_from(each).unwrap_or(u64::MAX));
    rows.row(
        &label,
        time(crash.per_examined()),
        "",
        &format!("{} a position, scanning", time(each)),
        "",
    );
}

fn gap(rows: &mut Rows, sizes: &Sizes) {
    eprintln!("gap: {} positions in one market", sizes.gap_accounts);
    let world = World::build(&Plan::one_market(sizes.gap_accounts));
    let gap = path::gap(&world, GAP_BP);
    let ours = middle(
        sizes.repeats,
        || run::cascade(&world, &gap),
        |c: &Cascade| c.total,
    );
    let twice = World::build(&Plan::alike_markets(2, sizes.gap_accounts));
    let gaps = path::gaps(&twice, 2, GAP_BP);
    let again = middle(
        sizes.repeats,
        || run::cascade_again(&twice, &gaps),
        |c: &Cascade| c.total,
    );
    drop(twice);
    let peer = Peer::of(&world);
    let (theirs, outcome) = middle(
        sizes.repeats,
        || {
            let mut peer = peer.clone();
            timed(|| peer.liquidate_all(GAP_BP.unsigned_abs()))
        },
        |(time, _)| *time,
    );
    let (checks, checked) = middle(
        sizes.repeats,
        || timed(|| peer.check_margins()),
        |(t, _)| *t,
    );
    let mut naive = Scan::of(&world.engine);
    let (scanned, _) = middle(
        sizes.repeats,
        || {
            timed(|| {
                naive.update(&world.engine);
                naive.count_due()
            })
        },
        |(time, _)| *time,
    );
    let positions = u64::from(sizes.gap_accounts);
    rows.heading(&format!(
        "a gap of 10 % on {} positions of one market",
        count(positions)
    ));
    let label = format!(
        "the update: {} liquidated, {} events",
        count(ours.liquidated.into()),
        count(ours.events as u64)
    );
    let peers = format!(
        "{} percolator, {} liquidated",
        time(theirs),
        count(outcome.due as u64)
    );
    rows.row(
        &label,
        time(ours.total),
        "< 50 ms",
        &peers,
        &ratio(theirs, ours.total),
    );
    rows.row(
        "",
        "",
        "",
        &format!("{} naive scan, finding alone", time(scanned)),
        "",
    );
    let liquidated = count(again.liquidated.into());
    let label = format!("the same again in the next market: {liquidated} liquidated");
    let faster = ratio(theirs, again.total);
    rows.row(&label, time(again.total), "< 50 ms", "", &faster);
    let liquidations = rate(ours.liquidated.into(), ours.total);
    let calls = format!(
        "{} percolator liquidations",
        rate(outcome.due as u64, theirs)
    );
    rows.row("liquidations per second", liquidations, "1 M/s", &calls, "");
    let calls = format!(
        "{} percolator calls, all positions",
        rate(outcome.looked_at as u64, theirs)
    );
    let again = rate(again.liquidated.into(), again.total);
    rows.row(
        "the same again in the next market",
        again,
        "1 M/s",
        &calls,
        "",
    );
    let exact = rate(naive.len() as u64, scanned);
    let theirs = format!("{} percolator", rate(checked.looked_at as u64, checks));
    rows.row(
        "margin checks per second, scanning",
        exact,
        "",
        &theirs,
        &ratio(checks, scanned),
    );
}

fn journal(rows: &mut Rows, sizes: &Sizes) {
    eprintln!("journal: {} commands", sizes.commands);
    let script = Script::of(sizes.commands);
    let (all, directory) = (script.commands.len(), record::directory());
    let label = format!(
        "commands per second (records of {} B)",
        script.record_bytes()
    );
    rows.heading(&label);
    for batch in [1, 64, 1_024, 8_192] {
        // One flush for every command: a few are enough to see.
        let count = all.min(batch * 400);
        let durable = script.durable(&directory, count, batch, Then::Apply);
        let plain = script.plain_file(&directory, count, batch);
        let aim = if batch == 8_192 { "200 k/s" } else { "" };
        let label = format!("durable, applied, {batch} a flush");
        let floor = format!("{} plain file", rate(count as u64, plain));
        rows.row(
            &label,
            rate(count as u64, durable),
            aim,
            &floor,
            &ratio(plain, durable),
        );
    }
    let alone = script.apply();
    let both = script.in_memory(1_024, Then::Apply);
    let journal = script.in_memory(1_024, Then::Leave);
    let floor = format!("{} without a journal", rate(all as u64, alone));
    rows.row(
        "in memory, applied",
        rate(all as u64, both),
        "",
        &floor,
        &ratio(alone, both),
    );
    rows.row(
        "in memory, the journal alone",
        rate(all as u64, journal),
        "",
        "",
        "",
    );
    let world = World::build(&Plan::one_market(sizes.gap_accounts));
    let gap = record::JournalledGap::new(&world, GAP_BP);
    let run = middle(sizes.repeats, || gap.run(), |(time, _)| *time);
    let label = "liquidations of a journalled gap, in memory";
    rows.row(label, rate(run.1.into(), run.0), "1 M/s", "", "");
    let cases = record::Cases::open(sizes.gap_accounts, GAP_BP);
    let run = middle(sizes.repeats, || cases.run(), |time| *time);
    let label = "liquidations as keepers' commands, journalled in memory";
    rows.row(label, rate(cases.len() as u64, run), "", "", "");
}

/// Runs `measure` a few times and returns the middle result by time.
fn middle<T>(repeats: usize, mut measure: impl FnMut() -> T, by: impl Fn(&T) -> Duration) -> T {
    let mut results: Vec<T> = (0..repeats).map(|_| measure()).collect();
    results.sort_by_key(by);
    results.swap_remove(repeats / 2)
}

fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = std::hint::black_box(run());
    (start.elapsed(), result)
}

/// The rows as they come.
struct Rows {
    table: Table,
}

impl Default for Rows {
    fn default() -> Self {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["", "measured", "aim", "beside", "ratio"]);
        Self { table }
    }
}

impl Rows {
    fn heading(&mut self, text: &str) {
        self.table.add_row([text.to_uppercase()]);
    }

    fn row(
        &mut self,
        what: &str,
        measured: impl Into<String>,
        aim: &str,
        beside: &str,
        ratio: &str,
    ) {
        let cells = [
            what.to_owned(),
            measured.into(),
            aim.into(),
            beside.into(),
            ratio.into(),
        ];
        self.table.add_row(cells);
        for column in [1, 4] {
            if let Some(column) = self.table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
}

fn scan(time_taken: Duration) -> String {
    format!("{} naive scan", time(time_taken))
}

/// How many times longer `other` takes than `ours`.
fn ratio(other: Duration, ours: Duration) -> String {
    let times = other.as_secs_f64() / ours.as_secs_f64();
    if times < 9.95 {
        format!("{times:.1} x")
    } else {
        format!("{times:.0} x")
    }
}

fn time(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    match nanos {
        ..1e3 => format!("{nanos:.0} ns"),
        ..1e5 => format!("{:.2} us", nanos / 1e3),
        ..1e6 => format!("{:.0} us", nanos / 1e3),
        ..1e8 => format!("{:.1} ms", nanos / 1e6),
        ..1e9 => format!("{:.0} ms", nanos / 1e6),
        _ => format!("{:.2} s", nanos / 1e9),
    }
}

fn rate(done: u64, time: Duration) -> String {
    let rate = done as f64 / time.as_secs_f64();
    match rate {
        ..1e3 => format!("{rate:.0} /s"),
        ..1e6 => format!("{:.0} k/s", rate / 1e3),
        _ => format!("{:.2} M/s", rate / 1e6),
    }
}

/// A count with its thousands apart.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8_lossy(&parts.join(&b' ')).into_owned()
}

//! `plimsoll-bench cascade`: a gap of 10 % in one market, for `scripts/cascade.sh`.
//!
//! * `cascade positions N`: the positions as CSV, `size,collateral` a line, for other programs;
//! * `cascade run N [RUNS]`: the gap through our engine, the fastest of RUNS (5), as a line of JSON.

use plimsoll_bench::cascade_market::{self as market, Market};
use plimsoll_bench::machine;

/// Runs the command of these arguments.
pub(super) fn main(arguments: &[String]) {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["positions", count] => positions(number(count)),
        ["run", count] => run(number(count), 5),
        ["run", count, runs] => run(number(count), number(runs)),
        _ => usage(),
    }
}

fn positions(count: u32) {
    let rows = market::rows(count);
    let mut text = String::from("size,collateral\n");
    for row in &rows {
        text.push_str(&row.csv());
        text.push('\n');
    }
    print!("{text}");
}

fn run(count: u32, runs: u32) {
    let rows = market::rows(count);
    let venue = Market::build(&rows);
    let (done, times) = market::best(&venue, runs.max(1) as usize);
    let times: Vec<String> = times.iter().map(|time| millis(*time)).collect();
    println!(
        "{{\"engine\":\"plimsoll\",\"positions\":{},\"best_ms\":{},\"runs_ms\":[{}],\
         \"liquidated\":{},\"taken_by_fund\":{},\"deleveraged\":{},\"events\":{},\
         \"fund\":{},\"machine\":\"{}\"}}",
        rows.len(),
        millis(done.total),
        times.join(","),
        done.liquidated,
        done.acquired,
        done.deleveraged,
        done.events,
        market::fund_cents(&rows) / 100,
        machine::processor(),
    );
}

fn millis(time: std::time::Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}

fn number(text: &str) -> u32 {
    text.parse().unwrap_or_else(|_| usage())
}

fn usage() -> ! {
    eprintln!("usage: plimsoll-bench cascade positions N | cascade run N [RUNS]");
    std::process::exit(2)
}

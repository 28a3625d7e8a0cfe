//! The command line of Plimsoll, the liquidation engine for leveraged markets.
//!
//! Exit codes: 0 fine; 1 the answer is no (vectors failed, a journal is corrupt); 2 the question
//! could not be asked (wrong arguments, unreadable files).

mod compare;
mod conform;
mod design;
mod explain;
mod output;
mod progress;
mod ranks;
mod replay;
mod scenario;
mod stress;
mod sweep;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The liquidation engine for leveraged markets.
///
/// Start with `plimsoll compare`: it runs the crash of 10 October 2025 through every design with the
/// same traders, without files or network, prints who would have survived it and writes a page to
/// open in a browser.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Which design would have survived? One crash through every design, side by side.
    ///
    /// The same prices, the same traders in each design's own form of account, the same books and
    /// liquidators. Without arguments it runs the bundled crash of 10 October 2025 and writes
    /// out/compare.html, compare.csv and compare.json; no files or network are needed.
    #[command(after_help = compare::EXAMPLES)]
    Compare(compare::Options),
    /// Run a scenario: prices, people and agents through the venues' engines.
    ///
    /// Without arguments it runs the bundled crash of 10 October 2025 and writes out/report.html.
    /// The same scenario and seed give the same bytes on every machine.
    #[command(after_help = replay::EXAMPLES)]
    Replay(replay::Options),
    /// Run a scenario many times: parameters over ranges, many seeds, many windows of prices.
    ///
    /// How large would the fund have to be? Quantiles and expected shortfall of the loss, per
    /// venue and value; results as CSV, Parquet and a page. One core or many, the same bytes.
    #[command(after_help = sweep::EXAMPLES)]
    Sweep(sweep::Options),
    /// Designs as data: list them, read one beside its venue's page, begin one, check one.
    #[command(after_help = design::EXAMPLES)]
    Design(design::Options),
    /// Look for mistakes in a scenario file, or begin a new one.
    #[command(after_help = scenario::EXAMPLES)]
    Scenario(scenario::Options),
    /// Tell one liquidation of a journal as a story: rule, inputs, arithmetic, money, prevention.
    ///
    /// Without a case number it lists the largest cases.
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::Options),
    /// Who would be deleveraged first: rank, fifth and score of every wallet, at any moment.
    ///
    /// For venues of cross-margin wallets. What a wallet sees here is what deleveraging goes by.
    #[command(after_help = ranks::EXAMPLES)]
    Ranks(ranks::Options),
    /// Check a journal: chain, hashes, and that it amounts to the state it says.
    ///
    /// Exit code 0: fine. 1: corrupt. 2: not a journal this build can read. The file is never
    /// changed without --recover.
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Options),
    /// Run recorded calls of a venue's real contracts through the engine.
    ///
    /// Of each vector that fails, the first thing that differs is shown: its step, what was
    /// expected and what came out. Exit code 0 only when all pass; what cannot be read has failed.
    #[command(after_help = conform::EXAMPLES)]
    Conform(conform::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let answer = match &cli.command {
        Command::Conform(options) => conform::run(options),
        Command::Compare(options) => compare::run(options),
        Command::Replay(options) => replay::run(options),
        Command::Sweep(options) => sweep::run(options),
        Command::Design(options) => design::run(options),
        Command::Scenario(options) => scenario::run(options),
        Command::Explain(options) => explain::run(options),
        Command::Ranks(options) => ranks::run(options),
        Command::Verify(options) => return ExitCode::from(verify::run(options)),
    };
    match answer {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {}", message(&error));
            ExitCode::from(2)
        }
    }
}

/// The error and its causes in one line; a cause that the error before it already tells is not
/// told again.
fn message(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.contains(&cause) {
            continue;
        }
        if !told.is_empty() {
            told.push_str(": ");
        }
        told.push_str(&cause);
    }
    told
}

//! The command line of Plimsoll, the liquidation engine for leveraged markets.
//!
//! Exit codes: 0 fine; 1 the answer is no (vectors failed, a journal is corrupt); 2 the question
//! could not be asked (wrong arguments, unreadable files).

mod conform;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The liquidation engine for leveraged markets.
///
/// Start with `plimsoll replay`: it runs the crash of 10 October 2025 through two venues, without
/// files or network, prints a summary and writes a report to open in a browser.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run recorded calls of a venue's real contracts through the engine.
    Conform(conform::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let answer = match &cli.command {
        Command::Conform(options) => conform::run(options),
    };
    match answer {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

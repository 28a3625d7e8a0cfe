//! Prices and greeks of options read from standard input, for comparison with other libraries:
//! `scripts/quantlib_check.py` runs it.
//!
//! One option a line: `call|put spot strike volatility years rate yield`. One answer a line:
//! `price delta gamma vega theta rho`, with all digits that a float has. With the argument
//! `--speed` the options are priced again and again for about a second, and the one answer is how
//! many were priced in a second: prices alone, and prices with all greeks.

use std::hint::black_box;
use std::io::{self, BufRead as _, Write as _};
use std::time::Instant;

use plimsoll_engine::pricing::{BlackScholes, OptionKind};

fn main() -> io::Result<()> {
    let mut options = Vec::new();
    for line in io::stdin().lock().lines() {
        options.push(parse(&line?)?);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    if std::env::args().any(|argument| argument == "--speed") {
        let prices = per_second(&options, BlackScholes::price);
        let greeks = per_second(&options, |option| option.greeks().rho);
        return writeln!(out, "{prices:.0} {greeks:.0}");
    }
    for option in &options {
        let g = option.greeks();
        writeln!(
            out,
            "{:e} {:e} {:e} {:e} {:e} {:e}",
            g.price, g.delta, g.gamma, g.vega, g.theta, g.rho
        )?;
    }
    out.flush()
}

fn parse(line: &str) -> io::Result<BlackScholes> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{line}: {why}"));
    let mut words = line.split_whitespace();
    let kind = match words.next() {
        Some("call") => OptionKind::Call,
        Some("put") => OptionKind::Put,
        other => return Err(wrong(format!("{other:?} is not call or put"))),
    };
    let numbers: Result<Vec<f64>, _> = words.map(str::parse).collect();
    let numbers = numbers.map_err(|error| wrong(error.to_string()))?;
    let [spot, strike, vol, years, rate, yield_rate] = numbers[..] else {
        return Err(wrong(format!("{} numbers, not six", numbers.len())));
    };
    BlackScholes::new(kind, spot, strike, vol, years, (rate, yield_rate))
        .map_err(|error| wrong(error.to_string()))
}

fn per_second(options: &[BlackScholes], of: impl Fn(&BlackScholes) -> f64) -> f64 {
    let (start, mut done) = (Instant::now(), 0usize);
    while start.elapsed().as_secs_f64() < 1.0 {
        black_box(options.iter().map(&of).sum::<f64>());
        done += options.len();
    }
    done as f64 / start.elapsed().as_secs_f64()
}

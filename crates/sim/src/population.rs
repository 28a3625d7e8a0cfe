//! The people of a scenario: who arrives when, in which market, how big, how leveraged.
//!
//! Drawn from the seed (one stream per venue and purpose, so that venues do not disturb each
//! other), or read from a CSV file. Collateral has 6 decimals (whole cents when drawn), leverage
//! two. People are sorted by arrival, then by number.

use std::path::{Path, PathBuf};

use plimsoll_units::{Side, Timestamp, parse_scaled};

use crate::random::Random;
use crate::scenario::{ACCOUNTS_MAX, LEVERAGE_MAX, MONEY_MAX, Market, Population};

/// One trader with one position to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// When they arrive.
    pub arrives: Timestamp,
    /// Which market, by index.
    pub market: usize,
    /// Which way.
    pub side: Side,
    /// Collateral, 6 decimals.
    pub collateral: i128,
    /// Position size over collateral, in hundredths.
    pub leverage_e2: u32,
}

/// Why a CSV of accounts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PopulationError {
    /// The file cannot be read as CSV.
    #[error("cannot read the accounts file {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// A file without accounts, or with more than a replay takes.
    #[error("{path}: {why}")]
    Count {
        /// Which file.
        path: PathBuf,
        /// How many are too many, or that there are none.
        why: String,
    },
    /// A row that is not an account.
    #[error("{path}, line {line}: {why}")]
    Row {
        /// Which file.
        path: PathBuf,
        /// Which line, counting from 1 with the header.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// Draws the population of a venue.
#[must_use]
pub fn draw(
    population: &Population,
    markets: &[Market],
    seed: u64,
    venue: &str,
    start: Timestamp,
) -> Vec<Person> {
    let mut sizes = Random::new(seed, &format!("{venue}/collateral"));
    let mut choices = Random::new(seed, &format!("{venue}/choices"));
    let mut arrivals = Random::new(seed, &format!("{venue}/arrivals"));
    let leverage: Vec<u64> = population
        .leverage
        .iter()
        .map(|l| l.weight.into())
        .collect();
    let weights = market_weights(population, markets);
    let from = population
        .arrive_from
        .map_or(start, |when| when.0.max(start));
    let long = population.long_share.millionths();
    let mut people: Vec<Person> = (0..population.accounts)
        .map(|_| {
            let class = choices.weighted(&leverage).unwrap_or(0);
            let times = population
                .leverage
                .get(class)
                .map_or(100, |l| l.times.on_grid::<2>());
            Person {
                arrives: Timestamp(
                    from.millis()
                        .saturating_add(arrivals.between(0, population.arrive_over.millis())),
                ),
                market: choices.weighted(&weights).unwrap_or(0),
                side: if choices.chance(long) {
                    Side::Long
                } else {
                    Side::Short
                },
                collateral: collateral(population, &mut sizes),
                leverage_e2: u32::try_from(times).unwrap_or(u32::MAX),
            }
        })
        .collect();
    people.sort_by_key(|p| p.arrives);
    people
}

pub(crate) fn market_weights(population: &Population, markets: &[Market]) -> Vec<u64> {
    if population.markets.is_empty() {
        return vec![1; markets.len()];
    }
    let weight = |m: &Market| {
        population
            .markets
            .iter()
            .find(|w| w.symbol == m.symbol)
            .map_or(0, |w| w.weight)
    };
    markets.iter().map(|m| weight(m).into()).collect()
}

/// Log-normal around the median, in whole cents. `libm` computes the same bits everywhere.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn collateral(population: &Population, sizes: &mut Random) -> i128 {
    let z = sizes.bell() as f64 / Random::BELL_ONE as f64;
    let units = population.collateral_median.approximate()
        * libm::exp(population.collateral_spread.approximate() * z);
    let cents = (units * 100.0) as i128;
    let (least, most) = (
        population.collateral_min.on_grid::<6>(),
        population.collateral_max.on_grid::<6>(),
    );
    cents.saturating_mul(10_000).clamp(least, most)
}

/// Reads a population from CSV: `market,side,collateral,leverage,arrives` with a header; market
/// is a symbol, side `long` or `short`, arrives a time such as `2025-10-10T12:00:00Z`.
///
/// # Errors
/// [`PopulationError`], which names the line.
pub fn read(path: &Path, markets: &[Market]) -> Result<Vec<Person>, PopulationError> {
    let read = |source| PopulationError::Read {
        path: path.to_owned(),
        source,
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(read)?;
    let header = reader.headers().map_err(read)?.clone();
    let expected = ["market", "side", "collateral", "leverage", "arrives"];
    if header.iter().ne(expected) {
        let why = format!(
            "the header must be {}, not {}",
            expected.join(","),
            header.iter().collect::<Vec<_>>().join(",")
        );
        return Err(PopulationError::Row {
            path: path.to_owned(),
            line: 1,
            why,
        });
    }
    let count = |why| PopulationError::Count {
        path: path.to_owned(),
        why,
    };
    let mut people = Vec::new();
    for row in reader.records() {
        let row = row.map_err(read)?;
        let line = row.position().map_or(0, csv::Position::line);
        if people.len() >= ACCOUNTS_MAX as usize {
            return Err(count(format!("more than {ACCOUNTS_MAX} accounts")));
        }
        let person = person(&row, markets).map_err(|why| PopulationError::Row {
            path: path.to_owned(),
            line,
            why,
        })?;
        people.push(person);
    }
    if people.is_empty() {
        return Err(count("there is no account in it".to_owned()));
    }
    people.sort_by_key(|p| p.arrives);
    Ok(people)
}

fn person(row: &csv::StringRecord, markets: &[Market]) -> Result<Person, String> {
    let field = |at: usize| row.get(at).unwrap_or_default();
    let market = markets
        .iter()
        .position(|m| m.symbol == field(0))
        .ok_or_else(|| format!("{:?} is not a market of the scenario", field(0)))?;
    let side = match field(1) {
        "long" => Side::Long,
        "short" => Side::Short,
        other => return Err(format!("side {other:?} is neither long nor short")),
    };
    // Beyond these bounds products of two of the numbers would not fit an integer.
    let within = |what: &str, text: &str, decimals: u32, most: i128| {
        let value = parse_scaled(text, decimals).map_err(|e| format!("{what}: {e}"))?;
        if value <= 0 {
            return Err(format!("{what} {text:?} is not positive"));
        }
        if value > most * 10i128.pow(decimals) {
            return Err(format!("{what} {text:?} is above {most}"));
        }
        Ok(value)
    };
    let collateral = within("collateral", field(2), 6, MONEY_MAX)?;
    let leverage = within("leverage", field(3), 2, LEVERAGE_MAX)?;
    let arrives: jiff::Timestamp = field(4)
        .parse()
        .map_err(|e| format!("arrives {:?}: {e}", field(4)))?;
    Ok(Person {
        arrives: Timestamp(arrives.as_millisecond()),
        market,
        side,
        collateral,
        leverage_e2: u32::try_from(leverage)
            .map_err(|_| format!("leverage {} is too large", field(3)))?,
    })
}

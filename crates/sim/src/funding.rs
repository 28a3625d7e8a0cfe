//! Funding rates of perpetual markets, one every eight hours.
//!
//! A rate is the fraction of the notional that longs pay shorts, in pips (1e-8). The bundled rates
//! are those of four markets around 10 October 2025; files have `timestamp_ms,funding_rate` with a
//! header. A market or a time without a rate has none, and whoever asks is told so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plimsoll_units::{Duration, Timestamp, parse_scaled};
use serde::Deserialize;

use crate::tables::{self, TableError};

/// Time between two rates.
pub const PERIOD: Duration = Duration(8 * 3_600_000);

const BUNDLED: &str = include_str!("../assets/funding-2025-10.toml");
/// Decimals of a rate.
const DECIMALS: u32 = 8;
/// A rate beyond this is no rate of eight hours: exchanges cap theirs at a few per cent.
const MOST: i128 = 10_000_000;

/// Rates of markets by time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Funding {
    /// Where they come from, for the report.
    pub source: String,
    /// By market index, then by time in ms since the epoch.
    rates: Vec<BTreeMap<i64, i64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asset {
    source: String,
    first: jiff::Timestamp,
    market: Vec<AssetMarket>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetMarket {
    symbol: String,
    rates: Vec<String>,
}

impl Funding {
    /// The bundled rates of the given markets; those that the bundle does not have, have none.
    ///
    /// # Errors
    /// Never, unless this build ships a broken file; a test reads it.
    pub fn bundled(symbols: &[String]) -> Result<Self, String> {
        let asset: Asset = toml::from_str(BUNDLED).map_err(|e| e.to_string())?;
        let first = asset.first.as_millisecond();
        let mut rates = vec![BTreeMap::new(); symbols.len()];
        for market in &asset.market {
            let Some(at) = symbols.iter().position(|s| *s == market.symbol) else {
                continue;
            };
            let mut time = first;
            for text in &market.rates {
                rates[at].insert(time, rate(text)?);
                time = time.saturating_add(PERIOD.millis());
            }
        }
        Ok(Self {
            source: asset.source,
            rates,
        })
    }

    /// The rates of the given markets from a directory: the files whose names have the symbol and
    /// `8h`, in the order of their names; where two have a rate of one time, the first counts.
    ///
    /// # Errors
    /// [`TableError`] where a market has no file, or a file no rates.
    pub fn read(directory: &Path, symbols: &[String]) -> Result<Self, TableError> {
        let names = names(directory)?;
        let mut rates = Vec::with_capacity(symbols.len());
        for symbol in symbols {
            let of: Vec<&PathBuf> = names.iter().filter(|path| is_of(path, symbol)).collect();
            if of.is_empty() {
                return Err(TableError::Missing {
                    directory: directory.to_owned(),
                    names: format!("*_{symbol}_8h_*.csv"),
                });
            }
            let mut found = BTreeMap::new();
            for path in of {
                read_into(path, &mut found)?;
            }
            rates.push(found);
        }
        Ok(Self {
            source: format!("files in {}", directory.display()),
            rates,
        })
    }

    /// The rate of a market at the end of a period, in pips. Exchanges stamp it within seconds of
    /// the hour.
    #[must_use]
    pub fn rate(&self, market: usize, at: Timestamp) -> Option<i64> {
        const WITHIN: i64 = 60_000;
        let (from, to) = (
            at.millis().saturating_sub(WITHIN),
            at.millis().saturating_add(WITHIN),
        );
        let mut near = self.rates.get(market)?.range(from..=to);
        near.next().map(|(_, rate)| *rate)
    }
}

/// The ends of the funding periods after `from` and up to `to`: 00:00, 08:00 and 16:00 UTC.
pub fn period_ends(from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
    let period = PERIOD.millis();
    let first = from.millis().div_euclid(period).saturating_add(1);
    (first..)
        .map(move |count| Timestamp(count.saturating_mul(period)))
        .take_while(move |at| *at <= to)
}

fn rate(text: &str) -> Result<i64, String> {
    let rate = parse_scaled(text, DECIMALS).map_err(|e| format!("funding_rate {text:?}: {e}"))?;
    if rate.abs() > MOST {
        return Err(format!(
            "funding_rate {text:?} is more than 10 % in a period"
        ));
    }
    i64::try_from(rate).map_err(|e| e.to_string())
}

fn names(directory: &Path) -> Result<Vec<PathBuf>, TableError> {
    let failed = |e: std::io::Error| TableError::Read {
        path: directory.to_owned(),
        why: e.to_string(),
    };
    let entries = std::fs::read_dir(directory).map_err(failed)?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn is_of(path: &Path, symbol: &str) -> bool {
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .unwrap_or_default();
    let stem = name.strip_suffix(".gz").unwrap_or(name);
    let words: Vec<&str> = stem.trim_end_matches(".csv").split(['_', '-']).collect();
    stem.ends_with(".csv") && words.contains(&symbol) && words.contains(&"8h")
}

fn read_into(path: &Path, found: &mut BTreeMap<i64, i64>) -> Result<(), TableError> {
    let mut rows = 0;
    tables::read(path, ["timestamp_ms", "funding_rate"], |[time, text]| {
        let time: i64 = time
            .parse()
            .map_err(|_| format!("timestamp_ms {time:?} is not a time in ms"))?;
        let rate = rate(text)?;
        found.entry(time).or_insert(rate);
        rows += 1;
        Ok(())
    })?;
    if rows == 0 {
        return Err(TableError::TooFew {
            path: path.to_owned(),
            rows,
            least: 1,
        });
    }
    Ok(())
}

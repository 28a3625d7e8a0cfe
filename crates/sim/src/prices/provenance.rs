//! Where prices come from, as the report says it.
//!
//! Names are relative to the source and hashes are of the files as they lie on disk, so that two
//! people with the same files get the same report wherever they keep them.

use std::fmt;

use plimsoll_units::{Duration, Timestamp};

use super::kline::{MarketPrice, interval_text};

/// Where the prices of a timeline come from. Its `Display` is plain text for the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// Bars read from files.
    Files {
        /// The name of the file or directory, without the path to it.
        source: String,
        /// One record per market, in the order of the timeline.
        markets: Vec<MarketRecord>,
    },
    /// Published anchors with a simulated path between them.
    Bundled {
        /// The seed of the path.
        seed: u64,
        /// Time between two prices.
        step: Duration,
        /// What the anchors are, where they are not published prices.
        told: Option<String>,
        /// One record per market, in the order of the timeline.
        markets: Vec<AnchorRecord>,
    },
    /// The history of a pool.
    Pool(Box<crate::pools::PoolPath>),
}

/// The bars of one market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketRecord {
    /// As asked for.
    pub symbol: String,
    /// In the order of time.
    pub files: Vec<FileRecord>,
    /// Bars of all files.
    pub bars: u64,
    /// How long a bar lasts.
    pub interval: Duration,
    /// When the first bar opens.
    pub first: Timestamp,
    /// When the last bar opens.
    pub last: Timestamp,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// The name within the source, with the member of a zip.
    pub name: String,
    /// Size on disk; of the whole zip for a member.
    pub bytes: u64,
    /// blake3 of the file on disk, in hex; of the whole zip for a member.
    pub blake3: String,
    /// Bars read from it.
    pub bars: u64,
}

/// The anchors of one market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorRecord {
    /// Exchange symbol.
    pub symbol: String,
    /// Where the anchors were published.
    pub source: String,
    /// In the order of time.
    pub anchors: Vec<Anchor>,
}

/// One published price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// When the path passes through it.
    pub time: Timestamp,
    /// The price as published.
    pub price: MarketPrice,
    /// When the bar opens that the price is taken from.
    pub bar: Timestamp,
    /// Which price of the bar: `open`, `high`, `low` or `close`; or what it is instead.
    pub field: String,
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files { source, markets } => write_files(f, source, markets),
            Self::Bundled {
                seed,
                step,
                told,
                markets,
            } => write_bundled(f, (*seed, *step), told.as_deref(), markets),
            Self::Pool(path) => path.fmt(f),
        }
    }
}

fn write_files(f: &mut fmt::Formatter<'_>, source: &str, markets: &[MarketRecord]) -> fmt::Result {
    writeln!(
        f,
        "Prices: real, klines read from {source}; each bar gives four prices (open, the extreme \
         nearer to the open, the farther extreme, close) a quarter of the bar apart."
    )?;
    for market in markets {
        writeln!(
            f,
            "{}: {} bars of {}, {} to {} (UTC, opening times)",
            market.symbol,
            market.bars,
            interval_text(market.interval.millis()),
            market.first,
            market.last
        )?;
        for file in &market.files {
            writeln!(
                f,
                "  {}: {} bars, {} bytes, blake3 {}",
                file.name, file.bars, file.bytes, file.blake3
            )?;
        }
    }
    Ok(())
}

fn write_bundled(
    f: &mut fmt::Formatter<'_>,
    (seed, step): (u64, Duration),
    told: Option<&str>,
    markets: &[AnchorRecord],
) -> fmt::Result {
    let anchors = told.unwrap_or("The anchors listed below are real, published prices.");
    writeln!(
        f,
        "Prices: partly simulated. {anchors} The path \
         between them is not market data: it is a random bridge with seed {seed}, one price every \
         {}, which passes through every anchor and never leaves the range of a market's anchors.",
        interval_text(step.millis())
    )?;
    for market in markets {
        writeln!(
            f,
            "{}: {} anchors from {}",
            market.symbol,
            market.anchors.len(),
            market.source
        )?;
        for anchor in &market.anchors {
            write!(f, "  {} {} ({}", anchor.time, anchor.price, anchor.field)?;
            match told {
                None => writeln!(f, " of the bar at {})", anchor.bar)?,
                Some(_) => writeln!(f, ")")?,
            }
        }
    }
    Ok(())
}

//! Chains of listed options as a venue published them, and volatility surfaces made of them.
//!
//! `chain` reads snapshots in Deribit's columns (`.csv`, `.csv.gz`, or a directory of them);
//! `smiles` turns a snapshot into a surface the engine takes, and says what it did to each expiry;
//! `bundled` is a small derived table that needs no files; `moved` lends the options of one window
//! to another.
//!
//! Units: strikes, forwards and the index in quote units with 8 decimals; volatilities with 9;
//! open interest in base units with 6.

mod bundled;
mod chain;
mod error;
mod moved;
mod smiles;

use plimsoll_engine::pricing::quoted::Quoted;
use plimsoll_units::{Price, Timestamp};

pub use bundled::{bundled, derive};
pub use chain::{Chain, ChainOption, read};
pub use error::OptionsError;
pub use moved::moved;
pub use smiles::{Choice, surface};

/// A market of options at one moment: what a replay takes from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// When it was taken.
    pub at: Timestamp,
    /// The surface, ready for the engine.
    pub quoted: Quoted,
    /// What was done to each expiry.
    pub smiles: Vec<SmileNote>,
    /// Open interest by option; empty in later snapshots of the bundled table.
    pub interest: Vec<Interest>,
}

/// What became of one expiry's quotes.
#[derive(Debug, Clone, PartialEq)]
pub struct SmileNote {
    /// The expiry.
    pub expiry: Timestamp,
    /// A fitted curve, or the quotes themselves.
    pub choice: Choice,
    /// Root of the mean squared difference of the fitted curve to the quotes, volatility with 9
    /// decimals; zero where nothing was fitted.
    pub rms_e9: i64,
    /// Why the fitted curve, or the whole expiry, was not used.
    pub why: Option<String>,
    /// Listed options, those without a bid, those without an ask.
    pub quotes: Presence,
}

/// How many options have somebody who quotes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Presence {
    /// Listed.
    pub listed: u32,
    /// Nobody bids.
    pub no_bid: u32,
    /// Nobody offers.
    pub no_ask: u32,
}

/// Open interest of a strike, base units with 6 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interest {
    /// The expiry.
    pub expiry: Timestamp,
    /// The strike.
    pub strike: Price<8>,
    /// Of calls.
    pub calls: i64,
    /// Of puts.
    pub puts: i64,
}

/// The snapshots of a source, oldest first, with a line on where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    /// Where they come from, one line each.
    pub provenance: Vec<String>,
    /// The snapshots, times strictly rising.
    pub snapshots: Vec<Snapshot>,
}

/// Reads chains of `coin` from a file or a directory and makes a surface of each.
///
/// # Errors
/// [`OptionsError`] with file and line.
pub fn load(source: &std::path::Path, coin: &str) -> Result<Market, OptionsError> {
    let chains = read(source, coin)?;
    let provenance = vec![format!(
        "{} option chains of {coin} from {}, {} to {}",
        chains.len(),
        source.display(),
        chains.first().map_or(Timestamp::EPOCH, |c| c.at),
        chains.last().map_or(Timestamp::EPOCH, |c| c.at),
    )];
    let snapshots = chains.iter().map(surface).collect::<Result<_, _>>()?;
    Ok(Market {
        provenance,
        snapshots,
    })
}

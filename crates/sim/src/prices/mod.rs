//! Prices for a replay: one timeline for all markets of a scenario.
//!
//! Two sources give the same [`Timeline`]: klines from a file or directory ([`load`]) and the
//! crash that comes with the program ([`bundled`]). Neither repairs anything. What is missing,
//! doubled, out of order or not a price is refused with file, line and value, because a hole that
//! is filled silently is a crash that did not happen.
//!
//! Rooms: `source` finds and unpacks files, `select` decides which belong to a market, `kline`
//! reads one text, `series` joins the files of a market, `timeline` merges markets, `bundled`
//! makes the built-in crash, `provenance` says where it all came from.
//!
//! Invariants: prices are above zero and exact as written; times rise strictly; a tick has every
//! market that has a price at that time, each once, in the order of the request; the same input
//! gives the same timeline on every machine.

mod bundled;
mod error;
mod kline;
mod provenance;
mod select;
mod series;
mod source;
mod timeline;

use std::path::Path;

pub use bundled::{BUNDLED_SEED, BUNDLED_STEP, BUNDLES, bundled};
pub use error::{LineProblem, PriceError};
pub use kline::{Bar, BarText, MAX_BARS, MarketPrice, interval_text, read_bars};
pub use provenance::{Anchor, AnchorRecord, FileRecord, MarketRecord, Provenance};
pub use select::PriceRequest;
pub use series::{Series, bar_ticks};
pub use timeline::{Tick, Timeline, Window};

/// Reads the markets asked for from a file or directory of klines.
///
/// # Errors
/// [`PriceError`] for everything that is not an unbroken row of sound bars, for a market that is
/// not there or not named clearly enough, and for a market without a price inside the window.
pub fn load(
    source: &Path,
    requests: &[PriceRequest],
    window: Window,
) -> Result<Timeline, PriceError> {
    let place = source.display().to_string();
    let parts = source::list_parts(source)?;
    let mut markets = Vec::with_capacity(requests.len());
    let mut records = Vec::with_capacity(requests.len());
    for request in requests {
        let chosen = select::choose(&parts, request, &place)?;
        let series = series::read_series(&request.symbol, &chosen)?;
        let prices = timeline::cut(&request.symbol, series.ticks(), window)?;
        markets.push((request.symbol.clone(), prices));
        records.push(series.record);
    }
    let provenance = Provenance::Files {
        source: source::file_name(source),
        markets: records,
    };
    timeline::merge(markets, provenance)
}

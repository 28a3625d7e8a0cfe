//! Which of the files in a directory belong to the market that was asked for.
//!
//! A name is cut into tokens at everything that is not a letter or digit. A file is a candidate
//! when one token is the symbol. Daily and monthly files of one market differ only in the date at
//! the end of their names and form one series. Among several series the preferences decide, the
//! first before the second; what they leave open is an error, never a guess. Mark, index and
//! premium prices are not trades: they are candidates only when asked for by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::PriceError;
use super::source::Part;

/// Prices that are derived from trades rather than being trades.
const DERIVED: [&str; 6] = [
    "mark",
    "index",
    "premium",
    "markpriceklines",
    "indexpriceklines",
    "premiumindexklines",
];

/// One market of a scenario, as the price source should find it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRequest {
    /// A token of the file's name, in any case: `BTCUSDT`.
    pub symbol: String,
    /// Tokens that decide between several series, the most important first: `["perp", "5m"]`.
    #[serde(default)]
    pub prefer: Vec<String>,
}

impl PriceRequest {
    /// A request for `symbol` that prefers the series with these tokens.
    #[must_use]
    pub fn new(symbol: &str, prefer: &[&str]) -> Self {
        Self {
            symbol: symbol.to_owned(),
            prefer: prefer.iter().map(|&token| token.to_owned()).collect(),
        }
    }
}

/// The tokens of a name, in lower case.
pub(super) fn tokens(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|token| !token.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// A name without the date at its end: `BTCUSDT-5m-2025-10-10` and `BTCUSDT-5m-2025-10` are both
/// `BTCUSDT-5m`.
pub(super) fn without_date(name: &str) -> &str {
    for pattern in ["-dddd-dd-dd", "-dddd-dd"] {
        let Some(cut) = name.len().checked_sub(pattern.len()) else {
            continue;
        };
        let Some(end) = name.as_bytes().get(cut..) else {
            continue;
        };
        let fits = end
            .iter()
            .zip(pattern.bytes())
            .enumerate()
            .all(|(i, (b, p))| match p {
                b'd' => b.is_ascii_digit(),
                _ => *b == b'-' || (i == 0 && *b == b'_'),
            });
        if fits && cut > 0 {
            return &name[..cut];
        }
    }
    name
}

/// The parts of the one series that `request` means.
pub(super) fn choose<'a>(
    parts: &'a [Part],
    request: &PriceRequest,
    place: &str,
) -> Result<Vec<&'a Part>, PriceError> {
    let symbol = request.symbol.to_lowercase();
    let prefer: Vec<String> = request.prefer.iter().map(|t| t.to_lowercase()).collect();
    let not_asked_for =
        |token: &String| DERIVED.contains(&token.as_str()) && !prefer.contains(token);

    let mut by_series: BTreeMap<&str, Vec<&Part>> = BTreeMap::new();
    for part in parts {
        if part.tokens.contains(&symbol) && !part.tokens.iter().any(not_asked_for) {
            by_series.entry(&part.series).or_default().push(part);
        }
    }
    let rank = |parts: &[&Part]| -> Vec<bool> {
        prefer
            .iter()
            .map(|token| parts.iter().all(|part| part.tokens.contains(token)))
            .collect()
    };
    let Some(best) = by_series.values().map(|parts| rank(parts)).max() else {
        return Err(PriceError::NoSuchMarket {
            symbol: request.symbol.clone(),
            place: place.to_owned(),
            candidates: series_names(parts),
        });
    };
    by_series.retain(|_, parts| rank(parts) == best);
    if by_series.len() > 1 {
        return Err(PriceError::Ambiguous {
            symbol: request.symbol.clone(),
            candidates: by_series.into_keys().map(str::to_owned).collect(),
        });
    }
    Ok(by_series.into_values().flatten().collect())
}

fn series_names(parts: &[Part]) -> Vec<String> {
    let mut names: Vec<String> = parts.iter().map(|part| part.series.clone()).collect();
    names.sort();
    names.dedup();
    names
}

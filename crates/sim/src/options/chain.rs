//! Snapshots of option chains, in the columns of Deribit's market summary.
//!
//! Strict: the columns are the known ones, each once, in any order; every row is complete; a
//! number is a number. An option without an implied volatility, with one that is not above zero or
//! above a thousand per cent, listed twice, expired at the time of its snapshot, or with a bid above
//! its ask is refused with file and line. Prices of options are in the coin; an absent bid or ask
//! is an empty field.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use plimsoll_engine::venues::kyan::Right;
use plimsoll_units::{Fixed, Price, Rounding, Timestamp};

use super::OptionsError;

/// The most bytes of a file, unpacked.
const BYTES_MAX: u64 = 1 << 28;
/// The most rows of a file.
const ROWS_MAX: usize = 100_000;
/// The most files of a directory.
const FILES_MAX: usize = 2_000;
/// The highest implied volatility that is believed: 1,000 %.
const VOL_MAX_E9: i64 = 10_000_000_000;

/// The columns of a chain. All must be there; no other may.
const COLUMNS: [&str; 23] = [
    "timestamp",
    "instrument_name",
    "underlying",
    "underlying_name",
    "option_type",
    "strike",
    "expiry_datetime",
    "time_to_maturity",
    "bid_price",
    "ask_price",
    "mark_price",
    "mid_price",
    "futures_price",
    "futures_instrument_name",
    "implied_volatility",
    "delta",
    "vega",
    "open_interest",
    "volume",
    "bid_ask_spread",
    "currency",
    "index_price",
    "volume_usd",
];

/// Where the columns that are used stand in [`COLUMNS`].
mod column {
    pub(super) const TIME: usize = 0;
    pub(super) const NAME: usize = 1;
    pub(super) const FORWARD: usize = 2;
    pub(super) const RIGHT: usize = 4;
    pub(super) const STRIKE: usize = 5;
    pub(super) const EXPIRY: usize = 6;
    pub(super) const BID: usize = 8;
    pub(super) const ASK: usize = 9;
    pub(super) const MARK: usize = 10;
    pub(super) const VOL: usize = 14;
    pub(super) const INTEREST: usize = 17;
    pub(super) const COIN: usize = 20;
    pub(super) const INDEX: usize = 21;
}

/// A chain of one coin at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// When it was taken.
    pub at: Timestamp,
    /// The index: the median of what the rows say, which were taken within a few seconds.
    pub index: Price<8>,
    /// The options, by expiry, strike and right.
    pub options: Vec<ChainOption>,
}

/// An option of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainOption {
    /// Its expiry.
    pub expiry: Timestamp,
    /// Its strike.
    pub strike: Price<8>,
    /// Call or put.
    pub right: Right,
    /// The forward of its expiry.
    pub forward: Price<8>,
    /// Its marked implied volatility, 9 decimals.
    pub vol_e9: i64,
    /// Its mark price, in the coin, 8 decimals.
    pub mark_e8: i64,
    /// Whether somebody bids.
    pub bid: bool,
    /// Whether somebody offers.
    pub ask: bool,
    /// Contracts open, 6 decimals.
    pub interest: i64,
    /// The index its row says, which its mark is in units of.
    pub index: Price<8>,
}

/// Reads the chains of `coin` in a file, or in the files of a directory that are named like
/// options, oldest first.
///
/// # Errors
/// [`OptionsError`] with file and line.
pub fn read(source: &Path, coin: &str) -> Result<Vec<Chain>, OptionsError> {
    let mut chains: Vec<Chain> = Vec::new();
    for path in files(source)? {
        let Some(chain) = read_file(&path, coin)? else {
            continue;
        };
        let place = chains.binary_search_by_key(&chain.at, |known| known.at);
        match place {
            Ok(_) => return Err(OptionsError::Twice { path, at: chain.at }),
            Err(place) => chains.insert(place, chain),
        }
    }
    if chains.is_empty() {
        return Err(OptionsError::Nothing {
            path: source.to_owned(),
            coin: coin.to_owned(),
        });
    }
    Ok(chains)
}

/// A directory may have other tables of the same market: chains are the files whose name begins
/// with `deribit_options_`.
fn files(source: &Path) -> Result<Vec<PathBuf>, OptionsError> {
    if !source.is_dir() {
        return Ok(vec![source.to_owned()]);
    }
    let failed = |error: std::io::Error| OptionsError::Read {
        path: source.to_owned(),
        why: error.to_string(),
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(source).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        let is_csv = name.ends_with(".csv") || name.ends_with(".csv.gz");
        if is_csv && name.starts_with("deribit_options_") {
            files.push(path);
        }
    }
    if files.len() > FILES_MAX {
        return Err(OptionsError::Read {
            path: source.to_owned(),
            why: format!("{} files are more than {FILES_MAX}", files.len()),
        });
    }
    files.sort();
    Ok(files)
}

fn open(path: &Path) -> Result<Box<dyn Read>, OptionsError> {
    let file = File::open(path).map_err(|error| OptionsError::Read {
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    let file = BufReader::new(file);
    let packed = path.extension().is_some_and(|e| e == "gz");
    Ok(if packed {
        Box::new(MultiGzDecoder::new(file).take(BYTES_MAX))
    } else {
        Box::new(file.take(BYTES_MAX))
    })
}

/// The places of [`COLUMNS`] in a header.
fn places(path: &Path, header: &csv::StringRecord) -> Result<[usize; 23], OptionsError> {
    let refuse = |why: String| {
        Err(OptionsError::Header {
            path: path.to_owned(),
            why,
            header: header.iter().collect::<Vec<_>>().join(","),
        })
    };
    if let Some(unknown) = header.iter().find(|name| !COLUMNS.contains(name)) {
        return refuse(format!("there is an unknown column {unknown:?}"));
    }
    let mut places = [0; 23];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let mut found = header
            .iter()
            .enumerate()
            .filter(|(_, name)| *name == column);
        *place = match (found.next(), found.next()) {
            (Some((at, _)), None) => at,
            (None, _) => return refuse(format!("there is no column {column:?}")),
            _ => return refuse(format!("the column {column:?} is there twice")),
        };
    }
    Ok(places)
}

fn read_file(path: &Path, coin: &str) -> Result<Option<Chain>, OptionsError> {
    let failed = |error: csv::Error| {
        let line = error.position().map(csv::Position::line);
        match line {
            Some(line) => OptionsError::Row {
                path: path.to_owned(),
                line,
                why: error.to_string(),
            },
            None => OptionsError::Read {
                path: path.to_owned(),
                why: error.to_string(),
            },
        }
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(open(path)?);
    let header = reader.headers().map_err(failed)?.clone();
    let places = places(path, &header)?;
    let mut rows: Vec<ChainOption> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut at: Option<Timestamp> = None;
    for (count, record) in reader.records().enumerate() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, csv::Position::line);
        let refuse = |why: String| OptionsError::Row {
            path: path.to_owned(),
            line,
            why,
        };
        if count >= ROWS_MAX {
            return Err(refuse(format!("more than {ROWS_MAX} rows")));
        }
        let fields = places.map(|place| record.get(place).unwrap_or_default());
        let time = time("timestamp", fields[column::TIME]).map_err(refuse)?;
        if *at.get_or_insert(time) != time {
            return Err(refuse(format!(
                "timestamp {time} is not that of the rows before"
            )));
        }
        if !fields[column::COIN].eq_ignore_ascii_case(coin) {
            continue;
        }
        if !seen.insert(fields[column::NAME].to_owned()) {
            let name = fields[column::NAME];
            return Err(refuse(format!("{name} is listed twice")));
        }
        let option = row(&fields, time).map_err(refuse)?;
        rows.push(option);
    }
    rows.sort_by_key(|o| (o.expiry, o.strike, o.right));
    let same = |pair: &&[ChainOption]| {
        let key = |o: &ChainOption| (o.expiry, o.strike, o.right);
        key(&pair[0]) == key(&pair[1])
    };
    if let Some(pair) = rows.windows(2).find(same) {
        return Err(OptionsError::Read {
            path: path.to_owned(),
            why: format!(
                "two names for the {:?} at {} of {}",
                pair[0].right, pair[0].strike, pair[0].expiry
            ),
        });
    }
    let mut indices: Vec<Price<8>> = rows.iter().map(|o| o.index).collect();
    indices.sort_unstable();
    let (Some(at), Some(index)) = (at, indices.get(indices.len() / 2)) else {
        return Ok(None);
    };
    Ok(Some(Chain {
        at,
        index: *index,
        options: rows,
    }))
}

fn row(fields: &[&str; 23], at: Timestamp) -> Result<ChainOption, String> {
    let positive = |name: &str, text: &str| -> Result<Price<8>, String> {
        let value = decimal::<8>(name, text)?;
        if value <= 0 {
            return Err(format!("{name} {text:?} is not above zero"));
        }
        Ok(Price::from_raw(value))
    };
    let right = match fields[column::RIGHT] {
        "call" => Right::Call,
        "put" => Right::Put,
        other => return Err(format!("option_type {other:?} is neither call nor put")),
    };
    let name = fields[column::NAME];
    let letter = match right {
        Right::Call => "-C",
        Right::Put => "-P",
    };
    if !name.ends_with(letter) {
        return Err(format!("{name} is not the name of a {right:?}"));
    }
    let expiry = time("expiry_datetime", fields[column::EXPIRY])?;
    if expiry <= at {
        return Err(format!("{name} has expired: {expiry} is not after {at}"));
    }
    let text = fields[column::VOL];
    if text.is_empty() {
        return Err(format!("{name} has no implied volatility"));
    }
    let vol = decimal::<9>("implied_volatility", text)?;
    let vol_e9 = i64::try_from(vol).unwrap_or(i64::MAX);
    if !(1..=VOL_MAX_E9).contains(&vol_e9) {
        return Err(format!(
            "implied_volatility {text:?} is not above zero and at most 10"
        ));
    }
    let quote = |name: &str, text: &str| -> Result<Option<i128>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let value = decimal::<8>(name, text)?;
        if value < 0 {
            return Err(format!("{name} {text:?} is below zero"));
        }
        Ok(Some(value).filter(|value| *value > 0))
    };
    let bid = quote("bid_price", fields[column::BID])?;
    let ask = quote("ask_price", fields[column::ASK])?;
    if let (Some(bid), Some(ask)) = (bid, ask)
        && bid > ask
    {
        let (bid, ask) = (fields[column::BID], fields[column::ASK]);
        return Err(format!("{name}: the bid {bid} is above the ask {ask}"));
    }
    let mark = decimal::<8>("mark_price", fields[column::MARK])?;
    let interest = decimal::<6>("open_interest", fields[column::INTEREST])?;
    if mark < 0 || interest < 0 {
        return Err(format!("{name}: mark_price or open_interest is below zero"));
    }
    Ok(ChainOption {
        expiry,
        strike: positive("strike", fields[column::STRIKE])?,
        right,
        forward: positive("underlying", fields[column::FORWARD])?,
        vol_e9,
        mark_e8: i64::try_from(mark).map_err(|_| format!("mark_price {mark} is too large"))?,
        bid: bid.is_some(),
        ask: ask.is_some(),
        interest: i64::try_from(interest)
            .map_err(|_| format!("open_interest {interest} is too large"))?,
        index: positive("index_price", fields[column::INDEX])?,
    })
}

fn time(name: &str, text: &str) -> Result<Timestamp, String> {
    let time: Result<jiff::Timestamp, _> = text.parse();
    let time = time.map_err(|_| format!("{name} {text:?} is not a time"))?;
    Ok(Timestamp(time.as_millisecond()))
}

/// A decimal with `D` decimals, the further ones cut off. The files write some of them as a
/// computer's shortest text of a float (`0.8506000000000001`, `1e-05`).
fn decimal<const D: u32>(name: &str, text: &str) -> Result<i128, String> {
    let refuse = || format!("{name} {text:?} is not a number");
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        None => (text, 0),
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().map_err(|_| refuse())?),
    };
    let short = shorten(digits).ok_or_else(refuse)?;
    let fine: Fixed<18> = short.parse().map_err(|_| refuse())?;
    let shift = |by: u32| 10i128.checked_pow(by);
    let raw = match u32::try_from(exponent) {
        Ok(up) => shift(up).and_then(|by| fine.raw().checked_mul(by)),
        Err(_) => Some(shift(exponent.unsigned_abs()).map_or(0, |by| fine.raw() / by)),
    };
    let fine = Fixed::<18>::from_raw(raw.ok_or_else(refuse)?);
    let coarse = fine.rescale::<D>(Rounding::Down);
    coarse.map(Fixed::raw).map_err(|_| refuse())
}

/// Digits with at most 18 after the point; `None` for what is not a plain decimal.
fn shorten(text: &str) -> Option<String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let bare = whole.strip_prefix('-').unwrap_or(whole);
    if !digits(bare) || !digits(part) || bare.len() > 18 {
        return None;
    }
    let part = part.get(..18.min(part.len())).unwrap_or(part);
    Some(format!("{whole}.{part}"))
}

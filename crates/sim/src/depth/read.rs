//! The shape of books from files of snapshots.
//!
//! Two layouts are read, each with a header and plain or gzipped: levels with price and quantity
//! (`side,price,qty`, as exchanges answer a request for the book), and a book in contracts of one
//! dollar (`side,price,size_usd`). Sides are bid and ask, or Buy and Sell. A column `recv_ms` or
//! `time_ms` makes it several books, of which the first is taken.

use std::path::{Path, PathBuf};

use super::{DISTANCES, REFERENCE_BPS, Shape, WHOLE};
use crate::tables::{self, TableError, number};

/// Why books cannot give a shape.
#[derive(Debug, thiserror::Error)]
pub enum DepthError {
    /// A file that is no table of levels.
    #[error(transparent)]
    Table(#[from] TableError),
    /// No files.
    #[error("no order book was given")]
    Nothing,
    /// A book with an empty side, or with bids above its asks.
    #[error("{path}: {why}")]
    Book {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A book that ends before the distance that depth is measured against.
    #[error(
        "{path}: the {side} reach only {reach} basis points from the middle, {least} are needed"
    )]
    Short {
        /// Which file.
        path: PathBuf,
        /// Which side of it.
        side: &'static str,
        /// How far it reaches.
        reach: u32,
        /// How far it should.
        least: u32,
    },
}

/// One side of a book: distances from the middle in basis points, and notionals.
struct Half {
    levels: Vec<(f64, f64)>,
    reach: f64,
}

/// The median, at each distance, of both sides of all books.
pub(super) fn shape(files: &[PathBuf]) -> Result<Shape, DepthError> {
    let mut halves = Vec::new();
    for file in files {
        halves.extend(book(file)?);
    }
    let mut points: Vec<(u32, u32)> = Vec::with_capacity(DISTANCES.len());
    for bps in DISTANCES {
        let mut shares: Vec<f64> = halves.iter().filter_map(|half| half.share(bps)).collect();
        if let Some(share) = median(&mut shares) {
            // Other books are in the median farther out; a cumulative depth never falls.
            let before = points.last().map_or(0, |(_, share)| *share);
            points.push((bps, ppm(share).max(before)));
        }
    }
    if points.is_empty() {
        return Err(DepthError::Nothing);
    }
    Ok(Shape(points))
}

impl Half {
    /// Depth within a distance over depth within the reference, where the book reaches so far.
    fn share(&self, bps: u32) -> Option<f64> {
        if f64::from(bps) > self.reach {
            return None;
        }
        Some(self.within(bps) / self.within(REFERENCE_BPS))
    }

    fn within(&self, bps: u32) -> f64 {
        let near = self.levels.iter().filter(|(at, _)| *at <= f64::from(bps));
        near.map(|(_, notional)| notional).sum()
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    Some(f64::midpoint(*values.get(low)?, *values.get(high)?))
}

/// Millionths, of which the last three digits would say more than a book knows.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn ppm(share: f64) -> u32 {
    let thousandths = (share * f64::from(WHOLE) / 1_000.0).round();
    (thousandths.clamp(0.0, 4e6) as u32).saturating_mul(1_000)
}

/// The bids and the asks of the first book in a file.
fn book(path: &Path) -> Result<[Half; 2], DepthError> {
    let levels = levels(path)?;
    let wrong = |why: &str| DepthError::Book {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let of = |bid: bool| levels.iter().filter(move |level| level.bid == bid);
    let best_bid = of(true).map(|l| l.price).max_by(f64::total_cmp);
    let best_ask = of(false).map(|l| l.price).min_by(f64::total_cmp);
    let (Some(best_bid), Some(best_ask)) = (best_bid, best_ask) else {
        return Err(wrong("a side of the book is empty"));
    };
    if best_bid >= best_ask {
        return Err(wrong("the best bid is not below the best ask"));
    }
    let middle = f64::midpoint(best_bid, best_ask);
    let half = |bid: bool, side| {
        // To a millionth, so that a level on a distance's edge is within it.
        let bps = |price: f64| ((price / middle - 1.0).abs() * 1e10).round() / 1e6;
        let levels: Vec<(f64, f64)> = of(bid).map(|l| (bps(l.price), l.notional)).collect();
        let reach = levels.iter().map(|(at, _)| *at).fold(0.0, f64::max);
        if reach < f64::from(REFERENCE_BPS) {
            return Err(DepthError::Short {
                path: path.to_owned(),
                side,
                reach: whole(reach),
                least: REFERENCE_BPS,
            });
        }
        Ok(Half { levels, reach })
    };
    Ok([half(true, "bids")?, half(false, "asks")?])
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(bps: f64) -> u32 {
    bps as u32
}

struct Level {
    bid: bool,
    price: f64,
    notional: f64,
}

fn levels(path: &Path) -> Result<Vec<Level>, TableError> {
    // The size's column tells the layout; the time's column, whether there are several books.
    let missing = |read: &Result<Vec<Level>, TableError>| matches!(read, Err(TableError::Column { column, .. }) if *column != "side" && *column != "price");
    let mut read = first_book(path, ["side", "price", "qty", "recv_ms"]);
    for columns in [
        ["side", "price", "size", "time_ms"],
        ["side", "price", "qty", "price"],
        ["side", "price", "size_usd", "price"],
    ] {
        if missing(&read) {
            read = first_book(path, columns);
        }
    }
    read
}

fn first_book(path: &Path, columns: [&'static str; 4]) -> Result<Vec<Level>, TableError> {
    let in_dollars = columns[2] == "size_usd";
    let timed = columns[3] != "price";
    let mut levels = Vec::new();
    let mut first: Option<String> = None;
    tables::read(path, columns, |[side, price, size, time]| {
        let first = first.get_or_insert_with(|| time.to_owned());
        if timed && first != time {
            return Ok(());
        }
        let bid = match side {
            "bid" | "Buy" => true,
            "ask" | "Sell" => false,
            other => return Err(format!("side {other:?} is neither bid nor ask")),
        };
        let price = positive("price", price)?;
        let size = positive(columns[2], size)?;
        let notional = if in_dollars { size } else { size * price };
        levels.push(Level {
            bid,
            price,
            notional,
        });
        Ok(())
    })?;
    Ok(levels)
}

fn positive(column: &str, text: &str) -> Result<f64, String> {
    let value = number(column, text)?;
    if value > 0.0 {
        return Ok(value);
    }
    Err(format!("{column} {text:?} is not positive"))
}

//! CSV tables with a header, plain or gzipped: what the market data beside the prices comes in.
//!
//! Columns are found by name, so that a file may have more of them in any order. Everything is
//! bounded: a table has at most [`ROWS_MAX`] rows, and a file is never unpacked beyond
//! [`BYTES_MAX`].

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

/// The most rows of a table.
pub const ROWS_MAX: usize = 2_000_000;
/// The most bytes of a table, unpacked.
pub const BYTES_MAX: u64 = 1 << 30;

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be read, or is not CSV.
    #[error("{path}: {why}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A column that the table needs is not there.
    #[error("{path}: there is no column {column:?}; the header is {header}")]
    Column {
        /// Which file.
        path: PathBuf,
        /// The column looked for.
        column: &'static str,
        /// What the header says.
        header: String,
    },
    /// A row that makes no sense.
    #[error("{path}, line {line}: {why}")]
    Row {
        /// Which file.
        path: PathBuf,
        /// Counting from 1 with the header.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// None of the file names looked for is there.
    #[error("{directory} has none of {names}")]
    Missing {
        /// Where was looked.
        directory: PathBuf,
        /// What for.
        names: String,
    },
    /// Fewer rows than anything can be read from.
    #[error("{path}: {rows} usable rows are too few, at least {least} are needed")]
    TooFew {
        /// Which file.
        path: PathBuf,
        /// How many there are.
        rows: usize,
        /// How many are needed.
        least: usize,
    },
}

/// Reads the named columns of a table, row by row; `row` is given the line and the fields in the
/// order of `columns`.
///
/// # Errors
/// [`TableError`], which names file, line and column.
pub fn read<const N: usize>(
    path: &Path,
    columns: [&'static str; N],
    mut row: impl FnMut([&str; N]) -> Result<(), String>,
) -> Result<(), TableError> {
    let failed = |why: String| TableError::Read {
        path: path.to_owned(),
        why,
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(open(path)?);
    let header = reader.headers().map_err(|e| failed(e.to_string()))?.clone();
    let mut places = [0usize; N];
    for (place, column) in places.iter_mut().zip(columns) {
        *place = header
            .iter()
            .position(|name| name == column)
            .ok_or_else(|| TableError::Column {
                path: path.to_owned(),
                column,
                header: header.iter().collect::<Vec<_>>().join(","),
            })?;
    }
    for (count, record) in reader.records().enumerate() {
        let record = record.map_err(|e| failed(e.to_string()))?;
        if count >= ROWS_MAX {
            return Err(failed(format!("more than {ROWS_MAX} rows")));
        }
        let fields = places.map(|at| record.get(at).unwrap_or_default());
        row(fields).map_err(|why| TableError::Row {
            path: path.to_owned(),
            line: record.position().map_or(0, csv::Position::line),
            why,
        })?;
    }
    Ok(())
}

/// The first of the names that a directory has.
///
/// # Errors
/// [`TableError::Missing`] with all names that were looked for.
pub fn find(directory: &Path, names: &[String]) -> Result<PathBuf, TableError> {
    let found = names.iter().map(|name| directory.join(name));
    found
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| TableError::Missing {
            directory: directory.to_owned(),
            names: names.join(", "),
        })
}

/// A finite number of a field.
///
/// # Errors
/// What the field says instead, with the column's name.
pub fn number(column: &str, text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("{column} {text:?} is not a number")),
    }
}

fn open(path: &Path) -> Result<Box<dyn Read>, TableError> {
    let file = File::open(path).map_err(|e| TableError::Read {
        path: path.to_owned(),
        why: e.to_string(),
    })?;
    let file = BufReader::new(file);
    let packed = path.extension().is_some_and(|e| e == "gz");
    Ok(if packed {
        Box::new(MultiGzDecoder::new(file).take(BYTES_MAX))
    } else {
        Box::new(file.take(BYTES_MAX))
    })
}

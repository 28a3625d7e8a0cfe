//! A file or a directory as a list of CSV texts, whatever they are packed in.
//!
//! A directory is read with its direct subdirectories (one per market is a common layout) and no
//! deeper; names that begin with a dot, and files that are not `.csv`, `.csv.gz` or `.zip`, are
//! passed over. A zip is a list of its `.csv` members. A file is read into memory once, and it is
//! those very bytes whose hash goes into the report.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::error::PriceError;
use super::kline::{BarText, read_bars};
use super::select::{tokens, without_date};

/// Bytes of one file as it lies on disk.
const MAX_FILE_BYTES: u64 = 1 << 30;
/// Files of a directory and members of its zips.
const MAX_PARTS: usize = 100_000;

/// One CSV text: a file, or a member of a zip.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The file.
    path: PathBuf,
    /// What the file is packed in.
    packing: Packing,
    /// The file's name within the source, for the report.
    pub(super) file: String,
    /// The same for a message: the whole path, and the member of a zip.
    pub(super) shown: String,
    /// The name shared by all parts of one series: directory, zip and file, without the date.
    pub(super) series: String,
    /// Tokens of that name.
    pub(super) tokens: Vec<String>,
}

#[derive(Debug, Clone)]
enum Packing {
    Plain,
    Gzip,
    /// The index of the member.
    Zip(usize),
}

/// A part that was read.
#[derive(Debug)]
pub(super) struct ReadPart {
    pub(super) text: BarText,
    /// Size of the file, packed as it is.
    pub(super) bytes: u64,
    /// blake3 of the file, packed as it is.
    pub(super) hash: blake3::Hash,
}

/// All parts of a file or directory, by name.
pub(super) fn list_parts(source: &Path) -> Result<Vec<Part>, PriceError> {
    let mut parts = Vec::new();
    if !source.is_dir() {
        let name = file_name(source);
        if !add_file(&mut parts, source, "", &name)? {
            // A path that does not exist is told as such, not as a file of the wrong kind.
            std::fs::metadata(source).map_err(|error| io(source, error))?;
            return Err(PriceError::UnknownKind(source.display().to_string()));
        }
        return Ok(parts);
    }
    for entry in sorted_entries(source)? {
        let name = file_name(&entry);
        if !entry.is_dir() {
            add_file(&mut parts, &entry, "", &name)?;
            continue;
        }
        for inner in sorted_entries(&entry)? {
            if !inner.is_dir() {
                add_file(&mut parts, &inner, &format!("{name}/"), &file_name(&inner))?;
            }
        }
    }
    if parts.is_empty() {
        return Err(PriceError::NoFiles(source.display().to_string()));
    }
    Ok(parts)
}

/// Reads and parses one part.
pub(super) fn read_part(part: &Part) -> Result<ReadPart, PriceError> {
    let bytes = read_file(&part.path)?;
    let text = match part.packing {
        Packing::Plain => read_bars(&part.shown, &bytes[..])?,
        Packing::Gzip => {
            let unpacked = MultiGzDecoder::new(&bytes[..]);
            read_bars(&part.shown, BufReader::new(unpacked))?
        }
        Packing::Zip(index) => {
            let mut archive = open_zip(&part.path, Cursor::new(&bytes))?;
            let member = archive
                .by_index(index)
                .map_err(|error| bad_zip(&part.path, &error))?;
            read_bars(&part.shown, BufReader::new(member))?
        }
    };
    Ok(ReadPart {
        text,
        bytes: bytes.len() as u64,
        hash: blake3::hash(&bytes),
    })
}

/// Adds what the file holds; false when it is not a price file by its name.
fn add_file(
    parts: &mut Vec<Part>,
    path: &Path,
    directory: &str,
    name: &str,
) -> Result<bool, PriceError> {
    let part = |packing, member: &str, series: &str| Part {
        path: path.to_owned(),
        packing,
        file: format!("{directory}{name}{member}"),
        shown: format!("{}{member}", path.display()),
        series: format!("{directory}{series}"),
        tokens: tokens(&format!("{directory}{series}")),
    };
    let lower = name.to_ascii_lowercase();
    let stem_without = |suffix: &str| &name[..name.len() - suffix.len()];
    if lower.ends_with(".csv") {
        let series = without_date(stem_without(".csv"));
        parts.push(part(Packing::Plain, "", series));
    } else if lower.ends_with(".csv.gz") {
        let series = without_date(stem_without(".csv.gz"));
        parts.push(part(Packing::Gzip, "", series));
    } else if lower.ends_with(".zip") {
        let zip_stem = without_date(stem_without(".zip"));
        for (index, member) in csv_members(path)? {
            let bare = without_date(&member[..member.len() - ".csv".len()]);
            // The archive packs X-2025-10-10.csv into X-2025-10-10.zip; such days go together
            // with unpacked ones. Any other zip is a place of its own, like a directory.
            let series = if bare == zip_stem {
                bare.to_owned()
            } else {
                format!("{zip_stem}/{bare}")
            };
            parts.push(part(Packing::Zip(index), &format!(":{member}"), &series));
        }
    } else {
        return Ok(false);
    }
    if parts.len() > MAX_PARTS {
        return Err(PriceError::TooMuch {
            what: path.parent().unwrap_or(path).display().to_string(),
            limit: MAX_PARTS as u64,
            unit: "price files",
        });
    }
    Ok(true)
}

/// Index and name of each `.csv` member.
fn csv_members(path: &Path) -> Result<Vec<(usize, String)>, PriceError> {
    let file = File::open(path).map_err(|error| io(path, error))?;
    let archive = open_zip(path, BufReader::new(file))?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let Some(name) = archive.name_for_index(index) else {
            continue;
        };
        let name = name.map_err(|error| bad_zip(path, &error))?.into_owned();
        let hidden = name
            .split('/')
            .any(|step| step.starts_with('.') || step == "__MACOSX");
        if name.to_ascii_lowercase().ends_with(".csv") && !hidden {
            members.push((index, name));
        }
    }
    if members.is_empty() {
        return Err(PriceError::NoFiles(path.display().to_string()));
    }
    members.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(members)
}

fn open_zip<R: Read + Seek>(path: &Path, packed: R) -> Result<ZipArchive<R>, PriceError> {
    ZipArchive::new(packed).map_err(|error| bad_zip(path, &error))
}

fn read_file(path: &Path) -> Result<Vec<u8>, PriceError> {
    let file = File::open(path).map_err(|error| io(path, error))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| io(path, error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(PriceError::TooMuch {
            what: path.display().to_string(),
            limit: MAX_FILE_BYTES,
            unit: "bytes",
        });
    }
    Ok(bytes)
}

fn sorted_entries(directory: &Path) -> Result<Vec<PathBuf>, PriceError> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(|error| io(directory, error))? {
        let path = entry.map_err(|error| io(directory, error))?.path();
        if !file_name(&path).starts_with('.') {
            entries.push(path);
        }
    }
    entries.sort();
    Ok(entries)
}

/// The last step of a path.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn io(path: &Path, source: std::io::Error) -> PriceError {
    PriceError::Io {
        path: path.display().to_string(),
        source,
    }
}

fn bad_zip(path: &Path, error: &zip::result::ZipError) -> PriceError {
    PriceError::BadZip {
        file: path.display().to_string(),
        detail: error.to_string(),
    }
}

//! Prices through their outer door: files on disk in, a timeline or a message out.

mod bundle;
mod choosing;
mod forms;
mod garbage;
mod real_data;
mod refusals;

use std::io::Write;
use std::path::Path;

use plimsoll_sim::prices::{PriceError, PriceRequest, Timeline, Window, load};

/// The header of the plain form.
const HEADER: &str = "timestamp_ms,open,high,low,close,volume\n";

/// Midnight of 10 October 2025, in milliseconds.
const MIDNIGHT: i64 = 1_760_054_400_000;

/// A directory with these files.
fn directory(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    directory
}

/// Loads BTCUSDT from `path`, whatever else is there.
fn load_btc(path: &Path, prefer: &[&str]) -> Result<Timeline, PriceError> {
    load(path, &[PriceRequest::new("BTCUSDT", prefer)], Window::ALL)
}

/// The message of a refusal, with the temporary directory's name taken out.
fn message(root: &Path, result: Result<Timeline, PriceError>) -> String {
    let text = match result {
        Ok(timeline) => format!("accepted: {} ticks", timeline.ticks.len()),
        Err(error) => error.to_string(),
    };
    text.replace(&root.display().to_string(), "DIR")
}

/// A plain file of flat bars, `count` of them, `step_ms` apart.
fn flat(from_ms: i64, count: i64, step_ms: i64, price: &str) -> String {
    let mut text = HEADER.to_owned();
    for i in 0..count {
        let time = from_ms + i * step_ms;
        text.push_str(&format!("{time},{price},{price},{price},{price},1\n"));
    }
    text
}

/// One line of the public archive; times in the unit that `scale` times milliseconds gives.
fn archive_line(time_ms: i64, scale: i64, price: &str) -> String {
    let (open, close) = (time_ms * scale, (time_ms + 300_000) * scale - 1);
    format!("{open},{price},{price},{price},{price},1.5,{close},150.0,7,0.5,50.0,0\n")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut packer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, text) in members {
        packer.start_file(*name, options).unwrap();
        packer.write_all(text.as_bytes()).unwrap();
    }
    packer.finish().unwrap().into_inner()
}

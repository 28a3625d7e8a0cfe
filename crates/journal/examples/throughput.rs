//! How many records a second the journal takes: `cargo run --release -p plimsoll-journal --example
//! throughput [DIRECTORY]`.
//!
//! Payloads of 100 bytes. "Durable" is a redb file in DIRECTORY (the current one by default), one
//! two-phase transaction with its flushes per batch; "memory" is the chain and the checksums
//! without a disk; "plain" is the floor the disk sets: the same number of bytes appended to a plain
//! file with one flush per batch, no chain, no index; "check" is opening the durable file again,
//! every record and page checked. On a disk that others use at the same time, compare "durable"
//! with "plain" of the same run only.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use plimsoll_journal::envelope::OVERHEAD_BYTES;
use plimsoll_journal::{Bounds, Journal, JournalError, Log, MemoryLog, RedbLog, verify};
use plimsoll_units::{Timestamp, VenueId};

const PAYLOAD_BYTES: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("."), PathBuf::from);
    println!(
        "{:<8} {:>6} {:>10} {:>12} {:>10}",
        "log", "batch", "records", "records/s", "ms/batch"
    );
    append("memory", MemoryLog::new(), 1024, 2_000_000)?;
    for (batch, records) in [(1, 500), (64, 20_000), (1024, 500_000), (8192, 1_000_000)] {
        let path = directory.join(format!("throughput-{batch}.journal"));
        plain(&directory.join("throughput.plain"), batch, records)?;
        append("durable", RedbLog::create(&path)?, batch, records)?;
        check(&path, batch, records)?;
        std::fs::remove_file(&path)?;
    }
    Ok(())
}

fn append(name: &str, log: impl Log, batch: u64, records: u64) -> Result<(), JournalError> {
    let mut journal = Journal::open(log, Bounds::default())?;
    let mut payload = [0x5a; PAYLOAD_BYTES];
    let start = Instant::now();
    for number in 1..=records {
        payload[..8].copy_from_slice(&number.to_le_bytes());
        journal.append(1, Timestamp(0), VenueId(1), &payload)?;
        if number % batch == 0 {
            journal.commit()?;
        }
    }
    journal.commit()?;
    report(name, batch, records, start);
    journal.close().map(drop)
}

fn plain(path: &Path, batch: u64, records: u64) -> std::io::Result<()> {
    let record = [0x5a; PAYLOAD_BYTES + OVERHEAD_BYTES];
    let start = Instant::now();
    let mut file = File::create(path)?;
    for _ in 0..records.div_ceil(batch) {
        let bytes: Vec<u8> = (0..batch).flat_map(|_| record).collect();
        file.write_all(&bytes)?;
        file.sync_data()?;
    }
    report("plain", batch, records, start);
    std::fs::remove_file(path)
}

fn check(path: &Path, batch: u64, records: u64) -> Result<(), JournalError> {
    let start = Instant::now();
    let mut log = RedbLog::open(path)?;
    let head = verify(&mut log, |_| Ok::<(), JournalError>(()))?;
    assert_eq!(head.sequence, records);
    report("check", batch, records, start);
    Ok(())
}

fn report(name: &str, batch: u64, records: u64, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    let (records_f, batch_f) = (records as f64, batch as f64);
    println!(
        "{name:<8} {batch:>6} {records:>10} {:>12.0} {:>10.3}",
        records_f / seconds,
        seconds * 1000.0 * batch_f / records_f
    );
}

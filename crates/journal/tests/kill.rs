//! `kill -9` at any moment loses no record that was acknowledged as durable.
//!
//! The test runs itself as a child process that appends and, after each commit, prints the durable
//! sequence. The parent kills it at some moment, reads what it printed to the end, and opens the
//! file.
#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use plimsoll_journal::{Bounds, Hash, Journal, RedbLog, head_at};
use plimsoll_units::{Timestamp, VenueId};
use support::{check_file, payload};

const CHILD: &str = "PLIMSOLL_JOURNAL_KILL_TEST_FILE";
const TEST: &str = "killed_at_any_moment_no_acknowledged_record_is_lost";
const ROUNDS: u64 = 24;

/// Appends in batches of changing size, with a snapshot now and then, until killed.
fn child(path: &Path) {
    let log = RedbLog::open_or_create(path).unwrap();
    let mut journal = Journal::open(log, Bounds::default()).unwrap();
    let mut output = std::io::stdout();
    loop {
        let size = 1 + journal.durable() % 97 * 5;
        for _ in 0..size {
            let sequence = journal.head().sequence + 1;
            let time = Timestamp(sequence as i64);
            journal
                .append(1, time, VenueId(1), &payload(sequence))
                .unwrap();
        }
        let durable = if size % 4 == 0 {
            journal
                .store_snapshot(Hash::of(b"state"), vec![1; 20_000])
                .unwrap()
        } else {
            journal.commit().unwrap()
        };
        writeln!(output, "durable {durable}").unwrap();
        output.flush().unwrap();
    }
}

/// Runs the child until it has acknowledged `times` (0: until it is started) and for `moment` more,
/// kills it, and returns the last sequence it acknowledged.
fn run_and_kill(path: &Path, times: usize, moment: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = lines.filter_map(|line| {
        let line = line.unwrap();
        // A line that the kill cut short is not an acknowledgement; `lines` hides the missing
        // newline, but a number cut short is only smaller.
        line.strip_prefix("durable ")
            .and_then(|number| number.parse::<u64>().ok())
    });
    let mut last = 0;
    for _ in 0..times {
        last = acknowledged.next().expect("the child acknowledges");
    }
    std::thread::sleep(moment);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(!status.success(), "the child ends only by being killed");
    acknowledged.last().unwrap_or(last)
}

#[test]
fn killed_at_any_moment_no_acknowledged_record_is_lost() {
    if let Some(path) = std::env::var_os(CHILD) {
        return child(Path::new(&path));
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("killed.journal");
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        // At once after an acknowledgement, where an answer given too early would show, and later
        // by microseconds and milliseconds, so that kills land in every phase of opening,
        // appending and committing.
        let moment = Duration::from_micros(match round % 3 {
            0 => 0,
            1 => round * 61,
            _ => round * round * 937 % 60_000,
        });
        let times = usize::try_from(round % 5).unwrap();
        acknowledged = run_and_kill(&path, times, moment).max(acknowledged);
        if acknowledged == 0 {
            continue;
        }
        let found = check_file(&path).unwrap();
        assert!(
            found >= acknowledged,
            "round {round}: record {acknowledged} was acknowledged, {found} are there"
        );
        let log = RedbLog::open(&path).unwrap();
        let snapshot = plimsoll_journal::Log::snapshot_at_or_before(&log, u64::MAX).unwrap();
        if let Some(snapshot) = snapshot {
            let head = head_at(&log, snapshot.sequence).unwrap();
            assert_eq!(head.hash, snapshot.record_hash);
        }
    }
    assert!(
        acknowledged > 1000,
        "only {acknowledged} records were written in all rounds"
    );
}

//! The same scenario gives the same bytes; another seed gives others.

use plimsoll_journal::commands::Recorder;
use plimsoll_journal::{Bounds, Journal, MemoryLog};
use plimsoll_sim::report;

use super::{Ran, run, small};

/// Everything a replay writes.
struct Bytes {
    report: String,
    csv: Vec<u8>,
    journal: Vec<u8>,
    summary: String,
}

fn bytes(ran: &Ran) -> Bytes {
    let mut csv = Vec::new();
    report::csv(&ran.results, &mut csv).unwrap();
    let journal = Journal::open(MemoryLog::new(), Bounds::default()).unwrap();
    let mut recorder = Recorder::begin(journal, &ran.config).unwrap();
    for command in &ran.commands {
        recorder.command(command).unwrap();
    }
    Bytes {
        report: report::html(&ran.results),
        csv,
        journal: recorder.close().unwrap().stream().to_vec(),
        summary: report::summary(&ran.results).to_string(),
    }
}

#[test]
fn same_seed_same_bytes_another_seed_others() {
    let mut scenario = small();
    for venue in &mut scenario.venues {
        venue.scale_to(60);
    }
    let (first, second) = (bytes(&run(&scenario)), bytes(&run(&scenario)));
    assert_eq!(first.summary, second.summary);
    assert!(first.report == second.report, "the report differs");
    assert!(first.csv == second.csv, "the CSV differs");
    assert!(first.journal == second.journal, "the journal differs");

    scenario.seed += 1;
    let other = bytes(&run(&scenario));
    assert!(first.report != other.report);
    assert!(first.csv != other.csv);
    assert!(first.journal != other.journal);
}

#[test]
fn venues_do_not_disturb_each_other() {
    let mut all = small();
    for venue in &mut all.venues {
        venue.scale_to(40);
    }
    let together = run(&all);
    for (at, venue) in all.venues.iter().enumerate() {
        let mut alone = all.clone();
        alone.venues = vec![venue.clone()];
        let alone = run(&alone);
        let rows = |ran: &Ran, at: usize| {
            let mut rows = ran.results.venues[at].liquidations.clone();
            // Cases are numbered across the venues of an engine.
            rows.iter_mut().for_each(|row| row.case = 0);
            rows
        };
        assert_eq!(rows(&alone, 0), rows(&together, at), "{}", venue.name);
        assert_eq!(
            alone.results.venues[0].figures,
            together.results.venues[at].figures
        );
    }
}

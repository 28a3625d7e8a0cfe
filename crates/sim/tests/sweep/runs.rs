//! Runs: the same bytes whatever the number of threads, and going on after a stop.

use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_sim::replay::Replay;
use plimsoll_sim::sweep::{self, Plan, RunRow, Store};

const VARY: [&str; 1] = ["venues.P one.liquidators.*.delay=2s,5m"];

fn small_plan() -> Plan {
    super::plan(&VARY, 3).unwrap()
}

fn quiet(_: usize, _: usize) {}

/// Everything that is written, as bytes.
fn written(plan: &Plan, runs: &[RunRow]) -> Vec<Vec<u8>> {
    let points = sweep::point_losses(plan, runs);
    let mut files = vec![sweep::html(plan, runs, &points).into_bytes()];
    for table in [sweep::rows(plan, runs), sweep::summary(plan, &points)] {
        let (mut csv, mut parquet) = (Vec::new(), Vec::new());
        table.csv(&mut csv).unwrap();
        table.parquet(&mut parquet).unwrap();
        files.extend([csv, parquet]);
    }
    files
}

#[test]
fn one_thread_and_many_give_the_same_bytes_as_do_single_replays() {
    let plan = small_plan();
    let mut outcomes = Vec::new();
    for threads in [1, 4] {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), &plan).unwrap();
        let runs = sweep::run(&plan, &store, Some(threads), &quiet).unwrap();
        outcomes.push((written(&plan, &runs), runs));
    }
    let (one, four) = (&outcomes[0], &outcomes[1]);
    assert!(one.0 == four.0);
    assert_eq!(one.1, four.1);
    // Each row is what a replay of its scenario comes to.
    for number in [0, 5] {
        let scenario = plan.scenario(&plan.run(number)).unwrap();
        let results = Replay::prepare(scenario).unwrap();
        let results = results.run(&mut (), &mut |_, _| {}).unwrap();
        let row = &one.1[usize::try_from(number).unwrap()];
        assert_eq!(row.state_hash, results.state_hash);
        for (venue, measured) in results.venues.iter().zip(&row.venues) {
            assert_eq!(venue.liquidations.len() as u64, measured.liquidations);
            let shortfall: f64 = venue
                .liquidations
                .iter()
                .map(|l| l.shortfall.approximate())
                .sum();
            assert!((measured.shortfall.approximate() - shortfall).abs() < 1e-6);
        }
    }
    // Something happened, and the parameter mattered.
    assert!(one.1.iter().all(|row| row.venues[1].liquidations > 0));
    assert_ne!(one.1[0].state_hash, one.1[3].state_hash);
    let delays = |row: &RunRow| row.venues[1].delay_p50;
    assert!(delays(&one.1[0]) < delays(&one.1[3]));
}

#[test]
fn a_sweep_that_was_stopped_goes_on_with_what_is_missing() {
    let plan = small_plan();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs.jsonl");
    let store = Store::open(directory.path(), &plan).unwrap();
    let all = sweep::run(&plan, &store, Some(2), &quiet).unwrap();
    assert!(
        Store::open(directory.path(), &plan)
            .unwrap_err()
            .to_string()
            .contains("being written")
    );
    drop(store);
    // As if it was killed: two rows whole, a third half written.
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let torn = format!(
        "{}{}{}",
        lines[0],
        lines[1],
        &lines[2][..lines[2].len() / 2]
    );
    std::fs::write(&path, torn).unwrap();

    let store = Store::open(directory.path(), &plan).unwrap();
    assert_eq!(store.done().len(), 2);
    let told = AtomicUsize::new(0);
    let again = sweep::run(&plan, &store, Some(2), &|done, total| {
        assert!((2..=total).contains(&done));
        told.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(again.unwrap(), all);
    assert_eq!(told.into_inner(), 1 + plan.runs() - 2);
    drop(store);
    let store = Store::open(directory.path(), &plan).unwrap();
    assert_eq!(store.done().len(), plan.runs());
}

#[test]
fn another_plan_and_damaged_rows_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    drop(Store::open(directory.path(), &small_plan()).unwrap());
    let refused = |plan: &Plan| Store::open(directory.path(), plan).unwrap_err().to_string();
    let other = super::plan(&["venues.P one.liquidators.*.delay=2s,6m"], 3).unwrap();
    assert!(refused(&other).contains("with other parameters"));
    let other = super::plan(&VARY, 4).unwrap();
    assert!(refused(&other).contains("with other seeds"));
    let mut scenario = super::tiny();
    scenario.venues[0].population.accounts = 41;
    let axes = small_plan().axes;
    let other = Plan::new(&scenario, axes, 3, None).unwrap();
    assert!(refused(&other).contains("with another scenario"));

    let path = directory.path().join("runs.jsonl");
    for (text, why) in [
        ("nonsense\n", "line 1: expected"),
        ("{\"run\":1}\n", "line 1: missing field"),
        (
            "{\"run\":99,\"commands\":0,\"events\":0,\"state_hash\":\"\",\"venues\":[]}\n",
            "line 1: run 99 of a sweep of 6 runs",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let told = refused(&small_plan());
        assert!(told.contains(why), "{told}");
    }
}

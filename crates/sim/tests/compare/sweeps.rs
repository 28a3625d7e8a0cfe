//! Comparisons many times: parameters of people and of designs, the same numbers on any number of
//! threads, going on after a stop.

use plimsoll_sim::compare::compare;
use plimsoll_sim::sweep::{self, Axis, Plan, RunRow, Store, SweepError};

use crate::small;

fn plan(vary: &[&str], seeds: u32) -> Result<Plan, SweepError> {
    let axes = vary.iter().map(|text| Axis::parse(text));
    let scenario = small(15, &["tsunamix", "kuma"]);
    Plan::new(&scenario, axes.collect::<Result<_, _>>()?, seeds, None)
}

fn carried_out(plan: &Plan, directory: &std::path::Path, threads: usize) -> Vec<RunRow> {
    let store = Store::open(directory, plan).unwrap();
    sweep::run(plan, &store, Some(threads), &|_, _| {}).unwrap()
}

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
fn parameters_of_designs_and_people_on_one_thread_and_many() {
    let vary = [
        "designs.kuma.margin.maintenance=0.03,0.045",
        "people.leverage_max=2,12",
    ];
    let plan = plan(&vary, 1).unwrap();
    assert_eq!(plan.runs(), 4);
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = carried_out(&plan, places[0].path(), 1);
    let many = carried_out(&plan, places[1].path(), 4);
    assert_eq!(one, many);
    assert!(written(&plan, &one) == written(&plan, &many));
    for row in &one {
        let designs: Vec<&str> = row.venues.iter().map(|v| v.venue.as_str()).collect();
        assert_eq!(designs, ["tsunamix", "kuma"]);
        assert!(row.venues.iter().all(|v| v.measures.is_some()));
    }
    // A design's parameter is nobody else's; the people are everybody's.
    let hash = |run: usize, venue: usize| one[run].venues[venue].measures.clone();
    assert_eq!(hash(1, 0), hash(3, 0));
    assert_ne!(hash(1, 1), hash(3, 1));
    assert_ne!(hash(0, 0), hash(1, 0));
    // Started again, nothing is left to do; the first run is the comparison itself.
    let again = Store::open(places[0].path(), &plan).unwrap();
    assert_eq!(again.done().len(), 4);
    let mut scenario = small(15, &["tsunamix", "kuma"]);
    scenario.people.as_mut().unwrap().leverage_max = "2".parse().unwrap();
    let alone = compare(&scenario, None, &|_| {}).unwrap();
    let commands: u64 = alone.outcomes.iter().map(|o| o.commands).sum();
    assert_eq!(one[0].commands, commands);
}

#[test]
fn what_a_design_cannot_be_is_refused_before_the_first_run() {
    for (vary, why) in [
        (
            "designs.kuna.margin.initial=0.1",
            "there is no design \"kuna\"; designs are tsunamix, kuma",
        ),
        ("designs.kuma=1", "write designs.NAME.PATH"),
        ("designs.kuma.margin.inital=0.1", "inital"),
        ("designs.kuma.margin.initial=-1", "-1"),
        ("designs.kuma.stages.fly.policy=queue", "no entry \"fly\""),
        (
            "people.leverage_max=2,0.5",
            "people: leverage_max 0.5 is below 1",
        ),
        ("people.traders=0", "there is nobody"),
    ] {
        let told = plan(&[vary], 1).unwrap_err().to_string();
        assert!(told.contains(why), "{vary}: {told}");
    }
}

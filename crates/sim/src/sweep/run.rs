//! Carrying out a plan's runs, as many at a time as there are threads.
//!
//! Runs share nothing, so the number of threads changes when a run is done and never what comes
//! out. The first error ends the sweep; what was finished by then is kept.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::replay::Replay;

use super::{Plan, RunRow, Store, SweepError, measure};

/// Carries out what is missing, and returns all runs in the order of the plan. Without a number
/// of threads there is one per core. `progress` is told how many of how many are done, from any
/// thread.
///
/// # Errors
/// [`SweepError`] as its variants say.
pub fn run(
    plan: &Plan,
    store: &Store,
    threads: Option<usize>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<RunRow>, SweepError> {
    let total = plan.runs();
    let missing: Vec<u64> = (0..total as u64)
        .filter(|number| !store.done().contains_key(number))
        .collect();
    let done = AtomicUsize::new(total - missing.len());
    progress(total - missing.len(), total);
    let one = |number: &u64| {
        let row = carry_out(plan, *number)?;
        store.append(&row)?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        Ok(row)
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .build()
        .map_err(|why| SweepError::Threads {
            threads: threads.unwrap_or(0),
            why: why.to_string(),
        })?;
    let new: Result<Vec<RunRow>, SweepError> =
        pool.install(|| missing.par_iter().with_max_len(1).map(one).collect());
    let mut rows: Vec<RunRow> = store.done().values().cloned().chain(new?).collect();
    rows.sort_by_key(|row| row.run);
    Ok(rows)
}

fn carry_out(plan: &Plan, number: u64) -> Result<RunRow, SweepError> {
    let run = plan.run(number);
    let scenario = plan.scenario(&run)?;
    if !scenario.designs.is_empty() {
        let designs = plan.designs(&run)?;
        let compared = crate::compare::results(&scenario, &designs);
        let compared = compared.map_err(|why| SweepError::Compared {
            run: number,
            settings: plan.settings(&run),
            why,
        })?;
        return measure::compared(number, &compared);
    }
    let results = Replay::prepare(scenario)
        .and_then(|replay| replay.run(&mut (), &mut |_, _| {}))
        .map_err(|why| plan.failed(&run, why))?;
    measure::measure(number, &results)
}

//! What Plimsoll's benchmarks measure, shared by the criterion benches and the plain program.
//!
//! * [`world`]: a TsunamiX venue full of positions; [`path`]: where its prices go.
//! * [`wallets`]: a Kuma venue full of cross-margin wallets, with [`wallets_run`] and
//!   [`wallets_scan`] as the same for them.
//! * [`cascade_kuma`]: a gap on such wallets, with partners and with nobody behind the fund.
//! * [`cascade_market`]: a gap through a fund that is too small, as `scripts/cascade.sh` has it.
//! * [`scan`]: the naive scan that the watch is measured beside.
//! * [`peer`]: the same gap through `percolator-engine`.
//! * [`book`]: a stream of orders, our order book and the naive one; [`book_peers`]: three crates.
//! * [`options`]: option portfolios and their revaluation, beside pricing each leg.
//! * [`run`]: the measured runs, and [`record`]: commands through the journal.
//!
//! All data comes from [`chance`], seeded: no clock, no machine, no library decides it. Every
//! measured run is checked: the scan finds nobody the watch has left over, and the books balance.
//! docs/BENCHMARKS.md says what is compared with what and where the comparison is unequal.

pub mod book;
pub mod book_peers;
pub mod cascade_kuma;
pub mod cascade_market;
pub mod chance;
pub mod machine;
pub mod options;
pub mod path;
pub mod peer;
pub mod record;
pub mod run;
pub mod scan;
pub mod wallets;
pub mod wallets_run;
pub mod wallets_scan;
pub mod world;

/// Whether a bench is run only to see that it runs: `cargo bench -- --test`, or `cargo test`.
#[must_use]
pub fn quick() -> bool {
    let mut bench = false;
    for argument in std::env::args() {
        match argument.as_str() {
            "--test" => return true,
            "--bench" => bench = true,
            _ => {}
        }
    }
    !bench
}

/// The settings of every bench: few samples, because most samples are long runs on a copied
/// engine. A macro, because criterion is a dependency of the benches alone.
#[macro_export]
macro_rules! criterion_config {
    () => {
        criterion::Criterion::default()
            .without_plots()
            .sample_size(10)
            .warm_up_time(std::time::Duration::from_millis(200))
            .measurement_time(std::time::Duration::from_secs(2))
    };
}

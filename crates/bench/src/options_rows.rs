//! The option portfolios' rows of the table.

use std::time::Duration;

use plimsoll_bench::options::Options;
use plimsoll_engine::margin::portfolio::decompose::Pairing;

use crate::{Rows, count, rate, ratio, time, timed};

/// Legs of a portfolio.
const LEGS: u32 = 20;
/// Legs of the book that is decomposed.
const LARGE: u32 = 200;
/// How many of the portfolios are priced naively: it takes seconds for all of them.
const NAIVE_SHARE: usize = 100;

pub(crate) fn options(rows: &mut Rows, portfolios: u32, repeats: usize) {
    eprintln!("options: {portfolios} portfolios");
    let options = Options::new(1_000, portfolios, LEGS);
    rows.heading(&format!(
        "{} portfolios of {LEGS} legs, {} instruments, {} scenarios",
        count(portfolios.into()),
        count(options.instruments() as u64),
        options.scenarios(),
    ));
    let arrays = options.arrays();
    let built = fastest(repeats, || options.arrays());
    let summed = fastest(repeats, || options.worst(&arrays));
    let cells = options.cells();
    let limit = fastest(repeats, || options.multiply_add(&cells));
    let some = options.portfolios() / NAIVE_SHARE;
    let (naive, _) = timed(|| options.worst_naively(some));
    let naive = naive * u32::try_from(NAIVE_SHARE).unwrap_or(u32::MAX);

    let whole = built + summed;
    let beside = format!("{} pricing each leg", time(naive));
    rows.row(
        "an update: arrays and sums",
        time(whole),
        "< 5 ms",
        &beside,
        &ratio(naive, whole),
    );
    rows.row("the arrays", time(built), "", "", "");
    let beside = format!("{} plain multiply-add", time(limit));
    rows.row(
        "the sums",
        time(summed),
        "< 2 x limit",
        &beside,
        &ratio(limit, summed),
    );
    let all = options.instruments() as u64;
    let prices = fastest(repeats, || options.price_all());
    rows.row("options priced per second", rate(all, prices), "", "", "");
    let greeks = fastest(repeats, || options.greeks_all());
    rows.row("with all greeks", rate(all, greeks), "", "", "");
    decompositions(rows, repeats);
}

/// One large book, decomposed by the page's rule and into the pairs with the least margin.
fn decompositions(rows: &mut Rows, repeats: usize) {
    let large = Options::new(1_000, 1, LARGE);
    let arrays = large.arrays();
    let rule = fastest(repeats, || large.decompose(&arrays, 0, Pairing::KyanRule));
    let exact = fastest(repeats, || large.decompose(&arrays, 0, Pairing::MinMargin));
    rows.row(
        &format!("a book of {LARGE} legs decomposed and ranked"),
        time(rule),
        "",
        &format!("{} into pairs of least margin", time(exact)),
        &ratio(exact, rule),
    );
}

/// The fastest of many: each takes milliseconds, and what the others took longer is the machine's.
fn fastest<T>(repeats: usize, mut run: impl FnMut() -> T) -> Duration {
    let times = (0..repeats * 10).map(|_| timed(&mut run).0);
    times.min().unwrap_or(Duration::ZERO)
}

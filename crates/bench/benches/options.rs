//! A full revaluation of option portfolios, in its two halves, beside pricing each leg and a plain
//! multiply-add: `cargo bench -p plimsoll-bench --bench options`. Throughput is in portfolios for
//! sums, in instruments for arrays and prices.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use plimsoll_bench::options::Options;
use plimsoll_bench::quick;

fn options(criterion: &mut Criterion) {
    let (instruments, portfolios) = if quick() { (50, 100) } else { (1_000, 10_000) };
    let options = Options::new(instruments, portfolios, 20);
    let arrays = options.arrays();
    let cells = options.cells();
    let mut group = criterion.benchmark_group("options");
    group.throughput(Throughput::Elements(portfolios.into()));
    group.bench_function("update", |b| {
        b.iter(|| black_box(options.worst(&options.arrays())));
    });
    group.bench_function("sums", |b| b.iter(|| black_box(options.worst(&arrays))));
    group.bench_function("multiply-add", |b| {
        b.iter(|| black_box(options.multiply_add(&cells)));
    });
    let some = options.portfolios() / 100;
    group.throughput(Throughput::Elements(some as u64));
    group.bench_function("naive", |b| {
        b.iter(|| black_box(options.worst_naively(some)));
    });
    group.throughput(Throughput::Elements(instruments.into()));
    group.bench_function("arrays", |b| b.iter(|| black_box(options.arrays())));
    group.bench_function("prices", |b| b.iter(|| black_box(options.price_all())));
    group.bench_function("greeks", |b| b.iter(|| black_box(options.greeks_all())));
    group.finish();
}

criterion_group! {
    name = benches;
    config = plimsoll_bench::criterion_config!();
    targets = options
}
criterion_main!(benches);

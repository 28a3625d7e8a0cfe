//! A gap on cross-margin wallets, hop by hop of the waterfall:
//! `cargo bench -p plimsoll-bench --bench cascade_kuma`. An element is a wallet liquidated.

use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use plimsoll_bench::cascade_kuma::{Behind, Gap};
use plimsoll_bench::quick;

fn cascade(criterion: &mut Criterion) {
    let wallets = if quick() { 2_000 } else { 100_000 };
    let mut group = criterion.benchmark_group("cascade of wallets");
    group.sampling_mode(SamplingMode::Flat);
    for (name, behind) in [
        ("acquired and handed off", Behind::Partners),
        ("deleveraged", Behind::Nobody),
    ] {
        let gap = Gap::build(wallets, behind);
        let once = gap.run();
        println!("{name}: {once:?}");
        group.throughput(Throughput::Elements(u64::from(gap.due())));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let each = |_| gap.time();
                (0..iterations).map(each).sum::<Duration>()
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = plimsoll_bench::criterion_config!();
    targets = cascade
}
criterion_main!(benches);

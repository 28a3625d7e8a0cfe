//! Cross-margin wallets in the watch, beside the naive scan on the same paths: `cargo bench -p
//! plimsoll-bench --bench wallets`. Throughput is in price updates (each of 64 markets) for paths,
//! in wallets for scans.

use std::hint::black_box;
use std::time::Duration;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use plimsoll_bench::path::CRASH_UPDATES;
use plimsoll_bench::quick;
use plimsoll_bench::wallets::Wallets;
use plimsoll_bench::wallets_run::{bytes_per_wallet, walk};
use plimsoll_bench::wallets_scan::WalletScan;

const CALM_UPDATES: usize = 600;

fn wallets(criterion: &mut Criterion) {
    let sizes = if quick() {
        [1_000, 2_000]
    } else {
        [100_000, 1_000_000]
    };
    for wallets in sizes {
        let mut world = Wallets::build(wallets);
        let settle = world.calm(CALM_UPDATES, 1);
        world.follow(&settle);
        let (watch, all) = bytes_per_wallet(&world);
        println!("wallets/{wallets}: {watch} bytes of watch per wallet, {all} in all");
        let calm = world.calm(CALM_UPDATES, 2);
        let crash = world.crash(CRASH_UPDATES, 3);
        for (name, path) in [("calm", &calm), ("crash", &crash)] {
            let mut group = criterion.benchmark_group(format!("wallets/{name}"));
            group.sampling_mode(SamplingMode::Flat);
            group.throughput(Throughput::Elements(path.len() as u64));
            group.bench_with_input(
                BenchmarkId::from_parameter(wallets),
                path,
                |bencher, path| {
                    bencher.iter_custom(|iterations| {
                        let each = |_| walk(&world, path).total;
                        (0..iterations).map(each).sum::<Duration>()
                    });
                },
            );
            group.finish();
        }
        let mut group = criterion.benchmark_group("wallets/scan");
        group.throughput(Throughput::Elements(u64::from(wallets)));
        let mut scan = WalletScan::of(&world.engine);
        group.bench_function(BenchmarkId::new("exact", wallets), |bencher| {
            bencher.iter(|| {
                scan.update(&world.engine);
                black_box(scan.count_due())
            });
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = plimsoll_bench::criterion_config!();
    targets = wallets
}
criterion_main!(benches);

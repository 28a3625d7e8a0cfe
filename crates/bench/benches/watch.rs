//! The watch beside the naive scan, on the same paths: `cargo bench -p plimsoll-bench --bench
//! watch`. Throughput is in price updates (each of 64 markets) for paths, in positions for scans.

use std::hint::black_box;
use std::time::Duration;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use plimsoll_bench::path::{self, CRASH_UPDATES};
use plimsoll_bench::run::apply_all;
use plimsoll_bench::scan::{LeanScan, Scan};
use plimsoll_bench::world::{Plan, World};
use plimsoll_bench::{quick, run};

const CALM_UPDATES: usize = 600;

fn watch(criterion: &mut Criterion) {
    let sizes = if quick() {
        [1_000, 2_000]
    } else {
        [100_000, 1_000_000]
    };
    for accounts in sizes {
        let mut world = World::build(&Plan::many_markets(accounts));
        let settle = path::calm(&world, CALM_UPDATES, 1);
        world.follow(&settle);
        println!(
            "watch/{accounts}: {} bytes per account",
            run::bytes_per_account(&world)
        );
        let calm = path::calm(&world, CALM_UPDATES, 2);
        let crash = path::crash(&world, CRASH_UPDATES, 3);
        let fees = path::fees_alone(&world, 24);
        for (name, path) in [("calm", &calm), ("crash", &crash), ("fees", &fees)] {
            let mut group = criterion.benchmark_group(format!("watch/{name}"));
            group.sampling_mode(SamplingMode::Flat);
            group.throughput(Throughput::Elements(path.len() as u64));
            group.bench_with_input(
                BenchmarkId::from_parameter(accounts),
                path,
                |bencher, path| {
                    bencher.iter_custom(|iterations| {
                        let each = |_| apply_all(&mut world.engine.clone(), path);
                        (0..iterations).map(each).sum::<Duration>()
                    });
                },
            );
            group.finish();
        }
        let mut group = criterion.benchmark_group("scan");
        group.throughput(Throughput::Elements(u64::from(accounts)));
        let mut scan = Scan::of(&world.engine);
        group.bench_function(BenchmarkId::new("exact", accounts), |bencher| {
            bencher.iter(|| {
                scan.update(&world.engine);
                black_box(scan.count_due())
            });
        });
        let stored = LeanScan::of(&world.engine);
        group.bench_function(BenchmarkId::new("stored prices", accounts), |bencher| {
            bencher.iter(|| black_box(stored.count_due(&world.engine)));
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = plimsoll_bench::criterion_config!();
    targets = watch
}
criterion_main!(benches);

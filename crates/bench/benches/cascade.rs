//! A gap of 10 % on one market: `cargo bench -p plimsoll-bench --bench cascade`. Beside it the
//! same positions and the same gap in `percolator-engine`, and the naive scan.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use plimsoll_bench::peer::Peer;
use plimsoll_bench::scan::Scan;
use plimsoll_bench::world::{Plan, World};
use plimsoll_bench::{path, quick, run};

const GAP_BP: i64 = 1_000;

fn cascade(criterion: &mut Criterion) {
    let positions = if quick() { 2_000 } else { 100_000 };
    let world = World::build(&Plan::one_market(positions));
    let gap = path::gap(&world, GAP_BP);
    let once = run::cascade(&world, &gap);
    println!(
        "cascade: {} liquidated, {} events",
        once.liquidated, once.events
    );
    let mut group = criterion.benchmark_group("cascade");
    group.sampling_mode(SamplingMode::Flat);

    group.throughput(Throughput::Elements(u64::from(once.liquidated)));
    group.bench_function("liquidations", |bencher| {
        bencher.iter_custom(|iterations| {
            let each = |_| {
                let mut engine = world.engine.clone();
                let start = Instant::now();
                black_box(engine.apply(&gap).expect("a gap is accepted"));
                start.elapsed()
            };
            (0..iterations).map(each).sum::<Duration>()
        });
    });

    group.throughput(Throughput::Elements(u64::from(positions)));
    let mut scan = Scan::of(&world.engine);
    group.bench_function("naive scan", |bencher| {
        bencher.iter(|| {
            scan.update(&world.engine);
            black_box(scan.count_due())
        });
    });
    let peer = Peer::of(&world);
    group.bench_function("percolator margin checks", |bencher| {
        bencher.iter(|| black_box(peer.check_margins()));
    });
    group.bench_function("percolator liquidate_at_oracle", |bencher| {
        let setup = || peer.clone();
        let all = |mut peer: Peer| {
            black_box(peer.liquidate_all(GAP_BP.unsigned_abs()));
            peer
        };
        bencher.iter_batched(setup, all, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = plimsoll_bench::criterion_config!();
    targets = cascade
}
criterion_main!(benches);

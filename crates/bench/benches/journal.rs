//! Commands through the journal: `cargo bench -p plimsoll-bench --bench journal`. Durable journals
//! are written to `PLIMSOLL_BENCH_DIR`, else beside the program.

use std::time::Duration;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use plimsoll_bench::quick;
use plimsoll_bench::record::{self, Cases, Script, Then};

const GAP_BP: i64 = 1_000;

fn journal(criterion: &mut Criterion) {
    let commands = if quick() { 2_000 } else { 100_000 };
    let script = Script::of(commands);
    let (all, directory) = (script.commands.len(), record::directory());
    let mut group = criterion.benchmark_group("journal");
    group.sampling_mode(SamplingMode::Flat);
    let sum = |iterations: u64, each: &dyn Fn() -> Duration| (0..iterations).map(|_| each()).sum();

    for batch in [64, 1_024, 8_192] {
        let count = all.min(batch * 100);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("durable", batch), |bencher| {
            let each = || script.durable(&directory, count, batch, Then::Apply);
            bencher.iter_custom(|iterations| sum(iterations, &each));
        });
        group.bench_function(BenchmarkId::new("plain file", batch), |bencher| {
            let each = || script.plain_file(&directory, count, batch);
            bencher.iter_custom(|iterations| sum(iterations, &each));
        });
    }
    group.throughput(Throughput::Elements(all as u64));
    group.bench_function("memory", |bencher| {
        bencher.iter_custom(|n| sum(n, &|| script.in_memory(1_024, Then::Apply)));
    });
    group.bench_function("memory, the journal alone", |bencher| {
        bencher.iter_custom(|n| sum(n, &|| script.in_memory(1_024, Then::Leave)));
    });
    group.bench_function("no journal", |bencher| {
        bencher.iter_custom(|n| sum(n, &|| script.apply()));
    });
    let cases = Cases::open(commands, GAP_BP);
    group.throughput(Throughput::Elements(cases.len() as u64));
    group.bench_function("memory, keepers' liquidations", |bencher| {
        bencher.iter_custom(|n| sum(n, &|| cases.run()));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = plimsoll_bench::criterion_config!();
    targets = journal
}
criterion_main!(benches);

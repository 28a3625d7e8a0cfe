//! The order book beside the naive one and three crates, on one stream: `cargo bench -p
//! plimsoll-bench --bench book`. Throughput is in operations. `whole` is the stream without
//! partial fills, the only one `limitbook` does right.

use std::time::Duration;

use criterion::criterion_main;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group};
use plimsoll_bench::book::{Lots, Naive, Ours, Runner, Stream, run};
use plimsoll_bench::book_peers::{Limitbook, Lobster, OrderbookRs};
use plimsoll_bench::quick;

fn measure<R: Runner + Default>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    stream: &Stream,
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let each = |_| run(R::default(), stream).0;
            (0..iterations).map(each).sum::<Duration>()
        });
    });
}

fn book(criterion: &mut Criterion) {
    let (standing, ops) = if quick() {
        (100, 1_000)
    } else {
        (10_000, 200_000)
    };
    for (name, lots) in [("stream", Lots::Many), ("whole", Lots::One)] {
        let stream = Stream::new(standing, ops, lots, 11);
        let mut group = criterion.benchmark_group(format!("book/{name}"));
        group.sampling_mode(SamplingMode::Flat);
        group.throughput(Throughput::Elements(ops as u64));
        measure::<Ours>(&mut group, "ours", &stream);
        measure::<Lobster>(&mut group, "lobster", &stream);
        measure::<OrderbookRs>(&mut group, "orderbook-rs", &stream);
        if lots == Lots::One {
            measure::<Limitbook>(&mut group, "limitbook", &stream);
        }
        // A tenth of it: its time grows with the square.
        let stream = Stream {
            ops: stream.ops[..ops / 10].to_vec(),
            ..stream
        };
        group.throughput(Throughput::Elements(stream.ops.len() as u64));
        measure::<Naive>(&mut group, "naive", &stream);
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = plimsoll_bench::criterion_config!();
    targets = book
}
criterion_main!(benches);

//! The order book's rows of the table: one stream, our book and its peers in turn.

use std::time::Duration;

use plimsoll_bench::book::{Lots, Naive, Ours, Runner, Stream, Tally, run};
use plimsoll_bench::book_peers::{Limitbook, Lobster, OrderbookRs};

use crate::{Rows, count, rate, ratio};

/// How much of the stream the naive book runs: its time for an operation grows with the book.
const NAIVE_SHARE: usize = 20;

pub(crate) fn book(rows: &mut Rows, standing: usize, ops: usize, repeats: usize) {
    eprintln!("book: {ops} operations");
    rows.heading(&format!(
        "order book: {} operations on {} orders",
        count(ops as u64),
        count(standing as u64)
    ));
    let label = "55 % limit, 35 % cancel, 10 % market, 100 ticks";
    let stream = Stream::new(standing, ops, Lots::Many, 11);
    let mut table = Peers::of(rows, label, &stream, repeats);
    table.beside::<Lobster>("lobster", &stream);
    table.beside::<OrderbookRs>("orderbook-rs", &stream);
    let part = Stream {
        ops: stream.ops[..ops / NAIVE_SHARE].to_vec(),
        ..stream
    };
    let mut table = Peers::of(rows, "the first twentieth of it", &part, repeats);
    table.beside::<Naive>("naive book", &part);

    let label = "the same, whole fills alone";
    let stream = Stream::new(standing, ops, Lots::One, 12);
    let mut table = Peers::of(rows, label, &stream, repeats);
    table.beside::<Lobster>("lobster", &stream);
    table.beside::<OrderbookRs>("orderbook-rs", &stream);
    table.beside::<Limitbook>("limitbook", &stream);
}

/// Our book on one stream, and the rows beside it.
struct Peers<'r> {
    rows: &'r mut Rows,
    label: String,
    done: Tally,
    repeats: usize,
}

impl<'r> Peers<'r> {
    fn of(rows: &'r mut Rows, label: &str, stream: &Stream, repeats: usize) -> Self {
        let (_, done) = run(Ours::default(), stream);
        let label = format!("{label} ({} trades)", count(done.fills));
        Self {
            rows,
            label,
            done,
            repeats: repeats.max(3),
        }
    }

    /// Both books in turn, and of each its best run: what it needs, without what it waits for the
    /// processor on a busy machine.
    fn beside<R: Runner + Default>(&mut self, name: &str, stream: &Stream) {
        let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
        for _ in 0..self.repeats {
            ours = ours.min(run(Ours::default(), stream).0);
            let (time, done) = run(R::default(), stream);
            assert_eq!(done, self.done, "{name} did not do the same work");
            theirs = theirs.min(time);
        }
        let ops = stream.ops.len() as u64;
        let beside = format!("{} {name}", rate(ops, theirs));
        let aim = if name == "lobster" { "> lobster" } else { "" };
        let times = ratio(theirs, ours);
        self.rows
            .row(&self.label, rate(ops, ours), aim, &beside, &times);
        self.label.clear();
    }
}

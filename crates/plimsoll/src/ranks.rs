//! `plimsoll ranks`: who would be deleveraged first, before it happens.
//!
//! The journal is replayed up to the moment asked for, and each Kuma venue is asked for the same
//! ranking that deleveraging takes counterparties from.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, bail};
use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::venues::Venue;
use plimsoll_engine::venues::kuma::Kuma;
use plimsoll_engine::venues::kuma::waterfall::Rank;
use plimsoll_engine::{Engine, Event};
use plimsoll_journal::commands::{RebuildError, Rebuilder};
use plimsoll_journal::{Reader, RedbLog};
use plimsoll_sim::results::Amount;
use plimsoll_units::{AccountId, CaseId, MarketId, Side, VenueId};
use serde::Serialize;

use crate::output::say;
use crate::progress;

/// What `--help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  plimsoll ranks crash.journal                       at the end of the journal
  plimsoll ranks crash.journal --before-case 12      as it was when case 12 began
  plimsoll ranks crash.journal --account 300         where one trader stands";

/// Decimals of sizes and of the ratios a place comes from.
const DECIMALS: u32 = 8;

/// Options of `plimsoll ranks`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The journal file, as `plimsoll replay --journal` writes it.
    journal: PathBuf,
    /// As it was just before the record that opened this case.
    #[arg(long, value_name = "CASE")]
    before_case: Option<u64>,
    /// As it was just before this record.
    #[arg(long, value_name = "RECORD", conflicts_with = "before_case")]
    before: Option<u64>,
    /// This market alone, by its symbol.
    #[arg(long, value_name = "SYMBOL")]
    market: Option<String>,
    /// This account alone.
    #[arg(long, value_name = "NUMBER")]
    account: Option<u32>,
    /// By which policy: queue, pro-rata or minimal.
    #[arg(long, default_value = "queue", value_parser = policy)]
    policy: Policy,
    /// How many of each market and side are listed; 0 for all.
    #[arg(long, default_value_t = 10)]
    top: usize,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

fn policy(text: &str) -> Result<Policy, String> {
    let all = Policy::ALL.into_iter();
    let named = all.clone().find(|policy| policy.name() == text);
    named.ok_or_else(|| {
        let names: Vec<_> = all.map(Policy::name).collect();
        format!("is not one of {}", names.join(", "))
    })
}

/// One side of a market, in the order in which it would be deleveraged.
#[derive(Debug, Serialize)]
struct Queue {
    venue: String,
    market: String,
    side: String,
    policy: &'static str,
    wallets: usize,
    listed: Vec<Place>,
}

/// A wallet's place.
#[derive(Debug, Serialize)]
struct Place {
    rank: u32,
    quintile: u8,
    account: u32,
    size: String,
    hedged: String,
    profit_ratio: String,
    leverage: String,
    score: String,
}

/// Lists the ranks.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let log = RedbLog::open(&options.journal)?;
    let told = list(&log, options);
    told.with_context(|| options.journal.display().to_string())
}

fn list(log: &RedbLog, options: &Options) -> anyhow::Result<bool> {
    let end = match options.before_case {
        Some(case) => {
            let opened = record_of(log, CaseId(case))?;
            opened.with_context(|| format!("the journal has no case-{case}"))?
        }
        None => options.before.unwrap_or(u64::MAX),
    };
    let engine = replay(log, end)?.context("the journal is empty")?;
    let queues = queues(&engine, options)?;
    if options.json {
        say!("{}", serde_json::to_string_pretty(&queues)?);
        return Ok(true);
    }
    if queues.is_empty() {
        say!("nobody has a position that could be deleveraged");
    }
    queues.iter().for_each(print);
    Ok(true)
}

/// The record that opened a case.
fn record_of(log: &RedbLog, wanted: CaseId) -> Result<Option<u64>, RebuildError> {
    let mut opened = None;
    let mut rebuilder = Rebuilder::unchecked();
    let mut reader = Reader::new(log);
    while opened.is_none() {
        let Some(record) = reader.next_record()? else {
            break;
        };
        let opens = |event: &Event| matches!(event, Event::Case(CaseEvent::Opened(case)) if case.id == wanted);
        rebuilder.apply(&record, |_, outcome| {
            if outcome.unwrap_or_default().iter().any(opens) {
                opened = Some(record.sequence);
            }
        })?;
    }
    Ok(opened)
}

/// The engine before the record `end`, or after the last.
fn replay(log: &RedbLog, end: u64) -> Result<Option<Engine>, RebuildError> {
    let bar = progress::records(end.min(plimsoll_journal::Log::last(log)));
    let mut rebuilder = Rebuilder::unchecked();
    let mut reader = Reader::new(log);
    while reader.head().sequence + 1 < end {
        let Some(record) = reader.next_record()? else {
            break;
        };
        if record.sequence.is_multiple_of(4096) {
            bar.set_position(record.sequence);
        }
        rebuilder.apply(&record, |_, _| {})?;
    }
    bar.finish_and_clear();
    Ok(rebuilder.into_engine())
}

fn queues(engine: &Engine, options: &Options) -> anyhow::Result<Vec<Queue>> {
    let mut queues = Vec::new();
    let mut symbols = BTreeSet::new();
    for (id, venue) in (0..).map_while(|at| engine.venue(VenueId(at)).map(|v| (VenueId(at), v))) {
        let Venue::Kuma(venue) = venue else {
            continue;
        };
        for (at, market) in (0u16..).zip(venue.markets()) {
            symbols.insert(market.symbol.as_str());
            if options.market.as_ref().is_some_and(|m| *m != market.symbol) {
                continue;
            }
            for side in [Side::Long, Side::Short] {
                let queue = queue(engine, venue, (MarketId(at), side), options);
                queues.extend(queue.map(|queue| Queue {
                    venue: id.to_string(),
                    market: market.symbol.clone(),
                    ..queue
                }));
            }
        }
    }
    if symbols.is_empty() {
        bail!("no venue of the journal deleverages counterparties by rank");
    }
    if let Some(asked) = options.market.as_deref().filter(|m| !symbols.contains(m)) {
        let known: Vec<_> = symbols.into_iter().collect();
        bail!(
            "there is no market {asked:?}; there are {}",
            known.join(", ")
        );
    }
    Ok(queues)
}

fn queue(
    engine: &Engine,
    venue: &Kuma,
    (market, side): (MarketId, Side),
    options: &Options,
) -> Option<Queue> {
    let ranks = venue.deleveraging_ranks(engine.ledger(), market, side, options.policy);
    let wallets = ranks.len();
    let most = if options.top == 0 {
        wallets
    } else {
        options.top
    };
    let asked = |rank: &&Rank| options.account.is_none_or(|a| rank.account == AccountId(a));
    let listed: Vec<Place> = ranks.iter().filter(asked).take(most).map(place).collect();
    (!listed.is_empty()).then(|| Queue {
        venue: String::new(),
        market: String::new(),
        side: side.to_string(),
        policy: options.policy.name(),
        wallets,
        listed,
    })
}

fn place(rank: &Rank) -> Place {
    let shown = |raw: i128| Amount::new(raw, DECIMALS).to_string();
    let score = rank.score;
    Place {
        rank: rank.rank,
        quintile: rank.quintile,
        account: rank.account.0,
        size: shown(rank.size.into()),
        hedged: shown(rank.hedged.into()),
        profit_ratio: shown(score.profit_ratio.into()),
        leverage: shown(score.leverage.into()),
        score: shown(score.product.into()),
    }
}

fn print(queue: &Queue) {
    let Queue {
        venue,
        market,
        side,
        policy,
        wallets,
        listed,
    } = queue;
    say!("{market}, {side}s, on {venue}: {wallets} wallets by {policy}, first in line first");
    say!("    rank  fifth     account                size  profit/cost    leverage       score");
    for place in listed {
        say!(
            "  {:>6}  {:>5}  {:>10}  {:>18}  {:>11}  {:>10}  {:>10}",
            place.rank,
            place.quintile,
            place.account,
            place.size,
            place.profit_ratio,
            place.leverage,
            place.score,
        );
    }
}

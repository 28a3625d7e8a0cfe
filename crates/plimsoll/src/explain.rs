//! `plimsoll explain`: one liquidation as a story with numbers, out of a journal.
//!
//! The journal is replayed twice: once to find the case and the command that carried it out, once
//! to stand just before that command. The venue then tells the story from that state, with the
//! functions that decide; nothing is remembered for this while a venue runs.

use std::path::PathBuf;

use anyhow::{Context, bail};
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::liquidation::story::{Line, Story, rounding_text};
use plimsoll_engine::liquidation::{Case, CaseEvent, Outcome};
use plimsoll_engine::oracle::Version;
use plimsoll_engine::venues::kuma::{self, ServiceEvent};
use plimsoll_engine::venues::{Execution, Venue, perennial};
use plimsoll_engine::venues::{composed, kyan};
use plimsoll_engine::{Body, Command, Engine, Event, Rejection};
use plimsoll_journal::commands::{RebuildError, Rebuilder};
use plimsoll_journal::{Reader, RedbLog};
use plimsoll_sim::results::Amount;
use plimsoll_units::{AccountId, CaseId, Timestamp, VenueId};
use serde::Serialize;

use crate::output::say;
use crate::progress;

/// What `--help` ends with.
pub(crate) const EXAMPLES: &str = "\
Examples:
  plimsoll replay --journal crash.journal  records the cases
  plimsoll explain crash.journal           lists the largest
  plimsoll explain crash.journal 12        tells case 12";

/// Options of `plimsoll explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The journal file, as `plimsoll replay --journal` writes it.
    journal: PathBuf,
    /// The case number, as liquidations.csv and the report give it. Without one, the largest
    /// cases of the journal are listed.
    case: Option<u64>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// What the journal says of one case.
#[derive(Debug)]
struct Found {
    case: Case,
    /// The record that opened it.
    opened: u64,
    /// The record that carried it out, with its command.
    carried_out: Option<(u64, Command)>,
    /// The record that closed it, and how.
    closed: Option<(u64, Outcome)>,
    /// Records that tried in vain.
    blocked: Vec<u64>,
    /// What a Kuma venue's liquidation service did about it in later records.
    later: Vec<ServiceEvent>,
    /// What happened in it on a Kyan venue, whose liquidations are many records long.
    steps: Vec<(Timestamp, kyan::Event)>,
    /// On a composed venue: the command that opened it, and what happened in it from then on.
    composed: Option<(composed::Command, Vec<(Timestamp, Event)>)>,
}

/// Explains one case, or lists the largest.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let log = RedbLog::open(&options.journal)?;
    let told = match options.case {
        Some(case) => explain(&log, CaseId(case), options.json),
        None => list(&log, options.json),
    };
    told.with_context(|| options.journal.display().to_string())
}

fn explain(log: &RedbLog, case: CaseId, json: bool) -> anyhow::Result<bool> {
    let Some(found) = find(log, case)? else {
        bail!("the journal has no {case}; without a number, its largest cases are listed");
    };
    let story = story(log, &found)?;
    if json {
        say!(
            "{}",
            serde_json::to_string_pretty(&Told::new(&found, &story))?
        );
        return Ok(true);
    }
    crate::output::write(format_args!("{story}"));
    say!("\nThe record");
    say!(
        "  opened: record {}, {}",
        found.opened,
        found.case.trigger.at
    );
    for record in &found.blocked {
        say!("  tried in vain: record {record}");
    }
    match &found.carried_out {
        Some((record, command)) => {
            say!("  carried out: record {record}, {}", command.time);
        }
        None => say!("  carried out: never"),
    }
    match found.closed {
        Some((record, outcome)) => say!("  closed: record {record}, {}", outcome_text(outcome)),
        None => say!("  closed: not yet at the end of the journal"),
    }
    Ok(true)
}

fn outcome_text(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Liquidated { .. } => "liquidated",
        Outcome::Recovered => "recovered: the account met the requirement again",
    }
}

/// Replays the records up to and without `end`; `seen` is given each command and its outcome.
fn replay(
    log: &RedbLog,
    end: u64,
    mut seen: impl FnMut(u64, &Command, Result<&[Event], &Rejection>),
) -> Result<Option<Engine>, RebuildError> {
    let bar = progress::records(end.saturating_sub(1));
    let mut rebuilder = Rebuilder::unchecked();
    let mut reader = Reader::new(log);
    while reader.head().sequence + 1 < end {
        let Some(record) = reader.next_record()? else {
            break;
        };
        let sequence = record.sequence;
        if sequence.is_multiple_of(4096) {
            bar.set_position(sequence);
        }
        rebuilder.apply(&record, |command, outcome| seen(sequence, command, outcome))?;
    }
    bar.finish_and_clear();
    Ok(rebuilder.into_engine())
}

fn find(log: &RedbLog, wanted: CaseId) -> Result<Option<Found>, RebuildError> {
    let mut found: Option<Found> = None;
    replay(log, u64::MAX, |record, command, outcome| {
        for event in outcome.unwrap_or_default() {
            note_composed(&mut found, command, event);
            let event = match event {
                Event::Case(event) => event,
                Event::Kuma(kuma::Event::Service(event)) if event.case() == Some(wanted) => {
                    note_later(&mut found, record, event);
                    continue;
                }
                Event::Kyan(event) => {
                    if let Some(found) = &mut found
                        && found.closed.is_none()
                        && found.case.target.venue == command.venue
                        && event.concerns(&found.case)
                    {
                        found.steps.push((command.time, event.clone()));
                    }
                    continue;
                }
                _ => continue,
            };
            match (event, &mut found) {
                (CaseEvent::Opened(case), _) if case.id == wanted => {
                    found = Some(Found {
                        case: *case,
                        opened: record,
                        carried_out: None,
                        closed: None,
                        blocked: Vec::new(),
                        later: Vec::new(),
                        steps: Vec::new(),
                        composed: match &command.body {
                            Body::Composed(body) => Some((body.clone(), Vec::new())),
                            _ => None,
                        },
                    });
                }
                (CaseEvent::Stage { case, .. }, Some(found))
                    if *case == wanted && found.carried_out.is_none() =>
                {
                    found.carried_out = Some((record, command.clone()));
                }
                (CaseEvent::Blocked { case, .. }, Some(found)) if *case == wanted => {
                    found.blocked.push(record);
                }
                (CaseEvent::Closed { case, outcome, .. }, Some(found)) if *case == wanted => {
                    found.closed = Some((record, *outcome));
                }
                _ => {}
            }
        }
    })?;
    Ok(found)
}

/// What happened in a composed venue's case since it was opened.
fn note_composed(found: &mut Option<Found>, command: &Command, event: &Event) {
    if let Some(found) = found
        && found.case.target.venue == command.venue
        && let Some((_, steps)) = &mut found.composed
        && composed::concerns(event, &found.case)
    {
        steps.push((command.time, event.clone()));
    }
}

/// What became of the positions after the record that carried the case out.
fn note_later(found: &mut Option<Found>, record: u64, event: &ServiceEvent) {
    if let Some(found) = found
        && found
            .carried_out
            .as_ref()
            .is_some_and(|(at, _)| *at < record)
    {
        found.later.push(*event);
    }
}

fn story(log: &RedbLog, found: &Found) -> anyhow::Result<Story> {
    if !found.steps.is_empty() {
        return in_steps(log, found);
    }
    if let Some((opening, steps)) = &found.composed {
        let engine = replay(log, found.opened, |_, _, _| {})?.context("the journal is empty")?;
        let Some(Venue::Composed(venue)) = engine.venue(found.case.target.venue) else {
            bail!("the case's venue is not in the journal");
        };
        let told = venue.tell(engine.ledger(), &found.case, opening, steps);
        return told.map_err(|why| anyhow::anyhow!("the story cannot be told: {why}"));
    }
    let Some((record, command)) = &found.carried_out else {
        return unfinished(log, found);
    };
    let engine = replay(log, *record, |_, _, _| {})?.context("the journal is empty")?;
    let target = found.case.target;
    let venue = engine
        .venue(target.venue)
        .context("the case's venue is not in the journal")?;
    let told = match (venue, &command.body) {
        (Venue::Perennial(venue), Body::Perennial(body)) => {
            let by = match body {
                perennial::Command::Liquidate { by, .. } => *by,
                _ => house(venue.execution()),
            };
            let coming = match *body {
                perennial::Command::OracleVersion {
                    product,
                    version,
                    time,
                    price,
                } if product == target.market => Some(Version {
                    number: version,
                    time,
                    price: price.raw(),
                }),
                _ => None,
            };
            let who = (target.account, by);
            venue.explain(engine.ledger(), target.venue, target.market, who, coming)
        }
        (Venue::TsunamiX(venue), Body::TsunamiX(body)) => {
            let position = target.position.context("the case names no position")?;
            venue.explain(engine.ledger(), target.venue, position, command.time, body)
        }
        (Venue::GammaSwap(venue), Body::GammaSwap(body)) => {
            let loan = target.position.context("the case names no loan")?;
            venue.explain(engine.ledger(), target.venue, loan, command.time, body)
        }
        (Venue::Kuma(venue), Body::Kuma(body)) => {
            let at = (command.time, body);
            let later = &found.later;
            venue.explain(engine.ledger(), target.venue, target.account, at, later)
        }
        _ => bail!("the record's command is not in the language of the case's venue"),
    };
    told.map_err(|why| anyhow::anyhow!("the story cannot be told: {why}"))
}

fn house(execution: Execution) -> AccountId {
    match execution {
        Execution::Engine { keeper } => keeper,
        Execution::Keepers => AccountId(0),
    }
}

/// A liquidation in steps is told from its events; the venue knows the instruments' names.
fn in_steps(log: &RedbLog, found: &Found) -> anyhow::Result<Story> {
    let engine = replay(log, found.opened + 1, |_, _, _| {})?.context("the journal is empty")?;
    match engine.venue(found.case.target.venue) {
        Some(Venue::Kyan(venue)) => Ok(venue.tell(&found.case, &found.steps)),
        _ => bail!("the case's venue is not in the journal"),
    }
}

/// A case that was never carried through has only its trigger to tell.
fn unfinished(log: &RedbLog, found: &Found) -> anyhow::Result<Story> {
    use plimsoll_engine::liquidation::story::Chapter;
    let (target, trigger) = (found.case.target, found.case.trigger);
    let engine = replay(log, found.opened, |_, _, _| {})?.context("the journal is empty")?;
    let (symbol, decimals) =
        unit(&engine, target.venue).context("the case's venue is not in the journal")?;
    let amount = |raw| format!("{} {symbol}", Amount::new(raw, decimals));
    let ended = found
        .closed
        .map_or("was not carried out before the journal ends", |(_, o)| {
            outcome_text(o)
        });
    let mut story = Story::new(format!(
        "{target}: {} at {}; it {ended}.",
        trigger.rule, trigger.at
    ));
    let decimals_of_price = match engine.venue(target.venue) {
        // Pips, of the market that asks for most.
        Some(Venue::Kuma(_) | Venue::Kyan(_) | Venue::Composed(_)) => 8,
        _ => PRICE_DECIMALS,
    };
    let price = Amount::new(trigger.price, decimals_of_price);
    let labels = match engine.venue(target.venue) {
        // No price enters: the pair's reserves are told as they were.
        Some(Venue::GammaSwap(_)) => ["the pair's second reserve per first, raw", "block"],
        _ => ["price", "oracle version"],
    };
    story.tell(Chapter::Inputs, labels[0], price);
    story.tell(Chapter::Inputs, labels[1], trigger.version);
    story.tell(Chapter::Inputs, "notional", amount(trigger.notional));
    story.tell(Chapter::Inputs, "collateral", amount(trigger.collateral));
    story.tell(
        Chapter::Inputs,
        "what the rule counts as there",
        amount(trigger.equity),
    );
    story.tell(
        Chapter::Inputs,
        "what the rule asks for",
        amount(trigger.requirement),
    );
    Ok(story)
}

/// What a venue's cases are told in: its symbol and decimals. Liquidity is the root of a product
/// of two token amounts, and has the mean of their decimals.
fn unit(engine: &Engine, id: VenueId) -> Option<(String, u32)> {
    match engine.venue(id)? {
        Venue::GammaSwap(venue) => {
            let [d0, d1] = venue.params().decimals;
            let sum = u32::from(d0) + u32::from(d1);
            let decimals = if sum.is_multiple_of(2) { sum / 2 } else { 0 };
            Some(("liquidity".to_owned(), decimals))
        }
        venue => {
            let asset: &Asset = engine.ledger().asset(venue.money())?;
            Some((asset.symbol.clone(), asset.decimals))
        }
    }
}

/// A row of the list of cases.
#[derive(Debug, Serialize)]
struct Row {
    case: u64,
    record: u64,
    time: String,
    target: String,
    rule: &'static str,
    notional: String,
    collateral: String,
    asset: String,
    #[serde(skip)]
    size: f64,
}

/// Decimals of an oracle's price, on most venues.
const PRICE_DECIMALS: u32 = 18;

/// How many cases a list shows.
const LISTED: usize = 20;

fn list(log: &RedbLog, json: bool) -> anyhow::Result<bool> {
    let mut cases: Vec<(u64, Case)> = Vec::new();
    let engine = replay(log, u64::MAX, |record, _, outcome| {
        for event in outcome.unwrap_or_default() {
            if let Event::Case(CaseEvent::Opened(case)) = event {
                cases.push((record, *case));
            }
        }
    })?
    .context("the journal is empty")?;
    let total = cases.len();
    let mut rows: Vec<Row> = cases
        .iter()
        .map(|(record, case)| row(*record, case, &engine))
        .collect();
    rows.sort_by(|a, b| b.size.total_cmp(&a.size).then(a.case.cmp(&b.case)));
    rows.truncate(LISTED);
    if json {
        say!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(true);
    }
    if rows.is_empty() {
        say!("no cases: nobody became liquidatable");
        return Ok(true);
    }
    say!("{total} cases; the {} largest by notional:", rows.len());
    for row in &rows {
        say!(
            "  case {:<8} {}  {:>18} {} notional  {}  {}",
            row.case,
            row.time,
            row.notional,
            row.asset,
            row.target,
            row.rule
        );
    }
    say!("`plimsoll explain JOURNAL CASE` tells one of them");
    Ok(true)
}

fn row(record: u64, case: &Case, engine: &Engine) -> Row {
    let (asset, decimals) = unit(engine, case.target.venue).unwrap_or_default();
    let amount = |raw| Amount::new(raw, decimals);
    Row {
        case: case.id.0,
        record,
        time: case.trigger.at.to_string(),
        target: case.target.to_string(),
        rule: case.trigger.rule.text(),
        notional: amount(case.trigger.notional).to_string(),
        collateral: amount(case.trigger.collateral).to_string(),
        asset,
        size: amount(case.trigger.notional).approximate(),
    }
}

/// A story for scripts.
#[derive(Debug, Serialize)]
struct Told {
    case: u64,
    opened_by_record: u64,
    carried_out_by_record: Option<u64>,
    closed_by_record: Option<u64>,
    headline: String,
    lines: Vec<ToldLine>,
}

/// A line of a story for scripts.
#[derive(Debug, Serialize)]
struct ToldLine {
    chapter: &'static str,
    label: String,
    formula: String,
    value: String,
    rounding: Option<&'static str>,
}

impl Told {
    fn new(found: &Found, story: &Story) -> Self {
        let line = |line: &Line| ToldLine {
            chapter: line.chapter.title(),
            label: line.label.clone(),
            formula: line.formula.clone(),
            value: line.value.clone(),
            rounding: line.rounding.map(rounding_text),
        };
        Self {
            case: found.case.id.0,
            opened_by_record: found.opened,
            carried_out_by_record: found.carried_out.as_ref().map(|(record, _)| *record),
            closed_by_record: found.closed.map(|(record, _)| record),
            headline: story.headline.clone(),
            lines: story.lines.iter().map(line).collect(),
        }
    }
}

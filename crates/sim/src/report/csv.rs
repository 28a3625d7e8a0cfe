//! `liquidations.csv`: one row per liquidation, every digit.

use std::io::{self, Write};

use crate::results::{Amount, Exposure, Liquidation, Results, VenueResults, time_text};

/// The columns of `liquidations.csv`, in order. Times are ms since the epoch and the same in
/// UTC; amounts are exact decimals, in the venue's asset but for `price`; `position` is empty on
/// venues without isolated positions; `rule` is the rule that opened the case. The columns up to
/// `requirement` show the account when the rule was met, the last two what came of it.
pub const COLUMNS: [&str; 20] = [
    "venue",
    "preset",
    "asset",
    "case",
    "market",
    "account",
    "position",
    "side",
    "rule",
    "triggered_ms",
    "triggered_utc",
    "executed_ms",
    "executed_utc",
    "price",
    "notional",
    "collateral",
    "equity",
    "requirement",
    "reward",
    "shortfall",
];

/// Writes all liquidations in the order they were carried out; of those at one time the venues
/// take turns in venue order, and within a venue the order stays as it happened.
///
/// Texts that a spreadsheet would take for a formula get an apostrophe in front.
///
/// # Errors
/// What the writer reports.
pub fn csv(results: &Results, out: impl Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    let mut next = vec![0usize; results.venues.len()];
    while let Some(venue) = earliest(results, &next) {
        let found = &results.venues[venue];
        write_row(
            &mut writer,
            results,
            found,
            &found.liquidations[next[venue]],
        )?;
        next[venue] += 1;
    }
    writer.flush()
}

/// The venue whose next liquidation comes first.
fn earliest(results: &Results, next: &[usize]) -> Option<usize> {
    let heads = results.venues.iter().zip(next).enumerate();
    heads
        .filter_map(|(i, (venue, at))| Some((venue.liquidations.get(*at)?.executed, i)))
        .min()
        .map(|(_, i)| i)
}

fn write_row<W: Write>(
    writer: &mut ::csv::Writer<W>,
    results: &Results,
    venue: &VenueResults,
    case: &Liquidation,
) -> io::Result<()> {
    let market = results.markets.get(case.market).map_or("", String::as_str);
    let side = match case.side {
        Exposure::Long => "long",
        Exposure::Short => "short",
        Exposure::Maker => "maker",
    };
    let exact = |amount: Amount| amount.to_string();
    writer.write_record([
        plain(&venue.name),
        plain(&venue.preset),
        plain(&venue.asset),
        case.case.to_string(),
        plain(market),
        case.account.to_string(),
        plain(case.position.as_deref().unwrap_or_default()),
        side.to_owned(),
        plain(&case.rule),
        case.triggered.to_string(),
        time_text(case.triggered),
        case.executed.to_string(),
        time_text(case.executed),
        exact(case.price),
        exact(case.notional),
        exact(case.collateral),
        exact(case.equity),
        exact(case.requirement),
        exact(case.reward),
        exact(case.shortfall),
    ])?;
    Ok(())
}

/// The columns of `waterfall.csv`, in order: one row per transfer of a position. Amounts are exact
/// decimals, in base units or the venue's asset; `case` is empty where the case is not known;
/// `against_index` is what the giver got beyond the worth at index.
pub const WATERFALL_COLUMNS: [&str; 13] = [
    "venue",
    "preset",
    "at_ms",
    "at_utc",
    "case",
    "hop",
    "market",
    "side",
    "to_account",
    "base",
    "quote",
    "worth_at_index",
    "against_index",
];

/// Writes every transfer of acquired positions, venue by venue in the order they happened.
///
/// # Errors
/// What the writer reports.
pub fn waterfall_csv(results: &Results, out: impl Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(WATERFALL_COLUMNS)?;
    for venue in &results.venues {
        let fills = venue
            .waterfall
            .iter()
            .flat_map(|waterfall| &waterfall.fills);
        for fill in fills {
            let market = results.markets.get(fill.market).map_or("", String::as_str);
            writer.write_record([
                plain(&venue.name),
                plain(&venue.preset),
                fill.at.to_string(),
                time_text(fill.at),
                fill.case.map_or_else(String::new, |case| case.to_string()),
                fill.hop.name().to_owned(),
                plain(market),
                if fill.long { "long" } else { "short" }.to_owned(),
                fill.to.to_string(),
                fill.base.to_string(),
                fill.quote.to_string(),
                fill.index.to_string(),
                fill.against_index.to_string(),
            ])?;
        }
    }
    writer.flush()
}

/// The columns of `steps.csv`, in order: one row per action of a liquidation in steps. Amounts are
/// exact decimals in the venue's asset.
pub const STEPS_COLUMNS: [&str; 16] = [
    "venue",
    "preset",
    "at_ms",
    "at_utc",
    "case",
    "account",
    "step",
    "what",
    "equity_before",
    "maintenance_before",
    "initial_before",
    "equity_after",
    "maintenance_after",
    "initial_after",
    "incentive",
    "fee",
];

/// Writes every action of liquidations in steps, venue by venue in the order they happened.
///
/// # Errors
/// What the writer reports.
pub fn steps_csv(results: &Results, out: impl Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(STEPS_COLUMNS)?;
    for venue in &results.venues {
        for action in venue.episodes.iter().flat_map(|e| &e.actions) {
            let (before, after) = (&action.before, &action.after);
            writer.write_record([
                plain(&venue.name),
                plain(&venue.preset),
                action.at.to_string(),
                time_text(action.at),
                action.case.to_string(),
                action.account.to_string(),
                plain(&action.step),
                plain(&action.what),
                before.equity.to_string(),
                before.maintenance.to_string(),
                before.initial.to_string(),
                after.equity.to_string(),
                after.maintenance.to_string(),
                after.initial.to_string(),
                action.incentive.to_string(),
                action.fee.to_string(),
            ])?;
        }
    }
    writer.flush()
}

fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return format!("'{text}");
    }
    text.to_owned()
}

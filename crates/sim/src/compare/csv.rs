//! A comparison as CSV: one row per design. Money is in whole dollars with up to 6 decimals, times
//! in ms, shares of 1, distances in basis points; empty where a design has no such thing.

use std::io::Write;

use super::{Comparison, Outcome, Share, Unit, definitions};
use crate::results::Amount;

/// Writes it.
///
/// # Errors
/// What the writer reports.
pub fn csv(comparison: &Comparison, out: impl Write) -> std::io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    let mut head = vec!["design".to_owned(), "title".to_owned()];
    head.extend(
        definitions()
            .iter()
            .map(|d| format!("{}{}", d.key, ending(d.unit))),
    );
    head.extend(
        [
            "bad_debt_borne_by",
            "incentives_paid_to",
            "state_hash_blake3",
        ]
        .map(str::to_owned),
    );
    writer.write_record(&head)?;
    for outcome in &comparison.outcomes {
        writer.write_record(row(outcome))?;
    }
    writer.flush()
}

fn row(outcome: &Outcome) -> Vec<String> {
    let measures = &outcome.measures;
    let mut cells = vec![outcome.design.clone(), outcome.title.clone()];
    cells.extend(definitions().iter().map(|definition| {
        let value = (definition.read)(measures);
        value.map_or_else(String::new, |value| number(definition.unit, value))
    }));
    cells.push(shares(&measures.bad_debt));
    cells.push(shares(&measures.incentives));
    cells.push(outcome.state_hash.clone());
    cells.into_iter().map(plain).collect()
}

/// What a spreadsheet would take for a formula gets an apostrophe in front; a number below zero is
/// none.
fn plain(text: String) -> String {
    let number = text.parse::<f64>().is_ok();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !number {
        return format!("'{text}");
    }
    text
}

/// What a column of a unit is called at its end.
pub(crate) const fn ending(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "_count",
        Unit::Dollars => "_usd",
        Unit::Millis => "_ms",
        Unit::E2Bps => "_bps",
        Unit::Millionths => "",
    }
}

fn number(unit: Unit, value: i128) -> String {
    let decimals = match unit {
        Unit::Count | Unit::Millis => 0,
        Unit::E2Bps => 2,
        Unit::Dollars | Unit::Millionths => 6,
    };
    Amount::new(value, decimals).to_string()
}

/// `who 1.5; who 0.25`.
fn shares(shares: &[Share]) -> String {
    let each = shares.iter();
    let each = each.map(|s| format!("{} {}", s.who, Amount::new(s.amount, 6)));
    each.collect::<Vec<_>>().join("; ")
}

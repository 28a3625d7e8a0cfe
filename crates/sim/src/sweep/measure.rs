//! What a run comes to, venue by venue: only what every venue's results have.
//!
//! Money is exact, in whole units of the venue's asset with up to 18 decimals.
//!
//! The *loss* of a venue is what its backstop, and whoever stands behind it, lost in the run.
//! Where positions are acquired by a fund it is the larger of two: the fund's farthest fall below
//! what it began with, as the report samples it; and what the fund and the counterparties that were
//! deleveraged had lost together at the end. Elsewhere it is the sum of what liquidations lost
//! beyond the collateral. In a comparison it is what the design's backstop would have had to begin
//! with to bear every loss, or its bad debt where it has no backstop.

use plimsoll_units::{Rounding, mul_div};
use serde::{Deserialize, Serialize};

use crate::compare::definitions;
use crate::results::{Amount, Liquidation, Results, VenueResults};
use crate::scenario::Decimal;
use crate::waterfall::{Hop, Waterfall};

use super::SweepError;

/// One finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRow {
    /// Its number in the plan.
    pub run: u64,
    /// Commands the engine accepted.
    pub commands: u64,
    /// Events it emitted.
    pub events: u64,
    /// blake3 of the final state.
    pub state_hash: String,
    /// The venues, in the scenario's order.
    pub venues: Vec<VenueRow>,
}

/// What one venue came to in a run. Amounts are in its asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueRow {
    /// Its name.
    pub venue: String,
    /// The preset it was built from.
    pub preset: String,
    /// Its asset.
    pub asset: String,
    /// Liquidations carried through.
    pub liquidations: u64,
    /// Accounts with one or more of them.
    pub accounts: u64,
    /// Their notional at the trigger.
    pub notional: Decimal,
    /// Their collateral at the trigger.
    pub collateral: Decimal,
    /// What they lost beyond the collateral.
    pub shortfall: Decimal,
    /// What liquidators were paid.
    pub rewards: Decimal,
    /// Time from trigger to execution, ms: half of the liquidations stayed within it.
    pub delay_p50: Option<i64>,
    /// 99 of 100 did.
    pub delay_p99: Option<i64>,
    /// All did.
    pub delay_max: Option<i64>,
    /// Commands refused.
    pub refusals: u64,
    /// What the fund began with, where there is one.
    pub fund_start: Option<Decimal>,
    /// Its low-water mark: the lowest of the report's samples, positions at index.
    pub fund_lowest: Option<Decimal>,
    /// What it ended with.
    pub fund_end: Option<Decimal>,
    /// Positions taken from counterparties, at index.
    pub deleveraged: Option<Decimal>,
    /// What those counterparties gave up against index; below zero where they gained.
    pub given_up: Option<Decimal>,
    /// What the report calls the venue's backstop, where it is money in its asset.
    pub backstop: String,
    /// The lowest of the report's samples of it, from the first that is not zero on; a float.
    pub backstop_lowest: Option<f64>,
    /// See the file's head.
    pub loss: Decimal,
    /// The measures of a comparison, in the order of their definitions; raw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Vec<Option<i128>>>,
}

/// Measures a run.
pub(super) fn measure(run: u64, results: &Results) -> Result<RunRow, SweepError> {
    let venues = results.venues.iter().map(venue);
    Ok(RunRow {
        run,
        commands: results.commands,
        events: results.events,
        state_hash: results.state_hash.clone(),
        venues: venues.collect::<Result<_, _>>()?,
    })
}

/// Measures a run of a comparison: a row per design.
pub(super) fn compared(run: u64, compared: &[(String, Results)]) -> Result<RunRow, SweepError> {
    let mut row = RunRow {
        run,
        commands: 0,
        events: 0,
        state_hash: String::new(),
        venues: Vec::with_capacity(compared.len()),
    };
    let mut hasher = blake3::Hasher::new();
    for (design, results) in compared {
        row.commands = row.commands.saturating_add(results.commands);
        row.events = row.events.saturating_add(results.events);
        hasher.update(results.state_hash.as_bytes());
        for own in &results.venues {
            row.venues.push(of_design(design, own)?);
        }
    }
    row.state_hash = hasher.finalize().to_hex().to_string();
    Ok(row)
}

/// A design's row: its loss is the backstop that would have sufficed, or where it has none, its bad
/// debt.
fn of_design(design: &str, own: &VenueResults) -> Result<VenueRow, SweepError> {
    let measures = &own.measures;
    let needed = measures.fund.as_ref().map(|fund| fund.sufficient);
    let loss = needed.unwrap_or_else(|| measures.bad_debt_total());
    let loss = Amount::new(loss, 6);
    Ok(VenueRow {
        venue: design.to_owned(),
        loss: exact(loss).ok_or_else(|| too_large(own, "loss", loss))?,
        measures: Some(definitions().iter().map(|d| (d.read)(measures)).collect()),
        ..venue(own)?
    })
}

fn venue(venue: &VenueResults) -> Result<VenueRow, SweepError> {
    let cases = &venue.liquidations;
    let sum = |what, part: fn(&Liquidation) -> Amount| -> Result<Decimal, SweepError> {
        let mut total = Decimal::default();
        for amount in cases.iter().map(part) {
            total = exact(amount)
                .and_then(|amount| added(total, amount))
                .ok_or_else(|| too_large(venue, what, amount))?;
        }
        Ok(total)
    };
    let mut delays: Vec<i64> = cases
        .iter()
        .map(|case| case.executed.saturating_sub(case.triggered))
        .collect();
    delays.sort_unstable();
    let mut accounts: Vec<u32> = cases.iter().map(|case| case.account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let shortfall = sum("shortfall", |case| case.shortfall)?;
    let fund = venue.waterfall.as_deref();
    let fund = fund
        .map(|waterfall| Fund::of(venue, waterfall))
        .transpose()?;
    let (backstop, backstop_lowest) = backstop(venue);
    Ok(VenueRow {
        venue: venue.name.clone(),
        preset: venue.preset.clone(),
        asset: venue.asset.clone(),
        liquidations: cases.len() as u64,
        accounts: accounts.len() as u64,
        notional: sum("notional", |case| case.notional)?,
        collateral: sum("collateral", |case| case.collateral)?,
        shortfall,
        rewards: sum("reward", |case| case.reward)?,
        delay_p50: rank(&delays, 500),
        delay_p99: rank(&delays, 990),
        delay_max: delays.last().copied(),
        refusals: venue.refusals.iter().map(|refused| refused.times).sum(),
        fund_start: fund.map(|fund| fund.start),
        fund_lowest: fund.map(|fund| fund.lowest),
        fund_end: fund.map(|fund| fund.end),
        deleveraged: fund.map(|fund| fund.deleveraged),
        given_up: fund.map(|fund| fund.given_up),
        backstop,
        backstop_lowest,
        loss: fund.map_or(shortfall, |fund| fund.loss),
        measures: None,
    })
}

/// A fund's part of a row.
#[derive(Debug, Clone, Copy)]
struct Fund {
    start: Decimal,
    lowest: Decimal,
    end: Decimal,
    deleveraged: Decimal,
    given_up: Decimal,
    loss: Decimal,
}

impl Fund {
    fn of(venue: &VenueResults, waterfall: &Waterfall) -> Result<Self, SweepError> {
        let read = |what, amount| exact(amount).ok_or_else(|| too_large(venue, what, amount));
        let (start, lowest) = (
            read("fund", waterfall.fund_start)?,
            read("fund", waterfall.fund_lowest)?,
        );
        let (mut deleveraged, mut given_up) = (Decimal::default(), Decimal::default());
        for hop in [Hop::Closure, Hop::Deleveraged] {
            let total = waterfall.hop(hop);
            let full = || too_large(venue, "deleveraging", total.index);
            let taken = read("deleveraging", total.index)?;
            let gained = read("deleveraging", total.against_index)?;
            deleveraged = added(deleveraged, taken).ok_or_else(full)?;
            given_up = added(given_up, gained).ok_or_else(full)?;
        }
        let end = read("fund", waterfall.fund_end)?;
        let less = |than: Decimal| Decimal::from_raw(start.raw().saturating_sub(than.raw()));
        let together = added(less(end), given_up)
            .ok_or_else(|| too_large(venue, "loss", waterfall.fund_start))?;
        Ok(Self {
            start,
            lowest,
            end,
            deleveraged,
            given_up,
            loss: less(lowest).max(together).max(Decimal::default()),
        })
    }
}

/// An amount with 18 decimals, exactly; `None` where it does not fit.
fn exact(amount: Amount) -> Option<Decimal> {
    let up = 18u32.checked_sub(amount.decimals)?;
    let raw = amount.raw.checked_mul(10i128.checked_pow(up)?)?;
    Some(Decimal::from_raw(raw))
}

fn added(a: Decimal, b: Decimal) -> Option<Decimal> {
    a.raw().checked_add(b.raw()).map(Decimal::from_raw)
}

fn too_large(venue: &VenueResults, what: &'static str, amount: Amount) -> SweepError {
    SweepError::Amount {
        venue: venue.name.clone(),
        what,
        amount: amount.to_string(),
    }
}

/// The smallest of the sorted values that at least `share` thousandths stay within.
fn rank(sorted: &[i64], share: i128) -> Option<i64> {
    let count = i128::try_from(sorted.len()).ok()?;
    let rank = mul_div(count, share, 1_000, Rounding::Up).ok()?;
    let at = usize::try_from(rank).ok()?.checked_sub(1)?;
    sorted.get(at).copied()
}

/// The first line of the report's backstop, where it is money in the venue's asset.
fn backstop(venue: &VenueResults) -> (String, Option<f64>) {
    let Some(line) = venue.backstop.first().filter(|line| line.unit.is_none()) else {
        return (String::new(), None);
    };
    let there = line
        .values
        .iter()
        .copied()
        .skip_while(|value| *value == 0.0);
    let lowest = there.fold(None, |lowest: Option<f64>, value| {
        Some(lowest.map_or(value, |lowest| lowest.min(value)))
    });
    (line.label.clone(), lowest)
}

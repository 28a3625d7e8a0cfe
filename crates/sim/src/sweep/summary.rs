//! What the runs of each point and venue lost, and the table of it.

use crate::report::number;
use crate::results::Amount;
use crate::scenario::Decimal;

use super::table::{axis_cells, axis_columns, count};
use super::{Cell, Kind, Losses, PerMille, Plan, QUANTILES, RunRow, Table, TooFewRuns};

/// The losses of one venue at one point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointLosses {
    /// Which combination of parameters.
    pub point: usize,
    /// Which venue, by place.
    pub venue: usize,
    /// The venue's name.
    pub name: String,
    /// Its asset.
    pub asset: String,
    /// The losses of the point's runs, with 18 decimals.
    pub losses: Losses,
}

/// The losses of every point and venue, points first.
#[must_use]
pub fn point_losses(plan: &Plan, runs: &[RunRow]) -> Vec<PointLosses> {
    let venues = runs.first().map_or(0, |row| row.venues.len());
    let per_point = plan.runs_per_point();
    let mut found = Vec::with_capacity(plan.points() * venues);
    for (point, rows) in runs.chunks(per_point.max(1)).enumerate() {
        for venue in 0..venues {
            let of = || rows.iter().filter_map(|row| row.venues.get(venue));
            let first = of().next();
            found.push(PointLosses {
                point,
                venue,
                name: first.map_or_else(String::new, |v| v.venue.clone()),
                asset: first.map_or_else(String::new, |v| v.asset.clone()),
                losses: Losses::new(of().map(|v| v.loss.raw()).collect()),
            });
        }
    }
    found
}

/// The table of it: quantiles and expected shortfall of the loss, empty where too few runs stand
/// behind them.
#[must_use]
pub fn summary(plan: &Plan, points: &[PointLosses]) -> Table {
    let mut columns = vec![("point".to_owned(), Kind::Count)];
    columns.extend(axis_columns(plan));
    let text = |name: &str, kind| (name.to_owned(), kind);
    columns.extend([
        text("venue", Kind::Text),
        text("asset", Kind::Text),
        text("runs_count", Kind::Count),
        text("runs_with_loss_count", Kind::Count),
        text("loss_mean_in_asset", Kind::Money),
    ]);
    let named = |what: &str, share: PerMille| format!("loss_{}{what}_in_asset", share.name());
    columns.extend(QUANTILES.map(|share| (named("", share), Kind::Money)));
    columns.extend(QUANTILES.map(|share| (named("_expected_shortfall", share), Kind::Money)));
    columns.push(text("loss_max_in_asset", Kind::Money));
    let rows = points.iter().map(|point| {
        let losses = &point.losses;
        let money =
            |raw: Option<i128>| raw.map_or(Cell::None, |raw| Cell::Money(Decimal::from_raw(raw)));
        let known = |raw: Result<i128, TooFewRuns>| money(raw.ok());
        let mut cells = vec![count(point.point as u64)];
        cells.extend(axis_cells(plan, point.point));
        cells.extend([
            Cell::Text(point.name.clone()),
            Cell::Text(point.asset.clone()),
            count(losses.runs() as u64),
            count(losses.with_loss() as u64),
            money(losses.mean()),
        ]);
        cells.extend(QUANTILES.map(|share| known(losses.quantile(share))));
        cells.extend(QUANTILES.map(|share| known(losses.expected_shortfall(share))));
        cells.push(money(losses.largest()));
        cells
    });
    Table {
        rows: rows.collect(),
        columns,
    }
}

/// The most rows of the table in a terminal.
const SHOWN_MAX: usize = 40;

/// The same for a terminal, rounded to cents.
#[must_use]
pub fn text(plan: &Plan, points: &[PointLosses]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    let mut head: Vec<String> = plan.axes.iter().map(|axis| axis.path.clone()).collect();
    head.extend(["venue", "runs", "with a loss", "mean loss"].map(str::to_owned));
    head.extend(QUANTILES.map(PerMille::text));
    head.push("largest".to_owned());
    table.set_header(head);
    for point in points.iter().take(SHOWN_MAX) {
        let losses = &point.losses;
        let money = |raw: Option<i128>| {
            raw.map_or_else(|| "–".to_owned(), |raw| number::money(Amount::new(raw, 18)))
        };
        let mut row: Vec<String> = plan
            .values(point.point)
            .into_iter()
            .map(str::to_owned)
            .collect();
        row.extend([
            format!("{} ({})", point.name, point.asset),
            losses.runs().to_string(),
            losses.with_loss().to_string(),
            money(losses.mean()),
        ]);
        row.extend(QUANTILES.map(|share| money(losses.quantile(share).ok())));
        row.push(money(losses.largest()));
        table.add_row(row);
    }
    let mut text = table.to_string();
    if points.len() > SHOWN_MAX {
        text.push_str(&format!(
            "\n{} more rows in summary.csv",
            points.len() - SHOWN_MAX
        ));
    }
    let runs = plan.runs_per_point();
    let lacking = QUANTILES.iter().find(|share| runs < share.needs());
    if let Some(share) = lacking {
        text.push_str(&format!(
            "\n– {}",
            TooFewRuns {
                share: *share,
                runs
            }
        ));
    }
    text
}

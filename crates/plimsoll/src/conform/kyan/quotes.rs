//! Limit prices of an auction's orders, row by row: at a mark and a level, for either side.

use plimsoll_engine::auction::Ladder;
use plimsoll_units::{Rate, Side};
use serde_json::{Map, Value, json};

use super::account::price;
use super::rows::{either, get, limit};
use super::{Answer, Vector, raw, raw_64, refused, shown};
use crate::conform::compare::Mismatch;

/// Whether a row asks for limit prices: it has a mark, or names an option or the perpetual with a
/// level.
pub(super) fn is_quote(row: &Map<String, Value>) -> bool {
    let has = |name: &str| row.contains_key(name);
    let priced = ["limit", "limit_sell", "sell_limit", "sell", "buy", "price"];
    has("mark") || ((is_option(row) || is_perpetual(row)) && priced.into_iter().any(has))
}

fn is_option(row: &Map<String, Value>) -> bool {
    ["cp", "K", "dte", "iv"]
        .iter()
        .all(|name| row.contains_key(*name))
}

fn is_perpetual(row: &Map<String, Value>) -> bool {
    let named = ["instrument", "kind", "type"].iter();
    let mut named = named.filter_map(|name| row.get(*name)?.as_str());
    named.any(|name| name.eq_ignore_ascii_case("perp"))
}

/// A level's rate: by its number, or by the money it is of the index.
fn rate_of(
    vector: &Vector<'_>,
    row: &Map<String, Value>,
    ladder: &Ladder,
    index: f64,
) -> Result<Rate<6>, Mismatch> {
    for name in ["incentive", "incentive_usd", "opt_incentive_usd", "A"] {
        if row.contains_key(name) {
            return Ok(Rate::from_raw(raw(name, get(row, name)? / index, 6)?));
        }
    }
    let names = ["level", "n", "opt_level", "perp_level"];
    let named = names.into_iter().find(|name| row.contains_key(*name));
    let level = match named {
        Some(name) => raw_64("level", get(row, name)?, 0)?,
        None => raw_64("level", vector.number_or("level", 0.0)?, 0)?,
    };
    let level = u32::try_from(level).map_err(|_| Mismatch::unusable("a level below zero"))?;
    ladder.incentive(level).map_err(refused)
}

/// Fair value: given, the index for the perpetual, or the option's price.
fn mark_of(vector: &Vector<'_>, row: &Map<String, Value>, index: f64) -> Result<f64, Mismatch> {
    if row.contains_key("mark") {
        return get(row, "mark");
    }
    if is_perpetual(row) {
        return Ok(index);
    }
    let mut leg = row.clone();
    leg.entry("q").or_insert(json!(1));
    let input = Map::from_iter([
        ("S".to_owned(), json!(index)),
        ("legs".to_owned(), json!([leg])),
    ]);
    let market = Vector { input, ..*vector }.market()?;
    Ok(price(market.mark(1)?))
}

/// Limit prices at a mark: a sale is never below one tick.
pub(super) fn quote(vector: &Vector<'_>, row: &Map<String, Value>) -> Answer {
    let index = either(vector, row, "S", 100_000.0)?;
    let (ladder, tick) = if is_perpetual(row) {
        (Ladder::PERPS, 0.5)
    } else {
        (Ladder::OPTIONS, 1.0)
    };
    let tick = either(vector, row, "tick", tick)?;
    let mark = mark_of(vector, row, index)?;
    let rate = rate_of(vector, row, &ladder, index)?;
    let buy = limit(Side::Long, mark, index, rate, tick)?;
    let sell = limit(Side::Short, mark, index, rate, tick)?;
    let own = if buys(row) { buy } else { sell };
    let incentive = index * shown(rate.raw(), 6);
    Ok(json!({
        "mark": mark,
        "buy": buy, "buy_limit": buy, "limit_buy": buy,
        "sell": sell, "sell_limit": sell, "limit_sell": sell,
        "limit": own, "price": own,
        "incentive": incentive, "incentive_usd": incentive, "opt_incentive_usd": incentive,
        "bps": shown(rate.raw(), 2),
        "floored": mark - incentive < tick,
        "floor": tick,
    }))
}

/// The side that a row names; without one a short position is bought back, all else is sold.
fn buys(row: &Map<String, Value>) -> bool {
    match row.get("side").and_then(Value::as_str) {
        Some(side) => side.eq_ignore_ascii_case("buy"),
        None => row
            .get("q")
            .and_then(Value::as_f64)
            .is_some_and(|q| q < 0.0),
    }
}

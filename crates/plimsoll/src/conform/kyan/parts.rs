//! Decompositions in the words of the vectors.

use plimsoll_engine::margin::portfolio::Money;
use plimsoll_engine::margin::portfolio::decompose::{
    Component, Kind, OptionLeg, Pairing, decompose, total_margin,
};
use plimsoll_engine::pricing::OptionKind;
use serde_json::{Value, json};

use super::account::{Account, money};
use super::model::{Market, letter};
use super::{Answer, refused, shown};
use crate::conform::compare::Mismatch;

/// The components of an account, the first to be closed first.
pub(super) fn components(
    account: &Account<'_>,
    pairing: Pairing,
) -> Result<Vec<Component>, Mismatch> {
    let of = account.market.valuation()?;
    decompose(&of, &account.portfolio, pairing).map_err(refused)
}

/// What a decomposition is asked for; `None` when it is not about one.
pub(super) fn answer(account: &Account<'_>, key: &str, expected: &Value) -> Option<Answer> {
    let pairing = match key {
        "ranked" | "rule" | "components" | "rule_sum" | "sum_isolated_mm" | "count" => {
            Pairing::KyanRule
        }
        "exact" | "exact_pairs" | "exact_min_sum" | "exact_sum" | "min_margin" => {
            Pairing::MinMargin
        }
        "gap" | "ratio" | "gap_pct" => return Some(gap(account, key)),
        _ => return None,
    };
    Some(components(account, pairing).and_then(|found| match key {
        "rule_sum" | "sum_isolated_mm" | "exact_min_sum" | "exact_sum" => {
            Ok(money(total_margin(&found).map_err(refused)?).into())
        }
        "count" => Ok(found.len().into()),
        "exact_pairs" => pairs(account.market, &found, expected),
        _ => found.iter().map(|c| component(account.market, c)).collect(),
    }))
}

/// By how much the rule's components need more than the least: in money, as a ratio, in percent.
fn gap(account: &Account<'_>, key: &str) -> Answer {
    let sum = |pairing| -> Result<f64, Mismatch> {
        let found = components(account, pairing)?;
        Ok(money(total_margin(&found).map_err(refused)?))
    };
    let (rule, exact) = (sum(Pairing::KyanRule)?, sum(Pairing::MinMargin)?);
    Ok(match key {
        "gap" => rule - exact,
        "ratio" => rule / exact,
        _ => (rule / exact - 1.0) * 100.0,
    }
    .into())
}

/// A component with all its fields.
fn component(market: &Market, component: &Component) -> Answer {
    let of = market.valuation()?;
    let mut legs = component.legs.clone();
    // Vectors list legs by strike, calls first; the engine keeps them in the order of closing.
    legs.sort_by_key(|leg| (leg.strike, leg.kind == OptionKind::Put));
    let printed: Result<Vec<Value>, Mismatch> = legs.iter().map(|leg| print(market, leg)).collect();
    let (Some(low), Some(high)) = (legs.first(), legs.last()) else {
        return Err(Mismatch::unusable("a component without legs"));
    };
    let (low_name, high_name) = (market.name(low.instrument)?, market.name(high.instrument)?);
    let mut said = json!({
        "dte": low_name.days,
        "perp_hedge": shown(component.hedge.into(), 6),
        "isolated_mm": money(component.margin),
        "legs": printed?,
        "q": shown(component.size().into(), 6),
    });
    let unhedged = component.unhedged(&of).map_err(refused)?;
    let more = match component.kind {
        Kind::Peripheral => json!({
            "kind": "peripheral",
            "cp": letter(low.kind),
            "K": low_name.strike,
            "q": shown(low.quantity.into(), 6),
        }),
        Kind::Vertical => json!({
            "kind": "vertical",
            "cp": letter(low.kind),
            "K_lo": low_name.strike,
            "K_hi": high_name.strike,
            "side_lo": long_or_short(low),
        }),
        Kind::Synthetic => json!({
            "kind": "synthetic",
            "K": low_name.strike,
            "side": long_or_short(low),
            "isolated_mm_unhedged":
                money(unhedged.maintenance(of.model()).map_err(refused)?),
        }),
    };
    if let (Some(said), Value::Object(more)) = (said.as_object_mut(), more) {
        said.extend(more);
    }
    Ok(said)
}

const fn long_or_short(leg: &OptionLeg) -> &'static str {
    if leg.quantity > 0 { "long" } else { "short" }
}

fn print(market: &Market, leg: &OptionLeg) -> Answer {
    let name = market.name(leg.instrument)?;
    let quantity = shown(leg.quantity.into(), 6);
    Ok(json!([letter(leg.kind), name.strike, name.days, quantity]))
}

/// The pairs as `[strike, strike, size]`, by strikes. Which of the two strikes is named first is
/// taken from what is expected, because it says nothing: the legs' signs do.
fn pairs(market: &Market, found: &[Component], expected: &Value) -> Answer {
    let mut pairs = Vec::new();
    for component in found.iter().filter(|c| c.legs.len() == 2) {
        let strikes = component.legs.iter().map(|leg| market.name(leg.instrument));
        let strikes: Result<Vec<_>, _> = strikes.collect();
        let mut strikes: Vec<f64> = strikes?.iter().map(|name| name.strike).collect();
        strikes.sort_by(f64::total_cmp);
        let size = shown(component.size().into(), 6);
        let turned = [strikes[1], strikes[0], size];
        let pair = [strikes[0], strikes[1], size];
        let is = |pair: &[f64; 3], value: &Value| {
            value.as_array().is_some_and(|v| {
                v.len() == 3 && v.iter().zip(pair).all(|(v, p)| v.as_f64() == Some(*p))
            })
        };
        let wanted = expected.as_array().into_iter().flatten();
        let turn = wanted.into_iter().any(|value| is(&turned, value));
        pairs.push(if turn { turned } else { pair });
    }
    // In the order in which they are expected, as far as they are; what is not comes last.
    let place = |pair: &[f64; 3]| {
        let list = expected.as_array().map_or(&[][..], Vec::as_slice);
        let found = list.iter().position(|value| value == &json!(pair));
        (found.unwrap_or(usize::MAX), pair.map(f64::to_bits))
    };
    pairs.sort_by_key(place);
    Ok(json!(pairs))
}

/// `["peripheral", "P", 90000.0, -3, 39287.9372]`: a ranking in short.
pub(super) fn short_ranking(market: &Market, found: &[Component]) -> Answer {
    let mut rows = Vec::new();
    for part in found {
        let Some(leg) = part.legs.iter().min_by_key(|leg| leg.strike) else {
            continue;
        };
        let (kind, cp, quantity) = match part.kind {
            Kind::Peripheral => ("peripheral", letter(leg.kind), leg.quantity),
            Kind::Vertical => ("vertical", letter(leg.kind), part.size()),
            Kind::Synthetic => ("synthetic", "S", part.size()),
        };
        let (strike, margin): (f64, Money) = (market.name(leg.instrument)?.strike, part.margin);
        rows.push(json!([
            kind,
            cp,
            strike,
            shown(quantity.into(), 6),
            money(margin)
        ]));
    }
    Ok(json!(rows))
}

//! Fields about one account: what it is now, what the engine would do, what it would be then.

use plimsoll_engine::margin::portfolio::Money;
use plimsoll_engine::margin::portfolio::decompose::{Kind, Pairing};
use plimsoll_engine::margin::portfolio::guards;
use plimsoll_engine::margin::portfolio::order::{self, Hedge, Order};
use plimsoll_units::{Rate, Side};
use serde_json::{Map, Value, json};

use super::account::{Account, money, price, side};
use super::compare::unanswered;
use super::model::{Market, PERP, letter};
use super::{Answer, finite, list, parts, raw_64, refused, shown};
use crate::conform::compare::Mismatch;

/// One contract, raw.
const CONTRACT: i64 = 1_000_000;

/// What the engine decides to do first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action {
    pub(super) order: Order,
    pub(super) quantity: i64,
    /// Nothing but a perpetual: all of it is closed.
    reduce_only: bool,
}

/// The answer to one field of a vector about an account.
pub(super) fn answer(account: &Account<'_>, key: &str, expected: &Value) -> Answer {
    if let Some(answer) = parts::answer(account, key, expected) {
        return answer;
    }
    match key {
        "before" | "now" | "unhedged" => account.answer(),
        "hedged" => hedged_synthetics(account),
        "order" => order_answer(account, &first_action(account)?),
        "fill_cost" | "fee" => costs(account, key),
        "after" | "after_full" => after(account, None),
        "delta_case" => delta_case(account),
        "im_if_delta_hedged" => Ok(money(neutral(account, true)?).into()),
        "decision" => decision(account),
        "mm_h0" => Ok(money(account.maintenance()?).into()),
        "mm_full_delta" => Ok(money(fully_hedged(account)?.maintenance()?).into()),
        "mm_min_grid" | "argmin_grid_0_05" => grid_scan(account, key),
        "min_qty_im" | "im_at" | "equity_at" | "min_qty_mm" | "mm_at" | "equity_mm" => {
            smallest(account, key)
        }
        "release_at" => release_at(account),
        "short_leg" | "long_leg" => leg(account, key == "long_leg"),
        "state" => Ok(super::states::state(account)?.into()),
        "trace" => super::trace::answer(account, list(key, expected)?),
        "progress" | "states" => walk(account, list(key, expected)?),
        _ => match key.strip_prefix("after_partial_") {
            Some(size) => after(account, Some(size)),
            None => single(account, key),
        },
    }
}

/// A field of the account itself.
fn single(account: &Account<'_>, key: &str) -> Answer {
    let mut said = account.answer()?;
    let found = said.as_object_mut().and_then(|said| said.remove(key));
    found.ok_or_else(|| unanswered("the account", key))
}

pub(super) fn perp_only(account: &Account<'_>) -> Result<bool, Mismatch> {
    let of = account.market.valuation()?;
    guards::is_perp_only(&of, &account.portfolio).map_err(refused)
}

/// The order that takes delta to zero, if there is a lot of it.
fn hedge(account: &Account<'_>) -> Result<Option<Hedge>, Mismatch> {
    let of = account.market.valuation()?;
    let lot = account.market.terms(PERP).lot;
    order::hedge(&of, &account.portfolio, lot).map_err(refused)
}

pub(super) fn fully_hedged<'m>(account: &Account<'m>) -> Result<Account<'m>, Mismatch> {
    let Some(hedge) = hedge(account)? else {
        return Ok(account.clone());
    };
    let traded = order::signed(hedge.side, hedge.quantity).map_err(refused)?;
    account.with(hedge.instrument, traded)
}

fn outside_band(account: &Account<'_>) -> Result<bool, Mismatch> {
    let delta = account.risk()?.delta;
    let market = account.market;
    market
        .band
        .is_exceeded(delta, market.index)
        .map_err(refused)
}

/// The initial or maintenance margin with delta hedged exactly: the projection, not an order.
fn neutral(account: &Account<'_>, initial: bool) -> Result<Money, Mismatch> {
    let of = account.market.valuation()?;
    let risk = of.neutral_risk(account.portfolio.legs()).map_err(refused)?;
    let margin = if initial {
        risk.initial(of.model())
    } else {
        risk.maintenance(of.model())
    };
    margin.map_err(refused)
}

/// A hedge in full, paid for: whether it would restore the initial margin.
fn hedge_restores(account: &Account<'_>) -> Result<bool, Mismatch> {
    let Some(hedge) = hedge(account)? else {
        return account.is_released();
    };
    let order = account.order(hedge.instrument, hedge.side, hedge.quantity)?;
    account.filled(&order, hedge.quantity)?.is_released()
}

/// Whether the delta step comes first: delta is outside the band or a hedge would restore the
/// initial margin, there is a lot to hedge, and hedging it lowers the requirement.
pub(super) fn hedges(account: &Account<'_>) -> Result<bool, Mismatch> {
    if perp_only(account)? || hedge(account)?.is_none() {
        return Ok(false);
    }
    let wanted = guards::wants_hedge(false, outside_band(account)?, hedge_restores(account)?);
    let then = fully_hedged(account)?.risk()?;
    let lowers = guards::lowers_requirement(&account.risk()?, &then).map_err(refused)?;
    Ok(wanted && lowers)
}

/// Kyan's selection: a perpetual alone is closed, delta outside the band (or worth hedging) is
/// hedged, else the first component's first leg is closed.
pub(super) fn first_action(account: &Account<'_>) -> Result<Action, Mismatch> {
    if perp_only(account)? {
        let held = account.portfolio.quantity(PERP);
        let side = if held > 0 { Side::Short } else { Side::Long };
        let quantity = held.saturating_abs();
        return Ok(Action {
            order: account.order(PERP, side, quantity)?,
            quantity,
            reduce_only: true,
        });
    }
    let wanted = hedges(account)?;
    if let Some(hedge) = hedge(account)?.filter(|_| wanted) {
        return Ok(Action {
            order: account.order(hedge.instrument, hedge.side, hedge.quantity)?,
            quantity: hedge.quantity,
            reduce_only: false,
        });
    }
    let found = parts::components(account, Pairing::KyanRule)?;
    let first = found.iter().find(|c| c.kind != Kind::Synthetic);
    let leg = first.and_then(|c| c.legs.first());
    let leg = leg.ok_or_else(|| Mismatch::unusable("there is nothing to close"))?;
    close(account, leg.instrument, leg.quantity)
}

/// Closing `held` of an instrument.
fn close(account: &Account<'_>, instrument: u32, held: i64) -> Result<Action, Mismatch> {
    let side = if held > 0 { Side::Short } else { Side::Long };
    let quantity = held.saturating_abs();
    Ok(Action {
        order: account.order(instrument, side, quantity)?,
        quantity,
        reduce_only: true,
    })
}

pub(super) fn order_answer(account: &Account<'_>, action: &Action) -> Answer {
    let order = &action.order;
    Ok(json!({
        "instrument": instrument_name(account.market, order.instrument)?,
        "side": side(order.side),
        "qty": shown(action.quantity.into(), 6),
        "mark": price(account.market.mark(order.instrument)?),
        "limit": price(order.price),
        "reduce_only": action.reduce_only,
    }))
}

/// `P-90000-14d`.
pub(super) fn instrument_name(market: &Market, instrument: u32) -> Result<String, Mismatch> {
    if instrument == PERP {
        return Ok("PERP".to_owned());
    }
    let name = market.name(instrument)?;
    Ok(format!(
        "{}-{}-{}d",
        letter(name.kind),
        name.strike,
        name.days
    ))
}

/// What the first order costs: the incentive, and the fee.
fn costs(account: &Account<'_>, key: &str) -> Answer {
    let action = first_action(account)?;
    let after = account.filled(&action.order, action.quantity)?;
    let (before, after) = (money(account.equity()?), money(after.equity()?));
    let mark = price(account.market.mark(action.order.instrument)?);
    let incentive = (price(action.order.price) - mark).abs() * shown(action.quantity.into(), 6);
    Ok(match key {
        "fill_cost" => incentive.into(),
        _ => (before - after - incentive).into(),
    })
}

/// The account after the first order, in full or in part (`0_2` is 0.2).
fn after(account: &Account<'_>, part: Option<&str>) -> Answer {
    let action = first_action(account)?;
    let quantity = match part {
        None => action.quantity,
        Some(text) => {
            let size = text.replace('_', ".").parse::<f64>();
            let size = size.map_err(|_| Mismatch::unusable(format!("{text:?} is no size")))?;
            raw_64("the size", size, 6)?
        }
    };
    let then = account.filled(&action.order, quantity)?;
    let mut said = then.answer()?;
    if let Some(said) = said.as_object_mut() {
        said.insert("decision".to_owned(), next(&then)?.into());
    }
    Ok(said)
}

/// What follows a fill: a perpetual alone is closed to the end, whatever its margin; else an
/// account that has its initial margin is released.
pub(super) fn next(account: &Account<'_>) -> Result<&'static str, Mismatch> {
    let flat = account.portfolio.is_empty();
    let released = account.is_released()? && (flat || !perp_only(account)?);
    Ok(match (account.equity()?.is_negative(), released) {
        (true, _) => "BANKRUPT",
        (false, true) => "RELEASE",
        (false, false) => "CONTINUE",
    })
}

fn decision(account: &Account<'_>) -> Answer {
    let action = first_action(account)?;
    Ok(next(&account.filled(&action.order, action.quantity)?)?.into())
}

fn delta_case(account: &Account<'_>) -> Answer {
    let delta = shown(account.risk()?.delta.raw(), 18);
    Ok(json!({
        "abs_delta_usd": delta.abs() * price(account.market.index),
        "abs_delta": delta.abs(),
        "exceeds_band": outside_band(account)?,
        "im_if_hedged": money(neutral(account, true)?),
        "mm_if_hedged": money(neutral(account, false)?),
        "restores_im": hedge_restores(account)?,
    }))
}

/// The synthetics with their hedges.
fn hedged_synthetics(account: &Account<'_>) -> Answer {
    let mut hedged = account.clone();
    for part in parts::components(account, Pairing::KyanRule)? {
        hedged = hedged.with(PERP, part.hedge)?;
    }
    hedged.answer()
}

/// The smallest hedge that restores the initial margin, or the maintenance margin.
fn smallest(account: &Account<'_>, key: &str) -> Answer {
    let of = account.market.valuation()?;
    let action = first_action(account)?;
    let initial = matches!(key, "min_qty_im" | "im_at" | "equity_at");
    let factor: Rate<6> = if initial {
        of.model().im_factor
    } else {
        of.model().mm_factor
    };
    let equity = account.equity()?;
    let size = order::smallest(&of, &account.portfolio, equity, &action.order, factor);
    let size = size.map_err(refused)?;
    let size = size.ok_or_else(|| Mismatch::unusable("no size restores it"))?;
    let then = account.filled(&action.order, size)?;
    Ok(match key {
        "min_qty_im" | "min_qty_mm" => shown(size.into(), 6),
        "im_at" => money(then.initial()?),
        "mm_at" => money(then.maintenance()?),
        _ => money(then.equity()?),
    }
    .into())
}

/// The requirement along a grid of hedges: from none in steps of 0.05, up to one contract more
/// than the largest leg has.
fn grid_scan(account: &Account<'_>, key: &str) -> Answer {
    let delta = account.risk()?.delta;
    let sign = if delta.is_negative() { 1 } else { -1 };
    let legs = account.portfolio.legs().iter();
    let most = legs.map(|leg| leg.quantity.saturating_abs()).max();
    let most = most.unwrap_or(0).saturating_add(CONTRACT);
    let mut best: Option<(i64, f64)> = None;
    let mut size = 0i64;
    while size < most {
        let then = account.with(PERP, size * sign)?;
        let margin = money(then.maintenance()?);
        if best.is_none_or(|(_, least)| margin < least) {
            best = Some((size, margin));
        }
        size += 50_000;
    }
    let (at, least) = best.ok_or_else(|| Mismatch::unusable("an empty grid"))?;
    Ok(match key {
        "mm_min_grid" => least.into(),
        _ => shown(at.into(), 6).into(),
    })
}

/// The smallest size of the first order that restores the initial margin, and the account then.
fn release_at(account: &Account<'_>) -> Answer {
    let of = account.market.valuation()?;
    let action = first_action(account)?;
    let factor = of.model().im_factor;
    let equity = account.equity()?;
    let size = order::smallest(&of, &account.portfolio, equity, &action.order, factor);
    let size = size.map_err(refused)?;
    let size = size.ok_or_else(|| Mismatch::unusable("no size restores it"))?;
    let then = account.filled(&action.order, size)?;
    let mut said = then.answer()?;
    if let Some(said) = said.as_object_mut() {
        for name in ["bought", "sold", "qty"] {
            said.insert(name.to_owned(), shown(size.into(), 6).into());
        }
    }
    Ok(said)
}

/// The order on one leg of the first pair.
fn leg(account: &Account<'_>, long: bool) -> Answer {
    let (short_leg, long_leg) = first_pair(account)?;
    let action = if long { long_leg } else { short_leg };
    order_answer(account, &action)
}

/// The orders on the short and the long leg of the first vertical.
fn first_pair(account: &Account<'_>) -> Result<(Action, Action), Mismatch> {
    let found = parts::components(account, Pairing::KyanRule)?;
    let pair = found.iter().find(|c| c.kind == Kind::Vertical);
    let Some([short, long]) = pair.map(|c| c.legs.as_slice()) else {
        return Err(Mismatch::unusable("there is no vertical spread"));
    };
    Ok((
        close(account, short.instrument, short.quantity)?,
        close(account, long.instrument, long.quantity)?,
    ))
}

/// The account along a series of fills, each row from the start: so much of the first order, or of
/// the two legs of the first vertical.
fn walk(account: &Account<'_>, rows: &[Value]) -> Answer {
    let mut said = Vec::new();
    for row in rows {
        let row = super::object(row)?;
        let (mut then, mut given) = (account.clone(), Map::new());
        if row.contains_key("bought") || row.contains_key("sold") {
            let name = if row.contains_key("bought") {
                "bought"
            } else {
                "sold"
            };
            let action = first_action(account)?;
            then = fill(&then, &action, row, name, &mut given)?;
        } else {
            let (short, long) = first_pair(account)?;
            then = fill(&then, &short, row, "short_bought", &mut given)?;
            then = fill(&then, &long, row, "long_sold", &mut given)?;
        }
        let mut answer = then.answer()?;
        if let Some(answer) = answer.as_object_mut() {
            answer.extend(given);
        }
        said.push(answer);
    }
    Ok(said.into())
}

fn fill<'m>(
    account: &Account<'m>,
    action: &Action,
    row: &Map<String, Value>,
    name: &str,
    given: &mut Map<String, Value>,
) -> Result<Account<'m>, Mismatch> {
    let Some(size) = row.get(name) else {
        return Ok(account.clone());
    };
    given.insert(name.to_owned(), size.clone());
    let size = raw_64(name, finite(name, size)?, 6)?;
    account.filled(&action.order, size)
}

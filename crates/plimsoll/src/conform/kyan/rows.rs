//! Tables: every row has its inputs and what follows from them.

use plimsoll_engine::auction::settlement::{Decimals, FeeRule, Fill, take_over};
use plimsoll_engine::auction::{Clock, Ladder, limit_price, must_repeg};
use plimsoll_engine::margin::portfolio::{Money, Standing};
use plimsoll_engine::venues::kyan::gate::{Action, Verdict};
use plimsoll_units::{Rate, Rounding, Side, Timestamp, mul_div};
use serde_json::{Map, Value, json};

use super::account::{money, ratio_of};
use super::model::{Market, letter};
use super::{Answer, Vector, finite, list, object, quotes, raw, raw_64, refused, shown, states};
use crate::conform::compare::Mismatch;

/// Prices of a vector's row and its money, both finer than what is compared.
const FINE: Decimals = Decimals {
    price: 8,
    quantity: 6,
    money: 8,
};

/// The rows with everything that can be said of them.
pub(super) fn answer(vector: &Vector<'_>, expected: &Value) -> Answer {
    let rows = list("rows", expected)?;
    rows.iter().map(|row| one(vector, object(row)?)).collect()
}

fn one(vector: &Vector<'_>, row: &Map<String, Value>) -> Answer {
    let has = |name: &str| row.contains_key(name);
    let said = if has("cmd") {
        gate(row)
    } else if has("deposit") {
        deposit(vector, row)
    } else if has("spot") {
        peg(vector, row)
    } else if has("t") {
        clock(vector, row)
    } else if quotes::is_quote(row) {
        quotes::quote(vector, row)
    } else if has("level") && has("limit") {
        bankruptcy(vector, row)
    } else if states::is_account(vector, row) {
        states::account_row(vector, row)
    } else if has("equity") && has("mm") {
        trigger(row)
    } else if has("equity") || has("E") {
        takeover(vector, row)
    } else {
        Err(Mismatch::unusable("a row that nothing here answers"))
    };
    let mut whole = row_inputs(row);
    if let Value::Object(said) = said? {
        whole.extend(said);
    }
    Ok(whole.into())
}

/// What a row gives: it is not asked for.
fn row_inputs(row: &Map<String, Value>) -> Map<String, Value> {
    let given = |name: &str| {
        matches!(
            name,
            "spot"
                | "t"
                | "t0"
                | "deposit"
                | "level"
                | "mark"
                | "mm"
                | "E"
                | "side"
                | "q"
                | "qty"
                | "cap"
                | "index"
                | "S"
                | "tick"
                | "n"
                | "cp"
                | "K"
                | "dte"
                | "iv"
                | "perp"
                | "legs"
                | "entry"
                | "collateral"
                | "instrument"
                | "name"
                | "label"
        )
    };
    let fields = row.iter().filter(|(name, _)| given(name));
    fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

pub(super) fn get(row: &Map<String, Value>, name: &str) -> Result<f64, Mismatch> {
    finite(name, row.get(name).unwrap_or(&Value::Null))
}

/// A number of the row, or of the input, or the default.
pub(super) fn either(
    vector: &Vector<'_>,
    row: &Map<String, Value>,
    name: &str,
    default: f64,
) -> Result<f64, Mismatch> {
    if row.contains_key(name) {
        return get(row, name);
    }
    vector.number_or(name, default)
}

fn amount(what: &str, value: f64) -> Result<Money, Mismatch> {
    raw(what, value, 14).map(Money::from_raw)
}

/// What a user may do while the account is liquidated.
fn gate(row: &Map<String, Value>) -> Answer {
    let name = row.get("cmd").and_then(Value::as_str).unwrap_or_default();
    let action = Action::named(name);
    let action =
        action.ok_or_else(|| Mismatch::unusable(format!("no action is called {name:?}")))?;
    let accepted: Value = match action.while_liquidated() {
        Verdict::Accepted => true.into(),
        Verdict::NothingToDo => "noop".into(),
        Verdict::Refused => false.into(),
    };
    Ok(json!({ "cmd": name, "accepted": accepted }))
}

/// `MM > equity`, strictly.
fn trigger(row: &Map<String, Value>) -> Answer {
    let (equity, mm) = (
        amount("equity", get(row, "equity")?)?,
        amount("mm", get(row, "mm")?)?,
    );
    Ok(json!({
        "equity": money(equity),
        "mm": money(mm),
        "trigger": Standing::of(mm.cmp(&equity), mm.cmp(&equity)) == Standing::Liquidatable,
        "mmr": ratio_of(mm, equity)?,
        "bankrupt": equity.is_negative(),
    }))
}

/// A deposit into an account in liquidation.
fn deposit(vector: &Vector<'_>, row: &Map<String, Value>) -> Answer {
    let (mm, im) = (
        amount("mm", vector.number("mm")?)?,
        amount("im", vector.number("im")?)?,
    );
    let deposit = amount("deposit", get(row, "deposit")?)?;
    let equity = amount("equity", vector.number("equity")?)?
        .add(deposit)
        .map_err(refused)?;
    let state = match Standing::of(mm.cmp(&equity), im.cmp(&equity)) {
        Standing::Liquidatable => "LIQUIDATING",
        Standing::ReduceOnly => "CURED_REDUCE_ONLY",
        Standing::Free => "ACTIVE",
    };
    Ok(json!({
        "equity": money(equity),
        "mmr": ratio_of(mm, equity)?,
        "imr": ratio_of(im, equity)?,
        "state": state,
    }))
}

/// A limit price in vectors' units.
pub(super) fn limit(
    side: Side,
    mark: f64,
    index: f64,
    rate: Rate<6>,
    tick: f64,
) -> Result<f64, Mismatch> {
    let (mark, index) = (raw("mark", mark, 8)?, raw("index", index, 8)?);
    let limit = limit_price(side, mark, index, rate, raw("tick", tick, 8)?);
    Ok(shown(limit.map_err(refused)?, 8))
}

/// Hedge orders follow the spot.
fn peg(vector: &Vector<'_>, row: &Map<String, Value>) -> Answer {
    let (spot, tick) = (get(row, "spot")?, vector.number_or("tick", 0.5)?);
    let rate = Rate::from_raw(raw("incentive", vector.number("incentive")?, 6)?);
    let threshold = vector.number_or("repeg_threshold", 0.0005)?;
    let threshold = Rate::from_raw(raw("repeg_threshold", threshold, 6)?);
    let mut said = json!({
        "buy": limit(Side::Long, spot, spot, rate, tick)?,
        "sell": limit(Side::Short, spot, spot, rate, tick)?,
    });
    for name in row.keys() {
        if let Some(pegged) = name.strip_prefix("repeg_from_") {
            let pegged: f64 = pegged
                .parse()
                .map_err(|_| Mismatch::unusable(format!("{name:?} names no price")))?;
            let (from, to) = (raw("the peg", pegged, 8)?, raw("spot", spot, 8)?);
            said[name] = must_repeg(from, to, threshold).map_err(refused)?.into();
        }
    }
    Ok(said)
}

/// The two ladders at a time.
fn clock(vector: &Vector<'_>, row: &Map<String, Value>) -> Answer {
    let spot = vector.number("S")?;
    let now = Timestamp(raw_64("t", get(row, "t")?, 3)?);
    let elapsed = Clock::start(Timestamp::EPOCH)
        .elapsed(now)
        .map_err(refused)?;
    let (options, perps) = (Ladder::OPTIONS, Ladder::PERPS);
    let (option_level, perp_level) = (options.level(elapsed), perps.level(elapsed));
    let option_rate = options.incentive(option_level).map_err(refused)?;
    let perp_rate = perps.incentive(perp_level).map_err(refused)?;
    let one = Rate::<6>::ONE.raw();
    let incentive = mul_div(
        raw("S", spot, 8)?,
        option_rate.raw(),
        one,
        Rounding::HalfEven,
    );
    Ok(json!({
        "opt_level": option_level,
        "opt_incentive_usd": shown(incentive.map_err(refused)?, 8),
        "opt_exhausted": options.is_exhausted(elapsed),
        "perp_level": perp_level,
        "perp_bps": shown(perp_rate.raw(), 2),
        "perp_buy": limit(Side::Long, spot, spot, perp_rate, 0.5)?,
        "perp_sell": limit(Side::Short, spot, spot, perp_rate, 0.5)?,
        "perp_exhausted": perps.is_exhausted(elapsed),
    }))
}

/// Buying one short option back, level by level, with little equity.
fn bankruptcy(vector: &Vector<'_>, row: &Map<String, Value>) -> Answer {
    let level = raw_64("level", get(row, "level")?, 0)?;
    let level = u32::try_from(level).map_err(|_| Mismatch::unusable("a level below zero"))?;
    let ladder = Ladder::OPTIONS;
    let rate = ladder.incentive(level).map_err(refused)?;
    let (spot, tick) = (vector.number("S")?, vector.number_or("tick", 1.0)?);
    let (mark, quantity) = shorted(vector)?;
    let (side, size) = if quantity < 0.0 {
        (Side::Long, -quantity)
    } else {
        (Side::Short, quantity)
    };
    let price = limit(side, mark, spot, rate, tick)?;
    let fill = Fill {
        side,
        quantity: raw("q", size, 6)?,
        price: raw("the limit", price, 8)?,
        mark: raw("the mark", mark, 8)?,
        index: raw("S", spot, 8)?,
    };
    let equity = raw("equity", vector.number("equity")?, 8)?;
    let settled = fill
        .settle(equity, FeeRule::KYAN_OPTION, FINE)
        .map_err(refused)?;
    let starts = ladder.interval().millis().saturating_mul(level.into());
    Ok(json!({
        "level": level,
        "t0": shown(starts.into(), 3),
        "limit": price,
        "incentive": shown(settled.incentive, 8),
        "nominal_fee": shown(settled.nominal_fee, 8),
        "fee_charged": shown(settled.fee, 8),
        "equity_after": shown(settled.equity, 8),
        "bankrupt": settled.equity < 0,
        "if_payout": shown(settled.shortfall, 8),
    }))
}

/// The option of a vector, by its mark and size: its only leg, or the one its title names ("short
/// 1x C130k 7d"), whose volatility is that of the same option elsewhere in the file.
fn shorted(vector: &Vector<'_>) -> Result<(f64, f64), Mismatch> {
    if vector.input.contains_key("legs") || vector.input.contains_key("cp") {
        return only_leg(&vector.market()?);
    }
    let none = || Mismatch::unusable("neither the input nor the title names the option");
    let words: Vec<&str> = vector.title.split([' ', ',', ':']).collect();
    let named = words.windows(4).find_map(|w| titled(w));
    let (sign, size, name, days) = named.ok_or_else(none)?;
    let vol = vol_elsewhere(vector.document, &name, days).ok_or_else(none)?;
    let mut input = vector.input.clone();
    let (cp, strike) = name;
    let leg = json!({ "cp": cp, "K": strike, "dte": days, "iv": vol, "q": sign * size });
    input.insert("legs".to_owned(), json!([leg]));
    let with_leg = Vector { input, ..*vector };
    only_leg(&with_leg.market()?)
}

/// `short 1x C130k 7d`: sign, size, kind and strike, days.
fn titled(words: &[&str]) -> Option<(f64, f64, (&'static str, f64), f64)> {
    let [side, size, name, days] = words else {
        return None;
    };
    let sign = match *side {
        "short" => -1.0,
        "long" => 1.0,
        _ => return None,
    };
    let size: f64 = size.strip_suffix('x')?.parse().ok()?;
    let cp = ["C", "P"].into_iter().find(|cp| name.starts_with(cp))?;
    let strike = name.get(1..)?;
    let strike: f64 = match strike.strip_suffix('k') {
        Some(thousands) => thousands.parse::<f64>().ok()? * 1000.0,
        None => strike.parse().ok()?,
    };
    let days: f64 = days.strip_suffix('d')?.parse().ok()?;
    Some((sign, size, (cp, strike), days))
}

/// The implied volatility that the file gives an option anywhere.
fn vol_elsewhere(value: &Value, name: &(&str, f64), days: f64) -> Option<f64> {
    match value {
        Value::Object(fields) => {
            let is =
                |key: &str, number: f64| fields.get(key).and_then(Value::as_f64) == Some(number);
            let cp = fields.get("cp").and_then(Value::as_str);
            if cp == Some(name.0) && is("K", name.1) && is("dte", days) {
                return fields.get("iv").and_then(Value::as_f64);
            }
            fields.values().find_map(|v| vol_elsewhere(v, name, days))
        }
        Value::Array(items) => items.iter().find_map(|v| vol_elsewhere(v, name, days)),
        _ => None,
    }
}

fn only_leg(market: &Market) -> Result<(f64, f64), Mismatch> {
    let [leg] = market.portfolio.legs() else {
        return Err(Mismatch::unusable("an account with several legs"));
    };
    let mark = shown(market.mark(leg.instrument)?.raw(), 8);
    // The name is asked for so that a perpetual is refused.
    let _ = letter(market.name(leg.instrument)?.kind);
    Ok((mark, shown(leg.quantity.into(), 6)))
}

/// The fund takes over what nobody took.
fn takeover(vector: &Vector<'_>, row: &Map<String, Value>) -> Answer {
    let name = if row.contains_key("equity") {
        "equity"
    } else {
        "E"
    };
    let equity = get(row, name)?;
    let mut most = None;
    for name in ["cap_cost", "cap_total"] {
        if row.contains_key(name) || vector.input.contains_key(name) {
            most = Some(either(vector, row, name, 0.0)?);
        }
    }
    let most = match most {
        Some(most) => most,
        None => {
            let mut cap = either(vector, row, "cap", f64::NAN);
            for name in [
                "cap_incentive",
                "cap_incentive_usd",
                "cap_per_unit",
                "cap_usd",
                "incentive",
                "max_incentive",
            ] {
                if row.contains_key(name) || vector.input.contains_key(name) {
                    cap = either(vector, row, name, 0.0);
                }
            }
            // Where nothing says, it is the last level's of the options' ladder.
            let last = Ladder::OPTIONS.incentive(Ladder::OPTIONS.cap());
            let last = shown(last.map_err(refused)?.raw(), 6);
            let index = either(vector, row, "S", f64::NAN)
                .ok()
                .filter(|s| s.is_finite());
            let given = cap.ok().filter(|cap| cap.is_finite());
            let cap = given.or(index.map(|index| index * last));
            let cap = cap.ok_or_else(|| Mismatch::unusable("no price of the last level"))?;
            let size = either(vector, row, "q", either(vector, row, "qty", 1.0)?)?;
            cap * size.abs()
        }
    };
    let taken = take_over(raw("equity", equity, 8)?, raw("the cap", most, 8)?).map_err(refused)?;
    let (fund, loss, owner) = (
        shown(taken.to_fund, 8),
        shown(taken.loss, 8),
        shown(taken.to_owner, 8),
    );
    Ok(json!({
        "equity": equity, "E": equity,
        "paid_to_if": fund, "to_if": fund, "if_receives": fund, "if_gain": fund,
        "if_loss": loss, "if_payout": loss, "deficit": loss,
        "rest": owner, "rest_to_owner": owner, "to_owner": owner, "user_keeps": owner,
        "owner_keeps": owner, "kept": owner, "remainder": owner,
        "to_user": owner, "user_gets": owner, "user_receives": owner, "rest_to_user": owner,
        "returned_to_user": owner, "user": owner, "residual_to_user": owner,
        "bankrupt": equity < 0.0,
    }))
}

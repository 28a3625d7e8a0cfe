//! Prices of options, implied volatilities of a surface, volatility shocks.

use plimsoll_engine::pricing::svi::RawSvi;
use plimsoll_engine::pricing::{BlackScholes, Given, VolMove, VolShock};
use serde_json::{Value, json};

use super::compare::{compare, is_remark, unanswered};
use super::model::{kind, model};
use super::{Answer, Check, Vector, finite, list, object, raw, raw_64, refused};
use crate::conform::compare::Mismatch;

/// Milliseconds of a day.
const DAY: f64 = 86_400_000.0;

/// Whether a vector is about prices alone.
pub(super) fn answers(vector: &Vector<'_>) -> bool {
    let asks = |key: &str| vector.expected.contains_key(key);
    asks("options") || asks("iv") || (asks("up") && asks("down"))
}

/// Compares every field.
pub(super) fn check(vector: &Vector<'_>) -> Check {
    for (key, expected) in vector.expected {
        if is_remark(key, expected) {
            continue;
        }
        let answer = match key.as_str() {
            "options" => options(vector, list(key, expected)?),
            "iv" => surface(vector, expected),
            "up" => shocks(vector, VolMove::Up, expected),
            "down" => shocks(vector, VolMove::Down, expected),
            _ => Err(unanswered("the vector", key)),
        };
        compare(key, expected, &answer?, vector.tolerance)?;
    }
    Ok(())
}

fn options(vector: &Vector<'_>, rows: &[Value]) -> Answer {
    let spot = vector.number("S")?;
    let rate = vector.number_or("r", 0.0)?;
    let mut said = Vec::new();
    for row in rows {
        let row = object(row)?;
        let get = |name: &str| {
            let value = row.get(name).unwrap_or(&Value::Null);
            finite(name, value)
        };
        let years = get("dte")? / 365.0;
        let kind = kind(row.get("cp"))?;
        let option = BlackScholes::new(kind, spot, get("K")?, get("iv")?, years, (rate, 0.0));
        let greeks = option.map_err(refused)?.greeks();
        let mut answer = row.clone();
        for (name, value) in [
            ("price", greeks.price),
            ("delta", greeks.delta),
            ("gamma", greeks.gamma),
            ("vega", greeks.vega),
            ("theta", greeks.theta),
            ("rho", greeks.rho),
        ] {
            answer.insert(name.to_owned(), value.into());
        }
        said.push(Value::from(answer));
    }
    Ok(said.into())
}

/// Implied volatilities by strike.
fn surface(vector: &Vector<'_>, expected: &Value) -> Answer {
    let (forward, years) = (vector.number("F")?, vector.number("T_years")?);
    let parameters = [
        vector.number("a")?,
        vector.number("b")?,
        vector.number("rho")?,
        vector.number("m")?,
        vector.number("sg")?,
    ];
    let slice = RawSvi::new(parameters).map_err(refused)?;
    let mut said = json!({});
    for strike in object(expected)?.keys() {
        let at: f64 = strike
            .parse()
            .map_err(|_| Mismatch::unusable(format!("{strike:?} is no strike")))?;
        let vol = slice.vol((at / forward).ln(), years).map_err(refused)?;
        said[strike] = vol.into();
    }
    Ok(said)
}

/// Multipliers of volatility by days to expiry.
fn shocks(vector: &Vector<'_>, way: VolMove, expected: &Value) -> Answer {
    let (_, _, base) = model(vector.document)?;
    let share = |name: &str, default: u32| {
        if !vector.input.contains_key(name) {
            return Ok(default);
        }
        let raw = raw(name, vector.number(name)?, 6)?;
        u32::try_from(raw).map_err(|_| Mismatch::unusable(format!("{name} is out of range")))
    };
    let shock = VolShock {
        up_e6: share("vol_up", base.up_e6)?,
        down_e6: share("vol_down", base.down_e6)?,
        ..base
    };
    shock.validate().map_err(refused)?;
    let mut said = json!({});
    for days in object(expected)?.keys() {
        let tenor: f64 = days
            .parse()
            .map_err(|_| Mismatch::unusable(format!("{days:?} is no number of days")))?;
        let factor = shock.multiplier(way, raw_64("dte", tenor * DAY, 0)?);
        let factor = Some(factor).filter(|f| f.is_finite());
        said[days] = factor.ok_or_else(|| refused(Given::of(f64::NAN)))?.into();
    }
    Ok(said)
}

//! Derive's published numbers: the portfolio auction, and the margin it starts from.

use plimsoll_engine::auction::portfolio::{Branch, Marks, PortfolioAuction, Terms};
use plimsoll_units::{Duration, Rate, Timestamp};
use serde_json::{Map, Value, json};

use super::compare::{compare, is_remark, unanswered};
use super::{Answer, Check, Vector, finite, object, raw, raw_64, refused, shown};
use crate::conform::compare::Mismatch;

/// Derive's contracts count in 18 decimals.
fn fine(what: &str, value: f64) -> Result<i128, Mismatch> {
    raw(what, value, 18)
}

/// Compares every field.
pub(super) fn check(vector: &Vector<'_>) -> Check {
    if vector.input.contains_key("option") {
        return Err(Mismatch::unusable("no margin for it"));
    }
    let terms = terms(vector.input)?;
    let marks = marks(vector.input)?;
    for (key, expected) in vector.expected {
        if is_remark(key, expected) {
            continue;
        }
        let answer = match key.as_str() {
            "insolvent" => insolvent(&terms, expected)?,
            _ => solvent(&terms, marks, key)?,
        };
        compare(key, expected, &answer, vector.tolerance)?;
    }
    Ok(())
}

fn number(of: &Map<String, Value>, name: &str) -> Result<f64, Mismatch> {
    finite(name, of.get(name).unwrap_or(&Value::Null))
}

fn number_or(of: &Map<String, Value>, name: &str, default: f64) -> Result<f64, Mismatch> {
    if of.contains_key(name) {
        return number(of, name);
    }
    Ok(default)
}

fn marks(of: &Map<String, Value>) -> Result<Marks, Mismatch> {
    Ok(Marks {
        value: fine("mtm", number(of, "mtm")?)?,
        margin: fine("mm", number(of, "mm")?)?,
    })
}

/// The terms of an auction; what is not given is Derive's.
fn terms(of: &Map<String, Value>) -> Result<Terms, Mismatch> {
    let derive = Terms::DERIVE;
    let share = |name: &str, default: Rate<18>| {
        let default = shown(default.raw(), 18);
        Ok::<_, Mismatch>(Rate::from_raw(fine(name, number_or(of, name, default)?)?))
    };
    let length = |name: &str, default: Duration| {
        let default = shown(default.millis().into(), 3);
        raw_64(name, number_or(of, name, default)?, 3).map(Duration)
    };
    Ok(Terms {
        start: share("start", derive.start)?,
        cutoff: share("cut", derive.cutoff)?,
        fast: length("fast", derive.fast)?,
        slow: length("slow", derive.slow)?,
        insolvent: length("insolvent", derive.insolvent)?,
        buffer: share("buffer", derive.buffer)?,
        fee: share("fee", derive.fee)?,
        whole_below: 0,
    })
}

/// `bid_t0`, `fmax_half`, `cash_t300`: a price, a share or a payment at a time.
fn solvent(terms: &Terms, marks: Marks, key: &str) -> Answer {
    let (what, when) = key.split_once('_').ok_or_else(|| unanswered("it", key))?;
    let at = match when {
        "half" => terms.fast.millis() / 2,
        _ => seconds(when).ok_or_else(|| unanswered("it", key))?,
    };
    let (mut auction, _) = begin(terms, marks, Branch::Solvent)?;
    let at = Timestamp(at);
    Ok(match what {
        "bid" => shown(auction.price(marks, at).map_err(refused)?, 18),
        "fmax" => shown(auction.max_share(marks, at).map_err(refused)?.raw(), 18),
        "cash" => {
            let taken = auction
                .bid(marks, Rate::ONE, i128::MAX, at)
                .map_err(refused)?;
            shown(taken.paid, 18)
        }
        _ => return Err(unanswered("it", key)),
    }
    .into())
}

fn begin(
    terms: &Terms,
    marks: Marks,
    branch: Branch,
) -> Result<(PortfolioAuction, i128), Mismatch> {
    let begun = PortfolioAuction::begin(*terms, marks, Timestamp::EPOCH).map_err(refused)?;
    if begun.0.branch() != branch {
        return Err(Mismatch::unusable("the account is in the other branch"));
    }
    Ok(begun)
}

/// `t300`: milliseconds.
fn seconds(text: &str) -> Option<i64> {
    let seconds: i64 = text.strip_prefix('t')?.parse().ok()?;
    seconds.checked_mul(1000)
}

/// The insolvent auction, whose inputs stand among what is expected.
fn insolvent(terms: &Terms, expected: &Value) -> Answer {
    let given = object(expected)?;
    let mut terms = *terms;
    if given.contains_key("len") {
        terms.insolvent = Duration(raw_64("len", number(given, "len")?, 3)?);
    }
    let marks = marks(given)?;
    let mut said = json!({});
    for (key, value) in given {
        said[key] = match key.as_str() {
            "mm" | "mtm" | "len" => value.clone(),
            _ => payout(&terms, marks, key)?,
        };
    }
    Ok(said)
}

/// `bid_t0` is the price, `bid_t12_payout_half` what half of the account is paid.
fn payout(terms: &Terms, marks: Marks, key: &str) -> Answer {
    let mut words = key.split('_').skip(1);
    let at = words.next().and_then(seconds);
    let at = Timestamp(at.ok_or_else(|| unanswered("it", key))?);
    let (mut auction, _) = begin(terms, marks, Branch::Insolvent)?;
    let share = match (words.next(), words.next()) {
        (None, _) => return Ok(shown(auction.price(marks, at).map_err(refused)?, 18).into()),
        (Some("payout"), None) => Rate::ONE,
        (Some("payout"), Some("half")) => Rate::from_raw(Rate::<18>::ONE.raw() / 2),
        _ => return Err(unanswered("it", key)),
    };
    let taken = auction.bid(marks, share, 0, at).map_err(refused)?;
    Ok(shown(-taken.paid, 18).into())
}

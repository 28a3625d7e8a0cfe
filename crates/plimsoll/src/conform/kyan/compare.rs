//! Comparing an answer with what a vector expects: within its tolerance, or exactly.

use serde_json::Value;

use super::Check;
use crate::conform::compare::Mismatch;

/// How far a decision that is a number may be off: the error of writing it as a float.
const DECISION: f64 = 1e-9;

/// Whether a field explains instead of expecting.
pub(super) fn is_remark(key: &str, value: &Value) -> bool {
    let explains = matches!(
        key,
        "note" | "reason" | "invariant" | "rule" | "why" | "comment"
    );
    explains && value.is_string()
}

/// Whether a field is a decision: equal or wrong.
fn is_decision(key: &str) -> bool {
    matches!(
        key,
        "qty"
            | "quantity"
            | "q"
            | "limit"
            | "level"
            | "opt_level"
            | "perp_level"
            | "min_qty_im"
            | "min_qty_mm"
            | "bought"
            | "short_bought"
            | "long_sold"
            | "perp"
            | "perp_hedge"
            | "K"
            | "K_lo"
            | "K_hi"
            | "dte"
            | "buy"
            | "sell"
            | "perp_buy"
            | "perp_sell"
            | "perp_bps"
            | "t"
            | "t0"
    ) || key.starts_with("argmin")
}

/// Compares what is expected with an answer that may have more fields.
pub(super) fn compare(at: &str, expected: &Value, actual: &Value, tolerance: f64) -> Check {
    let key = at.rsplit(['.', ' ']).next().unwrap_or(at);
    let name = key.split('[').next().unwrap_or(key);
    match (expected, actual) {
        (Value::Object(fields), Value::Object(answers)) => {
            for (key, value) in fields {
                if is_remark(key, value) {
                    continue;
                }
                let answer = answers.get(key).ok_or_else(|| unanswered(at, key))?;
                compare(&format!("{at}.{key}"), value, answer, tolerance)?;
            }
            Ok(())
        }
        // Of scenarios that lose the same, any may be named.
        (Value::Number(_), Value::Array(any)) if name == "worst" => {
            let found = any.iter().any(|one| one.as_f64() == expected.as_f64());
            differs_unless(found, at, expected, actual)
        }
        (Value::Array(items), Value::Array(answers)) => {
            let lengths = items.len() == answers.len();
            differs_unless(lengths, at, expected, actual)?;
            for (place, (item, answer)) in items.iter().zip(answers).enumerate() {
                compare(&format!("{at}[{place}]"), item, answer, tolerance)?;
            }
            Ok(())
        }
        (Value::Number(_), Value::Number(_)) => {
            let tolerance = if is_decision(name) {
                DECISION
            } else {
                tolerance
            };
            let apart = expected.as_f64().zip(actual.as_f64());
            // Written so that what is not a number differs.
            let near = apart.is_some_and(|(e, a)| (e - a).abs() <= tolerance.max(e.abs() * 1e-14));
            differs_unless(near, at, expected, actual)
        }
        (Value::String(text), Value::String(answer)) => {
            let same = text == answer || (is_sentence(name) && first_word(text) == answer);
            differs_unless(same, at, expected, actual)
        }
        _ => differs_unless(expected == actual, at, expected, actual),
    }
}

/// Fields whose first word is the decision; the rest explains it.
fn is_sentence(key: &str) -> bool {
    matches!(key, "decision" | "action" | "accepted" | "state")
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '+');
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

fn differs_unless(same: bool, at: &str, expected: &Value, actual: &Value) -> Check {
    if same {
        return Ok(());
    }
    Err(Mismatch {
        at: at.to_owned(),
        expected: expected.to_string(),
        actual: actual.to_string(),
    })
}

pub(super) fn unanswered(at: &str, key: &str) -> Mismatch {
    Mismatch::unusable(format!("nothing here answers the field {key:?} of {at}"))
}

//! Kyan vectors: prices, margins, hedges, decompositions, auctions and bankruptcies, and Derive's
//! published numbers for the portfolio auction.
//!
//! Every field that a vector expects is asked of the engine by its name: the input becomes a market
//! and an account, the engine's own functions answer, and the answer is compared. Numbers are
//! compared within the vector's tolerance; what is a decision (a side, a size, a price on a grid, a
//! level, an order of ranking, a state) must be equal. A field that nothing here answers fails
//! the vector. Words behind a decision's first one, and the fields `note`, `reason`, `invariant`
//! and a `rule` in words, explain and are not compared.

mod account;
mod answers;
mod compare;
mod derive;
mod model;
mod parts;
mod prices;
mod quotes;
mod rows;
mod states;
mod trace;

use serde_json::{Map, Value};

use super::compare::{Mismatch, field};
use account::Account;
use model::Market;

type Check = Result<(), Mismatch>;
type Answer = Result<Value, Mismatch>;

/// A vector with what it refers to.
struct Vector<'v> {
    /// What is given, over what the vector it refers to was given.
    input: Map<String, Value>,
    expected: &'v Map<String, Value>,
    title: &'v str,
    tolerance: f64,
    document: &'v Value,
}

/// Runs one vector of `document`, which has the model's parameters and the vectors referred to.
pub(super) fn run(vector: &Value, document: &Value) -> Check {
    known_fields(vector)?;
    let vector = Vector::read(vector, document)?;
    if vector.expected.is_empty() {
        return Err(Mismatch::unusable("it expects nothing"));
    }
    if vector.input.contains_key("auction") || vector.input.contains_key("mtm") {
        return derive::check(&vector);
    }
    if prices::answers(&vector) {
        return prices::check(&vector);
    }
    let mut market = None;
    for (key, expected) in vector.expected {
        if compare::is_remark(key, expected) {
            continue;
        }
        let gap = matches!(key.as_str(), "after" | "after_gap" | "gap");
        let gap = states::after_gap(&vector).filter(|_| gap);
        let answer = if matches!(key.as_str(), "rows" | "path" | "cases") {
            rows::answer(&vector, expected)
        } else if let Some(answer) = gap {
            answer
        } else {
            // Priced once, when the first field asks for it.
            if market.is_none() {
                market = Some(vector.market()?);
            }
            let market = market
                .as_ref()
                .ok_or_else(|| Mismatch::unusable("no market"))?;
            answers::answer(&Account::of(market), key, expected)
        };
        let answer = answer.map_err(|m| m.within(key))?;
        compare::compare(key, expected, &answer, vector.tolerance)?;
    }
    Ok(())
}

/// Fields of a vector that are read, or say how it was obtained.
fn known_fields(vector: &Value) -> Check {
    for name in object(vector)?.keys() {
        let known = matches!(
            name.as_str(),
            "id" | "title" | "input" | "expected" | "tolerance" | "how_obtained" | "source"
        );
        if !known {
            return Err(Mismatch::unusable(format!(
                "nothing here answers the field {name:?}"
            )));
        }
    }
    Ok(())
}

impl<'v> Vector<'v> {
    fn read(vector: &'v Value, document: &'v Value) -> Result<Self, Mismatch> {
        let mut input = object(field(vector, "input")?)?.clone();
        if let Some(Value::String(id)) = input.remove("ref") {
            let mut whole = referred(document, &id)?.clone();
            whole.extend(input);
            input = whole;
        }
        let tolerance = field(vector, "tolerance")?;
        let tolerance = tolerance
            .as_f64()
            .filter(|t| t.is_finite() && *t >= 0.0)
            .ok_or_else(|| Mismatch::unusable(format!("the tolerance is {tolerance}")))?;
        Ok(Self {
            input,
            expected: object(field(vector, "expected")?)?,
            title: vector.get("title").and_then(Value::as_str).unwrap_or(""),
            tolerance,
            document,
        })
    }

    /// A number of the input.
    fn number(&self, name: &str) -> Result<f64, Mismatch> {
        let value = self.input.get(name);
        let value =
            value.ok_or_else(|| Mismatch::unusable(format!("the input has no {name:?}")))?;
        finite(name, value)
    }

    fn number_or(&self, name: &str, default: f64) -> Result<f64, Mismatch> {
        if self.input.contains_key(name) {
            return self.number(name);
        }
        Ok(default)
    }

    /// The market and account of the input.
    fn market(&self) -> Result<Market, Mismatch> {
        Market::read(self)
    }
}

/// The input of another vector.
fn referred<'v>(document: &'v Value, id: &str) -> Result<&'v Map<String, Value>, Mismatch> {
    let vectors = document.get("vectors").and_then(Value::as_array);
    let found = vectors
        .into_iter()
        .flatten()
        .find(|v| v.get("id").and_then(Value::as_str) == Some(id));
    let found = found.ok_or_else(|| Mismatch::unusable(format!("there is no vector {id:?}")))?;
    object(field(found, "input")?)
}

fn object(value: &Value) -> Result<&Map<String, Value>, Mismatch> {
    value
        .as_object()
        .ok_or_else(|| Mismatch::unusable(format!("{value} is not an object")))
}

fn list<'v>(what: &str, value: &'v Value) -> Result<&'v [Value], Mismatch> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| Mismatch::unusable(format!("{what} is not a list")))
}

/// A number that is one: JSON has no other, text that is meant as one is refused.
fn finite(what: &str, value: &Value) -> Result<f64, Mismatch> {
    value
        .as_f64()
        .filter(|number| number.is_finite())
        .ok_or_else(|| Mismatch::unusable(format!("{what} is {value}, not a number")))
}

/// `value` as an integer with `decimals` decimals, to the nearest.
fn raw(what: &str, value: f64, decimals: i32) -> Result<i128, Mismatch> {
    let scaled = (value * 10f64.powi(decimals)).round();
    // Beyond this a conversion would saturate; nothing of the kind has so much money.
    if scaled.abs() < 1e36 {
        #[allow(clippy::cast_possible_truncation)]
        return Ok(scaled as i128);
    }
    Err(Mismatch::unusable(format!("{what} is {value}: too large")))
}

fn raw_64(what: &str, value: f64, decimals: i32) -> Result<i64, Mismatch> {
    let wide = raw(what, value, decimals)?;
    i64::try_from(wide).map_err(|_| Mismatch::unusable(format!("{what} is {value}: too large")))
}

/// An integer with `decimals` decimals as a number to compare.
#[allow(clippy::cast_precision_loss)]
fn shown(raw: i128, decimals: i32) -> f64 {
    raw as f64 / 10f64.powi(decimals)
}

/// What the engine refuses, where a vector expects a number.
fn refused(why: impl std::fmt::Display) -> Mismatch {
    Mismatch::refused("the engine", why)
}

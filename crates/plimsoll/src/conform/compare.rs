//! Mismatches, and reading expected values out of JSON.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// The first thing in a vector that did not come out as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mismatch {
    /// Where: the step and the field.
    pub(crate) at: String,
    /// What the vector says.
    pub(crate) expected: String,
    /// What came out.
    pub(crate) actual: String,
}

impl Mismatch {
    /// A vector or file that cannot be interpreted.
    pub(crate) fn unusable(why: impl Into<String>) -> Self {
        Self {
            at: "interpreting it".to_owned(),
            expected: "a vector of a known kind".to_owned(),
            actual: why.into(),
        }
    }

    /// A computation that has no result where one was expected.
    pub(crate) fn refused(at: &str, why: impl fmt::Display) -> Self {
        Self {
            at: at.to_owned(),
            expected: "a result".to_owned(),
            actual: format!("refused: {why}"),
        }
    }

    /// The same mismatch, one level further out.
    pub(crate) fn within(mut self, outer: &str) -> Self {
        self.at = format!("{outer}, {}", self.at);
        self
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  at       {}", self.at)?;
        writeln!(f, "  expected {}", self.expected)?;
        write!(f, "  actual   {}", self.actual)
    }
}

/// Compares a field with what came out.
pub(crate) fn expect(
    at: &str,
    expected: impl fmt::Display,
    actual: impl fmt::Display,
) -> Result<(), Mismatch> {
    let (expected, actual) = (expected.to_string(), actual.to_string());
    if expected == actual {
        return Ok(());
    }
    Err(Mismatch {
        at: at.to_owned(),
        expected,
        actual,
    })
}

/// A field of an object, or a mismatch that names it.
pub(crate) fn field<'v>(object: &'v Value, name: &str) -> Result<&'v Value, Mismatch> {
    object
        .get(name)
        .ok_or_else(|| Mismatch::unusable(format!("there is no {name:?} in {object}")))
}

/// A scalar as text: strings as they are, numbers and booleans as JSON writes them.
pub(crate) fn scalar(value: &Value) -> Result<String, Mismatch> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null => Ok("null".to_owned()),
        Value::Array(_) | Value::Object(_) => {
            Err(Mismatch::unusable(format!("{value} is not a single value")))
        }
    }
}

/// A field as text; see [`scalar`].
pub(crate) fn text(object: &Value, name: &str) -> Result<String, Mismatch> {
    scalar(field(object, name)?)
}

/// A field parsed by the type's own text form.
pub(crate) fn parse<T>(object: &Value, name: &str) -> Result<T, Mismatch>
where
    T: std::str::FromStr,
    T::Err: fmt::Display,
{
    let text = text(object, name)?;
    text.parse()
        .map_err(|e| Mismatch::unusable(format!("{name}: {e}")))
}

/// A field that may be left out, parsed by the type's own text form.
pub(crate) fn parse_or<T>(object: &Value, name: &str, default: T) -> Result<T, Mismatch>
where
    T: std::str::FromStr,
    T::Err: fmt::Display,
{
    if object.get(name).is_none() {
        return Ok(default);
    }
    parse(object, name)
}

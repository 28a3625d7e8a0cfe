//! A parameter and the values it takes: `PATH=a,b,c` or `PATH=FROM..TO step STEP`.
//!
//! Ranges are stepped exactly, in decimals, and include `TO` where a step meets it; the three
//! numbers may carry one unit (`2s..10s step 2s`). A list may hold lists and tables in brackets;
//! commas inside them, or inside quotes, do not part values.

use crate::scenario::Decimal;

use super::SweepError;

/// The most values of one parameter.
const VALUES_MAX: usize = 10_000;

/// A parameter of a scenario and the values it takes in a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The parameter's path into the scenario.
    pub path: String,
    /// Its values as they were written, at least one, no two alike.
    pub values: Vec<String>,
}

impl Axis {
    /// Reads `PATH=VALUES`.
    ///
    /// # Errors
    /// [`SweepError::Parameter`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SweepError> {
        Self::read(text).map_err(|why| SweepError::Parameter {
            text: text.to_owned(),
            why,
        })
    }

    fn read(text: &str) -> Result<Self, String> {
        let Some((path, values)) = text.split_once('=') else {
            return Err("write PATH=a,b,c or PATH=FROM..TO step STEP".to_owned());
        };
        let (path, values) = (path.trim(), values.trim());
        if path.is_empty() {
            return Err("there is no path before `=`".to_owned());
        }
        let values = match range(values) {
            Some(range) => range?,
            None => list(values)?,
        };
        for (at, value) in values.iter().enumerate() {
            if values[..at].contains(value) {
                return Err(format!("the value {value} is listed twice"));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            values,
        })
    }

    /// The values as numbers, when all are: `None` otherwise.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<Decimal>> {
        self.values.iter().map(|value| value.parse().ok()).collect()
    }
}

impl Axis {
    /// Where the values lie on a line, when all are numbers, or all spans of time (in seconds):
    /// for drawing.
    pub(super) fn places(&self) -> Option<Vec<f64>> {
        if let Some(numbers) = self.numbers() {
            return Some(numbers.into_iter().map(Decimal::approximate).collect());
        }
        let span = |value: &String| {
            value
                .parse()
                .ok()
                .map(|s: jiff::SignedDuration| s.as_secs_f64())
        };
        self.values.iter().map(span).collect()
    }

    /// The last step of its path.
    pub(super) fn last_step(&self) -> &str {
        let step = self.path.rsplit('.').next().unwrap_or(&self.path);
        step.trim_matches('"')
    }
}

/// A range, where the text is one.
fn range(text: &str) -> Option<Result<Vec<String>, String>> {
    if text.starts_with(['[', '{', '"']) {
        return None;
    }
    let (from, rest) = text.split_once("..")?;
    // The dots of a file's path are no range.
    let numeric = from.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if !numeric || rest.starts_with('/') {
        return None;
    }
    let Some((to, step)) = rest.split_once("step") else {
        return Some(Err(
            "a range needs a step: FROM..TO step STEP, such as 0.05..0.10 step 0.01".to_owned(),
        ));
    };
    Some(stepped([from.trim(), to.trim(), step.trim()]))
}

fn stepped(parts: [&str; 3]) -> Result<Vec<String>, String> {
    let mut numbers = [Decimal::default(); 3];
    let mut units = [""; 3];
    for ((text, number), unit) in parts.iter().zip(&mut numbers).zip(&mut units) {
        let end = text.find(|c: char| c.is_ascii_alphabetic());
        let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
        *unit = rest;
        *number = digits
            .trim()
            .parse()
            .map_err(|why| format!("{text:?} in the range is not a decimal number: {why}"))?;
    }
    if units[0] != units[1] || units[0] != units[2] {
        return Err("the three numbers of a range need the same unit".to_owned());
    }
    let [from, to, step] = numbers.map(Decimal::raw);
    if step == 0 {
        return Err("the step of the range is zero".to_owned());
    }
    if (to > from && step < 0) || (to < from && step > 0) {
        return Err(format!(
            "the step {} leads away from {}",
            numbers[2], numbers[1]
        ));
    }
    let steps = to.checked_sub(from).map(|span| span / step);
    let steps = steps.and_then(|steps| usize::try_from(steps).ok());
    let Some(steps) = steps.filter(|steps| *steps < VALUES_MAX) else {
        return Err(format!("the range has more than {VALUES_MAX} values"));
    };
    let mut values = Vec::with_capacity(steps + 1);
    let mut at = from;
    for left in (0..=steps).rev() {
        values.push(format!("{}{}", Decimal::from_raw(at), units[0]));
        if left > 0 {
            // Within `to`, which is a number that was read.
            at = at.saturating_add(step);
        }
    }
    Ok(values)
}

/// The parts of a list between commas that stand outside brackets and quotes.
fn list(text: &str) -> Result<Vec<String>, String> {
    let (mut depth, mut quoted) = (0usize, false);
    let mut values = vec![String::new()];
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c == ',' && depth == 0 && !quoted {
            values.push(String::new());
        } else if let Some(last) = values.last_mut() {
            last.push(c);
        }
    }
    if values.len() > VALUES_MAX {
        return Err(format!("the list has more than {VALUES_MAX} values"));
    }
    let values: Vec<String> = values.iter().map(|v| unquoted(v.trim())).collect();
    if values.iter().any(String::is_empty) {
        return Err("a value is empty".to_owned());
    }
    Ok(values)
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    inner.unwrap_or(text).to_owned()
}

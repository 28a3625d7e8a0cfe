//! Everything that is wrong with a scenario file, each with its line and column.
//!
//! Reading stops at the first mistake; whoever writes a scenario wants them all. So a key that is
//! unknown or of the wrong kind is noted, taken out of the text, and the rest is read again. What
//! makes no sense is asked of every venue by itself. At last the prices are loaded and the engine
//! is built for one trader a venue: only then are the engine's own bounds on parameters known.
//!
//! Checks of sense and the engine know values and not places. The place is found again from the
//! message: in the venue it names, the key it names, the one with the value it quotes if there are
//! several.

use std::ops::Range;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Scenario, ScenarioError};
use crate::replay::Replay;

/// The most findings of one file.
const FINDINGS_MAX: usize = 50;

/// Something wrong in a scenario file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, with the offending value and what is allowed.
    pub message: String,
}

/// Everything wrong with a scenario file, in the order of its lines; nothing where it can run. A
/// design file is looked at as one, and so is every design that a scenario names.
///
/// # Errors
/// [`ScenarioError::Read`].
pub fn diagnose(path: &Path) -> Result<Vec<Finding>, ScenarioError> {
    let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::Read {
        path: path.to_owned(),
        source,
    })?;
    if crate::design::is_design(&text) {
        return Ok(crate::design::findings(&text));
    }
    let mut found = misread::<Scenario>(&text);
    if found.is_empty() {
        found = senseless(&text);
    }
    if found.is_empty() {
        found = missing_designs(path, &text);
    }
    if found.is_empty() {
        found = unusable(path, &text);
    }
    found.sort_by_key(|finding| (finding.line, finding.column));
    found.dedup();
    Ok(found)
}

/// What is no TOML, or no key or value of a scenario or a design.
pub(crate) fn misread<T: DeserializeOwned>(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut read = Patched::new(text);
    while found.len() < FINDINGS_MAX {
        let Err(error) = toml::from_str::<T>(&read.text) else {
            break;
        };
        let span = error.span().unwrap_or(0..0);
        let message = error.message().to_owned();
        found.push(finding(text, read.original(span.start), message.clone()));
        if !read.mend::<T>(&span, &message) {
            break;
        }
    }
    found
}

/// A text whose mistakes are replaced one by one, so that the next can be found.
struct Patched {
    text: String,
    /// Where a replacement began, and by how many bytes it made the text longer.
    moved: Vec<(usize, isize)>,
}

impl Patched {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            moved: Vec::new(),
        }
    }

    /// Where a byte was before anything was replaced.
    fn original(&self, at: usize) -> usize {
        self.moved
            .iter()
            .rev()
            .fold(at, |at, (start, longer)| match at > *start {
                true => at.saturating_add_signed(-longer),
                false => at,
            })
    }

    /// Replaces what is wrong at a place; false where the rest cannot be read without it.
    fn mend<T: DeserializeOwned>(&mut self, span: &Range<usize>, message: &str) -> bool {
        let Some((key, value)) = pair_at(&self.text, span) else {
            return false;
        };
        if message.starts_with("unknown field") {
            let blank = self.text[key.start..value.end]
                .bytes()
                .map(|byte| if byte == b'\n' { '\n' } else { ' ' });
            let blank: String = blank.collect();
            self.text.replace_range(key.start..value.end, &blank);
            return DeTable::parse(&self.text).is_ok();
        }
        // A value of the kind that is wanted there, whichever that is.
        let (_, wanted) = message.split_once("expected").unwrap_or_default();
        let variants = wanted.split('`').skip(1).step_by(2);
        let variants = variants.map(|name| format!("{name:?}"));
        let kinds = [
            "1",
            "\"1\"",
            "\"1s\"",
            "\"2025-10-10T00:00:00Z\"",
            "true",
            "[]",
            "{}",
        ];
        for candidate in variants.chain(kinds.map(str::to_owned)) {
            let mut text = self.text.clone();
            text.replace_range(value.clone(), &candidate);
            let next = toml::from_str::<T>(&text).err();
            let same = next.is_some_and(|e| e.span().is_some_and(|s| s.start == span.start));
            if !same && DeTable::parse(&text).is_ok() {
                let longer = candidate.len().cast_signed() - value.len().cast_signed();
                self.moved.push((value.start, longer));
                self.text = text;
                return true;
            }
        }
        false
    }
}

/// What one section says that another forbids, asked of every venue by itself.
fn senseless(text: &str) -> Vec<Finding> {
    let Ok(scenario) = toml::from_str::<Scenario>(text) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut note = |scenario: &Scenario| {
        if let Err(ScenarioError::Nonsense { why, .. }) = scenario.check("") {
            found.push(finding(text, place(text, &why), why));
        }
    };
    note(&scenario);
    for venue in &scenario.venues {
        let mut alone = scenario.clone();
        alone.venues = vec![venue.clone()];
        note(&alone);
    }
    found
}

/// Designs that the scenario names and that cannot be used, each at its name.
fn missing_designs(path: &Path, text: &str) -> Vec<Finding> {
    let base = path.parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    let root = DeTable::parse(text).ok();
    let named = root.as_ref().and_then(|root| {
        let (_, value) = root
            .get_ref()
            .iter()
            .find(|(key, _)| key.get_ref() == "designs")?;
        value.get_ref().as_array()
    });
    for entry in named.into_iter().flatten() {
        let Some(name) = entry.get_ref().as_str() else {
            continue;
        };
        if let Err(why) = crate::design::load(name, base) {
            found.push(finding(text, entry.span().start, why.to_string()));
        }
    }
    found
}

/// What only shows when the prices are there and the engine is built.
fn unusable(path: &Path, text: &str) -> Vec<Finding> {
    let prepared = Scenario::load(path).map_err(|e| e.to_string());
    let prepared = prepared.and_then(|mut scenario| {
        for venue in &mut scenario.venues {
            if venue.population.file.is_none() {
                venue.population.accounts = venue.population.accounts.min(1);
            }
        }
        Replay::prepare(scenario).map_err(|e| e.to_string())
    });
    match prepared {
        Ok(_) => Vec::new(),
        Err(why) => vec![finding(text, place(text, &why), why)],
    }
}

fn finding(text: &str, at: usize, message: String) -> Finding {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Finding {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
        message,
    }
}

/// The innermost `key = value` that a span of the text lies in: where the two are.
fn pair_at(text: &str, span: &Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let root = DeTable::parse(text).ok()?;
    let mut best: Option<(Range<usize>, Range<usize>)> = None;
    walk(root.get_ref(), &mut |key, value, _| {
        let (key, value) = (key.span(), value.span());
        let holds = key.start <= span.start && span.end <= value.end && key.end <= value.start;
        let length = value.end.saturating_sub(key.start);
        let inner = best
            .as_ref()
            .is_none_or(|(key, value)| length <= value.end.saturating_sub(key.start));
        if holds && inner {
            best = Some((key, value));
        }
    });
    best
}

type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;

/// Every key of a table and of what is inside it, with its value and how deep it is.
fn walk<'t, 'i>(
    table: &'t DeTable<'i>,
    visit: &mut impl FnMut(&'t Key<'i>, &'t Spanned<DeValue<'i>>, usize),
) {
    fn tables<'t, 'i>(
        table: &'t DeTable<'i>,
        depth: usize,
        visit: &mut impl FnMut(&'t Key<'i>, &'t Spanned<DeValue<'i>>, usize),
    ) {
        for (key, value) in table {
            visit(key, value, depth);
            values(value.get_ref(), depth + 1, visit);
        }
    }
    fn values<'t, 'i>(
        value: &'t DeValue<'i>,
        depth: usize,
        visit: &mut impl FnMut(&'t Key<'i>, &'t Spanned<DeValue<'i>>, usize),
    ) {
        match value {
            DeValue::Table(table) => tables(table, depth, visit),
            DeValue::Array(entries) => {
                for entry in entries {
                    values(entry.get_ref(), depth, visit);
                }
            }
            _ => {}
        }
    }
    tables(table, 0, visit);
}

/// Where in the text a message is about: the byte.
fn place(text: &str, message: &str) -> usize {
    let Ok(root) = DeTable::parse(text) else {
        return 0;
    };
    let venue = venue_of(root.get_ref(), message);
    // Inside a venue its name leads nowhere.
    let message = venue.map_or(message, |(_, _, rest)| rest);
    let words: Vec<&str> = message
        .split(|c: char| !c.is_ascii_alphanumeric() && !"_-.:".contains(c))
        .flat_map(|word| [word].into_iter().chain(word.split('.')))
        .map(|word| word.trim_matches(|c| ".:".contains(c)))
        .filter(|word| !word.is_empty())
        .collect();
    // Of two that must differ the second is in the way.
    let last = message.contains("two ") || message.contains("twice");
    let mut best: Option<(usize, usize)> = None;
    let mut look = |table: &DeTable<'_>| {
        walk(table, &mut |key, value, depth| {
            let score = score(&words, message, (key.get_ref(), value.get_ref()), depth);
            let better = best.is_none_or(|(most, _)| score > most || (last && score == most));
            if score > 0 && better {
                best = Some((score, key.span().start));
            }
        });
    };
    match venue {
        Some((table, ..)) => look(table),
        None => look(root.get_ref()),
    }
    best.map(|(_, at)| at)
        .or(venue.map(|(_, at, _)| at))
        .unwrap_or(0)
}

/// How well a key fits what a message says: it is named and its value is quoted; it is named; its
/// value is a name that is quoted; it is a section that is named.
fn score(words: &[&str], message: &str, (key, value): (&str, &DeValue<'_>), depth: usize) -> usize {
    let named = words.contains(&key);
    let quoted = match value {
        DeValue::String(text) => {
            let text: &str = text;
            words.contains(&text) || message.contains(&format!("{text:?}"))
        }
        DeValue::Integer(number) => words.contains(&number.as_str()),
        DeValue::Float(number) => words.contains(&number.as_str()),
        _ => false,
    };
    let section = matches!(value, DeValue::Table(_) | DeValue::Array(_));
    let naming = ["name", "symbol", "source", "file", "preset"].contains(&key);
    match (named, quoted) {
        (true, true) => 1_000 + depth,
        (true, false) if section => 50 + depth,
        (true, false) => 100 + depth,
        (false, true) if naming => 60 + depth,
        _ => 0,
    }
}

/// The venue that a message names, where its table begins, and what the message goes on with.
fn venue_of<'t, 'i, 'm>(
    root: &'t DeTable<'i>,
    message: &'m str,
) -> Option<(&'t DeTable<'i>, usize, &'m str)> {
    let venues = root.iter().find(|(key, _)| key.get_ref() == "venues")?.1;
    venues.get_ref().as_array()?.iter().find_map(|venue| {
        let table = venue.get_ref().as_table()?;
        let (key, name) = table.iter().find(|(key, _)| key.get_ref() == "name")?;
        let told = format!("venue {:?}", name.get_ref().as_str()?);
        let (_, rest) = message.split_once(&told)?;
        Some((table, key.span().start, rest))
    })
}

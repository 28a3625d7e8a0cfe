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

/// Everything wrong with a scenario file, in the order of its lines; nothing where it can run.
///
/// # Errors
/// [`ScenarioError::Read`].
pub fn diagnose(path: &Path) -> Result<Vec<Finding>, ScenarioError> {
    let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::Read {
        path: path.to_owned(),
        source,
    })?;
    let mut found = misread(&text);
    if found.is_empty() {
        found = senseless(&text);
    }
    if found.is_empty() {
        found = unusable(path, &text);
    }
    found.sort_by_key(|finding| (finding.line, finding.column));
    found.dedup();
    Ok(found)
}

/// What is no TOML, or no key or value of a scenario.
fn misread(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut taken_out: Vec<String> = Vec::new();
    let mut rest = text.to_owned();
    while found.len() < FINDINGS_MAX {
        let Err(error) = toml::from_str::<Scenario>(&rest) else {
            break;
        };
        let message = error.message().to_owned();
        let missed = message.strip_prefix("missing field `");
        let missed = missed.and_then(|field| field.strip_suffix('`'));
        if missed.is_some_and(|field| taken_out.iter().any(|key| key == field)) {
            // It is there, but wrong, and already told.
            break;
        }
        let span = error.span().unwrap_or(0..0);
        found.push(finding(text, span.start, message));
        let Some((key, pair)) = pair_at(&rest, &span) else {
            break;
        };
        let blank = |c: char| if c == '\n' { "\n" } else { " " };
        let gone: String = rest[pair.clone()].chars().map(blank).collect();
        // Of a character's bytes all go, so that places stay what they are.
        let gone = match gone.len() == pair.len() {
            true => gone,
            false => {
                let lines = rest[pair.clone()].matches('\n').count();
                format!("{}{}", " ".repeat(pair.len() - lines), "\n".repeat(lines))
            }
        };
        rest.replace_range(pair, &gone);
        taken_out.push(key);
        if DeTable::parse(&rest).is_err() {
            break;
        }
    }
    found
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

/// The innermost `key = value` that a span of the text lies in, and its key.
fn pair_at(text: &str, span: &Range<usize>) -> Option<(String, Range<usize>)> {
    let root = DeTable::parse(text).ok()?;
    let mut best: Option<(String, Range<usize>)> = None;
    walk(root.get_ref(), &mut |key, value, _| {
        let pair = key.span().start..value.span().end.max(key.span().end);
        let holds = pair.start <= span.start && span.end <= pair.end && pair.start < pair.end;
        let inner = best.as_ref().is_none_or(|(_, b)| pair.len() <= b.len());
        if holds && inner {
            best = Some((key.get_ref().to_string(), pair));
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
        for (key, value) in table.iter() {
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
                for entry in entries.iter() {
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
    let words: Vec<&str> = message
        .split(|c: char| !c.is_ascii_alphanumeric() && !"_-.:".contains(c))
        .flat_map(|word| [word].into_iter().chain(word.split('.')))
        .map(|word| word.trim_matches(|c| ".:".contains(c)))
        .filter(|word| !word.is_empty())
        .collect();
    let mut best: Option<(usize, usize)> = None;
    let mut look = |table: &DeTable<'_>| {
        walk(table, &mut |key, value, depth| {
            let score = score(&words, message, key.get_ref(), value.get_ref(), depth);
            if score > 0 && best.is_none_or(|(most, _)| score > most) {
                best = Some((score, key.span().start));
            }
        });
    };
    match venue {
        Some((table, _)) => look(table),
        None => look(root.get_ref()),
    }
    best.map(|(_, at)| at)
        .or(venue.map(|(_, at)| at))
        .unwrap_or(0)
}

/// How well a key fits what a message says.
fn score(words: &[&str], message: &str, key: &str, value: &DeValue<'_>, depth: usize) -> usize {
    let named = words.contains(&key);
    let quoted = match value {
        DeValue::String(text) => {
            !text.is_empty()
                && (words.contains(&text.as_ref()) || message.contains(&format!("{text:?}")))
        }
        DeValue::Integer(number) => words.contains(&number.as_str()),
        DeValue::Float(number) => words.contains(&number.as_str()),
        _ => false,
    };
    match (named, quoted) {
        (true, true) => 1_000 + depth,
        (true, false) => 100 + depth,
        // A name that is quoted leads to the entry it belongs to.
        (false, true) if ["name", "symbol", "source", "file", "preset"].contains(&key) => {
            10 + depth
        }
        _ => 0,
    }
}

/// The venue that a message names, and where its table begins.
fn venue_of<'t, 'i>(root: &'t DeTable<'i>, message: &str) -> Option<(&'t DeTable<'i>, usize)> {
    let venues = root.iter().find(|(key, _)| key.get_ref() == "venues")?.1;
    venues.get_ref().as_array()?.iter().find_map(|venue| {
        let table = venue.get_ref().as_table()?;
        let (key, name) = table.iter().find(|(key, _)| key.get_ref() == "name")?;
        let name = name.get_ref().as_str()?;
        let told = message.contains(&format!("venue {name:?}"));
        told.then(|| (table, key.span().start))
    })
}

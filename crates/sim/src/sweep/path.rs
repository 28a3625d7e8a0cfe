//! Setting a parameter of a scenario by its dotted path.
//!
//! `venues.0.perennial.maintenance` names an entry by its place, `venues.Kuma.kuma.maximum` by its
//! name (a market by its symbol, a stage by its own; a venue also by its preset, where only one has
//! it), and
//! `venues.*.population.accounts` all of them. A step with dots or blanks may stand in quotes. A
//! table that the scenario leaves out comes into being; whether the scenario knows the key, and
//! takes the value, is for the scenario to say when it is read again.

use toml::{Table, Value};

/// Sets `path` to `text` in a scenario's table.
pub(super) fn set(root: &mut Table, path: &str, text: &str) -> Result<(), String> {
    set_steps(root, &steps(path)?, text)
}

/// The same for a path that is in steps already.
pub(super) fn set_steps(root: &mut Table, steps: &[String], text: &str) -> Result<(), String> {
    let Some((first, rest)) = steps.split_first() else {
        return Err("the path is empty".to_owned());
    };
    in_table(root, (first, rest), text)
}

/// The steps of a path; dots inside quotes are part of a step.
pub(super) fn steps(path: &str) -> Result<Vec<String>, String> {
    let (mut steps, mut quoted) = (vec![String::new()], false);
    for c in path.chars() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => steps.push(String::new()),
            c => steps.last_mut().into_iter().for_each(|s| s.push(c)),
        }
    }
    if quoted {
        return Err("a quote in the path is not closed".to_owned());
    }
    if steps.iter().any(String::is_empty) {
        return Err("a step of the path is empty".to_owned());
    }
    Ok(steps)
}

fn in_table(table: &mut Table, (key, rest): (&str, &[String]), text: &str) -> Result<(), String> {
    let Some((next, rest)) = rest.split_first() else {
        let value = value(table.get(key), text)?;
        table.insert(key.to_owned(), value);
        return Ok(());
    };
    let entry = table
        .entry(key.to_owned())
        .or_insert_with(|| Value::Table(Table::new()));
    in_value(entry, key, (next, rest), text)
}

fn in_value(
    value: &mut Value,
    name: &str,
    (key, rest): (&str, &[String]),
    text: &str,
) -> Result<(), String> {
    match value {
        Value::Table(table) => in_table(table, (key, rest), text),
        Value::Array(entries) => in_entries(entries, name, (key, rest), text),
        _ => Err(format!("{name} is a value and has no {key:?}")),
    }
}

fn in_entries(
    entries: &mut [Value],
    name: &str,
    (key, rest): (&str, &[String]),
    text: &str,
) -> Result<(), String> {
    let chosen: Vec<usize> = if key == "*" {
        (0..entries.len()).collect()
    } else {
        vec![entry(entries, name, key)?]
    };
    for at in chosen {
        let entry = &mut entries[at];
        match rest.split_first() {
            None => *entry = self::value(Some(entry), text)?,
            Some((next, rest)) => in_value(entry, name, (next, rest), text)?,
        }
    }
    Ok(())
}

/// Which entry of a list a step means.
fn entry(entries: &[Value], name: &str, key: &str) -> Result<usize, String> {
    if let Ok(at) = key.parse::<usize>() {
        return (at < entries.len()).then_some(at).ok_or_else(|| {
            format!(
                "{name} has {} entries, counted from 0: there is no {at}",
                entries.len()
            )
        });
    }
    for called in ["name", "symbol", "preset", "stage"] {
        let text = |entry: &Value| entry.get(called)?.as_str().map(str::to_owned);
        let mut found = (0..entries.len()).filter(|&at| text(&entries[at]).as_deref() == Some(key));
        if let Some(first) = found.next() {
            return match found.next() {
                None => Ok(first),
                Some(_) => Err(format!(
                    "more than one of {name} has the {called} {key:?}: use a name or a number"
                )),
            };
        }
    }
    let names: Vec<String> = entries
        .iter()
        .filter_map(|e| e.get("name").or_else(|| e.get("symbol")))
        .map(ToString::to_string)
        .collect();
    Err(format!(
        "{name} has no entry {key:?}; it has {}",
        if names.is_empty() {
            format!("{} entries, counted from 0", entries.len())
        } else {
            names.join(", ")
        }
    ))
}

/// The value a text stands for: of the kind that is there, else of the kind it looks like.
fn value(there: Option<&Value>, text: &str) -> Result<Value, String> {
    let whole = || text.parse().map(Value::Integer);
    let plain = || Value::String(text.to_owned());
    if text.starts_with(['[', '{']) {
        let line = format!("value = {text}");
        let mut read: Table = line
            .parse()
            .map_err(|e: toml::de::Error| format!("not a TOML value: {}", e.message()))?;
        return Ok(read.remove("value").unwrap_or_else(plain));
    }
    Ok(match there {
        Some(Value::String(_)) => plain(),
        Some(Value::Integer(_)) => whole().unwrap_or_else(|_| plain()),
        _ => match text {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => whole().unwrap_or_else(|_| plain()),
        },
    })
}

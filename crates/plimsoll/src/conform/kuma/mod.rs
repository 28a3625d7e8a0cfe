//! Kuma vectors: recorded calls of the real contracts, and the arithmetic and signatures under
//! them.
//!
//! A file has sections, each a list: `scenarios` (a state, one call, the state after it or the
//! contract's refusal), `bankruptcyQuote`, `truncatingDivision`, `symbolOrder`, `decimalStrings`,
//! `eip712` and `highlights`; `about` says how they were obtained. Every entry of every section is
//! one vector. Numbers are pips. A section, a field or an argument that nothing here answers fails
//! its vector.

mod action;
mod fields;
mod funding;
mod highlights;
mod message;
mod numbers;
mod scenario;
mod snapshot;
mod trade;
mod world;

use serde_json::Value;

use super::compare::{Mismatch, field, scalar};

type Check = Result<(), Mismatch>;

/// The vectors of a file, each under its name.
pub(super) fn run(document: &Value) -> Result<Vec<(String, Check)>, String> {
    let Some(sections) = document.as_object() else {
        return Err("it is not an object of sections".to_owned());
    };
    let mut verdicts = Vec::new();
    for (name, section) in sections {
        if name == "about" {
            continue;
        }
        match section_of(name, section) {
            Ok(checked) => verdicts.extend(checked),
            Err(why) => verdicts.push((format!("({name})"), Err(why))),
        }
    }
    if verdicts.is_empty() {
        return Err("there are no vectors in it".to_owned());
    }
    Ok(verdicts)
}

/// The vectors of one section.
fn section_of(name: &str, section: &Value) -> Result<Vec<(String, Check)>, Mismatch> {
    let rows = |value| fields::list(name, value);
    let each = |rows: &[Value], check: fn(&Value) -> Check| {
        let named = |(at, row)| (label(name, at, row), check(row));
        rows.iter().enumerate().map(named).collect()
    };
    Ok(match name {
        "scenarios" => each(rows(section)?, scenario::run),
        "bankruptcyQuote" => each(rows(field(section, "rows")?)?, numbers::bankruptcy),
        "truncatingDivision" => each(rows(section)?, numbers::division),
        "decimalStrings" => each(rows(section)?, numbers::decimal),
        "eip712" => each(rows(section)?, message::check),
        "symbolOrder" => {
            let rows = rows(section)?;
            let before = std::iter::once(None).chain(rows.iter().map(Some));
            let checked = rows.iter().zip(before).enumerate();
            checked
                .map(|(at, (row, before))| (label(name, at, row), numbers::symbol(row, before)))
                .collect()
        }
        "highlights" => {
            let rows = rows(section)?;
            let named = |(at, row)| Some((label(name, at, row), highlights::check(row, rows)?));
            rows.iter().enumerate().filter_map(named).collect()
        }
        _ => return Err(unknown(name)),
    })
}

/// A vector's name: its own, or its place in its section.
fn label(section: &str, at: usize, row: &Value) -> String {
    let own = ["id", "label", "symbol"].into_iter().find_map(|name| {
        let name = row.get(name)?;
        scalar(name).ok()
    });
    match own {
        Some(own) if section == "scenarios" => own,
        Some(own) => format!("{section} {own}"),
        None => format!("{section} {}", at + 1),
    }
}

fn unknown(name: &str) -> Mismatch {
    Mismatch::unusable(format!("nothing here answers {name:?}"))
}

/// Whether a refusal is the recorded one: the contract's text, exactly. A panic of the virtual
/// machine has no text but a code, which every tool words differently: the code counts.
fn same_revert(recorded: &str, ours: &str) -> bool {
    let code = |text: &str| {
        let text = text.to_ascii_lowercase();
        let (_, digits) = text.split_once("0x").filter(|_| text.contains("panic"))?;
        let end = digits.find(|c: char| !c.is_ascii_hexdigit());
        u8::from_str_radix(&digits[..end.unwrap_or(digits.len())], 16).ok()
    };
    match (code(recorded), code(ours)) {
        (None, None) => recorded == ours,
        (recorded, ours) => recorded == ours,
    }
}

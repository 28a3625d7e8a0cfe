//! Where in a file a key is: line and column by path, such as `stages.2.collar`.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::scenario::Finding;

/// The places of every key and list entry of a file, by path below `[design]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places {
    found: BTreeMap<String, (usize, usize)>,
}

impl Places {
    /// Of a text that is TOML; none of one that is not.
    pub(super) fn of(text: &str) -> Self {
        let mut places = Self::default();
        if let Ok(root) = DeTable::parse(text) {
            places.table(text, root.get_ref(), "");
        }
        places
    }

    fn note(&mut self, text: &str, path: &str, span: &Range<usize>) {
        let path = path.strip_prefix("design.").unwrap_or(path);
        self.found
            .insert(path.to_owned(), position(text, span.start));
    }

    fn table(&mut self, text: &str, table: &DeTable<'_>, path: &str) {
        for (key, value) in table {
            let path = joined(path, key.get_ref());
            self.note(text, &path, &key.span());
            self.value(text, value.get_ref(), &path);
        }
    }

    fn value(&mut self, text: &str, value: &DeValue<'_>, path: &str) {
        match value {
            DeValue::Table(table) => self.table(text, table, path),
            DeValue::Array(entries) => {
                for (at, entry) in entries.iter().enumerate() {
                    let path = joined(path, &at.to_string());
                    self.note(text, &path, &entry.span());
                    self.value(text, entry.get_ref(), &path);
                }
            }
            _ => {}
        }
    }

    /// Line and column of a path, or of the nearest that the file has above it.
    pub(super) fn at(&self, path: &str) -> (usize, usize) {
        let mut path = path;
        loop {
            // A stage is told where its name is.
            let named = joined(path, "stage");
            if let Some(place) = self.found.get(&named).or_else(|| self.found.get(path)) {
                return *place;
            }
            match path.rsplit_once('.') {
                Some((above, _)) => path = above,
                None => break,
            }
        }
        self.found.get("design").copied().unwrap_or((1, 1))
    }

    /// Whether the file itself has the path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.found.contains_key(path)
    }

    /// Something wrong at a path.
    pub(super) fn finding(&self, path: &str, message: String) -> Finding {
        let (line, column) = self.at(path);
        Finding {
            line,
            column,
            message,
        }
    }
}

fn joined(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

/// Line and column in characters, both from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

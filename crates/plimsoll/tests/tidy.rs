//! The house rules, as tests: what the architecture's invariants say about the source itself.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn crates_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("crates/")
        .to_owned()
}

/// Every Rust file under `dir`, with its text.
fn sources(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut pending = vec![dir.to_owned()];
    while let Some(dir) = pending.pop() {
        for entry in std::fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.expect("a directory entry").path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no sources under {}", dir.display());
    found
}

/// The part of a file that is not unit tests.
fn shipped(text: &str) -> &str {
    text.split("\n#[cfg(test)]\n").next().unwrap_or(text)
}

fn is_test_file(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str() == "tests")
        || path
            .file_name()
            .is_some_and(|n| n == "tests.rs" || n == "naive.rs")
}

/// Lines of shipped code (comments left out) that hold `word` as a word of its own.
fn uses<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
    shipped(text)
        .lines()
        .enumerate()
        .filter_map(move |(at, line)| {
            let code = line.split("//").next().unwrap_or_default();
            let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            let hit = code.match_indices(word).any(|(from, _)| {
                let before = code[..from].bytes().last().is_some_and(is_word);
                let after = code[from + word.len()..]
                    .bytes()
                    .next()
                    .is_some_and(is_word);
                !before && !after
            });
            hit.then_some((at + 1, line.trim()))
        })
}

fn check_absent(crate_name: &str, words: &[&str], except: &[&str]) {
    let mut offences = String::new();
    for (path, text) in sources(&crates_dir().join(crate_name).join("src")) {
        let shown = path.display().to_string();
        if is_test_file(&path) || except.iter().any(|e| shown.contains(e)) {
            continue;
        }
        for word in words {
            for (line, code) in uses(&text, word) {
                let _ = writeln!(offences, "{shown}:{line}: {word}: {code}");
            }
        }
    }
    assert!(
        offences.is_empty(),
        "must not appear in {crate_name}:\n{offences}"
    );
}

/// Invariant 1: the core sees no clock, thread, file, socket, float, or map without an order.
#[test]
fn the_core_is_deterministic_by_what_it_does_not_import() {
    let words = [
        "SystemTime",
        "Instant",
        "HashMap",
        "HashSet",
        "RandomState",
        "thread",
        "fs",
        "net",
        "tokio",
        "serde_json",
        "serde",
        "alloy",
        "rand",
        "f32",
    ];
    check_absent("units", &words, &[]);
    check_absent("engine", &words, &[]);
}

/// Invariant 1: floats live in `engine::pricing` alone.
#[test]
fn floats_stay_out_of_the_core() {
    check_absent("units", &["f64"], &[]);
    check_absent("engine", &["f64"], &["src/pricing"]);
}

/// Who may import whom: units <- engine <- journal, sim <- plimsoll.
#[test]
fn crates_depend_downwards_only() {
    let allowed: [(&str, &[&str]); 6] = [
        ("units", &[]),
        ("engine", &["units"]),
        ("journal", &["units", "engine"]),
        ("sim", &["units", "engine", "journal"]),
        ("plimsoll", &["units", "engine", "journal", "sim"]),
        ("bench", &["units", "engine", "journal", "sim"]),
    ];
    for (name, may) in allowed {
        let manifest = crates_dir().join(name).join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).expect("a manifest");
        for (other, _) in allowed {
            let line = format!("plimsoll-{other}.workspace");
            if text.contains(&line) {
                assert!(may.contains(&other), "{name} must not depend on {other}");
            }
        }
    }
}

/// A file opens with a few sentences: what it is, why, its invariants and units.
#[test]
fn every_source_file_opens_with_what_it_is() {
    let mut silent = String::new();
    for (path, text) in sources(&crates_dir()) {
        let generated = path.components().any(|c| c.as_os_str() == "target");
        if !generated && !text.starts_with("//!") {
            let _ = writeln!(silent, "{}", path.display());
        }
    }
    assert!(
        silent.is_empty(),
        "these files do not say what they are:\n{silent}"
    );
}

/// Files stay readable in one sitting.
#[test]
fn shipped_files_stay_under_six_hundred_lines() {
    let mut long = String::new();
    for (path, text) in sources(&crates_dir()) {
        let lines = shipped(&text).lines().count();
        if !is_test_file(&path) && lines > 600 {
            let _ = writeln!(long, "{}: {lines}", path.display());
        }
    }
    assert!(long.is_empty(), "split these files:\n{long}");
}

/// No loose ends in what is shipped.
#[test]
fn nothing_is_left_to_do() {
    for name in ["units", "engine", "journal", "sim", "plimsoll"] {
        let mut offences = String::new();
        for (path, text) in sources(&crates_dir().join(name).join("src")) {
            for (at, line) in text.lines().enumerate() {
                if ["TODO", "FIXME", "XXX", "being built"]
                    .iter()
                    .any(|w| line.contains(w))
                {
                    let _ = writeln!(offences, "{}:{}: {line}", path.display(), at + 1);
                }
            }
        }
        assert!(offences.is_empty(), "{offences}");
    }
}

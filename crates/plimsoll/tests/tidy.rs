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

/// The lines of a file that are not unit tests, with their numbers from 1.
fn shipped(text: &str) -> Vec<(usize, &str)> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let mut kept = Vec::new();
    while let Some((at, line)) = lines.next() {
        if line != "#[cfg(test)]" {
            kept.push((at, line));
            continue;
        }
        // The item behind the attribute: a declaration ends with its line, a body at the margin.
        let first = lines.next().map_or("", |(_, line)| line);
        if !first.ends_with(';') {
            let _ = lines.by_ref().find(|(_, line)| *line == "}");
        }
    }
    kept
}

fn is_test_file(path: &Path) -> bool {
    path.components().any(|c| c.as_os_str() == "tests")
        || path
            .file_name()
            .is_some_and(|n| n == "tests.rs" || n == "naive.rs")
}

/// Lines of shipped code (comments left out) that hold `word` as a word of its own.
fn uses<'t>(text: &'t str, word: &str) -> Vec<(usize, &'t str)> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let holds = |(_, line): &(usize, &str)| {
        let code = line.split("//").next().unwrap_or_default();
        code.match_indices(word).any(|(from, _)| {
            let before = code[..from].bytes().last().is_some_and(is_word);
            let after = code[from + word.len()..].bytes().next();
            !before && !after.is_some_and(is_word)
        })
    };
    shipped(text).into_iter().filter(holds).collect()
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
                let _ = writeln!(offences, "{shown}:{line}: {word}: {}", code.trim());
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
        "tokio",
        "serde_json",
        "serde",
        "alloy",
        "rand",
        "f32",
    ];
    let modules = [
        "env", "fs", "net", "os", "path", "process", "thread", "time",
    ];
    for name in ["units", "engine"] {
        check_absent(name, &words, &[]);
        check_std(name, &modules);
    }
}

/// The modules of the standard library that a text names: `std::fs`, `use std::{fs, io::Write}`.
fn std_modules(text: &str) -> Vec<String> {
    let mut code = String::new();
    for (_, line) in shipped(text) {
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    let mut found = Vec::new();
    for (at, path) in code.match_indices("std::") {
        let tree = &code[at + path.len()..];
        let end = if tree.starts_with('{') {
            tree.find(';')
        } else {
            tree.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        };
        let tree = &tree[..end.unwrap_or(tree.len())];
        // Names deeper in a tree count too: no false alarm so far.
        let names = tree.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        found.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
    }
    found
}

fn check_std(crate_name: &str, modules: &[&str]) {
    for (path, text) in sources(&crates_dir().join(crate_name).join("src")) {
        if is_test_file(&path) {
            continue;
        }
        for module in std_modules(&text) {
            assert!(
                !modules.contains(&module.as_str()),
                "{}: std::{module} must not appear in {crate_name}",
                path.display()
            );
        }
    }
}

/// The rules above find what they are for.
#[test]
fn offences_are_found() {
    for (text, module) in [
        ("let x = std::fs::read(p);", "fs"),
        ("use std::{fmt, net};", "net"),
        ("use std::{\n    fmt,\n    time::Duration,\n};", "time"),
        ("fn f() -> std::thread::JoinHandle<()> {", "thread"),
    ] {
        assert!(std_modules(text).iter().any(|m| m == module), "{text}");
    }
    let innocent = "// std::fs\nuse std::fmt;\nlet net = a.net(); // std::net";
    assert_eq!(std_modules(innocent), ["fmt"]);
    assert_eq!(uses("let m: HashMap<u8, u8>;", "HashMap").len(), 1);
    assert_eq!(uses("let my_HashMap = 1; // HashMap", "HashMap").len(), 0);
    // What comes behind the tests is shipped again.
    let file = "one\n#[cfg(test)]\nmod tests;\ntwo\n#[cfg(test)]\nmod more {\n    x\n}\nthree";
    assert_eq!(shipped(file), [(1, "one"), (4, "two"), (9, "three")]);
}

/// Invariant 1: floats live in `engine::pricing` alone.
#[test]
fn floats_stay_out_of_the_core() {
    check_absent("units", &["f64"], &[]);
    check_absent("engine", &["f64"], &["src/pricing"]);
}

/// Who may import whom: units <- engine <- evm, journal <- sim <- plimsoll.
#[test]
fn crates_depend_downwards_only() {
    let allowed: [(&str, &[&str]); 7] = [
        ("units", &[]),
        ("engine", &["units"]),
        ("evm", &["units", "engine"]),
        ("journal", &["units", "engine"]),
        ("sim", &["units", "engine", "evm", "journal"]),
        ("plimsoll", &["units", "engine", "evm", "journal", "sim"]),
        ("bench", &["units", "engine", "evm", "journal", "sim"]),
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
        let lines = shipped(&text).len();
        if !is_test_file(&path) && lines > 600 {
            let _ = writeln!(long, "{}: {lines}", path.display());
        }
    }
    assert!(long.is_empty(), "split these files:\n{long}");
}

/// Bad input is an error, not a panic; what cannot happen is asserted with a message.
#[test]
fn nothing_shipped_unwraps() {
    for name in ["units", "engine", "evm", "journal", "sim", "plimsoll"] {
        let mut offences = String::new();
        for (path, text) in sources(&crates_dir().join(name).join("src")) {
            let aside = is_test_file(&path)
                || path.ends_with("crash_tests.rs")
                || path.ends_with("suite.rs")
                || path.ends_with("report/fixture.rs");
            if aside {
                continue;
            }
            for (line, code) in shipped(&text) {
                let code = code.split("//").next().unwrap_or_default();
                if [".unwrap()", ".expect(", "panic!(", "unreachable!("]
                    .iter()
                    .any(|w| code.contains(w))
                {
                    let _ = writeln!(offences, "{}:{line}: {}", path.display(), code.trim());
                }
            }
        }
        assert!(offences.is_empty(), "{offences}");
    }
}

/// The tests that ARCHITECTURE.md names as enforcing an invariant are there.
#[test]
fn the_map_names_tests_that_exist() {
    let root = crates_dir().parent().expect("the repository").to_owned();
    let map = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the map");
    let all: String = sources(&crates_dir()).into_iter().map(|(_, t)| t).collect();
    let names: Vec<&str> = map
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.matches('_').count() >= 3)
        .filter(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        .collect();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        assert!(all.contains(&format!("fn {name}()")), "no test {name}");
    }
    // Files and folders it names are there, too.
    for word in map.split(|c: char| c.is_whitespace() || "`()[]".contains(c)) {
        let path = word.trim_end_matches(|c| ".,*;:".contains(c));
        if path.starts_with("crates/") || path.starts_with("docs/") {
            assert!(root.join(path).exists(), "the map names {path}");
        }
    }
}

/// No loose ends in what is shipped.
#[test]
fn nothing_is_left_to_do() {
    for name in ["units", "engine", "evm", "journal", "sim", "plimsoll"] {
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

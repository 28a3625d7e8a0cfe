//! Input that is no design: a clear error, never a panic.

use plimsoll_sim::design::{self, DesignError};

use crate::misfits::wrong;

/// Whatever is read, it is an error with a place inside the text, or a design.
fn survives(text: &str) {
    let Err(DesignError::Wrong { findings, .. }) = design::parse("file", text) else {
        return;
    };
    assert!(!findings.is_empty(), "{text}");
    for finding in findings {
        let lines = text.lines().count().max(1);
        assert!(
            (1..=lines + 1).contains(&finding.line),
            "{finding:?} of {text}"
        );
        assert!(!finding.message.is_empty());
    }
}

#[test]
fn what_is_no_design_is_refused() {
    for (text, told) in [
        ("", "missing field `design`"),
        ("name = 1", "unknown field `name`"),
        ("[design]", "missing field `name`"),
        ("[design", "unclosed table"),
        ("\u{0}", "key with no value"),
        ("[design]\nname = \"a\"\nname = \"b\"", "duplicate key"),
        (
            "[design]\nname = 5\nrules = \"kuma\"\n[design.margin]\nmodel = \"cross\"",
            "string",
        ),
        ("design = 3", "invalid type"),
        ("design = []", "invalid length 0"),
    ] {
        let why = wrong(text);
        assert!(why.contains(told), "{text:?}: {why}");
    }
}

#[test]
fn numbers_that_are_none_are_refused_at_their_place() {
    let text = design::text("classic").unwrap();
    for bad in [
        "nan",
        "inf",
        "-inf",
        "\"NaN\"",
        "\"\"",
        "\"0x10\"",
        "\"1e400\"",
        "1e300",
        "\"-0.05\"",
        "-1",
        "\"0.0000000000000000001\"",
        "\"170141183460469231731687303715884105728\"",
        "99999999999999999999",
        "true",
        "[]",
        "{}",
        "2025-10-10T00:00:00Z",
    ] {
        let text = text.replace("initial = \"0.05\"", &format!("initial = {bad}"));
        let why = wrong(&text);
        let place = format!(
            "{}:",
            1 + text.lines().position(|l| l.starts_with("initial")).unwrap()
        );
        assert!(why.starts_with(&place), "{bad}: {why}");
    }
}

#[test]
fn names_that_cannot_be_chosen_are_refused() {
    let text = design::text("classic").unwrap();
    let long = "x".repeat(65);
    for bad in ["", "a b", "A", "../etc", "naïve", "a/b", &long] {
        let text = text.replace("name = \"classic\"", &format!("name = {bad:?}"));
        assert!(
            wrong(&text).starts_with("5:1: the name"),
            "{bad}: {}",
            wrong(&text)
        );
    }
    let long = "y".repeat(4_001);
    let text = text.replace("title = \"Classic\"", &format!("title = {long:?}"));
    assert_eq!(wrong(&text), "6:1: title has 4001 bytes, more than 4000\n");
}

#[test]
fn a_file_cut_anywhere_never_panics() {
    for name in ["plimsoll", "kuma-plus", "kyan"] {
        let text = design::text(name).unwrap();
        let cuts = (0..text.len())
            .step_by(7)
            .filter(|at| text.is_char_boundary(*at));
        cuts.for_each(|at| survives(&text[..at]));
    }
}

#[test]
fn a_file_with_any_line_left_out_or_said_twice_never_panics() {
    for name in design::presets() {
        let lines: Vec<&str> = design::text(name).unwrap().lines().collect();
        for at in 0..lines.len() {
            if lines[at].is_empty() || lines[at].starts_with('#') {
                continue;
            }
            let mut without = lines.clone();
            without.remove(at);
            survives(&without.join("\n"));
            let mut twice = lines.clone();
            twice.insert(at, lines[at]);
            survives(&twice.join("\n"));
        }
    }
}

#[test]
fn a_huge_file_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("huge.toml");
    std::fs::write(&path, "#".repeat((1 << 20) + 1)).unwrap();
    let why = design::load("huge.toml", directory.path())
        .unwrap_err()
        .to_string();
    assert!(why.contains("1048577 bytes are more than 1048576"), "{why}");
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    let why = design::load("huge.toml", directory.path()).unwrap_err();
    assert!(matches!(why, DesignError::Read { .. }), "{why}");
    let why = design::load("./", directory.path()).unwrap_err();
    assert!(matches!(why, DesignError::Read { .. }), "{why}");
}

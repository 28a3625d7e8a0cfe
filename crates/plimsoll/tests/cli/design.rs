//! `plimsoll design`: the designs there are, one to read, one to begin with, one to check; and the
//! designs that a scenario names.

use expect_test::expect;

use super::plimsoll;

const PRESETS: [&str; 14] = [
    "tsunamix",
    "perennial",
    "gammaswap",
    "kuma",
    "kyan",
    "perennial-plus",
    "gammaswap-v1.2",
    "kuma-plus",
    "kyan-derive",
    "plimsoll",
    "classic",
    "portfolio-partners",
    "vault-inherits",
    "auction-only",
];

#[test]
fn every_design_is_listed_and_its_file_passes_the_check() {
    let directory = tempfile::tempdir().unwrap();
    let ran = plimsoll(directory.path(), &["design", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, PRESETS);
    let list = plimsoll(directory.path(), &["design", "list"]).stdout;
    for name in PRESETS {
        assert!(list.contains(name), "{list}");
        for arguments in [
            &["design", "show", name][..],
            &["design", "show", name, "--plain"],
        ] {
            let ran = plimsoll(directory.path(), arguments);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            std::fs::write(directory.path().join("d.toml"), ran.stdout).unwrap();
            for command in ["design", "scenario"] {
                let ran = plimsoll(directory.path(), &[command, "check", "d.toml"]);
                assert_eq!((ran.code, &*ran.stdout), (0, "d.toml: fine\n"), "{name}");
            }
        }
    }
}

#[test]
fn a_beginning_is_fine_and_overwrites_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let new = ["design", "new", "--out", "mine.toml"];
    assert_eq!(plimsoll(directory.path(), &new).code, 0);
    let ran = plimsoll(directory.path(), &["design", "check", "mine.toml"]);
    assert_eq!((ran.code, &*ran.stdout), (0, "mine.toml: fine\n"));
    let ran = plimsoll(directory.path(), &new);
    assert_eq!(
        (ran.code, &*ran.stderr),
        (2, "error: mine.toml exists already\n")
    );
    let ran = plimsoll(directory.path(), &["design", "new", "--from", "kyan"]);
    assert!(ran.stdout.contains("portfolio"), "{}", ran.stdout);
    let ran = plimsoll(directory.path(), &["design", "new", "--from", "gmx"]);
    assert!(
        ran.stderr.starts_with("error: there is no design \"gmx\""),
        "{}",
        ran.stderr
    );
}

#[test]
fn mistakes_are_told_with_line_and_column() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[design]\nname = \"x\"\nrules = \"composed\"\nprocedure = [\"hedge\", \"write-down\"]\n\
                [design.margin]\nmodel = \"cross\"\ninitial = 2\n";
    std::fs::write(directory.path().join("bad.toml"), text).unwrap();
    let told = expect![[r#"
        bad.toml:4:23: stage `write-down`: only liquidity loans have debt to write down; margin.model is `cross`
        bad.toml:7:1: initial 2 is not in 0.0001..=1
        2 mistakes
        [1]
    "#]];
    for command in ["design", "scenario"] {
        let ran = plimsoll(directory.path(), &[command, "check", "bad.toml"]);
        told.assert_eq(&ran.shown(directory.path()));
    }
    let ran = plimsoll(directory.path(), &["design", "check", "none.toml"]);
    assert_eq!(ran.code, 2);
    // A scenario that names it has the mistake where it names it.
    let ran = plimsoll(directory.path(), &["compare", "--show-scenario"]);
    let scenario = ran.stdout.replace("\"kyan\",", "\"bad.toml\", \"gmx\",");
    assert!(scenario.contains("bad.toml"), "{scenario}");
    std::fs::write(directory.path().join("s.toml"), scenario).unwrap();
    let ran = plimsoll(directory.path(), &["scenario", "check", "s.toml"]);
    assert_eq!(ran.code, 1);
    for told in [
        "bad.toml:7:1: initial 2",
        "there is no design \"gmx\"",
        "2 mistakes",
    ] {
        assert!(ran.stdout.contains(told), "{}", ran.stdout);
    }
}

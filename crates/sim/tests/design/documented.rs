//! docs/DESIGNS.md against the program: its keys and machines, its stages, its refusals.

use std::collections::BTreeSet;

use plimsoll_sim::design::{self, Machine, StageName};

use crate::misfits::wrong;

fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/DESIGNS.md");
    std::fs::read_to_string(path).unwrap()
}

/// The cells of every row of the section whose heading is `title`.
fn rows(title: &str) -> Vec<Vec<String>> {
    let text = document();
    let (_, section) = text.split_once(&format!("\n## {title}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim_matches('|').split('|');
        inner.map(|cell| cell.trim().to_owned()).collect()
    };
    section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(cells)
        .collect()
}

#[test]
fn every_key_of_every_machine_is_documented_and_no_other() {
    let known: BTreeSet<(String, String)> = design::keys()
        .map(|(path, machine)| (path.to_owned(), machine.name().to_owned()))
        .collect();
    let mut told = BTreeSet::new();
    for row in rows("Keys by machine") {
        for machine in row[1].split(", ") {
            told.insert((row[0].trim_matches('`').to_owned(), machine.to_owned()));
        }
    }
    assert_eq!(told, known);
    assert!(
        Machine::ALL
            .iter()
            .all(|m| told.iter().any(|(_, name)| name == m.name()))
    );
}

#[test]
fn every_stage_and_alias_is_documented_and_read() {
    let mut told = BTreeSet::new();
    for row in rows("Stages") {
        let names = |cell: &str| -> Vec<String> {
            cell.split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        };
        let known: Vec<String> = names(&row[0]);
        let also = names(&row[1]);
        for alias in &also {
            let text = format!(
                "[design]\nname = \"x\"\nrules = \"composed\"\nprocedure = [{alias:?}]\n\
                 [design.margin]\nmodel = \"cross\"\n"
            );
            let design = design::parse("x", &text).unwrap();
            assert_eq!(design.stages[0].stage.name(), known[0]);
        }
        told.extend(known);
    }
    let known: BTreeSet<String> = StageName::ALL.iter().map(|s| s.name().to_owned()).collect();
    assert_eq!(told, known);
}

/// A number just outside of what a row allows is refused, and its default is what a file without it
/// comes to.
#[test]
fn bounds_of_composed_designs_are_those_of_the_document() {
    let mut checked = 0;
    for row in rows("Keys by machine") {
        let path = row[0].trim_matches('`').to_owned();
        let range: Vec<&str> = row[4].split([' ', ',', ';']).take(3).collect();
        let [low, "to", high] = range.as_slice() else {
            continue;
        };
        let (section, key) = path.split_once('.').unwrap();
        for outside in [
            format!("-{}", low.replacen('0', "1", 1)),
            format!("{high}1"),
        ] {
            let refused = wrong(&with(section, key, &outside));
            assert!(
                refused.contains(outside.trim_start_matches('-')) || refused.contains("expected"),
                "{path} = {outside}: {refused}"
            );
        }
        let inside = wrong(&with(section, key, low));
        assert!(!inside.contains(" is not in "), "{path} = {low}: {inside}");
        checked += 1;
    }
    assert!(checked > 20, "{checked}");
}

/// A composed design with a fund and a vault that says this.
fn with(section: &str, key: &str, value: &str) -> String {
    let (margin, mut stages, mut rest) = match key {
        "price_range" | "least" | "initial_over_maintenance" => {
            ("portfolio", String::new(), String::new())
        }
        _ => ("cross", String::new(), String::new()),
    };
    let line = format!("{key} = {value}\n");
    let mut own = String::new();
    match section {
        "margin" => own = line,
        "trigger" if key == "urgent" => rest = format!("[design.trigger]\ngrace = \"1s\"\n{line}"),
        "trigger" | "limits" | "backstops" => rest = format!("[design.{section}]\n{line}"),
        "fund" | "vault" => rest = format!("[design.backstops.{section}]\n{line}"),
        stage => stages = format!("[[design.stages]]\nstage = {stage:?}\n{line}"),
    }
    if stages.is_empty() {
        stages = "[[design.stages]]\nstage = \"hedge\"\n".to_owned();
    }
    for backstop in ["fund", "vault"] {
        if section != backstop {
            rest.push_str(&format!("[design.backstops.{backstop}]\n"));
        }
    }
    format!(
        "[design]\nname = \"x\"\nrules = \"composed\"\n[design.margin]\nmodel = {margin:?}\n{own}{stages}{rest}"
    )
}

#[test]
fn the_starter_is_a_design() {
    assert_eq!(wrong(design::STARTER), "fine\n");
}

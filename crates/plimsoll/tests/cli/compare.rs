//! `plimsoll compare`: what it prints and leaves, that it depends on nothing but its scenario, and
//! how wrong arguments are told.

use super::{Ran, plimsoll};

const SMALL: [&str; 5] = ["compare", "--traders", "12", "--designs", "kuma,tsunamix"];

fn compare(directory: &std::path::Path, more: &[&str]) -> Ran {
    let arguments: Vec<&str> = SMALL.iter().chain(more).copied().collect();
    plimsoll(directory, &arguments)
}

#[test]
fn a_comparison_prints_a_table_and_leaves_a_page_and_tables() {
    let directory = tempfile::tempdir().unwrap();
    let ran = compare(directory.path(), &[]);
    let shown = ran.shown(directory.path());
    for part in [
        "kuma",
        "tsunamix",
        "Traders liquidated",
        "Bad debt",
        "The same people:",
        "the same 12 traders",
        "one cross-margin wallet",
        "out/compare.html",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let read = |name: &str| std::fs::read_to_string(directory.path().join("out").join(name));
    assert!(read("compare.html").unwrap().starts_with("<!"));
    let csv = read("compare.csv").unwrap();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(
        csv.starts_with("design,title,traders_count,deposits_usd"),
        "{csv}"
    );
    let json: serde_json::Value = serde_json::from_str(&read("compare.json").unwrap()).unwrap();
    assert_eq!(json["outcomes"][1]["design"], "tsunamix");
    // The same again, on one thread.
    let again = compare(directory.path(), &["--threads", "1", "--out", "again"]);
    assert!(again.shown(directory.path()).contains("again/compare.html"));
    let second = std::fs::read_to_string(directory.path().join("again/compare.csv")).unwrap();
    assert_eq!(csv, second);
}

#[test]
fn a_comparison_can_be_shown_stressed_and_changed() {
    let directory = tempfile::tempdir().unwrap();
    let shown = compare(
        directory.path(),
        &["--stress", "scale=1.5", "--seed", "3", "--show-scenario"],
    );
    let text = shown.shown(directory.path());
    for part in [
        "seed = 3",
        "traders = 12",
        "kind = \"scale\"",
        "by = \"1.5\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let defined = plimsoll(directory.path(), &["compare", "--define"]);
    assert!(defined.shown(directory.path()).contains("Bad debt"));
}

#[test]
fn what_cannot_be_compared_is_told() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("bad.toml"),
        "name = \"bad\"\nsead = 1\n",
    )
    .unwrap();
    for (arguments, why) in [
        (&["compare", "october-2025"][..], "no `designs` to compare"),
        (&["compare", "bad.toml"], "sead"),
        (&["compare", "nowhere.toml"], "nowhere.toml"),
        (
            &["compare", "--prices", "nowhere"],
            "no file or directory nowhere",
        ),
        (&["compare", "--data", "nowhere"], "no directory nowhere"),
        (&["compare", "--traders", "0"], "people: there is nobody"),
        (&["compare", "--stress", "scale"], "KIND=VALUES"),
        (&["compare", "--stress", "worse=1"], "no kind"),
        (
            &["compare", "--designs", "nothing-like-it"],
            "nothing-like-it",
        ),
        (&["compare", "--designs", "kuma,kuma"], "named twice"),
    ] {
        let ran = plimsoll(directory.path(), arguments);
        let shown = ran.shown(directory.path());
        assert!(shown.contains(why), "{arguments:?}: {shown}");
        assert!(shown.ends_with("[2]\n"), "{arguments:?}: {shown}");
    }
}

#[test]
fn a_design_that_cannot_run_is_told_and_the_others_run() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        "compare",
        "--traders",
        "5",
        "--designs",
        "kuma,nothing-like-it",
    ];
    let ran = plimsoll(directory.path(), &arguments);
    let shown = ran.shown(directory.path());
    assert!(shown.contains("nothing-like-it could not run"), "{shown}");
    assert!(shown.ends_with("[1]\n"), "{shown}");
}

#[test]
fn one_design_of_a_comparison_can_be_replayed_and_recorded_to_the_same_state() {
    let directory = tempfile::tempdir().unwrap();
    for design in ["classic", "kuma"] {
        let shown = compare(directory.path(), &["--show-replay", design]);
        std::fs::write(directory.path().join("one.toml"), &shown.stdout).unwrap();
        let journal = format!("{design}.journal");
        let ran = plimsoll(
            directory.path(),
            &["replay", "one.toml", "--journal", &journal],
        );
        let told = ran.shown(directory.path());
        assert!(told.contains("state hash"), "{design}: {told}");
        let verified = plimsoll(directory.path(), &["verify", &journal]);
        let verified = verified.shown(directory.path());
        assert!(verified.contains("every asset sums to zero"), "{verified}");
        // The comparison and the replay are the same run.
        let compared = plimsoll(
            directory.path(),
            &["compare", "--traders", "12", "--designs", design],
        );
        compared.shown(directory.path());
        let json = std::fs::read_to_string(directory.path().join("out/compare.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let hash = json["outcomes"][0]["state_hash"].as_str().unwrap();
        assert!(told.contains(hash), "{design}: {hash} is not in {told}");
    }
}

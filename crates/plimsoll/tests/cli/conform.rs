//! `plimsoll conform`: vectors that pass, vectors that were tampered with, files that are none.

use std::io::Write;
use std::path::Path;

use expect_test::expect;
use serde_json::{Value, json};

use super::{data, plimsoll, shared};

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

#[test]
fn recorded_vectors_all_pass() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (venue, files) in [
        ("tsunamix", &["vectors/tsunamix.json"][..]),
        (
            "perennial",
            &["vectors/perennial.json", "vectors/perennial_random.json.gz"],
        ),
        ("gammaswap", &["vectors/gammaswap.json"]),
    ] {
        let found: Option<Vec<_>> = files.iter().map(|file| shared(file)).collect();
        let Some(found) = found else { return };
        let mut arguments = vec!["conform", venue];
        arguments.extend(found.iter().map(|path| path.to_str().unwrap()));
        let ran = plimsoll(here, &arguments);
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        let passed = last_line(&ran.stdout).strip_suffix(" passed, 0 failed");
        assert!(
            passed.unwrap().parse::<u64>().unwrap() > 10,
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn the_small_vectors_pass() {
    for (venue, passed) in [("tsunamix", 3), ("perennial", 1)] {
        let file = data(&format!("{venue}.json"));
        let ran = plimsoll(Path::new("/"), &["conform", venue, file.to_str().unwrap()]);
        assert_eq!(ran.stdout, format!("{passed} passed, 0 failed\n"));
        assert_eq!(ran.code, 0);
    }
}

/// The small vectors of a venue.
fn vectors(venue: &str) -> Value {
    let text = std::fs::read_to_string(data(&format!("{venue}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What `conform` says of a document.
fn conform(venue: &str, document: &Value) -> super::Ran {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("v.json"), document.to_string()).unwrap();
    plimsoll(directory.path(), &["conform", venue, "v.json"])
}

#[test]
fn a_tampered_vector_fails_with_step_expected_and_actual() {
    let mut shown = String::new();
    let mut tamper = |venue: &str, at: &str, value: Value| {
        let mut document = vectors(venue);
        *document.pointer_mut(at).unwrap() = value;
        let ran = conform(venue, &document);
        assert_eq!(ran.code, 1, "{at}");
        shown.push_str(&ran.stdout);
    };
    tamper("tsunamix", "/vectors/1/expected/vault", json!(900_000_001));
    tamper("tsunamix", "/vectors/0/inputs/side", json!("short"));
    tamper("tsunamix", "/vectors/0/kind", json!("a_new_kind"));
    tamper("tsunamix", "/vectors/2/inputs/collateral", json!("a lot"));
    let state = "/vectors/0/trace/1/state";
    tamper(
        "perennial",
        "/vectors/0/trace/1/result",
        json!({ "ok": false }),
    );
    tamper(
        "perennial",
        &format!("{state}/accounts/alice/collateral"),
        json!("1"),
    );
    tamper(
        "perennial",
        &format!("{state}/global/position/maker"),
        Value::Null,
    );
    tamper("perennial", "/vectors/0/trace/0/step/op", json!("explode"));
    tamper("perennial", "/vectors/0/trace", json!([]));
    tamper("perennial", "/vectors/0/config/payoff", json!("sideways"));
    expect![[r#"
        FAILED T01_bounty_split in v.json
          at       vault
          expected 900000001
          actual   900000000
        2 passed, 1 failed
        FAILED L02_page_as_meant_5x in v.json
          at       liq_price
          expected 0.0000174408214
          actual   0.0000257295286
        2 passed, 1 failed
        FAILED L02_page_as_meant_5x in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   no rule answers a vector of kind "a_new_kind"
        2 passed, 1 failed
        FAILED T02_bounty_rounding in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   collateral: invalid digit found in string
        2 passed, 1 failed
        FAILED fee_over_one_refused in v.json
          at       step 1 {"op":"set","param":"liquidationFee","value":"1"}, the result.ok
          expected false
          actual   true
        0 passed, 1 failed
        FAILED fee_over_one_refused in v.json
          at       step 1 {"op":"set","param":"liquidationFee","value":"1"}, the state.accounts.alice.collateral
          expected "1"
          actual   "0"
        0 passed, 1 failed
        FAILED fee_over_one_refused in v.json
          at       step 1 {"op":"set","param":"liquidationFee","value":"1"}, the state.global.position.maker
          expected null
          actual   "0"
        0 passed, 1 failed
        FAILED fee_over_one_refused in v.json
          at       step 0 {"op":"explode","param":"liquidationFee","value":"raw:1000000000000000001"}, interpreting it
          expected a vector of a known kind
          actual   there is no step called "explode"
        0 passed, 1 failed
        FAILED fee_over_one_refused in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   the trace has no steps
        0 passed, 1 failed
        FAILED fee_over_one_refused in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   "sideways" is no known payoff
        0 passed, 1 failed
    "#]].assert_eq(&shown);
}

#[test]
fn a_vector_in_another_venues_language_fails() {
    for (venue, other) in [("tsunamix", "perennial"), ("perennial", "tsunamix")] {
        let ran = conform(venue, &vectors(other));
        assert_eq!(ran.code, 1);
        assert!(last_line(&ran.stdout).starts_with("0 passed, "));
    }
}

#[test]
fn files_that_cannot_be_read_have_failed() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let write = |name: &str, bytes: &[u8]| std::fs::write(at.join(name), bytes).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(vectors("tsunamix").to_string().as_bytes())
        .unwrap();
    let gz = gz.finish().unwrap();
    write("good.gz", &gz);
    write("cut.gz", &gz[..gz.len() / 2]);
    write("magic.gz", &[0x1f, 0x8b]);
    write("empty", b"");
    write("garbage", b"\xff\xfe\x00\x01");
    write("half.json", b"{ \"vectors\": [");
    write("list.json", b"[]");
    write("none.json", b"{ \"vectors\": [] }");
    write("other.json", b"{ \"vectors\": [null, 3, \"x\", {}] }");
    let deep = "[".repeat(100_000);
    write("deep.json", deep.as_bytes());
    let ran = plimsoll(
        at,
        &[
            "conform",
            "tsunamix",
            "good.gz",
            "cut.gz",
            "magic.gz",
            "empty",
            "garbage",
            "half.json",
            "list.json",
            "none.json",
            "other.json",
            "deep.json",
            "missing.json",
            ".",
        ],
    );
    assert_eq!(ran.code, 1);
    expect![[r#"
        FAILED (the file) in cut.gz
          at       interpreting it
          expected a vector of a known kind
          actual   cannot unpack it: incomplete deflate stream
        FAILED (the file) in magic.gz
          at       interpreting it
          expected a vector of a known kind
          actual   cannot unpack it: unexpected end of file
        FAILED (the file) in empty
          at       interpreting it
          expected a vector of a known kind
          actual   it is not JSON: EOF while parsing a value at line 1 column 0
        FAILED (the file) in garbage
          at       interpreting it
          expected a vector of a known kind
          actual   it is not JSON: expected value at line 1 column 1
        FAILED (the file) in half.json
          at       interpreting it
          expected a vector of a known kind
          actual   it is not JSON: EOF while parsing a list at line 1 column 14
        FAILED (the file) in list.json
          at       interpreting it
          expected a vector of a known kind
          actual   there is no list called "vectors" in it
        FAILED (the file) in none.json
          at       interpreting it
          expected a vector of a known kind
          actual   its list of vectors is empty
        FAILED (without id or name) in other.json
          at       interpreting it
          expected a vector of a known kind
          actual   there is no "inputs" in null
        FAILED (without id or name) in other.json
          at       interpreting it
          expected a vector of a known kind
          actual   there is no "inputs" in 3
        FAILED (without id or name) in other.json
          at       interpreting it
          expected a vector of a known kind
          actual   there is no "inputs" in "x"
        FAILED (without id or name) in other.json
          at       interpreting it
          expected a vector of a known kind
          actual   there is no "inputs" in {}
        FAILED (the file) in deep.json
          at       interpreting it
          expected a vector of a known kind
          actual   it is not JSON: recursion limit exceeded at line 1 column 128
        FAILED (the file) in missing.json
          at       interpreting it
          expected a vector of a known kind
          actual   cannot read it: No such file or directory (os error 2)
        FAILED (the file) in .
          at       interpreting it
          expected a vector of a known kind
          actual   cannot read it: Is a directory (os error 21)
        3 passed, 14 failed
        [1]
    "#]]
    .assert_eq(&ran.shown(at));
}

#[test]
fn verdicts_for_scripts_are_one_object_a_line() {
    let mut document = vectors("tsunamix");
    *document.pointer_mut("/vectors/1/expected/vault").unwrap() = json!(1);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("v.json"), document.to_string()).unwrap();
    let ran = plimsoll(
        directory.path(),
        &["conform", "tsunamix", "--json", "v.json", "missing"],
    );
    assert_eq!(ran.code, 1);
    let mut lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.pop().unwrap(), json!({ "passed": 2, "failed": 2 }));
    let failed: Vec<bool> = lines.iter().map(|l| l.get("mismatch").is_some()).collect();
    assert_eq!(failed, [false, true, false, true]);
    assert_eq!(lines[1]["mismatch"]["expected"], "1");
    assert_eq!(lines[1]["mismatch"]["actual"], "900000000");
}

/// Every single value of the small vectors, replaced by others: a verdict comes back, never a
/// crash, and what was changed in the expectations is noticed.
#[test]
fn no_value_makes_it_crash() {
    let others = [
        json!(null),
        json!(-1),
        json!("170141183460469231731687303715884105727"),
        json!("-0.000000000000000001"),
        json!([]),
    ];
    for venue in ["tsunamix", "perennial"] {
        let original = vectors(venue);
        let mut document = json!({ "vectors": [] });
        for vector in original["vectors"].as_array().unwrap() {
            let mut places = Vec::new();
            leaves(vector, String::new(), &mut places);
            for place in places {
                for other in &others {
                    let mut changed = vector.clone();
                    *changed.pointer_mut(&place).unwrap() = other.clone();
                    changed["id"] = json!(format!("{place} = {other}"));
                    document["vectors"].as_array_mut().unwrap().push(changed);
                }
            }
        }
        let ran = conform(venue, &document);
        assert_eq!(ran.code, 1);
        let (passed, failed) = last_line(&ran.stdout).split_once(" passed, ").unwrap();
        let failed = failed.strip_suffix(" failed").unwrap();
        let count = |text: &str| text.parse::<usize>().unwrap();
        let all = document["vectors"].as_array().unwrap().len();
        assert_eq!(count(passed) + count(failed), all);
        assert!(all > 100 && count(failed) * 2 > all, "{}", ran.stdout);
    }
}

/// Where the single values of a document are.
fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                leaves(value, format!("{at}/{key}"), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                leaves(value, format!("{at}/{index}"), found);
            }
        }
        _ => found.push(at),
    }
}

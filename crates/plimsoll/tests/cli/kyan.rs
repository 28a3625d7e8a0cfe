//! `plimsoll conform kyan`: decisions are equal or wrong, numbers near or wrong, and nothing that is
//! asked for is passed over.

use expect_test::expect;
use serde_json::{Value, json};

use super::{data, plimsoll};

/// What is said of the small vectors with one value replaced or added.
fn altered(id: &str, at: &str, value: Value) -> String {
    let text = std::fs::read_to_string(data("kyan.json")).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let vectors = document["vectors"].as_array_mut().unwrap();
    let vector = vectors.iter_mut().find(|v| v["id"] == id).unwrap();
    let (parent, key) = at.rsplit_once('/').unwrap();
    let parent = vector.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        _ => parent[key] = value,
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("v.json"), document.to_string()).unwrap();
    let ran = plimsoll(directory.path(), &["conform", "kyan", "v.json"]);
    assert_eq!(ran.code, i32::from(!ran.stdout.ends_with(" 0 failed\n")));
    ran.stdout
}

#[test]
fn a_tampered_vector_fails_by_its_field() {
    let mut shown = String::new();
    for (id, at, value) in [
        // A lot more is another decision, though it is within the tolerance.
        ("KY-13", "/expected/order/qty", json!(1.13)),
        ("KY-13", "/expected/order/side", json!("SELL")),
        ("KY-13", "/expected/decision", json!("CONTINUE")),
        ("KY-13", "/expected/after/mm", json!(60103.802)),
        ("KY-14", "/expected/min_qty_im", json!(1.038)),
        ("KY-10", "/expected/exact_pairs/0/1", json!(108_000.0)),
        ("KY-10", "/expected/rule/0/K_hi", json!(104_000.0)),
        ("KY-07", "/expected/rows/0/trigger", json!(true)),
        ("KY-26", "/expected/rows/2/accepted", json!(true)),
        (
            "DV-unit",
            "/expected/insolvent/bid_t12_payout_half",
            json!(53),
        ),
        // What nothing answers, and what cannot be read.
        ("KY-13", "/expected/phase_of_the_moon", json!(1)),
        ("KY-13", "/input/legs/0/K", json!(-1)),
        ("KY-13", "/input/legs/0/cp", json!("X")),
        ("KY-14", "/input/ref", json!("KY-99")),
        ("KY-15", "/input/tick", json!(0)),
    ] {
        shown.push_str(&altered(id, at, value));
    }
    expect![[r#"
        FAILED KY-13 in v.json
          at       order.qty
          expected 1.13
          actual   1.129
        10 passed, 1 failed
        FAILED KY-13 in v.json
          at       order.side
          expected "SELL"
          actual   "BUY"
        10 passed, 1 failed
        FAILED KY-13 in v.json
          at       decision
          expected "CONTINUE"
          actual   "RELEASE"
        10 passed, 1 failed
        FAILED KY-13 in v.json
          at       after.mm
          expected 60103.802
          actual   60103.799814599995
        10 passed, 1 failed
        FAILED KY-14 in v.json
          at       min_qty_im
          expected 1.038
          actual   1.039
        10 passed, 1 failed
        FAILED KY-10 in v.json
          at       exact_pairs[0][0]
          expected 100000.0
          actual   104000.0
        10 passed, 1 failed
        FAILED KY-10 in v.json
          at       rule[0].K_hi
          expected 104000.0
          actual   108000.0
        10 passed, 1 failed
        FAILED KY-07 in v.json
          at       rows[0].trigger
          expected true
          actual   false
        10 passed, 1 failed
        FAILED KY-26 in v.json
          at       rows[2].accepted
          expected true
          actual   false
        10 passed, 1 failed
        FAILED DV-unit in v.json
          at       insolvent.bid_t12_payout_half
          expected 53
          actual   52.0
        10 passed, 1 failed
        FAILED KY-13 in v.json
          at       phase_of_the_moon, interpreting it
          expected a vector of a known kind
          actual   nothing here answers the field "phase_of_the_moon" of the account
        10 passed, 1 failed
        FAILED KY-13 in v.json
          at       the engine
          expected a result
          actual   refused: the strike is -1, but must be a number from 1e-12 to 1e12
        FAILED KY-14 in v.json
          at       the engine
          expected a result
          actual   refused: the strike is -1, but must be a number from 1e-12 to 1e12
        9 passed, 2 failed
        FAILED KY-13 in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   "X" is neither C nor P
        FAILED KY-14 in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   "X" is neither C nor P
        9 passed, 2 failed
        FAILED KY-14 in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   there is no vector "KY-99"
        10 passed, 1 failed
        FAILED KY-15 in v.json
          at       rows, the engine
          expected a result
          actual   refused: the price grid has a step of 0 (raw); it must be positive
        10 passed, 1 failed
    "#]]
    .assert_eq(&shown);
}

#[test]
fn what_is_within_the_tolerance_passes() {
    for (id, at, value) in [
        ("KY-13", "/expected/after/mm", json!(60103.8005)),
        ("KY-13", "/expected/before/worst", json!(42)),
        (
            "KY-10",
            "/expected/exact_pairs/0",
            json!([103_000.0, 100_000.0, 1.0]),
        ),
        (
            "KY-13",
            "/expected/decision",
            json!("RELEASE: and cancel the rest"),
        ),
    ] {
        let said = altered(id, at, value);
        assert!(said.ends_with("11 passed, 0 failed\n"), "{at}: {said}");
    }
}

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

/// The same rules asked in other words: accounts row by row, a gap of the index, quotes by option
/// or perpetual, takeovers by the ladder's last level, how far the rule is from the least.
#[test]
fn vectors_of_other_shapes_are_answered() {
    let vector = |title: &str, input: Value, expected: Value| {
        json!({
            "id": title, "title": title, "input": input, "expected": expected,
            "tolerance": 0.001, "how_obtained": "by hand", "source": "",
        })
    };
    let held = json!({ "S": 100_000.0, "perp": 2.0, "entry": 105_000, "collateral": 41_000.0 });
    let mut gap = held.clone();
    gap["S_gap"] = json!(84_000.0);
    let vectors = [
        vector(
            "perpetuals",
            json!({ "S": 100_000.0 }),
            json!({ "rows": [
                { "perp": 1.0, "matrix_risk": 16_000.0, "delta_risk": 0.0, "mm": 16_000.0 },
                { "perp": -2.0, "mm": 33_000.0, "im": 39_600.0, "net_delta": -2.0 },
            ] }),
        ),
        vector(
            "a gap",
            gap,
            json!({
                "before": { "equity": 31_000.0 },
                "after": { "equity": -1_000.0, "bankrupt": true, "state": "BANKRUPT", "if_loss": 1_000.0 },
            }),
        ),
        vector(
            "prices",
            held,
            json!({ "rows": [
                { "S": 100_000.0, "equity": 31_000.0, "trigger": true, "state": "PERP_CLOSE" },
                { "S": 84_000.0, "equity": -1_000.0, "mmr": "inf", "if_payout": 1_000.0 },
            ] }),
        ),
        vector(
            "quotes",
            json!({ "S": 100_000.0 }),
            json!({ "rows": [
                { "mark": 11.459_997, "level": 0, "buy": 112.0, "sell": 1.0 },
                { "cp": "P", "K": 90_000.0, "dte": 14, "iv": 0.66, "q": -3, "level": 3, "limit": 1834.0 },
                { "cp": "P", "K": 90_000.0, "dte": 14, "iv": 0.66, "side": "SELL", "level": 20, "limit": 1.0 },
                { "instrument": "perp", "side": "BUY", "level": 1, "limit": 100_150.0 },
            ] }),
        ),
        vector(
            "takeovers",
            json!({ "S": 100_000.0 }),
            json!({ "rows": [
                { "E": 5_000.0, "q": 2, "paid_to_if": 4_200.0, "if_loss": 0, "rest": 800.0 },
                { "E": -500.0, "q": 2, "paid_to_if": 0, "if_loss": 500.0, "rest": 0 },
            ] }),
        ),
    ];
    let count = vectors.len();
    let text = std::fs::read_to_string(data("kyan.json")).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    document["vectors"] = json!(vectors);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("v.json"), document.to_string()).unwrap();
    let ran = plimsoll(directory.path(), &["conform", "kyan", "v.json"]);
    assert_eq!(ran.stdout, format!("{count} passed, 0 failed\n"));
}

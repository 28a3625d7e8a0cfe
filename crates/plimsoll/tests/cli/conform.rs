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
        ("kuma", &["vectors/kuma.json"]),
        ("kyan", &["vectors/kyan.json"]),
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
    for (venue, passed) in [
        ("tsunamix", 3),
        ("perennial", 1),
        ("kuma", 19),
        ("kyan", 11),
    ] {
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
    for (venue, other) in [
        ("tsunamix", "perennial"),
        ("perennial", "tsunamix"),
        ("perennial", "kuma"),
        ("kuma", "tsunamix"),
        ("kyan", "tsunamix"),
        ("tsunamix", "kyan"),
    ] {
        let ran = conform(venue, &vectors(other));
        assert_eq!(ran.code, 1);
        assert!(last_line(&ran.stdout).starts_with("0 passed, "));
    }
}

/// Kuma's files have sections; whatever is altered in one, the vector and the field are named.
#[test]
fn a_tampered_call_of_kuma_fails_with_step_expected_and_actual() {
    let mut shown = String::new();
    let mut tamper = |at: &str, value: Value| {
        let mut document = vectors("kuma");
        let (parent, name) = at.rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Object(fields) => {
                fields.insert(name.to_owned(), value);
            }
            other => other[name.parse::<usize>().unwrap()] = value,
        }
        let ran = conform("kuma", &document);
        assert_eq!(ran.code, 1, "{at}");
        shown.push_str(&ran.stdout);
    };
    let liquidation = "/scenarios/0";
    for (at, value) in [
        // The state before: a price that makes the wallet sound, and what follows from it.
        ("/before/markets/ETH/indexPrice", json!("200000000000")),
        ("/before/wallets/T1/accountValue", json!("48000000001")),
        ("/before/wallets/T1/positionOrder", json!([])),
        ("/before/wallets/T1/costBasis", json!("1")),
        (
            "/before/wallets/T9",
            json!({ "quote": "5", "positions": {} }),
        ),
        // The call.
        ("/action", json!("liquidateEverybody")),
        ("/args/quoteQuantities", json!(["2198000000002"])),
        ("/args/quoteQuantities", json!([])),
        ("/args/wallet", json!("T7")),
        ("/args/hurry", json!(true)),
        // What comes of it.
        (
            "/result",
            json!({ "ok": false, "revert": "Invalid quote quantity" }),
        ),
        (
            "/result",
            json!({ "ok": true, "revert": "Invalid quote quantity" }),
        ),
        (
            "/after/wallets/IF/positions/ETH/costBasis",
            json!("-2198000000000"),
        ),
        ("/after/wallets/T2", Value::Null),
        ("/after/wallets/T1", json!({ "quote": "1" })),
        ("/quoteSumChange", json!("1")),
        (
            "/doublePipTotals",
            json!({ "T1": { "av": "1", "mmr": "1" } }),
        ),
        ("/gas", json!(21000)),
    ] {
        tamper(&format!("{liquidation}{at}"), value);
    }
    // A refusal for another reason, and one that was none.
    tamper(
        "/scenarios/1/result/revert",
        json!("Position must be non-zero"),
    );
    tamper("/scenarios/2/args/ifDK", json!(true));
    // A hand-off: the partner takes, and its limit.
    tamper("/scenarios/3/args/lpMaker", json!(false));
    tamper("/scenarios/3/args/lpPrice", json!("2170.00000001"));
    tamper("/scenarios/3/args/lpTif", json!("sometime"));
    tamper("/scenarios/6/args/outstandingT1", json!("128866771577"));
    tamper(
        "/scenarios/6/args/multipliersStored/1",
        json!("-62277277501"),
    );
    tamper("/bankruptcyQuote/rows/0/expectedQuote", json!("1"));
    tamper(
        "/bankruptcyQuote/rows/1/revert",
        json!("Pip quantity underflows int64"),
    );
    tamper("/truncatingDivision/0/expected", json!("-4"));
    tamper("/symbolOrder/0/symbol", json!("SUI"));
    tamper(
        "/symbolOrder",
        json!([
            vectors("kuma")["symbolOrder"][1],
            vectors("kuma")["symbolOrder"][0]
        ]),
    );
    tamper("/decimalStrings/0/string", json!("12.3456789"));
    tamper("/eip712/0/value/quantity", json!("10.0000000"));
    tamper("/eip712/0/value/isReduceOnly", json!(false));
    tamper("/eip712/0/domain/chainId", json!(1));
    tamper(
        "/eip712/0/signer",
        json!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
    );
    tamper("/highlights/0/expected/accountValue", json!("480.00000001"));
    tamper("/surprise", json!([]));
    expect![[r#"
        FAILED LM-06-short-plus1 in v.json
          at       before.wallets.T1.accountValue
          expected 48000000000
          actual   198000000000
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       before.wallets.T1.accountValue
          expected 48000000001
          actual   48000000000
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       before.wallets.T1.positionOrder
          expected []
          actual   ["ETH"]
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       before.wallets.T1, interpreting it
          expected a vector of a known kind
          actual   nothing here answers "costBasis"
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       before.wallets.T9.accountValue
          expected nothing
          actual   "5"
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   there is no call "liquidateEverybody"
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       the result
          expected ok
          actual   Invalid quote quantity
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       the result
          expected ok
          actual   panic 0x32
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       the result
          expected ok
          actual   Maintenance margin requirement met
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       args, interpreting it
          expected a vector of a known kind
          actual   nothing here answers "hurry"
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       the result
          expected Invalid quote quantity
          actual   ok
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   a result is either ok or has a revert
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       after.wallets.IF.positions.ETH.costBasis
          expected -2198000000000
          actual   -2198000000001
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       after.wallets.T2
          expected null
          actual   {"accountValue":"346000000000","initialMarginRequirement":"107500000000","maintenanceMarginRequirement":"64500000000","positionOrder":["ETH"],"positions":{"ETH":{"costBasis":"2000000000000","size":"1000000000"}},"quote":"-1804000000000"}
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       after.wallets.T1
          expected {"quote":"1"}
          actual   nothing
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       quoteSumChange
          expected 1
          actual   0
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       doublePipTotals.T1.av
          expected 1
          actual   4800000000000000000
        18 passed, 1 failed
        FAILED LM-06-short-plus1 in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   nothing here answers "gas"
        18 passed, 1 failed
        FAILED AM-05-zero-base in v.json
          at       the result
          expected Position must be non-zero
          actual   Position must move toward zero
        18 passed, 1 failed
        FAILED LAO-04-if-not-dk in v.json
          at       the result
          expected IF order must be reduce only and signed by DK
          actual   ok
        18 passed, 1 failed
        FAILED LAO-09-handoff in v.json
          at       the result
          expected ok
          actual   gtx order must be limit maker
        18 passed, 1 failed
        FAILED LAO-09-handoff in v.json
          at       the result
          expected ok
          actual   Order limit price exceeded
        18 passed, 1 failed
        FAILED LAO-09-handoff in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   "sometime" is none of gtc, gtx, ioc, fok
        18 passed, 1 failed
        FAILED FU-01-five-periods in v.json
          at       outstandingT1
          expected 128866771577
          actual   128866771576
        18 passed, 1 failed
        FAILED FU-01-five-periods in v.json
          at       multipliersStored
          expected 0 -62277277501 454256348 -739200000 789599999 -63483030000
          actual   0 -62277277500 454256348 -739200000 789599999 -63483030000
        18 passed, 1 failed
        FAILED bankruptcyQuote test-short-sign-flip in v.json
          at       the quote
          expected 1
          actual   0
        18 passed, 1 failed
        FAILED bankruptcyQuote test-overflow in v.json
          at       the quote
          expected revert Pip quantity underflows int64
          actual   revert Pip quantity overflows int64
        18 passed, 1 failed
        FAILED truncatingDivision 1 in v.json
          at       the quotient
          expected -4
          actual   -3
        18 passed, 1 failed
        FAILED symbolOrder SUI in v.json
          at       the hash
          expected 0x0a3ec4fc70eaf64faf6eeda4e9b2bd4742a785464053aa23afad8bd24650e86f
          actual   0x542d10e155091389b3358f5f9188642f6ada7c12d94c1ffcb1d3a513e62ac319
        FAILED symbolOrder BERA in v.json
          at       which of the two comes first
          expected SUI
          actual   BERA
        17 passed, 2 failed
        FAILED symbolOrder SOL in v.json
          at       which of the two comes first
          expected BERA
          actual   SOL
        18 passed, 1 failed
        FAILED decimalStrings 1 in v.json
          at       the text
          expected 12.3456789
          actual   12.34567890
        18 passed, 1 failed
        FAILED eip712 IF market buy (reduce only, LAO) signed by delegated key in v.json
          at       value
          expected a result
          actual   refused: quantity: "10.0000000" is not a decimal number with exactly 8 decimals
        18 passed, 1 failed
        FAILED eip712 IF market buy (reduce only, LAO) signed by delegated key in v.json
          at       structHash
          expected 0x9832a2286473c09670db3160409d8e924749e349cb0781afd471d93e546adae1
          actual   0x96b4c45ceabd6961991881b0654a5234737a8fb2f3050352f3e560c4eaae223f
        18 passed, 1 failed
        FAILED eip712 IF market buy (reduce only, LAO) signed by delegated key in v.json
          at       domainSeparator
          expected 0xa15208f405e04a40c5795c034e829516005edc756253471efe071e73041bf737
          actual   0x0e8bb08472de7323ac9d50305b7ff653e16eef04bc607529db71cd0a3ccdde83
        18 passed, 1 failed
        FAILED eip712 IF market buy (reduce only, LAO) signed by delegated key in v.json
          at       signer
          expected 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266
          actual   0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC
        18 passed, 1 failed
        FAILED highlights H01 in v.json
          at       accountValue
          expected 480.00000001
          actual   480
        18 passed, 1 failed
        FAILED (surprise) in v.json
          at       interpreting it
          expected a vector of a known kind
          actual   nothing here answers "surprise"
        19 passed, 1 failed
    "#]]
    .assert_eq(&shown);
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

/// Where the lists of vectors of a venue's file are.
fn lists(venue: &str) -> &'static [&'static str] {
    match venue {
        "kuma" => &[
            "/scenarios",
            "/bankruptcyQuote/rows",
            "/truncatingDivision",
            "/symbolOrder",
            "/decimalStrings",
            "/eip712",
            "/highlights",
        ],
        _ => &["/vectors"],
    }
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
    for venue in ["tsunamix", "perennial", "kuma", "kyan"] {
        let mut document = vectors(venue);
        let mut all = 0;
        for list in lists(venue) {
            let list = document.pointer_mut(list).unwrap().as_array_mut().unwrap();
            let mut altered = Vec::new();
            for vector in &*list {
                let mut places = Vec::new();
                leaves(vector, String::new(), &mut places);
                for place in places {
                    for other in &others {
                        let mut changed = vector.clone();
                        *changed.pointer_mut(&place).unwrap() = other.clone();
                        changed["id"] = json!(format!("{place} = {other}"));
                        altered.push(changed);
                    }
                }
            }
            all += altered.len();
            *list = altered;
        }
        let ran = conform(venue, &document);
        assert_eq!(ran.code, 1);
        let (passed, failed) = last_line(&ran.stdout).split_once(" passed, ").unwrap();
        let failed = failed.strip_suffix(" failed").unwrap();
        let count = |text: &str| text.parse::<usize>().unwrap();
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

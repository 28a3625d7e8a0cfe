//! How values are written.

use plimsoll_sim::sweep::Axis;

/// The values, or why not, after the parameter.
fn check(text: &str, expected: &str) {
    let read = match Axis::parse(text) {
        Ok(axis) => axis.values.join(" | "),
        Err(why) => why.to_string(),
    };
    assert_eq!(read, expected, "{text}");
}

#[test]
fn ranges_are_stepped_exactly_and_include_their_end_when_a_step_meets_it() {
    for (text, expected) in [
        ("p=1..3 step 1", "1 | 2 | 3"),
        ("p=1..3.5 step 1", "1 | 2 | 3"),
        // In floats 0.1 + 0.2 is more than 0.3.
        ("p=0.1..0.3 step 0.1", "0.1 | 0.2 | 0.3"),
        ("p=3..1 step -1", "3 | 2 | 1"),
        ("p=2s..6s step 2s", "2s | 4s | 6s"),
        ("p=-1..1 step 1", "-1 | 0 | 1"),
        ("p=5..5 step 1", "5"),
    ] {
        check(text, expected);
    }
}

#[test]
fn lists_keep_what_brackets_and_quotes_hold_together() {
    for (text, expected) in [
        ("p=a,b , c", "a | b | c"),
        ("p=\"a,b\",c", "a,b | c"),
        (
            "p=[\"book\"],[\"book\",\"deleverage\"]",
            "[\"book\"] | [\"book\",\"deleverage\"]",
        ),
        ("p={ a = 1, b = 2 },3", "{ a = 1, b = 2 } | 3"),
        // The dots of a path are no range.
        ("prices.source=../a,b/../c", "../a | b/../c"),
    ] {
        check(text, expected);
    }
}

#[test]
fn what_is_not_a_parameter_with_values_is_refused_with_what_is_wrong() {
    for (text, why) in [
        ("maintenance", "write PATH=a,b,c or PATH=FROM..TO step STEP"),
        ("=1,2", "there is no path before `=`"),
        ("p=", "a value is empty"),
        ("p=1,,2", "a value is empty"),
        ("p=1,2,1", "the value 1 is listed twice"),
        (
            "p=1..3",
            "a range needs a step: FROM..TO step STEP, such as 0.05..0.10 step 0.01",
        ),
        ("p=1..3 step 0", "the step of the range is zero"),
        ("p=1..3 step -1", "the step -1 leads away from 3"),
        ("p=3..1 step 1", "the step 1 leads away from 1"),
        (
            "p=1s..3m step 1s",
            "the three numbers of a range need the same unit",
        ),
        (
            "p=0..1 step 0.00001",
            "the range has more than 10000 values",
        ),
    ] {
        check(text, &format!("parameter {text:?}: {why}"));
    }
    let why = Axis::parse("p=1..x step 1").unwrap_err().to_string();
    assert!(
        why.contains("\"x\" in the range is not a decimal number"),
        "{why}"
    );
}

//! What a pool history is refused for, by line; what a path through it keeps.

use expect_test::{Expect, expect};
use plimsoll_sim::pools::{Between, PoolPath, PoolState, Token, bundled, read_states};
use plimsoll_sim::prices::Window;

const HEADER: &str = "timestamp_ms,reserve0,reserve1,lp_total_supply,daily_txns";

/// What becomes of a text.
fn read(text: &str) -> String {
    match read_states("pool.csv", text.as_bytes(), &Token::usdc_weth()) {
        Ok((states, interval)) => format!("{} states, {interval} ms apart\n", states.len()),
        Err(refused) => format!("{refused}\n"),
    }
}

#[track_caller]
fn check(bodies: &[&str], expected: &Expect) {
    let told: String = bodies
        .iter()
        .map(|body| read(&format!("{HEADER}\n{body}")))
        .collect();
    expected.assert_eq(&told);
}

const DAY_1: &str = "1609459200000,115833157.968866,92050.30303655883,2.442696910891657,9";
const DAY_2: &str = "1609545600000,115833158.968866,92050.40303655883,2.442696910891657,9";

#[test]
fn sound_histories_are_read() {
    let exponent = "1609545600000,1.15e8,9.2e4,6.9673300428e-08,1";
    check(
        &[
            &format!("{DAY_1}\n{DAY_2}\n"),
            &format!("{DAY_1}\r\n{DAY_2}"),
            &format!("{DAY_1}\n{exponent}\n"),
        ],
        &expect![[r#"
            2 states, 86400000 ms apart
            2 states, 86400000 ms apart
            2 states, 86400000 ms apart
        "#]],
    );
}

#[test]
fn a_pool_without_reserves_or_supply_is_none() {
    check(
        &[
            &format!("{DAY_1}\n1609545600000,0.0,92050.4,2.44,9"),
            &format!("{DAY_1}\n1609545600000,115833158.9,0,2.44,9"),
            &format!("{DAY_1}\n1609545600000,115833158.9,92050.4,0e5,9"),
            // Less than a raw unit is nothing.
            &format!("{DAY_1}\n1609545600000,0.0000009,92050.4,2.44,9"),
            &format!("{DAY_1}\n1609545600000,115833158.9,92050.4,1e-19,9"),
        ],
        &expect![[r#"
            pool.csv, line 3: reserve0 is zero (from "0.0"): a pool without it has no price
            pool.csv, line 3: reserve1 is zero (from "0"): a pool without it has no price
            pool.csv, line 3: lp_total_supply is zero (from "0e5"): a pool without it has no price
            pool.csv, line 3: reserve0 is zero (from "0.0000009"): a pool without it has no price
            pool.csv, line 3: lp_total_supply is zero (from "1e-19"): a pool without it has no price
        "#]],
    );
}

#[test]
fn days_that_are_missing_doubled_or_out_of_order_are_refused() {
    let at = |millis: i64| format!("{millis},1,1,1,9");
    let day = |n: i64| at(1_609_459_200_000 + n * 86_400_000);
    check(
        &[
            &[day(0), day(1), day(3)].join("\n"),
            &[day(0), day(1), day(1)].join("\n"),
            &[day(0), day(0)].join("\n"),
            &[day(1), day(0)].join("\n"),
            &[day(0), day(1), day(0)].join("\n"),
            &[day(0), day(2), day(3)].join("\n"),
        ],
        &expect![[r#"
            pool.csv, line 4: after 2021-01-02 00:00:00.000 comes 2021-01-04 00:00:00.000, states are 86400000 ms apart
            pool.csv, line 4: 2021-01-02 00:00:00.000 is there twice
            pool.csv, line 3: 2021-01-01 00:00:00.000 is there twice
            pool.csv, line 3: 2021-01-01 00:00:00.000 comes after 2021-01-02 00:00:00.000
            pool.csv, line 4: 2021-01-01 00:00:00.000 comes after 2021-01-02 00:00:00.000
            pool.csv, line 4: after 2021-01-03 00:00:00.000 comes 2021-01-04 00:00:00.000, states are 172800000 ms apart
        "#]],
    );
}

#[test]
fn what_is_no_number_is_refused_with_its_text() {
    check(
        &[
            &format!("{DAY_1}\n1609545600000,NaN,92050.4,2.44,9"),
            &format!("{DAY_1}\n1609545600000,inf,92050.4,2.44,9"),
            &format!("{DAY_1}\n1609545600000,-1.0,92050.4,2.44,9"),
            &format!("{DAY_1}\n1609545600000,,92050.4,2.44,9"),
            &format!("{DAY_1}\n1609545600000,1e40,92050.4,2.44,9"),
            &format!("{DAY_1}\n2021-01-02,115833158.9,92050.4,2.44,9"),
            &format!("{DAY_1}\n1609545600,115833158.9,92050.4,2.44,9"),
            &format!("{DAY_1}\n1609545600000,115833158.9,92050.4,2.44"),
            &format!("{DAY_1}\n1609545600000,115833158.9"),
            &format!("{DAY_1}\n\n"),
            DAY_1,
            "",
        ],
        &expect![[r#"
            pool.csv, line 3: reserve0 "NaN" is not an amount: it has something else than digits
            pool.csv, line 3: reserve0 "inf" is not an amount: it has something else than digits
            pool.csv, line 3: reserve0 "-1.0" is not an amount: it is negative
            pool.csv, line 3: reserve0 "" is not an amount: it has no digits
            pool.csv, line 3: reserve0 "1e40" is not an amount: it is more than a pair can hold
            pool.csv, line 3: "2021-01-02" is not a time in milliseconds since 1970
            pool.csv, line 3: "1609545600" is not a time in milliseconds since 1970
            pool.csv, line 3: 4 columns, the header has 5
            pool.csv, line 3: 2 columns, the header has 5
            pool.csv, line 3: 1 columns, the header has 5
            pool.csv: a pool history needs at least two states
            pool.csv: a pool history needs at least two states
        "#]],
    );
}

#[test]
fn files_of_another_kind_are_refused() {
    let long = "9".repeat(3_000);
    let texts = [
        "",
        "timestamp_ms,open,high,low,close,volume\n",
        "timestamp_ms,reserve0,reserve1,lp_total_supply_x\n",
        long.as_str(),
    ];
    let told: String = texts.map(read).concat();
    expect![[r#"
        pool.csv, line 1: "" is not the header, which begins with `timestamp_ms,reserve0,reserve1,lp_total_supply`
        pool.csv, line 1: "timestamp_ms,open,high,low,close,volume" is not the header, which begins with `timestamp_ms,reserve0,reserve1,lp_total_supply`
        pool.csv, line 1: "timestamp_ms,reserve0,reserve1,lp_total_supply_x" is not the header, which begins with `timestamp_ms,reserve0,reserve1,lp_total_supply`
        pool.csv, line 1: longer than 1024 bytes, which no state is
    "#]]
    .assert_eq(&told);
    let bytes = [HEADER.as_bytes(), b"\n\xff\xfe"].concat();
    let refused = read_states("pool.csv", bytes.as_slice(), &Token::usdc_weth()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "pool.csv, line 2: not text (invalid UTF-8)"
    );
}

#[test]
fn a_path_passes_every_recorded_state_and_keeps_the_growth_between() {
    let tokens = Token::usdc_weth();
    let (recorded, record) = bundled(&tokens).unwrap();
    assert!(recorded.len() >= 24, "{} states", recorded.len());
    let between = Between {
        steps_per_day: 24,
        noise_per_day_ppm: 20_000,
        seed: 7,
    };
    let path = |between| {
        let history = (recorded.clone(), record.clone());
        PoolPath::new(tokens.clone(), 0, history, between, Window::ALL).unwrap()
    };
    let walked = path(between);
    let kept: Vec<PoolState> = walked
        .states
        .iter()
        .copied()
        .filter(|s| s.recorded)
        .collect();
    assert_eq!(kept, recorded);
    assert!(walked.states.windows(2).all(|w| w[0].time < w[1].time));
    // The product per LP token never falls by more than floats round.
    let growth = |s: &PoolState| {
        let root = plimsoll_engine::venues::gammaswap::invariant(s.reserves);
        root as f64 / s.supply as f64
    };
    for pair in walked.states.windows(2) {
        let grown = growth(&pair[1]) / growth(&pair[0]);
        assert!(grown > 1.0 - 1e-9, "{} at {}", grown, pair[1].time);
    }
    assert_eq!(walked, path(between), "the same seed");
    assert_ne!(walked, path(Between { seed: 8, ..between }), "another seed");
}

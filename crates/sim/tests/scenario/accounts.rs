//! CSV files of accounts: what is read, and what is refused with which line.

use std::path::Path;

use expect_test::{Expect, expect};
use plimsoll_sim::population::read;
use plimsoll_sim::scenario::Market;

const HEADER: &str = "market,side,collateral,leverage,arrives\n";

fn markets() -> Vec<Market> {
    let market = |symbol: &str| Market {
        symbol: symbol.to_owned(),
    };
    vec![market("BTCUSDT"), market("ETHUSDT")]
}

/// The people of a file, one a line, or the message without the directory's name.
fn outcome(bytes: &[u8]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("people.csv");
    std::fs::write(&path, bytes).unwrap();
    match read(&path, &markets()) {
        Ok(people) => people
            .iter()
            .map(|p| {
                format!(
                    "{} market {} {:?} {} x {}/100\n",
                    p.arrives, p.market, p.side, p.collateral, p.leverage_e2
                )
            })
            .collect(),
        Err(error) => {
            let message = error.to_string();
            message.replace(&directory.path().display().to_string(), "DIR") + "\n"
        }
    }
}

fn check(table: &[&str], expected: &Expect) {
    let shown: String = table.iter().map(|text| outcome(text.as_bytes())).collect();
    expected.assert_eq(&shown);
}

#[test]
fn good_files_come_sorted_by_arrival_and_keep_the_order_of_the_same_moment() {
    let rows = "ETHUSDT,short,100.5,2,2025-10-10T13:00:00Z\n\
                BTCUSDT,long,0.000001,0.01,2025-10-10T12:00:00Z\n\
                ETHUSDT,long,7,10000,2025-10-10T14:00:00+02:00\n\
                \n\
                BTCUSDT, short , 8 , 2.50 ,2025-10-10T11:59:59.999Z";
    check(
        &[&format!("{HEADER}{rows}")],
        &expect![[r#"
        2025-10-10 11:59:59.999 market 0 Short 8000000 x 250/100
        2025-10-10 12:00:00.000 market 0 Long 1 x 1/100
        2025-10-10 12:00:00.000 market 1 Long 7000000 x 1000000/100
        2025-10-10 13:00:00.000 market 1 Short 100500000 x 200/100
    "#]],
    );
    check(
        &[&format!(
            "\u{feff}{HEADER}BTCUSDT,long,1,1,2025-10-10T12:00:00Z\r\n"
        )],
        &expect![[r#"
        2025-10-10 12:00:00.000 market 0 Long 1000000 x 100/100
    "#]],
    );
}

#[test]
fn bad_rows_are_named_by_line() {
    let good = "BTCUSDT,long,1,1,2025-10-10T12:00:00Z\n";
    let rows = [
        "PEPEUSDT,long,1,1,2025-10-10T12:00:00Z",
        "btcusdt,long,1,1,2025-10-10T12:00:00Z",
        "BTCUSDT,up,1,1,2025-10-10T12:00:00Z",
        "BTCUSDT,long,0,1,2025-10-10T12:00:00Z",
        "BTCUSDT,long,-5,1,2025-10-10T12:00:00Z",
        "BTCUSDT,long,1e6,1,2025-10-10T12:00:00Z",
        "BTCUSDT,long,NaN,1,2025-10-10T12:00:00Z",
        "BTCUSDT,long,0.0000001,1,2025-10-10T12:00:00Z",
        "BTCUSDT,long,1000000000001,1,2025-10-10T12:00:00Z",
        "BTCUSDT,long,170141183460469231731687303715884105728,1,2025-10-10T12:00:00Z",
        "BTCUSDT,long,1,0,2025-10-10T12:00:00Z",
        "BTCUSDT,long,1,2.555,2025-10-10T12:00:00Z",
        "BTCUSDT,long,1,10001,2025-10-10T12:00:00Z",
        "BTCUSDT,long,1,1,noon",
        "BTCUSDT,long,1,1,2025-10-10T12:00:00",
        "BTCUSDT,long,1,1,",
        "BTCUSDT,long,1,1",
        "BTCUSDT,long,1,1,2025-10-10T12:00:00Z,more",
        ",,,,",
        "\"BTCUSDT,long",
    ];
    let shown: String = rows
        .iter()
        .map(|row| outcome(format!("{HEADER}{good}{row}\n{good}").as_bytes()))
        .collect();
    expect![[r#"
        DIR/people.csv, line 3: "PEPEUSDT" is not a market of the scenario
        DIR/people.csv, line 3: "btcusdt" is not a market of the scenario
        DIR/people.csv, line 3: side "up" is neither long nor short
        DIR/people.csv, line 3: collateral "0" is not positive
        DIR/people.csv, line 3: collateral "-5" is not positive
        DIR/people.csv, line 3: collateral: "1e6" is not a plain decimal number (digits, optional sign and point)
        DIR/people.csv, line 3: collateral: "NaN" is not a plain decimal number (digits, optional sign and point)
        DIR/people.csv, line 3: collateral: "0.0000001" has more than 6 decimals
        DIR/people.csv, line 3: collateral "1000000000001" is above 1000000000000
        DIR/people.csv, line 3: collateral: "170141183460469231731687303715884105728" is too large
        DIR/people.csv, line 3: leverage "0" is not positive
        DIR/people.csv, line 3: leverage: "2.555" has more than 2 decimals
        DIR/people.csv, line 3: leverage "10001" is above 10000
        DIR/people.csv, line 3: arrives "noon": failed to parse four digit integer as year: invalid digit, expected 0-9 but got n
        DIR/people.csv, line 3: arrives "2025-10-10T12:00:00": failed to find offset component, which is required for parsing a timestamp
        DIR/people.csv, line 3: arrives "": expected four digit year (or leading sign for six digit year), but found end of input
        cannot read the accounts file DIR/people.csv: CSV error: record 2 (line: 3, byte: 78): found record with 4 fields, but the previous record has 5 fields
        cannot read the accounts file DIR/people.csv: CSV error: record 2 (line: 3, byte: 78): found record with 6 fields, but the previous record has 5 fields
        DIR/people.csv, line 3: "" is not a market of the scenario
        cannot read the accounts file DIR/people.csv: CSV error: record 2 (line: 3, byte: 78): found record with 1 fields, but the previous record has 5 fields
    "#]].assert_eq(&shown);
}

#[test]
fn files_that_are_no_accounts() {
    check(
        &[
            "",
            HEADER,
            "BTCUSDT,long,1,1,2025-10-10T12:00:00Z\n",
            "symbol,side,collateral,leverage,arrives\n",
            "market;side;collateral;leverage;arrives\n",
            "market,side,collateral,leverage\n",
        ],
        &expect![[r#"
            DIR/people.csv, line 1: the header must be market,side,collateral,leverage,arrives, not 
            DIR/people.csv: there is no account in it
            DIR/people.csv, line 1: the header must be market,side,collateral,leverage,arrives, not BTCUSDT,long,1,1,2025-10-10T12:00:00Z
            DIR/people.csv, line 1: the header must be market,side,collateral,leverage,arrives, not symbol,side,collateral,leverage,arrives
            DIR/people.csv, line 1: the header must be market,side,collateral,leverage,arrives, not market;side;collateral;leverage;arrives
            DIR/people.csv, line 1: the header must be market,side,collateral,leverage,arrives, not market,side,collateral,leverage
        "#]],
    );
    let not_text = outcome(b"market,side,collateral,leverage,arrives\n\xff\xfe,long,1,1,x\n");
    expect![[r#"
        cannot read the accounts file DIR/people.csv: CSV parse error: record 1 (line 2, field: 0, byte: 40): invalid utf-8: invalid UTF-8 in field 0 near byte index 0
    "#]].assert_eq(&not_text);
    let missing = read(Path::new("no/such/people.csv"), &markets());
    expect![
        "cannot read the accounts file no/such/people.csv: No such file or directory (os error 2)"
    ]
    .assert_eq(&missing.unwrap_err().to_string());
}

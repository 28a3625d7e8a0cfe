//! Everything that is refused, with the message a user sees.

use std::fmt::Write;

use expect_test::{Expect, expect};

use super::{HEADER, MIDNIGHT, archive_line, directory, flat, gzip, load_btc, message, zip};

/// Loads each file alone and prints what came of it.
fn check(cases: &[(&str, &str, Vec<u8>)], expected: &Expect) {
    let mut printed = String::new();
    for (hazard, name, bytes) in cases {
        let place = directory(&[(name, bytes.clone())]);
        let result = load_btc(&place.path().join(name), &[]);
        let text = message(place.path(), result);
        writeln!(printed, "{hazard}\n    {text}").unwrap();
    }
    expected.assert_eq(&printed);
}

/// A plain file whose third line is `line`, after a sound bar at midnight.
fn with_line(line: &str) -> Vec<u8> {
    format!("{}{line}\n", flat(MIDNIGHT, 1, 1, "100")).into_bytes()
}

/// The same with the time of the second bar filled in.
fn with_prices(prices: &str) -> Vec<u8> {
    with_line(&format!("{},{prices}", MIDNIGHT + 300_000))
}

#[test]
fn prices_that_are_none() {
    let plain = |hazard, prices| (hazard, "BTCUSDT.csv", with_prices(prices));
    check(
        &[
            plain("zero", "100,100,0,100,1"),
            plain("zero with decimals", "0.000,100,100,100,1"),
            plain("negative", "100,100,-5,100,1"),
            plain("words", "100,abc,100,100,1"),
            plain("NaN", "100,NaN,100,100,1"),
            plain("infinity", "100,inf,100,100,1"),
            plain("exponent", "100,1e2,100,100,1"),
            plain("empty field", "100,,100,100,1"),
            plain("blank beside the number", "100, 100,100,100,1"),
            plain("nineteen decimals", "100,100.0000000000000000001,100,100,1"),
            plain("too large", "100,1000000000000000000000,100,100,1"),
            plain("quoted", "\"100\",100,100,100,1"),
        ],
        &expect![[r#"
            zero
                DIR/BTCUSDT.csv, line 3: low "0" is not above zero
            zero with decimals
                DIR/BTCUSDT.csv, line 3: open "0.000" is not above zero
            negative
                DIR/BTCUSDT.csv, line 3: low "-5" is not above zero
            words
                DIR/BTCUSDT.csv, line 3: high: "abc" is not a plain decimal number (digits, optional sign and point)
            NaN
                DIR/BTCUSDT.csv, line 3: high: "NaN" is not a plain decimal number (digits, optional sign and point)
            infinity
                DIR/BTCUSDT.csv, line 3: high: "inf" is not a plain decimal number (digits, optional sign and point)
            exponent
                DIR/BTCUSDT.csv, line 3: high: "1e2" is not a plain decimal number (digits, optional sign and point)
            empty field
                DIR/BTCUSDT.csv, line 3: high: "" is not a plain decimal number (digits, optional sign and point)
            blank beside the number
                DIR/BTCUSDT.csv, line 3: high: " 100" is not a plain decimal number (digits, optional sign and point)
            nineteen decimals
                DIR/BTCUSDT.csv, line 3: high: "100.0000000000000000001" has more than 18 decimals
            too large
                DIR/BTCUSDT.csv, line 3: high: "1000000000000000000000" is too large
            quoted
                DIR/BTCUSDT.csv, line 3: open: "\"100\"" is not a plain decimal number (digits, optional sign and point)
        "#]],
    );
}

#[test]
fn bars_that_contradict_themselves() {
    let plain = |hazard, prices| (hazard, "BTCUSDT.csv", with_prices(prices));
    check(
        &[
            plain("high below low", "100,99,101,100,1"),
            plain("open above high", "102,101,99,100,1"),
            plain("open below low", "98,101,99,100,1"),
            plain("close above high", "100,101,99,101.5,1"),
            plain("close below low", "100,101,99,98.999999999999999999,1"),
        ],
        &expect![[r#"
            high below low
                DIR/BTCUSDT.csv, line 3: high 99 is below the low 101
            open above high
                DIR/BTCUSDT.csv, line 3: open 102 is above the high 101
            open below low
                DIR/BTCUSDT.csv, line 3: open 98 is below the low 99
            close above high
                DIR/BTCUSDT.csv, line 3: close 101.5 is above the high 101
            close below low
                DIR/BTCUSDT.csv, line 3: close 98.999999999999999999 is below the low 99
        "#]],
    );
}

#[test]
fn rows_out_of_line() {
    let minute = |bars: &[i64]| {
        let mut text = HEADER.to_owned();
        for bar in bars {
            text.push_str(&format!("{},1,1,1,1,1\n", MIDNIGHT + bar * 60_000));
        }
        text.into_bytes()
    };
    check(
        &[
            ("gap", "BTCUSDT.csv", minute(&[0, 1, 2, 5, 6])),
            ("gap first of all", "BTCUSDT.csv", minute(&[0, 2, 3, 4])),
            (
                "gap first, and the name knows",
                "BTCUSDT_1m.csv",
                minute(&[0, 2]),
            ),
            ("duplicate", "BTCUSDT.csv", minute(&[0, 1, 1, 2])),
            ("duplicate first of all", "BTCUSDT.csv", minute(&[0, 0, 1])),
            ("backwards", "BTCUSDT.csv", minute(&[0, 1, 2, 1, 3])),
            ("backwards first of all", "BTCUSDT.csv", minute(&[5, 0, 1])),
            ("one bar", "BTCUSDT.csv", minute(&[0])),
            (
                "a bar too short to cut in four",
                "BTCUSDT.csv",
                flat(MIDNIGHT, 3, 1_002, "1").into_bytes(),
            ),
            (
                "bars a millisecond apart",
                "BTCUSDT.csv",
                flat(MIDNIGHT, 3, 1, "1").into_bytes(),
            ),
        ],
        &expect![[r#"
            gap
                DIR/BTCUSDT.csv, line 5: gap: the bar at 2025-10-10 00:05:00.000 should be at 2025-10-10 00:03:00.000 (1m after the bar at line 4)
            gap first of all
                DIR/BTCUSDT.csv, line 4: the bar at 2025-10-10 00:03:00.000 is only 1m after the bar before, but the first two bars are 2m apart (a gap between those two?)
            gap first, and the name knows
                DIR/BTCUSDT_1m.csv, line 3: the file's name says 1m, but its first two bars are 2m apart
            duplicate
                DIR/BTCUSDT.csv, line 4: a second bar at 2025-10-10 00:01:00.000 (the first: line 3)
            duplicate first of all
                DIR/BTCUSDT.csv, line 3: a second bar at 2025-10-10 00:00:00.000 (the first: line 2)
            backwards
                DIR/BTCUSDT.csv, line 5: the bar at 2025-10-10 00:01:00.000 comes after the bar at 2025-10-10 00:02:00.000 (line 4)
            backwards first of all
                DIR/BTCUSDT.csv, line 3: the bar at 2025-10-10 00:00:00.000 comes after the bar at 2025-10-10 00:05:00.000 (line 2)
            one bar
                DIR/BTCUSDT.csv: only one bar, so its length cannot be inferred
            a bar too short to cut in four
                DIR/BTCUSDT.csv, line 3: bars 1002 ms apart; a bar lasts at least a second and a whole multiple of 4 ms
            bars a millisecond apart
                DIR/BTCUSDT.csv, line 3: bars 1 ms apart; a bar lasts at least a second and a whole multiple of 4 ms
        "#]],
    );
}

#[test]
fn lines_that_are_no_bars() {
    let plain = |hazard, line: &str| (hazard, "BTCUSDT.csv", with_line(line));
    let long = "1".repeat(2_000);
    let time = MIDNIGHT + 300_000;
    check(
        &[
            plain("five columns", &format!("{time},1,1,1,1")),
            plain("seven columns", &format!("{time},1,1,1,1,1,1")),
            plain("blank line", ""),
            plain("the header again", HEADER.trim_end()),
            plain("time in words", "yesterday,1,1,1,1,1"),
            plain("time with decimals", &format!("{time}.0,1,1,1,1,1")),
            plain("time in seconds", "1760054700,1,1,1,1,1"),
            plain("time in nanoseconds", "1760054700000000000,1,1,1,1,1"),
            plain("time before 1970", "-1760054700000,1,1,1,1,1"),
            plain(
                "microseconds under a header that says ms",
                &format!("{time}000,1,1,1,1,1"),
            ),
            plain("volume in words", &format!("{time},1,1,1,1,much")),
            plain("volume NaN", &format!("{time},1,1,1,1,NaN")),
            plain("volume negative", &format!("{time},1,1,1,1,-1")),
            plain("endless line", &long),
            (
                "not text",
                "BTCUSDT.csv",
                [HEADER.as_bytes(), &[0xff, 0xfe, 0x31]].concat(),
            ),
        ],
        &expect![[r#"
            five columns
                DIR/BTCUSDT.csv, line 3: expected 6 columns, found 5: "1760054700000,1,1,1,1"
            seven columns
                DIR/BTCUSDT.csv, line 3: expected 6 columns, found 7: "1760054700000,1,1,1,1,1,1"
            blank line
                DIR/BTCUSDT.csv, line 3: expected 6 columns, found 1: ""
            the header again
                DIR/BTCUSDT.csv, line 3: timestamp_ms "timestamp_ms" is not a time in milliseconds or microseconds since 1970
            time in words
                DIR/BTCUSDT.csv, line 3: timestamp_ms "yesterday" is not a time in milliseconds or microseconds since 1970
            time with decimals
                DIR/BTCUSDT.csv, line 3: timestamp_ms "1760054700000.0" is not a time in milliseconds or microseconds since 1970
            time in seconds
                DIR/BTCUSDT.csv, line 3: timestamp_ms "1760054700" is not a time in milliseconds or microseconds since 1970
            time in nanoseconds
                DIR/BTCUSDT.csv, line 3: timestamp_ms "1760054700000000000" is not a time in milliseconds or microseconds since 1970
            time before 1970
                DIR/BTCUSDT.csv, line 3: timestamp_ms "-1760054700000" is not a time in milliseconds or microseconds since 1970
            microseconds under a header that says ms
                DIR/BTCUSDT.csv, line 3: timestamp_ms 1760054700000000 is not in milliseconds as the rest of the file is
            volume in words
                DIR/BTCUSDT.csv, line 3: volume "much" is not a number of at least zero
            volume NaN
                DIR/BTCUSDT.csv, line 3: volume "NaN" is not a number of at least zero
            volume negative
                DIR/BTCUSDT.csv, line 3: volume "-1" is not a number of at least zero
            endless line
                DIR/BTCUSDT.csv, line 3: longer than 1024 bytes, which no bar is
            not text
                DIR/BTCUSDT.csv, line 2: not text (invalid UTF-8)
        "#]],
    );
}

#[test]
fn files_without_bars() {
    check(
        &[
            ("nothing", "BTCUSDT.csv", Vec::new()),
            ("a header and nothing", "BTCUSDT.csv", HEADER.into()),
            ("an empty gzip", "BTCUSDT.csv.gz", Vec::new()),
            ("gzip of nothing", "BTCUSDT.csv.gz", gzip(b"")),
            (
                "zip of an empty member",
                "BTCUSDT.zip",
                zip(&[("BTCUSDT.csv", "")]),
            ),
            (
                "zip without csv",
                "BTCUSDT.zip",
                zip(&[("readme.txt", "hi")]),
            ),
            ("another kind of file", "BTCUSDT.parquet", b"PAR1".to_vec()),
            (
                "another table",
                "BTCUSDT.csv",
                b"time,price\n1,2\n".to_vec(),
            ),
            (
                "columns in another order",
                "BTCUSDT.csv",
                b"timestamp_ms,open,close,high,low,volume\n".to_vec(),
            ),
            (
                "six columns without a header",
                "BTCUSDT.csv",
                format!("{MIDNIGHT},1,1,1,1,1\n").into_bytes(),
            ),
        ],
        &expect![[r#"
            nothing
                DIR/BTCUSDT.csv: no bars in it
            a header and nothing
                DIR/BTCUSDT.csv: no bars in it
            an empty gzip
                DIR/BTCUSDT.csv.gz, line 1: cannot be unpacked from here on: unexpected end of file
            gzip of nothing
                DIR/BTCUSDT.csv.gz: no bars in it
            zip of an empty member
                DIR/BTCUSDT.zip:BTCUSDT.csv: no bars in it
            zip without csv
                DIR/BTCUSDT.zip: no price files (.csv, .csv.gz, .zip) in it
            another kind of file
                DIR/BTCUSDT.parquet: prices are read from .csv, .csv.gz and .zip files, or a directory of them
            another table
                DIR/BTCUSDT.csv, line 1: "time,price" is neither a bar nor a known header (`timestamp_ms,open,high,low,close,volume`, or the 12 columns of the public archive that begin with `open_time`)
            columns in another order
                DIR/BTCUSDT.csv, line 1: "timestamp_ms,open,close,high,low,volume" is neither a bar nor a known header (`timestamp_ms,open,high,low,close,volume`, or the 12 columns of the public archive that begin with `open_time`)
            six columns without a header
                DIR/BTCUSDT.csv, line 1: expected 12 columns, found 6: "1760054400000,1,1,1,1,1"
        "#]],
    );
}

#[test]
fn damaged_containers() {
    let text = flat(MIDNIGHT, 400, 300_000, "100.25");
    let packed = gzip(text.as_bytes());
    let mut flipped = packed.clone();
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    let good_zip = zip(&[("BTCUSDT.csv", &text)]);
    let mut bad_crc = good_zip.clone();
    // The checksum of a member stands 14 bytes into its local header, and again 16 bytes into its
    // entry of the central directory, which is the one that is read.
    let entry = bad_crc
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .unwrap();
    bad_crc[entry + 16] ^= 1;
    check(
        &[
            (
                "not gzip at all",
                "BTCUSDT.csv.gz",
                text.clone().into_bytes(),
            ),
            (
                "gzip cut short",
                "BTCUSDT.csv.gz",
                packed[..packed.len() / 2].to_vec(),
            ),
            ("gzip with a wrong checksum", "BTCUSDT.csv.gz", flipped),
            (
                "gzip with a tail",
                "BTCUSDT.csv.gz",
                [&packed[..], b"tail"].concat(),
            ),
            ("not zip at all", "BTCUSDT.zip", text.into_bytes()),
            (
                "zip cut short",
                "BTCUSDT.zip",
                good_zip[..good_zip.len() - 30].to_vec(),
            ),
            ("zip with a wrong checksum", "BTCUSDT.zip", bad_crc),
            ("nothing in the zip file", "BTCUSDT.zip", Vec::new()),
        ],
        &expect![[r#"
            not gzip at all
                DIR/BTCUSDT.csv.gz, line 1: cannot be unpacked from here on: invalid gzip header
            gzip cut short
                DIR/BTCUSDT.csv.gz, line 187: cannot be unpacked from here on: incomplete deflate stream
            gzip with a wrong checksum
                DIR/BTCUSDT.csv.gz, line 402: cannot be unpacked from here on: corrupt gzip stream does not have a matching checksum
            gzip with a tail
                DIR/BTCUSDT.csv.gz, line 402: cannot be unpacked from here on: unexpected end of file
            not zip at all
                DIR/BTCUSDT.zip: not a readable zip: invalid Zip archive: Could not find EOCD
            zip cut short
                DIR/BTCUSDT.zip: not a readable zip: invalid Zip archive: Could not find EOCD
            zip with a wrong checksum
                DIR/BTCUSDT.zip:BTCUSDT.csv, line 402: cannot be unpacked from here on: Invalid checksum
            nothing in the zip file
                DIR/BTCUSDT.zip: not a readable zip: invalid Zip archive: Could not find EOCD
        "#]],
    );
}

#[test]
fn archive_lines_that_are_no_bars() {
    let second = MIDNIGHT + 300_000;
    let after_good = |line: &str| {
        let text = archive_line(MIDNIGHT, 1, "100") + line;
        ("BTCUSDT-5m.csv", text.into_bytes())
    };
    let good = archive_line(second, 1, "100");
    let cases = [
        (
            "milliseconds, then microseconds",
            archive_line(second, 1_000, "100"),
        ),
        (
            "close_time in another unit",
            good.replace("999,", "999999,"),
        ),
        (
            "close before open",
            good.replace(&(second + 299_999).to_string(), &MIDNIGHT.to_string()),
        ),
        ("eleven columns", good.replace(",0\n", "\n")),
        ("trades in words", good.replace(",7,", ",seven,")),
        ("a price of zero", archive_line(second, 1, "0")),
    ];
    let mut cases: Vec<_> = cases
        .iter()
        .map(|(hazard, line)| {
            let (name, bytes) = after_good(line);
            (*hazard, name, bytes)
        })
        .collect();
    let between = archive_line(MIDNIGHT, 1_000, "1").replacen("000000,", "000001,", 1);
    cases.push((
        "between two milliseconds",
        "BTCUSDT-5m.csv",
        between.into_bytes(),
    ));
    let short_header = "open_time,open,high,low,close,volume,close_time\n";
    cases.push(("a short header", "BTCUSDT-5m.csv", short_header.into()));
    check(
        &cases,
        &expect![[r#"
            milliseconds, then microseconds
                DIR/BTCUSDT-5m.csv, line 2: open_time 1760054700000000 is not in milliseconds as the rest of the file is
            close_time in another unit
                DIR/BTCUSDT-5m.csv, line 2: close_time 1760054999999999 is not in milliseconds as the rest of the file is
            close before open
                DIR/BTCUSDT-5m.csv, line 2: close_time 1760054400000 is before open_time 1760054700000
            eleven columns
                DIR/BTCUSDT-5m.csv, line 2: expected 12 columns, found 11: "1760054700000,100,100,100,100,1.5,1760054999999,150.0,7,0.5,50.0"
            trades in words
                DIR/BTCUSDT-5m.csv, line 2: count "seven" is not a number of at least zero
            a price of zero
                DIR/BTCUSDT-5m.csv, line 2: open "0" is not above zero
            between two milliseconds
                DIR/BTCUSDT-5m.csv, line 1: open_time 1760054400000001 microseconds is not a whole millisecond
            a short header
                DIR/BTCUSDT-5m.csv, line 1: expected 12 columns, found 7: "open_time,open,high,low,close,volume,close_time"
        "#]],
    );
}

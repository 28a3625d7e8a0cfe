//! Every form a sound file may have gives the same timeline.

use expect_test::expect;
use plimsoll_sim::prices::{
    Bar, MarketPrice, PriceRequest, Provenance, Timeline, Window, bar_ticks, load,
};
use plimsoll_units::{Duration, Timestamp};

use super::{HEADER, MIDNIGHT, archive_line, directory, flat, gzip, load_btc, message, zip};

const FIVE_MINUTES: i64 = 300_000;

/// Names and contents.
type Files<'a> = Vec<(&'a str, Vec<u8>)>;

fn ticks_of(files: &[(&str, Vec<u8>)]) -> Timeline {
    let place = directory(files);
    load_btc(place.path(), &[]).unwrap()
}

fn archive(scale: i64, from_bar: i64, bars: i64) -> String {
    (from_bar..from_bar + bars)
        .map(|bar| archive_line(MIDNIGHT + bar * FIVE_MINUTES, scale, "100.5"))
        .collect()
}

#[test]
fn all_packings_and_both_units_give_the_same_ticks() {
    let plain = flat(MIDNIGHT, 6, FIVE_MINUTES, "100.5");
    let expected = ticks_of(&[("BTCUSDT_5m.csv", plain.clone().into_bytes())]).ticks;
    assert_eq!(expected.len(), 24);

    let header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,\
                  taker_buy_volume,taker_buy_quote_volume,ignore\n";
    let (first, second) = (archive(1, 0, 3), archive(1_000, 3, 3));
    let futures = format!("{header}{}", archive(1, 0, 6));
    let cases: Vec<(&str, Files<'_>)> = vec![
        ("gzip", vec![("BTCUSDT_5m.csv.gz", gzip(plain.as_bytes()))]),
        (
            "zip",
            vec![("BTCUSDT_5m.zip", zip(&[("BTCUSDT_5m.csv", &plain)]))],
        ),
        (
            "capitals",
            vec![("btcusdt_5M.CSV", plain.clone().into_bytes())],
        ),
        (
            "CRLF",
            vec![("BTCUSDT.csv", plain.replace('\n', "\r\n").into_bytes())],
        ),
        (
            "byte order mark",
            vec![("BTCUSDT.csv", format!("\u{feff}{plain}").into_bytes())],
        ),
        (
            "no last newline",
            vec![("BTCUSDT.csv", plain.trim_end().into())],
        ),
        (
            "archive in ms",
            vec![("BTCUSDT-5m.csv", archive(1, 0, 6).into_bytes())],
        ),
        (
            "archive in us",
            vec![("BTCUSDT-5m.csv", archive(1_000, 0, 6).into_bytes())],
        ),
        (
            "futures archive",
            vec![("BTCUSDT-5m.csv", futures.into_bytes())],
        ),
        (
            "two days, the unit changed between them, listed in the wrong order",
            vec![
                ("BTCUSDT-5m-2024-12-31.csv", second.clone().into_bytes()),
                ("BTCUSDT-5m-2025-01-01.csv", first.clone().into_bytes()),
            ],
        ),
        (
            "one day zipped, one not",
            vec![
                (
                    "BTCUSDT-5m-2025-10-09.zip",
                    zip(&[("BTCUSDT-5m-2025-10-09.csv", &first)]),
                ),
                ("BTCUSDT-5m-2025-10-10.csv", second.clone().into_bytes()),
            ],
        ),
        (
            "two members in one zip",
            vec![(
                "archive.zip",
                zip(&[
                    ("BTCUSDT-5m-2025-10-10.csv", &second),
                    ("BTCUSDT-5m-2025-10-09.csv", &first),
                    ("notes.txt", "not prices"),
                    ("__MACOSX/._BTCUSDT-5m-2025-10-09.csv", "not prices either"),
                ]),
            )],
        ),
        (
            "a directory per market",
            vec![
                ("BTCUSDT/5m-2025-10-09.csv", first.into_bytes()),
                ("BTCUSDT/5m-2025-10-10.csv", second.into_bytes()),
            ],
        ),
    ];
    for (name, files) in cases {
        assert_eq!(ticks_of(&files).ticks, expected, "{name}");
    }
}

#[test]
fn days_that_do_not_join_are_refused_at_the_seam() {
    let day = |from_bar| archive(1, from_bar, 3).into_bytes();
    let cases = [
        ("a day missing", 6),
        ("a day twice", 0),
        ("days overlapping", 2),
    ];
    let mut printed = String::new();
    for (hazard, second_from) in cases {
        let place = directory(&[
            ("BTCUSDT-5m-2025-10-09.csv", day(0)),
            ("BTCUSDT-5m-2025-10-10.csv", day(second_from)),
        ]);
        let text = message(place.path(), load_btc(place.path(), &[]));
        printed.push_str(&format!("{hazard}\n    {text}\n"));
    }
    expect![[r#"
        a day missing
            DIR/BTCUSDT-5m-2025-10-10.csv, line 1: gap: the bar at 2025-10-10 00:30:00.000 should be at 2025-10-10 00:15:00.000 (5m after the bar at DIR/BTCUSDT-5m-2025-10-09.csv, line 3)
        a day twice
            DIR/BTCUSDT-5m-2025-10-10.csv, line 1: the bar at 2025-10-10 00:00:00.000 comes after the bar at 2025-10-10 00:10:00.000 (DIR/BTCUSDT-5m-2025-10-09.csv, line 3)
        days overlapping
            DIR/BTCUSDT-5m-2025-10-10.csv, line 1: a second bar at 2025-10-10 00:10:00.000 (the first: DIR/BTCUSDT-5m-2025-10-09.csv, line 3)
    "#]].assert_eq(&printed);
}

#[test]
fn a_bar_becomes_open_nearer_farther_close() {
    let price = |text: &str| text.parse::<MarketPrice>().unwrap();
    let cases = [
        ("low nearer", ["100", "110", "98", "105"], "100 98 110 105"),
        ("high nearer", ["100", "101", "90", "95"], "100 101 90 95"),
        (
            "equally near: the low first",
            ["100", "110", "90", "109"],
            "100 90 110 109",
        ),
        (
            "equally near, falling: the same",
            ["100", "110", "90", "91"],
            "100 90 110 91",
        ),
        (
            "open is the low",
            ["100", "103", "100", "101"],
            "100 100 103 101",
        ),
        (
            "open is the high",
            ["100", "100", "97", "99"],
            "100 100 97 99",
        ),
        ("flat", ["100", "100", "100", "100"], "100 100 100 100"),
    ];
    for (name, [open, high, low, close], expected) in cases {
        let bar = Bar {
            open_time: Timestamp(MIDNIGHT),
            open: price(open),
            high: price(high),
            low: price(low),
            close: price(close),
        };
        let ticks = bar_ticks(&bar, Duration(FIVE_MINUTES));
        let prices: Vec<String> = ticks.iter().map(|(_, price)| price.to_string()).collect();
        assert_eq!(prices.join(" "), expected, "{name}");
        let after: Vec<i64> = ticks
            .iter()
            .map(|(time, _)| time.millis() - MIDNIGHT)
            .collect();
        assert_eq!(after, [0, 75_000, 150_000, 225_000], "{name}");
    }
}

#[test]
fn prices_are_exact_to_the_last_of_eighteen_decimals() {
    let price = "0.000000000000000001";
    let timeline = ticks_of(&[("BTCUSDT.csv", flat(MIDNIGHT, 2, 1_000, price).into_bytes())]);
    assert_eq!(timeline.ticks[0].prices, [(0, MarketPrice::from_raw(1))]);
    let long = "123456789012345678.123456789012345678";
    let timeline = ticks_of(&[("BTCUSDT.csv", flat(MIDNIGHT, 2, 1_000, long).into_bytes())]);
    assert_eq!(timeline.ticks[7].prices[0].1.to_string(), long);
}

#[test]
fn markets_share_a_tick_when_they_share_a_time() {
    let place = directory(&[
        ("AUSDT.csv", flat(MIDNIGHT, 3, 4_000, "1").into_bytes()),
        (
            "BUSDT.csv",
            flat(MIDNIGHT + 4_000, 2, 8_000, "2").into_bytes(),
        ),
    ]);
    let requests = [
        PriceRequest::new("BUSDT", &[]),
        PriceRequest::new("AUSDT", &[]),
    ];
    let window = Window {
        from: Timestamp(MIDNIGHT + 2_000),
        to: Timestamp(MIDNIGHT + 10_000),
    };
    let timeline = load(place.path(), &requests, window).unwrap();
    assert_eq!(timeline.markets, ["BUSDT", "AUSDT"]);
    let printed: Vec<String> = timeline
        .ticks
        .iter()
        .map(|tick| format!("{} {:?}", tick.time.millis() - MIDNIGHT, tick.prices))
        .collect();
    expect![[r#"
        2000 [(1, Price(1))]
        3000 [(1, Price(1))]
        4000 [(0, Price(2)), (1, Price(1))]
        5000 [(1, Price(1))]
        6000 [(0, Price(2)), (1, Price(1))]
        7000 [(1, Price(1))]
        8000 [(0, Price(2)), (1, Price(1))]
        9000 [(1, Price(1))]"#]]
    .assert_eq(&printed.join("\n"));

    let nowhere = Window {
        from: Timestamp(MIDNIGHT + 12_000),
        to: Timestamp(MIDNIGHT + 16_000),
    };
    let refused = message(place.path(), load(place.path(), &requests, nowhere));
    expect!["no prices of AUSDT from 2025-10-10 00:00:12.000 up to 2025-10-10 00:00:16.000; its prices run from 2025-10-10 00:00:00.000 to 2025-10-10 00:00:11.000"].assert_eq(&refused);
    assert_eq!(
        load(place.path(), &[], Window::ALL)
            .unwrap_err()
            .to_string(),
        "no market was asked for"
    );
}

#[test]
fn the_provenance_names_every_file_with_its_hash() {
    let text = flat(MIDNIGHT, 2, FIVE_MINUTES, "100");
    let timeline = ticks_of(&[("BTCUSDT_5m.csv", text.clone().into_bytes())]);
    let Provenance::Files { markets, .. } = &timeline.provenance else {
        panic!("{:?}", timeline.provenance);
    };
    let file = &markets[0].files[0];
    assert_eq!(file.blake3, blake3::hash(text.as_bytes()).to_hex().as_str());
    assert_eq!(file.bytes, text.len() as u64);

    let place = directory(&[
        ("day/BTCUSDT.csv", HEADER.into()),
        ("day/x/y/BTCUSDT.csv", text.into()),
    ]);
    // Deeper than one level is not looked at: the only file seen is the empty one.
    let refused = message(place.path(), load_btc(place.path(), &[]));
    assert_eq!(refused, "DIR/day/BTCUSDT.csv: no bars in it");
    expect![[r#"
        BTCUSDT: 2 bars of 5m, 2025-10-10 00:00:00.000 to 2025-10-10 00:05:00.000 (UTC, opening times)
          BTCUSDT_5m.csv: 2 bars, 104 bytes, blake3 6ca80694275d8e90ab5867acd121241715112b81a0e168f83ac0aa8c49719238"#]].assert_eq(
        &timeline
            .provenance
            .to_string()
            .lines()
            .skip(1)
            .collect::<Vec<_>>()
            .join("\n"),
    );
}

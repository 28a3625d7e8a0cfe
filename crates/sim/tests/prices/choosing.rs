//! Which file belongs to which market.

use std::path::Path;

use expect_test::expect;
use plimsoll_sim::prices::Provenance;

use super::{MIDNIGHT, directory, flat, load_btc, message, zip};

/// Files that all hold sound bars of the interval their names say.
fn shelf(names: &[&str]) -> tempfile::TempDir {
    let files: Vec<(&str, Vec<u8>)> = names
        .iter()
        .map(|name| {
            let step = if name.contains("1h") {
                3_600_000
            } else if name.contains("3m") {
                180_000
            } else {
                300_000
            };
            (*name, flat(MIDNIGHT, 2, step, "1").into_bytes())
        })
        .collect();
    directory(&files)
}

/// The chosen files, or the message.
fn chosen(place: &Path, prefer: &[&str]) -> String {
    match load_btc(place, prefer) {
        Ok(timeline) => match timeline.provenance {
            Provenance::Files { markets, .. } => {
                let names: Vec<&str> = markets[0]
                    .files
                    .iter()
                    .map(|file| file.name.as_str())
                    .collect();
                names.join(" ")
            }
            Provenance::Bundled { .. } => "bundled".to_owned(),
            Provenance::Pool(_) => "a pool".to_owned(),
        },
        refused => message(place, refused),
    }
}

#[test]
fn preferences_decide_in_their_order() {
    let place = shelf(&[
        "binance_spot_BTCUSDT_5m.csv",
        "binance_perp_BTCUSDT_5m.csv",
        "binance_perp_BTCUSDT_3m.csv",
        "binance_perp_mark_BTCUSDT_1h.csv",
        "binance_spot_BTCUSDTX_5m.csv",
        "multi_venue_perp_1h.csv",
    ]);
    let cases: [&[&str]; 9] = [
        &["perp", "5m"],
        &["PERP", "3M"],
        &["spot"],
        &["5m", "spot"],
        &["3m", "spot"],
        &["mark"],
        &["perp"],
        &["okx", "spot"],
        &[],
    ];
    let printed: Vec<String> = cases
        .iter()
        .map(|prefer| format!("{prefer:?}: {}", chosen(place.path(), prefer)))
        .collect();
    expect![[r#"
        ["perp", "5m"]: binance_perp_BTCUSDT_5m.csv
        ["PERP", "3M"]: binance_perp_BTCUSDT_3m.csv
        ["spot"]: binance_spot_BTCUSDT_5m.csv
        ["5m", "spot"]: binance_spot_BTCUSDT_5m.csv
        ["3m", "spot"]: binance_perp_BTCUSDT_3m.csv
        ["mark"]: binance_perp_mark_BTCUSDT_1h.csv
        ["perp"]: several price series for BTCUSDT, and `prefer` does not decide: binance_perp_BTCUSDT_3m, binance_perp_BTCUSDT_5m
        ["okx", "spot"]: binance_spot_BTCUSDT_5m.csv
        []: several price series for BTCUSDT, and `prefer` does not decide: binance_perp_BTCUSDT_3m, binance_perp_BTCUSDT_5m, binance_spot_BTCUSDT_5m"#]].assert_eq(&printed.join("\n"));
}

#[test]
fn directories_count_as_part_of_the_name() {
    let place = shelf(&[
        "spot/BTCUSDT-5m-2025-10-10.csv",
        "perp/BTCUSDT-5m-2025-10-10.csv",
    ]);
    assert_eq!(
        chosen(place.path(), &["perp"]),
        "perp/BTCUSDT-5m-2025-10-10.csv"
    );
    let refused = "several price series for BTCUSDT, and `prefer` does not decide: \
                   perp/BTCUSDT-5m, spot/BTCUSDT-5m";
    assert_eq!(chosen(place.path(), &["5m"]), refused);
}

#[test]
fn directories_inside_a_zip_count_too() {
    let text = flat(MIDNIGHT, 2, 300_000, "1");
    let place = directory(&[(
        "october.zip",
        zip(&[
            ("spot/BTCUSDT-5m.csv", &text),
            ("perp/BTCUSDT-5m.csv", &text),
        ]),
    )]);
    assert_eq!(
        chosen(place.path(), &["spot"]),
        "october.zip:spot/BTCUSDT-5m.csv"
    );
}

#[test]
fn derived_prices_are_never_taken_unasked() {
    let place = shelf(&["binance_perp_mark_BTCUSDT_1h.csv"]);
    let refused = "no prices for BTCUSDT in DIR; there are: binance_perp_mark_BTCUSDT_1h";
    assert_eq!(chosen(place.path(), &["perp", "1h"]), refused);
    assert_eq!(
        chosen(place.path(), &["mark"]),
        "binance_perp_mark_BTCUSDT_1h.csv"
    );
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let empty = shelf(&[]);
    let other = shelf(&["ETHUSDT_5m.csv", "SOLUSDT_5m.csv"]);
    let many_names: Vec<String> = (0..25).map(|i| format!("C{i:02}USDT_5m.csv")).collect();
    let many = shelf(&many_names.iter().map(String::as_str).collect::<Vec<_>>());
    let printed = [
        chosen(empty.path(), &[]),
        chosen(other.path(), &[]),
        chosen(&other.path().join("ETHUSDT_5m.csv"), &[])
            .replace(&other.path().display().to_string(), "DIR"),
        chosen(many.path(), &[]),
        chosen(&empty.path().join("BTCUSDT.csv"), &[])
            .replace(&empty.path().display().to_string(), "DIR"),
    ];
    expect![[r#"
        DIR: no price files (.csv, .csv.gz, .zip) in it
        no prices for BTCUSDT in DIR; there are: ETHUSDT_5m, SOLUSDT_5m
        no prices for BTCUSDT in DIR; there are: ETHUSDT_5m
        no prices for BTCUSDT in DIR; there are: C00USDT_5m, C01USDT_5m, C02USDT_5m, C03USDT_5m, C04USDT_5m, C05USDT_5m, C06USDT_5m, C07USDT_5m, C08USDT_5m, C09USDT_5m, C10USDT_5m, C11USDT_5m, C12USDT_5m, C13USDT_5m, C14USDT_5m, C15USDT_5m, C16USDT_5m, C17USDT_5m, C18USDT_5m, C19USDT_5m and 5 more
        DIR: No such file or directory (os error 2)"#]].assert_eq(&printed.join("\n"));
}

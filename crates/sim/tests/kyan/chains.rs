//! Chains that are read, and chains that are refused with file and line.

use std::path::{Path, PathBuf};

use expect_test::expect;
use plimsoll_engine::pricing::{Black76, door};
use plimsoll_sim::options::{self, Choice, OptionsError};

const HEADER: &str = "timestamp,instrument_name,underlying,underlying_name,option_type,strike,\
    expiry_datetime,time_to_maturity,bid_price,ask_price,mark_price,mid_price,futures_price,\
    futures_instrument_name,implied_volatility,delta,vega,open_interest,volume,bid_ask_spread,\
    currency,index_price,volume_usd";

/// A row; each place may be replaced.
fn row(changes: &[(usize, &str)]) -> String {
    let mut fields = [
        "2026-02-03T04:29:35.033992+00:00",
        "BTC-6FEB26-88000-P",
        "78439.07",
        "BTC-6FEB26",
        "put",
        "88000.0",
        "2026-02-06T08:00:00+00:00",
        "0.0086",
        "0.121",
        "0.124",
        "0.12225415",
        "0.1225",
        "78439.07",
        "BTC-6FEB26",
        "0.5874",
        "-0.98132",
        "3.32711",
        "419.5",
        "2.7",
        "0.003",
        "BTC",
        "78447.6",
        "27313.93",
    ];
    for (at, value) in changes {
        fields[*at] = value;
    }
    fields.join(",")
}

fn read(text: &str) -> Result<Vec<options::Chain>, OptionsError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chain.csv");
    std::fs::write(&path, text).unwrap();
    options::read(&path, "BTC").map_err(|error| match error {
        // The directory has another name every time.
        OptionsError::Row { line, why, .. } => OptionsError::Row {
            path: PathBuf::from("chain.csv"),
            line,
            why,
        },
        OptionsError::Header { why, .. } => OptionsError::Header {
            path: PathBuf::from("chain.csv"),
            why,
            header: "..".to_owned(),
        },
        OptionsError::Read { why, .. } => OptionsError::Read {
            path: PathBuf::from("chain.csv"),
            why,
        },
        OptionsError::Nothing { coin, .. } => OptionsError::Nothing {
            path: PathBuf::from("chain.csv"),
            coin,
        },
        other => other,
    })
}

fn refused(hazard: &str, text: &str) -> String {
    match read(text) {
        Err(error) => format!("{hazard}: {error}\n"),
        Ok(_) => panic!("{hazard} is taken"),
    }
}

#[test]
fn a_chain_is_read_field_by_field() {
    let quoted = row(&[]);
    let call = [
        (1, "BTC-6FEB26-88000-C"),
        (4, "call"),
        (8, ""),
        (9, "0.0"),
        (21, "78400"),
    ];
    let text = format!(
        "{HEADER}\n{quoted}\n{}\n{}\n",
        row(&call),
        row(&[(20, "ETH"), (14, "")])
    );
    let chains = read(&text).unwrap();
    let [chain] = chains.as_slice() else {
        panic!("{chains:?}")
    };
    assert_eq!(chain.at.to_string(), "2026-02-03 04:29:35.033");
    assert_eq!(chain.index.to_string(), "78447.6");
    let [call, put] = chain.options.as_slice() else {
        panic!("{chain:?}")
    };
    assert_eq!((put.vol_e9, put.interest), (587_400_000, 419_500_000));
    assert_eq!(
        (put.bid, put.ask, call.bid, call.ask),
        (true, true, false, false)
    );
}

#[test]
fn what_makes_no_sense_is_refused_by_line() {
    let one = |changes: &[(usize, &str)]| format!("{HEADER}\n{}\n", row(changes));
    let twice = format!("{HEADER}\n{}\n{}\n", row(&[]), row(&[]));
    let alias = row(&[(1, "BTC-06FEB26-88000-P")]);
    let aliased = format!("{HEADER}\n{}\n{alias}\n", row(&[]));
    let two_times = row(&[(0, "2026-02-03T05:00:00+00:00"), (1, "other-P")]);
    let later = format!("{HEADER}\n{}\n{two_times}\n", row(&[]));
    let cut = format!("{HEADER}\n{}\n", row(&[]).rsplit_once(',').unwrap().0);
    let unknown = format!("{HEADER},gamma\n{},1\n", row(&[]));
    let missing = one(&[]).replacen("implied_volatility", "iv", 1);
    let double = one(&[]).replacen("delta", "vega", 1);
    let cases = [
        ("no volatility", one(&[(14, "")])),
        ("a volatility of zero", one(&[(14, "0.0")])),
        ("a volatility below zero", one(&[(14, "-0.4")])),
        ("an absurd volatility", one(&[(14, "25")])),
        ("NaN", one(&[(14, "nan")])),
        ("an infinite strike", one(&[(5, "inf")])),
        ("the same option twice", twice),
        ("one option under two names", aliased),
        ("a bid above the ask", one(&[(8, "0.2")])),
        (
            "an expired option",
            one(&[(6, "2026-02-03T04:29:35+00:00")]),
        ),
        ("a name of the other kind", one(&[(4, "call")])),
        ("neither call nor put", one(&[(4, "straddle")])),
        ("no strike", one(&[(5, "")])),
        ("a strike of zero", one(&[(5, "0")])),
        ("a forward below zero", one(&[(2, "-1")])),
        ("open interest below zero", one(&[(17, "-1")])),
        ("a bid below zero", one(&[(8, "-0.1")])),
        ("a time that is none", one(&[(0, "yesterday")])),
        ("rows of two moments", later),
        ("a row cut short", cut),
        ("an unknown column", unknown),
        ("a missing column", missing),
        ("a column twice", double),
        ("nothing of the coin", one(&[(20, "ETH")])),
        ("an empty file", String::new()),
    ];
    let told: String = cases
        .iter()
        .map(|(hazard, text)| refused(hazard, text))
        .collect();
    expect![[r#"
        no volatility: chain.csv, line 2: BTC-6FEB26-88000-P has no implied volatility
        a volatility of zero: chain.csv, line 2: implied_volatility "0.0" is not above zero and at most 10
        a volatility below zero: chain.csv, line 2: implied_volatility "-0.4" is not above zero and at most 10
        an absurd volatility: chain.csv, line 2: implied_volatility "25" is not above zero and at most 10
        NaN: chain.csv, line 2: implied_volatility "nan" is not a number
        an infinite strike: chain.csv, line 2: strike "inf" is not a number
        the same option twice: chain.csv, line 3: BTC-6FEB26-88000-P is listed twice
        one option under two names: chain.csv: two names for the Put at 88000 of 2026-02-06 08:00:00.000
        a bid above the ask: chain.csv, line 2: BTC-6FEB26-88000-P: the bid 0.2 is above the ask 0.124
        an expired option: chain.csv, line 2: BTC-6FEB26-88000-P has expired: 2026-02-03 04:29:35.000 is not after 2026-02-03 04:29:35.033
        a name of the other kind: chain.csv, line 2: BTC-6FEB26-88000-P is not the name of a Call
        neither call nor put: chain.csv, line 2: option_type "straddle" is neither call nor put
        no strike: chain.csv, line 2: strike "" is not a number
        a strike of zero: chain.csv, line 2: strike "0" is not above zero
        a forward below zero: chain.csv, line 2: underlying "-1" is not above zero
        open interest below zero: chain.csv, line 2: BTC-6FEB26-88000-P: mark_price or open_interest is below zero
        a bid below zero: chain.csv, line 2: bid_price "-0.1" is below zero
        a time that is none: chain.csv, line 2: timestamp "yesterday" is not a time
        rows of two moments: chain.csv, line 3: timestamp 2026-02-03 05:00:00.000 is not that of the rows before
        a row cut short: chain.csv, line 2: CSV error: record 1 (line: 2, byte: 282): found record with 22 fields, but the previous record has 23 fields
        an unknown column: chain.csv: there is an unknown column "gamma"; the header is ..
        a missing column: chain.csv: there is an unknown column "iv"; the header is ..
        a column twice: chain.csv: there is no column "delta"; the header is ..
        nothing of the coin: chain.csv has no options of BTC
        an empty file: chain.csv: there is no column "timestamp"; the header is ..
    "#]].assert_eq(&told);
}

#[test]
fn any_bytes_are_refused_or_read_but_never_worse() {
    use proptest::prelude::*;
    proptest!(ProptestConfig::with_cases(64), |(at in 0usize..23, junk in "[ -~]{0,12}")| {
        let junk = junk.replace([',', '"'], "");
        let _ = read(&format!("{HEADER}\n{}\n", row(&[(at, &junk)])));
    });
}

#[test]
fn two_files_of_one_moment_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["deribit_options_a.csv", "deribit_options_b.csv"] {
        let text = format!("{HEADER}\n{}\n", row(&[]));
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let error = options::read(directory.path(), "BTC").unwrap_err();
    assert!(matches!(error, OptionsError::Twice { .. }), "{error}");
}

/// The directory of real chains, or `None` with a printed reason.
fn real() -> Option<PathBuf> {
    let root = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/options/deribit"
    );
    let path = Path::new(root);
    if !path.is_dir() {
        println!("skipped: there are no chains at {root}");
        return None;
    }
    Some(path.to_owned())
}

#[test]
fn marks_of_real_chains_are_black_76_on_their_volatility() {
    let Some(directory) = real() else { return };
    for chain in options::read(&directory, "BTC").unwrap() {
        let mut errors: Vec<f64> = chain
            .options
            .iter()
            .map(|option| {
                let millis = option.expiry.millis() - chain.at.millis();
                let black = Black76::new(
                    option.right.into(),
                    door::enter(option.forward.raw(), 8),
                    door::enter(option.strike.raw(), 8),
                    door::enter(option.vol_e9.into(), 9),
                    door::years(millis),
                    0.0,
                );
                let price = black.unwrap().price() / door::enter(option.forward.raw(), 8);
                (price - door::enter(option.mark_e8.into(), 8)).abs()
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        let median = errors[errors.len() / 2];
        assert!(median < 5e-4, "{}: median error {median} coin", chain.at);
    }
}

#[test]
fn every_real_chain_makes_a_surface_mostly_of_fitted_curves() {
    let Some(directory) = real() else { return };
    let market = options::load(&directory, "BTC").unwrap();
    let notes: Vec<_> = market.snapshots.iter().flat_map(|s| &s.smiles).collect();
    let of = |choice| notes.iter().filter(|n| n.choice == choice).count();
    assert!(
        of(Choice::Fitted) * 2 > notes.len(),
        "{} of {}",
        of(Choice::Fitted),
        notes.len()
    );
    for note in notes {
        assert_eq!(
            note.why.is_none(),
            note.choice == Choice::Fitted,
            "{note:?}"
        );
    }
    for snapshot in &market.snapshots {
        snapshot.quoted.check().unwrap();
    }
}

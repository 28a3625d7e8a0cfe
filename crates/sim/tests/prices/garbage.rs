//! Whatever the bytes are, the reader answers with bars or a message.

use std::io::BufReader;

use plimsoll_sim::prices::{PriceError, Timeline, read_bars};
use proptest::prelude::*;

use super::{MIDNIGHT, archive_line, directory, flat, gzip, load_btc, zip};

/// A result that is a timeline must be a sound one.
fn check_sound(result: Result<Timeline, PriceError>) {
    let Ok(timeline) = result else { return };
    assert!(!timeline.ticks.is_empty());
    for pair in timeline.ticks.windows(2) {
        assert!(pair[0].time < pair[1].time);
    }
    for tick in &timeline.ticks {
        assert!(tick.prices.iter().all(|(_, price)| price.is_positive()));
    }
}

/// A sound file of one of the forms, and the name it goes by.
fn sound_file() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let plain = flat(MIDNIGHT, 20, 300_000, "0.25");
    let archive: String = (0..20)
        .map(|bar| archive_line(MIDNIGHT + bar * 300_000, 1_000, "121662.41"))
        .collect();
    prop_oneof![
        Just(("BTCUSDT.csv", plain.clone().into_bytes())),
        Just(("BTCUSDT.csv", archive.clone().into_bytes())),
        Just(("BTCUSDT.csv.gz", gzip(archive.as_bytes()))),
        Just(("BTCUSDT.zip", zip(&[("BTCUSDT.csv", &plain)]))),
    ]
}

#[test]
fn a_line_without_end_is_given_up() {
    let endless = BufReader::new(std::io::repeat(b'1'));
    let refused = read_bars("endless", endless).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "endless, line 1: longer than 1024 bytes, which no bar is"
    );
}

proptest! {
    #[test]
    fn any_bytes_as_text(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_bars("any", &bytes[..]);
    }

    #[test]
    fn any_text_that_looks_like_klines(text in "(timestamp_ms,open,high,low,close,volume\n)?([0-9,.\\-+eNa]{0,40}\n){0,5}") {
        if let Ok(read) = read_bars("any", text.as_bytes()) {
            for bar in read.bars {
                prop_assert!(bar.low.is_positive() && bar.low <= bar.high);
                prop_assert!(bar.open >= bar.low && bar.open <= bar.high);
                prop_assert!(bar.close >= bar.low && bar.close <= bar.high);
            }
        }
    }

    #[test]
    fn any_bytes_in_any_container(
        name in prop::sample::select(vec!["BTCUSDT.csv", "BTCUSDT.csv.gz", "BTCUSDT.zip"]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let place = directory(&[(name, bytes)]);
        check_sound(load_btc(place.path(), &[]));
    }

    #[test]
    fn sound_files_with_a_few_bytes_changed_or_cut(
        (name, mut bytes) in sound_file(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        keep in any::<prop::sample::Index>(),
        cut: bool,
    ) {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(keep.index(bytes.len()));
        }
        let place = directory(&[(name, bytes)]);
        check_sound(load_btc(place.path(), &[]));
    }
}

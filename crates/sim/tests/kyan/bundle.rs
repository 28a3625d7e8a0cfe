//! The bundled table of options is what the chains say: derived again where they are.

use std::path::{Path, PathBuf};

use plimsoll_sim::options;
use plimsoll_units::Timestamp;

/// The expiries the table has: up to 27 March 2026.
const LAST: Timestamp = Timestamp(1_774_598_400_000);

fn chains() -> Option<PathBuf> {
    let root = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/options/deribit"
    );
    let there = Path::new(root).is_dir();
    if !there {
        println!("skipped: there are no chains at {root}");
    }
    there.then(|| PathBuf::from(root))
}

const HEAD: &str = "\
# Options on BTC over 3 to 7 February 2026, derived from real chains four times a day: for each
# snapshot and expiry the smile (`svi`: a, b, rho, m, sigma of a raw SVI curve fitted to the marked
# volatilities, 12 decimals; or `points`: strikes with 8 decimals and volatilities with 9, where no
# curve would do, and `why`), the forward over the index with 9 decimals, how far the curve was
# `off` the quotes (weighted root mean square, 9 decimals), and how many options were listed,
# without a bid, without an ask. For the first snapshot the open interest: strike, calls, puts.
# Times are ms since the epoch; `expiry` is 08:00 UTC.
#
# Derived with `plimsoll_sim::options::derive` from public snapshots of the exchange's market
# summary (github.com/znmahbub/SVCJ-Deribit-Inverse-Options-Pricer, data/deribit_options_snapshot_*).
# No row of them is in here. Written by the test `the_table_is_what_the_chains_say`.

";

#[test]
fn the_table_is_what_the_chains_say() {
    let Some(directory) = chains() else { return };
    let mut market = options::load(&directory, "BTC").expect("chains");
    let within = |at: Timestamp| (1_770_076_800_000..1_770_508_800_000).contains(&at.millis());
    market.snapshots.retain(|snapshot| within(snapshot.at));
    let text = options::derive(
        &market,
        "BTC",
        "Deribit's option chains of 3 to 7 February 2026, 19 snapshots",
        LAST,
        45,
    )
    .expect("a table");
    let text = format!("{HEAD}{text}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/options-2026-02.toml");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, &text).expect("written");
    }
    let shipped = std::fs::read_to_string(path).expect("the table");
    assert!(
        shipped == text,
        "derived again, the table differs: set UPDATE_EXPECT=1 to write it"
    );
}

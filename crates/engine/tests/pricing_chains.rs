//! Surfaces from real chains: Deribit's snapshots in ../shared (skipped with a printed reason
//! where it is absent) become surfaces, fitted where raw SVI fits and quoted points where not.
//!
//! What is asserted is what a simulation needs: every snapshot becomes a surface free of arbitrage,
//! nearly all smiles are curves, and every option that was quoted is priced near its quote.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_engine::pricing::fit;
use plimsoll_units::Timestamp;

/// Two volatility points: what the quotes of an expiry hours away are apart.
const TOLERANCE: f64 = 0.02;
/// The exchange's wings are far from any trade; quotes beyond these are not fitted.
const DEVIATIONS: f64 = 4.0;

fn chains() -> Option<Vec<PathBuf>> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/options/deribit"
    );
    let Ok(files) = Path::new(folder).read_dir() else {
        println!("skipped: no {folder}");
        return None;
    };
    let mut paths: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        name.starts_with("deribit_options_") && name.ends_with(".csv.gz")
    });
    paths.sort();
    Some(paths)
}

/// One expiry's quotes: forward, and (log-moneyness, volatility) by strike.
#[derive(Default)]
struct Quotes {
    forward: f64,
    smile: BTreeMap<u64, (f64, f64)>,
}

/// Expiries of one coin by the milliseconds to go.
fn read(path: &Path, coin: &str) -> BTreeMap<i64, Quotes> {
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("a chain");
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("gzip");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let column = |name: &str| header.iter().position(|h| *h == name).expect("a column");
    let [forward, kind, strike, years, vol, currency] = [
        "underlying",
        "option_type",
        "strike",
        "time_to_maturity",
        "implied_volatility",
        "currency",
    ]
    .map(column);
    let mut expiries = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| cells[at].parse::<f64>().ok();
        let (Some(forward), Some(strike), Some(years), Some(vol)) =
            (number(forward), number(strike), number(years), number(vol))
        else {
            continue;
        };
        // The side that is out of the money is the one that trades.
        let out = (strike >= forward) == (cells[kind] == "call");
        if cells[currency] != coin || !out || vol <= 0.0 || years <= 0.0 {
            continue;
        }
        let k = (strike / forward).ln();
        if k.abs() > DEVIATIONS * vol * years.sqrt() {
            continue;
        }
        let quotes: &mut Quotes = expiries.entry((years * 31_536e6) as i64).or_default();
        quotes.forward = forward;
        quotes.smile.insert(strike.to_bits(), (k, vol));
    }
    expiries
}

#[test]
fn real_chains_become_surfaces() {
    let Some(paths) = chains() else { return };
    let (mut curves, mut points, mut left_out, mut raised) = (0, 0, 0, 0);
    // Every third, calm and crash among them: the others are alike, and debug builds are slow.
    for (path, coin) in paths
        .iter()
        .step_by(3)
        .flat_map(|p| [(p, "BTC"), (p, "ETH")])
    {
        let chains: Vec<fit::Chain> = read(path, coin)
            .into_iter()
            .map(|(millis, quotes)| fit::Chain {
                expiry: Timestamp(millis),
                forward: quotes.forward,
                quotes: quotes.smile.into_values().collect(),
            })
            .collect();
        let made = fit::surface(Timestamp(0), &chains, TOLERANCE);
        let (surface, treatments) = made.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for (chain, treatment) in chains.iter().zip(&treatments) {
            let years = chain.expiry.millis() as f64 / 31_536e6;
            let mut apart = Vec::new();
            for (k, vol) in &chain.quotes {
                let ours = surface.vol_at(*k, chain.expiry).expect("a quoted option");
                apart.push((ours - vol).abs());
            }
            apart.sort_by(f64::total_cmp);
            let middle = apart[apart.len() / 2];
            assert!(middle < 0.03, "{} {coin} {years}: {middle}", path.display());
            let kind = if treatment.curve {
                &mut curves
            } else {
                &mut points
            };
            *kind += 1;
            left_out += treatment.left_out;
            raised += usize::from(treatment.raised);
        }
    }
    println!("{curves} curves, {points} kept as points, {left_out} quotes left out");
    println!("{raised} expiries raised to the one before where it had more variance");
    assert!(curves > 5 * points, "{curves} curves, {points} points");
}

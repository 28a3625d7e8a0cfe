//! The options that come with the program: a table derived from real chains.
//!
//! `assets/options-2026-02.toml` has, for each snapshot of 3 to 7 February 2026, the smile of each
//! expiry as [`super::surface`] made it (a fitted curve or the quotes), how many options were
//! listed without a bid or an ask, and for the first snapshot the open interest by strike. No row
//! of a chain is in it. [`derive`] writes the table; a test derives it again where the chains are.

use plimsoll_engine::pricing::quoted::{Quoted, QuotedSlice, QuotedSmile};
use plimsoll_units::{Price, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Choice, Interest, Market, OptionsError, Presence, SmileNote, Snapshot};

const TABLE: &str = include_str!("../../assets/options-2026-02.toml");

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    source: String,
    coin: String,
    snapshot: Vec<SnapshotText>,
    interest: Vec<InterestText>,
}

/// A snapshot: times in ms since the epoch, prices with 8 decimals.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotText {
    at: i64,
    index: i64,
    smiles: Vec<SmileText>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SmileText {
    expiry: i64,
    forward: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    svi: Option<[i64; 5]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    points: Option<Vec<(i64, i64)>>,
    off: i64,
    /// Listed, without a bid, without an ask.
    quotes: [u32; 3],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Strike with 8 decimals, open calls and puts with 6.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InterestText {
    expiry: i64,
    strikes: Vec<(i64, i64, i64)>,
}

/// The bundled options of `coin`.
///
/// # Errors
/// [`OptionsError::Coverage`] for another coin; [`OptionsError::Bundle`] never, unless this build
/// ships a broken table.
pub fn bundled(coin: &str) -> Result<Market, OptionsError> {
    read(TABLE, coin)
}

fn read(text: &str, coin: &str) -> Result<Market, OptionsError> {
    let table: Table = toml::from_str(text).map_err(|why| OptionsError::Bundle(why.to_string()))?;
    if !table.coin.eq_ignore_ascii_case(coin) {
        return Err(OptionsError::Coverage(format!(
            "the bundled options are of {}, not of {coin}",
            table.coin
        )));
    }
    let mut interest = table.interest.iter().flat_map(|of| {
        of.strikes.iter().map(|(strike, calls, puts)| Interest {
            expiry: Timestamp(of.expiry),
            strike: Price::from_raw((*strike).into()),
            calls: *calls,
            puts: *puts,
        })
    });
    let mut snapshots: Vec<Snapshot> = Vec::with_capacity(table.snapshot.len());
    for text in &table.snapshot {
        let at = Timestamp(text.at);
        if snapshots.last().is_some_and(|before| before.at >= at) {
            return Err(OptionsError::Bundle(format!("{at} is out of order")));
        }
        let smiles: Result<Vec<(SmileNote, Option<QuotedSlice>)>, OptionsError> =
            text.smiles.iter().map(smile).collect();
        let (notes, slices): (Vec<_>, Vec<_>) = smiles?.into_iter().unzip();
        let quoted = Quoted {
            at,
            index: Price::from_raw(text.index.into()),
            slices: slices.into_iter().flatten().collect(),
        };
        quoted
            .check()
            .map_err(|why| OptionsError::Bundle(format!("{at}: {why}")))?;
        snapshots.push(Snapshot {
            at,
            quoted,
            smiles: notes,
            interest: interest.by_ref().collect(),
        });
    }
    if snapshots.is_empty() {
        return Err(OptionsError::Bundle("there is no snapshot".to_owned()));
    }
    Ok(Market {
        provenance: vec![format!("bundled table, derived from {}", table.source)],
        snapshots,
    })
}

fn smile(text: &SmileText) -> Result<(SmileNote, Option<QuotedSlice>), OptionsError> {
    let expiry = Timestamp(text.expiry);
    let (choice, smile) = match (text.svi, &text.points) {
        (Some([a_e12, b_e12, rho_e12, m_e12, sigma_e12]), None) => (
            Choice::Fitted,
            Some(QuotedSmile::Svi {
                a_e12,
                b_e12,
                rho_e12,
                m_e12,
                sigma_e12,
            }),
        ),
        (None, Some(points)) => {
            let points = points
                .iter()
                .map(|(k, vol)| (Price::from_raw((*k).into()), *vol));
            (Choice::Quotes, Some(QuotedSmile::Points(points.collect())))
        }
        (None, None) => (Choice::LeftOut, None),
        _ => {
            let why = format!("{expiry} has a curve and quotes");
            return Err(OptionsError::Bundle(why));
        }
    };
    let [listed, no_bid, no_ask] = text.quotes;
    let note = SmileNote {
        expiry,
        choice,
        rms_e9: text.off,
        why: text.why.clone(),
        quotes: Presence {
            listed,
            no_bid,
            no_ask,
        },
    };
    let slice = smile.map(|smile| QuotedSlice {
        expiry,
        forward_e9: text.forward,
        smile,
    });
    Ok((note, slice))
}

/// The table of a market: its expiries up to `last`, and the open interest of its first snapshot
/// at strikes from `reach_e2` per cent below the index to as much above.
///
/// # Errors
/// [`OptionsError::Bundle`] when it cannot be written.
pub fn derive(
    market: &Market,
    coin: &str,
    source: &str,
    last: Timestamp,
    reach_e2: i128,
) -> Result<String, OptionsError> {
    let small = |raw: i128| i64::try_from(raw).unwrap_or(i64::MAX);
    let snapshot = market.snapshots.iter().map(|snapshot| SnapshotText {
        at: snapshot.at.millis(),
        index: small(snapshot.quoted.index.raw()),
        smiles: snapshot
            .smiles
            .iter()
            .filter(|note| note.expiry <= last)
            .map(|note| smile_text(note, &snapshot.quoted))
            .collect(),
    });
    let first = market.snapshots.first();
    let index = first.map_or(0, |first| first.quoted.index.raw());
    let near = |open: &&Interest| {
        let away = (open.strike.raw() - index).abs() * 100;
        open.expiry <= last && open.calls + open.puts > 0 && away <= index * reach_e2
    };
    let open: Vec<&Interest> = first
        .iter()
        .flat_map(|s| s.interest.iter())
        .filter(near)
        .collect();
    let interest = open
        .chunk_by(|a, b| a.expiry == b.expiry)
        .map(|strikes| InterestText {
            expiry: strikes[0].expiry.millis(),
            strikes: strikes
                .iter()
                .map(|open| (small(open.strike.raw()), open.calls, open.puts))
                .collect(),
        });
    let table = Table {
        source: source.to_owned(),
        coin: coin.to_owned(),
        snapshot: snapshot.collect(),
        interest: interest.collect(),
    };
    toml::to_string(&table).map_err(|why| OptionsError::Bundle(why.to_string()))
}

fn smile_text(note: &SmileNote, quoted: &Quoted) -> SmileText {
    let slice = quoted
        .slices
        .iter()
        .find(|slice| slice.expiry == note.expiry);
    let (mut svi, mut points) = (None, None);
    match slice.map(|slice| &slice.smile) {
        Some(QuotedSmile::Svi {
            a_e12,
            b_e12,
            rho_e12,
            m_e12,
            sigma_e12,
        }) => svi = Some([*a_e12, *b_e12, *rho_e12, *m_e12, *sigma_e12]),
        Some(QuotedSmile::Points(quotes)) => {
            let whole = |(k, vol): &(Price<8>, i64)| (i64::try_from(k.raw()).unwrap_or(0), *vol);
            points = Some(quotes.iter().map(whole).collect());
        }
        None => {}
    }
    SmileText {
        expiry: note.expiry.millis(),
        forward: slice.map_or(0, |slice| slice.forward_e9),
        svi,
        points,
        off: note.rms_e9,
        quotes: [note.quotes.listed, note.quotes.no_bid, note.quotes.no_ask],
        why: note.why.clone(),
    }
}

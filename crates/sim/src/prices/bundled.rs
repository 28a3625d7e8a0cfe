//! The crashes that come with the program: real anchors, a simulated path between them.
//!
//! `assets/crash-2025-10-10.toml` has about a dozen published prices per coin over 10 and 11
//! October 2025, the turning points of the crash among them, each with the bar and field it was
//! taken from; `assets/crash-2026-02.toml` has those of bitcoin over 3 to 7 February 2026,
//! `assets/crash-2020-03.toml` those of ether over 12 and 13 March 2020. Two more have anchors as
//! they were reported (YFI in November 2023, JELLY in March 2025), and `shape-2025-10-10` is no
//! price at all but the shape of a crash, second by second; each says so. The path between two anchors is a random bridge: a straight line plus a random walk
//! that is bent to end at zero. Its size follows the move (a third of it) and a calm volatility of
//! the coin; four fifths of the noise are shared by all coins, as in a crash. The path passes
//! through every anchor exactly and never leaves the range of the coin's anchors: what would is
//! reflected at the edge, so the published low stays the low.
//!
//! All arithmetic is on integers (prices in steps of the exchange's tick), so that the same seed
//! gives the same bytes on every machine. Rounding here favours nobody: no money is involved yet.

use plimsoll_units::{Duration, Timestamp};
use serde::Deserialize;

use super::error::PriceError;
use super::kline::MarketPrice;
use super::provenance::{Anchor, AnchorRecord, Provenance};
use super::select::PriceRequest;
use super::timeline::{PricePath, Timeline, Window, cut, merge};
use crate::random::Random;

/// The seed of the path when a scenario does not name one.
pub const BUNDLED_SEED: u64 = 20_251_010;
/// Time between two prices of a path whose anchors do not say otherwise. Every anchor falls on
/// its path's grid.
pub const BUNDLED_STEP: Duration = Duration(15_000);

/// The names of the bundled crashes; the first is the one taken where none is named.
pub const BUNDLES: [&str; 6] = [
    "crash-2025-10-10",
    "crash-2026-02",
    "crash-2020-03",
    "yfi-2023-11",
    "jelly-2025-03",
    "shape-2025-10-10",
];

/// The anchors of a bundle.
fn anchors(name: &str) -> Option<&'static str> {
    Some(match name {
        "crash-2025-10-10" => include_str!("../../assets/crash-2025-10-10.toml"),
        "crash-2026-02" => include_str!("../../assets/crash-2026-02.toml"),
        "crash-2020-03" => include_str!("../../assets/crash-2020-03.toml"),
        "yfi-2023-11" => include_str!("../../assets/yfi-2023-11.toml"),
        "jelly-2025-03" => include_str!("../../assets/jelly-2025-03.toml"),
        "shape-2025-10-10" => include_str!("../../assets/shape-2025-10-10.toml"),
        _ => return None,
    })
}

/// The noise of a coin, in fifths: 4/5 shared and 3/5 its own have one unit of deviation together
/// (a correlation of 0.64 between two coins).
const SHARED_FIFTHS: i64 = 4;
const OWN_FIFTHS: i64 = 3;
/// The noise of a bridge has a third of the move between its anchors as deviation (half of that
/// at its middle), beside the calm volatility.
const MOVE_PART: i128 = 3;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asset {
    source: String,
    /// What the anchors are, where they are not published prices, as a sentence.
    #[serde(default)]
    told: Option<String>,
    /// Seconds between two prices of the path.
    #[serde(default)]
    step_seconds: Option<u16>,
    coin: Vec<CoinText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CoinText {
    symbol: String,
    /// The exchange's tick size: the grid of the path.
    price_step: String,
    /// Deviation over an hour without a move, in millionths of the price.
    calm_per_hour_ppm: i64,
    anchors: Vec<AnchorText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnchorText {
    time: jiff::Timestamp,
    price: String,
    /// Where it is a price of one; the anchor's own time where left out.
    #[serde(default)]
    bar: Option<jiff::Timestamp>,
    field: String,
}

/// A bundle, checked.
struct Bundle {
    source: String,
    told: Option<String>,
    step: Duration,
    coins: Vec<Coin>,
}

/// One coin, checked.
struct Coin {
    symbol: String,
    price_step: MarketPrice,
    calm_per_hour_ppm: i64,
    anchors: Vec<Anchor>,
}

/// A bundled crash for the markets asked for (`prefer` has nothing to decide here).
///
/// # Errors
/// [`PriceError`] for a name that is none of [`BUNDLES`], a symbol that is not in the bundle, and
/// a window outside it.
pub fn bundled(
    name: &str,
    requests: &[PriceRequest],
    window: Window,
    seed: u64,
) -> Result<Timeline, PriceError> {
    let text = anchors(name).ok_or_else(|| {
        let known = BUNDLES.join(", ");
        PriceError::Anchors(format!("there is no bundle {name:?}; there are {known}"))
    })?;
    let bundle = read_anchors(text)?;
    let shared = shared_noise(&bundle, seed);
    let mut markets = Vec::with_capacity(requests.len());
    let mut records = Vec::with_capacity(requests.len());
    for request in requests {
        let coin = find(&bundle.coins, request)?;
        let path = coin_path(coin, bundle.step, &shared, seed);
        let inside = cut(&request.symbol, path.into_iter(), window)?;
        markets.push((request.symbol.clone(), inside));
        records.push(AnchorRecord {
            symbol: coin.symbol.clone(),
            source: bundle.source.clone(),
            anchors: coin.anchors.clone(),
        });
    }
    let provenance = Provenance::Bundled {
        seed,
        step: bundle.step,
        told: bundle.told,
        markets: records,
    };
    merge(markets, provenance)
}

fn find<'a>(coins: &'a [Coin], request: &PriceRequest) -> Result<&'a Coin, PriceError> {
    coins
        .iter()
        .find(|coin| coin.symbol.eq_ignore_ascii_case(&request.symbol))
        .ok_or_else(|| PriceError::NoSuchMarket {
            symbol: request.symbol.clone(),
            place: "the bundled crash".to_owned(),
            candidates: coins.iter().map(|coin| coin.symbol.clone()).collect(),
        })
}

fn read_anchors(text: &str) -> Result<Bundle, PriceError> {
    let asset: Asset =
        toml::from_str(text).map_err(|error| PriceError::Anchors(error.to_string()))?;
    let step = match asset.step_seconds {
        None => BUNDLED_STEP,
        Some(0) => return Err(PriceError::Anchors("step_seconds 0".to_owned())),
        Some(seconds) => Duration(i64::from(seconds) * 1_000),
    };
    let coins = asset.coin.into_iter().map(|coin| check_coin(coin, step));
    let coins = coins.collect::<Result<Vec<Coin>, PriceError>>()?;
    let span = |coin: &Coin| Some((coin.anchors.first()?.time, coin.anchors.last()?.time));
    if coins
        .windows(2)
        .any(|pair| span(&pair[0]) != span(&pair[1]))
    {
        let detail = "the coins do not begin and end together".to_owned();
        return Err(PriceError::Anchors(detail));
    }
    Ok(Bundle {
        source: asset.source,
        told: asset.told,
        step,
        coins,
    })
}

fn check_coin(coin: CoinText, step: Duration) -> Result<Coin, PriceError> {
    let refuse = |detail: String| Err(PriceError::Anchors(format!("{}: {detail}", coin.symbol)));
    let price_step = match coin.price_step.parse::<MarketPrice>() {
        Ok(step) if step.is_positive() => step,
        _ => return refuse(format!("price_step {:?}", coin.price_step)),
    };
    let mut anchors: Vec<Anchor> = Vec::with_capacity(coin.anchors.len());
    for anchor in &coin.anchors {
        let time = Timestamp(anchor.time.as_millisecond());
        let price = match anchor.price.parse::<MarketPrice>() {
            Ok(price) if price.is_positive() && price.raw() % price_step.raw() == 0 => price,
            _ => return refuse(format!("price {:?} at {time}", anchor.price)),
        };
        let on_grid = time.millis() % step.millis() == 0;
        if !on_grid || anchors.last().is_some_and(|before| before.time >= time) {
            return refuse(format!("{time} is off the grid or out of order"));
        }
        anchors.push(Anchor {
            time,
            price,
            bar: anchor
                .bar
                .map_or(time, |bar| Timestamp(bar.as_millisecond())),
            field: anchor.field.clone(),
        });
    }
    if anchors.len() < 2 {
        return refuse("fewer than two anchors".to_owned());
    }
    if !(0..=1_000_000).contains(&coin.calm_per_hour_ppm) {
        return refuse(format!("calm_per_hour_ppm {}", coin.calm_per_hour_ppm));
    }
    Ok(Coin {
        symbol: coin.symbol,
        price_step,
        calm_per_hour_ppm: coin.calm_per_hour_ppm,
        anchors,
    })
}

/// The noise all coins share, one draw per step of the whole path.
fn shared_noise(bundle: &Bundle, seed: u64) -> Vec<i64> {
    let mut random = Random::new(seed, "bundled crash, shared");
    let steps = bundle.coins.first().map_or(0, |coin| {
        let pairs = coin.anchors.windows(2);
        pairs.map(|pair| steps_between(pair, bundle.step)).sum()
    });
    (0..steps).map(|_| random.bell()).collect()
}

/// Steps from one anchor to the next. Anchors rise and are on the grid, so it is whole and above 0.
fn steps_between(pair: &[Anchor], step: Duration) -> usize {
    let millis = pair[1].time.millis() - pair[0].time.millis();
    (millis / step.millis()) as usize
}

/// The whole path of one coin.
fn coin_path(coin: &Coin, step: Duration, shared: &[i64], seed: u64) -> PricePath {
    let mut own = Random::new(seed, &format!("bundled crash, {}", coin.symbol));
    let noise: Vec<i64> = shared
        .iter()
        .map(|shared| (SHARED_FIFTHS * shared + OWN_FIFTHS * own.bell()) / 5)
        .collect();
    let prices = || coin.anchors.iter().map(|anchor| grid(coin, anchor));
    let range = Range {
        low: prices().min().unwrap_or_default(),
        high: prices().max().unwrap_or_default(),
    };
    let mut path = PricePath::with_capacity(noise.len() + 1);
    let mut rest = &noise[..];
    for pair in coin.anchors.windows(2) {
        let (here, later) = rest.split_at(steps_between(pair, step));
        rest = later;
        let (from, to) = (grid(coin, &pair[0]), grid(coin, &pair[1]));
        let deviation = bridge_deviation(from, to, (here.len(), step), coin.calm_per_hour_ppm);
        let bridge = bridge(from, to, here, deviation);
        for (at, level) in (0i64..).zip(bridge) {
            let after = Duration(at * step.millis());
            let level = range.reflect(level);
            let price = MarketPrice::from_raw(level * coin.price_step.raw());
            path.push((pair[0].time.saturating_add(after), price));
        }
    }
    path.extend(coin.anchors.last().map(|last| (last.time, last.price)));
    path
}

/// An anchor's price in steps of the coin's grid.
fn grid(coin: &Coin, anchor: &Anchor) -> i128 {
    anchor.price.raw() / coin.price_step.raw()
}

/// Deviation that the walk of a bridge would have at its end, were it not bent back: a third of
/// the move, and the calm volatility, which grows with the root of the time.
fn bridge_deviation(
    from: i128,
    to: i128,
    (steps, step): (usize, Duration),
    calm_per_hour_ppm: i64,
) -> i128 {
    let time = steps as i128 * i128::from(step.millis());
    let root_hours_ppm = (time * 1_000_000_000_000 / i128::from(Duration::HOUR.millis())).isqrt();
    let calm = from * i128::from(calm_per_hour_ppm) * root_hours_ppm / 1_000_000_000_000;
    (to - from).abs() / MOVE_PART + calm
}

/// The levels from `from` up to but without `to`, one per step of `noise`.
fn bridge(from: i128, to: i128, noise: &[i64], deviation: i128) -> impl Iterator<Item = i128> {
    let count = noise.len() as i128;
    let total: i128 = noise.iter().copied().map(i128::from).sum();
    // A walk of `count` draws has a deviation of one draw's times the root of `count`.
    let one = i128::from(Random::BELL_ONE);
    let walk_deviation = (count * one * one).isqrt().max(1);
    let mut walk = 0;
    (0..count).zip(noise).map(move |(step, draw)| {
        let line = from + (to - from) * step / count;
        let bent = walk * count - total * step;
        walk += i128::from(*draw);
        line + deviation * bent / (count * walk_deviation)
    })
}

/// Lowest and highest anchor of a coin.
struct Range {
    low: i128,
    high: i128,
}

impl Range {
    /// A level beyond an edge comes back by as much as it overshot; what overshoots by more than
    /// the whole range ends at the edge.
    fn reflect(&self, level: i128) -> i128 {
        let reflected = if level < self.low {
            2 * self.low - level
        } else if level > self.high {
            2 * self.high - level
        } else {
            level
        };
        reflected.clamp(self.low, self.high)
    }
}

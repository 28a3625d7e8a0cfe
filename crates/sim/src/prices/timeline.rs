//! Markets merged into one row of ticks.

use plimsoll_units::Timestamp;

use super::error::PriceError;
use super::kline::MarketPrice;
use super::provenance::Provenance;

/// All prices of one moment: what the market does, and what venues are told of it.
///
/// Makers, partners, bidders and every measure go by the market; what an oracle tells a venue may
/// be late or missing where a scenario stresses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The moment.
    pub time: Timestamp,
    /// Index of the market in [`Timeline::markets`], and its price; none in a tick that is there
    /// because venues are told something late.
    pub prices: Vec<(usize, MarketPrice)>,
    /// What venues are told now, where it is not the same as `prices`.
    pub told: Option<Vec<(usize, MarketPrice)>>,
}

impl Tick {
    /// A tick of which venues are told everything at once.
    #[must_use]
    pub fn new(time: Timestamp, prices: Vec<(usize, MarketPrice)>) -> Self {
        Self {
            time,
            prices,
            told: None,
        }
    }

    /// What venues are told now: the index of the market, and the price its oracle gives.
    #[must_use]
    pub fn told(&self) -> &[(usize, MarketPrice)] {
        self.told.as_deref().unwrap_or(&self.prices)
    }
}

/// The prices of all markets in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// The symbols, as asked for.
    pub markets: Vec<String>,
    /// Strictly rising times.
    pub ticks: Vec<Tick>,
    /// Where the prices come from. It describes whole files, whatever the window.
    pub provenance: Provenance,
}

/// The times a timeline is cut to: from `from` on, up to but without `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first time inside.
    pub from: Timestamp,
    /// The first time outside again.
    pub to: Timestamp,
}

impl Window {
    /// No cut.
    pub const ALL: Self = Self {
        from: Timestamp(i64::MIN),
        to: Timestamp::MAX,
    };

    /// Whether `time` is inside.
    #[must_use]
    pub const fn contains(self, time: Timestamp) -> bool {
        self.from.0 <= time.0 && time.0 < self.to.0
    }
}

/// The prices of one market with strictly rising times.
pub(super) type PricePath = Vec<(Timestamp, MarketPrice)>;

/// The part of one market's prices that lies inside the window.
///
/// # Errors
/// [`PriceError::EmptyWindow`] when there is none.
pub(super) fn cut(
    symbol: &str,
    prices: impl Iterator<Item = (Timestamp, MarketPrice)>,
    window: Window,
) -> Result<PricePath, PriceError> {
    let mut inside = PricePath::new();
    let mut span: Option<(Timestamp, Timestamp)> = None;
    for (time, price) in prices {
        span = Some((span.map_or(time, |(first, _)| first), time));
        if window.contains(time) {
            inside.push((time, price));
        }
    }
    let Some((first, last)) = span else {
        return Err(PriceError::Empty(symbol.to_owned()));
    };
    if inside.is_empty() {
        return Err(PriceError::EmptyWindow {
            symbol: symbol.to_owned(),
            from: window.from,
            to: window.to,
            first,
            last,
        });
    }
    Ok(inside)
}

/// All markets by time; those that share a moment share a tick.
///
/// # Errors
/// [`PriceError::NoMarkets`] when there is nothing to merge.
pub(super) fn merge(
    markets: Vec<(String, PricePath)>,
    provenance: Provenance,
) -> Result<Timeline, PriceError> {
    if markets.is_empty() {
        return Err(PriceError::NoMarkets);
    }
    let (symbols, paths): (Vec<_>, Vec<_>) = markets.into_iter().unzip();
    let mut heads: Vec<_> = paths
        .into_iter()
        .map(|path| path.into_iter().peekable())
        .collect();
    let mut ticks = Vec::new();
    while let Some(time) = heads
        .iter_mut()
        .filter_map(|head| head.peek().map(|(time, _)| *time))
        .min()
    {
        let mut prices = Vec::with_capacity(heads.len());
        for (market, head) in heads.iter_mut().enumerate() {
            if let Some((_, price)) = head.next_if(|(at, _)| *at == time) {
                prices.push((market, price));
            }
        }
        ticks.push(Tick::new(time, prices));
    }
    Ok(Timeline {
        markets: symbols,
        ticks,
        provenance,
    })
}

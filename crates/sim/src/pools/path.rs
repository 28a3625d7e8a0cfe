//! The path through a pool's recorded states, and what is put between them.

use plimsoll_units::{MarketId, Price, Rounding, Timestamp, mul_div};

use super::error::PoolError;
use super::record::PoolRecord;
use super::{PoolState, Token};
use crate::prices::{Provenance, Tick, Timeline, Window};
use crate::random::Random;

/// The one market of a pool's scenario.
pub(crate) const MARKET: MarketId = MarketId(0);

/// What is put between two recorded states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    /// Steps a day, at least one.
    pub steps_per_day: u32,
    /// Deviation of the price over a day of the random bridge, in millionths; zero for none.
    pub noise_per_day_ppm: u32,
    /// Seed of the bridge.
    pub seed: u64,
}

/// How a pool stands at every step of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolPath {
    /// Its tokens.
    pub tokens: [Token; 2],
    /// Which of them values are given in, 0 or 1.
    pub quote: usize,
    /// The states, recorded and not, at strictly rising times.
    pub states: Vec<PoolState>,
    /// Where the recorded ones come from.
    pub record: PoolRecord,
    /// What was put between them.
    pub between: Between,
}

const DAY_MS: i64 = 86_400_000;

impl PoolPath {
    /// The path through `recorded` inside the window.
    ///
    /// # Errors
    /// [`PoolError::EmptyWindow`].
    pub fn new(
        tokens: [Token; 2],
        quote: usize,
        (recorded, record): (Vec<PoolState>, PoolRecord),
        between: Between,
        window: Window,
    ) -> Result<Self, PoolError> {
        let (Some(first), Some(last)) = (recorded.first(), recorded.last()) else {
            return Err(PoolError::TooFew("the history".to_owned()));
        };
        let (first, last) = (first.time, last.time);
        let inside = recorded.iter().filter(|s| window.contains(s.time));
        let recorded: Vec<PoolState> = inside.copied().collect();
        if recorded.len() < 2 {
            return Err(PoolError::EmptyWindow {
                from: window.from,
                to: window.to,
                first,
                last,
            });
        }
        let mut bridge = Random::new(between.seed, "pool/bridge");
        let mut states = vec![recorded[0]];
        for pair in recorded.windows(2) {
            fill(&mut states, (&pair[0], &pair[1]), between, &mut bridge);
            states.push(pair[1]);
        }
        Ok(Self {
            tokens,
            quote: quote & 1,
            states,
            record,
            between,
        })
    }

    /// Moves the pool to other prices, one per state, 18 decimals: the reserves move against each
    /// other, so that their product and what LP tokens have a share in stay. A state whose price
    /// is the same stays exactly. Floats, as between recorded states.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    pub(crate) fn follow(&mut self, prices: &[i128]) {
        for (at, price) in prices.iter().enumerate() {
            let Some(state) = self.states.get(at).copied() else {
                return;
            };
            let was = self.price(state.reserves);
            if was == *price || was <= 0 {
                continue;
            }
            let root = libm::sqrt(*price as f64 / was as f64);
            let (quote, base) = (self.quote, self.base());
            let reserves = &mut self.states[at].reserves;
            reserves[quote] = ((reserves[quote] as f64 * root) as u128).max(1);
            reserves[base] = ((reserves[base] as f64 / root) as u128).max(1);
        }
    }

    /// The token that is not the quote.
    #[must_use]
    pub fn base(&self) -> usize {
        self.quote ^ 1
    }

    /// Quote per base token at reserves, 18 decimals, rounded down; for showing.
    #[must_use]
    pub fn price(&self, reserves: [u128; 2]) -> i128 {
        let raw = |value: u128| i128::try_from(value).unwrap_or(i128::MAX);
        let (quote, base) = (&self.tokens[self.quote], &self.tokens[self.base()]);
        // 1e18 * (q / 10^dq) / (b / 10^db)
        let scale = 18 + i32::from(base.decimals) - i32::from(quote.decimals);
        let power = 10i128.pow(scale.clamp(0, 36).unsigned_abs());
        let price = mul_div(
            raw(reserves[self.quote]),
            power,
            raw(reserves[self.base()]),
            Rounding::Down,
        );
        price.unwrap_or(i128::MAX)
    }
}

/// Puts the steps between two recorded states. Floats, but through `libm` alone: the same bits
/// on every machine; what they become is where the pool is asked to go, no money yet.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
fn fill(
    states: &mut Vec<PoolState>,
    (from, to): (&PoolState, &PoolState),
    between: Between,
    bridge: &mut Random,
) {
    let span = to.time.millis() - from.time.millis();
    let step = (DAY_MS / i64::from(between.steps_per_day.max(1))).max(1);
    let steps = span / step;
    if steps < 2 {
        return;
    }
    let deviation = f64::from(between.noise_per_day_ppm) / 1e6
        * libm::sqrt(step as f64 / DAY_MS as f64)
        / Random::BELL_ONE as f64;
    let mut walk = vec![0.0f64];
    for at in 0..steps as usize {
        let jump = if between.noise_per_day_ppm == 0 {
            0.0
        } else {
            bridge.bell() as f64 * deviation
        };
        walk.push(walk[at] + jump);
    }
    let end = walk[steps as usize];
    let on_the_way = |a: u128, b: u128, part: f64, bend: f64| -> u128 {
        let (a, b) = (a as f64, b as f64);
        ((a * libm::exp(libm::log(b / a) * part + bend)) as u128).max(1)
    };
    for at in 1..steps {
        let part = at as f64 / steps as f64;
        // Half of the price's noise on each side leaves the product as it was.
        let bend = (walk[at as usize] - end * part) / 2.0;
        states.push(PoolState {
            time: Timestamp(from.time.millis() + at * step),
            reserves: [
                on_the_way(from.reserves[0], to.reserves[0], part, bend),
                on_the_way(from.reserves[1], to.reserves[1], part, -bend),
            ],
            supply: on_the_way(from.supply, to.supply, part, 0.0),
            recorded: false,
        });
    }
}

/// The path as a timeline of its one market.
#[must_use]
pub fn timeline(symbol: &str, path: &PoolPath) -> Timeline {
    let tick = |state: &PoolState| {
        let price = Price::from_raw(path.price(state.reserves));
        Tick::new(state.time, vec![(MARKET.index(), price)])
    };
    Timeline {
        markets: vec![symbol.to_owned()],
        ticks: path.states.iter().map(tick).collect(),
        provenance: Provenance::Pool(Box::new(path.clone())),
    }
}

impl std::fmt::Display for PoolPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [t0, t1] = &self.tokens;
        let recorded = self.states.iter().filter(|s| s.recorded).count();
        let pair = format!("{}/{}", t0.symbol, t1.symbol);
        if self.record.is_daily() {
            writeln!(
                f,
                "Pool states: real, {recorded} recorded reserves and LP supplies of the {pair} \
                 pair; {} simulated steps a day between them.",
                self.between.steps_per_day
            )?;
        } else {
            writeln!(
                f,
                "Pool states: partly simulated. {recorded} published reserves and LP supplies of \
                 the {pair} pair are real; the path between them, {} steps a day, is not.",
                self.between.steps_per_day
            )?;
        }
        write!(
            f,
            "Between two recorded states the pair takes a straight line of the logarithms"
        )?;
        if self.between.noise_per_day_ppm > 0 {
            write!(
                f,
                " with a random bridge of the price on top (seed {}, deviation {} ppm a day)",
                self.between.seed, self.between.noise_per_day_ppm
            )?;
        }
        writeln!(
            f,
            ". Every step is a deposit or withdrawal of liquidity for the change of the LP \
             supply, then two swaps at the pair's fee, there and back, chosen so that both \
             reserves come out as they should to the raw unit: their fees are the growth of the \
             LP tokens' value. Liquidity that loans have taken out of the pair stays out: its \
             reserves and supply are the recorded ones less that share."
        )?;
        self.record.fmt(f)
    }
}

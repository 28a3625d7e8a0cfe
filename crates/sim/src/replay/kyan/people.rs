//! Books of options, drawn from a seed.
//!
//! Which expiry, and which strikes above and below the index, follow the open interest of the
//! chain; what the strikes are put together to follows the scenario's weights. Sizes are drawn
//! from a lognormal distribution and are whole tenths of a contract, so that every leg is on the
//! venue's grid.

use std::collections::BTreeMap;

use plimsoll_engine::venues::kyan::{InstrumentId, OptionTerms, Right};
use plimsoll_units::{Price, Timestamp};

use crate::options::Interest;
use crate::random::Random;
use crate::scenario::People;

/// A tenth of a contract, 6 decimals.
const STEP: i64 = 100_000;
/// How often a book is drawn again when its strikes are not there.
const TRIES: usize = 16;

/// What a book is called, in the order of the scenario's weights.
pub(super) const KINDS: [&str; 8] = [
    "covered call",
    "short strangle",
    "vertical",
    "iron condor",
    "synthetic",
    "naked short",
    "perpetual",
    "mixed",
];

/// The options a venue lists, with what is open of them.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    /// Terms in the order of their numbers, from 1.
    pub(super) terms: Vec<OptionTerms>,
    strikes: Vec<Interest>,
    pub(super) index: Price<8>,
}

/// A book: signed sizes by instrument, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drawn {
    pub(super) kind: usize,
    pub(super) sizes: BTreeMap<InstrumentId, i64>,
}

impl Listing {
    /// Calls and puts at these strikes, sorted by expiry and strike.
    pub(super) fn new(strikes: Vec<Interest>, index: Price<8>) -> Self {
        let both = |open: &Interest| {
            [Right::Call, Right::Put].map(|right| OptionTerms {
                expiry: open.expiry,
                strike: open.strike,
                right,
            })
        };
        Self {
            terms: strikes.iter().flat_map(both).collect(),
            strikes,
            index,
        }
    }

    pub(super) fn instrument(&self, at: usize, right: Right) -> InstrumentId {
        let put = usize::from(right == Right::Put);
        InstrumentId(u32::try_from(1 + 2 * at + put).unwrap_or(u32::MAX))
    }

    fn open(&self, at: usize, right: Right) -> u64 {
        let open = &self.strikes[at];
        let contracts = match right {
            Right::Call => open.calls,
            Right::Put => open.puts,
        };
        u64::try_from(contracts / 1_000_000).unwrap_or(0)
    }

    /// A strike of an expiry, as likely as its open interest, where `wanted` says so.
    pub(super) fn strike(
        &self,
        random: &mut Random,
        (expiry, right): (Timestamp, Right),
        wanted: impl Fn(Price<8>) -> bool,
    ) -> Option<usize> {
        let weight = |(at, open): (usize, &Interest)| {
            let fits = open.expiry == expiry && wanted(open.strike);
            if fits { self.open(at, right) + 1 } else { 0 }
        };
        let weights: Vec<u64> = self.strikes.iter().enumerate().map(weight).collect();
        random.weighted(&weights)
    }

    pub(super) fn expiry(&self, random: &mut Random) -> Option<Timestamp> {
        let weights: Vec<u64> = (0..self.strikes.len())
            .map(|at| self.open(at, Right::Call) + self.open(at, Right::Put) + 1)
            .collect();
        random.weighted(&weights).map(|at| self.strikes[at].expiry)
    }

    /// Draws a book.
    pub(super) fn draw(&self, random: &mut Random, people: &People) -> Drawn {
        let weights = people.weights().map(u64::from);
        let kind = random.weighted(&weights).unwrap_or(6);
        let mut sizes = BTreeMap::new();
        let parts = if kind == 7 { 2 + random.below(2) } else { 1 };
        for _ in 0..parts {
            let part = if kind == 7 {
                random.weighted(&weights[..7]).unwrap_or(6)
            } else {
                kind
            };
            let size = size(random, people);
            let legs = (0..TRIES).find_map(|_| self.legs(random, part, size, people));
            for (instrument, quantity) in legs.unwrap_or_default() {
                *sizes.entry(instrument).or_insert(0) += quantity;
            }
        }
        sizes.retain(|_, quantity| *quantity != 0);
        Drawn { kind, sizes }
    }

    fn legs(
        &self,
        random: &mut Random,
        kind: usize,
        size: i64,
        people: &People,
    ) -> Option<Vec<(InstrumentId, i64)>> {
        let perpetual = InstrumentId::PERPETUAL;
        if kind == 6 {
            let long = random.chance(people.long_share.millionths());
            return Some(vec![(perpetual, if long { size } else { -size })]);
        }
        let expiry = self.expiry(random)?;
        let index = self.index;
        let mut at =
            |right, wanted: &dyn Fn(Price<8>) -> bool| self.strike(random, (expiry, right), wanted);
        let above = |strike: Price<8>| strike > index;
        let below = |strike: Price<8>| strike < index;
        let call = |at| self.instrument(at, Right::Call);
        let put = |at| self.instrument(at, Right::Put);
        match kind {
            0 => {
                let strike = at(Right::Call, &above)?;
                Some(vec![(perpetual, size), (call(strike), -size)])
            }
            1 => {
                let (high, low) = (at(Right::Call, &above)?, at(Right::Put, &below)?);
                Some(vec![(call(high), -size), (put(low), -size)])
            }
            2 => {
                let first = at(Right::Put, &|_| true)?;
                let taken = self.strikes[first].strike;
                let second = at(Right::Put, &|strike| strike != taken)?;
                let right = if random.chance(500_000) {
                    Right::Call
                } else {
                    Right::Put
                };
                let leg = |at| self.instrument(at, right);
                Some(vec![(leg(first), size), (leg(second), -size)])
            }
            3 => {
                let sold_put = at(Right::Put, &below)?;
                let sold_call = at(Right::Call, &above)?;
                let (low, high) = (
                    self.strikes[sold_put].strike,
                    self.strikes[sold_call].strike,
                );
                let bought_put = at(Right::Put, &|strike| strike < low)?;
                let bought_call = at(Right::Call, &|strike| strike > high)?;
                Some(vec![
                    (put(sold_put), -size),
                    (put(bought_put), size),
                    (call(sold_call), -size),
                    (call(bought_call), size),
                ])
            }
            4 => {
                let strike = at(Right::Call, &|_| true)?;
                let size = if random.chance(500_000) { size } else { -size };
                Some(vec![
                    (call(strike), size),
                    (put(strike), -size),
                    (perpetual, -size),
                ])
            }
            _ => {
                // Puts are what naked sellers mostly sell.
                if random.chance(650_000) {
                    let strike = self.strike(random, (expiry, Right::Put), below)?;
                    return Some(vec![(put(strike), -size)]);
                }
                let strike = self.strike(random, (expiry, Right::Call), above)?;
                Some(vec![(call(strike), -size)])
            }
        }
    }
}

/// A lognormal size, whole tenths of a contract.
fn size(random: &mut Random, people: &People) -> i64 {
    let (median, most) = (people.size_median, people.size_max);
    let spread = people.size_spread.approximate();
    let bell = approximate(random.bell()) / approximate(Random::BELL_ONE);
    let drawn = median.approximate() * libm::exp(spread * bell) * 10.0;
    let most = (most.on_grid::<6>() / i128::from(STEP)).max(1);
    let most = i64::try_from(most).unwrap_or(i64::MAX / STEP);
    #[allow(clippy::cast_possible_truncation)]
    let tenths = libm::round(drawn.clamp(1.0, 1e9)) as i64;
    tenths.clamp(1, most) * STEP
}

#[allow(clippy::cast_precision_loss)]
fn approximate(whole: i64) -> f64 {
    whole as f64
}

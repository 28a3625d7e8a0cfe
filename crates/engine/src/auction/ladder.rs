//! The incentive ladder: what an engine offers above fair value, and how it climbs.
//!
//! "If no takers appear, the incentive increases incrementally (every 1 minute for options, every
//! 10 seconds for perps)" (Kyan's page, step 3). With `n = min(elapsed / interval, cap)` the
//! incentive is `(first + n * step)` of the index price per unit, and the limit price is
//!
//! ```text
//! buy   ceil_to_tick(mark + incentive)
//! sell  max(tick, floor_to_tick(mark - incentive))
//! ```
//!
//! both rounded in favour of whoever takes the other side: the incentive is never smaller than
//! announced. After the cap's own interval the ladder is exhausted. A fixed incentive (Kyan's
//! hedge orders) is a ladder that is never climbed: [`limit_price`] alone.
//!
//! Units: prices raw on any one grid; rates with 6 decimals (0.001 = 10 basis points).

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, Duration, Rate, Rounding, Side, Wide};

use super::AuctionError;

/// Most levels a ladder may have.
pub const LEVELS_MAX: u32 = 10_000;

/// One, as a rate.
const ONE: i128 = Rate::<6>::ONE.raw();

/// How an incentive climbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ladder {
    interval: Duration,
    cap: u32,
    first: Rate<6>,
    step: Rate<6>,
}

impl Ladder {
    /// Options on Kyan, as far as its page says (60 s); the sizes are a proposal.
    pub const OPTIONS: Self = Self {
        interval: Duration(60_000),
        cap: 20,
        first: Rate::from_raw(1_000),
        step: Rate::from_raw(1_000),
    };
    /// Perps on Kyan, as far as its page says (10 s); the sizes are a proposal.
    pub const PERPS: Self = Self {
        interval: Duration(10_000),
        cap: 30,
        first: Rate::from_raw(1_000),
        step: Rate::from_raw(500),
    };

    /// A ladder of levels 0 to `cap`, one every `interval`; level n offers `first + n * step` of
    /// the index price.
    ///
    /// # Errors
    /// An interval that is not positive, too many levels, or an incentive outside 0 to 1 at any
    /// level.
    pub fn new(
        interval: Duration,
        cap: u32,
        first: Rate<6>,
        step: Rate<6>,
    ) -> Result<Self, AuctionError> {
        if interval.millis() <= 0 {
            return Err(AuctionError::Interval(interval));
        }
        if cap > LEVELS_MAX {
            return Err(AuctionError::Levels(cap));
        }
        let ladder = Self {
            interval,
            cap,
            first,
            step,
        };
        let most = Rate::ONE;
        for (what, rate) in [
            ("the first incentive", first),
            ("the incentive's step", step),
            ("the last incentive", ladder.incentive(cap)?),
        ] {
            if rate.is_negative() || rate > most {
                return Err(AuctionError::Rate { what, rate, most });
            }
        }
        Ok(ladder)
    }

    /// Time from one level to the next.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// The last level.
    #[must_use]
    pub const fn cap(&self) -> u32 {
        self.cap
    }

    /// The level after `elapsed` time on the auction's clock.
    #[must_use]
    pub fn level(&self, elapsed: Duration) -> u32 {
        let passed = elapsed.millis().checked_div(self.interval.millis());
        let passed = passed.unwrap_or(0).max(0);
        u32::try_from(passed).unwrap_or(u32::MAX).min(self.cap)
    }

    /// Whether nobody took the last level for a whole interval either.
    #[must_use]
    pub fn is_exhausted(&self, elapsed: Duration) -> bool {
        elapsed >= self.length()
    }

    /// Time on the clock at which the ladder is exhausted.
    #[must_use]
    pub fn length(&self) -> Duration {
        let levels = i64::from(self.cap).saturating_add(1);
        Duration(self.interval.millis().saturating_mul(levels))
    }

    /// Time on the clock at which something changes next: the next level, or the end; `None`
    /// when exhausted.
    #[must_use]
    pub fn next_change(&self, elapsed: Duration) -> Option<Duration> {
        if self.is_exhausted(elapsed) {
            return None;
        }
        let next = i64::from(self.level(elapsed)).saturating_add(1);
        Some(Duration(self.interval.millis().saturating_mul(next)))
    }

    /// What level `level` offers, as a share of the index price; levels above the cap offer what
    /// the cap does.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn incentive(&self, level: u32) -> Result<Rate<6>, ArithmeticError> {
        let climbed = i128::from(level.min(self.cap)).checked_mul(self.step.raw());
        climbed
            .and_then(|c| c.checked_add(self.first.raw()))
            .map(Rate::from_raw)
            .ok_or(ArithmeticError::Overflow)
    }
}

/// The limit price of an order on `side` (long buys) at `mark` with an incentive of `rate` of the
/// `index` price, on a grid of `tick`. A sale is never below one tick: nobody is paid to take
/// something of value.
///
/// The exact price is rounded once, up for a purchase and down for a sale: in favour of the
/// counterparty, at the account's cost, by less than one tick.
///
/// # Errors
/// [`AuctionError`] for a tick that is not positive, a negative price or rate, or an overflow.
pub fn limit_price(
    side: Side,
    mark: i128,
    index: i128,
    rate: Rate<6>,
    tick: i128,
) -> Result<i128, AuctionError> {
    if tick <= 0 {
        return Err(AuctionError::Tick(tick));
    }
    for (what, raw) in [
        ("mark price", mark),
        ("index price", index),
        ("incentive", rate.raw()),
    ] {
        if raw < 0 {
            return Err(AuctionError::Negative { what, raw });
        }
    }
    let worth = Wide::product(&[mark, ONE])?;
    let incentive = Wide::product(&[index, rate.raw()])?;
    let step = Wide::product(&[tick, ONE])?;
    let (exact, rounding) = match side {
        Side::Long => (worth.add(incentive)?, Rounding::Ceil),
        Side::Short => (worth.sub(incentive)?, Rounding::Floor),
    };
    let steps = exact.div(step, rounding)?.to_i128()?;
    let price = steps.checked_mul(tick).ok_or(ArithmeticError::Overflow)?;
    Ok(match side {
        Side::Long => price,
        Side::Short => price.max(tick),
    })
}

/// Whether an order pegged at the index price `pegged` has to be priced again at `index`: the
/// price moved by `threshold` of the peg or more. Decided exactly.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn must_repeg(pegged: i128, index: i128, threshold: Rate<6>) -> Result<bool, ArithmeticError> {
    let moved = index
        .checked_sub(pegged)
        .and_then(i128::checked_abs)
        .ok_or(ArithmeticError::Overflow)?;
    let moved = Wide::product(&[moved, ONE])?;
    Ok(moved >= Wide::product(&[pegged, threshold.raw()])?)
}

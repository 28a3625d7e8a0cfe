//! What the positions of one market wait for: its two lines, and between which prices nobody does.
//!
//! Most publications reach nobody. As long as nothing but the price changes, that is known from
//! the price alone: between two prices, computed once from the nearest trips, no trip passes. A
//! publication in between costs two comparisons, and the lines are drawn when somebody is examined.

use super::shares::{Lines, ONE, Room};
use crate::venues::kuma::Market;
use crate::watch::{DriverId, Trip};

/// A market's drivers and what they were last moved by.
#[derive(Debug, Clone)]
pub(super) struct Drivers {
    pub(super) long: DriverId,
    pub(super) short: DriverId,
    /// The default maintenance fraction that was last published.
    pub(super) mmf: u64,
    /// `None` when a number does not fit: the market's positions get no trips.
    pub(super) lines: Option<Lines>,
    /// The sum of the first `n` funding multipliers, by `n`.
    pub(super) sums: Vec<i128>,
    /// Periods with another multiplier than zero since all of the market's positions were named.
    pub(super) rounded: u32,
    /// The price the lines were drawn from.
    price: u64,
    /// Above the first and below the second price no trip passes, with `mmf` and `sums` as they
    /// are. Equal when that is not known.
    quiet: [u64; 2],
    /// The levels of the lines that `quiet` was computed from: no trip is nearer.
    gates: [i128; 2],
}

impl Drivers {
    pub(super) fn new(long: DriverId, short: DriverId, market: &Market) -> Self {
        let mut new = Self {
            long,
            short,
            mmf: 0,
            lines: None,
            sums: vec![0],
            rounded: 0,
            price: 0,
            quiet: [0; 2],
            gates: [0; 2],
        };
        new.draw(market);
        new
    }

    /// Whether what the market has published since the last move reaches nobody, for certain.
    #[inline]
    pub(super) fn is_quiet(&self, market: &Market) -> bool {
        let price = market.index_price();
        self.quiet[0] < price
            && price < self.quiet[1]
            && self.mmf == market.limits.maintenance_margin_fraction
            && self.sums.len() == market.multipliers().len().saturating_add(1)
    }

    /// Takes over what the market has published, without moving its drivers.
    pub(super) fn draw(&mut self, market: &Market) {
        let (price, mmf) = (
            market.index_price(),
            market.limits.maintenance_margin_fraction,
        );
        let known = self.sums.len().saturating_sub(1);
        let new = market.multipliers().get(known..).unwrap_or_default();
        if price == self.price && mmf == self.mmf && new.is_empty() {
            return;
        }
        if mmf != self.mmf || !new.is_empty() {
            self.quiet = [0; 2];
        }
        (self.price, self.mmf) = (price, mmf);
        for multiplier in new {
            let sum = self.funding();
            // 2^24 periods of 2^63 each are far within 128 bits.
            self.sums.push(sum.saturating_add((*multiplier).into()));
            let rounded = u32::from(*multiplier != 0);
            self.rounded = self.rounded.saturating_add(rounded);
        }
        self.lines = Lines::new(price, mmf, self.funding());
    }

    /// The sum of all multipliers so far.
    fn funding(&self) -> i128 {
        self.sums.last().copied().unwrap_or(0)
    }

    /// Notes the nearest trips, of longs below and of shorts above.
    pub(super) fn note_gates(&mut self, long: Option<i128>, short: Option<i128>) {
        self.gates = [long.unwrap_or(i128::MIN), short.unwrap_or(i128::MAX)];
        self.quiet = self.quiet_prices(long, short).unwrap_or([0; 2]);
    }

    /// The prices at which the lines are at their gates, rounded toward each other: at a price
    /// strictly between them a long's line is above its gate and a short's below.
    fn quiet_prices(&self, long: Option<i128>, short: Option<i128>) -> Option<[u64; 2]> {
        let funding = self.funding().checked_mul(ONE)?;
        let mmf = i128::from(self.mmf);
        let low = match long {
            // Rounded down: a price above that is above the quotient.
            Some(gate) => gate
                .checked_sub(funding)?
                .checked_div_euclid(ONE.checked_sub(mmf).filter(|slope| *slope > 0)?)?,
            None => 0,
        };
        let high = match short {
            // Rounded down too: a price below that is below the quotient.
            Some(gate) => gate
                .checked_sub(funding)?
                .checked_div_euclid(ONE.checked_add(mmf)?)?,
            None => i128::from(u64::MAX),
        };
        let price = |level: i128| u64::try_from(level.clamp(0, u64::MAX.into())).ok();
        Some([price(low)?, price(high)?])
    }

    /// What a position with this much room waits for.
    pub(super) fn trip(&mut self, size: i64, room: Room) -> Option<Trip> {
        let lines = self.lines.as_ref()?;
        let (driver, level, nearer) = if size > 0 {
            let level = room.below(lines);
            (self.long, level, level > self.gates[0])
        } else {
            let level = room.above(lines);
            (self.short, level, level < self.gates[1])
        };
        if nearer {
            self.quiet = [0; 2];
        }
        Some(Trip { driver, level })
    }
}

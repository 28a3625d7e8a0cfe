//! Risk arrays: what one unit of each instrument gains or loses in each scenario, and sums of it.
//!
//! Margin by scenarios is linear: a portfolio's profit in a scenario is the sum over its legs of
//! quantity times the unit's profit. So every instrument is priced once per market update and
//! scenario, and the margin of a portfolio, of a part of it, or of what it would be after a trade
//! is a sum over arrays, never a pricing.
//!
//! A unit's profit is `weight * (V(scenario) - V(now))` for an option and
//! `weight * index * move` for a perpetual, rounded to the nearest [`door::MONEY_DECIMALS`], and
//! what is summed is integers. Integers add up to the same in any order: permuting an account's
//! legs, or summing its components first, changes nothing, not even the last digit.
//!
//! A sum is formed in 64 bits when the legs' quantities times their largest cells prove that no
//! partial sum can leave 64 bits, and in 128 bits, checked, when not; both give the same integers.
//!
//! Layout: one row of cells per instrument, padded with zeros to a multiple of eight cells (64
//! bytes), so that the sum runs over whole vector registers.

use plimsoll_units::{Price, Rate, Rounding, Timestamp};

use super::black::{self, Black76, OptionKind};
use super::door::{self, DELTA_DECIMALS, MONEY_DECIMALS};
use super::grid::{Grid, MAX_SCENARIOS, Scenario};
use super::{Given, PricingError, VolShock, within};

/// Cells that are summed together; rows are padded to a multiple of it.
const LANES: usize = 8;

/// A volatility: 1 is 100 % a year.
pub type Vol = Rate<15>;

/// What is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    /// A perpetual on the index, one base unit.
    Perp,
    /// A European option on one base unit, settled in quote money.
    Option {
        /// Call or put.
        kind: OptionKind,
        /// Strike.
        strike: Price<8>,
        /// When it expires.
        expiry: Timestamp,
    },
}

/// One unit of an instrument, with what it is priced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// What is traded.
    pub contract: Contract,
    /// Its implied volatility; not looked at for a perpetual.
    pub vol: Vol,
    /// The forward of its expiry; `None` is the index carried at the market's rate, all of it
    /// moving with the index.
    pub forward: Option<Forward>,
}

/// A forward price in two portions: what moves with the index, and what does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    /// Multiplied in the scenarios like the index.
    pub moving: Price<18>,
    /// Left as it is: the part of a settlement average that has been observed already.
    pub fixed: Price<18>,
}

/// What all instruments are priced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Market {
    /// The index price.
    pub index: Price<8>,
    /// Now.
    pub now: Timestamp,
    /// The rate a year that options are discounted at.
    pub rate: Rate<15>,
}

/// So much of an instrument. The quantity's decimals are the caller's: sums of profit have
/// [`door::MONEY_DECIMALS`] more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Which instrument, by its place in the arrays.
    pub instrument: u32,
    /// How much; negative is short.
    pub quantity: i64,
}

/// Profit and loss by scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pnl(pub Vec<i128>);

/// The worst scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worst {
    /// The loss there; zero when no scenario loses.
    pub loss: i128,
    /// Its place in the grid: of equal ones the lowest.
    pub scenario: usize,
}

impl Pnl {
    /// The worst scenario and the loss in it: the matrix risk.
    #[must_use]
    pub fn worst(&self) -> Worst {
        worst_of(&self.0)
    }
}

/// Unit profit and loss of every instrument in every scenario, with marks and deltas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskArrays {
    decimals: u32,
    scenarios: usize,
    stride: usize,
    cells: Vec<i64>,
    /// The largest magnitude in each row.
    peaks: Vec<u64>,
    marks: Vec<i64>,
    deltas: Vec<i64>,
    vegas: Vec<i64>,
}

impl RiskArrays {
    /// Prices every unit in every scenario. The units' places are their instruments' numbers.
    ///
    /// # Errors
    /// [`PricingError`] names the first input that cannot be priced, or result that does not fit.
    pub fn new(
        grid: &Grid,
        shock: &VolShock,
        market: &Market,
        units: &[Unit],
    ) -> Result<Self, PricingError> {
        Self::with_decimals(MONEY_DECIMALS, grid, shock, market, units)
    }

    /// The same, with another number of decimals of money than [`door::MONEY_DECIMALS`]. More of
    /// them leave less room for quantities in 64 bits.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_decimals(
        decimals: u32,
        grid: &Grid,
        shock: &VolShock,
        market: &Market,
        units: &[Unit],
    ) -> Result<Self, PricingError> {
        shock.validate()?;
        let stride = grid.len().next_multiple_of(LANES);
        let mut arrays = Self {
            decimals,
            scenarios: grid.len(),
            stride,
            cells: Vec::with_capacity(units.len().saturating_mul(stride)),
            peaks: Vec::with_capacity(units.len()),
            marks: Vec::with_capacity(units.len()),
            deltas: Vec::with_capacity(units.len()),
            vegas: Vec::with_capacity(units.len()),
        };
        let pricer = Pricer::new(decimals, grid, shock, market)?;
        for unit in units {
            arrays.push(&pricer, unit)?;
        }
        Ok(arrays)
    }

    /// How many instruments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there is no instrument.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// How many scenarios there are.
    #[must_use]
    pub fn scenarios(&self) -> usize {
        self.scenarios
    }

    /// Decimals of money in the arrays.
    #[must_use]
    pub fn decimals(&self) -> u32 {
        self.decimals
    }

    /// An instrument's unit profit by scenario, [`Self::decimals`] decimals.
    ///
    /// # Errors
    /// [`PricingError::UnknownInstrument`].
    pub fn row(&self, instrument: u32) -> Result<&[i64], PricingError> {
        let row = self.padded_row(instrument)?;
        Ok(row.get(..self.scenarios).unwrap_or_default())
    }

    /// The price of one unit, [`Self::decimals`] decimals: for a perpetual, the index.
    ///
    /// # Errors
    /// [`PricingError::UnknownInstrument`].
    pub fn mark(&self, instrument: u32) -> Result<i64, PricingError> {
        self.of(&self.marks, instrument)
    }

    /// The delta of one unit to the index, [`DELTA_DECIMALS`] decimals.
    ///
    /// # Errors
    /// [`PricingError::UnknownInstrument`].
    pub fn delta(&self, instrument: u32) -> Result<i64, PricingError> {
        self.of(&self.deltas, instrument)
    }

    /// The vega of one unit, per 1.0 of volatility, [`Self::decimals`] decimals.
    ///
    /// # Errors
    /// [`PricingError::UnknownInstrument`].
    pub fn vega(&self, instrument: u32) -> Result<i64, PricingError> {
        self.of(&self.vegas, instrument)
    }

    /// The legs' profit by scenario: the decimals of their quantities plus [`Self::decimals`].
    ///
    /// # Errors
    /// [`PricingError::UnknownInstrument`], [`PricingError::Overflow`].
    pub fn pnl(&self, legs: &[Leg]) -> Result<Pnl, PricingError> {
        let mut pnl = Pnl(vec![0; self.scenarios]);
        if self.fits_64_bits(legs)? {
            let sums = self.sum_64(legs)?;
            let sums = sums.iter().map(|sum| i128::from(*sum));
            pnl.0.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum);
        } else {
            self.sum_128(legs, &mut pnl.0)?;
        }
        Ok(pnl)
    }

    /// The legs' worst scenario: that of [`Self::pnl`], without keeping the others.
    ///
    /// # Errors
    /// As [`Self::pnl`].
    pub fn worst(&self, legs: &[Leg]) -> Result<Worst, PricingError> {
        if !self.fits_64_bits(legs)? {
            return Ok(self.pnl(legs)?.worst());
        }
        let sums = self.sum_64(legs)?;
        Ok(worst_of(sums.get(..self.scenarios).unwrap_or_default()))
    }

    /// The legs' value: the decimals of their quantities plus [`Self::decimals`].
    ///
    /// # Errors
    /// As [`Self::pnl`].
    pub fn value(&self, legs: &[Leg]) -> Result<i128, PricingError> {
        self.total(&self.marks, legs)
    }

    /// The legs' delta: the decimals of their quantities plus [`DELTA_DECIMALS`].
    ///
    /// # Errors
    /// As [`Self::pnl`].
    pub fn net_delta(&self, legs: &[Leg]) -> Result<i128, PricingError> {
        self.total(&self.deltas, legs)
    }

    /// The legs' vega: the decimals of their quantities plus [`Self::decimals`].
    ///
    /// # Errors
    /// As [`Self::pnl`].
    pub fn net_vega(&self, legs: &[Leg]) -> Result<i128, PricingError> {
        self.total(&self.vegas, legs)
    }

    /// The same profits with `digits` decimals fewer, each rounded down: what an instrument makes
    /// in a scenario lies less than one unit above what is said here. Marks and deltas stay. The
    /// sums of large portfolios fit 64 bits then.
    ///
    /// # Errors
    /// [`PricingError::Overflow`] for more digits than there are.
    pub(crate) fn coarser(&self, digits: u32) -> Result<Self, PricingError> {
        let overflow = PricingError::Overflow;
        let decimals = self.decimals.checked_sub(digits).ok_or(overflow)?;
        let divisor = 10i64.checked_pow(digits).ok_or(overflow)?;
        let mut coarse = self.clone();
        coarse.decimals = decimals;
        for cell in &mut coarse.cells {
            *cell = cell.checked_div_euclid(divisor).ok_or(overflow)?;
        }
        let unit = divisor.unsigned_abs();
        for peak in &mut coarse.peaks {
            // Rounded down, a loss grows by less than one.
            *peak = peak.checked_div(unit).ok_or(overflow)?.saturating_add(1);
        }
        Ok(coarse)
    }

    fn push(&mut self, pricer: &Pricer<'_>, unit: &Unit) -> Result<(), PricingError> {
        let mut row = [0i64; MAX_SCENARIOS];
        let quote = pricer.unit(unit, &mut row)?;
        let row = row.get(..self.stride).unwrap_or_default();
        let peak = row.iter().map(|cell| cell.unsigned_abs()).max();
        self.cells.extend_from_slice(row);
        self.peaks.push(peak.unwrap_or(0));
        self.marks.push(quote.mark);
        self.deltas.push(quote.delta);
        self.vegas.push(quote.vega);
        Ok(())
    }

    fn padded_row(&self, instrument: u32) -> Result<&[i64], PricingError> {
        let at = usize::try_from(instrument).ok();
        let from = at.and_then(|at| at.checked_mul(self.stride));
        let range = from.and_then(|from| Some(from..from.checked_add(self.stride)?));
        range
            .and_then(|range| self.cells.get(range))
            .ok_or_else(|| self.unknown(instrument))
    }

    fn of(&self, values: &[i64], instrument: u32) -> Result<i64, PricingError> {
        let at = usize::try_from(instrument).ok();
        let value = at.and_then(|at| values.get(at)).copied();
        value.ok_or_else(|| self.unknown(instrument))
    }

    fn unknown(&self, instrument: u32) -> PricingError {
        let known = self.len();
        PricingError::UnknownInstrument { instrument, known }
    }

    fn total(&self, values: &[i64], legs: &[Leg]) -> Result<i128, PricingError> {
        legs.iter().try_fold(0i128, |sum, leg| {
            let value = self.of(values, leg.instrument)?;
            // Two 64-bit factors always fit.
            let product = i128::from(value).wrapping_mul(leg.quantity.into());
            sum.checked_add(product).ok_or(PricingError::Overflow)
        })
    }

    /// Whether no partial sum of the legs, in any order and scenario, can leave 64 bits: whether
    /// the quantities times their rows' peaks add up to less.
    fn fits_64_bits(&self, legs: &[Leg]) -> Result<bool, PricingError> {
        let mut bound = 0u64;
        for leg in legs {
            let at = usize::try_from(leg.instrument).ok();
            let peak = at.and_then(|at| self.peaks.get(at)).copied();
            let peak = peak.ok_or_else(|| self.unknown(leg.instrument))?;
            let most = leg.quantity.unsigned_abs().saturating_mul(peak);
            bound = bound.saturating_add(most);
        }
        Ok(bound <= i64::MAX.unsigned_abs())
    }

    /// The sums in 64 bits. Only for legs that [`Self::fits_64_bits`]: then nothing wraps.
    fn sum_64(&self, legs: &[Leg]) -> Result<[i64; MAX_SCENARIOS], PricingError> {
        let mut sums = [0i64; MAX_SCENARIOS];
        let blocks = sums.as_chunks_mut::<LANES>().0;
        // The number of blocks is known to the compiler, so that the sums stay in registers.
        match self.stride / LANES {
            0 | 1 => self.sum_blocks::<1>(legs, blocks)?,
            2 => self.sum_blocks::<2>(legs, blocks)?,
            3 => self.sum_blocks::<3>(legs, blocks)?,
            4 => self.sum_blocks::<4>(legs, blocks)?,
            5 => self.sum_blocks::<5>(legs, blocks)?,
            6 => self.sum_blocks::<6>(legs, blocks)?,
            7 => self.sum_blocks::<7>(legs, blocks)?,
            _ => self.sum_blocks::<8>(legs, blocks)?,
        }
        Ok(sums)
    }

    fn sum_blocks<const N: usize>(
        &self,
        legs: &[Leg],
        sums: &mut [[i64; LANES]],
    ) -> Result<(), PricingError> {
        let mut totals = [[0i64; LANES]; N];
        let rows = self.cells.as_chunks::<LANES>().0.as_chunks::<N>().0;
        for leg in legs {
            let at = usize::try_from(leg.instrument).ok();
            let row = at.and_then(|at| rows.get(at));
            let row = row.ok_or_else(|| self.unknown(leg.instrument))?;
            for (totals, cells) in totals.iter_mut().zip(row) {
                for (total, cell) in totals.iter_mut().zip(cells) {
                    *total = total.wrapping_add(leg.quantity.wrapping_mul(*cell));
                }
            }
        }
        sums.iter_mut()
            .zip(totals)
            .for_each(|(to, total)| *to = total);
        Ok(())
    }

    /// The sums in 128 bits, checked.
    fn sum_128(&self, legs: &[Leg], sums: &mut [i128]) -> Result<(), PricingError> {
        for leg in legs {
            for (sum, cell) in sums.iter_mut().zip(self.row(leg.instrument)?) {
                let product = i128::from(*cell).wrapping_mul(leg.quantity.into());
                *sum = sum.checked_add(product).ok_or(PricingError::Overflow)?;
            }
        }
        Ok(())
    }
}

/// The lowest of the profits; of equal ones the first.
fn worst_of<T: Copy + Ord + Into<i128>>(pnl: &[T]) -> Worst {
    let mut lowest: Option<(T, usize)> = None;
    for (scenario, profit) in pnl.iter().enumerate() {
        // Strictly: of equal scenarios the first stays.
        if lowest.is_none_or(|(least, _)| *profit < least) {
            lowest = Some((*profit, scenario));
        }
    }
    let (profit, scenario) = lowest.map_or((0, 0), |(profit, at)| (profit.into(), at));
    let loss = profit.saturating_neg().max(0);
    Worst { loss, scenario }
}

/// What a unit is worth now.
struct Quote {
    mark: i64,
    delta: i64,
    vega: i64,
}

/// A market's numbers as floats, and what scenarios have in common for all instruments.
struct Pricer<'a> {
    decimals: u32,
    shock: &'a VolShock,
    index: f64,
    now: Timestamp,
    rate: f64,
    moves: Vec<Move>,
    scenarios: &'a [Scenario],
}

/// A scenario as floats.
struct Move {
    factor: f64,
    log_factor: f64,
    weight: f64,
    vol: usize,
}

impl<'a> Pricer<'a> {
    fn new(
        decimals: u32,
        grid: &'a Grid,
        shock: &'a VolShock,
        market: &Market,
    ) -> Result<Self, PricingError> {
        let index = door::enter(market.index.raw(), 8);
        let moves = grid.scenarios().iter().map(|scenario| {
            let factor = scenario.spot_factor();
            Move {
                factor,
                log_factor: libm::log(factor),
                weight: scenario.weight(),
                vol: scenario.vol.index(),
            }
        });
        Ok(Self {
            decimals,
            shock,
            index: within("the index", index, black::PRICES, "a price above zero")?,
            now: market.now,
            rate: door::enter(market.rate.raw(), 15),
            moves: moves.collect(),
            scenarios: grid.scenarios(),
        })
    }

    fn unit(&self, unit: &Unit, row: &mut [i64; MAX_SCENARIOS]) -> Result<Quote, PricingError> {
        match unit.contract {
            Contract::Perp => self.perp(row),
            Contract::Option {
                kind,
                strike,
                expiry,
            } => {
                let strike = door::enter(strike.raw(), 8);
                self.option((kind, strike, expiry), unit, row)
            }
        }
    }

    fn perp(&self, row: &mut [i64; MAX_SCENARIOS]) -> Result<Quote, PricingError> {
        for ((cell, step), scenario) in row.iter_mut().zip(&self.moves).zip(self.scenarios) {
            let change = self.index * door::enter(scenario.spot_e6.into(), 6);
            *cell = self.money("a perpetual's profit", step.weight * change)?;
        }
        Ok(Quote {
            mark: self.money("the index", self.index)?,
            delta: leave_delta(1.0)?,
            vega: 0,
        })
    }

    fn option(
        &self,
        (kind, strike, expiry): (OptionKind, f64, Timestamp),
        unit: &Unit,
        row: &mut [i64; MAX_SCENARIOS],
    ) -> Result<Quote, PricingError> {
        let tenor = expiry.millis().saturating_sub(self.now.millis());
        let years = door::years(tenor);
        if tenor < 0 {
            return Err(PricingError::Input {
                what: "the time to expiry",
                given: Given::of(years),
                must: "not in the past",
            });
        }
        let (moving, fixed) = match unit.forward {
            Some(forward) => (
                door::enter(forward.moving.raw(), 18),
                door::enter(forward.fixed.raw(), 18),
            ),
            None => (self.index * libm::exp(self.rate * years), 0.0),
        };
        within(
            "the forward's moving part",
            moving,
            0.0..=*black::PRICES.end(),
            "not negative",
        )?;
        within(
            "the forward's fixed part",
            fixed,
            0.0..=*black::PRICES.end(),
            "not negative",
        )?;
        let vol = door::enter(unit.vol.raw(), 15);
        let option = Black76::new(kind, moving + fixed, strike, vol, years, self.rate)?;
        let greeks = option.greeks();
        let discount = libm::exp(-self.rate * years);
        let root = years.sqrt();
        let deviations = self.shock.vols(vol, tenor).map(|vol| vol * root);
        let log_moneyness = black::log_ratio(moving + fixed, strike);
        for (cell, step) in row.iter_mut().zip(&self.moves) {
            let deviation = deviations.get(step.vol).copied().unwrap_or_default();
            let forward = moving * step.factor + fixed;
            // When all of the forward moves, its logarithm moves by the same in every instrument.
            let log_moneyness = if fixed == 0.0 {
                log_moneyness + step.log_factor
            } else {
                black::log_ratio(forward, strike)
            };
            let value = black::undiscounted_at(kind, forward, strike, log_moneyness, deviation);
            let profit = step.weight * (discount * value - greeks.price);
            *cell = self.money("an option's profit", profit)?;
        }
        Ok(Quote {
            mark: self.money("an option's price", greeks.price)?,
            // To the index: the forward's moving part moves with it in proportion.
            delta: leave_delta(greeks.delta * (moving / self.index))?,
            vega: self.money("an option's vega", greeks.vega)?,
        })
    }

    /// To the nearest: an account is long and short the same arrays, so no side is favoured.
    fn money(&self, what: &'static str, value: f64) -> Result<i64, PricingError> {
        door::leave(what, value, self.decimals, Rounding::HalfEven)
    }
}

/// To the nearest, as the money.
fn leave_delta(delta: f64) -> Result<i64, PricingError> {
    door::leave("a delta", delta, DELTA_DECIMALS, Rounding::HalfEven)
}

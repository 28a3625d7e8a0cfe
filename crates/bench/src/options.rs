//! Option portfolios and a full revaluation of them, beside two others: pricing each leg anew in
//! each scenario (naive), and a plain multiply-add of floats over as many bytes in the same order
//! (the machine's limit for any program that sums arrays).
//!
//! An update is: the arrays of all instruments from new prices, then the worst scenario of every
//! portfolio from sums over them.

use std::hint::black_box;

use plimsoll_engine::margin::portfolio::decompose::{Pairing, decompose};
use plimsoll_engine::margin::portfolio::{Model, Portfolio, Valuation};
use plimsoll_engine::pricing::risk::Vol;
use plimsoll_engine::pricing::{
    Black76, Contract, Grid, Leg, Market, OptionKind, RiskArrays, Unit, VolMove, VolShock,
};
use plimsoll_units::{Price, Rate, Timestamp};

use crate::chance::Chance;

const NOW: i64 = 1_770_000_000_000;
const DAY: i64 = 86_400_000;
const INDEX: i64 = 100_000;
/// Cells of a row: 43 scenarios, padded to whole cache lines.
const STRIDE: usize = 48;
const YEAR: f64 = 365.0 * DAY as f64;

/// A market's instruments and the portfolios that hold them.
#[derive(Debug, Clone)]
pub struct Options {
    grid: Grid,
    market: Market,
    units: Vec<Unit>,
    books: Vec<Vec<Leg>>,
}

impl Options {
    /// One perpetual and options of twelve expiries on both sides of the index, and portfolios of
    /// `legs` legs each, of up to ten contracts in hundredths.
    ///
    /// # Panics
    /// When there is no instrument.
    #[must_use]
    pub fn new(instruments: u32, portfolios: u32, legs: u32) -> Self {
        let mut chance = Chance::new(5);
        let unit = |at: u32| unit(at, &mut chance);
        let units: Vec<Unit> = (0..instruments).map(unit).collect();
        assert!(!units.is_empty(), "a market without instruments");
        let mut leg = || Leg {
            instrument: chance.below(instruments),
            quantity: chance.between(-1_000, 1_000),
        };
        let book = |_| (0..legs).map(|_| leg()).collect();
        Self {
            grid: Grid::krm_43(),
            market: Market {
                index: Price::from_raw(i128::from(INDEX) * 100_000_000),
                now: Timestamp(NOW),
                rate: Rate::ZERO,
            },
            books: (0..portfolios).map(book).collect(),
            units,
        }
    }

    /// How many instruments there are.
    #[must_use]
    pub fn instruments(&self) -> usize {
        self.units.len()
    }

    /// How many portfolios there are.
    #[must_use]
    pub fn portfolios(&self) -> usize {
        self.books.len()
    }

    /// Scenarios of the grid.
    #[must_use]
    pub fn scenarios(&self) -> usize {
        self.grid.len()
    }

    /// Every instrument in every scenario: the first half of an update.
    ///
    /// # Panics
    /// When the engine refuses the market.
    #[must_use]
    pub fn arrays(&self) -> RiskArrays {
        RiskArrays::new(&self.grid, &VolShock::KRM, &self.market, &self.units).expect("a market")
    }

    /// Every portfolio's worst loss: the second half. Returns their sum, in 1e-10 units.
    ///
    /// # Panics
    /// When a portfolio's sum does not fit.
    #[must_use]
    pub fn worst(&self, arrays: &RiskArrays) -> i128 {
        let worst = |book: &Vec<Leg>| arrays.worst(book).expect("a sum").loss;
        self.books.iter().map(worst).sum()
    }

    /// The same for the first `portfolios` by pricing each leg in each scenario.
    ///
    /// # Panics
    /// When an option cannot be priced.
    #[must_use]
    pub fn worst_naively(&self, portfolios: usize) -> f64 {
        let worst = |book: &Vec<Leg>| {
            let profits = self.grid.scenarios().iter().map(|scenario| {
                let profit = |leg: &Leg| {
                    let unit = &self.units[leg.instrument as usize];
                    let factor = scenario.spot_factor();
                    let shocked = price(unit, factor, scenario.vol);
                    let change = shocked - price(unit, 1.0, VolMove::None);
                    leg.quantity as f64 * scenario.weight() * change
                };
                book.iter().map(profit).sum::<f64>()
            });
            profits.fold(0.0, f64::min)
        };
        -self.books[..portfolios].iter().map(worst).sum::<f64>()
    }

    /// The components of one portfolio, measured in isolation and ranked: how many there are.
    ///
    /// # Panics
    /// When there are fewer portfolios, or the engine refuses the market.
    #[must_use]
    pub fn decompose(&self, arrays: &RiskArrays, portfolio: usize, pairing: Pairing) -> usize {
        let contracts: Vec<Contract> = self.units.iter().map(|unit| unit.contract).collect();
        let (index, now) = (self.market.index, self.market.now);
        let of = Valuation::new(&Model::KRM, arrays, &contracts, index, now).expect("a market");
        let held = Portfolio::new(&self.books[portfolio]).expect("legs within bounds");
        decompose(&of, &held, pairing).expect("components").len()
    }

    /// As many bytes as the arrays, as floats.
    #[must_use]
    pub fn cells(&self) -> Vec<f64> {
        let mut chance = Chance::new(6);
        let cells = self.units.len() * STRIDE;
        (0..cells).map(|_| f64::from(chance.bits())).collect()
    }

    /// Multiplies and adds the cells of every portfolio's legs: what summing cannot be faster than.
    #[must_use]
    pub fn multiply_add(&self, cells: &[f64]) -> f64 {
        let mut total = 0.0;
        for book in &self.books {
            let mut sums = [0.0f64; STRIDE];
            for leg in book {
                let from = leg.instrument as usize * STRIDE;
                let quantity = leg.quantity as f64;
                for (sum, cell) in sums.iter_mut().zip(&cells[from..from + STRIDE]) {
                    *sum += quantity * cell;
                }
            }
            total += black_box(&sums)[0];
        }
        total
    }

    /// Prices every option once; returns the sum.
    ///
    /// # Panics
    /// When an option cannot be priced.
    #[must_use]
    pub fn price_all(&self) -> f64 {
        let price = |unit| price(unit, 1.0, VolMove::None);
        self.units.iter().map(price).sum()
    }

    /// Prices every option with all its greeks once; returns the sum of one of them.
    ///
    /// # Panics
    /// When an option cannot be priced.
    #[must_use]
    pub fn greeks_all(&self) -> f64 {
        let theta = |unit| option(unit, 1.0, VolMove::None).map_or(0.0, |o| o.greeks().theta);
        self.units.iter().map(theta).sum()
    }
}

fn unit(at: u32, chance: &mut Chance) -> Unit {
    if at == 0 {
        return Unit {
            contract: Contract::Perp,
            vol: Vol::ZERO,
            forward: None,
        };
    }
    let kind = if chance.below(2) == 0 {
        OptionKind::Call
    } else {
        OptionKind::Put
    };
    let days = [1, 2, 3, 7, 14, 21, 30, 60, 90, 180, 270, 365][chance.below(12) as usize];
    let strike = chance.between(50, 200) * INDEX / 100;
    let vol_percent = chance.between(35, 110);
    Unit {
        contract: Contract::Option {
            kind,
            strike: Price::from_raw(i128::from(strike) * 100_000_000),
            expiry: Timestamp(NOW + days * DAY),
        },
        vol: Vol::from_raw(i128::from(vol_percent) * 10_000_000_000_000),
        forward: None,
    }
}

fn option(unit: &Unit, factor: f64, vol_move: VolMove) -> Option<Black76> {
    let Contract::Option {
        kind,
        strike,
        expiry,
    } = unit.contract
    else {
        return None;
    };
    let tenor = expiry.millis() - NOW;
    let vol = unit.vol.raw() as f64 / 1e15;
    // Only a shock needs the power of the tenor.
    let vol = match vol_move {
        VolMove::None => vol,
        shocked => vol * VolShock::KRM.multiplier(shocked, tenor),
    };
    let (forward, strike) = (INDEX as f64 * factor, strike.raw() as f64 / 1e8);
    let option = Black76::new(kind, forward, strike, vol, tenor as f64 / YEAR, 0.0);
    Some(option.expect("an option"))
}

fn price(unit: &Unit, factor: f64, vol_move: VolMove) -> f64 {
    option(unit, factor, vol_move).map_or(INDEX as f64 * factor, |option| option.price())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is timed side by side does the same work.
    #[test]
    fn arrays_and_repricing_agree() {
        let options = Options::new(40, 30, 8);
        let ours = options.worst(&options.arrays()) as f64 / 1e8;
        let theirs = options.worst_naively(options.portfolios());
        assert!(
            ours > 0.0 && (ours / theirs - 1.0).abs() < 1e-9,
            "{ours} {theirs}"
        );
        assert!(options.multiply_add(&options.cells()).is_finite());
        assert!(options.price_all() > 0.0 && options.greeks_all() < 0.0);
    }
}

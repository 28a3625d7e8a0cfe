//! Which accounts of a pair have to be looked at after new market data.
//!
//! Nearly all accounts are far from their maintenance margin. An account is passed over when a
//! requirement that is certainly not too small is within its equity: profits by scenario are rounded
//! down at 10^-4, the roll charge is taken without netting calls against puts. Everybody else gets
//! the exact look. Nothing is allocated per account, and positions are in the order of their rows
//! already.
//!
//! Units: [`crate::margin::portfolio::Money`], 14 decimals; requirements times a rate have 26.

use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rate};

use super::account::Account;
use super::health::{FINER, Marked};
use super::{InstrumentId, Kyan};
use crate::pricing::{Leg, RiskArrays};
use crate::{Rejection, Tx};

const ONE: i128 = Rate::<6>::ONE.raw();
/// Decimals that the screen does without: sums of up to 9e8 quote units fit 64 bits then.
const COARSER: u32 = 4;
/// Ten to that.
const COARSE: i128 = 10_000;

/// What one contract of an instrument adds, 8 decimals each.
#[derive(Debug, Clone, Copy)]
struct Unit {
    /// Its row in the arrays.
    row: u32,
    /// What it is worth; the perpetual at its own mark.
    mark: i64,
    /// Delta times the index.
    exposure: i64,
    /// Roll charge of a short one.
    roll: i64,
}

/// A pair's accounts, screened at one update.
pub(super) struct Screen<'a> {
    marked: Marked<'a>,
    /// By instrument; none for a settled option.
    units: Vec<Option<Unit>>,
    /// Profits by scenario, rounded down.
    coarse: RiskArrays,
    /// Exposure that is not charged.
    free: i128,
    legs: Vec<Leg>,
}

impl<'a> Screen<'a> {
    pub(super) fn new(marked: Marked<'a>) -> Result<Self, Rejection> {
        let mut units = Vec::new();
        for number in 0..marked.pair.instruments() {
            units.push(unit(&marked, InstrumentId(number))?);
        }
        let free = marked.of.model().delta_free.raw().saturating_mul(FINER);
        Ok(Self {
            coarse: marked.of.arrays().coarser(COARSER)?,
            marked,
            units,
            free,
            legs: Vec::new(),
        })
    }

    /// Whether the maintenance margin is certainly within the equity.
    pub(super) fn is_safe(&mut self, account: &Account, cash: i128) -> bool {
        self.room(account, cash).is_some_and(|room| room >= 0)
    }

    /// Equity minus at least the maintenance margin, 26 decimals; `None` when it does not fit.
    fn room(&mut self, account: &Account, cash: i128) -> Option<i128> {
        self.legs.clear();
        let (mut exposure, mut roll, mut worth, mut short) = (0i128, 0i128, 0i128, 0i128);
        for held in account.positions() {
            let unit = self.units.get(held.instrument.index())?.as_ref()?;
            exposure = exposure.checked_add(product(unit.exposure, held.quantity))?;
            roll = roll.checked_sub(product(unit.roll, held.quantity.min(0)))?;
            short = short.checked_sub(held.quantity.min(0).into())?;
            worth = worth.checked_add(product(unit.mark, held.quantity))?;
            self.legs.push(Leg {
                instrument: unit.row,
                quantity: held.quantity,
            });
        }
        let model = self.marked.of.model();
        // A short contract loses less than one unit more than its row, rounded down, says.
        let matrix = self
            .coarse
            .worst(&self.legs)
            .ok()?
            .loss
            .checked_add(short)?;
        let matrix = matrix.checked_mul(COARSE)?;
        let over = exposure.checked_abs()?.checked_sub(self.free)?.max(0);
        let charge = over.checked_mul(model.delta_rate.raw())?;
        let base = matrix.checked_add(roll)?.checked_mul(ONE)?;
        let needed = base.checked_add(charge)?;
        let needed = needed.checked_mul(model.mm_factor.raw())?;
        let equity = cash.checked_mul(FINER)?.checked_add(worth)?;
        let equity = equity.checked_mul(ONE)?.checked_mul(ONE)?;
        equity.checked_sub(needed)
    }
}

/// What an instrument adds, unless it is settled.
fn unit(marked: &Marked<'_>, instrument: InstrumentId) -> Result<Option<Unit>, Rejection> {
    let Ok(row) = marked.priced.row(instrument) else {
        return Ok(None);
    };
    let small = |wide: i128| i64::try_from(wide).map_err(|_| ArithmeticError::Overflow);
    Ok(Some(Unit {
        row,
        mark: small(marked.fair(instrument)?)?,
        exposure: small(marked.of.unit_exposure(row)?)?,
        roll: small(marked.of.roll_unit_of(row)?)?,
    }))
}

/// The product of two 64-bit numbers always fits 128: nothing wraps.
fn product(a: i64, b: i64) -> i128 {
    i128::from(a).wrapping_mul(i128::from(b))
}

impl Kyan {
    /// Every account of a pair that may have something to do is to be looked at. It never fails:
    /// whoever cannot be screened is looked at.
    pub(super) fn look_at_all(&mut self, tx: &Tx<'_>, pair: MarketId) {
        let mut screen = match self.marked(pair) {
            Ok(marked) => Screen::new(marked).ok(),
            // Nothing is priced: nobody has anything to do.
            Err(_) => return,
        };
        let mut found = Vec::new();
        for (account, number) in self.accounts.iter().zip(0u32..) {
            // Accounts in liquidation are looked at whenever time or data moves.
            if account.pair != pair || account.episode.is_some() {
                continue;
            }
            let cash = tx.balance(account.cash);
            let safe = screen.as_mut().is_some_and(|s| s.is_safe(account, cash));
            if account.cured || !safe {
                found.push(AccountId(number));
            }
        }
        self.dirty.extend(found);
    }
}

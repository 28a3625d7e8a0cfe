//! Which accounts of a pair have to be looked at after new market data.
//!
//! Nearly all accounts are far from their maintenance margin. An account is passed over when a
//! requirement that is certainly not too small is within its equity: the sums over the arrays are
//! exact, the roll charge is taken without netting calls against puts. Everybody else gets the
//! exact look. Nothing is allocated per account, and positions are in the order of their rows
//! already.
//!
//! Units: [`crate::margin::portfolio::Money`], 14 decimals; requirements times a rate have 26.

use plimsoll_units::{AccountId, MarketId, Rate};

use super::account::Account;
use super::health::{FINER, Marked};
use super::{InstrumentId, Kyan};
use crate::pricing::Leg;
use crate::{Rejection, Tx};

const ONE: i128 = Rate::<6>::ONE.raw();

/// What one contract of a row adds.
#[derive(Debug, Clone, Copy)]
struct Unit {
    /// Delta times the index, 8 decimals.
    exposure: i128,
    /// Roll charge of a short one, 8 decimals.
    roll: i128,
}

/// A pair's accounts, screened at one update.
pub(super) struct Screen<'a> {
    marked: Marked<'a>,
    units: Vec<Unit>,
    /// What the perpetual's own mark adds to a unit's value at the index.
    basis: i128,
    /// Exposure that is not charged.
    free: i128,
    legs: Vec<Leg>,
}

impl<'a> Screen<'a> {
    pub(super) fn new(marked: Marked<'a>) -> Result<Self, Rejection> {
        let mut units = Vec::with_capacity(marked.of.arrays().len());
        for row in (0u32..).take(marked.of.arrays().len()) {
            units.push(Unit {
                exposure: marked.of.unit_exposure(row)?,
                roll: marked.of.roll_unit_of(row)?,
            });
        }
        let free = marked.of.model().delta_free.raw().saturating_mul(FINER);
        let basis = match marked.pair.perpetual_mark() {
            Some(mark) => mark.sub(marked.of.index())?.raw(),
            None => 0,
        };
        Ok(Self {
            marked,
            units,
            basis,
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
        let (mut exposure, mut roll, mut linear) = (0i128, 0i128, 0i128);
        for held in account.positions() {
            let row = self.marked.priced.row(held.instrument).ok()?;
            let unit = self.units.get(usize::try_from(row).ok()?)?;
            let quantity = i128::from(held.quantity);
            exposure = exposure.checked_add(unit.exposure.checked_mul(quantity)?)?;
            roll = roll.checked_sub(unit.roll.checked_mul(quantity.min(0))?)?;
            if held.instrument == InstrumentId::PERPETUAL {
                linear = quantity.checked_mul(self.basis)?;
            }
            self.legs.push(Leg {
                instrument: row,
                quantity: held.quantity,
            });
        }
        let (arrays, model) = (self.marked.of.arrays(), self.marked.of.model());
        let matrix = arrays.worst(&self.legs).ok()?.loss;
        let worth = arrays.value(&self.legs).ok()?;
        let over = exposure.checked_abs()?.checked_sub(self.free)?.max(0);
        let charge = over.checked_mul(model.delta_rate.raw())?;
        let base = matrix.checked_add(roll)?.checked_mul(ONE)?;
        let needed = base.checked_add(charge)?;
        let needed = needed.checked_mul(model.mm_factor.raw())?;
        let equity = cash.checked_mul(FINER)?.checked_add(worth)?;
        let equity = equity.checked_add(linear)?.checked_mul(ONE)?;
        equity.checked_mul(ONE)?.checked_sub(needed)
    }
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

//! What things are worth in the quote token at a pair's reserves.

use plimsoll_units::Rounding;

use super::part;
use crate::scenario::Decimal;

/// A pair's rates. Values are raw quote units, rounded down unless said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quote {
    pub(super) reserves: [u128; 2],
    pub(super) supply: u128,
    /// Which token is the quote, 0 or 1.
    pub(super) token: usize,
    pub(super) decimals: u32,
}

impl Quote {
    pub(super) fn invariant(&self) -> u128 {
        plimsoll_engine::venues::gammaswap::invariant(self.reserves)
    }

    /// Both reserves are worth twice the quote's.
    fn whole(&self) -> u128 {
        self.reserves[self.token].saturating_mul(2)
    }

    /// What invariant units are worth.
    pub(super) fn worth(&self, invariant: u128) -> u128 {
        part(invariant, self.whole(), self.invariant(), Rounding::Down).unwrap_or(0)
    }

    /// What LP tokens are worth.
    pub(super) fn lp_worth(&self, lp: u128) -> u128 {
        part(lp, self.whole(), self.supply, Rounding::Down).unwrap_or(0)
    }

    /// What both tokens are worth.
    pub(super) fn value(&self, tokens: [u128; 2]) -> u128 {
        let (quote, base) = (self.token, self.token ^ 1);
        part(
            tokens[base],
            self.reserves[quote],
            self.reserves[base],
            Rounding::Down,
        )
        .unwrap_or(0)
        .saturating_add(tokens[quote])
    }

    /// So much of the other token as is worth `raw`.
    pub(super) fn base_for(&self, raw: u128) -> u128 {
        let (quote, base) = (self.token, self.token ^ 1);
        let (base, quote) = (self.reserves[base], self.reserves[quote]);
        part(raw, base, quote, Rounding::Down).unwrap_or(0)
    }

    /// Invariant units worth `raw`.
    pub(super) fn invariant_of(&self, raw: u128) -> u128 {
        part(raw, self.invariant(), self.whole(), Rounding::Down).unwrap_or(u128::MAX)
    }

    /// LP tokens worth `raw`.
    pub(super) fn lp_for(&self, raw: u128) -> u128 {
        part(raw, self.supply, self.whole(), Rounding::Down).unwrap_or(0)
    }

    /// LP tokens that invariant units are worth, rounded up.
    pub(super) fn lp_of(&self, invariant: u128) -> u128 {
        part(invariant, self.supply, self.invariant(), Rounding::Up).unwrap_or(u128::MAX)
    }

    /// A number of whole quote tokens in raw units.
    pub(super) fn raw_of(&self, whole: Decimal) -> u128 {
        let raw = u128::try_from(whole.raw()).unwrap_or(0);
        let unit = 10u128.pow(self.decimals.min(18));
        part(raw, unit, 10u128.pow(18), Rounding::Down).unwrap_or(u128::MAX)
    }
}

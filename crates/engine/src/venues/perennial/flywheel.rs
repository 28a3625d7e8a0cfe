//! Settlement of a product: from the version it was last settled at (`a`), through the version
//! that settles what is pending (`b`), to the newest (`c`).
//!
//! Source: `Product._settle`. Nothing happens unless somebody touches the product; a touch brings
//! it to the newest version in at most two strides, however many versions were skipped, because
//! what is pending was asked for at `a` and therefore settles at `b = a + 1`.
//!
//! [`Global::settled`] computes a settlement without changing anything: the watch and the views
//! look at the product as it would be, and a touch takes the same result. So nothing depends on
//! whether somebody looked.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::MarketId;

use super::accumulate::{Accrued, Terms, Value};
use super::numbers::{Money, add};
use super::position::{Position, PrePosition};
use super::refusal::Refusal;
use crate::Rejection;
use crate::oracle::{History, Version};

/// The product's own state, as of the version it was last settled at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Global {
    /// The version it was last settled at; 0 before the first.
    pub latest_version: u64,
    /// Everybody's position at that version.
    pub position: Position,
    /// Everybody's pending changes.
    pub pre: PrePosition,
    /// The accumulators at that version.
    pub value: Value,
    /// The money there really is: deposits less withdrawals, rewards and fees. Never negative.
    pub total: Money,
}

/// The accumulators at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Stamp {
    /// The version.
    pub version: u64,
    /// The accumulators.
    pub value: Value,
}

/// A settlement, computed but not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// The newest version, where it leads.
    pub to: Version,
    /// The version that settles what was pending (`c` itself when nothing was).
    pub through: Stamp,
    /// The position at `to`.
    pub position: Position,
    /// What is still pending at `to`.
    pub pre: PrePosition,
    /// The accumulators at `to`.
    pub value: Value,
    /// Fees that leave the product, raw money.
    pub fee: i128,
    /// Whether anything happened at all.
    pub moved: bool,
}

impl Settlement {
    /// The accumulators at `version`, if it is one this settlement stops at.
    #[must_use]
    pub fn value_at(&self, version: u64) -> Option<Value> {
        if version == self.to.number {
            return Some(self.value);
        }
        (self.moved && version == self.through.version).then_some(self.through.value)
    }
}

impl Global {
    /// The product settled at `to`, the newest version.
    ///
    /// # Errors
    /// When a number does not fit, or a version that is needed is not there.
    pub(super) fn settled(
        &self,
        market: MarketId,
        history: &History,
        terms: &Terms<'_>,
        to: Version,
    ) -> Result<Settlement, Rejection> {
        if to.number == self.latest_version {
            return Ok(self.unmoved(to));
        }
        let from = at(market, history, self.latest_version)?;
        let through = match self.pre.settle_version(to.number) {
            b if b == to.number => to,
            b => at(market, history, b)?,
        };
        let first = terms.accrue(&self.position, &self.pre, &from, &through)?;
        let mut settlement = self.after(&first, to, &through)?;
        if through.number != to.number {
            // Nothing is pending any more, so fees on trades, which may change at `b`, play no
            // part in the second stride.
            let (position, pre) = (settlement.position, settlement.pre);
            let second = terms.accrue(&position, &pre, &through, &to)?;
            settlement.value = settlement.value.advanced(&second.value)?;
            settlement.fee = add(settlement.fee, second.fee)?;
        }
        Ok(settlement)
    }

    fn unmoved(&self, to: Version) -> Settlement {
        Settlement {
            to,
            through: Stamp {
                version: to.number,
                value: self.value,
            },
            position: self.position,
            pre: self.pre,
            value: self.value,
            fee: 0,
            moved: false,
        }
    }

    fn after(
        &self,
        accrued: &Accrued,
        to: Version,
        through: &Version,
    ) -> Result<Settlement, Refusal> {
        let value = self.value.advanced(&accrued.value)?;
        let settles = self.pre.can_settle(through.number);
        let (position, pre) = if settles {
            (self.pre.next(&self.position)?, PrePosition::default())
        } else {
            (self.position, self.pre)
        };
        Ok(Settlement {
            to,
            through: Stamp {
                version: through.number,
                value,
            },
            position,
            pre,
            value,
            fee: accrued.fee,
            moved: true,
        })
    }

    /// Takes a settlement: everything but the fees, which are the books' business.
    pub(super) fn take(&mut self, settlement: &Settlement) {
        self.latest_version = settlement.to.number;
        self.position = settlement.position;
        self.pre = settlement.pre;
        self.value = settlement.value;
    }
}

/// A version of the history; before the first there is version 0, at price 0.
pub(super) fn at(market: MarketId, history: &History, number: u64) -> Result<Version, Rejection> {
    if number == 0 {
        return Ok(Version::default());
    }
    Ok(history.at(market, number)?)
}

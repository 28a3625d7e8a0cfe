//! What became of the positions a backstop acquired: hop by hop, at which price against index.
//!
//! Amounts are exact, in the venue's asset or in base units; shares and basis points are worked
//! out from them when they are shown. A sign tells whom a price favoured: `against_index` is what
//! the backstop got beyond the index price, negative where it gave something away.

use std::collections::BTreeMap;

use plimsoll_units::{Rounding, mul_div};
use serde::Serialize;

use crate::results::Amount;

/// The most single fills that are kept for the table and the CSV; the totals count them all.
pub const FILLS_MAX: usize = 200_000;

/// Where a position went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hop {
    /// To the insurance fund, at the bankruptcy price.
    Acquired,
    /// From the fund to a partner.
    Partner,
    /// From the fund to the order book.
    Book,
    /// From the fund to a counterparty, at the fund's entry price.
    Closure,
    /// From the liquidated wallet straight to a counterparty, at the bankruptcy price: the fund
    /// could not take it.
    Deleveraged,
    /// From a wallet to the insurance fund, by as much as restores it: partial liquidation.
    Reduced,
}

impl Hop {
    /// All of them, in the order of the walk.
    pub const ALL: [Self; 6] = [
        Self::Reduced,
        Self::Acquired,
        Self::Partner,
        Self::Book,
        Self::Closure,
        Self::Deleveraged,
    ];

    /// For a reader.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Acquired => "acquired by the insurance fund",
            Self::Partner => "handed to partners",
            Self::Book => "closed on the book",
            Self::Closure => "deleveraged against the fund",
            Self::Deleveraged => "deleveraged against the wallet",
            Self::Reduced => "reduced, the wallet restored",
        }
    }

    /// As the CSV has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acquired => "acquired",
            Self::Partner => "partner",
            Self::Book => "book",
            Self::Closure => "closure-deleveraging",
            Self::Deleveraged => "acquisition-deleveraging",
            Self::Reduced => "reduced",
        }
    }
}

/// One transfer of a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fill {
    /// When, ms since the epoch.
    pub at: i64,
    /// The case it belongs to, where it is known.
    pub case: Option<u64>,
    /// Which way it went.
    pub hop: Hop,
    /// Market index.
    pub market: usize,
    /// Whether the position was long.
    pub long: bool,
    /// Who took it: an account's number.
    pub to: u32,
    /// How much base.
    pub base: Amount,
    /// For how much quote.
    pub quote: Amount,
    /// What it was worth at the index price.
    pub index: Amount,
    /// What whoever gave it away got beyond its worth at index.
    pub against_index: Amount,
}

/// Transfers of one kind, summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct HopTotal {
    /// How many.
    pub fills: u64,
    /// Worth at index.
    pub index: Amount,
    /// Got beyond that.
    pub against_index: Amount,
}

/// What a partner did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartnerTotal {
    /// Its name.
    pub name: String,
    /// Its account.
    pub account: u32,
    /// What it took over.
    pub taken: HopTotal,
    /// Standing offers it signed.
    pub signed: u64,
    /// Hand-offs it was left out of, by reason.
    pub skipped: Vec<(String, u64)>,
    /// Its balance with its positions at the last index prices, less what it brought.
    pub result: Amount,
}

/// What a deleveraging policy takes on the occasions there were: the one in force, and what the
/// others would have taken instead.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PolicyTotal {
    /// The policy.
    pub policy: String,
    /// Whether it was the one in force.
    pub used: bool,
    /// The least that would have covered the deficits, worth at index.
    pub needed: Amount,
    /// What the policy takes from counterparties, worth at index.
    pub taken: Amount,
    /// From how many accounts, an account counting once an occasion.
    pub accounts: u64,
}

/// What the backstop's orders did to the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Impact {
    /// Commands in which the backstop closed on a book.
    pub closings: u64,
    /// Sum of how far they moved the middle of the book, in thousandths of a basis point; where a
    /// side was left empty there is no middle.
    pub moved_milli_bps: u64,
    /// The farthest of them.
    pub worst_milli_bps: u64,
    /// When that was, ms since the epoch.
    pub worst_at: i64,
    /// Closings that took all of their side of a book.
    pub emptied: u64,
    /// Notional taken from the books, at index.
    pub consumed: Amount,
    /// Notional that stood on the side taken from before each closing, summed.
    pub standing: Amount,
}

/// What became of everything the backstop acquired.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Waterfall {
    /// Whether the venue had partners at all.
    pub with_partners: bool,
    /// Totals by hop.
    pub hops: BTreeMap<Hop, HopTotal>,
    /// The single fills, in order; at most [`FILLS_MAX`].
    pub fills: Vec<Fill>,
    /// The partners.
    pub partners: Vec<PartnerTotal>,
    /// Deleveragings by the counterparty's quintile before the event: 1 is the least exposed, 5 the
    /// most; index 0 counts those without a rank.
    pub quintiles: [u64; 6],
    /// What the deficits needed against what was taken, by policy.
    pub policies: Vec<PolicyTotal>,
    /// What the fund's orders did to the books.
    pub impact: Impact,
    /// What the fund had at the start.
    pub fund_start: Amount,
    /// What it has at the end, positions at index.
    pub fund_end: Amount,
    /// The lowest of the report's samples.
    pub fund_lowest: Amount,
    /// Worth at index of what it still holds.
    pub inventory: Amount,
}

impl Amount {
    /// The sum, when both have the same decimals; the other one when this is empty.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        debug_assert!(self.raw == 0 || other.raw == 0 || self.decimals == other.decimals);
        Self::new(
            self.raw.saturating_add(other.raw),
            self.decimals.max(other.decimals),
        )
    }
}

impl HopTotal {
    /// Adds a fill.
    pub fn add(&mut self, fill: &Fill) {
        self.fills += 1;
        self.index = self.index.plus(fill.index);
        self.against_index = self.against_index.plus(fill.against_index);
    }

    /// Price against index in hundredths of a basis point, positive where the giver did better;
    /// `None` of nothing.
    #[must_use]
    pub fn bps_e2(&self) -> Option<i128> {
        if self.index.raw == 0 {
            return None;
        }
        mul_div(
            self.against_index.raw,
            1_000_000,
            self.index.raw,
            Rounding::HalfEven,
        )
        .ok()
    }
}

impl Waterfall {
    /// Adds a fill to its hop, and keeps it while there is room.
    pub fn push(&mut self, fill: Fill) {
        self.hops.entry(fill.hop).or_default().add(&fill);
        if self.fills.len() < FILLS_MAX {
            self.fills.push(fill);
        }
    }

    /// The totals of a hop.
    #[must_use]
    pub fn hop(&self, hop: Hop) -> HopTotal {
        self.hops.get(&hop).copied().unwrap_or_default()
    }

    /// The mean distance a closing moved the middle of its book, in thousandths of a basis point;
    /// of those that left a middle.
    #[must_use]
    pub fn mean_milli_bps(&self) -> u64 {
        let left = self.impact.closings.saturating_sub(self.impact.emptied);
        self.impact.moved_milli_bps.checked_div(left).unwrap_or(0)
    }
}

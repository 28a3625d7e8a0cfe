//! One market: its limits, its index price, its funding.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{MarketId, Timestamp};

use super::config::{FUNDING_PERIOD_MS, Listing, MarketParams};
use crate::Tx;
use crate::ledger::{Holder, HolderKind, LedgerError, Slot};
use crate::margin::cross::Limits;

/// A market's price, and whether it is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Quotation {
    /// Whether positions can be opened, and are liquidated, in it.
    pub active: bool,
    /// The last index price, in pips.
    pub index_price: u64,
    /// When it is from, in milliseconds.
    pub index_ms: u64,
    /// The price at which positions are closed while the market is inactive; zero otherwise.
    pub price_at_deactivation: u64,
}

/// A market's state.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
pub struct Market {
    /// The base asset's symbol.
    pub symbol: String,
    /// Its place in the order of supplied quotes.
    pub rank: u8,
    /// How it is traded.
    pub listing: Listing,
    /// The limits of wallets without their own.
    pub limits: Limits,
    /// Price and activity.
    pub now: Quotation,
    /// Each funding period's multiplier, oldest first: pips of quote per unit of size.
    pub(super) multipliers: Vec<i64>,
    /// The end of the last funding period published, in milliseconds.
    pub(super) funded_ms: u64,
    /// The sum of all sizes: not zero only for what was closed while the market was inactive, or
    /// began so.
    pub(super) unmatched: i128,
    /// Pays and receives funding and what inactive positions are closed for.
    pub(super) clearing: Slot,
}

impl Market {
    pub(super) fn new(
        id: MarketId,
        params: MarketParams,
        asset: plimsoll_units::AssetId,
        tx: &mut Tx<'_>,
    ) -> Result<Self, LedgerError> {
        let holder = Holder::of_market(HolderKind::Clearing, tx.venue, id);
        let index_ms = u64::try_from(params.index_time.0).unwrap_or(0);
        let into_period = index_ms.checked_rem(FUNDING_PERIOD_MS).unwrap_or(0);
        Ok(Self {
            symbol: params.symbol,
            rank: params.rank,
            listing: params.listing,
            limits: params.limits,
            now: Quotation {
                active: params.active,
                index_price: params.index_price,
                index_ms,
                price_at_deactivation: params.price_at_deactivation,
            },
            multipliers: Vec::new(),
            funded_ms: index_ms.saturating_sub(into_period),
            unmatched: 0,
            clearing: tx.open(holder, asset)?,
        })
    }

    /// The last index price, in pips.
    #[must_use]
    pub const fn index_price(&self) -> u64 {
        self.now.index_price
    }

    /// When the last index price is from.
    #[must_use]
    pub fn index_time(&self) -> Timestamp {
        Timestamp(i64::try_from(self.now.index_ms).unwrap_or(i64::MAX))
    }

    /// Whether the market is active.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.now.active
    }

    /// Each funding period's multiplier, oldest first.
    #[must_use]
    pub fn multipliers(&self) -> &[i64] {
        &self.multipliers
    }

    /// How many funding periods were published.
    #[must_use]
    pub fn periods(&self) -> u32 {
        u32::try_from(self.multipliers.len()).unwrap_or(u32::MAX)
    }

    /// The end of the last funding period published, in milliseconds.
    #[must_use]
    pub const fn funded_ms(&self) -> u64 {
        self.funded_ms
    }

    /// The multipliers a position paid for `periods` has not been paid for.
    #[must_use]
    pub fn unpaid(&self, periods: u32) -> &[i64] {
        let from = usize::try_from(periods).unwrap_or(usize::MAX);
        self.multipliers.get(from..).unwrap_or(&[])
    }
}

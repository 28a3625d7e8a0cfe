//! One standing offer of a partner: a limit order, or a quote that follows the index.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding, Side, Timestamp, mul_div};

use super::PartnerError;

/// One in basis points.
const BPS: i128 = 10_000;

/// What names an offer: the hash of what its partner signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct OfferId(pub [u8; 32]);

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// At which price a partner takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Terms {
    /// At this price.
    Limit {
        /// The price it signed.
        price: i128,
    },
    /// At the index of the moment, less a discount when it buys, plus one when it sells.
    Offset {
        /// The discount in basis points: how far from the index to the partner's advantage, and
        /// so to the fund's disadvantage. Negative where the partner pays for the flow.
        discount_bps: i32,
    },
}

/// A standing offer. It never meets a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Offer {
    /// Its name.
    pub id: OfferId,
    /// Whose it is.
    pub partner: AccountId,
    /// In which market.
    pub market: MarketId,
    /// What the partner becomes: long by buying, short by selling.
    pub side: Side,
    /// At which price.
    pub terms: Terms,
    /// How much in all.
    pub quantity: i128,
    /// How much of it was handed off.
    pub filled: i128,
    /// Orders offers of the same price: the earliest first.
    pub nonce: u128,
    /// From when on it does not count any more, if ever.
    pub expires: Option<Timestamp>,
}

impl Offer {
    /// How much is left of it.
    #[must_use]
    pub fn remaining(&self) -> i128 {
        self.quantity.saturating_sub(self.filled)
    }

    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }

    pub(super) const fn side_key(&self) -> (MarketId, Side, AccountId) {
        (self.market, self.side, self.partner)
    }

    pub(super) fn validate(&self) -> Result<(), PartnerError> {
        let positive = |what, given: i128| {
            if given > 0 {
                return Ok(());
            }
            Err(PartnerError::NotPositive { what, given })
        };
        positive("quantity", self.remaining())?;
        match self.terms {
            Terms::Limit { price } => positive("price", price),
            Terms::Offset { discount_bps } if discount_bps.unsigned_abs() < 10_000 => Ok(()),
            Terms::Offset { discount_bps } => Err(PartnerError::Offset(discount_bps)),
        }
    }

    /// The price on an occasion, on the market's grid: never worse for the partner than it
    /// signed, so a buyer's rounds down and a seller's up. `None` where nothing is left of it.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn price(&self, index: i128, tick: i128) -> Result<Option<i128>, ArithmeticError> {
        let price = match self.terms {
            Terms::Limit { price } => price,
            Terms::Offset { discount_bps } => {
                let (share, rounding) = match self.side {
                    Side::Long => (BPS.checked_sub(discount_bps.into()), Rounding::Floor),
                    Side::Short => (BPS.checked_add(discount_bps.into()), Rounding::Ceil),
                };
                let share = share.ok_or(ArithmeticError::Overflow)?;
                let exact = mul_div(index, share, BPS, rounding)?;
                let ticks = mul_div(exact, 1, tick, rounding)?;
                ticks.checked_mul(tick).ok_or(ArithmeticError::Overflow)?
            }
        };
        Ok((price > 0).then_some(price))
    }
}

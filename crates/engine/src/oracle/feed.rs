//! The newest price of one market, with its guards.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{Duration, MarketId, Timestamp, Wide};

use super::OracleError;

/// What an operator asks of prices. The default asks nothing but a positive price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Guards {
    /// A price older than this cannot be acted on.
    pub max_age: Option<Duration>,
    /// A price further from the last than this many parts per million of it is refused.
    pub max_deviation_ppm: Option<u32>,
}

/// The newest price of one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Feed {
    /// Version of the price; 0 before the first.
    pub version: u64,
    /// When it was published.
    pub published: Timestamp,
    /// The price, raw on the venue's grid.
    pub price: i128,
}

impl Feed {
    /// The feed after a new price, or why it is refused. `self` is the feed before it. The version
    /// alone decides what is newer; a price may be published earlier than the last one was, and is
    /// then stale earlier.
    ///
    /// # Errors
    /// [`OracleError::NotNewer`], [`OracleError::NotPositive`], [`OracleError::FromTheFuture`],
    /// [`OracleError::Deviation`].
    pub fn updated(
        &self,
        market: MarketId,
        next: Self,
        now: Timestamp,
        guards: &Guards,
    ) -> Result<Self, OracleError> {
        if next.version <= self.version {
            let (current, given) = (self.version, next.version);
            return Err(OracleError::NotNewer {
                market,
                current,
                given,
            });
        }
        if next.price <= 0 {
            return Err(OracleError::NotPositive {
                market,
                price: next.price,
            });
        }
        if next.published > now {
            return Err(OracleError::FromTheFuture {
                market,
                published: next.published,
                now,
            });
        }
        if let Some(max_ppm) = guards.max_deviation_ppm
            && self.version > 0
            && deviates(self.price, next.price, max_ppm)
        {
            let (last, price) = (self.price, next.price);
            return Err(OracleError::Deviation {
                market,
                last,
                price,
                max_ppm,
            });
        }
        Ok(next)
    }

    /// The price, if there is one and it is fresh enough to act on.
    ///
    /// # Errors
    /// [`OracleError::Missing`], [`OracleError::Stale`].
    pub fn current(
        &self,
        market: MarketId,
        now: Timestamp,
        guards: &Guards,
    ) -> Result<i128, OracleError> {
        if self.version == 0 {
            return Err(OracleError::Missing(market));
        }
        if let Some(max_age) = guards.max_age
            && self.published.saturating_add(max_age) < now
        {
            return Err(OracleError::Stale {
                market,
                published: self.published,
                now,
            });
        }
        Ok(self.price)
    }
}

/// `|next - last| * 1e6 > max_ppm * |last|`, in 512 bits, without a division.
fn deviates(last: i128, next: i128, max_ppm: u32) -> bool {
    let beyond = || {
        let moved = Wide::from(next)
            .sub(last.into())?
            .abs()
            .mul(1_000_000.into())?;
        let allowed = Wide::from(last).abs().mul(i128::from(max_ppm).into())?;
        Ok::<_, plimsoll_units::ArithmeticError>(moved > allowed)
    };
    // 128-bit prices times a million always fit 512 bits; refuse if that were ever wrong.
    beyond().unwrap_or(true)
}

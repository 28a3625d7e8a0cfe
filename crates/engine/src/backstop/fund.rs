//! How an insurance fund defends itself: caps on what it loses, pots per market, a gate.
//!
//! A venue asks for [`Fund::room`] (or each of [`Fund::rooms`]) before the fund takes or sells something at a loss, and books
//! every result with [`Fund::book`]. Where the room ends, the procedure's next stage takes over.
//! Losses are counted against the index price of the moment: what the fund gives for a position
//! above its worth, or gets below it. All of it is off by default, as on the venues' own pages.
//!
//! Invariants: a gain never makes room under a cap (a cap limits losses, not the net result);
//! results booked are the pots' only changes beside [`Fund::assign`]; in every window of the
//! cap's length the losses booked stay within it, if the room was asked for first.
//! Units: raw money of the venue.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, Duration, MarketId, Timestamp};

use super::window::Window;

/// Whose money bears a market's losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Pots {
    /// One fund for all markets: bounded by what the venue itself checks.
    #[default]
    Shared = 0,
    /// Each market's losses by that market's pot alone.
    PerMarket = 1,
}

/// A cap on losses within a rolling window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WindowCap {
    /// The most it may lose within the window.
    pub amount: i128,
    /// How long the window is.
    pub length: Duration,
}

/// For whom withdrawals are shut after a deficit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Gated {
    /// For the fund's own money.
    Fund = 0,
    /// For everybody: nobody leaves ahead of a loss that may have to be shared.
    Everybody = 1,
}

/// A gate that shuts when the fund bears a deficit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Gate {
    /// How long it stays shut after the last deficit.
    pub length: Duration,
    /// For whom.
    pub whom: Gated,
}

/// How the fund defends itself. The default is not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct FundPolicy {
    /// Whose money bears a market's losses.
    pub pots: Pots,
    /// The most it may lose on one account's liquidation.
    pub account_cap: Option<i128>,
    /// The most it may lose within a window of time, over all markets.
    pub window_cap: Option<WindowCap>,
    /// Withdrawals after a deficit.
    pub gate: Option<Gate>,
}

/// Which defence a loss would run into.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Cap {
    /// What it may lose on one account.
    Account = 0,
    /// What it may lose within the window.
    Window = 1,
    /// What the market's pot holds.
    Pot = 2,
}

impl Cap {
    /// The cap in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Account => "the fund's cap on one account's loss",
            Self::Window => "the fund's cap on losses within its window",
            Self::Pot => "what the market's own pot holds",
        }
    }
}

/// How much more the fund may lose, and what stops it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The most it may lose now; never negative.
    pub amount: i128,
    /// The narrowest defence.
    pub cap: Cap,
}

/// Parameters outside their bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FundError {
    /// A cap, an amount or a time below zero.
    #[error("{what} of the insurance fund must not be negative, but is {given}")]
    Negative {
        /// Which.
        what: &'static str,
        /// The offending value, raw.
        given: i128,
    },
    /// A pot gives up more than it holds.
    #[error("the pot of {market} holds {held} (raw), less than the {given} to be taken out")]
    PotTooSmall {
        /// Which pot.
        market: MarketId,
        /// What it holds, raw.
        held: i128,
        /// What was to be taken, raw.
        given: i128,
    },
    /// A number does not fit.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

impl FundPolicy {
    /// # Errors
    /// [`FundError::Negative`] with the offending value.
    pub fn validate(&self) -> Result<(), FundError> {
        let window = self.window_cap.map_or((0, 0), |w| (w.amount, w.length.0));
        let values = [
            ("the cap per account", self.account_cap.unwrap_or(0)),
            ("the cap per window", window.0),
            ("the window", window.1.into()),
            ("the gate", self.gate.map_or(0, |g| g.length.0.into())),
        ];
        match values.into_iter().find(|(_, given)| *given < 0) {
            Some((what, given)) => Err(FundError::Negative { what, given }),
            None => Ok(()),
        }
    }
}

/// What a fund has lost lately, and what its pots hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Fund {
    policy: FundPolicy,
    pots: BTreeMap<MarketId, i128>,
    losses: Window,
    deficit_at: Option<Timestamp>,
}

impl Fund {
    /// A fund that has lost nothing, with empty pots.
    ///
    /// # Errors
    /// [`FundError::Negative`].
    pub fn new(policy: FundPolicy) -> Result<Self, FundError> {
        policy.validate()?;
        Ok(Self {
            policy,
            ..Self::default()
        })
    }

    /// How it defends itself.
    #[must_use]
    pub fn policy(&self) -> &FundPolicy {
        &self.policy
    }

    /// Another policy, from now on; what was lost before counts under it.
    ///
    /// # Errors
    /// [`FundError::Negative`].
    pub fn set_policy(&mut self, policy: FundPolicy) -> Result<(), FundError> {
        policy.validate()?;
        self.policy = policy;
        Ok(())
    }

    /// What a market's pot holds; below zero where more was lost than it held.
    #[must_use]
    pub fn pot(&self, market: MarketId) -> i128 {
        self.pots.get(&market).copied().unwrap_or(0)
    }

    /// Assigns money of the fund to a market's pot, or takes it out again (negative).
    ///
    /// # Errors
    /// [`FundError::PotTooSmall`]; nothing is changed then.
    pub fn assign(&mut self, market: MarketId, amount: i128) -> Result<(), FundError> {
        let held = self.pot(market);
        let then = held.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
        if then < 0 && amount < 0 {
            let given = amount.saturating_neg();
            return Err(FundError::PotTooSmall {
                market,
                held,
                given,
            });
        }
        self.pots.insert(market, then);
        Ok(())
    }

    /// How much more may be lost in `market` at `now` on an account that has cost `borne` so far,
    /// by each defence there is; none where nothing limits it.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn rooms(
        &self,
        now: Timestamp,
        market: MarketId,
        borne: i128,
    ) -> Result<Vec<Room>, ArithmeticError> {
        let mut found = Vec::new();
        let mut limit = |limit: i128, used: i128, cap| -> Result<(), ArithmeticError> {
            let left = limit.checked_sub(used).ok_or(ArithmeticError::Overflow)?;
            let amount = left.max(0);
            found.push(Room { amount, cap });
            Ok(())
        };
        if let Some(most) = self.policy.account_cap {
            limit(most, borne.max(0), Cap::Account)?;
        }
        if let Some(window) = self.policy.window_cap {
            let spent = self.losses.spent(now, window.length)?;
            limit(window.amount, spent, Cap::Window)?;
        }
        if self.policy.pots == Pots::PerMarket {
            limit(self.pot(market), 0, Cap::Pot)?;
        }
        Ok(found)
    }

    /// The narrowest of [`Fund::rooms`]; `None` where nothing limits it.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn room(
        &self,
        now: Timestamp,
        market: MarketId,
        borne: i128,
    ) -> Result<Option<Room>, ArithmeticError> {
        let rooms = self.rooms(now, market, borne)?;
        Ok(rooms.into_iter().min_by_key(|room| room.amount))
    }

    /// Books what the fund won (positive) or lost (negative) in a market.
    ///
    /// # Errors
    /// When a number does not fit; nothing is booked then.
    pub fn book(
        &mut self,
        now: Timestamp,
        market: MarketId,
        result: i128,
    ) -> Result<(), ArithmeticError> {
        let pot = match self.policy.pots {
            Pots::Shared => None,
            Pots::PerMarket => Some(
                self.pot(market)
                    .checked_add(result)
                    .ok_or(ArithmeticError::Overflow)?,
            ),
        };
        if result < 0
            && let Some(window) = self.policy.window_cap
        {
            let loss = result.checked_neg().ok_or(ArithmeticError::Overflow)?;
            self.losses.add(now, window.length, loss)?;
        }
        if let Some(pot) = pot {
            self.pots.insert(market, pot);
        }
        Ok(())
    }

    /// Notes that an account was taken over that owed more than it had: the gate shuts.
    pub fn deficit(&mut self, now: Timestamp) {
        if self.policy.gate.is_some() {
            self.deficit_at = Some(now);
        }
    }

    /// Until when withdrawals of `whom` are shut, if they are. What is shut for everybody is shut
    /// for the fund.
    #[must_use]
    pub fn shut_until(&self, now: Timestamp, whom: Gated) -> Option<Timestamp> {
        let gate = self.policy.gate?;
        let until = self.deficit_at?.saturating_add(gate.length);
        let concerned = gate.whom == Gated::Everybody || whom == Gated::Fund;
        (concerned && now < until).then_some(until)
    }
}

#[cfg(test)]
mod tests;

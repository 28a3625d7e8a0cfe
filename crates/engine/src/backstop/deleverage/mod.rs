//! Deleveraging: who gives up a part of a winning position, in which order, and why.
//!
//! A position that neither the fund, the partners nor the book take is reduced against accounts
//! on the other side of its market. Nobody agreed to that at this moment, so the choice must be
//! one that can be shown: a [`Policy`] ranks them, the ranking and its [`quintile`]s can be seen
//! before anything happens, and everybody concerned gets a [`Receipt`].
//!
//! The policies:
//! * [`Policy::Queue`]: by profit ratio x effective leverage, highest first; ties by account id.
//!   Profit ratio is unrealised profit over the cost of the position, effective leverage is the
//!   notional of all of the account's positions over its equity. An account at a loss comes after
//!   all in profit.
//! * [`Policy::ProRata`]: everybody, by size, in whole steps of the market; the steps that the
//!   division leaves over go one by one down the queue.
//! * [`Policy::Minimal`]: the least that covers the deficit, taken where it takes least with it.
//!   Its objective, in this order: (1) the least quantity, [`least_quantity`], where the others
//!   take everything that is left; (2) the least of it from *hedged* parts: the part of a
//!   position that offsets the account's other positions, whose loss would leave the account
//!   with more risk than before; (3) the fewest accounts; then the lower account ids. Taking the
//!   largest unhedged parts first, and hedged parts only after all unhedged ones, reaches it: a
//!   test proves that against all divisions of small cases.
//!
//! The room knows no venue: candidates are given to it. Who cannot be deleveraged (its margin
//! would not suffice) is set aside by the venue. Units: quantities and money raw integers of the
//! venue, ratios with 8 decimals.

mod ranking;

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, ArithmeticError, CaseId, MarketId, Rounding, Side, mul_div};

pub use ranking::{Cut, Ranking};

/// One, of a ratio.
pub const RATIO_ONE: i128 = 100_000_000;

/// A ratio is at most a billion, on either side: beyond it nobody needs to be told apart.
const RATIO_MAX: i128 = 1_000_000_000 * RATIO_ONE;

/// How counterparties are chosen.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    BorshSerialize,
    BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Policy {
    /// By profit ratio x effective leverage.
    #[default]
    Queue = 0,
    /// Everybody by size.
    ProRata = 1,
    /// The least that covers the deficit, unhedged parts first.
    Minimal = 2,
}

impl Policy {
    /// Every policy, in number order.
    pub const ALL: [Self; 3] = [Self::Queue, Self::ProRata, Self::Minimal];

    /// Its name, as in a scenario or a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::ProRata => "pro-rata",
            Self::Minimal => "minimal",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why an account stands where it does, in ratios with 8 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, BorshSerialize, BorshDeserialize)]
pub struct Score {
    /// Unrealised profit over the cost of the position; negative at a loss.
    pub profit_ratio: i64,
    /// Notional of all positions over equity.
    pub leverage: i64,
    /// One times the other.
    pub product: i64,
}

/// What an account has at stake, in money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stake {
    /// Unrealised profit of the position, negative at a loss.
    pub profit: i128,
    /// What the position cost: its size at its entry price.
    pub cost: i128,
    /// Notional of all positions of the account.
    pub exposure: i128,
    /// Equity of the account.
    pub equity: i128,
}

impl Score {
    /// The score of a stake. `None` without equity: such an account is no counterparty.
    ///
    /// Each ratio is rounded down, so a tie of rounded scores is one of account ids; a position
    /// that cost nothing has the highest ratio when it is worth something.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn of(stake: &Stake) -> Result<Option<Self>, ArithmeticError> {
        if stake.equity <= 0 {
            return Ok(None);
        }
        let profit_ratio = ratio(stake.profit, stake.cost)?;
        let leverage = ratio(stake.exposure, stake.equity)?;
        let product = mul_div(profit_ratio, leverage, RATIO_ONE, Rounding::Floor)?;
        Ok(Some(Self {
            profit_ratio: narrow(profit_ratio),
            leverage: narrow(leverage),
            product: narrow(product),
        }))
    }
}

fn ratio(part: i128, of: i128) -> Result<i128, ArithmeticError> {
    if of <= 0 {
        return Ok(part.signum().saturating_mul(RATIO_MAX));
    }
    match mul_div(part, RATIO_ONE, of, Rounding::Floor) {
        Ok(ratio) => Ok(ratio.clamp(RATIO_MAX.saturating_neg(), RATIO_MAX)),
        Err(ArithmeticError::Overflow) => Ok(part.signum().saturating_mul(RATIO_MAX)),
        Err(error) => Err(error),
    }
}

fn narrow(ratio: i128) -> i64 {
    let end = if ratio < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(ratio).unwrap_or(end)
}

/// An account on the other side of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Whose.
    pub account: AccountId,
    /// How much it holds there, positive.
    pub size: i128,
    /// How much of that offsets its other positions: between nothing and all of it.
    pub hedged: i128,
    /// Why it stands where it does.
    pub score: Score,
}

impl Candidate {
    /// The part that offsets nothing.
    #[must_use]
    pub fn unhedged(&self) -> i128 {
        let hedged = self.hedged.clamp(0, self.size.max(0));
        self.size.saturating_sub(hedged)
    }
}

/// What somebody who was deleveraged is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// For which case.
    pub case: CaseId,
    /// Who.
    pub account: AccountId,
    /// In which market.
    pub market: MarketId,
    /// On which side it was.
    pub side: Side,
    /// How the choice was made.
    pub policy: Policy,
    /// Its place in the ranking, from 1.
    pub rank: u32,
    /// Of how many.
    pub of: u32,
    /// Its quintile: 5 is the fifth that comes first.
    pub quintile: u8,
    /// What its place was computed from.
    pub score: Score,
    /// How much of its position offset its other positions.
    pub hedged: i128,
    /// How much was taken.
    pub quantity: i128,
    /// What it was paid or paid for that, in money: quantity at the price of the rule.
    pub quote: i128,
    /// What that would have been at the index price.
    pub index_quote: i128,
    /// The part of the deficit it covered: what it gave up against the index; negative when the
    /// price of the rule was better for it than the index.
    pub covered: i128,
}

/// The fifth a rank belongs to: 5 for those who come first, 1 for the last; 0 for nobody.
#[must_use]
pub fn quintile(rank: u32, of: u32) -> u8 {
    if rank == 0 || rank > of {
        return 0;
    }
    let ahead = u64::from(rank).saturating_sub(1).saturating_mul(5);
    let fifth = ahead.checked_div(u64::from(of)).unwrap_or(0);
    u8::try_from(5u64.saturating_sub(fifth)).unwrap_or(0)
}

/// The least quantity in whole steps of up to `available` for which `covers` holds, when more of
/// it never covers less; `available` itself, which may be no whole step, where nothing less does.
///
/// # Errors
/// Those of `covers`, and when a number does not fit.
pub fn least_quantity<E: From<ArithmeticError>>(
    available: i128,
    step: i128,
    mut covers: impl FnMut(i128) -> Result<bool, E>,
) -> Result<i128, E> {
    let step = step.max(1);
    let quantity = |steps: i128| steps.saturating_mul(step).min(available);
    if available <= 0 || covers(0)? {
        return Ok(0);
    }
    // Too little at `low`; enough at `high`, or all there is.
    let (mut low, mut high) = (0, mul_div(available, 1, step, Rounding::Ceil)?);
    while high.saturating_sub(low) > 1 {
        let middle = mul_div(low.saturating_add(high), 1, 2, Rounding::Floor)?;
        if covers(quantity(middle))? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(quantity(high))
}

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

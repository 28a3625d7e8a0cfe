//! What an account has and what it must have, exactly.
//!
//! A size times a price is in **double pips** (1e-16 of quote). Equity and requirement are sums of
//! exact products, and each is rounded to pips once: equity down, the requirement up, both
//! against the account by less than a pip, so that whoever counts as sound is sound. Everything
//! that decides (trigger, margin of trades, what a stage still needs) compares these pips.
//!
//! * Isolated, versioned, cross: the sum of notional times fraction over the positions.
//! * Portfolio: the largest loss over the scenarios, at least `least_e5` of gross notional, and at
//!   least nothing. Initial margin is that times `initial_e5`, rounded up once more.
//!
//! **Room** is how far prices may move together, each against the account, before it could come
//! under its requirement: a share of each price, in 1e-12, rounded down. With moves of a position's
//! market of no less than -100 %, a long loses by a falling price in every scenario, and a short by
//! a rising one, so for each scenario `slack = balance + sum worth x (1 + move)` falls by at most
//! `r x sum |worth| (1 + move)` when every price moves by the share `r` or less against its
//! position, and rises with every price that moves the other way. The least `slack / that sum` over
//! all scenarios is the room. The others are one scenario: minus, or plus, the fraction. Two pips
//! are taken from the slack first, for what rounding to pips can take; who has less has no room.

use plimsoll_units::{AccountId, ArithmeticError, MarketId, Rounding, mul_div};

use super::config::{Config, Margin};
use super::holdings::Position;
use super::{Composed, Refusal};
use crate::Rejection;
use crate::ledger::Ledger;
use crate::liquidation::Health;
use crate::margin::cross::ONE;

/// One, of shares in 1/100,000.
pub(super) const E5: i128 = 100_000;
/// One, of room.
pub(super) const ROOM_ONE: i128 = 1_000_000_000_000;
/// Pips in a double pip's unit.
const PIP: i128 = ONE.cast_signed() as i128;
/// What rounding to pips can take from slack: less than a pip on either side. In double pips.
const ROUNDED: i128 = 2 * PIP;

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// Which margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Below it an account is liquidated.
    Maintenance,
    /// What a trade that increases must leave.
    Initial,
}

/// A position as margin sees it.
#[derive(Debug, Clone, Copy)]
struct Held {
    market: MarketId,
    /// Size times mark, double pips.
    worth: i128,
    /// Its magnitude, ready to be multiplied by shares.
    notional: Split,
}

/// An amount in whole multiples of a unit, and the rest: divided once, so that the product with
/// any number of shares of that unit is exact and needs no wider numbers.
#[derive(Debug, Clone, Copy)]
struct Split {
    whole: i128,
    rest: i128,
}

impl Split {
    fn new(amount: i128, unit: i128) -> Result<Self, ArithmeticError> {
        Ok(Self {
            whole: amount.checked_div_euclid(unit).ok_or(OVERFLOW)?,
            rest: amount.checked_rem_euclid(unit).ok_or(OVERFLOW)?,
        })
    }
}

/// A sum of amounts times shares, exact: whole double pips, and parts of the unit.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    whole: i128,
    parts: i128,
}

impl Sum {
    /// Adds `amount x share / unit`.
    fn add(&mut self, amount: Split, share: i128) -> Result<(), ArithmeticError> {
        let whole = amount.whole.checked_mul(share).ok_or(OVERFLOW)?;
        let parts = amount.rest.checked_mul(share).ok_or(OVERFLOW)?;
        self.whole = self.whole.checked_add(whole).ok_or(OVERFLOW)?;
        self.parts = self.parts.checked_add(parts).ok_or(OVERFLOW)?;
        Ok(())
    }

    /// Double pips, rounded up.
    fn ceil(self, unit: i128) -> Result<i128, ArithmeticError> {
        let carry = mul_div(self.parts, 1, unit, Rounding::Ceil)?;
        self.whole.checked_add(carry).ok_or(OVERFLOW)
    }
}

/// An account in double pips: what it is worth, what it must have (rounded up once), and how far
/// prices may move against it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Examined {
    pub(super) health: Health,
    /// A share of every price, of [`ROOM_ONE`]; none where no price can do it harm.
    pub(super) room: Option<i128>,
}

/// Room of one scenario: slack over what a full move would cost; none where it costs nothing.
fn room(slack: i128, cost: i128) -> Result<Option<i128>, ArithmeticError> {
    let slack = slack.saturating_sub(ROUNDED);
    if slack <= 0 {
        return Ok(Some(0));
    }
    if cost <= 0 {
        return Ok(None);
    }
    // Down: a trip is rather too near.
    mul_div(slack, ROOM_ONE, cost, Rounding::Floor).map(Some)
}

fn narrower(a: Option<i128>, b: Option<i128>) -> Option<i128> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

/// Notional of a size at a price, double pips, signed like the size. Exact.
pub(super) fn worth(size: i64, price: u64) -> Result<i128, ArithmeticError> {
    i128::from(size).checked_mul(price.into()).ok_or(OVERFLOW)
}

/// Double pips to pips.
pub(super) fn pips(double: i128, rounding: Rounding) -> Result<i128, ArithmeticError> {
    mul_div(double, 1, PIP, rounding)
}

impl Composed {
    /// An account's equity, pips: its balance and its positions at the mark, rounded down.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`], [`Refusal::NoMark`], or when a number does not fit.
    pub fn equity(&self, ledger: &Ledger, account: AccountId) -> Result<i128, Rejection> {
        let balance = self.balance(ledger, account)?;
        let held = self.held(self.positions(account))?;
        Ok(pips(value(balance, &held)?, Rounding::Floor)?)
    }

    /// An account's maintenance requirement, pips, rounded up.
    ///
    /// # Errors
    /// [`Refusal::NoMark`], or when a number does not fit.
    pub fn requirement(&self, account: AccountId) -> Result<i128, Rejection> {
        self.requirement_of(self.positions(account))
    }

    /// The maintenance requirement of positions that an account might have, pips, rounded up.
    ///
    /// # Errors
    /// As [`Composed::requirement`].
    pub fn requirement_of(&self, positions: &[Position]) -> Result<i128, Rejection> {
        let held = self.held(positions)?;
        Ok(pips(self.needs(&held)?, Rounding::Ceil)?)
    }

    /// An account's initial requirement, pips, rounded up.
    ///
    /// # Errors
    /// As [`Composed::requirement`].
    pub fn initial(&self, account: AccountId) -> Result<i128, Rejection> {
        self.initial_of(self.positions(account))
    }

    /// The initial requirement of positions that an account might have, pips, rounded up.
    ///
    /// # Errors
    /// As [`Composed::requirement`].
    pub fn initial_of(&self, positions: &[Position]) -> Result<i128, Rejection> {
        let held = self.held(positions)?;
        let needs = match &self.config.margin {
            Margin::Portfolio(scenarios) => {
                let maintenance = self.needs(&held)?;
                let share = scenarios.initial_e5.into();
                mul_div(maintenance, share, E5, Rounding::Ceil)?
            }
            _ => self.summed(&held, Level::Initial)?,
        };
        Ok(pips(needs, Rounding::Ceil)?)
    }

    /// Equity and maintenance requirement, pips.
    ///
    /// # Errors
    /// As [`Composed::equity`].
    pub fn health(&self, ledger: &Ledger, account: AccountId) -> Result<Health, Rejection> {
        Ok(Health {
            equity: self.equity(ledger, account)?,
            requirement: self.requirement(account)?,
        })
    }

    /// Whether an account is under its requirement: it has positions, and its equity is strictly
    /// below what they require. By looking at it and nothing else.
    ///
    /// # Errors
    /// As [`Composed::equity`].
    pub fn is_under(&self, ledger: &Ledger, account: AccountId) -> Result<bool, Rejection> {
        if super::accounts::is_own(account) || self.positions(account).is_empty() {
            return Ok(false);
        }
        let health = self.health(ledger, account)?;
        Ok(health.equity < health.requirement)
    }

    /// Gross notional of an account's positions at the marks, pips, rounded up.
    ///
    /// # Errors
    /// As [`Composed::requirement`].
    pub fn notional(&self, account: AccountId) -> Result<i128, Rejection> {
        let held = self.held(self.positions(account))?;
        Ok(pips(gross(&held)?, Rounding::Ceil)?)
    }

    /// Health and room in one pass.
    pub(super) fn examined(
        &self,
        ledger: &Ledger,
        account: AccountId,
    ) -> Result<Examined, Rejection> {
        let balance = self.balance(ledger, account)?;
        let held = self.held(self.positions(account))?;
        let value = value(balance, &held)?;
        let needs = self.needs(&held)?;
        let health = Health {
            equity: pips(value, Rounding::Floor)?,
            requirement: pips(needs, Rounding::Ceil)?,
        };
        let room = match &self.config.margin {
            Margin::Portfolio(scenarios) => {
                let slack = value.checked_sub(gross_share(&held, scenarios.least_e5)?);
                let cost = leaning(&held, E5, |_| scenarios.least_e5.into())?;
                let mut least = room(slack.ok_or(OVERFLOW)?, cost)?;
                least = narrower(least, room(value, gross(&held)?)?);
                for moves in &scenarios.moves_e5 {
                    let (loss, cost) = moved(&held, moves)?;
                    let slack = value.checked_sub(loss).ok_or(OVERFLOW)?;
                    least = narrower(least, room(slack, cost)?);
                }
                least
            }
            _ => {
                let slack = value.checked_sub(needs).ok_or(OVERFLOW)?;
                let fraction = |market| fraction(&self.config, market, Level::Maintenance);
                room(slack, leaning(&held, PIP, fraction)?)?
            }
        };
        Ok(Examined { health, room })
    }

    /// An account's quote balance, pips.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`].
    pub fn balance(&self, ledger: &Ledger, account: AccountId) -> Result<i128, Refusal> {
        Ok(ledger.balance(self.quote_slot(account)?))
    }

    /// What the shares of this margin model are shares of.
    const fn unit(&self) -> i128 {
        match self.config.margin {
            Margin::Portfolio(_) => E5,
            _ => PIP,
        }
    }

    fn held(&self, positions: &[Position]) -> Result<Vec<Held>, Rejection> {
        let unit = self.unit();
        let held = |p: &Position| {
            let worth = worth(p.size, self.mark(p.market)?)?;
            let notional = worth.checked_abs().ok_or(OVERFLOW)?;
            Ok(Held {
                market: p.market,
                worth,
                notional: Split::new(notional, unit)?,
            })
        };
        positions.iter().map(held).collect()
    }

    /// The maintenance requirement, double pips, rounded up once.
    fn needs(&self, held: &[Held]) -> Result<i128, ArithmeticError> {
        let Margin::Portfolio(scenarios) = &self.config.margin else {
            return self.summed(held, Level::Maintenance);
        };
        let mut most = gross_share(held, scenarios.least_e5)?;
        for moves in &scenarios.moves_e5 {
            most = most.max(moved(held, moves)?.0);
        }
        Ok(most.max(0))
    }

    fn summed(&self, held: &[Held], level: Level) -> Result<i128, ArithmeticError> {
        let mut sum = Sum::default();
        for position in held {
            let fraction = fraction(&self.config, position.market, level);
            sum.add(position.notional, fraction)?;
        }
        sum.ceil(PIP)
    }
}

fn fraction(config: &Config, market: MarketId, level: Level) -> i128 {
    let market = config.markets.get(market.index());
    let fraction = market.map_or(ONE, |m| match level {
        Level::Maintenance => m.maintenance,
        Level::Initial => m.initial,
    });
    fraction.into()
}

/// Balance and positions, double pips. Exact.
fn value(balance: i128, held: &[Held]) -> Result<i128, ArithmeticError> {
    let balance = balance.checked_mul(PIP).ok_or(OVERFLOW)?;
    held.iter().try_fold(balance, |sum, position| {
        sum.checked_add(position.worth).ok_or(OVERFLOW)
    })
}

/// Gross notional, double pips. Exact.
fn gross(held: &[Held]) -> Result<i128, ArithmeticError> {
    held.iter().try_fold(0i128, |sum, position| {
        let notional = position.worth.checked_abs().ok_or(OVERFLOW)?;
        sum.checked_add(notional).ok_or(OVERFLOW)
    })
}

fn gross_share(held: &[Held], share_e5: u32) -> Result<i128, ArithmeticError> {
    let mut sum = Sum::default();
    for position in held {
        sum.add(position.notional, share_e5.into())?;
    }
    sum.ceil(E5)
}

/// What a move of every price by its full amount against the positions would cost, where a
/// position's requirement is a share of its notional: `1 - share` of a long's, `1 + share` of a
/// short's. Double pips, rounded up.
fn leaning(
    held: &[Held],
    unit: i128,
    share: impl Fn(MarketId) -> i128,
) -> Result<i128, ArithmeticError> {
    let mut sum = Sum::default();
    for position in held {
        let share = share(position.market);
        let kept = if position.worth > 0 {
            unit.checked_sub(share)
        } else {
            unit.checked_add(share)
        };
        sum.add(position.notional, kept.ok_or(OVERFLOW)?)?;
    }
    sum.ceil(unit)
}

/// A scenario's loss, and what a move of every price by its full amount against the positions
/// would add to it less what it takes from equity; both double pips, rounded up.
fn moved(held: &[Held], moves_e5: &[i32]) -> Result<(i128, i128), ArithmeticError> {
    let (mut loss, mut cost) = (Sum::default(), Sum::default());
    for position in held {
        let by = moves_e5.get(position.market.index()).copied().unwrap_or(0);
        let by = i128::from(by);
        let against = if position.worth < 0 {
            by
        } else {
            by.saturating_neg()
        };
        loss.add(position.notional, against)?;
        cost.add(position.notional, E5.checked_add(by).ok_or(OVERFLOW)?)?;
    }
    Ok((loss.ceil(E5)?, cost.ceil(E5)?))
}

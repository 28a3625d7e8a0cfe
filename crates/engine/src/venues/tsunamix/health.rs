//! The two rules that end a position against its owner's will, decided exactly.
//!
//! Both are a bound on the profit `pnl` of the price alone; fees, collateral and the vault's money
//! only move the bounds. With `h` the funding and borrowing owed so far:
//!
//! ```text
//! documented   pnl <= closing fee + h - threshold * collateral          (or <, by flag)
//! deployed     trunc(pnl) - h < 0  and  h - trunc(pnl) >= floor(threshold * collateral)
//! profit       max(0, realised) + trunc(pnl) - h > cap
//! ```
//!
//! Where both are met (an absurd fee), liquidation wins.

use plimsoll_units::{Amount, ArithmeticError, Notional, Price, Rounding, mul_div};

use super::config::{Check, Rules};
use super::fees::TradingFee;
use super::market::{Indices, Market};
use super::position::{Holding, Position};
use crate::limits::profit::{self, Allowance};
use crate::liquidation::{Rule, Trigger};
use crate::margin::isolated::{Boundary, Exposure, IsolatedError, TARGET_SCALE};
use plimsoll_units::Timestamp;

/// What a position is judged by, apart from itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances<'a> {
    pub(super) rules: &'a Rules,
    pub(super) market: &'a Market,
    pub(super) indices: &'a Indices,
    pub(super) price: Price<18>,
    /// The vault's own money.
    pub(super) tvl: Amount<6>,
}

/// A position as the rules see it at one moment. Money is raw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) exposure: Exposure<6, 18>,
    pub(super) collateral: i128,
    pub(super) holding: Holding,
    /// `holding` in one number.
    pub(super) held: i128,
    pub(super) closing_fee: i128,
    /// Liquidatable when the profit is at this target, or under it.
    pub(super) target: i128,
    /// Whether being at it suffices.
    pub(super) boundary: Boundary,
    pub(super) allowance: Allowance<6>,
    /// Forced out when the truncated profit is above this.
    pub(super) tolerated: i128,
    /// Which rule is met, if one is.
    pub(super) verdict: Option<Rule>,
}

fn checked(value: Option<i128>) -> Result<i128, IsolatedError> {
    value.ok_or(IsolatedError::Arithmetic(ArithmeticError::Overflow))
}

/// The profit limit of a market.
pub(super) fn profit_pct(rules: &Rules, market: &Market) -> u32 {
    market.params.profit_pct_e5.unwrap_or(rules.profit_pct_e5)
}

/// The fee of closing `size` in a market.
pub(super) fn closing_fee(
    market: &Market,
    size: Notional<6>,
) -> Result<Amount<6>, ArithmeticError> {
    TradingFee::plain(market.params.trading_fee_e5).on(size)
}

/// `floor(threshold * collateral)`, in favour of the liquidation by less than one raw unit.
pub(super) fn allowed_loss(market: &Market, collateral: i128) -> Result<i128, ArithmeticError> {
    let threshold = market.params.threshold.raw();
    mul_div(collateral, threshold, TARGET_SCALE, Rounding::Floor)
}

impl Judged {
    /// Judges `position` with `collateral` behind it.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`]: not for prices and sizes a venue accepts.
    #[inline]
    pub(super) fn new(
        position: &Position,
        collateral: i128,
        at: &Circumstances<'_>,
    ) -> Result<Self, IsolatedError> {
        let exposure = position.exposure()?;
        let holding = position.holding(at.indices)?;
        let held = holding.total()?.raw();
        let closing_fee = closing_fee(at.market, position.size())?.raw();
        let (target, boundary) = liquidation_bound(at, collateral, held, closing_fee)?;
        let cap = profit::cap(at.tvl, profit_pct(at.rules, at.market))?;
        let allowance = Allowance::new(cap, position.realised())?;
        let tolerated = checked(allowance.tolerated()?.raw().checked_add(held))?;
        let mut judged = Self {
            exposure,
            collateral,
            holding,
            held,
            closing_fee,
            target,
            boundary,
            allowance,
            tolerated,
            verdict: None,
        };
        judged.verdict = judged.decide(at.price)?;
        Ok(judged)
    }

    fn decide(&self, price: Price<18>) -> Result<Option<Rule>, IsolatedError> {
        let ordering = self.exposure.compare_pnl(price, self.target)?;
        let liquidatable = match self.boundary {
            Boundary::Inclusive => ordering.is_le(),
            Boundary::Strict => ordering.is_lt(),
        };
        if liquidatable {
            return Ok(Some(Rule::FeesOverThreshold));
        }
        let least = forcing_pnl(self.tolerated).checked_mul(TARGET_SCALE);
        let ordering = self.exposure.compare_pnl(price, checked(least)?)?;
        let forced = match self.tolerated {
            0.. => ordering.is_ge(),
            _ => ordering.is_gt(),
        };
        Ok(forced.then_some(Rule::ProfitOverLimit))
    }

    /// The numbers that open a case under `rule`.
    ///
    /// For [`Rule::FeesOverThreshold`] equity is collateral plus result less fees, the requirement
    /// what of the collateral may not be lost. For [`Rule::ProfitOverLimit`] they are the profit of
    /// the whole trade and its limit.
    ///
    /// # Errors
    /// [`IsolatedError::Arithmetic`]: when the result itself does not fit.
    pub(super) fn trigger(
        &self,
        rule: Rule,
        now: Timestamp,
        at: &Circumstances<'_>,
    ) -> Result<Trigger, IsolatedError> {
        let pnl = self.exposure.pnl_truncated(at.price)?.raw();
        let net = checked(pnl.checked_sub(self.held))?;
        let (equity, requirement) = match rule {
            Rule::ProfitOverLimit => {
                let realised = checked(self.tolerated.checked_sub(self.held))?;
                let realised = checked(self.allowance.cap.raw().checked_sub(realised))?;
                (
                    checked(realised.checked_add(net))?,
                    self.allowance.cap.raw(),
                )
            }
            _ => {
                let fee = match at.rules.check {
                    Check::Documented(_) => self.closing_fee,
                    Check::Deployed => 0,
                };
                let equity = checked(self.collateral.checked_add(net))?;
                let kept = allowed_loss(at.market, self.collateral)?;
                (
                    checked(equity.checked_sub(fee))?,
                    checked(self.collateral.checked_sub(kept))?,
                )
            }
        };
        let (size, entry) = (self.exposure.size().raw(), self.exposure.entry().raw());
        Ok(Trigger {
            rule,
            at: now,
            price: at.price.raw(),
            version: at.market.feed.version,
            equity,
            requirement,
            collateral: self.collateral,
            notional: mul_div(size, at.price.raw(), entry, Rounding::Floor)?,
        })
    }
}

/// The least whole profit whose truncation is above `tolerated`; for a negative `tolerated` the
/// profit must be strictly above it.
pub(super) fn forcing_pnl(tolerated: i128) -> i128 {
    match tolerated {
        0.. => tolerated.saturating_add(1),
        _ => tolerated,
    }
}

fn liquidation_bound(
    at: &Circumstances<'_>,
    collateral: i128,
    held: i128,
    closing_fee: i128,
) -> Result<(i128, Boundary), IsolatedError> {
    match at.rules.check {
        Check::Documented(boundary) => {
            let fees = checked(held.checked_add(closing_fee))?.checked_mul(TARGET_SCALE);
            let kept = collateral.checked_mul(at.market.params.threshold.raw());
            let target = fees.zip(kept).and_then(|(f, k)| f.checked_sub(k));
            Ok((checked(target)?, boundary))
        }
        Check::Deployed => {
            // A net loss of at least one unit and at least the allowed loss.
            let loss = allowed_loss(at.market, collateral)?.max(1);
            let most = checked(held.checked_sub(loss))?;
            // trunc(pnl) <= most: below zero that is pnl <= most, else pnl < most + 1.
            Ok(if most < 0 {
                (
                    checked(most.checked_mul(TARGET_SCALE))?,
                    Boundary::Inclusive,
                )
            } else {
                let next = most
                    .checked_add(1)
                    .and_then(|n| n.checked_mul(TARGET_SCALE));
                (checked(next)?, Boundary::Strict)
            })
        }
    }
}

//! What one unit of position earns between two oracle versions: funding, profit and loss,
//! position fees.
//!
//! Source: `VersionedAccumulator`. The market keeps one accumulator a side, money per unit of
//! position; an account's gain is its size times the accumulator's change. The position that
//! counts from version `a` to version `b` is the one stamped at `a`. All products and quotients
//! truncate toward zero: what is lost stays in the product's clearing.
//!
//! Who pays: takers pay funding at a positive rate, makers at a negative one, and whoever pays
//! bears the protocol's share of it. Makers carry the opposite of the takers' profit and loss.
//! Position fees go to the *other* side, less the protocol's share; to the protocol where there
//! is no other side.

use plimsoll_units::{ArithmeticError, Rounding, mul_div};

use super::config::ProductParams;
use super::numbers::{PerUnit, Ratio18, abs, add, div, mul, neg, sub, take};
use super::position::{Position, PrePosition, Role, Sides};
use super::refusal::Refusal;
use crate::oracle::Version;

/// Seconds of the year the curve's rates are for: 365 days.
pub const SECONDS_PER_YEAR: i128 = 31_536_000;

/// Accumulators by side: money per unit of position, since the beginning.
pub type Value = Sides<PerUnit>;

/// What happened between two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accrued {
    /// Change of the accumulators.
    pub value: Value,
    /// Fees that leave the product, raw money.
    pub fee: i128,
}

/// The numbers a stretch between two versions is accrued with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) params: &'a ProductParams,
    /// The product's funding fee, at least the protocol's minimum.
    pub(super) funding_fee: Ratio18,
    pub(super) closed: bool,
}

impl Terms<'_> {
    /// What `position` accrues from `from` to `to`, and the fees of `pre` (none when it is
    /// empty).
    pub(super) fn accrue(
        &self,
        position: &Position,
        pre: &PrePosition,
        from: &Version,
        to: &Version,
    ) -> Result<Accrued, Refusal> {
        let mut accrued = Accrued::default();
        if !self.closed && position.maker.is_positive() && position.taker.is_positive() {
            self.funding(position, from, to, &mut accrued)?;
            profit_and_loss(position, from, to, &mut accrued)?;
        }
        if !pre.is_empty() {
            self.position_fees(position, pre, from, &mut accrued)?;
        }
        Ok(accrued)
    }

    fn funding(
        &self,
        position: &Position,
        from: &Version,
        to: &Version,
        accrued: &mut Accrued,
    ) -> Result<(), Refusal> {
        let seconds = take(whole_seconds(to), whole_seconds(from))?;
        let (maker, taker) = (position.maker.raw(), position.taker.raw());
        let notional = abs(mul(taker, from.price)?)?;
        let socialized = mul(notional, position.socialization()?.raw())?;
        let yearly = self.params.curve.rate(position.taker, position.maker)?;
        // A rate per second truncated toward zero, times whole seconds, exactly.
        let per_second = mul_div(yearly.raw(), 1, SECONDS_PER_YEAR, Rounding::Down)?;
        let rate = per_second
            .checked_mul(seconds)
            .ok_or(ArithmeticError::Overflow)?;
        let funding = mul(rate, socialized)?;
        let fee = mul(abs(funding)?, self.funding_fee.raw())?;
        // The payer's side carries the fee: what the other side receives is smaller by it.
        let net = if funding < 0 {
            add(funding, fee)?
        } else {
            sub(funding, fee)?
        };
        let (to_makers, from_takers) = if funding < 0 {
            (funding, net)
        } else {
            (net, funding)
        };
        accrued.credit(Role::Maker, div(to_makers, maker)?)?;
        accrued.credit(Role::Taker, neg(div(from_takers, taker)?)?)?;
        accrued.fee = add(accrued.fee, fee)?;
        Ok(())
    }

    /// The fees of everything pending, at the price it was asked at: the same amounts that were
    /// debited from the accounts then, up to truncation.
    fn position_fees(
        &self,
        position: &Position,
        pre: &PrePosition,
        from: &Version,
        accrued: &mut Accrued,
    ) -> Result<(), Refusal> {
        let traded = pre.open.add(&pre.close)?;
        for role in Role::ALL {
            let notional = abs(mul(traded.of(role).raw(), from.price)?)?;
            let fee = mul(notional, self.params.trade_fee(role).raw())?;
            let retained = mul(fee, self.params.position_fee.raw())?;
            let shared = sub(fee, retained)?;
            accrued.fee = add(accrued.fee, retained)?;
            let receivers = position.of(role.other());
            if receivers.is_positive() {
                accrued.credit(role.other(), div(shared, receivers.raw())?)?;
            } else {
                accrued.fee = add(accrued.fee, shared)?;
            }
        }
        Ok(())
    }
}

fn profit_and_loss(
    position: &Position,
    from: &Version,
    to: &Version,
    accrued: &mut Accrued,
) -> Result<(), Refusal> {
    let (maker, taker) = (position.maker.raw(), position.taker.raw());
    let moved = mul(sub(to.price, from.price)?, taker)?;
    let socialized = mul(moved, position.socialization()?.raw())?;
    accrued.credit(Role::Maker, neg(div(socialized, maker)?)?)?;
    accrued.credit(Role::Taker, div(socialized, taker)?)?;
    Ok(())
}

impl Accrued {
    fn credit(&mut self, role: Role, per_unit: i128) -> Result<(), ArithmeticError> {
        let value = self.value.of_mut(role);
        *value = value.add(PerUnit::from_raw(per_unit))?;
        Ok(())
    }
}

impl Value {
    /// Both accumulators moved on.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`]; the contract packs them into 128 bits, too.
    pub fn advanced(&self, by: &Self) -> Result<Self, ArithmeticError> {
        Ok(Self {
            maker: self.maker.add(by.maker)?,
            taker: self.taker.add(by.taker)?,
        })
    }
}

/// The contract's timestamps are whole seconds.
fn whole_seconds(version: &Version) -> i128 {
    version.time.millis().div_euclid(1000).into()
}

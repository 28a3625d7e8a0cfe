//! What a fill of an engine's order costs the account, and who pays when the account cannot.
//!
//! The incentive is inside the price, so whoever fills receives it and the account pays it; on top
//! comes a liquidation fee for the insurance fund, at most what the account has left after the
//! incentive, so that the fund never pays a fee to itself. Below zero the fund pays the rest.
//!
//! Kyan's fees: a share of the notional for perps; for options a share of the index price per
//! contract, at most a share of the premium, which is the price the option changes hands at.
//!
//! Every rounding here is against the account and in favour of the counterparty or the fund, by
//! less than one raw unit of money a fill.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{ArithmeticError, Rate, Rounding, Side, Wide};

/// Decimals of the three kinds of raw numbers in a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Decimals {
    /// Of prices.
    pub price: u32,
    /// Of quantities.
    pub quantity: u32,
    /// Of money.
    pub money: u32,
}

impl Decimals {
    /// `quantity * price * rate` in money, formed exactly and rounded once.
    fn money(
        &self,
        quantity: i128,
        price: i128,
        rate: Rate<6>,
        rounding: Rounding,
    ) -> Result<i128, ArithmeticError> {
        let exact = Wide::product(&[quantity, price, rate.raw(), ten_to(self.money)?])?;
        let scale = Wide::product(&[
            ten_to(self.price)?,
            ten_to(self.quantity)?,
            Rate::<6>::ONE.raw(),
        ])?;
        exact.div(scale, rounding)?.to_i128()
    }
}

fn ten_to(decimals: u32) -> Result<i128, ArithmeticError> {
    10i128
        .checked_pow(decimals)
        .ok_or(ArithmeticError::Overflow)
}

/// How a liquidation fee is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FeeRule {
    /// A share of the notional at the price of the fill.
    OfNotional(Rate<6>),
    /// A share of the index price per contract, at most a share of the premium.
    OfIndex {
        /// Of the index price.
        rate: Rate<6>,
        /// Of the premium, the price of the fill.
        premium_cap: Rate<6>,
    },
}

impl FeeRule {
    /// Kyan's newer fees for perps: 4 basis points of the notional.
    pub const KYAN_PERP: Self = Self::OfNotional(Rate::from_raw(400));
    /// Kyan's newer fees for options: 8 basis points of the index, at most 12.5 % of the premium.
    pub const KYAN_OPTION: Self = Self::OfIndex {
        rate: Rate::from_raw(800),
        premium_cap: Rate::from_raw(125_000),
    };

    /// The rate and the price it applies to.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn basis(&self, price: i128, index: i128) -> Result<(Rate<6>, i128), ArithmeticError> {
        match *self {
            Self::OfNotional(rate) => Ok((rate, price)),
            Self::OfIndex { rate, premium_cap } => {
                let of_index = Wide::product(&[rate.raw(), index])?;
                let of_premium = Wide::product(&[premium_cap.raw(), price])?;
                Ok(if of_index <= of_premium {
                    (rate, index)
                } else {
                    (premium_cap, price)
                })
            }
        }
    }
}

/// Part of an engine's order that was filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// What the account does; long buys.
    pub side: Side,
    /// How much, positive.
    pub quantity: i128,
    /// At which price.
    pub price: i128,
    /// Fair value.
    pub mark: i128,
    /// Index price of the pair.
    pub index: i128,
}

/// What a fill did to the account's equity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Paid to the counterparty above fair value; negative when the price was better than that.
    pub incentive: i128,
    /// The fee by the rule.
    pub nominal_fee: i128,
    /// The fee charged: no more than is left.
    pub fee: i128,
    /// Equity after both.
    pub equity: i128,
    /// What the fund pays, because the account cannot.
    pub shortfall: i128,
}

impl Fill {
    /// What the counterparty gains against fair value; rounded up, at the account's cost.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn incentive(&self, decimals: Decimals) -> Result<i128, ArithmeticError> {
        let worse = match self.side {
            Side::Long => self.price.checked_sub(self.mark),
            Side::Short => self.mark.checked_sub(self.price),
        };
        let worse = worse.ok_or(ArithmeticError::Overflow)?;
        decimals.money(self.quantity, worse, Rate::ONE, Rounding::Ceil)
    }

    /// The fee by `rule`, whatever the account has; rounded up, in favour of the fund.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn nominal_fee(&self, rule: FeeRule, decimals: Decimals) -> Result<i128, ArithmeticError> {
        let (rate, base) = rule.basis(self.price, self.index)?;
        decimals.money(self.quantity, base, rate, Rounding::Ceil)
    }

    /// The fill's effect on an account with `equity` before it.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn settle(
        &self,
        equity: i128,
        rule: FeeRule,
        decimals: Decimals,
    ) -> Result<Settled, ArithmeticError> {
        let overflow = ArithmeticError::Overflow;
        let incentive = self.incentive(decimals)?;
        let nominal_fee = self.nominal_fee(rule, decimals)?;
        let left = equity.checked_sub(incentive).ok_or(overflow)?;
        let fee = nominal_fee.min(left.max(0));
        let equity = left.checked_sub(fee).ok_or(overflow)?;
        Ok(Settled {
            incentive,
            nominal_fee,
            fee,
            equity,
            shortfall: shortfall(equity)?,
        })
    }
}

/// What an account below zero lacks.
///
/// # Errors
/// [`ArithmeticError::Overflow`] for the smallest number alone.
pub fn shortfall(equity: i128) -> Result<i128, ArithmeticError> {
    equity.min(0).checked_neg().ok_or(ArithmeticError::Overflow)
}

/// Who gets what when the fund takes over everything nobody took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takeover {
    /// The account pays the fund for taking the positions at the cap's price, as far as its equity
    /// goes.
    pub to_fund: i128,
    /// The fund pays what the account lacks.
    pub loss: i128,
    /// The owner keeps the rest.
    pub to_owner: i128,
}

/// The takeover of an account with `equity` at fair value, when the last level of the auction
/// offered `incentive` for all that is left. `to_fund + to_owner - loss` is the equity.
///
/// # Errors
/// [`ArithmeticError::Overflow`].
pub fn take_over(equity: i128, incentive: i128) -> Result<Takeover, ArithmeticError> {
    let has = equity.max(0);
    let to_fund = has.min(incentive.max(0));
    Ok(Takeover {
        to_fund,
        loss: shortfall(equity)?,
        to_owner: has.checked_sub(to_fund).ok_or(ArithmeticError::Overflow)?,
    })
}

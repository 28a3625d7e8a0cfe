//! The requirement of a set of legs, in its parts.
//!
//! A [`Valuation`] is one pair at one update: the arrays, the contracts behind them, the index, the
//! time and the model. Everything asked of it is a sum.

use std::cmp::Ordering;

use plimsoll_units::{
    Amount, ArithmeticError, Fixed, Price, Rate, Rounding, Timestamp, Wide, mul_div,
};

use super::{MarginError, Model, Money, Standing};
use crate::pricing::door::{DELTA_DECIMALS, MONEY_DECIMALS};
use crate::pricing::{Contract, Leg, RiskArrays};

/// One, as a rate.
pub(super) const RATE_ONE: i128 = Rate::<6>::ONE.raw();

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// One pair at one update of its market.
#[derive(Debug, Clone, Copy)]
pub struct Valuation<'a> {
    model: &'a Model,
    arrays: &'a RiskArrays,
    contracts: &'a [Contract],
    index: Price<8>,
    now: Timestamp,
}

/// The parts of a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// Worst loss over the scenarios, zero when none loses.
    pub matrix: Money,
    /// The scenario: of equal ones the lowest.
    pub worst: usize,
    /// Net delta in base units.
    pub delta: Fixed<18>,
    /// Directional exposure above the free part.
    pub over_free: Money,
    /// The roll charge.
    pub roll: Money,
    /// The delta charge times one million, exactly.
    delta_charge_e6: i128,
}

impl<'a> Valuation<'a> {
    /// A pair at one update. `contracts` describes the instruments of `arrays`, in their order.
    ///
    /// # Errors
    /// [`MarginError::Model`], [`MarginError::Mismatched`], [`MarginError::Decimals`].
    pub fn new(
        model: &'a Model,
        arrays: &'a RiskArrays,
        contracts: &'a [Contract],
        index: Price<8>,
        now: Timestamp,
    ) -> Result<Self, MarginError> {
        model.validate()?;
        if contracts.len() != arrays.len() {
            return Err(MarginError::Mismatched {
                contracts: contracts.len(),
                arrays: arrays.len(),
            });
        }
        if arrays.decimals() != MONEY_DECIMALS {
            return Err(MarginError::Decimals(arrays.decimals()));
        }
        Ok(Self {
            model,
            arrays,
            contracts,
            index,
            now,
        })
    }

    /// The model.
    #[must_use]
    pub const fn model(&self) -> &'a Model {
        self.model
    }

    /// The arrays.
    #[must_use]
    pub const fn arrays(&self) -> &'a RiskArrays {
        self.arrays
    }

    /// The index price.
    #[must_use]
    pub const fn index(&self) -> Price<8> {
        self.index
    }

    /// What an instrument is.
    ///
    /// # Errors
    /// [`MarginError::Pricing`] for one that is not priced.
    pub fn contract(&self, instrument: u32) -> Result<Contract, MarginError> {
        let at = usize::try_from(instrument).ok();
        let contract = at.and_then(|at| self.contracts.get(at)).copied();
        let known = self.contracts.len();
        contract.ok_or(MarginError::Pricing(
            crate::pricing::PricingError::UnknownInstrument { instrument, known },
        ))
    }

    /// The perpetual: the first among the contracts.
    ///
    /// # Errors
    /// [`MarginError::NoPerpetual`].
    pub fn perpetual(&self) -> Result<u32, MarginError> {
        let at = self.contracts.iter().position(|c| *c == Contract::Perp);
        at.and_then(|at| u32::try_from(at).ok())
            .ok_or(MarginError::NoPerpetual)
    }

    /// What the legs are worth at their marks.
    ///
    /// # Errors
    /// [`MarginError::Pricing`].
    pub fn worth(&self, legs: &[Leg]) -> Result<Money, MarginError> {
        Ok(Money::from_raw(self.arrays.value(legs)?))
    }

    /// The requirement of `legs` on their own.
    ///
    /// # Errors
    /// [`MarginError::Pricing`], [`MarginError::Arithmetic`].
    pub fn risk(&self, legs: &[Leg]) -> Result<Risk, MarginError> {
        let worst = self.arrays.worst(legs)?;
        self.with_matrix(legs, Money::from_raw(worst.loss), worst.scenario)
    }

    /// The requirement of `legs` if their delta were hedged exactly, with no regard to lots: what a
    /// hedge could bring at most. Each scenario's sum is rounded down, against the account.
    ///
    /// # Errors
    /// [`MarginError::NoPerpetual`], [`MarginError::Pricing`], [`MarginError::Arithmetic`].
    pub fn neutral_risk(&self, legs: &[Leg]) -> Result<Risk, MarginError> {
        let delta = self.arrays.net_delta(legs)?;
        let perpetual = self.arrays.row(self.perpetual()?)?;
        let mut pnl = self.arrays.pnl(legs)?;
        for (sum, unit) in pnl.0.iter_mut().zip(perpetual) {
            // 18 decimals of delta are 12 more than those of a quantity.
            let hedge = mul_div(delta, (*unit).into(), 1_000_000_000_000, Rounding::Ceil)?;
            *sum = sum.checked_sub(hedge).ok_or(OVERFLOW)?;
        }
        let worst = pnl.worst();
        Ok(Risk {
            matrix: Money::from_raw(worst.loss),
            worst: worst.scenario,
            delta: Fixed::ZERO,
            over_free: Money::ZERO,
            roll: self.roll(legs)?,
            delta_charge_e6: 0,
        })
    }

    fn with_matrix(&self, legs: &[Leg], matrix: Money, worst: usize) -> Result<Risk, MarginError> {
        let over_free = self.over_free(self.exposure(legs)?)?;
        Ok(Risk {
            matrix,
            worst,
            delta: Fixed::from_raw(self.arrays.net_delta(legs)?),
            over_free,
            roll: self.roll(legs)?,
            delta_charge_e6: self.delta_charge_e6(over_free)?,
        })
    }

    /// Directional exposure of the legs at the index price, signed: the sum of the instruments'
    /// unit exposures, each rounded once to the nearest 10^-8, so that it is linear in quantities.
    ///
    /// # Errors
    /// [`MarginError::Pricing`], [`MarginError::Arithmetic`].
    pub fn exposure(&self, legs: &[Leg]) -> Result<Money, MarginError> {
        let mut total = 0i128;
        for leg in legs {
            let unit = self.unit_exposure(leg.instrument)?;
            let part = unit.checked_mul(leg.quantity.into());
            total = part.and_then(|p| total.checked_add(p)).ok_or(OVERFLOW)?;
        }
        Ok(Money::from_raw(total))
    }

    /// Delta of one unit times the index price, 8 decimals.
    pub(crate) fn unit_exposure(&self, instrument: u32) -> Result<i128, MarginError> {
        let delta = self.arrays.delta(instrument)?;
        let one = Fixed::<DELTA_DECIMALS>::ONE.raw();
        let index = self.index.raw();
        Ok(mul_div(delta.into(), index, one, Rounding::HalfEven)?)
    }

    /// Exposure above the free part.
    pub(super) fn over_free(&self, exposure: Money) -> Result<Money, ArithmeticError> {
        let free = self
            .model
            .delta_free
            .fixed()
            .rescale::<14>(Rounding::Down)?;
        let over = exposure.fixed().abs()?.sub(free)?;
        Ok(Amount::of(over.max(Fixed::ZERO)))
    }

    pub(super) fn delta_charge_e6(&self, over_free: Money) -> Result<i128, ArithmeticError> {
        over_free
            .raw()
            .checked_mul(self.model.delta_rate.raw())
            .ok_or(OVERFLOW)
    }

    /// What one net short contract of an expiry is charged, 8 decimals, rounded up: against the
    /// account, by less than 10^-8 a contract.
    pub(super) fn roll_unit(&self, expiry: Timestamp) -> Result<i128, ArithmeticError> {
        let window = i128::from(self.model.roll_window.millis());
        let tenor = i128::from(expiry.since(self.now)?.millis()).max(0);
        let inside = window.checked_sub(tenor).ok_or(OVERFLOW)?;
        if inside <= 0 {
            return Ok(0);
        }
        let exact = Wide::product(&[self.index.raw(), self.model.roll_rate.raw(), inside])?;
        let scale = Wide::product(&[RATE_ONE, window])?;
        exact.div(scale, Rounding::Ceil)?.to_i128()
    }

    /// What one net short contract of a row is charged; nothing for the perpetual.
    pub(crate) fn roll_unit_of(&self, instrument: u32) -> Result<i128, MarginError> {
        match self.contract(instrument)? {
            Contract::Option { expiry, .. } => Ok(self.roll_unit(expiry)?),
            Contract::Perp => Ok(0),
        }
    }

    /// The roll charge: per expiry and strike, calls and puts net.
    fn roll(&self, legs: &[Leg]) -> Result<Money, MarginError> {
        let mut strikes: Vec<(Timestamp, Price<8>, i128)> = Vec::new();
        for leg in legs {
            let Contract::Option { expiry, strike, .. } = self.contract(leg.instrument)? else {
                continue;
            };
            if self.roll_unit(expiry)? > 0 {
                strikes.push((expiry, strike, leg.quantity.into()));
            }
        }
        strikes.sort_unstable();
        let mut total = 0i128;
        for same in strikes.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some((expiry, ..)) = same.first() else {
                continue;
            };
            let net = same.iter().try_fold(0i128, |n, s| n.checked_add(s.2));
            let short = net.ok_or(OVERFLOW)?.min(0).checked_neg().ok_or(OVERFLOW)?;
            let charge = self.roll_unit(*expiry)?.checked_mul(short);
            total = charge.and_then(|c| total.checked_add(c)).ok_or(OVERFLOW)?;
        }
        Ok(Money::from_raw(total))
    }

    /// Calls plus puts of the portfolio at an option's expiry and strike.
    pub(super) fn net_at(&self, legs: &[Leg], of: Contract) -> Result<i128, MarginError> {
        let place = |contract| match contract {
            Contract::Option { expiry, strike, .. } => Some((expiry, strike)),
            Contract::Perp => None,
        };
        let mut net = 0i128;
        for leg in legs {
            if place(self.contract(leg.instrument)?) == place(of) {
                net = net.checked_add(leg.quantity.into()).ok_or(OVERFLOW)?;
            }
        }
        Ok(net)
    }

    /// Whether the maintenance margin is above the equity: strictly, exactly.
    ///
    /// # Errors
    /// [`MarginError::Arithmetic`].
    pub fn is_liquidatable(&self, risk: &Risk, equity: Money) -> Result<bool, MarginError> {
        Ok(risk.exceeds(self.model.mm_factor, equity)?)
    }

    /// What the account may do, decided exactly.
    ///
    /// # Errors
    /// [`MarginError::Arithmetic`].
    pub fn standing(&self, risk: &Risk, equity: Money) -> Result<Standing, MarginError> {
        let maintenance = risk.compare(self.model.mm_factor, equity)?;
        let initial = risk.compare(self.model.im_factor, equity)?;
        Ok(Standing::of(maintenance, initial))
    }

    /// Whether the initial margin is within the equity: what releases an account.
    ///
    /// # Errors
    /// [`MarginError::Arithmetic`].
    pub fn is_released(&self, risk: &Risk, equity: Money) -> Result<bool, MarginError> {
        Ok(!risk.exceeds(self.model.im_factor, equity)?)
    }
}

impl Risk {
    /// The delta charge, rounded up for display.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn delta_charge(&self) -> Result<Money, ArithmeticError> {
        mul_div(self.delta_charge_e6, 1, RATE_ONE, Rounding::Ceil).map(Money::from_raw)
    }

    /// Matrix, delta and roll together, times one million, exactly.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn base_e6(&self) -> Result<i128, ArithmeticError> {
        let whole = self.matrix.add(self.roll)?.raw().checked_mul(RATE_ONE);
        whole
            .and_then(|w| w.checked_add(self.delta_charge_e6))
            .ok_or(OVERFLOW)
    }

    /// The requirement with a factor, rounded up: against the account, by less than 10^-14.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn times(&self, factor: Rate<6>) -> Result<Money, ArithmeticError> {
        let exact = Wide::product(&[self.base_e6()?, factor.raw()])?;
        let scale = Wide::product(&[RATE_ONE, RATE_ONE])?;
        exact
            .div(scale, Rounding::Ceil)?
            .to_i128()
            .map(Money::from_raw)
    }

    /// Maintenance margin.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn maintenance(&self, model: &Model) -> Result<Money, ArithmeticError> {
        self.times(model.mm_factor)
    }

    /// Initial margin.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`].
    pub fn initial(&self, model: &Model) -> Result<Money, ArithmeticError> {
        self.times(model.im_factor)
    }

    /// Whether base times `factor` is above `equity`, exactly.
    ///
    /// # Errors
    /// [`ArithmeticError::Overflow`] beyond 512 bits.
    pub fn exceeds(&self, factor: Rate<6>, equity: Money) -> Result<bool, ArithmeticError> {
        Ok(self.compare(factor, equity)?.is_gt())
    }

    /// How base times `factor` compares with `equity`, exactly.
    fn compare(&self, factor: Rate<6>, equity: Money) -> Result<Ordering, ArithmeticError> {
        let needed = Wide::product(&[self.base_e6()?, factor.raw()])?;
        Ok(needed.cmp(&Wide::product(&[equity.raw(), RATE_ONE, RATE_ONE])?))
    }
}

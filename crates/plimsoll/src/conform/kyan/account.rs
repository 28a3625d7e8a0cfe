//! An account on a vector's market: its numbers, and what fills do to it.

use plimsoll_engine::margin::portfolio::order::{self, Order};
use plimsoll_engine::margin::portfolio::{Money, Portfolio, Risk, ratio};
use plimsoll_engine::pricing::{Contract, Leg};
use plimsoll_units::{Price, Side};
use serde_json::{Map, Value, json};

use super::model::{Market, PERP};
use super::{Answer, refused, shown};
use crate::conform::compare::Mismatch;

/// Losses this near to the largest one make a scenario the worst, too.
const SAME_LOSS: f64 = 1e-3;

/// A portfolio with its equity.
#[derive(Debug, Clone)]
pub(super) struct Account<'m> {
    pub(super) market: &'m Market,
    pub(super) portfolio: Portfolio,
    pub(super) equity: Option<Money>,
}

impl<'m> Account<'m> {
    /// The account of the vector.
    pub(super) fn of(market: &'m Market) -> Self {
        Self {
            market,
            portfolio: market.portfolio.clone(),
            equity: market.equity,
        }
    }

    /// The same account after trading at fair value.
    pub(super) fn with(&self, instrument: u32, traded: i64) -> Result<Self, Mismatch> {
        let portfolio = self.portfolio.after(instrument, traded).map_err(refused)?;
        Ok(Self {
            portfolio,
            ..self.clone()
        })
    }

    pub(super) fn risk(&self) -> Result<Risk, Mismatch> {
        let of = self.market.valuation()?;
        of.risk(self.portfolio.legs()).map_err(refused)
    }

    pub(super) fn equity(&self) -> Result<Money, Mismatch> {
        self.equity
            .ok_or_else(|| Mismatch::unusable("the input says nothing about the equity"))
    }

    /// An order of the liquidation, for up to `most`.
    pub(super) fn order(&self, instrument: u32, side: Side, most: i64) -> Result<Order, Mismatch> {
        let terms = self.market.terms(instrument);
        Ok(Order {
            instrument,
            side,
            price: self.market.limit(instrument, side)?,
            mark: None,
            lot: terms.lot,
            most,
            fee: terms.fee,
        })
    }

    /// The account after `quantity` of an order was filled at its limit.
    pub(super) fn filled(&self, order: &Order, quantity: i64) -> Result<Self, Mismatch> {
        let of = self.market.valuation()?;
        let equity = self.equity()?;
        let after = order::after_fill(&of, &self.portfolio, equity, order, quantity);
        let (portfolio, _, equity) = after.map_err(refused)?;
        Ok(Self {
            market: self.market,
            portfolio,
            equity: Some(equity),
        })
    }

    /// Whether the initial margin is within the equity.
    pub(super) fn is_released(&self) -> Result<bool, Mismatch> {
        let of = self.market.valuation()?;
        of.is_released(&self.risk()?, self.equity()?)
            .map_err(refused)
    }

    pub(super) fn maintenance(&self) -> Result<Money, Mismatch> {
        let model = *self.market.valuation()?.model();
        self.risk()?.maintenance(&model).map_err(refused)
    }

    pub(super) fn initial(&self) -> Result<Money, Mismatch> {
        let model = *self.market.valuation()?.model();
        self.risk()?.initial(&model).map_err(refused)
    }

    /// Everything there is to say about it.
    pub(super) fn answer(&self) -> Answer {
        let of = self.market.valuation()?;
        let risk = self.risk()?;
        let is_option = |leg: &&Leg| of.contract(leg.instrument) != Ok(Contract::Perp);
        let options: Vec<Leg> = self
            .portfolio
            .legs()
            .iter()
            .filter(is_option)
            .copied()
            .collect();
        let pnl = of.arrays().pnl(self.portfolio.legs()).map_err(refused)?;
        let pnl: Vec<f64> = pnl.0.iter().map(|p| shown(*p, 14)).collect();
        let mut said = json!({
            "option_value": money(of.worth(&options).map_err(refused)?),
            "net_delta": shown(risk.delta.raw(), 18),
            "matrix_risk": money(risk.matrix),
            "worst": worst(&pnl),
            "delta_risk": money(risk.delta_charge().map_err(refused)?),
            "roll_risk": money(risk.roll),
            "mm": money(self.maintenance()?),
            "im": money(self.initial()?),
            "pnl": pnl,
            "perp": shown(self.portfolio.quantity(PERP).into(), 6),
        });
        if let (Some(said), Some(_)) = (said.as_object_mut(), self.equity) {
            self.add_health(said)?;
        }
        Ok(said)
    }

    /// What the equity says: ratios, trigger, bankruptcy.
    fn add_health(&self, said: &mut Map<String, Value>) -> Result<(), Mismatch> {
        let of = self.market.valuation()?;
        let equity = self.equity()?;
        let trigger = of.is_liquidatable(&self.risk()?, equity).map_err(refused)?;
        let lacking = Money::ZERO.sub(equity).map_err(refused)?.max(Money::ZERO);
        for (name, value) in [
            ("equity", money(equity).into()),
            ("mmr", ratio_of(self.maintenance()?, equity)?),
            ("imr", ratio_of(self.initial()?, equity)?),
            ("trigger", trigger.into()),
            ("bankrupt", equity.is_negative().into()),
            ("released", self.is_released()?.into()),
        ] {
            said.insert(name.to_owned(), value);
        }
        for name in ["if_payout", "if_loss", "deficit", "shortfall"] {
            said.insert(name.to_owned(), money(lacking).into());
        }
        Ok(())
    }
}

/// A ratio, `"inf"` when there is nothing to divide by.
pub(super) fn ratio_of(requirement: Money, equity: Money) -> Answer {
    let ratio = ratio(requirement, equity).map_err(refused)?;
    Ok(match ratio {
        Some(ratio) => shown(ratio.raw(), 9).into(),
        None => "inf".into(),
    })
}

/// The scenarios that may be called the worst: the lowest, and those that lose as much.
fn worst(pnl: &[f64]) -> Vec<usize> {
    let most = pnl.iter().copied().fold(0.0, f64::min);
    let places = pnl.iter().enumerate();
    let found: Vec<usize> = places
        .filter(|(_, p)| **p <= most + SAME_LOSS)
        .map(|(place, _)| place)
        .collect();
    // Where nothing loses there is no worst; the first scenario stands for it.
    if found.is_empty() || most == 0.0 {
        return vec![0];
    }
    found
}

pub(super) fn money(amount: Money) -> f64 {
    shown(amount.raw(), 14)
}

pub(super) fn price(price: Price<8>) -> f64 {
    shown(price.raw(), 8)
}

pub(super) fn side(side: Side) -> &'static str {
    match side {
        Side::Long => "BUY",
        Side::Short => "SELL",
    }
}

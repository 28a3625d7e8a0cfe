//! Which orders the engine wants to stand for an account, from its numbers alone.
//!
//! Nothing here remembers: the same account at the same marks wants the same orders. What stands
//! already, and for how long, is looked at in `machine` and `working`.
//!
//! Source: the page's three steps; dev-docs "positionSelection" for their order; guards are \[ours\].

use plimsoll_units::{AccountId, ArithmeticError, Price, Rate, Rounding};

use super::config::Stage;
use super::event::{Guard, Ranked};
use super::health::{Health, Marked};
use super::trade::{in_book, in_units};
use super::{InstrumentId, Kyan};
use crate::auction::limit_price;
use crate::auction::settlement::FeeRule;
use crate::book::Side;
use crate::margin::portfolio::decompose::{Component, Kind, decompose};
use crate::margin::portfolio::order::{self, Order};
use crate::margin::portfolio::{Money, Risk, guards};
use crate::{Rejection, Tx};

const OVERFLOW: ArithmeticError = ArithmeticError::Overflow;

/// An order that should stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Desired {
    pub(super) stage: Stage,
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) quantity: i64,
    pub(super) limit: i64,
    pub(super) mark: i128,
    pub(super) level: u32,
}

/// What step 1 comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hedging {
    /// This order should stand; the account holds nothing but the perpetual.
    Close(Desired),
    /// This order should stand.
    Hedge(Desired),
    /// Nothing is to be done, and these guards say why.
    Nothing(Vec<(Guard, String)>),
}

impl Marked<'_> {
    /// Fair value of an instrument: the perpetual has its own mark price.
    pub(super) fn fair(&self, instrument: InstrumentId) -> Result<i128, Rejection> {
        if instrument.is_perpetual()
            && let Some(mark) = self.pair.perpetual_mark()
        {
            return Ok(mark.raw());
        }
        self.priced.mark(instrument)
    }

    /// The limit of an order with an incentive. The perpetual is priced at spot, as the page says
    /// ("spot oracle + incentive"), options at their mark.
    pub(super) fn limit(
        &self,
        instrument: InstrumentId,
        side: Side,
        incentive: Rate<6>,
    ) -> Result<i64, Rejection> {
        let index = self.of.index().raw();
        let fair = if instrument.is_perpetual() {
            index
        } else {
            self.priced.mark(instrument)?
        };
        let tick = self.pair.steps(instrument)?.tick;
        let price = limit_price(in_units(side), fair, index, incentive, tick.into());
        let price = price.map_err(crate::margin::portfolio::MarginError::from)?;
        Ok(i64::try_from(price).map_err(|_| OVERFLOW)?)
    }

    pub(super) fn desired(
        &self,
        stage: Stage,
        instrument: InstrumentId,
        side: Side,
        quantity: i64,
        (incentive, level): (Rate<6>, u32),
    ) -> Result<Desired, Rejection> {
        Ok(Desired {
            stage,
            instrument,
            side,
            quantity,
            limit: self.limit(instrument, side, incentive)?,
            mark: self.fair(instrument)?,
            level,
        })
    }

    /// An order as the margin's arithmetic sees it.
    pub(super) fn order(&self, desired: &Desired, fee: FeeRule) -> Result<Order, Rejection> {
        Ok(Order {
            instrument: self.priced.row(desired.instrument)?,
            side: in_units(desired.side),
            price: Price::from_raw(desired.limit.into()),
            mark: Some(Price::from_raw(desired.mark)),
            lot: self.pair.steps(desired.instrument)?.lot,
            most: desired.quantity,
            fee,
        })
    }

    /// The side that closes a position, and its size in whole lots (a rest below a lot is left).
    fn closing(&self, instrument: InstrumentId, held: i64) -> Result<(Side, i64), Rejection> {
        let side = if held > 0 { Side::Sell } else { Side::Buy };
        let lot = self.pair.steps(instrument)?.lot;
        let size = held.checked_abs().ok_or(OVERFLOW)?;
        let rest = size.checked_rem(lot).ok_or(OVERFLOW)?;
        Ok((side, size.saturating_sub(rest)))
    }

    /// Step 1 (the page: "Delta Hedging or Perp Liquidation").
    pub(super) fn hedging(
        &self,
        health: &Health,
        any_condition: bool,
        must_lower: bool,
    ) -> Result<Hedging, Rejection> {
        let terms = &self.pair.params.hedge;
        let perpetual = self.priced.row(InstrumentId::PERPETUAL)?;
        let wants = (terms.incentive, 0);
        if guards::is_perp_only(&self.of, &health.portfolio)? {
            let held = health.portfolio.quantity(perpetual);
            let (side, size) = self.closing(InstrumentId::PERPETUAL, held)?;
            if size == 0 {
                return Ok(Hedging::Nothing(Vec::new()));
            }
            let all = self.desired(Stage::Hedge, InstrumentId::PERPETUAL, side, size, wants)?;
            return Ok(Hedging::Close(all));
        }
        let lot = self.pair.params.perpetual.lot;
        let Some(hedge) = order::hedge(&self.of, &health.portfolio, lot)? else {
            let why = format!("a delta of {} is below one lot", health.risk.delta);
            return Ok(Hedging::Nothing(vec![(Guard::Dust, why)]));
        };
        let (_, then) = order::hedged(&self.of, &health.portfolio, hedge)?;
        let outside = terms.band.is_exceeded(health.risk.delta, self.of.index())?;
        let restores = any_condition && !then.exceeds(self.of.model().im_factor, health.equity)?;
        if !guards::wants_hedge(false, outside, restores) {
            return Ok(Hedging::Nothing(Vec::new()));
        }
        if must_lower && !guards::lowers_requirement(&health.risk, &then)? {
            let why = self.would_rise(&health.risk, &then)?;
            return Ok(Hedging::Nothing(vec![(Guard::HedgeMustLower, why)]));
        }
        let side = in_book(hedge.side);
        let order = self.desired(
            Stage::Hedge,
            InstrumentId::PERPETUAL,
            side,
            hedge.quantity,
            wants,
        )?;
        Ok(Hedging::Hedge(order))
    }

    fn would_rise(&self, before: &Risk, after: &Risk) -> Result<String, Rejection> {
        let model = self.of.model();
        let (was, then) = (before.maintenance(model)?, after.maintenance(model)?);
        Ok(format!("maintenance margin would go from {was} to {then}"))
    }

    /// The components, first to be closed first.
    pub(super) fn components(&self, health: &Health) -> Result<Vec<Component>, Rejection> {
        let mode = self.pair.params.decompose.mode;
        Ok(decompose(&self.of, &health.portfolio, mode)?)
    }

    /// A component as it is told.
    pub(super) fn ranked(&self, component: &Component) -> Result<Ranked, Rejection> {
        let mut legs = Vec::with_capacity(component.legs.len());
        for leg in &component.legs {
            legs.push((self.priced.instrument(leg.instrument)?, leg.quantity));
        }
        let margin = component.margin.fixed().rescale::<6>(Rounding::Ceil)?;
        Ok(Ranked {
            kind: match component.kind {
                Kind::Peripheral => "peripheral",
                Kind::Vertical => "vertical",
                Kind::Synthetic => "synthetic",
            }
            .to_owned(),
            legs,
            hedge: component.hedge,
            isolated: margin.raw(),
        })
    }

    /// The instruments that name a component.
    pub(super) fn key(&self, component: &Component) -> Result<Vec<InstrumentId>, Rejection> {
        let mut key = Vec::with_capacity(component.legs.len());
        for leg in &component.legs {
            key.push(self.priced.instrument(leg.instrument)?);
        }
        key.sort_unstable();
        Ok(key)
    }

    /// The order for the next leg of a component: the short one, while there is one.
    pub(super) fn leg(
        &self,
        stage: Stage,
        component: &Component,
        incentive: (Rate<6>, u32),
    ) -> Result<Option<Desired>, Rejection> {
        for leg in &component.legs {
            let instrument = self.priced.instrument(leg.instrument)?;
            let (side, size) = self.closing(instrument, leg.quantity)?;
            if size > 0 {
                let order = self.desired(stage, instrument, side, size, incentive)?;
                return Ok(Some(order));
            }
        }
        Ok(None)
    }

    /// G4: whether closing the whole component at its limits brings the account nearer to health.
    pub(super) fn close_helps(
        &self,
        health: &Health,
        component: &Component,
        fee: FeeRule,
    ) -> Result<bool, Rejection> {
        let incentive = (self.pair.params.decompose.incentive, 0);
        let mut portfolio = health.portfolio.clone();
        let (mut risk, mut equity) = (health.risk.clone(), health.equity);
        for leg in &component.legs {
            let instrument = self.priced.instrument(leg.instrument)?;
            let (side, size) = self.closing(instrument, leg.quantity)?;
            let desired = self.desired(Stage::Decompose, instrument, side, size, incentive)?;
            let order = self.order(&desired, fee)?;
            let after = order::after_fill(&self.of, &portfolio, equity, &order, size)?;
            (portfolio, risk, equity) = after;
        }
        let (before, after) = ((&health.risk, health.equity), (&risk, equity));
        Ok(guards::reduces_gap(
            self.of.model().mm_factor,
            before,
            after,
        )?)
    }

    /// What step 3 offers: every position but synthetics with their hedge; of a vertical spread
    /// the short leg, and its long leg when that is bought.
    pub(super) fn offered(&self, health: &Health) -> Result<Vec<(InstrumentId, i64)>, Rejection> {
        self.first_legs(health, |kind| kind != Kind::Synthetic)
    }

    /// What the fund offers: the same, and of synthetics the short leg too.
    pub(super) fn unwound(&self, health: &Health) -> Result<Vec<(InstrumentId, i64)>, Rejection> {
        self.first_legs(health, |_| true)
    }

    /// The first legs of the components that are offered, and the perpetual but for the hedges of
    /// synthetics.
    fn first_legs(
        &self,
        health: &Health,
        is_offered: impl Fn(Kind) -> bool,
    ) -> Result<Vec<(InstrumentId, i64)>, Rejection> {
        let perpetual = self.priced.row(InstrumentId::PERPETUAL)?;
        let mut linear = health.portfolio.quantity(perpetual);
        let mut offered: Vec<(InstrumentId, i64)> = Vec::new();
        for component in self.components(health)? {
            linear = linear.checked_sub(component.hedge).ok_or(OVERFLOW)?;
            if !is_offered(component.kind) {
                continue;
            }
            if let Some(leg) = component.legs.first() {
                offered.push((self.priced.instrument(leg.instrument)?, leg.quantity));
            }
        }
        // A hedge that was never put on is not there to be sold.
        let held = health.portfolio.quantity(perpetual);
        let linear = linear.clamp(held.min(0), held.max(0));
        if linear != 0 {
            offered.push((InstrumentId::PERPETUAL, linear));
        }
        offered.sort_unstable();
        let mut netted: Vec<(InstrumentId, i64)> = Vec::with_capacity(offered.len());
        for (instrument, quantity) in offered {
            match netted.last_mut().filter(|(last, _)| *last == instrument) {
                Some((_, sum)) => *sum = sum.checked_add(quantity).ok_or(OVERFLOW)?,
                None => netted.push((instrument, quantity)),
            }
        }
        Ok(netted)
    }

    /// The order that offers a position at a level.
    pub(super) fn offer(
        &self,
        stage: Stage,
        (instrument, held): (InstrumentId, i64),
        incentive: (Rate<6>, u32),
    ) -> Result<Option<Desired>, Rejection> {
        let (side, size) = self.closing(instrument, held)?;
        if size == 0 {
            return Ok(None);
        }
        self.desired(stage, instrument, side, size, incentive)
            .map(Some)
    }

    /// G5: the smallest size that restores health at this price, at least a lot; the whole order
    /// when none does.
    fn no_more_than_needed(
        &self,
        health: &Health,
        desired: &Desired,
        fee: FeeRule,
    ) -> Result<i64, Rejection> {
        let order = self.order(desired, fee)?;
        let factor = self.of.model().im_factor;
        let (portfolio, equity): (_, Money) = (&health.portfolio, health.equity);
        let least = order::smallest(&self.of, portfolio, equity, &order, factor)?;
        Ok(least.map_or(desired.quantity, |size| {
            size.max(order.lot).min(desired.quantity)
        }))
    }
}

impl Kyan {
    /// How much of a fill an account in liquidation still wants.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn wanted(
        &self,
        tx: &Tx<'_>,
        id: AccountId,
        stage: Stage,
        instrument: InstrumentId,
        side: Side,
        price: i64,
        most: i64,
    ) -> Result<i64, Rejection> {
        let account = self.account(id)?;
        let marked = self.marked(account.pair)?;
        let health = self.health_after(tx, account, None)?;
        let terms = &marked.pair.params.hedge;
        // Only step 1 closes a perpetual whatever its health; an auction stops at release.
        let closes_all =
            stage == Stage::Hedge && account.is_perpetual_only() && !terms.perp_only_stops;
        if !closes_all && marked.is_released(&health)? {
            return Ok(0);
        }
        let held = account.quantity(instrument);
        let against = match side {
            Side::Buy => held.checked_neg().ok_or(OVERFLOW)?,
            Side::Sell => held,
        };
        if stage == Stage::Hedge {
            if account.is_perpetual_only() {
                return Ok(most.min(against.max(0)));
            }
            let lot = marked.pair.params.perpetual.lot;
            let hedge = order::hedge(&marked.of, &health.portfolio, lot)?;
            let open = hedge.filter(|hedge| in_book(hedge.side) == side);
            return Ok(open.map_or(0, |hedge| most.min(hedge.quantity)));
        }
        let most = most.min(against.max(0));
        if most == 0 || !self.guards.do_not_over_close {
            return Ok(most);
        }
        let desired = Desired {
            stage,
            instrument,
            side,
            quantity: most,
            limit: price,
            mark: marked.fair(instrument)?,
            level: 0,
        };
        let fee = self.liquidation_fee(account.pair, instrument)?;
        marked.no_more_than_needed(&health, &desired, fee)
    }
}

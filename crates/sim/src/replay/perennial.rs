//! The desk of a Perennial venue.
//!
//! A market has two products: one pays the price (its takers are long), one its negative (its
//! takers are short). Makers of both open at the first price; takers come as they arrive. Every
//! tick is an oracle version of both products.

mod facts;
mod leaving;
mod parameters;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::liquidation::{Case, CaseEvent, Outcome};
use plimsoll_engine::venues::perennial::{
    self, Command as Do, Event as Happened, Role, Settlement, Standing,
};
use plimsoll_engine::venues::{Execution, Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Engine, Event, Rejection};
use plimsoll_units::{
    AccountId, Amount as Money, CaseId, MarketId, Price, Quantity, Rounding, Side, Timestamp,
    VenueId, mul_div,
};

use facts::Facts;

use super::Opening;
use super::bands::{Bands, push};
use super::desk::{Book, Desk, Shown, whole};
use super::leaving::Reduction;
use super::plan::{Plan, Plans};
use crate::collect::Collector;
use crate::compare::Meter;
use crate::population::Person;
use crate::prices::Tick;
use crate::results::{Amount, Exposure, Figure, Line, VenueResults};

/// From 6 decimals to 18.
const E12: i128 = 1_000_000_000_000;
/// One, with 18 decimals.
const ONE: i128 = 1_000_000_000_000_000_000;

/// A maker, by product.
#[derive(Debug, Clone, Copy)]
struct Maker {
    product: MarketId,
    account: AccountId,
    collateral: i128,
    size: i128,
}

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct PerennialDesk {
    book: Book,
    /// As the venue was told them last.
    prices: Vec<i128>,
    versions: u64,
    makers: Vec<Maker>,
    /// Makers on the way out.
    leaving: Vec<Reduction>,
    /// Accounts with a position or one pending, by product and account; for samples and top-ups.
    holding: BTreeMap<(MarketId, AccountId), Exposure>,
    /// Traders with the habit of adding collateral who have not yet, by product.
    inclined: BTreeSet<(MarketId, AccountId)>,
    last_attempt: Option<Plan>,
    facts: Facts,
    bands: Bands,
    collateral: Line,
    shortfall: Line,
    rewards: Line,
    liquidations: Line,
    counted: usize,
}

impl PerennialDesk {
    pub(crate) fn new(mut book: Book) -> Self {
        book.meter = facts::meter();
        let line = |label: &str| Line {
            label: label.to_owned(),
            ..Line::default()
        };
        Self {
            prices: vec![0; book.markets.len()],
            inclined: BTreeSet::new(),
            book,
            versions: 0,
            makers: Vec::new(),
            leaving: Vec::new(),
            holding: BTreeMap::new(),
            last_attempt: None,
            facts: Facts::default(),
            bands: Bands::new(),
            collateral: line("Collateral in the products"),
            shortfall: line("Shortfall outstanding"),
            rewards: line("Rewards paid, cumulative"),
            liquidations: line("Liquidations"),
            counted: 0,
        }
    }

    fn product_of(market: usize, side: Side) -> MarketId {
        let offset = usize::from(side == Side::Short);
        MarketId(u16::try_from(market * 2 + offset).unwrap_or(u16::MAX))
    }

    fn market_of(product: MarketId) -> usize {
        product.index() / 2
    }

    /// Size for a collateral and leverage at a price, down; nothing where it does not fit.
    fn size(collateral: i128, leverage_e2: u32, price: i128) -> i128 {
        let notional = collateral.saturating_mul(leverage_e2.into()) / 100;
        mul_div(notional, ONE, price, Rounding::Down).unwrap_or(0)
    }

    /// Makers share the takers' expected size of each product, times the cover asked for. They
    /// open at the market's first price.
    fn plan_makers(&mut self, plans: &mut Plans, openings: &[Opening]) {
        let Some(makers) = self.book.makers.clone() else {
            return;
        };
        let mut next = self.book.first_maker().0;
        for (market, opening) in openings.iter().enumerate() {
            let price = opening.price.raw();
            for side in [Side::Long, Side::Short] {
                let takers = self.expected_size(market, side, price);
                let cover = makers.cover.raw() / i128::from(makers.per_product);
                let size = mul_div(takers, cover, ONE, Rounding::Down).unwrap_or(0);
                let value = mul_div(size, price, ONE, Rounding::Down);
                let collateral =
                    value.and_then(|v| mul_div(v, ONE, makers.leverage.raw(), Rounding::Up));
                let (Ok(collateral), 1..) = (collateral, size) else {
                    continue;
                };
                for _ in 0..makers.per_product {
                    let (product, account) = (Self::product_of(market, side), AccountId(next));
                    plans.add(
                        opening.time,
                        self.book.desk(),
                        Plan::OpenMaker(self.makers.len()),
                    );
                    next += 1;
                    self.makers.push(Maker {
                        product,
                        account,
                        collateral,
                        size,
                    });
                }
            }
        }
    }

    /// What the takers of a product would have together if all came at `price`.
    fn expected_size(&self, market: usize, side: Side, price: i128) -> i128 {
        let people = self.book.people.iter();
        people
            .filter(|p| p.market == market && p.side == side)
            .map(|p| Self::size(p.collateral * E12, p.leverage_e2, price))
            .fold(0, i128::saturating_add)
    }

    fn open(
        product: MarketId,
        account: AccountId,
        collateral: i128,
        role: Role,
        size: i128,
    ) -> Vec<Body> {
        vec![
            Body::Perennial(Do::Deposit {
                product,
                account,
                by: account,
                amount: Money::from_raw(collateral),
            }),
            Body::Perennial(Do::Open {
                product,
                account,
                by: account,
                role,
                amount: Quantity::from_raw(size),
            }),
        ]
    }

    fn state<'e>(&self, engine: &'e Engine) -> Option<&'e perennial::Perennial> {
        match engine.venue(self.book.id) {
            Some(Venue::Perennial(venue)) => Some(venue),
            _ => None,
        }
    }

    /// Which way a role in a product is exposed.
    fn exposure_of(product: MarketId, role: Role) -> Exposure {
        match (role, product.0 % 2) {
            (Role::Maker, _) => Exposure::Maker,
            (Role::Taker, 0) => Exposure::Long,
            (Role::Taker, _) => Exposure::Short,
        }
    }

    /// Distance to liquidation of one account: the price's way there as a share of it, with the
    /// collateral. Floats, for drawing and for traders' nerves. `None` without a position.
    fn distance(
        product: &perennial::Product,
        settlement: &Settlement,
        standing: &Standing,
    ) -> Option<(f64, f64)> {
        let float = |raw: i128| Amount::new(raw, 18).approximate();
        let (size, price) = (float(standing.size.raw()), float(settlement.to.price).abs());
        if size == 0.0 || price == 0.0 {
            return None;
        }
        let position = &settlement.position;
        let (makers, takers) = (float(position.maker.raw()), float(position.taker.raw()));
        // Takers have the payoff, dampened where makers are too few; makers the other side.
        let dampened = (makers / takers).min(1.0);
        let rises = if product.market().0.is_multiple_of(2) {
            1.0
        } else {
            -1.0
        };
        let slope = match standing.role {
            Role::Taker => rises * dampened,
            Role::Maker => -rises * dampened * (takers / makers).min(1.0),
        };
        let collateral = float(standing.collateral.raw());
        // collateral + size * slope * (p - price) = ratio * size * p, solved for p.
        let gap = (collateral - float(standing.maintenance.raw())).max(0.0);
        let per_unit = size * (slope - float(product.params().maintenance.raw()));
        Some(((gap / per_unit).abs() / price, collateral))
    }

    /// Traders who are close and have not added yet.
    fn top_ups(&mut self, engine: &Engine) -> Vec<Body> {
        let Some(habit) = self.book.top_ups.clone() else {
            return Vec::new();
        };
        let within = habit.within.approximate();
        let moved = self.book.moved_since_last_look(&self.prices);
        let mut bodies = Vec::new();
        let Some(venue) = self.state(engine) else {
            return bodies;
        };
        // One preview of a product serves all its accounts.
        let settlements: BTreeMap<MarketId, Settlement> = venue
            .products()
            .map(perennial::Product::market)
            .filter(|market| moved.contains(&Self::market_of(*market)))
            .filter_map(|market| Some((market, venue.preview(market).ok()?)))
            .collect();
        let inclined = std::mem::take(&mut self.inclined);
        for (product, account) in inclined {
            let Some(person) = self.book.person(account) else {
                continue;
            };
            let close = settlements
                .get(&product)
                .and_then(|to| Self::standing_distance(venue, engine, (product, to), account))
                .is_some_and(|distance| distance < within);
            if !close {
                self.inclined.insert((product, account));
                continue;
            }
            let collateral = self.book.people[person].collateral * E12;
            let adds = habit.adds.raw();
            let amount = mul_div(collateral, adds, ONE, Rounding::Down);
            bodies.push(Body::Perennial(Do::Deposit {
                product,
                account,
                by: account,
                amount: Money::from_raw(amount.unwrap_or(0)),
            }));
        }
        bodies
    }

    fn standing_distance(
        venue: &perennial::Perennial,
        engine: &Engine,
        (market, settlement): (MarketId, &Settlement),
        account: AccountId,
    ) -> Option<f64> {
        let product = venue.product(market).ok()?;
        let standing = product
            .standing(engine.ledger(), settlement, account)
            .ok()??;
        Self::distance(product, settlement, &standing).map(|(distance, _)| distance)
    }
}

impl Desk for PerennialDesk {
    fn venue(&self) -> VenueId {
        self.book.id
    }

    fn people(&self) -> &[Person] {
        &self.book.people
    }

    fn begin(&mut self, plans: &mut Plans, start: Timestamp, openings: &[Opening]) -> Vec<Body> {
        self.plan_makers(plans, openings);
        self.book.plan_leaving(plans, start);
        if let Some(habit) = &self.book.top_ups {
            plans.add(
                start.saturating_add(habit.every.0),
                self.book.desk(),
                Plan::TopUps,
            );
        }
        Vec::new()
    }

    fn tick(&mut self, tick: &Tick) -> Vec<Body> {
        let mut bodies = Vec::with_capacity(tick.told().len() * 2);
        self.versions += u64::from(!tick.told().is_empty());
        for (market, price) in tick.told() {
            self.prices[*market] = price.raw();
            for side in [Side::Long, Side::Short] {
                bodies.push(Body::Perennial(Do::OracleVersion {
                    product: Self::product_of(*market, side),
                    version: self.versions,
                    time: tick.time,
                    price: Price::from_raw(price.raw()),
                }));
            }
        }
        bodies
    }

    fn arrive(&mut self, person: usize) -> Vec<Body> {
        let trader = self.book.people[person];
        let account = self.book.trader(person);
        let product = Self::product_of(trader.market, trader.side);
        let collateral = trader.collateral * E12;
        let price = self.prices.get(trader.market).copied().unwrap_or(0);
        let size = Self::size(collateral, trader.leverage_e2, price);
        Self::open(product, account, collateral, Role::Taker, size)
    }

    fn act(&mut self, plan: Plan, engine: &Engine, plans: &mut Plans, now: Timestamp) -> Vec<Body> {
        match plan {
            Plan::OpenMaker(at) => {
                let maker = self.makers[at];
                Self::open(
                    maker.product,
                    maker.account,
                    maker.collateral,
                    Role::Maker,
                    maker.size,
                )
            }
            Plan::Liquidate {
                case, target, by, ..
            } => {
                if !self.book.waits(case, &target) {
                    return Vec::new();
                }
                self.last_attempt = Some(plan);
                vec![Body::Perennial(Do::Liquidate {
                    product: target.market,
                    account: target.account,
                    by: self.book.liquidator(by),
                })]
            }
            Plan::TopUps => {
                if let Some(habit) = &self.book.top_ups {
                    plans.add(
                        now.saturating_add(habit.every.0),
                        self.book.desk(),
                        Plan::TopUps,
                    );
                }
                self.top_ups(engine)
            }
            Plan::LiquidityLeaves(at) => {
                self.makers_leave(at, engine, (plans, now));
                Vec::new()
            }
            Plan::Reduce(at) => self.reduce(at, engine, (plans, now)),
            Plan::SettleUp(target) => vec![Body::Perennial(Do::SettleAccount {
                product: target.market,
                account: target.account,
            })],
            // The others are plans of other venues.
            _ => Vec::new(),
        }
    }

    fn notice(&mut self, event: &Event, now: Timestamp, plans: &mut Plans) {
        if let Event::Perennial(Happened::Opened {
            product,
            account,
            role,
            ..
        }) = event
        {
            self.holding
                .insert((*product, *account), Self::exposure_of(*product, *role));
            if self.book.would_top_up(*account) {
                self.inclined.insert((*product, *account));
            }
        }
        self.report(event, now);
        let VenueConfig::Perennial(config) = &self.book.config else {
            return;
        };
        let (fee, least) = (
            config.protocol.liquidation_fee,
            config.protocol.min_collateral,
        );
        if let Event::Case(CaseEvent::Closed {
            target,
            outcome: Outcome::Liquidated { .. },
            ..
        }) = event
            && config.execution == Execution::Keepers
        {
            // Until somebody settles the account its loss is in no book, and a reward that waits
            // for the settlement is not paid.
            plans.add(now, self.book.desk(), Plan::SettleUp(*target));
        }
        self.book.watch_cases(event, now, plans, |case| {
            let base = case.trigger.requirement.max(least.raw());
            let reward = mul_div(base, fee.raw(), ONE, Rounding::Down);
            reward.unwrap_or(0).min(case.trigger.collateral) / E12
        });
    }

    fn done(&mut self, command: &Command, engine: &Engine) {
        self.report_done(command, engine);
    }

    fn refused(&mut self, command: &Command, _: &Rejection, plans: &mut Plans) {
        self.report_refused(command);
        if let Body::Perennial(Do::Liquidate { .. }) = command.body
            && let Some(plan) = self.last_attempt.take()
        {
            self.book.retry(plan, command.time, plans);
        }
    }

    fn case_of(&self, command: &Command) -> Option<CaseId> {
        match command.body {
            Body::Perennial(Do::Liquidate {
                product, account, ..
            }) => {
                let venue = self.book.id;
                self.book.case_about(&plimsoll_engine::liquidation::Target {
                    venue,
                    market: product,
                    account,
                    position: None,
                })
            }
            _ => None,
        }
    }

    fn exposure(&self, case: &Case) -> Exposure {
        let key = (case.target.market, case.target.account);
        self.holding.get(&key).copied().unwrap_or(Exposure::Maker)
    }

    fn market_index(&self, market: MarketId) -> usize {
        Self::market_of(market)
    }

    fn sample(&mut self, engine: &Engine, collector: &Collector, at: Timestamp) {
        let (mut equity, mut notional) = (0i128, 0i128);
        if let Some(venue) = self.state(engine) {
            for product in venue.products() {
                let Ok(settlement) = venue.preview(product.market()) else {
                    continue;
                };
                let mut size = 0i128;
                for (account, standing) in product.standings(engine.ledger(), &settlement) {
                    if self.book.person(account).is_some() {
                        size = size.saturating_add(standing.size.raw());
                        equity = equity.saturating_add(standing.collateral.raw().max(0));
                    }
                    if let Some((distance, collateral)) =
                        Self::distance(product, &settlement, &standing)
                    {
                        self.bands.count(distance, collateral);
                    }
                }
                let price = settlement.to.price.saturating_abs();
                let worth = mul_div(size, price, ONE, Rounding::Down);
                notional = notional.saturating_add(worth.unwrap_or(0));
            }
        }
        self.bands.end(at);
        self.report_sample(engine, (equity, notional), at);
        let (mut held, mut short) = (0, 0);
        if let Some(venue) = self.state(engine) {
            for product in venue.products() {
                held += product.global().total.raw();
                short += product.shortfall(engine.ledger()).raw();
            }
        }
        push(
            &mut self.collateral,
            at,
            Amount::new(held, 18).approximate(),
        );
        push(
            &mut self.shortfall,
            at,
            Amount::new(short, 18).approximate(),
        );
        push(
            &mut self.rewards,
            at,
            Amount::new(collector.rewards, 18).approximate(),
        );
        let done = collector.liquidations.len();
        #[allow(clippy::cast_precision_loss)]
        push(&mut self.liquidations, at, (done - self.counted) as f64);
        self.counted = done;
    }

    fn meter(&self) -> &Meter {
        &self.book.meter
    }

    fn results(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        let short: i128 = self.state(engine).map_or(0, |v| {
            v.products()
                .map(|p| p.shortfall(engine.ledger()).raw())
                .fold(0, i128::saturating_add)
        });
        let mut figures = self.book.figures(collector, 18);
        figures.push(Figure {
            label: "Shortfall outstanding at the end".to_owned(),
            value: whole(short, 18, &self.book.asset),
            definition: "Losses beyond accounts' collateral that nobody has covered: whoever \
                         withdraws last bears them"
                .to_owned(),
        });
        let shown = Shown {
            parameters: self.parameters(),
            figures,
            at_risk: self.bands.lines(),
            backstop: vec![
                self.collateral.clone(),
                self.shortfall.clone(),
                self.rewards.clone(),
            ],
            liquidations_over_time: self.liquidations.clone(),
            liquidations: collector.liquidations.clone(),
            waterfall: None,
        };
        self.book.results(engine, collector, shown)
    }
}

//! The desk of a Perennial venue.
//!
//! A market has two products: one pays the price (its takers are long), one its negative (its
//! takers are short). Makers of both open at the first price; takers come as they arrive. Every
//! tick is an oracle version of both products.

use std::collections::BTreeMap;

use plimsoll_engine::liquidation::Case;
use plimsoll_engine::venues::perennial::{self, Command as Do, Event as Happened, Role};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Engine, Event, Rejection};
use plimsoll_units::{
    AccountId, Amount as Money, CaseId, MarketId, Price, Quantity, Rounding, Side, Timestamp,
    VenueId, mul_div,
};

use super::desk::{Bands, Book, Desk, percent, push, whole};
use super::plan::{Plan, Plans};
use crate::collect::Collector;
use crate::population::Person;
use crate::prices::Tick;
use crate::results::{Amount, Exposure, Figure, Line, VenueResults};

/// From 6 decimals to 18.
const E12: i128 = 1_000_000_000_000;

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
    prices: Vec<i128>,
    versions: u64,
    makers: Vec<Maker>,
    /// Accounts with a position or one pending, by product and account; for samples and top-ups.
    holding: BTreeMap<(MarketId, AccountId), Exposure>,
    topped_up: Vec<bool>,
    last_attempt: Option<Plan>,
    bands: Bands,
    collateral: Line,
    shortfall: Line,
    rewards: Line,
    liquidations: Line,
    counted: usize,
}

impl PerennialDesk {
    pub(crate) fn new(book: Book) -> Self {
        let line = |label: &str| Line {
            label: label.to_owned(),
            ..Line::default()
        };
        Self {
            prices: vec![0; book.markets.len()],
            topped_up: vec![false; book.people.len()],
            book,
            versions: 0,
            makers: Vec::new(),
            holding: BTreeMap::new(),
            last_attempt: None,
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

    /// Size for a collateral and leverage at the price in force, down.
    fn size(&self, market: usize, collateral: i128, leverage_e2: u32) -> i128 {
        let notional = collateral.saturating_mul(leverage_e2.into()) / 100;
        let price = self.prices.get(market).copied().unwrap_or(0);
        mul_div(notional, 10i128.pow(18), price, Rounding::Down).unwrap_or(0)
    }

    /// Makers share the takers' expected size of each product, times the cover asked for.
    fn plan_makers(&mut self, plans: &mut Plans, at: Timestamp) {
        let Some(makers) = self.book.makers.clone() else {
            return;
        };
        let mut next = self.book.first_maker().0;
        for market in 0..self.book.markets.len() {
            for side in [Side::Long, Side::Short] {
                let takers: i128 = self
                    .book
                    .people
                    .iter()
                    .filter(|p| p.market == market && p.side == side)
                    .map(|p| self.size(market, p.collateral * E12, p.leverage_e2))
                    .sum();
                let cover = makers.cover.raw() / i128::from(makers.per_product);
                let size = mul_div(takers, cover, 10i128.pow(18), Rounding::Down).unwrap_or(0);
                let value = mul_div(size, self.prices[market], 10i128.pow(18), Rounding::Down);
                let collateral = value
                    .and_then(|v| mul_div(v, 10i128.pow(18), makers.leverage.raw(), Rounding::Up))
                    .unwrap_or(0);
                if size == 0 {
                    continue;
                }
                for _ in 0..makers.per_product {
                    let product = Self::product_of(market, side);
                    plans.add(at, self.book.desk(), Plan::OpenMaker(self.makers.len()));
                    let account = AccountId(next);
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

    /// Distance to liquidation of the accounts that are `wanted`: the price's way there as a
    /// share of it, with the collateral. Floats, for drawing and for traders' nerves. Accounts
    /// without a settled position are left out.
    fn distances(
        &self,
        engine: &Engine,
        wanted: impl Fn(AccountId) -> bool,
    ) -> BTreeMap<(MarketId, AccountId), (f64, f64)> {
        let mut distances = BTreeMap::new();
        let Some(venue) = self.state(engine) else {
            return distances;
        };
        let float = |raw: i128| Amount::new(raw, 18).approximate();
        for product in venue.products() {
            let market = product.market();
            let Ok(settlement) = venue.preview(market) else {
                continue;
            };
            let price = float(settlement.to.price).abs();
            let ratio = float(product.params().maintenance.raw());
            let (makers, takers) = (
                float(settlement.position.maker.raw()),
                float(settlement.position.taker.raw()),
            );
            // Takers have the payoff, dampened where makers are too few; makers the other side.
            let dampened = if takers > makers {
                makers / takers
            } else {
                1.0
            };
            let rises = if market.0.is_multiple_of(2) {
                1.0
            } else {
                -1.0
            };
            let accounts = self
                .holding
                .range((market, AccountId(0))..=(market, AccountId(u32::MAX)));
            for (&key, _) in accounts.filter(|(key, _)| wanted(key.1)) {
                let standing = product.standing(engine.ledger(), &settlement, key.1);
                let Ok(Some(standing)) = standing else {
                    continue;
                };
                let size = float(standing.size.raw());
                if size == 0.0 || price == 0.0 {
                    continue;
                }
                let slope = match standing.role {
                    Role::Taker => rises * dampened,
                    Role::Maker => -rises * dampened * (takers / makers).min(1.0),
                };
                let collateral = float(standing.collateral.raw());
                // collateral + size * slope * (p - price) = ratio * size * p, solved for p.
                let gap = collateral - float(standing.maintenance.raw());
                let per_unit = size * (slope - ratio);
                let distance = if gap <= 0.0 {
                    0.0
                } else {
                    (gap / per_unit).abs() / price
                };
                distances.insert(key, (distance, collateral));
            }
        }
        distances
    }

    /// Traders who are close and have not added yet.
    fn top_ups(&mut self, engine: &Engine) -> Vec<Body> {
        let Some(habit) = self.book.top_ups.clone() else {
            return Vec::new();
        };
        let within = habit.within.approximate();
        let mut bodies = Vec::new();
        let inclined = |account| {
            self.book
                .person(account)
                .is_some_and(|p| self.book.tops_up(p, &habit) && !self.topped_up[p])
        };
        for ((product, account), (distance, _)) in self.distances(engine, inclined) {
            let Some(person) = self.book.person(account) else {
                continue;
            };
            let trader = self.book.people[person];
            if distance < within {
                self.topped_up[person] = true;
                let amount = mul_div(
                    trader.collateral * E12,
                    habit.adds.raw(),
                    10i128.pow(18),
                    Rounding::Down,
                );
                bodies.push(Body::Perennial(Do::Deposit {
                    product,
                    account,
                    by: account,
                    amount: Money::from_raw(amount.unwrap_or(0)),
                }));
            }
        }
        bodies
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let VenueConfig::Perennial(config) = &self.book.config else {
            return Vec::new();
        };
        let mut rows = vec![
            (
                "Liquidation fee (share of maintenance)".to_owned(),
                percent(config.protocol.liquidation_fee.raw()),
            ),
            (
                "Minimum collateral".to_owned(),
                format!("{} DSU", config.protocol.min_collateral),
            ),
            (
                "Protocol's share of fees".to_owned(),
                percent(config.protocol.protocol_fee.raw()),
            ),
        ];
        if let Some(product) = config.products.first() {
            rows.extend([
                (
                    "Products per market".to_owned(),
                    "2 (pays the price; pays its negative)".to_owned(),
                ),
                ("Maintenance".to_owned(), percent(product.maintenance.raw())),
                (
                    "Margin to open".to_owned(),
                    percent(product.entry_ratio().raw()),
                ),
                ("Taker fee".to_owned(), percent(product.taker_fee.raw())),
                ("Maker fee".to_owned(), percent(product.maker_fee.raw())),
                (
                    "Share of those fees that leaves the product".to_owned(),
                    percent(product.position_fee.raw()),
                ),
                (
                    "Share of funding that is a fee".to_owned(),
                    percent(product.funding_fee.raw()),
                ),
                (
                    "Funding per year at 0 / target / full utilization".to_owned(),
                    format!(
                        "{} / {} at {} / {}",
                        percent(product.curve.min_rate.raw()),
                        percent(product.curve.target_rate.raw()),
                        percent(product.curve.target_utilization.raw()),
                        percent(product.curve.max_rate.raw())
                    ),
                ),
            ]);
        }
        let flags = config.flags;
        for (name, on) in [
            ("close_fee_before_reward", flags.close_fee_before_reward),
            ("margin_above_maintenance", flags.margin_above_maintenance),
            ("reward_at_settlement", flags.reward_at_settlement),
            ("partial_liquidation", flags.partial_liquidation),
        ] {
            rows.push((name.to_owned(), if on { "on" } else { "off" }.to_owned()));
        }
        rows.extend(self.book.people_rows());
        rows
    }
}

impl Desk for PerennialDesk {
    fn venue(&self) -> VenueId {
        self.book.id
    }

    fn people(&self) -> &[Person] {
        &self.book.people
    }

    fn begin(&mut self, plans: &mut Plans, first: &Tick) -> Vec<Body> {
        for (market, price) in &first.prices {
            self.prices[*market] = price.raw();
        }
        self.plan_makers(plans, first.time);
        if let Some(habit) = &self.book.top_ups {
            plans.add(
                first.time.saturating_add(habit.every.0),
                self.book.desk(),
                Plan::TopUps,
            );
        }
        Vec::new()
    }

    fn tick(&mut self, tick: &Tick) -> Vec<Body> {
        self.versions += 1;
        let mut bodies = Vec::with_capacity(tick.prices.len() * 2);
        for (market, price) in &tick.prices {
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
        let size = self.size(trader.market, collateral, trader.leverage_e2);
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
            Plan::Provide(_) | Plan::Withdraw(_) => Vec::new(),
        }
    }

    fn notice(&mut self, event: &Event, now: Timestamp, plans: &mut Plans) {
        match event {
            Event::Perennial(Happened::Opened {
                product,
                account,
                role,
                ..
            }) => {
                self.holding
                    .insert((*product, *account), Self::exposure_of(*product, *role));
            }
            _ => {}
        }
        let VenueConfig::Perennial(config) = &self.book.config else {
            return;
        };
        let (fee, least) = (
            config.protocol.liquidation_fee,
            config.protocol.min_collateral,
        );
        self.book.watch_cases(event, now, plans, |case| {
            let base = case.trigger.requirement.max(least.raw());
            let reward = mul_div(base, fee.raw(), 10i128.pow(18), Rounding::Down);
            reward.unwrap_or(0).min(case.trigger.collateral) / E12
        });
    }

    fn refused(&mut self, command: &Command, _: &Rejection, plans: &mut Plans) {
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
        for (distance, collateral) in self.distances(engine, |_| true).into_values() {
            self.bands.count(distance, collateral);
        }
        self.bands.end(at);
        let (mut held, mut short) = (0, 0);
        if let Some(venue) = self.state(engine) {
            for product in venue.products() {
                held += product.global().total.raw();
                short += product.shortfall(engine.ledger()).raw();
            }
            // An account whose position has settled to nothing is no longer looked at.
            self.holding.retain(|&(product, account), _| {
                let flat = |p: &perennial::Product| p.account(account).is_none_or(|a| a.is_flat());
                venue.product(product).is_ok_and(|p| !flat(p))
            });
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

    fn results(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        let short: i128 = self.state(engine).map_or(0, |v| {
            v.products()
                .map(|p| p.shortfall(engine.ledger()).raw())
                .sum()
        });
        let mut figures = self.book.figures(collector, 18);
        figures.push(Figure {
            label: "Shortfall outstanding at the end".to_owned(),
            value: whole(short, 18, &self.book.asset),
            definition: "Losses beyond accounts' collateral that nobody has covered: whoever \
                         withdraws last bears them"
                .to_owned(),
        });
        VenueResults {
            name: self.book.name.clone(),
            preset: self.book.preset.name().to_owned(),
            asset: self.book.asset.clone(),
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
            flows: collector.flows(engine.ledger().assets()),
            refusals: collector.refusals(),
        }
    }
}

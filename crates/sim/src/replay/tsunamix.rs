//! The desk of a TsunamiX venue.
//!
//! Liquidity providers fund the vault; traders deposit what their position and its opening fee
//! need, and open it against the vault at the oracle price. Every tick is one command with the
//! prices of all markets.

mod facts;
mod leaving;

use std::collections::BTreeMap;

use plimsoll_engine::liquidation::{Case, CaseEvent, Rule};
use plimsoll_engine::venues::tsunamix::{self, Command as Do, PriceUpdate};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Engine, Event, Rejection};
use plimsoll_units::{
    AccountId, Amount as Money, CaseId, MarketId, Notional, PositionId, Price, Quantity, Rounding,
    Side, Timestamp, VenueId, mul_div,
};

use facts::Facts;

use super::Opening;
use super::bands::{Bands, push};
use super::desk::{Book, Desk, Shown, percent, whole};
use super::leaving::Reduction;
use super::plan::{Plan, Plans};
use crate::collect::Collector;
use crate::compare::Meter;
use crate::population::Person;
use crate::prices::Tick;
use crate::results::{Amount, Exposure, Figure, Line, VenueResults};

/// What a liquidator brings to have an account at all: one unit.
const WORKING_MONEY: i128 = 1_000_000;

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct TsunamixDesk {
    book: Book,
    /// As the venue was told them last.
    prices: Vec<i128>,
    versions: u64,
    facts: Facts,
    topped_up: Vec<bool>,
    /// Providers on the way out.
    leaving: Vec<Reduction>,
    /// Rules of the cases that wait for a keeper.
    rules: BTreeMap<CaseId, Rule>,
    last_attempt: Option<Plan>,
    bands: Bands,
    vault: Line,
    open_interest: Line,
    shortfall: Line,
    rewards: Line,
    liquidations: Line,
    counted: usize,
    lowest_vault: Option<i128>,
}

impl TsunamixDesk {
    pub(crate) fn new(mut book: Book) -> Self {
        book.meter = facts::meter();
        let line = |label: &str| Line {
            label: label.to_owned(),
            ..Line::default()
        };
        Self {
            prices: vec![0; book.markets.len()],
            topped_up: vec![false; book.people.len()],
            leaving: Vec::new(),
            book,
            versions: 0,
            facts: Facts::default(),
            rules: BTreeMap::new(),
            last_attempt: None,
            bands: Bands::new(),
            vault: line("Vault's own money"),
            open_interest: line("Open interest"),
            shortfall: line("Loss beyond collateral, cumulative"),
            rewards: line("Bounties paid, cumulative"),
            liquidations: line("Liquidations"),
            counted: 0,
            lowest_vault: None,
        }
    }

    fn rules_of(&self) -> Option<&tsunamix::Config> {
        match &self.book.config {
            VenueConfig::TsunamiX(config) => Some(config),
            _ => None,
        }
    }

    fn state<'e>(&self, engine: &'e Engine) -> Option<&'e tsunamix::TsunamiX> {
        match engine.venue(self.book.id) {
            Some(Venue::TsunamiX(venue)) => Some(venue),
            _ => None,
        }
    }

    fn deposit(account: AccountId, raw: i128) -> Body {
        Body::TsunamiX(Do::Deposit {
            account,
            amount: Money::from_raw(raw),
        })
    }

    /// Owner and distance to liquidation of the positions that are `wanted`: the price's way
    /// there as a share of it, with the collateral, and what the position is worth. Floats, for
    /// drawing and for traders' nerves.
    fn distances(
        &self,
        engine: &Engine,
        wanted: impl Fn(&tsunamix::Position) -> bool,
    ) -> Vec<(PositionId, AccountId, f64, [f64; 2])> {
        let Some(venue) = self.state(engine) else {
            return Vec::new();
        };
        let indices: Vec<_> = venue
            .markets()
            .iter()
            .map(|m| m.indices(engine.now()))
            .collect();
        let money = |raw| Amount::new(raw, 6).approximate();
        let distance = |(id, position): (PositionId, &tsunamix::Position)| {
            let market = venue.markets().get(position.market.index())?;
            let held = position
                .holding(indices.get(position.market.index())?)
                .ok()?
                .total()
                .ok()?;
            let (price, entry) = (
                Amount::new(market.feed.price, 18).approximate(),
                Amount::new(position.entry().raw(), 18).approximate(),
            );
            let size = money(position.size().raw());
            let collateral = money(engine.ledger().balance(position.collateral));
            let fees = money(held.raw()) + size * f64::from(market.params.trading_fee_e5) / 1e5;
            let threshold = Amount::new(market.params.threshold.raw(), 6).approximate();
            let sign = if position.side == Side::Long {
                1.0
            } else {
                -1.0
            };
            let liquidation = entry * (1.0 - sign * (threshold * collateral - fees) / size);
            let distance = ((price - liquidation) * sign / price).max(0.0);
            let result = sign * size * (price / entry - 1.0) - money(held.raw());
            Some((
                id,
                position.owner,
                distance,
                [collateral, collateral + result],
            ))
        };
        venue
            .positions()
            .iter()
            .filter(|(_, p)| wanted(p))
            .filter_map(distance)
            .collect()
    }

    /// Traders who are close and have not added yet.
    fn top_ups(&mut self, engine: &Engine) -> Vec<Body> {
        let Some(habit) = self.book.top_ups.clone() else {
            return Vec::new();
        };
        let within = habit.within.approximate();
        let mut bodies = Vec::new();
        let moved = self.book.moved_since_last_look(&self.prices);
        let inclined = |p: &tsunamix::Position| {
            moved.contains(&p.market.index())
                && self.book.would_top_up(p.owner)
                && self
                    .book
                    .person(p.owner)
                    .is_some_and(|person| !self.topped_up[person])
        };
        for (position, account, distance, _) in self.distances(engine, inclined) {
            let Some(person) = self.book.person(account).filter(|_| distance < within) else {
                continue;
            };
            self.topped_up[person] = true;
            let collateral = self.book.people[person].collateral;
            let adds = mul_div(collateral, habit.adds.raw(), 10i128.pow(18), Rounding::Down);
            let amount = Money::from_raw(adds.unwrap_or(0));
            bodies.push(Self::deposit(account, amount.raw()));
            bodies.push(Body::TsunamiX(Do::AddCollateral {
                account,
                position,
                amount,
            }));
        }
        bodies
    }

    fn liquidation(&mut self, plan: Plan, engine: &Engine) -> Vec<Body> {
        let Plan::Liquidate {
            case, target, by, ..
        } = plan
        else {
            return Vec::new();
        };
        let Some(position) = target.position.filter(|_| self.book.waits(case, &target)) else {
            return Vec::new();
        };
        self.last_attempt = Some(plan);
        self.look(case, position, engine);
        let keeper = self.book.liquidator(by);
        vec![Body::TsunamiX(match self.rules.get(&case) {
            Some(Rule::ProfitOverLimit) => Do::ForceClose { keeper, position },
            _ => Do::Liquidate { keeper, position },
        })]
    }

    fn withdrawal(
        &self,
        provider: usize,
        engine: &Engine,
        plans: &mut Plans,
        now: Timestamp,
    ) -> Vec<Body> {
        let account = self.book.provider(provider);
        let shares = self
            .state(engine)
            .and_then(|v| v.shares(engine.ledger(), account));
        let shares = shares.map_or(0, Quantity::raw);
        if shares == 0 {
            return Vec::new();
        }
        // Refused while the vault backs too much; tried again in an hour.
        plans.add(
            now.saturating_add(plimsoll_units::Duration::HOUR),
            self.book.desk(),
            Plan::Withdraw(provider),
        );
        let shares = Quantity::from_raw(shares);
        vec![Body::TsunamiX(Do::RemoveLiquidity { account, shares })]
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let Some(config) = self.rules_of() else {
            return Vec::new();
        };
        let e5 = |value: u32| percent(i128::from(value) * 10i128.pow(13));
        let bps = |value: u32| percent(i128::from(value) * 10i128.pow(14));
        let rules = &config.rules;
        let mut rows = vec![
            ("Liquidation check".to_owned(), format!("{:?}", rules.check)),
            (
                "First caller's bounty".to_owned(),
                e5(rules.bounty.first_caller_e5),
            ),
            ("Resolver's bounty".to_owned(), e5(rules.bounty.resolver_e5)),
            (
                "Profit limit of one trade, share of the vault".to_owned(),
                e5(rules.profit_pct_e5),
            ),
            (
                "Vault's share of trading fees".to_owned(),
                e5(rules.vault_fee_share_e5),
            ),
            (
                "Open interest per vault money (kappa)".to_owned(),
                bps(rules.sharing.kappa_bps),
            ),
            (
                "Shared out by weight (lambda)".to_owned(),
                bps(rules.sharing.lambda_bps),
            ),
            (
                "Trend carried on (beta)".to_owned(),
                bps(rules.sharing.beta_bps),
            ),
            (
                "Epoch of the open-interest limits".to_owned(),
                rules.epoch.to_string(),
            ),
            (
                "Least collateral".to_owned(),
                format!("{} TUSD", rules.min_collateral),
            ),
        ];
        if let Some(market) = config.markets.first() {
            rows.extend([
                (
                    "Threshold".to_owned(),
                    percent(market.threshold.raw() * 10i128.pow(12)),
                ),
                (
                    "Largest leverage".to_owned(),
                    format!("{}x", market.max_leverage),
                ),
                ("Trading fee".to_owned(), e5(market.trading_fee_e5)),
                (
                    "Borrowing fee per hour".to_owned(),
                    percent(i128::from(market.borrow_rate_e6.long) * 10i128.pow(12)),
                ),
                (
                    "Largest funding per hour".to_owned(),
                    percent(i128::from(market.funding.max_rate()) * 1000),
                ),
                (
                    "Slippage factor".to_owned(),
                    market.slippage_factor.to_string(),
                ),
            ]);
        }
        rows.extend(self.book.people_rows());
        rows
    }
}

impl Desk for TsunamixDesk {
    fn venue(&self) -> VenueId {
        self.book.id
    }

    fn people(&self) -> &[Person] {
        &self.book.people
    }

    fn begin(&mut self, plans: &mut Plans, start: Timestamp, _: &[Opening]) -> Vec<Body> {
        let desk = self.book.desk();
        let mut bodies = vec![Self::deposit(AccountId(0), WORKING_MONEY)];
        for at in 0..self.book.liquidators.len() {
            bodies.push(Self::deposit(self.book.liquidator(at), WORKING_MONEY));
        }
        for (at, provider) in self.book.liquidity.iter().enumerate() {
            let money = provider.deposit.on_grid::<6>();
            bodies.push(Self::deposit(self.book.provider(at), money));
            let when = provider.at.map_or(start, |w| w.0.max(start));
            plans.add(when, desk, Plan::Provide(at));
            if let Some(leaves) = provider.withdraws_at {
                plans.add(leaves.0.max(start), desk, Plan::Withdraw(at));
            }
        }
        self.book.plan_leaving(plans, start);
        if let Some(habit) = &self.book.top_ups {
            plans.add(start.saturating_add(habit.every.0), desk, Plan::TopUps);
        }
        bodies
    }

    fn tick(&mut self, tick: &Tick) -> Vec<Body> {
        if tick.told().is_empty() {
            return Vec::new();
        }
        self.versions += 1;
        let updates = tick
            .told()
            .iter()
            .map(|(market, price)| {
                self.prices[*market] = price.raw();
                PriceUpdate {
                    market: MarketId(u16::try_from(*market).unwrap_or(u16::MAX)),
                    version: self.versions,
                    published: tick.time,
                    price: Price::from_raw(price.raw()),
                }
            })
            .collect();
        vec![Body::TsunamiX(Do::Prices(updates))]
    }

    fn arrive(&mut self, person: usize) -> Vec<Body> {
        let trader = self.book.people[person];
        let account = self.book.trader(person);
        let market = MarketId(u16::try_from(trader.market).unwrap_or(u16::MAX));
        let size = trader.collateral.saturating_mul(trader.leverage_e2.into()) / 100;
        vec![
            Self::deposit(account, self.brings(person)),
            Body::TsunamiX(Do::Open {
                account,
                market,
                side: trader.side,
                collateral: Money::from_raw(trader.collateral),
                size: Notional::from_raw(size),
                acceptable: None,
            }),
        ]
    }

    fn act(&mut self, plan: Plan, engine: &Engine, plans: &mut Plans, now: Timestamp) -> Vec<Body> {
        match plan {
            Plan::Provide(at) => {
                let account = self.book.provider(at);
                let amount = Money::from_raw(self.book.liquidity[at].deposit.on_grid::<6>());
                vec![
                    Body::TsunamiX(Do::AddLiquidity { account, amount }),
                    Body::TsunamiX(Do::Rebalance),
                ]
            }
            Plan::Withdraw(at) => self.withdrawal(at, engine, plans, now),
            Plan::LiquidityLeaves(at) => {
                self.providers_leave(at, engine, (plans, now));
                Vec::new()
            }
            Plan::Reduce(at) => self.reduce(at, engine, (plans, now)),
            Plan::Liquidate { .. } => self.liquidation(plan, engine),
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
            // The others are plans of other venues.
            _ => Vec::new(),
        }
    }

    fn notice(&mut self, event: &Event, now: Timestamp, plans: &mut Plans) {
        self.report(event, now);
        match event {
            Event::Case(CaseEvent::Opened(case)) => {
                self.rules.insert(case.id, case.trigger.rule);
            }
            Event::Case(CaseEvent::Closed { case, .. }) => {
                self.rules.remove(case);
            }
            _ => {}
        }
        let bounty = self.rules_of().map_or(0, |c| {
            i128::from(c.rules.bounty.first_caller_e5) + i128::from(c.rules.bounty.resolver_e5)
        });
        self.book
            .watch_cases(event, now, plans, |case| match case.trigger.rule {
                // A force-close pays no bounty; the venue's own keepers do it all the same.
                Rule::ProfitOverLimit => i128::MAX,
                _ => mul_div(case.trigger.collateral, bounty, 100_000, Rounding::Down).unwrap_or(0),
            });
    }

    fn done(&mut self, command: &Command, engine: &Engine) {
        self.report_done(command, engine);
    }

    fn refused(&mut self, command: &Command, _: &Rejection, plans: &mut Plans) {
        if let Body::TsunamiX(Do::Liquidate { .. } | Do::ForceClose { .. }) = command.body
            && let Some(plan) = self.last_attempt.take()
        {
            self.book.retry(plan, command.time, plans);
        }
    }

    fn case_of(&self, command: &Command) -> Option<CaseId> {
        match (&command.body, self.last_attempt) {
            (
                Body::TsunamiX(Do::Liquidate { .. } | Do::ForceClose { .. }),
                Some(Plan::Liquidate { case, .. }),
            ) => Some(case),
            _ => None,
        }
    }

    fn exposure(&self, case: &Case) -> Exposure {
        case.target
            .position
            .and_then(|p| self.facts.held.get(&p))
            .map_or(Exposure::Long, |held| held.side.into())
    }

    fn market_index(&self, market: MarketId) -> usize {
        market.index()
    }

    fn sample(&mut self, engine: &Engine, collector: &Collector, at: Timestamp) {
        let mut traders = 0.0;
        for (_, _, distance, [collateral, worth]) in self.distances(engine, |_| true) {
            self.bands.count(distance, collateral);
            traders += worth.max(0.0);
        }
        self.bands.end(at);
        self.report_sample(engine, traders, at);
        let (vault, open) = self.state(engine).map_or((0, 0), |v| {
            (v.tvl(engine.ledger()).raw(), v.total_open().raw())
        });
        // Before the first provider comes there is no vault to speak of.
        if vault > 0 || self.lowest_vault.is_some() {
            self.lowest_vault = Some(self.lowest_vault.map_or(vault, |low| low.min(vault)));
        }
        let lost = collector
            .liquidations
            .iter()
            .fold(0i128, |sum, l| sum.saturating_add(l.shortfall.raw));
        let money = |raw| Amount::new(raw, 6).approximate();
        push(&mut self.vault, at, money(vault));
        push(&mut self.open_interest, at, money(open));
        push(&mut self.shortfall, at, money(lost));
        push(&mut self.rewards, at, money(collector.rewards));
        let done = collector.liquidations.len();
        #[allow(clippy::cast_precision_loss)]
        push(&mut self.liquidations, at, (done - self.counted) as f64);
        self.counted = done;
    }

    fn meter(&self) -> &Meter {
        &self.book.meter
    }

    fn results(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        let vault = self
            .state(engine)
            .map_or(0, |v| v.tvl(engine.ledger()).raw());
        let mut figures = self.book.figures(collector, 6);
        let mut figure = |label: &str, raw: i128, definition: &str| {
            figures.push(Figure {
                label: label.to_owned(),
                value: whole(raw, 6, &self.book.asset),
                definition: definition.to_owned(),
            });
        };
        figure(
            "Vault at the end",
            vault,
            "The vault's own money: no open collateral, no unrealised profit or loss",
        );
        figure(
            "Vault at its lowest",
            self.lowest_vault.unwrap_or(vault),
            "The lowest of the report's samples",
        );
        let shown = Shown {
            parameters: self.parameters(),
            figures,
            at_risk: self.bands.lines(),
            backstop: vec![
                self.vault.clone(),
                self.open_interest.clone(),
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

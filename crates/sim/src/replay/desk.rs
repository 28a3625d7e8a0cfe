//! What every venue's desk does, and what the desks share.

use std::collections::BTreeMap;

use plimsoll_engine::liquidation::{Case, CaseEvent, Target};
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::gammaswap::Generation;
use plimsoll_engine::{Body, Command, Config, Engine, Event, Rejection};
use plimsoll_units::{AccountId, CaseId, MarketId, Timestamp, VenueId};

use super::Opening;
use super::plan::{Plan, Plans};
use crate::collect::Collector;
use crate::compare::{Measures, Meter};
use crate::population::Person;
use crate::prices::{Tick, Timeline};
use crate::random::Random;
use crate::results::{Amount, Exposure, Figure, Line, VenueResults, group};
use crate::scenario::{
    ExecutionMode, Liquidators, LiquidityProvider, Makers, Preset, Scenario, TopUps, Venue,
};
use crate::stress::Conditions;
use crate::waterfall::Waterfall;

/// A venue's people, speaking its language.
pub(crate) trait Desk {
    fn venue(&self) -> VenueId;
    fn people(&self) -> &[Person];
    /// Plans what happens later, and says what is sent at once, before the first price at
    /// `start`; `openings` has the first price of each market.
    fn begin(&mut self, plans: &mut Plans, start: Timestamp, openings: &[Opening]) -> Vec<Body>;
    /// The price commands of a tick.
    fn tick(&mut self, tick: &Tick) -> Vec<Body>;
    /// A person's commands; the first refusal stops them.
    fn arrive(&mut self, person: usize) -> Vec<Body>;
    /// What a plan comes to now.
    fn act(&mut self, plan: Plan, engine: &Engine, plans: &mut Plans, now: Timestamp) -> Vec<Body>;
    /// An event of an accepted command.
    fn notice(&mut self, event: &Event, now: Timestamp, plans: &mut Plans);
    /// A command was accepted, and its events noticed.
    fn done(&mut self, _command: &Command, _engine: &Engine) {}
    /// A refused command.
    fn refused(&mut self, command: &Command, rejection: &Rejection, plans: &mut Plans);
    /// The case a command works on, so that its money is counted there.
    fn case_of(&self, command: &Command) -> Option<CaseId>;
    fn exposure(&self, case: &Case) -> Exposure;
    /// The scenario's market behind a market of the venue.
    fn market_index(&self, market: MarketId) -> usize;
    /// The scenario's market that a case is shown in.
    fn market_of(&self, case: &Case) -> usize {
        self.market_index(case.target.market)
    }
    /// The report's clock ticks.
    fn sample(&mut self, engine: &Engine, collector: &Collector, at: Timestamp);
    /// Where data beside prices comes from, one line each.
    fn sources(&self) -> Vec<String> {
        Vec::new()
    }
    fn results(&self, engine: &Engine, collector: &Collector) -> VenueResults;
    /// What the desk has reported.
    fn meter(&self) -> &Meter;
}

/// What the desks share: who is who, and the liquidators' habits.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) id: VenueId,
    pub(crate) name: String,
    pub(crate) preset: Preset,
    pub(crate) config: plimsoll_engine::venues::VenueConfig,
    pub(crate) asset: String,
    pub(crate) markets: Vec<String>,
    pub(crate) people: Vec<Person>,
    /// Whose each of them is, by the trader's number in a comparison, where several are one
    /// trader's; empty where everybody is somebody else.
    pub(crate) traders: Vec<u32>,
    pub(crate) liquidators: Vec<Liquidators>,
    pub(crate) liquidity: Vec<LiquidityProvider>,
    pub(crate) makers: Option<Makers>,
    pub(crate) top_ups: Option<TopUps>,
    /// Who is there, and how books stand, where the scenario stresses it.
    pub(crate) conditions: Conditions,
    /// What is measured of the venue: its desk reports to it.
    pub(crate) meter: Meter,
    /// What a Kuma venue needs beside prices, until its desk takes it.
    pub(crate) supplies: Option<super::kuma::Supplies>,
    /// The pair of a GammaSwap venue, likewise.
    pub(crate) pool: Option<super::gammaswap::Supplies>,
    /// The same of a Kyan venue.
    pub(crate) options: Option<Box<super::kyan::Supplies>>,
    /// The same of a composed venue.
    pub(crate) composed: Option<super::composed::Supplies>,
    /// Cases waiting for a keeper, by what they are about.
    waiting: BTreeMap<Target, CaseId>,
    /// The same, the other way round.
    targets: BTreeMap<CaseId, Target>,
    /// How many accounts come before the first trader's.
    pub(crate) first_trader: usize,
    /// Prices when traders last looked whether to add collateral.
    looked_at: Vec<i128>,
    /// Cases that no liquidator found worth its cost.
    pub(crate) not_worth: u64,
    sight: Random,
}

/// The account of the engine itself where it liquidates.
const HOUSE: AccountId = AccountId(0);

fn account(number: usize) -> AccountId {
    AccountId(u32::try_from(number).unwrap_or(u32::MAX))
}

/// How many accounts come before the first trader's: the house, the liquidators, the liquidity
/// providers and the makers, in this order; or those that a Kuma venue begins with. Some venues
/// number accounts densely by first deposit, and these are there before any trader.
fn first_trader(venue: &Venue, liquidators: usize, markets: usize) -> usize {
    if venue.preset.is_kuma() {
        return super::kuma::setup::before_wallets(venue);
    }
    let makers = venue.makers.as_ref().map_or(0, |m| m.per_product as usize);
    1 + liquidators + venue.liquidity.len() + makers * markets * 2
}

impl Book {
    /// The book of a venue; its assets and parameters are added to `config`.
    pub(crate) fn new(
        id: VenueId,
        venue: &Venue,
        (scenario, timeline): (&Scenario, &Timeline),
        people: Vec<Person>,
        config: &mut Config,
    ) -> Self {
        let execution = match venue.execution {
            ExecutionMode::Keepers => Execution::Keepers,
            ExecutionMode::Engine => Execution::Engine { keeper: HOUSE },
        };
        let markets: Vec<String> = scenario.markets.iter().map(|m| m.symbol.clone()).collect();
        let (mut quote, mut pool) = (None, None);
        let (own, asset) = match venue.preset {
            Preset::Tsunamix => {
                let parameters = venue.tsunamix.clone().unwrap_or_default();
                (parameters.config(config, &markets, execution), "TUSD")
            }
            Preset::Perennial | Preset::PerennialPlus => {
                let plus = venue.preset == Preset::PerennialPlus;
                let parameters = venue.perennial.clone().unwrap_or_default();
                (
                    parameters.config(config, markets.len(), plus, execution),
                    "DSU",
                )
            }
            Preset::Gammaswap | Preset::GammaswapV12 => {
                let generation = match venue.preset {
                    Preset::Gammaswap => Generation::A,
                    _ => Generation::B,
                };
                let around = (&people[..], &venue.liquidity[..]);
                let supplies = super::gammaswap::Supplies::of(scenario, timeline, around);
                let parameters = venue.gammaswap.clone().unwrap_or_default();
                let first = (&supplies.pool, supplies.states.first());
                let own = parameters.config(config, generation, first, execution);
                quote = Some(supplies.pool.quote.clone());
                pool = Some(supplies);
                (own, "")
            }
            Preset::Kuma | Preset::KumaPlus => {
                let openings = super::openings(timeline);
                let own = super::kuma::setup::config(config, venue, &markets, &openings);
                (own, "USD")
            }
            // Its own follow when its people are known.
            Preset::Kyan | Preset::KyanDerive => (super::kyan::placeholder(config), "USDC"),
            Preset::Composed => (super::composed::placeholder(config), "USD"),
        };
        config.venues.push(own.clone());
        // Where the engine liquidates, nobody else is asked.
        let liquidators = match venue.execution {
            ExecutionMode::Keepers => venue.liquidators.clone(),
            ExecutionMode::Engine => Vec::new(),
        };
        Self {
            first_trader: first_trader(venue, liquidators.len(), markets.len()),
            id,
            name: venue.name.clone(),
            preset: venue.preset,
            config: own,
            asset: quote.unwrap_or_else(|| asset.to_owned()),
            markets,
            people,
            liquidators,
            liquidity: venue.liquidity.clone(),
            makers: venue.makers.clone(),
            top_ups: venue.top_ups.clone(),
            conditions: Conditions::of(&scenario.stress),
            meter: Meter::default(),
            traders: Vec::new(),
            supplies: None,
            pool,
            options: None,
            composed: None,
            waiting: BTreeMap::new(),
            targets: BTreeMap::new(),
            looked_at: Vec::new(),
            not_worth: 0,
            sight: Random::new(scenario.seed, &format!("{}/sight", venue.name)),
        }
    }

    /// The desk's index among the desks, which is its venue's.
    pub(crate) fn desk(&self) -> usize {
        self.id.index()
    }

    /// A trader's account; traders are numbered by arrival.
    pub(crate) fn trader(&self, person: usize) -> AccountId {
        account(self.first_trader + person)
    }

    /// The trader behind an account.
    pub(crate) fn person(&self, account: AccountId) -> Option<usize> {
        let person = account.index().checked_sub(self.first_trader)?;
        (person < self.people.len()).then_some(person)
    }

    /// The number under which an account's trader is measured; nothing for who is no trader.
    pub(crate) fn measured(&self, account: AccountId) -> Option<u32> {
        let person = self.person(account)?;
        let trader = self.traders.get(person).copied();
        trader.or_else(|| u32::try_from(person).ok())
    }

    pub(crate) fn liquidator(&self, at: usize) -> AccountId {
        account(1 + at)
    }

    pub(crate) fn provider(&self, at: usize) -> AccountId {
        account(1 + self.liquidators.len() + at)
    }

    /// The first maker's account; the others follow.
    pub(crate) fn first_maker(&self) -> AccountId {
        self.provider(self.liquidity.len())
    }

    /// Whether an account is a trader's with the habit of adding collateral: the first `share` of
    /// every million, by a fixed shuffle of their number.
    pub(crate) fn would_top_up(&self, account: AccountId) -> bool {
        let (Some(trader), Some(habit)) = (self.measured(account), &self.top_ups) else {
            return false;
        };
        let shuffled = u64::from(trader).wrapping_mul(2_654_435_761) % 1_000_000;
        shuffled < u64::from(habit.share.millionths())
    }

    /// Markets whose price has moved by a quarter of a percent since traders last looked. Nobody
    /// comes closer while it does not, and nobody looks.
    pub(crate) fn moved_since_last_look(&mut self, prices: &[i128]) -> Vec<usize> {
        self.looked_at.resize(prices.len(), 0);
        let mut moved = Vec::new();
        for (market, (&price, last)) in prices.iter().zip(&mut self.looked_at).enumerate() {
            if price
                .saturating_sub(*last)
                .saturating_abs()
                .saturating_mul(400)
                >= *last
            {
                *last = price;
                moved.push(market);
            }
        }
        moved
    }

    /// Liquidators look at a case event: whoever sees a new case reacts after their delay, if
    /// `pays` says that its reward covers their cost (both raw, 6 decimals).
    pub(crate) fn watch_cases(
        &mut self,
        event: &Event,
        now: Timestamp,
        plans: &mut Plans,
        reward: impl Fn(&Case) -> i128,
    ) {
        match event {
            Event::Case(CaseEvent::Opened(case)) => {
                self.waiting.insert(case.target, case.id);
                self.targets.insert(case.id, case.target);
                let reward = reward(case);
                let pays = |l: &Liquidators| reward >= l.cost.on_grid::<6>();
                if !self.liquidators.is_empty() && !self.liquidators.iter().any(pays) {
                    self.not_worth += 1;
                }
                for (by, liquidators) in self.liquidators.iter().enumerate() {
                    let sees = self.sight.chance(liquidators.sees.millionths());
                    // Whoever is away looks on returning.
                    let acts = self.conditions.liquidators_react(now, liquidators.delay.0);
                    if let Some(at) = acts.filter(|_| sees && pays(liquidators)) {
                        let (case, target) = (case.id, case.target);
                        plans.add(
                            at,
                            self.id.index(),
                            Plan::Liquidate {
                                case,
                                target,
                                by,
                                attempt: 0,
                            },
                        );
                    }
                }
            }
            // Somebody did it, or nothing is left to do.
            Event::Case(CaseEvent::Stage { case, .. } | CaseEvent::Closed { case, .. }) => {
                if let Some(target) = self.targets.remove(case) {
                    self.waiting.remove(&target);
                }
            }
            _ => {}
        }
    }

    /// The open case about a target.
    pub(crate) fn case_about(&self, target: &Target) -> Option<CaseId> {
        self.waiting.get(target).copied()
    }

    /// Whether a case still waits for a keeper.
    pub(crate) fn waits(&self, case: CaseId, target: &Target) -> bool {
        self.waiting.get(target) == Some(&case)
    }

    /// A liquidator whose transaction was refused tries again, while it has retries left.
    pub(crate) fn retry(&self, plan: Plan, now: Timestamp, plans: &mut Plans) {
        let Plan::Liquidate {
            case,
            target,
            by,
            attempt,
        } = plan
        else {
            return;
        };
        let Some(liquidators) = self.liquidators.get(by) else {
            return;
        };
        if attempt < liquidators.retries && self.waits(case, &target) {
            let delay = plimsoll_units::Duration(liquidators.delay.millis().max(1_000));
            let Some(at) = self.conditions.liquidators_react(now, delay) else {
                return;
            };
            let plan = Plan::Liquidate {
                case,
                target,
                by,
                attempt: attempt + 1,
            };
            plans.add(at, self.id.index(), plan);
        }
    }
}

/// What a desk shows beside what every venue's results have.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) at_risk: Vec<Line>,
    pub(crate) backstop: Vec<Line>,
    pub(crate) liquidations_over_time: Line,
    pub(crate) liquidations: Vec<crate::results::Liquidation>,
    pub(crate) waterfall: Option<Box<Waterfall>>,
}

impl Book {
    /// The venue's results: who it is, what its desk shows, and what its events came to.
    pub(crate) fn results(
        &self,
        engine: &Engine,
        collector: &Collector,
        shown: Shown,
    ) -> VenueResults {
        VenueResults {
            name: self.name.clone(),
            preset: self.preset.name().to_owned(),
            asset: self.asset.clone(),
            parameters: shown.parameters,
            figures: shown.figures,
            at_risk: shown.at_risk,
            backstop: shown.backstop,
            liquidations_over_time: shown.liquidations_over_time,
            liquidations: shown.liquidations,
            flows: collector.flows(engine.ledger().assets()),
            refusals: collector.refusals(),
            waterfall: shown.waterfall,
            episodes: None,
            // Read when every desk is done, over the true prices.
            measures: Measures::default(),
        }
    }

    /// Headline figures that every venue has; money has `decimals` decimals.
    pub(crate) fn figures(&self, collector: &Collector, decimals: u32) -> Vec<Figure> {
        let rows = &collector.liquidations;
        let figure = |label: &str, value: String, definition: &str| Figure {
            label: label.to_owned(),
            value,
            definition: definition.to_owned(),
        };
        let money = |raw: i128| whole(raw, decimals, &self.asset);
        let sum = |of: fn(&crate::results::Liquidation) -> i128| -> i128 {
            rows.iter().map(of).fold(0i128, i128::saturating_add)
        };
        let mut delays: Vec<i64> = rows.iter().map(|r| r.executed - r.triggered).collect();
        delays.sort_unstable();
        let quantile = |percent: usize| {
            let at = (delays.len() * percent / 100).min(delays.len().saturating_sub(1));
            delays
                .get(at)
                .map_or_else(|| "none".to_owned(), |ms| seconds(*ms))
        };
        let mut figures = vec![
            figure(
                "Traders",
                grouped(self.people.len() as u64),
                "Accounts of the population, one position each",
            ),
            figure(
                "Cases opened",
                grouped(collector.opened),
                "Times the venue's liquidation rule was met by an account that had no open case",
            ),
            figure(
                "Liquidated",
                grouped(rows.len() as u64),
                "Cases carried through",
            ),
            figure(
                "Recovered",
                grouped(collector.recovered),
                "Cases closed because the account met the requirement again before anybody liquidated it",
            ),
            figure(
                "Not worth a liquidator's cost",
                grouped(self.not_worth),
                "Cases whose reward was below every liquidator's cost of a transaction when they were opened; nobody tried",
            ),
            figure(
                "Still open at the end",
                grouped(collector.still_open() as u64),
                "Cases that nobody had carried through when the prices ended",
            ),
            figure(
                "Notional liquidated",
                money(collector.closed_notional),
                "Position value that liquidations closed, at the price that triggered them; a partial liquidation counts with its part",
            ),
            figure(
                "Collateral at trigger",
                money(sum(|r| r.collateral.raw)),
                "What liquidated accounts had when the rule was met",
            ),
            figure(
                "Paid to liquidators",
                money(collector.rewards),
                "Bounties and rewards",
            ),
            figure(
                "Loss beyond collateral",
                money(sum(|r| r.shortfall.raw)),
                "What liquidated accounts owed beyond their collateral; the venue's bearer of losses takes it",
            ),
            figure(
                "Time to liquidation, median",
                quantile(50),
                "From the rule being met to the liquidation",
            ),
            figure(
                "Time to liquidation, 99 %",
                quantile(99),
                "From the rule being met to the liquidation",
            ),
            figure(
                "Liquidations that could not be carried out",
                grouped(collector.blocked.values().sum()),
                "Attempts of the engine that the venue's own rules refused; the case stays open",
            ),
        ];
        figures.extend(collector.blocked.iter().map(|(reason, times)| {
            figure(
                &format!("Not carried out: {}", reason.text()),
                grouped(*times),
                "Those of the attempts above that failed for this reason",
            )
        }));
        figures
    }

    /// Who takes part, as rows of the parameter table.
    pub(crate) fn people_rows(&self) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        for l in &self.liquidators {
            rows.push((
                format!("Liquidator {:?}", l.name),
                format!(
                    "reacts after {}, sees {} of the cases, pays {} a transaction",
                    seconds(l.delay.millis()),
                    percent(l.sees.raw()),
                    l.cost
                ),
            ));
        }
        for (at, provider) in self.liquidity.iter().enumerate() {
            let leaves = provider
                .withdraws_at
                .map_or_else(String::new, |when| format!(", leaves at {}", when.0));
            rows.push((
                format!("Liquidity provider {}", at + 1),
                format!("deposits {}{leaves}", provider.deposit),
            ));
        }
        if let Some(makers) = &self.makers {
            rows.push((
                "Makers".to_owned(),
                format!(
                    "{} per product, covering {} of the takers' size, at leverage {}",
                    makers.per_product,
                    percent(makers.cover.raw()),
                    makers.leverage
                ),
            ));
        }
        if let Some(habit) = &self.top_ups {
            rows.push((
                "Top-ups".to_owned(),
                format!(
                    "{} of the traders add {} of their collateral once within {} of liquidation",
                    percent(habit.share.raw()),
                    percent(habit.adds.raw()),
                    percent(habit.within.raw())
                ),
            ));
        }
        rows
    }
}

/// A share with 18 decimals as a percentage.
pub(crate) fn percent(raw: i128) -> String {
    format!("{} %", Amount::new(raw.saturating_mul(100), 18))
}

/// Milliseconds as seconds.
fn seconds(millis: i64) -> String {
    format!("{} s", Amount::new(millis.into(), 3))
}

/// A count with its thousands apart.
pub(crate) fn grouped(count: u64) -> String {
    group(&count.to_string())
}

/// Money in whole units, cents cut off, thousands apart.
pub(crate) fn whole(raw: i128, decimals: u32, asset: &str) -> String {
    let units = raw.unsigned_abs() / 10u128.pow(decimals);
    let sign = if raw < 0 && units > 0 { "-" } else { "" };
    format!("{sign}{} {asset}", group(&units.to_string()))
}

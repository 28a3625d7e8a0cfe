//! The desk of a GammaSwap venue.
//!
//! The pair follows its history: at every step of the path the crowd's deposits and swaps bring
//! it to the next state (see `pair`), then somebody touches the pool and interest is charged.
//! What loans have taken out of the pair stays out: the recorded change of the LP supply is added
//! to the supply as it is, and the reserves are the recorded ones in proportion. Lenders bring LP
//! tokens that outside holds; borrowers bring both reserve tokens (see `borrowers`); liquidators
//! come when loans are due (see `liquidators`). Block numbers follow the clock.

mod borrowers;
mod facts;
mod leaving;
mod liquidators;
mod pair;
mod quote;
mod show;
mod supplies;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::liquidation::Case;
use plimsoll_engine::venues::gammaswap::{
    self, Action, Command as Do, Event as Happened, GammaSwap, LoanId, Purse,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Engine, Event, Rejection};
use plimsoll_units::{
    AccountId, CaseId, MarketId, PositionId, Rounding, Timestamp, VenueId, mul_div,
};

use super::desk::{Book, Desk};
use super::leaving::Reduction;
use super::plan::{Plan, Plans};
use super::{Opening, ReplayError, window};
use crate::collect::Collector;
use crate::compare::Meter;
pub(crate) use crate::people::pool_market as market;
use crate::pools::{self, Between, PoolPath, PoolState};
use crate::population::Person;
use crate::prices::{Provenance, Tick, Timeline};
use crate::random::Random;
use crate::results::{Exposure, VenueResults};
use crate::scenario::{Borrowers, Pool, Scenario, Venue as VenueText};
use borrowers::{Habits, Loan};
use facts::Facts;
use liquidators::{Look, Sending, Settling, Tally, signed};
use pair::{CROWD, Pair, Taken};
use quote::Quote;
use show::Lines;
pub(crate) use supplies::Supplies;

/// `a * b / c` of amounts; `None` when it does not fit.
fn part(a: u128, b: u128, c: u128, rounding: Rounding) -> Option<u128> {
    let signed = |value| i128::try_from(value).ok();
    let value = mul_div(signed(a)?, signed(b)?, signed(c)?, rounding).ok()?;
    u128::try_from(value).ok()
}

/// Where the pool of a scenario stands at every step; its one market's prices.
pub(super) fn timeline(scenario: &Scenario, pool: &Pool) -> Result<Timeline, ReplayError> {
    let tokens = pool.pair().unwrap_or_else(pools::Token::usdc_weth);
    let source = &scenario.prices.source;
    let history = if source == "bundled" {
        pools::bundled(&tokens)?
    } else {
        pools::load(std::path::Path::new(source), &tokens)?
    };
    let between = Between {
        steps_per_day: pool.steps_per_day,
        noise_per_day_ppm: if history.1.is_daily() {
            0
        } else {
            pool.noise_per_day.millionths()
        },
        seed: scenario.seed,
    };
    let quote = pool.quote_index().unwrap_or(0);
    let window = window(&scenario.prices);
    let path = PoolPath::new(tokens, quote, history, between, window)?;
    let symbol = scenario.markets.first().map_or("", |m| m.symbol.as_str());
    Ok(pools::timeline(symbol, &path))
}

/// The states of a pool's timeline.
pub(super) fn states(timeline: &Timeline) -> &[PoolState] {
    match &timeline.provenance {
        Provenance::Pool(path) => &path.states,
        _ => &[],
    }
}

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct GammaswapDesk {
    book: Book,
    pool: Pool,
    states: Vec<PoolState>,
    /// The scenario's market that the pair is of.
    market: usize,
    /// Whether the borrowers are the people of a comparison.
    matched: bool,
    /// The history's LP supply at the last step.
    recorded_supply: u128,
    /// The pair's rates at the last step.
    quote: Quote,
    start: Timestamp,
    borrowers: Borrowers,
    habits: Vec<Habits>,
    loans: Vec<Loan>,
    /// Each person's loan.
    loan_of: Vec<Option<LoanId>>,
    topped_up: Vec<bool>,
    /// How often each person tried to leave.
    attempts: Vec<u8>,
    /// Lenders on the way out.
    leaving: Vec<Reduction>,
    /// Cases that are open.
    due: i64,
    /// Whether a liquidator is on its way already.
    coming: Vec<bool>,
    sight: Random,
    /// Transactions of liquidators that were sent and not accepted or refused yet.
    under_way: Vec<(Action, Sending)>,
    tallies: Vec<Tally>,
    /// Loans that could not be repaid out of their collateral; nobody tries that again.
    hopeless: BTreeSet<LoanId>,
    settling: Option<Settling>,
    /// What was repaid of each case that is being told, in invariant units.
    repaid: Vec<(CaseId, u128)>,
    /// Liquidators' gain of each case, in raw quote units.
    rewards: BTreeMap<CaseId, i128>,
    /// Written down so far, in invariant units.
    written_down: u128,
    /// Traded on the pair so far, in raw quote units.
    volume: u128,
    steps: [u64; 2],
    facts: Facts,
    lines: Lines,
}

impl GammaswapDesk {
    pub(crate) fn new(
        mut book: Book,
        venue: &VenueText,
        scenario: &Scenario,
        timeline: &Timeline,
    ) -> Self {
        let Supplies {
            pool,
            states,
            market,
            matched,
        } = book.pool.take().unwrap_or_else(|| {
            let around = (&book.people[..], &book.liquidity[..]);
            Supplies::of(scenario, timeline, around)
        });
        let token = pool.quote_index().unwrap_or(0) & 1;
        let first = states.first().copied();
        let mut borrowers = venue.borrowers.clone().unwrap_or_default();
        if matched {
            borrowers = Borrowers::passive();
        }
        let habits = borrowers::draw(&borrowers, scenario.seed, &book.name, book.people.len());
        let liquidators = book.liquidators.len();
        let quote = Quote {
            reserves: first.map_or([1, 1], |s| s.reserves),
            supply: first.map_or(1, |s| s.supply),
            token,
            decimals: pool.tokens.get(token).map_or(18, |t| t.decimals.into()),
        };
        book.meter = facts::meter(quote.decimals);
        Self {
            quote,
            recorded_supply: first.map_or(1, |s| s.supply),
            start: first.map_or(Timestamp::EPOCH, |s| s.time),
            states,
            loan_of: vec![None; book.people.len()],
            topped_up: vec![false; book.people.len()],
            attempts: vec![0; book.people.len()],
            coming: vec![false; liquidators],
            tallies: vec![Tally::default(); liquidators],
            sight: Random::new(scenario.seed, &format!("{}/sight", book.name)),
            facts: Facts::default(),
            lines: Lines::new(),
            pool,
            market,
            matched,
            borrowers,
            habits,
            loans: Vec::new(),
            leaving: Vec::new(),
            due: 0,
            under_way: Vec::new(),
            hopeless: BTreeSet::new(),
            settling: None,
            repaid: Vec::new(),
            rewards: BTreeMap::new(),
            written_down: 0,
            volume: 0,
            steps: [0, 0],
            book,
        }
    }

    fn params(&self) -> Option<&gammaswap::Params> {
        match &self.book.config {
            VenueConfig::GammaSwap(config) => Some(&config.params),
            _ => None,
        }
    }

    fn state<'e>(&self, engine: &'e Engine) -> Option<&'e GammaSwap> {
        match engine.venue(self.book.id) {
            Some(Venue::GammaSwap(venue)) => Some(venue),
            _ => None,
        }
    }

    /// The block of a moment.
    fn block(&self, now: Timestamp) -> u64 {
        let passed = now.millis().saturating_sub(self.start.millis()).max(0);
        let blocks = mul_div(
            passed.into(),
            self.pool.blocks_per_day.into(),
            86_400_000,
            Rounding::Down,
        );
        let blocks = blocks.ok().and_then(|b| u64::try_from(b).ok());
        self.pool.first_block.saturating_add(blocks.unwrap_or(0))
    }

    fn at(&self, now: Timestamp, action: Action) -> Body {
        Body::GammaSwap(Do {
            block: self.block(now),
            action,
        })
    }

    fn all_at(&self, now: Timestamp, actions: Vec<Action>) -> Vec<Body> {
        actions.into_iter().map(|a| self.at(now, a)).collect()
    }

    /// The pair goes to a state of the path, and interest is charged.
    fn step(&mut self, engine: &Engine, at: usize) -> Vec<Action> {
        let (Some(to), Some(venue), Some(params)) = (
            self.states.get(at).copied(),
            self.state(engine),
            self.params(),
        ) else {
            return Vec::new();
        };
        let fee = params.trading_fee;
        let state = venue.state(engine.ledger());
        let wallet = venue.wallet_state(engine.ledger(), CROWD);
        let mut pair = Pair {
            reserves: state.reserves,
            supply: state.supply,
            tokens: wallet.tokens,
            lp: wallet.lp,
        };
        let supply = pair
            .supply
            .saturating_add(to.supply)
            .saturating_sub(self.recorded_supply)
            .max(1);
        let share = |reserve| part(reserve, supply, to.supply, Rounding::Down).unwrap_or(reserve);
        let target = if self.matched {
            (supplies::target(pair.reserves, to.reserves), pair.supply)
        } else {
            (to.reserves.map(share), supply)
        };
        let (mut actions, taken) = pair::step(&mut pair, target, fee);
        self.steps[usize::from(taken == Taken::ByForce)] += 1;
        self.recorded_supply = to.supply;
        self.quote.reserves = pair.reserves;
        self.quote.supply = pair.supply;
        actions.push(Action::UpdatePool);
        actions
    }

    /// A lender brings LP tokens worth their deposit.
    fn provide(&self, at: usize) -> Vec<Action> {
        let account = self.book.provider(at);
        let worth = self.quote.raw_of(self.book.liquidity[at].deposit);
        let lp = self.quote.lp_for(worth);
        vec![
            deposit(account, Purse::Lp, lp),
            Action::PoolDeposit { account, lp },
        ]
    }

    /// Liquidators who see that loans are due set out.
    fn call_liquidators(&mut self, now: Timestamp, plans: &mut Plans) {
        if self.due <= 0 {
            return;
        }
        for (by, liquidators) in self.book.liquidators.iter().enumerate() {
            if self.coming[by] || !self.sight.chance(liquidators.sees.millionths()) {
                continue;
            }
            let conditions = &self.book.conditions;
            if let Some(at) = conditions.liquidators_react(now, liquidators.delay.0) {
                self.coming[by] = true;
                plans.add(at, self.book.desk(), Plan::Sweep(by));
            }
        }
    }

    fn sweep(&mut self, engine: &Engine, by: usize, now: Timestamp) -> Vec<Action> {
        self.coming[by] = false;
        self.under_way.clear();
        let (Some(venue), Some(habits)) = (self.state(engine), self.book.liquidators.get(by))
        else {
            return Vec::new();
        };
        let Some(loans) = habits.loans.filter(|_| self.due > 0) else {
            return Vec::new();
        };
        let quote = Quote {
            reserves: venue.reserves(),
            ..self.quote
        };
        let look = Look {
            venue,
            engine,
            block: self.block(now),
            account: self.book.liquidator(by),
            by,
            batches: loans.batches,
            hopeless: &self.hopeless,
            transaction: quote.raw_of(habits.cost),
            loan: quote.raw_of(loans.cost_per_loan),
            quote,
        };
        let sent = look.actions();
        let mut actions = Vec::with_capacity(sent.len());
        for (action, sending) in sent {
            if let Some(sending) = sending {
                self.under_way.push((action.clone(), sending));
            }
            actions.push(action);
        }
        actions
    }
}

fn deposit(account: AccountId, purse: Purse, amount: u128) -> Action {
    Action::Deposit {
        account,
        purse,
        amount,
    }
}

impl Desk for GammaswapDesk {
    fn venue(&self) -> VenueId {
        self.book.id
    }

    fn people(&self) -> &[Person] {
        &self.book.people
    }

    fn begin(&mut self, plans: &mut Plans, start: Timestamp, _: &[Opening]) -> Vec<Body> {
        let desk = self.book.desk();
        let mut actions = Vec::new();
        for (at, liquidators) in self.book.liquidators.iter().enumerate() {
            if let Some(loans) = liquidators.loans {
                let lp = self.quote.lp_for(self.quote.raw_of(loans.capital));
                actions.push(deposit(self.book.liquidator(at), Purse::Lp, lp));
            }
        }
        for (at, provider) in self.book.liquidity.iter().enumerate() {
            let when = provider.at.map_or(start, |w| w.0.max(start));
            plans.add(when, desk, Plan::Provide(at));
            if let Some(leaves) = provider.withdraws_at {
                plans.add(leaves.0.max(start), desk, Plan::Withdraw(at));
            }
        }
        self.book.plan_leaving(plans, start);
        if let Some(next) = self.states.get(1) {
            plans.add(next.time, desk, Plan::Step(1));
        }
        if let Some(habit) = &self.book.top_ups {
            plans.add(start.saturating_add(habit.every.0), desk, Plan::TopUps);
        }
        let every = self.borrowers.rebalance_every.0;
        plans.add(start.saturating_add(every), desk, Plan::Rebalance);
        for (person, habits) in self.habits.iter().enumerate() {
            if let Some(stay) = habits.stays {
                let leaves = self.book.people[person].arrives.saturating_add(stay);
                plans.add(leaves, desk, Plan::Leave(person));
            }
        }
        self.all_at(start, actions)
    }

    fn tick(&mut self, _: &Tick) -> Vec<Body> {
        // The pair needs the engine to see where it is: its steps are plans.
        Vec::new()
    }

    fn arrive(&mut self, person: usize) -> Vec<Body> {
        let now = self.book.people[person].arrives;
        let actions = self.open(person);
        self.all_at(now, actions)
    }

    fn act(&mut self, plan: Plan, engine: &Engine, plans: &mut Plans, now: Timestamp) -> Vec<Body> {
        let desk = self.book.desk();
        let actions = match plan {
            Plan::Step(at) => {
                if let Some(next) = self.states.get(at + 1) {
                    plans.add(next.time, desk, Plan::Step(at + 1));
                }
                self.step(engine, at)
            }
            Plan::Provide(at) => self.provide(at),
            Plan::Withdraw(at) => self.withdraw(engine, at, (plans, now)),
            Plan::LiquidityLeaves(at) => {
                self.lenders_leave(engine, at, (plans, now));
                Vec::new()
            }
            Plan::Reduce(at) => self.reduce(engine, at, (plans, now)),
            Plan::Sweep(by) => self.sweep(engine, by, now),
            Plan::TopUps => {
                if let Some(habit) = &self.book.top_ups {
                    plans.add(now.saturating_add(habit.every.0), desk, Plan::TopUps);
                }
                self.top_ups(engine)
            }
            Plan::Rebalance => {
                let every = self.borrowers.rebalance_every.0;
                plans.add(now.saturating_add(every), desk, Plan::Rebalance);
                self.rebalances(engine)
            }
            Plan::Leave(person) => self.leave(engine, person, (plans, now)),
            // The others are plans of other venues.
            _ => Vec::new(),
        };
        self.all_at(now, actions)
    }

    fn notice(&mut self, event: &Event, now: Timestamp, plans: &mut Plans) {
        self.report(event);
        match event {
            Event::Case(event) => self.told(event),
            Event::GammaSwap(Happened::Liquidated(done)) => self.liquidated(done),
            Event::GammaSwap(Happened::LoanCreated { account, .. }) => {
                let id = PositionId(self.loans.len() as u64 + 1);
                self.loans.push(Loan {
                    owner: *account,
                    held: [0, 0],
                });
                if let Some(person) = self.book.person(*account) {
                    self.loan_of[person] = Some(id);
                }
            }
            Event::GammaSwap(Happened::LoanUpdated { loan, held, .. }) => {
                let at = usize::try_from(loan.0.saturating_sub(1)).unwrap_or(usize::MAX);
                if let Some(loan) = self.loans.get_mut(at) {
                    loan.held = *held;
                }
            }
            Event::GammaSwap(Happened::Swapped { sell, sold, bought }) => {
                let quote_in = usize::from(*sell) == self.quote.token;
                let amount = if quote_in { *sold } else { *bought };
                self.volume = self.volume.saturating_add(amount);
            }
            Event::GammaSwap(Happened::Accrued {
                utilisation, rate, ..
            }) => {
                self.lines.accrued(*utilisation, *rate);
                self.call_liquidators(now, plans);
            }
            _ => {}
        }
    }

    fn done(&mut self, command: &Command, engine: &Engine) {
        self.report_done(command, engine);
    }

    fn refused(&mut self, command: &Command, _: &Rejection, _: &mut Plans) {
        let Body::GammaSwap(Do { action, .. }) = &command.body else {
            return;
        };
        if let Action::Liquidate { loan, .. } = action {
            self.hopeless.insert(*loan);
        }
        // A refused transaction costs what an accepted one does.
        if let Some(at) = self.under_way.iter().position(|(sent, _)| sent == action) {
            let (_, sending) = self.under_way.swap_remove(at);
            self.tallies[sending.by].add(&Tally {
                transactions: 1,
                cost: sending.cost,
                ..Tally::default()
            });
        }
    }

    fn case_of(&self, _: &Command) -> Option<CaseId> {
        None
    }

    fn exposure(&self, case: &Case) -> Exposure {
        self.exposed(case)
    }

    fn market_index(&self, _: MarketId) -> usize {
        self.market
    }

    fn sample(&mut self, engine: &Engine, collector: &Collector, at: Timestamp) {
        self.take_sample(engine, collector, at);
        self.report_sample(engine, at);
    }

    fn meter(&self) -> &Meter {
        &self.book.meter
    }

    fn results(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        self.show(engine, collector)
    }
}

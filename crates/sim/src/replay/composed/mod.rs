//! The desk of a composed venue.
//!
//! Traders bring their deposits as they arrive and open their positions at the mark, with the
//! street on the other side, so that sizes sum to zero. At every tick the street quotes around the
//! true price first, then the marks are published as the oracle tells them, in one command, and the
//! venue liquidates by its design within it. While a case is open the venue is told every second
//! that time passes, so that graces end and auctions climb between prices. Partners keep offers
//! standing and bid in auctions; the fund and the vault are endowed before the first price.
//!
//! Under isolated and versioned margin every position is an account of its own; the trader behind
//! it is known to the measures all the same.

mod holdings;
mod partners;
mod setup;
mod show;
mod street;

use std::collections::BTreeSet;

use plimsoll_engine::liquidation::{Case, CaseEvent, Stage};
use plimsoll_engine::venues::composed::{
    self, Command as Do, Event as Happened, Fill, Taker, accounts,
};
use plimsoll_engine::venues::{Venue as Venues, VenueConfig};
use plimsoll_engine::{Body, Command, Engine, Event, Rejection};
use plimsoll_units::{AccountId, AssetId, CaseId, Duration, MarketId, Side, Timestamp, VenueId};

use super::Opening;
use super::desk::{Book, Desk};
use super::pips::{self, PIP};
use super::plan::{Plan, Plans};
use crate::collect::Collector;
use crate::compare::Meter;
use crate::crowd::Wallet;
use crate::depth::Shape;
use crate::population::Person;
use crate::prices::Tick;
use crate::results::{Exposure, VenueResults};
use crate::scenario::{Scenario, Venue};
use holdings::Holdings;
use partners::Partners;
pub(crate) use setup::{Supplies, placeholder};
use show::Lines;
use street::Street;

/// How often the venue is told the time while a case is open.
const SECOND: Duration = Duration(1_000);
/// How long partners look at an auction before they bid.
const BIDS_AFTER: Duration = Duration(2_000);
/// How often a refused withdrawal of liquidity is tried again.
const AGAIN: Duration = Duration::HOUR;

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct ComposedDesk {
    book: Book,
    venue: Venue,
    /// The accounts of traders, in the order in which they arrive.
    wallets: Vec<Wallet>,
    /// What the engine was told last, in pips; zero before a market's first.
    marks: Vec<u64>,
    /// What the market does, in pips.
    truth: Vec<u64>,
    steps: Vec<u64>,
    endowment: setup::Endowment,
    /// What came in from outside less what went out, pips.
    money_in: i128,
    street: Street,
    partners: Partners,
    holdings: Holdings,
    topped_up: Vec<bool>,
    /// Which leaving of liquidity was asked for last.
    leaving: usize,
    /// Whether the next second is planned.
    ticking: bool,
    /// Markets of cases that partners have looked at already in an auction's level.
    bidding: BTreeSet<(usize, CaseId, MarketId)>,
    lines: Lines,
}

impl ComposedDesk {
    pub(crate) fn new(mut book: Book, scenario: &Scenario) -> Self {
        let venue = scenario.venues[book.desk()].clone();
        let supplies = book
            .composed
            .take()
            .unwrap_or_else(|| Supplies::nobody(AssetId(0)));
        let steps: Vec<u64> = match &book.config {
            VenueConfig::Composed(config) => config.markets.iter().map(|m| m.step).collect(),
            _ => Vec::new(),
        };
        let interest = &supplies.open_interest;
        let markets: Vec<(u64, i128)> = steps
            .iter()
            .enumerate()
            .map(|(at, step)| (*step, interest.get(at).copied().unwrap_or(0)))
            .collect();
        let habits = venue.book.clone().unwrap_or_default();
        book.meter = Meter::new(8, supplies.endowment.bearer());
        if supplies.has_book {
            book.meter.has_book();
        }
        Self {
            street: Street::new(&habits, Shape::bundled(), &markets),
            partners: Partners::new(&venue.partners, &steps, supplies.isolated),
            holdings: Holdings::new(steps.len(), supplies.endowment.acquirer()),
            topped_up: vec![false; supplies.wallets.len()],
            marks: vec![0; steps.len()],
            truth: vec![0; steps.len()],
            money_in: 0,
            leaving: 0,
            ticking: false,
            bidding: BTreeSet::new(),
            lines: Lines::default(),
            wallets: supplies.wallets,
            endowment: supplies.endowment,
            steps,
            book,
            venue,
        }
    }

    fn config(&self) -> Option<&composed::Config> {
        match &self.book.config {
            VenueConfig::Composed(config) => Some(config),
            _ => None,
        }
    }

    fn state<'e>(&self, engine: &'e Engine) -> Option<&'e composed::Composed> {
        match engine.venue(self.book.id) {
            Some(Venues::Composed(venue)) => Some(venue),
            _ => None,
        }
    }

    /// Equity and requirement of an account, in pips.
    fn health(&self, engine: &Engine, account: AccountId) -> Option<holdings::Health> {
        let venue = self.state(engine)?;
        let equity = venue.equity(engine.ledger(), account).ok()?;
        Some((equity, venue.requirement(account).ok()?))
    }

    /// What the backstops have, positions at the mark.
    fn backstop(&self, engine: &Engine) -> i128 {
        let own = [accounts::FUND, accounts::VAULT].into_iter();
        own.filter_map(|account| self.health(engine, account))
            .fold(0, |sum, (equity, _)| sum.saturating_add(equity))
    }

    fn has_stage(&self, wanted: impl Fn(&Stage) -> bool) -> bool {
        self.config()
            .is_some_and(|config| config.procedure.iter().any(wanted))
    }

    /// Opens a position at the mark, the street on the other side; as large as wanted.
    fn open(&self, account: AccountId, wallet: &Wallet, at: usize) -> Option<Fill> {
        let wish = wallet.wishes.get(at)?;
        let price = *self.marks.get(wish.market).filter(|price| **price > 0)?;
        let step = i128::from((*self.steps.get(wish.market)?).max(1));
        // Deposits have six decimals, pips eight; leverage is in hundredths.
        let notional = wallet.deposit.saturating_mul(wish.leverage_e2.into());
        let units = notional.saturating_mul(PIP) / i128::from(price);
        let quantity = u64::try_from(units / step * step).ok()?;
        let market = MarketId(u16::try_from(wish.market).ok()?);
        let (buyer, seller) = match wish.side {
            Side::Long => (account, accounts::STREET),
            Side::Short => (accounts::STREET, account),
        };
        (quantity > 0).then_some(Fill {
            market,
            buyer,
            seller,
            quantity,
            price,
        })
    }

    /// Partners look at an auction that has come to a level.
    fn auctioned(&mut self, case: CaseId, now: Timestamp, plans: &mut Plans) {
        let Some(at) = self.book.conditions.partners_react(now, BIDS_AFTER) else {
            return;
        };
        // The account's own positions, or what the backstop took over from it: any market.
        let markets = (0..self.marks.len()).filter_map(|m| u16::try_from(m).ok());
        for market in markets.map(MarketId) {
            for by in 0..self.partners.count() {
                if self.partners.serves(by, market) && self.bidding.insert((by, case, market)) {
                    let plan = Plan::BidFor { by, case, market };
                    plans.add(at, self.book.desk(), plan);
                }
            }
        }
    }

    /// A partner's bid, if what it would gain at this moment is enough for it.
    fn bid(
        &mut self,
        engine: &Engine,
        (by, case, market): (usize, CaseId, MarketId),
        now: Timestamp,
    ) -> Option<Body> {
        self.bidding.remove(&(by, case, market));
        let file = self.state(engine)?.cases().file(case)?;
        let offer = file.offer?;
        let size = match file.piece(market) {
            Some(piece) => piece.size,
            None => self.holdings.size(file.case.target.account, market.0),
        };
        if size == 0 {
            return None;
        }
        let level = offer.ladder.level(offer.clock.elapsed(now).ok()?);
        let incentive = offer.ladder.incentive(level).ok()?.raw();
        // The venue counts from what the oracle says, a partner from what the market does.
        let (mark, truth) = (
            *self.marks.get(market.index())?,
            *self.truth.get(market.index())?,
        );
        let gain = incentive.saturating_add(beside_ppm(mark, truth, size > 0));
        self.partners.bid(by, (case, market), gain, truth)
    }

    /// Traders who are close and have not added yet.
    fn top_ups(&mut self, engine: &Engine) -> Vec<Body> {
        let Some(habit) = self.book.top_ups.clone() else {
            return Vec::new();
        };
        let prices: Vec<i128> = self.marks.iter().map(|mark| i128::from(*mark)).collect();
        let moved = self.book.moved_since_last_look(&prices);
        let within = i128::from(habit.within.millionths());
        let mut bodies = Vec::new();
        for person in 0..self.wallets.len() {
            let account = self.book.trader(person);
            if self.topped_up[person] || !self.book.would_top_up(account) {
                continue;
            }
            let held = self.holdings.of(account);
            if !held
                .iter()
                .any(|(market, _)| moved.contains(&usize::from(*market)))
            {
                continue;
            }
            let Some((equity, needs)) = self.health(engine, account) else {
                continue;
            };
            let slack = equity.saturating_sub(needs).saturating_mul(1_000_000);
            if slack >= self.holdings.notional(account).saturating_mul(within) {
                continue;
            }
            self.topped_up[person] = true;
            let deposit = self.wallets[person].deposit.saturating_mul(100);
            let adds = deposit.saturating_mul(habit.adds.millionths().into()) / 1_000_000;
            bodies.extend(deposited(account, adds));
        }
        bodies
    }

    /// Providers ask for their part of what leaves.
    fn withdrawal(&self, (provider, share_ppm): (usize, u32), engine: &Engine) -> Vec<Body> {
        let account = self.provider(provider);
        let shares = self
            .state(engine)
            .map_or(0, |venue| venue.shares_of(account));
        let shares = shares.saturating_mul(share_ppm.into()) / 1_000_000;
        if shares == 0 {
            return Vec::new();
        }
        vec![Body::Composed(Do::RemoveLiquidity { account, shares })]
    }

    /// The vault's providers come after the partners.
    fn provider(&self, at: usize) -> AccountId {
        Partners::account(self.partners.count().saturating_add(at))
    }
}

/// What somebody gains who buys (or sells) at the mark, against the true price, in millionths.
fn beside_ppm(mark: u64, truth: u64, buys: bool) -> i128 {
    let above = i128::from(truth).saturating_sub(mark.into());
    let gains = if buys { above } else { above.saturating_neg() };
    gains.saturating_mul(1_000_000) / i128::from(truth.max(1))
}

/// Money from outside, pips.
fn deposited(account: AccountId, amount: i128) -> Option<Body> {
    (amount > 0).then_some(Body::Composed(Do::Deposit { account, amount }))
}

impl Desk for ComposedDesk {
    fn venue(&self) -> VenueId {
        self.book.id
    }

    fn people(&self) -> &[Person] {
        &self.book.people
    }

    fn meter(&self) -> &Meter {
        &self.book.meter
    }

    fn begin(&mut self, plans: &mut Plans, start: Timestamp, _: &[Opening]) -> Vec<Body> {
        let desk = self.book.desk();
        for partner in 0..self.partners.count() {
            plans.add(start, desk, Plan::Renew(partner));
        }
        for away in self.book.conditions.partners_away() {
            plans.add(away.from.max(start), desk, Plan::PartnersLeave);
            if let Some(back) = away.end() {
                for partner in 0..self.partners.count() {
                    plans.add(back.max(start), desk, Plan::Renew(partner));
                }
            }
        }
        for (at, leaving) in self.book.conditions.liquidity_leaving().iter().enumerate() {
            plans.add(leaving.at.max(start), desk, Plan::LiquidityLeaves(at));
        }
        if let Some(habit) = &self.book.top_ups {
            plans.add(start.saturating_add(habit.every.0), desk, Plan::TopUps);
        }
        let registered = self.has_stage(|stage| matches!(stage, Stage::HandOff(_)));
        let mut bodies = self.partners.founders(registered);
        bodies.extend(deposited(accounts::STREET, self.endowment.street));
        bodies.extend(deposited(accounts::FUND, self.endowment.fund));
        if self.endowment.vault > 0 {
            let (account, amount) = (self.provider(0), self.endowment.vault);
            bodies.extend(deposited(account, amount));
            bodies.push(Body::Composed(Do::AddLiquidity { account, amount }));
        }
        let own = self.endowment.fund.saturating_add(self.endowment.vault);
        self.book.meter.endowed(own);
        bodies
    }

    fn tick(&mut self, tick: &Tick) -> Vec<Body> {
        // What waits is done while the books are as they were left.
        let mut bodies = vec![Body::Composed(Do::Tick)];
        for (market, price) in &tick.prices {
            let price = pips::price(price.raw());
            if let Some(truth) = self.truth.get_mut(*market) {
                *truth = price;
            }
            let id = MarketId(u16::try_from(*market).unwrap_or(u16::MAX));
            bodies.extend(
                self.street
                    .sees(id, price, tick.time, &self.book.conditions),
            );
        }
        let mut told = Vec::with_capacity(tick.told().len());
        for (market, price) in tick.told() {
            let price = pips::price(price.raw());
            if let Some(mark) = self.marks.get_mut(*market) {
                *mark = price;
            }
            told.push((MarketId(u16::try_from(*market).unwrap_or(u16::MAX)), price));
        }
        if !told.is_empty() {
            bodies.push(Body::Composed(Do::Prices(told)));
        }
        bodies
    }

    fn arrive(&mut self, person: usize) -> Vec<Body> {
        let (account, wallet) = (self.book.trader(person), &self.wallets[person]);
        let deposit = wallet.deposit.saturating_mul(100);
        let mut bodies: Vec<Body> = deposited(account, deposit).into_iter().collect();
        let fills = (0..wallet.wishes.len()).filter_map(|at| self.open(account, wallet, at));
        bodies.extend(fills.map(|fill| Body::Composed(Do::Fill(fill))));
        if let Some(trader) = self.book.measured(account) {
            self.book.meter.joined(trader, deposit);
        }
        bodies
    }

    fn act(&mut self, plan: Plan, engine: &Engine, plans: &mut Plans, now: Timestamp) -> Vec<Body> {
        let desk = self.book.desk();
        match plan {
            Plan::Renew(_) if !self.book.conditions.partners_present(now) => Vec::new(),
            Plan::Renew(partner) if self.has_stage(|s| matches!(s, Stage::HandOff(_))) => {
                self.partners.renew(partner, &self.marks)
            }
            Plan::PartnersLeave => self.partners.leave(),
            Plan::Look => {
                let open = self.state(engine).map(|venue| venue.cases().files());
                self.ticking = open.is_some_and(|mut files| files.next().is_some());
                if self.ticking {
                    plans.add(now.saturating_add(SECOND), desk, Plan::Look);
                }
                vec![Body::Composed(Do::Tick)]
            }
            Plan::BidFor { by, case, market } => {
                let bid = self.bid(engine, (by, case, market), now);
                bid.into_iter().collect()
            }
            Plan::LiquidityLeaves(at) => {
                self.leaving = at;
                let leaving = self.book.conditions.liquidity_leaving().get(at).copied();
                leaving.map_or_else(Vec::new, |leaving| {
                    self.withdrawal((0, leaving.share_ppm), engine)
                })
            }
            Plan::TopUps => {
                if let Some(habit) = &self.book.top_ups {
                    plans.add(now.saturating_add(habit.every.0), desk, Plan::TopUps);
                }
                self.top_ups(engine)
            }
            // The others are plans of other venues.
            _ => Vec::new(),
        }
    }

    fn notice(&mut self, event: &Event, now: Timestamp, plans: &mut Plans) {
        let (book, holdings) = (&mut self.book, &mut self.holdings);
        let mut meter = std::mem::take(&mut book.meter);
        holdings.notice(event, now, |account| book.measured(account), &mut meter);
        book.meter = meter;
        match event {
            Event::Case(CaseEvent::Opened(_)) if !self.ticking => {
                self.ticking = true;
                let at = now.saturating_add(SECOND);
                plans.add(at, self.book.desk(), Plan::Look);
            }
            Event::Composed(Happened::Auctioned { case, .. }) => self.auctioned(*case, now, plans),
            Event::Composed(Happened::Moved {
                taker,
                market,
                to,
                size,
                mark,
                ..
            }) => match taker {
                Taker::Book => self.street.taken_from(*market),
                Taker::Bidder => {
                    let units = i128::from(size.unsigned_abs());
                    let notional = units.saturating_mul((*mark).into()) / PIP;
                    self.partners.won(*to, notional);
                }
                Taker::Partner => {
                    if let Some(at) = self.partners.at(*to)
                        && self.partners.took(at, *market, *size)
                        && let Some(terms) = self.partners.terms(at)
                        && let Some(again) = self
                            .book
                            .conditions
                            .partners_react(now, terms.replaces_after.0)
                    {
                        plans.add(again, self.book.desk(), Plan::Renew(at));
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn done(&mut self, command: &Command, engine: &Engine) {
        match &command.body {
            Body::Composed(Do::Deposit { amount, .. }) => {
                self.money_in = self.money_in.saturating_add(*amount);
            }
            Body::Composed(Do::Withdraw { amount, .. }) => {
                self.money_in = self.money_in.saturating_sub(*amount);
            }
            Body::Composed(Do::Fill(fill)) => {
                let book = &self.book;
                self.holdings.filled(fill, |a| book.measured(a).is_some());
            }
            Body::Composed(Do::Prices(_) | Do::Tick | Do::Bid { .. }) => {
                let mut meter = std::mem::take(&mut self.book.meter);
                let mut holdings = std::mem::take(&mut self.holdings);
                holdings.settle(command.time, &mut meter, |account| {
                    self.health(engine, account)
                });
                meter.outstanding(holdings.lacking(|account| self.health(engine, account)));
                meter.stands(self.backstop(engine));
                self.holdings = holdings;
                self.book.meter = meter;
            }
            _ => {}
        }
    }

    fn refused(&mut self, command: &Command, _: &Rejection, plans: &mut Plans) {
        if let Body::Composed(Do::RemoveLiquidity { .. }) = &command.body {
            let at = command.time.saturating_add(AGAIN);
            plans.add(at, self.book.desk(), Plan::LiquidityLeaves(self.leaving));
        }
    }

    fn case_of(&self, command: &Command) -> Option<CaseId> {
        match &command.body {
            Body::Composed(Do::Bid { case, .. }) => Some(*case),
            _ => None,
        }
    }

    fn exposure(&self, case: &Case) -> Exposure {
        let person = self.book.person(case.target.account);
        person.map_or(Exposure::Maker, |at| self.book.people[at].side.into())
    }

    fn market_index(&self, market: MarketId) -> usize {
        market.index()
    }

    fn sample(&mut self, engine: &Engine, collector: &Collector, at: Timestamp) {
        self.take_sample(engine, collector, at);
    }

    fn results(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        self.show(engine, collector)
    }
}

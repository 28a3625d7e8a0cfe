//! The desk of a Kuma venue.
//!
//! Wallets like those of a day deposit as they arrive and open their positions against the makers
//! at the index price, so that sizes sum to zero. At every tick the makers quote anew first, then
//! the index prices are published, all in one command, and the venue's own service liquidates
//! whoever fell below maintenance within it. Every eight hours funding is published. Partners
//! sign standing offers and replace what was used up.
//!
//! Two Kuma venues of one scenario with the same population have the very same wallets: what
//! differs between them is the venue.

mod facts;
mod impact;
mod makers;
mod orders;
mod partners;
mod service;
pub(crate) mod setup;
mod show;
mod tally;
mod top_ups;

use plimsoll_engine::liquidation::Case;
use plimsoll_engine::margin::cross::{self, ONE};
use plimsoll_engine::venues::kuma::{
    self, Command as Do, IndexPrice, Limits, Listing, OrderSide, ServiceCommand,
};
use plimsoll_engine::venues::{Venue as Venues, VenueConfig};
use plimsoll_engine::{Body, Command, Engine, Event, Rejection};
use plimsoll_units::{AccountId, CaseId, MarketId, Side, Timestamp, VenueId};

use super::desk::{Book, Desk};
use super::pips;
use super::plan::{Plan, Plans};
use super::{Opening, ReplayError};
use crate::collect::Collector;
use crate::compare::Meter;
use crate::crowd::{Crowd, Wallet};
use crate::depth::Shape;
use crate::funding::{Funding, period_ends};
use crate::people;
use crate::population::{self, Person};
use crate::prices::{Tick, Timeline};
use crate::results::{Exposure, VenueResults};
use crate::scenario::{Like, Scenario, Venue};
use facts::Facts;
use makers::Makers;
use partners::{Partners, Quoted};
use setup::{INSURANCE_FUND, market_id};
use show::Lines;
use tally::Tally;

/// Decimals of pips.
const PIPS: u32 = 8;
/// The name of the wallets' streams of chance: the same for every Kuma venue of a scenario.
const PEOPLE: &str = "kuma";
/// The share of a wallet's deposit that its positions' initial margin may take, in per cent: the
/// rest pays the fees.
const MARGIN_PERCENT: i128 = 97;
/// Of a million dollars of margin, makers ask for ten thousand: they hedge elsewhere.
const MAKERS_MARGIN: u64 = 1_000_000;

/// What a Kuma venue of a scenario needs beside prices.
#[derive(Debug, Default)]
pub(crate) struct Supplies {
    /// In the order in which they arrive.
    wallets: Vec<Wallet>,
    /// What the wallets are like, for the report.
    crowd: String,
    funding: Funding,
    shape: Shape,
}

impl Supplies {
    /// Draws or reads the wallets, and loads funding rates and the shape of books.
    pub(crate) fn prepare(
        scenario: &Scenario,
        venue: &Venue,
        (openings, start): (&[Opening], Timestamp),
    ) -> Result<Self, ReplayError> {
        let parameters = venue.kuma.clone().unwrap_or_default();
        let symbols: Vec<String> = scenario.markets.iter().map(|m| m.symbol.clone()).collect();
        let funding = if parameters.funding == std::path::Path::new("bundled") {
            Funding::bundled(&symbols).map_err(ReplayError::Bundle)?
        } else {
            Funding::read(&parameters.funding, &symbols)?
        };
        let files = venue.book.as_ref().map_or(&[][..], |book| &book.files);
        let shape = match files {
            [] => Shape::bundled(),
            files => Shape::read(files)?,
        };
        let (mut wallets, crowd) = wallets(scenario, venue, start)?;
        people::wait_for_prices(&mut wallets, openings, start);
        Ok(Self {
            wallets,
            crowd,
            funding,
            shape,
        })
    }

    /// The wallets as people, in the same order.
    pub(crate) fn people(&self) -> Vec<Person> {
        self.wallets.iter().map(Wallet::person).collect()
    }
}

/// The wallets, and what they are like.
fn wallets(
    scenario: &Scenario,
    venue: &Venue,
    start: Timestamp,
) -> Result<(Vec<Wallet>, String), ReplayError> {
    if scenario.people.is_some() {
        let words = "the same as in every design of the comparison".to_owned();
        return Ok((people::wallets(scenario, start)?, words));
    }
    let people = &venue.population;
    let each_one = |people: &[Person]| people.iter().map(Wallet::from).collect();
    if let Some(file) = &people.file {
        let listed = population::read(file, &scenario.markets)?;
        return Ok((each_one(&listed), file.display().to_string()));
    }
    let Some(Like::October2025) = people.like else {
        let drawn = population::draw(people, &scenario.markets, scenario.seed, PEOPLE, start);
        let words = "drawn by the classes of the scenario".to_owned();
        return Ok((each_one(&drawn), words));
    };
    let crowd = match &people.like_files {
        Some(directory) => Crowd::read(directory)?,
        None => Crowd::bundled().map_err(ReplayError::Bundle)?,
    };
    let initial = venue.kuma.clone().unwrap_or_default().initial_margin.raw();
    let most = 95 * 10i128.pow(18) / initial.max(1);
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let stream = (scenario.seed, PEOPLE);
    let drawn = crowd.draw(people, &scenario.markets, stream, start, most);
    Ok((drawn, crowd.source))
}

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct KumaDesk {
    book: Book,
    venue: Venue,
    wallets: Vec<Wallet>,
    /// Who has added to their deposit already.
    topped_up: Vec<bool>,
    crowd: String,
    funding: Funding,
    /// The market's last prices, in pips; zero before a market's first.
    prices: Vec<u64>,
    /// The last index prices that the venue was told, the same where nothing is stressed.
    told: Vec<u64>,
    markets: Vec<(Limits, Listing)>,
    makers: Makers,
    /// The middle of each market's book as the last command left it.
    middles: Vec<Option<u64>>,
    partners: Partners,
    tally: Tally,
    facts: Facts,
    lines: Lines,
    end: Timestamp,
}

impl KumaDesk {
    pub(crate) fn new(mut book: Book, scenario: &Scenario, timeline: &Timeline) -> Self {
        let venue = scenario.venues[book.desk()].clone();
        let supplies = book.supplies.take().unwrap_or_default();
        book.meter = facts::meter();
        let markets: Vec<(Limits, Listing)> = match &book.config {
            VenueConfig::Kuma(config) => {
                let markets = config.markets.iter();
                markets.map(|m| (m.limits, m.listing)).collect()
            }
            _ => Vec::new(),
        };
        let openings = super::openings(timeline);
        let open_interest = open_interest(&supplies.wallets, &openings, &markets);
        let grids = markets.iter().zip(&open_interest);
        let makers = Makers::new(
            &venue.book.clone().unwrap_or_default(),
            supplies.shape,
            grids.map(|(grid, interest)| (*grid, *interest)),
        )
        .under(book.conditions.clone());
        Self {
            partners: Partners::new(&venue, scenario.seed, &book.markets),
            tally: Tally::new(!venue.partners.is_empty()),
            facts: Facts::default(),
            lines: Lines::new(),
            prices: vec![0; markets.len()],
            told: vec![0; markets.len()],
            middles: vec![None; markets.len()],
            topped_up: vec![false; supplies.wallets.len()],
            wallets: supplies.wallets,
            crowd: supplies.crowd,
            funding: supplies.funding,
            end: timeline.ticks.last().map_or(Timestamp::EPOCH, |t| t.time),
            book,
            venue,
            markets,
            makers,
        }
    }

    fn state<'e>(&self, engine: &'e Engine) -> Option<&'e kuma::Kuma> {
        match engine.venue(self.book.id) {
            Some(Venues::Kuma(venue)) => Some(venue),
            _ => None,
        }
    }

    /// Everybody there from the start brings money, and those whose business is size get limits
    /// for it.
    fn founders(&self, openings: &[Opening]) -> Vec<Body> {
        let parameters = self.venue.kuma.clone().unwrap_or_default();
        let habits = self.venue.book.clone().unwrap_or_default();
        let interest: i128 = open_interest(&self.wallets, openings, &self.markets)
            .into_iter()
            .fold(0, i128::saturating_add);
        let capital = interest.saturating_mul(habits.capital.millionths().into()) / 1_000_000;
        let each = capital / i128::from(habits.count.max(1));
        let mut bodies = Vec::new();
        bodies.extend(deposit(
            INSURANCE_FUND,
            parameters.insurance_fund.on_grid::<6>(),
        ));
        for maker in self.makers.accounts() {
            // Even makers without takers are wallets.
            bodies.extend(deposit(maker, (each / 100).max(1)));
        }
        for (account, partner) in self.partners.accounts().zip(&self.venue.partners) {
            bodies.extend(deposit(account, partner.capital.on_grid::<6>()));
        }
        for (market, (limits, _)) in self.markets.iter().enumerate() {
            let market = market_id(market);
            let mut set = |account: AccountId, initial: u64, maintenance: u64| {
                let mut own = setup::professional(limits, initial);
                own.maintenance_margin_fraction = maintenance;
                bodies.push(Body::Kuma(Do::SetLimits {
                    market,
                    account: Some(account),
                    limits: own,
                }));
            };
            let fund = setup::pips_u64(parameters.fund_margin);
            let maintenance = limits.maintenance_margin_fraction;
            set(INSURANCE_FUND, fund, maintenance.min(fund));
            for maker in self.makers.accounts() {
                set(maker, MAKERS_MARGIN, MAKERS_MARGIN / 2);
            }
            for partner in self.partners.accounts() {
                set(partner, limits.initial_margin_fraction, maintenance);
            }
        }
        bodies.extend(self.partners.registrations(&self.venue));
        bodies
    }

    /// Opens one position of a wallet at the market's price, against a maker; as large as wanted, or
    /// as its part of the deposit allows.
    fn open(&self, account: AccountId, wallet: &Wallet, at: usize) -> Option<Body> {
        let wish = wallet.wishes.get(at)?;
        let (price, (limits, listing)) = (
            *self.prices.get(wish.market)?,
            self.markets.get(wish.market)?,
        );
        let size = opening(wallet, at, price, (limits, listing))?;
        let quote = cross::mul_frac(size, price, ONE).ok()?;
        let fee = |fraction: u64| cross::mul_frac(quote, fraction, ONE).unwrap_or(0);
        let maker = self.makers.counterparty(account);
        let (buyer, seller, maker_side) = match wish.side {
            Side::Long => (account, maker, OrderSide::Sell),
            Side::Short => (maker, account, OrderSide::Buy),
        };
        let maker_fee = i64::try_from(fee(listing.maker_fee.unsigned_abs())).unwrap_or(0);
        Some(Body::Kuma(Do::Trade {
            buyer,
            seller,
            trade: kuma::Trade {
                market: market_id(wish.market),
                base: size,
                quote,
                maker_side,
                maker_fee: maker_fee * listing.maker_fee.signum(),
                taker_fee: fee(listing.taker_fee),
            },
        }))
    }

    /// The funding of the period that ends now.
    fn publish_funding(&self, at: Timestamp) -> Vec<Body> {
        let priced = (0..self.prices.len()).filter(|market| self.prices[*market] > 0);
        priced
            .filter_map(|market| {
                let rate = self.funding.rate(market, at)?;
                let (limits, _) = self.markets.get(market)?;
                // The venue keeps its rates within three quarters of the maintenance margin.
                let most = i64::try_from(limits.maintenance_margin_fraction / 4 * 3).ok()?;
                Some(Body::Kuma(Do::PublishFunding {
                    market: market_id(market),
                    rate: rate.clamp(-most, most),
                }))
            })
            .collect()
    }
}

/// What a wallet's wish comes to at a price: base units.
fn opening(
    wallet: &Wallet,
    at: usize,
    price: u64,
    (limits, listing): (&Limits, &Listing),
) -> Option<u64> {
    let wish = wallet.wishes.get(at)?;
    let total: i128 = wallet
        .wishes
        .iter()
        .map(|w| i128::from(w.leverage_e2))
        .sum();
    // Deposits have six decimals, pips eight.
    let deposit = wallet.deposit.saturating_mul(100);
    let notional = deposit.saturating_mul(wish.leverage_e2.into()) / 100;
    let part = deposit.saturating_mul(wish.leverage_e2.into()) / total.max(1);
    let margin = part.saturating_mul(MARGIN_PERCENT) / 100;
    let wanted = setup::size_of(notional, price);
    let size = setup::openable(limits, listing.step.max(1), price, (wanted, margin));
    (size > 0 && size >= limits.minimum_position_size).then_some(size)
}

/// What the wallets will have open in each market together at its first price, in pips of quote.
fn open_interest(
    wallets: &[Wallet],
    openings: &[Opening],
    markets: &[(Limits, Listing)],
) -> Vec<i128> {
    let mut interest = vec![0i128; markets.len()];
    for wallet in wallets {
        for (at, wish) in wallet.wishes.iter().enumerate() {
            let (Some(opens), Some((limits, listing))) =
                (openings.get(wish.market), markets.get(wish.market))
            else {
                continue;
            };
            let price = pips::price(opens.price.raw());
            let size = opening(wallet, at, price, (limits, listing)).unwrap_or(0);
            let notional = i128::from(size).saturating_mul(price.into()) / i128::from(ONE);
            interest[wish.market] = interest[wish.market].saturating_add(notional);
        }
    }
    interest
}

/// Money from outside, six decimals, that counts at once.
fn deposit(account: AccountId, tokens: i128) -> [Body; 2] {
    let tokens = u64::try_from(tokens).unwrap_or(0);
    [
        Body::Kuma(Do::Deposit { account, tokens }),
        Body::Kuma(Do::ApplyDeposit {
            account,
            quantity: tokens.saturating_mul(100),
        }),
    ]
}

impl Desk for KumaDesk {
    fn venue(&self) -> VenueId {
        self.book.id
    }

    fn people(&self) -> &[Person] {
        &self.book.people
    }

    fn begin(&mut self, plans: &mut Plans, start: Timestamp, openings: &[Opening]) -> Vec<Body> {
        for at in period_ends(start, self.end) {
            plans.add(at, self.book.desk(), Plan::PublishFunding);
        }
        let all = 0..self.venue.partners.len();
        for partner in all.clone() {
            plans.add(start, self.book.desk(), Plan::Renew(partner));
        }
        for away in self.book.conditions.partners_away() {
            plans.add(away.from.max(start), self.book.desk(), Plan::PartnersLeave);
            let back = away.end().into_iter();
            for (back, partner) in back.flat_map(|back| all.clone().map(move |p| (back, p))) {
                plans.add(back, self.book.desk(), Plan::Renew(partner));
            }
        }
        if let Some(habit) = &self.book.top_ups {
            let first = start.saturating_add(habit.every.0);
            plans.add(first, self.book.desk(), Plan::TopUps);
        }
        self.founders(openings)
    }

    fn tick(&mut self, tick: &Tick) -> Vec<Body> {
        // What the fund still holds is disposed of while the books are whole, not between the
        // makers' cancellations.
        let due = Body::Kuma(Do::Service(Box::new(ServiceCommand::Tick)));
        let mut bodies = vec![due];
        for (market, price) in &tick.prices {
            let price = pips::price(price.raw());
            self.prices[*market] = price;
            bodies.extend(self.makers.see(*market, price, tick.time));
        }
        let mut published = Vec::with_capacity(tick.told().len());
        for (market, price) in tick.told() {
            let price = pips::price(price.raw());
            self.told[*market] = price;
            published.push(IndexPrice {
                market: market_id(*market),
                price,
                time: tick.time,
            });
        }
        if tick.told.is_some() && self.book.conditions.partners_present(tick.time) {
            let (market, told) = (&self.prices[..], &self.told[..]);
            let weighed = self.partners.weigh(Quoted { market, told }, tick.time);
            bodies.extend(weighed);
        }
        if !published.is_empty() {
            bodies.push(Body::Kuma(Do::PublishIndexPrices(published)));
        }
        bodies
    }

    fn arrive(&mut self, person: usize) -> Vec<Body> {
        let (account, wallet) = (self.book.trader(person), &self.wallets[person]);
        let mut bodies = deposit(account, wallet.deposit).to_vec();
        bodies.extend((0..wallet.wishes.len()).filter_map(|at| self.open(account, wallet, at)));
        bodies
    }

    fn act(&mut self, plan: Plan, engine: &Engine, plans: &mut Plans, now: Timestamp) -> Vec<Body> {
        match plan {
            Plan::PublishFunding => self.publish_funding(now),
            // Whoever is away comes back to it.
            Plan::Renew(_) if !self.book.conditions.partners_present(now) => Vec::new(),
            Plan::Renew(partner) => {
                let (market, told) = (&self.prices[..], &self.told[..]);
                self.partners.renew(partner, Quoted { market, told }, now)
            }
            Plan::PartnersLeave => self.partners.leave(),
            Plan::TopUps => {
                if let Some(habit) = &self.book.top_ups {
                    let next = now.saturating_add(habit.every.0);
                    plans.add(next, self.book.desk(), Plan::TopUps);
                }
                self.top_ups(engine)
            }
            // The others are plans of other venues.
            _ => Vec::new(),
        }
    }

    fn notice(&mut self, event: &Event, now: Timestamp, plans: &mut Plans) {
        self.tally.take(event, now);
        self.report(event);
        if let Some(partner) = self.partners.notice(event) {
            let habit = &self.venue.partners[partner];
            let at = now.saturating_add(habit.replaces_after.0);
            plans.add(at, self.book.desk(), Plan::Renew(partner));
        }
    }

    fn done(&mut self, command: &Command, engine: &Engine) {
        self.measure(command, engine);
        self.report_done(command, engine);
    }

    fn refused(&mut self, _: &Command, _: &Rejection, _: &mut Plans) {}

    fn case_of(&self, _: &Command) -> Option<CaseId> {
        None
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
        self.report_sample(engine, at);
    }

    fn meter(&self) -> &Meter {
        &self.book.meter
    }

    fn results(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        self.show(engine, collector)
    }
}

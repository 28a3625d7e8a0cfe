//! The desk of a Kyan venue.
//!
//! Everybody's books are there from the start (see `setup`). The desk publishes the index when it
//! has moved or a time has passed, as an oracle does, and the surface when a new chain is there;
//! in between the surface stays as it is by log-moneyness, so that it moves with the index. It
//! pays the hourly funding, settles expiries at 08:00, and lets the venue look at its liquidations
//! every few seconds while there are any. Makers quote the perpetual; options are quoted when a
//! liquidation asks (see `bidders`).

mod bidders;
mod facts;
mod matched;
mod people;
mod setup;
mod show;
mod stressed;
mod tally;

use plimsoll_engine::book::{SelfTrade, Side, TimeInForce};
use plimsoll_engine::liquidation::Case;
use plimsoll_engine::pricing::quoted::Checked;
use plimsoll_engine::venues::Venue;
use plimsoll_engine::venues::kyan::{
    self, Command as Do, Event as Happened, InstrumentId, Kyan, OrderRequest,
};
use plimsoll_engine::{Body, Command, Engine, Event, Rejection};
use plimsoll_units::{AccountId, CaseId, Duration, MarketId, Price, Timestamp, VenueId};

use super::Opening;
use super::desk::{Book, Desk};
use super::plan::{Plan, Plans};
use crate::collect::Collector;
use crate::compare::Meter;
use crate::population::Person;
use crate::prices::{MarketPrice, Tick};
use crate::random::Random;
use crate::results::{Exposure, VenueResults};
use crate::scenario::Scenario;
use crate::stress::ONE_PPM;
use bidders::Bidders;
use facts::Facts;
use setup::{PAIR, coarse, index_at, opening};
pub(crate) use setup::{Supplies, placeholder};
use show::Lines;
use stressed::{Noticed, View};
use tally::{Marks, Tally};

/// An hour.
const HOUR: i64 = 3_600_000;
/// The perpetual's grids, as the scenario's pairs have them.
const TICK: i128 = 50_000_000;
const LOT: i128 = 1_000;

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct KyanDesk {
    book: Book,
    supplies: Supplies,
    /// The snapshot in force, and its surface.
    snapshot: usize,
    surface: Option<Checked>,
    /// The index that was last published, and when.
    index: Price<8>,
    published: Timestamp,
    /// What makers and bidders see: the index, where the venue is told everything at once.
    market: Noticed,
    /// What each partner does not offer now, money.
    withheld: Vec<i128>,
    funding_due: Timestamp,
    /// Expiries not settled yet, soonest first.
    expiries: Vec<Timestamp>,
    /// Whether a look at liquidations is planned.
    ticking: bool,
    bidders: Bidders,
    makers: Random,
    tally: Tally,
    facts: Facts,
    /// What accounts held when they were last looked at, to tell a case by.
    held: Vec<Vec<(InstrumentId, i64)>>,
    /// Accounts whose positions have changed since.
    stale: Vec<AccountId>,
    all_stale: bool,
    deltas: Vec<i64>,
    lines: Lines,
}

impl KyanDesk {
    pub(crate) fn new(mut book: Book, scenario: &Scenario) -> Option<Self> {
        let supplies = *book.options.take()?;
        book.meter = facts::meter(&supplies);
        let mut expiries: Vec<Timestamp> =
            supplies.listing.terms.iter().map(|t| t.expiry).collect();
        expiries.dedup();
        let stream = |what: &str| Random::new(scenario.seed, &format!("{}/{what}", book.name));
        let conditions = book.conditions.clone();
        let bidders = Bidders::new(&supplies, stream("appetite"), conditions);
        Some(Self {
            snapshot: supplies.first,
            surface: None,
            index: Price::ZERO,
            published: Timestamp::EPOCH,
            market: Noticed::NOTHING,
            withheld: Vec::new(),
            funding_due: Timestamp::EPOCH,
            expiries,
            ticking: false,
            bidders,
            makers: stream("makers"),
            tally: Tally::default(),
            facts: Facts::default(),
            held: supplies.held(),
            stale: Vec::new(),
            all_stale: false,
            deltas: supplies.deltas.clone(),
            lines: Lines::default(),
            supplies,
            book,
        })
    }

    fn state<'e>(&self, engine: &'e Engine) -> Option<&'e Kyan> {
        match engine.venue(self.book.id) {
            Some(Venue::Kyan(venue)) => Some(venue),
            _ => None,
        }
    }

    /// Whether the price has moved enough since the last, or time enough has passed, to take
    /// notice of it.
    fn is_due(&self, last: Noticed, now: Timestamp, price: Price<8>) -> bool {
        let parameters = &self.supplies.parameters;
        let passed = now.millis().saturating_sub(last.at.millis());
        let moved = (price.raw() - last.price.raw())
            .abs()
            .saturating_mul(1_000_000);
        let last = last.price.raw();
        let bound = last.saturating_mul(parameters.index_moves.millionths().into());
        passed >= parameters.index_every.millis() || (passed > 0 && moved >= bound)
    }

    /// The makers' quotes on the perpetual around the market's price: wider, smaller and fewer
    /// where the real market of options is left without quotes, and while books are stressed.
    fn quotes(&mut self, now: Timestamp) -> Vec<Do> {
        let conditions = &self.book.conditions;
        let (depth, wide) = (conditions.depth_factor(now), conditions.spread_factor(now));
        let makers = self.supplies.parameters.makers.clone();
        let (no_bid, no_ask) = self.supplies.absent(self.snapshot, None);
        let absent = no_bid.max(no_ask);
        let mut commands = Vec::new();
        for account in (0..makers.count).map(AccountId) {
            if self.makers.chance(absent) {
                continue;
            }
            let absent = i128::from(absent);
            let wider = 1_000_000 + 2 * absent;
            let spread = makers.perpetual_spread.on_grid::<6>() * wider / 1_000_000;
            let spread = spread.saturating_mul(wide) / ONE_PPM;
            let size = makers.perpetual_size.on_grid::<6>() * (1_000_000 - absent) / 1_000_000;
            let size = size.saturating_mul(depth) / ONE_PPM;
            let lots = i64::try_from(size / LOT * LOT).unwrap_or(0);
            if lots == 0 {
                continue;
            }
            let index = self.market.price.raw();
            let away = index.saturating_mul(spread) / 1_000_000;
            for (side, at) in [(Side::Buy, index - away), (Side::Sell, index + away)] {
                let limit = i64::try_from(at / TICK * TICK).unwrap_or(0);
                let quote = (lots, limit);
                let gtc = TimeInForce::Gtc;
                commands.push(order(account, InstrumentId::PERPETUAL, side, quote, gtc));
            }
        }
        commands
    }

    fn marks<'a>(
        supplies: &'a Supplies,
        surface: Option<&'a Checked>,
        index: Price<8>,
        now: Timestamp,
    ) -> Marks<'a> {
        Marks {
            terms: &supplies.listing.terms,
            surface,
            index,
            now,
        }
    }
}

/// A limit order.
fn order(
    account: AccountId,
    instrument: InstrumentId,
    side: Side,
    (quantity, price): (i64, i64),
    time_in_force: TimeInForce,
) -> Do {
    Do::Place(OrderRequest {
        account,
        instrument,
        side,
        price: Some(price),
        quantity,
        time_in_force,
        reduce_only: false,
        self_trade: SelfTrade::CancelNewest,
    })
}

fn bodies(commands: Vec<Do>) -> Vec<Body> {
    commands.into_iter().map(Body::Kyan).collect()
}

impl Desk for KyanDesk {
    fn venue(&self) -> VenueId {
        self.book.id
    }

    /// Nobody arrives: positions are there from the start, and whoever comes later is planned.
    fn people(&self) -> &[Person] {
        &[]
    }

    fn begin(&mut self, plans: &mut Plans, start: Timestamp, openings: &[Opening]) -> Vec<Body> {
        let Some(first) = openings.get(self.supplies.market_index) else {
            return Vec::new();
        };
        for (at, entrant) in self.supplies.entrants.iter().enumerate() {
            plans.add(entrant.person.arrives, self.book.desk(), Plan::Enter(at));
        }
        let snapshot = &self.supplies.market.snapshots[self.snapshot];
        self.surface = snapshot.quoted.check().ok();
        self.index = coarse(first.price);
        self.published = start;
        self.market = Noticed {
            price: self.index,
            at: start,
        };
        self.funding_due = start.saturating_add(Duration(HOUR));
        let basis = self.supplies.parameters.basis.on_grid::<6>();
        let mut commands = opening(snapshot, start, self.index, basis).to_vec();
        commands.extend(self.open_partners(plans, start));
        bodies(commands)
    }

    fn tick(&mut self, tick: &Tick) -> Vec<Body> {
        let now = tick.time;
        let mut commands = Vec::new();
        let market = self.supplies.market_index;
        let own = |prices: &[(usize, MarketPrice)]| {
            let price = prices.iter().find(|(m, _)| *m == market);
            price.map(|(_, price)| coarse(*price))
        };
        let expires = self.expiries.first().is_some_and(|expiry| *expiry <= now);
        let due = |last: Noticed, price: &Price<8>| {
            now > last.at && (expires || self.is_due(last, now, *price))
        };
        let told = Noticed {
            price: self.index,
            at: self.published,
        };
        let seen = own(&tick.prices).filter(|price| due(self.market, price));
        let published = own(tick.told()).filter(|price| due(told, price));
        if let Some(price) = seen {
            self.market = Noticed { price, at: now };
            // The makers' old quotes go before the index comes.
            let makers = (0..self.supplies.parameters.makers.count).map(AccountId);
            commands.extend(makers.map(|account| Do::CancelAll { account }));
        }
        if let Some(price) = published {
            (self.index, self.published) = (price, now);
            let basis = self.supplies.parameters.basis.on_grid::<6>();
            commands.push(index_at(now, price, basis));
        }
        while self.expiries.first().is_some_and(|expiry| *expiry <= now) {
            let expiry = self.expiries.remove(0);
            commands.push(Do::Expire {
                pair: PAIR,
                expiry,
                price: self.index,
            });
        }
        if seen.is_some() {
            commands.extend(self.quotes(now));
        }
        let next = self.supplies.market.snapshots.get(self.snapshot + 1);
        if let Some(next) = next.filter(|next| next.at <= now) {
            self.snapshot += 1;
            self.surface = next.quoted.check().ok();
            commands.push(Do::Surface {
                pair: PAIR,
                quoted: next.quoted.clone(),
            });
        }
        if now >= self.funding_due {
            self.funding_due = now.saturating_add(Duration(HOUR));
            commands.push(Do::Funding { pair: PAIR });
        }
        bodies(commands)
    }

    fn arrive(&mut self, _: usize) -> Vec<Body> {
        Vec::new()
    }

    fn act(&mut self, plan: Plan, engine: &Engine, plans: &mut Plans, now: Timestamp) -> Vec<Body> {
        let Some(state) = self.state(engine) else {
            return Vec::new();
        };
        let look = bidders::Look {
            state,
            engine,
            now,
            index: self.index,
            gap: self.gap(),
        };
        match plan {
            Plan::Look => {
                self.ticking = self.tally.is_busy();
                if !self.ticking {
                    return Vec::new();
                }
                let at = now.saturating_add(self.supplies.parameters.clock.0);
                plans.add(at, self.book.desk(), Plan::Look);
                bodies(vec![Do::Tick])
            }
            Plan::Take { by, account, order } => {
                let taken = self
                    .bidders
                    .take(&self.supplies, &look, (by, account, order));
                bodies(taken.into_iter().collect())
            }
            Plan::Enter(at) => bodies(self.supplies.enter(state, self.index, at)),
            Plan::Bid { by, account } => {
                let (bid, again) = self.bidders.bid(&self.supplies, &look, (by, account));
                let conditions = &self.book.conditions;
                let next = conditions.partners_react(now, bidders::LOOK_AGAIN);
                if let Some(at) = next.filter(|_| again) {
                    plans.add(at, self.book.desk(), plan);
                }
                bodies(bid.into_iter().collect())
            }
            Plan::PartnersLeave => bodies(self.partners_leave(state)),
            Plan::Renew(partner) => bodies(self.quote_again(partner).into_iter().collect()),
            _ => Vec::new(),
        }
    }

    fn notice(&mut self, event: &Event, now: Timestamp, plans: &mut Plans) {
        let whole = event;
        let Event::Kyan(event) = event else {
            return self.report(whole, None, now);
        };
        let marks = Self::marks(&self.supplies, self.surface.as_ref(), self.index, now);
        let held = match event {
            Happened::Phase { account, .. } => self.held.get(account.index()),
            _ => None,
        };
        let bid = self
            .tally
            .take(event, &marks, || held.cloned().unwrap_or_default());
        if let (Happened::Bid { bidder, .. }, Some((on, gained))) = (event, bid) {
            self.bidders.credit(Some(*bidder), on, gained);
        }
        self.bidders.earned(event, self.index);
        self.report(whole, bid, now);
        match event {
            Happened::Traded { maker, taker, .. } => self.stale.extend([*maker, *taker]),
            Happened::Bid {
                account, bidder, ..
            } => self.stale.extend([*account, *bidder]),
            Happened::HandedOff {
                account, partner, ..
            } => self.stale.extend([*account, *partner]),
            Happened::Bankruptcy { account, .. } => self.stale.push(*account),
            Happened::Expired { .. } => self.all_stale = true,
            _ => {}
        }
        if self.tally.is_busy() && !self.ticking {
            self.ticking = true;
            let at = now.saturating_add(self.supplies.parameters.clock.0);
            plans.add(at, self.book.desk(), Plan::Look);
        }
        let view = View {
            beyond: match event {
                Happened::Rests { instrument, .. } => self.beyond(*instrument, now),
                _ => 0,
            },
            spread: self.book.conditions.spread_factor(now),
        };
        let absent = |expiry| self.supplies.absent(self.snapshot, expiry);
        let wanted = self
            .bidders
            .see(&self.supplies, event, (self.index, view), absent);
        for (delay, plan) in wanted {
            // Whoever is away comes back to it.
            if let Some(at) = self.book.conditions.partners_react(now, delay) {
                plans.add(at, self.book.desk(), plan);
            }
        }
        if let Happened::Phase {
            case,
            to: kyan::PhaseName::Auction,
            ..
        } = event
            && self.supplies.by_portfolio()
        {
            self.tally.portfolio_offered(*case);
        }
    }

    fn done(&mut self, command: &Command, engine: &Engine) {
        self.report_done(command, engine);
        let mut stale = std::mem::take(&mut self.stale);
        if std::mem::take(&mut self.all_stale) {
            let all = u32::try_from(self.held.len()).unwrap_or(u32::MAX);
            stale = (0..all).map(AccountId).collect();
        }
        for id in stale {
            let account = self.state(engine).and_then(|state| state.account(id).ok());
            let now = account.map(|account| {
                let positions = account.positions().iter();
                positions
                    .map(|held| (held.instrument, held.quantity))
                    .collect()
            });
            if let (Some(now), Some(held)) = (now, self.held.get_mut(id.index())) {
                *held = now;
            }
        }
    }

    fn refused(&mut self, command: &Command, _: &Rejection, _: &mut Plans) {
        if let Body::Kyan(Do::Bid {
            bidder, account, ..
        }) = &command.body
        {
            self.bidders.gave_up(*bidder, *account);
        }
    }

    fn case_of(&self, _: &Command) -> Option<CaseId> {
        None
    }

    /// By the delta when the account was last looked at.
    fn exposure(&self, case: &Case) -> Exposure {
        match self.deltas.get(case.target.account.index()) {
            Some(delta) if *delta < 0 => Exposure::Short,
            _ => Exposure::Long,
        }
    }

    fn market_index(&self, _: MarketId) -> usize {
        self.supplies.market_index
    }

    fn sample(&mut self, engine: &Engine, collector: &Collector, at: Timestamp) {
        let Some(state) = self.state(engine) else {
            return;
        };
        self.look(state, engine, collector, at);
    }

    fn sources(&self) -> Vec<String> {
        self.supplies.market.provenance.clone()
    }

    fn meter(&self) -> &Meter {
        &self.book.meter
    }

    fn results(&self, engine: &Engine, collector: &Collector) -> VenueResults {
        self.show(engine, collector)
    }
}

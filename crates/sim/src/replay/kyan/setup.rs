//! A Kyan venue at its beginning: what is listed, who has which book, and what everybody has.
//!
//! Books come first; makers hold the other side of all of them, in equal parts. Cash follows from
//! the books: an engine of its own is asked for each book's worth and initial margin at the first
//! index and surface, and everybody gets as much as their class of cover says. Positions cost what
//! they are worth then, so that nobody begins with a profit.
//!
//! Accounts: makers, bidders, partners, then people.

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::kyan::{
    self, Command as Do, Held, IndexUpdate, InstrumentId, Opening, OptionTerms, Start,
};
use plimsoll_engine::venues::{Venue as State, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine};
use plimsoll_units::{
    AccountId, Amount, AssetId, MarketId, Price, Rounding, Timestamp, VenueId, mul_div,
};

use super::matched::{Entrant, LOT};
use super::people::{Drawn, Listing};
use crate::options::{self, Interest, Market, OptionsError, Presence, Snapshot};
use crate::prices::Timeline;
use crate::random::Random;
use crate::replay::{Opening as FirstPrice, ReplayError};
use crate::scenario::{KyanParameters, Options, Preset, Scenario, Venue};

/// The pair of a venue.
pub(super) const PAIR: MarketId = MarketId(0);
/// Cash of everybody while books are looked at: ten billion.
const RICH: i128 = 10_000_000_000_000_000;

/// What a Kyan venue needs beside prices.
#[derive(Debug)]
pub(crate) struct Supplies {
    pub(super) market: Market,
    pub(super) listing: Listing,
    /// The snapshot in force at the start.
    pub(super) first: usize,
    pub(super) parameters: KyanParameters,
    /// Kind of each person's book, in the order of their accounts.
    pub(super) kinds: Vec<usize>,
    /// Net delta of each account at the start, 6 decimals.
    pub(super) deltas: Vec<i64>,
    /// The scenario's market that the pair is of.
    pub(super) market_index: usize,
    /// The people of a comparison, who come when they arrive; otherwise nobody.
    pub(super) entrants: Vec<Entrant>,
    pub(super) config: kyan::Config,
}

/// Parameters of a Kyan venue before its people are known; the asset is added to `config`.
pub(crate) fn placeholder(config: &mut Config) -> VenueConfig {
    let money = AssetId(u16::try_from(config.assets.len()).unwrap_or(u16::MAX));
    config.assets.push(usdc());
    VenueConfig::Kyan(Box::new(kyan::Config {
        money,
        pairs: Vec::new(),
        procedure: Vec::new(),
        guards: kyan::Guards::ALL,
        start: Start::default(),
    }))
}

fn usdc() -> Asset {
    Asset {
        symbol: "USDC".to_owned(),
        decimals: 6,
    }
}

impl Supplies {
    /// Loads the options and draws the people; the venue starts at its market's first price.
    pub(crate) fn prepare(
        scenario: &Scenario,
        venue: &Venue,
        (timeline, openings): (&Timeline, &[FirstPrice]),
    ) -> Result<Self, ReplayError> {
        let parameters = venue.kyan.clone().unwrap_or_default();
        let options = scenario.options.clone().unwrap_or_default();
        let market_index = market_of(scenario, &options)?;
        let first = openings
            .get(market_index)
            .copied()
            .ok_or_else(|| broken(format!("no price of the options' market, {}", options.coin)))?;
        let mut market = match options.path() {
            Some(path) => options::load(&path, &options.coin)?,
            None => options::bundled(&options.coin)?,
        };
        if scenario.people.is_some() {
            market = options::moved(market, &path(timeline, market_index));
        }
        let at = first_snapshot(&market, first.time)?;
        let index = coarse(first.price);
        let listing = listing(&market, at, &options, (first.time, index))?;
        let derive = venue.preset == Preset::KyanDerive;
        let mut new = Self {
            kinds: Vec::new(),
            deltas: Vec::new(),
            config: kyan::Config {
                money: AssetId(0),
                pairs: vec![parameters.pair(&pair_name(&options)).map_err(broken)?],
                procedure: parameters.steps(derive).iter().map(|s| s.stage()).collect(),
                guards: parameters.guards.guards(),
                start: Start {
                    options: listing.terms.iter().map(|terms| (PAIR, *terms)).collect(),
                    accounts: Vec::new(),
                    fund: Amount::from_raw(parameters.fund.on_grid::<6>()),
                },
            },
            market,
            listing,
            first: at,
            parameters,
            market_index,
            entrants: Vec::new(),
        };
        if scenario.people.is_none() {
            new.people(scenario, venue, (first.time, index))?;
            return Ok(new);
        }
        for pair in &mut new.config.pairs {
            pair.perpetual.lot = LOT;
        }
        new.match_people(scenario, (openings, first.time))?;
        Ok(new)
    }

    /// The engine's parameters with `money`.
    pub(crate) fn config(&self, money: AssetId) -> VenueConfig {
        VenueConfig::Kyan(Box::new(kyan::Config {
            money,
            ..self.config.clone()
        }))
    }

    /// How many accounts come before the first person's.
    pub(crate) fn before_people(&self) -> usize {
        self.first_partner() + self.parameters.partners.len()
    }

    pub(super) fn first_bidder(&self) -> usize {
        self.parameters.makers.count as usize
    }

    pub(super) fn first_partner(&self) -> usize {
        self.first_bidder() + self.parameters.bidders.len()
    }

    /// The account of a bidder.
    pub(super) fn bidder(&self, by: usize) -> AccountId {
        AccountId(u32::try_from(self.first_bidder() + by).unwrap_or(u32::MAX))
    }

    /// The terms of an option; none of the perpetual.
    pub(super) fn terms(&self, instrument: InstrumentId) -> Option<&OptionTerms> {
        self.listing.terms.get(instrument.index().checked_sub(1)?)
    }

    /// Whether portfolios are auctioned whole.
    pub(super) fn by_portfolio(&self) -> bool {
        self.config
            .procedure
            .contains(&kyan::Stage::PortfolioAuction)
    }

    /// What everybody holds at the start.
    pub(super) fn held(&self) -> Vec<Vec<(InstrumentId, i64)>> {
        let sizes = |opening: &Opening| {
            let positions = opening.positions.iter();
            positions
                .map(|held| (held.instrument, held.quantity))
                .collect()
        };
        self.config.start.accounts.iter().map(sizes).collect()
    }

    /// Millionths of the real options of an expiry (of all where it is not known) that had no bid
    /// and no ask in a snapshot.
    pub(super) fn absent(&self, snapshot: usize, expiry: Option<Timestamp>) -> (u32, u32) {
        let Some(snapshot) = self.market.snapshots.get(snapshot) else {
            return (0, 0);
        };
        let own = snapshot
            .smiles
            .iter()
            .filter(|note| Some(note.expiry) == expiry);
        let own: Vec<Presence> = own.map(|note| note.quotes).collect();
        let all = || snapshot.smiles.iter().map(|note| note.quotes).collect();
        let counted: Vec<Presence> = if own.is_empty() { all() } else { own };
        let sum = |of: fn(&Presence) -> u32| counted.iter().map(|p| u64::from(of(p))).sum::<u64>();
        let listed = sum(|p| p.listed).max(1);
        let share = |count: u64| u32::try_from(count * 1_000_000 / listed).unwrap_or(0);
        (share(sum(|p| p.no_bid)), share(sum(|p| p.no_ask)))
    }

    /// The same of all options in the snapshot in force at a time.
    pub(super) fn absent_now(&self, now: Timestamp) -> (u32, u32) {
        let after = self.market.snapshots.partition_point(|s| s.at <= now);
        self.absent(after.saturating_sub(1), None)
    }

    fn people(
        &mut self,
        scenario: &Scenario,
        venue: &Venue,
        start: (Timestamp, Price<8>),
    ) -> Result<(), ReplayError> {
        let mut random = Random::new(scenario.seed, &format!("{}/books", venue.name));
        let people = &self.parameters.people;
        let classes: Vec<u64> = people.cover.iter().map(|c| c.weight.into()).collect();
        let mut drawn: Vec<(Drawn, i128)> = Vec::new();
        for _ in 0..venue.population.accounts {
            let book = self.listing.draw(&mut random, people);
            let class = random.weighted(&classes).unwrap_or(0);
            drawn.push((book, people.cover[class].times.on_grid::<6>()));
        }
        self.kinds = drawn.iter().map(|(book, _)| book.kind).collect();
        let mut accounts = self.desks(&drawn);
        let covers = self.covers(&drawn, accounts.len());
        for (book, _) in &drawn {
            let held = book.sizes.iter().map(|(id, size)| held(*id, *size));
            accounts.push(held.collect());
        }
        self.config.start.accounts = (0u32..)
            .zip(accounts)
            .map(|(owner, positions)| Opening {
                owner,
                pair: PAIR,
                cash: Amount::from_raw(RICH),
                positions,
            })
            .collect();
        self.look(&covers, start)
    }

    /// The positions of makers, bidders and partners: makers have the other side of all books.
    fn desks(&self, drawn: &[(Drawn, i128)]) -> Vec<Vec<Held>> {
        let makers = i64::from(self.parameters.makers.count);
        let mut sums = std::collections::BTreeMap::new();
        for (instrument, size) in drawn.iter().flat_map(|(book, _)| &book.sizes) {
            *sums.entry(*instrument).or_insert(0i64) -= size;
        }
        let mut desks: Vec<Vec<Held>> = vec![Vec::new(); self.before_people()];
        for (instrument, sum) in sums {
            // Whole tenths of a contract each; the first takes what is left over.
            let each = sum / makers / 100_000 * 100_000;
            for (at, desk) in (0..makers).zip(&mut desks) {
                let own = if at == 0 {
                    sum - each * (makers - 1)
                } else {
                    each
                };
                if own != 0 {
                    desk.push(held(instrument, own));
                }
            }
        }
        desks
    }

    /// Equity over initial margin for everybody, 6 decimals; what bidders and partners have is
    /// told in money, as a negative number.
    fn covers(&self, drawn: &[(Drawn, i128)], desks: usize) -> Vec<i128> {
        let parameters = &self.parameters;
        let maker = parameters.makers.cover.on_grid::<6>();
        let mut covers = vec![maker; parameters.makers.count as usize];
        let bidders = parameters.bidders.iter().map(|b| b.capital);
        let partners = parameters.partners.iter().map(|p| p.capital);
        covers.extend(bidders.chain(partners).map(|c| -c.on_grid::<6>()));
        debug_assert_eq!(covers.len(), desks);
        covers.extend(drawn.iter().map(|(_, cover)| *cover));
        covers
    }

    /// Asks an engine what everybody's book is worth and needs, and gives everybody their cash.
    fn look(
        &mut self,
        covers: &[i128],
        (time, index): (Timestamp, Price<8>),
    ) -> Result<(), ReplayError> {
        let refused = |why: plimsoll_engine::Rejection| {
            ReplayError::Options(OptionsError::Coverage(format!(
                "the first surface cannot be used: {why}"
            )))
        };
        let config = Config {
            assets: vec![usdc()],
            venues: vec![self.config(AssetId(0))],
        };
        let mut engine = Engine::new(&config).map_err(refused)?;
        let basis = self.parameters.basis.on_grid::<6>();
        for body in opening(&self.market.snapshots[self.first], time, index, basis) {
            let command = Command {
                time,
                venue: VenueId(0),
                body: Body::Kyan(body),
            };
            engine.apply(&command).map_err(refused)?;
        }
        let Some(State::Kyan(state)) = engine.venue(VenueId(0)) else {
            return Ok(());
        };
        let least = self.parameters.people.equity_min.on_grid::<6>();
        let mut deltas = Vec::with_capacity(covers.len());
        for (at, (account, cover)) in
            (0u32..).zip(self.config.start.accounts.iter_mut().zip(covers))
        {
            let numbers = state
                .numbers(engine.ledger(), AccountId(at))
                .map_err(refused)?;
            deltas.push(numbers.delta);
            let worth = numbers.equity - RICH;
            let wanted = if *cover < 0 {
                -cover
            } else {
                // A cent more than the class says, so that rounding never starts below it.
                let covered = numbers.initial.saturating_mul(*cover) / 1_000_000 + 10_000;
                covered.max(least)
            };
            account.cash = Amount::from_raw(wanted - worth);
            for held in &mut account.positions {
                held.cost = cost(state, *held).unwrap_or(0);
            }
        }
        self.deltas = deltas;
        Ok(())
    }
}

fn held(instrument: InstrumentId, quantity: i64) -> Held {
    Held {
        instrument,
        quantity,
        cost: 0,
    }
}

/// What a position is worth at its mark.
fn cost(state: &kyan::Kyan, held: Held) -> Option<i128> {
    let mark = state
        .pair(PAIR)
        .ok()?
        .pricing()?
        .mark(held.instrument)
        .ok()?;
    mul_div(mark, held.quantity.into(), 100_000_000, Rounding::Ceil).ok()
}

/// The first commands of a venue: its surface, and its index.
pub(super) fn opening(
    snapshot: &Snapshot,
    time: Timestamp,
    index: Price<8>,
    basis: i128,
) -> [Do; 2] {
    [
        Do::Surface {
            pair: PAIR,
            quoted: snapshot.quoted.clone(),
        },
        index_at(time, index, basis),
    ]
}

/// An index price, with the perpetual's mark `basis` millionths above it.
pub(super) fn index_at(at: Timestamp, index: Price<8>, basis: i128) -> Do {
    let above = index.raw().saturating_mul(basis) / 1_000_000;
    Do::Index(IndexUpdate {
        pair: PAIR,
        at,
        index,
        perpetual: Price::from_raw(index.raw().saturating_add(above)),
    })
}

/// A price on the venue's grid: cut off after 8 decimals.
pub(super) fn coarse(price: crate::prices::MarketPrice) -> Price<8> {
    Price::from_raw(price.raw() / 10_000_000_000)
}

/// The scenario's market that options are of: its only one, or in a comparison the coin's.
fn market_of(scenario: &Scenario, options: &Options) -> Result<usize, ReplayError> {
    if scenario.people.is_none() {
        return Ok(0);
    }
    let found = crate::people::market_of(&scenario.markets, &options.coin);
    found.ok_or_else(|| {
        broken(format!(
            "none of the markets is of {}, whose options there are",
            options.coin
        ))
    })
}

/// A market's prices, in time order.
fn path(timeline: &Timeline, market: usize) -> Vec<(Timestamp, Price<8>)> {
    let ticks = timeline.ticks.iter().filter_map(|tick| {
        let (_, price) = tick.prices.iter().find(|(m, _)| *m == market)?;
        Some((tick.time, coarse(*price)))
    });
    ticks.collect()
}

fn pair_name(options: &Options) -> String {
    format!("{}_USDC", options.coin.to_ascii_uppercase())
}

fn broken(why: String) -> ReplayError {
    ReplayError::Options(OptionsError::Coverage(why))
}

/// The newest snapshot at or before the start.
fn first_snapshot(market: &Market, start: Timestamp) -> Result<usize, ReplayError> {
    let after = market.snapshots.partition_point(|s| s.at <= start);
    after.checked_sub(1).ok_or_else(|| {
        let first = market.snapshots.first().map_or(Timestamp::EPOCH, |s| s.at);
        broken(format!(
            "prices begin at {start}, but the first options are of {first}: set prices.from to \
             that or later"
        ))
    })
}

/// The options that are listed: of the expiries that every later surface reaches, those with the
/// most open interest, and of each the strikes with the most.
fn listing(
    market: &Market,
    first: usize,
    options: &Options,
    (start, index): (Timestamp, Price<8>),
) -> Result<Listing, ReplayError> {
    let snapshots = &market.snapshots[first..];
    let reach = snapshots.iter().filter_map(|s| s.quoted.slices.last());
    let reach = reach.map(|slice| slice.expiry).min();
    let reach = reach.unwrap_or(Timestamp::EPOCH);
    let known = market.snapshots[..=first].iter().rev();
    let known = known.map(|s| &s.interest).find(|i| !i.is_empty());
    let usable = |open: &&Interest| {
        let open_for_a_while = open.expiry.millis() - start.millis() > 3_600_000;
        open_for_a_while && open.expiry <= reach && open.calls + open.puts > 0
    };
    let open: Vec<Interest> = known
        .into_iter()
        .flatten()
        .filter(usable)
        .copied()
        .collect();
    let mut expiries: Vec<(i64, &[Interest])> = open
        .chunk_by(|a, b| a.expiry == b.expiry)
        .map(|strikes| (strikes.iter().map(|o| o.calls + o.puts).sum(), strikes))
        .collect();
    expiries.sort_by_key(|(sum, strikes)| (-sum, strikes[0].expiry));
    expiries.truncate(options.expiries as usize);
    let mut strikes: Vec<Interest> = Vec::new();
    for (_, of_expiry) in expiries {
        let mut sorted = of_expiry.to_vec();
        sorted.sort_by_key(|o| (-(o.calls + o.puts), o.strike));
        sorted.truncate(options.strikes as usize);
        strikes.extend(sorted);
    }
    strikes.sort_by_key(|o| (o.expiry, o.strike));
    if strikes.is_empty() {
        return Err(broken(format!(
            "none of the options open at {start} is reached by every later surface"
        )));
    }
    Ok(Listing::new(strikes, index))
}

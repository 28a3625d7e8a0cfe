//! Replay: a scenario's people and prices, run through one engine.
//!
//! One loop in time order: price ticks, arrivals, and what agents have planned (a liquidator's
//! reaction, a top-up round, a withdrawal). At the same moment prices come first, then plans in
//! the order they were made, then arrivals. Each venue has a `Desk` that speaks its language;
//! everything it sends goes through `World::submit`, the one place where commands are recorded,
//! applied and tallied. Nothing reads a clock: the same scenario and seed give the same bytes.

mod bands;
mod composed;
mod desk;
mod gammaswap;
mod kuma;
mod kyan;
mod leaving;
mod perennial;
mod pips;
mod plan;
mod tsunamix;
mod world;

use plimsoll_engine::{Config, Engine};
use plimsoll_units::{Timestamp, VenueId};

pub(crate) use desk::percent;
pub(crate) use gammaswap::market as pair_market;
pub(crate) use kuma::setup::base;
pub use world::{CommandSink, SinkError};

use crate::compare::Path;
use crate::population::{self, Person, PopulationError};
use crate::prices::{MarketPrice, PriceError, PriceRequest, Timeline, Window};
use crate::results::{Line, Results, VenueResults};
use crate::scenario::{Preset, Scenario, ScenarioError, Venue};
use desk::{Book, Desk};
use plan::{Plan, Plans};
use world::World;

/// How many times the report's clock ticks in a replay.
const SAMPLES: i64 = 240;
/// The same in a comparison, whose lines lie over each other.
const FINE: i64 = 960;

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Its prices.
    #[error(transparent)]
    Prices(#[from] PriceError),
    /// Its pool.
    #[error(transparent)]
    Pool(#[from] crate::pools::PoolError),
    /// Its people.
    #[error(transparent)]
    Population(#[from] PopulationError),
    /// A table of market data: accounts of a day, funding rates.
    #[error(transparent)]
    Table(#[from] crate::tables::TableError),
    /// Chains of options.
    #[error(transparent)]
    Options(#[from] crate::options::OptionsError),
    /// The books whose shape was asked for.
    #[error(transparent)]
    Depth(#[from] crate::depth::DepthError),
    /// A design.
    #[error(transparent)]
    Design(#[from] crate::design::DesignError),
    /// A table of this build is broken; a test reads them all.
    #[error("a bundled table cannot be used: {0}")]
    Bundle(String),
    /// The engine refuses the parameters.
    #[error("the engine refuses the parameters of venue {venue:?}: {why}")]
    Parameters {
        /// The venue's name.
        venue: String,
        /// Why.
        why: plimsoll_engine::Rejection,
    },
    /// The journal could not be written.
    #[error("the journal could not be written: {0}")]
    Sink(#[from] SinkError),
    /// An invariant broke: a bug in the engine, never in the scenario.
    #[error("after the replay an invariant does not hold: {0}")]
    Audit(#[from] plimsoll_engine::AuditError),
}

/// A scenario with everything it needs, ready to run.
#[derive(Debug)]
pub struct Replay {
    scenario: Scenario,
    timeline: Timeline,
    books: Vec<Book>,
    config: Config,
    engine: Engine,
}

impl Replay {
    /// Loads prices, draws people, and builds the engine. Whoever comes before their market has
    /// a price waits for it.
    ///
    /// # Errors
    /// [`ReplayError`] as its variants say.
    pub fn prepare(scenario: Scenario) -> Result<Self, ReplayError> {
        let timeline = timeline(&scenario)?;
        let timeline = crate::stress::apply(timeline, &scenario).map_err(|why| {
            let name = scenario.name.clone();
            ScenarioError::Nonsense { name, why }
        })?;
        let openings = openings(&timeline);
        let start = timeline.ticks.first().map_or(Timestamp::EPOCH, |t| t.time);
        let mut config = Config::default();
        let mut books = Vec::with_capacity(scenario.venues.len());
        for (at, venue) in scenario.venues.iter().enumerate() {
            let id = VenueId(u16::try_from(at).unwrap_or(u16::MAX));
            let supplies = if venue.preset.is_kuma() {
                let start = (&openings[..], start);
                Some(kuma::Supplies::prepare(&scenario, venue, start)?)
            } else {
                None
            };
            let options = kyan_supplies(&scenario, venue, (&timeline, &openings))?;
            let composed = composed_supplies(&scenario, venue, (&openings, start))?;
            let (people, traders) = match (&supplies, &options) {
                _ if composed.is_some() => composed
                    .as_ref()
                    .map_or_else(Default::default, composed::Supplies::people),
                (Some(supplies), _) => (supplies.people(), Vec::new()),
                (None, Some(options)) => options.entering(),
                (None, None) if scenario.people.is_some() => {
                    matched(&scenario, venue, (&openings, start))?
                }
                (None, None) => (people(&scenario, venue, (&openings, start))?, Vec::new()),
            };
            let mut book = Book::new(id, venue, (&scenario, &timeline), people, &mut config);
            book.traders = traders;
            book.supplies = supplies;
            if let Some(options) = &options
                && let Some(own) = config.venues.last_mut()
            {
                *own = options.config(own.money());
                book.first_trader = options.before_people();
                book.config = own.clone();
            }
            book.options = options;
            if let Some(supplies) = &composed
                && let Some(own) = config.venues.last_mut()
            {
                *own = supplies.config(own.money());
                book.first_trader = supplies.before_people(venue);
                book.config = own.clone();
            }
            book.composed = composed;
            books.push(book);
        }
        let engine = engine(&config, &scenario)?;
        Ok(Self {
            scenario,
            timeline,
            books,
            config,
            engine,
        })
    }

    /// The engine's parameters: what a journal of this replay begins with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the prices come from.
    #[must_use]
    pub fn provenance(&self) -> &crate::prices::Provenance {
        &self.timeline.provenance
    }

    /// Runs the scenario to its end. Commands go to `sink` before they are applied; `progress` is
    /// told how many of how many ticks are done.
    ///
    /// # Errors
    /// [`ReplayError::Sink`], [`ReplayError::Audit`].
    pub fn run(
        self,
        sink: &mut dyn CommandSink,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Results, ReplayError> {
        let Self {
            scenario,
            timeline,
            books,
            config,
            engine,
        } = self;
        let mut desks: Vec<Box<dyn Desk>> = books
            .into_iter()
            .filter_map(|book| {
                Some(match book.preset {
                    Preset::Tsunamix => {
                        Box::new(tsunamix::TsunamixDesk::new(book)) as Box<dyn Desk>
                    }
                    Preset::Perennial | Preset::PerennialPlus => {
                        Box::new(perennial::PerennialDesk::new(book))
                    }
                    Preset::Gammaswap | Preset::GammaswapV12 => {
                        let venue = &scenario.venues[book.desk()];
                        Box::new(gammaswap::GammaswapDesk::new(
                            book, venue, &scenario, &timeline,
                        ))
                    }
                    Preset::Kuma | Preset::KumaPlus => {
                        Box::new(kuma::KumaDesk::new(book, &scenario, &timeline))
                    }
                    Preset::Kyan | Preset::KyanDerive => {
                        Box::new(kyan::KyanDesk::new(book, &scenario)?)
                    }
                    Preset::Composed => Box::new(composed::ComposedDesk::new(book, &scenario)),
                })
            })
            .collect();
        let mut world = World::new(engine, sink, &config);
        let samples = scenario.people.as_ref().map_or(SAMPLES, |_| FINE);
        let window = run_loop(&mut world, &mut desks, (&timeline, samples), progress)?;
        finish(&scenario, &timeline, &mut world, &desks, window)
    }
}

/// What a Kyan venue needs beside prices.
fn kyan_supplies(
    scenario: &Scenario,
    venue: &Venue,
    prices: (&Timeline, &[Opening]),
) -> Result<Option<Box<kyan::Supplies>>, ReplayError> {
    if !venue.preset.is_kyan() {
        return Ok(None);
    }
    let supplies = kyan::Supplies::prepare(scenario, venue, prices)?;
    Ok(Some(Box::new(supplies)))
}

/// What a composed venue needs beside prices.
fn composed_supplies(
    scenario: &Scenario,
    venue: &Venue,
    opening: (&[Opening], Timestamp),
) -> Result<Option<composed::Supplies>, ReplayError> {
    if venue.preset != Preset::Composed {
        return Ok(None);
    }
    composed::Supplies::prepare(scenario, venue, opening).map(Some)
}

/// The people of a comparison as positions of their own, with each one's trader.
fn matched(
    scenario: &Scenario,
    venue: &Venue,
    (openings, start): (&[Opening], Timestamp),
) -> Result<(Vec<Person>, Vec<u32>), ReplayError> {
    let mut wallets = crate::people::wallets(scenario, start)?;
    crate::people::wait_for_prices(&mut wallets, openings, start);
    let mut positions = crate::people::positions(&wallets);
    if matches!(venue.preset, Preset::Gammaswap | Preset::GammaswapV12) {
        let market = gammaswap::market(&scenario.markets);
        positions.retain(|position| position.person.market == market);
    }
    Ok(positions.iter().map(|p| (p.person, p.trader)).unzip())
}

/// The people of a venue, one position each, in the order in which they arrive.
fn people(
    scenario: &Scenario,
    venue: &Venue,
    (openings, start): (&[Opening], Timestamp),
) -> Result<Vec<Person>, ReplayError> {
    let mut people = match &venue.population.file {
        Some(file) => population::read(file, &scenario.markets)?,
        None => population::draw(
            &venue.population,
            &scenario.markets,
            scenario.seed,
            &venue.name,
            start,
        ),
    };
    for person in &mut people {
        let opens = openings.get(person.market).map_or(start, |o| o.time);
        person.arrives = person.arrives.max(opens);
    }
    people.sort_by_key(|p| p.arrives);
    Ok(people)
}

/// The engine, or which venue's parameters it refuses.
fn engine(config: &Config, scenario: &Scenario) -> Result<Engine, ReplayError> {
    Engine::new(config).map_err(|why| {
        // The first venue without which the others are fine up to it.
        let refused = (1..=config.venues.len()).find(|&count| {
            let mut part = config.clone();
            part.venues.truncate(count);
            Engine::new(&part).is_err()
        });
        let venue = refused.and_then(|count| scenario.venues.get(count - 1));
        ReplayError::Parameters {
            venue: venue.map_or_else(String::new, |v| v.name.clone()),
            why,
        }
    })
}

/// The part of the prices a scenario wants.
fn window(prices: &crate::scenario::Prices) -> Window {
    Window {
        from: prices.from.map_or(Timestamp(i64::MIN), |w| w.0),
        to: prices.to.map_or(Timestamp::MAX, |w| w.0),
    }
}

fn timeline(scenario: &Scenario) -> Result<Timeline, ReplayError> {
    let prices = &scenario.prices;
    if let Some(pool) = &scenario.pool {
        return gammaswap::timeline(scenario, pool);
    }
    let prefer: Vec<&str> = prices.prefer.iter().map(String::as_str).collect();
    let requests: Vec<PriceRequest> = scenario
        .markets
        .iter()
        .map(|m| PriceRequest::new(&m.symbol, &prefer))
        .collect();
    let window = window(prices);
    Ok(match prices.bundle() {
        Some(name) => crate::prices::bundled(name, &requests, window, scenario.seed)?,
        None => crate::prices::load(std::path::Path::new(&prices.source), &requests, window)?,
    })
}

/// When a market gets its first price, and which.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    pub(crate) time: Timestamp,
    pub(crate) price: MarketPrice,
}

/// The markets' first prices, in market order; a timeline has at least one of each.
fn openings(timeline: &Timeline) -> Vec<Opening> {
    (0..timeline.markets.len())
        .filter_map(|market| {
            timeline.ticks.iter().find_map(|tick| {
                let (_, price) = tick.prices.iter().find(|(m, _)| *m == market)?;
                Some(Opening {
                    time: tick.time,
                    price: *price,
                })
            })
        })
        .collect()
}

/// What comes next, in the order of the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Tick,
    Plan,
    Arrival(usize),
}

fn run_loop(
    world: &mut World<'_>,
    desks: &mut [Box<dyn Desk>],
    (timeline, samples): (&Timeline, i64),
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(i64, i64), ReplayError> {
    let (Some(first), Some(last)) = (timeline.ticks.first(), timeline.ticks.last()) else {
        return Ok((0, 0));
    };
    let window = (first.time.millis(), last.time.millis());
    let every = ((window.1 - window.0) / samples).max(1);
    let mut sample_at = first.time.millis();
    let mut plans = Plans::default();
    let openings = openings(timeline);
    for desk in desks.iter_mut() {
        for body in desk.begin(&mut plans, first.time, &openings) {
            world.submit(desk.as_mut(), &mut plans, first.time, body)?;
        }
    }
    let mut arrived = vec![0usize; desks.len()];
    let mut ticks = timeline.ticks.iter().enumerate().peekable();
    loop {
        let next_tick = ticks.peek().map(|(_, tick)| (tick.time, Next::Tick));
        let next_plan = plans.next_time().map(|time| (time, Next::Plan));
        let next_arrival = (0..desks.len())
            .filter_map(|d| {
                let person = desks[d].people().get(arrived[d])?;
                Some((person.arrives, Next::Arrival(d)))
            })
            .min();
        let Some((time, next)) = [next_tick, next_plan, next_arrival]
            .into_iter()
            .flatten()
            .min()
        else {
            break;
        };
        // Agents may plan beyond the last price; nothing happens without a market.
        if time > last.time {
            break;
        }
        match next {
            Next::Tick => {
                let Some((at, tick)) = ticks.next() else {
                    break;
                };
                for desk in desks.iter_mut() {
                    for body in desk.tick(tick) {
                        world.submit(desk.as_mut(), &mut plans, time, body)?;
                    }
                }
                if time.millis() >= sample_at {
                    sample(world, desks, time);
                    sample_at = sample_at.saturating_add(every);
                }
                progress(at + 1, timeline.ticks.len());
            }
            Next::Plan => {
                if let Some((desk, plan)) = plans.pop() {
                    let desk = desks[desk].as_mut();
                    // A round of top-ups is many people's, and so are its like: one refusal does not
                    // stop the others.
                    let together = !matches!(
                        plan,
                        Plan::TopUps | Plan::Rebalance | Plan::Sweep(_) | Plan::PartnersLeave
                    );
                    for body in desk.act(plan, world.engine(), &mut plans, time) {
                        if !world.submit(desk, &mut plans, time, body)? && together {
                            break;
                        }
                    }
                }
            }
            Next::Arrival(d) => {
                let desk = desks[d].as_mut();
                let person = arrived[d];
                arrived[d] += 1;
                for body in desk.arrive(person) {
                    if !world.submit(desk, &mut plans, time, body)? {
                        break;
                    }
                }
            }
        }
    }
    sample(world, desks, last.time);
    Ok(window)
}

fn sample(world: &World<'_>, desks: &mut [Box<dyn Desk>], at: Timestamp) {
    for desk in desks.iter_mut() {
        let collector = world.collector(desk.venue());
        desk.sample(world.engine(), collector, at);
    }
}

fn finish(
    scenario: &Scenario,
    timeline: &Timeline,
    world: &mut World<'_>,
    desks: &[Box<dyn Desk>],
    window: (i64, i64),
) -> Result<Results, ReplayError> {
    world.finish()?;
    let engine = world.engine();
    engine.audit()?;
    let path = Path::new(timeline);
    let venues = desks
        .iter()
        .map(|desk| VenueResults {
            measures: desk.meter().measures(&path),
            ..desk.results(engine, world.collector(desk.venue()))
        })
        .collect();
    let moved: u64 = world.movements();
    Ok(Results {
        name: scenario.name.clone(),
        description: scenario.description.clone(),
        seed: scenario.seed,
        scenario: scenario.to_toml(),
        provenance: sources(timeline, desks, crate::stress::changed(scenario)),
        window,
        markets: scenario.markets.iter().map(|m| m.symbol.clone()).collect(),
        prices: price_lines(timeline),
        stresses: crate::stress::described(scenario),
        venues,
        commands: engine.accepted(),
        events: world.events(),
        state_hash: engine.state_hash().to_string(),
        conservation: format!(
            "Every unit is accounted for: {moved} money movements, each asset's holders sum to \
             zero with what the outside world brought in, no holder is below zero that may not \
             be, and each venue's own totals agree with the ledger."
        ),
    })
}

/// Where prices come from, and what desks use beside them, each line once.
fn sources(timeline: &Timeline, desks: &[Box<dyn Desk>], stressed: Option<String>) -> Vec<String> {
    let prices = timeline.provenance.to_string();
    let prices = prices.lines().map(str::to_owned);
    let mut lines: Vec<String> = stressed.into_iter().chain(prices).collect();
    for line in desks.iter().flat_map(|desk| desk.sources()) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// Prices to draw: at most some 2,000 points a market, lows and highs of each stretch kept.
fn price_lines(timeline: &Timeline) -> Vec<Line> {
    const STRETCHES: usize = 1_000;
    timeline
        .markets
        .iter()
        .enumerate()
        .map(|(market, symbol)| {
            let points: Vec<(i64, f64)> = timeline
                .ticks
                .iter()
                .flat_map(|t| t.prices.iter().map(move |(m, p)| (t.time.millis(), *m, *p)))
                .filter(|(_, m, _)| *m == market)
                .map(|(time, _, price)| {
                    (
                        time,
                        crate::results::Amount::new(price.raw(), 18).approximate(),
                    )
                })
                .collect();
            let per = points.len().div_ceil(STRETCHES).max(1);
            let mut line = Line {
                label: symbol.clone(),
                ..Line::default()
            };
            for stretch in points.chunks(per) {
                let by_price = |a: &&(i64, f64), b: &&(i64, f64)| a.1.total_cmp(&b.1);
                let low = stretch.iter().min_by(by_price);
                let high = stretch.iter().max_by(by_price);
                let mut kept: Vec<(i64, f64)> = low.into_iter().chain(high).copied().collect();
                kept.sort_by_key(|(time, _)| *time);
                kept.dedup();
                for (time, price) in kept {
                    line.times.push(time);
                    line.values.push(price);
                }
            }
            line
        })
        .collect()
}

/// People by venue, for tests and tools.
#[must_use]
pub fn people_of(replay: &Replay) -> Vec<&[Person]> {
    replay.books.iter().map(|b| b.people.as_slice()).collect()
}

//! A TsunamiX venue full of positions, the same in every run.
//!
//! Positions are not opened all at one price: the market moves between waves of opening, and what
//! is liquidated on the way opens again at the end. So the distances to liquidation are spread
//! down to next to nothing, as in a market that has been running, and a calm path has accounts
//! to reach.
//!
//! Units: prices raw with 18 decimals, money raw with 6, time in milliseconds.

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::venues::tsunamix::{
    self, Command as Tsunamix, MarketParams, PriceUpdate, TsunamiX,
};
use plimsoll_engine::venues::{Execution, Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine, Event};
use plimsoll_units::{
    AccountId, Amount, AssetId, MarketId, Notional, Price, Side, Timestamp, VenueId,
};

use crate::chance::Chance;

/// One whole unit of money.
pub const USD: i128 = 1_000_000;
/// 10 October 2025, 16:00 UTC: the beginning of an epoch of 8 hours.
const START: i64 = 1_760_112_000_000;
const KEEPER: AccountId = AccountId(0);
const PROVIDER: AccountId = AccountId(1);
const FIRST_TRADER: u32 = 2;
/// Offsets of prices are counted in these parts of the base price.
pub const PARTS: i128 = 100_000_000;
/// One basis point in [`PARTS`].
pub const BASIS_POINT: i64 = 10_000;
const MINUTE: i64 = 60_000;

/// What to fill a venue with.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Markets.
    pub markets: u16,
    /// Accounts, each with one isolated position.
    pub accounts: u32,
    /// So many first accounts are in the first market, and so on; else markets are drawn.
    pub accounts_each: Option<u32>,
    /// Waves of opening, ten minutes apart, each at other prices.
    pub waves: u32,
    /// How far the prices of a wave are from the base at most, in basis points.
    pub spread_bp: i64,
    /// Least and most leverage, in tenths.
    pub leverage_e1: (i64, i64),
    /// Share of longs.
    pub longs_percent: u32,
    /// Who liquidates.
    pub execution: Execution,
}

impl Plan {
    /// 64 markets and an even mix of longs and shorts at 2x to 20x.
    #[must_use]
    pub const fn many_markets(accounts: u32) -> Self {
        Self {
            markets: 64,
            accounts,
            accounts_each: None,
            waves: 16,
            spread_bp: 600,
            leverage_e1: (20, 200),
            longs_percent: 50,
            execution: Execution::Engine { keeper: KEEPER },
        }
    }

    /// One market, longs in the majority at 3x to 25x: a gap of 10 % liquidates about 40 % of the
    /// positions.
    #[must_use]
    pub const fn one_market(accounts: u32) -> Self {
        Self::alike_markets(1, accounts)
    }

    /// Markets like that of [`Plan::one_market`], one after the other.
    #[must_use]
    pub const fn alike_markets(markets: u16, accounts_each: u32) -> Self {
        Self {
            markets,
            accounts: accounts_each * markets as u32,
            accounts_each: Some(accounts_each),
            waves: 1,
            spread_bp: 0,
            leverage_e1: (30, 250),
            longs_percent: 60,
            execution: Execution::Engine { keeper: KEEPER },
        }
    }
}

/// An engine with one TsunamiX venue, and where its prices and clock are.
#[derive(Debug, Clone)]
pub struct World {
    /// The engine.
    pub engine: Engine,
    /// The parameters the engine was made with.
    pub config: Config,
    prices: Prices,
    /// Every command so far, when they are kept.
    kept: Option<Vec<Command>>,
}

/// Where the clock and the prices are: each market's price is its base and an offset.
#[derive(Debug, Clone)]
struct Prices {
    clock: i64,
    version: u64,
    base: Vec<i128>,
    offsets: Vec<i64>,
}

impl Prices {
    fn new(markets: u16, chance: &mut Chance) -> Self {
        // From a cent to a hundred thousand, as coins have them.
        let base = (0..markets).map(|_| {
            let digits = chance.below(7);
            i128::from(chance.between(100_000, 999_999)) * 10i128.pow(11 + digits)
        });
        Self {
            clock: START,
            version: 0,
            base: base.collect(),
            offsets: vec![0; markets.into()],
        }
    }

    /// The command with all prices as they stand.
    fn publish(&mut self) -> Command {
        self.version += 1;
        let updates = (0..).zip(self.base.iter().zip(&self.offsets));
        let updates = updates.map(|(market, (base, offset))| PriceUpdate {
            market: MarketId(market),
            version: self.version,
            published: Timestamp(self.clock),
            price: Price::from_raw(base + base / PARTS * i128::from(*offset)),
        });
        self.command(Tsunamix::Prices(updates.collect()))
    }

    /// Takes the prices of a command over.
    fn take_over(&mut self, command: &Command) {
        self.clock = command.time.0;
        let Body::TsunamiX(Tsunamix::Prices(updates)) = &command.body else {
            return;
        };
        for update in updates {
            let (market, base) = (update.market.index(), self.base[update.market.index()]);
            let moved = (update.price.raw() - base) / (base / PARTS);
            self.offsets[market] = i64::try_from(moved).expect("prices stay near their base");
            self.version = update.version;
        }
    }

    const fn command(&self, body: Tsunamix) -> Command {
        Command {
            time: Timestamp(self.clock),
            venue: VenueId(0),
            body: Body::TsunamiX(body),
        }
    }
}

impl World {
    /// Fills a venue.
    ///
    /// # Panics
    /// When the engine refuses a command: the plan asks for something the venue does not allow.
    #[must_use]
    pub fn build(plan: &Plan) -> Self {
        Self::fill(plan, None).0
    }

    /// As [`World::build`], with every command that was applied.
    ///
    /// # Panics
    /// As [`World::build`].
    #[must_use]
    pub fn build_and_keep(plan: &Plan) -> (Self, Vec<Command>) {
        Self::fill(plan, Some(Vec::new()))
    }

    fn fill(plan: &Plan, kept: Option<Vec<Command>>) -> (Self, Vec<Command>) {
        let mut chance = Chance::new(u64::from(plan.accounts));
        let mut world = Self::empty(plan, &mut chance, kept);
        world.fund_vault(plan);
        let mut gone = Vec::new();
        let mut next = 0;
        for wave in 1..=plan.waves {
            let spread = if wave == plan.waves {
                0
            } else {
                plan.spread_bp
            };
            for offset in &mut world.prices.offsets {
                *offset = chance.between(-spread, spread) * BASIS_POINT;
            }
            world.prices.clock += 10 * MINUTE;
            let command = world.prices.publish();
            gone.extend(world.must_apply(command));
            let until = u64::from(plan.accounts) * u64::from(wave) / u64::from(plan.waves);
            while u64::from(next) < until {
                gone.extend(world.open(plan, &mut chance, AccountId(FIRST_TRADER + next)));
                next += 1;
            }
        }
        // Fees alone can liquidate while the others open again.
        while let Some(account) = gone.pop() {
            let again = world.open(plan, &mut chance, account);
            gone.extend(again);
        }
        let kept = world.kept.take().unwrap_or_default();
        (world, kept)
    }

    fn empty(plan: &Plan, chance: &mut Chance, kept: Option<Vec<Command>>) -> Self {
        let tick = Price::from_raw(10_000_000_000);
        let markets = (0..plan.markets).map(|i| MarketParams {
            max_leverage: 50,
            ..MarketParams::new(format!("M{i}"), tick)
        });
        let asset = |symbol: &str| Asset {
            symbol: symbol.into(),
            decimals: 6,
        };
        let config = Config {
            assets: vec![asset("USDC"), asset("TLP")],
            venues: vec![VenueConfig::TsunamiX(tsunamix::Config {
                money: AssetId(0),
                shares: AssetId(1),
                execution: plan.execution,
                rules: tsunamix::Rules::tsunamix(),
                markets: markets.collect(),
            })],
        };
        Self {
            engine: Engine::new(&config).expect("the parameters are within their bounds"),
            config,
            prices: Prices::new(plan.markets, chance),
            kept,
        }
    }

    /// Puts enough into the vault to back everything, and lets every cell grow.
    fn fund_vault(&mut self, plan: &Plan) {
        if matches!(plan.execution, Execution::Keepers) {
            self.deposit(KEEPER, USD);
        }
        let money = Amount::from_raw(i128::from(plan.accounts.max(1_000)) * 60_000 * USD);
        self.deposit(PROVIDER, money.raw());
        self.must_apply_body(Tsunamix::AddLiquidity {
            account: PROVIDER,
            amount: money,
        });
        let limit = Notional::from_raw(money.raw() / i128::from(plan.markets));
        for market in (0..plan.markets).map(MarketId) {
            for side in [Side::Long, Side::Short] {
                self.must_apply_body(Tsunamix::SetLimit {
                    market,
                    side,
                    limit,
                });
            }
        }
    }

    fn deposit(&mut self, account: AccountId, raw: i128) -> Vec<AccountId> {
        let amount = Amount::from_raw(raw);
        self.must_apply_body(Tsunamix::Deposit { account, amount })
    }

    /// Deposits what an account needs and opens its position. Returns who was liquidated.
    fn open(&mut self, plan: &Plan, chance: &mut Chance, account: AccountId) -> Vec<AccountId> {
        let market = match plan.accounts_each {
            Some(each) => (account.0 - FIRST_TRADER) / each,
            None => chance.below(plan.markets.into()),
        };
        let market = MarketId(u16::try_from(market).expect("a market of the plan"));
        let side = if chance.below(100) < plan.longs_percent {
            Side::Long
        } else {
            Side::Short
        };
        let (low, high) = plan.leverage_e1;
        let leverage_e1 = i128::from(chance.between(low, high));
        // From 50 to 6,400, each doubling as likely as any other.
        let least = 50i128 << chance.below(7);
        let collateral = least * USD + i128::from(chance.below(1_000_000)) * least;
        let size = collateral * leverage_e1 / 10;
        let mut gone = self.deposit(account, collateral + size / 500);
        gone.extend(self.must_apply_body(Tsunamix::Open {
            account,
            market,
            side,
            collateral: Amount::from_raw(collateral),
            size: Notional::from_raw(size),
            acceptable: None,
        }));
        gone
    }

    /// The commands of a path: `step` gives each market's next offset from (market, offset now),
    /// then the clock moves by `every` milliseconds and all prices are published. The world itself
    /// stays where it is; [`World::follow`] walks.
    pub fn path(
        &self,
        updates: usize,
        every: i64,
        mut step: impl FnMut(usize, i64) -> i64,
    ) -> Vec<Command> {
        let mut ahead = self.prices.clone();
        let commands = (0..updates).map(|_| {
            for (market, offset) in ahead.offsets.iter_mut().enumerate() {
                *offset = step(market, *offset);
            }
            ahead.clock += every;
            ahead.publish()
        });
        commands.collect()
    }

    /// Applies commands of a path.
    ///
    /// # Panics
    /// When the engine refuses one.
    pub fn follow(&mut self, commands: &[Command]) {
        for command in commands {
            self.engine.apply(command).expect("a path is accepted");
            self.prices.take_over(command);
        }
    }

    /// The venue.
    ///
    /// # Panics
    /// Never: there is one, and it is TsunamiX.
    #[must_use]
    pub fn venue(&self) -> &TsunamiX {
        venue_of(&self.engine)
    }

    /// A command at the world's time.
    #[must_use]
    pub const fn command(&self, body: Tsunamix) -> Command {
        self.prices.command(body)
    }

    fn must_apply_body(&mut self, body: Tsunamix) -> Vec<AccountId> {
        let command = self.command(body);
        self.must_apply(command)
    }

    /// Applies a command; returns who was liquidated.
    fn must_apply(&mut self, command: Command) -> Vec<AccountId> {
        let events = match self.engine.apply(&command) {
            Ok(events) => events,
            Err(rejection) => panic!("{rejection}: {command:?}"),
        };
        let gone = events.iter().filter_map(|event| match event {
            Event::Case(CaseEvent::Closed { target, .. }) => Some(target.account),
            _ => None,
        });
        let gone = gone.collect();
        if let Some(kept) = &mut self.kept {
            kept.push(command);
        }
        gone
    }
}

/// The TsunamiX venue of an engine.
///
/// # Panics
/// When its first venue is another.
#[must_use]
pub fn venue_of(engine: &Engine) -> &TsunamiX {
    match engine.venue(VenueId(0)) {
        Some(Venue::TsunamiX(venue)) => venue,
        _ => panic!("the engine of a benchmark has one TsunamiX venue"),
    }
}

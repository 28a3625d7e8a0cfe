//! A composed venue in an engine, driven by commands, with a naive reference beside it.

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::liquidation::Stage;
use plimsoll_engine::liquidation::stages::ForceClose;
use plimsoll_engine::venues::composed::{
    Backstops, Command, Composed, Config, Fill, FundTerms, Limits, Lock, Margin, Market, Refusal,
    Scenarios, Trigger, VaultTerms,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{self as engine, Body, Engine, Event, Rejection};
use plimsoll_units::{AccountId, AssetId, Duration, MarketId, Rounding, Timestamp, VenueId, Wide};

/// One of anything, in pips.
pub(crate) const ONE: i128 = 100_000_000;
pub(crate) const STREET: AccountId = AccountId(0);
pub(crate) const FUND: AccountId = AccountId(1);
pub(crate) const VAULT: AccountId = AccountId(2);
pub(crate) const KEEPER: AccountId = AccountId(3);
pub(crate) const ANN: AccountId = AccountId(4);
pub(crate) const BOB: AccountId = AccountId(5);
pub(crate) const BTC: MarketId = MarketId(0);
pub(crate) const ETH: MarketId = MarketId(1);

pub(crate) fn market(maintenance_percent: u64) -> Market {
    Market {
        step: 1,
        initial: maintenance_percent * 2_000_000,
        maintenance: maintenance_percent * 1_000_000,
    }
}

/// Moves of both markets together and against each other, by 15 and 25 %.
pub(crate) fn scenarios(markets: usize) -> Scenarios {
    let move_of = |by: i32, other: i32| {
        let moves = (0..markets).map(|at| if at % 2 == 0 { by } else { other });
        moves.collect::<Vec<_>>()
    };
    Scenarios {
        moves_e5: vec![
            move_of(15_000, 20_000),
            move_of(-15_000, -20_000),
            move_of(15_000, -5_000),
            move_of(-15_000, 5_000),
            move_of(25_000, 30_000),
            move_of(-25_000, -30_000),
        ],
        least_e5: 1_000,
        initial_e5: 140_000,
    }
}

/// Two markets, a fund and a vault; liquidations are closed against the vault.
pub(crate) fn design(margin: Margin) -> Config {
    Config {
        money: AssetId(0),
        markets: vec![market(5), market(10)],
        margin,
        trigger: Trigger::default(),
        lock: Lock::None,
        procedure: vec![Stage::ForceClose(ForceClose)],
        backstops: Backstops {
            fund: Some(FundTerms {
                policy: Default::default(),
                cover_e5: 0,
                reduction_discount_e5: 50_000,
            }),
            vault: Some(VaultTerms {
                inventory_e5: 0,
                stop_loss_e5: 0,
                reserve_e5: 10_000,
            }),
            counterparties_max: 100,
            ..Backstops::default()
        },
        limits: Limits::default(),
        retry: Duration(1_000),
    }
}

/// A design in which no case is ever opened: what the core does, and nothing else.
pub(crate) fn watched(margin: Margin) -> Config {
    let mut config = design(margin);
    config.trigger.confirmations = u8::MAX;
    config.trigger.grace = Duration(20 * 24 * 3_600_000);
    config
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: i64,
    pub(crate) events: Vec<Event>,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        Self::try_new(config).unwrap()
    }

    pub(crate) fn try_new(config: Config) -> Result<Self, Rejection> {
        let asset = Asset {
            symbol: "USD".to_owned(),
            decimals: 8,
        };
        let engine = Engine::new(&engine::Config {
            assets: vec![asset],
            venues: vec![VenueConfig::Composed(Box::new(config))],
        })?;
        Ok(Self {
            engine,
            now: 1_760_000_000_000,
            events: Vec::new(),
        })
    }

    /// With marks, a rich street, and so many participants with 1,000 each.
    pub(crate) fn ready(config: Config, participants: u32) -> Self {
        let mut world = Self::new(config);
        world.prices(&[(BTC, 100), (ETH, 10)]);
        world.deposit(STREET, 10_000_000);
        for at in 0..participants {
            world.deposit(AccountId(ANN.0 + at), 1_000);
        }
        world
    }

    pub(crate) fn venue(&self) -> &Composed {
        match self.engine.venue(VenueId(0)) {
            Some(Venue::Composed(venue)) => venue,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn run(&mut self, command: Command) -> Result<(), Rejection> {
        let command = engine::Command {
            time: Timestamp(self.now),
            venue: VenueId(0),
            body: Body::Composed(command),
        };
        self.events.clear();
        self.events = self.engine.apply(&command)?.to_vec();
        self.engine.audit().unwrap();
        Ok(())
    }

    /// Applies a command that must be refused, and changes nothing.
    pub(crate) fn refused(&mut self, command: Command) -> Refusal {
        let before = self.engine.snapshot().unwrap();
        match self.run(command) {
            Err(Rejection::Composed(refusal)) => {
                assert!(self.engine.snapshot().unwrap() == before, "{refusal}");
                refusal
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn pass(&mut self, milliseconds: i64) {
        self.now += milliseconds;
    }

    pub(crate) fn deposit(&mut self, account: AccountId, whole: i128) {
        let amount = whole * ONE;
        self.run(Command::Deposit { account, amount }).unwrap();
    }

    /// Marks in whole units of quote.
    pub(crate) fn prices(&mut self, prices: &[(MarketId, u64)]) {
        let pips = prices.iter().map(|(m, p)| (*m, p * 100_000_000)).collect();
        self.run(Command::Prices(pips)).unwrap();
    }

    /// `size` bought from the street at the mark, in hundredths; sold where it is below zero.
    pub(crate) fn trade(
        &mut self,
        account: AccountId,
        market: MarketId,
        hundredths: i64,
    ) -> Result<(), Rejection> {
        let price = self.venue().mark(market).unwrap();
        self.run(fill(account, market, hundredths, price))
    }

    pub(crate) fn equity(&self, account: AccountId) -> i128 {
        self.venue().equity(self.engine.ledger(), account).unwrap()
    }

    pub(crate) fn balance(&self, account: AccountId) -> i128 {
        self.venue().balance(self.engine.ledger(), account).unwrap()
    }

    pub(crate) fn participants(&self) -> impl Iterator<Item = AccountId> + use<> {
        let count = u32::try_from(self.venue().holdings().count()).unwrap();
        (ANN.0..count).map(AccountId)
    }

    /// Everybody under their requirement, by the naive reference.
    pub(crate) fn under(&self) -> Vec<AccountId> {
        let is_under = |account: &AccountId| {
            let (equity, requirement) = naive(self, *account);
            !self.venue().positions(*account).is_empty() && equity < requirement
        };
        self.participants().filter(is_under).collect()
    }
}

pub(crate) fn fill(account: AccountId, market: MarketId, hundredths: i64, price: u64) -> Command {
    let (buyer, seller) = if hundredths > 0 {
        (account, STREET)
    } else {
        (STREET, account)
    };
    Command::Fill(Fill {
        market,
        buyer,
        seller,
        quantity: hundredths.unsigned_abs() * 1_000_000,
        price,
    })
}

/// Equity and requirement by whole sums of 512 bits, rounded once.
pub(crate) fn naive(world: &World, account: AccountId) -> (i128, i128) {
    let venue = world.venue();
    let config = venue.config();
    let pip = Wide::from(ONE);
    let mut value = Wide::from(world.balance(account)).mul(pip).unwrap();
    let (mut summed, mut gross) = (Wide::ZERO, Wide::ZERO);
    for position in venue.positions(account) {
        let price = venue.mark(position.market).unwrap();
        let worth = Wide::product(&[position.size.into(), price.into()]).unwrap();
        let fraction = config.markets[position.market.index()].maintenance;
        value = value.add(worth).unwrap();
        gross = gross.add(worth.abs()).unwrap();
        let part = worth.abs().mul(i128::from(fraction).into()).unwrap();
        summed = summed.add(part).unwrap();
    }
    let ceil = |sum: Wide, unit: i128| {
        let unit = Wide::product(&[unit, ONE]).unwrap();
        sum.div(unit, Rounding::Ceil).unwrap().to_i128().unwrap()
    };
    let equity = value.div(pip, Rounding::Floor).unwrap().to_i128().unwrap();
    let Margin::Portfolio(scenarios) = &config.margin else {
        return (equity, ceil(summed, ONE));
    };
    let share = gross.mul(i128::from(scenarios.least_e5).into()).unwrap();
    let mut requirement = ceil(share, 100_000);
    for moves in &scenarios.moves_e5 {
        let mut loss = Wide::ZERO;
        for position in venue.positions(account) {
            let price = venue.mark(position.market).unwrap();
            let by = i128::from(moves[position.market.index()]);
            let part = Wide::product(&[position.size.into(), price.into(), -by]).unwrap();
            loss = loss.add(part).unwrap();
        }
        requirement = requirement.max(ceil(loss, 100_000));
    }
    (equity, requirement)
}

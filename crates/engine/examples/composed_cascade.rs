//! One gap of 10 % through a composed design with every stage that a cross-margin account can
//! take: how long the one command takes that prices it, and what became of the accounts.
//!
//! `cargo run --release -p plimsoll-engine --example composed_cascade -- 100000`

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::backstop::fund::FundPolicy;
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::liquidation::stages::{
    Acquire, CloseOnBook, Deleverage, HandOff, Hedge, Reduce, Socialise,
};
use plimsoll_engine::liquidation::{CaseEvent, Outcome, Stage, Whose};
use plimsoll_engine::venues::VenueConfig;
use plimsoll_engine::venues::composed::{
    Acquirer, Backstops, Command, Config, Event as Told, Fill, FundTerms, Level, Limits, Lock,
    Margin, Market, Trigger, accounts,
};
use plimsoll_engine::{Body, Command as Timed, Config as EngineConfig, Engine, Event};
use plimsoll_units::{AccountId, AssetId, Duration, MarketId, Timestamp, VenueId};

const ONE: u64 = 100_000_000;
const MARKET: MarketId = MarketId(0);

fn design() -> Config {
    let deleverage = |whose| {
        let policy = Policy::Queue;
        Stage::Deleverage(Deleverage { whose, policy })
    };
    Config {
        money: AssetId(0),
        markets: vec![Market {
            step: 1,
            initial: ONE / 50,
            maintenance: ONE / 100,
        }],
        margin: Margin::Cross,
        trigger: Trigger::default(),
        lock: Lock::All,
        procedure: vec![
            Stage::Hedge(Hedge {
                collar_bps: Some(100),
                cushion_e5: 20_000,
            }),
            Stage::Reduce(Reduce),
            Stage::Acquire(Acquire),
            Stage::HandOff(HandOff),
            Stage::CloseOnBook(CloseOnBook {
                collar_bps: None,
                slices: None,
            }),
            deleverage(Whose::Backstop),
            deleverage(Whose::Account),
            Stage::Socialise(Socialise { same_market: false }),
        ],
        backstops: Backstops {
            fund: Some(FundTerms {
                policy: FundPolicy::default(),
                cover_e5: 1_000,
                reduction_discount_e5: 20_000,
            }),
            vault: None,
            acquirer: Acquirer::Fund,
            penalty_e5: 100,
            counterparties_max: 1_000,
        },
        limits: Limits::default(),
        retry: Duration(1_000),
    }
}

/// The venue with a clock that ticks once a command.
struct Venue {
    engine: Engine,
    now: i64,
}

impl Venue {
    fn tell(&mut self, command: Command) -> Result<&[Event], Box<dyn Error>> {
        self.now += 1;
        let timed = Timed {
            time: Timestamp(self.now),
            venue: VenueId(0),
            body: Body::Composed(command),
        };
        Ok(self.engine.apply(&timed)?)
    }

    fn deposit(&mut self, account: AccountId, whole: u64) -> Result<(), Box<dyn Error>> {
        let amount = i128::from(whole * ONE);
        self.tell(Command::Deposit { account, amount })?;
        Ok(())
    }

    /// Half the accounts long, half short against them, at 5 to 24 times their money.
    fn populate(&mut self, count: u32) -> Result<(), Box<dyn Error>> {
        self.deposit(accounts::STREET, 1_000_000)?;
        self.deposit(accounts::FUND, 20 * u64::from(count))?;
        self.tell(Command::Prices(vec![(MARKET, 1_000 * ONE)]))?;
        for pair in 0..count / 2 {
            let buyer = AccountId(accounts::FIRST.0 + 2 * pair);
            let seller = AccountId(buyer.0 + 1);
            let leverage = u64::from(5 + pair % 20);
            self.deposit(buyer, 100)?;
            self.deposit(seller, 100)?;
            self.tell(Command::Fill(Fill {
                market: MARKET,
                buyer,
                seller,
                quantity: leverage * ONE / 10,
                price: 1_000 * ONE,
            }))?;
        }
        let level = |price: u64| Level {
            price: price * ONE,
            quantity: u64::from(count) * ONE / 100,
        };
        let bids = (0..10).map(|n| level(899 - n)).collect();
        self.tell(Command::Quotes {
            market: MARKET,
            bids,
            asks: Vec::new(),
        })?;
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(100_000), |n| n.parse())?;
    let engine = Engine::new(&EngineConfig {
        assets: vec![Asset {
            symbol: "USD".to_owned(),
            decimals: 8,
        }],
        venues: vec![VenueConfig::Composed(Box::new(design()))],
    })?;
    let mut venue = Venue { engine, now: 0 };
    let start = Instant::now();
    venue.populate(count)?;
    println!("{count} accounts opened in {:?}", start.elapsed());
    let start = Instant::now();
    let events = venue.tell(Command::Prices(vec![(MARKET, 900 * ONE)]))?;
    let (took, told) = (start.elapsed(), events.len());
    let mut tally: BTreeMap<String, u32> = BTreeMap::new();
    for event in events {
        let name = match event {
            Event::Composed(Told::Moved { taker, .. }) => format!("moved to {taker:?}"),
            Event::Composed(Told::Unpaid { .. }) => "unpaid".to_owned(),
            Event::Composed(Told::Socialised { .. }) => "shares of a loss".to_owned(),
            Event::Case(CaseEvent::Opened(_)) => "cases opened".to_owned(),
            Event::Case(CaseEvent::Blocked { .. }) => "cases blocked".to_owned(),
            Event::Case(CaseEvent::Closed { outcome, .. }) => match outcome {
                Outcome::Recovered => "recovered".to_owned(),
                Outcome::Liquidated { shortfall: 0 } => "closed without a shortfall".to_owned(),
                Outcome::Liquidated { .. } => "closed with a shortfall".to_owned(),
            },
            _ => continue,
        };
        *tally.entry(name).or_default() += 1;
    }
    println!("a gap of 10 %: {took:?}, {told} events");
    for (name, count) in tally {
        println!("{count:>9} {name}");
    }
    venue.engine.audit()?;
    Ok(())
}

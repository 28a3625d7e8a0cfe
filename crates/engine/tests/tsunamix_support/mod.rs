//! A TsunamiX venue in an engine, small enough to talk to in one-liners.
//!
//! Money and prices are written as decimal text. Every command that is refused is checked to have
//! changed nothing, and every command that is accepted to leave the books and the venue whole.
#![allow(dead_code)]

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::liquidation::Rule;
use plimsoll_engine::venues::tsunamix::{
    Command as Do, Config as VenueSettings, MarketParams, PositionView, PriceUpdate, Rules,
    TsunamiX,
};
use plimsoll_engine::venues::{Execution, Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine, Event};
use plimsoll_units::{
    AccountId, Amount, AssetId, MarketId, Notional, PositionId, Price, Side, Timestamp, VenueId,
};

pub(crate) const VENUE: VenueId = VenueId(0);
/// 2025-10-10 00:00 UTC, the beginning of an epoch.
pub(crate) const START: i64 = 1_760_054_400_000;
pub(crate) const HOUR: i64 = 3_600_000;

pub(crate) fn usd(text: &str) -> Amount<6> {
    text.parse().unwrap()
}

pub(crate) fn size(text: &str) -> Notional<6> {
    text.parse().unwrap()
}

pub(crate) fn price(text: &str) -> Price<18> {
    text.parse().unwrap()
}

/// A market without funding, so that only what a test is about moves.
pub(crate) fn quiet_market(symbol: &str) -> MarketParams {
    let mut params = MarketParams::new(symbol, price("0.01"));
    params.funding.velocity_factor = 0;
    params.borrow_rate_e6 = plimsoll_engine::venues::tsunamix::Sides::both(0);
    params
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: i64,
    versions: Vec<u64>,
}

impl World {
    pub(crate) fn new(execution: Execution, rules: Rules, markets: Vec<MarketParams>) -> Self {
        let asset = |symbol: &str| Asset {
            symbol: symbol.into(),
            decimals: 6,
        };
        let versions = vec![0; markets.len()];
        let venue = VenueSettings {
            money: AssetId(0),
            shares: AssetId(1),
            execution,
            rules,
            markets,
        };
        let config = Config {
            assets: vec![asset("TUSD"), asset("TLP")],
            venues: vec![VenueConfig::TsunamiX(venue)],
        };
        Self {
            engine: Engine::new(&config).unwrap(),
            now: START,
            versions,
        }
    }

    /// One market, engine mode, no bounties: account 0 is the keeper, 1 the provider with
    /// 1,000,000 in the vault, 2 a trader with 100,000.
    pub(crate) fn funded(rules: Rules, markets: Vec<MarketParams>) -> Self {
        Self::with(
            Execution::Engine {
                keeper: AccountId(0),
            },
            rules,
            markets,
        )
    }

    pub(crate) fn with(execution: Execution, rules: Rules, markets: Vec<MarketParams>) -> Self {
        let mut world = Self::new(execution, rules, markets);
        if execution == Execution::Keepers {
            world.deposit(0, "1");
        }
        world.deposit(1, "1000000");
        world.ok(Do::AddLiquidity {
            account: AccountId(1),
            amount: usd("1000000"),
        });
        world.deposit(2, "100000");
        world
    }

    pub(crate) fn venue(&self) -> &TsunamiX {
        match self.engine.venue(VENUE) {
            Some(Venue::TsunamiX(venue)) => venue,
            other => panic!("not the venue: {other:?}"),
        }
    }

    /// Applies a command; an acceptance keeps the invariants, a refusal changes nothing.
    pub(crate) fn apply(&mut self, command: Do) -> Result<Vec<Event>, String> {
        let command = Command {
            time: Timestamp(self.now),
            venue: VENUE,
            body: Body::TsunamiX(command),
        };
        let before = self.engine.state_hash();
        let result = self.engine.apply(&command).map(<[Event]>::to_vec);
        match result {
            Ok(events) => {
                self.engine.audit().unwrap();
                Ok(events)
            }
            Err(rejection) => {
                assert_eq!(self.engine.state_hash(), before, "{command:?} left traces");
                Err(rejection.to_string())
            }
        }
    }

    #[track_caller]
    pub(crate) fn ok(&mut self, command: Do) -> Vec<Event> {
        self.apply(command).unwrap()
    }

    #[track_caller]
    pub(crate) fn refused(&mut self, command: Do) -> String {
        self.apply(command).unwrap_err()
    }

    pub(crate) fn wait(&mut self, hours: i64) {
        self.now += hours * HOUR;
    }

    pub(crate) fn deposit(&mut self, account: u32, amount: &str) -> Vec<Event> {
        self.ok(Do::Deposit {
            account: AccountId(account),
            amount: usd(amount),
        })
    }

    pub(crate) fn price_update(&mut self, market: u16, to: Price<18>) -> PriceUpdate {
        let version = &mut self.versions[usize::from(market)];
        *version += 1;
        PriceUpdate {
            market: MarketId(market),
            version: *version,
            published: Timestamp(self.now),
            price: to,
        }
    }

    #[track_caller]
    pub(crate) fn price(&mut self, market: u16, to: &str) -> Vec<Event> {
        let update = self.price_update(market, price(to));
        self.ok(Do::Prices(vec![update]))
    }

    pub(crate) fn opening(account: u32, side: Side, collateral: &str, notional: &str) -> Do {
        Do::Open {
            account: AccountId(account),
            market: MarketId(0),
            side,
            collateral: usd(collateral),
            size: size(notional),
            acceptable: None,
        }
    }

    #[track_caller]
    pub(crate) fn open(
        &mut self,
        account: u32,
        side: Side,
        collateral: &str,
        size: &str,
    ) -> PositionId {
        let events = self.ok(Self::opening(account, side, collateral, size));
        opened(&events).expect("a position was opened")
    }

    pub(crate) fn close(account: u32, position: PositionId) -> Do {
        Do::Close {
            account: AccountId(account),
            position,
            acceptable: None,
        }
    }

    pub(crate) fn wallet(&self, account: u32) -> String {
        let wallet = self
            .venue()
            .wallet(self.engine.ledger(), AccountId(account));
        wallet.unwrap().to_string()
    }

    pub(crate) fn tvl(&self) -> String {
        self.venue().tvl(self.engine.ledger()).to_string()
    }

    pub(crate) fn view(&self, id: PositionId) -> PositionView {
        let now = Timestamp(self.now);
        self.venue().view(self.engine.ledger(), id, now).unwrap()
    }

    pub(crate) fn verdict(&self, id: PositionId) -> Option<Rule> {
        let now = Timestamp(self.now);
        self.venue().verdict(self.engine.ledger(), id, now).unwrap()
    }

    pub(crate) fn exists(&self, id: PositionId) -> bool {
        self.venue().positions().get(id).is_some()
    }
}

pub(crate) fn opened(events: &[Event]) -> Option<PositionId> {
    use plimsoll_engine::venues::tsunamix::Event as Happened;
    events.iter().find_map(|event| match event {
        Event::TsunamiX(Happened::Opened { position, .. }) => Some(*position),
        _ => None,
    })
}

/// Events, one a line, as a reader of a log would want them.
pub(crate) fn tell(events: &[Event]) -> String {
    use std::fmt::Write;

    use plimsoll_engine::liquidation::CaseEvent;
    use plimsoll_engine::venues::tsunamix::Event as Happened;
    let money = |raw: i128| Amount::<6>::from_raw(raw);
    let mut text = String::new();
    for event in events {
        match event {
            Event::Money(m) => writeln!(
                text,
                "{} -> {}: {} ({})",
                m.from,
                m.to,
                money(m.amount),
                m.reason
            ),
            Event::Case(CaseEvent::Opened(case)) => writeln!(
                text,
                "{} opened: {}, equity {}, requirement {}",
                case.id,
                case.trigger.rule,
                money(case.trigger.equity),
                money(case.trigger.requirement)
            ),
            Event::Case(CaseEvent::Stage {
                case,
                stage,
                amount,
            }) => writeln!(text, "{case}: {} {}", stage.name(), money(*amount)),
            Event::Case(CaseEvent::Closed { case, outcome, .. }) => {
                writeln!(text, "{case} closed: {outcome:?}")
            }
            Event::Case(other) => writeln!(text, "{other:?}"),
            Event::TsunamiX(Happened::Closed(c)) => writeln!(
                text,
                "{} closed {} at {}: pnl {}, funding {}, borrowing {}, credited {}, excess {}, fee {}, payout {}",
                c.position, c.size, c.price, c.pnl, c.funding, c.borrowing, c.credited, c.excess, c.fee, c.payout
            ),
            Event::TsunamiX(other) => writeln!(text, "{other:?}"),
            Event::Perennial(other) => writeln!(text, "{other:?}"),
            Event::GammaSwap(other) => writeln!(text, "{other:?}"),
            Event::Kuma(other) => writeln!(text, "{other:?}"),
            Event::Kyan(other) => writeln!(text, "{other:?}"),
            Event::Composed(other) => writeln!(text, "{other:?}"),
        }
        .unwrap();
    }
    text
}

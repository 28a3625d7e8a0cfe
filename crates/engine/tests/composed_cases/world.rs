//! A composed venue in whole units, and its events in words.

use std::borrow::Borrow;

use expect_test::Expect;
use plimsoll_engine::ledger::{Asset, Holder, HolderKind};
use plimsoll_engine::liquidation::stages::{Acquire, CloseOnBook};
use plimsoll_engine::liquidation::{CaseEvent, Stage};
use plimsoll_engine::venues::composed::{
    Acquirer, Backstops, Command, Composed, Config, Event as Told, Fill, FundTerms, Level, Limits,
    Lock, Margin, Market, Trigger, VaultTerms, accounts,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command as Timed, Config as EngineConfig, Engine, Event, Rejection};
use plimsoll_units::{AccountId, AssetId, Duration, Fixed, MarketId, Timestamp, VenueId};

pub(crate) const ONE: u64 = 100_000_000;
pub(crate) const VENUE: VenueId = VenueId(0);
pub(crate) const M0: MarketId = MarketId(0);
pub(crate) const M1: MarketId = MarketId(1);
pub(crate) const STREET: AccountId = accounts::STREET;
pub(crate) const FUND: AccountId = accounts::FUND;
pub(crate) const VAULT: AccountId = accounts::VAULT;
pub(crate) const A: AccountId = AccountId(4);
pub(crate) const B: AccountId = AccountId(5);
pub(crate) const C: AccountId = AccountId(6);
pub(crate) const D: AccountId = AccountId(7);

/// Whole units in pips.
pub(crate) fn pips(whole: i128) -> i128 {
    whole * i128::from(ONE)
}

/// Hundredths in pips.
pub(crate) fn cents(hundredths: u64) -> u64 {
    hundredths * ONE / 100
}

/// Two markets with a tenth of initial and a twentieth of maintenance margin, in steps of a
/// thousandth; a fund and a vault without terms.
pub(crate) fn design(margin: Margin, procedure: &[Stage]) -> Config {
    let market = Market {
        step: ONE / 1_000,
        initial: ONE / 10,
        maintenance: ONE / 20,
    };
    Config {
        money: AssetId(0),
        markets: vec![market.clone(), market],
        margin,
        trigger: Trigger::default(),
        lock: Lock::All,
        procedure: procedure.to_vec(),
        backstops: Backstops {
            fund: Some(FundTerms {
                policy: Default::default(),
                cover_e5: 0,
                reduction_discount_e5: 20_000,
            }),
            vault: Some(VaultTerms {
                inventory_e5: 0,
                stop_loss_e5: 0,
                reserve_e5: 0,
            }),
            acquirer: Acquirer::Fund,
            penalty_e5: 0,
            counterparties_max: 100,
        },
        limits: Limits::default(),
        retry: Duration(1_000),
    }
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) engine: Engine,
    now: i64,
}

impl World {
    /// A venue whose street has a million.
    pub(crate) fn of(config: Config) -> Self {
        let mut new = Self::bare(config).expect("a design that fits");
        new.ok(deposit(STREET, pips(1_000_000)));
        new
    }

    pub(crate) fn bare(config: Config) -> Result<Self, Rejection> {
        let money = Asset {
            symbol: "USD".to_owned(),
            decimals: 8,
        };
        let engine = Engine::new(&EngineConfig {
            assets: vec![money],
            venues: vec![VenueConfig::Composed(Box::new(config))],
        })?;
        Ok(Self { engine, now: 0 })
    }

    pub(crate) fn venue(&self) -> &Composed {
        match self.engine.venue(VENUE) {
            Some(Venue::Composed(venue)) => venue,
            other => panic!("not a composed venue: {other:?}"),
        }
    }

    pub(crate) fn equity(&self, account: AccountId) -> i128 {
        self.venue().equity(self.engine.ledger(), account).unwrap()
    }

    pub(crate) fn later(&mut self, millis: i64) {
        self.now += millis;
    }

    /// Applies a command and audits the books, whether it is accepted or not.
    pub(crate) fn apply(&mut self, command: impl Borrow<Command>) -> Result<Vec<Event>, Rejection> {
        let command = command.borrow();
        let before = self.engine.state_hash();
        let timed = Timed {
            time: Timestamp(self.now),
            venue: VENUE,
            body: Body::Composed(command.clone()),
        };
        let done = self.engine.apply(&timed).map(<[Event]>::to_vec);
        if let Err(refused) = &done {
            assert_eq!(self.engine.state_hash(), before, "{command:?}: {refused}");
        }
        if let Err(wrong) = self.engine.audit() {
            panic!("after {command:?}: {wrong}");
        }
        done
    }

    pub(crate) fn ok(&mut self, command: impl Borrow<Command>) -> Vec<Event> {
        let command = command.borrow();
        match self.apply(command) {
            Ok(events) => events,
            Err(refused) => panic!("{command:?}: {refused}"),
        }
    }

    /// What was told of cases, one line each.
    pub(crate) fn tell(&mut self, command: Command) -> String {
        let events = self.ok(command);
        let lines = events.iter().filter_map(told);
        lines.map(|line| line + "\n").collect()
    }

    pub(crate) fn refused(&mut self, command: impl Borrow<Command>) -> String {
        let command = command.borrow();
        match self.apply(command) {
            Ok(_) => panic!("{command:?} was accepted"),
            Err(refused) => refused.to_string() + "\n",
        }
    }

    /// `account` pays in and trades with the street: positive is long.
    pub(crate) fn trader(&mut self, account: AccountId, money: i128, size: i64, price: u64) {
        self.ok(deposit(account, pips(money)));
        self.trade(account, M0, size, price);
    }

    pub(crate) fn trade(&mut self, account: AccountId, market: MarketId, size: i64, price: u64) {
        let (buyer, seller) = if size > 0 {
            (account, STREET)
        } else {
            (STREET, account)
        };
        self.ok(Command::Fill(Fill {
            market,
            buyer,
            seller,
            quantity: size.unsigned_abs() * ONE,
            price: price * ONE,
        }));
    }
}

pub(crate) fn deposit(account: AccountId, amount: i128) -> Command {
    Command::Deposit { account, amount }
}

/// Marks in cents, from the first market on.
pub(crate) fn prices(cents_of: &[u64]) -> Command {
    let marks = (0..).map(MarketId).zip(cents_of.iter().map(|c| cents(*c)));
    Command::Prices(marks.collect())
}

/// Levels in cents and whole units.
pub(crate) fn bids(levels: &[(u64, u64)]) -> Command {
    Command::Quotes {
        market: M0,
        bids: self::levels(levels),
        asks: Vec::new(),
    }
}

pub(crate) fn levels(levels: &[(u64, u64)]) -> Vec<Level> {
    let level = |(price, quantity): &(u64, u64)| Level {
        price: cents(*price),
        quantity: quantity * ONE,
    };
    levels.iter().map(level).collect()
}

pub(crate) const BOOK: Stage = Stage::CloseOnBook(CloseOnBook {
    collar_bps: None,
    slices: None,
});
pub(crate) const ACQUIRE: Stage = Stage::Acquire(Acquire);

/// Cross margin with these stages; A is long 10 at 100; the fund has `fund`.
pub(crate) fn world(procedure: &[Stage], fund: i128, change: impl FnOnce(&mut Config)) -> World {
    let mut config = design(Margin::Cross, procedure);
    change(&mut config);
    let mut world = World::of(config);
    if fund > 0 {
        world.ok(deposit(FUND, pips(fund)));
    }
    world.ok(prices(&[10_000, 5_000]));
    world.trader(A, 100, 10, 100);
    world
}

pub(crate) fn check(world: &mut World, commands: Vec<Command>, expected: &Expect) {
    let told: Vec<String> = commands.into_iter().map(|c| world.tell(c)).collect();
    expected.assert_eq(&told.concat());
}

fn decimal(raw: i128) -> String {
    Fixed::<8>::from_raw(raw).to_string()
}

fn who(holder: &Holder) -> String {
    match holder.kind {
        HolderKind::Margin => name(AccountId(u32::try_from(holder.number).unwrap())),
        _ => holder.to_string(),
    }
}

fn name(account: AccountId) -> String {
    match account {
        accounts::STREET => "street".to_owned(),
        accounts::FUND => "fund".to_owned(),
        accounts::VAULT => "vault".to_owned(),
        accounts::KEEPER => "keeper".to_owned(),
        A => "A".to_owned(),
        B => "B".to_owned(),
        C => "C".to_owned(),
        D => "D".to_owned(),
        other => other.to_string(),
    }
}

/// Cases, what changed hands, and money beside that; marks and trades are left out.
fn told(event: &Event) -> Option<String> {
    use plimsoll_engine::ledger::Reason;
    let event = match event {
        Event::Composed(event) => event,
        Event::Case(event) => return Some(told_case(event)),
        Event::Money(money) => {
            let with_position = matches!(
                money.reason,
                Reason::Trade
                    | Reason::Acquisition
                    | Reason::HandOff
                    | Reason::Deleveraging
                    | Reason::AuctionPayment
                    | Reason::Deposit
            );
            let (from, to) = (who(&money.from), who(&money.to));
            let amount = decimal(money.amount);
            let reason = money.reason;
            return (!with_position).then(|| format!("  {from} pays {to} {amount}: {reason}"));
        }
        _ => return None,
    };
    Some(match event {
        Told::Marked { .. } => return None,
        Told::Moved {
            market,
            from,
            to,
            taker,
            size,
            price,
            quote,
            ..
        } => format!(
            "  {} gives {} {} of {market} at {} for {}: {taker:?}",
            name(*from),
            name(*to),
            decimal((*size).into()),
            decimal((*price).into()),
            decimal(*quote),
        ),
        Told::Auctioned { case, level } => format!("{case} is auctioned at level {level}"),
        Told::Socialised {
            account, amount, ..
        } => format!("  {} shares {}", name(*account), decimal(*amount)),
        Told::Unpaid {
            account, amount, ..
        } => format!("  {} of {} is unpaid", decimal(*amount), name(*account)),
        Told::Warned {
            account,
            equity,
            requirement,
        } => format!(
            "{} is warned: {} of {}",
            name(*account),
            decimal(*equity),
            decimal(*requirement)
        ),
        Told::Relieved { account } => format!("{} is relieved", name(*account)),
    })
}

fn told_case(event: &CaseEvent) -> String {
    match event {
        CaseEvent::Opened(case) => format!(
            "{} of {}: {} of {}",
            case.id,
            name(case.target.account),
            decimal(case.trigger.equity),
            decimal(case.trigger.requirement)
        ),
        CaseEvent::Stage {
            case,
            stage,
            amount,
        } => format!("{case} {}: {}", stage.name(), decimal(*amount)),
        CaseEvent::Blocked { case, reason } => format!("{case} blocked: {}", reason.text()),
        CaseEvent::Closed { case, outcome, .. } => format!("{case} closed: {outcome:?}"),
    }
}

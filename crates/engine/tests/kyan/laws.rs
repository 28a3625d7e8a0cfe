//! What holds in every history of a Kyan venue, whatever traders, bidders, partners, prices and
//! surfaces do, and however wrong the commands are. `World::send` audits the money and the sizes
//! after every command, and sees that a refused one changes no byte; an engine restored from a
//! snapshot in the middle is told everything too and has to do the same.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::Event;
use plimsoll_engine::book::{SelfTrade, Side, TimeInForce};
use plimsoll_engine::margin::portfolio::Portfolio;
use plimsoll_engine::margin::portfolio::decompose::{Kind, Pairing, decompose};
use plimsoll_engine::pricing::Leg;
use plimsoll_engine::venues::kyan::{
    Command, Event as Happened, Guards, IndexUpdate, InstrumentId, OptionTerms, OrderRequest,
    PhaseName, Stage,
};
use plimsoll_units::{AccountId, Amount, Duration, MarketId, Price, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::naive::{self, Margin};
use crate::world::{DAY, PAIR, Quote, START, World, call, config, put};

const ACCOUNTS: u32 = 8;
const INSTRUMENTS: u32 = 10;
const LOT: i64 = 10_000;

fn quotes() -> Vec<Quote> {
    vec![
        call(100_000, 1, 55),
        put(95_000, 1, 60),
        call(105_000, 1, 57),
        call(110_000, 14, 58),
        call(120_000, 14, 60),
        put(90_000, 14, 66),
        put(80_000, 14, 72),
        call(100_000, 14, 58),
        put(100_000, 14, 58),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    /// The index moves by so many thousandths, the perpetual stands so many hundred-thousandths off.
    Index(i64, i64),
    /// Volatilities move by so many points.
    Surface(i64),
    Wait(i64),
    /// Past the nearest expiry, and whether it is settled then.
    Expiry(bool),
    /// Account, instrument, buys, lots, ticks of 0.1 % of the index from fair value, kind of order.
    Place(u32, u32, bool, i64, i64, u8),
    /// Somebody takes lots of one of the engine's orders, whichever it is, and maybe a better price.
    Take(u32, usize, i64),
    Cancel(u32, u32, u64),
    CancelAll(u32),
    Deposit(u32, i64),
    Withdraw(u32, i64),
    Transfer(u32, u32, i64),
    Funding,
    Bid(u32, u32, u64),
    Quote(u32, u32, i64),
    Fund(i64),
    List(i64),
    Open(u32),
}

fn step() -> impl Strategy<Value = Step> {
    // One above the last is an account, or an instrument, that is not there.
    let who = 0..=ACCOUNTS;
    let what = 0..=INSTRUMENTS;
    let money =
        prop_oneof![4 => 1i64..50_000_000_000, 1 => Just(0), 1 => Just(-1), 1 => Just(i64::MAX)];
    prop_oneof![
        8 => (-35i64..35, -40i64..40).prop_map(|(p, b)| Step::Index(p, b)),
        1 => (-300i64..300, Just(0)).prop_map(|(p, b)| Step::Index(p, b)),
        1 => (-15i64..20).prop_map(Step::Surface),
        6 => (0i64..70_000).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::Expiry),
        20 => (who.clone(), what.clone(), any::<bool>(), 0i64..300, -15i64..15, 0u8..16)
            .prop_map(|(a, i, b, q, p, k)| Step::Place(a, i, b, q, p, k)),
        12 => (who.clone(), 0usize..40, 1i64..400).prop_map(|(a, n, q)| Step::Take(a, n, q)),
        1 => (who.clone(), what, 0u64..60).prop_map(|(a, i, o)| Step::Cancel(a, i, o)),
        1 => who.clone().prop_map(Step::CancelAll),
        4 => (who.clone(), money.clone()).prop_map(|(a, m)| Step::Deposit(a, m)),
        1 => (who.clone(), money.clone()).prop_map(|(a, m)| Step::Withdraw(a, m)),
        1 => (who.clone(), who.clone(), money.clone()).prop_map(|(a, b, m)| Step::Transfer(a, b, m)),
        1 => Just(Step::Funding),
        3 => (who.clone(), who.clone(), 0u64..=1_000_000_001).prop_map(|(a, b, s)| Step::Bid(a, b, s)),
        2 => (who.clone(), 0u32..1_000_001, -1i64..200_000).prop_map(|(a, o, c)| Step::Quote(a, o, c)),
        1 => money.prop_map(Step::Fund),
        1 => (0i64..30).prop_map(Step::List),
        1 => who.prop_map(Step::Open),
    ]
}

#[derive(Debug, Clone)]
struct History {
    procedure: Vec<Stage>,
    guards: Guards,
    pairing: Pairing,
    books: Vec<Vec<i64>>,
    health: Vec<i64>,
    restored_at: usize,
    steps: Vec<Step>,
}

/// A realistic book of so many tenths of a contract each way, or any sizes at all.
fn book() -> impl Strategy<Value = Vec<i64>> {
    let templates: [&[(usize, i64)]; 8] = [
        &[(0, 10), (4, -10)],
        &[(4, -10), (6, -10)],
        &[(4, -10), (5, 10)],
        &[(4, -10), (5, 10), (6, -10), (7, 10)],
        &[(8, 10), (9, -10), (0, -10)],
        &[(1, -10), (2, -10)],
        &[(0, 10)],
        &[(3, -10), (5, -10), (6, 10)],
    ];
    let template =
        (0..templates.len(), 1i64..40, any::<bool>()).prop_map(move |(at, size, flip)| {
            let mut book = vec![0; INSTRUMENTS as usize];
            for (instrument, of) in templates[at] {
                book[*instrument] = of * size * LOT * if flip { -1 } else { 1 };
            }
            book
        });
    let any = prop::collection::vec(
        prop_oneof![2 => Just(0), 1 => -300i64..300],
        INSTRUMENTS as usize,
    )
    .prop_map(|sizes| sizes.into_iter().map(|size| size * LOT).collect());
    prop_oneof![3 => template, 1 => any]
}

fn history(steps: usize) -> impl Strategy<Value = History> {
    use Stage::{Auction, Decompose, HandOff, Hedge, PortfolioAuction};
    let procedure = prop_oneof![
        4 => Just(vec![Hedge, Decompose, Auction]),
        1 => Just(vec![Hedge, HandOff, Decompose, Auction]),
        1 => Just(vec![Auction]),
        1 => Just(vec![Hedge, Decompose, PortfolioAuction]),
        1 => Just(vec![PortfolioAuction]),
    ];
    let guards = prop_oneof![3 => Just(Guards::ALL), 1 => Just(Guards::NONE)];
    let pairing = prop_oneof![2 => Just(Pairing::KyanRule), 1 => Just(Pairing::MinMargin)];
    let others = ACCOUNTS as usize - 1;
    (
        (procedure, guards, pairing),
        prop::collection::vec(book(), others),
        prop::collection::vec(950i64..1_600, others),
        0..steps,
        prop::collection::vec(step(), steps),
    )
        .prop_map(
            |((procedure, guards, pairing), books, health, restored_at, steps)| History {
                procedure,
                guards,
                pairing,
                books,
                health,
                restored_at,
                steps,
            },
        )
}

/// A history under way, and what is counted in it.
struct Walk {
    world: World,
    pairing: Pairing,
    index: i64,
    perpetual: i64,
    vols: i64,
    settled: bool,
    phases: BTreeSet<PhaseName>,
    /// How often each thing happened.
    seen: BTreeMap<&'static str, u32>,
}

impl Walk {
    fn new(history: &History) -> Self {
        let mut config = config();
        config.procedure.clone_from(&history.procedure);
        config.guards = history.guards;
        config.start.fund = Amount::from_raw(1_000_000_000);
        let pair = &mut config.pairs[0];
        pair.decompose.mode = history.pairing;
        pair.trust.surface_age = Duration(3 * DAY);
        let world = World::crowd(config, &quotes(), &history.books, &history.health);
        Self {
            world,
            pairing: history.pairing,
            index: 100_000_000,
            perpetual: 100_000_000,
            vols: 0,
            settled: false,
            phases: BTreeSet::new(),
            seen: BTreeMap::new(),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn index(&mut self) -> Command {
        self.world.now = Timestamp(self.world.now.millis() + 1);
        let price = |thousandths: i64| Price::from_raw(i128::from(thousandths) * 100_000);
        self.world.index = self.index as f64 / 1_000.0;
        Command::Index(IndexUpdate {
            pair: PAIR,
            at: self.world.now,
            index: price(self.index),
            perpetual: price(self.perpetual),
        })
    }

    fn fair(&self, instrument: InstrumentId) -> i64 {
        let pair = &self.world.venue().pairs()[0];
        let mark = pair.pricing().and_then(|p| p.mark(instrument).ok());
        i64::try_from(mark.unwrap_or(1)).expect("a price")
    }

    fn order(
        &self,
        (account, instrument): (u32, u32),
        buys: bool,
        lots: i64,
        away: i64,
        kind: u8,
    ) -> OrderRequest {
        let instrument = InstrumentId(instrument);
        let tick = if instrument.is_perpetual() {
            50_000_000
        } else {
            100_000_000
        };
        let price = self.fair(instrument) + away * self.index * 100;
        let price = (price / tick * tick).max(tick);
        let (tif, policy) = match kind % 4 {
            0 | 1 => (TimeInForce::Gtc, SelfTrade::CancelNewest),
            2 => (TimeInForce::Ioc, SelfTrade::CancelOldest),
            _ => (TimeInForce::Gtx, SelfTrade::DecrementAndCancel),
        };
        OrderRequest {
            account: AccountId(account),
            instrument,
            side: if buys { Side::Buy } else { Side::Sell },
            price: (kind != 2).then_some(price),
            quantity: lots * LOT,
            time_in_force: tif,
            reduce_only: kind == 4,
            self_trade: policy,
        }
    }

    fn take(&self, account: u32, nth: usize, lots: i64) -> Command {
        let accounts = self.world.venue().accounts().iter();
        let working: Vec<_> = accounts
            .filter_map(|account| account.episode())
            .flat_map(|episode| episode.orders.clone())
            .collect();
        let Some(order) = working.get(nth % working.len().max(1)) else {
            return Command::Tick;
        };
        Command::Place(OrderRequest {
            account: AccountId(account % ACCOUNTS),
            instrument: order.instrument,
            side: match order.side {
                Side::Buy => Side::Sell,
                Side::Sell => Side::Buy,
            },
            price: Some(order.limit),
            quantity: lots * LOT,
            time_in_force: TimeInForce::Ioc,
            reduce_only: false,
            self_trade: SelfTrade::CancelBoth,
        })
    }

    fn command(&mut self, step: &Step) -> Command {
        let amount = |raw: i64| Amount::from_raw(raw.into());
        match *step {
            Step::Index(moved, basis) => {
                self.index =
                    (self.index + self.index * moved / 1_000).clamp(1_000_000, 1_000_000_000);
                self.perpetual = self.index + self.index * basis / 100_000;
                self.index()
            }
            Step::Surface(points) => {
                self.vols = (self.vols + points).clamp(-30, 60);
                self.world.now = Timestamp(self.world.now.millis() + 1);
                let mut quotes = quotes();
                quotes.retain(|quote| World::terms(quote).expiry > self.world.now);
                for quote in &mut quotes {
                    quote.vol += self.vols;
                }
                self.world.quotes = quotes;
                Command::Surface {
                    pair: PAIR,
                    quoted: self.world.quoted(),
                }
            }
            Step::Wait(millis) => {
                self.world.now = Timestamp(self.world.now.millis() + millis);
                Command::Tick
            }
            Step::Expiry(settle) => {
                let expiry = Timestamp(START.millis() + DAY);
                self.world.now = self.world.now.max(expiry);
                if settle && !self.settled {
                    let price = Price::from_raw(i128::from(self.index) * 100_000);
                    return Command::Expire {
                        pair: PAIR,
                        expiry,
                        price,
                    };
                }
                Command::Tick
            }
            Step::Place(account, instrument, buys, lots, away, kind) => {
                Command::Place(self.order((account, instrument), buys, lots, away, kind))
            }
            Step::Take(account, nth, lots) => self.take(account, nth, lots),
            Step::Cancel(account, instrument, order) => Command::Cancel {
                account: AccountId(account),
                instrument: InstrumentId(instrument),
                order,
            },
            Step::CancelAll(account) => Command::CancelAll {
                account: AccountId(account),
            },
            Step::Deposit(account, raw) => Command::Deposit {
                account: AccountId(account),
                amount: amount(raw),
            },
            Step::Withdraw(account, raw) => Command::Withdraw {
                account: AccountId(account),
                amount: amount(raw),
            },
            Step::Transfer(from, to, raw) => Command::Transfer {
                from: AccountId(from),
                to: AccountId(to),
                amount: amount(raw),
            },
            Step::Funding => Command::Funding { pair: PAIR },
            Step::Bid(bidder, account, share_e9) => Command::Bid {
                bidder: AccountId(bidder),
                account: AccountId(account),
                share_e9,
                most: Amount::from_raw(1_000_000_000_000_000),
            },
            Step::Quote(account, offset_e6, capacity) => Command::Quote {
                account: AccountId(account),
                offset_e6: offset_e6 / 100,
                capacity: Amount::from_raw(i128::from(capacity) * 1_000_000),
                expires: Timestamp(self.world.now.millis() + 600_000),
            },
            Step::Fund(raw) => Command::FundDeposit {
                amount: amount(raw),
            },
            Step::List(days) => Command::List {
                pair: MarketId(u16::from(days == 7)),
                options: vec![OptionTerms {
                    expiry: Timestamp(START.millis() + days * DAY),
                    strike: Price::from_raw(i128::from(95_000 + days * 1_000) * 100_000_000),
                    right: quotes()[0].right,
                }],
            },
            Step::Open(account) => Command::Open {
                account: AccountId(account),
                owner: 77,
                pair: PAIR,
            },
        }
    }

    /// One command, with every law asked before and after.
    fn step(&mut self, step: &Step) {
        let command = self.command(step);
        let before = Positions::of(&self.world);
        let was_settled = matches!(command, Command::Expire { .. });
        self.world.last.clear();
        match self.world.send(command) {
            Ok(()) => self.settled |= was_settled,
            Err(_) => {
                self.count("refused");
                return;
            }
        }
        self.tell(before);
        self.nobody_is_left_under();
    }

    /// The trigger, asked of everybody by brute force.
    fn nobody_is_left_under(&mut self) {
        let pair = &self.world.venue().pairs()[0];
        if pair.is_frozen() || pair.pricing().is_none() {
            return self.count("frozen");
        }
        for (account, number) in self.world.venue().accounts().iter().zip(0u32..) {
            let margin = naive::margin(&self.world.engine, number).expect("priced");
            assert!(
                !margin.is_under() || account.episode().is_some(),
                "account {number} is under and nobody sees to it: {margin:?}"
            );
            if let Some(numbers) = self.exact(number) {
                assert_eq!(numbers, margin.is_under(), "account {number}: {margin:?}");
            }
        }
    }

    /// What the engine itself says of an account.
    fn exact(&self, account: u32) -> Option<bool> {
        let venue = self.world.venue();
        let health = venue
            .health(self.world.engine.ledger(), AccountId(account))
            .ok()?;
        let pair = &venue.pairs()[0];
        let valuation = pair.pricing()?.valuation(&pair.params().model).ok()?;
        valuation.is_liquidatable(&health.risk, health.equity).ok()
    }

    fn tell(&mut self, mut before: Positions) {
        let events = std::mem::take(&mut self.world.last);
        let portfolio = self.world.venue();
        let auction_of_shares = portfolio
            .accounts()
            .iter()
            .any(|a| a.episode().is_some_and(|e| e.portfolio.is_some()));
        let mut shares = auction_of_shares;
        let mut flagged: BTreeSet<AccountId> = BTreeSet::new();
        let mut released: BTreeMap<AccountId, PhaseName> = BTreeMap::new();
        let mut taxed: BTreeSet<AccountId> = BTreeSet::new();
        for event in &events {
            let Event::Kyan(event) = event else { continue };
            before.see(event);
            match event {
                Happened::Phase {
                    account, from, to, ..
                } => {
                    self.phases.insert(*to);
                    match to {
                        PhaseName::Flagged => {
                            flagged.insert(*account);
                        }
                        PhaseName::Released | PhaseName::Closed => {
                            released.insert(*account, *to);
                            shares |= *from == PhaseName::Auction && *to == PhaseName::Released;
                        }
                        _ => {}
                    }
                    if *to == PhaseName::Released && *from == PhaseName::PerpClose {
                        self.count("closed flat");
                    }
                }
                Happened::Filled {
                    account,
                    stage,
                    instrument,
                    side,
                    quantity,
                    numbers,
                    ..
                } => {
                    self.count(stage.name());
                    let crossed = match side {
                        Side::Sell => numbers.delta < 0,
                        Side::Buy => numbers.delta > 0,
                    };
                    assert!(*stage != Stage::Hedge || !crossed, "past zero: {event:?}");
                    let closes = matches!(stage, Stage::Decompose | Stage::Auction);
                    if closes && *side == Side::Sell && !instrument.is_perpetual() {
                        let free = self.free_longs(&before.last, *account, *instrument);
                        assert!(
                            *quantity <= free,
                            "a long leg before its short one: {event:?}, {free}"
                        );
                        self.count("long sold");
                    }
                }
                Happened::Rests { account, stage, .. } => {
                    assert!(
                        !flagged.contains(account) || stage.is_some(),
                        "a user's order after the flag: {event:?}"
                    );
                }
                Happened::Socialised { account, .. } => {
                    taxed.insert(*account);
                    self.count("socialised");
                }
                Happened::Bid { .. } => self.count("bid"),
                Happened::HandedOff { .. } => self.count("handed off"),
                Happened::Bankruptcy { .. } => self.count("bankrupt"),
                Happened::Guarded { .. } => self.count("guarded"),
                _ => {}
            }
        }
        for (account, how) in released {
            let margin = naive::margin(&self.world.engine, account.0);
            let venue = self.world.venue();
            let state = venue.account(account).expect("an account");
            if state.episode().is_some() || taxed.contains(&account) {
                continue;
            }
            let cash = venue
                .cash(self.world.engine.ledger(), account)
                .expect("an account");
            if how == PhaseName::Closed {
                assert!(
                    state.positions().is_empty() && cash >= 0,
                    "{account} closed with {cash}"
                );
            } else if let Some(margin) = margin {
                assert!(
                    shares || margin.is_released(),
                    "{account} released with {margin:?}"
                );
                self.count("released");
            }
        }
    }

    /// How much of a long option is in no pair.
    fn free_longs(
        &self,
        held: &BTreeMap<(AccountId, InstrumentId), i64>,
        account: AccountId,
        instrument: InstrumentId,
    ) -> i64 {
        let pair = &self.world.venue().pairs()[0];
        let priced = pair.pricing().expect("priced");
        let legs: Vec<Leg> = held
            .iter()
            .filter(|((who, _), quantity)| *who == account && **quantity != 0)
            .filter_map(|((_, what), quantity)| {
                let instrument = priced.row(*what).ok()?;
                Some(Leg {
                    instrument,
                    quantity: *quantity,
                })
            })
            .collect();
        let valuation = priced.valuation(&pair.params().model).expect("a model");
        let portfolio = Portfolio::new(&legs).expect("few legs");
        let row = priced.row(instrument).expect("open");
        let parts = decompose(&valuation, &portfolio, self.pairing).expect("a decomposition");
        let alone = parts
            .iter()
            .filter(|part| part.kind == Kind::Peripheral && part.legs[0].instrument == row);
        alone.map(|part| part.legs[0].quantity.max(0)).sum()
    }
}

/// What everybody holds, followed through the events of one command.
struct Positions {
    now: BTreeMap<(AccountId, InstrumentId), i64>,
    /// Before the last trade.
    last: BTreeMap<(AccountId, InstrumentId), i64>,
}

impl Positions {
    fn of(world: &World) -> Self {
        let mut now = BTreeMap::new();
        for (account, number) in world.venue().accounts().iter().zip(0u32..) {
            for held in account.positions() {
                now.insert((AccountId(number), held.instrument), held.quantity);
            }
        }
        Self {
            last: now.clone(),
            now,
        }
    }

    fn add(&mut self, account: AccountId, instrument: InstrumentId, quantity: i64) {
        *self.now.entry((account, instrument)).or_default() += quantity;
    }

    fn see(&mut self, event: &Happened) {
        match *event {
            Happened::Traded {
                instrument,
                maker,
                taker,
                side,
                quantity,
                ..
            } => {
                self.last.clone_from(&self.now);
                let bought = if side == Side::Buy {
                    quantity
                } else {
                    -quantity
                };
                self.add(taker, instrument, bought);
                self.add(maker, instrument, -bought);
            }
            Happened::HandedOff {
                account,
                partner,
                instrument,
                quantity,
                ..
            } => {
                self.add(account, instrument, -quantity);
                self.add(partner, instrument, quantity);
            }
            Happened::Bankruptcy { account, .. } => self.now.retain(|(who, _), _| *who != account),
            _ => {}
        }
    }
}

fn walk(history: &History) -> Walk {
    let mut walk = Walk::new(history);
    for (at, step) in history.steps.iter().enumerate() {
        if at == history.restored_at {
            walk.world.restore_beside();
        }
        walk.step(step);
    }
    walk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_history_keeps_the_laws(history in history(60)) {
        walk(&history);
    }
}

#[test]
fn the_histories_reach_every_phase_and_every_stage() {
    let mut runner = TestRunner::deterministic();
    let mut phases = BTreeSet::new();
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..60 {
        let history = history(60)
            .new_tree(&mut runner)
            .expect("a history")
            .current();
        let walked = walk(&history);
        phases.extend(walked.phases);
        for (what, count) in walked.seen {
            *seen.entry(what).or_default() += count;
        }
    }
    let missing: Vec<&str> = [
        "refused",
        "frozen",
        "closed flat",
        "hedge",
        "decompose",
        "auction",
        "long sold",
        "socialised",
        "bid",
        "handed off",
        "bankrupt",
        "guarded",
        "released",
    ]
    .into_iter()
    .filter(|what| !seen.contains_key(what))
    .collect();
    assert!(missing.is_empty(), "never seen: {missing:?}; seen {seen:?}");
    assert_eq!(phases.len(), 10, "{phases:?}");
}

/// A margin that is computed twice is computed twice.
#[test]
fn the_naive_margin_is_the_engines_to_the_last_unit() {
    let books = vec![vec![
        1_230_000, -70_000, -2_000_000, 450_000, -3_310_000, 2_000_000, -1_000_000, 0, 990_000,
        -990_000,
    ]];
    let world = World::crowd(config(), &quotes(), &books, &[1_300]);
    let margin: Margin = naive::margin(&world.engine, 1).expect("priced");
    let numbers = world.numbers(1);
    let up = |raw: i128, factor: i128| {
        let exact = raw * factor;
        exact.div_euclid(10i128.pow(20)) + i128::from(exact.rem_euclid(10i128.pow(20)) > 0)
    };
    assert_eq!(numbers.maintenance, up(margin.base, margin.mm_factor.raw()));
    assert_eq!(numbers.initial, up(margin.base, margin.im_factor.raw()));
    assert_eq!(numbers.equity, margin.equity.div_euclid(100_000_000));
}

//! A Kyan venue in an engine, spoken to in decimals, and its events as text.

use std::fmt::Write as _;

use plimsoll_engine::auction::Ladder;
use plimsoll_engine::auction::portfolio::Terms;
use plimsoll_engine::book::{SelfTrade, Side, TimeInForce};
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::margin::portfolio::Model;
use plimsoll_engine::margin::portfolio::decompose::Pairing;
use plimsoll_engine::margin::portfolio::guards::Band;
use plimsoll_engine::pricing::quoted::{Quoted, QuotedSlice, QuotedSmile};
use plimsoll_engine::pricing::{Grid, VolShock};
use plimsoll_engine::venues::kyan::{
    Command, Config, DecomposeTerms, Event as Happened, FUND, Fees, Guards, HedgeTerms, Held,
    IndexUpdate, InstrumentId, Kyan, Numbers, Opening, OptionTerms, OrderRequest, PairParams,
    Right, Stage, Start, Steps, Trust,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command as Envelope, Engine, Event, Rejection};
use plimsoll_units::{
    AccountId, Amount, AssetId, Duration, Fixed, MarketId, Price, Rate, Timestamp, VenueId,
};

pub(crate) const VENUE: VenueId = VenueId(0);
pub(crate) const PAIR: MarketId = MarketId(0);
/// 2026-02-03 00:00 UTC.
pub(crate) const START: Timestamp = Timestamp(1_770_076_800_000);
pub(crate) const DAY: i64 = 86_400_000;

/// The pair of the examples: ticks of 0.5 and 1, lots of 0.001 and 0.01.
pub(crate) fn pair() -> PairParams {
    PairParams {
        name: "BTC_USDC".to_owned(),
        perpetual: Steps {
            tick: 50_000_000,
            lot: 1_000,
        },
        option: Steps {
            tick: 100_000_000,
            lot: 10_000,
        },
        grid: Grid::krm_43().scenarios().to_vec(),
        shock: VolShock::KRM,
        model: Model::KRM,
        hedge: HedgeTerms {
            band: Band::Value(Amount::from_raw(10_000_000_000)),
            incentive: Rate::from_raw(1_000),
            repeg: Rate::from_raw(500),
            repeg_every: Duration(1_000),
            timeout: Duration(30_000),
            perp_only_stops: false,
        },
        decompose: DecomposeTerms {
            incentive: Rate::from_raw(1_000),
            timeout: Duration(60_000),
            mode: Pairing::KyanRule,
        },
        options: Ladder::OPTIONS,
        perpetuals: Ladder::PERPS,
        portfolio: Terms::DERIVE,
        fees: Fees::KYAN,
        trust: Trust {
            index_age: Duration(600_000),
            surface_age: Duration(DAY),
            jump: Rate::from_raw(200_000),
        },
        funding_most: Rate::from_raw(10_000),
    }
}

pub(crate) fn config() -> Config {
    Config {
        money: AssetId(0),
        pairs: vec![pair()],
        procedure: vec![Stage::Hedge, Stage::Decompose, Stage::Auction],
        guards: Guards::ALL,
        start: Start::default(),
    }
}

/// An option by its strike, days to expiry and volatility.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quote {
    pub(crate) right: Right,
    pub(crate) strike: i64,
    pub(crate) days: i64,
    pub(crate) vol: i64,
}

pub(crate) fn call(strike: i64, days: i64, vol: i64) -> Quote {
    Quote {
        right: Right::Call,
        strike,
        days,
        vol,
    }
}

pub(crate) fn put(strike: i64, days: i64, vol: i64) -> Quote {
    Quote {
        right: Right::Put,
        ..call(strike, days, vol)
    }
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: Timestamp,
    pub(crate) index: f64,
    pub(crate) quotes: Vec<Quote>,
    /// Everything that happened, as text.
    pub(crate) told: String,
    /// What the last command did.
    pub(crate) last: Vec<Event>,
    /// An engine restored from a snapshot, that is told everything too.
    pub(crate) twin: Option<Engine>,
    /// Whether the engine is stopped and restored from its snapshot before every command.
    pub(crate) restarts: bool,
}

/// A decimal as a raw integer with `decimals` decimals.
pub(crate) fn raw(text: &str, decimals: u32) -> i128 {
    match decimals {
        6 => text.parse::<Fixed<6>>().expect("a decimal").raw(),
        8 => text.parse::<Fixed<8>>().expect("a decimal").raw(),
        _ => panic!("{decimals} decimals"),
    }
}

fn small(text: &str, decimals: u32) -> i64 {
    i64::try_from(raw(text, decimals)).expect("a small number")
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        let usdc = Asset {
            symbol: "USDC".to_owned(),
            decimals: 6,
        };
        let config = plimsoll_engine::Config {
            assets: vec![usdc],
            venues: vec![VenueConfig::Kyan(Box::new(config))],
        };
        Self {
            engine: Engine::new(&config).expect("parameters within bounds"),
            now: START,
            index: 0.0,
            quotes: Vec::new(),
            told: String::new(),
            last: Vec::new(),
            twin: None,
            restarts: false,
        }
    }

    /// From here on an engine restored from a snapshot of this one has to do the same.
    pub(crate) fn restore_beside(&mut self) {
        let bytes = self.engine.snapshot().expect("a snapshot");
        let twin = Engine::restore(&bytes).expect("its own snapshot");
        assert_eq!(twin.state_hash(), self.engine.state_hash());
        self.twin = Some(twin);
    }

    /// A world with `quotes` listed and the index at 100,000. Account 0 is a rich maker, account 1
    /// holds `sizes` of the quotes and `perpetual`, and has `equity` at these marks.
    pub(crate) fn holding(
        mut config: Config,
        book: &[(Quote, &str)],
        perpetual: &str,
        equity: &str,
    ) -> Self {
        let quotes: Vec<Quote> = book.iter().map(|(quote, _)| *quote).collect();
        config.start.options = quotes.iter().map(|q| (PAIR, Self::terms(q))).collect();
        let sizes = [perpetual].into_iter().chain(book.iter().map(|(_, s)| *s));
        let held = |sign: i64| -> Vec<Held> {
            let sizes = sizes.clone().enumerate();
            sizes
                .map(|(at, size)| Held {
                    instrument: InstrumentId(u32::try_from(at).expect("few")),
                    quantity: sign * small(size, 6),
                    cost: 0,
                })
                .filter(|held| held.quantity != 0)
                .collect()
        };
        // What the positions are worth is not known before they are priced: look in a first world.
        let opening = |owner, cash, positions| Opening {
            owner,
            pair: PAIR,
            cash: Amount::from_raw(cash),
            positions,
        };
        let rich = 100_000_000_000_000;
        let build = |cash: i128, ours: Vec<Held>| {
            let mut config = config.clone();
            config.start.accounts = vec![opening(1_000, rich, held(-1)), opening(1, cash, ours)];
            let mut world = Self::new(config);
            world.quotes.clone_from(&quotes);
            world.index = 100_000.0;
            world.surface();
            world
        };
        let mut looked = build(rich, held(1));
        looked.price("100000");
        let worth = looked.numbers(1).equity - rich;
        let mut world = build(raw(equity, 6) - worth, held(1));
        world.told.clear();
        world.price("100000");
        world
    }

    /// A world of several accounts with these books (perpetual first, then each quote), each with
    /// equity of so many thousandths of its maintenance margin. Account 0 is rich and holds the
    /// other side of everything. Accounts 1 and 2 have one owner.
    pub(crate) fn crowd(
        mut config: Config,
        quotes: &[Quote],
        books: &[Vec<i64>],
        health: &[i64],
    ) -> Self {
        config.start.options = quotes.iter().map(|q| (PAIR, Self::terms(q))).collect();
        let against = |at: usize| -books.iter().map(|book| book[at]).sum::<i64>();
        let first: Vec<i64> = (0..=quotes.len()).map(against).collect();
        let held = |book: &Vec<i64>| -> Vec<Held> {
            let sizes = book.iter().zip(0u32..).filter(|(size, _)| **size != 0);
            let held = sizes.map(|(size, at)| Held {
                instrument: InstrumentId(at),
                quantity: *size,
                cost: 0,
            });
            held.collect()
        };
        let rich = 100_000_000_000_000i128;
        let build = |cash: &dyn Fn(usize) -> i128| {
            let mut config = config.clone();
            let all = std::iter::once(&first).chain(books).enumerate();
            let opening = all.map(|(at, book)| Opening {
                owner: if at == 2 {
                    1
                } else {
                    u32::try_from(at).expect("few")
                },
                pair: PAIR,
                cash: Amount::from_raw(cash(at)),
                positions: held(book),
            });
            config.start.accounts = opening.collect();
            let mut world = Self::new(config);
            world.quotes = quotes.to_vec();
            world.index = 100_000.0;
            world.surface();
            world
        };
        let mut looked = build(&|_| rich);
        looked.price("100000");
        let mut world = build(&|at| {
            let Some(share) = at.checked_sub(1).and_then(|at| health.get(at)) else {
                return rich;
            };
            let numbers = looked.numbers(u32::try_from(at).expect("few"));
            let worth = numbers.equity - rich;
            numbers.maintenance * i128::from(*share) / 1_000 - worth
        });
        world.told.clear();
        world.price("100000");
        world
    }

    pub(crate) fn terms(quote: &Quote) -> OptionTerms {
        OptionTerms {
            expiry: Timestamp(START.millis() + quote.days * DAY),
            strike: Price::from_raw(i128::from(quote.strike) * 100_000_000),
            right: quote.right,
        }
    }

    pub(crate) fn venue(&self) -> &Kyan {
        match self.engine.venue(VENUE) {
            Some(Venue::Kyan(venue)) => venue,
            other => panic!("no Kyan venue: {other:?}"),
        }
    }

    pub(crate) fn instrument(&self, quote: &Quote) -> InstrumentId {
        let pair = &self.venue().pairs()[0];
        pair.find(&Self::terms(quote)).expect("a listed option")
    }

    pub(crate) fn send(&mut self, body: Command) -> Result<(), Rejection> {
        let command = Envelope {
            time: self.now,
            venue: VENUE,
            body: Body::Kyan(body),
        };
        if self.restarts {
            let bytes = self.engine.snapshot().expect("a snapshot");
            self.engine = Engine::restore(&bytes).expect("its own snapshot");
        }
        let before = self.engine.state_hash();
        let applied = self.engine.apply(&command).map(<[Event]>::to_vec);
        if let Some(twin) = &mut self.twin {
            let theirs = twin.apply(&command).map(<[Event]>::to_vec);
            assert_eq!(format!("{theirs:?}"), format!("{applied:?}"));
            assert_eq!(twin.state_hash(), self.engine.state_hash());
        }
        match applied {
            Ok(events) => {
                for event in &events {
                    tell(&mut self.told, event);
                }
                self.last = events;
                self.engine.audit().expect("every unit accounted for");
                Ok(())
            }
            Err(rejection) => {
                assert_eq!(self.engine.state_hash(), before, "after {rejection}");
                Err(rejection)
            }
        }
    }

    pub(crate) fn expect(&mut self, body: Command) {
        let said = format!("{body:?}");
        self.send(body)
            .unwrap_or_else(|why| panic!("{said}: {why}"));
    }

    pub(crate) fn price(&mut self, price: &str) {
        let index = Price::from_raw(raw(price, 8));
        self.index = price.parse().expect("a number");
        self.expect(Command::Index(IndexUpdate {
            pair: PAIR,
            at: self.now,
            index,
            perpetual: index,
        }));
    }

    /// Each expiry's quoted volatilities as points.
    pub(crate) fn surface(&mut self) {
        if self.quotes.is_empty() {
            return;
        }
        let quoted = self.quoted();
        self.expect(Command::Surface { pair: PAIR, quoted });
    }

    /// The surface of the quotes there are.
    pub(crate) fn quoted(&self) -> Quoted {
        let mut days: Vec<i64> = self.quotes.iter().map(|quote| quote.days).collect();
        days.sort_unstable();
        days.dedup();
        let slices = days.iter().map(|day| {
            let mut points: Vec<(Price<8>, i64)> = self
                .quotes
                .iter()
                .filter(|quote| quote.days == *day)
                .map(|quote| (Self::terms(quote).strike, quote.vol * 10_000_000))
                .collect();
            points.sort_unstable();
            points.dedup();
            QuotedSlice {
                expiry: Timestamp(START.millis() + day * DAY),
                forward_e9: 1_000_000_000,
                smile: QuotedSmile::Points(points),
            }
        });
        Quoted {
            at: self.now,
            index: Price::from_raw(raw(&self.index.to_string(), 8)),
            slices: slices.collect(),
        }
    }

    pub(crate) fn later(&mut self, millis: i64) {
        self.now = Timestamp(self.now.millis() + millis);
        self.expect(Command::Tick);
    }

    pub(crate) fn price_later(&mut self, millis: i64, price: &str) {
        self.now = Timestamp(self.now.millis() + millis);
        self.price(price);
    }

    pub(crate) fn open(&mut self, account: u32, owner: u32) {
        self.expect(Command::Open {
            account: AccountId(account),
            owner,
            pair: PAIR,
        });
    }

    pub(crate) fn deposit(&mut self, account: u32, amount: &str) {
        self.expect(Command::Deposit {
            account: AccountId(account),
            amount: Amount::from_raw(raw(amount, 6)),
        });
    }

    pub(crate) fn order(
        account: u32,
        instrument: InstrumentId,
        side: Side,
        quantity: &str,
        price: Option<&str>,
    ) -> OrderRequest {
        OrderRequest {
            account: AccountId(account),
            instrument,
            side,
            price: price.map(|price| small(price, 8)),
            quantity: small(quantity, 6),
            time_in_force: TimeInForce::Gtc,
            reduce_only: false,
            self_trade: SelfTrade::CancelNewest,
        }
    }

    pub(crate) fn place(
        &mut self,
        account: u32,
        instrument: InstrumentId,
        side: Side,
        quantity: &str,
        price: Option<&str>,
    ) -> Result<(), Rejection> {
        let mut request = Self::order(account, instrument, side, quantity, price);
        if price.is_none() {
            request.time_in_force = TimeInForce::Ioc;
        }
        self.send(Command::Place(request))
    }

    pub(crate) fn numbers(&self, account: u32) -> Numbers {
        let ledger = self.engine.ledger();
        let numbers = self.venue().numbers(ledger, AccountId(account));
        numbers.expect("numbers")
    }
}

/// An amount with 6 decimals, rounded to cents for reading.
fn money(raw: i128) -> String {
    let cents = raw.div_euclid(10_000);
    format!(
        "{}{}.{:02}",
        if cents < 0 { "-" } else { "" },
        cents.abs() / 100,
        cents.abs() % 100
    )
}

fn name(account: AccountId) -> String {
    if account == FUND {
        return "the fund".to_owned();
    }
    account.to_string()
}

fn size(raw: i64) -> String {
    Fixed::<6>::from_raw(raw.into()).to_string()
}

fn price(raw: i64) -> String {
    Fixed::<8>::from_raw(raw.into()).to_string()
}

fn numbers(n: &Numbers) -> String {
    format!(
        "E {} MM {} IM {} D {}",
        money(n.equity),
        money(n.maintenance),
        money(n.initial),
        size(n.delta)
    )
}

fn tell(text: &mut String, event: &Event) {
    let line = match event {
        Event::Case(CaseEvent::Stage {
            case,
            stage,
            amount,
        }) => format!("{case} {} did {}", stage.name(), money(*amount)),
        Event::Case(CaseEvent::Closed { case, outcome, .. }) => {
            format!("{case} closed {outcome:?}")
        }
        Event::Case(CaseEvent::Opened(case)) => format!("{} opened", case.id),
        Event::Case(blocked) => format!("{blocked:?}"),
        Event::Kyan(event) => match event {
            Happened::Phase {
                account,
                from,
                to,
                numbers: n,
                ..
            } => format!("{account} {from} -> {to}: {}", numbers(n)),
            Happened::Ordered {
                account,
                stage,
                instrument,
                side,
                quantity,
                limit,
                level,
                then,
                ..
            } => format!(
                "{account} {} {side} {} of {instrument} at {} (level {level}), then {}",
                stage.name(),
                size(*quantity),
                price(*limit),
                numbers(then)
            ),
            Happened::Filled {
                account,
                instrument,
                side,
                quantity,
                price: at,
                incentive,
                fee,
                numbers: n,
                ..
            } => format!(
                "{account} {side} {} of {instrument} at {}: incentive {} fee {}; {}",
                size(*quantity),
                price(*at),
                money(*incentive),
                money(*fee),
                numbers(n)
            ),
            Happened::Decomposed {
                account, ranked, ..
            } => {
                let parts: Vec<String> = ranked
                    .iter()
                    .map(|r| {
                        let legs: Vec<String> = r
                            .legs
                            .iter()
                            .map(|(id, q)| format!("{} of {id}", size(*q)))
                            .collect();
                        format!("{} {} {}", r.kind, legs.join(" and "), money(r.isolated))
                    })
                    .collect();
                format!("{account} is {}", parts.join("; "))
            }
            Happened::Gone {
                order,
                account,
                instrument,
                quantity,
                why,
            } => format!(
                "order {order} of {} in {instrument} gone with {} left: {why:?}",
                name(*account),
                size(*quantity)
            ),
            Happened::Traded {
                instrument,
                maker,
                taker,
                side,
                price: at,
                quantity,
                ..
            } if [*maker, *taker].contains(&FUND) => format!(
                "{} {side} {} of {instrument} from {} at {}",
                name(*taker),
                size(*quantity),
                name(*maker),
                price(*at)
            ),
            Happened::Rests {
                account,
                instrument,
                side,
                price: at,
                quantity,
                ..
            } if *account == FUND => format!(
                "the fund offers to {side} {} of {instrument} at {}",
                size(*quantity),
                price(*at)
            ),
            Happened::Traded { .. } | Happened::Rests { .. } | Happened::Listed { .. } => return,
            other => format!("{other:?}"),
        },
        _ => return,
    };
    let _ = writeln!(text, "{line}");
}

//! What holds in every history of the liquidation service, whatever prices, traders and partners
//! do. The support's `apply` audits after every command: sizes of a market sum to zero, every
//! piece ever acquired is accounted for, and a refused command changes no byte.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::backstop::fund::{FundPolicy, Pots, WindowCap};
use plimsoll_engine::backstop::partners::{Limits, Skip};
use plimsoll_engine::liquidation::stages::{
    Acquire, CloseOnBook, Deleverage, HandOff, Reduce, Slicing,
};
use plimsoll_engine::liquidation::{CaseEvent, Stage, Whose};
use plimsoll_engine::venues::kuma::waterfall::Tally;
use plimsoll_engine::venues::kuma::{
    Command, Config, Event as Kuma, NewOrder, OrderSide, Service, ServiceCommand, ServiceEvent,
    SignedOrder,
};
use plimsoll_engine::{Engine, Event};
use plimsoll_units::{AccountId, Duration, MarketId};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::world::*;

#[derive(Debug, Clone)]
enum Step {
    /// A market's index moves by so many thousandths.
    Price(u16, i64),
    Trade(u32, u32, u16, i64),
    Deposit(u32, u64),
    Order(u32, bool, i64, i64),
    Quote(u32, bool, i64, i32),
    Book(u32, bool, i64, i64),
    Cancel(u32),
    Limit(u32, i64, i64),
    Funding(u16, i64),
    Tick(i64),
}

const WALLETS: u32 = 11;

fn steps() -> impl Strategy<Value = Step> {
    let who = 3..WALLETS;
    let base = 1..3 * ONE;
    let base_of_book = ONE / 2..3 * ONE;
    prop_oneof![
        6 => (0u16..2, -60i64..60).prop_map(|(m, p)| Step::Price(m, p)),
        4 => (who.clone(), who.clone(), 0u16..2, base.clone())
            .prop_map(|(a, b, m, q)| Step::Trade(a, b, m, q)),
        1 => (who.clone(), 1u64..100_000_000).prop_map(|(a, q)| Step::Deposit(a, q)),
        3 => (who.clone(), any::<bool>(), base.clone(), -30i64..30)
            .prop_map(|(a, s, q, p)| Step::Order(a, s, q, p)),
        2 => (who.clone(), any::<bool>(), base, -200i32..200)
            .prop_map(|(a, s, q, o)| Step::Quote(a, s, q, o)),
        3 => (who.clone(), any::<bool>(), base_of_book, -20i64..20)
            .prop_map(|(a, s, q, p)| Step::Book(a, s, q, p)),
        1 => who.clone().prop_map(Step::Cancel),
        1 => (who, 1i64..5_000, 0i64..20_000).prop_map(|(a, c, t)| Step::Limit(a, c, t)),
        1 => (0u16..2, -2_900_000i64..2_900_000).prop_map(|(m, r)| Step::Funding(m, r)),
        1 => (1i64..10_000).prop_map(Step::Tick),
    ]
}

fn services() -> impl Strategy<Value = Service> {
    let policy = prop_oneof![
        Just(Policy::Queue),
        Just(Policy::ProRata),
        Just(Policy::Minimal)
    ];
    (policy, any::<bool>(), 0..4u8, 0..3u8).prop_map(|(policy, reduce, fund, book)| {
        let mut service = Service::kuma();
        let deleverage = |whose| Stage::Deleverage(Deleverage { whose, policy });
        service.procedure = vec![
            Stage::Acquire(Acquire),
            deleverage(Whose::Account),
            Stage::Acquire(Acquire),
            Stage::HandOff(HandOff),
            deleverage(Whose::Backstop),
        ];
        let close = CloseOnBook {
            collar_bps: (book == 2).then_some(150),
            slices: (book == 2).then_some(Slicing {
                fraction_e5: 30_000,
                interval: Duration(3_000),
                deep_e5: 10_000,
            }),
        };
        if book > 0 {
            service.procedure.insert(4, Stage::CloseOnBook(close));
        }
        if reduce {
            service.procedure.insert(0, Stage::Reduce(Reduce));
        }
        service.fund = FundPolicy {
            pots: if fund == 1 {
                Pots::PerMarket
            } else {
                Pots::Shared
            },
            account_cap: (fund == 2).then_some(i128::from(50 * ONE)),
            window_cap: (fund == 3).then_some(WindowCap {
                amount: i128::from(100 * ONE),
                length: Duration(60_000),
            }),
            gate: None,
        };
        service
    })
}

/// Eight traders; those with an odd number long ETH and short BTC, the others the reverse.
fn history(service: Service, fund: i64, seeds: &[i64]) -> Config {
    let mut config = served(service);
    config.deposits_wait = false;
    config.wallets.truncate(3);
    config.wallets[IF.index()].quote = fund * ONE;
    for (at, seed) in seeds.iter().enumerate() {
        let sign = if at % 2 == 0 { 1 } else { -1 };
        let (eth, btc) = (sign * 3 * ONE, -sign * ONE / 10);
        let cost = sign * 6_000 * ONE - sign * 3_000 * ONE;
        let mut new = wallet(
            seed * ONE - cost,
            &[
                (ETH, eth, sign * 6_000 * ONE),
                (BTC, btc, -sign * 3_000 * ONE),
            ],
        );
        new.address = Some(address(u8::try_from(at + 3).unwrap()));
        config.wallets.push(new);
    }
    config
}

struct History {
    world: World,
    names: u8,
    signed: BTreeMap<[u8; 32], Signed>,
}

/// What a partner has signed, and how much of it was used.
struct Signed {
    side: OrderSide,
    quantity: i64,
    price: Option<i64>,
    offset: i32,
    used: u64,
}

impl History {
    fn price(&self, market: MarketId) -> i64 {
        let market = self.world.venue().market(market).unwrap();
        i64::try_from(market.index_price()).unwrap()
    }

    fn command(&mut self, step: &Step) -> Command {
        self.world.now += 1_000;
        let now = self.world.now;
        match *step {
            Step::Price(market, milli) => {
                let market = MarketId(market);
                let price = self.price(market);
                index(market, (price + price / 1_000 * milli).unsigned_abs(), now)
            }
            Step::Trade(buyer, seller, market, base) => {
                let market = MarketId(market);
                let quote = i128::from(base) * i128::from(self.price(market)) / i128::from(ONE);
                let quote = u64::try_from(quote).unwrap();
                Command::Trade {
                    buyer: AccountId(buyer),
                    seller: AccountId(seller),
                    trade: terms(market, base.unsigned_abs(), quote),
                }
            }
            Step::Deposit(account, tokens) => Command::Deposit {
                account: AccountId(account),
                tokens,
            },
            Step::Order(account, buys, quantity, milli) => {
                let price = self.price(ETH);
                let price = price + price / 1_000 * milli;
                post(self.order(AccountId(account), buys, quantity, price))
            }
            Step::Quote(account, buys, capacity, offset) => {
                let name = self.name();
                let side = side(buys);
                let signed = quote(AccountId(account), name, side, capacity, offset);
                self.remember(name, side, capacity, None, offset);
                service(ServiceCommand::PostQuote(Box::new(signed)))
            }
            Step::Book(account, buys, quantity, milli) => {
                let price = self.price(ETH);
                let price = price + price / 1_000 * milli;
                let account = AccountId(account);
                let (quantity, price) = (quantity.unsigned_abs(), price.unsigned_abs());
                let mut signed = order(account, side(buys), quantity, price);
                signed.hash = hash(self.name());
                Command::PlaceOrder {
                    order: Box::new(NewOrder::Signed(Box::new(signed))),
                    group: None,
                }
            }
            Step::Cancel(account) => service(ServiceCommand::CancelOffers {
                account: AccountId(account),
                market: None,
            }),
            Step::Limit(account, usd, cooldown) => service(ServiceCommand::SetPartnerLimits {
                account: AccountId(account),
                limits: Limits {
                    capacity: Some(i128::from(usd * ONE)),
                    window_cap: Some(i128::from(usd * ONE / 2)),
                    window: Duration(30_000),
                    cooldown: Duration(cooldown),
                },
            }),
            Step::Funding(market, rate) => Command::PublishFunding {
                market: MarketId(market),
                rate,
            },
            Step::Tick(wait) => {
                self.world.now += wait;
                service(ServiceCommand::Tick)
            }
        }
    }

    fn name(&mut self) -> u8 {
        self.names += 1;
        self.names
    }

    fn order(&mut self, account: AccountId, buys: bool, quantity: i64, price: i64) -> SignedOrder {
        let name = self.name();
        self.remember(name, side(buys), quantity, Some(price), 0);
        side_channel(account, name, side(buys), quantity, price)
    }

    fn remember(
        &mut self,
        name: u8,
        side: OrderSide,
        quantity: i64,
        price: Option<i64>,
        offset: i32,
    ) {
        let signed = Signed {
            side,
            quantity,
            price,
            offset,
            used: 0,
        };
        self.signed.insert(hash(name), signed);
    }

    /// No fill beyond what was signed, at no worse a price.
    fn check_hand_off(&mut self, event: &ServiceEvent) {
        let ServiceEvent::HandedOff {
            offer,
            amounts,
            market,
            ..
        } = event
        else {
            return;
        };
        let index = i128::from(self.price(*market));
        let signed = self.signed.get_mut(&offer.0).expect("somebody signed it");
        signed.used += amounts.base;
        assert!(signed.used <= signed.quantity.unsigned_abs(), "{event:?}");
        let one = i128::from(ONE);
        let (quote, base) = (i128::from(amounts.quote), i128::from(amounts.base));
        let offset = i128::from(signed.offset);
        // In the terms of the signature: quote x 1e8 x 1e4 against base x price.
        let worst = match (signed.price, signed.side) {
            (Some(price), _) => i128::from(price) * 10_000,
            (None, OrderSide::Buy) => index * (10_000 + offset),
            (None, OrderSide::Sell) => index * (10_000 - offset),
        };
        match signed.side {
            OrderSide::Buy => assert!(quote * one * 10_000 <= base * worst, "{event:?}"),
            // The contracts round a seller's quote down to a pip.
            OrderSide::Sell => assert!((quote + 1) * one * 10_000 > base * worst, "{event:?}"),
        }
    }
}

const fn side(buys: bool) -> OrderSide {
    if buys {
        OrderSide::Buy
    } else {
        OrderSide::Sell
    }
}

/// Runs a history and checks every law after every command; says what has happened in it.
fn run(config: Config, steps: &[Step]) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    let mut history = History {
        world: World::of(config),
        names: 0,
        signed: BTreeMap::new(),
    };
    for account in (3..WALLETS).filter(|account| account % 3 == 0) {
        register(&mut history.world, AccountId(account));
    }
    for step in steps {
        let command = history.command(step);
        let before = history.world.quotes();
        let moves_money = matches!(
            command,
            Command::Deposit { .. } | Command::PublishFunding { .. }
        );
        let Ok(events) = history.world.apply(command) else {
            continue;
        };
        check_events(&mut history, &events);
        seen.extend(events.iter().filter_map(what));
        let funded = events.iter().any(|event| {
            matches!(event, Event::Money(m) if m.reason == plimsoll_engine::ledger::Reason::Funding)
        });
        if !moves_money && !funded {
            assert_eq!(history.world.quotes(), before, "{step:?}");
        }
        check_cases(&history.world);
    }
    let bytes = history.world.engine.snapshot().unwrap();
    let restored = Engine::restore(&bytes).unwrap();
    assert_eq!(restored.state_hash(), history.world.engine.state_hash());
    seen
}

fn what(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::Kuma(Kuma::Service(event)) => match event {
            ServiceEvent::Hop { stage, .. } => stage.name(),
            ServiceEvent::FundUnable { why, .. } => why.text(),
            ServiceEvent::PartnerSkipped { skipped, .. } => skipped.why.text(),
            ServiceEvent::Netted { .. } => "netted",
            ServiceEvent::Disposed { .. } => "disposed",
            ServiceEvent::CounterpartySkipped { .. } => "a counterparty was passed over",
            _ => return None,
        },
        Event::Case(CaseEvent::Blocked { .. }) => "blocked",
        _ => return None,
    })
}

fn check_events(history: &mut History, events: &[Event]) {
    let mut acquired: BTreeMap<MarketId, u128> = BTreeMap::new();
    for event in events {
        match event {
            Event::Kuma(Kuma::Service(event)) => {
                history.check_hand_off(event);
                if let ServiceEvent::PartnerSkipped { skipped, .. } = event {
                    assert!(skipped.why != Skip::Refused, "{event:?}");
                }
                if let ServiceEvent::Deleveraged(receipt) = event {
                    assert!((1..=receipt.of).contains(&receipt.rank), "{receipt:?}");
                    assert!((1..=5).contains(&receipt.quintile), "{receipt:?}");
                    assert!(receipt.quantity > 0, "{receipt:?}");
                }
            }
            Event::Kuma(Kuma::Liquidated { account, .. }) => {
                // Nobody trades with it within the same command.
                assert_eq!(history.world.show(*account), "0");
            }
            Event::Kuma(Kuma::Position { market, .. }) => {
                acquired.entry(*market).or_default();
            }
            _ => {}
        }
    }
    for market in acquired.keys() {
        let Tally {
            acquired,
            handed_off,
            closed,
            deleveraged,
            netted,
            ..
        } = history.world.venue().waterfall().tally(*market);
        let held = history.world.venue().waterfall().holdings().values();
        let held: u128 = held
            .flat_map(|holding| &holding.pieces)
            .filter(|piece| piece.market == *market)
            .map(|piece| u128::from(piece.left()))
            .sum();
        assert_eq!(acquired, handed_off + closed + deleveraged + netted + held);
    }
}

/// Who is still below its requirement could not be helped, and its case says so.
fn check_cases(world: &World) {
    let venue = world.venue();
    for (account, open) in venue.open_cases() {
        let blocked = venue.waterfall().blocked(open.case.id);
        assert!(blocked.is_some(), "{account} is due and nobody says why");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_of_the_waterfall_hold_in_every_history(
        service in services(),
        fund in 0..2_000i64,
        seeds in prop::collection::vec(450..1_500i64, 9),
        steps in prop::collection::vec(steps(), 1..60),
    ) {
        // An even number, so that sizes sum to zero.
        run(history(service, fund, &seeds[1..]), &steps);
    }
}

/// The histories of the laws, the same ones every time.
#[test]
fn random_histories_are_not_idle() {
    let mut runner = TestRunner::deterministic();
    let histories = (
        services(),
        0..2_000i64,
        prop::collection::vec(450..1_500i64, 9),
        prop::collection::vec(steps(), 60),
    );
    let mut seen = BTreeSet::new();
    for _ in 0..150 {
        let (service, fund, seeds, steps) = histories.new_tree(&mut runner).unwrap().current();
        seen.extend(run(history(service, fund, &seeds[1..]), &steps));
    }
    let seen: Vec<_> = seen.into_iter().collect();
    expect_test::expect![[r#"
        a counterparty was passed over
        acquire
        beyond the fund's cap on losses within its window
        beyond the fund's cap on one account's loss
        beyond what the market's own pot holds
        blocked
        cap of its window used up
        close-on-book
        deleverage
        disposed
        hand-off
        in its cooldown
        margin would not suffice
        netted
        price not acceptable to the fund
        reduce
        the fund would not meet its margin requirement
    "#]]
    .assert_eq(&(seen.join("\n") + "\n"));
}

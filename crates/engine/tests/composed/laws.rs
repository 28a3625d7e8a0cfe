//! What holds in every history: conservation, the naive reference, the watch, rebuilding, undo.

use plimsoll_engine::Engine;
use plimsoll_engine::liquidation::stages::{Acquire, CloseNextVersion, ForceClose, Socialise};
use plimsoll_engine::liquidation::{Portion, Stage};
use plimsoll_engine::venues::composed::{Command, Config, Lock, Margin};
use plimsoll_units::{AccountId, Duration, MarketId};
use proptest::prelude::*;

use crate::world::*;

const PEOPLE: u32 = 6;

#[derive(Debug, Clone)]
enum Act {
    Deposit(u32, i128),
    Withdraw(u32, i128),
    Trade(u32, u16, i64, u64),
    Between(u32, u32, u16, u64),
    Prices(Vec<(u16, u64)>),
    Add(u32, i128),
    Remove(u32, i128),
    Tick,
}

fn act() -> impl Strategy<Value = Act> {
    let who = 0..PEOPLE;
    let money = 1..200_000_000_000i128;
    prop_oneof![
        1 => (who.clone(), money.clone()).prop_map(|(a, m)| Act::Deposit(a, m)),
        1 => (who.clone(), money.clone()).prop_map(|(a, m)| Act::Withdraw(a, m)),
        6 => (who.clone(), 0..2u16, -9_000..9_000i64, 900..1_100u64)
            .prop_map(|(a, m, size, off)| Act::Trade(a, m, size, off)),
        2 => (who.clone(), who.clone(), 0..2u16, 1..5_000_000_000u64)
            .prop_map(|(a, b, m, size)| Act::Between(a, b, m, size)),
        6 => proptest::collection::vec((0..2u16, 930..1_075u64), 1..3).prop_map(Act::Prices),
        1 => (who.clone(), money.clone()).prop_map(|(a, m)| Act::Add(a, m)),
        1 => (who, money).prop_map(|(a, s)| Act::Remove(a, s)),
        1 => Just(Act::Tick),
    ]
}

/// A price moved by so many thousandths of itself.
fn moved(price: u64, thousandths: u64) -> u64 {
    (price * thousandths / 1_000).max(1)
}

fn command(world: &World, act: &Act) -> Command {
    let who = |at: u32| AccountId(ANN.0 + at);
    let mark = |market: u16| world.venue().mark(MarketId(market)).unwrap();
    match *act {
        Act::Deposit(a, amount) => Command::Deposit {
            account: who(a),
            amount,
        },
        Act::Withdraw(a, amount) => Command::Withdraw {
            account: who(a),
            amount,
        },
        Act::Trade(a, m, size, off) => fill(who(a), MarketId(m), size, moved(mark(m), off)),
        Act::Between(a, b, m, quantity) => Command::Fill(plimsoll_engine::venues::composed::Fill {
            market: MarketId(m),
            buyer: who(a),
            seller: who(b),
            quantity,
            price: mark(m),
        }),
        Act::Prices(ref moves) => {
            let price = |(m, by): &(u16, u64)| (MarketId(*m), moved(mark(*m), *by));
            Command::Prices(moves.iter().map(price).collect())
        }
        Act::Add(a, amount) => Command::AddLiquidity {
            account: who(a),
            amount,
        },
        Act::Remove(a, shares) => Command::RemoveLiquidity {
            account: who(a),
            shares,
        },
        Act::Tick => Command::Tick,
    }
}

/// Runs a history, and after each command: the audit (in `run`), the reference, that exactly those
/// who are under are warned, that a refusal changed nothing, and that a restored engine goes on as
/// this one does.
fn check(config: Config, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut world = World::ready(config, PEOPLE);
    world.deposit(FUND, 1_000);
    let mut twin = World {
        engine: Engine::restore(&world.engine.snapshot().unwrap()).unwrap(),
        now: world.now,
        events: Vec::new(),
    };
    for (at, act) in acts.iter().enumerate() {
        world.pass(700);
        twin.pass(700);
        let command = command(&world, act);
        let before = world.engine.snapshot().unwrap();
        let done = world.run(command.clone());
        if done.is_err() {
            prop_assert!(world.engine.snapshot().unwrap() == before, "{act:?}");
        }
        for account in world.participants() {
            let health = world
                .venue()
                .health(world.engine.ledger(), account)
                .unwrap();
            let (equity, requirement) = naive(&world, account);
            prop_assert_eq!((health.equity, health.requirement), (equity, requirement));
        }
        let mut known: Vec<AccountId> = world.venue().warnings().keys().copied().collect();
        let under = world.under();
        if world.venue().cases().open() == 0 {
            prop_assert_eq!(&known, &under, "{:?}", act);
        }
        known.extend(
            world
                .venue()
                .cases()
                .files()
                .map(|file| file.case.target.account),
        );
        prop_assert!(
            under.iter().all(|account| known.contains(account)),
            "{:?}",
            act
        );
        prop_assert_eq!(done.is_ok(), twin.run(command).is_ok());
        prop_assert_eq!(&world.events, &twin.events);
        prop_assert_eq!(world.engine.state_hash(), twin.engine.state_hash());
        if at % 7 == 0 {
            twin.engine = Engine::restore(&world.engine.snapshot().unwrap()).unwrap();
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn isolated_margin_holds_the_laws(acts in proptest::collection::vec(act(), 1..60)) {
        check(watched(Margin::Isolated), &acts)?;
    }

    #[test]
    fn cross_margin_holds_the_laws(acts in proptest::collection::vec(act(), 1..60)) {
        check(watched(Margin::Cross), &acts)?;
    }

    #[test]
    fn portfolio_margin_holds_the_laws(acts in proptest::collection::vec(act(), 1..60)) {
        check(watched(Margin::Portfolio(scenarios(2))), &acts)?;
    }

    /// A wild portfolio: full falls, tenfold rises, no least share.
    #[test]
    fn wild_scenarios_hold_the_laws(acts in proptest::collection::vec(act(), 1..60)) {
        let mut wild = scenarios(2);
        wild.least_e5 = 0;
        wild.moves_e5.push(vec![-100_000, 1_000_000]);
        wild.moves_e5.push(vec![3_000, -100_000]);
        wild.moves_e5.push(vec![-1, -1]);
        check(watched(Margin::Portfolio(wild)), &acts)?;
    }
}

/// A procedure in which everybody acts, for accounts that must be quick: a small fund and vault.
fn busy(margin: Margin) -> Config {
    let mut config = design(margin);
    config.trigger.confirmations = 2;
    config.trigger.grace = Duration(1_000);
    config.trigger.urgent_e5 = 50_000;
    config.lock = Lock::DepositsOnly;
    config.procedure = vec![
        Stage::Acquire(Acquire),
        Stage::ForceClose(ForceClose),
        Stage::Socialise(Socialise { same_market: false }),
    ];
    config
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn liquidations_hold_the_laws(acts in proptest::collection::vec(act(), 1..60)) {
        check(busy(Margin::Cross), &acts)?;
        check(busy(Margin::Portfolio(scenarios(2))), &acts)?;
    }

    #[test]
    fn versions_hold_the_laws(acts in proptest::collection::vec(act(), 1..60)) {
        let mut config = busy(Margin::Versioned);
        let portion = Portion::All;
        config.procedure = vec![Stage::CloseNextVersion(CloseNextVersion { portion })];
        check(config, &acts)?;
    }
}

/// Every byte of a snapshot, changed: refused, or another sound state, but never a panic.
#[test]
fn a_damaged_snapshot_is_refused_or_sound() {
    let mut config = busy(Margin::Cross);
    config.trigger.confirmations = 3;
    let mut world = World::ready(config, 2);
    world.trade(ANN, BTC, 9_000).unwrap();
    let (account, amount) = (BOB, 10 * ONE);
    world
        .run(Command::AddLiquidity { account, amount })
        .unwrap();
    world.prices(&[(BTC, 92)]);
    let bytes = world.engine.snapshot().unwrap();
    let mut sound = 0usize;
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let Ok(engine) = Engine::restore(&damaged) else {
                continue;
            };
            sound += 1;
            let (now, events) = (world.now, Vec::new());
            let mut twin = World {
                engine,
                now,
                events,
            };
            // Whatever it is, it goes on or refuses.
            let price = Command::Prices(vec![(BTC, 9_000_000_000)]);
            let _ = twin.engine.apply(&plimsoll_engine::Command {
                time: plimsoll_units::Timestamp(now),
                venue: plimsoll_units::VenueId(0),
                body: plimsoll_engine::Body::Composed(price),
            });
            twin.now += 1;
        }
    }
    assert!(
        sound > 0 && sound < bytes.len(),
        "{sound} of {}",
        bytes.len()
    );
}

/// A thousand longs at one to ten times leverage: the price falls by hundredths of a percent, and
/// only who is near is looked at.
#[test]
fn the_cost_of_a_price_follows_the_trips_it_passes() {
    let mut world = World::ready(watched(Margin::Cross), 0);
    let count = 1_000u32;
    for at in 0..count {
        let account = AccountId(ANN.0 + at);
        let amount = 1_000 * ONE;
        world.run(Command::Deposit { account, amount }).unwrap();
        world
            .trade(account, BTC, 1_000 + i64::from(at) * 9)
            .unwrap();
    }
    let looked = |world: &World| world.venue().watch_counters().examined;
    let before = looked(&world);
    let mut price = world.venue().mark(BTC).unwrap();
    for _ in 0..1_000 {
        price -= price / 10_000;
        world.engine_prices(price);
    }
    let (under, looked) = (world.under().len(), looked(&world) - before);
    assert_eq!(under, world.venue().warnings().len());
    assert!(under > 200, "{under} of {count} are under");
    // Each of the warned is looked at with every price until it ends; the others a few times.
    let warned: u64 = world
        .venue()
        .warnings()
        .values()
        .map(|warning| u64::from(warning.prices))
        .sum();
    let others = looked - warned;
    assert!(
        others < u64::from(count) * 4,
        "{others} looks at sound accounts"
    );
}

impl World {
    /// A price in pips, without the audit's recount.
    fn engine_prices(&mut self, price: u64) {
        let command = plimsoll_engine::Command {
            time: plimsoll_units::Timestamp(self.now),
            venue: plimsoll_units::VenueId(0),
            body: plimsoll_engine::Body::Composed(Command::Prices(vec![(BTC, price)])),
        };
        self.engine.apply(&command).unwrap();
    }
}

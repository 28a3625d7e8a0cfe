//! A command is applied whole or not at all, in time order, by the venue that speaks it.

use expect_test::{Expect, expect};
use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::venues::{gammaswap, perennial, tsunamix};
use plimsoll_engine::{Body, Command, Config, Engine, Event, Rejection};
use plimsoll_units::{AccountId, Amount, AssetId, MarketId, Timestamp, VenueId};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use crate::world::{EVERYTHING, START, Step, VENUES, World, config, step};

fn tick() -> Body {
    Body::TsunamiX(tsunamix::Command::Tick)
}

fn settle() -> Body {
    Body::Perennial(perennial::Command::Settle {
        product: MarketId(0),
    })
}

fn at(ms: i64, venue: u16, body: Body) -> Command {
    Command {
        time: Timestamp(START.0 + ms),
        venue: VenueId(venue),
        body,
    }
}

#[test]
fn what_is_not_for_this_engine_is_refused_by_name_and_changes_nothing() {
    let mut engine = Engine::new(&config()).unwrap();
    engine.apply(&at(5, 0, tick())).unwrap();
    let mut check = |command: &Command, expected: Expect| {
        let before = (engine.state_hash(), engine.now(), engine.accepted());
        let refusal = engine.apply(command).unwrap_err();
        expected.assert_eq(&refusal.to_string());
        let after = (engine.state_hash(), engine.now(), engine.accepted());
        assert_eq!(after, before, "{refusal}");
    };
    check(
        &at(4, 0, tick()),
        expect![
            "the command is from 2025-10-10 00:00:00.004, but the engine is already at 2025-10-10 00:00:00.005"
        ],
    );
    // The time is looked at first.
    check(
        &at(4, 9, tick()),
        expect![
            "the command is from 2025-10-10 00:00:00.004, but the engine is already at 2025-10-10 00:00:00.005"
        ],
    );
    check(
        &at(6, 6, tick()),
        expect!["venue-6 does not exist in this engine"],
    );
    check(
        &at(6, u16::MAX, settle()),
        expect!["venue-65535 does not exist in this engine"],
    );
    check(
        &at(6, 0, settle()),
        expect!["the command is for a perennial venue, but venue-0 is a tsunamix venue"],
    );
    check(
        &at(6, 4, tick()),
        expect!["the command is for a tsunamix venue, but venue-4 is a perennial venue"],
    );
    check(
        &at(6, 5, tick()),
        expect!["the command is for a tsunamix venue, but venue-5 is a gammaswap venue"],
    );
    let update = gammaswap::Command {
        block: 1,
        action: gammaswap::Action::UpdatePool,
    };
    check(
        &at(6, 1, Body::GammaSwap(update)),
        expect!["the command is for a gammaswap venue, but venue-1 is a perennial venue"],
    );
}

#[test]
fn two_commands_may_share_a_time_and_the_first_may_be_from_any() {
    for first in [i64::MIN, -1, 0, START.0] {
        let mut engine = Engine::new(&config()).unwrap();
        for accepted in 1..=2 {
            let command = Command {
                time: Timestamp(first),
                venue: VenueId(1),
                body: settle(),
            };
            engine.apply(&command).unwrap();
            assert_eq!(
                (engine.now(), engine.accepted()),
                (Timestamp(first), accepted)
            );
        }
    }
}

/// A clock that is broken at either end, or milliseconds that were microseconds: accepted or
/// refused, and the books stay whole.
#[test]
fn commands_at_the_ends_of_time_do_no_harm() {
    let mut early = World::new();
    early.now = Timestamp(i64::MIN);
    for (start, jump) in [
        (World::funded(), i64::MAX),
        (World::funded(), START.0 * 1000),
        (World::new(), i64::MAX),
        (early.clone(), 0),
        (early, i64::MAX),
    ] {
        for venue in 0..VENUES {
            let mut world = start.clone();
            for (at, act) in EVERYTHING.into_iter().cycle().take(26).enumerate() {
                let ms = if at == 13 { jump } else { 0 };
                let command = world.command(&Step {
                    venue,
                    ms,
                    stray: 0,
                    act,
                });
                let before = world.engine.state_hash();
                if world.apply(&command).is_err() {
                    assert_eq!(world.engine.state_hash(), before, "{command:?}");
                }
                assert_eq!(world.engine.audit(), Ok(()), "{command:?}");
            }
            let snapshot = world.engine.snapshot().unwrap();
            assert!(Engine::restore(&snapshot).is_ok(), "venue {venue}");
        }
    }
}

#[test]
fn an_engine_that_cannot_be_is_refused() {
    let check = |change: fn(&mut Config), expected: Expect| {
        let mut config = config();
        change(&mut config);
        let refusal = Engine::new(&config).map(|_| ()).unwrap_err();
        expected.assert_eq(&refusal.to_string());
    };
    check(
        |c| c.assets.truncate(3),
        expect!["asset-3 is not an asset of this ledger"],
    );
    let too_many = |c: &mut Config| c.venues = vec![c.venues[1].clone(); 65_537];
    check(
        too_many,
        expect!["venue-65535 does not exist in this engine"],
    );
    assert!(
        Engine::new(&Config::default()).is_ok(),
        "an engine without venues is one"
    );
}

#[test]
fn events_are_those_of_the_last_command_alone() {
    let mut engine = Engine::new(&config()).unwrap();
    let deposit = |account| {
        Body::TsunamiX(tsunamix::Command::Deposit {
            account: AccountId(account),
            amount: Amount::from_raw(7),
        })
    };
    // The first command rolls the epochs since 1970, with events.
    engine.apply(&at(0, 0, tick())).unwrap();
    for account in 0..3 {
        let events = engine.apply(&at(0, 0, deposit(account))).unwrap();
        assert_eq!(events.len(), 1, "{events:?}");
    }
    assert!(engine.apply(&at(0, 0, deposit(9))).is_err());
    assert_eq!(engine.apply(&at(0, 0, tick())).unwrap(), []);
}

/// How much of a random history was more than refusals.
#[derive(Debug, Default)]
struct Seen {
    accepted: u32,
    rejected: u32,
    opened: u32,
    closed: u32,
}

/// Applies all steps: whatever is refused leaves no trace, whatever is accepted leaves sound books
/// and venues. Returns what was accepted.
fn play(world: &mut World, steps: &[Step], seen: &mut Seen) -> Result<Vec<Command>, TestCaseError> {
    let mut accepted = Vec::new();
    for step in steps {
        let command = world.command(step);
        let before = (world.engine.state_hash(), world.engine.now());
        let count = world.engine.accepted();
        match world.apply(&command) {
            Ok(events) => {
                prop_assert_eq!(world.engine.now(), command.time);
                prop_assert_eq!(world.engine.accepted(), count + 1);
                seen.accepted += 1;
                for event in events {
                    seen.opened += u32::from(matches!(event, Event::Case(CaseEvent::Opened(_))));
                    seen.closed +=
                        u32::from(matches!(event, Event::Case(CaseEvent::Closed { .. })));
                }
                accepted.push(command.clone());
            }
            Err(refusal) => {
                let after = (world.engine.state_hash(), world.engine.now());
                prop_assert_eq!(after, before, "{:?}: {}", &command, &refusal);
                prop_assert_eq!(world.engine.accepted(), count);
                seen.rejected += 1;
            }
        }
        let audit = world.engine.audit();
        prop_assert_eq!(audit, Ok(()), "after {:?}", &command);
    }
    Ok(accepted)
}

fn histories() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..160)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// State is a function of the accepted commands: an engine that never saw the refused ones
    /// has the same hash, and says the same.
    #[test]
    fn a_refused_command_leaves_no_trace(steps in histories()) {
        let mut world = World::funded();
        let mut never_refused = world.engine.clone();
        let accepted = play(&mut world, &steps, &mut Seen::default())?;
        for command in &accepted {
            prop_assert!(never_refused.apply(command).is_ok(), "{:?}", command);
        }
        prop_assert_eq!(never_refused.state_hash(), world.engine.state_hash());
    }
}

/// The histories above are of use only if commands are accepted and refused, and cases run.
#[test]
fn random_histories_are_not_idle() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = Seen::default();
    for _ in 0..20 {
        let steps = histories().new_tree(&mut runner).unwrap().current();
        play(&mut World::funded(), &steps, &mut seen).unwrap();
    }
    let Seen {
        accepted,
        rejected,
        opened,
        closed,
    } = seen;
    assert!(
        accepted > 500 && rejected > 500 && opened > 30 && closed > 20,
        "{seen:?}"
    );
}

#[test]
fn a_rejection_says_what_is_wrong_in_the_words_of_its_source() {
    let ledger: Rejection = plimsoll_engine::ledger::LedgerError::UnknownAsset(AssetId(7)).into();
    expect!["asset-7 is not an asset of this ledger"].assert_eq(&ledger.to_string());
    let shares = Rejection::SharesOverOne {
        first_caller_e5: 60_000,
        resolver_e5: 50_000,
    };
    expect!["bounties of 60000 and 50000 (in 1/100000) exceed the whole collateral"]
        .assert_eq(&shares.to_string());
}

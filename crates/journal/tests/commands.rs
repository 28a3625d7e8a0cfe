//! What the records of an engine's journal say: their bytes, kept; what cannot be rebuilt; and
//! that a rebuilt engine is the one that was recorded.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use plimsoll_engine::book::{SelfTrade, Side as BookSide, TimeInForce};
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::gammaswap::{self, Action, Purse};
use plimsoll_engine::venues::perennial::{self, Payoff, ProductParams, Role};
use plimsoll_engine::venues::tsunamix::{self, MarketParams, PriceUpdate, Rules};
use plimsoll_engine::venues::{Execution, VenueConfig};
use plimsoll_engine::venues::{composed, kuma, kyan};
use plimsoll_engine::{Body, Command, Config, Engine, StateHash};
use plimsoll_journal::commands::{
    Checkpoint, Entry, RebuildError, Rebuilder, Rebuilt, Recorder, kind, read, rebuild,
};
use plimsoll_journal::{Bounds, Journal, JournalError, MemoryLog, Policy, RedbLog, verify};
use plimsoll_units::{
    AccountId, Amount, AssetId, MarketId, Notional, PositionId, Price, Quantity, Rate, Side,
    Timestamp, VenueId,
};
use proptest::prelude::*;

const TSUNAMIX: VenueId = VenueId(0);
const PERENNIAL: VenueId = VenueId(1);
const E18: i128 = 1_000_000_000_000_000_000;

/// One market on TsunamiX, one product on Perennial; the engine liquidates.
fn config() -> Config {
    let asset = |symbol: &str, decimals| Asset {
        symbol: symbol.to_owned(),
        decimals,
    };
    let execution = Execution::Engine {
        keeper: AccountId(0),
    };
    let product = ProductParams {
        payoff: Payoff::Long,
        maintenance: Rate::from_raw(E18 / 20),
        maker_limit: Quantity::from_raw(1_000_000 * E18),
        ..ProductParams::default()
    };
    Config {
        assets: vec![asset("TUSD", 6), asset("TLP", 6), asset("DSU", 18)],
        venues: vec![
            VenueConfig::TsunamiX(tsunamix::Config {
                money: AssetId(0),
                shares: AssetId(1),
                execution,
                rules: Rules::tsunamix(),
                markets: vec![MarketParams::new("ETHUSDT", Price::from_raw(1_000_000))],
            }),
            VenueConfig::Perennial(perennial::Config {
                execution,
                ..perennial::Config::perennial(AssetId(2), vec![product])
            }),
        ],
    }
}

fn command(time: i64, venue: VenueId, body: Body) -> Command {
    Command {
        time: Timestamp(1_760_131_200_000 + time),
        venue,
        body,
    }
}

fn deposit(time: i64, amount: i128) -> Command {
    let body = tsunamix::Command::Deposit {
        account: AccountId(1),
        amount: Amount::from_raw(amount),
    };
    command(time, TSUNAMIX, Body::TsunamiX(body))
}

fn journal() -> Journal<MemoryLog> {
    Journal::open(MemoryLog::new(), Bounds::default()).unwrap()
}

fn recorder() -> Recorder<MemoryLog> {
    Recorder::begin(journal(), &config()).unwrap()
}

/// The payload of every record, after the envelope.
fn payloads(log: MemoryLog) -> Vec<(u16, Vec<u8>)> {
    let mut log = log.reopen();
    let mut found = Vec::new();
    verify(&mut log, |record| {
        found.push((record.kind, record.payload.to_vec()));
        Ok::<(), JournalError>(())
    })
    .unwrap();
    found
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}

// The bytes of the payloads. None of these expectations may ever change: what was written once is
// read forever.

#[test]
fn the_payload_of_every_kind() {
    let mut recorder = recorder();
    let prices = Body::TsunamiX(tsunamix::Command::Prices(vec![PriceUpdate {
        market: MarketId(0),
        version: 7,
        published: Timestamp(1_760_131_200_001),
        price: Price::from_raw(3_435 * E18),
    }]));
    let open = Body::Perennial(perennial::Command::Open {
        product: MarketId(1),
        account: AccountId(2),
        by: AccountId(3),
        role: Role::Taker,
        amount: Quantity::from_raw(E18 + 1),
    });
    let action = Action::Deposit {
        account: AccountId(4),
        purse: Purse::Lp,
        amount: 5,
    };
    let swap = Body::GammaSwap(gammaswap::Command { block: 6, action });
    let terms = kuma::Trade {
        market: MarketId(1),
        base: 2,
        quote: 3,
        maker_side: kuma::OrderSide::Sell,
        maker_fee: -4,
        taker_fee: 5,
    };
    let traded = Body::Kuma(kuma::Command::Trade {
        buyer: AccountId(6),
        seller: AccountId(7),
        trade: terms,
    });
    let sold = Body::Kyan(kyan::Command::Place(kyan::OrderRequest {
        account: AccountId(1),
        instrument: kyan::InstrumentId(2),
        side: BookSide::Sell,
        price: Some(3),
        quantity: 4,
        time_in_force: TimeInForce::Ioc,
        reduce_only: true,
        self_trade: SelfTrade::CancelOldest,
    }));
    let filled = Body::Composed(composed::Command::Fill(composed::Fill {
        market: MarketId(1),
        buyer: AccountId(2),
        seller: AccountId(3),
        quantity: 4,
        price: 5,
    }));
    let bodies = [
        (TSUNAMIX, prices),
        (PERENNIAL, open),
        (VenueId(2), swap),
        (VenueId(3), traded),
        (VenueId(4), sold),
        (VenueId(5), filled),
    ];
    for (at, (venue, body)) in bodies.into_iter().enumerate() {
        recorder.command(&command(at as i64, venue, body)).unwrap();
    }
    let engine = Engine::new(&config()).unwrap();
    recorder.checkpoint(&engine).unwrap();
    let mut shown = String::new();
    for (kind, payload) in payloads(recorder.close().unwrap()) {
        let shown_payload = match kind {
            // The hash follows the state, which may get new fields; what is before it may not.
            kind::CHECKPOINT => {
                assert_eq!(payload[8..], engine.state_hash().0);
                hex(&payload[..8])
            }
            _ => hex(&payload),
        };
        write!(shown, "kind {kind}\n{shown_payload}").unwrap();
    }
    expect![[r#"
        kind 1
        0300000004000000545553440600000003000000544c50060000000300000044
        53551200000002000000000000010001000000000000d0070000401f00001027
        0000d0070000881300000074b70100000000e803000050c3000000404b4c0000
        0000000000000000000000000001000000070000004554485553445440420f00
        000000000000000000000000301b0f0000000000000000000000000014000000
        640000006400000064000000e803000064000000c4090000009f240000a0724e
        1809000000000000000100000001000000000001020000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        000000000000000000000000000000000000000000000001000000000000c52e
        bca2b10000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        00000000000000000000000000000000a1edccce1bc2d3000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        00000100000000
        kind 2
        04010000000000070000000000000001b4fecf990100000000cc0a977c3336ba
        00000000000000
        kind 3
        030100020000000300000001010064a7b3b6e00d0000000000000000
        kind 4
        060000000000000000040000000205000000000000000000000000000000
        kind 5
        08060000000700000001000200000000000000030000000000000001fcffffff
        ffffffff0500000000000000
        kind 6
        080100000002000000010103000000000000000400000000000000020101
        kind 7
        040100020000000300000004000000000000000500000000000000
        kind 100
        0000000000000000
    "#]]
    .assert_eq(&shown);
}

#[test]
fn what_was_recorded_is_read_again() {
    let mut recorder = recorder();
    let commands = [
        deposit(0, 5),
        // Refused by the engine, and recorded all the same.
        deposit(1, -5),
        command(1, VenueId(9), Body::TsunamiX(tsunamix::Command::Tick)),
    ];
    for command in &commands {
        recorder.command(command).unwrap();
    }
    let engine = Engine::new(&config()).unwrap();
    recorder.checkpoint(&engine).unwrap();
    let mut entries = Vec::new();
    let mut log = recorder.close().unwrap().reopen();
    verify(&mut log, |record| {
        entries.push(read(record).unwrap());
        Ok::<(), JournalError>(())
    })
    .unwrap();
    let mut expected = vec![Entry::Genesis(config())];
    expected.extend(commands.map(Entry::Command));
    expected.push(Entry::Checkpoint(Checkpoint {
        accepted: 0,
        state: engine.state_hash(),
    }));
    assert_eq!(entries, expected);
}

/// Appends records of these kinds and payloads, rebuilds, and shows what comes of it.
fn check(records: &[(u16, Vec<u8>)], expected: &Expect) {
    let mut journal = journal();
    for (kind, payload) in records {
        journal
            .append(*kind, Timestamp(1_760_131_200_000), TSUNAMIX, payload)
            .unwrap();
    }
    let shown = match rebuilt(journal) {
        Ok(rebuilt) => format!("rebuilt: {} accepted", rebuilt.engine.accepted()),
        Err(error) => format!("{error}\n{:?}", error.policy()),
    };
    expected.assert_eq(&shown);
}

fn rebuilt(journal: Journal<MemoryLog>) -> Result<Rebuilt, RebuildError> {
    rebuild(&mut journal.close().unwrap().reopen(), |_, _, _| {})
}

/// Good records: parameters and a deposit.
fn good() -> Vec<(u16, Vec<u8>)> {
    let mut recorder = recorder();
    recorder.command(&deposit(0, 1_000_000)).unwrap();
    payloads(recorder.close().unwrap())
}

/// The checkpoint after [`good`].
fn checkpoint() -> Checkpoint {
    let mut engine = Engine::new(&config()).unwrap();
    engine.apply(&deposit(0, 1_000_000)).unwrap();
    Checkpoint {
        accepted: engine.accepted(),
        state: engine.state_hash(),
    }
}

fn checkpoint_record(checkpoint: &Checkpoint) -> (u16, Vec<u8>) {
    (kind::CHECKPOINT, borsh::to_vec(checkpoint).unwrap())
}

#[test]
fn good_records_rebuild_with_and_without_checkpoint() {
    check(&good(), &expect!["rebuilt: 1 accepted"]);
    let mut records = good();
    records.push(checkpoint_record(&checkpoint()));
    check(&records, &expect!["rebuilt: 1 accepted"]);
}

#[test]
fn a_journal_without_anything_in_it() {
    check(
        &[],
        &expect![[r#"
        the journal is empty: it does not even say which engine it is for
        Unusable"#]],
    );
}

#[test]
fn a_journal_that_does_not_begin_with_parameters() {
    check(
        &good()[1..],
        &expect![[r#"
        record 1: the engine's parameters must be the first record and only that
        Corrupt"#]],
    );
    check(
        &[checkpoint_record(&checkpoint())],
        &expect![[r#"
        record 1: the engine's parameters must be the first record and only that
        Corrupt"#]],
    );
}

#[test]
fn parameters_twice() {
    let genesis = good()[0].clone();
    check(
        &[genesis.clone(), genesis.clone()],
        &expect![[r#"
        record 2: the engine's parameters must be the first record and only that
        Corrupt"#]],
    );
    let mut records = good();
    records.push(genesis);
    check(
        &records,
        &expect![[r#"
        record 3: the engine's parameters must be the first record and only that
        Corrupt"#]],
    );
}

#[test]
fn parameters_that_the_engine_refuses() {
    let mut bad = config();
    let VenueConfig::TsunamiX(tsunamix) = &mut bad.venues[0] else {
        panic!("the first venue");
    };
    tsunamix.markets[0].max_leverage = 0;
    let payload = borsh::to_vec(&bad).unwrap();
    check(
        &[(kind::GENESIS, payload)],
        &expect![[r#"
        record 1: the engine refuses the parameters: max_leverage is 0; it must be between 1 and 1000000
        Corrupt"#]],
    );
}

#[test]
fn kinds_of_a_newer_build() {
    for unknown in [0, 8, 99, 101, u16::MAX] {
        let mut records = good();
        records.push((unknown, Vec::new()));
        let mut journal = journal();
        for (kind, payload) in &records {
            journal
                .append(*kind, Timestamp(1_760_131_200_000), TSUNAMIX, payload)
                .unwrap();
        }
        let error = rebuilt(journal).unwrap_err();
        assert_eq!(error.policy(), Policy::Unusable);
        assert_eq!(
            error.to_string(),
            format!("record 3: kind {unknown} is unknown to this build; a newer one wrote it")
        );
    }
    check(
        &[(9, b"first".to_vec())],
        &expect![[r#"
        record 1: kind 9 is unknown to this build; a newer one wrote it
        Unusable"#]],
    );
}

#[test]
fn payloads_that_are_not_what_their_kind_says() {
    let genesis = good()[0].clone();
    let cut = |bytes: &[u8]| bytes[..bytes.len() - 1].to_vec();
    let longer = |bytes: &[u8]| [bytes, &[0]].concat();
    check(
        &[(kind::GENESIS, cut(&genesis.1))],
        &expect![[r#"
        record 1: the payload of kind 1 does not decode: Unexpected length of input
        Corrupt"#]],
    );
    check(
        &[(kind::GENESIS, longer(&genesis.1))],
        &expect![[r#"
        record 1: the payload of kind 1 does not decode: Not all bytes read
        Corrupt"#]],
    );
    check(
        &[(kind::GENESIS, vec![0xff; 64])],
        &expect![[r#"
        record 1: the payload of kind 1 does not decode: Unexpected length of input
        Corrupt"#]],
    );
    let deposit = good()[1].1.clone();
    for (kind, payload, expected) in [
        (
            kind::TSUNAMIX,
            cut(&deposit),
            expect![[r#"
            record 2: the payload of kind 2 does not decode: Unexpected length of input
            Corrupt"#]],
        ),
        (
            kind::TSUNAMIX,
            longer(&deposit),
            expect![[r#"
            record 2: the payload of kind 2 does not decode: Not all bytes read
            Corrupt"#]],
        ),
        (
            kind::TSUNAMIX,
            vec![],
            expect![[r#"
            record 2: the payload of kind 2 does not decode: Unexpected length of input
            Corrupt"#]],
        ),
        // No such command, now or ever.
        (
            kind::TSUNAMIX,
            vec![0xff],
            expect![[r#"
            record 2: the payload of kind 2 does not decode: Unexpected variant tag: 255
            Corrupt"#]],
        ),
        (
            kind::PERENNIAL,
            vec![0xff],
            expect![[r#"
            record 2: the payload of kind 3 does not decode: Unexpected variant tag: 255
            Corrupt"#]],
        ),
        (
            kind::GAMMASWAP,
            vec![0xff; 9],
            expect![[r#"
            record 2: the payload of kind 4 does not decode: Unexpected variant tag: 255
            Corrupt"#]],
        ),
        // A length that promises more than there is must not be believed.
        (
            kind::TSUNAMIX,
            vec![4, 0xff, 0xff, 0xff, 0xff],
            expect![[r#"
            record 2: the payload of kind 2 does not decode: Unexpected length of input
            Corrupt"#]],
        ),
        (
            kind::CHECKPOINT,
            vec![1; 39],
            expect![[r#"
            record 2: the payload of kind 100 does not decode: Unexpected length of input
            Corrupt"#]],
        ),
    ] {
        check(&[genesis.clone(), (kind, payload)], &expected);
    }
}

#[test]
fn a_command_in_another_venues_language_is_refused_not_corrupt() {
    let mut records = good();
    records.push((kind::PERENNIAL, borsh::to_vec(&settle()).unwrap()));
    check(&records, &expect!["rebuilt: 1 accepted"]);
}

fn settle() -> perennial::Command {
    perennial::Command::Settle {
        product: MarketId(0),
    }
}

#[test]
fn checkpoints_that_do_not_match() {
    let right = checkpoint();
    let mut hash = right.state;
    hash.0[31] ^= 1;
    for (wrong, word) in [
        (
            Checkpoint {
                state: hash,
                ..right
            },
            "hashes to",
        ),
        (
            Checkpoint {
                accepted: right.accepted + 1,
                ..right
            },
            "recorded was",
        ),
        (
            Checkpoint {
                accepted: 0,
                state: StateHash([0; 32]),
            },
            "after 0",
        ),
    ] {
        let mut records = good();
        records.push(checkpoint_record(&wrong));
        let mut journal = journal();
        for (kind, payload) in &records {
            journal
                .append(*kind, Timestamp(1_760_131_200_000), TSUNAMIX, payload)
                .unwrap();
        }
        let error = rebuilt(journal).unwrap_err();
        assert!(matches!(error, RebuildError::Diverged { sequence: 3, .. }));
        assert_eq!(error.policy(), Policy::Corrupt);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn reading_passes_over_checkpoints_that_verifying_does_not() {
    let mut wrong = checkpoint();
    wrong.accepted += 1;
    let mut records = good();
    records.push(checkpoint_record(&wrong));
    records.push(good()[1].clone());
    let mut journal = journal();
    for (kind, payload) in &records {
        journal
            .append(*kind, Timestamp(1_760_131_200_000), TSUNAMIX, payload)
            .unwrap();
    }
    let mut log = journal.close().unwrap().reopen();
    let mut reader = Rebuilder::unchecked();
    verify(&mut log, |record| reader.apply(record, |_, _| {})).unwrap();
    assert_eq!(reader.into_engine().unwrap().accepted(), 2);
}

#[test]
fn a_recorder_begins_empty_journals_only_and_resumes_others() {
    let mut first = recorder();
    first.command(&deposit(0, 1)).unwrap();
    let log = first.close().unwrap().reopen();
    let journal = Journal::open(log, Bounds::default()).unwrap();
    let refused = Recorder::begin(journal, &config()).unwrap_err();
    assert_eq!(refused.policy(), Policy::Refuse);
    expect!["the batch begins with record 1, the log expects record 3"]
        .assert_eq(&refused.to_string());

    let mut first = recorder();
    first.command(&deposit(0, 1)).unwrap();
    let log = first.close().unwrap().reopen();
    let mut second = Recorder::resume(Journal::open(log, Bounds::default()).unwrap());
    assert_eq!(second.command(&deposit(1, 2)).unwrap(), 3);
    let past = second.command(&deposit(-1, 2)).unwrap_err();
    assert_eq!(past.policy(), Policy::Refuse, "{past}");
    let rebuilt = rebuild(&mut second.close().unwrap().reopen(), |_, _, _| {}).unwrap();
    assert_eq!(rebuilt.engine.accepted(), 2);
}

// Random histories.

/// A few people, small numbers, prices that fall far enough to liquidate.
fn any_body() -> impl Strategy<Value = (VenueId, Body)> {
    let account = (0u32..5).prop_map(AccountId);
    let money = || 0i128..2_000_000_000;
    let tsunamix = (account, 0u8..10, money(), money(), any::<bool>(), 0u64..6).prop_map(
        |(account, which, some, more, long, position)| {
            use tsunamix::Command as Do;
            let position = PositionId(position);
            let amount = Amount::from_raw(some);
            let body = match which {
                0 => Do::Deposit { account, amount },
                1 => Do::Withdraw { account, amount },
                2 => Do::AddLiquidity { account, amount },
                3 => Do::RemoveLiquidity {
                    account,
                    shares: Quantity::from_raw(some),
                },
                4 | 5 => Do::Open {
                    account,
                    market: MarketId(0),
                    side: if long { Side::Long } else { Side::Short },
                    collateral: amount,
                    size: Notional::from_raw(some.saturating_mul(1 + more % 20)),
                    acceptable: None,
                },
                6 => Do::Close {
                    account,
                    position,
                    acceptable: None,
                },
                7 => Do::AddCollateral {
                    account,
                    position,
                    amount,
                },
                8 => Do::Liquidate {
                    keeper: account,
                    position,
                },
                _ => Do::Rebalance,
            };
            (TSUNAMIX, Body::TsunamiX(body))
        },
    );
    let account = (0u32..5).prop_map(AccountId);
    let perennial = (account, 0u8..6, 0i128..2_000, any::<bool>()).prop_map(
        |(account, which, units, maker)| {
            use perennial::Command as Do;
            let (product, by) = (MarketId(0), account);
            let role = if maker { Role::Maker } else { Role::Taker };
            let body = match which {
                0 | 1 => Do::Deposit {
                    product,
                    account,
                    by,
                    amount: Amount::from_raw(units * E18),
                },
                2 => Do::Open {
                    product,
                    account,
                    by,
                    role,
                    amount: Quantity::from_raw(units * E18 / 20),
                },
                3 => Do::Close {
                    product,
                    account,
                    by,
                    role,
                    amount: Quantity::from_raw(units * E18 / 20),
                },
                4 => Do::Withdraw {
                    product,
                    account,
                    by,
                    amount: None,
                },
                _ => Do::SettleAccount { product, account },
            };
            (PERENNIAL, Body::Perennial(body))
        },
    );
    prop_oneof![3 => tsunamix, 3 => perennial]
}

/// A history: time steps, and either a price for both venues or something somebody does.
fn any_history() -> impl Strategy<Value = Vec<Command>> {
    let step = (
        0i64..400_000,
        20i128..120,
        prop::option::weighted(0.8, any_body()),
    );
    prop::collection::vec(step, 1..120).prop_map(|steps| {
        let mut now = 0;
        let mut version = 1;
        let mut history = opening();
        for (later, price, body) in steps {
            now += later;
            if let Some((venue, body)) = body {
                history.push(command(now, venue, body));
                continue;
            }
            version += 1;
            history.extend(prices(now, version, price));
        }
        history
    })
}

/// The same price for both venues, in whole units.
fn prices(now: i64, version: u64, price: i128) -> [Command; 2] {
    let (time, price) = (
        Timestamp(1_760_131_200_000 + now),
        Price::from_raw(price * E18),
    );
    let update = PriceUpdate {
        market: MarketId(0),
        version,
        published: time,
        price,
    };
    let tsunamix = tsunamix::Command::Prices(vec![update]);
    let perennial = perennial::Command::OracleVersion {
        product: MarketId(0),
        version,
        time,
        price,
    };
    [
        command(now, TSUNAMIX, Body::TsunamiX(tsunamix)),
        command(now, PERENNIAL, Body::Perennial(perennial)),
    ]
}

/// What both venues need before anybody can trade: a price, somebody on the other side, money.
fn opening() -> Vec<Command> {
    use perennial::Command as P;
    use tsunamix::Command as T;
    let (maker, product) = (AccountId(9), MarketId(0));
    let rich = 1_000_000 * 1_000_000;
    let mut history = prices(0, 1, 100).to_vec();
    let mut say = |venue, body| history.push(command(0, venue, body));
    for account in (0..5).map(AccountId).chain([maker]) {
        let amount = Amount::from_raw(rich);
        say(TSUNAMIX, Body::TsunamiX(T::Deposit { account, amount }));
    }
    let (account, amount) = (maker, Amount::from_raw(rich));
    say(
        TSUNAMIX,
        Body::TsunamiX(T::AddLiquidity { account, amount }),
    );
    say(TSUNAMIX, Body::TsunamiX(T::Rebalance));
    let by = maker;
    let amount = Amount::from_raw(1_000_000 * E18);
    let deposit = P::Deposit {
        product,
        account,
        by,
        amount,
    };
    say(PERENNIAL, Body::Perennial(deposit));
    let open = P::Open {
        product,
        account,
        by,
        role: Role::Maker,
        amount: Quantity::from_raw(5_000 * E18),
    };
    say(PERENNIAL, Body::Perennial(open));
    history
}

/// What came of a command, to compare.
fn outcome(engine: &mut Engine, command: &Command) -> String {
    format!("{:?}", engine.apply(command))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// An engine rebuilt from its journal is the engine that was recorded, and every command came
    /// to the same: the accepted ones to the same events, the refused ones to the same refusal.
    #[test]
    fn a_rebuilt_engine_is_the_one_that_was_recorded(
        history in any_history(),
        every in 1usize..40,
    ) {
        let mut engine = Engine::new(&config()).unwrap();
        let mut recorder = recorder();
        let mut live = Vec::new();
        for (at, command) in history.iter().enumerate() {
            recorder.command(command).unwrap();
            live.push(outcome(&mut engine, command));
            if at % every == 0 {
                recorder.checkpoint(&engine).unwrap();
            }
        }
        recorder.checkpoint(&engine).unwrap();
        let mut again = Vec::new();
        let rebuilt = rebuild(&mut recorder.close().unwrap().reopen(), |_, _, outcome| {
            again.push(format!("{outcome:?}"));
        })
        .unwrap();
        prop_assert_eq!(&again, &live);
        prop_assert_eq!(rebuilt.engine.state_hash(), engine.state_hash());
        prop_assert_eq!(rebuilt.engine.accepted(), engine.accepted());
        prop_assert_eq!(rebuilt.refused + engine.accepted(), history.len() as u64);
        prop_assert_eq!(rebuilt.checkpoints as usize, history.len().div_ceil(every) + 1);
    }

    /// The records up to any point give the engine as it was at that point.
    #[test]
    fn a_prefix_is_the_engine_of_that_moment(history in any_history(), at in any::<prop::sample::Index>()) {
        let kept = at.index(history.len() + 1);
        let mut engine = Engine::new(&config()).unwrap();
        let mut recorder = recorder();
        for command in &history[..kept] {
            recorder.command(command).unwrap();
            let _ = engine.apply(command);
        }
        let rebuilt = rebuild(&mut recorder.close().unwrap().reopen(), |_, _, _| {}).unwrap();
        prop_assert_eq!(rebuilt.head.sequence, kept as u64 + 1);
        prop_assert_eq!(rebuilt.engine.state_hash(), engine.state_hash());
    }

    /// No payload makes the reader panic or take memory it does not need.
    #[test]
    fn any_payload_is_read_or_refused(
        kind in prop_oneof![Just(1u16), Just(2), Just(3), Just(4), Just(100), any::<u16>()],
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut journal = journal();
        journal.append(kind::GENESIS, Timestamp(0), TSUNAMIX, &good()[0].1).unwrap();
        journal.append(kind, Timestamp(0), TSUNAMIX, &payload).unwrap();
        let _ = rebuilt(journal);
    }

    /// One changed byte of a payload (with chain and checksum made good again) is read or refused.
    #[test]
    fn a_changed_byte_of_the_parameters_is_read_or_refused(
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let mut genesis = good()[0].1.clone();
        let at = at.index(genesis.len());
        genesis[at] ^= 1 << bit;
        let mut journal = journal();
        journal.append(kind::GENESIS, Timestamp(0), TSUNAMIX, &genesis).unwrap();
        journal.append(kind::TSUNAMIX, Timestamp(0), TSUNAMIX, &good()[1].1).unwrap();
        if let Err(error) = rebuilt(journal) {
            prop_assert_ne!(error.policy(), Policy::Refuse);
        }
    }
}

/// The random histories must reach what they are for.
#[test]
fn the_random_histories_liquidate_and_refuse() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut closed, mut refused, mut accepted) = (0, 0, 0);
    for _ in 0..60 {
        let history = any_history().new_tree(&mut runner).unwrap().current();
        let mut engine = Engine::new(&config()).unwrap();
        for command in &history {
            match engine.apply(command) {
                Ok(events) => {
                    accepted += 1;
                    let is_case =
                        |e: &&plimsoll_engine::Event| matches!(e, plimsoll_engine::Event::Case(_));
                    closed += events.iter().filter(is_case).count();
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(
        closed > 20 && refused > 500 && accepted > 1_500,
        "{closed} {refused} {accepted}"
    );
}

#[test]
fn the_file_backend_rebuilds_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.journal");
    let log = RedbLog::create(&path).unwrap();
    let mut recorder =
        Recorder::begin(Journal::open(log, Bounds::default()).unwrap(), &config()).unwrap();
    let mut engine = Engine::new(&config()).unwrap();
    for at in 0..500 {
        let command = deposit(at, i128::from(at) - 100);
        recorder.command(&command).unwrap();
        let _ = engine.apply(&command);
    }
    recorder.checkpoint(&engine).unwrap();
    assert_eq!(recorder.commit().unwrap(), 502);
    drop(recorder.close().unwrap());
    let rebuilt = rebuild(&mut RedbLog::open(&path).unwrap(), |_, _, _| {}).unwrap();
    assert_eq!(rebuilt.engine.state_hash(), engine.state_hash());
    assert_eq!(rebuilt.checkpoints, 1);
    assert!(rebuilt.refused >= 100, "deposits below zero are refused");
}

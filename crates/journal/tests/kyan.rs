//! A Kyan venue in a journal: configuration and commands come back as they were written, and the
//! rebuilt engine is the one that was recorded, in the middle of a liquidation too.

use plimsoll_engine::auction::Ladder;
use plimsoll_engine::auction::portfolio::Terms;
use plimsoll_engine::book::{SelfTrade, Side, TimeInForce};
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::margin::portfolio::Model;
use plimsoll_engine::margin::portfolio::decompose::Pairing;
use plimsoll_engine::margin::portfolio::guards::Band;
use plimsoll_engine::pricing::quoted::{Quoted, QuotedSlice, QuotedSmile};
use plimsoll_engine::pricing::{Grid, VolShock};
use plimsoll_engine::venues::kyan::{
    self, Command, DecomposeTerms, Fees, Guards, HedgeTerms, Held, IndexUpdate, InstrumentId,
    Opening, OptionTerms, OrderRequest, PairParams, Right, Stage, Start, Steps, Trust,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command as Envelope, Config, Engine};
use plimsoll_journal::commands::{Rebuilt, Recorder, rebuild};
use plimsoll_journal::{Bounds, Journal, MemoryLog};
use plimsoll_units::{
    AccountId, Amount, AssetId, Duration, MarketId, Price, Rate, Timestamp, VenueId,
};

const PAIR: MarketId = MarketId(0);
/// 2026-02-03 00:00 UTC.
const START: i64 = 1_770_076_800_000;
const DAY: i64 = 86_400_000;

fn pair() -> PairParams {
    let steps = |tick, lot| Steps { tick, lot };
    PairParams {
        name: "BTC_USDC".to_owned(),
        perpetual: steps(50_000_000, 1_000),
        option: steps(100_000_000, 10_000),
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

/// Five calls sold by account 1 to account 0.
fn config() -> Config {
    let terms = OptionTerms {
        expiry: Timestamp(START + 14 * DAY),
        strike: Price::from_raw(11_000_000_000_000),
        right: Right::Call,
    };
    let opening = |owner, cash, quantity| Opening {
        owner,
        pair: PAIR,
        cash: Amount::from_raw(cash),
        positions: vec![Held {
            instrument: InstrumentId(1),
            quantity,
            cost: 0,
        }],
    };
    let venue = kyan::Config {
        money: AssetId(0),
        pairs: vec![pair()],
        procedure: vec![Stage::Hedge, Stage::Decompose, Stage::Auction],
        guards: Guards::ALL,
        start: Start {
            options: vec![(PAIR, terms)],
            accounts: vec![
                opening(1, 100_000_000_000_000, 5_000_000),
                opening(2, 82_000_000_000, -5_000_000),
            ],
            fund: Amount::from_raw(1_000_000_000),
        },
    };
    Config {
        assets: vec![Asset {
            symbol: "USDC".to_owned(),
            decimals: 6,
        }],
        venues: vec![VenueConfig::Kyan(Box::new(venue))],
    }
}

fn commands() -> Vec<Command> {
    let index = |at: i64, price: i128| {
        Command::Index(IndexUpdate {
            pair: PAIR,
            at: Timestamp(START + at),
            index: Price::from_raw(price * 100_000_000),
            perpetual: Price::from_raw(price * 100_000_000),
        })
    };
    let quoted = Quoted {
        at: Timestamp(START),
        index: Price::from_raw(10_000_000_000_000),
        slices: vec![QuotedSlice {
            expiry: Timestamp(START + 14 * DAY),
            forward_e9: 1_000_000_000,
            smile: QuotedSmile::Points(vec![(Price::from_raw(11_000_000_000_000), 600_000_000)]),
        }],
    };
    let sell = Command::Place(OrderRequest {
        account: AccountId(0),
        instrument: InstrumentId::PERPETUAL,
        side: Side::Sell,
        price: Some(10_000_000_000_000),
        quantity: 500_000,
        time_in_force: TimeInForce::Ioc,
        reduce_only: false,
        self_trade: SelfTrade::CancelNewest,
    });
    vec![
        Command::Surface { pair: PAIR, quoted },
        index(1_000, 100_000),
        sell,
        index(2_000, 100_500),
        Command::Funding { pair: PAIR },
        Command::Tick,
    ]
}

#[test]
fn an_engine_rebuilt_from_its_journal_goes_on_in_the_middle_of_a_liquidation() {
    let journal = Journal::open(MemoryLog::new(), Bounds::default()).unwrap();
    let mut recorder = Recorder::begin(journal, &config()).unwrap();
    let mut engine = Engine::new(&config()).unwrap();
    for (body, second) in commands().into_iter().zip(1i64..) {
        let command = Envelope {
            time: Timestamp(START + 1_000 * second),
            venue: VenueId(0),
            body: Body::Kyan(body),
        };
        recorder.command(&command).unwrap();
        engine.apply(&command).unwrap();
    }
    recorder.checkpoint(&engine).unwrap();
    let mut log = recorder.close().unwrap().reopen();
    let Rebuilt { engine: again, .. } = rebuild(&mut log, |_, _, _| ()).unwrap();
    assert_eq!(again.state_hash(), engine.state_hash());
    let Some(Venue::Kyan(venue)) = again.venue(VenueId(0)) else {
        panic!("no Kyan venue");
    };
    let in_liquidation: Vec<AccountId> = venue.in_liquidation().collect();
    assert_eq!(in_liquidation, [AccountId(1)]);
    assert!(venue.pairs()[0].pricing().is_some(), "prices are made anew");
}

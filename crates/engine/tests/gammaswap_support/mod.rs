//! What the GammaSwap tests share: an engine with one venue, and short commands.
#![allow(dead_code, unreachable_pub)]

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::gammaswap::{
    Action, Assets, Command, Config, GammaSwap, Params, Purse, State,
};
use plimsoll_engine::venues::{Execution, Venue, VenueConfig};
use plimsoll_engine::{Body, Config as EngineConfig, Engine, Event, Rejection};
use plimsoll_units::{AccountId, AssetId, PositionId, Timestamp, VenueId};

pub const VENUE: VenueId = VenueId(0);
pub const ONE: u128 = 1_000_000_000_000_000_000;
pub const ASSETS: Assets = Assets {
    tokens: [AssetId(0), AssetId(1)],
    lp: AssetId(2),
    shares: AssetId(3),
};

/// One engine with one GammaSwap venue.
pub struct Bench {
    pub engine: Engine,
    pub block: u64,
}

pub fn loan(number: u64) -> PositionId {
    PositionId(number)
}

pub fn config(params: Params, execution: Execution, genesis: Option<State>) -> EngineConfig {
    let asset = |symbol: &str, decimals| Asset {
        symbol: symbol.to_owned(),
        decimals,
    };
    EngineConfig {
        assets: vec![
            asset("WETH", 18),
            asset("USDC", 6),
            asset("UNI-V2", 18),
            asset("GS-LP", 18),
        ],
        venues: vec![VenueConfig::GammaSwap(Box::new(Config {
            params,
            execution,
            genesis,
            ..Config::gammaswap(ASSETS)
        }))],
    }
}

impl Bench {
    pub fn new(params: Params, execution: Execution, genesis: Option<State>) -> Self {
        let block = genesis.as_ref().map_or(0, |state| state.block);
        let engine = Engine::new(&config(params, execution, genesis)).unwrap();
        Self { engine, block }
    }

    pub fn venue(&self) -> &GammaSwap {
        match self.engine.venue(VENUE) {
            Some(Venue::GammaSwap(venue)) => venue,
            _ => panic!("the venue is a GammaSwap"),
        }
    }

    pub fn state(&self) -> State {
        self.venue().state(self.engine.ledger())
    }

    /// Applies an action in the current block.
    pub fn act(&mut self, action: Action) -> Result<Vec<Event>, Rejection> {
        let command = plimsoll_engine::Command {
            time: Timestamp(i64::try_from(self.block).unwrap_or(i64::MAX)),
            venue: VENUE,
            body: Body::GammaSwap(Command {
                block: self.block,
                action,
            }),
        };
        self.engine.apply(&command).map(<[Event]>::to_vec)
    }

    /// Applies an action that must be accepted.
    #[track_caller]
    pub fn must(&mut self, action: Action) -> Vec<Event> {
        let told = format!("{action:?}");
        match self.act(action) {
            Ok(events) => events,
            Err(rejection) => panic!("{told}: {rejection}"),
        }
    }

    #[track_caller]
    pub fn fund(&mut self, account: u32, tokens: [u128; 2]) {
        for (purse, amount) in [(Purse::Token0, tokens[0]), (Purse::Token1, tokens[1])] {
            self.must(Action::Deposit {
                account: AccountId(account),
                purse,
                amount,
            });
        }
    }
}

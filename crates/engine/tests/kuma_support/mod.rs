//! A small Kuma venue for tests: two markets, the venue's own wallets, four traders with the
//! numbers of the contracts' own tests.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    missing_debug_implementations
)]

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::kuma::{
    Address, Command, Config, IndexPrice, Kuma, Limits, Listing, MarketParams, Order, OrderSide,
    OrderType, SeedPosition, SeedWallet, SelfTradePrevention, SignedOrder, TimeInForce, Trade,
    TriggerType,
};
use plimsoll_engine::venues::{Venue, VenueConfig};
use plimsoll_engine::{Body, Command as At, Config as EngineConfig, Engine, Event, Rejection};
use plimsoll_units::{AccountId, AssetId, MarketId, Timestamp, VenueId};

pub const EF: AccountId = AccountId(0);
pub const IF: AccountId = AccountId(1);
pub const FEE: AccountId = AccountId(2);
pub const T1: AccountId = AccountId(3);
pub const T2: AccountId = AccountId(4);
pub const T3: AccountId = AccountId(5);
pub const T4: AccountId = AccountId(6);
pub const ETH: MarketId = MarketId(0);
pub const BTC: MarketId = MarketId(1);
pub const VENUE: VenueId = VenueId(0);

/// One, in pips.
pub const ONE: i64 = 100_000_000;
/// 2026-01-01 00:00 UTC: the end of a funding period.
pub const START: i64 = 1_767_225_600_000;

pub fn limits() -> Limits {
    Limits {
        initial_margin_fraction: 5_000_000,
        maintenance_margin_fraction: 3_000_000,
        incremental_initial_margin_fraction: 1_000_000,
        baseline_position_size: 14_000_000_000,
        incremental_position_size: 2_800_000_000,
        maximum_position_size: 282_000_000_000,
        minimum_position_size: 10_000_000,
    }
}

pub fn market(symbol: &str, rank: u8, price: u64) -> MarketParams {
    MarketParams {
        symbol: symbol.to_owned(),
        rank,
        limits: limits(),
        listing: Listing::default(),
        active: true,
        index_price: price,
        index_time: Timestamp(START),
        price_at_deactivation: 0,
    }
}

pub fn wallet(quote: i64, positions: &[(MarketId, i64, i64)]) -> SeedWallet {
    SeedWallet {
        quote,
        positions: positions
            .iter()
            .map(|&(market, size, cost_basis)| SeedPosition {
                market,
                size,
                cost_basis,
            })
            .collect(),
        ..SeedWallet::default()
    }
}

/// T1 is short 10 ETH from 2000, T2 long 10; the insurance fund has 2000.
pub fn config() -> Config {
    let mut config = Config::kuma(
        AssetId(0),
        vec![
            market("ETH", 0, 200_000_000_000),
            market("BTC", 1, 3_000_000_000_000),
        ],
    );
    config.wallets = vec![
        wallet(0, &[]),
        wallet(2_000 * ONE, &[]),
        wallet(60 * ONE, &[]),
        wallet(21_980 * ONE, &[(ETH, -10 * ONE, -20_000 * ONE)]),
        wallet(-18_040 * ONE, &[(ETH, 10 * ONE, 20_000 * ONE)]),
        wallet(5_000 * ONE, &[]),
        wallet(0, &[]),
    ];
    for (at, wallet) in config.wallets.iter_mut().enumerate() {
        wallet.address = Some(address(u8::try_from(at).unwrap()));
    }
    config
}

pub fn address(number: u8) -> Address {
    let mut bytes = [0xa0; 20];
    bytes[19] = number;
    Address(bytes)
}

pub struct World {
    pub engine: Engine,
    pub now: i64,
}

impl World {
    pub fn new() -> Self {
        Self::of(config())
    }

    pub fn of(config: Config) -> Self {
        Self::try_of(config).unwrap()
    }

    pub fn try_of(config: Config) -> Result<Self, Rejection> {
        let engine = Engine::new(&EngineConfig {
            assets: vec![Asset {
                symbol: "USD".to_owned(),
                decimals: 8,
            }],
            venues: vec![VenueConfig::Kuma(Box::new(config))],
        })?;
        Ok(Self { engine, now: START })
    }

    /// With the ETH index at `price`.
    pub fn at(price: u64) -> Self {
        let mut world = Self::new();
        world.ok(index(ETH, price, START + 1));
        world
    }

    pub fn venue(&self) -> &Kuma {
        match self.engine.venue(VENUE) {
            Some(Venue::Kuma(venue)) => venue,
            _ => panic!("the venue is a Kuma"),
        }
    }

    /// Applies a command. A refused one must leave every byte as it was, an accepted one a sound
    /// state.
    #[track_caller]
    pub fn apply(&mut self, command: Command) -> Result<Vec<Event>, Rejection> {
        let before = self.engine.snapshot().unwrap();
        let command = At {
            time: Timestamp(self.now),
            venue: VENUE,
            body: Body::Kuma(command),
        };
        let result = self.engine.apply(&command).map(<[Event]>::to_vec);
        if result.is_err() {
            let after = self.engine.snapshot().unwrap();
            assert!(before == after, "refused, and yet something changed");
        }
        self.engine.audit().unwrap();
        result
    }

    #[track_caller]
    pub fn ok(&mut self, command: Command) -> Vec<Event> {
        self.apply(command).unwrap()
    }

    /// `ok`, or the text of the refusal.
    #[track_caller]
    pub fn told(&mut self, command: Command) -> String {
        match self.apply(command) {
            Ok(_) => "ok".to_owned(),
            Err(why) => why.to_string(),
        }
    }

    pub fn quote(&self, account: AccountId) -> i64 {
        self.venue().quote(self.engine.ledger(), account).unwrap()
    }

    /// A wallet in a line: its quote, and its positions with their cost.
    pub fn show(&self, account: AccountId) -> String {
        let mut shown = self.quote(account).to_string();
        for (_, position) in self.venue().positions(account) {
            let symbol = &self.venue().market(position.market()).unwrap().symbol;
            let (size, cost) = (position.size(), position.cost_basis());
            shown += &format!(", {symbol} {size} for {cost}");
        }
        shown
    }

    /// The sum of all wallets' quote balances.
    pub fn quotes(&self) -> i128 {
        let count = u32::try_from(self.venue().wallets().count()).unwrap();
        let accounts = (0..count).map(AccountId);
        accounts
            .map(|account| i128::from(self.quote(account)))
            .sum()
    }
}

pub fn index(market: MarketId, price: u64, time: i64) -> Command {
    Command::PublishIndexPrices(vec![IndexPrice {
        market,
        price,
        time: Timestamp(time),
    }])
}

/// `base` for `quote` without fees, the seller being the maker.
pub fn terms(market: MarketId, base: u64, quote: u64) -> Trade {
    Trade {
        market,
        base,
        quote,
        maker_side: OrderSide::Sell,
        maker_fee: 0,
        taker_fee: 0,
    }
}

/// A version 1 UUID of a time in milliseconds.
pub fn uuid(millis: i64) -> u128 {
    let ticks = (millis as u128 + 12_219_292_800_000) * 10_000;
    let (low, mid, high) = (
        ticks & 0xffff_ffff,
        ticks >> 32 & 0xffff,
        ticks >> 48 & 0xfff,
    );
    low << 96 | mid << 80 | 1 << 76 | high << 64 | 0x8000_0000_0000_0000
}

/// A limit order of a registered wallet, signed by itself.
pub fn order(account: AccountId, side: OrderSide, quantity: u64, price: u64) -> SignedOrder {
    let number = u8::try_from(account.0).unwrap();
    let wallet = address(number);
    SignedOrder {
        order: Order {
            nonce: uuid(START - 1_000),
            wallet,
            market_symbol: "ETH-USD".to_owned(),
            order_type: OrderType::Limit,
            side,
            quantity,
            limit_price: price,
            trigger_price: 0,
            trigger_type: TriggerType::None,
            callback_rate: 0,
            conditional_order_id: 0,
            is_reduce_only: false,
            time_in_force: TimeInForce::Gtc,
            self_trade_prevention: SelfTradePrevention::DecreaseAndCancel,
            is_liquidation_acquisition_only: false,
            delegated_public_key: Address::ZERO,
            client_order_id: String::new(),
        },
        hash: [number; 32],
        signer: wallet,
        signature: [0; 65],
    }
}

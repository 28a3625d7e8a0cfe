//! An engine with six venues, and random commands for all of them: three languages, liquidations
//! by keepers and by the engine. A good part of the commands is nonsense: unknown venues, accounts
//! and markets, the wrong language, amounts at the limits, time going back.

use plimsoll_engine::ledger::Asset;
use plimsoll_engine::venues::gammaswap::{self, Assets, Params, Purse, Sent};
use plimsoll_engine::venues::perennial::{self, Curve, Flags, Money, PerUnit, Role, Size};
use plimsoll_engine::venues::tsunamix::{self, MarketParams, PriceUpdate, Rules};
use plimsoll_engine::venues::{Execution, Venue, VenueConfig};
use plimsoll_engine::{Body, Command, Config, Engine, Event, Rejection};
use plimsoll_units::{
    AccountId, Amount, AssetId, MarketId, Notional, PositionId, Price, Quantity, Side, Timestamp,
    VenueId,
};
use proptest::prelude::*;

/// 2025-10-10 00:00 UTC.
pub(crate) const START: Timestamp = Timestamp(1_760_054_400_000);
/// TsunamiX, Perennial, GammaSwap (generation A), all by keepers; then TsunamiX, Perennial Plus,
/// GammaSwap (generation B), all by the engine.
pub(crate) const VENUES: u16 = 6;
pub(crate) const ACCOUNTS: u32 = 5;
/// Markets and products of each venue.
pub(crate) const MARKETS: u16 = 2;
const BY_ENGINE: Execution = Execution::Engine {
    keeper: AccountId(0),
};

pub(crate) fn config() -> Config {
    let asset = |symbol: &str, decimals| Asset {
        symbol: symbol.to_owned(),
        decimals,
    };
    Config {
        assets: vec![
            asset("USDC", 6),
            asset("TLP", 6),
            asset("TLP2", 6),
            asset("DSU", 18),
            asset("WETH", 18),
            asset("DAI", 18),
            asset("UNI-V2", 18),
            asset("UNI-V2 2", 18),
            asset("GS-LP", 18),
            asset("GS-LP 2", 18),
        ],
        venues: vec![
            tsunamix(Execution::Keepers, AssetId(1)),
            perennial(Execution::Keepers, Flags::default()),
            gammaswap(Execution::Keepers, Params::page(), [AssetId(6), AssetId(8)]),
            tsunamix(BY_ENGINE, AssetId(2)),
            perennial(BY_ENGINE, Flags::PLUS),
            gammaswap(BY_ENGINE, Params::v1_2(), [AssetId(7), AssetId(9)]),
        ],
    }
}

/// What a venue speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    TsunamiX,
    Perennial,
    GammaSwap,
}

/// The language of a venue, or the one `off` further on.
pub(crate) fn language(venue: u16, off: u16) -> Language {
    match (venue + off) % 3 {
        0 => Language::TsunamiX,
        1 => Language::Perennial,
        _ => Language::GammaSwap,
    }
}

fn gammaswap(execution: Execution, params: Params, [lp, shares]: [AssetId; 2]) -> VenueConfig {
    let tokens = [AssetId(4), AssetId(5)];
    VenueConfig::GammaSwap(Box::new(gammaswap::Config {
        params,
        execution,
        ..gammaswap::Config::gammaswap(Assets { tokens, lp, shares })
    }))
}

fn tsunamix(execution: Execution, shares: AssetId) -> VenueConfig {
    let market = |symbol: &str| MarketParams::new(symbol, "0.01".parse().unwrap());
    VenueConfig::TsunamiX(tsunamix::Config {
        money: AssetId(0),
        shares,
        execution,
        rules: Rules::tsunamix(),
        markets: vec![market("ETH"), market("BTC")],
    })
}

fn perennial(execution: Execution, flags: Flags) -> VenueConfig {
    let params = perennial::ProductParams {
        maintenance: "0.2".parse().unwrap(),
        margin: flags
            .margin_above_maintenance
            .then(|| "0.25".parse().unwrap()),
        maker_fee: "0.001".parse().unwrap(),
        taker_fee: "0.002".parse().unwrap(),
        position_fee: "0.5".parse().unwrap(),
        maker_limit: "1000000".parse().unwrap(),
        curve: Curve {
            min_rate: "0".parse().unwrap(),
            max_rate: "1.2".parse().unwrap(),
            target_rate: "0.8".parse().unwrap(),
            target_utilization: "0.8".parse().unwrap(),
        },
        ..perennial::ProductParams::default()
    };
    let products = vec![params; usize::from(MARKETS)];
    let mut venue = perennial::Config::perennial(AssetId(3), products);
    venue.protocol.liquidation_fee = "0.1".parse().unwrap();
    venue.flags = flags;
    venue.execution = execution;
    VenueConfig::Perennial(venue)
}

/// What makes commands valid where they are meant to be: the time, the versions, the prices.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: Timestamp,
    version: u64,
    percent: [[i128; MARKETS as usize]; VENUES as usize],
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            engine: Engine::new(&config()).unwrap(),
            now: START,
            version: 0,
            percent: [[100; MARKETS as usize]; VENUES as usize],
        }
    }

    /// A world where everybody has money, vaults and makers are there, and prices.
    pub(crate) fn funded() -> Self {
        let mut world = Self::new();
        for venue in 0..VENUES {
            world.fund(venue);
        }
        world
    }

    fn fund(&mut self, venue: u16) {
        let spoken = language(venue, 0);
        let mut must = |act| {
            self.must(Step {
                venue,
                ms: 0,
                stray: 0,
                act,
            });
        };
        if spoken != Language::GammaSwap {
            (0..MARKETS).for_each(|market| must(Act::Price(market, 0)));
        }
        let money = match spoken {
            Language::Perennial => 2_000,
            _ => 10_000,
        };
        for account in 0..ACCOUNTS {
            (0..MARKETS).for_each(|market| must(Act::Deposit(account, market, money)));
        }
        match spoken {
            Language::TsunamiX => {
                must(Act::Provide(1, 9_000));
                must(Act::Rebalance);
            }
            Language::Perennial => {
                (0..MARKETS).for_each(|market| must(Act::Open(1, market, false, 40)));
            }
            Language::GammaSwap => {
                (0..ACCOUNTS).for_each(|account| must(Act::Pair(account, 5_000)));
                must(Act::Provide(1, 4_000));
            }
        }
    }

    #[track_caller]
    fn must(&mut self, step: Step) {
        let command = self.command(&step);
        let applied = self.apply(&command);
        assert!(applied.is_ok(), "{command:?}: {applied:?}");
    }

    pub(crate) fn apply(&mut self, command: &Command) -> Result<Vec<Event>, Rejection> {
        self.engine.apply(command).map(<[Event]>::to_vec)
    }

    /// The open positions or loans of a venue, with their owners.
    fn positions(&self, venue: u16) -> Vec<(PositionId, AccountId)> {
        match self.engine.venue(VenueId(venue)) {
            Some(Venue::TsunamiX(venue)) => {
                let positions = venue.positions().iter();
                positions.map(|(id, p)| (id, p.owner)).collect()
            }
            Some(Venue::GammaSwap(venue)) => venue.loans().map(|(id, l)| (id, l.owner)).collect(),
            _ => Vec::new(),
        }
    }

    /// One of those there are, now and then one that there is not.
    fn position(&self, venue: u16, slot: u8) -> (PositionId, AccountId) {
        let open = self.positions(venue);
        let found = open.get(usize::from(slot) % open.len().max(1));
        let nowhere = (PositionId::new(slot.into(), 9), AccountId(slot.into()));
        found.filter(|_| slot != 15).copied().unwrap_or(nowhere)
    }

    /// The command of a step, in the language of its venue, or now and then in the other one.
    pub(crate) fn command(&mut self, step: &Step) -> Command {
        let venue = if step.stray == 1 { 77 } else { step.venue };
        let time = Timestamp(self.now.0.saturating_add(step.ms));
        self.now = self.now.max(time);
        let body = match language(step.venue, u16::from(step.stray == 2)) {
            Language::TsunamiX => Body::TsunamiX(self.tsunamix_command(step, time)),
            Language::Perennial => Body::Perennial(self.perennial_command(step, time)),
            Language::GammaSwap => Body::GammaSwap(self.gammaswap_command(step, time)),
        };
        Command {
            time,
            venue: VenueId(venue),
            body,
        }
    }

    /// A new price, `change` per cent away from the last; a stray one repeats the version.
    fn price(&mut self, step: &Step, market: u16, change: i8) -> (u64, i128) {
        self.version += u64::from(step.stray != 3);
        let at = self.percent[usize::from(step.venue % VENUES)].get_mut(usize::from(market));
        let mut nowhere = 100;
        let percent = at.unwrap_or(&mut nowhere);
        *percent = (*percent * (100 + i128::from(change)) / 100).clamp(1, 1_000_000);
        (self.version, *percent * 10i128.pow(18))
    }

    fn tsunamix_command(&mut self, step: &Step, time: Timestamp) -> tsunamix::Command {
        use tsunamix::Command as Do;
        let money = |whole: i64| Amount::from_raw(scaled(whole, 6));
        let account = AccountId;
        let (version, price) = match step.act {
            Act::Price(market, change) => self.price(step, market, change),
            _ => (0, 0),
        };
        let position = |slot| self.position(step.venue, slot).0;
        let owner = |slot| self.position(step.venue, slot).1;
        match step.act {
            Act::Deposit(who, _, amount) => Do::Deposit {
                account: account(who),
                amount: money(amount),
            },
            Act::Withdraw(who, _, amount) => Do::Withdraw {
                account: account(who),
                amount: money(amount),
            },
            Act::Price(market, _) => Do::Prices(vec![PriceUpdate {
                market: MarketId(market),
                version,
                published: time,
                price: Price::from_raw(price),
            }]),
            Act::Open(who, market, long, amount) => Do::Open {
                account: account(who),
                market: MarketId(market),
                side: if long { Side::Long } else { Side::Short },
                collateral: money((amount / 10).saturating_add(5)),
                size: Notional::from_raw(scaled(amount, 6).saturating_mul(2)),
                acceptable: None,
            },
            Act::Close(_, _, slot, 0) => Do::Close {
                account: owner(slot),
                position: position(slot),
                acceptable: None,
            },
            Act::Close(_, _, slot, amount) => Do::Decrease {
                account: owner(slot),
                position: position(slot),
                size: Notional::from_raw(scaled(amount, 6)),
                acceptable: None,
            },
            Act::Collateral(slot, amount) if amount < 0 => Do::RemoveCollateral {
                account: owner(slot),
                position: position(slot),
                amount: money(amount.saturating_neg()),
            },
            Act::Collateral(slot, amount) => Do::AddCollateral {
                account: owner(slot),
                position: position(slot),
                amount: money(amount),
            },
            Act::Register(who, slot) => Do::Register {
                keeper: account(who),
                position: position(slot),
            },
            Act::Liquidate(who, _, slot) => Do::Liquidate {
                keeper: account(who),
                position: position(slot),
            },
            Act::ForceClose(who, slot) => Do::ForceClose {
                keeper: account(who),
                position: position(slot),
            },
            Act::Provide(who, amount) if amount < 0 => Do::RemoveLiquidity {
                account: account(who),
                shares: Quantity::from_raw(scaled(amount.saturating_neg(), 6)),
            },
            Act::Provide(who, amount) => Do::AddLiquidity {
                account: account(who),
                amount: money(amount),
            },
            Act::Tick | Act::Pair(..) => Do::Tick,
            Act::Rebalance => Do::Rebalance,
        }
    }

    fn perennial_command(&mut self, step: &Step, time: Timestamp) -> perennial::Command {
        use perennial::Command as Do;
        let account = AccountId;
        let money = |whole: i64| Money::from_raw(scaled(whole, 18));
        let size = |whole: i64| Size::from_raw(scaled(whole, 18));
        // Nobody can be both; the first two are makers, unless they are meant to stray.
        let role = |who: u32| {
            if (who < 2) != (step.stray == 4) {
                Role::Maker
            } else {
                Role::Taker
            }
        };
        match step.act {
            Act::Price(market, change) => {
                let (version, price) = self.price(step, market, change);
                Do::OracleVersion {
                    product: MarketId(market),
                    version,
                    time,
                    price: PerUnit::from_raw(price),
                }
            }
            Act::Deposit(who, market, amount) => Do::Deposit {
                product: MarketId(market),
                account: account(who),
                by: account(who),
                amount: money(amount),
            },
            Act::Withdraw(who, market, amount) => Do::Withdraw {
                product: MarketId(market),
                account: account(who),
                by: account(if step.stray == 3 { who + 1 } else { who }),
                amount: (amount != 0).then(|| money(amount)),
            },
            Act::Open(who, market, _, amount) => Do::Open {
                product: MarketId(market),
                account: account(who),
                by: account(who),
                role: role(who),
                amount: size(amount),
            },
            Act::Close(who, market, _, amount) => Do::Close {
                product: MarketId(market),
                account: account(who),
                by: account(who),
                role: role(who),
                amount: size(amount),
            },
            Act::Register(who, _) => Do::SettleAccount {
                product: MarketId(0),
                account: account(who),
            },
            Act::Liquidate(who, market, slot) => Do::Liquidate {
                product: MarketId(market),
                account: account(u32::from(slot) % (ACCOUNTS + 1)),
                by: account(who),
            },
            Act::Provide(who, amount) => Do::ResolveShortfall {
                product: MarketId(0),
                by: account(who),
                amount: money(amount),
            },
            Act::ForceClose(who, slot) => Do::ClaimFees {
                fees: match slot % 3 {
                    0 => perennial::FeePot::Protocol,
                    market => perennial::FeePot::Product(MarketId(market.into())),
                },
                to: account(who),
            },
            Act::Collateral(slot, amount) => Do::SetProduct {
                product: MarketId(u16::from(slot) % MARKETS),
                param: perennial::ProductParam::Maintenance(perennial::Ratio18::from_raw(
                    i128::from(amount) * 10i128.pow(15),
                )),
            },
            Act::Tick => Do::SetProtocol(perennial::ProtocolParam::Paused(step.stray == 4)),
            Act::Rebalance | Act::Pair(..) => Do::Settle {
                product: MarketId(0),
            },
        }
    }
}

impl World {
    fn gammaswap_command(&mut self, step: &Step, time: Timestamp) -> gammaswap::Command {
        use gammaswap::Action as Do;
        let account = AccountId;
        // What cannot be said in unsigned numbers becomes the largest of them.
        let tokens = |whole: i64| u128::try_from(scaled(whole, 18)).unwrap_or(u128::MAX);
        let purse = |market: u16| match market {
            0 => Purse::Token0,
            1 => Purse::Token1,
            _ => Purse::Lp,
        };
        let loan = |slot| self.position(step.venue, slot).0;
        let owner = |slot| self.position(step.venue, slot).1;
        let both = |whole: i64| [tokens(whole.saturating_abs()); 2];
        let sent = Sent::lp(tokens(1_000));
        let action = match step.act {
            Act::Deposit(who, market, amount) => Do::Deposit {
                account: account(who),
                purse: purse(market),
                amount: tokens(amount),
            },
            Act::Withdraw(who, market, amount) => Do::Withdraw {
                account: account(who),
                purse: purse(market),
                amount: tokens(amount),
            },
            Act::Price(market, change) => Do::Swap {
                account: account(0),
                sell: u8::from(market == 0),
                amount: tokens(i64::from(change.unsigned_abs()) * 25),
                minimum: 0,
            },
            Act::Open(who, _, _, amount) => Do::Open {
                account: account(who),
                threshold_bps: None,
                amounts: both(amount.clamp(-1, 1_000_000) / 20),
                lp: tokens(amount),
            },
            Act::Close(_, _, slot, amount) => Do::Repay {
                account: owner(slot),
                loan: loan(slot),
                liquidity: tokens(amount),
            },
            Act::Collateral(slot, amount) if amount < 0 => Do::DecreaseCollateral {
                account: owner(slot),
                loan: loan(slot),
                amounts: both(amount),
            },
            Act::Collateral(slot, amount) => Do::IncreaseCollateral {
                account: owner(slot),
                loan: loan(slot),
                amounts: both(amount / 10),
            },
            Act::Register(who, slot) => Do::LiquidateWithLp {
                account: account(who),
                loan: loan(slot),
                sent,
            },
            Act::Liquidate(who, _, slot) => Do::Liquidate {
                account: account(who),
                loan: loan(slot),
                deltas: Vec::new(),
                fees: Vec::new(),
                sent: Sent::default(),
            },
            Act::ForceClose(who, slot) => Do::BatchLiquidations {
                account: account(who),
                loans: vec![loan(slot), loan(slot + 1)],
                sent,
            },
            Act::Provide(who, amount) if amount < 0 => Do::PoolWithdraw {
                account: account(who),
                shares: tokens(amount.saturating_neg()),
            },
            Act::Provide(who, amount) => Do::PoolDeposit {
                account: account(who),
                lp: tokens(amount),
            },
            Act::Pair(who, amount) => Do::AddLiquidity {
                account: account(who),
                desired: both(amount),
            },
            Act::Tick => Do::UpdatePool,
            Act::Rebalance => Do::Rebalance {
                account: owner(0),
                loan: loan(0),
                deltas: vec![10i128.pow(18), 0],
            },
        };
        // Blocks are fast here, so that interest is felt within a history.
        let block = u64::try_from(time.0.saturating_sub(START.0)).unwrap_or_default() / 20;
        gammaswap::Command { block, action }
    }
}

/// `whole` units in raw ones; the two largest and smallest stand for the ends of the range.
fn scaled(whole: i64, decimals: u32) -> i128 {
    match whole {
        i64::MAX => i128::MAX,
        i64::MIN => i128::MIN,
        whole => i128::from(whole) * 10i128.pow(decimals),
    }
}

/// One random command, before it is said in a venue's language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) venue: u16,
    /// Time since the last command; may be negative.
    pub(crate) ms: i64,
    /// 1: unknown venue; 2: wrong language; 3: repeated version, another's account; 4: wrong role,
    /// pause.
    pub(crate) stray: u8,
    pub(crate) act: Act,
}

/// What is done; whole units. Amounts may be nonsense.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Deposit(u32, u16, i64),
    Withdraw(u32, u16, i64),
    Price(u16, i8),
    Open(u32, u16, bool, i64),
    Close(u32, u16, u8, i64),
    Collateral(u8, i64),
    Register(u32, u8),
    Liquidate(u32, u16, u8),
    ForceClose(u32, u8),
    Provide(u32, i64),
    Pair(u32, i64),
    Tick,
    Rebalance,
}

/// One of each, as sensible as they come.
pub(crate) const EVERYTHING: [Act; 13] = [
    Act::Price(0, -20),
    Act::Price(1, 30),
    Act::Deposit(2, 0, 100),
    Act::Open(2, 0, true, 10),
    Act::Collateral(0, 5),
    Act::Close(2, 0, 0, 1),
    Act::Register(3, 0),
    Act::Liquidate(4, 0, 0),
    Act::ForceClose(4, 0),
    Act::Provide(1, 3),
    Act::Withdraw(2, 0, 50),
    Act::Tick,
    Act::Rebalance,
];

fn act() -> impl Strategy<Value = Act> {
    let who = || 0..ACCOUNTS + 1;
    let market = || prop_oneof![9 => 0..MARKETS, 1 => Just(MARKETS)];
    let amount = |most: i64| {
        prop_oneof![
            40 => 1..most,
            1 => Just(0),
            1 => Just(-1),
            1 => Just(i64::MAX),
            1 => Just(i64::MIN),
        ]
    };
    prop_oneof![
        2 => (who(), market(), amount(5_000)).prop_map(|(a, m, x)| Act::Deposit(a, m, x)),
        2 => (who(), market(), amount(5_000)).prop_map(|(a, m, x)| Act::Withdraw(a, m, x)),
        6 => (market(), -40..40i8).prop_map(|(m, c)| Act::Price(m, c)),
        8 => (who(), market(), any::<bool>(), amount(300)).prop_map(|(a, m, s, x)| Act::Open(a, m, s, x)),
        4 => (who(), market(), 0..16u8, amount(100)).prop_map(|(a, m, s, x)| Act::Close(a, m, s, x)),
        2 => (0..16u8, -50..500i64).prop_map(|(s, x)| Act::Collateral(s, x)),
        2 => (who(), 0..16u8).prop_map(|(a, s)| Act::Register(a, s)),
        4 => (who(), market(), 0..16u8).prop_map(|(a, m, s)| Act::Liquidate(a, m, s)),
        1 => (who(), 0..16u8).prop_map(|(a, s)| Act::ForceClose(a, s)),
        2 => (who(), -2_000..2_000i64).prop_map(|(a, x)| Act::Provide(a, x)),
        1 => (who(), -1..2_000i64).prop_map(|(a, x)| Act::Pair(a, x)),
        1 => Just(Act::Tick),
        1 => Just(Act::Rebalance),
    ]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let ms = prop_oneof![
        20 => 0..7_200_000i64,
        1 => Just(-1),
        1 => Just(86_400_000),
    ];
    let stray =
        prop_oneof![16 => Just(0u8), 1 => Just(1), 1 => Just(2), 1 => Just(3), 1 => Just(4)];
    (0..VENUES, ms, stray, act()).prop_map(|(venue, ms, stray, act)| Step {
        venue,
        ms,
        stray,
        act,
    })
}

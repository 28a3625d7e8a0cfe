//! Random designs that fit together, and random things that happen to them.

use plimsoll_engine::auction::Ladder;
use plimsoll_engine::backstop::deleverage::Policy;
use plimsoll_engine::backstop::fund::{FundPolicy, Gate, Gated, WindowCap};
use plimsoll_engine::backstop::partners::{Limits as Caps, Offer, OfferId, Terms};
use plimsoll_engine::liquidation::stages::{
    Acquire, Auction, CloseNextVersion, CloseOnBook, Confiscate, Deleverage, ForceClose, HandOff,
    Hedge, Reduce, Reward, RewardCap, Slicing, Socialise,
};
use plimsoll_engine::liquidation::{Portion, Stage, Whose};
use plimsoll_engine::venues::composed::{
    Acquirer, Command, Config, Fill, FundTerms, Lock, Margin, Scenarios, Trigger, VaultTerms,
};
use plimsoll_units::{AccountId, CaseId, Duration, Fixed, MarketId, Rate, Side};
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::*;

/// Participants.
pub(crate) const PEOPLE: std::ops::Range<u32> = 4..12;

fn any_stage() -> impl Strategy<Value = Stage> {
    let collar = prop_oneof![Just(None), (0..500u32).prop_map(Some)];
    let policy = || select(Policy::ALL.to_vec());
    let whose = select(vec![Whose::Account, Whose::Backstop]);
    let portion = select(vec![Portion::All, Portion::ToRequirement]);
    let cap = select(vec![RewardCap::AtTrigger, RewardCap::Now]);
    let slices = prop_oneof![
        Just(None),
        (20_000..100_000u32, 0..3_000i64, 0..50_000u32).prop_map(|(fraction_e5, wait, deep_e5)| {
            Some(Slicing {
                fraction_e5,
                interval: Duration(wait),
                deep_e5,
            })
        })
    ];
    let ladder = (500..5_000i64, 0..4u32, 0..20_000i128);
    prop_oneof![
        6 => Just(Stage::Acquire(Acquire)),
        3 => Just(Stage::HandOff(HandOff)),
        6 => Just(Stage::Reduce(Reduce)),
        1 => Just(Stage::ForceClose(ForceClose)),
        3 => (collar.clone(), slices).prop_map(|(collar_bps, slices)| Stage::CloseOnBook(CloseOnBook {
            collar_bps,
            slices
        })),
        2 => (collar, 0..30_000u32).prop_map(|(collar_bps, cushion_e5)| {
            Stage::Hedge(Hedge {
                collar_bps,
                cushion_e5,
            })
        }),
        4 => (whose, policy())
            .prop_map(|(whose, policy)| Stage::Deleverage(Deleverage { whose, policy })),
        1 => (0..50_000u32, 0..50_000u32).prop_map(|(first_caller_e5, resolver_e5)| {
            Stage::Confiscate(Confiscate {
                first_caller_e5,
                resolver_e5,
            })
        }),
        2 => portion.prop_map(|portion| Stage::CloseNextVersion(CloseNextVersion { portion })),
        1 => (0..50u32, cap).prop_map(|(fee, cap)| {
            Stage::Reward(Reward {
                fee: Fixed::from_raw(i128::from(fee) * 10i128.pow(16)),
                minimum_requirement: 0,
                cap,
            })
        }),
        2 => (ladder, any::<bool>()).prop_map(|((interval, cap, step), just_enough)| {
            let (first, step) = (Rate::from_raw(1_000), Rate::from_raw(step));
            let ladder = Ladder::new(Duration(interval), cap, first, step).unwrap();
            Stage::Auction(Auction {
                ladder,
                just_enough,
            })
        }),
        3 => any::<bool>().prop_map(|same_market| Stage::Socialise(Socialise { same_market })),
    ]
}

fn any_margin() -> impl Strategy<Value = Margin> {
    let moves = prop::collection::vec((-20_000..20_000i32, -20_000..20_000i32), 0..4);
    let portfolio = moves.prop_map(|more| {
        let mut moves_e5 = vec![vec![-8_000, -8_000], vec![8_000, 8_000]];
        moves_e5.extend(more.into_iter().map(|(a, b)| vec![a, b]));
        Margin::Portfolio(Scenarios {
            moves_e5,
            least_e5: 1_000,
            initial_e5: 150_000,
        })
    });
    prop_oneof![
        Just(Margin::Isolated),
        Just(Margin::Versioned),
        Just(Margin::Cross),
        Just(Margin::Cross),
        portfolio,
    ]
}

fn any_policy() -> impl Strategy<Value = FundPolicy> {
    let cap = || prop_oneof![Just(None), (0..100i128).prop_map(|c| Some(pips(c)))];
    (cap(), cap(), any::<bool>()).prop_map(|(account_cap, window, gated)| FundPolicy {
        account_cap,
        window_cap: window.map(|amount| WindowCap {
            amount,
            length: Duration(5_000),
        }),
        gate: gated.then_some(Gate {
            length: Duration(3_000),
            whom: Gated::Everybody,
        }),
        ..FundPolicy::default()
    })
}

/// Designs that [`Config::check`] accepts: of the stages drawn, those that fit after those before.
pub(crate) fn any_design() -> impl Strategy<Value = Config> {
    let stages = prop::collection::vec(any_stage(), 1..7);
    let cover = prop_oneof![Just(0u32), 0..40_000u32];
    let fund = (any_policy(), cover, 0..60_000u32);
    let share = |most: u32| prop_oneof![Just(0), 0..most];
    let vault = (share(300_000), share(60_000));
    let backstops = (
        prop::option::weighted(0.8, fund),
        prop::option::weighted(0.6, vault),
        any::<bool>(),
        0..2_000u32,
        1..6u32,
    );
    let trigger = (0..3u8, 0..2i64, 0..100_000u32);
    let lock = select(vec![Lock::None, Lock::DepositsOnly, Lock::All]);
    (any_margin(), stages, backstops, trigger, lock).prop_map(
        |(margin, stages, (fund, vault, by_vault, penalty, most), trigger, lock)| {
            let versioned = margin == Margin::Versioned;
            let mut config = design(margin, &[]);
            let (confirmations, grace, urgent_e5) = trigger;
            config.trigger = Trigger {
                confirmations,
                grace: Duration(grace * 2_000),
                urgent_e5,
            };
            config.lock = if versioned { Lock::All } else { lock };
            let backstops = &mut config.backstops;
            backstops.fund = fund.map(|(policy, cover_e5, discount)| FundTerms {
                policy,
                cover_e5,
                reduction_discount_e5: discount,
            });
            backstops.vault = vault.map(|(inventory_e5, stop_loss_e5)| VaultTerms {
                inventory_e5,
                stop_loss_e5,
                reserve_e5: 0,
            });
            if by_vault {
                backstops.acquirer = Acquirer::Vault;
            }
            if backstops.fund.is_some() {
                backstops.penalty_e5 = penalty;
            }
            backstops.counterparties_max = most;
            if versioned {
                backstops.vault.get_or_insert(VaultTerms {
                    inventory_e5: 0,
                    stop_loss_e5: 0,
                    reserve_e5: 0,
                });
            }
            fit(config, stages)
        },
    )
}

fn fit(mut config: Config, stages: Vec<Stage>) -> Config {
    let portion = Portion::All;
    let versions = Stage::CloseNextVersion(CloseNextVersion { portion });
    let last = match config.margin {
        Margin::Versioned => versions,
        _ => Stage::HandOff(HandOff),
    };
    for stage in stages {
        let kept = config.procedure.clone();
        config.procedure.push(stage);
        let mut whole = config.clone();
        if config.check().is_err() {
            whole.procedure.push(last);
        }
        if whole.check().is_err() {
            config.procedure = kept;
        }
    }
    if config.check().is_err() {
        config.procedure.push(last);
    }
    config
}

/// Something that happens, in small numbers.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Deposit(u32, i128),
    Withdraw(u32, i128),
    Fill(u32, u32, u16, u64, i64),
    Prices(i64, i64),
    Quotes(u16, Vec<(u64, u64)>),
    Offer(u32, u16, bool, i32, u64),
    Bid(u32, u64, u16, u64),
    Later(i64),
    Liquidity(u32, i128),
    Leave(u32, i128),
}

pub(crate) fn any_act() -> impl Strategy<Value = Act> {
    let who = || PEOPLE;
    let depth = prop::collection::vec((1..300u64, 1..8u64), 0..5);
    prop_oneof![
        2 => (prop_oneof![0..2u32, who()], 1..300i128).prop_map(|(a, m)| Act::Deposit(a, m)),
        1 => (0..12u32, 1..100i128).prop_map(|(a, m)| Act::Withdraw(a, m)),
        10 => (prop_oneof![Just(0u32), who()], who(), 0..2u16, 1..60u64, -50..50i64)
            .prop_map(|(a, b, m, q, p)| Act::Fill(a, b, m, q, p)),
        8 => (-900..900i64, -900..900i64).prop_map(|(a, b)| Act::Prices(a, b)),
        2 => (-3_000..4_000i64, -2_000..3_000i64).prop_map(|(a, b)| Act::Prices(a, b)),
        5 => (0..2u16, depth).prop_map(|(m, d)| Act::Quotes(m, d)),
        4 => (10..12u32, 0..2u16, any::<bool>(), -50..300i32, 1..10u64)
            .prop_map(|(a, m, s, d, q)| Act::Offer(a, m, s, d, q)),
        4 => (prop_oneof![Just(0u32), who()], 0..3u64, 0..2u16, 1..20u64)
            .prop_map(|(a, c, m, q)| Act::Bid(a, c, m, q)),
        3 => (0..3_000i64).prop_map(Act::Later),
        1 => (who(), 1..200i128).prop_map(|(a, m)| Act::Liquidity(a, m)),
        1 => (who(), 1..200i128).prop_map(|(a, m)| Act::Leave(a, m)),
    ]
}

/// The mark of a market in cents, moved by basis points; never below a cent.
fn moved(world: &World, market: MarketId, bps: i64) -> u64 {
    let mark = i128::from(world.venue().mark(market).unwrap());
    let moved = mark * i128::from(10_000 + bps) / 10_000;
    u64::try_from(moved.max(1_000_000)).unwrap()
}

/// The act as a command, offers numbered by `count`.
pub(crate) fn command_of(world: &World, act: &Act, count: usize) -> Command {
    match act.clone() {
        Act::Deposit(account, amount) => deposit(AccountId(account), pips(amount)),
        Act::Withdraw(account, amount) => Command::Withdraw {
            account: AccountId(account),
            amount: pips(amount),
        },
        Act::Fill(buyer, seller, market, quantity, bps) => {
            let market = MarketId(market);
            // Every other trade the other way round.
            let (buyer, seller) = if count.is_multiple_of(2) {
                (buyer, seller)
            } else {
                (seller, buyer)
            };
            Command::Fill(Fill {
                market,
                buyer: AccountId(buyer),
                seller: AccountId(seller),
                quantity: quantity * ONE / 2,
                price: moved(world, market, bps),
            })
        }
        Act::Prices(a, b) => {
            Command::Prices(vec![(M0, moved(world, M0, a)), (M1, moved(world, M1, b))])
        }
        Act::Quotes(market, depth) => quotes(world, MarketId(market), &depth),
        Act::Offer(partner, market, long, discount_bps, quantity) => {
            let side = if long { Side::Long } else { Side::Short };
            let mut id = [0; 32];
            id[..8].copy_from_slice(&u64::try_from(count).unwrap().to_be_bytes());
            Command::Offer(Offer {
                id: OfferId(id),
                partner: AccountId(partner),
                market: MarketId(market),
                side,
                terms: Terms::Offset { discount_bps },
                quantity: i128::from(quantity * ONE),
                filled: 0,
                nonce: u128::try_from(count).unwrap(),
                expires: None,
            })
        }
        Act::Bid(account, which, market, quantity) => {
            let last = world.venue().cases().files().map(|f| f.case.id.0).max();
            Command::Bid {
                account: AccountId(account),
                case: CaseId(last.unwrap_or(1).saturating_sub(which)),
                market: MarketId(market),
                quantity: quantity * ONE / 2,
            }
        }
        Act::Later(_) => Command::Tick,
        Act::Liquidity(account, amount) => Command::AddLiquidity {
            account: AccountId(account),
            amount: pips(amount),
        },
        Act::Leave(account, shares) => Command::RemoveLiquidity {
            account: AccountId(account),
            shares: pips(shares),
        },
    }
}

/// Levels at growing distances from the mark, on both sides.
fn quotes(world: &World, market: MarketId, depth: &[(u64, u64)]) -> Command {
    let mark = world.venue().mark(market).unwrap();
    let (mut bids, mut asks, mut far) = (Vec::new(), Vec::new(), 0);
    for (bps, quantity) in depth {
        far += bps;
        let (by, quantity) = ((mark / 10_000) * far + far, quantity * ONE);
        let level = |price| plimsoll_engine::venues::composed::Level { price, quantity };
        bids.push(level(mark.saturating_sub(by).max(1)));
        asks.push(level(mark + by));
    }
    bids.dedup_by_key(|level| level.price);
    Command::Quotes { market, bids, asks }
}

/// A venue with prices, people with money, some of them partners, and a vault with some.
pub(crate) fn peopled(config: Config) -> World {
    let mut world = World::of(config);
    world.ok(prices(&[10_000, 5_000]));
    for account in PEOPLE.map(AccountId) {
        world.ok(deposit(account, pips(400)));
    }
    for account in [AccountId(10), AccountId(11)] {
        let limits = Caps {
            capacity: Some(pips(2_000)),
            ..Caps::default()
        };
        world.ok(Command::Partner { account, limits });
    }
    if world.venue().config().backstops.vault.is_some() {
        world.ok(Command::AddLiquidity {
            account: AccountId(4),
            amount: pips(200),
        });
    }
    if world.venue().config().backstops.fund.is_some() {
        world.ok(deposit(FUND, pips(300)));
    }
    world
}

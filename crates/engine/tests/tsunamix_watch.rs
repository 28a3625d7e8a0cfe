//! Soundness of the watch, against looking at everybody: over random histories no position is ever
//! liquidatable, or above the profit limit, without being in an open case; and with the engine as
//! the keeper none is left after any command.

mod tsunamix_support;

use std::collections::BTreeSet;

use plimsoll_engine::margin::isolated::Boundary;
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::tsunamix::{Check, Command as Do, MarketParams, Rules, Sides};
use plimsoll_engine::{Body, Command, Event};
use plimsoll_units::{
    AccountId, Amount, MarketId, Notional, PositionId, Price, Quantity, Side, Timestamp,
};
use proptest::prelude::*;
use tsunamix_support::{VENUE, World};

const MARKETS: u16 = 3;
const TRADERS: u32 = 4;

/// One step of a history; numbers are turned into something sensible when it is applied.
#[derive(Debug, Clone)]
enum Step {
    /// Prices of some markets move by so many ppm.
    Prices(Vec<(u16, i32)>),
    Wait(i64),
    Open {
        market: u16,
        long: bool,
        collateral: i64,
        leverage_e2: u32,
    },
    Increase {
        pick: usize,
        collateral: i64,
        size: i64,
    },
    Decrease {
        pick: usize,
        ppm: u32,
    },
    Close(usize),
    AddCollateral(usize, i64),
    RemoveCollateral(usize, u32),
    AddLiquidity(i64),
    RemoveLiquidity(u32),
    Register(usize),
    Liquidate(usize),
    ForceClose(usize),
    Tick,
    Rebalance,
    SetLimit {
        market: u16,
        long: bool,
        limit: i64,
    },
    SetProfitPct(u32),
    SetMarket {
        market: u16,
        threshold_ppm: i128,
        borrow: u32,
        fee_e5: u32,
        profit_pct: Option<u32>,
    },
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    let moves = prop_oneof![5 => -20_000i32..20_000, 2 => -200_000i32..250_000, 1 => -700_000i32..2_000_000];
    let market = 0..MARKETS;
    let prices = prop::collection::btree_map(market.clone(), moves, 1..=3)
        .prop_map(|m| Step::Prices(m.into_iter().collect()));
    let wait = prop_oneof![4 => 1i64..60_000, 4 => 1i64..7_200_000, 2 => 1i64..400_000_000, 1 => 1i64..60_000_000_000];
    let money = || prop_oneof![3 => 5_000_000i64..2_000_000_000, 1 => 5_000_000i64..40_000_000_000];
    prop_oneof![
        10 => prices,
        5 => wait.prop_map(Step::Wait),
        8 => (market.clone(), any::<bool>(), money(), 100u32..2_100).prop_map(
            |(market, long, collateral, leverage_e2)| Step::Open { market, long, collateral, leverage_e2 }
        ),
        3 => (any::<usize>(), 0i64..500_000_000, 1i64..9_000_000_000).prop_map(
            |(pick, collateral, size)| Step::Increase { pick, collateral, size }
        ),
        3 => (any::<usize>(), 1u32..1_000_000).prop_map(|(pick, ppm)| Step::Decrease { pick, ppm }),
        2 => any::<usize>().prop_map(Step::Close),
        2 => (any::<usize>(), money()).prop_map(|(pick, by)| Step::AddCollateral(pick, by)),
        2 => (any::<usize>(), 1u32..1_000_000).prop_map(|(pick, ppm)| Step::RemoveCollateral(pick, ppm)),
        2 => money().prop_map(Step::AddLiquidity),
        2 => (1u32..1_000_000).prop_map(Step::RemoveLiquidity),
        1 => any::<usize>().prop_map(Step::Register),
        3 => any::<usize>().prop_map(Step::Liquidate),
        2 => any::<usize>().prop_map(Step::ForceClose),
        1 => Just(Step::Tick),
        1 => Just(Step::Rebalance),
        1 => (market.clone(), any::<bool>(), 0i64..20_000_000_000).prop_map(
            |(market, long, limit)| Step::SetLimit { market, long, limit }
        ),
        1 => prop_oneof![1u32..5_000, 1u32..100_000].prop_map(Step::SetProfitPct),
        1 => (market, 800_000i128..=1_000_000, 0u32..50_000, 0u32..3_000, prop::option::of(1u32..20_000))
            .prop_map(|(market, threshold_ppm, borrow, fee_e5, profit_pct)| Step::SetMarket {
                market, threshold_ppm, borrow, fee_e5, profit_pct
            }),
        1 => Just(Step::Restore),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let check = prop_oneof![
        3 => Just(Check::Documented(Boundary::Inclusive)),
        1 => Just(Check::Documented(Boundary::Strict)),
        2 => Just(Check::Deployed),
    ];
    let profit = prop_oneof![1u32..200, 1u32..20_000];
    (check, profit, 0u32..30_000).prop_map(|(check, profit_pct_e5, kappa_bps)| {
        let mut rules = Rules {
            check,
            profit_pct_e5,
            ..Rules::tsunamix()
        };
        rules.sharing.kappa_bps = kappa_bps.max(2_000);
        rules
    })
}

/// Markets whose funding is strong enough to matter within a history.
fn markets(seed: u32) -> Vec<MarketParams> {
    let market = |i: u32| {
        let mut params = MarketParams::new(format!("M{i}"), Price::from_raw(1_000_000_000_000));
        params.funding.volatility_factor = [1_000, 200_000, 20_000][(seed + i) as usize % 3];
        params.funding.velocity_factor = [2_400_000, 3_000, 0][(seed / 3 + i) as usize % 3];
        params.funding.temp_max_factor = [100, 5_000][(seed / 9) as usize % 2];
        let borrow = [100, 0, 20_000][(seed / 18 + i) as usize % 3];
        params.borrow_rate_e6 = Sides {
            long: borrow,
            short: borrow / 2,
        };
        params.slippage_factor = [0, 0, 300][(seed / 54) as usize % 3];
        params
    };
    (0..u32::from(MARKETS)).map(market).collect()
}

struct History {
    world: World,
    prices: Vec<i128>,
    due_seen: u32,
}

impl History {
    fn new(execution: Execution, rules: Rules, seed: u32) -> Self {
        let mut world = World::with(execution, rules, markets(seed));
        for trader in 3..3 + TRADERS {
            world.deposit(trader, "200000");
        }
        let prices = vec![
            21_585_175_000_000,
            4_000_123_456_789_000_000_000,
            112_000_000_000_000_000_000_000,
        ];
        let updates = (0u16..).zip(&prices);
        let updates = updates
            .map(|(m, p)| world.price_update(m, Price::from_raw(*p)))
            .collect();
        world.ok(Do::Prices(updates));
        Self {
            world,
            prices,
            due_seen: 0,
        }
    }

    fn pick(&self, pick: usize) -> Option<(PositionId, AccountId)> {
        let count = self.world.venue().positions().len() as usize;
        let at = pick.checked_rem(count)?;
        let (id, position) = self.world.venue().positions().iter().nth(at)?;
        Some((id, position.owner))
    }

    /// Keepers prefer what is to be done.
    fn pick_case(&self, pick: usize) -> Option<PositionId> {
        let cases: Vec<_> = self.world.venue().open_cases().collect();
        match pick.checked_rem(cases.len()) {
            Some(at) => cases[at].target.position,
            None => self.pick(pick).map(|(id, _)| id),
        }
    }

    fn command(&mut self, step: &Step) -> Option<Do> {
        let owner = |account: u32| AccountId(3 + account % TRADERS);
        Some(match *step {
            Step::Prices(ref moves) => {
                let updates = moves.iter().map(|&(market, ppm)| {
                    let price = &mut self.prices[usize::from(market)];
                    let moved = *price + *price * i128::from(ppm) / 1_000_000;
                    *price = moved.clamp(1_000_000, 1_000_000_000_000_000_000_000_000_000);
                    self.world.price_update(market, Price::from_raw(*price))
                });
                Do::Prices(updates.collect())
            }
            Step::Wait(by) => {
                self.world.now += by;
                Do::Tick
            }
            Step::Open {
                market,
                long,
                collateral,
                leverage_e2,
            } => Do::Open {
                account: owner(leverage_e2),
                market: MarketId(market),
                side: if long { Side::Long } else { Side::Short },
                collateral: Amount::from_raw(collateral.into()),
                size: Notional::from_raw(i128::from(collateral) * i128::from(leverage_e2) / 100),
                acceptable: None,
            },
            Step::Increase {
                pick,
                collateral,
                size,
            } => {
                let (position, account) = self.pick(pick)?;
                Do::Increase {
                    account,
                    position,
                    collateral: Amount::from_raw(collateral.into()),
                    size: Notional::from_raw(size.into()),
                    acceptable: None,
                }
            }
            Step::Decrease { pick, ppm } => {
                let (position, account) = self.pick(pick)?;
                let whole = self.world.view(position).size.raw();
                Do::Decrease {
                    account,
                    position,
                    size: Notional::from_raw(whole * i128::from(ppm) / 1_000_000),
                    acceptable: None,
                }
            }
            Step::Close(pick) => {
                let (position, account) = self.pick(pick)?;
                Do::Close {
                    account,
                    position,
                    acceptable: None,
                }
            }
            Step::AddCollateral(pick, by) => {
                let (position, account) = self.pick(pick)?;
                Do::AddCollateral {
                    account,
                    position,
                    amount: Amount::from_raw(by.into()),
                }
            }
            Step::RemoveCollateral(pick, ppm) => {
                let (position, account) = self.pick(pick)?;
                let whole = self.world.view(position).collateral.raw();
                Do::RemoveCollateral {
                    account,
                    position,
                    amount: Amount::from_raw(whole * i128::from(ppm) / 1_000_000),
                }
            }
            Step::AddLiquidity(by) => Do::AddLiquidity {
                account: owner(0),
                amount: Amount::from_raw(by.into()),
            },
            Step::RemoveLiquidity(ppm) => {
                let ledger = self.world.engine.ledger();
                let held = self.world.venue().shares(ledger, AccountId(1)).unwrap();
                Do::RemoveLiquidity {
                    account: AccountId(1),
                    shares: Quantity::from_raw(held.raw() * i128::from(ppm) / 1_000_000),
                }
            }
            Step::Register(pick) => Do::Register {
                keeper: owner(7),
                position: self.pick_case(pick)?,
            },
            Step::Liquidate(pick) => Do::Liquidate {
                keeper: AccountId(0),
                position: self.pick_case(pick)?,
            },
            Step::ForceClose(pick) => Do::ForceClose {
                keeper: AccountId(0),
                position: self.pick_case(pick)?,
            },
            Step::Tick => Do::Tick,
            Step::Rebalance => Do::Rebalance,
            Step::SetLimit {
                market,
                long,
                limit,
            } => Do::SetLimit {
                market: MarketId(market),
                side: if long { Side::Long } else { Side::Short },
                limit: Notional::from_raw(limit.into()),
            },
            Step::SetProfitPct(profit_pct_e5) => Do::SetRules(Rules {
                profit_pct_e5,
                ..*self.world.venue().rules()
            }),
            Step::SetMarket {
                market,
                threshold_ppm,
                borrow,
                fee_e5,
                profit_pct,
            } => {
                let mut params = self.world.venue().markets()[usize::from(market)]
                    .params
                    .clone();
                params.threshold = plimsoll_units::Rate::from_raw(threshold_ppm);
                params.borrow_rate_e6.long = borrow;
                params.trading_fee_e5 = fee_e5;
                params.profit_pct_e5 = profit_pct;
                Do::SetMarket {
                    market: MarketId(market),
                    params,
                }
            }
            Step::Restore => {
                let bytes = self.world.engine.snapshot().unwrap();
                self.world.engine = plimsoll_engine::Engine::restore(&bytes).unwrap();
                Do::Tick
            }
        })
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let Some(command) = self.command(step) else {
            return Ok(());
        };
        // Refusals are part of a history; the world checks that they leave no trace.
        let result = self.world.apply(command);
        match (step, &result) {
            // A close always passes, unless the position is liquidatable.
            (Step::Close(_), Err(refusal)) => prop_assert!(refusal.contains("is liquidatable")),
            // Limits change what may be opened, never who is liquidated.
            (Step::Rebalance | Step::SetLimit { .. }, Ok(events)) => {
                let cases = events.iter().filter(|e| matches!(e, Event::Case(_)));
                prop_assert_eq!(cases.count(), 0);
            }
            _ => {}
        }
        self.look_at_everybody()
    }

    fn look_at_everybody(&mut self) -> Result<(), TestCaseError> {
        let venue = self.world.venue();
        let cases: BTreeSet<_> = venue
            .open_cases()
            .filter_map(|c| c.target.position)
            .collect();
        // What the last accepted command saw; a refused one does not move the engine's clock.
        let now = self.world.engine.now();
        let mut due = 0;
        for (id, position) in venue.positions().iter() {
            let verdict = venue.verdict(self.world.engine.ledger(), id, now);
            let verdict = verdict.map_err(|e| TestCaseError::fail(format!("{id}: {e}")))?;
            if let Some(rule) = verdict {
                due += 1;
                prop_assert!(
                    cases.contains(&id),
                    "{id} ({position:?}) is due ({rule}) and nobody was told"
                );
            }
        }
        self.due_seen += due;
        Ok(())
    }
}

fn run(
    execution: Execution,
    rules: Rules,
    seed: u32,
    steps: &[Step],
) -> Result<u32, TestCaseError> {
    let mut history = History::new(execution, rules, seed);
    for step in steps {
        history.take(step)?;
        if execution != Execution::Keepers {
            prop_assert_eq!(history.world.venue().open_cases().count(), 0);
            prop_assert_eq!(history.due_seen, 0);
        }
    }
    Ok(history.due_seen)
}

const ENGINE: Execution = Execution::Engine {
    keeper: AccountId(0),
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn with_keepers_nobody_is_due_without_an_open_case(
        rules in rules(), seed in 0u32..162, steps in prop::collection::vec(step(), 1..80),
    ) {
        run(Execution::Keepers, rules, seed, &steps)?;
    }

    #[test]
    fn with_the_engine_as_keeper_nobody_is_due_after_any_command(
        rules in rules(), seed in 0u32..162, steps in prop::collection::vec(step(), 1..80),
    ) {
        run(ENGINE, rules, seed, &steps)?;
    }
}

/// The histories must reach what they are about: many liquidations, many force-closes.
#[test]
fn histories_reach_both_rules() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = (rules(), 0u32..162, prop::collection::vec(step(), 80));
    let mut counts = [0u32; 3];
    for _ in 0..150 {
        let (rules, seed, steps) = strategy.new_tree(&mut runner).unwrap().current();
        let mut history = History::new(ENGINE, rules, seed);
        for step in &steps {
            let Some(command) = history.command(step) else {
                continue;
            };
            for event in history.world.apply(command).unwrap_or_default() {
                use plimsoll_engine::liquidation::{CaseEvent, StageKind};
                match event {
                    plimsoll_engine::Event::Case(CaseEvent::Stage { stage, .. }) => {
                        counts[usize::from(stage == StageKind::ForceClose)] += 1;
                    }
                    plimsoll_engine::Event::Case(CaseEvent::Blocked { .. }) => counts[2] += 1,
                    _ => {}
                }
            }
        }
    }
    assert!(
        counts[0] > 300 && counts[1] > 80,
        "liquidations, force-closes, blocked: {counts:?}"
    );
    assert_eq!(counts[2], 0, "nothing is blocked without a guard on prices");
}

/// The watch is derived: with it built anew before every command, every state is the same.
#[test]
fn results_do_not_depend_on_the_watch() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = (
        rules(),
        0u32..162,
        prop::collection::vec(step(), 60),
        any::<bool>(),
    );
    for _ in 0..40 {
        let (rules, seed, steps, keepers) = strategy.new_tree(&mut runner).unwrap().current();
        let execution = if keepers { Execution::Keepers } else { ENGINE };
        let mut history = History::new(execution, rules, seed);
        for step in &steps {
            let Some(command) = history.command(step) else {
                continue;
            };
            let command = Command {
                time: Timestamp(history.world.now),
                venue: VENUE,
                body: Body::TsunamiX(command),
            };
            let bytes = history.world.engine.snapshot().unwrap();
            let mut fresh = plimsoll_engine::Engine::restore(&bytes).unwrap();
            let kept = history.world.engine.apply(&command).map(<[_]>::to_vec);
            let anew = fresh.apply(&command).map(<[_]>::to_vec);
            assert_eq!(kept, anew);
            assert_eq!(history.world.engine.state_hash(), fresh.state_hash());
        }
    }
}

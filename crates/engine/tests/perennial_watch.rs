//! The watch against the brute-force scan, over random histories.
//!
//! After every command the audit asks every account of every product whether the rule names it,
//! and wants a due case for exactly those. A case is opened only for accounts the watch named (or
//! the command touched), so a trip set too far away is found here. Histories have positive, zero
//! and negative prices, skipped versions, funding in both directions, fees, partial closes,
//! deposits, withdrawals down to the last allowed unit, liquidations, and changes of parameters.

mod perennial_support;

use perennial_support::{Bench, LIQ, by_engine, plain, venue, with_flags};
use plimsoll_engine::liquidation::{CaseEvent, Outcome};
use plimsoll_engine::venues::perennial::{
    Command as Op, Config as VenueParams, Curve, Flags, Money, Payoff, Phase, ProductParam,
    ProductParams, ProtocolParam, Ratio18, Role, Settlement, Size,
};
use plimsoll_engine::{Engine, Event};
use plimsoll_units::{AccountId, MarketId, Rounding, mul_div};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

/// What a history does next; numbers are turned into commands where they are applied.
#[derive(Debug, Clone)]
enum Step {
    Oracle {
        product: u16,
        price: i64,
        skip: u64,
    },
    Deposit {
        product: u16,
        account: u32,
        amount: u64,
    },
    Withdraw {
        product: u16,
        account: u32,
        share: u8,
    },
    /// Leaves exactly what the larger of the two requirements is, plus `off` raw units.
    WithdrawToTheEdge {
        product: u16,
        account: u32,
        off: i8,
    },
    Open {
        product: u16,
        account: u32,
        stray: bool,
        percent: u8,
    },
    Close {
        product: u16,
        account: u32,
        share: u8,
    },
    Settle {
        product: u16,
        account: Option<u32>,
    },
    Liquidate {
        product: u16,
        account: u32,
    },
    Resolve {
        product: u16,
    },
    Maintenance {
        product: u16,
        percent: u16,
    },
    TradeFee {
        product: u16,
        taker: bool,
        permille: u16,
    },
    MinFundingFee {
        percent: u8,
    },
    Closed {
        product: u16,
        closed: bool,
    },
    Paused(bool),
}

const ONE: i128 = 1_000_000_000_000_000_000;
/// Histories per property; a few seconds in all, unoptimized.
const CASES: u32 = 120;
const PRODUCTS: u16 = 3;
const ACCOUNTS: u32 = 5;

fn step() -> impl Strategy<Value = Step> {
    let product = 0..PRODUCTS;
    let account = 0..ACCOUNTS;
    let price = prop_oneof![
        12 => 60i64..140,
        2 => -120i64..0,
        1 => Just(0i64),
        2 => 1i64..1000,
    ];
    prop_oneof![
        12 => (product.clone(), price, prop_oneof![9 => Just(1u64), 1 => 2u64..5])
            .prop_map(|(product, price, skip)| Step::Oracle { product, price, skip }),
        5 => (product.clone(), account.clone(), 100u64..5_000)
            .prop_map(|(product, account, amount)| Step::Deposit { product, account, amount }),
        2 => (product.clone(), account.clone(), 1u8..=100)
            .prop_map(|(product, account, share)| Step::Withdraw { product, account, share }),
        3 => (product.clone(), account.clone(), -1i8..3)
            .prop_map(|(product, account, off)| Step::WithdrawToTheEdge { product, account, off }),
        8 => (product.clone(), account.clone(), prop::bool::weighted(0.05), 0u8..=110)
            .prop_map(|(product, account, stray, percent)| {
                Step::Open { product, account, stray, percent }
            }),
        3 => (product.clone(), account.clone(), 0u8..=100)
            .prop_map(|(product, account, share)| Step::Close { product, account, share }),
        3 => (product.clone(), proptest::option::of(account.clone()))
            .prop_map(|(product, account)| Step::Settle { product, account }),
        4 => (product.clone(), account.clone())
            .prop_map(|(product, account)| Step::Liquidate { product, account }),
        1 => product.clone().prop_map(|product| Step::Resolve { product }),
        1 => (product.clone(), 1u16..80)
            .prop_map(|(product, percent)| Step::Maintenance { product, percent }),
        1 => (product.clone(), any::<bool>(), 0u16..40)
            .prop_map(|(product, taker, permille)| Step::TradeFee { product, taker, permille }),
        1 => (0u8..=100).prop_map(|percent| Step::MinFundingFee { percent }),
        2 => (product, prop::bool::weighted(0.2))
            .prop_map(|(product, closed)| Step::Closed { product, closed }),
        2 => prop::bool::weighted(0.1).prop_map(Step::Paused),
    ]
}

fn percent(n: u64) -> Ratio18 {
    Ratio18::from_raw(i128::from(n) * 10_000_000_000_000_000)
}

/// Three products: makers may pay funding in the first, fees are high in the second.
fn products() -> Vec<ProductParams> {
    let curve = |min: &str, target: &str, max: &str| Curve {
        min_rate: min.parse().unwrap(),
        target_rate: target.parse().unwrap(),
        max_rate: max.parse().unwrap(),
        target_utilization: "0.7".parse().unwrap(),
    };
    let long = ProductParams {
        funding_fee: percent(10),
        curve: curve("-40", "3.3", "90"),
        ..plain()
    };
    let short = ProductParams {
        payoff: Payoff::Short,
        maker_fee: percent(1),
        taker_fee: percent(2),
        position_fee: percent(50),
        curve: curve("0.1", "7", "700"),
        ..plain()
    };
    let millisquare = ProductParams {
        payoff: Payoff::Millisquare,
        taker_fee: percent(1),
        ..plain()
    };
    vec![long, short, millisquare]
}

fn keepers(flags: Flags) -> VenueParams {
    let margin = flags.margin_above_maintenance.then(|| percent(81));
    let products = products()
        .into_iter()
        .map(|p| ProductParams { margin, ..p });
    let mut venue = with_flags(products.collect(), flags);
    venue.protocol.min_collateral = "5".parse().unwrap();
    venue.protocol.protocol_fee = percent(30);
    venue
}

/// Sizes and amounts on an odd grid, so that nearly everything is truncated somewhere.
fn odd(units: u64) -> i128 {
    i128::from(units) * 10_000_000_000_000_007
}

fn command(bench: &mut Bench, step: &Step) -> Op {
    match *step {
        Step::Oracle {
            product,
            price,
            skip,
        } => bench.oracle(
            MarketId(product),
            &format!("{price}.000000000000000003"),
            skip,
        ),
        Step::Deposit {
            product,
            account,
            amount,
        } => {
            let (product, account) = (MarketId(product), AccountId(account));
            let share = if account.0 < 2 { 400 } else { 100 };
            let amount = Money::from_raw(odd(amount * share));
            Op::Deposit {
                product,
                account,
                by: account,
                amount,
            }
        }
        Step::Withdraw {
            product,
            account,
            share,
        } => {
            let (product, account) = (MarketId(product), AccountId(account));
            let all = view(bench, product, account).collateral;
            let amount = all.mul_ratio(share.into(), 100, Rounding::Down);
            Op::Withdraw {
                product,
                account,
                by: account,
                amount: amount.ok(),
            }
        }
        Step::WithdrawToTheEdge {
            product,
            account,
            off,
        } => {
            let (product, account) = (MarketId(product), AccountId(account));
            let view = view(bench, product, account);
            let needed = view.maintenance.max(view.maintenance_next);
            let spare = view.collateral.raw() - needed.raw() - i128::from(off);
            let amount = Some(Money::from_raw(spare.max(0)));
            Op::Withdraw {
                product,
                account,
                by: account,
                amount,
            }
        }
        Step::Open {
            product,
            account,
            stray,
            percent,
        } => {
            // Two accounts make, the others take, unless they stray.
            let role = if (account < 2) != stray {
                Role::Maker
            } else {
                Role::Taker
            };
            let (product, account) = (MarketId(product), AccountId(account));
            let amount = affordable(bench, product, account, percent);
            Op::Open {
                product,
                account,
                by: account,
                role,
                amount,
            }
        }
        Step::Close {
            product,
            account,
            share,
        } => {
            let (product, account) = (MarketId(product), AccountId(account));
            let view = view(bench, product, account);
            let taker = view.position.taker.is_positive() || view.pre.open.taker.is_positive();
            let role = if taker { Role::Taker } else { Role::Maker };
            let size = view.position.of(role);
            let amount = size.mul_ratio(share.into(), 100, Rounding::Down);
            let amount = amount.unwrap_or_default();
            Op::Close {
                product,
                account,
                by: account,
                role,
                amount,
            }
        }
        Step::Settle {
            product,
            account: None,
        } => Op::Settle {
            product: MarketId(product),
        },
        Step::Settle {
            product,
            account: Some(account),
        } => Op::SettleAccount {
            product: MarketId(product),
            account: AccountId(account),
        },
        Step::Liquidate { product, account } => Op::Liquidate {
            product: MarketId(product),
            account: AccountId(account),
            by: LIQ,
        },
        Step::Resolve { product } => {
            let product = MarketId(product);
            let state = bench.venue().product(product).unwrap();
            let amount = state.shortfall(bench.engine.ledger());
            Op::ResolveShortfall {
                product,
                by: LIQ,
                amount,
            }
        }
        Step::Maintenance {
            product,
            percent: p,
        } => Op::SetProduct {
            product: MarketId(product),
            param: ProductParam::Maintenance(percent(p.into())),
        },
        Step::TradeFee {
            product,
            taker,
            permille,
        } => {
            let fee = Ratio18::from_raw(i128::from(permille) * 1_000_000_000_000_001);
            let param = if taker {
                ProductParam::TakerFee(fee)
            } else {
                ProductParam::MakerFee(fee)
            };
            Op::SetProduct {
                product: MarketId(product),
                param,
            }
        }
        Step::MinFundingFee { percent: p } => {
            Op::SetProtocol(ProtocolParam::MinFundingFee(percent(p.into())))
        }
        Step::Closed { product, closed } => Op::SetProduct {
            product: MarketId(product),
            param: ProductParam::Closed(closed),
        },
        Step::Paused(paused) => Op::SetProtocol(ProtocolParam::Paused(paused)),
    }
}

/// A share of what the account's collateral would carry at the newest price.
fn affordable(bench: &Bench, product: MarketId, account: AccountId, percent: u8) -> Size {
    let state = bench.venue().product(product).unwrap();
    let collateral = view(bench, product, account).collateral.raw();
    let per_unit = Money::from_raw(state.oracle().price.abs());
    let ratio = state.params().margin.unwrap_or(state.params().maintenance);
    let needed = per_unit
        .mul_ratio(ratio.raw(), ONE, Rounding::Down)
        .unwrap();
    let whole = mul_div(collateral, ONE, needed.raw().max(ONE), Rounding::Down).unwrap();
    Size::from_raw(mul_div(whole, percent.into(), 100, Rounding::Down).unwrap())
}

fn view(
    bench: &Bench,
    product: MarketId,
    account: AccountId,
) -> plimsoll_engine::venues::perennial::AccountView {
    let state = bench.venue().product(product).unwrap();
    state.account_view(bench.engine.ledger(), account).unwrap()
}

/// What a history came to, so that a test can see that it was not idle.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    accepted: u32,
    liquidated: u32,
    recovered: u32,
    blocked: u32,
}

fn play(params: VenueParams, steps: &[Step]) -> Result<Seen, TestCaseError> {
    let by_engine = params.execution != venue(Vec::new()).execution;
    let mut bench = Bench::new(params);
    let mut seen = Seen::default();
    for step in steps {
        let op = command(&mut bench, step);
        let before = bench.engine.state_hash();
        let foreseen = foreseen(&bench, &op);
        match bench.apply(op) {
            Ok(events) => {
                count(&events, &mut seen);
                if let Some((product, settlement)) = foreseen {
                    let global = bench.venue().product(product).unwrap().global();
                    prop_assert_eq!(global.value, settlement.value);
                    prop_assert_eq!(global.position, settlement.position);
                    prop_assert_eq!(global.pre, settlement.pre);
                    prop_assert_eq!(global.latest_version, settlement.to.number);
                }
            }
            Err(_) => prop_assert_eq!(bench.engine.state_hash(), before),
        }
        if let Err(broken) = bench.engine.audit() {
            return Err(TestCaseError::fail(format!("after {step:?}: {broken}")));
        }
        if by_engine && !bench.venue().protocol().paused {
            no_due_case_without_a_reason(&bench)?;
        }
    }
    Ok(seen)
}

/// What the views say a settlement will lead to; it must then lead there.
fn foreseen(bench: &Bench, op: &Op) -> Option<(MarketId, Settlement)> {
    match *op {
        Op::Settle { product } => Some((product, bench.venue().preview(product).ok()?)),
        _ => None,
    }
}

/// In the engine's mode an account stays liquidatable only for a reason that is on record.
fn no_due_case_without_a_reason(bench: &Bench) -> Result<(), TestCaseError> {
    for product in bench.venue().products() {
        for (account, open) in product.cases() {
            prop_assert!(
                open.phase != Phase::Due(None),
                "{:?} {open:?}",
                account.id()
            );
        }
    }
    Ok(())
}

fn count(events: &[Event], seen: &mut Seen) {
    seen.accepted += 1;
    for event in events {
        match event {
            Event::Case(CaseEvent::Closed {
                outcome: Outcome::Recovered,
                ..
            }) => {
                seen.recovered += 1;
            }
            Event::Case(CaseEvent::Closed { .. }) => seen.liquidated += 1,
            Event::Case(CaseEvent::Blocked { .. }) => seen.blocked += 1,
            _ => {}
        }
    }
}

/// Random steps after a beginning that gives everybody money and the makers a position.
fn histories() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 20..160).prop_map(|random| {
        let mut steps = Vec::new();
        for product in 0..PRODUCTS {
            steps.push(Step::Oracle {
                product,
                price: 100,
                skip: 1,
            });
            for account in 0..ACCOUNTS {
                steps.push(Step::Deposit {
                    product,
                    account,
                    amount: 1_000,
                });
            }
            for account in 0..2 {
                steps.push(Step::Open {
                    product,
                    account,
                    stray: false,
                    percent: 60,
                });
            }
        }
        steps.extend(random);
        steps
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    #[test]
    fn the_watch_names_every_liquidatable_account_to_keepers(steps in histories()) {
        play(keepers(Flags::default()), &steps)?;
    }

    #[test]
    fn the_engine_leaves_nobody_liquidatable_without_a_reason(steps in histories()) {
        play(by_engine(keepers(Flags::default())), &steps)?;
    }

    #[test]
    fn the_watch_names_every_liquidatable_account_with_every_flag_on(steps in histories()) {
        play(keepers(Flags::PLUS), &steps)?;
    }

    #[test]
    fn the_engine_leaves_nobody_liquidatable_with_every_flag_on(steps in histories()) {
        play(by_engine(keepers(Flags::PLUS)), &steps)?;
    }

    /// A watch built anew from a snapshot leads to the same events and the same state.
    #[test]
    fn results_do_not_depend_on_how_the_watch_came_to_be(
        steps in histories(), at in any::<prop::sample::Index>(), plus in any::<bool>(),
    ) {
        let flags = if plus { Flags::PLUS } else { Flags::default() };
        let mut bench = Bench::new(by_engine(keepers(flags)));
        let at = at.index(steps.len());
        for step in &steps[..at] {
            let op = command(&mut bench, step);
            let _ = bench.apply(op);
        }
        let mut restored = Engine::restore(&bench.engine.snapshot().unwrap()).unwrap();
        prop_assert_eq!(restored.state_hash(), bench.engine.state_hash());
        for step in &steps[at..] {
            let op = command(&mut bench, step);
            let again = restored.apply(&bench.command(op)).map(<[Event]>::to_vec);
            prop_assert_eq!(&again, &bench.apply(op));
        }
        prop_assert_eq!(restored.state_hash(), bench.engine.state_hash());
    }
}

/// The histories above are of use only if they liquidate, recover and block.
#[test]
fn random_histories_are_not_idle() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut total = Seen::default();
    for _ in 0..60 {
        let steps = histories().new_tree(&mut runner).unwrap().current();
        for params in [
            keepers(Flags::default()),
            by_engine(keepers(Flags::default())),
        ] {
            let seen = play(params, &steps).unwrap();
            total.accepted += seen.accepted;
            total.liquidated += seen.liquidated;
            total.recovered += seen.recovered;
            total.blocked += seen.blocked;
        }
    }
    println!("{total:?}");
    assert!(total.accepted > 3000, "{total:?}");
    assert!(total.liquidated > 100, "{total:?}");
    assert!(total.recovered > 20, "{total:?}");
    assert!(total.blocked > 20, "{total:?}");
}

//! Soundness of the watch, against looking at everybody: after every command of a random history
//! the wallets with open cases are exactly those the rule names, whoever carries liquidations out;
//! and at the tick itself.

mod kuma_support;

use std::collections::BTreeSet;

use kuma_support::*;
use plimsoll_engine::liquidation::{CaseEvent, Outcome};
use plimsoll_engine::margin::cross;
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::kuma::{
    Command, Config, Deleverage, IndexPrice, Limits, Override, WalletLiquidation,
};
use plimsoll_engine::{Body, Command as At, Engine, Event};
use plimsoll_units::{AccountId, MarketId, Timestamp};
use proptest::prelude::*;

const PIP: i128 = 100_000_000;
const PERIOD: i64 = 8 * 60 * 60 * 1000;
const MARKETS: u16 = 4;
const FIRST: u32 = 3;
const TRADERS: u32 = 8;

/// The rule of the specification, with nothing shared with the engine but the stored numbers.
fn named(world: &World, account: AccountId) -> bool {
    let venue = world.venue();
    let mut value = i128::from(world.quote(account)) * PIP;
    let mut required = 0i128;
    for (_, position) in venue.positions(account) {
        let market = venue.market(position.market()).unwrap();
        let size = i128::from(position.size());
        for multiplier in &market.multipliers()[position.periods() as usize..] {
            value += size * i128::from(*multiplier) / PIP * PIP;
        }
        let own = venue.people().limits(account, position.market());
        let fraction = own.unwrap_or(&market.limits).maintenance_margin_fraction;
        value += size * i128::from(market.index_price());
        required += size.abs() * i128::from(market.index_price()) * i128::from(fraction);
    }
    value / PIP < required / PIP / PIP
}

fn all_named(world: &World) -> BTreeSet<AccountId> {
    let count = u32::try_from(world.venue().wallets().count()).unwrap();
    let accounts = (0..count).map(AccountId).filter(|a| ![EF, IF].contains(a));
    accounts.filter(|account| named(world, *account)).collect()
}

fn with_cases(world: &World) -> BTreeSet<AccountId> {
    world
        .venue()
        .open_cases()
        .map(|(account, _)| account)
        .collect()
}

/// One step of a history; numbers are turned into something sensible when it is applied.
#[derive(Debug, Clone)]
enum Step {
    /// Prices of some markets move by so many ppm.
    Prices(Vec<(u16, i32)>),
    /// A period ends: a rate in pips.
    Funding(u16, i64),
    Trade(u32, u32, u16, u32),
    Deposit(u32, u64),
    Withdraw(u32, u64),
    Transfer(u32, u32, u64),
    Fraction(u16, u64),
    Own(u32, u16, u64),
    NotOwn(u32, u16),
    Exit(u32),
    Stay(u32),
    PayFunding(u32, u16),
    Liquidate(usize),
    Deleverage(usize, u32, u16, u32),
    Switch(u16),
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    let (market, account) = (|| 0..MARKETS, || FIRST..FIRST + TRADERS);
    let moves =
        prop_oneof![6 => -3_000i32..3_000, 3 => -20_000i32..20_000, 1 => -200_000i32..250_000];
    let prices = prop::collection::btree_map(market(), moves, 1..=4)
        .prop_map(|m| Step::Prices(m.into_iter().collect()));
    let fraction = || 300_000u64..6_000_000;
    let money = || 1_000_000u64..20_000_000_000;
    prop_oneof![
        24 => prices,
        6 => (market(), -290_000i64..290_000).prop_map(|(m, rate)| Step::Funding(m, rate)),
        8 => (account(), account(), market(), 1u32..3_000)
            .prop_map(|(b, s, m, usd)| Step::Trade(b, s, m, usd)),
        2 => (account(), money()).prop_map(|(a, q)| Step::Deposit(a, q)),
        3 => (account(), money()).prop_map(|(a, q)| Step::Withdraw(a, q)),
        2 => (account(), account(), money()).prop_map(|(a, b, q)| Step::Transfer(a, b, q)),
        1 => (market(), fraction()).prop_map(|(m, f)| Step::Fraction(m, f)),
        1 => (account(), market(), fraction()).prop_map(|(a, m, f)| Step::Own(a, m, f)),
        1 => (account(), market()).prop_map(|(a, m)| Step::NotOwn(a, m)),
        1 => account().prop_map(Step::Exit),
        1 => account().prop_map(Step::Stay),
        2 => (account(), market()).prop_map(|(a, m)| Step::PayFunding(a, m)),
        4 => any::<usize>().prop_map(Step::Liquidate),
        3 => (any::<usize>(), account(), market(), 1u32..2_000)
            .prop_map(|(pick, c, m, usd)| Step::Deleverage(pick, c, m, usd)),
        1 => market().prop_map(Step::Switch),
        1 => Just(Step::Restore),
    ]
}

/// What a history met.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    accepted: u32,
    opened: u32,
    recovered: u32,
    liquidated: u32,
    examined: u64,
}

/// A venue, and its twin that was restored from a snapshot on the way.
struct History {
    world: World,
    twin: Option<Engine>,
    open: BTreeSet<AccountId>,
    tally: Tally,
}

impl History {
    fn new(config: Config) -> Self {
        Self {
            world: World::of(config),
            twin: None,
            open: BTreeSet::new(),
            tally: Tally::default(),
        }
    }

    fn price(&self, market: u16) -> u64 {
        self.world.venue().markets()[usize::from(market)].index_price()
    }

    fn base(&self, market: u16, usd: u32) -> u64 {
        let base = i128::from(usd) * PIP * PIP / i128::from(self.price(market));
        u64::try_from(base).unwrap().max(1)
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Prices(moves) => self.publish(moves),
            Step::Funding(market, rate) => {
                let funded = self.world.venue().markets()[usize::from(*market)].funded_ms();
                let end = i64::try_from(funded).unwrap() + PERIOD;
                self.world.now = self.world.now.max(end);
                self.publish(&[(*market, 0)]);
                let (market, rate) = (MarketId(*market), *rate);
                self.apply(Command::PublishFunding { market, rate });
            }
            Step::Restore => {
                let bytes = self.world.engine.snapshot().unwrap();
                self.twin = Some(Engine::restore(&bytes).unwrap());
            }
            step => {
                if let Some(command) = self.command(step) {
                    self.apply(command);
                }
            }
        }
    }

    fn publish(&mut self, moves: &[(u16, i32)]) {
        self.world.now += 1;
        let time = Timestamp(self.world.now);
        let prices = moves.iter().map(|&(market, ppm)| {
            let price =
                u128::from(self.price(market)) * u128::from((1_000_000 + ppm).unsigned_abs());
            IndexPrice {
                market: MarketId(market),
                price: u64::try_from(price / 1_000_000).unwrap().max(1),
                time,
            }
        });
        let prices = prices.collect();
        self.apply(Command::PublishIndexPrices(prices));
    }

    fn command(&self, step: &Step) -> Option<Command> {
        let venue = self.world.venue();
        let pick = |pick: usize| {
            let cases = with_cases(&self.world);
            cases.into_iter().nth(pick.checked_rem(self.open.len())?)
        };
        let limits = |market: MarketId, maintenance_margin_fraction| Limits {
            maintenance_margin_fraction,
            ..venue.market(market).unwrap().limits
        };
        Some(match *step {
            Step::Trade(buyer, seller, market, usd) => {
                let base = self.base(market, usd);
                let quote = u128::from(base) * u128::from(self.price(market)) / 100_000_000;
                Command::Trade {
                    buyer: AccountId(buyer),
                    seller: AccountId(seller),
                    trade: terms(MarketId(market), base, u64::try_from(quote).unwrap()),
                }
            }
            Step::Deposit(account, tokens) => {
                let account = AccountId(account);
                let pending = venue.pending_deposit(self.world.engine.ledger(), account);
                match u64::try_from(pending) {
                    Ok(quantity) if quantity > 0 => Command::ApplyDeposit { account, quantity },
                    _ => Command::Deposit { account, tokens },
                }
            }
            Step::Withdraw(account, gross) => Command::Withdraw {
                account: AccountId(account),
                gross,
                gas_fee: 0,
                maximum_gas_fee: 0,
                signed: None,
            },
            Step::Transfer(from, to, gross) => Command::Transfer {
                from: AccountId(from),
                to: AccountId(to),
                gross,
                gas_fee: 0,
                signed: None,
            },
            Step::Fraction(market, fraction) => Command::SetLimits {
                market: MarketId(market),
                account: None,
                limits: limits(MarketId(market), fraction),
            },
            Step::Own(account, market, fraction) => Command::SetLimits {
                market: MarketId(market),
                account: Some(AccountId(account)),
                limits: limits(MarketId(market), fraction),
            },
            Step::NotOwn(account, market) => Command::UnsetLimits {
                market: MarketId(market),
                account: AccountId(account),
            },
            Step::Exit(account) => Command::ExitWallet(AccountId(account)),
            Step::Stay(account) => Command::ClearExit(AccountId(account)),
            Step::PayFunding(account, market) => Command::ApplyFunding {
                account: AccountId(account),
                market: MarketId(market),
            },
            Step::Liquidate(at) => {
                let account = pick(at)?;
                Command::LiquidateInMaintenance(WalletLiquidation {
                    account,
                    to: IF,
                    quotes: self.quotes(account),
                })
            }
            Step::Deleverage(at, counterparty, market, usd) => {
                let account = pick(at)?;
                let market = MarketId(market);
                let size = venue.lot(account, market).size;
                let base = self.base(market.0, usd).min(size.unsigned_abs());
                let part = i64::try_from(base).unwrap() * size.signum();
                Command::DeleverageInMaintenance(Deleverage {
                    market,
                    account,
                    counterparty: AccountId(counterparty),
                    base,
                    quote: self.quote_of(account, market, part),
                })
            }
            Step::Switch(market) => {
                let market = MarketId(market);
                match venue.market(market).unwrap().is_active() {
                    true => Command::DeactivateMarket(market),
                    false => Command::ActivateMarket(market),
                }
            }
            Step::Prices(_) | Step::Funding(..) | Step::Restore => return None,
        })
    }

    fn quotes(&self, account: AccountId) -> Vec<u64> {
        let positions = self.world.venue().positions(account);
        let quotes = positions.map(|(_, p)| self.quote_of(account, p.market(), p.size()));
        quotes.collect()
    }

    fn quote_of(&self, account: AccountId, market: MarketId, size: i64) -> u64 {
        let venue = self.world.venue();
        let totals = venue.totals_with_funding(self.world.engine.ledger(), account);
        let fraction = venue
            .limits(account, market)
            .unwrap()
            .maintenance_margin_fraction;
        let price = venue.market(market).unwrap().index_price();
        cross::bankruptcy_quote(price, fraction, size, &totals.unwrap()).unwrap_or(0)
    }

    /// Applies a command and looks at everybody.
    fn apply(&mut self, command: Command) {
        let at = At {
            time: Timestamp(self.world.now),
            venue: VENUE,
            body: Body::Kuma(command.clone()),
        };
        let result = self.world.apply(command);
        if let Some(twin) = &mut self.twin {
            let events = twin.apply(&at).map(<[Event]>::to_vec);
            assert_eq!(events, result, "after a restore something else happened");
            assert_eq!(twin.state_hash(), self.world.engine.state_hash());
        }
        let Ok(events) = result else {
            return;
        };
        self.tally.accepted += 1;
        for event in events {
            match event {
                Event::Case(CaseEvent::Opened(case)) => {
                    assert!(self.open.insert(case.target.account), "two cases at once");
                    self.tally.opened += 1;
                }
                Event::Case(CaseEvent::Closed {
                    target, outcome, ..
                }) => {
                    assert!(self.open.remove(&target.account), "closed twice");
                    match outcome {
                        Outcome::Recovered => self.tally.recovered += 1,
                        Outcome::Liquidated { .. } => {
                            self.tally.liquidated += 1;
                            let left = self.world.venue().positions(target.account).count();
                            assert_eq!(left, 0, "liquidated, with positions left");
                        }
                    }
                }
                _ => {}
            }
        }
        let due = all_named(&self.world);
        assert_eq!(with_cases(&self.world), due);
        assert_eq!(self.open, due, "as the events tell it");
        self.tally.examined = self.world.venue().watch_counters().examined;
    }
}

/// A trader's positions in dollars by market, and the part of its requirement it has on top of it.
type Trader = (Vec<i32>, i64);

fn traders() -> impl Strategy<Value = Vec<Trader>> {
    let usd = prop_oneof![2 => Just(0i32), 3 => -2_000i32..2_000];
    let positions = prop::collection::vec(usd, usize::from(MARKETS));
    let spare = prop_oneof![2 => 0i64..100, 3 => 0i64..2_000];
    prop::collection::vec((positions, spare), TRADERS as usize)
}

fn config_of(traders: &[Trader], rich_fund: bool, execution: Execution) -> Config {
    let prices = [200_000_000_000, 3_000_000_000_000, 61_234_567, 1_500];
    let mut config = Config::kuma(plimsoll_units::AssetId(0), Vec::new());
    config.markets = (0..MARKETS)
        .zip(prices)
        .map(|(at, price)| {
            let mut params = market(&format!("M{at}"), u8::try_from(3 - at).unwrap(), price);
            params.limits.maintenance_margin_fraction = 1_500_000 * (u64::from(at) + 1);
            params.limits.initial_margin_fraction = 3_000_000 * (u64::from(at) + 1);
            params.limits.baseline_position_size = 1 << 60;
            params.limits.maximum_position_size = 1 << 61;
            params
        })
        .collect();
    let fund = if rich_fund {
        1_000_000 * ONE
    } else {
        200 * ONE
    };
    config.wallets = vec![wallet(0, &[]), wallet(fund, &[]), wallet(0, &[])];
    for (positions, spare) in traders {
        let mut seed = wallet(0, &[]);
        let (mut worth, mut needs) = (0i128, 0i128);
        for (at, (usd, params)) in positions.iter().zip(&config.markets).enumerate() {
            let price = i128::from(params.index_price);
            let size = i128::from(*usd) * PIP * PIP / price;
            if size == 0 {
                continue;
            }
            worth += size * price / PIP;
            let fraction = i128::from(params.limits.maintenance_margin_fraction);
            needs += size.abs() * price / PIP * fraction / PIP;
            seed.positions
                .push(plimsoll_engine::venues::kuma::SeedPosition {
                    market: MarketId(u16::try_from(at).unwrap()),
                    size: i64::try_from(size).unwrap(),
                    cost_basis: i64::try_from(size * price / PIP).unwrap(),
                });
        }
        let spare = needs * i128::from(*spare) / 1_000 + i128::from(*spare);
        seed.quote = i64::try_from(needs - worth + spare).unwrap();
        config.wallets.push(seed);
    }
    config.execution = execution;
    config
}

fn run(traders: &[Trader], rich_fund: bool, execution: Execution, steps: &[Step]) -> Tally {
    let mut history = History::new(config_of(traders, rich_fund, execution));
    for step in steps {
        history.take(step);
    }
    history.tally
}

fn history() -> impl Strategy<Value = (Vec<Trader>, bool, Vec<Step>)> {
    let steps = prop::collection::vec(step(), 1..70);
    (traders(), any::<bool>(), steps)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whoever_the_rule_names_has_a_case_and_waits_for_the_dispatcher(
        (traders, rich_fund, steps) in history(),
    ) {
        run(&traders, rich_fund, Execution::Keepers, &steps);
    }

    #[test]
    fn whoever_the_rule_names_is_liquidated_or_has_a_case(
        (traders, rich_fund, steps) in history(),
    ) {
        run(&traders, rich_fund, Execution::Engine { keeper: IF }, &steps);
    }
}

/// Random histories are worth something only while they meet what they are about.
#[test]
fn histories_open_recover_and_liquidate() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    for execution in [Execution::Keepers, Execution::Engine { keeper: IF }] {
        let mut sum = Tally::default();
        for _ in 0..24 {
            let (traders, rich, steps) = history().new_tree(&mut runner).unwrap().current();
            let tally = run(&traders, rich, execution, &steps);
            sum.accepted += tally.accepted;
            sum.opened += tally.opened;
            sum.recovered += tally.recovered;
            sum.liquidated += tally.liquidated;
            sum.examined += tally.examined;
        }
        assert!(sum.accepted > 400 && sum.opened > 40, "{sum:?}");
        assert!(sum.liquidated > 5, "{sum:?}");
        let keepers = execution == Execution::Keepers;
        assert!(sum.recovered > 5 || !keepers, "{sum:?}");
        // Far from looking at everybody with every command.
        assert!(
            sum.examined < u64::from(sum.accepted * TRADERS) / 2,
            "{sum:?}"
        );
    }
}

/// T1 of the support, short 10 at 2000 with 21,980: vector H03. T2, long 10 with -18,040.
#[test]
fn the_first_liquidatable_tick_is_found_and_the_one_before_is_not() {
    let cases = [
        (T1, [213_398_058_252, 213_398_058_253], "up, a short"),
        (T2, [185_979_381_444, 185_979_381_443], "down, a long"),
    ];
    for (account, [safe, due], what) in cases {
        let mut world = World::new();
        world.ok(index(ETH, safe, START + 1));
        assert_eq!(with_cases(&world), BTreeSet::new(), "{what}: {safe}");
        world.ok(index(ETH, due, START + 2));
        assert_eq!(
            with_cases(&world),
            BTreeSet::from([account]),
            "{what}: {due}"
        );
        world.ok(index(ETH, safe, START + 3));
        assert_eq!(with_cases(&world), BTreeSet::new(), "{what}: back");
        // From afar, in one jump.
        let mut world = World::new();
        world.ok(index(ETH, due, START + 1));
        assert_eq!(
            with_cases(&world),
            BTreeSet::from([account]),
            "{what}: at once"
        );
    }
}

/// What else moves a wallet to the tick: a fraction, its own or the market's; money; funding.
#[test]
fn fractions_money_and_funding_are_watched_to_the_tick() {
    let set = |account, fraction| Command::SetLimits {
        market: ETH,
        account,
        limits: Limits {
            maintenance_margin_fraction: fraction,
            ..limits()
        },
    };
    // At 2000 the short has 1,980 and needs a fraction of 20,000.
    for account in [None, Some(T1)] {
        let mut world = World::new();
        world.ok(set(account, 9_900_000));
        assert!(!with_cases(&world).contains(&T1), "9.9 %, {account:?}");
        world.ok(set(account, 9_900_001));
        assert!(with_cases(&world).contains(&T1), "a pip more, {account:?}");
        world.ok(set(account, 9_900_000));
        assert!(!with_cases(&world).contains(&T1), "back, {account:?}");
        // With its own fraction it is at the tick of the price too.
        world.ok(index(ETH, 200_000_000_001, START + 1));
        assert!(with_cases(&world).contains(&T1), "a tick, {account:?}");
    }
    let mut world = World::new();
    world.now = START + PERIOD;
    world.ok(index(ETH, 213_300_000_000, world.now));
    assert_eq!(with_cases(&world), BTreeSet::new());
    // 1.0 % of 21,330 is more than the 10 of slack there are; shorts pay when it is negative.
    let rate = -1_000_000;
    world.ok(Command::PublishFunding { market: ETH, rate });
    assert_eq!(
        with_cases(&world),
        BTreeSet::from([T1]),
        "unpaid funding counts"
    );
}

#[test]
fn a_wallet_is_left_alone_while_its_lines_stay_within_their_room() {
    let mut world = World::new();
    let before = world.venue().watch_counters();
    for (at, price) in (1..).zip([
        203_000_000_000,
        197_000_000_000,
        210_000_000_000,
        190_000_000_000,
    ]) {
        world.ok(index(ETH, price, START + at));
    }
    assert_eq!(
        world.venue().watch_counters(),
        before,
        "nobody was looked at"
    );
    assert_eq!(world.venue().trips_held(), 2);
}

/// The reserve for funding's roundings lasts for a thousand periods; then all are looked at.
#[test]
fn a_market_is_armed_anew_before_its_reserve_is_used_up() {
    let mut world = World::new();
    let mut looked_at = Vec::new();
    let mut before = world.venue().watch_counters().examined;
    for period in 1..=2_000i64 {
        world.now = START + period * PERIOD;
        world.ok(index(ETH, 200_000_000_000, world.now));
        // A multiplier of two pips, one way and the other.
        let rate = if period % 2 == 0 { 100 } else { -100 };
        world.ok(Command::PublishFunding { market: ETH, rate });
        let examined = world.venue().watch_counters().examined;
        if examined > before {
            looked_at.push(period);
            before = examined;
        }
    }
    assert_eq!(looked_at, [1_000, 2_000]);
}

/// A wallet whose numbers cannot be computed is no reason to lose sight of the others.
#[test]
fn a_wallet_whose_numbers_do_not_fit_is_looked_at_every_time_and_hides_nobody() {
    let mut config = config();
    config.markets[1].index_price = i64::MAX.unsigned_abs();
    config.wallets[6] = wallet(0, &[(ETH, ONE, 2_000 * ONE), (BTC, i64::MAX, i64::MAX)]);
    let mut world = World::of(config);
    let ledger = world.engine.ledger();
    assert!(world.venue().is_liquidatable(ledger, T4).is_err());
    for (at, price) in (1..).zip([200_000_000_001, 213_398_058_253]) {
        let before = world.venue().watch_counters().examined;
        world.ok(index(ETH, price, START + at));
        assert!(world.venue().watch_counters().examined > before);
    }
    assert_eq!(with_cases(&world), BTreeSet::from([T1]));
}

#[test]
fn limits_that_are_there_from_the_start_are_watched() {
    let mut config = config();
    config.overrides.push(Override {
        account: T1,
        market: ETH,
        limits: Limits {
            maintenance_margin_fraction: 9_900_000,
            ..limits()
        },
    });
    let mut world = World::of(config);
    world.ok(index(ETH, 200_000_000_000, START + 1));
    assert_eq!(with_cases(&world), BTreeSet::new());
    world.ok(index(ETH, 200_000_000_001, START + 2));
    assert_eq!(with_cases(&world), BTreeSet::from([T1]));
}

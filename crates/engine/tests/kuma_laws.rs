//! What holds in every history: nothing is created or lost, a refused command changes no byte, a
//! snapshot is the state, and the views are what a recount from the events says.

mod kuma_support;

use std::collections::BTreeMap;

use kuma_support::*;
use plimsoll_engine::ledger::HolderKind;
use plimsoll_engine::margin::cross::Lot;
use plimsoll_engine::venues::kuma::{
    Command, Config, Deleverage, Event as KumaEvent, Limits, OraclePrice, Override,
    WalletLiquidation,
};
use plimsoll_engine::{Engine, Event};
use plimsoll_units::{AccountId, MarketId};
use proptest::prelude::*;

/// A step of a random history; indices are taken modulo what is there.
#[derive(Debug, Clone)]
enum Step {
    Price(u16, u64),
    Funding(u16, i64),
    Trade(u32, u32, u16, u64, u64),
    Deposit(u32, u64),
    Withdraw(u32, u64),
    Transfer(u32, u32, u64),
    Maintenance(u32),
    Adl(u32, u32, u16, u64),
    Closure(u32, u16, u64),
    Exit(u32),
    TakeExit(u32),
    Leave(u32, u64),
    Recovery(u32),
    Switch(u16),
    Empty(u32, u16),
    Dust(u32, u16),
    Wait(i64),
}

/// Mostly the four traders, sometimes the venue's own wallets or nobody.
fn accounts() -> impl Strategy<Value = u32> {
    prop_oneof![12 => 3u32..7, 1 => 0u32..8]
}

fn steps() -> impl Strategy<Value = Step> {
    let (account, market) = (accounts, || 0u16..2);
    let base = || 1u64..1_500_000_000;
    let milli = || 960u64..1_042;
    prop_oneof![
        24 => (market(), milli()).prop_map(|(m, p)| Step::Price(m, p)),
        6 => (market(), -3_100_000i64..3_100_000).prop_map(|(m, r)| Step::Funding(m, r)),
        24 => (account(), account(), market(), base(), 995u64..1_005)
            .prop_map(|(b, s, m, q, p)| Step::Trade(b, s, m, q, p)),
        3 => (account(), 1u64..5_000_000_000).prop_map(|(a, q)| Step::Deposit(a, q)),
        3 => (account(), 1u64..50_000_000_000).prop_map(|(a, q)| Step::Withdraw(a, q)),
        3 => (account(), account(), 1u64..50_000_000_000)
            .prop_map(|(a, b, q)| Step::Transfer(a, b, q)),
        12 => account().prop_map(Step::Maintenance),
        12 => (account(), account(), market(), base())
            .prop_map(|(a, c, m, q)| Step::Adl(a, c, m, q)),
        6 => (account(), market(), base()).prop_map(|(c, m, q)| Step::Closure(c, m, q)),
        1 => account().prop_map(Step::Exit),
        4 => account().prop_map(Step::TakeExit),
        1 => (account(), milli()).prop_map(|(a, p)| Step::Leave(a, p)),
        3 => account().prop_map(Step::Recovery),
        1 => market().prop_map(Step::Switch),
        4 => (account(), market()).prop_map(|(a, m)| Step::Empty(a, m)),
        3 => (account(), market()).prop_map(|(a, m)| Step::Dust(a, m)),
        6 => (1i64..8 * 60 * 60 * 1000).prop_map(Step::Wait),
    ]
}

/// The quote of `base` at a market's index price times `milli` thousandths.
fn near(world: &World, market: MarketId, base: u64, milli: u64) -> u64 {
    let price = world.venue().markets()[market.index()].index_price();
    let quote = u128::from(base) * u128::from(price) / 100_000_000 * u128::from(milli) / 1_000;
    u64::try_from(quote).unwrap()
}

/// The quotes a wallet's positions are expected to be supplied with, by the venue's own views.
fn bankruptcy_quotes(world: &World, account: AccountId) -> Vec<u64> {
    use plimsoll_engine::margin::cross::bankruptcy_quote;
    let venue = world.venue();
    let Ok(totals) = venue.totals_with_funding(world.engine.ledger(), account) else {
        return Vec::new();
    };
    let quote = |market: MarketId, size| {
        let price = venue.market(market).unwrap().index_price();
        let limits = venue.limits(account, market).unwrap();
        bankruptcy_quote(price, limits.maintenance_margin_fraction, size, &totals).unwrap_or(0)
    };
    let positions = venue.positions(account);
    positions
        .map(|(_, p)| quote(p.market(), p.size()))
        .collect()
}

/// A wallet that can be liquidated, or the one given.
fn due_or(world: &World, account: u32) -> AccountId {
    let ledger = world.engine.ledger();
    let due = |account| world.venue().is_liquidatable(ledger, account) == Ok(true);
    let found = (3..7).map(AccountId).find(|account| due(*account));
    found.unwrap_or(AccountId(account))
}

/// A wallet on the other side of somebody's position, or the one given.
fn opposite_or(world: &World, account: AccountId, market: MarketId, other: u32) -> AccountId {
    let venue = world.venue();
    let size = venue.lot(account, market).size;
    let mut others = (3..7).map(AccountId);
    let found = others.find(|other| venue.lot(*other, market).size.signum() == -size.signum());
    found.filter(|_| size != 0).unwrap_or(AccountId(other))
}

fn taking(world: &World, account: AccountId, to: AccountId) -> WalletLiquidation {
    let quotes = bankruptcy_quotes(world, account);
    WalletLiquidation {
        account,
        to,
        quotes,
    }
}

fn command(world: &World, step: &Step) -> Command {
    match *step {
        Step::Price(market, milli) => {
            let market = MarketId(market);
            let last = world.venue().markets()[market.index()].now.index_ms;
            let time = world.now.max(i64::try_from(last).unwrap() + 1);
            index(market, near(world, market, 100_000_000, milli), time)
        }
        Step::Funding(market, rate) => Command::PublishFunding {
            market: MarketId(market),
            rate,
        },
        Step::Trade(buyer, seller, market, base, milli) => {
            let market = MarketId(market);
            let mut trade = terms(market, base, near(world, market, base, milli));
            trade.taker_fee = trade.quote / 1_000;
            trade.maker_fee = -i64::try_from(trade.quote / 2_000).unwrap();
            Command::Trade {
                buyer: AccountId(buyer),
                seller: AccountId(seller),
                trade,
            }
        }
        Step::Deposit(account, tokens) => {
            let account = AccountId(account);
            let pending = world
                .venue()
                .pending_deposit(world.engine.ledger(), account);
            match u64::try_from(pending) {
                Ok(quantity) if quantity > 0 => Command::ApplyDeposit { account, quantity },
                _ => Command::Deposit { account, tokens },
            }
        }
        Step::Withdraw(account, gross) => Command::Withdraw {
            account: AccountId(account),
            gross,
            gas_fee: gross / 100,
            maximum_gas_fee: gross / 50,
            signed: None,
        },
        Step::Transfer(from, to, gross) => Command::Transfer {
            from: AccountId(from),
            to: AccountId(to),
            gross,
            gas_fee: gross / 100,
            signed: None,
        },
        Step::Maintenance(account) => {
            Command::LiquidateInMaintenance(taking(world, due_or(world, account), IF))
        }
        Step::Recovery(account) => {
            Command::LiquidateDuringSystemRecovery(taking(world, due_or(world, account), EF))
        }
        Step::Adl(account, counterparty, market, base) => {
            let account = due_or(world, account);
            let market = MarketId(market);
            let counterparty = opposite_or(world, account, market, counterparty);
            adl(world, account, counterparty, market, base)
        }
        Step::Closure(counterparty, market, base) => {
            let market = MarketId(market);
            let counterparty = opposite_or(world, IF, market, counterparty);
            let lot = world.venue().lot(IF, market);
            let base = base.min(lot.size.unsigned_abs());
            let quote = plimsoll_engine::margin::cross::entry_quote(lot, base).unwrap_or(0);
            Command::DeleverageInsuranceFund(Deleverage {
                market,
                account: IF,
                counterparty,
                base,
                quote,
            })
        }
        Step::Exit(account) => Command::ExitWallet(AccountId(account)),
        Step::TakeExit(account) => {
            let account = AccountId(account);
            let venue = world.venue();
            let quotes = venue.positions(account).map(|(_, p)| {
                let price = venue.market(p.market()).unwrap().index_price();
                plimsoll_engine::margin::cross::exit_quote(p.cost_basis(), price, p.size()).unwrap()
            });
            let quotes = quotes.collect();
            Command::LiquidateExit(WalletLiquidation {
                account,
                to: IF,
                quotes,
            })
        }
        Step::Leave(account, milli) => Command::WithdrawExit {
            account: AccountId(account),
            oracle: vec![OraclePrice {
                market: ETH,
                price: near(world, ETH, 100_000_000, milli),
            }],
        },
        Step::Switch(market) => {
            let market = MarketId(market);
            if world.venue().market(market).unwrap().is_active() {
                Command::DeactivateMarket(market)
            } else {
                Command::ActivateMarket(market)
            }
        }
        Step::Empty(account, market) => {
            let (account, market) = (AccountId(account), MarketId(market));
            let size = world.venue().lot(account, market).size.unsigned_abs();
            let price = world.venue().markets()[market.index()]
                .now
                .price_at_deactivation;
            let quote = u128::from(size) * u128::from(price) / 100_000_000;
            let quote = u64::try_from(quote).unwrap();
            Command::LiquidateInDeactivatedMarket {
                account,
                market,
                quote,
                fee: quote / 100,
            }
        }
        Step::Dust(account, market) => {
            let (account, market) = (AccountId(account), MarketId(market));
            let size = world.venue().lot(account, market).size.unsigned_abs();
            let quote = near(world, market, size, 1_000);
            Command::LiquidateBelowMinimum {
                account,
                market,
                quote,
            }
        }
        Step::Wait(_) => index(ETH, near(world, ETH, 100_000_000, 1_000), world.now),
    }
}

fn adl(
    world: &World,
    account: AccountId,
    counterparty: AccountId,
    market: MarketId,
    base: u64,
) -> Command {
    let venue = world.venue();
    let size = venue.lot(account, market).size;
    let base = base.min(size.unsigned_abs());
    let part = i64::try_from(base).unwrap() * size.signum();
    let totals = venue.totals_with_funding(world.engine.ledger(), account);
    let quote = totals.ok().and_then(|totals| {
        let price = venue.market(market).ok()?.index_price();
        let limits = venue.limits(account, market).ok()?;
        let maintenance = limits.maintenance_margin_fraction;
        plimsoll_engine::margin::cross::bankruptcy_quote(price, maintenance, part, &totals).ok()
    });
    Command::DeleverageInMaintenance(Deleverage {
        market,
        account,
        counterparty,
        base,
        quote: quote.unwrap_or(0),
    })
}

/// Everybody's money on the venue, whichever holder has it, and minus what is outside.
fn books(engine: &Engine) -> (i128, i128) {
    let mut inside = 0;
    let mut outside = 0;
    for (holder, _, balance) in engine.ledger().entries() {
        if holder.kind == HolderKind::Outside {
            outside -= balance;
        } else {
            inside += balance;
        }
    }
    (inside, outside)
}

fn is_between_wallets(command: &Command) -> bool {
    matches!(
        command,
        Command::Trade { .. }
            | Command::Transfer { .. }
            | Command::LiquidateInMaintenance(_)
            | Command::LiquidateDuringSystemRecovery(_)
            | Command::LiquidateExit(_)
            | Command::LiquidateBelowMinimum { .. }
            | Command::DeleverageInMaintenance(_)
            | Command::DeleverageInsuranceFund(_)
    )
}

/// Funding paid to wallets by these events, on balance.
fn funding(events: &[Event]) -> i128 {
    use plimsoll_engine::ledger::Reason;
    let paid = events.iter().map(|event| match event {
        Event::Money(m) if m.reason == Reason::Funding => {
            let to_wallet = m.to.kind == HolderKind::Margin;
            if to_wallet { m.amount } else { -m.amount }
        }
        _ => 0,
    });
    paid.sum()
}

/// Four traders close to their limits in both markets, and one whose positions are dust.
fn crowded(deposits_wait: bool) -> Config {
    let mut config = config();
    config.deposits_wait = deposits_wait;
    config.wallets[1].quote = 4_000 * ONE;
    config.wallets[3] = wallet(
        22_900 * ONE,
        &[
            (ETH, -10 * ONE, -20_000 * ONE),
            (BTC, ONE / 20, 1_500 * ONE),
        ],
    );
    config.wallets[4] = wallet(
        -16_900 * ONE,
        &[
            (ETH, 10 * ONE, 20_000 * ONE),
            (BTC, -ONE / 20, -1_500 * ONE),
        ],
    );
    config.wallets[5] = wallet(-28_000 * ONE, &[(BTC, ONE, 30_000 * ONE)]);
    config.wallets[6] = wallet(33_000 * ONE, &[(BTC, -ONE, -30_000 * ONE)]);
    config.overrides = vec![Override {
        account: T4,
        market: BTC,
        limits: Limits {
            minimum_position_size: 2_000_000_000,
            ..limits()
        },
    }];
    config
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_history_keeps_its_laws(steps in proptest::collection::vec(steps(), 1..120)) {
        let mut world = World::of(crowded(steps.len() % 2 == 0));
        let mut positions = BTreeMap::new();
        for account in [T1, T2, T3, T4] {
            for (_, p) in world.venue().positions(account) {
                positions.insert((account, p.market()), p.lot());
            }
        }
        for step in &steps {
            if let Step::Wait(millis) = step {
                world.now += millis;
                let price = near(&world, ETH, 100_000_000, 1_000);
                let _ = world.apply(index(ETH, price, world.now));
                continue;
            }
            let command = command(&world, step);
            let (quotes, equity) = (world.quotes(), equity(&world, &command));
            let Ok(events) = world.apply(command.clone()) else { continue };
            // Money only moves between holders.
            let (inside, outside) = books(&world.engine);
            prop_assert_eq!(inside, outside);
            if is_between_wallets(&command) {
                prop_assert_eq!(world.quotes() - quotes, funding(&events));
            }
            // A wallet taken whole is empty, and who took it has exactly its value.
            if let (Some((account, to, value)), true) = (equity, taken_whole(&command)) {
                prop_assert_eq!(world.show(account), "0");
                let ledger = world.engine.ledger();
                let after = world.venue().totals(ledger, to).unwrap().value;
                prop_assert_eq!(after, value);
            }
            // Positions are what the events say.
            for event in &events {
                if let Event::Kuma(KumaEvent::Position { account, market, lot }) = *event {
                    positions.insert((account, market), lot);
                }
            }
            positions.retain(|_, lot| *lot != Lot::EMPTY);
        }
        let mut counted = BTreeMap::new();
        for account in (0..world.venue().wallets().count()).map(|a| AccountId(a as u32)) {
            for (_, p) in world.venue().positions(account) {
                counted.insert((account, p.market()), p.lot());
            }
        }
        prop_assert_eq!(positions, counted);
        // A snapshot is the state, and its holders are found again.
        let bytes = world.engine.snapshot().unwrap();
        let restored = Engine::restore(&bytes).unwrap();
        prop_assert_eq!(restored.state_hash(), world.engine.state_hash());
    }
}

fn taken_whole(command: &Command) -> bool {
    matches!(
        command,
        Command::LiquidateInMaintenance(_) | Command::LiquidateDuringSystemRecovery(_)
    )
}

/// Who is taken by whom, and what the taker should be worth afterwards, in double pips.
fn equity(world: &World, command: &Command) -> Option<(AccountId, AccountId, i128)> {
    let (Command::LiquidateInMaintenance(what) | Command::LiquidateDuringSystemRecovery(what)) =
        command
    else {
        return None;
    };
    let ledger = world.engine.ledger();
    let of = |account| world.venue().totals_with_funding(ledger, account);
    let sum = of(what.account).ok()?.value + of(what.to).ok()?.value;
    Some((what.account, what.to, sum))
}

/// A partial deleveraging at the bankruptcy price leaves value over requirement where it was, so
/// the wallet stays liquidatable to the end.
#[test]
fn partial_deleveraging_leaves_the_ratio_where_it_was() {
    let mut world = World::at(217_000_000_000);
    let ratio = |world: &World| {
        let ledger = world.engine.ledger();
        let totals = world.venue().totals(ledger, T1).unwrap();
        totals.value * 1_000_000_000_000 / i128::try_from(totals.requirement).unwrap()
    };
    let before = ratio(&world);
    for base in [1, 333_333_333, 7, 100_000_000, 566_666_650] {
        let command = adl(&world, T1, T2, ETH, base);
        world.ok(command);
        let drift = (ratio(&world) - before).abs();
        let size = world.venue().lot(T1, ETH).size.unsigned_abs();
        // A pip or two of rounding, over a requirement that shrinks with the size.
        assert!(
            drift <= 1_000_000_000 / i128::from(size) + 1,
            "{drift} at {size}"
        );
    }
    let last = adl(&world, T1, T2, ETH, u64::MAX >> 2);
    world.ok(last);
    assert!(world.quote(T1).abs() <= 6, "{}", world.quote(T1));
}

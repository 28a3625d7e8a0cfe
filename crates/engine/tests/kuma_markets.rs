//! Markets come and go: one is listed after the start, one is deactivated with orders in it.

mod kuma_support;

use kuma_support::*;
use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::margin::cross;
use plimsoll_engine::venues::kuma::{Command, MarketParams, WalletLiquidation};
use plimsoll_engine::{Engine, Event};
use plimsoll_units::{MarketId, Timestamp};

const SOL: MarketId = MarketId(2);
const USD: u64 = ONE.unsigned_abs();

/// As the contract lists one: inactive.
fn sol(rank: u8) -> MarketParams {
    MarketParams {
        active: false,
        ..market("SOL", rank, 150 * USD)
    }
}

fn add(params: MarketParams) -> Command {
    Command::AddMarket(Box::new(params))
}

fn ranks(world: &World) -> Vec<(String, u8)> {
    let markets = (0..).map_while(|at| world.venue().market(MarketId(at)).ok());
    markets.map(|m| (m.symbol.clone(), m.rank)).collect()
}

#[test]
fn a_market_is_listed_inactive_and_those_behind_it_move_up() {
    for (rank, ranked) in [
        (0, [("ETH", 1), ("BTC", 2), ("SOL", 0)]),
        (1, [("ETH", 0), ("BTC", 2), ("SOL", 1)]),
        (2, [("ETH", 0), ("BTC", 1), ("SOL", 2)]),
    ] {
        let mut world = World::new();
        world.ok(add(sol(rank)));
        let ranked = ranked.map(|(symbol, rank)| (symbol.to_owned(), rank));
        assert_eq!(ranks(&world), ranked);
        let told = world.told(index(SOL, 151 * USD, START + 1));
        assert_eq!(told, "Active market not found");
        world.ok(Command::ActivateMarket(SOL));
        world.ok(index(SOL, 151 * USD, START + 1));
    }
}

#[test]
fn a_market_that_cannot_be_listed_is_refused() {
    let refused = |change: fn(&mut MarketParams), reason: &str| {
        let mut params = sol(0);
        change(&mut params);
        assert_eq!(World::new().told(add(params)), reason);
    };
    refused(|p| p.symbol = "ETH".to_owned(), "Market already exists");
    refused(
        |p| p.symbol = "USD".to_owned(),
        "Base asset symbol cannot be same as quote",
    );
    refused(
        |p| p.symbol.clear(),
        "the symbol's length is 0, which is out of bounds",
    );
    refused(
        |p| p.symbol = "X".repeat(65),
        "the symbol's length is 65, which is out of bounds",
    );
    refused(|p| p.rank = 3, "rank is 3, which is out of bounds");
    refused(|p| p.active = true, "active is 1, which is out of bounds");
    refused(
        |p| p.price_at_deactivation = 1,
        "price_at_deactivation is 1, which is out of bounds",
    );
    refused(
        |p| p.index_time = Timestamp(START + 1),
        "index_time is 1767225600001, which is out of bounds",
    );
    refused(
        |p| p.index_price = 0,
        "index_price is 0, which is out of bounds",
    );
    refused(
        |p| p.limits.maintenance_margin_fraction = 299_999,
        "Maintenance margin fraction below min",
    );
    refused(|p| p.listing.tick = 0, "tick is 0, which is out of bounds");
    let mut world = World::new();
    for number in 2..255u8 {
        let params = MarketParams {
            symbol: format!("M{number}"),
            ..sol(0)
        };
        world.ok(add(params));
    }
    assert_eq!(world.told(add(sol(0))), "Max number of markets reached");
}

#[test]
fn a_venue_does_not_start_with_one_symbol_twice() {
    let mut config = config();
    config.markets[1].symbol = "ETH".to_owned();
    let why = World::try_of(config).map(|_| ()).unwrap_err();
    assert_eq!(why.to_string(), "Market already exists");
}

/// T2 buys SOL of T3 in a market listed a moment ago, at a rank before that of its ETH.
fn in_a_new_market() -> World {
    let mut world = World::new();
    world.ok(add(sol(0)));
    world.ok(Command::ActivateMarket(SOL));
    world.ok(Command::Trade {
        buyer: T2,
        seller: T3,
        trade: terms(SOL, 10 * USD, 1_500 * USD),
    });
    world
}

#[test]
fn a_wallet_is_watched_and_liquidated_in_a_market_listed_later_by_the_new_order_of_quotes() {
    let mut world = in_a_new_market();
    assert_eq!(
        world.show(T2),
        "-1954000000000, SOL 1000000000 for 150000000000, ETH 1000000000 for 2000000000000"
    );
    let opened = |events: &[Event]| {
        let opened =
            |e: &Event| matches!(e, Event::Case(CaseEvent::Opened(c)) if c.target.account == T2);
        events.iter().any(opened)
    };
    assert!(!opened(&world.ok(index(SOL, 120 * USD, START + 1))));
    // At 10 its value is 560 and its requirement 603.
    assert!(opened(&world.ok(index(SOL, 10 * USD, START + 2))));
    let venue = world.venue();
    let totals = venue.totals(world.engine.ledger(), T2).unwrap();
    let quote = |market, price| {
        let fraction = limits().maintenance_margin_fraction;
        let size = venue.lot(T2, market).size;
        cross::bankruptcy_quote(price, fraction, size, &totals).unwrap()
    };
    let (of_sol, of_eth) = (quote(SOL, 10 * USD), quote(ETH, 2_000 * USD));
    let liquidate = |quotes: Vec<u64>| {
        Command::LiquidateInMaintenance(WalletLiquidation {
            account: T2,
            to: IF,
            quotes,
        })
    };
    let wrong = world.told(liquidate(vec![of_eth, of_sol]));
    assert_eq!(wrong, "Invalid quote quantity");
    world.ok(liquidate(vec![of_sol, of_eth]));
    assert_eq!(world.show(T2), "0");
}

#[test]
fn a_venue_restored_from_its_bytes_knows_the_market_too() {
    let mut world = in_a_new_market();
    let bytes = world.engine.snapshot().unwrap();
    let mut restored = World {
        engine: Engine::restore(&bytes).unwrap(),
        now: world.now,
    };
    for price in [120, 10] {
        let at = START + 1_000 - i64::try_from(price).unwrap();
        let published = index(SOL, price * USD, at);
        assert_eq!(restored.ok(published.clone()), world.ok(published));
    }
    assert_eq!(
        restored.engine.snapshot().unwrap(),
        world.engine.snapshot().unwrap()
    );
}

//! Orders as lines: `T3 buy 1.5 @ 2000 gtx` places one, and so on; what happened comes back as
//! lines.
//!
//! Options: `@ price`, `gtc gtx ioc fok`, `dc co cn cb`, `ro`, `stop p`, `take p`, `trail f`
//! with `index` or `last`, `after n`, `group n`. Other lines: `T3 cancel 4`, `T3 cancel all`,
//! `replace 4 T3 buy ...`, `index 2000`, `off` (the market is deactivated), `book`.

use std::fmt::Write as _;

use plimsoll_engine::book::{Side, Standing};
use plimsoll_engine::venues::kuma::{
    Command, Config, Event, NewOrder, OrderSide, OrderType, SelfTradePrevention, Terms,
    TimeInForce, TriggerType,
};
use plimsoll_engine::{Event as EngineEvent, Rejection};
use plimsoll_units::AccountId;

use crate::kuma_support::{ETH, World, config, index};

const NAMES: [&str; 7] = ["EF", "IF", "FEE", "T1", "T2", "T3", "T4"];

/// The venue of the support module with fees, a grid and price limits of 10 % and 5 %.
pub(crate) fn world() -> World {
    World::of(config_with_fees())
}

pub(crate) fn config_with_fees() -> Config {
    let mut config = config();
    let listing = &mut config.markets[0].listing;
    listing.tick = 1_000_000;
    listing.step = 1_000_000;
    listing.maker_fee = -5_000;
    listing.taker_fee = 40_000;
    listing.market_price_limit = 5_000_000;
    listing.limit_price_limit = 10_000_000;
    config
}

/// Runs lines on a fresh venue.
pub(crate) fn run(lines: &str) -> String {
    run_on(&mut world(), lines)
}

pub(crate) fn run_on(world: &mut World, lines: &str) -> String {
    let mut said = String::new();
    for line in lines.lines().map(str::trim).filter(|l| !l.is_empty()) {
        world.now += 1_000;
        if line == "book" {
            said += "book\n";
            said += &book(world);
            continue;
        }
        let result = world.apply(command(line, world.now));
        let _ = writeln!(said, "{line}{}", tell(&result));
    }
    said
}

pub(crate) fn pips(text: &str) -> u64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part:0<8}");
    digits
        .parse()
        .unwrap_or_else(|_| panic!("a number: {text}"))
}

pub(crate) fn plain(pips: u64) -> String {
    let text = format!("{}.{:08}", pips / 100_000_000, pips % 100_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn account(name: &str) -> AccountId {
    let at = NAMES.iter().position(|n| *n == name);
    AccountId(u32::try_from(at.unwrap_or_else(|| panic!("a wallet: {name}"))).expect("few"))
}

pub(crate) fn command(line: &str, now: i64) -> Command {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["index", price] => index(ETH, pips(price), now),
        ["off"] => Command::DeactivateMarket(ETH),
        [who, "cancel", "all"] => Command::CancelOrders {
            account: account(who),
            market: None,
        },
        [who, "cancel", order] => Command::CancelOrder {
            account: account(who),
            order: order.parse().expect("an order"),
        },
        ["replace", order, ref rest @ ..] => Command::ReplaceOrder {
            order: order.parse().expect("an order"),
            new: Box::new(vouched(rest).0),
        },
        _ => {
            let (order, group) = vouched(&words);
            Command::PlaceOrder {
                order: Box::new(order),
                group,
            }
        }
    }
}

fn vouched(words: &[&str]) -> (NewOrder, Option<u32>) {
    let [who, side, quantity, options @ ..] = words else {
        panic!("an order: {words:?}");
    };
    let mut terms = Terms {
        order_type: OrderType::Market,
        side: if *side == "buy" {
            OrderSide::Buy
        } else {
            OrderSide::Sell
        },
        quantity: pips(quantity),
        limit_price: 0,
        trigger_price: 0,
        trigger_type: TriggerType::None,
        callback_rate: 0,
        after: 0,
        reduce_only: false,
        time_in_force: TimeInForce::Gtc,
        self_trade_prevention: SelfTradePrevention::DecreaseAndCancel,
    };
    let (mut group, mut kind) = (None, "");
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut next = || options.next().expect("a value");
        match *option {
            "@" => terms.limit_price = pips(next()),
            "stop" | "take" => {
                kind = option;
                terms.trigger_price = pips(next());
            }
            "trail" => {
                kind = option;
                terms.callback_rate = pips(next());
            }
            "from" => terms.trigger_price = pips(next()),
            "index" => terms.trigger_type = TriggerType::Index,
            "last" => terms.trigger_type = TriggerType::Last,
            "after" => terms.after = next().parse().expect("an order"),
            "group" => group = next().parse().ok(),
            "gtc" => terms.time_in_force = TimeInForce::Gtc,
            "gtx" => terms.time_in_force = TimeInForce::Gtx,
            "ioc" => terms.time_in_force = TimeInForce::Ioc,
            "fok" => terms.time_in_force = TimeInForce::Fok,
            "dc" => terms.self_trade_prevention = SelfTradePrevention::DecreaseAndCancel,
            "co" => terms.self_trade_prevention = SelfTradePrevention::CancelOldest,
            "cn" => terms.self_trade_prevention = SelfTradePrevention::CancelNewest,
            "cb" => terms.self_trade_prevention = SelfTradePrevention::CancelBoth,
            "ro" => terms.reduce_only = true,
            other => panic!("an option: {other}"),
        }
    }
    terms.order_type = match (kind, terms.limit_price > 0) {
        ("stop", true) => OrderType::StopLossLimit,
        ("stop", false) => OrderType::StopLossMarket,
        ("take", true) => OrderType::TakeProfitLimit,
        ("take", false) => OrderType::TakeProfitMarket,
        ("trail", _) => OrderType::TrailingStop,
        (_, true) => OrderType::Limit,
        (_, false) => OrderType::Market,
    };
    let order = NewOrder::Vouched {
        account: account(who),
        market: ETH,
        terms,
    };
    (order, group)
}

/// What happened, behind the line that asked for it and below it.
pub(crate) fn tell(result: &Result<Vec<EngineEvent>, Rejection>) -> String {
    let events = match result {
        Ok(events) => events,
        Err(why) => return format!(" -> refused: {why}"),
    };
    let mut told = String::new();
    for event in events {
        let EngineEvent::Kuma(event) = event else {
            continue;
        };
        match *event {
            Event::OrderAccepted { order, .. } => {
                let _ = write!(told, " -> #{order}");
            }
            Event::OrderTriggered { order, price, .. } => {
                let _ = write!(told, "\n    #{order} fires at {}", plain(price));
            }
            Event::OrderMatched {
                taker,
                maker,
                price,
                base,
                ..
            } => {
                let (base, price) = (plain(base), plain(price));
                let _ = write!(told, "\n    #{taker} takes {base} from #{maker} at {price}");
            }
            Event::OrderReduced { order, by, left } => {
                let (by, left) = (plain(by), plain(left));
                let _ = write!(told, "\n    #{order} loses {by}, {left} left");
            }
            Event::OrderCancelled {
                order,
                quantity,
                reason,
                ..
            } => {
                let quantity = plain(quantity);
                let _ = write!(
                    told,
                    "\n    #{order} cancelled, {quantity} left: {reason:?}"
                );
            }
            Event::Liquidated { account, .. } => {
                let _ = write!(told, "\n    {} is liquidated", NAMES[account.index()]);
            }
            _ => {}
        }
    }
    told
}

fn book(world: &World) -> String {
    let mut shown = String::new();
    let orders = world.venue().orders();
    let book = orders.book(ETH).expect("a book");
    for side in [Side::Buy, Side::Sell] {
        for level in book.depth(side) {
            let here = book.orders(side).filter(|order| order.price == level.price);
            let here: Vec<String> = here.map(stands).collect();
            let (price, here) = (plain(level.price), here.join(", "));
            let _ = writeln!(shown, "  {side} {price}: {here}");
        }
    }
    for waiting in orders.waiting(ETH).expect("a market").iter() {
        let id = waiting.order.id.0;
        let _ = writeln!(shown, "  #{id} waits");
    }
    shown
}

fn stands(order: &Standing) -> String {
    let name = NAMES[order.owner.id as usize];
    format!("{} of {name} (#{})", plain(order.quantity), order.id.0)
}

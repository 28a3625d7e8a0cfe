//! A gap that puts half of the wallets of one Kuma market under water at once, with the
//! liquidation service at work: every due wallet is acquired and its position handed off to two
//! partners whose signed orders stand, or, where there are no partners and no book, deleveraged
//! against the other side.
//!
//! Each due wallet is long one ETH bought at 2000 with 200 of its own; as many others are short
//! one. The index falls to 1850. Signatures were looked at outside the engine.

use std::time::{Duration, Instant};

use plimsoll_engine::backstop::partners::Limits as PartnerLimits;
use plimsoll_engine::ledger::Asset;
use plimsoll_engine::liquidation::StageKind;
use plimsoll_engine::venues::kuma::{
    self, Address, Config, IndexPrice, Limits, Listing, MarketParams, Order, OrderSide, OrderType,
    Override, SeedPosition, SeedWallet, SelfTradePrevention, Service, ServiceCommand, ServiceEvent,
    SignedOrder, TimeInForce, TriggerType,
};
use plimsoll_engine::venues::{Execution, VenueConfig};
use plimsoll_engine::{Body, Command, Engine, Event};
use plimsoll_units::{AccountId, AssetId, MarketId, Timestamp, VenueId};

const ONE: i64 = 100_000_000;
const START_MS: i64 = 1_767_225_600_000;
const ETH: MarketId = MarketId(0);
const FUND: AccountId = AccountId(1);
const PARTNERS: [AccountId; 2] = [AccountId(3), AccountId(4)];

/// Who stands behind the fund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// Two partners, each of whom would take everything.
    Partners,
    /// Nobody: neither partners nor a book, and the fund has no money either.
    Nobody,
}

/// A venue before the gap.
#[derive(Debug)]
pub struct Gap {
    engine: Engine,
    due: u32,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// How long the one update took.
    pub total: Duration,
    /// Wallets liquidated.
    pub liquidated: u32,
    /// Positions the fund took over.
    pub acquired: u32,
    /// Lots partners took over.
    pub handed_off: u32,
    /// Counterparties deleveraged.
    pub deleveraged: u32,
    /// Events, all told.
    pub events: usize,
}

impl Done {
    /// How long each wallet took.
    #[must_use]
    pub fn per_wallet(&self) -> Duration {
        self.total / self.liquidated.max(1)
    }
}

impl Gap {
    /// A venue with this many wallets.
    ///
    /// # Panics
    /// When the venue cannot be.
    #[must_use]
    pub fn build(wallets: u32, behind: Behind) -> Self {
        let due = wallets / 2;
        let config = plimsoll_engine::Config {
            assets: vec![Asset {
                symbol: "USD".to_owned(),
                decimals: 8,
            }],
            venues: vec![VenueConfig::Kuma(Box::new(config(due, behind)))],
        };
        let mut engine = Engine::new(&config).expect("the venue can be");
        if behind == Behind::Partners {
            for (account, name) in PARTNERS.into_iter().zip(1u8..) {
                let limits = PartnerLimits::default();
                let register = ServiceCommand::RegisterPartner { account, limits };
                let offer = ServiceCommand::PostOrder(Box::new(offer(account, name, due)));
                for command in [register, offer] {
                    let command = kuma::Command::Service(Box::new(command));
                    engine.apply(&at(1, command)).expect("a partner is welcome");
                }
            }
        }
        Self { engine, due }
    }

    /// The update, on a copy of the venue.
    ///
    /// # Panics
    /// When it is refused, a due wallet is left, or the books do not balance.
    #[must_use]
    pub fn run(&self) -> Done {
        let mut engine = self.engine.clone();
        let gap = gap();
        let start = Instant::now();
        let events = engine.apply(&gap).expect("a gap is accepted");
        let total = start.elapsed();
        let done = count(events, total);
        assert_eq!(done.liquidated, self.due, "a due wallet is left");
        engine.audit().expect("the books balance");
        done
    }

    /// The time of the update alone, unchecked: [`Gap::run`] has checked it.
    ///
    /// # Panics
    /// When it is refused.
    #[must_use]
    pub fn time(&self) -> Duration {
        let mut engine = self.engine.clone();
        let gap = gap();
        let start = Instant::now();
        let events = engine.apply(&gap).expect("a gap is accepted").len();
        let total = start.elapsed();
        assert!(events > 0, "a gap does something");
        total
    }

    /// How many wallets it liquidates.
    #[must_use]
    pub const fn due(&self) -> u32 {
        self.due
    }
}

pub(crate) fn count(events: &[Event], total: Duration) -> Done {
    let mut done = Done {
        total,
        liquidated: 0,
        acquired: 0,
        handed_off: 0,
        deleveraged: 0,
        events: events.len(),
    };
    for event in events {
        match event {
            Event::Case(plimsoll_engine::liquidation::CaseEvent::Closed { .. }) => {
                done.liquidated += 1;
            }
            Event::Kuma(kuma::Event::Service(event)) => match event {
                ServiceEvent::Hop {
                    stage: StageKind::Acquire,
                    ..
                } => done.acquired += 1,
                ServiceEvent::HandedOff { .. } => done.handed_off += 1,
                ServiceEvent::Deleveraged(_) => done.deleveraged += 1,
                _ => {}
            },
            _ => {}
        }
    }
    done
}

fn at(after_ms: i64, command: kuma::Command) -> Command {
    Command {
        time: Timestamp(START_MS + after_ms),
        venue: VenueId(0),
        body: Body::Kuma(command),
    }
}

fn gap() -> Command {
    gap_to(185_000_000_000)
}

/// One update of the index, to this price in pips.
pub(crate) fn gap_to(price: u64) -> Command {
    let price = IndexPrice {
        market: ETH,
        price,
        time: Timestamp(START_MS + 10_000),
    };
    at(10_000, kuma::Command::PublishIndexPrices(vec![price]))
}

fn limits() -> Limits {
    Limits {
        initial_margin_fraction: 5_000_000,
        maintenance_margin_fraction: 3_000_000,
        incremental_initial_margin_fraction: 1_000_000,
        baseline_position_size: 14_000_000_000,
        incremental_position_size: 2_800_000_000,
        maximum_position_size: i64::MAX.unsigned_abs(),
        minimum_position_size: 10_000_000,
    }
}

/// A venue of one market, ETH at 2000, whose fund has this many pips, with nobody else.
pub(crate) fn config_of(fund: i64) -> Config {
    let market = MarketParams {
        symbol: "ETH".to_owned(),
        rank: 0,
        limits: limits(),
        listing: Listing::default(),
        active: true,
        index_price: 200_000_000_000,
        index_time: Timestamp(START_MS),
        price_at_deactivation: 0,
    };
    let mut config = Config::kuma(AssetId(0), vec![market]);
    config.execution = Execution::Engine { keeper: FUND };
    config.service = Service::kuma();
    // The fund and its partners are not asked for more margin the more they hold.
    config.overrides = vec![of_any_size(FUND)];
    config.wallets = vec![wallet(0, 0), wallet(fund, 0), wallet(0, 0)];
    config
}

fn of_any_size(account: AccountId) -> Override {
    let limits = Limits {
        baseline_position_size: i64::MAX.unsigned_abs(),
        ..limits()
    };
    Override {
        account,
        market: ETH,
        limits,
    }
}

fn config(due: u32, behind: Behind) -> Config {
    let money = if behind == Behind::Partners {
        1_000_000_000 * ONE
    } else {
        0
    };
    let partner = |account| SeedWallet {
        address: Some(address_of(account)),
        ..wallet(money, 0)
    };
    let mut config = config_of(money);
    config.overrides.extend(PARTNERS.map(of_any_size));
    config.wallets.extend(PARTNERS.map(partner));
    for number in 0..i64::from(due) {
        config.wallets.push(wallet(-1_800 * ONE, ONE));
        // Each with another leverage, so that there is something to rank.
        let spare = (200 + number % 1_000) * ONE;
        config.wallets.push(wallet(2_000 * ONE + spare, -ONE));
    }
    config
}

/// A wallet with this quote and a position opened at 2000, in pips.
pub(crate) fn wallet(quote: i64, size: i64) -> SeedWallet {
    let position = SeedPosition {
        market: ETH,
        size,
        cost_basis: 2_000 * size,
    };
    SeedWallet {
        quote,
        positions: (size != 0).then_some(position).into_iter().collect(),
        ..SeedWallet::default()
    }
}

fn address_of(account: AccountId) -> Address {
    let mut bytes = [7; 20];
    bytes[16..].copy_from_slice(&account.0.to_be_bytes());
    Address(bytes)
}

/// A standing order of a partner for everything, at 1800.
fn offer(account: AccountId, name: u8, due: u32) -> SignedOrder {
    let wallet = address_of(account);
    SignedOrder {
        order: Order {
            nonce: uuid(START_MS - 1_000),
            wallet,
            market_symbol: "ETH-USD".to_owned(),
            order_type: OrderType::Limit,
            side: OrderSide::Buy,
            quantity: u64::from(due) * ONE.unsigned_abs(),
            limit_price: 180_000_000_000,
            trigger_price: 0,
            trigger_type: TriggerType::None,
            callback_rate: 0,
            conditional_order_id: 0,
            is_reduce_only: false,
            time_in_force: TimeInForce::Gtx,
            self_trade_prevention: SelfTradePrevention::DecreaseAndCancel,
            is_liquidation_acquisition_only: true,
            delegated_public_key: Address::ZERO,
            client_order_id: String::new(),
        },
        hash: [name; 32],
        signer: wallet,
        signature: [0; 65],
    }
}

/// A version 1 UUID of a time in milliseconds.
fn uuid(millis: i64) -> u128 {
    let since_1582 = u128::from(millis.unsigned_abs()) + 12_219_292_800_000;
    let ticks = since_1582 * 10_000;
    let (low, mid, high) = (
        ticks & 0xffff_ffff,
        ticks >> 32 & 0xffff,
        ticks >> 48 & 0xfff,
    );
    low << 96 | mid << 80 | 1 << 76 | high << 64 | 0x8000_0000_0000_0000
}

#[cfg(test)]
mod tests {
    use super::{Behind, Gap};

    #[test]
    fn every_due_wallet_goes_the_way_the_bench_is_named_for() {
        let handed = Gap::build(200, Behind::Partners).run();
        assert_eq!((handed.liquidated, handed.acquired), (100, 100));
        assert_eq!((handed.handed_off, handed.deleveraged), (200, 0));
        let reduced = Gap::build(200, Behind::Nobody).run();
        assert_eq!((reduced.liquidated, reduced.acquired), (100, 0));
        assert_eq!((reduced.handed_off, reduced.deleveraged), (0, 100));
    }
}

//! A venue whose liquidation service works, and its events in words.

use plimsoll_engine::Event;
use plimsoll_engine::backstop::partners::{Limits, Terms};
use plimsoll_engine::liquidation::CaseEvent;
use plimsoll_engine::venues::Execution;
use plimsoll_engine::venues::kuma::waterfall::{Amounts, OffsetQuote, SignedQuote};
use plimsoll_engine::venues::kuma::{
    Command, Config, Event as Kuma, Hash, OrderSide, Service, ServiceCommand, ServiceEvent,
    SignedOrder, TimeInForce,
};
use plimsoll_units::{AccountId, Timestamp};

pub(crate) use crate::kuma_support::*;

/// The support's wallets, with the service at work as `service` says. T3 and T4 have 5,000.
pub(crate) fn served(service: Service) -> Config {
    let mut config = config();
    config.execution = Execution::Engine { keeper: IF };
    config.service = service;
    config.wallets[T4.index()].quote = 5_000 * ONE;
    config
}

pub(crate) fn page() -> World {
    World::of(served(Service::kuma()))
}

pub(crate) fn service(command: ServiceCommand) -> Command {
    Command::Service(Box::new(command))
}

/// Registers a partner without limits.
pub(crate) fn register(world: &mut World, account: AccountId) {
    register_with(world, account, Limits::default());
}

pub(crate) fn register_with(world: &mut World, account: AccountId, limits: Limits) {
    world.ok(service(ServiceCommand::RegisterPartner { account, limits }));
}

/// A side-channel order of a wallet in ETH; `name` is its hash and its place in time.
pub(crate) fn side_channel(
    account: AccountId,
    name: u8,
    side: OrderSide,
    quantity: i64,
    price: i64,
) -> SignedOrder {
    let price = u64::try_from(price).unwrap();
    let mut signed = order(account, side, u64::try_from(quantity).unwrap(), price);
    signed.hash = [name; 32];
    signed.order.nonce = uuid(START - 1_000 + i64::from(name));
    signed.order.time_in_force = TimeInForce::Gtx;
    signed.order.is_liquidation_acquisition_only = true;
    signed
}

pub(crate) fn post(signed: SignedOrder) -> Command {
    service(ServiceCommand::PostOrder(Box::new(signed)))
}

/// An offset quote of a wallet in ETH.
pub(crate) fn quote(
    account: AccountId,
    name: u8,
    side: OrderSide,
    capacity: i64,
    max_offset_bps: i32,
) -> SignedQuote {
    let wallet = address(u8::try_from(account.0).unwrap());
    SignedQuote {
        quote: OffsetQuote {
            nonce: uuid(START - 1_000 + i64::from(name)),
            wallet,
            market_symbol: "ETH-USD".to_owned(),
            side,
            max_offset_bps,
            capacity: u64::try_from(capacity).unwrap(),
            expires: Timestamp(START + 1_000_000),
            delegated_public_key: Default::default(),
        },
        hash: [name; 32],
        signer: wallet,
    }
}

fn amounts(of: &Amounts) -> String {
    format!("{} for {} (index {})", of.base, of.quote, of.index_quote)
}

/// What the service did, and what became of cases; everything else is left out.
pub(crate) fn told(events: &[Event]) -> Vec<String> {
    events.iter().filter_map(tell).collect()
}

fn tell(event: &Event) -> Option<String> {
    let event = match event {
        Event::Kuma(Kuma::Service(event)) => event,
        Event::Case(CaseEvent::Stage { .. }) => return None,
        Event::Case(CaseEvent::Opened(case)) => {
            return Some(format!("{} of {} opened", case.id, case.target.account));
        }
        Event::Case(CaseEvent::Closed { case, outcome, .. }) => {
            return Some(format!("{case} closed: {outcome:?}"));
        }
        Event::Case(CaseEvent::Blocked { case, reason }) => {
            return Some(format!("{case} blocked: {reason:?}"));
        }
        _ => return None,
    };
    Some(match event {
        ServiceEvent::Hop {
            case,
            side,
            stage,
            why,
            asked,
            done,
            ..
        } => format!(
            "{case} {} of a {side}: {asked} asked, {}; because {}",
            stage.name(),
            amounts(done),
            why.text()
        ),
        ServiceEvent::FundUnable { case, why, .. } => format!("{case} fund unable: {}", why.text()),
        ServiceEvent::HandedOff {
            partner,
            offer,
            amounts: of,
            ..
        } => format!("  {partner} takes by {}: {}", offer.0[0], amounts(of)),
        ServiceEvent::PartnerSkipped { skipped, .. } => {
            let (partner, offer) = (skipped.partner, skipped.offer.0[0]);
            format!("  {partner} is left out by {offer}: {}", skipped.why.text())
        }
        ServiceEvent::Deleveraged(receipt) => format!(
            "  {} is deleveraged, {} of {}, fifth {}: {} for {}, covers {}",
            receipt.account,
            receipt.rank,
            receipt.of,
            receipt.quintile,
            receipt.quantity,
            receipt.quote,
            receipt.covered
        ),
        ServiceEvent::CounterpartySkipped { account, why, .. } => {
            format!("  {account} is passed over: {}", why.text())
        }
        ServiceEvent::Netted {
            case, side, base, ..
        } => format!("{case} netted: {base} of a {side}"),
        ServiceEvent::Disposed { case, result } => format!("{case} disposed: {result}"),
        ServiceEvent::GateShut { until } => format!("gate shut until {until}"),
        ServiceEvent::OfferPosted {
            partner,
            offer,
            terms,
            quantity,
            ..
        } => {
            let at = match terms {
                Terms::Limit { price } => format!("at {price}"),
                Terms::Offset { discount_bps } => format!("at {discount_bps} bps off"),
            };
            format!("{partner} offers {} {at}: {quantity}", offer.0[0])
        }
        ServiceEvent::OfferCancelled {
            partner,
            offer,
            left,
        } => format!("{partner} takes {} off: {left} left", offer.0[0]),
        other => format!("{other:?}"),
    })
}

pub(crate) const fn hash(name: u8) -> Hash {
    [name; 32]
}

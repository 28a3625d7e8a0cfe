//! Liquidation partners: who they are, what they sign, and when they sign anew.
//!
//! A partner keeps one offset quote standing per market and side, for the notional of the
//! scenario, signed with its own key (EIP-712, crate `evm`; keys follow from the scenario's seed).
//! When nine tenths of one are used up it signs the next, some seconds later. Where the index that
//! the venue is told is not the market's price, partners go by the market: a quote that would be
//! taken at a loss is taken off, and signed anew when the two have met again.

use std::collections::BTreeMap;

use plimsoll_engine::backstop::partners::{Limits, OfferId};
use plimsoll_engine::venues::kuma::waterfall::{OffsetQuote, ServiceCommand, ServiceEvent};
use plimsoll_engine::venues::kuma::{Address, Command as Do, Event as Happened, OrderSide};
use plimsoll_engine::{Body, Event};
use plimsoll_evm::{Domain, Signed, Signer, nonce_at};
use plimsoll_units::{AccountId, Duration, MarketId, Side, Timestamp};

use super::setup::{self, base, market_id, partner, pips, size_of};
use crate::scenario::{Decimal, Partner, Venue};

/// How long a quote stands, unless it is used up: no scenario is longer.
const STANDS: Duration = Duration(4 * 365 * 24 * 3_600_000);
/// An offer is as good as used up when less than this part of it is left.
const LEAST_PART: u64 = 10;

/// An offer as it stands.
#[derive(Debug, Clone, Copy)]
struct Offer {
    market: MarketId,
    side: Side,
    quantity: u64,
    left: u64,
}

/// One partner.
#[derive(Debug)]
struct Desk {
    account: AccountId,
    signer: Signer,
    /// From index, in basis points, to its own disadvantage: below zero it asks for a discount.
    max_offset_bps: i32,
    /// Notional of each quote, in pips.
    order: i128,
    offers: BTreeMap<OfferId, Offer>,
    /// What is not quoted because the index is too far from the market.
    pulled: Vec<(MarketId, Side)>,
    signed: u64,
}

/// A market's price, and the index that the venue was told last, in pips; zero where there is none
/// yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted<'a> {
    pub(super) market: &'a [u64],
    pub(super) told: &'a [u64],
}

/// The partners of a venue.
#[derive(Debug)]
pub(super) struct Partners {
    desks: Vec<Desk>,
    domain: Domain,
    /// Market symbols as they are signed.
    markets: Vec<String>,
}

impl Partners {
    pub(super) fn new(venue: &Venue, seed: u64, markets: &[String]) -> Self {
        let makers = venue.book.clone().unwrap_or_default().count as usize;
        let desk = |(at, terms): (usize, &Partner)| Desk {
            account: partner(makers, at),
            signer: Signer::for_simulation(seed, &format!("{}/partner/{}", venue.name, terms.name)),
            max_offset_bps: discount(terms.offset),
            order: pips(terms.order),
            offers: BTreeMap::new(),
            pulled: Vec::new(),
            signed: 0,
        };
        let exchange = Signer::for_simulation(seed, "kuma exchange");
        Self {
            desks: venue.partners.iter().enumerate().map(desk).collect(),
            domain: Domain::kuma(exchange.address()),
            markets: markets.iter().map(|m| format!("{}-USD", base(m))).collect(),
        }
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.desks.iter().map(|desk| desk.account)
    }

    /// How many quotes a partner has signed.
    pub(super) fn signed(&self, at: usize) -> u64 {
        self.desks.get(at).map_or(0, |desk| desk.signed)
    }

    /// Partners make their addresses known and are whitelisted.
    pub(super) fn registrations(&self, venue: &Venue) -> Vec<Body> {
        let desks = self.desks.iter().zip(&venue.partners);
        desks
            .flat_map(|(desk, terms)| {
                let register = ServiceCommand::RegisterPartner {
                    account: desk.account,
                    limits: Limits {
                        capacity: terms.capacity.map(setup::pips),
                        window_cap: terms.window_cap.map(setup::pips),
                        window: terms.window.0,
                        cooldown: terms.cooldown.0,
                    },
                };
                [
                    Body::Kuma(Do::RegisterWallet {
                        account: desk.account,
                        address: desk.signer.address(),
                    }),
                    Body::Kuma(Do::Service(Box::new(register))),
                ]
            })
            .collect()
    }

    /// Which partner should sign anew because an offer of its has just been used up.
    pub(super) fn notice(&mut self, event: &Event) -> Option<usize> {
        let Event::Kuma(Happened::Service(event)) = event else {
            return None;
        };
        match event {
            ServiceEvent::OfferPosted {
                partner,
                offer,
                market,
                side,
                quantity,
                ..
            } => {
                let desk = self
                    .desks
                    .iter_mut()
                    .find(|desk| desk.account == *partner)?;
                let posted = Offer {
                    market: *market,
                    side: *side,
                    quantity: *quantity,
                    left: *quantity,
                };
                desk.offers.insert(*offer, posted);
                None
            }
            ServiceEvent::OfferCancelled { offer, .. } => {
                for desk in &mut self.desks {
                    desk.offers.remove(offer);
                }
                None
            }
            ServiceEvent::HandedOff {
                partner,
                offer,
                amounts,
                ..
            } => {
                let at = self
                    .desks
                    .iter()
                    .position(|desk| desk.account == *partner)?;
                let offer = self.desks[at].offers.get_mut(offer)?;
                let enough = offer.is_enough();
                offer.left = offer.left.saturating_sub(amounts.base);
                (enough && !offer.is_enough()).then_some(at)
            }
            _ => None,
        }
    }

    /// What a partner signs now: a quote for every market and side where none stands that is
    /// enough, unless the index is too far from the market.
    pub(super) fn renew(&mut self, at: usize, prices: Quoted<'_>, now: Timestamp) -> Vec<Body> {
        let Some(desk) = self.desks.get_mut(at) else {
            return Vec::new();
        };
        let mut bodies = Vec::new();
        for (market, price, told) in prices.known() {
            let Some(symbol) = self.markets.get(market) else {
                continue;
            };
            let market = market_id(market);
            for side in [Side::Long, Side::Short] {
                let (old, enough) = desk.standing(market, side);
                if !enough && !desk.pulls(market, side, (price, told)) {
                    bodies.extend(desk.sign((symbol, price), side, old, (&self.domain, now)));
                }
            }
        }
        bodies
    }

    /// Partners take all of their quotes off.
    pub(super) fn leave(&mut self) -> Vec<Body> {
        let off = |desk: &mut Desk| {
            desk.pulled.clear();
            let (account, market) = (desk.account, None);
            let off = ServiceCommand::CancelOffers { account, market };
            Body::Kuma(Do::Service(Box::new(off)))
        };
        self.desks.iter_mut().map(off).collect()
    }

    /// Partners take off what they would lose by, and sign anew what they no longer would.
    pub(super) fn weigh(&mut self, prices: Quoted<'_>, now: Timestamp) -> Vec<Body> {
        let mut bodies = Vec::new();
        for desk in &mut self.desks {
            for (market, price, told) in prices.known() {
                let Some(symbol) = self.markets.get(market) else {
                    continue;
                };
                let market = market_id(market);
                for side in [Side::Long, Side::Short] {
                    let was = desk.pulled.contains(&(market, side));
                    let (offer, _) = desk.standing(market, side);
                    let pulls = desk.pulls(market, side, (price, told));
                    if let Some(offer) = offer.filter(|_| pulls) {
                        let (account, offer) = (desk.account, offer.0);
                        let off = ServiceCommand::CancelOffer { account, offer };
                        bodies.push(Body::Kuma(Do::Service(Box::new(off))));
                    }
                    if was && !pulls {
                        bodies.extend(desk.sign((symbol, price), side, offer, (&self.domain, now)));
                    }
                }
            }
        }
        bodies
    }
}

impl<'a> Quoted<'a> {
    /// Markets that have a price, with it and the index.
    fn known(self) -> impl Iterator<Item = (usize, u64, u64)> + use<'a> {
        let pairs = self.market.iter().zip(self.told).enumerate();
        pairs
            .map(|(market, (price, told))| (market, *price, *told))
            .filter(|(_, price, _)| *price > 0)
    }
}

impl Offer {
    fn is_enough(&self) -> bool {
        self.left >= self.quantity / LEAST_PART && self.left > 0
    }
}

impl Desk {
    /// The offer that stands for a market and side, if any, and whether it is enough.
    fn standing(&self, market: MarketId, side: Side) -> (Option<OfferId>, bool) {
        let mut of = self
            .offers
            .iter()
            .filter(|(_, o)| o.market == market && o.side == side);
        of.next().map_or((None, false), |(id, offer)| {
            (Some(*id).filter(|_| offer.left > 0), offer.is_enough())
        })
    }
}

impl Desk {
    /// Whether a quote for what the partner becomes would be taken at a loss, because the index is
    /// further from the market than the discount it asks for; remembered either way.
    fn pulls(&mut self, market: MarketId, side: Side, (price, told): (u64, u64)) -> bool {
        let whole = 10_000u32;
        let discount = self.max_offset_bps.min(0).unsigned_abs().min(whole);
        let price = u128::from(price) * u128::from(whole);
        let loses = match side {
            Side::Long => price < u128::from(told) * u128::from(whole - discount),
            Side::Short => price > u128::from(told) * u128::from(whole + discount),
        };
        self.pulled.retain(|pulled| *pulled != (market, side));
        if loses {
            self.pulled.push((market, side));
        }
        loses
    }

    /// Signs a quote for what the partner becomes, in place of an old one.
    fn sign(
        &mut self,
        (symbol, price): (&str, u64),
        side: Side,
        old: Option<OfferId>,
        (domain, now): (&Domain, Timestamp),
    ) -> Option<Body> {
        self.signed += 1;
        let unique = u64::from(self.account.0) << 32 | self.signed & 0xffff_ffff;
        let quote = OffsetQuote {
            nonce: nonce_at(u64::try_from(now.millis()).ok()?, unique)?,
            wallet: self.signer.address(),
            market_symbol: symbol.to_owned(),
            side: match side {
                Side::Long => OrderSide::Buy,
                Side::Short => OrderSide::Sell,
            },
            max_offset_bps: self.max_offset_bps,
            capacity: size_of(self.order, price),
            expires: now.saturating_add(STANDS),
            delegated_public_key: Address::ZERO,
        };
        let new = Signed::sign(quote, &self.signer, domain).ok()?;
        let new = Box::new(new.into());
        Some(Body::Kuma(Do::Service(Box::new(match old {
            Some(old) => ServiceCommand::ReplaceWithQuote { old: old.0, new },
            None => ServiceCommand::PostQuote(new),
        }))))
    }
}

/// A discount that a partner asks for, as the offset it signs.
fn discount(offset: Decimal) -> i32 {
    i32::try_from(-offset.on_grid::<4>()).unwrap_or(0)
}

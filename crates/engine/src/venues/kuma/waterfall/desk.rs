//! The partners' desk: who is whitelisted, which side-channel orders and quotes stand, the fund's
//! own orders.
//!
//! Source of the orders' shape: the venue's SDK (`CreateOrder.ts`): market or limit; a limit must
//! be post-only (`gtx`); not reduce-only, self-trade prevention `dc`, no trigger, no callback, no
//! condition. A side-channel order never meets the book. A market order has no price of its own:
//! it takes over at the index.
//!
//! A command here checks everything before it changes anything.

use plimsoll_units::{AccountId, MarketId, Side, Timestamp};

use super::command::{ServiceCommand, SignedQuote};
use super::event::ServiceEvent;
use super::refusal::ServiceRefusal;
use super::state::Signature;
use crate::backstop::fund::Gated;
use crate::backstop::partners::{Limits, Offer, OfferId, Terms};
use crate::venues::kuma::order::{Hash, uuid_millis};
use crate::venues::kuma::{
    Address, Kuma, Order, OrderSide, OrderType, Refusal, Revert, SelfTradePrevention, SignedOrder,
    TimeInForce, TriggerType,
};
use crate::{Rejection, Tx};

/// The most standing orders of the fund.
const FUND_ORDERS_MAX: usize = 1_024;

impl Kuma {
    pub(in crate::venues::kuma) fn service_command(
        &mut self,
        tx: &mut Tx<'_>,
        command: &ServiceCommand,
    ) -> Result<(), Rejection> {
        match command {
            ServiceCommand::RegisterPartner { account, limits } => {
                self.register_partner(tx, *account, *limits)
            }
            ServiceCommand::RemovePartner(account) => self.remove_partner(tx, *account),
            ServiceCommand::SetPartnerLimits { account, limits } => {
                let (account, limits) = (*account, *limits);
                self.waterfall.partners.set_limits(account, limits)?;
                Self::tell(tx, ServiceEvent::PartnerLimitsSet { account, limits });
                Ok(())
            }
            ServiceCommand::PostOrder(signed) => {
                let offer = self.offer_of_order(tx, signed)?;
                self.post(tx, None, offer, Signature::Order(signed.clone()))
            }
            ServiceCommand::ReplaceWithOrder { old, new } => {
                let offer = self.offer_of_order(tx, new)?;
                self.post(tx, Some(*old), offer, Signature::Order(new.clone()))
            }
            ServiceCommand::PostQuote(signed) => {
                let offer = self.offer_of_quote(tx, signed)?;
                self.post(tx, None, offer, Signature::Quote(signed.clone()))
            }
            ServiceCommand::ReplaceWithQuote { old, new } => {
                let offer = self.offer_of_quote(tx, new)?;
                self.post(tx, Some(*old), offer, Signature::Quote(new.clone()))
            }
            ServiceCommand::CancelOffer { account, offer } => {
                let gone = self.waterfall.partners.cancel(*account, OfferId(*offer))?;
                self.forget(tx, &gone);
                Ok(())
            }
            ServiceCommand::CancelOffers { account, market } => {
                self.cancel_offers(tx, *account, *market);
                Ok(())
            }
            ServiceCommand::PostFundOrder(signed) => self.post_fund_order(tx, signed),
            ServiceCommand::CancelFundOrder(hash) => {
                let id = OfferId(*hash);
                let gone = self.waterfall.fund_orders.remove(&id);
                gone.ok_or(ServiceRefusal::UnknownFundOrder)?;
                Self::tell(tx, ServiceEvent::FundOrderCancelled(id));
                Ok(())
            }
            ServiceCommand::AssignPot { market, amount } => {
                let (market, amount) = (*market, *amount);
                self.market(market)?;
                self.waterfall.fund.assign(market, amount.into())?;
                Self::tell(tx, ServiceEvent::PotAssigned { market, amount });
                Ok(())
            }
            ServiceCommand::Tick => Ok(()),
        }
    }

    fn register_partner(
        &mut self,
        tx: &mut Tx<'_>,
        account: AccountId,
        limits: Limits,
    ) -> Result<(), Rejection> {
        self.quote_slot(account)?;
        if self.is_fund(account) {
            return Err(ServiceRefusal::UnauthorizedLppWallet(account).into());
        }
        self.waterfall.partners.register(account, limits)?;
        Self::tell(tx, ServiceEvent::PartnerRegistered { account, limits });
        Ok(())
    }

    fn remove_partner(&mut self, tx: &mut Tx<'_>, account: AccountId) -> Result<(), Rejection> {
        if !self.waterfall.partners.is_partner(account) {
            return Err(ServiceRefusal::UnauthorizedLppWallet(account).into());
        }
        self.cancel_offers(tx, account, None);
        self.waterfall.partners.remove(account)?;
        Self::tell(tx, ServiceEvent::PartnerRemoved(account));
        Ok(())
    }

    fn cancel_offers(&mut self, tx: &mut Tx<'_>, account: AccountId, market: Option<MarketId>) {
        let concerned = |offer: &Offer| {
            offer.partner == account && market.is_none_or(|market| market == offer.market)
        };
        for gone in self.waterfall.partners.cancel_where(concerned) {
            self.forget(tx, &gone);
        }
    }

    fn forget(&mut self, tx: &mut Tx<'_>, gone: &Offer) {
        self.waterfall.signatures.remove(&gone.id);
        let event = ServiceEvent::OfferCancelled {
            partner: gone.partner,
            offer: gone.id,
            left: super::subject::pips(gone.remaining()),
        };
        Self::tell(tx, event);
    }

    fn post(
        &mut self,
        tx: &mut Tx<'_>,
        instead_of: Option<Hash>,
        offer: Offer,
        signature: Signature,
    ) -> Result<(), Rejection> {
        let partners = &mut self.waterfall.partners;
        match instead_of {
            Some(old) => {
                let gone = partners.replace(OfferId(old), offer)?;
                self.forget(tx, &gone);
            }
            None => partners.post(offer)?,
        }
        self.waterfall.signatures.insert(offer.id, signature);
        let event = ServiceEvent::OfferPosted {
            partner: offer.partner,
            offer: offer.id,
            market: offer.market,
            side: offer.side,
            terms: offer.terms,
            quantity: super::subject::pips(offer.remaining()),
            expires: offer.expires,
        };
        Self::tell(tx, event);
        Ok(())
    }

    fn partner_of(&self, wallet: Address) -> Result<AccountId, Refusal> {
        let account = self.account_of(wallet);
        let account = account.ok_or(Refusal::UnknownWallet(wallet))?;
        if self.waterfall.partners.is_partner(account) {
            return Ok(account);
        }
        Err(ServiceRefusal::UnauthorizedLppWallet(account).into())
    }

    fn listed(&self, symbol: &str) -> Result<MarketId, ServiceRefusal> {
        let base = symbol.strip_suffix("-USD").unwrap_or_default();
        let at = self.markets.iter().position(|there| there.symbol == base);
        let id = at.and_then(|at| u16::try_from(at).ok());
        id.map(MarketId).ok_or(ServiceRefusal::UnknownSymbol)
    }

    fn offer_of_order(&self, tx: &Tx<'_>, signed: &SignedOrder) -> Result<Offer, Rejection> {
        let order = &signed.order;
        let partner = self.partner_of(order.wallet)?;
        check_shape(order)?;
        let market = self.listed(&order.market_symbol)?;
        self.check_nonce(tx, partner, signed)?;
        self.check_signature(partner, signed, market, order.side)?;
        let filled = self.filled(&signed.hash)?;
        Ok(Offer {
            id: OfferId(signed.hash),
            partner,
            market,
            side: side_of(order.side),
            terms: terms_of(order),
            quantity: order.quantity.into(),
            filled,
            nonce: by_time(order.nonce),
            expires: None,
        })
    }

    /// What was filled of it before: all of it is refused.
    fn filled(&self, hash: &Hash) -> Result<i128, Revert> {
        match self.people.fill(hash) {
            Some(fill) if fill.complete => Err(Revert::OrderDoubleFilled),
            fill => Ok(fill.map_or(0, |fill| fill.filled.into())),
        }
    }

    fn offer_of_quote(&self, tx: &Tx<'_>, signed: &SignedQuote) -> Result<Offer, Rejection> {
        let quote = &signed.quote;
        let partner = self.partner_of(quote.wallet)?;
        let market = self.listed(&quote.market_symbol)?;
        self.check_quote(tx, partner, signed)?;
        let filled = self.filled(&signed.hash)?;
        Ok(Offer {
            id: OfferId(signed.hash),
            partner,
            market,
            side: side_of(quote.side),
            terms: Terms::Offset {
                discount_bps: quote.max_offset_bps.saturating_neg(),
            },
            quantity: quote.capacity.into(),
            filled,
            nonce: by_time(quote.nonce),
            expires: Some(quote.expires),
        })
    }

    /// A quote is its wallet's, or of a key the wallet authorised, and not void.
    pub(super) fn check_quote(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        signed: &SignedQuote,
    ) -> Result<(), ServiceRefusal> {
        let quote = &signed.quote;
        let made = uuid_millis(quote.nonce).ok_or(ServiceRefusal::QuoteNonce)?;
        let void = self.people.invalidated_ms(account, tx.now);
        if made <= void {
            return Err(ServiceRefusal::QuoteNonce);
        }
        if quote.delegated_public_key == Address::ZERO {
            let own = signed.signer == quote.wallet && signed.signer != Address::ZERO;
            return own.then_some(()).ok_or(ServiceRefusal::QuoteSignature);
        }
        let key = quote.delegated_public_key;
        let issued = self.people.key(account, key);
        let issued = issued.ok_or(ServiceRefusal::QuoteSignature)?;
        let expires = issued.saturating_add(self.settings.key_expiry_ms);
        let holds = signed.signer == key && issued > void && made > issued && expires > made;
        holds.then_some(()).ok_or(ServiceRefusal::QuoteSignature)
    }

    fn post_fund_order(&mut self, tx: &mut Tx<'_>, signed: &SignedOrder) -> Result<(), Rejection> {
        let order = &signed.order;
        let account = self.account_of(order.wallet);
        let fund = account.filter(|account| *account == self.funds.insurance_fund);
        let fund = fund.ok_or(ServiceRefusal::FundOrder)?;
        if !order.is_reduce_only || !signed.is_delegated() {
            return Err(ServiceRefusal::FundOrder.into());
        }
        if !order.is_liquidation_acquisition_only {
            check_book_shape(order)?;
        }
        let market = self.listed(&order.market_symbol)?;
        self.check_nonce(tx, fund, signed)?;
        self.check_signature(fund, signed, market, order.side)?;
        self.filled(&signed.hash)?;
        let there = self.waterfall.fund_orders.len();
        if there >= FUND_ORDERS_MAX {
            // Those that are used up make room.
            let people = &self.people;
            let open = |hash: &Hash| people.fill(hash).is_none_or(|fill| !fill.complete);
            let orders = &mut self.waterfall.fund_orders;
            if orders.keys().all(|id| open(&id.0)) {
                return Err(ServiceRefusal::TooManyFundOrders(there).into());
            }
            orders.retain(|id, _| open(&id.0));
        }
        let id = OfferId(signed.hash);
        self.waterfall.fund_orders.insert(id, signed.clone());
        Self::tell(tx, ServiceEvent::FundOrderPosted(id));
        Ok(())
    }

    /// Refuses a withdrawal while the gate is shut for the wallet.
    pub(in crate::venues::kuma) fn check_gate(
        &self,
        now: Timestamp,
        account: AccountId,
    ) -> Result<(), ServiceRefusal> {
        let whom = if account == self.funds.insurance_fund {
            Gated::Fund
        } else {
            Gated::Everybody
        };
        match self.waterfall.fund.shut_until(now, whom) {
            Some(until) => Err(ServiceRefusal::Shut(until)),
            None => Ok(()),
        }
    }
}

const fn side_of(side: OrderSide) -> Side {
    match side {
        OrderSide::Buy => Side::Long,
        OrderSide::Sell => Side::Short,
    }
}

fn terms_of(order: &Order) -> Terms {
    match order.order_type {
        OrderType::Limit => Terms::Limit {
            price: order.limit_price.into(),
        },
        _ => Terms::Offset { discount_bps: 0 },
    }
}

/// Nonces in the order of their times; those of one millisecond by the rest of the UUID.
pub(super) fn by_time(nonce: u128) -> u128 {
    let millis = u128::from(uuid_millis(nonce).unwrap_or(0));
    millis.wrapping_shl(64) | (nonce & u128::from(u64::MAX))
}

/// The shape of an order of the fund's for the book: it takes what is there, and never stands.
fn check_book_shape(order: &Order) -> Result<(), ServiceRefusal> {
    let is_limit = order.order_type == OrderType::Limit;
    let plain = order.trigger_price == 0
        && order.trigger_type == TriggerType::None
        && order.callback_rate == 0
        && order.conditional_order_id == 0;
    let rules = [
        (
            is_limit || order.order_type == OrderType::Market,
            "must be a market or a limit order",
        ),
        (
            order.time_in_force == TimeInForce::Ioc,
            "must fill at once or be cancelled (ioc)",
        ),
        (
            is_limit == (order.limit_price > 0),
            "has a price if it has a limit, and only then",
        ),
        (plain, "must not wait for anything"),
        (order.quantity > 0, "needs a quantity"),
    ];
    match rules.iter().find(|(holds, _)| !holds) {
        Some((_, what)) => Err(ServiceRefusal::BookShape(what)),
        None => Ok(()),
    }
}

/// The shape of a partner's order.
fn check_shape(order: &Order) -> Result<(), ServiceRefusal> {
    let is_limit = order.order_type == OrderType::Limit;
    let is_market = order.order_type == OrderType::Market;
    let rules = [
        (
            order.is_liquidation_acquisition_only,
            "must be flagged as one",
        ),
        (is_limit || is_market, "must be a market or a limit order"),
        (
            !is_limit || order.time_in_force == TimeInForce::Gtx,
            "with a limit must be post-only (gtx)",
        ),
        (
            is_limit || order.time_in_force == TimeInForce::Gtc,
            "at the market must stand (gtc)",
        ),
        (
            !is_limit || order.limit_price > 0,
            "with a limit needs a price",
        ),
        (
            is_limit || order.limit_price == 0,
            "at the market has no price",
        ),
        (!order.is_reduce_only, "must not be reduce-only"),
        (
            order.self_trade_prevention == SelfTradePrevention::DecreaseAndCancel,
            "must decrease and cancel on a self-trade (dc)",
        ),
        (
            order.trigger_price == 0 && order.trigger_type == TriggerType::None,
            "must not have a trigger",
        ),
        (order.callback_rate == 0, "must not have a callback rate"),
        (
            order.conditional_order_id == 0,
            "must not wait for another order",
        ),
        (order.quantity > 0, "needs a quantity"),
    ];
    match rules.iter().find(|(holds, _)| !holds) {
        Some((_, what)) => Err(ServiceRefusal::Shape(what)),
        None => Ok(()),
    }
}

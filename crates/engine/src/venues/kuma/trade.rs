//! Trades (`Trading.sol`, `TradeValidations.sol`): two signed orders, or two wallets the venue
//! itself vouches for. Checks are in the contract's order.

use plimsoll_units::{AccountId, MarketId};

use super::money::fee_is_valid;
use super::order::uuid_millis;
use super::people::Fill;
use super::refusal::require;
use super::{
    Kuma, Order, OrderSide, OrderType, Refusal, Revert, SignedOrder, SignedTrade, TimeInForce,
    Trade, TriggerType,
};
use crate::margin::cross::{self, ONE, PipError};
use crate::{Rejection, Tx};

/// Who trades with whom, and what is asked of their positions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parties {
    /// Who receives base.
    pub(super) buyer: AccountId,
    /// Who gives base.
    pub(super) seller: AccountId,
    /// Whether the buyer's position may only move toward zero.
    pub(super) buyer_reduces: bool,
    /// Whether the seller's position may only move toward zero.
    pub(super) seller_reduces: bool,
    /// Whether the insurance fund hands a position off.
    pub(super) acquisition: bool,
}

impl Kuma {
    /// `executeTrade`.
    pub(super) fn execute_trade(
        &mut self,
        tx: &mut Tx<'_>,
        signed: &SignedTrade,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        let SignedTrade { buy, sell, trade } = signed;
        let (buyer, seller) = (self.order_account(buy)?, self.order_account(sell)?);
        let parties = Parties {
            buyer,
            seller,
            buyer_reduces: buy.order.is_reduce_only,
            seller_reduces: sell.order.is_reduce_only,
            acquisition: buy.order.is_liquidation_acquisition_only,
        };
        self.begin_trade(tx, &parties, trade)?;
        self.check_order(buyer, buy, trade, OrderSide::Buy)?;
        self.check_order(seller, sell, trade, OrderSide::Sell)?;
        self.check_acquisition(buy, sell, &parties)?;
        self.check_nonce(tx, buyer, buy)?;
        self.check_nonce(tx, seller, sell)?;
        self.check_signature(buyer, buy, trade.market, OrderSide::Buy)?;
        self.check_signature(seller, sell, trade.market, OrderSide::Sell)?;
        check_fees(trade)?;
        self.fill(buy, trade.base)?;
        self.fill(sell, trade.base)?;
        self.settle_trade(tx, &parties, trade)
    }

    /// A trade the venue vouches for: nobody's signature, but every other check.
    pub(super) fn trade(
        &mut self,
        tx: &mut Tx<'_>,
        (buyer, seller): (AccountId, AccountId),
        trade: &Trade,
    ) -> Result<(), Rejection> {
        self.not_in_recovery()?;
        let parties = Parties {
            buyer,
            seller,
            buyer_reduces: false,
            seller_reduces: false,
            acquisition: false,
        };
        self.begin_trade(tx, &parties, trade)?;
        for account in [buyer, seller] {
            self.check_fund_order(account, false)?;
        }
        check_fees(trade)?;
        self.settle_trade(tx, &parties, trade)
    }

    /// What comes before any order is looked at: exits, funding, the market, the quantities.
    pub(super) fn begin_trade(
        &mut self,
        tx: &mut Tx<'_>,
        parties: &Parties,
        trade: &Trade,
    ) -> Result<(), Rejection> {
        let Parties { buyer, seller, .. } = *parties;
        let final_exit = |account| self.people.exit_is_final(account, tx.now);
        require(!final_exit(buyer), Revert::BuyWalletExitFinalized)?;
        require(!final_exit(seller), Revert::SellWalletExitFinalized)?;
        self.apply_funding(tx, buyer)?;
        self.apply_funding(tx, seller)?;
        require(buyer != seller, Revert::SelfTrading)?;
        let active = self
            .market(trade.market)
            .is_ok_and(super::Market::is_active);
        require(active, Revert::NoActiveMarket)?;
        require(trade.base > 0, Revert::BaseQuantityZero)?;
        require(trade.quote > 0, Revert::QuoteQuantityZero)?;
        Ok(())
    }

    /// Moves positions, quote and fees, seller first, and checks both wallets' margin, buyer
    /// first: maintenance for whom the trade reduced, initial for the other.
    pub(super) fn settle_trade(
        &mut self,
        tx: &mut Tx<'_>,
        parties: &Parties,
        trade: &Trade,
    ) -> Result<(), Rejection> {
        self.settle_between(tx, parties, trade)
            .map_err(|(_, why)| why)
    }

    fn order_account(&self, signed: &SignedOrder) -> Result<AccountId, Refusal> {
        let wallet = signed.order.wallet;
        self.account_of(wallet)
            .ok_or(Refusal::UnknownWallet(wallet))
    }

    pub(super) fn check_order(
        &self,
        account: AccountId,
        signed: &SignedOrder,
        trade: &Trade,
        side: OrderSide,
    ) -> Result<(), Rejection> {
        let order = &signed.order;
        check_limit_price(order, trade, side)?;
        check_time_in_force(order, trade.maker_side == side)?;
        check_trigger(order)?;
        let may = order.is_reduce_only && signed.is_delegated();
        self.check_fund_order(account, may)?;
        Ok(())
    }

    /// The exit fund never trades; the insurance fund only as `may` says: reducing, and signed by
    /// a delegated key.
    pub(super) fn check_fund_order(&self, account: AccountId, may: bool) -> Result<(), Revert> {
        require(account != self.funds.exit_fund, Revert::ExitFundCannotTrade)?;
        let is_fund = account == self.funds.insurance_fund;
        require(!is_fund || may, Revert::InsuranceFundOrder)
    }

    fn check_acquisition(
        &self,
        buy: &SignedOrder,
        sell: &SignedOrder,
        parties: &Parties,
    ) -> Result<(), Revert> {
        let flags = [&buy.order, &sell.order].map(|o| o.is_liquidation_acquisition_only);
        if flags == [false, false] {
            return Ok(());
        }
        require(
            flags == [true, true],
            Revert::BothMustBeLiquidationAcquisition,
        )?;
        let fund = self.funds.insurance_fund;
        let one = parties.buyer == fund || parties.seller == fund;
        require(one, Revert::OneWalletMustBeInsuranceFund)
    }

    pub(super) fn check_nonce(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        signed: &SignedOrder,
    ) -> Result<(), Rejection> {
        let order = &signed.order;
        let by_side = |buy, sell| match order.side {
            OrderSide::Buy => buy,
            OrderSide::Sell => sell,
        };
        let made = uuid_millis(order.nonce).ok_or(Revert::NotVersionOneUuid)?;
        let void = self.people.invalidated_ms(account, tx.now);
        let revert = by_side(Revert::BuyNonceInvalidated, Revert::SellNonceInvalidated);
        require(made > void, revert)?;
        let key = order.delegated_public_key;
        // A key that was never authorised is refused with its signature.
        let Some(issued) = self
            .people
            .key(account, key)
            .filter(|_| signed.is_delegated())
        else {
            return Ok(());
        };
        let revert = by_side(Revert::BuyKeyInvalidated, Revert::SellKeyInvalidated);
        require(issued > void, revert)?;
        let expires = issued.checked_add(self.settings.key_expiry_ms);
        let revert = by_side(Revert::BuyKeyExpired, Revert::SellKeyExpired);
        require(expires.ok_or(PipError::ARITHMETIC)? > made, revert)?;
        let revert = by_side(Revert::BuyPredatesKey, Revert::SellPredatesKey);
        require(made > issued, revert)?;
        Ok(())
    }

    /// The order's digest is that of the market it is executed in and of its side, so an order
    /// for another market, or for the other side, is one whose signature does not hold.
    pub(super) fn check_signature(
        &self,
        account: AccountId,
        signed: &SignedOrder,
        market: MarketId,
        side: OrderSide,
    ) -> Result<(), Rejection> {
        let order = &signed.order;
        require(order.side == side, Revert::OrdersDoNotMatchSides)?;
        let revert = match side {
            OrderSide::Buy => Revert::BuySignatureInvalid,
            OrderSide::Sell => Revert::SellSignatureInvalid,
        };
        let symbol = &self.market(market)?.symbol;
        let here = order.market_symbol.strip_suffix("-USD") == Some(symbol);
        let key = order.delegated_public_key;
        let holds = if signed.is_delegated() {
            self.people.key(account, key).is_some() && signed.signer == key
        } else {
            signed.signer == order.wallet
        };
        require(here && holds, revert)?;
        Ok(())
    }

    /// Counts what an order has filled; it can never fill more than its quantity.
    pub(super) fn fill(&mut self, signed: &SignedOrder, base: u64) -> Result<(), Rejection> {
        let before = self.people.fill(&signed.hash);
        let complete = before.is_some_and(|fill| fill.complete);
        require(!complete, Revert::OrderDoubleFilled)?;
        let filled = before.map_or(0, |fill| fill.filled).checked_add(base);
        let filled = filled.ok_or(PipError::ARITHMETIC)?;
        let quantity = signed.order.quantity;
        require(filled <= quantity, Revert::OrderOverfilled)?;
        let complete = filled == quantity;
        self.set_fill(signed.hash, Fill { filled, complete });
        Ok(())
    }
}

/// A limit order's quote at its limit price, rounded down, is the worst it accepts; any other
/// order has no limit price.
fn check_limit_price(order: &Order, trade: &Trade, side: OrderSide) -> Result<(), Rejection> {
    let price = order.limit_price;
    if !order.order_type.is_limit() {
        require(price == 0, Revert::InvalidLimitPrice)?;
        return Ok(());
    }
    require(price > 0, Revert::InvalidLimitPrice)?;
    let implied = cross::mul_frac(trade.base, price, ONE)?;
    let within = match side {
        OrderSide::Buy => implied >= trade.quote,
        OrderSide::Sell => implied <= trade.quote,
    };
    require(within, Revert::LimitPriceExceeded)?;
    Ok(())
}

fn check_time_in_force(order: &Order, is_maker: bool) -> Result<(), Revert> {
    match order.time_in_force {
        TimeInForce::Gtc => Ok(()),
        TimeInForce::Gtx => require(
            order.order_type.is_limit() && is_maker,
            Revert::GtxMustBeLimitMaker,
        ),
        TimeInForce::Ioc => require(!is_maker, Revert::IocMustBeTaker),
        TimeInForce::Fok => require(!is_maker, Revert::FokMustBeTaker),
    }
}

fn check_trigger(order: &Order) -> Result<(), Revert> {
    let trailing = order.order_type == OrderType::TrailingStop;
    let price = order.trigger_price;
    if order.order_type.needs_trigger() {
        require(price > 0, Revert::MissingTriggerPrice)?;
    } else if !trailing {
        require(price == 0, Revert::InvalidTriggerPrice)?;
    }
    let callback = order.callback_rate > 0;
    require(callback == trailing, Revert::InvalidCallbackRate)?;
    let typed = order.trigger_type != TriggerType::None;
    require(typed == (price > 0), Revert::InvalidTriggerType)
}

/// A rebate is paid out of the taker's fee; otherwise each fee is at most 5 % of the quote.
pub(super) fn check_fees(trade: &Trade) -> Result<(), Rejection> {
    let maker = trade.maker_fee.unsigned_abs();
    if trade.maker_fee < 0 {
        require(maker <= trade.taker_fee, Revert::ExcessiveMakerRebate)?;
    } else {
        let fits = fee_is_valid(maker, trade.quote)?;
        require(fits, Revert::ExcessiveMakerFee)?;
    }
    let fits = fee_is_valid(trade.taker_fee, trade.quote)?;
    require(fits, Revert::ExcessiveTakerFee)?;
    Ok(())
}

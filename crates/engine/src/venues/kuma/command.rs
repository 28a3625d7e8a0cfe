//! What can be asked of a Kuma venue: the contracts' functions one by one, and the venue's own.
//!
//! All quantities in pips, except where tokens are said. Discriminants are part of journals:
//! never reused. Up to 47 the contracts' functions; the order book's from 64 on; the liquidation
//! service's and its partners' from 96 on.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::order::{Address, OrderSide, Signed, SignedOrder};
use crate::margin::cross::Limits;

/// A new index price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct IndexPrice {
    /// Where.
    pub market: MarketId,
    /// The price.
    pub price: u64,
    /// When it is from; strictly newer than the last one.
    pub time: Timestamp,
}

/// An oracle's price, for exits on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OraclePrice {
    /// Where.
    pub market: MarketId,
    /// The price.
    pub price: u64,
}

/// The terms of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Trade {
    /// Where.
    pub market: MarketId,
    /// How much base.
    pub base: u64,
    /// For how much quote.
    pub quote: u64,
    /// Whose order was there first.
    pub maker_side: OrderSide,
    /// The maker's fee; below zero for a rebate, paid out of the taker's.
    pub maker_fee: i64,
    /// The taker's fee.
    pub taker_fee: u64,
}

/// A trade between two signed orders.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedTrade {
    /// The buyer's order.
    pub buy: SignedOrder,
    /// The seller's order.
    pub sell: SignedOrder,
    /// The terms.
    pub trade: Trade,
}

/// Who is reduced against whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Deleverage {
    /// Where.
    pub market: MarketId,
    /// Whose position is taken over.
    pub account: AccountId,
    /// Who takes it over, and is reduced.
    pub counterparty: AccountId,
    /// How much base.
    pub base: u64,
    /// For how much quote.
    pub quote: u64,
}

/// Who is liquidated, to whom, at which quotes.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WalletLiquidation {
    /// Who.
    pub account: AccountId,
    /// Who takes the positions.
    pub to: AccountId,
    /// A quote for each position, in rank order of their markets; further ones are ignored.
    pub quotes: Vec<u64>,
}

/// A command. Time comes with the [`crate::Command`] around it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Command {
    /// Money comes in from outside (`deposit`). Wallets are numbered densely: a deposit to the
    /// next number opens the wallet.
    Deposit {
        /// Whose.
        account: AccountId,
        /// How much, in units of the token's six decimals.
        tokens: u64,
    } = 0,
    /// A deposit that waited counts from now on (`applyPendingDepositsForWallet`).
    ApplyDeposit {
        /// Whose.
        account: AccountId,
        /// How much of it.
        quantity: u64,
    } = 1,
    /// Money goes outside (`withdraw`).
    Withdraw {
        /// Whose.
        account: AccountId,
        /// How much leaves the balance.
        gross: u64,
        /// How much of it the fee wallet receives.
        gas_fee: u64,
        /// The most the owner agreed to as that fee.
        maximum_gas_fee: u64,
        /// The owner's signature, where the venue asks for one.
        signed: Option<Signed>,
    } = 2,
    /// Money goes from wallet to wallet (`transfer`). The next number opens the wallet.
    Transfer {
        /// Whose.
        from: AccountId,
        /// To whom.
        to: AccountId,
        /// How much leaves the balance.
        gross: u64,
        /// How much of it the fee wallet receives.
        gas_fee: u64,
        /// The owner's signature, where the venue asks for one.
        signed: Option<Signed>,
    } = 3,
    /// New index prices (`publishIndexPrices`), all or none.
    PublishIndexPrices(Vec<IndexPrice>) = 4,
    /// The funding rate of the period that has ended (`publishFundingMultiplier`).
    PublishFunding {
        /// Where.
        market: MarketId,
        /// The rate; longs pay when it is positive.
        rate: i64,
    } = 5,
    /// A wallet is paid its funding in one market (`applyOutstandingWalletFundingForMarket`).
    ApplyFunding {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
    } = 6,
    /// A trade between two signed orders (`executeTrade`).
    ExecuteTrade(Box<SignedTrade>) = 7,
    /// A trade between two wallets whose orders the venue itself vouches for: everything
    /// `executeTrade` checks except the orders.
    Trade {
        /// Who receives base.
        buyer: AccountId,
        /// Who gives base.
        seller: AccountId,
        /// The terms.
        trade: Trade,
    } = 8,
    /// `liquidateWalletInMaintenance`.
    LiquidateInMaintenance(WalletLiquidation) = 9,
    /// `liquidateWalletInMaintenanceDuringSystemRecovery`.
    LiquidateDuringSystemRecovery(WalletLiquidation) = 10,
    /// `liquidateWalletExit`.
    LiquidateExit(WalletLiquidation) = 11,
    /// `liquidatePositionBelowMinimum`.
    LiquidateBelowMinimum {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// For how much quote.
        quote: u64,
    } = 12,
    /// `liquidatePositionInDeactivatedMarket`.
    LiquidateInDeactivatedMarket {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// For how much quote.
        quote: u64,
        /// Of which the fee wallet receives.
        fee: u64,
    } = 13,
    /// `deleverageInMaintenanceAcquisition`.
    DeleverageInMaintenance(Deleverage) = 14,
    /// `deleverageInsuranceFundClosure`.
    DeleverageInsuranceFund(Deleverage) = 15,
    /// `deleverageExitAcquisition`.
    DeleverageExit(Deleverage) = 16,
    /// `deleverageExitFundClosure`.
    DeleverageExitFund(Deleverage) = 17,
    /// `exitWallet`.
    ExitWallet(AccountId) = 18,
    /// `clearWalletExit`.
    ClearExit(AccountId) = 19,
    /// `withdrawExit`. Markets without an oracle price use their index price, as the deployed
    /// adapter does.
    WithdrawExit {
        /// Who.
        account: AccountId,
        /// The oracle's prices.
        oracle: Vec<OraclePrice>,
    } = 20,
    /// `withdrawExitAdmin`.
    WithdrawExitAdmin {
        /// Who.
        account: AccountId,
        /// The oracle's prices.
        oracle: Vec<OraclePrice>,
    } = 21,
    /// `activateMarket`.
    ActivateMarket(MarketId) = 22,
    /// `deactivateMarket`.
    DeactivateMarket(MarketId) = 23,
    /// `setMarketOverrides`, after governance's delay: of the market, or of one wallet in it.
    SetLimits {
        /// Where.
        market: MarketId,
        /// For whom alone.
        account: Option<AccountId>,
        /// All seven fields.
        limits: Limits,
    } = 24,
    /// `unsetMarketOverridesForWallet`.
    UnsetLimits {
        /// Where.
        market: MarketId,
        /// Whose.
        account: AccountId,
    } = 25,
    /// A wallet chooses a higher initial margin fraction for its own orders. Off chain only: the
    /// contracts' checks do not know it.
    SetLeverage {
        /// Whose.
        account: AccountId,
        /// Where.
        market: MarketId,
        /// The fraction; none for the market's own.
        fraction: Option<u64>,
    } = 26,
    /// A wallet says which address signs for it.
    RegisterWallet {
        /// Whose.
        account: AccountId,
        /// Which.
        address: Address,
    } = 27,
    /// A wallet lets a key sign its orders (`DelegatedKeyAuthorization`).
    AuthoriseKey {
        /// Whose.
        account: AccountId,
        /// The key.
        key: Address,
        /// A version 1 UUID, whose time is the authorisation's.
        nonce: u128,
        /// Whom the authorisation's signature recovers to.
        signer: Address,
    } = 28,
    /// `invalidateNonce`.
    InvalidateNonce {
        /// Whose.
        account: AccountId,
        /// A version 1 UUID: orders up to its time are void.
        nonce: u128,
    } = 29,
    /// `setPositionBelowMinimumLiquidationPriceToleranceMultiplier`.
    SetBelowMinimumTolerance(u64) = 30,
    /// `setChainPropagationPeriod`, in milliseconds.
    SetPropagation(u64) = 31,
    /// `setDelegateKeyExpirationPeriod`, in milliseconds.
    SetKeyExpiry(u64) = 32,
    /// `addMarket`: a market is listed, inactive until it is activated. It gets the next market
    /// number; its rank is its place among all symbols' hashes, those there move up for it.
    AddMarket(Box<super::MarketParams>) = 33,
    /// The guards on index prices from now on. An extension of this engine, as they are: after a
    /// jump that was real somebody has to let the price through.
    SetIndexGuards(super::IndexGuards) = 34,
    /// Places an order on a market's book, or lets it wait for its price.
    PlaceOrder {
        /// The order.
        order: Box<super::NewOrder>,
        /// Wallets of one group do not trade with each other.
        group: Option<u32>,
    } = 64,
    /// Cancels an order that stands or waits.
    CancelOrder {
        /// Whose.
        account: AccountId,
        /// Its number.
        order: u64,
    } = 65,
    /// Cancels all orders of a wallet.
    CancelOrders {
        /// Whose.
        account: AccountId,
        /// In one market alone.
        market: Option<MarketId>,
    } = 66,
    /// Replaces a standing order by another of the same wallet, market and side. Less of it at
    /// the same price keeps its place in the line.
    ReplaceOrder {
        /// Its number, which it keeps.
        order: u64,
        /// What it says from now on.
        new: Box<super::NewOrder>,
    } = 67,
    /// To the liquidation service: partners, their offers, the fund.
    Service(Box<super::ServiceCommand>) = 96,
}

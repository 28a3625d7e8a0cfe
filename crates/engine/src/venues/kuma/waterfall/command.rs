//! What partners, the fund's key and the operator tell the liquidation service.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId, Timestamp};

use super::super::order::{Address, Hash, OrderSide, SignedOrder};
use crate::backstop::partners::Limits;

/// A partner's standing offer to take positions over near the index, whatever it will be; as it
/// is signed. An extension of this engine.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OffsetQuote {
    /// A version 1 UUID: the earliest goes first where prices are equal.
    pub nonce: u128,
    /// The partner's wallet.
    pub wallet: Address,
    /// Such as `ETH-USD`.
    pub market_symbol: String,
    /// Whether the partner buys or sells.
    pub side: OrderSide,
    /// The most adverse price for the partner, in basis points from the index: it buys at index x
    /// (1 + offset) and sells at index x (1 - offset). Below zero it asks for a discount.
    pub max_offset_bps: i32,
    /// How much base it takes in all, in pips.
    pub capacity: u64,
    /// When it ends.
    pub expires: Timestamp,
    /// The delegated key that signed, or zero.
    pub delegated_public_key: Address,
}

/// A quote with its digest and whom the signature recovers to.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedQuote {
    /// The quote.
    pub quote: OffsetQuote,
    /// Its EIP-712 digest.
    pub hash: Hash,
    /// Whom the signature recovers to; zero when it recovers to nobody.
    pub signer: Address,
}

/// A command to the service. Discriminants are part of journals: never reused.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ServiceCommand {
    /// The operator whitelists a wallet as a partner.
    RegisterPartner {
        /// Whom.
        account: AccountId,
        /// Its limits, until it sets others.
        limits: Limits,
    } = 0,
    /// The operator ends a partnership; its offers are cancelled.
    RemovePartner(AccountId) = 1,
    /// A partner sets its limits anew.
    SetPartnerLimits {
        /// Whose.
        account: AccountId,
        /// Which.
        limits: Limits,
    } = 2,
    /// A partner posts a standing side-channel order.
    PostOrder(Box<SignedOrder>) = 3,
    /// A partner replaces an offer by a standing order: both or neither.
    ReplaceWithOrder {
        /// The offer that goes.
        old: Hash,
        /// What stands instead.
        new: Box<SignedOrder>,
    } = 4,
    /// A partner posts an offset quote.
    PostQuote(Box<SignedQuote>) = 5,
    /// A partner replaces an offer by a quote: both or neither.
    ReplaceWithQuote {
        /// The offer that goes.
        old: Hash,
        /// What stands instead.
        new: Box<SignedQuote>,
    } = 6,
    /// A partner takes an offer off.
    CancelOffer {
        /// Whose.
        account: AccountId,
        /// Which.
        offer: Hash,
    } = 7,
    /// A partner takes all of its offers off, or those in one market.
    CancelOffers {
        /// Whose.
        account: AccountId,
        /// Where alone.
        market: Option<MarketId>,
    } = 8,
    /// The fund's key posts a standing side-channel order of the fund.
    PostFundOrder(Box<SignedOrder>) = 9,
    /// The operator takes an order of the fund off.
    CancelFundOrder(Hash) = 10,
    /// The operator assigns money of the fund to a market's pot, or takes it out (below zero).
    AssignPot {
        /// Where.
        market: MarketId,
        /// How much, in pips.
        amount: i64,
    } = 11,
    /// Time has passed: slices that are due are disposed of.
    Tick = 12,
}

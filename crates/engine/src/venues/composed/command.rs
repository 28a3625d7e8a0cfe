//! What a composed venue can be told.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, CaseId, MarketId};

use crate::backstop::partners::{self, Offer, OfferId};

/// A command to a composed venue. Amounts in pips.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Command {
    /// Money comes in for an account (a participant's, the fund's, a provider's by
    /// [`Command::AddLiquidity`]).
    Deposit {
        /// Whose.
        account: AccountId,
        /// How much, positive.
        amount: i128,
    },
    /// Money goes out, as far as the margin lets it.
    Withdraw {
        /// Whose.
        account: AccountId,
        /// How much, positive.
        amount: i128,
    },
    /// Marks of markets, all at once. Under versioned margin each is the market's next version.
    Prices(Vec<(MarketId, u64)>),
    /// The street's order book of a market, replacing what is left of the last: best first.
    Quotes {
        /// Which market.
        market: MarketId,
        /// Bids, highest first.
        bids: Vec<Level>,
        /// Asks, lowest first.
        asks: Vec<Level>,
    },
    /// Two accounts traded with each other, on whatever market there is outside.
    Fill(Fill),
    /// Becomes a liquidation partner, or sets its limits anew.
    Partner {
        /// Who.
        account: AccountId,
        /// Within which limits.
        limits: partners::Limits,
    },
    /// A partner's standing offer.
    Offer(Offer),
    /// Takes an offer back.
    CancelOffer {
        /// Whose.
        partner: AccountId,
        /// Which.
        offer: OfferId,
    },
    /// Takes a part of what a case auctions, at the price of the moment.
    Bid {
        /// Who.
        account: AccountId,
        /// Which case.
        case: CaseId,
        /// Which of its markets.
        market: MarketId,
        /// At most how much, pips of base.
        quantity: u64,
    },
    /// A provider's money enters the vault, for shares at its equity of the moment.
    AddLiquidity {
        /// Who.
        account: AccountId,
        /// How much of their balance.
        amount: i128,
    },
    /// A provider takes a share of their part out.
    RemoveLiquidity {
        /// Who.
        account: AccountId,
        /// How many of their shares.
        shares: i128,
    },
    /// Time passes: graces end, auctions climb, cases that wait are walked again.
    Tick,
}

/// A trade between two accounts. Initial margin, locks and limits apply to both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Fill {
    /// In which market.
    pub market: MarketId,
    /// Who bought.
    pub buyer: AccountId,
    /// Who sold.
    pub seller: AccountId,
    /// How much, pips of base.
    pub quantity: u64,
    /// At which price, pips.
    pub price: u64,
}

/// A price level of the street's book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Level {
    /// Price, pips.
    pub price: u64,
    /// Quantity, pips of base.
    pub quantity: u64,
}

//! What the liquidation service did: each hop of the waterfall with its reason, its price against
//! the index and its amounts.
//!
//! Base and quote are in pips. `index_quote` is what the base was worth at the index price of the
//! moment, rounded down; whoever reads an event compares it with `quote`. A side is that of the
//! position: a long is sold, a short is bought back.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, CaseId, MarketId, Side, Timestamp};

use crate::backstop::deleverage::{Policy, Receipt};
use crate::backstop::fund::Cap;
use crate::backstop::partners::{Limits, OfferId, Skip, Skipped, Terms};
use crate::liquidation::StageKind;

/// Why a position came to a hop.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Why {
    /// The wallet is below its maintenance requirement.
    UnderMaintenance = 0,
    /// It was acquired, and this is the first resort.
    Acquired = 1,
    /// No partner has an offer on that side.
    NoPartner = 2,
    /// The partners did not take all of it.
    PartnersInsufficient = 3,
    /// The book did not take all of it within the price.
    BookInsufficient = 4,
    /// The fund would not meet its own margin requirement.
    FundMargin = 5,
    /// The fund's position would be larger than it may hold.
    FundSize = 6,
    /// The fund's cap on one account's loss.
    FundAccountCap = 7,
    /// The fund's cap on losses within its window.
    FundWindowCap = 8,
    /// The market's own pot does not hold as much.
    FundPot = 9,
    /// The wallet can be brought back above its initial requirement.
    Restorable = 10,
    /// The wallet has exited.
    WalletExited = 11,
    /// The position is below the minimum.
    BelowMinimum = 12,
}

impl Why {
    /// The reason in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::UnderMaintenance => "the wallet is below its maintenance requirement",
            Self::Acquired => "partners are the first resort",
            Self::NoPartner => "no partner has an offer on that side",
            Self::PartnersInsufficient => "the partners did not take all of it",
            Self::BookInsufficient => "the book did not take all of it within the price",
            Self::FundMargin => "the fund would not meet its margin requirement",
            Self::FundSize => "the fund's position would be too large",
            Self::FundAccountCap => "beyond the fund's cap on one account's loss",
            Self::FundWindowCap => "beyond the fund's cap on losses within its window",
            Self::FundPot => "beyond what the market's own pot holds",
            Self::Restorable => "less than everything brings the wallet back",
            Self::WalletExited => "the wallet has exited",
            Self::BelowMinimum => "the position is below the minimum",
        }
    }

    pub(super) const fn of_cap(cap: Cap) -> Self {
        match cap {
            Cap::Account => Self::FundAccountCap,
            Cap::Window => Self::FundWindowCap,
            Cap::Pot => Self::FundPot,
        }
    }
}

/// An amount of a position that changed hands, or should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Amounts {
    /// Base, in pips.
    pub base: u64,
    /// For how much quote, in pips.
    pub quote: u64,
    /// What it was worth at the index price, in pips.
    pub index_quote: u64,
}

/// One thing the service did. Discriminants are part of journals: never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum ServiceEvent {
    /// One position's way through one stage: how much came to it and why, how much it took.
    Hop {
        /// For which case.
        case: CaseId,
        /// Where.
        market: MarketId,
        /// Which way the position was.
        side: Side,
        /// Which stage.
        stage: StageKind,
        /// Why it came to it.
        why: Why,
        /// How much base came to it.
        asked: u64,
        /// How much of it was taken, for how much.
        done: Amounts,
    } = 0,
    /// The fund does not take the wallet over.
    FundUnable {
        /// For which case.
        case: CaseId,
        /// Whose wallet.
        account: AccountId,
        /// Why.
        why: Why,
    } = 1,
    /// A partner took a position over. What the fund got beyond the index is `quote` less
    /// `index_quote` for a long, the other way round for a short.
    HandedOff {
        /// For which case.
        case: CaseId,
        /// Where.
        market: MarketId,
        /// Which way the position is, and now the partner's.
        side: Side,
        /// Who.
        partner: AccountId,
        /// By which of its offers.
        offer: OfferId,
        /// How much.
        amounts: Amounts,
    } = 2,
    /// An offer was left out.
    PartnerSkipped {
        /// For which case.
        case: CaseId,
        /// Where.
        market: MarketId,
        /// Whose offer, which, and why.
        skipped: Skipped,
    } = 3,
    /// An account was deleveraged: its receipt.
    Deleveraged(Receipt) = 4,
    /// An account's turn came, and it could not be deleveraged.
    CounterpartySkipped {
        /// For which case.
        case: CaseId,
        /// Where.
        market: MarketId,
        /// Who.
        account: AccountId,
        /// Its place in the ranking.
        rank: u32,
        /// Why.
        why: Skip,
    } = 5,
    /// A position met one of the other side that the fund still held: neither is there any more.
    Netted {
        /// For which case.
        case: CaseId,
        /// Where.
        market: MarketId,
        /// Which way this case's position was.
        side: Side,
        /// How much base.
        base: u64,
        /// What that is worth at the index price.
        index_quote: u64,
    } = 6,
    /// Nothing of what was acquired for a case is left.
    Disposed {
        /// Which case.
        case: CaseId,
        /// What the fund won, or lost (below zero), over all of it, in pips.
        result: i128,
    } = 7,
    /// A wallet is a partner, with these limits.
    PartnerRegistered {
        /// Who.
        account: AccountId,
        /// Its limits.
        limits: Limits,
    } = 8,
    /// A wallet is no partner any more.
    PartnerRemoved(AccountId) = 9,
    /// A partner has set its limits anew.
    PartnerLimitsSet {
        /// Who.
        account: AccountId,
        /// Its limits.
        limits: Limits,
    } = 10,
    /// An offer stands.
    OfferPosted {
        /// Whose.
        partner: AccountId,
        /// Which.
        offer: OfferId,
        /// Where.
        market: MarketId,
        /// What the partner would become.
        side: Side,
        /// At which price.
        terms: Terms,
        /// How much base.
        quantity: u64,
        /// When it ends, if ever.
        expires: Option<Timestamp>,
    } = 11,
    /// An offer is gone without being used up.
    OfferCancelled {
        /// Whose.
        partner: AccountId,
        /// Which.
        offer: OfferId,
        /// How much base was left of it.
        left: u64,
    } = 12,
    /// An order of the fund stands.
    FundOrderPosted(OfferId) = 13,
    /// An order of the fund is gone.
    FundOrderCancelled(OfferId) = 14,
    /// Money of the fund was assigned to a market's pot, or taken out (below zero).
    PotAssigned {
        /// Where.
        market: MarketId,
        /// How much, in pips.
        amount: i64,
    } = 15,
    /// What each policy would have taken on the occasion of one deleveraging.
    PoliciesCompared {
        /// For which case.
        case: CaseId,
        /// Where.
        market: MarketId,
        /// Which way the position was.
        side: Side,
        /// The policy in force.
        used: Policy,
        /// What was due: the others take that.
        asked: u64,
        /// The least that covers the deficit: `minimal` takes that.
        needed: u64,
        /// What one whole unit of base is worth at the index price, in pips.
        price: u64,
        /// From how many accounts each policy takes, by its number; their margin is not looked at.
        accounts: [u32; 3],
    } = 17,
    /// The fund bore a deficit; withdrawals are shut.
    GateShut {
        /// Until when.
        until: Timestamp,
    } = 16,
}

impl ServiceEvent {
    /// The case it belongs to, if any.
    #[must_use]
    pub const fn case(&self) -> Option<CaseId> {
        match self {
            Self::Hop { case, .. }
            | Self::FundUnable { case, .. }
            | Self::HandedOff { case, .. }
            | Self::PartnerSkipped { case, .. }
            | Self::CounterpartySkipped { case, .. }
            | Self::Netted { case, .. }
            | Self::PoliciesCompared { case, .. }
            | Self::Disposed { case, .. } => Some(*case),
            Self::Deleveraged(receipt) => Some(receipt.case),
            Self::PartnerRegistered { .. }
            | Self::PartnerRemoved(_)
            | Self::PartnerLimitsSet { .. }
            | Self::OfferPosted { .. }
            | Self::OfferCancelled { .. }
            | Self::FundOrderPosted(_)
            | Self::FundOrderCancelled(_)
            | Self::PotAssigned { .. }
            | Self::GateShut { .. } => None,
        }
    }
}

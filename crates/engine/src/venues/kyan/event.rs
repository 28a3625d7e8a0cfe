//! What a Kyan venue reports. Money and sizes have 6 decimals, prices 8.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, Amount, CaseId, MarketId, Price, Timestamp};

use super::{InstrumentId, OptionTerms, Stage};
use crate::book::Side;

/// How far an account's liquidation is. Discriminants are part of journals: never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum PhaseName {
    /// It trades freely.
    Active = 0,
    /// Flagged: blocked, its own orders cancelled.
    Flagged = 1,
    /// Step 1: its delta is hedged.
    Hedging = 2,
    /// Step 1 of an account without options: its perpetual is closed.
    PerpClose = 3,
    /// Step 2: its components are closed one by one.
    Decomposing = 4,
    /// Step 3: what it has is auctioned.
    Auction = 5,
    /// The insurance fund takes over.
    Bankrupt = 6,
    /// Nothing is left.
    Closed = 7,
    /// Its initial margin is met again.
    Released = 8,
    /// A deposit ended it; only risk-reducing acts until the initial margin is met.
    Cured = 9,
    /// Positions are offered to liquidation partners.
    HandingOff = 10,
}

impl PhaseName {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Flagged => "FLAGGED",
            Self::Hedging => "HEDGING",
            Self::PerpClose => "PERP_CLOSE",
            Self::Decomposing => "DECOMPOSING",
            Self::Auction => "AUCTION",
            Self::Bankrupt => "BANKRUPT",
            Self::Closed => "CLOSED",
            Self::Released => "RELEASED",
            Self::Cured => "CURED",
            Self::HandingOff => "HANDING_OFF",
        }
    }
}

impl std::fmt::Display for PhaseName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The numbers a decision was made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Numbers {
    /// Equity at mark prices.
    pub equity: i128,
    /// Maintenance margin.
    pub maintenance: i128,
    /// Initial margin.
    pub initial: i128,
    /// Net delta in base units, 6 decimals, rounded to nearest.
    pub delta: i64,
    /// The index price.
    pub index: i128,
}

/// Why an order went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Gone {
    /// Its owner cancelled it.
    ByOwner = 0,
    /// Its owner's account was flagged.
    Flagged = 1,
    /// It met an order of the same owner.
    SelfTrade = 2,
    /// Its fill would break its owner's initial margin.
    Margin = 3,
    /// It would no longer reduce a position.
    ReduceOnly = 4,
    /// It did not rest: the rest of a market, ioc or fok order.
    NotResting = 5,
    /// The engine prices it again.
    Repegged = 6,
    /// The engine does not need it any more.
    NotNeeded = 7,
    /// Its time was up.
    TimedOut = 8,
    /// Market data cannot be trusted.
    Frozen = 9,
    /// Its option expired.
    Expired = 10,
}

/// A guard that changed what the engine would have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Guard {
    /// G1: the delta is below one lot and counts as hedged.
    Dust = 1,
    /// G2: the hedge would not lower the requirement and is skipped.
    HedgeMustLower = 2,
    /// G3: a hedge never crosses zero delta.
    NeverOverHedge = 3,
    /// G4: closing the component would not help and is skipped.
    CloseMustHelp = 4,
    /// G5: only as much is closed as restores health.
    DoNotOverClose = 5,
    /// G6: as many orders as one peg may have.
    ChildOrders = 6,
    /// G7: orders are pulled before a settlement.
    Settlement = 7,
    /// G8: stale or jumping market data freezes clocks and pulls orders.
    Frozen = 8,
    /// G9: any one of the delta conditions suffices.
    DeltaConditions = 9,
}

/// One component of a decomposed portfolio, as it is ranked.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ranked {
    /// `synthetic`, `vertical` or `peripheral`.
    pub kind: String,
    /// Its legs and their signed sizes.
    pub legs: Vec<(InstrumentId, i64)>,
    /// The perpetual that hedges it, signed; zero for all but synthetics.
    pub hedge: i64,
    /// Maintenance margin of the component alone.
    pub isolated: i128,
}

/// One thing that happened. Discriminants are part of journals: never reused.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Event {
    /// An option was listed.
    Listed {
        /// The pair.
        pair: MarketId,
        /// Its number.
        instrument: InstrumentId,
        /// Its terms.
        terms: OptionTerms,
    } = 0,
    /// An order rests in a book.
    Rests {
        /// The order.
        order: u64,
        /// Whose.
        account: AccountId,
        /// What.
        instrument: InstrumentId,
        /// Buy or sell.
        side: Side,
        /// At.
        price: i64,
        /// How much.
        quantity: i64,
        /// The liquidation stage that placed it, if the engine did.
        stage: Option<Stage>,
    } = 1,
    /// An order, or what was left of it, went away without a trade.
    Gone {
        /// The order.
        order: u64,
        /// Whose.
        account: AccountId,
        /// What.
        instrument: InstrumentId,
        /// How much was left.
        quantity: i64,
        /// Why.
        why: Gone,
    } = 2,
    /// Two orders traded.
    Traded {
        /// The pair.
        pair: MarketId,
        /// What.
        instrument: InstrumentId,
        /// Who rested.
        maker: AccountId,
        /// Who came.
        taker: AccountId,
        /// What the taker did.
        side: Side,
        /// At.
        price: i64,
        /// How much.
        quantity: i64,
        /// Fair value at that moment.
        mark: i128,
    } = 3,
    /// A liquidation went from one phase to another.
    Phase {
        /// The case.
        case: CaseId,
        /// Whose.
        account: AccountId,
        /// From.
        from: PhaseName,
        /// To.
        to: PhaseName,
        /// On these numbers.
        numbers: Numbers,
    } = 4,
    /// The engine placed an order for an account.
    Ordered {
        /// The case.
        case: CaseId,
        /// Whose.
        account: AccountId,
        /// For which stage.
        stage: Stage,
        /// What.
        instrument: InstrumentId,
        /// Buy or sell.
        side: Side,
        /// How much.
        quantity: i64,
        /// The limit, incentive included.
        limit: i64,
        /// Fair value.
        mark: i128,
        /// The auction's level; zero in other stages.
        level: u32,
        /// Maintenance and initial margin, if all of it were filled.
        then: Numbers,
    } = 5,
    /// An order of the engine was filled, in part or in whole.
    Filled {
        /// The case.
        case: CaseId,
        /// Whose.
        account: AccountId,
        /// In which stage.
        stage: Stage,
        /// What.
        instrument: InstrumentId,
        /// What the account did.
        side: Side,
        /// How much.
        quantity: i64,
        /// At.
        price: i64,
        /// Fair value.
        mark: i128,
        /// Paid to the counterparty above fair value.
        incentive: i128,
        /// Fee paid to the insurance fund.
        fee: i128,
        /// Afterwards.
        numbers: Numbers,
    } = 6,
    /// The portfolio was decomposed and ranked.
    Decomposed {
        /// The case.
        case: CaseId,
        /// Whose.
        account: AccountId,
        /// In the order they are closed.
        ranked: Vec<Ranked>,
    } = 7,
    /// A guard changed what the engine would have done.
    Guarded {
        /// The case.
        case: CaseId,
        /// Whose.
        account: AccountId,
        /// Which.
        guard: Guard,
        /// What it looked at, in plain words with the numbers.
        why: String,
    } = 8,
    /// An auction reached a new level.
    Level {
        /// The case.
        case: CaseId,
        /// Whose.
        account: AccountId,
        /// What.
        instrument: InstrumentId,
        /// The level.
        level: u32,
    } = 9,
    /// Nobody took what is left, or the equity is below zero.
    Bankruptcy {
        /// The case.
        case: CaseId,
        /// Whose.
        account: AccountId,
        /// What the account lacks.
        deficit: i128,
        /// What was left of its positions.
        positions: Vec<(InstrumentId, i64)>,
    } = 10,
    /// The insurance fund took over.
    TakenOver {
        /// The case.
        case: CaseId,
        /// Whose.
        account: AccountId,
        /// The account paid the fund for it.
        to_fund: i128,
        /// The fund paid what the account lacked.
        loss: i128,
        /// What the owner keeps.
        to_owner: i128,
    } = 11,
    /// Accounts in profit paid what the fund could not.
    Socialised {
        /// The case.
        case: CaseId,
        /// Who paid.
        account: AccountId,
        /// How much.
        amount: i128,
        /// Its profit, of which this is a share.
        profit: i128,
    } = 12,
    /// Part of a loss that nobody in profit could pay: it stays with the fund as a debt.
    Uncovered {
        /// The case.
        case: CaseId,
        /// How much.
        amount: i128,
    } = 13,
    /// A pair's market data cannot be trusted, or can be again.
    Trust {
        /// The pair.
        pair: MarketId,
        /// Whether it can.
        good: bool,
        /// Why.
        why: String,
    } = 14,
    /// An option expiry was settled.
    Expired {
        /// The pair.
        pair: MarketId,
        /// The expiry.
        expiry: Timestamp,
        /// The index it was settled at.
        price: Price<8>,
    } = 15,
    /// The hour's funding was paid.
    Funded {
        /// The pair.
        pair: MarketId,
        /// The rate, 9 decimals; longs pay shorts when it is positive.
        rate_e9: i64,
    } = 16,
    /// A bid in a portfolio auction was taken.
    Bid {
        /// The case.
        case: CaseId,
        /// Whose portfolio.
        account: AccountId,
        /// Who bid.
        bidder: AccountId,
        /// The share taken, 18 decimals.
        share: i128,
        /// What the bidder paid; below zero: what it was paid.
        paid: i128,
        /// Afterwards.
        numbers: Numbers,
    } = 17,
    /// A partner took a position.
    HandedOff {
        /// The case.
        case: CaseId,
        /// Whose position.
        account: AccountId,
        /// Who took it.
        partner: AccountId,
        /// What.
        instrument: InstrumentId,
        /// The account's signed size that was handed over.
        quantity: i64,
        /// At.
        price: i64,
        /// Fair value.
        mark: i128,
    } = 18,
    /// A partner's quote changed.
    Quoted {
        /// The partner.
        account: AccountId,
        /// How far from the mark it trades: millionths of the index.
        offset_e6: u32,
        /// How much notional it takes in all.
        capacity: Amount<6>,
        /// When it ends.
        expires: Timestamp,
    } = 19,
    /// An account was opened.
    Opened {
        /// Its number.
        account: AccountId,
        /// Whose.
        owner: u32,
        /// Its pair.
        pair: MarketId,
    } = 20,
    /// A standing order was made smaller without a trade; it kept its place in the line.
    Reduced {
        /// The order.
        order: u64,
        /// Whose.
        account: AccountId,
        /// What.
        instrument: InstrumentId,
        /// By how much.
        by: i64,
    } = 21,
    /// Shares of a portfolio are offered: at a falling price, or, insolvent, for a rising payment.
    PortfolioOffered {
        /// The case.
        case: CaseId,
        /// Whose.
        account: AccountId,
        /// Whether the bidder is paid.
        insolvent: bool,
        /// What the account paid the insurance fund for it.
        fee: i128,
    } = 22,
}

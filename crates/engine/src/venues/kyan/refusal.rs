//! Why a Kyan venue refuses a command, with the numbers that decided.

use plimsoll_units::{AccountId, MarketId, Price, Timestamp};

use super::gate::Action;
use super::{InstrumentId, PhaseName};

/// Why a command was refused. Money and sizes are raw with 6 decimals, prices with 8.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A parameter of the venue is out of its bounds.
    #[error("parameter {name} is {given}; it must be {bounds}")]
    Parameter {
        /// Which.
        name: &'static str,
        /// Its value.
        given: i128,
        /// What it must be.
        bounds: &'static str,
    },
    /// No pair has this number.
    #[error("{0} is not a pair of this venue")]
    UnknownPair(MarketId),
    /// No instrument of the pair has this number.
    #[error("{0} is not listed")]
    UnknownInstrument(InstrumentId),
    /// The option has expired and is settled.
    #[error("{0} has expired")]
    Expired(InstrumentId),
    /// The same option twice in one listing, or listed before.
    #[error("{0} is listed already")]
    ListedTwice(String),
    /// An option that would expire at or before now.
    #[error("expiry {expiry} is not after {now}")]
    ExpiryPassed {
        /// The expiry.
        expiry: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// More instruments than a pair may list.
    #[error("a pair lists at most {0} instruments")]
    TooManyInstruments(usize),
    /// Nobody has this account.
    #[error("{0} does not exist on this venue")]
    UnknownAccount(AccountId),
    /// Accounts are numbered densely, in the order of their opening.
    #[error("{given} cannot be opened: the next account is {next}")]
    AccountOutOfOrder {
        /// The number given.
        given: AccountId,
        /// The number expected.
        next: AccountId,
    },
    /// The venue has as many accounts as it can number.
    #[error("the venue can have no more accounts")]
    Full,
    /// An amount must be above zero.
    #[error("the amount must be above zero, not {0}")]
    NotPositive(i128),
    /// A number does not fit.
    #[error("{0} is more than the venue can hold")]
    TooLarge(i128),
    /// The account is being liquidated.
    #[error("{account} is being liquidated ({phase}); it can do nothing but deposit, not {action}")]
    Blocked {
        /// The account.
        account: AccountId,
        /// How far its liquidation is.
        phase: PhaseName,
        /// What was asked.
        action: Action,
    },
    /// The initial margin is not met, and the act does not reduce risk.
    #[error(
        "initial margin {initial} would be above equity {equity}, and the act does not reduce the \
         excess of {excess} (raw, 6 decimals)"
    )]
    InitialMargin {
        /// Initial margin afterwards.
        initial: i128,
        /// Equity afterwards.
        equity: i128,
        /// Initial margin minus equity now.
        excess: i128,
    },
    /// A price off its grid.
    #[error("price {given} is not a positive multiple of the tick {tick} (raw, 8 decimals)")]
    OffTick {
        /// The price.
        given: i64,
        /// The tick.
        tick: i64,
    },
    /// A size off its grid.
    #[error("size {given} is not a positive multiple of the lot {lot} (raw, 6 decimals)")]
    OffLot {
        /// The size.
        given: i64,
        /// The lot.
        lot: i64,
    },
    /// The order book refuses.
    #[error("the order book refuses: {0}")]
    Book(String),
    /// No such order, or somebody else's.
    #[error("order {order} is not an open order of {account}")]
    UnknownOrder {
        /// The order.
        order: u64,
        /// Who asked.
        account: AccountId,
    },
    /// An account's order is the engine's own.
    #[error("order {0} belongs to the liquidation; only the engine cancels it")]
    EngineOrder(u64),
    /// There is no market data yet, or none for this expiry.
    #[error("{0} has no complete market data: {1}")]
    NoMarks(MarketId, String),
    /// The market data is too old to trade on or to liquidate by.
    #[error("the {what} of {pair} is from {published}, older than {limit_ms} ms at {now}")]
    Stale {
        /// The pair.
        pair: MarketId,
        /// What is stale.
        what: &'static str,
        /// When it was published.
        published: Timestamp,
        /// Now.
        now: Timestamp,
        /// How old it may be.
        limit_ms: i64,
    },
    /// Market data must get newer.
    #[error("{what} from {given} is not newer than the one from {last}")]
    NotNewer {
        /// What.
        what: &'static str,
        /// The newest accepted.
        last: Timestamp,
        /// The one given.
        given: Timestamp,
    },
    /// Market data from the future.
    #[error("{what} from {given} is later than now, {now}")]
    FromTheFuture {
        /// What.
        what: &'static str,
        /// The one given.
        given: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// A price that is not one.
    #[error("{0} is not a usable index price")]
    BadIndex(Price<8>),
    /// A surface that cannot be used: crossed, arbitrageable, incomplete.
    #[error("the surface is refused: {0}")]
    BadSurface(String),
    /// Nothing to settle: no option of the pair has this expiry, or it was settled.
    #[error("no open option of {pair} expires at {expiry}")]
    NothingExpires {
        /// The pair.
        pair: MarketId,
        /// The expiry.
        expiry: Timestamp,
    },
    /// An option cannot be settled before it expires.
    #[error("{expiry} has not come yet at {now}")]
    NotExpired {
        /// The expiry.
        expiry: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// Two accounts must keep the same owner and differ.
    #[error("{from} and {to} are not two accounts of the same owner")]
    NotSameOwner {
        /// Who pays.
        from: AccountId,
        /// Who is paid.
        to: AccountId,
    },
    /// A bid in a portfolio auction that does not stand.
    #[error("the bid is refused: {0}")]
    Bid(String),
    /// The account is not in the auction that the command names.
    #[error("{0} is not being auctioned")]
    NoAuction(AccountId),
    /// A partner quote that does not stand.
    #[error("the partner's quote is refused: {0}")]
    Partner(String),
    /// Funding comes once an hour.
    #[error(
        "funding of {pair} was last settled at {last}; the next is due an hour later, not at {given}"
    )]
    FundingTooEarly {
        /// The pair.
        pair: MarketId,
        /// The last time.
        last: Timestamp,
        /// The time given.
        given: Timestamp,
    },
    /// A bound of the venue.
    #[error("{what} is limited to {most}")]
    Bound {
        /// What.
        what: &'static str,
        /// The most allowed.
        most: u64,
    },
}

impl Refusal {
    /// A short name, for tallies.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Parameter { .. } => "Parameter",
            Self::UnknownPair(_) => "UnknownPair",
            Self::UnknownInstrument(_) => "UnknownInstrument",
            Self::Expired(_) => "Expired",
            Self::ListedTwice(_) => "ListedTwice",
            Self::ExpiryPassed { .. } => "ExpiryPassed",
            Self::TooManyInstruments(_) => "TooManyInstruments",
            Self::UnknownAccount(_) => "UnknownAccount",
            Self::AccountOutOfOrder { .. } => "AccountOutOfOrder",
            Self::Full => "Full",
            Self::NotPositive(_) => "NotPositive",
            Self::TooLarge(_) => "TooLarge",
            Self::Blocked { .. } => "Blocked",
            Self::InitialMargin { .. } => "InitialMargin",
            Self::OffTick { .. } => "OffTick",
            Self::OffLot { .. } => "OffLot",
            Self::Book(_) => "Book",
            Self::UnknownOrder { .. } => "UnknownOrder",
            Self::EngineOrder(_) => "EngineOrder",
            Self::NoMarks(..) => "NoMarks",
            Self::Stale { .. } => "Stale",
            Self::NotNewer { .. } => "NotNewer",
            Self::FromTheFuture { .. } => "FromTheFuture",
            Self::BadIndex(_) => "BadIndex",
            Self::BadSurface(_) => "BadSurface",
            Self::NothingExpires { .. } => "NothingExpires",
            Self::NotExpired { .. } => "NotExpired",
            Self::NotSameOwner { .. } => "NotSameOwner",
            Self::Bid(_) => "Bid",
            Self::NoAuction(_) => "NoAuction",
            Self::Partner(_) => "Partner",
            Self::FundingTooEarly { .. } => "FundingTooEarly",
            Self::Bound { .. } => "Bound",
        }
    }
}

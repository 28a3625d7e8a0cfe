//! Why a composed venue refuses.

use plimsoll_units::{AccountId, CaseId, MarketId, Timestamp};

use crate::backstop::fund::FundError;
use crate::backstop::partners::PartnerError;
use crate::backstop::vault::VaultError;

/// Why a composed venue refuses a command or a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Parts that do not fit together.
    #[error("the design does not fit together: {0}")]
    Misfit(String),
    /// A parameter out of bounds.
    #[error("{what} {given} is not in {least}..={most}")]
    OutOfBounds {
        /// Which.
        what: &'static str,
        /// The offending value.
        given: i128,
        /// The least.
        least: i128,
        /// The most.
        most: i128,
    },
    /// No such market.
    #[error("there is no {0}")]
    UnknownMarket(MarketId),
    /// A market without a mark.
    #[error("{0} has no mark yet")]
    NoMark(MarketId),
    /// A market priced twice in one command.
    #[error("{0} has two prices at once")]
    Twice(MarketId),
    /// No such account.
    #[error("there is no {0}")]
    UnknownAccount(AccountId),
    /// Accounts are numbered as they come.
    #[error("{given} cannot be opened before {next}")]
    AccountOutOfOrder {
        /// Whose deposit it is.
        given: AccountId,
        /// The number of the next account.
        next: AccountId,
    },
    /// A trade or transfer with oneself.
    #[error("{0} is on both sides")]
    SameAccount(AccountId),
    /// A quantity between two steps.
    #[error("the quantity {quantity} is not a multiple of the step {step}")]
    NotWholeSteps {
        /// The offending quantity, pips.
        quantity: u64,
        /// The market's step, pips.
        step: u64,
    },
    /// An account that cannot do this.
    #[error("{0} is the venue's own account")]
    OwnAccount(AccountId),
    /// The account has not so much.
    #[error("{account} has {has} of margin to spare, not {needs}")]
    Margin {
        /// Whose.
        account: AccountId,
        /// Equity less what it must keep (initial margin, where it is a participant's), pips.
        has: i128,
        /// What would be needed, pips.
        needs: i128,
    },
    /// The account is in liquidation.
    #[error("{0} is locked while it is liquidated")]
    Locked(AccountId),
    /// A second market in isolated margin.
    #[error("{account} already has its one position, in {holds}: margin is isolated")]
    OnePosition {
        /// Whose.
        account: AccountId,
        /// Where.
        holds: MarketId,
    },
    /// A limit.
    #[error("{what} would be {would}, above {most}")]
    Limit {
        /// Which limit.
        what: &'static str,
        /// What it would come to, pips.
        would: i128,
        /// The most, pips.
        most: i128,
    },
    /// No such case, or it is over.
    #[error("there is no open {0}")]
    UnknownCase(CaseId),
    /// Nothing is auctioned there.
    #[error("{case} auctions nothing in {market}")]
    NoAuction {
        /// Which case.
        case: CaseId,
        /// Which market.
        market: MarketId,
    },
    /// The vault cannot pay this out now.
    #[error("the vault could pay out {most}, not {asked}")]
    Vault {
        /// The most, pips.
        most: i128,
        /// What was asked, pips.
        asked: i128,
    },
    /// There is no vault.
    #[error("this venue has no vault")]
    NoVault,
    /// Withdrawals are shut after a loss of the fund.
    #[error("withdrawals are shut until {0}, after a loss of the insurance fund")]
    Shut(Timestamp),
    /// Shares of the vault that cannot be priced.
    #[error(transparent)]
    Shares(#[from] VaultError),
    /// The fund's own terms.
    #[error(transparent)]
    Fund(#[from] FundError),
    /// The partners' registry.
    #[error(transparent)]
    Partner(#[from] PartnerError),
}

impl Refusal {
    /// Its name, for tallies.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Misfit(_) => "Misfit",
            Self::OutOfBounds { .. } => "OutOfBounds",
            Self::UnknownMarket(_) => "UnknownMarket",
            Self::NoMark(_) => "NoMark",
            Self::Twice(_) => "Twice",
            Self::UnknownAccount(_) => "UnknownAccount",
            Self::AccountOutOfOrder { .. } => "AccountOutOfOrder",
            Self::SameAccount(_) => "SameAccount",
            Self::NotWholeSteps { .. } => "NotWholeSteps",
            Self::OwnAccount(_) => "OwnAccount",
            Self::Margin { .. } => "Margin",
            Self::Locked(_) => "Locked",
            Self::OnePosition { .. } => "OnePosition",
            Self::Limit { .. } => "Limit",
            Self::UnknownCase(_) => "UnknownCase",
            Self::NoAuction { .. } => "NoAuction",
            Self::Vault { .. } => "Vault",
            Self::NoVault => "NoVault",
            Self::Shut(_) => "Shut",
            Self::Shares(_) => "Shares",
            Self::Fund(_) => "Fund",
            Self::Partner(_) => "Partner",
        }
    }
}

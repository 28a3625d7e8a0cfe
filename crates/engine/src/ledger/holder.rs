//! Who can hold money.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, MarketId, PositionId, VenueId};

/// What a holder stands for. Discriminants are part of journals and snapshots: never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum HolderKind {
    /// Nobody: a closed slot.
    Closed = 0,
    /// The world outside the books; owes everything that is on them.
    Outside = 1,
    /// The issuer of a share asset; owes every share in circulation.
    Issuer = 2,
    /// A participant's free money on a venue.
    Wallet = 3,
    /// The collateral of one isolated position.
    Position = 4,
    /// The collateral of one account in one market.
    Collateral = 5,
    /// A liquidity vault's own money.
    Vault = 6,
    /// Profit and loss between the accounts of a market that is accrued but not settled yet.
    Clearing = 7,
    /// Losses nobody has covered yet: minus what is outstanding.
    Shortfall = 8,
    /// Fees that belong to the venue's protocol.
    ProtocolFees = 9,
    /// Fees that belong to the owner of a market.
    MarketFees = 10,
    /// Rounding remainders that belong to nobody else.
    Dust = 11,
    /// Liquidation rewards granted but payable only at settlement.
    PendingReward = 12,
    /// The reserves of a constant-product pair.
    Pair = 13,
    /// Shares nobody can ever take out: what a first deposit locks.
    Locked = 14,
    /// The quote balance of a cross-margin account: below zero while its positions are worth
    /// more than it has paid in.
    Margin = 15,
    /// A venue's insurance fund's own money.
    InsuranceFund = 16,
}

impl HolderKind {
    /// Whether a balance below zero is meaningful for this kind.
    #[must_use]
    pub const fn may_owe(self) -> bool {
        matches!(
            self,
            Self::Outside | Self::Issuer | Self::Clearing | Self::Shortfall | Self::Margin
        )
    }
}

/// One holder: its kind, its venue and, as the kind asks, a market and a number.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Holder {
    /// The account or position number, where the kind has one.
    pub number: u64,
    /// The venue.
    pub venue: VenueId,
    /// The market, where the kind has one.
    pub market: MarketId,
    /// What it stands for.
    pub kind: HolderKind,
}

impl Holder {
    pub(crate) const CLOSED: Self = Self {
        number: 0,
        venue: VenueId(0),
        market: MarketId(0),
        kind: HolderKind::Closed,
    };

    /// A holder that a venue has one of: outside, issuer, vault, protocol fees, dust.
    #[must_use]
    pub const fn of_venue(kind: HolderKind, venue: VenueId) -> Self {
        Self {
            number: 0,
            venue,
            market: MarketId(0),
            kind,
        }
    }

    /// A holder that each market has one of: clearing, shortfall, market fees.
    #[must_use]
    pub const fn of_market(kind: HolderKind, venue: VenueId, market: MarketId) -> Self {
        Self {
            number: 0,
            venue,
            market,
            kind,
        }
    }

    /// A participant's wallet.
    #[must_use]
    pub fn wallet(venue: VenueId, account: AccountId) -> Self {
        Self {
            number: account.0.into(),
            venue,
            market: MarketId(0),
            kind: HolderKind::Wallet,
        }
    }

    /// The quote balance of a cross-margin account.
    #[must_use]
    pub fn margin(venue: VenueId, account: AccountId) -> Self {
        Self {
            number: account.0.into(),
            venue,
            market: MarketId(0),
            kind: HolderKind::Margin,
        }
    }

    /// The collateral of one account in one market.
    #[must_use]
    pub fn collateral(venue: VenueId, market: MarketId, account: AccountId) -> Self {
        Self {
            number: account.0.into(),
            venue,
            market,
            kind: HolderKind::Collateral,
        }
    }

    /// The collateral of one isolated position.
    #[must_use]
    pub const fn position(venue: VenueId, market: MarketId, position: PositionId) -> Self {
        Self {
            number: position.0,
            venue,
            market,
            kind: HolderKind::Position,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = |f: &mut fmt::Formatter<'_>, what: &str| {
            write!(f, "{what} of account-{} ({})", self.number, self.venue)
        };
        match self.kind {
            HolderKind::Closed => f.write_str("nobody"),
            HolderKind::Outside => write!(f, "the outside world ({})", self.venue),
            HolderKind::Issuer => write!(f, "the share issuer ({})", self.venue),
            HolderKind::Wallet => account(f, "the wallet"),
            HolderKind::Position => {
                write!(
                    f,
                    "the collateral of {} ({})",
                    PositionId(self.number),
                    self.venue
                )
            }
            HolderKind::Collateral => {
                write!(
                    f,
                    "the collateral of account-{} in {} ({})",
                    self.number, self.market, self.venue
                )
            }
            HolderKind::Vault => write!(f, "the vault ({})", self.venue),
            HolderKind::Clearing => write!(f, "the clearing of {} ({})", self.market, self.venue),
            HolderKind::Shortfall => {
                write!(f, "the shortfall of {} ({})", self.market, self.venue)
            }
            HolderKind::ProtocolFees => write!(f, "the protocol's fees ({})", self.venue),
            HolderKind::MarketFees => write!(f, "the fees of {} ({})", self.market, self.venue),
            HolderKind::Dust => write!(f, "rounding dust ({})", self.venue),
            HolderKind::PendingReward => account(f, "the pending reward"),
            HolderKind::Pair => write!(f, "the pair's reserves ({})", self.venue),
            HolderKind::Locked => write!(f, "what is locked for ever ({})", self.venue),
            HolderKind::Margin => account(f, "the margin balance"),
            HolderKind::InsuranceFund => write!(f, "the insurance fund ({})", self.venue),
        }
    }
}

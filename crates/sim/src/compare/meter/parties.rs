//! Who bears losses and who is paid: the same names in every design's measures.

/// Who bears a loss beyond what a bankrupt trader had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bearer {
    /// A fund set aside for it.
    InsuranceFund,
    /// The vault that is the traders' counterparty: its liquidity providers.
    Vault,
    /// Lenders of liquidity, whose claim is written down.
    Lenders,
    /// Makers on the other side of a product.
    Makers,
    /// Counterparties who were deleveraged at a price worse than the mark.
    Deleveraged,
    /// Accounts in profit, each a share.
    Socialised,
    /// Nobody yet: claims that whoever withdraws last is not paid.
    Nobody,
}

impl Bearer {
    /// Its name for a reader.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::InsuranceFund => "insurance fund",
            Self::Vault => "vault's liquidity providers",
            Self::Lenders => "lenders of liquidity",
            Self::Makers => "makers",
            Self::Deleveraged => "deleveraged counterparties",
            Self::Socialised => "accounts in profit (socialised)",
            Self::Nobody => "nobody: claims unpaid",
        }
    }
}

/// Who receives a reward or an incentive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Payee {
    /// Whoever sent the liquidation: bounties, rewards, an outside liquidator's profit.
    Keepers,
    /// Partners who took positions below the mark.
    Partners,
    /// Bidders in auctions and takers of the liquidation's orders.
    Bidders,
    /// The insurance fund: liquidation fees.
    InsuranceFund,
    /// The venue's own service, which sends the liquidations.
    Dispatcher,
    /// The protocol's treasury.
    Protocol,
}

impl Payee {
    /// Its name for a reader.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Keepers => "keepers",
            Self::Partners => "liquidation partners",
            Self::Bidders => "bidders",
            Self::InsuranceFund => "insurance fund (fees)",
            Self::Dispatcher => "dispatcher",
            Self::Protocol => "protocol",
        }
    }
}

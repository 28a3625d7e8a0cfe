//! Why the liquidation service refuses a command.

use plimsoll_units::AccountId;

use crate::backstop::fund::FundError;
use crate::backstop::partners::PartnerError;

/// Why the liquidation service refuses. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceRefusal {
    /// The wallet is not whitelisted for the partner programme; the venue's own text.
    #[error("UNAUTHORIZED_LPP_WALLET")]
    UnauthorizedLppWallet(AccountId),
    /// A side-channel order of a shape the programme does not take.
    #[error("a liquidation acquisition order {0}")]
    Shape(&'static str),
    /// An order of the fund for the book, of a shape that could stand there.
    #[error("an order of the fund for the book {0}")]
    BookShape(&'static str),
    /// A quote's signature is not its wallet's, nor of a key the wallet authorised.
    #[error("Invalid wallet signature for quote")]
    QuoteSignature,
    /// A quote whose nonce is void, or of no use.
    #[error("the quote's nonce is not a valid one any more")]
    QuoteNonce,
    /// The market an order names is not listed.
    #[error("the order is for a market that is not listed")]
    UnknownSymbol,
    /// An order of the fund that is not the fund's, or not reduce-only and signed by its key.
    #[error("IF order must be reduce only and signed by DK")]
    FundOrder,
    /// The fund has too many standing orders.
    #[error("the fund already has {0} standing orders")]
    TooManyFundOrders(usize),
    /// No such order of the fund.
    #[error("the fund has no such standing order")]
    UnknownFundOrder,
    /// The fund bore a deficit a moment ago.
    #[error("withdrawals are shut until {0}, because the insurance fund bore a deficit")]
    Shut(plimsoll_units::Timestamp),
    /// The partners' registry.
    #[error(transparent)]
    Partner(#[from] PartnerError),
    /// The fund's policy.
    #[error(transparent)]
    Fund(#[from] FundError),
}

impl ServiceRefusal {
    /// The name it is tallied under.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UnauthorizedLppWallet(_) => "UNAUTHORIZED_LPP_WALLET",
            Self::Shape(_) => "LiquidationAcquisitionShape",
            Self::BookShape(_) => "FundBookOrderShape",
            Self::QuoteSignature => "QuoteSignature",
            Self::QuoteNonce => "QuoteNonce",
            Self::UnknownSymbol => "UnknownSymbol",
            Self::FundOrder => "InsuranceFundOrder",
            Self::TooManyFundOrders(_) => "TooManyFundOrders",
            Self::UnknownFundOrder => "UnknownFundOrder",
            Self::Shut(_) => "WithdrawalsShut",
            Self::Partner(_) => "Partner",
            Self::Fund(_) => "Fund",
        }
    }
}

impl From<ServiceRefusal> for crate::Rejection {
    fn from(refusal: ServiceRefusal) -> Self {
        Self::Kuma(super::super::Refusal::Service(refusal))
    }
}

impl From<PartnerError> for crate::Rejection {
    fn from(error: PartnerError) -> Self {
        ServiceRefusal::Partner(error).into()
    }
}

impl From<FundError> for crate::Rejection {
    fn from(error: FundError) -> Self {
        ServiceRefusal::Fund(error).into()
    }
}

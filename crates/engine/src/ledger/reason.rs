//! Why money moves. Every movement carries one of these, and a report can total by them.

use borsh::{BorshDeserialize, BorshSerialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// Why money moved. Discriminants are part of journals: never reused.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            BorshSerialize, BorshDeserialize,
        )]
        #[borsh(use_discriminant = true)]
        #[repr(u8)]
        pub enum Reason {
            $($(#[$doc])* $name = $number,)*
        }

        impl Reason {
            /// Every reason, in number order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The reason in a few plain words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

reasons! {
    /// A participant brings money in.
    Deposit = 0, "deposit";
    /// A participant takes money out.
    Withdrawal = 1, "withdrawal";
    /// Free money becomes a position's collateral.
    CollateralAdded = 2, "collateral added";
    /// A position's collateral becomes free money.
    CollateralReturned = 3, "collateral returned";
    /// A fee on opening, increasing, decreasing or closing.
    TradingFee = 4, "trading fee";
    /// The price of borrowing the vault's liquidity over time.
    BorrowingFee = 5, "borrowing fee";
    /// Funding between longs and shorts.
    Funding = 6, "funding";
    /// Profit paid to a trader.
    Profit = 7, "profit";
    /// Loss paid by a trader.
    Loss = 8, "loss";
    /// Collateral taken in a liquidation.
    Confiscation = 9, "confiscated collateral";
    /// The share of whoever registered the liquidation first.
    FirstCallerBounty = 10, "first caller's bounty";
    /// The share of whoever carried the liquidation out.
    ResolverBounty = 11, "resolver's bounty";
    /// The reward of a liquidator.
    LiquidationReward = 12, "liquidation reward";
    /// Accrued profit, loss and funding settled to an account.
    Settlement = 13, "settlement of accrued profit and loss";
    /// A fee on the change of a position, debited at once.
    PositionFee = 14, "position fee";
    /// The protocol's share of fees.
    ProtocolShare = 15, "protocol's share of fees";
    /// The market owner's share of fees.
    MarketShare = 16, "market owner's share of fees";
    /// A loss beyond an account's balance.
    ShortfallIncurred = 17, "loss beyond the balance";
    /// Somebody covers outstanding losses.
    ShortfallResolved = 18, "shortfall resolved";
    /// A liquidity provider's money enters the vault.
    LiquidityAdded = 19, "liquidity added";
    /// A liquidity provider's money leaves the vault.
    LiquidityRemoved = 20, "liquidity removed";
    /// Shares handed to a liquidity provider.
    SharesIssued = 21, "shares issued";
    /// Shares taken back from a liquidity provider.
    SharesBurned = 22, "shares burned";
    /// A remainder of rounding.
    RoundingDust = 23, "rounding dust";
    /// A trade on a constant-product pair.
    Swap = 24, "swap";
    /// Sent to an address ahead of the call that will count it.
    SentAhead = 25, "sent ahead of a call";
    /// A payment beyond what was owed, returned.
    ExcessReturned = 26, "excess returned";
    /// Collateral that repays borrowed liquidity.
    LoanRepaid = 27, "loan repaid";
    /// The price of what was bought on a book or from a counterparty.
    Trade = 28, "trade";
    /// A liquidated account's position taken over, at the price of the rule.
    Acquisition = 29, "position acquired in a liquidation";
    /// What is left of a liquidated account after its positions are gone, either sign.
    DustSweep = 30, "rest of a liquidated account";
    /// An acquired position handed to a liquidation partner.
    HandOff = 31, "position handed to a partner";
    /// A position reduced against a counterparty by deleveraging.
    Deleveraging = 32, "deleveraging";
    /// A fee on being liquidated.
    LiquidationFee = 33, "liquidation fee";
    /// The insurance fund pays what an account could not.
    InsurancePayout = 34, "insurance fund's payment";
    /// A loss shared among accounts in profit.
    LossSocialised = 35, "socialised loss";
    /// An option's price, paid by its buyer.
    Premium = 36, "option premium";
    /// A share of a portfolio sold in an auction.
    AuctionPayment = 37, "auction payment";
    /// An expired option's value.
    Expiry = 38, "option expiry";
    /// Between two accounts of one owner.
    Transfer = 39, "transfer";
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

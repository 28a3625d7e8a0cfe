//! What happens on a composed venue, beside money and cases.

use borsh::{BorshDeserialize, BorshSerialize};
use plimsoll_units::{AccountId, CaseId, MarketId};

/// Who took a liquidated position, and through which stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Taker {
    /// The acquirer, at the bankruptcy price (`acquire`).
    Acquirer = 0,
    /// The acquirer, a part at a discount (`reduce`).
    Reduced = 1,
    /// A liquidation partner (`hand-off`).
    Partner = 2,
    /// The street's book (`close-on-book`, `hedge`).
    Book = 3,
    /// A bidder (`auction`).
    Bidder = 4,
    /// A sound account on the other side (`deleverage`).
    Counterparty = 5,
    /// The vault, for the confiscated collateral or at the price in force (`confiscate`,
    /// `force-close`, `close-next-version`).
    Vault = 6,
}

/// Something particular to a composed venue.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Event {
    /// A mark changed.
    Marked {
        /// Of which market.
        market: MarketId,
        /// To what, pips.
        price: u64,
    },
    /// A position of a case changed hands.
    Moved {
        /// For which case.
        case: CaseId,
        /// In which market.
        market: MarketId,
        /// Who gave it up: the account, or the acquirer.
        from: AccountId,
        /// Who took it.
        to: AccountId,
        /// As what.
        taker: Taker,
        /// Signed size given up, pips of base.
        size: i64,
        /// Price per unit, pips, rounded to nearest (the exact money is in `quote`).
        price: u64,
        /// Exact quote that went with it, positive, pips.
        quote: i128,
        /// The mark of the moment, pips.
        mark: u64,
    },
    /// A case's positions are offered, from this incentive on.
    Auctioned {
        /// Which case.
        case: CaseId,
        /// The level of the ladder.
        level: u32,
    },
    /// A loss was shared: this account's part.
    Socialised {
        /// For which case.
        case: CaseId,
        /// Whose part.
        account: AccountId,
        /// How much, pips.
        amount: i128,
    },
    /// What was left of a bankrupt account's debt, and nobody paid.
    Unpaid {
        /// For which case.
        case: CaseId,
        /// Whose debt.
        account: AccountId,
        /// How much, pips.
        amount: i128,
    },
    /// An account is under its requirement, and the trigger waits.
    Warned {
        /// Which account.
        account: AccountId,
        /// What it has, pips.
        equity: i128,
        /// What it must have, pips.
        requirement: i128,
    },
    /// A warned account is sound again.
    Relieved {
        /// Which account.
        account: AccountId,
    },
}

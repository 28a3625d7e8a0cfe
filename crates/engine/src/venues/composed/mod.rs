//! A venue composed by an operator: any position-based margin with any stages that apply.
//!
//! The five venues beside this one reproduce somebody's rules. This one has none of its own: its
//! [`Config`] names a margin model, a trigger, a lock, a procedure of the shared
//! [`Stage`](crate::liquidation::Stage)s, backstops and limits, and what it does is what those
//! rooms do. What does not fit together is refused with the reason when the venue is made
//! ([`Config::check`]).
//!
//! Accounting: an account has one quote balance ([`HolderKind::Margin`](crate::ledger::HolderKind)),
//! which may be below zero, and signed positions. A trade moves `quantity x price` of quote from
//! the buyer to the seller, rounded once (up, in favour of the seller), so that quote and sizes
//! both sum to zero over all accounts at all times. Equity is the balance plus the positions at
//! the mark. Four accounts are the venue's own (see [`accounts`]): the *street*, which makes the
//! books and takes the other side of calm trading; the insurance *fund*; the *vault* of liquidity
//! providers; and the *keeper*, who is paid rewards. None of them is ever liquidated.
//!
//! Invariants: sizes of each market sum to zero; quote sums to what came in less what went out; an
//! account is liquidated only when the margin model and trigger say so at that moment; every loss
//! beyond an account's money has a named bearer; a refused command changes nothing.
//! Units: pips (1e-8) of quote, base, price and fractions, as in [`crate::margin::cross`].

mod command;
mod config;
mod event;
mod refusal;

pub use command::{Command, Fill, Level};
pub use config::{
    Acquirer, Backstops, Config, FundTerms, Limits, Lock, Margin, Market, Scenarios, Trigger,
    VaultTerms,
};
pub use event::{Event, Taker};
pub use refusal::Refusal;

/// The venue's own accounts.
pub mod accounts {
    use plimsoll_units::AccountId;

    /// Makes the books, and takes the other side of calm trading.
    pub const STREET: AccountId = AccountId(0);
    /// The insurance fund.
    pub const FUND: AccountId = AccountId(1);
    /// The liquidity providers' vault.
    pub const VAULT: AccountId = AccountId(2);
    /// Who is paid the rewards of liquidations.
    pub const KEEPER: AccountId = AccountId(3);
    /// The first account of a participant.
    pub const FIRST: AccountId = AccountId(4);
}

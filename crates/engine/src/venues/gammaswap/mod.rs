//! GammaSwap V1: loans of a pair's liquidity against its two reserve tokens.
//!
//! A constant-product pair issues LP tokens. Lenders put LP tokens into a pool; a borrower takes
//! some out, burns them, and holds the two reserve tokens that come out, and its own, as
//! collateral. Debt and collateral are measured in *invariant units*, the root of the product of
//! two token amounts, so a price move alone never liquidates: interest and the pair's own fees
//! do, which are charged to every loan through one fee index, by block.
//!
//! ```text
//! C = isqrt(t0 * t1)                 collateral
//! D = liquidity * index / rate_index debt, rounded down
//! liquidatable   D > C * T / 10000   strictly; T = 9950 by the page
//! ```
//!
//! Liquidators repay with LP tokens, out of the loan's collateral, or for many loans at once;
//! what the collateral does not cover is written down, and that is the lenders' loss. Two
//! generations of the rules exist and both are here: what the page describes (`a`), and the
//! contracts since June 2023 (`b`).
//!
//! What holds:
//! * reserve tokens, LP tokens and shares are conserved to the raw unit ([`GammaSwap::audit`]);
//! * the venue computes with the integers, the truncations and the order of operations of the
//!   contracts, and refuses by their names;
//! * no loan is liquidatable without an open case after a command, unless no command has charged
//!   interest since: the watch has one trip per loan on the fee index;
//! * a refused command changes nothing.
//!
//! Units: raw units of the tokens; indices and rates are 1e18 = 1; thresholds and fees in basis
//! points.

mod accrual;
mod books;
mod borrowing;
mod command;
mod config;
pub mod cpmm;
mod debt;
mod explain;
mod keeper;
mod lending;
mod liquidate;
mod liquidate_a;
mod liquidate_b;
mod pair;
pub mod plan;
mod quote;
mod rates;
pub mod rebalance;
mod refusal;
mod start;
mod state;
mod storage;
mod trade;
mod undo;
mod venue;
mod word;

pub use accrual::{Accrued, Seen, accrue, origination_fee_bps};
pub use command::{Action, Command, Event, Form, Liquidation, Purse, Sent};
pub use config::{Assets, Config, Generation, MAX_BATCH, MAX_LOANS, Params};
pub use quote::Quote;
pub use rates::{Rate, RateModel, utilisation};
pub use refusal::Refusal;
pub use state::{LoanState, State, Wallet};
pub use storage::{Loan, LoanId, Storage};
pub use venue::GammaSwap;
pub use word::{BPS, ONE, invariant, isqrt};

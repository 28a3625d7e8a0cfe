//! Limits: how much open interest a vault lets each market and side have, and how much one trade
//! may win from it.

pub mod open_interest;
pub mod profit;

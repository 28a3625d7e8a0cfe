//! Health: equity against requirement, one file per kind of account.

pub mod cross;
pub mod isolated;
pub mod liquidity;
pub mod portfolio;
pub mod versioned;

//! Who absorbs what a liquidated account cannot pay, and who is its counterparty.

pub mod deleverage;
pub mod fund;
pub mod partners;
pub mod vault;
pub mod window;

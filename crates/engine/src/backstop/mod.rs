//! Who absorbs what a liquidated account cannot pay, and who is its counterparty.

pub mod vault;

//! Liquidity loans in replay: a small scenario kept, laws of a replay, refused histories, and the
//! real history of the USDC/WETH pool where it is at hand.

mod histories;
mod replayed;

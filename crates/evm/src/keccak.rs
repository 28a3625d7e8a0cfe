//! The one hash of this crate: Keccak-256 as Ethereum uses it (not SHA3-256, whose padding
//! differs).

use plimsoll_engine::venues::kuma::Hash;
use sha3::{Digest, Keccak256};

/// Keccak-256 of some bytes.
#[must_use]
pub fn keccak256(bytes: &[u8]) -> Hash {
    Keccak256::digest(bytes).into()
}

/// Where a market stands among others: by the hash of its base symbol, ascending. Kuma keeps the
/// open markets of a wallet in this order, so it is also the order of the quotes of a liquidation
/// (`SortedStringSet.sol`).
#[must_use]
pub fn symbol_rank(base_symbol: &str) -> Hash {
    keccak256(base_symbol.as_bytes())
}

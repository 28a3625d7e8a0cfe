//! Signed orders: typed-data digests (EIP-712), secp256k1 signatures and who made them.

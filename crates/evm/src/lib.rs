//! Signed orders: what exactly is signed, who signed it, and signing.
//!
//! The engine never does cryptography. It is told the digest of an order and whose signature the
//! order carries; this crate works both out from the order's fields and the signature's bytes:
//!
//! ```
//! use plimsoll_evm::{Domain, Signer, authenticate, sign};
//! # use plimsoll_engine::venues::kuma::*;
//! let domain = Domain::kuma(Address([7; 20]));
//! let partner = Signer::for_simulation(1, "partner");
//! # let order = Order {
//! #     nonce: plimsoll_evm::nonce_at(1_760_000_000_000, 1).unwrap(),
//! #     wallet: partner.address(),
//! #     market_symbol: "ETH-USD".to_owned(),
//! #     order_type: OrderType::Limit,
//! #     side: OrderSide::Sell,
//! #     quantity: 10,
//! #     limit_price: 20,
//! #     trigger_price: 0,
//! #     trigger_type: TriggerType::None,
//! #     callback_rate: 0,
//! #     conditional_order_id: 0,
//! #     is_reduce_only: false,
//! #     time_in_force: TimeInForce::Gtx,
//! #     self_trade_prevention: SelfTradePrevention::DecreaseAndCancel,
//! #     is_liquidation_acquisition_only: true,
//! #     delegated_public_key: Address::ZERO,
//! #     client_order_id: String::new(),
//! # };
//! let signed = sign(order.clone(), &partner, &domain)?;
//! assert_eq!(authenticate(order, &signed.signature, &domain)?, signed);
//! assert_eq!(signed.signer, partner.address());
//! # Ok::<(), plimsoll_evm::SignatureError>(())
//! ```
//!
//! Invariants: one number has one text ([`pips_from_text`]), one signature has one form
//! ([`recover`]), so nothing that was signed can come in twice under two hashes. A forged
//! signature is not an error here but another signer; the engine compares. No network, no clock,
//! no chance: signatures are deterministic (RFC 6979).

mod address;
mod error;
mod hex;
mod keccak;
mod messages;
mod nonce;
mod order;
mod pips;
mod quote;
mod signature;
mod typed;

pub use address::{address_from_text, address_to_text};
pub use error::{FieldError, SignatureError};
pub use hex::{from_hex, to_hex};
pub use keccak::{keccak256, symbol_rank};
pub use messages::{
    DELEGATION_MESSAGE, DelegatedKeyAuthorization, IndexPrice, MarginFractionOverride,
    QUOTE_SYMBOL, TEXT_LIMIT, Transfer, Withdrawal,
};
pub use nonce::{nonce_at, nonce_time_ms};
pub use order::{WireOrder, authenticate, order_digest, recheck, sign};
pub use pips::{pips_from_text, pips_to_text};
pub use plimsoll_engine::venues::kuma::{Address, Hash};
pub use signature::{SignatureBytes, Signer, recover};
pub use typed::{Domain, Signed, Typed, Words, digest, struct_hash};

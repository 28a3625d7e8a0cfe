//! What the venue's users sign besides orders: delegated keys, index prices, a user's own leverage
//! limit, withdrawals and transfers (`Constants.sol`, `KumaIndexAndOraclePriceAdapter.sol`, and
//! `signatures.ts` of its SDK). Prices and fractions are signed as text with eight decimals.

use crate::nonce::nonce_time_ms;
use crate::typed::{Typed, Words};
use crate::{Address, FieldError, pips_to_text};

/// What a wallet signs, word for word, to let another key sign orders for it.
pub const DELEGATION_MESSAGE: &str = "Sign this free message to prove you control this wallet";

/// The quote of every market, as index prices name it.
pub const QUOTE_SYMBOL: &str = "USD";

/// The longest text a message may hold, in bytes; the venue's own are far below.
pub const TEXT_LIMIT: usize = 256;

pub(crate) fn within(field: &'static str, length: usize) -> Result<(), FieldError> {
    if length > TEXT_LIMIT {
        return Err(FieldError::TooLong {
            field,
            length,
            limit: TEXT_LIMIT,
        });
    }
    Ok(())
}

/// A wallet lets another key sign its orders (never withdrawals or transfers). Signed by the
/// wallet; how long it holds counts from the nonce's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegatedKeyAuthorization {
    /// Version 1 UUID.
    pub nonce: u128,
    /// The key's account.
    pub delegated_key: Address,
}

impl Typed for DelegatedKeyAuthorization {
    const TYPE: &'static str =
        "DelegatedKeyAuthorization(uint128 nonce,address delegatedPublicKey,string message)";

    fn fields(&self, words: Words) -> Words {
        words
            .number(self.nonce)
            .address(self.delegated_key)
            .text(DELEGATION_MESSAGE)
    }

    fn check(&self) -> Result<(), FieldError> {
        nonce_time_ms("nonce", self.nonce).map(drop)
    }
}

/// An index price as its service publishes it. Whether the signer is one of the venue's services,
/// and whether the price is newer than the last, is for the venue to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPrice {
    /// Base asset, `ETH`.
    pub base_symbol: String,
    /// Milliseconds since 1970.
    pub timestamp_ms: u64,
    /// USD per base, in pips.
    pub price: u64,
}

impl Typed for IndexPrice {
    const TYPE: &'static str = "IndexPrice(string baseAssetSymbol,string quoteAssetSymbol,uint64 timestampInMs,string price)";

    fn fields(&self, words: Words) -> Words {
        words
            .text(&self.base_symbol)
            .text(QUOTE_SYMBOL)
            .number(self.timestamp_ms.into())
            .text(&pips_to_text(self.price))
    }

    fn check(&self) -> Result<(), FieldError> {
        within("baseAssetSymbol", self.base_symbol.len())
    }
}

/// A user's own limit on leverage in one market: the higher of this fraction and the market's
/// rules his orders. It is known off chain alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarginFractionOverride {
    /// Version 1 UUID.
    pub nonce: u128,
    /// The wallet.
    pub wallet: Address,
    /// The market, `ETH-USD`.
    pub market_symbol: String,
    /// Initial margin fraction in pips; nothing takes the limit away.
    pub fraction: Option<u64>,
    /// The key that signs for the wallet; zero when the wallet signs itself.
    pub delegated_key: Address,
}

impl Typed for MarginFractionOverride {
    const TYPE: &'static str = "InitialMarginFractionOverrideSettings(uint128 nonce,address wallet,\
         string marketSymbol,string initialMarginFractionOverride,address delegatedPublicKey)";

    fn fields(&self, words: Words) -> Words {
        words
            .number(self.nonce)
            .address(self.wallet)
            .text(&self.market_symbol)
            .text(&self.fraction.map(pips_to_text).unwrap_or_default())
            .address(self.delegated_key)
    }

    fn check(&self) -> Result<(), FieldError> {
        nonce_time_ms("nonce", self.nonce)?;
        within("marketSymbol", self.market_symbol.len())
    }
}

/// Collateral is to leave the exchange. Signed by the wallet, never by a delegated key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Version 1 UUID.
    pub nonce: u128,
    /// The wallet.
    pub wallet: Address,
    /// How much leaves it, fee included, in pips.
    pub quantity: u64,
    /// The most that may be taken out of it for gas, in pips.
    pub maximum_gas_fee: u64,
    /// The contract that carries it to another chain; zero for none.
    pub bridge_adapter: Address,
    /// What that contract is told.
    pub bridge_adapter_payload: Vec<u8>,
}

impl Typed for Withdrawal {
    const TYPE: &'static str = "Withdrawal(uint128 nonce,address wallet,string quantity,\
         string maximumGasFee,address bridgeAdapter,bytes bridgeAdapterPayload)";

    fn fields(&self, words: Words) -> Words {
        words
            .number(self.nonce)
            .address(self.wallet)
            .text(&pips_to_text(self.quantity))
            .text(&pips_to_text(self.maximum_gas_fee))
            .address(self.bridge_adapter)
            .bytes(&self.bridge_adapter_payload)
    }

    fn check(&self) -> Result<(), FieldError> {
        nonce_time_ms("nonce", self.nonce)?;
        within("bridgeAdapterPayload", self.bridge_adapter_payload.len())
    }
}

/// Collateral goes from one wallet to another. Signed by the first, never by a delegated key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Version 1 UUID.
    pub nonce: u128,
    /// Where it comes from.
    pub source: Address,
    /// Where it goes.
    pub destination: Address,
    /// How much leaves the first, fee included, in pips.
    pub quantity: u64,
}

impl Typed for Transfer {
    const TYPE: &'static str =
        "Transfer(uint128 nonce,address sourceWallet,address destinationWallet,string quantity)";

    fn fields(&self, words: Words) -> Words {
        words
            .number(self.nonce)
            .address(self.source)
            .address(self.destination)
            .text(&pips_to_text(self.quantity))
    }

    fn check(&self) -> Result<(), FieldError> {
        nonce_time_ms("nonce", self.nonce).map(drop)
    }
}

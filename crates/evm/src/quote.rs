//! A partner's offset quote: an extension of this engine, not the venue's. Its type's name says
//! so, and no signature of the venue's can be taken for one.

use plimsoll_engine::venues::kuma::waterfall::{OffsetQuote, SignedQuote};

use crate::messages::within;
use crate::nonce::nonce_time_ms;
use crate::typed::{Signed, Typed, Words};
use crate::{FieldError, pips_to_text};

impl Typed for OffsetQuote {
    const TYPE: &'static str = "PlimsollOffsetQuote(uint128 nonce,address wallet,\
         string marketSymbol,uint8 orderSide,int32 maximumOffsetInBasisPoints,string capacity,\
         int64 expiresAtInMs,address delegatedPublicKey)";

    fn fields(&self, words: Words) -> Words {
        words
            .number(self.nonce)
            .address(self.wallet)
            .text(&self.market_symbol)
            .number(self.side.number().into())
            .signed(self.max_offset_bps.into())
            .text(&pips_to_text(self.capacity))
            .signed(self.expires.0.into())
            .address(self.delegated_public_key)
    }

    fn check(&self) -> Result<(), FieldError> {
        nonce_time_ms("nonce", self.nonce)?;
        within("marketSymbol", self.market_symbol.len())
    }
}

impl From<Signed<OffsetQuote>> for SignedQuote {
    fn from(signed: Signed<OffsetQuote>) -> Self {
        Self {
            quote: signed.message,
            hash: signed.hash,
            signer: signed.signer,
        }
    }
}

//! Decimal text of a number of pips (1e-8), exactly as it is signed.
//!
//! There is one text for each number: digits without leading zeros, a point, eight digits
//! (`String.sol`, `pipsToDecimalString`). Anything else is refused: a client that sends seven
//! decimals would sign one number and mean another.

use crate::FieldError;

/// Pips in one whole unit.
const ONE: u64 = 100_000_000;
const DECIMALS: usize = 8;

/// The text that is signed for a number of pips: `1234567890` is `12.34567890`.
#[must_use]
pub fn pips_to_text(pips: u64) -> String {
    format!("{}.{:08}", pips / ONE, pips % ONE)
}

/// Reads such a text; `field` is the name an error gives.
///
/// # Errors
/// [`FieldError::NotPips`] for any other text, [`FieldError::TooManyPips`] beyond 64 bits.
pub fn pips_from_text(field: &'static str, text: &str) -> Result<u64, FieldError> {
    let not_pips = || FieldError::not_pips(field, text);
    let (whole, fraction) = text.split_once('.').ok_or_else(not_pips)?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let padded = whole.len() > 1 && whole.starts_with('0');
    if !digits(whole) || !digits(fraction) || padded || fraction.len() != DECIMALS {
        return Err(not_pips());
    }
    let parse = |part: &str| part.parse::<u64>().ok();
    parse(whole)
        .and_then(|units| units.checked_mul(ONE))
        .zip(parse(fraction))
        .and_then(|(units, rest)| units.checked_add(rest))
        .ok_or_else(|| FieldError::too_many_pips(field, text))
}

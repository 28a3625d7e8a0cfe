//! Hexadecimal text with `0x` in front, in and out.

use std::fmt::Write as _;

use crate::FieldError;

/// Writes bytes as `0x` and two digits each, in small letters.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::from("0x");
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Reads exactly `N` bytes: `0x` and `2 N` digits, capital or small.
///
/// # Errors
/// [`FieldError::NotHex`] with the field's name and the text.
pub fn from_hex<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], FieldError> {
    let refused = || FieldError::not_hex(field, text, N);
    let digits = text.strip_prefix("0x").ok_or_else(refused)?.as_bytes();
    if digits.len() != N.saturating_mul(2) {
        return Err(refused());
    }
    let mut bytes = [0u8; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|d| char::from(d).to_digit(16));
        let value = high
            .zip(low)
            .and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
        *byte = value.ok_or_else(refused)?;
    }
    Ok(bytes)
}

//! Accounts as text: `0x` and forty digits, whose capital letters are a checksum (EIP-55).

use crate::{Address, FieldError, from_hex, keccak256, to_hex};

/// The text of an account, with its checksum in the capitals.
#[must_use]
pub fn address_to_text(address: Address) -> String {
    let small = to_hex(&address.0);
    let hash = keccak256(small.trim_start_matches("0x").as_bytes());
    // Each half of a byte of the hash decides about one digit.
    let halves = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    let digits = small.chars().skip(2).zip(halves);
    let cased = digits.map(|(digit, half)| match half {
        0..8 => digit,
        _ => digit.to_ascii_uppercase(),
    });
    "0x".chars().chain(cased).collect()
}

/// Reads an account. Letters all small or all capital carry no checksum; mixed ones must carry
/// the right one, so that a mistyped account is found.
///
/// # Errors
/// [`FieldError::NotHex`], [`FieldError::Checksum`].
pub fn address_from_text(field: &'static str, text: &str) -> Result<Address, FieldError> {
    let address = Address(from_hex(field, text)?);
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let has = |which: fn(&u8) -> bool| digits.as_bytes().iter().any(which);
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let right = address_to_text(address);
    if mixed && right != text {
        return Err(FieldError::Checksum {
            field,
            text: text.to_owned(),
            right,
        });
    }
    Ok(address)
}

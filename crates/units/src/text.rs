//! Decimal text in and out, exactly.
//!
//! Accepted: an optional sign, digits, an optional point with digits. Refused: exponents, `NaN`,
//! `inf`, blanks, separators, an empty integer part, and more decimals than the type holds (a
//! price feed that sends them is wrong about its grid, and rounding it silently would hide that).

/// Why a text is not a number of this type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberTextError {
    /// Not a plain decimal number.
    #[error("{0:?} is not a plain decimal number (digits, optional sign and point)")]
    NotANumber(String),
    /// More decimals than the type holds.
    #[error("{text:?} has more than {decimals} decimals")]
    TooManyDecimals {
        /// The text as given.
        text: String,
        /// How many the type holds.
        decimals: u32,
    },
    /// Does not fit the integer behind the type.
    #[error("{0:?} is too large")]
    TooLarge(String),
}

/// Reads `text` as an integer scaled by `10^decimals`.
///
/// # Errors
/// [`NumberTextError`] as its variants say; nothing is rounded.
pub fn parse_scaled(text: &str, decimals: u32) -> Result<i128, NumberTextError> {
    let not_a_number = || NumberTextError::NotANumber(text.to_owned());
    let too_large = || NumberTextError::TooLarge(text.to_owned());
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return Err(not_a_number()),
        Some((whole, fraction)) => (whole, fraction),
        None => (unsigned, ""),
    };
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return Err(not_a_number());
    }
    let fraction = fraction.trim_end_matches('0');
    let given = u32::try_from(fraction.len()).map_err(|_| too_large())?;
    let Some(missing) = decimals.checked_sub(given) else {
        return Err(NumberTextError::TooManyDecimals {
            text: text.to_owned(),
            decimals,
        });
    };
    let mut value: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = i128::from(digit.wrapping_sub(b'0'));
        let signed_digit = if negative {
            digit.wrapping_neg()
        } else {
            digit
        };
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(signed_digit))
            .ok_or_else(too_large)?;
    }
    let scale = 10i128.checked_pow(missing).ok_or_else(too_large)?;
    value.checked_mul(scale).ok_or_else(too_large)
}

/// Writes `±digits / 10^decimals` as decimal text; trailing zeros of the fraction are dropped.
#[must_use]
pub fn format_scaled(negative: bool, digits: &str, decimals: u32) -> String {
    let decimals = usize::try_from(decimals).unwrap_or(usize::MAX);
    let padded = format!("{digits:0>width$}", width = decimals.saturating_add(1));
    let split = padded.len().saturating_sub(decimals);
    let (whole, fraction) = padded.split_at(split);
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative && (whole.bytes().any(|b| b != b'0') || !fraction.is_empty()) {
        "-"
    } else {
        ""
    };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

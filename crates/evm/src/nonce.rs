//! Nonces: version 1 UUIDs as 128-bit numbers, big end first.
//!
//! The venue never stores which nonces it has seen; it reads the time out of one and compares it
//! with the wallet's last invalidation and with a delegated key's life.

use plimsoll_engine::venues::kuma::uuid_millis;

use crate::FieldError;

/// From 1582-10-15, where these UUIDs begin, to 1970-01-01: milliseconds.
const GREGORIAN_TO_UNIX_MS: u64 = 12_219_292_800_000;
/// A UUID counts in units of 100 nanoseconds.
const TICKS_PER_MS: u64 = 10_000;
/// The bits that say which variant of UUID it is (RFC 4122).
const VARIANT: u128 = 0b10 << 62;

/// When a nonce was made, in milliseconds since 1970; `field` is the name an error gives.
///
/// # Errors
/// [`FieldError::NotUuidV1`], [`FieldError::BeforeEpoch`].
pub fn nonce_time_ms(field: &'static str, nonce: u128) -> Result<u64, FieldError> {
    uuid_millis(nonce).ok_or(match (nonce >> 76) & 0xF {
        1 => FieldError::BeforeEpoch {
            field,
            value: nonce,
        },
        _ => FieldError::NotUuidV1 {
            field,
            value: nonce,
        },
    })
}

/// A nonce made at `time_ms` (milliseconds since 1970). `unique` tells apart what was made in the
/// same millisecond and by different makers: its low 48 bits become the node, the next 14 the
/// clock sequence. `None` beyond the year 5236, where the clock of these UUIDs ends.
#[must_use]
pub fn nonce_at(time_ms: u64, unique: u64) -> Option<u128> {
    let ticks = time_ms
        .checked_add(GREGORIAN_TO_UNIX_MS)?
        .checked_mul(TICKS_PER_MS)
        .filter(|ticks| *ticks < 1 << 60)?;
    let ticks = u128::from(ticks);
    let low = ticks & 0xFFFF_FFFF;
    let middle = (ticks >> 32) & 0xFFFF;
    let high = ticks >> 48;
    let rest = u128::from(unique) & ((1 << 62) - 1);
    Some(low << 96 | middle << 80 | 1 << 76 | high << 64 | VARIANT | rest)
}

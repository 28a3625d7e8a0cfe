//! Pips: 1e-8 of anything, as venues count that keep prices, sizes and quotes in 64 bits.

/// One.
pub(super) const PIP: i128 = 100_000_000;
/// From 18 decimals to pips, and back.
pub(super) const E10: i128 = 10_000_000_000;

/// A price with 18 decimals in pips; at least one.
pub(super) fn price(raw: i128) -> u64 {
    let most = i64::MAX.unsigned_abs();
    u64::try_from(raw / E10).unwrap_or(u64::MAX).clamp(1, most)
}

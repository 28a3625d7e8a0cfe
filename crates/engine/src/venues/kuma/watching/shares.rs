//! A wallet's slack, divided among its positions.
//!
//! A wallet is liquidatable when `trunc(AV2 / 1e8) < floor(MMR3 / 1e16)`. With `S = AV2 * 1e8 - MMR3`
//! in triple pips, that implies `S < 0`: the right side is at most `MMR3 / 1e16`, and where `AV2` is
//! at least 0 the left one is below an integer just when `AV2 / 1e8` is; where `AV2` is below 0, `S`
//! is too. So a wallet with `S >= 0` is safe, and one with `S < 0` is within two pips of the rule.
//!
//! `S` is linear in what moves. A position of size `s` adds `s * G` to it, where
//!
//! ```text
//! G = P * (1e8 - mmf) + F * 1e8   for longs
//! G = P * (1e8 + mmf) + F * 1e8   for shorts
//! ```
//!
//! `P` is the index price and `F` the sum of the funding multipliers published so far. So price,
//! funding and a change of the maintenance fraction are one number for all positions of a market's
//! side, its *line*; longs lose when theirs falls, shorts when theirs rises. One trip a position is
//! enough: the level of the line at which the position has used up its share of the slack.
//!
//! The share is in proportion to the position's maintenance requirement, as the bankruptcy price
//! divides the account value: the line may move by `S / MMR3 * P * mmf`. So one division a wallet
//! gives all of its trips, and riskier markets get more room.
//!
//! Funding is rounded toward zero for each period, which the line does not know: each period takes
//! at most one pip more than it says. [`RESERVE`] is kept back for [`PERIODS`] periods a position;
//! before more have passed every position of the market is armed anew.

/// Triple pips in a pip of quote.
pub(super) const TRIPLE: i128 = 10_000_000_000_000_000;
/// A whole, as a fraction in pips.
pub(super) const ONE: i128 = 100_000_000;
/// Funding periods with a multiplier other than zero for which a trip holds: most of a year.
pub(super) const PERIODS: u32 = 1_000;
/// What is kept back of the slack for each position: a hundred-thousandth of a dollar.
const RESERVE: i128 = TRIPLE * PERIODS as i128;
/// Fractional bits of [`Room`]'s ratio.
const BITS: u32 = 40;
/// The ratio is cut off here, a slack of 65,536 times the requirement: a trip may come early.
const RATIO_MAX: i128 = 1 << (BITS + 16);

/// Margins below this are multiplied by a ratio without a check.
const MARGIN_SMALL: i128 = 1 << 70;

/// A market's lines: what a unit of size adds to the slack, in triple pips per pip of size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) long: i128,
    pub(super) short: i128,
    /// What a unit of size requires: `P * mmf`.
    pub(super) margin: i128,
}

impl Lines {
    /// `None` when a number does not fit.
    pub(super) fn new(price: u64, mmf: u64, funding: i128) -> Option<Self> {
        // Plain products where they fit for certain, as nearly always: this is all that a quiet
        // publication does besides comparing.
        let base = i128::from(price).checked_add(funding)?;
        let worth = match base.unsigned_abs().leading_zeros() {
            // 100 bits and 27.
            29.. => base.wrapping_mul(ONE),
            _ => base.checked_mul(ONE)?,
        };
        let margin = u128::from(price).wrapping_mul(mmf.into());
        let margin = i128::try_from(margin).ok()?;
        Some(Self {
            long: worth.checked_sub(margin)?,
            short: worth.checked_add(margin)?,
            margin,
        })
    }
}

/// How much room a wallet's lines have, as a part of each position's `P * mmf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    ratio: i128,
}

impl Room {
    /// The room of a wallet with this slack, requirement (both in triple pips) and number of
    /// positions. `None` for a wallet with less slack than its reserve: it is to be examined
    /// whenever anything of its markets is published.
    pub(super) fn new(slack: i128, requirement: i128, positions: usize) -> Option<Self> {
        let kept = RESERVE.checked_mul(i128::try_from(positions).ok()?)?;
        let free = slack.checked_sub(kept).filter(|free| *free >= 0)?;
        // A division of 64 bits is several times cheaper than one of 128, and 31 bits of the ratio
        // are enough. The slack is rounded down and the requirement up, so that the shares add up
        // to no more than the slack.
        let (free, free_bits) = leading(free, 63)?;
        let (needs, needs_bits) = leading(requirement.max(0), 32)?;
        let quotient = free.checked_div(needs.checked_add(1)?)?;
        let up = i64::from(free_bits)
            .checked_sub(needs_bits.into())?
            .checked_add(BITS.into())?;
        let ratio = i128::from(quotient);
        let ratio = match u32::try_from(up) {
            // The quotient has at most 63 bits, so what does not fit 128 is beyond the cut.
            Ok(up @ ..=64) => ratio.wrapping_shl(up),
            Ok(_) if quotient > 0 => RATIO_MAX,
            Ok(_) => 0,
            Err(_) => ratio.wrapping_shr(u32::try_from(up.unsigned_abs()).ok()?.min(127)),
        };
        Some(Self {
            ratio: ratio.min(RATIO_MAX),
        })
    }

    /// How far a line with this `P * mmf` may move against the position. Rounded down: early.
    fn distance(self, margin: i128) -> i128 {
        if margin < MARGIN_SMALL {
            // 57 and 70 bits.
            return self.ratio.wrapping_mul(margin).wrapping_shr(BITS);
        }
        // Fewer digits of the margin, so less than the exact product.
        self.ratio.saturating_mul(margin.wrapping_shr(BITS))
    }

    /// The first level of a long's line at which its share is used up.
    pub(super) fn below(self, lines: &Lines) -> i128 {
        let distance = self.distance(lines.margin);
        lines.long.saturating_sub(distance).saturating_sub(1)
    }

    /// The same for a short, whose line rises.
    pub(super) fn above(self, lines: &Lines) -> i128 {
        let distance = self.distance(lines.margin);
        lines.short.saturating_add(distance).saturating_add(1)
    }
}

/// The leading `bits` of a number that is not below zero, and how many were dropped behind them.
fn leading(number: i128, bits: u32) -> Option<(u64, u32)> {
    let length = i128::BITS.checked_sub(number.leading_zeros())?;
    let dropped = length.saturating_sub(bits);
    Some((u64::try_from(number.wrapping_shr(dropped)).ok()?, dropped))
}

/// `size * line`; `None` when it does not fit.
pub(super) fn product(size: i64, line: i128) -> Option<i128> {
    let zeros = size
        .unsigned_abs()
        .leading_zeros()
        .saturating_add(line.unsigned_abs().leading_zeros());
    // At most 126 bits together; the multiplication is several times cheaper without its check.
    if zeros >= 66 {
        return Some(i128::from(size).wrapping_mul(line));
    }
    line.checked_mul(size.into())
}

#[cfg(test)]
mod tests;

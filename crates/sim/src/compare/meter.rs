//! The measures' one definition: desks report facts, the meter counts.
//!
//! Money comes in raw units of the venue's own asset, of which the meter knows the decimals; it is
//! turned into micro-dollars when it is read.

use plimsoll_units::Timestamp;

/// An account that has come to meet its design's rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Whose it is: the trader's number among the matched people.
    pub trader: u32,
    /// When.
    pub at: Timestamp,
    /// What the account has, raw.
    pub equity: i128,
    /// What the rule asks for, raw.
    pub requirement: i128,
    /// By market: signed notional at the mark, raw.
    pub exposures: Vec<(usize, i128)>,
}

/// Counts what one design's desk reports.
#[derive(Debug, Clone, Default)]
pub struct Meter {}

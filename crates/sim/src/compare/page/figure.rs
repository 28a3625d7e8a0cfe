//! Numbers of a comparison for people: dollars, shares, lengths of time.
//!
//! Everything is worked out in integers and rounded for show only; the page's hover text keeps
//! every digit.

use crate::compare::Share;
use crate::report::number;
use crate::results::Amount;

/// Decimals of money in a comparison.
const DECIMALS: u32 = 6;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Micro-dollars as dollars in few figures: `$1.24 M`, `-$310`.
pub(super) fn money(micro: i128) -> String {
    let text = number::compact(Amount::new(micro, DECIMALS).approximate());
    match text.strip_prefix('-') {
        Some(text) => format!("-${text}"),
        None => format!("${text}"),
    }
}

/// Every digit: `1234567.891234 dollars`.
pub(super) fn exact(micro: i128) -> String {
    format!("{} dollars", Amount::new(micro, DECIMALS))
}

/// `part` of `whole` in millionths, `None` where there is no whole.
pub(super) fn millionths(part: i128, whole: i128) -> Option<i128> {
    if whole <= 0 {
        return None;
    }
    // So large that the product does not fit: less exact, no less right for a reader.
    Some(match part.checked_mul(1_000_000) {
        Some(scaled) => scaled / whole,
        None => part / (whole / 1_000_000).max(1),
    })
}

/// Millionths as per cent: `8.1 %`, `0.03 %`.
pub(super) fn percent(millionths: i128) -> String {
    let places = match millionths.unsigned_abs() {
        0 | 1_000_000 => 0,
        m if m < 10_000 => 2,
        _ => 1,
    };
    format!(
        "{}\u{a0}%",
        number::rounded(Amount::new(millionths, 4), places)
    )
}

/// `part` of `whole` as per cent; a dash where there is no whole.
pub(super) fn share(part: i128, whole: i128) -> String {
    millionths(part, whole).map_or_else(|| "–".to_owned(), percent)
}

/// Hundredths of a basis point: `12.3 bp`.
pub(super) fn basis_points(hundredths: i64) -> String {
    format!(
        "{}\u{a0}bp",
        number::rounded(Amount::new(i128::from(hundredths), 2), 1)
    )
}

/// A length of time in at most two units: `0 s`, `45 s`, `2 min 30 s`, `1 h 12 min`.
pub(super) fn length(ms: i64) -> String {
    let two = |large: i64, unit: &str, small: i64, part: &str| match small {
        0 => format!("{large}\u{a0}{unit}"),
        _ => format!("{large}\u{a0}{unit} {small}\u{a0}{part}"),
    };
    match ms {
        ..0 => "–".to_owned(),
        0 => "0\u{a0}s".to_owned(),
        1..SECOND => format!("{ms}\u{a0}ms"),
        SECOND..MINUTE => format!(
            "{}\u{a0}s",
            number::compact(Amount::new(i128::from(ms), 3).approximate())
        ),
        MINUTE..HOUR => two(ms / MINUTE, "min", ms % MINUTE / SECOND, "s"),
        _ if ms < 48 * HOUR => two(ms / HOUR, "h", ms % HOUR / MINUTE, "min"),
        _ => two(ms / (24 * HOUR), "d", ms % (24 * HOUR) / HOUR, "h"),
    }
}

/// The sum of shares; what does not fit stops at the largest number there is.
pub(super) fn sum(shares: &[Share]) -> i128 {
    shares
        .iter()
        .fold(0i128, |sum, share| sum.saturating_add(share.amount))
}

/// Shares that are something, the largest first.
pub(super) fn sorted(shares: &[Share]) -> Vec<&Share> {
    let mut sorted: Vec<&Share> = shares.iter().filter(|s| s.amount != 0).collect();
    sorted.sort_by(|a, b| b.amount.cmp(&a.amount).then(a.who.cmp(&b.who)));
    sorted
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// `1 design`, `2 designs`.
pub(super) fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", number::count(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_shares_and_times_read_well() {
        let cases = [
            (money(0), "$0"),
            (money(-310_000_000), "-$310"),
            (money(1_240_000_000_000), "$1.24\u{a0}M"),
            (money(i128::MAX), "$170,141,183,460,469,211,398,144\u{a0}bn"),
            (share(81, 1_000), "8.1\u{a0}%"),
            (share(1, 3_000), "0.03\u{a0}%"),
            (share(1, 0), "–"),
            (share(i128::MAX, i128::MAX), "100\u{a0}%"),
            (basis_points(1_234), "12.3\u{a0}bp"),
            (length(-1), "–"),
            (length(0), "0\u{a0}s"),
            (length(999), "999\u{a0}ms"),
            (length(5_500), "5.5\u{a0}s"),
            (length(150_000), "2\u{a0}min 30\u{a0}s"),
            (length(4_320_000), "1\u{a0}h 12\u{a0}min"),
            (length(180_000_000), "2\u{a0}d 2\u{a0}h"),
        ];
        for (shown, expected) in cases {
            assert_eq!(shown, expected);
        }
    }
}

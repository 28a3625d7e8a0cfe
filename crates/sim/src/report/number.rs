//! Numbers for people. Exact amounts are rounded in integers (half away from zero) for show only;
//! the CSV and the hover text keep every digit.

use crate::results::{Amount, group};

/// A whole number with its thousands apart: `12,345`.
pub(crate) fn count(value: u64) -> String {
    group(&value.to_string())
}

/// An amount rounded to `places` decimals, thousands apart: `-1,234.57`. Unlike
/// [`Amount`]'s own text it keeps trailing zeros, so that columns line up.
pub(crate) fn rounded(amount: Amount, places: u32) -> String {
    let dropped = amount.decimals.saturating_sub(places);
    let kept = amount.decimals.min(places);
    let magnitude = amount.raw.unsigned_abs();
    let scaled = match 10u128.checked_pow(dropped) {
        Some(unit) => {
            let half_up = u128::from(magnitude % unit >= unit.div_ceil(2) && unit > 1);
            magnitude / unit + half_up
        }
        // More decimals dropped than the number has digits.
        None => 0,
    };
    let width = kept as usize + 1;
    let digits = format!("{scaled:0>width$}");
    let (whole, fraction) = digits.split_at(digits.len() - kept as usize);
    let sign = if amount.raw < 0 && scaled > 0 {
        "-"
    } else {
        ""
    };
    if places == 0 {
        return format!("{sign}{}", group(whole));
    }
    let places = places as usize;
    format!("{sign}{}.{fraction:0<places$}", group(whole))
}

/// An amount of money with two decimals, or in full where those would show nothing of it.
pub(crate) fn money(amount: Amount) -> String {
    let shown = rounded(amount, 2);
    if shown == "0.00" && amount.raw != 0 {
        return amount.to_string();
    }
    shown
}

/// A price: two decimals from 100 up, more below, so that small coins stay readable.
pub(crate) fn price(amount: Amount) -> String {
    let magnitude = amount.approximate().abs();
    let places = match magnitude {
        m if m >= 100.0 => 2,
        m if m >= 1.0 => 4,
        _ => 6,
    };
    rounded(amount, places)
}

/// The exact sum, in the finest decimals met; `None` when it does not fit.
pub(crate) fn sum(amounts: impl Iterator<Item = Amount>) -> Option<Amount> {
    let mut total = Amount::default();
    for amount in amounts {
        let decimals = total.decimals.max(amount.decimals);
        let raw = rescale(total, decimals)?.checked_add(rescale(amount, decimals)?)?;
        total = Amount::new(raw, decimals);
    }
    Some(total)
}

/// `None` on overflow; `decimals` is never below the amount's own.
fn rescale(amount: Amount, decimals: u32) -> Option<i128> {
    let unit = 10i128.checked_pow(decimals.checked_sub(amount.decimals)?)?;
    amount.raw.checked_mul(unit)
}

/// A total in words: `12.4 M`, or that it does not fit.
pub(crate) fn total(amount: Option<Amount>) -> String {
    amount.map_or_else(
        || "too much to add up".to_owned(),
        |a| compact(a.approximate()),
    )
}

/// Three or four figures and a unit: `12.4 M`, `812`, `0.0312`.
pub(crate) fn compact(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    let (scaled, unit) = in_unit(value, value.abs());
    let places = match scaled.abs() {
        0.0 => 0,
        m if m >= 100.0 => 0,
        m if m >= 10.0 => 1,
        m if m >= 1.0 => 2,
        m if m >= 0.01 => 4,
        _ => 8,
    };
    let text = format!("{scaled:.places$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    // A value too small for the places left prints as nothing, without a sign.
    let text = if text == "-0" { "0" } else { text };
    format!("{}{unit}", group_decimal(text))
}

/// The label of an axis value, with the decimals its step asks for.
pub(crate) fn tick(value: f64, step: f64, largest: f64) -> String {
    let (scaled, unit) = in_unit(value, largest);
    let (step, _) = in_unit(step, largest);
    let mut places = 0usize;
    let mut shown = step.abs();
    while places < 8 && (shown - shown.round()).abs() > 0.01 * shown {
        shown *= 10.0;
        places += 1;
    }
    let text = format!("{scaled:.places$}");
    if text.bytes().all(|b| matches!(b, b'0' | b'.' | b'-')) {
        return "0".to_owned();
    }
    format!("{}{unit}", group_decimal(&text))
}

/// A value in the unit that suits `largest`, and the unit.
fn in_unit(value: f64, largest: f64) -> (f64, &'static str) {
    match largest {
        m if m >= 1e9 => (value / 1e9, "\u{a0}bn"),
        m if m >= 1e6 => (value / 1e6, "\u{a0}M"),
        m if m >= 1e4 => (value / 1e3, "\u{a0}k"),
        _ => (value, ""),
    }
}

/// `part` of `whole` as a whole percentage.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "0\u{a0}%".to_owned();
    }
    format!("{}\u{a0}%", (part * 100 + whole / 2) / whole)
}

/// Thousands apart in a decimal number with or without a sign.
fn group_decimal(text: &str) -> String {
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    format!("{sign}{}{fraction}", group(whole))
}

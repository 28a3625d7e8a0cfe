//! One CSV text of pool states becomes a list of them, line by line.
//!
//! The header begins with `timestamp_ms,reserve0,reserve1,lp_total_supply`; further columns are
//! ignored. Reserves are in whole tokens, the supply in whole LP tokens, as decimals with or
//! without an exponent (`6.9673300428e-08`). The time of a line is when its interval opens, and
//! its state is how the pool stood when the interval ended, as The Graph's daily records are;
//! the interval is that between the first two lines, and all others must be the same.
//!
//! Digits beyond a token's decimals are cut off: no pool can hold them, they are an artefact of
//! whoever wrote the file.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use plimsoll_units::Timestamp;

use super::error::{PoolError, PoolProblem};
use super::record::PoolRecord;
use super::{LP_DECIMALS, PoolState, Token};

/// States one history may have: more than a century of days.
pub const MAX_STATES: usize = 50_000;
/// No line of a pool history comes near this.
const MAX_LINE_BYTES: u64 = 1_024;
/// No file of so many states is larger.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// The largest reserve a pair can record (`uint112`).
const MAX_RESERVE: u128 = plimsoll_engine::venues::gammaswap::cpmm::MAX_RESERVE;

const HEADER: &str = "timestamp_ms,reserve0,reserve1,lp_total_supply";

/// Reads the states of a file.
///
/// # Errors
/// [`PoolError`] with the file and the line of the first thing that is wrong.
pub fn load(path: &Path, tokens: &[Token; 2]) -> Result<(Vec<PoolState>, PoolRecord), PoolError> {
    let io = |source| PoolError::Io {
        path: path.display().to_string(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(MAX_FILE_BYTES)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    let name = path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    let (states, interval_ms) = read_states(&name, BufReader::new(bytes.as_slice()), tokens)?;
    let record = PoolRecord::File {
        name,
        bytes: bytes.len() as u64,
        blake3: blake3::hash(&bytes).to_hex().to_string(),
        states: states.len(),
        interval_ms,
        span: (states[0].time, states[states.len() - 1].time),
    };
    Ok((states, record))
}

/// Reads the states of one CSV text, and their interval in milliseconds. `file` is how messages
/// call it. There are at least two.
///
/// # Errors
/// [`PoolError`] with the line of the first thing that is wrong.
pub fn read_states(
    file: &str,
    mut text: impl BufRead,
    tokens: &[Token; 2],
) -> Result<(Vec<PoolState>, i64), PoolError> {
    let at_line = |line| {
        move |problem| PoolError::Line {
            file: file.to_owned(),
            line,
            problem,
        }
    };
    let header = next_line(file, 1, &mut text)?.unwrap_or_default();
    let columns = header.split(',').count();
    let is_header = header
        .strip_prefix(HEADER)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(','));
    if !is_header {
        return Err(at_line(1)(PoolProblem::Header {
            found: shortened(&header),
            expected: HEADER,
        }));
    }
    let mut states: Vec<PoolState> = Vec::new();
    let mut interval = None;
    let mut number = 1;
    while let Some(line) = next_line(file, number + 1, &mut text)? {
        number += 1;
        let refuse = at_line(number);
        let state = state(&line, columns, tokens).map_err(&refuse)?;
        if states.len() >= MAX_STATES {
            return Err(refuse(PoolProblem::TooMany(MAX_STATES)));
        }
        if let Some(before) = states.last() {
            let step = follows(before.time, state.time, interval).map_err(&refuse)?;
            interval = Some(step);
        }
        states.push(state);
    }
    let Some(interval) = interval else {
        return Err(PoolError::TooFew(file.to_owned()));
    };
    for state in &mut states {
        state.time = Timestamp(state.time.millis().saturating_add(interval));
    }
    Ok((states, interval))
}

fn next_line(
    file: &str,
    number: u64,
    text: &mut impl BufRead,
) -> Result<Option<String>, PoolError> {
    let refuse = |problem| PoolError::Line {
        file: file.to_owned(),
        line: number,
        problem,
    };
    let mut bytes = Vec::new();
    let read = text.take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut bytes);
    read.map_err(|source| PoolError::Io {
        path: file.to_owned(),
        source,
    })?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() as u64 > MAX_LINE_BYTES {
        return Err(refuse(PoolProblem::TooLong(MAX_LINE_BYTES)));
    }
    let line = String::from_utf8(bytes).map_err(|_| refuse(PoolProblem::NotText))?;
    Ok(Some(line.trim_end_matches(['\n', '\r']).to_owned()))
}

/// The interval between two lines, which must be the one so far.
fn follows(before: Timestamp, time: Timestamp, interval: Option<i64>) -> Result<i64, PoolProblem> {
    if time == before {
        return Err(PoolProblem::Twice(time));
    }
    let step = time.millis().saturating_sub(before.millis());
    if step < 0 {
        return Err(PoolProblem::Disorder { time, before });
    }
    match interval {
        Some(interval_ms) if interval_ms != step => Err(PoolProblem::Gap {
            time,
            before,
            interval_ms,
        }),
        _ => Ok(step),
    }
}

fn state(line: &str, columns: usize, tokens: &[Token; 2]) -> Result<PoolState, PoolProblem> {
    let fields: Vec<&str> = line.split(',').collect();
    let &[time, reserve0, reserve1, supply, ..] = fields.as_slice() else {
        return Err(PoolProblem::Columns {
            found: fields.len(),
            expected: columns,
        });
    };
    if fields.len() != columns {
        return Err(PoolProblem::Columns {
            found: fields.len(),
            expected: columns,
        });
    }
    let millis = time.parse::<i64>().ok().filter(|t| {
        // Whatever lies outside these is not milliseconds of a chain: 2009 to 2100.
        (1_230_000_000_000..4_102_444_800_000).contains(t)
    });
    Ok(PoolState {
        time: Timestamp(millis.ok_or_else(|| PoolProblem::Time(shortened(time)))?),
        reserves: [
            amount("reserve0", reserve0, tokens[0].decimals)?,
            amount("reserve1", reserve1, tokens[1].decimals)?,
        ],
        supply: amount("lp_total_supply", supply, LP_DECIMALS)?,
        recorded: true,
    })
}

/// An amount above zero, in raw units.
pub(super) fn amount(column: &'static str, text: &str, decimals: u8) -> Result<u128, PoolProblem> {
    let refuse = |why| PoolProblem::Amount {
        column,
        text: shortened(text),
        why,
    };
    let raw = raw(text, decimals).map_err(refuse)?;
    if raw == 0 {
        return Err(PoolProblem::Zero {
            column,
            text: shortened(text),
        });
    }
    if raw > MAX_RESERVE {
        return Err(refuse("it is more than a pair can hold"));
    }
    Ok(raw)
}

/// A decimal number with or without an exponent as an integer of `decimals` decimals, cut off.
fn raw(text: &str, decimals: u8) -> Result<u128, &'static str> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        None => (text, 0i64),
        Some((mantissa, exponent)) => {
            let exponent: i64 = exponent.parse().map_err(|_| "its exponent is no number")?;
            (mantissa, exponent)
        }
    };
    if mantissa.starts_with('-') {
        return Err("it is negative");
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err("it has no digits");
    }
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err("it has something else than digits");
    }
    // How many digits stand before the place where the integer ends.
    let places = i64::try_from(whole.len())
        .unwrap_or(i64::MAX)
        .saturating_add(exponent)
        .saturating_add(decimals.into());
    let mut value = 0u128;
    for place in 0..places.clamp(0, 100) {
        let digit = usize::try_from(place)
            .ok()
            .and_then(|at| digits.get(at))
            .map_or(0, |digit| u128::from(digit - b'0'));
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(digit))
            .ok_or("it is more than a pair can hold")?;
    }
    if places > 100 && digits.iter().any(|digit| *digit != b'0') {
        return Err("it is more than a pair can hold");
    }
    Ok(value)
}

/// So much of a text as a message can show.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::raw;

    #[track_caller]
    fn check(text: &str, decimals: u8, expected: Result<u128, &str>) {
        assert_eq!(raw(text, decimals), expected, "{text:?} at {decimals}");
    }

    #[test]
    fn amounts_as_files_write_them() {
        check("0.989", 6, Ok(989_000));
        check("74565934.751214", 6, Ok(74_565_934_751_214));
        check(
            "101227.54312075092",
            18,
            Ok(101_227_543_120_750_920_000_000),
        );
        check("6.9673300428e-08", 18, Ok(69_673_300_428));
        check("1e-19", 18, Ok(0));
        check("1.5E3", 2, Ok(150_000));
        check("12", 0, Ok(12));
        check(".5", 1, Ok(5));
        check("5.", 1, Ok(50));
        // Digits beyond the token's are cut off.
        check("0.9999999", 6, Ok(999_999));
        check("0e999999999999", 6, Ok(0));
    }

    #[test]
    fn what_is_no_amount() {
        check("", 6, Err("it has no digits"));
        check(".", 6, Err("it has no digits"));
        check("-1", 6, Err("it is negative"));
        check("NaN", 6, Err("it has something else than digits"));
        check("inf", 6, Err("it has something else than digits"));
        check("1_000", 6, Err("it has something else than digits"));
        check(" 1", 6, Err("it has something else than digits"));
        check("1e", 6, Err("its exponent is no number"));
        check("1e5e5", 6, Err("its exponent is no number"));
        check("1e60", 6, Err("it is more than a pair can hold"));
        check("1e600", 6, Err("it is more than a pair can hold"));
        check(
            "1e9223372036854775807",
            6,
            Err("it is more than a pair can hold"),
        );
    }
}

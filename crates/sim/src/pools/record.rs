//! Where a pool's states come from, as the report says it.

use std::fmt;

use plimsoll_units::{Timestamp, format_scaled};

use super::{LP_DECIMALS, PoolState, Token};

/// Where the states of a pool come from. Its `Display` is plain text for the report; what a path
/// adds between them is said by the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolRecord {
    /// A file.
    File {
        /// Its name, without the path to it.
        name: String,
        /// Its size.
        bytes: u64,
        /// Its blake3, in hex.
        blake3: String,
        /// States in it.
        states: usize,
        /// Time between two.
        interval_ms: i64,
        /// The first and the last state of the file.
        span: (Timestamp, Timestamp),
    },
    /// The states that come with the program.
    Bundled {
        /// Where they were published.
        source: String,
        /// The tokens.
        tokens: [Token; 2],
        /// All of them.
        states: Vec<PoolState>,
    },
}

impl PoolRecord {
    /// Whether states are real on every day.
    #[must_use]
    pub const fn is_daily(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}

impl fmt::Display for PoolRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                name,
                bytes,
                blake3,
                states,
                interval_ms,
                span: (first, last),
            } => writeln!(
                f,
                "{name}: {states} states {} h apart, the first of {first}, the last of {last} \
                 (UTC, ends of the intervals), {bytes} bytes, blake3 {blake3}",
                interval_ms / 3_600_000
            ),
            Self::Bundled {
                source,
                tokens,
                states,
            } => {
                writeln!(f, "{} published states from {source}", states.len())?;
                let amount = |raw: u128, decimals: u8| {
                    format_scaled(false, &raw.to_string(), decimals.into())
                };
                for state in states {
                    let [t0, t1] = tokens;
                    writeln!(
                        f,
                        "  {} {} {}, {} {}, {} LP",
                        state.time,
                        amount(state.reserves[0], t0.decimals),
                        t0.symbol,
                        amount(state.reserves[1], t1.decimals),
                        t1.symbol,
                        amount(state.supply, LP_DECIMALS),
                    )?;
                }
                Ok(())
            }
        }
    }
}

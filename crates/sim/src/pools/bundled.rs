//! The pool states that come with the program: USDC/WETH of Uniswap V2 over the year 2021.

use plimsoll_units::Timestamp;
use serde::Deserialize;

use super::error::PoolError;
use super::read::amount;
use super::record::PoolRecord;
use super::{LP_DECIMALS, PoolState, Token};

const STATES: &str = include_str!("../../assets/usdc-weth-2021.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asset {
    source: String,
    tokens: [TokenText; 2],
    states: Vec<StateText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenText {
    symbol: String,
    decimals: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateText {
    time: jiff::Timestamp,
    reserves: [String; 2],
    supply: String,
}

/// The bundled states, which are of USDC and WETH.
///
/// # Errors
/// [`PoolError::OtherTokens`] when another pair was asked for.
pub fn bundled(tokens: &[Token; 2]) -> Result<(Vec<PoolState>, PoolRecord), PoolError> {
    let asset: Asset =
        toml::from_str(STATES).map_err(|error| PoolError::Bundle(error.to_string()))?;
    let own = asset.tokens.map(|t| Token {
        symbol: t.symbol,
        decimals: t.decimals,
    });
    if own != *tokens {
        let name = |[a, b]: &[Token; 2]| {
            format!(
                "{} with {} decimals and {} with {}",
                a.symbol, a.decimals, b.symbol, b.decimals
            )
        };
        return Err(PoolError::OtherTokens {
            bundled: name(&own),
            asked: name(tokens),
        });
    }
    let state = |text: &StateText| -> Result<PoolState, PoolError> {
        let bad = |problem: super::PoolProblem| PoolError::Bundle(problem.to_string());
        Ok(PoolState {
            time: Timestamp(text.time.as_millisecond()),
            reserves: [
                amount("reserve0", &text.reserves[0], own[0].decimals).map_err(bad)?,
                amount("reserve1", &text.reserves[1], own[1].decimals).map_err(bad)?,
            ],
            supply: amount("supply", &text.supply, LP_DECIMALS).map_err(bad)?,
            recorded: true,
        })
    };
    let states: Vec<PoolState> = asset.states.iter().map(state).collect::<Result<_, _>>()?;
    if states.len() < 2 || states.windows(2).any(|w| w[0].time >= w[1].time) {
        return Err(PoolError::Bundle("their times do not rise".to_owned()));
    }
    let record = PoolRecord::Bundled {
        source: asset.source,
        tokens: own,
        states: states.clone(),
    };
    Ok((states, record))
}

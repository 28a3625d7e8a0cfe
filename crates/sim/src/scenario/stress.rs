//! Stresses: what is done to a crash, and to those who stand ready, beside the crash itself.
//!
//! Stresses of prices change what happens ([`Stress::Scale`], [`Stress::Correlate`],
//! [`Stress::Gap`]) or what venues are told of it ([`Stress::FreezeOracle`],
//! [`Stress::DelayPrices`]); the others change people. They are applied in the order in which they
//! are written.

use serde::{Deserialize, Serialize};

use super::bounds::{at_most, fraction, grid, positive};
use super::decimal::whole;
use super::{Decimal, Market, Prices, Span, When};

/// The most stresses of a scenario.
pub(super) const STRESSES_MAX: usize = 100;
/// The most times as large that a crash is made, or a price after a gap.
const TIMES_MAX: i128 = 10;
/// The most times as wide that books are made.
const SPREAD_MAX: i128 = 1_000;

/// One stress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Stress {
    /// The crash, `by` times as large: every market's logarithmic move from its first price.
    Scale {
        /// How many times.
        by: Decimal,
        /// Only these markets; all where left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        markets: Vec<String>,
    },
    /// Every market's moves are mixed with those of one: `by` 1 makes them all alike, 0 leaves
    /// them, below 0 turns them against it.
    Correlate {
        /// The market the others follow.
        with: String,
        /// How much, -1 to 1.
        by: Decimal,
    },
    /// The price jumps at a moment, and stays as much lower (or higher) after it.
    Gap {
        /// When.
        at: When,
        /// By how much: -0.1 is a fall of a tenth.
        by: Decimal,
        /// Only these markets; all where left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        markets: Vec<String>,
    },
    /// Venues are told no new price for a while, though the market moves on.
    FreezeOracle {
        /// From when.
        at: When,
        /// How long.
        r#for: Span,
        /// Only these markets; all where left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        markets: Vec<String>,
    },
    /// Venues are told every price late.
    DelayPrices {
        /// How late.
        by: Span,
        /// From when; the start where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<When>,
        /// How long; to the end where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        r#for: Option<Span>,
    },
    /// Liquidation partners and bidders withdraw.
    PartnersLeave {
        /// From when.
        at: When,
        /// How long; for good where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        r#for: Option<Span>,
    },
    /// Liquidators (keepers) do not act.
    LiquidatorsAway {
        /// From when.
        at: When,
        /// How long; for good where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        r#for: Option<Span>,
    },
    /// Those who provide a vault's or a pool's liquidity take a share of it out, as far as the
    /// venue lets them.
    LiquidityLeaves {
        /// When.
        at: When,
        /// Which share, above 0 to 1.
        share: Decimal,
    },
    /// Order books thin out and widen for a while.
    WidenBooks {
        /// From when.
        at: When,
        /// How long; to the end where left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        r#for: Option<Span>,
        /// What is left of the depth: 0.1 is a tenth.
        depth: Decimal,
        /// How many times as wide.
        spread: Decimal,
    },
}

impl Stress {
    /// What makes no sense of a stress beside these markets and prices, if anything does.
    pub(super) fn check(&self, markets: &[Market], prices: &Prices) -> Result<(), String> {
        let known = |symbol: &String| match markets.iter().any(|m| m.symbol == *symbol) {
            true => Ok(()),
            false => Err(format!("there is no market {symbol:?}")),
        };
        match self {
            Self::Scale { by, markets } => {
                markets.iter().try_for_each(known)?;
                positive("by", *by)?;
                at_most("by", *by, whole(TIMES_MAX))
            }
            Self::Correlate { with, by } => {
                known(with)?;
                if *by < whole(-1) || *by > whole(1) {
                    return Err(format!("by {by} is not in -1..=1"));
                }
                Ok(())
            }
            Self::Gap { at, by, markets } => {
                markets.iter().try_for_each(known)?;
                if *by <= whole(-1) {
                    return Err(format!("by {by} leaves no price: it must be above -1"));
                }
                at_most("by", *by, whole(TIMES_MAX))?;
                begins(*at, prices)
            }
            Self::FreezeOracle { at, r#for, markets } => {
                markets.iter().try_for_each(known)?;
                lasts(*at, Some(*r#for), prices)
            }
            Self::DelayPrices { by, at, r#for } => {
                if by.millis() == 0 {
                    return Err("by 0s delays nothing".to_owned());
                }
                match (at, r#for) {
                    (Some(at), length) => lasts(*at, *length, prices),
                    (None, Some(_)) => Err("`for` needs `at`, from when on".to_owned()),
                    (None, None) => Ok(()),
                }
            }
            Self::PartnersLeave { at, r#for } | Self::LiquidatorsAway { at, r#for } => {
                lasts(*at, *r#for, prices)
            }
            Self::LiquidityLeaves { at, share } => {
                positive("share", *share)?;
                fraction("share", *share)?;
                grid("share", *share, 6)?;
                begins(*at, prices)
            }
            Self::WidenBooks {
                at,
                r#for,
                depth,
                spread,
            } => {
                fraction("depth", *depth)?;
                grid("depth", *depth, 6)?;
                positive("spread", *spread)?;
                grid("spread", *spread, 6)?;
                at_most("spread", *spread, whole(SPREAD_MAX))?;
                lasts(*at, *r#for, prices)
            }
        }
    }
}

/// Refuses a beginning after the prices that the scenario asks for. Those it gets are known later.
fn begins(at: When, prices: &Prices) -> Result<(), String> {
    match prices.to {
        Some(to) if at >= to => Err(format!(
            "`at` {} is not before the end of the prices, {}",
            at.0, to.0
        )),
        _ => Ok(()),
    }
}

/// Refuses a stretch without length, and one outside the prices that the scenario asks for.
fn lasts(at: When, length: Option<Span>, prices: &Prices) -> Result<(), String> {
    begins(at, prices)?;
    let Some(length) = length else {
        return Ok(());
    };
    if length.millis() == 0 {
        return Err("`for` 0s is no time at all".to_owned());
    }
    let ends = at.0.saturating_add(length.0);
    match prices.from {
        Some(from) if ends <= from.0 => Err(format!(
            "it ends at {ends}, before the prices begin, at {}",
            from.0
        )),
        _ => Ok(()),
    }
}

//! Stresses: what is done to a crash, and to those who stand ready, beside the crash itself.
//!
//! Stresses of prices change what happens ([`Stress::Scale`], [`Stress::Correlate`],
//! [`Stress::Gap`]) or what venues are told of it ([`Stress::FreezeOracle`],
//! [`Stress::DelayPrices`]); the others change people. They are applied in the order in which they
//! are written.

use serde::{Deserialize, Serialize};

use super::{Decimal, Span, When};

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

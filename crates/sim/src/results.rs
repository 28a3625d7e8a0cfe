//! What a replay found out: the data behind the summary table, the report and the CSV.
//!
//! Money that was decided on is kept exact, as decimal text and raw integers; the `f64` series
//! are for drawing only and are never fed back into an engine. Nothing here depends on wall-clock
//! time, so that the same scenario and seed give the same bytes.

use plimsoll_units::{Side, Timestamp};
use serde::Serialize;

/// Everything one replay produced.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Results {
    /// The scenario's name.
    pub name: String,
    /// What it is about, in a sentence or two.
    pub description: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// The scenario exactly as it ran, every default written out, as TOML.
    pub scenario: String,
    /// Where the prices come from, one line each; the first says whether they are real.
    pub provenance: Vec<String>,
    /// First and last time of the replay, ms since the epoch.
    pub window: (i64, i64),
    /// Market symbols, in market order.
    pub markets: Vec<String>,
    /// The price path of each market, in market order.
    pub prices: Vec<Line>,
    /// What was done to prices and people beside the crash itself; nothing in a plain run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stresses: Vec<crate::compare::Stressed>,
    /// One entry per venue, in venue order.
    pub venues: Vec<VenueResults>,
    /// Commands the engine accepted.
    pub commands: u64,
    /// Events the engine emitted.
    pub events: u64,
    /// blake3 of the final state.
    pub state_hash: String,
    /// Whether the final audit found every unit accounted for; the sentence says what was checked.
    pub conservation: String,
}

/// A line to draw: times in ms since the epoch, and values.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Line {
    /// What it shows.
    pub label: String,
    /// Times, ms since the epoch, rising.
    pub times: Vec<i64>,
    /// Values, same length.
    pub values: Vec<f64>,
    /// Their unit, where it is not the venue's asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// What happened on one venue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VenueResults {
    /// Its name in the scenario.
    pub name: String,
    /// The preset it was built from.
    pub preset: String,
    /// Symbol of the money it keeps.
    pub asset: String,
    /// Every parameter with its value and unit, in reading order.
    pub parameters: Vec<(String, String)>,
    /// Headline figures in reading order.
    pub figures: Vec<Figure>,
    /// Collateral of open positions by distance of the price to liquidation, over time: one line
    /// per band, nearest first; bands are disjoint and stack to the total.
    pub at_risk: Vec<Line>,
    /// Backstop over time: vault or margin pool, shortfall, rewards; amounts in whole units.
    pub backstop: Vec<Line>,
    /// Number of liquidations per tick of the report's clock.
    pub liquidations_over_time: Line,
    /// Every liquidation, in the order they happened.
    pub liquidations: Vec<Liquidation>,
    /// Money between kinds of holders, by reason.
    pub flows: Vec<Flow>,
    /// Refused commands by name of the refusal, with how often and the first one's text.
    pub refusals: Vec<Refused>,
    /// What became of acquired positions, on venues with a backstop that acquires them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waterfall: Option<Box<crate::waterfall::Waterfall>>,
    /// What liquidations in steps came to, on venues of option portfolios.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episodes: Option<Box<crate::episodes::Episodes>>,
    /// What designs are compared by.
    pub measures: crate::compare::Measures,
}

/// One headline figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub label: String,
    /// Its value with its unit, ready to read.
    pub value: String,
    /// How it is defined, in one sentence.
    pub definition: String,
}

/// One liquidation case that was carried through.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Liquidation {
    /// Case number, as `plimsoll explain` takes it.
    pub case: u64,
    /// Market index.
    pub market: usize,
    /// Account number.
    pub account: u32,
    /// Position, where the venue has isolated ones.
    pub position: Option<String>,
    /// Long, short, or the maker side of a market.
    pub side: Exposure,
    /// The rule that opened it.
    pub rule: String,
    /// When the rule was met, ms since the epoch.
    pub triggered: i64,
    /// When it was carried out, ms since the epoch.
    pub executed: i64,
    /// Price in force at the trigger.
    pub price: Amount,
    /// Notional at that price.
    pub notional: Amount,
    /// Collateral at the trigger.
    pub collateral: Amount,
    /// Equity at the trigger, by the rule's definition.
    pub equity: Amount,
    /// Requirement at the trigger.
    pub requirement: Amount,
    /// Paid to liquidators.
    pub reward: Amount,
    /// Loss beyond the collateral.
    pub shortfall: Amount,
}

/// Which way a liquidated account was exposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Exposure {
    /// Gained when the price rose.
    Long,
    /// Gained when the price fell.
    Short,
    /// Provided liquidity to the market.
    Maker,
}

impl From<Side> for Exposure {
    fn from(side: Side) -> Self {
        match side {
            Side::Long => Self::Long,
            Side::Short => Self::Short,
        }
    }
}

/// An exact amount with its decimals; serialised as decimal text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    /// Raw integer.
    pub raw: i128,
    /// Decimals of the raw integer.
    pub decimals: u32,
}

impl Amount {
    /// `raw / 10^decimals`.
    #[must_use]
    pub const fn new(raw: i128, decimals: u32) -> Self {
        Self { raw, decimals }
    }

    /// With 6 decimals, micro-dollars where a unit is a dollar: cut off towards zero, and the
    /// largest number where it does not fit.
    #[must_use]
    pub fn micro(self) -> i128 {
        match self.decimals.checked_sub(6) {
            Some(more) => self.raw / 10i128.saturating_pow(more),
            None => self
                .raw
                .saturating_mul(10i128.saturating_pow(6 - self.decimals)),
        }
    }

    /// The nearest `f64`, for drawing and sorting in a browser; never for deciding.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn approximate(self) -> f64 {
        self.raw as f64 / 10f64.powi(i32::try_from(self.decimals).unwrap_or(i32::MAX))
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.raw.unsigned_abs().to_string();
        f.pad(&plimsoll_units::format_scaled(
            self.raw < 0,
            &digits,
            self.decimals,
        ))
    }
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Money that went from one kind of holder to another, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Who paid.
    pub from: String,
    /// Who was paid.
    pub to: String,
    /// Why.
    pub reason: String,
    /// Symbol of the asset.
    pub asset: String,
    /// How much in all.
    pub amount: Amount,
    /// In how many movements.
    pub movements: u64,
}

/// A refusal that commands of the replay met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its name.
    pub name: String,
    /// How often.
    pub times: u64,
    /// The full text of the first one.
    pub first: String,
}

/// Digits with their thousands apart: `12,345`.
pub(crate) fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A time for people: `2025-10-10 21:20:00`.
#[must_use]
pub fn time_text(millis: i64) -> String {
    let text = Timestamp(millis).to_string();
    text.strip_suffix(".000")
        .map_or_else(|| text.clone(), str::to_owned)
}

//! What a comparison shares between its designs: the people, and those who stand ready.
//!
//! The same trader, with the same exposure, leverage, entry and collateral, is expressed in each
//! venue's own form of account; how, is told in docs/COMPARE.md.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::decimal::{millionths, whole};
use super::{
    Decimal, LEVERAGE_MAX, Like, Liquidators, Market, PARTNERS_MAX, Partner, Population, Span,
    TopUps, WeightedLeverage, WeightedMarket, When, bounds,
};

/// The people whom every design gets alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matched {
    /// How many traders.
    pub traders: u32,
    /// Like the accounts of a day in size, leverage, side and number of markets; otherwise drawn
    /// from the keys below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<Like>,
    /// A directory with the files of that day, to fit `like` to instead of the bundled tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like_files: Option<PathBuf>,
    /// The highest leverage: what the strictest of the designs lets a trader open.
    pub leverage_max: Decimal,
    /// Leverage classes with their weights, without `like`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leverage: Vec<WeightedLeverage>,
    /// Share of longs, without `like`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_share: Option<Decimal>,
    /// Median collateral in whole units, without `like`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral_median: Option<Decimal>,
    /// Least collateral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral_min: Option<Decimal>,
    /// Most collateral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral_max: Option<Decimal>,
    /// Markets with their weights; all alike where left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markets: Vec<WeightedMarket>,
    /// When the first arrives; the first price where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrive_from: Option<When>,
    /// The time over which they arrive, evenly.
    pub arrive_over: Span,
    /// Traders who add collateral when they come close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_ups: Option<TopUps>,
    /// Share of traders who, on a venue of option portfolios, hold options of the same dollar
    /// delta in the place of the perpetual.
    #[serde(default = "three_tenths")]
    pub option_share: Decimal,
}

const fn three_tenths() -> Decimal {
    millionths(300_000)
}

impl Matched {
    /// The people as a population, for whoever draws them.
    #[must_use]
    pub fn population(&self) -> Population {
        let mut people = Population {
            accounts: self.traders,
            like: self.like,
            like_files: self.like_files.clone(),
            markets: self.markets.clone(),
            arrive_from: self.arrive_from,
            arrive_over: self.arrive_over,
            ..Population::default()
        };
        if !self.leverage.is_empty() {
            people.leverage.clone_from(&self.leverage);
        }
        for (own, given) in [
            (&mut people.long_share, self.long_share),
            (&mut people.collateral_median, self.collateral_median),
            (&mut people.collateral_min, self.collateral_min),
            (&mut people.collateral_max, self.collateral_max),
        ] {
            *own = given.unwrap_or(*own);
        }
        people
    }

    /// The highest leverage in hundredths.
    #[must_use]
    pub fn leverage_max_e2(&self) -> u32 {
        u32::try_from(self.leverage_max.on_grid::<2>()).unwrap_or(u32::MAX)
    }

    /// The first thing that makes no sense, if any.
    pub(super) fn check(&self, markets: &[Market]) -> Result<(), String> {
        self.terms(markets).map_err(|why| format!("people: {why}"))
    }

    fn terms(&self, markets: &[Market]) -> Result<(), String> {
        if self.traders == 0 {
            return Err("there is nobody: traders is 0".to_owned());
        }
        if self.leverage_max < whole(1) {
            return Err(format!(
                "leverage_max {} is below 1, where some designs do not let anybody in",
                self.leverage_max
            ));
        }
        bounds::grid("leverage_max", self.leverage_max, 2)?;
        bounds::at_most("leverage_max", self.leverage_max, whole(LEVERAGE_MAX))?;
        if self.like.is_some() && !(self.leverage.is_empty() && self.long_share.is_none()) {
            return Err("`leverage` and `long_share` go without `like`".to_owned());
        }
        bounds::chance("option_share", self.option_share)?;
        if let Some(least) = self.collateral_min.filter(|least| *least < whole(20)) {
            return Err(format!(
                "collateral_min {least} is below 20, which some designs do not let open"
            ));
        }
        self.population().check(markets)?;
        self.top_ups.as_ref().map_or(Ok(()), TopUps::check)
    }
}

/// Those who stand ready, alike for every design that has a use for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Street {
    /// Depth of each order book within 20 basis points, each side, a share of open interest.
    pub depth: Decimal,
    /// The move at which a book has half of its depth left.
    pub halves_at: Decimal,
    /// The share of its depth that always stays.
    pub least: Decimal,
    /// Money behind the traders, a share of what they deposit: the fund, or the vault's and the
    /// makers' own beyond what their positions need.
    pub backstop: Decimal,
    /// Liquidators.
    #[serde(default)]
    pub liquidators: Vec<Liquidators>,
    /// Liquidation partners and bidders in auctions.
    #[serde(default)]
    pub partners: Vec<Partner>,
}

impl Street {
    /// The first thing that makes no sense, if any.
    pub(super) fn check(&self) -> Result<(), String> {
        self.terms().map_err(|why| format!("street: {why}"))
    }

    fn terms(&self) -> Result<(), String> {
        for (name, value) in [
            ("depth", self.depth),
            ("halves_at", self.halves_at),
            ("backstop", self.backstop),
        ] {
            bounds::positive(name, value)?;
            bounds::grid(name, value, 6)?;
            bounds::at_most(name, value, whole(1_000))?;
        }
        bounds::chance("least", self.least)?;
        self.liquidators.iter().try_for_each(Liquidators::check)?;
        if self.partners.len() > PARTNERS_MAX {
            return Err(format!(
                "{} partners are more than {PARTNERS_MAX}",
                self.partners.len()
            ));
        }
        for (at, partner) in self.partners.iter().enumerate() {
            partner.check()?;
            if self.partners[..at].iter().any(|p| p.name == partner.name) {
                return Err(format!("two partners are called {:?}", partner.name));
            }
        }
        Ok(())
    }
}
